/* What a step of the session says; who does what in which order: protocol/session.h.
 */
#ifndef DL_PROTOCOL_UPDATE_H
#define DL_PROTOCOL_UPDATE_H

#include "protocol/facts.h"
#include "protocol/message.h"

enum dl_update_flag {
    DL_UPDATE_STORE = 1 << 0,   /* store `batch` of theirs; then STORED or FULL */
    DL_UPDATE_RETURN = 1 << 1,  /* store `batch` of ours (rewound); then RETURNED */
    DL_UPDATE_REPAIR = 1 << 2,  /* `batch` answers REPAIR, see there; n = 0: nothing came */
    DL_UPDATE_FLOOR = 1 << 3,   /* head.db's cosigned row := `floor`, at once */
    DL_UPDATE_RECEIPT = 1 << 4, /* keep `receipt` */
    DL_UPDATE_JOURNAL = 1 << 5, /* our journal's state is now `journal` */
    DL_UPDATE_PEER = 1 << 6,    /* something to show of the peer: `peer` */
    DL_UPDATE_ALARM = 1 << 7,   /* freeze the line; keep `alarm`. CLOSED follows at once */
    DL_UPDATE_TESTED = 1 << 8,  /* a link test ended */
    DL_UPDATE_ROOTS = 1 << 9,   /* answer `roots` */
    DL_UPDATE_PROOF = 1 << 10,  /* answer with the consistency proof of ours from `from` to `to` */
    DL_UPDATE_WANT = 1 << 11,   /* answer `want` with ENTRIES, when the channel's queue has room */
    DL_UPDATE_OPENED = 1 << 12, /* both HELLO1 are verified: the link is up */
    DL_UPDATE_MORE = 1 << 13,   /* step NEXT when all the rest is done */
    DL_UPDATE_COMMIT = 1 << 14, /* much was given to store: commit and step STORED before more */
    DL_UPDATE_CLOSED = 1 << 15
};

/* Entries to store, verified: every leaf is valid and of this line's marking, its content fits its
 * commitment, and frontier + entries give the root that `note` signs. With REPAIR there is no note,
 * and no tree was asked: compare each leaf hash with the tree on disk before use. */
struct dl_update_batch {
    enum dl_side side;
    unsigned generation;
    uint64_t first;
    size_t n;
    const struct dl_entry_octets *entries;
    const struct dl_hash *leaves; /* leaf hashes, n of them */
    struct dl_view note;          /* re-encoded, author's signature only; its size is first + n */
    struct dl_hash root;
    const struct dl_frontier *frontier; /* after the batch */
    bool cosign;  /* set head.db's cosigned row to `note` (false while below the floor) */
    bool renewed; /* entries[0] opens a new generation of the peer's journal */
};

struct dl_update_receipt {
    struct dl_view note; /* our checkpoint with our signature and the peer's cosignature */
    uint64_t size;
    int64_t time; /* seconds, as cosigned */
    bool clock;   /* more than 300 s from our clock: show it; it counts all the same */
};

struct dl_update_journal {
    enum dl_journal_state state;
    uint64_t size;            /* REWOUND: up to where entries are pulled back */
    unsigned held_generation; /* the peer's; `line renew` opens a greater one */
    struct dl_view note[2];   /* LOST: [0] our last signed head. FORKED: the contradicting notes */
};

struct dl_update_peer {
    bool lost_copy; /* it holds less than it once receipted; it is served again */
    bool busy;      /* it cannot store at the moment */
    bool closed;    /* its journal is lost or forked: it must renew */
    uint64_t held;  /* how much of ours it has stored */
    uint64_t receipted;
    uint64_t theirs;     /* the newest size of its own journal that it told */
    unsigned generation; /* of its journal */
};

enum dl_alarm_kind { DL_ALARM_TWO_ROOTS = 1, DL_ALARM_PROOF_FAILED, DL_ALARM_PROOF_REFUSED };

struct dl_update_alarm {
    enum dl_alarm_kind kind;
    struct dl_view note[2]; /* both under the peer's journal key */
    struct dl_view proof;   /* PROOF_FAILED: the body of the PROOF frame */
};

/* A link test, signed by both with their receipt keys. */
struct dl_update_test {
    bool incoming;                    /* the peer began it */
    bool ok;                          /* false: outgoing, and no answer within 10 s */
    int64_t ms;                       /* outgoing: from the question to the answer */
    struct dl_view text;              /* what was signed by the one who began */
    struct dl_view reply;             /* what was signed by the one who answered */
    struct dl_signature signature[2]; /* of text, of reply */
};

struct dl_update_want {
    enum dl_side side; /* OURS: entries to push or to repair; THEIRS: to give back */
    bool single;       /* repair: entries [from, to) alone, as many as fit; no note */
    uint64_t from;
    uint64_t to; /* never beyond; the batch ends at a signed checkpoint up to it */
    size_t n_max;
    size_t octets_max; /* leaf + salt + content, all entries together */
};

struct dl_session_update {
    unsigned flags;
    struct dl_view send;
    int64_t wake_ms; /* step TIME then (monotonic), whatever happens before */
    struct dl_update_batch batch;
    struct dl_view floor;
    unsigned floor_generation;
    struct dl_update_receipt receipt;
    struct dl_update_journal journal;
    struct dl_update_peer peer;
    struct dl_update_alarm alarm;
    struct dl_update_test test;
    struct dl_session_root *roots; /* fill in and give back */
    size_t n_roots;
    uint64_t from, to;
    struct dl_update_want want;
    enum dl_err code; /* CLOSED */
    bool by_peer;     /* CLOSED: the peer said so */
    struct dl_view text;
};

#endif
