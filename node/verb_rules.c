#include "base/json.h"
#include "node/asking.h"

#include <stdio.h>
#include <string.h>

/* What the test substances of one rule came to. Inside is the positive answer; a substance whose
 * label is undecided counts as right when the answer is needs-review. */
struct tally {
    int right, wrong, refused;
    int inside_inside, outside_inside, inside_missed;
    int listings_missing;
    bool none_on_first_day;
    struct dl_buf *out; /* what disagrees: lines, or the members of a JSON object */
    bool first;         /* of an array that is open */
};

enum { DISAGREEMENTS_MAX = 1024 * 1024 };

static const char *verdict_said(const struct dl_call *call, int verdict)
{
    static const char *const zh[] = {"不在范围内", "在范围内", "待审查"};
    return DL_SAY(call, dl_rule_verdict_name((enum dl_rule_verdict)verdict), zh[verdict]);
}

/* Where a substance stands in its file: the path of its item. */
static void put_place(struct dl_buf *out, const struct dl_rule *rule,
                      const struct dl_rule_test *test, size_t index)
{
    static const char *const groups[] = {"outside", "inside", "undecided"};
    for (int g = 0; g < test->expected && g < 2; g++) { /* undecided stands last */
        index -= json_array_size(json_object_get(rule->tests, groups[g]));
    }
    dl_buf_printf(out, "tests.%s[%zu]", groups[test->expected], index);
}

static void put_miss(struct dl_call *call, const struct dl_rule *rule, size_t index, int got,
                     struct dl_view refusal, struct tally *tally)
{
    struct dl_rule_test test = dl_rule_test_at(rule, index);
    struct dl_buf *out = tally->out;
    const char *said = got < 0 ? DL_SAY(call, "refused", "不被接受") : verdict_said(call, got);
    if (call->json) {
        dl_buf_put_str(out, tally->first ? "{\"place\":\"" : ",{\"place\":\"");
        put_place(out, rule, &test, index);
        dl_buf_put_str(out, "\",\"name\":");
        dl_json_put_string(out, test.name);
        dl_buf_put_str(out, ",\"smiles\":");
        dl_json_put_string(out, test.smiles);
        dl_buf_printf(out, ",\"expected\":\"%s\",\"got\":\"%s\"}",
                      dl_rule_verdict_name((enum dl_rule_verdict)test.expected),
                      got < 0 ? "refused" : dl_rule_verdict_name((enum dl_rule_verdict)got));
        tally->first = false;
        return;
    }
    dl_buf_printf(out, "  %s: ", rule->id);
    put_place(out, rule, &test, index);
    dl_buf_printf(out, DL_SAY(call, " %.*s is %s, expected %s", " %.*s 的结果为%s，标注为%s"),
                  DL_VIEW_ARG(test.name), said, verdict_said(call, test.expected));
    struct dl_view why = got < 0 ? refusal : test.reason;
    if (why.n > 0) {
        dl_buf_printf(out, DL_SAY(call, " (%.*s)", "（%.*s）"), DL_VIEW_ARG(why));
    }
    dl_buf_put_str(out, "\n");
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

static void count(const struct dl_rule_test *test, enum dl_rule_verdict got, struct tally *tally)
{
    bool right = (int)got == test->expected;
    tally->right += right;
    tally->wrong += !right;
    tally->inside_inside += test->expected == DL_RULE_INSIDE && got == DL_RULE_INSIDE;
    tally->inside_missed += test->expected == DL_RULE_INSIDE && got != DL_RULE_INSIDE;
    tally->outside_inside += test->expected != DL_RULE_INSIDE && got == DL_RULE_INSIDE;
}

static enum dl_err check_tests(struct dl_call *call, struct dl_asking *asking, size_t index,
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
            put_miss(call, rule, taken, -1, answer.refusal, tally);
            continue;
        }
        enum dl_rule_verdict got = verdict_of(&answer, index);
        count(&test, got, tally);
        if ((int)got != test.expected) {
            put_miss(call, rule, taken, (int)got, dl_view_of(NULL, 0), tally);
        }
    }
    return DL_OK;
}

/* ---- listings ---- */

