/* The state of a line, as its agencies say it: paired, suspended, frozen, removed, renewed. */
#include "node/agency_internal.h"

#include "base/encoding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dl_peer *dl_peer_next(const struct dl_peer *peer)
{
    return peer->next;
}

struct dl_journal *dl_peer_journal(const struct dl_peer *peer)
{
    return peer->journal;
}

struct dl_replica *dl_peer_replica(const struct dl_peer *peer)
{
    return peer->replica;
}

static void look_at_state(const struct dl_peer *peer, struct dl_peer_view *out)
{
    const char *us = dl_agency_id(peer->agency);
    out->state = "active";
    if (peer->removed != 0) {
        out->state = "removed";
        out->by = us;
        out->reason = peer->removed_reason;
        out->since = peer->removed;
    } else if (peer->frozen != 0) {
        out->state = "frozen";
        out->by = us;
        out->reason = peer->frozen_reason;
        out->since = peer->frozen;
    } else if (peer->said[0].suspended || peer->said[1].suspended) {
        bool theirs = !peer->said[0].suspended;
        out->state = "suspended";
        out->by = theirs ? peer->id : us;
        out->reason = peer->said[theirs].reason;
        out->since = peer->said[theirs].since;
    }
}

void dl_peer_look(const struct dl_peer *peer, struct dl_peer_view *out)
{
    *out = (struct dl_peer_view){.agency = peer->id,
                                 .offer = &peer->offer,
                                 .offer_octets = dl_buf_view(&peer->offer_octets),
                                 .added = peer->added,
                                 .repaired = peer->repaired,
                                 .n_addresses = peer->n_addresses,
                                 .certificate_until = peer->certificate_until,
                                 .error = peer->error,
                                 .error_message = peer->error_message,
                                 .error_since = peer->error_since,
                                 .lost_copy = peer->told.lost_copy,
                                 .busy = peer->told.busy,
                                 .closed = peer->told.closed,
                                 .told_size = peer->told.theirs,
                                 .suspended_by_us = peer->said[0].suspended,
                                 .suspended_by_them = peer->said[1].suspended};
    bool up = peer->current != NULL && peer->current->opened;
    out->link = up ? "up" : peer->was_up ? "down" : "never";
    out->address = peer->address[0] == '\0' ? NULL : peer->address;
    for (size_t i = 0; i < peer->n_addresses; i++) {
        out->addresses[i] = peer->addresses[i];
    }
    look_at_state(peer, out);
}

/* ---- pairing ---- */

static enum dl_err store_peer(struct dl_agency *agency, const struct dl_offer *offer,
                              struct dl_view octets, struct dl_view addresses,
                              const struct dl_peer *known)
{
    struct dl_store *store = dl_line_db_store(agency->db);
    int64_t now = dl_agency_now(agency);
    DL_TRY(dl_agency_write(agency));
    if (known != NULL && !dl_view_equal(octets, dl_buf_view(&known->offer_octets))) {
        DL_TRY(dl_store_run(store, "INSERT INTO old_key(agency, offer, until) VALUES(?1, ?2, ?3)",
                            DL_SQL(DL_SQL_STR(known->id),
                                   DL_SQL_BLOB(dl_buf_view(&known->offer_octets)), DL_SQL_INT(now)),
                            NULL, NULL));
    }
    if (known != NULL &&
        memcmp(&known->offer.journal_key, &offer->journal_key, sizeof offer->journal_key) != 0) {
        DL_TRY(dl_replica_next_generation(known->replica));
    }
    DL_TRY(dl_store_run(store,
                        "INSERT INTO peer(agency, offer, addresses, added) VALUES(?1, ?2, ?3, ?4)"
                        " ON CONFLICT(agency) DO UPDATE SET offer=?2, addresses=?3, repaired=?4,"
                        " removed=NULL, removed_reason=NULL",
                        DL_SQL(DL_SQL_STR(offer->agency), DL_SQL_BLOB(octets),
                               DL_SQL_TEXT(addresses), DL_SQL_INT(now)),
                        NULL, NULL));
    return dl__agency_commit(agency);
}

