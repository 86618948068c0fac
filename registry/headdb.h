/* head.db: for each origin the last note that we signed and the last that we cosigned. A file of
 * its own, left out of backups, so that a restored line.db is found out (I5; design section 4).
 */
#ifndef DL_REGISTRY_HEADDB_H
#define DL_REGISTRY_HEADDB_H

#include "registry/store.h"

struct dl_headdb;

enum dl_headdb_which { DL_HEADDB_SIGNED = 0, DL_HEADDB_COSIGNED = 1 };

DL_MUST_USE enum dl_err dl_headdb_open(const char *path, struct dl_disk *disk,
                                       struct dl_headdb **out, struct dl_error *error);
void dl_headdb_close(struct dl_headdb **head);

/* The note into `out` (reset first) and its size; empty and 0 when there is none. */
DL_MUST_USE enum dl_err dl_headdb_get(struct dl_headdb *head, const char *origin,
                                      enum dl_headdb_which which, struct dl_buf *note,
                                      uint64_t *size);
/* Calls fn for each row. */
DL_MUST_USE enum dl_err dl_headdb_each(struct dl_headdb *head,
                                       enum dl_err (*fn)(void *context, const char *origin,
                                                         enum dl_headdb_which which),
                                       void *context);
/* The greatest generation of the journal `origin` (of generation 1) with such a row; 0: none. */
DL_MUST_USE enum dl_err dl_headdb_generation(struct dl_headdb *head, const char *origin,
                                             enum dl_headdb_which which, unsigned *out);
/* Puts of one turn are one transaction: the first begins it, commit ends it (a turn that put
 * nothing has none to end). A put never goes back: a smaller size than the one held, or the same
 * size with another note, is DL_E_FORK (the note's octets are compared; a fresh cosignature of the
 * same size is not put). */
DL_MUST_USE enum dl_err dl_headdb_put(struct dl_headdb *head, const char *origin,
                                      enum dl_headdb_which which, uint64_t size,
                                      struct dl_view note);
DL_MUST_USE enum dl_err dl_headdb_commit(struct dl_headdb *head);
void dl_headdb_rollback(struct dl_headdb *head);

#endif
