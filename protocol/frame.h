/* Frames: how one message after another lies in the octets of a channel. PROTOCOL.md section 2.
 *
 *     u32 length of the body, big-endian | u8 type | body
 *
 * A frame carries one whole thing. A length is judged against its type's maximum as soon as the
 * five octets of the header are there, before memory is taken (I9).
 */
#ifndef DL_PROTOCOL_FRAME_H
#define DL_PROTOCOL_FRAME_H

#include "base/limits.h"
#include "base/octets.h"

enum {
    DL_FRAME_HEADER = 5,
    /* index, leaf length, leaf, salt, content length, content */
    DL_FRAME_ENTRY_MAX = 8 + 2 + DL_LIMIT_LEAF + DL_LIMIT_SALT + 4 + DL_LIMIT_CONTENT
};

/* DL_FRAME(name, number, least octets of the body, most octets of the body). `ENTRY` and
 * `CHECKPOINT` are of the sender's own journal; `RETURN…` gives the receiver its own journal back;
 * `REPAIR_ENTRY` is a single entry of either. */
#define DL_FRAMES(DL_FRAME)                                                                        \
    DL_FRAME(HELLO1, 1, 32, 8 * 1024)                                                              \
    DL_FRAME(HELLO2, 2, 3, 2 + 1 + DL_LIMIT_CHECKPOINT)                                            \
    DL_FRAME(ENTRY, 3, 46, DL_FRAME_ENTRY_MAX)                                                     \
    DL_FRAME(CHECKPOINT, 4, 1, DL_LIMIT_CHECKPOINT)                                                \
    DL_FRAME(RECEIPT, 5, 1, DL_LIMIT_CHECKPOINT)                                                   \
    DL_FRAME(CREDIT, 6, 16, 16)                                                                    \
    DL_FRAME(BUSY, 7, 0, 0)                                                                        \
    DL_FRAME(READY, 8, 8, 8)                                                                       \
    DL_FRAME(PING, 9, 8, 8)                                                                        \
    DL_FRAME(PONG, 10, 8, 8)                                                                       \
    DL_FRAME(PULL, 11, 18, 18)                                                                     \
    DL_FRAME(RETURN_ENTRY, 12, 46, DL_FRAME_ENTRY_MAX)                                             \
    DL_FRAME(RETURN_CHECKPOINT, 13, 1, DL_LIMIT_CHECKPOINT)                                        \
    DL_FRAME(REPAIR_ENTRY, 14, 46, DL_FRAME_ENTRY_MAX)                                             \
    DL_FRAME(PULL_END, 15, 16, 16)                                                                 \
    DL_FRAME(PROVE, 16, 16, 16)                                                                    \
    DL_FRAME(PROOF, 17, 18, 16 + 1 + 1 + 32 * DL_LIMIT_PROOF_HASHES)                               \
    DL_FRAME(TEST, 18, 90, 512)                                                                    \
    DL_FRAME(TEST_REPLY, 19, 90, 512)                                                              \
    DL_FRAME(CLOSE, 20, 3, 1024)                                                                   \
    DL_FRAME(RESUME, 21, 8, 8)

enum dl_frame_type {
    DL_FRAME_NONE = 0,
#define DL_FRAME_ENUM(name, number, least, most) DL_FRAME_##name = number,
    DL_FRAMES(DL_FRAME_ENUM)
#undef DL_FRAME_ENUM
        DL_FRAME_TYPES
};

struct dl_frame {
    enum dl_frame_type type;
    struct dl_view body; /* borrows from the octets read */
};

/* The name of a type ("ENTRY"), "?" for others. */
const char *dl_frame_name(unsigned type);

/* Look at the first frame of `octets`. `frame_max` is the greatest frame allowed at the moment,
 * header included (DL_LIMIT_FRAME_EARLY or DL_LIMIT_FRAME).
 * DL_OK and *used > 0: a whole frame. DL_OK and *used == 0: more octets are needed; nothing wrong
 * so far. DL_E_FRAME: an unknown type, or a length that its type cannot have. DL_E_TOO_LARGE:
 * beyond frame_max. */
DL_MUST_USE enum dl_err dl_frame_read(struct dl_view octets, size_t frame_max,
                                      struct dl_frame *frame, size_t *used);

/* Write a frame: open, put the body, close. Close asserts the type's limits. */
size_t dl_frame_open(struct dl_buf *out, enum dl_frame_type type);
void dl_frame_close(struct dl_buf *out, size_t start);

#endif
