/* What must hold in every state, and of everything that leaves a node. */
#include "tests/world/walk_pair.h"

#include "node/agency_internal.h"
#include "protocol/session_internal.h"
#include "registry/log_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SIZE_MAX_HERE = 16, HISTORIES_MAX = 512, POINTS = 4 };

void pair_wrong(struct pair *pair, const char *format, ...)
{
    va_list args;
    if (pair->wrong != NULL) {
        return;
    }
    va_start(args, format);
    vsnprintf(pair->wrong_text, sizeof pair->wrong_text, format, args);
    va_end(args);
    pair->wrong = pair->wrong_text;
}

/* ---- every history that a journal ever had on this path: the roots of all its sizes ---- */

struct history {
    int author;
    unsigned generation;
    uint64_t size;
    struct dl_hash roots[SIZE_MAX_HERE + 1];
};
static struct history histories[HISTORIES_MAX];
static size_t n_histories;

static struct dl_hash root_at(struct dl_log *log, uint64_t size)
{
    struct dl_hash root;
    enum dl_err err = dl_log_root_at(log, size, &root);
    DL_ASSERT(err == DL_OK, "a root can be read");
    return root;
}

static struct dl_log *ours(struct pair *pair, int author)
{
    return dl_journal_log(dl_peer_journal(pair_peer(pair, author)));
}

static struct dl_log *theirs(struct pair *pair, int author)
{
    return dl_replica_log(dl_peer_replica(pair_peer(pair, 1 - author)));
}

static void remember(struct pair *pair, int author)
{
    struct dl_log *log = ours(pair, author);
    uint64_t size = dl_log_size(log);
    struct dl_hash root = root_at(log, size);
    DL_ASSERT(size <= SIZE_MAX_HERE, "a walk has few entries");
    for (size_t i = 0; i < n_histories; i++) {
        const struct history *h = &histories[i];
        if (h->author == author && h->generation == dl_log_generation(log) && h->size >= size &&
            dl_hash_equal(&h->roots[size], &root)) {
            return;
        }
    }
    DL_ASSERT(n_histories < HISTORIES_MAX, "a path has few histories");
    struct history *h = &histories[n_histories++];
    *h = (struct history){author, dl_log_generation(log), size, {{{0}}}};
    for (uint64_t i = 0; i <= size; i++) {
        h->roots[i] = root_at(log, i);
    }
}

/* A tree that somebody has or remembers. */
struct point {
    const char *what;
    uint64_t size;
    struct dl_hash root;
};

/* Does one of the two continue the other? */
static bool on_one_history(struct pair *pair, int author, const struct point *a,
                           const struct point *b)
{
    const struct point *shorter = a->size <= b->size ? a : b;
    const struct point *longer = a->size <= b->size ? b : a;
    for (size_t i = 0; i < n_histories; i++) {
        const struct history *h = &histories[i];
        if (h->author == author && h->generation == dl_log_generation(ours(pair, author)) &&
            h->size >= longer->size && dl_hash_equal(&h->roots[longer->size], &longer->root) &&
            dl_hash_equal(&h->roots[shorter->size], &shorter->root)) {
            return true;
        }
    }
    return false;
}

static bool point_of_note(const char *what, struct dl_view note, struct point *out)
{
    out->what = what;
    return note.n > 0 && dl__log_head_of(note, &out->size, &out->root) == DL_OK;
}

static bool point_of_row(struct pair *pair, int side, const char *origin,
                         enum dl_headdb_which which, struct point *out)
{
    struct dl_buf note;
    uint64_t size = 0;
    dl_buf_init(&note, 4096);
    enum dl_err err = dl_headdb_get(dl_virtual_node_agency(pair->side[side].node)->head, origin,
                                    which, &note, &size);
    DL_ASSERT(err == DL_OK, "head.db can be read");
    bool is = point_of_note(which == DL_HEADDB_SIGNED ? "the author's last signed head"
                                                      : "what the receiver cosigned",
                            dl_buf_view(&note), out);
    dl_buf_fini(&note);
    return is;
}

