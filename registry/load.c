#include "registry/load.h"

#include "registry/load_table.h"

#include "base/encoding.h"
#include "base/identifier.h"

#include <string.h>

#define RUN(l, sql, ...) dl__load_stored(l, dl_store_run((l)->store, sql, __VA_ARGS__, NULL, NULL))

static const char *const RELEASE[] = {"recorded", "note", NULL};

static enum dl_err release_row(struct dl__loader *l)
{
    int64_t at_ms = 0;
    if (dl_date_decode(dl__load_field(l, "recorded"), &at_ms) != DL_OK) {
        return dl__load_refuse(l, "recorded", "not a day:");
    }
    return RUN(l,
               "INSERT INTO import (id, at_ms, kind, by, file, sha256) VALUES (1, ?1, 'shipped', "
               "'directline', 'registry/data', '')",
               DL_SQL(DL_SQL_INT(at_ms)));
}

static const char *const REACH[] = {"jurisdiction", "name_en", "name_zh", "data_from",
                                    "data_until",   "note",    NULL};

static enum dl_err reach_row(struct dl__loader *l)
{
    struct dl_store_value from;
    struct dl_store_value until;
    DL_TRY(dl__load_day(l, "data_from", &from));
    DL_TRY(dl__load_day(l, "data_until", &until));
    return RUN(l,
               "INSERT INTO jurisdiction (code, name_en, name_zh, data_from, data_until, note) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
               DL_SQL(dl__load_text(l, "jurisdiction"), dl__load_text(l, "name_en"),
                      dl__load_text(l, "name_zh"), from, until, dl__load_text(l, "note")));
}

static const char *const INSTRUMENTS[] = {
    "id",       "title",  "title_local", "issuer", "number",       "announced", "in_force", "until",
    "replaces", "action", "substances",  "source", "verification", "note",      NULL};

static enum dl_err instrument_row(struct dl__loader *l)
{
    struct dl_store_value announced;
    struct dl_store_value in_force;
    struct dl_store_value until;
    struct dl_store_value source;
    DL_TRY(dl__load_day(l, "announced", &announced));
    DL_TRY(dl__load_day(l, "in_force", &in_force));
    DL_TRY(dl__load_day(l, "until", &until));
    DL_TRY(dl__load_source(l, &source));
    return RUN(l,
               "INSERT INTO instrument (key, jurisdiction, title, title_local, issuer, number, "
               "announced, in_force, until, replaces, action, substances, source, verification, "
               "note, recorded_from) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
               "?13, ?14, ?15, 1)",
               DL_SQL(dl__load_text(l, "id"), DL_SQL_INT(l->jurisdiction),
                      dl__load_text(l, "title"), dl__load_text(l, "title_local"),
                      dl__load_text(l, "issuer"), dl__load_text(l, "number"), announced, in_force,
                      until, dl__load_text(l, "replaces"), dl__load_text(l, "action"),
                      dl__load_text(l, "substances"), source, dl__load_text(l, "verification"),
                      dl__load_text(l, "note")));
}

static const char *const LISTS[] = {"list",         "title", "title_zh", "words",      "schedule",
                                    "in_force",     "until", "ended_by", "successors", "source",
                                    "verification", "note",  NULL};

static enum dl_err list_row(struct dl__loader *l)
{
    struct dl_store_value in_force;
    struct dl_store_value until;
    struct dl_store_value ended_by;
    struct dl_store_value source;
    DL_TRY(dl__load_day(l, "in_force", &in_force));
    DL_TRY(dl__load_day(l, "until", &until));
    DL_TRY(dl__load_reference(l, DL__FIND_INSTRUMENT, "ended_by", &ended_by));
    DL_TRY(dl__load_source(l, &source));
    return RUN(
        l,
        "INSERT INTO list (code, jurisdiction, title, words, schedule, in_force, until, "
        "ended_by, source, verification, note, title_zh) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
        "?8, ?9, ?10, ?11, ?12)",
        DL_SQL(dl__load_text(l, "list"), DL_SQL_INT(l->jurisdiction), dl__load_text(l, "title"),
               dl__load_text(l, "words"), dl__load_text(l, "schedule"), in_force, until, ended_by,
               source, dl__load_text(l, "verification"), dl__load_text(l, "note"),
               dl__load_text(l, "title_zh")));
}

