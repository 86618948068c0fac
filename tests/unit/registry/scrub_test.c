/* Damage is found, named and put right: F6, F7. */
#include "tests/unit/registry/line_rig.h"

enum { SIZE = 900 };

static struct rig a, b;

struct found {
    unsigned n[DL_SCRUB_TAIL + 1];
    uint64_t index[DL_SCRUB_TAIL + 1]; /* of the last */
    unsigned mended;
};

static void count(void *context, const struct dl_scrub_fault *fault)
{
    struct found *found = context;
    found->n[fault->what]++;
    found->index[fault->what] = fault->index;
    found->mended += fault->mended;
}

static struct found scrub(struct rig *rig, bool mend)
{
    struct found found = {{0}, {0}, 0};
    rig_scrub(rig, mend, count, &found);
    return found;
}

static unsigned total(const struct found *found)
{
    unsigned n = 0;
    for (size_t i = 0; i <= DL_SCRUB_TAIL; i++) {
        n += found->n[i];
    }
    return n;
}

static int setup(void **state)
{
    (void)state;
    rig_init(&a, true);
    rig_init(&b, false);
    rig_open(&a);
    rig_open(&b);
    rig_confirm(&a);
    rig_grow(&a, 0, SIZE, 90);
    rig_copy(&a, &b);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_fini(&a);
    rig_fini(&b);
    return 0;
}

/* ---- changing what is stored ---- */

struct change {
    struct dl_buf octets;
    int64_t cursor;
};

static enum dl_err take_blob(void *context, const struct dl_row *row)
{
    struct change *change = context;
    change->cursor = dl_row_int(row, 0);
    dl_buf_put_view(&change->octets, dl_row_blob(row, 1));
    return dl_buf_err(&change->octets);
}

/* Flips a bit of the blob that `select` gives (after a key), `at` octets in, and writes it back. */
static void flip(struct rig *rig, const char *select, const char *update, size_t at)
{
    struct change change;
    struct dl_store *store = dl_line_db_store(rig->db);
    dl_buf_init(&change.octets, 1 << 24);
    assert_int_equal(dl_store_run(store, select, NULL, 0, take_blob, &change), DL_OK);
    assert_true(at < change.octets.n);
    change.octets.p[at] ^= 4;
    assert_int_equal(dl_line_db_write(rig->db), DL_OK);
    assert_int_equal(
        dl_store_run(store, update,
                     DL_SQL(DL_SQL_INT(change.cursor), DL_SQL_BLOB(dl_buf_view(&change.octets))),
                     NULL, NULL),
        DL_OK);
    assert_int_equal(dl_line_db_commit(rig->db), DL_OK);
    dl_buf_fini(&change.octets);
}

static void flip_leaves(struct rig *rig, size_t at)
{
    flip(rig, "SELECT cursor, leaves FROM run WHERE first=180",
         "UPDATE run SET leaves=?2 WHERE cursor=?1", at);
}

/* Copies of what is damaged here, from the author. */
static void repair(struct rig *rig, const struct found *found)
{
    struct dl_batch batch;
    dl_batch_init(&batch);
    struct dl_log_range range = {
        .from = 180, .to = 360, .n_max = 256, .octets_max = 1 << 20, .single = true};
    assert_int_equal(dl_log_read(dl_journal_log(a.journal), &range, &batch), DL_OK);
    assert_int_equal(batch.n, 180);
    assert_true(found->n[DL_SCRUB_ENTRY] > 0);
    for (size_t i = 0; i < batch.n; i++) {
        assert_int_equal(dl_log_mend(rig_log(rig), 180 + i, &batch.entries[i]), DL_OK);
    }
    assert_int_equal(dl_log_mend(rig_log(rig), 181, &batch.entries[2]), DL_E_PROOF);
    assert_int_equal(dl_line_db_commit(rig->db), DL_OK);
    dl_batch_fini(&batch);
    struct found after = scrub(rig, false);
    assert_int_equal(total(&after), 0);
}

/* ---- */

static void a_sound_log_has_no_faults(void **state)
{
    (void)state;
    struct found found = scrub(&a, false);
    assert_int_equal(total(&found), 0);
    found = scrub(&b, true);
    assert_int_equal(total(&found), 0);
}

static void a_damaged_leaf_is_named_and_mended_from_a_good_copy(void **state)
{
    (void)state;
    flip_leaves(&b, 100); // in the first leaf of the run
    struct found found = scrub(&b, true);
    assert_int_equal(found.n[DL_SCRUB_ENTRY], 1);
    assert_int_equal(found.index[DL_SCRUB_ENTRY], 180);
    assert_int_equal(total(&found), 1);
    repair(&b, &found);
}

