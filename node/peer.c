#include "node/agency_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DIAL_FIRST_MS = 200,
    DIAL_LEAST_MS = 1000,
    DIAL_MOST_MS = 60 * 1000,
    TEST_FIRST_MS = 30 * 1000,
    REMEMBERED = 65536 /* signatures of one journal key: 4 MiB at most */
};

/* ---- loading ---- */

static char *copy_text(struct dl_view text)
{
    char *out = text.n == 0 ? strdup("") : strndup((const char *)text.p, text.n);
    DL_ASSERT(out != NULL, "memory for a text");
    return out;
}

static void take_addresses(struct dl_peer *peer, struct dl_view lines)
{
    peer->n_addresses = 0;
    while (lines.n > 0 && peer->n_addresses < DL_LIMIT_ADDRESSES) {
        const uint8_t *end = memchr(lines.p, '\n', lines.n);
        size_t n = end == NULL ? lines.n : (size_t)(end - lines.p);
        if (n > 0 && n <= DL_LIMIT_ADDRESS) {
            char *to = peer->addresses[peer->n_addresses++];
            memcpy(to, lines.p, n);
            to[n] = '\0';
        }
        lines = dl_view_of(lines.p + n, lines.n - n);
        lines = lines.n > 0 ? dl_view_of(lines.p + 1, lines.n - 1) : lines;
    }
}

/* Columns: agency, offer, addresses, added, removed, removed_reason, frozen, frozen_reason,
 * repaired. */
static enum dl_err take_peer(void *context, const struct dl_row *row)
{
    struct dl_peer *peer = context;
    dl_buf_reset(&peer->offer_octets);
    dl_buf_put_view(&peer->offer_octets, dl_row_blob(row, 1));
    take_addresses(peer, dl_row_text(row, 2));
    peer->added = dl_row_int(row, 3);
    peer->removed = dl_row_int(row, 4);
    peer->frozen = dl_row_int(row, 6);
    peer->repaired = dl_row_int(row, 8);
    free(peer->removed_reason);
    free(peer->frozen_reason);
    peer->removed_reason = copy_text(dl_row_text(row, 5));
    peer->frozen_reason = copy_text(dl_row_text(row, 7));
    return dl_offer_decode(dl_buf_view(&peer->offer_octets), &peer->offer, NULL);
}

/* Columns: by, suspended, reason, since. */
static enum dl_err take_state(void *context, const struct dl_row *row)
{
    struct dl_peer *peer = context;
    bool theirs = dl_view_is(dl_row_text(row, 0), peer->id);
    peer->said[theirs].suspended = dl_row_int(row, 1) != 0;
    free(peer->said[theirs].reason);
    peer->said[theirs].reason = copy_text(dl_row_text(row, 2));
    peer->said[theirs].since = dl_row_int(row, 3);
    return DL_OK;
}

enum dl_err dl__peer_reread(struct dl_peer *peer)
{
    struct dl_store *store = dl_line_db_store(peer->agency->db);
    DL_TRY(dl_store_run(store,
                        "SELECT agency, offer, addresses, added, removed, removed_reason, frozen,"
                        " frozen_reason, repaired FROM peer WHERE agency=?1",
                        DL_SQL(DL_SQL_STR(peer->id)), take_peer, peer));
    return dl_store_run(store, "SELECT by, suspended, reason, since FROM line_state WHERE peer=?1",
                        DL_SQL(DL_SQL_STR(peer->id)), take_state, peer);
}

static enum dl_err open_logs(struct dl_peer *peer, struct dl_error *error)
{
    struct dl_agency *agency = peer->agency;
    char origin[DL_LIMIT_ORIGIN + 1];
    struct dl_public_key keys[2] = {dl_signer_public(agency->journal_signer),
                                    peer->offer.journal_key};
    for (size_t i = 0; i < 2; i++) {
        peer->verifiers[i] = dl_verifier_new(&keys[i]);
        if (peer->verifiers[i] == NULL) {
            return dl_error_set(error, DL_E_KEY, NULL, "the journal key of %s cannot be used",
                                i == 0 ? dl_agency_id(agency) : peer->id);
        }
        dl_verifier_remember(peer->verifiers[i], REMEMBERED);
    }
    snprintf(origin, sizeof origin, "%s/%s/%s", agency->realm, dl_agency_id(agency), peer->id);
    struct dl_journal_config journal = {.db = agency->db,
                                        .head = agency->head,
                                        .peer = peer->id,
                                        .origin = origin,
                                        .signer = agency->journal_signer};
    DL_TRY(dl_journal_open(&journal, &peer->journal, error));
    char theirs[DL_LIMIT_ORIGIN + 1];
    snprintf(theirs, sizeof theirs, "%s/%s/%s", agency->realm, peer->id, dl_agency_id(agency));
    struct dl_replica_config replica = {
        .db = agency->db, .head = agency->head, .peer = peer->id, .origin = theirs};
    return dl_replica_open(&replica, &peer->replica, error);
}

