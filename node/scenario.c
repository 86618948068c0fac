#include "base/encoding.h"
#include "base/text.h"
#include "node/scenario_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *dl__grow(struct dl__reader *r, void **array, size_t *n, size_t size)
{
    (void)r;
    if (*n >= DL_SCENARIO_ITEMS) {
        return NULL;
    }
    char *grown = realloc(*array, (*n + 1) * size);
    DL_ASSERT(grown != NULL, "memory for a scenario");
    memset(grown + *n * size, 0, size);
    *array = grown;
    return grown + (*n)++ * size;
}

/* ---- statements about the exercise as a whole ---- */

static bool parse_exercise(struct dl__reader *r, struct dl__statement *s)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *id = dl__take(r, s, "a short id such as one-night");
    if (id == NULL) {
        return false;
    }
    if (!dl_text_is_agency(dl_view_str(id->text)) || r->scenario->id != NULL) {
        dl__problem(r->problems, &spot, "a-z, 0-9 and '-', 2 to 32 characters; once in a script",
                    "\"%.60s\" is no id of an exercise", id->text);
        return false;
    }
    r->scenario->id = dl__dup(id->text);
    return dl__take_title(r, s, &r->scenario->title);
}

static bool parse_class(struct dl__reader *r, struct dl__statement *s)
{
    static const char *const classes[] = {"communication", "partial", "full", NULL};
    size_t i = 0;
    if (!dl__take_one(r, s, classes, &i)) {
        return false;
    }
    free(r->scenario->class_name);
    r->scenario->class_name = dl__dup(classes[i]);
    return true;
}

static bool clock_of_day(const char *text, uint64_t *out)
{
    unsigned h = 0;
    unsigned m = 0;
    char rest = 0;
    bool ok = strlen(text) == 5 && text[2] == ':' &&
              sscanf(text, "%2u:%2u%c", &h, &m, &rest) == 2 && h <= 24 && m < 60;
    *out = ((uint64_t)h * 60 + m) * 60000;
    return ok;
}

static bool take_clock_of_day(struct dl__reader *r, struct dl__statement *s, uint64_t *out)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *word = dl__take(r, s, "a time of day such as 08:00");
    if (word != NULL && !clock_of_day(word->text, out)) {
        dl__problem(r->problems, &spot, "HH:MM, UTC", "\"%.60s\" is no time of day", word->text);
        return false;
    }
    return word != NULL;
}

static bool parse_start(struct dl__reader *r, struct dl__statement *s)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *date = dl__take(r, s, "a date such as 2026-03-14");
    uint64_t clock = 0;
    int64_t ms = 0;
    if (date != NULL && dl_date_decode(dl_view_str(date->text), &ms) != DL_OK) {
        dl__problem(r->problems, &spot, "YYYY-MM-DD, then HH:MM (UTC)", "\"%.60s\" is no date",
                    date->text);
        return false;
    }
    if (date == NULL || (dl__peek(s) != NULL && !take_clock_of_day(r, s, &clock))) {
        return false;
    }
    r->scenario->start_ms = ms + (int64_t)clock;
    return true;
}

static bool parse_length(struct dl__reader *r, struct dl__statement *s)
{
    struct dl_spot spot = dl__spot(s);
    if (!dl__take_length(r, s, &r->scenario->length_ms)) {
        return false;
    }
    if (r->scenario->length_ms < 1000 || r->scenario->length_ms > 3660ULL * 86400000) {
        dl__problem(r->problems, &spot, NULL, "an exercise lasts from 1 s to 10 years");
        return false;
    }
    return true;
}

static bool parse_delay(struct dl__reader *r, struct dl__statement *s)
{
    uint64_t least = 0;
    struct dl_spot spot = dl__spot(s);
    if (!dl__take_length(r, s, &least)) {
        return false;
    }
    uint64_t most = least;
    if (dl__accept(s, "to") && !dl__take_length(r, s, &most)) {
        return false;
    }
    if (most < least || most > 60000) {
        dl__problem(r->problems, &spot, "delay 40ms to 120ms",
                    "a delay goes from less to more, up to 60s");
        return false;
    }
    r->scenario->delay_least_ms = (uint32_t)least;
    r->scenario->delay_spread_ms = (uint32_t)(most - least);
    return true;
}

/* ---- agencies and people ---- */

static bool is_reserved(const char *id)
{
    static const char *const words[] = {"link",  "disk",   "clock",   "ill",   "note",
                                        "phase", "backup", "restore", "crash", "stop",
                                        "start", "line",   "end"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], id) == 0) {
            return true;
        }
    }
    return false;
}

