#include "base/json_internal.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

/* Depth is found by one pass over the octets before anything is allocated. */
static enum dl_err precheck(struct dl_view text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DL_LIMIT_JSON_DEPTH) {
                return DL_E_TOO_DEEP;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return DL_OK;
}

enum dl_err dl__json_parse_library(struct dl_view text, json_t **out, struct dl_error *error)
{
    enum dl_err err = precheck(text);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "the JSON is nested deeper than %d levels",
                            DL_LIMIT_JSON_DEPTH);
    }
    if (text.n == 0) { // the library would complain of its arguments
        return dl_error_set(error, DL_E_JSON, NULL,
                            "not valid JSON at line 1, column 1: there is nothing");
    }
    json_error_t detail;
    json_t *value =
        json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &detail);
    if (value == NULL) {
        struct dl_buf shown; // the library's words quote the input
        dl_buf_init(&shown, 1024);
        dl_text_show(&shown, dl_view_str(detail.text), true);
        enum dl_err bad =
            dl_error_set(error, DL_E_JSON, NULL, "not valid JSON at line %d, column %d: %.*s",
                         detail.line, detail.column, DL_VIEW_ARG(dl_buf_view(&shown)));
        dl_buf_fini(&shown);
        return bad;
    }
    *out = value;
    return DL_OK;
}

enum dl_err dl_json_parse(struct dl_view text, json_t **out, struct dl_error *error)
{
    json_t *value = dl__json_read_plain(text);
    if (value != NULL) {
        *out = value;
        return DL_OK;
    }
    return dl__json_parse_library(text, out, error);
}

static void put_escape(struct dl_buf *out, uint8_t c)
{
    static const char shorts[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                  ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    if (c < sizeof shorts && shorts[c] != '\0') {
        char pair[2] = {'\\', shorts[c]};
        dl_buf_put(out, pair, 2);
    } else {
        dl_buf_printf(out, "\\u%04x", c);
    }
}

/* Eight at a time: a bit that the sums and differences leave in a high place marks an octet that
 * does not stand as it is. */
size_t dl__json_plain(struct dl_view text)
{
    const uint64_t ones = 0x0101010101010101U;
    const uint64_t high = 0x8080808080808080U;
    size_t i = 0;
    for (; i + 8 <= text.n; i += 8) {
        uint64_t word = 0;
        memcpy(&word, text.p + i, 8);
        uint64_t quote = word ^ (ones * '"');
        uint64_t slash = word ^ (ones * '\\');
        uint64_t odd = word | (word - ones * 0x20) | (quote - ones) | (slash - ones);
        if (odd & high) {
            break;
        }
    }
    while (i < text.n && text.p[i] >= 0x20 && text.p[i] < 0x80 && text.p[i] != '"' &&
           text.p[i] != '\\') {
        i++;
    }
    return i;
}

void dl_json_put_string(struct dl_buf *out, struct dl_view text)
{
    size_t i = dl__json_plain(text);
    if (i == text.n) {
        uint8_t *room = dl_buf_room(out, i + 2);
        if (room) {
            room[0] = '"';
            memcpy(room + 1, i > 0 ? (const void *)text.p : "", i);
            room[i + 1] = '"';
        }
        return;
    }
    dl_buf_u8(out, '"');
    size_t from = 0;
    while (i < text.n) {
        uint8_t c = text.p[i];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            i++;
            continue;
        }
        size_t n = 1;
        bool valid = c < 0x80 || dl_text_decode(dl_view_of(text.p + i, text.n - i), &n) >= 0;
        if (c >= 0x80 && valid) {
            i += n;
            continue;
        }
        dl_buf_put(out, text.p + from, i - from);
        if (valid) {
            put_escape(out, c);
        } else {
            dl_buf_put_str(out, "\xEF\xBF\xBD");
        }
        i += n;
        from = i;
    }
    if (i > from) {
        dl_buf_put(out, text.p + from, i - from);
    }
    dl_buf_u8(out, '"');
}

void dl_json_put_str(struct dl_buf *out, const char *text)
{
    if (text == NULL) {
        dl_buf_put_str(out, "null");
    } else {
        dl_json_put_string(out, dl_view_str(text));
    }
}

struct dl_view dl_json_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value)) {
        return dl_view_of(NULL, 0);
    }
    return dl_view_of(json_string_value(value), json_string_length(value));
}

bool dl__json_is_key(struct dl_view key)
{
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] < 0x20 || key.p[i] > 0x7E) {
            return false;
        }
    }
    return true;
}

/* Insertion sort: objects here have a handful of keys, most of them in order already. */
static enum dl_err sorted_keys(const json_t *object, const char **keys, size_t *n)
{
    if (json_object_size(object) > DL__JSON_KEYS) {
        return DL_E_TOO_LARGE;
    }
    size_t count = 0;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)object, key, value)
    { // the macro wants a non-const object
        if (!dl__json_is_key(dl_view_str(key))) {
            return DL_E_JSON;
        }
        size_t at = count++;
        while (at > 0 && strcmp(keys[at - 1], key) > 0) {
            keys[at] = keys[at - 1];
            at--;
        }
        keys[at] = key;
    }
    *n = count;
    return DL_OK;
}

static enum dl_err put_value(const json_t *value, struct dl_buf *out, unsigned depth);

static enum dl_err put_object(const json_t *value, struct dl_buf *out, unsigned depth)
{
    const char *keys[DL__JSON_KEYS];
    size_t n = 0;
    DL_TRY(sorted_keys(value, keys, &n));
    dl_buf_u8(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            dl_buf_u8(out, ',');
        }
        dl_json_put_str(out, keys[i]);
        dl_buf_u8(out, ':');
        DL_TRY(put_value(json_object_get(value, keys[i]), out, depth + 1));
    }
    dl_buf_u8(out, '}');
    return DL_OK;
}

static enum dl_err put_array(const json_t *value, struct dl_buf *out, unsigned depth)
{
    dl_buf_u8(out, '[');
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i > 0) {
            dl_buf_u8(out, ',');
        }
        DL_TRY(put_value(json_array_get(value, i), out, depth + 1));
    }
    dl_buf_u8(out, ']');
    return DL_OK;
}

static enum dl_err put_value(const json_t *value, struct dl_buf *out, unsigned depth)
{
    if (depth > DL_LIMIT_JSON_DEPTH) {
        return DL_E_TOO_DEEP;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return put_object(value, out, depth);
    case JSON_ARRAY:
        return put_array(value, out, depth);
    case JSON_STRING:
        dl_json_put_string(out, dl_view_of(json_string_value(value), json_string_length(value)));
        return DL_OK;
    case JSON_INTEGER:
        if (json_integer_value(value) > DL__JSON_INTEGER ||
            json_integer_value(value) < -DL__JSON_INTEGER) {
            return DL_E_JSON;
        }
        dl_buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return DL_OK;
    case JSON_REAL:
        return DL_E_JSON;
    case JSON_TRUE:
        dl_buf_put_str(out, "true");
        return DL_OK;
    case JSON_FALSE:
        dl_buf_put_str(out, "false");
        return DL_OK;
    default:
        dl_buf_put_str(out, "null");
        return DL_OK;
    }
}

enum dl_err dl_json_canonical(const json_t *value, struct dl_buf *out)
{
    DL_TRY(put_value(value, out, 0));
    return dl_buf_err(out);
}
