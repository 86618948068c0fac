#include "registry/journal.h"
#include "protocol/checkpoint.h"
#include "registry/journal_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dl__stage_init(struct stage *stage)
{
    dl_buf_init(&stage->leaves, (size_t)DL_LIMIT_BATCH_ENTRIES * (DL_LIMIT_LEAF + 4));
    dl_buf_init(&stage->contents, (size_t)4 * DL_LIMIT_BATCH_OCTETS);
    stage->n = 0;
}

void dl__stage_reset(struct stage *stage)
{
    dl_buf_reset(&stage->leaves);
    dl_buf_reset(&stage->contents);
    stage->n = 0;
}

void dl__stage_fini(struct stage *stage)
{
    dl_buf_fini(&stage->leaves);
    dl_buf_fini(&stage->contents);
}

enum dl_err dl__journal_count_tail(struct dl_journal *j)
{
    int64_t n = 0;
    DL_TRY(dl_store_run(dl_line_db_store(j->config.db),
                        "SELECT coalesce(sum(n), 0) FROM run WHERE log=?1 AND first IS NULL",
                        DL_SQL(DL_SQL_INT(dl_log_id(j->log))), dl_row_take_int, &n));
    j->tail = (uint64_t)n;
    j->tail_ahead = n > 0;
    return DL_OK;
}

/* head.db behind line.db is put forward where it agrees: a crash came between the two commits. */
static enum dl_err reconcile(struct dl_journal *j)
{
    uint64_t size = dl_log_size(j->log);
    DL_TRY(dl_headdb_get(j->config.head, dl_log_origin(j->log), DL_HEADDB_SIGNED, &j->head,
                         &j->head_size));
    if (j->head_size > size) {
        return DL_OK; // line.db came back from the past; HELLO decides
    }
    struct dl_hash signed_root = dl_merkle_empty();
    struct dl_hash root;
    uint64_t signed_size = 0;
    if (j->head.n > 0) {
        DL_TRY(dl__log_head_of(dl_buf_view(&j->head), &signed_size, &signed_root));
    }
    DL_TRY(dl_log_root_at(j->log, signed_size, &root));
    if (!dl_hash_equal(&root, &signed_root)) {
        j->state = DL_JOURNAL_FORKED;
        return dl_log_set_closed(j->log, "forked");
    }
    if (size > j->head_size) {
        dl_buf_put_view(&j->new_head, dl_log_note(j->log));
        j->new_head_size = size;
        enum dl_err err = dl_journal_put_head(j);
        if (err != DL_OK) {
            dl_headdb_rollback(j->config.head);
            return err;
        }
        DL_TRY(dl_headdb_commit(j->config.head));
        dl_journal_settle(j);
    }
    j->sendable = size;
    return DL_OK;
}

enum dl_err dl__journal_load(struct dl_journal *j, struct dl_error *error)
{
    struct dl_log_name name = {.peer = j->peer, .ours = true, .origin = j->origin};
    DL_TRY(dl_log_open(j->config.db, &name, &j->log, error));
    struct dl_public_key key = dl_signer_public(j->config.signer);
    DL_TRY(dl_vkey_make(dl_view_str(dl_log_origin(j->log)), DL_KEY_ED25519, &key, &j->vkey));
    const char *closed = dl_log_closed(j->log);
    j->state = strcmp(closed, "lost") == 0     ? DL_JOURNAL_LOST
               : strcmp(closed, "forked") == 0 ? DL_JOURNAL_FORKED
                                               : DL_JOURNAL_UNCONFIRMED;
    DL_TRY(dl__journal_count_tail(j));
    DL_TRY(
        dl_headdb_generation(j->config.head, j->origin, DL_HEADDB_SIGNED, &j->signed_generation));
    if (closed[0] == '\0' && j->signed_generation > dl_log_generation(j->log)) {
        j->state = DL_JOURNAL_LOST; // line.db came back from before `line renew`
        return DL_OK;               // not written: head.db says it at every start
    }
    return closed[0] == '\0' ? reconcile(j) : DL_OK;
}

