#include "registry/likeness.h"
#include "registry/reading.h"
#include "registry/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "small_registry.h"

static struct dl_error error;
static struct small_registry small;
static struct dl_likeness *likeness;
static struct dl_like like[DL_LIKE_MAX];

/* A fingerprint with bits [from, until). */
static struct dl_view bits(uint8_t print[DL_PRINT_OCTETS], size_t from, size_t until)
{
    memset(print, 0, DL_PRINT_OCTETS);
    for (size_t i = from; i < until; i++) {
        print[i / 8] |= (uint8_t)(1u << (i % 8));
    }
    return dl_view_of(print, DL_PRINT_OCTETS);
}

static void put(const char *key, size_t from, size_t until)
{
    uint8_t print[DL_PRINT_OCTETS];
    struct dl_view octets = from == until ? dl_view_of("", 0) : bits(print, from, until);
    assert_int_equal(dl_store_run(small.store,
                                  "INSERT INTO reading SELECT id, 0, '', 0, ?2, x'' FROM substance"
                                  " WHERE key = ?1",
                                  DL_SQL(DL_SQL_STR(key), DL_SQL_BLOB(octets)), NULL, NULL),
                     DL_OK);
}

/* Fentanyl is listed there; sufentanil is known and stands on no list. */
static void open_small(void)
{
    assert_int_equal(small_open(&small, NULL, &error), DL_OK);
}

static size_t nearest_of_small(size_t from, size_t until, const char *except)
{
    uint8_t print[DL_PRINT_OCTETS];
    assert_int_equal(dl_likeness_new(small.store, &likeness), DL_OK);
    size_t n = dl_likeness_nearest(likeness, bits(print, from, until), dl_view_str(except), like);
    return n;
}

static void close_small(void)
{
    dl_likeness_free(&likeness);
    small_close(&small);
}

static void likeness_is_what_is_common_of_what_either_has(void **state)
{
    (void)state;
    open_small();
    put(SMALL_KEY_A, 0, 60);
    assert_int_equal(nearest_of_small(20, 100, ""), 1); /* 40 of 100 */
    assert_int_equal(like[0].thousandths, 400);
    assert_true(dl_view_is(like[0].name, "Fentanyl"));
    assert_true(dl_view_is(like[0].key, SMALL_KEY_A));
    close_small();
}

static void what_is_less_alike_is_left_out(void **state)
{
    (void)state;
    open_small();
    put(SMALL_KEY_A, 0, 60);
    assert_int_equal(nearest_of_small(21, 101, ""), 0); /* 39 of 101 */
    close_small();
}

static void the_substance_itself_and_what_stands_on_no_list_are_left_out(void **state)
{
    (void)state;
    open_small();
    put(SMALL_KEY_A, 0, 60);
    put(SMALL_KEY_B, 0, 60);
    assert_int_equal(nearest_of_small(0, 60, ""), 1);
    assert_int_equal(like[0].thousandths, 1000);
    assert_int_equal(dl_likeness_nearest(likeness, dl_likeness_print(likeness, like[0].key),
                                         dl_view_str(SMALL_KEY_A), like),
                     0);
    close_small();
}

static void what_has_no_fingerprint_is_like_nothing(void **state)
{
    (void)state;
    open_small();
    put(SMALL_KEY_A, 0, 0); /* the worker refused it */
    assert_int_equal(nearest_of_small(0, 60, ""), 0);
    assert_int_equal(dl_likeness_print(likeness, dl_view_str(SMALL_KEY_A)).n, 0);
    assert_int_equal(dl_likeness_nearest(likeness, dl_view_of("short", 5), dl_view_of("", 0), like),
                     0);
    close_small();
}

static void it_is_written_as_likeness(void **state)
{
    (void)state;
    struct dl_buf out;
    const struct dl_like two[] = {{dl_view_str("K"), dl_view_str("a \"b\""), 1000},
                                  {dl_view_str("L"), dl_view_str("c"), 55}};
    dl_buf_init(&out, 4096);
    dl_likeness_put_json(two, 2, &out);
    assert_true(dl_view_is(dl_buf_view(&out),
                           "[{\"id\":\"K\",\"name\":\"a \\\"b\\\"\",\"inchikey\":\"K\","
                           "\"similarity\":1.000},{\"id\":\"L\",\"name\":\"c\",\"inchikey\":\"L\","
                           "\"similarity\":0.055}]"));
    dl_buf_fini(&out);
}

