/* A substance that was recorded without a structure, and whose structure is known now: it goes on
 * under its InChIKey. Earlier versions keep it as it was. */
#include "registry/import_internal.h"

struct adopting {
    struct dl__importing *m;
    int64_t old, now; /* substances */
};

static enum dl_err run(struct adopting *a, const char *sql)
{
    return dl_store_run(a->m->store, sql,
                        DL_SQL(DL_SQL_INT(a->old), DL_SQL_INT(a->now), DL_SQL_INT(a->m->version)),
                        NULL, NULL);
}

static enum dl_err point(struct adopting *a, int64_t listing)
{
    DL_TRY(dl_store_run(
        a->m->store, "UPDATE listing SET subject = ?3 WHERE id = ?1 AND subject = ?2",
        DL_SQL(DL_SQL_INT(listing), DL_SQL_INT(a->old), DL_SQL_INT(a->now)), NULL, NULL));
    return dl_store_run(
        a->m->store, "UPDATE link SET substance = ?3 WHERE listing = ?1 AND substance = ?2",
        DL_SQL(DL_SQL_INT(listing), DL_SQL_INT(a->old), DL_SQL_INT(a->now)), NULL, NULL);
}

/* Columns: listing, recorded_from. What this import recorded is changed, what stood before is
 * recorded again. */
static enum dl_err take_listing(void *context, const struct dl_row *row)
{
    struct adopting *a = context;
    int64_t id = dl_row_int(row, 0);
    if (dl_row_int(row, 1) < a->m->version) {
        DL_TRY(dl__import_again(a->m, id, &id));
    }
    return point(a, id);
}

/* Names and numbers move: closed there, recorded here. */
static enum dl_err move_words(struct adopting *a)
{
    static const char *const steps[] = {
        "INSERT INTO name (substance, n, lang, kind, name, key, known_from, known_until, source, "
        "verification, recorded_from) SELECT ?2, n, lang, kind, name, key, known_from, "
        "known_until, source, verification, ?3 FROM name WHERE substance = ?1 AND recorded_until "
        "IS NULL",
        "INSERT INTO identifier (value, kind, substance, role, source, verification, "
        "recorded_from) SELECT value, kind, ?2, role, source, verification, ?3 FROM identifier "
        "WHERE substance = ?1 AND recorded_until IS NULL",
        "DELETE FROM name WHERE substance = ?1 AND recorded_from = ?3",
        "DELETE FROM identifier WHERE substance = ?1 AND recorded_from = ?3",
        "UPDATE name SET recorded_until = ?3 WHERE substance = ?1 AND recorded_until IS NULL",
        ("UPDATE identifier SET recorded_until = ?3"
         " WHERE substance = ?1 AND recorded_until IS NULL")};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        DL_TRY(run(a, steps[i]));
    }
    return DL_OK;
}

enum dl_err dl__import_adopt(struct dl__importing *m, const struct dl_announcement_row *row,
                             int64_t *substance)
{
    struct adopting a = {.m = m, .old = *substance, .now = m->next_substance++};
    DL_ASSERT(row->field[DL_ROW_INCHIKEY].n > 0, "a structure");
    DL_TRY(dl_store_run(m->store,
                        "INSERT INTO substance (id, key, kind, name, name_zh, structured, "
                        "recorded_from) SELECT ?2, ?4, kind, name, name_zh, 1, ?3 FROM substance "
                        "WHERE id = ?1",
                        DL_SQL(DL_SQL_INT(a.old), DL_SQL_INT(a.now), DL_SQL_INT(m->version),
                               DL_SQL_TEXT(row->field[DL_ROW_INCHIKEY])),
                        NULL, NULL));
    DL_TRY(dl__import_structure(m, row, a.now));
    DL_TRY(move_words(&a));
    DL_TRY(dl_store_run(m->store,
                        "SELECT DISTINCT l.id, l.recorded_from FROM listing l JOIN link k ON "
                        "k.listing = l.id WHERE k.substance = ?1 AND l.recorded_until IS NULL",
                        DL_SQL(DL_SQL_INT(a.old)), take_listing, &a));
    *substance = a.now;
    return DL_OK;
}