enum dl_err dl_journal_open(const struct dl_journal_config *config, struct dl_journal **out,
                            struct dl_error *error)
{
    struct dl_journal *j = calloc(1, sizeof *j);
    DL_ASSERT(j != NULL, "memory for a journal");
    j->config = *config;
    snprintf(j->peer, sizeof j->peer, "%s", config->peer);
    snprintf(j->origin, sizeof j->origin, "%s", config->origin);
    dl_buf_init(&j->head, DL_LIMIT_CHECKPOINT);
    dl_buf_init(&j->new_head, DL_LIMIT_CHECKPOINT);
    dl__stage_init(&j->stage);
    dl__stage_init(&j->ahead);
    enum dl_err err = dl__journal_load(j, error);
    if (err == DL_OK) {
        err = dl_line_db_commit(config->db);
    }
    if (err != DL_OK) {
        dl_journal_close(&j);
        return err;
    }
    *out = j;
    return DL_OK;
}

void dl_journal_close(struct dl_journal **journal)
{
    struct dl_journal *j = *journal;
    if (j != NULL) {
        dl_log_close(&j->log);
        dl_buf_fini(&j->head);
        dl_buf_fini(&j->new_head);
        dl__stage_fini(&j->stage);
        dl__stage_fini(&j->ahead);
        free(j);
        *journal = NULL;
    }
}

struct dl_log *dl_journal_log(struct dl_journal *journal)
{
    return journal->log;
}

enum dl_journal_state dl_journal_state(const struct dl_journal *journal)
{
    return journal->state;
}

static bool is_closed(const struct dl_journal *j)
{
    return j->state == DL_JOURNAL_LOST || j->state == DL_JOURNAL_FORKED;
}

enum dl_err dl_journal_set_state(struct dl_journal *journal, enum dl_journal_state state)
{
    if (state == DL_JOURNAL_LOST || state == DL_JOURNAL_FORKED) {
        DL_TRY(dl_log_set_closed(journal->log, state == DL_JOURNAL_LOST ? "lost" : "forked"));
    }
    journal->state = state;
    return DL_OK;
}

uint64_t dl_journal_sendable(const struct dl_journal *journal)
{
    return journal->sendable;
}

struct dl_view dl_journal_head(const struct dl_journal *journal)
{
    return dl_buf_view(&journal->head);
}

uint64_t dl_journal_tail(const struct dl_journal *journal)
{
    return journal->tail + journal->stage.n + journal->ahead.n;
}

/* ---- submitting ---- */

struct same {
    const struct dl_submission *submission;
    bool same;
    struct dl_place place;
};

static enum dl_err compare(void *context, const struct dl_stored *stored)
{
    struct same *same = context;
    struct dl_leaf leaf;
    same->same = dl_leaf_decode(stored->entry.leaf, &leaf) == DL_OK &&
                 leaf.kind == same->submission->kind &&
                 dl_view_equal(stored->entry.content, same->submission->entry.content);
    same->place.in_tail = stored->in_tail;
    same->place.index = stored->index;
    return DL_OK;
}

/* An entry staged in this turn lies in no row yet. */
static enum dl_err compare_staged(const struct stage *stage, int64_t cursor, struct same *same)
{
    struct dl_run_reader reader;
    struct dl_stored stored = {.in_tail = true};
    dl_run_reader_init(&reader, dl_buf_view(&stage->leaves), dl_buf_view(&stage->contents));
    for (int64_t i = 0; i <= cursor - stage->cursor; i++) {
        DL_TRY(dl_run_reader_next(&reader, &stored.entry));
    }
    return compare(same, &stored);
}

static bool in_stage(const struct stage *stage, int64_t cursor)
{
    return stage->n > 0 && cursor >= stage->cursor && cursor < stage->cursor + (int64_t)stage->n;
}

static enum dl_err compare_at(struct dl_journal *j, int64_t cursor, struct same *same)
{
    same->place.cursor = cursor;
    if (in_stage(&j->stage, cursor)) {
        return compare_staged(&j->stage, cursor, same);
    }
    if (in_stage(&j->ahead, cursor)) {
        return compare_staged(&j->ahead, cursor, same);
    }
    return dl_line_db_at(j->config.db, cursor, compare, same);
}

enum { IDS_MAX = DL_LIMIT_PEERS * 2 };

/* Is the id taken, here or on another line of ours? */
static enum dl_err check_id(struct dl_journal *j, const struct dl_submission *submission,
                            struct dl_place *place, bool *here)
{
    int64_t cursors[IDS_MAX];
    int64_t logs[IDS_MAX];
    size_t n = IDS_MAX;
    *here = false;
    DL_TRY(dl_line_db_find(j->config.db, submission->id, cursors, logs, &n));
    for (size_t i = 0; i < n; i++) {
        if ((logs[i] & 1) != 0) {
            continue; // a peer's id: agencies do not share them
        }
        struct same same = {.submission = submission};
        enum dl_err err = compare_at(j, cursors[i], &same);
        if (err == DL_E_ID_UNKNOWN) {
            continue; // staged on another line in this turn: its own commit settles it
        }
        DL_TRY(err);
        if (!same.same) {
            return DL_E_ID_REUSED;
        }
        if (logs[i] == dl_log_id(j->log)) {
            *place = same.place;
            place->known = true;
            *here = true;
        }
    }
    return DL_OK;
}

