#include "registry/scope.h"

#include <string.h>

struct scope_word {
    const char *word;
    unsigned flags;
};

/* Longer words stand before what they contain: a word that was read is not read again. */
static const struct scope_word SCOPE_WORDS[] = {
    {"stereochemical variants", DL_SCOPE_STEREOISOMERS},
    {"stereochemischen Varianten", DL_SCOPE_STEREOISOMERS},
    {"stereoisomer", DL_SCOPE_STEREOISOMERS},
    {"Stereoisomer", DL_SCOPE_STEREOISOMERS},
    {"optical, position and geometric isomers",
     DL_SCOPE_OPTICAL | DL_SCOPE_POSITIONAL | DL_SCOPE_GEOMETRIC},
    {"optical, positional, and geometric isomers",
     DL_SCOPE_OPTICAL | DL_SCOPE_POSITIONAL | DL_SCOPE_GEOMETRIC},
    {"optical, positional, or geometric",
     DL_SCOPE_OPTICAL | DL_SCOPE_POSITIONAL | DL_SCOPE_GEOMETRIC},
    {"optical and geometric isomers", DL_SCOPE_OPTICAL | DL_SCOPE_GEOMETRIC},
    {"optical isomer", DL_SCOPE_OPTICAL},
    {"isomer", DL_SCOPE_ISOMERS},
    {"Isomer", DL_SCOPE_ISOMERS},
    {"salts", DL_SCOPE_SALTS},
    {"any salt", DL_SCOPE_SALTS},
    {"Salze", DL_SCOPE_SALTS},
    {"esters", DL_SCOPE_ESTERS},
    {"ethers", DL_SCOPE_ETHERS},
    {"Any ester or ether", DL_SCOPE_ESTERS | DL_SCOPE_ETHERS},
    {"derivative", DL_SCOPE_DERIVATIVES},
    {"analogue", DL_SCOPE_ANALOGUES},
    {"preparation", DL_SCOPE_PREPARATIONS},
    {"isotopologue", DL_SCOPE_ISOTOPOLOGUES},
    {"isotopensubstituiert", DL_SCOPE_ISOTOPOLOGUES},
    {"立体异构体", DL_SCOPE_STEREOISOMERS},
    {"立体化学异构体", DL_SCOPE_STEREOISOMERS},
    {"立体化学变体", DL_SCOPE_STEREOISOMERS},
    {"旋光异构体", DL_SCOPE_OPTICAL},
    {"同分异构体", DL_SCOPE_ISOMERS},
    {"异构体", DL_SCOPE_ISOMERS},
    {"单方制剂", DL_SCOPE_PREPARATIONS},
    {"盐", DL_SCOPE_SALTS},
    {"酯", DL_SCOPE_ESTERS},
    {"醚", DL_SCOPE_ETHERS},
    {"衍生物", DL_SCOPE_DERIVATIVES},
};

enum { N_WORDS = sizeof SCOPE_WORDS / sizeof SCOPE_WORDS[0] };

static const struct scope_word *word_at(struct dl_view rest)
{
    for (size_t i = 0; i < N_WORDS; i++) {
        size_t n = strlen(SCOPE_WORDS[i].word);
        if (n <= rest.n && memcmp(rest.p, SCOPE_WORDS[i].word, n) == 0) {
            return &SCOPE_WORDS[i];
        }
    }
    return NULL;
}

unsigned dl_scope_flags(struct dl_view words)
{
    bool begins[256] = {false}; /* octets that some word begins with: most of a text has none */
    unsigned flags = 0;
    for (size_t i = 0; i < N_WORDS; i++) {
        begins[(uint8_t)SCOPE_WORDS[i].word[0]] = true;
    }
    for (size_t i = 0; i < words.n;) {
        const struct scope_word *word =
            begins[words.p[i]] ? word_at(dl_view_of(words.p + i, words.n - i)) : NULL;
        if (word) {
            flags |= word->flags;
            i += strlen(word->word);
        } else {
            i++;
        }
    }
    return flags;
}

static bool starts_with(struct dl_view text, struct dl_view beginning)
{
    return beginning.n <= text.n && memcmp(text.p, beginning.p, beginning.n) == 0;
}

bool dl_scope_applies(struct dl_view applies_to, struct dl_view entry)
{
    static const char sub_items[] = " and its sub-items";
    static const char *const whole[] = {"whole annex", "paragraph "};
    if (applies_to.n == 0) {
        return true;
    }
    for (size_t i = 0; i < 2; i++) {
        if (starts_with(applies_to, dl_view_str(whole[i]))) {
            return true;
        }
    }
    struct dl_view item = applies_to;
    size_t n = sizeof sub_items - 1;
    if (item.n > n && memcmp(item.p + item.n - n, sub_items, n) == 0) {
        item.n -= n;
    }
    const uint8_t *bracket = memchr(item.p, '[', item.n);
    if (bracket) {
        item.n = (size_t)(bracket - item.p);
    }
    return starts_with(entry, item) && (entry.n == item.n || entry.p[item.n] == '(');
}

/* A layer of an InChI ("/t...") without its letter, empty when absent. The first of its letter: the
 * main layers come before the isotopic ones. */
static struct dl_view layer(struct dl_view inchi, char letter)
{
    for (size_t i = 0; i + 1 < inchi.n; i++) {
        if (inchi.p[i] == '/' && inchi.p[i + 1] == (uint8_t)letter) {
            const uint8_t *start = inchi.p + i + 2;
            size_t left = inchi.n - i - 2;
            const uint8_t *end = memchr(start, '/', left);
            return dl_view_of(start, end ? (size_t)(end - start) : left);
        }
    }
    return dl_view_of(NULL, 0);
}

static size_t count_open(struct dl_view centres)
{
    size_t n = 0;
    for (size_t i = 0; i < centres.n; i++) {
        n += centres.p[i] == '?';
    }
    return n;
}

static bool layer_equal(struct dl_view a, struct dl_view b, char letter)
{
    return dl_view_equal(layer(a, letter), layer(b, letter));
}

enum dl_stereo dl_stereo_compare(struct dl_view inchi, struct dl_view entry_inchi)
{
    if (inchi.n == 0 || entry_inchi.n == 0) {
        return DL_STEREO_OTHER;
    }
    bool query_open = layer(inchi, 't').n == 0 && layer(inchi, 'b').n == 0;
    bool entry_open = layer(entry_inchi, 't').n == 0 && layer(entry_inchi, 'b').n == 0;
    bool same_t = layer_equal(inchi, entry_inchi, 't');
    bool same_b = layer_equal(inchi, entry_inchi, 'b');
    if (same_t && same_b) {
        return layer_equal(inchi, entry_inchi, 'm') ? DL_STEREO_SAME : DL_STEREO_MIRROR;
    }
    if (entry_open) {
        return DL_STEREO_ENTRY_OPEN;
    }
    if (query_open) {
        return DL_STEREO_QUERY_OPEN;
    }
    size_t query_unknown = count_open(layer(inchi, 't'));
    size_t entry_unknown = count_open(layer(entry_inchi, 't'));
    if (query_unknown != entry_unknown) {
        return entry_unknown > query_unknown ? DL_STEREO_ENTRY_OPEN : DL_STEREO_QUERY_OPEN;
    }
    return DL_STEREO_OTHER;
}
