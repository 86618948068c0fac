#include "node/agency_dir.h"
#include "base/encoding.h"
#include "certs/identity.h"
#include "node/uv_world.h"
#include "registry/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH = 4096, KEY_FILE = 128, CONFIG_FILE = 64 * 1024, DAY_MS = 86400000 };

/* ---- files ---- */

enum dl_err dl_file_read(const char *path, size_t max, struct dl_buf *out, struct dl_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return dl_error_set(error, DL_E_INPUT, NULL, "%s cannot be read: %s", path,
                            strerror(errno));
    }
    enum dl_err err = DL_OK;
    size_t start = out->n;
    for (;;) {
        uint8_t piece[16 * 1024];
        ssize_t n = read(fd, piece, sizeof piece);
        if (n <= 0) {
            err = n < 0 ? DL_E_STORE_IO : DL_OK;
            break;
        }
        dl_buf_put(out, piece, (size_t)n);
        dl_wipe(piece, (size_t)n);
        if (out->n - start > max || dl_buf_err(out) != DL_OK) {
            err = DL_E_TOO_LARGE;
            break;
        }
    }
    close(fd);
    return err == DL_OK
               ? DL_OK
               : dl_error_set(error, err, NULL, "%s cannot be read: %s", path, dl_err_text(err));
}

static bool write_all(int fd, struct dl_view octets)
{
    while (octets.n > 0) {
        ssize_t n = write(fd, octets.p, octets.n);
        if (n <= 0) {
            return false;
        }
        octets = dl_view_of(octets.p + n, octets.n - (size_t)n);
    }
    return fsync(fd) == 0;
}

/* A new name lasts only when its folder is synced too. */
static bool sync_folder_of(const char *path)
{
    char folder[PATH + 8];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
             slash == NULL ? "." : path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

enum dl_err dl_file_write(const char *path, unsigned mode, struct dl_view octets,
                          struct dl_error *error)
{
    char temporary[PATH + 8];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
    bool ok = fd >= 0 && fchmod(fd, (mode_t)mode) == 0 && write_all(fd, octets);
    if (fd >= 0) {
        ok = close(fd) == 0 && ok;
    }
    ok = ok && rename(temporary, path) == 0 && sync_folder_of(path);
    return ok ? DL_OK
              : dl_error_set(error, errno == ENOSPC ? DL_E_STORE_FULL : DL_E_STORE_IO, NULL,
                             "%s cannot be written: %s", path, strerror(errno));
}

static void join(char out[PATH], const char *dir, const char *name)
{
    int n = snprintf(out, PATH, "%s/%s", dir, name);
    DL_ASSERT(n > 0 && n < PATH, "the system's own paths are shorter");
}

/* ---- keys ---- */

static enum dl_err check_mode(const char *path, bool folder, struct dl_error *error)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        dl_error_set(error, DL_E_KEY, NULL, "%s is not there", path);
        return dl_error_hint(error,
                             "restore it from a backup; without its keys the agency must be made "
                             "and paired anew");
    }
    if ((st.st_mode & 077) != 0 || S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode) != folder) {
        dl_error_set(error, DL_E_KEY_MODE, NULL, "others can read %s (mode %04o), or it is a link",
                     path, (unsigned)(st.st_mode & 07777));
        return dl_error_hint(error, "chmod %s %s", folder ? "0700" : "0600", path);
    }
    return DL_OK;
}

static enum dl_err read_key(const char *dir, const char *name, struct dl_secret_key *out,
                            struct dl_error *error)
{
    char path[PATH];
    struct dl_buf text;
    join(path, dir, name);
    DL_TRY(check_mode(path, false, error));
    dl_buf_init(&text, KEY_FILE);
    enum dl_err err = dl_file_read(path, KEY_FILE, &text, error);
    struct dl_view digits = dl_buf_view(&text);
    if (digits.n > 0 && digits.p[digits.n - 1] == '\n') {
        digits.n--;
    }
    if (err == DL_OK && dl_hex_decode(digits, out->b, sizeof out->b) != DL_OK) {
        err = dl_error_set(error, DL_E_KEY, NULL, "%s is not a key: 64 hex digits are expected",
                           path);
    }
    dl_buf_fini(&text);
    return err;
}

static enum dl_err write_key(const char *dir, const char *name, const struct dl_secret_key *key,
                             struct dl_error *error)
{
    char path[PATH];
    char text[66];
    join(path, dir, name);
    dl_hex_encode(dl_view_of(key->b, sizeof key->b), text);
    text[64] = '\n';
    enum dl_err err = dl_file_write(path, 0600, dl_view_of(text, 65), error);
    dl_wipe(text, sizeof text);
    return err;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fill_random(void *p, size_t n)
{
    ssize_t got = getrandom(p, n, 0);
    DL_ASSERT(got == (ssize_t)n, "the system gives randomness");
}

static enum dl_err make_certificate(const char *dir, struct dl_certificate_request *request,
                                    const char *name, struct dl_buf *der, struct dl_error *error)
{
    char path[PATH];
    join(path, dir, name);
    fill_random(request->serial, sizeof request->serial);
    dl_buf_reset(der);
    enum dl_err err = dl_certificate_make(request, der);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "a certificate cannot be made from the keys in %s",
                            dir);
    }
    return dl_file_write(path, 0600, dl_buf_view(der), error);
}

