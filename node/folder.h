/* Reading a folder that came from elsewhere: whole small files, and every name in it.
 */
#ifndef DL_NODE_FOLDER_H
#define DL_NODE_FOLDER_H

#include "base/octets.h"

#include <stdio.h>

enum { DL_FOLDER_PATH = 4096 };

/* Open the file `name` of `folder` for reading; NULL unless it is a regular file that can be read
 * (so a pipe in its place holds nobody up). */
FILE *dl_folder_open(const char *folder, const char *name);
/* Append the file `name` of `folder`, at most what the builder takes (then DL_E_TOO_LARGE).
 * DL_E_INPUT when it cannot be read. */
DL_MUST_USE enum dl_err dl_folder_read(const char *folder, const char *name, struct dl_buf *out);

/* Call fn for everything below `folder` that is no folder, in any order, with its path from there
 * ("content/5.json"). DL_E_INPUT when the folder cannot be read, DL_E_TOO_DEEP when it nests beyond
 * any export.
 */
typedef void (*dl_folder_fn)(void *context, const char *path);
DL_MUST_USE enum dl_err dl_folder_walk(const char *folder, dl_folder_fn fn, void *context);

#endif
