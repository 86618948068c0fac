#include "node/agency_dir.h"
#include "node/agency_keys.h"
#include "node/file.h"
#include "node/uv_world.h"
#include "registry/registry.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_FILE = 64 * 1024, LOCK_TRIES = 100, LOCK_PAUSE_US = 50 * 1000 };

/* ---- making ---- */

static enum dl_err check_empty(const char *dir, struct dl_error *error)
{
    if (mkdir(dir, 0700) == 0) {
        return DL_OK;
    }
    int why = errno;
    DIR *listing = opendir(dir);
    if (listing == NULL) {
        return dl_error_set(error, DL_E_INPUT, NULL, "%s cannot be made: %s", dir,
                            strerror(why == EEXIST ? errno : why));
    }
    bool empty = true;
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    }
    closedir(listing);
    if (!empty) {
        dl_error_set(error, DL_E_DIR_NOT_EMPTY, NULL, "%s is not empty; nothing was changed", dir);
        return dl_error_hint(error, "name a folder that is empty or not there yet");
    }
    return DL_OK;
}

static void ignore_stranger(void *context, struct dl_link *link, const char *remote)
{
    (void)context;
    (void)remote;
    (void)link; // the world that probes a port is gone before anybody can call
}

/* A port that the system gives for 0 is one that it also gives to connections going out, so that a
 * later start could find it taken. One below those (32768 and more) is tried first. */
static enum dl_err listen_somewhere(struct dl_world *world, const char *address,
                                    struct dl_listener **out, struct dl_error *error)
{
    enum { TRIES = 32, LEAST = 20000, PORTS = 12000 };
    size_t n = strlen(address);
    bool open = n > 2 && strcmp(address + n - 2, ":0") == 0;
    for (int i = 0; open && i < TRIES; i++) {
        char chosen[DL_LIMIT_ADDRESS + 8];
        uint16_t random = 0;
        world->ops->random(world, &random, sizeof random);
        snprintf(chosen, sizeof chosen, "%.*s%d", (int)n - 1, address, LEAST + random % PORTS);
        if (world->ops->listen(world, chosen, ignore_stranger, NULL, out, error) == DL_OK) {
            return DL_OK;
        }
    }
    return world->ops->listen(world, address, ignore_stranger, NULL, out, error);
}

/* Bind each address whose port is 0, to learn a port that is free, and write it down. */
static enum dl_err choose_ports(struct dl_config *config, struct dl_error *error)
{
    struct dl_uv_world *uv = dl_uv_world_new();
    struct dl_world *world = dl_uv_world_as_world(uv);
    struct dl_listener *listeners[DL_LIMIT_ADDRESSES] = {NULL};
    enum dl_err err = DL_OK;
    for (size_t i = 0; i < config->n_listen && err == DL_OK; i++) {
        err = listen_somewhere(world, config->listen[i], &listeners[i], error);
        if (err == DL_OK) {
            dl_uv_listener_address(listeners[i], config->listen[i], sizeof config->listen[i]);
        }
    }
    for (size_t i = 0; i < config->n_listen; i++) {
        world->ops->listener_free(listeners[i]);
    }
    dl_uv_world_free(&uv);
    return err;
}

static enum dl_err copy_registry(const char *dir, struct dl_error *error)
{
    char from[DL_FILE_PATH];
    char to[DL_FILE_PATH];
    struct dl_registry *registry = NULL;
    DL_TRY(dl_registry_shipped_path(from, sizeof from, error));
    struct dl_registry_config config = {.path = from, .read_only = true};
    DL_TRY(dl_registry_open(&config, &registry, error));
    dl_file_join(to, dir, "registry.db");
    enum dl_err err = dl_store_backup(dl_registry_store(registry), to, NULL, NULL);
    dl_registry_close(&registry);
    return err == DL_OK ? DL_OK
                        : dl_error_set(error, err, NULL, "the registry cannot be copied to %s", to);
}

static enum dl_err make_stores(const char *dir, struct dl_error *error)
{
    char path[DL_FILE_PATH];
    struct dl_line_db *db = NULL;
    struct dl_headdb *head = NULL;
    dl_file_join(path, dir, "line.db");
    DL_TRY(dl_line_db_open(path, NULL, &db, error));
    dl_line_db_close(&db);
    dl_file_join(path, dir, "head/head.db");
    DL_TRY(dl_headdb_open(path, NULL, &head, error));
    dl_headdb_close(&head);
    return DL_OK;
}

enum dl_err dl_agency_dir_make(const char *dir, struct dl_config *config, struct dl_error *error)
{
    char path[DL_FILE_PATH];
    struct dl_buf text;
    DL_TRY(check_empty(dir, error));
    DL_TRY(choose_ports(config, error));
    dl_file_join(path, dir, "head");
    bool ok = mkdir(path, 0700) == 0;
    dl_file_join(path, dir, "keys");
    ok = ok && mkdir(path, 0700) == 0;
    if (!ok) {
        return dl_error_set(error, DL_E_STORE_IO, NULL, "%s cannot be made: %s", path,
                            strerror(errno));
    }
    DL_TRY(dl__agency_make_keys(path, config->agency, error));
    DL_TRY(copy_registry(dir, error));
    DL_TRY(make_stores(dir, error));
    dl_buf_init(&text, CONFIG_FILE);
    dl_config_format(config, &text);
    dl_file_join(path, dir, "directline.conf");
    enum dl_err err =
        dl_file_write(path, 0644, dl_buf_view(&text), error); // last: its presence says "made"
    dl_buf_fini(&text);
    return err;
}

