/* Verbs said to agencies of an exercise: the verb table's own functions, their words caught. */
#include "node/exercise_internal.h"
#include "node/runner.h"
#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER = 256 * 1024 };

static void say_out(struct dl_call *call, int fd, struct dl_view octets)
{
    struct dl__saying *saying = call->runner;
    dl_buf_put_view(fd == 1 ? &saying->out : &saying->err, octets);
}

static void say_end(struct dl_call *call, int code)
{
    struct dl__saying *saying = call->runner;
    saying->ended = true;
    saying->code = code;
}

static void say_want_input(struct dl_call *call, bool on)
{
    (void)call; // the input is whole and is given when the verb asks
    (void)on;
}

static size_t say_queued(const struct dl_call *call)
{
    (void)call;
    return 0;
}

static void say_step_soon(struct dl_call *call)
{
    (void)call; // steps are taken as long as there are any, see pump
}

static const struct dl_call_ops ops = {.out = say_out,
                                       .end = say_end,
                                       .want_input = say_want_input,
                                       .queued = say_queued,
                                       .step_soon = say_step_soon};

/* "$#" is the number of the repetition, "@3" or "@label" the alert of that number or id. */
static char *fill_in(const struct dl__stage *stage, const char *text, unsigned number)
{
    struct dl_buf out;
    dl_buf_init(&out, (size_t)DL_LIMIT_CONTENT * 4);
    char *end = NULL;
    unsigned long n = text[0] == '@' ? strtoul(text + 1, &end, 10) : 0;
    for (size_t i = 0; text[0] == '@' && i < stage->play->n_alerts; i++) {
        const struct dl_play_alert *a = &stage->play->alerts[i];
        if ((*end == '\0' && n == i + 1) || strcmp(a->id, text + 1) == 0) {
            dl_buf_printf(&out, "%s/%s", stage->scenario->agencies[a->author].id, a->id);
            text = "";
        }
    }
    for (; *text != '\0'; text++) {
        if (text[0] == '$' && text[1] == '#') {
            dl_buf_printf(&out, "%u", number);
            text++;
        } else {
            dl_buf_put(&out, text, 1);
        }
    }
    dl_buf_u8(&out, 0);
    char *copy = strdup((const char *)out.p);
    DL_ASSERT(copy != NULL, "memory for a word");
    dl_buf_fini(&out);
    return copy;
}

static void saying_free(struct dl__saying *saying)
{
    free((void *)saying->input);
    dl_command_fini(&saying->command);
    dl_buf_fini(&saying->out);
    dl_buf_fini(&saying->err);
    free(saying);
}

static void reap(struct dl__stage *stage, size_t unused)
{
    (void)unused;
    struct dl__saying **at = &stage->sayings;
    while (*at != NULL) {
        struct dl__saying *saying = *at;
        if (!saying->ended) {
            at = &saying->next;
            continue;
        }
        *at = saying->next;
        if (saying->done != NULL) {
            saying->done(saying);
        }
        saying_free(saying);
        at = &stage->sayings; // done may have said more
    }
}

static void say_end_later(struct dl_call *call, int code)
{
    say_end(call, code);
    struct dl__saying *saying = call->runner;
    dl__later(saying->stage, dl_virtual_elapsed(saying->stage->virtual), reap, 0);
}

/* A verb that waited for something outside its own words goes on. */
static void go_on(struct dl__stage *stage, size_t unused)
{
    (void)unused;
    for (struct dl__saying *saying = stage->sayings; saying != NULL; saying = saying->next) {
        while (!saying->ended && saying->call.on_step != NULL) {
            saying->call.on_step(&saying->call);
        }
    }
}

static void say_step_later(struct dl_call *call)
{
    struct dl__saying *saying = call->runner;
    dl__later(saying->stage, dl_virtual_elapsed(saying->stage->virtual), go_on, 0);
}

static const struct dl_call_ops later_ops = {.out = say_out,
                                             .end = say_end_later,
                                             .want_input = say_want_input,
                                             .queued = say_queued,
                                             .step_soon = say_step_later};

