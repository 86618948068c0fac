#include "base/text.h"
#include "node/scenario_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_HINT "write 90s, 5m, 2h, 3d, 1w, 500ms or a sum such as 1h30m"

void dl__suggest(const char *said, const char *const *words, char out[DL_ERROR_HINT_MAX])
{
    const char *nearest = NULL;
    size_t best = 3;
    size_t n = 0;
    for (size_t i = 0; words[i] != NULL; i++) {
        size_t d = dl_text_distance(said, words[i]);
        if (d < best && d < strlen(said)) {
            best = d;
            nearest = words[i];
        }
    }
    if (nearest != NULL) {
        snprintf(out, DL_ERROR_HINT_MAX, "did you mean %s?", nearest);
        return;
    }
    out[0] = '\0';
    for (size_t i = 0; words[i] != NULL && n < DL_ERROR_HINT_MAX - 40; i++) {
        n += (size_t)snprintf(out + n, DL_ERROR_HINT_MAX - n, "%s%.40s", i == 0 ? "one of: " : ", ",
                              words[i]);
    }
}

const struct dl__word *dl__peek(const struct dl__statement *s)
{
    return s->next < s->n ? &s->words[s->next] : NULL;
}

bool dl__is(const struct dl__statement *s, const char *word)
{
    const struct dl__word *next = dl__peek(s);
    return next != NULL && next->kind == DL__WORD && strcmp(next->text, word) == 0;
}

bool dl__accept(struct dl__statement *s, const char *word)
{
    if (!dl__is(s, word)) {
        return false;
    }
    s->next++;
    return true;
}

bool dl__take_one(struct dl__reader *r, struct dl__statement *s, const char *const *words,
                  size_t *out)
{
    char hint[DL_ERROR_HINT_MAX];
    const struct dl__word *word = dl__peek(s);
    struct dl_spot spot = dl__spot(s);
    for (size_t i = 0; word != NULL && words[i] != NULL; i++) {
        if (dl__accept(s, words[i])) {
            *out = i;
            return true;
        }
    }
    dl__suggest(word == NULL ? "" : word->text, words, hint);
    dl__problem(r->problems, &spot, hint,
                word == NULL ? "a word is missing here" : "\"%.60s\" has no meaning here",
                word == NULL ? "" : word->text);
    return false;
}

bool dl__expect_word(struct dl__reader *r, struct dl__statement *s, const char *word)
{
    const char *words[] = {word, NULL};
    size_t i = 0;
    return dl__take_one(r, s, words, &i);
}

const struct dl__word *dl__take(struct dl__reader *r, struct dl__statement *s, const char *what)
{
    const struct dl__word *word = dl__peek(s);
    struct dl_spot spot = dl__spot(s);
    if (word == NULL) {
        dl__problem(r->problems, &spot, NULL, "%s is missing here", what);
        return NULL;
    }
    s->next++;
    return word;
}

bool dl__take_end(struct dl__reader *r, struct dl__statement *s)
{
    const struct dl__word *word = dl__peek(s);
    struct dl_spot spot = dl__spot(s);
    if (word != NULL) {
        dl__problem(r->problems, &spot, NULL, "\"%.60s\" is too much here", word->text);
    }
    return word == NULL;
}

bool dl__length_parse(const char *text, uint64_t *out)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1},          {"s", 1000},        {"m", 60000},       {"min", 60000},
                 {"h", 3600000}, {"d", 86400000ULL}, {"w", 604800000ULL}};
    uint64_t sum = 0;
    if (*text == '\0') {
        return false;
    }
    while (*text != '\0') {
        char *end = NULL;
        unsigned long long n = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
        size_t letters = end == NULL ? 0 : strspn(end, "abcdefghijklmnopqrstuvwxyz");
        bool found = false;
        for (size_t i = 0; i < sizeof units / sizeof units[0] && !found; i++) {
            if (strlen(units[i].unit) == letters && letters > 0 && n < 1000000000 &&
                strncmp(units[i].unit, end, letters) == 0) {
                sum += n * units[i].ms;
                found = true;
            }
        }
        if (!found || sum > 100ULL * 366 * 86400000) {
            return false;
        }
        text = end + letters;
    }
    *out = sum;
    return true;
}

bool dl__take_length(struct dl__reader *r, struct dl__statement *s, uint64_t *out)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *word = dl__take(r, s, "a length of time");
    if (word != NULL && !dl__length_parse(word->text, out)) {
        dl__problem(r->problems, &spot, LENGTH_HINT, "\"%.60s\" is no length of time", word->text);
        return false;
    }
    return word != NULL;
}

bool dl__take_offset(struct dl__reader *r, struct dl__statement *s, uint64_t *out)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *word = dl__take(r, s, "a time such as +05m");
    if (word != NULL && strcmp(word->text, "end") == 0) {
        *out = r->scenario->length_ms;
        return true;
    }
    if (word != NULL && (word->text[0] != '+' || !dl__length_parse(word->text + 1, out))) {
        dl__problem(r->problems, &spot, "write +05m, +2h30m, +3d (counted from the start) or end",
                    "\"%.60s\" is no time of the exercise", word->text);
        return false;
    }
    return word != NULL;
}

