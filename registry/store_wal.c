#include "registry/store_wal.h"
#include "base/octets.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The system's VFS takes the low 17 bits of a length (seekAndWriteFd in its os_unix.c). */
enum { GATHER_MAX = 512 * 1024, WRITE_MAX = 64 * 1024 };

struct file {
    sqlite3_file base; /* first, as SQLite wants it; the file under it follows */
    struct dl_buf gathered;
    sqlite3_int64 at; /* where the gathered octets belong */
    bool gathers;
};

struct vfs {
    sqlite3_vfs base;
    sqlite3_vfs *under;
    char name[32];
};

static sqlite3_file *under_of(sqlite3_file *base)
{
    return (sqlite3_file *)((struct file *)base + 1);
}

/* Make the gathered write. On an error it is forgotten: it is of one transaction, and whoever is
 * told rolls that back. */
static int flush(sqlite3_file *base)
{
    struct file *file = (struct file *)base;
    sqlite3_file *under = under_of(base);
    if (file->gathered.n == 0) {
        return SQLITE_OK;
    }
    int rc = SQLITE_OK;
    for (size_t at = 0; at < file->gathered.n && rc == SQLITE_OK; at += WRITE_MAX) {
        size_t left = file->gathered.n - at;
        rc = under->pMethods->xWrite(under, file->gathered.p + at,
                                     (int)(left < WRITE_MAX ? left : WRITE_MAX),
                                     file->at + (sqlite3_int64)at);
    }
    dl_buf_reset(&file->gathered);
    return rc;
}

static int file_close(sqlite3_file *base)
{
    struct file *file = (struct file *)base;
    sqlite3_file *under = under_of(base);
    int rc = flush(base);
    int closed = under->pMethods->xClose(under);
    dl_buf_fini(&file->gathered);
    return rc == SQLITE_OK ? closed : rc;
}

static int file_read(sqlite3_file *base, void *p, int n, sqlite3_int64 at)
{
    const struct file *file = (const struct file *)base;
    sqlite3_file *under = under_of(base);
    bool overlaps = at < file->at + (sqlite3_int64)file->gathered.n && at + n > file->at;
    int rc = overlaps ? flush(base) : SQLITE_OK;
    return rc == SQLITE_OK ? under->pMethods->xRead(under, p, n, at) : rc;
}

static int file_write(sqlite3_file *base, const void *p, int n, sqlite3_int64 at)
{
    struct file *file = (struct file *)base;
    sqlite3_file *under = under_of(base);
    bool follows = file->at + (sqlite3_int64)file->gathered.n == at;
    if (file->gathered.n > 0 && (!follows || file->gathered.n + (size_t)n > GATHER_MAX)) {
        int rc = flush(base);
        if (rc != SQLITE_OK) {
            return rc;
        }
    }
    if (!file->gathers || n > GATHER_MAX) {
        return under->pMethods->xWrite(under, p, n, at);
    }
    if (file->gathered.n == 0) {
        file->at = at;
    }
    dl_buf_put(&file->gathered, p, (size_t)n);
    return dl_buf_err(&file->gathered) == DL_OK ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    sqlite3_file *under = under_of(base);
    int rc = flush(base);
    return rc == SQLITE_OK ? under->pMethods->xTruncate(under, size) : rc;
}

static int file_sync(sqlite3_file *base, int flags)
{
    sqlite3_file *under = under_of(base);
    int rc = flush(base);
    return rc == SQLITE_OK ? under->pMethods->xSync(under, flags) : rc;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out)
{
    sqlite3_file *under = under_of(base);
    int rc = flush(base);
    return rc == SQLITE_OK ? under->pMethods->xFileSize(under, out) : rc;
}

static int file_lock(sqlite3_file *base, int level)
{
    return under_of(base)->pMethods->xLock(under_of(base), level);
}

static int file_unlock(sqlite3_file *base, int level)
{
    return under_of(base)->pMethods->xUnlock(under_of(base), level);
}