static void a_damaged_content_is_named_and_mended_from_a_good_copy(void **state)
{
    (void)state;
    flip(&b, "SELECT cursor, contents FROM run WHERE first=180",
         "UPDATE run SET contents=?2 WHERE cursor=?1", 40);
    struct found found = scrub(&b, true);
    assert_int_equal(found.n[DL_SCRUB_ENTRY], 1);
    assert_int_equal(found.index[DL_SCRUB_ENTRY], 180);
    assert_int_equal(total(&found), 1);
    repair(&b, &found);
}

static void a_row_that_is_not_well_formed_is_mended_entry_by_entry(void **state)
{
    (void)state;
    flip_leaves(&b, 1); // in the first length: nothing after it can be read
    struct found found = scrub(&b, true);
    assert_int_equal(found.n[DL_SCRUB_ENTRY], 180);
    assert_int_equal(total(&found), 180);
    repair(&b, &found);
}

static void a_damaged_tile_is_told_from_a_damaged_leaf_and_mended_here(void **state)
{
    (void)state;
    flip(&b, "SELECT number, hashes FROM tile WHERE level=0 AND number=1",
         "UPDATE tile SET hashes=?2 WHERE level=0 AND number=?1", 7000);
    struct found found = scrub(&b, false);
    assert_int_equal(found.n[DL_SCRUB_TILE], 1);
    assert_int_equal(found.index[DL_SCRUB_TILE], 1);
    assert_int_equal(total(&found), 1);
    found = scrub(&b, true);
    assert_int_equal(found.mended, 1);
    found = scrub(&b, false);
    assert_int_equal(total(&found), 0);
}

static void a_damaged_upper_tile_and_a_damaged_open_one_are_mended(void **state)
{
    (void)state;
    rig_sql(&b, "UPDATE tile SET hashes=zeroblob(length(hashes)) WHERE level=1");
    rig_sql(&b, "DELETE FROM tile WHERE level=0 AND number=2");
    struct found found = scrub(&b, true);
    assert_int_equal(found.n[DL_SCRUB_TILE], 2);
    assert_int_equal(total(&found), 2);
    assert_int_equal(found.mended, 2);
    rig_close(&b);
    rig_open(&b); // its tiles give its root again
    found = scrub(&b, false);
    assert_int_equal(total(&found), 0);
}

static void a_damaged_checkpoint_is_named_and_nothing_is_mended_by_it(void **state)
{
    (void)state;
    flip(&a, "SELECT size, note FROM checkpoint WHERE size=180",
         "UPDATE checkpoint SET note=?2 WHERE size=?1", 30);
    struct found found = scrub(&a, true);
    assert_int_equal(found.n[DL_SCRUB_CHECKPOINT], 1);
    assert_int_equal(found.index[DL_SCRUB_CHECKPOINT], 180);
    assert_int_equal(total(&found), 1);
    rig_sql(&a, "DELETE FROM tile WHERE level=1");
    found = scrub(&a, true);
    assert_int_equal(found.mended, 0);
}

static void an_id_that_cannot_be_found_is_named_and_mended(void **state)
{
    (void)state;
    rig_sql(&b, "UPDATE entry_id SET id='cm-5' WHERE id='cn-5'");
    struct found found = scrub(&b, false);
    assert_int_equal(found.n[DL_SCRUB_ID], 1);
    assert_int_equal(found.index[DL_SCRUB_ID], 5);
    assert_int_equal(found.mended, 0);
    found = scrub(&b, true);
    assert_int_equal(found.mended, 1);
    found = scrub(&b, false);
    assert_int_equal(total(&found), 0);
}

static void a_damaged_entry_in_the_tail_is_named(void **state)
{
    (void)state;
    assert_int_equal(rig_submit(&a, 9000, NULL), DL_OK);
    assert_int_equal(rig_turn(&a, false), DL_OK);
    struct found found = scrub(&a, false);
    assert_int_equal(total(&found), 0);
    flip(&a, "SELECT cursor, contents FROM run WHERE first IS NULL",
         "UPDATE run SET contents=?2 WHERE cursor=?1", 3);
    found = scrub(&a, false);
    assert_int_equal(found.n[DL_SCRUB_TAIL], 1);
    assert_int_equal(total(&found), 1);
}

static void a_receipt_of_another_root_is_named(void **state)
{
    (void)state;
    struct dl_buf note;
    dl_buf_init(&note, DL_LIMIT_CHECKPOINT);
    assert_int_equal(dl_log_note_at(dl_journal_log(a.journal), 180, &note), DL_OK);
    assert_int_equal(dl_journal_receipt(a.journal, 180, 1, dl_buf_view(&note)), DL_OK);
    struct found found = scrub(&a, false);
    assert_int_equal(total(&found), 0);
    assert_int_equal(dl_journal_receipt(a.journal, 270, 1, dl_buf_view(&note)), DL_OK);
    found = scrub(&a, false);
    assert_int_equal(found.n[DL_SCRUB_RECEIPT], 1);
    assert_int_equal(found.index[DL_SCRUB_RECEIPT], 270);
    dl_buf_fini(&note);
}

