/* The one place for SQL. A store is one database with one connection, used by one thread.
 *
 * A statement is given as text each time; its prepared form is kept by the address of the text, so
 * pass string literals (or text that lives as long as the store). Parameters are numbered ?1, ?2,
 * ...
 *
 * Outcomes: DL_OK; an error that says that nothing happened (STORE_FULL, STORE_LOCKED, STORE_IO,
 * STORE_CORRUPT, STORE, INPUT for a constraint); or DL_E_STORE_UNKNOWN: the store cannot say
 * whether a commit took effect. After STORE_IO, STORE_CORRUPT or STORE_UNKNOWN nothing may be
 * retried (I10). SQL is written so that SQLite and PostgreSQL both speak it where that costs
 * nothing. The store holds this itself: after STORE_IO or STORE_CORRUPT no transaction begins, and
 * a commit says so, though it may have taken effect.
 */
#ifndef DL_REGISTRY_STORE_H
#define DL_REGISTRY_STORE_H

#include "base/octets.h"

struct dl_store;
struct dl_disk; /* registry/disk.h: a disk of the world's; NULL is the operating system's */

struct dl_store_config {
    const char *path;
    struct dl_disk *disk;
    const char *schema;  /* DDL, run once when the database is made */
    unsigned version;    /* of the schema; another version in the file is STORE_VERSION */
    bool read_only;      /* no lock is held, nothing is created, the file may be shared */
    size_t cache_octets; /* page cache, 0 for 1 MiB */
    size_t page_octets;  /* of a new database, 0 for 4096 */
};

/* Opens or makes the database: WAL, synchronous=FULL, locked exclusively until closed (unless
 * read-only). STORE_LOCKED when another process has it. */
DL_MUST_USE enum dl_err dl_store_open(const struct dl_store_config *config, struct dl_store **out,
                                      struct dl_error *error);
void dl_store_close(struct dl_store **store);

enum dl_store_type { DL_STORE_NULL, DL_STORE_INT, DL_STORE_REAL, DL_STORE_TEXT, DL_STORE_BLOB };

struct dl_store_value {
    enum dl_store_type type;
    int64_t integer;
    double real;
    struct dl_view octets;
};
#define DL_SQL_NULL ((struct dl_store_value){.type = DL_STORE_NULL})
#define DL_SQL_INT(v) ((struct dl_store_value){.type = DL_STORE_INT, .integer = (int64_t)(v)})
#define DL_SQL_TEXT(v) ((struct dl_store_value){.type = DL_STORE_TEXT, .octets = (v)})
#define DL_SQL_STR(s) DL_SQL_TEXT(dl_view_str(s))
#define DL_SQL_BLOB(v) ((struct dl_store_value){.type = DL_STORE_BLOB, .octets = (v)})

/* The present row of a running statement. Views die when the callback returns. */
struct dl_row;
int64_t dl_row_int(const struct dl_row *row, int column);
bool dl_row_null(const struct dl_row *row, int column);
struct dl_view dl_row_text(const struct dl_row *row, int column);
struct dl_view dl_row_blob(const struct dl_row *row, int column);
/* Row functions for the commonest questions: the first column into an int64_t (0 for null), and
 * true into a bool where there is a row at all. */
DL_MUST_USE enum dl_err dl_row_take_int(void *context, const struct dl_row *row);
DL_MUST_USE enum dl_err dl_row_take_any(void *context, const struct dl_row *row);

/* Called for each row. Anything but DL_OK ends the statement and is its result. A callback may run
 * other statements, also the same text again (each running use has a prepared form of its own). */
typedef enum dl_err (*dl_row_fn)(void *context, const struct dl_row *row);

/* Runs one statement; `values` and `n_values` come from DL_SQL(...), or are NULL, 0. `fn` may be
 * NULL when no row is wanted. */
DL_MUST_USE enum dl_err dl_store_run(struct dl_store *store, const char *sql,
                                     const struct dl_store_value *values, size_t n_values,
                                     dl_row_fn fn, void *context);
/* The two arguments values, n_values: dl_store_run(s, "...", DL_SQL(DL_SQL_INT(1),
 * DL_SQL_STR("x")), fn, c) */
#define DL_SQL(...)                                                                                \
    ((const struct dl_store_value[]){__VA_ARGS__}),                                                \
        (sizeof((const struct dl_store_value[]){__VA_ARGS__}) / sizeof(struct dl_store_value))

/* Rows changed by the last statement. */
int64_t dl_store_changes(const struct dl_store *store);

/* A write transaction. Begin does not nest. Commit is durable when it returns DL_OK; on any other
 * result the transaction is over. */
DL_MUST_USE enum dl_err dl_store_begin(struct dl_store *store);
DL_MUST_USE enum dl_err dl_store_commit(struct dl_store *store);
void dl_store_rollback(struct dl_store *store);
/* Whether one is under way; never in a store that is only read, whose single transaction for all
 * that is read nobody begins or ends. */
bool dl_store_in_transaction(const struct dl_store *store);

/* A consistent copy of the open database as a new file at `path`; `progress` (may be NULL) returns
 * false to stop. */
DL_MUST_USE enum dl_err
dl_store_backup(struct dl_store *store, const char *path,
                bool (*progress)(void *context, int64_t left, int64_t total), void *context);
/* The engine's own check of the file's structure: DL_OK or DL_E_STORE_CORRUPT. */
DL_MUST_USE enum dl_err dl_store_check(struct dl_store *store, struct dl_error *error);
/* Text of the last failure, for a log; valid until the next call. */
const char *dl_store_message(const struct dl_store *store);

#endif
