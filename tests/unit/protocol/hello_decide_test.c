/* Each rule of design section 4, "HELLO" and "When a side went back in time", as a row; then every
 * small combination against the rules said once more, more simply. */
#include "protocol/hello_decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A history is a letter; a note is its size and history; a disk is the same. Histories differ from
 * their first entry on. */
struct note {
    uint64_t size; /* 0: none */
    char history;
};

static struct dl_hello_point point_of(struct note note, struct note disk)
{
    struct dl_hello_point point = {.present = note.size > 0, .size = note.size};
    point.root.b[0] = (uint8_t)note.history;
    point.root.b[1] = (uint8_t)note.size;
    if (note.size > 0 && note.size <= disk.size) {
        point.disk.b[0] = (uint8_t)disk.history;
        point.disk.b[1] = (uint8_t)note.size;
    }
    return point;
}

struct author_row {
    const char *name;
    struct note disk, head, receipt, held, cosigned;
    enum dl_journal_state before, after;
    bool serve, lost_copy;
};

#define A(n)                                                                                       \
    {                                                                                              \
        n, 'a'                                                                                     \
    }
#define B(n)                                                                                       \
    {                                                                                              \
        n, 'b'                                                                                     \
    }
#define NONE                                                                                       \
    {                                                                                              \
        0, 0                                                                                       \
    }

static const struct author_row author_rows[] = {
    {"null against an empty journal", NONE, NONE, NONE, NONE, NONE, DL_JOURNAL_UNCONFIRMED,
     DL_JOURNAL_CONFIRMED, true, false},
    {"null against entries that nobody has", A(3), A(3), NONE, NONE, NONE, DL_JOURNAL_UNCONFIRMED,
     DL_JOURNAL_CONFIRMED, true, false},
    {"all the same", A(3), A(3), A(3), A(3), A(3), DL_JOURNAL_UNCONFIRMED, DL_JOURNAL_CONFIRMED,
     true, false},
    {"the peer is behind", A(3), A(3), A(1), A(1), A(1), DL_JOURNAL_UNCONFIRMED,
     DL_JOURNAL_CONFIRMED, true, false},
    {"line.db restored, the peer has all", A(1), A(3), NONE, A(3), A(3), DL_JOURNAL_UNCONFIRMED,
     DL_JOURNAL_REWOUND, true, false},
    {"both restored, the peer stored and cosigned", A(1), A(1), NONE, A(3), A(3),
     DL_JOURNAL_UNCONFIRMED, DL_JOURNAL_REWOUND, true, false},
    {"both restored, the peer stored and never cosigned", A(1), A(1), NONE, A(3), A(1),
     DL_JOURNAL_UNCONFIRMED, DL_JOURNAL_REWOUND, true, false},
    {"head.db ahead, the peer cannot supply", A(1), A(3), NONE, A(2), A(2), DL_JOURNAL_UNCONFIRMED,
     DL_JOURNAL_LOST, true, false},
    {"a receipt ahead, the peer cannot supply", A(1), A(1), A(3), A(2), A(2),
     DL_JOURNAL_UNCONFIRMED, DL_JOURNAL_LOST, true, true},
    {"a cosigned note ahead, the peer lost its copy", A(1), A(1), NONE, NONE, A(3),
     DL_JOURNAL_UNCONFIRMED, DL_JOURNAL_LOST, true, true},
    {"the peer lost its copy, we have all", A(3), A(3), A(3), A(1), A(3), DL_JOURNAL_UNCONFIRMED,
     DL_JOURNAL_CONFIRMED, true, true},
    {"the disk contradicts head.db", B(3), A(3), NONE, NONE, NONE, DL_JOURNAL_UNCONFIRMED,
     DL_JOURNAL_FORKED, false, false},
    {"the disk contradicts what the peer stored", B(3), B(3), NONE, A(2), A(2),
     DL_JOURNAL_UNCONFIRMED, DL_JOURNAL_FORKED, false, false},
    {"the disk contradicts an old receipt", B(3), B(3), A(1), NONE, NONE, DL_JOURNAL_UNCONFIRMED,
     DL_JOURNAL_FORKED, false, true},
    {"two notes ahead contradict each other", A(1), A(3), NONE, B(3), NONE, DL_JOURNAL_UNCONFIRMED,
     DL_JOURNAL_FORKED, false, false},
    {"also a confirmed journal", B(3), B(3), NONE, A(3), NONE, DL_JOURNAL_CONFIRMED,
     DL_JOURNAL_FORKED, false, false},
    {"lost stays lost", A(3), A(3), A(3), A(3), A(3), DL_JOURNAL_LOST, DL_JOURNAL_LOST, true,
     false},
    {"forked stays forked", A(3), A(3), A(3), A(3), A(3), DL_JOURNAL_FORKED, DL_JOURNAL_FORKED,
     false, false},
};

