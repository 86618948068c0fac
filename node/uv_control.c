#include "node/uv_control.h"
#include "node/control.h"
#include "node/runner.h"
#include "node/uv_loop.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, QUEUE_HIGH = 512 * 1024 };

struct connection {
    uv_pipe_t pipe;
    uv_idle_t idle; /* runs while a call has steps to do and the reader keeps up */
    uv_write_t write;
    struct dl_uv_control *control;
    struct connection *next;
    struct dl_buf received;
    size_t taken; /* octets of `received` already handled */
    struct dl_buf pending;
    struct dl_buf writing;
    struct dl_command command;
    struct dl_call call;
    bool has_call, is_writing, input_off, closing, exit_queued;
    int open_handles;
};

struct dl_uv_control {
    uv_pipe_t pipe;
    struct dl_uv_world *world;
    struct dl_agency *agency;
    struct connection *connections;
    unsigned n_connections;
    bool closed; /* the listening pipe's handle is */
    char path[108];
};

static void release(struct dl_uv_control *control)
{
    if (control->closed && control->n_connections == 0) {
        free(control);
    }
}

static void go_on(struct connection *c);

static void freed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    if (--c->open_handles > 0) {
        return;
    }
    struct connection **at = &c->control->connections;
    while (*at != c) {
        at = &(*at)->next;
    }
    *at = c->next;
    c->control->n_connections--;
    dl_buf_fini(&c->received);
    dl_buf_fini(&c->pending);
    dl_buf_fini(&c->writing);
    dl_command_fini(&c->command);
    release(c->control);
    free(c);
}

/* The client went away, or everything is said. A call still under way is cancelled: what it stored
 * stays. */
static void shut(struct connection *c)
{
    if (c->closing) {
        return;
    }
    c->closing = true;
    if (c->has_call && !c->call.ended) {
        dl_call_end(&c->call, DL_EXIT_NO);
    }
    uv_close((uv_handle_t *)&c->pipe, freed);
    uv_close((uv_handle_t *)&c->idle, freed);
}

static void flush(struct connection *c);

static void on_written(uv_write_t *request, int status)
{
    struct connection *c = request->data;
    c->is_writing = false;
    dl_buf_reset(&c->writing);
    if (c->closing) {
        return;
    }
    if (status < 0) {
        shut(c);
    } else if (c->pending.n > 0) {
        flush(c);
    } else if (c->exit_queued) {
        shut(c);
    } else {
        go_on(c);
    }
}

static void flush(struct connection *c)
{
    if (c->is_writing || c->pending.n == 0 || c->closing) {
        return;
    }
    struct dl_buf swap = c->writing;
    c->writing = c->pending;
    c->pending = swap;
    uv_buf_t buf = uv_buf_init((char *)c->writing.p, (unsigned)c->writing.n);
    c->is_writing = uv_write(&c->write, (uv_stream_t *)&c->pipe, &buf, 1, on_written) == 0;
    if (!c->is_writing) {
        shut(c);
    }
}

static void put_frame(struct connection *c, enum dl_control_frame type, struct dl_view octets)
{
    do {
        size_t n = octets.n < DL_CONTROL_FRAME_MAX - 1 ? octets.n : DL_CONTROL_FRAME_MAX - 1;
        dl_control_put(&c->pending, type, dl_view_of(octets.p, n));
        octets.p += n;
        octets.n -= n;
    } while (octets.n > 0);
}

static void on_idle(uv_idle_t *idle)
{
    struct connection *c = idle->data;
    if (c->closing || c->call.ended || c->call.on_step == NULL || c->pending.n >= QUEUE_HIGH) {
        uv_idle_stop(idle);
    } else {
        c->call.on_step(&c->call);
    }
    flush(c);
}

/* What one call prints in one turn goes out in few writes: the idle handle runs once more before
 * the loop polls, and flushes. */
static void soon(struct connection *c)
{
    if (!c->closing) {
        uv_idle_start(&c->idle, on_idle);
    }
}

