/* An open registry: one database of substances, instruments and listings (registry/SCHEMA.md).
 *
 * The shipped registry is found beside the running program (registry.db, then
 * ../share/directline/registry.db); DIRECTLINE_REGISTRY names another file. It is opened read-only
 * and may be shared by many processes. An agency's own copy is opened for writing by its node
 * alone.
 */
#ifndef DL_REGISTRY_REGISTRY_H
#define DL_REGISTRY_REGISTRY_H

#include "registry/store.h"

struct dl_registry;

struct dl_registry_config {
    const char *path;
    struct dl_disk *disk; /* NULL: the operating system's */
    bool read_only;
};

/* REGISTRY_MISSING when the file is not there or is no registry; STORE_VERSION for another
 * version's. */
DL_MUST_USE enum dl_err dl_registry_open(const struct dl_registry_config *config,
                                         struct dl_registry **out, struct dl_error *error);
DL_MUST_USE enum dl_err dl_registry_open_shipped(struct dl_registry **out, struct dl_error *error);
void dl_registry_close(struct dl_registry **registry);
struct dl_store *dl_registry_store(const struct dl_registry *registry);
const char *dl_registry_path(const struct dl_registry *registry);

/* The path of the shipped registry, NUL-terminated. REGISTRY_MISSING names every place looked at.
 */
DL_MUST_USE enum dl_err dl_registry_shipped_path(char *out, size_t n, struct dl_error *error);

#endif
