/* What node/triage*.c share. */
#ifndef DL_NODE_TRIAGE_INTERNAL_H
#define DL_NODE_TRIAGE_INTERNAL_H

#include "node/entry_view.h"
#include "node/law.h"
#include "node/triage.h"
#include "registry/contradiction.h"
#include "registry/reading.h"

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
/* Writes a finding in the agency's turn: a new one where *finding is 0, which the entry then joins;
 * else the finding that waited becomes this. */
DL_MUST_USE enum dl_err dl__triage_write(struct dl_agency *agency, const struct dl__triage_row *row,
                                         int64_t *finding);
/* The entry says the same of its substance, on the same day, as those of a finding. */
DL_MUST_USE enum dl_err dl__triage_join(struct dl_agency *agency, const struct dl__triage_row *row,
                                        int64_t finding);
/* Compares what stands now with what stood, for the findings on what was `asked`; `flagged` counts
 * alerts. `partial`: the law of now lacks what the missing worker would add; findings that have it
 * are then left alone: `skipped`. */
struct dl__triage_change {
    const char *asked;
    const struct dl_law *law;
    bool partial;
    size_t flagged;
    bool skipped;
};
DL_MUST_USE enum dl_err dl__triage_compare(struct dl_agency *agency,
                                           struct dl__triage_change *change);

/* ---- triage_look.c ---- */

enum dl__task { DL__TASK_NONE, DL__TASK_NEW, DL__TASK_AGAIN, DL__TASK_CHANGE, DL__TASK_READINGS };

/* What is being looked at: one thing at a time. */
struct dl__look {
    struct dl_agency *agency;
    enum dl__task task;
    struct dl_entry_view view;
    struct dl__triage_row row;
    struct dl_buf smiles;
    struct dl_readings readings;
    bool own;    /* the SMILES is the alert's */
    bool asking; /* the worker's answer is awaited: dl__look_waits, dl__look_take */

    /* What comes of it, beside what is written. */
    bool again;     /* some wait for the worker */
    bool all_read;  /* every structure of the registry */
    bool stale;     /* it was looked at as of a moment that may have passed: screen it again */
    bool skipped;   /* the law was not compared, for want of the worker */
    size_t flagged; /* by comparing */
    char change_asked[DL__TRIAGE_HASH]; /* the entries that are compared, or were last */
    /* The finding made last: what says the same on the same day is not asked again. */
    char last_asked[DL__TRIAGE_HASH];
    int64_t last_finding, last_state;
    char last_key[DL_SUBSTANCE_KEY];
    int64_t again_finding; /* the one that waited, with DL__TASK_AGAIN */

    struct dl_worker *worker;
    char missing[DL_ERROR_MESSAGE_MAX];   /* why it is not there */
    uint64_t asked_ms, used_ms, tried_ms; /* tried_ms 0: it was never missing */
};

void dl__look_init(struct dl__look *look, struct dl_agency *agency);
void dl__look_fini(struct dl__look *look);
enum { DL__STATE_DAYS = 100000000 };
/* The law of which day and version: one number, version * DL__STATE_DAYS + day. */
DL_MUST_USE enum dl_err dl__look_state(struct dl__look *look, int64_t at_ms, int64_t *out);
/* Looks at an entry, or compares its law with that of now. Either it is done, or look->asking. */
DL_MUST_USE enum dl_err dl__look_begin(struct dl__look *look, enum dl__task task, int64_t cursor);
/* Reads structures that an import brought: *more, and look->asking. Without the worker, or where
 * all are read (look->all_read), nothing. */
DL_MUST_USE enum dl_err dl__look_read(struct dl__look *look, bool *more);
/* Whether the worker is still at it. */
bool dl__look_waits(const struct dl__look *look);
/* Takes its answer, and concludes. */
DL_MUST_USE enum dl_err dl__look_take(struct dl__look *look);
/* False where the worker cannot be had: `missing` then says why, and is empty in a virtual world.
 */
bool dl__look_have_worker(struct dl__look *look);
void dl__look_close_worker(struct dl__look *look);

#endif
