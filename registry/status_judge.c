#include "registry/listing.h"
#include "registry/status_gather.h"

#include <ctype.h>
#include <string.h>

enum {
    ANY_ISOMER = DL_SCOPE_ISOMERS | DL_SCOPE_STEREOISOMERS | DL_SCOPE_OPTICAL,
    NAME_MIN = 6, /* octets of a name worth looking for in a clause */
    NAME_MAX_ = 64
};

/* Which flags settle the question, and which only raise it. */
struct need {
    unsigned covers;
    unsigned raises;
};

/* Whether the words of a listing, or of a clause of its list, have one of the flags. */
struct finding {
    bool found, conditional;
    struct dl_view clause;
};

/* What a listing's printed words are read into. */
struct printed {
    struct dl_status *status;
    unsigned flags;
    struct finding *out;
};

static enum dl_err on_printed(void *context, const struct dl_row *row)
{
    struct printed *printed = context;
    for (int i = 0; i < 4 && !printed->out->found; i++) {
        struct dl_view words = dl_row_text(row, i);
        if (dl_scope_flags(words) & printed->flags) {
            *printed->out =
                (struct finding){.found = true, .clause = dl__status_keep(printed->status, words)};
        }
    }
    return printed->status->arena.err;
}

/* The printed words that have the flags. */
static enum dl_err find_printed(struct dl_status *status, const struct dl_status_row *row,
                                unsigned flags, struct finding *out)
{
    struct printed printed = {status, flags, out};
    return dl_store_run(status->reader->store,
                        "SELECT name_en, text_en, name_local, text_local FROM listing_text"
                        " WHERE listing = ?1",
                        DL_SQL(DL_SQL_INT(row->listing)), on_printed, &printed);
}

static enum dl_err find_flags(struct dl_status *status, const struct dl_status_row *row,
                              unsigned flags, struct finding *out)
{
    unsigned own = 0;
    *out = (struct finding){.found = false};
    if (flags == 0) {
        return DL_OK;
    }
    const struct dl_listing *listing = NULL;
    DL_TRY(dl_reader_listing(status->reader, row->listing, &listing));
    DL_TRY(dl_reader_scope(status->reader, listing->scope, &own));
    if (own & flags) {
        struct dl_shared_text words;
        DL_TRY(dl_reader_text(status->reader, listing->scope, &words));
        *out = (struct finding){.found = true, .clause = dl__status_keep(status, words.plain)};
        return DL_OK;
    }
    DL_TRY(dl_reader_printed(status->reader, row->listing, &own));
    if (own & flags) {
        return find_printed(status, row, flags, out);
    }
    const struct dl_reader *reader = status->reader;
    for (size_t i = 0; i < reader->n_lists; i++) {
        const struct dl_list *list = &reader->lists[i];
        if (list->jurisdiction != row->list->jurisdiction) {
            continue;
        }
        for (size_t k = 0; k < list->n_clauses; k++) {
            const struct dl_clause *clause = &list->clauses[k];
            bool applies = list == row->list
                               ? dl_scope_applies(dl_view_str(clause->applies_to), row->entry)
                               : clause->wide;
            if (applies && (clause->flags & flags) && (!out->found || out->conditional)) {
                *out = (struct finding){true, clause->conditional, dl_view_str(clause->words)};
            }
        }
    }
    return DL_OK;
}

/* Looks for the names of a substance where laws except substances by name. */
struct names {
    const struct dl_reader *reader;
    uint64_t found; /* bit i: the reader's exception i */
};

static enum dl_err on_name(void *context, const struct dl_row *row)
{
    struct names *names = context;
    struct dl_view name = dl_row_text(row, 0);
    char lower[NAME_MAX_];
    if (name.n < NAME_MIN || name.n > sizeof lower) {
        return DL_OK;
    }
    for (size_t i = 0; i < name.n; i++) {
        lower[i] = (char)tolower(name.p[i]);
    }
    for (size_t i = 0; i < names->reader->n_exceptions && i < 64; i++) {
        const struct dl_exception *exception = &names->reader->exceptions[i];
        if (memmem(exception->text, exception->text_n, lower, name.n)) {
            names->found |= (uint64_t)1 << i;
        }
    }
    return DL_OK;
}

