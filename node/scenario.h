/* Scenarios: the script of an exercise, read and checked before anything runs. The grammar is one
 * page, node/SCENARIO.md. Everything a script names (agencies, people, alerts, parameters, verbs)
 * is resolved here, so a script that is accepted can only fail by what happens in it.
 *
 * Times are milliseconds since the exercise began.
 */
#ifndef DL_NODE_SCENARIO_H
#define DL_NODE_SCENARIO_H

#include "base/limits.h"
#include "base/octets.h"

enum {
    DL_SCENARIO_AGENCIES = 8,
    DL_SCENARIO_PROBLEMS = 20,
    DL_SCENARIO_CONDITIONS = 8, /* in one group */
    DL_SCENARIO_ITEMS = 2000,   /* people, injects, expectations: each */
    DL_SCENARIO_OCTETS = 1024 * 1024,
    DL_SCENARIO_DEPTH = 8 /* of includes */
};

/* A point in the script. */
struct dl_spot {
    const char *file; /* lives as long as the scenario */
    unsigned line, column;
};

/* How long something takes. */
enum dl_spread_kind {
    DL_SPREAD_FIXED,
    DL_SPREAD_UNIFORM,
    DL_SPREAD_EXPONENTIAL,
    DL_SPREAD_LOGNORMAL
};
struct dl_spread {
    enum dl_spread_kind kind;
    double
        a; /* fixed: the value; uniform: the least; exponential: the mean; lognormal: the median */
    double b; /* uniform: the greatest; lognormal: the factor within which 68 of 100 lie */
};
/* A value in ms, at least 0, from two numbers that are uniform in (0, 1). */
uint64_t dl_spread_draw(const struct dl_spread *spread, double u, double v);

/* The facts about an alert, in the order in which they come. */
enum dl_fact {
    DL_FACT_RECEIPTED,
    DL_FACT_RECEIVED,
    DL_FACT_SEEN,
    DL_FACT_ACCEPTED,
    DL_FACT_ACTED,
    DL_FACT_COUNT
};
const char *dl_fact_name(enum dl_fact fact);
struct dl_title {
    char *en, *zh; /* zh is the English words where the script gives none */
};

struct dl_scenario_agency {
    char id[DL_LIMIT_AGENCY_ID + 1];
    char jurisdiction[3];
    struct dl_title name;
    bool registry; /* opens with the shipped registry */
};
struct dl_person {
    char *name, *role;
    int agency;
    bool does[DL_FACT_COUNT]; /* seen, accepted, acted */
    struct dl_spread after[DL_FACT_COUNT];
    uint64_t on_ms, off_ms; /* of the day, UTC; equal: always */
};
enum dl_condition_kind {
    DL_CONDITION_FACT, /* AGENCY seen ALERT */
    DL_CONDITION_LINE, /* line A B active: as A sees it */
    DL_CONDITION_LINK, /* link A B up: as A sees it */
    DL_CONDITION_SAYS  /* AGENCY says "TEXT" to VERB ... */
};
struct dl_said { /* a verb said to an agency */
    int argc;
    char **argv; /* argv[0] is the program; "-" where `input` is read */
    char *input; /* NULL without */
};
struct dl_condition {
    enum dl_condition_kind kind;
    int agency, other;
    enum dl_fact fact;
    unsigned number;  /* of the alert, from 1; 0: see label and percent */
    char *label;      /* its --id; NULL: see percent */
    unsigned percent; /* of all alerts to (or from) the agency */
    char *word;       /* the state, or the text that must be said */
    struct dl_said said;
};
struct dl_conditions {
    bool any; /* one is enough ("or"); else all ("and") */
    size_t n;
    struct dl_condition at[DL_SCENARIO_CONDITIONS];
};
enum dl_inject_kind {
    DL_INJECT_VERB,
    DL_INJECT_LINK_CUT,
    DL_INJECT_LINK_SILENT,
    DL_INJECT_LINK_JOIN,
    DL_INJECT_DISK_FULL,
    DL_INJECT_DISK_FREE,
    DL_INJECT_CLOCK,
    DL_INJECT_BACKUP,
    DL_INJECT_RESTORE,
    DL_INJECT_CRASH,
    DL_INJECT_STOP,
    DL_INJECT_START,
    DL_INJECT_ILL,
    DL_INJECT_NOTE,
    DL_INJECT_PHASE
};
struct dl_inject {
    struct dl_spot spot;
    enum dl_inject_kind kind;
    struct dl_conditions when; /* n 0: at `at_ms`; else once, at_ms after they hold */
    uint64_t at_ms;
    bool repeats;
    struct dl_spread every;
    uint64_t until_ms;
    int agency, other, person;
    uint64_t for_ms; /* 0: for good */
    int64_t skew_ms;
    struct dl_said said;
    char *text;            /* as the script has it, for the report */
    struct dl_title title; /* of a note or a phase */
};
enum dl_deadline { DL_DEADLINE_WITHIN, DL_DEADLINE_BY, DL_DEADLINE_AT };
struct dl_expectation {
    struct dl_spot spot;
    bool must;
    struct dl_conditions of;
    enum dl_deadline deadline;
    uint64_t time_ms; /* the length, or the time */
    bool from_given;
    uint64_t from_ms;
    unsigned points;
    int objective; /* -1 none */
    char *text;
};
struct dl_objective {
    char *id;
    struct dl_title title;
};
struct dl_abort {
    struct dl_conditions when;
    char *text;
};

struct dl_scenario {
    char *id;
    struct dl_title title;
    char *class_name; /* of ConvEx: "communication", "partial", "full" */
    int64_t start_ms; /* Unix */
    uint64_t length_ms;
    uint32_t delay_least_ms, delay_spread_ms;
    struct dl_scenario_agency agencies[DL_SCENARIO_AGENCIES];
    size_t n_agencies, n_people, n_injects, n_expectations, n_objectives, n_aborts, n_settings;
    struct dl_person *people;
    struct dl_inject *injects;
    struct dl_expectation *expectations;
    struct dl_objective *objectives;
    struct dl_abort *aborts;
    struct dl_setting {
        char *name, *value;
        bool used;
    } * settings; /* the parameters as they were in force */
    char **files; /* the names of what was read */
    size_t n_files;
    char digest[65]; /* SHA-256 over all files that were read, hex */
};

/* What is wrong with a script, in the order of its lines. */
struct dl_problems {
    size_t n; /* those kept; there may be more */
    struct {
        char file[160];
        unsigned line, column;
        char message[DL_ERROR_MESSAGE_MAX], hint[DL_ERROR_HINT_MAX];
    } at[DL_SCENARIO_PROBLEMS];
};

/* Where a script's files come from. Appends the octets of `name`, which stands in the file `from`
 * (NULL: the script itself). INPUT when there is no such file. */
struct dl_scenario_source {
    enum dl_err (*read)(void *context, const char *from, const char *name, struct dl_buf *out);
    void *context;
};
/* `settings` are "NAME=VALUE". On failure SCENARIO, with at least one problem; *out untouched. */
DL_MUST_USE enum dl_err dl_scenario_read(const struct dl_scenario_source *source, const char *name,
                                         const char *const *settings, size_t n_settings,
                                         struct dl_scenario **out, struct dl_problems *problems);
/* The same from files of the operating system. */
DL_MUST_USE enum dl_err dl_scenario_open(const char *path, const char *const *settings,
                                         size_t n_settings, struct dl_scenario **out,
                                         struct dl_problems *problems);
void dl_scenario_free(struct dl_scenario **scenario);

#endif
