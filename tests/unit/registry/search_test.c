#include "base/json.h"
#include "registry/nearest.h"
#include "registry/registry.h"
#include "registry/search.h"
#include "registry/show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Search, show and the nearest names, on the shipped registry. */

static struct dl_registry *registry;
static struct dl_reader *reader;
static struct dl_moment moment;

static struct dl_hits find(const char *text)
{
    struct dl_hits hits;
    assert_int_equal(dl_search(reader, &moment, dl_view_str(text), &hits), DL_OK);
    return hits;
}

static json_t *hit_json(const struct dl_hit *hit)
{
    struct dl_buf out;
    json_t *json = NULL;
    dl_buf_init(&out, 65536);
    assert_int_equal(dl_hit_json(reader, hit, &out), DL_OK);
    assert_int_equal(dl_json_parse(dl_buf_view(&out), &json, NULL), DL_OK);
    dl_buf_fini(&out);
    return json;
}

static void assert_first(const char *text, const char *name)
{
    struct dl_hits hits = find(text);
    assert_true(hits.n > 0);
    json_t *json = hit_json(&hits.hit[0]);
    assert_true(dl_view_is(dl_json_text(json, "name"), name));
    json_decref(json);
}

static void the_whole_name_comes_first(void **state)
{
    (void)state;
    assert_first("fentanyl", "Fentanyl");
    assert_first("FENTANYL ", "Fentanyl");
    assert_first("芬太尼", "Fentanyl");
    assert_first("437-38-7", "Fentanyl");
    assert_first("PJMPHNIQZUBGLI", "Fentanyl");
}

static void two_chinese_characters_find_names_that_hold_them(void **state)
{
    (void)state;
    struct dl_hits hits = find("芬太");
    assert_true(hits.n >= 10);
    assert_first("芬太", "Fentanyl");
    bool within = false;
    for (size_t i = 0; i < hits.n; i++) {
        within = within || hits.hit[i].rank == DL_HIT_WITHIN;
    }
    assert_true(within);
    assert_true(find("吗啡").n > 0);
}

static void hits_are_ranked_and_each_substance_stands_once(void **state)
{
    (void)state;
    struct dl_hits hits = find("fentanyl");
    assert_int_equal(hits.n, DL_HITS_MAX);
    assert_true(hits.more);
    for (size_t i = 1; i < hits.n; i++) {
        assert_true(hits.hit[i - 1].rank <= hits.hit[i].rank);
        for (size_t k = 0; k < i; k++) {
            assert_true(hits.hit[k].substance != hits.hit[i].substance);
        }
    }
}

static void wildcards_and_quotes_are_letters_of_no_name(void **state)
{
    (void)state;
    struct dl_hits hits;
    assert_int_equal(dl_search(reader, &moment, dl_view_str("%"), &hits), DL_E_INPUT);
    assert_int_equal(dl_search(reader, &moment, dl_view_str("' OR 1=1--"), &hits), DL_OK);
    assert_int_equal(hits.n, 0);
    assert_int_equal(dl_search(reader, &moment, dl_view_str("a\xFF"), &hits), DL_E_TEXT);
}

static void show_has_old_lists_and_new(void **state)
{
    (void)state;
    struct dl_buf out;
    int64_t substance = 0;
    json_t *json = NULL;
    dl_buf_init(&out, 1024 * 1024);
    assert_int_equal(dl_show_find(reader, &moment, dl_view_str("etizolam"), &substance), DL_OK);
    assert_true(substance != 0);
    assert_int_equal(dl_show_json(reader, &moment, substance, &out), DL_OK);
    assert_int_equal(dl_json_parse(dl_buf_view(&out), &json, NULL), DL_OK);
    bool old_list = false;
    bool new_list = false;
    size_t i = 0;
    json_t *listing = NULL;
    json_array_foreach(json_object_get(json, "listings"), i, listing)
    {
        old_list = old_list || (dl_view_is(dl_json_text(listing, "list"), "CN-SUPP") &&
                                dl_view_is(dl_json_text(listing, "until"), "2025-07-21"));
        new_list = new_list || dl_view_is(dl_json_text(listing, "list"), "CN-MEDPSY2");
    }
    assert_true(old_list);
    assert_true(new_list);
    json_decref(json);
    dl_buf_fini(&out);
}

