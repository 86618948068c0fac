#include "node/screen_items.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Feeds a file in pieces of `piece` octets and puts its items into one line. */
static enum dl_err read_items(const char *path, const char *text, size_t piece, char *out,
                              size_t out_n)
{
    struct dl_items items;
    struct dl_item item;
    struct dl_error error;
    size_t n = strlen(text);
    enum dl_err err = DL_OK;
    out[0] = '\0';
    dl_items_init(&items, dl_items_format_of(path));
    for (size_t at = 0; err == DL_OK && at <= n; at += piece) {
        size_t left = n - at < piece ? n - at : piece;
        bool got = true;
        err = dl_items_feed(&items, dl_view_of(text + at, left), at + piece > n);
        while (err == DL_OK && got) {
            err = dl_items_next(&items, &item, &got, &error);
            size_t used = strlen(out);
            if (err == DL_OK && got) {
                (void)snprintf(out + used, out_n - used, "[%.*s|%.*s|%.*s|%zu]",
                               DL_VIEW_ARG(item.cas), DL_VIEW_ARG(item.name),
                               DL_VIEW_ARG(item.smiles), item.mol.n);
            }
        }
    }
    dl_items_fini(&items);
    return err;
}

static void expect(const char *path, const char *text, const char *expected)
{
    static const size_t pieces[] = {1, 2, 3, 7, 1000};
    for (size_t i = 0; i < 5; i++) {
        char out[1024];
        assert_int_equal(read_items(path, text, pieces[i], out, sizeof out), DL_OK);
        assert_string_equal(out, expected);
    }
}

static void csv_columns_are_found_by_name_in_any_piece(void **state)
{
    (void)state;
    expect("a.csv", "id,Name,CAS\n1,fentanyl,\n2,\"a \"\"b\"\",\nc\",50-36-2\n",
           "[|fentanyl||0][50-36-2|a \"b\",\nc||0]");
    expect("a.csv", "smiles\r\nCCO\r\nC", "[||CCO|0][||C|0]");
    expect("-", "name\n", "");
}

static void smiles_lines_have_a_name_or_none(void **state)
{
    (void)state;
    expect("a.smi", "CCO ethanol\n\nC\tmethane here\nCC",
           "[|ethanol|CCO|0][|methane here|C|0]"
           "[||CC|0]");
}

static void sdf_records_end_at_their_mark_or_at_the_end(void **state)
{
    (void)state;
    expect("a.SDF", "one\nx\n$$$$\ntwo\ny\nz", "[|one||11][|two||7]");
}

static void what_is_no_such_file_is_refused(void **state)
{
    (void)state;
    char out[256];
    assert_int_equal(read_items("a.csv", "x,y\n1,2\n", 100, out, sizeof out), DL_E_FIELD_MISSING);
    assert_int_equal(read_items("a.csv", "name\n\"abc\n", 100, out, sizeof out), DL_E_INPUT);
    assert_int_equal(read_items("a.csv", "name\nab\"c\n", 100, out, sizeof out), DL_E_INPUT);
}

static void an_item_beyond_the_maximum_is_refused(void **state)
{
    (void)state;
    static uint8_t line[64 * 1024];
    struct dl_items items;
    struct dl_item item;
    bool got = false;
    enum dl_err err = DL_OK;
    memset(line, 'C', sizeof line);
    dl_items_init(&items, DL_ITEMS_SMI);
    for (int i = 0; i < 100 && err == DL_OK; i++) {
        err = dl_items_feed(&items, dl_view_of(line, sizeof line), false);
        if (err == DL_OK) {
            assert_int_equal(dl_items_next(&items, &item, &got, NULL), DL_OK);
            assert_false(got);
        }
    }
    assert_int_equal(err, DL_E_TOO_LARGE);
    dl_items_fini(&items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_columns_are_found_by_name_in_any_piece),
        cmocka_unit_test(smiles_lines_have_a_name_or_none),
        cmocka_unit_test(sdf_records_end_at_their_mark_or_at_the_end),
        cmocka_unit_test(what_is_no_such_file_is_refused),
        cmocka_unit_test(an_item_beyond_the_maximum_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
