/* The order of triage: what is looked at next, and the structure worker. */
#include "node/agency_internal.h"
#include "node/triage_internal.h"

#include "base/encoding.h"
#include "base/json.h"
#include "registry/reading.h"
#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_MS = 50,    /* after a commit: what the commit is about goes first */
    NEXT_MS = 20,     /* between slices */
    POLL_MS = 2,      /* while the worker reads */
    RETRY_MS = 5000,  /* a full disk, a missing worker */
    ANSWER_MS = 4000, /* then the worker's watchdog is waited for */
    WORKER_IDLE_MS = 300000,
    DAY_MS = 86400000,
    SLICE = 32,
    SCANNED = 256,
    COMPARED = 64,
    SMILES_MAX = 64 * 1024,
};

enum task { TASK_NONE, TASK_NEW, TASK_AGAIN, TASK_CHANGE, TASK_READINGS };

/* One who changed the law and waits for what it changes. */
struct screening {
    struct screening *next;
    dl_triage_fn fn; /* NULL: no longer */
    void *context;
    size_t flagged;
};

struct dl__triage {
    struct dl_agency *agency;
    struct dl_timer *timer;
    struct dl_watcher watcher;
    uint64_t due_ms; /* when the timer fires */

    /* Alerts and updates not looked at yet, up to the cursor `scanned`. */
    int64_t queue[SLICE];
    size_t n_queue, at;
    int64_t scanned, stored; /* `stored` is the setting as this process knows it; -1 not read */

    /* What is being looked at. */
    struct dl_entry_view view;
    struct dl__triage_row row;
    struct dl_buf smiles;
    enum task task;
    bool own; /* the SMILES is the alert's */
    bool asking;

    bool again;   /* some wait for the worker */
    bool skipped; /* by a screening, for want of the worker */
    /* Screening after a change of law: in the order of `asked`. */
    bool screening;
    char change_asked[DL__TRIAGE_HASH]; /* the one being compared, or compared last */
    /* The finding made last: what says the same on the same day is not asked again. */
    char last_asked[DL__TRIAGE_HASH];
    int64_t last_cursor, last_state;

    int64_t screened; /* the state of the law that was screened last; -1: none in this run */
    int64_t screening_state;
    size_t flagged;
    struct screening *waiting, *screened_for; /* the latter are told with the turn's commit */

    struct dl_worker *worker;
    char missing[DL_ERROR_MESSAGE_MAX];
    uint64_t asked_ms, used_ms, tried_ms; /* tried_ms 0: it was never missing */
    struct dl_readings readings;
    int64_t read_version; /* every structure of this version of the registry is read */
    enum dl_err told;     /* the failure told last */
};

static uint64_t monotonic(const struct dl__triage *t)
{
    return t->agency->world->ops->monotonic_ms(t->agency->world);
}

static struct dl_store *store_of(const struct dl__triage *t)
{
    return dl_line_db_store(t->agency->db);
}

static void set_timer(struct dl__triage *t, uint64_t ms)
{
    t->due_ms = monotonic(t) + ms;
    t->agency->world->ops->timer_set(t->timer, ms);
}

static enum dl_err take_int(void *context, const struct dl_row *row)
{
    *(int64_t *)context = dl_row_int(row, 0);
    return DL_OK;
}

/* ---- the worker ---- */

static void close_worker(struct dl__triage *t)
{
    if (t->worker != NULL) {
        dl_law_asking_free(&t->agency->law); // its relations ask this worker
        dl_worker_close(&t->worker);
    }
    t->asking = false;
}

/* It is missing, or fails: it is tried again after a while. */
static void lose_worker(struct dl__triage *t, const struct dl_error *error)
{
    (void)snprintf(t->missing, sizeof t->missing, "%s", error->message);
    t->tried_ms = monotonic(t);
    close_worker(t);
}

/* False where it cannot be had: `missing` then says why, and is empty in a virtual world. */
static bool have_worker(struct dl__triage *t)
{
    struct dl_worker_config config = {.processes = 1, .later = true};
    struct dl_error error = {0};
    if (t->agency->world->vouches) {
        return false;
    }
    bool wait = t->tried_ms != 0 && monotonic(t) - t->tried_ms < RETRY_MS;
    if (t->worker == NULL && !wait && dl_worker_open(&config, &t->worker, &error) != DL_OK) {
        lose_worker(t, &error);
    }
    return t->worker != NULL;
}

