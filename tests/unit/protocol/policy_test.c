/* Policies: what they take, what they refuse and why, and what makes a quorum. */
#include "protocol/policy.h"
#include "tests/unit/protocol/bundle_files.h"

#define LOG "public.dl-a.example/log+159c7342+AWwUjUAYns/AtfFIDyTzuNuThCn1aFm7Cr++3tsyKGg8"
#define LOG_B "public.dl-b.example/log+b0235327+AX78hIInkoeJXW2BJFIBPop6Z8Oi7xNIBg9OUGHQ8QXS"
#define PEER "public.dl-b.example/receipt+51eef7f4+BBiePTdA8RkH+4sY18NRhZ+kPBLHR2WJLNRbfJt9tdvi"
#define OTHER "public.dl-a.example/receipt+779a2a0e+BPKCM6Qoocrl9RceIosO2V30n/LLF71z01gKwfMyeoBd"

static enum dl_err parse(const char *text, struct dl_error *error)
{
    struct dl_policy *policy = NULL;
    enum dl_err err = dl_policy_parse(dl_view_str(text), &policy, error);
    dl_policy_free(&policy);
    return err;
}

static void a_policy_may_have_comments_blanks_and_addresses(void **state)
{
    (void)state;
    struct dl_error error;
    assert_int_equal(parse("# who\n\n \t\n  log\t" LOG " https://example.test/\n"
                           "witness p " PEER " https://example.test/w\nquorum p  \n",
                           &error),
                     DL_OK);
    assert_int_equal(parse("quorum none\n", &error), DL_OK);
}

static void a_bad_policy_is_refused_with_its_line_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"log " LOG "\n", "no quorum line"},
        {"quorum none", "line 1: the last line has no end"},
        {"quorum none\nquorum none\n", "line 2: there is a second quorum line"},
        {"quorum p\n", "line 1: the quorum is not defined"},
        {"quorum none x\n", "line 1: too many words"},
        {"log " LOG " url more\nquorum none\n", "line 1: too many words"},
        {"log " LOG "\nlog " LOG "\nquorum none\n", "line 2: this log's key stands here twice"},
        {"log " PEER "\nquorum none\n", "line 1: not a log's key"},
        {"log x\nquorum none\n", "line 1: not a verifier key"},
        {"witness p " LOG "\nquorum p\n", "line 1: not a witness's key"},
        {"witness none " PEER "\nquorum none\n", "line 1: a name is missing"},
        {"witness p " PEER "\nwitness p " OTHER "\nquorum p\n", "line 2: this name is already"},
        {"witness p " PEER "\nwitness q " PEER "\nquorum p\n", "line 2: this witness's key"},
        {"group g any\nquorum g\n", "line 1: a group needs a member"},
        {"group g any p\nwitness p " PEER "\nquorum g\n", "line 1: a member is not defined"},
        {"witness p " PEER "\ngroup g 0 p\nquorum g\n", "line 2: a group needs any, all"},
        {"witness p " PEER "\ngroup g 2 p\nquorum g\n", "line 2: a group needs any, all"},
        {"witness p " PEER "\ngroup g 01 p\nquorum g\n", "line 2: a group needs any, all"},
        {"witness p " PEER "\ngroup g all p p\nquorum g\n", "line 2: a member can stand in one"},
        {"witness p " PEER "\ngroup g any p\ngroup h any p\nquorum h\n",
         "line 3: a member can stand in one"},
        {"group g any g\nquorum g\n", "line 1: a member is not defined"},
        {"quorum none\r\n", "line 1: a control character"},
        {"quorum\x7Fnone\n", "line 1: a control character"},
        {"mirror x\nquorum none\n", "line 1: a line begins with"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dl_error error = {0};
        assert_int_equal(parse(cases[i].text, &error), DL_E_INPUT);
        if (strstr(error.message, cases[i].says) == NULL) {
            fail_msg("\"%s\" is refused with: %s", cases[i].text, error.message);
        }
    }
}

