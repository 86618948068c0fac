#include "registry/query.h"
#include "base/identifier.h"
#include "base/text.h"
#include "registry/name.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_blank_at(struct dl_view text, size_t *n)
{
    int32_t c = dl_text_decode(text, n);
    return c == ' ' || c == '\t' || c == 0x3000 || c == 0xA0;
}

static struct dl_view trim(struct dl_view text)
{
    size_t n = 0;
    while (text.n > 0 && is_blank_at(text, &n)) {
        text = dl_view_of(text.p + n, text.n - n);
    }
    for (bool more = true; more && text.n > 0;) {
        more = false;
        for (size_t tail = 1; tail <= 3 && tail <= text.n && !more; tail++) {
            struct dl_view end = dl_view_of(text.p + text.n - tail, tail);
            if (is_blank_at(end, &n) && n == tail) {
                text.n -= tail;
                more = true;
            }
        }
    }
    return text;
}

static bool take_label(struct dl_view *text, const char *label)
{
    size_t n = strlen(label);
    if (text->n <= n || strncasecmp((const char *)text->p, label, n) != 0) {
        return false;
    }
    struct dl_view rest = dl_view_of(text->p + n, text->n - n);
    size_t step = 0;
    bool parted = false;
    while (rest.n > 0 && (strchr(":=.#", rest.p[0]) != NULL || is_blank_at(rest, &step)) &&
           rest.p[0] != 0) {
        step = strchr(":=.#", rest.p[0]) != NULL ? 1 : step;
        rest = dl_view_of(rest.p + step, rest.n - step);
        parted = true;
    }
    if (!parted || rest.n == 0) {
        return false;
    }
    *text = rest;
    return true;
}

/* ASCII for the digits, dashes and blanks between that people paste; 0 for anything else. */
static char plain_character(int32_t c)
{
    if (c >= '0' && c <= '9') {
        return (char)c;
    }
    if (c >= 0xFF10 && c <= 0xFF19) {
        return (char)('0' + (c - 0xFF10));
    }
    bool dash = c == '-' || c == ' ' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212 ||
                c == 0xFE63 || c == 0xFF0D;
    return dash ? '-' : 0;
}

/* Digits and dashes alone, copied as ASCII; the length, 0 when there is anything else. */
static size_t plain_number(struct dl_view text, char plain[DL_QUERY_PLAIN])
{
    size_t length = 0;
    for (size_t i = 0, n = 0; i < text.n; i += n) {
        char c = plain_character(dl_text_decode(dl_view_of(text.p + i, text.n - i), &n));
        if (c == 0 || length == DL_QUERY_PLAIN) {
            return 0;
        }
        plain[length++] = c;
    }
    return length;
}

static bool read_number(struct dl_query *out, char plain[DL_QUERY_PLAIN])
{
    size_t n = plain_number(out->text, plain);
    if (n == 0) {
        return false;
    }
    struct dl_view number = dl_view_of(plain, n);
    enum dl_err err = dl_cas_check(number);
    if (err == DL_OK || err == DL_E_CAS) {
        out->kind = err == DL_OK ? DL_QUERY_CAS : DL_QUERY_BAD_CAS;
        out->text = number;
        return true;
    }
    if (n == 4 && memchr(plain, '-', n) == NULL) {
        out->kind = DL_QUERY_CODE;
        out->text = number;
        return true;
    }
    return false;
}

static bool is_inchikey_shape(struct dl_view text)
{
    if (text.n != 27) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        bool dash = i == 14 || i == 25;
        if (dash ? text.p[i] != '-' : !isalpha(text.p[i])) {
            return false;
        }
    }
    return true;
}

/* Ten small letters are a name (UNIIs have digits), and c1ccccc1Cl is a structure. */
static bool has_digit(struct dl_view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] >= '0' && text.p[i] <= '9') {
            return true;
        }
    }
    return false;
}

/* ASCII letters as capitals; the text itself where it is longer than any number. */
static struct dl_view in_capitals(struct dl_view text, char plain[DL_QUERY_PLAIN])
{
    if (text.n > DL_QUERY_PLAIN) {
        return text;
    }
    for (size_t i = 0; i < text.n; i++) {
        bool small = text.p[i] >= 'a' && text.p[i] <= 'z';
        plain[i] = (char)(small ? text.p[i] - 32 : text.p[i]);
    }
    return dl_view_of(plain, text.n);
}

