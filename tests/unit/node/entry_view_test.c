/* Entries as people and programs see them: states, what refers to them, how they are named. */
#include "tests/unit/node/two_nodes.h"

#include "node/entry_view.h"

#include <stdio.h>

static enum dl_err say(struct two_nodes *t, int which, enum dl_kind kind, const char *id,
                       const char *target, json_t *content)
{
    struct dl_submitted submitted;
    struct dl_error error;
    struct dl_view ref = dl_view_str(target);
    struct dl_order order = {.kind = kind, .id = id, .refs = &ref, .n_refs = 1, .content = content};
    enum dl_err err = dl_agency_submit(dl_virtual_node_agency(t->node[which]), peer_at(t, which),
                                       &order, &submitted, &error);
    json_decref(content);
    run_ms(t, 2000);
    return err;
}

static enum dl_err acknowledge(struct two_nodes *t, int which, const char *id, const char *target)
{
    return say(t, which, DL_KIND_ACKNOWLEDGEMENT, id, target,
               json_pack("{s:s, s:s}", "as", "seen", "by", "J. Doe"));
}

static void find(struct two_nodes *t, int which, const char *name, struct dl_entry_view *view)
{
    struct dl_error error;
    assert_int_equal(dl_entry_find(dl_virtual_node_agency(t->node[which]), name, view, &error),
                     DL_OK);
}

static enum dl_err not_found(struct two_nodes *t, int which, const char *name)
{
    struct dl_entry_view view;
    struct dl_error error;
    dl_entry_view_init(&view);
    enum dl_err err = dl_entry_find(dl_virtual_node_agency(t->node[which]), name, &view, &error);
    dl_entry_view_fini(&view);
    assert_true(err == DL_OK || error.message[0] != '\0');
    return err;
}

static bool has_flag(const struct dl_entry_view *view, const char *text)
{
    for (size_t i = 0; i < view->n_flags; i++) {
        if (strstr(view->flags[i], text) != NULL) {
            return true;
        }
    }
    return false;
}

static void an_entry_goes_from_queued_to_received(void **state)
{
    (void)state;
    struct two_nodes t;
    struct dl_entry_view view;
    begin(&t);
    dl_entry_view_init(&view);
    dl_virtual_node_stop(t.node[US]);
    run_ms(&t, 1000);
    assert_int_equal(submit(&t, CN, "confirmed", "one"), DL_OK);
    run_ms(&t, 1000);
    find(&t, CN, "confirmed", &view); // the journal was confirmed before the peer went away
    assert_string_equal(view.state, "pending");
    assert_false(view.in_tail);
    assert_int_equal(view.received_ms, 0);
    dl_virtual_node_stop(t.node[CN]);
    start_node(&t, CN);
    assert_int_equal(submit(&t, CN, "queued", "two"), DL_OK);
    run_ms(&t, 1000);
    find(&t, CN, "queued", &view);
    assert_string_equal(view.state, "queued");
    assert_true(view.in_tail);
    start_node(&t, US);
    run_ms(&t, (uint64_t)2 * 60 * 1000);
    find(&t, CN, "queued", &view);
    assert_string_equal(view.state, "received");
    assert_int_equal(view.index, 1);
    assert_true(view.received_ms > 0);
    assert_false(view.incoming);
    find(&t, US, "queued", &view);
    assert_string_equal(view.state, "received");
    assert_true(view.incoming);
    assert_string_equal(view.agency, "cn");
    assert_string_equal(view.from, "cn");
    assert_string_equal(view.to, "us");
    dl_entry_view_fini(&view);
    end(&t);
}

static void on_a_suspended_line_it_is_held(void **state)
{
    (void)state;
    struct two_nodes t;
    struct dl_entry_view view;
    struct dl_error error;
    begin(&t);
    dl_entry_view_init(&view);
    assert_int_equal(dl_peer_suspend(peer_at(&t, CN), true, "consultations", &error), DL_OK);
    run_ms(&t, 1000);
    assert_int_equal(submit(&t, CN, "held", "waits"), DL_OK);
    run_ms(&t, 1000);
    find(&t, CN, "held", &view);
    assert_string_equal(view.state, "held");
    assert_true(view.in_tail);
    dl_entry_view_fini(&view);
    end(&t);
}

