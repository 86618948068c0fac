#include "base/encoding.h"
#include "base/identifier.h"
#include "base/limits.h"
#include "base/text.h"
#include "protocol/schema_internal.h"

#include <string.h>

/* Where we are: a chain on the stack, printed only when something is at fault. */
struct place {
    const struct place *up;
    const char *name; /* of a member, or NULL for an item */
    size_t index;
};

struct checking {
    size_t long_text;
    struct dl_error *error;
};

static void put_place(const struct place *place, struct dl_buf *out)
{
    if (place == NULL) {
        return;
    }
    put_place(place->up, out);
    if (place->name == NULL) {
        dl_buf_printf(out, "[%zu]", place->index);
    } else {
        dl_buf_printf(out, "%s%s", out->n > 0 ? "." : "", place->name);
    }
}

static enum dl_err fault(struct checking *c, enum dl_err err, const struct place *place,
                         const char *message)
{
    struct dl_buf path;
    dl_buf_init(&path, 1024);
    put_place(place, &path);
    dl_buf_u8(&path, 0);
    const char *field = path.err == DL_OK ? (const char *)path.p : "";
    dl_error_set(c->error, err, field, "%s", message);
    dl_buf_fini(&path);
    return err;
}

static bool all_digits(struct dl_view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
    }
    return true;
}

static bool is_partial_date(struct dl_view text)
{
    char full[] = "0000-01-01";
    if (text.n != 4 && text.n != 7 && text.n != 10) {
        return false;
    }
    if (!all_digits(dl_view_of(text.p, 4))) {
        return false;
    }
    memcpy(full, text.p, text.n);
    return dl_date_decode(dl_view_of(full, 10), NULL) == DL_OK;
}

