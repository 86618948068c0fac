/* The chemistry behind one door: structure_worker_rdkit.cpp, the one C++ file of the project.
 *
 * Nothing there throws outward. A failed call gives false or NULL and leaves outputs untouched;
 * chem_why() then says why in English.
 */
#ifndef DL_REGISTRY_STRUCTURE_WORKER_CHEM_H
#define DL_REGISTRY_STRUCTURE_WORKER_CHEM_H

#include "registry/worker_wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct chem_mol;
struct chem_pattern;

enum chem_stereo { CHEM_STEREO_NONE, CHEM_STEREO_CW, CHEM_STEREO_CCW };
enum chem_side { CHEM_SIDE_NONE, CHEM_SIDE_CIS, CHEM_SIDE_TRANS };

struct chem_atom {
    char symbol[4];
    int z, charge, n_h, isotope, radicals;
    bool aromatic, in_ring;
    enum chem_stereo stereo; /* seen from its first bond's neighbour, the others in bond order; an
                                implicit hydrogen is the last */
};

struct chem_bond {
    int a, b;
    int order; /* 1, 2, 3; aromatic rings in one Kekulé form */
    bool aromatic, in_ring;
    enum chem_side side; /* of a and b's neighbours side_a and side_b across a double bond */
    int side_a, side_b;
};

struct chem_graph {
    int n_atoms, n_bonds;
    const struct chem_atom *atoms;
    const struct chem_bond *bonds;
};

/* Makes the library's tables; after this no file is opened. */
bool chem_start(void);
const char *chem_why(void);

/* A SMILES, or the first record of a MOL or SDF text. The text has passed dl__input_check. */
struct chem_mol *chem_read_smiles(const char *text);
struct chem_mol *chem_read_mol(const char *text, size_t n);
void chem_free(struct chem_mol *mol); /* parent and plain are to be freed too */
/* The neutral parent: counter-ions, acids, bases and solvents of a salt taken off, charges of
 * protonation removed. Several substances together are their own parent. *was_salt: something was
 * taken off or neutralised; else the parent is `mol` itself, used once more. */
struct chem_mol *chem_parent(struct chem_mol *mol, bool *was_salt);
/* Of a molecule whose parent was asked for: what is told of several substances together, '' one. */
const char *chem_mixture(const struct chem_mol *mol);
/* Without isotope labels; *labelled says whether there were any, else it is `mol` itself. */
struct chem_mol *chem_plain(struct chem_mol *mol, bool *labelled);
struct chem_graph chem_graph_of(const struct chem_mol *mol); /* lives as long as mol */
int chem_heavy_atoms(const struct chem_mol *mol);
double chem_mass(const struct chem_mol *mol);
/* malloc'd text, NULL on failure. */
char *chem_smiles(const struct chem_mol *mol);
char *chem_formula(const struct chem_mol *mol);

/* The substances that this is an ester or ether of: each with one acyl or alkyl group taken off an
 * oxygen. Up to `max`, to be freed; ether[i] says which. */
int chem_alcohols(const struct chem_mol *mol, int max, struct chem_mol **out, bool *ether);

struct chem_pattern *chem_pattern_new(const char *smarts);
void chem_pattern_free(struct chem_pattern *pattern);
int chem_pattern_atoms(const struct chem_pattern *pattern);
/* The map number of a pattern's atom, 0 none. */
int chem_pattern_label(const struct chem_pattern *pattern, int atom);
/* What a pattern's atom asks of an atom by itself (patterns inside it left out: they only ask for
 * more), numbered across all patterns made so far: equal questions have equal numbers. */
int chem_pattern_asks(const struct chem_pattern *pattern, int atom);
int chem_n_asks(void);
/* The questions that an atom answers, `n` of them in order; they live until the next call. */
const int *chem_atom_asks(const struct chem_mol *mol, int atom, int *n);
/* The same of its bonds. */
struct chem_pattern_bond {
    int a, b, ask;
};
int chem_pattern_bonds(const struct chem_pattern *pattern);
struct chem_pattern_bond chem_pattern_bond_at(const struct chem_pattern *pattern, int i);
int chem_n_bond_asks(void);
bool chem_bond_answers(const struct chem_mol *mol, int ask, int bond);
/* Matches as rows of chem_pattern_atoms() atom indices, malloc'd; `all` gives symmetric ones too.
 * Returns their number (at most `max`); *out is NULL for 0. */
int chem_match(const struct chem_mol *mol, const struct chem_pattern *pattern, bool all, int max,
               int **out);

enum { CHEM_PRINT = 256 }; /* octets of a Morgan fingerprint: radius 2, 2,048 bits */
bool chem_print(const struct chem_mol *mol, uint8_t out[CHEM_PRINT]);

/* A picture: atoms and the bonds between them marked, kind 0 scaffold, 1 deciding, 2 open; `note`
 * is a number to be written beside the atom, 0 none. */
struct chem_mark {
    int atom, kind, note;
};
char *chem_svg(const struct chem_mol *mol, const struct chem_mark *marks, size_t n_marks);

#ifdef __cplusplus
}
#endif

#endif
