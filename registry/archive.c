#include "registry/archive.h"
#include "base/crypto.h"
#include "base/encoding.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, PATH = 4096, SUMS_MAX = DL_ARCHIVE_MEMBERS * 180 };
static const char sums_name[] = "sha256sums";

/* Where things stand in a header (IEEE 1003.1-2001, "ustar Interchange Format"). */
enum {
    AT_NAME = 0,
    AT_MODE = 100,
    AT_UID = 108,
    AT_GID = 116,
    AT_SIZE = 124,
    AT_TIME = 136,
    AT_SUM = 148,
    AT_TYPE = 156,
    AT_MAGIC = 257,
    AT_VERSION = 263,
    N_SIZE = 12,
    N_SUM = 8
};

static enum dl_err failed(struct dl_error *error, const char *what, const char *path)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    return dl_error_set(error, full ? DL_E_STORE_FULL : DL_E_STORE_IO, NULL, "%s %s: %s", path,
                        what, strerror(errno));
}

static enum dl_err damaged(struct dl_error *error, const char *why)
{
    dl_error_set(error, DL_E_STORE_CORRUPT, NULL, "the archive is damaged: %s", why);
    return dl_error_hint(error, "nothing of it was used; take another copy of the file");
}

/* ---- headers ---- */

static unsigned sum_of(const uint8_t block[DL_ARCHIVE_BLOCK])
{
    unsigned sum = 0;
    for (size_t i = 0; i < DL_ARCHIVE_BLOCK; i++) {
        sum += i >= AT_SUM && i < AT_SUM + N_SUM ? ' ' : block[i];
    }
    return sum;
}

/* Octal digits, or for sizes from 8 GiB on the number itself (GNU tar's base 256). */
static bool number_of(const uint8_t *p, size_t n, uint64_t *out)
{
    uint64_t value = 0;
    size_t i = 0;
    if (p[0] == 0x80) {
        for (i = 1; i < n; i++) {
            if (value >> 55 != 0) {
                return false;
            }
            value = value << 8 | p[i];
        }
        *out = value;
        return true;
    }
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
        value = value << 3 | (uint64_t)(p[i] - '0');
    }
    *out = value;
    return i > 0 && i < n && (p[i] == 0 || p[i] == ' ');
}

static bool name_ok(const char *name)
{
    if (name[0] == '\0' || name[0] == '/' || strstr(name, "..") != NULL) {
        return false;
    }
    for (const char *c = name; *c != '\0'; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!letter && !(*c >= '0' && *c <= '9') && strchr("._/-", *c) == NULL) {
            return false;
        }
    }
    return true;
}

enum dl_err dl_archive_header_decode(const uint8_t block[DL_ARCHIVE_BLOCK],
                                     struct dl_archive_member *out)
{
    struct dl_archive_member member = {.size = 0};
    uint64_t sum = 0;
    memcpy(member.name, block + AT_NAME, DL_ARCHIVE_NAME);
    bool ok = memcmp(block + AT_MAGIC, "ustar", 6) == 0 && block[AT_TYPE] == '0' &&
              number_of(block + AT_SIZE, N_SIZE, &member.size) &&
              number_of(block + AT_SUM, N_SUM, &sum) && sum == sum_of(block) &&
              name_ok(member.name);
    if (!ok) {
        return DL_E_STORE_CORRUPT;
    }
    *out = member;
    return DL_OK;
}

static void header_encode(uint8_t block[DL_ARCHIVE_BLOCK], const char *name, uint64_t size,
                          int64_t now_ms)
{
    memset(block, 0, DL_ARCHIVE_BLOCK);
    char *p = (char *)block;
    DL_ASSERT(name_ok(name) && strlen(name) < DL_ARCHIVE_NAME, "names are ours");
    snprintf(p + AT_NAME, DL_ARCHIVE_NAME, "%s", name);
    snprintf(p + AT_MODE, 8, "%07o", 0600U);
    snprintf(p + AT_UID, 8, "%07o", 0U);
    snprintf(p + AT_GID, 8, "%07o", 0U);
    if (size >> 33 == 0) {
        snprintf(p + AT_SIZE, N_SIZE, "%011llo", (unsigned long long)size);
    } else {
        block[AT_SIZE] = 0x80;
        for (size_t i = 0; i < 8; i++) {
            block[AT_SIZE + N_SIZE - 1 - i] = (uint8_t)(size >> (8 * i));
        }
    }
    uint64_t seconds = now_ms < 0 ? 0 : (uint64_t)(now_ms / 1000);
    snprintf(p + AT_TIME, 12, "%011llo", (unsigned long long)(seconds & 077777777777U));
    block[AT_TYPE] = '0';
    memcpy(p + AT_MAGIC, "ustar", 6);
    p[AT_VERSION] = p[AT_VERSION + 1] = '0';
    snprintf(p + AT_SUM, N_SUM, "%06o", sum_of(block));
    block[AT_SUM + 7] = ' ';
}