static bool is_language(struct dl_view text)
{
    if (text.n < 2 || text.n > 35 || text.p[text.n - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool hyphen = c == '-' && text.p[i > 0 ? i - 1 : 0] != '-';
        if (!letter && (i < 2 || (!hyphen && (c < '0' || c > '9')))) {
            return false;
        }
    }
    return true;
}

static bool is_entry_ref(struct dl_view text)
{
    const uint8_t *slash = text.n == 0 ? NULL : memchr(text.p, '/', text.n);
    size_t n = slash == NULL ? 0 : (size_t)(slash - text.p);
    return n > 0 && dl_text_is_agency(dl_view_of(text.p, n)) &&
           dl_text_is_entry_id(dl_view_of(slash + 1, text.n - n - 1));
}

static enum dl_err check_text(struct checking *c, enum dl_text_kind kind, struct dl_view text,
                              const struct place *place)
{
    size_t at = 0;
    if (dl_text_check(text, kind, &at) == DL_OK) {
        return DL_OK;
    }
    size_t n = 0;
    int32_t found = dl_text_decode(dl_view_of(text.p + at, text.n - at), &n);
    char message[160];
    if (found < 0) {
        return fault(c, DL_E_TEXT, place, "this is not valid UTF-8");
    }
    snprintf(message, sizeof message, "the character U+%04X at position %zu is not allowed here%s",
             (unsigned)found, dl_text_length(dl_view_of(text.p, at)) + 1,
             found == '\n' || found == '\t' ? ": it is one line" : "");
    return fault(c, DL_E_TEXT, place, message);
}

static bool is_bare_number(struct dl_view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\0' || strchr("0123456789 .,+-", text.p[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static enum dl_err check_format(struct checking *c, enum format format, struct dl_view text,
                                const struct place *place)
{
    switch (format) {
    case FORMAT_CAS:
        switch (dl_cas_check(text)) {
        case DL_OK:
            return DL_OK;
        case DL_E_CAS:
            return fault(c, DL_E_CAS, place, "the check digit of this CAS number is wrong");
        default:
            return fault(c, DL_E_FIELD_VALUE, place, "not a CAS number, such as 437-38-7");
        }
    case FORMAT_INCHIKEY:
        return dl_inchikey_check(text) == DL_OK
                   ? DL_OK
                   : fault(c, DL_E_INCHIKEY, place,
                           "not a standard InChIKey, such as PJMPHNIQZUBGLI-UHFFFAOYSA-N");
    case FORMAT_UNII:
        return dl_unii_is_valid(text)
                   ? DL_OK
                   : fault(c, DL_E_FIELD_VALUE, place, "a UNII has 10 capital letters or digits");
    case FORMAT_LANGUAGE:
        return is_language(text)
                   ? DL_OK
                   : fault(c, DL_E_FIELD_VALUE, place, "not a language, such as en or zh");
    case FORMAT_PARTIAL_DATE:
        return is_partial_date(text)
                   ? DL_OK
                   : fault(c, DL_E_FIELD_VALUE, place, "not a date: YYYY, YYYY-MM or YYYY-MM-DD");
    case FORMAT_DATE:
        return dl_date_decode(text, NULL) == DL_OK
                   ? DL_OK
                   : fault(c, DL_E_FIELD_VALUE, place, "not a date: YYYY-MM-DD");
    case FORMAT_ENTRY_REF:
        return is_entry_ref(text) ? DL_OK : fault(c, DL_E_FIELD_VALUE, place, "not an AGENCY/ID");
    case FORMAT_LONG_TEXT:
        c->long_text += text.n;
        if (c->long_text > DL_LIMIT_LONG_TEXT) {
            return fault(c, DL_E_FIELD_LENGTH, place,
                         "long texts have at most 65536 octets together");
        }
        return check_text(c, DL_TEXT_LONG, text, place);
    case FORMAT_AMOUNT:
        if (is_bare_number(text)) {
            return fault(c, DL_E_FIELD_VALUE, place, "an amount has a unit, such as 0.31 g");
        }
        return check_text(c, DL_TEXT_LINE, text, place);
    case FORMAT_NAME:
        return check_text(c, DL_TEXT_NAME, text, place);
    default:
        return check_text(c, DL_TEXT_LINE, text, place);
    }
}

static enum dl_err check_choice(struct checking *c, const struct dl_schema *schema,
                                struct dl_view text, const struct place *place)
{
    for (size_t i = 0; i < schema->n_choices; i++) {
        if (dl_view_is(text, schema->choices[i])) {
            return DL_OK;
        }
    }
    struct dl_buf message;
    dl_buf_init(&message, 512);
    dl_buf_put_str(&message, "one of ");
    for (size_t i = 0; i < schema->n_choices; i++) {
        dl_buf_printf(&message, "%s%s", i > 0 ? ", " : "", schema->choices[i]);
    }
    dl_buf_u8(&message, 0);
    enum dl_err err = fault(c, DL_E_FIELD_VALUE, place, (const char *)message.p);
    dl_buf_fini(&message);
    return err;
}

static enum dl_err check_string(struct checking *c, const struct dl_schema *schema,
                                const json_t *value, const struct place *place)
{
    struct dl_view text = dl_view_of(json_string_value(value), json_string_length(value));
    if (schema->n_choices > 0) {
        return check_choice(c, schema, text, place);
    }
    if (text.n < 4 * schema->min_length && dl_text_length(text) < schema->min_length) {
        return fault(c, DL_E_FIELD_VALUE, place,
                     text.n == 0 ? "must not be empty" : "is too short");
    }
    if (text.n > schema->max_length && dl_text_length(text) > schema->max_length) {
        char message[80];
        snprintf(message, sizeof message, "%zu characters; at most %zu are allowed",
                 dl_text_length(text), schema->max_length);
        return fault(c, DL_E_FIELD_LENGTH, place, message);
    }
    return check_format(c, schema->format, text, place);
}

static enum dl_err check(struct checking *c, const struct dl_schema *schema, const json_t *value,
                         const struct place *place);

static enum dl_err check_array(struct checking *c, const struct dl_schema *schema,
                               const json_t *value, const struct place *place)
{
    size_t n = json_array_size(value);
    if (n < schema->min_items) {
        return fault(c, DL_E_FIELD_VALUE, place,
                     n == 0 ? "must not be empty" : "has too few items");
    }
    if (n > schema->max_items) {
        char message[80];
        snprintf(message, sizeof message, "%zu items; at most %zu are allowed", n,
                 schema->max_items);
        return fault(c, DL_E_FIELD_LENGTH, place, message);
    }
    for (size_t i = 0; i < n && schema->items != NULL; i++) {
        struct place here = {.up = place, .index = i};
        DL_TRY(check(c, schema->items, json_array_get(value, i), &here));
    }
    return DL_OK;
}

static enum dl_err unknown_field(struct checking *c, const struct dl_schema *schema,
                                 const char *key, const struct place *place)
{
    const char *nearest = NULL;
    size_t best = strlen(key) / 2; // more than half of it wrong is another word
    for (size_t i = 0; i < schema->n_members; i++) {
        size_t n = dl_text_distance(key, schema->members[i].name);
        if (n <= best && n < strlen(schema->members[i].name)) {
            best = n - (n > 0); // a later one must be nearer
            nearest = schema->members[i].name;
        }
    }
    struct dl_buf shown; // the name is the sender's
    dl_buf_init(&shown, 1024);
    dl_text_show(&shown, dl_view_of(key, strlen(key) < 80 ? strlen(key) : 80), true);
    dl_buf_u8(&shown, 0);
    struct place here = {.up = place, .name = (const char *)shown.p};
    enum dl_err err = fault(c, DL_E_FIELD_UNKNOWN, &here, "there is no such field");
    dl_buf_fini(&shown);
    if (nearest != NULL) {
        dl_error_hint(c->error, "did you mean \"%s\"?", nearest);
    }
    return err;
}

static const struct member *member_of(const struct dl_schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->n_members; i++) {
        if (strcmp(schema->members[i].name, key) == 0) {
            return &schema->members[i];
        }
    }
    return NULL;
}