static void who_acknowledged_is_seen_until_they_withdraw(void **state)
{
    (void)state;
    struct two_nodes t;
    struct dl_entry_view view;
    begin(&t);
    dl_entry_view_init(&view);
    assert_int_equal(submit(&t, CN, "alert", "x"), DL_OK);
    run_ms(&t, 1000);
    assert_int_equal(acknowledge(&t, US, "ack-1", "cn/alert"), DL_OK);
    assert_int_equal(acknowledge(&t, US, "ack-2", "cn/alert"), DL_OK);
    for (int which = 0; which < 2; which++) {
        find(&t, which, "alert", &view);
        assert_int_equal(view.n_acks, 2);
        assert_string_equal(view.acks[0].agency, "us");
        assert_string_equal(view.acks[0].as, "seen");
        assert_string_equal(view.acks[0].by, "J. Doe");
        assert_string_equal(view.acks[0].id, "ack-1");
    }
    assert_int_equal(acknowledge(&t, US, "away", "us/ack-1"), DL_OK);
    find(&t, CN, "alert", &view);
    assert_int_equal(view.n_acks, 1);
    assert_string_equal(view.acks[0].id, "ack-2");
    assert_int_equal(acknowledge(&t, CN, "not-yours", "us/ack-2"), DL_OK);
    for (int which = 0; which < 2; which++) { // nobody withdraws what another agency said
        find(&t, which, "alert", &view);
        assert_int_equal(view.n_acks, 1);
    }
    dl_entry_view_fini(&view);
    end(&t);
}

static void only_the_author_updates_and_retracts(void **state)
{
    (void)state;
    struct two_nodes t;
    struct dl_entry_view view;
    begin(&t);
    dl_entry_view_init(&view);
    assert_int_equal(submit(&t, CN, "alert", "x"), DL_OK);
    run_ms(&t, 1000);
    json_t *reason = json_pack("{s:s, s:b}", "reason", "not mine", "sent_in_error", 1);
    assert_int_equal(say(&t, US, DL_KIND_RETRACTION, "stranger", "cn/alert", reason), DL_OK);
    find(&t, CN, "alert", &view);
    assert_false(has_flag(&view, "retracted"));
    reason = json_pack("{s:s, s:b}", "reason", "wrong sample", "sent_in_error", 1);
    assert_int_equal(say(&t, CN, DL_KIND_RETRACTION, "taken-back", "cn/alert", reason), DL_OK);
    find(&t, US, "alert", &view);
    assert_true(has_flag(&view, "retracted by taken-back"));
    find(&t, US, "taken-back", &view);
    assert_true(dl_view_is(view.headline, "wrong sample"));
    assert_null(view.urgency);
    dl_entry_view_fini(&view);
    end(&t);
}

static void an_authors_clock_that_is_off_is_flagged(void **state)
{
    (void)state;
    struct two_nodes t;
    struct dl_entry_view view;
    begin(&t);
    dl_entry_view_init(&view);
    assert_int_equal(submit(&t, CN, "right", "x"), DL_OK);
    run_ms(&t, 1000);
    dl_virtual_set_skew(dl_virtual_node_world(t.node[CN]), 600000);
    assert_int_equal(submit(&t, CN, "ahead", "x"), DL_OK);
    run_ms(&t, 1000);
    find(&t, US, "right", &view);
    assert_false(has_flag(&view, "s from ours"));
    find(&t, US, "ahead", &view);
    assert_true(has_flag(&view, "the author's time is 599 s from ours") ||
                has_flag(&view, "the author's time is 600 s from ours"));
    dl_entry_view_fini(&view);
    end(&t);
}

static void a_name_means_one_entry_or_none(void **state)
{
    (void)state;
    struct two_nodes t;
    struct dl_entry_view view;
    begin(&t);
    dl_entry_view_init(&view);
    assert_int_equal(submit(&t, CN, "both", "of cn"), DL_OK);
    assert_int_equal(submit(&t, US, "both", "of us"), DL_OK);
    assert_int_equal(submit(&t, US, "one", "of us"), DL_OK);
    run_ms(&t, 2000);
    find(&t, CN, "cn/both", &view);
    assert_true(dl_view_is(view.headline, "of cn"));
    find(&t, CN, "us/both", &view);
    assert_true(dl_view_is(view.headline, "of us"));
    find(&t, CN, "one", &view);
    assert_string_equal(view.agency, "us");
    assert_int_equal(not_found(&t, CN, "both"), DL_E_ID_AMBIGUOUS);
    assert_int_equal(not_found(&t, CN, "cn/one"), DL_E_ID_UNKNOWN);
    assert_int_equal(not_found(&t, CN, "none"), DL_E_ID_UNKNOWN);
    assert_int_equal(not_found(&t, CN, ""), DL_E_ID_UNKNOWN);
    assert_int_equal(not_found(&t, CN, "a/b/c"), DL_E_ID_UNKNOWN);
    dl_entry_view_fini(&view);
    end(&t);
}

