/* A virtual world: any number of nodes in one process, under one seeded clock. Links, timers and
 * randomness are functions of the seed; a year passes as fast as its events are handled. Exercises
 * and the tests of faults run the agency's own code in it (design: "node/world.h is the only door
 * outside").
 *
 * Time stands still while an event is handled. Events at one instant are handled in the order in
 * which they were made; all of them that belong to one node at one instant are one turn.
 */
#ifndef DL_NODE_VIRTUAL_WORLD_H
#define DL_NODE_VIRTUAL_WORLD_H

#include "node/world.h"

struct dl_virtual;

/* `start_ms` is the wall clock at the beginning (Unix, ms). */
struct dl_virtual *dl_virtual_new(uint64_t seed, int64_t start_ms);
/* The nodes' agencies are closed first. */
void dl_virtual_free(struct dl_virtual **virtual);

/* A node's door outside. `host` is its name in addresses ("cn" is dialled as "cn:1"); it must be
 * new. The world vouches for the agency at the other end of a link: the host's name is the agency's
 * id. */
struct dl_world *dl_virtual_add(struct dl_virtual *virtual, const char *host);
/* Where the node's log lines go; NULL drops them. */
void dl_virtual_set_log(struct dl_world *world, void (*fn)(void *context, struct dl_view line),
                        void *context);
/* The node is gone at this instant: its timers never fire, its links break, what it had queued is
 * lost. The agency that lived there is closed by the caller afterwards; the world can then be used
 * again. */
void dl_virtual_kill(struct dl_world *world);
void dl_virtual_revive(struct dl_world *world);
/* The node's wall clock is this much off. */
void dl_virtual_set_skew(struct dl_world *world, int64_t skew_ms);

enum dl_virtual_cut {
    DL_VIRTUAL_JOINED, /* octets flow */
    DL_VIRTUAL_CUT,    /* connections break at once, dials are refused */
    DL_VIRTUAL_SILENT /* nothing arrives and nobody is told; what was sent comes after the repair */
};
/* The state of the way from one host to another; each direction has its own. CUT breaks both. */
void dl_virtual_set_way(struct dl_virtual *virtual, const char *from, const char *to,
                        enum dl_virtual_cut state);
/* One-way delay of every way: `least_ms` plus up to `spread_ms`, drawn for each piece; order is
 * kept. */
void dl_virtual_set_delay(struct dl_virtual *virtual, uint32_t least_ms, uint32_t spread_ms);

/* The wall clock without skew, and the time since the beginning. */
int64_t dl_virtual_now(const struct dl_virtual *virtual);
uint64_t dl_virtual_elapsed(const struct dl_virtual *virtual);
/* The next number of the seed's stream. Uniform below n (n > 0). */
uint64_t dl_virtual_random(struct dl_virtual *virtual);
uint64_t dl_virtual_below(struct dl_virtual *virtual, uint64_t n);

/* Handle everything up to and including that elapsed time; the clock then stands there. */
void dl_virtual_run_until(struct dl_virtual *virtual, uint64_t elapsed_ms);
/* Handle the next instant only; false when nothing is left to come. */
bool dl_virtual_step(struct dl_virtual *virtual);
/* For walks over every order: all that travels on links, by time. The order on one link is kept, so
 * only the `next` of each link can be taken. `octets` are borrowed until something is handled. */
struct dl_virtual_coming {
    const char *host;      /* where it arrives */
    const char *what;      /* accept, open, octets, closed */
    struct dl_view octets; /* of "octets" */
    bool next;
};
size_t dl_virtual_coming(const struct dl_virtual *virtual, struct dl_virtual_coming *out,
                         size_t max);
/* Handle the i-th of them now, as a turn of its own, and what its node does of itself then. */
void dl_virtual_take(struct dl_virtual *virtual, size_t i);
/* Handle what waits for no time and for nobody: wakes, calls, and links that a node closed. */
void dl_virtual_settle(struct dl_virtual *virtual);
/* Call fn at that elapsed time (or now, when it is past), outside every node. */
void dl_virtual_at(struct dl_virtual *virtual, uint64_t elapsed_ms, void (*fn)(void *context),
                   void *context);
/* Number of events handled so far. */
uint64_t dl_virtual_events(const struct dl_virtual *virtual);

#endif