/* Puts the SMILES at hand to the worker; false where there is none, or no worker. */
static bool put_question(struct dl__triage *t)
{
    struct dl_error error = {0};
    struct dl_worker_ask ask = {
        .text = dl_buf_view(&t->smiles), .wants = DL_RELATIONS_WANTS | DL_WANT_PRINT, .rule = -1};
    t->row.missing = "";
    if (t->smiles.n == 0) {
        return false;
    }
    if (!have_worker(t)) {
        t->row.missing = t->missing;
        return false;
    }
    if (dl_worker_put(t->worker, &ask, &error) != DL_OK) {
        lose_worker(t, &error);
        t->row.missing = t->missing;
        return false;
    }
    t->asking = true;
    t->asked_ms = t->used_ms = monotonic(t);
    return true;
}

/* ---- an entry ---- */

static int64_t moment_of(const struct dl_entry_view *view)
{
    return view->incoming ? view->received_ms : view->leaf.time_ms;
}

static const json_t *substance_of(const struct dl__triage *t)
{
    return json_object_get(t->view.content, "substance");
}

static enum dl_err hash_substance(struct dl__triage *t)
{
    struct dl_buf octets;
    char hex[65];
    dl_buf_init(&octets, DL_LIMIT_CONTENT);
    enum dl_err err = dl_json_canonical(substance_of(t), &octets);
    struct dl_hash hash = dl_sha256(dl_buf_view(&octets));
    dl_hex_encode(dl_view_of(hash.b, sizeof hash.b), hex);
    (void)snprintf(t->row.asked, sizeof t->row.asked, "%.32s", hex);
    dl_buf_fini(&octets);
    return err;
}

/* The law of which day and version: one number. */
static enum dl_err state_at(struct dl__triage *t, int64_t at_ms, int64_t *out)
{
    struct dl_reader *reader = NULL;
    struct dl_moment moment;
    DL_TRY(dl_law_reader(t->agency, at_ms, &reader, &moment));
    *out = moment.version * 100000000 + moment.on;
    return DL_OK;
}

/* The alert's own SMILES, else the registry's for its substance. */
static enum dl_err find_smiles(struct dl__triage *t)
{
    struct dl_view own = dl_json_text(substance_of(t), "smiles");
    dl_buf_reset(&t->smiles);
    dl_buf_put_view(&t->smiles, own);
    t->own = own.n > 0;
    return t->own || t->agency->world->vouches
               ? dl_buf_err(&t->smiles)
               : dl_law_smiles(t->agency, substance_of(t), &t->smiles);
}

static enum dl_err write_row(struct dl__triage *t, bool copy)
{
    int64_t state = 0;
    int64_t now = 0;
    DL_TRY(state_at(t, t->row.time, &state));
    DL_TRY(state_at(t, dl_agency_now(t->agency), &now));
    DL_TRY(dl_agency_write(t->agency));
    DL_TRY(copy ? dl__triage_copy(t->agency, t->last_cursor, &t->row)
                : dl__triage_write(t->agency, &t->row));
    if (state != now || t->task == TASK_AGAIN) {
        t->screened = -1; // the law may have changed since
    }
    t->again = t->again || t->row.missing[0] != '\0';
    if (t->row.missing[0] == '\0' && !copy) {
        t->last_cursor = t->view.cursor;
        t->last_state = state;
        memcpy(t->last_asked, t->row.asked, sizeof t->last_asked);
    }
    return DL_OK;
}