static int file_check_lock(sqlite3_file *base, int *out)
{
    return under_of(base)->pMethods->xCheckReservedLock(under_of(base), out);
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
    return under_of(base)->pMethods->xFileControl(under_of(base), op, arg);
}

static int file_sector(sqlite3_file *base)
{
    return under_of(base)->pMethods->xSectorSize(under_of(base));
}

static int file_traits(sqlite3_file *base)
{
    return under_of(base)->pMethods->xDeviceCharacteristics(under_of(base));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, // no shared memory: exclusive locking keeps the WAL's index in memory
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

/* ---- the VFS: everything but files is the other one's ---- */

static sqlite3_vfs *vfs_under(sqlite3_vfs *base)
{
    return ((struct vfs *)base)->under;
}

static int vfs_open(sqlite3_vfs *base, const char *path, sqlite3_file *out, int flags,
                    int *out_flags)
{
    struct file *file = (struct file *)out;
    memset(file, 0, sizeof *file);
    int rc = vfs_under(base)->xOpen(vfs_under(base), path, under_of(out), flags, out_flags);
    if (rc == SQLITE_OK) {
        file->base.pMethods = &methods;
        // Without this promise SQLite fills the last sector behind a commit's sync, so what is
        // gathered would be of two transactions: then nothing is gathered.
        bool whole = (under_of(out)->pMethods->xDeviceCharacteristics(under_of(out)) &
                      SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
        file->gathers = (flags & SQLITE_OPEN_WAL) != 0 && whole;
        dl_buf_init(&file->gathered, GATHER_MAX);
    }
    return rc;
}

static int vfs_delete(sqlite3_vfs *base, const char *path, int sync)
{
    return vfs_under(base)->xDelete(vfs_under(base), path, sync);
}

static int vfs_access(sqlite3_vfs *base, const char *path, int flags, int *out)
{
    return vfs_under(base)->xAccess(vfs_under(base), path, flags, out);
}

static int vfs_full_path(sqlite3_vfs *base, const char *path, int n, char *out)
{
    return vfs_under(base)->xFullPathname(vfs_under(base), path, n, out);
}

static int vfs_random(sqlite3_vfs *base, int n, char *out)
{
    return vfs_under(base)->xRandomness(vfs_under(base), n, out);
}

static int vfs_sleep(sqlite3_vfs *base, int microseconds)
{
    return vfs_under(base)->xSleep(vfs_under(base), microseconds);
}

static int vfs_time(sqlite3_vfs *base, double *out)
{
    return vfs_under(base)->xCurrentTime(vfs_under(base), out);
}

static int vfs_time_int(sqlite3_vfs *base, sqlite3_int64 *out)
{
    return vfs_under(base)->xCurrentTimeInt64(vfs_under(base), out);
}

static int vfs_last_error(sqlite3_vfs *base, int n, char *out)
{
    return vfs_under(base)->xGetLastError(vfs_under(base), n, out);
}

char *dl__store_wal_new(const char *under)
{
    struct vfs *vfs = calloc(1, sizeof *vfs);
    DL_ASSERT(vfs != NULL, "memory for a VFS");
    vfs->under = sqlite3_vfs_find(under);
    DL_ASSERT(vfs->under != NULL && vfs->under->iVersion >= 2, "there is a VFS to stand on");
    snprintf(vfs->name, sizeof vfs->name, "wal-%p", (void *)vfs);
    vfs->base = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct file) + vfs->under->szOsFile,
        .mxPathname = vfs->under->mxPathname,
        .zName = vfs->name,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time_int,
    };
    int rc = sqlite3_vfs_register(&vfs->base, 0);
    DL_ASSERT(rc == SQLITE_OK, "a VFS can be registered");
    return vfs->name;
}

void dl__store_wal_free(char *name)
{
    if (name == NULL) {
        return;
    }
    sqlite3_vfs *found = sqlite3_vfs_find(name);
    DL_ASSERT(found != NULL, "a VFS is freed once");
    sqlite3_vfs_unregister(found);
    free((struct vfs *)found);
}
