#include "registry/import_internal.h"
#include "registry/name.h"

#include <string.h>

static struct dl_store_value nullable(struct dl_view view)
{
    return view.n == 0 ? DL_SQL_NULL : DL_SQL_TEXT(view);
}

static struct dl_store_value nullable_id(int64_t id)
{
    return id == 0 ? DL_SQL_NULL : DL_SQL_INT(id);
}

enum dl_err dl__import_text(struct dl__importing *m, struct dl__last_text *last,
                            struct dl_view value)
{
    if (dl_view_equal(last->value, value) && (last->id != 0 || value.n == 0)) {
        return DL_OK;
    }
    last->value = value;
    last->id = 0;
    if (value.n == 0) {
        return DL_OK;
    }
    DL_TRY(dl_store_run(m->store, "SELECT id FROM text WHERE value = ?1",
                        DL_SQL(DL_SQL_TEXT(value)), dl__import_take_id, &last->id));
    if (last->id != 0) {
        return DL_OK;
    }
    return dl_store_run(m->store, "INSERT INTO text (value) VALUES (?1) RETURNING id",
                        DL_SQL(DL_SQL_TEXT(value)), dl__import_take_id, &last->id);
}

/* The name to show first. */
static struct dl_view shown_name(const struct dl_announcement_row *row)
{
    static const enum dl_announced_column order[] = {DL_ROW_NAME_EN, DL_ROW_NAME_ZH, DL_ROW_CAS,
                                                     DL_ROW_INCHIKEY};
    size_t i = 0;
    while (i < 3 && row->field[order[i]].n == 0) {
        i++;
    }
    return row->field[order[i]];
}

static enum dl_err key_is_taken(struct dl__importing *m, const char *sql, bool *taken)
{
    int64_t id = 0;
    DL_TRY(dl_store_run(m->store, sql, DL_SQL(DL_SQL_TEXT(dl_buf_view(&m->key))),
                        dl__import_take_id, &id));
    *taken = id != 0;
    return DL_OK;
}

/* In m->key: the InChIKey, else "chemical:" and the name's key; with the instrument behind it where
 * another substance has that already. */
static enum dl_err substance_key(struct dl__importing *m, const struct dl_announcement_row *row)
{
    bool taken = false;
    dl_buf_reset(&m->key);
    if (row->field[DL_ROW_INCHIKEY].n > 0) {
        dl_buf_put_view(&m->key, row->field[DL_ROW_INCHIKEY]);
        return dl_buf_err(&m->key);
    }
    dl_buf_put_str(&m->key, "chemical:");
    DL_TRY(dl_name_key(shown_name(row), &m->key));
    DL_TRY(key_is_taken(m, "SELECT id FROM substance WHERE key = ?1 AND recorded_until IS NULL",
                        &taken));
    if (taken) {
        dl_buf_put_str(&m->key, "@");
        dl_buf_put_view(&m->key, m->import->announcement->header[DL_ANNOUNCED_INSTRUMENT]);
    }
    return dl_buf_err(&m->key);
}

enum dl_err dl__import_new_substance(struct dl__importing *m, const struct dl_announcement_row *row,
                                     int64_t *id)
{
    bool structured = row->field[DL_ROW_INCHIKEY].n > 0;
    DL_TRY(substance_key(m, row));
    DL_TRY(dl_store_run(m->store,
                        "INSERT INTO substance (key, kind, name, name_zh, structured, "
                        "recorded_from, id) VALUES (?1, 'chemical', ?2, ?3, ?4, ?5, ?6)",
                        DL_SQL(DL_SQL_TEXT(dl_buf_view(&m->key)), DL_SQL_TEXT(shown_name(row)),
                               nullable(row->field[DL_ROW_NAME_ZH]), DL_SQL_INT(structured),
                               DL_SQL_INT(m->version), DL_SQL_INT(m->next_substance)),
                        NULL, NULL));
    *id = m->next_substance++;
    return dl__import_structure(m, row, *id);
}

enum dl_err dl__import_structure(struct dl__importing *m, const struct dl_announcement_row *row,
                                 int64_t substance)
{
    if (row->field[DL_ROW_SMILES].n == 0) {
        return DL_OK;
    }
    return dl_store_run(m->store,
                        "INSERT INTO structure (substance, formula, smiles, inchi, stereo, method, "
                        "source, verification, note) VALUES (?1, '', ?2, '', '', 'announcement', "
                        "?3, ?4, '')",
                        DL_SQL(DL_SQL_INT(substance), DL_SQL_TEXT(row->field[DL_ROW_SMILES]),
                               DL_SQL_INT(m->source), DL_SQL_STR(m->verification)),
                        NULL, NULL);
}

/* In m->key: "LIST/ENTRY", or "LIST/NAME" without an entry; with the day and then the version
 * behind it where the present version has such a key already. */
