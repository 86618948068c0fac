/* What keeps a session going: notes, CREDIT, BUSY, READY, RESUME, PING, PONG, CLOSE. */
#include "base/limits.h"
#include "protocol/message.h"

void dl_msg_note_encode(struct dl_buf *out, enum dl_frame_type type, struct dl_view note)
{
    DL_ASSERT(type == DL_FRAME_CHECKPOINT || type == DL_FRAME_RETURN_CHECKPOINT ||
                  type == DL_FRAME_RECEIPT,
              "a frame whose body is a note");
    size_t start = dl_frame_open(out, type);
    dl_buf_put_view(out, note);
    dl_frame_close(out, start);
}

void dl_msg_credit_encode(struct dl_buf *out, const struct dl_msg_credit *msg)
{
    size_t start = dl_frame_open(out, DL_FRAME_CREDIT);
    dl_buf_u64(out, msg->entries);
    dl_buf_u64(out, msg->octets);
    dl_frame_close(out, start);
}

enum dl_err dl_msg_credit_decode(struct dl_view body, struct dl_msg_credit *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, body);
    struct dl_msg_credit msg = {.entries = dl_cursor_u64(&cursor)};
    msg.octets = dl_cursor_u64(&cursor);
    DL_TRY(dl_cursor_done(&cursor));
    *out = msg;
    return DL_OK;
}

void dl_msg_number_encode(struct dl_buf *out, enum dl_frame_type type, uint64_t number)
{
    DL_ASSERT(type == DL_FRAME_PING || type == DL_FRAME_PONG || type == DL_FRAME_READY ||
                  type == DL_FRAME_RESUME,
              "a frame whose body is a number");
    size_t start = dl_frame_open(out, type);
    dl_buf_u64(out, number);
    dl_frame_close(out, start);
}

enum dl_err dl_msg_number_decode(struct dl_view body, uint64_t *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, body);
    uint64_t number = dl_cursor_u64(&cursor);
    DL_TRY(dl_cursor_done(&cursor));
    *out = number;
    return DL_OK;
}

void dl_msg_busy_encode(struct dl_buf *out)
{
    dl_frame_close(out, dl_frame_open(out, DL_FRAME_BUSY));
}

/* CLOSE: u8 n | code | u16 n | text. */
void dl_msg_close_encode(struct dl_buf *out, const struct dl_msg_close *msg)
{
    DL_ASSERT(msg->code.n > 0 && msg->code.n <= DL_CLOSE_CODE_MAX, "I9");
    DL_ASSERT(msg->text.n <= DL_CLOSE_TEXT_MAX, "I9");
    size_t start = dl_frame_open(out, DL_FRAME_CLOSE);
    dl_buf_u8(out, (uint8_t)msg->code.n);
    dl_buf_put_view(out, msg->code);
    dl_buf_u16(out, (uint16_t)msg->text.n);
    dl_buf_put_view(out, msg->text);
    dl_frame_close(out, start);
}

enum dl_err dl_msg_close_decode(struct dl_view body, struct dl_msg_close *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, body);
    uint8_t n_code = dl_cursor_u8(&cursor);
    if (n_code == 0 || n_code > DL_CLOSE_CODE_MAX) {
        return DL_E_FRAME;
    }
    struct dl_msg_close msg = {.code = dl_cursor_take(&cursor, n_code)};
    uint16_t n_text = dl_cursor_u16(&cursor);
    if (n_text > DL_CLOSE_TEXT_MAX) {
        return DL_E_FRAME;
    }
    msg.text = dl_cursor_take(&cursor, n_text);
    DL_TRY(dl_cursor_done(&cursor));
    *out = msg;
    return DL_OK;
}
