#include "protocol/session_internal.h"

#include "base/text.h"

#include <string.h>

/* What may be heard when: every condition named must hold (design section 4; style 14). */
enum {
    P_HELLO = 1 << 0,     /* before HELLO1 */
    P_OPEN = 1 << 1,      /* both HELLO1 are verified */
    P_HELLO2 = 1 << 2,    /* HELLO2 has not come */
    P_PUSH = 1 << 3,      /* HELLO2 has come, so entries may */
    P_TOLD = 1 << 4,      /* we told HELLO2, so receipts may come */
    P_PULLING = 1 << 5,   /* our own entries are coming back */
    P_REPAIRING = 1 << 6, /* single entries are */
    P_ASKED = 1 << 7,     /* one of the two */
    P_DOUBT = 1 << 8,     /* a proof was asked for */
    P_TESTING = 1 << 9,
    P_BUSY = 1 << 10,     /* the peer told BUSY */
    P_READY = 1 << 11,    /* it did not */
    P_NO_PULL = 1 << 12,  /* no PULL of the peer's is unanswered */
    P_NO_PROVE = 1 << 13, /* no PROVE is */
    P_RESUME = 1 << 14    /* we told READY */
};

static const unsigned permit[DL_FRAME_TYPES] = {
    [DL_FRAME_HELLO1] = P_HELLO,
    [DL_FRAME_HELLO2] = P_OPEN | P_HELLO2,
    [DL_FRAME_ENTRY] = P_OPEN | P_PUSH,
    [DL_FRAME_CHECKPOINT] = P_OPEN | P_PUSH,
    [DL_FRAME_RECEIPT] = P_OPEN | P_TOLD,
    [DL_FRAME_CREDIT] = P_OPEN,
    [DL_FRAME_BUSY] = P_OPEN | P_READY,
    [DL_FRAME_READY] = P_OPEN | P_BUSY,
    [DL_FRAME_PING] = P_OPEN,
    [DL_FRAME_PONG] = P_OPEN,
    [DL_FRAME_PULL] = P_OPEN | P_NO_PULL,
    [DL_FRAME_RETURN_ENTRY] = P_OPEN | P_PULLING,
    [DL_FRAME_RETURN_CHECKPOINT] = P_OPEN | P_PULLING,
    [DL_FRAME_REPAIR_ENTRY] = P_OPEN | P_REPAIRING,
    [DL_FRAME_PULL_END] = P_OPEN | P_ASKED,
    [DL_FRAME_PROVE] = P_OPEN | P_NO_PROVE,
    [DL_FRAME_PROOF] = P_OPEN | P_DOUBT,
    [DL_FRAME_TEST] = P_OPEN,
    [DL_FRAME_TEST_REPLY] = P_OPEN | P_TESTING,
    [DL_FRAME_RESUME] = P_OPEN | P_RESUME,
    [DL_FRAME_CLOSE] = 0,
};

static unsigned when(bool condition, unsigned bits)
{
    return condition ? bits : 0;
}

static unsigned conditions(const struct dl_session *s)
{
    bool pulling = s->author.machine.state == DL__AUTHOR_PULLING;
    return when(s->phase.state == DL__HELLO && !s->hello1_heard, P_HELLO) |
           when(s->phase.state == DL__OPEN, P_OPEN) | when(s->hello2_heard, P_PUSH) |
           when(!s->hello2_heard, P_HELLO2) | when(s->hello2_told, P_TOLD) |
           when(pulling, P_PULLING | P_ASKED) | when(s->pull.repairing, P_REPAIRING | P_ASKED) |
           when(s->receiver.machine.state == DL__DOUBT, P_DOUBT) |
           when(s->test.unanswered > 0, P_TESTING) | when(s->author.peer_busy, P_BUSY) |
           when(!s->author.peer_busy, P_READY) | when(s->author.pull.to == 0, P_NO_PULL) |
           when(!s->author.proving, P_NO_PROVE) | when(s->receiver.unresumed > 0, P_RESUME);
}

