/* The small-state walk: every order of durable steps, deliveries, crashes between two syncs, cuts
 * and restores, over the node's own journal, replica, head.db, session and connection code. What
 * shared/model's hello.py walks on the design is walked here on the program, up to a number of
 * entries and faults.
 *
 * A state is a process: each step is tried in a child made by fork(), so that nothing has to be
 * copied or replayed; states that were met before, by their hash, are not walked again.
 *
 * Checked in every state (walk_check.c): nothing leaves before it is durable, no receipt for what
 * is not (I1, I2), no journal is confirmed and no checkpoint leaves against what anybody holds or
 * remembers (I5), nothing is lost or doubled without a restore (I4), nobody freezes. And from every
 * state, with the faults off, the pair comes to agreement, or a journal is lost or forked, and then
 * `line renew` leads to agreement: no silent stall.
 *
 * usage: walk CN US FAULTS LEAST      entries of each side, faults on one path, and the number of
 *                                     states below which the walk itself has failed
 *
 * With the last fault spent, the two nodes' turns commute, and one order of them is walked. A
 * restore drops the later images of that side: a backup of a future that was undone is no earlier
 * moment. What it was seen to find when the code is broken stands in CONTRIBUTING.md.
 */
#include "tests/world/walk_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATES_MAX = 1 << 20, SLOTS = 1 << 21, CALM_STEPS = 2000, STEPS_MAX = 256, NONE = 0 };

struct state {
    uint8_t key[16];
    uint32_t parent;
    uint32_t next; /* where the pair goes of itself; NONE: nowhere */
    struct step step;
    enum ending ending;
    uint8_t seen; /* for following */
};

/* All processes share it; only one of them runs at a time. */
static struct shared {
    struct state states[STATES_MAX]; /* from 1 */
    uint32_t slots[SLOTS];
    uint32_t n;
    uint64_t faults[SLOTS]; /* hashes of those that were tried */
    uint64_t transitions, crashes, restores, cuts, agreed, closed, renewed;
    bool failed;
} * all;

static struct pair pair;
static unsigned limit[2], faults_max;

/* ---- states ---- */

/* The state's number; `fresh` when it is new. */
static uint32_t look_up(uint32_t parent, const struct step *step, bool *fresh)
{
    struct dl_hash hash = pair_hash(&pair);
    uint64_t at = 0;
    memcpy(&at, hash.b + 16, sizeof at);
    for (at %= SLOTS; all->slots[at] != NONE; at = (at + 1) % SLOTS) {
        if (memcmp(all->states[all->slots[at]].key, hash.b, 16) == 0) {
            *fresh = false;
            return all->slots[at];
        }
    }
    uint32_t number = ++all->n;
    DL_ASSERT(number < STATES_MAX, "the table holds the walk");
    all->slots[at] = number;
    struct state *state = &all->states[number];
    memcpy(state->key, hash.b, 16);
    state->parent = parent;
    state->step = *step;
    *fresh = true;
    return number;
}

/* A node that loses its memory leaves the same, whatever it had in there: once is enough. */
static bool fault_is_known(const struct step *step)
{
    struct dl_hash hash = pair_fault_hash(&pair, step);
    uint64_t key = 0;
    memcpy(&key, hash.b, sizeof key);
    uint64_t at = key % SLOTS;
    while (all->faults[at] != 0 && all->faults[at] != key) {
        at = (at + 1) % SLOTS;
    }
    bool known = all->faults[at] == key;
    all->faults[at] = key;
    return known;
}

static void print_path(uint32_t number)
{
    char text[96];
    if (number == NONE) {
        return;
    }
    print_path(all->states[number].parent);
    step_print(&all->states[number].step, text, sizeof text);
    printf("  %s\n", text);
}

static void fail(uint32_t parent, const struct step *step, const char *what)
{
    char text[96];
    all->failed = true;
    printf("VIOLATION: %s\nafter:\n", what);
    print_path(parent);
    step_print(step, text, sizeof text);
    printf("  %s\n", text);
    for (int i = 0; i < 2; i++) {
        struct dl_peer *peer = pair_peer(&pair, i);
        if (peer != NULL) {
            struct dl_peer_view view;
            struct dl_log *log = dl_journal_log(dl_peer_journal(peer));
            dl_peer_look(peer, &view);
            printf("%s: journal %s of %llu, receipted %llu, tail %llu; holds %llu; link %s %s\n",
                   dl_virtual_node_name(pair.side[i].node),
                   dl_journal_state_name(dl_journal_state(dl_peer_journal(peer))),
                   (unsigned long long)dl_log_size(log),
                   (unsigned long long)dl_log_newest_receipt(log).size,
                   (unsigned long long)dl_journal_tail(dl_peer_journal(peer)),
                   (unsigned long long)dl_log_size(dl_replica_log(dl_peer_replica(peer))),
                   view.link, view.error_message);
        }
    }
    fflush(stdout);
}