static bool parse_agency_rest(struct dl__reader *r, struct dl__statement *s,
                              struct dl_scenario_agency *a)
{
    static const char *const registries[] = {"shipped", "none", NULL};
    size_t i = 0;
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *cc =
        dl__expect_word(r, s, "in") ? dl__take(r, s, "a jurisdiction such as CN") : NULL;
    if (cc == NULL) {
        return false;
    }
    if (strlen(cc->text) != 2 || strspn(cc->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2) {
        dl__problem(r->problems, &spot, "two capital letters: CN, US, ...",
                    "\"%.60s\" is no jurisdiction", cc->text);
        return false;
    }
    snprintf(a->jurisdiction, sizeof a->jurisdiction, "%s", cc->text);
    if (dl__peek(s) != NULL && dl__peek(s)->kind == DL__STRING && !dl__take_title(r, s, &a->name)) {
        return false;
    }
    if (dl__accept(s, "registry")) {
        if (!dl__take_one(r, s, registries, &i)) {
            return false;
        }
        a->registry = i == 0;
    }
    return true;
}

static bool parse_agency(struct dl__reader *r, struct dl__statement *s)
{
    struct dl_scenario *x = r->scenario;
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *id = dl__take(r, s, "an agency's id");
    if (id == NULL) {
        return false;
    }
    bool taken = is_reserved(id->text);
    for (size_t i = 0; i < x->n_agencies; i++) {
        taken = taken || strcmp(x->agencies[i].id, id->text) == 0;
    }
    if (!dl_text_is_agency(dl_view_str(id->text)) || taken) {
        dl__problem(r->problems, &spot,
                    "a-z, 0-9 and '-', 2 to 32 characters; no word of this language; once",
                    "\"%.60s\" cannot be an agency's id", id->text);
        return false;
    }
    if (x->n_agencies == DL_SCENARIO_AGENCIES) {
        dl__problem(r->problems, &spot, NULL, "at most %d agencies", (int)DL_SCENARIO_AGENCIES);
        return false;
    }
    struct dl_scenario_agency *a = &x->agencies[x->n_agencies++];
    snprintf(a->id, sizeof a->id, "%s", id->text);
    a->registry = true;
    a->name.en = dl__dup(a->id);
    a->name.zh = dl__dup(a->id);
    return parse_agency_rest(r, s, a);
}

static bool parse_reactions(struct dl__reader *r, struct dl__statement *s, struct dl_person *p)
{
    static const char *const words[] = {"sees", "accepts", "acts", "on", NULL};
    while (dl__peek(s) != NULL) {
        size_t i = 0;
        if (!dl__take_one(r, s, words, &i)) {
            return false;
        }
        if (i == 3) {
            if (!dl__expect_word(r, s, "duty") || !take_clock_of_day(r, s, &p->on_ms) ||
                !dl__expect_word(r, s, "to") || !take_clock_of_day(r, s, &p->off_ms)) {
                return false;
            }
            continue;
        }
        enum dl_fact fact = (enum dl_fact)(DL_FACT_SEEN + i);
        p->does[fact] = true;
        if (!dl__expect_word(r, s, "after") || !dl__take_spread(r, s, &p->after[fact])) {
            return false;
        }
    }
    return true;
}

static bool parse_person(struct dl__reader *r, struct dl__statement *s)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *name = dl__take(r, s, "a person's name");
    if (name == NULL) {
        return false;
    }
    for (size_t i = 0; i < r->scenario->n_people; i++) {
        if (strcmp(r->scenario->people[i].name, name->text) == 0) {
            dl__problem(r->problems, &spot, NULL, "there are two people named \"%.60s\"",
                        name->text);
            return false;
        }
    }
    struct dl_person *p =
        dl__grow(r, (void **)&r->scenario->people, &r->scenario->n_people, sizeof *p);
    if (p == NULL) {
        dl__problem(r->problems, &spot, NULL, "at most %d people", (int)DL_SCENARIO_ITEMS);
        return false;
    }
    p->name = dl__dup(name->text);
    p->role = dl__dup("");
    if (!dl__expect_word(r, s, "at") || !dl__take_agency(r, s, &p->agency) ||
        !dl__expect_word(r, s, "as")) {
        return false;
    }
    const struct dl__word *role = dl__take(r, s, "a role such as duty-officer");
    if (role == NULL) {
        return false;
    }
    free(p->role);
    p->role = dl__dup(role->text);
    return parse_reactions(r, s, p);
}

