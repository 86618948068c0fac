#include "registry/csv.h"

#include "base/text.h"

#include <string.h>

void dl_csv_init(struct dl_csv *csv, struct dl_view text)
{
    DL_ASSERT(text.p != NULL || text.n == 0, "a view");
    memset(csv, 0, sizeof *csv);
    if (text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0) {
        text.p += 3;
        text.n -= 3;
    }
    csv->rest = text;
    csv->at = (struct dl_csv_place){1, 1};
    csv->separator = ',';
    dl_buf_init(&csv->unquoted, DL_CSV_FIELDS * (size_t)DL_CSV_FIELD);
}

void dl_csv_fini(struct dl_csv *csv)
{
    dl_buf_fini(&csv->unquoted);
    memset(csv, 0, sizeof *csv);
}

static bool is_separator(const struct dl_csv *csv)
{
    return csv->rest.n > 0 && csv->rest.p[0] == (uint8_t)csv->separator;
}

static bool is_one_of(uint8_t octet, const char *set)
{
    return octet != '\0' && strchr(set, octet) != NULL;
}

static enum dl_err refuse(struct dl_error *error, struct dl_csv_place at, const char *why)
{
    return dl_error_set(error, DL_E_INPUT, NULL, "line %zu, column %zu: %s", at.line, at.column,
                        why);
}

static void advance(struct dl_csv *csv, size_t n)
{
    DL_ASSERT(n <= csv->rest.n, "inside the text");
    for (size_t i = 0; i < n; i++) {
        if (csv->rest.p[i] == '\n') {
            csv->at.line++;
            csv->at.column = 1;
        } else if ((csv->rest.p[i] & 0xC0) != 0x80) { /* begins a character */
            csv->at.column++;
        }
    }
    csv->rest.p += n;
    csv->rest.n -= n;
}

/* Length of the line end at the start of `text`, 0 when there is none. */
static size_t line_end(struct dl_view text)
{
    if (text.n >= 1 && text.p[0] == '\n') {
        return 1;
    }
    if (text.n >= 2 && text.p[0] == '\r' && text.p[1] == '\n') {
        return 2;
    }
    return 0;
}

static void skip_line(struct dl_csv *csv)
{
    const uint8_t *lf = csv->rest.n == 0 ? NULL : memchr(csv->rest.p, '\n', csv->rest.n);
    advance(csv, lf == NULL ? csv->rest.n : (size_t)(lf - csv->rest.p) + 1);
}

static enum dl_err plain_field(struct dl_csv *csv, struct dl_view *out, struct dl_error *error)
{
    size_t n = 0;
    while (n < csv->rest.n && csv->rest.p[n] != (uint8_t)csv->separator &&
           !is_one_of(csv->rest.p[n], "\r\n\"")) {
        n++;
    }
    *out = dl_view_of(csv->rest.p, n);
    advance(csv, n);
    if (csv->rest.n > 0 && csv->rest.p[0] == '"') {
        return refuse(error, csv->at, "a quote inside a field that is not quoted");
    }
    return DL_OK;
}

/* Octets up to the closing quote; *doubled = pairs of quotes inside. */
static bool find_closing(struct dl_view text, size_t *n, size_t *doubled)
{
    *doubled = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '"') {
            continue;
        }
        if (i + 1 < text.n && text.p[i + 1] == '"') {
            (*doubled)++;
            i++;
            continue;
        }
        *n = i;
        return true;
    }
    return false;
}

/* Writes text with each pair of quotes as one. */
static enum dl_err undouble(struct dl_csv *csv, struct dl_view text, size_t doubled)
{
    uint8_t *to = dl_buf_room(&csv->unquoted, text.n - doubled);
    if (to == NULL) {
        return dl_buf_err(&csv->unquoted);
    }
    for (size_t i = 0; i < text.n; i++) {
        *to++ = text.p[i];
        i += text.p[i] == '"';
    }
    return DL_OK;
}

static enum dl_err quoted_field(struct dl_csv *csv, size_t i, struct dl_error *error)
{
    size_t n = 0;
    size_t doubled = 0;
    advance(csv, 1);
    if (!find_closing(csv->rest, &n, &doubled)) {
        advance(csv, csv->rest.n);
        return refuse(error, csv->places[i], "a quoted field without its closing quote");
    }
    csv->fields[i] = dl_view_of(csv->rest.p, n);
    if (n > DL_CSV_FIELD) {
        return refuse(error, csv->places[i], "the field is too long");
    }
    if (doubled > 0) {
        csv->undoubled[i] = csv->unquoted.n + 1;
        enum dl_err err = undouble(csv, csv->fields[i], doubled);
        if (err != DL_OK) {
            return dl_error_set(error, err, NULL, NULL);
        }
        csv->fields[i].n = n - doubled;
    }
    advance(csv, n + 1);
    if (csv->rest.n > 0 && !is_separator(csv) && line_end(csv->rest) == 0) {
        return refuse(error, csv->at, "text after a closing quote");
    }
    return DL_OK;
}

static enum dl_err one_field(struct dl_csv *csv, struct dl_error *error)
{
    if (csv->n_fields == DL_CSV_FIELDS) {
        return refuse(error, csv->at, "too many fields");
    }
    size_t i = csv->n_fields;
    csv->places[i] = csv->at;
    csv->undoubled[i] = 0;
    bool quoted = csv->rest.n > 0 && csv->rest.p[0] == '"';
    DL_TRY(quoted ? quoted_field(csv, i, error) : plain_field(csv, &csv->fields[i], error));
    if (csv->fields[i].n > DL_CSV_FIELD) {
        return refuse(error, csv->places[i], "the field is too long");
    }
    csv->n_fields++;
    return DL_OK;
}

