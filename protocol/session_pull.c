/* Our own entries coming back: of a journal that was rewound (whole batches, up to the highest note
 * known to be ours), or single ones for a repair. */
#include "protocol/session_internal.h"

#include <string.h>

void dl__pull_start(struct dl_session *s, uint64_t to)
{
    struct dl__author *a = &s->author;
    struct dl__pull *pull = &s->pull;
    DL_ASSERT(a->frontier.size == a->size && to > a->size, "I5: rewound");
    dl_machine_move(&a->machine, DL__AUTHOR_PULLING);
    pull->next = a->size;
    pull->to = to;
    pull->frontier = a->frontier;
    pull->off = -1;
    pull->deadline = s->now + DL_TIME_DOWN_MS;
    struct dl_msg_pull msg = {.from = a->size, .to = to};
    dl_msg_pull_encode(&s->out, &msg);
}

static void take_return(struct dl_session *s, const struct dl_msg_entry *msg)
{
    struct dl__author *a = &s->author;
    struct dl__pull *pull = &s->pull;
    if (msg->index != pull->next || pull->next == pull->to) {
        dl__session_close(s, DL_E_PROTOCOL, "entry %llu came back where %llu is next",
                          (unsigned long long)msg->index, (unsigned long long)pull->next);
        return;
    }
    if (!dl__batch_add(s, DL_FRAME_RETURN_ENTRY, msg)) {
        return;
    }
    dl_frontier_append(&pull->frontier, &s->batch->leaves[s->batch->n - 1]);
    pull->next++;
    struct dl_hash root = dl_frontier_root(&pull->frontier);
    int against = dl_hello_contradicts(a->in.note, DL_AUTHOR_NOTES, pull->next, &root);
    pull->off = against >= 0 ? against : pull->off;
}

static void take_repair(struct dl_session *s, const struct dl_msg_entry *msg)
{
    struct dl__pull *pull = &s->pull;
    size_t n = dl__batch_is(s, DL_FRAME_REPAIR_ENTRY) ? s->batch->n : 0;
    if (msg->index != pull->repair.from + n || msg->index >= pull->repair.to) {
        dl__session_close(s, DL_E_PROTOCOL, "entry %llu was not asked for",
                          (unsigned long long)msg->index);
        return;
    }
    if (!dl__batch_add(s, DL_FRAME_REPAIR_ENTRY, msg)) {
        DL_ASSERT(!dl__is_open(s), "a refusal closes");
    }
}

void dl__return_entry_heard(struct dl_session *s, enum dl_frame_type type,
                            const struct dl_msg_entry *msg)
{
    s->pull.deadline = s->now + DL_TIME_DOWN_MS;
    if (type == DL_FRAME_RETURN_ENTRY) {
        take_return(s, msg);
    } else {
        take_repair(s, msg);
    }
}

/* Two notes that we signed do not lie on one history. */
static void found_forked(struct dl_session *s, const struct dl_head *head)
{
    struct dl__author *a = &s->author;
    struct dl_update_journal *journal = &s->update->journal;
    a->journal = DL_JOURNAL_FORKED;
    s->update->flags |= DL_UPDATE_JOURNAL;
    journal->state = DL_JOURNAL_FORKED;
    journal->size = head->size;
    journal->held_generation = a->held_generation;
    journal->note[0] = dl__write_note(a->keys, &a->note[s->pull.off], &s->note[0]);
    journal->note[1] = dl__write_note(a->keys, head, &s->note[1]);
    dl__session_close(s, DL_E_FORK, "my own notes contradict each other at size %llu",
                      (unsigned long long)head->size);
}

