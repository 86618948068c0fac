/* One connection: link, channel, session. */
#include "node/agency_internal.h"

#include "base/encoding.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EARLY_MAX = 64 * 1024, OUT_MAX = 64 * 1024 * 1024, FLUSH_AT = 256 * 1024 };

static void unlist(struct dl__connection *c)
{
    struct dl__connection **at = &c->agency->strangers;
    while (*at != NULL && *at != c) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = c->next;
        c->agency->n_strangers--;
    }
}

void dl__connection_free(struct dl__connection *c)
{
    const struct dl_world_ops *ops = c->agency->world->ops;
    unlist(c);
    if (c->link != NULL) {
        ops->link_use(c->link, NULL, NULL);
        ops->link_close(c->link);
    }
    ops->timer_free(c->timer);
    dl_session_free(&c->session);
    dl_channel_free(&c->channel);
    dl_buf_fini(&c->early);
    dl_buf_fini(&c->out);
    free(c);
}

/* What the other side's certificate says, whatever came of it; null when it showed none. */
static void put_shown(struct dl_event *event, const struct dl__connection *c)
{
    const struct dl_certificate_facts *shown =
        c->channel == NULL ? NULL : dl_channel_shown(c->channel);
    char from[DL_TIME_TEXT];
    char until[DL_TIME_TEXT];
    char pin[65];
    struct dl_buf object;
    dl_buf_init(&object, 1024);
    if (shown == NULL) {
        dl_buf_put_str(&object, "null");
    } else {
        dl_time_encode(shown->from_ms, from);
        dl_time_encode(shown->until_ms, until);
        dl_hex_encode(dl_view_of(shown->pin.b, sizeof shown->pin.b), pin);
        dl_buf_put_str(&object, "{\"agency\":");
        dl_json_put_str(&object, shown->agency);
        dl_buf_printf(&object, ",\"from\":\"%s\",\"until\":\"%s\",\"pin\":\"%s\"}", from, until,
                      pin);
    }
    dl_event_raw(event, "shown", dl_buf_view(&object));
    dl_buf_fini(&object);
}

static void log_refused(struct dl__connection *c, enum dl_err err, const char *why)
{
    struct dl_event event;
    dl_event_begin(&event, dl_agency_now(c->agency), "session.refused");
    dl_event_str(&event, "peer", c->peer == NULL ? NULL : c->peer->id);
    dl_event_str(&event, "remote", c->remote);
    dl_event_str(&event, "direction", c->dialled ? "out" : "in");
    dl_event_str(&event, "reason", why);
    dl_event_str(&event, "error", dl_err_code(err));
    put_shown(&event, c);
    dl__agency_log(c->agency, &event);
}

static void log_closed(struct dl__connection *c, enum dl_err err, const char *why)
{
    struct dl_event event;
    dl_event_begin(&event, dl_agency_now(c->agency), "session.closed");
    dl_event_str(&event, "peer", c->peer->id);
    dl_event_str(&event, "remote", c->remote);
    dl_event_str(&event, "reason", why);
    dl_event_str(&event, "error", dl_err_code(err));
    dl__agency_log(c->agency, &event);
}

void dl__connection_flush(struct dl__connection *c)
{
    const struct dl_world_ops *ops = c->agency->world->ops;
    if (c->out.n == 0 || c->link == NULL) {
        return;
    }
    if (c->channel == NULL) {
        ops->link_send(c->link, dl_buf_view(&c->out));
    } else if (dl_channel_peer(c->channel) != NULL) {
        struct dl_buf *cipher = &c->agency->cipher;
        dl_buf_reset(cipher);
        if (dl_channel_send(c->channel, dl_buf_view(&c->out), cipher) == DL_OK) {
            ops->link_send(c->link, dl_buf_view(cipher));
        }
    }
    if (c->out.cap > FLUSH_AT) {
        dl_buf_fini(&c->out); // a burst is over; give its memory back
    } else {
        dl_buf_reset(&c->out);
    }
}

