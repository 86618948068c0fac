/* The control socket: a Unix socket in the agency's folder, for its owner only, on which the
 * command line says verbs to the running node. Each connection carries one call; frames are those
 * of node/runner.h.
 */
#ifndef DL_NODE_UV_CONTROL_H
#define DL_NODE_UV_CONTROL_H

#include "node/agency.h"
#include "node/uv_world.h"

struct dl_uv_control;

/* Listens at `path` (mode 0600; what a dead node left there is removed first). */
DL_MUST_USE enum dl_err dl_uv_control_open(struct dl_uv_world *world, struct dl_agency *agency,
                                           const char *path, struct dl_uv_control **out,
                                           struct dl_error *error);
/* Cancels the calls under way, removes the socket and frees the rest. */
void dl_uv_control_close(struct dl_uv_control **control);

#endif
