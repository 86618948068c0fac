/* Two agencies, cn and us, with a session each over disks that are plain arrays, pumped in memory
 * under virtual time. What happens is written down as an operator would read it; tests compare that
 * text. The caller's part is what node/peer.c does.
 */
#ifndef DL_TESTS_SESSION_PAIR_H
#define DL_TESTS_SESSION_PAIR_H

#include "protocol/checkpoint.h"
#include "protocol/head.h"
#include "protocol/session.h"
#include "tests/unit/protocol/session_leaf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef DL_FUZZING /* the same caller under the fuzzer: what a test asserts is asserted there too   \
                   */
#define assert_true(condition) DL_ASSERT(condition, "the caller's part")
#define assert_int_equal(a, b) assert_true((long long)(a) == (long long)(b))
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_memory_equal(a, b, n) assert_true(memcmp(a, b, n) == 0)
#else
#include <cmocka.h>
#endif

enum { MAX_ENTRIES = 4096, NOTE_MAX = 1024, LOG_MAX = 64 * 1024 };

struct stored_entry {
    uint8_t *octets; /* leaf, salt, content */
    size_t leaf_n, content_n;
};

/* A log on disk: entries, and signed checkpoints by size (empty where none was signed). */
struct disk_log {
    unsigned generation;
    uint64_t size;
    struct stored_entry entries[MAX_ENTRIES];
    char *notes[MAX_ENTRIES + 1];
};

struct side {
    const char *name;
    const char *peer_name;
    struct side *other;
    struct dl_secret_key journal_secret, receipt_secret;
    struct dl_signer *journal_signer, *receipt_signer;
    struct disk_log ours, theirs;
    char head[NOTE_MAX], receipt[NOTE_MAX], cosigned[NOTE_MAX];
    enum dl_journal_state state;
    unsigned tail; /* entries submitted and not in the tree */
    unsigned submitted;
    bool full; /* the disk */
    bool late; /* COMMIT is not heeded before the turn ends */
    /* the running session */
    struct dl_session *session;
    uint64_t to_store; /* size given to store in this turn, 0: none */
    char cosign[NOTE_MAX];
    struct dl_buf inbox;
    int64_t wake;
    enum dl_err closed; /* how the last session ended */
    bool closed_by_peer;
    char close_text[DL_CLOSE_TEXT_MAX + 1];
    struct dl_update_alarm alarm;
    char alarm_note[2][NOTE_MAX];
    struct dl_update_peer peer;
    struct dl_update_test test;
    struct dl_update_journal journal;
    size_t repaired;
    bool repairing;
    bool refuse_proof; /* a fault of this side's node */
};

struct pair {
    struct side cn, us;
    int64_t now;
    size_t chunk; /* octets delivered at once; 0: all */
    bool cut;     /* nothing is delivered any more */
    char log[LOG_MAX];
    size_t n_log;
    bool quiet;
    bool small; /* batches end at the first signed checkpoint */
};

static struct pair world; /* large; one test at a time */

static void say(struct side *side, const char *format, ...)
    __attribute__((format(printf, 2, 3), unused));
static void say(struct side *side, const char *format, ...)
{
    if (world.quiet) {
        return;
    }
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    int n = snprintf(world.log + world.n_log, LOG_MAX - world.n_log, "%s %s\n", side->name, line);
    assert_true(n > 0 && world.n_log + (size_t)n < LOG_MAX);
    world.n_log += (size_t)n;
}

/* ---- disks ---- */

static struct dl_frontier frontier_at(const struct disk_log *log, uint64_t size)
{
    struct dl_frontier frontier;
    dl_frontier_init(&frontier);
    for (uint64_t i = 0; i < size; i++) {
        struct dl_hash leaf =
            dl_merkle_leaf(dl_view_of(log->entries[i].octets, log->entries[i].leaf_n));
        dl_frontier_append(&frontier, &leaf);
    }
    return frontier;
}

