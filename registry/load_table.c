#include "registry/load_table.h"

#include "base/encoding.h"

#include <stdio.h>
#include <string.h>

static int column_of(const struct dl__loader *l, const char *column)
{
    int i = 0;
    while (l->columns[i] != NULL && strcmp(l->columns[i], column) != 0) {
        i++;
    }
    DL_ASSERT(l->columns[i] != NULL, "a column of this table");
    return l->at[i];
}

struct dl_view dl__load_field(const struct dl__loader *l, const char *column)
{
    return dl_csv_field(&l->csv, column_of(l, column));
}

struct dl_store_value dl__load_text(const struct dl__loader *l, const char *column)
{
    return DL_SQL_TEXT(dl__load_field(l, column));
}

struct dl_store_value dl__load_nullable(const struct dl__loader *l, const char *column)
{
    struct dl_view view = dl__load_field(l, column);
    return view.n == 0 ? DL_SQL_NULL : DL_SQL_TEXT(view);
}

enum dl_err dl__load_refuse(struct dl__loader *l, const char *column, const char *why)
{
    struct dl_csv_place place = dl_csv_place_of(&l->csv, column_of(l, column));
    struct dl_view value = dl__load_field(l, column);
    return dl_error_set(l->error, DL_E_INPUT, column, "%s: line %zu, column %zu: %s \"%.*s\"",
                        l->file, place.line, place.column, why, value.n > 200 ? 200 : (int)value.n,
                        (const char *)value.p);
}

enum dl_err dl__load_stored(struct dl__loader *l, enum dl_err err)
{
    if (err == DL_OK) {
        return DL_OK;
    }
    return dl_error_set(l->error, err, NULL, "%s: line %zu: %s", l->file, l->csv.places[0].line,
                        dl_store_message(l->store));
}

enum dl_err dl__load_take_id(void *context, const struct dl_row *row)
{
    *(int64_t *)context = dl_row_int(row, 0);
    return DL_OK;
}

/* *id of the row that `sql` finds by the text; 0 when there is none. */
static enum dl_err find(struct dl__loader *l, const char *sql, struct dl_view key, int64_t *id)
{
    *id = 0;
    return dl__load_stored(
        l, dl_store_run(l->store, sql, DL_SQL(DL_SQL_TEXT(key)), dl__load_take_id, id));
}

enum dl_err dl__load_day(struct dl__loader *l, const char *column, struct dl_store_value *out)
{
    struct dl_view day = dl__load_field(l, column);
    if (day.n > 0 && dl_date_decode(day, NULL) != DL_OK) {
        return dl__load_refuse(l, column, "not a day:");
    }
    *out = dl__load_nullable(l, column);
    return DL_OK;
}

enum dl_err dl__load_reference(struct dl__loader *l, const char *sql, const char *column,
                               struct dl_store_value *out)
{
    struct dl_view key = dl__load_field(l, column);
    int64_t id = 0;
    if (key.n == 0) {
        *out = DL_SQL_NULL;
        return DL_OK;
    }
    DL_TRY(find(l, sql, key, &id));
    if (id == 0) {
        return dl__load_refuse(l, column, "nothing has this key:");
    }
    *out = DL_SQL_INT(id);
    return DL_OK;
}

enum dl_err dl__load_required(struct dl__loader *l, const char *sql, const char *column,
                              struct dl_store_value *out)
{
    if (dl__load_field(l, column).n == 0) {
        return dl__load_refuse(l, column, "must not be empty");
    }
    return dl__load_reference(l, sql, column, out);
}

static enum dl_err text_id(struct dl__loader *l, struct dl_view value, struct dl_store_value *out)
{
    int64_t id = 0;
    DL_TRY(find(l, "SELECT id FROM text WHERE value = ?1", value, &id));
    if (id == 0) {
        DL_TRY(dl__load_stored(l, dl_store_run(l->store,
                                               "INSERT INTO text (value) VALUES (?1) RETURNING id",
                                               DL_SQL(DL_SQL_TEXT(value)), dl__load_take_id, &id)));
    }
    DL_ASSERT(id > 0, "the text is there");
    *out = DL_SQL_INT(id);
    return DL_OK;
}

