#include "registry/announcement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct dl_announcement a;
static struct dl_error error;

#define HEADER "# jurisdiction: CN\n# instrument: CN-C\n# in_force: 2026-02-01\n"

static enum dl_err take(const char *text)
{
    memset(&error, 0, sizeof error);
    return dl_announcement_read(dl_view_str(text), &a, &error);
}

static void expect_refused_whole(const char *text, const char *message)
{
    assert_int_equal(take(text), DL_E_ANNOUNCEMENT);
    assert_string_equal(error.message, message);
}

static void expect_row_refused(const char *row, size_t column, const char *why)
{
    char text[1024];
    (void)snprintf(text, sizeof text,
                   HEADER "action,name_en,cas,inchikey,list,from,in_force,until\n%s\n", row);
    assert_int_equal(take(text), DL_OK);
    assert_int_equal(a.n_rows, 1);
    assert_non_null(a.rows[0].refused);
    assert_string_equal(a.rows[0].refused, why);
    assert_int_equal(a.rows[0].line, 5);
    assert_int_equal(a.rows[0].column, column);
    dl_announcement_fini(&a);
}

static void header_and_rows_are_read_and_rows_go_before_the_header(void **state)
{
    (void)state;
    assert_int_equal(
        take("\xEF\xBB\xBF# jurisdiction: CN\r\n#list:  CN-A ,,\r\n# instrument: CN-C: x\r\n"
             "# in_force: 2026-02-01\r\naction,name_zh,list,in_force\r\n"
             "add,溴啡,,\r\nadd, 美托尼秦 ,CN-B,2026-03-01\r\n"),
        DL_OK);
    assert_int_equal(a.n_rows, 2);
    assert_true(dl_view_is(a.header[DL_ANNOUNCED_INSTRUMENT], "CN-C: x"));
    assert_null(a.rows[0].refused);
    assert_true(dl_view_is(a.rows[0].field[DL_ROW_LIST], "CN-A"));
    assert_true(dl_view_is(a.rows[0].field[DL_ROW_IN_FORCE], "2026-02-01"));
    assert_true(dl_view_is(a.rows[1].field[DL_ROW_NAME_ZH], "美托尼秦"));
    assert_true(dl_view_is(a.rows[1].field[DL_ROW_LIST], "CN-B"));
    assert_true(dl_view_is(a.rows[1].field[DL_ROW_IN_FORCE], "2026-03-01"));
    dl_announcement_fini(&a);
}

static void a_header_that_cannot_be_understood_refuses_the_file(void **state)
{
    (void)state;
    expect_refused_whole("# jurisdiction: CN\naction\n",
                         "line 1, column 1: the header has no line \"# instrument: ...\"");
    expect_refused_whole("# jurisdiction CN\naction\n",
                         "line 1, column 1: not of the form \"# key: value\"");
    expect_refused_whole("# jurisdiction: CN\n# colour: red\naction\n",
                         "line 2, column 1: the key \"colour\" is unknown or stands twice, or its "
                         "value is too long");
    expect_refused_whole("# jurisdiction: CN\n# jurisdiction: US\naction\n",
                         "line 2, column 1: the key \"jurisdiction\" is unknown or stands twice, "
                         "or its value is too long");
    expect_refused_whole("# jurisdiction: CN\n# instrument: X\n# in_force: soon\naction\n",
                         "line 1, column 1: the header's in_force is not a day (YYYY-MM-DD)");
    expect_refused_whole(HEADER "entry\n", "line 4, column 1: no column \"action\"");
    expect_refused_whole(HEADER "action,colour\n", "line 4, column 8: unknown column \"colour\"");
    expect_refused_whole(HEADER "action,cas\nadd\n",
                         "line 5, column 1: 1 fields where the header has 2 columns");
}

static void a_row_with_a_wrong_value_is_kept_as_refused(void **state)
{
    (void)state;
    expect_row_refused("put,A,,,L,,,", 1, "the action is none of add, change, move, end");
    expect_row_refused("add,,,,L,,,", 1, "nothing says which substance is meant");
    expect_row_refused("add,A,437-38-6,,L,,,", 7, "not a CAS number with a right check digit");
    expect_row_refused("add,A,,X,L,,,", 8, "not a standard InChIKey");
    expect_row_refused("add,A,,,,,,", 9, "no list, neither here nor in the header");
    expect_row_refused("add,A,,,L,M,,", 11, "`from` is for moves, and a move needs it");
    expect_row_refused("move,A,,,L,,,", 12, "`from` is for moves, and a move needs it");
    expect_row_refused("add,A,,,L,,2026-02-30,", 12, "not a day (YYYY-MM-DD)");
    expect_row_refused("add,A,,,L,,,2026-02-01", 13, "it ends before it begins");
    expect_row_refused("add,A\xE2\x80\xAE"
                       "B,,,L,,,",
                       5, "it holds characters that are not allowed here");
}