enum dl_err dl__peer_load(struct dl_agency *agency, const char *id, struct dl_error *error)
{
    struct dl_peer *peer = calloc(1, sizeof *peer);
    DL_ASSERT(peer != NULL, "memory for a peer");
    peer->agency = agency;
    snprintf(peer->id, sizeof peer->id, "%s", id);
    dl_buf_init(&peer->offer_octets, DL_LIMIT_OFFER);
    enum dl_err err = dl__peer_reread(peer);
    if (err != DL_OK) {
        dl_error_set(error, err, NULL, "the pairing with %s cannot be read", id);
    } else {
        err = open_logs(peer, error);
    }
    if (err != DL_OK) {
        dl__peer_free(peer);
        return err;
    }
    struct dl_peer **at = &agency->peers;
    while (*at != NULL && strcmp((*at)->id, id) < 0) {
        at = &(*at)->next;
    }
    peer->next = *at;
    *at = peer;
    return DL_OK;
}

struct ids {
    char ids[DL_LIMIT_PEERS][DL_LIMIT_AGENCY_ID + 1];
    size_t n;
};

static enum dl_err take_id(void *context, const struct dl_row *row)
{
    struct ids *ids = context;
    struct dl_view id = dl_row_text(row, 0);
    if (ids->n == DL_LIMIT_PEERS || id.n > DL_LIMIT_AGENCY_ID) {
        return DL_E_STORE_CORRUPT;
    }
    snprintf(ids->ids[ids->n++], sizeof ids->ids[0], "%.*s", DL_VIEW_ARG(id));
    return DL_OK;
}

enum dl_err dl__peer_load_all(struct dl_agency *agency, struct dl_error *error)
{
    struct ids ids = {.n = 0};
    enum dl_err err =
        dl_store_run(dl_line_db_store(agency->db), "SELECT agency FROM peer ORDER BY agency", NULL,
                     0, take_id, &ids);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "line.db cannot be read");
    }
    for (size_t i = 0; i < ids.n; i++) {
        DL_TRY(dl__peer_load(agency, ids.ids[i], error));
    }
    return DL_OK;
}

/* Whoever waits for the peer's word is told that it does not come. */
static void disappoint(struct dl_peer *peer)
{
    if (peer->repairing) {
        struct dl_update_batch nothing = {.n = 0};
        dl__peer_repaired(peer, &nothing);
    }
    if (peer->test_fn != NULL) {
        struct dl_test_result result = {.ok = false, .address = peer->address};
        dl_test_fn fn = peer->test_fn;
        peer->test_fn = NULL;
        fn(peer->test_context, &result);
    }
}

void dl__peer_free(struct dl_peer *peer)
{
    disappoint(peer);
    const struct dl_world_ops *ops = peer->agency->world->ops;
    struct dl__connection *connections[] = {peer->current, peer->challenger, peer->dialling};
    peer->current = NULL;
    peer->challenger = NULL;
    peer->dialling = NULL;
    for (size_t i = 0; i < 3; i++) {
        bool twice = (i > 0 && connections[i] == connections[0]) ||
                     (i > 1 && connections[i] == connections[1]);
        if (connections[i] != NULL && !twice) {
            dl__connection_free(connections[i]);
        }
    }
    ops->timer_free(peer->dial_timer);
    ops->timer_free(peer->test_timer);
    dl_verifier_free(&peer->verifiers[0]);
    dl_verifier_free(&peer->verifiers[1]);
    dl_journal_close(&peer->journal);
    dl_replica_close(&peer->replica);
    dl_buf_fini(&peer->offer_octets);
    free(peer->removed_reason);
    free(peer->frozen_reason);
    free(peer->said[0].reason);
    free(peer->said[1].reason);
    free(peer);
}

/* ---- what may be done ---- */

bool dl__peer_may_talk(const struct dl_peer *peer)
{
    return peer->removed == 0 && peer->frozen == 0;
}

