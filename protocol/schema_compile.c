/* A schema's text (the keywords of JSON Schema that schema.h names) becomes what is checked with.
 */
#include "protocol/schema_internal.h"

#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MAX = 64, DEPTH_MAX = 16 };

static const char *const format_names[FORMATS] = {
    "",     "cas",       "inchikey", "unii", "language", "partial-date",
    "date", "entry-ref", "name",     "line", "amount",   "long-text"};

static char *copy(const char *text)
{
    char *out = strdup(text);
    DL_ASSERT(out != NULL, "memory for a schema");
    return out;
}

static enum dl_err bad(struct dl_error *error, const char *where)
{
    return dl_error_set(error, DL_E_INPUT, where,
                        "the schema uses `%s` in a way that is not supported", where);
}

struct compiling {
    dl_schema_file_fn files;
    const json_t *root; /* of the file compiled */
    unsigned depth;
    struct dl_error *error;
};

static enum dl_err compile(struct compiling *c, const json_t *json, struct dl_schema **out);

static enum dl_err take_types(struct dl_schema *schema, const json_t *value, struct dl_error *error)
{
    static const struct {
        const char *name;
        unsigned bits;
    } names[] = {{"object", TYPE_OBJECT},   {"array", TYPE_ARRAY},     {"string", TYPE_STRING},
                 {"integer", TYPE_INTEGER}, {"boolean", TYPE_BOOLEAN}, {"null", TYPE_NULL}};
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < n; i++) {
        const char *name =
            json_string_value(json_is_array(value) ? json_array_get(value, i) : value);
        unsigned bits = 0;
        for (size_t k = 0; name != NULL && k < sizeof names / sizeof names[0]; k++) {
            bits |= strcmp(name, names[k].name) == 0 ? names[k].bits : 0;
        }
        if (bits == 0) {
            return bad(error, "type");
        }
        schema->types |= bits;
    }
    return DL_OK;
}

static enum dl_err take_strings(const json_t *list, char **out, size_t *n, struct dl_error *error)
{
    if (json_array_size(list) == 0 || json_array_size(list) > DL__SCHEMA_CHOICES) {
        return bad(error, "enum");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL) {
            return bad(error, "enum");
        }
        out[(*n)++] = copy(text);
    }
    return DL_OK;
}

static enum dl_err take_any_of(struct dl_schema *schema, const json_t *list, struct dl_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *names = json_object_get(json_array_get(list, i), "required");
        if (json_object_size(json_array_get(list, i)) != 1 || json_array_size(names) != 1 ||
            schema->n_any_of == DL__SCHEMA_CHOICES || !json_is_string(json_array_get(names, 0))) {
            return bad(error, "anyOf");
        }
        schema->any_of[schema->n_any_of++] = copy(json_string_value(json_array_get(names, 0)));
    }
    return DL_OK;
}

static enum dl_err take_members(struct compiling *c, struct dl_schema *schema, const json_t *value)
{
    size_t n = json_object_size(value);
    if (n == 0 || n > MEMBERS_MAX) {
        return bad(c->error, "properties");
    }
    schema->members = calloc(n, sizeof *schema->members);
    DL_ASSERT(schema->members != NULL, "memory for a schema");
    const char *key = NULL;
    json_t *member = NULL;
    json_object_foreach((json_t *)value, key, member)
    { // the macro wants a non-const object
        struct member *at = &schema->members[schema->n_members++];
        at->name = copy(key);
        DL_TRY(compile(c, member, &at->schema));
    }
    return DL_OK;
}

static enum dl_err take_required(struct dl_schema *schema, const json_t *list,
                                 struct dl_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        bool found = false;
        for (size_t k = 0; name != NULL && k < schema->n_members; k++) {
            if (strcmp(schema->members[k].name, name) == 0) {
                schema->members[k].required = true;
                found = true;
            }
        }
        if (!found) {
            return bad(error, "required");
        }
    }
    return DL_OK;
}

static enum dl_err take_format(struct dl_schema *schema, const json_t *value,
                               struct dl_error *error)
{
    const char *name = json_string_value(value);
    for (int i = 1; name != NULL && i < FORMATS; i++) {
        if (strcmp(name, format_names[i]) == 0) {
            schema->format = (enum format)i;
            return DL_OK;
        }
    }
    return bad(error, "format");
}

