/* Turns: what was written becomes durable together, then what depends on it is told. */
#include "node/agency_internal.h"

#include <stdlib.h>

enum { PROBE_MS = 1000, ROUNDS = 8 };

void dl_agency_after(struct dl_agency *agency, dl_after_fn fn, void *context)
{
    struct dl__after *after = calloc(1, sizeof *after);
    DL_ASSERT(after != NULL, "memory for a call");
    after->fn = fn;
    after->context = context;
    *agency->after_end = after;
    agency->after_end = &after->next;
    agency->world->ops->wake(agency->world);
}

void dl_agency_forget(struct dl_agency *agency, const void *context)
{
    for (struct dl__after *after = agency->after; after != NULL; after = after->next) {
        if (after->context == context) {
            after->fn = NULL;
        }
    }
}

static void tell(struct dl_agency *agency, enum dl_err err)
{
    struct dl__after *last = NULL; // calls asked for from now on wait for the next commit
    for (struct dl__after *after = agency->after; after != NULL; after = after->next) {
        last = after;
    }
    for (bool end = last == NULL; !end;) {
        struct dl__after *after = agency->after;
        end = after == last;
        if (after->fn != NULL) {
            after->fn(after->context, err);
        }
        agency->after = after->next; // only now: a call may forget others of this list
        free(after);
    }
    if (agency->after == NULL) {
        agency->after_end = &agency->after;
    }
}

enum dl_err dl_agency_write(struct dl_agency *agency)
{
    if (agency->failed) {
        return DL_E_STORE_IO;
    }
    if (agency->full) {
        return DL_E_STORE_FULL;
    }
    return agency->broken == DL_OK ? dl_line_db_write(agency->db) : agency->broken;
}

void dl__agency_break(struct dl_agency *agency, enum dl_err err)
{
    agency->broken = agency->broken == DL_OK ? err : agency->broken;
    agency->world->ops->wake(agency->world);
}

/* ---- the disk is full ---- */

static void resume(struct dl_agency *agency)
{
    agency->full = false;
    struct dl_event event;
    dl_event_begin(&event, dl_agency_now(agency), "store.resumed");
    dl__agency_log(agency, &event);
    for (struct dl_peer *peer = agency->peers; peer != NULL; peer = peer->next) {
        if (peer->current != NULL && peer->current->session != NULL) {
            struct dl_log *log = dl_replica_log(peer->replica);
            struct dl_session_event ready = {
                .type = DL_ON_READY, .size = dl_log_size(log), .frontier = dl_log_frontier(log)};
            dl__connection_step(peer->current, &ready);
        }
    }
}

static void start_probing(struct dl_agency *agency);
static enum dl_err put_heads(struct dl_agency *agency);
static void settle_all(struct dl_agency *agency);

/* line.db has a turn that head.db had no room for: nothing of it left us yet, and it is put again
 * before anything else. */
static enum dl_err probe_heads(struct dl_agency *agency)
{
    DL_TRY(put_heads(agency));
    agency->heads_owed = false;
    agency->changed = true;
    settle_all(agency);
    return DL_OK;
}

static enum dl_err probe_line(struct dl_agency *agency)
{
    struct dl_store *store = dl_line_db_store(agency->db);
    enum dl_err err = dl_line_db_write(agency->db);
    if (err == DL_OK) {
        err = dl_store_run(store,
                           "INSERT INTO setting(key, value) VALUES('probe', ?1)"
                           " ON CONFLICT(key) DO UPDATE SET value=?1",
                           DL_SQL(DL_SQL_INT(dl_agency_now(agency))), NULL, NULL);
    }
    err = err == DL_OK ? dl_line_db_commit(agency->db) : err;
    if (err != DL_OK) {
        dl_line_db_rollback(agency->db);
    }
    return err;
}

