/* What the director makes happen. */
#include "node/exercise_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *label_of(const struct dl_said *said)
{
    for (int i = 5; i + 1 < said->argc; i++) {
        if (strcmp(said->argv[i], "--id") == 0) {
            return said->argv[i + 1];
        }
    }
    return NULL;
}

static char *trimmed(const struct dl_buf *text)
{
    size_t n = text->n > 300 ? 300 : text->n;
    while (n > 0 && (text->p[n - 1] & 0xC0) == 0x80) {
        n--; // not within a character
    }
    while (n > 0 && (text->p[n - 1] == '\n' || text->p[n - 1] >= 0x80)) {
        n--;
    }
    char *copy = strndup(text->p == NULL ? "" : (const char *)text->p, n);
    DL_ASSERT(copy != NULL, "memory for an answer");
    return copy;
}

static void said_done(struct dl__saying *saying)
{
    struct dl_play *play = saying->stage->play;
    if (saying->alert > 0 && saying->code != DL_EXIT_OK) {
        play->alerts[saying->alert - 1].sent_ms = -1;
    }
    if (saying->event > 0) {
        struct dl_play_event *event = &play->events[saying->event - 1];
        event->code = saying->code;
        event->said =
            trimmed(saying->code != DL_EXIT_OK && saying->err.n > 0 ? &saying->err : &saying->out);
    }
}

static void say(struct dl__stage *stage, const struct dl_inject *in, size_t event, unsigned number)
{
    struct dl_said said = in->said;
    char *argv[DL_LIMIT_LIST * 4 + 8];
    char id[DL_LIMIT_ENTRY_ID + 1];
    struct dl__saying_config config = {
        .agency = in->agency, .said = &said, .number = number, .done = said_done, .event = event};
    bool send = strcmp(said.argv[3], "alert") == 0 && strcmp(said.argv[4], "send") == 0;
    const char *label = send ? label_of(&said) : NULL;
    const char *sign = label == NULL ? NULL : strstr(label, "$#");
    if (send && label == NULL && said.argc < (int)(sizeof argv / sizeof argv[0]) - 3) {
        snprintf(id, sizeof id, "ex-%05zu", stage->play->n_alerts + 1);
        memcpy(argv, said.argv, (size_t)said.argc * sizeof argv[0]);
        argv[said.argc] = (char *)"--id";
        argv[said.argc + 1] = id;
        argv[said.argc + 2] = NULL;
        said.argv = argv;
        said.argc += 2;
    } else if (sign != NULL) {
        snprintf(id, sizeof id, "%.*s%u%s", (int)(sign - label), label, number, sign + 2);
    } else if (send) {
        snprintf(id, sizeof id, "%s", label);
    }
    if (send && dl__alert_find(stage, in->agency, id) == 0) {
        config.alert = dl__alert_new(stage, in->agency, id) + 1;
    }
    dl__say(stage, &config);
}

/* ---- machines ---- */

static void changed(void *context);

enum dl_err dl__actor_start(struct dl__actor *actor, struct dl_error *error)
{
    actor->given = -1;
    DL_TRY(dl_virtual_node_start(actor->node, error));
    actor->watcher = (struct dl_watcher){.fn = changed, .context = actor->stage};
    dl_agency_watch(dl_virtual_node_agency(actor->node), &actor->watcher);
    return DL_OK;
}

static void digest_later(struct dl__stage *stage, size_t unused)
{
    (void)unused;
    stage->digesting = false;
    stage->changes++;
    dl__digest(stage);
}

static void changed(void *context)
{
    struct dl__stage *stage = context;
    if (!stage->digesting) {
        stage->digesting = true;
        dl__later(stage, dl_virtual_elapsed(stage->virtual), digest_later, 0);
    }
}

