/* A replica of a peer's journal: what is stored, what may be cosigned. */
#include "tests/unit/registry/line_rig.h"

static struct rig a, b;
static struct dl_batch batch;

static int setup(void **state)
{
    (void)state;
    rig_init(&a, true);
    rig_init(&b, false);
    rig_open(&a);
    rig_open(&b);
    rig_confirm(&a);
    dl_batch_init(&batch);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dl_batch_fini(&batch);
    rig_fini(&a);
    rig_fini(&b);
    return 0;
}

static uint64_t size(void)
{
    return dl_log_size(dl_replica_log(b.replica));
}

static uint64_t cosigned(void)
{
    struct dl_note note;
    struct dl_checkpoint checkpoint;
    struct dl_view octets = dl_replica_cosigned(b.replica);
    if (octets.n == 0) {
        return 0;
    }
    assert_int_equal(dl_note_parse(octets, &note), DL_OK);
    assert_int_equal(dl_checkpoint_parse(note.text, &checkpoint), DL_OK);
    dl_note_fini(&note);
    return checkpoint.size;
}

static void what_is_stored_is_the_authors_tree_and_survives(void **state)
{
    (void)state;
    rig_grow(&a, 0, 600, 256);
    rig_copy(&a, &b);
    rig_kill(&b);
    rig_open(&b);
    struct dl_hash ours = rig_root(&a);
    struct dl_hash theirs = rig_root(&b);
    assert_memory_equal(ours.b, theirs.b, 32);
    assert_int_equal(size(), 600);
    assert_int_equal(cosigned(), 600);
}

static void nothing_is_told_stored_before_it_was_settled(void **state)
{
    (void)state;
    uint64_t stored = 99;
    rig_grow(&a, 0, 3, 3);
    assert_int_equal(rig_read(&a, 0, &batch), DL_OK);
    assert_false(dl_replica_settle(b.replica, &stored));
    assert_int_equal(rig_extend(&b, &batch), DL_OK);
    assert_int_equal(cosigned(), 0); // I2
    assert_int_equal(dl_line_db_commit(b.db), DL_OK);
    assert_int_equal(rig_put_head(&b), DL_OK);
    assert_int_equal(cosigned(), 0);
    assert_true(dl_replica_settle(b.replica, &stored));
    assert_int_equal(stored, 3);
    assert_int_equal(cosigned(), 3);
    assert_false(dl_replica_settle(b.replica, &stored));
}

static void entries_that_do_not_give_the_root_are_refused(void **state)
{
    (void)state;
    rig_grow(&a, 0, 3, 3);
    assert_int_equal(rig_read(&a, 0, &batch), DL_OK);
    struct dl_entry_octets swap = batch.entries[0];
    batch.entries[0] = batch.entries[1];
    batch.entries[1] = swap;
    assert_int_equal(rig_extend(&b, &batch), DL_E_BATCH_ROOT);
    assert_int_equal(rig_rollback(&b), DL_OK);
    assert_int_equal(size(), 0);
    swap = batch.entries[0];
    batch.entries[0] = batch.entries[1];
    batch.entries[1] = swap;
    assert_int_equal(rig_extend(&b, &batch), DL_OK);
    assert_int_equal(rig_turn(&b, false), DL_OK);
    assert_int_equal(size(), 3);
}

static void an_id_that_stands_twice_in_a_journal_is_refused(void **state)
{
    (void)state;
    rig_grow(&a, 0, 3, 3);
    rig_copy(&a, &b);
    rig_sql(&a, "DELETE FROM entry_id WHERE id='cn-1'"); // an author that does not look
    rig_grow(&a, 1, 2, 1);
    assert_int_equal(rig_read(&a, 3, &batch), DL_OK);
    assert_int_equal(rig_extend(&b, &batch), DL_E_ID_REUSED);
    assert_int_equal(rig_rollback(&b), DL_OK);
    assert_int_equal(size(), 3);
}

