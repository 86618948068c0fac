/* A tlog-tiles tree, rebuilt from its entries: every tile must be there and be what it should, and
 * nothing else. Only what is computed here is believed, so no tile goes unauthenticated. */
#include "node/bundle_internal.h"
#include "node/folder.h"
#include "protocol/merkle.h"
#include "protocol/tile.h"

#include <stdlib.h>
#include <string.h>

struct tree {
    struct dl_bundle *bundle;
    const char *folder;
    uint64_t size;
    struct dl_frontier frontier;
    unsigned counts[DL_TILE_LEVELS];
    struct dl_hash hashes[DL_TILE_LEVELS][DL_TILE_WIDTH];
    uint8_t entry[DL__ENTRY_MAX];
};

/* The tile on disk must be the first `width` hashes of the level in memory. */
static void check_tile(struct tree *tree, unsigned level, uint64_t index)
{
    struct dl_tile tile = {.level = level, .index = index, .width = tree->counts[level]};
    struct dl_view want = dl_view_of(tree->hashes[level], tile.width * sizeof(struct dl_hash));
    char path[DL_TILE_PATH];
    struct dl_buf octets;
    dl_tile_path(&tile, path);
    DL_ASSERT(tile.width == dl_tile_width(tree->size, level, index), "tlog-tiles, partial tiles");
    dl_buf_init(&octets, sizeof tree->hashes[level] + 1);
    enum dl_err err = dl_folder_read(tree->folder, path, &octets);
    if (err == DL_E_INPUT) {
        dl__bundle_problem(tree->bundle, "tiles/%s is missing or cannot be read", path);
    } else if (err != DL_OK || !dl_view_equal(dl_buf_view(&octets), want)) {
        dl__bundle_problem(tree->bundle, "tiles/%s is not what its entries give", path);
    }
    dl_buf_fini(&octets);
}

/* A hash comes to a level; what is full goes upward. */
static void grow(struct tree *tree, struct dl_hash hash, uint64_t entry)
{
    for (unsigned level = 0; level < DL_TILE_LEVELS; level++) {
        tree->hashes[level][tree->counts[level]++] = hash;
        if (tree->counts[level] < DL_TILE_WIDTH) {
            return;
        }
        check_tile(tree, level, (entry >> (8 * level)) / DL_TILE_WIDTH);
        hash = dl_tile_hash(tree->hashes[level]);
        tree->counts[level] = 0;
    }
}

static bool read_entry(struct tree *tree, FILE *file, struct dl_view *out)
{
    uint8_t length[2];
    if (fread(length, 1, 2, file) != 2) {
        return false;
    }
    size_t n = (size_t)length[0] << 8 | length[1];
    *out = dl_view_of(tree->entry, n);
    return fread(tree->entry, 1, n, file) == n;
}

/* One bundle of entries: all of its entries, and no more octets. */
static bool read_bundle(struct tree *tree, uint64_t index, unsigned width)
{
    struct dl_tile tile = {.entries = true, .index = index, .width = width};
    char path[DL_TILE_PATH];
    dl_tile_path(&tile, path);
    FILE *file = dl_folder_open(tree->folder, path);
    if (file == NULL) {
        dl__bundle_problem(tree->bundle, "tiles/%s is missing or cannot be read", path);
        return false;
    }
    bool ok = true;
    for (unsigned i = 0; ok && i < width; i++) {
        struct dl_view entry;
        ok = read_entry(tree, file, &entry);
        if (ok) {
            struct dl_hash leaf = dl_merkle_leaf(entry);
            dl_frontier_append(&tree->frontier, &leaf);
            grow(tree, leaf, tree->frontier.size - 1);
        }
    }
    ok = ok && fgetc(file) == EOF;
    (void)fclose(file); // read only
    if (!ok) {
        dl__bundle_problem(tree->bundle, "tiles/%s does not hold %u entries", path, width);
    }
    return ok;
}

static void rebuild(struct tree *tree, const struct dl_hash *root)
{
    uint64_t index = 0;
    for (unsigned width; (width = dl_tile_width(tree->size, 0, index)) > 0; index++) {
        if (!read_bundle(tree, index, width)) {
            return;
        }
    }
    for (unsigned level = 0; level < DL_TILE_LEVELS; level++) {
        if (tree->counts[level] > 0) {
            check_tile(tree, level, (tree->size >> (8 * level)) / DL_TILE_WIDTH);
        }
    }
    struct dl_hash rebuilt = dl_frontier_root(&tree->frontier);
    DL_ASSERT(tree->frontier.size == tree->size, "every bundle was read");
    if (!dl_hash_equal(&rebuilt, root)) {
        dl__bundle_problem(tree->bundle, "the entries in tiles/ do not give its checkpoint's root");
    }
}

/* Nothing may be there that was not rebuilt. */
static void check_name(void *context, const char *path)
{
    struct tree *tree = context;
    struct dl_tile tile;
    if (strcmp(path, "checkpoint") == 0 || strcmp(path, "policy") == 0) {
        return;
    }
    if (dl_tile_parse(dl_view_str(path), &tile) != DL_OK ||
        tile.width != dl_tile_width(tree->size, tile.level, tile.index)) {
        dl__bundle_problem(tree->bundle, "tiles/%s is no part of a tree of this size", path);
    }
}

bool dl__bundle_tiles(struct dl_bundle *bundle, const char *folder, const struct dl_policy *policy,
                      struct dl_policy_finding *out)
{
    struct dl_policy *own = NULL;
    struct dl_policy_finding finding;
    if (!dl__bundle_read_policy(bundle, folder, "policy", &own)) {
        return false;
    }
    bool good =
        dl__bundle_read_note(bundle, folder, "checkpoint", own, &finding) &&
        (policy == NULL || dl__bundle_read_note(bundle, folder, "checkpoint", policy, &finding));
    if (policy == NULL) {
        dl_policy_free(&bundle->policy);
        bundle->policy = own; // the finding borrows its keys
    } else {
        dl_policy_free(&own);
    }
    if (!good) {
        return false;
    }
    struct tree *tree = calloc(1, sizeof *tree);
    DL_ASSERT(tree != NULL, "memory for the right edge");
    tree->bundle = bundle;
    tree->folder = folder;
    tree->size = finding.checkpoint.size;
    rebuild(tree, &finding.checkpoint.root);
    if (dl_folder_walk(folder, check_name, tree) != DL_OK) {
        dl__bundle_problem(bundle, "tiles/ cannot be read");
    }
    free(tree);
    *out = finding;
    return true;
}

enum dl_err dl_tiles_verify(const char *folder, struct dl_policy *given, struct dl_bundle *out,
                            struct dl_error *error)
{
    FILE *checkpoint = dl_folder_open(folder, "checkpoint");
    out->policy = given;
    out->from_export = given == NULL;
    if (checkpoint == NULL) {
        return dl_error_set(error, DL_E_INPUT, NULL, "%s holds no checkpoint", folder);
    }
    (void)fclose(checkpoint); // read only
    out->has_head = dl__bundle_tiles(out, folder, given, &out->head);
    out->entries = out->has_head ? out->head.checkpoint.size : 0;
    return DL_OK;
}
