/* What registry/journal.c and registry/journal_heal.c share. */
#ifndef DL_REGISTRY_JOURNAL_INTERNAL_H
#define DL_REGISTRY_JOURNAL_INTERNAL_H

#include "protocol/note.h"
#include "registry/journal.h"
#include "registry/log_internal.h"

enum {
    FLUSHED_MAX = 64,
    TAIL_ENTRIES_AT_ONCE = 4096,
    TAIL_OCTETS_AT_ONCE = 4 * DL_LIMIT_BATCH_OCTETS
};

/* The order in which the tail goes into the tree: `ahead` in the table of runs. */
enum rank { RANK_TAIL = 0, RANK_OWED = 1 /* of the generation before */, RANK_AHEAD = 2 };

/* A run being staged in memory. Its cursors are taken when its first entry comes. */
struct stage {
    struct dl_buf leaves, contents;
    int64_t cursor;
    size_t n;
};

/* A run that this turn put into the tree. */
struct flushed {
    int64_t cursor;
    size_t n;
    uint64_t first;
};

struct dl_journal {
    struct dl_journal_config config;
    char peer[DL_LIMIT_AGENCY_ID + 1];
    char origin[DL_LIMIT_ORIGIN + 1];
    struct dl_log *log;
    unsigned signed_generation; /* the newest that head.db remembers; 0: none */
    struct dl_vkey vkey;
    enum dl_journal_state state;
    struct dl_buf head;     /* head.db's signed note */
    struct dl_buf new_head; /* to be put there */
    uint64_t head_size, new_head_size;
    uint64_t sendable;
    uint64_t tail;    /* on disk */
    bool tail_ahead;  /* line-states may lie in it; false: none does */
    struct stage stage, ahead;
    struct flushed flushed[FLUSHED_MAX];
    size_t n_flushed;
};

/* Opens the newest generation into j->log. */
enum dl_err dl__journal_load(struct dl_journal *j, struct dl_error *error);
enum dl_err dl__journal_count_tail(struct dl_journal *j);
void dl__stage_init(struct stage *stage);
void dl__stage_reset(struct stage *stage);
void dl__stage_fini(struct stage *stage);
/* Into the tail; a run of none is nothing. */
enum dl_err dl__journal_put_run(struct dl_journal *j, const struct stage *stage, enum rank rank,
                                int64_t now_ms);

#endif
