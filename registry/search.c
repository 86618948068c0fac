#include "registry/search.h"
#include "base/json.h"
#include "base/text.h"

#include <string.h>

enum { KEY_MAX = 128 * 1024, IDENTIFIER_MAX = 64 };
#define LAST_CHARACTER "\xF4\x8F\xBF\xBF"

struct search {
    struct dl_hits *hits;
    struct dl_view key;
};

static int compare(const struct dl_hit *a, const struct dl_hit *b)
{
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    if (a->length != b->length) {
        return a->length < b->length ? -1 : 1;
    }
    return (a->substance > b->substance) - (a->substance < b->substance);
}

/* Keeps the best; a substance stands once, where it ranks highest. */
static void keep(struct dl_hits *hits, const struct dl_hit *hit)
{
    size_t end = 0;
    while (end < hits->n && hits->hit[end].substance != hit->substance) {
        end++;
    }
    if (end < hits->n && compare(&hits->hit[end], hit) <= 0) {
        return;
    }
    if (end == DL_HITS_MAX) {
        hits->more = true;
        end--;
        if (compare(&hits->hit[end], hit) <= 0) {
            return;
        }
    } else if (end == hits->n) {
        hits->n++;
    }
    while (end > 0 && compare(&hits->hit[end - 1], hit) > 0) {
        hits->hit[end] = hits->hit[end - 1];
        end--;
    }
    hits->hit[end] = *hit;
}

static enum dl_err on_key(void *context, const struct dl_row *row)
{
    struct search *search = context;
    struct dl_view key = dl_row_text(row, 0);
    bool begins = search->key.n <= key.n && memcmp(key.p, search->key.p, search->key.n) == 0;
    struct dl_hit hit = {.substance = dl_row_int(row, 1), .n = dl_row_int(row, 2), .length = key.n};
    hit.rank = !begins ? DL_HIT_WITHIN : key.n == search->key.n ? DL_HIT_WHOLE : DL_HIT_BEGINNING;
    keep(search->hits, &hit);
    return DL_OK;
}

static enum dl_err on_identifier(void *context, const struct dl_row *row)
{
    struct search *search = context;
    struct dl_view value = dl_row_text(row, 0);
    struct dl_hit hit = {.substance = dl_row_int(row, 1), .n = -1, .length = value.n};
    hit.rank = value.n == search->key.n ? DL_HIT_WHOLE : DL_HIT_BEGINNING;
    keep(search->hits, &hit);
    return DL_OK;
}

static enum dl_err search_identifiers(struct dl_reader *reader, const struct dl_moment *moment,
                                      struct dl_view text, struct search *search)
{
    char range[2][IDENTIFIER_MAX + 4];
    if (text.n < 3 || text.n > IDENTIFIER_MAX) {
        return DL_OK;
    }
    memcpy(range[0], text.p, text.n);
    memcpy(range[1], text.p, text.n);
    memcpy(range[1] + text.n, LAST_CHARACTER, 4);
    struct dl_view from = dl_view_of(range[0], text.n);
    struct dl_view to = dl_view_of(range[1], text.n + 4);
    search->key = text;
    DL_TRY(dl_store_run(reader->store,
                        "SELECT value, substance FROM identifier WHERE value >= ?1 AND value < ?2"
                        " AND recorded_from <= ?3 AND"
                        " (recorded_until IS NULL OR ?3 < recorded_until)",
                        DL_SQL(DL_SQL_TEXT(from), DL_SQL_TEXT(to), DL_SQL_INT(moment->version)),
                        on_identifier, search));
    return dl_store_run(reader->store,
                        "SELECT key, id FROM substance WHERE structured AND key >= ?1 AND key < ?2"
                        " AND recorded_from <= ?3 AND"
                        " (recorded_until IS NULL OR ?3 < recorded_until)",
                        DL_SQL(DL_SQL_TEXT(from), DL_SQL_TEXT(to), DL_SQL_INT(moment->version)),
                        on_identifier, search);
}

