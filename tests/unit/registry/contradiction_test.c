#include "registry/contradiction.h"
#include "registry/formula.h"
#include "registry/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKER DL_BUILD_DIR "/directline-structure"
#define FENTANYL "PJMPHNIQZUBGLI-UHFFFAOYSA-N"
#define PROTONITAZENE "SJHUJFHOXYDSJY-UHFFFAOYSA-N"
#define PROTONITAZENE_SMILES "CCCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN(CC)CC)cc1"

static struct dl_error error;
static struct dl_registry *registry;
static struct dl_reader *reader;
static struct dl_worker *worker;
static struct dl_worker_answer answer;
static struct dl_contradictions found;

static int open_all(void **state)
{
    (void)state;
    struct dl_registry_config config = {.path = DL_BUILD_DIR "/registry.db", .read_only = true};
    struct dl_worker_config chem = {.path = WORKER, .rules = "", .processes = 1, .later = true};
    if (dl_registry_open(&config, &registry, &error) != DL_OK ||
        dl_reader_new(dl_registry_store(registry), &reader, &error) != DL_OK) {
        return -1;
    }
    return access(WORKER, X_OK) != 0 || dl_worker_open(&chem, &worker, &error) == DL_OK ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    dl_worker_close(&worker);
    dl_reader_free(&reader);
    dl_registry_close(&registry);
    return 0;
}

/* What is found of a substance; its SMILES is read where `read`. */
static void look(const char *text, bool read)
{
    struct dl_moment moment = {.on = 20261124, .version = reader->version};
    json_t *substance = NULL;
    assert_int_equal(dl_json_parse(dl_view_str(text), &substance, NULL), DL_OK);
    if (read) {
        struct dl_worker_ask ask = {.text = dl_json_text(substance, "smiles"), .rule = -1};
        if (worker == NULL) {
            json_decref(substance);
            print_message("skipped: directline-structure was not built (RDKit is missing)\n");
            skip();
        }
        assert_int_equal(dl_worker_ask(worker, &ask, &answer, &error), DL_OK);
    }
    assert_int_equal(
        dl_contradictions_find(reader, &moment, substance, read ? &answer : NULL, &found), DL_OK);
    json_decref(substance);
}

static void expect(size_t i, enum dl_clash clash, const char *field, const char *against)
{
    assert_true(found.n > i);
    assert_int_equal(found.item[i].clash, clash);
    assert_string_equal(found.item[i].field, field);
    assert_string_equal(found.item[i].against, against);
}

static void what_agrees_contradicts_nothing(void **state)
{
    (void)state;
    look("{\"names\":[{\"lang\":\"en\",\"name\":\"Protonitazene\"},{\"lang\":\"zh\",\"name\":"
         "\"丙托尼秦\"}],\"cas\":\"95958-84-2\",\"inchikey\":\"" PROTONITAZENE
         "\",\"smiles\":\"" PROTONITAZENE_SMILES "\",\"formula\":\"C23H30N4O3\"}",
         true);
    assert_int_equal(found.n, 0);
    assert_string_equal(found.key, PROTONITAZENE);
}

static void everything_is_held_against_the_structure(void **state)
{
    (void)state;
    look("{\"names\":[{\"lang\":\"en\",\"name\":\"Metonitazene\"}],\"cas\":\"437-38-7\","
         "\"inchikey\":\"" FENTANYL "\",\"smiles\":\"" PROTONITAZENE_SMILES
         "\",\"formula\":\"C22H28N2O\"}",
         true);
    assert_int_equal(found.n, 4);
    expect(0, DL_CLASH_OTHER, "inchikey", "structure");
    expect(1, DL_CLASH_OTHER, "cas", "structure");
    expect(2, DL_CLASH_OTHER, "names", "structure");
    expect(3, DL_CLASH_FORMULA, "formula", "structure");
    assert_string_equal(found.item[1].means, "Fentanyl (" FENTANYL ")");
    assert_string_equal(found.item[1].anchor, PROTONITAZENE);
    assert_string_equal(found.item[3].means, "C23H30N4O3");
    assert_string_equal(found.key, PROTONITAZENE);
}

