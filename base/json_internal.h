/* What the reader and the writer of the canonical form share. */
#ifndef DL_BASE_JSON_INTERNAL_H
#define DL_BASE_JSON_INTERNAL_H

#include "base/json.h"

enum { DL__JSON_KEYS = 256 };
#define DL__JSON_INTEGER INT64_C(9007199254740991) /* 2^53-1, RFC 8785 appendix D */

/* Octets at the start that stand in a literal as they are: ASCII from U+0020 but for " and \. */
size_t dl__json_plain(struct dl_view text);

#endif