static void start(struct dl__stage *stage, int agency)
{
    struct dl__actor *actor = &stage->actors[agency];
    struct dl_error error;
    if (dl_virtual_node_agency(actor->node) != NULL || dl__actor_start(actor, &error) == DL_OK) {
        return;
    }
    struct dl_play_event event = {.agency = agency,
                                  .code = DL_EXIT_STORE,
                                  .kind = DL_INJECT_START,
                                  .text = (char *)"start",
                                  .said = error.message};
    dl__event(stage, &event);
}

static void start_later(struct dl__stage *stage, size_t agency)
{
    start(stage, (int)agency);
    dl__look_at_lines(stage);
}

static void go_down(struct dl__stage *stage, const struct dl_inject *in)
{
    struct dl__actor *actor = &stage->actors[in->agency];
    if (dl_virtual_node_agency(actor->node) != NULL) {
        dl__hush(stage, actor);
        if (in->kind == DL_INJECT_CRASH) {
            dl_virtual_node_kill(actor->node);
        } else {
            dl_virtual_node_stop(actor->node);
        }
    }
    if (in->for_ms > 0) {
        dl__later(stage, (uint64_t)dl__elapsed(stage) + in->for_ms, start_later,
                  (size_t)in->agency);
    }
}

static void restore(struct dl__stage *stage, int agency)
{
    struct dl__actor *actor = &stage->actors[agency];
    if (dl_virtual_node_agency(actor->node) != NULL) {
        dl__hush(stage, actor);
        dl_virtual_node_kill(actor->node);
    }
    dl_virtual_node_restore(actor->node, DL_VIRTUAL_LINE); // head.db is left out of backups
    actor->cursor = 0;
    for (size_t i = 0; i < DL_SCENARIO_AGENCIES; i++) {
        actor->toward[i].first = actor->toward[i].n = 0;
    }
    start(stage, agency);
}

static void set_disk(struct dl__stage *stage, int agency, bool full)
{
    static const struct dl_virtual_disk_fault fault = {
        .ops = DL_DISK_WRITE, .n = UINT64_MAX, .err = DL_E_STORE_FULL};
    struct dl__actor *actor = &stage->actors[agency];
    dl_virtual_disk_set_fault(dl_virtual_node_disk(actor->node), full ? &fault : NULL);
    if (full && actor->disk == 0) {
        actor->disk = dl__outage_open(stage, DL_OUTAGE_DISK, agency, agency);
    } else if (!full && actor->disk != 0) {
        dl__outage_close(stage, &actor->disk);
    }
}

static void free_disk(struct dl__stage *stage, size_t agency)
{
    set_disk(stage, (int)agency, false);
}

static void set_clock(struct dl__stage *stage, const struct dl_inject *in)
{
    struct dl__actor *actor = &stage->actors[in->agency];
    dl_virtual_set_skew(dl_virtual_node_world(actor->node), in->skew_ms);
    if (in->skew_ms != 0 && actor->clock == 0) {
        actor->clock = dl__outage_open(stage, DL_OUTAGE_CLOCK, in->agency, in->agency);
    } else if (in->skew_ms == 0 && actor->clock != 0) {
        dl__outage_close(stage, &actor->clock);
    }
}

/* ---- links ---- */

static void set_link(struct dl__stage *stage, const struct dl_inject *in, enum dl_virtual_cut state)
{
    const char *a = stage->scenario->agencies[in->agency].id;
    const char *b = stage->scenario->agencies[in->other].id;
    dl_virtual_set_way(stage->virtual, a, b, state);
    dl_virtual_set_way(stage->virtual, b, a, state);
}

static void join_later(struct dl__stage *stage, size_t inject)
{
    set_link(stage, &stage->scenario->injects[inject], DL_VIRTUAL_JOINED);
}

static void well_again(struct dl__stage *stage, size_t outage)
{
    dl__outage_close(stage, &outage);
}

