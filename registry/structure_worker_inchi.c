#include "registry/structure_worker.h"

#include <inchi_api.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* libinchi holds static state: one caller at a time, which a process without threads is. */

enum { NEIGHBOURS_MAX_ = 4, MAX_ATOMS_ = 1024 };

struct bridge {
    struct chem_graph graph;
    inchi_Atom *atoms;
    inchi_Stereo0D *stereo;
    int n_stereo;
};

static int radical_of(const struct chem_atom *atom)
{
    static const int of[] = {INCHI_RADICAL_NONE, INCHI_RADICAL_DOUBLET, INCHI_RADICAL_TRIPLET};
    return atom->radicals >= 0 && atom->radicals <= 2 ? of[atom->radicals] : of[0];
}

/* What libinchi's fields cannot hold has no identity, rather than another one's. */
static bool put_atoms(struct bridge *b)
{
    for (int i = 0; i < b->graph.n_atoms; i++) {
        const struct chem_atom *from = &b->graph.atoms[i];
        inchi_Atom *to = &b->atoms[i];
        if (from->charge < SCHAR_MIN || from->charge > SCHAR_MAX || from->n_h > SCHAR_MAX ||
            from->isotope > SHRT_MAX) {
            return false;
        }
        memcpy(to->elname, from->symbol, sizeof from->symbol);
        to->num_iso_H[0] = (S_CHAR)from->n_h;
        to->charge = (S_CHAR)from->charge;
        to->isotopic_mass = (AT_NUM)from->isotope;
        to->radical = (S_CHAR)radical_of(from);
    }
    for (int i = 0; i < b->graph.n_bonds; i++) {
        const struct chem_bond *bond = &b->graph.bonds[i];
        inchi_Atom *to = &b->atoms[bond->a];
        if (to->num_bonds == MAXVAL) {
            return false;
        }
        to->neighbor[to->num_bonds] = (AT_NUM)bond->b;
        to->bond_type[to->num_bonds++] = (S_CHAR)bond->order;
    }
    return true;
}

/* In the order of the bonds, which the sense of a stereocentre refers to. */
static int neighbours_of(const struct chem_graph *graph, int atom, int out[NEIGHBOURS_MAX_])
{
    int n = 0;
    for (int i = 0; i < graph->n_bonds; i++) {
        const struct chem_bond *bond = &graph->bonds[i];
        if (bond->a != atom && bond->b != atom) {
            continue;
        }
        if (n == NEIGHBOURS_MAX_) {
            return 0;
        }
        out[n++] = bond->a == atom ? bond->b : bond->a;
    }
    return n;
}

static void put_centres(struct bridge *b)
{
    for (int i = 0; i < b->graph.n_atoms; i++) {
        const struct chem_atom *atom = &b->graph.atoms[i];
        int near[NEIGHBOURS_MAX_];
        if (atom->stereo == CHEM_STEREO_NONE) {
            continue;
        }
        int n = neighbours_of(&b->graph, i, near);
        if (n < 3) {
            continue;
        }
        bool clockwise = atom->stereo == CHEM_STEREO_CW;
        inchi_Stereo0D *to = &b->stereo[b->n_stereo++];
        to->central_atom = (AT_NUM)i;
        to->type = INCHI_StereoType_Tetrahedral;
        if (n == 3) { /* the hydrogen, last for us, is first there: an odd exchange */
            to->neighbor[0] = (AT_NUM)i;
            clockwise = !clockwise;
        }
        for (int k = 0; k < n; k++) {
            to->neighbor[k + 4 - n] = (AT_NUM)near[k];
        }
        to->parity = clockwise ? INCHI_PARITY_EVEN : INCHI_PARITY_ODD;
    }
}

static void put_sides(struct bridge *b)
{
    for (int i = 0; i < b->graph.n_bonds; i++) {
        const struct chem_bond *bond = &b->graph.bonds[i];
        if (bond->side == CHEM_SIDE_NONE) {
            continue;
        }
        inchi_Stereo0D *to = &b->stereo[b->n_stereo++];
        to->central_atom = NO_ATOM;
        to->type = INCHI_StereoType_DoubleBond;
        to->neighbor[0] = (AT_NUM)bond->side_a;
        to->neighbor[1] = (AT_NUM)bond->a;
        to->neighbor[2] = (AT_NUM)bond->b;
        to->neighbor[3] = (AT_NUM)bond->side_b;
        to->parity = bond->side == CHEM_SIDE_TRANS ? INCHI_PARITY_EVEN : INCHI_PARITY_ODD;
    }
}

bool dl__inchi(const struct chem_mol *mol, char **inchi, char key[28])
{
    struct bridge b = {.graph = chem_graph_of(mol)};
    inchi_Output output = {0};
    char options[] = "-AuxNone";
    bool ok = false;
    if (b.graph.n_atoms == 0 || b.graph.n_atoms >= MAX_ATOMS_) {
        return false;
    }
    b.atoms = calloc((size_t)b.graph.n_atoms, sizeof *b.atoms);
    b.stereo = calloc((size_t)b.graph.n_atoms + (size_t)b.graph.n_bonds, sizeof *b.stereo);
    if (b.atoms == NULL || b.stereo == NULL || !put_atoms(&b)) {
        goto out;
    }
    put_centres(&b);
    put_sides(&b);
    inchi_Input input = {.atom = b.atoms,
                         .stereo0D = b.stereo,
                         .szOptions = options,
                         .num_atoms = (AT_NUM)b.graph.n_atoms,
                         .num_stereo0D = (AT_NUM)b.n_stereo};
    int code = GetStdINCHI(&input, &output);
    if ((code == inchi_Ret_OKAY || code == inchi_Ret_WARNING) && output.szInChI != NULL &&
        GetStdINCHIKeyFromStdINCHI(output.szInChI, key) == INCHIKEY_OK) {
        *inchi = strdup(output.szInChI);
        ok = *inchi != NULL;
    }
out:
    FreeStdINCHI(&output);
    free(b.atoms);
    free(b.stereo);
    return ok;
}
