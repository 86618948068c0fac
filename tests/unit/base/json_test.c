#include "base/json_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void assert_literal(const char *text, size_t n, const char *literal)
{
    struct dl_buf out;
    dl_buf_init(&out, 4096);
    dl_json_put_string(&out, dl_view_of(text, n));
    assert_int_equal(dl_buf_err(&out), DL_OK);
    assert_int_equal(out.n, strlen(literal));
    assert_memory_equal(out.p, literal, out.n);
    dl_buf_fini(&out);
}

static void plain_text_of_every_length_stands_as_it_is(void **state)
{
    (void)state;
    static const char text[] = "abcdefghijklmnopqrstuvwxyz !#[]~";
    char literal[64];
    for (size_t n = 0; n < sizeof text; n++) {
        literal[0] = '"';
        memcpy(literal + 1, text, n);
        memcpy(literal + 1 + n, "\"", 2);
        assert_literal(text, n, literal);
    }
}

static void what_needs_an_escape_is_escaped_wherever_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *octets, *literal;
    } pieces[] = {{"\"", "\\\""},
                  {"\\", "\\\\"},
                  {"\n", "\\n"},
                  {"\x1F", "\\u001f"},
                  {"\x7F", "\x7F"},
                  {"\xC3\xA9", "\xC3\xA9"},
                  {"\xFF", "\xEF\xBF\xBD"},
                  {"\xE8\x8A\xAC", "\xE8\x8A\xAC"}};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        for (size_t at = 0; at < 20; at++) {
            char text[64];
            char literal[64] = "\"";
            memset(text, 'x', sizeof text);
            memset(literal + 1, 'x', at);
            memcpy(text + at, pieces[i].octets, strlen(pieces[i].octets));
            strcpy(literal + 1 + at, pieces[i].literal);
            strcat(literal, "xx\"");
            assert_literal(text, at + strlen(pieces[i].octets) + 2, literal);
        }
    }
}

static enum dl_err parsed(const char *octets, size_t n, json_t **out, struct dl_error *error)
{
    *out = NULL;
    enum dl_err err = dl_json_parse(dl_view_of(octets, n), out, error);
    assert_true((err == DL_OK) == (*out != NULL));
    return err;
}

static void what_two_readers_could_read_differently_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "{}x",
                                      "{}{}",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":1,\"\\u0061\":2}",
                                      "{\"a\":{\"b\":1,\"b\":1}}",
                                      "\"\xFF\"",
                                      "\"\xC0\x80\"",
                                      "\"\xED\xA0\x80\"",
                                      "\"\\ud800\"",
                                      "\"\\udc00\\ud800\"",
                                      "\"\\u0000\"",
                                      "\"a\nb\"",
                                      "\"\\x\"",
                                      "\xEF\xBB\xBF{}",
                                      "1e999",
                                      "9223372036854775808",
                                      "01",
                                      "+1",
                                      ".5",
                                      "NaN",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "'a'",
                                      "/* */1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dl_error error;
        json_t *json = NULL;
        if (parsed(bad[i], strlen(bad[i]), &json, &error) != DL_E_JSON) {
            fail_msg("%s is taken", bad[i]);
        }
        assert_non_null(strstr(error.message, "line"));
    }
    json_t *json = NULL;
    assert_int_equal(parsed("{}\0", 3, &json, NULL), DL_E_JSON);
    assert_int_equal(parsed(NULL, 0, &json, NULL), DL_E_JSON);
}

static void any_one_value_is_read(void **state)
{
    (void)state;
    static const char *const good[] = {"null", " [1, -2] ", "\"\\ud83d\\ude00\"", "0", "{\"\":{}}"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        json_t *json = NULL;
        assert_int_equal(parsed(good[i], strlen(good[i]), &json, NULL), DL_OK);
        json_decref(json);
    }
}

static void depth_is_limited_before_anything_is_built(void **state)
{
    (void)state;
    static char deep[1000000];
    json_t *json = NULL;
    memset(deep, '[', sizeof deep);
    assert_int_equal(parsed(deep, sizeof deep, &json, NULL), DL_E_TOO_DEEP);
    for (size_t depth = 16; depth <= 17; depth++) {
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        assert_int_equal(parsed(deep, 2 * depth, &json, NULL), depth == 16 ? DL_OK : DL_E_TOO_DEEP);
        json_decref(json);
    }
    static const char quoted[] = "\"[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[\"";
    assert_int_equal(parsed(quoted, strlen(quoted), &json, NULL), DL_OK);
    json_decref(json);
}

static void a_message_about_hostile_octets_is_harmless(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x1B[2J", "{\x9B", "x\xE2\x80\xAEy", "\"\x7F\x1B\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dl_error error;
        json_t *json = NULL;
        assert_int_equal(parsed(bad[i], strlen(bad[i]), &json, &error), DL_E_JSON);
        for (const char *c = error.message; *c != '\0'; c++) {
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7F && (unsigned char)*c != 0x9B);
        }
        assert_null(strstr(error.message, "\xE2\x80\xAE"));
    }
}

