#include "node/bundle_verify.h"
#include "base/encoding.h"
#include "node/bundle_internal.h"
#include "node/folder.h"
#include "protocol/entry.h"
#include "protocol/tlog_proof.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PENDING_MAX = 4096, NAME_MAX_ = 64, CONSISTENCY_MAX = 8192 };

/* The kinds of numbered files. Those of the first four carry an entry's index, the others a size.
 */
enum kind { LEAF, PROOF, CONTENT, SALT, CHECKPOINT, CONSISTENCY, KINDS };

static const struct {
    const char *before, *after;
    bool sized;
} forms[KINDS] = {{"entry-", ".leaf", false},   {"entry-", ".tlog-proof", false},
                  {"content/", ".json", false}, {"content/", ".salt", false},
                  {"checkpoint.", "", true},    {"consistency.", "", true}};

/* What the folder lists of a kind, and how many of those were judged. */
struct listed {
    uint64_t first, last, n, judged;
};

/* A root that something signed claims for a size: the entries must give it. */
struct pending {
    uint64_t size;
    struct dl_hash root;
};

struct verify {
    struct dl_bundle *bundle;
    const char *folder;
    struct listed listed[KINDS];
    bool has_tiles;
    size_t n_pending, next_pending;
    struct pending pending[PENDING_MAX];
    struct dl_frontier frontier;
    struct dl_buf note; /* the newest judged, with what was found: proofs share theirs */
    struct dl_policy_finding finding;
    uint8_t entry[DL__ENTRY_MAX];
};

static const struct dl_checkpoint *head(const struct verify *verify)
{
    return &verify->bundle->head.checkpoint;
}

static void name_of(enum kind kind, uint64_t number, char out[NAME_MAX_])
{
    snprintf(out, NAME_MAX_, "%s%llu%s", forms[kind].before, (unsigned long long)number,
             forms[kind].after);
}

/* Remember to compare; in order of sizes, each once. */
static void expect_root(struct verify *verify, uint64_t size, const struct dl_hash *root)
{
    size_t at = verify->n_pending;
    DL_ASSERT(size >= verify->frontier.size, "roots of the past cannot be met any more");
    while (at > verify->next_pending && verify->pending[at - 1].size > size) {
        at--;
    }
    for (size_t i = at; i > verify->next_pending && verify->pending[i - 1].size == size; i--) {
        if (dl_hash_equal(&verify->pending[i - 1].root, root)) {
            return;
        }
    }
    if (verify->n_pending == PENDING_MAX) {
        dl__bundle_problem(verify->bundle, "more than %d earlier checkpoints", PENDING_MAX);
        return;
    }
    memmove(&verify->pending[at + 1], &verify->pending[at],
            (verify->n_pending - at) * sizeof verify->pending[0]);
    verify->pending[at] = (struct pending){.size = size, .root = *root};
    verify->n_pending++;
}

/* The entries up to the present size are known: do they give what was claimed? */
static void meet_roots(struct verify *verify)
{
    uint64_t size = verify->frontier.size;
    while (verify->next_pending < verify->n_pending &&
           verify->pending[verify->next_pending].size == size) {
        struct dl_hash root = dl_frontier_root(&verify->frontier);
        if (!dl_hash_equal(&root, &verify->pending[verify->next_pending].root)) {
            dl__bundle_problem(verify->bundle,
                               "a checkpoint of size %llu has a root that the entries do not give",
                               (unsigned long long)size);
        }
        verify->next_pending++;
    }
}

/* Read a numbered file whole. False when it is not there; noted when it is and cannot be taken. */
static bool read_numbered(struct verify *verify, enum kind kind, uint64_t number,
                          struct dl_buf *out)
{
    const struct listed *listed = &verify->listed[kind];
    char name[NAME_MAX_];
    if (listed->n == 0 || number < listed->first || number > listed->last) {
        return false;
    }
    name_of(kind, number, name);
    enum dl_err err = dl_folder_read(verify->folder, name, out);
    if (err == DL_OK) {
        verify->listed[kind].judged++;
    } else if (err != DL_E_INPUT) {
        dl__bundle_problem(verify->bundle, "%s is larger than such a file can be", name);
        verify->listed[kind].judged++;
    }
    return err == DL_OK;
}

