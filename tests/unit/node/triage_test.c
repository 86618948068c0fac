/* Triage in a virtual world: two whole nodes on the shipped registry, without a structure worker,
 * from the same seed the same to the octet. */
#include "base/json.h"
#include "node/entry_view.h"
#include "node/triage.h"
#include "node/virtual_node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FENTANYL "PJMPHNIQZUBGLI-UHFFFAOYSA-N"
#define REGISTRY DL_BUILD_DIR "/registry.db"

static const int64_t midsummer_2024 = 1719273600000; /* 2024-06-25 */

static struct dl_virtual *virtual;
static struct dl_virtual_node *node[2];
static struct dl_entry_view view;
static struct dl_buf said;

static void run(uint64_t ms)
{
    dl_virtual_run_until(virtual, dl_virtual_elapsed(virtual) + ms);
}

static void start(int which)
{
    struct dl_error error;
    assert_int_equal(dl_virtual_node_start(node[which], &error), DL_OK);
}

static void open_world(const char *registry)
{
    static const char *const ids[2] = {"cn", "us"};
    virtual = dl_virtual_new(7, midsummer_2024);
    for (int i = 0; i < 2; i++) {
        struct dl_virtual_node_config config = {.virtual = virtual,
                                                .agency = ids[i],
                                                .jurisdiction = i == 0 ? "CN" : "US",
                                                .realm = "directline-exercise/triage",
                                                .marking = DL_MARKING_EXERCISE,
                                                .registry_path = registry};
        node[i] = dl_virtual_node_new(&config);
        start(i);
    }
    dl_virtual_node_pair(node[0], node[1]);
    run(5000);
    dl_entry_view_init(&view);
    dl_buf_init(&said, 65536);
}

static void close_world(void)
{
    dl_entry_view_fini(&view);
    dl_buf_fini(&said);
    for (int i = 0; i < 2; i++) {
        dl_virtual_node_free(&node[i]);
    }
    dl_virtual_free(&virtual);
}

/* Submits an alert of cn to us; it is durable there, and not delivered, when this returns. */
static void send_alert(const char *id, const char *substance)
{
    struct dl_agency *agency = dl_virtual_node_agency(node[0]);
    char text[1024];
    json_t *content = NULL;
    struct dl_submitted submitted;
    struct dl_error error = {0};
    (void)snprintf(text, sizeof text, "{\"headline\":\"test\",\"substance\":%s}", substance);
    assert_int_equal(dl_json_parse(dl_view_str(text), &content, NULL), DL_OK);
    struct dl_order order = {.kind = DL_KIND_ALERT, .id = id, .content = content};
    assert_int_equal(
        dl_agency_submit(agency, dl_agency_peer(agency, "us"), &order, &submitted, &error), DL_OK);
    assert_int_equal(dl_agency_turn(agency), DL_OK);
    json_decref(content);
}

/* What is pinned to an entry: in `said`, empty where nothing is yet. */
static void look(int which, const char *id)
{
    struct dl_agency *agency = dl_virtual_node_agency(node[which]);
    struct dl_error error;
    char name[80];
    bool found = false;
    (void)snprintf(name, sizeof name, "cn/%s", id);
    assert_int_equal(dl_entry_find(agency, name, &view, &error), DL_OK);
    dl_buf_reset(&said);
    assert_int_equal(dl_triage_json(agency, view.cursor, &said, &found), DL_OK);
    assert_int_equal(found, said.n > 0);
    dl_buf_u8(&said, 0);
}

static bool has(const char *words)
{
    return strstr((const char *)said.p, words) != NULL;
}

static bool flagged(const char *words)
{
    for (size_t i = 0; i < view.n_flags; i++) {
        if (strstr(view.flags[i], words) != NULL) {
            return true;
        }
    }
    return false;
}

static void both_sides_pin_the_law_of_their_day(void **state)
{
    (void)state;
    open_world(REGISTRY);
    send_alert("a", "{\"names\":[{\"lang\":\"en\",\"name\":\"Brorphine\"}]}");
    run(2000);
    for (int i = 0; i < 2; i++) {
        look(i, "a");
        assert_true(has("\"law\":{\"on\":\"2024-06-25\""));
        assert_true(has("{\"jurisdiction\":\"CN\",\"status\":\"announced\""));
        assert_true(has("\"state\":\"done\",\"missing\":null,\"time\":\"2024-06-25T"));
        assert_int_equal(view.n_flags, 0);
    }
    close_world();
}

static void delivery_comes_first(void **state)
{
    (void)state;
    open_world(REGISTRY);
    send_alert("a", "{\"inchikey\":\"" FENTANYL "\"}");
    run(20); /* received, not looked at */
    look(1, "a");
    assert_string_equal(view.state, "received");
    assert_false(has("law"));
    run(900); /* nor while more may come at once */
    look(1, "a");
    assert_false(has("law"));
    run(300);
    look(1, "a");
    assert_true(has("\"substance\":\"" FENTANYL "\""));
    close_world();
}

