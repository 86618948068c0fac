/* What the durable half of the line costs: `build/bench_store [FOLDER [ENTRIES]]`. CPU and wall
 * time per entry of submitting (with growing and signing), storing at the receiver, reading for
 * sending; opening; the same at the end of a long journal. Real disk, full durability.
 */
#include "base/encoding.h"
#include "protocol/entry.h"
#include "registry/journal.h"
#include "registry/replica.h"
#include "registry/scrub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH = 256, CONTENT = 1024, WARM = 2000 };

struct node {
    struct dl_line_db *db;
    struct dl_headdb *head;
    struct dl_journal *journal;
    struct dl_replica *replica;
    char line_path[256], head_path[256];
};

static struct dl_signer *signer;
static uint64_t state = 88172645463325252U;

static void check(enum dl_err err, const char *what)
{
    if (err != DL_OK) {
        fprintf(stderr, "bench store: %s: %s\n", what, dl_err_text(err));
        exit(1);
    }
}

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static double cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void open_node(struct node *node, bool author)
{
    struct dl_error error;
    check(dl_line_db_open(node->line_path, NULL, &node->db, &error), "open line.db");
    check(dl_headdb_open(node->head_path, NULL, &node->head, &error), "open head.db");
    if (author) {
        struct dl_journal_config config = {node->db, node->head, "us", "directline/cn/us", signer};
        check(dl_journal_open(&config, &node->journal, &error), "open the journal");
        check(dl_journal_set_state(node->journal, DL_JOURNAL_CONFIRMED), "confirm");
    } else {
        struct dl_replica_config config = {node->db, node->head, "cn", "directline/cn/us"};
        check(dl_replica_open(&config, &node->replica, &error), "open the replica");
    }
}

static void close_node(struct node *node)
{
    dl_journal_close(&node->journal);
    dl_replica_close(&node->replica);
    dl_line_db_close(&node->db);
    dl_headdb_close(&node->head);
}

/* Leaves and contents of one batch, made outside the measured time. */
struct made {
    struct dl_buf octets;
    struct dl_submission submissions[BATCH];
    char ids[BATCH][DL_LIMIT_ENTRY_ID];
};

static void make_batch(struct made *made, uint64_t first, bool random_ids)
{
    size_t at[BATCH][3];
    dl_buf_reset(&made->octets);
    for (size_t i = 0; i < BATCH; i++) {
        struct dl_entry_octets *entry = &made->submissions[i].entry;
        char *id = made->ids[i];
        if (random_ids) {
            uint64_t a = next();
            uint64_t b = next();
            snprintf(id, sizeof made->ids[i], "%016llx-%08llx", (unsigned long long)a,
                     (unsigned long long)(b >> 32));
        } else {
            snprintf(id, sizeof made->ids[i], "20261124-%012llu-abc",
                     (unsigned long long)first + i);
        }
        uint8_t salt[DL_LIMIT_SALT];
        char content[CONTENT];
        for (size_t k = 0; k < sizeof salt; k++) {
            salt[k] = (uint8_t)next();
        }
        for (size_t k = 0; k < sizeof content; k++) {
            content[k] = (char)('a' + next() % 26);
        }
        struct dl_leaf leaf = {.id = dl_view_str(id),
                               .kind_name = dl_view_str("alert"),
                               .kind = DL_KIND_ALERT,
                               .marking = DL_MARKING_ACTUAL,
                               .time_ms = 1795510800000,
                               .n_subject = 1,
                               .size = CONTENT};
        leaf.subject[0] = dl_view_str("QRFXFDXBNVTTSO-UHFFFAOYSA-N");
        leaf.commitment =
            dl_entry_commitment(dl_view_of(salt, sizeof salt), dl_view_of(content, sizeof content));
        at[i][0] = made->octets.n;
        dl_leaf_encode(&made->octets, &leaf);
        at[i][1] = made->octets.n;
        dl_buf_put(&made->octets, salt, sizeof salt);
        at[i][2] = made->octets.n;
        dl_buf_put(&made->octets, content, sizeof content);
        entry->leaf.n = at[i][1] - at[i][0];
        entry->salt.n = sizeof salt;
        entry->content.n = sizeof content;
        made->submissions[i].id = dl_view_str(id);
        made->submissions[i].kind = DL_KIND_ALERT;
    }
    check(dl_buf_err(&made->octets), "make a batch");
    for (size_t i = 0; i < BATCH; i++) {
        struct dl_entry_octets *entry = &made->submissions[i].entry;
        entry->leaf.p = made->octets.p + at[i][0];
        entry->salt.p = made->octets.p + at[i][1];
        entry->content.p = made->octets.p + at[i][2];
    }
}

static void end_turn(struct node *node)
{
    uint64_t size = 0;
    if (node->journal != NULL) {
        check(dl_journal_turn(node->journal, true, 1795510800000), "turn");
    }
    check(dl_line_db_commit(node->db), "commit line.db");
    check(node->journal != NULL ? dl_journal_put_head(node->journal)
                                : dl_replica_put_head(node->replica),
          "put the head");
    check(dl_headdb_commit(node->head), "commit head.db");
    if (node->journal != NULL) {
        dl_journal_settle(node->journal);
    } else {
        dl_replica_settle(node->replica, &size);
    }
}

static void submit(struct node *node, const struct made *made)
{
    struct dl_place place;
    for (size_t i = 0; i < BATCH; i++) {
        check(dl_journal_submit(node->journal, &made->submissions[i], &place), "submit");
    }
    end_turn(node);
}

