#include "registry/relation.h"
#include "registry/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKER DL_BUILD_DIR "/directline-structure"
#define RULES DL_TESTS_DIR "/../registry/data/rules"

static struct dl_worker *worker;
static struct dl_error error;
static struct dl_worker_answer answer;

static int open_worker(void **state)
{
    (void)state;
    struct dl_worker_config config = {
        .path = WORKER, .rules = RULES, .processes = 2, .tests = true};
    if (access(WORKER, X_OK) != 0) {
        return 0;
    }
    enum dl_err err = dl_worker_open(&config, &worker, &error);
    if (err != DL_OK) {
        print_error("%s\n", error.message);
    }
    return err == DL_OK ? 0 : -1;
}

static int close_worker(void **state)
{
    (void)state;
    dl_worker_close(&worker);
    return 0;
}

static void need_worker(void)
{
    if (worker == NULL) {
        print_message("skipped: directline-structure was not built (RDKit is missing)\n");
        skip();
    }
}

static void ask(struct dl_view text, unsigned wants)
{
    struct dl_worker_ask question = {.text = text, .wants = wants, .rule = -1};
    need_worker();
    assert_int_equal(dl_worker_ask(worker, &question, &answer, &error), DL_OK);
}

static void ask_smiles(const char *smiles)
{
    ask(dl_view_str(smiles), DL_WANT_RULES);
}

static void expect_key(struct dl_view view, const char *key)
{
    assert_true(dl_view_is(view, key));
}

static void a_salt_is_known_by_its_parent(void **state)
{
    (void)state;
    ask_smiles("CCC(=O)N(c1ccccc1)C1CC[NH+](CCc2ccccc2)CC1.[Cl-]");
    assert_true(answer.understood);
    expect_key(answer.parent_inchikey, "PJMPHNIQZUBGLI-UHFFFAOYSA-N");
    assert_int_equal(answer.inchikey.n, 27);
    assert_false(dl_view_equal(answer.inchikey, answer.parent_inchikey));
    assert_true(dl_view_is(answer.parent_formula, "C22H28N2O"));
}

static void a_free_base_is_no_salt(void **state)
{
    (void)state;
    ask_smiles("CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1");
    expect_key(answer.parent_inchikey, "PJMPHNIQZUBGLI-UHFFFAOYSA-N");
    assert_int_equal(answer.inchikey.n, 0);
}

static void mirror_images_have_their_own_keys(void **state)
{
    (void)state;
    ask_smiles("CN[C@@H](C)Cc1ccccc1");
    expect_key(answer.parent_inchikey, "MYWUZJCMWCOHBA-VIFPVBQESA-N");
    ask_smiles("CN[C@H](C)Cc1ccccc1");
    expect_key(answer.parent_inchikey, "MYWUZJCMWCOHBA-SECBINFHSA-N");
}

static void sides_of_a_double_bond_have_their_own_keys(void **state)
{
    (void)state;
    ask_smiles("OC(=O)/C=C/C(=O)O");
    expect_key(answer.parent_inchikey, "VZCYOOQTPOCHFL-OWOJBTEDSA-N");
    ask_smiles("OC(=O)/C=C\\C(=O)O");
    expect_key(answer.parent_inchikey, "VZCYOOQTPOCHFL-UPHRSURJSA-N");
}

static void a_labelled_form_says_which_plain_one_it_is(void **state)
{
    (void)state;
    ask_smiles("[2H]C([2H])([2H])NC(C)Cc1ccccc1");
    assert_true(answer.understood);
    expect_key(answer.plain_inchikey, "MYWUZJCMWCOHBA-UHFFFAOYSA-N");
    ask_smiles("CNC(C)Cc1ccccc1");
    assert_int_equal(answer.plain_inchikey.n, 0);
}

static void expect_refused(struct dl_view text, const char *words)
{
    ask(text, 0);
    assert_false(answer.understood);
    assert_true(answer.refusal.n >= strlen(words));
    assert_memory_equal(answer.refusal.p, words, strlen(words));
}

