/* Trust policies (C2SP tlog-policy): whose signatures make a checkpoint good. Lines, in any order
 * but each name before its use; blanks are spaces and tabs, "#" begins a comment line:
 *
 *     log VKEY [URL]                       one of these must have signed; its name is the origin
 *     witness NAME VKEY [URL]              a cosigner
 *     group NAME K|any|all NAME...         counts as one when K of its members do
 *     quorum NAME|none                     exactly one: what must have cosigned
 */
#ifndef DL_PROTOCOL_POLICY_H
#define DL_PROTOCOL_POLICY_H

#include "protocol/checkpoint.h"

enum {
    DL_POLICY_MAX = 64 * 1024, /* octets */
    DL_POLICY_LOGS = 32,
    DL_POLICY_PARTS = 64 /* witnesses and groups together */
};

struct dl_policy;

/* DL_E_INPUT when it is no policy, or exceeds a maximum above; the message names the line. */
DL_MUST_USE enum dl_err dl_policy_parse(struct dl_view text, struct dl_policy **out,
                                        struct dl_error *error);
void dl_policy_free(struct dl_policy **policy);

/* The keys: logs first, then witnesses; NULL beyond the last. */
const struct dl_vkey *dl_policy_key(const struct dl_policy *policy, size_t i);

/* What a policy found on a checkpoint. Keys are borrowed from the policy. */
struct dl_policy_finding {
    struct dl_checkpoint checkpoint;
    const struct dl_vkey *log; /* whose signature holds */
    size_t n_cosigned;
    struct {
        const struct dl_vkey *witness;
        uint64_t time; /* seconds, the witness's claim */
    } cosigned[DL_POLICY_PARTS];
};

/* Judge a signed note. Unknown keys are ignored, a known key whose signature does not hold sinks
 * the note. DL_E_NOTE, DL_E_CHECKPOINT: not well formed; DL_E_ORIGIN: of no log of this policy;
 * DL_E_SIGNATURE: a signature does not hold, no log signed, or the quorum is not there. */
DL_MUST_USE enum dl_err dl_policy_judge(const struct dl_policy *policy, struct dl_view note,
                                        struct dl_policy_finding *out, struct dl_error *error);

#endif
