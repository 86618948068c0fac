#include "node/virtual_world_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- randomness ---- */

static uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

uint64_t dl_virtual_random(struct dl_virtual *v)
{
    uint64_t *s = v->state;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t dl_virtual_below(struct dl_virtual *v, uint64_t n)
{
    DL_ASSERT(n > 0, "a range is not empty");
    uint64_t limit = UINT64_MAX - UINT64_MAX % n;
    uint64_t x = dl_virtual_random(v);
    while (x >= limit) {
        x = dl_virtual_random(v);
    }
    return x % n;
}

static void seed(struct dl_virtual *v, uint64_t value)
{
    for (size_t i = 0; i < 4; i++) { /* splitmix64 spreads a small seed over the state */
        value += 0x9E3779B97F4A7C15U;
        uint64_t z = value;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
        z = (z ^ z >> 27) * 0x94D049BB133111EBU;
        v->state[i] = z ^ z >> 31;
    }
}

/* ---- the heap of what is to come ---- */

bool dl__event_before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct dl_virtual *v, struct event event)
{
    if (v->n == v->cap) {
        v->cap = v->cap == 0 ? 64 : v->cap * 2;
        v->heap = realloc(v->heap, v->cap * sizeof *v->heap);
        DL_ASSERT(v->heap != NULL, "memory for events");
    }
    event.order = v->order++;
    size_t i = v->n++;
    while (i > 0 && dl__event_before(&event, &v->heap[(i - 1) / 2])) {
        v->heap[i] = v->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    v->heap[i] = event;
}

struct event dl__event_take_out(struct dl_virtual *v, size_t i)
{
    struct event top = v->heap[i];
    struct event last = v->heap[--v->n];
    while (i > 0 && i < v->n && dl__event_before(&last, &v->heap[(i - 1) / 2])) {
        v->heap[i] = v->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= v->n) {
            break;
        }
        if (child + 1 < v->n && dl__event_before(&v->heap[child + 1], &v->heap[child])) {
            child++;
        }
        if (!dl__event_before(&v->heap[child], &last)) {
            break;
        }
        v->heap[i] = v->heap[child];
        i = child;
    }
    v->heap[i] = last;
    return top;
}

static struct event pop(struct dl_virtual *v)
{
    return dl__event_take_out(v, 0);
}

/* ---- ways between hosts ---- */

static struct way *way_between(struct dl_virtual *v, const char *from, const char *to)
{
    for (struct way *way = v->ways; way != NULL; way = way->next) {
        if (strcmp(way->from, from) == 0 && strcmp(way->to, to) == 0) {
            return way;
        }
    }
    struct way *way = calloc(1, sizeof *way);
    DL_ASSERT(way != NULL, "memory for a way");
    snprintf(way->from, sizeof way->from, "%s", from);
    snprintf(way->to, sizeof way->to, "%s", to);
    way->next = v->ways;
    v->ways = way;
    return way;
}

static uint64_t delay(struct dl_virtual *v)
{
    return v->least_ms + (v->spread_ms == 0 ? 0 : dl_virtual_below(v, (uint64_t)v->spread_ms + 1));
}

/* Something travels to the other end of a link, after what travelled there before. */
static void travel(struct dl_link *from, struct dl_link *to, enum event_type type,
                   struct dl_view octets)
{
    struct dl_virtual *v = to->node->virtual;
    uint64_t at = v->now + delay(v);
    at = at < to->last_arrival ? to->last_arrival : at;
    to->last_arrival = at;
    to->pending_events++;
    struct event event = {
        .at = at, .type = type, .node = to->node, .of.link = to, .octets = octets};
    struct way *way = way_between(v, from->node->host, to->node->host);
    if (way->state != DL_VIRTUAL_SILENT) {
        push(v, event);
        return;
    }
    way->waiting = realloc(way->waiting, (way->n_waiting + 1) * sizeof *way->waiting);
    DL_ASSERT(way->waiting != NULL, "memory for what waits");
    way->waiting[way->n_waiting++] = event;
}

/* ---- links ---- */

static struct node *node_of(struct dl_world *world)
{
    return (struct node *)world;
}

static struct dl_link *link_new(struct node *node, const char *remote)
{
    struct dl_link *link = calloc(1, sizeof *link);
    DL_ASSERT(link != NULL, "memory for a link");
    link->node = node;
    link->next = node->links;
    node->links = link;
    snprintf(link->remote, sizeof link->remote, "%s", remote);
    dl_buf_init(&link->pending, SIZE_MAX / 4);
    dl_buf_init(&link->held, SIZE_MAX / 4);
    return link;
}

