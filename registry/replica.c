#include "registry/replica.h"
#include "protocol/facts.h"
#include "registry/log_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dl_replica {
    struct dl_replica_config config;
    char peer[DL_LIMIT_AGENCY_ID + 1];
    char origin[DL_LIMIT_ORIGIN + 1];
    struct dl_log *log;
    unsigned generation;             /* the newest that is known: the log's, or a later one */
    char known[DL_LIMIT_ORIGIN + 1]; /* its origin */
    struct dl_buf cosigned;          /* and its row */
    struct dl_buf new_cosigned;
    uint64_t cosigned_size, new_size;
    bool stored; /* since the last settling */
};

static enum dl_err load(struct dl_replica *r, struct dl_error *error)
{
    struct dl_log_name name = {.peer = r->peer, .ours = false, .origin = r->origin};
    dl_log_close(&r->log);
    DL_TRY(dl_log_open(r->config.db, &name, &r->log, error));
    unsigned remembered = 0;
    DL_TRY(dl_headdb_generation(r->config.head, r->origin, DL_HEADDB_COSIGNED, &remembered));
    unsigned own = dl_log_generation(r->log);
    r->generation = remembered > own ? remembered : own;
    DL_TRY(dl_origin_of(dl_view_str(r->origin), r->generation, r->known));
    return dl_headdb_get(r->config.head, r->known, DL_HEADDB_COSIGNED, &r->cosigned,
                         &r->cosigned_size);
}

/* The stored tree's root at a note's size is the note's. */
static enum dl_err agrees(struct dl_replica *r, struct dl_view note, bool *out)
{
    uint64_t size = 0;
    struct dl_hash signed_root;
    struct dl_hash root;
    DL_TRY(dl__log_head_of(note, &size, &signed_root));
    DL_ASSERT(size <= dl_log_size(r->log), "a root is of a size that is stored");
    DL_TRY(dl_log_root_at(r->log, size, &root));
    *out = dl_hash_equal(&root, &signed_root);
    return DL_OK;
}

/* What was stored and not put into head.db, because of a crash or a full disk between the two
 * commits, is put there with the next ones, where it continues what was cosigned. */
static enum dl_err catch_up(struct dl_replica *r)
{
    bool follows = true;
    dl_buf_reset(&r->new_cosigned);
    if (dl_log_size(r->log) <= r->cosigned_size || dl_log_closed(r->log)[0] != '\0' ||
        r->generation > dl_log_generation(r->log)) {
        return DL_OK;
    }
    if (r->cosigned.n > 0) {
        DL_TRY(agrees(r, dl_buf_view(&r->cosigned), &follows));
    }
    if (follows) {
        dl_buf_put_view(&r->new_cosigned, dl_log_note(r->log));
        r->new_size = dl_log_size(r->log);
    }
    return dl_buf_err(&r->new_cosigned);
}

static enum dl_err catch_up_now(struct dl_replica *r)
{
    uint64_t size = 0;
    DL_TRY(catch_up(r));
    if (r->new_cosigned.n == 0) {
        return DL_OK;
    }
    enum dl_err err = dl_replica_put_head(r);
    if (err != DL_OK) {
        dl_headdb_rollback(r->config.head);
        return err;
    }
    DL_TRY(dl_headdb_commit(r->config.head));
    dl_replica_settle(r, &size);
    return DL_OK;
}

enum dl_err dl_replica_open(const struct dl_replica_config *config, struct dl_replica **out,
                            struct dl_error *error)
{
    struct dl_replica *r = calloc(1, sizeof *r);
    DL_ASSERT(r != NULL, "memory for a replica");
    r->config = *config;
    snprintf(r->peer, sizeof r->peer, "%s", config->peer);
    snprintf(r->origin, sizeof r->origin, "%s", config->origin);
    dl_buf_init(&r->cosigned, (size_t)2 * DL_LIMIT_CHECKPOINT);
    dl_buf_init(&r->new_cosigned, (size_t)2 * DL_LIMIT_CHECKPOINT);
    enum dl_err err = load(r, error);
    if (err == DL_OK) {
        err = dl_line_db_commit(config->db);
    }
    err = err == DL_OK ? catch_up_now(r) : err;
    if (err != DL_OK) {
        dl_replica_close(&r);
        return err;
    }
    *out = r;
    return DL_OK;
}

void dl_replica_close(struct dl_replica **replica)
{
    struct dl_replica *r = *replica;
    if (r != NULL) {
        dl_log_close(&r->log);
        dl_buf_fini(&r->cosigned);
        dl_buf_fini(&r->new_cosigned);
        free(r);
        *replica = NULL;
    }
}

struct dl_log *dl_replica_log(struct dl_replica *replica)
{
    return replica->log;
}

unsigned dl_replica_generation(const struct dl_replica *replica)
{
    return replica->generation;
}

