#include "node/agency_internal.h"

#include "base/encoding.h"
#include "certs/identity.h"
#include "node/announcing.h"
#include "node/law.h"
#include "node/scrubbing.h"
#include "node/triage.h"
#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCRATCH_MAX = 64 * 1024 * 1024 };

int64_t dl_agency_now(const struct dl_agency *agency)
{
    return agency->world->ops->now_ms(agency->world);
}

int64_t dl__agency_monotonic(const struct dl_agency *agency)
{
    return (int64_t)agency->world->ops->monotonic_ms(agency->world);
}

struct dl_world *dl_agency_world(const struct dl_agency *agency)
{
    return agency->world;
}

const struct dl_config *dl_agency_configuration(const struct dl_agency *agency)
{
    return &agency->config.config;
}

const char *dl_agency_id(const struct dl_agency *agency)
{
    return agency->config.config.agency;
}

struct dl_line_db *dl_agency_line_db(struct dl_agency *agency)
{
    return agency->db;
}

enum dl_marking dl_agency_marking(const struct dl_agency *agency)
{
    return agency->config.marking;
}

bool dl_agency_is_running(const struct dl_agency *agency)
{
    return agency->running;
}

void dl__agency_log(struct dl_agency *agency, struct dl_event *event)
{
    agency->world->ops->log(agency->world, dl_event_end(event));
    dl_event_fini(event);
}

void dl__agency_fatal(struct dl_agency *agency, enum dl_err err, const char *message)
{
    struct dl_event event;
    agency->failed = true;
    dl_event_begin(&event, dl_agency_now(agency), "store.failed");
    dl_event_error(&event, err, message);
    dl__agency_log(agency, &event);
    agency->config.fatal(agency->config.context, err, message);
}

static const struct dl_trusted *trust(void *context, const char *id)
{
    struct dl_agency *agency = context;
    const struct dl_peer *peer = dl_agency_peer(agency, id);
    if (peer == NULL) {
        return NULL;
    }
    agency->trusted = (struct dl_trusted){.agency = peer->id,
                                          .ca = dl_view_of(peer->offer.ca, peer->offer.ca_n),
                                          .pin = peer->offer.tls_pin,
                                          .removed = peer->removed != 0};
    return &agency->trusted;
}

static int64_t tls_now(void *context)
{
    return dl_agency_now(context);
}

static enum dl_err open_tls(struct dl_agency *agency, struct dl_error *error)
{
    if (agency->world->vouches) {
        return DL_OK;
    }
    struct dl_tls_config config = {.certificate = dl_buf_view(&agency->certificate),
                                   .key = &agency->config.tls_key,
                                   .trust = trust,
                                   .now_ms = tls_now,
                                   .context = agency};
    enum dl_err err = dl_tls_new(&config, &agency->tls);
    return err == DL_OK
               ? DL_OK
               : dl_error_set(error, err, NULL, "the TLS key and certificate do not fit together");
}

static enum dl_err open_stores(struct dl_agency *agency, struct dl_error *error)
{
    const struct dl_agency_config *config = &agency->config;
    DL_TRY(dl_line_db_open(config->line_path, agency->world->disk, &agency->db, error));
    DL_TRY(dl_headdb_open(config->head_path, agency->world->disk, &agency->head, error));
    return dl__peer_load_all(agency, error);
}

enum dl_err dl_agency_open(const struct dl_agency_config *config, struct dl_agency **out,
                           struct dl_error *error)
{
    struct dl_agency *agency = calloc(1, sizeof *agency);
    DL_ASSERT(agency != NULL, "memory for an agency");
    agency->world = config->world;
    agency->config = *config;
    agency->after_end = &agency->after;
    snprintf(agency->realm, sizeof agency->realm, "%s", config->realm);
    if (config->registry_path != NULL) {
        agency->registry_path = strdup(config->registry_path);
    }
    dl_buf_init(&agency->ca, 8192);
    dl_buf_init(&agency->certificate, 8192);
    dl_buf_init(&agency->plain, SCRATCH_MAX);
    dl_buf_init(&agency->cipher, SCRATCH_MAX);
    dl_batch_init(&agency->batch);
    dl_buf_put_view(&agency->ca, config->ca);
    dl_buf_put_view(&agency->certificate, config->certificate);
    agency->journal_signer = dl_signer_new(&config->journal_key);
    agency->receipt_signer = dl_signer_new(&config->receipt_key);
    enum dl_err err = open_tls(agency, error);
    if (err == DL_OK) {
        err = open_stores(agency, error);
    }
    if (err != DL_OK) {
        dl_agency_close(&agency);
        return err;
    }
    agency->world->turn_end = dl__agency_turn_end;
    agency->world->turn_context = agency;
    *out = agency;
    return DL_OK;
}

