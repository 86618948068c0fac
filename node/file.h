/* Whole small files of an agency's folder, written so that a crash leaves the old one or the new.
 */
#ifndef DL_NODE_FILE_H
#define DL_NODE_FILE_H

#include "base/err.h"
#include "base/octets.h"

enum { DL_FILE_PATH = 4096 };

/* At most `max` octets, appended. INPUT where there is no such file, STORE_IO, TOO_LARGE. */
DL_MUST_USE enum dl_err dl_file_read(const char *path, size_t max, struct dl_buf *out,
                                     struct dl_error *error);
/* A new file beside it, synced, then renamed over it. STORE_FULL, STORE_IO. */
DL_MUST_USE enum dl_err dl_file_write(const char *path, unsigned mode, struct dl_view octets,
                                      struct dl_error *error);
/* out = dir/name. */
void dl_file_join(char out[DL_FILE_PATH], const char *dir, const char *name);

#endif
