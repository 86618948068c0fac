#include "registry/structure_worker_laid.h"

#include "registry/structure_worker.h"

#include <stdlib.h>
#include <string.h>

/* How one scaffold is held against one molecule: match the pattern, lay it on the molecule, and
 * judge each group that hangs at it: it must be what its position has originally or allows. The
 * verdict of a rule is the best of all its scaffolds and of all ways to lay them on the molecule.
 * Patterns are matched against the whole molecule, once for all rules, and only then confined to a
 * group: none can look back into the scaffold and none is matched twice.
 */

struct dl__engine {
    struct dl_rules *rules;
    struct dl__patterns *patterns;
    const struct chem_mol *mol; /* at work */
    struct chem_graph graph;
    struct dl__laid *spare; /* for the next attempt; NULL: none yet */
};

struct verdict {
    enum dl_rule_verdict verdict;
    int scaffold;
    struct dl__laid *laid; /* owned; NULL while the verdict is outside */
};

enum dl_err dl__engine_new(struct dl_rules *rules, struct dl__engine **out, struct dl_error *error)
{
    struct dl__patterns *patterns = NULL;
    DL_TRY(dl__patterns_new(rules, &patterns, error));
    struct dl__engine *e = calloc(1, sizeof *e);
    DL_ASSERT(e, "memory for an engine");
    e->rules = rules;
    e->patterns = patterns;
    *out = e;
    return DL_OK;
}

void dl__engine_free(struct dl__engine **engine)
{
    if (*engine == NULL) {
        return;
    }
    dl__patterns_free(&(*engine)->patterns);
    free((*engine)->spare);
    free(*engine);
    *engine = NULL;
}

/* ---- judging ---- */

/* Whether a bond of a scaffold atom leads to a group that has a position of its own ("from", "at"):
 * then it is not one more substituent of that atom. */
static bool leads_to_own(const struct dl__laid *l, int label, int root)
{
    for (size_t i = 0; i < l->scaffold->n_positions; i++) {
        const struct dl_rule_position *p = &l->scaffold->position[i];
        if (p->at != 0 && p->from == label && dl__laid_atom(l, p->at) == root) {
            return true;
        }
    }
    return false;
}

static bool is_at(const struct dl__laid *l, const struct dl_rule_position *p, int group)
{
    const struct dl__group *g = &l->group[group];
    if (p->at) {
        int at = dl__laid_atom(l, p->at);
        return at >= 0 && l->owner[at] == group;
    }
    for (size_t i = 0; i < p->n_on; i++) {
        int on = dl__laid_atom(l, p->on[i]);
        for (int k = 0; k < g->n_touch; k++) {
            if (g->touch[k] == on && !leads_to_own(l, p->on[i], g->root[k])) {
                return true;
            }
        }
    }
    return false;
}

/* `counts`: it is, or may be, one of the law's modifications. */
static bool note(struct dl__laid *l, struct dl__finding finding, bool counts)
{
    bool open = finding.kind == DL__KIND_OPEN || finding.kind == DL__KIND_OPEN_ELSE;
    if (l->n_findings == DL__FINDINGS_MAX - 1) { /* the last is kept for saying so */
        l->unsure = true;
        return false;
    }
    l->finding[l->n_findings++] = finding;
    l->n_changed += counts;
    l->n_open += open;
    return true;
}

/* Closed choices come before open ones: what a clause plainly names is not in doubt. */
static bool judge_group(struct dl__laid *l, int position, int group)
{
    const struct dl_rule_position *p = &l->scaffold->position[position];
    struct dl__finding finding = {position, DL__KIND_ORIGINAL, 0, group};
    if (dl__laid_uses(l, p->original, p->n_original, group)) {
        return note(l, finding, false);
    }
    for (int open = 0; open < 2; open++) {
        for (size_t i = 0; i < p->n_choices; i++) {
            if (p->choice[i].open == (open == 1) &&
                dl__laid_uses(l, p->choice[i].use, p->choice[i].n_uses, group)) {
                bool counts = !p->choice[i].uncounted;
                finding.choice = (int)i;
                finding.kind = open ? DL__KIND_OPEN : counts ? DL__KIND_CHANGED : DL__KIND_ORIGINAL;
                return note(l, finding, counts);
            }
        }
    }
    finding.kind = DL__KIND_OPEN_ELSE;
    return p->open && note(l, finding, true);
}