/* A stream without a second's rest is looked at all the same, half a minute later. */
static void a_stream_is_not_waited_out(void **state)
{
    (void)state;
    open_world(REGISTRY);
    for (int i = 0; i < 40; i++) {
        char id[8];
        snprintf(id, sizeof id, "s%d", i);
        send_alert(id, "{\"inchikey\":\"" FENTANYL "\"}");
        run(900);
        if (i == 20) {
            look(1, "s0");
            assert_false(has("law"));
        }
    }
    look(1, "s0");
    assert_true(has("law"));
    look(1, "s30");
    assert_true(has("law"));
    close_world();
}

static void what_contradicts_itself_is_flagged_and_not_corrected(void **state)
{
    (void)state;
    open_world(REGISTRY);
    send_alert("a", "{\"inchikey\":\"" FENTANYL "\",\"cas\":\"95958-84-2\"}");
    send_alert("b", "{\"inchikey\":\"" FENTANYL "\",\"cas\":\"437-38-7\"}");
    run(2000);
    look(1, "a");
    assert_int_equal(view.n_flags, 1);
    assert_true(flagged("contradiction: CAS number 95958-84-2 is that of Protonitazene"));
    assert_true(
        dl_view_is(dl_json_text(json_object_get(view.content, "substance"), "cas"), "95958-84-2"));
    look(1, "b");
    assert_int_equal(view.n_flags, 0);
    close_world();
}

static void earlier_alerts_are_named_the_same_substance_before_the_same_skeleton(void **state)
{
    (void)state;
    open_world(REGISTRY);
    send_alert("s", "{\"inchikey\":\"MYWUZJCMWCOHBA-VIFPVBQESA-N\"}");
    send_alert("f", "{\"inchikey\":\"" FENTANYL "\"}");
    send_alert("r1", "{\"inchikey\":\"MYWUZJCMWCOHBA-SECBINFHSA-N\"}");
    send_alert("r2", "{\"inchikey\":\"MYWUZJCMWCOHBA-SECBINFHSA-N\"}");
    run(2000);
    look(1, "f");
    assert_true(has("\"earlier\":[]"));
    look(1, "r1");
    assert_true(has("\"earlier\":[{\"alert\":\"cn/s\",\"time\":\"2024-06-25T"));
    assert_true(has("\"same\":\"skeleton\"}]"));
    look(1, "r2");
    const char *same = strstr((const char *)said.p, "\"alert\":\"cn/r1\"");
    const char *skeleton = strstr((const char *)said.p, "\"alert\":\"cn/s\"");
    assert_true(same != NULL && skeleton != NULL && same < skeleton);
    assert_false(has("cn/f"));
    close_world();
}

static void a_crash_before_it_leaves_it_for_the_next_start_as_of_the_same_moment(void **state)
{
    (void)state;
    open_world(REGISTRY);
    send_alert("a", "{\"names\":[{\"lang\":\"en\",\"name\":\"Brorphine\"}]}");
    run(20);
    look(1, "a");
    assert_string_equal(view.state, "received");
    assert_false(has("law"));
    dl_virtual_node_cut_power(node[1]);
    run((uint64_t)10 * 86400 * 1000); /* the law comes into force meanwhile */
    start(1);
    run(2000);
    look(1, "a");
    assert_true(has("\"law\":{\"on\":\"2024-06-25\""));
    assert_true(has("{\"jurisdiction\":\"CN\",\"status\":\"announced\""));
    assert_true(flagged("law: CN announced > controlled non-pharmaceutical (2024-07-05)"));
    close_world();
}

static void what_is_pinned_survives_and_is_computed_once(void **state)
{
    (void)state;
    char before[65536];
    open_world(REGISTRY);
    send_alert("a", "{\"inchikey\":\"" FENTANYL "\",\"cas\":\"95958-84-2\"}");
    run(2000);
    look(1, "a");
    memcpy(before, said.p, said.n);
    dl_virtual_node_kill(node[1]);
    run((uint64_t)3 * 86400 * 1000);
    start(1);
    run(2000);
    look(1, "a");
    assert_string_equal(before, (const char *)said.p);
    assert_int_equal(view.n_flags, 1);
    close_world();
}

static void a_day_on_which_the_law_changes_is_noted_once(void **state)
{
    (void)state;
    open_world(REGISTRY);
    send_alert("a", "{\"names\":[{\"lang\":\"en\",\"name\":\"Brorphine\"}]}");
    send_alert("b", "{\"inchikey\":\"" FENTANYL "\"}");
    run((uint64_t)5 * 86400 * 1000);
    look(0, "a");
    assert_int_equal(view.n_flags, 0);
    run((uint64_t)5 * 86400 * 1000);
    for (int i = 0; i < 2; i++) {
        look(i, "a");
        assert_int_equal(view.n_flags, 1);
        assert_true(flagged("law: CN announced > controlled non-pharmaceutical (2024-07-01)"));
        assert_true(has("{\"jurisdiction\":\"CN\",\"status\":\"announced\"")); /* pinned */
        look(i, "b");
        assert_int_equal(view.n_flags, 0);
    }
    close_world();
}

