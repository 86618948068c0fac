/* A picture of a structure with what a class rule says of it, as SVG on a light ground.
 *
 * The worker draws the molecule: the matched scaffold blue, substituents that a clause decides
 * orange, those whose clause is open yellow, each with a number. Below stands in words what the
 * colours and numbers mean; colour is never the only carrier.
 */
#ifndef DL_REGISTRY_PICTURE_H
#define DL_REGISTRY_PICTURE_H

#include "registry/relation.h"

/* The rule to draw for an answer: of those in force on the day of the question, in the order of its
 * jurisdictions, the first that holds, else the first that is open; -1 none. */
int dl_picture_rule(const struct dl_status *status, const struct dl_rules *rules,
                    const struct dl_worker_answer *answer);

struct dl_picture {
    struct dl_view molecule; /* the worker's SVG */
    struct dl_view name;     /* of the substance, or the query */
    struct dl_view inchikey;
    const char *on; /* the day */
    const struct dl_rules *rules;
    const struct dl_worker_verdict *verdict; /* NULL: no rule reaches it */
    enum dl_lang lang;
};
/* DL_E_WORKER when the molecule is no SVG. */
DL_MUST_USE enum dl_err dl_picture_put(const struct dl_picture *picture, struct dl_buf *out);

#endif