static void what_is_not_printable_ascii_never_reaches_the_library(void **state)
{
    (void)state;
    expect_refused(dl_view_of("CC\0O", 4), "it has a character that is not printable");
    expect_refused(dl_view_str("CC O"), "it has a character that is not printable");
    expect_refused(dl_view_str("C\xc3\xa9"), "it has a character that is not printable");
    expect_refused(dl_view_str(""), "it is empty");
    ask_smiles("CCO");
    assert_true(answer.understood);
}

static void limits_of_length_nesting_and_size_hold(void **state)
{
    (void)state;
    static char text[5000];
    need_worker();
    memset(text, 'C', sizeof text);
    expect_refused(dl_view_of(text, 4097), "it is longer than 4,096");
    expect_refused(dl_view_of(text, 301), "it has more than 300 heavy atoms");
    ask(dl_view_of(text, 300), 0);
    assert_true(answer.understood);
    memset(text, '(', 65);
    expect_refused(dl_view_of(text, 100), "its brackets are nested deeper");
}

static void a_mol_record_is_read(void **state)
{
    (void)state;
    static const char mol[] = "ethanol\n  test\n\n  3  2  0  0  0  0  0  0  0  0999 V2000\n"
                              "    0.0000    0.0000    0.0000 C   0  0\n"
                              "    1.5000    0.0000    0.0000 C   0  0\n"
                              "    2.2500    1.3000    0.0000 O   0  0\n"
                              "  1  2  1  0\n  2  3  1  0\nM  END\n";
    ask(dl_view_str(mol), DL_WANT_MOL);
    assert_true(answer.understood);
    expect_key(answer.parent_inchikey, "LFQSCWFLJHTTHZ-UHFFFAOYSA-N");
    ask(dl_view_of(mol, 60), DL_WANT_MOL);
    assert_false(answer.understood);
}

static void a_pattern_is_no_molecule(void **state)
{
    (void)state;
    expect_refused(dl_view_str("[#6]-[#8]"), "it is a pattern (SMARTS)");
    expect_refused(dl_view_str("[*]C"), "it has an atom that is no element");
    expect_refused(dl_view_str("[999C]"), "it has an isotope that cannot be");
    expect_refused(dl_view_str("[65549CH4]"), "it has an isotope that cannot be");
    ask_smiles("[13CH4]");
    assert_true(answer.understood);
}

/* Two atoms: the second's symbol, and the bond's order. */
static void ask_pair(const char *name, const char *symbol, int order)
{
    char mol[512];
    (void)snprintf(mol, sizeof mol,
                   "%s\n  test\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n"
                   "    0.0000    0.0000    0.0000 C   0  0\n"
                   "    1.5000    0.0000    0.0000 %-3s 0  0\n"
                   "  1  2  %d  0\n%sM  END\n> <名称>\n甲醇\n",
                   name, symbol, order,
                   strcmp(symbol, "L") == 0 ? "M  ALS   2  2 F N   O   \n" : "");
    ask(dl_view_str(mol), DL_WANT_MOL);
}

static void a_record_with_a_query_in_it_is_refused(void **state)
{
    (void)state;
    ask_pair("x", "O", 1);
    assert_true(answer.understood);
    ask_pair("x", "L", 1);
    assert_false(answer.understood);
    ask_pair("x", "R#", 1);
    assert_false(answer.understood);
    ask_pair("x", "O", 8);
    assert_false(answer.understood);
    ask_pair("x", "O", 5);
    assert_false(answer.understood);
}

static void names_in_a_record_may_be_in_any_script(void **state)
{
    (void)state;
    ask_pair("\xef\xbb\xbf甲醇", "O", 1);
    assert_true(answer.understood);
    ask_pair("x", "О", 1); /* Cyrillic, where an element is wanted */
    assert_false(answer.understood);
    assert_memory_equal(answer.refusal.p, "it has a character", 18);
}

