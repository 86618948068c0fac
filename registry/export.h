/* Listings as a table: the whole registry for a spreadsheet or a program, and what became law in a
 * period. Rows of the present version only.
 */
#ifndef DL_REGISTRY_EXPORT_H
#define DL_REGISTRY_EXPORT_H

#include "registry/store.h"

enum dl_export_column {
#define DL_EXPORT(id, name, sql) DL_EXPORT_##id,
#include "registry/export.def"
#undef DL_EXPORT
    DL_EXPORT_COUNT
};

struct dl_export_row {
    int64_t id; /* of the listing; rows come in its order from dl_registry_export */
    struct dl_view field[DL_EXPORT_COUNT]; /* empty where there is nothing */
};
typedef enum dl_err (*dl_export_fn)(void *context, const struct dl_export_row *row);

/* Up to `limit` listings whose id is greater than `after`. */
DL_MUST_USE enum dl_err dl_registry_export(struct dl_store *store, int64_t after, int64_t limit,
                                           dl_export_fn fn, void *context);

/* Listings that came into force on `from`, `until` or a day between, by jurisdiction, day and
 * instrument. Days are YYYY-MM-DD; jurisdiction "" is all of them. Exclusions are left out. */
struct dl_period {
    const char *jurisdiction, *from, *until;
};
DL_MUST_USE enum dl_err dl_registry_additions(struct dl_store *store,
                                              const struct dl_period *period, dl_export_fn fn,
                                              void *context);

/* The columns' names as a CSV line; a row as a CSV line that no spreadsheet runs, or as a JSON
 * object (null where there is nothing), one line. Lines end in CRLF (RFC 4180), or LF for JSON. */
void dl_export_put_header(struct dl_buf *out);
void dl_export_put_csv(const struct dl_export_row *row, struct dl_buf *out);
void dl_export_put_json(const struct dl_export_row *row, struct dl_buf *out);

#endif