static void what_a_notice_carries_is_read_back_without_refused_rows(void **state)
{
    (void)state;
    struct dl_buf out;
    struct dl_announcement again;
    json_t *content = NULL;
    size_t next = 0;
    dl_buf_init(&out, 65536);
    assert_int_equal(take(HEADER "action,name_en,list\nadd,\"A \"\"x\"\"\",L\nput,B,L\nadd,C,L\n"),
                     DL_OK);
    assert_int_equal(dl_announcement_to_json(&a, 0, 65536, &next, &out), DL_OK);
    assert_int_equal(next, 3);
    assert_int_equal(dl_json_parse(dl_buf_view(&out), &content, &error), DL_OK);
    assert_int_equal(dl_announcement_from_json(content, &again, &error), DL_OK);
    assert_int_equal(again.n_rows, 2);
    assert_true(dl_view_is(again.rows[0].field[DL_ROW_NAME_EN], "A \"x\""));
    assert_true(dl_view_is(again.rows[1].field[DL_ROW_NAME_EN], "C"));
    assert_true(dl_view_is(again.header[DL_ANNOUNCED_INSTRUMENT], "CN-C"));
    json_decref(content);
    dl_announcement_fini(&again);
    dl_announcement_fini(&a);
    dl_buf_fini(&out);
}

static void a_long_announcement_becomes_several_notices(void **state)
{
    (void)state;
    struct dl_buf out;
    size_t next = 0;
    size_t parts = 0;
    dl_buf_init(&out, 65536);
    assert_int_equal(take(HEADER "action,name_en,list\nadd,A,L\nadd,B,L\nadd,C,L\n"), DL_OK);
    while (next < a.n_rows) {
        size_t before = next;
        dl_buf_reset(&out);
        assert_int_equal(dl_announcement_to_json(&a, next, 1, &next, &out), DL_OK);
        assert_int_equal(next, before + 1);
        parts++;
    }
    assert_int_equal(parts, 3);
    dl_announcement_fini(&a);
    dl_buf_fini(&out);
}

static void expect_notice_refused(const char *text, enum dl_err expected)
{
    json_t *content = NULL;
    assert_int_equal(dl_json_parse(dl_view_str(text), &content, &error), DL_OK);
    assert_int_equal(dl_announcement_from_json(content, &a, &error), expected);
    json_decref(content);
}

static void a_notice_of_another_form_is_refused(void **state)
{
    (void)state;
    expect_notice_refused("{\"jurisdiction\":\"CN\",\"instrument\":\"X\"}", DL_E_FIELD_MISSING);
    expect_notice_refused("{\"instrument\":\"X\",\"rows\":[]}", DL_E_ANNOUNCEMENT);
    expect_notice_refused("{\"jurisdiction\":1,\"instrument\":\"X\",\"rows\":[]}", DL_E_FIELD_TYPE);
    expect_notice_refused("{\"colour\":\"red\",\"jurisdiction\":\"CN\",\"instrument\":\"X\","
                          "\"rows\":[]}",
                          DL_E_FIELD_UNKNOWN);
    expect_notice_refused("{\"jurisdiction\":\"CN\",\"instrument\":\"X\",\"rows\":[1]}",
                          DL_E_FIELD_TYPE);
    expect_notice_refused("{\"jurisdiction\":\"CN\",\"instrument\":\"X\",\"rows\":[{\"x\":\"y\"}]}",
                          DL_E_FIELD_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_rows_are_read_and_rows_go_before_the_header),
        cmocka_unit_test(a_header_that_cannot_be_understood_refuses_the_file),
        cmocka_unit_test(a_row_with_a_wrong_value_is_kept_as_refused),
        cmocka_unit_test(what_a_notice_carries_is_read_back_without_refused_rows),
        cmocka_unit_test(a_long_announcement_becomes_several_notices),
        cmocka_unit_test(a_notice_of_another_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
