/* Conditions while the play goes on, and what was met of what was expected, at its end. */
#include "node/exercise_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

/* ---- one condition ---- */

static const struct dl_play_alert *alert_of(const struct dl__stage *stage,
                                            const struct dl_condition *c)
{
    const struct dl_play *play = stage->play;
    if (c->label == NULL) {
        return c->number >= 1 && c->number <= play->n_alerts ? &play->alerts[c->number - 1] : NULL;
    }
    for (size_t i = 0; i < play->n_alerts; i++) {
        if (strcmp(play->alerts[i].id, c->label) == 0) {
            return &play->alerts[i];
        }
    }
    return NULL;
}

/* When a fact came true of an alert for an agency; an author has its receipts when it has all. */
static int64_t fact_time(const struct dl__stage *stage, const struct dl_play_alert *a, int agency,
                         enum dl_fact fact)
{
    if (a == NULL || a->sent_ms < 0) {
        return -1;
    }
    if (fact != DL_FACT_RECEIPTED) {
        return a->when[agency][fact];
    }
    int64_t last = -1;
    for (size_t i = 0; i < stage->scenario->n_agencies; i++) {
        int64_t at = a->to[i] ? a->when[i][fact] : last;
        if (a->to[i] && at < 0) {
            return -1;
        }
        last = at > last ? at : last;
    }
    return a->author == agency ? last : -1;
}

/* Does the verb answer from the registry alone, which changes with the day and in no other way? */
static bool asks_the_law(const struct dl_condition *c)
{
    return strcmp(c->said.argv[3], "status") == 0;
}

/* A number that changes whenever the answer may: with the day; or with every commit and, because
 * answers also tell how long ago something was, with the hour. */
static int64_t rests_on(struct dl__stage *stage, const struct dl_condition *c)
{
    struct dl_agency *agency = dl_virtual_node_agency(stage->actors[c->agency].node);
    int64_t now = dl__elapsed(stage);
    if (agency == NULL) {
        return -1;
    }
    return asks_the_law(c) ? dl_agency_now(agency) / DAY_MS : stage->changes + now / HOUR_MS;
}

/* Verbs are asked again only when the answer may have changed: a status with a structure takes the
 * worker half a second. `fresh`: in any case. */
static bool says(struct dl__stage *stage, const struct dl_condition *c, bool fresh)
{
    size_t i = 0;
    while (i < stage->n_asked && stage->asked[i].condition != c) {
        i++;
    }
    if (i == stage->n_asked) {
        stage->asked = realloc(stage->asked, (i + 1) * sizeof *stage->asked);
        DL_ASSERT(stage->asked != NULL, "memory for answers");
        stage->asked[stage->n_asked++] = (struct dl__asked){.condition = c, .rests_on = -1};
    }
    struct dl__asked *asked = &stage->asked[i];
    int64_t on = rests_on(stage, c);
    if (on < 0) {
        return false; // a node that does not run says nothing
    }
    if (fresh || on != asked->rests_on) {
        asked->rests_on = on;
        asked->holds = dl__says(stage, c->agency, &c->said, c->word);
    }
    return asked->holds;
}

static bool looks(struct dl__stage *stage, const struct dl_condition *c, bool fresh)
{
    struct dl_agency *agency = dl_virtual_node_agency(stage->actors[c->agency].node);
    if (c->kind == DL_CONDITION_SAYS) {
        return says(stage, c, fresh);
    }
    const struct dl_peer *peer =
        agency == NULL ? NULL : dl_agency_peer(agency, stage->scenario->agencies[c->other].id);
    struct dl_peer_view view = {.state = "down", .link = "down"};
    if (peer != NULL) {
        dl_peer_look(peer, &view);
    }
    if (c->kind == DL_CONDITION_LINK) {
        return (strcmp(view.link, "up") == 0) == (strcmp(c->word, "up") == 0);
    }
    return strcmp(view.state, c->word) == 0;
}

static bool holds(struct dl__stage *stage, const struct dl_condition *c)
{
    return c->kind == DL_CONDITION_FACT
               ? fact_time(stage, alert_of(stage, c), c->agency, c->fact) >= 0
               : looks(stage, c, false);
}

bool dl__holds(struct dl__stage *stage, const struct dl_conditions *conditions)
{
    size_t n = 0;
    for (size_t i = 0; i < conditions->n; i++) {
        n += holds(stage, &conditions->at[i]);
    }
    return conditions->any ? n > 0 : n == conditions->n;
}

