#include "registry/structure_worker.h"

#include <stdlib.h>
#include <string.h>

/* How one scaffold is held against one molecule: match the pattern; take its atoms away; what is
 * left falls into groups, each bound to the pattern at one or more atoms. Every group must be what
 * its position has originally or allows. The verdict of a rule is the best of all its scaffolds and
 * of all ways to lay them on the molecule. Patterns are matched against the whole molecule, once
 * for all rules, and only then confined to a group: none can look back into the scaffold and none
 * is matched twice.
 */

enum { MATCHES_MAX_ = 128, ATOMS_MAX_ = 1024, GROUPS_MAX_ = 64, FINDINGS_MAX_ = 48 };

struct pattern {
    const char *smarts;
    struct chem_pattern *chem;
    int width;  /* its atoms */
    int *label; /* of each, 0 none */
    int *rows; /* of the present molecule; NULL when n is 0 */
    int n;
    bool done;
};

struct dl__engine {
    struct dl_rules *rules;
    struct pattern *patterns;
    size_t n_patterns, room;
    const struct chem_mol *mol; /* at work */
    struct chem_graph graph;
    struct laid *spare; /* for the next attempt; NULL: none yet */
};

/* What hangs at the scaffold as one piece. */
struct group {
    int atom[ATOMS_MAX_];
    int n;
    int n_bonds;   /* to the scaffold */
    int touch[16]; /* scaffold atoms it is bound to (molecule's numbers) */
    int root[16];  /* its own atoms there */
    int n_touch;
};

struct finding {
    int position, kind, choice, group;
};
enum { KIND_ORIGINAL_, KIND_CHANGED_, KIND_OPEN_, KIND_OPEN_ELSE_ };

/* A scaffold laid on the molecule. */
struct laid {
    const struct dl_rule *rule;
    const struct dl_rule_scaffold *scaffold;
    int *row, n_row;
    const struct pattern *pattern;
    int owner[ATOMS_MAX_]; /* -1 scaffold, else its group */
    int n_groups;
    struct finding finding[FINDINGS_MAX_];
    int n_findings, n_changed, n_open;
    struct group groups[GROUPS_MAX_]; /* large: a laid scaffold is used again, not cleared */
};

struct verdict {
    enum dl_rule_verdict verdict;
    int scaffold;
    struct laid *laid; /* owned */
};

/* ---- patterns ---- */

static enum dl_err add_pattern(struct dl__engine *e, const char *smarts, const char *where,
                               struct dl_error *error)
{
    for (size_t i = 0; i < e->n_patterns; i++) {
        if (strcmp(e->patterns[i].smarts, smarts) == 0) {
            return DL_OK;
        }
    }
    if (e->n_patterns == e->room) {
        e->room = e->room ? e->room * 2 : 256;
        e->patterns = realloc(e->patterns, e->room * sizeof *e->patterns);
        DL_ASSERT(e->patterns, "memory for patterns");
    }
    struct chem_pattern *chem = chem_pattern_new(smarts);
    if (chem == NULL) {
        return dl_error_set(error, DL_E_RULE, where, "%s: \"%s\" is no SMARTS: %s", where, smarts,
                            chem_why());
    }
    int width = chem_pattern_atoms(chem);
    int *label = calloc((size_t)width, sizeof *label);
    DL_ASSERT(label, "memory for labels");
    for (int i = 0; i < width; i++) {
        label[i] = chem_pattern_label(chem, i);
    }
    e->patterns[e->n_patterns++] =
        (struct pattern){.smarts = smarts, .chem = chem, .width = width, .label = label};
    return DL_OK;
}

static enum dl_err add_all(struct dl__engine *e, const char *const *smarts, size_t n,
                           const char *where, struct dl_error *error)
{
    for (size_t i = 0; i < n; i++) {
        DL_TRY(add_pattern(e, smarts[i], where, error));
    }
    return DL_OK;
}

static int compare_patterns(const void *a, const void *b)
{
    return strcmp(((const struct pattern *)a)->smarts, ((const struct pattern *)b)->smarts);
}

