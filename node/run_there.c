#include "base/json.h"
#include "node/runner.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The client's side of a control connection: plain blocking sockets, two things at once by poll. */
struct there {
    int socket;
    int input; /* -1 when there is none or it ended */
    struct dl_buf received;
    struct dl_buf to_send;
    bool exited;
    int code;
};

static enum dl_err connect_to(const char *path, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return DL_E_NODE_DOWN;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return DL_E_NODE_DOWN;
    }
    *out = fd;
    return DL_OK;
}

static void frame(struct dl_buf *out, enum dl_control_frame type, struct dl_view octets)
{
    dl_buf_u32(out, (uint32_t)(octets.n + 1));
    dl_buf_u8(out, (uint8_t)type);
    dl_buf_put_view(out, octets);
}

static void put_request(struct there *there, const struct dl_command *command, int argc,
                        char *const *argv)
{
    struct dl_buf json;
    char here[4096];
    dl_buf_init(&json, DL_CONTROL_FRAME_MAX - 1);
    dl_buf_put_str(&json, "{\"argv\":[");
    for (int i = 0; i < argc; i++) {
        dl_buf_put_str(&json, i > 0 ? "," : "");
        dl_json_put_str(&json, argv[i]);
    }
    dl_buf_put_str(&json, "],\"cwd\":");
    dl_json_put_str(&json, getcwd(here, sizeof here) == NULL ? "/" : here);
    dl_buf_printf(&json, ",\"zh\":%s,\"color\":%s,\"progress\":%s,\"width\":%d}",
                  command->zh ? "true" : "false", dl_terminal_color() ? "true" : "false",
                  isatty(2) && !command->json ? "true" : "false", dl_terminal_width());
    frame(&there->to_send, DL_CONTROL_REQUEST, dl_buf_view(&json));
    dl_buf_fini(&json);
}

static bool write_out(int fd, struct dl_view octets)
{
    while (octets.n > 0) {
        ssize_t n = write(fd, octets.p, octets.n);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            octets.p += n;
            octets.n -= (size_t)n;
        }
    }
    return true;
}

/* Whole frames of what was received; false when the connection is of no more use. */
static bool take_frames(struct there *there)
{
    while (there->received.n >= 5) {
        struct dl_cursor cursor;
        dl_cursor_init(&cursor, dl_buf_view(&there->received));
        uint32_t n = dl_cursor_u32(&cursor);
        if (n < 1 || n > DL_CONTROL_FRAME_MAX) {
            return false;
        }
        if (there->received.n < 4 + (size_t)n) {
            return true;
        }
        uint8_t type = dl_cursor_u8(&cursor);
        struct dl_view octets = dl_cursor_take(&cursor, n - 1);
        if (type == DL_CONTROL_EXIT && octets.n == 1) {
            there->exited = true;
            there->code = octets.p[0];
        } else if ((type == DL_CONTROL_OUT || type == DL_CONTROL_ERR) &&
                   !write_out(type == DL_CONTROL_OUT ? 1 : 2, octets)) {
            there->exited = true;
            there->code = DL_EXIT_NO;
        }
        dl_buf_consume(&there->received, 4 + (size_t)n);
    }
    return true;
}

static bool receive(struct there *there)
{
    uint8_t piece[128 * 1024];
    ssize_t n = recv(there->socket, piece, sizeof piece, MSG_DONTWAIT);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    dl_buf_put(&there->received, piece, (size_t)n);
    return take_frames(there) && n > 0;
}

static bool send_some(struct there *there)
{
    ssize_t n =
        send(there->socket, there->to_send.p, there->to_send.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR || errno == EPIPE; // the exit frame may still come
    }
    dl_buf_consume(&there->to_send, (size_t)n);
    return true;
}

static void read_input(struct there *there)
{
    uint8_t piece[64 * 1024];
    ssize_t n = read(there->input, piece, sizeof piece);
    if (n < 0 && errno == EINTR) {
        return;
    }
    if (n > 0) {
        frame(&there->to_send, DL_CONTROL_INPUT, dl_view_of(piece, (size_t)n));
    } else {
        frame(&there->to_send, DL_CONTROL_INPUT_END, dl_view_of(NULL, 0));
        close(there->input);
        there->input = -1;
    }
}

static bool turn(struct there *there)
{
    bool sending = there->to_send.n > 0;
    struct pollfd polls[2] = {
        {.fd = there->socket, .events = (short)(POLLIN | (sending ? POLLOUT : 0))},
        {.fd = sending ? -1 : there->input, .events = POLLIN}, // one piece at a time: back-pressure
    };
    if (poll(polls, 2, -1) < 0) {
        return errno == EINTR;
    }
    if ((polls[0].revents & POLLOUT) != 0 && !send_some(there)) {
        return false;
    }
    if (polls[1].revents != 0) {
        read_input(there);
    }
    if ((polls[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        return receive(there) || there->exited;
    }
    return true;
}

enum dl_err dl_run_there(const struct dl_command *command, int argc, char *const *argv,
                         const char *path, int *code)
{
    struct there there = {.input = -1};
    DL_TRY(connect_to(path, &there.socket));
    dl_buf_init(&there.received, (size_t)2 * DL_CONTROL_FRAME_MAX);
    dl_buf_init(&there.to_send, (size_t)2 * DL_CONTROL_FRAME_MAX);
    struct dl_error error;
    enum dl_err err = dl_command_input(command, &there.input, &error);
    if (err == DL_OK) {
        put_request(&there, command, argc, argv);
        while (!there.exited && turn(&there)) {
        }
        if (!there.exited) {
            err =
                dl_error_set(&error, DL_E_NODE_DOWN, NULL, "the node went away before it answered");
            dl_error_hint(&error,
                          "what was answered above is done; ask again when the node is back");
        }
    }
    *code = err == DL_OK ? there.code : dl_print_error(&error, command->json);
    if (there.input >= 0) {
        close(there.input);
    }
    close(there.socket);
    dl_buf_fini(&there.received);
    dl_buf_fini(&there.to_send);
    return DL_OK;
}
