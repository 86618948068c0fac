#include "registry/lookup.h"
#include "base/identifier.h"
#include "registry/nearest.h"

#include <stdio.h>
#include <string.h>

enum { NAME_KEY_MAX = 128 * 1024, NEAREST_TEXT_MAX = 64 * 1024, SALT_WORDS = 3 };

const char *dl_how_name(enum dl_how how)
{
    static const char *const names[] = {
        "name",           "cas",       "unii",           "code",         "inchikey",
        "inchikey-block", "structure", "parent-of-salt", "stereoisomer", "isomer",
        "ester-ether",    "tautomer",  "isotopologue",   "class-rule",   "none"};
    DL_ASSERT((unsigned)how <= DL_HOW_NONE, "a way of the contract");
    return names[how];
}

void dl_lookup_init(struct dl_lookup *lookup)
{
    memset(lookup, 0, sizeof *lookup);
    dl_buf_init(&lookup->nearest, NEAREST_TEXT_MAX);
    dl_buf_init(&lookup->key, NAME_KEY_MAX);
}

void dl_lookup_fini(struct dl_lookup *lookup)
{
    dl_buf_fini(&lookup->nearest);
    dl_buf_fini(&lookup->key);
}

static void reset(struct dl_lookup *out)
{
    dl_buf_reset(&out->nearest);
    out->n_nearest = 0;
    out->n_candidates = 0;
    out->salt[0] = '\0';
    out->ester = false;
    out->other_form = false;
    out->how = DL_HOW_NONE;
}

static void fail(struct dl_lookup *out, enum dl_lookup_outcome outcome, enum dl_words said)
{
    out->outcome = outcome;
    out->said = said;
    out->how = DL_HOW_NONE;
}

/* Rows come in no special order; a substance is one candidate however often it is named. */
static void add(struct dl_lookup *out, struct dl_candidate candidate)
{
    for (size_t i = 0; i < out->n_candidates; i++) {
        struct dl_candidate *known = &out->candidate[i];
        if (known->substance == candidate.substance) {
            known->rank = candidate.rank < known->rank ? candidate.rank : known->rank;
            return;
        }
    }
    if (out->n_candidates < DL_CANDIDATES_MAX) {
        out->candidate[out->n_candidates++] = candidate;
    }
}

static void settle(struct dl_lookup *out, enum dl_how how, enum dl_words said)
{
    DL_ASSERT(out->n_candidates > 0, "something was found");
    out->outcome = out->n_candidates == 1 ? DL_LOOKUP_FOUND : DL_LOOKUP_AMBIGUOUS;
    out->how = how;
    out->said = out->n_candidates == 1 ? said : DL_WORDS_AMBIGUOUS;
}

static int name_rank(struct dl_view kind)
{
    if (dl_view_is(kind, "main") || dl_view_is(kind, "listed")) {
        return 0;
    }
    return dl_view_is(kind, "disputed") ? 2 : 1;
}

static enum dl_err on_name(void *context, const struct dl_row *row)
{
    add(context, (struct dl_candidate){.substance = dl_row_int(row, 0),
                                       .rank = name_rank(dl_row_text(row, 3)),
                                       .known_from = dl_day_of(dl_row_text(row, 1)),
                                       .known_until = dl_day_of(dl_row_text(row, 2))});
    return DL_OK;
}

static enum dl_err find_name(struct dl_reader *reader, const struct dl_moment *moment,
                             struct dl_view key, struct dl_lookup *out)
{
    char day[DL_DATE_TEXT];
    dl_day_text(moment->on, day);
    return dl_store_run(
        reader->store,
        "SELECT substance, known_from, known_until, kind FROM name WHERE key = ?1 AND"
        " recorded_from <= ?3 AND (recorded_until IS NULL OR ?3 < recorded_until) AND"
        " (known_from IS NULL OR known_from <= ?2) AND (known_until IS NULL OR ?2 < known_until)",
        DL_SQL(DL_SQL_TEXT(key), DL_SQL_STR(day), DL_SQL_INT(moment->version)), on_name, out);
}

