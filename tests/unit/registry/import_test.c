#include "registry/check.h"
#include "registry/export.h"
#include "registry/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "small_registry.h"

static struct small_registry small;
static struct dl_error error;
static char told[8192]; /* "line result reason;" of every row that is not as it was */

static void remember(void *context, const struct dl_import_row *row)
{
    (void)context;
    if (row->result != DL_IMPORT_UNCHANGED) {
        size_t n = strlen(told);
        (void)snprintf(told + n, sizeof told - n, "%zu %s%s%s;", row->row->line,
                       dl_import_result_name(row->result), row->reason == NULL ? "" : " ",
                       row->reason == NULL ? "" : row->reason);
    }
}

static struct dl_import import_of(struct dl_store *store, struct dl_announcement *announcement,
                                  bool apply)
{
    return (struct dl_import){.store = store,
                              .announcement = announcement,
                              .by = "J. Doe",
                              .file = "a.csv",
                              .sha256 = "00",
                              .now_ms = 1750000000000,
                              .apply = apply,
                              .row = remember};
}

static struct dl_import import_text(struct dl_store *store, struct dl_view file, bool apply)
{
    struct dl_announcement announcement;
    told[0] = '\0';
    memset(&error, 0, sizeof error);
    if (dl_announcement_read(file, &announcement, &error) != DL_OK) {
        fail_msg("%s", error.message);
    }
    struct dl_import import = import_of(store, &announcement, apply);
    assert_int_equal(dl_registry_import(&import, &error), DL_OK);
    dl_announcement_fini(&announcement);
    return import;
}

#define HEADER                                                                                     \
    "# jurisdiction: CN\n# list: CN-NEW\n# instrument: CN-C\n# title: Third\n# announced: "        \
    "2026-01-01\n# in_force: 2026-02-01\n"

static struct dl_import apply(const char *rows)
{
    char text[4096];
    (void)snprintf(text, sizeof text, HEADER "%s", rows);
    return import_text(small.store, dl_view_str(text), true);
}

