#include "registry/import_internal.h"
#include "registry/name.h"

#include <string.h>

enum { PROGRESS_ROWS = 256 };

const char *dl_import_result_name(enum dl_import_result result)
{
    static const char *const names[] = {"new",   "changed",  "unchanged",
                                        "ended", "conflict", "refused"};
    DL_ASSERT(result < DL_IMPORT_RESULTS, "a result");
    return names[result];
}

static enum dl_err stored(struct dl__importing *m, enum dl_err err)
{
    return err == DL_OK ? DL_OK
                        : dl_error_set(m->error, err, NULL, "the registry could not be changed: %s",
                                       dl_store_message(m->store));
}

static enum dl_err find_jurisdiction(struct dl__importing *m)
{
    struct dl_view code = m->import->announcement->header[DL_ANNOUNCED_JURISDICTION];
    DL_TRY(
        stored(m, dl_store_run(m->store, "SELECT id FROM jurisdiction WHERE code = ?1",
                               DL_SQL(DL_SQL_TEXT(code)), dl__import_take_id, &m->jurisdiction)));
    if (m->jurisdiction != 0) {
        return DL_OK;
    }
    dl_error_set(m->error, DL_E_ANNOUNCEMENT, "jurisdiction",
                 "this registry has no jurisdiction \"%.*s\"", code.n > 32 ? 32 : (int)code.n,
                 (const char *)code.p);
    (void)dl_error_hint(m->error, "nothing was changed");
    return DL_E_ANNOUNCEMENT;
}

/* Where the rows come from, as every one of them will say. */
static enum dl_err find_source(struct dl__importing *m)
{
    struct dl_buf words;
    struct dl__last_text text = {0};
    const struct dl_import *i = m->import;
    dl_buf_init(&words, 4096);
    if (i->entry != NULL) {
        dl_buf_printf(&words, "entry %s, accepted by %s", i->entry, i->by);
    } else {
        dl_buf_printf(&words, "announcement file %s, sha256 %s, imported by %s", i->file, i->sha256,
                      i->by);
    }
    enum dl_err err = dl_buf_err(&words);
    if (err == DL_OK) {
        err = dl__import_text(m, &text, dl_buf_view(&words));
    }
    m->source = text.id;
    dl_buf_fini(&words);
    return err;
}

static enum dl_err find_instrument(struct dl__importing *m)
{
    const struct dl_view *h = m->import->announcement->header;
    DL_TRY(dl_store_run(
        m->store, "SELECT id FROM instrument WHERE key = ?1 AND recorded_until IS NULL",
        DL_SQL(DL_SQL_TEXT(h[DL_ANNOUNCED_INSTRUMENT])), dl__import_take_id, &m->instrument));
    if (m->instrument != 0) {
        return DL_OK;
    }
    struct dl_view title =
        h[DL_ANNOUNCED_TITLE].n > 0 ? h[DL_ANNOUNCED_TITLE] : h[DL_ANNOUNCED_TITLE_ZH];
    struct dl_view days[2] = {h[DL_ANNOUNCED_ANNOUNCED], h[DL_ANNOUNCED_IN_FORCE]};
    return dl_store_run(
        m->store,
        "INSERT INTO instrument (key, jurisdiction, title, title_local, issuer, number, announced, "
        "in_force, replaces, action, substances, source, verification, note, recorded_from) VALUES "
        "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '', '', '', ?9, ?10, '', ?11) RETURNING id",
        DL_SQL(DL_SQL_TEXT(h[DL_ANNOUNCED_INSTRUMENT]), DL_SQL_INT(m->jurisdiction),
               DL_SQL_TEXT(title), DL_SQL_TEXT(h[DL_ANNOUNCED_TITLE_ZH]),
               DL_SQL_TEXT(h[DL_ANNOUNCED_ISSUER]), DL_SQL_TEXT(h[DL_ANNOUNCED_NUMBER]),
               days[0].n == 0 ? DL_SQL_NULL : DL_SQL_TEXT(days[0]),
               days[1].n == 0 ? DL_SQL_NULL : DL_SQL_TEXT(days[1]), DL_SQL_INT(m->source),
               DL_SQL_STR(m->verification), DL_SQL_INT(m->version)),
        dl__import_take_id, &m->instrument);
}

