/* keys/ in an agency's folder: an authority of its own (ca), and one key for each role. Every file
 * is 0600 in a folder of 0700, else nothing is read.
 */
#ifndef DL_NODE_AGENCY_KEYS_H
#define DL_NODE_AGENCY_KEYS_H

#include "node/agency.h"

/* `keys` is the folder, which is there and empty. */
DL_MUST_USE enum dl_err dl__agency_make_keys(const char *keys, const char *agency,
                                             struct dl_error *error);
/* Into the configuration, which borrows `ca` and `certificate`; `dir` is the agency's folder. The
 * caller wipes the secret keys. KEY_MODE for keys that others can read, KEY for keys that are not
 * there. */
DL_MUST_USE enum dl_err dl__agency_read_keys(const char *dir, struct dl_agency_config *config,
                                             struct dl_buf *ca, struct dl_buf *certificate,
                                             struct dl_error *error);

/* Make the node's certificate anew, on the same key, when fewer than `days` are left of it. True
 * when it was; `der` (empty before) then holds it. */
struct dl_renewal {
    const char *dir;
    int days;
    int64_t now_ms;
};
DL_MUST_USE enum dl_err dl_agency_keys_renew(const struct dl_renewal *renewal, bool *renewed,
                                             struct dl_buf *der, struct dl_error *error);

#endif
