/* CSV (RFC 4180), read strictly from text in memory.
 *
 * Fields are separated by commas (or csv->separator, set after dl_csv_init), records by LF or CRLF;
 * a field with a comma, a quote or a line break stands in quotes, a quote in it is doubled.
 * Refused: a quote inside a plain field, text after a closing quote, a CR alone, a missing closing
 * quote, a record with another number of fields than the header, text that dl_text_check refuses.
 * One U+FEFF at the start is skipped, since spreadsheets write it. Empty lines are records of one
 * empty field only where the header has one column; elsewhere they are skipped.
 */
#ifndef DL_REGISTRY_CSV_H
#define DL_REGISTRY_CSV_H

#include "base/octets.h"

enum { DL_CSV_FIELDS = 64, DL_CSV_FIELD = 256 * 1024 };

/* Where something stands in the file, both from 1; the column counts characters. */
struct dl_csv_place {
    size_t line;
    size_t column;
};

struct dl_csv {
    struct dl_view rest; /* not yet read */
    char separator;
    struct dl_csv_place at;               /* of the first octet of rest */
    size_t n_columns;                     /* of the header, 0 before it */
    size_t n_fields;                      /* of the present record */
    struct dl_view fields[DL_CSV_FIELDS]; /* until the next call */
    struct dl_csv_place places[DL_CSV_FIELDS];
    struct dl_view raw;              /* the record as it stands, without its line end */
    struct dl_buf unquoted;          /* fields that had doubled quotes */
    size_t undoubled[DL_CSV_FIELDS]; /* where they lie there, from 1; 0 for others */
};

void dl_csv_init(struct dl_csv *csv, struct dl_view text);
void dl_csv_fini(struct dl_csv *csv);

/* Reads the next record; n_fields is 0 at the end. DL_E_INPUT with line and column in the message;
 * the record is skipped, so the next call goes on with the one after it where that can be told. */
DL_MUST_USE enum dl_err dl_csv_next(struct dl_csv *csv, struct dl_error *error);

/* Reads the next record as the header. `at[i]` becomes the position of `names[i]`, or
 * DL_CSV_ABSENT. Refuses unknown and repeated columns by name. */
enum { DL_CSV_ABSENT = -1 };
DL_MUST_USE enum dl_err dl_csv_header(struct dl_csv *csv, const char *const *names, size_t n,
                                      int *at, struct dl_error *error);

/* The field at a position from dl_csv_header; empty for DL_CSV_ABSENT. */
struct dl_view dl_csv_field(const struct dl_csv *csv, int at);
/* Where that field stands; the record's start for DL_CSV_ABSENT. */
struct dl_csv_place dl_csv_place_of(const struct dl_csv *csv, int at);

/* Append a field as CSV, quoted where needed. With `inert`, a field that a spreadsheet would take
 * for a formula (it begins with = + - @ TAB or CR) gets an apostrophe in front. */
void dl_csv_put(struct dl_buf *out, struct dl_view field, bool inert);

#endif
