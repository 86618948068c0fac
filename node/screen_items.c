#include "node/screen_items.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { FED_MAX = 256 * 1024, HEADER_NAME = 32 };

enum dl_items_format dl_items_format_of(const char *path)
{
    size_t n = strlen(path);
    if (n > 4 && strcasecmp(path + n - 4, ".smi") == 0) {
        return DL_ITEMS_SMI;
    }
    return n > 4 && strcasecmp(path + n - 4, ".sdf") == 0 ? DL_ITEMS_SDF : DL_ITEMS_CSV;
}

void dl_items_init(struct dl_items *items, enum dl_items_format format)
{
    *items = (struct dl_items){.format = format, .line = 1, .cas = -1, .name = -1, .smiles = -1};
    dl_buf_init(&items->pending, DL_ITEM_MAX + FED_MAX);
    dl_csv_init(&items->csv, dl_view_of(NULL, 0));
}

void dl_items_fini(struct dl_items *items)
{
    dl_buf_fini(&items->pending);
    dl_csv_fini(&items->csv);
}

enum dl_err dl_items_feed(struct dl_items *items, struct dl_view octets, bool end)
{
    dl_buf_consume(&items->pending, items->taken);
    items->taken = 0;
    dl_buf_put_view(&items->pending, octets);
    items->end = end;
    return dl_buf_err(&items->pending) == DL_OK ? DL_OK : DL_E_TOO_LARGE;
}

/* ---- lines ---- */

static size_t left(const struct dl_items *items)
{
    return items->pending.n - items->taken;
}

static struct dl_view rest(const struct dl_items *items)
{
    return dl_view_of(items->pending.p + items->taken, left(items));
}

/* Octets of the first line with its line end; 0 when it is not whole. */
static size_t line_length(struct dl_view text, bool end)
{
    const uint8_t *stop = text.n == 0 ? NULL : memchr(text.p, '\n', text.n);
    return stop != NULL ? (size_t)(stop - text.p) + 1 : end ? text.n : 0;
}

static struct dl_view without_line_end(struct dl_view line)
{
    while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r')) {
        line.n--;
    }
    return line;
}

static void take(struct dl_items *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        items->line += items->pending.p[items->taken + i] == '\n';
    }
    items->taken += n;
}

/* ---- CSV ---- */

/* Octets of the first record with its line end; 0 when it is not whole. A line break inside a
 * quoted field does not end it; a quote inside a plain field is a fault, and opens nothing. */
static size_t record_length(const struct dl_items *items)
{
    struct dl_view text = rest(items);
    bool quoted = false;
    bool fresh = true; /* a field begins here */
    for (size_t i = 0; i < text.n; i++) {
        uint8_t octet = text.p[i];
        if (octet == '"' && (quoted || fresh)) {
            quoted = !quoted;
            fresh = !quoted; /* a quote that follows is the second of a pair */
            continue;
        }
        if (octet == '\n' && !quoted) {
            return i + 1;
        }
        fresh = octet == (uint8_t)items->csv.separator;
    }
    return items->end ? text.n : 0;
}

/* A column's name in small letters, without anything else. */
static void plain_name(struct dl_view field, char out[HEADER_NAME])
{
    size_t n = 0;
    for (size_t i = 0; i < field.n && n + 1 < HEADER_NAME; i++) {
        if (isalnum(field.p[i])) {
            out[n++] = (char)tolower(field.p[i]);
        }
    }
    out[n] = '\0';
}

static void find_column(const struct dl_items *items, const char *const *names, int *column)
{
    for (; *names != NULL && *column < 0; names++) {
        for (size_t i = 0; i < items->csv.n_fields && *column < 0; i++) {
            char name[HEADER_NAME];
            plain_name(items->csv.fields[i], name);
            *column = strcmp(name, *names) == 0 ? (int)i : -1;
        }
    }
}