static void the_author_decides_as_the_design_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof author_rows / sizeof author_rows[0]; i++) {
        const struct author_row *row = &author_rows[i];
        struct dl_hello_author in = {
            .state = row->before,
            .size = row->disk.size,
            .held = row->held.size,
            .note = {[DL_AUTHOR_HEAD] = point_of(row->head, row->disk),
                     [DL_AUTHOR_RECEIPT] = point_of(row->receipt, row->disk),
                     [DL_AUTHOR_HELD] = point_of(row->held, row->disk),
                     [DL_AUTHOR_COSIGNED] = point_of(row->cosigned, row->disk)},
        };
        struct dl_author_verdict out;
        dl_hello_decide_author(&in, &out);
        if (out.state != row->after || out.serve != row->serve || out.lost_copy != row->lost_copy) {
            fail_msg("%s: %s, serve %d, lost copy %d", row->name, dl_journal_state_name(out.state),
                     out.serve, out.lost_copy);
        }
    }
}

static void a_fork_names_the_notes_that_contradict(void **state)
{
    (void)state;
    struct note disk = A(1);
    struct note a = A(3);
    struct note b = B(3);
    struct dl_hello_author in = {.size = 1, .held = 3};
    struct dl_author_verdict out;
    in.note[DL_AUTHOR_HEAD] = point_of(a, disk);
    in.note[DL_AUTHOR_COSIGNED] = point_of(b, disk);
    dl_hello_decide_author(&in, &out);
    assert_int_equal(out.against[0], DL_AUTHOR_HEAD);
    assert_int_equal(out.against[1], DL_AUTHOR_COSIGNED);
    struct note off = B(1);
    in.note[DL_AUTHOR_HELD] = point_of(off, disk);
    dl_hello_decide_author(&in, &out);
    assert_int_equal(out.against[0], DL_AUTHOR_HELD);
    assert_int_equal(out.against[1], -1);
}

static void the_newest_receipt_is_the_greater_of_ours_and_the_peers_cosigned(void **state)
{
    (void)state;
    struct note disk = A(4);
    struct note two = A(2);
    struct note three = A(3);
    struct dl_hello_author in = {.size = 4, .held = 4};
    struct dl_author_verdict out;
    dl_hello_decide_author(&in, &out);
    assert_int_equal(out.receipt, -1);
    in.note[DL_AUTHOR_RECEIPT] = point_of(two, disk);
    in.note[DL_AUTHOR_COSIGNED] = point_of(three, disk);
    dl_hello_decide_author(&in, &out);
    assert_int_equal(out.receipt, DL_AUTHOR_COSIGNED);
    in.note[DL_AUTHOR_COSIGNED] = point_of(two, disk);
    in.note[DL_AUTHOR_RECEIPT] = point_of(three, disk);
    dl_hello_decide_author(&in, &out);
    assert_int_equal(out.receipt, DL_AUTHOR_RECEIPT);
}

struct receiver_row {
    const char *name;
    struct note disk, cosigned, receipt, newest;
    bool told, closed;
    enum dl_receiver_what what;
    bool raise_floor;
};

static const struct receiver_row receiver_rows[] = {
    {"nothing at all", NONE, NONE, NONE, NONE, false, false, DL_RECEIVER_OK, false},
    {"all the same", A(3), A(3), A(3), A(3), true, false, DL_RECEIVER_OK, false},
    {"the author is ahead", A(3), A(3), A(3), A(9), true, false, DL_RECEIVER_OK, false},
    {"we forgot a receipt that we gave", A(1), A(1), A(3), NONE, false, false, DL_RECEIVER_OK,
     true},
    {"we lost everything", NONE, NONE, A(3), NONE, false, false, DL_RECEIVER_OK, true},
    {"we lost line.db only", A(1), A(3), A(3), A(3), true, false, DL_RECEIVER_OK, false},
    {"two roots in a receipt", A(3), A(3), B(3), NONE, false, false, DL_RECEIVER_TWO_ROOTS, false},
    {"two roots in the newest checkpoint", A(3), A(3), A(3), B(3), true, false,
     DL_RECEIVER_TWO_ROOTS, false},
    {"two roots against the floor", A(1), A(3), NONE, B(3), true, false, DL_RECEIVER_TWO_ROOTS,
     false},
    {"an old receipt off our history", A(3), A(3), B(2), NONE, false, false, DL_RECEIVER_PROVE,
     false},
    {"an old newest checkpoint off our history", A(3), A(3), A(3), B(2), true, false,
     DL_RECEIVER_PROVE, false},
    {"the author shrank", A(3), A(3), A(3), A(2), true, false, DL_RECEIVER_SHRUNK, false},
    {"the author shrank to nothing", A(3), A(3), NONE, NONE, true, false, DL_RECEIVER_SHRUNK,
     false},
    {"the author is behind our floor", A(1), A(3), NONE, A(2), true, false, DL_RECEIVER_SHRUNK,
     false},
    {"a closed journal may be behind", A(3), A(3), A(3), A(2), true, true, DL_RECEIVER_OK, false},
    {"a closed journal may say nothing", A(3), A(3), A(3), NONE, true, true, DL_RECEIVER_OK, false},
    {"a closed journal may not contradict", A(3), A(3), A(3), B(3), true, true,
     DL_RECEIVER_TWO_ROOTS, false},
};

