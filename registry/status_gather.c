#include "registry/listing.h"
#include "registry/status_gather.h"

#include <string.h>

struct gather {
    struct dl_status *status;
    struct dl__standings *standings;
    const struct dl__reach *reach;
};

/* A listing on the day asked about. */
enum phase {
    PHASE_IN_FORCE,
    PHASE_START_OPEN,
    PHASE_END_OPEN,
    PHASE_ANNOUNCED,
    PHASE_OVER,
    PHASE_NOT_YET
};

static enum phase phase_on(dl_day on, const struct dl_status_row *row, dl_day gone_by)
{
    if (row->until > 0 && on >= row->until) {
        return PHASE_OVER;
    }
    if (gone_by > 0 && on >= gone_by) {
        return PHASE_OVER;
    }
    if (row->in_force > 0 && on < row->in_force) {
        return row->announced > 0 && row->announced <= on ? PHASE_ANNOUNCED : PHASE_NOT_YET;
    }
    if (on < row->listed_by && row->in_force == 0) {
        return PHASE_START_OPEN;
    }
    if (gone_by > 0 && on > row->listed_by) {
        return PHASE_END_OPEN;
    }
    return PHASE_IN_FORCE;
}

struct dl_view dl__status_keep(struct dl_status *status, struct dl_view text)
{
    if (text.n == 0) {
        return dl_view_of(NULL, 0);
    }
    struct dl_arena *arena = &status->arena;
    if (text.p >= arena->p && text.p < arena->p + arena->n) {
        return text; /* kept before */
    }
    if (text.n > DL__ARENA - arena->n) {
        arena->err = DL_E_LIMIT;
        return dl_view_of(NULL, 0);
    }
    uint8_t *copy = arena->p + arena->n;
    memcpy(copy, text.p, text.n);
    arena->n += text.n;
    return dl_view_of(copy, text.n);
}

struct dl_view dl__status_day(struct dl_status *status, dl_day day)
{
    char text[DL_DATE_TEXT];
    dl_day_text(day, text);
    return dl__status_keep(status, dl_view_str(text));
}

struct dl_said dl__said(enum dl_words words, struct dl_view a, struct dl_view b)
{
    return (struct dl_said){.words = words, .arg = {a, b}};
}

void dl__status_reason(struct dl_status_row *row, struct dl_said said)
{
    if (row->n_reasons < DL_REASONS_MAX) {
        row->reason[row->n_reasons++] = said;
    }
}

static bool read_row(struct gather *gather, const struct dl_listing *listing,
                     struct dl_status_row *out)
{
    *out = (struct dl_status_row){.listing = listing->id,
                                  .list = listing->list,
                                  .jurisdiction = listing->list->jurisdiction,
                                  .announced = listing->announced,
                                  .in_force = listing->in_force,
                                  .listed_by = listing->listed_by,
                                  .until = listing->until,
                                  .how = gather->status->lookup.how};
    return gather->standings->wanted[out->jurisdiction];
}

static void say_phase(struct gather *gather, struct dl_status_row *row, enum phase phase,
                      dl_day gone_by)
{
    struct dl_status *status = gather->status;
    struct dl_view none = dl_view_of(NULL, 0);
    switch (phase) {
    case PHASE_IN_FORCE:
        if (row->standing == DL_STANDING_TEMPORARY) {
            dl__status_reason(
                row, dl__said(row->until > 0 ? DL_WORDS_TEMPORARY_UNTIL : DL_WORDS_TEMPORARY,
                              dl__status_day(status, row->until), none));
        }
        if (row->in_force == 0) {
            dl__status_reason(row, dl__said(DL_WORDS_START_UNKNOWN,
                                            dl__status_day(status, row->listed_by), none));
        }
        break;
    case PHASE_START_OPEN:
        dl__status_reason(
            row, dl__said(DL_WORDS_START_OPEN, dl__status_day(status, row->listed_by), none));
        break;
    case PHASE_END_OPEN:
        dl__status_reason(row, dl__said(DL_WORDS_END_OPEN, dl__status_day(status, row->listed_by),
                                        dl__status_day(status, gone_by)));
        break;
    case PHASE_ANNOUNCED:
        dl__status_reason(row, dl__said(DL_WORDS_ANNOUNCED, dl__status_day(status, row->announced),
                                        dl__status_day(status, row->in_force)));
        break;
    case PHASE_OVER:
        dl__status_reason(
            row, row->until > 0 ? dl__said(DL_WORDS_ENDED, dl__status_day(status, row->until), none)
                                : dl__said(DL_WORDS_GONE, dl__status_day(status, gone_by), none));
        break;
    case PHASE_NOT_YET:
        break;
    }
}