const char *dl_replica_origin(const struct dl_replica *replica)
{
    return replica->known;
}

struct dl_view dl_replica_cosigned(const struct dl_replica *replica)
{
    return dl_buf_view(&replica->cosigned);
}

/* The peer's next generation begins: the old one is kept, closed. */
static enum dl_err open_generation(struct dl_replica *r, unsigned generation)
{
    struct dl_error error;
    char origin[DL_LIMIT_ORIGIN + 1];
    DL_ASSERT(generation > dl_log_generation(r->log), "a generation is newer than the one before");
    DL_TRY(dl_origin_of(dl_view_str(r->origin), generation, origin));
    DL_TRY(dl_line_db_write(r->config.db));
    DL_TRY(dl_log_set_closed(r->log, "renewed"));
    DL_TRY(dl__log_make(r->log, generation, origin));
    return load(r, &error);
}

enum dl_err dl_replica_next_generation(struct dl_replica *r)
{
    bool empty = dl_log_size(r->log) == 0 && r->cosigned.n == 0;
    return empty ? DL_OK : open_generation(r, r->generation + 1);
}

enum dl_err dl_replica_extend(struct dl_replica *r, const struct dl_extension *extension)
{
    uint64_t size = 0;
    struct dl_hash signed_root;
    struct dl_hash root;
    DL_TRY(dl_line_db_write(r->config.db));
    if (extension->renewed && extension->generation != dl_log_generation(r->log)) {
        DL_TRY(open_generation(r, extension->generation));
    }
    DL_ASSERT(extension->first == dl_log_size(r->log), "I4: a batch begins where the replica ends");
    struct dl_log_append append = {
        .entries = extension->entries, .n = extension->n, .now_ms = extension->now_ms};
    DL_TRY(dl_log_append(r->log, &append));
    DL_TRY(dl_log_root(r->log, &root));
    DL_TRY(dl__log_head_of(extension->note, &size, &signed_root));
    if (size != dl_log_size(r->log) || !dl_hash_equal(&root, &signed_root)) {
        return DL_E_BATCH_ROOT;
    }
    DL_TRY(dl_log_checkpoint(r->log, extension->note));
    r->stored = true;
    bool passes = extension->first < r->cosigned_size && size >= r->cosigned_size;
    if (extension->cosign && passes) { // again up to what was once cosigned: it must lead there
        bool same = false;
        DL_TRY(agrees(r, dl_buf_view(&r->cosigned), &same));
        DL_TRY(same ? DL_OK : DL_E_FORK);
    }
    if (extension->cosign) {
        dl_buf_reset(&r->new_cosigned);
        dl_buf_put_view(&r->new_cosigned, extension->note);
        r->new_size = size;
    }
    return dl_buf_err(&r->new_cosigned);
}

enum dl_err dl_replica_put_head(struct dl_replica *r)
{
    if (r->new_cosigned.n == 0 || r->new_size <= r->cosigned_size) {
        return DL_OK;
    }
    return dl_headdb_put(r->config.head, r->known, DL_HEADDB_COSIGNED, r->new_size,
                         dl_buf_view(&r->new_cosigned));
}

bool dl_replica_settle(struct dl_replica *r, uint64_t *size)
{
    if (r->new_cosigned.n > 0 && r->new_size > r->cosigned_size) {
        struct dl_buf swap = r->cosigned;
        r->cosigned = r->new_cosigned;
        r->cosigned_size = r->new_size;
        r->new_cosigned = swap;
    }
    dl_buf_reset(&r->new_cosigned);
    bool stored = r->stored;
    r->stored = false;
    *size = dl_log_size(r->log);
    return stored;
}

enum dl_err dl_replica_rollback(struct dl_replica *r)
{
    struct dl_error error;
    r->stored = false;
    DL_TRY(load(r, &error)); // the newest generation may have been made by the turn
    return catch_up(r);
}

enum dl_err dl_replica_set_floor(struct dl_replica *r, unsigned generation, struct dl_view note)
{
    uint64_t size = 0;
    struct dl_hash root;
    char origin[DL_LIMIT_ORIGIN + 1];
    DL_TRY(dl__log_head_of(note, &size, &root));
    if (generation == r->generation && size <= r->cosigned_size) {
        return DL_OK;
    }
    DL_TRY(dl_origin_of(dl_view_str(r->origin), generation, origin));
    enum dl_err err = dl_headdb_put(r->config.head, origin, DL_HEADDB_COSIGNED, size, note);
    if (err != DL_OK) {
        dl_headdb_rollback(r->config.head);
        return err;
    }
    DL_TRY(dl_headdb_commit(r->config.head));
    memcpy(r->known, origin, sizeof origin);
    r->generation = generation;
    dl_buf_reset(&r->cosigned);
    dl_buf_put_view(&r->cosigned, note);
    r->cosigned_size = size;
    return DL_OK;
}
