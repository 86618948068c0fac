#include "registry/worker.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const char PROGRAM[] = DL_BUILD_DIR "/directline-structure";
static const char RULES[] = DL_BUILD_DIR "/rules";
static const char FENTANYL[] = "CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1";
static const char FENTANYL_KEY[] = "PJMPHNIQZUBGLI-UHFFFAOYSA-N";

static struct dl_worker *worker;
static struct dl_worker_answer answer;

static int open_worker(void **state)
{
    (void)state;
    struct dl_error error;
    struct dl_worker_config config = {.path = PROGRAM, .rules = RULES, .processes = 2};
    return dl_worker_open(&config, &worker, &error) == DL_OK ? 0 : -1;
}

static int close_worker(void **state)
{
    (void)state;
    dl_worker_close(&worker);
    return 0;
}

static void ask(struct dl_view text, unsigned wants)
{
    struct dl_error error;
    struct dl_worker_ask question = {.text = text, .wants = wants | DL_WANT_SMILES, .rule = -1};
    assert_int_equal(dl_worker_ask(worker, &question, &answer, &error), DL_OK);
}

static void assert_text(struct dl_view got, const char *expected)
{
    assert_int_equal(got.n, strlen(expected));
    assert_memory_equal(got.p, expected, got.n);
}

static bool contains(struct dl_view text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

static void a_structure_has_formula_mass_and_identity(void **state)
{
    (void)state;
    ask(dl_view_str(FENTANYL), 0);
    assert_true(answer.understood);
    assert_text(answer.parent_formula, "C22H28N2O");
    assert_text(answer.parent_inchikey, FENTANYL_KEY);
    assert_true(answer.mass > 336400 && answer.mass < 336600);
    assert_int_equal(answer.n_verdicts, 0);
}

static void two_spellings_of_a_structure_are_one(void **state)
{
    (void)state;
    char first[256];
    ask(dl_view_str(FENTANYL), 0);
    assert_true(answer.smiles.n < sizeof first);
    snprintf(first, sizeof first, "%.*s", DL_VIEW_ARG(answer.smiles));
    ask(dl_view_str("c1ccc(cc1)CCN1CCC(CC1)N(C(CC)=O)c1ccccc1"), 0);
    assert_text(answer.smiles, first);
    ask(dl_view_str("CC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1"), 0);
    assert_false(dl_view_is(answer.smiles, first));
}

static void a_salt_has_its_parent(void **state)
{
    (void)state;
    ask(dl_view_str("CCC(=O)N(c1ccccc1)C1CC[NH+](CCc2ccccc2)CC1.[Cl-]"), 0);
    assert_text(answer.parent_inchikey, FENTANYL_KEY);
    assert_true(answer.inchikey.n == 27);
    assert_false(dl_view_is(answer.inchikey, FENTANYL_KEY));
}

static void what_is_no_salt_has_no_other_parent(void **state)
{
    (void)state;
    ask(dl_view_str(FENTANYL), 0);
    assert_int_equal(answer.parent_smiles.n, 0);
    assert_text(answer.parent_inchikey, FENTANYL_KEY);
}

static const struct dl_worker_verdict *verdict_of(const char *rule)
{
    int index = dl_rules_find(dl_worker_rules(worker), dl_view_str(rule));
    assert_true(index >= 0);
    for (size_t i = 0; i < answer.n_verdicts; i++) {
        if (answer.verdict[i].rule == index) {
            return &answer.verdict[i];
        }
    }
    return NULL;
}

static void a_class_rule_names_what_was_changed(void **state)
{
    (void)state;
    struct dl_worker_finding finding;
    size_t changed = 0;
    ask(dl_view_str("CC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1"), DL_WANT_RULES);
    assert_non_null(verdict_of("CN-2019-FRS"));
    struct dl_worker_verdict verdict = *verdict_of("CN-2019-FRS");
    assert_int_equal(verdict.verdict, DL_RULE_INSIDE);
    while (dl_worker_finding_next(&verdict, &finding)) {
        if (finding.kind == DL_FOUND_CHANGED) {
            changed++;
            assert_int_equal(finding.position, 0);    /* the acyl group */
            assert_int_equal(finding.atoms.n, 3 * 2); /* CH3-C=O */
        }
    }
    assert_int_equal(changed, 1);
}

/* Isotonitazene differs from etonitazene in one group: its nitro and diethylamino are the
 * reference's own. */
static void what_the_reference_has_too_is_no_modification(void **state)
{
    (void)state;
    struct dl_worker_finding finding;
    ask(dl_view_str("CCN(CC)CCn1c(Cc2ccc(OC(C)C)cc2)nc2cc([N+](=O)[O-])ccc12"), DL_WANT_RULES);
    const struct dl_worker_verdict *found = verdict_of("CN-2025-NITAZENES");
    assert_non_null(found);
    struct dl_worker_verdict verdict = *found;
    const struct dl_rule_scaffold *scaffold =
        &dl_worker_rules(worker)->rule[verdict.rule].scaffold[verdict.scaffold];
    assert_int_equal(verdict.verdict, DL_RULE_INSIDE);
    assert_int_equal(scaffold->changed, 0);
    while (dl_worker_finding_next(&verdict, &finding)) {
        bool aromatic = dl_view_is(scaffold->position[finding.position].name.en, "aromatic group");
        assert_int_equal(finding.kind, aromatic ? DL_FOUND_CHANGED : DL_FOUND_ORIGINAL);
    }
}

static void the_reference_substance_is_outside_its_class(void **state)
{
    (void)state;
    ask(dl_view_str(FENTANYL), DL_WANT_RULES);
    assert_true(answer.understood); /* a refusal has no verdicts either */
    assert_null(verdict_of("CN-2019-FRS"));
    assert_null(verdict_of("US-FRS"));
}

static void test_substances_are_kept_where_they_are_asked_for(void **state)
{
    (void)state;
    struct dl_worker *other = NULL;
    struct dl_error error;
    struct dl_worker_config config = {
        .path = PROGRAM, .rules = RULES, .processes = 1, .later = true, .tests = true};
    assert_int_equal(dl_rule_n_tests(&dl_worker_rules(worker)->rule[0]), 0);
    assert_int_equal(dl_worker_open(&config, &other, &error), DL_OK);
    assert_true(dl_rule_n_tests(&dl_worker_rules(other)->rule[0]) > 0);
    dl_worker_close(&other);
}

static void without_being_asked_for_there_are_no_verdicts(void **state)
{
    (void)state;
    ask(dl_view_str("CC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1"), 0);
    assert_int_equal(answer.n_verdicts, 0);
    assert_int_equal(answer.print.n, 0);
    assert_int_equal(answer.svg.n, 0);
}

static void a_picture_and_a_fingerprint_come_when_asked_for(void **state)
{
    (void)state;
    ask(dl_view_str(FENTANYL), DL_WANT_PRINT | DL_WANT_SVG);
    assert_int_equal(answer.print.n, 256);
    assert_true(contains(answer.svg, "<svg"));
    assert_true(contains(answer.svg, "</svg>"));
}

static void hostile_text_is_refused_before_the_library_sees_it(void **state)
{
    (void)state;
    static char many[DL_WORKER_SMILES_MAX + 2];
    memset(many, 'C', sizeof many - 1);
    const struct dl_view texts[] = {
        dl_view_of("", 0),        dl_view_of("CC\0O", 4), dl_view_str("CC O"),
        dl_view_str("C\xC3\xA9"), dl_view_str("CC\n"),    dl_view_of(many, sizeof many - 1),
        dl_view_of(many, 301),    dl_view_str("C(C"),     dl_view_str("not a structure"),
        dl_view_str("C1CC"),      dl_view_str("[Xx]"),    dl_view_str("c1cccc1"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ask(texts[i], DL_WANT_RULES);
        assert_false(answer.understood);
        assert_true(answer.refusal.n > 0);
    }
    ask(dl_view_of(many, 300), 0); /* at the limit: taken */
    assert_true(answer.understood);
}

static void answers_come_in_the_order_of_the_questions(void **state)
{
    (void)state;
    struct dl_error error;
    char text[DL_WORKER_IN_FLIGHT][80];
    for (size_t i = 0; i < DL_WORKER_IN_FLIGHT; i++) {
        memset(text[i], 'C', i + 1);
        text[i][i + 1] = '\0';
        struct dl_worker_ask question = {
            .text = dl_view_str(text[i]), .wants = DL_WANT_SMILES, .rule = -1};
        assert_int_equal(dl_worker_put(worker, &question, &error), DL_OK);
    }
    for (size_t i = 0; i < DL_WORKER_IN_FLIGHT; i++) {
        assert_int_equal(dl_worker_take(worker, &answer, &error), DL_OK);
        assert_text(answer.smiles, text[i]);
    }
    assert_int_equal(dl_worker_waiting(worker), 0);
}

/* A small generator, so that a failing input can be made again. */
static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static size_t hostile(uint32_t seed, char *out, size_t max)
{
    static const char *const pieces[] = {"C",     "c1ccccc1", "(",    ")",    "[",     "]",    "=",
                                         "#",     "1",        "%99",  ".",    "@@",    "[nH]", "N",
                                         "C1CC1", "[2H]",     "/",    "\\",   "[C@@]", "+",    "-",
                                         "\x01",  "\xFF",     " ",    "C12",  "[U+9]", "%(1)", "*",
                                         "~",     ":",        "[#6]", "((((", "))))",  "c2"};
    size_t n = 0;
    size_t wanted = next(&seed) % max;
    while (n < wanted) {
        const char *piece = pieces[next(&seed) % (sizeof pieces / sizeof pieces[0])];
        size_t length = strlen(piece);
        if (n + length > max) {
            break;
        }
        for (size_t i = 0; i < length; i++) {
            out[n++] = piece[i];
        }
    }
    return n;
}

static void a_thousand_hostile_inputs_leave_the_client_working(void **state)
{
    (void)state;
    static char text[5000];
    for (uint32_t seed = 1; seed <= 1000; seed++) {
        size_t max = seed % 4 == 0 ? sizeof text : 120;
        ask(dl_view_of(text, hostile(seed, text, max)), DL_WANT_RULES | DL_WANT_PRINT);
        assert_true(answer.understood || answer.refusal.n > 0);
    }
    ask(dl_view_str(FENTANYL), 0);
    assert_text(answer.parent_inchikey, FENTANYL_KEY);
}

/* The process that a worker opened last was started as. */
static pid_t newest_child(void)
{
    char path[64];
    char text[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    pid_t newest = 0;
    for (char *at = strtok(text, " "); at != NULL; at = strtok(NULL, " ")) {
        newest = (pid_t)atoi(at);
    }
    assert_true(newest > 0);
    return newest;
}

static void a_killed_worker_costs_one_question_and_answers_the_others(void **state)
{
    (void)state;
    static const char *const texts[] = {"C", "CC", "CCC", "CCCC", "CCCCC"};
    enum { N = sizeof texts / sizeof texts[0] };
    struct dl_error error;
    struct dl_worker *one = NULL;
    struct dl_worker_config config = {.path = PROGRAM, .rules = RULES, .processes = 1};
    assert_int_equal(dl_worker_open(&config, &one, &error), DL_OK);
    pid_t pid = newest_child();
    assert_int_equal(kill(pid, SIGSTOP), 0); /* so that it cannot answer first */
    for (size_t i = 0; i < N; i++) {
        struct dl_worker_ask question = {
            .text = dl_view_str(texts[i]), .wants = DL_WANT_SMILES, .rule = -1};
        assert_int_equal(dl_worker_put(one, &question, &error), DL_OK);
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(dl_worker_take(one, &answer, &error), DL_OK);
    assert_false(answer.understood);
    for (size_t i = 1; i < N; i++) {
        assert_int_equal(dl_worker_take(one, &answer, &error), DL_OK);
        assert_text(answer.smiles, texts[i]);
    }
    dl_worker_close(&one);
}

/* Rules of one file in a folder of their own; `rule` in place of what the worker was opened with.
 */
static struct dl_worker *open_files(const char *classes, const char *rule)
{
    char folder[] = "/tmp/rules.XXXXXX";
    char path[64];
    struct dl_error error;
    struct dl_worker *opened = NULL;
    assert_non_null(mkdtemp(folder));
    const char *const files[][2] = {{"classes.json", classes}, {"r.json", rule}};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i][0]);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        fputs(files[i][1], file);
        fclose(file);
    }
    struct dl_worker_config config = {.path = PROGRAM, .rules = folder, .processes = 1};
    int err = dl_worker_open(&config, &opened, &error);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i][0]);
        remove(path);
    }
    remove(folder);
    if (err != DL_OK) {
        print_error("%s %s\n", error.field, error.message);
    }
    assert_int_equal(err, DL_OK);
    return opened;
}

