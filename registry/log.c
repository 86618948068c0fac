#include "registry/log.h"
#include "registry/log_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFRESH_MS = 60 * 60 * 1000 };

struct columns {
    struct dl_log *log;
    bool found;
};

/* Columns: id, generation, origin, size, note, receipt_size, receipt_time, receipt, closed. */
static enum dl_err take_row(void *context, const struct dl_row *row)
{
    struct columns *columns = context;
    struct dl_log *log = columns->log;
    columns->found = true;
    log->id = dl_row_int(row, 0);
    log->generation = (unsigned)dl_row_int(row, 1);
    struct dl_view origin = dl_row_text(row, 2);
    if (origin.n > DL_LIMIT_ORIGIN) {
        return DL_E_STORE_CORRUPT;
    }
    snprintf(log->origin, sizeof log->origin, "%.*s", DL_VIEW_ARG(origin));
    log->frontier.size = (uint64_t)dl_row_int(row, 3);
    dl_buf_reset(&log->note);
    dl_buf_put_view(&log->note, dl_row_blob(row, 4));
    log->receipt_size = (uint64_t)dl_row_int(row, 5);
    log->receipt_time = dl_row_int(row, 6);
    dl_buf_reset(&log->receipt);
    dl_buf_put_view(&log->receipt, dl_row_blob(row, 7));
    snprintf(log->closed, sizeof log->closed, "%.*s", DL_VIEW_ARG(dl_row_text(row, 8)));
    return dl_buf_err(&log->note);
}

static enum dl_err find_row(struct dl_log *log, unsigned generation, bool *found)
{
    struct columns columns = {.log = log};
    DL_TRY(
        dl_store_run(dl_line_db_store(log->db),
                     "SELECT id, generation, origin, size, note, receipt_size, receipt_time,"
                     " receipt, closed FROM log WHERE peer=?1 AND (id & 1)=?2 AND"
                     " (?3=0 OR generation=?3) ORDER BY generation DESC LIMIT 1",
                     DL_SQL(DL_SQL_STR(log->peer), DL_SQL_INT(!log->ours), DL_SQL_INT(generation)),
                     take_row, &columns));
    *found = columns.found;
    return DL_OK;
}

enum dl_err dl__log_make(struct dl_log *log, unsigned generation, const char *origin)
{
    struct dl_store *store = dl_line_db_store(log->db);
    int64_t id = 0;
    DL_TRY(dl_line_db_write(log->db));
    DL_TRY(
        dl_store_run(store, "SELECT coalesce(max(id), 1) FROM log", NULL, 0, dl_row_take_int, &id));
    id += 1 + ((id + 1) % 2 != !log->ours); // the parity says whose it is
    return dl_store_run(
        store, "INSERT INTO log(id, peer, generation, origin) VALUES(?1, ?2, ?3, ?4)",
        DL_SQL(DL_SQL_INT(id), DL_SQL_STR(log->peer), DL_SQL_INT(generation), DL_SQL_STR(origin)),
        NULL, NULL);
}

static struct dl_log *log_new(struct dl_line_db *db, const struct dl_log_name *name)
{
    struct dl_log *log = calloc(1, sizeof *log);
    DL_ASSERT(log != NULL, "memory for a log");
    log->db = db;
    log->ours = name->ours;
    snprintf(log->peer, sizeof log->peer, "%s", name->peer);
    snprintf(log->base, sizeof log->base, "%s", name->origin);
    dl_buf_init(&log->note, DL_LIMIT_CHECKPOINT);
    dl_buf_init(&log->receipt, DL_LIMIT_CHECKPOINT);
    dl_buf_init(&log->leaves, (size_t)DL_LIMIT_BATCH_ENTRIES * (DL_LIMIT_LEAF + 4));
    dl_buf_init(&log->contents, (size_t)DL_LIMIT_BATCH_ENTRIES * (DL_LIMIT_CONTENT + 36));
    return log;
}