/* A node that cannot say what it owes runs all the same: the line comes first. */
static void tell_owed(struct dl_agency *agency)
{
    struct dl_error error = {0};
    if (dl_announcing_tell(agency, NULL, NULL, &error) != DL_OK) {
        struct dl_event event;
        dl_event_begin(&event, dl_agency_now(agency), "notice.owed");
        dl_event_error(&event, error.err, error.message);
        dl__agency_log(agency, &event);
    }
}

enum dl_err dl_agency_start(struct dl_agency *agency, struct dl_error *error)
{
    const struct dl_config *config = &agency->config.config;
    for (size_t i = 0; i < config->n_listen; i++) {
        DL_TRY(agency->world->ops->listen(agency->world, config->listen[i], dl__connection_accept,
                                          agency, &agency->listeners[i], error));
        agency->n_listeners++;
    }
    agency->running = true;
    dl__agency_read_weekly(agency);
    dl__agency_start_triage(agency);
    for (struct dl_peer *peer = agency->peers; peer != NULL; peer = peer->next) {
        dl__peer_start(peer);
    }
    tell_owed(agency);
    return DL_OK;
}

void dl_agency_close(struct dl_agency **out)
{
    struct dl_agency *agency = *out;
    if (agency == NULL) {
        return;
    }
    if (agency->db != NULL && !agency->failed && dl__agency_commit(agency) != DL_OK) {
        agency->failed = true; // nothing more is written; what was durable stays
    }
    agency->running = false;
    dl__agency_stop_reading(agency);
    dl__agency_stop_triage(agency);
    for (size_t i = 0; i < agency->n_listeners; i++) {
        agency->world->ops->listener_free(agency->listeners[i]);
    }
    while (agency->strangers != NULL) {
        dl__connection_free(agency->strangers);
    }
    while (agency->peers != NULL) {
        struct dl_peer *peer = agency->peers;
        agency->peers = peer->next;
        dl__peer_free(peer);
    }
    while (agency->after != NULL) {
        struct dl__after *after = agency->after;
        agency->after = after->next;
        free(after);
    }
    agency->world->ops->timer_free(agency->probe);
    dl_law_asking_free(&agency->law);
    dl_registry_close(&agency->registry);
    dl_headdb_close(&agency->head);
    dl_line_db_close(&agency->db);
    dl_tls_free(&agency->tls);
    dl_signer_free(&agency->journal_signer);
    dl_signer_free(&agency->receipt_signer);
    dl_wipe(&agency->config.tls_key, sizeof agency->config.tls_key);
    dl_wipe(&agency->config.journal_key, sizeof agency->config.journal_key);
    dl_wipe(&agency->config.receipt_key, sizeof agency->config.receipt_key);
    dl_buf_fini(&agency->ca);
    dl_buf_fini(&agency->certificate);
    dl_buf_fini(&agency->plain);
    dl_buf_fini(&agency->cipher);
    dl_batch_fini(&agency->batch);
    free(agency->registry_path);
    agency->world->turn_end = NULL;
    free(agency);
    *out = NULL;
}

enum dl_err dl_agency_registry(struct dl_agency *agency, struct dl_registry **out,
                               struct dl_error *error)
{
    if (agency->registry == NULL) {
        if (agency->registry_path == NULL) {
            return dl_error_set(error, DL_E_REGISTRY_MISSING, NULL, "this agency has no registry");
        }
        struct dl_registry_config config = {
            .path = agency->registry_path,
            .disk = agency->config.registry_read_only ? NULL : agency->world->disk,
            .read_only = agency->config.registry_read_only};
        DL_TRY(dl_registry_open(&config, &agency->registry, error));
    }
    *out = agency->registry;
    return DL_OK;
}

