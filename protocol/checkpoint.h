/* Checkpoints: the text of a signed tree head (C2SP tlog-checkpoint), and notes that carry one.
 */
#ifndef DL_PROTOCOL_CHECKPOINT_H
#define DL_PROTOCOL_CHECKPOINT_H

#include "protocol/note.h"

struct dl_checkpoint {
    char origin[DL_LIMIT_ORIGIN + 1];
    uint64_t size; /* 0 to 2^63-1 */
    struct dl_hash root;
    bool extended; /* there were extension lines */
};

/* Parse a note's text. DL_E_CHECKPOINT when it is no checkpoint, or its origin exceeds
 * DL_LIMIT_ORIGIN. */
DL_MUST_USE enum dl_err dl_checkpoint_parse(struct dl_view text, struct dl_checkpoint *out);
/* The same without looking at the root of an empty tree, for who must say which of the two it was.
 */
DL_MUST_USE enum dl_err dl_checkpoint_parse_form(struct dl_view text, struct dl_checkpoint *out);
/* Append the text: three lines. */
void dl_checkpoint_put(struct dl_buf *out, struct dl_view origin, uint64_t size,
                       const struct dl_hash *root);

#endif