/* A list may name a successor that stands below it: a second pass over the same file. */
static enum dl_err successor_row(struct dl__loader *l)
{
    struct dl_view rest = dl__load_field(l, "successors");
    struct dl_view value;
    while (dl__load_next_value(&rest, &value)) {
        DL_TRY(RUN(l,
                   "INSERT INTO list_successor (list, successor) SELECT a.id, b.id FROM list a, "
                   "list b WHERE a.code = ?1 AND b.code = ?2",
                   DL_SQL(dl__load_text(l, "list"), DL_SQL_TEXT(value))));
        if (dl_store_changes(l->store) != 1) {
            return dl__load_refuse(l, "successors", "not all of these are lists:");
        }
    }
    return DL_OK;
}

static const char *const SUBSTANCES[] = {"key",          "kind",  "name",   "name_zh", "formula",
                                         "smiles",       "inchi", "stereo", "method",  "source",
                                         "verification", "note",  NULL};

static enum dl_err substance_row(struct dl__loader *l)
{
    struct dl_view key = dl__load_field(l, "key");
    bool structured = dl_inchikey_check(key) == DL_OK;
    int64_t id = 0;
    DL_TRY(dl__load_stored(
        l, dl_store_run(l->store,
                        "INSERT INTO substance (key, kind, name, name_zh, structured, "
                        "recorded_from) VALUES (?1, ?2, ?3, ?4, ?5, 1) RETURNING id",
                        DL_SQL(DL_SQL_TEXT(key), dl__load_text(l, "kind"), dl__load_text(l, "name"),
                               dl__load_nullable(l, "name_zh"), DL_SQL_INT(structured)),
                        dl__load_take_id, &id)));
    if (!structured) {
        return DL_OK;
    }
    struct dl_store_value source;
    DL_TRY(dl__load_source(l, &source));
    return RUN(l,
               "INSERT INTO structure (substance, formula, smiles, inchi, stereo, method, source, "
               "verification, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
               DL_SQL(DL_SQL_INT(id), dl__load_text(l, "formula"), dl__load_text(l, "smiles"),
                      dl__load_text(l, "inchi"), dl__load_text(l, "stereo"),
                      dl__load_text(l, "method"), source, dl__load_text(l, "verification"),
                      dl__load_text(l, "note")));
}

static const char *const ACCEPTED[] = {"finding", "subject", "reason", NULL};

static enum dl_err accepted_row(struct dl__loader *l)
{
    return RUN(l, "INSERT INTO accepted (finding, subject, reason) VALUES (?1, ?2, ?3)",
               DL_SQL(dl__load_text(l, "finding"), dl__load_text(l, "subject"),
                      dl__load_text(l, "reason")));
}

struct table {
    const char *file;
    const char *const *columns;
    dl__load_row_fn row;
};

/* One table of every folder: the shared one first, then one a jurisdiction. A folder is named by
 * the jurisdiction's code in lower case. */