/* What several candidates of one name have in common. */
struct kinship {
    char block[16]; /* the skeleton of the first structured one */
    bool apart;     /* another has another skeleton, or one is no kin of the others */
    int n_structured, n_classes, n;
    int64_t first_structured;
};

static enum dl_err on_kin(void *context, const struct dl_row *row)
{
    struct kinship *kin = context;
    struct dl_view key = dl_row_text(row, 1);
    bool class = dl_view_is(dl_row_text(row, 3), "class");
    kin->n++;
    kin->n_classes += class;
    if (dl_row_int(row, 2) == 0 || key.n < 14) {
        kin->apart = kin->apart || !class;
        return DL_OK;
    }
    if (kin->n_structured++ == 0) {
        memcpy(kin->block, key.p, 14);
        kin->first_structured = dl_row_int(row, 0);
    }
    kin->apart = kin->apart || memcmp(kin->block, key.p, 14) != 0;
    return DL_OK;
}

static enum dl_err on_conflict(void *context, const struct dl_row *row)
{
    (void)row;
    *(bool *)context = true;
    return DL_OK;
}

static void put_first(struct dl_lookup *out, const struct kinship *kin)
{
    size_t best = 0;
    for (size_t i = 1; i < out->n_candidates; i++) {
        const struct dl_candidate *a = &out->candidate[i];
        const struct dl_candidate *b = &out->candidate[best];
        bool chemical = kin->n_classes > 0 && a->substance == kin->first_structured;
        if (chemical || (a->rank < b->rank && kin->n_classes == 0)) {
            best = i;
        }
    }
    struct dl_candidate first = out->candidate[best];
    out->candidate[best] = out->candidate[0];
    out->candidate[0] = first;
}

/* Several substances with one name are one answer when they are forms of one skeleton, or classes,
 * and no source holds the name for ambiguous. */
static enum dl_err settle_name(struct dl_reader *reader, struct dl_view key, struct dl_lookup *out,
                               enum dl_how how, enum dl_words said)
{
    struct kinship kin = {.n = 0};
    bool conflict = false;
    settle(out, how, said);
    if (out->n_candidates == 1) {
        return DL_OK;
    }
    for (size_t i = 0; i < out->n_candidates; i++) {
        conflict = conflict || out->candidate[i].rank == 2;
        DL_TRY(dl_store_run(reader->store,
                            "SELECT id, key, structured, kind FROM substance WHERE id = ?1",
                            DL_SQL(DL_SQL_INT(out->candidate[i].substance)), on_kin, &kin));
    }
    DL_TRY(dl_store_run(reader->store,
                        "SELECT 1 FROM conflict c JOIN conflict_substance u ON u.conflict = c.id"
                        " WHERE c.name_key = ?1 AND c.kind = 'name' GROUP BY c.id"
                        " HAVING count(*) > 1 LIMIT 1",
                        DL_SQL(DL_SQL_TEXT(key)), on_conflict, &conflict));
    if (!conflict && !kin.apart) {
        out->outcome = DL_LOOKUP_FOUND;
        out->said = said;
        put_first(out, &kin);
    }
    return DL_OK;
}

static enum dl_err on_formula(void *context, const struct dl_row *row)
{
    bool *nitrogen = context;
    struct dl_view formula = dl_row_text(row, 0);
    *nitrogen = formula.n == 0;
    for (size_t i = 0; i < formula.n; i++) {
        bool element = formula.p[i] == 'N';
        bool longer = i + 1 < formula.n && formula.p[i + 1] >= 'a' && formula.p[i + 1] <= 'z';
        *nitrogen = *nitrogen || (element && !longer);
    }
    return DL_OK;
}

/* A substance whose structure is not known may hold nitrogen. */
static enum dl_err has_nitrogen(struct dl_reader *reader, int64_t substance, bool *out)
{
    *out = true;
    return dl_store_run(reader->store, "SELECT formula FROM structure WHERE substance = ?1",
                        DL_SQL(DL_SQL_INT(substance)), on_formula, out);
}

