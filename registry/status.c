#include "registry/status.h"
#include "registry/listing.h"
#include "registry/status_gather.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { SIBLINGS_MAX = 32, SENTENCE_MAX = 64 * 1024 };

const char *dl_standing_name(enum dl_standing standing)
{
    static const char *const names[] = {"controlled", "temporary", "needs-review",
                                        "announced",  "ended",     "not-listed"};
    DL_ASSERT((unsigned)standing <= DL_STANDING_NOT_LISTED, "a standing of the contract");
    return names[standing];
}

void dl_status_new(struct dl_reader *reader, struct dl_status **out)
{
    struct dl_status *status = calloc(1, sizeof *status);
    DL_ASSERT(status, "memory for a status");
    status->reader = reader;
    dl_lookup_init(&status->lookup);
    dl_buf_init(&status->scratch, SENTENCE_MAX);
    dl_buf_init(&status->explanation, SENTENCE_MAX);
    status->arena.p = malloc(DL__ARENA);
    status->standings = calloc(1, sizeof *status->standings);
    DL_ASSERT(status->arena.p && status->standings, "memory for an answer");
    *out = status;
}

void dl_status_free(struct dl_status **status)
{
    if (*status) {
        dl_lookup_fini(&(*status)->lookup);
        free((*status)->arena.p);
        free((*status)->standings);
        dl_buf_fini(&(*status)->scratch);
        dl_buf_fini(&(*status)->explanation);
        free(*status);
        *status = NULL;
    }
}

enum dl_err dl_status_set(struct dl_status *status, const struct dl_status_options *options)
{
    const struct dl_reader *reader = status->reader;
    struct dl_moment moment = {.on = options->on, .version = reader->version};
    status->before_first = false;
    if (options->known_on > 0) {
        DL_TRY(dl_reader_version_on(status->reader, options->known_on, &moment.version));
        status->before_first = moment.version == 0;
        moment.version = moment.version == 0 ? 1 : moment.version;
    }
    status->moment = moment;
    status->n_entries = 0;
    dl_day_text(options->on, status->on);
    status->thorough = options->thorough;
    status->n_asked = 0;
    size_t n = options->jurisdictions ? options->n_jurisdictions : reader->n_jurisdictions;
    DL_ASSERT(n <= DL_JURISDICTIONS_MAX, "no more than there are");
    for (size_t i = 0; i < n; i++) {
        int j = options->jurisdictions ? options->jurisdictions[i] : (int)i;
        bool again = false;
        for (size_t k = 0; k < status->n_asked; k++) {
            again = again || status->asked[k] == j;
        }
        if (!again) {
            status->asked[status->n_asked++] = j;
        }
    }
    return DL_OK;
}

static enum dl_err on_substance(void *context, const struct dl_row *row)
{
    struct dl_status *status = context;
    status->substance_key = dl__status_keep(status, dl_row_text(row, 0));
    status->substance_name = dl__status_keep(status, dl_row_text(row, 1));
    status->substance_name_zh = dl__status_keep(status, dl_row_text(row, 2));
    status->structured = dl_row_int(row, 3) != 0;
    return status->arena.err;
}

static enum dl_err read_substance(struct dl_status *status, int64_t id)
{
    status->substance = id;
    DL_TRY(dl_store_run(status->reader->store,
                        "SELECT key, name, name_zh, structured FROM substance WHERE id = ?1",
                        DL_SQL(DL_SQL_INT(id)), on_substance, status));
    if (status->structured) {
        status->inchikey = status->substance_key;
    }
    return DL_OK;
}

/* Other forms of the skeleton. */
struct sibling {
    int64_t id;
    struct dl_view name;
    struct dl_view inchi;
};
struct siblings {
    struct dl_status *status;
    struct sibling item[SIBLINGS_MAX];
    size_t n;
};

/* A substance whose listings were read as those of the query itself. */
static bool is_meant(const struct dl_status *status, int64_t id)
{
    const struct dl_lookup *lookup = &status->lookup;
    for (size_t i = 0; !lookup->other_form && i < lookup->n_candidates; i++) {
        if (lookup->candidate[i].substance == id) {
            return true;
        }
    }
    return false;
}