static void control_out(struct dl_call *call, int fd, struct dl_view octets)
{
    struct connection *c = call->runner;
    if (!c->closing) {
        put_frame(c, fd == 1 ? DL_CONTROL_OUT : DL_CONTROL_ERR, octets);
        soon(c);
    }
}

static void control_end(struct dl_call *call, int code)
{
    struct connection *c = call->runner;
    if (c->closing) {
        return;
    }
    uint8_t octet = (uint8_t)code;
    put_frame(c, DL_CONTROL_EXIT, dl_view_of(&octet, 1));
    c->exit_queued = true;
    soon(c);
}

static void control_ask(struct dl_call *call, struct dl_view question)
{
    struct connection *c = call->runner;
    if (!c->closing) {
        put_frame(c, DL_CONTROL_ASK, question);
        soon(c);
    }
}

static void control_want_input(struct dl_call *call, bool on)
{
    struct connection *c = call->runner;
    c->input_off = !on;
    if (on && !c->closing) {
        soon(c);
        go_on(c);
    }
}

static size_t control_queued(const struct dl_call *call)
{
    const struct connection *c = call->runner;
    return c->pending.n + c->writing.n;
}

static void control_step_soon(struct dl_call *call)
{
    soon(call->runner);
}

static const struct dl_call_ops control_ops = {.out = control_out,
                                               .end = control_end,
                                               .want_input = control_want_input,
                                               .queued = control_queued,
                                               .step_soon = control_step_soon,
                                               .ask = control_ask};

static void start_call(struct connection *c, struct dl_view octets)
{
    struct dl_control_client client;
    struct dl_error error;
    enum dl_err err = dl_control_request_read(octets, &c->command, &client, &error);
    dl_call_init(&c->call, &c->command);
    c->has_call = true;
    c->call.ops = &control_ops;
    c->call.runner = c;
    c->call.agency = c->control->agency;
    c->call.zh = client.zh;
    c->call.color = client.color;
    c->call.progress = client.progress;
    c->call.asks = client.asks;
    c->call.width = client.width;
    c->call.input_octets = client.input_octets;
    if (err != DL_OK || c->command.verb->where == DL_AT_HERE) {
        if (err == DL_OK) {
            dl_error_set(&error, DL_E_USAGE, NULL, "%s is not for the node", c->command.verb->name);
        }
        dl_call_fail(&c->call, &error);
        return;
    }
    c->call.json = c->command.json;
    c->command.verb->run(&c->call);
}

static void handle(struct connection *c, uint8_t type, struct dl_view octets)
{
    if (!c->has_call) {
        if (type == DL_CONTROL_REQUEST) {
            start_call(c, octets);
        } else {
            shut(c);
        }
    } else if (c->call.on_input != NULL && !c->call.ended &&
               (type == DL_CONTROL_INPUT || type == DL_CONTROL_INPUT_END)) {
        c->call.on_input(&c->call, octets, type == DL_CONTROL_INPUT_END);
    }
}

/* Handles whole frames while the call takes input; what it does not take waits in `received`, and
 * when that is full the client waits. */
static void take_frames(struct connection *c)
{
    while (!c->closing && !(c->has_call && c->input_off && !c->call.ended)) {
        struct dl_control_piece piece;
        size_t used = 0;
        struct dl_view rest = dl_view_of(c->received.p + c->taken, c->received.n - c->taken);
        if (dl_control_next(rest, &piece, &used) != DL_OK) {
            shut(c);
            return;
        }
        if (used == 0) {
            break;
        }
        c->taken += used;
        handle(c, piece.type, piece.octets);
    }
    if (c->taken == c->received.n) {
        dl_buf_reset(&c->received);
        c->taken = 0;
    } else if (c->taken > DL_CONTROL_FRAME_MAX) {
        dl_buf_consume(&c->received, c->taken);
        c->taken = 0;
    }
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct connection *c = handle->data;
    *buf = uv_buf_init(c->control->world->read_buffer, 64 * 1024);
}

