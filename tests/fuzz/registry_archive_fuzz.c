/* Any file as an archive: the reader stays inside it, ends, and accepts no name that leads
 * elsewhere. */
#include "registry/archive.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const char *path)
{
    struct dl_error error;
    struct dl_archive_reader *reader = NULL;
    struct dl_archive_member member = {.size = 0};
    struct dl_buf octets;
    dl_buf_init(&octets, 64 * 1024);
    enum dl_err err = dl_archive_open(path, &reader, &error);
    for (bool more = err == DL_OK; more && err == DL_OK;) {
        err = dl_archive_next(reader, &member, &more, &error);
        if (err == DL_OK && more) {
            DL_ASSERT(member.name[0] != '/' && strstr(member.name, "..") == NULL, "a name of ours");
            dl_buf_reset(&octets);
            enum dl_err got = dl_archive_read(reader, &octets, &error);
            DL_ASSERT(got != DL_OK || octets.n == member.size, "the whole member");
        }
    }
    dl_archive_close(&reader);
    dl_buf_fini(&octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("archive", MFD_CLOEXEC);
    DL_ASSERT(fd >= 0, "a file to write to");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t wrote = write(fd, data, size);
    DL_ASSERT(wrote == (ssize_t)size, "a file that is written");
    read_all(path);
    close(fd);
    return 0;
}
