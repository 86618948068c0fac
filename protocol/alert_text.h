/* What an entry says, for people: the whole text with labels in English or Chinese, and the form
 * that is read aloud over a telephone when the line is down.
 *
 * Everything that came from outside is shown as dl_text_show says: no control and no bidirectional
 * control reaches a terminal. A text of several lines is indented, so that it cannot pass for
 * another field.
 */
#ifndef DL_PROTOCOL_ALERT_TEXT_H
#define DL_PROTOCOL_ALERT_TEXT_H

#include "protocol/entry.h"

/* Append every field of a content, of any kind, one a line: those of the published schemas in the
 * order in which people read them, others after them under their own names. */
void dl_content_show(struct dl_buf *out, const json_t *content, bool zh);

enum { DL_CHECK_WORDS = 8 };
/* The check words of a content: one word of protocol/check_words.def for each of the first 8 octets
 * of SHA-256 of its canonical octets. Two contents with the same words in the same order are the
 * same, but for one chance in 2^64. */
void dl_check_words(struct dl_view octets, const char *out[DL_CHECK_WORDS]);

struct dl_aloud {
    struct dl_view agency; /* the author */
    const struct dl_leaf *leaf;
    const json_t *content;
    struct dl_view octets; /* the canonical content */
};

/* Append the form to be read aloud: numbered lines; identifiers, dates and formulas letter by
 * letter (letters by the ICAO alphabet, a small letter said to be one); the check words at the end.
 * SMILES and long texts are not read out: the check words cover them. An exercise or a test says so
 * first. */
void dl_entry_read_aloud(struct dl_buf *out, const struct dl_aloud *what, bool zh);

#endif
