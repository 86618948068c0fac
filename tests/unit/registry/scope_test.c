#include "registry/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void scope_words_are_read_in_three_languages(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        unsigned flags;
    } table[] = {
        {"", 0},
        {"any quantity, as worded in the entry", 0},
        {"any quantity; salts", DL_SCOPE_SALTS},
        {"and any salt thereof", DL_SCOPE_SALTS},
        {"salts (not of hydrochloric or sulphuric acid)", DL_SCOPE_SALTS},
        {"its salts, isomers, and salts of isomers", DL_SCOPE_SALTS | DL_SCOPE_ISOMERS},
        {"stereoisomers unless excepted|salts", DL_SCOPE_SALTS | DL_SCOPE_STEREOISOMERS},
        {"optical isomers|salts", DL_SCOPE_SALTS | DL_SCOPE_OPTICAL},
        {"optical, positional, and geometric isomers, salts, and salts of isomers",
         DL_SCOPE_OPTICAL | DL_SCOPE_POSITIONAL | DL_SCOPE_GEOMETRIC | DL_SCOPE_ISOMERS |
             DL_SCOPE_SALTS},
        {"any quantity; salts, esters and ethers",
         DL_SCOPE_SALTS | DL_SCOPE_ESTERS | DL_SCOPE_ETHERS},
        {"its derivatives and analogues", DL_SCOPE_DERIVATIVES | DL_SCOPE_ANALOGUES},
        {"包含其可能存在的盐类、立体异构体及其盐类（另有规定的除外）",
         DL_SCOPE_SALTS | DL_SCOPE_STEREOISOMERS},
        {"包括其可能存在的盐类、旋光异构体及其盐类（另有规定的除外）",
         DL_SCOPE_SALTS | DL_SCOPE_OPTICAL},
        {"包括其可能存在的盐和单方制剂（除非另有规定）；包括其可能存在的异构体、酯及醚（除非另有规"
         "定）",
         DL_SCOPE_SALTS | DL_SCOPE_PREPARATIONS | DL_SCOPE_ISOMERS | DL_SCOPE_ESTERS |
             DL_SCOPE_ETHERS},
        {"geladene Formen, Stereoisomere, Salze und isotopensubstituierte Verbindungen",
         DL_SCOPE_STEREOISOMERS | DL_SCOPE_SALTS | DL_SCOPE_ISOTOPOLOGUES},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (dl_scope_flags(dl_view_str(table[i].words)) != table[i].flags) {
            fail_msg("%s: %#x, expected %#x", table[i].words,
                     dl_scope_flags(dl_view_str(table[i].words)), table[i].flags);
        }
    }
}

static void a_clause_applies_to_the_entries_it_names(void **state)
{
    (void)state;
    static const struct {
        const char *applies_to, *entry;
        bool applies;
    } table[] = {{"", "anything", true},
                 {"whole annex, final clause 2", "Fentanyl", true},
                 {"paragraph 2", "1(a)/Fentanyl", true},
                 {"16 and its sub-items", "16(5)", true},
                 {"16 and its sub-items", "16", true},
                 {"16 and its sub-items", "1(6)", false},
                 {"16 and its sub-items", "160", false},
                 {"1 and its sub-items", "16(5)", false},
                 {"1[second part] and its sub-items", "1(5)", true},
                 {"17", "17", true},
                 {"17", "17.1", false},
                 {"1308.11(b)", "1308.11(b)(3)", true},
                 {"1308.11(b)", "1308.11(c)(3)", false}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (dl_scope_applies(dl_view_str(table[i].applies_to), dl_view_str(table[i].entry)) !=
            table[i].applies) {
            fail_msg("%s to %s", table[i].applies_to, table[i].entry);
        }
    }
}

#define SKELETON "InChI=1S/C10H15N/c1-9(11-2)8-10-6-4-3-5-7-10/h3-7,9,11H,8H2,1-2H3"

static void forms_of_a_skeleton_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *inchi, *entry;
        enum dl_stereo stereo;
    } table[] = {
        {SKELETON "/t9-/m0/s1", SKELETON "/t9-/m0/s1", DL_STEREO_SAME},
        {SKELETON "/t9-/m0/s1", SKELETON "/t9-/m1/s1", DL_STEREO_MIRROR},
        {SKELETON "/t9-/m0/s1", SKELETON, DL_STEREO_ENTRY_OPEN},
        {SKELETON, SKELETON "/t9-/m0/s1", DL_STEREO_QUERY_OPEN},
        {SKELETON, SKELETON, DL_STEREO_SAME},
        {SKELETON "/t8-,9-/m0/s1", SKELETON "/t8-,9+/m0/s1", DL_STEREO_OTHER},
        {SKELETON "/t8-,9?/m0/s1", SKELETON "/t8-,9+/m0/s1", DL_STEREO_QUERY_OPEN},
        {SKELETON "/b2-1+", SKELETON "/b2-1-", DL_STEREO_OTHER},
        {"", SKELETON, DL_STEREO_OTHER},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(
            dl_stereo_compare(dl_view_str(table[i].inchi), dl_view_str(table[i].entry)),
            table[i].stereo);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scope_words_are_read_in_three_languages),
        cmocka_unit_test(a_clause_applies_to_the_entries_it_names),
        cmocka_unit_test(forms_of_a_skeleton_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
