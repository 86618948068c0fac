#include "protocol/kind.h"
#include "base/text.h"
#include "protocol/schema.h"

#include <string.h>

#define DL_KIND(NAME, name, schema, flags)                                                         \
    extern const char dl_schema_##schema[];                                                        \
    extern const size_t dl_schema_##schema##_size;
#include "protocol/kind.def"
#undef DL_KIND

struct row {
    const char *name;
    unsigned flags;
    const char *file;
    const char *schema;
    const size_t *schema_size;
};

static const struct row rows[DL_KIND_COUNT] = {
    [DL_KIND_UNKNOWN] = {.name = "unknown", .flags = DL_REFS_ANY},
#define DL_KIND(NAME, name_, schema_, flags_)                                                      \
    [DL_KIND_##NAME] = {name_, flags_, name_ ".schema.json", dl_schema_##schema_,                  \
                        &dl_schema_##schema_##_size},
#include "protocol/kind.def"
#undef DL_KIND
};

bool dl_kind_name_ok(struct dl_view name)
{
    if (name.n < 1 || name.n > 32 || name.p[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        if ((name.p[i] < 'a' || name.p[i] > 'z') && name.p[i] != '-') {
            return false;
        }
    }
    return true;
}

enum dl_kind dl_kind_of(struct dl_view name)
{
    for (int i = 1; i < DL_KIND_COUNT; i++) {
        if (dl_view_is(name, rows[i].name)) {
            return (enum dl_kind)i;
        }
    }
    return DL_KIND_UNKNOWN;
}

static const struct row *row_of(enum dl_kind kind)
{
    DL_ASSERT(kind >= DL_KIND_UNKNOWN && kind < DL_KIND_COUNT, "a kind is of the table");
    return &rows[kind];
}

const char *dl_kind_name(enum dl_kind kind)
{
    return row_of(kind)->name;
}

unsigned dl_kind_flags(enum dl_kind kind)
{
    return row_of(kind)->flags;
}

struct dl_view dl_kind_schema(enum dl_kind kind)
{
    const struct row *row = row_of(kind);
    return row->schema == NULL ? dl_view_of(NULL, 0) : dl_view_of(row->schema, *row->schema_size);
}

static struct dl_view file_of(const char *file)
{
    for (int i = 1; i < DL_KIND_COUNT; i++) {
        if (strcmp(rows[i].file, file) == 0) {
            return dl_kind_schema((enum dl_kind)i);
        }
    }
    return dl_view_of(NULL, 0);
}

/* Compiled at first use and kept: the tables of the whole program's life. */
static const struct dl_schema *compiled(enum dl_kind kind)
{
    static struct dl_schema *schemas[DL_KIND_COUNT];
    if (schemas[kind] == NULL) {
        struct dl_error error;
        enum dl_err err = dl_schema_compile(dl_kind_schema(kind), file_of, &schemas[kind], &error);
        DL_ASSERT(err == DL_OK, "a published schema compiles");
    }
    return schemas[kind];
}

/* Strings and names of what no schema describes. */
static enum dl_err check_text(const json_t *value, struct dl_error *error)
{
    const char *key = NULL;
    json_t *member = NULL;
    enum dl_err err = DL_OK;
    if (json_is_string(value)) {
        struct dl_view text = dl_view_of(json_string_value(value), json_string_length(value));
        err = dl_text_check(text, DL_TEXT_LONG, NULL);
        return err == DL_OK
                   ? DL_OK
                   : dl_error_set(error, err, NULL, "a text holds a character that is not allowed");
    }
    for (size_t i = 0; err == DL_OK && i < json_array_size(value); i++) {
        err = check_text(json_array_get(value, i), error); // no deeper than DL_LIMIT_JSON_DEPTH
    }
    json_object_foreach((json_t *)value, key, member)
    { // the macro wants a non-const object
        err = err == DL_OK ? check_text(member, error) : err;
    }
    return err;
}

enum dl_err dl_kind_check(enum dl_kind kind, const json_t *content, struct dl_error *error)
{
    if (!json_is_object(content)) {
        return dl_error_set(error, DL_E_FIELD_TYPE, NULL, "a content is a JSON object");
    }
    return kind == DL_KIND_UNKNOWN ? check_text(content, error)
                                   : dl_schema_check(compiled(kind), content, error);
}
