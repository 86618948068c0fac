/* What an interrupted screening has answered, read again beside its input: whether it is this
 * one's, and what the verdicts were.
 */
#ifndef DL_NODE_SCREEN_ANSWERED_H
#define DL_NODE_SCREEN_ANSWERED_H

#include "node/screen_items.h"

#include <stdio.h>

struct dl_answered {
    FILE *file;
    bool json; /* its lines are */
    char *line;
    size_t size;
};

/* DL_E_STORE_IO, with errno, when it cannot be read. */
DL_MUST_USE enum dl_err dl_answered_open(struct dl_answered *answered, const char *path, bool json);
void dl_answered_close(struct dl_answered *answered);
/* Reads the next line. The verdict, which goes on to the line's end, where it is about this item
 * and jurisdiction; else NULL. */
const char *dl_answered_verdict(struct dl_answered *answered, size_t number,
                                const struct dl_item *item, const char *jurisdiction);

#endif