static void canonical(const char *text, const char *expected)
{
    struct dl_buf out;
    json_t *json = NULL;
    dl_buf_init(&out, 4096);
    assert_int_equal(parsed(text, strlen(text), &json, NULL), DL_OK);
    assert_int_equal(dl_json_canonical(json, &out), DL_OK);
    if (!dl_view_is(dl_buf_view(&out), expected)) {
        fail_msg("%s gives %.*s", text, DL_VIEW_ARG(dl_buf_view(&out)));
    }
    json_decref(json);
    dl_buf_fini(&out);
}

/* RFC 8785, sections 3.2.1 to 3.2.4, as far as this project goes: ASCII keys, integers. */
static void the_canonical_form_is_that_of_rfc_8785(void **state)
{
    (void)state;
    canonical("{ \"b\" : [ true , false , null ] ,\n \"a\" : { } }",
              "{\"a\":{},\"b\":[true,false,null]}");
    canonical("{\"peach\":1,\"Peach\":2,\"pea\":3,\"\":4,\"1\":5,\"10\":6,\"2\":7,\"~\":8}",
              "{\"\":4,\"1\":5,\"10\":6,\"2\":7,\"Peach\":2,\"pea\":3,\"peach\":1,\"~\":8}");
    canonical("\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\"",
              "\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
    canonical("\"\\b\\t\\n\\f\\r\\u001f\\u007f\\u0080\"", "\"\\b\\t\\n\\f\\r\\u001f\x7F\xC2\x80\"");
    canonical("[9007199254740991,-9007199254740991,0,-0]",
              "[9007199254740991,-9007199254740991,0,0]");
}

static enum dl_err canonical_error(const char *text)
{
    struct dl_buf out;
    json_t *json = NULL;
    dl_buf_init(&out, 1 << 20);
    assert_int_equal(parsed(text, strlen(text), &json, NULL), DL_OK);
    enum dl_err err = dl_json_canonical(json, &out);
    json_decref(json);
    dl_buf_fini(&out);
    return err;
}

static void what_has_no_canonical_form_here_is_refused(void **state)
{
    (void)state;
    assert_int_equal(canonical_error("[1.0]"), DL_E_JSON);
    assert_int_equal(canonical_error("1e2"), DL_E_JSON);
    assert_int_equal(canonical_error("9007199254740992"), DL_E_JSON);
    assert_int_equal(canonical_error("-9007199254740992"), DL_E_JSON);
    assert_int_equal(canonical_error("{\"\xC3\xA9\":1}"), DL_E_JSON);
    assert_int_equal(canonical_error("{\"a\\n\":1}"), DL_E_JSON);
    assert_int_equal(canonical_error("{\"\\u007f\":1}"), DL_E_JSON);
    for (int n = 256; n <= 257; n++) {
        struct dl_buf text;
        dl_buf_init(&text, 65536);
        for (int i = 0; i < n; i++) {
            dl_buf_printf(&text, "%s\"k%d\":0", i == 0 ? "{" : ",", i);
        }
        dl_buf_put(&text, "}", 2);
        assert_int_equal(canonical_error((const char *)text.p), n == 256 ? DL_OK : DL_E_TOO_LARGE);
        dl_buf_fini(&text);
    }
}

static void a_member_that_is_no_text_is_an_empty_view(void **state)
{
    (void)state;
    json_t *json = NULL;
    static const char text[] = "{\"a\":\"x\",\"b\":1,\"c\":null}";
    assert_int_equal(parsed(text, strlen(text), &json, NULL), DL_OK);
    assert_true(dl_view_is(dl_json_text(json, "a"), "x"));
    assert_int_equal(dl_json_text(json, "b").n, 0);
    assert_int_equal(dl_json_text(json, "c").n, 0);
    assert_int_equal(dl_json_text(json, "d").n, 0);
    assert_int_equal(dl_json_text(NULL, "a").n, 0);
    json_decref(json);
}

/* Whether the slow way calls these octets the canonical form of their value. */
static bool is_canonical(struct dl_view text, json_t **value)
{
    struct dl_buf again;
    dl_buf_init(&again, 8 * text.n + 64);
    bool same = dl__json_parse_library(text, value, NULL) == DL_OK &&
                dl_json_canonical(*value, &again) == DL_OK &&
                dl_view_equal(dl_buf_view(&again), text);
    dl_buf_fini(&again);
    return same;
}

static bool both_say_the_same(struct dl_view text)
{
    json_t *slow = NULL;
    json_t *fast = NULL;
    bool expected = is_canonical(text, &slow);
    enum dl_err err = dl_json_parse_canonical(text, &fast);
    bool same = expected ? err == DL_OK && json_equal(slow, fast) : err == DL_E_JSON && !fast;
    if (!same) {
        print_error("%.*s: canonical %d, read %s\n", DL_VIEW_ARG(text), expected, dl_err_code(err));
    }
    json_t *plain = NULL;
    err = dl_json_parse(text, &plain, NULL);
    if ((err == DL_OK) != (slow != NULL) || (slow != NULL && !json_equal(slow, plain))) {
        print_error("%.*s: the library and the reader differ\n", DL_VIEW_ARG(text));
        same = false;
    }
    json_decref(plain);
    json_decref(slow);
    json_decref(fast);
    return same;
}

/* Every octet of these replaced by every other, left out, and doubled; every prefix. */
static void what_is_read_as_canonical_is_what_would_be_written(void **state)
{
    (void)state;
    enum { CANONICAL = 5 };
    static const char *const texts[] = {
        "{\"\":[],\"a\":{\"b\":-12,\"c\":9007199254740991},\"a\\\"\":1,\"a\\\\\":true,\"b\":{}}",
        "[\"\\b\\t\\n\\f\\r\\u0001\\u001f\\\\\\\"\x7F\xC3\xA9\xE8\x8A\xAC\xF0\x9F\x98\x80\",null,"
        "false,0]",
        "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
        "-9007199254740991",
        "\"\"",
        " { \"b\" : [ 1 , -2.5e3,\t\"x\" ] ,\r\n\"a\" : { \"c\":null, \"b\":[ ] } , \"\":{ } } ",
        "[\"\\/\\u00e9\\ud83d\\ude00\", -0, 12345678901234567890]"};
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        size_t n = strlen(texts[t]);
        char other[256];
        json_t *value = NULL;
        assert_int_equal(is_canonical(dl_view_str(texts[t]), &value), t < CANONICAL);
        json_decref(value);
        for (size_t i = 0; i < n; i++) {
            memcpy(other, texts[t], n);
            assert_true(both_say_the_same(dl_view_of(other, i)));
            for (int c = 0; c < 256; c++) {
                other[i] = (char)c;
                assert_true(both_say_the_same(dl_view_of(other, n)));
            }
            memcpy(other + i, texts[t] + i + 1, n - i - 1);
            assert_true(both_say_the_same(dl_view_of(other, n - 1)));
            memcpy(other + i, texts[t] + i, 1);
            memcpy(other + i + 1, texts[t] + i, n - i);
            assert_true(both_say_the_same(dl_view_of(other, n + 1)));
        }
        assert_true(both_say_the_same(dl_view_of(texts[t], n)));
    }
}