static enum dl_err listing_key(struct dl__importing *m, const struct dl_announcement_row *row)
{
    static const char sql[] = "SELECT id FROM listing WHERE key = ?1 AND recorded_until IS NULL";
    const struct dl_view *f = row->field;
    bool taken = false;
    dl_buf_reset(&m->key);
    dl_buf_put_view(&m->key, f[DL_ROW_LIST]);
    dl_buf_put_str(&m->key, "/");
    dl_buf_put_view(&m->key, f[DL_ROW_ENTRY].n > 0 ? f[DL_ROW_ENTRY] : shown_name(row));
    DL_TRY(key_is_taken(m, sql, &taken));
    if (taken) {
        dl_buf_put_str(&m->key, "/");
        dl_buf_put_view(&m->key, f[DL_ROW_IN_FORCE]);
        DL_TRY(key_is_taken(m, sql, &taken));
    }
    if (taken) {
        dl_buf_printf(&m->key, "/%lld.%zu", (long long)m->version, row->line);
    }
    return dl_buf_err(&m->key);
}

static enum dl_err put_own_link(struct dl__importing *m, int64_t substance, int64_t listing)
{
    return dl_store_run(m->store,
                        "INSERT INTO link (substance, listing, relation, how, certainty) VALUES "
                        "(?1, ?2, 'is', 'own', 'certain')",
                        DL_SQL(DL_SQL_INT(substance), DL_SQL_INT(listing)), NULL, NULL);
}

static enum dl_err copy_links(struct dl_store *store, int64_t from, int64_t to)
{
    DL_ASSERT(from != to, "another row");
    return dl_store_run(store,
                        "INSERT INTO link (substance, listing, relation, how, certainty, note) "
                        "SELECT k.substance, ?2, k.relation, k.how, k.certainty, k.note FROM link "
                        "k WHERE k.listing = ?1",
                        DL_SQL(DL_SQL_INT(from), DL_SQL_INT(to)), NULL, NULL);
}

static enum dl_err put_printed(struct dl__importing *m, const struct dl_announcement_row *row,
                               int64_t listing)
{
    const struct dl_view *f = row->field;
    return dl_store_run(
        m->store,
        "INSERT INTO listing_text (listing, name_en, name_local, chemical_name, cas, code, "
        "text_en, text_local) VALUES (?1, ?2, ?3, '', ?4, '', '', '')",
        DL_SQL(DL_SQL_INT(listing), DL_SQL_TEXT(f[DL_ROW_NAME_EN]), DL_SQL_TEXT(f[DL_ROW_NAME_ZH]),
               DL_SQL_TEXT(f[DL_ROW_CAS])),
        NULL, NULL);
}

enum dl_err dl__import_new_listing(struct dl__importing *m, const struct dl_announcement_row *row,
                                   int64_t substance, int64_t like)
{
    const struct dl_view *f = row->field;
    int64_t id = m->next_listing++;
    DL_TRY(dl__import_text(m, &m->scope, f[DL_ROW_SCOPE]));
    DL_TRY(dl__import_text(m, &m->note, f[DL_ROW_NOTE]));
    DL_TRY(listing_key(m, row));
    DL_TRY(dl_store_run(
        m->store,
        "INSERT INTO listing (key, list, entry, kind, subject, announced, in_force, listed_by, "
        "until, instrument, scope, source, verification, verification_dates, note, recorded_from, "
        "id) "
        "VALUES (?1, ?2, ?3, coalesce((SELECT kind FROM listing WHERE id = ?14), (SELECT CASE kind "
        "WHEN 'chemical' THEN 'named' ELSE kind END FROM substance WHERE id = ?4)), ?4, ?5, ?6, "
        "?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?13, ?15)",
        DL_SQL(DL_SQL_TEXT(dl_buf_view(&m->key)), DL_SQL_INT(m->list.id),
               DL_SQL_TEXT(f[DL_ROW_ENTRY]), DL_SQL_INT(substance),
               nullable(m->import->announcement->header[DL_ANNOUNCED_ANNOUNCED]),
               DL_SQL_TEXT(f[DL_ROW_IN_FORCE]), nullable(f[DL_ROW_UNTIL]),
               DL_SQL_INT(m->instrument), nullable_id(m->scope.id), DL_SQL_INT(m->source),
               DL_SQL_STR(m->verification), nullable_id(m->note.id), DL_SQL_INT(m->version),
               DL_SQL_INT(like), DL_SQL_INT(id)),
        NULL, NULL));
    DL_TRY(like == 0 ? put_own_link(m, substance, id) : copy_links(m->store, like, id));
    return put_printed(m, row, id);
}