static struct dl_worker *open_rule(const char *rule)
{
    return open_files(
        "{\"classes\":{\"halogen\":{\"root\":\"[F,Cl,Br,I]\",\"heavy\":[1,1]},"
        "\"methyl\":{\"root\":\"[CH3]\",\"heavy\":[1,1]},"
        "\"no path\":{\"root\":\"[#6]\",\"lacks\":\"[#6]~[#6]~[#6]~[#6]~[#6]~[#6]~[#6]\"}}}",
        rule);
}

/* The verdict of the one rule; `kind` (may be NULL): of its last finding. */
static int held(struct dl_worker *opened, const char *smiles, int *kind)
{
    struct dl_error error;
    struct dl_worker_ask question = {
        .text = dl_view_str(smiles), .wants = DL_WANT_RULES, .rule = -1};
    assert_int_equal(dl_worker_ask(opened, &question, &answer, &error), DL_OK);
    assert_true(answer.understood);
    if (answer.n_verdicts == 0) {
        return DL_RULE_OUTSIDE;
    }
    struct dl_worker_verdict verdict = answer.verdict[0];
    struct dl_worker_finding finding;
    while (dl_worker_finding_next(&verdict, &finding)) {
        if (kind != NULL) {
            *kind = finding.kind;
        }
    }
    return (int)verdict.verdict;
}

