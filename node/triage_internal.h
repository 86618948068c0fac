/* What node/triage*.c share. */
#ifndef DL_NODE_TRIAGE_INTERNAL_H
#define DL_NODE_TRIAGE_INTERNAL_H

#include "node/entry_view.h"
#include "node/law.h"
#include "node/triage.h"
#include "registry/contradiction.h"

enum { DL__TRIAGE_HASH = 33, DL__TRIAGE_EARLIER = 8 };

/* One row of `triage`, before it is written. */
struct dl__triage_row {
    const struct dl_entry_view *view;
    int64_t time;
    const char *missing; /* "" nothing */
    char asked[DL__TRIAGE_HASH];
    struct dl_law law;
    struct dl_contradictions contradictions;
};

/* The alert that an entry is about: AGENCY/ID. */
void dl__triage_alert(const struct dl_entry_view *view, char *out, size_t n);
/* Writes it, in the agency's turn. */
DL_MUST_USE enum dl_err dl__triage_write(struct dl_agency *agency,
                                         const struct dl__triage_row *row);
/* The same finding as another entry's, which says the same of its substance on the same day. */
DL_MUST_USE enum dl_err dl__triage_copy(struct dl_agency *agency, int64_t from,
                                        const struct dl__triage_row *row);
/* Compares what stands now with what stood, for the entries that say the same of their substance;
 * at most `max` of them, `more` where some are left; `flagged` counts. `partial`: the law of now
 * lacks what the missing worker would add; entries whose law has it are then left alone: `skipped`.
 */
struct dl__triage_change {
    const char *asked;
    const struct dl_law *law;
    bool partial;
    size_t max;
    size_t flagged;
    bool more, skipped;
};
DL_MUST_USE enum dl_err dl__triage_compare(struct dl_agency *agency,
                                           struct dl__triage_change *change);

#endif
