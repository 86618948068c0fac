/* A batch on its way in: entries lie where they arrived, in the session's buffer of octets, and are
 * handed over as views when the batch is whole. */
#include "protocol/session_internal.h"

#include <stdlib.h>
#include <string.h>

bool dl__batch_is(const struct dl_session *s, enum dl_frame_type type)
{
    return s->batch != NULL && s->batch->type == type;
}

void dl__batch_drop(struct dl_session *s)
{
    if (s->batch != NULL) {
        s->batch->type = DL_FRAME_NONE;
        s->batch->n = 0;
        s->batch->octets = 0;
    }
}

static bool open_batch(struct dl_session *s, enum dl_frame_type type,
                       const struct dl_msg_entry *msg)
{
    if (s->batch == NULL) {
        s->batch = malloc(sizeof *s->batch);
        if (s->batch == NULL) {
            dl__session_close(s, DL_E_NOMEM, "no memory for a batch");
            return false;
        }
        s->batch->type = DL_FRAME_NONE;
    }
    struct dl__batch *batch = s->batch;
    if (batch->type == DL_FRAME_NONE) {
        batch->type = type;
        batch->n = 0;
        batch->octets = 0;
        batch->renewed = false;
        batch->first = msg->index;
        DL_ASSERT(msg->entry.leaf.p >= s->in.p, "the entry lies in the buffer");
        batch->base = (size_t)(msg->entry.leaf.p - s->in.p);
    }
    if (batch->type != type) {
        dl__session_close(s, DL_E_FRAME_STATE, "%s within a batch of %s", dl_frame_name(type),
                          dl_frame_name(batch->type));
        return false;
    }
    return true;
}

static bool has_room(struct dl_session *s, size_t octets)
{
    const struct dl__batch *batch = s->batch;
    if (batch->n < DL_LIMIT_BATCH_ENTRIES &&
        (batch->n == 0 || batch->octets + octets <= DL_LIMIT_BATCH_OCTETS)) {
        return true;
    }
    dl__session_close(s, DL_E_LIMIT, "a batch of more than %d entries or %d octets",
                      DL_LIMIT_BATCH_ENTRIES, DL_LIMIT_BATCH_OCTETS);
    return false;
}

bool dl__batch_add(struct dl_session *s, enum dl_frame_type type, const struct dl_msg_entry *msg)
{
    size_t octets = dl_entry_octets_size(&msg->entry);
    if (!open_batch(s, type, msg) || !has_room(s, octets)) {
        return false;
    }
    struct dl__batch *batch = s->batch;
    if (!dl__entry_valid(s, msg)) {
        return false;
    }
    const uint8_t *base = s->in.p + batch->base;
    batch->slot[batch->n] = (struct dl__slot){
        .leaf_at = (size_t)(msg->entry.leaf.p - base),
        .leaf_n = msg->entry.leaf.n,
        .salt_at = (size_t)(msg->entry.salt.p - base),
        .content_at = (size_t)(msg->entry.content.p - base),
        .content_n = msg->entry.content.n,
    };
    batch->leaves[batch->n] = dl_merkle_leaf(msg->entry.leaf);
    batch->octets += octets;
    batch->n++;
    return true;
}

void dl__batch_deliver(struct dl_session *s, const struct dl_head *head)
{
    struct dl__batch *batch = s->batch;
    struct dl_update_batch *out = &s->update->batch;
    DL_ASSERT(batch != NULL && batch->type != DL_FRAME_NONE && batch->n > 0, "a batch");
    const uint8_t *base = s->in.p + batch->base;
    for (size_t i = 0; i < batch->n; i++) {
        const struct dl__slot *slot = &batch->slot[i];
        batch->entries[i] = (struct dl_entry_octets){
            .leaf = dl_view_of(base + slot->leaf_at, slot->leaf_n),
            .salt = dl_view_of(base + slot->salt_at, DL_LIMIT_SALT),
            .content = dl_view_of(base + slot->content_at, slot->content_n),
        };
    }
    bool theirs = batch->type == DL_FRAME_ENTRY;
    out->side = theirs ? DL_SIDE_THEIRS : DL_SIDE_OURS;
    out->generation = theirs ? s->receiver.generation : s->author.generation;
    out->first = batch->first;
    out->n = batch->n;
    out->entries = batch->entries;
    out->leaves = batch->leaves;
    out->renewed = batch->renewed;
    if (head != NULL) {
        out->note = dl__write_note(theirs ? s->receiver.keys : s->author.keys, head, &s->note[0]);
        out->root = head->root;
        out->frontier = theirs ? &s->receiver.frontier : &s->pull.frontier;
    }
    batch->type = DL_FRAME_NONE; /* the views stay good until the next step */
}