static void link_drop(struct dl_link *link)
{
    dl_buf_fini(&link->pending);
    dl_buf_fini(&link->held);
    free(link);
}

static void link_free(struct dl_link *link)
{
    struct dl_link **at = &link->node->links;
    while (*at != link) {
        at = &(*at)->next;
    }
    *at = link->next;
    link_drop(link);
}

/* The end is told that it is closed, now or when what travels to it has arrived. */
static void queue_closed(struct dl_link *link, uint64_t at)
{
    if (link->closed_queued) {
        return;
    }
    link->closed_queued = true;
    link->pending_events++;
    push(link->node->virtual,
         (struct event){.at = at, .type = EVENT_CLOSED, .node = link->node, .of.link = link});
}

static void part(struct dl_link *link)
{
    if (link->other != NULL) {
        struct dl_link *other = link->other;
        link->other = NULL;
        other->other = NULL;
        queue_closed(other, other->last_arrival > other->node->virtual->now
                                ? other->last_arrival
                                : other->node->virtual->now);
    }
}

static struct dl_listener *listener_at(struct dl_virtual *v, const char *address)
{
    for (struct node *node = v->nodes; node != NULL; node = node->next) {
        for (struct dl_listener *l = node->listeners; l != NULL; l = l->next) {
            if (!node->dead && strcmp(l->address, address) == 0) {
                return l;
            }
        }
    }
    return NULL;
}

static struct dl_link *virtual_dial(struct dl_world *world, const char *address,
                                    const struct dl_link_events *events, void *context)
{
    struct node *node = node_of(world);
    struct dl_virtual *v = node->virtual;
    char host[HOST];
    size_t n = strcspn(address, ":");
    snprintf(host, sizeof host, "%.*s", (int)(n < HOST ? n : HOST - 1), address);
    struct dl_link *link = link_new(node, host);
    link->events = events;
    link->context = context;
    struct dl_listener *listener = listener_at(v, address);
    bool joined = way_between(v, node->host, host)->state == DL_VIRTUAL_JOINED &&
                  way_between(v, host, node->host)->state == DL_VIRTUAL_JOINED;
    if (listener == NULL || !joined) {
        queue_closed(link, v->now + delay(v));
        return link;
    }
    struct dl_link *other = link_new(listener->node, node->host);
    link->other = other;
    other->other = link;
    travel(link, other, EVENT_ACCEPT, dl_view_of(NULL, 0));
    return link;
}

static void virtual_link_use(struct dl_link *link, const struct dl_link_events *events,
                             void *context)
{
    link->events = events;
    link->context = context;
    link->open = true;
}

static void virtual_link_send(struct dl_link *link, struct dl_view octets)
{
    if (link->closing || link->node->dead) {
        return;
    }
    dl_buf_put_view(&link->pending, octets);
    link->dirty = true;
}

static size_t virtual_link_queued(const struct dl_link *link)
{
    return link->pending.n;
}

static void give_held(struct dl_link *link)
{
    if (link->held.n == 0 || link->paused || link->closing || link->events == NULL) {
        return;
    }
    struct dl_buf taken = link->held;
    dl_buf_init(&link->held, SIZE_MAX / 4);
    link->events->octets(link->context, dl_buf_view(&taken));
    dl_buf_fini(&taken);
}

static void virtual_wake(struct dl_world *world);

static void virtual_link_read(struct dl_link *link, bool on)
{
    link->paused = !on;
    if (on && link->held.n > 0) {
        virtual_wake(&link->node->world); /* callbacks come from the loop only */
    }
}

static void flush_link(struct dl_link *link)
{
    link->dirty = false;
    if (link->pending.n > 0 && link->other != NULL) {
        uint8_t *copy = malloc(link->pending.n);
        DL_ASSERT(copy != NULL, "memory for what travels");
        memcpy(copy, link->pending.p, link->pending.n);
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the queue owns it until it has arrived
        travel(link, link->other, EVENT_OCTETS, dl_view_of(copy, link->pending.n));
    }
    dl_buf_reset(&link->pending);
}

static void virtual_link_close(struct dl_link *link)
{
    if (link->closing) {
        return;
    }
    flush_link(link);
    link->closing = true;
    part(link);
    queue_closed(link, link->node->virtual->now);
}

