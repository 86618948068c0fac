/* The running agency: its keys, its stores, its lines. Runs in any world; verbs act on it.
 *
 * Every write of a turn goes into one transaction of line.db, opened by the first write and
 * committed at the turn's end, together with head.db's rows; what depends on the commit (answers,
 * sends, receipts) is told afterwards, in the order in which it was asked for (I1, I2).
 */
#ifndef DL_NODE_AGENCY_H
#define DL_NODE_AGENCY_H

#include "base/octets.h"

struct dl_agency;
struct dl_registry;

/* The wall clock of the agency's world. */
int64_t dl_agency_now(const struct dl_agency *agency);
/* The agency's own registry. */
DL_MUST_USE enum dl_err dl_agency_registry(struct dl_agency *agency, struct dl_registry **out,
                                           struct dl_error *error);

#endif
