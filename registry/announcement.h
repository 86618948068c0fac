/* An announcement: what an act adds to lists, changes, moves and ends, as a file or as the content
 * of a listing-notice.
 *
 * The file is CSV (registry/csv.h) after header lines "# key: value"; the columns and keys are
 * those of announcement.def. `list` and `in_force` of a row go before those of the header. A file
 * that cannot be read as such is refused whole, with line and column; a row whose values are wrong
 * is kept, marked as refused, so that all of them can be shown at once.
 */
#ifndef DL_REGISTRY_ANNOUNCEMENT_H
#define DL_REGISTRY_ANNOUNCEMENT_H

#include "base/json.h"

enum dl_announced { /* of the whole */
#define DL_HEADER(id, name) DL_ANNOUNCED_##id,
#define DL_COLUMN(id, name)
#include "registry/announcement.def"
#undef DL_HEADER
#undef DL_COLUMN
                    DL_ANNOUNCED_COUNT
};

enum dl_announced_column { /* of a row */
#define DL_HEADER(id, name)
#define DL_COLUMN(id, name) DL_ROW_##id,
#include "registry/announcement.def"
#undef DL_HEADER
#undef DL_COLUMN
                           DL_ROW_COUNT
};

enum dl_action { DL_ACTION_ADD, DL_ACTION_CHANGE, DL_ACTION_MOVE, DL_ACTION_END };

enum { DL_ANNOUNCEMENT_OCTETS = 64 * 1024 * 1024, DL_ANNOUNCEMENT_ROWS = 200 * 1000 };

struct dl_announcement_row {
    size_t line;          /* in the file; in a notice the position, from 1 */
    size_t column;        /* of what is at fault in a refused row, else 0 */
    size_t smiles_column; /* where the SMILES stands */
    enum dl_action action;
    struct dl_view field[DL_ROW_COUNT]; /* empty where absent; LIST and IN_FORCE as they hold */
    const char *refused;                /* why; NULL for a row that can be taken */
};

struct dl_announcement {
    struct dl_view header[DL_ANNOUNCED_COUNT];
    struct dl_announcement_row *rows;
    size_t n_rows;
    char *text; /* what the views point into */
    size_t text_n, text_max;
};

/* "add", "change", "move", "end". */
const char *dl_action_name(enum dl_action action);

/* INPUT or LIMIT with line and column in the message. On success dl_announcement_fini it. */
DL_MUST_USE enum dl_err dl_announcement_read(struct dl_view file, struct dl_announcement *out,
                                             struct dl_error *error);
/* The same from the content of a notice (canonical JSON: the header's keys and "rows", an array of
 * objects with the columns' keys; strings only). The error's field is a dotted path. */
DL_MUST_USE enum dl_err dl_announcement_from_json(const json_t *content,
                                                  struct dl_announcement *out,
                                                  struct dl_error *error);
/* That content, with the rows that are not refused, from `first` on, as many as fit `max` octets;
 * *next is the row to go on with, n_rows at the end. Appends to `out`. */
DL_MUST_USE enum dl_err dl_announcement_to_json(const struct dl_announcement *announcement,
                                                size_t first, size_t max, size_t *next,
                                                struct dl_buf *out);
void dl_announcement_fini(struct dl_announcement *announcement);

#endif
