#include "node/uv_loop.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct dl_timer {
    uv_timer_t handle;
    dl_timer_fn fn;
    void *context;
};

static struct dl_uv_world *uv_of(struct dl_world *world)
{
    return (struct dl_uv_world *)world;
}

static int64_t uv_clock(struct dl_world *world)
{
    (void)world;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t uv_monotonic(struct dl_world *world)
{
    (void)world;
    return uv_hrtime() / 1000000;
}

static void from_the_system(uint8_t *at, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        DL_ASSERT(got > 0, "the system gives randomness");
        at += got;
        n -= (size_t)got;
    }
}

/* Ids and salts ask for a few octets for each entry: a call of the system gives many, and what was
 * given out is forgotten here. */
static void uv_random_octets(struct dl_world *world, void *p, size_t n)
{
    struct dl_uv_world *uv = uv_of(world);
    uint8_t *at = p;
    while (n > 0) {
        if (uv->random_left == 0) {
            from_the_system(uv->random, sizeof uv->random);
            uv->random_left = sizeof uv->random;
        }
        size_t take = n < uv->random_left ? n : uv->random_left;
        uint8_t *from = uv->random + uv->random_left - take;
        memcpy(at, from, take);
        explicit_bzero(from, take);
        uv->random_left -= take;
        at += take;
        n -= take;
    }
}

static void nothing(uv_idle_t *idle)
{
    (void)idle; // its running is what keeps the loop from sleeping
}

static void uv_wake(struct dl_world *world)
{
    uv_idle_start(&uv_of(world)->idle, nothing);
}

static void uv_log(struct dl_world *world, struct dl_view line)
{
    (void)world;
    while (line.n > 0) {
        ssize_t n = write(2, line.p, line.n);
        if (n <= 0) {
            return; // a log that cannot be written must not stop the node
        }
        line.p += n;
        line.n -= (size_t)n;
    }
}

static void timer_fired(uv_timer_t *handle)
{
    struct dl_timer *timer = handle->data;
    timer->fn(timer->context);
}

static struct dl_timer *uv_timer(struct dl_world *world, dl_timer_fn fn, void *context)
{
    struct dl_timer *timer = calloc(1, sizeof *timer);
    DL_ASSERT(timer != NULL, "memory for a timer");
    uv_timer_init(&uv_of(world)->loop, &timer->handle);
    timer->handle.data = timer;
    timer->fn = fn;
    timer->context = context;
    return timer;
}

static void uv_timer_set_(struct dl_timer *timer, uint64_t delay_ms)
{
    uv_update_time(timer->handle.loop); // a long turn must not shorten the delay
    uv_timer_start(&timer->handle, timer_fired, delay_ms, 0);
}

static void uv_timer_stop_(struct dl_timer *timer)
{
    uv_timer_stop(&timer->handle);
}

static void timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void uv_timer_free_(struct dl_timer *timer)
{
    if (timer != NULL) {
        uv_close((uv_handle_t *)&timer->handle, timer_closed);
    }
}

static const struct dl_world_ops ops = {
    .now_ms = uv_clock,
    .monotonic_ms = uv_monotonic,
    .random = uv_random_octets,
    .wake = uv_wake,
    .log = uv_log,
    .timer_new = uv_timer,
    .timer_set = uv_timer_set_,
    .timer_stop = uv_timer_stop_,
    .timer_free = uv_timer_free_,
    .listen = dl__uv_listen,
    .listener_free = dl__uv_listener_free,
    .dial = dl__uv_dial,
    .link_use = dl__uv_link_use,
    .link_send = dl__uv_link_send,
    .link_queued = dl__uv_link_queued,
    .link_read = dl__uv_link_read,
    .link_close = dl__uv_link_close,
};

/* A turn ends after the timers (prepare) and after what the poll brought (check). */
static void end_turn(struct dl_uv_world *world)
{
    uv_idle_stop(&world->idle);
    if (world->world.turn_end != NULL) {
        world->world.turn_end(world->world.turn_context);
    }
    dl__uv_flush(world);
}

static void on_prepare(uv_prepare_t *handle)
{
    end_turn(handle->data);
}

static void on_check(uv_check_t *handle)
{
    end_turn(handle->data);
}

struct dl_uv_world *dl_uv_world_new(void)
{
    struct dl_uv_world *world = calloc(1, sizeof *world);
    DL_ASSERT(world != NULL, "memory for a world");
    world->world.ops = &ops;
    int rc = uv_loop_init(&world->loop);
    DL_ASSERT(rc == 0, "a loop starts");
    uv_prepare_init(&world->loop, &world->prepare);
    uv_check_init(&world->loop, &world->check);
    uv_idle_init(&world->loop, &world->idle);
    world->prepare.data = world;
    world->check.data = world;
    uv_prepare_start(&world->prepare, on_prepare);
    uv_check_start(&world->check, on_check);
    return world;
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle)) {
        uv_close(handle, handle->type == UV_TIMER ? timer_closed : NULL);
    }
}

void dl_uv_world_free(struct dl_uv_world **world)
{
    if (*world == NULL) {
        return;
    }
    (*world)->world.turn_end = NULL;
    uv_walk(&(*world)->loop, close_handle, NULL);
    uv_run(&(*world)->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&(*world)->loop);
    DL_ASSERT(rc == 0, "every handle of the loop is closed");
    free(*world);
    *world = NULL;
}

struct dl_world *dl_uv_world_as_world(struct dl_uv_world *world)
{
    return &world->world;
}

void dl_uv_world_run(struct dl_uv_world *world)
{
    uv_run(&world->loop, UV_RUN_DEFAULT);
}

void dl_uv_world_stop(struct dl_uv_world *world)
{
    uv_stop(&world->loop);
}

static void signal_came(uv_signal_t *handle, int signum)
{
    struct dl_uv_world *world = handle->data;
    world->on_signal(world->signal_context, signum);
}

void dl_uv_world_on_signal(struct dl_uv_world *world, void (*fn)(void *context, int signum),
                           void *context)
{
    static const int signums[2] = {SIGTERM, SIGINT};
    world->on_signal = fn;
    world->signal_context = context;
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(&world->loop, &world->signals[i]);
        world->signals[i].data = world;
        uv_signal_start(&world->signals[i], signal_came, signums[i]);
    }
}
