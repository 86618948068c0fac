#include "node/asking.h"
#include "registry/registry.h"

#include <errno.h>
#include <stdio.h>
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
    const char *first = dl_call_operand(call, 0);
    return first != NULL && strcmp(first, "-") == 0;
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
    bool understood = false;
    enum dl_err err =
        dl_asking_structure(&state->asking, query, DL_ASKING_LINE, &understood, &error);
    if (err == DL_OK) {
        if (!understood) {
            dl_asking_refuse(&state->asking, query);
        }
        return true;
    }
    dl_asking_flush(call, &state->asking);
    dl_call_report(call, &error, is_batch(call));
    dl_call_note(call, dl_exit_of(err));
    return false;
}

static enum dl_err put_answer(struct dl_call *call, bool one_line)
{
    struct state *state = call->state;
    struct dl_status *status = state->asking.status;
    struct dl_buf *out = &state->asking.out;
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

static enum dl_err answer(struct dl_call *call, struct dl_view query, bool one_line)
{
    struct state *state = call->state;
    DL_TRY(dl_status_ask(state->asking.status, query));
    if (dl_asking_may_be_structure(&state->asking) && !ask_structure(call, query)) {
        return DL_OK;
    }
    return put_answer(call, one_line);
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
    bool mol = dl_call_option(call, "mol") != NULL;
    bool several = dl_call_operand(call, 1) != NULL;
    if (mol == (dl_call_operand(call, 0) != NULL)) {
        dl_error_set(&error, DL_E_USAGE, NULL, "either queries or --mol FILE");
    } else if (dl_call_option(call, "draw") != NULL && (several || is_batch(call))) {
        dl_error_set(&error, DL_E_USAGE, "--draw", "only for one query");
    } else if (is_batch(call) && several) {
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

static enum dl_err read_mol(const char *path, struct dl_buf *out, struct dl_error *error)
{
    uint8_t chunk[4096];
    size_t n = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return dl_error_set(error, DL_E_INPUT, "--mol", "%s cannot be read: %s", path,
                            strerror(errno));
    }
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0) {
        dl_buf_put(out, chunk, n);
    }
    fclose(file);
    if (dl_buf_err(out) != DL_OK) {
        return dl_error_set(error, DL_E_TOO_LARGE, "--mol", "%s is larger than 1 MiB", path);
    }
    return DL_OK;
}

/* The first record of a file; the query that is echoed is the file's name. */
static enum dl_err answer_mol(struct dl_call *call, struct dl_error *error)
{
    struct state *state = call->state;
    struct dl_view name = dl_view_str(dl_call_option(call, "mol"));
    struct dl_buf mol;
    bool understood = false;
    dl_buf_init(&mol, DL_WORKER_TEXT_MAX);
    enum dl_err err = read_mol((const char *)name.p, &mol, error);
    if (err == DL_OK) {
        err = dl_asking_structure(&state->asking, dl_buf_view(&mol), DL_ASKING_MOL, &understood,
                                  error);
    }
    dl_buf_fini(&mol);
    DL_TRY(err);
    if (understood) {
        state->asking.status->query = name;
    } else {
        dl_status_ask_unreadable(state->asking.status, name, dl_view_str(state->asking.refusal));
    }
    return put_answer(call, false);
}

static enum dl_err write_picture(struct dl_call *call, struct dl_error *error)
{
    struct state *state = call->state;
    const char *path = dl_call_option(call, "draw");
    const struct dl_buf *svg = &state->asking.svg;
    if (path == NULL) {
        return DL_OK;
    }
    if (svg->n == 0 && state->asking.status->substance != 0) {
        DL_TRY(dl_asking_draw_listed(&state->asking, error));
    }
    if (svg->n == 0) {
        dl_error_set(error, DL_E_STRUCTURE, "--draw", "there is no structure to draw");
        return dl_error_hint(error, "ask by SMILES or --mol");
    }
    FILE *file = fopen(path, "wxe");
    if (file == NULL) {
        return dl_error_set(error, DL_E_INPUT, "--draw", "%s cannot be written: %s", path,
                            strerror(errno));
    }
    size_t n = fwrite(svg->p, 1, svg->n, file);
    if (fclose(file) != 0 || n != svg->n) {
        return dl_error_set(error, DL_E_STORE_IO, "--draw", "%s was not written", path);
    }
    return DL_OK;
}

static void answer_operands(struct dl_call *call)
{
    struct state *state = call->state;
    struct dl_error error;
    if (dl_call_option(call, "mol") != NULL && answer_mol(call, &error) != DL_OK) {
        dl_asking_flush(call, &state->asking);
        dl_call_fail(call, &error);
        return;
    }
    for (int i = 0; dl_call_operand(call, i) != NULL; i++) {
        enum dl_err err = answer(call, dl_view_str(dl_call_operand(call, i)), false);
        if (err != DL_OK) {
            give_up(call, err);
            return;
        }
    }
    if (write_picture(call, &error) != DL_OK) {
        dl_asking_flush(call, &state->asking);
        dl_call_fail(call, &error);
        return;
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
    enum dl_err err = dl_asking_open(call, &state->asking, is_batch(call), &error);
    if (err != DL_OK) {
        free_state(state);
        dl_call_fail(call, &error);
        return;
    }
    state->asking.draw = dl_call_option(call, "draw") != NULL;
    call->state = state;
    call->state_free = free_state;
    if (is_batch(call)) {
        dl_call_input(call, on_input);
    } else {
        answer_operands(call);
    }
}
