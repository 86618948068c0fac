#include "registry/contradiction.h"
#include "registry/formula.h"

#include <stdio.h>
#include <string.h>

enum { MEANINGS_MAX = 16, KEY = 27, BLOCK = 14, NAME_SHOWN = 64 };

/* The substances that something said may mean. */
struct meaning {
    const char *field; /* NULL: nothing */
    struct dl_view value;
    char key[MEANINGS_MAX][KEY];
    size_t n;
    bool ambiguous;
    bool known;                          /* to the registry */
    char shown[DL_CLASH_VALUE];          /* the first of them */
    char unstructured[DL_SUBSTANCE_KEY]; /* its key, where it has no structure */
};

struct finding {
    struct dl_reader *reader;
    const struct dl_moment *moment;
    const struct dl_worker_answer *structure;
    struct dl_contradictions *out;
    struct meaning anchor;
};

const char *dl_clash_name(enum dl_clash clash)
{
    static const char *const names[] = {"other", "form", "unknown-inchikey", "formula",
                                        "unreadable"};
    return names[clash];
}

/* Cut between characters. */
static void copy(char *out, size_t max, struct dl_view text)
{
    size_t n = text.n < max ? text.n : max - 1;
    while (n > 0 && n < text.n && (text.p[n] & 0xc0) == 0x80) {
        n--;
    }
    if (n > 0) {
        memcpy(out, text.p, n);
    }
    out[n] = '\0';
}

/* ---- what is meant ---- */

static void add_key(struct meaning *meaning, struct dl_view key)
{
    if (key.n == KEY && meaning->n < MEANINGS_MAX) {
        memcpy(meaning->key[meaning->n++], key.p, KEY);
    }
}

static enum dl_err take_substance(void *context, const struct dl_row *row)
{
    struct meaning *meaning = context;
    char name[NAME_SHOWN];
    meaning->known = true;
    copy(name, sizeof name, dl_row_text(row, 1));
    if (dl_row_int(row, 2) == 0) {
        copy(meaning->unstructured, sizeof meaning->unstructured, dl_row_text(row, 0));
        return DL_OK;
    }
    if (meaning->shown[0] == '\0') {
        (void)snprintf(meaning->shown, sizeof meaning->shown, "%s (%.*s)", name,
                       DL_VIEW_ARG(dl_row_text(row, 0)));
    }
    add_key(meaning, dl_row_text(row, 0));
    return DL_OK;
}

static enum dl_err look_up(struct finding *f, struct dl_query *query, struct meaning *meaning)
{
    struct dl_lookup lookup;
    dl_lookup_init(&lookup);
    enum dl_err err = dl_lookup_find(f->reader, f->moment, query, false, &lookup);
    bool some = lookup.outcome == DL_LOOKUP_FOUND || lookup.outcome == DL_LOOKUP_AMBIGUOUS;
    meaning->ambiguous = lookup.outcome == DL_LOOKUP_AMBIGUOUS;
    for (size_t i = 0; err == DL_OK && some && i < lookup.n_candidates && i < MEANINGS_MAX; i++) {
        err = dl_store_run(
            f->reader->store, "SELECT key, name, structured FROM substance WHERE id = ?1",
            DL_SQL(DL_SQL_INT(lookup.candidate[i].substance)), take_substance, meaning);
    }
    dl_lookup_fini(&lookup);
    return err;
}

/* What the registry takes it to mean. An InChIKey means itself, known or not. */
static enum dl_err meaning_of(struct finding *f, const char *field, struct dl_view value,
                              struct meaning *out)
{
    static const struct {
        const char *field;
        enum dl_query_kind kind;
    } kinds[] = {{"inchikey", DL_QUERY_INCHIKEY},
                 {"cas", DL_QUERY_CAS},
                 {"unii", DL_QUERY_UNII},
                 {"names", DL_QUERY_NAME}};
    struct dl_query query = {.kind = DL_QUERY_NAME, .text = value};
    *out = (struct meaning){.field = field, .value = value};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        query.kind = strcmp(kinds[i].field, field) == 0 ? kinds[i].kind : query.kind;
    }
    DL_TRY(look_up(f, &query, out));
    if (query.kind == DL_QUERY_INCHIKEY) {
        bool itself = out->n > 0 && dl_view_equal(dl_view_of(out->key[0], KEY), value);
        out->n = 0; /* others of its skeleton are not what it says */
        out->shown[itself ? DL_CLASH_VALUE - 1 : 0] = '\0';
        add_key(out, value);
    }
    return DL_OK;
}