static void fall_ill(struct dl__stage *stage, const struct dl_inject *in)
{
    uint64_t until = (uint64_t)dl__elapsed(stage) + in->for_ms;
    uint64_t *ill = &stage->ill_until[in->person];
    *ill = until > *ill ? until : *ill;
    size_t outage = dl__outage_open(stage, DL_OUTAGE_PERSON,
                                    stage->scenario->people[in->person].agency, in->person);
    dl__later(stage, until, well_again, outage);
}

/* ---- all of them ---- */

static void perform(struct dl__stage *stage, size_t index, size_t event)
{
    const struct dl_inject *in = &stage->scenario->injects[index];
    uint64_t end = (uint64_t)dl__elapsed(stage) + in->for_ms;
    switch (in->kind) {
    case DL_INJECT_VERB:
        say(stage, in, event, ++stage->repeated[index]);
        break;
    case DL_INJECT_LINK_CUT:
    case DL_INJECT_LINK_SILENT:
        set_link(stage, in, in->kind == DL_INJECT_LINK_CUT ? DL_VIRTUAL_CUT : DL_VIRTUAL_SILENT);
        if (in->for_ms > 0) {
            dl__later(stage, end, join_later, index);
        }
        break;
    case DL_INJECT_LINK_JOIN:
        set_link(stage, in, DL_VIRTUAL_JOINED);
        break;
    case DL_INJECT_DISK_FULL:
    case DL_INJECT_DISK_FREE:
        set_disk(stage, in->agency, in->kind == DL_INJECT_DISK_FULL);
        if (in->kind == DL_INJECT_DISK_FULL && in->for_ms > 0) {
            dl__later(stage, end, free_disk, (size_t)in->agency);
        }
        break;
    case DL_INJECT_CLOCK:
        set_clock(stage, in);
        break;
    case DL_INJECT_BACKUP:
        dl_virtual_node_backup(stage->actors[in->agency].node);
        break;
    case DL_INJECT_RESTORE:
        restore(stage, in->agency);
        break;
    case DL_INJECT_CRASH:
    case DL_INJECT_STOP:
        go_down(stage, in);
        break;
    case DL_INJECT_START:
        start(stage, in->agency);
        break;
    case DL_INJECT_ILL:
        fall_ill(stage, in);
        break;
    case DL_INJECT_NOTE:
    case DL_INJECT_PHASE:
        break;
    }
    dl__look_at_lines(stage);
}

void dl__inject(struct dl__stage *stage, size_t index)
{
    const struct dl_inject *in = &stage->scenario->injects[index];
    bool told = in->kind == DL_INJECT_NOTE || in->kind == DL_INJECT_PHASE;
    struct dl_play_event event = {.agency = in->kind == DL_INJECT_VERB ? in->agency : -1,
                                  .kind = in->kind,
                                  .text = told ? in->title.en : in->text,
                                  .zh = told ? in->title.zh : NULL};
    perform(stage, index, in->repeats ? 0 : dl__event(stage, &event));
}

static void once(struct dl__stage *stage, size_t index)
{
    dl__inject(stage, index);
}

static void again(struct dl__stage *stage, size_t index)
{
    const struct dl_inject *in = &stage->scenario->injects[index];
    uint64_t gap = dl__draw(stage, &in->every);
    uint64_t next = (uint64_t)dl__elapsed(stage) + (gap < 1 ? 1 : gap);
    dl__inject(stage, index);
    if (next <= in->until_ms) {
        dl__later(stage, next, again, index);
    }
}

void dl__inject_all(struct dl__stage *stage)
{
    for (size_t i = 0; i < stage->scenario->n_injects; i++) {
        const struct dl_inject *in = &stage->scenario->injects[i];
        if (in->repeats) {
            uint64_t first = in->at_ms + dl__draw(stage, &in->every);
            if (first <= in->until_ms) {
                dl__later(stage, first, again, i);
            }
        } else if (in->when.n == 0) {
            dl__later(stage, in->at_ms, once, i);
        }
    }
}