static enum dl_err on_sibling(void *context, const struct dl_row *row)
{
    struct siblings *siblings = context;
    int64_t id = dl_row_int(row, 0);
    if (is_meant(siblings->status, id) || siblings->n == SIBLINGS_MAX) {
        return DL_OK;
    }
    siblings->item[siblings->n++] =
        (struct sibling){.id = id, .name = dl__status_keep(siblings->status, dl_row_text(row, 1))};
    return siblings->status->arena.err;
}

struct kept_text {
    struct dl_status *status;
    struct dl_view text;
};

static enum dl_err on_inchi(void *context, const struct dl_row *row)
{
    struct kept_text *kept = context;
    kept->text = dl__status_keep(kept->status, dl_row_text(row, 0));
    return kept->status->arena.err;
}

static enum dl_err read_inchi(struct dl_status *status, int64_t substance, struct dl_view *out)
{
    struct kept_text kept = {.status = status};
    DL_TRY(dl_store_run(status->reader->store, "SELECT inchi FROM structure WHERE substance = ?1",
                        DL_SQL(DL_SQL_INT(substance)), on_inchi, &kept));
    *out = kept.text;
    return DL_OK;
}

static bool has_isotopes(struct dl_view inchi)
{
    return inchi.n > 0 && memmem(inchi.p, inchi.n, "/i", 2) != NULL;
}

static enum dl_err gather_siblings(struct dl_status *status, struct dl__standings *standings)
{
    struct siblings siblings = {.status = status};
    char range[2][15];
    DL_ASSERT(status->inchikey.n == 27, "a structured substance has an InChIKey");
    for (int i = 0; i < 2; i++) {
        memcpy(range[i], status->inchikey.p, 14);
        range[i][14] = "-."[i];
    }
    DL_TRY(dl_store_run(status->reader->store,
                        "SELECT id, name FROM substance WHERE key >= ?1 AND key < ?2 AND"
                        " recorded_from <= ?3 AND (recorded_until IS NULL OR ?3 < recorded_until)",
                        DL_SQL(DL_SQL_TEXT(dl_view_of(range[0], sizeof range[0])),
                               DL_SQL_TEXT(dl_view_of(range[1], sizeof range[1])),
                               DL_SQL_INT(status->moment.version)),
                        on_sibling, &siblings));
    if (siblings.n == 0) {
        return DL_OK;
    }
    struct dl_view inchi = status->inchi;
    if (inchi.n == 0 && status->substance != 0) {
        DL_TRY(read_inchi(status, status->substance, &inchi));
    }
    for (size_t i = 0; i < siblings.n; i++) {
        struct sibling *sibling = &siblings.item[i];
        DL_TRY(read_inchi(status, sibling->id, &sibling->inchi));
        struct dl__reach reach = {.other = true,
                                  .salt = status->lookup.salt[0] != '\0' && !status->lookup.ester &&
                                          status->lookup.how == DL_HOW_PARENT_OF_SALT,
                                  .ester = status->lookup.ester,
                                  .stereo = dl_stereo_compare(inchi, sibling->inchi),
                                  .isotope = has_isotopes(inchi) != has_isotopes(sibling->inchi),
                                  .name = sibling->name};
        DL_TRY(dl__status_gather(status, standings, sibling->id, &reach));
    }
    return DL_OK;
}

/* A substance that is itself a salt ("Etorphine hydrochloride"): its base, should the registry have
 * it under the rest of the name. */
static enum dl_err find_own_base(struct dl_status *status, struct dl_lookup *base)
{
    struct dl_buf key;
    struct dl_name_salt salt;
    struct dl_query query = {.kind = DL_QUERY_NAME};
    dl_buf_init(&key, (size_t)DL_NAME_OCTETS_MAX * 4);
    enum dl_err err = dl_name_key(status->substance_name, &key);
    if (err == DL_OK && dl_name_unsalt(dl_buf_view(&key), &salt) && salt.kind != DL_SALT_HYDRATE) {
        query.text = salt.base;
        err = dl_lookup_find(status->reader, &status->moment, &query, false, base);
        memcpy(base->salt, salt.word, strlen(salt.word) + 1);
    }
    dl_buf_fini(&key);
    return dl_err_class(err) == DL_CLASS_INPUT || err == DL_E_TOO_LARGE ? DL_OK : err;
}

