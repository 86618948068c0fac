/* Three ways to run a call: here, in this process (a verb that needs no node, or an agency whose
 * node does not run); through the control socket of a running node; and, on the node's side, for
 * each connection to that socket (node/uv_control.h).
 */
#ifndef DL_NODE_RUNNER_H
#define DL_NODE_RUNNER_H

#include "node/command.h"

/* Runs the command in this process and gives its exit status. */
int dl_run_here(const struct dl_command *command);
/* Says the command to the node behind the socket at `path`. DL_E_NODE_DOWN when nobody listens
 * there. */
DL_MUST_USE enum dl_err dl_run_there(const struct dl_command *command, int argc, char *const *argv,
                                     const char *path, int *code);

/* Fill a call for a command; the caller sets ops and runner. */
void dl_call_init(struct dl_call *call, const struct dl_command *command);
/* Whether standard output is a terminal that takes colour (NO_COLOR, TERM). */
bool dl_terminal_color(void);
int dl_terminal_width(void);
/* Opens the input that the command names ("-" or a file); *fd is -1 when it has none. INPUT when
 * the file cannot be read. */
DL_MUST_USE enum dl_err dl_command_input(const struct dl_command *command, int *fd,
                                         struct dl_error *error);
/* Octets of an input that is a file; 0 otherwise. */
uint64_t dl_input_octets(int fd);
/* A read of the input failed with this errno. */
void dl_input_failed(int number, struct dl_error *error);
/* A write to standard output did: says so, unless the reader went away; gives the exit status. */
int dl_output_failed(int number, bool json);
/* Prints an error as contracts section 2 says, on standard error; gives the exit status. */
int dl_print_error(const struct dl_error *error, bool json);

#endif
