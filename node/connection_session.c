/* What a session says is done here, in the order that protocol/session.h asks for. No decisions. */
#include "node/agency_internal.h"

#include <stdio.h>
#include <string.h>

enum { QUEUE_HIGH = 1024 * 1024, FLUSH_AT = 256 * 1024 };

static void store_failed(struct dl__connection *c, enum dl_err err)
{
    if (err == DL_E_STORE_FULL || err == DL_E_BATCH_ROOT || err == DL_E_ID_REUSED) {
        dl__connection_close(c, err,
                             err == DL_E_ID_REUSED ? "an id stands twice in the peer's journal"
                                                   : dl_err_text(err));
    } else {
        dl__agency_fatal(c->agency, err, dl_store_message(dl_line_db_store(c->agency->db)));
    }
}

/* A line-state of the peer takes effect here when its entry arrives. */
static enum dl_err take_line_state(struct dl_peer *peer, const struct dl_entry_octets *entry)
{
    struct dl_leaf leaf;
    json_t *content = NULL;
    if (dl_leaf_decode(entry->leaf, &leaf) != DL_OK || leaf.kind != DL_KIND_LINE_STATE ||
        dl_json_parse(entry->content, &content, NULL) != DL_OK) {
        return DL_OK;
    }
    struct dl_view to = dl_json_text(content, "to");
    const char *reason = json_string_value(json_object_get(content, "reason"));
    enum dl_err err = DL_OK;
    if (!dl_view_is(to, "renewed")) {
        err = dl__peer_note_state(peer, true, dl_view_is(to, "suspended"), reason);
    } else {
        struct dl_event event;
        dl_event_begin(&event, dl_agency_now(peer->agency), "line.renewed");
        dl_event_str(&event, "peer", peer->id);
        dl_event_str(&event, "reason", reason);
        dl__agency_log(peer->agency, &event);
        err = peer->said[1].suspended ? dl__peer_note_state(peer, true, false, reason) : DL_OK;
    }
    json_decref(content);
    return err;
}

static bool is_line_state(struct dl_view leaf)
{
    static const char mark[] = "\"kind\":\"line-state\"";
    return memmem(leaf.p, leaf.n, mark, sizeof mark - 1) != NULL;
}

static void store(struct dl__connection *c, const struct dl_update_batch *batch)
{
    struct dl_extension extension = {.entries = batch->entries,
                                     .n = batch->n,
                                     .note = batch->note,
                                     .first = batch->first,
                                     .generation = batch->generation,
                                     .renewed = batch->renewed,
                                     .cosign = batch->cosign,
                                     .now_ms = dl_agency_now(c->agency)};
    enum dl_err err = dl_agency_write(c->agency);
    err = err == DL_OK ? dl_replica_extend(c->peer->replica, &extension) : err;
    for (size_t i = 0; i < batch->n && err == DL_OK; i++) {
        if (is_line_state(batch->entries[i].leaf)) {
            err = take_line_state(c->peer, &batch->entries[i]);
        }
    }
    if (err != DL_OK) {
        store_failed(c, err);
    }
}

static void take_back(struct dl__connection *c, const struct dl_update_batch *batch)
{
    size_t kept_out = 0;
    struct dl_taken_back back = {.entries = batch->entries,
                                 .n = batch->n,
                                 .note = batch->note,
                                 .now_ms = dl_agency_now(c->agency)};
    enum dl_err err = dl_agency_write(c->agency);
    err = err == DL_OK ? dl_journal_take_back(c->peer->journal, &back, &kept_out) : err;
    // the session waits for this: it is committed at once, heads included
    err = err == DL_OK ? dl__agency_commit(c->agency) : err;
    if (err != DL_OK) {
        store_failed(c, err);
        return;
    }
    struct dl_event event;
    dl_event_begin(&event, back.now_ms, "journal.taken-back");
    dl_event_str(&event, "peer", c->peer->id);
    dl_event_int(&event, "size", (int64_t)(batch->first + batch->n));
    dl_event_int(&event, "kept_out", (int64_t)kept_out);
    dl__agency_log(c->agency, &event);
}

