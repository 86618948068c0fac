#include "protocol/hello_decide.h"

int dl_hello_contradicts(const struct dl_hello_point *notes, size_t n, uint64_t size,
                         const struct dl_hash *root)
{
    for (size_t i = 0; i < n; i++) {
        if (notes[i].present && notes[i].size == size && !dl_hash_equal(&notes[i].root, root)) {
            return (int)i;
        }
    }
    return -1;
}

/* Two notes of one size with two roots; false when there are none. */
static bool find_two_roots(const struct dl_hello_point *notes, int n, int *a, int *b)
{
    for (int i = 1; i < n; i++) {
        if (!notes[i].present) {
            continue;
        }
        int other = dl_hello_contradicts(notes, (size_t)i, notes[i].size, &notes[i].root);
        if (other >= 0) {
            *a = other;
            *b = i;
            return true;
        }
    }
    return false;
}

/* A note within the disk's size whose root is not the disk's; -1 when none. */
static int find_off_disk(const struct dl_hello_point *notes, int n, uint64_t size)
{
    for (int i = 0; i < n; i++) {
        if (notes[i].present && notes[i].size <= size &&
            !dl_hash_equal(&notes[i].root, &notes[i].disk)) {
            return i;
        }
    }
    return -1;
}

static int newest_of(const struct dl_hello_point *notes, const int *which, int n)
{
    int newest = -1;
    for (int i = 0; i < n; i++) {
        const struct dl_hello_point *note = &notes[which[i]];
        if (note->present && (newest < 0 || note->size > notes[newest].size)) {
            newest = which[i];
        }
    }
    return newest;
}

static const int all_author[] = {DL_AUTHOR_HEAD, DL_AUTHOR_RECEIPT, DL_AUTHOR_HELD,
                                 DL_AUTHOR_COSIGNED};
static const int author_receipts[] = {DL_AUTHOR_RECEIPT, DL_AUTHOR_COSIGNED};

static bool is_closed(enum dl_journal_state state)
{
    return state == DL_JOURNAL_LOST || state == DL_JOURNAL_FORKED;
}

void dl_hello_decide_author(const struct dl_hello_author *in, struct dl_author_verdict *out)
{
    struct dl_author_verdict verdict = {.against = {-1, -1}};
    verdict.newest = newest_of(in->note, all_author, DL_AUTHOR_NOTES);
    verdict.receipt = newest_of(in->note, author_receipts, 2);
    verdict.known = verdict.newest < 0 ? 0 : in->note[verdict.newest].size;
    verdict.lost_copy = verdict.receipt >= 0 && in->held < in->note[verdict.receipt].size;

    int off = find_off_disk(in->note, DL_AUTHOR_NOTES, in->size);
    if (off >= 0) {
        verdict.state = DL_JOURNAL_FORKED;
        verdict.against[0] = off;
    } else if (find_two_roots(in->note, DL_AUTHOR_NOTES, &verdict.against[0],
                              &verdict.against[1])) {
        verdict.state = DL_JOURNAL_FORKED;
    } else {
        verdict.serve = true;
        verdict.state = verdict.known <= in->size   ? DL_JOURNAL_CONFIRMED
                        : in->held >= verdict.known ? DL_JOURNAL_REWOUND
                                                    : DL_JOURNAL_LOST;
    }
    if (is_closed(in->state) && verdict.state != DL_JOURNAL_FORKED) {
        verdict.state = in->state;
    }
    verdict.serve = verdict.serve && verdict.state != DL_JOURNAL_FORKED;
    DL_ASSERT(verdict.state != DL_JOURNAL_CONFIRMED || verdict.known <= in->size, "I5");
    *out = verdict;
}

void dl_hello_decide_receiver(const struct dl_hello_receiver *in, struct dl_receiver_verdict *out)
{
    const struct dl_hello_point *receipt = &in->note[DL_RECEIVER_RECEIPT];
    const struct dl_hello_point *cosigned = &in->note[DL_RECEIVER_COSIGNED];
    const struct dl_hello_point *newest = &in->note[DL_RECEIVER_NEWEST];
    struct dl_receiver_verdict verdict = {.what = DL_RECEIVER_OK, .a = -1, .b = -1};
    verdict.raise_floor =
        receipt->present && (!cosigned->present || receipt->size > cosigned->size);

    int off = find_off_disk(in->note, DL_RECEIVER_NOTES, in->size);
    if (find_two_roots(in->note, DL_RECEIVER_NOTES, &verdict.a, &verdict.b)) {
        verdict.what = DL_RECEIVER_TWO_ROOTS;
    } else if (off >= 0) {
        DL_ASSERT(in->note[off].size < in->size, "the stored note is the disk's own");
        verdict.what = DL_RECEIVER_PROVE;
        verdict.a = off;
        verdict.b = DL_RECEIVER_STORED;
    } else if (in->told && !in->closed) {
        static const int before[] = {DL_RECEIVER_STORED, DL_RECEIVER_COSIGNED, DL_RECEIVER_RECEIPT};
        int last = newest_of(in->note, before, 3);
        if (last >= 0 && (!newest->present || newest->size < in->note[last].size)) {
            verdict.what = DL_RECEIVER_SHRUNK;
            verdict.b = last;
        }
    }
    verdict.raise_floor = verdict.raise_floor && verdict.what == DL_RECEIVER_OK;
    *out = verdict;
}