static struct pattern *pattern_of(struct dl__engine *e, const char *smarts)
{
    struct pattern key = {.smarts = smarts};
    struct pattern *found =
        bsearch(&key, e->patterns, e->n_patterns, sizeof *e->patterns, compare_patterns);
    DL_ASSERT(found, "every pattern of the rules was added");
    return found;
}

static struct pattern *matched(struct dl__engine *e, const char *smarts)
{
    struct pattern *p = pattern_of(e, smarts);
    if (!p->done) {
        p->n = chem_match(e->mol, p->chem, true, MATCHES_MAX_, &p->rows);
        p->done = true;
    }
    return p;
}

enum dl_err dl__engine_new(struct dl_rules *rules, struct dl__engine **out, struct dl_error *error)
{
    struct dl__engine *e = calloc(1, sizeof *e);
    DL_ASSERT(e, "memory for an engine");
    e->rules = rules;
    enum dl_err err = DL_OK;
    for (size_t i = 0; i < rules->n_classes && err == DL_OK; i++) {
        const struct dl_rule_class *c = &rules->class[i];
        err = add_all(e, c->root, c->n_root, c->name, error);
        err = err == DL_OK ? add_all(e, c->has, c->n_has, c->name, error) : err;
        err = err == DL_OK ? add_all(e, c->lacks, c->n_lacks, c->name, error) : err;
        err = err == DL_OK && c->only ? add_pattern(e, c->only, c->name, error) : err;
    }
    for (size_t i = 0; i < rules->n_rules && err == DL_OK; i++) {
        const struct dl_rule *rule = &rules->rule[i];
        for (size_t k = 0; k < rule->n_scaffolds && err == DL_OK; k++) {
            const struct dl_rule_scaffold *s = &rule->scaffold[k];
            err = add_all(e, s->smarts, s->n_smarts, rule->id, error);
            err = err == DL_OK ? add_all(e, s->lacks, s->n_lacks, rule->id, error) : err;
        }
    }
    if (err != DL_OK) {
        dl__engine_free(&e);
        return err;
    }
    qsort(e->patterns, e->n_patterns, sizeof *e->patterns, compare_patterns);
    *out = e;
    return DL_OK;
}

static void forget(struct dl__engine *e)
{
    for (size_t i = 0; i < e->n_patterns; i++) {
        free(e->patterns[i].rows);
        e->patterns[i].rows = NULL;
        e->patterns[i].n = 0;
        e->patterns[i].done = false;
    }
}

void dl__engine_free(struct dl__engine **engine)
{
    if (*engine == NULL) {
        return;
    }
    forget(*engine);
    for (size_t i = 0; i < (*engine)->n_patterns; i++) {
        chem_pattern_free((*engine)->patterns[i].chem);
        free((*engine)->patterns[i].label);
    }
    free((*engine)->patterns);
    free((*engine)->spare);
    free(*engine);
    *engine = NULL;
}

/* ---- classes ---- */

static bool within(int n, const int range[2])
{
    return range[1] < 0 || (n >= range[0] && n <= range[1]);
}

static bool holds(const struct laid *l, int group, int atom)
{
    return l->owner[atom] == group;
}

/* Whether a match of the pattern lies in the group, beginning at `root` when that is not -1. */
static bool occurs(struct dl__engine *e, const struct laid *l, const char *smarts, int group,
                   int root)
{
    const struct pattern *p = matched(e, smarts);
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
    return false;
}

static bool begins(struct dl__engine *e, const struct laid *l, const struct dl_rule_class *class,
                   int group)
{
    const struct group *g = &l->groups[group];
    for (size_t i = 0; i < class->n_root; i++) {
        for (int k = 0; k < g->n_touch; k++) {
            if (occurs(e, l, class->root[i], group, g->root[k])) {
                return true;
            }
        }
    }
    return class->n_root == 0;
}

