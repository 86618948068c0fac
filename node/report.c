#include "base/encoding.h"
#include "base/json.h"
#include "node/report_internal.h"
#include "node/telling.h"

#include <stdlib.h>
#include <string.h>

static const char begin[] = "{\"marking\":\"" DL_EXERCISE_MARK "\"";

struct dl__points dl__points_of(const struct dl_report *report, int objective)
{
    struct dl__points p = {0};
    for (size_t i = 0; i < report->scenario->n_expectations; i++) {
        const struct dl_expectation *e = &report->scenario->expectations[i];
        if (e->objective == objective) {
            bool met = report->play->outcomes[i].met;
            p.met += met;
            p.missed += !met;
            p.score += met ? e->points : 0;
            p.max_score += e->points;
        }
    }
    return p;
}

void dl__measures(const struct dl_report *report, struct dl_histogram *measures)
{
    memset(measures, 0, DL_MEASURE_COUNT * sizeof *measures);
    if (report->repeats != NULL) {
        memcpy(measures, report->repeats->measures, DL_MEASURE_COUNT * sizeof *measures);
    } else {
        dl_measure_play(report->play, measures);
    }
}

void dl__put_offset(struct dl_buf *out, int64_t ms)
{
    long long s = ms / 1000;
    if (ms < 0) {
        dl_buf_put_str(out, "\xe2\x80\x93");
        return;
    }
    dl_buf_put_str(out, "+");
    if (s >= 86400) {
        dl_buf_printf(out, "%lld d ", s / 86400);
    }
    dl_buf_printf(out, "%02lld:%02lld:%02lld", s / 3600 % 24, s / 60 % 60, s % 60);
    if (s < 60) {
        dl_buf_printf(out, ".%03lld", (long long)(ms % 1000));
    }
}

void dl__put_length(struct dl_buf *out, uint64_t ms)
{
    static const struct {
        uint64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};
    for (size_t i = 0; i < 4; i++) {
        if (ms >= units[i].ms * (i == 0 ? 2 : 1)) {
            uint64_t tenths = (ms * 10 + units[i].ms / 2) / units[i].ms;
            dl_buf_printf(out, "%llu.%llu %s", (unsigned long long)(tenths / 10),
                          (unsigned long long)(tenths % 10), units[i].unit);
            return;
        }
    }
    dl_buf_printf(out, "%llu ms", (unsigned long long)ms);
}

const char *dl__outage_name(enum dl_outage_kind kind, bool zh)
{
    static const char *const names[][2] = {{"link down", "链路中断"}, {"suspended", "线路中止"},
                                           {"node down", "节点停止"}, {"disk full", "磁盘已满"},
                                           {"ill", "生病"},           {"clock off", "时钟偏差"}};
    return names[kind][zh];
}

/* ---- findings ---- */

static void missed_findings(const struct dl_report *report, dl__finding_fn fn, void *context)
{
    struct dl_buf en;
    struct dl_buf zh;
    for (size_t i = 0; i < report->scenario->n_expectations; i++) {
        const struct dl_expectation *e = &report->scenario->expectations[i];
        if (report->play->outcomes[i].met) {
            continue;
        }
        dl_buf_init(&en, 4096);
        dl_buf_init(&zh, 4096);
        dl_buf_printf(&en, "%s missed: %s. %s.", e->must ? "Mandatory expectation" : "Expectation",
                      e->text, report->play->outcomes[i].reason);
        dl_buf_printf(&zh, "%s未达到：%s。%s。", e->must ? "必须达到的预期" : "预期", e->text,
                      report->play->outcomes[i].reason);
        dl_buf_u8(&en, 0);
        dl_buf_u8(&zh, 0);
        fn(context, (const char *)en.p, (const char *)zh.p);
        dl_buf_fini(&en);
        dl_buf_fini(&zh);
    }
}

