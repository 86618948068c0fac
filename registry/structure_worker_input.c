#include "registry/structure_worker.h"

#include <stdlib.h>
#include <string.h>

static enum dl_err refuse(struct dl_error *error, const char *words)
{
    return dl_error_set(error, DL_E_STRUCTURE, NULL, "%s", words);
}

/* Brackets and branches deeper than this have no chemistry, only recursion. */
static bool nests_too_deep(struct dl_view text)
{
    int depth = 0;
    int deepest = 0;
    for (size_t i = 0; i < text.n; i++) {
        depth += (text.p[i] == '(' || text.p[i] == '[') - (text.p[i] == ')' || text.p[i] == ']');
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest > DL_WORKER_NESTING_MAX;
}

/* The library keeps an isotope in 16 bits: 65549 would be 13. */
static bool has_wide_isotope(struct dl_view text)
{
    for (size_t i = 0; i < text.n; i++) {
        size_t n = 0;
        while (text.p[i] == '[' && i + n + 1 < text.n && text.p[i + n + 1] >= '0' &&
               text.p[i + n + 1] <= '9') {
            n++;
        }
        if (n > 3) {
            return true;
        }
    }
    return false;
}

/* Where a record holds free text, in any script: its three header lines, and what follows the
 * molecule. */
static size_t free_until(struct dl_view text, size_t *free_from)
{
    static const char end[] = "\nM  END";
    const uint8_t *found = memmem(text.p, text.n, end, sizeof end - 1);
    size_t header = 0;
    for (int lines = 0; header < text.n && lines < 3; header++) {
        lines += text.p[header] == '\n';
    }
    *free_from = found == NULL ? text.n : (size_t)(found - text.p);
    return header;
}

static bool may_stand(uint8_t c, bool is_mol, bool is_free)
{
    bool layout = is_mol && (c == '\n' || c == '\r' || c == ' ' || c == '\t');
    /* what follows a blank would be read as a name, what follows NUL not at all */
    return layout || (c > ' ' && c < 0x7f) || (is_free && c >= 0x80);
}

enum dl_err dl__input_check(struct dl_view text, bool is_mol, struct dl_error *error)
{
    size_t free_from = text.n;
    if (text.n == 0) {
        return refuse(error, "it is empty");
    }
    if (text.n > (is_mol ? DL_WORKER_TEXT_MAX : DL_WORKER_SMILES_MAX)) {
        return refuse(error, is_mol ? "the record is longer than 1 MiB"
                                    : "it is longer than 4,096 characters");
    }
    size_t header = is_mol ? free_until(text, &free_from) : 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!may_stand(text.p[i], is_mol, i < header || i >= free_from)) {
            return refuse(error, "it has a character that is not printable ASCII");
        }
    }
    if (!is_mol && nests_too_deep(text)) {
        return refuse(error, "its brackets are nested deeper than 64");
    }
    if (!is_mol && memmem(text.p, text.n, "[#", 2) != NULL) {
        return refuse(error, "it is a pattern (SMARTS), not a molecule");
    }
    if (!is_mol && has_wide_isotope(text)) {
        return refuse(error, "it has an isotope that cannot be");
    }
    return DL_OK;
}

/* ---- positional isomers ---- */

enum { TYPE_ALKYL_ = 1, TYPE_RING_, TYPE_AROMATIC_, TYPE_OTHER_ };

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
    h *= 0xff51afd7ed558ccdu;
    return h ^ (h >> 32);
}

/* Saturated carbon outside of rings: what may be arranged anew. */
static bool is_alkyl(const struct chem_graph *g, int i)
{
    const struct chem_atom *atom = &g->atoms[i];
    if (atom->z != 6 || atom->in_ring || atom->aromatic || atom->charge != 0) {
        return false;
    }
    for (int k = 0; k < g->n_bonds; k++) {
        if ((g->bonds[k].a == i || g->bonds[k].b == i) && g->bonds[k].order != 1) {
            return false;
        }
    }
    return true;
}

