/* HELLO: each side tells what it holds of the other's journal; what that means is decided in
 * protocol/hello_decide.c; here it is said, verified and acted upon. */
#include "protocol/session_internal.h"

#include <string.h>

static struct dl_view note_or_none(const struct dl_head_keys *keys, const struct dl_head *head,
                                   struct dl_buf *out)
{
    return head->size == 0 ? (struct dl_view){0} : dl__write_note(keys, head, out);
}

void dl__hello_start(struct dl_session *s)
{
    struct dl__receiver *r = &s->receiver;
    struct dl__author *a = &s->author;
    char held[DL_LIMIT_ORIGIN + 1];
    char own[DL_LIMIT_ORIGIN + 1];
    enum dl_err err = dl_origin_of(dl_view_str(s->base_theirs), r->generation, held);
    enum dl_err other = dl_origin_of(dl_view_str(s->base_ours), a->generation, own);
    DL_ASSERT(err == DL_OK && other == DL_OK, "checked when the keys were made");
    struct dl_msg_hello1 msg = {
        .from = dl_view_str(s->us),
        .to = dl_view_str(s->peer),
        .held_origin = dl_view_str(held),
        .held_size = r->size,
        .held_note = note_or_none(r->keys, &r->stored, &s->note[0]),
        .held_cosigned = note_or_none(r->keys, &r->cosigned, &s->note[1]),
        .own_origin = dl_view_str(own),
        .receipt = note_or_none(a->keys, &a->note[DL_AUTHOR_RECEIPT], &s->receipt),
        .busy = r->busy,
    };
    dl_msg_hello1_encode(&s->out, &msg);
    r->busy_told = r->busy;
    dl_machine_move(&s->phase, DL__HELLO);
    dl__clock_start(s);
}

/* ---- HELLO1: what the peer holds of ours ---- */

static enum dl_err take_held(struct dl_session *s, const struct dl_msg_hello1 *msg)
{
    struct dl__author *a = &s->author;
    a->held_generation = dl_origin_generation(dl_view_str(s->base_ours), msg->held_origin);
    if (a->held_generation == 0) {
        return DL_E_ORIGIN;
    }
    if (a->held_generation != a->generation) {
        return DL_OK; /* of an earlier one nothing counts; a later one makes ours lost */
    }
    if (msg->held_note.n > 0) {
        DL_TRY(dl_head_read(a->keys, msg->held_note, false, &a->note[DL_AUTHOR_HELD]));
        if (a->note[DL_AUTHOR_HELD].size != msg->held_size) {
            return DL_E_PROTOCOL;
        }
    }
    if (msg->held_cosigned.n > 0) {
        DL_TRY(dl_head_read(a->keys, msg->held_cosigned, true, &a->note[DL_AUTHOR_COSIGNED]));
    }
    a->held = msg->held_size;
    return DL_OK;
}

/* A journal renewed: its next generation is received from its first entry on. */
static enum dl_err begin_generation(struct dl_session *s, unsigned generation)
{
    struct dl__receiver *r = &s->receiver;
    struct dl_head_keys *keys = NULL;
    DL_TRY(dl__keys_of_theirs(s, generation, &keys));
    dl_head_keys_free(&r->keys);
    r->keys = keys;
    r->generation = generation;
    r->fresh = true;
    r->size = 0;
    r->next = 0;
    r->head = (struct dl_head){0};
    r->stored = (struct dl_head){0};
    r->cosigned = (struct dl_head){0};
    dl_frontier_init(&r->frontier);
    return DL_OK;
}

static enum dl_err take_own(struct dl_session *s, const struct dl_msg_hello1 *msg)
{
    struct dl__receiver *r = &s->receiver;
    unsigned told = dl_origin_generation(dl_view_str(s->base_theirs), msg->own_origin);
    if (told == 0) {
        return DL_E_ORIGIN;
    }
    if (told > r->generation) {
        DL_TRY(begin_generation(s, told));
    }
    r->behind = told < r->generation;
    if (msg->receipt.n > 0 && !r->behind) {
        DL_TRY(dl_head_read(r->keys, msg->receipt, true, &r->note[DL_RECEIVER_RECEIPT]));
    }
    r->note[DL_RECEIVER_STORED] = r->head;
    r->note[DL_RECEIVER_COSIGNED] = r->cosigned;
    return DL_OK;
}

