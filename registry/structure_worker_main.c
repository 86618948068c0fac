#include "registry/structure_worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { READ_MAX_ = 64 * 1024 };

static bool write_all(struct dl_view octets)
{
    while (octets.n > 0) {
        ssize_t n = write(1, octets.p, octets.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        octets = dl_view_of(octets.p + n, octets.n - (size_t)n);
    }
    return true;
}

/* Answers every whole request in `in`; each answer leaves before the next request is touched, so
 * that the client knows which one a death belongs to. */
static bool answer_all(struct dl__desk *desk, struct dl_buf *in, struct dl_buf *out)
{
    size_t taken = 0;
    while (in->n - taken >= 4) {
        struct dl_cursor cursor;
        dl_cursor_init(&cursor, dl_view_of(in->p + taken, in->n - taken));
        uint32_t length = dl_cursor_u32(&cursor);
        if (length > DL_WORKER_FRAME_MAX) {
            return false;
        }
        if (cursor.rest.n < length) {
            break;
        }
        dl_buf_reset(out);
        size_t block = dl_buf_block_open(out);
        dl__desk_answer(desk, dl_cursor_take(&cursor, length), out);
        if (dl_buf_err(out) != DL_OK) {
            return false;
        }
        dl_buf_block_close(out, block);
        taken += 4 + (size_t)length;
        if (!write_all(dl_buf_view(out))) {
            return false;
        }
    }
    dl_buf_consume(in, taken);
    return true;
}

static int serve(void)
{
    static uint8_t chunk[READ_MAX_];
    struct dl__desk desk = {0};
    struct dl_buf in;
    struct dl_buf out;
    dl_buf_init(&in, DL_WORKER_FRAME_MAX + 4 + READ_MAX_);
    dl_buf_init(&out, DL_WORKER_FRAME_MAX + 4);
    for (;;) {
        ssize_t n = read(0, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 ? 0 : 1;
        }
        dl_buf_put(&in, chunk, (size_t)n);
        if (!answer_all(&desk, &in, &out)) {
            return 1;
        }
    }
}

/* The JSON library takes a seed from the system when it makes its first object. */
static bool start_json(void)
{
    json_t *value = NULL;
    bool ok = dl_json_parse(dl_view_str("{}"), &value, NULL) == DL_OK;
    json_decref(value);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("directline-structure 1");
        return 0;
    }
    if (!dl__fence_limits() || !chem_start() || !start_json() || !dl__fence_calls()) {
        fputs("directline-structure: limits or tables could not be set up\n", stderr);
        return 1;
    }
    int code = serve();
    _exit(code); /* tables of the library are not worth taking down */
}
