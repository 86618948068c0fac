/* What node/exercise*.c share. */
#ifndef DL_NODE_EXERCISE_INTERNAL_H
#define DL_NODE_EXERCISE_INTERNAL_H

#include "node/command.h"
#include "node/exercise.h"
#include "node/virtual_node.h"

struct dl__stage;

/* An alert on its way to a peer: until the receipt that covers it. */
struct dl__owed {
    size_t alert;
    int64_t cursor;
};
struct dl__actor { /* an agency */
    struct dl__stage *stage;
    int index;
    struct dl_virtual_node *node;
    struct dl_watcher watcher;
    int64_t cursor; /* what was looked at */
    int64_t given;  /* the last cursor given then; -1: all is looked at again */
    struct {
        struct dl__owed *at;
        size_t n, cap, first;
        uint64_t receipt_size;
        size_t link, line; /* index + 1 of the open outage */
    } toward[DL_SCENARIO_AGENCIES];
    size_t down, disk, clock; /* the same */
};

/* A verb being said; ends now, or when its turn is durable. */
struct dl__saying {
    struct dl__stage *stage;
    struct dl__saying *next;
    struct dl_command command;
    struct dl_call call;
    struct dl__actor *actor;
    const char *input;
    bool ended, fed;
    int code;
    struct dl_buf out, err;
    void (*done)(struct dl__saying *saying);
    void *context;
    size_t event; /* index + 1 in the play's events */
    size_t alert; /* index + 1 of the alert that it sends */
};

struct dl__reaction {
    struct dl__stage *stage;
    struct dl__reaction *next, **prev;
    size_t alert;
    int agency;
    enum dl_fact fact;
    size_t person;
};

struct dl__sample { /* of a condition that only looking can tell */
    int64_t true_ms;
};
struct dl__asked { /* the last answer to a verb of a condition */
    const struct dl_condition *condition;
    int64_t rests_on;
    bool holds;
};

struct dl__stage {
    struct dl_play *play;
    const struct dl_scenario *scenario;
    const struct dl_play_config *config;
    struct dl_virtual *virtual;
    char realm[96];
    struct dl__actor actors[DL_SCENARIO_AGENCIES];
    struct dl__saying *sayings;
    struct dl__reaction *reactions;
    struct dl__later *laters;
    uint64_t *ill_until;                                  /* by person */
    bool *fired;                                          /* by inject */
    unsigned *repeated;                                   /* by inject */
    struct dl__sample (*samples)[DL_SCENARIO_CONDITIONS]; /* by expectation */
    struct dl__asked *asked;
    size_t n_asked;
    size_t *table; /* alerts by id: index + 1 */
    size_t table_n;
    int64_t changes; /* of any node's journals, lines or links, that were seen */
    bool digesting, ended;
    uint64_t next_look;
};

static inline int64_t dl__elapsed(const struct dl__stage *stage)
{
    return (int64_t)dl_virtual_elapsed(stage->virtual);
}
/* Call fn at a time; `inject` is its argument. Forgotten when the play ends. */
typedef void (*dl__later_fn)(struct dl__stage *stage, size_t argument);
void dl__later(struct dl__stage *stage, uint64_t at_ms, dl__later_fn fn, size_t argument);
double dl__uniform(struct dl__stage *stage); /* in (0, 1) */
uint64_t dl__draw(struct dl__stage *stage, const struct dl_spread *spread);

/* exercise.c */
size_t dl__event(struct dl__stage *stage,
                 const struct dl_play_event *event); /* copies; index + 1, 0 left out */
size_t dl__outage_open(struct dl__stage *stage, enum dl_outage_kind kind, int agency, int other);
void dl__outage_close(struct dl__stage *stage, size_t *open);
/* exercise_say.c */
struct dl__saying_config {
    int agency;
    const struct dl_said *said;
    unsigned number; /* for $# */
    void (*done)(struct dl__saying *saying);
    void *context;
    size_t event, alert;
};
void dl__say(struct dl__stage *stage, const struct dl__saying_config *config);
/* Whether the answer holds the text; the verb must answer at once. */
bool dl__says(struct dl__stage *stage, int agency, const struct dl_said *said, const char *text);
void dl__hush(struct dl__stage *stage, const struct dl__actor *actor); /* its node goes away */
void dl__sayings_free(struct dl__stage *stage);
/* exercise_track.c: what became of alerts, and who reacts */
size_t dl__alert_new(struct dl__stage *stage, int author, const char *id);
size_t dl__alert_find(const struct dl__stage *stage, int author, const char *id); /* index + 1 */
void dl__digest(struct dl__stage *stage); /* look at every journal and replica */
void dl__look_at_lines(struct dl__stage *stage);
void dl__react(struct dl__stage *stage, size_t alert, int agency, int after);
/* exercise_inject.c */
void dl__inject_all(struct dl__stage *stage);
void dl__inject(struct dl__stage *stage, size_t index);
enum dl_err dl__actor_start(struct dl__actor *actor, struct dl_error *error);
/* exercise_judge.c */
bool dl__holds(struct dl__stage *stage, const struct dl_conditions *conditions);
void dl__look_at_conditions(
    struct dl__stage *stage); /* injects that wait, samples, reasons to stop */
void dl__judge(struct dl__stage *stage);

#endif
