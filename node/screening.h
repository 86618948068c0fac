/* Screening of items that are at hand, with the answers of `screen`. */
#ifndef DL_NODE_SCREENING_H
#define DL_NODE_SCREENING_H

#include "node/command.h"

struct dl_store;

enum { DL_STORED_MAX = 16 * 1024 * 1024 };

/* Answers the call with a verdict on every item of `octets`, a file called `name`; with `import`
 * only verdicts that rest on a listing which that import recorded, and items not understood. */
void dl_screen_stored(struct dl_call *call, const char *name, struct dl_view octets,
                      int64_t import);

/* Whether `registry inventory set` was said to this registry. */
bool dl_inventory_is_kept(struct dl_store *store);

#endif
