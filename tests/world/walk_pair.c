#include "tests/world/walk_pair.h"

#include "base/json.h"
#include "node/agency_internal.h"
#include "protocol/session_internal.h"
#include "registry/journal_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const files[4] = {"line.db", "line.db-wal", "head.db", "head.db-wal"};
static const int64_t noon = 1700000000000;
enum { TIMERS_MAX = 200 };

/* ---- the world: no clock, no chance, and an ear at the door ---- */

static struct pair *the_pair; /* world calls carry no context of ours */
static struct dl_world_ops ops[2];
static void (*send_on)(struct dl_link *link, struct dl_view octets);
static uint64_t drawn;

static int64_t stand_still(struct dl_world *world)
{
    (void)world;
    return noon;
}

static void no_chance(struct dl_world *world, void *p, size_t n)
{
    (void)world;
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)p)[i] = (uint8_t)(drawn >> (8 * (i % 8)));
    }
    drawn++;
}

static void leave(int side, struct dl_link *link, struct dl_view octets)
{
    if (!the_pair->side[side].mute) {
        check_leaving(the_pair, side, octets);
        send_on(link, octets);
    }
}

static void leave_0(struct dl_link *link, struct dl_view octets)
{
    leave(0, link, octets);
}

static void leave_1(struct dl_link *link, struct dl_view octets)
{
    leave(1, link, octets);
}

/* ---- images ---- */

static struct dl_store *line_store(struct pair_side *side)
{
    return dl_line_db_store(dl_agency_line_db(dl_virtual_node_agency(side->node)));
}

/* Columns: an origin, then two numbers, then up to three blobs. */
static enum dl_err put_row(void *context, const struct dl_row *row)
{
    struct dl_buf *out = context;
    dl_buf_put_view(out, dl_row_text(row, 0));
    dl_buf_u64(out, (uint64_t)dl_row_int(row, 1));
    dl_buf_u64(out, (uint64_t)dl_row_int(row, 2));
    for (int i = 3; i < 6; i++) {
        struct dl_view blob = dl_row_blob(row, i);
        dl_buf_u32(out, (uint32_t)blob.n);
        dl_buf_put_view(out, blob);
    }
    return DL_OK;
}

static struct dl_headdb *head_of(struct pair_side *side)
{
    return dl_virtual_node_agency(side->node)->head;
}

struct head_row {
    struct pair_side *side;
    struct dl_buf *out;
};

static enum dl_err put_head(void *context, const char *origin, enum dl_headdb_which which)
{
    struct head_row *head = context;
    struct dl_buf note;
    uint64_t size = 0;
    dl_buf_init(&note, 4096);
    enum dl_err err = dl_headdb_get(head_of(head->side), origin, which, &note, &size);
    dl_buf_put_str(head->out, origin);
    dl_buf_u8(head->out, (uint8_t)which);
    dl_buf_put_view(head->out, dl_buf_view(&note));
    dl_buf_fini(&note);
    return err;
}

/* What is in the databases, less cursors and times, which decide nothing. */
static struct dl_hash durable_hash(struct pair_side *side)
{
    static const char *const rows[] = {
        "SELECT origin, size, receipt_size, note, closed, receipt FROM log ORDER BY origin",
        "SELECT coalesce(l.origin, '?'), coalesce(r.first, -1), r.ahead, r.leaves, r.contents, ''"
        " FROM run r JOIN log l ON l.id=r.log ORDER BY l.origin, r.first, r.ahead, r.cursor",
        "SELECT coalesce(l.origin, '?'), c.size, 0, c.note, '', '' FROM checkpoint c"
        " JOIN log l ON l.id=c.log ORDER BY l.origin, c.size",
        "SELECT agency, removed IS NULL, frozen IS NULL, '', '', '' FROM peer ORDER BY agency",
        "SELECT id, 0, 0, leaf, content, '' FROM kept_out ORDER BY id"};
    struct dl_buf all;
    dl_buf_init(&all, (size_t)1 << 24);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum dl_err err = dl_store_run(line_store(side), rows[i], NULL, 0, put_row, &all);
        DL_ASSERT(err == DL_OK, "line.db can be read");
    }
    struct head_row head = {side, &all};
    enum dl_err err = dl_headdb_each(head_of(side), put_head, &head);
    DL_ASSERT(err == DL_OK && dl_buf_err(&all) == DL_OK, "head.db can be read");
    struct dl_hash hash = dl_sha256(dl_buf_view(&all));
    dl_buf_fini(&all);
    return hash;
}

