/* The page. Every section's words stand in English and Chinese beside each other. */
#include "base/encoding.h"
#include "node/report_internal.h"

#include <stdlib.h>
#include <string.h>

enum { INJECTS_SHOWN = 300 };

extern const char dl_report_css[]; /* node/report.css */

static void heading(struct dl_buf *out, const char *en, const char *zh)
{
    dl_buf_printf(out, "<h2>%s<span class=\"zh\" lang=\"zh\">%s</span></h2>\n", en, zh);
}

static void card_number(struct dl_buf *out, uint64_t value, const char *words)
{
    dl_buf_printf(out, "<div class=\"card\"><b>%llu</b><span>%s</span></div>",
                  (unsigned long long)value, words);
}

static void put_cards(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_play *play = report->play;
    dl_buf_put_str(out, "<div class=\"cards\">");
    dl_buf_printf(out, "<div class=\"card\"><b>%u / %u</b><span>score 得分</span></div>",
                  play->score, play->max_score);
    dl_buf_printf(
        out, "<div class=\"card\"><b>%u / %u</b><span>expectations met 达到的预期</span></div>",
        play->met, play->met + play->missed);
    card_number(out, play->must_missed, "mandatory missed 必须达到而未达到");
    card_number(out, play->entries, "signed entries 签名条目");
    card_number(out, play->receipts, "alerts receipted 已回执警报");
    dl_buf_printf(out,
                  "<div class=\"card\"><b>%llu</b><span>signatures made, %llu verified "
                  "个签名，验签 %llu 次</span></div>",
                  (unsigned long long)play->signatures.made,
                  (unsigned long long)play->signatures.verified,
                  (unsigned long long)play->signatures.verified);
    if (report->repeats != NULL) {
        card_number(out, report->repeats->runs, "runs 运行次数");
        card_number(out, report->repeats->runs_missed,
                    "runs that missed a mandatory one 未达标运行");
    }
    if (play->aborted != NULL) {
        dl_buf_put_str(out,
                       "<div class=\"card\"><b>✗</b><span>stopped early 提前终止</span></div>");
    }
    dl_buf_put_str(out, "</div>\n");
}

static void put_top(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_scenario *x = report->scenario;
    char start[DL_TIME_TEXT];
    char end[DL_TIME_TEXT];
    dl_time_encode(x->start_ms, start);
    dl_time_encode(x->start_ms + (int64_t)report->play->simulated_ms, end);
    dl_buf_put_str(
        out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
             "<meta name=\"color-scheme\" content=\"light dark\"><title>" DL_EXERCISE_MARK ": ");
    dl__put_html(out, x->title.en);
    dl_buf_printf(out,
                  "</title><style>%s</style></head>\n<body><table class=\"paper\" "
                  "role=\"presentation\"><thead class=\"mark\"><tr><td><div>" DL_EXERCISE_MARK
                  " · not real, no real substance · "
                  "非真实事件，物质均为虚构</div></td></tr></thead>\n<tbody><tr><td><main><h1>",
                  dl_report_css);
    dl__put_html(out, x->title.en);
    dl_buf_put_str(out, "<span class=\"zh\" lang=\"zh\">");
    dl__put_html(out, x->title.zh);
    dl_buf_printf(out,
                  "</span></h1>\n<p class=\"soft\">After-action report 演习总结报告 · "
                  "<code>%s</code> · %s · %.16sZ – %.16sZ · seed 种子 %llu%s</p>\n",
                  x->id, x->class_name, start, end, (unsigned long long)report->seed,
                  report->repeats == NULL ? "" : " (the worst of all runs 最差的一次)");
    put_cards(report, out);
}

static void put_objective_row(const struct dl_report *report, int i, struct dl_buf *out)
{
    struct dl__points p = dl__points_of(report, i);
    const struct dl_objective *o = i < 0 ? NULL : &report->scenario->objectives[i];
    dl_buf_put_str(out, "<tr><td>");
    dl__put_html(out, o == NULL ? "Other expectations" : o->title.en);
    dl_buf_put_str(out, "<span class=\"zh\" lang=\"zh\">");
    dl__put_html(out, o == NULL ? "其他预期" : o->title.zh);
    dl_buf_printf(out,
                  "</span></td><td class=\"n\">%u / %u</td><td class=\"n\">%u / %u</td><td><span "
                  "class=\"meter\"><i style=\"width:%u%%\"></i></span></td></tr>\n",
                  p.met, p.met + p.missed, p.score, p.max_score,
                  p.max_score == 0 ? 0 : p.score * 100 / p.max_score);
}