static enum dl_err check_offer(struct dl_agency *agency, const struct dl_offer *offer,
                               struct dl_error *error)
{
    size_t n = 0;
    for (struct dl_peer *peer = agency->peers; peer != NULL; peer = peer->next) {
        n++;
    }
    if (strcmp(offer->agency, dl_agency_id(agency)) == 0) {
        dl_error_set(error, DL_E_OFFER, "agency", "this is our own offer");
        return dl_error_hint(error, "give it to the peer, and add the peer's here");
    }
    if (!agency->world->vouches) {
        DL_TRY(dl_trust_check_authority(dl_view_of(offer->ca, offer->ca_n), error));
    }
    return n < DL_LIMIT_PEERS
               ? DL_OK
               : dl_error_set(error, DL_E_LIMIT, NULL, "at most %d peers", DL_LIMIT_PEERS);
}

static void join_addresses(const struct dl_offer *offer, const char *const *addresses, size_t n,
                           struct dl_buf *out)
{
    for (size_t i = 0; i < (n > 0 ? n : offer->n_addresses); i++) {
        dl_buf_printf(out, "%s\n", n > 0 ? addresses[i] : offer->addresses[i]);
    }
}

enum dl_err dl_agency_add_peer(struct dl_agency *agency, struct dl_view octets,
                               const char *const *addresses, size_t n_addresses,
                               struct dl_error *error)
{
    struct dl_offer offer;
    struct dl_buf lines;
    DL_TRY(dl_offer_decode(octets, &offer, error));
    DL_TRY(check_offer(agency, &offer, error));
    struct dl_peer *known = dl_agency_peer(agency, offer.agency);
    dl_buf_init(&lines, (size_t)DL_LIMIT_ADDRESSES * (DL_LIMIT_ADDRESS + 2));
    join_addresses(&offer, addresses, n_addresses, &lines);
    enum dl_err err = dl_buf_err(&lines);
    err = err == DL_OK ? store_peer(agency, &offer, octets, dl_buf_view(&lines), known) : err;
    dl_buf_fini(&lines);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "the pairing could not be stored");
    }
    if (known != NULL) {
        if (known->current != NULL) {
            dl__connection_close(known->current, DL_E_CONNECT, "paired again");
        }
        struct dl_peer **at = &agency->peers;
        while (*at != known) {
            at = &(*at)->next;
        }
        *at = known->next;
        dl__peer_free(known);
    }
    DL_TRY(dl__peer_load(agency, offer.agency, error));
    if (agency->running) {
        dl__peer_start(dl_agency_peer(agency, offer.agency));
    }
    return DL_OK;
}

enum dl_err dl_peer_remove(struct dl_peer *peer, const char *reason)
{
    struct dl_agency *agency = peer->agency;
    int64_t now = dl_agency_now(agency);
    DL_TRY(dl_agency_write(agency));
    DL_TRY(dl_store_run(dl_line_db_store(agency->db),
                        "UPDATE peer SET removed=?2, removed_reason=?3 WHERE agency=?1",
                        DL_SQL(DL_SQL_STR(peer->id), DL_SQL_INT(now), DL_SQL_STR(reason)), NULL,
                        NULL));
    DL_TRY(dl__agency_commit(agency));
    peer->removed = now;
    free(peer->removed_reason);
    peer->removed_reason = strdup(reason);
    if (peer->challenger != NULL) {
        dl__connection_close(peer->challenger, DL_E_REMOVED, "the pairing was ended");
    }
    if (peer->current != NULL) {
        dl__connection_close(peer->current, DL_E_REMOVED, "the pairing was ended");
    }
    dl__peer_set_error(peer, DL_OK, "");
    return DL_OK;
}

/* ---- suspension ---- */

enum dl_err dl__peer_note_state(struct dl_peer *peer, bool theirs, bool suspended,
                                const char *reason)
{
    int64_t now = dl_agency_now(peer->agency);
    const char *by = theirs ? peer->id : dl_agency_id(peer->agency);
    DL_TRY(
        dl_store_run(dl_line_db_store(peer->agency->db),
                     "INSERT INTO line_state(peer, by, suspended, reason, since)"
                     " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(peer, by) DO UPDATE SET suspended=?3,"
                     " reason=?4, since=?5",
                     DL_SQL(DL_SQL_STR(peer->id), DL_SQL_STR(by), DL_SQL_INT(suspended),
                            DL_SQL_STR(reason), DL_SQL_INT(now)),
                     NULL, NULL));
    char *kept = strdup(reason);
    DL_ASSERT(kept != NULL, "memory for a reason");
    free(peer->said[theirs].reason);
    peer->said[theirs].reason = kept;
    peer->said[theirs].suspended = suspended;
    peer->said[theirs].since = now;
    struct dl_event event;
    dl_event_begin(&event, now, suspended ? "line.suspended" : "line.resumed");
    dl_event_str(&event, "peer", peer->id);
    dl_event_str(&event, "by", by);
    dl_event_str(&event, "reason", reason);
    dl__agency_log(peer->agency, &event);
    return DL_OK;
}

