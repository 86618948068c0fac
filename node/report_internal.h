/* What node/report*.c share. */
#ifndef DL_NODE_REPORT_INTERNAL_H
#define DL_NODE_REPORT_INTERNAL_H

#include "base/text.h"
#include "node/report.h"

struct dl__points {
    unsigned met, missed, score, max_score;
};
/* Of an objective; -1: of the expectations that belong to none. */
struct dl__points dl__points_of(const struct dl_report *report, int objective);

/* Findings are drawn from what happened; owners and measures are for people to fill in. */
typedef void (*dl__finding_fn)(void *context, const char *en, const char *zh);
void dl__findings(const struct dl_report *report, dl__finding_fn fn, void *context);

/* "+1d 02:03:04", or with milliseconds for short ones; a dash for -1. */
void dl__put_offset(struct dl_buf *out, int64_t ms);
/* A length for people: "84 ms", "6.2 min", "3.1 h". */
void dl__put_length(struct dl_buf *out, uint64_t ms);
static inline void dl__put_html(struct dl_buf *out, const char *text)
{
    dl_text_put_markup(out, dl_view_str(text));
}
const char *dl__outage_name(enum dl_outage_kind kind, bool zh);
void dl__measures(const struct dl_report *report,
                  struct dl_histogram *measures); /* DL_MEASURE_COUNT of them */
/* report_chart.c: SVG */
/* Does the timeline show alerts one by one? Too many are counted. */
bool dl__one_by_one(const struct dl_report *report);
void dl__chart_timeline(const struct dl_report *report, struct dl_buf *out);
void dl__chart_histogram(const struct dl_histogram *h, const char *title, struct dl_buf *out);
void dl__chart_backlog(const struct dl_play *play, struct dl_buf *out);

#endif
