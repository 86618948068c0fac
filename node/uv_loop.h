/* What the node/uv_*.c files share; no other file includes it. */
#ifndef DL_NODE_UV_LOOP_H
#define DL_NODE_UV_LOOP_H

#include "node/uv_world.h"

#include <uv.h>

enum { DL_UV_READ = 256 * 1024 };

struct dl_uv_world {
    struct dl_world world; /* first: a dl_world is one of these */
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_signal_t signals[2];
    void (*on_signal)(void *context, int signum);
    void *signal_context;
    struct dl_link *dirty; /* links with octets to write at the turn's end */
    char read_buffer[DL_UV_READ];
    uint8_t random[4096]; /* of the system, not yet given out: the first `random_left` */
    size_t random_left;
};

void dl__uv_flush(struct dl_uv_world *world);

enum dl_err dl__uv_listen(struct dl_world *world, const char *address, dl_accept_fn fn,
                          void *context, struct dl_listener **out, struct dl_error *error);
void dl__uv_listener_free(struct dl_listener *listener);
struct dl_link *dl__uv_dial(struct dl_world *world, const char *address,
                            const struct dl_link_events *events, void *context);
void dl__uv_link_use(struct dl_link *link, const struct dl_link_events *events, void *context);
void dl__uv_link_send(struct dl_link *link, struct dl_view octets);
size_t dl__uv_link_queued(const struct dl_link *link);
void dl__uv_link_read(struct dl_link *link, bool on);
void dl__uv_link_close(struct dl_link *link);

#endif
