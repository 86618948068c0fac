#include "base/event.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void an_event_is_one_line_of_json(void **state)
{
    (void)state;
    struct dl_event event;
    dl_event_begin(&event, 1795511244123, "session.refused");
    dl_event_str(&event, "remote", "a\"b\n\x1B");
    dl_event_str(&event, "nothing", NULL);
    dl_event_int(&event, "least", INT64_MIN);
    dl_event_bool(&event, "yes", true);
    dl_event_raw(&event, "list", dl_view_str("[1,2]"));
    dl_event_error(&event, DL_E_CAS, NULL);
    assert_true(dl_view_is(
        dl_event_end(&event),
        "{\"time\":\"2026-11-24T09:07:24.123Z\",\"event\":\"session.refused\",\"remote\":"
        "\"a\\\"b\\n\\u001b\",\"nothing\":null,\"least\":-9223372036854775808,\"yes\":true,"
        "\"list\":[1,2],\"error\":\"E_CAS\",\"message\":\"the CAS number's check digit is wrong\"}"
        "\n"));
    dl_event_fini(&event);
}

static void octets_that_are_no_text_do_not_spoil_the_line(void **state)
{
    (void)state;
    struct dl_event event;
    json_t *json = NULL;
    dl_event_begin(&event, 0, "x");
    dl_event_view(&event, "v", dl_view_of("a\xFF\0\xC3", 4));
    assert_int_equal(dl_json_parse(dl_event_end(&event), &json, NULL), DL_E_JSON); // the NUL only
    dl_event_fini(&event);
    dl_event_begin(&event, 0, "x");
    dl_event_view(&event, "v", dl_view_of("a\xFF\xC3", 3));
    assert_int_equal(dl_json_parse(dl_event_end(&event), &json, NULL), DL_OK);
    assert_string_equal(json_string_value(json_object_get(json, "v")), "a\xEF\xBF\xBD\xEF\xBF\xBD");
    json_decref(json);
    dl_event_fini(&event);
}

static void a_value_that_does_not_fit_is_left_out_and_later_ones_stay(void **state)
{
    (void)state;
    for (size_t n = DL_EVENT_MAX - 120; n < DL_EVENT_MAX + 20; n++) {
        struct dl_event event;
        json_t *json = NULL;
        char *text = malloc(n + 1);
        memset(text, 'x', n);
        text[n] = '\0';
        dl_event_begin(&event, 0, "x");
        dl_event_str(&event, "long", text);
        dl_event_int(&event, "later", 7);
        struct dl_view line = dl_event_end(&event);
        assert_true(line.n <= DL_EVENT_MAX);
        assert_int_equal(dl_json_parse(line, &json, NULL), DL_OK);
        bool whole = json_object_get(json, "long") != NULL;
        bool later = json_object_get(json, "later") != NULL;
        assert_true(whole || later);
        assert_int_equal(json_is_true(json_object_get(json, "cut")), !(whole && later));
        json_decref(json);
        dl_event_fini(&event);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_one_line_of_json),
        cmocka_unit_test(octets_that_are_no_text_do_not_spoil_the_line),
        cmocka_unit_test(a_value_that_does_not_fit_is_left_out_and_later_ones_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
