#include "registry/scrub.h"
#include "protocol/checkpoint.h"
#include "registry/log_internal.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = DL_LIMIT_BATCH_ENTRIES };

/* One entry of the chunk in hand, as its row gives it. */
struct reread {
    bool there;       /* the run is well formed up to it */
    bool content_bad; /* its content does not fit its own leaf */
    bool id_bad;
    struct dl_hash leaf;
};

/* A checkpoint of the log as it is stored. */
struct checkpoint {
    uint64_t size;
    size_t at, n; /* its note, in `notes` */
};

struct dl_scrub {
    struct dl_scrub_config config;
    struct dl_vkey vkey;
    uint64_t end;
    bool sure; /* every root so far was signed */
    struct dl_frontier frontier;
    struct dl__tile tiles[DL__LEVELS]; /* computed; the open one of each level */
    struct dl_buf notes;               /* of the checkpoints that follow, read together */
    struct checkpoint checkpoints[CHUNK];
    size_t n_checkpoints, at_checkpoint;
    /* Entries read together, from `first` on: whole chunks, where checkpoints are near. */
    struct reread read[CHUNK];
    struct dl_hash by_tile[CHUNK]; /* leaf hashes as the tiles of level 0 have them */
    uint64_t first;
    size_t n_read;
    struct dl__tile kept; /* one of the tiles, read in this step */
    uint64_t kept_tile;   /* its number + 1; 0: none */
    /* The chunk in hand: up to a checkpoint. */
    uint64_t chunk;
    size_t n_chunk;
    uint64_t stop; /* where this step ends */
};

struct dl_scrub *dl_scrub_new(const struct dl_scrub_config *config)
{
    struct dl_scrub *scrub = calloc(1, sizeof *scrub);
    DL_ASSERT(scrub != NULL, "memory for a scrub");
    DL_ASSERT(config->fault != NULL, "faults are told to somebody");
    scrub->config = *config;
    scrub->vkey = *config->vkey;
    scrub->end = dl_log_size(config->log);
    scrub->sure = true;
    dl_frontier_init(&scrub->frontier);
    dl_buf_init(&scrub->notes, (size_t)CHUNK * DL_LIMIT_CHECKPOINT);
    return scrub;
}

void dl_scrub_free(struct dl_scrub **scrub)
{
    if (*scrub != NULL) {
        dl_buf_fini(&(*scrub)->notes);
        free(*scrub);
        *scrub = NULL;
    }
}

uint64_t dl_scrub_at(const struct dl_scrub *scrub, uint64_t *total)
{
    *total = scrub->end;
    return scrub->frontier.size;
}

static struct dl_store *store_of(struct dl_scrub *scrub)
{
    return dl_line_db_store(scrub->config.log->db);
}

static void tell(struct dl_scrub *scrub, struct dl_scrub_fault fault)
{
    scrub->config.fault(scrub->config.context, &fault);
}

/* ---- the indexes ---- */

/* Can the entry be found by its id, and from what it refers to? The first reference is asked for
 * with the id: most entries have no other. */
static enum dl_err check_indexes(struct dl_scrub *scrub, const struct dl_leaf *leaf, int64_t cursor,
                                 bool *found)
{
    static const char by_ref[] = "SELECT 1 FROM entry_ref WHERE target=?1 AND cursor=?2";
    struct dl_store *store = store_of(scrub);
    int64_t log = scrub->config.log->id;
    *found = false;
    if (leaf->n_refs == 0) {
        return dl_store_run(store, "SELECT 1 FROM entry_id WHERE id=?1 AND log=?2 AND cursor=?3",
                            DL_SQL(DL_SQL_TEXT(leaf->id), DL_SQL_INT(log), DL_SQL_INT(cursor)),
                            dl_row_take_any, found);
    }
    DL_TRY(dl_store_run(store,
                        "SELECT 1 FROM entry_id i, entry_ref r WHERE i.id=?1 AND i.log=?2 AND"
                        " i.cursor=?3 AND r.target=?4 AND r.cursor=?3",
                        DL_SQL(DL_SQL_TEXT(leaf->id), DL_SQL_INT(log), DL_SQL_INT(cursor),
                               DL_SQL_TEXT(leaf->refs[0])),
                        dl_row_take_any, found));
    for (size_t i = 1; i < leaf->n_refs && *found; i++) {
        *found = false;
        DL_TRY(dl_store_run(store, by_ref, DL_SQL(DL_SQL_TEXT(leaf->refs[i]), DL_SQL_INT(cursor)),
                            dl_row_take_any, found));
    }
    return DL_OK;
}

