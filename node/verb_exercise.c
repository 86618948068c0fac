/* exercise list, check, run. */
#include "base/text.h"
#include "node/report.h"
#include "node/repeat.h"
#include "node/telling.h"
#include "registry/registry.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATHS = 64, REPORT_MAX = 64 * 1024 * 1024, REPEAT_MAX = 1000000 };

/* Ends the call; the mark stands in errors too. */
static void fail(struct dl_call *call, const struct dl_error *error)
{
    struct dl_error marked = *error;
    snprintf(marked.message, sizeof marked.message, "%s: %.*s", DL_EXERCISE_MARK,
             DL_ERROR_MESSAGE_MAX - 32, error->message);
    dl_call_fail(call, &marked);
}

/* ---- shipped scenarios ---- */

/* Beside the program: scenarios/, then ../share/directline/scenarios/. */
static bool shipped_folder(char *out, size_t n)
{
    static const char *const places[] = {"scenarios", "../share/directline/scenarios"};
    char program[4000];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) {
        return false;
    }
    program[length] = '\0';
    *strrchr(program, '/') = '\0';
    for (size_t i = 0; i < 2; i++) {
        struct stat info;
        snprintf(out, n, "%s/%s", program, places[i]);
        if (stat(out, &info) == 0 && S_ISDIR(info.st_mode)) {
            return true;
        }
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t find_shipped(const char *folder, char *paths[PATHS])
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    const struct dirent *entry = NULL;
    while (dir != NULL && n < PATHS && (entry = readdir(dir)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length > 9 && strcmp(entry->d_name + length - 9, ".scenario") == 0) {
            int made = asprintf(&paths[n], "%s/%s", folder, entry->d_name);
            DL_ASSERT(made > 0, "memory for a path");
            n++;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    qsort(paths, n, sizeof paths[0], by_name);
    return n;
}

static void list_one(struct dl_call *call, const char *path)
{
    struct dl_scenario *scenario = NULL;
    struct dl_problems *problems = calloc(1, sizeof *problems);
    struct dl_buf out;
    DL_ASSERT(problems != NULL, "memory for problems");
    dl_buf_init(&out, (size_t)64 * 1024);
    if (dl_scenario_open(path, NULL, 0, &scenario, problems) != DL_OK) {
        dl_call_warn(call, "%s: %s:%u:%u: %s\n", DL_EXERCISE_MARK, path, problems->at[0].line,
                     problems->at[0].column, problems->at[0].message);
        dl_call_note(call, DL_EXIT_NO);
    } else if (call->json) {
        dl_buf_put_str(&out, "{\"marking\":\"" DL_EXERCISE_MARK "\"");
        dl_put_member(&out, "scenario", scenario->id);
        dl_put_member(&out, "file", path);
        dl_put_member(&out, "title", scenario->title.en);
        dl_put_member(&out, "title_zh", scenario->title.zh);
        dl_put_member(&out, "class", scenario->class_name);
        dl_put_member_int(&out, "seconds", (int64_t)(scenario->length_ms / 1000));
        dl_buf_put_str(&out, "}\n");
    } else {
        dl_buf_printf(&out, "%s: %-18s %s\n%*s%s\n", DL_EXERCISE_MARK, scenario->id,
                      DL_SAY(call, scenario->title.en, scenario->title.zh), 38, "", path);
    }
    dl_call_put_buf(call, &out);
    dl_buf_fini(&out);
    dl_scenario_free(&scenario);
    free(problems);
}

void dl__verb_exercise_list(struct dl_call *call)
{
    char folder[4096];
    char *paths[PATHS];
    if (!shipped_folder(folder, sizeof folder)) {
        struct dl_error error;
        dl_error_set(&error, DL_E_INPUT, NULL, "no shipped scenarios lie beside the program");
        dl_error_hint(&error,
                      "they are looked for in scenarios/ and ../share/directline/scenarios/");
        fail(call, &error);
        return;
    }
    size_t n = find_shipped(folder, paths);
    for (size_t i = 0; i < n; i++) {
        list_one(call, paths[i]);
        free(paths[i]);
    }
    dl_call_end_worst(call);
}

/* ---- reading a script ---- */

/* The operand is a file, or the name of a shipped scenario. */
static void script_path(const struct dl_call *call, char *out, size_t n)
{
    char folder[4096];
    const char *name = dl_call_operand(call, 0);
    const char *base = strrchr(name, '/') == NULL ? name : strrchr(name, '/') + 1;
    snprintf(out, n, "%s", name);
    if (access(name, F_OK) != 0 && shipped_folder(folder, sizeof folder)) {
        size_t length = strlen(base);
        bool whole = length > 9 && strcmp(base + length - 9, ".scenario") == 0;
        char *path = NULL;
        if (asprintf(&path, "%s/%s%s", folder, base, whole ? "" : ".scenario") > 0 &&
            access(path, R_OK) == 0) {
            snprintf(out, n, "%s", path);
        }
        free(path);
    }
}

/* The shipped scenario that was meant, or where to look for one. */
static void hint_name(const struct dl_call *call, char out[DL_ERROR_HINT_MAX])
{
    char folder[4096];
    char *paths[PATHS];
    const char *name = dl_call_operand(call, 0);
    size_t best = 4;
    snprintf(out, DL_ERROR_HINT_MAX, "`directline exercise list` names the shipped scenarios");
    size_t n = shipped_folder(folder, sizeof folder) ? find_shipped(folder, paths) : 0;
    for (size_t i = 0; i < n; i++) {
        char *base = strrchr(paths[i], '/') + 1;
        *strrchr(base, '.') = '\0';
        size_t d = dl_text_distance(name, base);
        if (d < best) {
            best = d;
            snprintf(out, DL_ERROR_HINT_MAX, "did you mean %s?", base);
        }
        free(paths[i]);
    }
}

static void tell_problems(struct dl_call *call, const struct dl_problems *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        struct dl_error error;
        dl_error_set(&error, DL_E_SCENARIO, NULL, "%s: %s, line %u, column %u: %s",
                     DL_EXERCISE_MARK, problems->at[i].file, problems->at[i].line,
                     problems->at[i].column, problems->at[i].message);
        if (problems->at[i].hint[0] != '\0') {
            dl_error_hint(&error, "%s", problems->at[i].hint);
        }
        dl_call_report(call, &error, false);
    }
}

/* NULL when the call has ended. */
static struct dl_scenario *read_script(struct dl_call *call)
{
    char path[4096];
    const char *settings[256];
    size_t n = 0;
    struct dl_scenario *scenario = NULL;
    struct dl_problems *problems = calloc(1, sizeof *problems);
    DL_ASSERT(problems != NULL, "memory for problems");
    for (; n < 256 && dl_call_option_nth(call, "set", (int)n) != NULL; n++) {
        settings[n] = dl_call_option_nth(call, "set", (int)n);
        if (strchr(settings[n], '=') == NULL) {
            struct dl_error error;
            dl_error_set(&error, DL_E_USAGE, NULL, "--set takes NAME=VALUE, not \"%.100s\"",
                         settings[n]);
            dl_error_hint(&error, "as in --set seen=20m");
            free(problems);
            fail(call, &error);
            return NULL;
        }
    }
    script_path(call, path, sizeof path);
    if (access(path, F_OK) != 0) {
        struct dl_error error;
        char hint[DL_ERROR_HINT_MAX];
        dl_error_set(&error, DL_E_SCENARIO, NULL, "%.200s: there is no such scenario", path);
        hint_name(call, hint);
        dl_error_hint(&error, "%s", hint);
        fail(call, &error);
    } else if (dl_scenario_open(path, settings, n, &scenario, problems) != DL_OK) {
        tell_problems(call, problems);
        dl_call_end(call, DL_EXIT_USAGE);
        scenario = NULL;
    }
    free(problems);
    return scenario;
}

void dl__verb_exercise_check(struct dl_call *call)
{
    struct dl_scenario *x = read_script(call);
    if (x == NULL) {
        return;
    }
    if (call->json) {
        struct dl_buf out;
        dl_buf_init(&out, (size_t)64 * 1024);
        dl_buf_put_str(&out, "{\"marking\":\"" DL_EXERCISE_MARK "\"");
        dl_put_member(&out, "scenario", x->id);
        dl_put_member(&out, "title", x->title.en);
        dl_buf_put_str(&out, ",\"ok\":true");
        dl_put_member_int(&out, "agencies", (int64_t)x->n_agencies);
        dl_put_member_int(&out, "people", (int64_t)x->n_people);
        dl_put_member_int(&out, "injects", (int64_t)x->n_injects);
        dl_put_member_int(&out, "expectations", (int64_t)x->n_expectations);
        dl_put_member_int(&out, "objectives", (int64_t)x->n_objectives);
        dl_put_member_int(&out, "seconds", (int64_t)(x->length_ms / 1000));
        dl_buf_put_str(&out, "}\n");
        dl_call_put_buf(call, &out);
        dl_buf_fini(&out);
    } else {
        dl_call_print(
            call,
            DL_SAY(call,
                   "%s: %s can be run: %zu agencies, %zu people, %zu injects, %zu expectations\n",
                   "%s：%s 可以运行：%zu 个机构，%zu 人，%zu 项注入，%zu 项预期\n"),
            DL_EXERCISE_MARK, x->id, x->n_agencies, x->n_people, x->n_injects, x->n_expectations);
    }
    dl_scenario_free(&x);
    dl_call_end(call, DL_EXIT_OK);
}

/* ---- running ---- */

struct running {
    struct dl_call *call;
    const char *what;
    int shown; /* per cent; -1: nothing yet */
};

/* One line, written over itself; never wider than the terminal, where it could not be. */
static void progress(void *context, uint64_t done, uint64_t all)
{
    static const int columns = 18 + 6; // the mark and a blank after its colon; " 100 %"
    struct running *running = context;
    int percent = (int)(done * 100 / (all == 0 ? 1 : all));
    int room = running->call->width - 1 - columns;
    if (percent != running->shown) {
        running->shown = percent;
        dl_call_warn(running->call, "\r%s: %.*s %3d %%", DL_EXERCISE_MARK, room < 0 ? 0 : room,
                     running->what, percent);
    }
}

static void end_progress(struct running *running)
{
    if (running->shown >= 0) {
        dl_call_warn(running->call, "\n");
    }
}

/* The operator's log of every node, each line with the mark and the agency. */
static void trace(void *context, const char *agency, int64_t at_ms, struct dl_view line)
{
    struct running *running = context;
    (void)at_ms; // the line has its own time, as the node's clock shows it
    dl_call_warn(running->call, "%s %s %.*s%s", DL_EXERCISE_MARK, agency, DL_VIEW_ARG(line),
                 line.n > 0 && line.p[line.n - 1] == '\n' ? "" : "\n");
}

static bool take_number(struct dl_call *call, const char *name, uint64_t least, uint64_t max,
                        uint64_t *out)
{
    const char *text = dl_call_option(call, name);
    char *end = NULL;
    if (text == NULL) {
        return true;
    }
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || n > max || n < least) {
        struct dl_error error;
        dl_error_set(&error, DL_E_USAGE, NULL, "--%s takes a number from %llu to %llu", name,
                     (unsigned long long)least, (unsigned long long)max);
        fail(call, &error);
        return false;
    }
    *out = n;
    return true;
}

