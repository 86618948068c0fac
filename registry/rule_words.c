#include "registry/relation.h"

#include <stdlib.h>

enum { ATOMS_TOLD_ = 24, ATOMS_MAX_ = 1024 };

static const char *const colon[] = {": ", "："};
static const char *const semicolon[] = {"; ", "；"};

static struct dl_view in(enum dl_lang lang, struct dl_rule_text text)
{
    return lang == DL_LANG_ZH ? text.zh : text.en;
}

static int compare_numbers(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* From 1, as they are counted in the structure's text. */
static void put_atoms(struct dl_buf *out, struct dl_view atoms, enum dl_lang lang)
{
    int numbers[ATOMS_MAX_];
    size_t n = atoms.n / 2 < ATOMS_MAX_ ? atoms.n / 2 : ATOMS_MAX_;
    for (size_t i = 0; i < n; i++) {
        numbers[i] = (atoms.p[2 * i] << 8 | atoms.p[2 * i + 1]) + 1;
    }
    qsort(numbers, n, sizeof numbers[0], compare_numbers);
    if (n == 0) {
        return;
    }
    dl_buf_put_str(out, lang == DL_LANG_ZH ? "（原子 " : " (atoms ");
    for (size_t i = 0; i < n && i < ATOMS_TOLD_; i++) {
        dl_buf_printf(out, "%s%d", i > 0 ? "," : "", numbers[i]);
    }
    dl_buf_put_str(out, n > ATOMS_TOLD_ ? ",..." : "");
    dl_buf_put_str(out, lang == DL_LANG_ZH ? "）" : ")");
}

void dl_rule_explain_finding(const struct dl_rule_scaffold *scaffold,
                             const struct dl_worker_finding *finding, enum dl_lang lang,
                             struct dl_buf *out)
{
    const struct dl_rule_position *position =
        finding->position < scaffold->n_positions ? &scaffold->position[finding->position] : NULL;
    if (finding->kind == DL_FOUND_CUT) {
        dl_buf_put_str(out,
                       lang == DL_LANG_ZH
                           ? "该结构与此骨架的对应方式或取代基多于可逐一核对的数目，须由专家判断"
                           : "the structure has more ways to fit, or more groups, than are "
                             "looked at: whether the rule reaches it must be judged by hand");
    } else if (position == NULL) {
        dl_buf_put_view(out, in(lang, scaffold->reason));
    } else {
        dl_buf_put_view(out, in(lang, position->name));
        dl_buf_put_str(out, colon[lang == DL_LANG_ZH]);
        const struct dl_rule_choice *choice = &position->choice[finding->choice];
        bool chosen = finding->kind != DL_FOUND_OTHER;
        dl_buf_put_view(out, in(lang, chosen ? choice->clause : position->reason));
        if (finding->kind == DL_FOUND_OPEN) {
            dl_buf_put_str(out, lang == DL_LANG_ZH ? "——" : " - ");
            dl_buf_put_view(out, in(lang, choice->reason));
        }
    }
    put_atoms(out, finding->atoms, lang);
}

void dl_rule_explain_before(const struct dl_rule *rule, enum dl_lang lang, struct dl_buf *out)
{
    dl_buf_put_str(out, semicolon[lang == DL_LANG_ZH]);
    dl_buf_put_view(out, in(lang, rule->before));
}

void dl_rule_explain(const struct dl_rules *rules, const struct dl_worker_verdict *verdict,
                     enum dl_lang lang, struct dl_buf *out)
{
    DL_ASSERT(verdict->rule < rules->n_rules, "a verdict that was checked");
    const struct dl_rule *rule = &rules->rule[verdict->rule];
    const struct dl_rule_scaffold *scaffold = &rule->scaffold[verdict->scaffold];
    struct dl_worker_verdict left = *verdict;
    struct dl_worker_finding finding;
    dl_buf_put_view(out, in(lang, rule->title));
    dl_buf_printf(out, lang == DL_LANG_ZH ? "（%s v%.*s）" : " (%s v%.*s)", rule->id,
                  DL_VIEW_ARG(rule->version));
    dl_buf_put_str(out, colon[lang == DL_LANG_ZH]);
    dl_buf_put_view(out, in(lang, scaffold->name));
    while (dl_worker_finding_next(&left, &finding)) {
        if (finding.kind != DL_FOUND_ORIGINAL) {
            dl_buf_put_str(out, semicolon[lang == DL_LANG_ZH]);
            dl_rule_explain_finding(scaffold, &finding, lang, out);
        }
    }
    if (scaffold->open) {
        dl_buf_put_str(out, semicolon[lang == DL_LANG_ZH]);
        dl_buf_put_view(out, in(lang, scaffold->reason));
    }
    if (rule->evidence_needed) {
        dl_buf_put_str(out, semicolon[lang == DL_LANG_ZH]);
        dl_buf_put_view(out, in(lang, rule->evidence));
    }
}
