#include "node/virtual_disk.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096, SECTOR = 512, PATH = 256 };

/* A block as it is seen, and as it was at the last sync where it has been changed since. */
struct block {
    uint8_t now[BLOCK];
    uint8_t *synced;
};

struct inode {
    char path[PATH];
    struct block **blocks; /* NULL where nothing was written: zeros */
    size_t n_blocks;
    size_t changed_from, changed_to; /* every block with a `synced` lies in here */
    uint64_t size, synced_size;
    bool durable; /* was synced once */
    bool removed;
    unsigned opens;
    struct inode *next;
};

struct dl_disk_file {
    struct inode *inode;
};

struct dl_virtual_disk {
    struct dl_disk door;
    struct inode *inodes;
    uint64_t random;
    int64_t (*now_ms)(void *context);
    void *now_context;
    uint64_t capacity, used;
    bool dead;
    struct dl_virtual_disk_fault fault;
    uint64_t matched, failed;
    uint64_t calls[4];
};

static uint64_t draw(struct dl_virtual_disk *disk)
{
    // splitmix64 (Steele, Lea, Flood 2014): any seed gives a good stream
    uint64_t z = disk->random += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

/* ---- files ---- */

static struct inode *find(struct dl_virtual_disk *disk, const char *path)
{
    struct inode *inode = disk->inodes;
    while (inode != NULL && (inode->removed || strcmp(inode->path, path) != 0)) {
        inode = inode->next;
    }
    return inode;
}

static struct inode *make(struct dl_virtual_disk *disk, const char *path)
{
    size_t n = strlen(path);
    struct inode *inode = n < PATH ? calloc(1, sizeof *inode) : NULL;
    if (inode != NULL) {
        memcpy(inode->path, path, n + 1);
        inode->next = disk->inodes;
        disk->inodes = inode;
    }
    return inode;
}

static void forget_synced(struct inode *inode)
{
    for (size_t i = inode->changed_from; i < inode->changed_to; i++) {
        if (inode->blocks[i] != NULL) {
            free(inode->blocks[i]->synced);
            inode->blocks[i]->synced = NULL;
        }
    }
    inode->changed_from = inode->changed_to = 0;
}

static void inode_free(struct inode *inode)
{
    forget_synced(inode);
    for (size_t i = 0; i < inode->n_blocks; i++) {
        free(inode->blocks[i]);
    }
    free(inode->blocks);
    free(inode);
}

/* Free what has no name and is not open any more. */
static void sweep(struct dl_virtual_disk *disk)
{
    for (struct inode **at = &disk->inodes; *at != NULL;) {
        struct inode *inode = *at;
        if (inode->removed && inode->opens == 0) {
            *at = inode->next;
            disk->used -= inode->size;
            inode_free(inode);
        } else {
            at = &inode->next;
        }
    }
}

/* The block, made when it is missing. */
static struct block *block_at(struct inode *inode, size_t index)
{
    if (index >= inode->n_blocks) {
        size_t n = index + 1 > 2 * inode->n_blocks ? index + 1 : 2 * inode->n_blocks;
        struct block **blocks = reallocarray(inode->blocks, n, sizeof(struct block *));
        if (blocks == NULL) {
            return NULL;
        }
        for (size_t i = inode->n_blocks; i < n; i++) {
            blocks[i] = NULL;
        }
        inode->blocks = blocks;
        inode->n_blocks = n;
    }
    if (inode->blocks[index] == NULL) {
        inode->blocks[index] = calloc(1, sizeof(struct block));
    }
    return inode->blocks[index];
}

/* A block about to be changed: what it held at the last sync is kept. */
static struct block *block_to_change(struct inode *inode, size_t index)
{
    struct block *block = block_at(inode, index);
    if (block != NULL && block->synced == NULL) {
        block->synced = malloc(BLOCK);
        if (block->synced == NULL) {
            return NULL;
        }
        memcpy(block->synced, block->now, BLOCK);
        bool first = inode->changed_to == inode->changed_from;
        inode->changed_from = first || index < inode->changed_from ? index : inode->changed_from;
        inode->changed_to = first || index >= inode->changed_to ? index + 1 : inode->changed_to;
    }
    return block;
}

static enum dl_err write_octets(struct inode *inode, const uint8_t *p, size_t n, uint64_t at)
{
    while (n > 0) {
        size_t in = (size_t)(at % BLOCK);
        size_t part = n < BLOCK - in ? n : BLOCK - in;
        struct block *block = block_to_change(inode, (size_t)(at / BLOCK));
        if (block == NULL) {
            return DL_E_NOMEM;
        }
        memcpy(block->now + in, p, part);
        p += part;
        n -= part;
        at += part;
    }
    return DL_OK;
}

static void read_octets(const struct inode *inode, uint8_t *p, size_t n, uint64_t at)
{
    while (n > 0) {
        size_t in = (size_t)(at % BLOCK);
        size_t index = (size_t)(at / BLOCK);
        size_t part = n < BLOCK - in ? n : BLOCK - in;
        if (index < inode->n_blocks && inode->blocks[index] != NULL) {
            memcpy(p, inode->blocks[index]->now + in, part);
        } else {
            memset(p, 0, part);
        }
        p += part;
        n -= part;
        at += part;
    }
}

/* What is cut off reads as zeros when the file grows again. */
static enum dl_err clear(struct inode *inode, uint64_t from, uint64_t to)
{
    static const uint8_t zeros[BLOCK];
    while (from < to) {
        size_t in_block = (size_t)(BLOCK - from % BLOCK);
        size_t n = to - from < in_block ? (size_t)(to - from) : in_block;
        if (from / BLOCK < inode->n_blocks && inode->blocks[from / BLOCK] != NULL) {
            DL_TRY(write_octets(inode, zeros, n, from));
        }
        from += n;
    }
    return DL_OK;
}

static enum dl_err resize(struct dl_virtual_disk *disk, struct inode *inode, uint64_t size)
{
    if (size > inode->size && disk->capacity != 0 &&
        disk->used + (size - inode->size) > disk->capacity) {
        return DL_E_STORE_FULL;
    }
    DL_TRY(clear(inode, size, inode->size));
    disk->used = disk->used - inode->size + size;
    inode->size = size;
    return DL_OK;
}

/* ---- faults ---- */

static bool ends_with(const char *text, const char *suffix)
{
    size_t n = strlen(text);
    size_t m = suffix == NULL ? 0 : strlen(suffix);
    return m <= n && memcmp(text + n - m, suffix == NULL ? "" : suffix, m) == 0;
}

static enum dl_err judge(struct dl_virtual_disk *disk, enum dl_virtual_disk_op op, const char *path)
{
    disk->calls[__builtin_ctz(op)]++;
    if (disk->dead) {
        return DL_E_STORE_IO;
    }
    const struct dl_virtual_disk_fault *fault = &disk->fault;
    if ((fault->ops & op) == 0 || !ends_with(path, fault->suffix)) {
        return DL_OK;
    }
    uint64_t number = disk->matched++;
    if (number < fault->after || number - fault->after >= fault->n) {
        return DL_OK;
    }
    disk->failed++;
    return fault->err;
}

/* ---- the door ---- */

static enum dl_err door_open(void *self, const char *path, bool create, struct dl_disk_file **out)
{
    struct dl_virtual_disk *disk = self;
    DL_TRY(judge(disk, DL_DISK_OPEN, path));
    struct inode *inode = find(disk, path);
    if (inode == NULL && create) {
        inode = make(disk, path);
    }
    struct dl_disk_file *file = inode == NULL ? NULL : calloc(1, sizeof *file);
    if (file == NULL) {
        return DL_E_STORE_IO;
    }
    file->inode = inode;
    inode->opens++;
    *out = file;
    return DL_OK;
}

static void door_close(void *self, struct dl_disk_file *file)
{
    DL_ASSERT(file->inode->opens > 0, "a file is closed as often as it was opened");
    file->inode->opens--;
    free(file);
    sweep(self);
}

static enum dl_err door_read(void *self, struct dl_disk_file *file, void *p, size_t n, uint64_t at,
                             size_t *got)
{
    const struct inode *inode = file->inode;
    DL_TRY(judge(self, DL_DISK_READ, inode->path));
    uint64_t left = at < inode->size ? inode->size - at : 0;
    *got = left < n ? (size_t)left : n;
    read_octets(inode, p, *got, at);
    return DL_OK;
}

static enum dl_err door_write(void *self, struct dl_disk_file *file, const void *p, size_t n,
                              uint64_t at)
{
    struct dl_virtual_disk *disk = self;
    struct inode *inode = file->inode;
    enum dl_err err = judge(disk, DL_DISK_WRITE, inode->path);
    if (err != DL_OK && !disk->dead && n > 1) {
        n = (size_t)(draw(disk) % n); // torn: a part is written all the same
    } else if (err != DL_OK) {
        return err;
    }
    if (at + n > inode->size) {
        enum dl_err full = resize(disk, inode, at + n);
        if (full != DL_OK) {
            return err == DL_OK ? full : err;
        }
    }
    enum dl_err wrote = write_octets(inode, p, n, at);
    return err == DL_OK ? wrote : err;
}

static enum dl_err door_truncate(void *self, struct dl_disk_file *file, uint64_t size)
{
    DL_TRY(judge(self, DL_DISK_WRITE, file->inode->path));
    return resize(self, file->inode, size);
}

static enum dl_err door_sync(void *self, struct dl_disk_file *file)
{
    struct inode *inode = file->inode;
    DL_TRY(judge(self, DL_DISK_SYNC, inode->path));
    forget_synced(inode);
    inode->synced_size = inode->size;
    inode->durable = true;
    return DL_OK;
}

static enum dl_err door_size(void *self, struct dl_disk_file *file, uint64_t *out)
{
    const struct dl_virtual_disk *disk = self;
    *out = file->inode->size;
    return disk->dead ? DL_E_STORE_IO : DL_OK;
}

static enum dl_err door_remove(void *self, const char *path)
{
    DL_TRY(judge(self, DL_DISK_OPEN, path));
    dl_virtual_disk_remove(self, path);
    return DL_OK;
}

static bool door_exists(void *self, const char *path)
{
    return find(self, path) != NULL;
}

static void door_random(void *self, void *p, size_t n)
{
    uint8_t *out = p;
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)draw(self);
    }
}

