/* The rules of a witness (C2SP tlog-witness, add-checkpoint): what it answers to a request, given
 * the newest checkpoint that it cosigned of each log. The caller stores the new state durably
 * before it lets an answer out.
 */
#ifndef DL_PROTOCOL_WITNESS_H
#define DL_PROTOCOL_WITNESS_H

#include "protocol/checkpoint.h"
#include "protocol/merkle.h"

/* One log that the witness knows, and the newest it cosigned: size 0 and any root at first. */
struct dl_witness_log {
    struct dl_vkey vkey; /* the name is the origin */
    struct dl_verifier *verifier;
    uint64_t size;
    struct dl_hash root;
};

enum dl_witness_status {
    DL_WITNESS_COSIGN = 200,
    DL_WITNESS_MALFORMED = 400,
    DL_WITNESS_UNTRUSTED = 403, /* the log's signature is missing or does not hold */
    DL_WITNESS_UNKNOWN = 404,   /* a log that the witness does not know */
    DL_WITNESS_CONFLICT = 409,  /* the answer is log->size, which is not the request's old size */
    DL_WITNESS_REFUSED = 422    /* not proven to continue what was cosigned */
};

struct dl_witness_verdict {
    enum dl_witness_status status;
    size_t log; /* which one, from 200, 403, 409 and 422 on */
    struct dl_checkpoint checkpoint;
};

/* Judge a request's body against the logs. Nothing is changed: after DL_WITNESS_COSIGN the caller
 * sets the log's size and root. Checkpoints with extension lines are malformed here: we do not
 * vouch for lines that we do not understand. */
struct dl_witness_verdict dl_witness_judge(const struct dl_witness_log *logs, size_t n,
                                           struct dl_view body);
/* Append the answer to DL_WITNESS_COSIGN: the signature line over our own writing of what was
 * read. */
void dl_witness_cosign(struct dl_buf *out, const struct dl_vkey *witness,
                       const struct dl_signer *signer, uint64_t unix_s,
                       const struct dl_checkpoint *checkpoint);

#endif