static void the_receiver_decides_as_the_design_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof receiver_rows / sizeof receiver_rows[0]; i++) {
        const struct receiver_row *row = &receiver_rows[i];
        struct dl_hello_receiver in = {
            .told = row->told,
            .closed = row->closed,
            .size = row->disk.size,
            .note = {[DL_RECEIVER_STORED] = point_of(row->disk, row->disk),
                     [DL_RECEIVER_COSIGNED] = point_of(row->cosigned, row->disk),
                     [DL_RECEIVER_RECEIPT] = point_of(row->receipt, row->disk),
                     [DL_RECEIVER_NEWEST] = point_of(row->newest, row->disk)},
        };
        struct dl_receiver_verdict out;
        dl_hello_decide_receiver(&in, &out);
        if (out.what != row->what || out.raise_floor != row->raise_floor) {
            fail_msg("%s: %d, raise %d", row->name, (int)out.what, out.raise_floor);
        }
    }
}

/* The rule of the design in its own words, over histories as strings of entries. */
static bool is_prefix(struct note a, struct note b)
{
    return a.size == 0 || (a.size <= b.size && a.history == b.history);
}

static enum dl_journal_state model(const struct note *notes, int n, struct note line,
                                   struct note held)
{
    struct note ours = NONE;
    for (int i = 0; i < n; i++) {
        ours = notes[i].size > ours.size ? notes[i] : ours;
    }
    for (int i = 0; i < n; i++) {
        if (!is_prefix(notes[i], ours)) {
            return DL_JOURNAL_FORKED;
        }
    }
    if (!is_prefix(line, ours) && !is_prefix(ours, line)) {
        return DL_JOURNAL_FORKED;
    }
    if (ours.size > line.size) {
        return held.size >= ours.size ? DL_JOURNAL_REWOUND : DL_JOURNAL_LOST;
    }
    return DL_JOURNAL_CONFIRMED;
}

/* What the sizes and roots alone cannot show is shown when entries come back: a note ahead of the
 * disk that is on another history than a smaller one ahead of the disk. Never is it the other way:
 * where the model goes on, so does the decision, and where it signs, so may the model. */
static void no_small_combination_is_confirmed_where_the_model_is_not(void **state)
{
    (void)state;
    unsigned same = 0;
    unsigned later = 0;
    struct note all[7] = {NONE, A(1), A(2), A(3), B(1), B(2), B(3)};
    for (int code = 0; code < 7 * 7 * 7 * 7 * 7; code++) {
        struct note line = all[code % 7];
        struct note note[4] = {all[code / 7 % 7], all[code / 49 % 7], all[code / 343 % 7],
                               all[code / 2401 % 7]};
        struct dl_hello_author in = {.size = line.size, .held = note[DL_AUTHOR_HELD].size};
        struct dl_author_verdict out;
        for (int i = 0; i < DL_AUTHOR_NOTES; i++) {
            in.note[i] = point_of(note[i], line);
        }
        dl_hello_decide_author(&in, &out);
        enum dl_journal_state expected = model(note, DL_AUTHOR_NOTES, line, note[DL_AUTHOR_HELD]);
        if (out.state == expected) {
            same++;
            continue;
        }
        later++;
        assert_int_equal(expected, DL_JOURNAL_FORKED);
        assert_true(out.state == DL_JOURNAL_REWOUND || out.state == DL_JOURNAL_LOST);
    }
    assert_true(same > 10000 && later > 0 && later < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_author_decides_as_the_design_says),
        cmocka_unit_test(a_fork_names_the_notes_that_contradict),
        cmocka_unit_test(the_newest_receipt_is_the_greater_of_ours_and_the_peers_cosigned),
        cmocka_unit_test(the_receiver_decides_as_the_design_says),
        cmocka_unit_test(no_small_combination_is_confirmed_where_the_model_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