static void without_a_structure_the_inchikey_is_the_anchor(void **state)
{
    (void)state;
    look("{\"inchikey\":\"" FENTANYL "\",\"cas\":\"95958-84-2\",\"formula\":\"C22H28N2O\"}", false);
    assert_int_equal(found.n, 1);
    expect(0, DL_CLASH_OTHER, "cas", "inchikey");
    look("{\"inchikey\":\"" FENTANYL "\",\"cas\":\"437-38-7\",\"formula\":\"C22H30N2O\"}", false);
    assert_int_equal(found.n, 1);
    expect(0, DL_CLASH_FORMULA, "formula", "inchikey");
}

static void a_name_is_held_against_the_cas_number(void **state)
{
    (void)state;
    look("{\"names\":[{\"lang\":\"en\",\"name\":\"Protonitazene\"}],\"cas\":\"437-38-7\"}", false);
    assert_int_equal(found.n, 1);
    expect(0, DL_CLASH_OTHER, "names", "cas");
    assert_string_equal(found.key, FENTANYL);
}

static void a_unii_is_held_against_it_too(void **state)
{
    (void)state;
    look("{\"inchikey\":\"" PROTONITAZENE "\",\"unii\":\"UF599785JZ\"}", false);
    assert_int_equal(found.n, 1);
    expect(0, DL_CLASH_OTHER, "unii", "inchikey");
    assert_string_equal(found.item[0].means, "Fentanyl (" FENTANYL ")");
    look("{\"inchikey\":\"" FENTANYL "\",\"unii\":\"UF599785JZ\"}", false);
    assert_int_equal(found.n, 0);
    look("{\"unii\":\"UF599785JZ\",\"names\":[{\"lang\":\"en\",\"name\":\"Protonitazene\"}]}",
         false);
    expect(0, DL_CLASH_OTHER, "names", "unii");
}

static void a_salt_agrees_with_its_parent(void **state)
{
    (void)state;
    look("{\"names\":[{\"lang\":\"en\",\"name\":\"fentanyl hydrochloride\"}],\"cas\":\"437-38-7\","
         "\"smiles\":\"CCC(=O)N(c1ccccc1)C1CC[NH+](CCc2ccccc2)CC1.[Cl-]\","
         "\"formula\":\"C22H28N2O.HCl\"}",
         true);
    assert_int_equal(found.n, 0);
    assert_string_equal(found.key, FENTANYL);
}

static void a_drawing_without_stereochemistry_says_less(void **state)
{
    (void)state;
    look("{\"names\":[{\"lang\":\"en\",\"name\":\"Methamphetamine\"}],\"smiles\":"
         "\"CNC(C)Cc1ccccc1\"}",
         true);
    assert_int_equal(found.n, 0);
}

static void another_form_of_the_skeleton_is_told_apart(void **state)
{
    (void)state;
    look("{\"inchikey\":\"MYWUZJCMWCOHBA-SECBINFHSA-N\",\"smiles\":\"CN[C@@H](C)Cc1ccccc1\"}",
         true);
    assert_int_equal(found.n, 1);
    expect(0, DL_CLASH_FORM, "inchikey", "structure");
}

static void a_key_that_no_one_knows_is_named_as_that(void **state)
{
    (void)state;
    look("{\"inchikey\":\"AAAAAAAAAAAAAA-UHFFFAOYSA-N\",\"names\":[{\"lang\":\"en\",\"name\":"
         "\"Fentanyl\"}]}",
         false);
    assert_int_equal(found.n, 1);
    expect(0, DL_CLASH_UNKNOWN, "names", "inchikey");
    assert_string_equal(found.key, "AAAAAAAAAAAAAA-UHFFFAOYSA-N");
}

static void what_the_registry_does_not_know_contradicts_nothing(void **state)
{
    (void)state;
    look("{\"names\":[{\"lang\":\"en\",\"name\":\"Xyzzyfen\"}],\"cas\":\"50-00-0\",\"inchikey\":"
         "\"" FENTANYL "\"}",
         false);
    assert_int_equal(found.n, 0);
    look("{\"names\":[{\"lang\":\"en\",\"name\":\"Xyzzyfen\"}]}", false);
    assert_int_equal(found.n, 0);
    assert_string_equal(found.key, "");
}