static void sum_line(struct dl_buf *sums, const struct dl_hash *hash, const char *name)
{
    char hex[65];
    dl_hex_encode(dl_view_of(hash->b, sizeof hash->b), hex);
    dl_buf_printf(sums, "%s  %s\n", hex, name);
}

/* ---- writing ---- */

struct dl_archive_writer {
    int fd;
    char path[PATH], part[PATH + 8];
    int64_t now_ms;
    struct dl_buf sums;
    struct dl_sha256 *hash;
    uint8_t *chunk;
    bool finished;
};

enum dl_err dl_archive_create(const char *path, int64_t now_ms, struct dl_archive_writer **out,
                              struct dl_error *error)
{
    if (strlen(path) >= PATH) {
        return dl_error_set(error, DL_E_INPUT, NULL, "the name of the file is too long");
    }
    struct dl_archive_writer *w = calloc(1, sizeof *w);
    DL_ASSERT(w != NULL, "memory for an archive");
    snprintf(w->path, sizeof w->path, "%s", path);
    snprintf(w->part, sizeof w->part, "%s.part", path);
    w->now_ms = now_ms;
    w->hash = dl_sha256_new();
    w->chunk = malloc(CHUNK);
    DL_ASSERT(w->chunk != NULL, "memory for an archive");
    dl_buf_init(&w->sums, SUMS_MAX);
    unlink(w->part); // left by one that was interrupted
    w->fd = open(w->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (w->fd < 0) {
        enum dl_err err = errno == ENOENT || errno == EACCES || errno == ENOTDIR || errno == EROFS
                              ? dl_error_set(error, DL_E_INPUT, NULL, "%s cannot be made: %s", path,
                                             strerror(errno))
                              : failed(error, "cannot be made", path);
        dl_archive_writer_free(&w);
        return err;
    }
    *out = w;
    return DL_OK;
}

void dl_archive_writer_free(struct dl_archive_writer **writer)
{
    struct dl_archive_writer *w = *writer;
    if (w != NULL) {
        if (w->fd >= 0) {
            close(w->fd);
        }
        if (!w->finished) {
            unlink(w->part);
        }
        dl_buf_fini(&w->sums);
        dl_sha256_free(&w->hash);
        dl_wipe(w->chunk, CHUNK);
        free(w->chunk);
        free(w);
        *writer = NULL;
    }
}

static enum dl_err put(struct dl_archive_writer *w, const void *p, size_t n, struct dl_error *error)
{
    const char *at = p;
    while (n > 0) {
        ssize_t wrote = write(w->fd, at, n);
        if (wrote < 0 && errno != EINTR) {
            return failed(error, "cannot be written", w->path);
        }
        at += wrote > 0 ? wrote : 0;
        n -= wrote > 0 ? (size_t)wrote : 0;
    }
    return DL_OK;
}

static enum dl_err put_padding(struct dl_archive_writer *w, uint64_t size, struct dl_error *error)
{
    static const uint8_t zeros[DL_ARCHIVE_BLOCK];
    return put(w, zeros, (size_t)(-size % DL_ARCHIVE_BLOCK), error);
}

enum dl_err dl_archive_add(struct dl_archive_writer *w, const char *name, struct dl_view octets,
                           struct dl_error *error)
{
    uint8_t block[DL_ARCHIVE_BLOCK];
    struct dl_hash hash = dl_sha256(octets);
    header_encode(block, name, octets.n, w->now_ms);
    DL_TRY(put(w, block, sizeof block, error));
    DL_TRY(put(w, octets.p, octets.n, error));
    sum_line(&w->sums, &hash, name);
    return put_padding(w, octets.n, error);
}

static enum dl_err copy_in(struct dl_archive_writer *w, int from, uint64_t size, const char *path,
                           struct dl_error *error)
{
    for (uint64_t left = size; left > 0;) {
        ssize_t got = read(from, w->chunk, left < CHUNK ? (size_t)left : CHUNK);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            errno = got == 0 ? EIO : errno; // shorter than it was a moment ago
            return failed(error, "cannot be read", path);
        }
        dl_sha256_update(w->hash, dl_view_of(w->chunk, (size_t)got));
        DL_TRY(put(w, w->chunk, (size_t)got, error));
        left -= (uint64_t)got;
    }
    return DL_OK;
}

