/* Vectors of trees, proofs and tiles. */
#include "base/encoding.h"
#include "node/vectors_internal.h"
#include "protocol/merkle.h"
#include "protocol/tile.h"

#include <stdlib.h>
#include <string.h>

enum { LEAF_MAX = 2 * 1024 * 1024 };

static const char *check_entry(const json_t *value, struct dl_frontier *frontier)
{
    struct dl_buf data;
    struct dl_hash want;
    dl_buf_init(&data, LEAF_MAX);
    bool read =
        dl__vectors_hex(value, "data_hex", &data) && dl__vectors_hash(value, "leaf_hash", &want);
    struct dl_hash leaf = dl_merkle_leaf(dl_buf_view(&data));
    dl_buf_fini(&data);
    dl_frontier_append(frontier, &leaf);
    if (!read) {
        return "is not understood";
    }
    return dl_hash_equal(&leaf, &want) ? NULL : "another leaf hash";
}

/* Roots stand in order of size. */
static void check_root(struct dl__vectors *run, const json_t *root, size_t *at,
                       const struct dl_frontier *frontier)
{
    const json_t *value = json_array_get(json_object_get(root, "roots"), *at);
    struct dl_hash want;
    uint64_t size = 0;
    if (!dl__vectors_number(value, "size", &size) || size != frontier->size) {
        return;
    }
    (*at)++;
    struct dl_hash got = dl_frontier_root(frontier);
    bool same = dl__vectors_hash(value, "root", &want) && dl_hash_equal(&got, &want);
    dl__vectors_count(run, json_string_value(json_object_get(value, "size")),
                      same ? NULL : "another root");
}

static const char *check_repeat(const json_t *value)
{
    struct dl_hash want;
    uint8_t octet = 0;
    json_int_t n = json_integer_value(json_object_get(value, "count"));
    if (dl_hex_decode(dl_json_text(value, "repeat_hex"), &octet, 1) != DL_OK || n < 0 ||
        n > LEAF_MAX || !dl__vectors_hash(value, "leaf_hash", &want)) {
        return "is not understood";
    }
    uint8_t *data = malloc((size_t)n + 1);
    DL_ASSERT(data != NULL, "memory for a leaf");
    memset(data, octet, (size_t)n);
    struct dl_hash got = dl_merkle_leaf(dl_view_of(data, (size_t)n));
    free(data);
    return dl_hash_equal(&got, &want) ? NULL : "another leaf hash";
}

static const char *check_node(const json_t *value)
{
    struct dl_hash left;
    struct dl_hash right;
    struct dl_hash want;
    if (!dl__vectors_hash(value, "left", &left) || !dl__vectors_hash(value, "right", &right) ||
        !dl__vectors_hash(value, "node", &want)) {
        return "is not understood";
    }
    struct dl_hash got = dl_merkle_node(&left, &right);
    return dl_hash_equal(&got, &want) ? NULL : "another node hash";
}

void dl__vectors_trees(struct dl__vectors *run, const json_t *root)
{
    const json_t *entries = json_object_get(root, "entries");
    const json_t *repeats = json_object_get(root, "leaf_hashes");
    struct dl_frontier frontier;
    size_t at = 0;
    dl_frontier_init(&frontier);
    check_root(run, root, &at, &frontier);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *value = json_array_get(entries, i);
        const char *id = json_string_value(json_object_get(value, "index"));
        dl__vectors_count(run, id != NULL ? id : "?", check_entry(value, &frontier));
        check_root(run, root, &at, &frontier);
    }
    bool all = at == json_array_size(json_object_get(root, "roots"));
    dl__vectors_count(run, "roots", all ? NULL : "some were not reached");
    for (size_t i = 0; i < json_array_size(repeats); i++) {
        dl__vectors_count(run, "leaf_hashes", check_repeat(json_array_get(repeats, i)));
    }
    dl__vectors_count(run, "node", check_node(json_object_get(root, "node_hash_example")));
}

/* False when it is longer than any proof, or a line is no hash. */
static bool take_proof(const json_t *value, struct dl_proof *out)
{
    const json_t *list = json_object_get(value, "proof");
    *out = (struct dl_proof){.n = json_array_size(list)};
    if (out->n > DL_LIMIT_PROOF_HASHES) {
        return false;
    }
    for (size_t i = 0; i < out->n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL ||
            dl_hex_decode(dl_view_str(text), out->hashes[i].b, sizeof out->hashes[i].b) != DL_OK) {
            return false;
        }
    }
    return true;
}