/* ---- while it goes on ---- */

static void fire(struct dl__stage *stage, size_t index)
{
    dl__inject(stage, index);
}

static void look_at_waiting(struct dl__stage *stage)
{
    for (size_t i = 0; i < stage->scenario->n_injects; i++) {
        const struct dl_inject *in = &stage->scenario->injects[i];
        if (in->when.n > 0 && !stage->fired[i] && dl__holds(stage, &in->when)) {
            stage->fired[i] = true;
            dl__later(stage, (uint64_t)dl__elapsed(stage) + in->at_ms, fire, i);
        }
    }
}

/* The time from which, and until which, a condition that must be looked at counts. */
static void window(const struct dl_expectation *e, int64_t *from, int64_t *until)
{
    *from = e->deadline == DL_DEADLINE_AT ? (int64_t)e->time_ms
            : e->from_given               ? (int64_t)e->from_ms
                                          : 0;
    *until = e->deadline == DL_DEADLINE_WITHIN ? *from + (int64_t)e->time_ms : (int64_t)e->time_ms;
}

static void look_at_sample(struct dl__stage *stage, size_t expectation, size_t k)
{
    const struct dl_expectation *e = &stage->scenario->expectations[expectation];
    struct dl__sample *sample = &stage->samples[expectation][k];
    int64_t now = dl__elapsed(stage);
    int64_t from = 0;
    int64_t until = 0;
    window(e, &from, &until);
    if (sample->true_ms < 0 && now >= from && looks(stage, &e->of.at[k], now == until)) {
        sample->true_ms = now;
    }
}

static void look_at_samples(struct dl__stage *stage)
{
    for (size_t i = 0; i < stage->scenario->n_expectations; i++) {
        const struct dl_conditions *of = &stage->scenario->expectations[i].of;
        for (size_t k = 0; k < of->n; k++) {
            if (of->at[k].kind != DL_CONDITION_FACT) {
                look_at_sample(stage, i, k);
            }
        }
    }
}

void dl__look_at_conditions(struct dl__stage *stage)
{
    look_at_waiting(stage);
    look_at_samples(stage);
    for (size_t i = 0; i < stage->scenario->n_aborts && stage->play->aborted == NULL; i++) {
        if (dl__holds(stage, &stage->scenario->aborts[i].when)) {
            stage->play->aborted = stage->scenario->aborts[i].text;
            stage->ended = true;
        }
    }
}

/* ---- at the end ---- */

struct verdict {
    bool met, status;
    int64_t at, deadline;
    char why[120];
};

static void put_time(char *out, size_t n, int64_t ms)
{
    if (ms < 10000) {
        snprintf(out, n, "%lld.%03lld s", (long long)(ms / 1000), (long long)(ms % 1000));
    } else if (ms < 2 * 3600000LL) {
        snprintf(out, n, "%lld min %02lld s", (long long)(ms / 60000), (long long)(ms / 1000 % 60));
    } else {
        snprintf(out, n, "%lld h %02lld min", (long long)(ms / 3600000),
                 (long long)(ms / 60000 % 60));
    }
}

static void late(struct verdict *v, const char *what)
{
    char by[32];
    v->met = v->at >= 0 && v->at <= v->deadline;
    if (v->at < 0) {
        snprintf(v->why, sizeof v->why, "%s: never", what);
    } else if (!v->met) {
        put_time(by, sizeof by, v->at - v->deadline);
        snprintf(v->why, sizeof v->why, "%s: %s late", what, by);
    }
}

static int64_t deadline_of(const struct dl_expectation *e, int64_t base)
{
    if (e->deadline != DL_DEADLINE_WITHIN) {
        return (int64_t)e->time_ms;
    }
    return (e->from_given ? (int64_t)e->from_ms : base) + (int64_t)e->time_ms;
}

/* Of all alerts to an agency (or, for receipts, of it) the share that was in time; those whose
 * deadline lies after the end do not count. */
