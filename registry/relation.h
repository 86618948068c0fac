/* From a structure to a status: who it is, whom it is related to, and which class rules reach it.
 *
 * The registry answers by identity first (exact, parent of a salt, stereoisomer); then by relation
 * to a listed substance where the words of its listing say so (positional isomer, ester, ether);
 * then by class rule. A relation is found by chemistry, its legal weight is read from the listing.
 */
#ifndef DL_REGISTRY_RELATION_H
#define DL_REGISTRY_RELATION_H

#include "registry/status.h"
#include "registry/worker.h"

/* The listed structures with what the worker knows of each; borrowed are reader and worker. */
struct dl_relations;
void dl_relations_new(struct dl_reader *reader, struct dl_worker *worker,
                      struct dl_relations **out);
void dl_relations_free(struct dl_relations **relations);

/* What must be asked of the worker for dl_relations_answer. */
enum { DL_RELATIONS_WANTS = DL_WANT_RULES | DL_WANT_ESTERS };

/* Makes the worker read every listed structure that has no reading in the registry yet
 * (registry/reading.h): once, and before questions are put in flight. */
DL_MUST_USE enum dl_err dl_relations_load(struct dl_relations *relations, struct dl_error *error);

/* Answers `query`, whose structure is `answer`, in `status`. The worker must have no question in
 * flight unless dl_relations_load was called, and must have understood the structure. Several
 * substances together that are not listed as such are not understood: each is to be asked. */
DL_MUST_USE enum dl_err dl_relations_answer(struct dl_relations *relations,
                                            struct dl_status *status, struct dl_view query,
                                            const struct dl_worker_answer *answer,
                                            enum dl_lang lang, struct dl_error *error);

/* The same for a query that was asked and understood otherwise: adds what its structure, which is
 * `answer`, brings beside the listings of the substance itself. */
DL_MUST_USE enum dl_err dl_relations_add(struct dl_relations *relations, struct dl_status *status,
                                         const struct dl_worker_answer *answer, enum dl_lang lang,
                                         struct dl_error *error);

/* An InChI is looked up as it stands, never parsed: the key of the structure that has it, or an
 * empty view. */
DL_MUST_USE enum dl_err dl_relations_inchi(struct dl_relations *relations, struct dl_view inchi,
                                           char key[28]);

/* Appends a verdict in words: the clause of each position, its substituents and atoms. */
void dl_rule_explain(const struct dl_rules *rules, const struct dl_worker_verdict *verdict,
                     enum dl_lang lang, struct dl_buf *out);
/* Appends what was law on a day before the rule's wording. */
void dl_rule_explain_before(const struct dl_rule *rule, enum dl_lang lang, struct dl_buf *out);
/* Appends what was found at one position: its name, the clause or the reason, the atoms. */
void dl_rule_explain_finding(const struct dl_rule_scaffold *scaffold,
                             const struct dl_worker_finding *finding, enum dl_lang lang,
                             struct dl_buf *out);

#endif
