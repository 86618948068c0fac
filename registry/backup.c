#include "registry/backup.h"
#include "base/encoding.h"
#include "base/identifier.h"
#include "base/limits.h"
#include "base/text.h"
#include "registry/archive.h"
#include "registry/headdb.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096, SMALL = 64 * 1024, KEYS_MAX = 64 };
static const char facts_name[] = "directline-backup";
static const char suffix[] = ".restoring";

static void join(char out[PATH], const char *dir, const char *name, const char *end)
{
    int n = snprintf(out, PATH, "%s/%s%s", dir, name, end);
    DL_ASSERT(n > 0 && n < PATH, "the folder's name was measured");
}

/* ---- writing ---- */

static enum dl_err add_facts(struct dl_archive_writer *archive,
                             const struct dl_backup_source *source, struct dl_error *error)
{
    char time[DL_TIME_TEXT];
    char text[256];
    dl_time_encode(source->now_ms, time);
    snprintf(text, sizeof text, "format 1\nagency %s\ntime %s\n", source->agency, time);
    return dl_archive_add(archive, facts_name, dl_view_str(text), error);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files of keys/, in order of their names. */
static size_t list_keys(const char *dir, char *names[KEYS_MAX])
{
    size_t n = 0;
    DIR *listing = opendir(dir);
    const struct dirent *entry = listing == NULL ? NULL : readdir(listing);
    for (; entry != NULL; entry = readdir(listing)) {
        if (entry->d_name[0] != '.' && n < KEYS_MAX) {
            names[n] = strdup(entry->d_name);
            DL_ASSERT(names[n] != NULL, "memory for a name");
            n++;
        }
    }
    if (listing != NULL) {
        closedir(listing);
    }
    qsort(names, n, sizeof names[0], by_name);
    return n;
}

static enum dl_err add_keys(struct dl_archive_writer *archive, const char *dir,
                            struct dl_error *error)
{
    char keys[PATH];
    char path[PATH];
    char *names[KEYS_MAX];
    join(keys, dir, "keys", "");
    size_t n = list_keys(keys, names);
    enum dl_err err =
        n > 0 ? DL_OK : dl_error_set(error, DL_E_KEY, NULL, "there are no keys in %s", keys);
    for (size_t i = 0; i < n; i++) {
        char name[DL_ARCHIVE_NAME];
        int length = snprintf(name, sizeof name, "keys/%s", names[i]);
        if (err == DL_OK && length < DL_ARCHIVE_NAME) {
            join(path, keys, names[i], "");
            err = dl_archive_add_file(archive, name, path, error);
        }
        free(names[i]);
    }
    return err;
}

/* A consistent copy beside FILE, then into it. */
static enum dl_err add_store(struct dl_archive_writer *archive, struct dl_store *store,
                             const char *name, const char *file, struct dl_error *error)
{
    char copy[PATH];
    snprintf(copy, sizeof copy, "%s.%s", file, name);
    unlink(copy);
    mode_t mask = umask(0077);
    enum dl_err err = dl_store_backup(store, copy, NULL, NULL);
    umask(mask);
    err = err == DL_OK ? dl_archive_add_file(archive, name, copy, error)
                       : dl_error_set(error, err, NULL, "%s cannot be copied to %s: %s", name, copy,
                                      dl_store_message(store));
    unlink(copy);
    return err;
}

enum dl_err dl_backup_write(const struct dl_backup_source *source, const char *file,
                            struct dl_error *error)
{
    char path[PATH];
    struct dl_archive_writer *archive = NULL;
    struct dl_store *line = dl_line_db_store(source->line);
    DL_ASSERT(!dl_store_in_transaction(line), "a backup is of what is durable");
    if (strlen(file) + 32 > PATH || strlen(source->dir) + 128 > PATH) {
        return dl_error_set(error, DL_E_INPUT, NULL, "the name of a file is too long");
    }
    DL_TRY(dl_archive_create(file, source->now_ms, &archive, error));
    join(path, source->dir, "directline.conf", "");
    enum dl_err err = add_facts(archive, source, error);
    err = err == DL_OK ? dl_archive_add_file(archive, "directline.conf", path, error) : err;
    err = err == DL_OK ? add_keys(archive, source->dir, error) : err;
    err = err == DL_OK ? add_store(archive, source->registry, "registry.db", file, error) : err;
    err = err == DL_OK ? add_store(archive, line, "line.db", file, error) : err;
    err = err == DL_OK ? dl_archive_finish(archive, error) : err;
    dl_archive_writer_free(&archive);
    return err;
}

/* ---- restoring ---- */

struct restoring {
    const char *dir;
    char agency[DL_LIMIT_AGENCY_ID + 1];
    char names[KEYS_MAX + 4][DL_ARCHIVE_NAME + 1]; /* put into DIR under a name of their own */
    size_t n;
};

static enum dl_err not_ours(struct dl_error *error)
{
    return dl_error_set(error, DL_E_INPUT, NULL, "the file is not a backup of an agency");
}

static enum dl_err take_facts(struct dl_archive_reader *archive, struct restoring *r,
                              struct dl_error *error)
{
    struct dl_archive_member member;
    struct dl_buf text;
    bool more = false;
    DL_TRY(dl_archive_next(archive, &member, &more, error));
    if (!more || strcmp(member.name, facts_name) != 0) {
        return not_ours(error);
    }
    dl_buf_init(&text, SMALL);
    enum dl_err err = dl_archive_read(archive, &text, error);
    dl_buf_u8(&text, 0);
    if (err == DL_OK &&
        (dl_buf_err(&text) != DL_OK ||
         sscanf((const char *)text.p, "format 1\nagency %32[a-z0-9-]\n", r->agency) != 1 ||
         !dl_text_is_agency(dl_view_str(r->agency)))) {
        err = not_ours(error);
    }
    dl_buf_fini(&text);
    return err;
}

/* Only what a backup has may come out of it. */
static bool is_expected(const char *name)
{
    static const char *const files[] = {"directline.conf", "registry.db", "line.db"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(name, files[i]) == 0) {
            return true;
        }
    }
    return strncmp(name, "keys/", 5) == 0 && name[5] != '\0' && strchr(name + 5, '/') == NULL;
}