void dl_agency_offer(const struct dl_agency *agency, struct dl_buf *out)
{
    const struct dl_config *config = &agency->config.config;
    struct dl_offer offer = {.journal_key = dl_signer_public(agency->journal_signer),
                             .receipt_key = dl_signer_public(agency->receipt_signer),
                             .tls_pin = dl_key_pin(&agency->config.tls_key),
                             .ca_n = agency->ca.n};
    bool own = config->n_advertise > 0;
    offer.n_addresses = own ? config->n_advertise : config->n_listen;
    for (size_t i = 0; i < offer.n_addresses; i++) {
        memcpy(offer.addresses[i], own ? config->advertise[i] : config->listen[i],
               sizeof offer.addresses[i]);
    }
    DL_ASSERT(agency->ca.n <= sizeof offer.ca, "our own certificate is small");
    memcpy(offer.agency, config->agency, sizeof offer.agency);
    memcpy(offer.jurisdiction, config->jurisdiction, sizeof offer.jurisdiction);
    memcpy(offer.name, config->name, sizeof offer.name);
    if (agency->ca.n > 0) {
        memcpy(offer.ca, agency->ca.p, agency->ca.n);
    } else {
        offer.ca[offer.ca_n++] = 0; // a world that vouches needs no authority
    }
    dl_offer_encode(&offer, out);
}

int64_t dl_agency_certificate_until(const struct dl_agency *agency)
{
    struct dl_certificate_facts facts;
    bool known = agency->certificate.n > 0 &&
                 dl_certificate_facts(dl_buf_view(&agency->certificate), &facts) == DL_OK;
    return known ? facts.until_ms : 0;
}

enum dl_err dl_agency_renew_certificate(struct dl_agency *agency, struct dl_view der)
{
    DL_ASSERT(agency->tls != NULL, "only a world with TLS has certificates");
    DL_TRY(dl_tls_renew(agency->tls, der));
    dl_buf_reset(&agency->certificate);
    dl_buf_put_view(&agency->certificate, der);
    return dl_buf_err(&agency->certificate);
}

size_t dl_agency_n_listeners(const struct dl_agency *agency)
{
    return agency->n_listeners;
}

struct dl_listener *dl_agency_listener(const struct dl_agency *agency, size_t i)
{
    return agency->listeners[i];
}

struct dl_peer *dl_agency_first_peer(const struct dl_agency *agency)
{
    return agency->peers;
}

struct dl_peer *dl_agency_peer(const struct dl_agency *agency, const char *id)
{
    struct dl_peer *peer = agency->peers;
    while (peer != NULL && strcmp(peer->id, id) != 0) {
        peer = peer->next;
    }
    return peer;
}

void dl_agency_watch(struct dl_agency *agency, struct dl_watcher *watcher)
{
    watcher->next = agency->watchers;
    agency->watchers = watcher;
}

void dl_agency_unwatch(struct dl_agency *agency, struct dl_watcher *watcher)
{
    struct dl_watcher **at = &agency->watchers;
    while (*at != NULL && *at != watcher) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = watcher->next;
    }
}

/* ---- submitting ---- */

static enum dl_err make_entry(struct dl_agency *agency, const struct dl_order *order,
                              const char *id, struct dl_buf *octets, struct dl_entry_octets *entry,
                              struct dl_error *error)
{
    struct dl_entry_draft draft = {.kind = order->kind,
                                   .marking = agency->config.marking,
                                   .id = dl_view_str(id),
                                   .time_ms = dl_agency_now(agency),
                                   .refs = order->refs,
                                   .n_refs = order->n_refs,
                                   .content = order->content};
    struct dl_buf leaf;
    agency->world->ops->random(agency->world, draft.salt, sizeof draft.salt);
    dl_buf_init(&leaf, DL_LIMIT_LEAF);
    enum dl_err err = dl_entry_make(&draft, &leaf, octets, error);
    size_t content = octets->n;
    if (err == DL_OK) {
        dl_buf_put(octets, draft.salt, sizeof draft.salt);
        dl_buf_put_view(octets, dl_buf_view(&leaf));
        err = dl_buf_err(octets);
    }
    if (err == DL_OK) {
        const uint8_t *p = octets->p;
        entry->content = dl_view_of(p, content);
        entry->salt = dl_view_of(p + content, sizeof draft.salt);
        entry->leaf = dl_view_of(p + content + sizeof draft.salt, leaf.n);
    }
    dl_buf_fini(&leaf);
    return err;
}