static void check_consistency(struct verify *verify, const struct dl_checkpoint *old)
{
    struct dl_buf octets;
    struct dl_proof proof;
    dl_buf_init(&octets, CONSISTENCY_MAX);
    if (read_numbered(verify, CONSISTENCY, old->size, &octets)) {
        struct dl_view rest = dl_buf_view(&octets);
        bool ok = dl_proof_take_lines(&rest, &proof) == DL_OK && rest.n == 0 &&
                  dl_consistency_check(&proof, old->size, head(verify)->size, &old->root,
                                       &head(verify)->root) == DL_OK;
        if (!ok) {
            dl__bundle_problem(verify->bundle, "consistency.%llu does not prove what it should",
                               (unsigned long long)old->size);
        }
    }
    dl_buf_fini(&octets);
}

static void check_checkpoint(struct verify *verify, uint64_t size)
{
    struct dl_policy_finding finding;
    char name[NAME_MAX_];
    name_of(CHECKPOINT, size, name);
    verify->listed[CHECKPOINT].judged++;
    if (!dl__bundle_read_note(verify->bundle, verify->folder, name, verify->bundle->policy,
                              &finding)) {
        return;
    }
    if (finding.checkpoint.size != size ||
        strcmp(finding.checkpoint.origin, head(verify)->origin) != 0) {
        dl__bundle_problem(verify->bundle, "%s is of another size or log", name);
        return;
    }
    expect_root(verify, size, &finding.checkpoint.root);
    check_consistency(verify, &finding.checkpoint);
}

/* The number in a name of this form. */
static bool is_form(const char *path, enum kind kind, uint64_t *number)
{
    size_t n = strlen(path);
    size_t before = strlen(forms[kind].before);
    size_t after = strlen(forms[kind].after);
    return n > before + after && strncmp(path, forms[kind].before, before) == 0 &&
           strcmp(path + n - after, forms[kind].after) == 0 &&
           dl_decimal_decode(dl_view_of(path + before, n - before - after), DL_TREE_SIZE_MAX,
                             number) == DL_OK;
}

static bool is_fixed(struct verify *verify, const char *path)
{
    if (strncmp(path, "tiles/", 6) == 0) {
        verify->has_tiles = true;
        return true;
    }
    return strcmp(path, "policy") == 0 || strcmp(path, "checkpoint") == 0 ||
           strcmp(path, "entries.u32") == 0;
}

static void list_name(void *context, const char *path)
{
    struct verify *verify = context;
    uint64_t number = 0;
    if (is_fixed(verify, path)) {
        return;
    }
    for (enum kind kind = 0; kind < KINDS; kind++) {
        if (!is_form(path, kind, &number)) {
            continue;
        }
        if (number >= head(verify)->size + (forms[kind].sized ? 1 : 0)) {
            break; // nothing vouches for what lies beyond the checkpoint
        }
        struct listed *listed = &verify->listed[kind];
        listed->first = listed->n == 0 || number < listed->first ? number : listed->first;
        listed->last = listed->n == 0 || number > listed->last ? number : listed->last;
        listed->n++;
        return;
    }
    dl__bundle_problem(verify->bundle, "%s: nothing in this export vouches for it", path);
}

/* In a second walk, when it is known what there is. */
static void check_sized(void *context, const char *path)
{
    struct verify *verify = context;
    uint64_t size = 0;
    if (is_form(path, CHECKPOINT, &size) && size <= head(verify)->size) {
        check_checkpoint(verify, size);
    }
}

/* Judge a proof's checkpoint, unless it is the one judged last. */
static bool judge_shared(struct verify *verify, struct dl_view note, const char *name)
{
    struct dl_error error;
    if (dl_view_equal(note, dl_buf_view(&verify->note))) {
        return true;
    }
    if (dl_policy_judge(verify->bundle->policy, note, &verify->finding, &error) != DL_OK) {
        dl__bundle_problem(verify->bundle, "%s: %s", name, error.message);
        dl_buf_reset(&verify->note);
        return false;
    }
    dl_buf_reset(&verify->note);
    dl_buf_put_view(&verify->note, note);
    return true;
}