static enum dl_err extract_all(struct dl_archive_reader *archive, struct restoring *r,
                               struct dl_error *error)
{
    for (;;) {
        char path[PATH];
        struct dl_archive_member member;
        bool more = false;
        DL_TRY(dl_archive_next(archive, &member, &more, error));
        if (!more) {
            return DL_OK;
        }
        if (!is_expected(member.name) || r->n == sizeof r->names / sizeof r->names[0]) {
            return not_ours(error);
        }
        join(path, r->dir, member.name, suffix);
        unlink(path); // left by a restore that was interrupted
        snprintf(r->names[r->n++], sizeof r->names[0], "%s", member.name);
        DL_TRY(dl_archive_extract(archive, path, 0600, error));
    }
}

struct heads {
    struct dl_headdb *head;
    const char *agency;
    bool ours;
};

/* Columns: id, origin, size, note. */
static enum dl_err put_head(void *context, const struct dl_row *row)
{
    struct heads *heads = context;
    char origin[DL_LIMIT_ORIGIN + 1];
    snprintf(origin, sizeof origin, "%.*s", DL_VIEW_ARG(dl_row_text(row, 1)));
    return dl_headdb_put(heads->head, origin,
                         (dl_row_int(row, 0) & 1) == 0 ? DL_HEADDB_SIGNED : DL_HEADDB_COSIGNED,
                         (uint64_t)dl_row_int(row, 2), dl_row_blob(row, 3));
}

static enum dl_err make_head(struct dl_line_db *line, const char *path, struct dl_error *error)
{
    struct heads heads = {.head = NULL};
    DL_TRY(dl_headdb_open(path, NULL, &heads.head, error));
    enum dl_err err =
        dl_store_run(dl_line_db_store(line), "SELECT id, origin, size, note FROM log WHERE size>0",
                     NULL, 0, put_head, &heads);
    err = err == DL_OK ? dl_headdb_commit(heads.head) : err;
    dl_headdb_close(&heads.head);
    return err == DL_OK ? DL_OK : dl_error_set(error, err, NULL, "%s cannot be made", path);
}

static enum dl_err is_of(void *context, const char *origin, enum dl_headdb_which which)
{
    struct heads *heads = context;
    char from[DL_LIMIT_AGENCY_ID + 1];
    char to[DL_LIMIT_AGENCY_ID + 1];
    if (sscanf(origin, "directline/%32[a-z0-9-]/%32[a-z0-9-]", from, to) == 2) {
        const char *us = which == DL_HEADDB_SIGNED ? from : to;
        heads->ours = heads->ours && strcmp(us, heads->agency) == 0;
    }
    return DL_OK;
}

