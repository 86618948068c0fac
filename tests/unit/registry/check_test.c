#include "registry/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "small_registry.h"

static struct small_registry small;
static char found[4096]; /* "level name subject;" of what is no note */

static enum dl_err remember(void *context, const struct dl_finding *finding)
{
    (void)context;
    if (finding->level != DL_CHECK_NOTE) {
        size_t n = strlen(found);
        (void)snprintf(found + n, sizeof found - n, "%s %s %.*s;",
                       dl_check_level_name(finding->level), finding->name,
                       DL_VIEW_ARG(finding->subject));
    }
    return DL_OK;
}

static struct dl_check check_store(struct dl_store *store)
{
    struct dl_error error = {0};
    struct dl_check check = {.store = store, .found = remember};
    found[0] = '\0';
    assert_int_equal(dl_registry_check(&check, &error), DL_OK);
    return check;
}

static void expect(const struct small_file *own, const char *sql, const char *findings)
{
    struct dl_error error = {0};
    assert_int_equal(small_open(&small, own, &error), DL_OK);
    if (sql != NULL) {
        assert_int_equal(dl_store_run(small.store, sql, NULL, 0, NULL, NULL), DL_OK);
    }
    (void)check_store(small.store);
    assert_string_equal(found, findings);
    small_close(&small);
}

static void a_sound_registry_has_no_errors(void **state)
{
    (void)state;
    expect(NULL, NULL, "");
}

static void a_wrong_check_digit_is_an_error_unless_it_is_kept_as_wrong(void **state)
{
    (void)state;
    expect(NULL, "UPDATE identifier SET value = '437-38-6' WHERE value = '437-38-7'",
           "error cas-check-digit 437-38-6;");
    expect(NULL,
           "UPDATE identifier SET value = '437-38-6', role = 'wrong' WHERE value = '437-38-7'", "");
    expect(NULL, "UPDATE identifier SET role = 'wrong' WHERE value = '437-38-7'",
           "error cas-check-digit 437-38-7;");
}

static void an_inverted_interval_is_an_error(void **state)
{
    (void)state;
    expect(NULL, "UPDATE listing SET until = '2013-01-01' WHERE key = 'CN-OLD/1'",
           "error interval-inverted CN-OLD/1;error before-its-list CN-OLD/1;");
}

static void a_start_that_differs_from_listed_by_is_an_error(void **state)
{
    (void)state;
    expect(NULL, "UPDATE listing SET listed_by = '2014-01-02' WHERE key = 'CN-OLD/1'",
           "error listed-by CN-OLD/1;");
}

#define COPY(key, entry, from)                                                                     \
    "INSERT INTO listing (key, list, entry, kind, subject, in_force, listed_by, instrument, "      \
    "source, verification, recorded_from) SELECT '" key "', list, '" entry                         \
    "', kind, subject, '" from "', '" from                                                         \
    "', instrument, source, verification, 1 FROM listing WHERE key = 'CN-NEW/9'"
#define LINK                                                                                       \
    "INSERT INTO link (substance, listing, relation, how, certainty) SELECT subject, id, 'is', "   \
    "'own', 'certain' FROM listing WHERE id = (SELECT max(id) FROM listing)"

static void overlapping_rows_and_a_substance_listed_twice_are_errors(void **state)
{
    (void)state;
    struct dl_error error = {0};
    assert_int_equal(small_open(&small, NULL, &error), DL_OK);
    assert_int_equal(
        dl_store_run(small.store, COPY("CN-NEW/9/b", "9", "2026-01-01"), NULL, 0, NULL, NULL),
        DL_OK);
    assert_int_equal(dl_store_run(small.store, LINK, NULL, 0, NULL, NULL), DL_OK);
    (void)check_store(small.store);
    assert_string_equal(found, "error interval-overlap CN-NEW/9;");
    small_close(&small);

    assert_int_equal(small_open(&small, NULL, &error), DL_OK);
    assert_int_equal(
        dl_store_run(small.store, COPY("CN-NEW/10", "10", "2026-01-01"), NULL, 0, NULL, NULL),
        DL_OK);
    assert_int_equal(dl_store_run(small.store, LINK, NULL, 0, NULL, NULL), DL_OK);
    (void)check_store(small.store);
    assert_string_equal(found, "error substance-twice CN-NEW " SMALL_KEY_A ";");
    assert_int_equal(
        dl_store_run(small.store,
                     "INSERT INTO accepted VALUES ('substance-twice', 'CN-NEW " SMALL_KEY_A
                     "', 'printed twice')",
                     NULL, 0, NULL, NULL),
        DL_OK);
    (void)check_store(small.store);
    assert_string_equal(found, "accepted substance-twice CN-NEW " SMALL_KEY_A ";");
    small_close(&small);
}

