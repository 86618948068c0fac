#include "protocol/alert_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char alert[] =
    "{\"headline\":\"Protonitazene in tablets\",\"urgency\":\"immediate\",\"substance\":{"
    "\"names\":[{\"lang\":\"en\",\"name\":\"Protonitazene\"},{\"lang\":\"zh\",\"name\":"
    "\"丙托尼秦\"}],"
    "\"cas\":\"95958-84-2\",\"inchikey\":\"SJHUJFHOXYDSJY-UHFFFAOYSA-N\",\"smiles\":\"CCCO\","
    "\"formula\":\"C23H30ClO3\"},\"methods\":[\"GC-MS\",\"NMR\"],\"first_detected\":\"2026-11\","
    "\"text\":{\"en\":\"One.\\nHeadline: false\"}}";

static json_t *parsed(const char *text)
{
    json_t *out = NULL;
    assert_int_equal(dl_json_parse(dl_view_str(text), &out, NULL), DL_OK);
    return out;
}

/* Free it. */
static char *ended(struct dl_buf *out)
{
    assert_int_equal(dl_buf_err(out), DL_OK);
    char *text = strndup((const char *)out->p, out->n);
    dl_buf_fini(out);
    return text;
}

static char *shown(const char *content, bool zh)
{
    struct dl_buf out;
    json_t *json = parsed(content);
    dl_buf_init(&out, 65536);
    dl_content_show(&out, json, zh);
    json_decref(json);
    return ended(&out);
}

static char *aloud(const char *content, enum dl_marking marking, bool zh)
{
    struct dl_buf out;
    struct dl_leaf leaf = {.id = dl_view_str("a-7.K"),
                           .kind_name = dl_view_str("alert"),
                           .kind = DL_KIND_ALERT,
                           .marking = marking,
                           .time_ms = 1795511244123};
    json_t *json = parsed(content);
    struct dl_aloud what = {dl_view_str("cn"), &leaf, json, dl_view_str(content)};
    dl_buf_init(&out, 65536);
    dl_entry_read_aloud(&out, &what, zh);
    json_decref(json);
    return ended(&out);
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, text);
    }
}

static void has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        fail_msg("\"%s\" is in:\n%s", part, text);
    }
}

static void a_content_is_shown_with_english_labels_in_reading_order(void **state)
{
    (void)state;
    char *text = shown(alert, false);
    has(text,
        "  Headline: Protonitazene in tablets\n  Urgency: immediate\n  Substance:\n"
        "    Name: Protonitazene (en)\n    Name: 丙托尼秦 (zh)\n    CAS number: 95958-84-2\n");
    has(text, "  Method: GC-MS\n  Method: NMR\n");
    free(text);
}

static void a_content_is_shown_with_chinese_labels_and_words(void **state)
{
    (void)state;
    char *text = shown(alert, true);
    has(text, "  标题：Protonitazene in tablets\n  紧急程度：特急\n");
    has_not(text, "immediate");
    free(text);
}

static void a_line_of_long_text_cannot_pass_for_a_field(void **state)
{
    (void)state;
    char *text = shown(alert, false);
    has(text, "English:\n      | One.\n      | Headline: false\n");
    has_not(text, "\nHeadline");
    has_not(text, "\n  Headline: false");
    free(text);
}

static void doubtful_characters_are_shown_not_sent_to_the_terminal(void **state)
{
    (void)state;
    char *text = shown("{\"text\":{\"en\":\"a\xE2\x80\xAE\\u001b[2J\\nb\"},"
                       "\"k\xE2\x80\xAEy\":\"v\\rw\"}",
                       false);
    has(text, "| a<U+202E><U+001B>[2J\n");
    has(text, "k<U+202E>y: v<U+000D>w\n");
    has_not(text, "\xE2\x80\xAE");
    free(text);
}

static void fields_of_later_versions_are_shown_under_their_own_names(void **state)
{
    (void)state;
    char *text =
        shown("{\"zeta\":[[1,true],null],\"headline\":\"h\",\"alpha\":{\"beta\":false}}", false);
    has(text, "  Headline: h\n");
    has(text, "  zeta: 1\n  zeta: yes\n  zeta: none\n");
    has(text, "    beta: no\n");
    free(text);
}