enum dl_err dl__load_shared(struct dl__loader *l, const char *column, struct dl_store_value *out)
{
    struct dl_view value = dl__load_field(l, column);
    if (value.n == 0) {
        *out = DL_SQL_NULL;
        return DL_OK;
    }
    return text_id(l, value, out);
}

/* Whether `view` begins with `word`; then *rest is what follows. */
static bool after_word(struct dl_view view, const char *word, struct dl_view *rest)
{
    size_t n = strlen(word);
    if (view.n <= n || memcmp(view.p, word, n) != 0) {
        return false;
    }
    *rest = dl_view_of(view.p + n, view.n - n);
    return true;
}

enum dl_err dl__load_source(struct dl__loader *l, struct dl_store_value *out)
{
    struct dl_view words = dl__load_field(l, "source");
    struct dl_view key;
    int64_t id = 0;
    if (words.n == 0) {
        return dl__load_refuse(l, "source", "a row without its source");
    }
    if (after_word(words, "row ", &key)) {
        DL_TRY(find(l, "SELECT source FROM listing WHERE key = ?1", key, &id));
    } else if (after_word(words, "instrument ", &key)) {
        DL_TRY(find(l, "SELECT source FROM instrument WHERE key = ?1", key, &id));
    } else {
        return text_id(l, words, out);
    }
    if (id == 0) {
        return dl__load_refuse(l, "source", "no such source:");
    }
    *out = DL_SQL_INT(id);
    return DL_OK;
}

bool dl__load_next_value(struct dl_view *rest, struct dl_view *value)
{
    if (rest->n == 0) {
        return false;
    }
    const uint8_t *bar = memchr(rest->p, '|', rest->n);
    size_t n = bar == NULL ? rest->n : (size_t)(bar - rest->p);
    size_t used = bar == NULL ? n : n + 1;
    *value = dl_view_of(rest->p, n);
    *rest = dl_view_of(rest->p + used, rest->n - used);
    return true;
}

static enum dl_err read_rows(struct dl__loader *l, dl__load_row_fn row)
{
    size_t n = 0;
    while (l->columns[n] != NULL) {
        n++;
    }
    DL_ASSERT(n <= DL__LOAD_COLUMNS, "columns");
    DL_TRY(dl_csv_header(&l->csv, l->columns, n, l->at, l->error));
    for (;;) {
        DL_TRY(dl_csv_next(&l->csv, l->error));
        if (l->csv.n_fields == 0) {
            return DL_OK;
        }
        DL_TRY(row(l));
    }
}

/* Puts the file's name before a message of the CSV reader. */
static void name_file(struct dl__loader *l)
{
    char message[DL_ERROR_MESSAGE_MAX];
    if (l->error == NULL || strncmp(l->error->message, "line ", 5) != 0) {
        return;
    }
    memcpy(message, l->error->message, sizeof message);
    (void)dl_error_set(l->error, l->error->err, NULL, "%s: %s", l->file, message);
}

enum dl_err dl__load_file(struct dl__loader *l, const char *folder, const char *file,
                          const char *const *columns, dl__load_row_fn row)
{
    struct dl_view content = {NULL, 0};
    int n = snprintf(l->file, sizeof l->file, "%s%s%s", folder, *folder == '\0' ? "" : "/", file);
    DL_ASSERT(n > 0 && (size_t)n < sizeof l->file, "a short name");
    enum dl_err err = l->load->read(l->load->context, l->file, &content);
    if (err != DL_OK) {
        return dl_error_set(l->error, err, NULL, "%s: cannot be read", l->file);
    }
    if (content.p == NULL) {
        return DL_OK;
    }
    dl_sha256_update(l->hash, dl_view_of(l->file, (size_t)n + 1));
    dl_sha256_update(l->hash, content);
    dl_csv_init(&l->csv, content);
    l->columns = columns;
    err = read_rows(l, row);
    if (err != DL_OK) {
        name_file(l);
    }
    dl_csv_fini(&l->csv);
    return err;
}
