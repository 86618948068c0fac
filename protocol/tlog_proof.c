#include "protocol/tlog_proof.h"
#include "base/encoding.h"

#include <string.h>

static const char header[] = "c2sp.org/tlog-proof@v1";

/* The next line without its LF, which is consumed. */
static bool take_line(struct dl_view *rest, struct dl_view *line)
{
    const uint8_t *end = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
    if (end == NULL) {
        return false;
    }
    *line = dl_view_of(rest->p, (size_t)(end - rest->p));
    *rest = dl_view_of(end + 1, rest->n - line->n - 1);
    return true;
}

/* What follows `word` and one blank; empty when the line begins otherwise. */
static struct dl_view after(struct dl_view line, const char *word)
{
    size_t n = strlen(word);
    if (line.n <= n + 1 || memcmp(line.p, word, n) != 0 || line.p[n] != ' ') {
        return dl_view_of(NULL, 0);
    }
    return dl_view_of(line.p + n + 1, line.n - n - 1);
}

static enum dl_err take_hash(struct dl_view line, struct dl_hash *out)
{
    struct dl_buf decoded;
    dl_buf_init(&decoded, 64);
    enum dl_err err = dl_base64_decode(&decoded, line);
    bool ok = err == DL_OK && decoded.n == sizeof out->b;
    if (ok) {
        memcpy(out->b, decoded.p, sizeof out->b);
    }
    dl_buf_fini(&decoded);
    return ok ? DL_OK : DL_E_PROOF;
}

enum dl_err dl_proof_take_lines(struct dl_view *rest, struct dl_proof *out)
{
    struct dl_proof proof = {0};
    struct dl_view line;
    while (rest->n > 0 && rest->p[0] != '\n') {
        if (proof.n == DL_LIMIT_PROOF_HASHES || !take_line(rest, &line)) {
            return DL_E_PROOF;
        }
        DL_TRY(take_hash(line, &proof.hashes[proof.n++]));
    }
    *out = proof;
    return DL_OK;
}

void dl_proof_put_lines(struct dl_buf *out, const struct dl_proof *proof)
{
    DL_ASSERT(proof->n <= DL_LIMIT_PROOF_HASHES, "a proof has at most 63 hashes");
    for (size_t i = 0; i < proof->n; i++) {
        dl_base64_encode(out, dl_view_of(proof->hashes[i].b, sizeof proof->hashes[i].b));
        dl_buf_u8(out, '\n');
    }
}

static bool extra_ok(struct dl_view text)
{
    struct dl_buf decoded;
    dl_buf_init(&decoded, DL_TLOG_PROOF_MAX);
    bool ok = dl_base64_decode(&decoded, text) == DL_OK;
    dl_buf_fini(&decoded);
    return ok;
}

enum dl_err dl_tlog_proof_parse(struct dl_view octets, struct dl_tlog_proof *out)
{
    struct dl_tlog_proof proof = {.index = 0};
    struct dl_view rest = octets;
    struct dl_view line;
    if (octets.n > DL_TLOG_PROOF_MAX || !take_line(&rest, &line) || !dl_view_is(line, header) ||
        !take_line(&rest, &line)) {
        return DL_E_PROOF;
    }
    proof.extra = after(line, "extra");
    if (proof.extra.n > 0 && (!extra_ok(proof.extra) || !take_line(&rest, &line))) {
        return DL_E_PROOF;
    }
    if (dl_decimal_decode(after(line, "index"), DL_TREE_SIZE_MAX, &proof.index) != DL_OK) {
        return DL_E_PROOF;
    }
    DL_TRY(dl_proof_take_lines(&rest, &proof.proof));
    if (!take_line(&rest, &line) || rest.n == 0) {
        return DL_E_PROOF;
    }
    DL_ASSERT(line.n == 0, "the hashes end at an empty line");
    proof.checkpoint = rest;
    *out = proof;
    return DL_OK;
}

void dl_tlog_proof_put(struct dl_buf *out, uint64_t index, const struct dl_proof *proof,
                       struct dl_view checkpoint)
{
    DL_ASSERT(index < DL_TREE_SIZE_MAX, "a leaf is in its tree");
    dl_buf_printf(out, "%s\nindex %llu\n", header, (unsigned long long)index);
    dl_proof_put_lines(out, proof);
    dl_buf_u8(out, '\n');
    dl_buf_put_view(out, checkpoint);
}

enum dl_err dl_tlog_proof_check(const struct dl_tlog_proof *proof, const struct dl_policy *policy,
                                const struct dl_hash *leaf, struct dl_policy_finding *out)
{
    struct dl_policy_finding finding;
    DL_TRY(dl_policy_judge(policy, proof->checkpoint, &finding, NULL));
    DL_TRY(dl_inclusion_check(&proof->proof, proof->index, finding.checkpoint.size, leaf,
                              &finding.checkpoint.root));
    *out = finding;
    return DL_OK;
}