static void probe(void *context)
{
    struct dl_agency *agency = context;
    enum dl_err err = agency->heads_owed ? probe_heads(agency) : probe_line(agency);
    if (err == DL_OK) {
        resume(agency);
        agency->world->ops->wake(agency->world); // what waits goes on
    } else if (err == DL_E_STORE_FULL) {
        start_probing(agency);
    } else {
        dl__agency_fatal(agency, err,
                         agency->heads_owed ? "head.db could not be written"
                                            : dl_store_message(dl_line_db_store(agency->db)));
    }
}

static void start_probing(struct dl_agency *agency)
{
    if (agency->probe == NULL) {
        agency->probe = agency->world->ops->timer_new(agency->world, probe, agency);
    }
    agency->world->ops->timer_set(agency->probe, PROBE_MS);
}

static enum dl_err roll_back(struct dl_agency *agency)
{
    dl_line_db_rollback(agency->db);
    for (struct dl_peer *peer = agency->peers; peer != NULL; peer = peer->next) {
        DL_TRY(dl_journal_rollback(peer->journal));
        DL_TRY(dl_replica_rollback(peer->replica));
        DL_TRY(dl__peer_reread(peer));
    }
    return DL_OK;
}

static void stop_accepting(struct dl_agency *agency)
{
    struct dl_event event;
    agency->full = true;
    dl_event_begin(&event, dl_agency_now(agency), "store.full");
    dl_event_error(&event, DL_E_STORE_FULL,
                   "the disk is full: submissions are refused, peers are told to wait");
    dl__agency_log(agency, &event);
    start_probing(agency);
}

/* What the peers had sent was undone with the turn: they are told to wait, and send it again. */
static void stop_receiving(struct dl_agency *agency)
{
    for (struct dl_peer *peer = agency->peers; peer != NULL; peer = peer->next) {
        if (peer->current != NULL && peer->current->session != NULL) {
            struct dl_session_event full = {.type = DL_ON_FULL,
                                            .size = dl_log_size(dl_replica_log(peer->replica))};
            peer->current->stored = false;
            dl__connection_step(peer->current, &full);
        }
    }
}

/* Undo the turn. On a full disk the node goes on; on anything else it ends (I10). */
static enum dl_err undo(struct dl_agency *agency, enum dl_err err)
{
    enum dl_err again = roll_back(agency);
    bool peers_fault = err == DL_E_BATCH_ROOT || err == DL_E_ID_REUSED;
    tell(agency, err);
    if (again == DL_OK && err == DL_E_STORE_FULL) {
        stop_accepting(agency);
        stop_receiving(agency);
    } else if (again != DL_OK || !peers_fault) {
        dl__agency_fatal(agency, again == DL_OK ? err : again,
                         dl_store_message(dl_line_db_store(agency->db)));
    }
    return err;
}

/* ---- the commit ---- */

static enum dl_err grow_all(struct dl_agency *agency)
{
    int64_t now = dl_agency_now(agency);
    for (struct dl_peer *peer = agency->peers; peer != NULL; peer = peer->next) {
        if (dl_journal_tail(peer->journal) > 0) {
            DL_TRY(dl_journal_turn(peer->journal, dl__peer_may_grow(peer), now));
        }
    }
    return DL_OK;
}

static enum dl_err put_heads(struct dl_agency *agency)
{
    enum dl_err err = DL_OK;
    for (struct dl_peer *peer = agency->peers; peer != NULL && err == DL_OK; peer = peer->next) {
        err = dl_journal_put_head(peer->journal);
        err = err == DL_OK ? dl_replica_put_head(peer->replica) : err;
    }
    if (err != DL_OK) {
        dl_headdb_rollback(agency->head);
        return err;
    }
    return dl_headdb_commit(agency->head);
}

/* The turn is durable in both databases. */
static void settle_all(struct dl_agency *agency)
{
    for (struct dl_peer *peer = agency->peers; peer != NULL; peer = peer->next) {
        uint64_t size = 0;
        dl_journal_settle(peer->journal);
        bool stored = dl_replica_settle(peer->replica, &size);
        if (peer->current != NULL) {
            peer->current->stored = peer->current->stored || stored;
        }
    }
    tell(agency, DL_OK);
}