/* ---- children ---- */

/* In the child: true, and the caller goes on there and ends with _exit. In the parent: false, when
 * the child has ended. */
static bool in_child(void)
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    DL_ASSERT(pid >= 0, "a process for a step");
    if (pid == 0) {
        return true;
    }
    pid_t ended = waitpid(pid, &status, 0);
    if (ended != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        all->failed = true;
    }
    return false;
}

static struct step step_of_itself(void)
{
    struct dl_virtual_coming coming[COMING];
    bool travels = dl_virtual_coming(pair.virtual, coming, COMING) > 0;
    return (struct step){.kind = travels ? STEP_TAKE : STEP_TIMER, .syncs = -1};
}

/* An operator renews what is closed: the pair must come to agreement then. */
static void try_renewing(uint32_t number)
{
    struct step renew = {.kind = STEP_RENEW, .syncs = -1};
    pair_do(&pair, &renew);
    for (int i = 0; i < CALM_STEPS && pair.wrong == NULL; i++) {
        struct step step = step_of_itself();
        if (step.kind == STEP_TIMER && check_ending(&pair) == ENDING_AGREED) {
            all->renewed++;
            _exit(0);
        }
        pair_do(&pair, &step);
    }
    fail(number, &renew, pair.wrong != NULL ? pair.wrong : "a renewed journal is not accepted");
    _exit(1);
}

/* ---- walking ---- */

static void walk(uint32_t number);

/* Tries a step, and the rest of the walk behind it. Gives the syncs that the step had. */
static unsigned attempt(uint32_t number, const struct step *step, bool of_itself)
{
    bool forgets = step->kind == STEP_CRASH || step->kind == STEP_LINE || step->kind == STEP_BOTH;
    if (all->failed || pair.faults + step_is_fault(step) > faults_max ||
        (forgets && fault_is_known(step))) {
        return 0;
    }
    all->transitions++;
    all->crashes += step->syncs >= 0 || step->kind == STEP_CRASH;
    all->restores += step->kind == STEP_LINE || step->kind == STEP_BOTH;
    all->cuts += step->kind == STEP_CUT;
    unsigned syncs = 0;
    int tube[2];
    int made = pipe(tube);
    DL_ASSERT(made == 0, "a pipe to the child");
    if (in_child()) {
        bool fresh = false;
        syncs = pair_do(&pair, step);
        ssize_t wrote = write(tube[1], &syncs, sizeof syncs);
        DL_ASSERT(wrote == (ssize_t)sizeof syncs, "the parent listens");
        close(tube[0]);
        close(tube[1]);
        if (pair.wrong == NULL) {
            check_state(&pair);
        }
        if (pair.wrong != NULL) {
            fail(number, step, pair.wrong);
            _exit(1);
        }
        uint32_t next = look_up(number, step, &fresh);
        if (of_itself) {
            all->states[number].next = next;
        }
        if (fresh) {
            walk(next);
        }
        _exit(all->failed);
    }
    close(tube[1]); // first: a child that ended early wrote nothing
    ssize_t got = read(tube[0], &syncs, sizeof syncs);
    close(tube[0]);
    if (got != (ssize_t)sizeof syncs) {
        fail(number, step, "the program ended itself; its words are above");
        return 0;
    }
    return syncs;
}

/* The step, and the step with a power cut after each of its syncs. */
static void attempt_all(uint32_t number, struct step step, bool of_itself)
{
    unsigned syncs = attempt(number, &step, of_itself);
    for (unsigned i = 1; i <= syncs && step.kind != STEP_TIMER; i++) {
        step.syncs = (int)i;
        attempt(number, &step, false);
    }
}

static void walk_faults(uint32_t number)
{
    struct step cut = {.kind = STEP_CUT, .syncs = -1};
    attempt(number, &cut, false);
    for (int side = 0; side < 2; side++) {
        struct step crash = {.kind = STEP_CRASH, .side = side, .syncs = -1};
        attempt_all(number, crash, false);
        for (unsigned i = 0; i < pair.side[side].n_images; i++) {
            struct step line = {.kind = STEP_LINE, .side = side, .n = i, .syncs = -1};
            struct step both = {.kind = STEP_BOTH, .side = side, .n = i, .syncs = -1};
            if (i + 1 < pair.side[side].n_images) { // the newest is what a crash leaves
                attempt_all(number, line, false);
                attempt_all(number, both, false);
            }
        }
    }
}