static void keep_image(struct pair_side *side)
{
    struct dl_hash hash = durable_hash(side);
    if (side->n_images > 0 && dl_hash_equal(&side->images[side->n_images - 1].hash, &hash)) {
        return;
    }
    DL_ASSERT(side->n_images < IMAGES_MAX, "a walk is short");
    struct image *image = &side->images[side->n_images++];
    image->hash = hash;
    for (size_t i = 0; i < 4; i++) {
        dl_buf_init(&image->file[i], (size_t)1 << 24);
        dl_virtual_disk_get(dl_virtual_node_disk(side->node), files[i], &image->file[i]);
    }
}

static void drop_images_after(struct pair_side *side, size_t n)
{
    while (side->n_images > n + 1) {
        side->n_images--;
        for (size_t i = 0; i < 4; i++) {
            dl_buf_fini(&side->images[side->n_images].file[i]);
        }
    }
}

static void put_back(struct pair_side *side, size_t n, bool both)
{
    struct dl_virtual_disk *disk = dl_virtual_node_disk(side->node);
    for (size_t i = 0; i < (both ? 4 : 2); i++) {
        dl_virtual_disk_remove(disk, files[i]);
        struct dl_view octets = dl_buf_view(&side->images[n].file[i]);
        if (octets.n > 0) {
            enum dl_err err = dl_virtual_disk_put(disk, files[i], 0, octets);
            DL_ASSERT(err == DL_OK, "memory for a restored file");
        }
    }
    drop_images_after(side, n);
}

/* ---- starting and ending ---- */

static void fail_after(struct pair_side *side, int syncs)
{
    struct dl_virtual_disk_fault fault = {
        .ops = DL_DISK_SYNC, .after = (uint64_t)syncs, .n = UINT64_MAX, .err = DL_E_STORE_IO};
    dl_virtual_disk_set_fault(dl_virtual_node_disk(side->node), syncs < 0 ? NULL : &fault);
}

static void start(struct pair *pair, struct pair_side *side)
{
    struct dl_error error = {.err = DL_OK};
    if (dl_virtual_node_start(side->node, &error) != DL_OK) {
        pair_wrong(pair, "%s does not start: %s", dl_virtual_node_name(side->node), error.message);
    }
}

/* The power is cut now; it comes back at once. With `syncs` it is cut again after as many of those
 * that the start makes. */
static void start_again(struct pair *pair, struct pair_side *side, int syncs)
{
    struct dl_error error;
    dl_virtual_node_cut_power(side->node);
    fail_after(side, -1);
    if (syncs >= 0) {
        fail_after(side, syncs);
        if (dl_virtual_node_start(side->node, &error) == DL_OK) {
            dl_virtual_settle(pair->virtual);
        }
        dl_virtual_node_cut_power(side->node);
        fail_after(side, -1);
    }
    start(pair, side);
}

static void give_offer(struct pair_side *from, struct pair_side *to)
{
    struct dl_buf offer;
    struct dl_error error;
    dl_buf_init(&offer, DL_LIMIT_OFFER);
    dl_agency_offer(dl_virtual_node_agency(from->node), &offer);
    enum dl_err err =
        dl_agency_add_peer(dl_virtual_node_agency(to->node), dl_buf_view(&offer), NULL, 0, &error);
    DL_ASSERT(err == DL_OK, "two new agencies can be paired");
    dl_buf_fini(&offer);
}

