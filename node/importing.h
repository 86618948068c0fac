/* One import told to a person or a program: what `registry import` and `registry notice` share.
 */
#ifndef DL_NODE_IMPORTING_H
#define DL_NODE_IMPORTING_H

#include "node/command.h"
#include "base/limits.h"
#include "registry/import.h"

struct dl_importing;
typedef void (*dl_importing_fn)(struct dl_importing *importing);

struct dl_importing {
    struct dl_call *call;
    struct dl_announcement announcement; /* owned */
    struct dl_import import;             /* by, file, sha256, entry, apply: set before the run */
    struct dl_import_run *run;           /* while it runs */
    struct dl_worker *worker;            /* while structures are read */
    char (*keys)[28];                    /* of the rows, as their SMILES give them */
    size_t n_read;                       /* rows whose structures are read */
    dl_importing_fn then;
    char sha256[65];
    char entry[128];
    char by[4 * DL_LIMIT_STRING + 1]; /* who confirmed it on the terminal */
    struct dl_buf rows;               /* what is told of them */
    struct dl_buf notices;            /* JSON objects of what peers were told, comma between */
    size_t n_told, n_notices, n_done;
    size_t flagged; /* past alerts whose substance stands otherwise now */
    bool shown;     /* the rows were told before; now the outcome counts */
};

/* State of the call: freed with it. */
struct dl_importing *dl_importing_new(struct dl_call *call);
/* Reads the structures of the rows that have one (a SMILES gives the InChIKey, and must not
 * contradict one that is given), takes the difference, and records it with import.apply; a slice in
 * each turn of the loop, so that the line and other calls go on meanwhile. Then calls `then`; a
 * failure ends the call. */
void dl_importing_run(struct dl_importing *importing, dl_importing_fn then);
/* Whether the difference that was taken has anything to record. */
bool dl_importing_has_news(const struct dl_importing *importing);
/* Tells the difference only: the call goes on. */
void dl_importing_show(struct dl_importing *importing);
/* Screens past alerts, where something was recorded, then tells the outcome; the exit status is 1
 * where rows were left out. */
void dl_importing_end(struct dl_importing *importing);
/* Whether a name may stand on record. */
bool dl_importing_is_name(struct dl_view name);
/* --by NAME: who says so is on record for ever. False when the call has ended without it. */
DL_MUST_USE bool dl_importing_by(struct dl_call *call, const char **by);

/* What an undo and an import say of past alerts, for people; nothing of none. */
void dl_importing_say_flagged(struct dl_call *call, size_t flagged);

#endif