static enum dl_err load_folders(struct dl__loader *l, const struct table *table)
{
    l->jurisdiction = 0;
    DL_TRY(dl__load_file(l, "substances", table->file, table->columns, table->row));
    for (int64_t id = 1; id <= l->n_jurisdictions; id++) {
        char folder[DL__LOAD_CODE];
        l->jurisdiction = id;
        for (size_t i = 0; i < sizeof folder; i++) {
            char c = l->codes[id - 1][i];
            folder[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        }
        DL_TRY(dl__load_file(l, folder, table->file, table->columns, table->row));
    }
    return DL_OK;
}

static enum dl_err take_code(void *context, const struct dl_row *row)
{
    struct dl__loader *l = context;
    struct dl_view code = dl_row_text(row, 1);
    if (l->n_jurisdictions == DL__LOAD_JURISDICTIONS || code.n >= DL__LOAD_CODE) {
        return dl_error_set(l->error, DL_E_LIMIT, NULL, "too many jurisdictions, or a long code");
    }
    DL_ASSERT(dl_row_int(row, 0) == l->n_jurisdictions + 1, "ids from 1 without a gap");
    memset(l->codes[l->n_jurisdictions], 0, DL__LOAD_CODE);
    memcpy(l->codes[l->n_jurisdictions++], code.p, code.n);
    return DL_OK;
}

/* Order matters: a row refers only to what is loaded before it. Names that the lists print come
 * before the synonyms of the shared folder, and the name to show first before both. */
static enum dl_err load_all(struct dl__loader *l)
{
    const struct table tables[] = {
        {"instruments.csv", INSTRUMENTS, instrument_row},
        {"lists.csv", LISTS, list_row},
        {"lists.csv", LISTS, successor_row},
        {"substances.csv", SUBSTANCES, substance_row},
        {"listings.csv", dl__load_listings, dl__load_listing_row},
        {"links.csv", dl__load_links, dl__load_link_row},
        {"texts.csv", dl__load_texts, dl__load_text_row},
        {"scope.csv", dl__load_scopes, dl__load_scope_row},
        {"names.csv", dl__load_names, dl__load_name_row},
        {"identifiers.csv", dl__load_identifiers, dl__load_identifier_row}};
    DL_TRY(dl__load_file(l, "", "release.csv", RELEASE, release_row));
    DL_TRY(dl__load_file(l, "", "reach.csv", REACH, reach_row));
    DL_TRY(dl_store_run(l->store, "SELECT id, code FROM jurisdiction ORDER BY id", NULL, 0,
                        take_code, l));
    l->main_names = true;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        DL_TRY(load_folders(l, &tables[i]));
    }
    DL_TRY(dl__load_own_links(l));
    l->main_names = false;
    DL_TRY(dl__load_file(l, "substances", "names.csv", dl__load_names, dl__load_name_row));
    DL_TRY(
        dl__load_file(l, "substances", "conflicts.csv", dl__load_conflicts, dl__load_conflict_row));
    return dl__load_file(l, "", "accepted.csv", ACCEPTED, accepted_row);
}

static enum dl_err put_version(struct dl__loader *l)
{
    struct dl_hash hash = dl_sha256_final(l->hash);
    char hex[2 * sizeof hash.b + 1];
    dl_hex_encode(dl_view_of(hash.b, sizeof hash.b), hex);
    DL_TRY(dl_store_run(l->store, "UPDATE import SET sha256 = ?1 WHERE id = 1",
                        DL_SQL(DL_SQL_STR(hex)), NULL, NULL));
    hex[16] = '\0'; /* enough to tell versions apart, short enough to read */
    return dl_store_run(l->store, "INSERT INTO meta (key, value) VALUES ('version', ?1)",
                        DL_SQL(DL_SQL_STR(hex)), NULL, NULL);
}

enum dl_err dl_registry_load(const struct dl_load *load, struct dl_error *error)
{
    DL_ASSERT(load->store != NULL && load->read != NULL, "a store and a reader");
    struct dl__loader l = {.load = load, .store = load->store, .error = error};
    enum dl_err err = dl_store_begin(l.store);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "%s", dl_store_message(l.store));
    }
    l.hash = dl_sha256_new();
    err = load_all(&l);
    if (err == DL_OK) {
        err = put_version(&l);
    }
    if (err == DL_OK) {
        err = dl_store_commit(l.store);
    } else {
        dl_store_rollback(l.store);
    }
    dl_sha256_free(&l.hash);
    return err;
}
