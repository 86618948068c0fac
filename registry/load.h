/* Makes a registry from its text (registry/data; registry/SCHEMA.md): used by the build, and by
 * tests with a text of their own.
 */
#ifndef DL_REGISTRY_LOAD_H
#define DL_REGISTRY_LOAD_H

#include "registry/store.h"

enum { DL_REGISTRY_VERSION = 4 }; /* of registry/schema/registry.sql */

struct dl_load {
    struct dl_store *store; /* new, with the schema and nothing else */
    /* The text of a file named from registry/data ("cn/lists.csv"); valid until the next call.
     * `out->p` NULL: there is no such file, which is right for all but release.csv and reach.csv.
     */
    enum dl_err (*read)(void *context, const char *name, struct dl_view *out);
    void *context;
};

/* Loads everything in one transaction. INPUT names file, line and column in error->message; then
 * the store holds nothing. meta.version becomes the hash of all that was read. */
DL_MUST_USE enum dl_err dl_registry_load(const struct dl_load *load, struct dl_error *error);

#endif