/* The names that columns have in files of others, the plain ones first. */
static enum dl_err read_header(struct dl_items *items, struct dl_error *error)
{
    static const char *const cas[] = {"cas", "casno", "casnumber", "casrn", "casregistrynumber",
                                      NULL};
    static const char *const name[] = {"name",     "substance",    "substancename",
                                       "compound", "compoundname", NULL};
    static const char *const smiles[] = {"smiles", "canonicalsmiles", "isomericsmiles",
                                         "compoundsmiles", NULL};
    find_column(items, cas, &items->cas);
    find_column(items, name, &items->name);
    find_column(items, smiles, &items->smiles);
    items->headed = true;
    items->csv.n_columns = items->csv.n_fields;
    if (items->cas < 0 && items->name < 0 && items->smiles < 0) {
        dl_error_set(error, DL_E_FIELD_MISSING, NULL, "line 1 names no column cas, name or smiles");
        return dl_error_hint(error, "the first line of a CSV file names its columns, separated by "
                                    "commas, semicolons or tabs");
    }
    return DL_OK;
}

static void find_separator(struct dl_items *items)
{
    static const char separators[] = ",;\t";
    struct dl_view text = rest(items);
    size_t n = line_length(text, true);
    size_t most = 0;
    for (const char *one = separators; *one != '\0'; one++) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            count += text.p[i] == (uint8_t)*one;
        }
        if (count > most) {
            most = count;
            items->csv.separator = *one;
        }
    }
}

/* Without the blanks that people put around a separator. */
static struct dl_view field_at(const struct dl_items *items, int column)
{
    struct dl_view field = dl_csv_field(&items->csv, column);
    while (field.n > 0 && field.p[field.n - 1] == ' ') {
        field.n--;
    }
    while (field.n > 0 && field.p[0] == ' ') {
        field = dl_view_of(field.p + 1, field.n - 1);
    }
    return field;
}

/* A record that is none ends with its first line: what follows is read as others. */
static enum dl_err next_record(struct dl_items *items, struct dl_item *out, bool *got,
                               struct dl_error *error)
{
    size_t n = 0;
    if (!items->headed && line_length(rest(items), items->end) > 0) {
        find_separator(items);
    }
    while (!*got && (n = record_length(items)) > 0) {
        struct dl_view record = dl_view_of(rest(items).p, n);
        items->csv.rest = record;
        items->csv.at = (struct dl_csv_place){items->line, 1};
        *out = (struct dl_item){.line = items->line};
        enum dl_err err = dl_csv_next(&items->csv, error);
        if (err != DL_OK && !items->headed) {
            return dl_error_hint(error, "the first line of a CSV file names its columns, in UTF-8");
        }
        if (err != DL_OK) {
            (void)snprintf(items->why, sizeof items->why, "%s", error->message);
            out->broken = items->why;
            *got = true;
            take(items, line_length(record, true));
            continue;
        }
        take(items, n);
        if (items->csv.n_fields > 0 && !items->headed) {
            DL_TRY(read_header(items, error));
        } else if (items->csv.n_fields > 0) {
            out->cas = field_at(items, items->cas);
            out->name = field_at(items, items->name);
            out->smiles = field_at(items, items->smiles);
            *got = true;
        }
    }
    return DL_OK;
}

/* ---- SMILES and SDF ---- */

/* "SMILES name": the name may be missing. */
static void next_smiles(struct dl_items *items, struct dl_item *out, bool *got)
{
    size_t n = 0;
    while (!*got && (n = line_length(rest(items), items->end)) > 0) {
        struct dl_view line = without_line_end(dl_view_of(rest(items).p, n));
        size_t split = 0;
        while (split < line.n && line.p[split] != ' ' && line.p[split] != '\t') {
            split++;
        }
        *out = (struct dl_item){.line = items->line, .smiles = dl_view_of(line.p, split)};
        if (split + 1 < line.n) {
            out->name = dl_view_of(line.p + split + 1, line.n - split - 1);
        }
        *got = split > 0;
        take(items, n);
    }
}

