/* A play is a function of scenario and seed, and no entry crosses between an exercise and a real
 * line (I8). */
#include "node/report.h"
#include "node/virtual_node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char script[] = "exercise test \"Test\"\nlength 1h\nagency cn in CN registry "
                             "none\nagency us in US registry none\n"
                             "person W at us as duty sees after lognormal 5m 2\n"
                             "+5m cn alert send "
                             "{\"headline\":\"EX-A\",\"substance\":{\"names\":[{\"lang\":\"en\","
                             "\"name\":\"EX-A\"}]}} --id a\n"
                             "+6m link cut cn us for 2m\n"
                             "must us received a within 10s for 10 points\n"
                             "expect us seen a within 50m for 5 points\n"
                             "expect us acted a within 50m for 5 points\n";

static enum dl_err give(void *context, const char *from, const char *name, struct dl_buf *out)
{
    (void)from;
    (void)name;
    dl_buf_put_str(out, context);
    return dl_buf_err(out);
}

static struct dl_scenario *scenario_of(const char *text)
{
    struct dl_problems problems;
    struct dl_scenario_source source = {.read = give, .context = (void *)text};
    struct dl_scenario *out = NULL;
    assert_int_equal(dl_scenario_read(&source, "test", NULL, 0, &out, &problems), DL_OK);
    return out;
}

static struct dl_scenario *scenario(void)
{
    return scenario_of(script);
}

static void report(uint64_t seed, struct dl_buf *html, unsigned *score)
{
    struct dl_error error;
    struct dl_scenario *x = scenario();
    struct dl_report r = {.scenario = x, .seed = seed};
    struct dl_play_config config = {.scenario = x, .seed = seed};
    assert_int_equal(dl_play(&config, &r.play, &error), DL_OK);
    dl_report_json(&r, html);
    dl_report_html(&r, html);
    assert_int_equal(dl_buf_err(html), DL_OK);
    *score = r.play->score;
    dl_play_free(&r.play);
    dl_scenario_free(&x);
}

static void the_same_seed_gives_the_same_report(void **state)
{
    (void)state;
    struct dl_buf texts[3];
    unsigned score = 0;
    for (size_t i = 0; i < 3; i++) {
        dl_buf_init(&texts[i], 16 * 1024 * 1024);
        report(i < 2 ? 7 : 8, &texts[i], &score);
        assert_int_equal(score, 15); /* nobody is there to act */
    }
    assert_true(dl_view_equal(dl_buf_view(&texts[0]), dl_buf_view(&texts[1])));
    assert_false(dl_view_equal(dl_buf_view(&texts[0]), dl_buf_view(&texts[2])));
    assert_non_null(memmem(texts[0].p, texts[0].n, DL_EXERCISE_MARK, strlen(DL_EXERCISE_MARK)));
    assert_null(memmem(texts[0].p, texts[0].n, "<script", 7));
    for (size_t i = 0; i < 3; i++) {
        dl_buf_fini(&texts[i]);
    }
}

/* A verb that is asked for an answer, one that lists (in steps), one that sends: all end. */
static void what_a_verb_says_is_noticed_when_it_changes(void **state)
{
    (void)state;
    char text[2048];
    struct dl_error error;
    struct dl_play *play = NULL;
    snprintf(text, sizeof text, "%s%s", script,
             "+20m us alert list --in\n"
             "must us seen a or us received a within 50m\n"
             "must us says \"EX-A\" to alert list --in within 10s of +5m\n"
             "must us says \"EX-B\" to alert list --in within 50m\n");
    struct dl_scenario *x = scenario_of(text);
    struct dl_play_config config = {.scenario = x, .seed = 7};
    assert_int_equal(dl_play(&config, &play, &error), DL_OK);
    const struct dl_outcome *said = &play->outcomes[x->n_expectations - 2];
    assert_true(said->met);
    assert_in_range(said->at_ms, 300000, 301000); // with the entry, not within the hour
    assert_false(play->outcomes[x->n_expectations - 1].met);
    assert_int_equal(play->outcomes[2].at_ms, -1); // nobody acts
    assert_true(play->outcomes[3].met);            // one of two is enough: the first counts
    assert_int_equal(play->outcomes[3].at_ms, play->alerts[0].when[1][DL_FACT_RECEIVED]);
    assert_non_null(strstr(play->events[play->n_events - 1].said, "EX-A"));
    assert_true(play->signatures.made > 0 && play->signatures.verified > 0);
    dl_play_free(&play);
    dl_scenario_free(&x);
}

/* However many processes play them, repetitions add up to the same plays. */
static void repetitions_are_the_plays_of_their_seeds(void **state)
{
    (void)state;
    enum { RUNS = 5 };
    struct dl_error error;
    struct dl_scenario *x = scenario();
    struct dl_play_config config = {.scenario = x, .seed = 11};
    struct dl_repeats *repeats = NULL;
    struct dl_histogram *measures = calloc(DL_MEASURE_COUNT, sizeof *measures);
    uint64_t entries = 0;
    uint64_t made = 0;
    assert_int_equal(dl_repeat(&config, RUNS, &repeats, &error), DL_OK);
    for (uint64_t i = 0; i < RUNS; i++) {
        struct dl_play *play = NULL;
        config.seed = 11 + i;
        assert_int_equal(dl_play(&config, &play, &error), DL_OK);
        dl_measure_play(play, measures);
        entries += play->entries;
        made += play->signatures.made;
        dl_play_free(&play);
    }
    assert_int_equal(repeats->runs, RUNS);
    assert_int_equal(repeats->entries, entries);
    assert_int_equal(repeats->signatures.made, made);
    assert_int_equal(repeats->measures[DL_MEASURE_MISSED].min, 1); // nobody is there to act
    assert_memory_equal(repeats->measures, measures, DL_MEASURE_COUNT * sizeof *measures);
    free(measures);
    dl_repeats_free(&repeats);
    dl_scenario_free(&x);
}