/* Everything is at hand: the worker's answer, or NULL where it was not asked. */
static enum dl_err conclude(struct dl__triage *t, const struct dl_worker_answer *answer)
{
    const json_t *substance = substance_of(t);
    bool change = t->task == TASK_CHANGE;
    struct dl_law_question question = {.substance = substance,
                                       .at_ms = change ? dl_agency_now(t->agency) : t->row.time,
                                       .worker = t->worker,
                                       .structure = answer,
                                       .own = t->own};
    struct dl_reader *reader = NULL;
    struct dl_moment moment;
    if (!change) { // first: the relations' questions take the answer's views
        DL_TRY(dl_law_reader(t->agency, question.at_ms, &reader, &moment));
        DL_TRY(dl_contradictions_find(reader, &moment, substance, t->own ? answer : NULL,
                                      &t->row.contradictions));
    }
    DL_TRY(dl_law_ask(t->agency, &question, &t->row.law));
    if (!change) {
        return write_row(t, false);
    }
    struct dl__triage_change comparing = {.asked = t->change_asked,
                                          .law = &t->row.law,
                                          .partial = t->row.missing[0] != '\0',
                                          .max = COMPARED};
    DL_TRY(dl_agency_write(t->agency));
    do {
        DL_TRY(dl__triage_compare(t->agency, &comparing));
    } while (comparing.more);
    t->flagged += comparing.flagged;
    t->skipped = t->skipped || comparing.skipped;
    return DL_OK;
}

static enum dl_err take_one(void *context, const struct dl_row *row)
{
    (void)row;
    *(bool *)context = true;
    return DL_OK;
}

/* Whether nothing is left to find out of it. */
static enum dl_err is_done(struct dl__triage *t, int64_t cursor, bool *done)
{
    return dl_store_run(store_of(t), "SELECT 1 FROM triage WHERE cursor = ?1 AND missing = ''",
                        DL_SQL(DL_SQL_INT(cursor)), take_one, done);
}

static enum dl_err begin(struct dl__triage *t, enum task task, int64_t cursor)
{
    bool done = false;
    int64_t state = 0;
    t->task = task;
    if (task != TASK_CHANGE) {
        DL_TRY(is_done(t, cursor, &done));
    }
    enum dl_err err = done ? DL_OK : dl_entry_look_at(t->agency, cursor, &t->view);
    if (done || err == DL_E_ID_UNKNOWN) {
        return DL_OK; // a journal was renewed: the entry stands in its next generation
    }
    DL_TRY(err);
    t->row.view = &t->view;
    t->row.time = moment_of(&t->view);
    t->row.missing = "";
    if (!json_is_object(substance_of(t))) {
        return DL_OK;
    }
    DL_TRY(hash_substance(t));
    DL_TRY(state_at(t, t->row.time, &state));
    if (task == TASK_NEW && t->last_cursor > 0 && state == t->last_state &&
        strcmp(t->last_asked, t->row.asked) == 0) {
        return write_row(t, true);
    }
    DL_TRY(find_smiles(t));
    return put_question(t) ? DL_OK : conclude(t, NULL);
}

/* ---- what comes next ---- */

struct scan {
    struct dl__triage *t;
    size_t n;
};

static enum dl_err take_stored(void *context, const struct dl_stored *stored)
{
    struct scan *scan = context;
    struct dl__triage *t = scan->t;
    struct dl_leaf leaf;
    if (t->n_queue == SLICE || scan->n == SCANNED) {
        return DL_E_STATE; // more is left for the next slice
    }
    DL_TRY(dl_leaf_decode(stored->entry.leaf, &leaf));
    if (leaf.kind == DL_KIND_ALERT || leaf.kind == DL_KIND_UPDATE) {
        t->queue[t->n_queue++] = stored->cursor;
    }
    t->scanned = stored->cursor;
    scan->n++;
    return DL_OK;
}

static enum dl_err fill_queue(struct dl__triage *t)
{
    struct scan scan = {.t = t};
    if (t->stored < 0) {
        t->stored = 0;
        DL_TRY(dl_store_run(store_of(t), "SELECT value FROM setting WHERE key = 'triaged'", NULL, 0,
                            take_int, &t->stored));
        t->scanned = t->stored;
    }
    t->n_queue = t->at = 0;
    if (t->scanned >= dl_line_db_last_cursor(t->agency->db)) {
        return DL_OK;
    }
    enum dl_err err = DL_E_STATE;
    while (err == DL_E_STATE && t->n_queue == 0) { // pieces without an alert are passed over
        scan.n = 0;
        err = dl_line_db_scan(t->agency->db, t->scanned, take_stored, &scan);
    }
    return err == DL_E_STATE ? DL_OK : err;
}