static void a_policy_has_at_most_its_maxima(void **state)
{
    (void)state;
    struct dl_error error = {0};
    struct dl_policy *policy = NULL;
    struct dl_buf text;
    dl_buf_init(&text, 1024 * 1024);
    for (unsigned i = 0; i <= DL_POLICY_LOGS; i++) {
        struct dl_public_key key = {{(uint8_t)i, 1}};
        struct dl_vkey vkey;
        assert_int_equal(dl_vkey_make(dl_view_str("a"), DL_KEY_ED25519, &key, &vkey), DL_OK);
        dl_buf_put_str(&text, "log ");
        dl_vkey_format(&vkey, &text);
        dl_buf_put_str(&text, "\n");
    }
    assert_int_equal(dl_policy_parse(dl_buf_view(&text), &policy, &error), DL_E_INPUT);
    assert_non_null(strstr(error.message, "line 33: more logs"));
    while (text.n <= DL_POLICY_MAX) {
        dl_buf_put_str(&text, "#\n");
    }
    assert_int_equal(dl_policy_parse(dl_buf_view(&text), &policy, &error), DL_E_INPUT);
    assert_non_null(strstr(error.message, "longer than"));
    dl_buf_fini(&text);
}

static enum dl_err judge(const char *text, struct dl_policy_finding *finding,
                         struct dl_error *error)
{
    struct dl_policy *policy = NULL;
    struct dl_buf note = bundle_file("checkpoint");
    assert_int_equal(dl_policy_parse(dl_view_str(text), &policy, NULL), DL_OK);
    enum dl_err err = dl_policy_judge(policy, dl_buf_view(&note), finding, error);
    dl_buf_fini(&note);
    dl_policy_free(&policy);
    return err;
}

