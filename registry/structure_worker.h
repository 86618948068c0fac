/* Inside directline-structure: the chemistry behind one door, and what stands before it.
 *
 * The worker is one process that reads requests on standard input and answers them in order on
 * standard output (registry/worker_wire.h). It holds no secret and no file; hostile input can cost
 * it its life, which costs the asker one refused request.
 */
#ifndef DL_REGISTRY_STRUCTURE_WORKER_H
#define DL_REGISTRY_STRUCTURE_WORKER_H

#include "registry/rule.h"
#include "registry/structure_worker_chem.h"

/* structure_worker_inchi.c: standard InChI through libinchi's C API. Texts are malloc'd. */
bool dl__inchi(const struct chem_mol *mol, char **inchi, char key[28]);

/* structure_worker_input.c: what may come near the library. DL_OK, or DL_E_STRUCTURE with words. */
enum dl_err dl__input_check(struct dl_view text, bool is_mol, struct dl_error *error);
/* A number that substances share whose atoms form the same ring systems and functional groups,
 * however alkyl parts are arranged and wherever they are attached (positional isomers, 21 CFR
 * 1300.01(b)). */
uint64_t dl__isomer_key(const struct chem_graph *graph);
/* A number that differs where hydrogens, charges or bonds lie elsewhere: of one InChIKey, another
 * mobile-hydrogen form. */
uint64_t dl__form_key(const struct chem_graph *graph);

/* structure_worker_rule.c: rules compiled, and one structure held against all of them. */
struct dl__engine;
enum dl_err dl__engine_new(struct dl_rules *rules, struct dl__engine **out, struct dl_error *error);
void dl__engine_free(struct dl__engine **engine);
/* Appends a verdict field (worker_wire.h) for every rule that is inside or open. */
void dl__engine_run(struct dl__engine *engine, const struct chem_mol *mol, const char *block,
                    struct dl_buf *out);
/* The atoms that a rule rests on, as marks; its findings that are not the reference substance's are
 * numbered from 1 in the order of the verdict. 0 when the rule does not match. */
size_t dl__engine_marks(struct dl__engine *engine, const struct chem_mol *mol, int rule,
                        struct chem_mark *marks, size_t max);

/* structure_worker_request.c */
struct dl__desk {
    struct dl__engine *engine;
    struct dl_rules *rules;
};
void dl__desk_answer(struct dl__desk *desk, struct dl_view request, struct dl_buf *out);

/* structure_worker_fence.c: memory and CPU limits, and the system calls that are left. */
bool dl__fence_limits(void);
bool dl__fence_calls(void);
void dl__fence_watch(bool on); /* one request may take DL_WORKER_CPU_MS */

#endif