void dl__connection_close(struct dl__connection *c, enum dl_err err, const char *why)
{
    struct dl_session_event event = {.type = DL_ON_CLOSE, .code = err, .octets = dl_view_str(why)};
    if (c->closing) {
        return;
    }
    if (c->stepping) {
        c->must_close = err;
        snprintf(c->close_why, sizeof c->close_why, "%s", why);
        return;
    }
    if (c->session != NULL) {
        dl__connection_step(c, &event); // says goodbye, and comes back here by CLOSED
        if (c->closing) {
            return;
        }
    }
    c->closing = true;
    if (c->opened) {
        log_closed(c, err, why);
    } else if (err != DL_E_CONNECT || c->authenticated) {
        log_refused(c, err, why);
    }
    if (c->peer != NULL && !c->opened) {
        dl__peer_set_error(c->peer, err, why);
    } else if (c->peer != NULL && c->peer->current == c) {
        dl__peer_set_error(c->peer, err, why);
    }
    dl__connection_flush(c);
    if (c->channel != NULL) {
        dl_buf_reset(&c->agency->cipher);
        dl_channel_close(c->channel, &c->agency->cipher);
        c->agency->world->ops->link_send(c->link, dl_buf_view(&c->agency->cipher));
    }
    c->agency->world->ops->timer_stop(c->timer);
    c->agency->world->ops->link_close(c->link);
}

static void timer_fired(void *context)
{
    struct dl__connection *c = context;
    int64_t now = dl__agency_monotonic(c->agency);
    c->armed_ms = 0;
    if (c->session == NULL) {
        dl__connection_close(c, DL_E_TIMEOUT, "no handshake within 10 s");
    } else if (now >= c->wake_ms) {
        struct dl_session_event event = {.type = DL_ON_TIME};
        dl__connection_step(c, &event);
    } else {
        c->armed_ms = c->wake_ms;
        c->agency->world->ops->timer_set(c->timer, (uint64_t)(c->wake_ms - now));
    }
}

static struct dl__connection *connection_new(struct dl_agency *agency)
{
    struct dl__connection *c = calloc(1, sizeof *c);
    DL_ASSERT(c != NULL, "memory for a connection");
    c->agency = agency;
    dl_buf_init(&c->early, EARLY_MAX);
    dl_buf_init(&c->out, OUT_MAX);
    c->timer = agency->world->ops->timer_new(agency->world, timer_fired, c);
    agency->world->ops->timer_set(c->timer, DL_TIME_HANDSHAKE_MS);
    return c;
}

/* Now we know who it is. */
static void authenticated(struct dl__connection *c, const char *id)
{
    struct dl_peer *peer = dl_agency_peer(c->agency, id);
    c->authenticated = true;
    c->authenticated_ms = dl__agency_monotonic(c->agency);
    if (peer == NULL || peer->removed != 0) { // without TLS nobody has asked yet
        dl__connection_close(c, peer == NULL ? DL_E_NOT_PAIRED : DL_E_REMOVED, "not paired here");
        return;
    }
    unlist(c);
    c->peer = peer;
    if (c->channel != NULL) {
        peer->certificate_until = dl_channel_peer_until(c->channel);
    }
    dl__peer_attach(peer, c);
}

static void on_open(void *context)
{
    struct dl__connection *c = context;
    if (c->closing) {
        return;
    }
    if (c->agency->world->vouches) {
        authenticated(c, c->peer->id);
        return;
    }
    struct dl_error error = {.err = DL_OK};
    dl_buf_reset(&c->agency->cipher);
    enum dl_err err = dl_channel_start(c->channel, &c->agency->cipher, &error);
    c->agency->world->ops->link_send(c->link, dl_buf_view(&c->agency->cipher));
    if (err != DL_OK) {
        dl__connection_close(c, err, error.message);
    }
}

static void feed(struct dl__connection *c, struct dl_view plain)
{
    if (plain.n == 0 || c->closing) {
        return;
    }
    if (c->session == NULL) {
        dl_buf_put_view(&c->early, plain);
        if (c->early.err != DL_OK) {
            dl__connection_close(c, DL_E_LIMIT, "too much was said before the session began");
        }
        return;
    }
    struct dl_session_event event = {.type = DL_ON_BYTES, .octets = plain};
    dl__connection_step(c, &event);
}

