#include "registry/store_file.h"
#include "base/err.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LENGTH = 4096 };

struct dl_store_file {
    dev_t device;
    ino_t inode;
    struct dl_store_file *next;
};

static struct dl_store_file *all_open;

/* Closing any descriptor of such a file would drop its store's lock: POSIX locks belong to the
 * process. */
static bool is_open_here(const struct stat *facts)
{
    const struct dl_store_file *file = all_open;
    while (file != NULL && (file->device != facts->st_dev || file->inode != facts->st_ino)) {
        file = file->next;
    }
    return file != NULL;
}

static void forget_cached(const char *path)
{
    struct stat facts;
    int fd = -1;
    if (stat(path, &facts) == 0 && !is_open_here(&facts)) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd >= 0) {
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
}

void dl__store_file_forget_cached(const char *path)
{
    char wal[PATH_LENGTH];
    int n = snprintf(wal, sizeof wal, "%s-wal", path);
    forget_cached(path);
    if (n > 0 && (size_t)n < sizeof wal) {
        forget_cached(wal);
    }
}

struct dl_store_file *dl__store_file_opened(const char *path)
{
    struct stat facts;
    struct dl_store_file *file = NULL;
    if (stat(path, &facts) == 0) {
        file = calloc(1, sizeof *file);
        DL_ASSERT(file != NULL, "memory for a store");
        file->device = facts.st_dev;
        file->inode = facts.st_ino;
        file->next = all_open;
        all_open = file;
    }
    return file;
}

void dl__store_file_closed(struct dl_store_file **file)
{
    struct dl_store_file **at = &all_open;
    while (*at != NULL && *at != *file) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = (*at)->next;
        free(*file);
    }
    *file = NULL;
}
