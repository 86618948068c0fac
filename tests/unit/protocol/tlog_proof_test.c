/* Standing proofs. The public vectors (tlog-proof.json) are run by node/vectors_test. */
#include "protocol/tlog_proof.h"
#include "tests/unit/protocol/bundle_files.h"

static struct dl_policy *policy_of_bundle(void)
{
    struct dl_policy *policy = NULL;
    struct dl_buf text = bundle_file("policy");
    assert_int_equal(dl_policy_parse(dl_buf_view(&text), &policy, NULL), DL_OK);
    dl_buf_fini(&text);
    return policy;
}

static void a_proof_read_is_written_to_the_same_octets(void **state)
{
    (void)state;
    struct dl_tlog_proof proof;
    struct dl_buf again;
    struct dl_buf octets = bundle_file("entry-777.tlog-proof");
    assert_int_equal(dl_tlog_proof_parse(dl_buf_view(&octets), &proof), DL_OK);
    assert_int_equal(proof.index, 777);
    dl_buf_init(&again, DL_TLOG_PROOF_MAX);
    dl_tlog_proof_put(&again, proof.index, &proof.proof, proof.checkpoint);
    assert_true(dl_view_equal(dl_buf_view(&again), dl_buf_view(&octets)));
    dl_buf_fini(&again);
    dl_buf_fini(&octets);
}

static void extra_data_is_kept_apart(void **state)
{
    (void)state;
    struct dl_tlog_proof proof;
    struct dl_buf octets = bundle_file("entry-12.tlog-proof");
    assert_int_equal(dl_tlog_proof_parse(dl_buf_view(&octets), &proof), DL_OK);
    assert_true(dl_view_is(proof.extra, "aGVsbG8="));
    assert_int_equal(proof.index, 12);
    dl_buf_fini(&octets);
}

static void a_proof_holds_for_its_leaf_and_no_other(void **state)
{
    (void)state;
    struct dl_tlog_proof proof;
    struct dl_policy_finding finding;
    struct dl_policy *policy = policy_of_bundle();
    struct dl_buf octets = bundle_file("entry-777.tlog-proof");
    struct dl_buf entries = bundle_file("entries.u32");
    assert_int_equal(dl_tlog_proof_parse(dl_buf_view(&octets), &proof), DL_OK);
    struct dl_hash leaf = dl_merkle_leaf(bundle_entry(&entries, 777));
    assert_int_equal(dl_tlog_proof_check(&proof, policy, &leaf, &finding), DL_OK);
    assert_int_equal(finding.checkpoint.size, 1000);
    leaf = dl_merkle_leaf(bundle_entry(&entries, 776));
    assert_int_equal(dl_tlog_proof_check(&proof, policy, &leaf, &finding), DL_E_PROOF);
    dl_buf_fini(&entries);
    dl_buf_fini(&octets);
    dl_policy_free(&policy);
}

static void a_proof_cut_anywhere_does_not_hold(void **state)
{
    (void)state;
    struct dl_policy *policy = policy_of_bundle();
    struct dl_buf octets = bundle_file("entry-777.tlog-proof");
    struct dl_buf entries = bundle_file("entries.u32");
    struct dl_hash leaf = dl_merkle_leaf(bundle_entry(&entries, 777));
    for (size_t n = 0; n < octets.n; n++) {
        struct dl_tlog_proof proof;
        struct dl_policy_finding finding;
        bool holds = dl_tlog_proof_parse(dl_view_of(octets.p, n), &proof) == DL_OK &&
                     dl_tlog_proof_check(&proof, policy, &leaf, &finding) == DL_OK;
        assert_false(holds);
    }
    dl_buf_fini(&entries);
    dl_buf_fini(&octets);
    dl_policy_free(&policy);
}

static void a_proof_without_a_checkpoint_is_none(void **state)
{
    (void)state;
    struct dl_tlog_proof proof;
    static const char *const text = "c2sp.org/tlog-proof@v1\nindex 0\n\n";
    assert_int_equal(dl_tlog_proof_parse(dl_view_str(text), &proof), DL_E_PROOF);
}

static void lines_of_hashes_are_read_back_up_to_63(void **state)
{
    (void)state;
    struct dl_proof proof = {.n = DL_LIMIT_PROOF_HASHES};
    struct dl_proof again;
    struct dl_buf lines;
    dl_buf_init(&lines, 8192);
    proof.hashes[0].b[0] = 1;
    proof.hashes[62].b[31] = 2;
    dl_proof_put_lines(&lines, &proof);
    struct dl_view rest = dl_buf_view(&lines);
    assert_int_equal(dl_proof_take_lines(&rest, &again), DL_OK);
    assert_int_equal(rest.n, 0);
    assert_memory_equal(&again, &proof, sizeof proof);
    proof.n = 1;
    dl_proof_put_lines(&lines, &proof);
    rest = dl_buf_view(&lines);
    assert_int_equal(dl_proof_take_lines(&rest, &again), DL_E_PROOF);
    dl_buf_fini(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_read_is_written_to_the_same_octets),
        cmocka_unit_test(extra_data_is_kept_apart),
        cmocka_unit_test(a_proof_holds_for_its_leaf_and_no_other),
        cmocka_unit_test(a_proof_cut_anywhere_does_not_hold),
        cmocka_unit_test(a_proof_without_a_checkpoint_is_none),
        cmocka_unit_test(lines_of_hashes_are_read_back_up_to_63),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