static void put_objectives(const struct dl_report *report, struct dl_buf *out)
{
    heading(out, "Objectives", "目标");
    dl_buf_put_str(out, "<div class=\"scroll\"><table><tr><th>objective 目标</th><th "
                        "class=\"n\">met 达到</th><th class=\"n\">score "
                        "得分</th><th></th></tr>\n");
    for (int i = dl__points_of(report, -1).max_score > 0 ? -1 : 0;
         i < (int)report->scenario->n_objectives; i++) {
        put_objective_row(report, i, out);
    }
    dl_buf_put_str(out, "</table></div>\n");
}

static void put_legend(const struct dl_report *report, struct dl_buf *out)
{
    enum { OF_ALERTS = 6 }; // they come first; in their stead the bars of many
    static const char *const items[][3] = {
        {"<circle class=\"sent\" cx=\"7\" cy=\"7\" r=\"4.5\"/>", "sent", "发出"},
        {"<path class=\"f1\" d=\"M3 7 a4 4 0 1 0 8 0 a4 4 0 1 0 -8 0 z\"/>", "received", "收妥"},
        {"<path class=\"f0\" d=\"M3 11 l4 -8 l4 8 z\"/>", "receipt", "回执"},
        {"<path class=\"f2\" d=\"M3 3 h8 v8 h-8 z\"/>", "seen", "已看到"},
        {"<path class=\"f3\" d=\"M7 2 l5 5 l-5 5 l-5 -5 z\"/>", "accepted", "已受理"},
        {"<path class=\"f4\" d=\"M2 7 l4 4 l6 -8 l-6 5 z\"/>", "acted upon", "已行动"},
        {"<path class=\"inject\" d=\"M7 2 l5 9 h-10 z\"/>", "inject (number: table below)",
         "注入（编号见下表）"},
        {"<rect class=\"out\" x=\"0\" y=\"4\" width=\"14\" height=\"7\"/>",
         "outage, suspension, illness", "中断、中止、生病"}};
    bool single = dl__one_by_one(report);
    dl_buf_put_str(out, "<ul class=\"legend\">");
    if (!single) {
        dl_buf_put_str(out,
                       "<li><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><path class=\"bar\" "
                       "d=\"M1 13 v-7 h3 v-4 h4 v2 h4 v9 z\"/></svg>alerts sent, counted "
                       "发出的警报（计数）</li>");
    }
    for (size_t i = single ? 0 : OF_ALERTS; i < sizeof items / sizeof items[0]; i++) {
        dl_buf_printf(out, "<li><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\">%s</svg>%s %s</li>",
                      items[i][0], items[i][1], items[i][2]);
    }
    dl_buf_put_str(out, "<li><b class=\"bad\">✗</b>&nbsp;deadline missed 错过时限</li></ul>\n");
}

static void put_timeline(const struct dl_report *report, struct dl_buf *out)
{
    heading(out, "Timeline", "时间线");
    dl_buf_put_str(out, "<div class=\"scroll\">");
    dl__chart_timeline(report, out);
    dl_buf_put_str(out, "</div>");
    put_legend(report, out);
}

static void put_expectation(const struct dl_report *report, size_t i, struct dl_buf *out)
{
    const struct dl_expectation *e = &report->scenario->expectations[i];
    const struct dl_outcome *o = &report->play->outcomes[i];
    dl_buf_printf(out, "<tr><td class=\"%s\">%s</td><td class=\"k\">%s</td><td><code>",
                  o->met ? "good" : "bad", o->met ? "✓ met 达到" : "✗ missed 未达到",
                  e->must ? "must 必须" : "expect 预期");
    dl__put_html(out, e->text);
    dl_buf_printf(out,
                  "</code><br><span class=\"soft\">%s:%u</span></td><td class=\"n\" "
                  "data-l=\"deadline 时限\">",
                  e->spot.file, e->spot.line);
    dl__put_offset(out, o->deadline_ms);
    dl_buf_put_str(out, "</td><td class=\"n\" data-l=\"came true 实现\">");
    dl__put_offset(out, o->at_ms);
    dl_buf_printf(out, "</td><td class=\"n\" data-l=\"points 分\">%u / %u</td><td>",
                  o->met ? e->points : 0, e->points);
    dl__put_html(out, o->reason);
    if (report->repeats != NULL) {
        dl_buf_printf(out, "</td><td class=\"n\" data-l=\"met in runs 达到率\">%.1f %%",
                      100.0 * (double)report->repeats->met[i] / (double)report->repeats->runs);
    }
    dl_buf_put_str(out, "</td></tr>\n");
}

