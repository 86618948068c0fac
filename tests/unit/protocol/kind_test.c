#include "protocol/kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define KEY "SJHUJFHOXYDSJY-UHFFFAOYSA-N"
#define ALERT(members) "{\"headline\":\"h\",\"substance\":{\"cas\":\"95958-84-2\"}" members "}"
#define SUBSTANCE(members) "{\"headline\":\"h\",\"substance\":{" members "}}"

static enum dl_err checked(enum dl_kind kind, const char *text, struct dl_error *error)
{
    json_t *content = NULL;
    *error = (struct dl_error){.err = DL_OK};
    enum dl_err err = dl_json_parse(dl_view_str(text), &content, error);
    if (err == DL_OK) {
        err = dl_kind_check(kind, content, error);
        json_decref(content);
    }
    return err;
}

static void takes(enum dl_kind kind, const char *text)
{
    struct dl_error error;
    if (checked(kind, text, &error) != DL_OK) {
        fail_msg("%s is refused: %s: %s", text, error.field, error.message);
    }
}

static void refuses_kind(enum dl_kind kind, const char *text, enum dl_err err, const char *field)
{
    struct dl_error error;
    enum dl_err got = checked(kind, text, &error);
    if (got != err || strcmp(error.field, field) != 0 || error.message[0] == '\0') {
        fail_msg("%.200s gives %s at \"%s\" (%s), not %s at \"%s\"", text, dl_err_code(got),
                 error.field, error.message, dl_err_code(err), field);
    }
}

static void refuses(const char *text, enum dl_err err, const char *field)
{
    refuses_kind(DL_KIND_ALERT, text, err, field);
}

static void an_alert_with_every_field_is_taken(void **state)
{
    (void)state;
    takes(DL_KIND_ALERT,
          "{\"headline\":\"h\",\"urgency\":\"priority\",\"substance\":{\"names\":[{\"lang\":\"zh-"
          "Hans\",\"name\":\"芬太尼\"}],\"cas\":\"437-38-7\",\"inchikey\":\"" KEY
          "\",\"smiles\":\"CC\",\"formula\":\"C2H6\",\"unii\":\"UF599785JZ\"},\"basis\":"
          "\"biological\",\"confidence\":\"reference-standard\",\"methods\":[\"GC-MS\"],\"sample\":"
          "{\"form\":\"f\",\"amount\":\"1 g\",\"place\":\"p\",\"collected\":\"2026-02\"},\"first_"
          "detected\":\"2024-02-29\",\"handling\":\"public\",\"text\":{\"en\":\"a\\nb\\tc\","
          "\"zh\":\"中\"},\"contact\":\"c\"}");
}

static void any_one_of_four_identities_is_enough_and_none_is_not(void **state)
{
    (void)state;
    takes(DL_KIND_ALERT, SUBSTANCE("\"cas\":\"437-38-7\""));
    takes(DL_KIND_ALERT, SUBSTANCE("\"inchikey\":\"" KEY "\""));
    takes(DL_KIND_ALERT, SUBSTANCE("\"smiles\":\"CC\""));
    takes(DL_KIND_ALERT, SUBSTANCE("\"names\":[{\"lang\":\"en\",\"name\":\"x\"}]"));
    refuses(SUBSTANCE("\"formula\":\"C2H6\""), DL_E_FIELD_MISSING, "substance");
    refuses(SUBSTANCE(""), DL_E_FIELD_MISSING, "substance");
}

static void mandatory_fields_are_named_when_missing(void **state)
{
    (void)state;
    refuses("{\"substance\":{\"smiles\":\"C\"}}", DL_E_FIELD_MISSING, "headline");
    refuses("{\"headline\":\"h\"}", DL_E_FIELD_MISSING, "substance");
    refuses(SUBSTANCE("\"names\":[{\"lang\":\"en\"}]"), DL_E_FIELD_MISSING,
            "substance.names[0].name");
}

static void unknown_fields_are_refused_by_name_wherever_they_stand(void **state)
{
    (void)state;
    refuses(ALERT(",\"color\":\"red\""), DL_E_FIELD_UNKNOWN, "color");
    refuses(SUBSTANCE("\"cas\":\"437-38-7\",\"mass\":1"), DL_E_FIELD_UNKNOWN, "substance.mass");
    refuses(SUBSTANCE("\"names\":[{\"lang\":\"en\",\"name\":\"x\",\"kind\":\"y\"}]"),
            DL_E_FIELD_UNKNOWN, "substance.names[0].kind");
    refuses(ALERT(",\"reason\":\"only an update has one\""), DL_E_FIELD_UNKNOWN, "reason");
}

