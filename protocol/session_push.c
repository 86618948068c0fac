/* The author's part: what is owed goes out in batches that end at a signed checkpoint; receipts
 * come back. What is owed is our size less the last receipted one; nothing else is remembered (I3).
 */
#include "protocol/session_internal.h"

#include <string.h>

void dl__grew(struct dl_session *s, const struct dl_session_event *event)
{
    struct dl__author *a = &s->author;
    struct dl_head newest;
    enum dl_err err = dl_head_parse(a->keys, event->note, &newest);
    DL_ASSERT(err == DL_OK && newest.size == event->size, "our own note, just signed");
    DL_ASSERT(newest.size > a->size, "I5: a journal only grows");
    DL_ASSERT(a->journal == DL_JOURNAL_CONFIRMED, "nothing is signed before HELLO");
    dl_head_trust(a->keys, &newest);
    a->newest = newest;
    a->size = newest.size;
    a->starved = false;
}

/* ---- WANT ---- */

/* Credit for a whole batch of the greatest size: so whatever the caller has fits. */
static bool has_credit(const struct dl__author *a)
{
    return a->allowed.entries - a->used.entries >= DL_LIMIT_BATCH_ENTRIES &&
           a->allowed.octets - a->used.octets >= DL_LIMIT_BATCH_OCTETS;
}

static bool may_push(const struct dl__author *a)
{
    return a->machine.state == DL__AUTHOR_SERVING && a->next < a->size && !a->starved &&
           a->n_sent < DL__SENT_MAX;
}

void dl__want(struct dl_session *s)
{
    struct dl__author *a = &s->author;
    if (a->wanting || a->peer_busy || !has_credit(a)) {
        return;
    }
    struct dl_update_want want = {.n_max = DL_LIMIT_BATCH_ENTRIES,
                                  .octets_max = DL_LIMIT_BATCH_OCTETS};
    if (may_push(a)) {
        want.side = DL_SIDE_OURS;
        want.from = a->next;
        want.to = a->size;
    } else if (a->pull.to != 0) {
        want.side = a->pull.yours ? DL_SIDE_OURS : DL_SIDE_THEIRS;
        want.single = a->pull.repair;
        want.from = a->pull.from;
        want.to = a->pull.to;
    } else {
        return;
    }
    DL_ASSERT(want.from < want.to, "something to want");
    a->wanting = true;
    a->want = want;
    s->update->flags |= DL_UPDATE_WANT;
    s->update->want = want;
}

/* Entries and, unless they are single, the checkpoint that ends them. */
void dl__send_entries(struct dl_session *s, enum dl_frame_type type,
                      const struct dl_session_event *event)
{
    struct dl__author *a = &s->author;
    size_t octets = 0;
    for (size_t i = 0; i < event->n; i++) {
        struct dl_msg_entry msg = {event->from + i, event->entries[i]};
        dl_msg_entry_encode(&s->out, type, &msg);
        octets += dl_entry_octets_size(&event->entries[i]);
    }
    DL_ASSERT(event->n <= DL_LIMIT_BATCH_ENTRIES && octets <= DL_LIMIT_BATCH_OCTETS, "I9");
    a->used.entries += event->n;
    a->used.octets += octets;
    DL_ASSERT(a->used.entries <= a->allowed.entries && a->used.octets <= a->allowed.octets,
              "asked for only with credit");
}

static void push(struct dl_session *s, const struct dl_session_event *event)
{
    struct dl__author *a = &s->author;
    struct dl_head head;
    if (event->n == 0) {
        a->starved = true;
        return;
    }
    enum dl_err err = dl_head_parse(a->keys, event->note, &head);
    DL_ASSERT(err == DL_OK, "our own note");
    DL_ASSERT(event->from == a->next && head.size == event->from + event->n,
              "a batch ends at its checkpoint");
    DL_ASSERT(head.size <= a->size, "I1: durable in line.db and head.db before it is sent");
    DL_ASSERT(a->n_sent < DL__SENT_MAX, "asked for only with room");
    dl__send_entries(s, DL_FRAME_ENTRY, event);
    dl_msg_note_encode(&s->out, DL_FRAME_CHECKPOINT, event->note);
    a->sent[a->n_sent++] = (struct dl__mark){head.size, head.root};
    a->next = head.size;
    s->clock.heartbeat = s->now + DL_TIME_HEARTBEAT_MS;
}

void dl__entries_answered(struct dl_session *s, const struct dl_session_event *event)
{
    struct dl__author *a = &s->author;
    DL_ASSERT(a->wanting, "the answer to WANT");
    DL_ASSERT(event->n == 0 || event->from == a->want.from, "what was wanted");
    a->wanting = false;
    bool pushing = a->want.side == DL_SIDE_OURS && !a->want.single;
    if (a->peer_busy || (pushing && event->from != a->next && event->n > 0)) {
        return; /* the peer became busy meanwhile; it says where to go on */
    }
    if (pushing) {
        push(s, event);
    } else {
        dl__pull_answered(s, event);
    }
}

