/* What a query is, from its form alone: no substance is looked up here.
 */
#ifndef DL_REGISTRY_QUERY_H
#define DL_REGISTRY_QUERY_H

#include "base/octets.h"

enum dl_query_kind {
    DL_QUERY_EMPTY,   /* blanks only */
    DL_QUERY_BAD,     /* text that may not stand in a query, or beyond DL_NAME_OCTETS_MAX */
    DL_QUERY_NAME,    /* whatever has no other form */
    DL_QUERY_CAS,     /* with a right check digit */
    DL_QUERY_BAD_CAS, /* the form of a CAS number, the check digit is wrong */
    DL_QUERY_UNII,    /* 10 letters and digits; it may be a name all the same */
    DL_QUERY_CODE,    /* a DEA number: 4 digits; it may be a name all the same */
    DL_QUERY_INCHIKEY,
    DL_QUERY_BAD_INCHIKEY, /* 14-10-1 letters that are no standard InChIKey */
    DL_QUERY_BLOCK,        /* 14 capitals; it may be a name all the same */
    DL_QUERY_INCHI,        /* "InChI=..." */
};

struct dl_query {
    enum dl_query_kind kind;
    struct dl_view text; /* without blanks around it */
    size_t bad_at;       /* for BAD: the offset at fault in `text` */
    bool too_long;       /* for BAD */
};

/* Labels in front are taken off: "CAS 58-08-2", "CAS: ...", "CAS-Nr. ...", "UNII ...", "DEA ...",
 * "InChIKey=...". Dashes of any kind, blanks and full-width digits are read in CAS numbers, small
 * letters in UNIIs and whole InChIKeys; then `text` points into `plain`, which must live as long as
 * the query is used. (A first block in small letters is a name: many have 14 letters.) */
enum { DL_QUERY_PLAIN = 32 };
void dl_query_read(struct dl_view text, struct dl_query *out, char plain[DL_QUERY_PLAIN]);

/* Whether text can be SMILES: its characters are those of SMILES and brackets are balanced; letters
 * alone need a carbon among them. Names that no registry knows may pass: the structure worker
 * decides. */
bool dl_query_may_be_smiles(struct dl_view text);
/* Whether it has marks of SMILES that names have not: what cannot be read then is a broken
 * structure, not an unknown name. */
bool dl_query_is_drawn(struct dl_view text);
/* Whether it is letters alone, which may as well be a name or an abbreviation. */
bool dl_query_is_letters(struct dl_view text);

#endif
