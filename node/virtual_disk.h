/* A disk in memory, for virtual worlds and for tests: everything a real one does wrong can be asked
 * of it. What was written and not synced is lost, kept or torn by sectors in a power cut, as its
 * seed says; calls fail on demand; it has a size. Depends on registry/disk.h only.
 *
 * A file becomes durable with its first sync; a removal is durable at once.
 */
#ifndef DL_NODE_VIRTUAL_DISK_H
#define DL_NODE_VIRTUAL_DISK_H

#include "registry/disk.h"

struct dl_virtual_disk;

struct dl_virtual_disk *dl_virtual_disk_new(uint64_t seed);
void dl_virtual_disk_free(struct dl_virtual_disk **disk);
/* What databases stand on; lives as long as the virtual disk. */
struct dl_disk *dl_virtual_disk_door(struct dl_virtual_disk *disk);
/* The clock that databases see; without one it stands at 0. */
void dl_virtual_disk_set_clock(struct dl_virtual_disk *disk, int64_t (*now_ms)(void *context),
                               void *context);
/* Octets of all files together; a write or an extension beyond it is STORE_FULL. 0: no limit. */
void dl_virtual_disk_set_capacity(struct dl_virtual_disk *disk, uint64_t octets);

/* The process is gone: every later call fails with STORE_IO and changes nothing, until revive. The
 * holder closes its databases in between. What was written stays, synced or not. */
void dl_virtual_disk_kill(struct dl_virtual_disk *disk);
/* The same, and the power is cut: what was not synced is lost, kept or torn. */
void dl_virtual_disk_cut_power(struct dl_virtual_disk *disk);
void dl_virtual_disk_revive(struct dl_virtual_disk *disk);

enum dl_virtual_disk_op {
    DL_DISK_READ = 1 << 0,
    DL_DISK_WRITE = 1 << 1, /* truncation too */
    DL_DISK_SYNC = 1 << 2,
    DL_DISK_OPEN = 1 << 3, /* removal too */
    DL_DISK_ANY = 15
};

/* Which calls fail. A failing write may leave a part behind. */
struct dl_virtual_disk_fault {
    unsigned ops;       /* of these calls */
    uint64_t after;     /* this many still work */
    uint64_t n;         /* then this many fail; UINT64_MAX: all */
    enum dl_err err;    /* STORE_IO, STORE_FULL */
    const char *suffix; /* of files whose name ends so; NULL: of all. Borrowed */
};
void dl_virtual_disk_set_fault(struct dl_virtual_disk *disk,
                               const struct dl_virtual_disk_fault *fault); /* NULL: none */
/* How many calls failed because of the present fault. */
uint64_t dl_virtual_disk_failed(const struct dl_virtual_disk *disk);
/* How many calls of these kinds there have been, failed ones included. */
uint64_t dl_virtual_disk_calls(const struct dl_virtual_disk *disk, unsigned ops);

/* Octets from outside, as a restore or a bad sector puts them there; durable at once. The file is
 * made when it does not exist. DL_E_NOMEM. */
DL_MUST_USE enum dl_err dl_virtual_disk_put(struct dl_virtual_disk *disk, const char *path,
                                            uint64_t at, struct dl_view octets);
/* Append a whole file. False when it does not exist. */
bool dl_virtual_disk_get(struct dl_virtual_disk *disk, const char *path, struct dl_buf *out);
void dl_virtual_disk_remove(struct dl_virtual_disk *disk, const char *path);
/* Flip one bit of what is stored. False when the file has no such octet. */
bool dl_virtual_disk_flip(struct dl_virtual_disk *disk, const char *path, uint64_t at,
                          unsigned bit);

#endif