static void note_salt(struct dl_lookup *out, const char *word)
{
    size_t n = strlen(out->salt);
    snprintf(out->salt + n, sizeof out->salt - n, "%s%s", n > 0 ? ", " : "", word);
}

/* The salt may be a substance of its own under its English name, written another way here. */
static enum dl_err find_salt_itself(struct dl_reader *reader, const struct dl_moment *moment,
                                    const struct dl_name_salt *salt, struct dl_lookup *out)
{
    struct dl_buf key;
    dl_buf_init(&key, NAME_KEY_MAX);
    dl_buf_put_view(&key, salt->base);
    enum dl_err err = dl_name_key(dl_view_str(salt->word), &key);
    if (err == DL_OK) {
        err = find_name(reader, moment, dl_buf_view(&key), out);
    }
    dl_buf_fini(&key);
    return err;
}

static enum dl_err find_base(struct dl_reader *reader, const struct dl_moment *moment,
                             struct dl_view key, struct dl_lookup *out)
{
    enum dl_salt_kind kind = DL_SALT_HYDRATE;
    bool changes = false;
    struct dl_name_salt salt = {.base = key};
    for (int i = 0; i < SALT_WORDS && dl_name_unsalt(salt.base, &salt); i++) {
        if (salt.kind != DL_SALT_HYDRATE) {
            DL_TRY(find_salt_itself(reader, moment, &salt, out));
            if (out->n_candidates > 0 && !changes) {
                return settle_name(reader, salt.base, out, DL_HOW_NAME, DL_WORDS_BY_NAME);
            }
            out->n_candidates = 0;
            kind = salt.kind;
            changes = true;
        }
        note_salt(out, salt.word);
        DL_TRY(find_name(reader, moment, salt.base, out));
        if (out->n_candidates > 0) {
            DL_TRY(settle_name(reader, salt.base, out,
                               changes ? DL_HOW_PARENT_OF_SALT : DL_HOW_NAME,
                               changes ? DL_WORDS_BY_SALT : DL_WORDS_BY_FORM));
            bool nitrogen = true;
            if (kind == DL_SALT_ACID && out->outcome == DL_LOOKUP_FOUND) {
                DL_TRY(has_nitrogen(reader, out->candidate[0].substance, &nitrogen));
            }
            out->ester = !nitrogen || kind == DL_SALT_ESTER;
            return DL_OK;
        }
    }
    out->salt[0] = '\0';
    return DL_OK;
}

/* "a-PVP" for alpha-PVP, "o-" for ortho-: written so where Greek letters or small capitals cannot
 * be. Tried when the name as it stands is not known. */
static enum dl_err find_spelled_out(struct dl_reader *reader, const struct dl_moment *moment,
                                    struct dl_view text, struct dl_lookup *out)
{
    static const struct {
        char letter;
        const char *word;
    } words[] = {{'a', "alpha"}, {'b', "beta"}, {'o', "ortho"}, {'m', "meta"}, {'p', "para"}};
    if (text.n < 4 || text.p[1] != '-') {
        return DL_OK;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((text.p[0] | 0x20) == words[i].letter) {
            dl_buf_reset(&out->key);
            dl_buf_put_str(&out->key, words[i].word);
            DL_TRY(dl_name_key(dl_view_of(text.p + 1, text.n - 1), &out->key));
            DL_TRY(find_name(reader, moment, dl_buf_view(&out->key), out));
        }
    }
    return DL_OK;
}

