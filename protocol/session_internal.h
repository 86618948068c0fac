/* Inside the session. Included by protocol/session*.c only.
 *
 * One struct, in parts: the octets, the author's part (our journal toward the peer), the receiver's
 * part (our replica), the batch being assembled, and the deadlines. session.c reads frames and
 * hands them on; session_hello.c sets the parts up; session_push.c and session_answer.c are the
 * author's, session_receive.c and session_store.c the receiver's, session_pull.c brings our own
 * entries back, session_time.c watches the clock, session_test.c does link tests.
 */
#ifndef DL_PROTOCOL_SESSION_INTERNAL_H
#define DL_PROTOCOL_SESSION_INTERNAL_H

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
    DL__IN_MAX = 2 * 1024 * 1024,
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
    char text[DL__TEST_TEXT_MAX], reply[DL__TEST_TEXT_MAX];
    size_t n_text;
    struct dl_signature signature;
};

struct dl_session {
    struct dl_machine phase;
    char us[DL_LIMIT_AGENCY_ID + 1], peer[DL_LIMIT_AGENCY_ID + 1];
    char base_ours[DL_LIMIT_ORIGIN + 1], base_theirs[DL_LIMIT_ORIGIN + 1];
    const struct dl_signer *signer;
    struct dl_public_key peer_journal_key, our_receipt_key;
    struct dl_verifier *peer_receipt_verifier; /* of link tests */
    struct dl_buf in, out;
    size_t in_used;
    int64_t now, unix_ms;
    struct dl_session_update *update; /* of the running step */
    bool hello1_heard, hello2_heard, hello2_told;
    bool lost_copy; /* the peer lost its copy */
    bool asking;    /* ROOTS is asked of the caller */
    struct dl_session_root roots[DL__ROOTS_MAX];
    size_t n_roots;
    struct dl__author author;
    struct dl__receiver receiver;
    struct dl__pull pull;
    struct dl__batch *batch; /* made with the first entry */
    struct dl__clock clock;
    struct dl__test test;
    struct dl_buf scratch;                           /* a note on its way into a frame */
    struct dl_buf note[2], alarm[2], floor, receipt; /* what an update's notes lie in */
    enum dl_err close_code;
    bool close_by_peer;
    char close_text[DL_CLOSE_TEXT_MAX + 1];
};

void dl__phase_init(struct dl_session *s);
DL_MUST_USE enum dl_err dl__keys_of_theirs(const struct dl_session *s, unsigned generation,
                                           struct dl_head_keys **out);
/* End the session: CLOSE to the peer with a code and a sentence. */
void dl__session_close(struct dl_session *s, enum dl_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The line is to be frozen: both heads are the peer's and contradict each other. */
void dl__session_alarm(struct dl_session *s, enum dl_alarm_kind kind, const struct dl_head *a,
                       const struct dl_head *b);
struct dl_view dl__write_note(const struct dl_head_keys *keys, const struct dl_head *head,
                              struct dl_buf *out);
bool dl__is_open(const struct dl_session *s);

/* session_hello.c */
void dl__hello_start(struct dl_session *s);
void dl__hello1_heard(struct dl_session *s, struct dl_view body);
void dl__hello2_heard(struct dl_session *s, struct dl_view body);
void dl__roots_answered(struct dl_session *s, const struct dl_session_event *event);
void dl__confirmed(struct dl_session *s); /* serve from where the peer stands, and tell HELLO2 */
void dl__peer_changed(struct dl_session *s);
void dl__receipt_tell(struct dl_session *s); /* author.receipt goes into the update */

/* session_push.c */
void dl__grew(struct dl_session *s, const struct dl_session_event *event);
void dl__want(struct dl_session *s);
void dl__entries_answered(struct dl_session *s, const struct dl_session_event *event);
void dl__credit_heard(struct dl_session *s, struct dl_view body);
void dl__receipt_heard(struct dl_session *s, struct dl_view body);
void dl__busy_heard(struct dl_session *s);
void dl__ready_heard(struct dl_session *s, struct dl_view body);
void dl__heartbeat(struct dl_session *s);

void dl__send_entries(struct dl_session *s, enum dl_frame_type type,
                      const struct dl_session_event *event);

/* session_answer.c */
void dl__pull_heard(struct dl_session *s, struct dl_view body);
void dl__pull_answered(struct dl_session *s, const struct dl_session_event *event);
void dl__prove_heard(struct dl_session *s, struct dl_view body);
void dl__proof_answered(struct dl_session *s, const struct dl_session_event *event);

/* session_receive.c */
void dl__entry_heard(struct dl_session *s, const struct dl_frame *frame);
void dl__checkpoint_heard(struct dl_session *s, struct dl_view body);
void dl__proof_heard(struct dl_session *s, struct dl_view body);

/* session_batch.c */
/* Put an entry into the batch that is being assembled; opens it. Closes the session and gives false
 * when it does not fit or is not valid. */
DL_MUST_USE bool dl__batch_add(struct dl_session *s, enum dl_frame_type type,
                               const struct dl_msg_entry *msg);
/* Fill update->batch and end the batch; `head` may be NULL (repair). */
void dl__batch_deliver(struct dl_session *s, const struct dl_head *head);
/* Is the entry valid, of this line's marking, and its content the one that it commits to? Closes
 * the session and gives false when not. A kind that this version does not know is no fault. */
DL_MUST_USE bool dl__entry_valid(struct dl_session *s, const struct dl_msg_entry *msg);
bool dl__batch_is(const struct dl_session *s, enum dl_frame_type type);
void dl__batch_drop(struct dl_session *s);
/* Ask for the proof between two heads that the peer signed. A proof that fails or is refused
 * freezes the line; one that verifies closes the session with `code`. */
void dl__doubt(struct dl_session *s, enum dl_err code, const struct dl_head *from,
               const struct dl_head *to);

/* session_store.c */
void dl__stored(struct dl_session *s, uint64_t size);
void dl__full(struct dl_session *s, uint64_t size);
void dl__ready(struct dl_session *s, const struct dl_session_event *event);
void dl__settle(struct dl_session *s, size_t entries, size_t octets);
void dl__receipt_refresh(struct dl_session *s);
void dl__busy_tell(struct dl_session *s); /* BUSY or READY when the peer knows otherwise */
void dl__resume_heard(struct dl_session *s, struct dl_view body);

/* session_pull.c */
void dl__pull_start(struct dl_session *s, uint64_t to);
void dl__return_entry_heard(struct dl_session *s, enum dl_frame_type type,
                            const struct dl_msg_entry *msg);
void dl__return_checkpoint_heard(struct dl_session *s, struct dl_view body);
void dl__pull_end_heard(struct dl_session *s, struct dl_view body);
void dl__returned(struct dl_session *s, uint64_t size);
void dl__repair(struct dl_session *s, const struct dl_session_event *event);

/* session_time.c */
void dl__clock_start(struct dl_session *s);
void dl__clock_heard(struct dl_session *s);
void dl__clock_check(struct dl_session *s);
void dl__probe(struct dl_session *s);
int64_t dl__clock_next(const struct dl_session *s);

/* session_test.c */
void dl__test_start(struct dl_session *s, struct dl_view nonce);
void dl__test_heard(struct dl_session *s, struct dl_view body);
void dl__test_reply_heard(struct dl_session *s, struct dl_view body);
void dl__test_late(struct dl_session *s);

#endif
