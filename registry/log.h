/* One append-only log on disk: a journal of ours or a replica of a peer's, of one generation.
 * Leaves and contents lie in runs, hashes in tiles, and every checkpoint is kept, so that batches
 * always end at a signed one.
 *
 * Writes happen inside the turn's transaction (registry/line_db.h). After a rollback dl_log_reload
 * puts what is in memory back to what is on disk. Nothing here signs or verifies a signature.
 */
#ifndef DL_REGISTRY_LOG_H
#define DL_REGISTRY_LOG_H

#include "protocol/merkle.h"
#include "registry/line_db.h"

struct dl_log;

struct dl_log_name {
    const char *peer;   /* agency id */
    bool ours;          /* a journal of ours, not a replica */
    const char *origin; /* without the generation */
};

/* Opens the newest generation; makes the first one when there is none. A file whose tiles do not
 * give the root of its newest checkpoint is DL_E_STORE_CORRUPT, and the log is not opened. */
DL_MUST_USE enum dl_err dl_log_open(struct dl_line_db *db, const struct dl_log_name *name,
                                    struct dl_log **out, struct dl_error *error);
/* An earlier generation, for reading. DL_E_ORIGIN when there is none. */
DL_MUST_USE enum dl_err dl_log_open_generation(struct dl_line_db *db,
                                               const struct dl_log_name *name, unsigned generation,
                                               struct dl_log **out);
void dl_log_close(struct dl_log **log);
/* The same log, for one more owner: a reader that goes on over many turns keeps what it reads, also
 * when the line moves on to the next generation meanwhile. It is there until its last owner closes
 * it; the database must be. */
struct dl_log *dl_log_share(struct dl_log *log);
/* After a rollback. */
DL_MUST_USE enum dl_err dl_log_reload(struct dl_log *log);

int64_t dl_log_id(const struct dl_log *log);
const char *dl_log_peer(const struct dl_log *log);
const char *dl_log_origin(const struct dl_log *log); /* with the generation */
unsigned dl_log_generation(const struct dl_log *log);
uint64_t dl_log_size(const struct dl_log *log);
const struct dl_frontier *dl_log_frontier(const struct dl_log *log);
struct dl_view dl_log_note(const struct dl_log *log); /* the newest checkpoint; empty at size 0 */
const char *dl_log_closed(const struct dl_log *log);  /* "", "lost", "forked", "renewed" */
DL_MUST_USE enum dl_err dl_log_set_closed(struct dl_log *log, const char *why);

/* Append entries as one run under `cursor` and its followers; their ids and references are
 * recorded. `cursor` 0 takes new ones. A run holds at most DL_LIMIT_BATCH_ENTRIES. `known` says
 * that the ids are recorded already. */
struct dl_log_append {
    const struct dl_entry_octets *entries;
    size_t n;
    int64_t cursor;
    int64_t now_ms;
    bool known;
};
DL_MUST_USE enum dl_err dl_log_append(struct dl_log *log, const struct dl_log_append *append);
/* What is in a tail's run becomes part of the tree: its row gets its index, its leaves their
 * hashes. */
DL_MUST_USE enum dl_err dl_log_adopt(struct dl_log *log, int64_t cursor, struct dl_view leaves,
                                     size_t n);
/* The root of all that is appended, computed again from the tiles as they are read back inside the
 * transaction, and compared with the one in memory (I5). DL_E_STORE_CORRUPT when they differ. */
DL_MUST_USE enum dl_err dl_log_root(struct dl_log *log, struct dl_hash *out);
/* Keep a checkpoint of the present size, newest. */
DL_MUST_USE enum dl_err dl_log_checkpoint(struct dl_log *log, struct dl_view note);

/* Roots and proofs at sizes up to the present one. */
struct dl_tree_reader dl_log_reader(struct dl_log *log);
DL_MUST_USE enum dl_err dl_log_root_at(struct dl_log *log, uint64_t size, struct dl_hash *out);

/* The first n hashes of a tile (C2SP tlog-tiles), appended as octets. */
DL_MUST_USE enum dl_err dl_log_tile(struct dl_log *log, unsigned level, uint64_t number, size_t n,
                                    struct dl_buf *out);

/* A batch read for sending: views into the batch's own memory, until the next read or fini. */
struct dl_batch {
    struct dl_entry_octets entries[DL_LIMIT_BATCH_ENTRIES];
    size_t n;
    uint64_t from;
    struct dl_buf note; /* the checkpoint at from + n; empty where single entries were asked for */
    struct dl_buf octets;
};
void dl_batch_init(struct dl_batch *batch);
void dl_batch_fini(struct dl_batch *batch);
struct dl_log_range {
    uint64_t from, to; /* never beyond `to` */
    size_t n_max, octets_max;
    bool single; /* no checkpoint at the end is needed */
};
/* As many entries as fit, ending at a checkpoint; at least one batch's worth up to the first
 * checkpoint even if it exceeds octets_max (a checkpoint covers at most 1 MiB). n = 0 when there is
 * nothing in the range, or the first checkpoint lies beyond n_max or `to`. */
DL_MUST_USE enum dl_err dl_log_read(struct dl_log *log, const struct dl_log_range *range,
                                    struct dl_batch *out);
/* The stored note of a checkpoint; empty when no checkpoint has that size. */
DL_MUST_USE enum dl_err dl_log_note_at(struct dl_log *log, uint64_t size, struct dl_buf *out);

/* Receipts: the newest, and the earlier ones. */
struct dl_log_receipt {
    uint64_t size;
    int64_t time_ms; /* when it came */
    struct dl_view note;
};
struct dl_log_receipt dl_log_newest_receipt(const struct dl_log *log); /* size 0: none */
/* A fresh cosignature of the size that is receipted already, as heartbeats bring them. It needs no
 * write (design, section 4, "Heartbeat"), so it is kept in memory, and on disk within an hour:
 * false where it is to be kept as any other. */
bool dl_log_refresh_receipt(struct dl_log *log, uint64_t size, int64_t now_ms, struct dl_view note);
DL_MUST_USE enum dl_err dl_log_keep_receipt(struct dl_log *log, uint64_t size, int64_t now_ms,
                                            struct dl_view note);
/* Newest first, at most n. */
typedef enum dl_err (*dl_log_noted_fn)(void *context, const struct dl_log_receipt *receipt);
DL_MUST_USE enum dl_err dl_log_receipts(struct dl_log *log, size_t n, dl_log_noted_fn fn,
                                        void *context);

/* Every checkpoint that is stored, likewise; `time_ms` is 0. */
DL_MUST_USE enum dl_err dl_log_checkpoints(struct dl_log *log, size_t n, dl_log_noted_fn fn,
                                           void *context);

/* Put a good copy in the place of a damaged entry: leaf and content must fit the tile's hash.
 * DL_E_PROOF when they do not. */
DL_MUST_USE enum dl_err dl_log_mend(struct dl_log *log, uint64_t index,
                                    const struct dl_entry_octets *entry);

#endif
