/* TEST, TEST_REPLY: u16 n | text | 64 signature. What stands in the text: session_test.c. */
#include "protocol/message.h"

#include <string.h>

void dl_msg_test_encode(struct dl_buf *out, enum dl_frame_type type, const struct dl_msg_test *msg)
{
    DL_ASSERT(type == DL_FRAME_TEST || type == DL_FRAME_TEST_REPLY, "a link test");
    DL_ASSERT(msg->text.n > 0 && msg->text.n <= UINT16_MAX, "I9");
    size_t start = dl_frame_open(out, type);
    dl_buf_u16(out, (uint16_t)msg->text.n);
    dl_buf_put_view(out, msg->text);
    dl_buf_put(out, msg->signature.b, sizeof msg->signature.b);
    dl_frame_close(out, start);
}

enum dl_err dl_msg_test_decode(struct dl_view body, struct dl_msg_test *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, body);
    uint16_t n_text = dl_cursor_u16(&cursor);
    if (n_text == 0) {
        return DL_E_FRAME;
    }
    struct dl_msg_test msg = {.text = dl_cursor_take(&cursor, n_text)};
    struct dl_view signature = dl_cursor_take(&cursor, sizeof msg.signature.b);
    DL_TRY(dl_cursor_done(&cursor));
    memcpy(msg.signature.b, signature.p, signature.n);
    *out = msg;
    return DL_OK;
}
