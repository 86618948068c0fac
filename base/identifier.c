#include "base/identifier.h"

#include <string.h>

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

enum dl_err dl_cas_check(struct dl_view text)
{
    if (text.n < 7 || text.n > 12 || text.p[text.n - 2] != '-' || text.p[text.n - 5] != '-') {
        return DL_E_FIELD_VALUE;
    }
    unsigned sum = 0;
    unsigned position = 0;
    for (size_t i = text.n - 1; i > 0; i--) {
        uint8_t c = text.p[i - 1];
        if (i - 1 == text.n - 2 || i - 1 == text.n - 5) {
            continue;
        }
        if (!is_digit(c)) {
            return DL_E_FIELD_VALUE;
        }
        sum += ++position * (unsigned)(c - '0');
    }
    uint8_t check = text.p[text.n - 1];
    if (!is_digit(check) || text.p[0] == '0') {
        return DL_E_FIELD_VALUE;
    }
    return (unsigned)(check - '0') == sum % 10 ? DL_OK : DL_E_CAS;
}

static bool all_upper(struct dl_view text, size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i++) {
        if (!is_upper(text.p[i])) {
            return false;
        }
    }
    return true;
}

bool dl_inchikey_is_block(struct dl_view text)
{
    return text.n == 14 && all_upper(text, 0, 14);
}

enum dl_err dl_inchikey_check(struct dl_view text)
{
    if (text.n != 27 || text.p[14] != '-' || text.p[25] != '-' || !all_upper(text, 0, 14) ||
        !all_upper(text, 15, 10) || !is_upper(text.p[26]) ||
        (text.p[23] != 'S' && text.p[23] != 'N') || text.p[24] != 'A') {
        return DL_E_INCHIKEY;
    }
    return DL_OK;
}

static bool is_layer(struct dl_view layer, bool formula)
{
    static const char marks[] = "()+,-.*;?/!";
    bool ok = layer.n > 0 && (formula ? is_upper(layer.p[0]) || is_digit(layer.p[0])
                                      : layer.p[0] >= 'a' && layer.p[0] <= 'z');
    for (size_t i = 0; i < layer.n && ok; i++) {
        uint8_t c = layer.p[i];
        bool lower = c >= 'a' && c <= 'z';
        ok = is_upper(c) || lower || is_digit(c) ||
             (formula ? c == '.' : c != 0 && strchr(marks, c) != NULL);
    }
    return ok;
}

enum dl_err dl_inchi_check(struct dl_view text)
{
    static const char *const heads[] = {"InChI=1S/", "InChI=1/"};
    bool formula = true;
    size_t at = 0;
    for (size_t i = 0; i < 2 && at == 0; i++) {
        size_t n = strlen(heads[i]);
        at = text.n > n && memcmp(text.p, heads[i], n) == 0 ? n : 0;
    }
    if (at == 0) {
        return DL_E_FIELD_VALUE;
    }
    while (at <= text.n) {
        const uint8_t *end = at < text.n ? memchr(text.p + at, '/', text.n - at) : NULL;
        size_t n = end ? (size_t)(end - text.p) - at : text.n - at;
        if (!is_layer(dl_view_of(text.p + at, n), formula)) {
            return DL_E_FIELD_VALUE;
        }
        at += n + 1;
        formula = false;
    }
    return DL_OK;
}

bool dl_unii_is_valid(struct dl_view text)
{
    if (text.n != 10) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (!is_upper(text.p[i]) && !is_digit(text.p[i])) {
            return false;
        }
    }
    return true;
}
