/* Random walks over crashes, cuts and restores, as design section 4 has them: submissions, messages
 * that stop anywhere, a crash between line.db and head.db, backups, restores of line.db or of both
 * files on either side. After each walk the faults stop, and then
 *   S  nothing contradicting ever left cn: us freezes only where cn itself found that it is forked;
 *   L  everything submitted and not lost in a restore is at us and receipted, or cn's journal is
 *      lost or forked, which an operator sees.
 * The seed is the walk; it prints how much happened, so that a walk that did nothing cannot pass.
 */
#include "tests/unit/protocol/session_pair.h"

enum { WALKS = 600, STEPS = 40, FAULTS = 4 };

static uint64_t random_state;
static unsigned faults_left; /* of this walk */
static unsigned faults, stored_total, lost_total, forked_total, rewound_total;

static unsigned draw(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % n);
}

struct backup {
    struct disk_log ours, theirs;
    char head[NOTE_MAX], cosigned[NOTE_MAX];
};

static struct backup backups[2];
static unsigned long long seed_now;

/* Says the seed and the log, and fails. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error("seed %llu:\n%s", seed_now, world.log);                                    \
            fail_msg("%s", #condition);                                                            \
        }                                                                                          \
    } while (0)

static void copy_log(struct disk_log *to, const struct disk_log *from)
{
    free_log(to);
    to->generation = from->generation;
    to->size = from->size;
    for (uint64_t i = 0; i < from->size; i++) {
        struct dl_entry_octets entry = entry_at(from, i);
        put_entry(to, i, &entry);
    }
    for (uint64_t i = 0; i <= from->size; i++) {
        to->notes[i] = from->notes[i] == NULL ? NULL : strdup(from->notes[i]);
    }
}

static void back_up(struct side *side, struct backup *to)
{
    copy_log(&to->ours, &side->ours);
    copy_log(&to->theirs, &side->theirs);
    strcpy(to->head, side->head);
    strcpy(to->cosigned, side->cosigned);
}

/* The newest checkpoint in line.db is what a head.db that is behind is advanced to. */
static void advance_cosigned(struct side *side)
{
    unsigned long long cosigned = 0;
    sscanf(side->cosigned, "%*s %llu", &cosigned);
    if (cosigned < side->theirs.size) {
        cosign_row(side, side->theirs.notes[side->theirs.size]);
    }
}

static void crash(struct side *side)
{
    faults++;
    faults_left--;
    /* between the commit of line.db and that of head.db */
    if (side->to_store > 0 && draw(2) == 0) {
        side->theirs.size = side->to_store;
    }
    side->to_store = 0;
    restart(side);
}

/* us has everything that was sent, in line.db and not yet in head.db, and stops. */
static void store_and_crash(void)
{
    world.chunk = 0;
    while (deliver(&world.us)) {
    }
    if (world.us.to_store > 0) {
        faults++;
        faults_left--;
        world.us.theirs.size = world.us.to_store;
        restart(&world.us);
    }
}

static void bring_back(struct side *side, const struct backup *from, bool both)
{
    crash(side);
    copy_log(&side->ours, &from->ours);
    copy_log(&side->theirs, &from->theirs);
    if (both) {
        strcpy(side->head, from->head);
        strcpy(side->cosigned, from->cosigned);
    }
    side->receipt[0] = 0;
    side->tail = 0;
}

static bool closed_journal(const struct side *side)
{
    return side->state == DL_JOURNAL_LOST || side->state == DL_JOURNAL_FORKED;
}

/* `advanced`: head.db caught up before, as it must in the end; a session holds without it too. */
static void start(bool advanced)
{
    cut();
    dl_buf_reset(&world.cn.inbox);
    dl_buf_reset(&world.us.inbox);
    if (advanced) {
        advance_cosigned(&world.cn);
        advance_cosigned(&world.us);
    }
    open_side(&world.cn);
    open_side(&world.us);
}

static void some_turns(void)
{
    world.chunk = draw(3) == 0 ? 0 : 1 + draw(700);
    for (unsigned i = draw(8); i > 0; i--) {
        struct side *side = draw(2) == 0 ? &world.cn : &world.us;
        deliver(side);
        if (draw(2) == 0) {
            commit(side);
        }
    }
}