static enum dl_err make_keys(const char *dir, const char *agency, struct dl_error *error)
{
    static const char *const names[] = {"ca.key", "tls.key", "journal.key", "receipt.key"};
    struct dl_secret_key keys[4];
    struct dl_buf ca;
    struct dl_buf certificate;
    fill_random(keys, sizeof keys);
    dl_buf_init(&ca, 8192);
    dl_buf_init(&certificate, 8192);
    enum dl_err err = DL_OK;
    for (size_t i = 0; i < 4 && err == DL_OK; i++) {
        err = write_key(dir, names[i], &keys[i], error);
    }
    struct dl_certificate_request request = {
        .agency = agency, .ca_key = &keys[0], .from_ms = now_ms(), .days = DL_CA_DAYS};
    err = err == DL_OK ? make_certificate(dir, &request, "ca.der", &ca, error) : err;
    struct dl_certificate_request node = {.agency = agency,
                                          .ca_key = &keys[0],
                                          .tls_key = &keys[1],
                                          .ca = dl_buf_view(&ca),
                                          .from_ms = now_ms(),
                                          .days = DL_CERTIFICATE_DAYS};
    err = err == DL_OK ? make_certificate(dir, &node, "tls.der", &certificate, error) : err;
    dl_wipe(keys, sizeof keys);
    dl_buf_fini(&ca);
    dl_buf_fini(&certificate);
    return err;
}

enum dl_err dl_agency_dir_renew_certificate(const struct dl_renewal *renewal, bool *renewed,
                                            struct dl_buf *der, struct dl_error *error)
{
    char keys[PATH];
    char path[PATH + 16];
    struct dl_certificate_facts facts;
    struct dl_secret_key ca_key;
    struct dl_secret_key tls_key;
    struct dl_buf ca;
    *renewed = false;
    dl_buf_init(&ca, 8192);
    join(keys, renewal->dir, "keys");
    snprintf(path, sizeof path, "%s/tls.der", keys);
    enum dl_err err = dl_file_read(path, 8192, der, error);
    err = err == DL_OK ? dl_certificate_facts(dl_buf_view(der), &facts) : err;
    // also one that is made in the future: the clock was wrong then
    bool due =
        err == DL_OK && (facts.until_ms - renewal->now_ms < (int64_t)renewal->days * DAY_MS ||
                         facts.from_ms > renewal->now_ms);
    if (due) {
        snprintf(path, sizeof path, "%s/ca.der", keys);
        err = read_key(keys, "ca.key", &ca_key, error);
        err = err == DL_OK ? read_key(keys, "tls.key", &tls_key, error) : err;
        err = err == DL_OK ? dl_file_read(path, 8192, &ca, error) : err;
        struct dl_certificate_request request = {.agency = facts.agency,
                                                 .ca_key = &ca_key,
                                                 .tls_key = &tls_key,
                                                 .ca = dl_buf_view(&ca),
                                                 .from_ms = renewal->now_ms,
                                                 .days = DL_CERTIFICATE_DAYS};
        err = err == DL_OK ? make_certificate(keys, &request, "tls.der", der, error) : err;
        *renewed = err == DL_OK;
        dl_wipe(&ca_key, sizeof ca_key);
        dl_wipe(&tls_key, sizeof tls_key);
    }
    dl_buf_fini(&ca);
    return err;
}

/* ---- making ---- */

