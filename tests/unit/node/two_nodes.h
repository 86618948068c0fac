/* Two paired nodes in a virtual world, for tests of what a node does about a fault. */
#ifndef TESTS_UNIT_NODE_TWO_NODES_H
#define TESTS_UNIT_NODE_TWO_NODES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/json.h"
#include "node/virtual_node.h"

#include <string.h>

enum { CN, US };

struct two_nodes {
    struct dl_virtual *virtual;
    struct dl_virtual_node *node[2];
    struct dl_buf log[2]; /* every event line */
};

static inline void keep_line(void *context, struct dl_view line)
{
    dl_buf_put_view(context, line);
}

static inline void run_ms(struct two_nodes *t, uint64_t ms)
{
    dl_virtual_run_until(t->virtual, dl_virtual_elapsed(t->virtual) + ms);
}

static inline void start_node(struct two_nodes *t, int which)
{
    struct dl_error error;
    assert_int_equal(dl_virtual_node_start(t->node[which], &error), DL_OK);
}

static inline void begin(struct two_nodes *t)
{
    static const char *const names[] = {"cn", "us"};
    static const char *const lands[] = {"CN", "US"};
    t->virtual = dl_virtual_new(7, 1700000000000);
    for (int i = 0; i < 2; i++) {
        struct dl_virtual_node_config config = {.virtual = t->virtual,
                                                .agency = names[i],
                                                .jurisdiction = lands[i],
                                                .realm = "directline",
                                                .marking = DL_MARKING_ACTUAL};
        t->node[i] = dl_virtual_node_new(&config);
        dl_buf_init(&t->log[i], (size_t)1 << 26);
        dl_virtual_set_log(dl_virtual_node_world(t->node[i]), keep_line, &t->log[i]);
        start_node(t, i);
    }
    dl_virtual_node_pair(t->node[CN], t->node[US]);
    run_ms(t, 5000);
}

static inline void end(struct two_nodes *t)
{
    for (int i = 0; i < 2; i++) {
        dl_virtual_node_free(&t->node[i]);
        dl_buf_fini(&t->log[i]);
    }
    dl_virtual_free(&t->virtual);
}

static inline struct dl_peer *peer_at(struct two_nodes *t, int which)
{
    return dl_agency_first_peer(dl_virtual_node_agency(t->node[which]));
}

static inline struct dl_peer_view look(struct two_nodes *t, int which)
{
    struct dl_peer_view view;
    dl_peer_look(peer_at(t, which), &view);
    return view;
}

static inline uint64_t held_at(struct two_nodes *t, int which)
{
    return dl_log_size(dl_replica_log(dl_peer_replica(peer_at(t, which))));
}

static inline struct dl_log *journal_at(struct two_nodes *t, int which)
{
    return dl_journal_log(dl_peer_journal(peer_at(t, which)));
}

static inline enum dl_err submit(struct two_nodes *t, int which, const char *id,
                                 const char *headline)
{
    struct dl_agency *agency = dl_virtual_node_agency(t->node[which]);
    struct dl_submitted submitted;
    struct dl_error error;
    json_t *content =
        json_pack("{s:s, s:{s:s}}", "headline", headline, "substance", "cas", "437-38-7");
    struct dl_order order = {.kind = DL_KIND_ALERT, .id = id, .content = content};
    enum dl_err err = dl_agency_submit(agency, peer_at(t, which), &order, &submitted, &error);
    json_decref(content);
    struct dl_world *world = dl_virtual_node_world(t->node[which]);
    world->ops->wake(world);
    return err;
}

/* Events of this name in a node's log. */
static inline size_t count_events(struct two_nodes *t, int which, const char *name)
{
    size_t n = 0;
    struct dl_view rest = dl_buf_view(&t->log[which]);
    char text[64];
    snprintf(text, sizeof text, "\"event\":\"%s\"", name);
    for (;;) {
        const uint8_t *at = rest.n == 0 ? NULL : memmem(rest.p, rest.n, text, strlen(text));
        if (at == NULL) {
            return n;
        }
        n++;
        size_t used = (size_t)(at - rest.p) + 1;
        rest = dl_view_of(rest.p + used, rest.n - used);
    }
}

#endif
