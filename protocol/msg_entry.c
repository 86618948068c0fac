/* ENTRY, RETURN_ENTRY, REPAIR_ENTRY: u64 index | u16 n | leaf | 32 salt | u32 n | content. */
#include "protocol/message.h"

#include "base/limits.h"

size_t dl_entry_octets_size(const struct dl_entry_octets *entry)
{
    return entry->leaf.n + entry->salt.n + entry->content.n;
}

void dl_msg_entry_encode(struct dl_buf *out, enum dl_frame_type type,
                         const struct dl_msg_entry *msg)
{
    DL_ASSERT(msg->entry.leaf.n > 0 && msg->entry.leaf.n <= DL_LIMIT_LEAF, "I9");
    DL_ASSERT(msg->entry.salt.n == DL_LIMIT_SALT, "I9");
    DL_ASSERT(msg->entry.content.n <= DL_LIMIT_CONTENT, "I9");
    size_t start = dl_frame_open(out, type);
    dl_buf_u64(out, msg->index);
    dl_buf_u16(out, (uint16_t)msg->entry.leaf.n);
    dl_buf_put_view(out, msg->entry.leaf);
    dl_buf_put_view(out, msg->entry.salt);
    dl_buf_u32(out, (uint32_t)msg->entry.content.n);
    dl_buf_put_view(out, msg->entry.content);
    dl_frame_close(out, start);
}

enum dl_err dl_msg_entry_decode(struct dl_view body, struct dl_msg_entry *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, body);
    struct dl_msg_entry msg = {.index = dl_cursor_u64(&cursor)};
    uint16_t n_leaf = dl_cursor_u16(&cursor);
    if (n_leaf == 0 || n_leaf > DL_LIMIT_LEAF) {
        return DL_E_FRAME;
    }
    msg.entry.leaf = dl_cursor_take(&cursor, n_leaf);
    msg.entry.salt = dl_cursor_take(&cursor, DL_LIMIT_SALT);
    msg.entry.content = dl_cursor_block(&cursor, DL_LIMIT_CONTENT);
    DL_TRY(dl_cursor_done(&cursor));
    if (msg.index >= DL_LIMIT_LOG_SIZE) {
        return DL_E_FRAME;
    }
    *out = msg;
    return DL_OK;
}
