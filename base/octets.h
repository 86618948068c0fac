/* Octets: views that borrow, builders that own, cursors that read. The only place where wire octets
 * are taken apart or put together.
 */
#ifndef DL_BASE_OCTETS_H
#define DL_BASE_OCTETS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* A borrowed run of octets; valid until the owner's next call. `p` may be NULL only when n is 0. */
struct dl_view {
    const uint8_t *p;
    size_t n;
};

struct dl_view dl_view_of(const void *p, size_t n);
struct dl_view dl_view_str(const char *text); /* without the NUL */
bool dl_view_equal(struct dl_view a, struct dl_view b);
bool dl_view_is(struct dl_view a, const char *text);
/* For printf("%.*s", DL_VIEW_ARG(v)) */
#define DL_VIEW_ARG(v) (int)(v).n, (const char *)(v).p

/* A builder. Grows by doubling up to `max` octets, never beyond (I9). A failed append (LIMIT or
 * NOMEM) leaves the content as it was and is remembered: `err` stays set, later appends do nothing,
 * so a run of appends is checked once, by dl_buf_err. */
struct dl_buf {
    uint8_t *p;
    size_t n;
    size_t cap;
    size_t max;
    enum dl_err err;
};

void dl_buf_init(struct dl_buf *buf, size_t max);
/* Wipe and free; the builder is empty and usable again with the same maximum. */
void dl_buf_fini(struct dl_buf *buf);
/* Forget the content and the error, keep the memory. */
void dl_buf_reset(struct dl_buf *buf);
/* Drop the first n octets (n at most buf->n). */
void dl_buf_consume(struct dl_buf *buf, size_t n);
DL_MUST_USE enum dl_err dl_buf_err(const struct dl_buf *buf);
struct dl_view dl_buf_view(const struct dl_buf *buf);
void dl_buf_put(struct dl_buf *buf, const void *p, size_t n);
void dl_buf_put_view(struct dl_buf *buf, struct dl_view view);
void dl_buf_put_str(struct dl_buf *buf, const char *text);
void dl_buf_printf(struct dl_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void dl_buf_u8(struct dl_buf *buf, uint8_t value);
void dl_buf_u16(struct dl_buf *buf, uint16_t value); /* big-endian, like all of these */
void dl_buf_u32(struct dl_buf *buf, uint32_t value);
void dl_buf_u64(struct dl_buf *buf, uint64_t value);
/* Room for n more octets at the end, uninitialised, to be written by the caller; NULL when it
 * failed (never for room for none, unless something failed before). */
uint8_t *dl_buf_room(struct dl_buf *buf, size_t n);
/* A block with a u32 length in front: open returns where it began, close fills the length in. */
size_t dl_buf_block_open(struct dl_buf *buf);
void dl_buf_block_close(struct dl_buf *buf, size_t start);

/* A cursor over a view. The first read past the end sets `err` to DL_E_FRAME; later reads give
 * zeros. */
struct dl_cursor {
    struct dl_view rest;
    enum dl_err err;
};

void dl_cursor_init(struct dl_cursor *cursor, struct dl_view view);
uint8_t dl_cursor_u8(struct dl_cursor *cursor);
uint16_t dl_cursor_u16(struct dl_cursor *cursor);
uint32_t dl_cursor_u32(struct dl_cursor *cursor);
uint64_t dl_cursor_u64(struct dl_cursor *cursor);
struct dl_view dl_cursor_take(struct dl_cursor *cursor, size_t n);
/* A block written by dl_buf_block_*, of at most `max` octets. */
struct dl_view dl_cursor_block(struct dl_cursor *cursor, size_t max);
/* DL_OK when nothing failed and everything was consumed, DL_E_FRAME otherwise. */
DL_MUST_USE enum dl_err dl_cursor_done(const struct dl_cursor *cursor);

#endif