bool dl__peer_may_grow(const struct dl_peer *peer)
{
    return dl__peer_may_talk(peer) && !peer->said[0].suspended && !peer->said[1].suspended;
}

/* ---- dialling ---- */

static void dial(void *context)
{
    struct dl_peer *peer = context;
    if (!peer->agency->running || !dl__peer_may_talk(peer) || peer->dialling != NULL ||
        (peer->current != NULL && peer->current->opened) || peer->n_addresses == 0) {
        return;
    }
    const char *address = peer->addresses[peer->next_address++ % peer->n_addresses];
    snprintf(peer->address, sizeof peer->address, "%s", address);
    peer->dialling = dl__connection_dial(peer, address);
}

void dl__peer_dial_later(struct dl_peer *peer)
{
    const struct dl_world_ops *ops = peer->agency->world->ops;
    uint64_t wait = peer->failures == 0 ? DIAL_FIRST_MS : DIAL_LEAST_MS;
    for (unsigned i = 1; i < peer->failures && wait < DIAL_MOST_MS; i++) {
        wait *= 2;
    }
    wait = wait > DIAL_MOST_MS ? DIAL_MOST_MS : wait;
    uint16_t jitter = 0;
    ops->random(peer->agency->world, &jitter, sizeof jitter);
    wait =
        wait / 2 + wait * jitter / UINT16_MAX / 2; // so that two sides do not meet again and again
    if (peer->agency->running && dl__peer_may_talk(peer)) {
        ops->timer_set(peer->dial_timer, wait);
    }
}

static void scheduled_test(void *context)
{
    struct dl_peer *peer = context;
    int64_t interval = peer->agency->config.config.test_interval_s;
    if (dl__peer_may_talk(peer) && dl_peer_test(peer, NULL, NULL) != DL_OK) {
        struct dl_store *store = dl_line_db_store(peer->agency->db);
        enum dl_err err = dl_agency_write(peer->agency);
        err =
            err == DL_OK
                ? dl_store_run(store,
                               "INSERT INTO link_test(peer, time, incoming, address, ok, ms)"
                               " VALUES(?1, ?2, 0, ?3, 0, NULL)",
                               DL_SQL(DL_SQL_STR(peer->id), DL_SQL_INT(dl_agency_now(peer->agency)),
                                      DL_SQL_STR(peer->address)),
                               NULL, NULL)
                : err;
        if (err != DL_OK && err != DL_E_STORE_FULL) {
            dl__agency_fatal(peer->agency, err, "a link test could not be recorded");
            return;
        }
    }
    peer->agency->world->ops->timer_set(peer->test_timer, (uint64_t)interval * 1000);
}

void dl__peer_start(struct dl_peer *peer)
{
    struct dl_world *world = peer->agency->world;
    peer->dial_timer = world->ops->timer_new(world, dial, peer);
    peer->test_timer = world->ops->timer_new(world, scheduled_test, peer);
    if (peer->agency->config.config.test_interval_s > 0) {
        world->ops->timer_set(peer->test_timer, TEST_FIRST_MS);
    }
    dl__peer_dial_later(peer);
}

void dl__peer_set_error(struct dl_peer *peer, enum dl_err err, const char *message)
{
    bool same =
        peer->error == err && strncmp(peer->error_message, message, DL_ERROR_MESSAGE_MAX - 1) == 0;
    if (same) {
        return;
    }
    peer->error = err;
    peer->error_since = err == DL_OK ? 0 : dl_agency_now(peer->agency);
    snprintf(peer->error_message, sizeof peer->error_message, "%s", message);
}

/* ---- whose connection counts ---- */

/* The session dialled by the smaller agency id wins while neither is established. */
static bool dialled_by_smaller(const struct dl_peer *peer, const struct dl__connection *connection)
{
    bool we_are_smaller = strcmp(dl_agency_id(peer->agency), peer->id) < 0;
    return connection->dialled == we_are_smaller;
}

static void become_current(struct dl_peer *peer, struct dl__connection *connection)
{
    peer->current = connection;
    snprintf(peer->address, sizeof peer->address, "%s", connection->remote);
    peer->agency->world->ops->wake(
        peer->agency->world); // the session begins when the turn has ended
}

