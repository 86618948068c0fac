/* Links over TCP. What is sent in a turn is written at its end, in one piece. */
#include "base/limits.h"
#include "node/uv_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 10 * 1000, CLOSE_MS = 1000, BACKLOG = 128 };

struct dl_link {
    uv_tcp_t tcp;
    uv_timer_t timer; /* of connecting, then of closing */
    uv_connect_t connect;
    uv_getaddrinfo_t resolve;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct dl_uv_world *world;
    const struct dl_link_events *events;
    void *context;
    struct dl_buf pending; /* for the turn's end */
    struct dl_buf writing; /* in the kernel's hands */
    struct dl_link *next_dirty;
    bool dirty, is_writing, reading, connected, closing, resolving;
    int open_handles;
    enum dl_err err;
    char why[160];
};

struct dl_listener {
    uv_tcp_t tcp;
    struct dl_uv_world *world;
    dl_accept_fn fn;
    void *context;
};

static void release(struct dl_link *link)
{
    if (link->open_handles > 0 || link->resolving) {
        return;
    }
    if (link->events != NULL) {
        link->events->closed(link->context, link->err, link->why);
    }
    dl_buf_fini(&link->pending);
    dl_buf_fini(&link->writing);
    free(link);
}

static void handle_closed(uv_handle_t *handle)
{
    struct dl_link *link = handle->data;
    link->open_handles--;
    release(link);
}

static void close_now(struct dl_link *link)
{
    if (link->dirty) {
        struct dl_link **at = &link->world->dirty;
        while (*at != link) {
            at = &(*at)->next_dirty;
        }
        *at = link->next_dirty;
        link->dirty = false;
    }
    if (!uv_is_closing((uv_handle_t *)&link->tcp)) {
        uv_close((uv_handle_t *)&link->tcp, handle_closed);
        uv_close((uv_handle_t *)&link->timer, handle_closed);
    }
}

static void fail(struct dl_link *link, enum dl_err err, const char *why)
{
    if (link->err == DL_OK && !link->closing) {
        link->err = err;
        snprintf(link->why, sizeof link->why, "%s", why);
    }
    link->closing = true;
    close_now(link);
}

/* Words an operator can act on, for what a dial runs into. */
static const char *why_of(int rc)
{
    switch (rc) {
    case UV_ECONNREFUSED:
        return "nothing listens there (connection refused)";
    case UV_ETIMEDOUT:
        return "no answer (timed out)";
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
        return "no route to that address";
    case UV_EAI_NONAME:
    case UV_EAI_NODATA:
    case UV_EAI_AGAIN:
        return "the host name is not known here";
    case UV_ECONNRESET:
    case UV_EPIPE:
        return "the other side broke the connection";
    case UV_EOF:
        return "the other side closed the connection";
    default:
        return uv_strerror(rc);
    }
}

static struct dl_link *link_new(struct dl_uv_world *world)
{
    struct dl_link *link = calloc(1, sizeof *link);
    DL_ASSERT(link != NULL, "memory for a link");
    link->world = world;
    dl_buf_init(&link->pending, SIZE_MAX / 4);
    dl_buf_init(&link->writing, SIZE_MAX / 4);
    uv_tcp_init(&world->loop, &link->tcp);
    uv_timer_init(&world->loop, &link->timer);
    link->tcp.data = link;
    link->timer.data = link;
    link->write.data = link;
    link->connect.data = link;
    link->resolve.data = link;
    link->open_handles = 2;
    return link;
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct dl_link *link = handle->data;
    *buf = uv_buf_init(link->world->read_buffer, sizeof link->world->read_buffer);
}

static void octets_came(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct dl_link *link = stream->data;
    if (n > 0 && !link->closing) {
        link->events->octets(link->context, dl_view_of(buf->base, (size_t)n));
    } else if (n < 0) {
        fail(link, DL_E_CONNECT, why_of((int)n));
    }
}

void dl__uv_link_read(struct dl_link *link, bool on)
{
    if (!link->connected || link->closing || link->reading == on) {
        return;
    }
    link->reading = on;
    if (on) {
        uv_read_start((uv_stream_t *)&link->tcp, give_buffer, octets_came);
    } else {
        uv_read_stop((uv_stream_t *)&link->tcp);
    }
}

static void connected(struct dl_link *link)
{
    link->connected = true;
    uv_timer_stop(&link->timer);
    uv_tcp_nodelay(&link->tcp, 1);
    dl__uv_link_read(link, true);
}

