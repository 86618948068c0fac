/* The scope words of a listing or a list, read as flags: what beside the named substance itself is
 * covered. The words stay the law; the flags only say which of them speak of what.
 */
#ifndef DL_REGISTRY_SCOPE_H
#define DL_REGISTRY_SCOPE_H

#include "base/octets.h"

enum dl_scope_flag {
    DL_SCOPE_SALTS = 1 << 0,
    DL_SCOPE_ISOMERS = 1 << 1, /* "isomers" without saying which */
    DL_SCOPE_STEREOISOMERS = 1 << 2,
    DL_SCOPE_OPTICAL = 1 << 3,
    DL_SCOPE_GEOMETRIC = 1 << 4,
    DL_SCOPE_POSITIONAL = 1 << 5,
    DL_SCOPE_ESTERS = 1 << 6,
    DL_SCOPE_ETHERS = 1 << 7,
    DL_SCOPE_PREPARATIONS = 1 << 8,
    DL_SCOPE_DERIVATIVES = 1 << 9,
    DL_SCOPE_ANALOGUES = 1 << 10,
    DL_SCOPE_ISOTOPOLOGUES = 1 << 11
};

/* The flags that the words set, in English, Chinese or German. */
unsigned dl_scope_flags(struct dl_view words);

/* Whether a rule that applies to `applies_to` of a list applies to `entry` of it. The forms in the
 * data: "" and names of paragraphs (the whole list), "16 and its sub-items", "17.1", and the
 * beginning of a paragraph number ("1308.11(b)" of "1308.11(b)(3)"). */
bool dl_scope_applies(struct dl_view applies_to, struct dl_view entry);

/* How two stereochemical forms of one skeleton stand to each other, from their InChI. */
enum dl_stereo {
    DL_STEREO_SAME,
    DL_STEREO_ENTRY_OPEN, /* the second says less: it names no form, or fewer centres */
    DL_STEREO_QUERY_OPEN, /* the first says less */
    DL_STEREO_MIRROR,     /* mirror images */
    DL_STEREO_OTHER       /* diastereomers, or not known */
};

enum dl_stereo dl_stereo_compare(struct dl_view inchi, struct dl_view entry_inchi);

#endif