static bool consists(struct dl__engine *e, const struct laid *l, const char *only, int group)
{
    if (only == NULL) {
        return true;
    }
    const struct pattern *p = matched(e, only);
    const struct group *g = &l->groups[group];
    for (int i = 0; i < g->n; i++) {
        bool one = e->graph.atoms[g->atom[i]].z == 1;
        for (int k = 0; k < p->n && !one; k++) {
            one = p->rows[k] == g->atom[i];
        }
        if (!one) {
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

static struct counts count(const struct dl__engine *e, const struct group *g)
{
    struct counts c = {0};
    for (int i = 0; i < g->n; i++) {
        const struct chem_atom *atom = &e->graph.atoms[g->atom[i]];
        c.carbons += atom->z == 6;
        c.heavy += atom->z > 1;
        c.hetero += atom->z > 1 && atom->z != 6;
        c.mass += mass_of(atom->z) + atom->n_h;
    }
    return c;
}

/* The longest path through a group's atoms that are in no ring. */
static int path_from(const struct dl__engine *e, const struct laid *l, int at, int before)
{
    int best = 0;
    for (int i = 0; i < e->graph.n_bonds; i++) {
        const struct chem_bond *b = &e->graph.bonds[i];
        int to = b->a == at ? b->b : b->b == at ? b->a : -1;
        if (to >= 0 && to != before && l->owner[to] == l->owner[at] &&
            !e->graph.atoms[to].in_ring && e->graph.atoms[to].z > 1) {
            int n = path_from(e, l, to, at); /* no rings: it ends */
            best = n > best ? n : best;
        }
    }
    return best + 1;
}

static int chain_of(const struct dl__engine *e, const struct laid *l, int group)
{
    const struct group *g = &l->groups[group];
    int best = 0;
    for (int i = 0; i < g->n; i++) {
        if (!e->graph.atoms[g->atom[i]].in_ring) {
            int n = path_from(e, l, g->atom[i], -1);
            best = n > best ? n : best;
        }
    }
    return best;
}

static bool belongs(struct dl__engine *e, const struct laid *l, int class, int carbons_max,
                    int group);

static bool belongs_to_any(struct dl__engine *e, const struct laid *l,
                           const struct dl_rule_class *class, int group)
{
    for (size_t i = 0; i < class->n_any; i++) {
        if (belongs(e, l, class->any[i], -1, group)) {
            return true;
        }
    }
    return class->n_any == 0;
}

static bool belongs(struct dl__engine *e, const struct laid *l, int class_index, int carbons_max,
                    int group)
{
    const struct dl_rule_class *class = &e->rules->class[class_index];
    const struct group *g = &l->groups[group];
    struct counts c = count(e, g);
    if ((class->bridged >= 0 && class->bridged != (g->n_bonds > 1)) ||
        !within(c.carbons, class->carbons) || !within(c.hetero, class->hetero) ||
        !within(c.heavy, class->heavy) || (carbons_max >= 0 && c.carbons > carbons_max) ||
        (class->mass_max >= 0 && c.mass > class->mass_max)) {
        return false;
    }
    if (!begins(e, l, class, group) || !consists(e, l, class->only, group) ||
        !belongs_to_any(e, l, class, group)) {
        return false;
    }
    for (size_t i = 0; i < class->n_has; i++) {
        if (!occurs(e, l, class->has[i], group, -1)) {
            return false;
        }
    }
    for (size_t i = 0; i < class->n_lacks; i++) {
        if (occurs(e, l, class->lacks[i], group, -1)) {
            return false;
        }
    }
    return class->chain[1] < 0 || within(chain_of(e, l, group), class->chain);
}

static bool uses(struct dl__engine *e, const struct laid *l, const struct dl_rule_use *use,
                 size_t n, int group)
{
    for (size_t i = 0; i < n; i++) {
        if (belongs(e, l, use[i].class, use[i].carbons_max, group)) {
            return true;
        }
    }
    return false;
}

/* ---- laying a scaffold ---- */

static int atom_of(const struct laid *l, int label)
{
    for (int i = 0; i < l->n_row; i++) {
        if (l->pattern->label[i] == label) {
            return l->row[i];
        }
    }
    return -1;
}

/* Pattern atoms that begin or belong to a position's group are no scaffold. */
static void mark_scaffold(struct laid *l, int n_atoms)
{
    enum { FREE = -2 };
    for (int i = 0; i < n_atoms; i++) {
        l->owner[i] = FREE;
    }
    for (int i = 0; i < l->n_row; i++) {
        l->owner[l->row[i]] = -1;
    }
    for (size_t i = 0; i < l->scaffold->n_positions; i++) {
        const struct dl_rule_position *p = &l->scaffold->position[i];
        int at = p->at ? atom_of(l, p->at) : -1;
        if (at >= 0) {
            l->owner[at] = FREE;
        }
        for (size_t k = 0; k < p->n_own; k++) {
            int own = atom_of(l, p->own[k]);
            if (own >= 0) {
                l->owner[own] = FREE;
            }
        }
    }
}

static void touch(struct group *g, int scaffold, int root)
{
    g->n_bonds++;
    if (g->n_touch < 16) {
        g->touch[g->n_touch] = scaffold;
        g->root[g->n_touch++] = root;
    }
}

/* Grows a group from an atom through everything that is no scaffold. */
static void grow(const struct dl__engine *e, struct laid *l, int from)
{
    struct group *g = &l->groups[l->n_groups];
    g->n = g->n_bonds = g->n_touch = 0;
    g->atom[g->n++] = from;
    l->owner[from] = l->n_groups;
    for (int i = 0; i < g->n; i++) {
        for (int k = 0; k < e->graph.n_bonds; k++) {
            const struct chem_bond *b = &e->graph.bonds[k];
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

static bool make_groups(const struct dl__engine *e, struct laid *l)
{
    for (int i = 0; i < e->graph.n_atoms; i++) {
        if (l->owner[i] < -1) {
            if (l->n_groups == GROUPS_MAX_) {
                return false;
            }
            grow(e, l, i);
        }
    }
    return true;
}

/* Whether a bond of a scaffold atom leads to a group that has a position of its own ("from", "at"):
 * then it is not one more substituent of that atom. */
static bool leads_to_own(const struct laid *l, int label, int root)
{
    for (size_t i = 0; i < l->scaffold->n_positions; i++) {
        const struct dl_rule_position *p = &l->scaffold->position[i];
        if (p->at != 0 && p->from == label && atom_of(l, p->at) == root) {
            return true;
        }
    }
    return false;
}

static bool is_at(const struct laid *l, const struct dl_rule_position *p, int group)
{
    const struct group *g = &l->groups[group];
    if (p->at) {
        int at = atom_of(l, p->at);
        return at >= 0 && l->owner[at] == group;
    }
    for (size_t i = 0; i < p->n_on; i++) {
        int on = atom_of(l, p->on[i]);
        for (int k = 0; k < g->n_touch; k++) {
            if (g->touch[k] == on && !leads_to_own(l, p->on[i], g->root[k])) {
                return true;
            }
        }
    }
    return false;
}

static bool note(struct laid *l, size_t position, int kind, size_t choice, int group)
{
    if (l->n_findings == FINDINGS_MAX_) {
        return false;
    }
    l->finding[l->n_findings++] = (struct finding){(int)position, kind, (int)choice, group};
    l->n_changed += kind == KIND_CHANGED_ || kind == KIND_OPEN_ || kind == KIND_OPEN_ELSE_;
    l->n_open += kind == KIND_OPEN_ || kind == KIND_OPEN_ELSE_;
    return true;
}

/* Closed choices come before open ones: what a clause plainly names is not in doubt. */
static bool judge_group(struct dl__engine *e, struct laid *l, size_t position, int group)
{
    const struct dl_rule_position *p = &l->scaffold->position[position];
    if (uses(e, l, p->original, p->n_original, group)) {
        return note(l, position, KIND_ORIGINAL_, 0, group);
    }
    for (int open = 0; open < 2; open++) {
        for (size_t i = 0; i < p->n_choices; i++) {
            if (p->choice[i].open == (open == 1) &&
                uses(e, l, p->choice[i].use, p->choice[i].n_uses, group)) {
                int kind = p->choice[i].uncounted ? KIND_ORIGINAL_ : KIND_CHANGED_;
                return note(l, position, open ? KIND_OPEN_ : kind, i, group);
            }
        }
    }
    return p->open && note(l, position, KIND_OPEN_ELSE_, 0, group);
}

static bool judge_position(struct dl__engine *e, struct laid *l, size_t position, bool *seen)
{
    const struct dl_rule_position *p = &l->scaffold->position[position];
    int n = 0;
    for (int g = 0; g < l->n_groups; g++) {
        if (is_at(l, p, g)) {
            seen[g] = true;
            n++;
            if (!judge_group(e, l, position, g)) {
                return false;
            }
        }
    }
    return (n > 0 || !p->required) && (p->max < 0 || n <= p->max);
}

static bool judge_rest(struct laid *l, const bool *seen)
{
    for (int g = 0; g < l->n_groups; g++) {
        if (seen[g] || l->groups[g].n_touch == 0) {
            continue;
        }
        if (l->scaffold->free == DL_RULE_FREE_NO) {
            return false;
        }
        if (l->scaffold->free == DL_RULE_FREE_OPEN &&
            !note(l, l->scaffold->n_positions, KIND_OPEN_ELSE_, 0, g)) {
            return false;
        }
    }
    return true;
}

static enum dl_rule_verdict judge(struct dl__engine *e, struct laid *l)
{
    bool seen[GROUPS_MAX_] = {false};
    mark_scaffold(l, e->graph.n_atoms);
    if (!make_groups(e, l)) {
        return DL_RULE_OUTSIDE;
    }
    for (size_t i = 0; i < l->scaffold->n_positions; i++) {
        if (!judge_position(e, l, i, seen)) {
            return DL_RULE_OUTSIDE;
        }
    }
    if (!judge_rest(l, seen) || l->n_changed + l->scaffold->changed < l->rule->min_changed) {
        return DL_RULE_OUTSIDE;
    }
    bool open = l->n_open > 0 || l->scaffold->open || l->rule->evidence_needed;
    return open ? DL_RULE_REVIEW : DL_RULE_INSIDE;
}

static struct laid *lay(struct dl__engine *e, const struct dl_rule *rule,
                        const struct dl_rule_scaffold *scaffold)
{
    struct laid *l = e->spare ? e->spare : malloc(sizeof *l);
    DL_ASSERT(l, "memory for a match");
    e->spare = NULL;
    l->rule = rule;
    l->scaffold = scaffold;
    l->n_groups = l->n_findings = l->n_changed = l->n_open = 0;
    return l;
}

static void lift(struct dl__engine *e, struct laid **l)
{
    if (e->spare == NULL) {
        e->spare = *l;
    } else {
        free(*l);
    }
    *l = NULL;
}

/* Fewer open findings are better, then fewer changes: the plainest reading is told. */
static bool is_better(enum dl_rule_verdict verdict, const struct laid *l,
                      const struct verdict *best)
{
    static const int rank[] = {0, 2, 1};
    if (rank[verdict] != rank[best->verdict]) {
        return rank[verdict] > rank[best->verdict];
    }
    return verdict != DL_RULE_OUTSIDE &&
           (l->n_open < best->laid->n_open ||
            (l->n_open == best->laid->n_open && l->n_changed < best->laid->n_changed));
}

static void try_pattern(struct dl__engine *e, const struct dl_rule *rule, int scaffold,
                        const char *smarts, struct verdict *best)
{
    struct pattern *p = matched(e, smarts);
    for (int i = 0; i < p->n; i++) {
        struct laid *l = lay(e, rule, &rule->scaffold[scaffold]);
        l->row = p->rows + (ptrdiff_t)i * p->width;
        l->n_row = p->width;
        l->pattern = p;
        enum dl_rule_verdict verdict = judge(e, l);
        if (is_better(verdict, l, best)) {
            lift(e, &best->laid);
            *best = (struct verdict){verdict, scaffold, l};
        } else {
            lift(e, &l);
        }
    }
}

static bool is_excluded(const struct dl_rule *rule, const char *block)
{
    return block != NULL && json_object_get(rule->exclude, block) != NULL;
}

static struct verdict hold(struct dl__engine *e, const struct dl_rule *rule, const char *block)
{
    struct verdict best = {DL_RULE_OUTSIDE, 0, NULL};
    if (is_excluded(rule, block) || (rule->mass_max >= 0 && chem_mass(e->mol) > rule->mass_max)) {
        return best;
    }
    for (size_t i = 0; i < rule->n_scaffolds && best.verdict != DL_RULE_INSIDE; i++) {
        const struct dl_rule_scaffold *s = &rule->scaffold[i];
        bool lacks = false;
        for (size_t k = 0; k < s->n_smarts; k++) {
            if (matched(e, s->smarts[k])->n == 0) {
                continue;
            }
            for (size_t j = 0; j < s->n_lacks; j++) {
                lacks = lacks || matched(e, s->lacks[j])->n > 0;
            }
            if (!lacks) {
                try_pattern(e, rule, (int)i, s->smarts[k], &best);
            }
        }
    }
    return best;
}

/* ---- answers ---- */

static void put_finding(const struct laid *l, const struct finding *f, struct dl_buf *out)
{
    const struct group *g = &l->groups[f->group];
    dl_buf_u16(out, (uint16_t)f->position);
    dl_buf_u8(out, (uint8_t)f->kind);
    dl_buf_u16(out, (uint16_t)f->choice);
    dl_buf_u16(out, (uint16_t)g->n);
    for (int i = 0; i < g->n; i++) {
        dl_buf_u16(out, (uint16_t)g->atom[i]);
    }
}

static void put_verdict(int rule, const struct verdict *v, struct dl_buf *out)
{
    const struct laid *l = v->laid;
    dl_buf_u8(out, DL_TAG_VERDICT);
    size_t block = dl_buf_block_open(out);
    dl_buf_u16(out, (uint16_t)rule);
    dl_buf_u8(out, (uint8_t)v->verdict);
    dl_buf_u16(out, (uint16_t)v->scaffold);
    dl_buf_u16(out, (uint16_t)l->n_findings);
    for (int i = 0; i < l->n_findings; i++) {
        put_finding(l, &l->finding[i], out);
    }
    uint16_t n = 0;
    for (int i = 0; i < l->n_row; i++) {
        n = (uint16_t)(n + (l->owner[l->row[i]] == -1));
    }
    dl_buf_u16(out, n);
    for (int i = 0; i < l->n_row; i++) {
        if (l->owner[l->row[i]] == -1) {
            dl_buf_u16(out, (uint16_t)l->row[i]);
        }
    }
    dl_buf_block_close(out, block);
}

static void begin(struct dl__engine *e, const struct chem_mol *mol)
{
    e->mol = mol;
    e->graph = chem_graph_of(mol);
    DL_ASSERT(e->graph.n_atoms <= ATOMS_MAX_, "a structure within its limits");
}

void dl__engine_run(struct dl__engine *e, const struct chem_mol *mol, const char *block,
                    struct dl_buf *out)
{
    begin(e, mol);
    for (size_t i = 0; i < e->rules->n_rules; i++) {
        struct verdict v = hold(e, &e->rules->rule[i], block);
        if (v.verdict != DL_RULE_OUTSIDE) {
            put_verdict((int)i, &v, out);
        }
        lift(e, &v.laid);
    }
    forget(e);
}

static size_t put_marks(const struct laid *l, struct chem_mark *marks, size_t max)
{
    size_t n = 0;
    for (int k = 0; k < l->n_row && n < max; k++) {
        if (l->owner[l->row[k]] == -1) {
            marks[n++] = (struct chem_mark){l->row[k], 0};
        }
    }
    for (int k = 0; k < l->n_findings; k++) {
        const struct finding *f = &l->finding[k];
        const struct group *g = &l->groups[f->group];
        for (int j = 0; f->kind != KIND_ORIGINAL_ && j < g->n && n < max; j++) {
            marks[n++] = (struct chem_mark){g->atom[j], f->kind == KIND_CHANGED_ ? 1 : 2};
        }
    }
    return n;
}

size_t dl__engine_marks(struct dl__engine *e, const struct chem_mol *mol, int *rule,
                        struct chem_mark *marks, size_t max)
{
    size_t n = 0;
    int best = -1;
    begin(e, mol);
    for (size_t i = 0; i < e->rules->n_rules; i++) {
        if (*rule >= 0 && (int)i != *rule) {
            continue;
        }
        struct verdict v = hold(e, &e->rules->rule[i], NULL);
        int worth = v.verdict == DL_RULE_OUTSIDE ? -1
                                                 : v.laid->n_findings +
                                                       (v.verdict == DL_RULE_INSIDE ? 100 : 0);
        if (worth > best) {
            best = worth;
            *rule = (int)i;
            n = put_marks(v.laid, marks, max);
        }
        lift(e, &v.laid);
    }
    forget(e);
    return n;
}