static enum dl_err store_scanned(struct dl__triage *t)
{
    DL_TRY(dl_agency_write(t->agency));
    DL_TRY(dl_store_run(store_of(t),
                        "INSERT INTO setting(key, value) VALUES('triaged', ?1)"
                        " ON CONFLICT(key) DO UPDATE SET value=?1",
                        DL_SQL(DL_SQL_INT(t->scanned)), NULL, NULL));
    t->stored = t->scanned;
    return DL_OK;
}

/* Does one thing that is new; false where nothing is. */
static enum dl_err do_new(struct dl__triage *t, bool *did)
{
    if (t->at == t->n_queue) {
        DL_TRY(t->n_queue > 0 ? store_scanned(t) : DL_OK);
        DL_TRY(fill_queue(t));
    }
    *did = t->at < t->n_queue;
    return t->at < t->n_queue ? begin(t, TASK_NEW, t->queue[t->at++]) : DL_OK;
}

/* What waited for the worker, now that it is there. */
static enum dl_err do_again(struct dl__triage *t, bool *did)
{
    int64_t cursor = 0;
    if (!t->again || !have_worker(t)) {
        return DL_OK;
    }
    DL_TRY(dl_store_run(store_of(t), "SELECT min(cursor) FROM triage WHERE missing <> ''", NULL, 0,
                        take_int, &cursor));
    t->again = cursor > 0;
    *did = t->again;
    return t->again ? begin(t, TASK_AGAIN, cursor) : DL_OK;
}

struct next_change {
    int64_t cursor;
    char asked[DL__TRIAGE_HASH];
};

static enum dl_err take_change(void *context, const struct dl_row *row)
{
    struct next_change *next = context;
    (void)snprintf(next->asked, sizeof next->asked, "%.*s", DL_VIEW_ARG(dl_row_text(row, 0)));
    next->cursor = dl_row_int(row, 1);
    return DL_OK;
}

static void tell_screened(void *context, enum dl_err err)
{
    struct dl__triage *t = context;
    (void)err; // what was rolled back is screened again
    while (t->screened_for != NULL) {
        struct screening *waiting = t->screened_for;
        t->screened_for = waiting->next;
        if (waiting->fn != NULL) {
            waiting->fn(waiting->context, waiting->flagged);
        }
        free(waiting);
    }
}

static void start_screening(struct dl__triage *t, int64_t state)
{
    t->screening = true;
    t->skipped = false;
    t->screening_state = state;
    t->change_asked[0] = '\0';
    t->flagged = 0;
}

static void end_screening(struct dl__triage *t)
{
    t->screening = false;
    t->screened = t->screening_state;
    while (t->waiting != NULL) {
        struct screening *waiting = t->waiting;
        t->waiting = waiting->next;
        waiting->next = t->screened_for;
        waiting->flagged = t->flagged;
        t->screened_for = waiting;
    }
    if (t->screened_for != NULL) {
        dl_agency_after(t->agency, tell_screened, t);
    }
}

/* One substance of past entries, after a change of law or of the day. */
static enum dl_err do_change(struct dl__triage *t, bool *did)
{
    struct next_change next = {.cursor = 0};
    int64_t state = 0;
    DL_TRY(state_at(t, dl_agency_now(t->agency), &state));
    if (t->screening ? state != t->screening_state : state != t->screened || t->waiting != NULL) {
        start_screening(t, state);
    }
    if (!t->screening) {
        return DL_OK;
    }
    *did = true;
    DL_TRY(dl_store_run(store_of(t),
                        "SELECT asked, max(cursor) FROM triage WHERE asked = (SELECT min(asked)"
                        " FROM triage WHERE asked > ?1) GROUP BY asked",
                        DL_SQL(DL_SQL_STR(t->change_asked)), take_change, &next));
    if (next.cursor == 0) {
        end_screening(t);
        return DL_OK;
    }
    memcpy(t->change_asked, next.asked, sizeof t->change_asked);
    return begin(t, TASK_CHANGE, next.cursor);
}