static void histograms_keep_what_they_count(void **state)
{
    (void)state;
    struct dl_histogram *h = calloc(1, sizeof *h);
    for (uint64_t i = 1; i <= 1000; i++) {
        dl_histogram_add(h, i * 1000);
    }
    assert_int_equal(h->n, 1000);
    assert_int_equal(h->max, 1000000);
    assert_in_range(dl_histogram_at(h, 50), 492000, 500000);
    assert_int_equal(dl_histogram_at(h, 100) > 984000, 1);
    for (size_t bin = 0; bin < DL_HISTOGRAM_BINS; bin++) {
        assert_int_equal(dl_histogram_bin(dl_histogram_value(bin)), bin);
    }
    free(h);
}

/* ---- I8: smuggling ---- */

struct side {
    bool exercise; /* its realm: origin and so keys and store */
    enum dl_marking marking;
};
static const struct side real = {false, DL_MARKING_ACTUAL};
static const struct side playing = {true, DL_MARKING_EXERCISE};

static struct dl_virtual_node *node_of(struct dl_virtual *v, const char *agency, struct side side)
{
    struct dl_error error;
    struct dl_virtual_node_config config = {.virtual = v,
                                            .agency = agency,
                                            .jurisdiction = "CN",
                                            .realm = side.exercise ? "directline-exercise/test"
                                                                   : "directline",
                                            .marking = side.marking};
    struct dl_virtual_node *node = dl_virtual_node_new(&config);
    assert_int_equal(dl_virtual_node_start(node, &error), DL_OK);
    return node;
}

static uint64_t held(struct dl_virtual_node *node)
{
    struct dl_peer *peer = dl_agency_first_peer(dl_virtual_node_agency(node));
    return dl_log_size(dl_replica_log(dl_peer_replica(peer)));
}

/* Two nodes pair, one submits; how many entries the other holds a minute later. */
static uint64_t carried(struct side from, struct side to)
{
    struct dl_error error;
    struct dl_submitted submitted;
    json_t *content = NULL;
    struct dl_virtual *v = dl_virtual_new(5, 1767600000000);
    struct dl_virtual_node *a = node_of(v, "cn", from);
    struct dl_virtual_node *b = node_of(v, "us", to);
    dl_virtual_node_pair(a, b);
    assert_int_equal(dl_json_parse(dl_view_str("{\"headline\":\"EX-A\",\"substance\":{\"names\":[{"
                                               "\"lang\":\"en\",\"name\":\"EX-A\"}]}}"),
                                   &content, NULL),
                     DL_OK);
    struct dl_order order = {.kind = DL_KIND_ALERT, .id = "smuggled", .content = content};
    struct dl_agency *agency = dl_virtual_node_agency(a);
    assert_int_equal(
        dl_agency_submit(agency, dl_agency_first_peer(agency), &order, &submitted, &error), DL_OK);
    json_decref(content);
    struct dl_world *world = dl_virtual_node_world(a);
    world->ops->wake(world);
    dl_virtual_run_until(v, 60000);
    uint64_t n = held(b);
    dl_virtual_node_free(&a);
    dl_virtual_node_free(&b);
    dl_virtual_free(&v);
    return n;
}

static void an_exercise_entry_is_refused_by_a_real_node(void **state)
{
    (void)state;
    assert_int_equal(carried(playing, real), 0);
    assert_int_equal(carried(playing, playing), 1); /* among exercises it arrives */
}

static void a_real_entry_is_refused_by_an_exercise(void **state)
{
    (void)state;
    assert_int_equal(carried(real, playing), 0);
    assert_int_equal(carried(real, real), 1);
}

/* A program that was tampered with uses the right origin and keys, and marks its entries wrongly.
 */
static void a_wrong_marking_is_refused_on_either_line(void **state)
{
    (void)state;
    assert_int_equal(carried((struct side){false, DL_MARKING_EXERCISE}, real), 0);
    assert_int_equal(carried((struct side){true, DL_MARKING_ACTUAL}, playing), 0);
    assert_int_equal(carried((struct side){true, DL_MARKING_TEST}, playing), 0);
}

static void no_marking_fits_the_other_origin(void **state)
{
    (void)state;
    assert_false(dl_marking_fits(DL_MARKING_EXERCISE, dl_view_str("directline/cn/us")));
    assert_false(dl_marking_fits(DL_MARKING_ACTUAL, dl_view_str("directline-exercise/test/cn/us")));
    assert_false(dl_marking_fits(DL_MARKING_TEST, dl_view_str("directline-exercise/test/cn/us")));
    assert_true(
        dl_marking_fits(DL_MARKING_EXERCISE, dl_view_str("directline-exercise/test/cn/us")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_report),
        cmocka_unit_test(what_a_verb_says_is_noticed_when_it_changes),
        cmocka_unit_test(repetitions_are_the_plays_of_their_seeds),
        cmocka_unit_test(histograms_keep_what_they_count),
        cmocka_unit_test(an_exercise_entry_is_refused_by_a_real_node),
        cmocka_unit_test(a_real_entry_is_refused_by_an_exercise),
        cmocka_unit_test(a_wrong_marking_is_refused_on_either_line),
        cmocka_unit_test(no_marking_fits_the_other_origin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
