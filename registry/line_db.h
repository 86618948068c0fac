/* line.db: the lines of one agency. One transaction a turn: the first write begins it, the turn's
 * end commits it (node/agency.h). This file owns the connection, the cursors, and what is read
 * across lines; a log is in registry/log.h.
 */
#ifndef DL_REGISTRY_LINE_DB_H
#define DL_REGISTRY_LINE_DB_H

#include "protocol/entry.h"
#include "registry/store.h"

struct dl_line_db;

DL_MUST_USE enum dl_err dl_line_db_open(const char *path, struct dl_disk *disk,
                                        struct dl_line_db **out, struct dl_error *error);
void dl_line_db_close(struct dl_line_db **db);
struct dl_store *dl_line_db_store(struct dl_line_db *db);

/* Begins the turn's transaction unless it is open. */
DL_MUST_USE enum dl_err dl_line_db_write(struct dl_line_db *db);
/* Commits, when a transaction is open. */
DL_MUST_USE enum dl_err dl_line_db_commit(struct dl_line_db *db);
void dl_line_db_rollback(struct dl_line_db *db);

/* Take `n` cursors; the first is returned. Cursors that stay unused are gaps, which do no harm. */
int64_t dl_line_db_cursors(struct dl_line_db *db, size_t n);
/* The greatest cursor that was ever taken. */
int64_t dl_line_db_last_cursor(const struct dl_line_db *db);

/* One stored entry, where it lies. Views die with the callback or the next call. */
struct dl_stored {
    int64_t cursor;
    int64_t log; /* odd: a replica */
    bool in_tail;
    uint64_t index; /* in the log, unless in the tail */
    int64_t time;   /* ms, when it became durable here */
    struct dl_entry_octets entry;
};
typedef enum dl_err (*dl_stored_fn)(void *context, const struct dl_stored *stored);

/* Every entry with a cursor greater than `after`, in the order of cursors; not those of a journal
 * of ours that was renewed before they were receipted, which stand in the next generation again. A
 * callback's error ends the scan and is its result. */
DL_MUST_USE enum dl_err dl_line_db_scan(struct dl_line_db *db, int64_t after, dl_stored_fn fn,
                                        void *context);
/* The entry of this cursor: calls fn once. DL_E_ID_UNKNOWN when there is none. */
DL_MUST_USE enum dl_err dl_line_db_at(struct dl_line_db *db, int64_t cursor, dl_stored_fn fn,
                                      void *context);
/* Cursors of the entries with this id, of ours and of peers, in any order. At most n are given. */
DL_MUST_USE enum dl_err dl_line_db_find(struct dl_line_db *db, struct dl_view id, int64_t *cursors,
                                        int64_t *logs, size_t *n);
/* Cursors of the entries that refer to AGENCY/ID, ascending: calls fn for each whole entry. */
DL_MUST_USE enum dl_err dl_line_db_referring(struct dl_line_db *db, struct dl_view target,
                                             dl_stored_fn fn, void *context);

/* The n-th entry of a run's blobs. Used where runs are read; DL_E_STORE_CORRUPT when the blobs are
 * not well formed. */
struct dl_run_reader {
    struct dl_cursor leaves, contents;
};
void dl_run_reader_init(struct dl_run_reader *reader, struct dl_view leaves,
                        struct dl_view contents);
DL_MUST_USE enum dl_err dl_run_reader_next(struct dl_run_reader *reader,
                                           struct dl_entry_octets *out);
void dl_run_put(struct dl_buf *leaves, struct dl_buf *contents,
                const struct dl_entry_octets *entry);

#endif