static void an_ambiguous_name_is_no_anchor_and_contradicts_only_what_it_cannot_mean(void **state)
{
    (void)state;
    look("{\"names\":[{\"lang\":\"en\",\"name\":\"MPPP\"}]}", false);
    assert_string_equal(found.key, "");
    look("{\"names\":[{\"lang\":\"en\",\"name\":\"MPPP\"}],\"inchikey\":\"" FENTANYL "\"}", false);
    assert_int_equal(found.n, 1);
    expect(0, DL_CLASH_OTHER, "names", "inchikey");
}

static void a_smiles_that_cannot_be_read_says_why(void **state)
{
    (void)state;
    look("{\"smiles\":\"C1CC\",\"names\":[{\"lang\":\"en\",\"name\":\"Fentanyl\"}]}", true);
    assert_int_equal(found.n, 1);
    expect(0, DL_CLASH_REFUSED, "smiles", "");
    assert_true(found.item[0].means[0] != '\0');
    assert_string_equal(found.key, FENTANYL);
}

static void it_is_said_in_words(void **state)
{
    (void)state;
    struct dl_buf out;
    look("{\"inchikey\":\"" FENTANYL "\",\"cas\":\"95958-84-2\"}", false);
    dl_buf_init(&out, 4096);
    dl_contradiction_put(&found.item[0], DL_LANG_EN, &out);
    assert_true(dl_view_is(dl_buf_view(&out),
                           "contradiction: CAS number 95958-84-2 is that of Protonitazene"
                           " (" PROTONITAZENE "), not of the InChIKey " FENTANYL));
    dl_buf_reset(&out);
    dl_contradiction_put(&found.item[0], DL_LANG_ZH, &out);
    assert_non_null(
        memmem(out.p, out.n, "矛盾：CAS 号 95958-84-2", strlen("矛盾：CAS 号 95958-84-2")));
    dl_buf_fini(&out);
}

static bool same(const char *a, const char *b)
{
    return dl_formula_equal(dl_view_str(a), dl_view_str(b));
}

static void formulas_are_compared_by_their_atoms(void **state)
{
    (void)state;
    assert_true(same("C2H6O", "C2H5OH"));
    assert_true(same("C₂H₆O", "C2H6O"));
    assert_true(same("C8H11NO2.HCl", "C8H12ClNO2"));
    assert_true(same("C8H11NO2·2HCl", "C8H13Cl2NO2"));
    assert_true(same("C2D6O", "C2H6O"));
    assert_false(same("C2H6O", "C2H6O2"));
    assert_false(same("CO", "Co"));
    assert_false(same("C2H6O.HCl", "C2H6O"));
    assert_false(same("999999C999999C999999", "C2H6O")); /* a peer's, and no number overflows */
    assert_true(same("(C2H4)n", "C2H6O")); /* what cannot be read contradicts nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_agrees_contradicts_nothing),
        cmocka_unit_test(everything_is_held_against_the_structure),
        cmocka_unit_test(without_a_structure_the_inchikey_is_the_anchor),
        cmocka_unit_test(a_name_is_held_against_the_cas_number),
        cmocka_unit_test(a_unii_is_held_against_it_too),
        cmocka_unit_test(a_salt_agrees_with_its_parent),
        cmocka_unit_test(a_drawing_without_stereochemistry_says_less),
        cmocka_unit_test(another_form_of_the_skeleton_is_told_apart),
        cmocka_unit_test(a_key_that_no_one_knows_is_named_as_that),
        cmocka_unit_test(what_the_registry_does_not_know_contradicts_nothing),
        cmocka_unit_test(an_ambiguous_name_is_no_anchor_and_contradicts_only_what_it_cannot_mean),
        cmocka_unit_test(a_smiles_that_cannot_be_read_says_why),
        cmocka_unit_test(it_is_said_in_words),
        cmocka_unit_test(formulas_are_compared_by_their_atoms),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
