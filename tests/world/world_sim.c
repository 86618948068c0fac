/* Two whole nodes in the virtual world, and everything that can happen to them, by seed: cut and
 * silent links, kill -9, power cuts, full disks, clocks that are off, databases that come back from
 * the past. After every step the invariants are checked; when the faults have stopped, everything
 * that must arrive has to arrive.
 *
 * usage: world_sim FIRST LAST [-v]     runs the seeds FIRST to LAST; exit 1 at the first violation,
 * with its seed
 */
#include "base/json.h"
#include "node/virtual_node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 60, IDS_MAX = 1200, CALM_MS = 20 * 60 * 1000 };

/* What was submitted, and what is known of it. */
struct item {
    char id[DL_LIMIT_ENTRY_ID + 1];
    int author;     /* 0 or 1 */
    bool acked;     /* the author's node said that it is durable */
    bool receipted; /* the author held a receipt that covers it */
    bool excused;   /* restores may have taken it: no protocol can do better */
};

struct sim {
    uint64_t seed;
    struct dl_virtual *virtual;
    struct dl_virtual_node *node[2];
    struct item items[IDS_MAX];
    size_t n_items;
    size_t acks_open;      /* submissions whose answer has not come */
    bool line_restored[2]; /* since the last time that all was well */
    unsigned faults, restarts, restores, renewals, lost;
    uint64_t cosigned_floor[2];
    bool full[2];
    uint64_t space[2]; /* since when there is some again */
    bool verbose;
};