static enum dl_err check_opened(struct dl_log *log)
{
    DL_TRY(dl__log_load_edge(log));
    struct dl_hash root = dl_frontier_root(&log->frontier);
    struct dl_hash signed_root = dl_merkle_empty();
    uint64_t size = 0;
    if (log->note.n > 0) {
        DL_TRY(dl__log_head_of(dl_buf_view(&log->note), &size, &signed_root));
    }
    bool fits = size == log->frontier.size && dl_hash_equal(&root, &signed_root);
    return fits ? DL_OK : DL_E_STORE_CORRUPT;
}

static enum dl_err open_row(struct dl_log *log, unsigned generation)
{
    bool found = false;
    DL_TRY(find_row(log, generation, &found));
    if (!found && generation == 0) {
        DL_TRY(dl__log_make(log, 1, log->base));
        DL_TRY(find_row(log, 0, &found));
    }
    return found ? check_opened(log) : DL_E_ORIGIN;
}

enum dl_err dl_log_open(struct dl_line_db *db, const struct dl_log_name *name, struct dl_log **out,
                        struct dl_error *error)
{
    struct dl_log *log = log_new(db, name);
    enum dl_err err = open_row(log, 0);
    if (err != DL_OK) {
        dl_error_set(
            error, err, NULL,
            "the %s %s does not verify: its tiles do not give the root of its newest checkpoint",
            name->ours ? "journal" : "replica", name->origin);
        dl_error_hint(error, "restore the newest backup into an empty folder: directline restore "
                             "FILE DIR; what came later is fetched back from the peers");
        dl_log_close(&log);
        return err;
    }
    *out = log;
    return DL_OK;
}

enum dl_err dl_log_open_generation(struct dl_line_db *db, const struct dl_log_name *name,
                                   unsigned generation, struct dl_log **out)
{
    DL_ASSERT(generation > 0, "generations count from 1");
    struct dl_log *log = log_new(db, name);
    enum dl_err err = open_row(log, generation);
    if (err != DL_OK) {
        dl_log_close(&log);
        return err;
    }
    *out = log;
    return DL_OK;
}

enum dl_err dl_log_reload(struct dl_log *log)
{
    return open_row(log, log->generation);
}

struct dl_log *dl_log_share(struct dl_log *log)
{
    log->shares++;
    return log;
}

void dl_log_close(struct dl_log **log)
{
    if (*log != NULL && (*log)->shares > 0) {
        (*log)->shares--;
        *log = NULL;
    } else if (*log != NULL) {
        dl_buf_fini(&(*log)->note);
        dl_buf_fini(&(*log)->receipt);
        dl_buf_fini(&(*log)->leaves);
        dl_buf_fini(&(*log)->contents);
        for (size_t i = 0; i < DL__LEVELS; i++) {
            free((*log)->edge[i]);
        }
        free(*log);
        *log = NULL;
    }
}

int64_t dl_log_id(const struct dl_log *log)
{
    return log->id;
}

const char *dl_log_peer(const struct dl_log *log)
{
    return log->peer;
}

const char *dl_log_origin(const struct dl_log *log)
{
    return log->origin;
}

unsigned dl_log_generation(const struct dl_log *log)
{
    return log->generation;
}

uint64_t dl_log_size(const struct dl_log *log)
{
    return log->frontier.size;
}

const struct dl_frontier *dl_log_frontier(const struct dl_log *log)
{
    return &log->frontier;
}

struct dl_view dl_log_note(const struct dl_log *log)
{
    return dl_buf_view(&log->note);
}

const char *dl_log_closed(const struct dl_log *log)
{
    return log->closed;
}

enum dl_err dl_log_set_closed(struct dl_log *log, const char *why)
{
    DL_TRY(dl_line_db_write(log->db));
    DL_TRY(dl_store_run(dl_line_db_store(log->db), "UPDATE log SET closed=?2 WHERE id=?1",
                        DL_SQL(DL_SQL_INT(log->id), DL_SQL_STR(why)), NULL, NULL));
    snprintf(log->closed, sizeof log->closed, "%s", why);
    return DL_OK;
}

