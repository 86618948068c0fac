#include "base/text.h"
#include "base/limits.h"

#include <string.h>

int32_t dl_text_decode(struct dl_view text, size_t *n)
{
    *n = 1;
    if (text.n == 0) {
        return -1;
    }
    uint8_t lead = text.p[0];
    if (lead < 0x80) {
        return lead;
    }
    size_t want = lead >= 0xF0 ? 4U : lead >= 0xE0 ? 3U : 2U;
    if (lead < 0xC2 || lead > 0xF4 || text.n < want) {
        return -1;
    }
    static const uint8_t lead_mask[] = {0, 0, 0x1F, 0x0F, 0x07};
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int32_t c = lead & lead_mask[want];
    for (size_t i = 1; i < want; i++) {
        if ((text.p[i] & 0xC0) != 0x80) {
            return -1;
        }
        c = c << 6 | (text.p[i] & 0x3F);
    }
    if (c < least[want] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        return -1;
    }
    *n = want;
    return c;
}

bool dl_text_is_bidi_control(int32_t c)
{
    return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

static bool is_control(int32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F);
}

static bool is_nonchar(int32_t c)
{
    return (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

static bool allowed(int32_t c, enum dl_text_kind kind)
{
    if (c == '\n' || c == '\t') {
        return kind == DL_TEXT_LONG;
    }
    if (c < 0 || is_control(c) || is_nonchar(c) || c == 0xFEFF) {
        return false;
    }
    return kind != DL_TEXT_NAME || !dl_text_is_bidi_control(c);
}

enum dl_err dl_text_check(struct dl_view text, enum dl_text_kind kind, size_t *at)
{
    size_t i = 0;
    while (i < text.n) {
        uint8_t octet = text.p[i];
        if (octet >= 0x20 && octet < 0x7F) {
            i++;
            continue;
        }
        size_t n = 0;
        int32_t c = dl_text_decode(dl_view_of(text.p + i, text.n - i), &n);
        if (!allowed(c, kind)) {
            if (at != NULL) {
                *at = i;
            }
            return DL_E_TEXT;
        }
        i += n;
    }
    return DL_OK;
}

size_t dl_text_length(struct dl_view text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        n += (text.p[i] & 0xC0) != 0x80;
    }
    return n;
}

void dl_text_show(struct dl_buf *out, struct dl_view text, bool one_line)
{
    size_t i = 0;
    while (i < text.n) {
        size_t n = 0;
        int32_t c = dl_text_decode(dl_view_of(text.p + i, text.n - i), &n);
        bool plain_break = !one_line && (c == '\n' || c == '\t');
        if (c < 0) {
            dl_buf_printf(out, "<0x%02X>", text.p[i]);
        } else if (!plain_break &&
                   (is_control(c) || is_nonchar(c) || c == 0xFEFF || dl_text_is_bidi_control(c))) {
            dl_buf_printf(out, "<U+%04X>", (unsigned)c);
        } else {
            dl_buf_put(out, text.p + i, n);
        }
        i += n;
    }
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

void dl_text_put_markup(struct dl_buf *out, struct dl_view text)
{
    for (size_t i = 0; i < text.n; i++) {
        switch (text.p[i]) {
        case '&':
            dl_buf_put_str(out, "&amp;");
            break;
        case '<':
            dl_buf_put_str(out, "&lt;");
            break;
        case '>':
            dl_buf_put_str(out, "&gt;");
            break;
        case '"':
            dl_buf_put_str(out, "&quot;");
            break;
        default:
            dl_buf_u8(out, text.p[i]);
        }
    }
}

bool dl_text_is_agency(struct dl_view text)
{
    if (text.n < 2 || text.n > DL_LIMIT_AGENCY_ID || !is_lower(text.p[0])) {
        return false;
    }
    for (size_t i = 1; i < text.n; i++) {
        if (!is_lower(text.p[i]) && !is_digit(text.p[i]) && text.p[i] != '-') {
            return false;
        }
    }
    return true;
}

bool dl_text_is_entry_id(struct dl_view text)
{
    if (text.n < 1 || text.n > DL_LIMIT_ENTRY_ID) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (!is_lower((uint8_t)(c | 0x20)) && !is_digit(c) && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

/* ---- the word that was meant ---- */

static uint8_t plain_letter(char c)
{
    uint8_t octet = (uint8_t)c;
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet | 0x20) : octet == '-' ? '_' : octet;
}

size_t dl_text_distance(const char *a, const char *b)
{
    enum { WORD = 48 };
    size_t row[WORD];
    size_t n = strlen(b);
    if (n >= WORD || strlen(a) >= WORD) {
        return SIZE_MAX;
    }
    for (size_t k = 0; k <= n; k++) {
        row[k] = k;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < n; k++) {
            size_t change = corner + (plain_letter(a[i]) != plain_letter(b[k]));
            size_t step = (row[k] < row[k + 1] ? row[k] : row[k + 1]) + 1;
            corner = row[k + 1];
            row[k + 1] = change < step ? change : step;
        }
    }
    return row[n];
}