static enum dl_standing standing_of(const struct dl_listing *listing, enum phase phase)
{
    switch (phase) {
    case PHASE_IN_FORCE:
        return listing->kind == DL_LISTING_TEMPORARY || listing->list->temporary
                   ? DL_STANDING_TEMPORARY
                   : DL_STANDING_CONTROLLED;
    case PHASE_ANNOUNCED:
        return DL_STANDING_ANNOUNCED;
    case PHASE_OVER:
        return DL_STANDING_ENDED;
    default:
        return DL_STANDING_REVIEW;
    }
}

/* One listing is one row, though the name may mean several of the substances that it lists. */
static enum dl_err push(struct gather *gather, const struct dl_status_row *row)
{
    struct dl_status *status = gather->status;
    for (size_t i = 0; i < status->n_rows; i++) {
        if (status->row[i].listing == row->listing) {
            return DL_OK;
        }
    }
    if (status->n_rows == DL_STATUS_ROWS_MAX) {
        return DL_E_LIMIT;
    }
    gather->standings->has_row[row->jurisdiction] = true;
    status->row[status->n_rows++] = *row;
    return status->arena.err;
}

/* The listing that ended last stands for the jurisdiction should nothing else do. */
static enum dl_err keep_ended(struct gather *gather, const struct dl_listing *listing,
                              struct dl_status_row *out)
{
    struct dl__standings *standings = gather->standings;
    int j = out->jurisdiction;
    dl_day end = listing->until > 0 ? listing->until : listing->gone_by;
    if (gather->reach->other || end <= standings->ended_on[j]) {
        return DL_OK;
    }
    out->entry = dl__status_keep(gather->status, listing->entry);
    out->standing = DL_STANDING_ENDED;
    say_phase(gather, out, PHASE_OVER, listing->gone_by);
    standings->ended_on[j] = end;
    standings->ended[j] = *out;
    return gather->status->arena.err;
}

static enum dl_err take_apart(struct gather *gather, const struct dl_listing *listing, bool salt,
                              struct dl_status_row *out)
{
    enum phase phase = phase_on(gather->status->moment.on, out, listing->gone_by);
    if (gather->reach->other || (phase != PHASE_IN_FORCE && phase != PHASE_ANNOUNCED)) {
        return DL_OK;
    }
    out->entry = dl__status_keep(gather->status, listing->entry);
    out->apart = true;
    out->how = DL_HOW_NONE;
    out->standing = phase == PHASE_ANNOUNCED ? DL_STANDING_ANNOUNCED : DL_STANDING_REVIEW;
    dl__status_reason(out, dl__said(salt ? DL_WORDS_SALT_OF : DL_WORDS_INGREDIENT,
                                    gather->reach->name, dl_view_of(NULL, 0)));
    say_phase(gather, out, phase, 0);
    return push(gather, out);
}

static void note_exclusion(struct gather *gather, const struct dl_listing *listing)
{
    struct dl__standings *standings = gather->standings;
    int j = listing->list->jurisdiction;
    if (!gather->reach->other) {
        standings->excluded_from[j] = dl__status_keep(
            gather->status, listing->parent.n > 0 ? listing->parent : listing->entry);
        standings->excluded_list[j] = listing->list;
    }
}

static bool is_under(struct dl_view entry, struct dl_view parent)
{
    return parent.n > 0 && parent.n <= entry.n && memcmp(entry.p, parent.p, parent.n) == 0 &&
           (entry.n == parent.n || entry.p[parent.n] == '(');
}