static void octets_came(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct connection *c = stream->data;
    if (n < 0) {
        shut(c);
        return;
    }
    dl_buf_put(&c->received, buf->base, (size_t)n);
    if (c->received.err != DL_OK) {
        shut(c);
        return;
    }
    go_on(c);
}

static void go_on(struct connection *c)
{
    if (c->closing) {
        return;
    }
    take_frames(c);
    if (c->closing) {
        return;
    }
    if (c->received.n - c->taken > (size_t)2 * DL_CONTROL_FRAME_MAX) {
        uv_read_stop((uv_stream_t *)&c->pipe);
    } else {
        uv_read_start((uv_stream_t *)&c->pipe, give_buffer, octets_came);
    }
    if (c->has_call && !c->call.ended && c->call.on_step != NULL) {
        soon(c);
    }
}

static void on_connection(uv_stream_t *server, int status)
{
    struct dl_uv_control *control = server->data;
    if (status < 0) {
        return;
    }
    struct connection *c = calloc(1, sizeof *c);
    DL_ASSERT(c != NULL, "memory for a control connection");
    c->control = control;
    c->next = control->connections;
    control->connections = c;
    control->n_connections++;
    c->open_handles = 2;
    uv_pipe_init(&control->world->loop, &c->pipe, 0);
    uv_idle_init(&control->world->loop, &c->idle);
    c->pipe.data = c;
    c->idle.data = c;
    c->write.data = c;
    dl_buf_init(&c->received, (size_t)4 * DL_CONTROL_FRAME_MAX);
    dl_buf_init(&c->pending, (size_t)64 * 1024 * 1024);
    dl_buf_init(&c->writing, (size_t)64 * 1024 * 1024);
    if (uv_accept(server, (uv_stream_t *)&c->pipe) != 0 ||
        control->n_connections > CONNECTIONS_MAX) {
        shut(c);
        return;
    }
    uv_read_start((uv_stream_t *)&c->pipe, give_buffer, octets_came);
}

static void control_freed(uv_handle_t *handle)
{
    struct dl_uv_control *control = handle->data;
    control->closed = true;
    release(control);
}

enum dl_err dl_uv_control_open(struct dl_uv_world *world, struct dl_agency *agency,
                               const char *path, struct dl_uv_control **out, struct dl_error *error)
{
    if (strlen(path) >= sizeof((struct dl_uv_control *)0)->path) {
        dl_error_set(error, DL_E_CONFIG, NULL, "the path of the control socket is too long: %s",
                     path);
        return dl_error_hint(error, "give the agency a folder with a path under 90 characters");
    }
    struct dl_uv_control *control = calloc(1, sizeof *control);
    DL_ASSERT(control != NULL, "memory for the control socket");
    control->world = world;
    control->agency = agency;
    memcpy(control->path, path, strlen(path) + 1);
    unlink(path);
    uv_pipe_init(&world->loop, &control->pipe, 0);
    control->pipe.data = control;
    mode_t before = umask(0177);
    int rc = uv_pipe_bind(&control->pipe, path);
    umask(before);
    if (rc == 0) {
        rc = uv_listen((uv_stream_t *)&control->pipe, 64, on_connection);
    }
    if (rc != 0) {
        uv_close((uv_handle_t *)&control->pipe, control_freed);
        return dl_error_set(error, DL_E_CONNECT, NULL, "cannot listen on %s: %s", path,
                            uv_strerror(rc));
    }
    *out = control;
    return DL_OK;
}

void dl_uv_control_close(struct dl_uv_control **control)
{
    if (*control == NULL) {
        return;
    }
    for (struct connection *c = (*control)->connections; c != NULL; c = c->next) {
        shut(c);
    }
    unlink((*control)->path);
    uv_close((uv_handle_t *)&(*control)->pipe, control_freed);
    *control = NULL;
}
