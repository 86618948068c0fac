/* Any octets on the control socket, in two pieces: frames stay inside them, are found the same
 * however they arrive, and are written back as they came; a request is a command, or is refused in
 * words.
 */
#include "node/control.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void read_request(struct dl_view octets)
{
    struct dl_command command = {.cwd = NULL};
    struct dl_control_client client;
    struct dl_error error = {0};
    enum dl_err err = dl_control_request_read(octets, &command, &client, &error);
    require(client.width >= 20 && client.width <= 1000 && command.cwd == NULL);
    if (err == DL_OK) {
        require(command.help || command.verb != NULL);
    } else {
        enum dl_err_class class = dl_err_class(err);
        require(class == DL_CLASS_INPUT || class == DL_CLASS_LIMIT);
        require(error.err == err && error.message[0] != 0);
    }
    dl_command_fini(&command);
}

/* Frames of all the octets; gives how many octets were whole frames, or SIZE_MAX. */
static size_t read_all(struct dl_view octets, struct dl_buf *again)
{
    size_t total = 0;
    struct dl_control_piece piece;
    size_t used = 0;
    while (dl_control_next(octets, &piece, &used) == DL_OK) {
        if (used == 0) {
            return total;
        }
        require(used == piece.octets.n + 5 && used <= octets.n);
        require(piece.octets.n == 0 || piece.octets.p == octets.p + 5);
        dl_control_put(again, (enum dl_control_frame)piece.type, piece.octets);
        if (piece.type == DL_CONTROL_REQUEST) {
            read_request(piece.octets);
        }
        octets = dl_view_of(octets.p + used, octets.n - used);
        total += used;
    }
    return SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_buf again;
    struct dl_control_piece piece;
    size_t whole = 0;
    size_t part = 0;
    dl_buf_init(&again, size + 1);
    size_t total = read_all(dl_view_of(data, size), &again);
    require(again.err == DL_OK && (again.n == 0 || memcmp(again.p, data, again.n) == 0));
    require(total == SIZE_MAX || total == again.n);
    // fewer octets never say more
    enum dl_err all = dl_control_next(dl_view_of(data, size), &piece, &whole);
    enum dl_err half = dl_control_next(dl_view_of(data, size / 2), &piece, &part);
    require(half == DL_OK || all == half);
    require(part == 0 || part == whole);
    dl_buf_fini(&again);
    return 0;
}
