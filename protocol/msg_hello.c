/* HELLO1 and HELLO2.
 *
 * HELLO1: u32 features | agency from | agency to | u8 flags (1: busy) | held: origin, u64 size,
 * note, note | own: origin, note. HELLO2: u8 flags (1: closed) | note. Agencies and origins are u8
 * n and octets, notes are u16 n and octets, n = 0 for null.
 */
#include "base/limits.h"
#include "protocol/message.h"

static void put_short(struct dl_buf *out, struct dl_view text)
{
    DL_ASSERT(text.n <= UINT8_MAX, "I9");
    dl_buf_u8(out, (uint8_t)text.n);
    dl_buf_put_view(out, text);
}

static struct dl_view take_short(struct dl_cursor *cursor, size_t max)
{
    size_t n = dl_cursor_u8(cursor);
    if (n == 0 || n > max) {
        cursor->err = DL_E_FRAME;
        return (struct dl_view){0};
    }
    return dl_cursor_take(cursor, n);
}

static void put_note(struct dl_buf *out, struct dl_view note)
{
    DL_ASSERT(note.n <= DL_LIMIT_CHECKPOINT, "I9");
    dl_buf_u16(out, (uint16_t)note.n);
    dl_buf_put_view(out, note);
}

static struct dl_view take_note(struct dl_cursor *cursor)
{
    size_t n = dl_cursor_u16(cursor);
    if (n > DL_LIMIT_CHECKPOINT) {
        cursor->err = DL_E_FRAME;
        return (struct dl_view){0};
    }
    return dl_cursor_take(cursor, n);
}

static bool take_flag(struct dl_cursor *cursor)
{
    uint8_t flag = dl_cursor_u8(cursor);
    if (flag > 1) {
        cursor->err = DL_E_FRAME;
    }
    return flag == 1;
}

void dl_msg_hello1_encode(struct dl_buf *out, const struct dl_msg_hello1 *msg)
{
    DL_ASSERT((msg->held_note.n == 0) == (msg->held_size == 0), "null exactly at size 0");
    size_t start = dl_frame_open(out, DL_FRAME_HELLO1);
    dl_buf_u32(out, msg->features);
    put_short(out, msg->from);
    put_short(out, msg->to);
    dl_buf_u8(out, msg->busy ? 1 : 0);
    put_short(out, msg->held_origin);
    dl_buf_u64(out, msg->held_size);
    put_note(out, msg->held_note);
    put_note(out, msg->held_cosigned);
    put_short(out, msg->own_origin);
    put_note(out, msg->receipt);
    dl_frame_close(out, start);
}

enum dl_err dl_msg_hello1_decode(struct dl_view body, struct dl_msg_hello1 *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, body);
    struct dl_msg_hello1 msg = {.features = dl_cursor_u32(&cursor)};
    msg.from = take_short(&cursor, DL_LIMIT_AGENCY_ID);
    msg.to = take_short(&cursor, DL_LIMIT_AGENCY_ID);
    msg.busy = take_flag(&cursor);
    msg.held_origin = take_short(&cursor, DL_LIMIT_ORIGIN);
    msg.held_size = dl_cursor_u64(&cursor);
    msg.held_note = take_note(&cursor);
    msg.held_cosigned = take_note(&cursor);
    msg.own_origin = take_short(&cursor, DL_LIMIT_ORIGIN);
    msg.receipt = take_note(&cursor);
    DL_TRY(dl_cursor_done(&cursor));
    if (msg.held_size > DL_LIMIT_LOG_SIZE || (msg.held_note.n == 0) != (msg.held_size == 0)) {
        return DL_E_FRAME;
    }
    *out = msg;
    return DL_OK;
}

void dl_msg_hello2_encode(struct dl_buf *out, const struct dl_msg_hello2 *msg)
{
    size_t start = dl_frame_open(out, DL_FRAME_HELLO2);
    dl_buf_u8(out, msg->closed ? 1 : 0);
    put_note(out, msg->note);
    dl_frame_close(out, start);
}

enum dl_err dl_msg_hello2_decode(struct dl_view body, struct dl_msg_hello2 *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, body);
    struct dl_msg_hello2 msg = {.closed = take_flag(&cursor)};
    msg.note = take_note(&cursor);
    DL_TRY(dl_cursor_done(&cursor));
    *out = msg;
    return DL_OK;
}