/* ---- opening ---- */

struct opened {
    struct dl_agency *agency;
    char *dir;
    struct dl_uv_world *uv; /* offline only */
};
enum { OPENED_MAX = 8 };
static struct opened all_opened[OPENED_MAX];

static struct opened *opened_of(const struct dl_agency *agency)
{
    for (size_t i = 0; i < OPENED_MAX; i++) {
        if (all_opened[i].agency == agency) {
            return &all_opened[i];
        }
    }
    return NULL;
}

const char *dl_agency_dir_of(const struct dl_agency *agency)
{
    const struct opened *found = opened_of(agency);
    return found == NULL ? NULL : found->dir;
}

static enum dl_err read_config(const char *dir, struct dl_config *config, struct dl_error *error)
{
    char path[DL_FILE_PATH];
    struct dl_buf text;
    dl_file_join(path, dir, "directline.conf");
    dl_buf_init(&text, CONFIG_FILE);
    enum dl_err err = dl_file_read(path, CONFIG_FILE, &text, error);
    if (err == DL_OK) {
        err = dl_config_parse(dl_buf_view(&text), config, error);
        if (err != DL_OK) {
            struct dl_error found = *error;
            dl_error_set(error, err, found.field, "%s: %s", path, found.message);
            dl_error_hint(error, "%s", found.hint);
        }
    } else if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        dl_error_set(error, err, NULL, "there is no agency in %s", dir);
        dl_error_hint(
            error, "make one: directline init %s --agency ID --jurisdiction CC --name TEXT", dir);
    }
    dl_buf_fini(&text);
    return err;
}

static enum dl_err open_in(const char *dir, struct dl_agency_config *config, struct dl_agency **out,
                           struct dl_error *error)
{
    char line[DL_FILE_PATH];
    char head[DL_FILE_PATH];
    char registry[DL_FILE_PATH];
    struct dl_buf ca;
    struct dl_buf certificate;
    dl_file_join(line, dir, "line.db");
    dl_file_join(head, dir, "head/head.db");
    dl_file_join(registry, dir, "registry.db");
    config->line_path = line;
    config->head_path = head;
    config->registry_path = registry;
    dl_buf_init(&ca, 8192);
    dl_buf_init(&certificate, 8192);
    enum dl_err err = read_config(dir, &config->config, error);
    err = err == DL_OK ? dl__agency_read_keys(dir, config, &ca, &certificate, error) : err;
    if (err == DL_OK && (access(line, F_OK) != 0 || access(head, F_OK) != 0)) {
        // a store that is gone is never made anew: that would forget what was signed (I5)
        err = dl_error_set(error, DL_E_STORE, NULL, "%s is not there",
                           access(line, F_OK) != 0 ? line : head);
        dl_error_hint(error, "restore a backup into an empty folder: directline restore FILE DIR");
    }
    err = err == DL_OK ? dl_agency_open(config, out, error) : err;
    if (err == DL_E_STORE_CORRUPT && error->hint[0] == '\0') {
        dl_error_hint(error, "restore the newest backup into an empty folder: directline restore "
                             "FILE DIR; what came later is fetched back from the peers");
    }
    dl_buf_fini(&ca);
    dl_buf_fini(&certificate);
    dl_wipe(&config->journal_key, sizeof config->journal_key);
    dl_wipe(&config->receipt_key, sizeof config->receipt_key);
    dl_wipe(&config->tls_key, sizeof config->tls_key);
    return err;
}

enum dl_err dl_agency_dir_open(const char *dir, struct dl_world *world,
                               void (*fatal)(void *context, enum dl_err err, const char *message),
                               void *context, struct dl_agency **out, struct dl_error *error)
{
    struct opened *place = opened_of(NULL);
    struct dl_agency_config config = {.world = world,
                                      .realm = "directline",
                                      .marking = DL_MARKING_ACTUAL,
                                      .fatal = fatal,
                                      .context = context};
    DL_ASSERT(place != NULL, "few agencies are open at once");
    DL_TRY(open_in(dir, &config, out, error));
    place->agency = *out;
    place->dir = strdup(dir);
    return DL_OK;
}

static void fatal_offline(void *context, enum dl_err err, const char *message)
{
    (void)context;
    fprintf(stderr, "directline: %s: %s\n", dl_err_text(err), message);
    exit(4);
}

enum dl_err dl_agency_dir_open_offline(const char *dir, struct dl_agency **out,
                                       struct dl_error *error)
{
    struct dl_uv_world *uv = dl_uv_world_new();
    enum dl_err err = DL_E_STORE_LOCKED;
    // another command may have it for a moment
    for (int i = 0; err == DL_E_STORE_LOCKED && i < LOCK_TRIES; i++) {
        (void)usleep(i == 0 ? 0 : LOCK_PAUSE_US);
        err = dl_agency_dir_open(dir, dl_uv_world_as_world(uv), fatal_offline, NULL, out, error);
    }
    if (err != DL_OK) {
        dl_uv_world_free(&uv);
        return err;
    }
    opened_of(*out)->uv = uv;
    return DL_OK;
}

void dl_agency_dir_close(struct dl_agency **agency)
{
    struct opened *place = *agency == NULL ? NULL : opened_of(*agency);
    if (place != NULL) {
        free(place->dir);
        *place = (struct opened){.agency = NULL};
    }
    dl_agency_close(agency);
}

void dl_agency_dir_close_offline(struct dl_agency **agency)
{
    struct dl_uv_world *uv = opened_of(*agency)->uv;
    dl_agency_dir_close(agency);
    dl_uv_world_free(&uv);
}
