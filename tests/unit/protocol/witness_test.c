/* The rules of a witness beyond the public vectors (witness.json, run by node/vectors_test): which
 * fault is named when a request has several, and that nothing is kept before the caller keeps it.
 */
#include "protocol/witness.h"
#include "protocol/tlog_proof.h"
#include "tests/unit/protocol/vectors.h"

struct author {
    struct dl_signer *signer;
    struct dl_vkey vkey;
    struct dl_frontier trees[10]; /* by size */
};

static void open_author(struct author *author, uint8_t seed, struct dl_witness_log *log)
{
    struct dl_secret_key secret = {{seed}};
    author->signer = dl_signer_new(&secret);
    struct dl_public_key key = dl_signer_public(author->signer);
    assert_int_equal(dl_vkey_make(dl_view_str("log.example"), DL_KEY_ED25519, &key, &author->vkey),
                     DL_OK);
    dl_frontier_init(&author->trees[0]);
    for (uint8_t i = 0; i < 9; i++) {
        struct dl_hash leaf = dl_merkle_leaf(dl_view_of(&i, 1));
        author->trees[i + 1] = author->trees[i];
        dl_frontier_append(&author->trees[i + 1], &leaf);
    }
    *log = (struct dl_witness_log){.vkey = author->vkey, .verifier = dl_verifier_new(&key)};
}

static void close_author(struct author *author, struct dl_witness_log *log)
{
    dl_signer_free(&author->signer);
    dl_verifier_free(&log->verifier);
}

/* A request without proof lines; `extension` may be empty. */
static struct dl_buf request(const struct author *author, unsigned old_size, unsigned size,
                             const char *extension)
{
    struct dl_buf out;
    struct dl_buf text;
    dl_buf_init(&out, 8192);
    dl_buf_init(&text, 4096);
    struct dl_hash root = dl_frontier_root(&author->trees[size]);
    dl_checkpoint_put(&text, dl_view_str(author->vkey.name), size, &root);
    dl_buf_put_str(&text, extension);
    struct dl_signature signature = dl_signer_sign(author->signer, dl_buf_view(&text));
    dl_buf_printf(&out, "old %u\n\n", old_size);
    dl_note_put_text(&out, dl_buf_view(&text));
    dl_note_put_line(&out, &author->vkey, dl_view_of(signature.b, sizeof signature.b));
    dl_buf_fini(&text);
    return out;
}

static int status(const struct author *author, const struct dl_witness_log *log, unsigned old_size,
                  unsigned size)
{
    struct dl_buf body = request(author, old_size, size, "");
    struct dl_witness_verdict verdict = dl_witness_judge(log, 1, dl_buf_view(&body));
    dl_buf_fini(&body);
    return verdict.status;
}

static void the_first_checkpoint_is_cosigned_from_size_0(void **state)
{
    (void)state;
    struct author author;
    struct dl_witness_log log;
    open_author(&author, 1, &log);
    assert_int_equal(status(&author, &log, 0, 5), DL_WITNESS_COSIGN);
    assert_int_equal(log.size, 0);
    assert_int_equal(status(&author, &log, 1, 5), DL_WITNESS_CONFLICT);
    close_author(&author, &log);
}

static void growth_needs_a_proof(void **state)
{
    (void)state;
    struct author author;
    struct dl_witness_log log;
    open_author(&author, 1, &log);
    log.size = 5;
    log.root = dl_frontier_root(&author.trees[5]);
    assert_int_equal(status(&author, &log, 5, 5), DL_WITNESS_COSIGN);
    assert_int_equal(status(&author, &log, 5, 7), DL_WITNESS_REFUSED);
    assert_int_equal(status(&author, &log, 5, 4), DL_WITNESS_MALFORMED);
    log.root.b[0] ^= 1;
    assert_int_equal(status(&author, &log, 5, 5), DL_WITNESS_REFUSED);
    close_author(&author, &log);
}

static void a_signature_counts_before_any_size(void **state)
{
    (void)state;
    struct author author;
    struct author stranger;
    struct dl_witness_log log;
    struct dl_witness_log other;
    open_author(&author, 1, &log);
    open_author(&stranger, 2, &other);
    assert_int_equal(status(&stranger, &log, 9, 5), DL_WITNESS_UNTRUSTED);
    assert_int_equal(status(&stranger, &other, 9, 5), DL_WITNESS_MALFORMED);
    close_author(&author, &log);
    close_author(&stranger, &other);
}

static void extension_lines_are_not_vouched_for(void **state)
{
    (void)state;
    struct author author;
    struct dl_witness_log log;
    open_author(&author, 1, &log);
    struct dl_buf body = request(&author, 0, 5, "more\n");
    assert_int_equal(dl_witness_judge(&log, 1, dl_buf_view(&body)).status, DL_WITNESS_MALFORMED);
    dl_buf_fini(&body);
    close_author(&author, &log);
}

static void a_request_cut_anywhere_is_never_cosigned(void **state)
{
    (void)state;
    struct author author;
    struct dl_witness_log log;
    open_author(&author, 1, &log);
    struct dl_buf body = request(&author, 0, 5, "");
    for (size_t n = 0; n < body.n; n++) {
        struct dl_witness_verdict verdict = dl_witness_judge(&log, 1, dl_view_of(body.p, n));
        assert_int_not_equal(verdict.status, DL_WITNESS_COSIGN);
    }
    dl_buf_fini(&body);
    close_author(&author, &log);
}

static void a_cosignature_verifies_on_the_note(void **state)
{
    (void)state;
    struct author author;
    struct dl_witness_log log;
    struct dl_vkey witness;
    struct dl_note note;
    uint64_t time = 0;
    open_author(&author, 1, &log);
    assert_int_equal(dl_vkey_make(dl_view_str("witness.example"), DL_KEY_COSIGNATURE,
                                  &author.vkey.key, &witness),
                     DL_OK);
    struct dl_buf body = request(&author, 0, 5, "");
    struct dl_witness_verdict verdict = dl_witness_judge(&log, 1, dl_buf_view(&body));
    assert_int_equal(verdict.status, DL_WITNESS_COSIGN);
    dl_witness_cosign(&body, &witness, author.signer, 1700000000, &verdict.checkpoint);
    dl_buf_consume(&body, strlen("old 0\n\n"));
    assert_int_equal(dl_note_parse(dl_buf_view(&body), &note), DL_OK);
    assert_int_equal(dl_note_verify(&note, &witness, log.verifier, &time), DL_OK);
    assert_int_equal(time, 1700000000);
    dl_note_fini(&note);
    dl_buf_fini(&body);
    close_author(&author, &log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_checkpoint_is_cosigned_from_size_0),
        cmocka_unit_test(growth_needs_a_proof),
        cmocka_unit_test(a_signature_counts_before_any_size),
        cmocka_unit_test(extension_lines_are_not_vouched_for),
        cmocka_unit_test(a_request_cut_anywhere_is_never_cosigned),
        cmocka_unit_test(a_cosignature_verifies_on_the_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
