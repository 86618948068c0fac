/* Two whole nodes whose every step is chosen: which piece of what travels arrives next, who
 * submits, who crashes after which sync, which database comes back from which earlier moment. The
 * code is the node's own; time stands still but for its timers, and randomness is a constant, so
 * that one state has one hash however it was reached. tests/world/walk.c walks over all of them.
 */
#ifndef TESTS_WORLD_WALK_PAIR_H
#define TESTS_WORLD_WALK_PAIR_H

#include "node/virtual_node.h"

enum { IMAGES_MAX = 24, COMING = 64 };

/* The databases as they were at the end of a turn. */
struct image {
    struct dl_hash hash; /* of what is in them */
    struct dl_buf file[4];
};

struct pair_side {
    struct dl_virtual_node *node;
    struct dl_world *world;
    struct image images[IMAGES_MAX]; /* of this line of time: a restore drops what came after */
    size_t n_images;
    unsigned submitted;
    bool restored; /* line.db came back from the past at least once */
    bool mute;     /* it crashes in this turn: nothing that it says leaves */
};

struct pair {
    struct dl_virtual *virtual;
    struct pair_side side[2];
    unsigned faults;
    const char *wrong; /* the first violation */
    char wrong_text[512];
};

enum step_kind {
    STEP_TAKE,   /* `n`: which of what comes */
    STEP_TIMER,  /* the next timer */
    STEP_SUBMIT, /* at `side` */
    STEP_CUT,    /* the link breaks */
    STEP_CRASH,  /* `side` loses its power and starts again */
    STEP_LINE,   /* `side`: line.db as of image `n` */
    STEP_BOTH,   /* `side`: line.db and head.db as of image `n` */
    STEP_RENEW   /* an operator renews what is lost or forked */
};
struct step {
    enum step_kind kind;
    int side;
    unsigned n;
    int syncs; /* the node concerned loses its power after this many syncs; -1: it does not */
};

void pair_init(struct pair *pair);
void pair_fini(struct pair *pair);
/* Do it; gives the syncs that there were. */
unsigned pair_do(struct pair *pair, const struct step *step);
/* Does this step cost a fault? */
bool step_is_fault(const struct step *step);
void step_print(const struct step *step, char *out, size_t n);

/* Everything that decides what can follow. */
struct dl_hash pair_hash(struct pair *pair);
/* Everything that decides what a fault of `side` leaves: its disk, not its memory. */
struct dl_hash pair_fault_hash(struct pair *pair, const struct step *step);
struct dl_peer *pair_peer(struct pair *pair, int side);

/* walk_check.c: what must hold. The first violation stays in pair->wrong. */
void pair_wrong(struct pair *pair, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_state(struct pair *pair);
/* What a node says, before it leaves. */
void check_leaving(struct pair *pair, int side, struct dl_view octets);
enum ending { ENDING_NOT_YET, ENDING_AGREED, ENDING_CLOSED /* lost or forked, and shown so */ };
/* Nothing travels and the link is up: what is it now? */
enum ending check_ending(struct pair *pair);

#endif
