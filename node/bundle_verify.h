/* Verifying an exported folder (contracts section 5) with nothing but the folder: no node, no
 * network, no store. Everything in it is judged; what nothing vouches for is a problem.
 *
 * Leaves may be any octets: the folder of another log in the same formats verifies too. Memory is
 * bounded whatever the folder holds: entries are read one after the other.
 */
#ifndef DL_NODE_BUNDLE_VERIFY_H
#define DL_NODE_BUNDLE_VERIFY_H

#include "base/json.h"
#include "protocol/policy.h"

enum { DL_BUNDLE_PROBLEMS = 100 }; /* listed; more are counted */

struct dl_bundle {
    struct dl_policy *policy; /* that was judged by; NULL when there is none */
    bool from_export;         /* the keys are the folder's own */
    bool has_head;
    struct dl_policy_finding head; /* of the checkpoint */
    uint64_t entries, contents;    /* verified */
    size_t n_problems;
    json_t *problems; /* array of text */
};

void dl_bundle_init(struct dl_bundle *bundle);
void dl_bundle_fini(struct dl_bundle *bundle);

/* The policy of one log and one witness that must have cosigned. Errors as dl_policy_parse. */
DL_MUST_USE enum dl_err dl_bundle_policy(const char *log, const char *witness,
                                         struct dl_policy **out, struct dl_error *error);

/* Verify the folder; `given` (taken, may be NULL) is judged by instead of the folder's own policy.
 * DL_E_INPUT: there is no such folder. Otherwise DL_OK, and the folder verified when n_problems is
 * 0. */
DL_MUST_USE enum dl_err dl_bundle_verify(const char *folder, struct dl_policy *given,
                                         struct dl_bundle *out, struct dl_error *error);
/* The same for a tlog-tiles tree with its checkpoint and policy: every tile is rebuilt. */
DL_MUST_USE enum dl_err dl_tiles_verify(const char *folder, struct dl_policy *given,
                                        struct dl_bundle *out, struct dl_error *error);

/* One JSON object: verified, origin, size, root, receipt, entries, contents, keys, problems. */
void dl_bundle_json(const struct dl_bundle *bundle, struct dl_buf *out);

#endif