/* Everything that the tree, its proofs and its indexes say, in one hash. */
static enum dl_err add_row(void *context, const struct dl_row *row)
{
    for (int i = 0; i < 6; i++) {
        struct dl_view column = dl_row_blob(row, i);
        uint8_t length[8];
        memcpy(length, &column.n, sizeof length);
        dl_sha256_update(context, dl_view_of(length, sizeof length));
        dl_sha256_update(context, column);
    }
    return DL_OK;
}

static enum dl_err digest(struct rig *rig, struct dl_hash *out)
{
    static const char *const all[] = {
        "SELECT id, peer, generation, origin, size, note FROM log ORDER BY id",
        "SELECT cursor, log, first, n, leaves, contents FROM run ORDER BY cursor",
        "SELECT id, log, cursor, 0, 0, 0 FROM entry_id ORDER BY id",
        "SELECT log, level, number, hashes, 0, 0 FROM tile ORDER BY log, level, number",
        "SELECT log, size, note, 0, 0, 0 FROM checkpoint ORDER BY log, size",
    };
    struct dl_sha256 *hash = dl_sha256_new();
    enum dl_err err = DL_OK;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && err == DL_OK; i++) {
        err = dl_store_run(dl_line_db_store(rig->db), all[i], NULL, 0, add_row, hash);
    }
    *out = dl_sha256_final(hash);
    dl_sha256_free(&hash);
    return err;
}

/* True when opening, rereading or the engine's own check say that something is wrong. */
static bool is_told(struct dl_hash *is)
{
    struct found found = {.mended = 0};
    struct dl_scrub *reading = NULL;
    struct dl_vkey vkey;
    bool done = false;
    struct dl_public_key key = dl_signer_public(b.signer);
    if (rig_try_open(&b) != DL_OK) {
        return true;
    }
    assert_int_equal(dl_vkey_make(dl_view_str(ORIGIN), DL_KEY_ED25519, &key, &vkey), DL_OK);
    struct dl_verifier *verifier = dl_verifier_new(&key);
    struct dl_scrub_config config = {rig_log(&b), &vkey, verifier, false, count, &found};
    reading = dl_scrub_new(&config);
    enum dl_err err = dl_scrub_step(reading, SIZE, &done);
    err = err == DL_OK ? dl_store_check(dl_line_db_store(b.db), NULL) : err;
    err = err == DL_OK ? digest(&b, is) : err;
    dl_scrub_free(&reading);
    dl_verifier_free(&verifier);
    rig_close(&b);
    return err != DL_OK || total(&found) > 0;
}

/* F7. What is not told changed nothing: it lay in unused parts of pages. */
static void no_flipped_bit_changes_anything_unnoticed(void **state)
{
    (void)state;
    struct dl_buf file;
    struct dl_hash good;
    struct dl_hash is;
    unsigned n_told = 0;
    assert_int_equal(digest(&b, &good), DL_OK);
    rig_close(&b);
    rig_save(&b, "line.db", &file);
    for (unsigned i = 0; i < 300; i++) {
        struct dl_buf copy;
        dl_buf_init(&copy, file.n);
        dl_buf_put_view(&copy, dl_buf_view(&file));
        rig_restore(&b, "line.db", &copy);
        dl_virtual_disk_remove(b.disk, "line.db-wal");
        assert_true(dl_virtual_disk_flip(b.disk, "line.db", i * 7919U * 31U % file.n, i % 8));
        bool told = is_told(&is);
        assert_true(told || dl_hash_equal(&is, &good));
        n_told += told;
    }
    print_message("%u of 300 flipped bits were told, the others changed nothing\n", n_told);
    assert_true(n_told > 150);
    rig_restore(&b, "line.db", &file);
    rig_open(&b);
}

#define IS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IS(a_sound_log_has_no_faults),
        IS(a_damaged_leaf_is_named_and_mended_from_a_good_copy),
        IS(a_damaged_content_is_named_and_mended_from_a_good_copy),
        IS(a_row_that_is_not_well_formed_is_mended_entry_by_entry),
        IS(a_damaged_tile_is_told_from_a_damaged_leaf_and_mended_here),
        IS(a_damaged_upper_tile_and_a_damaged_open_one_are_mended),
        IS(a_damaged_checkpoint_is_named_and_nothing_is_mended_by_it),
        IS(an_id_that_cannot_be_found_is_named_and_mended),
        IS(a_damaged_entry_in_the_tail_is_named),
        IS(a_receipt_of_another_root_is_named),
        IS(no_flipped_bit_changes_anything_unnoticed),
    };
    return cmocka_run_group_tests_name("registry/scrub", tests, NULL, NULL);
}
