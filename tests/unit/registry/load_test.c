#include "registry/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "small_registry.h"

static struct small_registry small;
static struct dl_error error;

static void expect_refused(const char *name, const char *text, const char *message)
{
    struct small_file own = {name, text};
    memset(&error, 0, sizeof error);
    assert_int_equal(small_open(&small, &own, &error), DL_E_INPUT);
    assert_string_equal(error.message, message);
}

static enum dl_err take_text(void *context, const struct dl_row *row)
{
    struct dl_view view = dl_row_text(row, 0);
    size_t n = strlen(context);
    (void)snprintf((char *)context + n, 256 - n, "%.*s;", DL_VIEW_ARG(view));
    return DL_OK;
}

static void expect_rows(const char *sql, const char *expected)
{
    char text[256] = "";
    assert_int_equal(dl_store_run(small.store, sql, NULL, 0, take_text, text), DL_OK);
    assert_string_equal(text, expected);
}

static void a_small_registry_is_loaded_whole(void **state)
{
    (void)state;
    assert_int_equal(small_open(&small, NULL, &error), DL_OK);
    expect_rows("SELECT key || ' ' || announced FROM listing ORDER BY id",
                "CN-OLD/1 2013-11-11;CN-OLD/2 2013-11-11;CN-NEW/9 2025-07-01;");
    expect_rows("SELECT s.key FROM link k JOIN substance s ON s.id = k.substance WHERE k.how = "
                "'own' ORDER BY k.listing",
                SMALL_KEY_A ";plant:khat;" SMALL_KEY_A ";");
    expect_rows("SELECT b.code FROM list_successor r JOIN list b ON b.id = r.successor", "CN-NEW;");
    expect_rows("SELECT at_ms FROM import", "1704067200000;");
    small_close(&small);
}

static void names_stand_once_with_their_key_in_the_order_to_show(void **state)
{
    (void)state;
    struct small_file own = {
        "substances/names.csv",
        "substance,lang,kind,name,known_from,known_until,source,verification\n" SMALL_KEY_A
        ",en,synonym,Phentanyl,,,x,two-sources\n" SMALL_KEY_A
        ",en,main,Fentanyl (Base),,,x,two-sources\n" SMALL_KEY_A
        ",en,synonym,Phentanyl,,,x,two-sources\n"};
    assert_int_equal(small_open(&small, &own, &error), DL_OK);
    expect_rows("SELECT name || ' ' || key FROM name ORDER BY substance, n",
                "Fentanyl (Base) fentanylbase;Phentanyl phentanyl;");
    small_close(&small);
}

static void the_version_is_a_hash_of_the_text(void **state)
{
    (void)state;
    char first[256] = "";
    char second[256] = "";
    struct small_file own = {"release.csv", "recorded,note\n2024-01-01,other\n"};
    static const char sql[] = "SELECT value FROM meta WHERE key = 'version'";
    for (int i = 0; i < 2; i++) {
        assert_int_equal(small_open(&small, NULL, &error), DL_OK);
        first[0] = '\0';
        assert_int_equal(dl_store_run(small.store, sql, NULL, 0, take_text, first), DL_OK);
        if (i == 0) {
            memcpy(second, first, sizeof second);
        }
        small_close(&small);
    }
    assert_string_equal(first, second);
    assert_int_equal(small_open(&small, &own, &error), DL_OK);
    second[0] = '\0';
    assert_int_equal(dl_store_run(small.store, sql, NULL, 0, take_text, second), DL_OK);
    assert_string_not_equal(first, second);
    small_close(&small);
}

static void a_wrong_row_stops_with_file_line_and_column(void **state)
{
    (void)state;
    expect_refused("release.csv", "recorded,note\n2024-02-30,\n",
                   "release.csv: line 2, column 1: not a day: \"2024-02-30\"");
    expect_refused("substances/names.csv",
                   "substance,lang,kind,name,known_from,known_until,source,verification\n"
                   "plant:oak,en,main,Oak,,,x,official\n",
                   "substances/names.csv: line 2, column 1: nothing has this key: \"plant:oak\"");
    expect_refused("substances/names.csv",
                   "substance,lang,kind,name,known_from,known_until,source,verification\n"
                   "plant:khat,en,main,Khat,,,row CN-OLD/3,official\n",
                   "substances/names.csv: line 2, column 27: no such source: \"row CN-OLD/3\"");
    expect_refused("substances/names.csv",
                   "substance,lang,kind,name,known_from,known_until,source,verification\n"
                   "plant:khat,en,main,---,,,x,official\n",
                   "substances/names.csv: line 2, column 20: no name: \"---\"");
    expect_refused("substances/identifiers.csv",
                   "kind,value,substance,role,source,verification,colour\n",
                   "substances/identifiers.csv: line 1, column 47: unknown column \"colour\"");
    expect_refused("cn/lists.csv",
                   "list,title,words,schedule,in_force,until,ended_by,successors,source,"
                   "verification,note\nCN-OLD,x,x,x,,,,CN-NONE,x,official,\n",
                   "cn/lists.csv: line 2, column 17: not all of these are lists: \"CN-NONE\"");
}

static void a_row_that_the_schema_refuses_names_its_line(void **state)
{
    (void)state;
    struct small_file own = {"substances/identifiers.csv",
                             "kind,value,substance,role,source,verification\n"
                             "colour,red,plant:khat,own,x,official\n"};
    assert_int_equal(small_open(&small, &own, &error), DL_E_INPUT);
    assert_non_null(strstr(error.message, "substances/identifiers.csv: line 2: CHECK"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_registry_is_loaded_whole),
        cmocka_unit_test(names_stand_once_with_their_key_in_the_order_to_show),
        cmocka_unit_test(the_version_is_a_hash_of_the_text),
        cmocka_unit_test(a_wrong_row_stops_with_file_line_and_column),
        cmocka_unit_test(a_row_that_the_schema_refuses_names_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