static void what_was_stored_and_not_cosigned_is_caught_up_with(void **state)
{
    (void)state;
    rig_grow(&a, 0, 3, 3);
    assert_int_equal(rig_read(&a, 0, &batch), DL_OK);
    assert_int_equal(rig_extend(&b, &batch), DL_OK);
    assert_int_equal(dl_line_db_commit(b.db), DL_OK);
    rig_kill(&b); // between the two commits
    rig_open(&b);
    assert_int_equal(size(), 3);
    assert_int_equal(cosigned(), 3);
    rig_kill(&b);
    rig_open(&b);
    assert_int_equal(cosigned(), 3);
}

/* A receiver whose line.db went back to `n` of the `m` that it cosigned. */
static void go_back(unsigned n, unsigned m)
{
    struct dl_buf line;
    rig_grow(&a, 0, n, 1);
    rig_copy(&a, &b);
    rig_close(&b);
    rig_save(&b, "line.db", &line);
    rig_open(&b);
    rig_grow(&a, n, m, 1);
    rig_copy(&a, &b);
    rig_close(&b);
    rig_restore(&b, "line.db", &line);
    rig_open(&b);
    assert_int_equal(size(), n);
    assert_int_equal(cosigned(), m);
}

static void a_replica_that_went_back_is_served_again_up_to_its_floor(void **state)
{
    (void)state;
    go_back(2, 5);
    rig_grow(&a, 5, 7, 2);
    rig_copy(&a, &b);
    assert_int_equal(size(), 7);
    assert_int_equal(cosigned(), 7);
}

static void nothing_is_cosigned_beside_what_was_once_cosigned(void **state)
{
    (void)state;
    go_back(2, 5);
    // the author too went back to 2 without noticing, and signs another history
    rig_close(&a);
    dl_virtual_disk_remove(a.disk, "line.db");
    dl_virtual_disk_remove(a.disk, "head.db");
    rig_open(&a);
    rig_confirm(&a);
    rig_grow(&a, 0, 2, 1);
    rig_grow(&a, 20, 24, 4);
    assert_int_equal(rig_read(&a, 2, &batch), DL_OK);
    assert_int_equal(batch.n, 4);
    assert_int_equal(rig_extend(&b, &batch), DL_E_FORK);
    assert_int_equal(rig_rollback(&b), DL_OK);
    assert_int_equal(size(), 2);
    assert_int_equal(cosigned(), 5);
}

static void a_floor_rises_and_never_sinks(void **state)
{
    (void)state;
    struct dl_buf high;
    dl_buf_init(&high, DL_LIMIT_CHECKPOINT);
    rig_grow(&a, 0, 2, 2);
    rig_copy(&a, &b);
    assert_int_equal(rig_read(&a, 0, &batch), DL_OK);
    rig_grow(&a, 2, 9, 7);
    dl_buf_put_view(&high, dl_journal_head(a.journal));
    assert_int_equal(dl_replica_set_floor(b.replica, 1, dl_buf_view(&high)), DL_OK);
    assert_int_equal(cosigned(), 9);
    assert_int_equal(dl_replica_set_floor(b.replica, 1, dl_buf_view(&batch.note)), DL_OK);
    assert_int_equal(cosigned(), 9);
    rig_kill(&b);
    rig_open(&b);
    assert_int_equal(cosigned(), 9);
    assert_int_equal(size(), 2);
    dl_buf_fini(&high);
}

/* ---- generations ---- */

static enum dl_err extend_renewed(void)
{
    struct dl_extension extension = {.entries = batch.entries,
                                     .n = batch.n,
                                     .note = dl_buf_view(&batch.note),
                                     .generation = 2,
                                     .renewed = true,
                                     .cosign = true,
                                     .now_ms = 2000};
    return dl_replica_extend(b.replica, &extension);
}

static void author_renews(void)
{
    struct leaf_octets made;
    make_entry(&made, "renewed", "line-state", "{}");
    struct dl_submission first = {.entry = leaf_entry(&made),
                                  .id = dl_view_str("renewed"),
                                  .kind = DL_KIND_LINE_STATE,
                                  .ahead = true};
    assert_int_equal(dl_journal_renew(a.journal, 1, &first, 4000), DL_OK);
    rig_confirm(&a);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(rig_read(&a, 0, &batch), DL_OK);
    free_leaf(&made);
}

