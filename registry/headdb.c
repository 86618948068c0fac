#include "registry/headdb.h"

#include "base/limits.h"
#include "protocol/facts.h"

#include <stdio.h>
#include <stdlib.h>

extern const char dl_schema_head_sql[];

struct dl_headdb {
    struct dl_store *store;
};

enum { SCHEMA_VERSION = 1, CACHE = 64 * 1024 };

enum dl_err dl_headdb_open(const char *path, struct dl_disk *disk, struct dl_headdb **out,
                           struct dl_error *error)
{
    struct dl_headdb *head = calloc(1, sizeof *head);
    DL_ASSERT(head != NULL, "memory for head.db");
    struct dl_store_config config = {.path = path,
                                     .disk = disk,
                                     .schema = dl_schema_head_sql,
                                     .version = SCHEMA_VERSION,
                                     .cache_octets = CACHE};
    enum dl_err err = dl_store_open(&config, &head->store, error);
    if (err != DL_OK) {
        free(head);
        return err;
    }
    *out = head;
    return DL_OK;
}

void dl_headdb_close(struct dl_headdb **head)
{
    if (*head != NULL) {
        dl_store_close(&(*head)->store);
        free(*head);
        *head = NULL;
    }
}

struct got {
    struct dl_buf *note;
    uint64_t size;
};

static enum dl_err take(void *context, const struct dl_row *row)
{
    struct got *got = context;
    got->size = (uint64_t)dl_row_int(row, 0);
    dl_buf_put_view(got->note, dl_row_blob(row, 1));
    return dl_buf_err(got->note);
}

enum dl_err dl_headdb_get(struct dl_headdb *head, const char *origin, enum dl_headdb_which which,
                          struct dl_buf *note, uint64_t *size)
{
    struct got got = {.note = note};
    dl_buf_reset(note);
    DL_TRY(dl_store_run(head->store, "SELECT size, note FROM head WHERE origin=?1 AND which=?2",
                        DL_SQL(DL_SQL_STR(origin), DL_SQL_INT(which)), take, &got));
    *size = got.size;
    return DL_OK;
}

struct each {
    enum dl_err (*fn)(void *context, const char *origin, enum dl_headdb_which which);
    void *context;
};

static enum dl_err each_row(void *context, const struct dl_row *row)
{
    const struct each *each = context;
    char origin[DL_LIMIT_ORIGIN + 1];
    snprintf(origin, sizeof origin, "%.*s", DL_VIEW_ARG(dl_row_text(row, 0)));
    return each->fn(each->context, origin, (enum dl_headdb_which)dl_row_int(row, 1));
}

enum dl_err dl_headdb_each(struct dl_headdb *head,
                           enum dl_err (*fn)(void *context, const char *origin,
                                             enum dl_headdb_which which),
                           void *context)
{
    struct each each = {fn, context};
    return dl_store_run(head->store, "SELECT origin, which FROM head", NULL, 0, each_row, &each);
}

struct newest {
    const char *origin;
    enum dl_headdb_which which;
    unsigned generation;
};

static enum dl_err take_generation(void *context, const char *origin, enum dl_headdb_which which)
{
    struct newest *newest = context;
    unsigned found = dl_origin_generation(dl_view_str(newest->origin), dl_view_str(origin));
    if (which == newest->which && found > newest->generation) {
        newest->generation = found;
    }
    return DL_OK;
}

enum dl_err dl_headdb_generation(struct dl_headdb *head, const char *origin,
                                 enum dl_headdb_which which, unsigned *out)
{
    struct newest newest = {.origin = origin, .which = which};
    DL_TRY(dl_headdb_each(head, take_generation, &newest));
    *out = newest.generation;
    return DL_OK;
}

struct held {
    uint64_t size;
    bool same;
    struct dl_view note;
};

static enum dl_err compare(void *context, const struct dl_row *row)
{
    struct held *held = context;
    held->size = (uint64_t)dl_row_int(row, 0);
    held->same = dl_view_equal(dl_row_blob(row, 1), held->note);
    return DL_OK;
}

enum dl_err dl_headdb_put(struct dl_headdb *head, const char *origin, enum dl_headdb_which which,
                          uint64_t size, struct dl_view note)
{
    DL_ASSERT(size > 0 && note.n > 0, "a head has a note");
    DL_TRY(dl_store_in_transaction(head->store) ? DL_OK : dl_store_begin(head->store));
    struct held held = {.note = note};
    DL_TRY(dl_store_run(head->store, "SELECT size, note FROM head WHERE origin=?1 AND which=?2",
                        DL_SQL(DL_SQL_STR(origin), DL_SQL_INT(which)), compare, &held));
    if (size < held.size || (size == held.size && !held.same)) {
        return DL_E_FORK; // I5
    }
    return dl_store_run(
        head->store,
        "INSERT INTO head(origin, which, size, note) VALUES(?1, ?2, ?3, ?4)"
        " ON CONFLICT(origin, which) DO UPDATE SET size=?3, note=?4",
        DL_SQL(DL_SQL_STR(origin), DL_SQL_INT(which), DL_SQL_INT(size), DL_SQL_BLOB(note)), NULL,
        NULL);
}

enum dl_err dl_headdb_commit(struct dl_headdb *head)
{
    return dl_store_in_transaction(head->store) ? dl_store_commit(head->store) : DL_OK;
}

void dl_headdb_rollback(struct dl_headdb *head)
{
    dl_store_rollback(head->store);
}
