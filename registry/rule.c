#include "registry/rule.h"

#include <stdlib.h>
#include <string.h>

static void free_scaffolds(struct dl_rule *rule)
{
    for (size_t i = 0; i < rule->n_scaffolds; i++) {
        struct dl_rule_scaffold *scaffold = &rule->scaffold[i];
        for (size_t k = 0; k < scaffold->n_positions; k++) {
            free(scaffold->position[k].choice);
        }
        free(scaffold->position);
    }
    free(rule->scaffold);
}

void dl_rules_free(struct dl_rules **rules)
{
    if (*rules == NULL) {
        return;
    }
    for (size_t i = 0; i < (*rules)->n_rules; i++) {
        free_scaffolds(&(*rules)->rule[i]);
    }
    for (size_t i = 0; i < (*rules)->n_files; i++) {
        json_decref((*rules)->file[i].json);
    }
    free((*rules)->file);
    free((*rules)->rule);
    free((*rules)->class);
    free((*rules)->pattern);
    free(*rules);
    *rules = NULL;
}

void dl_rules_drop_tests(struct dl_rules *rules)
{
    for (size_t i = 0; i < rules->n_rules; i++) {
        rules->rule[i].tests = NULL;
    }
    for (size_t i = 0; i < rules->n_files; i++) {
        json_object_del(rules->file[i].json, "tests");
    }
}

int dl_rules_find(const struct dl_rules *rules, struct dl_view id)
{
    for (size_t i = 0; i < rules->n_rules; i++) {
        if (dl_view_is(id, rules->rule[i].id)) {
            return (int)i;
        }
    }
    return -1;
}

static const char *const groups[] = {"outside", "inside", "undecided"};

size_t dl_rule_n_tests(const struct dl_rule *rule)
{
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        n += json_array_size(json_object_get(rule->tests, groups[i]));
    }
    return n;
}

static struct dl_view text_at(json_t *pair, size_t i)
{
    json_t *text = json_array_get(pair, i);
    return dl_view_of(json_string_value(text), json_string_length(text));
}

struct dl_rule_test dl_rule_test_at(const struct dl_rule *rule, size_t i)
{
    for (int g = 0; g < 3; g++) {
        json_t *group = json_object_get(rule->tests, groups[g]);
        if (i < json_array_size(group)) {
            json_t *pair = json_array_get(group, i);
            return (struct dl_rule_test){text_at(pair, 0), text_at(pair, 1), text_at(pair, 2), g};
        }
        i -= json_array_size(group);
    }
    DL_ASSERT(false, "an index below dl_rule_n_tests");
}

enum dl_rule_reach dl_rule_reach_on(const struct dl_rule *rule, const char *day)
{
    DL_ASSERT(strlen(day) == 10, "a day");
    if (memcmp(day, rule->from.p, 10) < 0) {
        bool something = rule->before.en.n > 0 &&
                         (rule->before_from.n != 10 || memcmp(day, rule->before_from.p, 10) >= 0);
        return something ? DL_RULE_BEFORE : DL_RULE_NO_LAW;
    }
    bool over = rule->until.n == 10 && memcmp(day, rule->until.p, 10) >= 0;
    return over ? DL_RULE_NO_LAW : DL_RULE_LAW;
}

bool dl_rule_in_force(const struct dl_rule *rule, const char *day)
{
    return dl_rule_reach_on(rule, day) == DL_RULE_LAW;
}

const char *dl_rule_verdict_name(enum dl_rule_verdict verdict)
{
    static const char *const names[] = {"outside", "inside", "needs-review"};
    DL_ASSERT((unsigned)verdict <= DL_RULE_REVIEW, "a verdict");
    return names[verdict];
}
