#include "registry/announcement_internal.h"

#include "base/encoding.h"
#include "base/identifier.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

const char *const dl__announcement_headers[] = {
#define DL_HEADER(id, name) name,
#define DL_COLUMN(id, name)
#include "registry/announcement.def"
#undef DL_HEADER
#undef DL_COLUMN
};
const char *const dl__announcement_columns[] = {
#define DL_HEADER(id, name)
#define DL_COLUMN(id, name) name,
#include "registry/announcement.def"
#undef DL_HEADER
#undef DL_COLUMN
};

static const char *const actions[] = {"add", "change", "move", "end"};
#define ACTIONS ((int)(sizeof actions / sizeof *actions))

const char *dl_action_name(enum dl_action action)
{
    DL_ASSERT((int)action < ACTIONS, "an action");
    return actions[action];
}

void dl_announcement_fini(struct dl_announcement *announcement)
{
    free(announcement->rows);
    free(announcement->text);
    memset(announcement, 0, sizeof *announcement);
}

struct dl_view dl__announcement_keep(struct dl_announcement *a, struct dl_view view)
{
    DL_ASSERT(view.n <= a->text_max - a->text_n, "no more than was read");
    if (view.n == 0) {
        return dl_view_of(NULL, 0);
    }
    char *to = a->text + a->text_n;
    memcpy(to, view.p, view.n);
    a->text_n += view.n;
    return dl_view_of(to, view.n);
}

enum dl_err dl__announcement_begin(struct dl_announcement *a, size_t octets, struct dl_error *error)
{
    memset(a, 0, sizeof *a);
    if (octets > DL_ANNOUNCEMENT_OCTETS) {
        return dl_error_set(error, DL_E_TOO_LARGE, NULL, "an announcement is at most %d octets",
                            DL_ANNOUNCEMENT_OCTETS);
    }
    a->text_max = octets;
    a->text = malloc(octets + 1);
    return a->text == NULL ? dl_error_set(error, DL_E_NOMEM, NULL, NULL) : DL_OK;
}

enum dl_err dl__announcement_add_row(struct dl_announcement *a, struct dl_error *error)
{
    size_t n = a->n_rows;
    if (n == DL_ANNOUNCEMENT_ROWS) {
        return dl_error_set(error, DL_E_TOO_LARGE, NULL, "an announcement has at most %d rows",
                            DL_ANNOUNCEMENT_ROWS);
    }
    if ((n & (n - 1)) == 0) { /* full at powers of two */
        size_t cap = n == 0 ? 1 : 2 * n;
        struct dl_announcement_row *rows = realloc(a->rows, cap * sizeof *rows);
        if (rows == NULL) {
            return dl_error_set(error, DL_E_NOMEM, NULL, NULL);
        }
        a->rows = rows;
    }
    memset(&a->rows[n], 0, sizeof a->rows[n]);
    a->n_rows++;
    return DL_OK;
}

static bool find_action(struct dl_view word, enum dl_action *out)
{
    for (int i = 0; i < ACTIONS; i++) {
        if (dl_view_is(word, actions[i])) {
            *out = (enum dl_action)i;
            return true;
        }
    }
    return false;
}

/* What a column may hold; NULL when `value` may stand there. */
static const char *check_value(enum dl_announced_column column, struct dl_view value)
{
    bool is_long = column == DL_ROW_SCOPE || column == DL_ROW_NOTE || column == DL_ROW_OTHER_NAMES;
    if (dl_text_check(value, is_long ? DL_TEXT_LONG : DL_TEXT_NAME, NULL) != DL_OK) {
        return "it holds characters that are not allowed here";
    }
    size_t max = is_long                   ? DL_LIMIT_LONG_TEXT
                 : column == DL_ROW_SMILES ? DL_LIMIT_SMILES
                                           : DL_LIMIT_STRING;
    if (is_long ? value.n > max : dl_text_length(value) > max) {
        return "it is too long";
    }
    switch (column) {
    case DL_ROW_CAS:
        return dl_cas_check(value) == DL_OK ? NULL : "not a CAS number with a right check digit";
    case DL_ROW_INCHIKEY:
        return dl_inchikey_check(value) == DL_OK ? NULL : "not a standard InChIKey";
    case DL_ROW_IN_FORCE:
    case DL_ROW_UNTIL:
        return dl_date_decode(value, NULL) == DL_OK ? NULL : "not a day (YYYY-MM-DD)";
    default:
        return NULL;
    }
}