static bool parse_objective(struct dl__reader *r, struct dl__statement *s)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *id = dl__take(r, s, "an objective's id");
    if (id == NULL) {
        return false;
    }
    struct dl_objective *o =
        dl__grow(r, (void **)&r->scenario->objectives, &r->scenario->n_objectives, sizeof *o);
    if (o == NULL) {
        dl__problem(r->problems, &spot, NULL, "at most %d objectives", (int)DL_SCENARIO_ITEMS);
        return false;
    }
    o->id = dl__dup(id->text);
    return dl__take_title(r, s, &o->title);
}

/* ---- parameters and includes ---- */

static const char *given_value(struct dl__reader *r, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < r->n_given; i++) {
        if (strncmp(r->given[i], name, n) == 0 && r->given[i][n] == '=') {
            r->given_used[i] = true;
            return r->given[i] + n + 1;
        }
    }
    return NULL;
}

static bool parse_param(struct dl__reader *r, struct dl__statement *s)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *name = dl__take(r, s, "a parameter's name");
    const struct dl__word *value = name == NULL ? NULL : dl__take(r, s, "its value");
    if (value == NULL) {
        return false;
    }
    if (name->text[0] == '\0' ||
        strspn(name->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
            strlen(name->text)) {
        dl__problem(r->problems, &spot, "letters, digits and _; it is used as $name",
                    "\"%.60s\" cannot be a parameter's name", name->text);
        return false;
    }
    for (size_t i = 0; i < r->scenario->n_settings; i++) {
        if (strcmp(r->scenario->settings[i].name, name->text) == 0) {
            return true; /* the first one said holds: an includer's goes before an included one's */
        }
    }
    struct dl_setting *set =
        dl__grow(r, (void **)&r->scenario->settings, &r->scenario->n_settings, sizeof *set);
    if (set == NULL) {
        return false;
    }
    const char *given = given_value(r, name->text);
    set->name = dl__dup(name->text);
    set->value = dl__dup(given != NULL ? given : value->text);
    return true;
}

static void read_file(struct dl__reader *r, const struct dl_spot *spot, const char *from,
                      const char *name);

static bool parse_include(struct dl__reader *r, struct dl__statement *s)
{
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *name = dl__take(r, s, "the name of a file");
    if (name == NULL || !dl__take_end(r, s)) {
        return false;
    }
    for (unsigned i = 0; i < r->depth; i++) {
        if (strcmp(r->open[i], name->text) == 0) {
            dl__problem(r->problems, &spot,
                        "each file is read once on the way down; take the line out",
                        "%.100s would include itself", name->text);
            return false;
        }
    }
    if (r->depth == DL_SCENARIO_DEPTH) {
        dl__problem(r->problems, &spot, NULL, "includes nest deeper than %d",
                    (int)DL_SCENARIO_DEPTH);
        return false;
    }
    read_file(r, &spot, s->file, name->text);
    return true;
}

/* ---- a file ---- */

static bool parse_must(struct dl__reader *r, struct dl__statement *s)
{
    return dl__parse_expectation(r, s, true);
}

static bool parse_expect(struct dl__reader *r, struct dl__statement *s)
{
    return dl__parse_expectation(r, s, false);
}

static const struct {
    const char *word;
    bool (*parse)(struct dl__reader *r, struct dl__statement *s);
} statements[] = {
    {"exercise", parse_exercise}, {"class", parse_class},         {"start", parse_start},
    {"length", parse_length},     {"delay", parse_delay},         {"agency", parse_agency},
    {"person", parse_person},     {"objective", parse_objective}, {"param", parse_param},
    {"include", parse_include},   {"must", parse_must},           {"expect", parse_expect},
    {"abort", dl__parse_abort},   {"when", dl__parse_inject},     {"every", dl__parse_inject}};
enum { STATEMENTS = sizeof statements / sizeof statements[0] };

static void parse_statement(struct dl__reader *r, struct dl__statement *s)
{
    const char *words[STATEMENTS + 2];
    size_t i = 0;
    if (s->words[0].text[0] == '+') {
        (void)dl__parse_inject(r, s);
        return;
    }
    for (; i < STATEMENTS; i++) {
        words[i] = statements[i].word;
    }
    words[i] = "+TIME";
    words[i + 1] = NULL;
    if (!dl__take_one(r, s, words, &i) || i == STATEMENTS) {
        return;
    }
    if (statements[i].parse == dl__parse_inject) {
        s->next = 0; /* it reads its first word itself */
    }
    if (statements[i].parse(r, s)) {
        (void)dl__take_end(r, s);
    }
}