static void expect(const char *rows, const char *expected)
{
    (void)apply(rows);
    assert_string_equal(told, expected);
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

static enum dl_err print_error_finding(void *context, const struct dl_finding *finding)
{
    (void)context;
    if (finding->level == DL_CHECK_ERROR) {
        print_error("%s %.*s: %.*s\n", finding->name, DL_VIEW_ARG(finding->subject),
                    DL_VIEW_ARG(finding->detail));
    }
    return DL_OK;
}

static void expect_sound(struct dl_store *store)
{
    struct dl_check check = {.store = store, .found = print_error_finding};
    assert_int_equal(dl_registry_check(&check, &error), DL_OK);
    assert_int_equal(check.n[DL_CHECK_ERROR], 0);
}

static int open_small(void **state)
{
    (void)state;
    return small_open(&small, NULL, &error) == DL_OK ? 0 : -1;
}

static int close_small(void **state)
{
    (void)state;
    small_close(&small);
    return 0;
}

static void an_addition_is_new_once_and_unchanged_ever_after(void **state)
{
    (void)state;
    static const char rows[] =
        "action,entry,name_en,name_zh,cas\nadd,10,Brorphine,溴啡,2244737-98-0\n";
    expect(rows, "8 new;");
    expect_rows(
        "SELECT a.key || ' ' || a.kind || ' ' || a.in_force || ' ' || a.announced || ' ' || "
        "a.verification || ' ' || s.key FROM listing a JOIN substance s ON s.id = "
        "a.subject WHERE a.recorded_from = 2",
        "CN-NEW/10 named 2026-02-01 2026-01-01 announcement chemical:brorphine;");
    expect_rows(
        "SELECT by || ' ' || file || ' ' || sha256 || ' ' || added FROM import WHERE id = 2",
        "J. Doe a.csv 00 1;");
    expect_sound(small.store);
    struct dl_import again = apply(rows);
    assert_int_equal(again.id, 0);
    assert_int_equal(again.n[DL_IMPORT_UNCHANGED], 1);
    expect_rows("SELECT count(*) FROM import", "2;");
}

static void the_difference_alone_changes_nothing(void **state)
{
    (void)state;
    struct dl_import import =
        import_text(small.store, dl_view_str(HEADER "action,name_en\nadd,Brorphine\n"), false);
    assert_int_equal(import.n[DL_IMPORT_NEW], 1);
    assert_int_equal(import.id, 0);
    expect_rows("SELECT count(*) FROM substance", "3;");
    expect_rows("SELECT count(*) FROM import", "1;");
}

static void what_is_listed_already_is_a_conflict(void **state)
{
    (void)state;
    expect("action,entry,name_en,inchikey\nadd,9,Fentanyl," SMALL_KEY_A "\n",
           "8 conflict on this list already, since 2025-07-21;");
    expect_rows("SELECT count(*) FROM import", "1;");
}

static void numbers_and_names_that_contradict_each_other_are_conflicts(void **state)
{
    (void)state;
    expect("action,name_en,cas,inchikey\nadd,Fentanyl,56030-54-7,\n"
           "add,X,437-38-7,AAAAAAAAAAAAAA-UHFFFAOYSA-N\n",
           "8 conflict the CAS number and the name mean different substances;"
           "9 conflict the CAS number is that of a substance with another structure;");
}

static void wrong_values_are_refused_with_line_and_the_rest_goes_on(void **state)
{
    (void)state;
    expect("action,name_en,cas,list,until\nadd,A,437-38-6,,\nput,B,,,\nadd,,,,\nadd,C,,CN-X,\n"
           "add,D,,,2026-01-01\nadd,E,,,\n",
           "8 refused not a CAS number with a right check digit;"
           "9 refused the action is none of add, change, move, end;"
           "10 refused nothing says which substance is meant;"
           "11 refused this jurisdiction has no such list;"
           "12 refused it ends before it begins;13 new;");
}

static void an_end_and_a_change_keep_what_was_known_before(void **state)
{
    (void)state;
    expect("action,name_en\nend,Fentanyl\n", "8 ended;");
    expect_rows("SELECT coalesce(until, '-') || ' ' || recorded_from || ' ' || "
                "coalesce(recorded_until, 0) FROM listing WHERE key = 'CN-NEW/9' ORDER BY id",
                "- 1 2;2026-02-01 2 0;");
    expect_rows("SELECT count(*) FROM link k JOIN listing a ON a.id = k.listing WHERE a.key = "
                "'CN-NEW/9' AND a.recorded_until IS NULL",
                "1;");
    expect("action,name_en\nend,Fentanyl\n", "");
    expect_sound(small.store);
}

static void a_change_from_a_day_on_ends_the_old_words_and_begins_the_new(void **state)
{
    (void)state;
    static const char rows[] = "action,name_en,scope\nchange,Fentanyl,salts and isomers\n";
    expect(rows, "8 changed;");
    expect_rows("SELECT a.in_force || ' ' || coalesce(a.until, '-') || ' ' || t.value FROM listing "
                "a JOIN text t ON t.id = a.scope WHERE a.list = 2 AND a.recorded_until IS NULL "
                "ORDER BY a.in_force",
                "2025-07-21 2026-02-01 salts;2026-02-01 - salts and isomers;");
    expect(rows, "");
    expect_sound(small.store);
}

static void a_correction_keeps_the_days(void **state)
{
    (void)state;
    expect("action,name_en,in_force,scope\nchange,Fentanyl,2025-07-21,salts only\n", "8 changed;");
    expect_rows("SELECT a.in_force || ' ' || coalesce(a.until, '-') || ' ' || t.value FROM listing "
                "a JOIN text t ON t.id = a.scope WHERE a.list = 2 AND a.recorded_until IS NULL",
                "2025-07-21 - salts only;");
    expect_sound(small.store);
}

static void a_move_ends_one_listing_and_begins_the_other(void **state)
{
    (void)state;
    static const char rows[] =
        "action,name_en,from,in_force,entry\nmove,Khat,CN-OLD,2025-07-21,12\n";
    expect(rows, "8 changed;");
    expect_rows("SELECT a.key || ' ' || a.kind FROM listing a JOIN substance s ON s.id = "
                "a.subject WHERE s.key = 'plant:khat' AND a.recorded_until IS NULL ORDER BY a.id",
                "CN-OLD/2 plant;CN-NEW/12 plant;");
    expect(rows, "");
    expect("action,name_en,from\nmove,Sufentanil,CN-OLD\n",
           "8 conflict not on the list it is to leave on that day;");
    expect_sound(small.store);
}

static void rows_of_one_file_that_contradict_each_other_are_conflicts(void **state)
{
    (void)state;
    expect("action,entry,name_en\nadd,10,Brorphine\nadd,11,Brorphine\n",
           "8 new;9 conflict another row of this file says something else of it;");
    expect_sound(small.store);
}

static void an_undo_restores_what_was_and_is_recorded_itself(void **state)
{
    (void)state;
    static const char rows[] = "action,entry,name_en\nend,,Fentanyl\nadd,10,Brorphine\n";
    struct dl_undo undo = {
        .store = small.store, .import = 2, .by = "J. Doe", .now_ms = 1750000000001};
    int64_t id = 0;
    expect(rows, "8 ended;9 new;");
    assert_int_equal(dl_registry_undo(&undo, &id, &error), DL_OK);
    assert_int_equal(id, 3);
    expect_rows("SELECT key || ' ' || coalesce(until, '-') FROM listing WHERE recorded_until IS "
                "NULL ORDER BY key",
                "CN-NEW/9 -;CN-OLD/1 2025-07-21;CN-OLD/2 2025-07-21;");
    expect_rows("SELECT count(*) FROM name WHERE recorded_until IS NULL AND name = 'Brorphine'",
                "0;");
    expect_rows("SELECT kind || ' ' || undoes FROM import WHERE id = 3", "undo 2;");
    expect_sound(small.store);
    assert_int_equal(dl_registry_undo(&undo, &id, &error), DL_E_STATE);
    assert_string_equal(error.message, "import 2 was undone already");
    expect(rows, "8 ended;9 new;");
    expect_sound(small.store);
}

static void what_a_later_import_was_built_on_cannot_be_undone(void **state)
{
    (void)state;
    int64_t id = 0;
    struct dl_undo undo = {.store = small.store, .import = 2, .by = "x"};
    expect("action,entry,name_en\nadd,10,Brorphine\n", "8 new;");
    expect("action,name_en,in_force\nend,Brorphine,2026-03-01\n", "8 ended;");
    assert_int_equal(dl_registry_undo(&undo, &id, &error), DL_E_STATE);
    assert_string_equal(error.message, "import 2 was built on by import 3");
    undo.import = 1;
    assert_int_equal(dl_registry_undo(&undo, &id, &error), DL_E_STATE);
    undo.import = 9;
    assert_int_equal(dl_registry_undo(&undo, &id, &error), DL_E_FIELD_VALUE);
    undo.import = 3;
    assert_int_equal(dl_registry_undo(&undo, &id, &error), DL_OK);
    undo.import = 2;
    assert_int_equal(dl_registry_undo(&undo, &id, &error), DL_OK);
    expect_sound(small.store);
}

static void an_unknown_jurisdiction_is_refused_whole(void **state)
{
    (void)state;
    struct dl_announcement a;
    assert_int_equal(dl_announcement_read(
                         dl_view_str("# jurisdiction: XX\n# instrument: X\naction\n"), &a, &error),
                     DL_OK);
    struct dl_import import = import_of(small.store, &a, true);
    assert_int_equal(dl_registry_import(&import, &error), DL_E_ANNOUNCEMENT);
    assert_string_equal(error.field, "jurisdiction");
    assert_false(dl_store_in_transaction(small.store));
    dl_announcement_fini(&a);
}

enum { FILE_OCTETS = 32 * 1024 * 1024 };

static struct dl_view read_whole(const char *path)
{
    char *text = calloc(1, FILE_OCTETS);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_non_null(text);
    size_t n = fread(text, 1, FILE_OCTETS - 1, file);
    assert_true(n > 0);
    (void)fclose(file);
    return dl_view_of(text, n);
}

/* The shipped registry as a copy that can be written. */
static struct dl_store *shipped_copy(const char *path)
{
    struct dl_store *store = NULL;
    struct dl_store_config config = {.path = path, .version = DL_REGISTRY_VERSION};
    struct dl_view all = read_whole(DL_BUILD_DIR "/registry.db");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(all.p, 1, all.n, file), all.n);
    (void)fclose(file);
    free((void *)(uintptr_t)all.p);
    assert_int_equal(dl_store_open(&config, &store, &error), DL_OK);
    return store;
}

