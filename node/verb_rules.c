#include "base/json.h"
#include "node/asking.h"

#include <stdio.h>

/* What the test substances of one rule came to. Inside is the positive answer; a substance whose
 * label is undecided counts as right when the answer is needs-review. */
struct tally {
    int right, wrong, refused;
    int inside_inside, outside_inside, inside_missed;
};

static void put_miss(struct dl_call *call, const struct dl_rule *rule,
                     const struct dl_rule_test *test, const char *got)
{
    if (!call->json) {
        dl_call_print(call, "  %s: %.*s is %s, expected %s\n", rule->id, DL_VIEW_ARG(test->name),
                      got, dl_rule_verdict_name((enum dl_rule_verdict)test->expected));
    }
}

static enum dl_rule_verdict verdict_of(const struct dl_worker_answer *answer, size_t rule)
{
    for (size_t i = 0; i < answer->n_verdicts; i++) {
        if (answer->verdict[i].rule == rule) {
            return answer->verdict[i].verdict;
        }
    }
    return DL_RULE_OUTSIDE;
}

static void count(struct dl_call *call, const struct dl_rule *rule, const struct dl_rule_test *test,
                  enum dl_rule_verdict got, struct tally *tally)
{
    bool right = (int)got == test->expected;
    tally->right += right;
    tally->wrong += !right;
    tally->inside_inside += test->expected == DL_RULE_INSIDE && got == DL_RULE_INSIDE;
    tally->inside_missed += test->expected == DL_RULE_INSIDE && got != DL_RULE_INSIDE;
    tally->outside_inside += test->expected != DL_RULE_INSIDE && got == DL_RULE_INSIDE;
    if (!right) {
        put_miss(call, rule, test, dl_rule_verdict_name(got));
    }
}

static enum dl_err check_rule(struct dl_call *call, struct dl_asking *asking, size_t index,
                              struct tally *tally, struct dl_error *error)
{
    const struct dl_rule *rule = &dl_worker_rules(asking->worker)->rule[index];
    size_t n = dl_rule_n_tests(rule);
    size_t put = 0;
    for (size_t taken = 0; taken < n; taken++) {
        struct dl_worker_answer answer;
        while (put < n && dl_worker_waiting(asking->worker) < DL_WORKER_IN_FLIGHT) {
            struct dl_rule_test next = dl_rule_test_at(rule, put++);
            struct dl_worker_ask ask = {.text = next.smiles, .wants = DL_WANT_RULES, .rule = -1};
            DL_TRY(dl_worker_put(asking->worker, &ask, error));
        }
        struct dl_rule_test test = dl_rule_test_at(rule, taken);
        DL_TRY(dl_worker_take(asking->worker, &answer, error));
        if (!answer.understood) {
            tally->refused++;
            put_miss(call, rule, &test, "refused");
        } else {
            count(call, rule, &test, verdict_of(&answer, index), tally);
        }
    }
    return DL_OK;
}

/* Of a hundred, or -1 where nothing was to be found. */
static int percent(int part, int whole)
{
    return whole > 0 ? (100 * part + whole / 2) / whole : -1;
}

static void put_share(struct dl_buf *out, const char *key, int share)
{
    dl_buf_printf(out, ",\"%s\":", key);
    if (share < 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_buf_printf(out, "%d", share);
    }
}

static void put_rule(struct dl_call *call, struct dl_buf *out, const struct dl_rule *rule,
                     const struct tally *t)
{
    int precision = percent(t->inside_inside, t->inside_inside + t->outside_inside);
    int recall = percent(t->inside_inside, t->inside_inside + t->inside_missed);
    int n = t->right + t->wrong + t->refused;
    if (!call->json) {
        char shares[2][16] = {"-", "-"};
        if (precision >= 0) {
            snprintf(shares[0], sizeof shares[0], "%d%%", precision);
        }
        if (recall >= 0) {
            snprintf(shares[1], sizeof shares[1], "%d%%", recall);
        }
        dl_buf_printf(out, "%-28s %.*s  %4d %s, %d %s  %s %s  %s %s\n", rule->id,
                      DL_VIEW_ARG(rule->from), n, DL_SAY(call, "substances", "个物质"),
                      n - t->right, DL_SAY(call, "wrong", "不符"),
                      DL_SAY(call, "precision", "准确率"), shares[0],
                      DL_SAY(call, "recall", "召回率"), shares[1]);
        return;
    }
    dl_buf_printf(out, "{\"rule\":\"%s\",\"version\":", rule->id);
    dl_json_put_string(out, rule->version);
    dl_buf_put_str(out, ",\"jurisdiction\":");
    dl_json_put_string(out, rule->jurisdiction);
    dl_buf_printf(out, ",\"substances\":%d,\"right\":%d,\"wrong\":%d,\"refused\":%d", n, t->right,
                  t->wrong, t->refused);
    put_share(out, "precision_percent", precision);
    put_share(out, "recall_percent", recall);
    dl_buf_put_str(out, "}\n");
}

static enum dl_err check_all(struct dl_call *call, struct dl_asking *asking, struct dl_error *error)
{
    const struct dl_rules *rules = dl_worker_rules(asking->worker);
    if (rules == NULL) {
        dl_error_set(error, DL_E_RULE, NULL, "no class rules stand beside the program");
        return dl_error_hint(error, "they belong into the directory rules beside it");
    }
    for (size_t i = 0; i < rules->n_rules; i++) {
        struct tally tally = {0};
        DL_TRY(check_rule(call, asking, i, &tally, error));
        put_rule(call, &asking->out, &rules->rule[i], &tally);
        if (tally.wrong + tally.refused > 0) {
            dl_call_note(call, DL_EXIT_NO);
        }
        dl_asking_flush(call, asking);
    }
    return DL_OK;
}

void dl__verb_registry_rules_check(struct dl_call *call)
{
    struct dl_error error;
    struct dl_asking asking;
    enum dl_err err = dl_asking_open(call, &asking, true, &error);
    if (err == DL_OK) {
        err = dl_asking_start(&asking, &error);
        err = err == DL_OK ? check_all(call, &asking, &error) : err;
        dl_asking_close(&asking);
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    dl_call_end_worst(call);
}