static void every_rule_answers_its_test_substances_as_labelled(void **state)
{
    (void)state;
    need_worker();
    const struct dl_rules *rules = dl_worker_rules(worker);
    size_t n = 0;
    assert_non_null(rules);
    for (size_t i = 0; i < rules->n_rules; i++) {
        for (size_t k = 0; k < dl_rule_n_tests(&rules->rule[i]); k++, n++) {
            struct dl_rule_test test = dl_rule_test_at(&rules->rule[i], k);
            int got = DL_RULE_OUTSIDE;
            ask(test.smiles, DL_WANT_RULES);
            for (size_t v = 0; v < answer.n_verdicts; v++) {
                got = answer.verdict[v].rule == i ? (int)answer.verdict[v].verdict : got;
            }
            if (!answer.understood || got != test.expected) {
                print_error("%s: %.*s\n", rules->rule[i].id, DL_VIEW_ARG(test.name));
            }
            assert_int_equal(got, test.expected);
        }
    }
    assert_true(n > 1000);
}

static void a_verdict_names_clause_position_and_atoms(void **state)
{
    (void)state;
    struct dl_buf out;
    ask_smiles("CC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1");
    const struct dl_rules *rules = dl_worker_rules(worker);
    int china = dl_rules_find(rules, dl_view_str("CN-2019-FRS"));
    dl_buf_init(&out, 64 * 1024);
    for (size_t i = 0; i < answer.n_verdicts; i++) {
        if (answer.verdict[i].rule == china) {
            dl_rule_explain(rules, &answer.verdict[i], DL_LANG_ZH, &out);
        }
    }
    assert_non_null(
        memmem(out.p, out.n, "使用其他酰基替代丙酰基", strlen("使用其他酰基替代丙酰基")));
    assert_non_null(memmem(out.p, out.n, "原子 1,2,3", strlen("原子 1,2,3")));
    dl_buf_fini(&out);
}

/* A program that echoes gives what is no answer. */
static void a_worker_that_answers_nonsense_costs_the_question(void **state)
{
    (void)state;
    struct dl_worker_config config = {.path = "/bin/cat", .rules = "/nonexistent", .processes = 1};
    struct dl_worker *echo = NULL;
    struct dl_worker_ask question = {.text = dl_view_str("CCO"), .rule = -1};
    assert_int_equal(dl_worker_open(&config, &echo, &error), DL_E_RULE);
    config.rules = NULL;
    assert_int_equal(dl_worker_open(&config, &echo, &error), DL_OK);
    for (int i = 0; i < 5; i++) { /* it is started again for each that still waits */
        assert_int_equal(dl_worker_put(echo, &question, &error), DL_OK);
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(dl_worker_take(echo, &answer, &error), DL_OK);
        assert_false(answer.understood);
    }
    dl_worker_close(&echo);
}

static void a_worker_that_ends_while_it_reads_the_rules_is_an_error(void **state)
{
    (void)state;
    struct dl_worker_config config = {.path = "/bin/false", .rules = RULES, .processes = 2};
    struct dl_worker *dying = NULL;
    assert_int_equal(dl_worker_open(&config, &dying, &error), DL_E_WORKER);
    assert_null(dying);
}

static void wait_until_ready(struct dl_worker *asked)
{
    for (int i = 0; i < 20000 && !dl_worker_ready(asked); i++) {
        usleep(1000);
    }
    assert_true(dl_worker_ready(asked));
}

static void answers_are_ready_before_they_are_taken(void **state)
{
    (void)state;
    struct dl_worker_config config = {
        .path = WORKER, .rules = RULES, .processes = 1, .later = true};
    struct dl_worker *later = NULL;
    struct dl_worker_ask question = {.text = dl_view_str("CC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1"),
                                     .wants = DL_WANT_RULES,
                                     .rule = -1};
    need_worker();
    assert_int_equal(dl_worker_open(&config, &later, &error), DL_OK);
    assert_true(dl_worker_ready(later)); /* nothing waits */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(dl_worker_put(later, &question, &error), DL_OK);
    }
    assert_false(dl_worker_ready(later)); /* it has not read the rules yet */
    wait_until_ready(later);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(dl_worker_take(later, &answer, &error), DL_OK);
        assert_true(answer.understood && answer.n_verdicts > 0);
        assert_true(dl_worker_ready(later));
    }
    dl_worker_close(&later);
}

