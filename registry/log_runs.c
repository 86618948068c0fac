/* Runs: how entries lie in rows, and how they are read again. */
#include "registry/log_internal.h"

#include <string.h>

/* Records an entry's id and what it refers to. */
static enum dl_err record(struct dl_log *log, const struct dl_leaf *leaf, int64_t cursor,
                          bool known)
{
    struct dl_store *store = dl_line_db_store(log->db);
    if (!known) {
        DL_TRY(dl_store_run(store, "INSERT INTO entry_id(id, log, cursor) VALUES(?1, ?2, ?3)",
                            DL_SQL(DL_SQL_TEXT(leaf->id), DL_SQL_INT(log->id), DL_SQL_INT(cursor)),
                            NULL, NULL));
    }
    for (size_t i = 0; i < leaf->n_refs; i++) {
        DL_TRY(dl_store_run(store, "INSERT OR IGNORE INTO entry_ref(target, cursor) VALUES(?1, ?2)",
                            DL_SQL(DL_SQL_TEXT(leaf->refs[i]), DL_SQL_INT(cursor)), NULL, NULL));
    }
    return DL_OK;
}

static enum dl_err put_entry(struct dl_log *log, const struct dl_entry_octets *entry,
                             int64_t cursor, bool known)
{
    struct dl_leaf leaf;
    if (dl_leaf_decode(entry->leaf, &leaf) != DL_OK) {
        return DL_E_BUG; // what comes here was checked
    }
    enum dl_err err = record(log, &leaf, cursor, known);
    if (err != DL_OK) {
        return err == DL_E_INPUT ? DL_E_ID_REUSED : err; // the id stands in this log already
    }
    dl_run_put(&log->leaves, &log->contents, entry);
    struct dl_hash hash = dl_merkle_leaf(entry->leaf);
    return dl__log_grow(log, &hash);
}

enum dl_err dl_log_append(struct dl_log *log, const struct dl_log_append *append)
{
    DL_ASSERT(append->n > 0 && append->n <= DL_LIMIT_BATCH_ENTRIES, "a run has 1 to 256 entries");
    DL_ASSERT(log->closed[0] == '\0', "a closed journal is not appended to");
    DL_TRY(dl_line_db_write(log->db));
    int64_t cursor = append->cursor != 0 ? append->cursor : dl_line_db_cursors(log->db, append->n);
    uint64_t first = log->frontier.size;
    dl_buf_reset(&log->leaves);
    dl_buf_reset(&log->contents);
    for (size_t i = 0; i < append->n; i++) {
        DL_TRY(put_entry(log, &append->entries[i], cursor + (int64_t)i, append->known));
    }
    DL_TRY(dl_buf_err(&log->leaves));
    DL_TRY(dl_buf_err(&log->contents));
    return dl_store_run(dl_line_db_store(log->db),
                        "INSERT INTO run(cursor, log, first, n, time, leaves, contents)"
                        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                        DL_SQL(DL_SQL_INT(cursor), DL_SQL_INT(log->id), DL_SQL_INT(first),
                               DL_SQL_INT(append->n), DL_SQL_INT(append->now_ms),
                               DL_SQL_BLOB(dl_buf_view(&log->leaves)),
                               DL_SQL_BLOB(dl_buf_view(&log->contents))),
                        NULL, NULL);
}

enum dl_err dl_log_adopt(struct dl_log *log, int64_t cursor, struct dl_view leaves, size_t n)
{
    uint64_t first = log->frontier.size;
    struct dl_cursor at;
    dl_cursor_init(&at, leaves);
    for (size_t i = 0; i < n; i++) {
        struct dl_view octets = dl_cursor_block(&at, DL_LIMIT_LEAF);
        struct dl_leaf leaf;
        if (at.err != DL_OK || dl_leaf_decode(octets, &leaf) != DL_OK) {
            return DL_E_STORE_CORRUPT;
        }
        struct dl_hash hash = dl_merkle_leaf(octets);
        DL_TRY(record(log, &leaf, cursor + (int64_t)i, true));
        DL_TRY(dl__log_grow(log, &hash));
    }
    return dl_store_run(dl_line_db_store(log->db), "UPDATE run SET first=?2 WHERE cursor=?1",
                        DL_SQL(DL_SQL_INT(cursor), DL_SQL_INT(first)), NULL, NULL);
}

