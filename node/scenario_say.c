/* Verbs in a scenario: the same words as on the command line, checked with the same table. */
#include "base/crypto.h"
#include "node/command.h"
#include "node/scenario_internal.h"
#include "protocol/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What may be said in an exercise: nothing that reads or writes files, runs commands or never ends
 * (I8: the registry is read-only, no export leaves it). */
static const char *const sayable[] = {"alert send",    "alert list",
                                      "alert show",    "alert ack",
                                      "alert update",  "alert retract",
                                      "message send",  "message list",
                                      "message show",  "line",
                                      "line suspend",  "line resume",
                                      "line release",  "line renew",
                                      "line test",     "peer list",
                                      "peer show",     "peer remove",
                                      "status",        "doctor",
                                      "journal check", "registry search",
                                      "registry show", NULL};
static const char *const unsayable[] = {"wait", "exec", "repair"};

void dl__said_fini(struct dl_said *said)
{
    for (int i = 0; i < said->argc; i++) {
        free(said->argv[i]);
    }
    free(said->argv);
    free(said->input);
    *said = (struct dl_said){0};
}

static void add_word(struct dl_said *said, const char *text)
{
    size_t n = (size_t)said->argc + 2;
    said->argv = realloc(said->argv, n * sizeof said->argv[0]);
    DL_ASSERT(said->argv != NULL, "memory for words");
    said->argv[said->argc++] = dl__dup(text);
    said->argv[said->argc] = NULL;
}

/* ---- contents ---- */

static bool is_invented(struct dl_view text)
{
    return text.n > 3 && memcmp(text.p, "EX-", 3) == 0;
}

/* An exercise names only substances invented for it, with identifiers that no real record can hold:
 * an InChIKey's letters encode 14 bits in threes, and no three that begin with E are in use (InChI
 * Technical Manual, base-26 encoding). CAS numbers, UNIIs and structures have no such reserve and
 * are left out. */
static const char *not_invented(const json_t *content)
{
    json_t *substance = json_object_get(content, "substance");
    json_t *names = json_object_get(substance, "names");
    static const char *const real[] = {"cas", "unii", "smiles"};
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (!is_invented(dl_json_text(json_array_get(names, i), "name"))) {
            return "names begin with EX- in an exercise";
        }
    }
    for (size_t i = 0; i < 3; i++) {
        if (json_object_get(substance, real[i]) != NULL) {
            return "an exercise's substance has no CAS number, UNII or structure: a real one could";
        }
    }
    struct dl_view key = dl_json_text(substance, "inchikey");
    if (key.n > 0 && memcmp(key.p, "EX", key.n < 2 ? key.n : 2) != 0) {
        return "an exercise's InChIKey begins with EX, as no real one can";
    }
    return json_array_size(names) == 0 && key.n == 0 ? "name the substance EX-..." : NULL;
}

static void put_number(const char *text, struct dl_buf *out)
{
    for (; *text != '\0'; text++) {
        bool mark = text[0] == '$' && text[1] == '#';
        dl_buf_put(out, mark ? "1" : text, 1);
        text += mark;
    }
}

static bool check_content(struct dl__reader *r, const struct dl_spot *spot,
                          const struct dl_said *said)
{
    struct dl_error error = {.err = DL_OK};
    struct dl_buf text;
    json_t *content = NULL;
    bool update = strcmp(said->argv[4], "update") == 0;
    dl_buf_init(&text, (size_t)DL_LIMIT_CONTENT * 2);
    put_number(said->input, &text);
    enum dl_err err = dl_json_parse(dl_buf_view(&text), &content, &error);
    dl_buf_fini(&text);
    if (err == DL_OK && update) { /* the reason comes as an option */
        json_object_set_new(content, "reason", json_string("reason"));
    }
    err = err == DL_OK ? dl_kind_check(update ? DL_KIND_UPDATE : DL_KIND_ALERT, content, &error)
                       : err;
    const char *wrong = err == DL_OK ? not_invented(content) : NULL;
    json_decref(content);
    if (err != DL_OK) {
        dl__problem(r->problems, spot, error.hint, "the content is not valid: %s%s%s", error.field,
                    error.field[0] == '\0' ? "" : ": ", error.message);
    } else if (wrong != NULL) {
        dl__problem(r->problems, spot, "I8: nothing of an exercise can be taken for real", "%s",
                    wrong);
    }
    return err == DL_OK && wrong == NULL;
}