/* ---- roots ---- */

static void point_at(struct dl_hello_point *point, const struct dl_head *head)
{
    *point =
        (struct dl_hello_point){.present = head->size > 0, .size = head->size, .root = head->root};
}

/* Note the disk's root of a point: known where the frontier is, otherwise asked for. */
static void ask_root(struct dl_session *s, enum dl_side side, struct dl_hello_point *point)
{
    bool ours = side == DL_SIDE_OURS;
    uint64_t size = ours ? s->author.size : s->receiver.size;
    if (!point->present || point->size > size) {
        return;
    }
    const struct dl_frontier *frontier = ours ? &s->author.frontier : &s->receiver.frontier;
    if (point->size == frontier->size) {
        point->disk = dl_frontier_root(frontier);
        return;
    }
    DL_ASSERT(s->n_roots < DL__ROOTS_MAX, "one a note");
    s->roots[s->n_roots++] = (struct dl_session_root){.side = side, .size = point->size};
    s->asking = true;
}

static void fill_roots(struct dl_session *s, enum dl_side side, struct dl_hello_point *points,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < s->n_roots; k++) {
            if (s->roots[k].side == side && s->roots[k].size == points[i].size) {
                points[i].disk = s->roots[k].root;
            }
        }
    }
}

static void ask_roots(struct dl_session *s)
{
    struct dl__author *a = &s->author;
    struct dl__receiver *r = &s->receiver;
    s->n_roots = 0;
    for (size_t i = 0; i < DL_AUTHOR_NOTES && !s->hello1_heard; i++) {
        point_at(&a->in.note[i], &a->note[i]);
        ask_root(s, DL_SIDE_OURS, &a->in.note[i]);
    }
    for (size_t i = 0; i < DL_RECEIVER_NOTES; i++) {
        point_at(&r->in.note[i], &r->note[i]);
        ask_root(s, DL_SIDE_THEIRS, &r->in.note[i]);
    }
    if (s->asking) {
        s->update->flags |= DL_UPDATE_ROOTS;
        s->update->roots = s->roots;
        s->update->n_roots = s->n_roots;
    }
}

/* ---- deciding ---- */

static void tell_journal(struct dl_session *s, const struct dl_author_verdict *verdict)
{
    struct dl__author *a = &s->author;
    struct dl_update_journal *journal = &s->update->journal;
    s->update->flags |= DL_UPDATE_JOURNAL;
    a->journal = verdict->state;
    journal->state = verdict->state;
    journal->size = verdict->known;
    journal->held_generation = a->held_generation;
    int first = verdict->state == DL_JOURNAL_FORKED ? verdict->against[0] : verdict->newest;
    int second = verdict->state == DL_JOURNAL_FORKED ? verdict->against[1] : verdict->receipt;
    if (first >= 0) {
        journal->note[0] = dl__write_note(a->keys, &a->note[first], &s->note[0]);
    }
    if (second >= 0) {
        journal->note[1] = dl__write_note(a->keys, &a->note[second], &s->note[1]);
    }
}

/* A note of ours with the peer's cosignature is a receipt, also when the receipt itself was lost.
 */
static void take_receipt(struct dl_session *s, const struct dl_author_verdict *verdict)
{
    struct dl__author *a = &s->author;
    if (verdict->receipt < 0) {
        return;
    }
    a->receipt = a->note[verdict->receipt];
    bool newer = a->receipt.size > a->note[DL_AUTHOR_RECEIPT].size;
    if (newer && a->receipt.size <= a->size) {
        dl__receipt_tell(s);
    }
}