static void count(void *context, size_t flagged_now)
{
    *(size_t *)context += 1 + flagged_now;
}

static void who_screens_is_told_once(void **state)
{
    (void)state;
    size_t told = 0;
    size_t forgotten = 0;
    open_world(REGISTRY);
    send_alert("a", "{\"inchikey\":\"" FENTANYL "\"}");
    run(2000);
    dl_triage_screen(dl_virtual_node_agency(node[0]), count, &told);
    dl_triage_screen(dl_virtual_node_agency(node[0]), count, &forgotten);
    dl_triage_forget(dl_virtual_node_agency(node[0]), &forgotten);
    assert_int_equal(told, 0);
    run(2000);
    assert_int_equal(told, 1); /* and nothing was flagged */
    assert_int_equal(forgotten, 0);
    close_world();
}

static void without_a_registry_there_is_no_triage(void **state)
{
    (void)state;
    size_t told = 0;
    open_world(NULL);
    send_alert("a", "{\"inchikey\":\"" FENTANYL "\",\"cas\":\"95958-84-2\"}");
    run(5000);
    look(1, "a");
    assert_string_equal(view.state, "received");
    assert_false(has("law"));
    assert_int_equal(view.n_flags, 0);
    dl_triage_screen(dl_virtual_node_agency(node[0]), count, &told);
    assert_int_equal(told, 1);
    close_world();
}

static void a_structure_is_left_out_where_there_is_no_worker_by_design(void **state)
{
    (void)state;
    open_world(REGISTRY);
    send_alert("a", "{\"smiles\":\"CCO\",\"inchikey\":\"" FENTANYL "\"}");
    run(2000);
    look(1, "a");
    assert_true(has("\"state\":\"done\""));
    assert_true(has("\"rules\":[]"));
    assert_int_equal(view.n_flags, 0);
    close_world();
}

static void what_says_nothing_that_can_be_asked_has_no_law_of_another(void **state)
{
    (void)state;
    open_world(REGISTRY);
    send_alert("a", "{\"inchikey\":\"" FENTANYL "\"}");
    send_alert("b", "{\"smiles\":\"CCO\"}");
    run(2000);
    look(1, "a");
    assert_true(has("\"jurisdiction\":\"US\",\"status\":\"controlled\""));
    look(1, "b");
    assert_true(has("\"substance\":null,\"rules\":[],\"answers\":[]"));
    assert_true(has("\"similar\":[],\"earlier\":[]"));
    close_world();
}

static void it_is_told_in_words(void **state)
{
    (void)state;
    struct dl_buf out;
    dl_buf_init(&out, 65536);
    open_world(REGISTRY);
    send_alert("a", "{\"inchikey\":\"" FENTANYL "\"}");
    send_alert("b", "{\"inchikey\":\"" FENTANYL "\"}");
    run(2000);
    look(1, "b");
    dl_triage_put_text(dl_view_of(said.p, said.n - 1), false, 400, &out);
    dl_buf_u8(&out, 0);
    assert_non_null(strstr((const char *)out.p, "    law: 2024-06-25, registry "));
    assert_non_null(strstr((const char *)out.p, "US controlled II"));
    assert_non_null(
        strstr((const char *)out.p, "earlier alerts: cn/a (same substance, 2024-06-25)"));
    dl_buf_reset(&out);
    dl_triage_put_text(dl_view_of(said.p, said.n - 1), true, 400, &out);
    dl_buf_u8(&out, 0);
    assert_non_null(strstr((const char *)out.p, "US 管制 II"));
    close_world();
    dl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_pin_the_law_of_their_day),
        cmocka_unit_test(delivery_comes_first),
        cmocka_unit_test(a_stream_is_not_waited_out),
        cmocka_unit_test(what_contradicts_itself_is_flagged_and_not_corrected),
        cmocka_unit_test(earlier_alerts_are_named_the_same_substance_before_the_same_skeleton),
        cmocka_unit_test(a_crash_before_it_leaves_it_for_the_next_start_as_of_the_same_moment),
        cmocka_unit_test(what_is_pinned_survives_and_is_computed_once),
        cmocka_unit_test(a_day_on_which_the_law_changes_is_noted_once),
        cmocka_unit_test(who_screens_is_told_once),
        cmocka_unit_test(without_a_registry_there_is_no_triage),
        cmocka_unit_test(a_structure_is_left_out_where_there_is_no_worker_by_design),
        cmocka_unit_test(what_says_nothing_that_can_be_asked_has_no_law_of_another),
        cmocka_unit_test(it_is_told_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