static void on_octets(void *context, struct dl_view octets)
{
    struct dl__connection *c = context;
    if (c->closing) {
        return;
    }
    if (c->channel == NULL) {
        feed(c, octets);
        return;
    }
    struct dl_error error = {.err = DL_OK};
    struct dl_buf plain = c->agency->plain; // taken: what follows may come back here
    dl_buf_init(&c->agency->plain, plain.max);
    dl_buf_reset(&plain);
    dl_buf_reset(&c->agency->cipher);
    enum dl_err err = dl_channel_recv(c->channel, octets, &plain, &c->agency->cipher, &error);
    if (c->agency->cipher.n > 0) {
        c->agency->world->ops->link_send(c->link, dl_buf_view(&c->agency->cipher));
    }
    if (!c->authenticated && dl_channel_peer(c->channel) != NULL) {
        authenticated(c, dl_channel_peer(c->channel));
    }
    feed(c, dl_buf_view(&plain));
    if (err != DL_OK && !c->closing) {
        dl__connection_close(c, err, error.err == DL_OK ? dl_err_text(err) : error.message);
    }
    dl_buf_fini(&c->agency->plain);
    c->agency->plain = plain;
}

static void on_drained(void *context)
{
    struct dl__connection *c = context;
    if (c->session != NULL && !c->closing) {
        dl__connection_go_on(c);
    }
}

static void on_closed(void *context, enum dl_err err, const char *why)
{
    struct dl__connection *c = context;
    struct dl_peer *peer = c->peer;
    if (!c->closing) {
        if (c->opened) {
            log_closed(c, err, why);
        }
        if (peer != NULL) {
            dl__peer_set_error(peer, err, why);
        }
    }
    c->closing = true;
    c->link = NULL;
    if (peer != NULL) {
        dl__peer_gone(peer, c);
    }
    dl__connection_free(c);
}

static const struct dl_link_events link_events = {
    .open = on_open, .octets = on_octets, .drained = on_drained, .closed = on_closed};

struct dl__connection *dl__connection_dial(struct dl_peer *peer, const char *address)
{
    struct dl_agency *agency = peer->agency;
    struct dl__connection *c = connection_new(agency);
    c->peer = peer;
    c->dialled = true;
    snprintf(c->remote, sizeof c->remote, "%s", address);
    if (!agency->world->vouches) {
        c->channel = dl_channel_dial(agency->tls, peer->id);
    }
    c->link = agency->world->ops->dial(agency->world, address, &link_events, c);
    return c;
}

void dl__connection_accept(void *context, struct dl_link *link, const char *remote)
{
    struct dl_agency *agency = context;
    if (agency->n_strangers >= DL_LIMIT_HANDSHAKES) {
        struct dl__connection *oldest = agency->strangers;
        while (oldest->next != NULL) {
            oldest = oldest->next;
        }
        unlist(oldest);
        dl__connection_close(oldest, DL_E_LIMIT,
                             "too many callers at once; the oldest silent one goes");
    }
    struct dl__connection *c = connection_new(agency);
    snprintf(c->remote, sizeof c->remote, "%s", remote);
    c->next = agency->strangers;
    agency->strangers = c;
    agency->n_strangers++;
    c->link = link;
    if (!agency->world->vouches) {
        c->channel = dl_channel_accept(agency->tls);
    }
    agency->world->ops->link_use(link, &link_events, c);
    if (agency->world->vouches) {
        authenticated(c, agency->world->link_agency(link));
    }
}

/* ---- the session begins ---- */

static struct dl_facts_ours facts_ours(struct dl_peer *peer)
{
    struct dl_log *log = dl_journal_log(peer->journal);
    return (struct dl_facts_ours){.generation = dl_log_generation(log),
                                  .state = dl_journal_state(peer->journal),
                                  .size = dl_log_size(log),
                                  .frontier = dl_log_frontier(log),
                                  .note = dl_log_note(log),
                                  .head = dl_journal_head(peer->journal),
                                  .receipt = dl__peer_receipt(peer)};
}

/* head.db's cosigned row holds the peer's note; the session wants it with our cosignature. A floor
 * that the peer reminded us of still has that cosignature, with its time, and is shown as it is.
 * Otherwise it is given again, as may be done at any time for a size that the row holds (design
 * section 4, "Heartbeat"): it names what was durable when the row was written. Where line.db is
 * behind the row, HELLO says beside it how much is held now, and no RECEIPT leaves until the row is
 * reached. */
