/* What a running node does when its disk is full or fails: a full one is waited for, everything
 * else ends the node, and the next start has all that was answered (I10). */
#include "tests/unit/node/two_nodes.h"

static void set_fault(struct two_nodes *t, int which, unsigned ops, enum dl_err err,
                      const char *suffix)
{
    struct dl_virtual_disk_fault fault = {
        .ops = ops, .n = UINT64_MAX, .err = err, .suffix = suffix};
    dl_virtual_disk_set_fault(dl_virtual_node_disk(t->node[which]), ops == 0 ? NULL : &fault);
}

static void a_full_disk_is_waited_for(void **state)
{
    (void)state;
    struct two_nodes t;
    begin(&t);
    set_fault(&t, US, DL_DISK_WRITE, DL_E_STORE_FULL, NULL);
    assert_int_equal(submit(&t, CN, "one", "to a full disk"), DL_OK);
    run_ms(&t, 10000);
    assert_true(dl_virtual_node_runs(t.node[US]));
    assert_int_equal(count_events(&t, US, "store.full"), 1);
    assert_true(look(&t, CN).busy); // the peer is told to wait
    assert_int_equal(dl_log_newest_receipt(journal_at(&t, CN)).size, 0);
    assert_int_equal(submit(&t, US, "refused", "nothing fits"), DL_E_STORE_FULL);
    assert_int_equal(held_at(&t, US), 0);
    set_fault(&t, US, 0, DL_OK, NULL);
    run_ms(&t, 10000);
    assert_int_equal(count_events(&t, US, "store.resumed"), 1);
    assert_false(look(&t, CN).busy);
    assert_int_equal(held_at(&t, US), 1);
    assert_int_equal(dl_log_newest_receipt(journal_at(&t, CN)).size, 1);
    assert_int_equal(submit(&t, US, "taken", "there is space"), DL_OK);
    run_ms(&t, 5000);
    assert_int_equal(held_at(&t, CN), 1);
    end(&t);
}

/* line.db has the turn and cannot be undone; head.db has no room. Nothing leaves before it has. */
static void full_for_head_db_at(int which)
{
    struct two_nodes t;
    begin(&t);
    set_fault(&t, which, DL_DISK_WRITE, DL_E_STORE_FULL, "head.db-wal");
    assert_int_equal(submit(&t, CN, "one", "no room for its head"), DL_OK);
    run_ms(&t, 10000);
    assert_true(dl_virtual_node_runs(t.node[which]));
    assert_int_equal(count_events(&t, which, "store.full"), 1);
    assert_int_equal(dl_log_newest_receipt(journal_at(&t, CN)).size, 0); // I2
    assert_int_equal(held_at(&t, US), which == CN ? 0 : 1);              // I1
    assert_int_equal(submit(&t, which, "refused", "nothing fits"), DL_E_STORE_FULL);
    set_fault(&t, which, 0, DL_OK, NULL);
    run_ms(&t, 10000);
    assert_true(count_events(&t, which, "store.resumed") > 0);
    assert_int_equal(held_at(&t, US), 1);
    assert_int_equal(dl_log_newest_receipt(journal_at(&t, CN)).size, 1);
    assert_int_equal(submit(&t, CN, "two", "there is space"), DL_OK);
    run_ms(&t, 5000);
    assert_int_equal(dl_log_newest_receipt(journal_at(&t, CN)).size, 2);
    end(&t);
}

static void a_disk_too_full_for_head_db_is_waited_for(void **state)
{
    (void)state;
    full_for_head_db_at(CN);
    full_for_head_db_at(US);
}

struct failing {
    unsigned op;
    const char *suffix;
};

/* Nothing that was not durable was receipted, and after a start with a whole disk all arrives. */
static void fail_at(int which, const struct failing *failing)
{
    struct two_nodes t;
    begin(&t);
    assert_int_equal(submit(&t, CN, "before", "a good disk"), DL_OK);
    run_ms(&t, 5000);
    set_fault(&t, which, failing->op, DL_E_STORE_IO, failing->suffix);
    assert_int_equal(submit(&t, CN, "during", "a bad disk"), DL_OK); // staged, not answered
    run_ms(&t, 5000);
    assert_false(dl_virtual_node_runs(t.node[which]));
    assert_int_equal(dl_virtual_node_failed(t.node[which]), DL_E_STORE_IO);
    assert_int_equal(count_events(&t, which, "store.failed"), 1);
    if (which == US) {
        assert_int_equal(dl_log_newest_receipt(journal_at(&t, CN)).size, 1); // I2
        assert_string_equal(look(&t, CN).link, "down");
    } else {
        assert_int_equal(held_at(&t, US), 1); // I1
    }
    set_fault(&t, which, 0, DL_OK, NULL);
    start_node(&t, which);
    run_ms(&t, 60000);
    enum dl_err again = submit(&t, CN, "during", "a bad disk"); // I4: as a caller without an answer
    assert_int_equal(again, DL_OK);
    run_ms(&t, 10000);
    assert_int_equal(held_at(&t, US), 2);
    assert_int_equal(dl_log_newest_receipt(journal_at(&t, CN)).size, 2);
    end(&t);
}

static void a_disk_that_fails_ends_the_node_and_loses_nothing(void **state)
{
    (void)state;
    static const struct failing ways[] = {{DL_DISK_WRITE, "line.db-wal"},
                                          {DL_DISK_SYNC, "line.db-wal"},
                                          {DL_DISK_WRITE, "head.db-wal"},
                                          {DL_DISK_SYNC, "head.db-wal"}};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        fail_at(CN, &ways[i]);
        fail_at(US, &ways[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_is_waited_for),
        cmocka_unit_test(a_disk_too_full_for_head_db_is_waited_for),
        cmocka_unit_test(a_disk_that_fails_ends_the_node_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
