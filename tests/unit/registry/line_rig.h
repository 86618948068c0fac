/* One agency's line.db and head.db on a disk in memory, with a journal toward "us" (or a replica of
 * "cn"'s), and turns as node/agency.c ends them.
 */
#ifndef DL_TESTS_LINE_RIG_H
#define DL_TESTS_LINE_RIG_H

#include "node/virtual_disk.h"
#include "protocol/checkpoint.h"
#include "registry/journal.h"
#include "registry/replica.h"
#include "registry/scrub.h"
#include "tests/unit/protocol/session_leaf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define ORIGIN "directline/cn/us"

struct rig {
    struct dl_virtual_disk *disk;
    struct dl_line_db *db;
    struct dl_headdb *head;
    struct dl_signer *signer;
    struct dl_journal *journal; /* the author's */
    struct dl_replica *replica; /* the receiver's */
    bool author;
};

static inline void rig_init(struct rig *rig, bool author)
{
    struct dl_secret_key secret = {{1, 2, 3}};
    *rig = (struct rig){.disk = dl_virtual_disk_new(1), .author = author};
    rig->signer = dl_signer_new(&secret);
}

/* Opens everything; on an error everything is closed again. */
static inline enum dl_err rig_try_open(struct rig *rig);

static inline void rig_close(struct rig *rig)
{
    dl_journal_close(&rig->journal);
    dl_replica_close(&rig->replica);
    dl_line_db_close(&rig->db);
    dl_headdb_close(&rig->head);
}

static inline enum dl_err rig_try_open(struct rig *rig)
{
    struct dl_error error;
    struct dl_disk *door = dl_virtual_disk_door(rig->disk);
    enum dl_err err = dl_line_db_open("line.db", door, &rig->db, &error);
    err = err == DL_OK ? dl_headdb_open("head.db", door, &rig->head, &error) : err;
    if (err == DL_OK && rig->author) {
        struct dl_journal_config config = {rig->db, rig->head, "us", ORIGIN, rig->signer};
        err = dl_journal_open(&config, &rig->journal, &error);
    } else if (err == DL_OK) {
        struct dl_replica_config config = {rig->db, rig->head, "cn", ORIGIN};
        err = dl_replica_open(&config, &rig->replica, &error);
    }
    if (err != DL_OK) {
        rig_close(rig);
    }
    return err;
}

static inline void rig_open(struct rig *rig)
{
    assert_int_equal(rig_try_open(rig), DL_OK);
}

static inline void rig_fini(struct rig *rig)
{
    rig_close(rig);
    dl_signer_free(&rig->signer);
    dl_virtual_disk_free(&rig->disk);
}

/* kill -9: nothing more is written, what was written stays. */
static inline void rig_kill(struct rig *rig)
{
    dl_virtual_disk_kill(rig->disk);
    rig_close(rig);
    dl_virtual_disk_revive(rig->disk);
}

static inline struct dl_log *rig_log(struct rig *rig)
{
    return rig->author ? dl_journal_log(rig->journal) : dl_replica_log(rig->replica);
}

static inline enum dl_err rig_rollback(struct rig *rig)
{
    dl_line_db_rollback(rig->db);
    return rig->author ? dl_journal_rollback(rig->journal) : dl_replica_rollback(rig->replica);
}

static inline enum dl_err rig_put_head(struct rig *rig)
{
    enum dl_err err =
        rig->author ? dl_journal_put_head(rig->journal) : dl_replica_put_head(rig->replica);
    if (err != DL_OK) {
        dl_headdb_rollback(rig->head);
        return err;
    }
    return dl_headdb_commit(rig->head);
}

/* The end of a turn, as far as both databases. */
static inline enum dl_err rig_turn(struct rig *rig, bool grow)
{
    uint64_t size = 0;
    enum dl_err err = rig->author ? dl_journal_turn(rig->journal, grow, 1000) : DL_OK;
    err = err == DL_OK ? dl_line_db_commit(rig->db) : err;
    err = err == DL_OK ? rig_put_head(rig) : err;
    if (err != DL_OK) {
        enum dl_err again = rig_rollback(rig);
        return again == DL_OK || again == DL_E_STORE_IO ? err : again;
    }
    if (rig->author) {
        dl_journal_settle(rig->journal);
    } else {
        dl_replica_settle(rig->replica, &size);
    }
    return DL_OK;
}

static inline void rig_confirm(struct rig *rig)
{
    assert_int_equal(dl_journal_set_state(rig->journal, DL_JOURNAL_CONFIRMED), DL_OK);
}

/* An entry with this id and text. */
static inline enum dl_err rig_submit_text(struct rig *rig, const char *id, const char *text,
                                          bool ahead, struct dl_place *place)
{
    struct leaf_octets made;
    char content[128];
    struct dl_place unused;
    snprintf(content, sizeof content, "{\"text\":{\"en\":\"%s\"}}", text);
    make_entry(&made, id, ahead ? "line-state" : "message", content);
    struct dl_submission submission = {.entry = leaf_entry(&made),
                                       .id = dl_view_str(id),
                                       .kind = ahead ? DL_KIND_LINE_STATE : DL_KIND_MESSAGE,
                                       .ahead = ahead};
    enum dl_err err = dl_journal_submit(rig->journal, &submission, place == NULL ? &unused : place);
    free_leaf(&made);
    return err;
}