static void mark_in_force(struct dl_status *status, struct dl__standings *standings)
{
    for (size_t i = 0; i < status->n_rows; i++) {
        const struct dl_status_row *row = &status->row[i];
        bool in_force = row->standing <= DL_STANDING_TEMPORARY ||
                        (row->standing == DL_STANDING_REVIEW && !row->apart);
        standings->in_force[row->jurisdiction] = standings->in_force[row->jurisdiction] || in_force;
    }
}

static enum dl_err gather_own_base(struct dl_status *status, struct dl__standings *standings)
{
    struct dl_lookup base;
    dl_lookup_init(&base);
    enum dl_err err = find_own_base(status, &base);
    if (err == DL_OK && base.outcome == DL_LOOKUP_FOUND &&
        base.candidate[0].substance != status->substance) {
        struct dl__reach reach = {
            .salt = true, .other = false, .name = dl__status_keep(status, status->substance_name)};
        size_t before = status->n_rows;
        memcpy(status->lookup.salt, base.salt, sizeof base.salt);
        err = dl__status_gather(status, standings, base.candidate[0].substance, &reach);
        size_t kept = before;
        for (size_t i = before; err == DL_OK && i < status->n_rows; i++) {
            if (!standings->in_force[status->row[i].jurisdiction] && !status->row[i].apart) {
                status->row[kept++] = status->row[i];
            }
        }
        status->n_rows = err == DL_OK ? kept : status->n_rows;
        status->lookup.salt[0] = '\0';
    }
    dl_lookup_fini(&base);
    return err;
}

static bool all_in_force(const struct dl_status *status, const struct dl__standings *standings)
{
    for (size_t i = 0; i < status->n_asked; i++) {
        if (!standings->in_force[status->asked[i]]) {
            return false;
        }
    }
    return true;
}

static void add_missing(struct dl_status *status, const struct dl__standings *standings, int j)
{
    const struct dl_jurisdiction *jurisdiction = &status->reader->jurisdictions[j];
    struct dl_status_row row = {
        .jurisdiction = j, .how = DL_HOW_NONE, .standing = DL_STANDING_NOT_LISTED};
    struct dl_view none = dl_view_of(NULL, 0);
    struct dl_view code = dl_view_str(jurisdiction->code);
    if (standings->ended[j].listing != 0) {
        row = standings->ended[j];
    } else if (jurisdiction->data_from == 0 || status->moment.on < jurisdiction->data_from) {
        row.standing = DL_STANDING_REVIEW;
        dl__status_reason(&row, jurisdiction->data_from == 0
                                    ? dl__said(DL_WORDS_NO_REACH, code, none)
                                    : dl__said(DL_WORDS_BEFORE_DATA, code,
                                               dl__status_day(status, jurisdiction->data_from)));
    } else {
        if (standings->excluded_from[j].n > 0) {
            dl__status_reason(&row, dl__said(DL_WORDS_EXCLUDED, standings->excluded_from[j], none));
        }
        dl__status_reason(&row, dl__said(DL_WORDS_CAUTION, none, none));
    }
    status->row[status->n_rows++] = row;
}

/* What every row says of the data behind it. */
static void add_data_reasons(struct dl_status *status, size_t from)
{
    for (size_t i = from; i < status->n_rows; i++) {
        struct dl_status_row *row = &status->row[i];
        if (status->before_first) {
            dl__status_reason(row, dl__said(DL_WORDS_BEFORE_FIRST,
                                            dl__status_day(status, status->reader->first_day),
                                            dl_view_of(NULL, 0)));
        }
        const struct dl_jurisdiction *j = &status->reader->jurisdictions[row->jurisdiction];
        if (j->data_until > 0 && status->moment.on > j->data_until) {
            dl__status_reason(row, dl__said(DL_WORDS_PAST_DATA, dl_view_str(j->code),
                                            dl__status_day(status, j->data_until)));
        }
    }
}

