/* The running agency: its keys, its stores, its lines. Runs in any world; verbs act on it.
 *
 * Every write of a turn goes into one transaction of line.db, opened by the first write and
 * committed at the turn's end, together with head.db's rows; what depends on the commit (answers,
 * sends, receipts) is told afterwards, in the order in which it was asked for (I1, I2).
 */
#ifndef DL_NODE_AGENCY_H
#define DL_NODE_AGENCY_H

#include "certs/offer.h"
#include "node/config.h"
#include "node/world.h"
#include "protocol/update.h"
#include "registry/journal.h"
#include "registry/replica.h"

struct dl_agency;
struct dl_peer;
struct dl_registry;

/* Where an agency lives and who it is. Everything is copied; keys are wiped when the agency is
 * closed. */
struct dl_agency_config {
    struct dl_world *world;
    struct dl_config config;
    const char *line_path, *head_path, *registry_path; /* registry_path may be NULL */
    bool registry_read_only;
    /* "directline" or "directline-exercise/<id>": what origins begin with (I8). */
    const char *realm;
    enum dl_marking marking; /* of what is submitted */
    struct dl_secret_key journal_key, receipt_key, tls_key;
    struct dl_view ca, certificate; /* DER; empty where the world vouches */
    /* The store cannot be trusted any more: the node must end at once (I10). */
    void (*fatal)(void *context, enum dl_err err, const char *message);
    void *context;
};

DL_MUST_USE enum dl_err dl_agency_open(const struct dl_agency_config *config,
                                       struct dl_agency **out, struct dl_error *error);
/* Listen, dial, test: until then the agency is open for its owner only. */
DL_MUST_USE enum dl_err dl_agency_start(struct dl_agency *agency, struct dl_error *error);
/* Commits what the turn wrote and closes. Links are closed without waiting. */
void dl_agency_close(struct dl_agency **agency);

int64_t dl_agency_now(const struct dl_agency *agency);
struct dl_world *dl_agency_world(const struct dl_agency *agency);
const struct dl_config *dl_agency_configuration(const struct dl_agency *agency);
const char *dl_agency_id(const struct dl_agency *agency);
struct dl_line_db *dl_agency_line_db(struct dl_agency *agency);
enum dl_marking dl_agency_marking(const struct dl_agency *agency);
bool dl_agency_is_running(const struct dl_agency *agency);
/* The agency's own registry. */
DL_MUST_USE enum dl_err dl_agency_registry(struct dl_agency *agency, struct dl_registry **out,
                                           struct dl_error *error);
/* Our offer: its exact octets. */
void dl_agency_offer(const struct dl_agency *agency, struct dl_buf *out);
/* The day our certificate ends, ms; 0 where there is none. */
int64_t dl_agency_certificate_until(const struct dl_agency *agency);
/* A renewed certificate (DER) on the same key, for the connections made from now on. DL_E_KEY when
 * it has another key; nothing has changed then. Not where the world vouches. */
DL_MUST_USE enum dl_err dl_agency_renew_certificate(struct dl_agency *agency, struct dl_view der);
/* Addresses listened on; the world's own words. */
size_t dl_agency_n_listeners(const struct dl_agency *agency);
struct dl_listener *dl_agency_listener(const struct dl_agency *agency, size_t i);

/* ---- turns ---- */

typedef void (*dl_after_fn)(void *context, enum dl_err err);
/* Call fn when what was written so far in this turn is durable, or with the error that undid it. */
void dl_agency_after(struct dl_agency *agency, dl_after_fn fn, void *context);
/* Forget every such call for this context (the call ended early). */
void dl_agency_forget(struct dl_agency *agency, const void *context);
/* Open the turn's transaction. STORE_FULL while the disk is full. */
DL_MUST_USE enum dl_err dl_agency_write(struct dl_agency *agency);
/* End the turn now: for an agency that does not run in a loop. */
DL_MUST_USE enum dl_err dl_agency_turn(struct dl_agency *agency);

/* Called after every commit that brought new entries or receipts or line states. */
struct dl_watcher {
    struct dl_watcher *next;
    void (*fn)(void *context);
    void *context;
};
void dl_agency_watch(struct dl_agency *agency, struct dl_watcher *watcher);
void dl_agency_unwatch(struct dl_agency *agency, struct dl_watcher *watcher);

/* ---- submitting ---- */