static enum dl_err find_by_key(struct dl_reader *reader, const struct dl_moment *moment,
                               struct dl_view text, bool thorough, struct dl_lookup *out)
{
    DL_TRY(find_name(reader, moment, dl_buf_view(&out->key), out));
    if (out->n_candidates == 0) {
        DL_TRY(find_base(reader, moment, dl_buf_view(&out->key), out));
        if (out->n_candidates > 0) {
            return DL_OK;
        }
        DL_TRY(find_spelled_out(reader, moment, text, out));
    }
    if (out->n_candidates > 0) {
        return settle_name(reader, dl_buf_view(&out->key), out, DL_HOW_NAME, DL_WORDS_BY_NAME);
    }
    dl_buf_reset(&out->key);
    DL_TRY(dl_name_key(text, &out->key));
    struct dl_view key = dl_buf_view(&out->key);
    DL_TRY(dl_nearest_find(reader, moment, key, thorough, out));
    struct dl_name_salt salt;
    if (out->n_nearest == 0 && dl_name_unsalt(key, &salt)) {
        DL_TRY(dl_nearest_find(reader, moment, salt.base, thorough, out));
    }
    return DL_OK;
}

static enum dl_err find_by_name(struct dl_reader *reader, const struct dl_moment *moment,
                                struct dl_view text, bool thorough, struct dl_lookup *out)
{
    fail(out, DL_LOOKUP_UNKNOWN, DL_WORDS_UNKNOWN_NAME);
    dl_buf_reset(&out->key);
    enum dl_err err = dl_name_key(text, &out->key);
    if (err == DL_E_TEXT || err == DL_E_TOO_LARGE) {
        fail(out, DL_LOOKUP_MALFORMED, err == DL_E_TEXT ? DL_WORDS_BAD_TEXT : DL_WORDS_TOO_LONG);
        return DL_OK;
    }
    DL_TRY(err);
    return out->key.n > 0 ? find_by_key(reader, moment, text, thorough, out) : DL_OK;
}

/* Numbers: what a source gives as a substance's own counts first. Lists print a few numbers at
 * another substance too; those that alone have it are meant by it. */
struct numbers {
    struct dl_lookup *out;
    int rank; /* of the candidates: 0 own, 1 listed, 2 other, 3 class, 4 wrong */
    bool shared;
};

static int rank_of(struct dl_view role)
{
    static const char *const roles[] = {"own", "listed", "other", "class", "wrong"};
    for (int i = 0; i < 5; i++) {
        if (dl_view_is(role, roles[i])) {
            return i;
        }
    }
    return 4;
}

static enum dl_err on_number(void *context, const struct dl_row *row)
{
    struct numbers *numbers = context;
    int rank = rank_of(dl_row_text(row, 1));
    if (numbers->out->n_candidates > 0 && rank != numbers->rank) {
        numbers->shared = true;
    }
    if (numbers->out->n_candidates > 0 && rank > numbers->rank) {
        return DL_OK;
    }
    if (rank < numbers->rank) {
        numbers->out->n_candidates = 0;
    }
    numbers->rank = rank;
    add(numbers->out, (struct dl_candidate){.substance = dl_row_int(row, 0)});
    return DL_OK;
}

static enum dl_err find_number(struct dl_reader *reader, const struct dl_moment *moment,
                               struct dl_view value, const char *kind, struct numbers *numbers)
{
    return dl_store_run(reader->store,
                        "SELECT substance, role FROM identifier WHERE value = ?1 AND kind = ?2 AND"
                        " recorded_from <= ?3 AND (recorded_until IS NULL OR ?3 < recorded_until)",
                        DL_SQL(DL_SQL_TEXT(value), DL_SQL_STR(kind), DL_SQL_INT(moment->version)),
                        on_number, numbers);
}

static enum dl_err on_class(void *context, const struct dl_row *row)
{
    int64_t *class = context;
    *class = dl_row_int(row, 0);
    return DL_OK;
}