static void a_listing_without_act_is_a_note_and_without_source_an_error(void **state)
{
    (void)state;
    struct dl_error error = {0};
    assert_int_equal(small_open(&small, NULL, &error), DL_OK);
    assert_int_equal(dl_store_run(small.store,
                                  "UPDATE listing SET instrument = NULL WHERE key = 'CN-NEW/9'",
                                  NULL, 0, NULL, NULL),
                     DL_OK);
    struct dl_check check = check_store(small.store);
    assert_int_equal(check.n[DL_CHECK_ERROR], 0);
    assert_int_equal(check.n[DL_CHECK_NOTE], 1);
    assert_int_equal(dl_store_run(small.store, "UPDATE text SET value = '' WHERE value = 'gazette'",
                                  NULL, 0, NULL, NULL),
                     DL_OK);
    check = check_store(small.store);
    assert_int_equal(check.n[DL_CHECK_ERROR], 3);
    small_close(&small);
}

static void a_name_of_two_substances_is_an_error_unless_a_conflict_explains_it(void **state)
{
    (void)state;
    expect(NULL, "UPDATE name SET name = 'Fentanyl', key = 'fentanyl' WHERE name = 'Sufentanil'",
           "error name-ambiguous fentanyl;");
    struct small_file conflict = {"substances/conflicts.csv",
                                  "kind,key,substances,detail,explanation,source,verification\n"
                                  "name,Fentanyl," SMALL_KEY_A "|" SMALL_KEY_B ",,two uses,x,\n"};
    expect(&conflict,
           "UPDATE name SET name = 'Fentanyl', key = 'fentanyl' WHERE name = 'Sufentanil'",
           "accepted name-ambiguous fentanyl;");
}

static void a_name_with_a_key_of_other_rules_is_an_error(void **state)
{
    (void)state;
    expect(NULL, "UPDATE name SET key = 'fenta' WHERE name = 'Fentanyl'",
           "error name-key Fentanyl;");
}

static void a_number_of_two_substances_is_an_error(void **state)
{
    (void)state;
    expect(NULL, "UPDATE identifier SET value = '437-38-7' WHERE value = '56030-54-7'",
           "error identifier-shared 437-38-7;");
}

static void what_was_replaced_must_have_ended(void **state)
{
    (void)state;
    expect(NULL, "UPDATE list SET until = NULL WHERE code = 'CN-OLD'",
           "error list-without-end CN-OLD;");
    expect(NULL, "UPDATE listing SET until = NULL WHERE key = 'CN-OLD/2'",
           "error open-on-ended-list CN-OLD/2;");
}

static void an_unlinked_subject_and_an_unknown_word_are_errors(void **state)
{
    (void)state;
    expect(NULL, "DELETE FROM link WHERE listing = 3", "error subject-unlinked CN-NEW/9;");
    expect(NULL, "UPDATE listing SET verification = 'sure' WHERE key = 'CN-NEW/9'",
           "error verification CN-NEW/9;");
    expect(NULL, "UPDATE listing SET until = '2025-02-30' WHERE key = 'CN-OLD/2'",
           "error day CN-OLD/2;");
}

static enum dl_err count_list(void *context, const struct dl_check_list *list)
{
    if (dl_view_is(list->list, "CN-OLD")) {
        *(struct dl_check_list *)context = *list;
    }
    return DL_OK;
}

static void the_summary_counts_rows_structures_and_words(void **state)
{
    (void)state;
    struct dl_error error = {0};
    struct dl_check_list list = {0};
    assert_int_equal(small_open(&small, NULL, &error), DL_OK);
    assert_int_equal(dl_registry_summary(small.store, count_list, &list), DL_OK);
    assert_int_equal(list.rows, 2);
    assert_int_equal(list.structured, 1);
    assert_int_equal(list.official, 2);
    assert_int_equal(list.other, 0);
    small_close(&small);
}

static void the_shipped_registry_has_no_errors(void **state)
{
    (void)state;
    struct dl_store *store = NULL;
    struct dl_error error = {0};
    struct dl_store_config config = {
        .path = DL_BUILD_DIR "/registry.db", .read_only = true, .version = DL_REGISTRY_VERSION};
    assert_int_equal(dl_store_open(&config, &store, &error), DL_OK);
    struct dl_check check = check_store(store);
    if (check.n[DL_CHECK_ERROR] > 0) {
        print_error("%s\n", found);
    }
    assert_int_equal(check.n[DL_CHECK_ERROR], 0);
    dl_store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_registry_has_no_errors),
        cmocka_unit_test(a_wrong_check_digit_is_an_error_unless_it_is_kept_as_wrong),
        cmocka_unit_test(an_inverted_interval_is_an_error),
        cmocka_unit_test(a_start_that_differs_from_listed_by_is_an_error),
        cmocka_unit_test(overlapping_rows_and_a_substance_listed_twice_are_errors),
        cmocka_unit_test(a_listing_without_act_is_a_note_and_without_source_an_error),
        cmocka_unit_test(a_name_of_two_substances_is_an_error_unless_a_conflict_explains_it),
        cmocka_unit_test(a_name_with_a_key_of_other_rules_is_an_error),
        cmocka_unit_test(a_number_of_two_substances_is_an_error),
        cmocka_unit_test(what_was_replaced_must_have_ended),
        cmocka_unit_test(an_unlinked_subject_and_an_unknown_word_are_errors),
        cmocka_unit_test(the_summary_counts_rows_structures_and_words),
        cmocka_unit_test(the_shipped_registry_has_no_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
