#include "node/exercise_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_LEAST_MS = 10 * 1000, LOOK_MOST_MS = 10 * 60 * 1000, LOOKS = 4000, DAY_MS = 86400000 };

/* ---- what is to come ---- */

struct dl__later {
    struct dl__later *next, **prev;
    struct dl__stage *stage;
    dl__later_fn fn;
    size_t argument;
};

static void free_later(struct dl__later *later)
{
    *later->prev = later->next;
    if (later->next != NULL) {
        later->next->prev = later->prev;
    }
    free(later);
}

static void call_later(void *context)
{
    struct dl__later *later = context;
    struct dl__stage *stage = later->stage;
    dl__later_fn fn = later->fn;
    size_t argument = later->argument;
    free_later(later);
    if (!stage->ended) {
        fn(stage, argument);
    }
}

void dl__later(struct dl__stage *stage, uint64_t at_ms, dl__later_fn fn, size_t argument)
{
    struct dl__later *later = calloc(1, sizeof *later);
    DL_ASSERT(later != NULL, "memory for what is to come");
    *later = (struct dl__later){.next = stage->laters,
                                .prev = &stage->laters,
                                .stage = stage,
                                .fn = fn,
                                .argument = argument};
    if (later->next != NULL) {
        later->next->prev = &later->next;
    }
    stage->laters = later;
    dl_virtual_at(stage->virtual, at_ms, call_later, later);
}

double dl__uniform(struct dl__stage *stage)
{
    return ((double)(dl_virtual_random(stage->virtual) >> 11) + 0.5) /
           9007199254740992.0; /* 2^53 */
}

uint64_t dl__draw(struct dl__stage *stage, const struct dl_spread *spread)
{
    double u = dl__uniform(stage);
    double v = dl__uniform(stage);
    return dl_spread_draw(spread, u, v);
}

/* ---- the record ---- */

size_t dl__event(struct dl__stage *stage, const struct dl_play_event *event)
{
    struct dl_play *play = stage->play;
    if (play->n_events == DL_PLAY_EVENTS) {
        play->events_left_out++;
        return 0;
    }
    play->events = realloc(play->events, (play->n_events + 1) * sizeof *play->events);
    DL_ASSERT(play->events != NULL, "memory for events");
    struct dl_play_event *kept = &play->events[play->n_events++];
    *kept = *event;
    kept->at_ms = dl__elapsed(stage);
    kept->text = strdup(event->text);
    kept->said = event->said == NULL ? NULL : strdup(event->said);
    DL_ASSERT(kept->text != NULL, "memory for events");
    return play->n_events;
}

size_t dl__outage_open(struct dl__stage *stage, enum dl_outage_kind kind, int agency, int other)
{
    struct dl_play *play = stage->play;
    if (play->n_outages == DL_PLAY_EVENTS) {
        return 0;
    }
    play->outages = realloc(play->outages, (play->n_outages + 1) * sizeof *play->outages);
    DL_ASSERT(play->outages != NULL, "memory for outages");
    play->outages[play->n_outages++] = (struct dl_outage){
        .kind = kind, .agency = agency, .other = other, .from_ms = dl__elapsed(stage), .to_ms = -1};
    return play->n_outages;
}

void dl__outage_close(struct dl__stage *stage, size_t *open)
{
    if (*open > 0) {
        stage->play->outages[*open - 1].to_ms = dl__elapsed(stage);
        *open = 0;
    }
}

/* ---- the stage ---- */

static void trace(void *context, struct dl_view line)
{
    const struct dl__actor *actor = context;
    const struct dl__stage *stage = actor->stage;
    stage->config->trace(stage->config->context, stage->scenario->agencies[actor->index].id,
                         dl_virtual_now(stage->virtual), line);
}