static enum dl_err take_held(void *context, const struct dl_row *row)
{
    int64_t *held = context;
    held[0] = dl_row_int(row, 0);
    held[1] = dl_row_int(row, 1);
    return DL_OK;
}

static void put_missing(struct dl_call *call, const struct dl_rule *rule, size_t index,
                        struct tally *tally)
{
    json_t *pair = json_array_get(rule->listings, index);
    const char *list = json_string_value(json_array_get(pair, 0));
    const char *entry = json_string_value(json_array_get(pair, 1));
    if (call->json) {
        dl_buf_put_str(tally->out, tally->first ? "[" : ",[");
        dl_json_put_str(tally->out, list);
        dl_buf_put_str(tally->out, ",");
        dl_json_put_str(tally->out, entry);
        dl_buf_put_str(tally->out, "]");
        tally->first = false;
        return;
    }
    dl_buf_printf(tally->out,
                  DL_SAY(call,
                         "  %s: listings[%zu]: this registry has no %s %s: an answer by it would "
                         "have no item to name\n",
                         "  %s：listings[%zu]：本注册库没有%s %s：据此得出的结论将无条目可引\n"),
                  rule->id, index, list, entry);
}

/* What a rule stands for must be in the registry, and one of it on the rule's first day. */
static enum dl_err check_listings(struct dl_call *call, struct dl_asking *asking,
                                  const struct dl_rule *rule, struct tally *tally)
{
    static const char held_sql[] =
        "SELECT count(*), coalesce(sum((in_force IS NULL OR in_force <= ?3) AND"
        " (until IS NULL OR until > ?3)), 0) FROM listing WHERE entry = ?2 AND"
        " recorded_until IS NULL AND list = (SELECT id FROM list WHERE code = ?1)";
    int64_t on_first_day = 0;
    for (size_t i = 0; i < json_array_size(rule->listings); i++) {
        json_t *pair = json_array_get(rule->listings, i);
        int64_t held[2] = {0, 0};
        struct dl_view list = dl_view_str(json_string_value(json_array_get(pair, 0)));
        struct dl_view entry = dl_view_str(json_string_value(json_array_get(pair, 1)));
        DL_TRY(dl_store_run(asking->reader->store, held_sql,
                            DL_SQL(DL_SQL_TEXT(list), DL_SQL_TEXT(entry), DL_SQL_TEXT(rule->from)),
                            take_held, held));
        on_first_day += held[1];
        if (held[0] == 0) {
            tally->listings_missing++;
            put_missing(call, rule, i, tally);
        }
    }
    tally->none_on_first_day = on_first_day == 0;
    return DL_OK;
}