bool dl__status_is_excluded(const struct dl__standings *standings, const struct dl_list *list,
                            struct dl_view entry)
{
    int j = list->jurisdiction;
    return standings->excluded_list[j] == list && is_under(entry, standings->excluded_from[j]);
}

/* Another form, a salt or an ester: what do the words of the listing say? */
static enum dl_err take_reached(struct gather *gather, struct dl_status_row *out)
{
    struct dl__standings *standings = gather->standings;
    struct dl__judged judged;
    if (dl__status_is_excluded(standings, out->list, out->entry)) {
        return DL_OK;
    }
    DL_TRY(dl__status_judge(gather->status, standings, out, gather->reach, &judged));
    if (judged.verdict == DL__OUT) {
        return DL_OK;
    }
    out->how = judged.how;
    out->clause = judged.clause;
    out->explained = judged.explained;
    out->explanation = judged.explanation;
    if (judged.verdict == DL__OPEN) {
        out->standing = DL_STANDING_REVIEW;
        dl__status_reason(out, judged.reason);
    } else if (judged.doubt) {
        out->standing = DL_STANDING_REVIEW;
        dl__status_reason(
            out, dl__said(DL_WORDS_EXCEPTED_ELSEWHERE, dl_view_of(NULL, 0), dl_view_of(NULL, 0)));
    }
    return push(gather, out);
}

static enum dl_err take_listing(struct gather *gather, const struct dl_listing *listing,
                                bool probable, struct dl_status_row *out)
{
    const struct dl__reach *reach = gather->reach;
    enum phase phase = phase_on(gather->status->moment.on, out, listing->gone_by);
    out->entry = dl__status_keep(gather->status, listing->entry);
    out->standing = standing_of(listing, phase);
    say_phase(gather, out, phase, listing->gone_by);
    if (probable) {
        dl__status_reason(out,
                          dl__said(DL_WORDS_PROBABLE, dl_view_of(NULL, 0), dl_view_of(NULL, 0)));
    }
    if (reach->salt || reach->ester || reach->other) {
        return take_reached(gather, out);
    }
    return push(gather, out);
}

/* Columns: listing, relation, certainty. */
static enum dl_err on_link(void *context, const struct dl_row *row)
{
    struct gather *gather = context;
    const struct dl_moment *moment = &gather->status->moment;
    const struct dl_listing *listing = NULL;
    struct dl_status_row out;
    DL_TRY(dl_reader_listing(gather->status->reader, dl_row_int(row, 0), &listing));
    if (!dl_listing_known(listing, moment->version) || !read_row(gather, listing, &out)) {
        return DL_OK;
    }
    enum phase phase = phase_on(moment->on, &out, listing->gone_by);
    bool is = dl_view_is(dl_row_text(row, 1), "is");
    if (listing->kind == DL_LISTING_EXCLUSION) {
        if (phase == PHASE_IN_FORCE && is) {
            note_exclusion(gather, listing);
        }
        return DL_OK;
    }
    if (phase == PHASE_NOT_YET) {
        return DL_OK;
    }
    if (!is) {
        return take_apart(gather, listing, dl_view_is(dl_row_text(row, 1), "salt-of"), &out);
    }
    if (gather->reach->other && gather->standings->in_force[out.jurisdiction]) {
        return DL_OK;
    }
    if (phase == PHASE_OVER) {
        return keep_ended(gather, listing, &out);
    }
    return take_listing(gather, listing, dl_view_is(dl_row_text(row, 2), "probable"), &out);
}

enum dl_err dl__status_gather(struct dl_status *status, struct dl__standings *standings,
                              int64_t substance, const struct dl__reach *reach)
{
    struct gather gather = {status, standings, reach};
    return dl_store_run(status->reader->store,
                        "SELECT listing, relation, certainty FROM link WHERE substance = ?1",
                        DL_SQL(DL_SQL_INT(substance)), on_link, &gather);
}
