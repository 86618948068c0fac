#include "registry/structure_worker_laid.h"

/* ---- classes ---- */

static bool within(int n, const int range[2])
{
    return range[1] < 0 || (n >= range[0] && n <= range[1]);
}

static bool holds(const struct dl__laid *l, int group, int atom)
{
    return l->owner[atom] == group;
}

/* Whether a match of the pattern lies in the group, beginning at `root` when that is not -1. */
static bool occurs(struct dl__laid *l, int pattern, int group, int root)
{
    const struct dl__pattern *p = dl__patterns_match(l->patterns, pattern);
    int width = p->width;
    for (int i = 0; i < p->n; i++) {
        const int *row = p->rows + (ptrdiff_t)i * width;
        bool inside = root < 0 || row[0] == root;
        for (int k = 0; k < width && inside; k++) {
            inside = holds(l, group, row[k]);
        }
        if (inside) {
            return true;
        }
    }
    l->unsure = l->unsure || p->cut;
    return false;
}

static bool begins(struct dl__laid *l, const struct dl_rule_class *class, int group)
{
    const struct dl__group *g = &l->group[group];
    for (size_t i = 0; i < class->n_root; i++) {
        for (int k = 0; k < g->n_touch; k++) {
            if (occurs(l, class->root[i], group, g->root[k])) {
                return true;
            }
        }
    }
    return class->n_root == 0;
}

static bool consists(struct dl__laid *l, int only, int group)
{
    if (only < 0) {
        return true;
    }
    const struct dl__pattern *p = dl__patterns_match(l->patterns, only);
    const struct dl__group *g = &l->group[group];
    for (int i = 0; i < g->n; i++) {
        bool one = l->graph.atoms[g->atom[i]].z == 1;
        for (int k = 0; k < p->n && !one; k++) {
            one = p->rows[k] == g->atom[i];
        }
        if (!one) {
            l->unsure = l->unsure || p->cut;
            return false;
        }
    }
    return true;
}

struct counts {
    int carbons, hetero, heavy, mass;
};

static int mass_of(int z)
{
    static const int masses[] = {0, 1, 4, 7, 9, 11, 12, 14, 16, 19, 20, 23, 24, 27, 28, 31, 32, 35};
    return z <= 17 ? masses[z] : z == 35 ? 80 : z == 53 ? 127 : 2 * z + z / 4;
}

static struct counts count(const struct dl__laid *l, const struct dl__group *g)
{
    struct counts c = {0};
    for (int i = 0; i < g->n; i++) {
        const struct chem_atom *atom = &l->graph.atoms[g->atom[i]];
        c.carbons += atom->z == 6;
        c.heavy += atom->z > 1;
        c.hetero += atom->z > 1 && atom->z != 6;
        c.mass += mass_of(atom->z) + atom->n_h;
    }
    return c;
}

/* The longest path through a group's atoms that are in no ring. */
static int path_from(const struct dl__laid *l, int at, int before)
{
    int best = 0;
    for (int i = 0; i < l->graph.n_bonds; i++) {
        const struct chem_bond *b = &l->graph.bonds[i];
        int to = b->a == at ? b->b : b->b == at ? b->a : -1;
        if (to >= 0 && to != before && l->owner[to] == l->owner[at] &&
            !l->graph.atoms[to].in_ring && l->graph.atoms[to].z > 1) {
            int n = path_from(l, to, at); /* no rings: it ends */
            best = n > best ? n : best;
        }
    }
    return best + 1;
}

static int chain_of(const struct dl__laid *l, int group)
{
    const struct dl__group *g = &l->group[group];
    int best = 0;
    for (int i = 0; i < g->n; i++) {
        if (!l->graph.atoms[g->atom[i]].in_ring) {
            int n = path_from(l, g->atom[i], -1);
            best = n > best ? n : best;
        }
    }
    return best;
}

static bool belongs(struct dl__laid *l, int class, int carbons_max, int group);

static bool belongs_to_any(struct dl__laid *l, const struct dl_rule_class *class, int group)
{
    for (size_t i = 0; i < class->n_any; i++) {
        if (belongs(l, class->any[i], -1, group)) {
            return true;
        }
    }
    return class->n_any == 0;
}

