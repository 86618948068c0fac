/* One entry looked at: its worker's question, and the conclusion. */
#include "node/agency_internal.h"
#include "node/triage_internal.h"

#include "base/encoding.h"
#include "base/json.h"
#include "registry/registry.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

enum {
    RETRY_MS = 5000,  /* a worker that was missing */
    ANSWER_MS = 4000, /* then the worker's watchdog is waited for */
    SMILES_MAX = 64 * 1024,
};

static uint64_t monotonic(const struct dl__look *l)
{
    return l->agency->world->ops->monotonic_ms(l->agency->world);
}

void dl__look_init(struct dl__look *l, struct dl_agency *agency)
{
    memset(l, 0, sizeof *l);
    l->agency = agency;
    dl_entry_view_init(&l->view);
    dl_buf_init(&l->smiles, SMILES_MAX);
}

void dl__look_fini(struct dl__look *l)
{
    dl__look_close_worker(l);
    dl_entry_view_fini(&l->view);
    dl_buf_fini(&l->smiles);
}

/* ---- the worker ---- */

void dl__look_close_worker(struct dl__look *l)
{
    if (l->worker != NULL) {
        dl_law_asking_free(&l->agency->law); // its relations ask this worker
        dl_worker_close(&l->worker);
        malloc_trim(0); // the rules are some MiB, in small pieces
    }
    l->asking = false;
}

/* It is missing, or fails: it is tried again after a while. */
static void lose_worker(struct dl__look *l, const struct dl_error *error)
{
    (void)snprintf(l->missing, sizeof l->missing, "%s", error->message);
    l->tried_ms = monotonic(l);
    dl__look_close_worker(l);
}

/* False where it cannot be had: `missing` then says why, and is empty in a virtual world. */
bool dl__look_have_worker(struct dl__look *l)
{
    struct dl_worker_config config = {.processes = 1, .later = true};
    struct dl_error error = {0};
    if (l->agency->world->vouches) {
        return false;
    }
    bool wait = l->tried_ms != 0 && monotonic(l) - l->tried_ms < RETRY_MS;
    if (l->worker == NULL && !wait && dl_worker_open(&config, &l->worker, &error) != DL_OK) {
        lose_worker(l, &error);
    }
    return l->worker != NULL;
}

/* Puts the SMILES at hand to the worker; false where there is none, or no worker. */
static bool put_question(struct dl__look *l)
{
    struct dl_error error = {0};
    struct dl_worker_ask ask = {
        .text = dl_buf_view(&l->smiles), .wants = DL_RELATIONS_WANTS | DL_WANT_PRINT, .rule = -1};
    l->row.missing = "";
    if (l->smiles.n == 0) {
        return false;
    }
    if (!dl__look_have_worker(l)) {
        l->row.missing = l->missing;
        return false;
    }
    if (dl_worker_put(l->worker, &ask, &error) != DL_OK) {
        lose_worker(l, &error);
        l->row.missing = l->missing;
        return false;
    }
    l->asking = true;
    l->asked_ms = monotonic(l);
    return true;
}

/* ---- an entry ---- */

static int64_t moment_of(const struct dl_entry_view *view)
{
    return view->incoming ? view->received_ms : view->leaf.time_ms;
}

static const json_t *substance_of(const struct dl__look *l)
{
    return json_object_get(l->view.content, "substance");
}

static enum dl_err hash_substance(struct dl__look *l)
{
    struct dl_buf octets;
    char hex[65];
    dl_buf_init(&octets, DL_LIMIT_CONTENT);
    enum dl_err err = dl_json_canonical(substance_of(l), &octets);
    struct dl_hash hash = dl_sha256(dl_buf_view(&octets));
    dl_hex_encode(dl_view_of(hash.b, sizeof hash.b), hex);
    (void)snprintf(l->row.asked, sizeof l->row.asked, "%.32s", hex);
    dl_buf_fini(&octets);
    return err;
}

/* The law of which day and version: one number. */
enum dl_err dl__look_state(struct dl__look *l, int64_t at_ms, int64_t *out)
{
    struct dl_reader *reader = NULL;
    struct dl_moment moment;
    DL_TRY(dl_law_reader(l->agency, at_ms, &reader, &moment));
    *out = moment.version * DL__STATE_DAYS + moment.on;
    return DL_OK;
}

/* The alert's own SMILES, else the registry's for its substance. */
static enum dl_err find_smiles(struct dl__look *l)
{
    struct dl_view own = dl_json_text(substance_of(l), "smiles");
    dl_buf_reset(&l->smiles);
    dl_buf_put_view(&l->smiles, own);
    l->own = own.n > 0;
    return l->own || l->agency->world->vouches
               ? dl_buf_err(&l->smiles)
               : dl_law_smiles(l->agency, substance_of(l), &l->smiles);
}

static enum dl_err write_row(struct dl__look *l, bool same)
{
    int64_t state = 0;
    int64_t now = 0;
    int64_t finding = same ? l->last_finding : l->task == DL__TASK_AGAIN ? l->again_finding : 0;
    DL_TRY(dl__look_state(l, l->row.time, &state));
    DL_TRY(dl__look_state(l, dl_agency_now(l->agency), &now));
    DL_TRY(dl_agency_write(l->agency));
    if (same) {
        memcpy(l->row.contradictions.key, l->last_key, sizeof l->last_key);
        DL_TRY(dl__triage_join(l->agency, &l->row, finding));
    } else {
        DL_TRY(dl__triage_write(l->agency, &l->row, &finding));
    }
    if (state != now || l->task == DL__TASK_AGAIN) {
        l->stale = true; // the law may have changed since
    }
    l->again = l->again || l->row.missing[0] != '\0';
    l->last_finding = finding;
    l->last_state = state;
    memcpy(l->last_asked, l->row.asked, sizeof l->last_asked);
    memcpy(l->last_key, l->row.contradictions.key, sizeof l->last_key);
    return DL_OK;
}

