#include "registry/nearest.h"
#include "base/text.h"

#include <string.h>

enum { LETTERS_MAX = 64, NEIGHBOURS = 6, EDITS_MAX = 3, PROBE_MAX = 256 };

struct letters {
    int32_t c[LETTERS_MAX];
    int n;
};

static void read_letters(struct dl_view text, struct letters *out)
{
    out->n = 0;
    for (size_t i = 0, n = 0; i < text.n && out->n < LETTERS_MAX; i += n) {
        out->c[out->n++] = dl_text_decode(dl_view_of(text.p + i, text.n - i), &n);
    }
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment, row by row; a row whose least value is beyond max ends it. */
static int distance(const struct letters *a, const struct letters *b, int max)
{
    int rows[3][LETTERS_MAX + 1];
    int gap = a->n > b->n ? a->n - b->n : b->n - a->n;
    if (gap > max) {
        return max + 1;
    }
    for (int k = 0; k <= b->n; k++) {
        rows[0][k] = k;
    }
    for (int i = 1; i <= a->n; i++) {
        const int *above = rows[(i - 1) % 3];
        const int *above2 = rows[(i + 1) % 3];
        int *row = rows[i % 3];
        int best = row[0] = i;
        for (int k = 1; k <= b->n; k++) {
            bool same = a->c[i - 1] == b->c[k - 1];
            int value = least(least(above[k] + 1, row[k - 1] + 1), above[k - 1] + !same);
            if (i > 1 && k > 1 && a->c[i - 1] == b->c[k - 2] && a->c[i - 2] == b->c[k - 1]) {
                value = least(value, above2[k - 2] + 1);
            }
            row[k] = value;
            best = least(best, value);
        }
        if (best > max) {
            return max + 1;
        }
    }
    return least(rows[a->n % 3][b->n], max + 1);
}

int dl_nearest_distance(struct dl_view a, struct dl_view b, int max)
{
    struct letters first;
    struct letters second;
    read_letters(a, &first);
    read_letters(b, &second);
    return distance(&first, &second, max);
}

struct found {
    int64_t substance;
    int64_t n;
    int edits;
};

struct search {
    struct letters key;
    int max; /* edits that still count as near */
    struct found found[DL_NEAREST_MAX];
    size_t n_found;
};

/* Sorted insertion; a substance stands once, with its nearest name. */
static void keep(struct search *search, struct found found)
{
    size_t at = 0;
    while (at < search->n_found && search->found[at].edits <= found.edits) {
        struct found *known = &search->found[at];
        if (known->substance == found.substance) {
            bool earlier = known->edits == found.edits && found.n < known->n;
            known->n = earlier ? found.n : known->n; /* of equals the name that is shown first */
            return;
        }
        at++;
    }
    size_t end = at;
    while (end < search->n_found && search->found[end].substance != found.substance) {
        end++;
    }
    if (end == search->n_found && end < DL_NEAREST_MAX) {
        search->n_found++;
    } else if (end == DL_NEAREST_MAX) {
        end--;
    }
    if (at >= DL_NEAREST_MAX) {
        return;
    }
    memmove(&search->found[at + 1], &search->found[at], (end - at) * sizeof search->found[0]);
    search->found[at] = found;
}

static enum dl_err on_key(void *context, const struct dl_row *row)
{
    struct search *search = context;
    struct letters name;
    read_letters(dl_row_text(row, 0), &name);
    int edits = distance(&search->key, &name, search->max);
    if (edits <= search->max) {
        keep(search, (struct found){dl_row_int(row, 1), dl_row_int(row, 2), edits});
    }
    return DL_OK;
}

static enum dl_err probe(struct dl_reader *reader, struct dl_view key, struct search *search)
{
    DL_TRY(dl_store_run(reader->store,
                        "SELECT key, substance, n FROM name WHERE key >= ?1 ORDER BY key LIMIT ?2",
                        DL_SQL(DL_SQL_TEXT(key), DL_SQL_INT(NEIGHBOURS)), on_key, search));
    return dl_store_run(
        reader->store,
        "SELECT key, substance, n FROM name WHERE key < ?1 ORDER BY key DESC LIMIT ?2",
        DL_SQL(DL_SQL_TEXT(key), DL_SQL_INT(NEIGHBOURS)), on_key, search);
}

/* Beginnings that are heard alike. */
static const struct {
    const char *from;
    const char *to;
} BEGINNINGS[] = {{"ph", "f"},     {"f", "ph"},     {"c", "k"},      {"k", "c"},
                  {"s", "z"},      {"z", "s"},      {"e", "o"},      {"o", "e"},
                  {"ae", "e"},     {"y", "i"},      {"eth", "et"},   {"et", "eth"},
                  {"meth", "met"}, {"met", "meth"}, {"amph", "amf"}, {"amf", "amph"}};

static enum dl_err probe_beginnings(struct dl_reader *reader, struct dl_view key,
                                    struct search *search)
{
    char text[PROBE_MAX];
    if (key.n < 4 || key.n + 2 > sizeof text || key.p[0] >= 0x80) {
        return DL_OK;
    }
    DL_TRY(probe(reader, dl_view_of(key.p + 1, key.n - 1), search));
    memcpy(text, key.p, key.n);
    text[0] = (char)key.p[1];
    text[1] = (char)key.p[0];
    DL_TRY(probe(reader, dl_view_of(text, key.n), search));
    for (size_t i = 0; i < sizeof BEGINNINGS / sizeof BEGINNINGS[0]; i++) {
        size_t from = strlen(BEGINNINGS[i].from);
        size_t to = strlen(BEGINNINGS[i].to);
        if (memcmp(key.p, BEGINNINGS[i].from, from) == 0) {
            memcpy(text, BEGINNINGS[i].to, to);
            memcpy(text + to, key.p + from, key.n - from);
            DL_TRY(probe(reader, dl_view_of(text, key.n - from + to), search));
        }
    }
    return DL_OK;
}

static enum dl_err on_name(void *context, const struct dl_row *row)
{
    struct dl_lookup *out = context;
    dl_buf_put_view(&out->nearest, dl_row_text(row, 0));
    dl_buf_u8(&out->nearest, 0);
    out->n_nearest++;
    return dl_buf_err(&out->nearest);
}

enum dl_err dl_nearest_find(struct dl_reader *reader, const struct dl_moment *moment,
                            struct dl_view key, bool thorough, struct dl_lookup *out)
{
    struct search search = {.n_found = 0};
    read_letters(key, &search.key);
    search.max = search.key.n <= 4 ? 1 : search.key.n <= 8 ? 2 : EDITS_MAX;
    if (search.key.n < 2 || key.n > PROBE_MAX) {
        return DL_OK;
    }
    DL_TRY(probe(reader, key, &search));
    DL_TRY(probe_beginnings(reader, key, &search));
    if (thorough) {
        DL_TRY(dl_store_run(reader->store,
                            "SELECT key, substance, n FROM name ORDER BY key LIMIT ?1",
                            DL_SQL(DL_SQL_INT(DL_NEAREST_SCAN_MAX)), on_key, &search));
    }
    for (size_t i = 0; i < search.n_found; i++) {
        DL_TRY(dl_store_run(reader->store,
                            "SELECT name FROM name WHERE substance = ?1 AND n = ?2 AND"
                            " recorded_from <= ?3 AND"
                            " (recorded_until IS NULL OR ?3 < recorded_until)",
                            DL_SQL(DL_SQL_INT(search.found[i].substance),
                                   DL_SQL_INT(search.found[i].n), DL_SQL_INT(moment->version)),
                            on_name, out));
    }
    return DL_OK;
}
