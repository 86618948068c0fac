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
            if (err == DL_OK && got && item.broken != NULL) {
                (void)snprintf(out + used, out_n - used, "[%zu! %s]", item.line, item.broken);
            } else if (err == DL_OK && got) {
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

static void other_separators_and_spellings_are_read(void **state)
{
    (void)state;
    expect("a.csv", "\xEF\xBB\xBFSMILES;Name\r\n\"C;C\";\"a \"\"b\"\"\"\r\nCC; c \r\n",
           "[|a \"b\"|C;C|0][|c|CC|0]");
    expect("a.csv", "id\tCAS No.\tCompound Name\n1\t50-36-2\tcocaine, base\n",
           "[50-36-2|cocaine, base||0]");
    expect("a.csv", "compound,name\nx,y\n", "[|y||0]"); /* the plain word before others */
    expect("a.smi",
           "\xEF\xBB\xBF"
           "CCO a\nC",
           "[|a|CCO|0][||C|0]");
}

static void what_cannot_be_read_is_an_item_and_the_rest_goes_on(void **state)
{
    (void)state;
    expect("a.csv", "name,cas\na,\nab\"c,\nd,1,2\n\"e\"f,\n\xff,\ng,\n",
           "[|a||0][3! line 3, column 3: a quote inside a field that is not quoted]"
           "[4! line 4, column 1: 3 fields where the header has 2 columns]"
           "[5! line 5, column 4: text after a closing quote]"
           "[6! line 6, column 1: the field is not valid text][|g||0]");
    expect("a.csv", "name,cas\n\"a,\nb,\nc,\n",
           "[2! line 2, column 1: a quoted field without its closing quote][|b||0][|c||0]");
    expect("a.csv", "name,cas\n\"a,\nb,\n\"c\",\n", /* the quote that closes is another's */
           "[2! line 4, column 2: text after a closing quote][|b||0][|c||0]");
    expect("a.sdf", "one\nx\n$$$$\n\n \n", "[|one||11]");
}

static void without_a_column_that_is_known_there_are_no_items(void **state)
{
    (void)state;
    char out[256];
    assert_int_equal(read_items("a.csv", "x,y\n1,2\n", 100, out, sizeof out), DL_E_FIELD_MISSING);
    assert_int_equal(read_items("a.csv", "\xff\xfen\n", 100, out, sizeof out), DL_E_INPUT);
}

/* Feeds 3 MiB without a line end between two items, and gives what was read into one line. */
static void read_large(enum dl_items_format format, const char *before, const char *after,
                       char *out, size_t out_n)
{
    static uint8_t piece[64 * 1024];
    struct dl_items items;
    struct dl_item item;
    struct dl_error error;
    size_t used = 0;
    memset(piece, 'C', sizeof piece);
    dl_items_init(&items, format);
    for (int i = 0; i < 50; i++) {
        struct dl_view view = i == 0 ? dl_view_str(before) : dl_view_of(piece, sizeof piece);
        bool got = true;
        assert_int_equal(dl_items_feed(&items, i == 49 ? dl_view_str(after) : view, i == 49),
                         DL_OK);
        assert_true(items.pending.n <= (size_t)2 * DL_ITEM_MAX);
        while (got) {
            assert_int_equal(dl_items_next(&items, &item, &got, &error), DL_OK);
            if (got) {
                used += (size_t)snprintf(out + used, out_n - used, "[%s|%.*s]",
                                         item.broken ? item.broken : "", DL_VIEW_ARG(item.name));
            }
        }
    }
    dl_items_fini(&items);
}

static void an_item_beyond_the_maximum_is_passed_over_in_bounded_memory(void **state)
{
    (void)state;
    char out[512];
    read_large(DL_ITEMS_SMI, "C one\n", "\nC two\n", out, sizeof out);
    assert_string_equal(out, "[|one][line 2: it is larger than 1048576 octets|][|two]");
    read_large(DL_ITEMS_CSV, "name\none\n", "\ntwo\n", out, sizeof out);
    assert_string_equal(out, "[|one][line 3: it is larger than 1048576 octets|][|two]");
    read_large(DL_ITEMS_CSV, "name\n\"one\ntwo\n", "\nthree\n", out, sizeof out);
    assert_string_equal(out, "[line 2: it is larger than 1048576 octets|][|two]"
                             "[line 4: it is larger than 1048576 octets|][|three]");
    read_large(DL_ITEMS_SDF, "one\n$$$$\nlarge\n", "\n$$$$\ntwo\n", out, sizeof out);
    assert_string_equal(out, "[|one][line 3: it is larger than 1048576 octets|][|two]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_columns_are_found_by_name_in_any_piece),
        cmocka_unit_test(smiles_lines_have_a_name_or_none),
        cmocka_unit_test(sdf_records_end_at_their_mark_or_at_the_end),
        cmocka_unit_test(other_separators_and_spellings_are_read),
        cmocka_unit_test(what_cannot_be_read_is_an_item_and_the_rest_goes_on),
        cmocka_unit_test(without_a_column_that_is_known_there_are_no_items),
        cmocka_unit_test(an_item_beyond_the_maximum_is_passed_over_in_bounded_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