enum dl_err dl__status_exceptions(struct dl_status *status, int64_t substance, uint64_t *out)
{
    struct names names = {.reader = status->reader};
    *out = 0;
    if (substance == 0) {
        return DL_OK;
    }
    DL_TRY(dl_reader_clauses(status->reader));
    DL_ASSERT(status->reader->n_exceptions <= 64, "they fit one word");
    DL_TRY(dl_store_run(status->reader->store,
                        "SELECT name FROM name WHERE substance = ?1 AND lang <> 'zh' AND"
                        " kind <> 'systematic'",
                        DL_SQL(DL_SQL_INT(substance)), on_name, &names));
    *out = names.found;
    return DL_OK;
}

/* Which clauses except the substance by name, and whether some list has an exclusion for it: once
 * an answer. */
static enum dl_err find_exceptions(struct dl_status *status, struct dl__standings *standings)
{
    if (standings->excepted_known || status->substance == 0) {
        return DL_OK;
    }
    standings->excepted_known = true;
    DL_TRY(dl__status_exceptions(status, status->substance, &standings->exceptions));
    return dl_store_run(status->reader->store,
                        "SELECT 1 FROM link k JOIN listing l ON l.id = k.listing WHERE"
                        " k.substance = ?1 AND l.kind = 'exclusion' LIMIT 1",
                        DL_SQL(DL_SQL_INT(status->substance)), dl_row_take_any,
                        &standings->excluded);
}

/* Whether a clause that applies to the listing excepts the substance by name. */
static bool is_excepted(const struct dl_status *status, uint64_t exceptions,
                        const struct dl_status_row *row)
{
    for (size_t i = 0; i < status->reader->n_exceptions; i++) {
        const struct dl_exception *exception = &status->reader->exceptions[i];
        struct dl_view applies_to = dl_view_str(exception->applies_to);
        bool begins =
            applies_to.n <= row->entry.n && memcmp(row->entry.p, applies_to.p, applies_to.n) == 0;
        if ((exceptions >> i & 1) && exception->list == row->list->id &&
            (begins || dl_scope_applies(applies_to, row->entry))) {
            return true;
        }
    }
    return false;
}

/* In the United States "isomer" without more means the optical isomer (21 CFR 1300.01(b)); whether
 * a diastereomer is one is left open there, unless the words name geometric isomers as well: then
 * every stereoisomer is one or the other. */
static struct need stereo_need(const struct dl_status_row *row, const struct dl__reach *reach)
{
    bool optical_only = strncmp(row->list->code, "US-", 3) == 0;
    switch (reach->stereo) {
    case DL_STEREO_SAME:
    case DL_STEREO_MIRROR:
    case DL_STEREO_ENTRY_OPEN:
    case DL_STEREO_QUERY_OPEN:
        return (struct need){.covers = ANY_ISOMER};
    case DL_STEREO_OTHER:
        break;
    }
    if (optical_only) {
        return (struct need){.covers = DL_SCOPE_STEREOISOMERS | DL_SCOPE_GEOMETRIC,
                             .raises = ANY_ISOMER};
    }
    return (struct need){.covers = DL_SCOPE_STEREOISOMERS | DL_SCOPE_ISOMERS,
                         .raises = DL_SCOPE_OPTICAL};
}

/* Silent words: a form that the entry may mean all the same is left open, a mirror image or a
 * diastereomer of a named form is not reached. */
static bool silence_is_open(const struct dl__reach *reach)
{
    return reach->stereo == DL_STEREO_ENTRY_OPEN || reach->stereo == DL_STEREO_QUERY_OPEN ||
           reach->stereo == DL_STEREO_SAME;
}

