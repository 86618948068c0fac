/* A scaffold laid on a molecule: the pattern's atoms taken away, what is left falls into groups,
 * each bound to the pattern at one or more atoms; and whether a group belongs to a class of
 * substituents.
 */
#ifndef DL_REGISTRY_STRUCTURE_WORKER_LAID_H
#define DL_REGISTRY_STRUCTURE_WORKER_LAID_H

#include "registry/structure_worker_pattern.h"

enum { DL__GROUPS_MAX = 64, DL__FINDINGS_MAX = 48, DL__TOUCH_MAX = 16 };

/* What hangs at the scaffold as one piece. */
struct dl__group {
    int atom[DL__ATOMS_MAX];
    int n;
    int n_bonds;              /* to the scaffold */
    int touch[DL__TOUCH_MAX]; /* scaffold atoms it is bound to (molecule's numbers) */
    int root[DL__TOUCH_MAX];  /* its own atoms there */
    int n_touch;
};

struct dl__finding {
    int position, kind, choice, group;
};
/* As enum dl_finding_kind (registry/worker.h), which is the other side of the pipe. */
enum {
    DL__KIND_ORIGINAL,
    DL__KIND_CHANGED,
    DL__KIND_OPEN,
    DL__KIND_OPEN_ELSE,
    DL__KIND_CUT /* something was not looked at: a maximum was reached; of no group */
};

struct dl__laid {
    const struct dl_rules *rules;
    struct dl__patterns *patterns;
    struct chem_graph graph;
    const struct dl_rule *rule;
    const struct dl_rule_scaffold *scaffold;
    const struct dl__pattern *pattern;
    const int *row;           /* the match: `pattern->width` atoms */
    int owner[DL__ATOMS_MAX]; /* -1 scaffold, else its group */
    int n_groups;
    struct dl__finding finding[DL__FINDINGS_MAX];
    int n_findings, n_changed, n_open;
    bool unsure; /* a maximum was reached: what was not found may be there */
    struct dl__group group[DL__GROUPS_MAX]; /* large: a laid scaffold is used again, not cleared */
};

/* Divides the molecule; false, and unsure, when there are more groups than there is room for. */
bool dl__laid_divide(struct dl__laid *laid);
/* The molecule's atom under a label of the pattern; -1 none. */
int dl__laid_atom(const struct dl__laid *laid, int label);
/* Whether a group is one of these. */
bool dl__laid_uses(struct dl__laid *laid, const struct dl_rule_use *use, size_t n, int group);

#endif
