/* What becomes of alerts: read from every agency's own journals and replicas after each commit, as
 * `alert watch` does; nothing is assumed to have happened because it was asked for. */
#include "node/exercise_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MS = 10 * 60 * 1000, DAY_MS = 86400000 };

/* ---- alerts by their id ---- */

static size_t slot_of(const struct dl__stage *stage, int author, const char *id)
{
    uint64_t hash = 1469598103934665603U + (uint64_t)author; /* FNV-1a */
    for (const char *c = id; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * 1099511628211U;
    }
    size_t slot = (size_t)hash & (stage->table_n - 1);
    while (stage->table[slot] != 0) {
        const struct dl_play_alert *a = &stage->play->alerts[stage->table[slot] - 1];
        if (a->author == author && strcmp(a->id, id) == 0) {
            break;
        }
        slot = (slot + 1) & (stage->table_n - 1);
    }
    return slot;
}

static void grow_table(struct dl__stage *stage)
{
    struct dl_play *play = stage->play;
    if (stage->table_n > play->n_alerts * 2) {
        return;
    }
    free(stage->table);
    stage->table_n = stage->table_n == 0 ? 64 : stage->table_n * 4;
    stage->table = calloc(stage->table_n, sizeof *stage->table);
    DL_ASSERT(stage->table != NULL, "memory for alerts");
    for (size_t i = 0; i < play->n_alerts; i++) {
        stage->table[slot_of(stage, play->alerts[i].author, play->alerts[i].id)] = i + 1;
    }
}

size_t dl__alert_new(struct dl__stage *stage, int author, const char *id)
{
    struct dl_play *play = stage->play;
    if (play->n_alerts == play->alerts_cap) {
        play->alerts_cap = play->alerts_cap == 0 ? 16 : play->alerts_cap * 2;
        play->alerts = realloc(play->alerts, play->alerts_cap * sizeof *play->alerts);
        DL_ASSERT(play->alerts != NULL, "memory for alerts");
    }
    grow_table(stage);
    struct dl_play_alert *a = &play->alerts[play->n_alerts++];
    memset(a, 0, sizeof *a);
    snprintf(a->id, sizeof a->id, "%s", id);
    a->author = author;
    a->sent_ms = dl__elapsed(stage);
    memset(a->when, 0xff, sizeof a->when); /* -1 */
    stage->table[slot_of(stage, author, id)] = play->n_alerts;
    return play->n_alerts - 1;
}

size_t dl__alert_find(const struct dl__stage *stage, int author, const char *id)
{
    return stage->table_n == 0 ? 0 : stage->table[slot_of(stage, author, id)];
}

/* ---- people ---- */

static void free_reaction(struct dl__reaction *reaction)
{
    *reaction->prev = reaction->next;
    if (reaction->next != NULL) {
        reaction->next->prev = reaction->prev;
    }
    free(reaction);
}

/* From when on a person can act: not ill, and on duty. */
static uint64_t available(const struct dl__stage *stage, size_t person, uint64_t now)
{
    const struct dl_person *p = &stage->scenario->people[person];
    uint64_t at = stage->ill_until[person] > now ? stage->ill_until[person] : now;
    if (p->on_ms == p->off_ms) {
        return at;
    }
    uint64_t of_day = (uint64_t)((stage->scenario->start_ms + (int64_t)at) % DAY_MS);
    uint64_t since_on = (of_day + DAY_MS - p->on_ms) % DAY_MS;
    uint64_t shift = (p->off_ms + DAY_MS - p->on_ms) % DAY_MS;
    return since_on < shift ? at : at + DAY_MS - since_on;
}

static bool does(const struct dl__stage *stage, size_t person, int agency, enum dl_fact fact)
{
    const struct dl_person *p = &stage->scenario->people[person];
    return p->agency == agency && p->does[fact];
}

/* Who would be the first to do it: of those who can do it, the one who is available soonest; the
 * order of the script decides between equals. */
static bool choose(const struct dl__stage *stage, const struct dl__reaction *r, size_t *person,
                   uint64_t *from)
{
    uint64_t now = (uint64_t)dl__elapsed(stage);
    bool found = false;
    for (size_t i = 0; i < stage->scenario->n_people; i++) {
        uint64_t at = does(stage, i, r->agency, r->fact) ? available(stage, i, now) : 0;
        if (does(stage, i, r->agency, r->fact) && (!found || at < *from)) {
            *person = i;
            *from = at;
            found = true;
        }
    }
    return found;
}

