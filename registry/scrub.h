/* A complete reread of one log: every leaf against its tile, every tile against what lies under it,
 * every checkpoint's root and signature, every content against its commitment, the index of ids and
 * references. `journal check`, `log export` and the weekly reading are this. It goes in slices, so
 * that a node reads a large log between other work.
 *
 * What it decides from is the author's signature: where a leaf and its tile differ, the one that
 * gives the signed root is right.
 */
#ifndef DL_REGISTRY_SCRUB_H
#define DL_REGISTRY_SCRUB_H

#include "protocol/note.h"
#include "registry/log.h"

struct dl_scrub;

enum dl_scrub_what {
    DL_SCRUB_ENTRY,      /* at `index`: fetch a good copy and dl_log_mend it */
    DL_SCRUB_TILE,       /* number `index` of `level` */
    DL_SCRUB_CHECKPOINT, /* of size `index` */
    DL_SCRUB_RECEIPT,    /* of size `index` */
    DL_SCRUB_ID,         /* of the entry at `index`: it cannot be found by id or reference */
    DL_SCRUB_TAIL        /* an entry that waits in the tail; `index` is its cursor */
};

struct dl_scrub_fault {
    enum dl_scrub_what what;
    unsigned level;
    uint64_t index;
    const char *text; /* "the content does not fit its commitment" */
    bool mended;
};
typedef void (*dl_scrub_fn)(void *context, const struct dl_scrub_fault *fault);

struct dl_scrub_config {
    struct dl_log *log;                 /* borrowed, open as long as the scrub */
    const struct dl_vkey *vkey;         /* the author's for this origin; copied */
    const struct dl_verifier *verifier; /* of that key; borrowed likewise */
    bool mend; /* put right what needs no other copy: tiles and indexes */
    dl_scrub_fn fault;
    void *context;
};

/* Up to the log's present size. */
struct dl_scrub *dl_scrub_new(const struct dl_scrub_config *config);
void dl_scrub_free(struct dl_scrub **scrub);
/* Rereads about `n` more entries (at least one batch). Faults are reported, not errors; DL_OK when
 * the reading itself worked. With `mend` it writes inside the turn's transaction. */
DL_MUST_USE enum dl_err dl_scrub_step(struct dl_scrub *scrub, uint64_t n, bool *done);
/* Entries read so far, of how many. */
uint64_t dl_scrub_at(const struct dl_scrub *scrub, uint64_t *total);

#endif
