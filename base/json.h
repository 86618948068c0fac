/* JSON: strict reading, canonical writing and reading. The only door to jansson.
 *
 * Reading refuses what two readers could understand differently: duplicate keys, invalid UTF-8,
 * lone surrogates, a byte order mark, NUL, and nesting deeper than DL_LIMIT_JSON_DEPTH (found
 * before parsing, so hostile depth costs nothing). Which characters a text may hold is not JSON's
 * matter: dl_text_check. Writing gives RFC 8785 for what this project uses: keys are printable
 * ASCII (sorted by octet, which is then the order of UTF-16 units), at most 256 in an object, and
 * numbers are integers.
 */
#ifndef DL_BASE_JSON_H
#define DL_BASE_JSON_H

#include "base/octets.h"

#include <jansson.h>

/* Parse one JSON value that fills `text`. On success *out is a new reference (json_decref it).
 * DL_E_JSON or DL_E_TOO_DEEP otherwise; `error` (may be NULL) then has line and column in its
 * message. */
DL_MUST_USE enum dl_err dl_json_parse(struct dl_view text, json_t **out, struct dl_error *error);

/* Append the canonical form. DL_E_JSON for a number that is not an integer of at most 2^53-1, or a
 * key that is not printable ASCII; DL_E_TOO_LARGE, DL_E_TOO_DEEP. What was appended until then
 * stays: the caller cuts the builder back. */
DL_MUST_USE enum dl_err dl_json_canonical(const json_t *value, struct dl_buf *out);

/* Read octets that must be the canonical form, as every content in a journal is: what dl_json_parse
 * reads and dl_json_canonical would write to the same octets, at a fraction of the cost. On success
 * *out is a new reference; DL_E_JSON for everything else. */
DL_MUST_USE enum dl_err dl_json_parse_canonical(struct dl_view text, json_t **out);

/* Append text as a JSON string literal, quotes included, escaped as RFC 8785 says. The text must be
 * valid UTF-8 (dl_text_check); invalid octets are written as U+FFFD. */
void dl_json_put_string(struct dl_buf *out, struct dl_view text);
/* The same for a C string, or null for NULL. */
void dl_json_put_str(struct dl_buf *out, const char *text);

/* A member of an object as a view of its text; an empty view when absent, null or no string. */
struct dl_view dl_json_text(const json_t *object, const char *key);

#endif
