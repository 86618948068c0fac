/* PULL, PULL_END, PROVE, PROOF: asking for what the other side holds.
 *
 * PULL: u8 whose (0 the asker's journal, 1 the answerer's) | u8 how (0 batches, 1 single entries) |
 * u64 from | u64 to. PULL_END, PROVE: u64 from | u64 to. PROOF: u64 from | u64 to | u8 refused |
 * u8 n | n hashes.
 */
#include "base/limits.h"
#include "protocol/message.h"

#include <string.h>

void dl_msg_pull_encode(struct dl_buf *out, const struct dl_msg_pull *msg)
{
    DL_ASSERT(msg->from < msg->to, "a range");
    size_t start = dl_frame_open(out, DL_FRAME_PULL);
    dl_buf_u8(out, msg->yours ? 1 : 0);
    dl_buf_u8(out, msg->repair ? 1 : 0);
    dl_buf_u64(out, msg->from);
    dl_buf_u64(out, msg->to);
    dl_frame_close(out, start);
}

enum dl_err dl_msg_pull_decode(struct dl_view body, struct dl_msg_pull *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, body);
    uint8_t whose = dl_cursor_u8(&cursor);
    uint8_t how = dl_cursor_u8(&cursor);
    struct dl_msg_pull msg = {.yours = whose == 1, .repair = how == 1};
    msg.from = dl_cursor_u64(&cursor);
    msg.to = dl_cursor_u64(&cursor);
    DL_TRY(dl_cursor_done(&cursor));
    /* The author's own journal comes in batches anyway: only repairs are asked of it. */
    if (whose > 1 || how > 1 || (msg.yours && !msg.repair)) {
        return DL_E_FRAME;
    }
    if (msg.from >= msg.to || msg.to > DL_LIMIT_LOG_SIZE ||
        (msg.repair && msg.to - msg.from > DL_LIMIT_BATCH_ENTRIES)) {
        return DL_E_FRAME;
    }
    *out = msg;
    return DL_OK;
}

void dl_msg_range_encode(struct dl_buf *out, enum dl_frame_type type,
                         const struct dl_msg_range *msg)
{
    DL_ASSERT(type == DL_FRAME_PULL_END || type == DL_FRAME_PROVE, "a frame whose body is a range");
    size_t start = dl_frame_open(out, type);
    dl_buf_u64(out, msg->from);
    dl_buf_u64(out, msg->to);
    dl_frame_close(out, start);
}

enum dl_err dl_msg_range_decode(struct dl_view body, struct dl_msg_range *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, body);
    struct dl_msg_range msg = {.from = dl_cursor_u64(&cursor)};
    msg.to = dl_cursor_u64(&cursor);
    DL_TRY(dl_cursor_done(&cursor));
    if (msg.from > msg.to || msg.to > DL_LIMIT_LOG_SIZE) {
        return DL_E_FRAME;
    }
    *out = msg;
    return DL_OK;
}

void dl_msg_proof_encode(struct dl_buf *out, const struct dl_msg_proof *msg)
{
    DL_ASSERT(msg->proof.n <= DL_LIMIT_PROOF_HASHES, "I9");
    DL_ASSERT(!msg->refused || msg->proof.n == 0, "a refusal proves nothing");
    size_t start = dl_frame_open(out, DL_FRAME_PROOF);
    dl_buf_u64(out, msg->from);
    dl_buf_u64(out, msg->to);
    dl_buf_u8(out, msg->refused ? 1 : 0);
    dl_buf_u8(out, (uint8_t)msg->proof.n);
    dl_buf_put(out, msg->proof.hashes, msg->proof.n * sizeof msg->proof.hashes[0]);
    dl_frame_close(out, start);
}

enum dl_err dl_msg_proof_decode(struct dl_view body, struct dl_msg_proof *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, body);
    uint64_t from = dl_cursor_u64(&cursor);
    uint64_t to = dl_cursor_u64(&cursor);
    uint8_t refused = dl_cursor_u8(&cursor);
    uint8_t n = dl_cursor_u8(&cursor);
    if (refused > 1 || n > DL_LIMIT_PROOF_HASHES || (refused == 1 && n > 0)) {
        return DL_E_FRAME;
    }
    struct dl_view hashes = dl_cursor_take(&cursor, n * sizeof out->proof.hashes[0]);
    DL_TRY(dl_cursor_done(&cursor));
    out->from = from;
    out->to = to;
    out->refused = refused == 1;
    out->proof.n = n;
    if (n > 0) {
        memcpy(out->proof.hashes, hashes.p, hashes.n);
    }
    return DL_OK;
}