static void keep_receipt(struct dl__connection *c, const struct dl_update_receipt *receipt)
{
    int64_t now = dl_agency_now(c->agency);
    bool kept = dl_journal_refresh(c->peer->journal, receipt->size, now, receipt->note);
    enum dl_err err = kept ? DL_OK : dl_agency_write(c->agency);
    if (err == DL_E_STORE_FULL) {
        return; // it comes again with the next HELLO
    }
    if (err == DL_OK && !kept) {
        err = dl_journal_receipt(c->peer->journal, receipt->size, now, receipt->note);
        c->agency->changed = true;
    }
    if (err != DL_OK) {
        store_failed(c, err);
        return;
    }
    if (receipt->clock) {
        struct dl_event event;
        dl_event_begin(&event, now, "receipt.clock");
        dl_event_str(&event, "peer", c->peer->id);
        dl_event_int(&event, "seconds_off", receipt->time - now / 1000);
        dl__agency_log(c->agency, &event);
    }
}

static void set_journal(struct dl__connection *c, const struct dl_update_journal *journal)
{
    struct dl_peer *peer = c->peer;
    struct dl_event event;
    bool closes = journal->state == DL_JOURNAL_LOST || journal->state == DL_JOURNAL_FORKED;
    peer->held_generation = journal->held_generation;
    if (dl_journal_state(peer->journal) == journal->state) {
        return;
    }
    enum dl_err err = closes ? dl_agency_write(c->agency) : DL_OK;
    err = err == DL_OK ? dl_journal_set_state(peer->journal, journal->state) : err;
    if (err != DL_OK) {
        store_failed(c, err);
        return;
    }
    dl_event_begin(&event, dl_agency_now(c->agency), "journal.state");
    dl_event_str(&event, "peer", peer->id);
    dl_event_str(&event, "state", dl_journal_state_name(journal->state));
    dl_event_int(&event, "size", (int64_t)dl_log_size(dl_journal_log(peer->journal)));
    if (journal->state == DL_JOURNAL_REWOUND) {
        dl_event_int(&event, "pulling_to", (int64_t)journal->size);
    }
    dl__agency_log(c->agency, &event);
    c->agency->world->ops->wake(c->agency->world); // a confirmed journal takes its tail in
}

static void note_peer(struct dl__connection *c, const struct dl_update_peer *told)
{
    struct dl_event event;
    if (told->lost_copy && !c->peer->told.lost_copy) {
        dl_event_begin(&event, dl_agency_now(c->agency), "peer.lost-copy");
        dl_event_str(&event, "peer", c->peer->id);
        dl_event_int(&event, "held", (int64_t)told->held);
        dl_event_int(&event, "receipted", (int64_t)told->receipted);
        dl_event_error(&event, DL_E_PEER_LOST_COPY, NULL);
        dl__agency_log(c->agency, &event);
    }
    c->peer->told = *told;
}

static void keep_test(struct dl__connection *c, const struct dl_update_test *test)
{
    struct dl_peer *peer = c->peer;
    struct dl_test_result result = {.ok = test->ok, .ms = test->ms, .address = c->remote};
    enum dl_err err = dl_agency_write(c->agency);
    err = err == DL_OK
              ? dl_store_run(
                    dl_line_db_store(c->agency->db),
                    "INSERT INTO link_test(peer, time, incoming, address, ok, ms, text, reply, "
                    "signature,"
                    " reply_signature) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    DL_SQL(
                        DL_SQL_STR(peer->id), DL_SQL_INT(dl_agency_now(c->agency)),
                        DL_SQL_INT(test->incoming), DL_SQL_STR(c->remote), DL_SQL_INT(test->ok),
                        test->incoming ? DL_SQL_NULL : DL_SQL_INT(test->ms),
                        DL_SQL_BLOB(test->text), DL_SQL_BLOB(test->reply),
                        DL_SQL_BLOB(dl_view_of(test->signature[0].b, sizeof test->signature[0].b)),
                        DL_SQL_BLOB(dl_view_of(test->signature[1].b, sizeof test->signature[1].b))),
                    NULL, NULL)
              : err;
    if (err != DL_OK && err != DL_E_STORE_FULL) {
        store_failed(c, err);
        return;
    }
    if (!test->incoming && peer->test_fn != NULL) {
        dl_test_fn fn = peer->test_fn;
        peer->test_fn = NULL;
        fn(peer->test_context, &result);
    }
}

