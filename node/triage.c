/* The order of triage: what is looked at next, and when. */
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
    FIRST_MS = 50,   /* after a change of law: what the commit is about goes first */
    QUIET_MS = 1000, /* with nothing new: delivery first, of a whole burst */
    MOST_MS = 30000, /* then also while new ones come */
    NEXT_MS = 20,    /* between slices */
    POLL_MS = 2,     /* while the worker reads */
    RETRY_MS = 5000, /* a full disk, a missing worker */
    IDLE_MS = 5000,  /* then the worker and the registry's memory are given back */
    DAY_MS = 86400000,
    SLICE = 32,
    SCANNED = 256,
};

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
    uint64_t due_ms;             /* when the timer fires */
    uint64_t since_ms, quiet_ms; /* new entries wait since, and until; 0 and past: none do */
    struct dl__look look;

    /* Alerts and updates not looked at yet, up to the cursor `scanned`. */
    int64_t queue[SLICE];
    size_t n_queue, at;
    int64_t scanned, stored; /* `stored` is the setting as this process knows it; -1 not read */

    /* Screening after a change of law: in the order of look.change.asked. */
    bool screening;
    bool understood;  /* of what was understood only: nothing else can have changed */
    int64_t screened; /* the state of the law that was screened last; -1: none in this run */
    int64_t screening_state;
    struct screening *waiting, *screened_for; /* the latter are told with the turn's commit */

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
                            dl_row_take_int, &t->stored));
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
    return t->at < t->n_queue ? dl__look_begin(&t->look, DL__TASK_NEW, t->queue[t->at++]) : DL_OK;
}

static enum dl_err first_of(struct dl__triage *t, int64_t finding, int64_t *cursor)
{
    return dl_store_run(store_of(t), "SELECT min(cursor) FROM triage WHERE finding = ?1",
                        DL_SQL(DL_SQL_INT(finding)), dl_row_take_int, cursor);
}

/* What waited for the worker, now that it is there. */
static enum dl_err do_again(struct dl__triage *t, bool *did)
{
    int64_t cursor = 0;
    int64_t finding = 0;
    if (!t->look.again) {
        return DL_OK;
    }
    DL_TRY(dl_store_run(store_of(t), "SELECT min(id) FROM finding WHERE missing <> ''", NULL, 0,
                        dl_row_take_int, &finding));
    t->look.again = finding > 0;
    *did = t->look.again && dl__look_have_worker(&t->look);
    if (!*did) {
        return DL_OK;
    }
    DL_TRY(first_of(t, finding, &cursor));
    t->look.again_finding = finding;
    return dl__look_begin(&t->look, DL__TASK_AGAIN, cursor);
}

struct next_change {
    int64_t finding;
    char asked[DL__TRIAGE_HASH];
};

static enum dl_err take_change(void *context, const struct dl_row *row)
{
    struct next_change *next = context;
    (void)snprintf(next->asked, sizeof next->asked, "%.*s", DL_VIEW_ARG(dl_row_text(row, 0)));
    next->finding = dl_row_int(row, 1);
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
    t->look.skipped = false;
    t->screening_state = state;
    t->look.change_asked[0] = '\0';
    t->look.flagged = 0;
}

static void end_screening(struct dl__triage *t)
{
    t->screening = false;
    t->screened = t->screening_state;
    while (t->waiting != NULL) {
        struct screening *waiting = t->waiting;
        t->waiting = waiting->next;
        waiting->next = t->screened_for;
        waiting->flagged = t->look.flagged;
        t->screened_for = waiting;
    }
    if (t->screened_for != NULL) {
        dl_agency_after(t->agency, tell_screened, t);
    }
}

