#include "registry/store.h"
#include "registry/store_file.h"
#include "registry/store_vfs.h"
#include "registry/store_wal.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 256, CACHE_DEFAULT = 1024 * 1024, WAL_PAGES = 2000 };

/* One prepared statement. Open addressing by the address of its text; a text that runs inside
 * itself has a second one, further on. */
struct slot {
    const char *sql;
    sqlite3_stmt *statement;
    bool running;
};

struct dl_store {
    sqlite3 *db;
    struct slot slots[SLOTS];
    unsigned n_slots;
    char *disk;         /* name of the VFS made for a disk of the world's, or NULL */
    char *vfs;          /* of the one on top, or NULL for a file that is only read */
    enum dl_err broken; /* the disk or the file failed once: nothing is written any more (I10) */
    struct dl_store_file *file; /* of a writer on the system's disk */
    char message[256];
};

struct dl_row {
    sqlite3_stmt *statement;
};

/* What an engine's result means for us. A commit whose outcome the engine itself reports as failed
 * is rolled back by it; nothing here is left UNKNOWN, which is for engines behind a network. */
static enum dl_err err_of(int rc)
{
    switch (rc & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return DL_OK;
    case SQLITE_FULL:
        return DL_E_STORE_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return DL_E_STORE_LOCKED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return DL_E_STORE_CORRUPT;
    case SQLITE_CONSTRAINT:
        return DL_E_INPUT;
    case SQLITE_NOMEM:
        return DL_E_NOMEM;
    case SQLITE_TOOBIG:
        return DL_E_TOO_LARGE;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return DL_E_STORE_IO;
    default:
        return DL_E_STORE;
    }
}

static enum dl_err fail(struct dl_store *store, int rc)
{
    enum dl_err err = err_of(rc);
    DL_ASSERT(err != DL_OK, "a failure has a code");
    if (err == DL_E_STORE_IO || err == DL_E_STORE_CORRUPT) {
        store->broken = err;
    }
    snprintf(store->message, sizeof store->message, "%s (%d)", sqlite3_errmsg(store->db),
             sqlite3_extended_errcode(store->db));
    return err;
}

static enum dl_err run_text(struct dl_store *store, const char *sql)
{
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? DL_OK : fail(store, rc);
}

static enum dl_err pragma(struct dl_store *store, const char *name, int64_t value)
{
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA %s=%lld", name, (long long)value);
    return run_text(store, sql);
}

static enum dl_err make_or_check(struct dl_store *store, const struct dl_store_config *config,
                                 struct dl_error *error)
{
    int64_t version = 0;
    int64_t tables = 0;
    DL_TRY(dl_store_run(store, "PRAGMA user_version", NULL, 0, dl_row_take_int, &version));
    DL_TRY(dl_store_run(store, "SELECT count(*) FROM sqlite_master", NULL, 0, dl_row_take_int,
                        &tables));
    if (version == 0 && tables == 0 && !config->read_only && config->schema != NULL) {
        DL_TRY(dl_store_begin(store));
        enum dl_err err = run_text(store, config->schema);
        if (err == DL_OK) {
            err = pragma(store, "user_version", config->version);
        }
        if (err != DL_OK) {
            dl_store_rollback(store);
            return err;
        }
        return dl_store_commit(store);
    }
    if (version != (int64_t)config->version) {
        dl_error_set(error, DL_E_STORE_VERSION, NULL, "%s has version %lld of its schema, not %u",
                     config->path, (long long)version, config->version);
        dl_error_hint(error, "use the program that wrote it, or restore a backup of this version");
        return DL_E_STORE_VERSION;
    }
    return DL_OK;
}

/* After a commit, when the WAL has grown: bring it into the database. The engine's own automatic
 * checkpoint would hide a failed sync; a full disk may be hidden, since the WAL has everything. */
static int checkpoint(void *context, sqlite3 *db, const char *name, int pages)
{
    struct dl_store *store = context;
    if (pages >= WAL_PAGES) {
        int rc = sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        if (rc != SQLITE_OK && err_of(rc) != DL_E_STORE_FULL) {
            enum dl_err err = fail(store, rc);
            store->broken = err;
        }
    }
    return SQLITE_OK; // the commit itself took place
}

