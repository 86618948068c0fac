/* Tiles: 256 hashes in a row, level by level (C2SP tlog-tiles). The open tile of each level is in
 * memory and rewritten in place; a full one is written once. */
#include "registry/log_internal.h"

#include "protocol/checkpoint.h"

#include <stdlib.h>
#include <string.h>

enum dl_err dl__log_head_of(struct dl_view octets, uint64_t *size, struct dl_hash *root)
{
    struct dl_note note;
    struct dl_checkpoint checkpoint;
    enum dl_err err = dl_note_parse(octets, &note);
    if (err != DL_OK) {
        return DL_E_STORE_CORRUPT;
    }
    err = dl_checkpoint_parse(note.text, &checkpoint);
    dl_note_fini(&note);
    if (err != DL_OK) {
        return DL_E_STORE_CORRUPT;
    }
    *size = checkpoint.size;
    *root = checkpoint.root;
    return DL_OK;
}

struct tile_read {
    struct dl_hash *out;
    size_t n;
};

static enum dl_err take_tile(void *context, const struct dl_row *row)
{
    struct tile_read *read = context;
    struct dl_view hashes = dl_row_blob(row, 0);
    if (hashes.n % sizeof(struct dl_hash) != 0 || hashes.n > sizeof(struct dl__tile)) {
        return DL_E_STORE_CORRUPT;
    }
    memcpy(read->out, hashes.p, hashes.n);
    read->n = hashes.n / sizeof(struct dl_hash);
    return DL_OK;
}

/* A tile of which at least `need` hashes must be there. */
enum dl_err dl__log_read_tile(struct dl_log *log, unsigned level, uint64_t number, size_t need,
                              struct dl__tile *out)
{
    struct tile_read read = {.out = out->hashes};
    DL_TRY(dl_store_run(dl_line_db_store(log->db),
                        "SELECT hashes FROM tile WHERE log=?1 AND level=?2 AND number=?3",
                        DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(level), DL_SQL_INT(number)),
                        take_tile, &read));
    return read.n >= need ? DL_OK : DL_E_STORE_CORRUPT;
}

static enum dl_err put_tile(struct dl_log *log, unsigned level, uint64_t number,
                            struct dl_view hashes)
{
    return dl_store_run(
        dl_line_db_store(log->db),
        "INSERT INTO tile(log, level, number, hashes) VALUES(?1, ?2, ?3, ?4)"
        " ON CONFLICT(log, level, number) DO UPDATE SET hashes=?4",
        DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(level), DL_SQL_INT(number), DL_SQL_BLOB(hashes)),
        NULL, NULL);
}

static enum dl_err write_tile(struct dl_log *log, unsigned level, uint64_t number, size_t n)
{
    log->changed[level] = false;
    return put_tile(log, level, number,
                    dl_view_of(log->edge[level]->hashes, n * sizeof(struct dl_hash)));
}

/* How many hashes the open tile of a level has at this size, and the tile's number. */
static size_t open_count(uint64_t size, unsigned level, uint64_t *number)
{
    uint64_t hashes = size >> (8 * level);
    *number = hashes / DL__TILE;
    return (size_t)(hashes % DL__TILE);
}

enum dl_err dl__log_mend_tile(struct dl_log *log, unsigned level, uint64_t number,
                              struct dl_view hashes)
{
    uint64_t open = 0;
    size_t n = open_count(log->frontier.size, level, &open);
    DL_ASSERT(number <= open && hashes.n <= sizeof(struct dl__tile), "a tile that is there");
    if (number < open) {
        return put_tile(log, level, number, hashes);
    }
    return write_tile(log, level, number, n); // the open one is in memory, further on perhaps
}

/* The root of 2^k hashes, computed in place in a scratch copy. */
struct dl_hash dl__log_fold(const struct dl_hash *hashes, size_t n)
{
    struct dl_hash scratch[DL__TILE];
    DL_ASSERT(n >= 1 && n <= DL__TILE && (n & (n - 1)) == 0, "a complete subtree");
    memcpy(scratch, hashes, n * sizeof *hashes);
    for (; n > 1; n /= 2) {
        for (size_t i = 0; i < n / 2; i++) {
            scratch[i] = dl_merkle_node(&scratch[2 * i], &scratch[2 * i + 1]);
        }
    }
    return scratch[0];
}

static struct dl__tile *edge_of(struct dl_log *log, unsigned level)
{
    DL_ASSERT(level < DL__LEVELS, "a log has at most 2^48 entries");
    if (log->edge[level] == NULL) {
        log->edge[level] = calloc(1, sizeof *log->edge[level]);
        DL_ASSERT(log->edge[level] != NULL, "memory for a tile");
    }
    return log->edge[level];
}

/* The frontier from open tiles: the greatest subtrees are those of the highest level. */
static void frontier_of(const struct dl__tile *const tiles[DL__LEVELS], uint64_t size,
                        struct dl_frontier *out)
{
    size_t n = 0;
    out->size = size;
    for (unsigned level = DL__LEVELS; level > 0; level--) {
        uint64_t number = 0;
        size_t count = open_count(size, level - 1, &number);
        size_t at = 0;
        for (size_t width = DL__TILE / 2; width > 0; width /= 2) {
            if ((count & width) != 0) {
                out->hashes[n++] = dl__log_fold(&tiles[level - 1]->hashes[at], width);
                at += width;
            }
        }
    }
    DL_ASSERT(n == dl_frontier_count(out), "one hash for each set bit");
}

