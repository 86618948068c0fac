#include "node/announcing.h"

#include "base/json.h"
#include "base/limits.h"
#include "node/agency_internal.h"
#include "protocol/entry.h"
#include "registry/registry.h"

#include <string.h>

enum { NOTICE_OCTETS = 200 * 1024 };

static enum dl_err keep_one(struct dl_agency *agency, struct dl_store *store,
                            struct dl_view content)
{
    char id[DL_LIMIT_ENTRY_ID + 1];
    uint8_t random[10];
    agency->world->ops->random(agency->world, random, sizeof random);
    dl_entry_id_make(dl_agency_now(agency), random, id);
    return dl_store_run(store, "INSERT INTO owed (id, content) VALUES (?1, ?2)",
                        DL_SQL(DL_SQL_STR(id), DL_SQL_BLOB(content)), NULL, NULL);
}

static bool says_something(const struct dl_announcement *announcement, size_t from, size_t to)
{
    while (from < to && announcement->rows[from].refused != NULL) {
        from++;
    }
    return from < to;
}

enum dl_err dl_announcing_keep(struct dl_agency *agency, struct dl_store *store,
                               const struct dl_announcement *announcement, struct dl_error *error)
{
    const char *ours = dl_agency_configuration(agency)->jurisdiction;
    struct dl_buf octets;
    enum dl_err err = DL_OK;
    if (!dl_view_is(announcement->header[DL_ANNOUNCED_JURISDICTION], ours)) {
        return DL_OK;
    }
    dl_buf_init(&octets, DL_LIMIT_CONTENT);
    for (size_t from = 0, next = 0; err == DL_OK && from < announcement->n_rows; from = next) {
        dl_buf_reset(&octets);
        err = dl_announcement_to_json(announcement, from, NOTICE_OCTETS, &next, &octets);
        if (err == DL_OK && says_something(announcement, from, next)) {
            err = keep_one(agency, store, dl_buf_view(&octets));
        }
    }
    dl_buf_fini(&octets);
    return err == DL_OK ? DL_OK
                        : dl_error_set(error, err, NULL, "the notices could not be kept: %s",
                                       dl_store_message(store));
}

/* One pass over what is owed. */
struct telling {
    struct dl_agency *agency;
    dl_announcing_fn fn;
    void *context;
    struct dl_error *error;
    enum dl_err failed; /* the first refusal; the others are tried all the same */
    int64_t last;       /* notice staged */
};

static void tell_peer(struct telling *t, struct dl_peer *peer, const struct dl_order *order)
{
    struct dl_submitted submitted;
    struct dl_error error;
    if (!dl__peer_may_talk(peer)) {
        return;
    }
    enum dl_err err = dl_agency_submit(t->agency, peer, order, &submitted, &error);
    if (err == DL_OK && t->fn != NULL) {
        t->fn(t->context, peer->id, order->id);
    } else if (err != DL_OK && t->failed == DL_OK) {
        t->failed = err;
        *t->error = error;
    }
}

/* Columns: n, id, content. */
static enum dl_err take_owed(void *context, const struct dl_row *row)
{
    struct telling *t = context;
    struct dl_view id = dl_row_text(row, 1);
    char text[DL_LIMIT_ENTRY_ID + 1] = "";
    json_t *content = NULL;
    if (id.n == 0 || id.n >= sizeof text) {
        return DL_E_STORE_CORRUPT;
    }
    memcpy(text, id.p, id.n);
    DL_TRY(dl_json_parse(dl_row_blob(row, 2), &content, t->error));
    struct dl_order order = {.kind = DL_KIND_LISTING_NOTICE, .id = text, .content = content};
    for (struct dl_peer *p = t->agency->peers; p != NULL; p = p->next) {
        tell_peer(t, p, &order);
    }
    json_decref(content);
    t->last = dl_row_int(row, 0);
    return DL_OK;
}

/* The journals have them. Failing to forget them is harmless. */
static void told(void *context, enum dl_err err)
{
    struct dl_agency *agency = context;
    if (err == DL_OK && agency->registry != NULL) {
        err = dl_store_run(dl_registry_store(agency->registry), "DELETE FROM owed WHERE n <= ?1",
                           DL_SQL(DL_SQL_INT(agency->owed_staged)), NULL, NULL);
    }
    if (err != DL_OK) {
        struct dl_event event;
        dl_event_begin(&event, dl_agency_now(agency), "notice.owed");
        dl_event_error(&event, err, "listing-notices are owed still; the next start sends them");
        dl__agency_log(agency, &event);
    }
    agency->owed_staged = 0;
}

enum dl_err dl_announcing_tell(struct dl_agency *agency, dl_announcing_fn fn, void *context,
                               struct dl_error *error)
{
    struct dl_registry *registry = NULL;
    struct telling t = {.agency = agency, .fn = fn, .context = context, .error = error};
    if (agency->registry_path == NULL || agency->config.registry_read_only) {
        return DL_OK;
    }
    DL_TRY(dl_agency_registry(agency, &registry, error));
    enum dl_err err =
        dl_store_run(dl_registry_store(registry), "SELECT n, id, content FROM owed ORDER BY n",
                     NULL, 0, take_owed, &t);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "what is owed to the peers could not be read");
    }
    if (t.failed == DL_OK && t.last > 0) {
        agency->owed_staged = t.last;
        dl_agency_after(agency, told, agency);
    }
    return t.failed;
}