static int place_of(const struct dl_status *status, int jurisdiction)
{
    for (size_t i = 0; i < status->n_asked; i++) {
        if (status->asked[i] == jurisdiction) {
            return (int)i;
        }
    }
    return DL_JURISDICTIONS_MAX;
}

static bool before(const struct dl_status *status, const struct dl_status_row *a,
                   const struct dl_status_row *b)
{
    int place = place_of(status, a->jurisdiction) - place_of(status, b->jurisdiction);
    if (place != 0) {
        return place < 0;
    }
    if (a->standing != b->standing) {
        return a->standing < b->standing;
    }
    int rank = (a->list ? a->list->rank : -1) - (b->list ? b->list->rank : -1);
    return rank < 0;
}

/* Insertion keeps equals in the order of the listings, and answers are short. */
static void sort_rows(struct dl_status *status)
{
    for (size_t i = 1; i < status->n_rows; i++) {
        size_t at = i;
        while (at > 0 && before(status, &status->row[i], &status->row[at - 1])) {
            at--;
        }
        if (at < i) {
            struct dl_status_row moved = status->row[i];
            memmove(&status->row[at + 1], &status->row[at], (i - at) * sizeof status->row[0]);
            status->row[at] = moved;
        }
    }
}

static enum dl_err finish(struct dl_status *status, struct dl__standings *standings)
{
    mark_in_force(status, standings);
    if (status->inchikey.n == 27 && !all_in_force(status, standings)) {
        DL_TRY(gather_siblings(status, standings));
        mark_in_force(status, standings);
    }
    for (size_t i = 0; i < status->n_asked; i++) {
        if (!standings->has_row[status->asked[i]]) {
            if (status->n_rows == DL_STATUS_ROWS_MAX) {
                return DL_E_LIMIT;
            }
            add_missing(status, standings, status->asked[i]);
        }
    }
    add_data_reasons(status, 0);
    sort_rows(status);
    return status->arena.err;
}

/* The rows of what ended are large: only those that can be looked at are cleared. */
static void clear(const struct dl_status *status, struct dl__standings *standings)
{
    memset(standings, 0, offsetof(struct dl__standings, ended));
    for (size_t i = 0; i < status->n_asked; i++) {
        standings->wanted[status->asked[i]] = true;
        standings->ended[status->asked[i]].listing = 0;
    }
}

static enum dl_err answer(struct dl_status *status)
{
    struct dl__standings *standings = status->standings;
    clear(status, standings);
    if (!status->lookup.other_form) {
        DL_TRY(read_substance(status, status->lookup.candidate[0].substance));
        struct dl__reach reach = {.ester = status->lookup.ester,
                                  .salt = status->lookup.how == DL_HOW_PARENT_OF_SALT &&
                                          !status->lookup.ester,
                                  .name = status->substance_name};
        for (size_t i = 0; i < status->lookup.n_candidates; i++) {
            DL_TRY(dl__status_gather(status, standings, status->lookup.candidate[i].substance,
                                     &reach));
        }
        mark_in_force(status, standings);
        bool words = status->substance_name.n > 0 &&
                     memchr(status->substance_name.p, ' ', status->substance_name.n) != NULL;
        if (words && status->lookup.salt[0] == '\0' && !all_in_force(status, standings)) {
            DL_TRY(gather_own_base(status, standings));
        }
    }
    return finish(status, standings);
}

static void begin(struct dl_status *status, struct dl_view query)
{
    DL_ASSERT(status->moment.on > 0, "dl_status_set was called");
    status->arena.n = 0;
    status->arena.err = DL_OK;
    status->query = query;
    status->substance = 0;
    status->substance_key = status->substance_name = status->substance_name_zh =
        dl_view_of(NULL, 0);
    status->inchikey = status->inchi = dl_view_of(NULL, 0);
    status->structured = false;
    status->n_similar = 0;
    status->n_rows = 0;
}