/* ---- comparing ---- */

static bool shares(const struct meaning *a, const struct meaning *b, size_t octets)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < b->n; k++) {
            if (memcmp(a->key[i], b->key[k], octets) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* A drawing without stereochemistry, or a name of all forms, says less, not otherwise. */
static bool says_less(const struct meaning *meaning)
{
    for (size_t i = 0; i < meaning->n; i++) {
        if (memcmp(meaning->key[i] + BLOCK + 1, "UHFFFAOYSA", 10) == 0) {
            return true;
        }
    }
    return false;
}

static struct dl_contradiction *add(struct finding *f, enum dl_clash clash, const char *field,
                                    struct dl_view value)
{
    struct dl_contradictions *out = f->out;
    if (out->n == DL_CONTRADICTIONS_MAX) {
        return NULL;
    }
    struct dl_contradiction *item = &out->item[out->n++];
    *item = (struct dl_contradiction){.clash = clash};
    copy(item->field, sizeof item->field, dl_view_str(field));
    copy(item->value, sizeof item->value, value);
    if (f->anchor.field != NULL) {
        copy(item->against, sizeof item->against, dl_view_str(f->anchor.field));
        copy(item->anchor, sizeof item->anchor, dl_view_str(f->anchor.shown));
    }
    return item;
}

static void compare(struct finding *f, const struct meaning *meaning)
{
    const struct meaning *anchor = &f->anchor;
    enum dl_clash clash = DL_CLASH_OTHER;
    if (meaning->n == 0 || anchor->n == 0 || shares(anchor, meaning, KEY)) {
        return;
    }
    if (shares(anchor, meaning, BLOCK)) {
        bool exact = strcmp(meaning->field, "inchikey") == 0;
        if (!exact && (says_less(anchor) || says_less(meaning))) {
            return;
        }
        clash = DL_CLASH_FORM;
    } else if (!anchor->known) {
        clash = DL_CLASH_UNKNOWN;
    }
    struct dl_contradiction *item = add(f, clash, meaning->field, meaning->value);
    if (item != NULL) {
        copy(item->means, sizeof item->means, dl_view_str(meaning->shown));
    }
}

/* ---- the anchor ---- */

static void anchor_on_structure(struct finding *f)
{
    const struct dl_worker_answer *answer = f->structure;
    struct dl_view given = answer->inchikey.n > 0 ? answer->inchikey : answer->parent_inchikey;
    f->anchor = (struct meaning){
        .field = "structure", .value = given, .known = true}; /* what is read needs no registry */
    add_key(&f->anchor, answer->inchikey);
    add_key(&f->anchor, answer->parent_inchikey);
    add_key(&f->anchor, answer->plain_inchikey);
    copy(f->anchor.shown, sizeof f->anchor.shown, given);
    copy(f->out->key, sizeof f->out->key, answer->parent_inchikey);
}

static void anchor_on(struct finding *f, const struct meaning *meaning)
{
    if (f->anchor.field != NULL || meaning->ambiguous ||
        (meaning->n == 0 && meaning->unstructured[0] == '\0')) {
        return;
    }
    f->anchor = *meaning;
    if (strcmp(meaning->field, "inchikey") == 0) {
        copy(f->anchor.shown, sizeof f->anchor.shown, meaning->value);
    } else if (strcmp(meaning->field, "names") != 0) {
        (void)snprintf(f->anchor.shown, sizeof f->anchor.shown, "%.*s, %.*s",
                       DL_VIEW_ARG(meaning->value), (int)(sizeof f->anchor.shown - 32),
                       meaning->shown);
    }
    if (meaning->n > 0) {
        copy(f->out->key, sizeof f->out->key, dl_view_of(meaning->key[0], KEY));
    } else {
        copy(f->out->key, sizeof f->out->key, dl_view_str(meaning->unstructured));
    }
}

/* The first that is understood becomes the anchor; what follows is compared with it. */
static enum dl_err take(struct finding *f, const char *field, struct dl_view value)
{
    struct meaning meaning;
    if (value.n == 0) {
        return DL_OK;
    }
    DL_TRY(meaning_of(f, field, value, &meaning));
    compare(f, &meaning);
    anchor_on(f, &meaning);
    return DL_OK;
}

/* ---- the formula ---- */

static enum dl_err take_formula(void *context, const struct dl_row *row)
{
    copy(context, DL_CLASH_VALUE, dl_row_text(row, 0));
    return DL_OK;
}

static enum dl_err check_formula(struct finding *f, struct dl_view said)
{
    char formula[DL_CLASH_VALUE] = "";
    const struct dl_worker_answer *answer = f->structure;
    if (answer != NULL && answer->understood) {
        struct dl_view salt = answer->formula; // empty where what was given is its own parent
        if (salt.n > 0 && dl_formula_equal(said, salt)) {
            return DL_OK;
        }
        copy(formula, sizeof formula, answer->parent_formula);
    } else {
        DL_TRY(dl_store_run(f->reader->store,
                            "SELECT t.formula FROM substance s JOIN structure t ON t.substance ="
                            " s.id WHERE s.key = ?1 AND s.recorded_until IS NULL",
                            DL_SQL(DL_SQL_STR(f->out->key)), take_formula, formula));
    }
    if (said.n > 0 && formula[0] != '\0' && !dl_formula_equal(said, dl_view_str(formula))) {
        struct dl_contradiction *item = add(f, DL_CLASH_FORMULA, "formula", said);
        if (item != NULL) {
            copy(item->means, sizeof item->means, dl_view_str(formula));
        }
    }
    return DL_OK;
}

enum dl_err dl_contradictions_find(struct dl_reader *reader, const struct dl_moment *moment,
                                   const json_t *substance,
                                   const struct dl_worker_answer *structure,
                                   struct dl_contradictions *out)
{
    struct finding f = {.reader = reader, .moment = moment, .structure = structure, .out = out};
    static const char *const numbers[] = {"inchikey", "cas", "unii"};
    memset(out, 0, sizeof *out);
    if (structure != NULL && structure->understood && structure->parent_inchikey.n == KEY) {
        anchor_on_structure(&f);
    } else if (structure != NULL) {
        struct dl_contradiction *item =
            add(&f, DL_CLASH_REFUSED, "smiles", dl_json_text(substance, "smiles"));
        struct dl_view why =
            structure->refusal.n > 0 ? structure->refusal : dl_view_str("it has no InChIKey");
        if (item != NULL) {
            copy(item->means, sizeof item->means, why);
        }
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        DL_TRY(take(&f, numbers[i], dl_json_text(substance, numbers[i])));
    }
    const json_t *names = json_object_get(substance, "names");
    for (size_t i = 0; i < json_array_size(names); i++) {
        DL_TRY(take(&f, "names", dl_json_text(json_array_get(names, i), "name")));
    }
    return check_formula(&f, dl_json_text(substance, "formula"));
}

/* ---- words ---- */

static const char *label(const char *field, enum dl_lang lang)
{
    static const char *const labels[][3] = {
        {"structure", "structure", "结构"}, {"inchikey", "InChIKey", "InChIKey"},
        {"cas", "CAS number", "CAS 号"},    {"unii", "UNII", "UNII"},
        {"names", "name", "名称"},          {"formula", "formula", "分子式"},
        {"smiles", "SMILES", "SMILES"},
    };
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (strcmp(labels[i][0], field) == 0) {
            return labels[i][lang == DL_LANG_ZH ? 2 : 1];
        }
    }
    return field;
}

void dl_contradiction_put(const struct dl_contradiction *c, enum dl_lang lang, struct dl_buf *out)
{
    static const enum dl_words words[] = {DL_WORDS_CLASH_OTHER, DL_WORDS_CLASH_FORM,
                                          DL_WORDS_CLASH_UNKNOWN, DL_WORDS_CLASH_FORMULA,
                                          DL_WORDS_CLASH_REFUSED};
    char said[DL_CLASH_VALUE + 32];
    char anchor[DL_CLASH_VALUE + 32];
    const char *means = c->means;
    (void)snprintf(said, sizeof said, "%s %s", label(c->field, lang), c->value);
    (void)snprintf(anchor, sizeof anchor, "%s %s", label(c->against, lang), c->anchor);
    if (means[0] == '\0') {
        means = dl_words_text(lang, DL_WORDS_CLASH_SOMETHING);
    }
    const struct dl_view args[] = {dl_view_str(said), dl_view_str(means), dl_view_str(anchor)};
    dl_words_put(out, lang, words[c->clash], args);
}