#define RULE_OF(rest)                                                                              \
    "{\"id\":\"R\",\"version\":\"1\",\"jurisdiction\":\"XX\",\"from\":\"2020-01-01\","             \
    "\"title\":\"T\",\"instrument\":\"I\",\"wording\":{\"en\":\"w\",\"level\":\"l\"},"             \
    "\"listings\":[[\"X\",\"1\"]],\"tests\":{}," rest "}"
static const char BUCKYBALL[] =
    "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6"
    "c6c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41";

/* "Outside" is said only of what was wholly looked at. */
static void what_fits_in_too_many_ways_is_for_a_person(void **state)
{
    (void)state;
    int kind = -1;
    struct dl_worker *opened = open_rule(
        RULE_OF("\"scaffolds\":[{\"name\":\"path\",\"free\":\"yes\",\"smarts\":"
                "\"[#6:1]~[#6]~[#6]~[#6]~[#6]~[#6]~[#6]\",\"positions\":[{\"name\":\"end\","
                "\"on\":[1],\"required\":true,\"allow\":[{\"clause\":\"1\",\"classes\":"
                "[\"halogen\"]}]}]}]"));
    assert_int_equal(held(opened, "FCCCCCCC", NULL), DL_RULE_INSIDE);
    assert_int_equal(held(opened, "NCCCCCCC", NULL), DL_RULE_OUTSIDE);
    assert_int_equal(held(opened, BUCKYBALL, &kind), DL_RULE_REVIEW);
    assert_int_equal(kind, DL_FOUND_CUT);
    dl_worker_close(&opened);
}

