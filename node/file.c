#include "node/file.h"
#include "base/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum dl_err dl_file_read(const char *path, size_t max, struct dl_buf *out, struct dl_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return dl_error_set(error, DL_E_INPUT, NULL, "%s cannot be read: %s", path,
                            strerror(errno));
    }
    enum dl_err err = DL_OK;
    size_t start = out->n;
    for (;;) {
        uint8_t piece[16 * 1024];
        ssize_t n = read(fd, piece, sizeof piece);
        if (n <= 0) {
            err = n < 0 ? DL_E_STORE_IO : DL_OK;
            break;
        }
        dl_buf_put(out, piece, (size_t)n);
        dl_wipe(piece, (size_t)n);
        if (out->n - start > max || dl_buf_err(out) != DL_OK) {
            err = DL_E_TOO_LARGE;
            break;
        }
    }
    close(fd);
    return err == DL_OK
               ? DL_OK
               : dl_error_set(error, err, NULL, "%s cannot be read: %s", path, dl_err_text(err));
}

static bool write_all(int fd, struct dl_view octets)
{
    while (octets.n > 0) {
        ssize_t n = write(fd, octets.p, octets.n);
        if (n <= 0) {
            return false;
        }
        octets = dl_view_of(octets.p + n, octets.n - (size_t)n);
    }
    return fsync(fd) == 0;
}

/* A new name lasts only when its folder is synced too. */
static bool sync_folder_of(const char *path)
{
    char folder[DL_FILE_PATH + 8];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
             slash == NULL ? "." : path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

enum dl_err dl_file_write(const char *path, unsigned mode, struct dl_view octets,
                          struct dl_error *error)
{
    char temporary[DL_FILE_PATH + 8];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
    bool ok = fd >= 0 && fchmod(fd, (mode_t)mode) == 0 && write_all(fd, octets);
    if (fd >= 0) {
        ok = close(fd) == 0 && ok;
    }
    ok = ok && rename(temporary, path) == 0 && sync_folder_of(path);
    return ok ? DL_OK
              : dl_error_set(error, errno == ENOSPC ? DL_E_STORE_FULL : DL_E_STORE_IO, NULL,
                             "%s cannot be written: %s", path, strerror(errno));
}

void dl_file_join(char out[DL_FILE_PATH], const char *dir, const char *name)
{
    int n = snprintf(out, DL_FILE_PATH, "%s/%s", dir, name);
    DL_ASSERT(n > 0 && n < DL_FILE_PATH, "the system's own paths are shorter");
}
