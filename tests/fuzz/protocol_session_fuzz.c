/* Two sessions and their callers under a script of the fuzzer's: octets delivered, cut, changed,
 * forged frames and forged checkpoints under the right keys, crashes, restores, full disks, time.
 * The session never aborts, never reads outside, never gives the caller what contradicts its disk,
 * and never freezes a line whose peer signed nothing twice. */
#include "tests/unit/protocol/session_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dl_cursor script;
static bool forged; /* cn's key was used for something that is not in cn's journal */

static struct side *one_side(void)
{
    return dl_cursor_u8(&script) % 2 == 0 ? &world.cn : &world.us;
}

static void deliver_some(void)
{
    struct side *side = one_side();
    world.chunk = dl_cursor_u8(&script); /* 0: all */
    deliver(side);
}

static void change_octet(void)
{
    struct side *side = one_side();
    size_t at = dl_cursor_u16(&script);
    uint8_t by = dl_cursor_u8(&script);
    if (side->inbox.n > 0) {
        side->inbox.p[at % side->inbox.n] ^= by;
    }
}

static void put_raw_frame(void)
{
    struct side *side = one_side();
    uint8_t type = dl_cursor_u8(&script);
    size_t n = dl_cursor_u8(&script);
    struct dl_view body = dl_cursor_take(&script, n < script.rest.n ? n : script.rest.n);
    dl_buf_u32(&side->inbox, (uint32_t)body.n);
    dl_buf_u8(&side->inbox, type);
    dl_buf_put_view(&side->inbox, body);
}

/* A note under the other side's journal key, of any size and of the true or a false root. */
static void put_signed_note(void)
{
    static const enum dl_frame_type types[] = {DL_FRAME_CHECKPOINT, DL_FRAME_RETURN_CHECKPOINT,
                                               DL_FRAME_RECEIPT};
    struct side *side = one_side();
    uint8_t type = dl_cursor_u8(&script) % 3;
    uint64_t size = 1 + dl_cursor_u8(&script) % 8;
    uint8_t root_byte = dl_cursor_u8(&script);
    struct side *author = type == 0 ? side->other : side;
    struct dl_hash root = {{root_byte}};
    char note[NOTE_MAX];
    if (size <= author->ours.size && root_byte % 2 == 0) {
        struct dl_frontier frontier = frontier_at(&author->ours, size);
        root = dl_frontier_root(&frontier);
    } else {
        forged = true;
    }
    sign_root(author, size, &root, note);
    if (type == 2) {
        cosign_note(author, side->other, note, 1 + root_byte, note);
    }
    dl_msg_note_encode(&side->inbox, types[type], dl_view_str(note));
}

static void put_entry_frame(void)
{
    static const enum dl_frame_type types[] = {DL_FRAME_ENTRY, DL_FRAME_RETURN_ENTRY,
                                               DL_FRAME_REPAIR_ENTRY};
    struct side *side = one_side();
    enum dl_frame_type type = types[dl_cursor_u8(&script) % 3];
    struct leaf_octets made;
    uint64_t index = dl_cursor_u8(&script) % 8;
    make_leaf(&made, side->other->name, dl_cursor_u8(&script));
    struct dl_msg_entry msg = {index, leaf_entry(&made)};
    dl_msg_entry_encode(&side->inbox, type, &msg);
    free_leaf(&made);
}

static void disk(void)
{
    struct side *side = one_side();
    side->full = dl_cursor_u8(&script) % 2 == 0;
    if (!side->full && side->session != NULL && side->to_store == 0) {
        struct dl_frontier frontier = frontier_at(&side->theirs, side->theirs.size);
        struct dl_session_event event = {
            .type = DL_ON_READY, .size = side->theirs.size, .frontier = &frontier};
        step(side, &event);
    }
}

/* A size at which a checkpoint was signed. */
static uint64_t earlier_size(const struct disk_log *log)
{
    uint64_t size = log->size / 2;
    while (size > 0 && log->notes[size] == NULL) {
        size--;
    }
    return size;
}

static void go_back(void)
{
    struct side *side = one_side();
    uint8_t how = dl_cursor_u8(&script);
    restart(side);
    if (how & 1) {
        cut_log(&side->ours, earlier_size(&side->ours));
        side->receipt[0] = 0;
        side->tail = 0;
    }
    if (how & 2) {
        cut_log(&side->theirs, earlier_size(&side->theirs));
    }
}

static void operator_acts(void)
{
    static const uint8_t nonce[16] = {0};
    struct side *side = one_side();
    uint8_t what = dl_cursor_u8(&script);
    struct dl_session_event event = {.type = DL_ON_PROBE};
    if (what % 4 == 1) {
        event = (struct dl_session_event){.type = DL_ON_TEST, .octets = dl_view_of(nonce, 16)};
    } else if (what % 4 == 2 && side->session != NULL && !side->repairing) {
        side->repairing = true;
        event = (struct dl_session_event){.type = DL_ON_REPAIR,
                                          .side = what & 4 ? DL_SIDE_OURS : DL_SIDE_THEIRS,
                                          .from = what >> 4,
                                          .to = 1u + (what >> 3)};
    } else if (what == 3) {
        event = (struct dl_session_event){.type = DL_ON_CLOSE, .code = DL_E_REMOVED};
    }
    step(side, &event);
}

static void connect_again(void)
{
    cut();
    open_side(&world.cn);
    open_side(&world.us);
}

static void act_on(uint8_t op)
{
    switch (op % 13) {
    case 0:
        deliver_some();
        break;
    case 1:
        commit(one_side());
        break;
    case 2: {
        struct side *side = one_side();
        if (side->ours.size + side->tail < 64) {
            submit(side, 1 + dl_cursor_u8(&script) % 3);
        }
        break;
    }
    case 3:
        pump();
        break;
    case 4:
        pass(dl_cursor_u16(&script) * 10);
        break;
    case 5:
        change_octet();
        break;
    case 6:
        put_raw_frame();
        break;
    case 7:
        put_signed_note();
        break;
    case 8:
        put_entry_frame();
        break;
    case 9:
        disk();
        break;
    case 10:
        go_back();
        break;
    case 11:
        operator_acts();
        break;
    default:
        connect_again();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    forged = false;
    init_world();
    world.quiet = true;
    connect_both();
    dl_cursor_init(&script, dl_view_of(data, size < 160 ? size : 160));
    while (script.rest.n > 0 && script.err == DL_OK) {
        act_on(dl_cursor_u8(&script));
    }
    DL_ASSERT(forged || world.us.alarm.kind == 0 || world.cn.state == DL_JOURNAL_FORKED,
              "frozen only for what was signed twice");
    fini_side(&world.cn);
    fini_side(&world.us);
    return 0;
}
