/* What every entry must be before it is kept: valid, of a marking that this origin takes (I8), with
 * the content that its leaf commits to (I6). A kind that this version does not know is no fault. */
#include "protocol/session_internal.h"

#include "protocol/entry.h"

static bool is_renewal(const struct dl_leaf *leaf, const json_t *content)
{
    return leaf->kind == DL_KIND_LINE_STATE && dl_view_is(dl_json_text(content, "to"), "renewed");
}

bool dl__entry_valid(struct dl_session *s, const struct dl_msg_entry *msg)
{
    struct dl_leaf leaf;
    struct dl_error error = {.err = DL_OK};
    json_t *content = NULL;
    bool first = msg->index == 0;
    bool own = s->batch->type != DL_FRAME_ENTRY &&
               !(s->pull.repairing && s->pull.repair_side == DL_SIDE_THEIRS);
    struct dl_view origin = dl_view_str(own ? s->base_ours : s->base_theirs);
    enum dl_err err = dl_entry_check(&msg->entry, &leaf, first ? &content : NULL, &error);
    if (err == DL_OK && !dl_marking_fits(leaf.marking, origin)) {
        err = dl_error_set(&error, DL_E_MARKING, "marking", NULL);
    }
    if (err == DL_OK && first) {
        s->batch->renewed = is_renewal(&leaf, content);
    }
    json_decref(content);
    if (err != DL_OK) {
        dl__session_close(s, err, "entry %llu, %s: %s", (unsigned long long)msg->index,
                          error.field[0] == 0 ? "leaf" : error.field, error.message);
    }
    return err == DL_OK;
}
