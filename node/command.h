/* Verbs: one table (node/command.def) that the command line, the control socket, help and scenario
 * lines share. A verb is a function on a call; a call knows its options and operands, where its
 * words go, and the agency it is said to.
 */
#ifndef DL_NODE_COMMAND_H
#define DL_NODE_COMMAND_H

#include "base/octets.h"

struct dl_agency;
struct dl_call;
struct dl_registry; /* registry/registry.h: an open registry database */

enum dl_verb_where {
    DL_AT_HERE,   /* in the calling process, DIR is not needed (`init`, `log verify`, `node`) */
    DL_AT_AGENCY, /* with DIR: in the running node, or in the calling process when none runs */
    DL_AT_NODE,   /* with DIR: only in a running node; exit 3 without one */
    DL_AT_EITHER  /* AGENCY when DIR is given, else HERE on the shipped registry */
};

enum dl_verb_input {
    DL_INPUT_NONE,
    DL_INPUT_FILE, /* the first operand is a file, or "-", whose octets the verb reads as its input
                    */
    DL_INPUT_LAST, /* the last operand is such a file */
    DL_INPUT_DASH  /* standard input when some operand is "-" */
};

enum {
    DL_EXIT_OK = 0,
    DL_EXIT_NO = 1,
    DL_EXIT_USAGE = 2,
    DL_EXIT_UNREACHABLE = 3,
    DL_EXIT_STORE = 4,
    DL_EXIT_TRUST = 5,
    DL_EXIT_WAIT = 6,
    DL_EXIT_REFUSED = 7
};

typedef void (*dl_verb_fn)(struct dl_call *call);
#define DL_VERB(id, ...) void dl__verb_##id(struct dl_call *call);
#define DL_OPT(id, ...)
#include "node/command.def"
#undef DL_VERB
#undef DL_OPT

struct dl_verb {
    const char *name; /* "alert send" */
    dl_verb_fn run;
    const char *operands; /* as printed in the usage: "FILE|-" */
    int min, max;         /* number of operands; max -1 for any */
    enum dl_verb_where where;
    enum dl_verb_input input;
    unsigned paths; /* bit i: operand i is a path, made absolute before it travels */
    const char *summary;
    const char *example;
};

enum dl_option_kind {
    DL_OPTION_FLAG,
    DL_OPTION_ONE,
    DL_OPTION_MANY,
    DL_OPTION_MAYBE /* --wait[=S] */,
    DL_OPTION_PATH /* one value, a path, made absolute */
};

struct dl_option {
    dl_verb_fn verb; /* NULL: every verb takes it */
    const char *name;
    enum dl_option_kind kind;
    const char *value; /* as printed in the usage, NULL for a flag */
    const char *help;
};

extern const struct dl_verb dl_verbs[];
extern const size_t dl_n_verbs;
extern const struct dl_option dl_options[];
extern const size_t dl_n_options;

/* A parsed command line. Strings are owned by it. */
struct dl_command {
    const struct dl_verb *verb;
    const char *cwd; /* what relative paths are relative to; set before parsing, NULL for our own */
    char *dir;       /* -C or DIRECTLINE_HOME; NULL without */
    char **operands;
    int n_operands;
    struct {
        const struct dl_option *option;
        char *value; /* NULL for a flag */
    } * options;
    int n_options;
    bool json, help, zh;
};

/* Parse argv (argv[0] is the program). DL_E_USAGE with what is wrong and a hint otherwise; an
 * unknown verb or option suggests the nearest. With --help the verb may be NULL (the overview). */
DL_MUST_USE enum dl_err dl_command_parse(int argc, char *const *argv, struct dl_command *command,
                                         struct dl_error *error);
void dl_command_fini(struct dl_command *command);
/* The text of --help for a verb, or the overview for NULL. */
void dl_command_help(const struct dl_verb *verb, struct dl_buf *out);
/* The exit status that goes with an error (contracts section 2). */
int dl_exit_of(enum dl_err err);

/* Where the words of a call go and come from; the control server and the local runner implement it.
 */
struct dl_call_ops {
    void (*out)(struct dl_call *call, int fd, struct dl_view octets); /* fd 1 or 2 */
    void (*end)(struct dl_call *call, int code);       /* the call is freed soon after */
    void (*want_input)(struct dl_call *call, bool on); /* back-pressure on the input */
    size_t (*queued)(const struct dl_call *call);      /* octets not yet taken by the reader */
    void (*step_soon)(struct dl_call *call);           /* the call has a step to do */
    void (*ask)(struct dl_call *call, struct dl_view question); /* NULL where nobody can be asked */
};

