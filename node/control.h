/* What travels on the control socket, both ways: frames of u32 length of what follows, u8 type,
 * octets. Read and written here only; nothing of what comes is trusted, though only the agency's
 * own user can connect.
 */
#ifndef DL_NODE_CONTROL_H
#define DL_NODE_CONTROL_H

#include "node/command.h"

enum dl_control_frame {
    /* JSON: {"argv":[...],"cwd":PATH,"zh","color","progress","asks","width",
       "input_octets"} */
    DL_CONTROL_REQUEST = 1,
    DL_CONTROL_INPUT = 2, /* a piece of the input */
    DL_CONTROL_INPUT_END = 3,
    DL_CONTROL_OUT = 4,  /* for standard output */
    DL_CONTROL_ERR = 5,  /* for standard error */
    DL_CONTROL_EXIT = 6, /* u8 exit status; the last frame */
    DL_CONTROL_ASK = 7   /* a question; the line of the answer comes as INPUT and INPUT_END */
};
enum {
    DL_CONTROL_FRAME_MAX = 256 * 1024, /* the length's greatest value */
    DL_CONTROL_WORDS_MAX = 512
};

struct dl_control_piece {
    uint8_t type;          /* of dl_control_frame, or any other */
    struct dl_view octets; /* borrows from what was read */
};
/* The first frame of `octets`. *used is 0 when more are needed. DL_E_FRAME: a length that no frame
 * has; the connection is of no more use. */
DL_MUST_USE enum dl_err dl_control_next(struct dl_view octets, struct dl_control_piece *out,
                                        size_t *used);
/* Appends one frame; at most DL_CONTROL_FRAME_MAX - 1 octets. */
void dl_control_put(struct dl_buf *out, enum dl_control_frame type, struct dl_view octets);

/* The client's end, as far as answers depend on it. */
struct dl_control_client {
    bool zh, color, progress;
    bool asks;             /* a person sits there who can be asked */
    int width;             /* 20 to 1000 columns */
    uint64_t input_octets; /* 0: not known */
};
/* A request's command, parsed; `command` is freed by the caller either way. INPUT, with words for
 * the person who asked. */
DL_MUST_USE enum dl_err dl_control_request_read(struct dl_view octets, struct dl_command *command,
                                                struct dl_control_client *client,
                                                struct dl_error *error);
void dl_control_request_put(struct dl_buf *out, int argc, char *const *argv, const char *cwd,
                            const struct dl_control_client *client);

#endif
