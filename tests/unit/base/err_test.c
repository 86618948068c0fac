#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void every_code_begins_with_e_and_leads_back(void **state)
{
    (void)state;
    for (int i = 1; i < DL_E_COUNT; i++) {
        const char *code = dl_err_code((enum dl_err)i);
        assert_memory_equal(code, "E_", 2);
        assert_int_equal(dl_err_from_code(code), i);
        assert_true(strlen(dl_err_text((enum dl_err)i)) > 0);
        assert_int_not_equal(dl_err_class((enum dl_err)i), DL_CLASS_NONE);
    }
    assert_string_equal(dl_err_code(DL_OK), "OK");
    assert_int_equal(dl_err_from_code("E_NONSENSE"), DL_OK);
    assert_int_equal(dl_err_from_code("OK"), DL_OK);
}

static void classes_are_those_of_the_contract(void **state)
{
    (void)state;
    assert_string_equal(dl_err_class_name(dl_err_class(DL_E_CAS)), "INPUT");
    assert_string_equal(dl_err_class_name(dl_err_class(DL_E_NODE_DOWN)), "IO");
    assert_string_equal(dl_err_class_name(dl_err_class(DL_E_PROTOCOL)), "PEER");
    assert_string_equal(dl_err_class_name(dl_err_class(DL_E_SIGNATURE)), "TRUST");
    assert_string_equal(dl_err_class_name(dl_err_class(DL_E_STORE_FULL)), "STORE");
    assert_string_equal(dl_err_class_name(dl_err_class(DL_E_FROZEN)), "LIMIT");
    assert_string_equal(dl_err_class_name(dl_err_class(DL_E_BUG)), "BUG");
}

static void an_error_holds_what_to_tell(void **state)
{
    (void)state;
    struct dl_error error;
    assert_int_equal(dl_error_set(&error, DL_E_CAS, "substance.cas", "digit %d", 7), DL_E_CAS);
    assert_int_equal(dl_error_hint(&error, "look at %s", "it"), DL_E_CAS);
    assert_int_equal(error.err, DL_E_CAS);
    assert_string_equal(error.field, "substance.cas");
    assert_string_equal(error.message, "digit 7");
    assert_string_equal(error.hint, "look at it");
    assert_int_equal(dl_error_set(&error, DL_E_TEXT, NULL, NULL), DL_E_TEXT);
    assert_string_equal(error.field, "");
    assert_string_equal(error.message, dl_err_text(DL_E_TEXT));
    assert_string_equal(error.hint, ""); // the old one would mislead
}

static void without_a_place_to_fill_the_code_is_enough(void **state)
{
    (void)state;
    assert_int_equal(dl_error_set(NULL, DL_E_CAS, "x", "y"), DL_E_CAS);
    assert_int_equal(dl_error_hint(NULL, "y"), DL_OK);
}

static void a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct dl_error error;
        char text[3000];
        memset(text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 3) {
            memcpy(text + i, "药", 4);
        }
        dl_error_set(&error, DL_E_TEXT, text, "%s", text);
        dl_error_hint(&error, "%s", text);
        const char *const cut[] = {error.field, error.message, error.hint};
        for (size_t i = 0; i < 3; i++) {
            size_t n = strlen(cut[i]);
            assert_int_equal((n - shift) % 3, 0);
            assert_memory_equal(cut[i], text, n);
        }
        assert_true(strlen(error.message) >= DL_ERROR_MESSAGE_MAX - 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_begins_with_e_and_leads_back),
        cmocka_unit_test(classes_are_those_of_the_contract),
        cmocka_unit_test(an_error_holds_what_to_tell),
        cmocka_unit_test(without_a_place_to_fill_the_code_is_enough),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
