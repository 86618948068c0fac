#include "node/control.h"
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
    int broken;            /* errno of standard output; 0: it is well */
    struct dl_error error; /* of the input; err DL_OK: none */
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

static void put_request(struct there *there, const struct dl_command *command, int argc,
                        char *const *argv)
{
    char here[4096];
    struct dl_control_client client = {.zh = command->zh,
                                       .color = dl_terminal_color(),
                                       .progress = isatty(2) && !command->json,
                                       .asks = isatty(0) && isatty(2) && !command->json,
                                       .width = dl_terminal_width(),
                                       .input_octets = dl_input_octets(there->input)};
    dl_control_request_put(&there->to_send, argc, argv,
                           getcwd(here, sizeof here) == NULL ? "/" : here, &client);
}

static void write_out(struct there *there, int fd, struct dl_view octets)
{
    while (octets.n > 0) {
        ssize_t n = write(fd, octets.p, octets.n);
        if (n < 0 && errno != EINTR) {
            there->broken = fd == 1 ? errno : there->broken;
            return;
        }
        if (n > 0) {
            octets.p += n;
            octets.n -= (size_t)n;
        }
    }
}

/* Asks the person at the terminal; the node waits for the line, and nothing else is going on. */
static void ask(struct there *there, struct dl_view question)
{
    char line[4096];
    write_out(there, 2, question);
    ssize_t n = read(0, line, sizeof line);
    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) {
        n--;
    }
    dl_control_put(&there->to_send, DL_CONTROL_INPUT, dl_view_of(line, n > 0 ? (size_t)n : 0));
    dl_control_put(&there->to_send, DL_CONTROL_INPUT_END, dl_view_of(NULL, 0));
}

/* Whole frames of what was received; false when the connection is of no more use. */
static bool take_frames(struct there *there)
{
    struct dl_control_piece piece;
    size_t used = 0;
    enum dl_err err = dl_control_next(dl_buf_view(&there->received), &piece, &used);
    while (err == DL_OK && used > 0) {
        if (piece.type == DL_CONTROL_EXIT && piece.octets.n == 1) {
            there->exited = true;
            there->code = piece.octets.p[0];
        } else if (piece.type == DL_CONTROL_ASK) {
            ask(there, piece.octets);
        } else if ((piece.type == DL_CONTROL_OUT && there->broken == 0) ||
                   piece.type == DL_CONTROL_ERR) {
            write_out(there, piece.type == DL_CONTROL_OUT ? 1 : 2, piece.octets);
        }
        dl_buf_consume(&there->received, used);
        err = dl_control_next(dl_buf_view(&there->received), &piece, &used);
    }
    return err == DL_OK;
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
    if (n < 0) {
        dl_input_failed(errno, &there->error);
    } else if (n > 0) {
        dl_control_put(&there->to_send, DL_CONTROL_INPUT, dl_view_of(piece, (size_t)n));
    } else {
        dl_control_put(&there->to_send, DL_CONTROL_INPUT_END, dl_view_of(NULL, 0));
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

static bool goes_on(const struct there *there)
{
    return !there->exited && there->broken == 0 && there->error.err == DL_OK;
}

static void talk(struct there *there)
{
    while (goes_on(there) && turn(there)) {
    }
    if (goes_on(there)) {
        dl_error_set(&there->error, DL_E_NODE_DOWN, NULL, "the node went away before it answered");
        dl_error_hint(&there->error,
                      "what was answered above is done; ask again when the node is back");
    }
}

static int ended(const struct there *there, bool json)
{
    if (there->broken != 0) {
        return dl_output_failed(there->broken, json);
    }
    return there->error.err == DL_OK ? there->code : dl_print_error(&there->error, json);
}

enum dl_err dl_run_there(const struct dl_command *command, int argc, char *const *argv,
                         const char *path, int *code)
{
    struct there there = {.input = -1};
    DL_TRY(connect_to(path, &there.socket));
    dl_buf_init(&there.received, (size_t)2 * DL_CONTROL_FRAME_MAX);
    dl_buf_init(&there.to_send, (size_t)2 * DL_CONTROL_FRAME_MAX);
    if (dl_command_input(command, &there.input, &there.error) == DL_OK) {
        put_request(&there, command, argc, argv);
        talk(&there);
    }
    *code = ended(&there, command->json);
    if (there.input >= 0) {
        close(there.input);
    }
    close(there.socket);
    dl_buf_fini(&there.received);
    dl_buf_fini(&there.to_send);
    return DL_OK;
}
