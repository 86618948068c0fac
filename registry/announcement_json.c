#include "registry/announcement_internal.h"

#include "base/limits.h"
#include "base/text.h"

#include <string.h>

/* The octets of all strings below, or an error for a value that is no string. */
static enum dl_err measure(const json_t *object, bool with_rows, size_t *octets,
                           struct dl_error *error)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)object, key, value)
    {
        if (with_rows && strcmp(key, "rows") == 0) {
            continue;
        }
        if (!json_is_string(value)) {
            return dl_error_set(error, DL_E_FIELD_TYPE, key, "%s is not a string", key);
        }
        *octets += json_string_length(value);
    }
    return DL_OK;
}

static enum dl_err row_from_json(struct dl_announcement *a, const json_t *object, size_t number,
                                 struct dl_error *error)
{
    const char *key = NULL;
    json_t *value = NULL;
    DL_TRY(dl__announcement_add_row(a, error));
    DL_ASSERT(a->rows != NULL, "a row was added");
    struct dl_announcement_row *row = &a->rows[a->n_rows - 1];
    row->line = number;
    json_object_foreach((json_t *)object, key, value)
    {
        int i = 0;
        while (i < DL_ROW_COUNT && strcmp(dl__announcement_columns[i], key) != 0) {
            i++;
        }
        if (i == DL_ROW_COUNT) {
            return dl_error_set(error, DL_E_FIELD_UNKNOWN, "rows", "rows[%zu] has an unknown key",
                                number - 1);
        }
        row->field[i] = dl__announcement_keep(
            a, dl_view_of(json_string_value(value), json_string_length(value)));
    }
    dl__announcement_judge(a, row, NULL, NULL);
    return DL_OK;
}

static enum dl_err header_from_json(struct dl_announcement *a, const json_t *content,
                                    struct dl_error *error)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)content, key, value)
    {
        if (strcmp(key, "rows") == 0) {
            continue;
        }
        struct dl_view text = dl_view_of(json_string_value(value), json_string_length(value));
        enum dl_err err = dl_text_check(text, DL_TEXT_NAME, NULL);
        if (err == DL_OK) {
            err = dl__announcement_set_header(a, dl_view_str(key), text);
        }
        if (err != DL_OK) {
            return dl_error_set(error, err, key, "%s is unknown or not valid here", key);
        }
    }
    return dl__announcement_check_header(a, error);
}

enum dl_err dl_announcement_from_json(const json_t *content, struct dl_announcement *out,
                                      struct dl_error *error)
{
    struct dl_announcement a;
    const json_t *rows = json_object_get(content, "rows");
    size_t octets = 0;
    if (!json_is_array(rows)) {
        return dl_error_set(error, DL_E_FIELD_MISSING, "rows", "rows is not an array");
    }
    DL_TRY(measure(content, true, &octets, error));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (!json_is_object(json_array_get(rows, i))) {
            return dl_error_set(error, DL_E_FIELD_TYPE, "rows", "rows[%zu] is not an object", i);
        }
        DL_TRY(measure(json_array_get(rows, i), false, &octets, error));
    }
    DL_TRY(dl__announcement_begin(&a, octets, error));
    enum dl_err err = header_from_json(&a, content, error);
    for (size_t i = 0; err == DL_OK && i < json_array_size(rows); i++) {
        err = row_from_json(&a, json_array_get(rows, i), i + 1, error);
    }
    if (err != DL_OK) {
        dl_announcement_fini(&a);
        return err;
    }
    *out = a;
    return DL_OK;
}

/* Members in the order of the canonical form (by key) are made by dl_json_canonical. */
static json_t *object_of(const char *const *names, const struct dl_view *fields, int n)
{
    json_t *object = json_object();
    for (int i = 0; i < n; i++) {
        if (fields[i].n > 0) {
            json_object_set_new(object, names[i],
                                json_stringn((const char *)fields[i].p, fields[i].n));
        }
    }
    return object;
}

/* An upper bound of what a row adds to the content: every octet escaped, and its keys. */
static size_t row_octets(const struct dl_announcement_row *row)
{
    size_t n = 32;
    for (int i = 0; i < DL_ROW_COUNT; i++) {
        for (size_t k = 0; k < row->field[i].n; k++) {
            n += row->field[i].p[k] < ' ' ? 6 : 2;
        }
        n += row->field[i].n > 0 ? strlen(dl__announcement_columns[i]) + 6 : 0;
    }
    return n;
}

enum dl_err dl_announcement_to_json(const struct dl_announcement *announcement, size_t first,
                                    size_t max, size_t *next, struct dl_buf *out)
{
    json_t *content = object_of(dl__announcement_headers, announcement->header, DL_ANNOUNCED_COUNT);
    json_t *rows = json_array();
    size_t octets = DL_ANNOUNCED_COUNT * (4 * (size_t)DL_LIMIT_STRING + 32);
    size_t i = first;
    for (; i < announcement->n_rows; i++) {
        const struct dl_announcement_row *row = &announcement->rows[i];
        if (row->refused != NULL) {
            continue;
        }
        octets += row_octets(row);
        if (octets > max && json_array_size(rows) > 0) {
            break;
        }
        json_array_append_new(rows, object_of(dl__announcement_columns, row->field, DL_ROW_COUNT));
    }
    json_object_set_new(content, "rows", rows);
    enum dl_err err = dl_json_canonical(content, out);
    json_decref(content);
    if (err == DL_OK) {
        *next = i;
    }
    return err;
}