struct dl_order {
    enum dl_kind kind;
    const char *id; /* NULL: made here */
    const struct dl_view *refs;
    size_t n_refs;
    const json_t *content;
};
struct dl_submitted {
    struct dl_peer *peer;
    char id[DL_LIMIT_ENTRY_ID + 1];
    struct dl_place place; /* true at this moment: ask again after the commit */
};
/* Stage an entry for a peer. With id NULL, `out->id` is made here; give it back for the next peer
 * of one alert. */
DL_MUST_USE enum dl_err dl_agency_submit(struct dl_agency *agency, struct dl_peer *peer,
                                         const struct dl_order *order, struct dl_submitted *out,
                                         struct dl_error *error);

/* ---- peers ---- */

struct dl_peer *dl_agency_first_peer(const struct dl_agency *agency);
struct dl_peer *dl_peer_next(const struct dl_peer *peer);
/* NULL when there is none of this id. */
struct dl_peer *dl_agency_peer(const struct dl_agency *agency, const char *id);

struct dl_peer_view {
    const char *agency;
    const struct dl_offer *offer;
    struct dl_view offer_octets;
    const char *state; /* active, suspended, frozen, removed */
    const char *by;    /* who suspended, froze or removed: an agency id, or NULL */
    const char *reason;
    int64_t since; /* of the state, ms; 0 none */
    int64_t added, repaired;
    const char *link;    /* up, down, never */
    const char *address; /* of the connection, or last tried; NULL */
    const char *addresses[DL_LIMIT_ADDRESSES];
    size_t n_addresses;
    int64_t certificate_until; /* of the peer's, ms; 0 unknown */
    enum dl_err error;         /* why the link is down; DL_OK */
    const char *error_message;
    int64_t error_since;
    bool lost_copy, busy, closed; /* what the peer told */
    uint64_t told_size;           /* the newest size of its own journal that it told */
    bool suspended_by_us, suspended_by_them;
};
void dl_peer_look(const struct dl_peer *peer, struct dl_peer_view *out);
struct dl_journal *dl_peer_journal(const struct dl_peer *peer);
struct dl_replica *dl_peer_replica(const struct dl_peer *peer);

/* Pair, or pair again after a loss of keys. With another journal key the copy of the peer's journal
 * goes on in its next generation; with another receipt key our earlier receipts stay what they are
 * and are not shown to the peer any more. */
DL_MUST_USE enum dl_err dl_agency_add_peer(struct dl_agency *agency, struct dl_view offer,
                                           const char *const *addresses, size_t n_addresses,
                                           struct dl_error *error);
/* Which keys an offer changes: "journal", "receipt", "tls", "ca". */
enum { DL_OFFER_KEYS = 4 };
size_t dl_offer_changes(const struct dl_offer *before, const struct dl_offer *now,
                        const char *names[DL_OFFER_KEYS]);
DL_MUST_USE enum dl_err dl_peer_remove(struct dl_peer *peer, const char *reason);
/* Suspend (true) or lift our own suspension. Staged: durable with the turn. */
DL_MUST_USE enum dl_err dl_peer_suspend(struct dl_peer *peer, bool suspend, const char *reason,
                                        struct dl_error *error);
DL_MUST_USE enum dl_err dl_peer_renew(struct dl_peer *peer, const char *reason,
                                      struct dl_error *error);
DL_MUST_USE enum dl_err dl_peer_release(struct dl_peer *peer, const char *reason,
                                        struct dl_error *error);

/* Start a link test now. `fn` is called with its result; IO when the link is down. */
struct dl_test_result {
    bool ok;
    int64_t ms;
    const char *address;
};
typedef void (*dl_test_fn)(void *context, const struct dl_test_result *result);
DL_MUST_USE enum dl_err dl_peer_test(struct dl_peer *peer, dl_test_fn fn, void *context);
void dl_peer_forget_test(struct dl_peer *peer, const void *context);
/* Ask the peer for entries [from, to) of one side again, to mend them. `fn` is called
 * once, with what the peer gave; n = 0 when it has no good copy or went away. */
typedef void (*dl_repair_fn)(void *context, const struct dl_update_batch *batch);
DL_MUST_USE enum dl_err dl_peer_repair(struct dl_peer *peer, enum dl_side side, uint64_t from,
                                       uint64_t to, dl_repair_fn fn, void *context);
void dl_peer_forget_repair(struct dl_peer *peer, const void *context);

#endif
