#include "registry/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES_MAX_ = 2, CHUNK_ = 64 * 1024, RULES_MS_ = 10000 };

/* A question that waits for its answer; kept to be asked again of a worker that was started anew.
 */
struct waiting {
    struct dl_buf request; /* with its length */
    int process;
};

struct process {
    pid_t pid; /* 0: not running */
    int fd;
    struct dl_buf out, in;
    size_t taken; /* of `in`, by the answer given last */
    bool greets;  /* what it says of the rules comes before its first answer */
};

struct dl_worker {
    char path[PATH_MAX];
    int processes;
    bool later; /* config.later */
    struct process process[PROCESSES_MAX_];
    struct waiting waiting[DL_WORKER_IN_FLIGHT];
    size_t first, n; /* of the ring `waiting` */
    int next;        /* process of the next question */
    struct dl_rules *rules;
    struct dl_buf rules_request;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- where things are ---- */

static bool beside_program(const char *name, char *out, size_t n)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) {
        return false;
    }
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    int written = snprintf(out, n, "%s/%s", self, name);
    return written > 0 && (size_t)written < n;
}

static enum dl_err find_program(const char *given, char *out, size_t n, struct dl_error *error)
{
    const char *path = given ? given : getenv("DIRECTLINE_STRUCTURE");
    if (path != NULL) {
        snprintf(out, n, "%s", path);
    } else if (!beside_program("directline-structure", out, n)) {
        out[0] = '\0';
    }
    if (access(out, X_OK) == 0) {
        return DL_OK;
    }
    dl_error_set(error, DL_E_WORKER_MISSING, NULL,
                 "structures need the worker directline-structure, which is not at %s", out);
    return dl_error_hint(error, "install it there, name it in DIRECTLINE_STRUCTURE, or ask by "
                                "name, CAS number or InChIKey");
}

static bool find_rules(const char *given, char *out, size_t n)
{
    if (given != NULL) {
        snprintf(out, n, "%s", given);
        return given[0] != '\0';
    }
    return (beside_program("rules", out, n) && access(out, R_OK) == 0) ||
           (beside_program("../share/directline/rules", out, n) && access(out, R_OK) == 0);
}

static int only_json(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0 &&
           strcmp(entry->d_name, "classes.json") != 0;
}

static enum dl_err read_file(const char *directory, const char *name, struct dl_buf *out,
                             struct dl_error *error)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        dl_error_set(error, DL_E_RULE, name, "%s cannot be read: %s", path, strerror(errno));
        return dl_error_hint(error, "%s", DL_RULES_HINT);
    }
    size_t block = dl_buf_block_open(out);
    dl_buf_put_str(out, name);
    dl_buf_block_close(out, block);
    block = dl_buf_block_open(out);
    char chunk[4096];
    size_t n = 0;
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0) {
        dl_buf_put(out, chunk, n);
    }
    fclose(file);
    DL_TRY(dl_buf_err(out));
    dl_buf_block_close(out, block);
    return DL_OK;
}

enum dl_err dl_rules_read_files(const char *directory, struct dl_buf *files, size_t *n,
                                struct dl_error *error)
{
    struct dirent **names = NULL;
    int found = scandir(directory, &names, only_json, alphasort);
    enum dl_err err = read_file(directory, "classes.json", files, error);
    *n = 1;
    for (int i = 0; i < found; i++) {
        if (err == DL_OK && *n <= DL_RULES_MAX) {
            err = read_file(directory, names[i]->d_name, files, error);
            ++*n;
        }
        free(names[i]);
    }
    free(names);
    return err;
}

