/* Many plays of one scenario, each with its own seed, on all cores; and what they have in common.
 *
 * Numbers are kept in histograms whose steps are exact below 128 ms and at most 1/64 wide above, so
 * a million samples take no more memory than one, and the order of the plays does not matter.
 */
#ifndef DL_NODE_REPEAT_H
#define DL_NODE_REPEAT_H

#include "node/exercise.h"

enum { DL_HISTOGRAM_BINS = 64 * 40 };
struct dl_histogram {
    uint64_t n, max, min;
    uint64_t bins[DL_HISTOGRAM_BINS];
};
void dl_histogram_add(struct dl_histogram *h, uint64_t value);
void dl_histogram_merge(struct dl_histogram *into, const struct dl_histogram *from);
/* The value that `percent` of the samples do not exceed; 0 without samples. */
uint64_t dl_histogram_at(const struct dl_histogram *h, double percent);
size_t dl_histogram_bin(uint64_t value);
uint64_t dl_histogram_value(size_t bin); /* the least value of the bin */

/* What is measured: in ms from the moment the alert was sent, but for the last four. */
enum dl_measure {
    DL_MEASURE_RECEIPT,
    DL_MEASURE_RECEIVED,
    DL_MEASURE_SEEN,
    DL_MEASURE_ACCEPTED,
    DL_MEASURE_ACTED,
    DL_MEASURE_STATUS,  /* from where an expectation counts until a status answer said so */
    DL_MEASURE_BACKLOG, /* alerts without a receipt: the most in a play */
    DL_MEASURE_MISSED,  /* expectations missed in a play */
    DL_MEASURE_SCORE,   /* of a play, in hundredths of the most that could be had */
    DL_MEASURE_COUNT
};
const char *dl_measure_name(enum dl_measure measure); /* "receipt", ... */
void dl_measure_play(const struct dl_play *play, struct dl_histogram measures[DL_MEASURE_COUNT]);

struct dl_repeats {
    uint64_t first_seed, runs, runs_missed; /* runs_missed: a mandatory expectation was missed */
    uint64_t worst_seed;                    /* most mandatory ones missed, then the least score */
    unsigned worst_score, worst_must_missed;
    uint64_t entries, receipts, simulated_ms;
    struct dl_signature_counts signatures;
    uint64_t *met; /* by expectation: in how many runs */
    struct dl_histogram measures[DL_MEASURE_COUNT];
};

/* Plays seeds config->seed, config->seed + 1, ... in worker processes. IO when one of them ended
 * badly, and whatever dl_play says. */
DL_MUST_USE enum dl_err dl_repeat(const struct dl_play_config *config, uint64_t runs,
                                  struct dl_repeats **out, struct dl_error *error);
void dl_repeats_free(struct dl_repeats **repeats);

#endif
