/* Vectors of keys, notes, checkpoints, standing proofs, and the witness call. */
#include "base/encoding.h"
#include "node/vectors_internal.h"
#include "protocol/tlog_proof.h"
#include "protocol/witness.h"

#include <string.h>

/* Seed, public key, id and printed form belong together. */
static const char *check_key(const json_t *value)
{
    struct dl_secret_key seed;
    struct dl_public_key key;
    struct dl_hash public_key;
    struct dl_vkey vkey;
    struct dl_hash octets;
    if (!dl__vectors_hash(value, "seed_hex", &octets) ||
        !dl__vectors_hash(value, "public_hex", &public_key)) {
        return "is not understood";
    }
    memcpy(seed.b, octets.b, sizeof seed.b);
    struct dl_signer *signer = dl_signer_new(&seed);
    key = dl_signer_public(signer);
    dl_signer_free(&signer);
    if (memcmp(key.b, public_key.b, sizeof key.b) != 0) {
        return "the seed gives another public key";
    }
    uint8_t type = (uint8_t)json_integer_value(json_object_get(value, "type"));
    if (dl_vkey_make(dl_json_text(value, "name"), type, &key, &vkey) != DL_OK) {
        return "the name is refused";
    }
    char id[9];
    snprintf(id, sizeof id, "%08x", vkey.id);
    struct dl_buf text;
    dl_buf_init(&text, DL_VKEY_MAX);
    dl_vkey_format(&vkey, &text);
    bool same = dl_view_is(dl_json_text(value, "key_id_hex"), id) &&
                dl_view_equal(dl_json_text(value, "vkey"), dl_buf_view(&text));
    dl_buf_fini(&text);
    return same ? NULL : "another id or printed form";
}

/* Is the text a key, and is it printed as it was read? */
static bool takes_vkey(struct dl_view text)
{
    struct dl_vkey vkey;
    struct dl_buf again;
    if (dl_vkey_parse(text, &vkey) != DL_OK) {
        return false;
    }
    dl_buf_init(&again, DL_VKEY_MAX);
    dl_vkey_format(&vkey, &again);
    bool same = dl_view_equal(dl_buf_view(&again), text);
    dl_buf_fini(&again);
    return same;
}

void dl__vectors_keys(struct dl__vectors *run, const json_t *root)
{
    const json_t *keys = json_object_get(root, "keys");
    const json_t *vkeys = json_object_get(root, "vkeys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *key = json_array_get(keys, i);
        const char *name = json_string_value(json_object_get(key, "name"));
        dl__vectors_count(run, name != NULL ? name : "?", check_key(key));
    }
    for (size_t i = 0; i < json_array_size(vkeys); i++) {
        const json_t *vkey = json_array_get(vkeys, i);
        dl__vectors_judge(run, vkey, takes_vkey(dl_json_text(vkey, "vkey")));
    }
}

/* Verifies by every key that is given: none may fail, one must hold. */
static bool note_holds(const struct dl_note *note, const json_t *vkeys)
{
    bool held = false;
    for (size_t i = 0; i < json_array_size(vkeys); i++) {
        struct dl_vkey vkey;
        const char *text = json_string_value(json_array_get(vkeys, i));
        if (text == NULL || dl_vkey_parse(dl_view_str(text), &vkey) != DL_OK) {
            return false;
        }
        struct dl_verifier *verifier = dl_verifier_new(&vkey.key);
        enum dl_err err =
            verifier == NULL ? DL_E_SIGNATURE : dl_note_verify(note, &vkey, verifier, NULL);
        dl_verifier_free(&verifier);
        if (err == DL_E_SIGNATURE) {
            return false;
        }
        held = held || err == DL_OK;
    }
    return held;
}

void dl__vectors_notes(struct dl__vectors *run, const json_t *root)
{
    const json_t *cases = json_object_get(root, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *value = json_array_get(cases, i);
        struct dl_buf octets;
        struct dl_note note;
        bool held = false;
        if (dl__vectors_base64(value, "note_b64", &octets) &&
            dl_note_parse(dl_buf_view(&octets), &note) == DL_OK) {
            held = note_holds(&note, json_object_get(value, "vkeys"));
            dl_note_fini(&note);
        }
        dl_buf_fini(&octets);
        dl__vectors_judge(run, value, held);
    }
}

/* The time that a case expects of a cosigner. */
static bool same_times(const json_t *want, const struct dl_policy_finding *finding)
{
    for (size_t i = 0; i < finding->n_cosigned; i++) {
        uint64_t time = 0;
        if (!dl__vectors_number(want, finding->cosigned[i].witness->name, &time) ||
            time != finding->cosigned[i].time) {
            return false;
        }
    }
    return json_object_size(want) == finding->n_cosigned;
}