static _Noreturn void violation(const struct sim *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static _Noreturn void violation(const struct sim *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("seed %llu, %.3f s: VIOLATION: ", (unsigned long long)s->seed,
           (double)dl_virtual_elapsed(s->virtual) / 1000);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    exit(1);
}

static void log_line(void *context, struct dl_view line)
{
    printf("  %s %.*s", (const char *)context, DL_VIEW_ARG(line));
}

static void note(const struct sim *s, const char *what, int which)
{
    if (s->verbose) {
        printf("- %.3f s: %s %s\n", (double)dl_virtual_elapsed(s->virtual) / 1000, what,
               dl_virtual_node_name(s->node[which]));
    }
}

static struct dl_peer *peer_of(struct sim *s, int which)
{
    struct dl_agency *agency = dl_virtual_node_agency(s->node[which]);
    return agency == NULL ? NULL : dl_agency_first_peer(agency);
}

static void start(struct sim *s, int which)
{
    struct dl_error error = {.err = DL_OK};
    if (dl_virtual_node_agency(s->node[which]) != NULL) {
        return;
    }
    note(s, "start", which);
    s->restarts++;
    if (dl_virtual_node_start(s->node[which], &error) != DL_OK) {
        violation(s, "%s does not start: %s", dl_virtual_node_name(s->node[which]), error.message);
    }
}

/* ---- checking ---- */

static void excuse(struct sim *s, int restored)
{
    for (size_t i = 0; i < s->n_items; i++) {
        struct item *item = &s->items[i];
        bool own = item->author == restored;
        // the author forgot it: it is safe only if the peer had it, and has it still
        if (own && (!item->receipted || s->line_restored[1 - restored])) {
            item->excused = true;
        }
        // the receiver forgot it: it is safe only if the author has it still
        if (!own && s->line_restored[item->author]) {
            item->excused = true;
        }
    }
    s->line_restored[restored] = true;
}

/* Where the sizes overlap, author and receiver have one history (I5). */
static void check_histories(struct sim *s)
{
    for (int author = 0; author < 2; author++) {
        struct dl_peer *a = peer_of(s, author);
        struct dl_peer *r = peer_of(s, 1 - author);
        if (a == NULL || r == NULL) {
            continue;
        }
        struct dl_log *ours = dl_journal_log(dl_peer_journal(a));
        struct dl_log *theirs = dl_replica_log(dl_peer_replica(r));
        if (dl_log_generation(ours) != dl_log_generation(theirs)) {
            continue;
        }
        uint64_t size =
            dl_log_size(ours) < dl_log_size(theirs) ? dl_log_size(ours) : dl_log_size(theirs);
        struct dl_hash x;
        struct dl_hash y;
        if (dl_log_root_at(ours, size, &x) != DL_OK || dl_log_root_at(theirs, size, &y) != DL_OK) {
            violation(s, "a root at %llu cannot be read", (unsigned long long)size);
        }
        if (!dl_hash_equal(&x, &y)) {
            violation(s, "I5: two histories of %s at size %llu", dl_log_origin(ours),
                      (unsigned long long)size);
        }
        uint64_t receipted = dl_log_newest_receipt(ours).size;
        if (receipted > dl_log_size(theirs) && !s->line_restored[1 - author]) {
            violation(s, "I2: a receipt for %llu, and only %llu are durable at the receiver",
                      (unsigned long long)receipted, (unsigned long long)dl_log_size(theirs));
        }
    }
}

static void check_frozen(struct sim *s)
{
    for (int which = 0; which < 2; which++) {
        struct dl_peer *peer = peer_of(s, which);
        struct dl_peer_view view;
        if (peer != NULL) {
            dl_peer_look(peer, &view);
            if (strcmp(view.state, "frozen") == 0) {
                violation(s, "%s froze an honest line: %s", dl_virtual_node_name(s->node[which]),
                          view.reason);
            }
        }
    }
}

static bool holds(struct sim *s, int which, const char *id, bool at_author)
{
    int64_t cursors[16];
    int64_t logs[16];
    size_t n = 16;
    struct dl_agency *agency = dl_virtual_node_agency(s->node[which]);
    if (dl_line_db_find(dl_agency_line_db(agency), dl_view_str(id), cursors, logs, &n) != DL_OK) {
        violation(s, "ids cannot be read");
    }
    for (size_t i = 0; i < n; i++) {
        if (((logs[i] & 1) == 0) == at_author) {
            return true;
        }
    }
    return false;
}

static void note_receipts(struct sim *s)
{
    for (size_t i = 0; i < s->n_items; i++) {
        struct item *item = &s->items[i];
        struct dl_peer *peer = peer_of(s, item->author);
        if (item->receipted || !item->acked || peer == NULL) {
            continue;
        }
        int64_t cursors[4];
        int64_t logs[4];
        size_t n = 4;
        struct dl_place place = {.in_tail = true};
        struct dl_agency *agency = dl_virtual_node_agency(s->node[item->author]);
        if (dl_line_db_find(dl_agency_line_db(agency), dl_view_str(item->id), cursors, logs, &n) !=
                DL_OK ||
            n == 0 || logs[n - 1] != dl_log_id(dl_journal_log(dl_peer_journal(peer))) ||
            dl_journal_find(dl_peer_journal(peer), cursors[n - 1], &place) != DL_OK) {
            continue;
        }
        item->receipted =
            !place.in_tail &&
            place.index < dl_log_newest_receipt(dl_journal_log(dl_peer_journal(peer))).size;
    }
}

static void print_sizes(struct sim *s)
{
    for (int which = 0; which < 2; which++) {
        struct dl_peer *peer = peer_of(s, which);
        if (peer != NULL) {
            struct dl_log *ours = dl_journal_log(dl_peer_journal(peer));
            printf("  %s: ours %llu receipted %llu tail %llu, theirs %llu\n",
                   dl_virtual_node_name(s->node[which]), (unsigned long long)dl_log_size(ours),
                   (unsigned long long)dl_log_newest_receipt(ours).size,
                   (unsigned long long)dl_journal_tail(dl_peer_journal(peer)),
                   (unsigned long long)dl_log_size(dl_replica_log(dl_peer_replica(peer))));
        }
    }
}

static void check(struct sim *s)
{
    if (s->verbose) {
        print_sizes(s);
    }
    check_histories(s);
    check_frozen(s);
    note_receipts(s);
}

/* ---- doing ---- */

struct answer {
    struct sim *sim;
    size_t item;
};

static void answered(void *context, enum dl_err err)
{
    struct answer *answer = context;
    answer->sim->items[answer->item].acked = err == DL_OK;
    answer->sim->acks_open--;
    free(answer);
}

static void submit(struct sim *s, int which)
{
    struct dl_agency *agency = dl_virtual_node_agency(s->node[which]);
    struct dl_peer *peer = peer_of(s, which);
    struct dl_submitted submitted;
    struct dl_error error;
    if (peer == NULL || s->n_items == IDS_MAX) {
        return;
    }
    json_t *content =
        json_pack("{s:s, s:{s:s}}", "headline", "simulated", "substance", "cas", "437-38-7");
    struct dl_order order = {.kind = DL_KIND_ALERT, .content = content};
    enum dl_err err = dl_agency_submit(agency, peer, &order, &submitted, &error);
    json_decref(content);
    if (err != DL_OK) {
        return;
    }
    struct answer *answer = calloc(1, sizeof *answer);
    DL_ASSERT(answer != NULL, "memory for an answer");
    *answer = (struct answer){.sim = s, .item = s->n_items};
    struct item *item = &s->items[s->n_items++];
    *item = (struct item){.author = which};
    snprintf(item->id, sizeof item->id, "%s", submitted.id);
    s->acks_open++;
    dl_agency_after(agency, answered, answer);
}

static void down(struct sim *s, int which, unsigned how)
{
    if (dl_virtual_node_agency(s->node[which]) == NULL) {
        return;
    }
    s->faults++;
    if (how == 0) {
        note(s, "stop", which);
        dl_virtual_node_stop(s->node[which]);
    } else if (how == 1) {
        note(s, "kill", which);
        dl_virtual_node_kill(s->node[which]);
    } else {
        note(s, "power cut", which);
        dl_virtual_node_cut_power(s->node[which]);
    }
}

static void restore(struct sim *s, int which)
{
    unsigned parts =
        dl_virtual_below(s->virtual, 3) == 0 ? DL_VIRTUAL_LINE | DL_VIRTUAL_HEAD : DL_VIRTUAL_LINE;
    down(s, which, 0);
    if (dl_virtual_node_failed(s->node[which]) != DL_OK &&
        dl_virtual_node_agency(s->node[which]) != NULL) {
        return;
    }
    note(s, parts == DL_VIRTUAL_LINE ? "restore line.db of" : "restore line.db and head.db of",
         which);
    excuse(s, which);
    dl_virtual_node_restore(s->node[which], parts);
    s->restores++;
    s->faults++;
}

static void set_full(struct sim *s, int which, bool full)
{
    s->space[which] = s->full[which] && !full ? dl_virtual_elapsed(s->virtual) : s->space[which];
    s->full[which] = full;
    s->faults += full;
    note(s, full ? "disk full at" : "space again at", which);
    struct dl_virtual_disk_fault fault = {
        .ops = DL_DISK_WRITE, .n = UINT64_MAX, .err = DL_E_STORE_FULL, .suffix = NULL};
    dl_virtual_disk_set_fault(dl_virtual_node_disk(s->node[which]), full ? &fault : NULL);
}

static void set_way(struct sim *s, enum dl_virtual_cut state)
{
    bool one_way = state == DL_VIRTUAL_SILENT && dl_virtual_below(s->virtual, 2) == 0;
    s->faults += state != DL_VIRTUAL_JOINED;
    dl_virtual_set_way(s->virtual, "cn", "us", state);
    dl_virtual_set_way(s->virtual, "us", "cn", one_way ? DL_VIRTUAL_JOINED : state);
}

static void renew_if_closed(struct sim *s, int which)
{
    struct dl_peer *peer = peer_of(s, which);
    struct dl_error error;
    if (peer == NULL) {
        return;
    }
    enum dl_journal_state state = dl_journal_state(dl_peer_journal(peer));
    if (state == DL_JOURNAL_LOST || state == DL_JOURNAL_FORKED) {
        s->lost++;
        note(s, "renew the journal of", which);
        enum dl_err err = dl_peer_renew(peer, "restored", &error);
        // a node looks once a second whether there is space
        bool full = s->full[which] || dl_virtual_elapsed(s->virtual) - s->space[which] <= 1000;
        if (err != DL_OK && !(err == DL_E_STORE_FULL && full)) {
            violation(s, "a closed journal cannot be renewed: %s", error.message);
        }
        s->renewals += err == DL_OK;
    }
}

static void act(struct sim *s)
{
    int which = (int)dl_virtual_below(s->virtual, 2);
    switch (dl_virtual_below(s->virtual, 16)) {
    case 0:
    case 1:
        down(s, which, (unsigned)dl_virtual_below(s->virtual, 3));
        break;
    case 2:
        set_way(s, DL_VIRTUAL_CUT);
        break;
    case 3:
        set_way(s, DL_VIRTUAL_SILENT);
        break;
    case 4:
    case 5:
        set_way(s, DL_VIRTUAL_JOINED);
        break;
    case 6:
        if (dl_virtual_node_runs(s->node[which])) {
            note(s, "backup of", which);
            dl_virtual_node_backup(s->node[which]);
        }
        break;
    case 7:
        restore(s, which);
        break;
    case 8:
        set_full(s, which, !s->full[which]);
        break;
    case 9:
        dl_virtual_set_skew(dl_virtual_node_world(s->node[which]),
                            (int64_t)dl_virtual_below(s->virtual, 1200000) - 600000);
        break;
    case 10:
        renew_if_closed(s, which);
        break;
    default:
        for (uint64_t n = dl_virtual_below(s->virtual, 12); n > 0; n--) {
            submit(s, which);
        }
        break;
    }
    if (dl_virtual_below(s->virtual, 3) == 0) {
        start(s, which);
    }
}

/* ---- the end: no more faults, and all that must arrive arrives ---- */

static void calm_down(struct sim *s)
{
    set_way(s, DL_VIRTUAL_JOINED);
    for (int which = 0; which < 2; which++) {
        set_full(s, which, false);
        dl_virtual_set_skew(dl_virtual_node_world(s->node[which]), 0);
        start(s, which);
    }
    for (int round = 0; round < 6; round++) {
        dl_virtual_run_until(s->virtual, dl_virtual_elapsed(s->virtual) + CALM_MS / 6);
        for (int which = 0; which < 2; which++) {
            start(s, which);
            renew_if_closed(s, which);
            if (round == 0) {
                submit(s, which); // the line goes on after the faults
            }
        }
        check(s);
    }
}

static void check_arrived(struct sim *s)
{
    for (int which = 0; which < 2; which++) {
        struct dl_peer *peer = peer_of(s, which);
        struct dl_peer_view view;
        dl_peer_look(peer, &view);
        struct dl_log *log = dl_journal_log(dl_peer_journal(peer));
        const char *state = dl_journal_state_name(dl_journal_state(dl_peer_journal(peer)));
        if (strcmp(view.link, "up") != 0 || dl_journal_tail(dl_peer_journal(peer)) != 0 ||
            dl_log_newest_receipt(log).size != dl_log_size(log)) {
            violation(s, "liveness: %s: link %s, journal %s of %llu, tail %llu, receipted %llu; %s",
                      dl_virtual_node_name(s->node[which]), view.link, state,
                      (unsigned long long)dl_log_size(log),
                      (unsigned long long)dl_journal_tail(dl_peer_journal(peer)),
                      (unsigned long long)dl_log_newest_receipt(log).size, view.error_message);
        }
    }
    for (size_t i = 0; i < s->n_items; i++) {
        const struct item *item = &s->items[i];
        // a lost journal is renewed without what only the peer holds; the peer has it
        if (item->acked && !item->excused && !holds(s, 1 - item->author, item->id, false)) {
            violation(s, "I1: %s of %s was said to be durable and is %s", item->id,
                      dl_virtual_node_name(s->node[item->author]),
                      holds(s, item->author, item->id, true) ? "not at the peer" : "gone");
        }
    }
}

static struct dl_virtual_node *make_node(struct dl_virtual *virtual, const char *agency,
                                         const char *jurisdiction)
{
    struct dl_virtual_node_config config = {.virtual = virtual,
                                            .agency = agency,
                                            .jurisdiction = jurisdiction,
                                            .realm = "directline",
                                            .marking = DL_MARKING_ACTUAL,
                                            .test_interval_s = 86400};
    return dl_virtual_node_new(&config);
}

static void run(struct sim *s)
{
    static char names[2][3] = {"cn", "us"};
    s->virtual = dl_virtual_new(s->seed, 1700000000000);
    dl_virtual_set_delay(s->virtual, 1, (uint32_t)dl_virtual_below(s->virtual, 200));
    s->node[0] = make_node(s->virtual, names[0], "CN");
    s->node[1] = make_node(s->virtual, names[1], "US");
    for (int which = 0; which < 2; which++) {
        if (s->verbose) {
            dl_virtual_set_log(dl_virtual_node_world(s->node[which]), log_line, names[which]);
        }
        start(s, which);
    }
    dl_virtual_node_pair(s->node[0], s->node[1]);
    dl_virtual_node_backup(s->node[0]);
    dl_virtual_node_backup(s->node[1]);
    for (int step = 0; step < STEPS; step++) {
        act(s);
        dl_virtual_run_until(s->virtual,
                             dl_virtual_elapsed(s->virtual) + dl_virtual_below(s->virtual, 20000));
        check(s);
    }
    calm_down(s);
    check_arrived(s);
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t last = argc > 2 ? strtoull(argv[2], NULL, 10) : first;
    size_t entries = 0;
    unsigned faults = 0;
    unsigned restores = 0;
    unsigned renewals = 0;
    static struct sim s;
    for (uint64_t seed = first; seed <= last; seed++) {
        s = (struct sim){.seed = seed, .verbose = argc > 3};
        run(&s);
        entries += s.n_items;
        faults += s.faults;
        restores += s.restores;
        renewals += s.renewals;
        if (s.n_items == 0 || s.faults == 0) {
            violation(&s, "a run with %zu entries and %u faults tests nothing", s.n_items,
                      s.faults);
        }
        dl_virtual_node_free(&s.node[0]);
        dl_virtual_node_free(&s.node[1]);
        dl_virtual_free(&s.virtual);
    }
    printf("%llu seeds, %zu entries, %u faults, %u restores, %u renewals: every invariant held\n",
           (unsigned long long)(last - first + 1), entries, faults, restores, renewals);
    return 0;
}
