/* directline: the program. Parses the command line and runs the verb here, or says it to the node.
 */
#include "node/runner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int help(const struct dl_verb *verb)
{
    struct dl_buf out;
    dl_buf_init(&out, (size_t)1024 * 1024);
    dl_command_help(verb, &out);
    size_t n = fwrite(out.p, 1, out.n, stdout);
    bool whole = n == out.n && fflush(stdout) == 0;
    int code = whole ? DL_EXIT_OK : dl_output_failed(errno, false);
    dl_buf_fini(&out);
    return code;
}

static int node_is_down(const struct dl_command *command)
{
    struct dl_error error;
    dl_error_set(&error, DL_E_NODE_DOWN, NULL, "no node is running in %s", command->dir);
    dl_error_hint(&error, "start it: directline -C %s node", command->dir);
    return dl_print_error(&error, command->json);
}

static int run(const struct dl_command *command, int argc, char *const *argv)
{
    enum dl_verb_where where = command->verb->where;
    if (where == DL_AT_HERE || (where == DL_AT_EITHER && command->dir == NULL)) {
        return dl_run_here(command);
    }
    char path[4096];
    int code = 0;
    snprintf(path, sizeof path, "%s/control.sock", command->dir);
    if (dl_run_there(command, argc, argv, path, &code) == DL_OK) {
        return code;
    }
    return where == DL_AT_NODE ? node_is_down(command) : dl_run_here(command);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    struct dl_command command = {0};
    struct dl_error error;
    if (dl_command_parse(argc, argv, &command, &error) != DL_OK) {
        return dl_print_error(&error, command.json);
    }
    int code = command.help ? help(command.verb) : run(&command, argc, argv);
    dl_command_fini(&command);
    return code;
}
