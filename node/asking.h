/* What the verbs that ask the registry share: the registry opened, the options --on, --known-on and
 * --jurisdiction read, words for people.
 */
#ifndef DL_NODE_ASKING_H
#define DL_NODE_ASKING_H

#include "node/command.h"
#include "registry/relation.h"

struct dl_asking {
    struct dl_reader *reader;
    struct dl_status *status;
    struct dl_moment moment;
    struct dl_style style;
    struct dl_buf out;        /* gathered before it is put: few large writes */
    struct dl_worker *worker; /* started at the first structure */
    struct dl_relations *relations;
    struct dl_likeness *likeness;
    struct dl_buf svg; /* of the last structure, where --draw asks for it */
    bool draw;
    char refusal[512]; /* why the last structure was not understood */
};

enum { DL_ASKING_PUT = 64 * 1024 }; /* octets gathered before they are put */

/* On failure the error is filled and *asking is all zero. `batch`: a list comes, and its unknown
 * names are compared with few others. */
DL_MUST_USE enum dl_err dl_asking_open(struct dl_call *call, struct dl_asking *asking, bool batch,
                                       struct dl_error *error);
void dl_asking_close(struct dl_asking *asking);
/* Asks for a structure (SMILES, InChI, or a MOL record); the answer stands in asking->status, with
 * the listed substances most like it. What is no structure leaves the answer before it, and
 * *understood false. DL_E_WORKER_MISSING without the structure worker: other questions are answered
 * all the same. */
enum dl_asking_form { DL_ASKING_LINE, DL_ASKING_MOL };
DL_MUST_USE enum dl_err dl_asking_structure(struct dl_asking *asking, struct dl_view text,
                                            enum dl_asking_form form, bool *understood,
                                            struct dl_error *error);
/* The answer for a query, no name, that was no structure either. */
void dl_asking_refuse(struct dl_asking *asking, struct dl_view query);
/* Draws the substance of the answer by the registry's own structure; nothing where it has none. */
DL_MUST_USE enum dl_err dl_asking_draw_listed(struct dl_asking *asking, struct dl_error *error);
/* Starts the worker unless it runs. */
DL_MUST_USE enum dl_err dl_asking_start(struct dl_asking *asking, struct dl_error *error);
/* The same for many structures, up to DL_WORKER_IN_FLIGHT of them put before the first is taken;
 * answers are taken in the order of the questions. Two processes are at it, if none ran before.
 * With `use` false an answer is passed over. */
DL_MUST_USE enum dl_err dl_asking_put(struct dl_asking *asking, struct dl_view text,
                                      enum dl_asking_form form, struct dl_error *error);
DL_MUST_USE enum dl_err dl_asking_take(struct dl_asking *asking, struct dl_view query, bool use,
                                       bool *understood, struct dl_error *error);
/* Whether the question just asked was no name of the registry, but may be a structure. */
bool dl_asking_may_be_structure(const struct dl_asking *asking);
/* Put what was gathered. */
void dl_asking_flush(struct dl_call *call, struct dl_asking *asking);

#endif
