#include "node/virtual_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const paths[2] = {"line.db", "head.db"};

struct dl_virtual_node {
    struct dl_virtual_node_config config;
    char agency_id[DL_LIMIT_AGENCY_ID + 1];
    char realm[96];
    struct dl_world *world;
    struct dl_virtual_disk *disk;
    struct dl_agency *agency;
    struct dl_secret_key journal_key, receipt_key, tls_key;
    struct dl_config settings;
    struct dl_buf kept[2]; /* databases as of the last backup */
    enum dl_err failed;
};

static int64_t disk_now(void *context)
{
    struct dl_virtual_node *node = context;
    return dl_virtual_now(node->config.virtual);
}

/* Databases are made and closed once, as `init` does: their files are durable before anything lies
 * in them. */
static void make_stores(struct dl_virtual_node *node)
{
    struct dl_line_db *db = NULL;
    struct dl_headdb *head = NULL;
    struct dl_error error;
    enum dl_err err = dl_line_db_open(paths[0], node->world->disk, &db, &error);
    DL_ASSERT(err == DL_OK, "a new disk takes a database");
    err = dl_headdb_open(paths[1], node->world->disk, &head, &error);
    DL_ASSERT(err == DL_OK, "a new disk takes a database");
    dl_line_db_close(&db);
    dl_headdb_close(&head);
    dl_virtual_node_backup(node);
}

struct dl_virtual_node *dl_virtual_node_new(const struct dl_virtual_node_config *config)
{
    struct dl_virtual_node *node = calloc(1, sizeof *node);
    DL_ASSERT(node != NULL, "memory for a node");
    node->config = *config;
    snprintf(node->agency_id, sizeof node->agency_id, "%s", config->agency);
    snprintf(node->realm, sizeof node->realm, "%s", config->realm);
    node->world = dl_virtual_add(config->virtual, node->agency_id);
    node->disk = dl_virtual_disk_new(dl_virtual_random(config->virtual));
    dl_virtual_disk_set_clock(node->disk, disk_now, node);
    node->world->disk = dl_virtual_disk_door(node->disk);
    node->world->ops->random(node->world, &node->journal_key, sizeof node->journal_key);
    node->world->ops->random(node->world, &node->receipt_key, sizeof node->receipt_key);
    node->world->ops->random(node->world, &node->tls_key, sizeof node->tls_key);
    struct dl_config *settings = &node->settings;
    snprintf(settings->agency, sizeof settings->agency, "%s", config->agency);
    snprintf(settings->jurisdiction, sizeof settings->jurisdiction, "%s", config->jurisdiction);
    snprintf(settings->name, sizeof settings->name, "Agency %s", config->agency);
    snprintf(settings->listen[0], sizeof settings->listen[0], "%s:1", config->agency);
    settings->n_listen = 1;
    settings->test_interval_s = config->test_interval_s;
    for (size_t i = 0; i < 2; i++) {
        dl_buf_init(&node->kept[i], (size_t)1 << 40);
    }
    make_stores(node);
    return node;
}

static void close_agency(struct dl_virtual_node *node)
{
    dl_agency_close(&node->agency);
}

void dl_virtual_node_free(struct dl_virtual_node **out)
{
    struct dl_virtual_node *node = *out;
    if (node != NULL) {
        close_agency(node);
        dl_virtual_disk_free(&node->disk);
        dl_buf_fini(&node->kept[0]);
        dl_buf_fini(&node->kept[1]);
        free(node);
        *out = NULL;
    }
}

/* The store failed. The agency cannot be closed from inside itself, so the machine is stopped at
 * this instant and the agency is closed in the next event. */
static void bury(void *context)
{
    struct dl_virtual_node *node = context;
    if (node->failed != DL_OK && node->agency != NULL) {
        close_agency(node);
        dl_virtual_disk_revive(node->disk);
    }
}

static void fatal(void *context, enum dl_err err, const char *message)
{
    struct dl_virtual_node *node = context;
    (void)message;
    node->failed = err;
    dl_virtual_kill(node->world);
    dl_virtual_disk_kill(node->disk);
    dl_virtual_at(node->config.virtual, 0, bury, node);
}