static const char *virtual_link_agency(const struct dl_link *link)
{
    return link->remote;
}

/* ---- timers, wakes, listeners ---- */

static struct dl_timer *virtual_timer_new(struct dl_world *world, dl_timer_fn fn, void *context)
{
    struct dl_timer *timer = calloc(1, sizeof *timer);
    DL_ASSERT(timer != NULL, "memory for a timer");
    timer->node = node_of(world);
    timer->fn = fn;
    timer->context = context;
    timer->next = timer->node->timers;
    timer->node->timers = timer;
    return timer;
}

static void virtual_timer_set(struct dl_timer *timer, uint64_t delay_ms)
{
    struct dl_virtual *v = timer->node->virtual;
    timer->version++;
    timer->pending++;
    push(v, (struct event){.at = v->now + delay_ms,
                           .type = EVENT_TIMER,
                           .node = timer->node,
                           .of.timer = timer,
                           .version = timer->version});
}

static void virtual_timer_stop(struct dl_timer *timer)
{
    timer->version++;
}

static void timer_release(struct dl_timer *timer)
{
    if (!timer->freed || timer->pending > 0) {
        return;
    }
    struct dl_timer **at = &timer->node->timers;
    while (*at != timer) {
        at = &(*at)->next;
    }
    *at = timer->next;
    free(timer);
}

static void virtual_timer_free(struct dl_timer *timer)
{
    if (timer != NULL) {
        timer->version++;
        timer->freed = true;
        timer_release(timer);
    }
}

static void virtual_wake(struct dl_world *world)
{
    struct node *node = node_of(world);
    if (!node->waking && !node->dead) {
        node->waking = true;
        push(node->virtual,
             (struct event){.at = node->virtual->now, .type = EVENT_WAKE, .node = node});
    }
}

static enum dl_err virtual_listen(struct dl_world *world, const char *address, dl_accept_fn fn,
                                  void *context, struct dl_listener **out, struct dl_error *error)
{
    struct node *node = node_of(world);
    size_t n = strlen(node->host);
    if (strncmp(address, node->host, n) != 0 || address[n] != ':' ||
        listener_at(node->virtual, address) != NULL) {
        return dl_error_set(error, DL_E_CONNECT, "listen", "cannot listen on %s", address);
    }
    struct dl_listener *listener = calloc(1, sizeof *listener);
    DL_ASSERT(listener != NULL, "memory for a listener");
    listener->node = node;
    listener->fn = fn;
    listener->context = context;
    snprintf(listener->address, sizeof listener->address, "%s", address);
    listener->next = node->listeners;
    node->listeners = listener;
    *out = listener;
    return DL_OK;
}

static void virtual_listener_free(struct dl_listener *listener)
{
    if (listener == NULL) {
        return;
    }
    struct dl_listener **at = &listener->node->listeners;
    while (*at != listener) {
        at = &(*at)->next;
    }
    *at = listener->next;
    free(listener);
}

/* ---- clock, randomness, log ---- */

static int64_t virtual_now_ms(struct dl_world *world)
{
    struct node *node = node_of(world);
    return dl_virtual_now(node->virtual) + node->skew_ms;
}

static uint64_t virtual_monotonic(struct dl_world *world)
{
    return node_of(world)->virtual->now;
}

static void virtual_random_octets(struct dl_world *world, void *p, size_t n)
{
    uint8_t *at = p;
    for (size_t i = 0; i < n; i += 8) {
        uint64_t x = dl_virtual_random(node_of(world)->virtual);
        memcpy(at + i, &x, n - i < 8 ? n - i : 8);
    }
}

static void virtual_log(struct dl_world *world, struct dl_view line)
{
    struct node *node = node_of(world);
    if (node->log != NULL) {
        node->log(node->log_context, line);
    }
}

static const struct dl_world_ops ops = {
    .now_ms = virtual_now_ms,
    .monotonic_ms = virtual_monotonic,
    .random = virtual_random_octets,
    .wake = virtual_wake,
    .log = virtual_log,
    .timer_new = virtual_timer_new,
    .timer_set = virtual_timer_set,
    .timer_stop = virtual_timer_stop,
    .timer_free = virtual_timer_free,
    .listen = virtual_listen,
    .listener_free = virtual_listener_free,
    .dial = virtual_dial,
    .link_use = virtual_link_use,
    .link_send = virtual_link_send,
    .link_queued = virtual_link_queued,
    .link_read = virtual_link_read,
    .link_close = virtual_link_close,
};

