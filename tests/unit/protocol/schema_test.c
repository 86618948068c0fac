#include "protocol/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct dl_view files(const char *file)
{
    static const char other[] =
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"deep\":{\"type\":"
        "\"string\",\"format\":\"name\"}}}";
    static const char loop[] = "{\"$ref\":\"loop#\"}";
    static const char doubling[] =
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{\"$ref\":"
        "\"doubling#\"},\"b\":{\"$ref\":\"doubling#\"}}}";
    return strcmp(file, "other") == 0      ? dl_view_str(other)
           : strcmp(file, "loop") == 0     ? dl_view_str(loop)
           : strcmp(file, "doubling") == 0 ? dl_view_str(doubling)
           : strcmp(file, "broken") == 0   ? dl_view_str("{")
                                           : dl_view_of(NULL, 0);
}

static enum dl_err compiled(const char *text, struct dl_schema **out)
{
    struct dl_error error;
    *out = NULL;
    return dl_schema_compile(dl_view_str(text), files, out, &error);
}

static enum dl_err checked(const char *schema_text, const char *value_text, struct dl_error *error)
{
    struct dl_schema *schema = NULL;
    json_t *value = NULL;
    assert_int_equal(compiled(schema_text, &schema), DL_OK);
    assert_int_equal(dl_json_parse(dl_view_str(value_text), &value, NULL), DL_OK);
    enum dl_err err = dl_schema_check(schema, value, error);
    json_decref(value);
    dl_schema_free(&schema);
    assert_null(schema);
    return err;
}

static void keywords_beyond_the_subset_do_not_compile(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "[]",
        "{",
        "{\"type\":\"number\"}",
        "{\"type\":[]}",
        "{\"type\":\"string\",\"pattern\":\"x\"}",
        "{\"type\":\"string\",\"format\":\"email\"}",
        "{\"type\":\"string\",\"maxLength\":\"5\"}",
        "{\"type\":\"string\",\"maxLength\":-1}",
        "{\"type\":\"string\",\"enum\":[]}",
        "{\"type\":\"string\",\"enum\":[1]}",
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}",
        "{\"type\":\"object\",\"additionalProperties\":true,\"properties\":{\"a\":{\"type\":"
        "\"string\"}}}",
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{\"type\":"
        "\"string\"}},\"required\":[\"b\"]}",
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{}}}",
        "{\"type\":\"object\",\"anyOf\":[{\"required\":[\"a\",\"b\"]}]}",
        "{\"$ref\":\"nowhere#\"}",
        "{\"$ref\":\"broken#\"}",
        "{\"$ref\":\"other#/properties/none\"}",
        "{\"$ref\":\"other\"}",
        "{\"$ref\":\"loop#\"}",
        "{\"$ref\":\"doubling#\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dl_schema *schema = NULL;
        enum dl_err err = compiled(bad[i], &schema);
        if (err == DL_OK || schema != NULL) {
            fail_msg("%s compiles", bad[i]);
        }
    }
}