static void the_nearest_field_is_offered_and_nothing_far_is(void **state)
{
    (void)state;
    struct dl_error error;
    static const struct {
        const char *text, *hint;
    } cases[] = {{ALERT(",\"urgancy\":\"routine\""), "\"urgency\""},
                 {ALERT(",\"First-Detected\":\"2026\""), "\"first_detected\""},
                 {ALERT(",\"ontact\":\"x\""), "\"contact\""},
                 {SUBSTANCE("\"CAS\":\"437-38-7\""), "\"cas\""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(checked(DL_KIND_ALERT, cases[i].text, &error), DL_E_FIELD_UNKNOWN);
        assert_non_null(strstr(error.hint, cases[i].hint));
    }
    assert_int_equal(checked(DL_KIND_ALERT, ALERT(",\"zzz\":1"), &error), DL_E_FIELD_UNKNOWN);
    assert_string_equal(error.hint, "");
}

static void a_hostile_name_of_a_field_is_shown_harmless(void **state)
{
    (void)state;
    refuses(ALERT(",\"a\\u001b\xE2\x80\xAE\":1"), DL_E_FIELD_UNKNOWN, "a<U+001B><U+202E>");
}

static void null_is_refused_everywhere(void **state)
{
    (void)state;
    struct dl_error error;
    refuses("{\"headline\":null,\"substance\":{\"smiles\":\"C\"}}", DL_E_FIELD_TYPE, "headline");
    refuses(ALERT(",\"contact\":null"), DL_E_FIELD_TYPE, "contact");
    refuses(SUBSTANCE("\"cas\":null"), DL_E_FIELD_TYPE, "substance.cas");
    refuses(SUBSTANCE("\"names\":[null]"), DL_E_FIELD_TYPE, "substance.names[0]");
    assert_int_equal(checked(DL_KIND_ALERT, ALERT(",\"contact\":null"), &error), DL_E_FIELD_TYPE);
    assert_string_equal(error.message, "must be a string, not null");
}

static void another_type_says_what_was_expected_and_found(void **state)
{
    (void)state;
    struct dl_error error;
    static const struct {
        const char *text, *message;
    } cases[] = {{ALERT(",\"methods\":\"GC\""), "must be a list, not a string"},
                 {ALERT(",\"sample\":[]"), "must be an object, not a list"},
                 {ALERT(",\"contact\":1"), "must be a string, not an integer"},
                 {ALERT(",\"contact\":1.5"), "must be a string, not a fraction"},
                 {ALERT(",\"contact\":{}"), "must be a string, not an object"},
                 {ALERT(",\"contact\":true"), "must be a string, not true"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(checked(DL_KIND_ALERT, cases[i].text, &error), DL_E_FIELD_TYPE);
        assert_string_equal(error.message, cases[i].message);
    }
    assert_int_equal(checked(DL_KIND_ALERT, "[]", &error), DL_E_FIELD_TYPE);
}

static void empty_strings_and_lists_are_refused(void **state)
{
    (void)state;
    refuses("{\"headline\":\"\",\"substance\":{\"smiles\":\"C\"}}", DL_E_FIELD_VALUE, "headline");
    refuses(SUBSTANCE("\"smiles\":\"\""), DL_E_FIELD_VALUE, "substance.smiles");
    refuses(SUBSTANCE("\"names\":[]"), DL_E_FIELD_VALUE, "substance.names");
    refuses(SUBSTANCE("\"names\":[{\"lang\":\"en\",\"name\":\"\"}]"), DL_E_FIELD_VALUE,
            "substance.names[0].name");
    refuses(ALERT(",\"methods\":[\"\"]"), DL_E_FIELD_VALUE, "methods[0]");
}

static void words_outside_their_list_are_refused_with_the_list(void **state)
{
    (void)state;
    struct dl_error error;
    refuses(ALERT(",\"urgency\":\"Immediate\""), DL_E_FIELD_VALUE, "urgency");
    refuses(ALERT(",\"basis\":\"\""), DL_E_FIELD_VALUE, "basis");
    refuses(ALERT(",\"confidence\":\"sure\""), DL_E_FIELD_VALUE, "confidence");
    refuses(ALERT(",\"handling\":\"secret\""), DL_E_FIELD_VALUE, "handling");
    assert_int_equal(checked(DL_KIND_ALERT, ALERT(",\"urgency\":\"x\""), &error), DL_E_FIELD_VALUE);
    assert_non_null(strstr(error.message, "routine, priority, immediate"));
}

static void identifiers_must_be_right_to_the_digit(void **state)
{
    (void)state;
    refuses(SUBSTANCE("\"cas\":\"437-38-8\""), DL_E_CAS, "substance.cas");
    refuses(SUBSTANCE("\"cas\":\"437387\""), DL_E_FIELD_VALUE, "substance.cas");
    refuses(SUBSTANCE("\"cas\":\"\""), DL_E_FIELD_VALUE, "substance.cas");
    refuses(SUBSTANCE("\"inchikey\":\"SJHUJFHOXYDSJY-UHFFFAOYSB-N\""), DL_E_INCHIKEY,
            "substance.inchikey");
    refuses(SUBSTANCE("\"inchikey\":\"sjhujfhoxydsjy-uhfffaoysa-n\""), DL_E_INCHIKEY,
            "substance.inchikey");
    refuses(SUBSTANCE("\"smiles\":\"C\",\"unii\":\"UF599785J\""), DL_E_FIELD_VALUE,
            "substance.unii");
    refuses(SUBSTANCE("\"smiles\":\"C\",\"unii\":\"uf599785jz\""), DL_E_FIELD_VALUE,
            "substance.unii");
}

static void partial_dates_are_years_months_or_days_that_exist(void **state)
{
    (void)state;
    static const char *const good[] = {"2026", "2026-12", "2024-02-29", "0001"};
    static const char *const bad[] = {
        "",     "26",    "2026-13", "2026-00",    "2023-02-29", "2026-1-1", "2026-1",
        "0000", "2026-", "2026/12", "2026-11-31", "2026-11-1",  "abcd",     "2026-11-24T00"};
    char text[200];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(text, sizeof text, ALERT(",\"first_detected\":\"%s\""), good[i]);
        takes(DL_KIND_ALERT, text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, ALERT(",\"first_detected\":\"%s\""), bad[i]);
        refuses(text, DL_E_FIELD_VALUE, "first_detected");
        snprintf(text, sizeof text, ALERT(",\"sample\":{\"collected\":\"%s\"}"), bad[i]);
        refuses(text, DL_E_FIELD_VALUE, "sample.collected");
    }
}

static void a_language_is_a_tag(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "e", "en-", "en--us", "1n", "-en", "e n", "英文"};
    char text[200];
    takes(DL_KIND_ALERT, SUBSTANCE("\"names\":[{\"lang\":\"zh-Hant-TW\",\"name\":\"x\"}]"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, SUBSTANCE("\"names\":[{\"lang\":\"%s\",\"name\":\"x\"}]"),
                 bad[i]);
        refuses(text, DL_E_FIELD_VALUE, "substance.names[0].lang");
    }
}

