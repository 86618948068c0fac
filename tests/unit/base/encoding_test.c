#include "base/encoding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <time.h>

static void hex_is_written_small_and_read_in_either_case(void **state)
{
    (void)state;
    char text[9];
    uint8_t out[4];
    dl_hex_encode(dl_view_of("\x00\x9f\xaB\xff", 4), text);
    assert_string_equal(text, "009fabff");
    assert_int_equal(dl_hex_decode(dl_view_str("009FaBff"), out, 4), DL_OK);
    assert_memory_equal(out, "\x00\x9f\xaB\xff", 4);
}

static void what_is_no_hex_leaves_the_output_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {"009fabf", "009fabfff", "009fabfg", "009fab f", "0x9fabff",
                                      "",        "009fab/f",  "009fab:f", "009fab@f", "009fab`f"};
    uint8_t out[4] = {1, 2, 3, 4};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dl_hex_decode(dl_view_str(bad[i]), out, 4), DL_E_INPUT);
        assert_memory_equal(out, "\1\2\3\4", 4);
    }
}

/* RFC 4648, section 10 */
static void base64_gives_the_vectors_of_its_standard_both_ways(void **state)
{
    (void)state;
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"},
                                             {"\xfb\xff\xfe", "+//+"}};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct dl_buf out;
        dl_buf_init(&out, 64);
        dl_base64_encode(&out, dl_view_str(vectors[i][0]));
        assert_true(dl_view_is(dl_buf_view(&out), vectors[i][1]));
        dl_buf_reset(&out);
        assert_int_equal(dl_base64_decode(&out, dl_view_str(vectors[i][1])), DL_OK);
        assert_true(dl_view_is(dl_buf_view(&out), vectors[i][0]));
        dl_buf_fini(&out);
    }
}

static void base64_has_one_form_only(void **state)
{
    (void)state;
    static const char *const bad[] = {"Zg",       "Zg=",  "Z===",   "====", "Zh==", "Zm9=", "Zm9v=",
                                      "Zg==Zg==", "Zm 9", "Zm9v\n", "Zm-_", "=Zm9", "Z=m9", "Zm=9"};
    struct dl_buf out;
    dl_buf_init(&out, 64);
    dl_buf_put_str(&out, "before");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dl_base64_decode(&out, dl_view_str(bad[i])), DL_E_INPUT);
        assert_true(dl_view_is(dl_buf_view(&out), "before"));
    }
    dl_buf_fini(&out);
}

static void base64_that_does_not_fit_appends_nothing(void **state)
{
    (void)state;
    struct dl_buf out;
    dl_buf_init(&out, 5);
    assert_int_equal(dl_base64_decode(&out, dl_view_str("Zm9vYmFy")), DL_E_TOO_LARGE);
    assert_int_equal(out.n, 0);
    dl_buf_fini(&out);
}

static void a_decimal_number_has_no_sign_no_blank_no_leading_zero(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "01",
                                      "00",
                                      "1.0",
                                      "1e3",
                                      "a",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "100000000000000000000"};
    uint64_t value = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dl_decimal_decode(dl_view_str(bad[i]), UINT64_MAX, &value), DL_E_INPUT);
        assert_int_equal(value, 42);
    }
    assert_int_equal(dl_decimal_decode(dl_view_str("0"), 0, &value), DL_OK);
    assert_int_equal(value, 0);
    assert_int_equal(dl_decimal_decode(dl_view_str("18446744073709551615"), UINT64_MAX, &value),
                     DL_OK);
    assert_true(value == UINT64_MAX);
}

static void a_decimal_number_is_at_most_its_maximum(void **state)
{
    (void)state;
    static const uint64_t maxima[] = {0, 1, 9, 10, 64, 262144, (uint64_t)1 << 48, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof maxima / sizeof maxima[0]; i++) {
        struct dl_buf text;
        uint64_t value = 0;
        dl_buf_init(&text, 32);
        dl_buf_printf(&text, "%llu", (unsigned long long)maxima[i]);
        assert_int_equal(dl_decimal_decode(dl_buf_view(&text), maxima[i], &value), DL_OK);
        assert_true(value == maxima[i]);
        dl_buf_reset(&text);
        dl_buf_printf(&text, "%llu", (unsigned long long)maxima[i] + 1);
        assert_int_equal(dl_decimal_decode(dl_buf_view(&text), maxima[i], &value), DL_E_INPUT);
        dl_buf_fini(&text);
    }
}