static bool inclusion_holds(const json_t *value)
{
    struct dl_proof proof;
    struct dl_hash leaf;
    struct dl_hash root;
    uint64_t index = 0;
    uint64_t size = 0;
    return take_proof(value, &proof) && dl__vectors_hash(value, "leaf_hash", &leaf) &&
           dl__vectors_hash(value, "root", &root) && dl__vectors_number(value, "index", &index) &&
           dl__vectors_number(value, "size", &size) &&
           dl_inclusion_check(&proof, index, size, &leaf, &root) == DL_OK;
}

static bool consistency_holds(const json_t *value)
{
    struct dl_proof proof;
    struct dl_hash old_root;
    struct dl_hash root;
    uint64_t old_size = 0;
    uint64_t size = 0;
    return take_proof(value, &proof) && dl__vectors_hash(value, "old_root", &old_root) &&
           dl__vectors_hash(value, "root", &root) &&
           dl__vectors_number(value, "old_size", &old_size) &&
           dl__vectors_number(value, "size", &size) &&
           dl_consistency_check(&proof, old_size, size, &old_root, &root) == DL_OK;
}

static void judge_all(struct dl__vectors *run, const json_t *root,
                      bool (*holds)(const json_t *value))
{
    const json_t *cases = json_object_get(root, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *value = json_array_get(cases, i);
        dl__vectors_judge(run, value, holds(value));
    }
}

void dl__vectors_inclusion(struct dl__vectors *run, const json_t *root)
{
    judge_all(run, root, inclusion_holds);
}

void dl__vectors_consistency(struct dl__vectors *run, const json_t *root)
{
    judge_all(run, root, consistency_holds);
}

/* The path of a tile and back. */
static const char *check_path(const json_t *value)
{
    struct dl_tile tile = {.width = (unsigned)json_integer_value(json_object_get(value, "width"))};
    struct dl_tile again;
    char path[DL_TILE_PATH];
    tile.entries = dl_view_is(dl_json_text(value, "level"), "entries");
    tile.level = (unsigned)json_integer_value(json_object_get(value, "level"));
    if (!dl__vectors_number(value, "index", &tile.index) || tile.width == 0 ||
        tile.width > DL_TILE_WIDTH || tile.level > DL_TILE_LEVEL_MAX) {
        return "is not understood";
    }
    dl_tile_path(&tile, path);
    if (!dl_view_is(dl_json_text(value, "path"), path)) {
        return "another path";
    }
    bool back = dl_tile_parse(dl_view_str(path), &again) == DL_OK &&
                again.entries == tile.entries && again.level == tile.level &&
                again.index == tile.index && again.width == tile.width;
    return back ? NULL : "the path is not read back";
}

static bool listed(const json_t *list, const char *path)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text != NULL && strcmp(text, path) == 0) {
            return true;
        }
    }
    return false;
}

/* The full tiles of a level come first, then at most one partial one, which must be listed. */
static bool check_level(const json_t *value, uint64_t size, unsigned level, size_t *partial)
{
    char name[4];
    char path[DL_TILE_PATH];
    uint64_t full = 0;
    snprintf(name, sizeof name, "%u", level);
    const json_t *levels = json_object_get(value, "full_tiles_per_level");
    if (json_object_get(levels, name) != NULL && !dl__vectors_number(levels, name, &full)) {
        return false;
    }
    unsigned width = dl_tile_width(size, level, full);
    if ((full > 0 && dl_tile_width(size, level, full - 1) != DL_TILE_WIDTH) ||
        width == DL_TILE_WIDTH || dl_tile_width(size, level, full + 1) != 0) {
        return false;
    }
    if (width == 0) {
        return true;
    }
    struct dl_tile tile = {.level = level, .index = full, .width = width};
    (*partial)++;
    dl_tile_path(&tile, path);
    return listed(json_object_get(value, "partial_tiles"), path);
}

