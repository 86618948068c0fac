/* One import told to a person or a program: what `registry import` and `registry notice` share.
 */
#ifndef DL_NODE_IMPORTING_H
#define DL_NODE_IMPORTING_H

#include "node/command.h"
#include "registry/import.h"

struct dl_importing {
    struct dl_call *call;
    struct dl_announcement announcement; /* owned */
    struct dl_import import;             /* by, file, sha256, entry, apply: set before the run */
    char sha256[65];
    char entry[128];
    struct dl_buf rows;    /* what is told of them */
    struct dl_buf notices; /* JSON objects of what peers were told, comma between */
    size_t n_told, n_notices;
    size_t flagged; /* past alerts whose substance stands otherwise now */
};

/* State of the call: freed with it. */
struct dl_importing *dl_importing_new(struct dl_call *call);
/* Takes the difference, and records it with import.apply. Rows that were left out are then marked
 * as refused in the announcement. */
DL_MUST_USE enum dl_err dl_importing_run(struct dl_importing *importing, struct dl_error *error);
/* Screens past alerts, where something was recorded, then tells the outcome; the exit status is 1
 * where rows were left out. */
void dl_importing_end(struct dl_importing *importing);
/* --by NAME: who says so is on record for ever. False when the call has ended without it. */
DL_MUST_USE bool dl_importing_by(struct dl_call *call, const char **by);

/* What an undo and an import say of past alerts, for people; nothing of none. */
void dl_importing_say_flagged(struct dl_call *call, size_t flagged);

#endif
