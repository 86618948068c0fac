/* build_registry OUT SCHEMA DATA [WORKER]: makes the shipped registry from its text, with what the
 * structure worker reads in its structures. Run by the build. */
#include "registry/load.h"
#include "registry/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX_OCTETS = 32 * 1024 * 1024, PATH_OCTETS = 4096, CHUNK = 65536 };

struct folder {
    const char *path;
    struct dl_buf content;
};

static enum dl_err read_whole(const char *path, struct dl_buf *out)
{
    enum dl_err err = DL_OK;
    dl_buf_reset(out);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return DL_E_INPUT;
    }
    for (;;) {
        uint8_t *room = dl_buf_room(out, CHUNK);
        if (room == NULL) {
            err = dl_buf_err(out);
            break;
        }
        size_t n = fread(room, 1, CHUNK, file);
        out->n -= CHUNK - n;
        if (n == 0) {
            err = ferror(file) != 0 ? DL_E_INPUT : DL_OK;
            break;
        }
    }
    (void)fclose(file);
    return err;
}

static enum dl_err read_data(void *context, const char *name, struct dl_view *out)
{
    struct folder *folder = context;
    char path[PATH_OCTETS];
    (void)snprintf(path, sizeof path, "%s/%s", folder->path, name);
    if (access(path, F_OK) != 0) {
        *out = dl_view_of(NULL, 0);
        return DL_OK;
    }
    DL_TRY(read_whole(path, &folder->content));
    *out = dl_buf_view(&folder->content);
    return DL_OK;
}

struct made_from {
    const char *schema, *data, *worker; /* worker: NULL without */
};

static enum dl_err read_structures(struct dl_store *store, const struct made_from *from,
                                   struct dl_error *error)
{
    struct dl_worker *worker = NULL;
    char rules[PATH_OCTETS];
    (void)snprintf(rules, sizeof rules, "%s/rules", from->data);
    struct dl_worker_config config = {.path = from->worker, .rules = rules, .processes = 2};
    struct dl_readings readings = {.n = 0};
    DL_TRY(dl_worker_open(&config, &worker, error));
    enum dl_err err = DL_OK;
    do {
        err = dl_readings_put(store, worker, &readings, error);
        if (err == DL_OK && readings.n > 0) {
            err = dl_readings_take(store, worker, &readings, error);
        }
    } while (err == DL_OK && readings.n > 0);
    dl_worker_close(&worker);
    return err;
}

static enum dl_err build(const char *out, const struct made_from *from, struct dl_error *error)
{
    struct dl_store *store = NULL;
    struct dl_buf ddl;
    struct folder folder = {.path = from->data};
    dl_buf_init(&ddl, FILE_MAX_OCTETS);
    dl_buf_init(&folder.content, FILE_MAX_OCTETS);
    enum dl_err err = read_whole(from->schema, &ddl);
    if (err != DL_OK) {
        dl_error_set(error, err, NULL, "%s: cannot be read", from->schema);
        goto out;
    }
    dl_buf_u8(&ddl, 0);
    struct dl_store_config config = {.path = out,
                                     .schema = (const char *)ddl.p,
                                     .version = DL_REGISTRY_VERSION,
                                     .cache_octets = 64 * (size_t)1024 * 1024};
    err = dl_store_open(&config, &store, error);
    if (err == DL_OK) {
        struct dl_load load = {.store = store, .read = read_data, .context = &folder};
        err = dl_registry_load(&load, error);
    }
    if (err == DL_OK && from->worker != NULL) {
        err = read_structures(store, from, error);
    }
    if (err == DL_OK) {
        err = dl_store_run(store, "VACUUM", NULL, 0, NULL, NULL);
    }
out:
    dl_store_close(&store);
    dl_buf_fini(&folder.content);
    dl_buf_fini(&ddl);
    return err;
}

int main(int argc, char **argv)
{
    struct dl_error error = {0};
    char made[PATH_OCTETS];
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: build_registry OUT SCHEMA DATA [WORKER]\n");
        return 2;
    }
    struct made_from from = {
        .schema = argv[2], .data = argv[3], .worker = argc == 5 ? argv[4] : NULL};
    (void)snprintf(made, sizeof made, "%s.new", argv[1]);
    (void)unlink(made);
    enum dl_err err = build(made, &from, &error);
    if (err == DL_OK && rename(made, argv[1]) != 0) {
        err = dl_error_set(&error, DL_E_STORE_IO, NULL, "%s cannot be replaced", argv[1]);
    }
    if (err != DL_OK) {
        (void)unlink(made);
        fprintf(stderr, "build_registry: %s: %s\n", dl_err_code(err), error.message);
        return 1;
    }
    return 0;
}
