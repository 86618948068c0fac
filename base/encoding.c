#include "base/encoding.h"

#include <stdio.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void dl_hex_encode(struct dl_view data, char *out)
{
    for (size_t i = 0; i < data.n; i++) {
        out[2 * i] = digits[data.p[i] >> 4];
        out[2 * i + 1] = digits[data.p[i] & 15];
    }
    out[2 * data.n] = '\0';
}

/* One more than the value of each digit; 0 for what is none. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};

enum dl_err dl_hex_decode(struct dl_view text, uint8_t *out, size_t n)
{
    if (text.n != 2 * n) {
        return DL_E_INPUT;
    }
    bool bad = false;
    for (size_t i = 0; i < text.n; i++) {
        bad |= hex_values[text.p[i]] == 0;
    }
    if (bad) {
        return DL_E_INPUT;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned high = hex_values[text.p[2 * i]] - 1U;
        unsigned low = hex_values[text.p[2 * i + 1]] - 1U;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return DL_OK;
}

void dl_base64_encode(struct dl_buf *out, struct dl_view data)
{
    size_t i = 0;
    for (; i + 3 <= data.n; i += 3) {
        uint32_t v = (uint32_t)data.p[i] << 16 | (uint32_t)data.p[i + 1] << 8 | data.p[i + 2];
        char quad[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63], alphabet[v >> 6 & 63],
                        alphabet[v & 63]};
        dl_buf_put(out, quad, 4);
    }
    if (data.n - i == 1) {
        uint32_t v = (uint32_t)data.p[i] << 16;
        char quad[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63], '=', '='};
        dl_buf_put(out, quad, 4);
    } else if (data.n - i == 2) {
        uint32_t v = (uint32_t)data.p[i] << 16 | (uint32_t)data.p[i + 1] << 8;
        char quad[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63], alphabet[v >> 6 & 63], '='};
        dl_buf_put(out, quad, 4);
    }
}

/* As hex_values. */
static const uint8_t base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64};

/* One group of four into three octets, less the padding; gives their number, 0 when it is not
 * canonical. */
static size_t decode_quad(const uint8_t *in, size_t pad, uint8_t *out)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned d = i >= 4 - pad ? 1 : base64_values[in[i]];
        if (d == 0) {
            return 0;
        }
        v = v << 6 | (d - 1);
    }
    if ((pad == 1 && (v & 0xFF) != 0) || (pad == 2 && (v & 0xFFFF) != 0)) {
        return 0;
    }
    for (size_t i = 0; i < 3 - pad; i++) {
        out[i] = (uint8_t)(v >> (16 - 8 * i));
    }
    return 3 - pad;
}

enum dl_err dl_base64_decode(struct dl_buf *out, struct dl_view text)
{
    size_t start = out->n;
    if (text.n % 4 != 0) {
        return DL_E_INPUT;
    }
    bool padded = text.n > 0 && text.p[text.n - 1] == '=';
    size_t pad = !padded ? 0U : text.p[text.n - 2] == '=' ? 2U : 1U;
    uint8_t *octets = dl_buf_room(out, text.n / 4 * 3 - pad);
    size_t n = 0;
    for (size_t i = 0; octets != NULL && i < text.n; i += 4) {
        size_t decoded = decode_quad(text.p + i, i + 4 == text.n ? pad : 0, octets + n);
        if (decoded == 0) {
            out->n = start;
            return DL_E_INPUT;
        }
        n += decoded;
    }
    out->n = start + n;
    return dl_buf_err(out);
}

enum dl_err dl_decimal_decode(struct dl_view text, uint64_t max, uint64_t *out)
{
    if (text.n == 0 || text.n > 20 || (text.n > 1 && text.p[0] == '0')) {
        return DL_E_INPUT;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return DL_E_INPUT;
        }
        uint64_t digit = (uint64_t)(text.p[i] - '0');
        if (value > (max - digit) / 10 || digit > max) {
            return DL_E_INPUT;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return DL_OK;
}

/* Days from 1970-01-01 of a proleptic Gregorian date: the count of days in 400-year eras that begin
 * on 1 March, so that the leap day is the last of its year. */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned of_era = (unsigned)(year - era * 400);
    unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + (int64_t)(of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    unsigned mp = (5 * of_year + 2) / 153;
    *day = of_year - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = (int64_t)of_era + era * 400 + (*month <= 2);
}

enum { DAY_MS = 86400000 };
static const int64_t time_min = -62135596800000; /* 0001-01-01 */
static const int64_t time_max = 253402300799999; /* 9999-12-31T23:59:59.999 */

void dl_time_encode(int64_t unix_ms, char out[DL_TIME_TEXT])
{
    int64_t t = unix_ms < time_min ? time_min : unix_ms > time_max ? time_max : unix_ms;
    int64_t days = t / DAY_MS - (t % DAY_MS < 0);
    unsigned ms = (unsigned)(t - days * DAY_MS);
    int64_t year = 0;
    unsigned month = 0;
    unsigned day = 0;
    civil_from_days(days, &year, &month, &day);
    char text[64];
    snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", (int)year, month, day,
             ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
    memcpy(out, text, DL_TIME_TEXT - 1);
    out[DL_TIME_TEXT - 1] = '\0';
}

void dl_date_encode(int64_t unix_ms, char out[DL_DATE_TEXT])
{
    char text[DL_TIME_TEXT];
    dl_time_encode(unix_ms, text);
    memcpy(out, text, DL_DATE_TEXT - 1);
    out[DL_DATE_TEXT - 1] = '\0';
}

static bool number(struct dl_view text, size_t at, size_t n, unsigned *out)
{
    unsigned value = 0;
    for (size_t i = at; i < at + n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(text.p[i] - '0');
    }
    *out = value;
    return true;
}

enum dl_err dl_date_decode(struct dl_view text, int64_t *unix_ms)
{
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-' || !number(text, 0, 4, &year) ||
        !number(text, 5, 2, &month) || !number(text, 8, 2, &day) || year < 1 || month < 1 ||
        month > 12 || day < 1) {
        return DL_E_FIELD_VALUE;
    }
    int64_t days = days_from_civil(year, month, day);
    int64_t y = 0;
    unsigned m = 0;
    unsigned d = 0;
    civil_from_days(days, &y, &m, &d);
    if (m != month || d != day) {
        return DL_E_FIELD_VALUE;
    }
    if (unix_ms != NULL) {
        *unix_ms = days * DAY_MS;
    }
    return DL_OK;
}

enum dl_err dl_time_decode(struct dl_view text, int64_t *unix_ms)
{
    int64_t day = 0;
    unsigned h = 0;
    unsigned m = 0;
    unsigned s = 0;
    unsigned ms = 0;
    if (text.n != 24 || text.p[10] != 'T' || text.p[13] != ':' || text.p[16] != ':' ||
        text.p[19] != '.' || text.p[23] != 'Z' || !number(text, 11, 2, &h) ||
        !number(text, 14, 2, &m) || !number(text, 17, 2, &s) || !number(text, 20, 3, &ms) ||
        h > 23 || m > 59 || s > 59 || dl_date_decode(dl_view_of(text.p, 10), &day) != DL_OK) {
        return DL_E_FIELD_VALUE;
    }
    *unix_ms = day + (int64_t)h * 3600000 + (int64_t)m * 60000 + (int64_t)s * 1000 + (int64_t)ms;
    return DL_OK;
}