static void lex_all(struct dl__reader *r, const char *file, struct dl_view text)
{
    struct dl__statement s;
    struct dl__lexer lexer = {
        .scenario = r->scenario, .problems = r->problems, .file = file, .line = 1};
    lexer.text = lexer.at = lexer.line_start = text.n == 0 ? "" : (const char *)text.p;
    lexer.end = lexer.text + text.n;
    while (r->problems->n < DL_SCENARIO_PROBLEMS && dl__lex(&lexer, &s)) {
        parse_statement(r, &s);
        dl__statement_fini(&s);
    }
}

static char *keep_name(struct dl__reader *r, const char *name)
{
    char **kept = dl__grow(r, (void **)&r->scenario->files, &r->scenario->n_files, sizeof *kept);
    DL_ASSERT(kept != NULL, "files are fewer than the items that name them");
    *kept = dl__dup(name);
    return *kept;
}

static void read_file(struct dl__reader *r, const struct dl_spot *spot, const char *from,
                      const char *name)
{
    struct dl_buf text;
    size_t at = 0;
    if (r->scenario->n_files == 64) {
        dl__problem(r->problems, spot, NULL, "at most 64 files are included");
        return;
    }
    dl_buf_init(&text, DL_SCENARIO_OCTETS);
    r->open[r->depth++] = name;
    if (r->source->read(r->source->context, from, name, &text) != DL_OK ||
        dl_buf_err(&text) != DL_OK) {
        dl__problem(r->problems, spot,
                    "its name counts from the folder of the script; at most 1 MiB",
                    "%.100s cannot be read", name);
    } else if (dl_text_check(dl_buf_view(&text), DL_TEXT_LONG, &at) != DL_OK &&
               text.p[at] != '\r') {
        struct dl_spot where = {.file = name, .line = 1, .column = 1};
        for (size_t i = 0; i < at; i++) {
            where.line += text.p[i] == '\n';
            where.column = text.p[i] == '\n' ? 1 : where.column + 1;
        }
        dl__problem(r->problems, &where, NULL, "a script is UTF-8 text without control characters");
    } else {
        dl_sha256_update(r->digest, dl_buf_view(&text));
        lex_all(r, keep_name(r, name), dl_buf_view(&text));
    }
    r->depth--;
    dl_buf_fini(&text);
}

/* ---- what only the whole can tell ---- */

static const char *label_of(const struct dl_inject *in)
{
    for (int i = 4; in->said.argv != NULL && i + 1 < in->said.argc; i++) {
        if (strcmp(in->said.argv[3], "alert") == 0 && strcmp(in->said.argv[i], "--id") == 0) {
            return in->said.argv[i + 1];
        }
    }
    return NULL;
}

static bool is_send(const struct dl_inject *in)
{
    return in->kind == DL_INJECT_VERB && in->said.argc >= 5 &&
           strcmp(in->said.argv[3], "alert") == 0 && strcmp(in->said.argv[4], "send") == 0;
}

/* Alerts are named by number or by their --id; what is never sent is a slip of the pen. */
static void check_name(struct dl__reader *r, const struct dl_spot *spot, const char *label,
                       unsigned number)
{
    const char *labels[DL_SCENARIO_ITEMS + 1];
    char hint[DL_ERROR_HINT_MAX];
    size_t n = 0;
    unsigned sends = 0;
    bool repeats = false;
    for (size_t i = 0; i < r->scenario->n_injects; i++) {
        const struct dl_inject *in = &r->scenario->injects[i];
        const char *own = is_send(in) ? label_of(in) : NULL;
        sends += is_send(in);
        repeats = repeats || (is_send(in) && in->repeats);
        if (own != NULL) {
            labels[n++] = own;
        }
        if (own != NULL && label != NULL && strcmp(own, label) == 0) {
            return;
        }
    }
    labels[n] = NULL;
    if (label != NULL && !(repeats && n > 0 && strchr(label, '.') != NULL)) {
        dl__suggest(label, labels, hint);
        dl__problem(r->problems, spot, n == 0 ? "give the alert an --id" : hint,
                    "no alert is sent with the id %.60s", label);
    } else if (label == NULL && number > sends && !repeats) {
        dl__problem(r->problems, spot, NULL, "there is no alert %u: the script sends %u", number,
                    sends);
    }
}

static void check_conditions(struct dl__reader *r, const struct dl_spot *spot,
                             const struct dl_conditions *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->at[i].kind == DL_CONDITION_FACT && c->at[i].percent == 0) {
            check_name(r, spot, c->at[i].label, c->at[i].number);
        }
        if ((c->at[i].kind == DL_CONDITION_LINE || c->at[i].kind == DL_CONDITION_LINK) &&
            c->at[i].agency == c->at[i].other) {
            dl__problem(r->problems, spot, NULL, "a line joins two agencies");
        }
    }
}