static enum dl_err write_file(const char *path, struct dl_view octets, struct dl_error *error)
{
    FILE *file = fopen(path, "wb");
    bool ok = file != NULL && fwrite(octets.p, 1, octets.n, file) == octets.n;
    ok = (file == NULL || fclose(file) == 0) && ok;
    return ok ? DL_OK
              : dl_error_set(error, DL_E_INPUT, "report", "%s cannot be written: %s", path,
                             strerror(errno));
}

/* The folder of the report, made before the play: what cannot be written is said at once. */
static enum dl_err make_folder(const char *dir, struct dl_error *error)
{
    char part[4096];
    size_t n = strlen(dir);
    for (size_t i = 1; i <= n && i < sizeof part; i++) {
        if (dir[i] != '/' && dir[i] != '\0') {
            continue;
        }
        snprintf(part, sizeof part, "%.*s", (int)i, dir);
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            dl_error_set(error, DL_E_INPUT, "report", "%s cannot be made: %s", part,
                         strerror(errno));
            return dl_error_hint(error, "nothing was played; --report takes a folder");
        }
    }
    struct stat info = {0};
    if (stat(dir, &info) == 0 && !S_ISDIR(info.st_mode)) {
        errno = ENOTDIR;
    }
    if (!S_ISDIR(info.st_mode) || access(dir, W_OK | X_OK) != 0) {
        dl_error_set(error, DL_E_INPUT, "report", "%s cannot be written to: %s", dir,
                     strerror(errno));
        return dl_error_hint(error, "nothing was played; --report takes a folder");
    }
    return DL_OK;
}