/* What a row as a whole must have; *column is where the fault is shown. */
static const char *check_row(struct dl_announcement_row *row, enum dl_announced_column *column)
{
    const struct dl_view *f = row->field;
    *column = DL_ROW_ACTION;
    if (!find_action(f[DL_ROW_ACTION], &row->action)) {
        return "the action is none of add, change, move, end";
    }
    bool named =
        f[DL_ROW_NAME_EN].n + f[DL_ROW_NAME_ZH].n + f[DL_ROW_CAS].n + f[DL_ROW_INCHIKEY].n > 0;
    if (!named && (row->action == DL_ACTION_ADD || f[DL_ROW_ENTRY].n == 0)) {
        return "nothing says which substance is meant";
    }
    *column = DL_ROW_LIST;
    if (f[DL_ROW_LIST].n == 0) {
        return "no list, neither here nor in the header";
    }
    *column = DL_ROW_IN_FORCE;
    if (f[DL_ROW_IN_FORCE].n == 0 && row->action != DL_ACTION_CHANGE) {
        return "no day in force, neither here nor in the header";
    }
    *column = DL_ROW_UNTIL;
    if (f[DL_ROW_UNTIL].n > 0 && f[DL_ROW_IN_FORCE].n > 0 &&
        memcmp(f[DL_ROW_UNTIL].p, f[DL_ROW_IN_FORCE].p, DL_DATE_TEXT - 1) <= 0) {
        return "it ends before it begins";
    }
    *column = DL_ROW_FROM;
    if ((row->action == DL_ACTION_MOVE) != (f[DL_ROW_FROM].n > 0)) {
        return "`from` is for moves, and a move needs it";
    }
    return NULL;
}

/* Where a value stands: its column in the file, or the number of its key in a notice. */
static size_t column_of(const struct dl_csv *csv, const int *at, enum dl_announced_column column)
{
    if (csv == NULL || at[column] == DL_CSV_ABSENT) {
        return (size_t)column + 1;
    }
    return dl_csv_place_of(csv, at[column]).column;
}

void dl__announcement_judge(struct dl_announcement *a, struct dl_announcement_row *row,
                            const struct dl_csv *csv, const int *at)
{
    enum dl_announced_column fault = DL_ROW_ACTION;
    for (int i = 0; i < DL_ROW_COUNT && row->refused == NULL; i++) {
        if (row->field[i].n > 0) {
            row->refused = check_value((enum dl_announced_column)i, row->field[i]);
            fault = (enum dl_announced_column)i;
        }
    }
    if (row->field[DL_ROW_LIST].n == 0) {
        row->field[DL_ROW_LIST] = a->header[DL_ANNOUNCED_LIST];
    }
    if (row->field[DL_ROW_IN_FORCE].n == 0) {
        row->field[DL_ROW_IN_FORCE] = a->header[DL_ANNOUNCED_IN_FORCE];
    }
    if (row->refused == NULL) {
        row->refused = check_row(row, &fault);
    }
    if (row->refused != NULL) {
        row->column = column_of(csv, at, fault);
    }
    row->smiles_column = column_of(csv, at, DL_ROW_SMILES);
}

enum dl_err dl__announcement_check_header(const struct dl_announcement *a, struct dl_error *error)
{
    static const enum dl_announced needed[] = {DL_ANNOUNCED_JURISDICTION, DL_ANNOUNCED_INSTRUMENT};
    static const enum dl_announced days[] = {DL_ANNOUNCED_ANNOUNCED, DL_ANNOUNCED_IN_FORCE};
    for (size_t i = 0; i < 2; i++) {
        const char *name = dl__announcement_headers[needed[i]];
        if (a->header[needed[i]].n == 0) {
            return dl_error_set(error, DL_E_ANNOUNCEMENT, name,
                                "line 1, column 1: the header has no line \"# %s: ...\"", name);
        }
        name = dl__announcement_headers[days[i]];
        struct dl_view day = a->header[days[i]];
        if (day.n > 0 && dl_date_decode(day, NULL) != DL_OK) {
            return dl_error_set(error, DL_E_ANNOUNCEMENT, name,
                                "line 1, column 1: the header's %s is not a day (YYYY-MM-DD)",
                                name);
        }
    }
    return DL_OK;
}

enum dl_err dl__announcement_set_header(struct dl_announcement *a, struct dl_view key,
                                        struct dl_view value)
{
    for (int i = 0; i < DL_ANNOUNCED_COUNT; i++) {
        if (!dl_view_is(key, dl__announcement_headers[i])) {
            continue;
        }
        if (a->header[i].p != NULL || dl_text_length(value) > DL_LIMIT_STRING) {
            return DL_E_ANNOUNCEMENT;
        }
        a->header[i] = dl__announcement_keep(a, value);
        return DL_OK;
    }
    return DL_E_FIELD_UNKNOWN;
}

