/* A replica: our verified copy of a peer's journal, and what we cosigned of it. Design section 4,
 * "What is signed when", "Receive".
 *
 * The order in a turn: dl_replica_extend ..., commit of line.db, dl_replica_put_head inside
 * head.db's transaction, its commit, dl_replica_settle; only then the session is told STORED, and
 * only STORED can produce a receipt (I2).
 */
#ifndef DL_REGISTRY_REPLICA_H
#define DL_REGISTRY_REPLICA_H

#include "registry/headdb.h"
#include "registry/log.h"

struct dl_replica;

struct dl_replica_config {
    struct dl_line_db *db;
    struct dl_headdb *head;
    const char *peer;
    const char *origin; /* of generation 1 */
};

/* Opens, and puts head.db's cosigned row forward when it is behind line.db and agrees with it. */
DL_MUST_USE enum dl_err dl_replica_open(const struct dl_replica_config *config,
                                        struct dl_replica **out, struct dl_error *error);
void dl_replica_close(struct dl_replica **replica);
struct dl_log *dl_replica_log(struct dl_replica *replica);
/* The newest generation of the peer's journal that we know of: the log's, or a later one of which
 * only head.db remembers a cosignature, since line.db came back from before it. Nothing of that one
 * is stored then. The origin is valid as long as the replica is not changed. */
unsigned dl_replica_generation(const struct dl_replica *replica);
const char *dl_replica_origin(const struct dl_replica *replica);
/* head.db's cosigned row of that generation: the newest note of the peer that we ever cosigned. */
struct dl_view dl_replica_cosigned(const struct dl_replica *replica);

/* A batch that the session verified. It is verified here again, against the disk. */
struct dl_extension {
    const struct dl_entry_octets *entries;
    size_t n;
    struct dl_view note;
    uint64_t first;
    unsigned generation; /* of the peer's journal; greater than ours exactly when `renewed` */
    bool renewed;
    bool cosign; /* head.db's cosigned row follows */
    int64_t now_ms;
};
/* DL_E_FORK: it leads beside what we once cosigned. DL_E_BATCH_ROOT: the entries do not give the
 * note's root. DL_E_ID_REUSED: an id stands twice in it. The turn must then be rolled back. */
DL_MUST_USE enum dl_err dl_replica_extend(struct dl_replica *replica,
                                          const struct dl_extension *extension);
DL_MUST_USE enum dl_err dl_replica_put_head(struct dl_replica *replica);
/* Both databases are durable. True when something was stored since the last settling; *size is then
 * the size. */
bool dl_replica_settle(struct dl_replica *replica, uint64_t *size);
/* The author has another key from now on: what it signs is a later generation, and the one before
 * is kept, closed. Nothing where nothing was stored or cosigned. Within the turn's transaction. */
DL_MUST_USE enum dl_err dl_replica_next_generation(struct dl_replica *replica);
DL_MUST_USE enum dl_err dl_replica_rollback(struct dl_replica *replica);
/* A cosignature of ours for more than we remember, in a generation at least as new as the one that
 * we know: nothing is cosigned below it. Written at once. */
DL_MUST_USE enum dl_err dl_replica_set_floor(struct dl_replica *replica, unsigned generation,
                                             struct dl_view note);

#endif
