/* Writing a journal or a replica out as a folder that proves itself (contracts section 5), a piece
 * at a time, so that the node goes on serving its lines meanwhile.
 */
#ifndef DL_NODE_BUNDLE_EXPORT_H
#define DL_NODE_BUNDLE_EXPORT_H

#include "node/agency.h"

struct dl_export;

struct dl_export_config {
    struct dl_agency *agency;
    const char *peer; /* its id; must live as long as the export */
    bool ours;
    unsigned generation; /* 0: the present one */
    const char *folder;  /* made when it is not there; must be empty */
    bool ranged;         /* proofs and contents of [from, to] only, both included */
    bool open;           /* `to` is the last entry that the receipt covers */
    uint64_t from, to;
    bool no_content;
};

/* NO_RECEIPT: nothing is receipted yet. ORIGIN: no such generation. INPUT: the folder, or the
 * range. */
DL_MUST_USE enum dl_err dl_export_begin(const struct dl_export_config *config,
                                        struct dl_export **out, struct dl_error *error);
/* Write the next piece. *done when all is written. */
DL_MUST_USE enum dl_err dl_export_step(struct dl_export *export, bool *done,
                                       struct dl_error *error);
void dl_export_free(struct dl_export **export);
/* How far: entries written, of how many. */
uint64_t dl_export_written(const struct dl_export *export);
uint64_t dl_export_size(const struct dl_export *export);

#endif
