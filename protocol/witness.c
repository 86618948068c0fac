#include "protocol/witness.h"
#include "base/encoding.h"
#include "protocol/tlog_proof.h"

#include <string.h>

enum { BODY_MAX = DL_LIMIT_NOTE + 8 * 1024 };

struct request {
    uint64_t old_size;
    struct dl_proof proof;
    struct dl_view note;
};

static bool take_request(struct dl_view body, struct request *out)
{
    static const char old[] = "old ";
    const size_t n_old = sizeof old - 1;
    const uint8_t *end = body.n == 0 ? NULL : memchr(body.p, '\n', body.n);
    if (end == NULL || body.n > BODY_MAX || body.n < n_old || memcmp(body.p, old, n_old) != 0) {
        return false;
    }
    struct dl_view size = dl_view_of(body.p + n_old, (size_t)(end - body.p) - n_old);
    struct dl_view rest = dl_view_of(end + 1, body.n - (size_t)(end + 1 - body.p));
    if (dl_decimal_decode(size, DL_TREE_SIZE_MAX, &out->old_size) != DL_OK ||
        dl_proof_take_lines(&rest, &out->proof) != DL_OK || rest.n == 0) {
        return false;
    }
    DL_ASSERT(rest.p[0] == '\n', "the hashes end at an empty line");
    out->note = dl_view_of(rest.p + 1, rest.n - 1);
    return true;
}

static bool find_log(const struct dl_witness_log *logs, size_t n, const char *origin, size_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(logs[i].vkey.name, origin) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* The order is the specification's: signature, old size against size, old size against what is
 * stored, empty root, proof. */
static enum dl_witness_status judge_log(const struct dl_witness_log *log,
                                        const struct dl_note *note, const struct request *request,
                                        const struct dl_checkpoint *checkpoint)
{
    if (dl_note_verify(note, &log->vkey, log->verifier, NULL) != DL_OK) {
        return DL_WITNESS_UNTRUSTED;
    }
    if (request->old_size > checkpoint->size || checkpoint->extended) {
        return DL_WITNESS_MALFORMED;
    }
    if (request->old_size != log->size) {
        return DL_WITNESS_CONFLICT;
    }
    struct dl_hash old_root = log->size == 0 ? dl_merkle_empty() : log->root;
    bool proven = dl_consistency_check(&request->proof, log->size, checkpoint->size, &old_root,
                                       &checkpoint->root) == DL_OK;
    return proven ? DL_WITNESS_COSIGN : DL_WITNESS_REFUSED;
}

struct dl_witness_verdict dl_witness_judge(const struct dl_witness_log *logs, size_t n,
                                           struct dl_view body)
{
    struct dl_witness_verdict verdict = {.status = DL_WITNESS_MALFORMED};
    struct request request;
    struct dl_note note;
    if (!take_request(body, &request) || dl_note_parse(request.note, &note) != DL_OK) {
        return verdict;
    }
    if (dl_checkpoint_parse_form(note.text, &verdict.checkpoint) == DL_OK) {
        verdict.status = DL_WITNESS_UNKNOWN;
        if (find_log(logs, n, verdict.checkpoint.origin, &verdict.log)) {
            verdict.status = judge_log(&logs[verdict.log], &note, &request, &verdict.checkpoint);
        }
    }
    dl_note_fini(&note);
    return verdict;
}

void dl_witness_cosign(struct dl_buf *out, const struct dl_vkey *witness,
                       const struct dl_signer *signer, uint64_t unix_s,
                       const struct dl_checkpoint *checkpoint)
{
    struct dl_buf text;
    struct dl_buf message;
    struct dl_buf payload;
    DL_ASSERT(witness->type == DL_KEY_COSIGNATURE, "a witness cosigns");
    dl_buf_init(&text, DL_LIMIT_CHECKPOINT);
    dl_buf_init(&message, DL_LIMIT_CHECKPOINT + 64);
    dl_buf_init(&payload, 128);
    dl_checkpoint_put(&text, dl_view_str(checkpoint->origin), checkpoint->size, &checkpoint->root);
    dl_cosignature_message(&message, unix_s, dl_buf_view(&text));
    DL_ASSERT(dl_buf_err(&message) == DL_OK, "a checkpoint is short");
    struct dl_signature signature = dl_signer_sign(signer, dl_buf_view(&message));
    dl_cosignature_payload(&payload, unix_s, &signature);
    dl_note_put_line(out, witness, dl_buf_view(&payload));
    dl_buf_fini(&payload);
    dl_buf_fini(&message);
    dl_buf_fini(&text);
}
