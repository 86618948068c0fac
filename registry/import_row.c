#include "registry/import_internal.h"

/* The row's listings on one list. */
struct on_list {
    struct dl__listed all[DL__LISTED_MAX];
    size_t n;
};

enum which { STARTS, OPEN, ENDS, LATER };

/* The first that fits; one with the row's entry goes before others. */
static const struct dl__listed *pick(const struct on_list *on, enum which which)
{
    const struct dl__listed *best = NULL;
    for (size_t i = 0; i < on->n; i++) {
        const struct dl__listed *l = &on->all[i];
        bool fits = which == STARTS ? l->starts
                    : which == OPEN ? l->open
                    : which == ENDS ? l->ends
                                    : l->later;
        if (fits && (best == NULL || (l->entry && !best->entry))) {
            best = l;
        }
    }
    return best;
}

static enum dl_err conflict(struct dl__outcome *out, const char *reason)
{
    out->result = DL_IMPORT_CONFLICT;
    out->reason = reason;
    return DL_OK;
}

/* Whether the listing was recorded by this very import: then the file contradicts itself. */
static bool is_ours(const struct dl__importing *m, const struct dl__listed *l)
{
    return l->recorded_from == m->version;
}
static const char TWICE[] = "another row of this file says something else of it";

static enum dl_err begin_listing(struct dl__importing *m, const struct dl_announcement_row *row,
                                 int64_t like, struct dl__outcome *out)
{
    bool is_new = out->substance == 0;
    if (is_new) {
        DL_TRY(dl__import_new_substance(m, row, &out->substance));
    }
    DL_TRY(dl__import_names(m, row, out->substance, is_new));
    return dl__import_new_listing(m, row, out->substance, like);
}

static enum dl_err correct(struct dl__importing *m, const struct dl_announcement_row *row,
                           const struct dl__listed *l, struct dl__outcome *out)
{
    if (l->same) {
        out->result = DL_IMPORT_UNCHANGED;
        return DL_OK;
    }
    if (is_ours(m, l)) {
        return conflict(out, TWICE);
    }
    out->result = DL_IMPORT_CHANGED;
    DL_TRY(dl__import_names(m, row, out->substance, false));
    return dl__import_corrected(m, row, l->id);
}

static enum dl_err add(struct dl__importing *m, const struct dl_announcement_row *row,
                       struct dl__outcome *out)
{
    struct on_list on;
    DL_TRY(dl__import_listed(m, row, out->substance, m->list.id, on.all, &on.n));
    const struct dl__listed *l = pick(&on, STARTS);
    if (l != NULL) {
        return correct(m, row, l, out);
    }
    l = pick(&on, OPEN);
    if (l != NULL) {
        return conflict(out, dl__import_reason(m, "on this list already, since ", &l->since));
    }
    l = pick(&on, LATER);
    if (l != NULL) {
        return conflict(out, dl__import_reason(m, "on this list later already, from ", &l->since));
    }
    out->result = DL_IMPORT_NEW;
    return begin_listing(m, row, 0, out);
}

static enum dl_err change(struct dl__importing *m, const struct dl_announcement_row *row,
                          struct dl__outcome *out)
{
    struct on_list on;
    DL_TRY(dl__import_listed(m, row, out->substance, m->list.id, on.all, &on.n));
    const struct dl__listed *l = pick(&on, STARTS);
    bool has_day = row->field[DL_ROW_IN_FORCE].n > 0;
    if (l == NULL) {
        l = pick(&on, OPEN);
        if (l == NULL) {
            return conflict(out, "not on this list on that day");
        }
    }
    if (l->starts || !has_day || l->same) {
        return correct(m, row, l, out);
    }
    if (is_ours(m, l)) {
        return conflict(out, TWICE);
    }
    out->result = DL_IMPORT_CHANGED;
    DL_TRY(dl__import_names(m, row, out->substance, false));
    return dl__import_continued(m, row, l->id);
}

static enum dl_err end(struct dl__importing *m, const struct dl_announcement_row *row,
                       struct dl__outcome *out)
{
    struct on_list on;
    DL_TRY(dl__import_listed(m, row, out->substance, m->list.id, on.all, &on.n));
    if (pick(&on, ENDS) != NULL) {
        out->result = DL_IMPORT_UNCHANGED;
        return DL_OK;
    }
    const struct dl__listed *l = pick(&on, OPEN);
    if (l == NULL || l->starts) {
        return conflict(out, l == NULL ? "not on this list on that day"
                                       : "its listing begins on that day");
    }
    if (is_ours(m, l)) {
        return conflict(out, TWICE);
    }
    out->result = DL_IMPORT_ENDED;
    return dl__import_ended(m, row, l->id);
}

