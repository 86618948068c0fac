/* What this agency's imports owe its peers: a listing-notice for each act of its own jurisdiction.
 *
 * The notices are kept in the registry with the import, in one transaction, and go to the journals
 * afterwards; they leave the registry when the journals have them. A node that dies in between owes
 * them still and stages them at its next start; entries are one by their id, so twice does no harm
 * (I4).
 */
#ifndef DL_NODE_ANNOUNCING_H
#define DL_NODE_ANNOUNCING_H

#include "node/agency.h"
#include "registry/announcement.h"
#include "registry/store.h"

/* Inside the import's transaction: the rows of the announcement that are not refused, in as many
 * notices as they need. Nothing where the act is not of this agency's jurisdiction: only the
 * authority of a jurisdiction speaks of its law to others. */
DL_MUST_USE enum dl_err dl_announcing_keep(struct dl_agency *agency, struct dl_store *store,
                                           const struct dl_announcement *announcement,
                                           struct dl_error *error);
/* Stages every notice that is owed, for every peer whose line is in use; `fn` (may be NULL) hears
 * of each. On failure what could not be staged stays owed. Nothing without a registry of its own.
 */
typedef void (*dl_announcing_fn)(void *context, const char *peer, const char *id);
DL_MUST_USE enum dl_err dl_announcing_tell(struct dl_agency *agency, dl_announcing_fn fn,
                                           void *context, struct dl_error *error);

#endif