static void verb_findings(const struct dl_report *report, dl__finding_fn fn, void *context)
{
    struct dl_buf en;
    struct dl_buf zh;
    for (size_t i = 0; i < report->play->n_events; i++) {
        const struct dl_play_event *event = &report->play->events[i];
        if (event->code == 0) {
            continue;
        }
        dl_buf_init(&en, 4096);
        dl_buf_init(&zh, 4096);
        dl__put_offset(&en, event->at_ms);
        dl__put_offset(&zh, event->at_ms);
        dl_buf_printf(&en, ": \"%s\" ended with status %d: %s", event->text, event->code,
                      event->said == NULL ? "" : event->said);
        dl_buf_printf(&zh, "：“%s” 以状态 %d 结束：%s", event->text, event->code,
                      event->said == NULL ? "" : event->said);
        dl_buf_u8(&en, 0);
        dl_buf_u8(&zh, 0);
        fn(context, (const char *)en.p, (const char *)zh.p);
        dl_buf_fini(&en);
        dl_buf_fini(&zh);
    }
}

void dl__findings(const struct dl_report *report, dl__finding_fn fn, void *context)
{
    missed_findings(report, fn, context);
    verb_findings(report, fn, context);
    if (report->play->aborted != NULL) {
        fn(context, "The exercise was stopped before its end by a condition of the script.",
           "演习因脚本中的终止条件提前结束。");
    }
}

/* ---- the answer ---- */

static void put_objective(const struct dl_report *report, int i, struct dl_buf *out)
{
    const struct dl_objective *o = i < 0 ? NULL : &report->scenario->objectives[i];
    struct dl__points p = dl__points_of(report, i);
    dl_buf_put_str(out, begin);
    dl_put_member(out, "objective", o == NULL ? NULL : o->id);
    dl_put_member(out, "title", o == NULL ? "Other expectations" : o->title.en);
    dl_put_member(out, "title_zh", o == NULL ? "其他预期" : o->title.zh);
    dl_put_member_int(out, "met", p.met);
    dl_put_member_int(out, "missed", p.missed);
    dl_put_member_int(out, "score", p.score);
    dl_put_member_int(out, "max_score", p.max_score);
    dl_buf_put_str(out, "}");
}

static void put_objectives(const struct dl_report *report, struct dl_buf *out)
{
    dl_buf_put_str(out, ",\"objectives\":[");
    int from = dl__points_of(report, -1).max_score > 0 ? -1 : 0;
    for (int i = from; i < (int)report->scenario->n_objectives; i++) {
        dl_buf_put_str(out, i > from ? "," : "");
        put_objective(report, i, out);
    }
    dl_buf_put_str(out, "]");
}