static enum dl_err judge_stereo(struct dl_status *status, struct dl__standings *standings,
                                const struct dl_status_row *row, const struct dl__reach *reach,
                                struct dl__judged *out)
{
    struct need need = stereo_need(row, reach);
    struct finding covers;
    struct finding raises;
    out->how = reach->isotope ? DL_HOW_ISOTOPOLOGUE : DL_HOW_STEREOISOMER;
    if (reach->isotope) {
        need = (struct need){.covers = DL_SCOPE_ISOTOPOLOGUES};
    }
    DL_TRY(find_flags(status, row, need.covers, &covers));
    DL_TRY(find_flags(status, row, need.raises, &raises));
    struct finding *used = covers.found ? &covers : &raises;
    if (used->found) {
        DL_TRY(find_exceptions(status, standings));
        if (is_excepted(status, standings->exceptions | reach->exceptions, row)) {
            out->verdict = DL__OUT;
            return DL_OK;
        }
    }
    out->clause = used->clause;
    if (covers.found && !covers.conditional) {
        out->verdict = DL__COVERED;
        out->explained = true;
        out->explanation = dl__said(DL_WORDS_REACH_STEREO, reach->name, dl_view_of(NULL, 0));
        out->doubt = standings->exceptions != 0 || standings->excluded;
        return DL_OK;
    }
    out->verdict =
        used->found || reach->isotope || status->lookup.other_form || silence_is_open(reach)
            ? DL__OPEN
            : DL__OUT;
    out->reason = dl__said(covers.found ? DL_WORDS_STEREO_CONDITION : DL_WORDS_STEREO_SILENT,
                           reach->name, dl_view_of(NULL, 0));
    return DL_OK;
}

static enum dl_err judge_salt(struct dl_status *status, const struct dl_status_row *row,
                              const struct dl__reach *reach, struct dl__judged *out)
{
    struct finding salts;
    out->how = DL_HOW_PARENT_OF_SALT;
    DL_TRY(find_flags(status, row, DL_SCOPE_SALTS, &salts));
    struct dl_view word = dl_view_str(status->lookup.salt);
    out->clause = salts.clause;
    if (salts.found && !salts.conditional) {
        out->verdict = DL__COVERED;
        out->explained = true;
        out->explanation = dl__said(DL_WORDS_REACH_SALT, word, reach->name);
        return DL_OK;
    }
    out->verdict = DL__OPEN;
    out->reason = dl__said(DL_WORDS_SALT_SILENT, reach->name, word);
    return DL_OK;
}

static enum dl_err judge_ester(struct dl_status *status, const struct dl_status_row *row,
                               const struct dl__reach *reach, struct dl__judged *out)
{
    struct finding esters;
    struct finding derivatives;
    struct dl_view word = dl_view_str(status->lookup.salt);
    out->how = DL_HOW_ESTER_ETHER;
    DL_TRY(find_flags(status, row, DL_SCOPE_ESTERS, &esters));
    DL_TRY(find_flags(status, row, DL_SCOPE_DERIVATIVES, &derivatives));
    if (esters.found && !esters.conditional) {
        out->verdict = DL__COVERED;
        out->clause = esters.clause;
        out->explained = true;
        out->explanation = dl__said(DL_WORDS_REACH_ESTER, word, reach->name);
        return DL_OK;
    }
    bool open = esters.found || derivatives.found;
    out->verdict = open ? DL__OPEN : DL__OUT;
    out->clause = esters.found ? esters.clause : derivatives.clause;
    out->reason = dl__said(DL_WORDS_ESTER_DERIVATIVE, reach->name, word);
    return DL_OK;
}

/* Isomers other than stereoisomers, found by structure. Where the words name isomers without saying
 * which they are left open; in the United States that means optical isomers (21 CFR 1300.01(b)),
 * and the conventions mean those "possible within the specific chemical designation", which says
 * where each group stands. */
static enum dl_err judge_isomer(struct dl_status *status, struct dl__standings *standings,
                                const struct dl_status_row *row, const struct dl__reach *reach,
                                struct dl__judged *out)
{
    struct finding covers;
    struct finding raises;
    bool within_designation =
        strncmp(row->list->code, "US-", 3) == 0 || strncmp(row->list->code, "UN-", 3) == 0;
    out->how = DL_HOW_ISOMER;
    DL_TRY(find_flags(status, row, DL_SCOPE_POSITIONAL, &covers));
    DL_TRY(find_flags(status, row, within_designation ? 0 : DL_SCOPE_ISOMERS, &raises));
    bool open = raises.found || covers.conditional;
    if (!covers.found && !open) {
        out->verdict = DL__OUT;
        return DL_OK;
    }
    DL_TRY(find_exceptions(status, standings));
    out->clause = covers.found ? covers.clause : raises.clause;
    if (is_excepted(status, standings->exceptions, row)) {
        out->verdict = DL__OUT;
        return DL_OK;
    }
    out->verdict = covers.found && !covers.conditional ? DL__COVERED : DL__OPEN;
    out->explained = out->verdict == DL__COVERED;
    out->explanation = dl__said(DL_WORDS_REACH_ISOMER, reach->name, dl_view_of(NULL, 0));
    out->reason = dl__said(DL_WORDS_ISOMER_OPEN, reach->name, dl_view_of(NULL, 0));
    out->doubt = standings->exceptions != 0 || standings->excluded;
    return DL_OK;
}