void dl__return_checkpoint_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__pull *pull = &s->pull;
    struct dl_head head;
    if (!dl__batch_is(s, DL_FRAME_RETURN_ENTRY)) {
        dl__session_close(s, DL_E_FRAME_STATE, "RETURN_CHECKPOINT without entries");
        return;
    }
    enum dl_err err = dl_head_read(s->author.keys, body, false, &head);
    if (err != DL_OK) {
        dl__session_close(s, err, "a note of mine: %s", dl_err_text(err));
        return;
    }
    struct dl_hash root = dl_frontier_root(&pull->frontier);
    if (head.size != pull->next || !dl_hash_equal(&root, &head.root)) {
        dl__session_close(s, DL_E_BATCH_ROOT, "what came back up to %llu does not give its root",
                          (unsigned long long)head.size);
    } else if (pull->off >= 0) {
        found_forked(s, &head);
    } else {
        pull->head = head;
        pull->entries += s->batch->n;
        pull->octets += s->batch->octets;
        s->update->flags |= DL_UPDATE_RETURN;
        dl__batch_deliver(s, &head);
    }
}

void dl__returned(struct dl_session *s, uint64_t size)
{
    struct dl__author *a = &s->author;
    struct dl__pull *pull = &s->pull;
    DL_ASSERT(a->machine.state == DL__AUTHOR_PULLING && size == pull->head.size && size > a->size,
              "RETURNED follows RETURN");
    a->size = size;
    a->newest = pull->head;
    dl__settle(s, pull->entries, pull->octets);
    pull->entries = 0;
    pull->octets = 0;
    if (size < pull->to) {
        return;
    }
    DL_ASSERT(pull->frontier.size == size, "nothing comes back beyond what was asked for");
    a->frontier = pull->frontier;
    a->journal = DL_JOURNAL_CONFIRMED;
    s->update->flags |= DL_UPDATE_JOURNAL;
    s->update->journal = (struct dl_update_journal){
        .state = DL_JOURNAL_CONFIRMED, .size = size, .held_generation = a->held_generation};
    if (a->receipt.size > a->note[DL_AUTHOR_RECEIPT].size) {
        dl__receipt_tell(s);
    }
    dl__confirmed(s);
}

/* ---- repair ---- */

static void repair_end(struct dl_session *s)
{
    s->pull.repairing = false;
    s->update->flags |= DL_UPDATE_REPAIR;
    if (dl__batch_is(s, DL_FRAME_REPAIR_ENTRY)) {
        size_t entries = s->batch->n;
        size_t octets = s->batch->octets;
        dl__batch_deliver(s, NULL);
        dl__settle(s, entries, octets);
    }
    s->update->batch.side = s->pull.repair_side;
    s->update->batch.first = s->pull.repair.from;
}

void dl__repair(struct dl_session *s, const struct dl_session_event *event)
{
    struct dl__pull *pull = &s->pull;
    DL_ASSERT(event->from < event->to && event->to - event->from <= DL_LIMIT_BATCH_ENTRIES,
              "at most a batch");
    DL_ASSERT(!pull->repairing, "one repair at a time");
    pull->repair_side = event->side;
    pull->repair = (struct dl_msg_range){event->from, event->to};
    bool pulling = s->author.machine.state == DL__AUTHOR_PULLING;
    if (!dl__is_open(s) || pulling) {
        repair_end(s);
        return;
    }
    pull->repairing = true;
    pull->deadline = s->now + DL_TIME_DOWN_MS;
    struct dl_msg_pull msg = {.yours = event->side == DL_SIDE_THEIRS,
                              .repair = true,
                              .from = event->from,
                              .to = event->to};
    dl_msg_pull_encode(&s->out, &msg);
}

void dl__pull_end_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__pull *pull = &s->pull;
    struct dl_msg_range msg;
    if (dl_msg_range_decode(body, &msg) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed PULL_END");
        return;
    }
    if (!pull->repairing) {
        dl__session_close(s, DL_E_PEER_LOST_COPY, "you cannot give back my entries from %llu",
                          (unsigned long long)pull->next);
        return;
    }
    size_t n = dl__batch_is(s, DL_FRAME_REPAIR_ENTRY) ? s->batch->n : 0;
    if (msg.from != pull->repair.from || msg.to - msg.from != n) {
        dl__session_close(s, DL_E_PROTOCOL, "PULL_END counts other entries than came");
        return;
    }
    repair_end(s);
}
