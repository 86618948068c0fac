/* The virtual world in any order that links allow, for walks (tests/world/walk.c). */
#include "node/virtual_world_internal.h"

static bool travels(const struct event *event)
{
    return event->type == EVENT_ACCEPT || event->type == EVENT_OPEN ||
           event->type == EVENT_OCTETS || event->type == EVENT_CLOSED;
}

/* What needs no decision: a node's own wakes, and the end of a link that it closed itself. */
static bool is_own(const struct event *event)
{
    return event->type == EVENT_WAKE || event->type == EVENT_CALL ||
           (event->type == EVENT_CLOSED && (event->of.link->closing || event->node->dead));
}

/* The first on its link? */
static bool is_next(const struct dl_virtual *v, const struct event *event)
{
    for (size_t i = 0; i < v->n; i++) {
        const struct event *other = &v->heap[i];
        if (travels(other) && other->of.link == event->of.link && dl__event_before(other, event)) {
            return false;
        }
    }
    return true;
}

enum { COMING_MAX = 64 };

/* Places in the heap of what travels, by time. */
static size_t list_coming(const struct dl_virtual *v, size_t places[COMING_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        const struct event *event = &v->heap[i];
        if (!travels(event) || is_own(event)) {
            continue;
        }
        DL_ASSERT(n < COMING_MAX, "a walk has little under way");
        size_t k = n++;
        for (; k > 0 && dl__event_before(event, &v->heap[places[k - 1]]); k--) {
            places[k] = places[k - 1];
        }
        places[k] = i;
    }
    return n;
}

size_t dl_virtual_coming(const struct dl_virtual *v, struct dl_virtual_coming *out, size_t max)
{
    static const char *const names[] = {[EVENT_ACCEPT] = "accept",
                                        [EVENT_OPEN] = "open",
                                        [EVENT_OCTETS] = "octets",
                                        [EVENT_CLOSED] = "closed"};
    size_t places[COMING_MAX];
    size_t n = list_coming(v, places);
    for (size_t i = 0; i < n && i < max; i++) {
        const struct event *event = &v->heap[places[i]];
        out[i] = (struct dl_virtual_coming){.host = event->node->host,
                                            .what = names[event->type],
                                            .octets = event->octets,
                                            .next = is_next(v, event)};
    }
    return n;
}

static void handle_alone(struct dl_virtual *v, size_t place)
{
    struct event event = dl__event_take_out(v, place);
    v->now = event.at > v->now ? event.at : v->now;
    v->handled++;
    dl__event_handle(&event);
    if (event.node != NULL && !event.node->dead) {
        dl__node_end_turn(event.node);
    }
}

void dl_virtual_settle(struct dl_virtual *v)
{
    for (size_t i = 0; i < v->n;) {
        if (is_own(&v->heap[i])) {
            handle_alone(v, i);
            i = 0;
        } else {
            i++;
        }
    }
}

void dl_virtual_take(struct dl_virtual *v, size_t i)
{
    size_t places[COMING_MAX];
    size_t n = list_coming(v, places);
    DL_ASSERT(i < n && is_next(v, &v->heap[places[i]]), "it comes next on its link");
    handle_alone(v, places[i]);
    dl_virtual_settle(v);
}