/* A new day on which no law begins or ends leaves everything as it was. */
static enum dl_err pass_quiet_days(struct dl__triage *t, int64_t state)
{
    struct dl_reader *reader = NULL;
    struct dl_moment moment;
    enum dl_differs differs = DL_DIFFERS_NAMES;
    t->understood = t->screening && t->understood;
    if (t->screening || t->waiting != NULL || t->look.skipped || t->screened < 0 ||
        state <= t->screened || state / DL__STATE_DAYS != t->screened / DL__STATE_DAYS) {
        return DL_OK;
    }
    DL_TRY(dl_law_reader(t->agency, dl_agency_now(t->agency), &reader, &moment));
    DL_TRY(
        dl_reader_may_differ(reader, (dl_day)(t->screened % DL__STATE_DAYS), moment.on, &differs));
    t->screened = differs == DL_DIFFERS_NOTHING ? state : t->screened;
    t->understood = differs == DL_DIFFERS_LAW;
    return DL_OK;
}

/* One substance of past entries, after a change of law or of the day. */
static enum dl_err do_change(struct dl__triage *t, bool *did)
{
    struct next_change next = {.finding = 0};
    int64_t cursor = 0;
    int64_t state = 0;
    bool some = false;
    DL_TRY(dl_store_run(store_of(t), "SELECT 1 FROM finding LIMIT 1", NULL, 0, dl_row_take_any,
                        &some));
    if (!some && t->waiting == NULL) {
        return DL_OK; // the registry stays closed
    }
    DL_TRY(dl__look_state(&t->look, dl_agency_now(t->agency), &state));
    if (t->look.stale) {
        t->look.stale = false;
        t->screened = -1;
    }
    DL_TRY(pass_quiet_days(t, state));
    t->understood = t->understood && (!t->screening || state == t->screening_state);
    if (t->screening ? state != t->screening_state : state != t->screened || t->waiting != NULL) {
        start_screening(t, state);
    }
    if (!t->screening) {
        return DL_OK;
    }
    *did = true;
    DL_TRY(dl_store_run(store_of(t),
                        "SELECT asked, max(id) FROM finding WHERE asked = (SELECT min(asked)"
                        " FROM finding WHERE asked > ?1 AND (?2 = 0 OR law <> '' OR read = 1"
                        " OR missing <> '')) GROUP BY asked",
                        DL_SQL(DL_SQL_STR(t->look.change_asked), DL_SQL_INT(t->understood)),
                        take_change, &next));
    if (next.finding == 0) {
        end_screening(t);
        return DL_OK;
    }
    memcpy(t->look.change_asked, next.asked, sizeof t->look.change_asked);
    DL_TRY(first_of(t, next.finding, &cursor));
    return dl__look_begin(&t->look, DL__TASK_CHANGE, cursor);
}