enum dl_err dl_virtual_node_start(struct dl_virtual_node *node, struct dl_error *error)
{
    struct dl_agency_config config = {.world = node->world,
                                      .config = node->settings,
                                      .line_path = paths[0],
                                      .head_path = paths[1],
                                      .registry_path = node->config.registry_path,
                                      .registry_read_only = true,
                                      .realm = node->realm,
                                      .marking = node->config.marking,
                                      .journal_key = node->journal_key,
                                      .receipt_key = node->receipt_key,
                                      .tls_key = node->tls_key,
                                      .fatal = fatal,
                                      .context = node};
    DL_ASSERT(node->agency == NULL, "a node is started once");
    dl_virtual_revive(node->world);
    node->failed = DL_OK;
    DL_TRY(dl_agency_open(&config, &node->agency, error));
    return dl_agency_start(node->agency, error);
}

void dl_virtual_node_stop(struct dl_virtual_node *node)
{
    close_agency(node);
    dl_virtual_kill(node->world);
}

void dl_virtual_node_kill(struct dl_virtual_node *node)
{
    dl_virtual_kill(node->world);
    dl_virtual_disk_kill(node->disk);
    close_agency(node);
    dl_virtual_disk_revive(node->disk);
}

void dl_virtual_node_cut_power(struct dl_virtual_node *node)
{
    dl_virtual_kill(node->world);
    dl_virtual_disk_cut_power(node->disk);
    close_agency(node);
    dl_virtual_disk_revive(node->disk);
}

bool dl_virtual_node_runs(const struct dl_virtual_node *node)
{
    return node->agency != NULL && node->failed == DL_OK;
}

enum dl_err dl_virtual_node_failed(const struct dl_virtual_node *node)
{
    return node->failed;
}

struct dl_agency *dl_virtual_node_agency(struct dl_virtual_node *node)
{
    return node->failed == DL_OK ? node->agency : NULL;
}

struct dl_virtual_disk *dl_virtual_node_disk(struct dl_virtual_node *node)
{
    return node->disk;
}

struct dl_world *dl_virtual_node_world(struct dl_virtual_node *node)
{
    return node->world;
}

const char *dl_virtual_node_name(const struct dl_virtual_node *node)
{
    return node->agency_id;
}

static void give_offer(struct dl_virtual_node *from, struct dl_virtual_node *to)
{
    struct dl_buf offer;
    struct dl_error error;
    dl_buf_init(&offer, DL_LIMIT_OFFER);
    dl_agency_offer(from->agency, &offer);
    enum dl_err err = dl_agency_add_peer(to->agency, dl_buf_view(&offer), NULL, 0, &error);
    DL_ASSERT(err == DL_OK, "two new agencies can be paired");
    dl_buf_fini(&offer);
}

void dl_virtual_node_pair(struct dl_virtual_node *a, struct dl_virtual_node *b)
{
    give_offer(a, b);
    give_offer(b, a);
}

/* A database is its file and its WAL; the copy keeps both. */
static void wal_path(char out[64], const char *path)
{
    snprintf(out, 64, "%s-wal", path);
}

void dl_virtual_node_backup(struct dl_virtual_node *node)
{
    for (size_t i = 0; i < 2; i++) {
        char wal[64];
        wal_path(wal, paths[i]);
        dl_buf_reset(&node->kept[i]);
        dl_buf_u64(&node->kept[i], 0);
        dl_virtual_disk_get(node->disk, paths[i], &node->kept[i]);
        uint64_t n = node->kept[i].n - 8;
        for (size_t k = 0; k < 8; k++) {
            node->kept[i].p[k] = (uint8_t)(n >> (8 * (7 - k)));
        }
        dl_virtual_disk_get(node->disk, wal, &node->kept[i]);
        DL_ASSERT(dl_buf_err(&node->kept[i]) == DL_OK, "memory for a backup");
    }
}

static void put_back(struct dl_virtual_node *node, const char *path, struct dl_view octets)
{
    dl_virtual_disk_remove(node->disk, path);
    if (octets.n > 0) {
        enum dl_err err = dl_virtual_disk_put(node->disk, path, 0, octets);
        DL_ASSERT(err == DL_OK, "memory for a restored file");
    }
}

void dl_virtual_node_restore(struct dl_virtual_node *node, unsigned parts)
{
    DL_ASSERT(node->agency == NULL, "a restore is made while the node is stopped");
    for (size_t i = 0; i < 2; i++) {
        char wal[64];
        struct dl_cursor kept;
        if ((parts & 1U << i) == 0) {
            continue;
        }
        dl_cursor_init(&kept, dl_buf_view(&node->kept[i]));
        uint64_t n = node->kept[i].n == 0 ? 0 : dl_cursor_u64(&kept);
        wal_path(wal, paths[i]);
        put_back(node, paths[i], dl_cursor_take(&kept, (size_t)n));
        put_back(node, wal, kept.rest);
    }
}
