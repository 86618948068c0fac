/* Identifiers of substances: their syntax and check digits. Knows nothing of any substance.
 */
#ifndef DL_BASE_IDENTIFIER_H
#define DL_BASE_IDENTIFIER_H

#include "base/octets.h"

/* A CAS Registry Number "58-08-2": 2 to 7 digits, 2 digits, a check digit (sum of digit times
 * position from the right, modulo 10). DL_E_FIELD_VALUE when it has another form, DL_E_CAS when the
 * digit is wrong. */
DL_MUST_USE enum dl_err dl_cas_check(struct dl_view text);
/* A standard InChIKey: 14 upper-case letters, '-', 8 letters with S or N, A, '-', 1 letter (InChI
 * Technical Manual). DL_E_INCHIKEY otherwise. */
DL_MUST_USE enum dl_err dl_inchikey_check(struct dl_view text);
/* The first block (14 letters) alone. */
bool dl_inchikey_is_block(struct dl_view text);
/* The form of an InChI of version 1, standard or not: "InChI=1S/" or "InChI=1/", a formula, then
 * layers that begin with a letter, of printable ASCII. What it says is not read. DL_E_FIELD_VALUE
 * otherwise. */
DL_MUST_USE enum dl_err dl_inchi_check(struct dl_view text);
/* A UNII: 10 upper-case letters or digits. The check character is not tested: FDA publishes no
 * rule. */
bool dl_unii_is_valid(struct dl_view text);

#endif