/* Everything is at hand: the worker's answer, or NULL where it was not asked. */
static enum dl_err conclude(struct dl__look *l, const struct dl_worker_answer *answer)
{
    const json_t *substance = substance_of(l);
    bool change = l->task == DL__TASK_CHANGE;
    struct dl_law_question question = {.substance = substance,
                                       .at_ms = change ? dl_agency_now(l->agency) : l->row.time,
                                       .worker = l->worker,
                                       .structure = answer,
                                       .own = l->own};
    struct dl_reader *reader = NULL;
    struct dl_moment moment;
    if (!change) { // first: the relations' questions take the answer's views
        DL_TRY(dl_law_reader(l->agency, question.at_ms, &reader, &moment));
        DL_TRY(dl_contradictions_find(reader, &moment, substance, l->own ? answer : NULL,
                                      &l->row.contradictions));
    }
    DL_TRY(dl_law_ask(l->agency, &question, &l->row.law));
    if (!change) {
        return write_row(l, false);
    }
    struct dl__triage_change comparing = {
        .asked = l->change_asked, .law = &l->row.law, .partial = l->row.missing[0] != '\0'};
    DL_TRY(dl_agency_write(l->agency));
    DL_TRY(dl__triage_compare(l->agency, &comparing));
    l->flagged += comparing.flagged;
    l->skipped = l->skipped || comparing.skipped;
    return DL_OK;
}

/* Whether it was looked at; what waits is not new. */
static enum dl_err is_done(struct dl__look *l, int64_t cursor, bool *done)
{
    return dl_store_run(dl_line_db_store(l->agency->db), "SELECT 1 FROM triage WHERE cursor = ?1",
                        DL_SQL(DL_SQL_INT(cursor)), dl_row_take_any, done);
}

static enum dl_err wait_no_more(struct dl__look *l)
{
    DL_TRY(dl_agency_write(l->agency));
    return dl_store_run(dl_line_db_store(l->agency->db),
                        "UPDATE finding SET missing = '' WHERE id = ?1",
                        DL_SQL(DL_SQL_INT(l->again_finding)), NULL, NULL);
}

enum dl_err dl__look_begin(struct dl__look *l, enum dl__task task, int64_t cursor)
{
    bool done = false;
    int64_t state = 0;
    l->task = task;
    if (task == DL__TASK_NEW) {
        DL_TRY(is_done(l, cursor, &done));
    }
    enum dl_err err = done ? DL_OK : dl_entry_look_at(l->agency, cursor, &l->view);
    bool gone = err == DL_E_ID_UNKNOWN || (err == DL_OK && !json_is_object(substance_of(l)));
    if (done || gone) { // a renewed journal's entry stands in its next generation
        return task == DL__TASK_AGAIN ? wait_no_more(l) : DL_OK;
    }
    DL_TRY(err);
    l->row.view = &l->view;
    l->row.time = moment_of(&l->view);
    l->row.missing = "";
    DL_TRY(hash_substance(l));
    DL_TRY(dl__look_state(l, l->row.time, &state));
    if (task == DL__TASK_NEW && l->last_finding > 0 && state == l->last_state &&
        strcmp(l->last_asked, l->row.asked) == 0) {
        return write_row(l, true);
    }
    DL_TRY(find_smiles(l));
    return put_question(l) ? DL_OK : conclude(l, NULL);
}

/* ---- structures of an import ---- */

enum dl_err dl__look_read(struct dl__look *l, bool *more)
{
    struct dl_registry *registry = NULL;
    struct dl_error error = {0};
    bool unread = false;
    DL_TRY(dl_agency_registry(l->agency, &registry, &error));
    DL_TRY(dl_readings_wanted(dl_registry_store(registry), &unread));
    l->all_read = !unread;
    *more = unread && dl__look_have_worker(l);
    if (*more) {
        DL_TRY(dl_readings_put(dl_registry_store(registry), l->worker, &l->readings, &error));
        l->task = DL__TASK_READINGS;
        l->asking = true;
        l->asked_ms = monotonic(l);
    }
    return DL_OK;
}

/* ---- the answer of the worker ---- */

static enum dl_err take_readings(struct dl__look *l)
{
    struct dl_registry *registry = NULL;
    struct dl_error error = {0};
    DL_TRY(dl_agency_registry(l->agency, &registry, &error));
    DL_TRY(dl_readings_take(dl_registry_store(registry), l->worker, &l->readings, &error));
    dl_law_asking_free(&l->agency->law); // it knows the likeness of more substances now
    return DL_OK;
}

bool dl__look_waits(const struct dl__look *l)
{
    return l->asking && !dl_worker_ready(l->worker) && monotonic(l) - l->asked_ms < ANSWER_MS;
}

static bool is_workers(enum dl_err err)
{
    return err == DL_E_WORKER || err == DL_E_WORKER_MISSING || err == DL_E_RULE;
}

enum dl_err dl__look_take(struct dl__look *l)
{
    struct dl_worker_answer answer;
    struct dl_error error = {0};
    l->asking = false;
    if (l->task == DL__TASK_READINGS) {
        return take_readings(l);
    }
    enum dl_err err = dl_worker_take(l->worker, &answer, &error);
    err = err == DL_OK ? conclude(l, &answer) : err;
    if (is_workers(err)) {
        lose_worker(l, &error);
        l->row.missing = l->missing;
        err = conclude(l, NULL);
    }
    return err;
}
