#include "protocol/policy.h"
#include "base/encoding.h"

#include <stdlib.h>
#include <string.h>

struct key {
    struct dl_vkey vkey;
    struct dl_verifier *verifier;
};

enum { NOBODY = -1 };

/* A witness or a group. Each name is a member at most once, so membership is one link upward, and
 * members stand before their group. */
struct part {
    struct dl_view name; /* in the policy's own text */
    struct key key;      /* of a witness; verifier NULL for a group */
    size_t threshold;    /* of a group */
    int parent;
};

struct dl_policy {
    struct dl_buf text;
    size_t n_logs, n_parts;
    struct key logs[DL_POLICY_LOGS];
    struct part parts[DL_POLICY_PARTS];
    bool has_quorum;
    int quorum; /* NOBODY: none is needed */
};

static struct dl_view take_word(struct dl_view *rest)
{
    size_t from = 0;
    while (from < rest->n && (rest->p[from] == ' ' || rest->p[from] == '\t')) {
        from++;
    }
    size_t to = from;
    while (to < rest->n && rest->p[to] != ' ' && rest->p[to] != '\t') {
        to++;
    }
    struct dl_view word = dl_view_of(rest->p + from, to - from);
    *rest = dl_view_of(rest->p + to, rest->n - to);
    return word;
}

static const char *take_key(struct dl_view word, uint8_t type, struct key *out)
{
    if (dl_vkey_parse(word, &out->vkey) != DL_OK) {
        return "not a verifier key (NAME+ID+BASE64)";
    }
    if (out->vkey.type != type) {
        return type == DL_KEY_ED25519 ? "not a log's key (Ed25519, type 1)"
                                      : "not a witness's key (cosignature/v1, type 4)";
    }
    out->verifier = dl_verifier_new(&out->vkey.key);
    return out->verifier == NULL ? "the key cannot be used" : NULL;
}

static bool same_key(const struct key *a, const struct key *b)
{
    return memcmp(a->vkey.key.b, b->vkey.key.b, sizeof a->vkey.key.b) == 0;
}

static const char *end_of(struct dl_view rest, bool url)
{
    if (url) {
        take_word(&rest);
    }
    return take_word(&rest).n == 0 ? NULL : "too many words";
}

static const char *take_log(struct dl_policy *policy, struct dl_view rest)
{
    if (policy->n_logs == DL_POLICY_LOGS) {
        return "more logs than the maximum";
    }
    struct key *key = &policy->logs[policy->n_logs];
    const char *fault = take_key(take_word(&rest), DL_KEY_ED25519, key);
    if (fault != NULL) {
        return fault;
    }
    policy->n_logs++;
    for (size_t i = 0; i + 1 < policy->n_logs; i++) {
        if (same_key(&policy->logs[i], key)) {
            return "this log's key stands here twice";
        }
    }
    return end_of(rest, true);
}

static int find_part(const struct dl_policy *policy, struct dl_view name)
{
    for (size_t i = 0; i < policy->n_parts; i++) {
        if (dl_view_equal(policy->parts[i].name, name)) {
            return (int)i;
        }
    }
    return NOBODY;
}

/* A new part, if its name is free. */
static const char *name_part(struct dl_policy *policy, struct dl_view name, struct part **out)
{
    if (policy->n_parts == DL_POLICY_PARTS) {
        return "more witnesses and groups than the maximum";
    }
    if (name.n == 0 || dl_view_is(name, "none")) {
        return "a name is missing, or is the reserved word none";
    }
    if (find_part(policy, name) != NOBODY) {
        return "this name is already used";
    }
    *out = &policy->parts[policy->n_parts];
    **out = (struct part){.name = name, .parent = NOBODY};
    return NULL;
}

static const char *take_witness(struct dl_policy *policy, struct dl_view rest)
{
    struct part *part = NULL;
    const char *fault = name_part(policy, take_word(&rest), &part);
    fault = fault != NULL ? fault : take_key(take_word(&rest), DL_KEY_COSIGNATURE, &part->key);
    if (fault != NULL) {
        return fault;
    }
    policy->n_parts++;
    for (size_t i = 0; i + 1 < policy->n_parts; i++) {
        if (policy->parts[i].key.verifier != NULL && same_key(&policy->parts[i].key, &part->key)) {
            return "this witness's key stands here twice";
        }
    }
    return end_of(rest, true);
}

