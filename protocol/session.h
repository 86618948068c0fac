/* The session: one step function, an event in, an update out. It never calls out, reads no clock
 * and draws no random numbers; memory stays within base/limits.h. PROTOCOL.md sections 3 to 7.
 *
 *     dl_session_new(&config, &s);
 *     step OPEN, then for ever: step what happened; do what the update says; until CLOSED.
 *
 * The caller does, in this order: STORE and RETURN (its own transaction; many may go into one
 * commit), FLOOR, RECEIPT, JOURNAL, PEER, ALARM, TESTED; then writes `send` to the channel; then
 * answers ROOTS, PROOF, WANT with their events; then, if MORE is set, steps NEXT before anything
 * else but those answers. At CLOSED it writes `send`, closes the channel and frees the session.
 * Everything in an update is borrowed until the next step.
 *
 * I1: GREW carries only sizes that are durable in line.db and head.db. I2: only STORED (or a note
 * that the facts say was cosigned before) can produce a receipt.
 */
#ifndef DL_PROTOCOL_SESSION_H
#define DL_PROTOCOL_SESSION_H

#include "protocol/update.h"

struct dl_session;

/* Verifies what comes from our own disk on the way. DL_E_STORE_CORRUPT: a note of the facts does
 * not verify, or contradicts its frontier; DL_E_KEY: a key cannot be used; DL_E_ORIGIN. */
DL_MUST_USE enum dl_err dl_session_new(const struct dl_session_config *config,
                                       struct dl_session **out);
void dl_session_free(struct dl_session **session);

enum dl_session_event_type {
    DL_ON_OPEN,     /* once, first; after every STORE of earlier sessions has ended */
    DL_ON_BYTES,    /* `octets` came from the channel, any number */
    DL_ON_NEXT,     /* go on after an update with MORE */
    DL_ON_GREW,     /* our confirmed journal: `note` (of `size`) is newly in head.db */
    DL_ON_ENTRIES,  /* answers WANT with `entries`; n = 0: nothing fits or exists */
    DL_ON_STORED,   /* theirs is durable up to `size`: line.db, then head.db where asked */
    DL_ON_RETURNED, /* ours is durable up to `size`: line.db, then head.db where it is behind */
    DL_ON_FULL,     /* STOREs were rolled back: theirs ends at `size`; the peer is told "busy". (A
                     * RETURN that cannot be stored: CLOSE, and try again later) */
    DL_ON_READY,    /* storing works again; `size` as for FULL, `frontier` is of that size */
    DL_ON_ROOTS,    /* answers ROOTS: the same list, filled in */
    DL_ON_PROOF,    /* answers PROOF: `proof`, or NULL: we cannot */
    DL_ON_TIME,     /* the deadline of an earlier update passed */
    DL_ON_PROBE,    /* another connection wants this one's place: ping, close after 2 s */
    DL_ON_TEST,     /* start a link test; `octets` is a 16-octet nonce, random */
    DL_ON_REPAIR,   /* ask for entries [from, to) of `side` again, at most a batch */
    DL_ON_CLOSE     /* close with `code`; `octets` is a text for the peer or empty */
};

/* Set what the comment of the type names, with zeros elsewhere. `now_ms` and `unix_ms` always. */
struct dl_session_event {
    enum dl_session_event_type type;
    int64_t now_ms;  /* monotonic: deadlines */
    int64_t unix_ms; /* the wall clock: what stands in a cosignature */
    uint64_t size;
    struct dl_view octets;
    struct dl_view note; /* GREW; ENTRIES: the checkpoint that ends them, of size from + n */
    const struct dl_frontier *frontier;
    const struct dl_entry_octets *entries; /* n of them, from index `from`, ended by `note` */
    const struct dl_session_root *roots;
    const struct dl_proof *proof;
    size_t n; /* of entries or roots */
    enum dl_side side;
    uint64_t from, to;
    enum dl_err code;
};

/* One step. Never fails: what goes wrong with the peer is CLOSED with a code. After CLOSED every
 * step gives CLOSED again. */
void dl_session_step(struct dl_session *session, const struct dl_session_event *event,
                     struct dl_session_update *update);

#endif