static void a_quorum_counts_groups_of_groups(void **state)
{
    (void)state;
    struct dl_policy_finding finding;
    struct dl_error error;
    static const struct {
        const char *text;
        enum dl_err err;
    } cases[] = {
        {"log " LOG "\nwitness p " PEER "\nquorum p\n", DL_OK},
        {"log " LOG "\nwitness o " OTHER "\nquorum none\n", DL_OK},
        {"log " LOG "\nwitness o " OTHER "\nquorum o\n", DL_E_SIGNATURE},
        {"log " LOG "\nwitness p " PEER "\nwitness o " OTHER "\ngroup g any p o\nquorum g\n",
         DL_OK},
        {"log " LOG "\nwitness p " PEER "\nwitness o " OTHER "\ngroup g all p o\nquorum g\n",
         DL_E_SIGNATURE},
        {"log " LOG "\nwitness p " PEER "\nwitness o " OTHER
         "\ngroup g 1 p\ngroup h 1 o g\nquorum h\n",
         DL_OK},
        {"log " LOG "\nwitness p " PEER "\nwitness o " OTHER
         "\ngroup g 1 o\ngroup h all p g\nquorum h\n",
         DL_E_SIGNATURE},
        {"log " LOG_B "\nwitness p " PEER "\nquorum p\n", DL_E_ORIGIN},
        {"witness p " PEER "\nquorum p\n", DL_E_ORIGIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (judge(cases[i].text, &finding, &error) != cases[i].err) {
            fail_msg("\"%s\": %s", cases[i].text, error.message);
        }
    }
}

static void a_finding_says_who_cosigned_and_when(void **state)
{
    (void)state;
    struct dl_policy *policy = NULL;
    struct dl_policy_finding finding;
    struct dl_buf text = bundle_file("policy");
    struct dl_buf note = bundle_file("checkpoint");
    assert_int_equal(dl_policy_parse(dl_buf_view(&text), &policy, NULL), DL_OK);
    assert_int_equal(dl_policy_judge(policy, dl_buf_view(&note), &finding, NULL), DL_OK);
    assert_int_equal(finding.checkpoint.size, 1000);
    assert_string_equal(finding.log->name, "public.dl-a.example/log");
    assert_int_equal(finding.n_cosigned, 1);
    assert_string_equal(finding.cosigned[0].witness->name, "public.dl-b.example/receipt");
    assert_true(finding.cosigned[0].time > 1700000000);
    assert_ptr_equal(dl_policy_key(policy, 0), finding.log);
    assert_ptr_equal(dl_policy_key(policy, 1), finding.cosigned[0].witness);
    assert_null(dl_policy_key(policy, 2));
    dl_buf_fini(&text);
    dl_buf_fini(&note);
    dl_policy_free(&policy);
}

static void a_changed_note_is_refused_whatever_is_changed(void **state)
{
    (void)state;
    struct dl_policy *policy = NULL;
    struct dl_policy_finding finding;
    struct dl_buf text = bundle_file("policy");
    struct dl_buf note = bundle_file("checkpoint");
    assert_int_equal(dl_policy_parse(dl_buf_view(&text), &policy, NULL), DL_OK);
    for (size_t i = 0; i < note.n; i++) {
        note.p[i] ^= 1;
        assert_int_not_equal(dl_policy_judge(policy, dl_buf_view(&note), &finding, NULL), DL_OK);
        note.p[i] ^= 1;
    }
    assert_int_equal(dl_policy_judge(policy, dl_buf_view(&note), &finding, NULL), DL_OK);
    dl_buf_fini(&text);
    dl_buf_fini(&note);
    dl_policy_free(&policy);
}

static void put_signed_line(struct dl_buf *note, const struct dl_signer *signer,
                            struct dl_view text)
{
    struct dl_vkey vkey;
    struct dl_public_key key = dl_signer_public(signer);
    struct dl_signature signature = dl_signer_sign(signer, text);
    assert_int_equal(dl_vkey_make(dl_view_str("log.example"), DL_KEY_ED25519, &key, &vkey), DL_OK);
    dl_note_put_line(note, &vkey, dl_view_of(signature.b, sizeof signature.b));
}

static void put_log(struct dl_buf *policy, const struct dl_signer *signer)
{
    struct dl_vkey vkey;
    struct dl_public_key key = dl_signer_public(signer);
    assert_int_equal(dl_vkey_make(dl_view_str("log.example"), DL_KEY_ED25519, &key, &vkey), DL_OK);
    dl_buf_put_str(policy, "log ");
    dl_vkey_format(&vkey, policy);
    dl_buf_put_str(policy, "\n");
}

static void while_keys_rotate_one_bad_signature_sinks_a_note_that_the_other_signed(void **state)
{
    (void)state;
    static const struct dl_secret_key secrets[2] = {{{1}}, {{2}}};
    struct dl_signer *signers[2] = {dl_signer_new(&secrets[0]), dl_signer_new(&secrets[1])};
    struct dl_hash root = dl_sha256(dl_view_str("root"));
    for (size_t bad = 0; bad < 3; bad++) {
        struct dl_policy *policy = NULL;
        struct dl_policy_finding finding;
        struct dl_buf text;
        struct dl_buf wrong;
        struct dl_buf note;
        struct dl_buf rules;
        dl_buf_init(&text, 4096);
        dl_buf_init(&wrong, 4096);
        dl_buf_init(&note, 4096);
        dl_buf_init(&rules, 4096);
        dl_checkpoint_put(&text, dl_view_str("log.example"), 7, &root);
        dl_checkpoint_put(&wrong, dl_view_str("log.example"), 8, &root);
        dl_note_put_text(&note, dl_buf_view(&text));
        for (size_t i = 0; i < 2; i++) {
            put_log(&rules, signers[i]);
            put_signed_line(&note, signers[i], dl_buf_view(i == bad ? &wrong : &text));
        }
        dl_buf_put_str(&rules, "quorum none\n");
        assert_int_equal(dl_policy_parse(dl_buf_view(&rules), &policy, NULL), DL_OK);
        assert_int_equal(dl_policy_judge(policy, dl_buf_view(&note), &finding, NULL),
                         bad == 2 ? DL_OK : DL_E_SIGNATURE);
        dl_policy_free(&policy);
        dl_buf_fini(&text);
        dl_buf_fini(&wrong);
        dl_buf_fini(&note);
        dl_buf_fini(&rules);
    }
    dl_signer_free(&signers[0]);
    dl_signer_free(&signers[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_may_have_comments_blanks_and_addresses),
        cmocka_unit_test(a_bad_policy_is_refused_with_its_line_and_reason),
        cmocka_unit_test(a_policy_has_at_most_its_maxima),
        cmocka_unit_test(a_quorum_counts_groups_of_groups),
        cmocka_unit_test(a_finding_says_who_cosigned_and_when),
        cmocka_unit_test(a_changed_note_is_refused_whatever_is_changed),
        cmocka_unit_test(while_keys_rotate_one_bad_signature_sinks_a_note_that_the_other_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
