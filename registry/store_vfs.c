#include "registry/store_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 4096, PATH = 512 };

struct file {
    sqlite3_file base; /* first, as SQLite wants it */
    struct dl_disk *disk;
    struct dl_disk_file *file;
};

struct vfs {
    sqlite3_vfs base;
    char name[32];
};

static int rc_of(enum dl_err err, int io)
{
    switch (err) {
    case DL_OK:
        return SQLITE_OK;
    case DL_E_STORE_FULL:
        return SQLITE_FULL;
    case DL_E_NOMEM:
        return SQLITE_IOERR_NOMEM;
    default:
        return io;
    }
}

static int file_close(sqlite3_file *base)
{
    struct file *file = (struct file *)base;
    file->disk->close(file->disk->self, file->file);
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *p, int n, sqlite3_int64 at)
{
    struct file *file = (struct file *)base;
    size_t got = 0;
    enum dl_err err =
        file->disk->read(file->disk->self, file->file, p, (size_t)n, (uint64_t)at, &got);
    if (err != DL_OK) {
        return rc_of(err, SQLITE_IOERR_READ);
    }
    if (got < (size_t)n) {
        memset((char *)p + got, 0, (size_t)n - got);
        return SQLITE_IOERR_SHORT_READ;
    }
    return SQLITE_OK;
}

static int file_write(sqlite3_file *base, const void *p, int n, sqlite3_int64 at)
{
    struct file *file = (struct file *)base;
    return rc_of(file->disk->write(file->disk->self, file->file, p, (size_t)n, (uint64_t)at),
                 SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *file = (struct file *)base;
    return rc_of(file->disk->truncate(file->disk->self, file->file, (uint64_t)size),
                 SQLITE_IOERR_TRUNCATE);
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct file *file = (struct file *)base;
    (void)flags;
    return rc_of(file->disk->sync(file->disk->self, file->file), SQLITE_IOERR_FSYNC);
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out)
{
    struct file *file = (struct file *)base;
    uint64_t size = 0;
    enum dl_err err = file->disk->size(file->disk->self, file->file, &size);
    *out = (sqlite3_int64)size;
    return rc_of(err, SQLITE_IOERR_FSTAT);
}

/* Every database has one connection, so locks have nobody to keep out. */
static int file_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int file_check_lock(sqlite3_file *base, int *out)
{
    (void)base;
    *out = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
    (void)base;
    return SECTOR;
}

static int file_traits(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE; // registry/disk.h; SQLite takes it for granted on unix
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
    .xUnlock = file_lock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

static struct dl_disk *disk_of(sqlite3_vfs *base)
{
    return base->pAppData;
}

static int vfs_open(sqlite3_vfs *base, const char *path, sqlite3_file *out, int flags,
                    int *out_flags)
{
    struct file *file = (struct file *)out;
    char scratch[64];
    memset(file, 0, sizeof *file);
    file->disk = disk_of(base);
    if (path == NULL) { // a temporary file: rare, since temp_store is memory
        uint64_t r = 0;
        file->disk->random(file->disk->self, &r, sizeof r);
        snprintf(scratch, sizeof scratch, "temporary-%016llx", (unsigned long long)r);
        path = scratch;
    }
    enum dl_err err =
        file->disk->open(file->disk->self, path, (flags & SQLITE_OPEN_CREATE) != 0, &file->file);
    if (err != DL_OK) {
        return SQLITE_CANTOPEN;
    }
    file->base.pMethods = &methods;
    if (out_flags != NULL) {
        *out_flags = flags;
    }
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *base, const char *path, int sync)
{
    (void)sync;
    struct dl_disk *disk = disk_of(base);
    return rc_of(disk->remove(disk->self, path), SQLITE_IOERR_DELETE);
}

static int vfs_access(sqlite3_vfs *base, const char *path, int flags, int *out)
{
    (void)flags;
    *out = disk_of(base)->exists(disk_of(base)->self, path);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *base, const char *path, int n, char *out)
{
    (void)base;
    snprintf(out, (size_t)n, "%s", path);
    return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *base, int n, char *out)
{
    disk_of(base)->random(disk_of(base)->self, out, (size_t)n);
    return n;
}

static int vfs_sleep(sqlite3_vfs *base, int microseconds)
{
    (void)base;
    return microseconds;
}

static int vfs_time(sqlite3_vfs *base, sqlite3_int64 *out)
{
    static const sqlite3_int64 julian_epoch = 210866760000000; // 1970-01-01 as a Julian day, in ms
    *out = julian_epoch + disk_of(base)->now_ms(disk_of(base)->self);
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *base, int n, char *out)
{
    (void)base;
    (void)n;
    (void)out;
    return 0;
}

static int vfs_time_double(sqlite3_vfs *base, double *out)
{
    sqlite3_int64 ms = 0;
    vfs_time(base, &ms);
    *out = (double)ms / 86400000.0;
    return SQLITE_OK;
}

char *dl__store_vfs_new(struct dl_disk *disk)
{
    struct vfs *vfs = calloc(1, sizeof *vfs);
    DL_ASSERT(vfs != NULL, "memory for a VFS");
    snprintf(vfs->name, sizeof vfs->name, "disk-%p", (void *)vfs);
    vfs->base = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(struct file),
        .mxPathname = PATH,
        .zName = vfs->name,
        .pAppData = disk,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time_double,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time,
    };
    int rc = sqlite3_vfs_register(&vfs->base, 0);
    DL_ASSERT(rc == SQLITE_OK, "a VFS can be registered");
    return vfs->name;
}

void dl__store_vfs_free(char *name)
{
    if (name == NULL) {
        return;
    }
    sqlite3_vfs *found = sqlite3_vfs_find(name);
    DL_ASSERT(found != NULL, "a VFS is freed once");
    sqlite3_vfs_unregister(found);
    free((struct vfs *)found);
}