/* Undoubled fields lie in a buffer that may have moved while the record was read. */
static void settle(struct dl_csv *csv)
{
    for (size_t i = 0; i < csv->n_fields; i++) {
        if (csv->undoubled[i] != 0) {
            DL_ASSERT(csv->undoubled[i] - 1 + csv->fields[i].n <= csv->unquoted.n, "written");
            csv->fields[i].p = csv->unquoted.p + csv->undoubled[i] - 1;
        }
    }
}

static enum dl_err check_fields(const struct dl_csv *csv, struct dl_error *error)
{
    for (size_t i = 0; i < csv->n_fields; i++) {
        if (dl_text_check(csv->fields[i], DL_TEXT_LONG, NULL) != DL_OK) {
            return refuse(error, csv->places[i], "the field is not valid text");
        }
    }
    if (csv->n_columns != 0 && csv->n_fields != csv->n_columns) {
        return dl_error_set(error, DL_E_INPUT, NULL,
                            "line %zu, column 1: %zu fields where the header has %zu columns",
                            csv->places[0].line, csv->n_fields, csv->n_columns);
    }
    return DL_OK;
}

static enum dl_err read_record(struct dl_csv *csv, struct dl_error *error)
{
    const uint8_t *start = csv->rest.p;
    DL_TRY(one_field(csv, error));
    while (is_separator(csv)) {
        advance(csv, 1);
        DL_TRY(one_field(csv, error));
    }
    csv->raw = dl_view_of(start, (size_t)(csv->rest.p - start));
    size_t end = line_end(csv->rest);
    if (end == 0 && csv->rest.n > 0) {
        return refuse(error, csv->at, "a carriage return alone");
    }
    advance(csv, end);
    settle(csv);
    return DL_OK;
}

enum dl_err dl_csv_next(struct dl_csv *csv, struct dl_error *error)
{
    csv->n_fields = 0;
    dl_buf_reset(&csv->unquoted);
    while (csv->n_columns != 1 && line_end(csv->rest) != 0) {
        advance(csv, line_end(csv->rest));
    }
    if (csv->rest.n == 0) {
        return DL_OK;
    }
    enum dl_err err = read_record(csv, error);
    if (err != DL_OK) {
        skip_line(csv);
    } else {
        err = check_fields(csv, error);
    }
    if (err != DL_OK) {
        csv->n_fields = 0;
    }
    return err;
}

enum dl_err dl_csv_header(struct dl_csv *csv, const char *const *names, size_t n, int *at,
                          struct dl_error *error)
{
    DL_ASSERT(csv->n_columns == 0, "one header");
    DL_ASSERT(n <= DL_CSV_FIELDS, "columns");
    int found[DL_CSV_FIELDS];
    DL_TRY(dl_csv_next(csv, error));
    if (csv->n_fields == 0) {
        return dl_error_set(error, DL_E_INPUT, NULL, "line 1, column 1: no header row");
    }
    for (size_t i = 0; i < n; i++) {
        found[i] = DL_CSV_ABSENT;
    }
    for (size_t f = 0; f < csv->n_fields; f++) {
        size_t i = 0;
        while (i < n && !dl_view_is(csv->fields[f], names[i])) {
            i++;
        }
        if (i == n || found[i] != DL_CSV_ABSENT) {
            return dl_error_set(error, DL_E_INPUT, NULL, "line %zu, column %zu: %s column \"%.*s\"",
                                csv->places[f].line, csv->places[f].column,
                                i == n ? "unknown" : "repeated", DL_VIEW_ARG(csv->fields[f]));
        }
        found[i] = (int)f;
    }
    memcpy(at, found, n * sizeof *at);
    csv->n_columns = csv->n_fields;
    return DL_OK;
}

struct dl_view dl_csv_field(const struct dl_csv *csv, int at)
{
    if (at == DL_CSV_ABSENT) {
        return dl_view_of(NULL, 0);
    }
    DL_ASSERT(at >= 0 && (size_t)at < csv->n_fields, "a column of this file");
    return csv->fields[at];
}

struct dl_csv_place dl_csv_place_of(const struct dl_csv *csv, int at)
{
    DL_ASSERT(at < (int)csv->n_fields, "a column of this file");
    return csv->places[at == DL_CSV_ABSENT ? 0 : at];
}

void dl_csv_put(struct dl_buf *out, struct dl_view field, bool inert)
{
    bool formula = inert && field.n > 0 && is_one_of(field.p[0], "=+-@\t\r");
    bool quote = formula;
    for (size_t i = 0; i < field.n && !quote; i++) {
        quote = is_one_of(field.p[i], ",\"\r\n");
    }
    if (!quote) {
        dl_buf_put_view(out, field);
        return;
    }
    dl_buf_put_str(out, formula ? "\"'" : "\"");
    for (size_t i = 0; i < field.n; i++) {
        if (field.p[i] == '"') {
            dl_buf_u8(out, '"');
        }
        dl_buf_u8(out, field.p[i]);
    }
    dl_buf_u8(out, '"');
}