static inline enum dl_err rig_submit(struct rig *rig, unsigned number, struct dl_place *place)
{
    char id[32];
    snprintf(id, sizeof id, "cn-%u", number);
    return rig_submit_text(rig, id, id, false, place);
}

/* Entries from..to-1, one run and one turn each `at_once`. */
static inline void rig_grow(struct rig *rig, unsigned from, unsigned to, unsigned at_once)
{
    for (unsigned i = from; i < to; i++) {
        assert_int_equal(rig_submit(rig, i, NULL), DL_OK);
        if ((i - from + 1) % at_once == 0 || i + 1 == to) {
            assert_int_equal(rig_turn(rig, true), DL_OK);
        }
    }
}

static inline struct dl_hash rig_root(struct rig *rig)
{
    return dl_frontier_root(dl_log_frontier(rig_log(rig)));
}

/* One batch of the author's, read as for sending, given to the receiver; n of it. */
static inline enum dl_err rig_read(struct rig *author, uint64_t from, struct dl_batch *batch)
{
    struct dl_log_range range = {.from = from,
                                 .to = dl_journal_sendable(author->journal),
                                 .n_max = DL_LIMIT_BATCH_ENTRIES,
                                 .octets_max = DL_LIMIT_BATCH_OCTETS};
    return dl_log_read(dl_journal_log(author->journal), &range, batch);
}

static inline enum dl_err rig_extend(struct rig *receiver, const struct dl_batch *batch)
{
    struct dl_extension extension = {.entries = batch->entries,
                                     .n = batch->n,
                                     .note = dl_buf_view(&batch->note),
                                     .first = batch->from,
                                     .generation = 1,
                                     .cosign = true,
                                     .now_ms = 2000};
    return dl_replica_extend(receiver->replica, &extension);
}

static inline void rig_copy(struct rig *author, struct rig *receiver)
{
    struct dl_batch batch;
    dl_batch_init(&batch);
    uint64_t size = dl_log_size(dl_replica_log(receiver->replica));
    while (size < dl_journal_sendable(author->journal)) {
        assert_int_equal(rig_read(author, size, &batch), DL_OK);
        assert_true(batch.n > 0);
        assert_int_equal(rig_extend(receiver, &batch), DL_OK);
        size += batch.n;
        assert_int_equal(rig_turn(receiver, false), DL_OK);
    }
    dl_batch_fini(&batch);
}

/* The files of one agency, for a restore. */
static inline void rig_save(struct rig *rig, const char *path, struct dl_buf *out)
{
    dl_buf_init(out, (size_t)1 << 30);
    assert_true(dl_virtual_disk_get(rig->disk, path, out));
}

static inline void rig_restore(struct rig *rig, const char *path, struct dl_buf *saved)
{
    dl_virtual_disk_remove(rig->disk, path);
    assert_int_equal(dl_virtual_disk_put(rig->disk, path, 0, dl_buf_view(saved)), DL_OK);
    dl_buf_fini(saved);
}

/* Rereads everything, in slices. */
static inline void rig_scrub(struct rig *rig, bool mend, dl_scrub_fn fault, void *context)
{
    struct dl_scrub *scrub = NULL;
    struct dl_vkey vkey;
    struct dl_log *log = rig_log(rig);
    struct dl_public_key key = dl_signer_public(rig->signer);
    assert_int_equal(dl_vkey_make(dl_view_str(dl_log_origin(log)), DL_KEY_ED25519, &key, &vkey),
                     DL_OK);
    struct dl_verifier *verifier = dl_verifier_new(&key);
    struct dl_scrub_config config = {log, &vkey, verifier, mend, fault, context};
    scrub = dl_scrub_new(&config);
    for (bool done = false; !done;) {
        assert_int_equal(dl_scrub_step(scrub, 100, &done), DL_OK);
    }
    assert_int_equal(dl_line_db_commit(rig->db), DL_OK);
    dl_scrub_free(&scrub);
    dl_verifier_free(&verifier);
}

static inline void rig_sql(struct rig *rig, const char *sql)
{
    assert_int_equal(dl_line_db_write(rig->db), DL_OK);
    assert_int_equal(dl_store_run(dl_line_db_store(rig->db), sql, NULL, 0, NULL, NULL), DL_OK);
    assert_int_equal(dl_line_db_commit(rig->db), DL_OK);
}

static inline int64_t rig_count(struct rig *rig, const char *sql)
{
    int64_t n = -1;
    assert_int_equal(dl_store_run(dl_line_db_store(rig->db), sql, NULL, 0, dl_row_take_int, &n),
                     DL_OK);
    return n;
}

#endif