void dl__receipt_tell(struct dl_session *s)
{
    const struct dl_head *head = &s->author.receipt;
    struct dl_update_receipt *receipt = &s->update->receipt;
    int64_t off_s = head->time - s->unix_ms / 1000;
    DL_ASSERT(head->size > 0 && head->size <= s->author.size && head->time > 0, "I3");
    s->update->flags |= DL_UPDATE_RECEIPT;
    receipt->note = dl__write_note(s->author.keys, head, &s->receipt);
    receipt->size = head->size;
    receipt->time = head->time;
    receipt->clock = off_s > DL_TIME_SKEW_MS / 1000 || off_s < -DL_TIME_SKEW_MS / 1000;
}

static void tell_hello2(struct dl_session *s)
{
    struct dl__author *a = &s->author;
    bool closed = a->journal != DL_JOURNAL_CONFIRMED;
    bool mute = a->machine.state == DL__AUTHOR_MUTE;
    struct dl_msg_hello2 msg = {.closed = closed};
    if (!mute && a->newest.size > 0) {
        msg.note = dl__write_note(a->keys, &a->newest, &s->scratch);
    }
    dl_msg_hello2_encode(&s->out, &msg);
    s->hello2_told = true;
    s->clock.heartbeat = s->now + DL_TIME_HEARTBEAT_MS;
}

/* Go on after what the peer holds, unless it holds more than is served. */
void dl__confirmed(struct dl_session *s)
{
    struct dl__author *a = &s->author;
    dl_machine_move(&a->machine, DL__AUTHOR_SERVING);
    a->next = a->held < a->size ? a->held : a->size;
    tell_hello2(s);
}

static void decide_author(struct dl_session *s)
{
    struct dl__author *a = &s->author;
    struct dl_author_verdict verdict;
    a->in.state = a->journal;
    a->in.size = a->size;
    a->in.held = a->held;
    dl_hello_decide_author(&a->in, &verdict);
    if (a->held_generation > a->generation && verdict.state != DL_JOURNAL_FORKED) {
        verdict.state = DL_JOURNAL_LOST; /* the peer knows a later generation than we remember */
        verdict.serve = false;
    }
    bool changed = verdict.state != a->journal;
    if (changed) {
        tell_journal(s, &verdict);
    }
    s->lost_copy = verdict.lost_copy;
    if (verdict.serve) {
        take_receipt(s, &verdict);
    }
    if (verdict.state == DL_JOURNAL_REWOUND) {
        dl__pull_start(s, verdict.known);
    } else if (verdict.serve) {
        dl__confirmed(s);
    } else {
        dl_machine_move(&a->machine, DL__AUTHOR_MUTE);
        tell_hello2(s);
    }
}

static void raise_floor(struct dl_session *s)
{
    struct dl__receiver *r = &s->receiver;
    r->cosigned = r->note[DL_RECEIVER_RECEIPT];
    r->note[DL_RECEIVER_COSIGNED] = r->cosigned;
    s->update->flags |= DL_UPDATE_FLOOR;
    s->update->floor_generation = r->generation;
    s->update->floor = dl__write_note(r->keys, &r->cosigned, &s->floor);
}

/* True when nothing speaks against the peer's journal. */
static bool decide_receiver(struct dl_session *s)
{
    struct dl__receiver *r = &s->receiver;
    struct dl_receiver_verdict verdict;
    r->in.told = s->hello2_heard;
    r->in.closed = r->closed;
    r->in.size = r->size;
    dl_hello_decide_receiver(&r->in, &verdict);
    switch (verdict.what) {
    case DL_RECEIVER_TWO_ROOTS:
        dl__session_alarm(s, DL_ALARM_TWO_ROOTS, &r->note[verdict.a], &r->note[verdict.b]);
        return false;
    case DL_RECEIVER_PROVE:
        dl__doubt(s, DL_E_STORE_CORRUPT, &r->note[verdict.a], &r->note[verdict.b]);
        return false;
    case DL_RECEIVER_SHRUNK:
        dl__session_close(s, DL_E_CHECKPOINT,
                          "your newest checkpoint is of size %llu, but you signed one of %llu",
                          (unsigned long long)r->note[DL_RECEIVER_NEWEST].size,
                          (unsigned long long)r->note[verdict.b].size);
        return false;
    case DL_RECEIVER_OK:
        break;
    }
    if (verdict.raise_floor) {
        raise_floor(s);
    }
    return true;
}