static enum dl_err set_up(struct dl_store *store, const struct dl_store_config *config)
{
    size_t cache = config->cache_octets == 0 ? CACHE_DEFAULT : config->cache_octets;
    if (!config->read_only) {
        // before anything reads the file: then the WAL's index lies in memory and needs no shared
        // file
        DL_TRY(run_text(store, "PRAGMA locking_mode=EXCLUSIVE"));
    }
    DL_TRY(pragma(store, "cache_size", -(int64_t)(cache / 1024)));
    DL_TRY(pragma(store, "foreign_keys", 1));
    DL_TRY(run_text(store, "PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY"));
    if (config->read_only) {
        return run_text(store, "PRAGMA query_only=ON; PRAGMA mmap_size=8388608");
    }
    DL_TRY(
        pragma(store, "page_size", config->page_octets == 0 ? 4096 : (int64_t)config->page_octets));
    DL_TRY(run_text(store, "PRAGMA journal_mode=WAL;"
                           "PRAGMA synchronous=FULL;"
                           "PRAGMA journal_size_limit=67108864"));
    sqlite3_wal_hook(store->db, checkpoint, store);
    // takes the lock now, not at the first write
    return run_text(store, "BEGIN IMMEDIATE; COMMIT");
}

static enum dl_err describe(struct dl_store *store, const struct dl_store_config *config,
                            enum dl_err err, struct dl_error *error)
{
    if (err == DL_E_STORE_VERSION) {
        return err; // described where it was found
    }
    dl_error_set(error, err, NULL, "%s: %s", config->path,
                 store->message[0] == '\0' ? dl_err_text(err) : store->message);
    if (err == DL_E_STORE_LOCKED) {
        dl_error_hint(error,
                      "another process has it open: a node that is running, or one that hangs");
    }
    return err;
}

/* A read-only database is a file that nobody writes, so it is opened without locks and without a
 * WAL. The name is a URI, in which everything but plain characters is escaped. */
static void uri_of(const char *path, struct dl_buf *out)
{
    dl_buf_put_str(out, "file:");
    for (const char *c = path; *c != '\0'; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr("/._-", *c) != NULL;
        if (plain) {
            dl_buf_u8(out, (uint8_t)*c);
        } else {
            dl_buf_printf(out, "%%%02X", (unsigned char)*c);
        }
    }
    dl_buf_put_str(out, "?immutable=1");
    dl_buf_u8(out, 0);
}

static enum dl_err open_file(struct dl_store *store, const struct dl_store_config *config)
{
    /* before the first use, or refused and without effect: nobody asks how much memory SQLite uses,
     * and counting it takes a lock at every allocation */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    struct dl_buf name;
    dl_buf_init(&name, (size_t)16 * 1024);
    if (config->disk != NULL) {
        store->disk = dl__store_vfs_new(config->disk);
    }
    if (!config->read_only || config->disk != NULL) {
        store->vfs = dl__store_wal_new(store->disk);
    }
    if (config->read_only && config->disk == NULL) {
        uri_of(config->path, &name);
        flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    } else {
        dl_buf_put(&name, config->path, strlen(config->path) + 1);
        flags |=
            config->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    }
    enum dl_err err = dl_buf_err(&name);
    if (err == DL_OK) {
        int rc = sqlite3_open_v2((const char *)name.p, &store->db, flags, store->vfs);
        err = rc == SQLITE_OK ? DL_OK : fail(store, rc);
    }
    dl_buf_fini(&name);
    return err;
}

enum dl_err dl_store_open(const struct dl_store_config *config, struct dl_store **out,
                          struct dl_error *error)
{
    struct dl_store *store = calloc(1, sizeof *store);
    DL_ASSERT(store != NULL, "memory for a store");
    bool writes = config->disk == NULL && !config->read_only;
    if (writes) {
        dl__store_file_forget_cached(config->path);
    }
    enum dl_err err = open_file(store, config);
    if (err == DL_OK) {
        err = set_up(store, config);
    }
    if (err == DL_OK) {
        err = make_or_check(store, config, error);
    }
    if (err == DL_OK && store->vfs == NULL) {
        /* nobody writes the file: one transaction for all that is read spares each its own */
        err = run_text(store, "BEGIN");
    }
    if (err != DL_OK) {
        describe(store, config, err, error);
        dl_store_close(&store);
        return err;
    }
    store->file = writes ? dl__store_file_opened(config->path) : NULL;
    *out = store;
    return DL_OK;
}