static bool judge_position(struct dl__laid *l, size_t position, bool *seen)
{
    const struct dl_rule_position *p = &l->scaffold->position[position];
    int n = 0;
    for (int g = 0; g < l->n_groups; g++) {
        if (is_at(l, p, g)) {
            seen[g] = true;
            n++;
            if (!judge_group(l, (int)position, g)) {
                return false;
            }
        }
    }
    return (n > 0 || !p->required) && (p->max < 0 || n <= p->max);
}

static bool judge_rest(struct dl__laid *l, const bool *seen)
{
    for (int g = 0; g < l->n_groups; g++) {
        if (seen[g] || l->group[g].n_touch == 0) {
            continue;
        }
        if (l->scaffold->free == DL_RULE_FREE_NO) {
            return false;
        }
        struct dl__finding beside = {(int)l->scaffold->n_positions, DL__KIND_OPEN_ELSE, 0, g};
        if (l->scaffold->free == DL_RULE_FREE_OPEN && !note(l, beside, false)) {
            return false;
        }
    }
    return true;
}

static enum dl_rule_verdict look_at(struct dl__laid *l)
{
    bool seen[DL__GROUPS_MAX] = {false};
    if (!dl__laid_divide(l)) {
        return DL_RULE_OUTSIDE;
    }
    for (size_t i = 0; i < l->scaffold->n_positions; i++) {
        if (!judge_position(l, i, seen)) {
            return DL_RULE_OUTSIDE;
        }
    }
    if (!judge_rest(l, seen) || l->n_changed + l->scaffold->changed < l->rule->min_changed) {
        return DL_RULE_OUTSIDE;
    }
    bool open = l->n_open > 0 || l->scaffold->open || l->rule->evidence_needed;
    return open ? DL_RULE_REVIEW : DL_RULE_INSIDE;
}

static void note_cut(struct dl__laid *l)
{
    l->finding[l->n_findings++] =
        (struct dl__finding){(int)l->scaffold->n_positions, DL__KIND_CUT, 0, -1};
}

/* Inside must be plain: not where something that the words forbid may have been overlooked. */
static enum dl_rule_verdict judge(struct dl__laid *l)
{
    enum dl_rule_verdict verdict = look_at(l);
    if (l->unsure && verdict != DL_RULE_OUTSIDE) {
        note_cut(l);
        verdict = DL_RULE_REVIEW;
    }
    return verdict;
}

static struct dl__laid *lay(struct dl__engine *e, const struct dl_rule *rule,
                            const struct dl_rule_scaffold *scaffold)
{
    struct dl__laid *l = e->spare ? e->spare : malloc(sizeof *l);
    DL_ASSERT(l, "memory for a match");
    e->spare = NULL;
    l->rules = e->rules;
    l->patterns = e->patterns;
    l->graph = e->graph;
    l->rule = rule;
    l->scaffold = scaffold;
    l->n_groups = l->n_findings = l->n_changed = l->n_open = 0;
    l->unsure = false;
    return l;
}

static void lift(struct dl__engine *e, struct dl__laid **l)
{
    if (e->spare == NULL) {
        e->spare = *l;
    } else {
        free(*l);
    }
    *l = NULL;
}

/* Fewer open findings are better, then fewer changes: the plainest reading is told. */
static bool is_better(enum dl_rule_verdict verdict, const struct dl__laid *l,
                      const struct verdict *best)
{
    if (verdict == DL_RULE_OUTSIDE || best->laid == NULL) {
        return verdict != DL_RULE_OUTSIDE;
    }
    if (verdict != best->verdict) {
        return verdict == DL_RULE_INSIDE;
    }
    return l->n_open < best->laid->n_open ||
           (l->n_open == best->laid->n_open && l->n_changed < best->laid->n_changed);
}

/* Tries every way; true when a maximum stood before an answer, in one way at least. */
static bool try_pattern(struct dl__engine *e, const struct dl_rule *rule, int scaffold,
                        const struct dl__pattern *pattern, struct verdict *best)
{
    bool unsure = pattern->cut;
    for (int i = 0; i < pattern->n; i++) {
        struct dl__laid *l = lay(e, rule, &rule->scaffold[scaffold]);
        l->pattern = pattern;
        l->row = pattern->rows + (ptrdiff_t)i * pattern->width;
        enum dl_rule_verdict verdict = judge(l);
        unsure = unsure || l->unsure;
        if (is_better(verdict, l, best)) {
            lift(e, &best->laid);
            *best = (struct verdict){verdict, scaffold, l};
        } else {
            lift(e, &l);
        }
    }
    return unsure;
}