static void put_expectations(const struct dl_report *report, struct dl_buf *out)
{
    heading(out, "Expectations", "预期");
    dl_buf_printf(out,
                  "<div class=\"scroll\"><table class=\"stack\"><tr><th>outcome 结果</th><th></th>"
                  "<th>expectation 预期</th><th class=\"n\">deadline 时限</th>"
                  "<th class=\"n\">came true 实现</th><th class=\"n\">points 分</th>"
                  "<th>why missed 原因</th>%s</tr>\n",
                  report->repeats == NULL ? "" : "<th>met in runs 达到率</th>");
    for (size_t i = 0; i < report->scenario->n_expectations; i++) {
        put_expectation(report, i, out);
    }
    dl_buf_put_str(out, "</table></div>\n");
}

static const char *const measure_words[] = {
    "Time to receipt 至回执",       "Time to arrival 至收妥",
    "Time until seen 至看到",       "Time until accepted 至受理",
    "Time until acted upon 至行动", "Time until a status changed 至状态变更"};

static void put_percentiles(const struct dl_histogram *h, struct dl_buf *out)
{
    static const double percents[] = {50, 90, 95, 99, 100};
    dl_buf_put_str(
        out, "<div class=\"scroll\"><table class=\"num\"><tr><th>from sending "
             "自发出起</th><th class=\"n\">n</th><th class=\"n\">p50</th><th class=\"n\">p90</th>"
             "<th class=\"n\">p95</th><th class=\"n\">p99</th>"
             "<th class=\"n\">most 最大</th></tr>\n");
    for (size_t i = 0; i < DL_MEASURE_BACKLOG; i++) {
        if (h[i].n == 0) {
            continue;
        }
        dl_buf_printf(out, "<tr><td>%s</td><td class=\"n\">%llu</td>", measure_words[i],
                      (unsigned long long)h[i].n);
        for (size_t k = 0; k < 5; k++) {
            dl_buf_put_str(out, "<td class=\"n\">");
            dl__put_length(out, dl_histogram_at(&h[i], percents[k]));
            dl_buf_put_str(out, "</td>");
        }
        dl_buf_put_str(out, "</tr>\n");
    }
    dl_buf_put_str(out, "</table></div><p class=\"soft\">Exact below 128 ms, to within 1/64 above. "
                        "128 毫秒以下精确，以上误差不超过 1/64。</p>\n");
}

static void put_distributions(const struct dl_report *report, struct dl_buf *out)
{
    struct dl_histogram *h = calloc(DL_MEASURE_COUNT, sizeof *h);
    DL_ASSERT(h != NULL, "memory for measures");
    dl__measures(report, h);
    heading(out, "Distributions", "分布");
    dl_buf_put_str(out, "<div class=\"grid3\">");
    for (size_t i = 0; i < DL_MEASURE_BACKLOG; i++) {
        if (h[i].n > 1) {
            dl_buf_printf(out, "<div><h3>%s</h3>", measure_words[i]);
            dl__chart_histogram(&h[i], measure_words[i], out);
            dl_buf_put_str(out, "</div>");
        }
    }
    dl_buf_put_str(out, "</div>\n");
    put_percentiles(h, out);
    if (report->repeats != NULL) {
        dl_buf_printf(
            out,
            "<p>Score in %% of the most 得分百分比: p5 %llu, p50 %llu, p95 %llu, least 最低 %llu. "
            "Backlog, most in a run 每次最大积压: p50 %llu, p95 %llu, most 最大 %llu. "
            "Expectations missed in a run 每次未达到的预期: p50 %llu, p95 %llu, most 最多 "
            "%llu.</p>\n",
            (unsigned long long)dl_histogram_at(&h[DL_MEASURE_SCORE], 5),
            (unsigned long long)dl_histogram_at(&h[DL_MEASURE_SCORE], 50),
            (unsigned long long)dl_histogram_at(&h[DL_MEASURE_SCORE], 95),
            (unsigned long long)h[DL_MEASURE_SCORE].min,
            (unsigned long long)dl_histogram_at(&h[DL_MEASURE_BACKLOG], 50),
            (unsigned long long)dl_histogram_at(&h[DL_MEASURE_BACKLOG], 95),
            (unsigned long long)h[DL_MEASURE_BACKLOG].max,
            (unsigned long long)dl_histogram_at(&h[DL_MEASURE_MISSED], 50),
            (unsigned long long)dl_histogram_at(&h[DL_MEASURE_MISSED], 95),
            (unsigned long long)h[DL_MEASURE_MISSED].max);
    }
    dl_buf_put_str(
        out, "<h3>Alerts without a receipt, over time 未获回执的警报数</h3><div class=\"scroll\">");
    dl__chart_backlog(report->play, out);
    dl_buf_put_str(out, "</div>\n");
    free(h);
}