/* ---- the universe ---- */

struct dl_virtual *dl_virtual_new(uint64_t seed_value, int64_t start_ms)
{
    struct dl_virtual *v = calloc(1, sizeof *v);
    DL_ASSERT(v != NULL, "memory for a world");
    seed(v, seed_value);
    v->start_ms = start_ms;
    v->least_ms = 1;
    return v;
}

struct dl_world *dl_virtual_add(struct dl_virtual *v, const char *host)
{
    DL_ASSERT(strlen(host) < HOST, "a host's name is short");
    struct node *node = calloc(1, sizeof *node);
    DL_ASSERT(node != NULL, "memory for a node");
    snprintf(node->host, sizeof node->host, "%s", host);
    node->virtual = v;
    node->world.ops = &ops;
    node->world.vouches = true;
    node->world.link_agency = virtual_link_agency;
    node->next = v->nodes;
    v->nodes = node;
    return &node->world;
}

void dl_virtual_set_log(struct dl_world *world, void (*fn)(void *context, struct dl_view line),
                        void *context)
{
    node_of(world)->log = fn;
    node_of(world)->log_context = context;
}

void dl_virtual_set_skew(struct dl_world *world, int64_t skew_ms)
{
    node_of(world)->skew_ms = skew_ms;
}

void dl_virtual_set_delay(struct dl_virtual *v, uint32_t least_ms, uint32_t spread_ms)
{
    v->least_ms = least_ms;
    v->spread_ms = spread_ms;
}

int64_t dl_virtual_now(const struct dl_virtual *v)
{
    return v->start_ms + (int64_t)v->now;
}

uint64_t dl_virtual_elapsed(const struct dl_virtual *v)
{
    return v->now;
}

uint64_t dl_virtual_events(const struct dl_virtual *v)
{
    return v->handled;
}

void dl_virtual_kill(struct dl_world *world)
{
    struct node *node = node_of(world);
    node->dead = true;
    node->world.turn_end = NULL;
    for (struct dl_link *link = node->links; link != NULL; link = link->next) {
        dl_buf_reset(&link->pending);
        link->events = NULL;
        link->closing = true;
        part(link);
        queue_closed(link, node->virtual->now);
    }
    for (struct dl_timer *timer = node->timers; timer != NULL; timer = timer->next) {
        timer->version++;
    }
}

static bool is_over(const struct dl_link *link)
{
    return link->closing && link->pending_events == 0 && link->other == NULL && link->closed_queued;
}

/* Links of a dead node stay until now: the agency that is still to be closed points to them. */
void dl_virtual_revive(struct dl_world *world)
{
    struct node *node = node_of(world);
    DL_ASSERT(node->listeners == NULL, "the agency that lived here was closed");
    node->dead = false;
    for (struct dl_link *link = node->links; link != NULL;) {
        struct dl_link *next = link->next;
        if (is_over(link)) {
            link_free(link);
        }
        link = next;
    }
}

static void break_links(struct dl_virtual *v, const char *a, const char *b)
{
    for (struct node *node = v->nodes; node != NULL; node = node->next) {
        if (strcmp(node->host, a) != 0) {
            continue;
        }
        for (struct dl_link *link = node->links; link != NULL; link = link->next) {
            if (strcmp(link->remote, b) == 0 && link->other != NULL) {
                part(link);
                queue_closed(link, v->now);
            }
        }
    }
}

void dl_virtual_set_way(struct dl_virtual *v, const char *from, const char *to,
                        enum dl_virtual_cut state)
{
    struct way *way = way_between(v, from, to);
    way->state = state;
    if (state == DL_VIRTUAL_CUT) {
        break_links(v, from, to);
    }
    if (state != DL_VIRTUAL_SILENT) {
        for (size_t i = 0; i < way->n_waiting; i++) {
            way->waiting[i].at = v->now + v->least_ms;
            push(v, way->waiting[i]);
        }
        free(way->waiting);
        way->waiting = NULL;
        way->n_waiting = 0;
    }
}

void dl_virtual_at(struct dl_virtual *v, uint64_t elapsed_ms, void (*fn)(void *context),
                   void *context)
{
    struct event event = {.at = elapsed_ms < v->now ? v->now : elapsed_ms, .type = EVENT_CALL};
    event.of.call.fn = fn;
    event.of.call.context = context;
    push(v, event);
}

