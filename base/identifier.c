#include "base/identifier.h"

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
