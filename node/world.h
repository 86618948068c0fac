/* The only door outside: now, random, timers, links, log, and the disk under the databases. Two
 * worlds implement it: libuv's (node/uv_world.h), and a virtual one with a seeded clock, links and
 * disks (node/virtual_world.h). Everything above runs in either unchanged, in one thread.
 *
 * Work is done in *turns*. A turn begins when something happened (octets came, a timer fired, a
 * verb was said) and ends when all that happened at once has been handled; then the world calls
 * `turn_end` once, and there the agency commits what the turn wrote. Nothing calls back from inside
 * a world call: callbacks come from the loop only.
 */
#ifndef DL_NODE_WORLD_H
#define DL_NODE_WORLD_H

#include "base/octets.h"

struct dl_disk;
struct dl_world;
struct dl_timer;
struct dl_link;
struct dl_listener;

typedef void (*dl_timer_fn)(void *context);

/* What a link tells its user. After `closed` the link is gone; it comes exactly once for every
 * link, also after dl_link_close and after a dial that failed. */
struct dl_link_events {
    void (*open)(void *context);                          /* a dialled link is connected */
    void (*octets)(void *context, struct dl_view octets); /* a view for the length of the call */
    void (*drained)(void *context);                       /* the send queue is empty again */
    void (*closed)(void *context, enum dl_err err, const char *why);
};

/* A stranger dialled us. Take the link by dl_link_use, or close it. `remote` is for the log. */
typedef void (*dl_accept_fn)(void *context, struct dl_link *link, const char *remote);

struct dl_world_ops {
    int64_t (*now_ms)(struct dl_world *world);        /* the wall clock, UTC; a claim, may jump */
    uint64_t (*monotonic_ms)(struct dl_world *world); /* never goes back */
    void (*random)(struct dl_world *world, void *p, size_t n);
    /* Ask for a turn soon, though nothing came from outside. */
    void (*wake)(struct dl_world *world);
    void (*log)(struct dl_world *world, struct dl_view line);

    struct dl_timer *(*timer_new)(struct dl_world *world, dl_timer_fn fn, void *context);
    void (*timer_set)(struct dl_timer *timer,
                      uint64_t delay_ms); /* once; replaces an earlier one */
    void (*timer_stop)(struct dl_timer *timer);
    void (*timer_free)(struct dl_timer *timer);

    enum dl_err (*listen)(struct dl_world *world, const char *address, dl_accept_fn fn,
                          void *context, struct dl_listener **out, struct dl_error *error);
    void (*listener_free)(struct dl_listener *listener);
    /* Never fails at once: what goes wrong comes as `closed`. */
    struct dl_link *(*dial)(struct dl_world *world, const char *address,
                            const struct dl_link_events *events, void *context);
    void (*link_use)(struct dl_link *link, const struct dl_link_events *events, void *context);
    /* Queue octets (copied). The queue has no limit of its own: callers stop at dl_link_queued. */
    void (*link_send)(struct dl_link *link, struct dl_view octets);
    size_t (*link_queued)(const struct dl_link *link);
    void (*link_read)(struct dl_link *link, bool on); /* back-pressure: stop and go on reading */
    void (*link_close)(struct dl_link *link);         /* what is queued is still tried for 1 s */
};

struct dl_world {
    const struct dl_world_ops *ops;
    struct dl_disk *disk; /* NULL: the operating system's */
    /* True in a virtual world: a link names the agency at its other end itself (dl_link_agency) and
     * carries the session's octets without TLS. Never true of libuv's. */
    bool vouches;
    const char *(*link_agency)(const struct dl_link *link); /* only where the world vouches */
    void (*turn_end)(void *context);                        /* set by the agency */
    void *turn_context;
};

#endif