static void canonical_reading_has_the_limits_of_writing(void **state)
{
    (void)state;
    json_t *nothing = NULL;
    assert_int_equal(dl_json_parse_canonical(dl_view_of(NULL, 0), &nothing), DL_E_JSON);
    assert_int_equal(dl_json_parse(dl_view_of(NULL, 0), &nothing, NULL), DL_E_JSON);
    static const char *const texts[] = {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
                                        "9007199254740992",
                                        "-9007199254740992",
                                        "18446744073709551616",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"\xC3\xA9\":1}",
                                        "{\"a\\n\":1}",
                                        "{\"\x7F\":1}",
                                        "[1.0]",
                                        "1e2"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *value = NULL;
        assert_int_equal(dl_json_parse_canonical(dl_view_str(texts[i]), &value), DL_E_JSON);
        assert_null(value);
        assert_true(both_say_the_same(dl_view_str(texts[i])));
    }
    for (int n = 256; n <= 257; n++) {
        struct dl_buf text;
        dl_buf_init(&text, 65536);
        for (int i = 0; i < n; i++) {
            dl_buf_printf(&text, "%s\"k%03d\":0", i == 0 ? "{" : ",", i);
        }
        dl_buf_u8(&text, '}');
        json_t *value = NULL;
        assert_int_equal(dl_json_parse_canonical(dl_buf_view(&text), &value),
                         n == 256 ? DL_OK : DL_E_JSON);
        json_decref(value);
        dl_buf_fini(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_of_every_length_stands_as_it_is),
        cmocka_unit_test(what_needs_an_escape_is_escaped_wherever_it_stands),
        cmocka_unit_test(what_two_readers_could_read_differently_is_refused),
        cmocka_unit_test(any_one_value_is_read),
        cmocka_unit_test(depth_is_limited_before_anything_is_built),
        cmocka_unit_test(a_message_about_hostile_octets_is_harmless),
        cmocka_unit_test(the_canonical_form_is_that_of_rfc_8785),
        cmocka_unit_test(what_has_no_canonical_form_here_is_refused),
        cmocka_unit_test(what_is_read_as_canonical_is_what_would_be_written),
        cmocka_unit_test(canonical_reading_has_the_limits_of_writing),
        cmocka_unit_test(a_member_that_is_no_text_is_an_empty_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