/* The ester or ether of another form than the listed one: the words must reach that form too. */
static enum dl_err judge_form(struct dl_status *status, struct dl__standings *standings,
                              const struct dl_status_row *row, const struct dl__reach *reach,
                              struct dl__judged *out)
{
    struct dl__judged stereo = {.verdict = DL__COVERED};
    DL_TRY(judge_stereo(status, standings, row, reach, &stereo));
    if (stereo.verdict != DL__COVERED) {
        bool open = stereo.verdict == DL__OPEN;
        out->verdict = stereo.verdict;
        out->explained = false;
        out->clause = open ? stereo.clause : out->clause;
        out->reason = dl__said(DL_WORDS_FORM_OPEN, reach->name, dl_view_of(NULL, 0));
    }
    out->doubt = stereo.doubt || reach->exceptions != 0;
    return DL_OK;
}

static enum dl_err judge_made(struct dl_status *status, struct dl__standings *standings,
                              const struct dl_status_row *row, const struct dl__reach *reach,
                              struct dl__judged *out)
{
    struct finding covers;
    struct finding raises;
    out->how = DL_HOW_ESTER_ETHER;
    DL_TRY(find_flags(status, row, reach->ether ? DL_SCOPE_ETHERS : DL_SCOPE_ESTERS, &covers));
    DL_TRY(find_flags(status, row, DL_SCOPE_DERIVATIVES, &raises));
    bool open = raises.found || covers.conditional;
    if (!covers.found && !open) {
        out->verdict = DL__OUT;
        return DL_OK;
    }
    DL_TRY(find_exceptions(status, standings));
    out->clause = covers.found ? covers.clause : raises.clause;
    out->verdict = covers.found && !covers.conditional ? DL__COVERED : DL__OPEN;
    if (is_excepted(status, standings->exceptions | reach->exceptions, row)) {
        out->verdict = DL__OUT;
    }
    out->explained = out->verdict == DL__COVERED;
    out->explanation =
        dl__said(reach->ether ? DL_WORDS_REACH_ETHER_FOUND : DL_WORDS_REACH_ESTER_FOUND,
                 reach->name, dl_view_of(NULL, 0));
    out->reason = dl__said(DL_WORDS_ESTER_OPEN, reach->name, dl_view_of(NULL, 0));
    return out->verdict == DL__COVERED && reach->form
               ? judge_form(status, standings, row, reach, out)
               : DL_OK;
}

enum dl_err dl__status_judge(struct dl_status *status, struct dl__standings *standings,
                             const struct dl_status_row *row, const struct dl__reach *reach,
                             struct dl__judged *out)
{
    *out = (struct dl__judged){.verdict = DL__COVERED};
    DL_ASSERT(reach->salt || reach->ester || reach->other, "there is something to judge");
    DL_TRY(dl_reader_clauses(status->reader));
    if (reach->isomer) {
        return judge_isomer(status, standings, row, reach, out);
    }
    if (reach->made) {
        return judge_made(status, standings, row, reach, out);
    }
    if (reach->ester) {
        DL_TRY(judge_ester(status, row, reach, out));
    } else if (reach->salt) {
        DL_TRY(judge_salt(status, row, reach, out));
    }
    if (!reach->other || out->verdict != DL__COVERED) {
        return DL_OK;
    }
    struct dl_view clause = out->clause;
    DL_TRY(judge_stereo(status, standings, row, reach, out));
    if (out->verdict == DL__COVERED && reach->salt) {
        out->explanation =
            dl__said(DL_WORDS_REACH_STEREO_SALT, dl_view_str(status->lookup.salt), reach->name);
        out->clause = out->clause.n > 0 ? out->clause : clause;
    }
    return DL_OK;
}