static bool belongs(struct dl__laid *l, int class_index, int carbons_max, int group)
{
    const struct dl_rule_class *class = &l->rules->class[class_index];
    const struct dl__group *g = &l->group[group];
    struct counts c = count(l, g);
    if ((class->bridged >= 0 && class->bridged != (g->n_bonds > 1)) ||
        !within(c.carbons, class->carbons) || !within(c.hetero, class->hetero) ||
        !within(c.heavy, class->heavy) || (carbons_max >= 0 && c.carbons > carbons_max) ||
        (class->mass_max >= 0 && c.mass > class->mass_max)) {
        return false;
    }
    if (!begins(l, class, group) || !consists(l, class->only, group) ||
        !belongs_to_any(l, class, group)) {
        return false;
    }
    for (size_t i = 0; i < class->n_has; i++) {
        if (!occurs(l, class->has[i], group, -1)) {
            return false;
        }
    }
    for (size_t i = 0; i < class->n_lacks; i++) {
        if (occurs(l, class->lacks[i], group, -1)) {
            return false;
        }
    }
    return class->chain[1] < 0 || within(chain_of(l, group), class->chain);
}

bool dl__laid_uses(struct dl__laid *l, const struct dl_rule_use *use, size_t n, int group)
{
    for (size_t i = 0; i < n; i++) {
        if (belongs(l, use[i].class, use[i].carbons_max, group)) {
            return true;
        }
    }
    return false;
}

/* ---- laying a scaffold ---- */

int dl__laid_atom(const struct dl__laid *l, int label)
{
    for (int i = 0; i < l->pattern->width; i++) {
        if (l->pattern->label[i] == label) {
            return l->row[i];
        }
    }
    return -1;
}

/* Pattern atoms that begin or belong to a position's group are no scaffold. */
static void mark_scaffold(struct dl__laid *l)
{
    enum { FREE = -2 };
    for (int i = 0; i < l->graph.n_atoms; i++) {
        l->owner[i] = FREE;
    }
    for (int i = 0; i < l->pattern->width; i++) {
        l->owner[l->row[i]] = -1;
    }
    for (size_t i = 0; i < l->scaffold->n_positions; i++) {
        const struct dl_rule_position *p = &l->scaffold->position[i];
        int at = p->at ? dl__laid_atom(l, p->at) : -1;
        if (at >= 0) {
            l->owner[at] = FREE;
        }
        for (size_t k = 0; k < p->n_own; k++) {
            int own = dl__laid_atom(l, p->own[k]);
            if (own >= 0) {
                l->owner[own] = FREE;
            }
        }
    }
}

static void touch(struct dl__group *g, int scaffold, int root)
{
    g->n_bonds++;
    if (g->n_touch < DL__TOUCH_MAX) {
        g->touch[g->n_touch] = scaffold;
        g->root[g->n_touch++] = root;
    }
}

/* Grows a group from an atom through everything that is no scaffold. */
static void grow(struct dl__laid *l, int from)
{
    struct dl__group *g = &l->group[l->n_groups];
    g->n = g->n_bonds = g->n_touch = 0;
    g->atom[g->n++] = from;
    l->owner[from] = l->n_groups;
    for (int i = 0; i < g->n; i++) {
        for (int k = 0; k < l->graph.n_bonds; k++) {
            const struct chem_bond *b = &l->graph.bonds[k];
            int to = b->a == g->atom[i] ? b->b : b->b == g->atom[i] ? b->a : -1;
            if (to < 0) {
                continue;
            }
            if (l->owner[to] == -1) {
                touch(g, to, g->atom[i]);
            } else if (l->owner[to] < -1) {
                l->owner[to] = l->n_groups;
                g->atom[g->n++] = to;
            }
        }
    }
    l->n_groups++;
}

bool dl__laid_divide(struct dl__laid *l)
{
    mark_scaffold(l);
    for (int i = 0; i < l->graph.n_atoms; i++) {
        if (l->owner[i] < -1) {
            if (l->n_groups == DL__GROUPS_MAX) {
                l->unsure = true;
                return false;
            }
            grow(l, i);
        }
    }
    return true;
}
