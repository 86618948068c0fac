/* Screening: a verdict on every item of a file, as `screen` answers. */
#ifndef DL_NODE_SCREENING_H
#define DL_NODE_SCREENING_H

#include "node/command.h"

/* The call's input, a file called as its first operand is. */
void dl_screen_input(struct dl_call *call);

enum { DL_STORED_MAX = 16 * 1024 * 1024 };

/* Answers the call with a verdict on every item of `octets`, a file called `name`; with `import`
 * only verdicts that rest on a listing which that import recorded, and items not understood. */
void dl_screen_stored(struct dl_call *call, const char *name, struct dl_view octets,
                      int64_t import);

#endif