static enum dl_err mend_indexes(struct dl_scrub *scrub, const struct dl_leaf *leaf, int64_t cursor)
{
    struct dl_log *log = scrub->config.log;
    DL_TRY(dl_line_db_write(log->db));
    DL_TRY(dl_store_run(store_of(scrub),
                        "INSERT INTO entry_id(id, log, cursor) VALUES(?1, ?2, ?3)"
                        " ON CONFLICT(id, log) DO UPDATE SET cursor=?3",
                        DL_SQL(DL_SQL_TEXT(leaf->id), DL_SQL_INT(log->id), DL_SQL_INT(cursor)),
                        NULL, NULL));
    for (size_t i = 0; i < leaf->n_refs; i++) {
        DL_TRY(dl_store_run(store_of(scrub),
                            "INSERT OR IGNORE INTO entry_ref(target, cursor) VALUES(?1, ?2)",
                            DL_SQL(DL_SQL_TEXT(leaf->refs[i]), DL_SQL_INT(cursor)), NULL, NULL));
    }
    return DL_OK;
}

/* ---- entries ---- */

/* `wanted` is the leaf's hash, where it is known: the indexes are judged by good leaves only. */
static enum dl_err judge_entry(struct dl_scrub *scrub, const struct dl_entry_octets *entry,
                               const struct dl_hash *wanted, int64_t cursor, struct reread *out)
{
    struct dl_leaf leaf;
    struct dl_hash commitment = dl_entry_commitment(entry->salt, entry->content);
    bool found = true;
    out->there = true;
    out->leaf = dl_merkle_leaf(entry->leaf);
    bool formed = dl_leaf_decode(entry->leaf, &leaf) == DL_OK;
    out->content_bad = !formed || !dl_hash_equal(&commitment, &leaf.commitment);
    bool good = wanted == NULL ? !out->content_bad : dl_hash_equal(&out->leaf, wanted);
    if (formed && good) {
        DL_TRY(check_indexes(scrub, &leaf, cursor, &found));
    }
    out->id_bad = !found;
    return found || !scrub->config.mend ? DL_OK : mend_indexes(scrub, &leaf, cursor);
}

/* Columns: cursor, first, n, leaves, contents. */
static enum dl_err read_run(void *context, const struct dl_row *row)
{
    struct dl_scrub *scrub = context;
    struct dl_run_reader reader;
    uint64_t first = (uint64_t)dl_row_int(row, 1);
    uint64_t n = (uint64_t)dl_row_int(row, 2);
    dl_run_reader_init(&reader, dl_row_blob(row, 3), dl_row_blob(row, 4));
    for (uint64_t i = 0; i < n && first + i < scrub->first + scrub->n_read; i++) {
        struct dl_entry_octets entry;
        if (dl_run_reader_next(&reader, &entry) != DL_OK) {
            return DL_OK; // what follows in it is not there
        }
        if (first + i >= scrub->first) {
            size_t at = (size_t)(first + i - scrub->first);
            DL_TRY(judge_entry(scrub, &entry, &scrub->by_tile[at], dl_row_int(row, 0) + (int64_t)i,
                               &scrub->read[at]));
        }
    }
    return DL_OK;
}

static enum dl_err read_rows(struct dl_scrub *scrub)
{
    memset(scrub->read, 0, sizeof scrub->read);
    return dl_store_run(store_of(scrub),
                        "SELECT cursor, first, n, leaves, contents FROM run WHERE log=?1 AND"
                        " first<?3 AND first>=(SELECT coalesce(max(first), 0) FROM run WHERE"
                        " log=?1 AND first<=?2) ORDER BY first",
                        DL_SQL(DL_SQL_INT(scrub->config.log->id), DL_SQL_INT(scrub->first),
                               DL_SQL_INT(scrub->first + scrub->n_read)),
                        read_run, scrub);
}

