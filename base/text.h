/* Text: strict UTF-8, what may stand in it, and how doubtful characters are shown.
 *
 * Text is never normalised here: what came is what is kept (design section 4, "Entry").
 */
#ifndef DL_BASE_TEXT_H
#define DL_BASE_TEXT_H

#include "base/octets.h"

/* What a piece of text may hold beyond plain characters. Refused everywhere: invalid UTF-8
 * (overlong forms, surrogates, beyond U+10FFFF), noncharacters, U+FEFF, C0 and C1 controls and
 * U+007F. */
enum dl_text_kind {
    DL_TEXT_NAME, /* ids, names, short fields: no line breaks, no bidirectional controls */
    DL_TEXT_LINE, /* one line: bidirectional controls are kept (and shown) */
    DL_TEXT_LONG  /* LF and TAB allowed as well */
};

/* DL_OK, or DL_E_TEXT with *at (may be NULL) = offset of the first octet at fault. */
DL_MUST_USE enum dl_err dl_text_check(struct dl_view text, enum dl_text_kind kind, size_t *at);
/* Number of characters (code points) of valid UTF-8. */
size_t dl_text_length(struct dl_view text);
/* One code point of any octets: its value and length in *n (at least 1), or -1 where it is not
 * valid. */
int32_t dl_text_decode(struct dl_view text, size_t *n);
/* U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069. */
bool dl_text_is_bidi_control(int32_t c);
/* Append text as it may be shown on a terminal or in a log: bidirectional controls and every
 * control other than LF and TAB as "<U+202E>", invalid octets as "<0xFF>". With `one_line`, LF and
 * TAB too. */
void dl_text_show(struct dl_buf *out, struct dl_view text, bool one_line);
/* Append text as it may stand in HTML, XML or SVG, between tags and in quoted attributes. */
void dl_text_put_markup(struct dl_buf *out, struct dl_view text);
/* How many letters must change to make one word of the other (Levenshtein), capitals and hyphens
 * apart; SIZE_MAX for words of 48 letters and more. For suggesting the word that was meant. */
size_t dl_text_distance(const char *a, const char *b);
/* An agency id: [a-z][a-z0-9-]{1,31}. */
bool dl_text_is_agency(struct dl_view text);
/* An entry id: [A-Za-z0-9._-]{1,64}. */
bool dl_text_is_entry_id(struct dl_view text);

#endif
