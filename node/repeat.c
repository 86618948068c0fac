#include "node/repeat.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 64 };

/* ---- histograms ---- */

size_t dl_histogram_bin(uint64_t value)
{
    if (value < 128) {
        return (size_t)value;
    }
    unsigned shift = 57 - (unsigned)__builtin_clzll(value); /* 7 significant bits stay */
    size_t bin = ((size_t)shift << 6) + (size_t)(value >> shift);
    return bin < DL_HISTOGRAM_BINS ? bin : DL_HISTOGRAM_BINS - 1;
}

uint64_t dl_histogram_value(size_t bin)
{
    if (bin < 128) {
        return bin;
    }
    unsigned shift = (unsigned)(bin >> 6) - 1;
    return ((uint64_t)(bin & 63) + 64) << shift;
}

void dl_histogram_add(struct dl_histogram *h, uint64_t value)
{
    h->min = h->n == 0 || value < h->min ? value : h->min;
    h->max = value > h->max ? value : h->max;
    h->n++;
    h->bins[dl_histogram_bin(value)]++;
}

void dl_histogram_merge(struct dl_histogram *into, const struct dl_histogram *from)
{
    if (from->n == 0) {
        return;
    }
    into->min = into->n == 0 || from->min < into->min ? from->min : into->min;
    into->max = from->max > into->max ? from->max : into->max;
    into->n += from->n;
    for (size_t i = 0; i < DL_HISTOGRAM_BINS; i++) {
        into->bins[i] += from->bins[i];
    }
}

uint64_t dl_histogram_at(const struct dl_histogram *h, double percent)
{
    uint64_t sum = 0;
    double rank = (double)h->n * percent / 100;
    if (h->n == 0) {
        return 0;
    }
    for (size_t i = 0; i < DL_HISTOGRAM_BINS; i++) {
        sum += h->bins[i];
        if (sum > 0 && (double)sum >= rank) {
            uint64_t value = dl_histogram_value(i);
            value = value < h->min ? h->min : value;
            return value > h->max ? h->max : value;
        }
    }
    return h->max;
}

/* ---- measures ---- */

const char *dl_measure_name(enum dl_measure measure)
{
    static const char *const names[] = {"receipt", "received", "seen",   "accepted", "acted",
                                        "status",  "backlog",  "missed", "score"};
    DL_ASSERT(measure < DL_MEASURE_COUNT, "a measure has a name");
    return names[measure];
}

void dl_measure_play(const struct dl_play *play, struct dl_histogram measures[DL_MEASURE_COUNT])
{
    uint64_t backlog = 0;
    for (size_t i = 0; i < play->n_alerts; i++) {
        const struct dl_play_alert *a = &play->alerts[i];
        for (size_t k = 0; a->sent_ms >= 0 && k < play->scenario->n_agencies; k++) {
            for (size_t fact = 0; a->to[k] && fact < DL_FACT_COUNT; fact++) {
                if (a->when[k][fact] >= a->sent_ms) {
                    dl_histogram_add(&measures[fact], (uint64_t)(a->when[k][fact] - a->sent_ms));
                }
            }
        }
    }
    for (size_t i = 0; i < DL_PLAY_BACKLOG; i++) {
        backlog = play->backlog[i] > backlog ? play->backlog[i] : backlog;
    }
    for (size_t i = 0; i < play->scenario->n_expectations; i++) {
        if (play->outcomes[i].status_ms >= 0) {
            dl_histogram_add(&measures[DL_MEASURE_STATUS], (uint64_t)play->outcomes[i].status_ms);
        }
    }
    dl_histogram_add(&measures[DL_MEASURE_BACKLOG], backlog);
    dl_histogram_add(&measures[DL_MEASURE_MISSED], play->missed);
    if (play->max_score > 0) {
        dl_histogram_add(&measures[DL_MEASURE_SCORE],
                         (uint64_t)play->score * 100 / play->max_score);
    }
}

/* ---- workers ---- */

struct outcome { /* of one play */
    uint64_t seed, entries, receipts, simulated_ms;
    struct dl_signature_counts signatures;
    unsigned score, must_missed;
};