static void a_worker_that_died_meanwhile_is_ready_to_be_told_of(void **state)
{
    (void)state;
    struct dl_worker_config config = {
        .path = "/bin/false", .rules = RULES, .processes = 1, .later = true};
    struct dl_worker *dead = NULL;
    struct dl_worker_ask question = {.text = dl_view_str("CCO"), .rule = -1};
    assert_int_equal(dl_worker_open(&config, &dead, &error), DL_OK);
    assert_int_equal(dl_worker_put(dead, &question, &error), DL_OK);
    wait_until_ready(dead);
    assert_int_equal(dl_worker_take(dead, &answer, &error), DL_E_WORKER);
    dl_worker_close(&dead);
}

/* Text made of what SMILES is made of: much of it parses, some of it is vicious. */
static size_t make_hostile(uint32_t *seed, char *out, size_t max)
{
    static const char *const parts[] = {
        "C",    "c1", "N",     "(",       ")",    "=",  "#",         "[",        "]",
        "1",    "2",  "%99",   "[C@@H]",  "[Fe]", "c",  "n",         "O",        "S",
        "/",    "\\", ".",     "[13CH4]", "(C",   "C)", "[nH]",      "[99999C]", "Cl",
        "1CC1", "*",  "[*:1]", "[H]",     "-",    ":",  "C1CC2CC1C2"};
    size_t n = 0;
    uint32_t count = 1 + (*seed >> 7) % 120;
    for (uint32_t i = 0; i < count; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        const char *part = parts[(*seed >> 8) % (sizeof parts / sizeof parts[0])];
        if (n + strlen(part) < max) {
            memcpy(out + n, part, strlen(part));
            n += strlen(part);
        }
    }
    return n;
}

static void hostile_inputs_lose_no_client(void **state)
{
    (void)state;
    uint32_t seed = 20261124;
    char text[4096];
    int total = getenv("DL_LONG") ? 10000 : 600;
    int understood = 0;
    need_worker();
    for (int put = 0, taken = 0; taken < total; taken++) {
        while (put < total && dl_worker_waiting(worker) < DL_WORKER_IN_FLIGHT) {
            size_t n = make_hostile(&seed, text, sizeof text);
            struct dl_worker_ask question = {
                .text = dl_view_of(text, n), .wants = DL_RELATIONS_WANTS, .rule = -1};
            assert_int_equal(dl_worker_put(worker, &question, &error), DL_OK);
            put++;
        }
        assert_int_equal(dl_worker_take(worker, &answer, &error), DL_OK);
        understood += answer.understood;
    }
    assert_true(understood > 0 && understood < total);
    ask_smiles("CCO");
    assert_true(answer.understood);
}

/* ---- the registry's answers ---- */

static struct dl_registry *registry;
static struct dl_reader *reader;
static struct dl_status *status;
static struct dl_relations *relations;

static void open_registry(void)
{
    struct dl_registry_config config = {.path = DL_BUILD_DIR "/registry.db", .read_only = true};
    need_worker();
    assert_int_equal(dl_registry_open(&config, &registry, &error), DL_OK);
    assert_int_equal(dl_reader_new(dl_registry_store(registry), &reader, &error), DL_OK);
    dl_status_new(reader, &status);
    dl_relations_new(reader, worker, &relations);
}

static void close_registry(void)
{
    dl_relations_free(&relations);
    dl_status_free(&status);
    dl_reader_free(&reader);
    dl_registry_close(&registry);
}

