#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static enum dl_err check(const char *text, enum dl_text_kind kind)
{
    return dl_text_check(dl_view_str(text), kind, NULL);
}

/* Every sequence of one to three octets, and the edges of four, against a slow decoder. */
static int32_t slow(const uint8_t *p, size_t n)
{
    if (n == 1) {
        return p[0] < 0x80 ? p[0] : -1;
    }
    for (size_t i = 1; i < n; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF) {
            return -1;
        }
    }
    if (n == 2 && p[0] >= 0xC2 && p[0] <= 0xDF) {
        return (p[0] - 0xC0) * 64 + (p[1] - 0x80);
    }
    if (n == 3 && p[0] >= 0xE0 && p[0] <= 0xEF) {
        int32_t c = (p[0] - 0xE0) * 4096 + (p[1] - 0x80) * 64 + (p[2] - 0x80);
        return c < 0x800 || (c >= 0xD800 && c <= 0xDFFF) ? -1 : c;
    }
    if (n == 4 && p[0] >= 0xF0 && p[0] <= 0xF4) {
        int32_t c =
            (p[0] - 0xF0) * 262144 + (p[1] - 0x80) * 4096 + (p[2] - 0x80) * 64 + (p[3] - 0x80);
        return c < 0x10000 || c > 0x10FFFF ? -1 : c;
    }
    return -1;
}

static void every_short_sequence_decodes_as_unicode_says(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < 0x1000000; v += v < 0x10000 ? 1 : 37) {
        uint8_t p[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        for (size_t from = 0; from < 3; from++) {
            size_t n = 0;
            int32_t got = dl_text_decode(dl_view_of(p + from, 3 - from), &n);
            size_t want = p[from] < 0xC0 ? 1 : p[from] < 0xE0 ? 2 : p[from] < 0xF0 ? 3 : 4;
            int32_t expected = want <= 3 - from ? slow(p + from, want) : -1;
            assert_int_equal(got, expected);
            assert_int_equal(n, expected < 0 ? 1 : want);
        }
    }
}

static void four_octets_decode_at_their_edges(void **state)
{
    (void)state;
    for (uint32_t lead = 0xEF; lead <= 0xFF; lead++) {
        for (uint32_t second = 0x70; second <= 0xC8; second++) {
            for (uint32_t last = 0x7F; last <= 0xC0; last += 0x41) {
                uint8_t p[4] = {(uint8_t)lead, (uint8_t)second, 0xBF, (uint8_t)last};
                size_t n = 0;
                size_t want = lead < 0xF0 ? 3 : 4;
                assert_int_equal(dl_text_decode(dl_view_of(p, 4), &n), slow(p, want));
            }
        }
    }
}

static void no_text_holds_controls_noncharacters_or_a_byte_order_mark(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x01",
                                      "\x1F",
                                      "\x7F",
                                      "\xC2\x80",
                                      "\xC2\x85",
                                      "\xC2\x9F",
                                      "\r",
                                      "\xEF\xBB\xBF",
                                      "\xEF\xB7\x90",
                                      "\xEF\xB7\xAF",
                                      "\xEF\xBF\xBE",
                                      "\xEF\xBF\xBF",
                                      "\xF0\x9F\xBF\xBE",
                                      "\xF4\x8F\xBF\xBF",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\x80",
                                      "\xFF",
                                      "\xE8\x8A"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (int kind = DL_TEXT_NAME; kind <= DL_TEXT_LONG; kind++) {
            char text[16] = "ab";
            size_t at = 99;
            memcpy(text + 2, bad[i], strlen(bad[i]) + 1);
            assert_int_equal(dl_text_check(dl_view_str(text), (enum dl_text_kind)kind, &at),
                             DL_E_TEXT);
            assert_int_equal(at, 2);
        }
    }
    assert_int_equal(dl_text_check(dl_view_of("a\0b", 3), DL_TEXT_LONG, NULL), DL_E_TEXT);
}

static void what_stands_beside_the_forbidden_is_allowed(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       " ",
                                       "~",
                                       "\xC2\xA0",
                                       "\xEF\xB7\x8F",
                                       "\xEF\xB7\xB0",
                                       "\xEF\xBF\xBD",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xF4\x8F\xBF\xBD",
                                       "\xE2\x80\x8D",
                                       "\xE2\x81\xA5",
                                       "\xE2\x81\xAA",
                                       "\xE2\x80\xAF",
                                       "\xE2\x80\xA9",
                                       "\xD8\x9B",
                                       "\xD8\x9D",
                                       "芬太尼"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(check(good[i], DL_TEXT_NAME), DL_OK);
    }
}

static void line_breaks_and_tabs_are_for_long_text_only(void **state)
{
    (void)state;
    assert_int_equal(check("a\nb\tc", DL_TEXT_LONG), DL_OK);
    assert_int_equal(check("a\nb", DL_TEXT_LINE), DL_E_TEXT);
    assert_int_equal(check("a\tb", DL_TEXT_NAME), DL_E_TEXT);
}

