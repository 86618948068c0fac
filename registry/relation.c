#include "registry/relation.h"

#include <stdlib.h>
#include <string.h>

enum { MATCHES_MAX_ = 96, WORDS_MAX_ = 16 * 1024 };

/* One listed structure. */
struct known {
    int64_t substance;
    int64_t from, until; /* versions of the registry: recorded in, taken out in (0: never) */
    char *name, *formula, *smiles;
    char block[15];
    bool read; /* by the worker: now, or once (registry/reading.h) */
    uint64_t isomer_key, form_key;
};

struct dl_relations {
    struct dl_reader *reader;
    struct dl_worker *worker;
    struct known *known; /* ordered by formula */
    size_t n, room;
    bool loaded;
};

void dl_relations_new(struct dl_reader *reader, struct dl_worker *worker, struct dl_relations **out)
{
    struct dl_relations *r = calloc(1, sizeof *r);
    DL_ASSERT(r, "memory for relations");
    r->reader = reader;
    r->worker = worker;
    *out = r;
}

void dl_relations_free(struct dl_relations **relations)
{
    struct dl_relations *r = *relations;
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < r->n; i++) {
        free(r->known[i].name);
        free(r->known[i].formula);
        free(r->known[i].smiles);
    }
    free(r->known);
    free(r);
    *relations = NULL;
}

/* ---- the listed structures ---- */

static char *copy(struct dl_view text)
{
    char *out = strndup((const char *)text.p, text.n);
    DL_ASSERT(out, "memory for a name");
    return out;
}

static enum dl_err on_structure(void *context, const struct dl_row *row)
{
    struct dl_relations *r = context;
    struct dl_view key = dl_row_text(row, 1);
    if (r->n == r->room) {
        r->room = r->room ? r->room * 2 : 1024;
        r->known = realloc(r->known, r->room * sizeof *r->known);
        DL_ASSERT(r->known, "memory for structures");
    }
    struct known *known = &r->known[r->n++];
    *known = (struct known){.substance = dl_row_int(row, 0),
                            .name = copy(dl_row_text(row, 2)),
                            .formula = copy(dl_row_text(row, 3)),
                            .smiles = copy(dl_row_text(row, 4)),
                            .read = !dl_row_null(row, 5),
                            .isomer_key = (uint64_t)dl_row_int(row, 5),
                            .form_key = (uint64_t)dl_row_int(row, 6),
                            .from = dl_row_int(row, 7),
                            .until = dl_row_int(row, 8)};
    memcpy(known->block, key.p, key.n < 14 ? key.n : 14);
    return DL_OK;
}

static enum dl_err list(struct dl_relations *r)
{
    if (r->loaded) {
        return DL_OK;
    }
    r->loaded = true;
    return dl_store_run(
        r->reader->store,
        "SELECT s.id, s.key, s.name, t.formula, t.smiles, r.isomer_key,"
        " r.form_key, s.recorded_from, s.recorded_until FROM structure t JOIN substance s"
        " ON s.id = t.substance LEFT JOIN reading r ON r.substance = t.substance"
        " ORDER BY t.formula, s.key",
        NULL, 0, on_structure, r);
}

static void take_in(struct known *known, const struct dl_worker_answer *answer)
{
    known->read = true;
    known->isomer_key = answer->isomer_key;
    known->form_key = answer->form_key;
}

static struct dl_worker_ask ask_of(const struct known *known)
{
    return (struct dl_worker_ask){
        .text = dl_view_str(known->smiles), .wants = DL_WANT_PLAIN, .rule = -1};
}

/* The next that no one has read, from `at` on. */
static size_t unread(const struct dl_relations *r, size_t at)
{
    while (at < r->n && r->known[at].read) {
        at++;
    }
    return at;
}

enum dl_err dl_relations_load(struct dl_relations *r, struct dl_error *error)
{
    struct dl_worker_answer answer;
    DL_TRY(list(r));
    size_t put = unread(r, 0);
    size_t taken = put;
    while (taken < r->n) {
        while (put < r->n && dl_worker_waiting(r->worker) < DL_WORKER_IN_FLIGHT) {
            struct dl_worker_ask ask = ask_of(&r->known[put]);
            DL_TRY(dl_worker_put(r->worker, &ask, error));
            put = unread(r, put + 1);
        }
        DL_TRY(dl_worker_take(r->worker, &answer, error));
        size_t next = unread(r, taken + 1);
        take_in(&r->known[taken], &answer);
        taken = next;
    }
    return DL_OK;
}