static void put_first_day(struct dl_call *call, const struct dl_rule *rule,
                          const struct tally *tally)
{
    if (call->json) {
        dl_buf_printf(tally->out, ",\"listed_on_first_day\":%s",
                      tally->none_on_first_day ? "false" : "true");
    } else if (tally->none_on_first_day) {
        dl_buf_printf(tally->out,
                      DL_SAY(call,
                             "  %s: from: none of its listings is in force on %.*s, the rule's "
                             "first day\n",
                             "  %s：from：规则首日%.*s，其所列条目无一生效\n"),
                      rule->id, DL_VIEW_ARG(rule->from));
    }
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

static void put_line(struct dl_call *call, struct dl_buf *out, const struct dl_rule *rule,
                     const struct tally *t, const int share[2])
{
    char shares[2][16] = {"-", "-"};
    int n = t->right + t->wrong + t->refused;
    for (int i = 0; i < 2; i++) {
        if (share[i] >= 0) {
            snprintf(shares[i], sizeof shares[i], "%d%%", share[i]);
        }
    }
    dl_buf_printf(out, "%-28s %.*s  %4d %s, %d %s  %s %s  %s %s\n", rule->id,
                  DL_VIEW_ARG(rule->from), n, DL_SAY(call, "substances", "个物质"), n - t->right,
                  DL_SAY(call, "wrong", "不符"), DL_SAY(call, "precision", "准确率"), shares[0],
                  DL_SAY(call, "recall", "召回率"), shares[1]);
    dl_buf_put_view(out, dl_buf_view(t->out));
}

static void put_rule(struct dl_call *call, struct dl_buf *out, const struct dl_rule *rule,
                     const struct tally *t)
{
    const int share[2] = {percent(t->inside_inside, t->inside_inside + t->outside_inside),
                          percent(t->inside_inside, t->inside_inside + t->inside_missed)};
    if (!call->json) {
        put_line(call, out, rule, t, share);
        return;
    }
    dl_buf_put_str(out, "{\"rule\":");
    dl_json_put_str(out, rule->id);
    dl_buf_put_str(out, ",\"version\":");
    dl_json_put_string(out, rule->version);
    dl_buf_put_str(out, ",\"jurisdiction\":");
    dl_json_put_string(out, rule->jurisdiction);
    dl_buf_printf(out, ",\"substances\":%d,\"right\":%d,\"wrong\":%d,\"refused\":%d",
                  t->right + t->wrong + t->refused, t->right, t->wrong, t->refused);
    put_share(out, "precision_percent", share[0]);
    put_share(out, "recall_percent", share[1]);
    dl_buf_put_view(out, dl_buf_view(t->out));
    dl_buf_put_str(out, "}\n");
}

static void open_array(const struct dl_call *call, struct tally *tally, const char *key)
{
    tally->first = true;
    if (call->json) {
        dl_buf_printf(tally->out, ",\"%s\":[", key);
    }
}

static void close_array(const struct dl_call *call, const struct tally *tally)
{
    if (call->json) {
        dl_buf_put_str(tally->out, "]");
    }
}

static enum dl_err check_rule(struct dl_call *call, struct dl_asking *asking, size_t index,
                              struct tally *tally, struct dl_error *error)
{
    const struct dl_rule *rule = &dl_worker_rules(asking->worker)->rule[index];
    open_array(call, tally, "disagree");
    DL_TRY(check_tests(call, asking, index, tally, error));
    close_array(call, tally);
    open_array(call, tally, "listings_missing");
    DL_TRY(check_listings(call, asking, rule, tally));
    close_array(call, tally);
    put_first_day(call, rule, tally);
    put_rule(call, &asking->out, rule, tally);
    if (tally->wrong + tally->refused + tally->listings_missing > 0 || tally->none_on_first_day) {
        dl_call_note(call, DL_EXIT_NO);
    }
    return DL_OK;
}

static enum dl_err check_all(struct dl_call *call, struct dl_asking *asking, struct dl_error *error)
{
    const struct dl_rules *rules = dl_worker_rules(asking->worker);
    struct dl_buf disagreements;
    enum dl_err err = DL_OK;
    if (rules->n_rules == 0) {
        dl_error_set(error, DL_E_RULE, NULL, "the folder has a classes.json, but no rule");
        return dl_error_hint(error, "a rule is a file *.json beside it; nothing was checked");
    }
    dl_buf_init(&disagreements, DISAGREEMENTS_MAX);
    for (size_t i = 0; i < rules->n_rules && err == DL_OK; i++) {
        struct tally tally = {.out = &disagreements};
        err = check_rule(call, asking, i, &tally, error);
        dl_asking_flush(call, asking);
        dl_buf_reset(&disagreements);
    }
    dl_buf_fini(&disagreements);
    return err;
}

/* The rules beside the program, or those of a folder that is being worked on. */
void dl__verb_registry_rules_check(struct dl_call *call)
{
    struct dl_error error = {.err = DL_OK};
    struct dl_asking asking;
    enum dl_err err = dl_asking_open(call, &asking, true, &error);
    if (err == DL_OK) {
        struct dl_worker_config config = {
            .rules = dl_call_option(call, "rules"), .processes = 2, .tests = true};
        err = dl_worker_open(&config, &asking.worker, &error);
        err = err == DL_OK ? check_all(call, &asking, &error) : err;
        dl_asking_close(&asking);
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    if (call->worst == DL_EXIT_NO && !call->json) {
        dl_call_warn(
            call, "%s\n",
            DL_SAY(call,
                   "Where a rule and a label differ, hold both against the rule's wording "
                   "(RULES.md, Testing).",
                   "规则与标注不一致时，请将两者与规则所引条文对照（见RULES.md“Testing”）。"));
    }
    dl_call_end_worst(call);
}
