/* A journal that came back from the past: entries taken back from the peer, and the next
 * generation. */
#include "registry/journal_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- the tail's rows, entry by entry ---- */

struct entry_copy {
    struct dl_buf octets;
    size_t leaf, content;
    int64_t cursor;
    bool in_tail;
};

static enum dl_err copy_entry(void *context, const struct dl_stored *stored)
{
    struct entry_copy *copy = context;
    dl_buf_reset(&copy->octets);
    dl_buf_put_view(&copy->octets, stored->entry.leaf);
    dl_buf_put_view(&copy->octets, stored->entry.content);
    copy->leaf = stored->entry.leaf.n;
    copy->content = stored->entry.content.n;
    copy->in_tail = stored->in_tail;
    return dl_buf_err(&copy->octets);
}

struct splitting {
    struct dl_journal *j;
    int64_t cursor; /* the entry to leave out */
    int64_t run, time;
    enum rank rank;
    size_t n;
    struct stage before, after;
};

static enum dl_err split_run(void *context, const struct dl_row *row)
{
    struct splitting *s = context;
    struct dl_run_reader reader;
    s->run = dl_row_int(row, 0);
    s->n = (size_t)dl_row_int(row, 1);
    s->time = dl_row_int(row, 2);
    s->rank = (enum rank)dl_row_int(row, 3);
    dl_run_reader_init(&reader, dl_row_blob(row, 4), dl_row_blob(row, 5));
    for (size_t i = 0; i < s->n; i++) {
        struct dl_entry_octets entry;
        DL_TRY(dl_run_reader_next(&reader, &entry));
        int64_t cursor = s->run + (int64_t)i;
        struct stage *to = cursor < s->cursor ? &s->before : &s->after;
        if (cursor != s->cursor) {
            to->cursor = to->n == 0 ? cursor : to->cursor;
            dl_run_put(&to->leaves, &to->contents, &entry);
            to->n++;
        }
    }
    return DL_OK;
}

/* The entry of this cursor leaves the tail; what is around it keeps its cursors. */
static enum dl_err leave_out(struct dl_journal *j, int64_t cursor)
{
    struct splitting s = {.j = j, .cursor = cursor};
    struct dl_store *store = dl_line_db_store(j->config.db);
    dl__stage_init(&s.before);
    dl__stage_init(&s.after);
    enum dl_err err = dl_store_run(store,
                                   "SELECT cursor, n, time, ahead, leaves, contents FROM run"
                                   " WHERE cursor<=?1 ORDER BY cursor DESC LIMIT 1",
                                   DL_SQL(DL_SQL_INT(cursor)), split_run, &s);
    if (err == DL_OK) {
        err = dl_store_run(store, "DELETE FROM run WHERE cursor=?1", DL_SQL(DL_SQL_INT(s.run)),
                           NULL, NULL);
    }
    err = err == DL_OK ? dl__journal_put_run(j, &s.before, s.rank, s.time) : err;
    err = err == DL_OK ? dl__journal_put_run(j, &s.after, s.rank, s.time) : err;
    dl__stage_fini(&s.before);
    dl__stage_fini(&s.after);
    return err;
}

struct finding {
    int64_t cursor;
};

static enum dl_err take_cursor(void *context, const struct dl_row *row)
{
    ((struct finding *)context)->cursor = dl_row_int(row, 0);
    return DL_OK;
}

static enum dl_err keep_out(struct dl_journal *j, const struct entry_copy *copy, struct dl_view id,
                            int64_t now_ms)
{
    return dl_store_run(
        dl_line_db_store(j->config.db),
        "INSERT INTO kept_out(log, id, time, leaf, content) VALUES(?1, ?2, ?3, ?4, ?5)",
        DL_SQL(DL_SQL_INT(dl_log_id(j->log)), DL_SQL_TEXT(id), DL_SQL_INT(now_ms),
               DL_SQL_BLOB(dl_view_of(copy->octets.p, copy->leaf)),
               DL_SQL_BLOB(dl_view_of(copy->octets.p + copy->leaf, copy->content))),
        NULL, NULL);
}