static void one_step(void)
{
    struct side *side = draw(2) == 0 ? &world.cn : &world.us;
    struct backup *kept = side == &world.cn ? &backups[0] : &backups[1];
    unsigned what = draw(15);
    if (what >= 1 && what <= 5 && faults_left == 0) {
        what = 14;
    }
    switch (what) {
    case 0:
        back_up(side, kept);
        break;
    case 1:
        bring_back(side, kept, false);
        break;
    case 2:
        bring_back(side, kept, true);
        break;
    case 3:
        crash(side);
        break;
    case 4:
        faults++;
        faults_left--;
        cut();
        break;
    case 5:
        store_and_crash();
        break;
    case 6:
    case 7:
    case 8:
        if (world.cn.ours.size + world.cn.tail < MAX_ENTRIES / 2) {
            submit(&world.cn, 1);
        }
        break;
    default:
        if (world.cn.session == NULL || world.us.session == NULL) {
            start(draw(2) == 0);
        }
        some_turns();
    }
}

/* S, all the time. */
static void check_safe(void)
{
    if (world.us.alarm.kind != 0) {
        CHECK(world.cn.state == DL_JOURNAL_FORKED);
    }
    if (!closed_journal(&world.cn)) {
        CHECK(world.us.closed != DL_E_BATCH_ROOT);
        CHECK(world.us.closed != DL_E_CHECKPOINT);
        CHECK(world.us.closed != DL_E_PROTOCOL);
        CHECK(world.cn.closed != DL_E_PROTOCOL);
    }
}

/* L, when the faults have stopped. */
static void check_live(void)
{
    world.chunk = 0;
    for (int i = 0; i < 3 && !closed_journal(&world.cn); i++) {
        start(true);
        pump();
        check_safe();
    }
    if (closed_journal(&world.cn)) {
        lost_total += world.cn.state == DL_JOURNAL_LOST;
        forked_total += world.cn.state == DL_JOURNAL_FORKED;
        return;
    }
    CHECK(world.cn.state == DL_JOURNAL_CONFIRMED);
    CHECK(world.cn.tail == 0);
    CHECK(world.us.theirs.size == world.cn.ours.size);
    struct dl_frontier ours = frontier_at(&world.cn.ours, world.cn.ours.size);
    struct dl_frontier theirs = frontier_at(&world.us.theirs, world.us.theirs.size);
    struct dl_hash a = dl_frontier_root(&ours);
    struct dl_hash b = dl_frontier_root(&theirs);
    CHECK(dl_hash_equal(&a, &b));
    unsigned long long receipted = 0;
    sscanf(world.cn.receipt, "%*s %llu", &receipted);
    CHECK(receipted == world.cn.ours.size);
    stored_total += (unsigned)world.us.theirs.size;
}

static void walk(uint64_t seed)
{
    seed_now = seed;
    random_state = seed * 0x9e3779b97f4a7c15u + 1;
    faults_left = FAULTS;
    init_world();
    memset(backups, 0, sizeof backups);
    back_up(&world.cn, &backups[0]);
    back_up(&world.us, &backups[1]);
    for (int i = 0; i < STEPS && !closed_journal(&world.cn); i++) {
        one_step();
        check_safe();
    }
    check_live();
    rewound_total += strstr(world.log, "journal rewound") != NULL;
    for (int i = 0; i < 2; i++) {
        free_log(&backups[i].ours);
        free_log(&backups[i].theirs);
    }
    fini_side(&world.cn);
    fini_side(&world.us);
}

static void walks_over_faults_are_safe_and_live(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= WALKS; seed++) {
        walk(seed);
    }
    print_message("%u walks, %u faults: %u rewound, %u lost, %u forked, %u entries stored\n", WALKS,
                  faults, rewound_total, lost_total, forked_total, stored_total);
    assert_true(faults > WALKS && rewound_total > WALKS / 20 && stored_total > WALKS);
    assert_true(lost_total > 0 && lost_total + forked_total < WALKS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_over_faults_are_safe_and_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