enum dl_err dl_archive_add_file(struct dl_archive_writer *w, const char *name, const char *path,
                                struct dl_error *error)
{
    uint8_t block[DL_ARCHIVE_BLOCK];
    struct stat facts;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0 || fstat(from, &facts) != 0) {
        enum dl_err err = failed(error, "cannot be read", path);
        if (from >= 0) {
            close(from);
        }
        return err;
    }
    uint64_t size = (uint64_t)facts.st_size;
    header_encode(block, name, size, w->now_ms);
    enum dl_err err = put(w, block, sizeof block, error);
    err = err == DL_OK ? copy_in(w, from, size, path, error) : err;
    close(from);
    struct dl_hash hash = dl_sha256_final(w->hash);
    sum_line(&w->sums, &hash, name);
    return err == DL_OK ? put_padding(w, size, error) : err;
}

enum dl_err dl_archive_sync_folder_of(const char *path, struct dl_error *error)
{
    char folder[PATH];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        snprintf(folder, sizeof folder, ".");
    } else {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    enum dl_err err = ok ? DL_OK : failed(error, "cannot be synced", folder);
    if (fd >= 0) {
        close(fd);
    }
    return err;
}

enum dl_err dl_archive_finish(struct dl_archive_writer *w, struct dl_error *error)
{
    static const uint8_t end[2 * DL_ARCHIVE_BLOCK];
    struct dl_buf sums;
    DL_TRY(dl_buf_err(&w->sums));
    dl_buf_init(&sums, SUMS_MAX);
    dl_buf_put_view(&sums, dl_buf_view(&w->sums));
    enum dl_err err = dl_archive_add(w, sums_name, dl_buf_view(&sums), error);
    dl_buf_fini(&sums);
    DL_TRY(err);
    DL_TRY(put(w, end, sizeof end, error));
    if (fsync(w->fd) != 0 || rename(w->part, w->path) != 0) {
        return failed(error, "cannot be written", w->path);
    }
    w->finished = true;
    return dl_archive_sync_folder_of(w->path, error);
}

/* ---- reading ---- */

struct dl_archive_reader {
    int fd;
    char path[PATH];
    uint64_t left, padding; /* of the present member */
    struct dl_archive_member member;
    struct dl_buf sums; /* as computed */
    struct dl_sha256 *hash;
    uint8_t *chunk;
    unsigned n_members;
};

enum dl_err dl_archive_open(const char *path, struct dl_archive_reader **out,
                            struct dl_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return dl_error_set(error, DL_E_INPUT, NULL, "%s cannot be read: %s", path,
                            strerror(errno));
    }
    struct dl_archive_reader *r = calloc(1, sizeof *r);
    DL_ASSERT(r != NULL, "memory for an archive");
    r->fd = fd;
    snprintf(r->path, sizeof r->path, "%s", path);
    r->hash = dl_sha256_new();
    r->chunk = malloc(CHUNK);
    DL_ASSERT(r->chunk != NULL, "memory for an archive");
    dl_buf_init(&r->sums, SUMS_MAX);
    *out = r;
    return DL_OK;
}

void dl_archive_close(struct dl_archive_reader **reader)
{
    struct dl_archive_reader *r = *reader;
    if (r != NULL) {
        close(r->fd);
        dl_buf_fini(&r->sums);
        dl_sha256_free(&r->hash);
        dl_wipe(r->chunk, CHUNK);
        free(r->chunk);
        free(r);
        *reader = NULL;
    }
}

static enum dl_err get(struct dl_archive_reader *r, void *p, size_t n, struct dl_error *error)
{
    char *at = p;
    while (n > 0) {
        ssize_t got = read(r->fd, at, n);
        if (got == 0) {
            return damaged(error, "it ends too early");
        }
        if (got < 0 && errno != EINTR) {
            return failed(error, "cannot be read", r->path);
        }
        at += got > 0 ? got : 0;
        n -= got > 0 ? (size_t)got : 0;
    }
    return DL_OK;
}

