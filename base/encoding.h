/* Hexadecimal, base64 (RFC 4648 section 4), decimal numbers and times as text. Decoders take one
 * canonical form only: what decodes re-encodes to the same octets (but for the case of hex digits).
 */
#ifndef DL_BASE_ENCODING_H
#define DL_BASE_ENCODING_H

#include "base/octets.h"

/* Lower-case hex of data; the out string is NUL-terminated and needs 2n + 1 octets. */
void dl_hex_encode(struct dl_view data, char *out);
/* Exactly n octets from 2n hex digits, either case. INPUT on anything else. */
DL_MUST_USE enum dl_err dl_hex_decode(struct dl_view text, uint8_t *out, size_t n);

void dl_base64_encode(struct dl_buf *out, struct dl_view data);
/* Strict: padding present, no blanks, unused bits zero. Appends; nothing appended on failure. */
DL_MUST_USE enum dl_err dl_base64_decode(struct dl_buf *out, struct dl_view text);

/* ASCII decimal without sign or leading zero, at most `max`. */
DL_MUST_USE enum dl_err dl_decimal_decode(struct dl_view text, uint64_t max, uint64_t *out);

enum { DL_TIME_TEXT = 25, DL_DATE_TEXT = 11 }; /* with the NUL */
/* RFC 3339 UTC with milliseconds, "2026-11-24T09:07:24.123Z", years 0001 to 9999 (others are
 * clamped). */
void dl_time_encode(int64_t unix_ms, char out[DL_TIME_TEXT]);
/* Exactly that form (milliseconds mandatory, Z). */
DL_MUST_USE enum dl_err dl_time_decode(struct dl_view text, int64_t *unix_ms);
/* The UTC date of a time, "2026-11-24". */
void dl_date_encode(int64_t unix_ms, char out[DL_DATE_TEXT]);
/* YYYY-MM-DD, a day that exists; unix_ms (may be NULL) is its first millisecond. */
DL_MUST_USE enum dl_err dl_date_decode(struct dl_view text, int64_t *unix_ms);

#endif