static void set_out(struct dl__reaction *reaction);
static void act_later(struct dl__stage *stage, size_t argument);

static void acknowledged(struct dl__saying *saying)
{
    struct dl__reaction *reaction = saying->context;
    if (saying->code == DL_EXIT_OK || saying->code == DL_EXIT_NO) {
        free_reaction(reaction);
        return;
    }
    /* full disk, node down: the person tries again */
    dl__later(reaction->stage, (uint64_t)dl__elapsed(reaction->stage) + AGAIN_MS, act_later,
              (size_t)reaction);
}

static void act(struct dl__reaction *reaction)
{
    struct dl__stage *stage = reaction->stage;
    uint64_t now = (uint64_t)dl__elapsed(stage);
    const struct dl_person *p = &stage->scenario->people[reaction->person];
    const struct dl_play_alert *alert = &stage->play->alerts[reaction->alert];
    if (available(stage, reaction->person, now) > now) {
        set_out(reaction); // fell ill or went home in between: somebody else, or later
        return;
    }
    char target[DL_LIMIT_AGENCY_ID + DL_LIMIT_ENTRY_ID + 2];
    snprintf(target, sizeof target, "%s/%s", stage->scenario->agencies[alert->author].id,
             alert->id);
    const char *argv[] = {"directline", "-C",    "/exercise", "alert",
                          "ack",        target,  "--as",      dl_fact_name(reaction->fact),
                          "--by",       p->name, NULL};
    struct dl_said said = {.argc = 10, .argv = (char **)argv};
    struct dl__saying_config config = {
        .agency = reaction->agency, .said = &said, .done = acknowledged, .context = reaction};
    dl__say(stage, &config);
}

static void act_later(struct dl__stage *stage, size_t argument)
{
    (void)stage;
    act((struct dl__reaction *)argument);
}

static void set_out(struct dl__reaction *reaction)
{
    struct dl__stage *stage = reaction->stage;
    uint64_t from = 0;
    if (!choose(stage, reaction, &reaction->person, &from)) {
        free_reaction(reaction);
        return;
    }
    const struct dl_person *p = &stage->scenario->people[reaction->person];
    dl__later(stage, from + dl__draw(stage, &p->after[reaction->fact]), act_later,
              (size_t)reaction);
}

/* The next fact after `after` that somebody at the agency states. */
void dl__react(struct dl__stage *stage, size_t alert, int agency, int after)
{
    for (int fact = after < DL_FACT_SEEN ? DL_FACT_SEEN : after + 1; fact < DL_FACT_COUNT; fact++) {
        for (size_t i = 0; i < stage->scenario->n_people; i++) {
            if (!does(stage, i, agency, (enum dl_fact)fact)) {
                continue;
            }
            struct dl__reaction *r = calloc(1, sizeof *r);
            DL_ASSERT(r != NULL, "memory for a reaction");
            *r = (struct dl__reaction){
                .stage = stage, .alert = alert, .agency = agency, .fact = (enum dl_fact)fact};
            r->next = stage->reactions;
            r->prev = &stage->reactions;
            if (r->next != NULL) {
                r->next->prev = &r->next;
            }
            stage->reactions = r;
            set_out(r);
            return;
        }
    }
}

/* ---- reading journals ---- */

struct looking {
    struct dl__actor *actor;
    int64_t ours[DL_SCENARIO_AGENCIES], theirs[DL_SCENARIO_AGENCIES]; /* ids of logs */
};

static void note_fact(struct dl__stage *stage, size_t alert, int agency, enum dl_fact fact)
{
    int64_t *when = stage->play->alerts[alert].when[agency];
    if (when[fact] < 0) {
        when[fact] = dl__elapsed(stage);
        if (fact >= DL_FACT_RECEIVED) {
            dl__react(stage, alert, agency, (int)fact);
        }
    }
}

static int agency_of(const int64_t logs[DL_SCENARIO_AGENCIES], int64_t log)
{
    for (int i = 0; i < DL_SCENARIO_AGENCIES; i++) {
        if (logs[i] == log) {
            return i;
        }
    }
    return -1;
}

