/* SQLite's VFS over a dl_disk. Only registry/store_*.c include this. */
#ifndef DL_REGISTRY_STORE_VFS_H
#define DL_REGISTRY_STORE_VFS_H

#include "registry/disk.h"

/* Registers a VFS that stands on the disk; gives its name, to be freed by dl__store_vfs_free (NULL
 * is fine). */
char *dl__store_vfs_new(struct dl_disk *disk);
void dl__store_vfs_free(char *name);

#endif