/* Structures that an import brought. */
static enum dl_err do_readings(struct dl__triage *t, bool *did)
{
    struct dl_registry *registry = NULL;
    struct dl_reader *reader = NULL;
    struct dl_moment moment;
    struct dl_error error;
    DL_TRY(dl_law_reader(t->agency, dl_agency_now(t->agency), &reader, &moment));
    if (t->read_version == reader->version || t->agency->config.registry_read_only ||
        !have_worker(t)) {
        return DL_OK;
    }
    DL_TRY(dl_agency_registry(t->agency, &registry, &error));
    DL_TRY(dl_readings_put(dl_registry_store(registry), t->worker, &t->readings, &error));
    if (t->readings.n == 0) {
        t->read_version = reader->version;
        return DL_OK;
    }
    t->task = TASK_READINGS;
    t->asking = *did = true;
    t->asked_ms = t->used_ms = monotonic(t);
    return DL_OK;
}

static enum dl_err do_next(struct dl__triage *t, bool *did)
{
    static enum dl_err (*const kinds[])(struct dl__triage *, bool *) = {do_new, do_again, do_change,
                                                                        do_readings};
    *did = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !*did; i++) {
        DL_TRY(kinds[i](t, did));
    }
    return DL_OK;
}

/* ---- the answer of the worker ---- */

static enum dl_err take_readings(struct dl__triage *t)
{
    struct dl_registry *registry = NULL;
    struct dl_error error = {0};
    DL_TRY(dl_agency_registry(t->agency, &registry, &error));
    DL_TRY(dl_readings_take(dl_registry_store(registry), t->worker, &t->readings, &error));
    dl_law_asking_free(&t->agency->law); // it knows the likeness of more substances now
    return DL_OK;
}

static bool is_workers(enum dl_err err)
{
    return err == DL_E_WORKER || err == DL_E_WORKER_MISSING || err == DL_E_RULE;
}

static enum dl_err take_answer(struct dl__triage *t)
{
    struct dl_worker_answer answer;
    struct dl_error error = {0};
    t->asking = false;
    if (t->task == TASK_READINGS) {
        return take_readings(t);
    }
    enum dl_err err = dl_worker_take(t->worker, &answer, &error);
    err = err == DL_OK ? conclude(t, &answer) : err;
    if (is_workers(err)) {
        lose_worker(t, &error);
        t->row.missing = t->missing;
        err = conclude(t, NULL);
    }
    return err;
}

/* ---- the timer ---- */

static void rolled_back(void *context, enum dl_err err)
{
    struct dl__triage *t = context;
    if (err != DL_OK) { // begin again from what is durable
        t->stored = t->screened = -1;
        t->n_queue = t->at = 0;
        t->last_cursor = 0;
    }
}

/* How long until there may be something to do, nothing having happened. */
static uint64_t rest_ms(const struct dl__triage *t)
{
    uint64_t day = (uint64_t)(DAY_MS - dl_agency_now(t->agency) % DAY_MS) + 1;
    if (t->again || t->skipped) {
        return RETRY_MS;
    }
    return t->worker != NULL && day > WORKER_IDLE_MS ? WORKER_IDLE_MS : day;
}

/* Nothing is delayed or stopped by what triage cannot do: it is told once, and tried again. A
 * failure of line.db itself is the turn's to find (I10). */
static void handle(struct dl__triage *t, enum dl_err err)
{
    rolled_back(t, err);
    if (t->worker != NULL && dl_worker_waiting(t->worker) > 0) {
        close_worker(t);
    }
    if (err != t->told) {
        struct dl_event event;
        dl_event_begin(&event, dl_agency_now(t->agency), "triage.failed");
        dl_event_int(&event, "cursor", t->view.cursor);
        dl_event_error(&event, err, dl_err_text(err));
        dl__agency_log(t->agency, &event);
    }
    t->told = err;
    set_timer(t, RETRY_MS);
}

static enum dl_err work(struct dl__triage *t, bool *did)
{
    *did = true;
    if (t->asking) {
        DL_TRY(take_answer(t));
    }
    for (int i = 0; i < SLICE && *did && !t->asking; i++) {
        DL_TRY(do_next(t, did));
    }
    return DL_OK;
}