/* ---- kin ---- */

static size_t first_of_formula(const struct dl_relations *r, const char *formula)
{
    size_t low = 0;
    size_t high = r->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(r->known[middle].formula, formula) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* What is needed of the answer is kept: the worker's next question takes its views. */
struct asked {
    char formula[64], block[15];
    uint64_t isomer_key;
    int64_t version;
};

static enum dl_err read_one(struct dl_relations *r, struct known *known, struct dl_error *error)
{
    struct dl_worker_answer answer;
    struct dl_worker_ask ask = ask_of(known);
    if (known->read) {
        return DL_OK;
    }
    DL_TRY(dl_worker_ask(r->worker, &ask, &answer, error));
    take_in(known, &answer);
    return DL_OK;
}

/* What the registry had in the version that is asked. */
static bool was_known(const struct known *known, int64_t version)
{
    return known->from <= version && (known->until == 0 || version < known->until);
}

static enum dl_err find_isomers(struct dl_relations *r, const struct asked *asked,
                                struct dl_status_kin *kin, size_t *n, struct dl_error *error)
{
    for (size_t i = first_of_formula(r, asked->formula);
         i < r->n && strcmp(r->known[i].formula, asked->formula) == 0 && *n < DL_KIN_MAX; i++) {
        struct known *known = &r->known[i];
        if (memcmp(known->block, asked->block, 14) == 0 || !was_known(known, asked->version)) {
            continue;
        }
        DL_TRY(read_one(r, known, error));
        if (known->isomer_key == asked->isomer_key) {
            kin[(*n)++] = (struct dl_status_kin){
                .substance = known->substance, .name = dl_view_str(known->name), .isomer = true};
        }
    }
    return DL_OK;
}

/* ---- class rules ---- */

struct matches {
    struct dl_status_match item[MATCHES_MAX_];
    size_t n;
    size_t at[MATCHES_MAX_][2]; /* of each explanation in `words` */
    struct dl_buf words;
};

static void add_rule(const struct dl_rules *rules, const struct dl_worker_verdict *verdict,
                     const char *day, enum dl_lang lang, struct matches *matches)
{
    const struct dl_rule *rule = &rules->rule[verdict->rule];
    size_t from = matches->words.n;
    bool before = dl_rule_reach_on(rule, day) == DL_RULE_BEFORE;
    dl_rule_explain(rules, verdict, lang, &matches->words);
    if (before) {
        dl_rule_explain_before(rule, lang, &matches->words);
    }
    size_t n = matches->words.n - from;
    size_t index = 0;
    json_t *pair = NULL;
    json_array_foreach(rule->listings, index, pair)
    {
        if (matches->n == MATCHES_MAX_) {
            return;
        }
        matches->at[matches->n][0] = from;
        matches->at[matches->n][1] = n;
        matches->item[matches->n++] = (struct dl_status_match){
            .list = dl_view_str(json_string_value(json_array_get(pair, 0))),
            .entry = dl_view_str(json_string_value(json_array_get(pair, 1))),
            .how = DL_HOW_CLASS_RULE,
            .open = before || verdict->verdict == DL_RULE_REVIEW,
            .clause = lang == DL_LANG_ZH ? rule->title.zh : rule->title.en};
    }
}

/* Verdicts that are plain come first, so that an open one adds nothing where one is in force. */
static enum dl_err add_rules(struct dl_relations *r, struct dl_status *status,
                             const struct dl_worker_answer *answer, enum dl_lang lang)
{
    const struct dl_rules *rules = dl_worker_rules(r->worker);
    struct matches matches = {.n = 0};
    enum dl_err err = DL_OK;
    dl_buf_init(&matches.words, (size_t)MATCHES_MAX_ * WORDS_MAX_);
    for (int open = 0; open < 2 && err == DL_OK; open++) {
        matches.n = 0;
        for (size_t i = 0; i < answer->n_verdicts; i++) {
            const struct dl_worker_verdict *verdict = &answer->verdict[i];
            enum dl_rule_reach reach = dl_rule_reach_on(&rules->rule[verdict->rule], status->on);
            bool is_open = verdict->verdict == DL_RULE_REVIEW || reach == DL_RULE_BEFORE;
            if (reach != DL_RULE_NO_LAW && is_open == (open == 1)) {
                add_rule(rules, verdict, status->on, lang, &matches);
            }
        }
        for (size_t i = 0; i < matches.n; i++) {
            matches.item[i].explanation =
                dl_view_of(matches.words.p + matches.at[i][0], matches.at[i][1]);
        }
        err = matches.n > 0 ? dl_status_add(status, matches.item, matches.n) : DL_OK;
    }
    dl_buf_fini(&matches.words);
    return err;
}

/* ---- the answer ---- */

static enum dl_err identify(struct dl_status *status, struct dl_view query,
                            const struct dl_worker_answer *answer)
{
    if (answer->inchikey.n == 0) {
        return dl_status_ask_structure(status, query, answer->parent_inchikey,
                                       answer->parent_inchi);
    }
    /* a salt that is listed as such answers for itself */
    DL_TRY(dl_status_ask_structure(status, query, answer->inchikey, answer->inchi));
    if (!status->lookup.other_form) {
        return DL_OK;
    }
    return dl_status_ask_salt(status, query, answer->parent_inchikey, answer->parent_inchi);
}

/* The same standard InChI, and yet hydrogens lie elsewhere. */
static bool is_other_form(const struct dl_relations *r, const struct dl_status *status,
                          const char *formula, uint64_t form_key)
{
    if (status->lookup.how != DL_HOW_STRUCTURE || status->lookup.other_form) {
        return false;
    }
    for (size_t i = first_of_formula(r, formula);
         i < r->n && strcmp(r->known[i].formula, formula) == 0; i++) {
        if (r->known[i].substance == status->substance) {
            return r->known[i].read && r->known[i].form_key != form_key;
        }
    }
    return false;
}

enum dl_err dl_relations_add(struct dl_relations *r, struct dl_status *status,
                             const struct dl_worker_answer *answer, enum dl_lang lang,
                             struct dl_error *error)
{
    struct dl_status_kin kin[DL_KIN_MAX];
    struct asked asked = {.isomer_key = answer->isomer_key, .version = status->moment.version};
    size_t n = 0;
    DL_ASSERT(answer->understood && answer->parent_inchikey.n == 27, "a structure with a key");
    memcpy(asked.block, answer->parent_inchikey.p, 14);
    size_t length = answer->parent_formula.n;
    if (length < sizeof asked.formula) {
        memcpy(asked.formula, answer->parent_formula.p, length);
    }
    DL_TRY(list(r));
    if (is_other_form(r, status, asked.formula, answer->form_key)) {
        dl_status_as_tautomer(status);
    }
    /* rules before isomers: their views end with the worker's next answer */
    DL_TRY(dl_status_add_made_of(status, answer->made_of));
    DL_TRY(add_rules(r, status, answer, lang));
    DL_TRY(find_isomers(r, &asked, kin, &n, error));
    return n > 0 ? dl_status_add_kin(status, kin, n) : DL_OK;
}

enum dl_err dl_relations_answer(struct dl_relations *r, struct dl_status *status,
                                struct dl_view query, const struct dl_worker_answer *answer,
                                enum dl_lang lang, struct dl_error *error)
{
    DL_ASSERT(answer->understood, "a structure that the worker refused has no relations");
    if (answer->parent_inchikey.n != 27) {
        return dl_error_set(error, DL_E_STRUCTURE, NULL, "it has no InChIKey");
    }
    DL_TRY(identify(status, query, answer));
    if (answer->mixture.n > 0 && status->lookup.other_form) {
        /* not listed as such, and what is in it may be */
        dl_status_ask_unreadable(status, query, answer->mixture);
        return DL_OK;
    }
    return dl_relations_add(r, status, answer, lang, error);
}

static enum dl_err on_key(void *context, const struct dl_row *row)
{
    struct dl_view key = dl_row_text(row, 0);
    char *out = context;
    memcpy(out, key.p, key.n < 27 ? key.n : 27);
    return DL_OK;
}

enum dl_err dl_relations_inchi(struct dl_relations *r, struct dl_view inchi, char key[28])
{
    memset(key, 0, 28);
    return dl_store_run(r->reader->store,
                        "SELECT s.key FROM structure t JOIN substance s ON s.id = t.substance"
                        " WHERE t.inchi = ?1 LIMIT 1",
                        DL_SQL(DL_SQL_TEXT(inchi)), on_key, key);
}