/* ---- tiles ---- */

/* The hashes of what is read as the tiles of level 0 have them. A tile that is missing or too short
 * gives zeros, which are no leaf's hash. */
static enum dl_err read_tiles(struct dl_scrub *scrub)
{
    struct dl_hash *out = scrub->by_tile;
    memset(out, 0, sizeof scrub->by_tile);
    for (size_t i = 0; i < scrub->n_read;) {
        uint64_t index = scrub->first + i;
        size_t at = (size_t)(index % DL__TILE);
        size_t n = scrub->n_read - i < DL__TILE - at ? scrub->n_read - i : DL__TILE - at;
        if (scrub->kept_tile != index / DL__TILE + 1) {
            uint64_t last = scrub->end - index + at < DL__TILE ? scrub->end - index + at : DL__TILE;
            memset(&scrub->kept, 0, sizeof scrub->kept);
            enum dl_err err = dl__log_read_tile(scrub->config.log, 0, index / DL__TILE,
                                                (size_t)last, &scrub->kept);
            if (err != DL_OK && err != DL_E_STORE_CORRUPT) {
                return err;
            }
            scrub->kept_tile = index / DL__TILE + 1;
        }
        memcpy(out + i, scrub->kept.hashes + at, n * sizeof *out);
        i += n;
    }
    return DL_OK;
}

/* The stored tile must begin with the n hashes computed. A tile that grew meanwhile is longer. */
static enum dl_err check_tile(struct dl_scrub *scrub, unsigned level, uint64_t number, size_t n)
{
    struct dl__tile stored;
    struct dl_log *log = scrub->config.log;
    enum dl_err err = dl__log_read_tile(log, level, number, n, &stored);
    bool same = err == DL_OK &&
                memcmp(stored.hashes, scrub->tiles[level].hashes, n * sizeof(struct dl_hash)) == 0;
    if (same || (err != DL_OK && err != DL_E_STORE_CORRUPT)) {
        return err;
    }
    bool mend = scrub->config.mend && scrub->sure;
    if (mend) {
        DL_TRY(dl_line_db_write(log->db));
        DL_TRY(
            dl__log_mend_tile(log, level, number,
                              dl_view_of(scrub->tiles[level].hashes, n * sizeof(struct dl_hash))));
    }
    tell(scrub, (struct dl_scrub_fault){DL_SCRUB_TILE, level, number,
                                        "the tile is not that of what lies under it", mend});
    return DL_OK;
}

static enum dl_err grow(struct dl_scrub *scrub, const struct dl_hash *leaf)
{
    struct dl_hash hash = *leaf;
    uint64_t at = scrub->frontier.size;
    for (unsigned level = 0; level < DL__LEVELS; level++) {
        size_t in = (size_t)(at % DL__TILE);
        scrub->tiles[level].hashes[in] = hash;
        if (in + 1 < DL__TILE) {
            break;
        }
        at /= DL__TILE;
        DL_TRY(check_tile(scrub, level, at, DL__TILE));
        hash = dl__log_fold(scrub->tiles[level].hashes, DL__TILE);
    }
    dl_frontier_append(&scrub->frontier, leaf);
    return DL_OK;
}

/* The open tiles, when all is read. */
static enum dl_err check_edge(struct dl_scrub *scrub)
{
    for (unsigned level = 0; level < DL__LEVELS; level++) {
        uint64_t hashes = scrub->end >> (8 * level);
        if (hashes % DL__TILE > 0) {
            DL_TRY(check_tile(scrub, level, hashes / DL__TILE, (size_t)(hashes % DL__TILE)));
        }
    }
    return DL_OK;
}

/* ---- checkpoints ---- */