enum dl_err dl__agency_commit(struct dl_agency *agency)
{
    if (agency->failed) {
        return DL_E_STORE_IO;
    }
    if (agency->heads_owed) {
        return DL_E_STORE_FULL; // line.db has the turn; what waits for it waits on
    }
    enum dl_err err = agency->broken != DL_OK ? agency->broken
                      : agency->full          ? DL_OK
                                              : grow_all(agency);
    agency->broken = DL_OK;
    bool wrote = dl_store_in_transaction(dl_line_db_store(agency->db));
    err = err == DL_OK ? dl_line_db_commit(agency->db) : err;
    if (err != DL_OK) {
        return undo(agency, err);
    }
    if (wrote) {
        err = put_heads(agency);
        if (err == DL_E_STORE_FULL) {
            agency->heads_owed = true;
            stop_accepting(agency);
            return err;
        }
        if (err != DL_OK) {
            // line.db has it and head.db has not: only a start can put that right
            dl__agency_fatal(agency, err, "head.db could not be written");
            return err;
        }
        agency->changed = true;
    }
    settle_all(agency);
    return DL_OK;
}

/* ---- after the commit ---- */

static void step_grew(struct dl_peer *peer)
{
    struct dl_session_event event = {.type = DL_ON_GREW,
                                     .size = dl_journal_sendable(peer->journal),
                                     .note = dl_journal_head(peer->journal)};
    peer->current->told = event.size;
    dl__connection_step(peer->current, &event);
}

static void step_stored(struct dl_peer *peer)
{
    struct dl_session_event event = {.type = DL_ON_STORED,
                                     .size = dl_log_size(dl_replica_log(peer->replica))};
    peer->current->stored = false;
    dl__connection_step(peer->current, &event);
}

/* Tells the sessions what became durable; true when that led to more to commit. */
static bool tell_sessions(struct dl_agency *agency)
{
    bool more = false;
    for (struct dl_peer *peer = agency->peers; peer != NULL; peer = peer->next) {
        if (peer->current != NULL && peer->current->session == NULL &&
            peer->current->authenticated && !peer->current->closing) {
            dl__connection_begin(peer->current);
        }
        if (peer->current != NULL && peer->current->session != NULL && peer->current->stored) {
            step_stored(peer);
        }
        if (peer->current != NULL && peer->current->session != NULL &&
            dl_journal_state(peer->journal) == DL_JOURNAL_CONFIRMED &&
            dl_journal_sendable(peer->journal) > peer->current->told) {
            step_grew(peer);
        }
        if (peer->current != NULL && peer->current->session != NULL) {
            dl__connection_go_on(peer->current);
        }
        more = more || (peer->current != NULL && peer->current->more);
    }
    return more || dl_store_in_transaction(dl_line_db_store(agency->db));
}

static void flush_all(struct dl_agency *agency)
{
    for (struct dl_peer *peer = agency->peers; peer != NULL; peer = peer->next) {
        if (peer->current != NULL) {
            dl__connection_flush(peer->current);
        }
        if (peer->challenger != NULL) {
            dl__connection_flush(peer->challenger);
        }
    }
}

static void tell_watchers(struct dl_agency *agency)
{
    struct dl_watcher *watcher = agency->watchers;
    while (agency->changed && watcher != NULL) {
        struct dl_watcher *next = watcher->next;
        watcher->fn(watcher->context);
        watcher = next;
    }
    agency->changed = false;
}

void dl__agency_turn_end(void *context)
{
    struct dl_agency *agency = context;
    if (agency->in_turn || agency->failed) {
        return;
    }
    agency->in_turn = true;
    bool more = true;
    for (int i = 0; more && i < ROUNDS && !agency->failed; i++) {
        more = dl__agency_commit(agency) == DL_OK && tell_sessions(agency);
    }
    if (!agency->failed) {
        flush_all(agency);
        tell_watchers(agency);
    }
    if (more && !agency->failed) {
        agency->world->ops->wake(agency->world);
    }
    agency->in_turn = false;
}

enum dl_err dl_agency_turn(struct dl_agency *agency)
{
    return dl__agency_commit(agency);
}
