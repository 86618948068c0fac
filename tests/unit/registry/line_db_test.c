/* Reading across lines: by cursor, by id, by reference. */
#include "tests/unit/registry/line_rig.h"

static struct rig a;

static int setup(void **state)
{
    (void)state;
    rig_init(&a, true);
    rig_open(&a);
    rig_confirm(&a);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_fini(&a);
    return 0;
}

/* What a scan gave: ids in order, and whether cursors rose. */
struct seen {
    char ids[512];
    int64_t last;
    unsigned n, in_tail;
    bool rose;
};

static enum dl_err see(void *context, const struct dl_stored *stored)
{
    struct seen *seen = context;
    struct dl_leaf leaf;
    assert_int_equal(dl_leaf_decode(stored->entry.leaf, &leaf), DL_OK);
    seen->rose = (seen->n == 0 || seen->rose) && stored->cursor > seen->last;
    seen->last = stored->cursor;
    seen->in_tail += stored->in_tail;
    if (seen->n++ < 10) {
        size_t n = strlen(seen->ids);
        snprintf(seen->ids + n, sizeof seen->ids - n, "%.*s ", DL_VIEW_ARG(leaf.id));
    }
    return DL_OK;
}

static enum dl_err stop_at_once(void *context, const struct dl_stored *stored)
{
    ++*(unsigned *)context;
    (void)stored;
    return DL_E_STATE;
}

static void a_scan_gives_everything_after_a_cursor_in_order(void **state)
{
    (void)state;
    struct seen all = {.n = 0};
    struct seen rest = {.n = 0};
    rig_grow(&a, 0, 300, 100);
    assert_int_equal(rig_submit(&a, 300, NULL), DL_OK); // one that waits in the tail
    assert_int_equal(rig_turn(&a, false), DL_OK);
    assert_int_equal(dl_line_db_scan(a.db, 0, see, &all), DL_OK);
    assert_int_equal(all.n, 301);
    assert_int_equal(all.in_tail, 1);
    assert_true(all.rose);
    int64_t cursors[2];
    int64_t logs[2];
    size_t n = 2;
    assert_int_equal(dl_line_db_find(a.db, dl_view_str("cn-297"), cursors, logs, &n), DL_OK);
    assert_int_equal(n, 1);
    assert_int_equal(dl_line_db_scan(a.db, cursors[0], see, &rest), DL_OK); // from within a run
    assert_string_equal(rest.ids, "cn-298 cn-299 cn-300 ");
    assert_int_equal(rest.last, all.last);
    assert_int_equal(dl_line_db_scan(a.db, rest.last, see, &rest), DL_OK);
    assert_int_equal(rest.n, 3); // nothing after the last
}

static void an_entry_keeps_its_cursor_from_the_tail_into_the_tree(void **state)
{
    (void)state;
    struct dl_place place;
    assert_int_equal(rig_submit(&a, 1, &place), DL_OK);
    assert_int_equal(rig_turn(&a, false), DL_OK);
    rig_grow(&a, 2, 4, 1);
    struct dl_place after;
    assert_int_equal(rig_submit(&a, 1, &after), DL_OK);
    assert_false(after.in_tail);
    assert_int_equal(after.cursor, place.cursor);
}