/* What was not found within the maxima is no "outside": a person must look. */
static void leave_open(struct dl__engine *e, const struct dl_rule *rule, int scaffold,
                       const struct dl__pattern *pattern, struct verdict *best)
{
    struct dl__laid *l = lay(e, rule, &rule->scaffold[scaffold]);
    l->pattern = pattern;
    l->row = pattern->rows;
    (void)dl__laid_divide(l);
    note_cut(l);
    l->n_open = DL__FINDINGS_MAX; /* any other reading is plainer */
    *best = (struct verdict){DL_RULE_REVIEW, scaffold, l};
}

static bool is_excluded(const struct dl_rule *rule, const char *block)
{
    return block != NULL && json_object_get(rule->exclude, block) != NULL;
}

static bool lacks_all(struct dl__engine *e, const struct dl_rule_scaffold *s)
{
    for (size_t i = 0; i < s->n_lacks; i++) {
        if (dl__patterns_match(e->patterns, s->lacks[i])->n > 0) {
            return false;
        }
    }
    return true;
}

static struct verdict hold(struct dl__engine *e, const struct dl_rule *rule, const char *block)
{
    struct verdict best = {DL_RULE_OUTSIDE, 0, NULL};
    if (is_excluded(rule, block) || (rule->mass_max >= 0 && chem_mass(e->mol) > rule->mass_max)) {
        return best;
    }
    for (size_t i = 0; i < rule->n_scaffolds && best.verdict != DL_RULE_INSIDE; i++) {
        const struct dl_rule_scaffold *s = &rule->scaffold[i];
        for (size_t k = 0; k < s->n_smarts; k++) {
            const struct dl__pattern *pattern = dl__patterns_match(e->patterns, s->smarts[k]);
            if (pattern->n > 0 && lacks_all(e, s) && try_pattern(e, rule, (int)i, pattern, &best) &&
                best.laid == NULL) {
                leave_open(e, rule, (int)i, pattern, &best);
            }
        }
    }
    return best;
}

/* ---- answers ---- */

static void put_finding(const struct dl__laid *l, const struct dl__finding *f, struct dl_buf *out)
{
    const struct dl__group *g = f->group < 0 ? NULL : &l->group[f->group];
    int n = g ? g->n : 0;
    dl_buf_u16(out, (uint16_t)f->position);
    dl_buf_u8(out, (uint8_t)f->kind);
    dl_buf_u16(out, (uint16_t)f->choice);
    dl_buf_u16(out, (uint16_t)n);
    for (int i = 0; i < n; i++) {
        dl_buf_u16(out, (uint16_t)g->atom[i]);
    }
}

static void put_verdict(int rule, const struct verdict *v, struct dl_buf *out)
{
    const struct dl__laid *l = v->laid;
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
    for (int i = 0; i < l->pattern->width; i++) {
        n = (uint16_t)(n + (l->owner[l->row[i]] == -1));
    }
    dl_buf_u16(out, n);
    for (int i = 0; i < l->pattern->width; i++) {
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
    dl__patterns_hold(e->patterns, mol);
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
}

static size_t mark_scaffold(const struct dl__laid *l, struct chem_mark *marks, size_t max)
{
    size_t n = 0;
    for (int i = 0; i < l->pattern->width && n < max; i++) {
        if (l->owner[l->row[i]] == -1) {
            marks[n++] = (struct chem_mark){.atom = l->row[i]};
        }
    }
    return n;
}

static size_t mark_finding(const struct dl__laid *l, const struct dl__finding *f, int note,
                           struct chem_mark *marks, size_t max)
{
    const struct dl__group *g = &l->group[f->group];
    int root = g->n_touch > 0 ? g->root[0] : g->atom[0];
    size_t n = 0;
    for (int i = 0; i < g->n && n < max; i++) {
        marks[n++] = (struct chem_mark){g->atom[i], f->kind == DL__KIND_CHANGED ? 1 : 2,
                                        g->atom[i] == root ? note : 0};
    }
    return n;
}

size_t dl__engine_marks(struct dl__engine *e, const struct chem_mol *mol, int rule,
                        struct chem_mark *marks, size_t max)
{
    size_t n = 0;
    int note = 0;
    begin(e, mol);
    struct verdict v = hold(e, &e->rules->rule[rule], NULL);
    if (v.laid != NULL) {
        n = mark_scaffold(v.laid, marks, max);
        for (int i = 0; i < v.laid->n_findings; i++) {
            const struct dl__finding *f = &v.laid->finding[i];
            if (f->kind != DL__KIND_ORIGINAL && f->group >= 0) {
                n += mark_finding(v.laid, f, ++note, marks + n, max - n);
            }
        }
    }
    lift(e, &v.laid);
    return n;
}
