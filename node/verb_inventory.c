/* registry inventory set, show, screen: a file of items that is kept, to be held against the law
 * again whenever the law changes.
 */
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/json.h"
#include "node/screen_items.h"
#include "node/screening.h"
#include "node/telling.h"
#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

enum { FED = 64 * 1024, NAME_MAX_ = 256 };

struct inventory {
    char file[NAME_MAX_], sha256[65];
    int64_t at_ms, items; /* at_ms 0: none is kept */
    struct dl_buf octets;
};

static enum dl_err take_inventory(void *context, const struct dl_row *row)
{
    struct inventory *i = context;
    (void)snprintf(i->file, sizeof i->file, "%.*s", DL_VIEW_ARG(dl_row_text(row, 0)));
    (void)snprintf(i->sha256, sizeof i->sha256, "%.*s", DL_VIEW_ARG(dl_row_text(row, 1)));
    i->at_ms = dl_row_int(row, 2);
    i->items = dl_row_int(row, 3);
    dl_buf_put_view(&i->octets, dl_row_blob(row, 4));
    return dl_buf_err(&i->octets);
}

/* False when the call has ended. */
static bool read_inventory(struct dl_call *call, struct inventory *out)
{
    struct dl_registry *registry = NULL;
    struct dl_error error = {0};
    *out = (struct inventory){.at_ms = 0};
    dl_buf_init(&out->octets, DL_STORED_MAX);
    enum dl_err err = dl_call_registry(call, &registry, &error);
    if (err == DL_OK) {
        err = dl_store_run(dl_registry_store(registry),
                           "SELECT file, sha256, at_ms, items, octets FROM inventory", NULL, 0,
                           take_inventory, out);
        err =
            err == DL_OK ? DL_OK : dl_error_set(&error, err, NULL, "the inventory cannot be read");
    }
    if (err != DL_OK) {
        dl_buf_fini(&out->octets);
        dl_call_fail(call, &error);
    }
    return err == DL_OK;
}

/* ---- set ---- */

/* Counts what `screen` would read. */
static enum dl_err count_items(const char *name, struct dl_view file, int64_t *n,
                               struct dl_error *error)
{
    struct dl_items items;
    struct dl_item item;
    enum dl_err err = DL_OK;
    dl_items_init(&items, dl_items_format_of(name));
    do {
        size_t some = file.n < FED ? file.n : FED;
        bool got = true;
        err = dl_items_feed(&items, dl_view_of(file.p, some), some == file.n);
        if (err != DL_OK) {
            dl_error_set(error, err, NULL, "an item of the file is larger than %d octets",
                         (int)DL_ITEM_MAX);
        }
        file = dl_view_of(file.p + some, file.n - some);
        while (err == DL_OK && got) {
            err = dl_items_next(&items, &item, &got, error);
            *n += got && err == DL_OK;
        }
    } while (err == DL_OK && !items.end);
    dl_items_fini(&items);
    return err;
}

static enum dl_err record(struct dl_call *call, const struct inventory *i, struct dl_view file,
                          struct dl_error *error)
{
    struct dl_registry *registry = NULL;
    DL_TRY(dl_call_registry(call, &registry, error));
    struct dl_store *store = dl_registry_store(registry);
    if (dl_store_in_transaction(store)) {
        dl_error_set(error, DL_E_STATE, NULL,
                     "the registry is being changed; nothing was recorded");
        return dl_error_hint(error, "say it again when the import is done");
    }
    enum dl_err err = dl_store_begin(store);
    if (err == DL_OK) {
        err = dl_store_run(store,
                           "INSERT INTO inventory(id, file, sha256, at_ms, items, octets) VALUES(1,"
                           " ?1, ?2, ?3, ?4, ?5) ON CONFLICT(id) DO UPDATE SET file=?1, sha256=?2,"
                           " at_ms=?3, items=?4, octets=?5",
                           DL_SQL(DL_SQL_STR(i->file), DL_SQL_STR(i->sha256), DL_SQL_INT(i->at_ms),
                                  DL_SQL_INT(i->items), DL_SQL_BLOB(file)),
                           NULL, NULL);
        if (err != DL_OK) {
            dl_store_rollback(store);
        } else {
            err = dl_store_commit(store);
        }
    }
    return err == DL_OK ? DL_OK
                        : dl_error_set(error, err, NULL,
                                       "the inventory was not recorded; an earlier one stays");
}