static bool is_worse(const struct dl_repeats *r, const struct outcome *o)
{
    if (r->runs == 0 || o->must_missed != r->worst_must_missed) {
        return r->runs == 0 || o->must_missed > r->worst_must_missed;
    }
    return o->score != r->worst_score ? o->score < r->worst_score : o->seed < r->worst_seed;
}

static void take_outcome(struct dl_repeats *r, const struct outcome *o)
{
    if (is_worse(r, o)) {
        r->worst_seed = o->seed;
        r->worst_score = o->score;
        r->worst_must_missed = o->must_missed;
    }
    r->runs++;
    r->runs_missed += o->must_missed > 0;
    r->entries += o->entries;
    r->receipts += o->receipts;
    r->signatures.made += o->signatures.made;
    r->signatures.verified += o->signatures.verified;
    r->simulated_ms += o->simulated_ms;
}

static bool write_all(int fd, const void *p, size_t n)
{
    const uint8_t *at = p;
    while (n > 0) {
        ssize_t k = write(fd, at, n);
        if (k < 0 && errno != EINTR) {
            return false;
        }
        at += k < 0 ? 0 : k;
        n -= k < 0 ? 0 : (size_t)k;
    }
    return true;
}

static bool read_all(int fd, void *p, size_t n)
{
    uint8_t *at = p;
    while (n > 0) {
        ssize_t k = read(fd, at, n);
        if (k == 0 || (k < 0 && errno != EINTR)) {
            return false;
        }
        at += k < 0 ? 0 : k;
        n -= k < 0 ? 0 : (size_t)k;
    }
    return true;
}

/* A worker plays every n-th seed. After each it writes 'p' and the outcome; at the end 'e', how
 * often each expectation was met, and the histograms; 'x' and the error when a play failed. */
static int work(const struct dl_play_config *config, uint64_t runs, const uint64_t of[2], int fd)
{
    size_t n = config->scenario->n_expectations;
    uint64_t *met = calloc(n + 1, sizeof *met);
    struct dl_histogram *measures = calloc(DL_MEASURE_COUNT, sizeof *measures);
    struct dl_play_config own = *config;
    DL_ASSERT(met != NULL && measures != NULL, "memory for measures");
    own.progress = NULL;
    own.trace = NULL;
    for (uint64_t i = of[0]; i < runs; i += of[1]) {
        struct dl_play *play = NULL;
        struct dl_error error;
        own.seed = config->seed + i;
        if (dl_play(&own, &play, &error) != DL_OK) {
            return write_all(fd, "x", 1) && write_all(fd, &error, sizeof error) ? 0 : 1;
        }
        struct outcome outcome = {.seed = own.seed,
                                  .entries = play->entries,
                                  .receipts = play->receipts,
                                  .simulated_ms = play->simulated_ms,
                                  .signatures = play->signatures,
                                  .score = play->score,
                                  .must_missed = play->must_missed};
        for (size_t k = 0; k < n; k++) {
            met[k] += play->outcomes[k].met;
        }
        dl_measure_play(play, measures);
        dl_play_free(&play);
        if (!write_all(fd, "p", 1) || !write_all(fd, &outcome, sizeof outcome)) {
            return 1;
        }
    }
    bool ok = write_all(fd, "e", 1) && write_all(fd, met, n * sizeof *met) &&
              write_all(fd, measures, DL_MEASURE_COUNT * sizeof *measures);
    free(met);
    free(measures);
    return ok ? 0 : 1;
}

struct worker {
    pid_t pid;
    int fd;
    bool done;
};

static enum dl_err take_end(struct dl_repeats *r, size_t n, int fd)
{
    uint64_t *met = calloc(n + 1, sizeof *met);
    struct dl_histogram *h = calloc(1, sizeof *h);
    DL_ASSERT(met != NULL && h != NULL, "memory for measures");
    bool ok = read_all(fd, met, n * sizeof *met);
    for (size_t i = 0; ok && i < n; i++) {
        r->met[i] += met[i];
    }
    for (size_t i = 0; ok && i < DL_MEASURE_COUNT; i++) {
        ok = read_all(fd, h, sizeof *h);
        if (ok) {
            dl_histogram_merge(&r->measures[i], h);
        }
    }
    free(met);
    free(h);
    return ok ? DL_OK : DL_E_WORKER;
}

