/* JSON Schema: the subset of draft 2020-12 in which the contents of entries are published, and its
 * enforcement.
 *
 * Keywords: type, properties, required, additionalProperties (false only), minProperties, items,
 * minItems, maxItems, enum (of strings), minLength and maxLength (characters), anyOf (of `required`
 * only), $ref
 * ("file#/path" to another embedded schema), format. Titles and descriptions are for readers. A
 * schema with any other keyword does not compile.
 *
 * Formats, all enforced: cas, inchikey, unii, language (a BCP 47 tag's letters), partial-date
 * (YYYY, YYYY-MM or YYYY-MM-DD), date, entry-ref (AGENCY/ID), name (a line without bidirectional
 * controls), line, amount (a line that is more than a number), long-text (LF and TAB allowed; all
 * long texts of one content together have at most DL_LIMIT_LONG_TEXT octets).
 */
#ifndef DL_PROTOCOL_SCHEMA_H
#define DL_PROTOCOL_SCHEMA_H

#include "base/json.h"

struct dl_schema;

/* Where a $ref finds a file: its text, or an empty view. */
typedef struct dl_view (*dl_schema_file_fn)(const char *file);

/* DL_E_INPUT with the place when the text is no schema of the subset. */
DL_MUST_USE enum dl_err dl_schema_compile(struct dl_view text, dl_schema_file_fn files,
                                          struct dl_schema **out, struct dl_error *error);
void dl_schema_free(struct dl_schema **schema);
/* DL_OK, or the first fault: FIELD_UNKNOWN, FIELD_MISSING, FIELD_TYPE, FIELD_VALUE, FIELD_LENGTH,
 * TEXT, CAS, INCHIKEY; `error` has the dotted path ("substance.cas", "methods[2]"). */
DL_MUST_USE enum dl_err dl_schema_check(const struct dl_schema *schema, const json_t *value,
                                        struct dl_error *error);

#endif