/* Nor is "inside", where what the words forbid may have been overlooked: a cage has the path more
 * often than it is looked for, the group that matters not at all. */
static void what_may_have_been_overlooked_is_not_inside(void **state)
{
    (void)state;
    int kind = -1;
    struct dl_worker *opened = open_rule(
        RULE_OF("\"scaffolds\":[{\"name\":\"ether\",\"free\":\"yes\",\"smarts\":"
                "\"[OX2:1]([CX4:2])[#6;R]\",\"positions\":[{\"name\":\"group\",\"from\":1,\"at\":2,"
                "\"allow\":[{\"clause\":\"1\",\"classes\":[\"no path\"]}]}]}]"));
    assert_int_equal(held(opened, "COC1CCCCCCCC1", NULL), DL_RULE_INSIDE);
    assert_int_equal(held(opened, "CCCCCCCOC1CCCCC1", NULL), DL_RULE_OUTSIDE);
    assert_int_equal(held(opened, "COC12C3C4C5C1C6C7C2C8C3C9C4C1C5C6C2C7C8C9C12", &kind),
                     DL_RULE_REVIEW);
    assert_int_equal(kind, DL_FOUND_CUT);
    dl_worker_close(&opened);
}

static const char COUNTED[] = RULE_OF(
    "\"min_changed\":1,\"scaffolds\":[{\"name\":\"ring\",\"free\":\"open\",\"open\":\"why\","
    "\"smarts\":\"[c:1]1[c:2][c:3]cc[n]1\",\"positions\":["
    "{\"name\":\"one\",\"on\":[1],\"original\":[\"methyl\"],\"allow\":["
    "{\"clause\":\"1\",\"classes\":[\"halogen\"],\"open\":\"why\",\"counts\":false}]},"
    "{\"name\":\"two\",\"on\":[2],\"allow\":["
    "{\"clause\":\"2\",\"classes\":[\"halogen\"],\"open\":\"why\"}]},"
    "{\"name\":\"three\",\"on\":[3],\"allow\":["
    "{\"clause\":\"3\",\"classes\":[\"halogen\"]}]}]}]");