static const char *take_members(struct dl_policy *policy, struct dl_view rest, size_t *n)
{
    for (struct dl_view word = take_word(&rest); word.n > 0; word = take_word(&rest)) {
        int member = find_part(policy, word);
        if (member == NOBODY) {
            return "a member is not defined on an earlier line";
        }
        if (policy->parts[member].parent != NOBODY) {
            return "a member can stand in one group only";
        }
        policy->parts[member].parent = (int)policy->n_parts;
        (*n)++;
    }
    return *n > 0 ? NULL : "a group needs a member";
}

static const char *take_group(struct dl_policy *policy, struct dl_view rest)
{
    struct part *part = NULL;
    const char *fault = name_part(policy, take_word(&rest), &part);
    if (fault != NULL) {
        return fault;
    }
    struct dl_view k = take_word(&rest);
    size_t n = 0;
    fault = take_members(policy, rest, &n);
    if (fault != NULL) {
        return fault;
    }
    uint64_t threshold = dl_view_is(k, "any") ? 1 : n;
    if (!dl_view_is(k, "any") && !dl_view_is(k, "all") &&
        (dl_decimal_decode(k, n, &threshold) != DL_OK || threshold == 0)) {
        return "a group needs any, all, or a number from 1 to that of its members";
    }
    part->threshold = (size_t)threshold;
    policy->n_parts++;
    return NULL;
}

static const char *take_quorum(struct dl_policy *policy, struct dl_view rest)
{
    struct dl_view name = take_word(&rest);
    if (policy->has_quorum) {
        return "there is a second quorum line";
    }
    policy->has_quorum = true;
    policy->quorum = find_part(policy, name);
    if (policy->quorum == NOBODY && !dl_view_is(name, "none")) {
        return "the quorum is not defined on an earlier line";
    }
    return end_of(rest, false);
}

static const char *take_line(struct dl_policy *policy, struct dl_view line)
{
    for (size_t i = 0; i < line.n; i++) {
        if ((line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7F) {
            return "a control character";
        }
    }
    struct dl_view word = take_word(&line);
    if (word.n == 0 || word.p[0] == '#') {
        return NULL;
    }
    static const struct {
        const char *word;
        const char *(*take)(struct dl_policy *policy, struct dl_view rest);
    } kinds[] = {{"log", take_log},
                 {"witness", take_witness},
                 {"group", take_group},
                 {"quorum", take_quorum}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (dl_view_is(word, kinds[i].word)) {
            return kinds[i].take(policy, line);
        }
    }
    return "a line begins with log, witness, group or quorum";
}

static enum dl_err take_lines(struct dl_policy *policy, struct dl_error *error)
{
    struct dl_view rest = dl_buf_view(&policy->text);
    for (unsigned number = 1; rest.n > 0; number++) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        size_t n = end == NULL ? 0 : (size_t)(end - rest.p);
        const char *fault = "the last line has no end";
        if (end != NULL) {
            fault = take_line(policy, dl_view_of(rest.p, n));
        }
        if (fault != NULL) {
            return dl_error_set(error, DL_E_INPUT, NULL, "policy, line %u: %s", number, fault);
        }
        rest = dl_view_of(rest.p + n + 1, rest.n - n - 1);
    }
    if (!policy->has_quorum) {
        return dl_error_set(error, DL_E_INPUT, NULL, "policy: there is no quorum line");
    }
    return DL_OK;
}

enum dl_err dl_policy_parse(struct dl_view text, struct dl_policy **out, struct dl_error *error)
{
    if (text.n > DL_POLICY_MAX) {
        return dl_error_set(error, DL_E_INPUT, NULL, "policy: longer than %d octets",
                            DL_POLICY_MAX);
    }
    struct dl_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) {
        return dl_error_set(error, DL_E_NOMEM, NULL, NULL);
    }
    dl_buf_init(&policy->text, DL_POLICY_MAX);
    dl_buf_put_view(&policy->text, text);
    policy->quorum = NOBODY;
    enum dl_err err = dl_buf_err(&policy->text);
    if (err == DL_OK) {
        err = take_lines(policy, error);
    }
    if (err != DL_OK) {
        dl_policy_free(&policy);
        return err;
    }
    DL_ASSERT(policy->quorum < (int)policy->n_parts, "the quorum is a part, or nobody");
    *out = policy;
    return DL_OK;
}

void dl_policy_free(struct dl_policy **policy)
{
    if (*policy == NULL) {
        return;
    }
    for (size_t i = 0; i < DL_POLICY_LOGS; i++) {
        dl_verifier_free(&(*policy)->logs[i].verifier);
    }
    for (size_t i = 0; i < DL_POLICY_PARTS; i++) {
        dl_verifier_free(&(*policy)->parts[i].key.verifier);
    }
    dl_buf_fini(&(*policy)->text);
    free(*policy);
    *policy = NULL;
}

