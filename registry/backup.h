/* Backups of an agency: configuration, keys, registry.db and line.db in one file
 * (registry/archive.h) that only its owner can read. Never head/: what was signed last must not go
 * back in time with the rest (design section 4, "Durability").
 *
 * Members, in this order: `directline-backup` (lines "format 1", "agency ID", "time RFC3339"),
 * `directline.conf`, `keys/...`, `registry.db`, `line.db`, `sha256sums`.
 */
#ifndef DL_REGISTRY_BACKUP_H
#define DL_REGISTRY_BACKUP_H

#include "registry/line_db.h"

struct dl_backup_source {
    const char *dir; /* the agency's folder */
    const char *agency;
    struct dl_line_db *line;   /* open; no transaction runs */
    struct dl_store *registry; /* open */
    int64_t now_ms;
};
/* Writes FILE whole or not at all; an older one of that name is replaced. Room for a second copy of
 * the greater database is needed beside it for the time of the work. STORE_FULL, STORE_IO, INPUT.
 */
DL_MUST_USE enum dl_err dl_backup_write(const struct dl_backup_source *source, const char *file,
                                        struct dl_error *error);

/* Restores FILE into DIR, which is made when it is not there. DIR_NOT_EMPTY when it has a line.db.
 * An existing head/head.db of the same agency is kept; of another one: INPUT. Without one it is
 * made from the newest notes in line.db. Everything is verified before line.db gets its name. */
DL_MUST_USE enum dl_err dl_backup_restore(const char *file, const char *dir,
                                          struct dl_error *error);

#endif
