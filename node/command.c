#include "node/command.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct dl_verb dl_verbs[] = {
#define DL_VERB(id, name, operands, min, max, where, input, paths, summary, example)               \
    {name,          dl__verb_##id,    operands, min,     max,                                      \
     DL_AT_##where, DL_INPUT_##input, paths,    summary, example},
#define DL_OPT(id, ...)
#include "node/command.def"
#undef DL_VERB
#undef DL_OPT
};
const size_t dl_n_verbs = sizeof dl_verbs / sizeof dl_verbs[0];

#define dl__verb_any NULL
const struct dl_option dl_options[] = {
#define DL_VERB(id, ...)
#define DL_OPT(id, name, kind, value, help) {dl__verb_##id, name, DL_OPTION_##kind, value, help},
#include "node/command.def"
#undef DL_VERB
#undef DL_OPT
};
const size_t dl_n_options = sizeof dl_options / sizeof dl_options[0];

int dl_exit_of(enum dl_err err)
{
    switch (err) {
    case DL_E_ID_UNKNOWN:
    case DL_E_NO_RECEIPT:
        return DL_EXIT_NO;
    case DL_E_WAIT_OVER:
        return DL_EXIT_WAIT;
    case DL_E_TOO_LARGE:
    case DL_E_TOO_DEEP:
        return DL_EXIT_USAGE; /* a length of the input, not a maximum of state */
    default:
        break;
    }
    static const int codes[] = {
        [DL_CLASS_NONE] = DL_EXIT_OK,        [DL_CLASS_INPUT] = DL_EXIT_USAGE,
        [DL_CLASS_IO] = DL_EXIT_UNREACHABLE, [DL_CLASS_PEER] = DL_EXIT_UNREACHABLE,
        [DL_CLASS_TRUST] = DL_EXIT_TRUST,    [DL_CLASS_STORE] = DL_EXIT_STORE,
        [DL_CLASS_LIMIT] = DL_EXIT_REFUSED,  [DL_CLASS_BUG] = DL_EXIT_NO,
    };
    return codes[dl_err_class(err)];
}

static bool takes(const struct dl_option *option, const struct dl_verb *verb)
{
    return option->verb == NULL || (verb != NULL && option->verb == verb->run);
}

static const struct dl_option *find_option(const struct dl_verb *verb, const char *name, size_t n)
{
    for (size_t i = 0; i < dl_n_options; i++) {
        if (takes(&dl_options[i], verb) && strlen(dl_options[i].name) == n &&
            strncmp(dl_options[i].name, name, n) == 0) {
            return &dl_options[i];
        }
    }
    return NULL;
}

static enum dl_err unknown_option(const struct dl_verb *verb, const char *name, size_t n,
                                  struct dl_error *error)
{
    char word[48];
    snprintf(word, sizeof word, "%.*s", (int)(n > 40 ? 40 : n), name);
    const char *nearest = NULL;
    size_t best = 3;
    for (size_t i = 0; i < dl_n_options; i++) {
        size_t d = takes(&dl_options[i], verb) ? dl_text_distance(word, dl_options[i].name) : best;
        if (d < best) {
            best = d;
            nearest = dl_options[i].name;
        }
    }
    dl_error_set(error, DL_E_USAGE, NULL, "%s has no option --%s",
                 verb == NULL ? "directline" : verb->name, word);
    if (nearest != NULL) {
        return dl_error_hint(error, "did you mean --%s?", nearest);
    }
    return dl_error_hint(error, "`directline %s%s--help` lists the options",
                         verb == NULL ? "" : verb->name, verb == NULL ? "" : " ");
}

/* A verb has one, two or three words; the longest that fits wins. */
static const struct dl_verb *find_verb(int argc, char *const *argv, int *used)
{
    const struct dl_verb *found = NULL;
    for (size_t i = 0; i < dl_n_verbs; i++) {
        const char *rest = dl_verbs[i].name;
        int words = 0;
        while (*rest != '\0' && words < argc) {
            size_t n = strcspn(rest, " ");
            if (strlen(argv[words]) != n || strncmp(argv[words], rest, n) != 0) {
                break;
            }
            words++;
            rest += n;
            rest += *rest == ' ';
        }
        if (*rest == '\0' && words > *used) {
            *used = words;
            found = &dl_verbs[i];
        }
    }
    return found;
}

/* "list, check, run" for "exercise"; empty when no verb begins with the word. */
static void second_words(const char *first, char *out, size_t n)
{
    size_t used = 0;
    size_t length = strlen(first);
    out[0] = '\0';
    for (size_t i = 0; i < dl_n_verbs && used < n; i++) {
        const char *name = dl_verbs[i].name;
        if (strncmp(name, first, length) == 0 && name[length] == ' ') {
            int more =
                snprintf(out + used, n - used, "%s%s", used > 0 ? ", " : "", name + length + 1);
            used += more > 0 ? (size_t)more : 0;
        }
    }
}

