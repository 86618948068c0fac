/* Database files on the system's disk: which are open in this process, and reading past the page
 * cache. Only registry/store_*.c include this.
 */
#ifndef DL_REGISTRY_STORE_FILE_H
#define DL_REGISTRY_STORE_FILE_H

struct dl_store_file;

/* After a failed sync the system's page cache may hold what the disk does not. A start reads from
 * the disk itself, so what it verifies is what is there (I10). A file that is open for writing in
 * this process is left alone. */
void dl__store_file_forget_cached(const char *path);
/* A store has it open for writing, until closed. */
struct dl_store_file *dl__store_file_opened(const char *path);
void dl__store_file_closed(struct dl_store_file **file);

#endif