/* ---- reading ---- */

void dl_batch_init(struct dl_batch *batch)
{
    memset(batch, 0, sizeof *batch);
    dl_buf_init(&batch->note, DL_LIMIT_CHECKPOINT);
    // one batch, or one entry beyond it, and the words between
    dl_buf_init(&batch->octets, 2 * DL_LIMIT_BATCH_OCTETS + DL_LIMIT_FRAME);
}

void dl_batch_fini(struct dl_batch *batch)
{
    dl_buf_fini(&batch->note);
    dl_buf_fini(&batch->octets);
    batch->n = 0;
}

static enum dl_err take_note(void *context, const struct dl_row *row)
{
    struct dl_buf *note = context;
    dl_buf_put_view(note, dl_row_blob(row, 0));
    return dl_buf_err(note);
}

enum dl_err dl_log_note_at(struct dl_log *log, uint64_t size, struct dl_buf *out)
{
    dl_buf_reset(out);
    return dl_store_run(dl_line_db_store(log->db),
                        "SELECT note FROM checkpoint WHERE log=?1 AND size=?2",
                        DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(size)), take_note, out);
}

struct reading {
    const struct dl_log_range *range;
    struct dl_batch *batch;
    size_t offsets[DL_LIMIT_BATCH_ENTRIES]; /* of the leaf, in batch->octets, which may move */
    size_t octets;                          /* of leaves, salts and contents so far */
    bool full;
};

static bool fits(const struct reading *r, size_t octets)
{
    const struct dl_log_range *range = r->range;
    uint64_t next = range->from + r->batch->n;
    return next < range->to && r->batch->n < range->n_max && r->batch->n < DL_LIMIT_BATCH_ENTRIES &&
           (r->batch->n == 0 || r->octets + octets <= range->octets_max);
}

static enum dl_err take_entry(struct reading *r, const struct dl_entry_octets *entry)
{
    struct dl_batch *batch = r->batch;
    size_t octets = dl_entry_octets_size(entry);
    if (!fits(r, octets)) {
        r->full = true;
        return DL_OK;
    }
    r->offsets[batch->n] = batch->octets.n;
    batch->entries[batch->n++] = *entry;
    dl_buf_put_view(&batch->octets, entry->leaf);
    dl_buf_put_view(&batch->octets, entry->salt);
    dl_buf_put_view(&batch->octets, entry->content);
    r->octets += octets;
    return dl_buf_err(&batch->octets);
}

/* Columns: first, n, leaves, contents. */
static enum dl_err take_run(void *context, const struct dl_row *row)
{
    struct reading *r = context;
    uint64_t first = (uint64_t)dl_row_int(row, 0);
    int64_t n = dl_row_int(row, 1);
    struct dl_run_reader reader;
    dl_run_reader_init(&reader, dl_row_blob(row, 2), dl_row_blob(row, 3));
    for (int64_t i = 0; i < n && !r->full; i++) {
        struct dl_entry_octets entry;
        DL_TRY(dl_run_reader_next(&reader, &entry));
        uint64_t index = first + (uint64_t)i;
        if (index < r->range->from) {
            continue;
        }
        if (index != r->range->from + r->batch->n) {
            return DL_E_STORE_CORRUPT; // a gap
        }
        DL_TRY(take_entry(r, &entry));
    }
    return r->full ? DL_E_STATE : DL_OK; // ends the statement
}

static void set_views(struct reading *r)
{
    struct dl_batch *batch = r->batch;
    for (size_t i = 0; i < batch->n; i++) {
        struct dl_entry_octets *entry = &batch->entries[i];
        entry->leaf.p = batch->octets.p + r->offsets[i];
        entry->salt.p = entry->leaf.p + entry->leaf.n;
        entry->content.p = entry->salt.p + entry->salt.n;
    }
}

static enum dl_err take_size(void *context, const struct dl_row *row)
{
    *(uint64_t *)context = (uint64_t)dl_row_int(row, 0);
    return DL_OK;
}

