#include "registry/registry.h"
#include "registry/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dl_registry {
    struct dl_store *store;
    char *path;
};

enum { CACHE = 16 * 1024 * 1024, PATH_MAX_ = 4096 };

enum dl_err dl_registry_open(const struct dl_registry_config *config, struct dl_registry **out,
                             struct dl_error *error)
{
    if (config->disk == NULL && access(config->path, R_OK) != 0) {
        dl_error_set(error, DL_E_REGISTRY_MISSING, NULL, "there is no registry at %s",
                     config->path);
        return dl_error_hint(error,
                             "build it (scripts/demo does), or name one in DIRECTLINE_REGISTRY");
    }
    struct dl_registry *registry = calloc(1, sizeof *registry);
    DL_ASSERT(registry != NULL, "memory for a registry");
    struct dl_store_config store = {.path = config->path,
                                    .disk = config->disk,
                                    .read_only = config->read_only,
                                    .version = DL_REGISTRY_VERSION,
                                    .cache_octets = CACHE};
    enum dl_err err = dl_store_open(&store, &registry->store, error);
    if (err != DL_OK) {
        free(registry);
        if (err == DL_E_STORE_LOCKED || err == DL_E_STORE_VERSION) {
            return err;
        }
        dl_error_set(error, DL_E_REGISTRY_MISSING, NULL, "%s is no registry, or is damaged",
                     config->path);
        return dl_error_hint(error, "copy registry.db from a backup or from the program's folder");
    }
    registry->path = strdup(config->path);
    *out = registry;
    return DL_OK;
}

void dl_registry_close(struct dl_registry **registry)
{
    if (*registry != NULL) {
        dl_store_close(&(*registry)->store);
        free((*registry)->path);
        free(*registry);
        *registry = NULL;
    }
}

struct dl_store *dl_registry_store(const struct dl_registry *registry)
{
    return registry->store;
}

const char *dl_registry_path(const struct dl_registry *registry)
{
    return registry->path;
}

enum dl_err dl_registry_shipped_path(char *out, size_t n, struct dl_error *error)
{
    const char *named = getenv("DIRECTLINE_REGISTRY");
    if (named != NULL && named[0] != '\0') {
        snprintf(out, n, "%s", named);
        return DL_OK;
    }
    char program[PATH_MAX_];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) {
        return dl_error_set(error, DL_E_REGISTRY_MISSING, NULL, "the program cannot find itself");
    }
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    *slash = '\0';
    const char *places[] = {"registry.db", "../share/directline/registry.db"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(out, n, "%s/%s", program, places[i]);
        if (access(out, R_OK) == 0) {
            return DL_OK;
        }
    }
    dl_error_set(error, DL_E_REGISTRY_MISSING, NULL,
                 "no registry at %s/registry.db nor %s/../share/directline/registry.db", program,
                 program);
    return dl_error_hint(error, "build it (scripts/demo does), or name one in DIRECTLINE_REGISTRY");
}

enum dl_err dl_registry_open_shipped(struct dl_registry **out, struct dl_error *error)
{
    char path[PATH_MAX_ + 64];
    DL_TRY(dl_registry_shipped_path(path, sizeof path, error));
    struct dl_registry_config config = {.path = path, .read_only = true};
    return dl_registry_open(&config, out, error);
}