static void put_number(struct dl_buf *out, const char *key, uint64_t value)
{
    dl_buf_printf(out, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void put_signatures(struct dl_buf *out, const struct dl_signature_counts *n)
{
    dl_buf_printf(out, ",\"signatures\":{\"made\":%llu,\"verified\":%llu}",
                  (unsigned long long)n->made, (unsigned long long)n->verified);
}

static void put_measures(const struct dl_report *report, struct dl_buf *out)
{
    static const double percents[] = {5, 25, 50, 75, 90, 95, 99};
    struct dl_histogram *h = calloc(DL_MEASURE_COUNT, sizeof *h);
    DL_ASSERT(h != NULL, "memory for measures");
    dl__measures(report, h);
    dl_buf_put_str(out, ",\"distributions\":{");
    for (size_t i = 0; i < DL_MEASURE_COUNT; i++) {
        const char *unit = i < DL_MEASURE_BACKLOG    ? "ms"
                           : i == DL_MEASURE_BACKLOG ? "alerts"
                           : i == DL_MEASURE_MISSED  ? "expectations"
                                                     : "percent";
        dl_buf_printf(out, "%s\"%s\":{\"unit\":\"%s\",\"n\":%llu", i > 0 ? "," : "",
                      dl_measure_name((enum dl_measure)i), unit, (unsigned long long)h[i].n);
        if (h[i].n > 0) {
            put_number(out, "least", h[i].min);
            for (size_t k = 0; k < sizeof percents / sizeof percents[0]; k++) {
                dl_buf_printf(out, ",\"p%g\":%llu", percents[k],
                              (unsigned long long)dl_histogram_at(&h[i], percents[k]));
            }
            put_number(out, "greatest", h[i].max);
        }
        dl_buf_put_str(out, "}");
    }
    dl_buf_put_str(out, "}");
    free(h);
}

static void put_repeats(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_repeats *r = report->repeats;
    if (r == NULL) {
        dl_buf_put_str(out, ",\"repeats\":null");
        return;
    }
    dl_buf_printf(out, ",\"repeats\":{\"runs\":%llu", (unsigned long long)r->runs);
    put_number(out, "first_seed", r->first_seed);
    put_number(out, "runs_missed", r->runs_missed);
    put_number(out, "worst_seed", r->worst_seed);
    put_number(out, "worst_score", r->worst_score);
    put_number(out, "entries", r->entries);
    put_number(out, "receipts", r->receipts);
    put_signatures(out, &r->signatures);
    dl_buf_put_str(out, ",\"met\":[");
    for (size_t i = 0; i < report->scenario->n_expectations; i++) {
        dl_buf_printf(out, "%s%llu", i > 0 ? "," : "", (unsigned long long)r->met[i]);
    }
    dl_buf_put_str(out, "]}");
}

static void put_head(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_play *play = report->play;
    dl_buf_put_str(out, begin);
    dl_put_member(out, "scenario", report->scenario->id);
    put_number(out, "seed", report->seed);
    dl_buf_printf(out, ",\"simulated_seconds\":%llu",
                  (unsigned long long)(play->simulated_ms / 1000));
    put_number(out, "entries", play->entries);
    put_number(out, "receipts", play->receipts);
    put_signatures(out, &play->signatures);
    dl_buf_printf(out, ",\"expectations\":{\"met\":%u,\"missed\":%u,\"mandatory_missed\":%u}",
                  play->met, play->missed, play->must_missed);
    put_number(out, "score", play->score);
    put_number(out, "max_score", play->max_score);
    put_objectives(report, out);
}

void dl_report_answer(const struct dl_report *report, const char *path, struct dl_buf *out)
{
    put_head(report, out);
    dl_put_member(out, "report", path);
    dl_put_member(out, "version", DL_REPORT_VERSION);
    dl_put_member(out, "aborted", report->play->aborted);
    put_measures(report, out);
    put_repeats(report, out);
    dl_buf_put_str(out, "}\n");
}

/* ---- the whole as JSON ---- */

static void put_ms(struct dl_buf *out, const char *key, int64_t ms)
{
    if (ms < 0) {
        dl_buf_printf(out, ",\"%s\":null", key);
    } else {
        dl_buf_printf(out, ",\"%s\":%lld", key, (long long)ms);
    }
}

static void json_expectations(const struct dl_report *report, struct dl_buf *out)
{
    dl_buf_put_str(out, ",\n\"outcomes\":[");
    for (size_t i = 0; i < report->scenario->n_expectations; i++) {
        const struct dl_expectation *e = &report->scenario->expectations[i];
        const struct dl_outcome *o = &report->play->outcomes[i];
        dl_buf_printf(out, "%s\n%s", i > 0 ? "," : "", begin);
        dl_put_member(out, "expectation", e->text);
        dl_put_member(out, "file", e->spot.file);
        dl_put_member_int(out, "line", e->spot.line);
        dl_put_member(out, "objective",
                      e->objective < 0 ? NULL : report->scenario->objectives[e->objective].id);
        dl_buf_printf(out, ",\"must\":%s,\"met\":%s", e->must ? "true" : "false",
                      o->met ? "true" : "false");
        dl_put_member_int(out, "points", e->points);
        put_ms(out, "at_ms", o->at_ms);
        put_ms(out, "deadline_ms", o->deadline_ms);
        dl_put_member(out, "reason", o->met ? NULL : o->reason);
        dl_buf_put_str(out, "}");
    }
    dl_buf_put_str(out, "]");
}

static void json_events(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_play *play = report->play;
    dl_buf_put_str(out, ",\n\"injects\":[");
    for (size_t i = 0; i < play->n_events; i++) {
        const struct dl_play_event *e = &play->events[i];
        dl_buf_printf(out, "%s\n%s", i > 0 ? "," : "", begin);
        put_ms(out, "at_ms", e->at_ms);
        dl_put_member(out, "agency",
                      e->agency < 0 ? NULL : report->scenario->agencies[e->agency].id);
        dl_put_member(out, "inject", e->text);
        dl_put_member_int(out, "status", e->code);
        dl_put_member(out, "answer", e->said);
        dl_buf_put_str(out, "}");
    }
    dl_buf_put_str(out, "]");
    put_number(out, "injects_left_out", play->events_left_out);
    dl_buf_put_str(out, ",\n\"outages\":[");
    for (size_t i = 0; i < play->n_outages; i++) {
        const struct dl_outage *o = &play->outages[i];
        bool person = o->kind == DL_OUTAGE_PERSON;
        dl_buf_printf(out, "%s\n%s", i > 0 ? "," : "", begin);
        dl_put_member(out, "what", dl__outage_name(o->kind, false));
        dl_put_member(out, "agency", report->scenario->agencies[o->agency].id);
        dl_put_member(out, "with",
                      person ? report->scenario->people[o->other].name
                             : report->scenario->agencies[o->other].id);
        put_ms(out, "from_ms", o->from_ms);
        put_ms(out, "to_ms", o->to_ms);
        dl_buf_put_str(out, "}");
    }
    dl_buf_put_str(out, "]");
}

static void json_alert(const struct dl_report *report, const struct dl_play_alert *a,
                       struct dl_buf *out)
{
    const struct dl_scenario *x = report->scenario;
    dl_buf_put_str(out, begin);
    dl_put_member(out, "id", a->id);
    dl_put_member(out, "from", x->agencies[a->author].id);
    put_ms(out, "sent_ms", a->sent_ms);
    dl_buf_put_str(out, ",\"to\":[");
    bool first = true;
    for (size_t k = 0; k < x->n_agencies; k++) {
        if (!a->to[k]) {
            continue;
        }
        dl_buf_printf(out, "%s{\"agency\":\"%s\"", first ? "" : ",", x->agencies[k].id);
        first = false;
        for (size_t fact = 0; fact < DL_FACT_COUNT; fact++) {
            put_ms(out, dl_fact_name((enum dl_fact)fact), a->when[k][fact]);
        }
        dl_buf_put_str(out, "}");
    }
    dl_buf_put_str(out, "]}");
}

struct finding_list {
    struct dl_buf *out;
    size_t n;
};

static void json_finding(void *context, const char *en, const char *zh)
{
    struct finding_list *list = context;
    dl_buf_printf(list->out, "%s\n%s", list->n++ > 0 ? "," : "", begin);
    dl_put_member(list->out, "finding", en);
    dl_put_member(list->out, "finding_zh", zh);
    dl_buf_put_str(list->out, ",\"improvement\":null,\"owner\":null,\"until\":null}");
}

static void json_replay(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_scenario *x = report->scenario;
    dl_put_member(out, "version", DL_REPORT_VERSION);
    dl_put_member(out, "sha256", x->digest);
    dl_put_member_time(out, "start", x->start_ms);
    dl_put_member(out, "class", x->class_name);
    dl_put_member(out, "title", x->title.en);
    dl_put_member(out, "title_zh", x->title.zh);
    dl_buf_put_str(out, ",\"settings\":{");
    for (size_t i = 0; i < x->n_settings; i++) {
        dl_buf_put_str(out, i > 0 ? "," : "");
        dl_json_put_str(out, x->settings[i].name);
        dl_buf_put_str(out, ":");
        dl_json_put_str(out, x->settings[i].value);
    }
    dl_buf_put_str(out, "}");
}

void dl_report_json(const struct dl_report *report, struct dl_buf *out)
{
    struct finding_list list = {.out = out};
    put_head(report, out);
    json_replay(report, out);
    dl_put_member(out, "aborted", report->play->aborted);
    put_measures(report, out);
    put_repeats(report, out);
    json_expectations(report, out);
    json_events(report, out);
    dl_buf_put_str(out, ",\n\"findings\":[");
    dl__findings(report, json_finding, &list);
    dl_buf_put_str(out, "],\n\"alerts\":[");
    for (size_t i = 0; i < report->play->n_alerts; i++) {
        dl_buf_put_str(out, i > 0 ? ",\n" : "\n");
        json_alert(report, &report->play->alerts[i], out);
    }
    dl_buf_put_str(out, "]}\n");
}

/* ---- for a terminal ---- */

static void text_measures(const struct dl_report *report, struct dl_buf *out)
{
    struct dl_histogram *h = calloc(DL_MEASURE_COUNT, sizeof *h);
    DL_ASSERT(h != NULL, "memory for measures");
    dl__measures(report, h);
    for (size_t i = 0; i < DL_MEASURE_COUNT; i++) {
        static const double percents[] = {5, 50, 95, 100};
        bool count = i >= DL_MEASURE_BACKLOG; // of plays: one play has no distribution
        if (h[i].n == 0 || (count && report->repeats == NULL)) {
            continue;
        }
        dl_buf_printf(out, "%s:   %-9s n %-6llu", DL_EXERCISE_MARK,
                      dl_measure_name((enum dl_measure)i), (unsigned long long)h[i].n);
        for (size_t k = count ? 0 : 1; k < 4; k++) {
            bool least = k == 3 && i == DL_MEASURE_SCORE;
            uint64_t value = least ? h[i].min : dl_histogram_at(&h[i], percents[k]);
            dl_buf_printf(out, k < 3 ? " p%g " : least ? " least " : " most ", percents[k]);
            if (count) {
                dl_buf_printf(out, "%llu%s", (unsigned long long)value,
                              i == DL_MEASURE_SCORE ? " %" : "");
            } else {
                dl__put_length(out, value);
            }
        }
        dl_buf_put_str(out, "\n");
    }
    free(h);
}

void dl_report_text(const struct dl_report *report, bool zh, struct dl_buf *out)
{
    const struct dl_scenario *x = report->scenario;
    const struct dl_play *play = report->play;
    dl_buf_printf(out, "%s: %s (%s, %s %llu)\n", DL_EXERCISE_MARK, zh ? x->title.zh : x->title.en,
                  x->id, zh ? "种子" : "seed", (unsigned long long)report->seed);
    if (report->repeats != NULL) {
        dl_buf_printf(
            out,
            zh ? "%s: %llu 次运行，%llu 次未达到必须的预期；最差种子 %llu\n"
               : "%s: %llu runs, %llu of them missed a mandatory expectation; worst seed %llu\n",
            DL_EXERCISE_MARK, (unsigned long long)report->repeats->runs,
            (unsigned long long)report->repeats->runs_missed,
            (unsigned long long)report->repeats->worst_seed);
    }
    for (size_t i = 0; i < x->n_expectations; i++) {
        const struct dl_outcome *o = &play->outcomes[i];
        dl_buf_printf(out, "%s: %s %s %s%s%s\n", DL_EXERCISE_MARK,
                      o->met ? (zh ? "达到  " : "met   ") : (zh ? "未达到" : "MISSED"),
                      x->expectations[i].must ? "must  " : "expect", x->expectations[i].text,
                      o->met ? "" : ": ", o->met ? "" : o->reason);
    }
    text_measures(report, out);
    dl_buf_printf(out,
                  zh ? "%s: 得分 %u / %u；%llu 个条目，%llu 个回执，%llu 个签名\n"
                     : "%s: score %u of %u; %llu entries, %llu receipts, %llu signatures\n",
                  DL_EXERCISE_MARK, play->score, play->max_score, (unsigned long long)play->entries,
                  (unsigned long long)play->receipts, (unsigned long long)play->signatures.made);
}