void dl__peer_attach(struct dl_peer *peer, struct dl__connection *connection)
{
    struct dl__connection *current = peer->current;
    peer->dialling = peer->dialling == connection ? NULL : peer->dialling;
    if (!dl__peer_may_talk(peer)) {
        dl__connection_close(connection, peer->removed != 0 ? DL_E_REMOVED : DL_E_FROZEN,
                             "the line is closed here");
    } else if (current == NULL) {
        become_current(peer, connection);
    } else if (current->dialled == connection->dialled) {
        dl__connection_close(current, DL_E_CONNECT,
                             "replaced by a newer connection of the same side");
        become_current(peer, connection);
    } else if (!current->opened && dialled_by_smaller(peer, connection)) {
        dl__connection_close(current, DL_E_CONNECT, "the other of two connections was kept");
        become_current(peer, connection);
    } else if (!current->opened || peer->challenger != NULL) {
        dl__connection_close(connection, DL_E_CONNECT, "the other of two connections was kept");
    } else {
        struct dl_session_event event = {.type = DL_ON_PROBE};
        peer->challenger = connection;
        dl__connection_step(current, &event);
    }
}

/* Was it a good session? One that broke, or that lasted, is dialled again at once. One that opened
 * and ended soon with a complaint (an entry that cannot be taken, a broken protocol) would do the
 * same again and again: then the wait grows as if it had never opened. */
static bool was_good(const struct dl_peer *peer, const struct dl__connection *connection)
{
    int64_t lasted = dl__agency_monotonic(peer->agency) - connection->opened_ms;
    return connection->opened &&
           (dl_err_class(peer->error) == DL_CLASS_IO || lasted > DIAL_MOST_MS);
}

void dl__peer_gone(struct dl_peer *peer, struct dl__connection *connection)
{
    peer->dialling = peer->dialling == connection ? NULL : peer->dialling;
    peer->challenger = peer->challenger == connection ? NULL : peer->challenger;
    if (peer->current != connection) {
        if (peer->current == NULL && connection->dialled) {
            peer->failures++;
            dl__peer_dial_later(peer);
        }
        return;
    }
    peer->current = NULL;
    peer->failures = was_good(peer, connection) ? 0 : peer->failures + 1;
    memset(&peer->told, 0, sizeof peer->told);
    disappoint(peer);
    if (peer->challenger != NULL) {
        struct dl__connection *next = peer->challenger;
        peer->challenger = NULL;
        become_current(peer, next);
        return;
    }
    dl__peer_dial_later(peer);
}

/* ---- tests and repairs ---- */

void dl__peer_repaired(struct dl_peer *peer, const struct dl_update_batch *batch)
{
    peer->repairing = false;
    if (peer->repair_fn != NULL) {
        peer->repair_fn(peer->repair_context, batch);
    }
}

enum dl_err dl_peer_test(struct dl_peer *peer, dl_test_fn fn, void *context)
{
    struct dl_session_event event = {.type = DL_ON_TEST};
    uint8_t nonce[16];
    if (peer->current == NULL || !peer->current->opened) {
        return DL_E_PEER_DOWN;
    }
    if (peer->test_fn != NULL) {
        return DL_E_STATE;
    }
    peer->test_fn = fn;
    peer->test_context = context;
    peer->agency->world->ops->random(peer->agency->world, nonce, sizeof nonce);
    event.octets = dl_view_of(nonce, sizeof nonce);
    dl__connection_step(peer->current, &event);
    peer->agency->world->ops->wake(peer->agency->world);
    return DL_OK;
}

void dl_peer_forget_test(struct dl_peer *peer, const void *context)
{
    if (peer->test_context == context) {
        peer->test_fn = NULL;
    }
}

enum dl_err dl_peer_repair(struct dl_peer *peer, enum dl_side side, uint64_t from, uint64_t to,
                           dl_repair_fn fn, void *context)
{
    struct dl_session_event event = {.type = DL_ON_REPAIR, .side = side, .from = from, .to = to};
    if (peer->current == NULL || !peer->current->opened) {
        return DL_E_PEER_DOWN;
    }
    if (peer->repairing) {
        return DL_E_STATE; // one at a time: the session asserts it
    }
    peer->repair_fn = fn;
    peer->repair_context = context;
    peer->repairing = true;
    dl__connection_step(peer->current, &event);
    peer->agency->world->ops->wake(peer->agency->world);
    return DL_OK;
}

void dl_peer_forget_repair(struct dl_peer *peer, const void *context)
{
    if (peer->repair_context == context) {
        peer->repair_fn = NULL;
    }
}
