#include "registry/load_table.h"

#define RUN(l, sql, ...) dl__load_stored(l, dl_store_run((l)->store, sql, __VA_ARGS__, NULL, NULL))

const char *const dl__load_listings[] = {"row",
                                         "list",
                                         "entry",
                                         "kind",
                                         "substance",
                                         "name_en",
                                         "name_local",
                                         "cas",
                                         "code",
                                         "chemical_name",
                                         "in_force",
                                         "listed_by",
                                         "until",
                                         "gone_by",
                                         "instrument",
                                         "ended_by",
                                         "words",
                                         "parent",
                                         "scope",
                                         "exemption",
                                         "source",
                                         "verification",
                                         "verification_dates",
                                         "note",
                                         NULL};

/* What a listing refers to. */
struct references {
    struct dl_store_value list;
    struct dl_store_value subject;
    struct dl_store_value instrument;
    struct dl_store_value ended_by;
    struct dl_store_value words;
    struct dl_store_value scope;
    struct dl_store_value exemption;
    struct dl_store_value source;
    struct dl_store_value note;
};

static enum dl_err resolve(struct dl__loader *l, struct references *r)
{
    DL_TRY(dl__load_required(l, DL__FIND_LIST, "list", &r->list));
    DL_TRY(dl__load_required(l, DL__FIND_SUBSTANCE, "substance", &r->subject));
    DL_TRY(dl__load_reference(l, DL__FIND_INSTRUMENT, "instrument", &r->instrument));
    DL_TRY(dl__load_reference(l, DL__FIND_INSTRUMENT, "ended_by", &r->ended_by));
    DL_TRY(dl__load_shared(l, "words", &r->words));
    DL_TRY(dl__load_shared(l, "scope", &r->scope));
    DL_TRY(dl__load_shared(l, "exemption", &r->exemption));
    DL_TRY(dl__load_shared(l, "note", &r->note));
    return dl__load_source(l, &r->source);
}

/* `announced` is copied from the instrument, so that an answer needs no second row for its dates.
 */
static enum dl_err put_listing(struct dl__loader *l, int64_t *id)
{
    struct references r;
    struct dl_store_value in_force;
    struct dl_store_value listed_by;
    struct dl_store_value until;
    struct dl_store_value gone_by;
    DL_TRY(resolve(l, &r));
    DL_TRY(dl__load_day(l, "in_force", &in_force));
    DL_TRY(dl__load_day(l, "listed_by", &listed_by));
    DL_TRY(dl__load_day(l, "until", &until));
    DL_TRY(dl__load_day(l, "gone_by", &gone_by));
    return dl__load_stored(
        l, dl_store_run(
               l->store,
               "INSERT INTO listing (key, list, entry, kind, subject, announced, in_force, "
               "listed_by, until, gone_by, instrument, ended_by, words, scope, exemption, source, "
               "verification, verification_dates, parent, note, recorded_from) VALUES (?1, ?2, "
               "?3, ?4, ?5, (SELECT announced FROM instrument WHERE id = ?10), ?6, ?7, ?8, ?9, "
               "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 1) RETURNING id",
               DL_SQL(dl__load_text(l, "row"), r.list, dl__load_text(l, "entry"),
                      dl__load_text(l, "kind"), r.subject, in_force, listed_by, until, gone_by,
                      r.instrument, r.ended_by, r.words, r.scope, r.exemption, r.source,
                      dl__load_text(l, "verification"), dl__load_nullable(l, "verification_dates"),
                      dl__load_nullable(l, "parent"), r.note),
               dl__load_take_id, id));
}

enum dl_err dl__load_listing_row(struct dl__loader *l)
{
    int64_t id = 0;
    DL_TRY(put_listing(l, &id));
    DL_ASSERT(id > 0, "the listing is there");
    return RUN(l,
               "INSERT INTO listing_text (listing, name_en, name_local, chemical_name, cas, code, "
               "text_en, text_local) VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', '')",
               DL_SQL(DL_SQL_INT(id), dl__load_text(l, "name_en"), dl__load_text(l, "name_local"),
                      dl__load_text(l, "chemical_name"), dl__load_text(l, "cas"),
                      dl__load_text(l, "code")));
}

const char *const dl__load_links[] = {"row",       "substance", "relation", "how",
                                      "certainty", "note",      NULL};

enum dl_err dl__load_link_row(struct dl__loader *l)
{
    struct dl_store_value substance;
    struct dl_store_value listing;
    struct dl_store_value note;
    DL_TRY(dl__load_required(l, DL__FIND_SUBSTANCE, "substance", &substance));
    DL_TRY(dl__load_required(l, DL__FIND_LISTING, "row", &listing));
    DL_TRY(dl__load_shared(l, "note", &note));
    return RUN(l,
               "INSERT INTO link (substance, listing, relation, how, certainty, note) VALUES (?1, "
               "?2, ?3, ?4, ?5, ?6)",
               DL_SQL(substance, listing, dl__load_text(l, "relation"), dl__load_text(l, "how"),
                      dl__load_text(l, "certainty"), note));
}

enum dl_err dl__load_own_links(struct dl__loader *l)
{
    return dl_store_run(l->store,
                        "INSERT INTO link (substance, listing, relation, how, certainty) SELECT "
                        "subject, id, 'is', 'own', 'certain' FROM listing a WHERE NOT EXISTS "
                        "(SELECT 1 FROM link WHERE substance = a.subject AND listing = a.id AND "
                        "relation = 'is') ORDER BY id",
                        NULL, 0, NULL, NULL);
}

const char *const dl__load_texts[] = {"row", "text_en", "text_local", NULL};

enum dl_err dl__load_text_row(struct dl__loader *l)
{
    struct dl_store_value listing;
    DL_TRY(dl__load_required(l, DL__FIND_LISTING, "row", &listing));
    return RUN(l, "UPDATE listing_text SET text_en = ?2, text_local = ?3 WHERE listing = ?1",
               DL_SQL(listing, dl__load_text(l, "text_en"), dl__load_text(l, "text_local")));
}

const char *const dl__load_scopes[] = {"list",         "applies_to", "covers",     "words",
                                       "words_local",  "exceptions", "instrument", "source",
                                       "verification", "note",       NULL};

enum dl_err dl__load_scope_row(struct dl__loader *l)
{
    struct dl_store_value list;
    struct dl_store_value instrument;
    struct dl_store_value source;
    DL_TRY(dl__load_required(l, DL__FIND_LIST, "list", &list));
    DL_TRY(dl__load_reference(l, DL__FIND_INSTRUMENT, "instrument", &instrument));
    DL_TRY(dl__load_source(l, &source));
    return RUN(l,
               "INSERT INTO scope (list, applies_to, covers, words, words_local, exceptions, "
               "instrument, source, verification, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
               "?9, ?10)",
               DL_SQL(list, dl__load_text(l, "applies_to"), dl__load_text(l, "covers"),
                      dl__load_text(l, "words"), dl__load_text(l, "words_local"),
                      dl__load_text(l, "exceptions"), instrument, source,
                      dl__load_text(l, "verification"), dl__load_text(l, "note")));
}
