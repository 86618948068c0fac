/* The patterns of all rules held against one molecule at a time: each is matched at most once, when
 * it is first asked for, and only where a cheaper look does not rule it out.
 */
#ifndef DL_REGISTRY_STRUCTURE_WORKER_PATTERN_H
#define DL_REGISTRY_STRUCTURE_WORKER_PATTERN_H

#include "registry/rule.h"
#include "registry/structure_worker_chem.h"

enum { DL__ATOMS_MAX = 1024, DL__MATCHES_MAX = 1024 };

struct dl__pattern {
    struct chem_pattern *chem;
    int width;  /* its atoms */
    int *label; /* of each, 0 none */
    int *ask;   /* of each, what it asks of an atom by itself */
    int rare;   /* the atom that was wanting in the molecule before */
    struct chem_pattern_bond *bond;
    int n_bonds;
    int *rows; /* its matches in the present molecule, `width` atoms each; NULL when n is 0 */
    int n;
    bool cut; /* there may be more matches: DL__MATCHES_MAX were found */
    bool done;
};

struct dl__patterns;
/* Compiles the patterns of the rules; DL_E_RULE names the SMARTS that is none. */
DL_MUST_USE enum dl_err dl__patterns_new(const struct dl_rules *rules, struct dl__patterns **out,
                                         struct dl_error *error);
void dl__patterns_free(struct dl__patterns **patterns);
/* Takes up a molecule, which must live until the next one; what was matched before is forgotten. */
void dl__patterns_hold(struct dl__patterns *patterns, const struct chem_mol *mol);
/* A pattern of the rules, by its index, matched with the present molecule. */
const struct dl__pattern *dl__patterns_match(struct dl__patterns *patterns, int index);

#endif