/* One report of a worker. */
static enum dl_err hear(struct dl_repeats *r, size_t n, struct worker *worker,
                        struct dl_error *error)
{
    struct outcome outcome;
    char what = 0;
    if (!read_all(worker->fd, &what, 1)) {
        return dl_error_set(error, DL_E_WORKER, NULL,
                            "a process that played a part of the seeds ended early");
    }
    switch (what) {
    case 'p':
        if (!read_all(worker->fd, &outcome, sizeof outcome)) {
            return dl_error_set(error, DL_E_WORKER, NULL,
                                "a process that played a part of the seeds ended early");
        }
        take_outcome(r, &outcome);
        return DL_OK;
    case 'e':
        worker->done = true;
        return take_end(r, n, worker->fd) == DL_OK
                   ? DL_OK
                   : dl_error_set(error, DL_E_WORKER, NULL,
                                  "a process that played a part of the seeds ended early");
    default:
        if (!read_all(worker->fd, error, sizeof *error)) {
            return dl_error_set(error, DL_E_WORKER, NULL, "a play could not begin");
        }
        return error->err;
    }
}

static size_t start_workers(const struct dl_play_config *config, uint64_t runs,
                            struct worker workers[WORKERS])
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t n = cores < 1 ? 1 : cores > WORKERS ? WORKERS : (uint64_t)cores;
    n = n > runs ? runs : n;
    size_t started = 0;
    for (uint64_t i = 0; i < n; i++) {
        int pipes[2];
        uint64_t of[2] = {i, n};
        if (pipe(pipes) != 0) {
            break;
        }
        pid_t pid = fork();
        if (pid == 0) {
            close(pipes[0]);
            _exit(work(config, runs, of, pipes[1]));
        }
        close(pipes[1]);
        if (pid < 0) {
            close(pipes[0]);
            break;
        }
        workers[started++] = (struct worker){.pid = pid, .fd = pipes[0]};
    }
    return started == n ? started : 0;
}

static enum dl_err hear_all(const struct dl_play_config *config, uint64_t runs,
                            struct worker workers[WORKERS], size_t n, struct dl_repeats *r,
                            struct dl_error *error)
{
    size_t done = 0;
    while (done < n) {
        struct pollfd fds[WORKERS];
        for (size_t i = 0; i < n; i++) {
            fds[i] = (struct pollfd){.fd = workers[i].done ? -1 : workers[i].fd, .events = POLLIN};
        }
        if (poll(fds, n, -1) < 0 && errno != EINTR) {
            return dl_error_set(error, DL_E_WORKER, NULL, "the processes cannot be heard");
        }
        for (size_t i = 0; i < n; i++) {
            if (fds[i].revents != 0) {
                DL_TRY(hear(r, config->scenario->n_expectations, &workers[i], error));
                done += workers[i].done;
            }
        }
        if (config->progress != NULL) {
            config->progress(config->context, r->runs, runs);
        }
    }
    return DL_OK;
}

enum dl_err dl_repeat(const struct dl_play_config *config, uint64_t runs, struct dl_repeats **out,
                      struct dl_error *error)
{
    struct worker workers[WORKERS];
    struct dl_repeats *r = calloc(1, sizeof *r);
    DL_ASSERT(r != NULL && runs > 0, "memory for repeats");
    r->met = calloc(config->scenario->n_expectations + 1, sizeof *r->met);
    DL_ASSERT(r->met != NULL, "memory for repeats");
    r->first_seed = config->seed;
    size_t n = start_workers(config, runs, workers);
    enum dl_err err =
        n == 0 ? dl_error_set(error, DL_E_WORKER, NULL, "no further process can be started")
               : hear_all(config, runs, workers, n, r, error);
    for (size_t i = 0; i < n; i++) {
        close(workers[i].fd); // one that still plays ends at its next word
        waitpid(workers[i].pid, NULL, 0);
    }
    if (err != DL_OK) {
        dl_repeats_free(&r);
        return err;
    }
    *out = r;
    return DL_OK;
}

void dl_repeats_free(struct dl_repeats **repeats)
{
    if (*repeats != NULL) {
        free((*repeats)->met);
        free(*repeats);
        *repeats = NULL;
    }
}