static void on_connect(uv_connect_t *request, int status)
{
    struct dl_link *link = request->data;
    if (status == UV_ECANCELED || link->closing) {
        return;
    }
    if (status < 0) {
        fail(link, DL_E_CONNECT, why_of(status));
        return;
    }
    connected(link);
    link->events->open(link->context);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *result)
{
    struct dl_link *link = request->data;
    link->resolving = false;
    if (link->closing) {
        uv_freeaddrinfo(result);
        release(link);
        return;
    }
    int rc = status;
    if (status == 0) {
        rc = uv_tcp_connect(&link->connect, &link->tcp, result->ai_addr, on_connect);
    }
    uv_freeaddrinfo(result);
    if (rc < 0) {
        fail(link, DL_E_CONNECT, why_of(rc));
    }
}

static void connect_late(uv_timer_t *timer)
{
    fail(timer->data, DL_E_CONNECT, why_of(UV_ETIMEDOUT));
}

/* "host:port", "[::1]:port". A host is at most 255 octets: longer names upset resolvers. */
static bool split(const char *address, char host[256], char port[6])
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || strlen(colon + 1) > 5 || colon[1] == '\0' ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
        return false;
    }
    const char *from = address;
    size_t n = (size_t)(colon - address);
    if (n >= 2 && from[0] == '[' && from[n - 1] == ']') {
        from++;
        n -= 2;
    }
    if (n == 0 || n > 255) {
        return false;
    }
    memcpy(host, from, n);
    host[n] = '\0';
    snprintf(port, 6, "%s", colon + 1);
    return strlen(host) == n && atoi(port) <= 65535;
}

struct dl_link *dl__uv_dial(struct dl_world *world, const char *address,
                            const struct dl_link_events *events, void *context)
{
    struct dl_uv_world *uv = (struct dl_uv_world *)world;
    struct dl_link *link = link_new(uv);
    link->events = events;
    link->context = context;
    char host[256];
    char port[6];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    uv_timer_start(&link->timer, connect_late, CONNECT_MS, 0);
    if (!split(address, host, port)) {
        fail(link, DL_E_CONNECT, "the address is not HOST:PORT");
        return link;
    }
    struct sockaddr_storage numeric;
    if (uv_ip4_addr(host, atoi(port), (struct sockaddr_in *)&numeric) == 0 ||
        uv_ip6_addr(host, atoi(port), (struct sockaddr_in6 *)&numeric) == 0) {
        int rc =
            uv_tcp_connect(&link->connect, &link->tcp, (struct sockaddr *)&numeric, on_connect);
        if (rc < 0) {
            fail(link, DL_E_CONNECT, why_of(rc));
        }
        return link;
    }
    link->resolving =
        uv_getaddrinfo(&uv->loop, &link->resolve, on_resolved, host, port, &hints) == 0;
    if (!link->resolving) {
        fail(link, DL_E_CONNECT, "the host name cannot be looked up");
    }
    return link;
}

void dl__uv_link_use(struct dl_link *link, const struct dl_link_events *events, void *context)
{
    link->events = events;
    link->context = context;
    connected(link);
}

void dl__uv_link_send(struct dl_link *link, struct dl_view octets)
{
    if (link->closing || octets.n == 0) {
        return;
    }
    dl_buf_put_view(&link->pending, octets);
    if (!link->dirty) {
        link->dirty = true;
        link->next_dirty = link->world->dirty;
        link->world->dirty = link;
    }
}

size_t dl__uv_link_queued(const struct dl_link *link)
{
    return link->pending.n + link->writing.n;
}

static void write_pending(struct dl_link *link);

static void on_written(uv_write_t *request, int status)
{
    struct dl_link *link = request->data;
    link->is_writing = false;
    dl_buf_reset(&link->writing);
    if (link->writing.cap > (size_t)1024 * 1024) {
        dl_buf_fini(&link->writing); // a burst is over; give its memory back
    }
    if (uv_is_closing((uv_handle_t *)&link->tcp)) {
        return;
    }
    if (status < 0) {
        fail(link, DL_E_CONNECT, why_of(status));
    } else if (link->pending.n > 0) {
        write_pending(link);
    } else if (!link->closing) {
        link->events->drained(link->context);
    }
}

static void write_pending(struct dl_link *link)
{
    struct dl_buf swap = link->writing;
    link->writing = link->pending;
    link->pending = swap;
    uv_buf_t buf = uv_buf_init((char *)link->writing.p, (unsigned)link->writing.n);
    link->is_writing = uv_write(&link->write, (uv_stream_t *)&link->tcp, &buf, 1, on_written) == 0;
    if (!link->is_writing) {
        fail(link, DL_E_CONNECT, "the connection cannot be written to");
    }
}