/* Where a case says what it should give, that must come out. */
static bool same_checkpoint(const json_t *value, const struct dl_policy_finding *finding)
{
    struct dl_hash root;
    uint64_t size = 0;
    const json_t *lines = json_object_get(value, "extension_lines");
    const json_t *times = json_object_get(value, "cosig_times");
    const struct dl_checkpoint *found = &finding->checkpoint;
    struct dl_view origin = dl_json_text(json_object_get(value, "policy"), "origin");
    if (!dl_view_is(origin, found->origin)) {
        return false;
    }
    if (json_object_get(value, "root_hex") == NULL) {
        return true;
    }
    return dl__vectors_hash(value, "root_hex", &root) && dl_hash_equal(&root, &found->root) &&
           dl__vectors_number(value, "size", &size) && size == found->size &&
           found->extended == (json_array_size(lines) > 0) &&
           (times == NULL || same_times(times, finding));
}

void dl__vectors_checkpoints(struct dl__vectors *run, const json_t *root)
{
    const json_t *cases = json_object_get(root, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *value = json_array_get(cases, i);
        struct dl_policy *policy = dl__vectors_policy(value);
        struct dl_policy_finding finding;
        struct dl_buf octets;
        bool accepted = dl__vectors_base64(value, "note_b64", &octets) && policy != NULL &&
                        dl_policy_judge(policy, dl_buf_view(&octets), &finding, NULL) == DL_OK &&
                        same_checkpoint(value, &finding);
        dl__vectors_judge(run, value, accepted);
        dl_buf_fini(&octets);
        dl_policy_free(&policy);
    }
}

/* What is accepted must also be what we would write. */
static bool written_again(const struct dl_tlog_proof *proof, struct dl_view octets)
{
    struct dl_buf again;
    dl_buf_init(&again, DL_TLOG_PROOF_MAX);
    dl_tlog_proof_put(&again, proof->index, &proof->proof, proof->checkpoint);
    bool same = proof->extra.n > 0 || dl_view_equal(dl_buf_view(&again), octets);
    dl_buf_fini(&again);
    return same;
}

static bool proof_holds(const json_t *value, const struct dl_policy *policy, struct dl_view octets)
{
    struct dl_tlog_proof proof;
    struct dl_policy_finding finding;
    struct dl_buf leaf;
    dl_buf_init(&leaf, DL_LIMIT_NOTE);
    bool holds = false;
    if (dl__vectors_hex(value, "leaf_hex", &leaf) && dl_tlog_proof_parse(octets, &proof) == DL_OK) {
        struct dl_hash hash = dl_merkle_leaf(dl_buf_view(&leaf));
        holds = dl_tlog_proof_check(&proof, policy, &hash, &finding) == DL_OK &&
                same_checkpoint(value, &finding) && written_again(&proof, octets);
    }
    dl_buf_fini(&leaf);
    return holds;
}

void dl__vectors_proofs(struct dl__vectors *run, const json_t *root)
{
    const json_t *cases = json_object_get(root, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *value = json_array_get(cases, i);
        struct dl_policy *policy = dl__vectors_policy(value);
        struct dl_buf octets;
        bool accepted = dl__vectors_base64(value, "proof_b64", &octets) && policy != NULL &&
                        proof_holds(value, policy, dl_buf_view(&octets));
        dl__vectors_judge(run, value, accepted);
        dl_buf_fini(&octets);
        dl_policy_free(&policy);
    }
}

enum { LOGS_MAX = 4 };

/* A witness with its memory, as the steps go on. */
struct witness {
    struct dl_signer *signer;
    struct dl_vkey vkey;
    size_t n;
    struct dl_witness_log logs[LOGS_MAX];
};

static bool open_witness(const json_t *root, struct witness *witness)
{
    struct dl_hash octets;
    struct dl_secret_key seed;
    const json_t *logs = json_object_get(root, "logs");
    if (!dl__vectors_hash(root, "cosigner_seed_hex", &octets) ||
        dl_vkey_parse(dl_json_text(root, "cosigner_vkey"), &witness->vkey) != DL_OK) {
        return false;
    }
    memcpy(seed.b, octets.b, sizeof seed.b);
    witness->signer = dl_signer_new(&seed);
    for (size_t i = 0; i < json_array_size(logs) && i < LOGS_MAX; i++) {
        struct dl_witness_log *log = &witness->logs[i];
        const char *text = json_string_value(json_array_get(logs, i));
        if (text == NULL || dl_vkey_parse(dl_view_str(text), &log->vkey) != DL_OK) {
            return false;
        }
        log->verifier = dl_verifier_new(&log->vkey.key);
        if (log->verifier == NULL) {
            return false;
        }
        witness->n++;
    }
    return witness->n > 0;
}

