/* What happens when the peer's entries are durable, or cannot be. The only place where receipts are
 * made (I2): from a head that STORED or the facts made `cosigned`. */
#include "protocol/session_internal.h"

#include <string.h>

/* A credit is sent when it adds at least a quarter of the window. */
static void grant(struct dl_session *s)
{
    struct dl__receiver *r = &s->receiver;
    struct dl_msg_credit to = {r->settled.entries + DL_LIMIT_CREDIT_ENTRIES,
                               r->settled.octets + DL_LIMIT_CREDIT_OCTETS};
    DL_ASSERT(to.entries >= r->granted.entries && to.octets >= r->granted.octets,
              "what was settled never shrinks");
    if (to.entries - r->granted.entries < DL_LIMIT_CREDIT_ENTRIES / 4 &&
        to.octets - r->granted.octets < DL_LIMIT_CREDIT_OCTETS / 4) {
        return;
    }
    r->granted = to;
    dl_msg_credit_encode(&s->out, &to);
}

void dl__settle(struct dl_session *s, size_t entries, size_t octets)
{
    struct dl__receiver *r = &s->receiver;
    r->settled.entries += entries;
    r->settled.octets += octets;
    DL_ASSERT(r->settled.entries <= r->received.entries, "settled after it was received");
    grant(s);
}

/* I2, I3: names size and root of what is durable, nothing else. */
static void give_receipt(struct dl_session *s)
{
    struct dl__receiver *r = &s->receiver;
    DL_ASSERT(r->cosigned.size > 0 && r->cosigned.size <= r->size, "I2");
    dl_head_cosign(r->keys, s->signer, s->unix_ms / 1000, &r->cosigned);
    dl_msg_note_encode(&s->out, DL_FRAME_RECEIPT,
                       dl__write_note(r->keys, &r->cosigned, &s->scratch));
}

void dl__stored(struct dl_session *s, uint64_t size)
{
    struct dl__receiver *r = &s->receiver;
    size_t done = 0;
    size_t entries = 0;
    size_t octets = 0;
    while (done < r->n_pending && r->pending[done].head.size <= size) {
        entries += r->pending[done].entries;
        octets += r->pending[done].octets;
        done++;
    }
    DL_ASSERT(done > 0, "STORED follows STORE");
    struct dl_head head = r->pending[done - 1].head;
    DL_ASSERT(head.size == size && size > r->size, "I2: a size that was given to store");
    memmove(r->pending, r->pending + done, (r->n_pending - done) * sizeof r->pending[0]);
    r->n_pending -= done;
    r->size = size;
    r->fresh = false;
    r->stored = head;
    dl__settle(s, entries, octets);
    if (size >= r->cosigned.size) {
        r->cosigned = head;
        give_receipt(s);
    }
}

/* The heartbeat's: the same size again, at a later time. */
void dl__receipt_refresh(struct dl_session *s)
{
    struct dl__receiver *r = &s->receiver;
    bool told = s->hello2_heard && !r->behind && r->machine.state == DL__RECEIVING;
    if (told && r->cosigned.size > 0 && r->cosigned.size <= r->size) {
        give_receipt(s);
    }
}

void dl__full(struct dl_session *s, uint64_t size)
{
    struct dl__receiver *r = &s->receiver;
    if (!r->fresh && size > r->size) {
        dl__stored(s, size); /* an earlier commit, of which we were not told yet */
    }
    DL_ASSERT(r->fresh || size == r->size, "what was not committed was rolled back");
    for (size_t i = 0; i < r->n_pending; i++) {
        dl__settle(s, r->pending[i].entries, r->pending[i].octets);
    }
    r->n_pending = 0;
    if (dl__batch_is(s, DL_FRAME_ENTRY)) {
        dl__settle(s, s->batch->n, s->batch->octets);
        dl__batch_drop(s);
    }
    r->busy = true;
    dl__busy_tell(s);
}

void dl__ready(struct dl_session *s, const struct dl_session_event *event)
{
    struct dl__receiver *r = &s->receiver;
    if (!r->busy) {
        return;
    }
    r->busy = false;
    r->next = r->size;
    if (r->fresh) {
        dl_frontier_init(&r->frontier);
    } else {
        DL_ASSERT(event->size == r->size && event->frontier->size == r->size,
                  "nothing was stored");
        r->frontier = *event->frontier;
    }
    r->head = r->stored;
    r->off = -1;
    dl__busy_tell(s);
}

void dl__busy_tell(struct dl_session *s)
{
    struct dl__receiver *r = &s->receiver;
    if (!dl__is_open(s) || r->busy == r->busy_told) {
        return;
    }
    r->busy_told = r->busy;
    if (r->busy) {
        dl_msg_busy_encode(&s->out);
        return;
    }
    dl_msg_number_encode(&s->out, DL_FRAME_READY, r->size);
    r->unresumed++;
    r->skipping = true;
}

void dl__resume_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__receiver *r = &s->receiver;
    uint64_t size = 0;
    if (dl_msg_number_decode(body, &size) != DL_OK) {
        dl__session_close(s, DL_E_FRAME, "a malformed RESUME");
        return;
    }
    r->unresumed--;
    r->skipping = r->unresumed > 0;
}