static int64_t door_now(void *self)
{
    const struct dl_virtual_disk *disk = self;
    return disk->now_ms == NULL ? 0 : disk->now_ms(disk->now_context);
}

/* ---- what a world does with it ---- */

struct dl_virtual_disk *dl_virtual_disk_new(uint64_t seed)
{
    struct dl_virtual_disk *disk = calloc(1, sizeof *disk);
    DL_ASSERT(disk != NULL, "memory for a virtual disk");
    disk->random = seed;
    disk->door = (struct dl_disk){.self = disk,
                                  .open = door_open,
                                  .close = door_close,
                                  .read = door_read,
                                  .write = door_write,
                                  .truncate = door_truncate,
                                  .sync = door_sync,
                                  .size = door_size,
                                  .remove = door_remove,
                                  .exists = door_exists,
                                  .random = door_random,
                                  .now_ms = door_now};
    return disk;
}

void dl_virtual_disk_free(struct dl_virtual_disk **disk)
{
    if (*disk != NULL) {
        while ((*disk)->inodes != NULL) {
            struct inode *inode = (*disk)->inodes;
            DL_ASSERT(inode->opens == 0, "databases are closed before their disk");
            (*disk)->inodes = inode->next;
            inode_free(inode);
        }
        free(*disk);
        *disk = NULL;
    }
}

