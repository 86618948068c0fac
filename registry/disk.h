/* A disk as the store sees it: the seam by which a world other than the operating system's (a
 * simulated disk with power cuts, faults and a size) stands under the databases. Implemented over
 * SQLite's VFS in registry/store_vfs.c.
 *
 * All calls are synchronous and return DL_OK, DL_E_STORE_FULL, DL_E_STORE_IO or DL_E_NOMEM.
 */
#ifndef DL_REGISTRY_DISK_H
#define DL_REGISTRY_DISK_H

#include "base/octets.h"

struct dl_disk_file; /* owned by the disk, one per open */

struct dl_disk {
    void *self;
    enum dl_err (*open)(void *self, const char *path, bool create, struct dl_disk_file **out);
    void (*close)(void *self, struct dl_disk_file *file);
    /* Reads what is there up to n octets; *got < n at the end of the file. */
    enum dl_err (*read)(void *self, struct dl_disk_file *file, void *p, size_t n, uint64_t at,
                        size_t *got);
    /* A power cut may tear it; it leaves the octets beside it as they were. */
    enum dl_err (*write)(void *self, struct dl_disk_file *file, const void *p, size_t n,
                         uint64_t at);
    enum dl_err (*truncate)(void *self, struct dl_disk_file *file, uint64_t size);
    enum dl_err (*sync)(void *self, struct dl_disk_file *file);
    enum dl_err (*size)(void *self, struct dl_disk_file *file, uint64_t *out);
    enum dl_err (*remove)(void *self, const char *path);
    bool (*exists)(void *self, const char *path);
    /* For SQLite's own needs (salts of its WAL): from the world's randomness and clock. */
    void (*random)(void *self, void *p, size_t n);
    int64_t (*now_ms)(void *self);
};

#endif
