#include "registry/import_internal.h"

struct undoing {
    struct dl_store *store;
    struct dl_error *error;
    int64_t version; /* of the undo */
    int64_t import;  /* that is taken back */
};

struct record {
    bool found, is_announced;
    int64_t undone_by;
};

static enum dl_err take_record(void *context, const struct dl_row *row)
{
    struct record *record = context;
    record->found = true;
    struct dl_view kind = dl_row_text(row, 0);
    record->is_announced = dl_view_is(kind, "announcement") || dl_view_is(kind, "notice");
    record->undone_by = dl_row_int(row, 1);
    return DL_OK;
}

static enum dl_err refuse(struct undoing *u, enum dl_err err, const char *why)
{
    dl_error_set(u->error, err, "import", "import %lld %s", (long long)u->import, why);
    (void)dl_error_hint(u->error, "nothing was changed; see registry imports");
    return err;
}

/* Rows that a later import built on what is to go: listings replaced since, and listings of later
 * imports that mean a substance or rest on an act which came with this one. */
static enum dl_err check_later(struct undoing *u)
{
    int64_t later = 0;
    DL_TRY(dl_store_run(u->store,
                        "SELECT coalesce(max(a.recorded_until), 0) FROM listing a JOIN import m ON "
                        "m.id = a.recorded_until WHERE coalesce(a.stems_from, a.recorded_from) = "
                        "?1 AND m.undone_by IS NULL AND m.kind <> 'undo'",
                        DL_SQL(DL_SQL_INT(u->import)), dl__import_take_id, &later));
    if (later == 0) {
        DL_TRY(dl_store_run(
            u->store,
            "SELECT coalesce(max(a.recorded_from), 0) FROM listing a JOIN substance s ON s.id = "
            "a.subject LEFT JOIN instrument i ON i.id = a.instrument WHERE coalesce(a.stems_from, "
            "a.recorded_from) > ?1 "
            "AND a.recorded_until IS NULL AND (s.recorded_from = ?1 OR i.recorded_from = ?1)",
            DL_SQL(DL_SQL_INT(u->import)), dl__import_take_id, &later));
    }
    if (later == 0) {
        return DL_OK;
    }
    dl_error_set(u->error, DL_E_STATE, "import", "import %lld was built on by import %lld",
                 (long long)u->import, (long long)later);
    (void)dl_error_hint(u->error, "undo import %lld first; nothing was changed", (long long)later);
    return DL_E_STATE;
}

static enum dl_err check(struct undoing *u)
{
    struct record record = {0};
    DL_TRY(dl_store_run(u->store, "SELECT kind, undone_by FROM import WHERE id = ?1",
                        DL_SQL(DL_SQL_INT(u->import)), take_record, &record));
    if (!record.found) {
        return refuse(u, DL_E_FIELD_VALUE, "does not exist");
    }
    if (!record.is_announced) {
        return refuse(u, DL_E_STATE, "cannot be undone; import the announcement again");
    }
    if (record.undone_by != 0) {
        return refuse(u, DL_E_STATE, "was undone already");
    }
    return check_later(u);
}

static enum dl_err reopen(void *context, const struct dl_row *row)
{
    struct undoing *u = context;
    int64_t old = dl_row_int(row, 0);
    int64_t id = 0;
    DL_TRY(dl_store_run(
        u->store,
        "INSERT INTO listing (key, list, entry, kind, subject, announced, in_force, listed_by, "
        "until, gone_by, instrument, ended_by, words, scope, exemption, source, verification, "
        "verification_dates, parent, note, recorded_from, stems_from) SELECT key, list, entry, "
        "kind, subject, "
        "announced, in_force, listed_by, until, gone_by, instrument, ended_by, words, scope, "
        "exemption, source, verification, verification_dates, parent, note, ?2, "
        "coalesce(stems_from, recorded_from) FROM listing WHERE "
        "id = ?1 RETURNING id",
        DL_SQL(DL_SQL_INT(old), DL_SQL_INT(u->version)), dl__import_take_id, &id));
    return dl__import_copy_parts(u->store, old, id);
}