static bool prepare(struct dl__saying *saying, const struct dl_said *said, unsigned number)
{
    struct dl_error error;
    char *argv[DL_LIMIT_LIST * 4 + 8];
    int argc = 0;
    dl_buf_init(&saying->out, ANSWER);
    dl_buf_init(&saying->err, ANSWER);
    for (; argc < said->argc && argc < (int)(sizeof argv / sizeof argv[0]); argc++) {
        argv[argc] = fill_in(saying->stage, said->argv[argc], number);
    }
    saying->command.cwd = "/";
    enum dl_err err = dl_command_parse(argc, argv, &saying->command, &error);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    saying->input = said->input == NULL ? NULL : fill_in(saying->stage, said->input, number);
    if (err != DL_OK) {
        dl_buf_printf(&saying->err, "directline: %s\n", error.message);
        saying->code = DL_EXIT_USAGE;
        saying->ended = true;
        return false;
    }
    saying->command.zh = false; // a play does not depend on the locale it runs in
    dl_call_init(&saying->call, &saying->command);
    saying->call.runner = saying;
    return true;
}

/* Run the verb until it ends or waits for the turn's commit. */
static void pump(struct dl__saying *saying)
{
    struct dl_call *call = &saying->call;
    call->agency = dl_virtual_node_agency(saying->actor->node);
    if (call->agency == NULL) {
        dl_buf_put_str(&saying->err, "directline: the node does not run [E_NODE_DOWN]\n");
        call->ops->end(call, DL_EXIT_UNREACHABLE);
        return;
    }
    saying->command.verb->run(call);
    while (!saying->ended && (call->on_step != NULL || call->on_input != NULL)) {
        if (call->on_step != NULL) {
            call->on_step(call);
            continue;
        }
        struct dl_view input =
            dl_view_str(saying->input == NULL || saying->fed ? "" : saying->input);
        saying->fed = true;
        call->on_input(call, input, true);
    }
    struct dl_world *world = dl_virtual_node_world(saying->actor->node);
    world->ops->wake(world); // the turn that the verb wrote in ends now
}

void dl__say(struct dl__stage *stage, const struct dl__saying_config *config)
{
    struct dl__saying *saying = calloc(1, sizeof *saying);
    DL_ASSERT(saying != NULL, "memory for a verb");
    saying->stage = stage;
    saying->actor = &stage->actors[config->agency];
    saying->done = config->done;
    saying->context = config->context;
    saying->event = config->event;
    saying->alert = config->alert;
    saying->next = stage->sayings;
    stage->sayings = saying;
    if (prepare(saying, config->said, config->number)) {
        saying->call.ops = &later_ops;
        pump(saying);
    } else {
        dl__later(stage, dl_virtual_elapsed(stage->virtual), reap, 0);
    }
}

bool dl__says(struct dl__stage *stage, int agency, const struct dl_said *said, const char *text)
{
    struct dl__saying *saying = calloc(1, sizeof *saying);
    DL_ASSERT(saying != NULL, "memory for a verb");
    saying->stage = stage;
    saying->actor = &stage->actors[agency];
    if (prepare(saying, said, 0)) {
        saying->call.ops = &ops;
        pump(saying);
        if (!saying->ended) {
            dl_call_end(&saying->call, DL_EXIT_NO);
        }
    }
    bool found =
        saying->out.n > 0 && memmem(saying->out.p, saying->out.n, text, strlen(text)) != NULL;
    saying_free(saying);
    return found;
}

void dl__hush(struct dl__stage *stage, const struct dl__actor *actor)
{
    for (struct dl__saying *saying = stage->sayings; saying != NULL; saying = saying->next) {
        if (saying->actor == actor && !saying->ended) {
            if (dl_virtual_node_agency(actor->node) == NULL) {
                saying->call.state_free = NULL; // the agency that its state knows is gone already
            }
            dl_call_end(&saying->call, DL_EXIT_UNREACHABLE);
        }
    }
}

void dl__sayings_free(struct dl__stage *stage)
{
    for (size_t i = 0; i < stage->scenario->n_agencies; i++) {
        dl__hush(stage, &stage->actors[i]);
    }
    while (stage->sayings != NULL) {
        struct dl__saying *saying = stage->sayings;
        stage->sayings = saying->next;
        saying_free(saying);
    }
}
