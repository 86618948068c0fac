#include "registry/rule.h"

#include <stdlib.h>
#include <string.h>

enum { PATTERNS_STEP_ = 64 };

/* Where the reader stands, for its words, and the first thing that was wrong. */
struct reading {
    struct dl_rules *rules;
    struct dl_error *error;
    const char *file; /* the rule's id, or "classes" */
    enum dl_err err;
};

static void wrong(struct reading *r, const char *field, const char *words)
{
    if (r->err == DL_OK) {
        r->err = dl_error_set(r->error, DL_E_RULE, field, "%s: \"%s\" %s", r->file, field, words);
    }
}

/* Every key of an object must be one of these: a misspelt condition would otherwise not count. */
static void known_keys(struct reading *r, json_t *object, const char *const *keys)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object, key, value)
    {
        bool known = false;
        for (size_t i = 0; keys[i] != NULL; i++) {
            known = known || strcmp(keys[i], key) == 0;
        }
        if (!known) {
            wrong(r, key, "is no field of this format");
        }
    }
}

static struct dl_view view_of(json_t *value)
{
    return json_is_string(value) ? dl_view_of(json_string_value(value), json_string_length(value))
                                 : dl_view_of(NULL, 0);
}

static struct dl_rule_text text_of(json_t *value)
{
    struct dl_rule_text text = {view_of(value), view_of(value)};
    if (json_is_object(value)) {
        text.en = dl_json_text(value, "en");
        text.zh = dl_json_text(value, "zh");
        text.zh = text.zh.n > 0 ? text.zh : text.en;
    }
    return text;
}

static struct dl_rule_text need_text(struct reading *r, json_t *object, const char *key)
{
    struct dl_rule_text text = text_of(json_object_get(object, key));
    if (text.en.n == 0) {
        wrong(r, key, "is missing");
    }
    return text;
}

static int int_of(struct reading *r, json_t *object, const char *key, int otherwise)
{
    json_t *value = json_object_get(object, key);
    if (value == NULL) {
        return otherwise;
    }
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < 0 || n > 100000) {
        wrong(r, key, "is no number from 0 to 100,000");
        return otherwise;
    }
    return (int)n;
}

static bool bool_of(struct reading *r, json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (value != NULL && !json_is_boolean(value)) {
        wrong(r, key, "is neither true nor false");
    }
    return json_is_true(value);
}

static void range_of(struct reading *r, json_t *object, const char *key, int out[2])
{
    json_t *value = json_object_get(object, key);
    out[0] = 0;
    out[1] = -1;
    if (value == NULL) {
        return;
    }
    if (json_array_size(value) != 2 || !json_is_integer(json_array_get(value, 0)) ||
        !json_is_integer(json_array_get(value, 1))) {
        wrong(r, key, "is no [least, most]");
        return;
    }
    out[0] = (int)json_integer_value(json_array_get(value, 0));
    out[1] = (int)json_integer_value(json_array_get(value, 1));
}

/* One string or an array of them. */
static size_t strings_of(struct reading *r, json_t *object, const char *key, const char **out)
{
    json_t *value = json_object_get(object, key);
    size_t n = json_is_array(value) ? json_array_size(value) : value != NULL;
    if (n > DL_RULE_PATTERNS) {
        wrong(r, key, "has too many items");
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
        out[i] = json_string_value(item);
        if (out[i] == NULL) {
            wrong(r, key, "has an item that is no text");
            return 0;
        }
    }
    return n;
}

static int add_pattern(struct reading *r, const char *smarts)
{
    struct dl_rules *rules = r->rules;
    for (size_t i = 0; i < rules->n_patterns; i++) {
        if (strcmp(rules->pattern[i].smarts, smarts) == 0) {
            return (int)i;
        }
    }
    if (rules->n_patterns % PATTERNS_STEP_ == 0) {
        rules->pattern =
            realloc(rules->pattern, (rules->n_patterns + PATTERNS_STEP_) * sizeof *rules->pattern);
        DL_ASSERT(rules->pattern, "memory for patterns");
    }
    rules->pattern[rules->n_patterns] = (struct dl_rule_pattern){smarts, r->file};
    return (int)rules->n_patterns++;
}

