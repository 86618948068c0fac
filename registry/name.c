#include "registry/name.h"
#include "base/text.h"

#include <string.h>
#include <utf8proc.h>

/* Private code points that stand for what the rules have already decided. */
enum {
    PRIME = '\'',
    DOUBLE_PRIME = '"',
    PLUS_MINUS = 0xB1,
    SEPARATOR = ' ',
    DASH = '-',
    HAN_FIRST = 0x3400, /* what han.def has lies between these */
    HAN_LAST = 0x9FFF,
    MARKS_MAX = 32 /* code points that one character decomposes to: 18 in Unicode 15 */
};

/* A name decomposed and folded, before the rules that look at neighbours. Two octets of UTF-8 give
 * at most six code points (U+0390 and its like; the 18 of U+FDFA come from three). */
struct folded {
    int32_t c[DL_NAME_OCTETS_MAX * 2];
    size_t n;
};

static int32_t simple_form(int32_t c)
{
    switch (c) {
    case '`':
    case 0xB4:   /* acute accent standing alone */
    case 0x2B9:  /* modifier prime */
    case 0x2BC:  /* modifier apostrophe */
    case 0x2018: /* quotation marks, single */
    case 0x2019:
    case 0x201B:
    case 0x2032: /* prime */
    case 0xFF07:
        return PRIME;
    case 0xFF02:
    case 0x2033: /* double prime */
        return DOUBLE_PRIME;
    case 0xAE: /* (R), (TM), (SM): not letters of the name */
    case 0x2122:
    case 0x2120:
        return SEPARATOR;
    default:
        return c;
    }
}