static enum dl_err load_rules(struct dl_worker *w, const struct dl_worker_config *config,
                              struct dl_error *error)
{
    const char *given = config->rules;
    char directory[PATH_MAX];
    struct dl_rule_source sources[DL_RULES_MAX + 1];
    size_t n = 0;
    if (!find_rules(given, directory, sizeof directory)) {
        if (given != NULL) {
            return DL_OK; // asked to go without them
        }
        dl_error_set(error, DL_E_REGISTRY_MISSING, NULL,
                     "the class rules are missing: there is no folder `rules` beside the program");
        return dl_error_hint(error, "install them again; without them no structure is answered");
    }
    dl_buf_u8(&w->rules_request, DL_WIRE_RULES);
    DL_TRY(dl_rules_read_files(directory, &w->rules_request, &n, error));
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, dl_buf_view(&w->rules_request));
    dl_cursor_u8(&cursor);
    for (size_t i = 0; i < n; i++) {
        sources[i].name = dl_cursor_block(&cursor, PATH_MAX);
        sources[i].text = dl_cursor_block(&cursor, DL_WORKER_FRAME_MAX);
    }
    DL_ASSERT(dl_cursor_done(&cursor) == DL_OK, "blocks that were just made");
    DL_TRY(dl_rules_parse(sources, n, &w->rules, error));
    if (!config->tests) {
        dl_rules_drop_tests(w->rules);
    }
    return DL_OK;
}

/* ---- processes ---- */

static void stop(struct process *p)
{
    if (p->pid != 0) {
        kill(p->pid, SIGKILL);
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        close(p->fd);
        p->pid = 0;
    }
    dl_buf_reset(&p->out);
    dl_buf_reset(&p->in);
    p->taken = 0;
    p->greets = false;
}

static bool spawn(struct dl_worker *w, struct process *p)
{
    int pair[2];
    char *argv[] = {w->path, NULL};
    char *envp[] = {"LC_ALL=C", NULL};
    posix_spawn_file_actions_t actions;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], 0);
    posix_spawn_file_actions_adddup2(&actions, pair[1], 1);
    int failed = posix_spawn(&p->pid, w->path, &actions, NULL, argv, envp);
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    if (failed) {
        close(pair[0]);
        p->pid = 0;
        return false;
    }
    p->fd = pair[0];
    return true;
}

/* Writes and reads what the process takes and gives; false when it is gone. */
static bool move(struct process *p)
{
    while (p->out.n > 0) {
        ssize_t n = send(p->fd, p->out.p, p->out.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            break;
        }
        if (n <= 0) {
            break; /* gone: what it answered before is read first */
        }
        dl_buf_consume(&p->out, (size_t)n);
        if (p->out.n == 0 && p->greets) { /* the rules were the largest request there is */
            dl_buf_fini(&p->out);
        }
    }
    for (;;) {
        uint8_t *room = dl_buf_room(&p->in, CHUNK_);
        if (room == NULL) {
            return false;
        }
        ssize_t n = recv(p->fd, room, CHUNK_, 0);
        p->in.n -= CHUNK_ - (n > 0 ? (size_t)n : 0);
        if (n < 0 && errno == EAGAIN) {
            return true;
        }
        if (n <= 0) {
            return false;
        }
    }
}

static bool has_answer(const struct process *p)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, dl_view_of(p->in.p + p->taken, p->in.n - p->taken));
    uint32_t n = dl_cursor_u32(&cursor);
    return cursor.err == DL_OK && n <= DL_WORKER_FRAME_MAX && cursor.rest.n >= n;
}

static struct dl_view take_answer(struct process *p)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, dl_view_of(p->in.p + p->taken, p->in.n - p->taken));
    struct dl_view answer = dl_cursor_block(&cursor, DL_WORKER_FRAME_MAX);
    p->taken += 4 + answer.n;
    return answer;
}

/* Waits until the process has given an answer; false when it died or its time is over. */
static bool await(struct dl_worker *w, struct process *p, int limit_ms)
{
    dl_buf_consume(&p->in, p->taken);
    p->taken = 0;
    int64_t until = now_ms() + limit_ms;
    while (!has_answer(p)) {
        if (!move(p)) {
            return has_answer(p);
        }
        if (has_answer(p)) {
            return true;
        }
        int64_t left = until - now_ms();
        if (left <= 0) {
            return false;
        }
        struct pollfd fds[PROCESSES_MAX_];
        for (int i = 0; i < w->processes; i++) {
            bool writes = w->process[i].out.n > 0;
            fds[i] = (struct pollfd){.fd = w->process[i].pid ? w->process[i].fd : -1,
                                     .events = (short)(POLLIN | (writes ? POLLOUT : 0))};
        }
        poll(fds, (nfds_t)w->processes, (int)left);
        for (int i = 0; i < w->processes; i++) {
            if (&w->process[i] != p && fds[i].revents != 0) {
                move(&w->process[i]); /* its death is seen when its answer is asked for */
            }
        }
    }
    return true;
}