/* ---- the shipped structures ---- */

static int of(const char *key)
{
    for (size_t i = 0; i < DL_LIKE_MAX; i++) {
        if (dl_view_is(like[i].key, key)) {
            return like[i].thousandths;
        }
    }
    return -1;
}

static size_t nearest_of_listed(const char *key)
{
    struct dl_view print = dl_likeness_print(likeness, dl_view_str(key));
    memset(like, 0, sizeof like);
    return dl_likeness_nearest(likeness, print, dl_view_str(key), like);
}

/* The fractions are those of another build of RDKit (2026.09.1 in JavaScript). */
static void known_pairs_have_their_known_likeness(void **state)
{
    (void)state;
    struct dl_registry *registry = NULL;
    struct dl_registry_config config = {.path = DL_BUILD_DIR "/registry.db", .read_only = true};
    if (access(DL_BUILD_DIR "/directline-structure", X_OK) != 0) {
        print_message("skipped: directline-structure was not built (RDKit is missing)\n");
        skip();
    }
    assert_int_equal(dl_registry_open(&config, &registry, &error), DL_OK);
    assert_int_equal(dl_likeness_new(dl_registry_store(registry), &likeness), DL_OK);
    assert_int_equal(nearest_of_listed("PJMPHNIQZUBGLI-UHFFFAOYSA-N"), DL_LIKE_MAX);
    assert_int_equal(of("QQOMYEQLWQJRKK-UHFFFAOYSA-N"), 37000 / 45); /* butyrfentanyl */
    for (size_t i = 1; i < DL_LIKE_MAX; i++) {
        assert_true(like[i - 1].thousandths >= like[i].thousandths);
    }
    assert_true(nearest_of_listed("SJHUJFHOXYDSJY-UHFFFAOYSA-N") > 0); /* protonitazene */
    assert_int_equal(of("OIOQREYBGDAYGT-UHFFFAOYSA-N"), 48000 / 62);   /* isotonitazene */
    dl_likeness_free(&likeness);
    dl_registry_close(&registry);
}

/* ---- readings ---- */

static size_t unread(void)
{
    struct dl_worker *worker = NULL;
    struct dl_worker_config config = {
        .path = DL_BUILD_DIR "/directline-structure", .rules = "", .processes = 1};
    struct dl_readings readings;
    assert_int_equal(dl_worker_open(&config, &worker, &error), DL_OK);
    assert_int_equal(dl_readings_put(small.store, worker, &readings, &error), DL_OK);
    if (readings.n > 0) {
        assert_int_equal(dl_readings_take(small.store, worker, &readings, &error), DL_OK);
    }
    dl_worker_close(&worker);
    return readings.n;
}

static void a_structure_is_read_once_also_one_that_cannot_be_read(void **state)
{
    (void)state;
    if (access(DL_BUILD_DIR "/directline-structure", X_OK) != 0) {
        print_message("skipped: directline-structure was not built (RDKit is missing)\n");
        skip();
    }
    open_small(); /* its two structures are both "C" */
    assert_int_equal(dl_store_run(small.store,
                                  "UPDATE structure SET smiles = 'C(' WHERE substance ="
                                  " (SELECT id FROM substance WHERE key = ?1)",
                                  DL_SQL(DL_SQL_STR(SMALL_KEY_B)), NULL, NULL),
                     DL_OK);
    assert_int_equal(unread(), 2);
    assert_int_equal(unread(), 0);
    assert_int_equal(dl_likeness_new(small.store, &likeness), DL_OK);
    assert_int_equal(dl_likeness_print(likeness, dl_view_str(SMALL_KEY_A)).n, DL_PRINT_OCTETS);
    close_small();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(likeness_is_what_is_common_of_what_either_has),
        cmocka_unit_test(what_is_less_alike_is_left_out),
        cmocka_unit_test(the_substance_itself_and_what_stands_on_no_list_are_left_out),
        cmocka_unit_test(what_has_no_fingerprint_is_like_nothing),
        cmocka_unit_test(it_is_written_as_likeness),
        cmocka_unit_test(known_pairs_have_their_known_likeness),
        cmocka_unit_test(a_structure_is_read_once_also_one_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