/* The next octets of the present member, into the chunk. */
static enum dl_err get_chunk(struct dl_archive_reader *r, struct dl_view *out,
                             struct dl_error *error)
{
    size_t n = r->left < CHUNK ? (size_t)r->left : CHUNK;
    DL_TRY(get(r, r->chunk, n, error));
    r->left -= n;
    *out = dl_view_of(r->chunk, n);
    dl_sha256_update(r->hash, *out);
    return DL_OK;
}

/* What is left of the present member; its sum is noted. */
static enum dl_err end_member(struct dl_archive_reader *r, struct dl_error *error)
{
    uint8_t block[DL_ARCHIVE_BLOCK];
    while (r->left > 0) {
        struct dl_view unused;
        DL_TRY(get_chunk(r, &unused, error));
    }
    if (r->member.name[0] != '\0') {
        struct dl_hash hash = dl_sha256_final(r->hash);
        sum_line(&r->sums, &hash, r->member.name);
        DL_TRY(get(r, block, (size_t)r->padding, error));
    }
    return dl_buf_err(&r->sums);
}

static enum dl_err check_sums(struct dl_archive_reader *r, uint64_t size, struct dl_error *error)
{
    struct dl_buf sums;
    dl_buf_init(&sums, SUMS_MAX);
    uint8_t *room = size <= SUMS_MAX ? dl_buf_room(&sums, (size_t)size) : NULL;
    enum dl_err err =
        room == NULL ? damaged(error, "its sums are too long") : get(r, room, (size_t)size, error);
    if (err == DL_OK && !dl_view_equal(dl_buf_view(&sums), dl_buf_view(&r->sums))) {
        err = damaged(error, "a member does not have its SHA-256 sum");
    }
    dl_buf_fini(&sums);
    return err;
}

enum dl_err dl_archive_next(struct dl_archive_reader *r, struct dl_archive_member *member,
                            bool *more, struct dl_error *error)
{
    uint8_t block[DL_ARCHIVE_BLOCK];
    struct dl_archive_member next;
    DL_TRY(end_member(r, error));
    DL_TRY(get(r, block, sizeof block, error));
    if (dl_archive_header_decode(block, &next) != DL_OK || r->n_members == DL_ARCHIVE_MEMBERS) {
        return damaged(error, "a member's header is not as this program writes it");
    }
    if (strcmp(next.name, sums_name) == 0) {
        DL_TRY(check_sums(r, next.size, error));
        r->member.name[0] = '\0';
        *more = false;
        return DL_OK;
    }
    r->n_members++;
    r->member = next;
    r->left = next.size;
    r->padding = -next.size % DL_ARCHIVE_BLOCK;
    *member = next;
    *more = true;
    return DL_OK;
}

enum dl_err dl_archive_read(struct dl_archive_reader *r, struct dl_buf *out, struct dl_error *error)
{
    if (r->left > out->max - out->n) {
        return dl_error_set(error, DL_E_TOO_LARGE, NULL, "%s in the archive is too large",
                            r->member.name);
    }
    while (r->left > 0) {
        struct dl_view octets;
        DL_TRY(get_chunk(r, &octets, error));
        dl_buf_put_view(out, octets);
    }
    return dl_buf_err(out);
}

static enum dl_err copy_out(struct dl_archive_reader *r, int to, const char *path,
                            struct dl_error *error)
{
    while (r->left > 0) {
        struct dl_view octets;
        DL_TRY(get_chunk(r, &octets, error));
        for (size_t at = 0; at < octets.n;) {
            ssize_t wrote = write(to, octets.p + at, octets.n - at);
            if (wrote < 0 && errno != EINTR) {
                return failed(error, "cannot be written", path);
            }
            at += wrote > 0 ? (size_t)wrote : 0;
        }
    }
    return fsync(to) == 0 ? DL_OK : failed(error, "cannot be synced", path);
}

enum dl_err dl_archive_extract(struct dl_archive_reader *r, const char *path, unsigned mode,
                               struct dl_error *error)
{
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (to < 0) {
        return failed(error, "cannot be made", path);
    }
    enum dl_err err = copy_out(r, to, path, error);
    close(to);
    return err;
}