static const struct dl_machine_state phases[DL__PHASES] = {
    [DL__NEW] = {"new", DL_MOVE(DL__HELLO) | DL_MOVE(DL__CLOSED)},
    [DL__HELLO] = {"hello", DL_MOVE(DL__OPEN) | DL_MOVE(DL__CLOSED)},
    [DL__OPEN] = {"open", DL_MOVE(DL__CLOSED)},
    [DL__CLOSED] = {"closed", 0},
};

void dl__phase_init(struct dl_session *s)
{
    dl_machine_init(&s->phase, phases, DL__PHASES, DL__NEW);
}

bool dl__is_open(const struct dl_session *s)
{
    return s->phase.state == DL__OPEN;
}

/* ---- ending ---- */

void dl__session_end(struct dl_session *s)
{
    DL_ASSERT(s->phase.state != DL__CLOSED && s->close.err != DL_OK, "an end has a code");
    if (s->phase.state != DL__NEW && s->out.err == DL_OK) {
        struct dl_msg_close msg = {dl_view_str(dl_err_code(s->close.err)),
                                   dl_view_str(s->close.message)};
        dl_msg_close_encode(&s->out, &msg);
    }
    dl_machine_move(&s->phase, DL__CLOSED);
}

struct dl_view dl__write_note(const struct dl_head_keys *keys, const struct dl_head *head,
                              struct dl_buf *out)
{
    DL_ASSERT(head->size > 0, "a head");
    dl_buf_reset(out);
    dl_head_write(keys, head, out);
    return dl_buf_view(out);
}

void dl__session_alarm(struct dl_session *s, enum dl_alarm_kind kind, const struct dl_head *a,
                       const struct dl_head *b)
{
    struct dl_update_alarm *alarm = &s->update->alarm;
    s->update->flags |= DL_UPDATE_ALARM;
    alarm->kind = kind;
    alarm->note[0] = dl__write_note(s->receiver.keys, a, &s->alarm[0]);
    alarm->note[1] = dl__write_note(s->receiver.keys, b, &s->alarm[1]);
    const char *what = kind == DL_ALARM_TWO_ROOTS      ? "two roots for one size"
                       : kind == DL_ALARM_PROOF_FAILED ? "a proof that does not verify"
                                                       : "a proof refused";
    dl__session_close(s, DL_E_FORK, "%s, between sizes %llu and %llu, both signed by you", what,
                      (unsigned long long)a->size, (unsigned long long)b->size);
}

static void close_heard(struct dl_session *s, struct dl_view body)
{
    struct dl_msg_close msg;
    if (dl_msg_close_decode(body, &msg) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed CLOSE");
        return;
    }
    char code[DL_CLOSE_CODE_MAX + 1] = {0};
    memcpy(code, msg.code.p, msg.code.n);
    enum dl_err err = dl_err_from_code(code);
    bool fit = dl_text_check(msg.text, DL_TEXT_NAME, NULL) == DL_OK;
    /* a code of a later version is one that this one cannot act on */
    dl_error_set(&s->close, err == DL_OK ? DL_E_PROTOCOL : err, NULL, "%.*s",
                 fit ? (int)msg.text.n : 0, (const char *)msg.text.p);
    s->close_by_peer = true;
    dl_machine_move(&s->phase, DL__CLOSED);
}

/* ---- frames ---- */

static void ping_heard(struct dl_session *s, struct dl_view body)
{
    uint64_t number = 0;
    if (dl_msg_number_decode(body, &number) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed PING");
        return;
    }
    dl_msg_number_encode(&s->out, DL_FRAME_PONG, number);
}

static void pong_heard(struct dl_session *s, struct dl_view body)
{
    uint64_t number = 0;
    if (dl_msg_number_decode(body, &number) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed PONG");
    }
}

static void busy_heard(struct dl_session *s, struct dl_view body)
{
    DL_ASSERT(body.n == 0, "the table of frames says so");
    dl__busy_heard(s);
}

