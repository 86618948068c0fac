/* Charts of the report: SVG drawn from what was played. Colours are classes of the page's style, so
 * that they follow light, dark and paper; nothing is told by colour alone. */
#include "node/report_internal.h"

#include <string.h>

enum { LEFT = 96, RIGHT = 984, WIDTH = 1000, TOP = 74, LANE = 104, DIRECTOR = 46, SINGLE = 120 };
enum { STRIP = 12 }; /* of an outage */

static double x_of(const struct dl_report *report, int64_t ms)
{
    uint64_t length = report->scenario->length_ms;
    return LEFT + (double)(RIGHT - LEFT) * (double)ms / (double)length;
}

static int lane_y(int agency)
{
    return TOP + DIRECTOR + agency * LANE;
}

/* ---- the axis ---- */

static uint64_t nice_step(uint64_t length)
{
    static const uint64_t steps[] = {1000,       5000,       15000,      60000,      300000,
                                     900000,     1800000,    3600000,    7200000,    10800000,
                                     21600000,   43200000,   86400000,   172800000,  604800000,
                                     1209600000, 2592000000, 7776000000, 31536000000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (length / steps[i] <= 12) {
            return steps[i];
        }
    }
    return length;
}

static void put_tick(struct dl_buf *out, uint64_t ms, uint64_t step)
{
    if (step >= 86400000) {
        dl_buf_printf(out, "+%llu d", (unsigned long long)(ms / 86400000));
    } else if (step >= 3600000) {
        dl_buf_printf(out, "+%llu h", (unsigned long long)(ms / 3600000));
    } else if (step >= 60000) {
        dl_buf_printf(out, "+%llu min", (unsigned long long)(ms / 60000));
    } else {
        dl_buf_printf(out, "+%llu s", (unsigned long long)(ms / 1000));
    }
}

static void put_axis(const struct dl_report *report, int bottom, struct dl_buf *out)
{
    uint64_t length = report->scenario->length_ms;
    uint64_t step = nice_step(length);
    for (uint64_t at = 0; at <= length; at += step) {
        double x = x_of(report, (int64_t)at);
        dl_buf_printf(out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", x,
                      TOP, x, bottom);
        dl_buf_printf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">", x,
                      bottom + 16, at + step > length ? "end" : "middle");
        put_tick(out, at, step);
        dl_buf_put_str(out, "</text>\n");
    }
}

/* ---- lanes ---- */

static void put_lanes(const struct dl_report *report, struct dl_buf *out)
{
    dl_buf_printf(out,
                  "<text class=\"name\" x=\"8\" y=\"%d\">director</text><text class=\"sub\" "
                  "x=\"8\" y=\"%d\">导演组</text>\n",
                  TOP + 18, TOP + 34);
    for (size_t i = 0; i < report->scenario->n_agencies; i++) {
        int y = lane_y((int)i);
        dl_buf_printf(out, "<rect class=\"lane\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
                      LEFT, y, RIGHT - LEFT, LANE - 8);
        dl_buf_printf(out,
                      "<text class=\"name\" x=\"8\" y=\"%d\">%s</text><text class=\"sub\" x=\"8\" "
                      "y=\"%d\">%s</text>\n",
                      y + 34, report->scenario->agencies[i].id, y + 50,
                      report->scenario->agencies[i].jurisdiction);
    }
}

static void put_outages(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_play *play = report->play;
    static const int rows[] = {0, 1, 2, 2, 3, 3}; /* by kind: strips in the lane */
    for (size_t i = 0; i < play->n_outages && i < 600; i++) {
        const struct dl_outage *o = &play->outages[i];
        int64_t to = o->to_ms < 0 ? (int64_t)play->simulated_ms : o->to_ms;
        double x = x_of(report, o->from_ms);
        double width = x_of(report, to) - x;
        int y = lane_y(o->agency) + LANE - 8 - STRIP * (rows[o->kind] + 1);
        dl_buf_printf(out,
                      "<rect class=\"out k%d\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" "
                      "height=\"%d\"><title>%s (%s) ",
                      (int)o->kind, x, y, width < 1.5 ? 1.5 : width, STRIP - 1,
                      dl__outage_name(o->kind, false), dl__outage_name(o->kind, true));
        if (o->kind == DL_OUTAGE_PERSON) {
            dl__put_html(out, report->scenario->people[o->other].name);
        } else if (o->other != o->agency) {
            dl_buf_printf(out, "%s", report->scenario->agencies[o->other].id);
        }
        dl_buf_put_str(out, " ");
        dl__put_offset(out, o->from_ms);
        dl_buf_put_str(out, " ... ");
        dl__put_offset(out, o->to_ms);
        dl_buf_put_str(out, "</title></rect>");
        if (width > 90) {
            dl_buf_printf(out, "<text class=\"strip\" x=\"%.1f\" y=\"%d\">%s %s</text>\n", x + 3,
                          y + STRIP - 3, dl__outage_name(o->kind, false),
                          dl__outage_name(o->kind, true));
        }
    }
}

