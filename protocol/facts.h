/* Facts: what a session is made from. One session is one authenticated connection of one line; it
 * is made new from what is on disk and dies with its connection, so nothing is ever carried over in
 * memory.
 *
 * Everything here is copied by dl_session_new; views need to live only during that call. An empty
 * view stands for "none".
 */
#ifndef DL_PROTOCOL_FACTS_H
#define DL_PROTOCOL_FACTS_H

#include "base/crypto.h"
#include "base/limits.h"
#include "base/octets.h"

struct dl_frontier; /* protocol/merkle.h */

/* `DL_SIDE_OURS` is our journal, `DL_SIDE_THEIRS` our replica of the peer's. */
enum dl_side { DL_SIDE_OURS, DL_SIDE_THEIRS };

/* The root of one side's tree at an earlier size: asked for by the session, filled in by the
 * caller.
 */
struct dl_session_root {
    enum dl_side side;
    uint64_t size; /* at most the size of that side on disk */
    struct dl_hash root;
};

/* States of one journal of ours (design section 4). UNCONFIRMED after every start of the process;
 * LOST and FORKED are kept on disk until `line renew`. */
enum dl_journal_state {
    DL_JOURNAL_UNCONFIRMED,
    DL_JOURNAL_CONFIRMED,
    DL_JOURNAL_REWOUND,
    DL_JOURNAL_LOST,
    DL_JOURNAL_FORKED
};
const char *dl_journal_state_name(enum dl_journal_state state); /* "confirmed", ... */

/* Our journal toward the peer. `note` is the checkpoint in line.db at `size`, under our journal key
 * (empty at size 0); `frontier` is of that size. `head` is head.db's last signed note: at the same
 * size, or ahead of line.db when line.db came back from the past. (The caller first advances a
 * head.db that is behind.) */
struct dl_facts_ours {
    unsigned generation; /* from 1 */
    enum dl_journal_state state;
    uint64_t size;
    const struct dl_frontier *frontier;
    struct dl_view note;
    struct dl_view head;
    struct dl_view receipt; /* the newest receipt: our note with the peer's cosignature */
};

/* Our replica of the peer's journal. `cosigned` is head.db's cosigned row: the newest note of the
 * peer that we ever cosigned; it may be ahead of `size` when line.db came back from the past. */
struct dl_facts_theirs {
    unsigned generation; /* from 1 */
    uint64_t size;       /* 0 of a later one than the first: the disk has one before it at most */
    const struct dl_frontier *frontier;
    struct dl_view note; /* the newest stored; empty at size 0 */
    struct dl_view cosigned;
};

struct dl_session_config {
    struct dl_view us;   /* agency ids */
    struct dl_view peer; /* known from the channel: this connection is authenticated */
    /* Origins without the generation: "directline/cn/us"; generation 2 is "directline/cn/us/2".
     * They say which markings may come (I8; dl_marking_fits). */
    struct dl_view origin_ours;
    struct dl_view origin_theirs;
    struct dl_public_key our_journal_key;
    struct dl_public_key our_receipt_key;
    struct dl_public_key peer_journal_key;
    /* of the two journal keys; outlive the session. NULL: it makes its own */
    const struct dl_verifier *our_journal_verifier, *peer_journal_verifier;
    struct dl_public_key peer_receipt_key;
    const struct dl_signer *receipt_signer; /* borrowed for the session's life */
    struct dl_facts_ours ours;
    struct dl_facts_theirs theirs;
    bool busy; /* we cannot store at the moment (disk full) */
};

/* "directline/cn/us" and 2 give "directline/cn/us/2"; generation 1 adds nothing. The out string is
 * NUL-terminated. DL_E_ORIGIN when it would exceed DL_LIMIT_ORIGIN. */
DL_MUST_USE enum dl_err dl_origin_of(struct dl_view base, unsigned generation,
                                     char out[DL_LIMIT_ORIGIN + 1]);
/* The generation of `origin` under `base`, 0 when it is no origin of that journal. */
unsigned dl_origin_generation(struct dl_view base, struct dl_view origin);

#endif
