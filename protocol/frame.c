#include "protocol/frame.h"

struct frame_limits {
    const char *name;
    uint32_t least, most;
};

static const struct frame_limits limits[DL_FRAME_TYPES] = {
#define DL_FRAME_ROW(name, number, least, most) [number] = {#name, (least), (most)},
    DL_FRAMES(DL_FRAME_ROW)
#undef DL_FRAME_ROW
};

#define DL_FRAME_FITS(name, number, least, most)                                                   \
    _Static_assert((most) + DL_FRAME_HEADER <= DL_LIMIT_FRAME, "I9: a frame's greatest size");
DL_FRAMES(DL_FRAME_FITS)
#undef DL_FRAME_FITS

const char *dl_frame_name(unsigned type)
{
    if (type >= DL_FRAME_TYPES || limits[type].name == NULL) {
        return "?";
    }
    return limits[type].name;
}

enum dl_err dl_frame_read(struct dl_view octets, size_t frame_max, struct dl_frame *frame,
                          size_t *used)
{
    DL_ASSERT(frame_max >= DL_FRAME_HEADER && frame_max <= DL_LIMIT_FRAME, "I9");
    if (octets.n < DL_FRAME_HEADER) {
        *used = 0;
        return DL_OK;
    }
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, octets);
    uint32_t length = dl_cursor_u32(&cursor);
    uint8_t type = dl_cursor_u8(&cursor);
    if (type >= DL_FRAME_TYPES || limits[type].name == NULL) {
        return DL_E_FRAME;
    }
    if (length > frame_max - DL_FRAME_HEADER) {
        return DL_E_TOO_LARGE;
    }
    if (length < limits[type].least || length > limits[type].most) {
        return DL_E_FRAME;
    }
    if (cursor.rest.n < length) {
        *used = 0;
        return DL_OK;
    }
    frame->type = (enum dl_frame_type)type;
    frame->body = dl_cursor_take(&cursor, length);
    *used = DL_FRAME_HEADER + length;
    return DL_OK;
}

size_t dl_frame_open(struct dl_buf *out, enum dl_frame_type type)
{
    DL_ASSERT(type > DL_FRAME_NONE && type < DL_FRAME_TYPES, "a type of the table");
    size_t start = out->n;
    dl_buf_u32(out, 0);
    dl_buf_u8(out, (uint8_t)type);
    return start;
}

void dl_frame_close(struct dl_buf *out, size_t start)
{
    if (out->err != DL_OK) {
        return; /* checked once, by who sends */
    }
    DL_ASSERT(out->n >= start + DL_FRAME_HEADER, "an open frame");
    size_t length = out->n - start - DL_FRAME_HEADER;
    const struct frame_limits *row = &limits[out->p[start + 4]];
    DL_ASSERT(length >= row->least && length <= row->most, "I9: the peer would refuse it");
    for (unsigned i = 0; i < 4; i++) {
        out->p[start + i] = (uint8_t)(length >> (24 - 8 * i));
    }
}