static struct dl_import import_example(struct dl_store *store, const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/../registry/data/examples/%s", DL_TESTS_DIR, name);
    struct dl_view text = read_whole(path);
    struct dl_import import = import_text(store, text, true);
    free((void *)(uintptr_t)text.p);
    return import;
}

#define NEW_KEY "CNOFBGYRMCBVLO-UHFFFAOYSA-N"
#define SUBJECT_NOW                                                                                \
    "SELECT s.key FROM listing a JOIN substance s ON s.id = a.subject JOIN link k ON k.listing = " \
    "a.id AND k.substance = s.id WHERE a.key = 'CN-NEW/10' AND a.recorded_until IS NULL"
#define NAMES_NOW                                                                                  \
    "SELECT s.key || ' ' || n.name FROM name n JOIN substance s ON s.id = n.substance WHERE "      \
    "n.recorded_until IS NULL AND n.name IN ('Brorphine', '溴啡', 'Bromorphine') ORDER BY n.n"

static void undo(int64_t import)
{
    struct dl_undo order = {
        .store = small.store, .import = import, .by = "J. Doe", .now_ms = 1750000000000};
    int64_t id = 0;
    assert_int_equal(dl_registry_undo(&order, &id, &error), DL_OK);
}

static void a_structure_that_comes_later_is_of_the_same_substance(void **state)
{
    (void)state;
    static const char with_key[] =
        "action,entry,name_en,cas,inchikey\nadd,10,Brorphine,2244737-98-0," NEW_KEY "\n";
    expect("action,entry,name_en,name_zh,cas\nadd,10,Brorphine,溴啡,2244737-98-0\n", "8 new;");
    expect_rows(SUBJECT_NOW, "chemical:brorphine;");
    expect(with_key, "8 changed its structure is known now;");
    expect_rows(SUBJECT_NOW, NEW_KEY ";");
    expect_rows(NAMES_NOW, NEW_KEY " Brorphine;" NEW_KEY " 溴啡;");
    expect_sound(small.store);
    expect(with_key, "");
    expect("action,entry,name_zh\nadd,10,溴啡\n", ""); /* and by name it is found as ever */
    undo(3);
    expect_rows(SUBJECT_NOW, "chemical:brorphine;");
    expect_rows(NAMES_NOW, "chemical:brorphine Brorphine;chemical:brorphine 溴啡;");
    expect_sound(small.store);
    undo(2);
    expect_rows(SUBJECT_NOW, "");
    expect_rows(NAMES_NOW, "");
    expect_sound(small.store);
}