void pair_init(struct pair *pair)
{
    static const char *const names[2] = {"cn", "us"};
    static const char *const lands[2] = {"CN", "US"};
    *pair = (struct pair){.virtual = dl_virtual_new(1, noon)};
    the_pair = pair;
    dl_virtual_set_delay(pair->virtual, 0, 0);
    for (int i = 0; i < 2; i++) {
        struct pair_side *side = &pair->side[i];
        struct dl_virtual_node_config config = {.virtual = pair->virtual,
                                                .agency = names[i],
                                                .jurisdiction = lands[i],
                                                .realm = "directline",
                                                .marking = DL_MARKING_ACTUAL};
        side->node = dl_virtual_node_new(&config);
        side->world = dl_virtual_node_world(side->node);
        ops[i] = *side->world->ops;
        send_on = ops[i].link_send;
        ops[i].now_ms = stand_still;
        ops[i].random = no_chance;
        ops[i].link_send = i == 0 ? leave_0 : leave_1;
        side->world->ops = &ops[i];
        start(pair, side);
    }
    give_offer(&pair->side[0], &pair->side[1]);
    give_offer(&pair->side[1], &pair->side[0]);
    keep_image(&pair->side[0]);
    keep_image(&pair->side[1]);
}

void pair_fini(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        dl_virtual_node_free(&pair->side[i].node);
        drop_images_after(&pair->side[i], 0);
        for (size_t k = 0; k < 4; k++) {
            dl_buf_fini(&pair->side[i].images[0].file[k]);
        }
    }
    dl_virtual_free(&pair->virtual);
}

struct dl_peer *pair_peer(struct pair *pair, int side)
{
    struct dl_agency *agency = dl_virtual_node_agency(pair->side[side].node);
    return agency == NULL ? NULL : dl_agency_first_peer(agency);
}

/* ---- steps ---- */

bool step_is_fault(const struct step *step)
{
    return step->syncs >= 0 || step->kind == STEP_CUT || step->kind == STEP_CRASH ||
           step->kind == STEP_LINE || step->kind == STEP_BOTH;
}

void step_print(const struct step *step, char *out, size_t n)
{
    static const char *const names[] = {"take",  "timer",           "submit at",    "cut",
                                        "crash", "restore line.db", "restore both", "renew"};
    static const char *const hosts[] = {"cn", "us"};
    int used = snprintf(out, n, "%s %s", names[step->kind], hosts[step->side]);
    if (step->kind == STEP_TAKE || step->kind == STEP_LINE || step->kind == STEP_BOTH) {
        used += snprintf(out + used, n - (size_t)used, " %u", step->n);
    }
    if (step->syncs >= 0) {
        snprintf(out + used, n - (size_t)used, ", power cut after %d syncs", step->syncs);
    }
}

static void submit(struct pair *pair, struct pair_side *side)
{
    struct dl_agency *agency = dl_virtual_node_agency(side->node);
    struct dl_submitted submitted;
    struct dl_error error;
    char id[16];
    snprintf(id, sizeof id, "entry-%u", ++side->submitted);
    json_t *content =
        json_pack("{s:s, s:{s:s}}", "headline", "walked", "substance", "cas", "437-38-7");
    struct dl_order order = {.kind = DL_KIND_ALERT, .id = id, .content = content};
    enum dl_err err =
        dl_agency_submit(agency, dl_agency_first_peer(agency), &order, &submitted, &error);
    json_decref(content);
    // a closed journal refuses, and says so
    if (err != DL_OK && err != DL_E_JOURNAL_CLOSED) {
        pair_wrong(pair, "a submission is refused: %s", error.message);
    }
    side->world->ops->wake(side->world);
    dl_virtual_settle(pair->virtual);
}

static void renew(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        struct dl_peer *peer = pair_peer(pair, i);
        struct dl_error error;
        enum dl_journal_state state = dl_journal_state(dl_peer_journal(peer));
        if ((state == DL_JOURNAL_LOST || state == DL_JOURNAL_FORKED) &&
            dl_peer_renew(peer, "restored", &error) != DL_OK) {
            pair_wrong(pair, "a closed journal cannot be renewed: %s", error.message);
        }
    }
}

