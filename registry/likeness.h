/* Likeness: the listed substances most like a structure, by Morgan fingerprint (Tanimoto). It is
 * shown where no law applies too, in a place of its own, and is never a legal status.
 */
#ifndef DL_REGISTRY_LIKENESS_H
#define DL_REGISTRY_LIKENESS_H

#include "registry/layout.h"
#include "registry/reader.h"

enum { DL_PRINT_OCTETS = 256, DL_LIKE_MAX = 5, DL_LIKE_LEAST = 400 };

struct dl_like {
    struct dl_view key, name; /* live as long as the likeness */
    int thousandths;
};

/* The fingerprints of all listed substances, in memory: 300 octets each. */
struct dl_likeness;
DL_MUST_USE enum dl_err dl_likeness_new(struct dl_store *store, struct dl_likeness **out);
void dl_likeness_free(struct dl_likeness **likeness);

/* The substances most like `print`, the nearest first, those beneath DL_LIKE_LEAST left out, and
 * `except` (an InChIKey: the substance itself). None for a print that is not DL_PRINT_OCTETS long.
 */
size_t dl_likeness_nearest(const struct dl_likeness *likeness, struct dl_view print,
                           struct dl_view except, struct dl_like out[DL_LIKE_MAX]);
/* The fingerprint of a listed substance; an empty view where there is none. */
struct dl_view dl_likeness_print(const struct dl_likeness *likeness, struct dl_view key);

/* [{"id","name","inchikey","similarity"}] */
void dl_likeness_put_json(const struct dl_like *like, size_t n, struct dl_buf *out);

#endif
