/* Any octets as a standing proof, and as a witness's request. */
#include "protocol/tlog_proof.h"
#include "protocol/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_proof(struct dl_view octets)
{
    struct dl_tlog_proof proof;
    struct dl_buf again;
    if (dl_tlog_proof_parse(octets, &proof) != DL_OK) {
        return;
    }
    dl_buf_init(&again, DL_TLOG_PROOF_MAX);
    if (proof.index < DL_TREE_SIZE_MAX) {
        dl_tlog_proof_put(&again, proof.index, &proof.proof, proof.checkpoint);
        DL_ASSERT(proof.extra.n > 0 || dl_view_equal(dl_buf_view(&again), octets),
                  "one form for one proof");
    }
    dl_buf_fini(&again);
}

static void try_request(struct dl_view octets)
{
    struct dl_witness_log log = {.vkey = {.name = "public.dl-a.example/log", .type = 1}};
    struct dl_public_key key = {{1}};
    log.verifier = dl_verifier_new(&key);
    struct dl_witness_verdict verdict = dl_witness_judge(&log, 1, octets);
    DL_ASSERT(verdict.status != DL_WITNESS_COSIGN, "nobody has this key");
    dl_verifier_free(&log.verifier);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_proof(dl_view_of(data, size));
    try_request(dl_view_of(data, size));
    return 0;
}
