/* A command of the operator's, run by the shell with something on its standard input. */
#ifndef DL_NODE_UV_EXEC_H
#define DL_NODE_UV_EXEC_H

#include "node/world.h"

struct dl_exec;

/* Starts `sh -c command` with `input` on its standard input; its output goes to the node's standard
 * error. `fn` gets its exit status (128 + signal when a signal ended it). Only in libuv's world:
 * DL_E_STATE elsewhere, DL_E_INPUT when it cannot be started. */
DL_MUST_USE enum dl_err dl_exec_start(struct dl_world *world, const char *command,
                                      struct dl_view input, void (*fn)(void *context, int status),
                                      void *context, struct dl_exec **out);
/* Nobody waits for it any more; it runs to its end. */
void dl_exec_forget(struct dl_exec **exec);

#endif