/* ALERT with a member of `n` times `unit`. */
static char *long_member(const char *before, const char *unit, size_t n, const char *after)
{
    size_t size = strlen(before) + strlen(unit) * n + strlen(after) + 1;
    char *out = test_malloc(size);
    char *at = out + snprintf(out, size, "%s", before);
    for (size_t i = 0; i < n; i++) {
        memcpy(at, unit, strlen(unit));
        at += strlen(unit);
    }
    snprintf(at, size - (size_t)(at - out), "%s", after);
    return out;
}

static void takes_until(const char *before, const char *unit, const char *after, size_t max,
                        const char *field)
{
    char *text = long_member(before, unit, max, after);
    takes(DL_KIND_ALERT, text);
    test_free(text);
    text = long_member(before, unit, max + 1, after);
    refuses(text, DL_E_FIELD_LENGTH, field);
    test_free(text);
}

static void every_maximum_holds_to_the_character(void **state)
{
    (void)state;
    takes_until("{\"headline\":\"", "x", "\",\"substance\":{\"smiles\":\"C\"}}", 500, "headline");
    takes_until("{\"headline\":\"", "药", "\",\"substance\":{\"smiles\":\"C\"}}", 500, "headline");
    takes_until("{\"headline\":\"h\",\"substance\":{\"smiles\":\"", "C", "\"}}", 4096,
                "substance.smiles");
    takes_until("{\"headline\":\"h\",\"substance\":{\"smiles\":\"C\"},\"contact\":\"",
                "\xF0\x9F\x92\x8A", "\"}", 500, "contact");
    takes_until("{\"headline\":\"h\",\"substance\":{\"smiles\":\"C\"},\"methods\":[\"m\"", ",\"m\"",
                "]}", 63, "methods");
}

