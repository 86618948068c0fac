#include "base/octets.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dl_view dl_view_of(const void *p, size_t n)
{
    return (struct dl_view){.p = p, .n = n};
}

struct dl_view dl_view_str(const char *text)
{
    return dl_view_of(text, strlen(text));
}

bool dl_view_equal(struct dl_view a, struct dl_view b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool dl_view_is(struct dl_view a, const char *text)
{
    return dl_view_equal(a, dl_view_str(text));
}

void dl_buf_init(struct dl_buf *buf, size_t max)
{
    *buf = (struct dl_buf){.max = max};
}

void dl_buf_fini(struct dl_buf *buf)
{
    if (buf->p != NULL) {
        explicit_bzero(buf->p, buf->n); /* only what was written can hold a secret */
        free(buf->p);
    }
    dl_buf_init(buf, buf->max);
}

void dl_buf_reset(struct dl_buf *buf)
{
    buf->n = 0;
    buf->err = DL_OK;
}

void dl_buf_consume(struct dl_buf *buf, size_t n)
{
    DL_ASSERT(n <= buf->n, "a consumer takes what is there");
    if (n < buf->n) {
        memmove(buf->p, buf->p + n, buf->n - n);
    }
    buf->n -= n;
}

enum dl_err dl_buf_err(const struct dl_buf *buf)
{
    return buf->err;
}

struct dl_view dl_buf_view(const struct dl_buf *buf)
{
    return dl_view_of(buf->p, buf->n);
}

static bool grow(struct dl_buf *buf, size_t n)
{
    if (buf->err != DL_OK) {
        return false;
    }
    if (buf->n > buf->max || n > buf->max - buf->n) {
        buf->err = DL_E_TOO_LARGE;
        return false;
    }
    if (n <= buf->cap - buf->n) {
        return true;
    }
    size_t cap = buf->cap < 64 ? 64 : buf->cap;
    while (cap < buf->n + n) {
        cap = cap > buf->max / 2 ? buf->max : cap * 2;
    }
    uint8_t *p = realloc(buf->p, cap);
    if (p == NULL) {
        buf->err = DL_E_NOMEM;
        return false;
    }
    buf->p = p;
    buf->cap = cap;
    return true;
}

uint8_t *dl_buf_room(struct dl_buf *buf, size_t n)
{
    static uint8_t none;
    if (!grow(buf, n)) {
        return NULL;
    }
    if (n == 0) {
        return &none; // a builder that holds nothing yet has no memory to point into
    }
    uint8_t *at = buf->p + buf->n;
    buf->n += n;
    return at;
}

void dl_buf_put(struct dl_buf *buf, const void *p, size_t n)
{
    if (n == 0) {
        return;
    }
    uint8_t *at = dl_buf_room(buf, n);
    if (at != NULL) {
        memcpy(at, p, n);
    }
}

void dl_buf_put_view(struct dl_buf *buf, struct dl_view view)
{
    dl_buf_put(buf, view.p, view.n);
}

void dl_buf_put_str(struct dl_buf *buf, const char *text)
{
    dl_buf_put(buf, text, strlen(text));
}

void dl_buf_printf(struct dl_buf *buf, const char *format, ...)
{
    char small[256]; // most are short: one pass, and no octet beyond the text is asked of the
                     // builder
    char *text = small;
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (n >= (int)sizeof small && (size_t)n <= buf->max) {
        n = vasprintf(&text, format, again);
    }
    va_end(again);
    if (n < 0) {
        buf->err = buf->err == DL_OK ? DL_E_NOMEM : buf->err;
        return;
    }
    if ((size_t)n > buf->max) {
        buf->err = buf->err == DL_OK ? DL_E_TOO_LARGE : buf->err;
        return;
    }
    dl_buf_put(buf, text, (size_t)n);
    if (text != small) {
        free(text);
    }
}

static void put_be(struct dl_buf *buf, uint64_t value, size_t n)
{
    uint8_t octets[8];
    for (size_t i = 0; i < n; i++) {
        octets[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
    }
    dl_buf_put(buf, octets, n);
}

void dl_buf_u8(struct dl_buf *buf, uint8_t value)
{
    put_be(buf, value, 1);
}

void dl_buf_u16(struct dl_buf *buf, uint16_t value)
{
    put_be(buf, value, 2);
}

void dl_buf_u32(struct dl_buf *buf, uint32_t value)
{
    put_be(buf, value, 4);
}

void dl_buf_u64(struct dl_buf *buf, uint64_t value)
{
    put_be(buf, value, 8);
}

size_t dl_buf_block_open(struct dl_buf *buf)
{
    size_t start = buf->n;
    dl_buf_u32(buf, 0);
    return start;
}

void dl_buf_block_close(struct dl_buf *buf, size_t start)
{
    if (buf->err != DL_OK) {
        return;
    }
    DL_ASSERT(buf->n >= start + 4, "a block is closed after it was opened");
    size_t n = buf->n - start - 4;
    DL_ASSERT(n <= UINT32_MAX, "a block's length fits");
    for (size_t i = 0; i < 4; i++) {
        buf->p[start + i] = (uint8_t)(n >> (8 * (3 - i)));
    }
}

void dl_cursor_init(struct dl_cursor *cursor, struct dl_view view)
{
    *cursor = (struct dl_cursor){.rest = view};
}

struct dl_view dl_cursor_take(struct dl_cursor *cursor, size_t n)
{
    if (cursor->err != DL_OK || n > cursor->rest.n) {
        cursor->err = DL_E_FRAME;
        return dl_view_of(NULL, 0);
    }
    struct dl_view taken = dl_view_of(cursor->rest.p, n);
    if (n > 0) {
        cursor->rest.p += n;
    }
    cursor->rest.n -= n;
    return taken;
}

static uint64_t take_be(struct dl_cursor *cursor, size_t n)
{
    struct dl_view taken = dl_cursor_take(cursor, n);
    uint64_t value = 0;
    for (size_t i = 0; i < taken.n; i++) {
        value = value << 8 | taken.p[i];
    }
    return value;
}

uint8_t dl_cursor_u8(struct dl_cursor *cursor)
{
    return (uint8_t)take_be(cursor, 1);
}

uint16_t dl_cursor_u16(struct dl_cursor *cursor)
{
    return (uint16_t)take_be(cursor, 2);
}

uint32_t dl_cursor_u32(struct dl_cursor *cursor)
{
    return (uint32_t)take_be(cursor, 4);
}

uint64_t dl_cursor_u64(struct dl_cursor *cursor)
{
    return take_be(cursor, 8);
}

struct dl_view dl_cursor_block(struct dl_cursor *cursor, size_t max)
{
    uint32_t n = dl_cursor_u32(cursor);
    if (n > max) {
        cursor->err = DL_E_FRAME;
    }
    return dl_cursor_take(cursor, n);
}

enum dl_err dl_cursor_done(const struct dl_cursor *cursor)
{
    return cursor->err == DL_OK && cursor->rest.n == 0 ? DL_OK : DL_E_FRAME;
}