enum dl_err dl_log_checkpoint(struct dl_log *log, struct dl_view note)
{
    uint64_t size = log->frontier.size;
    DL_ASSERT(dl_store_in_transaction(dl_line_db_store(log->db)), "a checkpoint is part of a turn");
    DL_TRY(dl_store_run(
        dl_line_db_store(log->db), "INSERT INTO checkpoint(log, size, note) VALUES(?1, ?2, ?3)",
        DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(size), DL_SQL_BLOB(note)), NULL, NULL));
    DL_TRY(dl_store_run(dl_line_db_store(log->db), "UPDATE log SET size=?2, note=?3 WHERE id=?1",
                        DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(size), DL_SQL_BLOB(note)), NULL,
                        NULL));
    dl_buf_reset(&log->note);
    dl_buf_put_view(&log->note, note);
    return dl_buf_err(&log->note);
}

struct dl_log_receipt dl_log_newest_receipt(const struct dl_log *log)
{
    return (struct dl_log_receipt){.size = log->receipt_size,
                                   .time_ms = log->receipt_time,
                                   .note = dl_buf_view(&log->receipt)};
}

static enum dl_err take_receipt(struct dl_log *log, struct dl_view note)
{
    dl_buf_reset(&log->receipt);
    dl_buf_put_view(&log->receipt, note);
    return dl_buf_err(&log->receipt);
}

bool dl_log_refresh_receipt(struct dl_log *log, uint64_t size, int64_t now_ms, struct dl_view note)
{
    bool young = now_ms >= log->receipt_written && now_ms - log->receipt_written < REFRESH_MS;
    return size == log->receipt_size && young && take_receipt(log, note) == DL_OK;
}

enum dl_err dl_log_keep_receipt(struct dl_log *log, uint64_t size, int64_t now_ms,
                                struct dl_view note)
{
    struct dl_store *store = dl_line_db_store(log->db);
    DL_ASSERT(size > 0 && size <= log->frontier.size, "I3: a receipt is of a size that is ours");
    if (size < log->receipt_size) {
        return DL_OK; // an older one says nothing new
    }
    // a fresh cosignature of a size already receipted: the moment when it was first receipted stays
    int64_t time = size == log->receipt_size ? log->receipt_time : now_ms;
    DL_TRY(dl_line_db_write(log->db));
    DL_TRY(dl_store_run(
        store,
        "INSERT INTO receipt(log, size, time, note) VALUES(?1, ?2, ?3, ?4)"
        " ON CONFLICT(log, size) DO UPDATE SET note=?4",
        DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(size), DL_SQL_INT(time), DL_SQL_BLOB(note)), NULL,
        NULL));
    DL_TRY(dl_store_run(
        store, "UPDATE log SET receipt_size=?2, receipt_time=?3, receipt=?4 WHERE id=?1",
        DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(size), DL_SQL_INT(time), DL_SQL_BLOB(note)), NULL,
        NULL));
    log->receipt_size = size;
    log->receipt_time = time;
    log->receipt_written = now_ms;
    return take_receipt(log, note);
}

struct noted {
    dl_log_noted_fn fn;
    void *context;
};

static enum dl_err each_noted(void *context, const struct dl_row *row)
{
    const struct noted *noted = context;
    struct dl_log_receipt receipt = {.size = (uint64_t)dl_row_int(row, 0),
                                     .time_ms = dl_row_int(row, 1),
                                     .note = dl_row_blob(row, 2)};
    return noted->fn(noted->context, &receipt);
}

static enum dl_err newest(struct dl_log *log, const char *sql, size_t n, struct noted noted)
{
    return dl_store_run(dl_line_db_store(log->db), sql, DL_SQL(DL_SQL_INT(log->id), DL_SQL_INT(n)),
                        each_noted, &noted);
}

enum dl_err dl_log_receipts(struct dl_log *log, size_t n, dl_log_noted_fn fn, void *context)
{
    return newest(log,
                  "SELECT size, time, note FROM receipt WHERE log=?1 ORDER BY size DESC LIMIT ?2",
                  n, (struct noted){fn, context});
}

enum dl_err dl_log_checkpoints(struct dl_log *log, size_t n, dl_log_noted_fn fn, void *context)
{
    return newest(log,
                  "SELECT size, 0, note FROM checkpoint WHERE log=?1 ORDER BY size DESC LIMIT ?2",
                  n, (struct noted){fn, context});
}