static struct dl_entry_octets entry_at(const struct disk_log *log, uint64_t index)
{
    const struct stored_entry *e = &log->entries[index];
    return (struct dl_entry_octets){
        .leaf = dl_view_of(e->octets, e->leaf_n),
        .salt = dl_view_of(e->octets + e->leaf_n, DL_LIMIT_SALT),
        .content = dl_view_of(e->octets + e->leaf_n + DL_LIMIT_SALT, e->content_n),
    };
}

static void put_entry(struct disk_log *log, uint64_t index, const struct dl_entry_octets *entry)
{
    struct stored_entry *e = &log->entries[index];
    assert_true(index < MAX_ENTRIES);
    free(e->octets);
    e->leaf_n = entry->leaf.n;
    e->content_n = entry->content.n;
    e->octets = malloc(dl_entry_octets_size(entry));
    assert_non_null(e->octets);
    memcpy(e->octets, entry->leaf.p, entry->leaf.n);
    memcpy(e->octets + e->leaf_n, entry->salt.p, DL_LIMIT_SALT);
    memcpy(e->octets + e->leaf_n + DL_LIMIT_SALT, entry->content.p, entry->content.n);
}

static void put_note(struct disk_log *log, uint64_t size, struct dl_view note)
{
    free(log->notes[size]);
    log->notes[size] = strndup((const char *)note.p, note.n);
}

static struct dl_view note_view(const char *note)
{
    return note == NULL ? (struct dl_view){0} : dl_view_str(note);
}

static void copy_note(char to[NOTE_MAX], struct dl_view note)
{
    assert_true(note.n < NOTE_MAX);
    if (note.n > 0) {
        memcpy(to, note.p, note.n);
    }
    to[note.n] = 0;
}

static void origin_text(const struct side *from, const struct side *to, unsigned generation,
                        char out[DL_LIMIT_ORIGIN + 1])
{
    char base[DL_LIMIT_ORIGIN + 1];
    snprintf(base, sizeof base, "directline/%s/%s", from->name, to->name);
    assert_int_equal(dl_origin_of(dl_view_str(base), generation, out), DL_OK);
}

/* Sign a checkpoint of `side`'s journal with any root. */
static void sign_root(struct side *side, uint64_t size, const struct dl_hash *root,
                      char out[NOTE_MAX])
{
    char origin[DL_LIMIT_ORIGIN + 1];
    struct dl_buf text;
    struct dl_buf note;
    struct dl_vkey vkey;
    struct dl_public_key key = dl_signer_public(side->journal_signer);
    origin_text(side, side->other, side->ours.generation, origin);
    dl_buf_init(&text, NOTE_MAX);
    dl_buf_init(&note, NOTE_MAX);
    dl_checkpoint_put(&text, dl_view_str(origin), size, root);
    struct dl_signature signature = dl_signer_sign(side->journal_signer, dl_buf_view(&text));
    assert_int_equal(dl_vkey_make(dl_view_str(origin), DL_KEY_ED25519, &key, &vkey), DL_OK);
    dl_note_put_text(&note, dl_buf_view(&text));
    dl_note_put_line(&note, &vkey, dl_view_of(signature.b, sizeof signature.b));
    copy_note(out, dl_buf_view(&note));
    dl_buf_fini(&text);
    dl_buf_fini(&note);
}

/* The cosignature of `by` on a note of `side`'s journal. */
static void __attribute__((unused))
cosign_note(struct side *side, struct side *by, const char *note, int64_t time, char out[NOTE_MAX])
{
    char origin[DL_LIMIT_ORIGIN + 1];
    origin_text(side, side->other, side->ours.generation, origin);
    struct dl_head_names names = {
        .origin = dl_view_str(origin),
        .receiver = dl_view_str(by->name),
        .journal_key = dl_signer_public(side->journal_signer),
        .receipt_key = dl_signer_public(by->receipt_signer),
    };
    struct dl_head_keys *keys = NULL;
    struct dl_head head;
    struct dl_buf buf;
    dl_buf_init(&buf, NOTE_MAX);
    assert_int_equal(dl_head_keys_new(&names, &keys), DL_OK);
    assert_int_equal(dl_head_parse(keys, dl_view_str(note), &head), DL_OK);
    dl_head_cosign(keys, by->receipt_signer, time, &head);
    dl_head_write(keys, &head, &buf);
    copy_note(out, dl_buf_view(&buf));
    dl_buf_fini(&buf);
    dl_head_keys_free(&keys);
}