static bool stage_is_full(const struct stage *stage, const struct dl_entry_octets *entry)
{
    size_t octets = stage->leaves.n + stage->contents.n + dl_entry_octets_size(entry);
    return stage->n == DL_LIMIT_BATCH_ENTRIES || (stage->n > 0 && octets > DL_LIMIT_BATCH_OCTETS);
}

enum dl_err dl_journal_submit(struct dl_journal *j, const struct dl_submission *submission,
                              struct dl_place *place)
{
    bool here = false;
    struct stage *stage = submission->ahead ? &j->ahead : &j->stage;
    DL_TRY(check_id(j, submission, place, &here));
    if (here) {
        return DL_OK;
    }
    if (is_closed(j)) {
        return DL_E_JOURNAL_CLOSED;
    }
    DL_TRY(dl_line_db_write(j->config.db));
    if (stage_is_full(stage, &submission->entry)) {
        return DL_E_STATE; // the caller ends the turn's runs first (dl_journal_turn)
    }
    if (stage->n == 0) {
        stage->cursor = dl_line_db_cursors(j->config.db, DL_LIMIT_BATCH_ENTRIES);
    }
    int64_t cursor = stage->cursor + (int64_t)stage->n;
    DL_TRY(dl_store_run(
        dl_line_db_store(j->config.db), "INSERT INTO entry_id(id, log, cursor) VALUES(?1, ?2, ?3)",
        DL_SQL(DL_SQL_TEXT(submission->id), DL_SQL_INT(dl_log_id(j->log)), DL_SQL_INT(cursor)),
        NULL, NULL));
    dl_run_put(&stage->leaves, &stage->contents, &submission->entry);
    DL_TRY(dl_buf_err(&stage->leaves));
    DL_TRY(dl_buf_err(&stage->contents));
    stage->n++;
    *place = (struct dl_place){.cursor = cursor, .in_tail = true};
    return DL_OK;
}

/* ---- growing ---- */

/* Sign the present size: the root is what the disk gives back (I5). */
static enum dl_err sign(struct dl_journal *j)
{
    struct dl_hash root;
    struct dl_buf text;
    DL_ASSERT(j->state == DL_JOURNAL_CONFIRMED, "an unconfirmed journal signs nothing");
    DL_TRY(dl_log_root(j->log, &root));
    dl_buf_init(&text, DL_LIMIT_CHECKPOINT);
    dl_checkpoint_put(&text, dl_view_str(dl_log_origin(j->log)), dl_log_size(j->log), &root);
    struct dl_signature signature = dl_signer_sign(j->config.signer, dl_buf_view(&text));
    dl_buf_reset(&j->new_head);
    dl_note_put_text(&j->new_head, dl_buf_view(&text));
    dl_note_put_line(&j->new_head, &j->vkey, dl_view_of(signature.b, sizeof signature.b));
    dl_buf_fini(&text);
    DL_TRY(dl_buf_err(&j->new_head));
    j->new_head_size = dl_log_size(j->log);
    return dl_log_checkpoint(j->log, dl_buf_view(&j->new_head));
}

enum dl_err dl__journal_put_run(struct dl_journal *j, const struct stage *stage, enum rank rank,
                                int64_t now_ms)
{
    if (stage->n == 0) {
        return DL_OK;
    }
    j->tail_ahead = j->tail_ahead || rank == RANK_AHEAD;
    return dl_store_run(dl_line_db_store(j->config.db),
                        "INSERT INTO run(cursor, log, first, ahead, n, time, leaves, contents)"
                        " VALUES(?1, ?2, NULL, ?3, ?4, ?5, ?6, ?7)",
                        DL_SQL(DL_SQL_INT(stage->cursor), DL_SQL_INT(dl_log_id(j->log)),
                               DL_SQL_INT(rank), DL_SQL_INT(stage->n), DL_SQL_INT(now_ms),
                               DL_SQL_BLOB(dl_buf_view(&stage->leaves)),
                               DL_SQL_BLOB(dl_buf_view(&stage->contents))),
                        NULL, NULL);
}