static void cursors_are_never_given_twice(void **state)
{
    (void)state;
    struct dl_place first;
    struct dl_place second;
    assert_int_equal(rig_submit(&a, 1, &first), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    rig_kill(&a);
    rig_open(&a);
    assert_int_equal(rig_submit(&a, 2, &second), DL_OK);
    assert_true(second.cursor > first.cursor);
}

static void a_callback_ends_a_scan(void **state)
{
    (void)state;
    unsigned calls = 0;
    rig_grow(&a, 0, 10, 5);
    assert_int_equal(dl_line_db_scan(a.db, 0, stop_at_once, &calls), DL_E_STATE);
    assert_int_equal(calls, 1);
}

static void a_cursor_that_nobody_has_is_unknown(void **state)
{
    (void)state;
    struct seen seen = {.n = 0};
    rig_grow(&a, 0, 3, 3);
    assert_int_equal(dl_line_db_at(a.db, 2, see, &seen), DL_OK);
    assert_string_equal(seen.ids, "cn-1 ");
    assert_int_equal(dl_line_db_at(a.db, 4, see, &seen), DL_E_ID_UNKNOWN); // reserved, not used
    assert_int_equal(dl_line_db_at(a.db, 0, see, &seen), DL_E_ID_UNKNOWN);
    assert_int_equal(seen.n, 1);
}

/* An acknowledgement of cn/ID under an id of its own. */
static void acknowledge(const char *id, const char *target)
{
    struct dl_buf leaf;
    uint8_t salt[DL_LIMIT_SALT] = {0};
    struct dl_view refs[] = {dl_view_str(target)};
    struct dl_view content = dl_view_str("{\"as\":\"seen\",\"by\":\"Li\",\"note\":\"\"}");
    dl_buf_init(&leaf, DL_LIMIT_LEAF);
    struct dl_leaf parts = {.id = dl_view_str(id),
                            .kind_name = dl_view_str("acknowledgement"),
                            .kind = DL_KIND_ACKNOWLEDGEMENT,
                            .marking = DL_MARKING_ACTUAL,
                            .time_ms = 1795510800000,
                            .n_refs = 1,
                            .size = content.n};
    parts.refs[0] = refs[0];
    parts.commitment = dl_entry_commitment(dl_view_of(salt, sizeof salt), content);
    dl_leaf_encode(&leaf, &parts);
    struct dl_submission submission = {
        .entry = {dl_buf_view(&leaf), dl_view_of(salt, sizeof salt), content},
        .id = dl_view_str(id),
        .kind = DL_KIND_ACKNOWLEDGEMENT};
    struct dl_place place;
    assert_int_equal(dl_journal_submit(a.journal, &submission, &place), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    dl_buf_fini(&leaf);
}

static void what_refers_to_an_entry_is_found(void **state)
{
    (void)state;
    struct seen seen = {.n = 0};
    rig_grow(&a, 0, 5, 5);
    acknowledge("ack-1", "cn/cn-2");
    acknowledge("ack-2", "cn/cn-3");
    acknowledge("ack-3", "cn/cn-2");
    assert_int_equal(dl_line_db_referring(a.db, dl_view_str("cn/cn-2"), see, &seen), DL_OK);
    assert_string_equal(seen.ids, "ack-1 ack-3 ");
    assert_int_equal(dl_line_db_referring(a.db, dl_view_str("cn/cn-1"), see, &seen), DL_OK);
    assert_int_equal(seen.n, 2);
}

static void a_run_that_is_not_well_formed_is_corrupt(void **state)
{
    (void)state;
    struct seen seen = {.n = 0};
    rig_grow(&a, 0, 5, 5);
    rig_sql(&a, "UPDATE run SET leaves=substr(leaves, 1, length(leaves)-1)");
    assert_int_equal(dl_line_db_scan(a.db, 0, see, &seen), DL_E_STORE_CORRUPT);
    assert_int_equal(seen.n, 4);
}

static void what_a_renewed_journal_owed_is_seen_once(void **state)
{
    (void)state;
    struct seen seen = {.n = 0};
    struct leaf_octets made;
    rig_grow(&a, 0, 4, 2);
    assert_int_equal(dl_journal_receipt(a.journal, 2, 1, dl_view_str("receipt")), DL_OK);
    assert_int_equal(dl_journal_set_state(a.journal, DL_JOURNAL_LOST), DL_OK);
    make_entry(&made, "renewed", "line-state", "{}");
    struct dl_submission first = {.entry = leaf_entry(&made),
                                  .id = dl_view_str("renewed"),
                                  .kind = DL_KIND_LINE_STATE,
                                  .ahead = true};
    assert_int_equal(dl_journal_renew(a.journal, 1, &first, 4000), DL_OK);
    assert_int_equal(rig_turn(&a, true), DL_OK);
    assert_int_equal(dl_line_db_scan(a.db, 0, see, &seen), DL_OK);
    assert_string_equal(seen.ids, "cn-0 cn-1 renewed cn-2 cn-3 ");
    free_leaf(&made);
}

#define IS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IS(a_scan_gives_everything_after_a_cursor_in_order),
        IS(an_entry_keeps_its_cursor_from_the_tail_into_the_tree),
        IS(cursors_are_never_given_twice),
        IS(a_callback_ends_a_scan),
        IS(a_cursor_that_nobody_has_is_unknown),
        IS(what_refers_to_an_entry_is_found),
        IS(a_run_that_is_not_well_formed_is_corrupt),
        IS(what_a_renewed_journal_owed_is_seen_once),
    };
    return cmocka_run_group_tests_name("registry/line_db", tests, NULL, NULL);
}
