#include "registry/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dl_csv csv;
static struct dl_error error;

static void begin(const char *text)
{
    memset(&error, 0, sizeof error);
    dl_csv_init(&csv, dl_view_str(text));
}

static int end(void **state)
{
    (void)state;
    dl_csv_fini(&csv);
    return 0;
}

static void expect_record(const char *const *fields, size_t n)
{
    assert_int_equal(dl_csv_next(&csv, &error), DL_OK);
    assert_int_equal(csv.n_fields, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(dl_view_is(csv.fields[i], fields[i]));
    }
}
#define EXPECT(...)                                                                                \
    expect_record((const char *const[]){__VA_ARGS__},                                              \
                  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void expect_refused(const char *text, const char *message)
{
    begin(text);
    enum dl_err err = DL_OK;
    do {
        err = dl_csv_next(&csv, &error);
    } while (err == DL_OK && csv.n_fields != 0);
    assert_int_equal(err, DL_E_INPUT);
    assert_string_equal(error.message, message);
    dl_csv_fini(&csv);
}

static void plain_and_quoted_fields_are_read(void **state)
{
    (void)state;
    begin("a,b,c\r\n1,\"x, \"\"y\"\"\nz\",\n\"\"\"\",,\"\"\n");
    EXPECT("a", "b", "c");
    EXPECT("1", "x, \"y\"\nz", "");
    EXPECT("\"", "", "");
    assert_int_equal(dl_csv_next(&csv, &error), DL_OK);
    assert_int_equal(csv.n_fields, 0);
}

static void many_doubled_quotes_in_one_record_keep_their_fields(void **state)
{
    (void)state;
    begin("\"a\"\"1\",\"b\"\"2222222222222222222222222222222222222222222222222222222\",\"c\"\"3\"");
    EXPECT("a\"1", "b\"2222222222222222222222222222222222222222222222222222222", "c\"3");
}

static void a_byte_order_mark_at_the_start_is_skipped(void **state)
{
    (void)state;
    begin("\xEF\xBB\xBF"
          "a\n");
    EXPECT("a");
    dl_csv_fini(&csv);
    expect_refused("a\n\xEF\xBB\xBF"
                   "b\n",
                   "line 2, column 1: the field is not valid text");
}

static void malformed_text_is_refused_with_line_and_column(void **state)
{
    (void)state;
    expect_refused("a\nxé\"y\n", "line 2, column 3: a quote inside a field that is not quoted");
    expect_refused("a\n\"x\ny", "line 2, column 1: a quoted field without its closing quote");
    expect_refused("é,\"x\"y\n", "line 1, column 6: text after a closing quote");
    expect_refused("a,b\rc\n", "line 1, column 4: a carriage return alone");
    expect_refused("a,\xC3\x28\n", "line 1, column 3: the field is not valid text");
    expect_refused("a,b\x01\n", "line 1, column 3: the field is not valid text");
}

static void a_field_longer_than_the_maximum_is_refused(void **state)
{
    (void)state;
    size_t n = DL_CSV_FIELD + 1;
    char *text = malloc(n + 1);
    assert_non_null(text);
    memset(text, 'x', n);
    text[n] = '\0';
    expect_refused(text, "line 1, column 1: the field is too long");
    text[n - 1] = '\0';
    begin(text);
    assert_int_equal(dl_csv_next(&csv, &error), DL_OK);
    assert_int_equal(csv.fields[0].n, DL_CSV_FIELD);
    free(text);
}

static void more_fields_than_the_maximum_are_refused(void **state)
{
    (void)state;
    char text[DL_CSV_FIELDS + 1];
    memset(text, ',', DL_CSV_FIELDS);
    text[DL_CSV_FIELDS] = '\0';
    expect_refused(text, "line 1, column 65: too many fields");
    text[DL_CSV_FIELDS - 1] = '\0';
    begin(text);
    assert_int_equal(dl_csv_next(&csv, &error), DL_OK);
    assert_int_equal(csv.n_fields, DL_CSV_FIELDS);
}

static void columns_are_found_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"x", "y", "z"};
    int at[3];
    begin("z,x\n1,2\n\n3,4\n");
    assert_int_equal(dl_csv_header(&csv, names, 3, at, &error), DL_OK);
    assert_int_equal(at[1], DL_CSV_ABSENT);
    assert_int_equal(dl_csv_next(&csv, &error), DL_OK);
    assert_true(dl_view_is(dl_csv_field(&csv, at[0]), "2"));
    assert_true(dl_view_is(dl_csv_field(&csv, at[1]), ""));
    assert_int_equal(dl_csv_next(&csv, &error), DL_OK);
    assert_int_equal(dl_csv_place_of(&csv, at[0]).line, 4);
    assert_int_equal(dl_csv_place_of(&csv, at[0]).column, 3);
}

static void unknown_and_repeated_columns_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"x", "y"};
    int at[2] = {7, 7};
    begin("x,w\n");
    assert_int_equal(dl_csv_header(&csv, names, 2, at, &error), DL_E_INPUT);
    assert_string_equal(error.message, "line 1, column 3: unknown column \"w\"");
    assert_int_equal(at[0], 7);
    dl_csv_fini(&csv);
    begin("x,x\n");
    assert_int_equal(dl_csv_header(&csv, names, 2, at, &error), DL_E_INPUT);
    assert_string_equal(error.message, "line 1, column 3: repeated column \"x\"");
}

static void a_record_of_another_width_is_refused_and_the_next_is_read(void **state)
{
    (void)state;
    static const char *const names[] = {"x", "y"};
    int at[2];
    begin("x,y\n1\n2,3\n");
    assert_int_equal(dl_csv_header(&csv, names, 2, at, &error), DL_OK);
    assert_int_equal(dl_csv_next(&csv, &error), DL_E_INPUT);
    assert_string_equal(error.message, "line 2, column 1: 1 fields where the header has 2 columns");
    EXPECT("2", "3");
}

static void what_is_written_is_read_back_and_carries_no_formula(void **state)
{
    (void)state;
    static const char *const fields[] = {"=1+1", "a,\"b\"\nc", "", "@x", "-1", "plain"};
    struct dl_buf out;
    dl_buf_init(&out, 1024);
    for (size_t i = 0; i < 6; i++) {
        dl_buf_put_str(&out, i == 0 ? "" : ",");
        dl_csv_put(&out, dl_view_str(fields[i]), true);
    }
    dl_csv_init(&csv, dl_buf_view(&out));
    EXPECT("'=1+1", "a,\"b\"\nc", "", "'@x", "'-1", "plain");
    dl_buf_reset(&out);
    dl_csv_put(&out, dl_view_str("=1"), false);
    assert_true(dl_view_is(dl_buf_view(&out), "=1"));
    dl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(plain_and_quoted_fields_are_read, end),
        cmocka_unit_test_teardown(many_doubled_quotes_in_one_record_keep_their_fields, end),
        cmocka_unit_test(a_byte_order_mark_at_the_start_is_skipped),
        cmocka_unit_test(malformed_text_is_refused_with_line_and_column),
        cmocka_unit_test_teardown(a_field_longer_than_the_maximum_is_refused, end),
        cmocka_unit_test_teardown(more_fields_than_the_maximum_are_refused, end),
        cmocka_unit_test_teardown(columns_are_found_by_name, end),
        cmocka_unit_test_teardown(unknown_and_repeated_columns_are_refused_by_name, end),
        cmocka_unit_test_teardown(a_record_of_another_width_is_refused_and_the_next_is_read, end),
        cmocka_unit_test_teardown(what_is_written_is_read_back_and_carries_no_formula, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