static void sign_journal(struct side *side)
{
    char note[NOTE_MAX];
    struct dl_frontier frontier = frontier_at(&side->ours, side->ours.size);
    struct dl_hash root = dl_frontier_root(&frontier);
    sign_root(side, side->ours.size, &root, note);
    put_note(&side->ours, side->ours.size, dl_view_str(note));
}

/* n entries into the tree and one checkpoint: the append transaction, then head.db. */
static void append_quietly(struct side *side, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct leaf_octets made;
        make_leaf(&made, side->name, side->submitted++);
        struct dl_entry_octets entry = leaf_entry(&made);
        put_entry(&side->ours, side->ours.size, &entry);
        side->ours.size++;
        free_leaf(&made);
    }
    sign_journal(side);
    copy_note(side->head, note_view(side->ours.notes[side->ours.size]));
}

/* ---- the caller's part ---- */

static void step(struct side *side, struct dl_session_event *event);

static void store_batch(struct side *side, const struct dl_update_batch *batch)
{
    struct disk_log *log = &side->theirs;
    if (side->full) { /* whatever is written will be rolled back */
        side->to_store = batch->first + batch->n;
        say(side, "stores %d to %d", (int)batch->first, (int)side->to_store - 1);
        return;
    }
    if (batch->generation != log->generation) {
        assert_true(batch->renewed && batch->first == 0);
        log->generation = batch->generation;
        log->size = 0;
        say(side, "accepts generation %u", batch->generation);
    }
    uint64_t at = side->to_store == 0 ? log->size : side->to_store;
    assert_int_equal(batch->first, at);
    for (size_t i = 0; i < batch->n; i++) {
        put_entry(log, batch->first + i, &batch->entries[i]);
        struct dl_hash leaf = dl_merkle_leaf(batch->entries[i].leaf);
        assert_memory_equal(leaf.b, batch->leaves[i].b, 32);
    }
    put_note(log, batch->first + batch->n, batch->note);
    side->to_store = batch->first + batch->n;
    if (batch->cosign) {
        copy_note(side->cosign, batch->note);
    }
    say(side, "stores %d to %d%s", (int)batch->first, (int)side->to_store - 1,
        batch->cosign ? "" : ", below the floor");
}

static void cosign_row(struct side *side, const char *note)
{
    cosign_note(side->other, side, note, 1764000000 + world.now / 1000, side->cosigned);
}

static void commit(struct side *side)
{
    struct dl_session_event event = {.type = DL_ON_STORED, .size = side->to_store};
    if (side->to_store == 0) {
        return;
    }
    if (side->full) {
        event.type = DL_ON_FULL;
        event.size = side->theirs.size;
        say(side, "disk full");
    } else {
        side->theirs.size = side->to_store;
        if (side->cosign[0] != 0) {
            cosign_row(side, side->cosign);
        }
    }
    side->cosign[0] = 0;
    side->to_store = 0;
    step(side, &event);
}

static void return_batch(struct side *side, const struct dl_update_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        put_entry(&side->ours, batch->first + i, &batch->entries[i]);
    }
    side->ours.size = batch->first + batch->n;
    put_note(&side->ours, side->ours.size, batch->note);
    copy_note(side->head, batch->note);
    say(side, "takes back %d to %d", (int)batch->first, (int)side->ours.size - 1);
    struct dl_session_event event = {.type = DL_ON_RETURNED, .size = side->ours.size};
    step(side, &event);
}