static void what_a_row_does_is_done_before_the_structure_is_known(void **state)
{
    (void)state;
    (void)apply("action,entry,name_en,in_force\nadd,10,Brorphine,2026-01-15\n");
    expect("action,name_en,inchikey\nend,Brorphine," NEW_KEY "\n", "8 ended;");
    expect_rows(SUBJECT_NOW, NEW_KEY ";");
    expect_rows("SELECT until FROM listing WHERE key = 'CN-NEW/10' AND recorded_until IS NULL",
                "2026-02-01;");
    expect_sound(small.store);
    /* another structure under a name that has one already is another substance */
    expect("action,entry,name_en,inchikey\nadd,12,Brorphine,APSJUNFBAXIXLK-UHFFFAOYSA-N\n",
           "8 new;");
    expect_rows(SUBJECT_NOW, NEW_KEY ";");
}

static const char slices[] = HEADER "action,entry,name_en\nadd,20,Alphanone\nadd,21,Betanone\n"
                                    "end,,Fentanyl\n";

/* What an export gives now: keys in the order of the rows. */
static enum dl_err count_row(void *context, const struct dl_export_row *row)
{
    DL_ASSERT(row->id > 0, "a listing");
    ++*(size_t *)context;
    return DL_OK;
}

static size_t exported(void)
{
    size_t n = 0;
    assert_int_equal(dl_registry_export(small.store, 0, 1000, count_row, &n), DL_OK);
    return n;
}