typedef void (*dl_call_input_fn)(struct dl_call *call, struct dl_view octets, bool end);
typedef void (*dl_call_step_fn)(struct dl_call *call);

struct dl_call {
    const struct dl_command *command;
    struct dl_agency *agency;       /* NULL where the verb runs without one */
    const struct dl_error *trouble; /* of doctor: why the agency cannot be opened */
    struct dl_registry *registry; /* the agency's, or the shipped one, opened by dl_call_registry */
    const struct dl_call_ops *ops;
    void *runner;
    bool json, zh, color;  /* color: standard output is a terminal that takes it */
    bool progress;         /* standard error is a terminal */
    bool asks;             /* a person sits at it, who can be asked */
    int width;             /* of the terminal, 80 without */
    uint64_t input_octets; /* of the input, where it is a file; 0 not known */
    bool ended;
    int worst;                 /* highest exit code noted so far, by dl_call_note */
    dl_call_input_fn on_input; /* set by dl_call_input */
    dl_call_step_fn on_step;   /* called again and again while the reader keeps up; NULL stops */
    void *state;               /* the verb's own */
    void (*state_free)(void *state);
    struct dl_buf gathered; /* of dl_call_gather */
    void (*on_gathered)(struct dl_call *call, struct dl_view all);
};

/* Options and operands. */
const char *dl_call_operand(const struct dl_call *call, int i);           /* NULL beyond the last */
const char *dl_call_option(const struct dl_call *call, const char *name); /* NULL when not given */
const char *dl_call_option_nth(const struct dl_call *call, const char *name, int n);
bool dl_call_flag(const struct dl_call *call, const char *name);
/* The wall clock as the call's agency sees it, else the operating system's. */
int64_t dl_call_now(const struct dl_call *call);

/* Say something on standard output (print) or standard error (warn). */
void dl_call_put(struct dl_call *call, struct dl_view octets);
void dl_call_print(struct dl_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void dl_call_warn(struct dl_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* One of two languages: DL_SAY(call, "yes", "是"). */
#define DL_SAY(call, en, zh_) ((call)->zh ? (zh_) : (en))

/* End the call. Exactly one of these is called once for every call; after it the call is not
 * touched. */
void dl_call_end(struct dl_call *call, int code);
/* Print the error as contracts section 2 says and end with its exit status. "No such id" is an
 * answer: null in JSON. */
void dl_call_fail(struct dl_call *call, const struct dl_error *error);
void dl_call_fail_with(struct dl_call *call, enum dl_err err, const char *message);
/* Print an error without ending: `in_place` puts the JSON form on standard output (a batch). */
void dl_call_report(struct dl_call *call, const struct dl_error *error, bool in_place);
/* Its JSON form, one line; `line` of the input (0: none) stands in the message and beside it. */
void dl_error_put_json(struct dl_buf *out, const struct dl_error *error, uint64_t line);
/* Remember an exit code; dl_call_end_worst ends with the highest. */
void dl_call_note(struct dl_call *call, int code);
void dl_call_end_worst(struct dl_call *call);

/* Read the input as it comes; dl_call_pause stops it (back-pressure). */
void dl_call_input(struct dl_call *call, dl_call_input_fn fn);
void dl_call_pause(struct dl_call *call, bool pause);
/* Read all of the input, at most `max` octets (more is DL_E_TOO_LARGE, which ends the call), then
 * call fn. */
void dl_call_gather(struct dl_call *call, size_t max,
                    void (*fn)(struct dl_call *call, struct dl_view all));
/* Ask the person at the terminal (call->asks) and call fn with the line of the answer, without its
 * end; empty when there was none. */
void dl_call_ask(struct dl_call *call, const char *question,
                 void (*fn)(struct dl_call *call, struct dl_view answer));
/* Call `step` while the reader keeps up, until it ends the call or is replaced (NULL to stop). */
void dl_call_steps(struct dl_call *call, dl_call_step_fn step);

/* The registry of the call (the agency's, or the shipped one read-only). */
DL_MUST_USE enum dl_err dl_call_registry(struct dl_call *call, struct dl_registry **out,
                                         struct dl_error *error);

#endif