const struct dl_vkey *dl_policy_key(const struct dl_policy *policy, size_t i)
{
    if (i < policy->n_logs) {
        return &policy->logs[i].vkey;
    }
    i -= policy->n_logs;
    for (size_t part = 0; part < policy->n_parts; part++) {
        if (policy->parts[part].key.verifier != NULL && i-- == 0) {
            return &policy->parts[part].key.vkey;
        }
    }
    return NULL;
}

static enum dl_err verify_key(const struct key *key, const struct dl_note *note, uint64_t *time,
                              struct dl_error *error)
{
    enum dl_err err = dl_note_verify(note, &key->vkey, key->verifier, time);
    if (err == DL_E_SIGNATURE) {
        dl_error_set(error, err, NULL, "the signature by %s does not verify", key->vkey.name);
    }
    return err;
}

static enum dl_err judge_logs(const struct dl_policy *policy, const struct dl_note *note,
                              struct dl_policy_finding *finding, struct dl_error *error)
{
    bool known = false;
    for (size_t i = 0; i < policy->n_logs; i++) {
        const struct key *key = &policy->logs[i];
        if (strcmp(key->vkey.name, finding->checkpoint.origin) != 0) {
            continue;
        }
        known = true;
        enum dl_err err = verify_key(key, note, NULL, error);
        if (err == DL_E_SIGNATURE) {
            return err;
        }
        finding->log = err == DL_OK ? &key->vkey : finding->log;
    }
    if (!known) {
        return dl_error_set(error, DL_E_ORIGIN, NULL, "the policy knows no log of the origin %s",
                            finding->checkpoint.origin);
    }
    if (finding->log == NULL) {
        return dl_error_set(error, DL_E_SIGNATURE, NULL, "the log %s did not sign",
                            finding->checkpoint.origin);
    }
    return DL_OK;
}

static enum dl_err judge_witnesses(const struct dl_policy *policy, const struct dl_note *note,
                                   struct dl_policy_finding *finding, struct dl_error *error)
{
    size_t counts[DL_POLICY_PARTS] = {0};
    bool quorum = policy->quorum == NOBODY;
    for (size_t i = 0; i < policy->n_parts; i++) {
        const struct part *part = &policy->parts[i];
        bool counted = part->key.verifier == NULL && counts[i] >= part->threshold;
        if (part->key.verifier != NULL) {
            uint64_t time = 0;
            enum dl_err err = verify_key(&part->key, note, &time, error);
            if (err == DL_E_SIGNATURE) {
                return err;
            }
            counted = err == DL_OK;
            if (counted) {
                finding->cosigned[finding->n_cosigned].witness = &part->key.vkey;
                finding->cosigned[finding->n_cosigned++].time = time;
            }
        }
        if (counted && part->parent != NOBODY) {
            DL_ASSERT(part->parent > (int)i, "members stand before their group");
            counts[part->parent]++;
        }
        quorum = quorum || (counted && policy->quorum == (int)i);
    }
    if (!quorum) {
        return dl_error_set(error, DL_E_SIGNATURE, NULL,
                            "too few cosignatures: the policy's quorum is not reached");
    }
    return DL_OK;
}

static enum dl_err judge_note(const struct dl_policy *policy, const struct dl_note *note,
                              struct dl_policy_finding *finding, struct dl_error *error)
{
    if (dl_checkpoint_parse(note->text, &finding->checkpoint) != DL_OK) {
        return dl_error_set(error, DL_E_CHECKPOINT, NULL, NULL);
    }
    DL_TRY(judge_logs(policy, note, finding, error));
    return judge_witnesses(policy, note, finding, error);
}

enum dl_err dl_policy_judge(const struct dl_policy *policy, struct dl_view octets,
                            struct dl_policy_finding *out, struct dl_error *error)
{
    struct dl_note note;
    struct dl_policy_finding finding = {.log = NULL};
    if (dl_note_parse(octets, &note) != DL_OK) {
        return dl_error_set(error, DL_E_NOTE, NULL, NULL);
    }
    enum dl_err err = judge_note(policy, &note, &finding, error);
    dl_note_fini(&note);
    if (err == DL_OK) {
        DL_ASSERT(finding.log != NULL, "I6: a good checkpoint has a log that signed it");
        *out = finding;
    }
    return err;
}