typedef void (*handler_fn)(struct dl_session *s, struct dl_view body);

static const handler_fn handlers[DL_FRAME_TYPES] = {
    [DL_FRAME_HELLO1] = dl__hello1_heard,
    [DL_FRAME_HELLO2] = dl__hello2_heard,
    [DL_FRAME_CHECKPOINT] = dl__checkpoint_heard,
    [DL_FRAME_RECEIPT] = dl__receipt_heard,
    [DL_FRAME_CREDIT] = dl__credit_heard,
    [DL_FRAME_BUSY] = busy_heard,
    [DL_FRAME_READY] = dl__ready_heard,
    [DL_FRAME_PING] = ping_heard,
    [DL_FRAME_PONG] = pong_heard,
    [DL_FRAME_PULL] = dl__pull_heard,
    [DL_FRAME_RETURN_CHECKPOINT] = dl__return_checkpoint_heard,
    [DL_FRAME_PULL_END] = dl__pull_end_heard,
    [DL_FRAME_PROVE] = dl__prove_heard,
    [DL_FRAME_PROOF] = dl__proof_heard,
    [DL_FRAME_TEST] = dl__test_heard,
    [DL_FRAME_TEST_REPLY] = dl__test_reply_heard,
    [DL_FRAME_CLOSE] = close_heard,
    [DL_FRAME_RESUME] = dl__resume_heard,
};

static void frame_heard(struct dl_session *s, const struct dl_frame *frame)
{
    unsigned needed = permit[frame->type];
    if ((conditions(s) & needed) != needed) {
        dl__session_close(s, DL_E_FRAME_STATE, "%s is not allowed now", dl_frame_name(frame->type));
        return;
    }
    if (handlers[frame->type] != NULL) {
        handlers[frame->type](s, frame->body);
    } else {
        dl__entry_heard(s, frame);
    }
}

/* The caller must act first: on what was delivered, or by answering, or by committing. */
static bool must_stop(const struct dl_session *s)
{
    return s->phase.state == DL__CLOSED || s->asking || s->author.proving ||
           s->receiver.n_pending == DL__PENDING_MAX ||
           (s->update->flags &
            (DL_UPDATE_STORE | DL_UPDATE_RETURN | DL_UPDATE_REPAIR | DL_UPDATE_FLOOR |
             DL_UPDATE_RECEIPT | DL_UPDATE_JOURNAL | DL_UPDATE_PEER | DL_UPDATE_TESTED)) != 0;
}

static struct dl_view unread(const struct dl_session *s)
{
    return s->in.n == s->in_used ? (struct dl_view){0}
                                 : dl_view_of(s->in.p + s->in_used, s->in.n - s->in_used);
}

static void read_frames(struct dl_session *s)
{
    while (!must_stop(s)) {
        struct dl_view rest = unread(s);
        size_t max = dl__is_open(s) ? DL_LIMIT_FRAME : DL_LIMIT_FRAME_EARLY;
        struct dl_frame frame;
        size_t used = 0;
        enum dl_err err = dl_frame_read(rest, max, &frame, &used);
        if (err != DL_OK) {
            dl__session_close(s, err, "a frame with a header that cannot be");
            return;
        }
        if (used == 0) {
            s->clock.frame = rest.n == 0 ? 0 : s->clock.frame != 0 ? s->clock.frame : s->now;
            return;
        }
        s->clock.frame = 0;
        s->in_used += used;
        frame_heard(s, &frame);
    }
    if (s->in_used < s->in.n && s->phase.state != DL__CLOSED) {
        bool full = s->receiver.n_pending == DL__PENDING_MAX;
        s->update->flags |= full ? DL_UPDATE_COMMIT : DL_UPDATE_MORE;
    }
}