static enum dl_err set_actor(struct dl__stage *stage, size_t i, struct dl_error *error)
{
    const struct dl_scenario_agency *agency = &stage->scenario->agencies[i];
    struct dl__actor *actor = &stage->actors[i];
    struct dl_virtual_node_config config = {
        .virtual = stage->virtual,
        .agency = agency->id,
        .jurisdiction = agency->jurisdiction,
        .realm = stage->realm,
        .marking = DL_MARKING_EXERCISE,
        .registry_path = agency->registry ? stage->config->registry_path : NULL,
        .test_interval_s = 86400};
    actor->stage = stage;
    actor->index = (int)i;
    actor->node = dl_virtual_node_new(&config);
    if (stage->config->trace != NULL) {
        dl_virtual_set_log(dl_virtual_node_world(actor->node), trace, actor);
    }
    return dl__actor_start(actor, error);
}

static enum dl_err set_stage(struct dl__stage *stage, struct dl_error *error)
{
    const struct dl_scenario *x = stage->scenario;
    snprintf(stage->realm, sizeof stage->realm, "%s%s", DL_EXERCISE_REALM, x->id);
    stage->virtual = dl_virtual_new(stage->play->seed, x->start_ms);
    dl_virtual_set_delay(stage->virtual, x->delay_least_ms, x->delay_spread_ms);
    for (size_t i = 0; i < x->n_agencies; i++) {
        DL_TRY(set_actor(stage, i, error));
    }
    for (size_t i = 0; i < x->n_agencies; i++) {
        for (size_t k = i + 1; k < x->n_agencies; k++) {
            dl_virtual_node_pair(stage->actors[i].node, stage->actors[k].node);
        }
    }
    stage->ill_until = calloc(x->n_people + 1, sizeof *stage->ill_until);
    stage->fired = calloc(x->n_injects + 1, sizeof *stage->fired);
    stage->repeated = calloc(x->n_injects + 1, sizeof *stage->repeated);
    stage->samples = calloc(x->n_expectations + 1, sizeof *stage->samples);
    stage->play->outcomes = calloc(x->n_expectations + 1, sizeof *stage->play->outcomes);
    DL_ASSERT(stage->ill_until != NULL && stage->fired != NULL && stage->repeated != NULL &&
                  stage->samples != NULL && stage->play->outcomes != NULL,
              "memory for a stage");
    memset(stage->samples, 0xff,
           (x->n_expectations + 1) * sizeof *stage->samples); /* -1: not yet true */
    return DL_OK;
}

static void clear_stage(struct dl__stage *stage)
{
    if (stage->virtual == NULL) {
        return;
    }
    stage->ended = true;
    dl__sayings_free(stage);
    for (size_t i = 0; i < DL_SCENARIO_AGENCIES; i++) {
        dl_virtual_node_free(&stage->actors[i].node);
        for (size_t k = 0; k < DL_SCENARIO_AGENCIES; k++) {
            free(stage->actors[i].toward[k].at);
        }
    }
    while (stage->laters != NULL) {
        free_later(stage->laters);
    }
    while (stage->reactions != NULL) {
        struct dl__reaction *reaction = stage->reactions;
        stage->reactions = reaction->next;
        free(reaction);
    }
    dl_virtual_free(&stage->virtual);
    free(stage->ill_until);
    free(stage->fired);
    free(stage->repeated);
    free(stage->samples);
    free(stage->asked);
    free(stage->table);
}

/* ---- the play ---- */

