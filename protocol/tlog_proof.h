/* Proofs that stand alone (C2SP tlog-proof): an entry's place, its inclusion proof, and the signed
 * checkpoint it leads to, in one text. File suffix ".tlog-proof".
 */
#ifndef DL_PROTOCOL_TLOG_PROOF_H
#define DL_PROTOCOL_TLOG_PROOF_H

#include "protocol/merkle.h"
#include "protocol/policy.h"

enum { DL_TLOG_PROOF_MAX = 2 * DL_LIMIT_NOTE }; /* octets */

/* Views borrow from the octets parsed. */
struct dl_tlog_proof {
    struct dl_view extra; /* base64, NOT authenticated; empty without */
    uint64_t index;
    struct dl_proof proof;
    struct dl_view checkpoint; /* a signed note */
};

/* DL_E_PROOF when it is not well formed. The checkpoint is not looked at. */
DL_MUST_USE enum dl_err dl_tlog_proof_parse(struct dl_view octets, struct dl_tlog_proof *out);
/* Append the octets, without extra data. */
void dl_tlog_proof_put(struct dl_buf *out, uint64_t index, const struct dl_proof *proof,
                       struct dl_view checkpoint);
/* Judge the checkpoint by the policy, then the leaf's place under its root. Errors as
 * dl_policy_judge; DL_E_PROOF: the leaf is not at that place. */
DL_MUST_USE enum dl_err dl_tlog_proof_check(const struct dl_tlog_proof *proof,
                                            const struct dl_policy *policy,
                                            const struct dl_hash *leaf,
                                            struct dl_policy_finding *out);

/* Lines of one base64 hash each, as proofs stand in text: take them up to the first empty line or
 * the end (the empty line stays). DL_E_PROOF for anything else, and for more than 63. */
DL_MUST_USE enum dl_err dl_proof_take_lines(struct dl_view *rest, struct dl_proof *out);
void dl_proof_put_lines(struct dl_buf *out, const struct dl_proof *proof);

#endif
