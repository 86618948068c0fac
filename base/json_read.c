/* Reading by matching. The canonical form has one octet string for a value: no blanks, one way to
 * escape, keys in order (which is also how a duplicate shows). The same reader with blanks and keys
 * in any order reads what most programs write; whatever else may be JSON is left to the library,
 * which has the last word on it. (A line of a batch cost its sender 15 of 33 us in the library.) */
#include "base/encoding.h"
#include "base/json_internal.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

struct reader {
    const uint8_t *at, *end;
    unsigned depth;
    bool canonical;
};

static bool next_is(const struct reader *r, uint8_t octet)
{
    return r->at < r->end && *r->at == octet;
}

static void skip_blanks(struct reader *r)
{
    while (!r->canonical && r->at < r->end &&
           (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) {
        r->at++;
    }
}

static bool took(struct reader *r, uint8_t octet)
{
    if (!next_is(r, octet)) {
        return false;
    }
    r->at++;
    return true;
}

/* The same, with blanks around it where they may stand. */
static bool took_mark(struct reader *r, uint8_t octet)
{
    skip_blanks(r);
    bool good = took(r, octet);
    skip_blanks(r);
    return good;
}

static bool took_word(struct reader *r, const char *word, size_t n)
{
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0) {
        return false;
    }
    r->at += n;
    return true;
}

/* What stands behind a backslash; -1 for what the writer would not have written. */
static int escaped(struct reader *r)
{
    static const char shorts[] = {['b'] = '\b', ['t'] = '\t', ['n'] = '\n', ['f'] = '\f',
                                  ['r'] = '\r', ['"'] = '"',  ['\\'] = '\\'};
    if (r->at == r->end) {
        return -1;
    }
    uint8_t c = *r->at++;
    if (c < sizeof shorts && shorts[c] != '\0') {
        return (uint8_t)shorts[c];
    }
    static const char digits[] = "0123456789abcdef";
    if (c != 'u' || !took_word(r, "00", 2) || r->end - r->at < 2) {
        return -1;
    }
    const char *low = r->at[1] == '\0' ? NULL : strchr(digits, r->at[1]);
    int value = (r->at[0] - '0') * 16 + (low == NULL ? 0 : (int)(low - digits));
    bool other = low == NULL || r->at[0] < '0' || r->at[0] > '1' || value == 0 || value == '\b' ||
                 value == '\t' || value == '\n' || value == '\f' || value == '\r';
    r->at += 2;
    return other ? -1 : value; // NUL is in no string here
}

/* The octets of a literal whose quotation mark was taken: a view of the input where it has no
 * escape, else of `room`. False: not for this reader. */
static bool took_text(struct reader *r, struct dl_buf *room, struct dl_view *out)
{
    const uint8_t *from = r->at;
    dl_buf_reset(room);
    for (;;) {
        r->at += dl__json_plain(dl_view_of(r->at, (size_t)(r->end - r->at)));
        if (r->at == r->end || *r->at < 0x20) {
            return false;
        }
        if (*r->at >= 0x80) {
            size_t n = 0;
            if (dl_text_decode(dl_view_of(r->at, (size_t)(r->end - r->at)), &n) < 0) {
                return false;
            }
            r->at += n;
            continue;
        }
        struct dl_view piece = dl_view_of(from, (size_t)(r->at - from));
        if (took(r, '"')) {
            bool whole = room->n == 0;
            dl_buf_put_view(room, whole ? dl_view_of(NULL, 0) : piece);
            *out = whole ? piece : dl_buf_view(room);
            return dl_buf_err(room) == DL_OK;
        }
        r->at++; // the backslash
        int c = escaped(r);
        if (c < 0) {
            return false;
        }
        dl_buf_put_view(room, piece);
        dl_buf_u8(room, (uint8_t)c);
        from = r->at;
    }
}

static json_t *string(struct reader *r)
{
    struct dl_buf room;
    struct dl_view text;
    dl_buf_init(&room, (size_t)(r->end - r->at));
    json_t *value =
        took_text(r, &room, &text) ? json_stringn_nocheck((const char *)text.p, text.n) : NULL;
    dl_buf_fini(&room);
    return value;
}

static json_t *integer(struct reader *r)
{
    bool minus = took(r, '-');
    const uint8_t *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        r->at++;
    }
    uint64_t value = 0;
    if (dl_decimal_decode(dl_view_of(from, (size_t)(r->at - from)), DL__JSON_INTEGER, &value) !=
            DL_OK ||
        (minus && value == 0)) {
        return NULL;
    }
    return json_integer(minus ? -(json_int_t)value : (json_int_t)value);
}

static json_t *any(struct reader *r);

static json_t *array(struct reader *r)
{
    json_t *list = json_array();
    bool good = list != NULL;
    for (bool first = true; good && !took_mark(r, ']'); first = false) {
        good = (first || took_mark(r, ',')) && json_array_append_new(list, any(r)) == 0;
    }
    if (!good) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static bool comes_before(struct dl_view a, struct dl_view b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order < 0 || (order == 0 && a.n < b.n);
}

static json_t *object(struct reader *r)
{
    json_t *map = json_object();
    struct dl_buf rooms[2]; // for keys with an escape: this one's and the one's before
    struct dl_view keys[2];
    dl_buf_init(&rooms[0], (size_t)(r->end - r->at));
    dl_buf_init(&rooms[1], (size_t)(r->end - r->at));
    bool good = map != NULL;
    for (size_t n = 0; good && !took_mark(r, '}'); n++) {
        struct dl_view *key = &keys[n & 1];
        good = n < DL__JSON_KEYS && (n == 0 || took_mark(r, ',')) && took(r, '"') &&
               took_text(r, &rooms[n & 1], key) && dl__json_is_key(*key) && took_mark(r, ':') &&
               (n == 0 || !r->canonical || comes_before(keys[~n & 1], *key)) &&
               json_object_setn_new_nocheck(map, (const char *)key->p, key->n, any(r)) == 0 &&
               json_object_size(map) == n + 1; // a duplicate replaces
    }
    dl_buf_fini(&rooms[0]);
    dl_buf_fini(&rooms[1]);
    if (!good) {
        json_decref(map);
        return NULL;
    }
    return map;
}

/* NULL: not for this reader. jansson's setters take a NULL value for an error of theirs. */
static json_t *any(struct reader *r)
{
    if (took(r, '"')) {
        return string(r);
    }
    if (next_is(r, '{') || next_is(r, '[')) {
        if (r->depth == DL_LIMIT_JSON_DEPTH) {
            return NULL;
        }
        r->depth++;
        json_t *value = *r->at++ == '{' ? object(r) : array(r);
        r->depth--;
        return value;
    }
    if (took_word(r, "true", 4)) {
        return json_true();
    }
    if (took_word(r, "false", 5)) {
        return json_false();
    }
    return took_word(r, "null", 4) ? json_null() : integer(r);
}

static json_t *whole(struct dl_view text, bool canonical)
{
    if (text.n == 0) {
        return NULL; // its octets may be nowhere
    }
    struct reader r = {.at = text.p, .end = text.p + text.n, .canonical = canonical};
    skip_blanks(&r);
    json_t *value = any(&r);
    skip_blanks(&r);
    if (value != NULL && r.at != r.end) {
        json_decref(value);
        return NULL;
    }
    return value;
}

json_t *dl__json_read_plain(struct dl_view text)
{
    return whole(text, false);
}

enum dl_err dl_json_parse_canonical(struct dl_view text, json_t **out)
{
    json_t *value = whole(text, true);
    if (value == NULL) {
        return DL_E_JSON;
    }
    *out = value;
    return DL_OK;
}
