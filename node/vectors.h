/* Running the public test vectors (tests/vectors/README.md) from a folder.
 */
#ifndef DL_NODE_VECTORS_H
#define DL_NODE_VECTORS_H

#include "base/octets.h"

struct dl_vectors_counts {
    size_t files, cases, differences;
};

/* Told of each difference: the file, the case's id, and what was different. */
typedef void (*dl_vectors_sink)(void *context, const char *file, const char *id, const char *what);

/* Run every case of every vector file, and verify dir/ and tiles/. DL_E_INPUT, with the file named,
 * when one is missing or is no vector file; DL_OK otherwise, whatever the differences. */
DL_MUST_USE enum dl_err dl_vectors_run(const char *folder, dl_vectors_sink sink, void *context,
                                       struct dl_vectors_counts *out, struct dl_error *error);

#endif
