#include "base/identifier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Numbers of the public record: water, caffeine, fentanyl, protonitazene, a number of ten digits.
 */
static void cas_numbers_with_their_check_digit_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {"7732-18-5", "58-08-2", "437-38-7", "95958-84-2",
                                       "1203681-22-4"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (dl_cas_check(dl_view_str(good[i])) != DL_OK) {
            fail_msg("%s is refused", good[i]);
        }
    }
}

static void one_wrong_digit_is_found_wherever_it_is(void **state)
{
    (void)state;
    static const char right[] = "95958-84-2";
    for (size_t i = 0; i < strlen(right); i++) {
        for (char c = '0'; c <= '9'; c++) {
            char text[sizeof right];
            memcpy(text, right, sizeof right);
            if (right[i] == '-' || right[i] == c || (i == 0 && c == '0')) {
                continue;
            }
            text[i] = c;
            /* digit times position modulo 10 sees every change at positions prime to 10 */
            size_t position = i > 8 ? 1 : i > 5 ? 8 - i : 7 - i;
            if (i == 9 || (position % 2 != 0 && position % 5 != 0)) {
                assert_int_equal(dl_cas_check(dl_view_str(text)), DL_E_CAS);
            }
        }
    }
}

static void what_is_no_cas_number_is_another_fault(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",        "5-08-2",   "58082",         "058-08-2", "58-8-2",      "58-08-22",
        "58-08-",  "-08-2",    "12345678-18-5", "58_08_2",  "5a-08-2",     "58-08-x",
        "58-0a-2", " 58-08-2", "58-08-2 ",      "58--8-2",  "------------"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dl_cas_check(dl_view_str(bad[i])), DL_E_FIELD_VALUE);
    }
}

static void an_inchikey_is_standard(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "PJMPHNIQZUBGLI-UHFFFAOYSA",
                                      "PJMPHNIQZUBGLI-UHFFFAOYXA-N",
                                      "PJMPHNIQZUBGLI-UHFFFAOYSB-N",
                                      "PJMPHNIQZUBGLi-UHFFFAOYSA-N",
                                      "PJMPHNIQZUBGLI_UHFFFAOYSA-N",
                                      "PJMPHNIQZUBGLI-UHFFFAOYSA_N",
                                      "PJMPHNIQZUBGLI-UHFFFAOYSA-n",
                                      "PJMPHNIQZUBGLI-UHFFFAOYSA-NN",
                                      "PJMPHNIQZUBGL1-UHFFFAOYSA-N",
                                      "PJMPHNIQZUBGLI-UHFFFAOYSA-1"};
    assert_int_equal(dl_inchikey_check(dl_view_str("PJMPHNIQZUBGLI-UHFFFAOYSA-N")), DL_OK);
    assert_int_equal(dl_inchikey_check(dl_view_str("PJMPHNIQZUBGLI-UHFFFAOYNA-M")), DL_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dl_inchikey_check(dl_view_str(bad[i])), DL_E_INCHIKEY);
    }
}

static void a_block_is_fourteen_capitals(void **state)
{
    (void)state;
    assert_true(dl_inchikey_is_block(dl_view_str("PJMPHNIQZUBGLI")));
    assert_false(dl_inchikey_is_block(dl_view_str("PJMPHNIQZUBGL")));
    assert_false(dl_inchikey_is_block(dl_view_str("PJMPHNIQZUBGLIX")));
    assert_false(dl_inchikey_is_block(dl_view_str("PJMPHNIQZUBGLi")));
}

static void an_inchi_has_a_formula_and_layers(void **state)
{
    (void)state;
    static const char *const good[] = {"InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3", "InChI=1S/CH4/h1H4",
                                       "InChI=1/C2H4O2/c1-2(3)4/h1H3,(H,3,4)", "InChI=1S/H2O"};
    static const char *const bad[] = {"InChI=1S/",       "InChI=2S/CH4",       "InChI=1S/c1-2",
                                      "InChI=1S/CH4//",  "InChI=1S/CH4/h1H4/", "InChI=1S/CH4/1",
                                      "InChI=1S/CH4/h$", "InChI=1S/CH4/h1 H4", "inchi=1S/CH4"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(dl_inchi_check(dl_view_str(good[i])), DL_OK);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dl_inchi_check(dl_view_str(bad[i])), DL_E_FIELD_VALUE);
    }
}

static void a_unii_is_ten_capitals_or_digits(void **state)
{
    (void)state;
    assert_true(dl_unii_is_valid(dl_view_str("UF599785JZ")));
    assert_false(dl_unii_is_valid(dl_view_str("UF599785J")));
    assert_false(dl_unii_is_valid(dl_view_str("UF599785JZ0")));
    assert_false(dl_unii_is_valid(dl_view_str("uf599785jz")));
    assert_false(dl_unii_is_valid(dl_view_str("UF599785J-")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cas_numbers_with_their_check_digit_are_taken),
        cmocka_unit_test(one_wrong_digit_is_found_wherever_it_is),
        cmocka_unit_test(what_is_no_cas_number_is_another_fault),
        cmocka_unit_test(an_inchikey_is_standard),
        cmocka_unit_test(a_block_is_fourteen_capitals),
        cmocka_unit_test(an_inchi_has_a_formula_and_layers),
        cmocka_unit_test(a_unii_is_ten_capitals_or_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
