/* Any octets as the structure worker's answer: the worker reads hostile input, so what it says is
 * hostile too. Views stay inside the block, and what verdicts number exists in the rules. */
#include "registry/worker.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char CLASSES[] = "{\"classes\":{\"any\":{\"root\":\"C\"}}}";
static const char RULE[] =
    "{\"id\":\"R\",\"jurisdiction\":\"XX\",\"from\":\"2020-01-01\",\"title\":\"T\","
    "\"version\":\"1\",\"wording\":{\"en\":\"w\",\"level\":\"l\"},\"tests\":{},"
    "\"instrument\":\"I\",\"listings\":[[\"X\",\"1\"]],\"scaffolds\":[{\"name\":\"s\","
    "\"smarts\":\"[C:1]\",\"positions\":[{\"name\":\"p\",\"on\":[1],\"allow\":[{\"clause\":\"1\","
    "\"classes\":[\"any\"]}]}]}]}";

static const struct dl_rules *rules(void)
{
    static struct dl_rules *made;
    if (made == NULL) {
        struct dl_error error;
        const struct dl_rule_source sources[] = {{dl_view_str("classes"), dl_view_str(CLASSES)},
                                                 {dl_view_str("rule"), dl_view_str(RULE)}};
        enum dl_err err = dl_rules_parse(sources, 2, &made, &error);
        DL_ASSERT(err == DL_OK, "our own rules are valid");
    }
    return made;
}

static void check_inside(struct dl_view whole, struct dl_view part)
{
    DL_ASSERT(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n),
              "a view of the block");
}

static void check_verdict(struct dl_view block, struct dl_worker_verdict verdict)
{
    struct dl_worker_finding finding;
    DL_ASSERT(verdict.rule < rules()->n_rules, "a rule");
    const struct dl_rule *rule = &rules()->rule[verdict.rule];
    DL_ASSERT(verdict.scaffold < rule->n_scaffolds, "a scaffold");
    const struct dl_rule_scaffold *scaffold = &rule->scaffold[verdict.scaffold];
    size_t n = 0;
    while (dl_worker_finding_next(&verdict, &finding)) {
        check_inside(block, finding.atoms);
        DL_ASSERT(finding.position <= scaffold->n_positions, "a position, or none of them");
        n++;
    }
    DL_ASSERT(n == verdict.n_findings, "as many as it says");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dl_worker_answer answer; /* large */
    struct dl_view block = dl_view_of(data, size);
    if (dl_worker_decode(block, rules(), &answer) != DL_OK) {
        return 0;
    }
    const struct dl_view views[] = {answer.refusal,         answer.smiles,   answer.formula,
                                    answer.inchi,           answer.inchikey, answer.parent_smiles,
                                    answer.parent_inchikey, answer.print,    answer.svg};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        check_inside(block, views[i]);
    }
    DL_ASSERT(answer.parent_inchikey.n == 0 || answer.parent_inchikey.n == 27, "a whole key");
    DL_ASSERT(answer.n_verdicts <= DL_VERDICTS_MAX, "no more than there is room for");
    for (size_t i = 0; i < answer.n_verdicts; i++) {
        check_verdict(block, answer.verdict[i]);
    }
    return 0;
}