static void put_inject(const struct dl_report *report, size_t i, struct dl_buf *out)
{
    const struct dl_play_event *e = &report->play->events[i];
    dl_buf_printf(out, "<tr><td class=\"n\">%zu</td><td class=\"n\">", i + 1);
    dl__put_offset(out, e->at_ms);
    dl_buf_put_str(out, "</td><td>");
    if (e->zh != NULL) {
        dl_buf_put_str(out, e->kind == DL_INJECT_PHASE ? "<b>" : "");
        dl__put_html(out, e->text);
        dl_buf_put_str(out, " · <span lang=\"zh\">");
        dl__put_html(out, e->zh);
        dl_buf_put_str(out, e->kind == DL_INJECT_PHASE ? "</span></b>" : "</span>");
    } else {
        dl_buf_put_str(out, "<code>");
        dl__put_html(out, e->text);
        dl_buf_put_str(out, "</code>");
    }
    dl_buf_printf(out, "</td><td class=\"%s\">%s</td><td class=\"soft\">",
                  e->code == 0 ? "soft" : "bad", e->code == 0 ? "" : "status ");
    if (e->code != 0) {
        dl_buf_printf(out, "%d: ", e->code);
    }
    dl__put_html(out, e->said == NULL ? "" : e->said);
    dl_buf_put_str(out, "</td></tr>\n");
}

static void put_injects(const struct dl_report *report, struct dl_buf *out)
{
    size_t n = report->play->n_events;
    size_t shown = n > INJECTS_SHOWN ? INJECTS_SHOWN : n;
    heading(out, "Injects, as they were played", "注入事件（按进行顺序）");
    dl_buf_put_str(
        out,
        "<div class=\"scroll\"><table class=\"stack\"><tr><th>no.</th><th>time 时间</th><th>inject "
        "注入</th><th></th><th>answer 回答</th></tr>\n");
    for (size_t i = 0; i < shown; i++) {
        put_inject(report, i, out);
    }
    dl_buf_put_str(out, "</table></div>\n");
    uint64_t left = (n - shown) + report->play->events_left_out;
    if (left > 0) {
        dl_buf_printf(out,
                      "<p class=\"soft\">%llu more are in the JSON report or were left out. 另有 "
                      "%llu 项未列出。</p>\n",
                      (unsigned long long)left, (unsigned long long)left);
    }
}

struct rows {
    struct dl_buf *out;
    size_t n;
};

static const char to_fill_in[] = "<td class=\"blank\" data-l=\"improvement 改进建议\"></td>"
                                 "<td class=\"blank\" data-l=\"owner 负责人\"></td>"
                                 "<td class=\"blank\" data-l=\"by 期限\"></td>";

static void put_finding(void *context, const char *en, const char *zh)
{
    struct rows *rows = context;
    if (rows->n++ >= 100) {
        return;
    }
    dl_buf_printf(rows->out, "<tr><td class=\"n\">%zu</td><td><div class=\"two\"><div>", rows->n);
    dl__put_html(rows->out, en);
    dl_buf_put_str(rows->out, "</div><div lang=\"zh\">");
    dl__put_html(rows->out, zh);
    dl_buf_printf(rows->out, "</div></div></td>%s</tr>\n", to_fill_in);
}