static enum dl_err ask(struct dl_status *status, const struct dl_query *query)
{
    status->matched = query->text;
    if (query->kind == DL_QUERY_INCHIKEY) {
        status->inchikey = query->text;
    }
    DL_TRY(
        dl_lookup_find(status->reader, &status->moment, query, status->thorough, &status->lookup));
    if (status->lookup.outcome != DL_LOOKUP_FOUND) {
        return DL_OK;
    }
    DL_TRY(answer(status));
    return dl__status_add_known(status);
}

enum dl_err dl_status_ask(struct dl_status *status, struct dl_view query)
{
    struct dl_query read;
    begin(status, query);
    dl_query_read(query, &read, status->plain);
    return ask(status, &read);
}

enum dl_err dl_status_ask_name(struct dl_status *status, struct dl_view name)
{
    struct dl_query read;
    begin(status, name);
    dl_query_read(name, &read, status->plain);
    if (read.kind != DL_QUERY_EMPTY && read.kind != DL_QUERY_BAD) {
        read = (struct dl_query){.kind = DL_QUERY_NAME, .text = name};
    }
    return ask(status, &read);
}

/* What a worker read out of a structure. */
struct read_structure {
    struct dl_view query, inchikey, inchi;
};

static enum dl_err ask_read(struct dl_status *status, const struct read_structure *read, bool salt)
{
    begin(status, read->query);
    status->matched = status->inchikey = dl__status_keep(status, read->inchikey);
    status->inchi = dl__status_keep(status, read->inchi);
    DL_TRY(dl_lookup_inchikey(status->reader, &status->moment, read->inchikey, &status->lookup));
    if (status->lookup.outcome == DL_LOOKUP_UNKNOWN) {
        status->lookup.outcome = DL_LOOKUP_FOUND; /* a structure is understood, listed or not */
        status->lookup.other_form = true;
    }
    if (!status->lookup.other_form) {
        status->lookup.said = DL_WORDS_BY_STRUCTURE;
    }
    status->lookup.how = salt ? DL_HOW_PARENT_OF_SALT : DL_HOW_STRUCTURE;
    if (salt) {
        memcpy(status->lookup.salt, "salt", sizeof "salt");
    }
    return answer(status);
}

enum dl_err dl_status_ask_structure(struct dl_status *status, struct dl_view query,
                                    struct dl_view inchikey, struct dl_view inchi)
{
    struct read_structure read = {query, inchikey, inchi};
    return ask_read(status, &read, false);
}

enum dl_err dl_status_ask_salt(struct dl_status *status, struct dl_view query,
                               struct dl_view inchikey, struct dl_view inchi)
{
    struct read_structure read = {query, inchikey, inchi};
    return ask_read(status, &read, true);
}

/* What only says that nothing counts goes where something does. */
static void drop_empty_rows(struct dl_status *status, int jurisdiction)
{
    size_t kept = 0;
    for (size_t i = 0; i < status->n_rows; i++) {
        const struct dl_status_row *row = &status->row[i];
        bool empty = row->listing == 0 || row->standing == DL_STANDING_ENDED;
        if (row->jurisdiction != jurisdiction || !empty) {
            status->row[kept++] = *row;
        }
    }
    status->n_rows = kept;
}

void dl_status_ask_unreadable(struct dl_status *status, struct dl_view query, struct dl_view why)
{
    begin(status, query);
    status->matched = dl__status_keep(status, why);
    status->lookup.outcome = DL_LOOKUP_MALFORMED;
    status->lookup.said = DL_WORDS_BAD_STRUCTURE;
    status->lookup.n_candidates = status->lookup.n_nearest = 0;
}

/* What is open does not stand in the way. */
static void mark_settled(struct dl_status *status)
{
    struct dl__standings *standings = status->standings;
    memset(standings->in_force, 0, sizeof standings->in_force);
    memset(standings->has_row, 0, sizeof standings->has_row);
    for (size_t i = 0; i < status->n_rows; i++) {
        if (status->row[i].standing <= DL_STANDING_TEMPORARY) {
            standings->in_force[status->row[i].jurisdiction] = true;
        }
    }
}