static void times_are_those_of_the_c_library(void **state)
{
    (void)state;
    int64_t t = -62135596800000; // 0001-01-01
    while (t < 253402300800000) {
        char text[DL_TIME_TEXT];
        char expected[64];
        time_t seconds = (time_t)(t / 1000 - (t % 1000 < 0));
        struct tm parts;
        int64_t back = 0;
        assert_non_null(gmtime_r(&seconds, &parts));
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                 parts.tm_sec, (int)(t - (int64_t)seconds * 1000));
        dl_time_encode(t, text);
        assert_string_equal(text, expected);
        assert_int_equal(dl_time_decode(dl_view_str(text), &back), DL_OK);
        assert_true(back == t);
        t += 7919 * 86400000LL / 10 + 12345678;
    }
}

static void times_outside_the_calendar_are_clamped(void **state)
{
    (void)state;
    char text[DL_TIME_TEXT];
    dl_time_encode(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01T00:00:00.000Z");
    dl_time_encode(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    dl_time_encode(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void a_time_has_one_form_only(void **state)
{
    (void)state;
    static const char *const bad[] = {"2026-11-24T09:07:24Z",
                                      "2026-11-24T09:07:24.12Z",
                                      "2026-11-24T09:07:24.1234Z",
                                      "2026-11-24T09:07:24.123",
                                      "2026-11-24T09:07:24.123z",
                                      "2026-11-24t09:07:24.123Z",
                                      "2026-11-24 09:07:24.123Z",
                                      "2026-11-24T24:00:00.000Z",
                                      "2026-11-24T09:60:24.123Z",
                                      "2026-11-24T09:07:60.123Z",
                                      "2026-02-29T09:07:24.123Z",
                                      "0000-11-24T09:07:24.123Z",
                                      "2026-11-24T09:07:24,123Z",
                                      "2026-11-24T09-07-24.123Z",
                                      "+026-11-24T09:07:24.123Z",
                                      "2026-11-24T09:07:2 .123Z",
                                      ""};
    int64_t t = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dl_time_decode(dl_view_str(bad[i]), &t), DL_E_FIELD_VALUE);
        assert_int_equal(t, 42);
    }
}

static void a_date_is_a_day_that_exists(void **state)
{
    (void)state;
    static const char *const bad[] = {"2023-02-29", "1900-02-29", "2026-04-31", "2026-13-01",
                                      "2026-00-10", "2026-01-00", "2026-01-32", "0000-01-01",
                                      "2026-1-1",   "20260101",   "2026/01/01", "2026-01-01 "};
    int64_t t = 0;
    char text[DL_DATE_TEXT];
    assert_int_equal(dl_date_decode(dl_view_str("2000-02-29"), &t), DL_OK);
    assert_true(t == 951782400000);
    dl_date_encode(t + 86399999, text);
    assert_string_equal(text, "2000-02-29");
    assert_int_equal(dl_date_decode(dl_view_str("0001-01-01"), NULL), DL_OK);
    assert_int_equal(dl_date_decode(dl_view_str("9999-12-31"), NULL), DL_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dl_date_decode(dl_view_str(bad[i]), &t), DL_E_FIELD_VALUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_is_written_small_and_read_in_either_case),
        cmocka_unit_test(what_is_no_hex_leaves_the_output_alone),
        cmocka_unit_test(base64_gives_the_vectors_of_its_standard_both_ways),
        cmocka_unit_test(base64_has_one_form_only),
        cmocka_unit_test(base64_that_does_not_fit_appends_nothing),
        cmocka_unit_test(a_decimal_number_has_no_sign_no_blank_no_leading_zero),
        cmocka_unit_test(a_decimal_number_is_at_most_its_maximum),
        cmocka_unit_test(times_are_those_of_the_c_library),
        cmocka_unit_test(times_outside_the_calendar_are_clamped),
        cmocka_unit_test(a_time_has_one_form_only),
        cmocka_unit_test(a_date_is_a_day_that_exists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