/* Drop what was read, up to the batch that is being assembled. */
static void compact(struct dl_session *s)
{
    bool open = s->batch != NULL && s->batch->type != DL_FRAME_NONE;
    size_t keep = open ? s->batch->base : s->in_used;
    DL_ASSERT(keep <= s->in_used && s->in_used <= s->in.n, "offsets within the buffer");
    dl_buf_consume(&s->in, keep);
    s->in_used -= keep;
    if (open) {
        s->batch->base = 0;
    }
}

static void bytes_heard(struct dl_session *s, struct dl_view octets)
{
    if (octets.n > 0) {
        dl__clock_heard(s);
    }
    dl_buf_put_view(&s->in, octets);
    if (dl_buf_err(&s->in) != DL_OK) {
        dl__session_close(s, DL_E_LIMIT, "more octets than this side can hold");
    }
}

/* ---- the step ---- */

static void answer(struct dl_session *s, const struct dl_session_event *event)
{
    switch (event->type) {
    case DL_ON_ENTRIES:
        dl__entries_answered(s, event);
        break;
    case DL_ON_ROOTS:
        dl__roots_answered(s, event);
        break;
    case DL_ON_PROOF:
        dl__proof_answered(s, event);
        break;
    case DL_ON_STORED:
        dl__stored(s, event->size);
        break;
    case DL_ON_RETURNED:
        dl__returned(s, event->size);
        break;
    default:
        DL_ASSERT(false, "every event has its case");
    }
}

static void dispatch(struct dl_session *s, const struct dl_session_event *event)
{
    switch (event->type) {
    case DL_ON_OPEN:
        dl__hello_start(s);
        break;
    case DL_ON_BYTES:
        bytes_heard(s, event->octets);
        break;
    case DL_ON_NEXT:
        break;
    case DL_ON_GREW:
        dl__grew(s, event);
        break;
    case DL_ON_FULL:
        dl__full(s, event->size);
        break;
    case DL_ON_READY:
        dl__ready(s, event);
        break;
    case DL_ON_TIME:
        dl__clock_check(s);
        break;
    case DL_ON_PROBE:
        dl__probe(s);
        break;
    case DL_ON_TEST:
        dl__test_start(s, event->octets);
        break;
    case DL_ON_REPAIR:
        dl__repair(s, event);
        break;
    case DL_ON_CLOSE:
        dl__session_close(s, event->code, "%.*s", DL_VIEW_ARG(event->octets));
        break;
    default:
        answer(s, event);
    }
}

static void finish(struct dl_session *s)
{
    struct dl_session_update *update = s->update;
    if (dl_buf_err(&s->out) != DL_OK) {
        dl_buf_reset(&s->out); /* what is cut must not be sent */
        dl__session_close(s, DL_E_LIMIT, "more to send than this side can hold");
    }
    update->send = dl_buf_view(&s->out);
    update->wake_ms = dl__clock_next(s);
    if (s->phase.state == DL__CLOSED) {
        update->flags = (update->flags | DL_UPDATE_CLOSED) &
                        ~(unsigned)(DL_UPDATE_MORE | DL_UPDATE_COMMIT | DL_UPDATE_WANT);
        update->code = s->close.err;
        update->by_peer = s->close_by_peer;
        update->text = dl_view_str(s->close.message);
    }
}

void dl_session_step(struct dl_session *session, const struct dl_session_event *event,
                     struct dl_session_update *update)
{
    struct dl_session *s = session;
    DL_ASSERT(event->now_ms > 0, "the clock runs");
    DL_ASSERT((event->type == DL_ON_OPEN) == (s->phase.state == DL__NEW), "OPEN once, and first");
    memset(update, 0, sizeof *update);
    s->update = update;
    s->now = event->now_ms;
    s->unix_ms = event->unix_ms;
    dl_buf_reset(&s->out);
    if (s->phase.state != DL__CLOSED) {
        compact(s);
        dispatch(s, event);
        read_frames(s);
    }
    if (dl__is_open(s)) {
        dl__want(s);
    }
    finish(s);
    s->update = NULL;
}