static bool is_blank(struct dl_view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!isspace(text.p[i])) {
            return false;
        }
    }
    return true;
}

/* Octets up to and with the line "$$$$", or of all there is at the end; 0 when that is not whole.
 */
static size_t mol_length(const struct dl_items *items)
{
    struct dl_view text = rest(items);
    size_t at = 0;
    size_t n = 0;
    while ((n = line_length(dl_view_of(text.p + at, text.n - at), items->end)) > 0) {
        struct dl_view line = without_line_end(dl_view_of(text.p + at, n));
        at += n;
        if (dl_view_is(line, "$$$$")) {
            return at;
        }
    }
    return items->end ? text.n : 0;
}

/* The first line of a record is its name; blank lines after the last record are none. */
static void next_mol(struct dl_items *items, struct dl_item *out, bool *got)
{
    size_t n = mol_length(items);
    struct dl_view record = dl_view_of(rest(items).p, n);
    if (n == 0 || (items->end && n == left(items) && is_blank(record))) {
        return;
    }
    *out =
        (struct dl_item){.line = items->line,
                         .name = without_line_end(dl_view_of(record.p, line_length(record, true))),
                         .mol = record};
    *got = true;
    take(items, n);
}

/* ---- what is too large ---- */

static enum dl_err next_whole(struct dl_items *items, struct dl_item *out, bool *got,
                              struct dl_error *error)
{
    switch (items->format) {
    case DL_ITEMS_SMI:
        next_smiles(items, out, got);
        return DL_OK;
    case DL_ITEMS_SDF:
        next_mol(items, out, got);
        return DL_OK;
    case DL_ITEMS_CSV:
        break;
    }
    return next_record(items, out, got, error);
}

/* Passes over the rest of an item that is told already; false while it goes on. */
static bool skip_rest(struct dl_items *items)
{
    size_t n = 0;
    while (items->skipping && (n = line_length(rest(items), items->end)) > 0) {
        struct dl_view line = without_line_end(dl_view_of(rest(items).p, n));
        items->skipping = items->format == DL_ITEMS_SDF && !dl_view_is(line, "$$$$");
        take(items, n);
    }
    if (items->skipping && (items->format != DL_ITEMS_SDF || left(items) > DL_ITEM_MAX)) {
        take(items, left(items)); /* the line goes on */
    }
    return !items->skipping;
}

/* An open quote may have swallowed lines that are good: only the first is given up then. */
static void give_up(struct dl_items *items, struct dl_item *out)
{
    (void)snprintf(items->why, sizeof items->why, "line %zu: it is larger than %d octets",
                   items->line, (int)DL_ITEM_MAX);
    *out = (struct dl_item){.line = items->line, .broken = items->why};
    items->skipping = true;
}

static bool pass_mark(struct dl_items *items)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};
    if (!items->begun && (left(items) >= sizeof mark || items->end)) {
        items->begun = true;
        bool marked = left(items) >= sizeof mark && memcmp(rest(items).p, mark, sizeof mark) == 0;
        take(items, marked ? sizeof mark : 0);
    }
    return items->begun;
}

enum dl_err dl_items_next(struct dl_items *items, struct dl_item *out, bool *got,
                          struct dl_error *error)
{
    *got = false;
    if (!pass_mark(items) || !skip_rest(items)) {
        return DL_OK;
    }
    DL_TRY(next_whole(items, out, got, error));
    if (*got || left(items) <= DL_ITEM_MAX) {
        return DL_OK;
    }
    if (items->format == DL_ITEMS_CSV && !items->headed) {
        return dl_error_set(error, DL_E_TOO_LARGE, NULL,
                            "line 1 is larger than %d octets: it names no columns",
                            (int)DL_ITEM_MAX);
    }
    give_up(items, out);
    *got = true;
    return DL_OK;
}