/* What kind of atom bears a group; where on it is not asked. */
static uint64_t bearer(const struct chem_atom *atom)
{
    if (atom->aromatic) {
        return TYPE_AROMATIC_;
    }
    return atom->in_ring ? TYPE_RING_ : TYPE_OTHER_ + (uint64_t)atom->z;
}

/* One round: an atom of the core takes in its neighbours. Alkyl neighbours count only where the
 * atom is a hetero atom or unsaturated: there they make the functional group. */
static uint64_t gather(const struct chem_graph *g, const uint64_t *now, int i, const bool *alkyl)
{
    uint64_t sum = 0;
    bool bears = g->atoms[i].z != 6;
    for (int k = 0; k < g->n_bonds; k++) {
        const struct chem_bond *bond = &g->bonds[k];
        if (bond->a != i && bond->b != i) {
            continue;
        }
        int other = bond->a == i ? bond->b : bond->a;
        uint64_t order = bond->aromatic ? 4 : (uint64_t)bond->order;
        if (alkyl[other]) {
            sum += bears ? mix(order, TYPE_ALKYL_) : 0;
        } else if (bond->in_ring || order > 1) {
            sum += mix(order, now[other]);
        } else if (bears) {
            sum += mix(order, bearer(&g->atoms[other]));
        }
    }
    return mix(now[i], sum);
}

uint64_t dl__isomer_key(const struct chem_graph *g)
{
    size_t n = (size_t)g->n_atoms;
    uint64_t *now = calloc(n, sizeof *now);
    uint64_t *next = calloc(n, sizeof *next);
    bool *alkyl = calloc(n, sizeof *alkyl);
    uint64_t sum = 0;
    DL_ASSERT(now && next && alkyl, "memory for a structure within its limits");
    for (int i = 0; i < g->n_atoms; i++) {
        const struct chem_atom *atom = &g->atoms[i];
        alkyl[i] = is_alkyl(g, i);
        /* hydrogens on hetero atoms make the group (amine degree); on carbon they follow */
        uint64_t own = (uint64_t)atom->z * 64 + (atom->z != 6 ? (uint64_t)atom->n_h : 0) * 8 +
                       (uint64_t)(atom->charge + 3);
        now[i] = mix(own, atom->aromatic * 2u + atom->in_ring);
    }
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < g->n_atoms; i++) {
            next[i] = alkyl[i] ? now[i] : gather(g, now, i, alkyl);
        }
        memcpy(now, next, n * sizeof *now);
    }
    uint64_t hydrogens = 0; /* with them equal keys mean one formula */
    for (int i = 0; i < g->n_atoms; i++) {
        sum += alkyl[i] ? 1 : mix(now[i], 7);
        hydrogens += (uint64_t)g->atoms[i].n_h + (g->atoms[i].z == 1);
    }
    free(now);
    free(next);
    free(alkyl);
    return mix(sum, hydrogens);
}

/* ---- mobile-hydrogen forms ---- */

/* All atoms take in all their neighbours: graphs that are drawn alike in another order are equal.
 */
uint64_t dl__form_key(const struct chem_graph *g)
{
    size_t n = (size_t)g->n_atoms;
    uint64_t *now = calloc(n, sizeof *now);
    uint64_t *sums = calloc(n, sizeof *sums);
    uint64_t sum = 0;
    DL_ASSERT(now && sums, "memory for a structure within its limits");
    for (int i = 0; i < g->n_atoms; i++) {
        const struct chem_atom *atom = &g->atoms[i];
        now[i] = mix((uint64_t)atom->z * 64 + (uint64_t)atom->n_h, (uint64_t)atom->charge + 128);
    }
    for (int round = 0; round < 8; round++) {
        memset(sums, 0, n * sizeof *sums);
        for (int k = 0; k < g->n_bonds; k++) {
            const struct chem_bond *bond = &g->bonds[k];
            uint64_t order = bond->aromatic ? 4 : (uint64_t)bond->order;
            sums[bond->a] += mix(order, now[bond->b]);
            sums[bond->b] += mix(order, now[bond->a]);
        }
        for (size_t i = 0; i < n; i++) {
            now[i] = mix(now[i], sums[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        sum += mix(now[i], 7);
    }
    free(now);
    free(sums);
    return sum;
}