static enum dl_err add_one_kin(struct dl_status *status, const struct dl_status_kin *kin)
{
    struct dl__reach reach = {.other = true,
                              .isomer = kin->isomer,
                              .made = !kin->isomer,
                              .ether = kin->ether,
                              .form = kin->form.n > 0,
                              .name = dl__status_keep(status, kin->name)};
    if (reach.form) {
        struct dl_view inchi;
        DL_TRY(read_inchi(status, kin->substance, &inchi));
        reach.stereo = dl_stereo_compare(kin->form, inchi);
        DL_TRY(dl__status_exceptions(status, kin->form_substance, &reach.exceptions));
    }
    return dl__status_gather(status, status->standings, kin->substance, &reach);
}

enum dl_err dl_status_add_kin(struct dl_status *status, const struct dl_status_kin *kin, size_t n)
{
    mark_settled(status);
    size_t before_them = status->n_rows;
    for (size_t i = 0; i < n; i++) {
        DL_TRY(add_one_kin(status, &kin[i]));
    }
    add_data_reasons(status, before_them);
    for (size_t i = 0; i < status->n_asked; i++) {
        if (status->standings->has_row[status->asked[i]]) {
            drop_empty_rows(status, status->asked[i]);
        }
    }
    sort_rows(status);
    return status->arena.err;
}

static const struct dl_list *list_by_code(const struct dl_reader *reader, struct dl_view code)
{
    for (size_t i = 0; i < reader->n_lists; i++) {
        if (dl_view_is(code, reader->lists[i].code)) {
            return &reader->lists[i];
        }
    }
    return NULL;
}

static enum dl_err push_match(struct dl_status *status, const struct dl_status_match *match,
                              const struct dl_list *list, int64_t id)
{
    const struct dl_listing *listing = NULL;
    if (status->n_rows == DL_STATUS_ROWS_MAX) {
        return DL_E_LIMIT;
    }
    DL_TRY(dl_reader_listing(status->reader, id, &listing));
    struct dl_view explanation = dl__status_keep(status, match->explanation);
    struct dl_view explanation_zh =
        match->explanation_zh.n > 0 ? dl__status_keep(status, match->explanation_zh) : explanation;
    status->row[status->n_rows++] = (struct dl_status_row){
        .jurisdiction = list->jurisdiction,
        .listing = id,
        .list = list,
        .entry = dl__status_keep(status, listing->entry),
        .announced = listing->announced,
        .in_force = listing->in_force,
        .listed_by = listing->listed_by,
        .until = listing->until,
        .how = match->how,
        .clause = dl__status_keep(status, match->clause),
        .clause_zh = dl__status_keep(status, match->clause_zh),
        .standing = match->open       ? DL_STANDING_REVIEW
                    : list->temporary ? DL_STANDING_TEMPORARY
                                      : DL_STANDING_CONTROLLED,
        .explained = true,
        .explanation = dl__said(DL_WORDS_AS_READ, explanation, explanation_zh)};
    struct dl_status_row *row = &status->row[status->n_rows - 1];
    if (row->in_force == 0 && row->listed_by > dl_day_of(dl_view_str(status->on))) {
        struct dl_view day = dl__status_day(status, row->listed_by);
        row->standing = DL_STANDING_REVIEW;
        dl__status_reason(row, dl__said(DL_WORDS_START_OPEN, day, dl_view_of(NULL, 0)));
    }
    add_data_reasons(status, status->n_rows - 1);
    return status->arena.err;
}

/* One listing is one row, whoever found it. */
static bool has_listing(const struct dl_status *status, int64_t listing)
{
    for (size_t i = 0; i < status->n_rows; i++) {
        if (status->row[i].listing == listing && status->row[i].standing != DL_STANDING_ENDED) {
            return true;
        }
    }
    return false;
}

/* The listing that a rule's entry stands on, 0: none on that day. A few rules answer for many
 * substances, so what was found is kept while the moment is the same. */