static void direction_controls_are_refused_in_names_only(void **state)
{
    (void)state;
    static const int32_t controls[] = {0x061C, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C,
                                       0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069};
    size_t found = 0;
    for (int32_t c = 0; c <= 0x10FFFF; c++) {
        found += dl_text_is_bidi_control(c);
    }
    assert_int_equal(found, sizeof controls / sizeof controls[0]);
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        int32_t c = controls[i];
        char text[4] = {0};
        if (c < 0x800) {
            text[0] = (char)(0xC0 | c >> 6);
            text[1] = (char)(0x80 | (c & 63));
        } else {
            text[0] = (char)(0xE0 | c >> 12);
            text[1] = (char)(0x80 | (c >> 6 & 63));
            text[2] = (char)(0x80 | (c & 63));
        }
        assert_true(dl_text_is_bidi_control(c));
        assert_int_equal(check(text, DL_TEXT_NAME), DL_E_TEXT);
        assert_int_equal(check(text, DL_TEXT_LINE), DL_OK);
        assert_int_equal(check(text, DL_TEXT_LONG), DL_OK);
    }
}

static void length_counts_characters_not_octets(void **state)
{
    (void)state;
    assert_int_equal(dl_text_length(dl_view_str("")), 0);
    assert_int_equal(dl_text_length(dl_view_str("a芬\xF0\x9F\x92\x8A\xC3\xA9")), 4);
}

static void shown(const char *text, bool one_line, const char *expected)
{
    struct dl_buf out;
    dl_buf_init(&out, 256);
    dl_text_show(&out, dl_view_str(text), one_line);
    assert_true(dl_view_is(dl_buf_view(&out), expected));
    dl_buf_fini(&out);
}

static void doubtful_characters_are_shown_by_their_number(void **state)
{
    (void)state;
    shown("a\xE2\x80\xAE"
          "b",
          false, "a<U+202E>b");
    shown("\x1B[2J", false, "<U+001B>[2J");
    shown("a\xFF\xC3", false, "a<0xFF><0xC3>");
    shown("\xC2\x9B\x7F\r", false, "<U+009B><U+007F><U+000D>");
    shown("\xEF\xBB\xBF", false, "<U+FEFF>");
    shown("a\nb\tc", false, "a\nb\tc");
    shown("a\nb\tc", true, "a<U+000A>b<U+0009>c");
    shown("芬太尼 é", true, "芬太尼 é");
}

static void an_agency_id_has_its_form(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",    "c",   "Cn",  "1n",        "-n",
        "c_n", "c.n", "cn ", "c\xC3\xA9", "abcdefghijklmnopqrstuvwxyz0123456"};
    assert_true(dl_text_is_agency(dl_view_str("cn")));
    assert_true(dl_text_is_agency(dl_view_str("a-9")));
    assert_true(dl_text_is_agency(dl_view_str("abcdefghijklmnopqrstuvwxyz012345")));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(dl_text_is_agency(dl_view_str(bad[i])));
    }
}

static void an_entry_id_has_its_form(void **state)
{
    (void)state;
    char longest[66];
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    memset(longest, 'a', sizeof longest);
    assert_true(dl_text_is_entry_id(dl_view_of(longest, 64)));
    assert_false(dl_text_is_entry_id(dl_view_of(longest, 65)));
    assert_false(dl_text_is_entry_id(dl_view_of(longest, 0)));
    for (int c = 0; c < 256; c++) {
        uint8_t octet = (uint8_t)c;
        bool expected = c != 0 && strchr(allowed, c) != NULL;
        assert_int_equal(dl_text_is_entry_id(dl_view_of(&octet, 1)), expected);
    }
}

static void markup_is_escaped_and_nothing_else(void **state)
{
    (void)state;
    struct dl_buf out;
    dl_buf_init(&out, 256);
    dl_text_put_markup(&out, dl_view_str("<a href=\"x\">α & 芬太尼</a>"));
    assert_true(
        dl_view_is(dl_buf_view(&out), "&lt;a href=&quot;x&quot;&gt;α &amp; 芬太尼&lt;/a&gt;"));
    dl_buf_fini(&out);
}

static void letters_that_differ_are_counted(void **state)
{
    (void)state;
    assert_int_equal(dl_text_distance("", ""), 0);
    assert_int_equal(dl_text_distance("status", "status"), 0);
    assert_int_equal(dl_text_distance("kitten", "sitting"), 3);
    assert_int_equal(dl_text_distance("", "abc"), 3);
    assert_int_equal(dl_text_distance("abc", ""), 3);
    assert_int_equal(dl_text_distance("First-Detected", "first_detected"), 0);
    char word[49] = {0};
    memset(word, 'a', 48);
    assert_true(dl_text_distance(word, word) == SIZE_MAX);
    word[47] = '\0';
    assert_int_equal(dl_text_distance(word, word), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_sequence_decodes_as_unicode_says),
        cmocka_unit_test(four_octets_decode_at_their_edges),
        cmocka_unit_test(no_text_holds_controls_noncharacters_or_a_byte_order_mark),
        cmocka_unit_test(what_stands_beside_the_forbidden_is_allowed),
        cmocka_unit_test(line_breaks_and_tabs_are_for_long_text_only),
        cmocka_unit_test(direction_controls_are_refused_in_names_only),
        cmocka_unit_test(length_counts_characters_not_octets),
        cmocka_unit_test(doubtful_characters_are_shown_by_their_number),
        cmocka_unit_test(an_agency_id_has_its_form),
        cmocka_unit_test(an_entry_id_has_its_form),
        cmocka_unit_test(letters_that_differ_are_counted),
        cmocka_unit_test(markup_is_escaped_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