static void handle_link(struct event *event)
{
    struct dl_link *link = event->of.link;
    link->pending_events--;
    bool alive = link->events != NULL && !link->closing;
    switch (event->type) {
    case EVENT_ACCEPT: {
        struct dl_listener *listener = link->node->dead ? NULL : link->node->listeners;
        if (listener == NULL || link->other == NULL) {
            virtual_link_close(link);
            break;
        }
        struct dl_link *dialler = link->other;
        listener->fn(listener->context, link, link->remote);
        if (dialler->other == link) {
            travel(link, dialler, EVENT_OPEN, dl_view_of(NULL, 0));
        }
        break;
    }
    case EVENT_OPEN:
        link->open = true;
        if (alive) {
            link->events->open(link->context);
        }
        break;
    case EVENT_OCTETS:
        if (alive && link->paused) {
            dl_buf_put_view(&link->held, event->octets);
        } else if (alive) {
            link->events->octets(link->context, event->octets);
        }
        break;
    default: /* EVENT_CLOSED */
        link->closing = true;
        if (link->events != NULL) {
            const struct dl_link_events *events = link->events;
            link->events = NULL;
            events->closed(link->context, DL_E_CONNECT,
                           link->open ? "the other side broke the connection"
                                      : "nothing listens there (connection refused)");
        }
        part(link);
        break;
    }
    free((void *)event->octets.p);
    if (!link->node->dead && is_over(link)) {
        link_free(link);
    }
}

void dl__event_handle(struct event *event)
{
    switch (event->type) {
    case EVENT_TIMER: {
        struct dl_timer *timer = event->of.timer;
        timer->pending--;
        if (timer->version == event->version && !timer->freed) {
            timer->fn(timer->context);
        }
        timer_release(timer);
        break;
    }
    case EVENT_WAKE:
        event->node->waking = false;
        break;
    case EVENT_CALL:
        event->of.call.fn(event->of.call.context);
        break;
    default:
        handle_link(event);
        break;
    }
}

void dl__node_end_turn(struct node *node)
{
    for (struct dl_link *link = node->links; link != NULL;) {
        struct dl_link *next = link->next;
        give_held(link);
        link = next;
    }
    if (node->world.turn_end != NULL) {
        node->world.turn_end(node->world.turn_context);
    }
    for (struct dl_link *link = node->links; link != NULL; link = link->next) {
        if (link->dirty) {
            flush_link(link);
            if (link->events != NULL && !link->closing) {
                link->events->drained(link->context);
            }
        }
    }
}

bool dl_virtual_step(struct dl_virtual *v)
{
    if (v->n == 0) {
        return false;
    }
    struct event event = pop(v);
    v->now = event.at;
    v->handled++;
    struct node *node = event.node;
    dl__event_handle(&event);
    while (node != NULL && v->n > 0 && v->heap[0].at == v->now && v->heap[0].node == node) {
        event = pop(v);
        v->handled++;
        dl__event_handle(&event);
    }
    if (node != NULL && !node->dead) {
        dl__node_end_turn(node);
    }
    return true;
}

void dl_virtual_run_until(struct dl_virtual *v, uint64_t elapsed_ms)
{
    while (v->n > 0 && v->heap[0].at <= elapsed_ms) {
        dl_virtual_step(v);
    }
    v->now = elapsed_ms > v->now ? elapsed_ms : v->now;
}

static void node_free(struct node *node)
{
    DL_ASSERT(node->listeners == NULL, "agencies are closed before their world");
    while (node->links != NULL) {
        struct dl_link *link = node->links;
        node->links = link->next;
        link_drop(link);
    }
    while (node->timers != NULL) {
        struct dl_timer *timer = node->timers;
        node->timers = timer->next;
        free(timer);
    }
    free(node);
}

void dl_virtual_free(struct dl_virtual **virtual)
{
    struct dl_virtual *v = *virtual;
    if (v == NULL) {
        return;
    }
    while (v->n > 0) {
        struct event event = pop(v);
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): each event is in the heap once
        free((void *)event.octets.p);
    }
    while (v->ways != NULL) {
        struct way *way = v->ways;
        v->ways = way->next;
        for (size_t i = 0; i < way->n_waiting; i++) {
            free((void *)way->waiting[i].octets.p);
        }
        free(way->waiting);
        free(way);
    }
    while (v->nodes != NULL) {
        struct node *node = v->nodes;
        v->nodes = node->next;
        node_free(node);
    }
    free(v->heap);
    free(v);
    *virtual = NULL;
}