/* Its title in both languages; near the right edge the words stand before the line. */
static void put_phase(const struct dl_play_event *e, double x, int y, struct dl_buf *out)
{
    bool before = x > (LEFT + 3.0 * RIGHT) / 4;
    const char *const titles[] = {e->text, e->zh};
    for (size_t i = 0; i < (e->zh != NULL && strcmp(e->zh, e->text) != 0 ? 2 : 1); i++) {
        dl_buf_printf(out, "<text class=\"phase\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\"%s>",
                      before ? x - 4 : x + 4, y + 13 * (int)i, before ? "end" : "start",
                      i == 0 ? "" : " lang=\"zh\"");
        dl__put_html(out, titles[i]);
        dl_buf_put_str(out, "</text>\n");
    }
}

/* The lines first: a title may reach over the next phase's. */
static void put_phases(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_play *play = report->play;
    int phases = 0;
    for (size_t i = 0; i < play->n_events; i++) {
        double x = x_of(report, play->events[i].at_ms);
        if (play->events[i].kind == DL_INJECT_PHASE) {
            dl_buf_printf(out,
                          "<line class=\"phase\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", x,
                          6, x, lane_y((int)report->scenario->n_agencies) - 8);
        }
    }
    for (size_t i = 0; i < play->n_events; i++) {
        const struct dl_play_event *e = &play->events[i];
        if (e->kind == DL_INJECT_PHASE) {
            put_phase(e, x_of(report, e->at_ms), phases++ % 2 == 0 ? 16 : 46, out);
        }
    }
}

static void put_director(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_play *play = report->play;
    double last = -100;
    put_phases(report, out);
    for (size_t i = 0; i < play->n_events; i++) {
        const struct dl_play_event *e = &play->events[i];
        double x = x_of(report, e->at_ms);
        if (e->kind == DL_INJECT_PHASE) {
            continue;
        }
        dl_buf_printf(out, "<path class=\"inject%s\" d=\"M%.1f %d l5 9 h-10 z\"><title>%zu. ",
                      e->code != 0 ? " bad" : "", x, TOP + 8, i + 1);
        dl__put_html(out, e->text);
        dl_buf_put_str(out, "</title></path>");
        if (x - last > 16) {
            dl_buf_printf(
                out, "<text class=\"no\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%zu</text>\n",
                x, TOP + 30, i + 1);
            last = x;
        }
    }
}

/* ---- alerts, one by one or, when there are many, counted ---- */

static void put_fact(const struct dl_report *report, const struct dl_play_alert *a, int agency,
                     int fact, struct dl_buf *out)
{
    static const char *const shapes[] = {
        "M%.1f %d m-4 4 l4 -8 l4 8 z",                     /* receipt: triangle */
        "M%.1f %d m-4 0 a4 4 0 1 0 8 0 a4 4 0 1 0 -8 0 z", /* received: ring */
        "M%.1f %d m-4 -4 h8 v8 h-8 z",                     /* seen: square */
        "M%.1f %d m0 -5 l5 5 l-5 5 l-5 -5 z",              /* accepted: diamond */
        "M%.1f %d m-5 0 l4 4 l6 -8 l-6 5 z"};              /* acted: tick */
    static const int down[] = {14, 14, 30, 30, 30};
    int64_t at = a->when[agency][fact];
    int lane = fact == DL_FACT_RECEIPTED ? a->author : agency;
    if (at < 0) {
        return;
    }
    dl_buf_printf(out, "<path class=\"f%d\" d=\"", fact);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    dl_buf_printf(out, shapes[fact], x_of(report, at), lane_y(lane) + down[fact]);
#pragma GCC diagnostic pop
    dl_buf_printf(out, "\"><title>%s %s %s ", report->scenario->agencies[lane].id,
                  dl_fact_name((enum dl_fact)fact), a->id);
    dl__put_offset(out, at);
    dl_buf_put_str(out, "</title></path>");
}

