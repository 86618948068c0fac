/* The after-action report of an exercise: one self-contained page (English and Chinese side by
 * side, no script, no network, printable), and the same as JSON. Doctrine: HSEEP (objectives,
 * injects, expectations, improvement plan). A function of what was played: the same play gives the
 * same octets.
 */
#ifndef DL_NODE_REPORT_H
#define DL_NODE_REPORT_H

#include "node/exercise.h"
#include "node/repeat.h"

#define DL_REPORT_VERSION "directline 0.1.0"

struct dl_report {
    const struct dl_scenario *scenario;
    uint64_t seed;
    struct dl_play *play;       /* of that seed */
    struct dl_repeats *repeats; /* NULL: one play only */
};

/* All append. */
void dl_report_html(const struct dl_report *report, struct dl_buf *out);
void dl_report_json(const struct dl_report *report, struct dl_buf *out);
/* The answer of `exercise run --json` (contracts section 7), one line; `path` of the page or NULL.
 */
void dl_report_answer(const struct dl_report *report, const char *path, struct dl_buf *out);
/* For a terminal. */
void dl_report_text(const struct dl_report *report, bool zh, struct dl_buf *out);

#endif
