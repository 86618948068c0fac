#include "registry/line_db.h"
#include "base/limits.h"

#include <stdlib.h>

extern const char dl_schema_line_sql[];

struct dl_line_db {
    struct dl_store *store;
    int64_t last_cursor;
};

enum { SCHEMA_VERSION = 3, CACHE = 2 * 1024 * 1024, PAGE = 8192 };

static enum dl_err load(struct dl_line_db *db)
{
    int64_t ends = 0;
    DL_TRY(dl_store_run(db->store, "SELECT cursor + n - 1 FROM run ORDER BY cursor DESC LIMIT 1",
                        NULL, 0, dl_row_take_int, &ends));
    db->last_cursor = ends;
    return DL_OK;
}

enum dl_err dl_line_db_open(const char *path, struct dl_disk *disk, struct dl_line_db **out,
                            struct dl_error *error)
{
    struct dl_line_db *db = calloc(1, sizeof *db);
    DL_ASSERT(db != NULL, "memory for line.db");
    struct dl_store_config config = {.path = path,
                                     .disk = disk,
                                     .schema = dl_schema_line_sql,
                                     .version = SCHEMA_VERSION,
                                     .cache_octets = CACHE,
                                     .page_octets = PAGE};
    enum dl_err err = dl_store_open(&config, &db->store, error);
    if (err == DL_OK) {
        err = load(db);
    }
    if (err != DL_OK) {
        dl_line_db_close(&db);
        return err;
    }
    *out = db;
    return DL_OK;
}

void dl_line_db_close(struct dl_line_db **db)
{
    if (*db != NULL) {
        if ((*db)->store != NULL) {
            dl_store_rollback((*db)->store);
        }
        dl_store_close(&(*db)->store);
        free(*db);
        *db = NULL;
    }
}

struct dl_store *dl_line_db_store(struct dl_line_db *db)
{
    return db->store;
}

enum dl_err dl_line_db_write(struct dl_line_db *db)
{
    return dl_store_in_transaction(db->store) ? DL_OK : dl_store_begin(db->store);
}

enum dl_err dl_line_db_commit(struct dl_line_db *db)
{
    return dl_store_in_transaction(db->store) ? dl_store_commit(db->store) : DL_OK;
}

void dl_line_db_rollback(struct dl_line_db *db)
{
    dl_store_rollback(db->store);
}

int64_t dl_line_db_cursors(struct dl_line_db *db, size_t n)
{
    int64_t first = db->last_cursor + 1;
    db->last_cursor += (int64_t)n;
    return first;
}

int64_t dl_line_db_last_cursor(const struct dl_line_db *db)
{
    return db->last_cursor;
}

void dl_run_reader_init(struct dl_run_reader *reader, struct dl_view leaves,
                        struct dl_view contents)
{
    dl_cursor_init(&reader->leaves, leaves);
    dl_cursor_init(&reader->contents, contents);
}

enum dl_err dl_run_reader_next(struct dl_run_reader *reader, struct dl_entry_octets *out)
{
    out->leaf = dl_cursor_block(&reader->leaves, DL_LIMIT_LEAF);
    out->salt = dl_cursor_take(&reader->contents, DL_LIMIT_SALT);
    out->content = dl_cursor_block(&reader->contents, DL_LIMIT_CONTENT);
    bool bad = reader->leaves.err != DL_OK || reader->contents.err != DL_OK;
    return bad ? DL_E_STORE_CORRUPT : DL_OK;
}

static void put_block(struct dl_buf *out, struct dl_view octets)
{
    dl_buf_u32(out, (uint32_t)octets.n);
    dl_buf_put_view(out, octets);
}

void dl_run_put(struct dl_buf *leaves, struct dl_buf *contents, const struct dl_entry_octets *entry)
{
    DL_ASSERT(entry->salt.n == DL_LIMIT_SALT, "a salt has 32 octets");
    put_block(leaves, entry->leaf);
    dl_buf_put_view(contents, entry->salt);
    put_block(contents, entry->content);
}