static enum dl_err check_empty(const char *dir, struct dl_error *error)
{
    if (mkdir(dir, 0700) == 0) {
        return DL_OK;
    }
    DIR *listing = opendir(dir);
    if (listing == NULL) {
        return dl_error_set(error, DL_E_INPUT, NULL, "%s cannot be made: %s", dir, strerror(errno));
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

/* Bind each address whose port is 0, to learn a port that is free, and write it down. */
static enum dl_err choose_ports(struct dl_config *config, struct dl_error *error)
{
    struct dl_uv_world *uv = dl_uv_world_new();
    struct dl_world *world = dl_uv_world_as_world(uv);
    struct dl_listener *listeners[DL_LIMIT_ADDRESSES] = {NULL};
    enum dl_err err = DL_OK;
    for (size_t i = 0; i < config->n_listen && err == DL_OK; i++) {
        err = world->ops->listen(world, config->listen[i], ignore_stranger, NULL, &listeners[i],
                                 error);
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
    char from[PATH];
    char to[PATH];
    struct dl_registry *registry = NULL;
    DL_TRY(dl_registry_shipped_path(from, sizeof from, error));
    struct dl_registry_config config = {.path = from, .read_only = true};
    DL_TRY(dl_registry_open(&config, &registry, error));
    join(to, dir, "registry.db");
    enum dl_err err = dl_store_backup(dl_registry_store(registry), to, NULL, NULL);
    dl_registry_close(&registry);
    return err == DL_OK ? DL_OK
                        : dl_error_set(error, err, NULL, "the registry cannot be copied to %s", to);
}

static enum dl_err make_stores(const char *dir, struct dl_error *error)
{
    char path[PATH];
    struct dl_line_db *db = NULL;
    struct dl_headdb *head = NULL;
    join(path, dir, "line.db");
    DL_TRY(dl_line_db_open(path, NULL, &db, error));
    dl_line_db_close(&db);
    join(path, dir, "head/head.db");
    DL_TRY(dl_headdb_open(path, NULL, &head, error));
    dl_headdb_close(&head);
    return DL_OK;
}

enum dl_err dl_agency_dir_make(const char *dir, struct dl_config *config, struct dl_error *error)
{
    char path[PATH];
    struct dl_buf text;
    DL_TRY(check_empty(dir, error));
    DL_TRY(choose_ports(config, error));
    join(path, dir, "head");
    bool ok = mkdir(path, 0700) == 0;
    join(path, dir, "keys");
    ok = ok && mkdir(path, 0700) == 0;
    if (!ok) {
        return dl_error_set(error, DL_E_STORE_IO, NULL, "%s cannot be made: %s", path,
                            strerror(errno));
    }
    DL_TRY(make_keys(path, config->agency, error));
    DL_TRY(copy_registry(dir, error));
    DL_TRY(make_stores(dir, error));
    dl_buf_init(&text, CONFIG_FILE);
    dl_config_format(config, &text);
    join(path, dir, "directline.conf");
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
    char path[PATH];
    struct dl_buf text;
    join(path, dir, "directline.conf");
    dl_buf_init(&text, CONFIG_FILE);
    enum dl_err err = dl_file_read(path, CONFIG_FILE, &text, error);
    if (err != DL_OK) {
        dl_error_set(error, err, NULL, "there is no agency in %s", dir);
        dl_error_hint(
            error, "make one: directline init %s --agency ID --jurisdiction CC --name TEXT", dir);
    } else {
        err = dl_config_parse(dl_buf_view(&text), config, error);
    }
    dl_buf_fini(&text);
    return err;
}

static enum dl_err read_der(const char *dir, const char *name, struct dl_buf *out,
                            struct dl_error *error)
{
    char path[PATH];
    join(path, dir, name);
    DL_TRY(check_mode(path, false, error));
    return dl_file_read(path, DL_LIMIT_CERTIFICATE, out, error);
}

static enum dl_err read_keys(const char *dir, struct dl_agency_config *config, struct dl_buf *ca,
                             struct dl_buf *certificate, struct dl_error *error)
{
    char keys[PATH];
    char ca_key[PATH];
    join(keys, dir, "keys");
    DL_TRY(check_mode(keys, true, error));
    join(ca_key, keys, "ca.key");
    if (access(ca_key, F_OK) == 0) { // it may be kept elsewhere: only renewing needs it
        DL_TRY(check_mode(ca_key, false, error));
    }
    DL_TRY(read_key(keys, "journal.key", &config->journal_key, error));
    DL_TRY(read_key(keys, "receipt.key", &config->receipt_key, error));
    DL_TRY(read_key(keys, "tls.key", &config->tls_key, error));
    DL_TRY(read_der(keys, "ca.der", ca, error));
    DL_TRY(read_der(keys, "tls.der", certificate, error));
    config->ca = dl_buf_view(ca);
    config->certificate = dl_buf_view(certificate);
    return DL_OK;
}

static enum dl_err open_in(const char *dir, struct dl_agency_config *config, struct dl_agency **out,
                           struct dl_error *error)
{
    char line[PATH];
    char head[PATH];
    char registry[PATH];
    struct dl_buf ca;
    struct dl_buf certificate;
    join(line, dir, "line.db");
    join(head, dir, "head/head.db");
    join(registry, dir, "registry.db");
    config->line_path = line;
    config->head_path = head;
    config->registry_path = registry;
    dl_buf_init(&ca, 8192);
    dl_buf_init(&certificate, 8192);
    enum dl_err err = read_config(dir, &config->config, error);
    err = err == DL_OK ? read_keys(dir, config, &ca, &certificate, error) : err;
    if (err == DL_OK && (access(line, F_OK) != 0 || access(head, F_OK) != 0)) {
        // a store that is gone is never made anew: that would forget what was signed (I5)
        err = dl_error_set(error, DL_E_STORE, NULL, "%s is not there",
                           access(line, F_OK) != 0 ? line : head);
        dl_error_hint(error, "restore a backup into an empty folder: directline restore FILE DIR");
    }
    err = err == DL_OK ? dl_agency_open(config, out, error) : err;
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
    enum dl_err err =
        dl_agency_dir_open(dir, dl_uv_world_as_world(uv), fatal_offline, NULL, out, error);
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
