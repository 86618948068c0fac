/* A reading that takes many turns, and what may become of the line meanwhile. */
#include "tests/unit/node/two_nodes.h"

#include "node/bundle_export.h"
#include "node/bundle_verify.h"
#include "node/scrubbing.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENTRIES = 1200, SLICE = 200 };

struct reading {
    struct two_nodes t;
    struct dl_scrubbing *scrubbing;
    size_t faults;
};

static void count_fault(void *context, const struct dl_scrub_fault *fault)
{
    struct reading *r = context;
    (void)fault;
    r->faults++;
}

static struct dl_agency *us(struct reading *r)
{
    return dl_virtual_node_agency(r->t.node[US]);
}

static uint64_t step(struct reading *r, bool *done)
{
    assert_int_equal(dl_scrubbing_step(r->scrubbing, SLICE, done), DL_OK);
    return dl_scrubbing_read(r->scrubbing);
}

/* us begins to reread what it holds of cn. */
static void begin_reading(struct reading *r)
{
    char id[16];
    bool done = false;
    begin(&r->t);
    for (int i = 0; i < ENTRIES; i++) {
        snprintf(id, sizeof id, "a%d", i);
        assert_int_equal(submit(&r->t, CN, id, id), DL_OK);
    }
    run_ms(&r->t, 20000);
    assert_int_equal(held_at(&r->t, US), ENTRIES);
    r->faults = 0;
    r->scrubbing = dl_scrubbing_new(&(struct dl_scrubbing_config){
        .agency = us(r), .peer = "cn", .theirs = true, .fault = count_fault, .context = r});
    assert_in_range(step(r, &done), 1, ENTRIES - 1);
    assert_false(done);
}

static void end_reading(struct reading *r)
{
    uint64_t n = dl_scrubbing_read(r->scrubbing);
    for (bool done = false; !done;) {
        n += step(r, &done);
    }
    assert_int_equal(n, ENTRIES);
    assert_int_equal(r->faults, 0);
    dl_scrubbing_free(&r->scrubbing);
    end(&r->t);
}

/* cn's operator opens the next generation of its journal, which was lost. */
static void renew_at_cn(struct two_nodes *t)
{
    struct dl_error error;
    assert_int_equal(dl_log_set_closed(journal_at(t, CN), "lost"), DL_OK);
    run_ms(t, 1000);
    dl_virtual_node_stop(t->node[CN]);
    start_node(t, CN);
    run_ms(t, 20000);
    assert_int_equal(dl_peer_renew(peer_at(t, CN), "a rehearsal", &error), DL_OK);
    run_ms(t, 20000);
}

static void a_line_renewed_meanwhile_is_read_to_its_end(void **state)
{
    (void)state;
    struct reading r;
    begin_reading(&r);
    renew_at_cn(&r.t);
    assert_int_equal(dl_log_generation(dl_replica_log(dl_peer_replica(peer_at(&r.t, US)))), 2);
    end_reading(&r);
}

static void a_peer_paired_again_meanwhile_is_read_to_its_end(void **state)
{
    (void)state;
    struct reading r;
    begin_reading(&r);
    dl_virtual_node_pair(r.t.node[CN], r.t.node[US]);
    run_ms(&r.t, 20000);
    end_reading(&r);
}

static void a_reading_begins_with_what_is_durable(void **state)
{
    (void)state;
    struct reading r;
    bool done = false;
    begin_reading(&r);
    struct dl_scrubbing *second = dl_scrubbing_new(&(struct dl_scrubbing_config){
        .agency = us(&r), .peer = "cn", .fault = count_fault, .context = &r});
    assert_int_equal(submit(&r.t, US, "staged", "not yet durable"), DL_OK);
    assert_int_equal(dl_agency_write(us(&r)), DL_OK);
    assert_int_equal(dl_scrubbing_step(second, SLICE, &done), DL_OK);
    assert_false(done);
    run_ms(&r.t, 5000);
    assert_int_equal(dl_scrubbing_step(second, SLICE, &done), DL_OK);
    assert_true(done);
    assert_int_equal(dl_scrubbing_read(second), 1);
    dl_scrubbing_free(&second);
    end_reading(&r);
}

static void note_result(void *context, const struct dl_test_result *result)
{
    int *said = context;
    *said = result->ok ? 1 : 0;
}

static void who_waits_for_a_peer_hears_when_it_is_paired_again(void **state)
{
    (void)state;
    struct two_nodes t;
    int said = -1;
    begin(&t);
    dl_virtual_set_way(t.virtual, "us", "cn", DL_VIRTUAL_SILENT);
    assert_int_equal(dl_peer_test(peer_at(&t, US), note_result, &said), DL_OK);
    dl_virtual_node_pair(t.node[CN], t.node[US]);
    assert_int_equal(said, 0);
    end(&t);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void an_export_ends_whatever_becomes_of_the_line(void **state)
{
    (void)state;
    struct reading r;
    struct dl_error error;
    struct dl_bundle bundle;
    bool done = false;
    char folder[] = "/tmp/dl-export.XXXXXX";
    begin_reading(&r);
    assert_non_null(mkdtemp(folder));
    struct dl_export *export = NULL;
    struct dl_export_config config = {.agency = us(&r), .peer = "cn", .folder = folder};
    assert_int_equal(dl_export_begin(&config, &export, &error), DL_OK);
    assert_int_equal(dl_export_step(export, &done, &error), DL_OK);
    renew_at_cn(&r.t);
    dl_virtual_node_pair(r.t.node[CN], r.t.node[US]);
    while (!done) {
        assert_int_equal(dl_export_step(export, &done, &error), DL_OK);
    }
    dl_export_free(&export);
    dl_bundle_init(&bundle);
    assert_int_equal(dl_bundle_verify(folder, NULL, &bundle, &error), DL_OK);
    assert_int_equal(bundle.n_problems, 0);
    assert_int_equal(bundle.entries, ENTRIES);
    dl_bundle_fini(&bundle);
    end_reading(&r);
    assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_renewed_meanwhile_is_read_to_its_end),
        cmocka_unit_test(a_peer_paired_again_meanwhile_is_read_to_its_end),
        cmocka_unit_test(a_reading_begins_with_what_is_durable),
        cmocka_unit_test(who_waits_for_a_peer_hears_when_it_is_paired_again),
        cmocka_unit_test(an_export_ends_whatever_becomes_of_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
