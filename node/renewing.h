/* The node's certificate is looked at at the start and once a day; near its end it is made anew on
 * the same key, so that the peers need not know and no connection is touched. Without the
 * authority's key it cannot be, and the log says so every day (certificate.not-renewed).
 */
#ifndef DL_NODE_RENEWING_H
#define DL_NODE_RENEWING_H

#include "node/agency.h"

enum { DL_RENEW_DAYS = 60 }; /* before the end */

struct dl_renewing;
/* For an agency opened from a folder (node/agency_dir.h), in a world with TLS. Looks at once. */
struct dl_renewing *dl_renewing_new(struct dl_agency *agency);
/* Before the agency is closed. */
void dl_renewing_free(struct dl_renewing **renewing);

#endif
