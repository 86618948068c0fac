/* What node/virtual_world.c and node/virtual_order.c share: what is to come, and for whom. */
#ifndef DL_NODE_VIRTUAL_WORLD_INTERNAL_H
#define DL_NODE_VIRTUAL_WORLD_INTERNAL_H

#include "node/virtual_world.h"

enum { HOST = 64 };

enum event_type {
    EVENT_TIMER,
    EVENT_ACCEPT,
    EVENT_OPEN,
    EVENT_OCTETS,
    EVENT_CLOSED,
    EVENT_WAKE,
    EVENT_CALL
};

struct event {
    uint64_t at;
    uint64_t order; /* of making: the tie-break */
    enum event_type type;
    struct node *node; /* whose turn it is; NULL for EVENT_CALL */
    union {
        struct dl_timer *timer;
        struct dl_link *link;
        struct {
            void (*fn)(void *context);
            void *context;
        } call;
    } of;
    uint64_t version;      /* of the timer, when it was set; of the node, for a wake */
    struct dl_view octets; /* owned */
};

struct node {
    struct dl_world world; /* first: a dl_world of ours is one of these */
    struct dl_virtual *virtual;
    struct node *next;
    char host[HOST];
    bool dead, waking;
    int64_t skew_ms;
    struct dl_timer *timers;
    struct dl_link *links;
    struct dl_listener *listeners;
    void (*log)(void *context, struct dl_view line);
    void *log_context;
};

struct dl_timer {
    struct node *node;
    struct dl_timer *next;
    dl_timer_fn fn;
    void *context;
    uint64_t version; /* a fired event with an older one is void */
    bool freed;
    unsigned pending; /* events in the heap that point here */
};

struct dl_link {
    struct node *node;
    struct dl_link *next;
    struct dl_link *other; /* NULL once that end is gone */
    char remote[HOST];     /* host of the other end */
    const struct dl_link_events *events;
    void *context;
    struct dl_buf pending;
    uint64_t last_arrival; /* order is kept */
    bool dirty, open, paused, closing, closed_queued;
    unsigned pending_events;
    struct dl_buf held; /* arrived while paused */
};

struct dl_listener {
    struct node *node;
    struct dl_listener *next;
    char address[HOST + 8];
    dl_accept_fn fn;
    void *context;
};

struct way {
    struct way *next;
    char from[HOST], to[HOST];
    enum dl_virtual_cut state;
    struct event *waiting; /* events held back while SILENT */
    size_t n_waiting;
};

struct dl_virtual {
    uint64_t state[4]; /* xoshiro256** by Blackman and Vigna */
    int64_t start_ms;
    uint64_t now;
    uint64_t order;
    uint64_t handled;
    struct event *heap;
    size_t n, cap;
    struct node *nodes;
    struct way *ways;
    uint32_t least_ms, spread_ms;
};

bool dl__event_before(const struct event *a, const struct event *b);
/* Takes the event at `i` of the heap out. */
struct event dl__event_take_out(struct dl_virtual *v, size_t i);
void dl__event_handle(struct event *event);
/* The turn of a node that lives ends: it commits, and what it said travels. */
void dl__node_end_turn(struct node *node);

#endif