/* An entry comes back whose id the tail may hold: it is the same one, or the tail's is kept out. */
static enum dl_err settle_id(struct dl_journal *j, const struct dl_entry_octets *entry,
                             int64_t now_ms, size_t *kept_out)
{
    struct dl_leaf leaf;
    struct dl_leaf mine;
    struct finding finding = {.cursor = 0};
    struct dl_store *store = dl_line_db_store(j->config.db);
    if (dl_leaf_decode(entry->leaf, &leaf) != DL_OK) {
        return DL_E_BUG;
    }
    DL_TRY(dl_store_run(store, "SELECT cursor FROM entry_id WHERE id=?1 AND log=?2",
                        DL_SQL(DL_SQL_TEXT(leaf.id), DL_SQL_INT(dl_log_id(j->log))), take_cursor,
                        &finding));
    if (finding.cursor == 0) {
        return DL_OK;
    }
    struct entry_copy copy = {.cursor = finding.cursor};
    dl_buf_init(&copy.octets, DL_LIMIT_LEAF + DL_LIMIT_CONTENT);
    enum dl_err err = dl_line_db_at(j->config.db, finding.cursor, copy_entry, &copy);
    if (err == DL_OK && !copy.in_tail) {
        err = DL_E_ID_REUSED; // twice in one journal: the peer cannot have verified this
    }
    if (err == DL_OK && dl_leaf_decode(dl_view_of(copy.octets.p, copy.leaf), &mine) == DL_OK) {
        bool same =
            mine.kind == leaf.kind &&
            dl_view_equal(dl_view_of(copy.octets.p + copy.leaf, copy.content), entry->content);
        *kept_out += !same;
        err = same ? DL_OK : keep_out(j, &copy, leaf.id, now_ms);
    }
    err = err == DL_OK ? leave_out(j, finding.cursor) : err;
    if (err == DL_OK) {
        err = dl_store_run(store, "DELETE FROM entry_id WHERE id=?1 AND log=?2",
                           DL_SQL(DL_SQL_TEXT(leaf.id), DL_SQL_INT(dl_log_id(j->log))), NULL, NULL);
    }
    dl_buf_fini(&copy.octets);
    return err;
}

enum dl_err dl_journal_take_back(struct dl_journal *j, const struct dl_taken_back *back,
                                 size_t *kept_out)
{
    uint64_t size = 0;
    struct dl_hash signed_root;
    struct dl_hash root;
    DL_TRY(dl_line_db_write(j->config.db));
    for (size_t i = 0; i < back->n; i++) {
        DL_TRY(settle_id(j, &back->entries[i], back->now_ms, kept_out));
    }
    struct dl_log_append append = {.entries = back->entries, .n = back->n, .now_ms = back->now_ms};
    DL_TRY(dl_log_append(j->log, &append));
    DL_TRY(dl_log_root(j->log, &root));
    DL_TRY(dl__log_head_of(back->note, &size, &signed_root));
    if (size != dl_log_size(j->log) || !dl_hash_equal(&root, &signed_root)) {
        return DL_E_BATCH_ROOT;
    }
    DL_TRY(dl_log_checkpoint(j->log, back->note));
    if (size >= j->head_size) { // head.db follows: it is behind, or at this very note
        dl_buf_reset(&j->new_head);
        if (size > j->head_size) {
            dl_buf_put_view(&j->new_head, back->note);
            j->new_head_size = size;
        }
        j->sendable = size > j->head_size ? j->sendable : size;
    }
    return dl__journal_count_tail(j);
}

/* ---- the next generation ---- */

static enum dl_err resubmit(void *context, const struct dl_stored *stored)
{
    struct dl_journal *j = context;
    struct dl_leaf leaf;
    if (dl_leaf_decode(stored->entry.leaf, &leaf) != DL_OK) {
        return DL_E_STORE_CORRUPT;
    }
    if (leaf.kind == DL_KIND_LINE_STATE) {
        return DL_OK; // of the old generation; the present state is said again by the line
    }
    if (j->stage.n == DL_LIMIT_BATCH_ENTRIES ||
        j->stage.leaves.n + j->stage.contents.n + dl_entry_octets_size(&stored->entry) >
            DL_LIMIT_BATCH_OCTETS) {
        DL_TRY(dl__journal_put_run(j, &j->stage, RANK_OWED, stored->time));
        dl__stage_reset(&j->stage);
    }
    if (j->stage.n == 0) {
        j->stage.cursor = dl_line_db_cursors(j->config.db, DL_LIMIT_BATCH_ENTRIES);
    }
    int64_t cursor = j->stage.cursor + (int64_t)j->stage.n++;
    dl_run_put(&j->stage.leaves, &j->stage.contents, &stored->entry);
    return dl_store_run(
        dl_line_db_store(j->config.db), "INSERT INTO entry_id(id, log, cursor) VALUES(?1, ?2, ?3)",
        DL_SQL(DL_SQL_TEXT(leaf.id), DL_SQL_INT(dl_log_id(j->log)), DL_SQL_INT(cursor)), NULL,
        NULL);
}

