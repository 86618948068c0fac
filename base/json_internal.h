/* What base/json.c and base/json_read.c share. */
#ifndef DL_BASE_JSON_INTERNAL_H
#define DL_BASE_JSON_INTERNAL_H

#include "base/json.h"

enum { DL__JSON_KEYS = 256 };
#define DL__JSON_INTEGER INT64_C(9007199254740991) /* 2^53-1, RFC 8785 appendix D */

/* Octets at the start that stand in a literal as they are: ASCII from U+0020 but for " and \. */
size_t dl__json_plain(struct dl_view text);

/* Whether it may be a member's name: printable ASCII. */
bool dl__json_is_key(struct dl_view key);

/* A new reference to what the text says, or NULL: ask the library, it may be JSON all the same. */
json_t *dl__json_read_plain(struct dl_view text);

/* dl_json_parse by the library alone: what the reader is held to by its tests. */
DL_MUST_USE enum dl_err dl__json_parse_library(struct dl_view text, json_t **out,
                                               struct dl_error *error);

#endif