bool dl__take_number(struct dl__reader *r, struct dl__statement *s, unsigned max, unsigned *out)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *word = dl__take(r, s, "a number");
    char *end = NULL;
    unsigned long n = word == NULL ? 0 : strtoul(word->text, &end, 10);
    if (word != NULL && (end == word->text || *end != '\0' || word->text[0] == '-' || n > max)) {
        dl__problem(r->problems, &spot, NULL, "\"%.60s\" is no number from 0 to %u", word->text,
                    max);
        return false;
    }
    *out = (unsigned)n;
    return word != NULL;
}

bool dl__take_agency(struct dl__reader *r, struct dl__statement *s, int *out)
{
    const char *words[DL_SCENARIO_AGENCIES + 1] = {NULL};
    size_t i = 0;
    for (size_t k = 0; k < r->scenario->n_agencies; k++) {
        words[k] = r->scenario->agencies[k].id;
    }
    if (!dl__take_one(r, s, words, &i)) {
        return false;
    }
    *out = (int)i;
    return true;
}

bool dl__take_title(struct dl__reader *r, struct dl__statement *s, struct dl_title *out)
{
    const struct dl__word *en = dl__take(r, s, "a title in quotation marks");
    if (en == NULL) {
        return false;
    }
    const struct dl__word *zh = dl__peek(s);
    bool two = zh != NULL && zh->kind == DL__STRING;
    free(out->en);
    free(out->zh);
    out->en = dl__dup(en->text);
    out->zh = dl__dup(two ? zh->text : en->text);
    s->next += two;
    return true;
}

static bool take_factor(struct dl__reader *r, struct dl__statement *s, double *out)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *word = dl__take(r, s, "a factor such as 2.0");
    char *end = NULL;
    double factor = word == NULL ? 0 : strtod(word->text, &end);
    if (word == NULL) {
        return false;
    }
    if (end == word->text || *end != '\0' || !(factor > 1 && factor <= 100)) {
        dl__problem(r->problems, &spot, "lognormal MEDIAN FACTOR: 68 of 100 lie within that factor",
                    "\"%.60s\" is no factor above 1, up to 100", word->text);
        return false;
    }
    *out = factor;
    return true;
}

bool dl__take_spread(struct dl__reader *r, struct dl__statement *s, struct dl_spread *out)
{
    static const char *const names[] = {"fixed", "uniform", "exponential", "lognormal", NULL};
    const struct dl__word *word = dl__peek(s);
    uint64_t a = 0;
    uint64_t b = 0;
    size_t kind = 0;
    bool plain = word != NULL && word->text[0] >= '0' && word->text[0] <= '9';
    if (!plain && !dl__take_one(r, s, names, &kind)) {
        return false;
    }
    if (!dl__take_length(r, s, &a)) {
        return false;
    }
    *out = (struct dl_spread){.kind = (enum dl_spread_kind)kind, .a = (double)a};
    if (kind == DL_SPREAD_LOGNORMAL) {
        return take_factor(r, s, &out->b);
    }
    struct dl_spot spot = dl__spot(s);
    if (kind == DL_SPREAD_UNIFORM && !dl__take_length(r, s, &b)) {
        return false;
    }
    if (kind == DL_SPREAD_UNIFORM && b < a) {
        dl__problem(r->problems, &spot, "uniform LEAST GREATEST",
                    "the greatest is below the least");
        return false;
    }
    out->b = (double)b;
    return true;
}

uint64_t dl_spread_draw(const struct dl_spread *spread, double u, double v)
{
    double value = spread->a;
    switch (spread->kind) {
    case DL_SPREAD_FIXED:
        break;
    case DL_SPREAD_UNIFORM:
        value = spread->a + (spread->b - spread->a) * u;
        break;
    case DL_SPREAD_EXPONENTIAL:
        value = -spread->a * log(u);
        break;
    case DL_SPREAD_LOGNORMAL: /* Box and Muller make a normal number of two uniform ones */
        value = spread->a * exp(log(spread->b) * sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
        break;
    }
    return value < 0 ? 0 : value > 1e13 ? (uint64_t)1e13 : (uint64_t)(value + 0.5);
}

const char *dl_fact_name(enum dl_fact fact)
{
    static const char *const names[] = {"receipted", "received", "seen", "accepted", "acted"};
    DL_ASSERT(fact < DL_FACT_COUNT, "a fact has a name");
    return names[fact];
}

char *dl__statement_text(const struct dl__statement *s)
{
    struct dl_buf text;
    dl_buf_init(&text, 8192);
    for (size_t i = s->next; i < s->n && text.n < 400; i++) {
        bool quoted = s->words[i].kind == DL__STRING;
        dl_buf_printf(&text, quoted ? "%s\"%.300s\"" : "%s%.300s", i == s->next ? "" : " ",
                      s->words[i].kind == DL__JSON ? "{...}" : s->words[i].text);
    }
    dl_buf_u8(&text, 0);
    char *copy = dl__dup((const char *)text.p);
    dl_buf_fini(&text);
    return copy;
}
