/* The everyday life of a line: alerts go, receipts come, connections break and are made again. */
#include "tests/unit/protocol/session_pair.h"

static void up(void)
{
    connect_both();
    assert_non_null(world.cn.session);
    assert_non_null(world.us.session);
    forget_log();
}

static void empty_journals_are_confirmed_by_null_against_empty(void **state)
{
    (void)state;
    connect_both();
    assert_log("cn link up\n"
               "cn journal confirmed\n"
               "us link up\n"
               "us journal confirmed\n");
}

static void an_entry_is_stored_before_its_receipt_is_given(void **state)
{
    (void)state;
    up();
    submit(&world.cn, 1);
    deliver(&world.us);
    assert_log("us stores 0 to 0\n");
    assert_int_equal(world.cn.inbox.n, 0); /* I2: nothing is said before it is durable */
    pump();
    assert_log("cn receipt 1\n");
}

static void both_sides_send_at_once(void **state)
{
    (void)state;
    up();
    submit(&world.cn, 2);
    submit(&world.us, 3);
    pump();
    assert_log("cn stores 0 to 2\n"
               "us stores 0 to 1\n"
               "cn receipt 2\n"
               "us receipt 3\n");
}

static void many_batches_of_one_turn_get_one_receipt(void **state)
{
    (void)state;
    up();
    submit(&world.cn, 1);
    submit(&world.cn, 1);
    submit(&world.cn, 1);
    pump();
    assert_log("us stores 0 to 0\n"
               "us stores 1 to 1\n"
               "us stores 2 to 2\n"
               "cn receipt 3\n");
}

static void octets_that_arrive_one_by_one_say_the_same(void **state)
{
    (void)state;
    world.chunk = 1;
    connect_both();
    forget_log();
    submit(&world.cn, 3);
    pump();
    assert_log("us stores 0 to 2\n"
               "cn receipt 3\n");
}

static void what_was_submitted_before_hello_waits_in_the_tail(void **state)
{
    (void)state;
    submit(&world.cn, 2);
    connect_both();
    assert_log("cn link up\n"
               "cn journal confirmed\n"
               "us link up\n"
               "us journal confirmed\n"
               "us stores 0 to 1\n"
               "cn receipt 2\n");
}

static void a_lost_receipt_heals_in_hello(void **state)
{
    (void)state;
    up();
    submit(&world.cn, 1);
    deliver(&world.us);
    world.cut = true;
    pump(); /* stored, and the receipt is lost */
    cut();
    forget_log();
    connect_both();
    assert_log("cn link up\n"
               "cn receipt 1\n"
               "us link up\n");
}

static void what_was_lost_on_the_way_is_sent_again(void **state)
{
    (void)state;
    up();
    world.cut = true;
    submit(&world.cn, 2);
    cut();
    forget_log();
    connect_both();
    assert_log("cn link up\n"
               "us link up\n"
               "us stores 0 to 1\n"
               "cn receipt 2\n");
}

static void a_backlog_larger_than_the_credit_arrives_whole(void **state)
{
    (void)state;
    up();
    world.quiet = true;
    world.cut = true;
    for (int i = 0; i < 20; i++) {
        submit(&world.cn, 100);
    }
    world.cut = false;
    pump();
    assert_int_equal(world.us.theirs.size, 2000);
    assert_int_equal(world.cn.session != NULL, 1);
    world.quiet = false;
    submit(&world.cn, 1);
    pump();
    assert_log("us stores 2000 to 2000\n"
               "cn receipt 2001\n");
}

/* Entries that wait in us's inbox. */
static size_t entries_sent(void)
{
    struct dl_view rest = dl_buf_view(&world.us.inbox);
    size_t n = 0;
    while (rest.n > 0) {
        struct dl_frame frame;
        size_t used = 0;
        assert_int_equal(dl_frame_read(rest, DL_LIMIT_FRAME, &frame, &used), DL_OK);
        n += frame.type == DL_FRAME_ENTRY;
        rest = dl_view_of(rest.p + used, rest.n - used);
    }
    return n;
}

static void without_credit_for_a_whole_batch_none_is_sent(void **state)
{
    (void)state;
    up();
    world.quiet = true;
    world.cut = true;
    for (int i = 0; i < 17; i++) {
        submit(&world.cn, 240);
    }
    /* after 16 batches credit for 256 is left: the 17th goes; a further one has to wait */
    assert_int_equal(entries_sent(), 17 * 240);
    submit(&world.cn, 1);
    assert_int_equal(entries_sent(), 17 * 240);
    world.cut = false;
    pump();
    assert_int_equal(world.us.theirs.size, 17 * 240 + 1);
}

