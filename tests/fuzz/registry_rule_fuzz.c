/* Any octets as the classes file and one rule file, split at the first zero octet: reading ends in
 * rules whose every number points inside them, or in an error and nothing. */
#include "registry/rule.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_uses(const struct dl_rules *rules, const struct dl_rule_use *use, size_t n)
{
    DL_ASSERT(n <= DL_RULE_USES, "no more than there is room for");
    for (size_t i = 0; i < n; i++) {
        DL_ASSERT(use[i].class >= 0 && (size_t)use[i].class < rules->n_classes, "a class");
    }
}

static void check_scaffold(const struct dl_rules *rules, const struct dl_rule_scaffold *scaffold)
{
    DL_ASSERT(scaffold->n_positions <= DL_RULE_POSITIONS, "no more than there is room for");
    DL_ASSERT(scaffold->n_smarts >= 1 && scaffold->n_smarts <= DL_RULE_PATTERNS, "patterns");
    for (size_t i = 0; i < scaffold->n_positions; i++) {
        const struct dl_rule_position *position = &scaffold->position[i];
        check_uses(rules, position->original, position->n_original);
        DL_ASSERT(position->n_choices <= DL_RULE_CHOICES, "no more than there is room for");
        for (size_t k = 0; k < position->n_choices; k++) {
            check_uses(rules, position->choice[k].use, position->choice[k].n_uses);
        }
    }
}

static void check_rule(const struct dl_rules *rules, const struct dl_rule *rule)
{
    DL_ASSERT(dl_rules_find(rules, dl_view_str(rule->id)) >= 0, "it is found by its name");
    DL_ASSERT(rule->n_scaffolds > 0, "it says something");
    for (size_t i = 0; i < rule->n_scaffolds; i++) {
        check_scaffold(rules, &rule->scaffold[i]);
    }
    for (size_t i = 0; i < dl_rule_n_tests(rule); i++) {
        DL_ASSERT(dl_rule_test_at(rule, i).expected <= DL_RULE_REVIEW, "a label");
    }
    (void)dl_rule_in_force(rule, "2026-10-01");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_error error;
    struct dl_rules *rules = NULL;
    const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
    size_t first = zero ? (size_t)(zero - data) : size;
    struct dl_rule_source sources[2] = {{dl_view_str("classes.json"), dl_view_of(data, first)},
                                        {dl_view_str("a.json"), dl_view_of(NULL, 0)}};
    if (zero) {
        sources[1].text = dl_view_of(zero + 1, size - first - 1);
    }
    if (dl_rules_parse(sources, zero ? 2 : 1, &rules, &error) != DL_OK) {
        DL_ASSERT(rules == NULL, "nothing comes of an error");
        return 0;
    }
    for (size_t i = 0; i < rules->n_rules; i++) {
        check_rule(rules, &rules->rule[i]);
    }
    dl_rules_free(&rules);
    return 0;
}