static void identifiers_are_spelled_and_prose_is_not(void **state)
{
    (void)state;
    char *text = aloud(alert, DL_MARKING_ACTUAL, false);
    has(text, "CAS number: nine five nine five, eight dash eight four, dash two  (95958-84-2)\n");
    has(text, "InChIKey: Sierra Juliett Hotel Uniform, Juliett Foxtrot");
    has(text, "Formula: Charlie two three Hotel, three zero Charlie small Lima, Oscar three");
    has(text, "Entry: small Alfa dash seven point, Kilo  (a-7.K)\n");
    has(text, "Headline: Protonitazene in tablets\n");
    free(text);
}

static void smiles_and_long_texts_are_left_to_the_check_words(void **state)
{
    (void)state;
    char *text = aloud(alert, DL_MARKING_ACTUAL, false);
    has_not(text, "CCCO");
    has_not(text, "One.");
    free(text);
}

static void every_line_has_a_number_one_higher_than_the_line_before(void **state)
{
    (void)state;
    char *text = aloud(alert, DL_MARKING_ACTUAL, false);
    char *rest = strchr(text, '\n') + 1;
    long expected = 1;
    while (strstr(rest, ". ") != NULL && rest[0] == ' ') {
        char *end = NULL;
        assert_int_equal(strtol(rest, &end, 10), expected++);
        assert_memory_equal(end, ". ", 2);
        rest = strchr(rest, '\n') + 1;
    }
    assert_int_equal(expected, 17); // five of the head, ten of the content, the check words
    free(text);
}

static void only_an_exercise_says_exercise_three_times(void **state)
{
    (void)state;
    char *text = aloud(alert, DL_MARKING_EXERCISE, false);
    has(text, "  1. Marking: exercise, exercise, exercise\n");
    free(text);
    text = aloud(alert, DL_MARKING_EXERCISE, true);
    has(text, "  1. 标识：演习, 演习, 演习\n");
    free(text);
    text = aloud(alert, DL_MARKING_ACTUAL, false);
    has(text, "  1. Marking: actual\n");
    has_not(text, "exercise");
    free(text);
}

static void check_words_are_those_of_the_first_octets_of_the_hash(void **state)
{
    (void)state;
    const char *words[DL_CHECK_WORDS];
    /* SHA-256("abc") begins ba7816bf8f01cfea (FIPS 180-4); the words stand at those places */
    static const uint8_t octets[8] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
    static const char *const list[256] = {
#include "protocol/check_words.def"
    };
    dl_check_words(dl_view_str("abc"), words);
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal(words[i], list[octets[i]]);
    }
}

static void another_content_has_other_check_words(void **state)
{
    (void)state;
    const char *one[DL_CHECK_WORDS];
    const char *two[DL_CHECK_WORDS];
    size_t same = 0;
    dl_check_words(dl_view_str("{\"a\":1}"), one);
    dl_check_words(dl_view_str("{\"a\":2}"), two);
    for (size_t i = 0; i < DL_CHECK_WORDS; i++) {
        same += strcmp(one[i], two[i]) == 0;
    }
    assert_true(same < DL_CHECK_WORDS);
}

static void no_two_check_words_begin_alike(void **state)
{
    (void)state;
    static const char *const list[256] = {
#include "protocol/check_words.def"
    };
    for (size_t i = 0; i < 256; i++) {
        assert_in_range(strlen(list[i]), 3, 8);
        for (size_t k = 0; k < i; k++) {
            assert_true(strncmp(list[k], list[i], 3) < 0); // in order, and never the same
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_content_is_shown_with_english_labels_in_reading_order),
        cmocka_unit_test(a_content_is_shown_with_chinese_labels_and_words),
        cmocka_unit_test(a_line_of_long_text_cannot_pass_for_a_field),
        cmocka_unit_test(doubtful_characters_are_shown_not_sent_to_the_terminal),
        cmocka_unit_test(fields_of_later_versions_are_shown_under_their_own_names),
        cmocka_unit_test(identifiers_are_spelled_and_prose_is_not),
        cmocka_unit_test(smiles_and_long_texts_are_left_to_the_check_words),
        cmocka_unit_test(every_line_has_a_number_one_higher_than_the_line_before),
        cmocka_unit_test(only_an_exercise_says_exercise_three_times),
        cmocka_unit_test(check_words_are_those_of_the_first_octets_of_the_hash),
        cmocka_unit_test(another_content_has_other_check_words),
        cmocka_unit_test(no_two_check_words_begin_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