void dl_store_close(struct dl_store **store)
{
    if (*store == NULL) {
        return;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        sqlite3_finalize((*store)->slots[i].statement);
    }
    int rc = sqlite3_close((*store)->db);
    DL_ASSERT(rc == SQLITE_OK, "no statement of a closed store is running");
    dl__store_file_closed(&(*store)->file);
    dl__store_wal_free((*store)->vfs);
    dl__store_vfs_free((*store)->disk);
    free(*store);
    *store = NULL;
}

int64_t dl_row_int(const struct dl_row *row, int column)
{
    return sqlite3_column_int64(row->statement, column);
}

bool dl_row_null(const struct dl_row *row, int column)
{
    return sqlite3_column_type(row->statement, column) == SQLITE_NULL;
}

struct dl_view dl_row_text(const struct dl_row *row, int column)
{
    const void *p = sqlite3_column_text(row->statement, column);
    return dl_view_of(p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(row->statement, column));
}

struct dl_view dl_row_blob(const struct dl_row *row, int column)
{
    const void *p = sqlite3_column_blob(row->statement, column);
    return dl_view_of(p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(row->statement, column));
}

enum dl_err dl_row_take_int(void *context, const struct dl_row *row)
{
    *(int64_t *)context = dl_row_int(row, 0);
    return DL_OK;
}

enum dl_err dl_row_take_any(void *context, const struct dl_row *row)
{
    (void)row;
    *(bool *)context = true;
    return DL_OK;
}

static struct slot *slot_of(struct dl_store *store, const char *sql)
{
    size_t at = ((uintptr_t)sql * 0x9E3779B97F4A7C15U) >> 56;
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &store->slots[(at + i) % SLOTS];
        if ((slot->sql == sql && !slot->running) || slot->sql == NULL) {
            return slot;
        }
    }
    return NULL;
}

/* A statement ready to be bound; *slot is where it is kept, or NULL for one that is finalised after
 * use. */
static enum dl_err prepare(struct dl_store *store, const char *sql, struct slot **slot,
                           sqlite3_stmt **out)
{
    struct slot *found = slot_of(store, sql);
    bool kept = found != NULL && found->sql != NULL;
    if (kept && strcmp(sqlite3_sql(found->statement), sql) == 0) {
        *slot = found;
        *out = found->statement;
        return DL_OK;
    }
    if (kept) { // another text at a freed one's address: take its place
        sqlite3_finalize(found->statement);
        *found = (struct slot){0};
        store->n_slots--;
    }
    bool keep = found != NULL && store->n_slots < SLOTS - SLOTS / 4;
    int rc =
        sqlite3_prepare_v3(store->db, sql, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, out, NULL);
    if (rc != SQLITE_OK) {
        return fail(store, rc);
    }
    *slot = keep ? found : NULL;
    if (keep) {
        *found = (struct slot){.sql = sql, .statement = *out};
        store->n_slots++;
    }
    return DL_OK;
}