static enum dl_err check_presence(struct checking *c, const struct dl_schema *schema,
                                  const json_t *value, const struct place *place)
{
    for (size_t i = 0; i < schema->n_members; i++) {
        if (schema->members[i].required &&
            json_object_get(value, schema->members[i].name) == NULL) {
            struct place here = {.up = place, .name = schema->members[i].name};
            return fault(c, DL_E_FIELD_MISSING, &here, "this field is mandatory");
        }
    }
    bool any = schema->n_any_of == 0;
    for (size_t i = 0; i < schema->n_any_of && !any; i++) {
        any = json_object_get(value, schema->any_of[i]) != NULL;
    }
    if (!any) {
        struct dl_buf message;
        dl_buf_init(&message, 512);
        dl_buf_put_str(&message, "one of these must be given: ");
        for (size_t i = 0; i < schema->n_any_of; i++) {
            dl_buf_printf(&message, "%s%s", i > 0 ? ", " : "", schema->any_of[i]);
        }
        dl_buf_u8(&message, 0);
        enum dl_err err = fault(c, DL_E_FIELD_MISSING, place, (const char *)message.p);
        dl_buf_fini(&message);
        return err;
    }
    return json_object_size(value) >= schema->min_members
               ? DL_OK
               : fault(c, DL_E_FIELD_MISSING, place, "must not be empty");
}

static enum dl_err check_object(struct checking *c, const struct dl_schema *schema,
                                const json_t *value, const struct place *place)
{
    const char *key = NULL;
    json_t *member = NULL;
    json_object_foreach((json_t *)value, key, member)
    { // the macro wants a non-const object
        const struct member *known = member_of(schema, key);
        if (known == NULL) {
            return unknown_field(c, schema, key, place);
        }
        struct place here = {.up = place, .name = known->name};
        DL_TRY(check(c, known->schema, member, &here));
    }
    return check_presence(c, schema, value, place);
}

static enum dl_err wrong_type(struct checking *c, const struct dl_schema *schema,
                              const json_t *value, const struct place *place)
{
    static const char *const found[] = {
        [JSON_OBJECT] = "an object",   [JSON_ARRAY] = "a list",    [JSON_STRING] = "a string",
        [JSON_INTEGER] = "an integer", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",        [JSON_NULL] = "null"};
    const char *expected = (schema->types & TYPE_OBJECT) != 0    ? "an object"
                           : (schema->types & TYPE_ARRAY) != 0   ? "a list"
                           : (schema->types & TYPE_STRING) != 0  ? "a string"
                           : (schema->types & TYPE_BOOLEAN) != 0 ? "true or false"
                                                                 : "an integer";
    char message[80];
    snprintf(message, sizeof message, "must be %s, not %s", expected, found[json_typeof(value)]);
    enum dl_err err = fault(c, DL_E_FIELD_TYPE, place, message);
    if (json_is_null(value)) {
        dl_error_hint(c->error, "leave a field out where there is nothing to say");
    }
    return err;
}

static enum dl_err check(struct checking *c, const struct dl_schema *schema, const json_t *value,
                         const struct place *place)
{
    if ((schema->types & 1U << json_typeof(value)) == 0) {
        return wrong_type(c, schema, value, place);
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return check_object(c, schema, value, place);
    case JSON_ARRAY:
        return check_array(c, schema, value, place);
    case JSON_STRING:
        return check_string(c, schema, value, place);
    default:
        return DL_OK;
    }
}

enum dl_err dl_schema_check(const struct dl_schema *schema, const json_t *value,
                            struct dl_error *error)
{
    struct dl_error unused;
    struct checking c = {.error = error == NULL ? &unused : error};
    return check(&c, schema, value, NULL);
}