static void answer_want(struct side *side, const struct dl_update_want *want)
{
    static struct dl_entry_octets entries[DL_LIMIT_BATCH_ENTRIES];
    struct disk_log *log = want->side == DL_SIDE_OURS ? &side->ours : &side->theirs;
    struct dl_session_event event = {.type = DL_ON_ENTRIES, .from = want->from};
    size_t octets = 0;
    size_t n = 0;
    for (uint64_t i = want->from; i < want->to && i < log->size && n < want->n_max; i++) {
        entries[n] = entry_at(log, i);
        octets += dl_entry_octets_size(&entries[n]);
        n++;
        if (octets > want->octets_max) {
            break;
        }
        if (want->single || log->notes[i + 1] != NULL) {
            event.n = n;
            event.note = note_view(log->notes[i + 1]);
            if (world.small && !want->single) {
                break;
            }
        }
    }
    event.entries = entries;
    step(side, &event);
}

static void answer_roots(struct side *side, const struct dl_session_update *update)
{
    struct dl_session_root roots[8];
    assert_true(update->n_roots <= 8);
    for (size_t i = 0; i < update->n_roots; i++) {
        roots[i] = update->roots[i];
        struct disk_log *log = roots[i].side == DL_SIDE_OURS ? &side->ours : &side->theirs;
        assert_true(roots[i].size <= log->size);
        struct dl_frontier frontier = frontier_at(log, roots[i].size);
        roots[i].root = dl_frontier_root(&frontier);
    }
    struct dl_session_event event = {.type = DL_ON_ROOTS, .roots = roots, .n = update->n_roots};
    step(side, &event);
}

/* Hash of a complete subtree, from the leaves. */
static enum dl_err read_tree(void *self, unsigned level, uint64_t index, struct dl_hash *out)
{
    const struct disk_log *log = self;
    struct dl_frontier frontier;
    dl_frontier_init(&frontier);
    for (uint64_t i = index << level; i < (index + 1) << level; i++) {
        struct dl_hash leaf =
            dl_merkle_leaf(dl_view_of(log->entries[i].octets, log->entries[i].leaf_n));
        dl_frontier_append(&frontier, &leaf);
    }
    *out = dl_frontier_root(&frontier);
    return DL_OK;
}

static void answer_proof(struct side *side, const struct dl_session_update *update)
{
    struct dl_tree_reader reader = {&side->ours, read_tree};
    struct dl_proof proof;
    struct dl_session_event event = {.type = DL_ON_PROOF};
    assert_int_equal(dl_consistency_make(&reader, update->from, update->to, &proof), DL_OK);
    say(side, "proves %d to %d", (int)update->from, (int)update->to);
    if (!side->refuse_proof) {
        event.proof = &proof;
    }
    step(side, &event);
}

static void note_closed(struct side *side, const struct dl_session_update *update)
{
    side->closed = update->code;
    side->closed_by_peer = update->by_peer;
    snprintf(side->close_text, sizeof side->close_text, "%.*s", DL_VIEW_ARG(update->text));
    say(side, "%s %s", update->by_peer ? "was closed" : "closes", dl_err_code(update->code));
    dl_session_free(&side->session);
    side->wake = 0;
}

static void note_journal(struct side *side, const struct dl_update_journal *journal)
{
    side->state = journal->state;
    side->journal = *journal;
    say(side, "journal %s", dl_journal_state_name(journal->state));
    if (journal->state == DL_JOURNAL_REWOUND) {
        say(side, "wants back up to %d", (int)journal->size - 1);
    }
}

static void note_peer(struct side *side, const struct dl_update_peer *peer)
{
    if (peer->lost_copy && !side->peer.lost_copy) {
        say(side, "peer lost its copy");
    }
    if (peer->busy != side->peer.busy) {
        say(side, "peer %s", peer->busy ? "busy" : "ready");
    }
    if (peer->closed && !side->peer.closed) {
        say(side, "peer's journal closed");
    }
    side->peer = *peer;
}