static void extend(struct node *node, const struct dl_batch *batch)
{
    struct dl_extension extension = {.entries = batch->entries,
                                     .n = batch->n,
                                     .note = dl_buf_view(&batch->note),
                                     .first = batch->from,
                                     .generation = 1,
                                     .cosign = true,
                                     .now_ms = 1795510800000};
    check(dl_replica_extend(node->replica, &extension), "extend");
    end_turn(node);
}

/* CPU and wall time of the three, in microseconds, summed. */
struct cost {
    double cpu[3], wall[3];
    uint64_t n;
};

static void timed(struct cost *cost, int which, double cpu_before, double wall_before)
{
    cost->cpu[which] += cpu() - cpu_before;
    cost->wall[which] += wall() - wall_before;
}

static struct cost run(struct node *a, struct node *b, uint64_t n, bool random_ids)
{
    struct cost cost = {.n = 0};
    struct made *made = calloc(1, sizeof *made);
    struct dl_batch *batch = malloc(sizeof *batch);
    if (made == NULL || batch == NULL) {
        exit(1);
    }
    dl_buf_init(&made->octets, 8 << 20);
    dl_batch_init(batch);
    for (; cost.n < n; cost.n += BATCH) {
        uint64_t first = dl_log_size(dl_journal_log(a->journal));
        make_batch(made, first, random_ids);
        double c = cpu();
        double w = wall();
        submit(a, made);
        timed(&cost, 0, c, w);
        uint64_t to = dl_journal_sendable(a->journal);
        struct dl_log_range range = {first, to, BATCH, DL_LIMIT_BATCH_OCTETS, false};
        while (range.from < to) {
            c = cpu();
            w = wall();
            check(dl_log_read(dl_journal_log(a->journal), &range, batch), "read");
            timed(&cost, 1, c, w);
            c = cpu();
            w = wall();
            extend(b, batch);
            timed(&cost, 2, c, w);
            range.from += batch->n;
        }
    }
    dl_batch_fini(batch);
    dl_buf_fini(&made->octets);
    free(batch);
    free(made);
    return cost;
}

static void report(const char *name, const struct cost *cost)
{
    static const char *const parts[] = {"submit+sign", "read to send", "store theirs"};
    for (int i = 0; i < 3; i++) {
        printf("%-28s %-13s %6.2f us CPU, %6.2f us wall an entry\n", name, parts[i],
               cost->cpu[i] / (double)cost->n, cost->wall[i] / (double)cost->n);
    }
}

static void count_fault(void *context, const struct dl_scrub_fault *fault)
{
    (void)fault;
    ++*(unsigned *)context;
}

static void time_scrub(struct node *node)
{
    struct dl_scrub *scrub = NULL;
    struct dl_vkey vkey;
    unsigned faults = 0;
    bool done = false;
    struct dl_log *log = dl_journal_log(node->journal);
    struct dl_public_key key = dl_signer_public(signer);
    check(dl_vkey_make(dl_view_str(dl_log_origin(log)), DL_KEY_ED25519, &key, &vkey), "key");
    struct dl_verifier *verifier = dl_verifier_new(&key);
    struct dl_scrub_config config = {log, &vkey, verifier, false, count_fault, &faults};
    scrub = dl_scrub_new(&config);
    double c = cpu();
    while (!done) {
        check(dl_scrub_step(scrub, 100000, &done), "scrub");
    }
    printf("reread of %llu entries: %.2f us CPU an entry, %u faults\n",
           (unsigned long long)dl_log_size(log), (cpu() - c) / (double)dl_log_size(log), faults);
    dl_scrub_free(&scrub);
    dl_verifier_free(&verifier);
}

static void report_open(struct node *node, bool author)
{
    double w = wall();
    open_node(node, author);
    struct dl_log *log = author ? dl_journal_log(node->journal) : dl_replica_log(node->replica);
    printf("open %s of %llu entries: %.1f ms\n", author ? "journal" : "replica",
           (unsigned long long)dl_log_size(log), (wall() - w) / 1e3);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "/tmp";
    uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    struct dl_secret_key secret = {{7}};
    struct node a = {.db = NULL};
    struct node b = {.db = NULL};
    signer = dl_signer_new(&secret);
    snprintf(a.line_path, sizeof a.line_path, "%s/bench-a-line.db", folder);
    snprintf(a.head_path, sizeof a.head_path, "%s/bench-a-head.db", folder);
    snprintf(b.line_path, sizeof b.line_path, "%s/bench-b-line.db", folder);
    snprintf(b.head_path, sizeof b.head_path, "%s/bench-b-head.db", folder);
    remove(a.line_path);
    remove(a.head_path);
    remove(b.line_path);
    remove(b.head_path);
    open_node(&a, true);
    open_node(&b, false);
    struct cost cost = run(&a, &b, WARM, false);
    cost = run(&a, &b, 10000, false);
    report("the node's ids, first", &cost);
    cost = run(&a, &b, n, false);
    report("all", &cost);
    cost = run(&a, &b, 10000, false);
    report("the node's ids, at the end", &cost);
    cost = run(&a, &b, 10000, true);
    report("random ids, at the end", &cost);
    time_scrub(&a);
    close_node(&a);
    close_node(&b);
    report_open(&a, true);
    report_open(&b, false);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("resident at most: %ld KiB\n", usage.ru_maxrss);
    close_node(&a);
    close_node(&b);
    remove(a.line_path);
    remove(a.head_path);
    remove(b.line_path);
    remove(b.head_path);
    dl_signer_free(&signer);
    return 0;
}