static void the_next_generation_begins_and_the_old_one_is_kept(void **state)
{
    (void)state;
    struct dl_log *old = NULL;
    struct dl_log_name name = {.peer = "cn", .ours = false, .origin = ORIGIN};
    rig_grow(&a, 0, 3, 3);
    rig_copy(&a, &b);
    author_renews();
    assert_int_equal(extend_renewed(), DL_OK);
    assert_int_equal(rig_turn(&b, false), DL_OK);
    rig_kill(&b);
    rig_open(&b);
    assert_string_equal(dl_log_origin(dl_replica_log(b.replica)), ORIGIN "/2");
    assert_int_equal(size(), batch.n);
    assert_int_equal(cosigned(), batch.n);
    assert_int_equal(dl_log_open_generation(b.db, &name, 1, &old), DL_OK);
    assert_int_equal(dl_log_size(old), 3);
    dl_log_close(&old);
}

static void a_generation_that_was_rolled_back_never_began(void **state)
{
    (void)state;
    rig_grow(&a, 0, 3, 3);
    rig_copy(&a, &b);
    author_renews();
    assert_int_equal(extend_renewed(), DL_OK);
    assert_int_equal(rig_rollback(&b), DL_OK);
    assert_string_equal(dl_log_origin(dl_replica_log(b.replica)), ORIGIN);
    assert_int_equal(size(), 3);
    assert_int_equal(cosigned(), 3);
    assert_int_equal(extend_renewed(), DL_OK);
    assert_int_equal(rig_turn(&b, false), DL_OK);
    assert_int_equal(size(), batch.n);
}

/* line.db came back from before the renewal: the generation is remembered by head.db alone. */
static void a_generation_that_line_db_forgot_is_remembered(void **state)
{
    (void)state;
    struct dl_buf saved;
    rig_grow(&a, 0, 3, 3);
    rig_copy(&a, &b);
    rig_close(&b);
    rig_save(&b, "line.db", &saved);
    rig_open(&b);
    author_renews();
    assert_int_equal(extend_renewed(), DL_OK);
    assert_int_equal(rig_turn(&b, false), DL_OK);
    rig_close(&b);
    rig_restore(&b, "line.db", &saved);
    rig_open(&b);
    assert_string_equal(dl_log_origin(dl_replica_log(b.replica)), ORIGIN);
    assert_int_equal(dl_replica_generation(b.replica), 2);
    assert_string_equal(dl_replica_origin(b.replica), ORIGIN "/2");
    assert_int_equal(cosigned(), batch.n);
    assert_int_equal(extend_renewed(), DL_OK); // and it is served again
    assert_int_equal(rig_turn(&b, false), DL_OK);
    assert_string_equal(dl_log_origin(dl_replica_log(b.replica)), ORIGIN "/2");
    assert_int_equal(size(), batch.n);
    assert_int_equal(cosigned(), batch.n);
}

static void a_floor_can_be_of_a_generation_that_is_not_stored(void **state)
{
    (void)state;
    rig_grow(&a, 0, 3, 3);
    rig_copy(&a, &b);
    author_renews();
    assert_int_equal(dl_replica_set_floor(b.replica, 2, dl_buf_view(&batch.note)), DL_OK);
    rig_kill(&b);
    rig_open(&b);
    assert_int_equal(dl_replica_generation(b.replica), 2);
    assert_int_equal(cosigned(), batch.n);
    assert_int_equal(size(), 3);
}

#define IS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IS(what_is_stored_is_the_authors_tree_and_survives),
        IS(nothing_is_told_stored_before_it_was_settled),
        IS(entries_that_do_not_give_the_root_are_refused),
        IS(an_id_that_stands_twice_in_a_journal_is_refused),
        IS(what_was_stored_and_not_cosigned_is_caught_up_with),
        IS(a_replica_that_went_back_is_served_again_up_to_its_floor),
        IS(nothing_is_cosigned_beside_what_was_once_cosigned),
        IS(a_floor_rises_and_never_sinks),
        IS(the_next_generation_begins_and_the_old_one_is_kept),
        IS(a_generation_that_was_rolled_back_never_began),
        IS(a_generation_that_line_db_forgot_is_remembered),
        IS(a_floor_can_be_of_a_generation_that_is_not_stored),
    };
    return cmocka_run_group_tests_name("registry/replica", tests, NULL, NULL);
}