static void check_inject(struct dl__reader *r, const struct dl_inject *in)
{
    check_conditions(r, &in->spot, &in->when);
    if (in->when.n == 0 && in->at_ms > r->scenario->length_ms) {
        dl__problem(r->problems, &in->spot, "make `length` longer",
                    "this comes after the exercise has ended");
    }
    for (int i = 5; i < in->said.argc; i++) {
        const char *word = in->said.argv[i];
        char *end = NULL;
        unsigned long n = word[0] == '@' ? strtoul(word + 1, &end, 10) : 0;
        if (word[0] == '@') {
            bool number = end != word + 1 && *end == '\0' && n > 0 && n < 1000000;
            check_name(r, &in->spot, number ? NULL : word + 1, (unsigned)n);
        }
    }
    bool two = in->kind >= DL_INJECT_LINK_CUT && in->kind <= DL_INJECT_LINK_JOIN;
    if (two && in->agency == in->other) {
        dl__problem(r->problems, &in->spot, NULL, "a link joins two agencies");
    }
}

static void check_settings(struct dl__reader *r, const struct dl_spot *top)
{
    const char *names[DL__WORDS + 1];
    char hint[DL_ERROR_HINT_MAX];
    size_t n = 0;
    for (; n < r->scenario->n_settings && n < DL__WORDS; n++) {
        names[n] = r->scenario->settings[n].name;
    }
    names[n] = NULL;
    for (size_t i = 0; i < r->n_given; i++) {
        if (!r->given_used[i]) {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)strcspn(r->given[i], "="), r->given[i]);
            dl__suggest(name, names, hint);
            dl__problem(r->problems, top, n == 0 ? "the script has no `param` lines" : hint,
                        "--set %.60s: there is no such parameter", r->given[i]);
        }
    }
}

static void check_whole(struct dl__reader *r, const char *file)
{
    const struct dl_scenario *x = r->scenario;
    struct dl_spot top = {.file = file, .line = 1, .column = 1};
    if (x->id == NULL) {
        dl__problem(r->problems, &top, "begin with: exercise ID \"Title\"",
                    "the script does not name its exercise");
    }
    if (x->n_agencies < 2) {
        dl__problem(r->problems, &top, "agency cn in CN \"Name\"",
                    "an exercise needs two agencies at least");
    }
    for (size_t i = 0; i < x->n_injects; i++) {
        check_inject(r, &x->injects[i]);
    }
    for (size_t i = 0; i < x->n_expectations; i++) {
        const struct dl_expectation *e = &x->expectations[i];
        check_conditions(r, &e->spot, &e->of);
        if ((e->deadline != DL_DEADLINE_WITHIN || e->from_given) &&
            (e->deadline == DL_DEADLINE_WITHIN ? e->from_ms : e->time_ms) > x->length_ms) {
            dl__problem(r->problems, &e->spot, "make `length` longer",
                        "this deadline lies after the end");
        }
    }
    for (size_t i = 0; i < x->n_aborts; i++) {
        check_conditions(r, &top, &x->aborts[i].when);
    }
    check_settings(r, &top);
}

static void set_defaults(struct dl_scenario *x)
{
    x->start_ms = 1767600000000; /* 2026-01-05T08:00Z, a Monday */
    x->length_ms = 86400000;
    x->delay_least_ms = 40;
    x->delay_spread_ms = 80;
    x->class_name = dl__dup("partial");
}

enum dl_err dl_scenario_read(const struct dl_scenario_source *source, const char *name,
                             const char *const *settings, size_t n_settings,
                             struct dl_scenario **out, struct dl_problems *problems)
{
    struct dl_spot top = {.file = name, .line = 1, .column = 1};
    struct dl__reader r = {
        .problems = problems, .source = source, .given = settings, .n_given = n_settings};
    problems->n = 0;
    r.scenario = calloc(1, sizeof *r.scenario);
    r.given_used = calloc(n_settings + 1, sizeof *r.given_used);
    r.digest = dl_sha256_new();
    DL_ASSERT(r.scenario != NULL && r.given_used != NULL, "memory for a scenario");
    set_defaults(r.scenario);
    read_file(&r, &top, NULL, name);
    if (problems->n == 0) {
        check_whole(&r, name);
    }
    struct dl_hash hash = dl_sha256_final(r.digest);
    dl_hex_encode(dl_view_of(hash.b, sizeof hash.b), r.scenario->digest);
    dl_sha256_free(&r.digest);
    free(r.given_used);
    if (problems->n > 0) {
        dl_scenario_free(&r.scenario);
        return DL_E_SCENARIO;
    }
    *out = r.scenario;
    return DL_OK;
}
