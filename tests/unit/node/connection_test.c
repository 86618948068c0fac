/* What HELLO says about the past of a node. */
#include "tests/unit/node/two_nodes.h"

#include "protocol/message.h"

/* The newest HELLO1 of us's: what it shows as cosigned. */
static struct dl_world_ops ops;
static void (*send_on)(struct dl_link *link, struct dl_view octets);
static char shown[4096];

static void listen_in(struct dl_link *link, struct dl_view octets)
{
    struct dl_frame frame;
    struct dl_msg_hello1 hello;
    size_t used = 0;
    if (dl_frame_read(octets, DL_LIMIT_FRAME, &frame, &used) == DL_OK && used > 0 &&
        frame.type == DL_FRAME_HELLO1 && dl_msg_hello1_decode(frame.body, &hello) == DL_OK) {
        snprintf(shown, sizeof shown, "%.*s", DL_VIEW_ARG(hello.held_cosigned));
    }
    send_on(link, octets);
}

static void listen_to_us(struct two_nodes *t)
{
    struct dl_world *world = dl_virtual_node_world(t->node[US]);
    ops = *world->ops;
    send_on = ops.link_send;
    ops.link_send = listen_in;
    world->ops = &ops;
}

static void start_again_an_hour_later(struct two_nodes *t)
{
    dl_virtual_node_stop(t->node[US]);
    run_ms(t, 3600000);
    start_node(t, US);
    run_ms(t, 120000);
}

/* us forgets three entries and that it cosigned them; cn shows the receipt. us cannot store them
 * again yet, so what it shows from then on is what it once said, with the time of then. */
static void a_floor_is_shown_with_the_time_of_its_cosignature(void **state)
{
    (void)state;
    struct two_nodes t;
    char first[sizeof shown];
    struct dl_virtual_disk_fault full = {
        .ops = DL_DISK_WRITE, .n = UINT64_MAX, .err = DL_E_STORE_FULL, .suffix = "line.db-wal"};
    begin(&t);
    listen_to_us(&t);
    dl_virtual_node_backup(t.node[US]); // paired, and nothing held
    for (int i = 0; i < 3; i++) {
        assert_int_equal(submit(&t, CN, NULL, "receipted"), DL_OK);
        run_ms(&t, 1000);
    }
    struct dl_view receipt = dl_log_newest_receipt(journal_at(&t, CN)).note;
    assert_int_equal(dl_log_newest_receipt(journal_at(&t, CN)).size, 3);
    snprintf(first, sizeof first, "%.*s", DL_VIEW_ARG(receipt));
    dl_virtual_node_stop(t.node[US]);
    dl_virtual_node_restore(t.node[US], DL_VIRTUAL_LINE | DL_VIRTUAL_HEAD);
    dl_virtual_disk_set_fault(dl_virtual_node_disk(t.node[US]), &full);
    start_node(&t, US);
    run_ms(&t, 120000);
    assert_string_equal(shown, ""); // it remembers nothing, and is told
    assert_int_equal(held_at(&t, US), 0);
    start_again_an_hour_later(&t);
    assert_string_equal(shown, first); // octet for octet: the cosignature of then
    assert_true(look(&t, CN).lost_copy);
    dl_virtual_disk_set_fault(dl_virtual_node_disk(t.node[US]), NULL);
    run_ms(&t, 120000);
    assert_int_equal(held_at(&t, US), 3); // and with space it is served again
    assert_string_equal(look(&t, US).state, "active");
    end(&t);
}

/* The twin: what us holds, it may cosign again at any time. */
static void what_is_held_is_cosigned_afresh(void **state)
{
    (void)state;
    struct two_nodes t;
    char first[sizeof shown];
    begin(&t);
    listen_to_us(&t);
    assert_int_equal(submit(&t, CN, NULL, "receipted"), DL_OK);
    run_ms(&t, 1000);
    start_again_an_hour_later(&t);
    snprintf(first, sizeof first, "%s", shown);
    assert_string_not_equal(first, "");
    start_again_an_hour_later(&t);
    assert_string_not_equal(shown, first);
    assert_int_equal(held_at(&t, US), 1);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_floor_is_shown_with_the_time_of_its_cosignature),
        cmocka_unit_test(what_is_held_is_cosigned_afresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
