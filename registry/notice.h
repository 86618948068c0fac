/* What this agency decided about the listing-notices of its peers. The notices themselves are
 * entries of the peers' journals; an accepted one is an import whose source is the entry.
 */
#ifndef DL_REGISTRY_NOTICE_H
#define DL_REGISTRY_NOTICE_H

#include "base/limits.h"
#include "registry/store.h"

enum dl_notice_state {
    DL_NOTICE_OPEN, /* nothing decided */
    DL_NOTICE_ACCEPTED,
    DL_NOTICE_UNDONE, /* accepted, and its import was undone: it can be accepted again */
    DL_NOTICE_DECLINED
};
/* "open", "accepted", "undone", "declined". */
const char *dl_notice_state_name(enum dl_notice_state state);

struct dl_notice {
    enum dl_notice_state state;
    char by[4 * DL_LIMIT_STRING + 1]; /* "" while open */
    int64_t at_ms;
    int64_t import; /* 0: none */
};

/* `entry` is AGENCY/ID. */
DL_MUST_USE enum dl_err dl_notice_find(struct dl_store *store, const char *entry,
                                       struct dl_notice *out);
/* Accept (with the import, 0 when nothing was new in it) or decline; a later decision replaces an
 * earlier one. */
struct dl_decision {
    const char *entry, *by;
    bool accepted;
    int64_t at_ms, import;
};
DL_MUST_USE enum dl_err dl_notice_decide(struct dl_store *store,
                                         const struct dl_decision *decision);

#endif
