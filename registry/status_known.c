/* What the worker once read of a listed structure (registry/reading.h): a substance asked for by
 * name, number or key is related to others, and reached by class rules, as its structure would be.
 */
#include "registry/status_gather.h"
#include "registry/worker.h"

#include <string.h>

enum { MATCHES_MAX = 96 };

/* ---- esters and ethers ---- */

struct found_kin {
    struct dl_status *status;
    const struct dl_made_of *made_of;
    struct dl_status_kin *kin;
    size_t first, n, max;
    int64_t form_substance;
};

static enum dl_err on_form(void *context, const struct dl_row *row)
{
    struct found_kin *found = context;
    bool itself = dl_view_equal(dl_row_text(row, 2), found->made_of->inchikey);
    if (itself) {
        found->form_substance = dl_row_int(row, 0);
    }
    if (found->n < found->max) {
        found->kin[found->n++] =
            (struct dl_status_kin){.substance = dl_row_int(row, 0),
                                   .name = dl__status_keep(found->status, dl_row_text(row, 1)),
                                   .ether = found->made_of->ether,
                                   .form = itself ? dl_view_of(NULL, 0) : found->made_of->inchi};
    }
    return found->status->arena.err;
}

/* All forms of the skeleton that the structure was made of. */
static enum dl_err find_forms(struct found_kin *found)
{
    const struct dl_status *status = found->status;
    char range[2][15];
    for (int i = 0; i < 2; i++) {
        memcpy(range[i], found->made_of->inchikey.p, 14);
        range[i][14] = "-."[i];
    }
    found->first = found->n;
    found->form_substance = 0;
    DL_TRY(dl_store_run(status->reader->store,
                        "SELECT s.id, s.name, s.key FROM substance s JOIN structure t ON"
                        " t.substance = s.id WHERE s.key >= ?1 AND s.key < ?2 AND"
                        " s.recorded_from <= ?3 AND"
                        " (s.recorded_until IS NULL OR ?3 < s.recorded_until) ORDER BY s.key",
                        DL_SQL(DL_SQL_TEXT(dl_view_of(range[0], sizeof range[0])),
                               DL_SQL_TEXT(dl_view_of(range[1], sizeof range[1])),
                               DL_SQL_INT(status->moment.version)),
                        on_form, found));
    for (size_t i = found->first; i < found->n; i++) {
        found->kin[i].form_substance = found->form_substance;
    }
    return DL_OK;
}

enum dl_err dl_status_add_made_of(struct dl_status *status, struct dl_view made_of)
{
    struct dl_status_kin kin[DL_KIN_MAX];
    struct dl_made_of one;
    struct found_kin found = {.status = status, .made_of = &one, .kin = kin, .max = DL_KIN_MAX};
    while (dl_made_of_next(&made_of, &one)) {
        DL_TRY(find_forms(&found));
    }
    return found.n > 0 ? dl_status_add_kin(status, kin, found.n) : DL_OK;
}

/* ---- what was read ---- */

static enum dl_err on_made_of(void *context, const struct dl_row *row)
{
    struct dl_status *status = context;
    return dl_status_add_made_of(status, dl__status_keep(status, dl_row_blob(row, 0)));
}

struct matches {
    struct dl_status *status;
    uint64_t settled; /* jurisdictions that need no rule */
    struct dl_status_match item[MATCHES_MAX];
    size_t n;
};

static enum dl_err on_words(void *context, const struct dl_row *row)
{
    struct matches *matches = context;
    struct dl_status *status = matches->status;
    struct dl_status_match *match = &matches->item[matches->n - 1];
    match->clause = dl__status_keep(status, dl_row_text(row, 0));
    match->clause_zh = dl__status_keep(status, dl_row_text(row, 1));
    match->explanation = dl__status_keep(status, dl_row_text(row, 2));
    match->explanation_zh = dl__status_keep(status, dl_row_text(row, 3));
    return status->arena.err;
}

static enum dl_err on_match(void *context, const struct dl_row *row)
{
    struct matches *matches = context;
    struct dl_status *status = matches->status;
    const struct dl_list *list = dl_reader_list(status->reader, dl_row_int(row, 0));
    if (matches->n == MATCHES_MAX || list == NULL ||
        (matches->settled >> list->jurisdiction & 1) != 0) {
        return DL_OK;
    }
    struct dl_status_match *match = &matches->item[matches->n++];
    *match = (struct dl_status_match){.how = DL_HOW_CLASS_RULE,
                                      .list = dl_view_str(list->code),
                                      .entry = dl__status_keep(status, dl_row_text(row, 1)),
                                      .open = dl_row_int(row, 2) != 0};
    return dl_store_run(status->reader->store,
                        "SELECT clause_en, clause_zh, words_en, words_zh FROM class_words"
                        " WHERE id = ?1",
                        DL_SQL(DL_SQL_INT(dl_row_int(row, 3))), on_words, matches);
}