static enum dl_err unknown_verb(int argc, char *const *argv, struct dl_error *error)
{
    char said[48];
    snprintf(said, sizeof said, "%s%s%s", argv[0], argc > 1 && argv[1][0] != '-' ? " " : "",
             argc > 1 && argv[1][0] != '-' ? argv[1] : "");
    const char *nearest = NULL;
    size_t best = 4;
    for (size_t i = 0; i < dl_n_verbs; i++) {
        const char *name = dl_verbs[i].name;
        // the second word said is an operand where the verb has one word
        size_t d = dl_text_distance(strchr(name, ' ') == NULL ? argv[0] : said, name);
        if (d < best) {
            best = d;
            nearest = name;
        }
    }
    dl_error_set(error, DL_E_USAGE, NULL, "there is no verb \"%s\"", said);
    if (nearest != NULL) {
        return dl_error_hint(error, "did you mean `directline %s`?", nearest);
    }
    char words[DL_ERROR_HINT_MAX - 64];
    second_words(argv[0], words, sizeof words);
    if (words[0] != '\0') {
        return dl_error_hint(error, "`directline %s` goes on with one of: %s", argv[0], words);
    }
    return dl_error_hint(error, "`directline --help` lists the verbs");
}

static char *absolute(const struct dl_command *command, const char *path)
{
    char *out = NULL;
    if (path[0] == '/' || strcmp(path, "-") == 0) {
        out = strdup(path);
    } else if (asprintf(&out, "%s/%s", command->cwd, path) < 0) {
        out = NULL;
    }
    DL_ASSERT(out != NULL, "memory for a path");
    return out;
}

static void add_option(struct dl_command *command, const struct dl_option *option,
                       const char *value)
{
    size_t n = (size_t)command->n_options + 1;
    command->options = realloc(command->options, n * sizeof command->options[0]);
    DL_ASSERT(command->options != NULL, "memory for options");
    command->options[n - 1].option = option;
    command->options[n - 1].value = value == NULL                    ? NULL
                                    : option->kind == DL_OPTION_PATH ? absolute(command, value)
                                                                     : strdup(value);
    command->n_options = (int)n;
}

/* One word that begins with "--"; *i is its index in argv and moves over a value of its own. */
static enum dl_err take_option(struct dl_command *command, int argc, char *const *argv, int *i,
                               struct dl_error *error)
{
    const char *word = argv[*i] + 2;
    size_t n = strcspn(word, "=");
    const char *value = word[n] == '=' ? word + n + 1 : NULL;
    const struct dl_option *option = find_option(command->verb, word, n);
    if (option == NULL) {
        return unknown_option(command->verb, word, n, error);
    }
    if (option->kind == DL_OPTION_FLAG && value != NULL) {
        return dl_error_set(error, DL_E_USAGE, NULL, "--%s takes no value", option->name);
    }
    bool needs = option->kind != DL_OPTION_FLAG && option->kind != DL_OPTION_MAYBE;
    if (needs && value == NULL) {
        if (*i + 1 >= argc) {
            return dl_error_set(error, DL_E_USAGE, NULL, "--%s needs a value: --%s %s",
                                option->name, option->name, option->value);
        }
        value = argv[++*i];
    }
    if (option->kind != DL_OPTION_MANY) {
        for (int k = 0; k < command->n_options; k++) {
            if (command->options[k].option == option && option->kind != DL_OPTION_FLAG) {
                return dl_error_set(error, DL_E_USAGE, NULL, "--%s is given twice", option->name);
            }
        }
    }
    add_option(command, option, value);
    return DL_OK;
}

static void add_operand(struct dl_command *command, const char *word)
{
    size_t n = (size_t)command->n_operands + 1;
    command->operands = realloc(command->operands, n * sizeof command->operands[0]);
    DL_ASSERT(command->operands != NULL, "memory for operands");
    bool path = command->verb != NULL && n <= 32 && (command->verb->paths >> (n - 1) & 1U) != 0;
    command->operands[n - 1] = path ? absolute(command, word) : strdup(word);
    command->n_operands = (int)n;
}