/* Cut the batch back to the greatest checkpoint in it. */
static enum dl_err end_at_checkpoint(struct dl_log *log, struct dl_batch *batch)
{
    uint64_t size = 0;
    DL_TRY(dl_store_run(
        dl_line_db_store(log->db),
        "SELECT size FROM checkpoint WHERE log=?1 AND size>?2 AND size<=?3"
        " ORDER BY size DESC LIMIT 1",
        DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(batch->from), DL_SQL_INT(batch->from + batch->n)),
        take_size, &size));
    batch->n = size == 0 ? 0 : (size_t)(size - batch->from);
    return batch->n == 0 ? DL_OK : dl_log_note_at(log, size, &batch->note);
}

enum dl_err dl_log_read(struct dl_log *log, const struct dl_log_range *range, struct dl_batch *out)
{
    struct reading r = {.range = range, .batch = out};
    out->n = 0;
    out->from = range->from;
    dl_buf_reset(&out->note);
    dl_buf_reset(&out->octets);
    enum dl_err err = dl_store_run(
        dl_line_db_store(log->db),
        "SELECT first, n, leaves, contents FROM run WHERE log=?1 AND first<?3 AND first>="
        "(SELECT coalesce(max(first), 0) FROM run WHERE log=?1 AND first<=?2) ORDER BY first",
        DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(range->from), DL_SQL_INT(range->to)), take_run, &r);
    if (err != DL_OK && !(err == DL_E_STATE && r.full)) {
        out->n = 0;
        return err;
    }
    set_views(&r);
    return range->single || out->n == 0 ? DL_OK : end_at_checkpoint(log, out);
}

/* ---- mending ---- */

struct mending {
    struct dl_log *log;
    uint64_t index;
    const struct dl_entry_octets *entry;
    int64_t cursor;
    bool done;
};

/* The run is written again with the good copy in its place. Where the row is not well formed, the
 * others that cannot be read stay damaged, each in a place of its own, until their copies come. */
static enum dl_err mend_run(void *context, const struct dl_row *row)
{
    struct mending *m = context;
    uint64_t first = (uint64_t)dl_row_int(row, 1);
    uint64_t n = (uint64_t)dl_row_int(row, 2);
    struct dl_run_reader reader;
    dl_run_reader_init(&reader, dl_row_blob(row, 3), dl_row_blob(row, 4));
    dl_buf_reset(&m->log->leaves);
    dl_buf_reset(&m->log->contents);
    for (uint64_t i = 0; i < n; i++) {
        static const uint8_t no_salt[DL_LIMIT_SALT];
        struct dl_entry_octets entry;
        bool wanted = first + i == m->index;
        if (dl_run_reader_next(&reader, &entry) != DL_OK) {
            entry = (struct dl_entry_octets){.salt = dl_view_of(no_salt, sizeof no_salt)};
        }
        dl_run_put(&m->log->leaves, &m->log->contents, wanted ? m->entry : &entry);
        m->done = m->done || wanted;
    }
    m->cursor = dl_row_int(row, 0);
    return DL_OK;
}

enum dl_err dl_log_mend(struct dl_log *log, uint64_t index, const struct dl_entry_octets *entry)
{
    struct dl_hash should;
    struct dl_hash is = dl_merkle_leaf(entry->leaf);
    struct dl_leaf leaf;
    DL_TRY(dl__log_leaf_hash(log, index, &should));
    struct dl_hash commitment = dl_entry_commitment(entry->salt, entry->content);
    if (!dl_hash_equal(&is, &should) || dl_leaf_decode(entry->leaf, &leaf) != DL_OK ||
        !dl_hash_equal(&commitment, &leaf.commitment)) {
        return DL_E_PROOF;
    }
    struct mending m = {.log = log, .index = index, .entry = entry};
    DL_TRY(dl_line_db_write(log->db));
    DL_TRY(
        dl_store_run(dl_line_db_store(log->db),
                     "SELECT cursor, first, n, leaves, contents FROM run WHERE log=?1 AND first<=?2"
                     " ORDER BY first DESC LIMIT 1",
                     DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(index)), mend_run, &m));
    if (!m.done) {
        return DL_E_STORE_CORRUPT;
    }
    return dl_store_run(dl_line_db_store(log->db),
                        "UPDATE run SET leaves=?2, contents=?3 WHERE cursor=?1",
                        DL_SQL(DL_SQL_INT(m.cursor), DL_SQL_BLOB(dl_buf_view(&log->leaves)),
                               DL_SQL_BLOB(dl_buf_view(&log->contents))),
                        NULL, NULL);
}
