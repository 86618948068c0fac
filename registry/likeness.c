#include "registry/likeness.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = DL_PRINT_OCTETS / 8, KEY = 27 };

struct print {
    uint64_t word[WORDS];
    int bits;
};

struct known {
    char key[KEY];
    char *name;
    struct print print;
};

struct dl_likeness {
    struct known *known; /* ordered by key */
    size_t n, room;
};

static int count(uint64_t word)
{
    return __builtin_popcountll(word);
}

static struct print print_of(struct dl_view octets)
{
    struct print print = {.bits = 0};
    memcpy(print.word, octets.p, DL_PRINT_OCTETS);
    for (size_t i = 0; i < WORDS; i++) {
        print.bits += count(print.word[i]);
    }
    return print;
}

static enum dl_err take(void *context, const struct dl_row *row)
{
    struct dl_likeness *l = context;
    struct dl_view key = dl_row_text(row, 0);
    struct dl_view name = dl_row_text(row, 1);
    struct dl_view print = dl_row_blob(row, 2);
    if (key.n != KEY || print.n != DL_PRINT_OCTETS) {
        return DL_OK;
    }
    if (l->n == l->room) {
        l->room = l->room ? l->room * 2 : 1024;
        l->known = realloc(l->known, l->room * sizeof *l->known);
        DL_ASSERT(l->known, "memory for fingerprints");
    }
    struct known *known = &l->known[l->n++];
    memcpy(known->key, key.p, KEY);
    known->name = strndup((const char *)name.p, name.n);
    DL_ASSERT(known->name, "memory for a name");
    known->print = print_of(print);
    return DL_OK;
}

enum dl_err dl_likeness_new(struct dl_store *store, struct dl_likeness **out)
{
    struct dl_likeness *l = calloc(1, sizeof *l);
    DL_ASSERT(l, "memory for fingerprints");
    enum dl_err err = dl_store_run(
        store,
        "SELECT s.key, s.name, r.print FROM reading r JOIN substance s ON s.id = r.substance WHERE"
        " s.recorded_until IS NULL AND EXISTS (SELECT 1 FROM link k JOIN listing g ON g.id ="
        " k.listing WHERE k.substance = s.id AND k.relation = 'is' AND g.kind <> 'exclusion')"
        " ORDER BY s.key",
        NULL, 0, take, l);
    if (err != DL_OK) {
        dl_likeness_free(&l);
        return err;
    }
    *out = l;
    return DL_OK;
}

void dl_likeness_free(struct dl_likeness **likeness)
{
    struct dl_likeness *l = *likeness;
    for (size_t i = 0; l != NULL && i < l->n; i++) {
        free(l->known[i].name);
    }
    if (l != NULL) {
        free(l->known);
        free(l);
        *likeness = NULL;
    }
}

static int thousandths(const struct print *a, const struct print *b)
{
    int both = 0;
    for (size_t i = 0; i < WORDS; i++) {
        both += count(a->word[i] & b->word[i]);
    }
    int either = a->bits + b->bits - both;
    return either > 0 ? (1000 * both + either / 2) / either : 0;
}

size_t dl_likeness_nearest(const struct dl_likeness *l, struct dl_view octets,
                           struct dl_view except, struct dl_like out[DL_LIKE_MAX])
{
    size_t n = 0;
    if (octets.n != DL_PRINT_OCTETS) {
        return 0;
    }
    struct print print = print_of(octets);
    for (size_t i = 0; i < l->n; i++) {
        const struct known *known = &l->known[i];
        struct dl_like like = {dl_view_of(known->key, KEY), dl_view_str(known->name),
                               thousandths(&print, &known->print)};
        bool full = n == DL_LIKE_MAX;
        if (like.thousandths < DL_LIKE_LEAST || dl_view_equal(like.key, except) ||
            (full && out[n - 1].thousandths >= like.thousandths)) {
            continue;
        }
        size_t at = full ? n - 1 : n++;
        for (; at > 0 && out[at - 1].thousandths < like.thousandths; at--) {
            out[at] = out[at - 1];
        }
        out[at] = like;
    }
    return n;
}

static int compare(const void *key, const void *known)
{
    return memcmp(key, ((const struct known *)known)->key, KEY);
}

struct dl_view dl_likeness_print(const struct dl_likeness *l, struct dl_view key)
{
    const struct known *known =
        key.n == KEY && l->n > 0 ? bsearch(key.p, l->known, l->n, sizeof *l->known, compare) : NULL;
    return known == NULL ? dl_view_of(NULL, 0) : dl_view_of(known->print.word, DL_PRINT_OCTETS);
}

void dl_likeness_put_json(const struct dl_like *like, size_t n, struct dl_buf *out)
{
    dl_buf_u8(out, '[');
    for (size_t i = 0; i < n; i++) {
        dl_buf_put_str(out, i > 0 ? ",{\"id\":" : "{\"id\":");
        dl_json_put_string(out, like[i].key);
        dl_buf_put_str(out, ",\"name\":");
        dl_json_put_string(out, like[i].name);
        dl_buf_put_str(out, ",\"inchikey\":");
        dl_json_put_string(out, like[i].key);
        dl_buf_printf(out, ",\"similarity\":%d.%03d}", like[i].thousandths / 1000,
                      like[i].thousandths % 1000);
    }
    dl_buf_u8(out, ']');
}