enum dl_err dl__log_load_edge(struct dl_log *log)
{
    uint64_t size = log->frontier.size;
    if (size > DL_LIMIT_LOG_SIZE) {
        return DL_E_STORE_CORRUPT;
    }
    for (unsigned level = 0; level < DL__LEVELS; level++) {
        uint64_t number = 0;
        size_t count = open_count(size, level, &number);
        if (count > 0) {
            DL_TRY(dl__log_read_tile(log, level, number, count, edge_of(log, level)));
        }
        log->changed[level] = false;
    }
    frontier_of((const struct dl__tile *const *)log->edge, size, &log->frontier);
    return DL_OK;
}

enum dl_err dl__log_grow(struct dl_log *log, const struct dl_hash *leaf)
{
    struct dl_hash hash = *leaf;
    uint64_t size = log->frontier.size;
    DL_ASSERT(size < DL_LIMIT_LOG_SIZE, "a log has at most 2^48 entries");
    for (unsigned level = 0; level < DL__LEVELS; level++) {
        uint64_t number = 0;
        size_t count = open_count(size, level, &number);
        edge_of(log, level)->hashes[count] = hash;
        log->changed[level] = true;
        if (count + 1 < DL__TILE) {
            break;
        }
        DL_TRY(write_tile(log, level, number, DL__TILE));
        hash = dl__log_fold(log->edge[level]->hashes, DL__TILE);
    }
    dl_frontier_append(&log->frontier, leaf);
    return DL_OK;
}

static enum dl_err write_edge(struct dl_log *log, bool all)
{
    for (unsigned level = 0; level < DL__LEVELS; level++) {
        uint64_t number = 0;
        size_t count = open_count(log->frontier.size, level, &number);
        if (count > 0 && (all || log->changed[level])) {
            DL_TRY(write_tile(log, level, number, count));
        }
    }
    return DL_OK;
}

/* The root of the open tiles as the disk gives them back. */
static enum dl_err read_root(struct dl_log *log, struct dl_hash *out)
{
    static struct dl__tile scratch[DL__LEVELS]; // one thread; too large for the stack
    const struct dl__tile *tiles[DL__LEVELS];
    struct dl_frontier frontier;
    for (unsigned level = 0; level < DL__LEVELS; level++) {
        uint64_t number = 0;
        size_t count = open_count(log->frontier.size, level, &number);
        tiles[level] = &scratch[level];
        if (count > 0) {
            DL_TRY(dl__log_read_tile(log, level, number, count, &scratch[level]));
        }
    }
    frontier_of(tiles, log->frontier.size, &frontier);
    *out = dl_frontier_root(&frontier);
    return DL_OK;
}

enum dl_err dl_log_root(struct dl_log *log, struct dl_hash *out)
{
    struct dl_hash root;
    struct dl_hash in_memory = dl_frontier_root(&log->frontier);
    DL_TRY(write_edge(log, false));
    enum dl_err err = read_root(log, &root);
    if (err == DL_E_STORE_CORRUPT || (err == DL_OK && !dl_hash_equal(&root, &in_memory))) {
        DL_TRY(write_edge(log, true)); // an open tile was damaged since it was written
        err = read_root(log, &root);
    }
    DL_TRY(err);
    if (!dl_hash_equal(&root, &in_memory)) {
        return DL_E_STORE_CORRUPT; // I5: nothing is signed that the disk does not give back
    }
    *out = root;
    return DL_OK;
}

static enum dl_err read_subtree(void *self, unsigned level, uint64_t index, struct dl_hash *out)
{
    struct dl_log *log = self;
    unsigned tile_level = level / 8;
    size_t width = (size_t)1 << (level % 8);
    uint64_t first = index << (level % 8); // in hashes of tile_level
    struct dl__tile tile;
    size_t at = (size_t)(first % DL__TILE);
    DL_TRY(dl__log_read_tile(log, tile_level, first / DL__TILE, at + width, &tile));
    *out = dl__log_fold(&tile.hashes[at], width);
    return DL_OK;
}

struct dl_tree_reader dl_log_reader(struct dl_log *log)
{
    return (struct dl_tree_reader){.self = log, .read = read_subtree};
}

enum dl_err dl_log_root_at(struct dl_log *log, uint64_t size, struct dl_hash *out)
{
    DL_ASSERT(size <= log->frontier.size, "roots are of sizes that were");
    struct dl_tree_reader reader = dl_log_reader(log);
    struct dl_frontier frontier;
    DL_TRY(dl_frontier_read(&reader, size, &frontier));
    *out = dl_frontier_root(&frontier);
    return DL_OK;
}

enum dl_err dl_log_tile(struct dl_log *log, unsigned level, uint64_t number, size_t n,
                        struct dl_buf *out)
{
    struct dl__tile tile;
    DL_ASSERT(n > 0 && n <= DL__TILE, "a tile has 1 to 256 hashes");
    DL_TRY(dl__log_read_tile(log, level, number, n, &tile));
    dl_buf_put(out, tile.hashes, n * sizeof tile.hashes[0]);
    return dl_buf_err(out);
}

enum dl_err dl__log_leaf_hash(struct dl_log *log, uint64_t index, struct dl_hash *out)
{
    return read_subtree(log, 0, index, out);
}
