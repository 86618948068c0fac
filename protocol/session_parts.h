/* The parts of a session (protocol/session_internal.h): plain structs, changed by the files named
 * there.
 */
#ifndef DL_PROTOCOL_SESSION_PARTS_H
#define DL_PROTOCOL_SESSION_PARTS_H

#include "base/machine.h"
#include "protocol/head.h"
#include "protocol/hello_decide.h"
#include "protocol/merkle.h"
#include "protocol/session.h"

enum {
    DL__SENT_MAX = 256,   /* batches sent and not yet receipted */
    DL__PENDING_MAX = 64, /* batches given to the caller and not yet stored */
    DL__ROOTS_MAX = 8,
    DL__OUT_MAX = 2 * 1024 * 1024,
    /* all that credit allows, with headers and checkpoints: so much may wait for one commit */
    DL__IN_MAX = DL_LIMIT_CREDIT_OCTETS + 1024 * 1024,
    DL__KEEP = 64 * 1024, /* memory that an idle session's buffers may keep */
    DL__TEST_TEXT_MAX = 400
};

/* NEW --OPEN--> HELLO --HELLO1 verified--> OPEN, and CLOSED from everywhere. */
enum dl__phase { DL__NEW, DL__HELLO, DL__OPEN, DL__CLOSED, DL__PHASES };

/* Our journal: WAITING --> SERVING (confirmed; or lost, and what is on disk is served)
 *              WAITING --> PULLING --> SERVING, or MUTE when what comes back contradicts
 *              WAITING --> MUTE (forked: nothing more leaves us) */
enum dl__author_state {
    DL__AUTHOR_WAITING,
    DL__AUTHOR_PULLING,
    DL__AUTHOR_SERVING,
    DL__AUTHOR_MUTE,
    DL__AUTHOR_STATES
};

/* Our replica: WAITING --HELLO2--> RECEIVING, and DOUBT from both: a proof is asked for, entries
 * are dropped, and the session ends with the answer. */
enum dl__receiver_state { DL__WAITING, DL__RECEIVING, DL__DOUBT, DL__RECEIVER_STATES };

struct dl__mark {
    uint64_t size;
    struct dl_hash root;
};

struct dl__author {
    struct dl_machine machine;
    enum dl_journal_state journal;
    unsigned generation;
    struct dl_head_keys *keys;
    uint64_t size; /* durable in line.db */
    struct dl_frontier frontier;
    struct dl_head newest;  /* the newest signed note, in head.db */
    struct dl_head receipt; /* the newest receipt; size 0: none */
    struct dl_hello_author in;
    struct dl_head note[DL_AUTHOR_NOTES];
    uint64_t held;            /* stored by the peer, as it said */
    unsigned held_generation; /* of what it holds */
    uint64_t next;            /* the next entry to send */
    struct dl__mark sent[DL__SENT_MAX];
    size_t n_sent;
    struct dl_msg_credit allowed, used;
    bool starved;            /* the caller had nothing that fits; until GREW or more credit */
    bool peer_busy;          /* it told BUSY */
    struct dl_msg_pull pull; /* what the peer asked for; to == 0: nothing */
    bool pull_starved;
    struct dl_update_want want; /* not yet answered */
    bool wanting, want_return;
    bool proving; /* PROOF is asked of the caller */
    struct dl_msg_range prove;
};

struct dl__pending {
    struct dl_head head;
    size_t entries, octets; /* to give back as credit */
};

struct dl__receiver {
    struct dl_machine machine;
    unsigned generation;
    struct dl_head_keys *keys;
    uint64_t size;               /* durable */
    uint64_t next;               /* the next entry to receive */
    struct dl_frontier frontier; /* of `next` */
    struct dl_head head;         /* the last checkpoint received: of the batch before `next` */
    struct dl_head stored;       /* the checkpoint of `size` */
    struct dl_head cosigned;     /* head.db's row: the floor */
    struct dl_hello_receiver in;
    struct dl_head note[DL_RECEIVER_NOTES];
    bool fresh; /* a generation of which nothing is stored yet: the disk still has the one before */
    bool behind; /* the peer speaks of an older generation */
    bool closed; /* its journal is */
    int off;     /* the note whose size the tree passed with another root, -1: none */
    bool busy;   /* we cannot store */
    bool busy_told;
    bool skipping;      /* after READY: drop what was sent before it arrived, until RESUME */
    unsigned unresumed; /* READYs without their RESUME */
    uint64_t announced;
    struct dl__pending pending[DL__PENDING_MAX];
    size_t n_pending;
    struct dl_msg_credit granted, received, settled;
    struct dl_head doubt[2]; /* the proof asked for is from [0] to [1] */
    enum dl_err doubt_code;  /* what it is when the proof verifies */
    int64_t doubt_until;
};

/* Our own entries coming back. */
struct dl__pull {
    uint64_t next, to; /* of a rewound journal */
    struct dl_frontier frontier;
    struct dl_head head;    /* of the last batch given to the caller */
    size_t entries, octets; /* in batches that are not yet durable */
    int off;                /* the note whose size the tree passed with another root, -1: none */
    bool repairing;
    enum dl_side repair_side;
    struct dl_msg_range repair;
    int64_t deadline;
};

/* Where an entry lies in `in`, from `base`. */
struct dl__slot {
    size_t leaf_at, leaf_n, salt_at, content_at, content_n;
};

struct dl__batch {
    enum dl_frame_type type; /* ENTRY, RETURN_ENTRY or REPAIR_ENTRY; NONE when none is open */
    size_t base;             /* offset in `in` of its first frame */
    uint64_t first;
    size_t n, octets;
    bool renewed;
    struct dl__slot slot[DL_LIMIT_BATCH_ENTRIES];
    struct dl_entry_octets entries[DL_LIMIT_BATCH_ENTRIES];
    struct dl_hash leaves[DL_LIMIT_BATCH_ENTRIES];
};

struct dl__clock {
    int64_t heard;                         /* when the last octets came */
    int64_t frame;                         /* when an incomplete frame began; 0: none */
    int64_t hello, ping, probe, heartbeat; /* deadlines; 0: not running */
};

struct dl__test {
    bool running;
    unsigned unanswered; /* TESTs sent less replies heard; a late reply is dropped */
    int64_t began;
    struct dl_buf text, reply;
    struct dl_signature signature;
};

#endif