static void ask_on(const char *smiles, dl_day on)
{
    struct dl_status_options options = {.on = on};
    assert_int_equal(dl_status_set(status, &options), DL_OK);
    ask(dl_view_str(smiles), DL_RELATIONS_WANTS);
    assert_true(answer.understood);
    assert_int_equal(
        dl_relations_answer(relations, status, dl_view_str(smiles), &answer, DL_LANG_EN, &error),
        DL_OK);
}

static const struct dl_status_row *row_of(const char *jurisdiction, enum dl_how how)
{
    int j = dl_reader_jurisdiction(reader, dl_view_str(jurisdiction));
    for (size_t i = 0; i < status->n_rows; i++) {
        if (status->row[i].jurisdiction == j && status->row[i].how == how) {
            return &status->row[i];
        }
    }
    return NULL;
}

/* FR Doc. 2023-27292: before their own listing these were controlled as positional isomers. */
static void expect_isomer_in_us(const char *smiles)
{
    ask_on(smiles, 20230601);
    const struct dl_status_row *row = row_of("US", DL_HOW_ISOMER);
    assert_non_null(row);
    assert_int_equal(row->standing, DL_STANDING_CONTROLLED);
    assert_true(row->clause.n > 0);
}

static void the_three_cases_of_fr_2023_27292_are_positional_isomers(void **state)
{
    (void)state;
    open_registry();
    expect_isomer_in_us("CCCCn1nc(C(=O)NC(C(N)=O)C(C)(C)C)c2ccccc12");
    expect_isomer_in_us("CC(C)CC(N1CCCC1)C(=O)c1ccccc1");
    expect_isomer_in_us("CNC(C)C(=O)c1cccc(C)c1");
    close_registry();
}

static void what_has_another_functional_group_is_no_positional_isomer(void **state)
{
    (void)state;
    open_registry();
    ask_on("CCC(N)C(=O)c1ccc(C)cc1", 20230601); /* mephedrone's formula, a primary amine */
    assert_null(row_of("US", DL_HOW_ISOMER));
    close_registry();
}

static void a_class_rule_answers_where_nothing_is_named(void **state)
{
    (void)state;
    open_registry();
    ask_on("CCCC(=O)N(c1ccc(Cl)cc1)C1CCN(CCc2ccccc2)CC1C", 20261001);
    const struct dl_status_row *row = row_of("CN", DL_HOW_CLASS_RULE);
    assert_non_null(row);
    assert_int_equal(row->standing, DL_STANDING_CONTROLLED);
    ask_on("CCCC(=O)N(c1ccc(Cl)cc1)C1CCN(CCc2ccccc2)CC1C", 20190430);
    assert_null(row_of("CN", DL_HOW_CLASS_RULE));
    close_registry();
}