/* What is open may be a modification, so it is not ruled out; what counts for none never is one,
 * nor is what hangs where no clause speaks. */
static void only_what_may_be_a_modification_counts_as_one(void **state)
{
    (void)state;
    struct dl_worker *opened = open_rule(COUNTED);
    assert_int_equal(held(opened, "Cc1ncccc1", NULL), DL_RULE_OUTSIDE);
    assert_int_equal(held(opened, "Cc1nccc(F)c1", NULL), DL_RULE_INSIDE);
    assert_int_equal(held(opened, "Cc1ncccc1F", NULL), DL_RULE_REVIEW);
    assert_int_equal(held(opened, "Fc1ncccc1", NULL), DL_RULE_OUTSIDE);
    assert_int_equal(held(opened, "Fc1nccc(F)c1", NULL), DL_RULE_REVIEW);
    assert_int_equal(held(opened, "Cc1nc(F)ccc1", NULL), DL_RULE_OUTSIDE);
    assert_int_equal(held(opened, "Cc1nc(F)cc(F)c1", NULL), DL_RULE_REVIEW);
    dl_worker_close(&opened);
}

/* One condition of a class at a time: what hangs on a benzene ring, just inside and just outside.
 */
static void a_class_holds_every_condition_it_names(void **state)
{
    (void)state;
    static const struct {
        const char *class, *inside, *outside;
    } cases[] = {
        {"\"root\":\"[CX4]\"", "CCc1ccccc1", "Oc1ccccc1"},
        {"\"root\":[\"[CX4]\",\"[OX2]\"]", "Oc1ccccc1", "Fc1ccccc1"},
        {"\"has\":\"[OX2H]\"", "OCCc1ccccc1", "COCc1ccccc1"},
        {"\"has\":[\"[OX2H]\",\"F\"]", "OC(F)c1ccccc1", "OCc1ccccc1"},
        {"\"lacks\":\"[R]\"", "CCc1ccccc1", "C1CC1c1ccccc1"},
        {"\"only\":\"[CX4,F]\"", "FCCc1ccccc1", "ClCCc1ccccc1"},
        {"\"carbons\":[2,3]", "CCCc1ccccc1", "CCCCc1ccccc1"},
        {"\"carbons\":[2,3]", "COCc1ccccc1", "Cc1ccccc1"},
        {"\"hetero\":[1,1]", "COc1ccccc1", "COCOc1ccccc1"},
        {"\"hetero\":[0,0]", "Cc1ccccc1", "Fc1ccccc1"},
        {"\"heavy\":[4,4]", "FC(F)(F)c1ccccc1", "FC(F)c1ccccc1"},
        {"\"chain\":[3,4]", "CCCCc1ccccc1", "CCCCCc1ccccc1"},
        {"\"chain\":[3,4]", "CC(C)Cc1ccccc1", "C1CC1CCc1ccccc1"},
        {"\"chain\":[0,2]", "C1CCCCC1CCc1ccccc1", "C1CCCCC1CCCc1ccccc1"},
        {"\"mass_max\":43", "CCCc1ccccc1", "CCCCc1ccccc1"},
        {"\"bridged\":true", "C1Cc2ccccc2C1", "CCc1ccccc1"},
        {"\"bridged\":false", "CCc1ccccc1", "C1Cc2ccccc2C1"},
    };
    static const char rule[] = RULE_OF(
        "\"scaffolds\":[{\"name\":\"ring\",\"smarts\":\"[c:1]1[c:2][c:3][c:4][c:5][c:6]1\","
        "\"positions\":[{\"name\":\"ring\",\"on\":[1,2,3,4,5,6],\"required\":true,\"allow\":"
        "[{\"clause\":\"1\",\"classes\":[\"x\"]}]}]}]");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char classes[256];
        snprintf(classes, sizeof classes, "{\"classes\":{\"x\":{%s}}}", cases[i].class);
        struct dl_worker *opened = open_files(classes, rule);
        int inside = held(opened, cases[i].inside, NULL);
        int outside = held(opened, cases[i].outside, NULL);
        if (inside != DL_RULE_INSIDE || outside != DL_RULE_OUTSIDE) {
            print_error("%s: %d %d\n", cases[i].class, inside, outside);
        }
        assert_int_equal(inside, DL_RULE_INSIDE);
        assert_int_equal(outside, DL_RULE_OUTSIDE);
        dl_worker_close(&opened);
    }
}