static void put_alert(const struct dl_report *report, const struct dl_play_alert *a,
                      struct dl_buf *out)
{
    int y = lane_y(a->author) + 14;
    double x = x_of(report, a->sent_ms);
    for (int k = 0; k < (int)report->scenario->n_agencies; k++) {
        int64_t at = a->when[k][DL_FACT_RECEIVED];
        if (at >= 0) {
            dl_buf_printf(out, "<line class=\"way\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>",
                          x, y, x_of(report, at), lane_y(k) + 14);
        }
    }
    for (int k = 0; k < (int)report->scenario->n_agencies; k++) {
        for (int fact = 0; a->to[k] && fact < DL_FACT_COUNT; fact++) {
            put_fact(report, a, k, fact, out);
        }
    }
    dl_buf_printf(out, "<circle class=\"sent\" cx=\"%.1f\" cy=\"%d\" r=\"4.5\"><title>%s sent %s ",
                  x, y, report->scenario->agencies[a->author].id, a->id);
    dl__put_offset(out, a->sent_ms);
    dl_buf_put_str(out, "</title></circle>\n");
}

static void put_counts(const struct dl_report *report, struct dl_buf *out)
{
    enum { BINS = 148 };
    static unsigned counts[DL_SCENARIO_AGENCIES][BINS];
    unsigned most = 1;
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < report->play->n_alerts; i++) {
        const struct dl_play_alert *a = &report->play->alerts[i];
        if (a->sent_ms >= 0) {
            unsigned *bin =
                &counts[a->author][(uint64_t)a->sent_ms * BINS / (report->scenario->length_ms + 1)];
            most = ++*bin > most ? *bin : most;
        }
    }
    double width = (double)(RIGHT - LEFT) / BINS;
    for (size_t k = 0; k < report->scenario->n_agencies; k++) {
        for (size_t i = 0; i < BINS; i++) {
            double height = 44.0 * counts[k][i] / most;
            if (counts[k][i] > 0) {
                dl_buf_printf(out,
                              "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                              "height=\"%.1f\"><title>%u alerts sent</title></rect>\n",
                              LEFT + width * (double)i, lane_y((int)k) + 46 - height, width - 0.8,
                              height, counts[k][i]);
            }
        }
    }
}

static void put_missed(const struct dl_report *report, struct dl_buf *out)
{
    for (size_t i = 0; i < report->scenario->n_expectations; i++) {
        const struct dl_outcome *o = &report->play->outcomes[i];
        const struct dl_expectation *e = &report->scenario->expectations[i];
        if (o->met || o->deadline_ms < 0 || o->deadline_ms > (int64_t)report->scenario->length_ms) {
            continue;
        }
        dl_buf_printf(
            out,
            "<text class=\"missed\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">✗<title>missed: ",
            x_of(report, o->deadline_ms), lane_y(e->of.at[0].agency) + 54);
        dl__put_html(out, e->text);
        dl_buf_put_str(out, "</title></text>\n");
    }
}

bool dl__one_by_one(const struct dl_report *report)
{
    return report->play->n_alerts <= SINGLE;
}

void dl__chart_timeline(const struct dl_report *report, struct dl_buf *out)
{
    int bottom = lane_y((int)report->scenario->n_agencies) - 8;
    bool single = dl__one_by_one(report);
    dl_buf_printf(out,
                  "<svg class=\"timeline\" viewBox=\"0 0 %d %d\" role=\"img\" "
                  "aria-label=\"EXERCISE timeline 演习时间线\">\n",
                  WIDTH, bottom + 24);
    put_lanes(report, out);
    put_axis(report, bottom, out);
    put_outages(report, out);
    put_director(report, out);
    for (size_t i = 0; single && i < report->play->n_alerts; i++) {
        if (report->play->alerts[i].sent_ms >= 0) {
            put_alert(report, &report->play->alerts[i], out);
        }
    }
    if (!single) {
        put_counts(report, out);
    }
    put_missed(report, out);
    dl_buf_put_str(out, "</svg>\n");
}

