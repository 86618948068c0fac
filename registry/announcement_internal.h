/* Inside announcement*.c: an announcement under construction. */
#ifndef DL_REGISTRY_ANNOUNCEMENT_INTERNAL_H
#define DL_REGISTRY_ANNOUNCEMENT_INTERNAL_H

#include "registry/announcement.h"
#include "registry/csv.h"

extern const char *const dl__announcement_headers[];
extern const char *const dl__announcement_columns[];

/* `octets`: of all that will be kept. */
DL_MUST_USE enum dl_err dl__announcement_begin(struct dl_announcement *a, size_t octets,
                                               struct dl_error *error);
/* A copy that lives as long as the announcement; there is room, since everything kept stood in the
 * source once. */
struct dl_view dl__announcement_keep(struct dl_announcement *a, struct dl_view view);
/* FIELD_UNKNOWN, or ANNOUNCEMENT for a key that stands twice or a value that is too long. */
DL_MUST_USE enum dl_err dl__announcement_set_header(struct dl_announcement *a, struct dl_view key,
                                                    struct dl_view value);
DL_MUST_USE enum dl_err dl__announcement_check_header(const struct dl_announcement *a,
                                                      struct dl_error *error);
/* One more row at the end of a->rows, cleared. */
DL_MUST_USE enum dl_err dl__announcement_add_row(struct dl_announcement *a, struct dl_error *error);
/* Checks a row whose fields are set and fills the rest of it; `at` has the columns of the file that
 * `csv` reads, NULL for a notice. */
void dl__announcement_judge(struct dl_announcement *a, struct dl_announcement_row *row,
                            const struct dl_csv *csv, const int *at);

#endif
