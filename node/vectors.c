#include "node/vectors.h"
#include "base/encoding.h"
#include "node/bundle_verify.h"
#include "node/folder.h"
#include "node/vectors_internal.h"

#include <string.h>

enum { FILE_MAX = 16 * 1024 * 1024, DECODED_MAX = 2 * 1024 * 1024 };

void dl__vectors_count(struct dl__vectors *run, const char *id, const char *what)
{
    run->counts.cases++;
    if (what != NULL) {
        run->counts.differences++;
        run->sink(run->context, run->file, id, what);
    }
}

const char *dl__vectors_id(const json_t *value)
{
    const char *id = json_string_value(json_object_get(value, "id"));
    return id != NULL ? id : "?";
}

void dl__vectors_judge(struct dl__vectors *run, const json_t *value, bool accepted)
{
    struct dl_view expect = dl_json_text(value, "expect");
    const char *what = NULL;
    if (dl_view_is(expect, "accept")) {
        what = accepted ? NULL : "refused, and should be accepted";
    } else if (dl_view_is(expect, "reject")) {
        what = accepted ? "accepted, and should be refused" : NULL;
    } else if (!dl_view_is(expect, "any")) {
        what = "expects neither accept, reject nor any";
    }
    dl__vectors_count(run, dl__vectors_id(value), what);
}

bool dl__vectors_number(const json_t *value, const char *key, uint64_t *out)
{
    return dl_decimal_decode(dl_json_text(value, key), UINT64_MAX, out) == DL_OK;
}

bool dl__vectors_hash(const json_t *value, const char *key, struct dl_hash *out)
{
    return dl_hex_decode(dl_json_text(value, key), out->b, sizeof out->b) == DL_OK;
}

bool dl__vectors_hex(const json_t *value, const char *key, struct dl_buf *out)
{
    struct dl_view text = dl_json_text(value, key);
    if (!json_is_string(json_object_get(value, key)) || text.n / 2 > out->max - out->n) {
        return false;
    }
    uint8_t *room = text.n < 2 ? NULL : dl_buf_room(out, text.n / 2);
    return text.n == 0 || (room != NULL && dl_hex_decode(text, room, text.n / 2) == DL_OK);
}

bool dl__vectors_base64(const json_t *value, const char *key, struct dl_buf *out)
{
    dl_buf_init(out, DECODED_MAX);
    return json_is_string(json_object_get(value, key)) &&
           dl_base64_decode(out, dl_json_text(value, key)) == DL_OK;
}

struct dl_policy *dl__vectors_policy(const json_t *value)
{
    const json_t *given = json_object_get(value, "policy");
    const json_t *logs = json_object_get(given, "logs");
    const json_t *cosigners = json_object_get(given, "cosigners");
    json_int_t need = json_integer_value(json_object_get(given, "need"));
    struct dl_policy *policy = NULL;
    struct dl_buf text;
    dl_buf_init(&text, DL_POLICY_MAX);
    for (size_t i = 0; i < json_array_size(logs); i++) {
        dl_buf_printf(&text, "log %s\n", json_string_value(json_array_get(logs, i)));
    }
    for (size_t i = 0; i < json_array_size(cosigners); i++) {
        dl_buf_printf(&text, "witness w%zu %s\n", i,
                      json_string_value(json_array_get(cosigners, i)));
    }
    if (need > 0) {
        dl_buf_printf(&text, "group g %lld", (long long)need);
        for (size_t i = 0; i < json_array_size(cosigners); i++) {
            dl_buf_printf(&text, " w%zu", i);
        }
        dl_buf_put_str(&text, "\n");
    }
    dl_buf_put_str(&text, need > 0 ? "quorum g\n" : "quorum none\n");
    if (dl_buf_err(&text) != DL_OK || dl_policy_parse(dl_buf_view(&text), &policy, NULL) != DL_OK) {
        policy = NULL;
    }
    dl_buf_fini(&text);
    return policy;
}

json_t *dl__vectors_load(const struct dl__vectors *run, const char *file)
{
    struct dl_buf text;
    json_t *root = NULL;
    dl_buf_init(&text, FILE_MAX);
    if (dl_folder_read(run->folder, file, &text) != DL_OK ||
        dl_json_parse(dl_buf_view(&text), &root, NULL) != DL_OK) {
        root = NULL;
    }
    dl_buf_fini(&text);
    return root;
}

static enum dl_err run_file(struct dl__vectors *run, const char *file,
                            void (*fn)(struct dl__vectors *run, const json_t *root),
                            struct dl_error *error)
{
    json_t *root = dl__vectors_load(run, file);
    if (root == NULL) {
        return dl_error_set(error, DL_E_INPUT, NULL, "%s/%s is missing or is no vector file",
                            run->folder, file);
    }
    size_t before = run->counts.cases;
    run->file = file;
    run->counts.files++;
    fn(run, root);
    json_decref(root);
    if (run->counts.cases == before) {
        return dl_error_set(error, DL_E_INPUT, NULL, "%s/%s has no cases", run->folder, file);
    }
    return DL_OK;
}

typedef enum dl_err (*verify_fn)(const char *folder, struct dl_policy *given, struct dl_bundle *out,
                                 struct dl_error *error);

/* An exported folder that must verify. */
static enum dl_err run_folder(struct dl__vectors *run, const char *name, verify_fn verify,
                              struct dl_error *error)
{
    struct dl_bundle bundle;
    char path[DL_FOLDER_PATH];
    int n = snprintf(path, sizeof path, "%s/%s", run->folder, name);
    if (n < 0 || (size_t)n >= sizeof path) {
        return dl_error_set(error, DL_E_INPUT, NULL, "the folder's name is too long");
    }
    dl_bundle_init(&bundle);
    enum dl_err err = verify(path, NULL, &bundle, error);
    run->file = name;
    if (err == DL_OK) {
        run->counts.files++;
        const char *problem = json_string_value(json_array_get(bundle.problems, 0));
        dl__vectors_count(run, "the whole folder", problem);
    }
    dl_bundle_fini(&bundle);
    return err;
}

enum dl_err dl_vectors_run(const char *folder, dl_vectors_sink sink, void *context,
                           struct dl_vectors_counts *out, struct dl_error *error)
{
    static const struct {
        const char *file;
        void (*fn)(struct dl__vectors *run, const json_t *root);
    } files[] = {
        {"keys.json", dl__vectors_keys},
        {"notes.json", dl__vectors_notes},
        {"checkpoints.json", dl__vectors_checkpoints},
        {"trees.json", dl__vectors_trees},
        {"inclusion.json", dl__vectors_inclusion},
        {"consistency.json", dl__vectors_consistency},
        {"tlog-proof.json", dl__vectors_proofs},
        {"witness.json", dl__vectors_witness},
        {"tiles.json", dl__vectors_tiles},
    };
    struct dl__vectors run = {.folder = folder, .sink = sink, .context = context};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        DL_TRY(run_file(&run, files[i].file, files[i].fn, error));
    }
    DL_TRY(run_folder(&run, "dir", dl_bundle_verify, error));
    DL_TRY(run_folder(&run, "tiles", dl_tiles_verify, error));
    *out = run.counts;
    return DL_OK;
}