/* A DEA number of a class stands at all its members: the class itself is meant. */
static enum dl_err prefer_class(struct dl_reader *reader, const struct dl_moment *moment,
                                struct dl_view value, struct dl_lookup *out)
{
    int64_t class = 0;
    DL_TRY(dl_store_run(reader->store,
                        "SELECT s.id FROM identifier i JOIN substance s ON s.id = i.substance"
                        " WHERE i.value = ?1 AND i.kind = 'code' AND s.kind = 'class' AND"
                        " i.recorded_from <= ?2 AND"
                        " (i.recorded_until IS NULL OR ?2 < i.recorded_until)",
                        DL_SQL(DL_SQL_TEXT(value), DL_SQL_INT(moment->version)), on_class, &class));
    if (class != 0) {
        out->n_candidates = 0;
        add(out, (struct dl_candidate){.substance = class});
    }
    return DL_OK;
}

static enum dl_err find_cas(struct dl_reader *reader, const struct dl_moment *moment,
                            const struct dl_query *query, struct dl_lookup *out)
{
    static const enum dl_words said[] = {DL_WORDS_BY_CAS, DL_WORDS_BY_CAS_LISTED,
                                         DL_WORDS_BY_CAS_OTHER, DL_WORDS_BY_CAS,
                                         DL_WORDS_BY_CAS_OTHER};
    struct numbers numbers = {.out = out, .rank = 5};
    DL_TRY(find_number(reader, moment, query->text, "cas", &numbers));
    if (out->n_candidates == 0) {
        fail(out, DL_LOOKUP_UNKNOWN, DL_WORDS_UNKNOWN_NUMBER);
        return DL_OK;
    }
    settle(out, DL_HOW_CAS,
           numbers.shared && numbers.rank == 0 ? DL_WORDS_BY_CAS_SHARED : said[numbers.rank]);
    return DL_OK;
}

static enum dl_err on_nearest_name(void *context, const struct dl_row *row)
{
    struct dl_lookup *out = context;
    dl_buf_put_view(&out->nearest, dl_row_text(row, 0));
    dl_buf_u8(&out->nearest, 0);
    out->n_nearest++;
    return dl_buf_err(&out->nearest);
}

/* A number with a wrong check digit may be a list's own slip: then the substance is offered. */
static enum dl_err find_bad_cas(struct dl_reader *reader, const struct dl_moment *moment,
                                const struct dl_query *query, struct dl_lookup *out)
{
    fail(out, DL_LOOKUP_MALFORMED, DL_WORDS_BAD_CAS);
    return dl_store_run(reader->store,
                        "SELECT s.name FROM identifier i JOIN substance s ON s.id = i.substance"
                        " WHERE i.value = ?1 AND i.kind = 'cas' AND i.recorded_from <= ?2 AND"
                        " (i.recorded_until IS NULL OR ?2 < i.recorded_until) LIMIT 8",
                        DL_SQL(DL_SQL_TEXT(query->text), DL_SQL_INT(moment->version)),
                        on_nearest_name, out);
}

static enum dl_err on_substance(void *context, const struct dl_row *row)
{
    add(context, (struct dl_candidate){.substance = dl_row_int(row, 0)});
    return DL_OK;
}

static enum dl_err find_block(struct dl_reader *reader, const struct dl_moment *moment,
                              struct dl_view block, struct dl_lookup *out)
{
    char range[2][16];
    snprintf(range[0], sizeof range[0], "%.*s-", 14, (const char *)block.p);
    snprintf(range[1], sizeof range[1], "%.*s.", 14, (const char *)block.p);
    return dl_store_run(
        reader->store,
        "SELECT id FROM substance WHERE key >= ?1 AND key < ?2 AND"
        " recorded_from <= ?3 AND (recorded_until IS NULL OR ?3 < recorded_until)",
        DL_SQL(DL_SQL_STR(range[0]), DL_SQL_STR(range[1]), DL_SQL_INT(moment->version)),
        on_substance, out);
}