/* ---- what the receiver says ---- */

void dl__credit_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__author *a = &s->author;
    struct dl_msg_credit msg;
    if (dl_msg_credit_decode(body, &msg) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed CREDIT");
        return;
    }
    if (msg.entries < a->allowed.entries || msg.octets < a->allowed.octets) {
        dl__session_close(s, DL_E_PROTOCOL, "CREDIT takes back what was given");
        return;
    }
    a->allowed = msg;
}

static size_t find_sent(const struct dl__author *a, uint64_t size)
{
    for (size_t i = 0; i < a->n_sent; i++) {
        if (a->sent[i].size == size) {
            return i;
        }
    }
    return a->n_sent;
}

/* The root that we sent, or that the peer held before, at a receipted size. NULL: neither. */
static const struct dl_hash *root_sent(const struct dl__author *a, uint64_t size)
{
    size_t at = find_sent(a, size);
    if (at < a->n_sent) {
        return &a->sent[at].root;
    }
    if (a->receipt.size == size) {
        return &a->receipt.root;
    }
    const struct dl_head *held = &a->note[DL_AUTHOR_HELD];
    return held->size == size ? &held->root : NULL;
}

static void drop_sent(struct dl__author *a, uint64_t size)
{
    size_t n = 0;
    while (n < a->n_sent && a->sent[n].size <= size) {
        n++;
    }
    memmove(a->sent, a->sent + n, (a->n_sent - n) * sizeof a->sent[0]);
    a->n_sent -= n;
}

/* Our own signature, the peer's cosignature, and another root than the one on our disk. */
static void forked_by_receipt(struct dl_session *s, const struct dl_head *receipt)
{
    struct dl__author *a = &s->author;
    struct dl_update_journal *journal = &s->update->journal;
    a->journal = DL_JOURNAL_FORKED;
    s->update->flags |= DL_UPDATE_JOURNAL;
    journal->state = DL_JOURNAL_FORKED;
    journal->size = receipt->size;
    journal->held_generation = a->held_generation;
    journal->note[0] = dl__write_note(a->keys, receipt, &s->note[0]);
    dl__session_close(s, DL_E_FORK, "a note of mine of size %llu contradicts my journal",
                      (unsigned long long)receipt->size);
}

void dl__receipt_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__author *a = &s->author;
    struct dl_head head;
    enum dl_err err = dl_head_read(a->keys, body, true, &head);
    if (err != DL_OK) {
        dl__session_close(s, err, "a receipt: %s", dl_err_text(err));
        return;
    }
    const struct dl_hash *root = root_sent(a, head.size);
    if (root == NULL || head.size < a->receipt.size) {
        dl__session_close(s, DL_E_PROTOCOL, "a receipt for size %llu, which was not sent",
                          (unsigned long long)head.size);
        return;
    }
    if (!dl_hash_equal(root, &head.root)) {
        forked_by_receipt(s, &head);
        return;
    }
    a->receipt = head;
    drop_sent(a, head.size);
    if (head.size > a->held) {
        a->held = head.size;
    }
    s->lost_copy = false;
    if (head.size <= a->size) { /* a lost journal is still receipted beyond what is left of it */
        dl__receipt_tell(s);
    }
}

void dl__busy_heard(struct dl_session *s)
{
    DL_ASSERT(!s->author.peer_busy, "the table of permits says so");
    s->author.peer_busy = true;
    dl__peer_changed(s);
}

/* The peer can store again; what it could not is sent again from where it stands (I4). */
void dl__ready_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__author *a = &s->author;
    uint64_t size = 0;
    if (dl_msg_number_decode(body, &size) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed READY");
        return;
    }
    bool serving = a->machine.state == DL__AUTHOR_SERVING;
    if (serving && size > a->next && size != a->held) {
        dl__session_close(s, DL_E_PROTOCOL, "READY at a size that was not sent");
        return;
    }
    dl_msg_number_encode(&s->out, DL_FRAME_RESUME, size);
    a->peer_busy = false;
    a->starved = false;
    if (serving) {
        a->next = size < a->size ? size : a->size;
        while (a->n_sent > 0 && a->sent[a->n_sent - 1].size > size) {
            a->n_sent--;
        }
    }
    dl__peer_changed(s);
}

/* "Nothing new", signed: our newest checkpoint again. */
void dl__heartbeat(struct dl_session *s)
{
    const struct dl__author *a = &s->author;
    s->clock.heartbeat = s->now + DL_TIME_HEARTBEAT_MS;
    bool idle = a->machine.state == DL__AUTHOR_SERVING && a->next == a->size && a->size > 0;
    if (idle && a->journal == DL_JOURNAL_CONFIRMED) {
        struct dl_view note = dl__write_note(a->keys, &a->newest, &s->scratch);
        dl_msg_note_encode(&s->out, DL_FRAME_CHECKPOINT, note);
    }
    dl__receipt_refresh(s);
}
