/* What the registry/log*.c files share. */
#ifndef DL_REGISTRY_LOG_INTERNAL_H
#define DL_REGISTRY_LOG_INTERNAL_H

#include "registry/log.h"

enum { DL__TILE = 256, DL__LEVELS = 6 /* 256^6 = 2^48, the greatest log */ };

struct dl__tile {
    struct dl_hash hashes[DL__TILE];
};

struct dl_log {
    size_t shares; /* owners beyond the first */
    struct dl_line_db *db;
    int64_t id;
    char peer[DL_LIMIT_AGENCY_ID + 1];
    char base[DL_LIMIT_ORIGIN + 1];
    char origin[DL_LIMIT_ORIGIN + 1];
    char closed[16];
    bool ours;
    unsigned generation;
    struct dl_frontier frontier;
    struct dl__tile *edge[DL__LEVELS]; /* the open tile of each level, allocated when needed */
    bool changed[DL__LEVELS];          /* since it was written or read */
    struct dl_buf note, receipt;
    uint64_t receipt_size;
    int64_t receipt_time;
    int64_t receipt_written;        /* when the one on disk was written; 0: by another run */
    struct dl_buf leaves, contents; /* of a run while it is written */
};

/* Makes the row of a generation. */
enum dl_err dl__log_make(struct dl_log *log, unsigned generation, const char *origin);
/* Reads the open tiles for the size in log->frontier and derives the frontier from them. */
enum dl_err dl__log_load_edge(struct dl_log *log);
/* Size and root of a note that is a checkpoint. */
enum dl_err dl__log_head_of(struct dl_view note, uint64_t *size, struct dl_hash *root);
/* Puts a leaf's hash into the tree; full tiles are written, the open ones by dl_log_root. */
enum dl_err dl__log_grow(struct dl_log *log, const struct dl_hash *leaf);
/* A tile of which at least `need` hashes must be there; STORE_CORRUPT when they are not. */
enum dl_err dl__log_read_tile(struct dl_log *log, unsigned level, uint64_t number, size_t need,
                              struct dl__tile *out);
/* Put a damaged tile right. */
enum dl_err dl__log_mend_tile(struct dl_log *log, unsigned level, uint64_t number,
                              struct dl_view hashes);
/* The root of 2^k hashes. */
struct dl_hash dl__log_fold(const struct dl_hash *hashes, size_t n);
/* The hash of one leaf, from its tile. */
enum dl_err dl__log_leaf_hash(struct dl_log *log, uint64_t index, struct dl_hash *out);

#endif
