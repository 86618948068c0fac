/* Notes, keys and checkpoints against the public vectors. */
#include "protocol/checkpoint.h"
#include "tests/unit/protocol/vectors.h"

static struct dl_buf from_base64(const char *text)
{
    struct dl_buf out;
    dl_buf_init(&out, 1024 * 1024);
    assert_int_equal(dl_base64_decode(&out, dl_view_str(text)), DL_OK);
    return out;
}

static void every_key_vector_comes_out(void **state)
{
    (void)state;
    json_t *json = vectors_load("keys.json");
    const json_t *cases = json_object_get(json, "vkeys");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        struct dl_vkey vkey;
        const char *text = vectors_text(c, "vkey");
        enum dl_err err = dl_vkey_parse(dl_view_str(text), &vkey);
        const char *expect = vectors_text(c, "expect");
        if (strcmp(expect, "any") != 0 && (err == DL_OK) != (strcmp(expect, "accept") == 0)) {
            fail_msg("%s: %s", vectors_text(c, "id"), dl_err_code(err));
        }
        if (err == DL_OK) {
            struct dl_buf out;
            dl_buf_init(&out, 1024);
            dl_vkey_format(&vkey, &out);
            assert_true(dl_view_is(dl_buf_view(&out), text));
            dl_buf_fini(&out);
        }
    }
    json_decref(json);
}

/* Verifies by each key of the list; how many hold, or -1 when one is broken. */
static int count_keys(const struct dl_note *note, const json_t *keys)
{
    int n = 0;
    for (size_t i = 0; i < json_array_size(keys); i++) {
        struct dl_vkey vkey;
        assert_int_equal(
            dl_vkey_parse(dl_view_str(json_string_value(json_array_get(keys, i))), &vkey), DL_OK);
        struct dl_verifier *verifier = dl_verifier_new(&vkey.key);
        enum dl_err err = dl_note_verify(note, &vkey, verifier, NULL);
        dl_verifier_free(&verifier);
        if (err == DL_E_SIGNATURE) {
            return -1;
        }
        n += err == DL_OK;
    }
    return n;
}

static bool accepted(const json_t *c)
{
    const json_t *policy = json_object_get(c, "policy");
    struct dl_buf octets = from_base64(vectors_text(c, "note_b64"));
    struct dl_note note;
    struct dl_checkpoint checkpoint;
    bool ok = dl_note_parse(dl_buf_view(&octets), &note) == DL_OK;
    if (ok) {
        int logs = count_keys(&note, json_object_get(policy, "logs"));
        int cosigners = count_keys(&note, json_object_get(policy, "cosigners"));
        ok = logs > 0 && cosigners >= (int)json_integer_value(json_object_get(policy, "need")) &&
             dl_checkpoint_parse(note.text, &checkpoint) == DL_OK &&
             strcmp(checkpoint.origin, vectors_text(policy, "origin")) == 0;
        dl_note_fini(&note);
    }
    if (ok && json_object_get(c, "root_hex") != NULL) {
        struct dl_hash root = vectors_hash(json_object_get(c, "root_hex"));
        assert_true(dl_hash_equal(&root, &checkpoint.root));
        assert_int_equal(checkpoint.size, vectors_number(json_object_get(c, "size")));
    }
    dl_buf_fini(&octets);
    return ok;
}

static void every_checkpoint_vector_comes_out(void **state)
{
    (void)state;
    json_t *json = vectors_load("checkpoints.json");
    const json_t *cases = json_object_get(json, "cases");
    assert_true(json_array_size(cases) > 90);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        const char *expect = vectors_text(c, "expect");
        bool ok = accepted(c);
        if (strcmp(expect, "any") != 0 && ok != (strcmp(expect, "accept") == 0)) {
            fail_msg("%s is %s", vectors_text(c, "id"), ok ? "accepted" : "refused");
        }
    }
    json_decref(json);
}

static void a_note_made_is_the_note_read(void **state)
{
    (void)state;
    struct dl_secret_key seed = {{7}};
    struct dl_signer *signer = dl_signer_new(&seed);
    struct dl_public_key key = dl_signer_public(signer);
    struct dl_verifier *verifier = dl_verifier_new(&key);
    struct dl_vkey log;
    struct dl_vkey receipt;
    assert_int_equal(dl_vkey_make(dl_view_str("directline/cn/us"), DL_KEY_ED25519, &key, &log),
                     DL_OK);
    assert_int_equal(
        dl_vkey_make(dl_view_str("directline/us/receipt"), DL_KEY_COSIGNATURE, &key, &receipt),
        DL_OK);
    struct dl_hash root = dl_sha256(dl_view_str("root"));
    struct dl_buf text;
    struct dl_buf note;
    struct dl_buf message;
    struct dl_buf payload;
    dl_buf_init(&text, 4096);
    dl_buf_init(&note, 4096);
    dl_buf_init(&message, 4096);
    dl_buf_init(&payload, 4096);
    dl_checkpoint_put(&text, dl_view_str("directline/cn/us"), 42, &root);
    struct dl_signature signature = dl_signer_sign(signer, dl_buf_view(&text));
    dl_note_put_text(&note, dl_buf_view(&text));
    dl_note_put_line(&note, &log, dl_view_of(signature.b, sizeof signature.b));
    dl_cosignature_message(&message, 1700000000, dl_buf_view(&text));
    signature = dl_signer_sign(signer, dl_buf_view(&message));
    dl_cosignature_payload(&payload, 1700000000, &signature);
    dl_note_put_line(&note, &receipt, dl_buf_view(&payload));

    struct dl_note read;
    uint64_t time = 0;
    assert_int_equal(dl_note_parse(dl_buf_view(&note), &read), DL_OK);
    assert_int_equal(dl_note_verify(&read, &log, verifier, NULL), DL_OK);
    assert_int_equal(dl_note_verify(&read, &receipt, verifier, &time), DL_OK);
    assert_int_equal(time, 1700000000);
    dl_note_fini(&read);
    for (size_t i = 0; i < text.n - 1; i++) {
        note.p[i] ^= 0x01; // any change of the text sinks the signature, or the note
        bool parsed = dl_note_parse(dl_buf_view(&note), &read) == DL_OK;
        assert_false(parsed && dl_note_verify(&read, &log, verifier, NULL) == DL_OK);
        if (parsed) {
            dl_note_fini(&read);
        }
        note.p[i] ^= 0x01;
    }
    dl_buf_fini(&text);
    dl_buf_fini(&note);
    dl_buf_fini(&message);
    dl_buf_fini(&payload);
    dl_verifier_free(&verifier);
    dl_signer_free(&signer);
}

static void an_origin_does_not_end_at_a_nul(void **state)
{
    (void)state;
    struct dl_checkpoint checkpoint;
    struct dl_buf text;
    struct dl_hash root = dl_sha256(dl_view_str("root"));
    dl_buf_init(&text, 4096);
    dl_checkpoint_put(&text, dl_view_str("log.example/other"), 42, &root);
    assert_int_equal(dl_checkpoint_parse(dl_buf_view(&text), &checkpoint), DL_OK);
    text.p[strlen("log.example")] = 0; // a note refuses it earlier; the text alone must too
    assert_int_equal(dl_checkpoint_parse(dl_buf_view(&text), &checkpoint), DL_E_CHECKPOINT);
    dl_buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_vector_comes_out),
        cmocka_unit_test(every_checkpoint_vector_comes_out),
        cmocka_unit_test(a_note_made_is_the_note_read),
        cmocka_unit_test(an_origin_does_not_end_at_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