static void close_witness(struct witness *witness)
{
    dl_signer_free(&witness->signer);
    for (size_t i = 0; i < LOGS_MAX; i++) {
        dl_verifier_free(&witness->logs[i].verifier);
    }
}

/* One request; the answer is appended. */
static enum dl_witness_status answer(struct witness *witness, struct dl_view body, uint64_t now,
                                     struct dl_buf *out)
{
    struct dl_witness_verdict verdict = dl_witness_judge(witness->logs, witness->n, body);
    struct dl_witness_log *log = &witness->logs[verdict.log];
    if (verdict.status == DL_WITNESS_COSIGN) {
        log->size = verdict.checkpoint.size;
        log->root = verdict.checkpoint.root;
        dl_witness_cosign(out, &witness->vkey, witness->signer, now, &verdict.checkpoint);
    } else if (verdict.status == DL_WITNESS_CONFLICT) {
        dl_buf_printf(out, "%llu\n", (unsigned long long)log->size);
    }
    return verdict.status;
}

static const char *run_step(struct witness *witness, const json_t *step)
{
    struct dl_buf body;
    struct dl_buf want;
    struct dl_buf got;
    uint64_t now = 0;
    uint64_t size = 0;
    const char *what = NULL;
    dl_buf_init(&got, DL_LIMIT_NOTE);
    bool read_body = dl__vectors_base64(step, "body_b64", &body);
    bool read_want = dl__vectors_base64(step, "response_b64", &want);
    if (!read_body || !read_want || !dl__vectors_number(step, "now", &now) ||
        !dl__vectors_number(step, "state_size_logA_after", &size)) {
        what = "is not understood";
    } else if (answer(witness, dl_buf_view(&body), now, &got) !=
               (enum dl_witness_status)json_integer_value(json_object_get(step, "status"))) {
        what = "another status";
    } else if (!dl_view_equal(dl_buf_view(&got), dl_buf_view(&want))) {
        what = "another answer";
    } else if (witness->logs[0].size != size) {
        what = "another size is kept";
    }
    dl_buf_fini(&body);
    dl_buf_fini(&want);
    dl_buf_fini(&got);
    return what;
}

static bool read_head(const json_t *value, const char *key, const struct dl_policy *policy,
                      struct dl_policy_finding *out)
{
    struct dl_buf octets;
    bool ok = dl__vectors_base64(value, key, &octets) &&
              dl_policy_judge(policy, dl_buf_view(&octets), out, NULL) == DL_OK;
    dl_buf_fini(&octets);
    return ok;
}

/* Two checkpoints that prove a log's misbehaviour: both signed, one size, two roots. */
static const char *check_evidence(const json_t *value)
{
    struct dl_policy *policy = NULL;
    struct dl_policy_finding a;
    struct dl_policy_finding b;
    struct dl_buf text;
    dl_buf_init(&text, DL_POLICY_MAX);
    dl_buf_put_str(&text, "log ");
    dl_buf_put_view(&text, dl_json_text(value, "log_vkey"));
    dl_buf_put_str(&text, "\nquorum none\n");
    bool ok = dl_policy_parse(dl_buf_view(&text), &policy, NULL) == DL_OK &&
              read_head(value, "a_b64", policy, &a) && read_head(value, "b_b64", policy, &b) &&
              strcmp(a.checkpoint.origin, b.checkpoint.origin) == 0 &&
              a.checkpoint.size == b.checkpoint.size &&
              !dl_hash_equal(&a.checkpoint.root, &b.checkpoint.root);
    dl_buf_fini(&text);
    dl_policy_free(&policy);
    return ok ? NULL : "is not seen to be two signed roots of one size";
}

void dl__vectors_witness(struct dl__vectors *run, const json_t *root)
{
    struct witness witness = {0};
    const json_t *steps = json_object_get(root, "steps");
    const json_t *evidence = json_object_get(root, "evidence");
    if (!open_witness(root, &witness)) {
        dl__vectors_count(run, "keys", "are not understood");
    } else {
        for (size_t i = 0; i < json_array_size(steps); i++) {
            const json_t *step = json_array_get(steps, i);
            dl__vectors_count(run, dl__vectors_id(step), run_step(&witness, step));
        }
    }
    close_witness(&witness);
    for (size_t i = 0; i < json_array_size(evidence); i++) {
        const json_t *value = json_array_get(evidence, i);
        dl__vectors_count(run, dl__vectors_id(value), check_evidence(value));
    }
}