static void an_import_in_slices_is_seen_by_nobody_before_its_end(void **state)
{
    (void)state;
    struct dl_announcement announcement;
    struct dl_import_run *run = NULL;
    bool done = false;
    size_t before = exported();
    assert_int_equal(dl_announcement_read(dl_view_str(slices), &announcement, &error), DL_OK);
    struct dl_import import = import_of(small.store, &announcement, true);
    assert_int_equal(dl_import_begin(&import, &run, &error), DL_OK);
    for (size_t rows = 0; !done; rows++) {
        assert_int_equal(rows, import.n[DL_IMPORT_NEW] + import.n[DL_IMPORT_ENDED]);
        assert_int_equal(exported(), before);
        expect_rows("SELECT max(id) FROM import", "1;");
        assert_int_equal(dl_import_rows(run, 1, &done, &error), DL_OK);
    }
    assert_true(dl_import_changes(run));
    assert_int_equal(exported(), before);
    assert_int_equal(dl_import_end(&run, &error), DL_OK);
    assert_null(run);
    assert_int_equal(import.id, 2);
    assert_int_equal(exported(), before + 2);
    expect_sound(small.store);
    dl_announcement_fini(&announcement);
}

static void while_one_import_runs_every_other_change_waits(void **state)
{
    (void)state;
    struct dl_announcement announcement;
    struct dl_import_run *run = NULL;
    struct dl_import_run *second = NULL;
    bool done = false;
    int64_t id = 0;
    (void)apply("action,name_en\nadd,Brorphine\n");
    assert_int_equal(dl_announcement_read(dl_view_str(slices), &announcement, &error), DL_OK);
    struct dl_import import = import_of(small.store, &announcement, true);
    struct dl_import other = import;
    struct dl_undo undo = {.store = small.store, .import = 2, .by = "J. Doe"};
    assert_int_equal(dl_import_begin(&import, &run, &error), DL_OK);
    assert_int_equal(dl_import_rows(run, 1, &done, &error), DL_OK);
    assert_int_equal(dl_import_begin(&other, &second, &error), DL_E_STATE);
    assert_int_equal(dl_registry_undo(&undo, &id, &error), DL_E_STATE);
    assert_int_equal(dl_import_none_runs(small.store, &error), DL_E_STATE);
    dl_import_drop(&run); /* and nothing of it stays */
    expect_rows("SELECT max(recorded_from) FROM listing", "2;");
    expect_rows("SELECT count(*) FROM substance WHERE name = 'Alphanone'", "0;");
    assert_int_equal(dl_registry_undo(&undo, &id, &error), DL_OK);
    dl_announcement_fini(&announcement);
}

static void a_difference_shown_before_a_change_is_not_recorded_after_it(void **state)
{
    (void)state;
    struct dl_announcement announcement;
    assert_int_equal(dl_announcement_read(dl_view_str(slices), &announcement, &error), DL_OK);
    struct dl_import import = import_of(small.store, &announcement, false);
    assert_int_equal(dl_registry_import(&import, &error), DL_OK);
    assert_int_equal(import.based_on, 1);
    import.apply = true;
    import.shown_at = import.based_on;
    (void)apply("action,name_en\nadd,Brorphine\n");
    assert_int_equal(dl_registry_import(&import, &error), DL_E_STATE);
    expect_rows("SELECT max(id) FROM import", "2;");
    import.shown_at = 2;
    assert_int_equal(dl_registry_import(&import, &error), DL_OK);
    expect_rows("SELECT max(id) FROM import", "3;");
    dl_announcement_fini(&announcement);
}

static void the_shipped_examples_change_nothing_in_the_shipped_registry(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t rows;
    } examples[] = {{"cn-2024-07-01-additions.csv", 46},
                    {"cn-2025-07-21-medicinal.csv", 128},
                    {"cn-2025-07-21-non-pharmaceutical.csv", 402}};
    static const char path[] = DL_BUILD_DIR "/import-shipped.db";
    struct dl_store *store = shipped_copy(path);
    for (size_t i = 0; i < 3; i++) {
        struct dl_import import = import_example(store, examples[i].name);
        assert_string_equal(told, "");
        assert_int_equal(import.n[DL_IMPORT_UNCHANGED], examples[i].rows);
    }
    dl_store_close(&store);
    (void)unlink(path);
}

static void run(struct dl_store *store, const char *sql)
{
    assert_int_equal(dl_store_run(store, sql, NULL, 0, NULL, NULL), DL_OK);
}

/* Takes rows out of a registry as if they had never been known. */
#define TAKE_OUT(store, which)                                                                     \
    do {                                                                                           \
        run(store, "DELETE FROM link WHERE listing IN (SELECT id FROM listing WHERE " which ")");  \
        run(store,                                                                                 \
            "DELETE FROM listing_text WHERE listing IN (SELECT id FROM listing WHERE " which ")"); \
        run(store, "DELETE FROM listing WHERE " which);                                            \
    } while (0)

