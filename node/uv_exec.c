#include "node/uv_exec.h"
#include "node/uv_loop.h"

#include <stdlib.h>
#include <string.h>

struct dl_exec {
    uv_process_t process;
    uv_pipe_t input;
    uv_write_t write;
    struct dl_buf octets;
    void (*fn)(void *context, int status);
    void *context;
    int open_handles;
};

static void closed(uv_handle_t *handle)
{
    struct dl_exec *exec = handle->data;
    if (--exec->open_handles == 0) {
        dl_buf_fini(&exec->octets);
        free(exec);
    }
}

static void shut(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) {
        uv_close(handle, closed);
    }
}

static void on_written(uv_write_t *request, int status)
{
    (void)status; // a command that does not read its input is its own affair
    shut((uv_handle_t *)&((struct dl_exec *)request->data)->input);
}

static void on_exit_(uv_process_t *process, int64_t status, int signum)
{
    struct dl_exec *exec = process->data;
    if (exec->fn != NULL) {
        exec->fn(exec->context, signum != 0 ? 128 + signum : (int)status);
    }
    shut((uv_handle_t *)&exec->input);
    shut((uv_handle_t *)&exec->process);
}

static enum dl_err spawn(struct dl_exec *exec, struct dl_uv_world *uv, const char *command)
{
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL}; // never written to
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&exec->input},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
        {.flags = UV_INHERIT_FD, .data.fd = 2}};
    uv_process_options_t options = {
        .exit_cb = on_exit_, .file = "/bin/sh", .args = argv, .stdio_count = 3, .stdio = stdio};
    return uv_spawn(&uv->loop, &exec->process, &options) == 0 ? DL_OK : DL_E_INPUT;
}

enum dl_err dl_exec_start(struct dl_world *world, const char *command, struct dl_view input,
                          void (*fn)(void *context, int status), void *context,
                          struct dl_exec **out)
{
    if (world->vouches) {
        return DL_E_STATE; // a virtual world starts nothing outside
    }
    struct dl_uv_world *uv = (struct dl_uv_world *)world;
    struct dl_exec *exec = calloc(1, sizeof *exec);
    DL_ASSERT(exec != NULL, "memory for a command");
    dl_buf_init(&exec->octets, (size_t)1024 * 1024);
    dl_buf_put_view(&exec->octets, input);
    exec->fn = fn;
    exec->context = context;
    exec->open_handles = 2;
    uv_pipe_init(&uv->loop, &exec->input, 0);
    exec->input.data = exec;
    exec->process.data = exec;
    exec->write.data = exec;
    if (spawn(exec, uv, command) != DL_OK) {
        exec->fn = NULL;
        shut((uv_handle_t *)&exec->input);
        shut((uv_handle_t *)&exec->process);
        return DL_E_INPUT;
    }
    uv_buf_t buf = uv_buf_init((char *)exec->octets.p, (unsigned)exec->octets.n);
    if (uv_write(&exec->write, (uv_stream_t *)&exec->input, &buf, 1, on_written) != 0) {
        shut((uv_handle_t *)&exec->input);
    }
    *out = exec;
    return DL_OK;
}

void dl_exec_forget(struct dl_exec **exec)
{
    if (*exec != NULL) {
        (*exec)->fn = NULL;
        *exec = NULL;
    }
}