/* EXERCISE-one-night-seed7.html and .json; the path of the page in `path`. */
static enum dl_err write_report(struct dl_call *call, const struct dl_report *report,
                                char path[4096], struct dl_error *error)
{
    const char *dir = dl_call_option(call, "report");
    struct dl_buf out;
    path[0] = '\0';
    if (dir == NULL) {
        return DL_OK;
    }
    dl_buf_init(&out, REPORT_MAX);
    dl_report_json(report, &out);
    snprintf(path, 4096, "%s/EXERCISE-%s-seed%llu.json", dir, report->scenario->id,
             (unsigned long long)report->seed);
    enum dl_err err = dl_buf_err(&out) == DL_OK ? write_file(path, dl_buf_view(&out), error)
                                                : dl_error_set(error, dl_buf_err(&out), "report",
                                                               "the report is too large");
    dl_buf_reset(&out);
    if (err == DL_OK) {
        dl_report_html(report, &out);
        snprintf(path, 4096, "%s/EXERCISE-%s-seed%llu.html", dir, report->scenario->id,
                 (unsigned long long)report->seed);
        err = write_file(path, dl_buf_view(&out), error);
    }
    dl_buf_fini(&out);
    return err;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* How fast it went: on standard error, for it is no part of the result. */
static void tell_speed(struct dl_call *call, const struct dl_report *report, double played,
                       double written)
{
    const struct dl_repeats *r = report->repeats;
    const struct dl_play *play = report->play;
    uint64_t simulated_ms = play->simulated_ms + (r == NULL ? 0 : r->simulated_ms);
    uint64_t entries = play->entries + (r == NULL ? 0 : r->entries);
    uint64_t made = play->signatures.made + (r == NULL ? 0 : r->signatures.made);
    uint64_t verified = play->signatures.verified + (r == NULL ? 0 : r->signatures.verified);
    dl_call_warn(call,
                 DL_SAY(call,
                        "%s: played in %.1f s: %.0f simulated seconds a second; %llu entries, "
                        "signatures: %llu made, %llu verified; report in %.2f s\n",
                        "%s：用时 %.1f 秒：每秒模拟 %.0f 秒；%llu 个条目，签名 %llu 个，"
                        "验签 %llu 次；报告 %.2f 秒\n"),
                 DL_EXERCISE_MARK, played, (double)simulated_ms / 1000 / played,
                 (unsigned long long)entries, (unsigned long long)made,
                 (unsigned long long)verified, written);
}

static void tell(struct dl_call *call, const struct dl_report *report, const char *path)
{
    struct dl_buf out;
    dl_buf_init(&out, REPORT_MAX);
    if (call->json) {
        dl_report_answer(report, path[0] == '\0' ? NULL : path, &out);
    } else {
        dl_report_text(report, call->zh, &out);
        if (path[0] != '\0') {
            dl_buf_printf(&out,
                          DL_SAY(call, "%s: report: %s (open it in a browser)\n",
                                 "%s：报告：%s（用浏览器打开）\n"),
                          DL_EXERCISE_MARK, path);
        }
    }
    dl_call_put_buf(call, &out);
    dl_buf_fini(&out);
}

static enum dl_err play_all(struct running *running, struct dl_report *report, uint64_t repeat,
                            struct dl_error *error)
{
    char registry[4096];
    struct dl_play_config config = {
        .scenario = report->scenario, .seed = report->seed, .context = running};
    config.trace = dl_call_flag(running->call, "trace") ? trace : NULL;
    config.progress = running->call->progress && config.trace == NULL ? progress : NULL;
    bool needed = false;
    for (size_t i = 0; i < report->scenario->n_agencies; i++) {
        needed = needed || report->scenario->agencies[i].registry;
    }
    if (needed) {
        DL_TRY(dl_registry_shipped_path(registry, sizeof registry, error));
        config.registry_path = registry;
    }
    if (repeat > 1) {
        DL_TRY(dl_repeat(&config, repeat, &report->repeats, error));
        config.seed = report->repeats->worst_seed; // the one to look at
        config.progress = NULL;
        report->seed = config.seed;
    }
    return dl_play(&config, &report->play, error);
}

void dl__verb_exercise_run(struct dl_call *call)
{
    struct dl_error error;
    struct running running = {.call = call, .shown = -1};
    struct dl_report report = {.seed = 1};
    uint64_t repeat = 1;
    char path[4096] = "";
    if (!take_number(call, "seed", 0, UINT64_MAX / 2, &report.seed) ||
        !take_number(call, "repeat", 1, REPEAT_MAX, &repeat)) {
        return;
    }
    struct dl_scenario *scenario = read_script(call);
    if (scenario == NULL) {
        return;
    }
    report.scenario = scenario;
    running.what = scenario->id;
    const char *folder = dl_call_option(call, "report");
    enum dl_err err = folder == NULL ? DL_OK : make_folder(folder, &error);
    double begin = seconds();
    err = err == DL_OK ? play_all(&running, &report, repeat, &error) : err;
    end_progress(&running);
    double middle = seconds();
    err = err == DL_OK ? write_report(call, &report, path, &error) : err;
    if (err != DL_OK) {
        fail(call, &error);
    } else {
        tell_speed(call, &report, middle - begin, seconds() - middle);
        tell(call, &report, path);
        bool missed = report.play->must_missed > 0 ||
                      (report.repeats != NULL && report.repeats->runs_missed > 0);
        dl_call_end(call, missed ? DL_EXIT_NO : DL_EXIT_OK);
    }
    dl_play_free(&report.play);
    dl_repeats_free(&report.repeats);
    dl_scenario_free(&scenario);
}
