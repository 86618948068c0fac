#include "registry/registry.h"
#include "registry/structure_worker_pattern.h"
#include "registry/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { FILES_MAX = 4 * 1024 * 1024, ONE_OF = 7, PATTERNS_MAX = 4096 };

static struct dl_rules *rules;
static struct dl__patterns *patterns;
/* The same patterns, searched without a look before. */
static struct chem_pattern *alone[PATTERNS_MAX];
static size_t n_molecules, n_ruled_out;

static int make_patterns(void **state)
{
    (void)state;
    struct dl_buf files;
    struct dl_rule_source sources[DL_RULES_MAX + 1];
    struct dl_cursor cursor;
    struct dl_error error;
    size_t n = 0;
    dl_buf_init(&files, FILES_MAX);
    assert_true(chem_start());
    assert_int_equal(dl_rules_read_files(DL_BUILD_DIR "/rules", &files, &n, &error), DL_OK);
    dl_cursor_init(&cursor, dl_buf_view(&files));
    for (size_t i = 0; i < n; i++) {
        sources[i].name = dl_cursor_block(&cursor, FILES_MAX);
        sources[i].text = dl_cursor_block(&cursor, FILES_MAX);
    }
    assert_int_equal(dl_rules_parse(sources, n, &rules, &error), DL_OK);
    assert_int_equal(dl__patterns_new(rules, &patterns, &error), DL_OK);
    assert_true(rules->n_patterns <= PATTERNS_MAX);
    for (size_t i = 0; i < rules->n_patterns; i++) {
        alone[i] = chem_pattern_new(rules->pattern[i].smarts);
        assert_non_null(alone[i]);
    }
    dl_buf_fini(&files);
    return 0;
}

static int free_patterns(void **state)
{
    (void)state;
    for (size_t i = 0; i < rules->n_patterns; i++) {
        chem_pattern_free(alone[i]);
    }
    dl__patterns_free(&patterns);
    dl_rules_free(&rules);
    return 0;
}

static void compare(const char *smiles, size_t index, const struct chem_mol *mol)
{
    int *rows = NULL;
    int n = chem_match(mol, alone[index], true, DL__MATCHES_MAX, &rows);
    const struct dl__pattern *found = dl__patterns_match(patterns, (int)index);
    if (found->n != n) {
        print_error("%s occurs %d times in %s, not %d\n", rules->pattern[index].smarts, n, smiles,
                    found->n);
    }
    assert_int_equal(found->n, n);
    if (n > 0) {
        assert_memory_equal(found->rows, rows, (size_t)(n * found->width) * sizeof *rows);
    }
    n_ruled_out += n == 0;
    free(rows);
}

/* With and without the look before it, a pattern is found in the same places. Of the patterns a
 * part is held against each molecule, another part each time: all of them take long. */
static void hold(struct dl_view smiles)
{
    char text[DL_WORKER_SMILES_MAX + 1];
    assert_true(smiles.n < sizeof text);
    memcpy(text, smiles.p, smiles.n);
    text[smiles.n] = '\0';
    struct chem_mol *mol = chem_read_smiles(text);
    if (mol != NULL) {
        dl__patterns_hold(patterns, mol);
        for (size_t i = n_molecules % ONE_OF; i < rules->n_patterns; i += ONE_OF) {
            compare(text, i, mol);
        }
        n_molecules++;
    }
    chem_free(mol);
}

static void a_look_loses_no_match_in_test_substances(void **state)
{
    (void)state;
    n_molecules = n_ruled_out = 0;
    for (size_t i = 0; i < rules->n_rules; i++) {
        for (size_t k = 0; k < dl_rule_n_tests(&rules->rule[i]); k++) {
            hold(dl_rule_test_at(&rules->rule[i], k).smiles);
        }
    }
    assert_true(n_molecules > 500 && n_ruled_out > 10 * n_molecules);
}

static enum dl_err on_structure(void *context, const struct dl_row *row)
{
    (void)context;
    hold(dl_row_text(row, 0));
    return DL_OK;
}

static void a_look_loses_no_match_in_listed_substances(void **state)
{
    (void)state;
    struct dl_registry *registry = NULL;
    struct dl_registry_config config = {.path = DL_BUILD_DIR "/registry.db", .read_only = true};
    struct dl_error error;
    n_molecules = n_ruled_out = 0;
    assert_int_equal(dl_registry_open(&config, &registry, &error), DL_OK);
    assert_int_equal(dl_store_run(dl_registry_store(registry), "SELECT smiles FROM structure", NULL,
                                  0, on_structure, NULL),
                     DL_OK);
    dl_registry_close(&registry);
    assert_true(n_molecules > 500 && n_ruled_out > 10 * n_molecules);
}

/* Kinds of atoms are kept from one molecule to the next: what differs in anything that a pattern
 * asks about is another kind. */
static void atoms_that_differ_are_told_apart(void **state)
{
    (void)state;
    static const char *const pairs[] = {
        "CCN",        "CC[NH3+]",     "C1CCCCC1",  "c1ccccc1",    "C1CC1",         "CC(=O)O",
        "CC(=O)[O-]", "C[N+](C)(C)C", "[13CH3]CO", "[2H]C",       "C#N",           "[C-]#N",
        "C=C",        "CC",           "CCl",       "CS(=O)(=O)N", "CSC",           "C[Si](C)C",
        "[CH3]",      "c1cc[nH]c1",   "c1ccncc1",  "C1CC2CC1CC2", "c1ccc2ccccc2c1"};
    for (size_t round = 0; round < ONE_OF; round++) {
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
            n_molecules = round;
            hold(dl_view_str(pairs[i]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(atoms_that_differ_are_told_apart),
        cmocka_unit_test(a_look_loses_no_match_in_test_substances),
        cmocka_unit_test(a_look_loses_no_match_in_listed_substances),
    };
    return cmocka_run_group_tests(tests, make_patterns, free_patterns);
}
