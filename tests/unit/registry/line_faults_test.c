/* The n-th call to the disk fails, for every n until none is left: whatever was answered is there
 * afterwards, nothing is signed twice, and the next start works. F2 to F6. */
#include "tests/unit/registry/line_rig.h"

enum { TURNS = 12, PER_TURN = 3 };

/* What outside saw: answers that were given, notes that could have been sent. */
struct seen {
    unsigned durable;  /* entries answered as durable */
    uint64_t sendable; /* size of the newest note that was allowed out */
    struct dl_buf note;
};

/* Submit and grow turn by turn until something fails. */
static enum dl_err work(struct rig *rig, unsigned from, struct seen *seen)
{
    for (unsigned turn = 0; turn < TURNS; turn++) {
        for (unsigned i = 0; i < PER_TURN; i++) {
            DL_TRY(rig_submit(rig, from + turn * PER_TURN + i, NULL));
        }
        DL_TRY(rig_turn(rig, turn % 3 != 2)); // every third is held in the tail
        seen->durable = from + (turn + 1) * PER_TURN;
        seen->sendable = dl_journal_sendable(rig->journal);
        dl_buf_reset(&seen->note);
        dl_buf_put_view(&seen->note, dl_journal_head(rig->journal));
    }
    return DL_OK;
}

static void no_fault(void *context, const struct dl_scrub_fault *fault)
{
    (void)context;
    print_message("%d at %llu: %s\n", fault->what, (unsigned long long)fault->index, fault->text);
    fail();
}

static void assert_sound(struct rig *rig, const struct seen *seen)
{
    struct dl_log *log = dl_journal_log(rig->journal);
    struct dl_place place;
    struct dl_buf note;
    assert_int_not_equal(dl_journal_state(rig->journal), DL_JOURNAL_FORKED);
    assert_true(dl_log_size(log) >= seen->sendable);
    rig_scrub(rig, false, no_fault, NULL);
    for (unsigned i = 0; i < seen->durable; i++) {
        assert_int_equal(rig_submit(rig, i, &place), DL_OK);
        assert_true(place.known);
    }
    dl_line_db_rollback(rig->db);
    dl_buf_init(&note, DL_LIMIT_CHECKPOINT);
    if (seen->sendable > 0) { // the note that was out is still one of ours
        assert_int_equal(dl_log_note_at(log, seen->sendable, &note), DL_OK);
        assert_true(dl_view_equal(dl_buf_view(&note), dl_buf_view(&seen->note)));
    }
    dl_buf_fini(&note);
    assert_int_equal(dl_store_check(dl_line_db_store(rig->db), NULL), DL_OK);
    rig_confirm(rig); // and it goes on
    assert_int_equal(rig_turn(rig, true), DL_OK);
    assert_int_equal(dl_journal_tail(rig->journal), 0);
}

struct sweep {
    unsigned ops;
    enum dl_err err;
    uint64_t n; /* calls that fail in a row */
    bool power; /* the power goes when it failed; else the process is killed */
};

/* One run with the fault at the n-th call. False when the fault did not come any more. */
static bool run_once(const struct sweep *sweep, uint64_t n)
{
    struct rig rig;
    struct seen seen = {0};
    rig_init(&rig, true);
    dl_buf_init(&seen.note, DL_LIMIT_CHECKPOINT);
    rig_open(&rig);
    rig_confirm(&rig);
    assert_int_equal(work(&rig, 0, &seen), DL_OK);
    struct dl_virtual_disk_fault fault = {
        .ops = sweep->ops, .after = n, .n = sweep->n, .err = sweep->err};
    dl_virtual_disk_set_fault(rig.disk, &fault);
    rig_close(&rig); // the WAL goes into the database: faults here too
    enum dl_err err = rig_try_open(&rig);
    if (err == DL_OK) {
        rig_confirm(&rig);
        err = work(&rig, seen.durable, &seen);
    }
    bool came = dl_virtual_disk_failed(rig.disk) > 0;
    assert_true(came || err == DL_OK);
    if (sweep->power) {
        dl_virtual_disk_cut_power(rig.disk);
    } else {
        dl_virtual_disk_kill(rig.disk);
    }
    rig_close(&rig);
    dl_virtual_disk_set_fault(rig.disk, NULL);
    dl_virtual_disk_revive(rig.disk);
    rig_open(&rig);
    assert_sound(&rig, &seen);
    dl_buf_fini(&seen.note);
    rig_fini(&rig);
    return came;
}

static void sweep_all(const struct sweep *sweep)
{
    uint64_t n = 0;
    while (run_once(sweep, n)) {
        n++;
    }
    print_message("%llu places\n", (unsigned long long)n);
    assert_true(n > 20);
}

static void a_write_that_fails_loses_nothing(void **state)
{
    (void)state;
    sweep_all(&(struct sweep){DL_DISK_WRITE, DL_E_STORE_IO, UINT64_MAX, false});
}

static void a_sync_that_fails_loses_nothing(void **state)
{
    (void)state;
    sweep_all(&(struct sweep){DL_DISK_SYNC, DL_E_STORE_IO, UINT64_MAX, false});
}

static void a_sync_that_fails_once_is_never_relied_on(void **state)
{
    (void)state;
    sweep_all(&(struct sweep){DL_DISK_SYNC, DL_E_STORE_IO, 1, true});
}