/* Contracts section 4: every key is there, null where there is nothing. */
static void the_object_has_every_key(void **state)
{
    (void)state;
    struct two_nodes t;
    struct dl_entry_view view;
    struct dl_buf out;
    json_t *object = NULL;
    static const char *const keys[] = {
        "id",      "agency", "entry",    "kind",   "marking",       "from",
        "to",      "time",   "received", "state",  "subject",       "headline",
        "urgency", "acks",   "flags",    "cursor", "content_sha256"};
    begin(&t);
    dl_entry_view_init(&view);
    dl_buf_init(&out, (size_t)1 << 20);
    assert_int_equal(submit(&t, CN, "quoted", "a \"quoted\" line"), DL_OK);
    run_ms(&t, 1000);
    find(&t, US, "quoted", &view);
    dl_entry_put_json(&view, &out);
    assert_int_equal(out.p[out.n - 1], '\n');
    assert_int_equal(dl_json_parse(dl_view_of(out.p, out.n - 1), &object, NULL), DL_OK);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_non_null(json_object_get(object, keys[i]));
    }
    assert_int_equal(json_object_size(object), sizeof keys / sizeof keys[0]);
    assert_string_equal(json_string_value(json_object_get(object, "headline")),
                        "a \"quoted\" line");
    assert_string_equal(json_string_value(json_object_get(object, "urgency")), "routine");
    assert_true(json_is_string(json_object_get(object, "cursor")));
    assert_int_equal(json_integer_value(json_object_get(object, "entry")), 0);
    json_decref(object);
    dl_buf_reset(&out);
    find(&t, CN, "quoted", &view);
    dl_entry_put_answer(
        &view, (int64_t)dl_entry_receipt_size(dl_virtual_node_agency(t.node[CN]), &view), &out);
    assert_int_equal(dl_json_parse(dl_view_of(out.p, out.n - 1), &object, NULL), DL_OK);
    const json_t *receipt = json_object_get(object, "receipt");
    assert_int_equal(json_integer_value(json_object_get(receipt, "size")), 1);
    assert_true(json_is_string(json_object_get(receipt, "time")));
    json_decref(object);
    dl_buf_fini(&out);
    dl_entry_view_fini(&view);
    end(&t);
}

static void kinds_are_asked_for_by_name(void **state)
{
    (void)state;
    struct dl_kind_filter filter;
    struct dl_error error;
    assert_int_equal(dl_kind_filter_parse(NULL, &filter, &error), DL_OK);
    assert_true(dl_kind_filter_takes(&filter, DL_KIND_ALERT));
    assert_true(dl_kind_filter_takes(&filter, DL_KIND_RETRACTION));
    assert_false(dl_kind_filter_takes(&filter, DL_KIND_MESSAGE));
    assert_int_equal(dl_kind_filter_parse("all", &filter, &error), DL_OK);
    assert_true(dl_kind_filter_takes(&filter, DL_KIND_LINE_STATE));
    assert_int_equal(dl_kind_filter_parse("message", &filter, &error), DL_OK);
    assert_true(dl_kind_filter_takes(&filter, DL_KIND_MESSAGE));
    assert_false(dl_kind_filter_takes(&filter, DL_KIND_ALERT));
    assert_int_equal(dl_kind_filter_parse("nonsense", &filter, &error), DL_E_FIELD_VALUE);
    assert_string_equal(error.field, "kind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_goes_from_queued_to_received),
        cmocka_unit_test(on_a_suspended_line_it_is_held),
        cmocka_unit_test(who_acknowledged_is_seen_until_they_withdraw),
        cmocka_unit_test(only_the_author_updates_and_retracts),
        cmocka_unit_test(an_authors_clock_that_is_off_is_flagged),
        cmocka_unit_test(a_name_means_one_entry_or_none),
        cmocka_unit_test(the_object_has_every_key),
        cmocka_unit_test(kinds_are_asked_for_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