/* Conditions that only looking can tell are looked at often while they count. */
static uint64_t next_look(const struct dl__stage *stage)
{
    const struct dl_scenario *x = stage->scenario;
    uint64_t now = (uint64_t)dl__elapsed(stage);
    uint64_t gap = x->length_ms / LOOKS;
    gap = gap < LOOK_LEAST_MS ? LOOK_LEAST_MS : gap > LOOK_MOST_MS ? LOOK_MOST_MS : gap;
    for (size_t i = 0; i < x->n_expectations; i++) {
        const struct dl_expectation *e = &x->expectations[i];
        uint64_t from = e->deadline == DL_DEADLINE_AT ? e->time_ms : e->from_ms;
        uint64_t until = e->deadline == DL_DEADLINE_WITHIN ? from + e->time_ms : e->time_ms;
        bool looked_at = false;
        bool open = false;
        bool asked = false; /* the law changes at midnight */
        for (size_t k = 0; k < e->of.n; k++) {
            bool quick =
                e->of.at[k].kind == DL_CONDITION_LINE || e->of.at[k].kind == DL_CONDITION_LINK;
            looked_at = looked_at || e->of.at[k].kind != DL_CONDITION_FACT;
            asked = asked ||
                    (e->of.at[k].kind == DL_CONDITION_SAYS && stage->samples[i][k].true_ms < 0);
            open = open || (quick && stage->samples[i][k].true_ms < 0);
        }
        if (open && from <= now && now < until && until - from <= 2 * 86400000ULL) {
            gap = LOOK_LEAST_MS;
        }
        if (asked && from <= now && now < until) {
            uint64_t day = (uint64_t)x->start_ms + now;
            day = DAY_MS - day % DAY_MS;
            gap = day < gap ? day : gap;
        }
        if (looked_at && from > now && from - now < gap) {
            gap = from - now;
        }
        if (looked_at && until > now && until - now < gap) {
            gap = until - now;
        }
    }
    return now + gap;
}

static void look(struct dl__stage *stage, size_t unused)
{
    (void)unused;
    dl__digest(stage);
    dl__later(stage, next_look(stage), look, 0);
}

static void run(struct dl__stage *stage)
{
    uint64_t length = stage->scenario->length_ms;
    dl__later(stage, 0, look, 0);
    dl__inject_all(stage);
    for (unsigned i = 1; i <= 1000 && !stage->ended; i++) {
        uint64_t until = length / 1000 * i + length % 1000 * i / 1000;
        while (!stage->ended && dl_virtual_elapsed(stage->virtual) < until) {
            uint64_t step = dl_virtual_elapsed(stage->virtual) + 60000;
            dl_virtual_run_until(stage->virtual, step < until ? step : until);
        }
        if (stage->config->progress != NULL) {
            stage->config->progress(stage->config->context, until, length);
        }
    }
}

static void count(struct dl__stage *stage, const struct dl_signature_counts *before)
{
    struct dl_play *play = stage->play;
    struct dl_signature_counts now = dl_signature_counts();
    play->signatures = (struct dl_signature_counts){.made = now.made - before->made,
                                                    .verified = now.verified - before->verified};
    play->simulated_ms = dl_virtual_elapsed(stage->virtual);
    play->events_handled = dl_virtual_events(stage->virtual);
    for (size_t i = 0; i < stage->scenario->n_agencies; i++) {
        struct dl_agency *agency = dl_virtual_node_agency(stage->actors[i].node);
        for (struct dl_peer *peer = agency == NULL ? NULL : dl_agency_first_peer(agency);
             peer != NULL; peer = dl_peer_next(peer)) {
            play->entries += dl_log_size(dl_journal_log(dl_peer_journal(peer)));
        }
    }
}

enum dl_err dl_play(const struct dl_play_config *config, struct dl_play **out,
                    struct dl_error *error)
{
    struct dl_signature_counts before = dl_signature_counts();
    struct dl_play *play = calloc(1, sizeof *play);
    struct dl__stage *stage = calloc(1, sizeof *stage);
    DL_ASSERT(play != NULL && stage != NULL, "memory for a play");
    *stage = (struct dl__stage){.play = play, .scenario = config->scenario, .config = config};
    play->scenario = config->scenario;
    play->seed = config->seed;
    enum dl_err err = set_stage(stage, error);
    if (err == DL_OK) {
        run(stage);
        dl__digest(stage);
        count(stage, &before);
        dl__judge(stage);
        *out = play;
        play = NULL;
    }
    clear_stage(stage);
    free(stage);
    dl_play_free(&play);
    return err;
}

void dl_play_free(struct dl_play **out)
{
    struct dl_play *play = *out;
    if (play == NULL) {
        return;
    }
    for (size_t i = 0; i < play->n_events; i++) {
        free(play->events[i].text);
        free(play->events[i].said);
    }
    free(play->events);
    free(play->alerts);
    free(play->outages);
    free(play->outcomes);
    free(play);
    *out = NULL;
}
