#include "registry/export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "small_registry.h"

static struct small_registry small;
static struct dl_error error;
static char keys[512];

static int open_small(void **state)
{
    (void)state;
    keys[0] = '\0';
    return small_open(&small, NULL, &error) == DL_OK ? 0 : -1;
}

static int close_small(void **state)
{
    (void)state;
    small_close(&small);
    return 0;
}

static enum dl_err take(void *context, const struct dl_export_row *row)
{
    size_t n = strlen(keys);
    (void)snprintf(keys + n, sizeof keys - n, "%.*s %.*s;", DL_VIEW_ARG(row->field[DL_EXPORT_LIST]),
                   DL_VIEW_ARG(row->field[DL_EXPORT_ENTRY]));
    *(int64_t *)context = row->id;
    return DL_OK;
}

static void every_listing_is_given_once_piece_by_piece(void **state)
{
    (void)state;
    int64_t last = 0;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(dl_registry_export(small.store, last, 1, take, &last), DL_OK);
    }
    assert_string_equal(keys, "CN-OLD 1;CN-OLD 2;CN-NEW 9;");
}

static void a_period_has_both_its_days_and_its_jurisdiction(void **state)
{
    (void)state;
    int64_t last = 0;
    struct dl_period period = {"", "2014-01-02", "2025-07-21"};
    assert_int_equal(dl_registry_additions(small.store, &period, take, &last), DL_OK);
    assert_string_equal(keys, "CN-NEW 9;");
    keys[0] = '\0';
    period = (struct dl_period){"CN", "2014-01-01", "2014-01-01"};
    assert_int_equal(dl_registry_additions(small.store, &period, take, &last), DL_OK);
    assert_string_equal(keys, "CN-OLD 1;CN-OLD 2;");
    keys[0] = '\0';
    period.jurisdiction = "US";
    assert_int_equal(dl_registry_additions(small.store, &period, take, &last), DL_OK);
    assert_string_equal(keys, "");
}

static void a_table_carries_no_formula_and_says_null_for_nothing(void **state)
{
    (void)state;
    struct dl_export_row row = {.id = 1};
    struct dl_buf out;
    row.field[DL_EXPORT_NAME] = dl_view_str("=HYPERLINK(\"x\")");
    row.field[DL_EXPORT_LIST] = dl_view_str("CN-OLD");
    dl_buf_init(&out, 8192);
    dl_export_put_csv(&row, &out);
    dl_buf_u8(&out, 0);
    assert_non_null(strstr((const char *)out.p, ",\"'=HYPERLINK(\"\"x\"\")\","));
    assert_non_null(strstr((const char *)out.p, "\r\n"));
    dl_buf_reset(&out);
    dl_export_put_json(&row, &out);
    dl_buf_u8(&out, 0);
    assert_non_null(strstr((const char *)out.p, "{\"jurisdiction\":null,\"list\":\"CN-OLD\","));
    dl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_listing_is_given_once_piece_by_piece, open_small,
                                        close_small),
        cmocka_unit_test_setup_teardown(a_period_has_both_its_days_and_its_jurisdiction, open_small,
                                        close_small),
        cmocka_unit_test(a_table_carries_no_formula_and_says_null_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