static bool is_dash(int32_t c)
{
    return c == DASH || (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xFE63 || c == 0xFF0D;
}

static bool is_ascii_letter(int32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(int32_t c)
{
    return c >= '0' && c <= '9';
}

/* A character of Chinese script as mainland China writes it. */
static int32_t simplified(int32_t c)
{
    static const struct {
        uint16_t traditional, simplified;
    } han[] = {
#define DL_HAN(traditional, simplified) {traditional, simplified},
#include "registry/han.def"
#undef DL_HAN
    };
    size_t from = 0;
    size_t to = sizeof han / sizeof *han;
    if (c < HAN_FIRST || c > HAN_LAST) {
        return c;
    }
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (han[middle].traditional == c) {
            return han[middle].simplified;
        }
        if (han[middle].traditional < c) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return c;
}

static enum dl_err push(struct folded *out, int32_t c)
{
    if (out->n == sizeof out->c / sizeof out->c[0]) {
        return DL_E_TOO_LARGE;
    }
    out->c[out->n++] = c;
    return DL_OK;
}

static enum dl_err push_decomposed(struct folded *out, int32_t c)
{
    utf8proc_int32_t parts[MARKS_MAX];
    int boundary = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char(
        c, parts, MARKS_MAX,
        UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, &boundary);
    DL_ASSERT(n >= 0 && n <= MARKS_MAX, "a character's decomposition is short");
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        DL_TRY(push(out, is_dash(parts[i]) ? DASH : simplified(parts[i])));
    }
    return DL_OK;
}

/* ß between letters is ss; standing alone it is somebody's beta. */
static bool is_lone_sharp_s(struct dl_view rest, size_t n, int32_t before)
{
    if (is_ascii_letter(before)) {
        return false;
    }
    return n >= rest.n || !is_ascii_letter(rest.p[n]);
}

static enum dl_err fold(struct dl_view text, struct folded *out)
{
    int32_t before = 0;
    for (size_t i = 0, n = 0; i < text.n; i += n) {
        struct dl_view rest = dl_view_of(text.p + i, text.n - i);
        int32_t c = simple_form(dl_text_decode(rest, &n));
        DL_ASSERT(c >= 0, "the text was checked");
        if (c == 0xDF && is_lone_sharp_s(rest, n, before)) {
            c = 0x3B2;
        }
        before = c;
        if (c < 0x80) {
            DL_TRY(push(out, c >= 'A' && c <= 'Z' ? c + 32 : c));
        } else if (is_dash(c)) {
            DL_TRY(push(out, DASH));
        } else {
            DL_TRY(push_decomposed(out, c));
        }
    }
    return DL_OK;
}

static const char *greek_word(int32_t c)
{
    static const char *const words[] = {
        "alpha", "beta",   "gamma",   "delta", "epsilon", "zeta",    "eta",  "theta", "iota",
        "kappa", "lambda", "mu",      "nu",    "xi",      "omicron", "pi",   "rho",   "sigma",
        "sigma", "tau",    "upsilon", "phi",   "chi",     "psi",     "omega"};
    return c >= 0x3B1 && c <= 0x3C9 ? words[c - 0x3B1] : NULL;
}

/* The key so far, and what has been passed since its last character. */
struct key_state {
    struct dl_buf *key;
    size_t start;
    bool separated; /* a separator came since */
    bool digit;     /* the last character is a digit */
};

static void put_character(struct key_state *state, int32_t c)
{
    bool digit = is_digit(c);
    if (digit && state->digit && state->separated) {
        dl_buf_u8(state->key, ',');
    }
    const char *word = greek_word(c);
    if (word) {
        dl_buf_put_str(state->key, word);
    } else {
        utf8proc_uint8_t utf8[4];
        utf8proc_ssize_t n = utf8proc_encode_char(c, utf8);
        DL_ASSERT(n >= 1 && n <= 4, "a code point of valid text");
        dl_buf_put(state->key, utf8, (size_t)n);
    }
    state->digit = digit;
    state->separated = false;
}

static bool is_word_character(int32_t c)
{
    if (c < 0x80) {
        return is_ascii_letter(c) || is_digit(c);
    }
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

static int32_t at(const struct folded *name, size_t i)
{
    return i < name->n ? name->c[i] : 0;
}

/* A sign at i: its code point in *sign and how many characters it takes, 0 for none. */
static size_t sign_at(const struct folded *name, size_t i, int32_t *sign)
{
    int32_t c0 = at(name, i);
    int32_t c1 = at(name, i + 1);
    int32_t c2 = at(name, i + 2);
    *sign = PLUS_MINUS;
    if (c0 == '(' && c1 == DASH && c2 == ')') {
        *sign = DASH;
        return 3;
    }
    if (c0 == '(' && c1 == '+' && c2 == DASH && at(name, i + 3) == ')') {
        return 4;
    }
    if (c0 == '+' && c1 == '/' && c2 == DASH) {
        return 3;
    }
    if (c0 == '+' || c0 == PLUS_MINUS) {
        *sign = c0;
        return 1;
    }
    return 0;
}

/* A quotation mark: a prime where something is before it, nothing otherwise. */
static void put_prime(struct key_state *state, int32_t c)
{
    if (state->key->n == state->start || state->separated) {
        state->separated = true;
        return;
    }
    if (c == PRIME) {
        put_character(state, PRIME);
    } else if (state->digit) {
        put_character(state, PRIME);
        put_character(state, PRIME);
    } else {
        state->separated = true;
    }
}

static bool has_umlaut(int32_t c)
{
    return c == 'a' || c == 'o' || c == 'u';
}

static void put_folded(struct key_state *state, const struct folded *name)
{
    for (size_t i = 0, step = 1; i < name->n; i += step) {
        int32_t c = name->c[i];
        int32_t sign = 0;
        step = sign_at(name, i, &sign);
        if (step > 0) {
            put_character(state, sign);
            continue;
        }
        step = 1;
        if (c == PRIME || c == DOUBLE_PRIME) {
            put_prime(state, c);
        } else if (c == 0x308 && i > 0 && has_umlaut(name->c[i - 1])) {
            put_character(state, 'e');
        } else if (c >= 0x300 && c <= 0x36F) {
            continue;
        } else if (is_word_character(c)) {
            put_character(state, c);
        } else {
            state->separated = true;
        }
    }
}

enum dl_err dl_name_key(struct dl_view text, struct dl_buf *key)
{
    if (text.n > DL_NAME_OCTETS_MAX) {
        return DL_E_TOO_LARGE;
    }
    DL_TRY(dl_text_check(text, DL_TEXT_NAME, NULL));
    struct folded name;
    name.n = 0;
    DL_TRY(fold(text, &name));
    size_t start = key->n;
    struct key_state state = {.key = key, .start = start};
    put_folded(&state, &name);
    return dl_buf_err(key);
}

enum salt_side { BEFORE, AFTER };

struct salt_word {
    const char *word;
    size_t n;
    enum salt_side side;
    enum dl_salt_kind kind;
    const char *english;
};

static const struct salt_word SALT_WORDS[] = {
#define DL_SALT(word, side, kind, english) {word, sizeof(word) - 1, side, DL_SALT_##kind, english},
#include "registry/salt.def"
#undef DL_SALT
};

static bool fits(const struct salt_word *salt, struct dl_view key)
{
    if (salt->n >= key.n) {
        return false;
    }
    const uint8_t *at = salt->side == BEFORE ? key.p : key.p + key.n - salt->n;
    return memcmp(at, salt->word, salt->n) == 0;
}

bool dl_name_unsalt(struct dl_view key, struct dl_name_salt *out)
{
    const struct salt_word *best = NULL;
    for (size_t i = 0; i < sizeof SALT_WORDS / sizeof SALT_WORDS[0]; i++) {
        const struct salt_word *salt = &SALT_WORDS[i];
        if ((!best || salt->n > best->n) && fits(salt, key)) {
            best = salt;
        }
    }
    if (!best) {
        return false;
    }
    DL_ASSERT(best->n < key.n, "something remains");
    out->base = dl_view_of(best->side == BEFORE ? key.p + best->n : key.p, key.n - best->n);
    out->word = best->english;
    out->kind = best->kind;
    return true;
}

const char *dl_name_salt_zh(const char *word)
{
    const char *found = NULL;
    for (size_t i = 0; i < sizeof SALT_WORDS / sizeof SALT_WORDS[0]; i++) {
        const struct salt_word *salt = &SALT_WORDS[i];
        bool is_chinese = ((unsigned char)salt->word[0] & 0x80) != 0;
        if (is_chinese && salt->side == AFTER && found == NULL &&
            strcmp(salt->english, word) == 0) {
            found = salt->word;
        }
    }
    return found == NULL ? word : found;
}
