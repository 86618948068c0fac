#include "node/agency_dir.h"
#include "node/runner.h"
#include "registry/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct here {
    int input;
    int code;
    int broken; /* errno of standard output; 0: it is well */
};

static void write_all(struct here *here, int fd, struct dl_view octets)
{
    while (octets.n > 0 && (fd != 1 || here->broken == 0)) {
        ssize_t n = write(fd, octets.p, octets.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            here->broken = fd == 1 ? errno : here->broken;
            return;
        }
        octets.p += n;
        octets.n -= (size_t)n;
    }
}

static void here_out(struct dl_call *call, int fd, struct dl_view octets)
{
    write_all(call->runner, fd, octets);
}

static void here_end(struct dl_call *call, int code)
{
    ((struct here *)call->runner)->code = code;
}

static void here_want_input(struct dl_call *call, bool on)
{
    (void)
        call; // reading here is asked for by on_input alone: there is no other source to be fair to
    (void)on;
}

static size_t here_queued(const struct dl_call *call)
{
    (void)call;
    return 0;
}

static void here_step_soon(struct dl_call *call)
{
    (void)call; // the loop below steps as long as there is a step
}

static const struct dl_call_ops here_ops = {.out = here_out,
                                            .end = here_end,
                                            .want_input = here_want_input,
                                            .queued = here_queued,
                                            .step_soon = here_step_soon};

bool dl_terminal_color(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(1) && (no_color == NULL || no_color[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

int dl_terminal_width(void)
{
    struct winsize size;
    if (isatty(1) && ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) {
        return size.ws_col;
    }
    return 80;
}

void dl_call_init(struct dl_call *call, const struct dl_command *command)
{
    *call =
        (struct dl_call){.command = command, .json = command->json, .zh = command->zh, .width = 80};
}

int dl_print_error(const struct dl_error *error, bool json)
{
    struct dl_command command = {.json = json};
    struct dl_call call;
    struct here here = {.input = -1};
    dl_call_init(&call, &command);
    call.ops = &here_ops;
    call.runner = &here;
    dl_call_fail(&call, error);
    return here.code;
}

enum dl_err dl_command_input(const struct dl_command *command, int *fd, struct dl_error *error)
{
    *fd = -1;
    const char *path = NULL;
    if (command->verb->input == DL_INPUT_DASH) {
        for (int i = 0; i < command->n_operands; i++) {
            path = strcmp(command->operands[i], "-") == 0 ? "-" : path;
        }
        for (int i = 0; i < command->n_options; i++) {
            const char *value = command->options[i].value;
            path = value != NULL && strcmp(value, "-") == 0 ? "-" : path;
        }
    } else if (command->verb->input != DL_INPUT_NONE && command->n_operands > 0) {
        path =
            command->operands[command->verb->input == DL_INPUT_LAST ? command->n_operands - 1 : 0];
    }
    for (int i = 0; i < command->n_options; i++) {
        if (strcmp(command->options[i].option->name, "batch") == 0) {
            path = command->options[i].value;
        }
    }
    if (path == NULL) {
        return DL_OK;
    }
    int opened = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC);
    if (opened < 0) {
        dl_error_set(error, DL_E_INPUT, NULL, "%s cannot be read: %s", path, strerror(errno));
        return dl_error_hint(error, "name a readable file, or - for standard input");
    }
    *fd = opened;
    return DL_OK;
}

uint64_t dl_input_octets(int fd)
{
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? (uint64_t)status.st_size
                                                                         : 0;
}

void dl_input_failed(int number, struct dl_error *error)
{
    dl_error_set(error, DL_E_INPUT, NULL, "the input cannot be read: %s", strerror(number));
    dl_error_hint(error, "what was answered above is whole; what follows in the input is not");
}

int dl_output_failed(int number, bool json)
{
    struct dl_error error;
    if (number == EPIPE) { // the reader went away; nothing is left to say
        return DL_EXIT_NO;
    }
    dl_error_set(&error, number == ENOSPC ? DL_E_STORE_FULL : DL_E_STORE_IO, NULL,
                 "standard output cannot be written: %s", strerror(number));
    dl_error_hint(&error, "what was written is not all of it");
    return dl_print_error(&error, json);
}

static void feed(struct dl_call *call, struct here *here)
{
    uint8_t piece[64 * 1024];
    ssize_t n = here->input < 0 ? 0 : read(here->input, piece, sizeof piece);
    if (n < 0 && errno == EINTR) {
        return;
    }
    if (n < 0) {
        struct dl_error error;
        dl_input_failed(errno, &error);
        dl_call_fail(call, &error);
        return;
    }
    call->on_input(call, dl_view_of(piece, n > 0 ? (size_t)n : 0), n <= 0);
}

static void run(struct dl_call *call, struct here *here)
{
    call->command->verb->run(call);
    while (!call->ended) {
        if (here->broken != 0) {
            dl_call_end(call, DL_EXIT_NO); // what it would say is of no use
        } else if (call->on_step != NULL) {
            call->on_step(call);
        } else {
            DL_ASSERT(call->on_input != NULL, "a call that has not ended waits for something");
            feed(call, here);
        }
    }
}

/* What keeps an agency from being opened is for the doctor to tell, not to fail with. */
static bool tells_of(const struct dl_verb *verb, enum dl_err err)
{
    return err != DL_OK && err != DL_E_INPUT && err != DL_E_STORE_LOCKED &&
           strcmp(verb->name, "doctor") == 0;
}

int dl_run_here(const struct dl_command *command)
{
    struct dl_error error;
    struct here here = {.input = -1};
    struct dl_call call;
    dl_call_init(&call, command);
    call.ops = &here_ops;
    call.runner = &here;
    call.color = dl_terminal_color();
    call.progress = isatty(2) && !command->json;
    call.width = dl_terminal_width();
    enum dl_verb_where where = command->verb->where;
    bool with_agency = where == DL_AT_AGENCY || (where == DL_AT_EITHER && command->dir != NULL);
    enum dl_err err = dl_command_input(command, &here.input, &error);
    call.input_octets = dl_input_octets(here.input);
    if (err == DL_OK && with_agency) {
        err = dl_agency_dir_open_offline(command->dir, &call.agency, &error);
        if (tells_of(command->verb, err)) {
            call.trouble = &error;
            err = DL_OK;
        }
    }
    if (err != DL_OK) {
        dl_call_fail(&call, &error);
    } else {
        run(&call, &here);
    }
    if (call.agency != NULL) {
        dl_agency_dir_close_offline(&call.agency);
    } else {
        dl_registry_close(&call.registry);
    }
    if (here.input >= 0) {
        close(here.input);
    }
    return here.broken != 0 ? dl_output_failed(here.broken, command->json) : here.code;
}
