#include "node/asking.h"
#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

/* A question of a batch keeps at most this much of its line: more is too long for any name. */
enum { LINE_MAX_ = DL_NAME_OCTETS_MAX + 16, PENDING_MAX = 256 * 1024 };

struct state {
    struct dl_asking asking;
    struct dl_buf pending; /* input not yet answered */
    size_t taken;          /* of it */
    struct dl_buf line;    /* the line being read, cut at LINE_MAX_ */
    bool partial;          /* a line has begun */
    bool end;              /* of the input */
    bool text_started;
};

static bool is_batch(const struct dl_call *call)
{
    return strcmp(dl_call_operand(call, 0), "-") == 0;
}

static void free_state(void *context)
{
    struct state *state = context;
    dl_asking_close(&state->asking);
    dl_buf_fini(&state->pending);
    dl_buf_fini(&state->line);
    free(state);
}

/* Storage failed: what was answered before is put, then the call ends. */
static void give_up(struct dl_call *call, enum dl_err err)
{
    struct state *state = call->state;
    struct dl_error error;
    dl_asking_flush(call, &state->asking);
    dl_error_set(&error, err, NULL, "the registry could not be read: %s",
                 dl_store_message(state->asking.reader->store));
    dl_call_fail(call, &error);
}

/* A structure is asked of the worker; that failing is an error of its own, not an answer. */
static bool ask_structure(struct dl_call *call, struct dl_view query)
{
    struct state *state = call->state;
    struct dl_error error;
    enum dl_err err = dl_asking_structure(call, &state->asking, query, &error);
    if (err == DL_OK) {
        return true;
    }
    dl_asking_flush(call, &state->asking);
    dl_call_report(call, &error, is_batch(call));
    dl_call_note(call, dl_exit_of(err));
    return false;
}

static enum dl_err answer(struct dl_call *call, struct dl_view query, bool one_line)
{
    struct state *state = call->state;
    struct dl_status *status = state->asking.status;
    struct dl_buf *out = &state->asking.out;
    DL_TRY(dl_status_ask(status, query));
    if (dl_asking_may_be_structure(&state->asking) && !ask_structure(call, query)) {
        return DL_OK;
    }
    if (!dl_status_understood(status)) {
        dl_call_note(call, DL_EXIT_NO);
    }
    if (call->json) {
        DL_TRY(dl_status_json(status, state->asking.style.lang, out));
        dl_buf_u8(out, '\n');
        return dl_buf_err(out);
    }
    if (one_line) {
        return dl_status_line(status, &state->asking.style, out);
    }
    if (state->text_started) {
        dl_buf_u8(out, '\n');
    }
    state->text_started = true;
    return dl_status_text(status, &state->asking.style, out);
}

/* Takes octets up to a line end from the pending input; true when a line is whole. */
static bool take_line(struct state *state)
{
    const uint8_t *from = state->pending.p + state->taken;
    size_t left = state->pending.n - state->taken;
    if (left == 0) {
        return false;
    }
    const uint8_t *stop = memchr(from, '\n', left);
    size_t n = stop ? (size_t)(stop - from) : left;
    size_t room = LINE_MAX_ - state->line.n;
    dl_buf_put(&state->line, from, n < room ? n : room);
    state->partial = true;
    state->taken += stop ? n + 1 : n;
    return stop != NULL;
}

static enum dl_err answer_line(struct dl_call *call)
{
    struct state *state = call->state;
    struct dl_view line = dl_buf_view(&state->line);
    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    enum dl_err err = answer(call, line, true);
    dl_buf_reset(&state->line);
    state->partial = false;
    return err;
}

static void finish(struct dl_call *call)
{
    struct state *state = call->state;
    dl_asking_flush(call, &state->asking);
    dl_call_end_worst(call);
}

/* Answers lines until much is gathered or the input at hand is used up. */
static void step(struct dl_call *call)
{
    struct state *state = call->state;
    enum dl_err err = DL_OK;
    while (err == DL_OK && state->asking.out.n < DL_ASKING_PUT && take_line(state)) {
        err = answer_line(call);
    }
    bool used_up = state->taken == state->pending.n;
    if (err == DL_OK && used_up && state->end && state->partial) {
        err = answer_line(call);
    }
    if (err != DL_OK) {
        give_up(call, err);
        return;
    }
    if (!used_up) {
        dl_asking_flush(call, &state->asking);
        return;
    }
    if (state->end) {
        finish(call);
        return;
    }
    dl_asking_flush(call, &state->asking);
    dl_buf_reset(&state->pending);
    state->taken = 0;
    dl_call_steps(call, NULL);
    dl_call_pause(call, false);
}

static void on_input(struct dl_call *call, struct dl_view octets, bool end)
{
    struct state *state = call->state;
    dl_buf_put_view(&state->pending, octets);
    state->end = end;
    dl_call_pause(call, true);
    dl_call_steps(call, step);
}

static bool check_usage(struct dl_call *call)
{
    struct dl_error error;
    bool several = dl_call_operand(call, 1) != NULL;
    if (is_batch(call) && several) {
        dl_error_set(&error, DL_E_USAGE, NULL,
                     "\"-\" stands alone: the queries come from standard "
                     "input, one a line");
    } else if (dl_call_flag(call, "exit-code") && (several || is_batch(call))) {
        dl_error_set(&error, DL_E_USAGE, "--exit-code", "only for one query");
    } else {
        return true;
    }
    dl_call_fail(call, &error);
    return false;
}

static void answer_operands(struct dl_call *call)
{
    struct state *state = call->state;
    for (int i = 0; dl_call_operand(call, i) != NULL; i++) {
        enum dl_err err = answer(call, dl_view_str(dl_call_operand(call, i)), false);
        if (err != DL_OK) {
            give_up(call, err);
            return;
        }
    }
    if (dl_call_flag(call, "exit-code")) {
        int code =
            call->worst > DL_EXIT_NO ? call->worst : dl_status_exit_code(state->asking.status);
        dl_asking_flush(call, &state->asking);
        dl_call_end(call, code);
        return;
    }
    finish(call);
}

void dl__verb_status(struct dl_call *call)
{
    struct dl_error error;
    if (!check_usage(call)) {
        return;
    }
    struct state *state = calloc(1, sizeof *state);
    DL_ASSERT(state, "memory for a call");
    dl_buf_init(&state->pending, PENDING_MAX);
    dl_buf_init(&state->line, LINE_MAX_);
    bool one = dl_call_operand(call, 1) == NULL && !is_batch(call);
    enum dl_err err = dl_asking_open(call, &state->asking, !one, &error);
    if (err != DL_OK) {
        free_state(state);
        dl_call_fail(call, &error);
        return;
    }
    call->state = state;
    call->state_free = free_state;
    if (is_batch(call)) {
        dl_call_input(call, on_input);
    } else {
        answer_operands(call);
    }
}