static void show_finds_by_key_listing_and_name(void **state)
{
    (void)state;
    int64_t by_key = 0;
    int64_t by_listing = 0;
    int64_t by_name = 0;
    int64_t none = 1;
    assert_int_equal(
        dl_show_find(reader, &moment, dl_view_str("PJMPHNIQZUBGLI-UHFFFAOYSA-N"), &by_key), DL_OK);
    assert_int_equal(dl_show_find(reader, &moment, dl_view_str("CN-MEDNARC/13"), &by_listing),
                     DL_OK);
    assert_int_equal(dl_show_find(reader, &moment, dl_view_str("芬太尼"), &by_name), DL_OK);
    assert_int_equal(dl_show_find(reader, &moment, dl_view_str("nosuchthing"), &none), DL_OK);
    assert_true(by_key != 0);
    assert_int_equal(by_key, by_listing);
    assert_int_equal(by_key, by_name);
    assert_int_equal(none, 0);
}

static void edits_are_counted_in_characters(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int edits;
    } table[] = {{"", "", 0},
                 {"a", "", 1},
                 {"fentanyl", "fentanyl", 0},
                 {"fentanil", "fentanyl", 1},
                 {"fnetanyl", "fentanyl", 1},
                 {"fenanyl", "fentanyl", 1},
                 {"芬太尼", "芬大尼", 1},
                 {"芬太", "芬太尼", 1},
                 {"abc", "xyz", 3}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(dl_nearest_distance(dl_view_str(table[i].a), dl_view_str(table[i].b), 5),
                         table[i].edits);
        assert_int_equal(dl_nearest_distance(dl_view_str(table[i].b), dl_view_str(table[i].a), 5),
                         table[i].edits);
    }
    assert_int_equal(dl_nearest_distance(dl_view_str("abcdef"), dl_view_str("uvwxyz"), 2), 3);
}

static void a_misspelt_name_finds_its_neighbours_without_a_full_search(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"fentanylo", "Fentanyl"},
                                           {"phenterminne", "Phentermine"},
                                           {"efentanyl", "Fentanyl"},
                                           {"methadonne", "Methadone"},
                                           {"ethizolam", "Etizolam"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct dl_lookup lookup;
        struct dl_query query;
        char plain[DL_QUERY_PLAIN];
        bool found = false;
        dl_lookup_init(&lookup);
        dl_query_read(dl_view_str(pairs[i][0]), &query, plain);
        assert_int_equal(dl_lookup_find(reader, &moment, &query, false, &lookup), DL_OK);
        const char *name = (const char *)lookup.nearest.p;
        for (size_t k = 0; k < lookup.n_nearest; k++, name += strlen(name) + 1) {
            found = found || strcasecmp(name, pairs[i][1]) == 0;
        }
        if (!found) {
            fail_msg("%s does not find %s", pairs[i][0], pairs[i][1]);
        }
        dl_lookup_fini(&lookup);
    }
}

static int open_registry(void **state)
{
    (void)state;
    struct dl_error error = {.err = DL_OK};
    struct dl_registry_config config = {.path = DL_BUILD_DIR "/registry.db", .read_only = true};
    if (dl_registry_open(&config, &registry, &error) != DL_OK ||
        dl_reader_new(dl_registry_store(registry), &reader, &error) != DL_OK) {
        printf("%s\n", error.message);
        return -1;
    }
    moment = (struct dl_moment){.on = 20260101, .version = reader->version};
    return 0;
}

static int close_registry(void **state)
{
    (void)state;
    dl_reader_free(&reader);
    dl_registry_close(&registry);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_name_comes_first),
        cmocka_unit_test(two_chinese_characters_find_names_that_hold_them),
        cmocka_unit_test(hits_are_ranked_and_each_substance_stands_once),
        cmocka_unit_test(wildcards_and_quotes_are_letters_of_no_name),
        cmocka_unit_test(show_has_old_lists_and_new),
        cmocka_unit_test(show_finds_by_key_listing_and_name),
        cmocka_unit_test(edits_are_counted_in_characters),
        cmocka_unit_test(a_misspelt_name_finds_its_neighbours_without_a_full_search),
    };
    return cmocka_run_group_tests(tests, open_registry, close_registry);
}