enum dl_err dl_lookup_inchikey(struct dl_reader *reader, const struct dl_moment *moment,
                               struct dl_view inchikey, struct dl_lookup *out)
{
    reset(out);
    DL_ASSERT(inchikey.n == 27, "the key was checked");
    DL_TRY(dl_store_run(reader->store,
                        "SELECT id FROM substance WHERE key = ?1 AND recorded_from <= ?2 AND"
                        " (recorded_until IS NULL OR ?2 < recorded_until)",
                        DL_SQL(DL_SQL_TEXT(inchikey), DL_SQL_INT(moment->version)), on_substance,
                        out));
    if (out->n_candidates > 0) {
        settle(out, DL_HOW_INCHIKEY, DL_WORDS_BY_INCHIKEY);
        return DL_OK;
    }
    DL_TRY(find_block(reader, moment, inchikey, out));
    if (out->n_candidates == 0) {
        fail(out, DL_LOOKUP_UNKNOWN, DL_WORDS_UNKNOWN_KEY);
        return DL_OK;
    }
    out->other_form = true;
    out->outcome = DL_LOOKUP_FOUND;
    out->how = DL_HOW_INCHIKEY_BLOCK;
    out->said = DL_WORDS_BY_BLOCK;
    return DL_OK;
}

/* Forms that may be names all the same: tried as what they look like first. */
static enum dl_err find_form(struct dl_reader *reader, const struct dl_moment *moment,
                             const struct dl_query *query, struct dl_lookup *out)
{
    struct numbers numbers = {.out = out, .rank = 5};
    if (query->kind == DL_QUERY_BLOCK) {
        DL_TRY(find_block(reader, moment, query->text, out));
        if (out->n_candidates > 0) {
            settle(out, DL_HOW_INCHIKEY_BLOCK, DL_WORDS_BY_BLOCK);
        }
        return DL_OK;
    }
    bool code = query->kind == DL_QUERY_CODE;
    DL_TRY(find_number(reader, moment, query->text, code ? "code" : "unii", &numbers));
    if (code && out->n_candidates > 1) {
        DL_TRY(prefer_class(reader, moment, query->text, out));
    }
    if (out->n_candidates > 0) {
        settle(out, code ? DL_HOW_CODE : DL_HOW_UNII, code ? DL_WORDS_BY_CODE : DL_WORDS_BY_UNII);
    }
    return DL_OK;
}

enum dl_err dl_lookup_find(struct dl_reader *reader, const struct dl_moment *moment,
                           const struct dl_query *query, bool thorough, struct dl_lookup *out)
{
    reset(out);
    switch (query->kind) {
    case DL_QUERY_EMPTY:
        fail(out, DL_LOOKUP_EMPTY, DL_WORDS_NO_QUERY);
        return DL_OK;
    case DL_QUERY_BAD:
        fail(out, DL_LOOKUP_MALFORMED, query->too_long ? DL_WORDS_TOO_LONG : DL_WORDS_BAD_TEXT);
        return DL_OK;
    case DL_QUERY_CAS:
        return find_cas(reader, moment, query, out);
    case DL_QUERY_BAD_CAS:
        return find_bad_cas(reader, moment, query, out);
    case DL_QUERY_INCHIKEY:
        return dl_lookup_inchikey(reader, moment, query->text, out);
    case DL_QUERY_BAD_INCHIKEY:
        fail(out, DL_LOOKUP_MALFORMED, DL_WORDS_BAD_INCHIKEY);
        return DL_OK;
    case DL_QUERY_UNII:
    case DL_QUERY_CODE:
    case DL_QUERY_BLOCK:
        DL_TRY(find_form(reader, moment, query, out));
        if (out->n_candidates > 0) {
            return DL_OK;
        }
        break;
    case DL_QUERY_INCHI: /* whose structure has it is looked up where structures are */
        if (dl_inchi_check(query->text) == DL_OK) {
            fail(out, DL_LOOKUP_UNKNOWN, DL_WORDS_UNKNOWN_INCHI);
        } else {
            fail(out, DL_LOOKUP_MALFORMED, DL_WORDS_BAD_INCHI);
        }
        return DL_OK;
    case DL_QUERY_NAME:
        break;
    }
    return find_by_name(reader, moment, query->text, thorough, out);
}
