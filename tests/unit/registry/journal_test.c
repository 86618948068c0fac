/* A journal of ours: what is durable, what is signed, and what happens when the disk went back in
 * time. */
#include "tests/unit/registry/line_rig.h"

static struct rig a;

static int setup(void **state)
{
    (void)state;
    rig_init(&a, true);
    rig_open(&a);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_fini(&a);
    return 0;
}

static uint64_t size(void)
{
    return dl_log_size(dl_journal_log(a.journal));
}

/* ---- submitting ---- */

static void a_submission_is_durable_in_the_tail_and_nothing_is_signed(void **state)
{
    (void)state;
    struct dl_place place;
    assert_int_equal(rig_submit(&a, 1, &place), DL_OK);
    assert_true(place.in_tail);
    assert_false(place.known);
    assert_int_equal(rig_turn(&a, true), DL_OK); // it may grow, but is not confirmed
    rig_kill(&a);
    rig_open(&a);
    assert_int_equal(dl_journal_tail(a.journal), 1);
    assert_int_equal(size(), 0);
    assert_int_equal(dl_journal_head(a.journal).n, 0);
    assert_int_equal(rig_submit(&a, 1, &place), DL_OK);
    assert_true(place.known && place.in_tail);
}

static void a_submission_that_was_not_committed_is_gone(void **state)
{
    (void)state;
    struct dl_place place;
    assert_int_equal(rig_submit(&a, 1, NULL), DL_OK);
    rig_kill(&a);
    rig_open(&a);
    assert_int_equal(dl_journal_tail(a.journal), 0);
    assert_int_equal(rig_submit(&a, 1, &place), DL_OK);
    assert_false(place.known);
}

static void the_same_id_and_content_is_the_entry_that_is_there(void **state)
{
    (void)state;
    struct dl_place first;
    struct dl_place again;
    rig_confirm(&a);
    assert_int_equal(rig_submit(&a, 1, &first), DL_OK);
    assert_int_equal(rig_submit(&a, 1, &again), DL_OK); // staged, in no row yet
    assert_true(again.known);
    assert_int_equal(again.cursor, first.cursor);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(rig_submit(&a, 1, &again), DL_OK);
    assert_true(again.known && !again.in_tail);
    assert_int_equal(again.cursor, first.cursor);
    assert_int_equal(again.index, 0);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(size(), 1);
}

static void the_same_id_with_other_content_is_refused(void **state)
{
    (void)state;
    rig_confirm(&a);
    assert_int_equal(rig_submit_text(&a, "x", "one", false, NULL), DL_OK);
    assert_int_equal(rig_submit_text(&a, "x", "two", false, NULL), DL_E_ID_REUSED);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(rig_submit_text(&a, "x", "two", false, NULL), DL_E_ID_REUSED);
    assert_int_equal(rig_submit_text(&a, "x", "one", true, NULL), DL_E_ID_REUSED); // other kind
    assert_int_equal(size(), 1);
    assert_int_equal(dl_journal_tail(a.journal), 0);
}

