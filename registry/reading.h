/* Readings: what the structure worker says of a listed structure (its keys of positional isomers
 * and of mobile-hydrogen forms, its fingerprint, what it is an ester or ether of, what class rules
 * say of it), kept in the registry so that it is asked once, and so that a listed substance is
 * answered in the same way by name and by structure, with a worker and without. The build reads the
 * shipped structures; a node reads those that imports bring, when it has nothing else to do.
 */
#ifndef DL_REGISTRY_READING_H
#define DL_REGISTRY_READING_H

#include "registry/store.h"
#include "registry/worker.h"

enum { DL_READINGS = 32 };

/* Structures that the worker is at. */
struct dl_readings {
    int64_t substance[DL_READINGS];
    size_t n;
};

/* Puts structures that have no reading to the worker; out->n is 0 where every one has, and while an
 * import is being recorded, whose end brings a new version to read. No other question may wait. */
DL_MUST_USE enum dl_err dl_readings_put(struct dl_store *store, struct dl_worker *worker,
                                        struct dl_readings *out, struct dl_error *error);
/* Takes the answers and records them, in one transaction, or in that of an import under way. A
 * structure that the worker refuses has a reading without a fingerprint: it is not asked again. */
DL_MUST_USE enum dl_err dl_readings_take(struct dl_store *store, struct dl_worker *worker,
                                         const struct dl_readings *readings,
                                         struct dl_error *error);

/* Whether some structure has no reading yet. */
DL_MUST_USE enum dl_err dl_readings_wanted(struct dl_store *store, bool *wanted);

#endif
