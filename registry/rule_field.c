#include "registry/rule_field.h"

#include "base/encoding.h"

#include <stdio.h>
#include <string.h>

size_t dl__field_enter(struct dl__rule_reading *r, const char *key, int index)
{
    size_t n = strlen(r->place);
    char *end = r->place + n;
    size_t room = sizeof r->place - n;
    if (index < 0) {
        (void)snprintf(end, room, "%s%s", n > 0 ? "." : "", key);
    } else {
        (void)snprintf(end, room, "%s%s[%d]", n > 0 ? "." : "", key, index);
    }
    return n;
}

void dl__field_leave(struct dl__rule_reading *r, size_t back)
{
    r->place[back] = '\0';
}

void dl__field_wrong(struct dl__rule_reading *r, const char *key, const char *words)
{
    if (r->err != DL_OK) {
        return;
    }
    size_t back = key == NULL ? strlen(r->place) : dl__field_enter(r, key, -1);
    r->err = r->id[0] == '\0' ? dl_error_set(r->error, DL_E_RULE, r->place, "%s (%.*s)", words,
                                             DL_VIEW_ARG(r->file))
                              : dl_error_set(r->error, DL_E_RULE, r->place, "%s (%.*s, rule %s)",
                                             words, DL_VIEW_ARG(r->file), r->id);
    dl_error_hint(r->error, "%s", DL_RULES_HINT);
    dl__field_leave(r, back);
}

void dl__field_keys(struct dl__rule_reading *r, json_t *object, const char *const *keys)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (!json_is_object(object)) {
        dl__field_wrong(r, NULL, "is no object of JSON");
    }
    json_object_foreach(object, key, value)
    {
        bool known = false;
        for (size_t i = 0; keys[i] != NULL; i++) {
            known = known || strcmp(keys[i], key) == 0;
        }
        if (!known) {
            dl__field_wrong(r, key, "is no field of this format");
        }
    }
}

static struct dl_view view_of(json_t *value)
{
    return json_is_string(value) ? dl_view_of(json_string_value(value), json_string_length(value))
                                 : dl_view_of(NULL, 0);
}

struct dl_rule_text dl__field_text(struct dl__rule_reading *r, json_t *object, const char *key)
{
    static const char *const keys[] = {"en", "zh", NULL};
    json_t *value = json_object_get(object, key);
    struct dl_rule_text text = {view_of(value), view_of(value)};
    if (value == NULL) {
        return text;
    }
    if (json_is_object(value)) {
        size_t back = dl__field_enter(r, key, -1);
        dl__field_keys(r, value, keys);
        dl__field_leave(r, back);
        text.en = dl_json_text(value, "en");
        text.zh = dl_json_text(value, "zh");
        text.zh = text.zh.n > 0 ? text.zh : text.en;
    }
    if (text.en.n == 0) {
        dl__field_wrong(r, key, "has no English words");
    }
    return text;
}

struct dl_rule_text dl__field_need_text(struct dl__rule_reading *r, json_t *object, const char *key)
{
    if (json_object_get(object, key) == NULL) {
        dl__field_wrong(r, key, "is missing");
    }
    return dl__field_text(r, object, key);
}

struct dl_view dl__field_need_view(struct dl__rule_reading *r, json_t *object, const char *key)
{
    struct dl_view view = view_of(json_object_get(object, key));
    if (view.n == 0) {
        dl__field_wrong(r, key, "is missing or no text");
    }
    return view;
}

struct dl_view dl__field_need_day(struct dl__rule_reading *r, json_t *object, const char *key)
{
    struct dl_view day = dl__field_need_view(r, object, key);
    if (day.n > 0 && dl_date_decode(day, NULL) != DL_OK) {
        dl__field_wrong(r, key, "is no day YYYY-MM-DD");
    }
    return day;
}

int dl__field_int(struct dl__rule_reading *r, json_t *object, const char *key, int otherwise)
{
    json_t *value = json_object_get(object, key);
    if (value == NULL) {
        return otherwise;
    }
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < 0 || n > 100000) {
        dl__field_wrong(r, key, "is no number from 0 to 100,000");
        return otherwise;
    }
    return (int)n;
}

int dl__field_bool(struct dl__rule_reading *r, json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (value == NULL) {
        return -1;
    }
    if (!json_is_boolean(value)) {
        dl__field_wrong(r, key, "is neither true nor false");
    }
    return json_is_true(value);
}

void dl__field_range(struct dl__rule_reading *r, json_t *object, const char *key, int out[2])
{
    json_t *value = json_object_get(object, key);
    out[0] = 0;
    out[1] = -1;
    if (value == NULL) {
        return;
    }
    json_int_t least = json_integer_value(json_array_get(value, 0));
    json_int_t most = json_integer_value(json_array_get(value, 1));
    if (json_array_size(value) != 2 || !json_is_integer(json_array_get(value, 0)) ||
        !json_is_integer(json_array_get(value, 1)) || least < 0 || most < least || most > 100000) {
        dl__field_wrong(r, key, "is no [least, most]");
        return;
    }
    out[0] = (int)least;
    out[1] = (int)most;
}

json_t *dl__field_list(struct dl__rule_reading *r, json_t *object, const char *key, size_t max)
{
    json_t *value = json_object_get(object, key);
    if (value != NULL && !json_is_array(value)) {
        dl__field_wrong(r, key, "is no list");
        return NULL;
    }
    if (json_array_size(value) > max) {
        dl__field_wrong(r, key, "has too many items");
        return NULL;
    }
    return value;
}

size_t dl__field_strings(struct dl__rule_reading *r, json_t *object, const char *key,
                         const char **out)
{
    json_t *value = json_object_get(object, key);
    size_t n = json_is_array(value) ? json_array_size(value) : value != NULL;
    if (n > DL_RULE_PATTERNS) {
        dl__field_wrong(r, key, "has too many items");
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
        out[i] = json_string_value(item);
        if (out[i] == NULL) {
            dl__field_wrong(r, key, "has an item that is no text");
            return 0;
        }
    }
    return n;
}