static void put_request(struct dl_buf *out, struct dl_view request)
{
    size_t block = dl_buf_block_open(out);
    dl_buf_put_view(out, request);
    dl_buf_block_close(out, block);
}

/* Takes what a process says of the rules. */
static enum dl_err greet(struct dl_worker *w, struct process *p, struct dl_error *error)
{
    if (!p->greets) {
        return DL_OK;
    }
    if (!await(w, p, RULES_MS_)) {
        stop(p);
        return dl_error_set(error, DL_E_WORKER, NULL,
                            "the structure worker ends while it reads the rules");
    }
    p->greets = false;
    struct dl_view answer = take_answer(p);
    if (answer.n == 0 || answer.p[0] != DL_WIRE_OK) {
        size_t n = answer.n > 5 ? answer.n - 5 : 0;
        dl_error_set(error, DL_E_RULE, NULL, "%.*s", (int)n, (const char *)answer.p + 5);
        stop(p);
        return dl_error_hint(error, "%s", DL_RULES_HINT);
    }
    return DL_OK;
}

/* Starts a process, gives it the rules, and asks again what waits for it. */
static enum dl_err start(struct dl_worker *w, int index, struct dl_error *error)
{
    struct process *p = &w->process[index];
    if (!spawn(w, p)) {
        return dl_error_set(error, DL_E_WORKER, NULL, "the structure worker %s cannot be started",
                            w->path);
    }
    if (w->rules != NULL) {
        put_request(&p->out, dl_buf_view(&w->rules_request));
        p->greets = true;
        if (w->later) {
            move(p); /* a death is seen when the answer is asked for */
        } else {
            DL_TRY(greet(w, p, error));
        }
    }
    for (size_t i = 0; i < w->n; i++) {
        const struct waiting *waiting = &w->waiting[(w->first + i) % DL_WORKER_IN_FLIGHT];
        if (waiting->process == index) {
            put_request(&p->out, dl_buf_view(&waiting->request));
        }
    }
    return DL_OK;
}

enum dl_err dl_worker_open(const struct dl_worker_config *config, struct dl_worker **out,
                           struct dl_error *error)
{
    struct dl_worker *w = calloc(1, sizeof *w);
    DL_ASSERT(w && config->processes >= 1 && config->processes <= PROCESSES_MAX_, "one or two");
    w->processes = config->processes;
    w->later = config->later;
    dl_buf_init(&w->rules_request, DL_WORKER_FRAME_MAX);
    for (int i = 0; i < DL_WORKER_IN_FLIGHT; i++) {
        dl_buf_init(&w->waiting[i].request, DL_WORKER_TEXT_MAX + 16);
    }
    for (int i = 0; i < PROCESSES_MAX_; i++) {
        dl_buf_init(&w->process[i].out, (size_t)DL_WORKER_IN_FLIGHT * DL_WORKER_FRAME_MAX);
        dl_buf_init(&w->process[i].in, (size_t)DL_WORKER_IN_FLIGHT * DL_WORKER_FRAME_MAX);
    }
    enum dl_err err = find_program(config->path, w->path, sizeof w->path, error);
    if (err == DL_OK) {
        err = load_rules(w, config, error);
    }
    for (int i = 0; i < w->processes && err == DL_OK; i++) {
        err = start(w, i, error);
    }
    if (err != DL_OK) {
        dl_worker_close(&w);
        return err;
    }
    *out = w;
    return DL_OK;
}

void dl_worker_close(struct dl_worker **worker)
{
    struct dl_worker *w = *worker;
    if (w == NULL) {
        return;
    }
    for (int i = 0; i < PROCESSES_MAX_; i++) {
        stop(&w->process[i]);
        dl_buf_fini(&w->process[i].out);
        dl_buf_fini(&w->process[i].in);
    }
    for (int i = 0; i < DL_WORKER_IN_FLIGHT; i++) {
        dl_buf_fini(&w->waiting[i].request);
    }
    dl_buf_fini(&w->rules_request);
    dl_rules_free(&w->rules);
    free(w);
    *worker = NULL;
}

const struct dl_rules *dl_worker_rules(const struct dl_worker *worker)
{
    return worker->rules;
}