/* Chinese rows that one of the two registries has and the other has not: as law, not as record. */
static int64_t count_differing(struct dl_store *store)
{
    int64_t n = -1;
    assert_int_equal(
        dl_store_run(store,
                     "WITH a AS (SELECT list, entry, subject, kind, in_force, until, announced "
                     "FROM listing WHERE recorded_until IS NULL) SELECT (SELECT count(*) FROM "
                     "(SELECT * FROM a EXCEPT SELECT * FROM before)) + (SELECT count(*) FROM "
                     "(SELECT * FROM before EXCEPT SELECT * FROM a))",
                     NULL, 0, dl_row_take_int, &n),
        DL_OK);
    return n;
}

static void the_examples_make_again_what_was_taken_out(void **state)
{
    (void)state;
    static const char path[] = DL_BUILD_DIR "/import-again.db";
    struct dl_store *store = shipped_copy(path);
    run(store, "CREATE TEMP TABLE before AS SELECT list, entry, subject, kind, in_force, until, "
               "announced FROM listing");
    TAKE_OUT(store, "in_force = '2024-07-01' AND list = (SELECT id FROM list WHERE code = "
                    "'CN-SUPP')");
    struct dl_import import = import_example(store, "cn-2024-07-01-additions.csv");
    assert_int_equal(import.n[DL_IMPORT_NEW], 46);
    run(store, "UPDATE listing SET until = '2025-07-21' WHERE recorded_from > 1");
    assert_int_equal(count_differing(store), 0);

    TAKE_OUT(store, "in_force = '2025-07-21' AND key LIKE 'CN-%'");
    run(store, "UPDATE listing SET until = NULL, ended_by = NULL WHERE until = '2025-07-21' AND "
               "key LIKE 'CN-%'");
    (void)import_example(store, "cn-2025-07-21-medicinal.csv");
    assert_string_not_equal(told, "");
    assert_null(strstr(told, "conflict"));
    import = import_example(store, "cn-2025-07-21-non-pharmaceutical.csv");
    assert_null(strstr(told, "conflict"));
    assert_int_equal(import.n[DL_IMPORT_ENDED], 3);
    assert_int_equal(import.n[DL_IMPORT_CHANGED], 399);
    assert_int_equal(count_differing(store), 0);
    dl_store_close(&store);
    (void)unlink(path);
}

int main(void)
{
#define WITH_SMALL(test) cmocka_unit_test_setup_teardown(test, open_small, close_small)
    const struct CMUnitTest tests[] = {
        WITH_SMALL(an_addition_is_new_once_and_unchanged_ever_after),
        WITH_SMALL(the_difference_alone_changes_nothing),
        WITH_SMALL(what_is_listed_already_is_a_conflict),
        WITH_SMALL(numbers_and_names_that_contradict_each_other_are_conflicts),
        WITH_SMALL(wrong_values_are_refused_with_line_and_the_rest_goes_on),
        WITH_SMALL(an_end_and_a_change_keep_what_was_known_before),
        WITH_SMALL(a_change_from_a_day_on_ends_the_old_words_and_begins_the_new),
        WITH_SMALL(a_correction_keeps_the_days),
        WITH_SMALL(a_move_ends_one_listing_and_begins_the_other),
        WITH_SMALL(rows_of_one_file_that_contradict_each_other_are_conflicts),
        WITH_SMALL(an_undo_restores_what_was_and_is_recorded_itself),
        WITH_SMALL(what_a_later_import_was_built_on_cannot_be_undone),
        WITH_SMALL(an_unknown_jurisdiction_is_refused_whole),
        WITH_SMALL(a_structure_that_comes_later_is_of_the_same_substance),
        WITH_SMALL(what_a_row_does_is_done_before_the_structure_is_known),
        WITH_SMALL(an_import_in_slices_is_seen_by_nobody_before_its_end),
        WITH_SMALL(while_one_import_runs_every_other_change_waits),
        WITH_SMALL(a_difference_shown_before_a_change_is_not_recorded_after_it),
        cmocka_unit_test(the_shipped_examples_change_nothing_in_the_shipped_registry),
        cmocka_unit_test(the_examples_make_again_what_was_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