/* A rule on the day before it is law and on its first day. NONE: the class does not answer. */
static void a_rule_answers_from_its_first_day_on(void **state)
{
    (void)state;
    enum { NONE = -1, YES = DL_STANDING_CONTROLLED, OPEN = DL_STANDING_REVIEW };
    static const struct {
        const char *smiles, *jurisdiction;
        struct {
            dl_day day;
            int standing;
        } on[4];
    } cases[] = {
        {"C1CC1C(=O)N(c1ccccc1)C1CCN(CCc2ccsc2)CC1", "CN", {{20190430, NONE}, {20190501, YES}}},
        {"CCCCCCn1nc(C(=O)NC(CC)C(N)=O)c2ccccc12", "CN", {{20210630, NONE}, {20210701, YES}}},
        {"CCNCCn1c(CCc2ccccn2)nc2ccccc12", "CN", {{20250630, NONE}, {20250701, YES}}},
        {"CC(c1ccc(Br)cc1)N1CCC2(CC1)C(=O)N(C)CN2c1ccccc1",
         "CN",
         {{20260930, NONE}, {20261001, YES}}},
        {"CC(=O)N(c1ccccc1)C1C(C)CN(CCc2ccccc2)CC1C", "US", {{20180205, NONE}, {20180206, YES}}},
        {"CCCCCCCCn1cc(Cc2cccc3ccccc23)c2ccccc12", "US", {{20120708, NONE}, {20120709, OPEN}}},
        {"O=C(c1ccccc1)C(C)N5CCC5", "GB", {{20100415, NONE}, {20100416, YES}}},
        {"O=C(c1ccc5OCCc5c1)C(C)NC", "GB", {{20100722, NONE}, {20100723, YES}}},
        {"C1CNCC(C1)C(c1ccccc1)c1ccccc1", "GB", {{20120612, NONE}, {20120613, YES}}},
        {"CCCn1c(C)c(C(=O)c3cccc4ccccc34)c2cc(Br)ccc12", "GB", {{20091222, NONE}, {20091223, YES}}},
        {"FCCCn1c(C)c(C(=O)c3cccc4ccccc34)c2cc(Br)ccc12",
         "GB",
         {{20130225, NONE}, {20130226, YES}}},
        {"NCC(C)c1ccc2occc2c1", "GB", {{20140609, NONE}, {20140610, YES}}},
        {"C=CCN(C)CCc1c[nH]c2ccc(Cl)cc12", "GB", {{20150106, NONE}, {20150107, YES}}},
        {"CCN(CCc1c[nH]c2ccccc12)CCC", "GB", {{20100415, OPEN}, {20100416, YES}, {20150107, YES}}},
        {"C1CNCCN1Cc1ccc2OCOc2c1", "GB", {{20091222, NONE}, {20091223, YES}}},
        {"CCNCCn1c(Oc2ccccc2)nc2cc(F)ccc12", "GB", {{20250114, NONE}, {20250115, YES}}},
        {"CCCCCn1nc(C(=O)NC(C(C)(C)C)C(=O)OC)c2cc(Cl)ccc12", /* a wider wording before 2019 */
         "GB",
         {{20161213, NONE}, {20161214, OPEN}, {20191114, OPEN}, {20191115, YES}}},
        {"CC(=O)N(c1ccccc1)C1C(C)CN(CCc2ccccc2)CC1C", /* its first day is not known */
         "GB",
         {{19900101, OPEN}, {20250114, OPEN}, {20250115, YES}}},
        {"CC(N)Cc1ccc2CCCCCCc2c1", /* other versions before the recast of 2025 */
         "DE",
         {{20161125, NONE}, {20161126, OPEN}, {20251201, OPEN}, {20260101, YES}}},
        {"CC(c1ccc2OCOc2c1)N6CCC(CC6)n7c(=O)[nH]c8ccccc78", /* a group of 2025 */
         "DE",
         {{20251201, NONE}, {20251202, OPEN}, {20260101, YES}}},
        {"NCC(=O)c1cc(OC)c(Br)cc1OC", "CA", {{20161030, NONE}, {20161031, YES}}},
    };
    open_registry();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t k = 0; k < 4 && cases[i].on[k].day != 0; k++) {
            ask_on(cases[i].smiles, cases[i].on[k].day);
            const struct dl_status_row *row = row_of(cases[i].jurisdiction, DL_HOW_CLASS_RULE);
            int got = row ? (int)row->standing : NONE;
            if (got != cases[i].on[k].standing) {
                print_error("%s on %d\n", cases[i].smiles, (int)cases[i].on[k].day);
            }
            assert_int_equal(got, cases[i].on[k].standing);
        }
    }
    close_registry();
}