static void judge_proof(struct verify *verify, const struct dl_tlog_proof *proof,
                        const struct dl_hash *leaf, const char *name)
{
    const struct dl_checkpoint *found = &verify->finding.checkpoint;
    if (!judge_shared(verify, proof->checkpoint, name)) {
        return;
    }
    if (found->size > head(verify)->size || strcmp(found->origin, head(verify)->origin) != 0) {
        dl__bundle_problem(verify->bundle, "%s goes beyond this export", name);
    } else if (dl_inclusion_check(&proof->proof, proof->index, found->size, leaf, &found->root) !=
               DL_OK) {
        dl__bundle_problem(verify->bundle, "%s does not prove its entry", name);
    } else {
        expect_root(verify, found->size, &found->root);
    }
}

static void check_proof(struct verify *verify, uint64_t index, const struct dl_hash *leaf)
{
    struct dl_buf octets;
    struct dl_tlog_proof proof;
    char name[NAME_MAX_];
    dl_buf_init(&octets, DL_TLOG_PROOF_MAX);
    name_of(PROOF, index, name);
    if (read_numbered(verify, PROOF, index, &octets)) {
        if (dl_tlog_proof_parse(dl_buf_view(&octets), &proof) != DL_OK || proof.index != index) {
            dl__bundle_problem(verify->bundle, "%s is no proof of this entry", name);
        } else {
            judge_proof(verify, &proof, leaf, name);
        }
    }
    dl_buf_fini(&octets);
}

static void check_leaf_file(struct verify *verify, uint64_t index, struct dl_view leaf)
{
    struct dl_buf octets;
    dl_buf_init(&octets, DL__ENTRY_MAX);
    if (read_numbered(verify, LEAF, index, &octets) && !dl_view_equal(dl_buf_view(&octets), leaf)) {
        dl__bundle_problem(verify->bundle, "entry-%llu.leaf is not the entry in entries.u32",
                           (unsigned long long)index);
    }
    dl_buf_fini(&octets);
}

static bool content_fits(struct dl_view octets, struct dl_view salt, struct dl_view content)
{
    struct dl_leaf leaf;
    if (salt.n != DL_LIMIT_SALT || dl_leaf_decode(octets, &leaf) != DL_OK) {
        return false;
    }
    struct dl_hash commitment = dl_entry_commitment(salt, content);
    return leaf.size == content.n && dl_hash_equal(&commitment, &leaf.commitment);
}

static void check_content(struct verify *verify, uint64_t index, struct dl_view leaf)
{
    struct dl_buf content;
    struct dl_buf salt;
    dl_buf_init(&content, DL_LIMIT_CONTENT);
    dl_buf_init(&salt, DL_LIMIT_SALT);
    bool has_content = read_numbered(verify, CONTENT, index, &content);
    bool has_salt = read_numbered(verify, SALT, index, &salt);
    if (has_content && has_salt && content_fits(leaf, dl_buf_view(&salt), dl_buf_view(&content))) {
        verify->bundle->contents++;
    } else if (has_content || has_salt) {
        dl__bundle_problem(verify->bundle, "content/%llu is not what its entry commits to",
                           (unsigned long long)index);
    }
    dl_buf_fini(&content);
    dl_buf_fini(&salt);
}

