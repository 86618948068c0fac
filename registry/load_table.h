/* Inside the loader: one table of registry/data, row by row (load.c has what the rows mean).
 */
#ifndef DL_REGISTRY_LOAD_TABLE_H
#define DL_REGISTRY_LOAD_TABLE_H

#include "registry/csv.h"
#include "registry/load.h"

#include "base/crypto.h"

enum { DL__LOAD_COLUMNS = 32, DL__LOAD_JURISDICTIONS = 64, DL__LOAD_CODE = 8 };

struct dl__loader {
    const struct dl_load *load;
    struct dl_store *store;
    struct dl_error *error;
    struct dl_sha256 *hash; /* of every file read */
    int64_t jurisdiction;   /* of the folder, 0 for the shared one */
    int64_t n_jurisdictions;
    char codes[DL__LOAD_JURISDICTIONS][DL__LOAD_CODE]; /* by id - 1 */
    bool main_names; /* which names of the shared folder this pass takes */
    /* of the file being read */
    char file[128];
    struct dl_csv csv;
    const char *const *columns; /* NULL at the end */
    int at[DL__LOAD_COLUMNS];
};

typedef enum dl_err (*dl__load_row_fn)(struct dl__loader *l);

/* Every row of FOLDER/FILE; a file that is not there has no rows. */
DL_MUST_USE enum dl_err dl__load_file(struct dl__loader *l, const char *folder, const char *file,
                                      const char *const *columns, dl__load_row_fn row);

/* The present row's field; as a value, as text or with NULL for an empty one. */
struct dl_view dl__load_field(const struct dl__loader *l, const char *column);
struct dl_store_value dl__load_text(const struct dl__loader *l, const char *column);
struct dl_store_value dl__load_nullable(const struct dl__loader *l, const char *column);
/* A day; NULL for an empty field. */
DL_MUST_USE enum dl_err dl__load_day(struct dl__loader *l, const char *column,
                                     struct dl_store_value *out);
/* The id that the field's key stands for, by `sql`; NULL for an empty field. */
DL_MUST_USE enum dl_err dl__load_reference(struct dl__loader *l, const char *sql,
                                           const char *column, struct dl_store_value *out);
/* The same for a field that must not be empty. */
DL_MUST_USE enum dl_err dl__load_required(struct dl__loader *l, const char *sql, const char *column,
                                          struct dl_store_value *out);
/* The id of the field in `text`; NULL for an empty field. */
DL_MUST_USE enum dl_err dl__load_shared(struct dl__loader *l, const char *column,
                                        struct dl_store_value *out);
/* The same for the column `source`: the words there, or "row ROW" and "instrument ID" for the
 * source of those. Never empty. */
DL_MUST_USE enum dl_err dl__load_source(struct dl__loader *l, struct dl_store_value *out);

/* INPUT with file, line, column and the field's text. */
enum dl_err dl__load_refuse(struct dl__loader *l, const char *column, const char *why);
/* A result of the store, told with file and line. */
DL_MUST_USE enum dl_err dl__load_stored(struct dl__loader *l, enum dl_err err);
/* Row callback: an int64_t from the first column. */
enum dl_err dl__load_take_id(void *context, const struct dl_row *row);

/* The next of the values that '|' separates; false at the end. */
bool dl__load_next_value(struct dl_view *rest, struct dl_view *value);

/* The tables of load_listing.c and load_name.c. */
extern const char *const dl__load_listings[],
    *const dl__load_links[], *const dl__load_texts[], *const dl__load_scopes[],
                                                          *const dl__load_names[],
                                                              *const dl__load_identifiers[],
                                                                  *const dl__load_conflicts[];
enum dl_err dl__load_listing_row(struct dl__loader *l);
enum dl_err dl__load_link_row(struct dl__loader *l);
enum dl_err dl__load_text_row(struct dl__loader *l);
enum dl_err dl__load_scope_row(struct dl__loader *l);
enum dl_err dl__load_name_row(struct dl__loader *l);
enum dl_err dl__load_identifier_row(struct dl__loader *l);
enum dl_err dl__load_conflict_row(struct dl__loader *l);
/* A listing means its subject; the link of those that links.csv does not name. */
DL_MUST_USE enum dl_err dl__load_own_links(struct dl__loader *l);

#define DL__FIND_INSTRUMENT "SELECT id FROM instrument WHERE key = ?1"
#define DL__FIND_LIST "SELECT id FROM list WHERE code = ?1"
#define DL__FIND_SUBSTANCE "SELECT id FROM substance WHERE key = ?1"
#define DL__FIND_LISTING "SELECT id FROM listing WHERE key = ?1"

#endif
