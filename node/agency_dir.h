/* An agency's folder: directline.conf, line.db, registry.db, head/head.db, keys/, control.sock.
 * Makes it, reads it, and opens the agency in it.
 */
#ifndef DL_NODE_AGENCY_DIR_H
#define DL_NODE_AGENCY_DIR_H

#include "node/agency.h"

/* Makes a new agency in `dir`, which must be empty or not be there. Ports that are 0 in
 * config->listen are chosen and written down. DIR_NOT_EMPTY, CONFIG, STORE_IO. */
DL_MUST_USE enum dl_err dl_agency_dir_make(const char *dir, struct dl_config *config,
                                           struct dl_error *error);

/* Opens the agency in `dir` in this world. KEY_MODE for keys that others can read, KEY for keys
 * that are not there, STORE_LOCKED when another process has it. `fatal` as in dl_agency_config. */
DL_MUST_USE enum dl_err
dl_agency_dir_open(const char *dir, struct dl_world *world,
                   void (*fatal)(void *context, enum dl_err err, const char *message),
                   void *context, struct dl_agency **out, struct dl_error *error);
void dl_agency_dir_close(struct dl_agency **agency);

/* The same without a loop, for verbs that are said while no node runs. */
DL_MUST_USE enum dl_err dl_agency_dir_open_offline(const char *dir, struct dl_agency **out,
                                                   struct dl_error *error);
void dl_agency_dir_close_offline(struct dl_agency **agency);

/* The folder of an agency opened by dl_agency_dir_*: NULL for others (exercises). */
const char *dl_agency_dir_of(const struct dl_agency *agency);

#endif