void dl__uv_flush(struct dl_uv_world *world)
{
    while (world->dirty != NULL) {
        struct dl_link *link = world->dirty;
        world->dirty = link->next_dirty;
        link->dirty = false;
        if (!link->is_writing && link->pending.n > 0 && !uv_is_closing((uv_handle_t *)&link->tcp)) {
            write_pending(link);
        }
    }
}

static void close_late(uv_timer_t *timer)
{
    close_now(timer->data);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    close_now(request->data);
}

void dl__uv_link_close(struct dl_link *link)
{
    if (link->closing) {
        return;
    }
    link->closing = true;
    uv_read_stop((uv_stream_t *)&link->tcp);
    if (!link->connected || (link->pending.n == 0 && !link->is_writing)) {
        close_now(link);
        return;
    }
    if (!link->is_writing) {
        write_pending(link);
        link->closing = true;
    }
    link->shutdown.data = link;
    if (uv_is_closing((uv_handle_t *)&link->tcp) ||
        uv_shutdown(&link->shutdown, (uv_stream_t *)&link->tcp, on_shutdown) != 0) {
        close_now(link);
        return;
    }
    uv_timer_start(&link->timer, close_late, CLOSE_MS, 0);
}

static void remote_of(const uv_tcp_t *tcp, char *out, size_t n, bool peer)
{
    struct sockaddr_storage address;
    int length = sizeof address;
    char host[64] = "?";
    int port = 0;
    int rc = peer ? uv_tcp_getpeername(tcp, (struct sockaddr *)&address, &length)
                  : uv_tcp_getsockname(tcp, (struct sockaddr *)&address, &length);
    if (rc == 0 && address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
        uv_ip6_name(in6, host, sizeof host);
        port = ntohs(in6->sin6_port);
        snprintf(out, n, "[%s]:%d", host, port);
        return;
    }
    if (rc == 0) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
        uv_ip4_name(in, host, sizeof host);
        port = ntohs(in->sin_port);
    }
    snprintf(out, n, "%s:%d", host, port);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct dl_listener *listener = server->data;
    if (status < 0) {
        return; // out of descriptors, most likely: the kernel keeps the stranger waiting
    }
    struct dl_link *link = link_new(listener->world);
    if (uv_accept(server, (uv_stream_t *)&link->tcp) != 0) {
        close_now(link);
        return;
    }
    char remote[80];
    remote_of(&link->tcp, remote, sizeof remote, true);
    listener->fn(listener->context, link, remote);
}

static void listener_closed(uv_handle_t *handle)
{
    free(handle->data);
}

enum dl_err dl__uv_listen(struct dl_world *world, const char *address, dl_accept_fn fn,
                          void *context, struct dl_listener **out, struct dl_error *error)
{
    struct dl_uv_world *uv = (struct dl_uv_world *)world;
    char host[256];
    char port[6];
    struct sockaddr_storage numeric;
    if (!split(address, host, port) ||
        (uv_ip4_addr(host, atoi(port), (struct sockaddr_in *)&numeric) != 0 &&
         uv_ip6_addr(host, atoi(port), (struct sockaddr_in6 *)&numeric) != 0)) {
        return dl_error_set(error, DL_E_CONFIG, "listen",
                            "\"%s\" is not a numeric address and port", address);
    }
    struct dl_listener *listener = calloc(1, sizeof *listener);
    DL_ASSERT(listener != NULL, "memory for a listener");
    listener->world = uv;
    listener->fn = fn;
    listener->context = context;
    listener->tcp.data = listener;
    uv_tcp_init(&uv->loop, &listener->tcp);
    int rc = uv_tcp_bind(&listener->tcp, (const struct sockaddr *)&numeric, 0);
    if (rc == 0) {
        rc = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
    }
    if (rc != 0) {
        uv_close((uv_handle_t *)&listener->tcp, listener_closed);
        dl_error_set(error, DL_E_CONNECT, "listen", "cannot listen on %s: %s", address,
                     uv_strerror(rc));
        return dl_error_hint(error,
                             "another process may use that port; see `listen` in directline.conf");
    }
    *out = listener;
    return DL_OK;
}

void dl__uv_listener_free(struct dl_listener *listener)
{
    if (listener != NULL) {
        uv_close((uv_handle_t *)&listener->tcp, listener_closed);
    }
}

void dl_uv_listener_address(const struct dl_listener *listener, char *out, size_t n)
{
    remote_of(&listener->tcp, out, n, false);
}