/* Entries are durable first; and a registry that is being changed is looked at afterwards. */
static bool is_busy(const struct dl__triage *t)
{
    const struct dl_registry *registry = t->agency->registry;
    return dl_store_in_transaction(store_of(t)) ||
           (registry != NULL && dl_store_in_transaction(dl_registry_store(registry)));
}

static void tick(void *context)
{
    struct dl__triage *t = context;
    bool did = false;
    bool waits = t->asking && !dl_worker_ready(t->worker) && monotonic(t) - t->asked_ms < ANSWER_MS;
    if (waits || is_busy(t)) {
        set_timer(t, POLL_MS);
        return;
    }
    enum dl_err err = work(t, &did);
    if (dl_store_in_transaction(store_of(t))) {
        dl_agency_after(t->agency, rolled_back, t);
    }
    if (err != DL_OK) {
        handle(t, err);
        return;
    }
    t->told = DL_OK;
    if (!did && t->skipped && have_worker(t)) {
        t->screened = -1;
        did = true;
    }
    if (!did && t->worker != NULL && monotonic(t) - t->used_ms >= WORKER_IDLE_MS) {
        close_worker(t);
    }
    uint64_t next = t->waiting != NULL ? 1 : NEXT_MS; // someone waits for the answer
    set_timer(t, t->asking ? POLL_MS : did ? next : rest_ms(t));
}

static void work_soon(void *context)
{
    struct dl__triage *t = context;
    if (monotonic(t) + FIRST_MS < t->due_ms) {
        set_timer(t, FIRST_MS);
    }
}

void dl_triage_screen(struct dl_agency *agency, dl_triage_fn fn, void *context)
{
    struct dl__triage *t = agency->triage;
    if (t == NULL) {
        fn(context, 0);
        return;
    }
    struct screening *waiting = calloc(1, sizeof *waiting);
    DL_ASSERT(waiting != NULL, "memory for one who waits");
    *waiting = (struct screening){.next = t->waiting, .fn = fn, .context = context};
    t->waiting = waiting;
    t->screening = false; // from the beginning
    work_soon(t);
}

void dl_triage_forget(struct dl_agency *agency, const void *context)
{
    struct dl__triage *t = agency->triage;
    struct screening *const lists[] = {t == NULL ? NULL : t->waiting,
                                       t == NULL ? NULL : t->screened_for};
    for (size_t i = 0; i < 2; i++) {
        for (struct screening *w = lists[i]; w != NULL; w = w->next) {
            w->fn = w->context == context ? NULL : w->fn;
        }
    }
}

void dl__agency_start_triage(struct dl_agency *agency)
{
    if (agency->registry_path == NULL) {
        return;
    }
    struct dl__triage *t = calloc(1, sizeof *t);
    DL_ASSERT(t != NULL, "memory for triage");
    t->agency = agency;
    t->stored = t->screened = -1;
    t->again = true;
    t->due_ms = UINT64_MAX;
    dl_entry_view_init(&t->view);
    dl_buf_init(&t->smiles, SMILES_MAX);
    t->timer = agency->world->ops->timer_new(agency->world, tick, t);
    t->watcher = (struct dl_watcher){.fn = work_soon, .context = t};
    dl_agency_watch(agency, &t->watcher);
    agency->triage = t;
    work_soon(t);
}

static void free_all(struct screening *list)
{
    while (list != NULL) {
        struct screening *next = list->next;
        free(list);
        list = next;
    }
}

void dl__agency_stop_triage(struct dl_agency *agency)
{
    struct dl__triage *t = agency->triage;
    if (t == NULL) {
        return;
    }
    dl_agency_unwatch(agency, &t->watcher);
    dl_agency_forget(agency, t);
    agency->world->ops->timer_free(t->timer);
    close_worker(t);
    free_all(t->waiting);
    free_all(t->screened_for);
    dl_entry_view_fini(&t->view);
    dl_buf_fini(&t->smiles);
    free(t);
    agency->triage = NULL;
}