struct dl_disk *dl_virtual_disk_door(struct dl_virtual_disk *disk)
{
    return &disk->door;
}

void dl_virtual_disk_set_clock(struct dl_virtual_disk *disk, int64_t (*now_ms)(void *context),
                               void *context)
{
    disk->now_ms = now_ms;
    disk->now_context = context;
}

void dl_virtual_disk_set_capacity(struct dl_virtual_disk *disk, uint64_t octets)
{
    disk->capacity = octets;
}

void dl_virtual_disk_kill(struct dl_virtual_disk *disk)
{
    disk->dead = true;
}

void dl_virtual_disk_revive(struct dl_virtual_disk *disk)
{
    disk->dead = false;
}

/* Each sector written since the last sync is as before or as now. */
static void tear(struct dl_virtual_disk *disk, struct inode *inode)
{
    for (size_t i = 0; i < inode->n_blocks; i++) {
        struct block *block = inode->blocks[i];
        for (size_t at = 0; block != NULL && block->synced != NULL && at < BLOCK; at += SECTOR) {
            if ((draw(disk) & 1) != 0) {
                memcpy(block->now + at, block->synced + at, SECTOR);
            }
        }
    }
    uint64_t size = (draw(disk) & 1) != 0 ? inode->size : inode->synced_size;
    enum dl_err err = clear(inode, size, inode->size);
    DL_ASSERT(err == DL_OK, "memory for what is cleared");
    disk->used = disk->used - inode->size + size;
    inode->size = size;
    inode->synced_size = size;
    forget_synced(inode);
}