/* The newest runs are remembered, so that an answer about what was just submitted needs no reading.
 */
static void note_flushed(struct dl_journal *j, int64_t cursor, size_t n, uint64_t first)
{
    if (j->n_flushed == FLUSHED_MAX) {
        memmove(j->flushed, j->flushed + FLUSHED_MAX / 2, FLUSHED_MAX / 2 * sizeof j->flushed[0]);
        j->n_flushed = FLUSHED_MAX / 2;
    }
    j->flushed[j->n_flushed++] = (struct flushed){.cursor = cursor, .n = n, .first = first};
}

/* A staged run becomes part of the tree without lying in the tail first: one row, written once. */
static enum dl_err grow_by_stage(struct dl_journal *j, const struct stage *stage, int64_t now_ms)
{
    struct dl_entry_octets entries[DL_LIMIT_BATCH_ENTRIES];
    struct dl_run_reader reader;
    uint64_t first = dl_log_size(j->log);
    dl_run_reader_init(&reader, dl_buf_view(&stage->leaves), dl_buf_view(&stage->contents));
    for (size_t i = 0; i < stage->n; i++) {
        DL_TRY(dl_run_reader_next(&reader, &entries[i]));
    }
    struct dl_log_append append = {.entries = entries,
                                   .n = stage->n,
                                   .cursor = stage->cursor,
                                   .now_ms = now_ms,
                                   .known = true};
    DL_TRY(dl_log_append(j->log, &append));
    note_flushed(j, stage->cursor, stage->n, first);
    return sign(j);
}

static enum dl_err flush(struct dl_journal *j, struct stage *stage, bool grow, int64_t now_ms)
{
    if (stage->n == 0) {
        return DL_OK;
    }
    enum dl_err err = DL_OK;
    if (grow) {
        err = grow_by_stage(j, stage, now_ms);
    } else {
        err = dl__journal_put_run(j, stage, stage == &j->ahead ? RANK_AHEAD : RANK_TAIL, now_ms);
        j->tail += stage->n;
    }
    if (err == DL_OK) {
        dl__stage_reset(stage);
    }
    return err;
}

struct tail_run {
    int64_t cursor;
    size_t n, octets;
    struct dl_buf leaves;
    bool found;
};

static enum dl_err take_tail(void *context, const struct dl_row *row)
{
    struct tail_run *run = context;
    run->found = true;
    run->cursor = dl_row_int(row, 0);
    run->n = (size_t)dl_row_int(row, 1);
    run->octets = (size_t)dl_row_int(row, 2);
    dl_buf_put_view(&run->leaves, dl_row_blob(row, 3));
    return dl_buf_err(&run->leaves);
}

static enum dl_err first_of_tail(struct dl_journal *j, bool only_ahead, struct tail_run *run)
{
    run->found = false;
    dl_buf_reset(&run->leaves);
    return dl_store_run(
        dl_line_db_store(j->config.db),
        "SELECT cursor, n, length(leaves) + length(contents), leaves FROM run"
        " WHERE log=?1 AND first IS NULL AND ahead>=?2"
        " ORDER BY ahead DESC, cursor LIMIT 1",
        DL_SQL(DL_SQL_INT(dl_log_id(j->log)), DL_SQL_INT(only_ahead ? RANK_AHEAD : RANK_TAIL)),
        take_tail, run);
}

/* What has been adopted since the last signature. */
struct adopted {
    size_t n, octets, total, total_octets;
};

static enum dl_err adopt(struct dl_journal *j, const struct tail_run *run, struct adopted *adopted)
{
    uint64_t first = dl_log_size(j->log);
    bool full = adopted->n + run->n > DL_LIMIT_BATCH_ENTRIES ||
                adopted->octets + run->octets > DL_LIMIT_BATCH_OCTETS;
    DL_ASSERT(run->n <= j->tail, "the tail was counted");
    DL_TRY(dl_line_db_write(j->config.db));
    if (adopted->n > 0 && full) {
        DL_TRY(sign(j));
        adopted->n = 0;
        adopted->octets = 0;
    }
    DL_TRY(dl_log_adopt(j->log, run->cursor, dl_buf_view(&run->leaves), run->n));
    j->tail -= run->n;
    note_flushed(j, run->cursor, run->n, first);
    adopted->n += run->n;
    adopted->octets += run->octets;
    adopted->total += run->n;
    adopted->total_octets += run->octets;
    return DL_OK;
}

