#include "registry/query.h"
#include "registry/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct {
    const char *query;
    enum dl_query_kind kind;
    const char *text;
} FORMS[] = {
    {"", DL_QUERY_EMPTY, ""},
    {" \t\xE3\x80\x80\xC2\xA0", DL_QUERY_EMPTY, ""},
    {"  fentanyl ", DL_QUERY_NAME, "fentanyl"},
    {"437-38-7", DL_QUERY_CAS, "437-38-7"},
    {"CAS 437-38-7", DL_QUERY_CAS, "437-38-7"},
    {"cas: 437-38-7", DL_QUERY_CAS, "437-38-7"},
    {"CAS-Nr. 437-38-7", DL_QUERY_CAS, "437-38-7"},
    {"CAS号：437-38-7", DL_QUERY_NAME, "CAS号：437-38-7"},
    {"CAS号 437-38-7", DL_QUERY_CAS, "437-38-7"},
    {"437‐38‐7", DL_QUERY_CAS, "437-38-7"},
    {"４３７－３８－７", DL_QUERY_CAS, "437-38-7"},
    {"437 38 7", DL_QUERY_CAS, "437-38-7"},
    {"437-38-8", DL_QUERY_BAD_CAS, "437-38-8"},
    {"437-387", DL_QUERY_NAME, "437-387"},
    {"9801", DL_QUERY_CODE, "9801"},
    {"DEA 9801", DL_QUERY_CODE, "9801"},
    {"98010", DL_QUERY_NAME, "98010"},
    {"UF599785JZ", DL_QUERY_UNII, "UF599785JZ"},
    {"UNII: UF599785JZ", DL_QUERY_UNII, "UF599785JZ"},
    {"tapentadol", DL_QUERY_NAME, "tapentadol"},
    {"c1ccccc1Cl", DL_QUERY_NAME, "c1ccccc1Cl"},
    {"PJMPHNIQZUBGLI-UHFFFAOYSA-N", DL_QUERY_INCHIKEY, "PJMPHNIQZUBGLI-UHFFFAOYSA-N"},
    {"InChIKey=PJMPHNIQZUBGLI-UHFFFAOYSA-N", DL_QUERY_INCHIKEY, "PJMPHNIQZUBGLI-UHFFFAOYSA-N"},
    {"pjmphniqzubgli-uhfffaoysa-n", DL_QUERY_INCHIKEY, "PJMPHNIQZUBGLI-UHFFFAOYSA-N"},
    {"pjmphniqzubgli-uhfffaoyxx-n", DL_QUERY_BAD_INCHIKEY, "PJMPHNIQZUBGLI-UHFFFAOYXX-N"},
    {"uf599785jz", DL_QUERY_UNII, "UF599785JZ"},
    {"PJMPHNIQZUBGLI-UHFFFAOYXX-N", DL_QUERY_BAD_INCHIKEY, "PJMPHNIQZUBGLI-UHFFFAOYXX-N"},
    {"PJMPHNIQZUBGLI", DL_QUERY_BLOCK, "PJMPHNIQZUBGLI"},
    {"InChI=1S/CH4/h1H4", DL_QUERY_INCHI, "InChI=1S/CH4/h1H4"},
    {"CASSIA", DL_QUERY_NAME, "CASSIA"},
    {"CAS fentanyl", DL_QUERY_NAME, "CAS fentanyl"},
    {"unii fentanyl", DL_QUERY_NAME, "unii fentanyl"},
    {"fen\xFFtanyl", DL_QUERY_BAD, "fen\xFFtanyl"},
    {"fentanyl\xE2\x80\xAE", DL_QUERY_BAD, "fentanyl\xE2\x80\xAE"},
    {"a\nb", DL_QUERY_BAD, "a\nb"},
};

static void a_query_is_what_its_form_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        struct dl_query query;
        char plain[DL_QUERY_PLAIN];
        dl_query_read(dl_view_str(FORMS[i].query), &query, plain);
        if (query.kind != FORMS[i].kind || !dl_view_is(query.text, FORMS[i].text)) {
            fail_msg("%s: kind %d, text %.*s", FORMS[i].query, query.kind, DL_VIEW_ARG(query.text));
        }
    }
}

static void a_query_beyond_any_name_is_refused_before_it_is_read(void **state)
{
    (void)state;
    size_t n = DL_NAME_OCTETS_MAX + 1;
    char *text = malloc(n);
    struct dl_query query;
    char plain[DL_QUERY_PLAIN];
    assert_non_null(text);
    memset(text, '1', n);
    dl_query_read(dl_view_of(text, n), &query, plain);
    assert_int_equal(query.kind, DL_QUERY_BAD);
    assert_true(query.too_long);
    dl_query_read(dl_view_of(text, n - 1), &query, plain);
    assert_int_equal(query.kind, DL_QUERY_NAME);
    free(text);
}

static void what_can_be_smiles_is_told_from_names(void **state)
{
    (void)state;
    static const char *const smiles[] = {"CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1",
                                         "C1CCOC1",
                                         "O=C(O)CCCO",
                                         "[Na+].[Cl-]",
                                         "C/C=C/C",
                                         "N#N",
                                         "CCO"};
    static const char *const names[] = {"fentanyl", "COCAINE",  "a-PVP",  "C(C", "C)C",
                                        "[Na",      "2C-B-FLY", "芬太尼", "",    "CC O",
                                        "1-(2-x)",  "NOPS",     "Cl"};
    for (size_t i = 0; i < sizeof smiles / sizeof smiles[0]; i++) {
        assert_true(dl_query_may_be_smiles(dl_view_str(smiles[i])));
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_false(dl_query_may_be_smiles(dl_view_str(names[i])));
    }
}

static void a_drawing_is_told_from_what_may_be_a_name(void **state)
{
    (void)state;
    static const char *const drawn[] = {"C(C)O", "CC=O", "[Na+].[Cl-]", "C1CC1=O", "CC.CC"};
    static const char *const others[] = {"CCO", "3-FPO", "C1CC1", "InChI=1S/CH4/h1H4", "C(C"};
    for (size_t i = 0; i < sizeof drawn / sizeof drawn[0]; i++) {
        assert_true(dl_query_is_drawn(dl_view_str(drawn[i])));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(dl_query_is_drawn(dl_view_str(others[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_what_its_form_says),
        cmocka_unit_test(a_query_beyond_any_name_is_refused_before_it_is_read),
        cmocka_unit_test(what_can_be_smiles_is_told_from_names),
        cmocka_unit_test(a_drawing_is_told_from_what_may_be_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