static enum dl_err take_checkpoint(void *context, const struct dl_row *row)
{
    struct dl_scrub *scrub = context;
    struct checkpoint *checkpoint = &scrub->checkpoints[scrub->n_checkpoints++];
    struct dl_view note = dl_row_blob(row, 1);
    *checkpoint = (struct checkpoint){.size = (uint64_t)dl_row_int(row, 0), .at = scrub->notes.n};
    if (note.n <= DL_LIMIT_CHECKPOINT) { // a longer one is none that was signed
        checkpoint->n = note.n;
        dl_buf_put_view(&scrub->notes, note);
    }
    return dl_buf_err(&scrub->notes);
}

/* NULL: none up to the end. */
static enum dl_err next_checkpoint(struct dl_scrub *scrub, const struct checkpoint **out)
{
    if (scrub->at_checkpoint == scrub->n_checkpoints) {
        scrub->at_checkpoint = scrub->n_checkpoints = 0;
        dl_buf_reset(&scrub->notes);
        DL_TRY(
            dl_store_run(store_of(scrub),
                         "SELECT size, note FROM checkpoint WHERE log=?1 AND size>?2 AND"
                         " size<=?3 ORDER BY size LIMIT ?4",
                         DL_SQL(DL_SQL_INT(scrub->config.log->id), DL_SQL_INT(scrub->frontier.size),
                                DL_SQL_INT(scrub->end), DL_SQL_INT(CHUNK)),
                         take_checkpoint, scrub));
    }
    bool some = scrub->at_checkpoint < scrub->n_checkpoints;
    *out = some ? &scrub->checkpoints[scrub->at_checkpoint++] : NULL;
    return DL_OK;
}

/* The root that the author signed for this size. */
static bool signed_root(struct dl_scrub *scrub, struct dl_view octets, uint64_t size,
                        struct dl_hash *out)
{
    struct dl_note note;
    struct dl_checkpoint checkpoint;
    if (dl_note_parse(octets, &note) != DL_OK) {
        return false;
    }
    bool ok = dl_note_verify(&note, &scrub->vkey, scrub->config.verifier, NULL) == DL_OK &&
              dl_checkpoint_parse(note.text, &checkpoint) == DL_OK && checkpoint.size == size &&
              strcmp(checkpoint.origin, dl_log_origin(scrub->config.log)) == 0;
    if (ok) {
        *out = checkpoint.root;
    }
    dl_note_fini(&note);
    return ok;
}

/* ---- a chunk ---- */

static bool gives(const struct dl_scrub *scrub, const struct dl_hash *hashes,
                  const struct dl_hash *root)
{
    struct dl_frontier frontier = scrub->frontier;
    for (size_t i = 0; i < scrub->n_chunk; i++) {
        dl_frontier_append(&frontier, &hashes[i]);
    }
    struct dl_hash is = dl_frontier_root(&frontier);
    return dl_hash_equal(&is, root);
}

/* The chunk's. */
static const struct reread *read_of(const struct dl_scrub *scrub, size_t i)
{
    return &scrub->read[scrub->chunk - scrub->first + i];
}

static void tell_entries(struct dl_scrub *scrub, const struct dl_hash *right)
{
    for (size_t i = 0; i < scrub->n_chunk; i++) {
        const struct reread *read = read_of(scrub, i);
        struct dl_scrub_fault fault = {.what = DL_SCRUB_ENTRY, .index = scrub->chunk + i};
        if (!read->there) {
            fault.text = "the entry is missing, or its row is not well formed";
        } else if (!dl_hash_equal(&read->leaf, &right[i])) {
            fault.text = "the leaf is not the one in the tree";
        } else if (read->content_bad) {
            fault.text = "the content does not fit its commitment";
        } else if (read->id_bad) {
            fault.what = DL_SCRUB_ID;
            fault.text = "the entry cannot be found by its id or from what it refers to";
            fault.mended = scrub->config.mend;
        } else {
            continue;
        }
        tell(scrub, fault);
    }
}

/* Whose hashes are right, the rows' or the tiles'? The signed root says so, where the chunk ends at
 * one. Without, the tiles count: a leaf has more octets that can be damaged. */