struct scan {
    int64_t after; /* entries up to this cursor are passed over */
    int64_t only;  /* 0, or the one cursor wanted */
    bool found;
    dl_stored_fn fn;
    void *context;
};

/* Columns: cursor, log, first, n, time, leaves, contents. */
static enum dl_err scan_run(void *context, const struct dl_row *row)
{
    struct scan *scan = context;
    struct dl_stored stored = {
        .log = dl_row_int(row, 1), .in_tail = dl_row_null(row, 2), .time = dl_row_int(row, 4)};
    struct dl_run_reader reader;
    dl_run_reader_init(&reader, dl_row_blob(row, 5), dl_row_blob(row, 6));
    int64_t n = dl_row_int(row, 3);
    for (int64_t i = 0; i < n; i++) {
        DL_TRY(dl_run_reader_next(&reader, &stored.entry));
        stored.cursor = dl_row_int(row, 0) + i;
        stored.index = (uint64_t)(dl_row_int(row, 2) + i);
        if (stored.cursor > scan->after && (scan->only == 0 || scan->only == stored.cursor)) {
            scan->found = true;
            DL_TRY(scan->fn(scan->context, &stored));
        }
    }
    return DL_OK;
}

enum dl_err dl_line_db_scan(struct dl_line_db *db, int64_t after, dl_stored_fn fn, void *context)
{
    struct scan scan = {.after = after, .fn = fn, .context = context};
    return dl_store_run(db->store,
                        "SELECT cursor, log, first, n, time, leaves, contents FROM run"
                        " JOIN log ON log.id=run.log WHERE cursor > ?1 AND NOT"
                        " (closed='renewed' AND (log.id & 1)=0 AND first >= receipt_size)"
                        " ORDER BY cursor",
                        DL_SQL(DL_SQL_INT(after - DL_LIMIT_BATCH_ENTRIES)), scan_run, &scan);
}

enum dl_err dl_line_db_at(struct dl_line_db *db, int64_t cursor, dl_stored_fn fn, void *context)
{
    struct scan scan = {.only = cursor, .fn = fn, .context = context};
    DL_TRY(dl_store_run(db->store,
                        "SELECT cursor, log, first, n, time, leaves, contents FROM run"
                        " WHERE cursor <= ?1 ORDER BY cursor DESC LIMIT 1",
                        DL_SQL(DL_SQL_INT(cursor)), scan_run, &scan));
    return scan.found ? DL_OK : DL_E_ID_UNKNOWN;
}

struct finding {
    int64_t *cursors, *logs;
    size_t n, max;
};

static enum dl_err take_found(void *context, const struct dl_row *row)
{
    struct finding *finding = context;
    if (finding->n < finding->max) {
        finding->cursors[finding->n] = dl_row_int(row, 0);
        finding->logs[finding->n++] = dl_row_int(row, 1);
    }
    return DL_OK;
}

enum dl_err dl_line_db_find(struct dl_line_db *db, struct dl_view id, int64_t *cursors,
                            int64_t *logs, size_t *n)
{
    struct finding finding = {.cursors = cursors, .logs = logs, .max = *n};
    DL_TRY(dl_store_run(db->store, "SELECT cursor, log FROM entry_id WHERE id=?1 ORDER BY cursor",
                        DL_SQL(DL_SQL_TEXT(id)), take_found, &finding));
    *n = finding.n;
    return DL_OK;
}

struct referring {
    struct dl_line_db *db;
    dl_stored_fn fn;
    void *context;
};

static enum dl_err each_referring(void *context, const struct dl_row *row)
{
    const struct referring *referring = context;
    return dl_line_db_at(referring->db, dl_row_int(row, 0), referring->fn, referring->context);
}

enum dl_err dl_line_db_referring(struct dl_line_db *db, struct dl_view target, dl_stored_fn fn,
                                 void *context)
{
    struct referring referring = {.db = db, .fn = fn, .context = context};
    return dl_store_run(db->store, "SELECT cursor FROM entry_ref WHERE target=?1 ORDER BY cursor",
                        DL_SQL(DL_SQL_TEXT(target)), each_referring, &referring);
}