static void more_small_batches_than_may_be_pending_are_committed_between(void **state)
{
    (void)state;
    up();
    world.quiet = true;
    world.cut = true;
    for (int i = 0; i < 200; i++) {
        submit(&world.cn, 1);
    }
    world.cut = false;
    pump();
    assert_int_equal(world.us.theirs.size, 200);
    assert_non_null(strstr(world.cn.receipt, "\n200\n"));
}

static void all_that_credit_allows_may_wait_for_one_commit(void **state)
{
    (void)state;
    static char content[200 * 1024];
    up();
    world.quiet = true;
    world.cut = true;
    for (int i = 0; i < 70; i++) { /* more batches than may be pending ... */
        submit(&world.cn, 1);
    }
    memset(content, 'x', sizeof content - 1);
    memcpy(content, "{\"d\":\"", 6);
    memcpy(content + sizeof content - 3, "\"}", 2);
    for (int i = 0; i < 15; i++) { /* ... and then 3 MB, before anything is stored */
        char id[16];
        struct leaf_octets made;
        snprintf(id, sizeof id, "large-%d", i);
        make_entry(&made, id, "spectrum", content);
        struct dl_entry_octets entry = leaf_entry(&made);
        put_entry(&world.cn.ours, world.cn.ours.size, &entry);
        free_leaf(&made);
        world.cn.ours.size++;
        sign_journal(&world.cn);
        copy_note(world.cn.head, note_view(world.cn.ours.notes[world.cn.ours.size]));
        struct dl_session_event grew = {
            .type = DL_ON_GREW, .size = world.cn.ours.size, .note = dl_view_str(world.cn.head)};
        step(&world.cn, &grew);
    }
    world.cut = false;
    world.us.late = true;
    while (deliver(&world.us)) {
    }
    assert_non_null(world.us.session);
    world.us.late = false;
    pump();
    assert_int_equal(world.us.theirs.size, 85);
}

static void a_full_disk_is_told_and_gone_on_from(void **state)
{
    (void)state;
    up();
    submit(&world.cn, 1);
    pump();
    forget_log();
    world.us.full = true;
    submit(&world.cn, 2);
    pump();
    assert_log("us stores 1 to 2\n"
               "us disk full\n"
               "cn peer busy\n");
    submit(&world.cn, 1); /* durable here, and it waits */
    pump();
    assert_log("");
    world.us.full = false;
    struct dl_frontier frontier = frontier_at(&world.us.theirs, 1);
    struct dl_session_event ready = {.type = DL_ON_READY, .size = 1, .frontier = &frontier};
    step(&world.us, &ready);
    pump();
    assert_log("cn peer ready\n"
               "us stores 1 to 3\n"
               "cn receipt 4\n");
}

static void a_commit_that_was_not_told_before_the_disk_was_full_counts(void **state)
{
    (void)state;
    up();
    world.cut = true;
    submit(&world.cn, 1);
    submit(&world.cn, 1);
    world.cut = false;
    deliver(&world.us); /* both are given to store, and one commit takes the first */
    struct dl_session_event full = {.type = DL_ON_FULL, .size = 1};
    world.us.theirs.size = 1;
    world.us.to_store = 0;
    world.us.cosign[0] = 0;
    step(&world.us, &full);
    pump();
    assert_log("us stores 0 to 0\n"
               "us stores 1 to 1\n"
               "cn receipt 1\n"
               "cn peer busy\n");
}

static void what_was_under_way_when_the_disk_was_full_is_not_taken_twice(void **state)
{
    (void)state;
    up();
    world.us.full = true;
    submit(&world.cn, 1);
    deliver(&world.us);
    world.cut = true;
    commit(&world.us); /* BUSY lies on the way */
    submit(&world.cn, 1);
    world.us.full = false;
    struct dl_frontier frontier = frontier_at(&world.us.theirs, 0);
    struct dl_session_event ready = {.type = DL_ON_READY, .size = 0, .frontier = &frontier};
    step(&world.us, &ready);
    submit(&world.cn, 1); /* sent before READY arrives */
    world.cut = false;
    pump();
    assert_log("us stores 0 to 0\n"
               "us disk full\n"
               "cn peer busy\n"
               "cn peer ready\n"
               "us stores 0 to 2\n"
               "cn receipt 3\n");
}