/* Classes of classes, "<=", max, patterns that must not occur, own atoms, the limit of mass, and
 * what is excepted by name. */
static void a_rule_holds_every_condition_it_names(void **state)
{
    (void)state;
    static const char classes[] =
        "{\"classes\":{\"alkyl\":{\"root\":\"[CX4]\",\"only\":\"[CX4]\"},"
        "\"halogen\":{\"root\":\"[F,Cl,Br,I]\"},\"either\":{\"any\":[\"alkyl\",\"halogen\"],"
        "\"carbons\":[0,2]},\"acyl\":{\"root\":\"[CX3]=[OX1]\",\"carbons\":[2,2]}}}";
    static const char rule[] = RULE_OF(
        "\"mass_max\":200,\"exclude\":{\"YICAMJWHIUMFDI\":\"4-methylacetanilide\"},"
        "\"scaffolds\":[{\"name\":\"anilide\",\"smarts\":\"[NX3:1]([CX3:2]=[OX1:3])[c:4]1[c:5][c:6]"
        "[c:7][c:8][c:9]1\",\"lacks\":\"[N+](=O)[O-]\",\"positions\":[{\"name\":\"acyl\",\"from\":"
        "1,"
        "\"at\":2,\"own\":[3],\"allow\":[{\"clause\":\"1\",\"classes\":[\"acyl\"]}]},"
        "{\"name\":\"nitrogen\",\"on\":[1],\"allow\":[{\"clause\":\"2\",\"classes\":"
        "[\"alkyl<=3\"]}]},{\"name\":\"ring\",\"on\":[5,6,7,8,9],\"max\":2,\"allow\":["
        "{\"clause\":\"3\",\"classes\":[\"either\"]}]}]}]");
    static const struct {
        const char *smiles;
        int verdict;
    } cases[] = {
        {"CC(=O)Nc1ccccc1", DL_RULE_INSIDE},
        {"CC(=O)Nc1ccccc1.Cl", DL_RULE_INSIDE},      /* the parent of a salt */
        {"CCC(=O)Nc1ccccc1", DL_RULE_OUTSIDE},       /* the C=O is the group's own and counts */
        {"CC(=O)N(CCC)c1ccccc1", DL_RULE_INSIDE},    /* not more than three carbon atoms */
        {"CC(=O)N(CCCC)c1ccccc1", DL_RULE_OUTSIDE},  /* */
        {"CC(=O)Nc1ccc(Cl)c(CC)c1", DL_RULE_INSIDE}, /* two groups */
        {"CC(=O)Nc1cc(C)c(Cl)c(C)c1", DL_RULE_OUTSIDE},
        {"CC(=O)Nc1ccc(CCC)cc1", DL_RULE_OUTSIDE}, /* a class of classes has its own count */
        {"CC(=O)Nc1ccc([N+](=O)[O-])cc1", DL_RULE_OUTSIDE},
        {"CC(=O)Nc1ccc(F)cc1", DL_RULE_INSIDE},
        {"CC(=O)Nc1ccc(I)cc1", DL_RULE_OUTSIDE}, /* 261 u */
        {"CC(=O)Nc1cccc(C)c1", DL_RULE_INSIDE},
        {"CC(=O)Nc1ccc(C)cc1", DL_RULE_OUTSIDE}, /* excepted by name */
    };
    struct dl_worker *opened = open_files(classes, rule);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int got = held(opened, cases[i].smiles, NULL);
        if (got != cases[i].verdict) {
            print_error("%s\n", cases[i].smiles);
        }
        assert_int_equal(got, cases[i].verdict);
    }
    dl_worker_close(&opened);
}

