/* Messages: the body of each frame as a struct, its encoder and its decoder. PROTOCOL.md section 3.
 *
 * Encoders append one whole frame, header included. Decoders take a body; views in what they give
 * borrow from it; DL_E_FRAME when the body is too short, too long, has octets left over, or a field
 * has a value that it cannot have; outputs are then untouched. Nothing is verified here beyond the
 * form: signatures and sizes are the session's.
 */
#ifndef DL_PROTOCOL_MESSAGE_H
#define DL_PROTOCOL_MESSAGE_H

#include "base/crypto.h"
#include "protocol/frame.h"
#include "protocol/merkle.h"

/* An entry as it travels and lies on disk: the leaf, and the content under its salt. */
struct dl_entry_octets {
    struct dl_view leaf;
    struct dl_view salt; /* 32 octets */
    struct dl_view content;
};
/* What credits and the limits of a batch count. */
size_t dl_entry_octets_size(const struct dl_entry_octets *entry);

/* ENTRY, RETURN_ENTRY, REPAIR_ENTRY. */
struct dl_msg_entry {
    uint64_t index;
    struct dl_entry_octets entry;
};
void dl_msg_entry_encode(struct dl_buf *out, enum dl_frame_type type,
                         const struct dl_msg_entry *msg);
DL_MUST_USE enum dl_err dl_msg_entry_decode(struct dl_view body, struct dl_msg_entry *out);

/* CHECKPOINT, RETURN_CHECKPOINT, RECEIPT: the body is a signed note, nothing else. */
void dl_msg_note_encode(struct dl_buf *out, enum dl_frame_type type, struct dl_view note);

/* What one side holds of the other's journal, and its own newest receipt. Empty views are null. */
struct dl_msg_hello1 {
    uint32_t features; /* bits; those of both sides count. None is defined yet */
    struct dl_view from, to;
    struct dl_view held_origin;
    uint64_t held_size;
    struct dl_view held_note;     /* the newest stored; empty exactly when held_size is 0 */
    struct dl_view held_cosigned; /* the newest ever cosigned, with that cosignature */
    struct dl_view own_origin;
    struct dl_view receipt;
    bool busy;
};
void dl_msg_hello1_encode(struct dl_buf *out, const struct dl_msg_hello1 *msg);
DL_MUST_USE enum dl_err dl_msg_hello1_decode(struct dl_view body, struct dl_msg_hello1 *out);

/* The author's newest checkpoint, once its journal is confirmed; or that its journal is closed. */
struct dl_msg_hello2 {
    bool closed;
    struct dl_view note; /* empty at size 0, or when closed without a good checkpoint */
};
void dl_msg_hello2_encode(struct dl_buf *out, const struct dl_msg_hello2 *msg);
DL_MUST_USE enum dl_err dl_msg_hello2_decode(struct dl_view body, struct dl_msg_hello2 *out);

/* CREDIT: what the receiver allows since the session began, in all (never less than before). */
struct dl_msg_credit {
    uint64_t entries, octets;
};
void dl_msg_credit_encode(struct dl_buf *out, const struct dl_msg_credit *msg);
DL_MUST_USE enum dl_err dl_msg_credit_decode(struct dl_view body, struct dl_msg_credit *out);

/* PING, PONG (any number, echoed), READY (the size from which to go on), RESUME (the same, from the
 * author: what follows was sent after READY arrived). */
void dl_msg_number_encode(struct dl_buf *out, enum dl_frame_type type, uint64_t number);
DL_MUST_USE enum dl_err dl_msg_number_decode(struct dl_view body, uint64_t *out);
void dl_msg_busy_encode(struct dl_buf *out);

/* PULL: give entries [from, to) of the asker's (`yours` false) or the answerer's journal. With
 * `repair` as single entries, otherwise as batches. */
struct dl_msg_pull {
    bool yours; /* of the answerer's own journal */
    bool repair;
    uint64_t from, to;
};
void dl_msg_pull_encode(struct dl_buf *out, const struct dl_msg_pull *msg);
DL_MUST_USE enum dl_err dl_msg_pull_decode(struct dl_view body, struct dl_msg_pull *out);

/* PULL_END: what was given of a repair, or from == to: no more can be given. PROVE: the sizes to
 * prove between. */
struct dl_msg_range {
    uint64_t from, to;
};
void dl_msg_range_encode(struct dl_buf *out, enum dl_frame_type type,
                         const struct dl_msg_range *msg);
DL_MUST_USE enum dl_err dl_msg_range_decode(struct dl_view body, struct dl_msg_range *out);

struct dl_msg_proof {
    uint64_t from, to;
    bool refused;
    struct dl_proof proof;
};
void dl_msg_proof_encode(struct dl_buf *out, const struct dl_msg_proof *msg);
DL_MUST_USE enum dl_err dl_msg_proof_decode(struct dl_view body, struct dl_msg_proof *out);

/* TEST, TEST_REPLY: the text that was signed, and the signature. */
struct dl_msg_test {
    struct dl_view text;
    struct dl_signature signature;
};
void dl_msg_test_encode(struct dl_buf *out, enum dl_frame_type type, const struct dl_msg_test *msg);
DL_MUST_USE enum dl_err dl_msg_test_decode(struct dl_view body, struct dl_msg_test *out);

/* CLOSE: a code ("E_FRAME") and a text for a person. */
enum { DL_CLOSE_CODE_MAX = 40, DL_CLOSE_TEXT_MAX = DL_ERROR_MESSAGE_MAX };
struct dl_msg_close {
    struct dl_view code, text;
};
void dl_msg_close_encode(struct dl_buf *out, const struct dl_msg_close *msg);
DL_MUST_USE enum dl_err dl_msg_close_decode(struct dl_view body, struct dl_msg_close *out);

#endif