static void long_texts_have_64_kib_together(void **state)
{
    (void)state;
    takes_until("{\"headline\":\"h\",\"substance\":{\"smiles\":\"C\"},\"text\":{\"zh\":\"x\","
                "\"en\":\"",
                "x", "\"}}", 65535, "text.en");
}

static void direction_controls_are_refused_in_names_and_kept_in_long_text(void **state)
{
    (void)state;
    static const char *const controls[] = {"\\u061c", "\\u200e", "\\u200f", "\\u202a",
                                           "\\u202b", "\\u202c", "\\u202d", "\\u202e",
                                           "\\u2066", "\\u2067", "\\u2068", "\\u2069"};
    char text[300];
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        snprintf(text, sizeof text, SUBSTANCE("\"names\":[{\"lang\":\"en\",\"name\":\"a%sb\"}]"),
                 controls[i]);
        refuses(text, DL_E_TEXT, "substance.names[0].name");
        snprintf(text, sizeof text, ALERT(",\"text\":{\"en\":\"a%sb\"}"), controls[i]);
        takes(DL_KIND_ALERT, text);
    }
}

static void controls_and_noncharacters_are_refused_in_every_text(void **state)
{
    (void)state;
    static const char *const bad[] = {"\\u0001", "\\u001b", "\\r",     "\\u007f", "\\u0085",
                                      "\\u009b", "\\ufeff", "\\ufdd0", "\\ufffe", "\\ud83f\\udfff"};
    char text[300];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "{\"headline\":\"a%s\",\"substance\":{\"smiles\":\"C\"}}",
                 bad[i]);
        refuses(text, DL_E_TEXT, "headline");
        snprintf(text, sizeof text, ALERT(",\"text\":{\"en\":\"a%s\"}"), bad[i]);
        refuses(text, DL_E_TEXT, "text.en");
        snprintf(text, sizeof text, "{\"later\":[\"a%s\"]}", bad[i]);
        refuses_kind(DL_KIND_UNKNOWN, text, DL_E_TEXT, "");
    }
    refuses("{\"headline\":\"a\\nb\",\"substance\":{\"smiles\":\"C\"}}", DL_E_TEXT, "headline");
    refuses(ALERT(",\"contact\":\"a\\tb\""), DL_E_TEXT, "contact");
}

static void the_other_kinds_take_what_the_contract_shows(void **state)
{
    (void)state;
    takes(DL_KIND_UPDATE, ALERT(",\"reason\":\"r\",\"urgency\":\"routine\""));
    takes(DL_KIND_RETRACTION, "{\"reason\":\"r\",\"sent_in_error\":true}");
    takes(DL_KIND_ACKNOWLEDGEMENT, "{\"as\":\"seen\",\"by\":\"J. Doe\",\"note\":\"n\"}");
    takes(DL_KIND_ACKNOWLEDGEMENT, "{\"as\":\"acted\",\"by\":\"J. Doe\"}");
    takes(DL_KIND_MESSAGE, "{\"thread\":\"cn/a-1\",\"text\":{\"en\":\"t\"}}");
    takes(DL_KIND_LINE_STATE, "{\"to\":\"suspended\",\"reason\":\"r\",\"previous\":null}");
    takes(DL_KIND_LINE_STATE, "{\"to\":\"renewed\",\"reason\":\"r\",\"previous\":{\"checkpoint\":"
                              "\"a\\nb\\n\",\"receipt\":null}}");
}

static void the_other_kinds_refuse_everything_else(void **state)
{
    (void)state;
    refuses_kind(DL_KIND_UPDATE, ALERT(""), DL_E_FIELD_MISSING, "reason");
    refuses_kind(DL_KIND_UPDATE, ALERT(",\"reason\":\"\""), DL_E_FIELD_VALUE, "reason");
    refuses_kind(DL_KIND_RETRACTION, "{\"sent_in_error\":true}", DL_E_FIELD_MISSING, "reason");
    refuses_kind(DL_KIND_RETRACTION, "{\"reason\":\"r\",\"sent_in_error\":1}", DL_E_FIELD_TYPE,
                 "sent_in_error");
    refuses_kind(DL_KIND_ACKNOWLEDGEMENT, "{\"as\":\"read\",\"by\":\"b\"}", DL_E_FIELD_VALUE, "as");
    refuses_kind(DL_KIND_ACKNOWLEDGEMENT, "{\"as\":\"seen\"}", DL_E_FIELD_MISSING, "by");
    refuses_kind(DL_KIND_ACKNOWLEDGEMENT, "{\"as\":\"seen\",\"by\":\"a\\u202eb\"}", DL_E_TEXT,
                 "by");
    refuses_kind(DL_KIND_MESSAGE, "{\"text\":{}}", DL_E_FIELD_MISSING, "text");
    refuses_kind(DL_KIND_MESSAGE, "{\"text\":{\"fr\":\"x\"}}", DL_E_FIELD_UNKNOWN, "text.fr");
    refuses_kind(DL_KIND_MESSAGE, "{\"thread\":\"a-1\",\"text\":{\"en\":\"t\"}}", DL_E_FIELD_VALUE,
                 "thread");
    refuses_kind(DL_KIND_LINE_STATE, "{\"to\":\"frozen\",\"reason\":\"r\",\"previous\":null}",
                 DL_E_FIELD_VALUE, "to");
    refuses_kind(DL_KIND_LINE_STATE, "{\"to\":\"active\",\"reason\":\"r\"}", DL_E_FIELD_MISSING,
                 "previous");
}