/* DL_OK with out->p NULL at the end of the file. */
static enum dl_err next_entry(struct verify *verify, FILE *file, struct dl_view *out)
{
    uint8_t length[4];
    size_t got = fread(length, 1, sizeof length, file);
    if (got == 0 && feof(file) != 0) {
        *out = dl_view_of(NULL, 0);
        return DL_OK;
    }
    size_t n =
        (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 | length[3];
    if (got != sizeof length || n > DL__ENTRY_MAX || fread(verify->entry, 1, n, file) != n) {
        return DL_E_FRAME;
    }
    *out = dl_view_of(verify->entry, n);
    return DL_OK;
}

static void read_entries(struct verify *verify, FILE *file)
{
    for (;;) {
        struct dl_view entry;
        uint64_t index = verify->frontier.size;
        meet_roots(verify);
        if (next_entry(verify, file, &entry) != DL_OK) {
            dl__bundle_problem(verify->bundle, "entries.u32 breaks off in entry %llu",
                               (unsigned long long)index);
            return;
        }
        if (entry.p == NULL) {
            return;
        }
        if (index == head(verify)->size) {
            dl__bundle_problem(verify->bundle, "entries.u32 goes on beyond the checkpoint");
            return;
        }
        struct dl_hash leaf = dl_merkle_leaf(entry);
        check_proof(verify, index, &leaf);
        check_leaf_file(verify, index, entry);
        check_content(verify, index, entry);
        dl_frontier_append(&verify->frontier, &leaf);
    }
}

static void check_entries(struct verify *verify)
{
    FILE *file = dl_folder_open(verify->folder, "entries.u32");
    if (file == NULL) {
        dl__bundle_problem(verify->bundle, "entries.u32 is missing or cannot be read");
        return;
    }
    dl_frontier_init(&verify->frontier);
    read_entries(verify, file);
    (void)fclose(file); // read only
    struct dl_hash root = dl_frontier_root(&verify->frontier);
    if (verify->frontier.size != head(verify)->size) {
        dl__bundle_problem(verify->bundle, "entries.u32 has %llu entries, the checkpoint %llu",
                           (unsigned long long)verify->frontier.size,
                           (unsigned long long)head(verify)->size);
    } else if (!dl_hash_equal(&root, &head(verify)->root)) {
        dl__bundle_problem(verify->bundle, "the entries do not give the checkpoint's root");
    } else {
        verify->bundle->entries = verify->frontier.size;
    }
}

/* What was listed must have been judged: a file that cannot be read, or stands without the one it
 * belongs to, is not passed over. */
static void check_counts(struct verify *verify)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        const struct listed *listed = &verify->listed[kind];
        if (listed->judged != listed->n) {
            dl__bundle_problem(
                verify->bundle, "%llu of %llu files %sN%s cannot be read or stand alone",
                (unsigned long long)(listed->n - listed->judged), (unsigned long long)listed->n,
                forms[kind].before, forms[kind].after);
        }
    }
}

static void check_tiles(struct verify *verify)
{
    char folder[DL_FOLDER_PATH];
    struct dl_policy_finding finding;
    int n = snprintf(folder, sizeof folder, "%s/tiles", verify->folder);
    if (n < 0 || (size_t)n >= sizeof folder ||
        !dl__bundle_tiles(verify->bundle, folder, verify->bundle->policy, &finding)) {
        return;
    }
    if (finding.checkpoint.size > head(verify)->size ||
        strcmp(finding.checkpoint.origin, head(verify)->origin) != 0) {
        dl__bundle_problem(verify->bundle, "tiles/ goes beyond this export");
        return;
    }
    expect_root(verify, finding.checkpoint.size, &finding.checkpoint.root);
}

static void check_all(struct verify *verify)
{
    struct dl_bundle *bundle = verify->bundle;
    bundle->has_head =
        dl__bundle_read_note(bundle, verify->folder, "checkpoint", bundle->policy, &bundle->head);
    if (!bundle->has_head) {
        return; // without it nothing can be said of the rest
    }
    if (dl_folder_walk(verify->folder, list_name, verify) != DL_OK ||
        dl_folder_walk(verify->folder, check_sized, verify) != DL_OK) {
        dl__bundle_problem(bundle, "the folder cannot be read");
    }
    if (verify->has_tiles) {
        check_tiles(verify);
    }
    check_entries(verify);
    check_counts(verify);
}

enum dl_err dl_bundle_verify(const char *folder, struct dl_policy *given, struct dl_bundle *out,
                             struct dl_error *error)
{
    struct stat stat_;
    out->policy = given;
    out->from_export = given == NULL;
    if (stat(folder, &stat_) != 0 || !S_ISDIR(stat_.st_mode)) {
        dl_error_set(error, DL_E_INPUT, NULL, "%s is not a folder", folder);
        return dl_error_hint(error, "name the folder that `log export` wrote");
    }
    struct dl_policy *own = NULL;
    bool has_own = dl__bundle_read_policy(out, folder, "policy", &own);
    if (given == NULL) {
        out->policy = own;
    } else {
        dl_policy_free(&own); // it must be there, and says nothing here
    }
    if (given == NULL && !has_own) {
        return DL_OK;
    }
    struct verify *verify = calloc(1, sizeof *verify);
    if (verify == NULL) {
        return dl_error_set(error, DL_E_NOMEM, NULL, NULL);
    }
    verify->bundle = out;
    verify->folder = folder;
    dl_buf_init(&verify->note, DL_LIMIT_NOTE);
    check_all(verify);
    dl_buf_fini(&verify->note);
    free(verify);
    return DL_OK;
}