static enum dl_err find_entry(struct dl_status *status, int64_t list, struct dl_view entry,
                              int64_t *out)
{
    for (size_t i = 0; i < status->n_entries; i++) {
        const struct dl_status_entry *known = &status->entry[i];
        if (known->list == list && dl_view_equal(dl_view_of(known->entry, known->n), entry)) {
            *out = known->listing;
            return DL_OK;
        }
    }
    *out = 0;
    DL_TRY(dl_store_run(
        status->reader->store,
        "SELECT id FROM listing WHERE list = ?1 AND entry = ?2 AND"
        " recorded_from <= ?3 AND (recorded_until IS NULL OR ?3 < recorded_until)"
        " AND (listed_by <= ?4 OR in_force IS NULL) AND (until IS NULL OR ?4 < until) AND"
        " gone_by IS NULL LIMIT 1",
        DL_SQL(DL_SQL_INT(list), DL_SQL_TEXT(entry), DL_SQL_INT(status->moment.version),
               DL_SQL_STR(status->on)),
        dl_row_take_int, out));
    if (status->n_entries < DL_STATUS_ENTRIES && entry.n <= sizeof status->entry[0].entry) {
        struct dl_status_entry *known = &status->entry[status->n_entries++];
        *known = (struct dl_status_entry){.list = list, .listing = *out, .n = entry.n};
        memcpy(known->entry, entry.p, entry.n);
    }
    return DL_OK;
}

static enum dl_err add_match(struct dl_status *status, const struct dl_status_match *match,
                             const bool *closed, bool *touched)
{
    const struct dl_list *list = list_by_code(status->reader, match->list);
    int64_t id = 0;
    if (!list || closed[list->jurisdiction] ||
        place_of(status, list->jurisdiction) == DL_JURISDICTIONS_MAX ||
        dl__status_is_excluded(status->standings, list, match->entry)) {
        return DL_OK;
    }
    DL_TRY(find_entry(status, list->id, match->entry, &id));
    if (id != 0 && !has_listing(status, id)) {
        DL_TRY(push_match(status, match, list, id));
        touched[list->jurisdiction] = true;
    }
    return DL_OK;
}

enum dl_err dl_status_add(struct dl_status *status, const struct dl_status_match *matches,
                          size_t n_matches)
{
    bool closed[DL_JURISDICTIONS_MAX] = {false};
    bool touched[DL_JURISDICTIONS_MAX] = {false};
    for (size_t i = 0; i < status->n_rows; i++) {
        if (status->row[i].standing <= DL_STANDING_TEMPORARY) {
            closed[status->row[i].jurisdiction] = true;
        }
    }
    for (size_t i = 0; i < n_matches; i++) {
        DL_TRY(add_match(status, &matches[i], closed, touched));
    }
    for (size_t i = 0; i < status->n_asked; i++) {
        if (touched[status->asked[i]]) {
            drop_empty_rows(status, status->asked[i]);
        }
    }
    sort_rows(status);
    return DL_OK;
}

bool dl_status_understood(const struct dl_status *status)
{
    return status->lookup.outcome == DL_LOOKUP_FOUND;
}

int dl_status_exit_code(const struct dl_status *status)
{
    bool open = false;
    if (!dl_status_understood(status)) {
        return 12;
    }
    for (size_t i = 0; i < status->n_rows; i++) {
        if (status->row[i].standing <= DL_STANDING_TEMPORARY) {
            return 0;
        }
        open = open || status->row[i].standing == DL_STANDING_REVIEW;
    }
    return open ? 11 : 10;
}

enum dl_err dl_status_note(struct dl_status *status, enum dl_words words, struct dl_view a,
                           struct dl_view b)
{
    struct dl_said said = dl__said(words, dl__status_keep(status, a), dl__status_keep(status, b));
    for (size_t i = 0; i < status->n_rows; i++) {
        dl__status_reason(&status->row[i], said);
    }
    return status->arena.err;
}

void dl_status_as_tautomer(struct dl_status *status)
{
    for (size_t i = 0; i < status->n_rows; i++) {
        struct dl_status_row *row = &status->row[i];
        if (row->how == DL_HOW_STRUCTURE && !row->apart) {
            row->how = DL_HOW_TAUTOMER;
            row->explained = true;
            row->explanation =
                dl__said(DL_WORDS_REACH_TAUTOMER, status->substance_name, dl_view_of(NULL, 0));
        }
    }
}
