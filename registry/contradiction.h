/* What an alert says of its substance, held against itself: structure, InChIKey, CAS number, UNII,
 * names and formula should mean one substance. Where they do not, nothing is corrected: each
 * contradiction is told, in words.
 *
 * The surest of what is said is the anchor (the structure that the worker read, else the InChIKey,
 * the CAS number, the UNII, the first name that the registry understands); the rest is compared
 * with it. What the registry does not know contradicts nothing.
 */
#ifndef DL_REGISTRY_CONTRADICTION_H
#define DL_REGISTRY_CONTRADICTION_H

#include "base/json.h"
#include "registry/lookup.h"
#include "registry/worker.h"

enum dl_clash {
    DL_CLASH_OTHER,   /* it is another substance's */
    DL_CLASH_FORM,    /* it is another stereochemical or isotopic form's */
    DL_CLASH_UNKNOWN, /* it is a substance's for which the registry has not the InChIKey said */
    DL_CLASH_FORMULA, /* the anchor has another formula */
    DL_CLASH_REFUSED  /* the SMILES cannot be read */
};
/* "other", "form", "unknown-inchikey", "formula", "unreadable" */
const char *dl_clash_name(enum dl_clash clash);

enum { DL_CLASH_VALUE = 128, DL_CONTRADICTIONS_MAX = 8, DL_SUBSTANCE_KEY = 64 };

struct dl_contradiction {
    enum dl_clash clash;
    char field[12];              /* "inchikey", "cas", "unii", "names", "formula", "smiles" */
    char value[DL_CLASH_VALUE];  /* what the alert says there, cut if it is long */
    char means[DL_CLASH_VALUE];  /* whose that is; the formula; why it cannot be read */
    char against[12];            /* the anchor: "structure", "inchikey", ... */
    char anchor[DL_CLASH_VALUE]; /* what it is */
};

struct dl_contradictions {
    char key[DL_SUBSTANCE_KEY]; /* of the anchor: an InChIKey wherever there is one; "" none */
    size_t n;                   /* those beyond the greatest number are left out */
    struct dl_contradiction item[DL_CONTRADICTIONS_MAX];
};

/* `substance` as in an alert's content. `structure`: what the worker says of its SMILES, or that it
 * refused it; NULL where it was not asked. Errors are those of the store. */
DL_MUST_USE enum dl_err dl_contradictions_find(struct dl_reader *reader,
                                               const struct dl_moment *moment,
                                               const json_t *substance,
                                               const struct dl_worker_answer *structure,
                                               struct dl_contradictions *out);
/* Appends it in words. */
void dl_contradiction_put(const struct dl_contradiction *contradiction, enum dl_lang lang,
                          struct dl_buf *out);

#endif
