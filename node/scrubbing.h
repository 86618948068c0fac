/* Rereading one log of a line, in slices: for `journal check`, and for the node's own weekly
 * reading.
 */
#ifndef DL_NODE_SCRUBBING_H
#define DL_NODE_SCRUBBING_H

#include "node/agency.h"
#include "registry/scrub.h"

struct dl_scrubbing;

/* `theirs`: the replica, else the journal. `mend` as in dl_scrub_config. */
DL_MUST_USE enum dl_err dl_scrubbing_new(struct dl_peer *peer, bool theirs, bool mend,
                                         dl_scrub_fn fault, void *context,
                                         struct dl_scrubbing **out);
void dl_scrubbing_free(struct dl_scrubbing **scrubbing);
DL_MUST_USE enum dl_err dl_scrubbing_step(struct dl_scrubbing *scrubbing, uint64_t n, bool *done);
bool dl_scrubbing_done(const struct dl_scrubbing *scrubbing);
/* Entries read by the last step. */
uint64_t dl_scrubbing_read(const struct dl_scrubbing *scrubbing);
/* Damaged entries of which a copy is wanted: note one; take the next (false: none is left). */
void dl_scrubbing_want(struct dl_scrubbing *scrubbing, uint64_t index);
bool dl_scrubbing_next_wanted(struct dl_scrubbing *scrubbing, uint64_t *index);

/* The node's own reading of every log, a week after the last one; what it finds is an event and a
 * flag for doctor. */
void dl__agency_read_weekly(struct dl_agency *agency);
void dl__agency_stop_reading(struct dl_agency *agency);
/* The peer and its logs go away: nothing reads them any more. */
void dl__reading_leave(const struct dl_peer *peer);

#endif
