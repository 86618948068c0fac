#include "registry/import_internal.h"
#include "registry/name.h"

#include <stdlib.h>
#include <string.h>

struct dl_import_run {
    struct dl__importing m;
    size_t next; /* row */
};

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

/* The numbers that the import will give; its own row comes last, and with it the version. */
static enum dl_err find_numbers(struct dl__importing *m)
{
    DL_TRY(dl_store_run(m->store, "SELECT max(id) FROM import", NULL, 0, dl__import_take_id,
                        &m->import->based_on));
    m->version = m->import->based_on + 1;
    DL_ASSERT(m->version > 1, "after the shipped data");
    DL_TRY(dl_store_run(m->store, "SELECT coalesce(max(id), 0) + 1 FROM substance", NULL, 0,
                        dl__import_take_id, &m->next_substance));
    return dl_store_run(m->store, "SELECT coalesce(max(id), 0) + 1 FROM listing", NULL, 0,
                        dl__import_take_id, &m->next_listing);
}

static enum dl_err put_import(struct dl__importing *m)
{
    const struct dl_import *i = m->import;
    struct dl_store_value entry = i->entry == NULL ? DL_SQL_NULL : DL_SQL_STR(i->entry);
    return dl_store_run(
        m->store,
        "INSERT INTO import (id, at_ms, kind, by, file, sha256, entry, instrument, added, changed, "
        "ended) SELECT ?7, max(?1, (SELECT max(at_ms) FROM import)), ?2, ?3, ?4, ?5, ?6, ?8, ?9, "
        "?10, ?11",
        DL_SQL(DL_SQL_INT(i->now_ms), DL_SQL_STR(i->entry == NULL ? "announcement" : "notice"),
               DL_SQL_STR(i->by), DL_SQL_STR(i->file), DL_SQL_STR(i->sha256), entry,
               DL_SQL_INT(m->version), DL_SQL_INT(m->instrument), DL_SQL_INT(i->n[DL_IMPORT_NEW]),
               DL_SQL_INT(i->n[DL_IMPORT_CHANGED]), DL_SQL_INT(i->n[DL_IMPORT_ENDED])),
        NULL, NULL);
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

static enum dl_err begin(struct dl__importing *m)
{
    DL_TRY(find_jurisdiction(m));
    DL_TRY(stored(m, find_numbers(m)));
    if (m->import->shown_at != 0 && m->import->shown_at != m->import->based_on) {
        dl_error_set(m->error, DL_E_STATE, NULL,
                     "the registry changed after the difference was shown; nothing was recorded");
        return dl_error_hint(m->error, "look at the difference again");
    }
    DL_TRY(stored(m, find_source(m)));
    return stored(m, find_instrument(m));
}

enum dl_err dl_import_none_runs(const struct dl_store *store, struct dl_error *error)
{
    if (!dl_store_in_transaction(store)) {
        return DL_OK;
    }
    dl_error_set(error, DL_E_STATE, NULL, "an import is being recorded");
    return dl_error_hint(error, "ask again when it has ended; nothing was changed");
}

enum dl_err dl_import_begin(struct dl_import *import, struct dl_import_run **out,
                            struct dl_error *error)
{
    DL_TRY(dl_import_none_runs(import->store, error));
    struct dl_import_run *run = calloc(1, sizeof *run);
    DL_ASSERT(run != NULL, "memory for an import");
    run->m =
        (struct dl__importing){.import = import,
                               .store = import->store,
                               .error = error,
                               .verification = import->entry == NULL ? "announcement" : "notice"};
    memset(import->n, 0, sizeof import->n);
    import->id = 0;
    dl_buf_init(&run->m.key, 8 * (size_t)DL_NAME_OCTETS_MAX);
    dl_buf_init(&run->m.reason, 512);
    enum dl_err err = stored(&run->m, dl_store_begin(import->store));
    if (err == DL_OK) {
        err = begin(&run->m);
    }
    if (err != DL_OK) {
        dl_import_drop(&run);
        return err;
    }
    *out = run;
    return DL_OK;
}

enum dl_err dl_import_rows(struct dl_import_run *run, size_t most, bool *done,
                           struct dl_error *error)
{
    const struct dl_announcement *a = run->m.import->announcement;
    size_t end = a->n_rows - run->next < most ? a->n_rows : run->next + most;
    run->m.error = error;
    for (; run->next < end; run->next++) {
        const struct dl_announcement_row *row = &a->rows[run->next];
        struct dl__outcome outcome;
        DL_TRY(stored(&run->m, dl__import_row(&run->m, row, &outcome)));
        DL_TRY(stored(&run->m, tell_row(&run->m, row, &outcome)));
    }
    *done = end == a->n_rows;
    return DL_OK;
}

bool dl_import_changes(const struct dl_import_run *run)
{
    const size_t *n = run->m.import->n;
    return run->m.import->apply && n[DL_IMPORT_NEW] + n[DL_IMPORT_CHANGED] + n[DL_IMPORT_ENDED] > 0;
}

enum dl_err dl_import_end(struct dl_import_run **run, struct dl_error *error)
{
    struct dl__importing *m = &(*run)->m;
    enum dl_err err = DL_OK;
    m->error = error;
    if (dl_import_changes(*run)) {
        err = stored(m, put_import(m));
        if (err == DL_OK) {
            err = stored(m, dl_store_commit(m->store));
        }
        m->import->id = err == DL_OK ? m->version : 0;
    }
    dl_import_drop(run);
    return err;
}

void dl_import_drop(struct dl_import_run **run)
{
    if (*run != NULL) {
        if (dl_store_in_transaction((*run)->m.store)) {
            dl_store_rollback((*run)->m.store);
        }
        dl_buf_fini(&(*run)->m.reason);
        dl_buf_fini(&(*run)->m.key);
        free(*run);
        *run = NULL;
    }
}

enum dl_err dl_registry_import(struct dl_import *import, struct dl_error *error)
{
    struct dl_import_run *run = NULL;
    bool done = false;
    DL_TRY(dl_import_begin(import, &run, error));
    enum dl_err err = dl_import_rows(run, SIZE_MAX, &done, error);
    if (err != DL_OK) {
        dl_import_drop(&run);
        return err;
    }
    return dl_import_end(&run, error);
}