/* Everything of an author's journal that must not be contradicted. */
static size_t gather(struct pair *pair, int author, struct point points[POINTS])
{
    size_t n = 0;
    struct dl_log *log = ours(pair, author);
    const char *origin = dl_log_origin(log);
    if (pair_peer(pair, 1 - author) != NULL) {
        struct dl_log *copy = theirs(pair, author);
        if (dl_log_generation(copy) == dl_log_generation(log)) {
            points[n++] = (struct point){"what the receiver holds", dl_log_size(copy),
                                         root_at(copy, dl_log_size(copy))};
        }
        n += point_of_row(pair, 1 - author, origin, DL_HEADDB_COSIGNED, &points[n]);
    }
    n += point_of_row(pair, author, origin, DL_HEADDB_SIGNED, &points[n]);
    n += point_of_note("a receipt of the author's", dl_log_newest_receipt(log).note, &points[n]);
    return n;
}

/* ---- what leaves ---- */

static bool in_transaction(struct pair *pair, int side)
{
    struct dl_agency *agency = dl_virtual_node_agency(pair->side[side].node);
    return dl_store_in_transaction(dl_line_db_store(agency->db));
}

static void check_checkpoint(struct pair *pair, int author, const char *frame, struct dl_view note)
{
    struct point points[POINTS];
    struct point point;
    struct dl_log *log = ours(pair, author);
    if (!point_of_note("it", note, &point)) {
        return;
    }
    remember(pair, author);
    struct dl_hash root = point.size <= dl_log_size(log) ? root_at(log, point.size) : point.root;
    if (in_transaction(pair, author) || point.size > dl_log_size(log) ||
        !dl_hash_equal(&root, &point.root)) {
        pair_wrong(pair, "I1: %s with a checkpoint of %llu leaves before it is durable", frame,
                   (unsigned long long)point.size);
    }
    size_t n = gather(pair, author, points);
    bool in_head = false;
    for (size_t i = 0; i < n; i++) {
        in_head = in_head || (points[i].what[4] == 'a' && points[i].size >= point.size);
        if (!on_one_history(pair, author, &point, &points[i])) {
            pair_wrong(pair, "I5: %s with a checkpoint of %llu leaves and contradicts %s, of %llu",
                       frame, (unsigned long long)point.size, points[i].what,
                       (unsigned long long)points[i].size);
        }
    }
    if (!in_head) {
        pair_wrong(pair, "I5: %s with a checkpoint of %llu leaves before head.db has it", frame,
                   (unsigned long long)point.size);
    }
}

static void check_receipt(struct pair *pair, int receiver, const char *frame, struct dl_view note,
                          bool held)
{
    struct point point;
    struct point row;
    struct dl_log *log = dl_replica_log(dl_peer_replica(pair_peer(pair, receiver)));
    if (!point_of_note("it", note, &point)) {
        return;
    }
    if (!point_of_row(pair, receiver, dl_log_origin(log), DL_HEADDB_COSIGNED, &row) ||
        row.size < point.size) {
        pair_wrong(pair, "I2: %s for %llu leaves before head.db has it", frame,
                   (unsigned long long)point.size);
    }
    if (!held) {
        return; // once cosigned, and said to be so; what is held is said beside it
    }
    struct dl_hash root = point.size <= dl_log_size(log) ? root_at(log, point.size) : point.root;
    if (in_transaction(pair, receiver) || point.size > dl_log_size(log) ||
        !dl_hash_equal(&root, &point.root)) {
        pair_wrong(pair, "I2: %s for %llu leaves and only %llu are durable", frame,
                   (unsigned long long)point.size, (unsigned long long)dl_log_size(log));
    }
}

static void check_frame(struct pair *pair, int side, const struct dl_frame *frame)
{
    struct dl_msg_hello1 hello1;
    struct dl_msg_hello2 hello2;
    if (frame->type == DL_FRAME_CHECKPOINT) {
        check_checkpoint(pair, side, "CHECKPOINT", frame->body);
    } else if (frame->type == DL_FRAME_RECEIPT) {
        check_receipt(pair, side, "RECEIPT", frame->body, true);
    } else if (frame->type == DL_FRAME_HELLO2 &&
               dl_msg_hello2_decode(frame->body, &hello2) == DL_OK) {
        check_checkpoint(pair, side, "HELLO2", hello2.note);
    } else if (frame->type == DL_FRAME_HELLO1 &&
               dl_msg_hello1_decode(frame->body, &hello1) == DL_OK) {
        check_receipt(pair, side, "HELLO1", hello1.held_cosigned, false);
    }
}

