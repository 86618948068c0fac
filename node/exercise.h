/* An exercise: a scenario played in a virtual world, every agency a whole node in this process.
 *
 * I8: origins begin with "directline-exercise/<id>", entries are marked `exercise`, keys are made
 * from the seed, stores lie in memory and the registry is read-only. A play is a function of the
 * scenario, the seed and the version.
 */
#ifndef DL_NODE_EXERCISE_H
#define DL_NODE_EXERCISE_H

#include "base/crypto.h"
#include "node/scenario.h"

/* In every line, file name, report and object; nothing switches it off (I8). */
#define DL_EXERCISE_MARK "EXERCISE / 演习"
#define DL_EXERCISE_REALM "directline-exercise/"

enum { DL_PLAY_BACKLOG = 240, DL_PLAY_EVENTS = 4000 };

/* One alert and what became of it. Times in ms since the start; -1: it has not happened. */
struct dl_play_alert {
    char id[DL_LIMIT_ENTRY_ID + 1];
    int author;
    int64_t sent_ms; /* -1: the verb was refused */
    bool to[DL_SCENARIO_AGENCIES];
    int64_t when[DL_SCENARIO_AGENCIES][DL_FACT_COUNT]; /* RECEIPTED: by that agency */
};

struct dl_play_event {
    int64_t at_ms;
    int agency; /* -1: the director's */
    int code;   /* exit status of a verb; 0 otherwise */
    enum dl_inject_kind kind;
    char *text, *said; /* what was asked, and what was answered; said may be NULL */
    const char *zh;    /* of a note or a phase; else NULL */
};

enum dl_outage_kind {
    DL_OUTAGE_LINK,
    DL_OUTAGE_SUSPENDED,
    DL_OUTAGE_NODE,
    DL_OUTAGE_DISK,
    DL_OUTAGE_PERSON,
    DL_OUTAGE_CLOCK
};
struct dl_outage {
    enum dl_outage_kind kind;
    int agency, other;      /* other: of a line; a person's index for PERSON */
    int64_t from_ms, to_ms; /* to_ms -1: until the end */
};

struct dl_outcome {
    bool met;
    int64_t at_ms;       /* when it came true; -1 never */
    int64_t deadline_ms; /* -1: none could be set, for nothing was sent */
    int64_t status_ms; /* how long until a status question was answered as expected; -1: none was */
    char reason[200];
};

struct dl_play {
    const struct dl_scenario *scenario;
    uint64_t seed;
    uint64_t simulated_ms;
    uint64_t entries, receipts, events_handled;
    struct dl_signature_counts signatures; /* of all nodes */
    struct dl_play_alert *alerts;
    size_t n_alerts, alerts_cap;
    struct dl_play_event *events;
    size_t n_events, events_left_out;
    struct dl_outage *outages;
    size_t n_outages;
    struct dl_outcome *outcomes;       /* one an expectation */
    uint64_t backlog[DL_PLAY_BACKLOG]; /* greatest number of alerts without a receipt, by time */
    unsigned score, max_score, met, missed, must_missed;
    char *aborted; /* the condition, when it stopped the play */
};

struct dl_play_config {
    const struct dl_scenario *scenario; /* outlives the play */
    uint64_t seed;
    const char *registry_path; /* NULL: without */
    void (*trace)(void *context, const char *agency, int64_t at_ms,
                  struct dl_view line);                                    /* NULL: none */
    void (*progress)(void *context, uint64_t done_ms, uint64_t length_ms); /* NULL: none */
    void *context;
};

/* Fails only when a node cannot be started: then `error` says why and *out is untouched. */
DL_MUST_USE enum dl_err dl_play(const struct dl_play_config *config, struct dl_play **out,
                                struct dl_error *error);
void dl_play_free(struct dl_play **play);

#endif
