/* What a HELLO means: pure decisions over sizes and roots (design section 4, "HELLO" and "When a
 * side went back in time"). Signatures are verified before; this is what is left to decide, and
 * what the small-state walk walks.
 */
#ifndef DL_PROTOCOL_HELLO_DECIDE_H
#define DL_PROTOCOL_HELLO_DECIDE_H

#include "protocol/facts.h"

/* A signed note of some tree, beside what our disk says of that tree. */
struct dl_hello_point {
    bool present;
    uint64_t size; /* at least 1 */
    struct dl_hash root;
    struct dl_hash disk; /* root of the tree on disk at `size`; only when size <= the disk's size */
};

/* The author's side: every note of our journal that anybody showed us. */
enum dl_author_note {
    DL_AUTHOR_HEAD,     /* head.db, last signed */
    DL_AUTHOR_RECEIPT,  /* our newest receipt */
    DL_AUTHOR_HELD,     /* the newest note that the peer stored */
    DL_AUTHOR_COSIGNED, /* the newest note that the peer ever cosigned */
    DL_AUTHOR_NOTES
};

struct dl_hello_author {
    enum dl_journal_state state; /* from the facts: LOST and FORKED stay */
    uint64_t size;               /* line.db */
    uint64_t held;               /* how many entries the peer can give back */
    struct dl_hello_point note[DL_AUTHOR_NOTES];
};

struct dl_author_verdict {
    enum dl_journal_state state; /* CONFIRMED, REWOUND, LOST or FORKED */
    bool serve;                  /* what is on disk contradicts nothing: it may be pushed */
    bool lost_copy;              /* the peer holds less than it once receipted */
    uint64_t known;              /* the highest size known to be ours */
    int newest;                  /* index of that note, -1 when none */
    int receipt;                 /* index of the newest receipt, -1 when none */
    int against[2];              /* FORKED: the notes that contradict; [1] -1: the disk */
};

void dl_hello_decide_author(const struct dl_hello_author *in, struct dl_author_verdict *out);

/* The index of a note that contradicts a tree of `size` with `root`, -1 when none. For trees that
 * grow past notes while entries are pulled back. */
int dl_hello_contradicts(const struct dl_hello_point *notes, size_t n, uint64_t size,
                         const struct dl_hash *root);

/* The receiver's side: every note of the peer's journal that we hold or that it showed us. */
enum dl_receiver_note {
    DL_RECEIVER_STORED,   /* the newest stored: of the disk's size */
    DL_RECEIVER_COSIGNED, /* head.db's cosigned row */
    DL_RECEIVER_RECEIPT,  /* the peer's newest receipt, with our cosignature */
    DL_RECEIVER_NEWEST,   /* HELLO2: the peer's newest checkpoint */
    DL_RECEIVER_NOTES
};

struct dl_hello_receiver {
    bool told;     /* HELLO2 has come; without a NEWEST it says that the journal is empty */
    bool closed;   /* HELLO2 said so: an old newest checkpoint is then no surprise */
    uint64_t size; /* line.db */
    struct dl_hello_point note[DL_RECEIVER_NOTES];
};

enum dl_receiver_what {
    DL_RECEIVER_OK,
    DL_RECEIVER_TWO_ROOTS, /* notes a and b: one size, two roots. Freeze */
    DL_RECEIVER_PROVE,     /* note a is not on the stored history: ask for a proof from a to b */
    DL_RECEIVER_SHRUNK     /* the newest checkpoint is older than note b. Close */
};

struct dl_receiver_verdict {
    enum dl_receiver_what what;
    int a, b;
    bool raise_floor; /* RECEIPT is above COSIGNED: it becomes the floor */
};

void dl_hello_decide_receiver(const struct dl_hello_receiver *in, struct dl_receiver_verdict *out);

#endif