static void an_id_of_another_line_takes_the_same_content_only(void **state)
{
    (void)state;
    struct dl_error error;
    struct dl_journal *us = a.journal;
    struct dl_place place;
    struct dl_journal_config config = {a.db, a.head, "gb", "directline/cn/gb", a.signer};
    assert_int_equal(rig_submit_text(&a, "x", "one", false, NULL), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(dl_journal_open(&config, &a.journal, &error), DL_OK);
    assert_int_equal(rig_submit_text(&a, "x", "two", false, NULL), DL_E_ID_REUSED);
    assert_int_equal(rig_submit_text(&a, "x", "one", false, &place), DL_OK);
    assert_false(place.known); // a further entry
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(dl_journal_tail(a.journal), 1);
    dl_journal_close(&a.journal);
    a.journal = us;
}

static void a_closed_journal_takes_nothing(void **state)
{
    (void)state;
    rig_confirm(&a);
    rig_grow(&a, 0, 1, 1);
    assert_int_equal(dl_journal_set_state(a.journal, DL_JOURNAL_LOST), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(rig_submit(&a, 1, NULL), DL_E_JOURNAL_CLOSED);
    assert_int_equal(rig_submit(&a, 0, NULL), DL_OK); // what is there is still answered
    rig_kill(&a);
    rig_open(&a);
    assert_int_equal(dl_journal_state(a.journal), DL_JOURNAL_LOST);
}

/* ---- growing ---- */

static void assert_signed(struct dl_view octets, uint64_t wanted_size, const struct dl_hash *root)
{
    struct dl_note note;
    struct dl_checkpoint checkpoint;
    struct dl_vkey vkey;
    struct dl_public_key key = dl_signer_public(a.signer);
    struct dl_verifier *verifier = dl_verifier_new(&key);
    assert_int_equal(dl_vkey_make(dl_view_str(ORIGIN), DL_KEY_ED25519, &key, &vkey), DL_OK);
    assert_int_equal(dl_note_parse(octets, &note), DL_OK);
    assert_int_equal(dl_note_verify(&note, &vkey, verifier, NULL), DL_OK);
    assert_int_equal(dl_checkpoint_parse(note.text, &checkpoint), DL_OK);
    assert_int_equal(checkpoint.size, wanted_size);
    assert_memory_equal(checkpoint.root.b, root->b, 32);
    dl_note_fini(&note);
    dl_verifier_free(&verifier);
}

/* The tree over what the entries' rows hold, computed without tiles. */
static struct dl_hash root_of_rows(uint64_t n)
{
    struct dl_batch batch;
    struct dl_frontier frontier;
    dl_batch_init(&batch);
    dl_frontier_init(&frontier);
    while (frontier.size < n) {
        struct dl_log_range range = {
            .from = frontier.size, .to = n, .n_max = 256, .octets_max = 1 << 20, .single = true};
        assert_int_equal(dl_log_read(dl_journal_log(a.journal), &range, &batch), DL_OK);
        assert_true(batch.n > 0);
        for (size_t i = 0; i < batch.n; i++) {
            struct dl_hash leaf = dl_merkle_leaf(batch.entries[i].leaf);
            dl_frontier_append(&frontier, &leaf);
        }
    }
    dl_batch_fini(&batch);
    return dl_frontier_root(&frontier);
}

static void a_confirmed_journal_signs_the_tree_of_what_was_submitted(void **state)
{
    (void)state;
    rig_confirm(&a);
    rig_grow(&a, 0, 700, 90);
    struct dl_hash root = root_of_rows(700);
    assert_signed(dl_journal_head(a.journal), 700, &root);
    assert_int_equal(dl_journal_sendable(a.journal), 700);
    assert_int_equal(dl_journal_tail(a.journal), 0);
}

static void a_reopened_journal_is_the_same_and_unconfirmed(void **state)
{
    (void)state;
    rig_confirm(&a);
    rig_grow(&a, 0, 70000, 256);
    struct dl_hash root = rig_root(&a);
    rig_kill(&a);
    rig_open(&a);
    struct dl_hash again = rig_root(&a);
    assert_memory_equal(again.b, root.b, 32);
    assert_int_equal(size(), 70000);
    assert_int_equal(dl_journal_sendable(a.journal), 70000);
    assert_int_equal(dl_journal_state(a.journal), DL_JOURNAL_UNCONFIRMED);
    root = root_of_rows(66000);
    assert_int_equal(dl_log_root_at(dl_journal_log(a.journal), 66000, &again), DL_OK);
    assert_memory_equal(again.b, root.b, 32);
}

static void a_long_tail_of_single_entries_shares_checkpoints(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 600; i++) {
        assert_int_equal(rig_submit(&a, i, NULL), DL_OK);
        assert_int_equal(rig_turn(&a, true), DL_OK);
    }
    assert_int_equal(dl_journal_tail(a.journal), 600);
    rig_confirm(&a);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(dl_journal_tail(a.journal), 0);
    assert_int_equal(size(), 600);
    assert_int_equal(rig_count(&a, "SELECT count(*) FROM checkpoint"), 3); // 256, 512, 600
    assert_int_equal(rig_count(&a, "SELECT min(size) FROM checkpoint"), 256);
    struct dl_hash root = root_of_rows(600);
    assert_signed(dl_journal_head(a.journal), 600, &root);
}

static void a_suspended_line_holds_entries_and_lets_line_states_through(void **state)
{
    (void)state;
    struct dl_place place;
    rig_confirm(&a);
    assert_int_equal(rig_submit_text(&a, "held", "held", false, NULL), DL_OK);
    assert_int_equal(rig_turn(&a, false), DL_OK);
    assert_int_equal(rig_submit_text(&a, "suspend", "s", true, &place), DL_OK);
    assert_int_equal(rig_turn(&a, false), DL_OK);
    assert_int_equal(size(), 1);
    assert_int_equal(dl_journal_find(a.journal, place.cursor, &place), DL_OK);
    assert_int_equal(place.index, 0);
    assert_int_equal(dl_journal_tail(a.journal), 1);
    assert_int_equal(rig_turn(&a, true), DL_OK); // lifted
    assert_int_equal(rig_submit_text(&a, "held", "held", false, &place), DL_OK);
    assert_true(place.known && !place.in_tail);
    assert_int_equal(place.index, 1);
}

static void a_line_state_in_the_tail_goes_into_the_tree_first(void **state)
{
    (void)state;
    struct dl_place place;
    assert_int_equal(rig_submit(&a, 1, NULL), DL_OK); // unconfirmed: all of it goes into the tail
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(rig_submit_text(&a, "suspend", "s", true, &place), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    rig_confirm(&a);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(dl_journal_find(a.journal, place.cursor, &place), DL_OK);
    assert_int_equal(place.index, 0);
    assert_int_equal(size(), 2);
}

static void nothing_is_signed_that_the_disk_does_not_give_back(void **state)
{
    (void)state;
    rig_confirm(&a);
    rig_grow(&a, 0, 300, 256);
    assert_int_equal(rig_submit(&a, 300, NULL), DL_OK);
    // an upper tile changes under the running node; it is not among those of this turn's leaves
    rig_sql(&a, "UPDATE tile SET hashes=zeroblob(32) WHERE level=1");
    enum dl_err err = rig_turn(&a, true);
    assert_int_equal(err, DL_OK); // found when it is read back, and written again from memory
    rig_sql(&a, "CREATE TRIGGER bad AFTER UPDATE ON tile WHEN new.level=0 BEGIN"
                " UPDATE tile SET hashes=zeroblob(length(hashes)) WHERE level=0 AND"
                " number=new.number; END");
    assert_int_equal(rig_submit(&a, 301, NULL), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_E_STORE_CORRUPT);
    assert_int_equal(size(), 301);
}

static void a_log_whose_tiles_do_not_give_its_root_is_not_opened(void **state)
{
    (void)state;
    rig_confirm(&a);
    rig_grow(&a, 0, 300, 256);
    rig_sql(&a, "UPDATE tile SET hashes=zeroblob(length(hashes)) WHERE level=0 AND number=1");
    rig_close(&a);
    assert_int_equal(rig_try_open(&a), DL_E_STORE_CORRUPT);
}

/* ---- reading for sending ---- */

static void a_batch_ends_at_a_signed_checkpoint(void **state)
{
    (void)state;
    struct dl_batch batch;
    rig_confirm(&a);
    rig_grow(&a, 0, 100, 30); // checkpoints at 30, 60, 90, 100
    dl_batch_init(&batch);
    struct dl_log_range range = {.from = 30, .to = 95, .n_max = 256, .octets_max = 1 << 20};
    assert_int_equal(dl_log_read(dl_journal_log(a.journal), &range, &batch), DL_OK);
    assert_int_equal(batch.n, 60);
    struct dl_hash root = root_of_rows(90);
    assert_signed(dl_buf_view(&batch.note), 90, &root);
    range.n_max = 29; // the first checkpoint lies beyond
    assert_int_equal(dl_log_read(dl_journal_log(a.journal), &range, &batch), DL_OK);
    assert_int_equal(batch.n, 0);
    range.single = true;
    assert_int_equal(dl_log_read(dl_journal_log(a.journal), &range, &batch), DL_OK);
    assert_int_equal(batch.n, 29);
    dl_batch_fini(&batch);
}

/* ---- receipts ---- */

static enum dl_err sum(void *context, const struct dl_log_receipt *receipt)
{
    uint64_t *total = context;
    *total = *total * 1000 + receipt->size;
    return DL_OK;
}

static void the_newest_receipt_is_kept_and_an_older_one_says_nothing(void **state)
{
    (void)state;
    uint64_t sizes = 0;
    rig_confirm(&a);
    rig_grow(&a, 0, 9, 3);
    struct dl_view note = dl_view_str("note");
    assert_int_equal(dl_journal_receipt(a.journal, 3, 50, note), DL_OK);
    assert_int_equal(dl_journal_receipt(a.journal, 9, 60, note), DL_OK);
    assert_int_equal(dl_journal_receipt(a.journal, 6, 70, note), DL_OK);
    assert_int_equal(dl_journal_receipt(a.journal, 9, 80, dl_view_str("fresh")), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    rig_kill(&a);
    rig_open(&a);
    struct dl_log_receipt newest = dl_log_newest_receipt(dl_journal_log(a.journal));
    assert_int_equal(newest.size, 9);
    assert_int_equal(newest.time_ms, 60); // when it was first receipted
    assert_true(dl_view_is(newest.note, "fresh"));
    assert_int_equal(dl_log_receipts(dl_journal_log(a.journal), 100, sum, &sizes), DL_OK);
    assert_int_equal(sizes, 9003);
}

static struct dl_log_receipt newest_after_a_start(void)
{
    assert_int_equal(rig_turn(&a, true), DL_OK);
    rig_kill(&a);
    rig_open(&a);
    return dl_log_newest_receipt(dl_journal_log(a.journal));
}

static void a_fresh_receipt_is_known_at_once_and_written_within_an_hour(void **state)
{
    (void)state;
    const int64_t hour = 60 * 60 * 1000;
    rig_confirm(&a);
    rig_grow(&a, 0, 9, 3);
    assert_false(dl_journal_refresh(a.journal, 9, 50, dl_view_str("first")));
    assert_int_equal(dl_journal_receipt(a.journal, 9, 50, dl_view_str("first")), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_true(dl_journal_refresh(a.journal, 9, 50 + hour - 1, dl_view_str("fresh")));
    assert_false(dl_store_in_transaction(dl_line_db_store(a.db)));
    struct dl_log_receipt newest = dl_log_newest_receipt(dl_journal_log(a.journal));
    assert_true(dl_view_is(newest.note, "fresh"));
    assert_true(dl_view_is(newest_after_a_start().note, "first"));
    // written by another run, an hour old, or of a clock that went back: it is written
    assert_false(dl_journal_refresh(a.journal, 9, 50 + hour, dl_view_str("new")));
    assert_int_equal(dl_journal_receipt(a.journal, 9, 50 + hour, dl_view_str("new")), DL_OK);
    assert_false(dl_journal_refresh(a.journal, 9, 50 + 2 * hour, dl_view_str("newer")));
    assert_false(dl_journal_refresh(a.journal, 9, 50, dl_view_str("of another clock")));
    assert_false(dl_journal_refresh(a.journal, 8, 51 + hour, dl_view_str("of another size")));
    assert_true(dl_view_is(newest_after_a_start().note, "new"));
}

/* ---- head.db ---- */

static void a_head_that_is_behind_is_put_forward(void **state)
{
    (void)state;
    rig_confirm(&a);
    rig_grow(&a, 0, 3, 1);
    assert_int_equal(rig_submit(&a, 3, NULL), DL_OK);
    assert_int_equal(dl_journal_turn(a.journal, true, 1000), DL_OK);
    assert_int_equal(dl_line_db_commit(a.db), DL_OK);
    assert_int_equal(dl_journal_sendable(a.journal), 3); // I1: not before both are durable
    rig_kill(&a);
    rig_open(&a);
    assert_int_equal(dl_journal_sendable(a.journal), 4);
    struct dl_hash root = rig_root(&a);
    assert_signed(dl_journal_head(a.journal), 4, &root);
}

static void a_head_that_failed_once_is_put_by_the_next_turn(void **state)
{
    (void)state;
    rig_confirm(&a);
    rig_grow(&a, 0, 3, 1);
    assert_int_equal(rig_submit(&a, 3, NULL), DL_OK);
    assert_int_equal(dl_journal_turn(a.journal, true, 1000), DL_OK);
    assert_int_equal(dl_line_db_commit(a.db), DL_OK);
    assert_int_equal(rig_rollback(&a), DL_OK); // head.db was full
    assert_int_equal(dl_journal_sendable(a.journal), 3);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(dl_journal_sendable(a.journal), 4);
}

static void a_head_that_contradicts_the_line_forks_the_journal_for_good(void **state)
{
    (void)state;
    struct dl_buf head;
    rig_confirm(&a);
    rig_grow(&a, 0, 3, 1);
    rig_close(&a);
    rig_save(&a, "head.db", &head);
    dl_virtual_disk_remove(a.disk, "line.db");
    dl_virtual_disk_remove(a.disk, "head.db");
    rig_open(&a); // another history of the same origin
    rig_confirm(&a);
    rig_grow(&a, 10, 14, 1);
    rig_close(&a);
    rig_restore(&a, "head.db", &head);
    rig_open(&a);
    assert_int_equal(dl_journal_state(a.journal), DL_JOURNAL_FORKED);
    assert_int_equal(rig_submit(&a, 99, NULL), DL_E_JOURNAL_CLOSED);
    rig_kill(&a);
    rig_open(&a);
    assert_int_equal(dl_journal_state(a.journal), DL_JOURNAL_FORKED);
}

/* ---- back in time ---- */

/* A journal of 5, restored to 2 with head.db at 5, and the batches that bring it back. */
static void rewind_to_two(struct dl_batch *batch)
{
    struct dl_buf line;
    rig_confirm(&a);
    rig_grow(&a, 0, 2, 1);
    rig_close(&a);
    rig_save(&a, "line.db", &line);
    rig_open(&a);
    rig_confirm(&a);
    rig_grow(&a, 2, 5, 3);
    dl_batch_init(batch);
    assert_int_equal(rig_read(&a, 2, batch), DL_OK);
    assert_int_equal(batch->n, 3);
    rig_close(&a);
    rig_restore(&a, "line.db", &line);
    rig_open(&a);
    assert_int_equal(size(), 2);
    assert_int_equal(dl_journal_sendable(a.journal), 0);
    assert_int_not_equal(dl_journal_state(a.journal), DL_JOURNAL_FORKED);
}

static struct dl_taken_back taken_back(const struct dl_batch *batch)
{
    return (struct dl_taken_back){batch->entries, batch->n, dl_buf_view(&batch->note), 3000};
}

static void a_rewound_journal_takes_its_entries_back_and_goes_on(void **state)
{
    (void)state;
    struct dl_batch batch;
    size_t kept_out = 0;
    rewind_to_two(&batch);
    assert_int_equal(rig_submit(&a, 7, NULL), DL_OK); // while it is rewound
    assert_int_equal(rig_turn(&a, true), DL_OK);
    struct dl_taken_back back = taken_back(&batch);
    assert_int_equal(dl_journal_take_back(a.journal, &back, &kept_out), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(kept_out, 0);
    assert_int_equal(size(), 5);
    assert_int_equal(dl_journal_sendable(a.journal), 5);
    rig_confirm(&a);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(size(), 6);
    struct dl_hash root = root_of_rows(6);
    assert_signed(dl_journal_head(a.journal), 6, &root);
    dl_batch_fini(&batch);
}

static void an_entry_that_comes_back_is_the_one_in_the_tail(void **state)
{
    (void)state;
    struct dl_batch batch;
    struct dl_place place;
    size_t kept_out = 0;
    rewind_to_two(&batch);
    for (unsigned i = 2; i < 8; i++) { // 3 comes back, the others around it stay
        assert_int_equal(rig_submit(&a, i == 3 ? 3 : 100 + i, NULL), DL_OK);
    }
    assert_int_equal(rig_turn(&a, true), DL_OK);
    struct dl_taken_back back = taken_back(&batch);
    assert_int_equal(dl_journal_take_back(a.journal, &back, &kept_out), DL_OK);
    rig_confirm(&a);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(kept_out, 0);
    assert_int_equal(size(), 5 + 5);
    assert_int_equal(rig_submit(&a, 3, &place), DL_OK);
    assert_int_equal(place.index, 3);
    assert_int_equal(rig_submit(&a, 102, &place), DL_OK);
    assert_int_equal(place.index, 5);
    assert_int_equal(rig_submit(&a, 107, &place), DL_OK);
    assert_int_equal(place.index, 9);
    dl_batch_fini(&batch);
}

static void an_entry_that_comes_back_keeps_out_another_of_its_id(void **state)
{
    (void)state;
    struct dl_batch batch;
    struct dl_place place;
    size_t kept_out = 0;
    rewind_to_two(&batch);
    assert_int_equal(rig_submit_text(&a, "cn-3", "something else", false, NULL), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    struct dl_taken_back back = taken_back(&batch);
    assert_int_equal(dl_journal_take_back(a.journal, &back, &kept_out), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(kept_out, 1);
    assert_int_equal(dl_journal_tail(a.journal), 0);
    assert_int_equal(rig_count(&a, "SELECT count(*) FROM kept_out WHERE id='cn-3'"), 1);
    assert_int_equal(rig_submit(&a, 3, &place), DL_OK);
    assert_true(place.known);
    dl_batch_fini(&batch);
}

static void entries_that_do_not_give_our_note_are_not_taken_back(void **state)
{
    (void)state;
    struct dl_batch batch;
    size_t kept_out = 0;
    rewind_to_two(&batch);
    struct dl_entry_octets swap = batch.entries[0];
    batch.entries[0] = batch.entries[1];
    batch.entries[1] = swap;
    struct dl_taken_back back = taken_back(&batch);
    assert_int_equal(dl_journal_take_back(a.journal, &back, &kept_out), DL_E_BATCH_ROOT);
    assert_int_equal(rig_rollback(&a), DL_OK);
    assert_int_equal(size(), 2);
    assert_int_equal(dl_journal_sendable(a.journal), 0);
    dl_batch_fini(&batch);
}

static void a_turn_that_was_rolled_back_makes_nothing_sendable(void **state)
{
    (void)state;
    struct dl_batch batch;
    size_t kept_out = 0;
    rewind_to_two(&batch);
    struct dl_taken_back back = taken_back(&batch);
    assert_int_equal(dl_journal_take_back(a.journal, &back, &kept_out), DL_OK);
    assert_int_equal(rig_rollback(&a), DL_OK);
    assert_int_equal(size(), 2);
    assert_true(dl_journal_sendable(a.journal) <= 2);
    dl_batch_fini(&batch);
}

/* ---- the next generation ---- */

static enum dl_err renew(void)
{
    struct leaf_octets made;
    make_entry(&made, "renewed", "line-state", "{}");
    struct dl_submission first = {.entry = leaf_entry(&made),
                                  .id = dl_view_str("renewed"),
                                  .kind = DL_KIND_LINE_STATE,
                                  .ahead = true};
    enum dl_err err = dl_journal_renew(a.journal, 1, &first, 4000);
    free_leaf(&made);
    return err;
}

static void lose_after_three_of_five(void)
{
    rig_confirm(&a);
    rig_grow(&a, 0, 5, 1);
    assert_int_equal(dl_journal_receipt(a.journal, 3, 50, dl_view_str("receipt")), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(rig_submit(&a, 5, NULL), DL_OK);
    assert_int_equal(rig_turn(&a, false), DL_OK);
    assert_int_equal(dl_journal_set_state(a.journal, DL_JOURNAL_LOST), DL_OK);
    assert_int_equal(rig_turn(&a, false), DL_OK);
}

static void assert_entry(uint64_t index, const char *id)
{
    struct dl_batch batch;
    struct dl_leaf leaf;
    dl_batch_init(&batch);
    struct dl_log_range range = {
        .from = index, .to = index + 1, .n_max = 1, .octets_max = 1 << 20, .single = true};
    assert_int_equal(dl_log_read(dl_journal_log(a.journal), &range, &batch), DL_OK);
    assert_int_equal(batch.n, 1);
    assert_int_equal(dl_leaf_decode(batch.entries[0].leaf, &leaf), DL_OK);
    assert_true(dl_view_is(leaf.id, id));
    dl_batch_fini(&batch);
}

static void a_renewed_journal_begins_with_the_line_state_and_what_was_owed(void **state)
{
    (void)state;
    struct dl_log *old = NULL;
    struct dl_log_name name = {.peer = "us", .ours = true, .origin = ORIGIN};
    lose_after_three_of_five();
    assert_int_equal(renew(), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(dl_journal_state(a.journal), DL_JOURNAL_UNCONFIRMED);
    assert_int_equal(size(), 0);
    rig_kill(&a);
    rig_open(&a);
    assert_string_equal(dl_log_origin(dl_journal_log(a.journal)), ORIGIN "/2");
    rig_confirm(&a);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(size(), 4);
    assert_entry(0, "renewed");
    assert_entry(1, "cn-3");
    assert_entry(2, "cn-4");
    assert_entry(3, "cn-5");
    assert_int_equal(dl_log_open_generation(a.db, &name, 1, &old), DL_OK);
    assert_int_equal(dl_log_size(old), 5);
    assert_string_equal(dl_log_closed(old), "renewed");
    dl_log_close(&old);
}

static void a_renewal_that_is_rolled_back_leaves_the_old_generation(void **state)
{
    (void)state;
    lose_after_three_of_five();
    assert_int_equal(renew(), DL_OK);
    assert_int_equal(rig_rollback(&a), DL_OK);
    assert_int_equal(dl_journal_state(a.journal), DL_JOURNAL_LOST);
    assert_string_equal(dl_log_origin(dl_journal_log(a.journal)), ORIGIN);
    assert_int_equal(size(), 5);
    assert_int_equal(renew(), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_string_equal(dl_log_origin(dl_journal_log(a.journal)), ORIGIN "/2");
}

/* The journal is renewed, and line.db comes back from before that. */
static void renew_and_forget(void)
{
    struct dl_buf saved;
    rig_close(&a);
    rig_save(&a, "line.db", &saved);
    rig_open(&a);
    assert_int_equal(dl_journal_set_state(a.journal, DL_JOURNAL_LOST), DL_OK);
    assert_int_equal(renew(), DL_OK);
    rig_confirm(&a);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    rig_close(&a);
    rig_restore(&a, "line.db", &saved);
    rig_open(&a);
}

static void a_generation_that_line_db_forgot_is_never_opened_again(void **state)
{
    (void)state;
    lose_after_three_of_five();
    renew_and_forget();
    assert_int_equal(renew(), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_string_equal(dl_log_origin(dl_journal_log(a.journal)), ORIGIN "/3");
}

static void a_journal_from_before_its_renewal_is_lost(void **state)
{
    (void)state;
    rig_confirm(&a);
    rig_grow(&a, 0, 5, 1);
    renew_and_forget();
    assert_int_equal(dl_journal_state(a.journal), DL_JOURNAL_LOST);
}

#define IS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IS(a_submission_is_durable_in_the_tail_and_nothing_is_signed),
        IS(a_submission_that_was_not_committed_is_gone),
        IS(the_same_id_and_content_is_the_entry_that_is_there),
        IS(the_same_id_with_other_content_is_refused),
        IS(an_id_of_another_line_takes_the_same_content_only),
        IS(a_closed_journal_takes_nothing),
        IS(a_confirmed_journal_signs_the_tree_of_what_was_submitted),
        IS(a_reopened_journal_is_the_same_and_unconfirmed),
        IS(a_long_tail_of_single_entries_shares_checkpoints),
        IS(a_suspended_line_holds_entries_and_lets_line_states_through),
        IS(a_line_state_in_the_tail_goes_into_the_tree_first),
        IS(nothing_is_signed_that_the_disk_does_not_give_back),
        IS(a_log_whose_tiles_do_not_give_its_root_is_not_opened),
        IS(a_batch_ends_at_a_signed_checkpoint),
        IS(the_newest_receipt_is_kept_and_an_older_one_says_nothing),
        IS(a_fresh_receipt_is_known_at_once_and_written_within_an_hour),
        IS(a_head_that_is_behind_is_put_forward),
        IS(a_head_that_failed_once_is_put_by_the_next_turn),
        IS(a_head_that_contradicts_the_line_forks_the_journal_for_good),
        IS(a_rewound_journal_takes_its_entries_back_and_goes_on),
        IS(an_entry_that_comes_back_is_the_one_in_the_tail),
        IS(an_entry_that_comes_back_keeps_out_another_of_its_id),
        IS(entries_that_do_not_give_our_note_are_not_taken_back),
        IS(a_turn_that_was_rolled_back_makes_nothing_sendable),
        IS(a_renewed_journal_begins_with_the_line_state_and_what_was_owed),
        IS(a_renewal_that_is_rolled_back_leaves_the_old_generation),
        IS(a_generation_that_line_db_forgot_is_never_opened_again),
        IS(a_journal_from_before_its_renewal_is_lost),
    };
    return cmocka_run_group_tests_name("registry/journal", tests, NULL, NULL);
}