static void every_kind_has_a_name_that_leads_back_to_it(void **state)
{
    (void)state;
    for (int kind = 1; kind < DL_KIND_COUNT; kind++) {
        struct dl_view name = dl_view_str(dl_kind_name((enum dl_kind)kind));
        assert_int_equal(dl_kind_of(name), kind);
        assert_true(dl_kind_name_ok(name));
        assert_true(dl_kind_schema((enum dl_kind)kind).n > 0);
    }
    assert_int_equal(dl_kind_of(dl_view_str("Alert")), DL_KIND_UNKNOWN);
    assert_int_equal(dl_kind_of(dl_view_str("unknown")), DL_KIND_UNKNOWN);
}

static void names_of_later_kinds_have_the_form_of_a_name(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "-a", "A", "a1", "a_b", "a b", "abcdefghijklmnopqrstuvwxyzabcdefg"};
    assert_true(dl_kind_name_ok(dl_view_str("listing-notice")));
    assert_true(dl_kind_name_ok(dl_view_str("abcdefghijklmnopqrstuvwxyzabcdef")));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(dl_kind_name_ok(dl_view_str(bad[i])));
    }
}

static void only_a_line_state_goes_ahead_of_the_tail(void **state)
{
    (void)state;
    for (int kind = 0; kind < DL_KIND_COUNT; kind++) {
        bool ahead = (dl_kind_flags((enum dl_kind)kind) & DL_KIND_AHEAD) != 0;
        assert_int_equal(ahead, kind == DL_KIND_LINE_STATE);
    }
}

static void a_kind_of_a_later_version_takes_any_object(void **state)
{
    (void)state;
    struct dl_error error;
    takes(DL_KIND_UNKNOWN, "{\"anything\":[1,null,{\"x\":\"a\\nb\"}]}");
    assert_int_equal(checked(DL_KIND_UNKNOWN, "[]", &error), DL_E_FIELD_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_with_every_field_is_taken),
        cmocka_unit_test(any_one_of_four_identities_is_enough_and_none_is_not),
        cmocka_unit_test(mandatory_fields_are_named_when_missing),
        cmocka_unit_test(unknown_fields_are_refused_by_name_wherever_they_stand),
        cmocka_unit_test(the_nearest_field_is_offered_and_nothing_far_is),
        cmocka_unit_test(a_hostile_name_of_a_field_is_shown_harmless),
        cmocka_unit_test(null_is_refused_everywhere),
        cmocka_unit_test(another_type_says_what_was_expected_and_found),
        cmocka_unit_test(empty_strings_and_lists_are_refused),
        cmocka_unit_test(words_outside_their_list_are_refused_with_the_list),
        cmocka_unit_test(identifiers_must_be_right_to_the_digit),
        cmocka_unit_test(partial_dates_are_years_months_or_days_that_exist),
        cmocka_unit_test(a_language_is_a_tag),
        cmocka_unit_test(every_maximum_holds_to_the_character),
        cmocka_unit_test(long_texts_have_64_kib_together),
        cmocka_unit_test(direction_controls_are_refused_in_names_and_kept_in_long_text),
        cmocka_unit_test(controls_and_noncharacters_are_refused_in_every_text),
        cmocka_unit_test(the_other_kinds_take_what_the_contract_shows),
        cmocka_unit_test(the_other_kinds_refuse_everything_else),
        cmocka_unit_test(every_kind_has_a_name_that_leads_back_to_it),
        cmocka_unit_test(names_of_later_kinds_have_the_form_of_a_name),
        cmocka_unit_test(only_a_line_state_goes_ahead_of_the_tail),
        cmocka_unit_test(a_kind_of_a_later_version_takes_any_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