/* Dextromethorphan is the methyl ether of dextrorphan, which laws take out by name. */
static void an_ether_of_what_is_excepted_by_name_is_not_reached(void **state)
{
    (void)state;
    open_registry();
    ask_on("CN1CC[C@@]23CCCC[C@@H]2[C@@H]1Cc1ccc(OC)cc13", 20260101);
    assert_null(row_of("GB", DL_HOW_ESTER_ETHER));
    assert_null(row_of("UN", DL_HOW_ESTER_ETHER));
    assert_null(row_of("US", DL_HOW_ESTER_ETHER));
    assert_null(row_of("CA", DL_HOW_ESTER_ETHER));                  /* an exclusion of its own */
    ask_on("CN1CC[C@]23CCCC[C@H]2[C@H]1Cc1ccc(OCC)cc13", 20260101); /* of levorphanol */
    assert_int_equal(row_of("GB", DL_HOW_ESTER_ETHER)->standing, DL_STANDING_CONTROLLED);
    close_registry();
}

/* The same rows whether it is asked for by name or by structure. */
static void a_name_is_answered_like_its_structure(void **state)
{
    (void)state;
    open_registry();
    struct dl_status_options options = {.on = 20260101};
    assert_int_equal(dl_status_set(status, &options), DL_OK);
    assert_int_equal(dl_status_ask(status, dl_view_str("butyrylfentanyl")), DL_OK);
    assert_int_equal(row_of("GB", DL_HOW_CLASS_RULE)->standing, DL_STANDING_CONTROLLED);
    options.on = 20200101; /* before the wording that is held */
    assert_int_equal(dl_status_set(status, &options), DL_OK);
    assert_int_equal(dl_status_ask(status, dl_view_str("butyrylfentanyl")), DL_OK);
    assert_int_equal(row_of("GB", DL_HOW_CLASS_RULE)->standing, DL_STANDING_REVIEW);
    options.on = 20260101;
    assert_int_equal(dl_status_set(status, &options), DL_OK);
    assert_int_equal(dl_status_ask(status, dl_view_str("butyrylfentanyl")), DL_OK);
    size_t n = status->n_rows;
    ask(dl_view_str("CCCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1"), DL_RELATIONS_WANTS);
    assert_int_equal(dl_relations_add(relations, status, &answer, DL_LANG_EN, &error), DL_OK);
    assert_int_equal(status->n_rows, n); /* its structure brings nothing new */
    close_registry();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_salt_is_known_by_its_parent),
        cmocka_unit_test(a_free_base_is_no_salt),
        cmocka_unit_test(mirror_images_have_their_own_keys),
        cmocka_unit_test(sides_of_a_double_bond_have_their_own_keys),
        cmocka_unit_test(a_labelled_form_says_which_plain_one_it_is),
        cmocka_unit_test(what_is_not_printable_ascii_never_reaches_the_library),
        cmocka_unit_test(limits_of_length_nesting_and_size_hold),
        cmocka_unit_test(a_mol_record_is_read),
        cmocka_unit_test(a_pattern_is_no_molecule),
        cmocka_unit_test(a_record_with_a_query_in_it_is_refused),
        cmocka_unit_test(names_in_a_record_may_be_in_any_script),
        cmocka_unit_test(every_rule_answers_its_test_substances_as_labelled),
        cmocka_unit_test(a_verdict_names_clause_position_and_atoms),
        cmocka_unit_test(a_worker_that_answers_nonsense_costs_the_question),
        cmocka_unit_test(a_worker_that_ends_while_it_reads_the_rules_is_an_error),
        cmocka_unit_test(answers_are_ready_before_they_are_taken),
        cmocka_unit_test(a_worker_that_died_meanwhile_is_ready_to_be_told_of),
        cmocka_unit_test(hostile_inputs_lose_no_client),
        cmocka_unit_test(the_three_cases_of_fr_2023_27292_are_positional_isomers),
        cmocka_unit_test(what_has_another_functional_group_is_no_positional_isomer),
        cmocka_unit_test(an_ether_of_what_is_excepted_by_name_is_not_reached),
        cmocka_unit_test(a_name_is_answered_like_its_structure),
        cmocka_unit_test(a_class_rule_answers_where_nothing_is_named),
        cmocka_unit_test(a_rule_answers_from_its_first_day_on),
    };
    return cmocka_run_group_tests(tests, open_worker, close_worker);
}