static enum ending look_for_ending(uint32_t number)
{
    struct dl_virtual_coming coming[COMING];
    size_t n = dl_virtual_coming(pair.virtual, coming, COMING);
    enum ending ending = n == 0 ? check_ending(&pair) : ENDING_NOT_YET;
    all->states[number].ending = ending;
    all->agreed += ending == ENDING_AGREED;
    all->closed += ending == ENDING_CLOSED;
    if (ending == ENDING_CLOSED && in_child()) {
        try_renewing(number);
    }
    return ending;
}

/* Nothing is left to choose: the pair goes on of itself, in this process. */
static void walk_on(uint32_t number)
{
    bool fresh = true;
    while (fresh && look_for_ending(number) == ENDING_NOT_YET && !all->failed) {
        struct step step = step_of_itself();
        all->transitions++;
        pair_do(&pair, &step);
        if (pair.wrong == NULL) {
            check_state(&pair);
        }
        if (pair.wrong != NULL) {
            fail(number, &step, pair.wrong);
            return;
        }
        uint32_t next = look_up(number, &step, &fresh);
        all->states[number].next = next;
        number = next;
    }
}

static bool may_submit(int side)
{
    return pair.side[side].submitted < limit[side];
}

static void walk(uint32_t number)
{
    struct dl_virtual_coming coming[COMING];
    size_t n = dl_virtual_coming(pair.virtual, coming, COMING);
    bool faultless = pair.faults == faults_max;
    if (faultless && !may_submit(0) && !may_submit(1)) {
        walk_on(number);
        return;
    }
    if (look_for_ending(number) == ENDING_NOT_YET) {
        attempt_all(number, step_of_itself(), true);
    }
    // without a fault to come it is all one which of two nodes goes first
    for (unsigned i = 1; i < n && !faultless; i++) {
        struct step take = {.kind = STEP_TAKE, .n = i, .syncs = -1};
        if (coming[i].next) {
            attempt_all(number, take, false);
        }
    }
    for (int side = 0; side < 2; side++) {
        struct step submit = {.kind = STEP_SUBMIT, .side = side, .syncs = -1};
        if (may_submit(side)) {
            attempt_all(number, submit, false);
        }
    }
    if (!faultless) {
        walk_faults(number);
    }
}

/* From every state the pair comes to an ending of itself: no circle, and no end before. */
static bool follow_all(void)
{
    for (uint32_t i = 1; i <= all->n; i++) {
        uint32_t at = i;
        while (all->states[at].seen == 0 && all->states[at].ending == ENDING_NOT_YET) {
            all->states[at].seen = 1;
            at = all->states[at].next;
            if (at == NONE) {
                break;
            }
        }
        if (at == NONE || all->states[at].seen == 1) {
            printf("VIOLATION: with the faults off the pair %s\nfrom:\n",
                   at == NONE ? "stops" : "goes round in a circle");
            print_path(at == NONE ? i : at);
            return false;
        }
        for (uint32_t k = i; all->states[k].seen == 1; k = all->states[k].next) {
            all->states[k].seen = 2;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    bool fresh = false;
    struct step begin = {.kind = STEP_TIMER, .syncs = -1};
    limit[0] = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2;
    limit[1] = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    faults_max = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 2;
    unsigned long least = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
    all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    DL_ASSERT(all != MAP_FAILED, "memory for the states");
    pair_init(&pair);
    if (in_child()) {
        walk(look_up(NONE, &begin, &fresh));
        _exit(all->failed);
    }
    bool good = !all->failed && follow_all();
    printf("%u states, %llu transitions, %llu crashes, %llu restores, %llu cuts; %llu agreed, %llu"
           " closed, %llu of them renewed\n",
           all->n, (unsigned long long)all->transitions, (unsigned long long)all->crashes,
           (unsigned long long)all->restores, (unsigned long long)all->cuts,
           (unsigned long long)all->agreed, (unsigned long long)all->closed,
           (unsigned long long)all->renewed);
    if (good && all->n < least) {
        printf("VIOLATION: fewer than %lu states: the walk did not go anywhere\n", least);
        good = false;
    }
    pair_fini(&pair);
    return good ? 0 : 1;
}
