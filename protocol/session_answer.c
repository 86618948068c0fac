/* What the peer asks for: its own entries back, single entries of either journal, and proofs about
 * ours. */
#include "protocol/session_internal.h"

static void pull_end(struct dl_session *s, uint64_t from, uint64_t to)
{
    struct dl_msg_range end = {from, to};
    dl_msg_range_encode(&s->out, DL_FRAME_PULL_END, &end);
    s->author.pull = (struct dl_msg_pull){0};
}

void dl__pull_heard(struct dl_session *s, struct dl_view body)
{
    struct dl_msg_pull msg;
    if (dl_msg_pull_decode(body, &msg) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed PULL");
        return;
    }
    uint64_t size = msg.yours ? s->author.size : s->receiver.size;
    bool may = msg.yours ? s->author.machine.state == DL__AUTHOR_SERVING : !s->receiver.behind;
    s->author.pull = msg;
    if (!may || msg.to > size) {
        pull_end(s, msg.from, msg.from);
    }
}

/* Entries for a PULL: batches of the asker's journal, each with its checkpoint as we stored it, or
 * single entries in one answer. */
void dl__pull_answered(struct dl_session *s, const struct dl_session_event *event)
{
    struct dl__author *a = &s->author;
    DL_ASSERT(a->pull.to != 0 && event->n <= a->pull.to - a->pull.from, "what was asked for");
    if (event->n == 0) {
        pull_end(s, a->pull.from, a->pull.from);
        return;
    }
    if (a->pull.repair) {
        dl__send_entries(s, DL_FRAME_REPAIR_ENTRY, event);
        pull_end(s, a->pull.from, a->pull.from + event->n);
        return;
    }
    dl__send_entries(s, DL_FRAME_RETURN_ENTRY, event);
    dl_msg_note_encode(&s->out, DL_FRAME_RETURN_CHECKPOINT, event->note);
    a->pull.from += event->n;
    if (a->pull.from == a->pull.to) {
        a->pull = (struct dl_msg_pull){0};
    }
}

static void refuse_proof(struct dl_session *s, const struct dl_msg_range *range)
{
    struct dl_msg_proof proof = {.from = range->from, .to = range->to, .refused = true};
    dl_msg_proof_encode(&s->out, &proof);
}

void dl__prove_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__author *a = &s->author;
    struct dl_msg_range msg;
    if (dl_msg_range_decode(body, &msg) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed PROVE");
        return;
    }
    if (msg.from == 0 || msg.to > a->size) {
        refuse_proof(s, &msg);
        return;
    }
    a->proving = true;
    a->prove = msg;
    s->update->flags |= DL_UPDATE_PROOF;
    s->update->from = msg.from;
    s->update->to = msg.to;
}

void dl__proof_answered(struct dl_session *s, const struct dl_session_event *event)
{
    struct dl__author *a = &s->author;
    DL_ASSERT(a->proving, "the answer to PROOF");
    a->proving = false;
    if (event->proof == NULL) {
        refuse_proof(s, &a->prove);
        return;
    }
    struct dl_msg_proof msg = {.from = a->prove.from, .to = a->prove.to, .proof = *event->proof};
    dl_msg_proof_encode(&s->out, &msg);
}
