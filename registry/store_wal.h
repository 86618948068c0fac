/* A VFS over another one that gathers the many small writes to a WAL (two a page) into one, made
 * when the WAL is synced or read. What a commit promises is unchanged: its sync comes after its
 * writes. Only registry/store_*.c include this.
 */
#ifndef DL_REGISTRY_STORE_WAL_H
#define DL_REGISTRY_STORE_WAL_H

/* Registers it over the VFS named `under` (NULL: the system's); gives its name, to be freed by
 * dl__store_wal_free (NULL is fine) before the one under it. */
char *dl__store_wal_new(const char *under);
void dl__store_wal_free(char *name);

#endif
