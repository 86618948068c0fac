/* A journal of ours: a log that we sign, and its tail. Design section 4, "Tail and tree" and "What
 * is signed when".
 *
 * A submission is durable in the tail with the turn's commit. It becomes a leaf when the journal is
 * confirmed and the line lets it. The order in a turn: dl_journal_submit …, dl_journal_turn, commit
 * of line.db, dl_journal_put_head inside head.db's transaction, its commit, dl_journal_settle. Only
 * then may anything of it be sent (I1): dl_journal_sendable is the size that settled.
 */
#ifndef DL_REGISTRY_JOURNAL_H
#define DL_REGISTRY_JOURNAL_H

#include "protocol/facts.h"
#include "registry/headdb.h"
#include "registry/log.h"

struct dl_journal;

struct dl_journal_config {
    struct dl_line_db *db;
    struct dl_headdb *head;
    const char *peer;
    const char *origin;             /* of generation 1 */
    const struct dl_signer *signer; /* our journal key; borrowed */
};

/* Opens, and puts head.db forward when it is behind line.db and agrees with it. A head.db that
 * contradicts line.db makes the journal FORKED, not an error. */
DL_MUST_USE enum dl_err dl_journal_open(const struct dl_journal_config *config,
                                        struct dl_journal **out, struct dl_error *error);
void dl_journal_close(struct dl_journal **journal);

struct dl_log *dl_journal_log(struct dl_journal *journal);
enum dl_journal_state dl_journal_state(const struct dl_journal *journal);
/* CONFIRMED and REWOUND live in memory; LOST and FORKED are kept on disk. */
DL_MUST_USE enum dl_err dl_journal_set_state(struct dl_journal *journal,
                                             enum dl_journal_state state);
uint64_t dl_journal_sendable(const struct dl_journal *journal);
/* head.db's last signed note; empty when there is none. */
struct dl_view dl_journal_head(const struct dl_journal *journal);
/* Entries in the tail: on disk, and staged in this turn. */
uint64_t dl_journal_tail(const struct dl_journal *journal);

struct dl_submission {
    struct dl_entry_octets entry;
    struct dl_view id;
    enum dl_kind kind;
    bool ahead; /* a line-state */
};
/* Where an entry is. */
struct dl_place {
    int64_t cursor;
    bool known; /* it was there before: the same id and content */
    bool in_tail;
    uint64_t index;
};
/* Stage an entry. The same id with the same content is the entry that is there (I4); with other
 * content DL_E_ID_REUSED. JOURNAL_CLOSED when the journal is lost or forked. */
DL_MUST_USE enum dl_err dl_journal_submit(struct dl_journal *journal,
                                          const struct dl_submission *submission,
                                          struct dl_place *place);
/* Write what is staged: into the tree where `grow` says that the journal may grow, else into the
 * tail; a checkpoint is signed at each run's end. A long tail goes a piece a turn: while a
 * confirmed journal that may grow has a tail, have another turn. */
DL_MUST_USE enum dl_err dl_journal_turn(struct dl_journal *journal, bool grow, int64_t now_ms);
DL_MUST_USE enum dl_err dl_journal_put_head(struct dl_journal *journal);
/* Both databases are durable. True when the journal grew. */
bool dl_journal_settle(struct dl_journal *journal);
/* The turn was rolled back: nothing of it happened that is not on disk. */
DL_MUST_USE enum dl_err dl_journal_rollback(struct dl_journal *journal);
/* Where the entry of this cursor is now. DL_E_ID_UNKNOWN when there is none. */
DL_MUST_USE enum dl_err dl_journal_find(struct dl_journal *journal, int64_t cursor,
                                        struct dl_place *place);

/* dl_log_refresh_receipt of its log. */
bool dl_journal_refresh(struct dl_journal *journal, uint64_t size, int64_t now_ms,
                        struct dl_view note);
/* A receipt for a size that is ours: keeps it. */
DL_MUST_USE enum dl_err dl_journal_receipt(struct dl_journal *journal, uint64_t size,
                                           int64_t now_ms, struct dl_view note);

/* Rewound: entries of ours come back from the peer, ended by a checkpoint of ours. An entry that is
 * in the tail with the same content is that one; with other content the tail's is kept out and
 * shown (`kept_out` counts them). */
struct dl_taken_back {
    const struct dl_entry_octets *entries;
    size_t n;
    struct dl_view note;
    int64_t now_ms;
};
DL_MUST_USE enum dl_err dl_journal_take_back(struct dl_journal *journal,
                                             const struct dl_taken_back *back, size_t *kept_out);

/* Open the next generation, greater than `least`: `first` is its first entry, the line-state
 * `renewed`; what the peer has no receipt for follows, then the tail. The journal is unconfirmed
 * until the next HELLO. */
DL_MUST_USE enum dl_err dl_journal_renew(struct dl_journal *journal, unsigned least,
                                         const struct dl_submission *first, int64_t now_ms);

#endif