static void what_comes_while_the_disk_is_full_is_dropped_and_sent_again(void **state)
{
    (void)state;
    up();
    world.us.full = true;
    submit(&world.cn, 1);
    deliver(&world.us);
    commit(&world.us);    /* BUSY is under way */
    submit(&world.cn, 1); /* and so is this */
    deliver(&world.us);
    assert_int_equal(world.us.to_store, 0);
    world.us.full = false;
    struct dl_frontier frontier = frontier_at(&world.us.theirs, 0);
    struct dl_session_event ready = {.type = DL_ON_READY, .size = 0, .frontier = &frontier};
    step(&world.us, &ready);
    pump();
    assert_log("us stores 0 to 0\n"
               "us disk full\n"
               "cn peer busy\n"
               "cn peer ready\n"
               "us stores 0 to 1\n"
               "cn receipt 2\n");
}

static void a_side_that_starts_with_a_full_disk_says_so_in_hello(void **state)
{
    (void)state;
    world.us.full = true;
    submit(&world.cn, 1);
    connect_both();
    assert_log("cn link up\n"
               "cn journal confirmed\n"
               "cn peer busy\n"
               "us link up\n"
               "us journal confirmed\n");
    world.us.full = false;
    struct dl_frontier frontier = frontier_at(&world.us.theirs, 0);
    struct dl_session_event ready = {.type = DL_ON_READY, .size = 0, .frontier = &frontier};
    step(&world.us, &ready);
    pump();
    assert_log("cn peer ready\n"
               "us stores 0 to 0\n"
               "cn receipt 1\n");
}

/* ---- time ---- */

static void an_idle_line_stays_up_by_pings(void **state)
{
    (void)state;
    up();
    pass(5 * 60 * 1000);
    assert_log("");
    assert_non_null(world.cn.session);
}

static void a_silent_peer_is_down_after_thirty_seconds(void **state)
{
    (void)state;
    up();
    world.cut = true;
    pass(29 * 1000);
    assert_log("");
    pass(1000);
    assert_log("cn closes E_TIMEOUT\n"
               "us closes E_TIMEOUT\n");
}

static void a_peer_that_never_says_hello_is_dropped_after_ten_seconds(void **state)
{
    (void)state;
    open_side(&world.cn);
    pass(9999);
    assert_log("");
    pass(1);
    assert_log("cn closes E_TIMEOUT\n");
    assert_string_equal(world.cn.close_text, "no HELLO1 within 10 s");
}

static void a_frame_that_never_ends_is_dropped(void **state)
{
    (void)state;
    up();
    uint8_t part[] = {0, 4, 0, 0, DL_FRAME_ENTRY};
    dl_buf_put(&world.cn.inbox, part, sizeof part);
    pump();
    for (int i = 0; i < 29; i++) { /* an octet a second keeps the line up, but not the frame */
        pass(1000);
        dl_buf_u8(&world.cn.inbox, 0);
    }
    assert_log("");
    pass(1000);
    assert_non_null(strstr(world.log, "cn closes E_TIMEOUT\n"));
    assert_string_equal(world.cn.close_text, "a frame took more than 30 s");
}

static void an_established_connection_yields_after_an_unanswered_ping(void **state)
{
    (void)state;
    up();
    struct dl_session_event probe = {.type = DL_ON_PROBE};
    step(&world.cn, &probe);
    pump();
    pass(3000);
    assert_log(""); /* answered: it stays */
    step(&world.cn, &probe);
    world.cut = true;
    pass(2000);
    assert_log("cn closes E_TIMEOUT\n");
    assert_string_equal(world.cn.close_text, "a newer connection took this place");
}

static void a_heartbeat_signs_that_nothing_is_new(void **state)
{
    (void)state;
    up();
    submit(&world.cn, 1);
    pump();
    forget_log();
    char before[NOTE_MAX];
    strcpy(before, world.cn.receipt);
    pass(DL_TIME_HEARTBEAT_MS);
    assert_log("cn receipt 1\n");
    assert_string_not_equal(world.cn.receipt, before); /* a later time */
}

static void a_receipt_from_a_wrong_clock_counts_and_is_flagged(void **state)
{
    (void)state;
    up();
    submit(&world.cn, 1);
    deliver(&world.us);
    world.now += 301 * 1000;
    commit(&world.us);
    world.now -= 301 * 1000;
    pump();
    assert_log("us stores 0 to 0\n"
               "cn receipt 1, clock?\n");
}

static void a_receipt_within_five_minutes_is_not_flagged(void **state)
{
    (void)state;
    up();
    submit(&world.cn, 1);
    deliver(&world.us);
    world.now += 300 * 1000;
    commit(&world.us);
    world.now -= 300 * 1000;
    pump();
    assert_log("us stores 0 to 0\n"
               "cn receipt 1\n");
}