static void note_alarm(struct side *side, const struct dl_update_alarm *alarm)
{
    static const char *const kinds[] = {"", "two roots", "proof failed", "proof refused"};
    side->alarm = *alarm;
    copy_note(side->alarm_note[0], alarm->note[0]);
    copy_note(side->alarm_note[1], alarm->note[1]);
    say(side, "FREEZES: %s", kinds[alarm->kind]);
}

static void note_receipt(struct side *side, const struct dl_update_receipt *receipt)
{
    copy_note(side->receipt, receipt->note);
    say(side, "receipt %d%s", (int)receipt->size, receipt->clock ? ", clock?" : "");
}

/* What only needs to be noted down. */
static void note_down(struct side *side, const struct dl_session_update *update)
{
    if (update->flags & DL_UPDATE_OPENED) {
        say(side, "link up");
    }
    if (update->flags & DL_UPDATE_FLOOR) {
        copy_note(side->cosigned, update->floor);
        say(side, "raises its floor");
    }
    if (update->flags & DL_UPDATE_JOURNAL) {
        note_journal(side, &update->journal);
    }
    if (update->flags & DL_UPDATE_RECEIPT) {
        note_receipt(side, &update->receipt);
    }
    if (update->flags & DL_UPDATE_PEER) {
        note_peer(side, &update->peer);
    }
    if (update->flags & DL_UPDATE_ALARM) {
        note_alarm(side, &update->alarm);
    }
    if (update->flags & DL_UPDATE_TESTED) {
        side->test = update->test;
        say(side, "link test %s %s, %d ms", update->test.incoming ? "in" : "out",
            update->test.ok ? "ok" : "late", (int)update->test.ms);
    }
    if (update->flags & DL_UPDATE_REPAIR) {
        side->repaired = update->batch.n;
        side->repairing = false;
        say(side, "got %d for repair", (int)update->batch.n);
    }
}

static void submit(struct side *side, unsigned n);

static void act(struct side *side, const struct dl_session_update *update)
{
    bool confirmed =
        (update->flags & DL_UPDATE_JOURNAL) != 0 && update->journal.state == DL_JOURNAL_CONFIRMED;
    struct dl_session_event next = {.type = DL_ON_NEXT};
    if (update->flags & DL_UPDATE_STORE) {
        store_batch(side, &update->batch);
    }
    note_down(side, update);
    if (update->send.n > 0) {
        dl_buf_put_view(&side->other->inbox, update->send);
        assert_int_equal(dl_buf_err(&side->other->inbox), DL_OK);
    }
    side->wake = update->wake_ms;
    if (update->flags & DL_UPDATE_CLOSED) {
        note_closed(side, update);
        return;
    }
    /* an answer ends this update's views, so each is the last thing done with it */
    struct dl_session_update kept = *update;
    if (kept.flags & DL_UPDATE_RETURN) {
        return_batch(side, &kept.batch);
    }
    if (kept.flags & DL_UPDATE_ROOTS) {
        answer_roots(side, &kept);
    }
    if (side->session != NULL && kept.flags & DL_UPDATE_PROOF) {
        answer_proof(side, &kept);
    }
    if (side->session != NULL && kept.flags & DL_UPDATE_WANT) {
        answer_want(side, &kept.want);
    }
    if (side->session != NULL && confirmed && side->tail > 0) {
        unsigned n = side->tail;
        side->tail = 0;
        submit(side, n);
    }
    if (side->session != NULL && kept.flags & DL_UPDATE_COMMIT && !side->late) {
        commit(side);
    }
    if (side->session != NULL && kept.flags & DL_UPDATE_MORE) {
        step(side, &next);
    }
}

static void step(struct side *side, struct dl_session_event *event)
{
    struct dl_session_update update;
    if (side->session == NULL) {
        return;
    }
    event->now_ms = world.now;
    event->unix_ms = 1764000000000 + world.now;
    dl_session_step(side->session, event, &update);
    act(side, &update);
}

