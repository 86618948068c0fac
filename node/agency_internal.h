/* What node/agency*.c, node/peer*.c and node/connection.c share. */
#ifndef DL_NODE_AGENCY_INTERNAL_H
#define DL_NODE_AGENCY_INTERNAL_H

#include "base/event.h"
#include "certs/channel.h"
#include "node/agency.h"
#include "protocol/head.h"
#include "protocol/session.h"

struct dl__connection;
struct dl__reading;
struct dl__triage;

/* A call to make after the commit. */
struct dl__after {
    struct dl__after *next;
    dl_after_fn fn;
    void *context;
};

struct dl_agency {
    struct dl_world *world;
    struct dl_agency_config config;
    char realm[96];
    struct dl_signer *journal_signer, *receipt_signer;
    struct dl_buf ca, certificate;
    struct dl_tls *tls;
    struct dl_line_db *db;
    struct dl_headdb *head;
    struct dl_registry *registry;
    char *registry_path;
    struct dl_law_asking *law; /* node/law.h */
    int64_t owed_staged;       /* node/announcing.c: the last notice that this turn staged */
    bool running, in_turn, full, changed, failed;
    bool heads_owed;             /* line.db has a turn that head.db, on a full disk, has not */
    enum dl_err broken;          /* why this turn must be undone at its end */
    struct dl_timer *probe;      /* while the disk is full */
    struct dl__reading *reading; /* node/scrubbing.c */
    struct dl__triage *triage;   /* node/triage.c */
    struct dl_peer *peers;
    struct dl__connection *strangers; /* not attributed to a peer yet, newest first */
    size_t n_strangers;
    struct dl_listener *listeners[DL_LIMIT_ADDRESSES];
    size_t n_listeners;
    struct dl__after *after, **after_end;
    struct dl_watcher *watchers;
    struct dl_buf plain, cipher; /* scratch of the connections */
    struct dl_batch batch;       /* scratch of WANT */
    struct dl_trusted trusted;   /* what the trust callback gave last */
};

struct dl_peer {
    struct dl_agency *agency;
    struct dl_peer *next;
    char id[DL_LIMIT_AGENCY_ID + 1];
    struct dl_offer offer;
    struct dl_buf offer_octets;
    char addresses[DL_LIMIT_ADDRESSES][DL_LIMIT_ADDRESS + 1];
    size_t n_addresses;
    int64_t added, removed, frozen, repaired;
    char *removed_reason, *frozen_reason;
    struct {
        bool suspended;
        int64_t since;
        char *reason;
    } said[2]; /* the newest line-state: ours, theirs */
    struct dl_journal *journal;
    struct dl_replica *replica;
    struct dl_verifier *verifiers[2]; /* of the journal keys, ours and theirs: one memory for all
                                         sessions and for rereading */

    struct dl__connection *current;    /* the one connection that counts */
    struct dl__connection *challenger; /* waits for current to answer a probe */
    struct dl__connection *dialling;
    struct dl_timer *dial_timer, *test_timer;
    unsigned failures;
    size_t next_address;
    bool was_up;
    char address[DL_LIMIT_ADDRESS + 1];
    int64_t certificate_until;
    enum dl_err error;
    char error_message[DL_ERROR_MESSAGE_MAX];
    int64_t error_since;
    struct dl_update_peer told;
    unsigned held_generation;

    dl_test_fn test_fn;
    void *test_context;
    dl_repair_fn repair_fn;
    void *repair_context;
    bool repairing;
};

struct dl__connection {
    struct dl_agency *agency;
    struct dl_peer *peer;        /* whom we dialled, or who it turned out to be */
    struct dl__connection *next; /* of the strangers */
    struct dl_link *link;
    struct dl_channel *channel; /* NULL where the world vouches */
    struct dl_session *session;
    struct dl_timer *timer;
    char remote[DL_LIMIT_ADDRESS + 1];
    bool dialled, authenticated, opened, closing, more, wanting, stored;
    int64_t wake_ms, armed_ms, opened_ms;
    int64_t authenticated_ms; /* monotonic */
    bool stepping;            /* a step's update is being done: a close waits for its end */
    enum dl_err must_close;   /* why, when it waits */
    char close_why[160];
    uint64_t told; /* the size of our journal that the session knows of */
    struct dl_update_want want;
    struct dl_buf early; /* octets that came before the session could begin */
    struct dl_buf out;   /* plain octets of this turn */
};

int64_t dl__agency_monotonic(const struct dl_agency *agency);
void dl__agency_log(struct dl_agency *agency, struct dl_event *event);
void dl__agency_fatal(struct dl_agency *agency, enum dl_err err, const char *message);

/* agency_turn.c */
void dl__agency_turn_end(void *context);
enum dl_err dl__agency_commit(struct dl_agency *agency);
/* A write failed: the turn is undone at its end; until then nothing more is written. */
void dl__agency_break(struct dl_agency *agency, enum dl_err err);

/* peer.c */
enum dl_err dl__peer_load_all(struct dl_agency *agency, struct dl_error *error);
/* Reads again what a rolled back turn may have changed in memory. */
enum dl_err dl__peer_reread(struct dl_peer *peer);
enum dl_err dl__peer_load(struct dl_agency *agency, const char *id, struct dl_error *error);
void dl__peer_free(struct dl_peer *peer);
/* The answer to a repair came; n = 0: nothing. */
void dl__peer_repaired(struct dl_peer *peer, const struct dl_update_batch *batch);
void dl__peer_start(struct dl_peer *peer);
bool dl__peer_may_grow(const struct dl_peer *peer);
bool dl__peer_may_talk(const struct dl_peer *peer); /* neither removed nor frozen */
void dl__peer_set_error(struct dl_peer *peer, enum dl_err err, const char *message);
void dl__peer_dial_later(struct dl_peer *peer);
void dl__peer_gone(struct dl_peer *peer, struct dl__connection *connection);
/* A connection turned out to be this peer's. */
void dl__peer_attach(struct dl_peer *peer, struct dl__connection *connection);
enum dl_err dl__peer_freeze(struct dl_peer *peer, const struct dl_update_alarm *alarm);
enum dl_err dl__peer_note_state(struct dl_peer *peer, bool theirs, bool suspended,
                                const char *reason);

/* peer_keys.c */
struct dl__signed {
    bool ours;     /* of our journal, not of the peer's */
    bool cosigned; /* the receiver's signature is on it too */
    const char *origin;
    struct dl_view note;
};
/* The names and keys with which the note verifies: those of the present pairing, or of an earlier
 * one; the present ones when none does. `out` borrows the origin. */
enum dl_err dl__peer_names_of(const struct dl_peer *peer, const struct dl__signed *what,
                              struct dl_head_names *out);
/* Our newest receipt as the peer may see it: empty when it was given with a key that is lost. */
struct dl_view dl__peer_receipt(const struct dl_peer *peer);

/* connection.c */
void dl__connection_accept(void *context, struct dl_link *link, const char *remote);
struct dl__connection *dl__connection_dial(struct dl_peer *peer, const char *address);
/* Say why (the session's close frame, or a log line only) and close. */
void dl__connection_close(struct dl__connection *connection, enum dl_err err, const char *why);
void dl__connection_begin(struct dl__connection *connection); /* make the session */
void dl__connection_flush(
    struct dl__connection *connection); /* encrypt and send what the turn said */
void dl__connection_free(struct dl__connection *connection);

/* connection_session.c: one event, and everything that follows from it */
void dl__connection_step(struct dl__connection *connection, struct dl_session_event *event);
void dl__connection_go_on(struct dl__connection *connection); /* MORE and WANT that had to wait */

#endif
