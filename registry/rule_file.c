#include "registry/rule_field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERNS_STEP_ = 64, ANY_NUMBER_ = 100000 };

/* A pattern is told by where it stands first. */
static int add_pattern(struct dl__rule_reading *r, const char *smarts)
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
    struct dl_rule_pattern *pattern = &rules->pattern[rules->n_patterns];
    pattern->smarts = smarts;
    (void)snprintf(pattern->where, sizeof pattern->where, "%.*s: %s%s%s", DL_VIEW_ARG(r->file),
                   r->id, r->id[0] == '\0' ? "" : ": ", r->place);
    return (int)rules->n_patterns++;
}

/* One SMARTS or an array of them, as indices of the rules' patterns. */
static size_t patterns_of(struct dl__rule_reading *r, json_t *object, const char *key, int *out)
{
    const char *smarts[DL_RULE_PATTERNS];
    size_t n = dl__field_strings(r, object, key, smarts);
    for (size_t i = 0; i < n; i++) {
        size_t back = dl__field_enter(r, key, (int)i);
        out[i] = add_pattern(r, smarts[i]);
        dl__field_leave(r, back);
    }
    return n;
}

static size_t labels_of(struct dl__rule_reading *r, json_t *object, const char *key, int *out)
{
    json_t *value = dl__field_list(r, object, key, DL_RULE_LABELS);
    size_t n = json_array_size(value);
    for (size_t i = 0; i < n; i++) {
        out[i] = (int)json_integer_value(json_array_get(value, i));
        if (out[i] < 1 || out[i] > 999) {
            dl__field_wrong(r, key, "has an item that is no label of an atom");
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

/* "alkyl", or "alkyl<=6". */
static bool read_use(const struct dl_rules *rules, const char *text, struct dl_rule_use *out)
{
    const char *limit = strstr(text, "<=");
    size_t length = limit ? (size_t)(limit - text) : strlen(text);
    char *end = NULL;
    long most = limit ? strtol(limit + 2, &end, 10) : -1;
    out->class = find_class(rules, text, length);
    out->carbons_max = (int)most;
    return out->class >= 0 &&
           (limit == NULL || (end > limit + 2 && *end == '\0' && most >= 0 && most <= ANY_NUMBER_));
}

static size_t uses_of(struct dl__rule_reading *r, json_t *object, const char *key,
                      struct dl_rule_use *out)
{
    json_t *value = dl__field_list(r, object, key, DL_RULE_USES);
    size_t n = json_array_size(value);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(value, i));
        if (text == NULL || !read_use(r->rules, text, &out[i])) {
            char words[160];
            (void)snprintf(
                words, sizeof words,
                "\"%.80s\" is no class of classes.json, nor one with \"<=\" and a number",
                text ? text : "");
            size_t back = dl__field_enter(r, key, (int)i);
            dl__field_wrong(r, NULL, words);
            dl__field_leave(r, back);
            return 0;
        }
    }
    return n;
}

/* ---- classes.json ---- */

static void read_class(struct dl__rule_reading *r, json_t *object, struct dl_rule_class *out)
{
    static const char *const keys[] = {"en",    "zh",    "root",     "has",     "lacks",
                                       "only",  "any",   "note",     "carbons", "hetero",
                                       "heavy", "chain", "mass_max", "bridged", NULL};
    dl__field_keys(r, object, keys);
    out->words.en = dl_json_text(object, "en");
    out->words.zh = dl_json_text(object, "zh");
    out->words.en = out->words.en.n > 0 ? out->words.en : dl_view_str(out->name);
    out->words.zh = out->words.zh.n > 0 ? out->words.zh : out->words.en;
    out->n_root = patterns_of(r, object, "root", out->root);
    out->n_has = patterns_of(r, object, "has", out->has);
    out->n_lacks = patterns_of(r, object, "lacks", out->lacks);
    int only[DL_RULE_PATTERNS];
    out->only = patterns_of(r, object, "only", only) == 1 ? only[0] : -1;
    if (out->only < 0 && json_object_get(object, "only") != NULL) {
        dl__field_wrong(r, "only", "is not one pattern");
    }
    dl__field_range(r, object, "carbons", out->carbons);
    dl__field_range(r, object, "hetero", out->hetero);
    dl__field_range(r, object, "heavy", out->heavy);
    dl__field_range(r, object, "chain", out->chain);
    out->mass_max = dl__field_int(r, object, "mass_max", -1);
    out->bridged = dl__field_bool(r, object, "bridged");
    const char *any[DL_RULE_PATTERNS];
    out->n_any = dl__field_strings(r, object, "any", any);
    for (size_t i = 0; i < out->n_any; i++) {
        /* only classes that stand before it: no circle is possible */
        out->any[i] = find_class(r->rules, any[i], strlen(any[i]));
        if (out->any[i] < 0) {
            size_t back = dl__field_enter(r, "any", (int)i);
            dl__field_wrong(r, any[i], "is no class that stands before this one");
            dl__field_leave(r, back);
            out->n_any = 0;
        }
    }
}

static void read_classes(struct dl__rule_reading *r, json_t *root)
{
    static const char *const keys[] = {"format", "note", "classes", NULL};
    dl__field_keys(r, root, keys);
    json_t *classes = json_object_get(root, "classes");
    const char *name = NULL;
    json_t *value = NULL;
    if (!json_is_object(classes)) {
        dl__field_wrong(r, "classes", "is missing");
        return;
    }
    r->rules->class = calloc(json_object_size(classes) + 1, sizeof *r->rules->class);
    DL_ASSERT(r->rules->class, "memory for classes");
    json_object_foreach(classes, name, value)
    {
        struct dl_rule_class *out = &r->rules->class[r->rules->n_classes];
        size_t back = dl__field_enter(r, name, -1);
        out->name = name;
        read_class(r, value, out);
        dl__field_leave(r, back);
        r->rules->n_classes++;
    }
}

/* ---- scaffolds ---- */

static void read_choice(struct dl__rule_reading *r, json_t *object, struct dl_rule_choice *out)
{
    static const char *const keys[] = {"clause", "local", "classes", "open", "counts", NULL};
    dl__field_keys(r, object, keys);
    out->clause = dl__field_need_text(r, object, "clause");
    out->local = dl_json_text(object, "local");
    out->n_uses = uses_of(r, object, "classes", out->use);
    out->open = json_object_get(object, "open") != NULL;
    out->reason = dl__field_text(r, object, "open");
    out->uncounted = dl__field_bool(r, object, "counts") == 0;
    if (out->n_uses == 0) {
        dl__field_wrong(r, "classes", "is missing or empty");
    }
}

/* A label that no pattern has would be a place where nothing ever hangs. */
static void check_label(struct dl__rule_reading *r, const struct dl_rule_scaffold *scaffold,
                        const char *key, int label)
{
    char mark[16];
    (void)snprintf(mark, sizeof mark, ":%d]", label);
    for (size_t i = 0; i < scaffold->n_smarts; i++) {
        if (strstr(r->rules->pattern[scaffold->smarts[i]].smarts, mark) != NULL) {
            return;
        }
    }
    dl__field_wrong(r, key, "names an atom that has no such label in \"smarts\"");
}

static void check_place(struct dl__rule_reading *r, const struct dl_rule_scaffold *scaffold,
                        const struct dl_rule_position *p)
{
    if ((p->n_on == 0) == (p->from == 0 || p->at == 0)) {
        dl__field_wrong(r, "on", "alone, or \"from\" and \"at\", must say where the position is");
        return;
    }
    for (size_t i = 0; i < p->n_on; i++) {
        check_label(r, scaffold, "on", p->on[i]);
    }
    for (size_t i = 0; i < p->n_own; i++) {
        check_label(r, scaffold, "own", p->own[i]);
    }
    if (p->n_on == 0) {
        check_label(r, scaffold, "from", p->from);
        check_label(r, scaffold, "at", p->at);
    }
}

static void read_position(struct dl__rule_reading *r, json_t *object,
                          const struct dl_rule_scaffold *scaffold, struct dl_rule_position *out)
{
    static const char *const keys[] = {"name", "on",       "from",  "at",   "own", "required",
                                       "max",  "original", "allow", "else", NULL};
    dl__field_keys(r, object, keys);
    out->name = dl__field_need_text(r, object, "name");
    out->n_on = labels_of(r, object, "on", out->on);
    out->from = dl__field_int(r, object, "from", 0);
    out->at = dl__field_int(r, object, "at", 0);
    out->n_own = labels_of(r, object, "own", out->own);
    out->required = dl__field_bool(r, object, "required") == 1;
    out->max = dl__field_int(r, object, "max", -1);
    out->n_original = uses_of(r, object, "original", out->original);
    out->open = json_object_get(object, "else") != NULL;
    out->reason = dl__field_text(r, object, "else");
    json_t *allow = dl__field_list(r, object, "allow", DL_RULE_CHOICES);
    out->choice = calloc(json_array_size(allow) + 1, sizeof *out->choice);
    DL_ASSERT(out->choice, "memory for choices");
    for (size_t i = 0; i < json_array_size(allow); i++) {
        size_t back = dl__field_enter(r, "allow", (int)i);
        read_choice(r, json_array_get(allow, i), &out->choice[out->n_choices++]);
        dl__field_leave(r, back);
    }
    check_place(r, scaffold, out);
}

static void read_free(struct dl__rule_reading *r, json_t *object, struct dl_rule_scaffold *out)
{
    struct dl_view free_ = dl_json_text(object, "free");
    out->reason = dl__field_text(r, object, "open");
    if (json_object_get(object, "free") == NULL || dl_view_is(free_, "no")) {
        out->free = DL_RULE_FREE_NO;
    } else if (dl_view_is(free_, "yes")) {
        out->free = DL_RULE_FREE_YES;
    } else if (dl_view_is(free_, "open")) {
        out->free = DL_RULE_FREE_OPEN;
    } else {
        dl__field_wrong(r, "free", "is none of \"no\", \"yes\", \"open\"");
    }
    out->open = out->reason.en.n > 0 && out->free != DL_RULE_FREE_OPEN;
    if (out->free == DL_RULE_FREE_OPEN && out->reason.en.n == 0) {
        dl__field_wrong(r, "open", "must say why, with \"free\": \"open\"");
    }
}

static void read_scaffold(struct dl__rule_reading *r, json_t *object, struct dl_rule_scaffold *out)
{
    static const char *const keys[] = {"name", "smarts", "lacks",   "positions",
                                       "free", "open",   "changed", NULL};
    dl__field_keys(r, object, keys);
    out->name = dl__field_need_text(r, object, "name");
    out->n_smarts = patterns_of(r, object, "smarts", out->smarts);
    out->n_lacks = patterns_of(r, object, "lacks", out->lacks);
    out->changed = dl__field_int(r, object, "changed", 0);
    read_free(r, object, out);
    if (out->n_smarts == 0) {
        dl__field_wrong(r, "smarts", "is missing");
    }
    json_t *positions = dl__field_list(r, object, "positions", DL_RULE_POSITIONS);
    out->position = calloc(json_array_size(positions) + 1, sizeof *out->position);
    DL_ASSERT(out->position, "memory for positions");
    for (size_t i = 0; i < json_array_size(positions); i++) {
        size_t back = dl__field_enter(r, "positions", (int)i);
        read_position(r, json_array_get(positions, i), out, &out->position[out->n_positions++]);
        dl__field_leave(r, back);
    }
}

static void read_scaffolds(struct dl__rule_reading *r, json_t *root, struct dl_rule *rule)
{
    json_t *scaffolds = dl__field_list(r, root, "scaffolds", ANY_NUMBER_);
    size_t n = json_array_size(scaffolds);
    if (n == 0) {
        dl__field_wrong(r, "scaffolds", "is missing or empty");
        return;
    }
    rule->scaffold = calloc(n, sizeof *rule->scaffold);
    DL_ASSERT(rule->scaffold, "memory for scaffolds");
    for (size_t i = 0; i < n && r->err == DL_OK; i++) {
        size_t back = dl__field_enter(r, "scaffolds", (int)i);
        read_scaffold(r, json_array_get(scaffolds, i), &rule->scaffold[rule->n_scaffolds++]);
        dl__field_leave(r, back);
    }
}

/* ---- a rule ---- */

static void check_wording(struct dl__rule_reading *r, json_t *root)
{
    static const char *const keys[] = {"en", "zh", "de", "fr", "level", "drawing", NULL};
    json_t *wording = json_object_get(root, "wording");
    if (wording == NULL) {
        dl__field_wrong(r, "wording", "is missing: the law's own words are what a rule rests on");
        return;
    }
    size_t back = dl__field_enter(r, "wording", -1);
    dl__field_keys(r, wording, keys);
    dl__field_need_view(r, wording, "en");
    dl__field_need_view(r, wording, "level");
    dl__field_leave(r, back);
}

static void check_interpretations(struct dl__rule_reading *r, json_t *root)
{
    static const char *const keys[] = {"id", "date", "by", "en", "zh", NULL};
    json_t *list = dl__field_list(r, root, "interpretations", ANY_NUMBER_);
    for (size_t i = 0; i < json_array_size(list); i++) {
        size_t back = dl__field_enter(r, "interpretations", (int)i);
        json_t *item = json_array_get(list, i);
        dl__field_keys(r, item, keys);
        for (size_t k = 0; keys[k] != NULL; k++) {
            dl__field_need_view(r, item, keys[k]);
        }
        dl__field_need_day(r, item, "date");
        dl__field_leave(r, back);
    }
}

static bool are_texts(json_t *list, size_t least, size_t most)
{
    size_t n = json_array_size(list);
    for (size_t i = 0; i < n; i++) {
        if (json_string_length(json_array_get(list, i)) == 0) {
            return false;
        }
    }
    return n >= least && n <= most;
}

static void check_tests(struct dl__rule_reading *r, json_t *root)
{
    static const char *const keys[] = {"read", "inside", "outside", "undecided", NULL};
    static const char *const reads[] = {
        "date", "by", "checked", "disagreed", "outcome", "added", "answered_otherwise", NULL};
    json_t *tests = json_object_get(root, "tests");
    if (tests == NULL) {
        dl__field_wrong(r, "tests", "is missing: no rule is told apart from its mistakes");
        return;
    }
    size_t back = dl__field_enter(r, "tests", -1);
    dl__field_keys(r, tests, keys);
    if (json_object_get(tests, "read") != NULL) {
        size_t read = dl__field_enter(r, "read", -1);
        dl__field_keys(r, json_object_get(tests, "read"), reads);
        dl__field_leave(r, read);
    }
    for (size_t k = 1; keys[k] != NULL; k++) {
        json_t *group = dl__field_list(r, tests, keys[k], ANY_NUMBER_);
        for (size_t i = 0; i < json_array_size(group); i++) {
            size_t item = dl__field_enter(r, keys[k], (int)i);
            if (!are_texts(json_array_get(group, i), 2, 3)) {
                dl__field_wrong(r, NULL, "is not [name, SMILES] or [name, SMILES, reason]");
            }
            dl__field_leave(r, item);
        }
    }
    dl__field_leave(r, back);
}

static void check_listings(struct dl__rule_reading *r, json_t *root)
{
    json_t *list = dl__field_list(r, root, "listings", ANY_NUMBER_);
    if (json_array_size(list) == 0) {
        dl__field_wrong(r, "listings", "is missing or empty");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        size_t back = dl__field_enter(r, "listings", (int)i);
        if (!are_texts(json_array_get(list, i), 2, 2)) {
            dl__field_wrong(r, NULL, "is not [list, entry]");
        }
        dl__field_leave(r, back);
    }
}

static bool is_block(const char *key)
{
    return strlen(key) == 14 && strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 14;
}

static void check_exclude(struct dl__rule_reading *r, json_t *root)
{
    json_t *exclude = json_object_get(root, "exclude");
    const char *key = NULL;
    json_t *name = NULL;
    if (exclude != NULL && !json_is_object(exclude)) {
        dl__field_wrong(r, "exclude", "is no object of JSON");
    }
    size_t back = dl__field_enter(r, "exclude", -1);
    json_object_foreach(exclude, key, name)
    {
        if (!is_block(key) || json_string_length(name) == 0) {
            dl__field_wrong(r, key, "is not the first 14 letters of an InChIKey with a name");
        }
    }
    dl__field_leave(r, back);
}

static void read_days(struct dl__rule_reading *r, json_t *root, struct dl_rule *rule)
{
    rule->from = dl__field_need_day(r, root, "from");
    if (json_object_get(root, "until") != NULL) {
        rule->until = dl__field_need_day(r, root, "until");
        if (r->err == DL_OK && memcmp(rule->until.p, rule->from.p, 10) <= 0) {
            dl__field_wrong(r, "until", "is not after \"from\": the rule would never be law");
        }
    }
}

/* What was law before the wording that is held. */
static void read_before(struct dl__rule_reading *r, json_t *root, struct dl_rule *rule)
{
    static const char *const keys[] = {"from", "en", "zh", NULL};
    json_t *before = json_object_get(root, "before");
    if (before == NULL) {
        return;
    }
    size_t back = dl__field_enter(r, "before", -1);
    dl__field_keys(r, before, keys);
    rule->before.en = dl__field_need_view(r, before, "en");
    rule->before.zh = dl__field_need_view(r, before, "zh");
    if (json_object_get(before, "from") != NULL) {
        rule->before_from = dl__field_need_day(r, before, "from");
        if (r->err == DL_OK && memcmp(rule->before_from.p, rule->from.p, 10) >= 0) {
            dl__field_wrong(r, "from", "is not before the rule's own \"from\"");
        }
    }
    dl__field_leave(r, back);
}

static void read_head(struct dl__rule_reading *r, json_t *root, struct dl_rule *rule)
{
    rule->jurisdiction = dl__field_need_view(r, root, "jurisdiction");
    rule->version = dl__field_need_view(r, root, "version");
    rule->title = dl__field_need_text(r, root, "title");
    rule->instrument = dl__field_need_text(r, root, "instrument");
    read_days(r, root, rule);
    read_before(r, root, rule);
    rule->listings = json_object_get(root, "listings");
    rule->tests = json_object_get(root, "tests");
    rule->exclude = json_object_get(root, "exclude");
    rule->min_changed = dl__field_int(r, root, "min_changed", 0);
    rule->mass_max = dl__field_int(r, root, "mass_max", -1);
    rule->evidence = dl__field_text(r, root, "evidence");
    rule->evidence_needed = rule->evidence.en.n > 0;
    check_listings(r, root);
    check_wording(r, root);
    check_interpretations(r, root);
    check_exclude(r, root);
    check_tests(r, root);
}

static void read_rule(struct dl__rule_reading *r, json_t *root, struct dl_rule *rule)
{
    static const char *const keys[] = {
        "format",          "id",      "version", "jurisdiction", "title",     "instrument",
        "listings",        "from",    "until",   "before",       "reference", "wording",
        "interpretations", "exclude", "sources", "min_changed",  "mass_max",  "evidence",
        "scaffolds",       "tests",   NULL};
    rule->id = json_string_value(json_object_get(root, "id"));
    r->id = rule->id == NULL ? "" : rule->id;
    dl__field_keys(r, root, keys);
    struct dl_view id = dl__field_need_view(r, root, "id");
    if (id.n == 0) {
        return;
    }
    if (dl_rules_find(r->rules, id) >= 0) {
        dl__field_wrong(r, "id", "is the id of another file's rule too");
    }
    r->rules->n_rules++;
    read_head(r, root, rule);
    read_scaffolds(r, root, rule);
}

/* A file that is no JSON is told with its name too. */
static json_t *read_json(struct dl__rule_reading *r, struct dl_view text)
{
    struct dl_error error = {.err = DL_OK};
    json_t *root = NULL;
    if (dl_json_parse(text, &root, &error) != DL_OK) {
        r->err = dl_error_set(r->error, DL_E_RULE, NULL, "%.*s: %s", DL_VIEW_ARG(r->file),
                              error.message);
        dl_error_hint(r->error, "%s", DL_RULES_HINT);
    }
    return root;
}

enum dl_err dl_rules_parse(const struct dl_rule_source *sources, size_t n, struct dl_rules **out,
                           struct dl_error *error)
{
    struct dl_rules *rules = calloc(1, sizeof *rules);
    struct dl__rule_reading r = {.rules = rules, .error = error};
    DL_ASSERT(rules && n > 0 && n <= DL_RULES_MAX + 1, "a classes file and some rules");
    rules->file = calloc(n, sizeof *rules->file);
    rules->rule = calloc(n, sizeof *rules->rule);
    DL_ASSERT(rules->file && rules->rule, "memory for rules");
    for (size_t i = 0; i < n && r.err == DL_OK; i++) {
        r.file = sources[i].name;
        r.id = "";
        json_t *root = read_json(&r, sources[i].text);
        if (root != NULL) {
            rules->file[rules->n_files++].json = root;
        }
        if (r.err == DL_OK && i == 0) {
            read_classes(&r, root);
        } else if (r.err == DL_OK) {
            read_rule(&r, root, &rules->rule[rules->n_rules]);
        }
    }
    if (r.err != DL_OK) {
        dl_rules_free(&rules);
        return r.err;
    }
    *out = rules;
    return DL_OK;
}