static enum dl_err take_keyword(struct compiling *c, struct dl_schema *schema, const char *key,
                                const json_t *value)
{
    const struct {
        const char *name;
        size_t *out;
    } numbers[] = {{"minLength", &schema->min_length},
                   {"maxLength", &schema->max_length},
                   {"minItems", &schema->min_items},
                   {"maxItems", &schema->max_items},
                   {"minProperties", &schema->min_members}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(key, numbers[i].name) == 0) {
            *numbers[i].out = (size_t)json_integer_value(value);
            return json_is_integer(value) && json_integer_value(value) >= 0 ? DL_OK
                                                                            : bad(c->error, key);
        }
    }
    if (strcmp(key, "type") == 0) {
        return take_types(schema, value, c->error);
    }
    if (strcmp(key, "enum") == 0) {
        return take_strings(value, schema->choices, &schema->n_choices, c->error);
    }
    if (strcmp(key, "anyOf") == 0) {
        return take_any_of(schema, value, c->error);
    }
    if (strcmp(key, "properties") == 0) {
        return take_members(c, schema, value);
    }
    if (strcmp(key, "items") == 0) {
        return compile(c, value, &schema->items);
    }
    if (strcmp(key, "format") == 0) {
        return take_format(schema, value, c->error);
    }
    bool for_readers = strcmp(key, "title") == 0 || strcmp(key, "description") == 0 ||
                       strcmp(key, "$schema") == 0 || strcmp(key, "required") == 0;
    bool closed = strcmp(key, "additionalProperties") == 0 && json_is_false(value);
    return for_readers || closed ? DL_OK : bad(c->error, key);
}

static const json_t *walk(const json_t *at, const char *path)
{
    while (at != NULL && *path == '/') {
        char step[64];
        size_t n = strcspn(path + 1, "/");
        if (n >= sizeof step) {
            return NULL;
        }
        memcpy(step, path + 1, n);
        step[n] = '\0';
        at = json_object_get(at, step);
        path += 1 + n;
    }
    return at;
}

static enum dl_err compile_ref(struct compiling *c, const char *ref, struct dl_schema **out)
{
    char file[64] = "";
    size_t n = strcspn(ref, "#");
    if (n >= sizeof file || ref[n] != '#') {
        return bad(c->error, "$ref");
    }
    memcpy(file, ref, n);
    struct dl_view text = n == 0 ? dl_view_of(NULL, 0) : c->files(file);
    json_t *other = NULL;
    struct compiling inner = *c;
    if (n > 0) {
        if (text.n == 0 || dl_json_parse(text, &other, NULL) != DL_OK) {
            return bad(c->error, "$ref");
        }
        inner.root = other;
    }
    const json_t *target = walk(inner.root, ref + n + 1);
    enum dl_err err = target == NULL ? bad(c->error, "$ref") : compile(&inner, target, out);
    json_decref(other);
    return err;
}

static enum dl_err compile_into(struct compiling *c, const json_t *json, struct dl_schema *schema)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)json, key, value)
    { // the macro wants a non-const object
        DL_TRY(take_keyword(c, schema, key, value));
    }
    DL_TRY(take_required(schema, json_object_get(json, "required"), c->error));
    bool open =
        schema->n_members > 0 && !json_is_false(json_object_get(json, "additionalProperties"));
    return schema->types == 0 || open ? bad(c->error, open ? "additionalProperties" : "type")
                                      : DL_OK;
}

static enum dl_err compile(struct compiling *c, const json_t *json, struct dl_schema **out)
{
    if (++c->depth > DEPTH_MAX) {
        return bad(c->error, "$ref");
    }
    const char *ref = json_string_value(json_object_get(json, "$ref"));
    enum dl_err err = DL_OK;
    if (ref != NULL) {
        err = compile_ref(c, ref, out);
    } else {
        struct dl_schema *schema = calloc(1, sizeof *schema);
        DL_ASSERT(schema != NULL, "memory for a schema");
        schema->max_length = SIZE_MAX;
        schema->max_items = SIZE_MAX;
        err = compile_into(c, json, schema);
        if (err == DL_OK) {
            *out = schema;
        } else {
            dl_schema_free(&schema);
        }
    }
    c->depth--;
    return err;
}

enum dl_err dl_schema_compile(struct dl_view text, dl_schema_file_fn files, struct dl_schema **out,
                              struct dl_error *error)
{
    json_t *json = NULL;
    DL_TRY(dl_json_parse(text, &json, error));
    struct compiling c = {.files = files, .root = json, .error = error};
    enum dl_err err = compile(&c, json, out);
    json_decref(json);
    return err;
}

void dl_schema_free(struct dl_schema **schema)
{
    struct dl_schema *s = *schema;
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n_choices; i++) {
        free(s->choices[i]);
    }
    for (size_t i = 0; i < s->n_any_of; i++) {
        free(s->any_of[i]);
    }
    for (size_t i = 0; i < s->n_members; i++) {
        free(s->members[i].name);
        dl_schema_free(&s->members[i].schema);
    }
    free(s->members);
    dl_schema_free(&s->items);
    free(s);
    *schema = NULL;
}
