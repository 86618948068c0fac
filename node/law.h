/* The law on the substance of an alert: in every jurisdiction, on a day, as this node's registry
 * had it at a moment. The registry keeps every version of itself, so that what was known at a time
 * can be asked later; what the structure worker adds (class rules, isomers) is given to the
 * question by who has asked it (node/triage.h).
 */
#ifndef DL_NODE_LAW_H
#define DL_NODE_LAW_H

#include "node/entry_view.h"
#include "registry/relation.h"

enum { DL_LAW_WORD = 64, DL_LAW_RULES = 24, DL_LAW_STANDINGS = 4096 };

struct dl_law_row {
    char jurisdiction[DL_CODE_MAX];
    enum dl_standing standing; /* the strongest of the jurisdiction's rows */
    enum dl_how how;
    char schedule[DL_LAW_WORD];
    char list[DL_CODE_MAX];
};

/* A class rule that was in force and reaches the structure. */
struct dl_law_rule {
    char id[DL_CODE_MAX], version[DL_CODE_MAX];
    enum dl_rule_verdict verdict;
};

struct dl_law_like {
    char key[28], name[DL_LAW_WORD];
    int thousandths;
};

struct dl_law {
    char on[DL_DATE_TEXT];
    char registry[DL_LAW_WORD];  /* version of the shipped data and number of the last import */
    char substance[DL_LAW_WORD]; /* its key; "" where the registry knows none of its names */
    bool structure;              /* a structure was held against class rules */
    size_t n, n_rules, n_like;
    struct dl_law_row row[DL_JURISDICTIONS_MAX];
    struct dl_law_rule rule[DL_LAW_RULES];
    struct dl_law_like like[DL_LIKE_MAX];
};

struct dl_law_question {
    const json_t *substance; /* of an alert's content; no object: nothing is asked */
    int64_t at_ms;           /* the day, and the registry as it was at that moment */
    /* What the worker said of the structure: NULL where it was not asked; `own`: of the SMILES of
     * the alert, else of the one that the registry has for its substance. */
    struct dl_worker *worker;
    const struct dl_worker_answer *structure;
    bool own;
};
DL_MUST_USE enum dl_err dl_law_ask(struct dl_agency *agency, const struct dl_law_question *question,
                                   struct dl_law *out);
/* The SMILES that the registry has for the substance: appended, nothing where it has none. */
DL_MUST_USE enum dl_err dl_law_smiles(struct dl_agency *agency, const json_t *substance,
                                      struct dl_buf *out);
/* The registry's reader, and its version at a moment: for what else is asked of it. */
DL_MUST_USE enum dl_err dl_law_reader(struct dl_agency *agency, int64_t at_ms,
                                      struct dl_reader **reader, struct dl_moment *moment);

/* What stands where, to be kept and compared: "CN controlled non-pharmaceutical by class-rule;DE
 * not-listed;". */
void dl_law_standings(const struct dl_law *law, struct dl_buf *out);
/* What differs between two of these, put into an empty builder in words with the day: "law: CN
 * not-listed > controlled non-pharmaceutical (2026-11-24)"; nothing where nothing does. That a
 * substance became known, or unknown, where it is not listed is no change. */
/* The word for a standing of a status answer; for one that is none, itself. */
struct dl_view dl_law_standing_in_chinese(struct dl_view standing);
/* Those words in Chinese: "法律变更：CN 未列管 > 管制 non-pharmaceutical (2026-11-24)". */
void dl_law_change_in_chinese(struct dl_view words, struct dl_buf *out);
void dl_law_change(struct dl_view then, struct dl_view now, const char *day, struct dl_buf *out);

/* "null", or {"on","registry","substance","rules":[{"rule","version","verdict"}],"answers":
 * [{"jurisdiction","status","schedule","list","how"}]}. */
void dl_law_put_json(const struct dl_law *law, struct dl_buf *out);

/* What the agency keeps to ask with; freed with it, and when its worker is closed. */
struct dl_law_asking;
void dl_law_asking_free(struct dl_law_asking **asking);

#endif
