/* Names of substances made comparable. The same text gives the same key everywhere: the loader
 * stores keys, lookups search for them; what people see is always the text as it was written.
 *
 * The rules, in this order:
 *  1. Strict UTF-8; what dl_text_check refuses in a name is refused here.
 *  2. Compatibility decomposition and case folding (Unicode NFKC_Casefold without the final
 *     composition, by utf8proc): full-width forms become plain ones, superscripts digits,
 *     upper case lower case. Invisible characters (soft hyphen, zero width) vanish.
 *  3. ä, ö, ü are ae, oe, ue and ß is ss, as German names are typed without them; other accents
 *     vanish. A ß that touches no letter stands for β and is read so.
 *  4. Greek letters are spelled out: α is alpha, Δ is delta, Ψ is psi.
 *  5. Traditional Chinese characters are the simplified ones (registry/han.def): 嗎啡 is 吗啡.
 *  6. Primes in any form (' ’ ′ ´ `) are one prime and are kept, as they tell isomers apart; ″
 *     and a " after a digit are two. At the beginning of a name they are quotation marks: dropped.
 *  7. The signs (+), (-), (±) are kept, as they tell enantiomers apart; (+/-), (+-) and +/- are ±.
 *  8. Everything else that is neither letter nor digit is a separator: blanks, hyphens and dashes
 *     of every kind, commas, stops, brackets, slashes, Chinese punctuation, trade mark signs.
 *     Separators vanish, so that 2C-B is 2CB and N,N-DMT is NN-DMT, but between two digits one
 *     comma stays, so that the locants 1,2 are not 12.
 *
 * Keys are not for showing: they merge spellings, never meanings. Two substances with one key are
 * ambiguous, and lookups say so.
 */
#ifndef DL_REGISTRY_NAME_H
#define DL_REGISTRY_NAME_H

#include "base/octets.h"

enum { DL_NAME_OCTETS_MAX = 4096 }; /* of a name to be made a key */

/* Appends the key of `text` to `key`. Text without a letter or digit gives an empty key. DL_E_TEXT
 * for text that may not stand in a name, DL_E_TOO_LARGE beyond DL_NAME_OCTETS_MAX. */
DL_MUST_USE enum dl_err dl_name_key(struct dl_view text, struct dl_buf *key);

/* What a salt word says of the name it stands at. */
enum dl_salt_kind {
    DL_SALT_ACID,   /* of a base with this acid; of a substance without nitrogen, its ester */
    DL_SALT_METAL,  /* of an acid with this metal */
    DL_SALT_ESTER,  /* of an alcohol with this acid, whatever it contains */
    DL_SALT_HYDRATE /* water of crystallisation: no salt, the same substance */
};

struct dl_name_salt {
    struct dl_view base; /* the key without the salt word; a part of the key given */
    const char *word;    /* the salt in English: "citrate" */
    enum dl_salt_kind kind;
};

/* The salt in Chinese ("citrate": 枸橼酸盐); the word itself where the table has none. */
const char *dl_name_salt_zh(const char *word);

/* Takes one salt word off a key made by dl_name_key: "fentanylcitrate", "fentanylcitrat" and
 * "枸橼酸芬太尼" give "fentanyl" or "芬太尼" and "citrate". The words are data (registry/salt.def);
 * the longest that fits is taken. False, with *out untouched, when none fits or nothing would
 * remain. Whether the remainder is a substance is for the caller to find out. */
bool dl_name_unsalt(struct dl_view key, struct dl_name_salt *out);

#endif
