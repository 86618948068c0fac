/* An agency's folder: directline.conf, line.db, registry.db, head/head.db, keys/, control.sock.
 * Reads and makes it, and opens the agency in it.
 */
#ifndef DL_NODE_AGENCY_DIR_H
#define DL_NODE_AGENCY_DIR_H

#include "node/agency.h"

/* Opens the agency in `dir` in this process, without listening or dialling. STORE_LOCKED when a
 * node that does not answer has it. */
DL_MUST_USE enum dl_err dl_agency_dir_open_offline(const char *dir, struct dl_agency **out,
                                                   struct dl_error *error);
void dl_agency_dir_close_offline(struct dl_agency **agency);

#endif
