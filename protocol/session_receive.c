/* The receiver's part: batches of the peer's journal. A batch is taken when the tree of what we
 * hold and its entries gives the root that its checkpoint signs (I5); nothing else is believed. */
#include "protocol/session_internal.h"

/* What arrives is dropped: a proof is awaited, or the disk is full, or this was sent before our
 * READY arrived. */
static bool drops(const struct dl__receiver *r)
{
    return r->machine.state == DL__DOUBT || r->busy || r->skipping;
}

static bool within_credit(struct dl_session *s, size_t octets)
{
    struct dl__receiver *r = &s->receiver;
    if (r->received.entries + 1 > r->granted.entries ||
        r->received.octets + octets > r->granted.octets) {
        dl__session_close(s, DL_E_LIMIT, "more entries than credit was given for");
        return false;
    }
    r->received.entries++;
    r->received.octets += octets;
    return true;
}

/* The tree passes a size of which the peer signed a root: the same root, or it is remembered. */
static void pass_notes(struct dl__receiver *r)
{
    for (int i = 0; i < DL_RECEIVER_NOTES; i++) {
        const struct dl_hello_point *point = &r->in.note[i];
        if (point->present && point->size == r->next) {
            struct dl_hash root = dl_frontier_root(&r->frontier);
            if (!dl_hash_equal(&root, &point->root)) {
                r->off = i;
            }
        }
    }
}

static void push_heard(struct dl_session *s, const struct dl_msg_entry *msg)
{
    struct dl__receiver *r = &s->receiver;
    if (drops(r)) {
        dl__settle(s, 1, dl_entry_octets_size(&msg->entry));
        return;
    }
    if (msg->index != r->next) {
        dl__session_close(s, DL_E_PROTOCOL, "entry %llu where %llu is next",
                          (unsigned long long)msg->index, (unsigned long long)r->next);
        return;
    }
    if (!dl__batch_add(s, DL_FRAME_ENTRY, msg)) {
        return;
    }
    if (r->next == 0 && r->generation > 1 && !s->batch->renewed) {
        dl__session_close(s, DL_E_PROTOCOL, "generation %u does not begin with a renewal",
                          r->generation);
        return;
    }
    dl_frontier_append(&r->frontier, &s->batch->leaves[s->batch->n - 1]);
    r->next++;
    DL_ASSERT(r->frontier.size == r->next, "the frontier is of `next`");
    pass_notes(r);
}

void dl__entry_heard(struct dl_session *s, const struct dl_frame *frame)
{
    struct dl_msg_entry msg;
    if (dl_msg_entry_decode(frame->body, &msg) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed %s", dl_frame_name(frame->type));
        return;
    }
    if (!within_credit(s, dl_entry_octets_size(&msg.entry))) {
        return;
    }
    if (frame->type == DL_FRAME_ENTRY) {
        push_heard(s, &msg);
    } else {
        dl__return_entry_heard(s, frame->type, &msg);
    }
}

/* ---- the checkpoint that ends a batch ---- */

/* Without a batch before it: the newest checkpoint once more. */
static void restated(struct dl_session *s, const struct dl_head *head)
{
    struct dl__receiver *r = &s->receiver;
    if (head->size != r->next || r->next == 0) {
        dl__session_close(s, DL_E_PROTOCOL, "a checkpoint of size %llu after entry %llu",
                          (unsigned long long)head->size, (unsigned long long)r->next);
    } else if (!dl_hash_equal(&head->root, &r->head.root)) {
        dl__session_alarm(s, DL_ALARM_TWO_ROOTS, &r->head, head);
    }
}

/* The batch does not give its root: who is wrong is told by a proof between what we hold and what
 * the peer signed. From nothing to anything every tree is consistent, so there is nothing to ask.
 */
static void wrong_root(struct dl_session *s, const struct dl_head *head)
{
    struct dl__receiver *r = &s->receiver;
    dl__batch_drop(s);
    if (r->head.size == 0) {
        dl__session_close(s, DL_E_BATCH_ROOT, "the entries up to %llu do not give its root",
                          (unsigned long long)head->size);
        return;
    }
    dl__doubt(s, DL_E_BATCH_ROOT, &r->head, head);
}