void dl_query_read(struct dl_view text, struct dl_query *out, char plain[DL_QUERY_PLAIN])
{
    *out = (struct dl_query){.kind = DL_QUERY_NAME, .text = trim(text)};
    if (out->text.n == 0) {
        out->kind = DL_QUERY_EMPTY;
        return;
    }
    if (out->text.n > DL_NAME_OCTETS_MAX) {
        out->kind = DL_QUERY_BAD;
        out->too_long = true;
        return;
    }
    if (dl_text_check(out->text, DL_TEXT_NAME, &out->bad_at) != DL_OK) {
        out->kind = DL_QUERY_BAD;
        return;
    }
    struct dl_view whole = out->text;
    bool number = take_label(&out->text, "CAS-Nr") || take_label(&out->text, "CAS-No") ||
                  take_label(&out->text, "CAS RN") || take_label(&out->text, "CAS号") ||
                  take_label(&out->text, "CAS");
    if (read_number(out, plain)) {
        return;
    }
    if (number) {
        out->text = whole;
    }
    if (take_label(&out->text, "DEA") && read_number(out, plain)) {
        return;
    }
    bool labelled = take_label(&out->text, "UNII");
    bool may_be_small = has_digit(out->text) && !dl_query_may_be_smiles(out->text);
    if (dl_unii_is_valid(out->text) ||
        (may_be_small && dl_unii_is_valid(in_capitals(out->text, plain)))) {
        out->kind = DL_QUERY_UNII;
        out->text = in_capitals(out->text, plain);
        return;
    }
    labelled = take_label(&out->text, "InChIKey") || labelled;
    if (is_inchikey_shape(out->text)) {
        out->text = in_capitals(out->text, plain);
        out->kind =
            dl_inchikey_check(out->text) == DL_OK ? DL_QUERY_INCHIKEY : DL_QUERY_BAD_INCHIKEY;
    } else if (dl_inchikey_is_block(out->text)) {
        out->kind = DL_QUERY_BLOCK;
    } else if (out->text.n > 6 && strncmp((const char *)out->text.p, "InChI=", 6) == 0) {
        out->kind = DL_QUERY_INCHI;
    } else if (labelled) {
        out->text = whole;
    }
}

/* Atoms that SMILES writes without brackets, and its other characters. */
static bool is_smiles_letter(struct dl_view text, size_t i)
{
    char c = (char)text.p[i];
    uint8_t before = i > 0 ? text.p[i - 1] : ' ';
    if (c == 'l') {
        return before == 'C';
    }
    if (c == 'r') {
        return before == 'B';
    }
    return strchr("BCNOPSFIbcnops", c) != NULL;
}

bool dl_query_is_letters(struct dl_view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!isalpha(text.p[i])) {
            return false;
        }
    }
    return true;
}

bool dl_query_is_drawn(struct dl_view text)
{
    bool marked = false;
    for (size_t i = 0; i < text.n; i++) {
        marked = marked || (text.p[i] != '\0' && strchr("=#@[(.", text.p[i]) != NULL);
    }
    return marked && dl_query_may_be_smiles(text);
}

bool dl_query_may_be_smiles(struct dl_view text)
{
    int round = 0;
    bool square = false;
    bool carbon = !dl_query_is_letters(text);
    for (size_t i = 0; i < text.n; i++) {
        char c = (char)text.p[i];
        if (c == '\0' || (uint8_t)c >= 0x80) {
            return false;
        }
        if (c == '[' || c == ']') {
            if (square == (c == '[')) {
                return false;
            }
            square = c == '[';
        } else if (!square) {
            round += (c == '(') - (c == ')');
            bool mark = strchr("()=#@/\\%.+-123456789", c) != NULL;
            if (round < 0 || (!mark && !is_smiles_letter(text, i))) {
                return false;
            }
            carbon = carbon || (c == 'C' && (i + 1 == text.n || text.p[i + 1] != 'l'));
        }
    }
    return round == 0 && !square && carbon && text.n > 1;
}