static enum dl_err submit_state(struct dl_peer *peer, const char *to, const char *reason,
                                struct dl_error *error)
{
    struct dl_submitted submitted;
    json_t *content = json_pack("{s:s, s:s, s:n}", "to", to, "reason", reason, "previous");
    struct dl_order order = {.kind = DL_KIND_LINE_STATE, .content = content};
    enum dl_err err = content == NULL
                          ? dl_error_set(error, DL_E_TEXT, "reason", "not valid UTF-8")
                          : dl_agency_submit(peer->agency, peer, &order, &submitted, error);
    json_decref(content);
    return err;
}

enum dl_err dl_peer_suspend(struct dl_peer *peer, bool suspend, const char *reason,
                            struct dl_error *error)
{
    if (peer->said[0].suspended == suspend) {
        return dl_error_set(error, DL_E_STATE, NULL,
                            suspend ? "this side has suspended the line already"
                                    : "this side has not suspended the line");
    }
    DL_TRY(submit_state(peer, suspend ? "suspended" : "active", reason, error));
    enum dl_err err = dl__peer_note_state(peer, false, suspend, reason);
    return err == DL_OK ? DL_OK
                        : dl_error_set(error, err, NULL, "the suspension could not be stored");
}

/* ---- freezing, renewing, releasing ---- */

static const char *const alarm_names[] = {"", "two-roots", "proof-failed", "proof-refused"};

enum dl_err dl__peer_freeze(struct dl_peer *peer, const struct dl_update_alarm *alarm)
{
    static const char *const reasons[] = {
        "", "the peer signed two roots for one size",
        "the peer's proof between two sizes that it signed does not verify",
        "the peer refused a proof between two sizes that it signed"};
    struct dl_agency *agency = peer->agency;
    struct dl_store *store = dl_line_db_store(agency->db);
    int64_t now = dl_agency_now(agency);
    DL_ASSERT(alarm->kind >= DL_ALARM_TWO_ROOTS && alarm->kind <= DL_ALARM_PROOF_REFUSED,
              "a known alarm");
    DL_TRY(dl_agency_write(agency));
    DL_TRY(dl_store_run(
        store, "INSERT INTO evidence(peer, time, kind, a, b, proof) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        DL_SQL(DL_SQL_STR(peer->id), DL_SQL_INT(now), DL_SQL_STR(alarm_names[alarm->kind]),
               DL_SQL_BLOB(alarm->note[0]), DL_SQL_BLOB(alarm->note[1]), DL_SQL_BLOB(alarm->proof)),
        NULL, NULL));
    DL_TRY(dl_store_run(
        store, "UPDATE peer SET frozen=?2, frozen_reason=?3 WHERE agency=?1",
        DL_SQL(DL_SQL_STR(peer->id), DL_SQL_INT(now), DL_SQL_STR(reasons[alarm->kind])), NULL,
        NULL));
    peer->frozen = now;
    free(peer->frozen_reason);
    peer->frozen_reason = strdup(reasons[alarm->kind]);
    dl__peer_set_error(peer, DL_E_FORK, reasons[alarm->kind]);
    struct dl_event event;
    dl_event_begin(&event, now, "line.frozen");
    dl_event_str(&event, "peer", peer->id);
    dl_event_str(&event, "reason", reasons[alarm->kind]);
    dl_event_view(&event, "note_a", alarm->note[0]);
    dl_event_view(&event, "note_b", alarm->note[1]);
    dl__agency_log(agency, &event);
    return DL_OK;
}

static json_t *text_or_null(struct dl_view text)
{
    return text.n == 0 ? json_null() : json_stringn((const char *)text.p, text.n);
}