static void a_worker_that_cannot_start_is_an_error_of_its_own(void **state)
{
    (void)state;
    struct dl_error error;
    struct dl_worker *none = NULL;
    struct dl_worker_config config = {.path = "/bin/false", .rules = RULES, .processes = 1};
    assert_int_equal(dl_worker_open(&config, &none, &error), DL_E_WORKER);
    assert_null(none);
}

static void rules_that_are_not_there_are_an_error_where_they_were_named(void **state)
{
    (void)state;
    struct dl_error error;
    struct dl_worker *none = NULL;
    struct dl_worker_config config = {.path = PROGRAM, .rules = "/nonexistent", .processes = 1};
    assert_int_equal(dl_worker_open(&config, &none, &error), DL_E_RULE);
    assert_null(none);
}

static void a_missing_worker_is_named(void **state)
{
    (void)state;
    struct dl_error error;
    struct dl_worker *none = NULL;
    struct dl_worker_config config = {.path = "/nonexistent/worker", .processes = 1};
    assert_int_equal(dl_worker_open(&config, &none, &error), DL_E_WORKER_MISSING);
    assert_non_null(strstr(error.message, "/nonexistent/worker"));
    assert_null(none);
}

static void an_answer_cut_anywhere_is_no_answer(void **state)
{
    (void)state;
    struct dl_buf block;
    dl_buf_init(&block, 4096);
    dl_buf_u8(&block, DL_WIRE_OK);
    dl_buf_u8(&block, DL_TAG_SMILES);
    dl_buf_u32(&block, 3);
    dl_buf_put_str(&block, "CCO");
    assert_int_equal(dl_worker_decode(dl_buf_view(&block), NULL, &answer), DL_OK);
    assert_text(answer.smiles, "CCO");
    for (size_t n = 2; n < block.n; n++) {
        assert_int_equal(dl_worker_decode(dl_view_of(block.p, n), NULL, &answer), DL_E_WORKER);
    }
    dl_buf_u8(&block, 0);
    assert_int_equal(dl_worker_decode(dl_buf_view(&block), NULL, &answer), DL_E_WORKER);
    dl_buf_fini(&block);
}