static void put_findings(const struct dl_report *report, struct dl_buf *out)
{
    struct rows rows = {.out = out};
    heading(out, "Findings and improvement plan", "发现与改进计划");
    dl_buf_put_str(out, "<div class=\"scroll\"><table class=\"stack\"><tr><th>no.</th><th>finding "
                        "发现</th><th>proposed "
                        "improvement 改进建议</th><th>owner 负责人</th><th>by 期限</th></tr>\n");
    dl__findings(report, put_finding, &rows);
    for (size_t i = 0; i < 3; i++) {
        dl_buf_printf(out,
                      "<tr><td></td><td class=\"blank\" data-l=\"finding 发现\"></td>%s</tr>\n",
                      to_fill_in);
    }
    dl_buf_put_str(out, "</table></div>\n");
    if (rows.n == 0) {
        dl_buf_put_str(out, "<p class=\"soft\">Every expectation was met and every verb was "
                            "answered. 所有预期均达到，所有操作均成功。</p>\n");
    }
}

static void put_people(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_scenario *x = report->scenario;
    heading(out, "Agencies and people", "机构与人员");
    dl_buf_put_str(out, "<div class=\"scroll\"><table><tr><th>agency 机构</th><th></th><th>people "
                        "人员</th></tr>\n");
    for (size_t i = 0; i < x->n_agencies; i++) {
        dl_buf_printf(out, "<tr><td><b>%s</b> (%s)</td><td>", x->agencies[i].id,
                      x->agencies[i].jurisdiction);
        dl__put_html(out, x->agencies[i].name.en);
        dl_buf_put_str(out, "<br><span lang=\"zh\" class=\"soft\">");
        dl__put_html(out, x->agencies[i].name.zh);
        dl_buf_put_str(out, "</span></td><td>");
        for (size_t k = 0; k < x->n_people; k++) {
            if (x->people[k].agency == (int)i) {
                dl__put_html(out, x->people[k].name);
                dl_buf_put_str(out, " <span class=\"soft\">");
                dl__put_html(out, x->people[k].role);
                dl_buf_put_str(out, "</span><br>");
            }
        }
        dl_buf_put_str(out, "</td></tr>\n");
    }
    dl_buf_put_str(out, "</table></div>\n");
}

static void put_replay(const struct dl_report *report, struct dl_buf *out)
{
    const struct dl_scenario *x = report->scenario;
    heading(out, "To replay exactly this", "如何完全重现");
    dl_buf_put_str(out, "<p><code>directline exercise run ");
    dl__put_html(out, x->files[0]);
    dl_buf_printf(out, " --seed %llu", (unsigned long long)report->seed);
    for (size_t i = 0; i < x->n_settings; i++) {
        dl_buf_printf(out, " --set %s=", x->settings[i].name);
        bool quote = strpbrk(x->settings[i].value, " \"'$") != NULL;
        dl_buf_put_str(out, quote ? "'" : "");
        dl__put_html(out, x->settings[i].value);
        dl_buf_put_str(out, quote ? "'" : "");
    }
    dl_buf_printf(out,
                  " --report .</code></p><p class=\"soft\">%s · SHA-256 of the script 脚本摘要 "
                  "<code>%s</code></p>\n",
                  DL_REPORT_VERSION, x->digest);
    if (report->repeats != NULL) {
        dl_buf_printf(
            out, "<p class=\"soft\">Seeds 种子 %llu … %llu.</p>\n",
            (unsigned long long)report->repeats->first_seed,
            (unsigned long long)(report->repeats->first_seed + report->repeats->runs - 1));
    }
}

void dl_report_html(const struct dl_report *report, struct dl_buf *out)
{
    put_top(report, out);
    put_objectives(report, out);
    put_timeline(report, out);
    put_expectations(report, out);
    put_distributions(report, out);
    put_findings(report, out);
    put_injects(report, out);
    put_people(report, out);
    put_replay(report, out);
    dl_buf_put_str(out,
                   "</main></td></tr></tbody>\n<tfoot class=\"mark\"><tr><td><div>" DL_EXERCISE_MARK
                   "</div></td></tr></tfoot></table></body></html>\n");
}