/* A file of the verb's: read now, so that the run needs nothing but the script. */
static bool read_input(struct dl__reader *r, const struct dl_spot *spot, const char *name,
                       struct dl_said *said)
{
    struct dl_buf text;
    dl_buf_init(&text, (size_t)DL_LIMIT_CONTENT * 2);
    bool ok = r->source->read(r->source->context, spot->file, name, &text) == DL_OK &&
              dl_buf_err(&text) == DL_OK &&
              memchr(text.p == NULL ? (uint8_t *)"" : text.p, '\0', text.n) == NULL;
    if (!ok) {
        dl__problem(r->problems, spot, "its name counts from the folder of the script",
                    "%.80s cannot be read", name);
    } else {
        dl_sha256_update(r->digest, dl_buf_view(&text));
        dl_buf_u8(&text, 0);
        said->input = dl__dup((const char *)text.p);
    }
    dl_buf_fini(&text);
    return ok;
}

/* ---- the verb ---- */

static bool may_be_said(const struct dl_command *command, const char **why)
{
    bool found = false;
    for (size_t i = 0; sayable[i] != NULL; i++) {
        found = found || strcmp(sayable[i], command->verb->name) == 0;
    }
    *why = command->verb->name;
    for (int i = 0; i < command->n_options; i++) {
        if (command->options[i].option->kind == DL_OPTION_PATH) {
            *why = command->options[i].option->name;
            found = false;
        }
        for (size_t k = 0; k < sizeof unsayable / sizeof unsayable[0]; k++) {
            if (strcmp(command->options[i].option->name, unsayable[k]) == 0) {
                *why = unsayable[k];
                found = false;
            }
        }
    }
    return found;
}

static bool check_command(struct dl__reader *r, const struct dl_spot *spot,
                          const struct dl_said *said)
{
    struct dl_error error;
    struct dl_command command = {.cwd = "/"};
    const char *why = NULL;
    if (dl_command_parse(said->argc, said->argv, &command, &error) != DL_OK) {
        dl__problem(r->problems, spot, error.hint, "%s", error.message);
        return false;
    }
    bool ok = may_be_said(&command, &why);
    if (!ok) {
        dl__problem(r->problems, spot,
                    "an exercise touches no file, command or registry of the real line",
                    "%s cannot be said in an exercise", why);
    }
    dl_command_fini(&command);
    return ok;
}

/* The word that stands for the input of `alert send` and `alert update`: an object or a file. */
static bool is_input(const struct dl_said *said, const struct dl__word *word, size_t operands)
{
    bool send = said->argc >= 5 && strcmp(said->argv[3], "alert") == 0 &&
                strcmp(said->argv[4], "send") == 0;
    bool update = said->argc >= 5 && strcmp(said->argv[3], "alert") == 0 &&
                  strcmp(said->argv[4], "update") == 0;
    return word->kind == DL__JSON || (send && operands == 1) || (update && operands == 2);
}

static bool takes_value(const char *option)
{
    static const char *const flags[] = {
        "--json", "--sent-in-error",  "--withdraw",   "--content", "--in",
        "--out",  "--unacknowledged", "--read-aloud", "--dry-run", "--exit-code"};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(option, flags[i]) == 0) {
            return false;
        }
    }
    return strchr(option, '=') == NULL;
}

bool dl__take_said(struct dl__reader *r, struct dl__statement *s, const char *const *stops,
                   struct dl_said *out)
{
    struct dl_spot spot = dl__spot(s);
    struct dl_spot content = spot;
    size_t operands = 0;
    bool value = false;
    bool ok = true;
    add_word(out, "directline");
    add_word(out, "-C");
    add_word(out, "/exercise");
    for (; dl__peek(s) != NULL; s->next++) {
        const struct dl__word *word = dl__peek(s);
        bool stop = false;
        for (size_t i = 0; stops != NULL && stops[i] != NULL; i++) {
            stop = stop || dl__is(s, stops[i]);
        }
        if (stop) {
            break;
        }
        bool option = word->kind == DL__WORD && strncmp(word->text, "--", 2) == 0;
        operands += !option && !value && out->argc >= 5;
        if (!option && !value && out->input == NULL && is_input(out, word, operands)) {
            content = dl__spot(s);
            ok = (word->kind == DL__JSON ? (out->input = dl__dup(word->text)) != NULL
                                         : read_input(r, &content, word->text, out)) &&
                 ok;
            add_word(out, "-");
        } else {
            add_word(out, word->text);
        }
        value = option && takes_value(word->text);
    }
    if (out->argc == 3) {
        dl__problem(r->problems, &spot, "for example: alert send finding.json",
                    "a verb is missing here");
        return false;
    }
    return ok && check_command(r, &spot, out) &&
           (out->input == NULL || out->argc < 5 || strcmp(out->argv[3], "alert") != 0 ||
            check_content(r, &content, out));
}
