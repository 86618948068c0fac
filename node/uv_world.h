/* The world of the operating system, on libuv. One loop, one thread. */
#ifndef DL_NODE_UV_WORLD_H
#define DL_NODE_UV_WORLD_H

#include "node/world.h"

/* The loop's type stays in node/uv_*.c. */
struct dl_uv_world;

struct dl_uv_world *dl_uv_world_new(void);
/* Closes what is still open and frees the world. */
void dl_uv_world_free(struct dl_uv_world **world);
struct dl_world *dl_uv_world_as_world(struct dl_uv_world *world);
/* Runs until dl_uv_world_stop. */
void dl_uv_world_run(struct dl_uv_world *world);
void dl_uv_world_stop(struct dl_uv_world *world);
/* Calls fn in the loop when SIGTERM or SIGINT comes. */
void dl_uv_world_on_signal(struct dl_uv_world *world, void (*fn)(void *context, int signum),
                           void *context);

/* The address a listener is bound to ("127.0.0.1:4711"), to learn a port that was chosen. */
void dl_uv_listener_address(const struct dl_listener *listener, char *out, size_t n);

#endif