static int bind(sqlite3_stmt *statement, int at, const struct dl_store_value *value)
{
    const void *p = value->octets.p == NULL ? "" : (const void *)value->octets.p;
    switch (value->type) {
    case DL_STORE_INT:
        return sqlite3_bind_int64(statement, at, value->integer);
    case DL_STORE_REAL:
        return sqlite3_bind_double(statement, at, value->real);
    case DL_STORE_TEXT:
        return sqlite3_bind_text64(statement, at, p, value->octets.n, SQLITE_STATIC, SQLITE_UTF8);
    case DL_STORE_BLOB:
        return sqlite3_bind_blob64(statement, at, p, value->octets.n, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(statement, at);
    }
}

static enum dl_err step_all(struct dl_store *store, sqlite3_stmt *statement, dl_row_fn fn,
                            void *context)
{
    for (;;) {
        int rc = sqlite3_step(statement);
        if (rc == SQLITE_DONE) {
            return DL_OK;
        }
        if (rc != SQLITE_ROW) {
            return fail(store, rc);
        }
        if (fn != NULL) {
            struct dl_row row = {.statement = statement};
            DL_TRY(fn(context, &row));
        }
    }
}

enum dl_err dl_store_run(struct dl_store *store, const char *sql,
                         const struct dl_store_value *values, size_t n_values, dl_row_fn fn,
                         void *context)
{
    struct slot *slot = NULL;
    sqlite3_stmt *statement = NULL;
    DL_TRY(prepare(store, sql, &slot, &statement));
    enum dl_err err = DL_OK;
    for (size_t i = 0; i < n_values && err == DL_OK; i++) {
        int rc = bind(statement, (int)i + 1, &values[i]);
        err = rc == SQLITE_OK ? DL_OK : fail(store, rc);
    }
    if (slot != NULL) {
        slot->running = true;
    }
    if (err == DL_OK) {
        err = step_all(store, statement, fn, context);
    }
    if (slot == NULL) {
        sqlite3_finalize(statement);
    } else {
        sqlite3_reset(statement); // its result was reported by step
        sqlite3_clear_bindings(statement);
        slot->running = false;
    }
    return err;
}

int64_t dl_store_changes(const struct dl_store *store)
{
    return sqlite3_changes64(store->db);
}

enum dl_err dl_store_begin(struct dl_store *store)
{
    DL_ASSERT(!dl_store_in_transaction(store), "transactions do not nest");
    DL_TRY(store->broken);
    return dl_store_run(store, "BEGIN IMMEDIATE", NULL, 0, NULL, NULL);
}

enum dl_err dl_store_commit(struct dl_store *store)
{
    DL_ASSERT(dl_store_in_transaction(store), "a commit ends a transaction");
    enum dl_err err = dl_store_run(store, "COMMIT", NULL, 0, NULL, NULL);
    if (err != DL_OK) {
        dl_store_rollback(store);
    }
    return err == DL_OK ? store->broken : err;
}

void dl_store_rollback(struct dl_store *store)
{
    if (dl_store_in_transaction(store)) {
        char kept[sizeof store->message];
        memcpy(kept, store->message, sizeof kept);
        enum dl_err err = dl_store_run(store, "ROLLBACK", NULL, 0, NULL, NULL);
        memcpy(store->message, kept, sizeof kept);
        (void)err; // what made us roll back is what counts
    }
}

bool dl_store_in_transaction(const struct dl_store *store)
{
    return store->vfs != NULL && sqlite3_get_autocommit(store->db) == 0;
}

static enum dl_err copy_steps(sqlite3_backup *backup,
                              bool (*progress)(void *context, int64_t left, int64_t total),
                              void *context)
{
    for (;;) {
        int rc = sqlite3_backup_step(backup, 256);
        if (progress != NULL && !progress(context, sqlite3_backup_remaining(backup),
                                          sqlite3_backup_pagecount(backup))) {
            return DL_E_STATE;
        }
        if (rc != SQLITE_OK) {
            return err_of(rc);
        }
    }
}

enum dl_err dl_store_backup(struct dl_store *store, const char *path,
                            bool (*progress)(void *context, int64_t left, int64_t total),
                            void *context)
{
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, store->vfs);
    sqlite3_backup *backup =
        rc == SQLITE_OK ? sqlite3_backup_init(to, "main", store->db, "main") : NULL;
    enum dl_err err = DL_E_STORE_IO;
    if (backup != NULL) {
        err = copy_steps(backup, progress, context);
        rc = sqlite3_backup_finish(backup);
        err = err == DL_OK ? err_of(rc) : err;
    }
    if (err != DL_OK) {
        snprintf(store->message, sizeof store->message, "%s", sqlite3_errmsg(to));
    }
    sqlite3_close(to);
    return err;
}

static enum dl_err first_finding(void *context, const struct dl_row *row)
{
    struct dl_view text = dl_row_text(row, 0);
    if (dl_view_is(text, "ok")) {
        return DL_OK;
    }
    return dl_error_set(context, DL_E_STORE_CORRUPT, NULL, "%.*s", DL_VIEW_ARG(text));
}

enum dl_err dl_store_check(struct dl_store *store, struct dl_error *error)
{
    struct dl_error unused;
    return dl_store_run(store, "PRAGMA integrity_check(1)", NULL, 0, first_finding,
                        error == NULL ? &unused : error);
}

const char *dl_store_message(const struct dl_store *store)
{
    return store->message;
}
