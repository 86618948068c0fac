/* Any combination of notes, sizes and roots: a decision is made, and it is never to go on where two
 * notes, or a note and the disk, contradict each other. */
#include "protocol/hello_decide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_point(struct dl_cursor *cursor, uint64_t disk, struct dl_hello_point *out)
{
    uint8_t bits = dl_cursor_u8(cursor);
    *out = (struct dl_hello_point){.present = (bits & 1) != 0, .size = 1 + ((bits >> 1) & 7)};
    out->root.b[0] = (bits >> 4) & 3;
    out->disk.b[0] = (bits >> 6) & 3;
    if (out->size > disk) {
        out->disk = (struct dl_hash){{0}};
    }
}

/* Does the note contradict the disk or another one? */
static bool contradicts(const struct dl_hello_point *notes, int n, uint64_t disk)
{
    for (int i = 0; i < n; i++) {
        if (!notes[i].present) {
            continue;
        }
        if (notes[i].size <= disk && !dl_hash_equal(&notes[i].root, &notes[i].disk)) {
            return true;
        }
        for (int k = 0; k < i; k++) {
            if (notes[k].present && notes[k].size == notes[i].size &&
                !dl_hash_equal(&notes[k].root, &notes[i].root)) {
                return true;
            }
        }
    }
    return false;
}

static void author(struct dl_cursor *cursor)
{
    struct dl_hello_author in = {.state = dl_cursor_u8(cursor) % 5,
                                 .size = dl_cursor_u8(cursor) % 9,
                                 .held = dl_cursor_u8(cursor) % 9};
    struct dl_author_verdict out;
    for (int i = 0; i < DL_AUTHOR_NOTES; i++) {
        take_point(cursor, in.size, &in.note[i]);
    }
    bool bad = contradicts(in.note, DL_AUTHOR_NOTES, in.size);
    dl_hello_decide_author(&in, &out);
    DL_ASSERT(bad == (out.against[0] >= 0), "a contradiction is found, and nothing else is");
    DL_ASSERT(!bad || (out.state == DL_JOURNAL_FORKED && !out.serve), "I5");
    DL_ASSERT(out.state != DL_JOURNAL_CONFIRMED || out.known <= in.size, "I5");
    DL_ASSERT(out.state != DL_JOURNAL_REWOUND || (out.known > in.size && out.known <= in.held),
              "rewound: there is something to pull, and the peer has it");
    DL_ASSERT(out.state != DL_JOURNAL_UNCONFIRMED, "a decision");
}

static void receiver(struct dl_cursor *cursor)
{
    uint8_t bits = dl_cursor_u8(cursor);
    struct dl_hello_receiver in = {.told = (bits & 1) != 0, .closed = (bits & 2) != 0};
    struct dl_receiver_verdict out;
    in.size = dl_cursor_u8(cursor) % 9;
    for (int i = 0; i < DL_RECEIVER_NOTES; i++) {
        take_point(cursor, in.size, &in.note[i]);
    }
    struct dl_hello_point *stored = &in.note[DL_RECEIVER_STORED];
    stored->present = in.size > 0; /* what the session sees to */
    stored->size = in.size;
    stored->disk = stored->root;
    for (int i = 1; i < DL_RECEIVER_NOTES; i++) {
        if (in.note[i].size == in.size) {
            in.note[i].disk = stored->root;
        }
    }
    bool bad = contradicts(in.note, DL_RECEIVER_NOTES, in.size);
    dl_hello_decide_receiver(&in, &out);
    bool doubted = out.what == DL_RECEIVER_TWO_ROOTS || out.what == DL_RECEIVER_PROVE;
    DL_ASSERT(bad == doubted, "a contradiction is found, and nothing else is");
    DL_ASSERT(!out.raise_floor || out.what == DL_RECEIVER_OK, "a floor only without doubt");
    DL_ASSERT(!doubted || (out.a >= 0 && out.b >= 0 && out.a != out.b), "both notes are named");
    DL_ASSERT(out.what != DL_RECEIVER_PROVE || in.note[out.a].size < in.note[out.b].size,
              "a proof goes from the smaller to the greater");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, dl_view_of(data, size));
    if (dl_cursor_u8(&cursor) % 2 == 0) {
        author(&cursor);
    } else {
        receiver(&cursor);
    }
    return 0;
}
