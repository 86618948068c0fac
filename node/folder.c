#include "node/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 12 }; /* a tile's path has at most 11 parts */

FILE *dl_folder_open(const char *folder, const char *name)
{
    char path[DL_FOLDER_PATH];
    struct stat stat;
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= sizeof path) {
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    FILE *file = NULL;
    if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode)) {
        file = fdopen(fd, "rb");
    }
    if (fd >= 0 && file == NULL) {
        (void)close(fd);
    }
    return file;
}

enum dl_err dl_folder_read(const char *folder, const char *name, struct dl_buf *out)
{
    FILE *file = dl_folder_open(folder, name);
    if (file == NULL) {
        return DL_E_INPUT;
    }
    uint8_t piece[16 * 1024];
    size_t got = 0;
    while (dl_buf_err(out) == DL_OK && (got = fread(piece, 1, sizeof piece, file)) > 0) {
        dl_buf_put(out, piece, got);
    }
    enum dl_err err = ferror(file) != 0 ? DL_E_INPUT : dl_buf_err(out);
    (void)fclose(file); // read only: nothing can be lost
    return err;
}

struct walk {
    char path[DL_FOLDER_PATH];
    size_t root; /* length of the folder's own path, with the slash */
    dl_folder_fn fn;
    void *context;
};

static enum dl_err walk_folder(struct walk *walk, size_t n, unsigned depth);

static enum dl_err visit(struct walk *walk, size_t n, const char *name, unsigned depth)
{
    struct stat stat;
    int added = snprintf(walk->path + n, sizeof walk->path - n, "%s", name);
    if (added < 0 || (size_t)added >= sizeof walk->path - n) {
        return DL_E_TOO_DEEP;
    }
    if (lstat(walk->path, &stat) != 0) {
        return DL_E_INPUT;
    }
    if (!S_ISDIR(stat.st_mode)) {
        walk->fn(walk->context, walk->path + walk->root);
        return DL_OK;
    }
    n += (size_t)added;
    if (depth == DEPTH_MAX || n + 2 > sizeof walk->path) {
        return DL_E_TOO_DEEP;
    }
    walk->path[n] = '/';
    walk->path[n + 1] = '\0';
    return walk_folder(walk, n + 1, depth + 1);
}

static enum dl_err walk_folder(struct walk *walk, size_t n, unsigned depth)
{
    DIR *dir = opendir(walk->path);
    if (dir == NULL) {
        return DL_E_INPUT;
    }
    enum dl_err err = DL_OK;
    for (struct dirent *entry = readdir(dir); err == DL_OK && entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            err = visit(walk, n, entry->d_name, depth);
        }
    }
    (void)closedir(dir);
    return err;
}

enum dl_err dl_folder_walk(const char *folder, dl_folder_fn fn, void *context)
{
    struct walk walk = {.fn = fn, .context = context};
    int n = snprintf(walk.path, sizeof walk.path, "%s/", folder);
    if (n < 0 || (size_t)n >= sizeof walk.path) {
        return DL_E_INPUT;
    }
    walk.root = (size_t)n;
    return walk_folder(&walk, (size_t)n, 0);
}