static void owe(struct dl__actor *actor, int to, size_t alert, int64_t cursor)
{
    if (actor->stage->play->alerts[alert].when[to][DL_FACT_RECEIPTED] >= 0) {
        return;
    }
    if (actor->toward[to].n == actor->toward[to].cap) {
        actor->toward[to].cap = actor->toward[to].cap == 0 ? 16 : actor->toward[to].cap * 2;
        actor->toward[to].at =
            realloc(actor->toward[to].at, actor->toward[to].cap * sizeof *actor->toward[to].at);
        DL_ASSERT(actor->toward[to].at != NULL, "memory for what is owed");
    }
    actor->toward[to].at[actor->toward[to].n++] =
        (struct dl__owed){.alert = alert, .cursor = cursor};
}

/* Which alert an acknowledgement of ours speaks of, and which fact it states. */
static void take_ack(struct dl__actor *actor, const struct dl_leaf *leaf, struct dl_view content)
{
    struct dl__stage *stage = actor->stage;
    struct dl_view agency;
    struct dl_view id;
    char text[DL_LIMIT_ENTRY_ID + 1];
    json_t *json = NULL;
    if (leaf->n_refs == 0 || !dl_entry_ref_split(leaf->refs[0], &agency, &id) ||
        dl_json_parse(content, &json, NULL) != DL_OK) {
        return;
    }
    snprintf(text, sizeof text, "%.*s", DL_VIEW_ARG(id));
    for (size_t i = 0; i < stage->scenario->n_agencies; i++) {
        size_t found = dl_view_is(agency, stage->scenario->agencies[i].id)
                           ? dl__alert_find(stage, (int)i, text)
                           : 0;
        for (int fact = DL_FACT_SEEN; found > 0 && fact < DL_FACT_COUNT; fact++) {
            if (dl_view_is(dl_json_text(json, "as"), dl_fact_name((enum dl_fact)fact))) {
                note_fact(stage, found - 1, actor->index, (enum dl_fact)fact);
            }
        }
    }
    json_decref(json);
}

static enum dl_err look_at_entry(void *context, const struct dl_stored *stored)
{
    struct looking *looking = context;
    struct dl__actor *actor = looking->actor;
    struct dl_leaf leaf;
    char id[DL_LIMIT_ENTRY_ID + 1];
    actor->cursor = stored->cursor;
    int to = agency_of(looking->ours, stored->log);
    int from = agency_of(looking->theirs, stored->log);
    if ((to < 0 && from < 0) || dl_leaf_decode(stored->entry.leaf, &leaf) != DL_OK) {
        return DL_OK;
    }
    snprintf(id, sizeof id, "%.*s", DL_VIEW_ARG(leaf.id));
    if (leaf.kind == DL_KIND_ALERT) {
        size_t found = dl__alert_find(actor->stage, to >= 0 ? actor->index : from, id);
        if (found > 0 && to >= 0) {
            actor->stage->play->alerts[found - 1].to[to] = true;
            owe(actor, to, found - 1, stored->cursor);
        } else if (found > 0) {
            note_fact(actor->stage, found - 1, actor->index, DL_FACT_RECEIVED);
        }
    } else if (leaf.kind == DL_KIND_ACKNOWLEDGEMENT && to >= 0) {
        take_ack(actor, &leaf, stored->entry.content);
    }
    return DL_OK;
}

/* True when what was known of the journal no longer holds: it came back from the past. */
static bool look_at_receipts(struct dl__actor *actor, int to, struct dl_peer *peer)
{
    struct dl__stage *stage = actor->stage;
    struct dl_journal *journal = dl_peer_journal(peer);
    uint64_t size = dl_log_newest_receipt(dl_journal_log(journal)).size;
    while (actor->toward[to].first < actor->toward[to].n) {
        const struct dl__owed *owed = &actor->toward[to].at[actor->toward[to].first];
        struct dl_place place;
        if (dl_journal_find(journal, owed->cursor, &place) != DL_OK) {
            return true;
        }
        if (place.in_tail || place.index >= size) {
            return false;
        }
        if (stage->play->alerts[owed->alert].when[to][DL_FACT_RECEIPTED] < 0) {
            stage->play->alerts[owed->alert].when[to][DL_FACT_RECEIPTED] = dl__elapsed(stage);
            stage->play->receipts++;
        }
        actor->toward[to].first++;
    }
    actor->toward[to].first = actor->toward[to].n = 0;
    return false;
}

