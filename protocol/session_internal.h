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

#include "protocol/session_parts.h"

struct dl_session {
    struct dl_machine phase;
    char us[DL_LIMIT_AGENCY_ID + 1], peer[DL_LIMIT_AGENCY_ID + 1];
    char base_ours[DL_LIMIT_ORIGIN + 1], base_theirs[DL_LIMIT_ORIGIN + 1];
    const struct dl_signer *signer;
    struct dl_public_key peer_journal_key, our_receipt_key;
    const struct dl_verifier
        *peer_journal_verifier;                /* NULL: each generation's keys have their own */
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
    struct dl_error close;                           /* how it ended: code and message */
    bool close_by_peer;
};

void dl__phase_init(struct dl_session *s);
DL_MUST_USE enum dl_err dl__keys_of_theirs(const struct dl_session *s, unsigned generation,
                                           struct dl_head_keys **out);
/* End the session: CLOSE to the peer with a code and a sentence (as printf). The first end counts.
 */
#define dl__session_close(s, code, ...)                                                            \
    do {                                                                                           \
        if ((s)->phase.state != DL__CLOSED) {                                                      \
            dl_error_set(&(s)->close, (code), NULL, __VA_ARGS__);                                  \
            dl__session_end(s);                                                                    \
        }                                                                                          \
    } while (0)
void dl__session_end(struct dl_session *s);
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