static const struct dl_hash *decide(struct dl_scrub *scrub, const struct dl_hash *rows,
                                    const struct dl_hash *root)
{
    const struct dl_hash *tiles = &scrub->by_tile[scrub->chunk - scrub->first];
    bool same = memcmp(rows, tiles, scrub->n_chunk * sizeof *rows) == 0;
    if (root == NULL) {
        return tiles;
    }
    if (!same && gives(scrub, rows, root)) {
        return rows;
    }
    if (!gives(scrub, tiles, root)) {
        scrub->sure = false;
        tell(scrub, (struct dl_scrub_fault){
                        .what = DL_SCRUB_CHECKPOINT,
                        .index = scrub->chunk + scrub->n_chunk,
                        .text = "neither leaves nor tiles give the root that was signed"});
    }
    return tiles;
}

/* Reads the chunk, unless it was read already, and with it as many of the next ones as fit and this
 * step will come to. */
static enum dl_err read_ahead(struct dl_scrub *scrub)
{
    if (scrub->chunk + scrub->n_chunk <= scrub->first + scrub->n_read) {
        return DL_OK;
    }
    uint64_t to = scrub->chunk + scrub->n_chunk;
    for (size_t i = scrub->at_checkpoint; i < scrub->n_checkpoints && to < scrub->stop &&
                                          scrub->checkpoints[i].size - scrub->chunk <= CHUNK;
         i++) {
        to = scrub->checkpoints[i].size;
    }
    scrub->first = scrub->chunk;
    scrub->n_read = (size_t)(to - scrub->chunk);
    DL_TRY(read_tiles(scrub));
    return read_rows(scrub);
}

static enum dl_err scrub_chunk(struct dl_scrub *scrub, const struct dl_hash *root)
{
    struct dl_hash rows[CHUNK];
    DL_TRY(read_ahead(scrub));
    for (size_t i = 0; i < scrub->n_chunk; i++) {
        rows[i] = read_of(scrub, i)->leaf; // zeros where it is not there
    }
    const struct dl_hash *right = decide(scrub, rows, root);
    tell_entries(scrub, right);
    for (size_t i = 0; i < scrub->n_chunk; i++) {
        DL_TRY(grow(scrub, &right[i]));
    }
    return DL_OK;
}

static enum dl_err scrub_batch(struct dl_scrub *scrub)
{
    struct dl_hash root;
    const struct checkpoint *next = NULL;
    DL_TRY(next_checkpoint(scrub, &next));
    uint64_t to = next == NULL ? scrub->end : next->size;
    bool ok = next != NULL &&
              signed_root(scrub, dl_view_of(scrub->notes.p + next->at, next->n), to, &root);
    if (!ok) {
        scrub->sure = false;
        tell(scrub, (struct dl_scrub_fault){.what = DL_SCRUB_CHECKPOINT,
                                            .index = to,
                                            .text = "the checkpoint is missing or not signed"});
    }
    while (scrub->frontier.size < to) {
        uint64_t left = to - scrub->frontier.size;
        scrub->chunk = scrub->frontier.size;
        scrub->n_chunk = left < CHUNK ? (size_t)left : CHUNK;
        DL_TRY(scrub_chunk(scrub, ok && left <= CHUNK ? &root : NULL));
    }
    return DL_OK;
}

/* ---- what is beside the tree ---- */

/* Columns: size, the receipt, the checkpoint of that size or NULL. A receipt is a checkpoint and a
 * line more; the checkpoint has been judged already. */
static enum dl_err check_receipt(void *context, const struct dl_row *row)
{
    struct dl_scrub *scrub = context;
    struct dl_hash is;
    struct dl_hash root;
    uint64_t size = (uint64_t)dl_row_int(row, 0);
    struct dl_view receipt = dl_row_blob(row, 1);
    struct dl_view checkpoint = dl_row_blob(row, 2);
    if (checkpoint.n > 0 && checkpoint.n <= receipt.n &&
        memcmp(checkpoint.p, receipt.p, checkpoint.n) == 0) {
        return DL_OK;
    }
    DL_TRY(dl_log_root_at(scrub->config.log, size, &root));
    if (!signed_root(scrub, receipt, size, &is) || !dl_hash_equal(&is, &root)) {
        tell(scrub, (struct dl_scrub_fault){.what = DL_SCRUB_RECEIPT,
                                            .index = size,
                                            .text = "the receipt is not of this journal's root"});
    }
    return DL_OK;
}