/* The tree went past a note of the peer's that it does not contain. */
static void off_note(struct dl_session *s, const struct dl_head *head)
{
    struct dl__receiver *r = &s->receiver;
    const struct dl_head *note = &r->note[r->off];
    dl__batch_drop(s);
    if (note->size == head->size) {
        dl__session_alarm(s, DL_ALARM_TWO_ROOTS, note, head);
    } else {
        dl__doubt(s, DL_E_BATCH_ROOT, note, head);
    }
}

static void batch_ended(struct dl_session *s, const struct dl_head *head)
{
    struct dl__receiver *r = &s->receiver;
    struct dl_hash root = dl_frontier_root(&r->frontier);
    int against = dl_hello_contradicts(r->in.note, DL_RECEIVER_NOTES, head->size, &head->root);
    if (head->size != r->next) {
        dl__session_close(s, DL_E_PROTOCOL, "a checkpoint of size %llu after entry %llu",
                          (unsigned long long)head->size, (unsigned long long)r->next);
    } else if (against >= 0) {
        dl__batch_drop(s);
        dl__session_alarm(s, DL_ALARM_TWO_ROOTS, &r->note[against], head);
    } else if (!dl_hash_equal(&root, &head->root)) {
        wrong_root(s, head);
    } else if (r->off >= 0) {
        off_note(s, head);
    } else {
        struct dl__pending *pending = &r->pending[r->n_pending++];
        DL_ASSERT(s->batch != NULL && s->batch->n > 0, "an open batch");
        DL_ASSERT(r->n_pending <= DL__PENDING_MAX, "reading stops before that");
        *pending = (struct dl__pending){*head, s->batch->n, s->batch->octets};
        r->head = *head;
        r->announced = r->announced > head->size ? r->announced : head->size;
        s->update->flags |= DL_UPDATE_STORE;
        s->update->batch.cosign = head->size >= r->cosigned.size;
        dl__batch_deliver(s, head);
    }
}

void dl__checkpoint_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__receiver *r = &s->receiver;
    struct dl_head head;
    if (s->batch != NULL && s->batch->type != DL_FRAME_NONE && !dl__batch_is(s, DL_FRAME_ENTRY)) {
        dl__session_close(s, DL_E_FRAME_STATE, "CHECKPOINT within another batch");
        return;
    }
    if (drops(r)) {
        return;
    }
    enum dl_err err = dl_head_read(r->keys, body, false, &head);
    if (err != DL_OK) {
        dl__session_close(s, err, "a checkpoint: %s", dl_err_text(err));
    } else if (dl__batch_is(s, DL_FRAME_ENTRY)) {
        batch_ended(s, &head);
    } else {
        restated(s, &head);
    }
}

/* ---- doubt ---- */

void dl__doubt(struct dl_session *s, enum dl_err code, const struct dl_head *from,
               const struct dl_head *to)
{
    struct dl__receiver *r = &s->receiver;
    DL_ASSERT(from->size > 0 && from->size < to->size, "between two signed sizes");
    struct dl_msg_range range = {from->size, to->size};
    dl_msg_range_encode(&s->out, DL_FRAME_PROVE, &range);
    r->doubt[0] = *from;
    r->doubt[1] = *to;
    r->doubt_code = code;
    r->doubt_until = s->now + DL_TIME_FRAME_MS;
    dl_machine_move(&r->machine, DL__DOUBT);
}

void dl__proof_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__receiver *r = &s->receiver;
    struct dl_msg_proof msg;
    if (dl_msg_proof_decode(body, &msg) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed PROOF");
        return;
    }
    if (msg.from != r->doubt[0].size || msg.to != r->doubt[1].size) {
        dl__session_close(s, DL_E_PROTOCOL, "a PROOF that was not asked for");
        return;
    }
    if (msg.refused) {
        dl__session_alarm(s, DL_ALARM_PROOF_REFUSED, &r->doubt[0], &r->doubt[1]);
        return;
    }
    if (dl_consistency_check(&msg.proof, msg.from, msg.to, &r->doubt[0].root, &r->doubt[1].root) !=
        DL_OK) {
        s->update->alarm.proof = body;
        dl__session_alarm(s, DL_ALARM_PROOF_FAILED, &r->doubt[0], &r->doubt[1]);
        return;
    }
    dl__session_close(s, r->doubt_code, "what came or is stored between %llu and %llu is damaged",
                      (unsigned long long)msg.from, (unsigned long long)msg.to);
}
