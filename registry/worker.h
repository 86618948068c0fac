/* The structure worker, from this side: questions about structures go to one or two
 * directline-structure processes, answers come back in the order of the questions.
 *
 * The processes are found beside the running program (or where DIRECTLINE_STRUCTURE says), started
 * at the first question, and started again when one dies. A question that ends or outlasts a worker
 * is refused and costs no other question anything. No call blocks longer than one worker's
 * processor-time watchdog with its margin (worker_wire.h) for each question waited for.
 */
#ifndef DL_REGISTRY_WORKER_H
#define DL_REGISTRY_WORKER_H

#include "base/octets.h"
#include "registry/rule.h"
#include "registry/worker_wire.h"

struct dl_worker;

struct dl_worker_config {
    const char *path; /* NULL: found as said above */
    const char
        *rules;    /* the directory of the rule files; NULL: found beside the program; "": none */
    int processes; /* 1 or 2 */
    /* Do not wait while the processes read the rules: the first dl_worker_take does, unless
     * dl_worker_ready says that it need not. */
    bool later;
    bool tests; /* dl_worker_rules has the rules' test substances; else they are given back */
};

/* DL_E_WORKER_MISSING says what is missing and where it was looked for; DL_E_RULE for a rule file
 * that is not valid; DL_E_REGISTRY_MISSING where there are no rule files. */
DL_MUST_USE enum dl_err dl_worker_open(const struct dl_worker_config *config,
                                       struct dl_worker **out, struct dl_error *error);
void dl_worker_close(struct dl_worker **worker);
/* The rules that verdicts refer to; NULL where there are none. */
const struct dl_rules *dl_worker_rules(const struct dl_worker *worker);

struct dl_worker_ask {
    struct dl_view text;
    unsigned wants; /* enum dl_wire_want */
    int rule;       /* whose findings a picture marks; -1: none */
};

enum { DL_WORKER_IN_FLIGHT = 64, DL_VERDICTS_MAX = DL_RULES_MAX };

/* One thing a rule found at one position. */
struct dl_worker_finding {
    uint16_t position, choice;
    uint8_t kind;         /* enum dl_finding_kind */
    struct dl_view atoms; /* u16 each, big-endian: the molecule's atoms, from 0 */
};
enum dl_finding_kind {
    DL_FOUND_ORIGINAL,
    DL_FOUND_CHANGED,
    DL_FOUND_OPEN,
    DL_FOUND_OTHER,
    DL_FOUND_CUT /* a maximum of the worker was reached: nothing is ruled out */
};

struct dl_worker_verdict {
    uint16_t rule, scaffold;
    enum dl_rule_verdict verdict;
    uint16_t n_findings;
    struct dl_view findings; /* read by dl_worker_finding_next */
};

struct dl_worker_answer {
    bool understood;
    struct dl_view refusal; /* why not, in English */
    /* Texts; empty where the answer has none. The parent's are always there. */
    struct dl_view smiles, formula, inchi, inchikey;
    struct dl_view parent_smiles, parent_inchi, parent_inchikey, parent_formula;
    struct dl_view plain_inchikey, print, svg, made_of;
    struct dl_view mixture; /* of several substances: which; in English */
    uint32_t mass;          /* thousandths of u */
    uint64_t isomer_key, form_key;
    struct dl_worker_verdict verdict[DL_VERDICTS_MAX];
    size_t n_verdicts;
};

/* Puts a question; at most DL_WORKER_IN_FLIGHT may wait for their answers. */
DL_MUST_USE enum dl_err dl_worker_put(struct dl_worker *worker, const struct dl_worker_ask *ask,
                                      struct dl_error *error);
/* The answer to the oldest question; its views live until the next call. Errors are of the worker
 * itself (DL_E_WORKER: it cannot be started again and again), never of the structure. */
DL_MUST_USE enum dl_err dl_worker_take(struct dl_worker *worker, struct dl_worker_answer *out,
                                       struct dl_error *error);
size_t dl_worker_waiting(const struct dl_worker *worker);
/* Whether every waiting question can be taken without waiting; looks, and never waits itself. */
bool dl_worker_ready(struct dl_worker *worker);
/* One question and its answer. */
DL_MUST_USE enum dl_err dl_worker_ask(struct dl_worker *worker, const struct dl_worker_ask *ask,
                                      struct dl_worker_answer *out, struct dl_error *error);

/* Decodes an answer's block; DL_E_WORKER when it is malformed (the worker is not trusted). */
DL_MUST_USE enum dl_err dl_worker_decode(struct dl_view block, const struct dl_rules *rules,
                                         struct dl_worker_answer *out);
/* Takes the next finding off verdict->findings; false after the last. */
bool dl_worker_finding_next(struct dl_worker_verdict *verdict, struct dl_worker_finding *out);

/* A substance that the structure is an ester or ether of. */
struct dl_made_of {
    bool ether;
    struct dl_view inchikey, inchi;
};
/* Takes the next off an answer's `made_of`; false after the last, or where it is malformed (then
 * *rest is not empty). */
bool dl_made_of_next(struct dl_view *rest, struct dl_made_of *out);

/* Reads classes.json and then every other *.json of a directory, in the order of their names: `n`
 * files, each as a block with its name and a block with its text. */
DL_MUST_USE enum dl_err dl_rules_read_files(const char *directory, struct dl_buf *files, size_t *n,
                                            struct dl_error *error);

#endif