static enum dl_err renew(struct dl_peer *peer, const char *reason, struct dl_error *error)
{
    struct dl_agency *agency = peer->agency;
    struct dl_log *log = dl_journal_log(peer->journal);
    json_t *content = json_pack("{s:s, s:s, s:{s:o, s:o}}", "to", "renewed", "reason", reason,
                                "previous", "checkpoint", text_or_null(dl_log_note(log)), "receipt",
                                text_or_null(dl_log_newest_receipt(log).note));
    struct dl_entry_draft draft = {.kind = DL_KIND_LINE_STATE,
                                   .marking = agency->config.marking,
                                   .time_ms = dl_agency_now(agency),
                                   .content = content};
    char id[DL_ENTRY_ID_TEXT];
    uint8_t random[10];
    struct dl_buf leaf;
    struct dl_buf octets;
    agency->world->ops->random(agency->world, random, sizeof random);
    agency->world->ops->random(agency->world, draft.salt, sizeof draft.salt);
    dl_entry_id_make(draft.time_ms, random, id);
    draft.id = dl_view_str(id);
    dl_buf_init(&leaf, DL_LIMIT_LEAF);
    dl_buf_init(&octets, DL_LIMIT_CONTENT);
    enum dl_err err = content == NULL ? dl_error_set(error, DL_E_TEXT, "reason", "not valid UTF-8")
                                      : dl_entry_make(&draft, &leaf, &octets, error);
    if (err == DL_OK) {
        struct dl_submission first = {.entry = {.leaf = dl_buf_view(&leaf),
                                                .salt = dl_view_of(draft.salt, sizeof draft.salt),
                                                .content = dl_buf_view(&octets)},
                                      .id = draft.id,
                                      .kind = DL_KIND_LINE_STATE,
                                      .ahead = true};
        err = dl_agency_write(agency);
        if (err == DL_OK) {
            err = dl_journal_renew(peer->journal, peer->held_generation, &first, draft.time_ms);
            if (err != DL_OK) { // with whatever else this turn has staged
                dl__agency_break(agency, dl_err_class(err) == DL_CLASS_STORE ? err : DL_E_STORE);
            }
        }
        err = err == DL_OK
                  ? DL_OK
                  : dl_error_set(error, err, NULL, "the next generation could not be made: %s",
                                 dl_err_text(err));
    }
    json_decref(content);
    dl_buf_fini(&leaf);
    dl_buf_fini(&octets);
    return err;
}

enum dl_err dl_peer_renew(struct dl_peer *peer, const char *reason, struct dl_error *error)
{
    enum dl_journal_state state = dl_journal_state(peer->journal);
    if (state != DL_JOURNAL_LOST && state != DL_JOURNAL_FORKED) {
        dl_error_set(error, DL_E_STATE, NULL,
                     "the journal to %s is %s; only a lost or forked one is renewed", peer->id,
                     dl_journal_state_name(state));
        return dl_error_hint(error, "nothing was changed; `line %s` shows the state", peer->id);
    }
    DL_TRY(renew(peer, reason, error));
    enum dl_err err = dl__agency_commit(peer->agency);
    if (err == DL_OK && peer->said[0].suspended) {
        // the suspension was said in the old generation; it is said again in this one
        err = submit_state(peer, "suspended", peer->said[0].reason, error);
    }
    if (peer->current != NULL) {
        dl__connection_close(peer->current, DL_E_CONNECT, "the journal was renewed");
    }
    return err == DL_OK ? DL_OK
                        : dl_error_set(error, err, NULL, "the next generation could not be stored");
}

enum dl_err dl_peer_release(struct dl_peer *peer, const char *reason, struct dl_error *error)
{
    struct dl_agency *agency = peer->agency;
    if (peer->frozen == 0) {
        return dl_error_set(error, DL_E_STATE, NULL, "the line to %s is not frozen", peer->id);
    }
    if (peer->repaired <= peer->frozen) {
        dl_error_set(
            error, DL_E_STATE, NULL,
            "the line to %s stays frozen: the peer signed two histories and has not been paired "
            "again since",
            peer->id);
        return dl_error_hint(error,
                             "clear it up with the peer by telephone; when it has new keys or a "
                             "renewed origin, `peer add` its new offer, then release");
    }
    enum dl_err err = dl_agency_write(agency);
    err = err == DL_OK
              ? dl_store_run(dl_line_db_store(agency->db),
                             "UPDATE peer SET frozen=NULL, frozen_reason=?2 WHERE agency=?1",
                             DL_SQL(DL_SQL_STR(peer->id), DL_SQL_STR(reason)), NULL, NULL)
              : err;
    err = err == DL_OK ? dl__agency_commit(agency) : err;
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "the release could not be stored");
    }
    peer->frozen = 0;
    dl__peer_set_error(peer, DL_OK, "");
    dl__peer_dial_later(peer);
    return DL_OK;
}