size_t dl_worker_waiting(const struct dl_worker *worker)
{
    return worker->n;
}

enum dl_err dl_worker_put(struct dl_worker *w, const struct dl_worker_ask *ask,
                          struct dl_error *error)
{
    DL_ASSERT(w->n < DL_WORKER_IN_FLIGHT, "no more questions wait than may");
    struct waiting *waiting = &w->waiting[(w->first + w->n) % DL_WORKER_IN_FLIGHT];
    dl_buf_reset(&waiting->request);
    /* What the worker would refuse unread needs no journey, and no memory here. */
    struct dl_view text = ask->text.n <= DL_WORKER_TEXT_MAX ? ask->text : dl_view_of("", 0);
    dl_buf_u8(&waiting->request, DL_WIRE_ASK);
    dl_buf_u8(&waiting->request, (uint8_t)ask->wants);
    dl_buf_u16(&waiting->request, ask->rule < 0 ? DL_WIRE_NO_RULE : (uint16_t)ask->rule);
    size_t block = dl_buf_block_open(&waiting->request);
    dl_buf_put_view(&waiting->request, text);
    DL_TRY(dl_buf_err(&waiting->request));
    dl_buf_block_close(&waiting->request, block);
    waiting->process = w->next;
    struct process *p = &w->process[w->next];
    w->next = (w->next + 1) % w->processes;
    w->n++;
    if (p->pid == 0) {
        enum dl_err err = start(w, waiting->process, error); /* it asks what waits */
        w->n -= err != DL_OK;
        return err;
    }
    put_request(&p->out, dl_buf_view(&waiting->request));
    move(p); /* a death is seen when the answer is asked for */
    return DL_OK;
}

/* Whole answers that a process has given and no one has taken. */
static size_t count_answers(const struct process *p)
{
    struct dl_cursor cursor;
    size_t n = 0;
    dl_cursor_init(&cursor, dl_view_of(p->in.p + p->taken, p->in.n - p->taken));
    for (;; n++) {
        dl_cursor_block(&cursor, DL_WORKER_FRAME_MAX);
        if (cursor.err != DL_OK) {
            return n;
        }
    }
}

bool dl_worker_ready(struct dl_worker *w)
{
    size_t wanted[PROCESSES_MAX_] = {0};
    for (size_t i = 0; i < w->n; i++) {
        wanted[w->waiting[(w->first + i) % DL_WORKER_IN_FLIGHT].process]++;
    }
    for (int i = 0; i < w->processes; i++) {
        struct process *p = &w->process[i];
        if (wanted[i] > 0 && p->pid != 0 && move(p) && count_answers(p) < wanted[i] + p->greets) {
            return false;
        }
    }
    return true;
}

static void refuse(struct dl_worker_answer *out)
{
    static const char words[] = "it takes more time or memory than one structure may";
    memset(out, 0, offsetof(struct dl_worker_answer, verdict));
    out->n_verdicts = 0;
    out->refusal = dl_view_str(words);
}

enum dl_err dl_worker_take(struct dl_worker *w, struct dl_worker_answer *out,
                           struct dl_error *error)
{
    DL_ASSERT(w->n > 0, "a question waits");
    int index = w->waiting[w->first].process;
    struct process *p = &w->process[index];
    DL_TRY(p->pid != 0 ? greet(w, p, error) : DL_OK);
    bool answered = p->pid != 0 && await(w, p, DL_WORKER_WALL_MS);
    w->first = (w->first + 1) % DL_WORKER_IN_FLIGHT;
    w->n--;
    if (answered) {
        enum dl_err err = dl_worker_decode(take_answer(p), w->rules, out);
        if (err == DL_OK) {
            return DL_OK;
        }
    }
    /* It died, hung, or gave what is no answer: this question is refused, the others asked again */
    stop(p);
    refuse(out);
    return w->n > 0 ? start(w, index, error) : DL_OK;
}

enum dl_err dl_worker_ask(struct dl_worker *worker, const struct dl_worker_ask *ask,
                          struct dl_worker_answer *out, struct dl_error *error)
{
    DL_ASSERT(worker->n == 0, "no other question waits");
    DL_TRY(dl_worker_put(worker, ask, error));
    return dl_worker_take(worker, out, error);
}
