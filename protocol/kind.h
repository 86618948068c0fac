/* The kinds of entry, one table (protocol/kind.def).
 */
#ifndef DL_PROTOCOL_KIND_H
#define DL_PROTOCOL_KIND_H

#include "base/json.h"

enum dl_kind {
    DL_KIND_UNKNOWN = 0, /* of a later version: kept and shown as unknown, never refused */
#define DL_KIND(NAME, name, schema, flags) DL_KIND_##NAME,
#include "protocol/kind.def"
#undef DL_KIND
    DL_KIND_COUNT
};

enum dl_kind_flag {
    DL_REFS_NONE = 0,
    DL_REFS_ONE = 1 << 0, /* exactly one reference */
    DL_REFS_ANY = 1 << 1,
    DL_KIND_AHEAD = 1 << 2 /* goes into the tree ahead of the tail, also on a suspended line */
};

/* Is this a kind's name, of this version or a later one: [a-z][a-z-]{0,31}? */
bool dl_kind_name_ok(struct dl_view name);
enum dl_kind dl_kind_of(struct dl_view name);
const char *dl_kind_name(enum dl_kind kind); /* "unknown" for DL_KIND_UNKNOWN */
unsigned dl_kind_flags(enum dl_kind kind);
/* The published JSON Schema of a kind's content. */
struct dl_view dl_kind_schema(enum dl_kind kind);

/* Is this content allowed for the kind? Enforces the published schema; errors name the field.
 * Nothing is known of the content of DL_KIND_UNKNOWN: any object is allowed whose text is text
 * (dl_text_check, long text): DL_E_TEXT otherwise. */
DL_MUST_USE enum dl_err dl_kind_check(enum dl_kind kind, const json_t *content,
                                      struct dl_error *error);

#endif