static enum dl_err check_count(const struct dl_command *command, struct dl_error *error)
{
    const struct dl_verb *verb = command->verb;
    int n = command->n_operands;
    if (n >= verb->min && (verb->max < 0 || n <= verb->max)) {
        return DL_OK;
    }
    dl_error_set(error, DL_E_USAGE, NULL, "%s takes %s%s%s", verb->name,
                 verb->max == 0 ? "no operand" : verb->operands,
                 n > verb->min ? "; too much: " : "",
                 n > verb->max && verb->max >= 0 ? command->operands[verb->max] : "");
    return dl_error_hint(error, "for example: %s", verb->example);
}

static bool locale_is_zh(void)
{
    const char *names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return strncmp(value, "zh", 2) == 0;
        }
    }
    return false;
}

static const char *given(const struct dl_command *command, const char *name)
{
    for (int i = 0; i < command->n_options; i++) {
        if (strcmp(command->options[i].option->name, name) == 0) {
            return command->options[i].value == NULL ? "" : command->options[i].value;
        }
    }
    return NULL;
}

static enum dl_err settle(struct dl_command *command, struct dl_error *error)
{
    const char *lang = given(command, "lang");
    command->json = given(command, "json") != NULL;
    command->help = given(command, "help") != NULL;
    command->zh = lang == NULL ? locale_is_zh() : strcmp(lang, "zh") == 0;
    if (lang != NULL && strcmp(lang, "zh") != 0 && strcmp(lang, "en") != 0) {
        return dl_error_set(error, DL_E_USAGE, NULL, "--lang is en or zh, not \"%s\"", lang);
    }
    const char *home = getenv("DIRECTLINE_HOME");
    if (command->dir == NULL && home != NULL && home[0] != '\0') {
        command->dir = absolute(command, home);
    }
    if (command->help) {
        return DL_OK;
    }
    DL_ASSERT(command->verb != NULL, "only help needs no verb");
    enum dl_verb_where where = command->verb->where;
    if (command->dir == NULL && (where == DL_AT_AGENCY || where == DL_AT_NODE ||
                                 strcmp(command->verb->name, "node") == 0)) {
        dl_error_set(error, DL_E_USAGE, NULL, "%s needs an agency", command->verb->name);
        return dl_error_hint(error, "name its folder: directline -C DIR %s, or set DIRECTLINE_HOME",
                             command->verb->name);
    }
    return check_count(command, error);
}

/* -C DIR may stand before the verb only, as with make and git; so may --help, --json and --lang. */
static enum dl_err take_leading(struct dl_command *command, int argc, char *const *argv, int *i,
                                struct dl_error *error)
{
    while (*i < argc && argv[*i][0] == '-' && argv[*i][1] != '\0') {
        if (strcmp(argv[*i], "-h") == 0) {
            add_option(command, find_option(NULL, "help", 4), NULL);
        } else if (strncmp(argv[*i], "-C", 2) == 0) {
            const char *dir = argv[*i][2] != '\0' ? argv[*i] + 2 : *i + 1 < argc ? argv[++*i] : "";
            if (dir[0] == '\0') {
                return dl_error_set(error, DL_E_USAGE, NULL, "-C needs the agency's folder");
            }
            free(command->dir);
            command->dir = absolute(command, dir);
        } else if (strncmp(argv[*i], "--", 2) == 0) {
            DL_TRY(take_option(command, argc, argv, i, error));
        } else {
            return dl_error_set(error, DL_E_USAGE, NULL, "there is no option %s", argv[*i]);
        }
        (*i)++;
    }
    return DL_OK;
}

/* "alert --help": the first word of some verbs, and nothing but options behind it. */
static bool asks_for_group(int argc, char *const *argv)
{
    char words[DL_ERROR_HINT_MAX];
    second_words(argv[0], words, sizeof words);
    bool asks = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') {
            return false;
        }
        asks = asks || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
    }
    return asks && words[0] != '\0';
}

/* A letter behind one hyphen: nothing here begins so, and it would be taken for an operand. */
static bool is_stray(const char *word)
{
    return word[0] == '-' && isalpha((unsigned char)word[1]) != 0 && word[2] == '\0';
}

static enum dl_err refuse_stray(const char *word, struct dl_error *error)
{
    dl_error_set(error, DL_E_USAGE, NULL, "there is no option %s here", word);
    return dl_error_hint(error, strcmp(word, "-C") == 0
                                    ? "-C DIR stands before the verb"
                                    : "an operand that begins with a hyphen stands behind --");
}