static struct verdict judge_share(const struct dl__stage *stage, const struct dl_expectation *e,
                                  const struct dl_condition *c)
{
    struct verdict v = {.at = -1, .deadline = -1};
    uint64_t counted = 0;
    uint64_t good = 0;
    for (size_t i = 0; i < stage->play->n_alerts; i++) {
        const struct dl_play_alert *a = &stage->play->alerts[i];
        bool concerns = c->fact == DL_FACT_RECEIPTED ? a->author == c->agency : a->to[c->agency];
        int64_t deadline = deadline_of(e, a->sent_ms);
        if (a->sent_ms < 0 || !concerns || deadline > (int64_t)stage->play->simulated_ms) {
            continue;
        }
        int64_t at = fact_time(stage, a, c->agency, c->fact);
        counted++;
        good += at >= 0 && at <= deadline;
        v.at = at > v.at ? at : v.at;
        v.deadline = deadline > v.deadline ? deadline : v.deadline;
    }
    v.met = counted > 0 && good * 100 >= counted * c->percent;
    if (counted == 0) {
        snprintf(v.why, sizeof v.why, "no alert came due");
    } else if (!v.met) {
        snprintf(v.why, sizeof v.why, "%s %s: %llu of %llu in time, %u%% expected",
                 stage->scenario->agencies[c->agency].id, dl_fact_name(c->fact),
                 (unsigned long long)good, (unsigned long long)counted, c->percent);
    }
    return v;
}

static struct verdict judge_condition(const struct dl__stage *stage, size_t index, size_t k)
{
    const struct dl_expectation *e = &stage->scenario->expectations[index];
    const struct dl_condition *c = &e->of.at[k];
    struct verdict v = {.at = -1, .deadline = -1};
    char what[80];
    if (c->kind == DL_CONDITION_FACT && c->percent > 0) {
        return judge_share(stage, e, c);
    }
    if (c->kind != DL_CONDITION_FACT) {
        static const char *const kinds[] = {"", "line", "link", "says"};
        v.at = stage->samples[index][k].true_ms;
        v.deadline = deadline_of(e, 0);
        v.status = c->kind == DL_CONDITION_SAYS && asks_the_law(c) &&
                   e->deadline != DL_DEADLINE_AT && v.at >= 0;
        snprintf(what, sizeof what, "%s %s %.40s", stage->scenario->agencies[c->agency].id,
                 kinds[c->kind], c->word);
        late(&v, what);
        return v;
    }
    const struct dl_play_alert *a = alert_of(stage, c);
    if (a == NULL || a->sent_ms < 0) {
        snprintf(v.why, sizeof v.why, "the alert was not sent");
        return v;
    }
    v.at = fact_time(stage, a, c->agency, c->fact);
    v.deadline = deadline_of(e, a->sent_ms);
    snprintf(what, sizeof what, "%s %s %.40s", stage->scenario->agencies[c->agency].id,
             dl_fact_name(c->fact), a->id);
    late(&v, what);
    return v;
}

static void judge_one(struct dl__stage *stage, size_t index)
{
    const struct dl_expectation *e = &stage->scenario->expectations[index];
    struct dl_outcome *outcome = &stage->play->outcomes[index];
    size_t met = 0;
    size_t n = 0;
    outcome->at_ms = -1;
    outcome->deadline_ms = -1;
    outcome->status_ms = -1;
    for (size_t k = 0; k < e->of.n; k++) {
        struct verdict v = judge_condition(stage, index, k);
        met += v.met;
        if (v.status) {
            int64_t took = v.at - (e->from_given ? (int64_t)e->from_ms : 0);
            outcome->status_ms = took > outcome->status_ms ? took : outcome->status_ms;
        }
        bool sooner = e->of.any && v.met && (outcome->at_ms < 0 || v.at < outcome->at_ms);
        if (e->of.any ? sooner : v.at > outcome->at_ms) {
            outcome->at_ms = v.at; // of one that is enough the first, of all the last
        }
        outcome->deadline_ms =
            v.deadline > outcome->deadline_ms ? v.deadline : outcome->deadline_ms;
        if (!v.met && n < sizeof outcome->reason - 1) {
            n += (size_t)snprintf(outcome->reason + n, sizeof outcome->reason - n, "%s%s",
                                  n > 0 ? "; " : "", v.why);
        }
    }
    outcome->met = e->of.any ? met > 0 : met == e->of.n;
    if (outcome->met) {
        outcome->reason[0] = '\0';
    }
}

void dl__judge(struct dl__stage *stage)
{
    struct dl_play *play = stage->play;
    for (size_t i = 0; i < stage->scenario->n_expectations; i++) {
        const struct dl_expectation *e = &stage->scenario->expectations[i];
        judge_one(stage, i);
        bool met = play->outcomes[i].met;
        play->max_score += e->points;
        play->score += met ? e->points : 0;
        play->met += met;
        play->missed += !met;
        play->must_missed += !met && e->must;
    }
}