static void put_inventory(struct dl_call *call, const struct inventory *i)
{
    char time[DL_TIME_TEXT];
    if (call->json) {
        struct dl_buf out;
        dl_buf_init(&out, 4096);
        dl_buf_put_str(&out, "{\"file\":");
        dl_json_put_str(&out, i->at_ms == 0 ? NULL : i->file);
        dl_put_member(&out, "sha256", i->at_ms == 0 ? NULL : i->sha256);
        dl_put_member_time(&out, "time", i->at_ms);
        dl_put_member_int(&out, "items", i->items);
        dl_buf_put_str(&out, "}\n");
        dl_call_put_buf(call, &out);
        dl_buf_fini(&out);
    } else if (i->at_ms == 0) {
        dl_call_print(call, DL_SAY(call, "No inventory is kept.\n", "没有保存库存清单。\n"));
    } else {
        dl_time_encode(i->at_ms, time);
        dl_call_print(call,
                      DL_SAY(call, "%s: %lld items, kept since %.10s, SHA-256 %s\n",
                             "%s：%lld 项，保存于 %.10s，SHA-256 %s\n"),
                      i->file, (long long)i->items, time, i->sha256);
    }
}

static void gathered(struct dl_call *call, struct dl_view file)
{
    const char *path = dl_call_operand(call, 0);
    const char *slash = strrchr(path, '/');
    struct inventory i = {.at_ms = dl_call_now(call)};
    struct dl_error error = {0};
    struct dl_hash hash = dl_sha256(file);
    dl_hex_encode(dl_view_of(hash.b, sizeof hash.b), i.sha256);
    const char *name = strcmp(path, "-") == 0 ? "inventory.csv" : slash == NULL ? path : slash + 1;
    (void)snprintf(i.file, sizeof i.file, "%s", name);
    enum dl_err err = count_items(i.file, file, &i.items, &error);
    if (err == DL_OK && i.items == 0) {
        err = dl_error_set(&error, DL_E_INPUT, NULL, "the file has no item; nothing was changed");
    }
    if (err == DL_OK) {
        err = record(call, &i, file, &error);
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    put_inventory(call, &i);
    dl_call_end(call, DL_EXIT_OK);
}

void dl__verb_registry_inventory_set(struct dl_call *call)
{
    dl_call_gather(call, DL_STORED_MAX, gathered);
}

/* ---- show, screen ---- */

void dl__verb_registry_inventory_show(struct dl_call *call)
{
    struct inventory i;
    if (!read_inventory(call, &i)) {
        return;
    }
    if (dl_call_flag(call, "content")) {
        dl_call_put_buf(call, &i.octets);
    } else {
        put_inventory(call, &i);
    }
    dl_buf_fini(&i.octets);
    dl_call_end(call, i.at_ms == 0 ? DL_EXIT_NO : DL_EXIT_OK);
}

void dl__verb_registry_inventory_screen(struct dl_call *call)
{
    const char *text = dl_call_option(call, "import");
    struct inventory i;
    struct dl_error error;
    uint64_t import = 0;
    if (text != NULL &&
        (dl_decimal_decode(dl_view_str(text), INT64_MAX, &import) != DL_OK || import == 0)) {
        dl_error_set(&error, DL_E_USAGE, "--import", "\"%.40s\" is not the number of an import",
                     text);
        dl_error_hint(&error, "`registry imports` lists them");
        dl_call_fail(call, &error);
        return;
    }
    if (!read_inventory(call, &i)) {
        return;
    }
    if (i.at_ms == 0) {
        put_inventory(call, &i);
        dl_call_end(call, DL_EXIT_NO);
    } else {
        dl_screen_stored(call, i.file, dl_buf_view(&i.octets), (int64_t)import);
    }
    dl_buf_fini(&i.octets);
}