static enum dl_err parse(int argc, char *const *argv, struct dl_command *command,
                         struct dl_error *error)
{
    int i = 1;
    DL_TRY(take_leading(command, argc, argv, &i, error));
    if (i >= argc) {
        if (given(command, "help") == NULL) {
            dl_error_set(error, DL_E_USAGE, NULL, "say a verb");
            return dl_error_hint(error, "`directline --help` lists the verbs");
        }
        return settle(command, error);
    }
    int used = 0;
    command->verb = find_verb(argc - i, argv + i, &used);
    if (command->verb == NULL && asks_for_group(argc - i, argv + i)) {
        add_option(command, find_option(NULL, "help", 4), NULL);
        return settle(command, error);
    }
    if (command->verb == NULL && given(command, "help") == NULL) {
        return unknown_verb(argc - i, argv + i, error);
    }
    bool only_operands = false;
    for (i += used; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else if (!only_operands && strcmp(argv[i], "-h") == 0) {
            add_option(command, find_option(NULL, "help", 4), NULL);
        } else if (!only_operands && strncmp(argv[i], "--", 2) == 0) {
            DL_TRY(take_option(command, argc, argv, &i, error));
        } else if (!only_operands && is_stray(argv[i])) {
            return refuse_stray(argv[i], error);
        } else {
            add_operand(command, argv[i]);
        }
    }
    return settle(command, error);
}

/* A line that cannot be parsed still says how its error is to be printed. */
static bool asks_for_json(int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

enum dl_err dl_command_parse(int argc, char *const *argv, struct dl_command *command,
                             struct dl_error *error)
{
    char here[4096];
    struct dl_command fresh = {.cwd = command->cwd};
    if (fresh.cwd == NULL) {
        fresh.cwd = getcwd(here, sizeof here) == NULL ? "/" : here;
    }
    enum dl_err err = parse(argc, argv, &fresh, error);
    if (err != DL_OK) {
        command->json = asks_for_json(argc, argv);
        dl_command_fini(&fresh);
        return err;
    }
    fresh.cwd = command->cwd;
    *command = fresh;
    return DL_OK;
}

void dl_command_fini(struct dl_command *command)
{
    for (int i = 0; i < command->n_operands; i++) {
        free(command->operands[i]);
    }
    for (int i = 0; i < command->n_options; i++) {
        free(command->options[i].value);
    }
    free(command->operands);
    free(command->options);
    free(command->dir);
    *command = (struct dl_command){0};
}

static void help_overview(struct dl_buf *out)
{
    dl_buf_put_str(
        out, "directline: a controlled-substance registry and a direct line between agencies\n"
             "\n"
             "usage: directline [-C DIR] VERB ... [--json] [--help]\n"
             "       DIR is the agency's folder; DIRECTLINE_HOME stands in for it.\n\n");
    const char *group = "";
    for (size_t i = 0; i < dl_n_verbs; i++) {
        size_t n = strcspn(dl_verbs[i].name, " ");
        if (strncmp(group, dl_verbs[i].name, n) != 0 || group[n] == '\0') {
            dl_buf_put_str(out, i > 0 && dl_verbs[i].name[n] == ' ' ? "\n" : "");
        }
        group = dl_verbs[i].name;
        dl_buf_printf(out, "  %-20s %s\n", dl_verbs[i].name, dl_verbs[i].summary);
    }
    dl_buf_put_str(out, "\nExample: directline status fentanyl\n"
                        "Each verb explains itself: directline VERB --help\n");
}

void dl_command_help(const struct dl_verb *verb, struct dl_buf *out)
{
    if (verb == NULL) {
        help_overview(out);
        return;
    }
    const char *dir = verb->where == DL_AT_HERE     ? ""
                      : verb->where == DL_AT_EITHER ? "[-C DIR] "
                                                    : "-C DIR ";
    if (strcmp(verb->name, "node") == 0) {
        dir = "-C DIR ";
    }
    dl_buf_printf(out, "%s\n\nusage: directline %s%s %s%s[options]\n\n", verb->summary, dir,
                  verb->name, verb->operands, verb->operands[0] == '\0' ? "" : " ");
    for (size_t i = dl_n_options; i > 0; i--) {
        const struct dl_option *option = &dl_options[dl_n_options - i];
        if (!takes(option, verb)) {
            continue;
        }
        char left[64];
        const char *format = option->kind == DL_OPTION_MAYBE ? "--%s[=%s]"
                             : option->value != NULL         ? "--%s %s"
                                                             : "--%s%s";
        // the three formats above are literals with the same two arguments
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(left, sizeof left, format, option->name,
                 option->value == NULL ? "" : option->value);
#pragma GCC diagnostic pop
        dl_buf_printf(out, "  %-26s %s%s\n", left, option->help,
                      option->kind == DL_OPTION_MANY ? " (may be repeated)" : "");
    }
    dl_buf_printf(out, "\nExample: %s\n", verb->example);
    if (verb->where == DL_AT_NODE) {
        dl_buf_put_str(out, "The agency's node must be running (directline -C DIR node).\n");
    }
}
