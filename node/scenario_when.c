/* Conditions, and what is built of them: expectations and reasons to stop. */
#include "base/text.h"
#include "node/scenario_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const line_states[] = {"active", "suspended", "frozen", "removed", NULL};
static const char *const link_states[] = {"up", "down", NULL};
static const char *const deadlines[] = {"within", "by", "at", NULL};

void dl__conditions_fini(struct dl_conditions *conditions)
{
    for (size_t i = 0; i < conditions->n; i++) {
        free(conditions->at[i].label);
        free(conditions->at[i].word);
        dl__said_fini(&conditions->at[i].said);
    }
    conditions->n = 0;
}

/* An alert: its number, its id, `all`, or a share such as 95%. */
static bool take_alert(struct dl__reader *r, struct dl__statement *s, struct dl_condition *out)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *word =
        dl__take(r, s, "an alert: its number, its id, all or a share such as 95%");
    if (word == NULL) {
        return false;
    }
    char *end = NULL;
    unsigned long n = strtoul(word->text, &end, 10);
    bool digits = end != word->text && word->text[0] >= '0' && word->text[0] <= '9';
    if (strcmp(word->text, "all") == 0) {
        out->percent = 100;
    } else if (digits && strcmp(end, "%") == 0 && n >= 1 && n <= 100) {
        out->percent = (unsigned)n;
    } else if (digits && *end == '\0' && n >= 1 && n <= 1000000) {
        out->number = (unsigned)n;
    } else if (dl_text_is_entry_id(dl_view_str(word->text))) {
        out->label = dl__dup(word->text);
    } else {
        dl__problem(r->problems, &spot,
                    "its number (1, 2, ...), its id, all, or a share such as 95%",
                    "\"%.60s\" is no alert", word->text);
        return false;
    }
    return true;
}

static bool take_pair(struct dl__reader *r, struct dl__statement *s, struct dl_condition *out,
                      const char *const *states)
{
    size_t i = 0;
    if (!dl__take_agency(r, s, &out->agency) || !dl__take_agency(r, s, &out->other) ||
        !dl__take_one(r, s, states, &i)) {
        return false;
    }
    out->word = dl__dup(states[i]);
    return true;
}

static bool take_says(struct dl__reader *r, struct dl__statement *s, struct dl_condition *out)
{
    static const char *const stops[] = {"within", "by", "at", "and", "or", "for", NULL};
    const struct dl__word *word = dl__take(r, s, "the text that the answer must hold");
    if (word == NULL || !dl__expect_word(r, s, "to")) {
        return false;
    }
    out->kind = DL_CONDITION_SAYS;
    out->word = dl__dup(word->text);
    return dl__take_said(r, s, stops, &out->said);
}

static bool take_condition(struct dl__reader *r, struct dl__statement *s, struct dl_condition *out)
{
    static const char *const facts[] = {"receipted", "received", "seen", "accepted",
                                        "acted",     "says",     NULL};
    size_t i = 0;
    if (dl__accept(s, "line")) {
        out->kind = DL_CONDITION_LINE;
        return take_pair(r, s, out, line_states);
    }
    if (dl__accept(s, "link")) {
        out->kind = DL_CONDITION_LINK;
        return take_pair(r, s, out, link_states);
    }
    if (!dl__take_agency(r, s, &out->agency) || !dl__take_one(r, s, facts, &i)) {
        return false;
    }
    if (i == DL_FACT_COUNT) {
        return take_says(r, s, out);
    }
    out->kind = DL_CONDITION_FACT;
    out->fact = (enum dl_fact)i;
    return take_alert(r, s, out);
}

bool dl__take_conditions(struct dl__reader *r, struct dl__statement *s, struct dl_conditions *out)
{
    for (;;) {
        struct dl_spot spot = dl__spot(s);
        if (out->n == DL_SCENARIO_CONDITIONS) {
            dl__problem(r->problems, &spot, NULL, "at most %d conditions together",
                        (int)DL_SCENARIO_CONDITIONS);
            return false;
        }
        if (!take_condition(r, s, &out->at[out->n++])) {
            return false;
        }
        spot = dl__spot(s);
        bool any = dl__is(s, "or");
        if (!any && !dl__is(s, "and")) {
            return true;
        }
        if (out->n > 1 && any != out->any) {
            dl__problem(r->problems, &spot, "write two lines",
                        "\"and\" and \"or\" do not go together");
            return false;
        }
        out->any = any;
        s->next++;
    }
}

static bool take_deadline(struct dl__reader *r, struct dl__statement *s, struct dl_expectation *e)
{
    size_t kind = 0;
    if (!dl__take_one(r, s, deadlines, &kind)) {
        return false;
    }
    e->deadline = (enum dl_deadline)kind;
    if (kind != DL_DEADLINE_WITHIN) {
        return dl__take_offset(r, s, &e->time_ms);
    }
    if (!dl__take_length(r, s, &e->time_ms)) {
        return false;
    }
    e->from_given = dl__accept(s, "of");
    return !e->from_given || dl__take_offset(r, s, &e->from_ms);
}

bool dl__parse_expectation(struct dl__reader *r, struct dl__statement *s, bool must)
{
    struct dl_scenario *x = r->scenario;
    struct dl_spot spot = {.file = s->file, .line = s->words[0].line, .column = s->words[0].column};
    struct dl_expectation *e =
        dl__grow(r, (void **)&x->expectations, &x->n_expectations, sizeof *e);
    if (e == NULL) {
        dl__problem(r->problems, &spot, NULL, "at most %d expectations", (int)DL_SCENARIO_ITEMS);
        return false;
    }
    e->spot = spot;
    e->must = must;
    e->objective = (int)x->n_objectives - 1;
    e->points = must ? 10 : 5;
    e->text = dl__statement_text(s);
    if (!dl__take_conditions(r, s, &e->of) || !take_deadline(r, s, e)) {
        return false;
    }
    if (dl__accept(s, "for") &&
        (!dl__take_number(r, s, 1000000, &e->points) || !dl__expect_word(r, s, "points"))) {
        return false;
    }
    return dl__take_end(r, s);
}

bool dl__parse_abort(struct dl__reader *r, struct dl__statement *s)
{
    struct dl_scenario *x = r->scenario;
    struct dl_spot spot = dl__spot(s);
    struct dl_abort *a = dl__grow(r, (void **)&x->aborts, &x->n_aborts, sizeof *a);
    if (a == NULL) {
        dl__problem(r->problems, &spot, NULL, "at most %d conditions to stop",
                    (int)DL_SCENARIO_ITEMS);
        return false;
    }
    a->text = dl__statement_text(s);
    return dl__expect_word(r, s, "when") && dl__take_conditions(r, s, &a->when) &&
           dl__take_end(r, s);
}