static void a_power_cut_at_any_write_loses_nothing(void **state)
{
    (void)state;
    sweep_all(&(struct sweep){DL_DISK_WRITE, DL_E_STORE_IO, UINT64_MAX, true});
}

static void a_power_cut_at_any_sync_loses_nothing(void **state)
{
    (void)state;
    sweep_all(&(struct sweep){DL_DISK_SYNC, DL_E_STORE_IO, UINT64_MAX, true});
}

static void a_read_that_fails_loses_nothing(void **state)
{
    (void)state;
    sweep_all(&(struct sweep){DL_DISK_READ, DL_E_STORE_IO, UINT64_MAX, false});
}

static void an_open_or_removal_that_fails_loses_nothing(void **state)
{
    (void)state;
    struct sweep sweep = {DL_DISK_OPEN, DL_E_STORE_IO, UINT64_MAX, false};
    uint64_t n = 0;
    while (run_once(&sweep, n)) {
        n++;
    }
    assert_true(n >= 4);
}

static void a_disk_that_is_full_at_any_write_loses_nothing(void **state)
{
    (void)state;
    sweep_all(&(struct sweep){DL_DISK_WRITE, DL_E_STORE_FULL, UINT64_MAX, true});
}

/* ---- full, and back ---- */

static void full_and_back(unsigned n, bool power)
{
    struct rig rig;
    rig_init(&rig, true);
    rig_open(&rig);
    rig_confirm(&rig);
    rig_grow(&rig, 0, n, 1);
    struct dl_hash before = rig_root(&rig);
    dl_virtual_disk_set_capacity(rig.disk, 1);
    for (unsigned i = 0; i < 3; i++) { // each try is refused, and nothing of it stays
        assert_int_equal(rig_submit(&rig, n, NULL), DL_OK);
        assert_int_equal(rig_turn(&rig, true), DL_E_STORE_FULL);
        struct dl_hash root = rig_root(&rig);
        assert_memory_equal(root.b, before.b, 32);
        assert_int_equal(dl_journal_sendable(rig.journal), n);
    }
    dl_virtual_disk_set_capacity(rig.disk, 0);
    rig_grow(&rig, n, n + 10, 1);
    if (power) {
        dl_virtual_disk_cut_power(rig.disk);
        rig_close(&rig);
        dl_virtual_disk_revive(rig.disk);
    } else {
        rig_kill(&rig);
    }
    rig_open(&rig);
    assert_int_equal(dl_log_size(rig_log(&rig)), n + 10);
    assert_int_equal(dl_journal_sendable(rig.journal), n + 10);
    rig_fini(&rig);
}

/* What was answered after the disk was full is as durable as what was answered before, however the
 * last commit before it lies in the sectors of the WAL. */
static void a_full_disk_refuses_and_goes_on_when_there_is_room(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 12; n++) {
        full_and_back(n, false);
        full_and_back(n, true);
    }
}

static void after_a_failed_sync_nothing_is_begun(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, true);
    rig_open(&rig);
    rig_confirm(&rig);
    rig_grow(&rig, 0, 2, 1);
    struct dl_virtual_disk_fault fault = {.ops = DL_DISK_SYNC, .n = 1, .err = DL_E_STORE_IO};
    dl_virtual_disk_set_fault(rig.disk, &fault);
    uint64_t syncs = dl_virtual_disk_calls(rig.disk, DL_DISK_SYNC);
    assert_int_equal(rig_submit(&rig, 2, NULL), DL_OK);
    assert_int_equal(rig_turn(&rig, true), DL_E_STORE_IO);
    assert_int_equal(rig_submit(&rig, 3, NULL), DL_E_STORE_IO); // I10
    assert_int_equal(dl_virtual_disk_calls(rig.disk, DL_DISK_SYNC), syncs + 1);
    rig_fini(&rig);
}

static void a_failed_sync_of_the_database_itself_is_not_hidden(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, true);
    rig_open(&rig);
    rig_confirm(&rig);
    struct dl_virtual_disk_fault fault = {
        .ops = DL_DISK_SYNC, .n = 1, .err = DL_E_STORE_IO, .suffix = "line.db"};
    dl_virtual_disk_set_fault(rig.disk, &fault);
    enum dl_err err = DL_OK;
    for (unsigned i = 0; i < 20000 && err == DL_OK; i++) { // until the WAL is brought in
        err = rig_submit(&rig, i, NULL);
        err = err == DL_OK && i % 200 == 0 ? rig_turn(&rig, true) : err;
    }
    assert_int_equal(err, DL_E_STORE_IO);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_that_fails_loses_nothing),
        cmocka_unit_test(a_sync_that_fails_loses_nothing),
        cmocka_unit_test(a_sync_that_fails_once_is_never_relied_on),
        cmocka_unit_test(a_power_cut_at_any_write_loses_nothing),
        cmocka_unit_test(a_power_cut_at_any_sync_loses_nothing),
        cmocka_unit_test(a_read_that_fails_loses_nothing),
        cmocka_unit_test(an_open_or_removal_that_fails_loses_nothing),
        cmocka_unit_test(a_disk_that_is_full_at_any_write_loses_nothing),
        cmocka_unit_test(a_full_disk_refuses_and_goes_on_when_there_is_room),
        cmocka_unit_test(after_a_failed_sync_nothing_is_begun),
        cmocka_unit_test(a_failed_sync_of_the_database_itself_is_not_hidden),
    };
    return cmocka_run_group_tests_name("registry/line_faults", tests, NULL, NULL);
}