/* Timers fire until one of them says something; many say nothing. */
static void wait_for_a_timer(struct pair *pair)
{
    struct dl_virtual_coming coming[COMING];
    for (int i = 0; i < TIMERS_MAX; i++) {
        dl_virtual_step(pair->virtual);
        dl_virtual_settle(pair->virtual);
        if (dl_virtual_coming(pair->virtual, coming, COMING) > 0) {
            return;
        }
    }
}

static void act(struct pair *pair, const struct step *step)
{
    struct pair_side *side = &pair->side[step->side];
    switch (step->kind) {
    case STEP_TAKE:
        dl_virtual_take(pair->virtual, step->n);
        break;
    case STEP_TIMER:
        wait_for_a_timer(pair);
        break;
    case STEP_SUBMIT:
        submit(pair, side);
        break;
    case STEP_CUT:
        dl_virtual_set_way(pair->virtual, "cn", "us", DL_VIRTUAL_CUT);
        dl_virtual_set_way(pair->virtual, "cn", "us", DL_VIRTUAL_JOINED);
        break;
    case STEP_CRASH:
        start_again(pair, side, step->syncs);
        break;
    case STEP_LINE:
    case STEP_BOTH:
        dl_virtual_node_cut_power(side->node);
        side->restored = true;
        put_back(side, step->n, step->kind == STEP_BOTH);
        start_again(pair, side, step->syncs);
        break;
    case STEP_RENEW:
        renew(pair);
        break;
    }
}

/* Whose turn the step is: who loses its power in the middle. */
static int side_of(struct pair *pair, const struct step *step)
{
    struct dl_virtual_coming coming[COMING];
    if (step->kind != STEP_TAKE) {
        return step->side;
    }
    size_t n = dl_virtual_coming(pair->virtual, coming, COMING);
    DL_ASSERT(step->n < n, "something comes");
    return strcmp(coming[step->n].host, "us") == 0;
}

unsigned pair_do(struct pair *pair, const struct step *step)
{
    uint64_t before[2];
    uint64_t syncs = 0;
    bool starts = step->kind == STEP_CRASH || step->kind == STEP_LINE || step->kind == STEP_BOTH;
    struct pair_side *side = &pair->side[side_of(pair, step)];
    for (int i = 0; i < 2; i++) {
        before[i] = dl_virtual_disk_calls(dl_virtual_node_disk(pair->side[i].node), DL_DISK_SYNC);
    }
    drawn = 0;
    pair->faults += step_is_fault(step);
    if (step->syncs >= 0 && !starts) {
        side->mute = true;
        fail_after(side, step->syncs);
    }
    act(pair, step);
    dl_virtual_settle(pair->virtual);
    for (int i = 0; i < 2; i++) {
        syncs += dl_virtual_disk_calls(dl_virtual_node_disk(pair->side[i].node), DL_DISK_SYNC) -
                 before[i];
    }
    if (step->syncs >= 0 && !starts) {
        side->mute = false;
        start_again(pair, side, -1);
        dl_virtual_settle(pair->virtual);
    }
    for (int i = 0; i < 2; i++) {
        if (!dl_virtual_node_runs(pair->side[i].node)) {
            pair_wrong(pair, "%s ended by itself", dl_virtual_node_name(pair->side[i].node));
        } else if (dl_virtual_disk_calls(dl_virtual_node_disk(pair->side[i].node), DL_DISK_SYNC) >
                       before[i] ||
                   step->kind == STEP_LINE || step->kind == STEP_BOTH) {
            keep_image(&pair->side[i]);
        }
    }
    return (unsigned)syncs;
}

/* ---- the hash of a state ---- */