static enum dl_err undo_rows(struct undoing *u)
{
    static const char *const closing[] = {
        "UPDATE listing SET recorded_until = ?2 WHERE (recorded_from = ?1 OR stems_from = ?1) AND "
        "recorded_until IS NULL",
        "UPDATE name SET recorded_until = ?2 WHERE recorded_from = ?1 AND recorded_until IS NULL",
        "UPDATE identifier SET recorded_until = ?2 WHERE recorded_from = ?1 AND recorded_until IS "
        "NULL",
        /* names of its substances that came back by another undo */
        "UPDATE name SET recorded_until = ?2 WHERE recorded_until IS NULL AND substance IN (SELECT "
        "id FROM substance WHERE recorded_from = ?1)",
        "UPDATE identifier SET recorded_until = ?2 WHERE recorded_until IS NULL AND substance IN "
        "(SELECT id FROM substance WHERE recorded_from = ?1)",
        "UPDATE substance SET recorded_until = ?2 WHERE recorded_from = ?1 AND recorded_until IS "
        "NULL",
        "UPDATE instrument SET recorded_until = ?2 WHERE recorded_from = ?1 AND recorded_until IS "
        "NULL"};
    static const char *const opening[] = {
        "INSERT INTO name (substance, n, lang, kind, name, key, known_from, known_until, source, "
        "verification, recorded_from) SELECT a.substance, a.n + 1 + (SELECT max(b.n) FROM name b "
        "WHERE b.substance = a.substance), a.lang, a.kind, a.name, a.key, a.known_from, "
        "a.known_until, a.source, a.verification, ?2 FROM name a WHERE a.recorded_until = ?1",
        "INSERT INTO identifier (value, kind, substance, role, source, verification, "
        "recorded_from) SELECT value, kind, substance, role, source, verification, ?2 FROM "
        "identifier WHERE recorded_until = ?1"};
    for (size_t i = 0; i < sizeof closing / sizeof *closing; i++) {
        DL_TRY(dl_store_run(u->store, closing[i],
                            DL_SQL(DL_SQL_INT(u->import), DL_SQL_INT(u->version)), NULL, NULL));
    }
    for (size_t i = 0; i < sizeof opening / sizeof *opening; i++) {
        DL_TRY(dl_store_run(u->store, opening[i],
                            DL_SQL(DL_SQL_INT(u->import), DL_SQL_INT(u->version)), NULL, NULL));
    }
    DL_TRY(dl_store_run(u->store, "SELECT id FROM listing WHERE recorded_until = ?1 ORDER BY id",
                        DL_SQL(DL_SQL_INT(u->import)), reopen, u));
    return dl_store_run(u->store, "UPDATE import SET undone_by = ?2 WHERE id = ?1",
                        DL_SQL(DL_SQL_INT(u->import), DL_SQL_INT(u->version)), NULL, NULL);
}

static enum dl_err run(struct undoing *u, const struct dl_undo *undo)
{
    DL_TRY(check(u));
    DL_TRY(dl_store_run(
        u->store,
        "INSERT INTO import (at_ms, kind, by, file, sha256, instrument, entry, undoes, added, "
        "changed, ended) SELECT max(?2, (SELECT max(at_ms) FROM import)), 'undo', ?3, file, "
        "sha256, instrument, entry, id, added, changed, ended FROM import WHERE id = ?1 RETURNING "
        "id",
        DL_SQL(DL_SQL_INT(u->import), DL_SQL_INT(undo->now_ms), DL_SQL_STR(undo->by)),
        dl__import_take_id, &u->version));
    DL_ASSERT(u->version > u->import, "a later import");
    return undo_rows(u);
}

enum dl_err dl_registry_undo(const struct dl_undo *undo, int64_t *id, struct dl_error *error)
{
    struct dl_error said = {0};
    struct undoing u = {.store = undo->store, .error = &said, .import = undo->import};
    DL_TRY(dl_import_none_runs(u.store, error));
    enum dl_err err = dl_store_begin(u.store);
    if (err == DL_OK) {
        err = run(&u, undo);
    }
    if (err == DL_OK) {
        err = dl_store_commit(u.store);
    } else {
        dl_store_rollback(u.store);
    }
    if (err == DL_OK) {
        *id = u.version;
        return DL_OK;
    }
    if (said.err == DL_OK) {
        dl_error_set(&said, err, NULL, "the registry could not be changed: %s",
                     dl_store_message(u.store));
    }
    if (error != NULL) {
        *error = said;
    }
    return err;
}

struct listing_imports {
    dl_import_record_fn fn;
    void *context;
};

static enum dl_err import_row(void *context, const struct dl_row *row)
{
    struct listing_imports *l = context;
    struct dl_import_record record = {.id = dl_row_int(row, 0),
                                      .at_ms = dl_row_int(row, 1),
                                      .kind = dl_row_text(row, 2),
                                      .by = dl_row_text(row, 3),
                                      .file = dl_row_text(row, 4),
                                      .sha256 = dl_row_text(row, 5),
                                      .instrument = dl_row_text(row, 6),
                                      .entry = dl_row_text(row, 7),
                                      .undoes = dl_row_int(row, 8),
                                      .undone_by = dl_row_int(row, 9),
                                      .added = dl_row_int(row, 10),
                                      .changed = dl_row_int(row, 11),
                                      .ended = dl_row_int(row, 12)};
    return l->fn(l->context, &record);
}

enum dl_err dl_registry_imports(struct dl_store *store, dl_import_record_fn fn, void *context)
{
    struct listing_imports l = {fn, context};
    return dl_store_run(store,
                        "SELECT m.id, m.at_ms, m.kind, m.by, m.file, m.sha256, i.key, m.entry, "
                        "m.undoes, m.undone_by, m.added, m.changed, m.ended FROM import m LEFT "
                        "JOIN instrument i ON i.id = m.instrument ORDER BY m.id",
                        NULL, 0, import_row, &l);
}