static struct dl_view trimmed(struct dl_view view)
{
    while (view.n > 0 && strchr(" \t\r", view.p[view.n - 1]) != NULL) {
        view.n--;
    }
    while (view.n > 0 && strchr(" \t", view.p[0]) != NULL) {
        view.p++;
        view.n--;
    }
    return view;
}

/* One line "# key: value"; the commas that a spreadsheet adds behind it are no part of it. */
static enum dl_err read_header_line(struct dl_announcement *a, struct dl_view line, size_t number,
                                    struct dl_error *error)
{
    while (line.n > 0 && strchr(",\r", line.p[line.n - 1]) != NULL) {
        line.n--;
    }
    const uint8_t *colon = memchr(line.p, ':', line.n);
    if (colon == NULL || dl_text_check(line, DL_TEXT_NAME, NULL) != DL_OK) {
        return dl_error_set(error, DL_E_ANNOUNCEMENT, NULL,
                            "line %zu, column 1: not of the form \"# key: value\"", number);
    }
    size_t n = (size_t)(colon - line.p);
    struct dl_view key = trimmed(dl_view_of(line.p + 1, n - 1));
    struct dl_view value = trimmed(dl_view_of(colon + 1, line.n - n - 1));
    if (dl__announcement_set_header(a, key, value) != DL_OK) {
        return dl_error_set(error, DL_E_ANNOUNCEMENT, NULL,
                            "line %zu, column 1: the key \"%.*s\" is unknown or stands twice, or "
                            "its value is too long",
                            number, key.n > 64 ? 64 : (int)key.n, (const char *)key.p);
    }
    return DL_OK;
}

/* Takes the header lines off `rest`; *line counts them. */
static enum dl_err read_header(struct dl_announcement *a, struct dl_view *rest, size_t *line,
                               struct dl_error *error)
{
    if (rest->n >= 3 && memcmp(rest->p, "\xEF\xBB\xBF", 3) == 0) {
        *rest = dl_view_of(rest->p + 3, rest->n - 3);
    }
    while (rest->n > 0 && rest->p[0] == '#') {
        const uint8_t *lf = memchr(rest->p, '\n', rest->n);
        size_t n = lf == NULL ? rest->n : (size_t)(lf - rest->p);
        (*line)++;
        DL_TRY(read_header_line(a, dl_view_of(rest->p, n), *line, error));
        size_t used = lf == NULL ? n : n + 1;
        *rest = dl_view_of(rest->p + used, rest->n - used);
    }
    return dl__announcement_check_header(a, error);
}

static enum dl_err read_rows(struct dl_announcement *a, struct dl_csv *csv, struct dl_error *error)
{
    int at[DL_ROW_COUNT];
    DL_TRY(dl_csv_header(csv, dl__announcement_columns, DL_ROW_COUNT, at, error));
    if (at[DL_ROW_ACTION] == DL_CSV_ABSENT) {
        return dl_error_set(error, DL_E_ANNOUNCEMENT, "action",
                            "line %zu, column 1: no column "
                            "\"action\"",
                            csv->places[0].line);
    }
    for (;;) {
        DL_TRY(dl_csv_next(csv, error));
        if (csv->n_fields == 0) {
            return DL_OK;
        }
        DL_TRY(dl__announcement_add_row(a, error));
        DL_ASSERT(a->rows != NULL, "a row was added");
        struct dl_announcement_row *row = &a->rows[a->n_rows - 1];
        row->line = csv->places[0].line;
        for (int i = 0; i < DL_ROW_COUNT; i++) {
            row->field[i] = dl__announcement_keep(a, trimmed(dl_csv_field(csv, at[i])));
        }
        dl__announcement_judge(a, row, csv, at);
    }
}

enum dl_err dl_announcement_read(struct dl_view file, struct dl_announcement *out,
                                 struct dl_error *error)
{
    struct dl_announcement a;
    struct dl_view rest = file;
    struct dl_csv csv;
    size_t line = 0;
    DL_TRY(dl__announcement_begin(&a, file.n, error));
    enum dl_err err = read_header(&a, &rest, &line, error);
    if (err == DL_OK) {
        dl_csv_init(&csv, rest);
        csv.at.line += line;
        err = read_rows(&a, &csv, error);
        dl_csv_fini(&csv);
    }
    if (err != DL_OK) {
        dl_announcement_fini(&a);
        return err == DL_E_INPUT && error != NULL ? (error->err = DL_E_ANNOUNCEMENT)
               : err == DL_E_INPUT                ? DL_E_ANNOUNCEMENT
                                                  : err;
    }
    *out = a;
    return DL_OK;
}