/* Columns: cursor, n, leaves, contents. */
static enum dl_err check_tail_run(void *context, const struct dl_row *row)
{
    struct dl_scrub *scrub = context;
    struct dl_run_reader reader;
    int64_t n = dl_row_int(row, 1);
    dl_run_reader_init(&reader, dl_row_blob(row, 2), dl_row_blob(row, 3));
    for (int64_t i = 0; i < n; i++) {
        struct dl_entry_octets entry;
        struct reread read = {.there = false};
        int64_t cursor = dl_row_int(row, 0) + i;
        if (dl_run_reader_next(&reader, &entry) == DL_OK) {
            DL_TRY(judge_entry(scrub, &entry, NULL, cursor, &read));
        }
        if (!read.there || read.content_bad || read.id_bad) {
            tell(scrub, (struct dl_scrub_fault){.what = DL_SCRUB_TAIL,
                                                .index = (uint64_t)cursor,
                                                .text = "an entry in the tail is damaged",
                                                .mended = read.there && !read.content_bad &&
                                                          scrub->config.mend});
        }
    }
    return DL_OK;
}

/* The log's own row repeats its newest checkpoint and receipt. */
static enum dl_err check_row(struct dl_scrub *scrub)
{
    int64_t same = 0;
    DL_TRY(dl_store_run(
        store_of(scrub),
        "SELECT (size=0 OR note=(SELECT note FROM checkpoint c WHERE c.log=l.id AND c.size=l.size))"
        " AND (receipt_size=0 OR receipt=(SELECT note FROM receipt r WHERE r.log=l.id AND"
        " r.size=receipt_size)) FROM log l WHERE id=?1",
        DL_SQL(DL_SQL_INT(scrub->config.log->id)), dl_row_take_int, &same));
    if (same != 1) {
        tell(scrub, (struct dl_scrub_fault){.what = DL_SCRUB_CHECKPOINT,
                                            .index = scrub->end,
                                            .text = "the newest notes stand there in two forms"});
    }
    return DL_OK;
}

static enum dl_err check_beside(struct dl_scrub *scrub)
{
    DL_TRY(check_edge(scrub));
    DL_TRY(check_row(scrub));
    DL_TRY(dl_store_run(store_of(scrub),
                        "SELECT r.size, r.note, c.note FROM receipt r LEFT JOIN checkpoint c"
                        " ON c.log=r.log AND c.size=r.size WHERE r.log=?1 AND r.size<=?2",
                        DL_SQL(DL_SQL_INT(scrub->config.log->id), DL_SQL_INT(scrub->end)),
                        check_receipt, scrub));
    return dl_store_run(store_of(scrub),
                        "SELECT cursor, n, leaves, contents FROM run"
                        " WHERE log=?1 AND first IS NULL",
                        DL_SQL(DL_SQL_INT(scrub->config.log->id)), check_tail_run, scrub);
}

enum dl_err dl_scrub_step(struct dl_scrub *scrub, uint64_t n, bool *done)
{
    scrub->stop = scrub->frontier.size + (n > 0 ? n : 1);
    DL_ASSERT(scrub->end <= dl_log_size(scrub->config.log), "I5: a log does not shrink");
    // what was read may have been mended meanwhile
    scrub->kept_tile = 0;
    scrub->n_read = 0;
    scrub->at_checkpoint = scrub->n_checkpoints = 0;
    while (scrub->frontier.size < scrub->end && scrub->frontier.size < scrub->stop) {
        DL_TRY(scrub_batch(scrub));
    }
    *done = scrub->frontier.size == scrub->end;
    return *done ? check_beside(scrub) : DL_OK;
}
