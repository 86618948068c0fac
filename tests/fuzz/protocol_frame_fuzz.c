/* Any octets as frames: reading stays inside them, and what decodes is encoded to the same octets.
 */
#include "protocol/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dl_buf again;

static bool entry_again(const struct dl_frame *frame)
{
    struct dl_msg_entry msg;
    if (dl_msg_entry_decode(frame->body, &msg) != DL_OK) {
        return false;
    }
    dl_msg_entry_encode(&again, frame->type, &msg);
    return true;
}

static bool hello_again(const struct dl_frame *frame)
{
    struct dl_msg_hello1 one;
    struct dl_msg_hello2 two;
    if (frame->type == DL_FRAME_HELLO1 && dl_msg_hello1_decode(frame->body, &one) == DL_OK) {
        dl_msg_hello1_encode(&again, &one);
        return true;
    }
    if (frame->type == DL_FRAME_HELLO2 && dl_msg_hello2_decode(frame->body, &two) == DL_OK) {
        dl_msg_hello2_encode(&again, &two);
        return true;
    }
    return false;
}

static bool number_again(const struct dl_frame *frame)
{
    uint64_t number = 0;
    if (dl_msg_number_decode(frame->body, &number) != DL_OK) {
        return false;
    }
    dl_msg_number_encode(&again, frame->type, number);
    return true;
}

static bool credit_again(const struct dl_frame *frame)
{
    struct dl_msg_credit msg;
    if (dl_msg_credit_decode(frame->body, &msg) != DL_OK) {
        return false;
    }
    dl_msg_credit_encode(&again, &msg);
    return true;
}

static bool pull_again(const struct dl_frame *frame)
{
    struct dl_msg_pull msg;
    if (dl_msg_pull_decode(frame->body, &msg) != DL_OK) {
        return false;
    }
    dl_msg_pull_encode(&again, &msg);
    return true;
}

static bool range_again(const struct dl_frame *frame)
{
    struct dl_msg_range msg;
    if (dl_msg_range_decode(frame->body, &msg) != DL_OK) {
        return false;
    }
    dl_msg_range_encode(&again, frame->type, &msg);
    return true;
}

static bool proof_again(const struct dl_frame *frame)
{
    struct dl_msg_proof msg;
    if (dl_msg_proof_decode(frame->body, &msg) != DL_OK) {
        return false;
    }
    dl_msg_proof_encode(&again, &msg);
    return true;
}

static bool test_again(const struct dl_frame *frame)
{
    struct dl_msg_test msg;
    if (dl_msg_test_decode(frame->body, &msg) != DL_OK) {
        return false;
    }
    dl_msg_test_encode(&again, frame->type, &msg);
    return true;
}

static bool close_again(const struct dl_frame *frame)
{
    struct dl_msg_close msg;
    if (dl_msg_close_decode(frame->body, &msg) != DL_OK) {
        return false;
    }
    dl_msg_close_encode(&again, &msg);
    return true;
}

static bool note_again(const struct dl_frame *frame)
{
    dl_msg_note_encode(&again, frame->type, frame->body);
    return true;
}

static bool busy_again(const struct dl_frame *frame)
{
    DL_ASSERT(frame->body.n == 0, "BUSY is empty");
    dl_msg_busy_encode(&again);
    return true;
}

typedef bool (*again_fn)(const struct dl_frame *frame);

static const again_fn by_type[DL_FRAME_TYPES] = {
    [DL_FRAME_HELLO1] = hello_again,
    [DL_FRAME_HELLO2] = hello_again,
    [DL_FRAME_ENTRY] = entry_again,
    [DL_FRAME_CHECKPOINT] = note_again,
    [DL_FRAME_RECEIPT] = note_again,
    [DL_FRAME_CREDIT] = credit_again,
    [DL_FRAME_BUSY] = busy_again,
    [DL_FRAME_READY] = number_again,
    [DL_FRAME_PING] = number_again,
    [DL_FRAME_PONG] = number_again,
    [DL_FRAME_PULL] = pull_again,
    [DL_FRAME_RETURN_ENTRY] = entry_again,
    [DL_FRAME_RETURN_CHECKPOINT] = note_again,
    [DL_FRAME_REPAIR_ENTRY] = entry_again,
    [DL_FRAME_PULL_END] = range_again,
    [DL_FRAME_PROVE] = range_again,
    [DL_FRAME_PROOF] = proof_again,
    [DL_FRAME_TEST] = test_again,
    [DL_FRAME_TEST_REPLY] = test_again,
    [DL_FRAME_CLOSE] = close_again,
    [DL_FRAME_RESUME] = number_again,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_view rest = dl_view_of(data, size);
    dl_buf_init(&again, DL_LIMIT_FRAME);
    for (;;) {
        struct dl_frame frame;
        size_t used = 0;
        if (dl_frame_read(rest, DL_LIMIT_FRAME, &frame, &used) != DL_OK || used == 0) {
            break;
        }
        DL_ASSERT(used <= rest.n, "stays inside");
        dl_buf_reset(&again);
        if (by_type[frame.type](&frame)) {
            DL_ASSERT(dl_view_equal(dl_buf_view(&again), dl_view_of(rest.p, used)),
                      "one form for one message");
        }
        rest = dl_view_of(rest.p + used, rest.n - used);
    }
    dl_buf_fini(&again);
    return 0;
}