/* Plain verdicts come first, so that an open one adds nothing where one is in force. */
static enum dl_err add_matches(struct dl_status *status, int64_t substance, uint64_t settled)
{
    struct matches matches = {.status = status, .settled = settled};
    DL_TRY(dl_store_run(status->reader->store,
                        "SELECT list, entry, open, words"
                        " FROM class_match WHERE substance = ?1 AND in_force <= ?2 AND"
                        " (until = '' OR ?2 < until) ORDER BY open, list",
                        DL_SQL(DL_SQL_INT(substance), DL_SQL_STR(status->on)), on_match, &matches));
    size_t plain = 0;
    while (plain < matches.n && !matches.item[plain].open) {
        plain++;
    }
    if (plain > 0) {
        DL_TRY(dl_status_add(status, matches.item, plain));
    }
    return matches.n > plain ? dl_status_add(status, matches.item + plain, matches.n - plain)
                             : DL_OK;
}

struct isomers {
    struct dl_status *status;
    struct dl_status_kin kin[DL_KIN_MAX];
    size_t n;
};

static enum dl_err on_isomer(void *context, const struct dl_row *row)
{
    struct isomers *isomers = context;
    isomers->kin[isomers->n++] =
        (struct dl_status_kin){.substance = dl_row_int(row, 0),
                               .name = dl__status_keep(isomers->status, dl_row_text(row, 1)),
                               .isomer = true};
    return isomers->status->arena.err;
}

static enum dl_err add_isomers(struct dl_status *status, int64_t isomer_key)
{
    struct isomers isomers = {.status = status};
    DL_TRY(dl_store_run(status->reader->store,
                        "SELECT s.id, s.name FROM reading r JOIN substance s ON s.id = r.substance"
                        " WHERE r.isomer_key = ?1 AND r.skeleton <> ?2 AND s.recorded_from <= ?3"
                        " AND (s.recorded_until IS NULL OR ?3 < s.recorded_until) LIMIT ?4",
                        DL_SQL(DL_SQL_INT(isomer_key),
                               DL_SQL_TEXT(dl_view_of(status->substance_key.p, 14)),
                               DL_SQL_INT(status->moment.version), DL_SQL_INT(DL_KIN_MAX)),
                        on_isomer, &isomers));
    return isomers.n > 0 ? dl_status_add_kin(status, isomers.kin, isomers.n) : DL_OK;
}

/* Jurisdictions in which nothing more is asked. */
static uint64_t settled(const struct dl_status *status)
{
    uint64_t out = ~(uint64_t)0;
    for (size_t i = 0; i < status->n_asked; i++) {
        out &= ~((uint64_t)1 << status->asked[i]);
    }
    for (size_t i = 0; i < status->n_rows; i++) {
        if (status->row[i].standing <= DL_STANDING_TEMPORARY) {
            out |= (uint64_t)1 << status->row[i].jurisdiction;
        }
    }
    return out;
}

enum dl_err dl__status_add_known(struct dl_status *status)
{
    const struct dl_lookup *lookup = &status->lookup;
    const struct dl_related *related = NULL;
    /* of a key whose skeleton alone is known: class rules, which ask for no other form */
    bool itself = status->substance != 0;
    int64_t substance = itself                     ? status->substance
                        : lookup->n_candidates > 0 ? lookup->candidate[0].substance
                                                   : 0;
    DL_TRY(dl_reader_related(status->reader, substance, &related));
    if (related == NULL) {
        return DL_OK;
    }
    if (itself && related->made) {
        DL_TRY(dl_store_run(status->reader->store,
                            "SELECT made_of FROM reading WHERE substance = ?1",
                            DL_SQL(DL_SQL_INT(substance)), on_made_of, status));
    }
    uint64_t done = settled(status);
    if ((related->ruled & ~done) != 0) {
        DL_TRY(add_matches(status, substance, done));
        done = settled(status);
    }
    return itself && related->isomers && done != ~(uint64_t)0
               ? add_isomers(status, related->isomer_key)
               : DL_OK;
}
