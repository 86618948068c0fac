/* What the parts of the verifier share. */
#ifndef DL_NODE_BUNDLE_INTERNAL_H
#define DL_NODE_BUNDLE_INTERNAL_H

#include "node/bundle_verify.h"

enum { DL__ENTRY_MAX = 65535 }; /* the most that a bundle of entries can hold (C2SP tlog-tiles) */

void dl__bundle_problem(struct dl_bundle *bundle, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Read and parse the policy `name`. False, with a problem noted, when it is none. */
bool dl__bundle_read_policy(struct dl_bundle *bundle, const char *folder, const char *name,
                            struct dl_policy **out);
/* Judge the note `name` by the policy. False, with a problem noted, when it does not hold. */
bool dl__bundle_read_note(struct dl_bundle *bundle, const char *folder, const char *name,
                          const struct dl_policy *policy, struct dl_policy_finding *out);
/* Rebuild the tree in `folder` by the checkpoint in it, which is judged by `policy` and by the
 * tree's own. Problems are noted in `bundle`; true when there was a checkpoint to go by. */
bool dl__bundle_tiles(struct dl_bundle *bundle, const char *folder, const struct dl_policy *policy,
                      struct dl_policy_finding *out);

#endif