static enum dl_err look_at_new(struct dl__actor *actor, struct dl_agency *agency)
{
    struct dl__stage *stage = actor->stage;
    struct dl_line_db *db = dl_agency_line_db(agency);
    struct looking looking = {.actor = actor};
    if (actor->given == dl_line_db_last_cursor(db)) {
        return DL_OK;
    }
    actor->given = dl_line_db_last_cursor(db);
    memset(looking.ours, 0xff, sizeof looking.ours);
    memset(looking.theirs, 0xff, sizeof looking.theirs);
    for (size_t i = 0; i < stage->scenario->n_agencies; i++) {
        struct dl_peer *peer = dl_agency_peer(agency, stage->scenario->agencies[i].id);
        if (peer != NULL) {
            looking.ours[i] = dl_log_id(dl_journal_log(dl_peer_journal(peer)));
            looking.theirs[i] = dl_log_id(dl_replica_log(dl_peer_replica(peer)));
        }
    }
    return dl_line_db_scan(db, actor->cursor, look_at_entry, &looking);
}

static void look_at_actor(struct dl__actor *actor)
{
    struct dl__stage *stage = actor->stage;
    struct dl_agency *agency = dl_virtual_node_agency(actor->node);
    if (agency == NULL) {
        return;
    }
    if (look_at_new(actor, agency) != DL_OK) {
        actor->given = -1;
        return; // a failing disk: the node ends by itself
    }
    for (size_t i = 0; i < stage->scenario->n_agencies; i++) {
        struct dl_peer *peer = dl_agency_peer(agency, stage->scenario->agencies[i].id);
        if (peer != NULL && look_at_receipts(actor, (int)i, peer)) {
            actor->toward[i].first = actor->toward[i].n = 0;
            actor->cursor = 0; // looked at again from the beginning, next time
            actor->given = -1;
        }
    }
}

void dl__digest(struct dl__stage *stage)
{
    uint64_t open = 0;
    for (size_t i = 0; i < stage->scenario->n_agencies; i++) {
        look_at_actor(&stage->actors[i]);
        for (size_t k = 0; k < stage->scenario->n_agencies; k++) {
            open += stage->actors[i].toward[k].n - stage->actors[i].toward[k].first;
        }
    }
    uint64_t bin =
        (uint64_t)dl__elapsed(stage) * DL_PLAY_BACKLOG / (stage->scenario->length_ms + 1);
    uint64_t *most = &stage->play->backlog[bin];
    *most = open > *most ? open : *most;
    dl__look_at_lines(stage);
    dl__look_at_conditions(stage);
}

/* ---- outages ---- */

static void mark(struct dl__stage *stage, const struct dl_outage *outage, bool out, size_t *open)
{
    stage->changes += out != (*open != 0);
    if (out && *open == 0) {
        *open = dl__outage_open(stage, outage->kind, outage->agency, outage->other);
    } else if (!out && *open != 0) {
        dl__outage_close(stage, open);
    }
}

void dl__look_at_lines(struct dl__stage *stage)
{
    for (size_t i = 0; i < stage->scenario->n_agencies; i++) {
        struct dl__actor *actor = &stage->actors[i];
        struct dl_agency *agency = dl_virtual_node_agency(actor->node);
        struct dl_outage outage = {.kind = DL_OUTAGE_NODE, .agency = (int)i, .other = (int)i};
        mark(stage, &outage, agency == NULL, &actor->down);
        for (size_t k = 0; agency != NULL && k < stage->scenario->n_agencies; k++) {
            struct dl_peer *peer = dl_agency_peer(agency, stage->scenario->agencies[k].id);
            struct dl_peer_view view;
            if (peer == NULL) {
                continue;
            }
            dl_peer_look(peer, &view);
            outage.other = (int)k;
            outage.kind = DL_OUTAGE_LINK;
            mark(stage, &outage, strcmp(view.link, "up") != 0, &actor->toward[k].link);
            outage.kind = DL_OUTAGE_SUSPENDED;
            mark(stage, &outage, strcmp(view.state, "active") != 0, &actor->toward[k].line);
        }
    }
}