enum dl_err dl__import_copy_parts(struct dl_store *store, int64_t from, int64_t to)
{
    DL_TRY(copy_links(store, from, to));
    return dl_store_run(store,
                        "INSERT INTO listing_text (listing, name_en, name_local, chemical_name, "
                        "cas, code, text_en, text_local) SELECT ?2, name_en, name_local, "
                        "chemical_name, cas, code, text_en, text_local FROM listing_text WHERE "
                        "listing = ?1",
                        DL_SQL(DL_SQL_INT(from), DL_SQL_INT(to)), NULL, NULL);
}

/* The row no longer belongs to the present version. */
static enum dl_err close_row(struct dl__importing *m, int64_t listing)
{
    return dl_store_run(m->store,
                        "UPDATE listing SET recorded_until = ?2 WHERE id = ?1 AND recorded_until "
                        "IS NULL",
                        DL_SQL(DL_SQL_INT(listing), DL_SQL_INT(m->version)), NULL, NULL);
}

enum dl_err dl__import_again(struct dl__importing *m, int64_t listing, int64_t *again)
{
    int64_t id = m->next_listing++;
    DL_TRY(close_row(m, listing));
    DL_TRY(dl_store_run(
        m->store,
        "INSERT INTO listing (key, list, entry, kind, subject, announced, in_force, listed_by, "
        "until, gone_by, instrument, ended_by, words, scope, exemption, source, verification, "
        "verification_dates, parent, note, recorded_from, id) SELECT key, list, entry, kind, "
        "subject, announced, in_force, listed_by, until, gone_by, instrument, ended_by, words, "
        "scope, exemption, source, verification, verification_dates, parent, note, ?2, ?3 FROM "
        "listing WHERE id = ?1",
        DL_SQL(DL_SQL_INT(listing), DL_SQL_INT(m->version), DL_SQL_INT(id)), NULL, NULL));
    *again = id;
    return dl__import_copy_parts(m->store, listing, id);
}

enum dl_err dl__import_corrected(struct dl__importing *m, const struct dl_announcement_row *row,
                                 int64_t listing)
{
    const struct dl_view *f = row->field;
    int64_t id = 0;
    DL_TRY(dl__import_text(m, &m->scope, f[DL_ROW_SCOPE]));
    DL_TRY(dl__import_again(m, listing, &id));
    return dl_store_run(m->store,
                        "UPDATE listing SET entry = coalesce(?2, entry), until = coalesce(?3, "
                        "until), scope = coalesce(?4, scope), source = ?5, verification = ?6 "
                        "WHERE id = ?1",
                        DL_SQL(DL_SQL_INT(id), nullable(f[DL_ROW_ENTRY]), nullable(f[DL_ROW_UNTIL]),
                               nullable_id(m->scope.id), DL_SQL_INT(m->source),
                               DL_SQL_STR(m->verification)),
                        NULL, NULL);
}

enum dl_err dl__import_ended(struct dl__importing *m, const struct dl_announcement_row *row,
                             int64_t listing)
{
    int64_t id = 0;
    DL_TRY(dl__import_again(m, listing, &id));
    return dl_store_run(
        m->store,
        "UPDATE listing SET until = ?2, ended_by = ?3, gone_by = NULL WHERE id = "
        "?1",
        DL_SQL(DL_SQL_INT(id), DL_SQL_TEXT(row->field[DL_ROW_IN_FORCE]), DL_SQL_INT(m->instrument)),
        NULL, NULL);
}

enum dl_err dl__import_continued(struct dl__importing *m, const struct dl_announcement_row *row,
                                 int64_t listing)
{
    const struct dl_view *f = row->field;
    int64_t id = m->next_listing++;
    DL_TRY(dl__import_text(m, &m->scope, f[DL_ROW_SCOPE]));
    DL_TRY(listing_key(m, row));
    DL_TRY(dl_store_run(
        m->store,
        "INSERT INTO listing (key, list, entry, kind, subject, announced, in_force, listed_by, "
        "until, instrument, words, scope, exemption, source, verification, verification_dates, "
        "parent, recorded_from, id) SELECT ?2, list, coalesce(?3, entry), kind, subject, ?4, ?5, "
        "?5, "
        "coalesce(?6, until), ?7, words, coalesce(?8, scope), exemption, ?9, ?10, ?10, parent, "
        "?11, ?12 FROM listing WHERE id = ?1",
        DL_SQL(DL_SQL_INT(listing), DL_SQL_TEXT(dl_buf_view(&m->key)), nullable(f[DL_ROW_ENTRY]),
               nullable(m->import->announcement->header[DL_ANNOUNCED_ANNOUNCED]),
               DL_SQL_TEXT(f[DL_ROW_IN_FORCE]), nullable(f[DL_ROW_UNTIL]),
               DL_SQL_INT(m->instrument), nullable_id(m->scope.id), DL_SQL_INT(m->source),
               DL_SQL_STR(m->verification), DL_SQL_INT(m->version), DL_SQL_INT(id)),
        NULL, NULL));
    DL_TRY(dl__import_copy_parts(m->store, listing, id));
    return dl__import_ended(m, row, listing);
}