void dl__peer_changed(struct dl_session *s)
{
    const struct dl__author *a = &s->author;
    const struct dl__receiver *r = &s->receiver;
    s->update->flags |= DL_UPDATE_PEER;
    s->update->peer = (struct dl_update_peer){
        .lost_copy = s->lost_copy,
        .busy = a->peer_busy,
        .closed = r->closed,
        .held = a->held,
        .receipted = a->receipt.size,
        .theirs = r->announced,
        .generation = r->generation,
    };
}

static void hello1_decided(struct dl_session *s)
{
    s->hello1_heard = true;
    dl_machine_move(&s->phase, DL__OPEN);
    s->update->flags |= DL_UPDATE_OPENED;
    decide_author(s);
    if (decide_receiver(s) || dl__is_open(s)) {
        dl__busy_tell(s);
        dl__peer_changed(s);
    }
}

void dl__hello1_heard(struct dl_session *s, struct dl_view body)
{
    struct dl_msg_hello1 msg;
    if (dl_msg_hello1_decode(body, &msg) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed HELLO1");
        return;
    }
    if (!dl_view_is(msg.from, s->peer) || !dl_view_is(msg.to, s->us)) {
        dl__session_close(s, DL_E_PROTOCOL, "HELLO1 is from another agency or to another");
        return;
    }
    enum dl_err err = take_held(s, &msg);
    if (err == DL_OK) {
        err = take_own(s, &msg);
    }
    if (err != DL_OK) {
        dl__session_close(s, err, "a note in HELLO1: %s", dl_err_text(err));
        return;
    }
    s->author.peer_busy = msg.busy;
    ask_roots(s);
    if (!s->asking) {
        hello1_decided(s);
    }
}

/* ---- HELLO2 ---- */

static void hello2_decided(struct dl_session *s)
{
    s->hello2_heard = true;
    if (decide_receiver(s)) {
        if (s->receiver.machine.state == DL__WAITING) {
            dl_machine_move(&s->receiver.machine, DL__RECEIVING);
        }
        dl__peer_changed(s);
    }
}

void dl__hello2_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__receiver *r = &s->receiver;
    struct dl_msg_hello2 msg;
    if (dl_msg_hello2_decode(body, &msg) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed HELLO2");
        return;
    }
    r->closed = msg.closed;
    if (r->behind) {
        if (!msg.closed) {
            dl__session_close(s, DL_E_ORIGIN, "your journal was renewed; this is an older one");
            return;
        }
        msg.note = (struct dl_view){0}; /* of the old generation: nothing that we hold */
    }
    if (msg.note.n > 0) {
        enum dl_err err = dl_head_read(r->keys, msg.note, false, &r->note[DL_RECEIVER_NEWEST]);
        if (err != DL_OK) {
            dl__session_close(s, err, "the checkpoint in HELLO2: %s", dl_err_text(err));
            return;
        }
        r->announced = r->note[DL_RECEIVER_NEWEST].size;
    }
    if (r->machine.state == DL__DOUBT) {
        s->hello2_heard = true; /* the answer to the proof decides */
        return;
    }
    ask_roots(s);
    if (!s->asking) {
        hello2_decided(s);
    }
}

void dl__roots_answered(struct dl_session *s, const struct dl_session_event *event)
{
    DL_ASSERT(s->asking && event->n == s->n_roots, "the answer to ROOTS");
    memmove(s->roots, event->roots, s->n_roots * sizeof s->roots[0]);
    s->asking = false;
    fill_roots(s, DL_SIDE_THEIRS, s->receiver.in.note, DL_RECEIVER_NOTES);
    if (!s->hello1_heard) {
        fill_roots(s, DL_SIDE_OURS, s->author.in.note, DL_AUTHOR_NOTES);
        hello1_decided(s);
    } else {
        hello2_decided(s);
    }
}