/* ---- link tests ---- */

static void start_test(struct side *side)
{
    static const uint8_t nonce[16] = {1, 2, 3};
    struct dl_session_event event = {.type = DL_ON_TEST, .octets = dl_view_of(nonce, 16)};
    step(side, &event);
}

static void a_link_test_is_signed_by_both(void **state)
{
    (void)state;
    up();
    start_test(&world.cn);
    world.now += 7;
    pump();
    assert_log("us link test in ok, 0 ms\n"
               "cn link test out ok, 7 ms\n");
    assert_int_equal(world.us.theirs.size, 0); /* never in a journal */
}

static void an_unanswered_link_test_is_late(void **state)
{
    (void)state;
    up();
    start_test(&world.cn);
    world.cut = true;
    pass(10 * 1000);
    assert_log("cn link test out late, 10000 ms\n");
    world.cut = false;
    pump(); /* the late answer is dropped, and the line stays up */
    assert_log("us link test in ok, 0 ms\n");
    assert_non_null(world.cn.session);
}

/* ---- repair ---- */

static void repair(struct side *side, enum dl_side of, uint64_t from, uint64_t to)
{
    struct dl_session_event event = {.type = DL_ON_REPAIR, .side = of, .from = from, .to = to};
    step(side, &event);
    pump();
}

static void damaged_entries_come_back_from_the_peer(void **state)
{
    (void)state;
    up();
    submit(&world.cn, 5);
    submit(&world.us, 5);
    pump();
    forget_log();
    repair(&world.cn, DL_SIDE_OURS, 1, 4);
    assert_log("cn got 3 for repair\n");
    repair(&world.cn, DL_SIDE_THEIRS, 0, 5);
    assert_log("cn got 5 for repair\n");
}

static void a_repair_of_what_the_peer_does_not_hold_gives_nothing(void **state)
{
    (void)state;
    up();
    submit(&world.cn, 1);
    pump();
    forget_log();
    repair(&world.cn, DL_SIDE_OURS, 0, 2);
    assert_log("cn got 0 for repair\n");
    repair(&world.cn, DL_SIDE_OURS, 0, 1);
    assert_log("cn got 1 for repair\n");
}

static void a_close_carries_its_code_and_text(void **state)
{
    (void)state;
    up();
    struct dl_session_event event = {
        .type = DL_ON_CLOSE, .code = DL_E_NOT_PAIRED, .octets = dl_view_str("removed here")};
    step(&world.cn, &event);
    pump();
    assert_log("cn closes E_NOT_PAIRED\n"
               "us was closed E_NOT_PAIRED\n");
    assert_string_equal(world.us.close_text, "removed here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(empty_journals_are_confirmed_by_null_against_empty),
        T(an_entry_is_stored_before_its_receipt_is_given),
        T(both_sides_send_at_once),
        T(many_batches_of_one_turn_get_one_receipt),
        T(octets_that_arrive_one_by_one_say_the_same),
        T(what_was_submitted_before_hello_waits_in_the_tail),
        T(a_lost_receipt_heals_in_hello),
        T(what_was_lost_on_the_way_is_sent_again),
        T(a_backlog_larger_than_the_credit_arrives_whole),
        T(without_credit_for_a_whole_batch_none_is_sent),
        T(more_small_batches_than_may_be_pending_are_committed_between),
        T(all_that_credit_allows_may_wait_for_one_commit),
        T(a_full_disk_is_told_and_gone_on_from),
        T(a_commit_that_was_not_told_before_the_disk_was_full_counts),
        T(what_was_under_way_when_the_disk_was_full_is_not_taken_twice),
        T(what_comes_while_the_disk_is_full_is_dropped_and_sent_again),
        T(a_side_that_starts_with_a_full_disk_says_so_in_hello),
        T(an_idle_line_stays_up_by_pings),
        T(a_silent_peer_is_down_after_thirty_seconds),
        T(a_peer_that_never_says_hello_is_dropped_after_ten_seconds),
        T(a_frame_that_never_ends_is_dropped),
        T(an_established_connection_yields_after_an_unanswered_ping),
        T(a_heartbeat_signs_that_nothing_is_new),
        T(a_receipt_from_a_wrong_clock_counts_and_is_flagged),
        T(a_receipt_within_five_minutes_is_not_flagged),
        T(a_link_test_is_signed_by_both),
        T(an_unanswered_link_test_is_late),
        T(damaged_entries_come_back_from_the_peer),
        T(a_repair_of_what_the_peer_does_not_hold_gives_nothing),
        T(a_close_carries_its_code_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