static void a_reference_brings_the_part_it_names(void **state)
{
    (void)state;
    struct dl_error error;
    static const char schema[] =
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{\"$ref\":"
        "\"other#/properties/deep\"},\"b\":{\"$ref\":\"#/properties/c\"},\"c\":{\"type\":"
        "\"integer\"},\"d\":{\"$ref\":\"other#\"}}}";
    assert_int_equal(checked(schema, "{\"a\":\"x\",\"b\":1,\"d\":{\"deep\":\"y\"}}", &error),
                     DL_OK);
    assert_int_equal(checked(schema, "{\"a\":\"x\\ny\"}", &error), DL_E_TEXT);
    assert_string_equal(error.field, "a");
    assert_int_equal(checked(schema, "{\"b\":\"1\"}", &error), DL_E_FIELD_TYPE);
    assert_int_equal(checked(schema, "{\"d\":{\"deep\":1}}", &error), DL_E_FIELD_TYPE);
    assert_string_equal(error.field, "d.deep");
}

static void lengths_count_characters_and_items(void **state)
{
    (void)state;
    struct dl_error error;
    static const char text[] = "{\"type\":\"string\",\"minLength\":2,\"maxLength\":3,\"format\":"
                               "\"line\"}";
    static const char list[] =
        "{\"type\":\"array\",\"minItems\":1,\"maxItems\":2,\"items\":{\"type\":\"integer\"}}";
    assert_int_equal(checked(text, "\"芬\"", &error), DL_E_FIELD_VALUE);
    assert_int_equal(checked(text, "\"芬太\"", &error), DL_OK);
    assert_int_equal(checked(text, "\"芬太尼\"", &error), DL_OK);
    assert_int_equal(checked(text, "\"芬太尼x\"", &error), DL_E_FIELD_LENGTH);
    assert_int_equal(checked(list, "[]", &error), DL_E_FIELD_VALUE);
    assert_int_equal(checked(list, "[1,2]", &error), DL_OK);
    assert_int_equal(checked(list, "[1,2,3]", &error), DL_E_FIELD_LENGTH);
    assert_int_equal(checked(list, "[1,true]", &error), DL_E_FIELD_TYPE);
    assert_string_equal(error.field, "[1]");
}

static void one_of_several_members_can_be_asked_for(void **state)
{
    (void)state;
    struct dl_error error;
    static const char schema[] =
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{\"type\":"
        "\"boolean\"},\"b\":{\"type\":\"boolean\"},\"c\":{\"type\":[\"boolean\",\"null\"]}},"
        "\"anyOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}";
    assert_int_equal(checked(schema, "{\"b\":true}", &error), DL_OK);
    assert_int_equal(checked(schema, "{\"a\":true,\"c\":null}", &error), DL_OK);
    assert_int_equal(checked(schema, "{\"c\":false}", &error), DL_E_FIELD_MISSING);
    assert_non_null(strstr(error.message, "a, b"));
    assert_int_equal(checked(schema, "{\"a\":null}", &error), DL_E_FIELD_TYPE);
}

static void every_format_takes_its_own_and_refuses_others(void **state)
{
    (void)state;
    static const struct {
        const char *format, *good, *bad;
        enum dl_err err;
    } cases[] = {{"cas", "437-38-7", "437-38-6", DL_E_CAS},
                 {"inchikey", "PJMPHNIQZUBGLI-UHFFFAOYSA-N", "PJMPHNIQZUBGLI", DL_E_INCHIKEY},
                 {"unii", "UF599785JZ", "UF59978", DL_E_FIELD_VALUE},
                 {"language", "zh-Hans", "z", DL_E_FIELD_VALUE},
                 {"partial-date", "2026-11", "2026-13", DL_E_FIELD_VALUE},
                 {"date", "2026-11-24", "2026-11", DL_E_FIELD_VALUE},
                 {"entry-ref", "cn/a-1", "a-1", DL_E_FIELD_VALUE},
                 {"name", "a b", "a\\u202eb", DL_E_TEXT},
                 {"line", "a\\u202eb", "a\\nb", DL_E_TEXT},
                 {"long-text", "a\\nb", "a\\u0007b", DL_E_TEXT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dl_error error;
        char schema[100];
        char value[100];
        snprintf(schema, sizeof schema, "{\"type\":\"string\",\"format\":\"%s\"}", cases[i].format);
        snprintf(value, sizeof value, "\"%s\"", cases[i].good);
        assert_int_equal(checked(schema, value, &error), DL_OK);
        snprintf(value, sizeof value, "\"%s\"", cases[i].bad);
        assert_int_equal(checked(schema, value, &error), cases[i].err);
    }
}

static void a_fault_without_a_place_to_tell_it_is_still_a_fault(void **state)
{
    (void)state;
    assert_int_equal(checked("{\"type\":\"string\"}", "1", NULL), DL_E_FIELD_TYPE);
    assert_int_equal(checked("{\"type\":\"string\"}", "\"x\"", NULL), DL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keywords_beyond_the_subset_do_not_compile),
        cmocka_unit_test(a_reference_brings_the_part_it_names),
        cmocka_unit_test(lengths_count_characters_and_items),
        cmocka_unit_test(one_of_several_members_can_be_asked_for),
        cmocka_unit_test(every_format_takes_its_own_and_refuses_others),
        cmocka_unit_test(a_fault_without_a_place_to_tell_it_is_still_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