void check_leaving(struct pair *pair, int side, struct dl_view octets)
{
    if (pair_peer(pair, side) == NULL) {
        return;
    }
    while (octets.n > 0) {
        struct dl_frame frame;
        size_t used = 0;
        if (dl_frame_read(octets, DL_LIMIT_FRAME, &frame, &used) != DL_OK || used == 0) {
            pair_wrong(pair, "what a session says is whole frames");
            return;
        }
        check_frame(pair, side, &frame);
        octets = dl_view_of(octets.p + used, octets.n - used);
    }
}

/* ---- what is ---- */

static void check_author(struct pair *pair, int author)
{
    struct point points[POINTS];
    const struct dl_journal *journal = dl_peer_journal(pair_peer(pair, author));
    struct dl_log *log = ours(pair, author);
    struct point here = {"line.db", dl_log_size(log), root_at(log, dl_log_size(log))};
    remember(pair, author);
    size_t n = gather(pair, author, points);
    bool confirmed = dl_journal_state(journal) == DL_JOURNAL_CONFIRMED;
    for (size_t i = 0; i < n && confirmed; i++) {
        if (points[i].size > here.size || !on_one_history(pair, author, &here, &points[i])) {
            pair_wrong(pair, "I5: a confirmed journal of %llu against %s, of %llu",
                       (unsigned long long)here.size, points[i].what,
                       (unsigned long long)points[i].size);
        }
    }
    uint64_t receipted = dl_log_newest_receipt(log).size;
    if (!pair->side[1 - author].restored && receipted > dl_log_size(theirs(pair, author))) {
        pair_wrong(pair, "I2: a receipt for %llu, and only %llu are durable at the receiver",
                   (unsigned long long)receipted,
                   (unsigned long long)dl_log_size(theirs(pair, author)));
    }
    uint64_t known = here.size + dl_journal_tail(journal);
    if (!pair->side[author].restored && known != pair->side[author].submitted) {
        pair_wrong(pair, "I4: %u entries were submitted, and %llu are there",
                   pair->side[author].submitted, (unsigned long long)known);
    }
}

void check_state(struct pair *pair)
{
    for (int side = 0; side < 2 && pair->wrong == NULL; side++) {
        struct dl_peer_view view;
        dl_peer_look(pair_peer(pair, side), &view);
        if (strcmp(view.state, "frozen") == 0) {
            pair_wrong(pair, "%s froze an honest line: %s",
                       dl_virtual_node_name(pair->side[side].node), view.reason);
        }
        check_author(pair, side);
    }
}

static bool is_up(struct pair *pair, int side)
{
    const struct dl__connection *c = pair_peer(pair, side)->current;
    return c != NULL && c->opened && !c->closing && c->session->hello2_told &&
           c->session->hello2_heard;
}

enum ending check_ending(struct pair *pair)
{
    enum ending ending = ENDING_AGREED;
    for (int side = 0; side < 2; side++) {
        const struct dl_journal *journal = dl_peer_journal(pair_peer(pair, side));
        enum dl_journal_state state = dl_journal_state(journal);
        uint64_t size = dl_log_size(ours(pair, side));
        if (!is_up(pair, side)) {
            return ENDING_NOT_YET;
        }
        if (state == DL_JOURNAL_LOST || state == DL_JOURNAL_FORKED) {
            ending = ENDING_CLOSED;
        } else if (state != DL_JOURNAL_CONFIRMED || dl_journal_tail(journal) > 0 ||
                   dl_log_newest_receipt(ours(pair, side)).size != size ||
                   dl_log_size(theirs(pair, side)) != size) {
            return ENDING_NOT_YET;
        }
    }
    return ending;
}