static void opened(struct dl__connection *c)
{
    struct dl_peer *peer = c->peer;
    struct dl_event event;
    c->opened = true;
    c->opened_ms = dl__agency_monotonic(c->agency);
    peer->was_up = true;
    dl__peer_set_error(peer, DL_OK, "");
    dl_event_begin(&event, dl_agency_now(c->agency), "session.opened");
    dl_event_str(&event, "peer", peer->id);
    dl_event_str(&event, "remote", c->remote);
    dl_event_str(&event, "direction", c->dialled ? "out" : "in");
    dl_event_int(&event, "hello_ms", dl__agency_monotonic(c->agency) - c->authenticated_ms);
    dl__agency_log(c->agency, &event);
}

static void closed(struct dl__connection *c, const struct dl_session_update *update)
{
    char why[DL_ERROR_MESSAGE_MAX];
    snprintf(why, sizeof why, "%s%.*s", update->by_peer ? "the peer says: " : "",
             DL_VIEW_ARG(update->text));
    dl_session_free(&c->session);
    dl__connection_close(c, update->code, update->text.n == 0 ? dl_err_text(update->code) : why);
}

/* The first half of an update: what is stored, noted and said. */
static void perform(struct dl__connection *c, const struct dl_session_update *update)
{
    unsigned flags = update->flags;
    if ((flags & DL_UPDATE_STORE) != 0) {
        store(c, &update->batch);
    }
    if ((flags & DL_UPDATE_RETURN) != 0 && !c->closing) {
        take_back(c, &update->batch);
    }
    if ((flags & DL_UPDATE_REPAIR) != 0) {
        dl__peer_repaired(c->peer, &update->batch);
    }
    if ((flags & DL_UPDATE_FLOOR) != 0) {
        enum dl_err err =
            dl_replica_set_floor(c->peer->replica, update->floor_generation, update->floor);
        if (err != DL_OK) {
            store_failed(c, err);
        }
    }
    if ((flags & DL_UPDATE_RECEIPT) != 0) {
        keep_receipt(c, &update->receipt);
    }
    if ((flags & DL_UPDATE_JOURNAL) != 0) {
        set_journal(c, &update->journal);
    }
    if ((flags & DL_UPDATE_PEER) != 0) {
        note_peer(c, &update->peer);
    }
    if ((flags & DL_UPDATE_ALARM) != 0 && dl__peer_freeze(c->peer, &update->alarm) != DL_OK) {
        store_failed(c, DL_E_STORE);
    }
    if ((flags & DL_UPDATE_TESTED) != 0) {
        keep_test(c, &update->test);
    }
    if ((flags & DL_UPDATE_OPENED) != 0) {
        opened(c);
    }
    dl_buf_put_view(&c->out, update->send);
    if (c->out.n >= FLUSH_AT) {
        dl__connection_flush(c);
    }
}

static void arm(struct dl__connection *c, int64_t wake_ms)
{
    c->wake_ms = wake_ms;
    if (c->armed_ms != 0 && c->armed_ms <= wake_ms) {
        return; // it fires earlier, and is set again then
    }
    int64_t now = dl__agency_monotonic(c->agency);
    c->armed_ms = wake_ms;
    c->agency->world->ops->timer_set(c->timer, wake_ms > now ? (uint64_t)(wake_ms - now) : 0);
}

static struct dl_log *log_of(struct dl_peer *peer, enum dl_side side)
{
    return side == DL_SIDE_OURS ? dl_journal_log(peer->journal) : dl_replica_log(peer->replica);
}

static void fill_roots(struct dl__connection *c, struct dl_session_root *roots, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum dl_err err =
            dl_log_root_at(log_of(c->peer, roots[i].side), roots[i].size, &roots[i].root);
        if (err != DL_OK) {
            store_failed(c, err);
            return;
        }
    }
}