/* ---- distributions ---- */

enum { H_WIDTH = 300, H_HEIGHT = 130, H_BASE = 104, H_BARS = 30 };

/* Bars over a scale on which every bar is the same factor wide, between the least and the greatest.
 */
void dl__chart_histogram(const struct dl_histogram *h, const char *title, struct dl_buf *out)
{
    uint64_t bars[H_BARS] = {0};
    uint64_t most = 1;
    size_t from = dl_histogram_bin(h->min);
    size_t span = dl_histogram_bin(h->max) - from + 1;
    for (size_t i = from; i < from + span; i++) {
        uint64_t *bar = &bars[(i - from) * H_BARS / span];
        *bar += h->bins[i];
        most = *bar > most ? *bar : most;
    }
    dl_buf_printf(
        out,
        "<svg class=\"histogram\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"EXERCISE 演习 ",
        H_WIDTH, H_HEIGHT);
    dl__put_html(out, title);
    dl_buf_put_str(out, "\">");
    for (size_t i = 0; i < H_BARS; i++) {
        double height = 70.0 * (double)bars[i] / (double)most; // the marks stand above
        if (bars[i] > 0) {
            dl_buf_printf(out,
                          "<rect class=\"bar\" x=\"%zu\" y=\"%.1f\" width=\"8.6\" "
                          "height=\"%.1f\"><title>%llu</title></rect>",
                          4 + i * 292 / H_BARS, H_BASE - (height < 1.5 ? 1.5 : height),
                          height < 1.5 ? 1.5 : height, (unsigned long long)bars[i]);
        }
    }
    static const double marks[] = {50, 95};
    for (size_t k = 0; k < 2; k++) {
        size_t bar = (dl_histogram_bin(dl_histogram_at(h, marks[k])) - from) * H_BARS / span;
        double x = 4 + (double)bar * 292 / H_BARS + 4.3;
        dl_buf_printf(out,
                      "<line class=\"median\" x1=\"%.1f\" y1=\"8\" x2=\"%.1f\" y2=\"%d\"/><text "
                      "class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">p%g</text>",
                      x, x, (int)H_BASE, x > 260 ? x - 3 : x + 3, 16 + (int)k * 12,
                      x > 260 ? "end" : "start", marks[k]);
    }
    dl_buf_printf(out, "<line class=\"base\" x1=\"4\" y1=\"%d\" x2=\"296\" y2=\"%d\"/>",
                  (int)H_BASE, (int)H_BASE);
    dl_buf_printf(out, "<text class=\"tick\" x=\"4\" y=\"%d\">", H_BASE + 16);
    dl__put_length(out, h->min);
    dl_buf_printf(out, "</text><text class=\"tick\" x=\"296\" y=\"%d\" text-anchor=\"end\">",
                  H_BASE + 16);
    dl__put_length(out, h->max);
    dl_buf_put_str(out, "</text></svg>\n");
}

void dl__chart_backlog(const struct dl_play *play, struct dl_buf *out)
{
    uint64_t most = 1;
    for (size_t i = 0; i < DL_PLAY_BACKLOG; i++) {
        most = play->backlog[i] > most ? play->backlog[i] : most;
    }
    dl_buf_printf(out,
                  "<svg class=\"backlog\" viewBox=\"0 0 1000 120\" role=\"img\" "
                  "aria-label=\"EXERCISE 演习 backlog 待回执\">"
                  "<text class=\"tick\" x=\"88\" y=\"14\" text-anchor=\"end\">%llu</text>"
                  "<text class=\"tick\" x=\"88\" y=\"112\" text-anchor=\"end\">0</text><path "
                  "class=\"area\" d=\"M96 110",
                  (unsigned long long)most);
    for (size_t i = 0; i < DL_PLAY_BACKLOG; i++) {
        dl_buf_printf(out, " L%.1f %.1f h3.7", 96 + (double)i * 888 / DL_PLAY_BACKLOG,
                      110 - 100.0 * (double)play->backlog[i] / (double)most);
    }
    dl_buf_put_str(
        out,
        " V110 z\"/><line class=\"base\" x1=\"96\" y1=\"110\" x2=\"984\" y2=\"110\"/></svg>\n");
}
