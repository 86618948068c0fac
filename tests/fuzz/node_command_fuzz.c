/* Any words as a command line (the control socket brings them too), one a line: parsing stays
 * inside them, what is taken keeps the verb's counts, and a refusal says why.
 */
#include "node/command.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS = 64 };

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check(const struct dl_command *command)
{
    for (int i = 0; i < command->n_operands; i++) {
        require(command->operands[i] != NULL);
    }
    for (int i = 0; i < command->n_options; i++) {
        enum dl_option_kind kind = command->options[i].option->kind;
        require(command->options[i].value != NULL || kind == DL_OPTION_FLAG ||
                kind == DL_OPTION_MAYBE);
    }
    if (!command->help) {
        const struct dl_verb *verb = command->verb;
        require(verb != NULL && command->n_operands >= verb->min &&
                (verb->max < 0 || command->n_operands <= verb->max));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    char program[] = "directline";
    char *argv[WORDS + 1] = {program};
    int argc = 1;
    require(text != NULL);
    for (char *rest = text; rest != NULL && argc < WORDS;) {
        argv[argc++] = strsep(&rest, "\n");
    }
    struct dl_command command = {.cwd = "/here"};
    struct dl_error error = {0};
    if (dl_command_parse(argc, argv, &command, &error) == DL_OK) {
        check(&command);
    } else {
        require(error.err == DL_E_USAGE && error.message[0] != '\0');
    }
    dl_command_fini(&command);
    free(text);
    return 0;
}