/* The old listing, whose entry the row does not give, and the new one. */
static enum dl_err move_between(struct dl__importing *m, const struct dl_announcement_row *row,
                                const struct on_list *from, const struct on_list *to,
                                struct dl__outcome *out)
{
    const struct dl__listed *old = pick(from, ENDS);
    const struct dl__listed *now = pick(to, STARTS);
    if (old != NULL && now != NULL) {
        return correct(m, row, now, out);
    }
    const struct dl__listed *open = old == NULL ? pick(from, OPEN) : NULL;
    if (old == NULL && (open == NULL || open->starts)) {
        return conflict(out, "not on the list it is to leave on that day");
    }
    if (now == NULL && (pick(to, OPEN) != NULL || pick(to, LATER) != NULL)) {
        return conflict(out, "on the list it is to join already");
    }
    if ((open != NULL && is_ours(m, open)) || (now != NULL && is_ours(m, now) && !now->same)) {
        return conflict(out, TWICE);
    }
    out->result = DL_IMPORT_CHANGED;
    if (open != NULL) {
        DL_TRY(dl__import_ended(m, row, open->id));
    }
    int64_t like = open == NULL ? old->id : open->id;
    return now == NULL ? begin_listing(m, row, like, out) : DL_OK;
}

static enum dl_err move(struct dl__importing *m, const struct dl_announcement_row *row,
                        struct dl__outcome *out)
{
    struct on_list from;
    struct on_list to;
    DL_TRY(dl__import_listed(m, row, out->substance, m->from.id, from.all, &from.n));
    DL_TRY(dl__import_listed(m, row, out->substance, m->list.id, to.all, &to.n));
    return move_between(m, row, &from, &to, out);
}

static enum dl_err refuse(struct dl__outcome *out, const char *reason)
{
    out->result = DL_IMPORT_REFUSED;
    out->reason = reason;
    return DL_OK;
}

static enum dl_err act(struct dl__importing *m, const struct dl_announcement_row *row,
                       struct dl__outcome *out)
{
    switch (row->action) {
    case DL_ACTION_ADD:
        return add(m, row, out);
    case DL_ACTION_CHANGE:
        return change(m, row, out);
    case DL_ACTION_MOVE:
        return move(m, row, out);
    case DL_ACTION_END:
        return end(m, row, out);
    }
    DL_ASSERT(false, "an action");
}

/* What the row did is done to the substance as it is recorded; then its structure is known. */
static enum dl_err adopt(struct dl__importing *m, const struct dl_announcement_row *row,
                         struct dl__outcome *out)
{
    if (out->result == DL_IMPORT_CONFLICT || out->result == DL_IMPORT_REFUSED) {
        return DL_OK;
    }
    if (out->result == DL_IMPORT_UNCHANGED) {
        out->result = DL_IMPORT_CHANGED;
        out->reason = "its structure is known now";
    }
    return dl__import_adopt(m, row, &out->substance);
}

enum dl_err dl__import_row(struct dl__importing *m, const struct dl_announcement_row *row,
                           struct dl__outcome *out)
{
    struct dl__subject subject;
    *out = (struct dl__outcome){.result = DL_IMPORT_REFUSED};
    if (row->refused != NULL) {
        return refuse(out, row->refused);
    }
    DL_TRY(dl__import_list(m, &m->list, row->field[DL_ROW_LIST]));
    if (m->list.id == 0) {
        return refuse(out, "this jurisdiction has no such list");
    }
    if (row->action == DL_ACTION_MOVE) {
        DL_TRY(dl__import_list(m, &m->from, row->field[DL_ROW_FROM]));
        if (m->from.id == 0 || m->from.id == m->list.id) {
            return refuse(out, "`from` is no other list of this jurisdiction");
        }
    }
    int64_t known_on = row->action == DL_ACTION_MOVE ? m->from.id : m->list.id;
    DL_TRY(dl__import_subject(m, row, known_on, &subject));
    out->substance = subject.id;
    if (subject.conflict != NULL) {
        return conflict(out, subject.conflict);
    }
    DL_TRY(act(m, row, out));
    return subject.adopted ? adopt(m, row, out) : DL_OK;
}
