#include "node/screen_items.h"

#include <string.h>
#include <strings.h>

enum { FED_MAX = 256 * 1024 };

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
    *items = (struct dl_items){.format = format, .cas = -1, .name = -1, .smiles = -1};
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

/* Octets of the next line with its line end; 0 when it is not whole. In CSV a line break in quotes
 * does not end it. */
static size_t line_length(const struct dl_items *items, size_t from)
{
    const uint8_t *p = items->pending.p;
    bool quoted = false;
    for (size_t i = from; i < items->pending.n; i++) {
        if (p[i] == '"' && items->format == DL_ITEMS_CSV) {
            quoted = !quoted;
        } else if (p[i] == '\n' && !quoted) {
            return i + 1 - from;
        }
    }
    return items->end ? items->pending.n - from : 0;
}

static struct dl_view without_line_end(const uint8_t *p, size_t n)
{
    while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r')) {
        n--;
    }
    return dl_view_of(p, n);
}

static bool is_column(struct dl_view field, const char *name)
{
    return field.n == strlen(name) && strncasecmp((const char *)field.p, name, field.n) == 0;
}

static enum dl_err read_header(struct dl_items *items, struct dl_error *error)
{
    for (size_t i = 0; i < items->csv.n_fields; i++) {
        struct dl_view field = items->csv.fields[i];
        items->cas = is_column(field, "cas") ? (int)i : items->cas;
        items->name = is_column(field, "name") ? (int)i : items->name;
        items->smiles = is_column(field, "smiles") ? (int)i : items->smiles;
    }
    items->headed = true;
    if (items->cas < 0 && items->name < 0 && items->smiles < 0) {
        dl_error_set(error, DL_E_FIELD_MISSING, NULL, "line 1 names no column cas, name or smiles");
        return dl_error_hint(error, "the first line of a CSV file names its columns");
    }
    return DL_OK;
}

static enum dl_err next_record(struct dl_items *items, struct dl_item *out, bool *got,
                               struct dl_error *error)
{
    size_t n = line_length(items, items->taken);
    while (n > 0) {
        items->csv.rest = dl_view_of(items->pending.p + items->taken, n);
        items->taken += n;
        DL_TRY(dl_csv_next(&items->csv, error));
        if (items->csv.n_fields > 0 && !items->headed) {
            items->csv.n_columns = items->csv.n_fields;
            DL_TRY(read_header(items, error));
        } else if (items->csv.n_fields > 0) {
            *out = (struct dl_item){.cas = dl_csv_field(&items->csv, items->cas),
                                    .name = dl_csv_field(&items->csv, items->name),
                                    .smiles = dl_csv_field(&items->csv, items->smiles)};
            *got = true;
            return DL_OK;
        }
        n = line_length(items, items->taken);
    }
    return DL_OK;
}

/* "SMILES name": the name may be missing. */
static void next_smiles(struct dl_items *items, struct dl_item *out, bool *got)
{
    size_t n = 0;
    while (!*got && (n = line_length(items, items->taken)) > 0) {
        struct dl_view line = without_line_end(items->pending.p + items->taken, n);
        size_t split = 0;
        items->taken += n;
        while (split < line.n && line.p[split] != ' ' && line.p[split] != '\t') {
            split++;
        }
        if (split > 0) {
            *out = (struct dl_item){.smiles = dl_view_of(line.p, split)};
            if (split + 1 < line.n) {
                out->name = dl_view_of(line.p + split + 1, line.n - split - 1);
            }
            *got = true;
        }
    }
}

/* Up to the line "$$$$"; the first line of a record is its name. */
static void next_mol(struct dl_items *items, struct dl_item *out, bool *got)
{
    size_t at = items->taken;
    size_t n = 0;
    struct dl_view first = dl_view_of(NULL, 0);
    while ((n = line_length(items, at)) > 0) {
        struct dl_view line = without_line_end(items->pending.p + at, n);
        first = at == items->taken ? line : first;
        at += n;
        bool last = items->end && at == items->pending.n;
        if (dl_view_is(line, "$$$$") || last) {
            *out = (struct dl_item){
                .name = first,
                .mol = dl_view_of(items->pending.p + items->taken, at - items->taken)};
            items->taken = at;
            *got = true;
            return;
        }
    }
}

enum dl_err dl_items_next(struct dl_items *items, struct dl_item *out, bool *got,
                          struct dl_error *error)
{
    *got = false;
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