/* One SMARTS or an array of them, as indices of the rules' patterns. */
static size_t patterns_of(struct reading *r, json_t *object, const char *key, int *out)
{
    const char *smarts[DL_RULE_PATTERNS];
    size_t n = strings_of(r, object, key, smarts);
    for (size_t i = 0; i < n; i++) {
        out[i] = add_pattern(r, smarts[i]);
    }
    return n;
}

static size_t labels_of(struct reading *r, json_t *object, const char *key, int *out)
{
    json_t *value = json_object_get(object, key);
    size_t n = json_array_size(value);
    if (n > DL_RULE_LABELS) {
        wrong(r, key, "has too many items");
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (int)json_integer_value(json_array_get(value, i));
        if (out[i] < 1 || out[i] > 999) {
            wrong(r, key, "has an item that is no label of an atom");
        }
    }
    return n;
}

static int find_class(const struct dl_rules *rules, const char *name, size_t n)
{
    for (size_t i = 0; i < rules->n_classes; i++) {
        if (strlen(rules->class[i].name) == n && memcmp(rules->class[i].name, name, n) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static size_t uses_of(struct reading *r, json_t *object, const char *key, struct dl_rule_use *out)
{
    json_t *value = json_object_get(object, key);
    size_t n = json_array_size(value);
    if (n > DL_RULE_USES) {
        wrong(r, key, "has too many items");
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(value, i));
        const char *limit = text ? strstr(text, "<=") : NULL;
        size_t length = limit ? (size_t)(limit - text) : text ? strlen(text) : 0;
        out[i].class = find_class(r->rules, text ? text : "", length);
        out[i].carbons_max = limit ? atoi(limit + 2) : -1;
        if (out[i].class < 0) {
            wrong(r, text ? text : key, "is no class of classes.json");
            return 0;
        }
    }
    return n;
}

/* ---- classes.json ---- */

static void read_class(struct reading *r, json_t *object, struct dl_rule_class *out)
{
    static const char *const keys[] = {"en",    "zh",    "root",     "has",     "lacks",
                                       "only",  "any",   "note",     "carbons", "hetero",
                                       "heavy", "chain", "mass_max", "bridged", NULL};
    known_keys(r, object, keys);
    out->words = text_of(object);
    out->words.en = out->words.en.n > 0 ? out->words.en : dl_view_str(out->name);
    out->words.zh = out->words.zh.n > 0 ? out->words.zh : out->words.en;
    out->n_root = patterns_of(r, object, "root", out->root);
    out->n_has = patterns_of(r, object, "has", out->has);
    out->n_lacks = patterns_of(r, object, "lacks", out->lacks);
    const char *only = json_string_value(json_object_get(object, "only"));
    out->only = only ? add_pattern(r, only) : -1;
    range_of(r, object, "carbons", out->carbons);
    range_of(r, object, "hetero", out->hetero);
    range_of(r, object, "heavy", out->heavy);
    range_of(r, object, "chain", out->chain);
    out->mass_max = int_of(r, object, "mass_max", -1);
    json_t *bridged = json_object_get(object, "bridged");
    out->bridged = bridged == NULL ? -1 : json_is_true(bridged);
    const char *any[DL_RULE_PATTERNS];
    out->n_any = strings_of(r, object, "any", any);
    for (size_t i = 0; i < out->n_any; i++) {
        /* only classes that stand before it: no circle is possible */
        out->any[i] = find_class(r->rules, any[i], strlen(any[i]));
        if (out->any[i] < 0) {
            wrong(r, any[i], "is no class that stands before this one");
            out->n_any = 0;
        }
    }
}

static void read_classes(struct reading *r, json_t *root)
{
    json_t *classes = json_object_get(root, "classes");
    const char *name = NULL;
    json_t *value = NULL;
    r->file = "classes";
    if (!json_is_object(classes)) {
        wrong(r, "classes", "is missing");
        return;
    }
    r->rules->class = calloc(json_object_size(classes), sizeof *r->rules->class);
    DL_ASSERT(r->rules->class || json_object_size(classes) == 0, "memory for classes");
    json_object_foreach(classes, name, value)
    {
        struct dl_rule_class *out = &r->rules->class[r->rules->n_classes];
        out->name = name;
        read_class(r, value, out);
        r->rules->n_classes++;
    }
}

/* ---- a rule ---- */

static void read_choice(struct reading *r, json_t *object, struct dl_rule_choice *out)
{
    static const char *const keys[] = {"clause", "local", "classes", "open", "counts", NULL};
    known_keys(r, object, keys);
    out->clause = need_text(r, object, "clause");
    out->local = dl_json_text(object, "local");
    out->n_uses = uses_of(r, object, "classes", out->use);
    out->open = json_object_get(object, "open") != NULL;
    out->uncounted = json_is_false(json_object_get(object, "counts"));
    out->reason = text_of(json_object_get(object, "open"));
    if (out->n_uses == 0) {
        wrong(r, "classes", "is missing or empty");
    }
}

static void read_position(struct reading *r, json_t *object, struct dl_rule_position *out)
{
    static const char *const keys[] = {"name", "on",       "from",  "at",   "own", "required",
                                       "max",  "original", "allow", "else", NULL};
    known_keys(r, object, keys);
    out->name = need_text(r, object, "name");
    out->n_on = labels_of(r, object, "on", out->on);
    out->from = int_of(r, object, "from", 0);
    out->at = int_of(r, object, "at", 0);
    out->n_own = labels_of(r, object, "own", out->own);
    out->required = bool_of(r, object, "required");
    out->max = int_of(r, object, "max", -1);
    out->n_original = uses_of(r, object, "original", out->original);
    out->open = json_object_get(object, "else") != NULL;
    out->reason = text_of(json_object_get(object, "else"));
    json_t *allow = json_object_get(object, "allow");
    if (json_array_size(allow) > DL_RULE_CHOICES) {
        wrong(r, "allow", "has too many items");
        return;
    }
    for (size_t i = 0; i < json_array_size(allow); i++) {
        read_choice(r, json_array_get(allow, i), &out->choice[out->n_choices++]);
    }
    if (out->n_on == 0 && (out->from == 0 || out->at == 0)) {
        wrong(r, "on", "or \"from\" and \"at\" are missing");
    }
}

static void read_scaffold(struct reading *r, json_t *object, struct dl_rule_scaffold *out)
{
    static const char *const keys[] = {"name", "smarts", "lacks",   "positions",
                                       "free", "open",   "changed", NULL};
    known_keys(r, object, keys);
    out->name = need_text(r, object, "name");
    out->n_smarts = patterns_of(r, object, "smarts", out->smarts);
    out->n_lacks = patterns_of(r, object, "lacks", out->lacks);
    out->changed = int_of(r, object, "changed", 0);
    struct dl_view free_ = dl_json_text(object, "free");
    out->free = dl_view_is(free_, "yes")    ? DL_RULE_FREE_YES
                : dl_view_is(free_, "open") ? DL_RULE_FREE_OPEN
                                            : DL_RULE_FREE_NO;
    out->reason = text_of(json_object_get(object, "open"));
    out->open = out->reason.en.n > 0 && out->free != DL_RULE_FREE_OPEN;
    if (out->n_smarts == 0) {
        wrong(r, "smarts", "is missing");
    }
    if (out->free == DL_RULE_FREE_OPEN && out->reason.en.n == 0) {
        wrong(r, "open", "must say why, with \"free\": \"open\"");
    }
    json_t *positions = json_object_get(object, "positions");
    if (json_array_size(positions) > DL_RULE_POSITIONS) {
        wrong(r, "positions", "has too many items");
        return;
    }
    for (size_t i = 0; i < json_array_size(positions); i++) {
        read_position(r, json_array_get(positions, i), &out->position[out->n_positions++]);
    }
}

static void read_head(struct reading *r, json_t *root, struct dl_rule *rule)
{
    rule->jurisdiction = dl_json_text(root, "jurisdiction");
    rule->version = dl_json_text(root, "version");
    rule->from = dl_json_text(root, "from");
    rule->until = dl_json_text(root, "until");
    rule->title = need_text(r, root, "title");
    rule->instrument = need_text(r, root, "instrument");
    rule->listings = json_object_get(root, "listings");
    rule->tests = json_object_get(root, "tests");
    rule->exclude = json_object_get(root, "exclude");
    rule->min_changed = int_of(r, root, "min_changed", 0);
    rule->mass_max = int_of(r, root, "mass_max", -1);
    rule->evidence = text_of(json_object_get(root, "evidence"));
    rule->evidence_needed = rule->evidence.en.n > 0;
    if (rule->jurisdiction.n == 0 || rule->from.n != 10) {
        wrong(r, "jurisdiction", "or \"from\" is missing");
    }
    if (json_array_size(rule->listings) == 0) {
        wrong(r, "listings", "is missing");
    }
}

static void read_rule(struct reading *r, json_t *root, struct dl_rule *rule)
{
    static const char *const keys[] = {"format",   "id",         "version",     "jurisdiction",
                                       "title",    "instrument", "listings",    "from",
                                       "until",    "reference",  "wording",     "interpretations",
                                       "exclude",  "sources",    "min_changed", "mass_max",
                                       "evidence", "scaffolds",  "tests",       NULL};
    rule->id = json_string_value(json_object_get(root, "id"));
    r->file = rule->id ? rule->id : "a rule file";
    if (rule->id == NULL) {
        wrong(r, "id", "is missing");
        return;
    }
    known_keys(r, root, keys);
    read_head(r, root, rule);
    json_t *scaffolds = json_object_get(root, "scaffolds");
    size_t n = json_array_size(scaffolds);
    if (n == 0) {
        wrong(r, "scaffolds", "is missing");
        return;
    }
    rule->scaffold = calloc(n, sizeof *rule->scaffold);
    DL_ASSERT(rule->scaffold, "memory for scaffolds");
    for (size_t i = 0; i < n && r->err == DL_OK; i++) {
        read_scaffold(r, json_array_get(scaffolds, i), &rule->scaffold[rule->n_scaffolds++]);
    }
}

enum dl_err dl_rules_parse(const struct dl_view *texts, size_t n_texts, struct dl_rules **out,
                           struct dl_error *error)
{
    struct dl_rules *rules = calloc(1, sizeof *rules);
    struct reading r = {.rules = rules, .error = error};
    DL_ASSERT(rules && n_texts > 0 && n_texts <= DL_RULES_MAX + 1, "a classes file and some rules");
    rules->file = calloc(n_texts, sizeof *rules->file);
    rules->rule = calloc(n_texts, sizeof *rules->rule);
    DL_ASSERT(rules->file && rules->rule, "memory for rules");
    for (size_t i = 0; i < n_texts && r.err == DL_OK; i++) {
        json_t *root = NULL;
        r.err = dl_json_parse(texts[i], &root, error);
        rules->file[i].json = root;
        rules->n_files += r.err == DL_OK;
        if (r.err == DL_OK && i == 0) {
            read_classes(&r, root);
        } else if (r.err == DL_OK) {
            read_rule(&r, root, &rules->rule[rules->n_rules++]);
        }
    }
    if (r.err != DL_OK) {
        dl_rules_free(&rules);
        return r.err;
    }
    *out = rules;
    return DL_OK;
}
