#include "registry/load_table.h"
#include "registry/name.h"

#include <string.h>

#define RUN(l, sql, ...) dl__load_stored(l, dl_store_run((l)->store, sql, __VA_ARGS__, NULL, NULL))

const char *const dl__load_names[] = {"substance",   "lang",   "kind",         "name", "known_from",
                                      "known_until", "source", "verification", NULL};

/* A name that several lists print stands once, as the first of them has it. */
static enum dl_err put_name(struct dl__loader *l, struct dl_view key)
{
    struct dl_store_value substance;
    struct dl_store_value from;
    struct dl_store_value until;
    struct dl_store_value source;
    DL_TRY(dl__load_required(l, DL__FIND_SUBSTANCE, "substance", &substance));
    DL_TRY(dl__load_day(l, "known_from", &from));
    DL_TRY(dl__load_day(l, "known_until", &until));
    DL_TRY(dl__load_source(l, &source));
    return RUN(l,
               "INSERT INTO name (substance, n, lang, kind, name, key, known_from, known_until, "
               "source, verification, recorded_from) SELECT ?1, (SELECT coalesce(max(n) + 1, 0) "
               "FROM name WHERE substance = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1 WHERE NOT "
               "EXISTS (SELECT 1 FROM name WHERE substance = ?1 AND lang = ?2 AND name = ?4)",
               DL_SQL(substance, dl__load_text(l, "lang"), dl__load_text(l, "kind"),
                      dl__load_text(l, "name"), DL_SQL_TEXT(key), from, until, source,
                      dl__load_text(l, "verification")));
}

enum dl_err dl__load_name_row(struct dl__loader *l)
{
    struct dl_buf key;
    bool shared = l->jurisdiction == 0;
    if (shared && l->main_names != dl_view_is(dl__load_field(l, "kind"), "main")) {
        return DL_OK;
    }
    dl_buf_init(&key, 4 * (size_t)DL_NAME_OCTETS_MAX);
    enum dl_err err = dl_name_key(dl__load_field(l, "name"), &key);
    if (err != DL_OK || key.n == 0) {
        err = dl__load_refuse(l, "name", "no name:");
    } else {
        err = put_name(l, dl_buf_view(&key));
    }
    dl_buf_fini(&key);
    return err;
}

const char *const dl__load_identifiers[] = {"kind",   "value",        "substance", "role",
                                            "source", "verification", NULL};

enum dl_err dl__load_identifier_row(struct dl__loader *l)
{
    struct dl_store_value substance;
    struct dl_store_value source;
    DL_TRY(dl__load_required(l, DL__FIND_SUBSTANCE, "substance", &substance));
    DL_TRY(dl__load_source(l, &source));
    return RUN(l,
               "INSERT INTO identifier (value, kind, substance, role, source, verification, "
               "recorded_from) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)",
               DL_SQL(dl__load_text(l, "value"), dl__load_text(l, "kind"), substance,
                      dl__load_text(l, "role"), source, dl__load_text(l, "verification")));
}

const char *const dl__load_conflicts[] = {"kind",        "key",    "substances",   "detail",
                                          "explanation", "source", "verification", NULL};

static enum dl_err conflict_substances(struct dl__loader *l, int64_t conflict)
{
    struct dl_view rest = dl__load_field(l, "substances");
    struct dl_view key;
    while (dl__load_next_value(&rest, &key)) {
        DL_TRY(RUN(l,
                   "INSERT INTO conflict_substance (substance, conflict) SELECT id, ?2 FROM "
                   "substance WHERE key = ?1",
                   DL_SQL(DL_SQL_TEXT(key), DL_SQL_INT(conflict))));
        if (dl_store_changes(l->store) != 1) {
            return dl__load_refuse(l, "substances", "not all of these are substances:");
        }
    }
    return DL_OK;
}

enum dl_err dl__load_conflict_row(struct dl__loader *l)
{
    struct dl_buf key;
    int64_t id = 0;
    dl_buf_init(&key, 4 * (size_t)DL_NAME_OCTETS_MAX);
    enum dl_err err = dl_name_key(dl__load_field(l, "key"), &key);
    if (err != DL_OK) {
        err = dl__load_refuse(l, "key", "no name or number:");
        goto out;
    }
    err = dl__load_stored(
        l, dl_store_run(l->store,
                        "INSERT INTO conflict (kind, key, name_key, detail, explanation, source, "
                        "verification) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
                        DL_SQL(dl__load_text(l, "kind"), dl__load_text(l, "key"),
                               DL_SQL_TEXT(dl_buf_view(&key)), dl__load_text(l, "detail"),
                               dl__load_text(l, "explanation"), dl__load_text(l, "source"),
                               dl__load_text(l, "verification")),
                        dl__load_take_id, &id));
    if (err == DL_OK) {
        err = conflict_substances(l, id);
    }
out:
    dl_buf_fini(&key);
    return err;
}
