/* What the verbs that make an entry share: it is submitted to some peers, the answer is given when
 * it is durable, and with --wait when the receipts are there.
 */
#ifndef DL_NODE_SENDING_H
#define DL_NODE_SENDING_H

#include "base/json.h"
#include "node/telling.h"

/* Submit one order to each target, under one id, and answer: one object a peer. A line that takes
 * nothing (frozen, removed, its journal closed) is an error on its own and does not keep the others
 * from getting it; any other refusal ends the call. */
void dl__sending_submit(struct dl_call *call, struct dl_order *order,
                        const struct dl_targets *targets);
/* The content that was given as JSON; NULL when it is none, and the call has ended. */
json_t *dl__sending_content(struct dl_call *call, struct dl_view text);

#endif