/* Submit n entries: into the tree when the journal is confirmed, else into the tail. */
static void submit(struct side *side, unsigned n)
{
    if (side->state != DL_JOURNAL_CONFIRMED) {
        side->tail += n;
        return;
    }
    append_quietly(side, n);
    struct dl_session_event event = {
        .type = DL_ON_GREW, .size = side->ours.size, .note = dl_view_str(side->head)};
    step(side, &event);
}

/* ---- the world ---- */

/* line.db comes back from when the log had `size` entries. */
static void __attribute__((unused)) cut_log(struct disk_log *log, uint64_t size)
{
    assert_true(size <= log->size);
    for (uint64_t i = size + 1; i <= log->size; i++) {
        free(log->notes[i]);
        log->notes[i] = NULL;
    }
    log->size = size;
}

static void init_side(struct side *side, const char *name, struct side *other)
{
    side->name = name;
    side->other = other;
    side->ours.generation = 1;
    side->theirs.generation = 1;
    memset(side->journal_secret.b, name[0], 32);
    memset(side->receipt_secret.b, name[1], 32);
    side->journal_signer = dl_signer_new(&side->journal_secret);
    side->receipt_signer = dl_signer_new(&side->receipt_secret);
    dl_buf_init(&side->inbox, 64 * 1024 * 1024);
}

static void init_world(void)
{
    memset(&world, 0, sizeof world);
    world.now = 1000;
    init_side(&world.cn, "cn", &world.us);
    init_side(&world.us, "us", &world.cn);
}

static void free_log(struct disk_log *log)
{
    for (size_t i = 0; i < MAX_ENTRIES; i++) {
        free(log->entries[i].octets);
        log->entries[i].octets = NULL;
    }
    for (size_t i = 0; i <= MAX_ENTRIES; i++) {
        free(log->notes[i]);
        log->notes[i] = NULL;
    }
    log->size = 0;
}

static void fini_side(struct side *side)
{
    dl_session_free(&side->session);
    dl_signer_free(&side->journal_signer);
    dl_signer_free(&side->receipt_signer);
    dl_buf_fini(&side->inbox);
    free_log(&side->ours);
    free_log(&side->theirs);
}

static int __attribute__((unused)) setup(void **state)
{
    (void)state;
    init_world();
    return 0;
}

static int __attribute__((unused)) teardown(void **state)
{
    (void)state;
    fini_side(&world.cn);
    fini_side(&world.us);
    return 0;
}

/* After a start: a head.db that is behind line.db is advanced. */
static void advance_head(struct side *side)
{
    unsigned long long head = 0;
    sscanf(side->head, "%*s %llu", &head);
    if (head < side->ours.size) {
        copy_note(side->head, note_view(side->ours.notes[side->ours.size]));
    }
}

static enum dl_err make_session(struct side *side)
{
    struct dl_frontier ours = frontier_at(&side->ours, side->ours.size);
    struct dl_frontier theirs = frontier_at(&side->theirs, side->theirs.size);
    char origin_ours[64];
    char origin_theirs[64];
    snprintf(origin_ours, sizeof origin_ours, "directline/%s/%s", side->name, side->other->name);
    snprintf(origin_theirs, sizeof origin_theirs, "directline/%s/%s", side->other->name,
             side->name);
    struct dl_session_config config = {
        .us = dl_view_str(side->name),
        .peer = dl_view_str(side->other->name),
        .origin_ours = dl_view_str(origin_ours),
        .origin_theirs = dl_view_str(origin_theirs),
        .our_journal_key = dl_signer_public(side->journal_signer),
        .our_receipt_key = dl_signer_public(side->receipt_signer),
        .peer_journal_key = dl_signer_public(side->other->journal_signer),
        .peer_receipt_key = dl_signer_public(side->other->receipt_signer),
        .receipt_signer = side->receipt_signer,
        .ours = {.generation = side->ours.generation,
                 .state = side->state,
                 .size = side->ours.size,
                 .frontier = &ours,
                 .note = note_view(side->ours.notes[side->ours.size]),
                 .head = dl_view_str(side->head),
                 .receipt = dl_view_str(side->receipt)},
        .theirs = {.generation = side->theirs.generation,
                   .size = side->theirs.size,
                   .frontier = &theirs,
                   .note = note_view(side->theirs.notes[side->theirs.size]),
                   .cosigned = dl_view_str(side->cosigned)},
        .busy = side->full,
    };
    return dl_session_new(&config, &side->session);
}