void dl_virtual_disk_cut_power(struct dl_virtual_disk *disk)
{
    disk->dead = true;
    for (struct inode *inode = disk->inodes; inode != NULL; inode = inode->next) {
        if (inode->durable) {
            tear(disk, inode);
        } else {
            inode->removed = true; // its name was never written down
        }
    }
    sweep(disk);
}

void dl_virtual_disk_set_fault(struct dl_virtual_disk *disk,
                               const struct dl_virtual_disk_fault *fault)
{
    static const struct dl_virtual_disk_fault none;
    disk->fault = fault == NULL ? none : *fault;
    disk->matched = 0;
    disk->failed = 0;
}

uint64_t dl_virtual_disk_failed(const struct dl_virtual_disk *disk)
{
    return disk->failed;
}

uint64_t dl_virtual_disk_calls(const struct dl_virtual_disk *disk, unsigned ops)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < 4; i++) {
        n += (ops & (1U << i)) != 0 ? disk->calls[i] : 0;
    }
    return n;
}

enum dl_err dl_virtual_disk_put(struct dl_virtual_disk *disk, const char *path, uint64_t at,
                                struct dl_view octets)
{
    struct inode *inode = find(disk, path);
    inode = inode == NULL ? make(disk, path) : inode;
    if (inode == NULL) {
        return DL_E_NOMEM;
    }
    if (at + octets.n > inode->size) {
        disk->used += at + octets.n - inode->size;
        inode->size = at + octets.n;
    }
    DL_TRY(write_octets(inode, octets.p, octets.n, at));
    forget_synced(inode);
    inode->synced_size = inode->size;
    inode->durable = true;
    return DL_OK;
}

bool dl_virtual_disk_get(struct dl_virtual_disk *disk, const char *path, struct dl_buf *out)
{
    const struct inode *inode = find(disk, path);
    uint8_t *room = inode == NULL ? NULL : dl_buf_room(out, (size_t)inode->size);
    if (room != NULL) {
        read_octets(inode, room, (size_t)inode->size, 0);
    }
    return room != NULL;
}

void dl_virtual_disk_remove(struct dl_virtual_disk *disk, const char *path)
{
    struct inode *inode = find(disk, path);
    if (inode != NULL) {
        inode->removed = true;
        sweep(disk);
    }
}

bool dl_virtual_disk_flip(struct dl_virtual_disk *disk, const char *path, uint64_t at, unsigned bit)
{
    struct inode *inode = find(disk, path);
    if (inode == NULL || at >= inode->size) {
        return false;
    }
    struct block *block = block_at(inode, (size_t)(at / BLOCK));
    if (block == NULL) {
        return false;
    }
    uint8_t mask = (uint8_t)(1U << (bit % 8));
    block->now[at % BLOCK] ^= mask;
    if (block->synced != NULL) {
        block->synced[at % BLOCK] ^= mask;
    }
    return true;
}
