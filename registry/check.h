/* `registry check`: what is wrong, or worth knowing, in any registry database.
 *
 * An ERROR is a contradiction that no source explains. A NOTE is a gap of the sources (an act that
 * was not read). ACCEPTED is what would be an error, were it not a known fact of the sources: a row
 * of `accepted`, or of `conflict`, gives the reason. Only rows that are part of the present version
 * are looked at.
 */
#ifndef DL_REGISTRY_CHECK_H
#define DL_REGISTRY_CHECK_H

#include "registry/store.h"

enum dl_check_level { DL_CHECK_NOTE, DL_CHECK_ACCEPTED, DL_CHECK_ERROR };

struct dl_finding {
    enum dl_check_level level;
    const char *name;       /* "cas-check-digit"; the list is in check.c */
    struct dl_view subject; /* what it is about: a row, a name, "LIST SUBSTANCE" */
    struct dl_view detail;
    struct dl_view reason; /* why it is accepted; empty otherwise */
};

/* "error", "accepted", "note". */
const char *dl_check_level_name(enum dl_check_level level);

/* Called for each finding; views die when it returns. Anything but DL_OK ends the check. */
typedef enum dl_err (*dl_finding_fn)(void *context, const struct dl_finding *finding);

struct dl_check {
    struct dl_store *store;
    dl_finding_fn found;
    void *context;
    /* out: how many of each level */
    size_t n[DL_CHECK_ERROR + 1];
};

/* DL_OK when the check ran to its end, whatever it found. */
DL_MUST_USE enum dl_err dl_registry_check(struct dl_check *check, struct dl_error *error);

/* Rows of one list, in the present version. */
struct dl_check_list {
    struct dl_view list;
    int64_t rows;
    int64_t structured; /* the row means a structure, or a salt of one */
    int64_t ingredient; /* a preparation whose ingredient has one */
    int64_t official, two_sources, secondary, memory, other; /* by verification of the entry */
};
typedef enum dl_err (*dl_check_list_fn)(void *context, const struct dl_check_list *list);
DL_MUST_USE enum dl_err dl_registry_summary(struct dl_store *store, dl_check_list_fn fn,
                                            void *context);

#endif