static enum dl_err put_import(struct dl__importing *m)
{
    const struct dl_import *i = m->import;
    struct dl_store_value entry = i->entry == NULL ? DL_SQL_NULL : DL_SQL_STR(i->entry);
    DL_TRY(dl_store_run(
        m->store,
        "INSERT INTO import (at_ms, kind, by, file, sha256, entry) SELECT max(?1, (SELECT "
        "max(at_ms) FROM import)), ?2, ?3, ?4, ?5, ?6 RETURNING id",
        DL_SQL(DL_SQL_INT(i->now_ms), DL_SQL_STR(i->entry == NULL ? "announcement" : "notice"),
               DL_SQL_STR(i->by), DL_SQL_STR(i->file), DL_SQL_STR(i->sha256), entry),
        dl__import_take_id, &m->version));
    DL_ASSERT(m->version > 1, "after the shipped data");
    DL_TRY(dl_store_run(m->store, "SELECT coalesce(max(id), 0) + 1 FROM substance", NULL, 0,
                        dl__import_take_id, &m->next_substance));
    DL_TRY(dl_store_run(m->store, "SELECT coalesce(max(id), 0) + 1 FROM listing", NULL, 0,
                        dl__import_take_id, &m->next_listing));
    DL_TRY(find_source(m));
    DL_TRY(find_instrument(m));
    return dl_store_run(m->store, "UPDATE import SET instrument = ?2 WHERE id = ?1",
                        DL_SQL(DL_SQL_INT(m->version), DL_SQL_INT(m->instrument)), NULL, NULL);
}

static enum dl_err take_key(void *context, const struct dl_row *row)
{
    struct dl_view key = dl_row_text(row, 0);
    dl_buf_put_view(context, key);
    return dl_buf_err(context);
}

static struct dl_view name_in(const struct dl_announcement_row *row)
{
    static const enum dl_announced_column order[] = {DL_ROW_NAME_EN, DL_ROW_NAME_ZH, DL_ROW_CAS,
                                                     DL_ROW_INCHIKEY, DL_ROW_ENTRY};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (row->field[order[i]].n > 0) {
            return row->field[order[i]];
        }
    }
    return dl_view_of(NULL, 0);
}

static enum dl_err tell_row(struct dl__importing *m, const struct dl_announcement_row *row,
                            const struct dl__outcome *outcome)
{
    m->import->n[outcome->result]++;
    if (m->import->row == NULL) {
        return DL_OK;
    }
    dl_buf_reset(&m->key);
    if (outcome->substance != 0) {
        DL_TRY(dl_store_run(m->store, "SELECT key FROM substance WHERE id = ?1",
                            DL_SQL(DL_SQL_INT(outcome->substance)), take_key, &m->key));
    }
    struct dl_import_row told = {.row = row,
                                 .result = outcome->result,
                                 .substance = dl_buf_view(&m->key),
                                 .name = name_in(row),
                                 .reason = outcome->reason};
    m->import->row(m->import->context, &told);
    return DL_OK;
}

static enum dl_err each_row(struct dl__importing *m)
{
    const struct dl_announcement *a = m->import->announcement;
    for (size_t i = 0; i < a->n_rows; i++) {
        struct dl__outcome outcome;
        if (i % PROGRESS_ROWS == 0 && m->import->progress != NULL &&
            !m->import->progress(m->import->context, i, a->n_rows)) {
            return dl_error_set(m->error, DL_E_STATE, NULL, "stopped; nothing was changed");
        }
        DL_TRY(stored(m, dl__import_row(m, &a->rows[i], &outcome)));
        DL_TRY(stored(m, tell_row(m, &a->rows[i], &outcome)));
    }
    return DL_OK;
}

static enum dl_err run(struct dl__importing *m)
{
    DL_TRY(find_jurisdiction(m));
    DL_TRY(stored(m, put_import(m)));
    DL_TRY(each_row(m));
    const size_t *n = m->import->n;
    return stored(
        m, dl_store_run(m->store,
                        "UPDATE import SET added = ?2, changed = ?3, ended = ?4 WHERE id "
                        "= ?1",
                        DL_SQL(DL_SQL_INT(m->version), DL_SQL_INT(n[DL_IMPORT_NEW]),
                               DL_SQL_INT(n[DL_IMPORT_CHANGED]), DL_SQL_INT(n[DL_IMPORT_ENDED])),
                        NULL, NULL));
}

enum dl_err dl_registry_import(struct dl_import *import, struct dl_error *error)
{
    struct dl__importing m = {.import = import,
                              .store = import->store,
                              .error = error,
                              .verification = import->entry == NULL ? "announcement" : "notice"};
    DL_ASSERT(!dl_store_in_transaction(import->store), "a transaction of its own");
    memset(import->n, 0, sizeof import->n);
    import->id = 0;
    DL_TRY(stored(&m, dl_store_begin(m.store)));
    dl_buf_init(&m.key, 8 * (size_t)DL_NAME_OCTETS_MAX);
    dl_buf_init(&m.reason, 512);
    enum dl_err err = run(&m);
    size_t made =
        import->n[DL_IMPORT_NEW] + import->n[DL_IMPORT_CHANGED] + import->n[DL_IMPORT_ENDED];
    if (err != DL_OK || !import->apply || made == 0) {
        dl_store_rollback(m.store);
    } else {
        err = stored(&m, dl_store_commit(m.store));
        import->id = err == DL_OK ? m.version : 0;
    }
    dl_buf_fini(&m.reason);
    dl_buf_fini(&m.key);
    return err;
}