static const char *check_size(const json_t *value)
{
    uint64_t size = 0;
    size_t partial = 0;
    if (!dl__vectors_number(value, "size", &size) || size > DL_TREE_SIZE_MAX) {
        return "is not understood";
    }
    for (unsigned level = 0; level <= DL_TILE_LEVEL_MAX; level++) {
        if (!check_level(value, size, level, &partial)) {
            return "other tiles";
        }
    }
    return partial == json_array_size(json_object_get(value, "partial_tiles")) ? NULL
                                                                               : "other tiles";
}

/* What a tile of the first 1,000 entries holds (trees.json), by its digest. */
static void put_tile(const json_t *entries, const struct dl_tile *tile, struct dl_buf *out)
{
    uint64_t each = (uint64_t)1 << (8 * tile->level); // entries below one hash
    uint64_t from = tile->index * DL_TILE_WIDTH * each;
    for (uint64_t at = from; at < from + tile->width * each; at += each) {
        struct dl_frontier frontier;
        struct dl_buf data;
        dl_frontier_init(&frontier);
        dl_buf_init(&data, DL_LIMIT_NOTE);
        for (uint64_t i = at; i < at + each; i++) {
            dl_buf_reset(&data);
            (void)dl__vectors_hex(json_array_get(entries, i), "data_hex", &data);
            struct dl_hash leaf = dl_merkle_leaf(dl_buf_view(&data));
            dl_frontier_append(&frontier, &leaf);
        }
        struct dl_hash root = dl_frontier_root(&frontier);
        if (tile->entries) {
            dl_buf_u16(out, (uint16_t)data.n);
            dl_buf_put_view(out, dl_buf_view(&data));
        } else {
            dl_buf_put(out, root.b, sizeof root.b);
        }
        dl_buf_fini(&data);
    }
}

static const char *check_tile(const json_t *value, const json_t *entries)
{
    struct dl_tile tile;
    struct dl_hash want;
    struct dl_buf octets;
    uint64_t size = 0;
    if (dl_tile_parse(dl_json_text(value, "path"), &tile) != DL_OK || tile.level > 1 ||
        !dl__vectors_hash(value, "sha256", &want) || !dl__vectors_number(value, "size", &size) ||
        size > json_array_size(entries)) {
        return "is not understood";
    }
    if (tile.width != dl_tile_width(size, tile.level, tile.index)) {
        return "another width";
    }
    dl_buf_init(&octets, LEAF_MAX);
    put_tile(entries, &tile, &octets);
    struct dl_hash got = dl_sha256(dl_buf_view(&octets));
    bool same = dl_hash_equal(&got, &want) &&
                (json_int_t)octets.n == json_integer_value(json_object_get(value, "bytes"));
    dl_buf_fini(&octets);
    return same ? NULL : "other octets";
}

void dl__vectors_tiles(struct dl__vectors *run, const json_t *root)
{
    const json_t *paths = json_object_get(root, "paths");
    const json_t *bad = json_object_get(root, "bad_paths");
    const json_t *sizes = json_object_get(root, "sizes");
    const json_t *tiles = json_object_get(root, "tiles");
    for (size_t i = 0; i < json_array_size(paths); i++) {
        const json_t *value = json_array_get(paths, i);
        const char *path = json_string_value(json_object_get(value, "path"));
        dl__vectors_count(run, path != NULL ? path : "?", check_path(value));
    }
    for (size_t i = 0; i < json_array_size(bad); i++) {
        const char *path = json_string_value(json_array_get(bad, i));
        struct dl_tile tile;
        bool taken = path == NULL || dl_tile_parse(dl_view_str(path), &tile) == DL_OK;
        dl__vectors_count(run, path != NULL ? path : "?", taken ? "is taken for a path" : NULL);
    }
    for (size_t i = 0; i < json_array_size(sizes); i++) {
        const json_t *value = json_array_get(sizes, i);
        const char *size = json_string_value(json_object_get(value, "size"));
        dl__vectors_count(run, size != NULL ? size : "?", check_size(value));
    }
    json_t *trees = dl__vectors_load(run, "trees.json");
    for (size_t i = 0; i < json_array_size(tiles); i++) {
        const json_t *value = json_array_get(tiles, i);
        const char *path = json_string_value(json_object_get(value, "path"));
        dl__vectors_count(run, path != NULL ? path : "?",
                          check_tile(value, json_object_get(trees, "entries")));
    }
    json_decref(trees);
}
