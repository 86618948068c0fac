/* Injects: what happens, when. */
#include "node/scenario_internal.h"

#include <stdlib.h>
#include <string.h>

static bool take_for(struct dl__reader *r, struct dl__statement *s, struct dl_inject *in)
{
    return !dl__accept(s, "for") || dl__take_length(r, s, &in->for_ms);
}

static bool take_link(struct dl__reader *r, struct dl__statement *s, struct dl_inject *in)
{
    static const char *const what[] = {"cut", "silent", "join", NULL};
    size_t i = 0;
    if (!dl__take_one(r, s, what, &i)) {
        return false;
    }
    in->kind = (enum dl_inject_kind)(DL_INJECT_LINK_CUT + i);
    return dl__take_agency(r, s, &in->agency) && dl__take_agency(r, s, &in->other) &&
           (i == 2 || take_for(r, s, in));
}

static bool take_disk(struct dl__reader *r, struct dl__statement *s, struct dl_inject *in)
{
    static const char *const what[] = {"full", "free", NULL};
    size_t i = 0;
    if (!dl__take_one(r, s, what, &i)) {
        return false;
    }
    in->kind = i == 0 ? DL_INJECT_DISK_FULL : DL_INJECT_DISK_FREE;
    return dl__take_agency(r, s, &in->agency) && (i == 1 || take_for(r, s, in));
}

static bool take_clock(struct dl__reader *r, struct dl__statement *s, struct dl_inject *in)
{
    uint64_t ms = 0;
    in->kind = DL_INJECT_CLOCK;
    if (!dl__take_agency(r, s, &in->agency)) {
        return false;
    }
    if (dl__accept(s, "right")) {
        return true;
    }
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *word = dl__take(r, s, "how far off: +2h, -10m or right");
    bool sign = word != NULL && (word->text[0] == '+' || word->text[0] == '-');
    if (word != NULL && (!sign || !dl__length_parse(word->text + 1, &ms))) {
        dl__problem(r->problems, &spot, "clock cn +2h, clock cn -10m, clock cn right",
                    "\"%.60s\" is no shift of a clock", word->text);
        return false;
    }
    in->skew_ms = word != NULL && word->text[0] == '-' ? -(int64_t)ms : (int64_t)ms;
    return word != NULL;
}

static bool take_ill(struct dl__reader *r, struct dl__statement *s, struct dl_inject *in)
{
    const char *names[DL__WORDS + 1];
    char hint[DL_ERROR_HINT_MAX];
    struct dl_spot spot = dl__spot(s);
    const struct dl__word *word = dl__take(r, s, "a person's name");
    size_t n = r->scenario->n_people < DL__WORDS ? r->scenario->n_people : DL__WORDS;
    in->kind = DL_INJECT_ILL;
    if (word == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        names[i] = r->scenario->people[i].name;
        if (strcmp(names[i], word->text) == 0) {
            in->person = (int)i;
            return dl__expect_word(r, s, "for") && dl__take_length(r, s, &in->for_ms);
        }
    }
    names[n] = NULL;
    dl__suggest(word->text, names, hint);
    dl__problem(r->problems, &spot, hint, "there is no person \"%.60s\"", word->text);
    return false;
}

static bool take_node(struct dl__reader *r, struct dl__statement *s, struct dl_inject *in)
{
    static const struct {
        const char *word;
        enum dl_inject_kind kind;
    } what[] = {{"backup", DL_INJECT_BACKUP},
                {"restore", DL_INJECT_RESTORE},
                {"crash", DL_INJECT_CRASH},
                {"stop", DL_INJECT_STOP},
                {"start", DL_INJECT_START}};
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        if (dl__accept(s, what[i].word)) {
            in->kind = what[i].kind;
            bool lasts = in->kind == DL_INJECT_CRASH || in->kind == DL_INJECT_STOP;
            return dl__take_agency(r, s, &in->agency) && (!lasts || take_for(r, s, in));
        }
    }
    return false;
}

static bool take_what(struct dl__reader *r, struct dl__statement *s, struct dl_inject *in)
{
    const char *words[DL_SCENARIO_AGENCIES + 16] = {"link",  "disk",  "clock",  "ill",
                                                    "note",  "phase", "backup", "restore",
                                                    "crash", "stop",  "start"};
    size_t i = 0;
    for (size_t k = 0; k < r->scenario->n_agencies; k++) {
        words[11 + k] = r->scenario->agencies[k].id;
    }
    size_t before = s->next;
    if (!dl__take_one(r, s, words, &i)) {
        return false;
    }
    switch (i) {
    case 0:
        return take_link(r, s, in);
    case 1:
        return take_disk(r, s, in);
    case 2:
        return take_clock(r, s, in);
    case 3:
        return take_ill(r, s, in);
    case 4:
    case 5:
        in->kind = i == 4 ? DL_INJECT_NOTE : DL_INJECT_PHASE;
        return dl__take_title(r, s, &in->title);
    default:
        break;
    }
    s->next = before;
    if (i < 11) {
        return take_node(r, s, in);
    }
    in->kind = DL_INJECT_VERB;
    return dl__take_agency(r, s, &in->agency) && dl__take_said(r, s, NULL, &in->said);
}

static bool take_every(struct dl__reader *r, struct dl__statement *s, struct dl_inject *in)
{
    in->repeats = true;
    in->until_ms = r->scenario->length_ms;
    struct dl_spot spot = dl__spot(s);
    if (!dl__take_spread(r, s, &in->every) ||
        (dl__accept(s, "from") && !dl__take_offset(r, s, &in->at_ms)) ||
        (dl__accept(s, "until") && !dl__take_offset(r, s, &in->until_ms))) {
        return false;
    }
    if (in->every.a < 1000) {
        dl__problem(r->problems, &spot, NULL, "something is repeated at most every second");
        return false;
    }
    return true;
}

static bool take_when(struct dl__reader *r, struct dl__statement *s, struct dl_inject *in)
{
    struct dl_spot spot = dl__spot(s);
    if (!dl__take_conditions(r, s, &in->when)) {
        return false;
    }
    for (size_t i = 0; i < in->when.n; i++) {
        if (in->when.at[i].percent != 0) {
            dl__problem(r->problems, &spot, "name one alert",
                        "\"all\" and shares are counted at the end only");
            return false;
        }
    }
    const struct dl__word *word = dl__peek(s);
    return word == NULL || word->text[0] != '+' || dl__take_offset(r, s, &in->at_ms);
}

bool dl__parse_inject(struct dl__reader *r, struct dl__statement *s)
{
    struct dl_scenario *x = r->scenario;
    struct dl_spot spot = dl__spot(s);
    struct dl_inject *in = dl__grow(r, (void **)&x->injects, &x->n_injects, sizeof *in);
    if (in == NULL) {
        dl__problem(r->problems, &spot, NULL, "at most %d injects", (int)DL_SCENARIO_ITEMS);
        return false;
    }
    in->spot = spot;
    bool timed = dl__accept(s, "every")  ? take_every(r, s, in)
                 : dl__accept(s, "when") ? take_when(r, s, in)
                                         : dl__take_offset(r, s, &in->at_ms);
    if (!timed) {
        return false;
    }
    in->text = dl__statement_text(s);
    return take_what(r, s, in) && dl__take_end(r, s);
}