static enum dl_err keep_head(const char *agency, const char *path, struct dl_error *error)
{
    struct heads heads = {.agency = agency, .ours = true};
    DL_TRY(dl_headdb_open(path, NULL, &heads.head, error));
    enum dl_err err = dl_headdb_each(heads.head, is_of, &heads);
    dl_headdb_close(&heads.head);
    if (err == DL_OK && !heads.ours) {
        return dl_error_set(error, DL_E_INPUT, NULL,
                            "%s is of another agency than %s; nothing was restored", path, agency);
    }
    return err;
}

static enum dl_err settle_head(const struct restoring *r, struct dl_error *error)
{
    char path[PATH];
    char line_path[PATH];
    struct dl_line_db *line = NULL;
    struct stat facts;
    join(path, r->dir, "head/head.db", "");
    if (stat(path, &facts) == 0) {
        return keep_head(r->agency, path, error);
    }
    join(line_path, r->dir, "line.db", suffix);
    DL_TRY(dl_line_db_open(line_path, NULL, &line, error));
    enum dl_err err = make_head(line, path, error);
    dl_line_db_close(&line);
    return err;
}

static enum dl_err make_folders(const char *dir, struct dl_error *error)
{
    static const char *const names[] = {"", "keys", "head"};
    char path[PATH];
    struct stat facts;
    for (size_t i = 0; i < 3; i++) {
        join(path, dir, names[i], "");
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return dl_error_set(error, DL_E_INPUT, NULL, "%s cannot be made: %s", path,
                                strerror(errno));
        }
    }
    join(path, dir, "line.db", "");
    if (stat(path, &facts) == 0) {
        dl_error_set(error, DL_E_DIR_NOT_EMPTY, NULL, "%s has a line.db; nothing was restored",
                     dir);
        return dl_error_hint(error, "restore into another folder, or move this line.db away first");
    }
    join(path, dir, "keys", "");
    return chmod(path, 0700) == 0
               ? DL_OK
               : dl_error_set(error, DL_E_KEY_MODE, NULL, "%s: %s", path, strerror(errno));
}

/* A log of another database's must not be taken for the restored one's. */
static void drop_stale_logs(const char *dir)
{
    static const char *const names[] = {"line.db-wal",     "line.db-shm",
                                        "line.db-journal", "registry.db-wal",
                                        "registry.db-shm", "registry.db-journal"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[PATH];
        join(path, dir, names[i], "");
        unlink(path);
    }
}

/* All of it is there and verified: give the files their names, line.db last. */
static enum dl_err give_names(const struct restoring *r, struct dl_error *error)
{
    drop_stale_logs(r->dir);
    for (size_t i = 0; i < r->n; i++) {
        char from[PATH];
        char to[PATH];
        join(from, r->dir, r->names[i], suffix);
        join(to, r->dir, r->names[i], "");
        if (rename(from, to) != 0) {
            return dl_error_set(error, DL_E_STORE_IO, NULL, "%s: %s", to, strerror(errno));
        }
        DL_TRY(dl_archive_sync_folder_of(to, error));
    }
    return DL_OK;
}

static void forget(const struct restoring *r)
{
    for (size_t i = 0; i < r->n; i++) {
        char path[PATH];
        join(path, r->dir, r->names[i], suffix);
        unlink(path);
    }
}

static enum dl_err check_whole(const struct restoring *r, struct dl_error *error)
{
    bool last = r->n >= 4 && strcmp(r->names[r->n - 1], "line.db") == 0;
    return last ? DL_OK : not_ours(error);
}

enum dl_err dl_backup_restore(const char *file, const char *dir, struct dl_error *error)
{
    struct dl_archive_reader *archive = NULL;
    struct restoring *r = calloc(1, sizeof *r);
    DL_ASSERT(r != NULL, "memory for a restore");
    r->dir = dir;
    enum dl_err err = strlen(dir) + DL_ARCHIVE_NAME + 32 > PATH
                          ? dl_error_set(error, DL_E_INPUT, NULL, "the folder's name is too long")
                          : dl_archive_open(file, &archive, error);
    err = err == DL_OK ? take_facts(archive, r, error) : err;
    err = err == DL_OK ? make_folders(dir, error) : err;
    err = err == DL_OK ? extract_all(archive, r, error) : err;
    err = err == DL_OK ? check_whole(r, error) : err;
    err = err == DL_OK ? settle_head(r, error) : err;
    err = err == DL_OK ? give_names(r, error) : err;
    if (err != DL_OK) {
        forget(r);
    }
    dl_archive_close(&archive);
    free(r);
    return err;
}
