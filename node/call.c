#include "base/json.h"
#include "node/agency.h"
#include "node/command.h"
#include "registry/registry.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DL_CALL_ANSWER_MAX = 64 * 1024 };

const char *dl_call_operand(const struct dl_call *call, int i)
{
    return i < call->command->n_operands ? call->command->operands[i] : NULL;
}

const char *dl_call_option_nth(const struct dl_call *call, const char *name, int n)
{
    for (int i = 0; i < call->command->n_options; i++) {
        if (strcmp(call->command->options[i].option->name, name) == 0 && n-- == 0) {
            const char *value = call->command->options[i].value;
            return value == NULL ? "" : value;
        }
    }
    return NULL;
}

const char *dl_call_option(const struct dl_call *call, const char *name)
{
    return dl_call_option_nth(call, name, 0);
}

bool dl_call_flag(const struct dl_call *call, const char *name)
{
    return dl_call_option(call, name) != NULL;
}

int64_t dl_call_now(const struct dl_call *call)
{
    if (call->agency != NULL) {
        return dl_agency_now(call->agency);
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void dl_call_put(struct dl_call *call, struct dl_view octets)
{
    DL_ASSERT(!call->ended, "a call that ended says nothing");
    if (octets.n > 0) {
        call->ops->out(call, 1, octets);
    }
}

static void print(struct dl_call *call, int fd, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void print(struct dl_call *call, int fd, const char *format, va_list args)
{
    char *text = NULL;
    int n = vasprintf(&text, format, args);
    DL_ASSERT(n >= 0, "memory for a line");
    if (n > 0) {
        call->ops->out(call, fd, dl_view_of(text, (size_t)n));
    }
    free(text);
}

void dl_call_print(struct dl_call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(call, 1, format, args);
    va_end(args);
}

void dl_call_warn(struct dl_call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(call, 2, format, args);
    va_end(args);
}

void dl_call_end(struct dl_call *call, int code)
{
    DL_ASSERT(!call->ended, "a call ends once");
    call->ended = true;
    call->on_input = NULL;
    call->on_step = NULL;
    if (call->state_free != NULL) {
        call->state_free(call->state);
        call->state = NULL;
    }
    dl_buf_fini(&call->gathered);
    call->ops->end(call, code);
}

void dl_error_put_json(struct dl_buf *out, const struct dl_error *error, uint64_t line)
{
    char message[DL_ERROR_MESSAGE_MAX + 40];
    char place[40] = "";
    if (line > 0) {
        snprintf(place, sizeof place, "line %llu: ", (unsigned long long)line);
    }
    snprintf(message, sizeof message, "%s%s", place, error->message);
    dl_buf_printf(out, "{\"error\":{\"code\":\"%s\",\"class\":\"%s\",\"message\":",
                  dl_err_code(error->err), dl_err_class_name(dl_err_class(error->err)));
    dl_json_put_str(out, message);
    dl_buf_put_str(out, ",\"field\":");
    dl_json_put_str(out, error->field[0] == '\0' ? NULL : error->field);
    dl_buf_put_str(out, ",\"hint\":");
    dl_json_put_str(out, error->hint[0] == '\0' ? NULL : error->hint);
    if (line > 0) {
        dl_buf_printf(out, ",\"line\":%llu", (unsigned long long)line);
    }
    dl_buf_put_str(out, "}}\n");
}

void dl_call_report(struct dl_call *call, const struct dl_error *error, bool in_place)
{
    struct dl_buf out;
    dl_buf_init(&out, (size_t)64 * 1024);
    if (call->json) {
        dl_error_put_json(&out, error, 0);
    } else {
        dl_buf_printf(&out, "directline: %s%s%s [%s]\n", error->field,
                      error->field[0] == '\0' ? "" : ": ", error->message, dl_err_code(error->err));
        if (error->hint[0] != '\0') {
            dl_buf_printf(&out, "  %s\n", error->hint);
        }
    }
    call->ops->out(call, in_place && call->json ? 1 : 2, dl_buf_view(&out));
    dl_buf_fini(&out);
}

void dl_call_fail(struct dl_call *call, const struct dl_error *error)
{
    struct dl_error copy = *error; /* it may lie in the state that the end frees */
    if (copy.err == DL_E_ID_UNKNOWN && call->json) {
        dl_call_print(call,
                      "null\n"); // that there is none is the answer; exit 1 has no error object
    } else {
        dl_call_report(call, &copy, false);
    }
    dl_call_end(call, dl_exit_of(copy.err));
}

void dl_call_fail_with(struct dl_call *call, enum dl_err err, const char *message)
{
    struct dl_error error;
    dl_error_set(&error, err, NULL, "%s", message == NULL ? dl_err_text(err) : message);
    dl_call_fail(call, &error);
}

void dl_call_note(struct dl_call *call, int code)
{
    call->worst = code > call->worst ? code : call->worst;
}

void dl_call_end_worst(struct dl_call *call)
{
    dl_call_end(call, call->worst);
}

void dl_call_input(struct dl_call *call, dl_call_input_fn fn)
{
    call->on_input = fn;
    call->ops->want_input(call, fn != NULL);
}

void dl_call_pause(struct dl_call *call, bool pause)
{
    call->ops->want_input(call, !pause);
}

static void gather(struct dl_call *call, struct dl_view octets, bool end)
{
    dl_buf_put_view(&call->gathered, octets);
    if (call->gathered.err != DL_OK) {
        struct dl_error error;
        dl_error_set(&error, DL_E_TOO_LARGE, NULL, "the input is larger than %zu octets",
                     call->gathered.max);
        dl_call_fail(call, &error);
    } else if (end) {
        call->on_input = NULL;
        call->on_gathered(call, dl_buf_view(&call->gathered));
    }
}

void dl_call_gather(struct dl_call *call, size_t max,
                    void (*fn)(struct dl_call *call, struct dl_view all))
{
    dl_buf_init(&call->gathered, max);
    call->on_gathered = fn;
    dl_call_input(call, gather);
}

void dl_call_ask(struct dl_call *call, const char *question,
                 void (*fn)(struct dl_call *call, struct dl_view answer))
{
    DL_ASSERT(call->asks && call->ops->ask != NULL, "somebody to ask");
    dl_buf_fini(&call->gathered); // the input that came before is used up
    call->ops->ask(call, dl_view_str(question));
    dl_call_gather(call, DL_CALL_ANSWER_MAX, fn);
}

void dl_call_steps(struct dl_call *call, dl_call_step_fn step)
{
    call->on_step = step;
    if (step != NULL) {
        call->ops->step_soon(call);
    }
}

enum dl_err dl_call_registry(struct dl_call *call, struct dl_registry **out, struct dl_error *error)
{
    if (call->registry == NULL && call->agency != NULL) {
        DL_TRY(dl_agency_registry(call->agency, &call->registry, error));
    } else if (call->registry == NULL) {
        DL_TRY(dl_registry_open_shipped(&call->registry, error));
    }
    *out = call->registry;
    return DL_OK;
}