static void what_it_is_made_of_is_whole_or_no_answer(void **state)
{
    (void)state;
    struct dl_buf block;
    struct dl_made_of made;
    dl_buf_init(&block, 4096);
    dl_buf_u8(&block, DL_WIRE_OK);
    dl_buf_u8(&block, DL_TAG_MADE_OF);
    size_t field = dl_buf_block_open(&block);
    dl_buf_put_str(&block, "oXLYOFNOQVPJJNP-UHFFFAOYSA-N");
    size_t inchi = dl_buf_block_open(&block);
    dl_buf_put_str(&block, "InChI=1S/H2O/h1H2");
    dl_buf_block_close(&block, inchi);
    dl_buf_block_close(&block, field);
    assert_int_equal(dl_worker_decode(dl_buf_view(&block), NULL, &answer), DL_OK);
    struct dl_view rest = answer.made_of;
    assert_true(dl_made_of_next(&rest, &made));
    assert_true(made.ether);
    assert_text(made.inchikey, "XLYOFNOQVPJJNP-UHFFFAOYSA-N");
    assert_text(made.inchi, "InChI=1S/H2O/h1H2");
    assert_false(dl_made_of_next(&rest, &made));
    block.p[6] = 'x'; /* neither an ester nor an ether */
    assert_int_equal(dl_worker_decode(dl_buf_view(&block), NULL, &answer), DL_E_WORKER);
    block.p[6] = 'e';
    block.p[block.n - 18]++; /* its InChI ends behind the field */
    assert_int_equal(dl_worker_decode(dl_buf_view(&block), NULL, &answer), DL_E_WORKER);
    dl_buf_fini(&block);
}

int main(void)
{
    if (access(PROGRAM, X_OK) != 0) {
        fprintf(stderr, "skipped: directline-structure is not built\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_structure_has_formula_mass_and_identity),
        cmocka_unit_test(two_spellings_of_a_structure_are_one),
        cmocka_unit_test(a_salt_has_its_parent),
        cmocka_unit_test(what_is_no_salt_has_no_other_parent),
        cmocka_unit_test(a_class_rule_names_what_was_changed),
        cmocka_unit_test(what_the_reference_has_too_is_no_modification),
        cmocka_unit_test(the_reference_substance_is_outside_its_class),
        cmocka_unit_test(test_substances_are_kept_where_they_are_asked_for),
        cmocka_unit_test(without_being_asked_for_there_are_no_verdicts),
        cmocka_unit_test(a_picture_and_a_fingerprint_come_when_asked_for),
        cmocka_unit_test(hostile_text_is_refused_before_the_library_sees_it),
        cmocka_unit_test(answers_come_in_the_order_of_the_questions),
        cmocka_unit_test(a_thousand_hostile_inputs_leave_the_client_working),
        cmocka_unit_test(a_killed_worker_costs_one_question_and_answers_the_others),
        cmocka_unit_test(what_fits_in_too_many_ways_is_for_a_person),
        cmocka_unit_test(what_may_have_been_overlooked_is_not_inside),
        cmocka_unit_test(only_what_may_be_a_modification_counts_as_one),
        cmocka_unit_test(a_class_holds_every_condition_it_names),
        cmocka_unit_test(a_rule_holds_every_condition_it_names),
        cmocka_unit_test(a_worker_that_cannot_start_is_an_error_of_its_own),
        cmocka_unit_test(rules_that_are_not_there_are_an_error_where_they_were_named),
        cmocka_unit_test(a_missing_worker_is_named),
        cmocka_unit_test(an_answer_cut_anywhere_is_no_answer),
        cmocka_unit_test(what_it_is_made_of_is_whole_or_no_answer),
    };
    return cmocka_run_group_tests(tests, open_worker, close_worker);
}