/* Structures that an import brought. Not before something else was asked of the registry. */
static enum dl_err do_readings(struct dl__triage *t, bool *did)
{
    const struct dl_registry *registry = t->agency->registry;
    int64_t version = 0;
    if (registry == NULL || t->agency->config.registry_read_only || t->agency->world->vouches) {
        return DL_OK;
    }
    DL_TRY(dl_store_run(dl_registry_store(registry), "SELECT max(id) FROM import", NULL, 0,
                        dl_row_take_int, &version));
    if (t->read_version == version) {
        return DL_OK;
    }
    DL_TRY(dl__look_read(&t->look, did));
    t->read_version = *did || !t->look.all_read ? t->read_version : version;
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

/* ---- the timer ---- */

static void rolled_back(void *context, enum dl_err err)
{
    struct dl__triage *t = context;
    if (err != DL_OK) { // begin again from what is durable
        t->stored = t->screened = -1;
        t->n_queue = t->at = 0;
        t->look.last_finding = 0;
    }
}

/* How long until there may be something to do, nothing having happened. */
static uint64_t rest_ms(const struct dl__triage *t)
{
    uint64_t day = (uint64_t)(DAY_MS - dl_agency_now(t->agency) % DAY_MS) + 1;
    if ((t->look.again || t->look.skipped) && !t->agency->world->vouches) {
        return RETRY_MS; // a virtual world never has a worker
    }
    bool holds = t->look.worker != NULL || (t->agency->law != NULL && !t->agency->world->vouches);
    return holds && day > IDLE_MS ? IDLE_MS : day;
}

/* Nothing is delayed or stopped by what triage cannot do: it is told once, and tried again. A
 * failure of line.db itself is the turn's to find (I10). */
static void handle(struct dl__triage *t, enum dl_err err)
{
    rolled_back(t, err);
    if (t->look.worker != NULL && dl_worker_waiting(t->look.worker) > 0) {
        dl__look_close_worker(&t->look);
    }
    if (err != t->told) {
        struct dl_event event;
        dl_event_begin(&event, dl_agency_now(t->agency), "triage.failed");
        dl_event_int(&event, "cursor", t->look.view.cursor);
        dl_event_error(&event, err, dl_err_text(err));
        dl__agency_log(t->agency, &event);
    }
    t->told = err;
    set_timer(t, RETRY_MS);
}

static enum dl_err work(struct dl__triage *t, bool *did)
{
    *did = true;
    if (t->look.asking) {
        DL_TRY(dl__look_take(&t->look));
    }
    for (int i = 0; i < SLICE && *did && !t->look.asking; i++) {
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

/* Memory that is of use only while there is work. */
static void give_back(struct dl__triage *t)
{
    const struct dl_registry *registry = t->agency->registry;
    if (t->agency->law != NULL && registry != NULL) {
        enum dl_err err =
            dl_store_run(dl_registry_store(registry), "PRAGMA shrink_memory", NULL, 0, NULL, NULL);
        (void)err; // a cache that stays does no harm
    }
    dl_law_asking_free(&t->agency->law);
    dl__look_close_worker(&t->look);
}

static void tick(void *context)
{
    struct dl__triage *t = context;
    bool did = false;
    uint64_t now = monotonic(t);
    if (t->waiting == NULL && now < t->quiet_ms) {
        set_timer(t, t->quiet_ms - now);
        return;
    }
    if (dl__look_waits(&t->look) || is_busy(t)) {
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
    if (!did && t->look.skipped && dl__look_have_worker(&t->look)) {
        t->screened = -1;
        did = true;
    }
    t->since_ms = did ? t->since_ms : 0;
    if (did) {
        t->look.used_ms = monotonic(t);
    } else if (monotonic(t) - t->look.used_ms >= IDLE_MS && !t->agency->world->vouches) {
        give_back(t); // a virtual world is not here to stay
    }
    if (!t->look.asking && monotonic(t) - t->look.asked_ms >= IDLE_MS) {
        dl__look_close_worker(&t->look); // other work may go on without it
    }
    uint64_t next = t->waiting != NULL ? 1 : NEXT_MS; // someone waits for the answer
    set_timer(t, t->look.asking ? POLL_MS : did ? next : rest_ms(t));
}

static void work_in(struct dl__triage *t, uint64_t ms)
{
    if (monotonic(t) + ms < t->due_ms) {
        set_timer(t, ms);
    }
}

/* A commit without a new entry (a heartbeat's receipt) brings nothing to look at. */
static void committed(void *context)
{
    struct dl__triage *t = context;
    if (t->stored < 0 || t->scanned < dl_line_db_last_cursor(t->agency->db)) {
        uint64_t now = monotonic(t);
        t->since_ms = t->since_ms == 0 ? now : t->since_ms;
        t->quiet_ms =
            now + QUIET_MS < t->since_ms + MOST_MS ? now + QUIET_MS : t->since_ms + MOST_MS;
        work_in(t, QUIET_MS);
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
    work_in(t, FIRST_MS);
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
    dl__look_init(&t->look, agency);
    t->stored = t->screened = -1;
    t->look.again = true;
    t->due_ms = UINT64_MAX;
    t->timer = agency->world->ops->timer_new(agency->world, tick, t);
    t->watcher = (struct dl_watcher){.fn = committed, .context = t};
    dl_agency_watch(agency, &t->watcher);
    agency->triage = t;
    work_in(t, FIRST_MS);
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
    dl__look_fini(&t->look);
    free_all(t->waiting);
    free_all(t->screened_for);
    free(t);
    agency->triage = NULL;
}
