#include "registry/structure_worker_pattern.h"

#include <stdlib.h>
#include <string.h>

/* Most patterns occur in no given molecule, and finding that out by search is what costs. So each
 * pattern atom first gets the set of atoms that answer to it by themselves, and an atom stays in
 * its set only while each bond of the pattern leads from it to an atom in the set at the other end.
 * When a set is empty the pattern cannot occur. What is left is searched: the look never decides
 * that a pattern does occur.
 */

enum { WORDS_MAX_ = DL__ATOMS_MAX / 64, WIDTH_MAX_ = 64, SWEEPS_ = 2 };

struct set {
    uint64_t bits[WORDS_MAX_];
};

struct dl__patterns {
    struct dl__pattern *pattern;
    size_t n;
    const struct chem_mol *mol;
    struct chem_graph graph;
    size_t words;        /* of a set in use */
    struct set *answers; /* by question (chem_pattern_asks): who answers */
    int n_asks;
    /* by bond question and atom: to whom such a bond leads */
    struct set *near;
    bool *near_asked;
    int n_bond_asks;
};

static enum dl_err compile(struct dl__pattern *out, const struct dl_rule_pattern *from,
                           struct dl_error *error)
{
    out->chem = chem_pattern_new(from->smarts);
    if (out->chem == NULL) {
        return dl_error_set(error, DL_E_RULE, NULL, "%s: \"%.200s\" is no SMARTS", from->where,
                            from->smarts);
    }
    out->width = chem_pattern_atoms(out->chem);
    out->n_bonds = chem_pattern_bonds(out->chem);
    out->label = calloc((size_t)out->width + 1, sizeof *out->label);
    out->ask = calloc((size_t)out->width + 1, sizeof *out->ask);
    out->bond = calloc((size_t)out->n_bonds + 1, sizeof *out->bond);
    DL_ASSERT(out->label && out->ask && out->bond, "memory for a pattern");
    for (int i = 0; i < out->width; i++) {
        out->label[i] = chem_pattern_label(out->chem, i);
        out->ask[i] = chem_pattern_asks(out->chem, i);
    }
    for (int i = 0; i < out->n_bonds; i++) {
        out->bond[i] = chem_pattern_bond_at(out->chem, i);
    }
    return DL_OK;
}

enum dl_err dl__patterns_new(const struct dl_rules *rules, struct dl__patterns **out,
                             struct dl_error *error)
{
    struct dl__patterns *p = calloc(1, sizeof *p);
    DL_ASSERT(p, "memory for patterns");
    p->pattern = calloc(rules->n_patterns + 1, sizeof *p->pattern);
    DL_ASSERT(p->pattern, "memory for patterns");
    enum dl_err err = DL_OK;
    for (size_t i = 0; i < rules->n_patterns && err == DL_OK; i++) {
        err = compile(&p->pattern[p->n++], &rules->pattern[i], error);
    }
    if (err != DL_OK) {
        dl__patterns_free(&p);
        return err;
    }
    p->n_asks = chem_n_asks();
    p->n_bond_asks = chem_n_bond_asks();
    p->answers = calloc((size_t)p->n_asks + 1, sizeof *p->answers);
    p->near = calloc(((size_t)p->n_bond_asks + 1) * DL__ATOMS_MAX, sizeof *p->near);
    p->near_asked = calloc((size_t)p->n_bond_asks + 1, sizeof *p->near_asked);
    DL_ASSERT(p->answers && p->near && p->near_asked, "memory for sets");
    *out = p;
    return DL_OK;
}

static void forget(struct dl__patterns *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->pattern[i].rows);
        p->pattern[i].rows = NULL;
        p->pattern[i].n = 0;
        p->pattern[i].cut = false;
        p->pattern[i].done = false;
    }
}

void dl__patterns_free(struct dl__patterns **patterns)
{
    struct dl__patterns *p = *patterns;
    if (p == NULL) {
        return;
    }
    forget(p);
    for (size_t i = 0; i < p->n; i++) {
        chem_pattern_free(p->pattern[i].chem);
        free(p->pattern[i].label);
        free(p->pattern[i].ask);
        free(p->pattern[i].bond);
    }
    free(p->pattern);
    free(p->answers);
    free(p->near);
    free(p->near_asked);
    free(p);
    *patterns = NULL;
}

static void add(struct set *set, int member)
{
    set->bits[member / 64] |= (uint64_t)1 << (member % 64);
}

static void ask_all(struct dl__patterns *p)
{
    for (int i = 0; i < p->n_asks; i++) {
        memset(p->answers[i].bits, 0, p->words * sizeof p->answers[i].bits[0]);
    }
    for (int i = 0; i < p->graph.n_atoms; i++) {
        int n = 0;
        const int *asks = chem_atom_asks(p->mol, i, &n);
        for (int k = 0; k < n; k++) {
            add(&p->answers[asks[k]], i);
        }
    }
}