/* The tail's first runs become part of the tree, as many as a turn may take; `done` says that none
 * is left. Small runs share a checkpoint. */
static enum dl_err grow_by_tail(struct dl_journal *j, bool only_ahead, bool *done)
{
    struct tail_run run = {.found = true};
    struct adopted adopted = {0};
    enum dl_err err = DL_OK;
    dl_buf_init(&run.leaves, (size_t)DL_LIMIT_BATCH_ENTRIES * (DL_LIMIT_LEAF + 4));
    while (err == DL_OK && run.found && adopted.total < TAIL_ENTRIES_AT_ONCE &&
           adopted.total_octets < TAIL_OCTETS_AT_ONCE) {
        err = first_of_tail(j, only_ahead, &run);
        if (err == DL_OK && run.found) {
            err = adopt(j, &run, &adopted);
        }
    }
    *done = !run.found || j->tail == 0;
    j->tail_ahead = j->tail_ahead && run.found;
    dl_buf_fini(&run.leaves);
    return err == DL_OK && adopted.n > 0 ? sign(j) : err;
}

enum dl_err dl_journal_turn(struct dl_journal *j, bool grow, int64_t now_ms)
{
    bool confirmed = j->state == DL_JOURNAL_CONFIRMED;
    bool done = confirmed;
    // a suspended line still lets line-states through; not one of them is asked for twice
    if (confirmed && j->tail > 0 && (grow || j->tail_ahead)) {
        DL_TRY(grow_by_tail(j, !grow, &done));
    }
    DL_TRY(flush(j, &j->ahead, done, now_ms));
    return flush(j, &j->stage, grow && done, now_ms);
}

enum dl_err dl_journal_put_head(struct dl_journal *j)
{
    if (j->new_head.n == 0) {
        return DL_OK;
    }
    return dl_headdb_put(j->config.head, dl_log_origin(j->log), DL_HEADDB_SIGNED, j->new_head_size,
                         dl_buf_view(&j->new_head));
}

bool dl_journal_settle(struct dl_journal *j)
{
    if (j->new_head.n == 0) {
        return false;
    }
    struct dl_buf swap = j->head;
    j->head = j->new_head;
    j->head_size = j->new_head_size;
    j->new_head = swap;
    dl_buf_reset(&j->new_head);
    j->sendable = j->head_size;
    return true;
}

enum dl_err dl_journal_rollback(struct dl_journal *j)
{
    dl__stage_reset(&j->stage);
    dl__stage_reset(&j->ahead);
    dl_buf_reset(&j->new_head);
    j->n_flushed = 0;
    enum dl_err err = dl_log_reload(j->log);
    if (err == DL_E_ORIGIN) { // the turn had opened this generation
        struct dl_error error;
        dl_log_close(&j->log);
        return dl__journal_load(j, &error);
    }
    DL_TRY(err);
    uint64_t size = dl_log_size(j->log);
    j->sendable = j->sendable < size ? j->sendable : size;
    if (size > j->head_size && !is_closed(j)) { // line.db was committed and head.db was not
        dl_buf_put_view(&j->new_head, dl_log_note(j->log));
        j->new_head_size = size;
    }
    return dl__journal_count_tail(j);
}

static enum dl_err take_place(void *context, const struct dl_stored *stored)
{
    struct dl_place *place = context;
    place->in_tail = stored->in_tail;
    place->index = stored->index;
    return DL_OK;
}

enum dl_err dl_journal_find(struct dl_journal *j, int64_t cursor, struct dl_place *place)
{
    *place = (struct dl_place){.cursor = cursor, .known = true};
    for (size_t i = j->n_flushed; i > 0; i--) {
        const struct flushed *run = &j->flushed[i - 1];
        if (cursor >= run->cursor && cursor < run->cursor + (int64_t)run->n) {
            place->index = run->first + (uint64_t)(cursor - run->cursor);
            return DL_OK;
        }
    }
    return dl_line_db_at(j->config.db, cursor, take_place, place);
}

bool dl_journal_refresh(struct dl_journal *j, uint64_t size, int64_t now_ms, struct dl_view note)
{
    return dl_log_refresh_receipt(j->log, size, now_ms, note);
}

enum dl_err dl_journal_receipt(struct dl_journal *j, uint64_t size, int64_t now_ms,
                               struct dl_view note)
{
    return dl_log_keep_receipt(j->log, size, now_ms, note);
}
