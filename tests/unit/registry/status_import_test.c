#include "base/json.h"
#include "registry/import.h"
#include "registry/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "small_registry.h"

/* Answers after an import: by the day of law and by the day of knowledge. */

static struct small_registry small;
static struct dl_error error;

/* 2025-06-15T15:06:40Z */
#define IMPORTED_MS 1750000000000

static const char announcement_text[] =
    "# jurisdiction: CN\n# list: CN-NEW\n# instrument: CN-C\n# title: Third\n# announced: "
    "2026-01-01\n# in_force: 2026-02-01\n"
    "action,entry,name_en,name_zh,cas\n"
    "add,10,Brorphine,溴啡,2244737-98-0\n"
    "end,9,Fentanyl,芬太尼,437-38-7\n";

static void ignore_row(void *context, const struct dl_import_row *row)
{
    (void)context;
    (void)row;
}

static int open_and_import(void **state)
{
    (void)state;
    struct dl_announcement announcement;
    if (small_open(&small, NULL, &error) != DL_OK ||
        dl_announcement_read(dl_view_str(announcement_text), &announcement, &error) != DL_OK) {
        return -1;
    }
    struct dl_import import = {.store = small.store,
                               .announcement = &announcement,
                               .by = "J. Doe",
                               .file = "a.csv",
                               .sha256 = "00",
                               .now_ms = IMPORTED_MS,
                               .apply = true,
                               .row = ignore_row};
    enum dl_err err = dl_registry_import(&import, &error);
    dl_announcement_fini(&announcement);
    return err == DL_OK && import.n[DL_IMPORT_NEW] == 1 && import.n[DL_IMPORT_ENDED] == 1 ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    small_close(&small);
    return 0;
}

struct expected {
    const char *query;
    dl_day on, known_on;
    const char *rows; /* "unknown" when not understood */
};

static void assert_answer(const struct expected *expected)
{
    struct dl_reader *reader = NULL;
    struct dl_status *status = NULL;
    struct dl_status_options options = {.on = expected->on, .known_on = expected->known_on};
    char rows[512] = "";
    assert_int_equal(dl_reader_new(small.store, &reader, &error), DL_OK);
    dl_status_new(reader, &status);
    assert_int_equal(dl_status_set(status, &options), DL_OK);
    assert_int_equal(dl_status_ask(status, dl_view_str(expected->query)), DL_OK);
    if (!dl_status_understood(status)) {
        (void)snprintf(rows, sizeof rows, "unknown");
    }
    for (size_t i = 0; i < status->n_rows; i++) {
        size_t n = strlen(rows);
        (void)snprintf(rows + n, sizeof rows - n, "%s%s%s%s", i > 0 ? ", " : "",
                       dl_standing_name(status->row[i].standing), status->row[i].list ? " " : "",
                       status->row[i].list ? status->row[i].list->code : "");
    }
    if (strcmp(rows, expected->rows) != 0) {
        fail_msg("%s on %d as known on %d: %s, expected %s", expected->query, expected->on,
                 expected->known_on, rows, expected->rows);
    }
    dl_status_free(&status);
    dl_reader_free(&reader);
}

static void an_imported_addition_is_announced_then_law(void **state)
{
    (void)state;
    static const struct expected table[] = {
        {"brorphine", 20251231, 0, "not-listed"},
        {"brorphine", 20260101, 0, "announced CN-NEW"},
        {"brorphine", 20260131, 0, "announced CN-NEW"},
        {"溴啡", 20260201, 0, "controlled CN-NEW"},
        {"2244737-98-0", 20260201, 0, "controlled CN-NEW"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_answer(&table[i]);
    }
}

static void an_imported_end_ends_on_its_day(void **state)
{
    (void)state;
    static const struct expected table[] = {
        {"fentanyl", 20260131, 0, "controlled CN-NEW"},
        {"fentanyl", 20260201, 0, "ended CN-NEW"},
        {"fentanyl", 20200101, 0, "controlled CN-OLD"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_answer(&table[i]);
    }
}

static void known_on_answers_as_the_registry_would_have_then(void **state)
{
    (void)state;
    static const struct expected table[] = {
        {"brorphine", 20260201, 20250614, "unknown"},
        {"2244737-98-0", 20260201, 20250614, "unknown"},
        {"brorphine", 20260201, 20250615, "controlled CN-NEW"},
        {"fentanyl", 20260201, 20250614, "controlled CN-NEW"},
        {"fentanyl", 20260201, 20250615, "ended CN-NEW"},
        {"fentanyl", 20260201, 20200101, "controlled CN-NEW"}, /* from the first data */
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_answer(&table[i]);
    }
}

static void an_answer_names_the_announcement_it_rests_on(void **state)
{
    (void)state;
    struct dl_reader *reader = NULL;
    struct dl_status *status = NULL;
    struct dl_status_options options = {.on = 20260301};
    struct dl_buf out;
    json_t *json = NULL;
    dl_buf_init(&out, 65536);
    assert_int_equal(dl_reader_new(small.store, &reader, &error), DL_OK);
    dl_status_new(reader, &status);
    assert_int_equal(dl_status_set(status, &options), DL_OK);
    assert_int_equal(dl_status_ask(status, dl_view_str("brorphine")), DL_OK);
    assert_int_equal(dl_status_json(status, DL_LANG_EN, &out), DL_OK);
    assert_int_equal(dl_json_parse(dl_buf_view(&out), &json, NULL), DL_OK);
    const json_t *row = json_array_get(json_object_get(json, "answers"), 0);
    assert_true(dl_view_is(dl_json_text(row, "instrument"), "CN-C"));
    assert_true(dl_view_is(dl_json_text(row, "verification"), "announcement"));
    assert_true(dl_view_is(dl_json_text(row, "announced"), "2026-01-01"));
    assert_true(dl_view_is(dl_json_text(row, "in_force"), "2026-02-01"));
    json_decref(json);
    dl_buf_fini(&out);
    dl_status_free(&status);
    dl_reader_free(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_imported_addition_is_announced_then_law),
        cmocka_unit_test(an_imported_end_ends_on_its_day),
        cmocka_unit_test(known_on_answers_as_the_registry_would_have_then),
        cmocka_unit_test(an_answer_names_the_announcement_it_rests_on),
    };
    return cmocka_run_group_tests(tests, open_and_import, close_all);
}