void dl__patterns_hold(struct dl__patterns *p, const struct chem_mol *mol)
{
    forget(p);
    p->mol = mol;
    p->graph = chem_graph_of(mol);
    DL_ASSERT(p->graph.n_atoms <= DL__ATOMS_MAX, "a structure within its limits");
    p->words = ((size_t)p->graph.n_atoms + 63) / 64;
    ask_all(p);
    memset(p->near_asked, 0, (size_t)p->n_bond_asks * sizeof *p->near_asked);
}

/* ---- the look ---- */

/* The sets of all atoms, by atom. */
static const struct set *who_is_near(struct dl__patterns *p, int ask)
{
    struct set *near = p->near + (size_t)ask * DL__ATOMS_MAX;
    if (!p->near_asked[ask]) {
        p->near_asked[ask] = true;
        for (int i = 0; i < p->graph.n_atoms; i++) {
            memset(near[i].bits, 0, p->words * sizeof near[i].bits[0]);
        }
        for (int i = 0; i < p->graph.n_bonds; i++) {
            const struct chem_bond *bond = &p->graph.bonds[i];
            if (chem_bond_answers(p->mol, ask, i)) {
                add(&near[bond->a], bond->b);
                add(&near[bond->b], bond->a);
            }
        }
    }
    return near;
}

static bool meets(const struct set *a, const struct set *b, size_t words)
{
    for (size_t w = 0; w < words; w++) {
        if (a->bits[w] & b->bits[w]) {
            return true;
        }
    }
    return false;
}

/* Leaves in `set` who has a neighbour in `other`; false when nobody is left. */
static bool thin(struct set *set, const struct set *other, const struct set *near, size_t words)
{
    uint64_t left = 0;
    for (size_t w = 0; w < words; w++) {
        for (uint64_t bits = set->bits[w]; bits != 0; bits &= bits - 1) {
            int member = __builtin_ctzll(bits);
            if (!meets(&near[w * 64 + (size_t)member], other, words)) {
                set->bits[w] &= ~((uint64_t)1 << member);
            }
        }
        left |= set->bits[w];
    }
    return left != 0;
}

static bool sweep(struct dl__patterns *p, const struct dl__pattern *pattern, struct set *sets,
                  bool forward)
{
    for (int i = 0; i < pattern->n_bonds; i++) {
        const struct chem_pattern_bond *bond =
            &pattern->bond[forward ? i : pattern->n_bonds - 1 - i];
        const struct set *near = who_is_near(p, bond->ask);
        if (!thin(&sets[bond->a], &sets[bond->b], near, p->words) ||
            !thin(&sets[bond->b], &sets[bond->a], near, p->words)) {
            return false;
        }
    }
    return true;
}

static bool is_answered(const struct dl__patterns *p, int ask)
{
    const struct set *set = &p->answers[ask];
    return meets(set, set, p->words);
}

/* The atom that nobody answered to last time is looked at first: it is the rare one. */
static bool are_answered(const struct dl__patterns *p, struct dl__pattern *pattern)
{
    if (!is_answered(p, pattern->ask[pattern->rare])) {
        return false;
    }
    for (int i = 0; i < pattern->width; i++) {
        if (!is_answered(p, pattern->ask[i])) {
            pattern->rare = i;
            return false;
        }
    }
    return true;
}

static bool may_occur(struct dl__patterns *p, struct dl__pattern *pattern)
{
    struct set sets[WIDTH_MAX_];
    if (pattern->width > p->graph.n_atoms || !are_answered(p, pattern)) {
        return false;
    }
    if (pattern->width > WIDTH_MAX_) {
        return true;
    }
    for (int i = 0; i < pattern->width; i++) {
        memcpy(sets[i].bits, p->answers[pattern->ask[i]].bits, p->words * sizeof sets[i].bits[0]);
    }
    for (int i = 0; i < SWEEPS_; i++) {
        if (!sweep(p, pattern, sets, i % 2 == 0)) {
            return false;
        }
    }
    return true;
}

const struct dl__pattern *dl__patterns_match(struct dl__patterns *p, int index)
{
    DL_ASSERT(index >= 0 && (size_t)index < p->n, "a pattern of the rules");
    struct dl__pattern *pattern = &p->pattern[index];
    if (!pattern->done) {
        pattern->done = true;
        if (may_occur(p, pattern)) {
            pattern->n = chem_match(p->mol, pattern->chem, true, DL__MATCHES_MAX, &pattern->rows);
            pattern->cut = pattern->n == DL__MATCHES_MAX;
        }
    }
    return pattern;
}