static enum dl_err cosign_again(struct dl_peer *peer, struct dl_buf *out)
{
    struct dl_agency *agency = peer->agency;
    struct dl_head_names names = {.origin = dl_view_str(dl_replica_origin(peer->replica)),
                                  .receiver = dl_view_str(dl_agency_id(agency)),
                                  .journal_key = peer->offer.journal_key,
                                  .receipt_key = dl_signer_public(agency->receipt_signer)};
    struct dl_view note = dl_replica_cosigned(peer->replica);
    struct dl_head_keys *keys = NULL;
    struct dl_head head;
    if (note.n == 0) {
        return DL_OK;
    }
    DL_TRY(dl_head_keys_new(&names, &keys));
    enum dl_err err = dl_head_read(keys, note, true, &head);
    if (err != DL_OK) {
        err = dl_head_read(keys, note, false, &head);
        if (err == DL_OK) {
            dl_head_cosign(keys, agency->receipt_signer, dl_agency_now(agency) / 1000, &head);
        }
    }
    if (err == DL_OK) {
        dl_head_write(keys, &head, out);
        err = dl_buf_err(out);
    }
    dl_head_keys_free(&keys);
    return err;
}

static struct dl_facts_theirs facts_theirs(struct dl_peer *peer, struct dl_view cosigned)
{
    static const struct dl_frontier nothing = {.size = 0};
    struct dl_log *log = dl_replica_log(peer->replica);
    unsigned generation = dl_replica_generation(peer->replica);
    if (generation > dl_log_generation(log)) {
        return (struct dl_facts_theirs){
            .generation = generation, .frontier = &nothing, .cosigned = cosigned};
    }
    return (struct dl_facts_theirs){.generation = dl_log_generation(log),
                                    .size = dl_log_size(log),
                                    .frontier = dl_log_frontier(log),
                                    .note = dl_log_note(log),
                                    .cosigned = cosigned};
}

void dl__connection_begin(struct dl__connection *c)
{
    struct dl_peer *peer = c->peer;
    struct dl_agency *agency = c->agency;
    char ours[DL_LIMIT_ORIGIN + 1];
    char theirs[DL_LIMIT_ORIGIN + 1];
    struct dl_buf cosigned;
    dl_buf_init(&cosigned, (size_t)2 * DL_LIMIT_CHECKPOINT);
    enum dl_err err = cosign_again(peer, &cosigned);
    snprintf(ours, sizeof ours, "%s/%s/%s", agency->realm, dl_agency_id(agency), peer->id);
    snprintf(theirs, sizeof theirs, "%s/%s/%s", agency->realm, peer->id, dl_agency_id(agency));
    struct dl_session_config config = {.us = dl_view_str(dl_agency_id(agency)),
                                       .peer = dl_view_str(peer->id),
                                       .origin_ours = dl_view_str(ours),
                                       .origin_theirs = dl_view_str(theirs),
                                       .our_journal_key = dl_signer_public(agency->journal_signer),
                                       .our_receipt_key = dl_signer_public(agency->receipt_signer),
                                       .peer_journal_key = peer->offer.journal_key,
                                       .peer_receipt_key = peer->offer.receipt_key,
                                       .our_journal_verifier = peer->verifiers[0],
                                       .peer_journal_verifier = peer->verifiers[1],
                                       .receipt_signer = agency->receipt_signer,
                                       .ours = facts_ours(peer),
                                       .theirs = facts_theirs(peer, dl_buf_view(&cosigned)),
                                       .busy = agency->full};
    err = err == DL_OK ? dl_session_new(&config, &c->session) : err;
    dl_buf_fini(&cosigned);
    if (err != DL_OK) {
        dl__connection_close(c, err,
                             "what is stored of this line does not verify; see `journal check`");
        return;
    }
    struct dl_session_event open = {.type = DL_ON_OPEN};
    c->told = dl_log_size(dl_journal_log(peer->journal));
    dl__connection_step(c, &open);
    struct dl_buf early = c->early;
    dl_buf_init(&c->early, EARLY_MAX);
    feed(c, dl_buf_view(&early));
    dl_buf_fini(&early);
}