static void put_numbers(struct dl_buf *out, const uint64_t *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        dl_buf_u64(out, numbers[i]);
    }
}
#define PUT(out, ...)                                                                              \
    put_numbers(out, (const uint64_t[]){__VA_ARGS__},                                              \
                sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void put_session(struct dl_buf *out, const struct dl_session *s)
{
    const struct dl__author *a = &s->author;
    const struct dl__receiver *r = &s->receiver;
    PUT(out, s->phase.state, s->hello1_heard, s->hello2_heard, s->hello2_told, s->lost_copy,
        s->asking, s->in.n - s->in_used, s->out.n);
    PUT(out, a->machine.state, a->journal, a->generation, a->size, a->newest.size, a->receipt.size,
        a->held, a->held_generation, a->next, a->n_sent, a->allowed.entries, a->used.entries,
        a->starved, a->peer_busy, a->pull.from, a->pull.to, a->pull_starved, a->wanting,
        a->proving);
    PUT(out, r->machine.state, r->generation, r->size, r->next, r->head.size, r->stored.size,
        r->cosigned.size, r->fresh, r->behind, r->closed, (uint64_t)r->off, r->busy, r->skipping,
        r->announced, r->n_pending, r->granted.entries, r->received.entries, r->settled.entries);
    PUT(out, s->pull.next, s->pull.to, s->pull.entries, (uint64_t)s->pull.off,
        s->batch == NULL ? 0 : s->batch->n);
}

static void put_connection(struct dl_buf *out, const struct dl__connection *c)
{
    if (c == NULL) {
        dl_buf_u8(out, 0);
        return;
    }
    PUT(out, c->dialled, c->authenticated, c->opened, c->closing, c->more, c->wanting, c->stored,
        c->told, c->early.n, c->out.n, c->session != NULL);
    if (c->session != NULL) {
        put_session(out, c->session);
    }
}

static void put_disk(struct dl_buf *out, const struct pair_side *side)
{
    for (size_t i = 0; i < side->n_images; i++) {
        dl_buf_put(out, side->images[i].hash.b, sizeof side->images[i].hash.b);
    }
    PUT(out, side->n_images, side->submitted, side->restored, dl_virtual_node_runs(side->node));
}

static void put_side(struct dl_buf *out, struct pair *pair, int which)
{
    struct pair_side *side = &pair->side[which];
    const struct dl_peer *peer = pair_peer(pair, which);
    const struct dl_journal *j = peer->journal;
    put_disk(out, side);
    PUT(out, j->state, j->sendable, j->head_size, j->tail, j->stage.n, j->new_head.n,
        peer->agency->n_strangers, peer->dialling != NULL, peer->held_generation);
    put_connection(out, peer->current);
    put_connection(out, peer->challenger);
}

/* What travels, to one host or (NULL) to both. */
static void put_coming(struct dl_buf *out, struct pair *pair, const char *host)
{
    struct dl_virtual_coming coming[COMING];
    size_t n = dl_virtual_coming(pair->virtual, coming, COMING);
    for (size_t i = 0; i < n; i++) {
        if (host == NULL || strcmp(host, coming[i].host) == 0) {
            dl_buf_put_str(out, coming[i].host);
            dl_buf_put_str(out, coming[i].what);
            dl_buf_u8(out, coming[i].next);
            dl_buf_u32(out, (uint32_t)coming[i].octets.n);
            dl_buf_put_view(out, coming[i].octets);
        }
    }
}

static struct dl_hash hash_of(struct dl_buf *all)
{
    DL_ASSERT(dl_buf_err(all) == DL_OK, "memory for a state");
    struct dl_hash hash = dl_sha256(dl_buf_view(all));
    dl_buf_fini(all);
    return hash;
}

struct dl_hash pair_hash(struct pair *pair)
{
    struct dl_buf all;
    dl_buf_init(&all, (size_t)1 << 24);
    put_side(&all, pair, 0);
    put_side(&all, pair, 1);
    put_coming(&all, pair, NULL);
    dl_buf_u32(&all, pair->faults);
    return hash_of(&all);
}

struct dl_hash pair_fault_hash(struct pair *pair, const struct step *step)
{
    int other = 1 - step->side;
    struct dl_buf all;
    dl_buf_init(&all, (size_t)1 << 24);
    put_disk(&all, &pair->side[step->side]);
    put_side(&all, pair, other);
    put_coming(&all, pair, dl_virtual_node_name(pair->side[other].node));
    PUT(&all, pair->faults, step->kind, (uint64_t)step->side, step->n, (uint64_t)step->syncs);
    return hash_of(&all);
}