enum dl_err dl_search(struct dl_reader *reader, const struct dl_moment *moment, struct dl_view text,
                      struct dl_hits *out)
{
    struct dl_buf key;
    struct search search = {.hits = out};
    dl_buf_init(&key, KEY_MAX);
    out->n = 0;
    out->more = false;
    enum dl_err err = dl_name_key(text, &key);
    if (err == DL_OK && key.n == 0) {
        err = DL_E_INPUT;
    }
    if (err != DL_OK) {
        goto out;
    }
    search.key = dl_buf_view(&key);
    /* the index of keys is read through: two characters may stand anywhere in a name */
    err = dl_store_run(reader->store,
                       "SELECT key, substance, n FROM name INDEXED BY name_key"
                       " WHERE instr(key, ?1) > 0",
                       DL_SQL(DL_SQL_TEXT(search.key)), on_key, &search);
    if (err == DL_OK) {
        err = search_identifiers(reader, moment, text, &search);
    }
out:
    dl_buf_fini(&key);
    return err;
}

struct hit_writer {
    const struct dl_hit *hit;
    enum dl_lang lang;
    bool json;
    struct dl_buf *out;
};

static void put_member(struct dl_buf *out, const char *key, struct dl_view text)
{
    dl_buf_put_str(out, key);
    if (text.n == 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_json_put_string(out, text);
    }
}

static void put_line(const struct hit_writer *w, const struct dl_row *row)
{
    bool zh = w->lang == DL_LANG_ZH && dl_row_text(row, 3).n > 0;
    struct dl_view shown = dl_row_text(row, zh ? 3 : 2);
    struct dl_view matched = dl_row_text(row, 4);
    dl_text_show(w->out, shown, true);
    if (matched.n > 0 && !dl_view_equal(matched, shown)) {
        dl_buf_put_str(w->out, " · ");
        dl_text_show(w->out, matched, true);
    }
    if (dl_row_text(row, 5).n > 0) {
        dl_buf_put_str(w->out, "  CAS ");
        dl_buf_put_view(w->out, dl_row_text(row, 5));
    }
    dl_buf_put_str(w->out, "  ");
    dl_text_show(w->out, dl_row_text(row, 0), true);
}

static enum dl_err on_hit(void *context, const struct dl_row *row)
{
    struct hit_writer *w = context;
    static const char *const ranks[] = {"whole", "beginning", "within"};
    if (!w->json) {
        put_line(w, row);
        return dl_buf_err(w->out);
    }
    put_member(w->out, "{\"id\":", dl_row_text(row, 0));
    put_member(w->out, ",\"kind\":", dl_row_text(row, 1));
    put_member(w->out, ",\"name\":", dl_row_text(row, 2));
    put_member(w->out, ",\"name_zh\":", dl_row_text(row, 3));
    put_member(w->out, ",\"matched\":", dl_row_text(row, 4));
    put_member(w->out, ",\"cas\":", dl_row_text(row, 5));
    put_member(w->out,
               ",\"inchikey\":", dl_row_int(row, 6) ? dl_row_text(row, 0) : dl_view_of(NULL, 0));
    put_member(w->out, ",\"rank\":", dl_view_str(ranks[w->hit->rank]));
    dl_buf_u8(w->out, '}');
    return dl_buf_err(w->out);
}

static enum dl_err put_hit(struct dl_reader *reader, struct hit_writer *w)
{
    return dl_store_run(reader->store,
                        "SELECT s.key, s.kind, s.name, s.name_zh,"
                        " (SELECT name FROM name WHERE substance = s.id AND n = ?2),"
                        " (SELECT min(value) FROM identifier WHERE substance = s.id AND"
                        "  kind = 'cas' AND role = 'own' AND recorded_until IS NULL),"
                        " s.structured FROM substance s WHERE s.id = ?1",
                        DL_SQL(DL_SQL_INT(w->hit->substance), DL_SQL_INT(w->hit->n)), on_hit, w);
}

enum dl_err dl_hit_json(struct dl_reader *reader, const struct dl_hit *hit, struct dl_buf *out)
{
    struct hit_writer w = {.hit = hit, .json = true, .out = out};
    return put_hit(reader, &w);
}

enum dl_err dl_hit_text(struct dl_reader *reader, const struct dl_hit *hit, enum dl_lang lang,
                        struct dl_buf *out)
{
    struct hit_writer w = {.hit = hit, .lang = lang, .out = out};
    return put_hit(reader, &w);
}