static enum dl_err describe(enum dl_err err, const struct dl_peer *peer, const char *id,
                            struct dl_error *error)
{
    if (err == DL_E_ID_REUSED) {
        dl_error_set(error, err, "id", "the id %s was used before with other content", id);
        return dl_error_hint(error, "use another id; an alert is corrected by `alert update`");
    }
    if (err == DL_E_JOURNAL_CLOSED) {
        dl_error_set(error, err, NULL, "the journal to %s is %s; nothing was stored", peer->id,
                     dl_journal_state_name(dl_journal_state(peer->journal)));
        return dl_error_hint(
            error, "open its next generation: directline line renew %s --reason TEXT", peer->id);
    }
    return dl_error_set(error, err, NULL, "%s; nothing was stored", dl_err_text(err));
}

static enum dl_err refuse_state(const struct dl_peer *peer, struct dl_error *error)
{
    if (peer->removed != 0) {
        return dl_error_set(error, DL_E_REMOVED, NULL, "the peer %s is removed", peer->id);
    }
    if (peer->frozen != 0) {
        dl_error_set(error, DL_E_FROZEN, NULL, "the line to %s is frozen: %s", peer->id,
                     peer->frozen_reason);
        return dl_error_hint(
            error, "`line evidence %s OUT` writes the proof; `doctor` says what to do", peer->id);
    }
    return DL_OK;
}

static enum dl_err stage(struct dl_peer *peer, const struct dl_submission *submission,
                         struct dl_place *place)
{
    enum dl_err err = dl_journal_submit(peer->journal, submission, place);
    if (err == DL_E_STATE) { // the run is full: write it, then this begins the next one
        DL_TRY(
            dl_journal_turn(peer->journal, dl__peer_may_grow(peer), dl_agency_now(peer->agency)));
        err = dl_journal_submit(peer->journal, submission, place);
    }
    return err;
}

enum dl_err dl_agency_submit(struct dl_agency *agency, struct dl_peer *peer,
                             const struct dl_order *order, struct dl_submitted *out,
                             struct dl_error *error)
{
    struct dl_entry_octets entry;
    struct dl_buf octets;
    char id[DL_LIMIT_ENTRY_ID + 1];
    DL_TRY(refuse_state(peer, error));
    if (order->id == NULL) {
        uint8_t random[10];
        agency->world->ops->random(agency->world, random, sizeof random);
        dl_entry_id_make(dl_agency_now(agency), random, id);
    } else if (strlen(order->id) > DL_LIMIT_ENTRY_ID) {
        return dl_error_set(error, DL_E_FIELD_LENGTH, "id", "an id has at most 64 characters");
    } else {
        snprintf(id, sizeof id, "%s", order->id);
    }
    dl_buf_init(&octets, DL_LIMIT_CONTENT + DL_LIMIT_LEAF + DL_LIMIT_SALT);
    enum dl_err err = make_entry(agency, order, id, &octets, &entry, error);
    if (err == DL_OK) {
        struct dl_submission submission = {.entry = entry,
                                           .id = dl_view_str(id),
                                           .kind = order->kind,
                                           .ahead =
                                               (dl_kind_flags(order->kind) & DL_KIND_AHEAD) != 0};
        err = dl_agency_write(agency);
        err = err == DL_OK ? stage(peer, &submission, &out->place) : err;
        if (dl_err_class(err) == DL_CLASS_STORE) {
            dl__agency_break(agency, err);
        }
        err = err == DL_OK ? DL_OK : describe(err, peer, id, error);
    }
    if (err == DL_OK) {
        out->peer = peer;
        memcpy(out->id, id, sizeof out->id);
        agency->world->ops->wake(agency->world);
    }
    dl_buf_fini(&octets);
    return err;
}