/* What the old generation never had a receipt for is submitted again, batch by batch. */
static enum dl_err carry_over(struct dl_journal *j, struct dl_log *old, int64_t now_ms)
{
    struct dl_batch batch;
    uint64_t at = dl_log_newest_receipt(old).size;
    enum dl_err err = DL_OK;
    dl_batch_init(&batch);
    while (err == DL_OK && at < dl_log_size(old)) {
        struct dl_log_range range = {.from = at,
                                     .to = dl_log_size(old),
                                     .n_max = DL_LIMIT_BATCH_ENTRIES,
                                     .octets_max = DL_LIMIT_BATCH_OCTETS,
                                     .single = true};
        err = dl_log_read(old, &range, &batch);
        for (size_t i = 0; i < batch.n && err == DL_OK; i++) {
            struct dl_stored stored = {.time = now_ms, .entry = batch.entries[i]};
            err = resubmit(j, &stored);
        }
        err = err == DL_OK && batch.n == 0 ? DL_E_STORE_CORRUPT : err;
        at += batch.n;
    }
    dl_batch_fini(&batch);
    err = err == DL_OK ? dl__journal_put_run(j, &j->stage, RANK_OWED, now_ms) : err;
    dl__stage_reset(&j->stage);
    return err;
}

static enum dl_err move_tail(struct dl_journal *j, int64_t old_id)
{
    struct dl_store *store = dl_line_db_store(j->config.db);
    int64_t id = dl_log_id(j->log);
    // first the ids, while it can still be told which of them lie in the tail
    DL_TRY(dl_store_run(
        store,
        "UPDATE OR IGNORE entry_id SET log=?1 WHERE log=?2 AND EXISTS(SELECT 1 FROM run"
        " WHERE run.log=?2 AND run.first IS NULL AND entry_id.cursor>=run.cursor"
        " AND entry_id.cursor<run.cursor+run.n)",
        DL_SQL(DL_SQL_INT(id), DL_SQL_INT(old_id)), NULL, NULL));
    return dl_store_run(store, "UPDATE run SET log=?1 WHERE log=?2 AND first IS NULL",
                        DL_SQL(DL_SQL_INT(id), DL_SQL_INT(old_id)), NULL, NULL);
}

enum dl_err dl_journal_renew(struct dl_journal *j, unsigned least,
                             const struct dl_submission *first, int64_t now_ms)
{
    struct dl_error error;
    struct dl_place place;
    char origin[DL_LIMIT_ORIGIN + 1];
    struct dl_log *old = j->log;
    unsigned generation = dl_log_generation(old) + 1;
    least = least > j->signed_generation ? least : j->signed_generation;
    generation = generation > least ? generation : least + 1;
    DL_TRY(dl_origin_of(dl_view_str(j->origin), generation, origin));
    DL_TRY(dl_line_db_write(j->config.db));
    DL_TRY(dl_log_set_closed(old, "renewed"));
    DL_TRY(dl__log_make(old, generation, origin));
    j->log = NULL;
    j->n_flushed = 0;
    enum dl_err err = dl__journal_load(j, &error);
    if (err == DL_OK) {
        struct dl_submission renewed = *first;
        renewed.ahead = true;
        err = dl_journal_submit(j, &renewed, &place);
    }
    err = err == DL_OK ? dl_journal_turn(j, false, now_ms) : err;
    err = err == DL_OK ? carry_over(j, old, now_ms) : err;
    err = err == DL_OK ? move_tail(j, dl_log_id(old)) : err;
    err = err == DL_OK ? dl__journal_count_tail(j) : err;
    if (err != DL_OK) {
        dl_log_close(&j->log);
        j->log = old; // the caller rolls back, which reloads it
        return err;
    }
    dl_log_close(&old);
    return DL_OK;
}