static void read_wanted(struct dl__connection *c, struct dl_session_event *event)
{
    struct dl_batch *batch = &c->agency->batch;
    struct dl_log_range range = {.from = c->want.from,
                                 .to = c->want.to,
                                 .n_max = c->want.n_max,
                                 .octets_max = c->want.octets_max,
                                 .single = c->want.single};
    enum dl_err err = dl_log_read(log_of(c->peer, c->want.side), &range, batch);
    if (err != DL_OK) {
        store_failed(c, err);
        batch->n = 0;
    }
    *event = (struct dl_session_event){
        .type = DL_ON_ENTRIES,
        .from = c->want.from,
        .n = batch->n,
        .entries = batch->entries,
        .note = batch->n > 0 && !c->want.single ? dl_buf_view(&batch->note) : dl_view_of(NULL, 0)};
}

/* The next thing that an update asks for; false when it asks for nothing that can be done now. */
static bool next_event(struct dl__connection *c, struct dl_session_update *update,
                       struct dl_session_event *event, struct dl_proof *proof)
{
    unsigned flags = update->flags;
    if ((flags & DL_UPDATE_RETURN) != 0) {
        c->told = dl_log_size(dl_journal_log(c->peer->journal));
        *event = (struct dl_session_event){.type = DL_ON_RETURNED, .size = c->told};
        return true;
    }
    if ((flags & DL_UPDATE_ROOTS) != 0) {
        fill_roots(c, update->roots, update->n_roots);
        *event = (struct dl_session_event){
            .type = DL_ON_ROOTS, .roots = update->roots, .n = update->n_roots};
        return true;
    }
    if ((flags & DL_UPDATE_PROOF) != 0) {
        struct dl_tree_reader reader = dl_log_reader(dl_journal_log(c->peer->journal));
        bool made = update->to <= dl_log_size(dl_journal_log(c->peer->journal)) &&
                    dl_consistency_make(&reader, update->from, update->to, proof) == DL_OK;
        *event = (struct dl_session_event){.type = DL_ON_PROOF, .proof = made ? proof : NULL};
        return true;
    }
    if (c->wanting && c->agency->world->ops->link_queued(c->link) + c->out.n < QUEUE_HIGH) {
        c->wanting = false;
        read_wanted(c, event);
        return true;
    }
    if (c->more && (flags & DL_UPDATE_COMMIT) == 0) {
        c->more = false;
        *event = (struct dl_session_event){.type = DL_ON_NEXT};
        return true;
    }
    return false;
}

void dl__connection_step(struct dl__connection *c, struct dl_session_event *event)
{
    struct dl_session_update update;
    struct dl_proof proof;
    bool go_on = true;
    while (go_on && c->session != NULL && !c->closing && !c->agency->failed) {
        event->now_ms = dl__agency_monotonic(c->agency);
        event->unix_ms = dl_agency_now(c->agency);
        c->stepping = true; // what the update shows lives until the next step: no close before
        dl_session_step(c->session, event, &update);
        perform(c, &update);
        c->stepping = false;
        if ((update.flags & DL_UPDATE_CLOSED) != 0) {
            closed(c, &update);
            return;
        }
        if (c->must_close != DL_OK) {
            enum dl_err err = c->must_close;
            c->must_close = DL_OK;
            dl__connection_close(c, err, c->close_why);
            return;
        }
        if (c->closing || c->session == NULL) {
            return;
        }
        arm(c, update.wake_ms);
        c->more = c->more || (update.flags & DL_UPDATE_MORE) != 0;
        if ((update.flags & DL_UPDATE_WANT) != 0) {
            c->wanting = true;
            c->want = update.want;
        }
        go_on = next_event(c, &update, event, &proof);
    }
}

void dl__connection_go_on(struct dl__connection *c)
{
    struct dl_session_update nothing = {.flags = 0};
    struct dl_session_event event;
    if (!c->closing && next_event(c, &nothing, &event, NULL)) {
        dl__connection_step(c, &event);
    }
}