static void open_side(struct side *side)
{
    dl_session_free(&side->session);
    side->to_store = 0;
    side->cosign[0] = 0;
    memset(&side->peer, 0, sizeof side->peer);
    side->repairing = false;
    side->closed = DL_OK;
    advance_head(side);
    assert_int_equal(make_session(side), DL_OK);
    struct dl_session_event event = {.type = DL_ON_OPEN};
    step(side, &event);
}

static bool deliver(struct side *side)
{
    if (side->inbox.n == 0 || world.cut) {
        return false;
    }
    if (side->session == NULL) {
        dl_buf_reset(&side->inbox);
        return false;
    }
    size_t n = world.chunk == 0 ? side->inbox.n : world.chunk;
    n = n < side->inbox.n ? n : side->inbox.n;
    n = n < 256 * 1024 ? n : 256 * 1024;
    uint8_t *copy = malloc(n); /* of its own, so that reading past its end is seen */
    assert_non_null(copy);
    memcpy(copy, side->inbox.p, n);
    dl_buf_consume(&side->inbox, n);
    struct dl_session_event event = {.type = DL_ON_BYTES, .octets = dl_view_of(copy, n)};
    step(side, &event);
    free(copy);
    return true;
}

/* Until nothing moves; every turn ends with each side's commit. */
static void pump(void)
{
    bool moved = true;
    while (moved) {
        moved = deliver(&world.cn);
        moved = deliver(&world.us) || moved;
        commit(&world.cn);
        commit(&world.us);
        moved = moved || (!world.cut && (world.cn.inbox.n > 0 || world.us.inbox.n > 0));
    }
}

static void __attribute__((unused)) connect_both(void)
{
    world.cut = false;
    dl_buf_reset(&world.cn.inbox);
    dl_buf_reset(&world.us.inbox);
    open_side(&world.cn);
    open_side(&world.us);
    pump();
}

/* The connection breaks; what was under way is lost. */
static void __attribute__((unused)) cut(void)
{
    dl_session_free(&world.cn.session);
    dl_session_free(&world.us.session);
    dl_buf_reset(&world.cn.inbox);
    dl_buf_reset(&world.us.inbox);
    world.cn.to_store = 0;
    world.us.to_store = 0;
}

/* The process ends: every journal is unconfirmed again. */
static void __attribute__((unused)) restart(struct side *side)
{
    cut();
    if (side->state == DL_JOURNAL_CONFIRMED || side->state == DL_JOURNAL_REWOUND) {
        side->state = DL_JOURNAL_UNCONFIRMED;
    }
}

/* Virtual time goes on; each side is stepped when it asked to be. */
static void __attribute__((unused)) pass(int64_t ms)
{
    int64_t until = world.now + ms;
    while (true) {
        int64_t next = until;
        struct side *sides[] = {&world.cn, &world.us};
        for (int i = 0; i < 2; i++) {
            if (sides[i]->session != NULL && sides[i]->wake > 0 && sides[i]->wake < next) {
                next = sides[i]->wake;
            }
        }
        world.now = next > world.now ? next : world.now;
        for (int i = 0; i < 2; i++) {
            if (sides[i]->session != NULL && sides[i]->wake > 0 && sides[i]->wake <= world.now) {
                struct dl_session_event event = {.type = DL_ON_TIME};
                step(sides[i], &event);
            }
        }
        pump();
        if (world.now >= until) {
            return;
        }
    }
}

static void __attribute__((unused)) forget_log(void)
{
    world.n_log = 0;
    world.log[0] = 0;
}

#define assert_log(text)                                                                           \
    do {                                                                                           \
        assert_string_equal(world.log, text);                                                      \
        forget_log();                                                                              \
    } while (0)

#endif
