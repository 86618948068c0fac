/* Rereading one log of a line, in slices: for `journal check`, and for the node's own weekly
 * reading.
 */
#ifndef DL_NODE_SCRUBBING_H
#define DL_NODE_SCRUBBING_H

#include "node/agency.h"
#include "registry/scrub.h"

struct dl_scrubbing;

struct dl_scrubbing_config {
    struct dl_agency *agency;
    const char *peer; /* its id; paired, removed or not */
    bool theirs;      /* the replica, else the journal */
    bool mend;        /* as in dl_scrub_config */
    dl_scrub_fn fault;
    void *context;
};

/* Rereads the generation that is the newest when it begins, to the end, whatever becomes of the
 * line meanwhile: renewed, paired again, a turn undone. */
struct dl_scrubbing *dl_scrubbing_new(const struct dl_scrubbing_config *config);
void dl_scrubbing_free(struct dl_scrubbing **scrubbing);
/* As dl_scrub_step. The first one does nothing while a turn's transaction is open: what is not
 * durable may yet be undone. */
DL_MUST_USE enum dl_err dl_scrubbing_step(struct dl_scrubbing *scrubbing, uint64_t n, bool *done);
bool dl_scrubbing_done(const struct dl_scrubbing *scrubbing);
/* Entries read by the last step. */
uint64_t dl_scrubbing_read(const struct dl_scrubbing *scrubbing);
/* Damaged entries of which a copy is wanted: note one; take the next (false: none is left). */
void dl_scrubbing_want(struct dl_scrubbing *scrubbing, uint64_t index);
bool dl_scrubbing_next_wanted(struct dl_scrubbing *scrubbing, uint64_t *index);
/* As dl_log_mend, of what is reread. */
DL_MUST_USE enum dl_err dl_scrubbing_mend(struct dl_scrubbing *scrubbing, uint64_t index,
                                          const struct dl_entry_octets *entry);

/* The node's own reading of every log, a week after the last one; what it finds is an event and a
 * flag for doctor. */
void dl__agency_read_weekly(struct dl_agency *agency);
void dl__agency_stop_reading(struct dl_agency *agency);

#endif
