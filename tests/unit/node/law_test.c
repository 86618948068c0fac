#include "node/law.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct dl_buf out;

static int open_buffer(void **state)
{
    (void)state;
    dl_buf_init(&out, 65536);
    return 0;
}

static int close_buffer(void **state)
{
    (void)state;
    dl_buf_fini(&out);
    return 0;
}

static void expect_change(const char *then, const char *now, const char *words)
{
    dl_buf_reset(&out);
    dl_law_change(dl_view_str(then), dl_view_str(now), "2026-11-24", &out);
    if (!dl_view_is(dl_buf_view(&out), words)) {
        print_error("%.*s\n", DL_VIEW_ARG(dl_buf_view(&out)));
    }
    assert_true(dl_view_is(dl_buf_view(&out), words));
}

static void a_change_says_where_from_what_to_what_and_when(void **state)
{
    (void)state;
    expect_change("CN not-listed;US controlled I;",
                  "CN controlled non-pharmaceutical;US controlled I;",
                  "law: CN not-listed > controlled non-pharmaceutical (2026-11-24)");
    expect_change("CN announced;US controlled I;", "CN controlled A;US controlled II;",
                  "law: CN announced > controlled A; US controlled I > controlled II (2026-11-24)");
}

static void what_stands_as_before_is_no_change(void **state)
{
    (void)state;
    expect_change("CN not-listed;US controlled I;", "CN not-listed;US controlled I;", "");
    expect_change("", "", "");
}

static void a_class_that_becomes_a_name_is_a_change(void **state)
{
    (void)state;
    expect_change("US controlled I by class-rule;", "US controlled I;",
                  "law: US controlled I by class-rule > controlled I (2026-11-24)");
}

static void to_become_known_is_a_change_only_where_it_is_listed(void **state)
{
    (void)state;
    expect_change("", "CN not-listed;US controlled I;",
                  "law: US unknown > controlled I (2026-11-24)");
    expect_change("", "CN not-listed;", "");
    expect_change("CN not-listed;US controlled I;", "",
                  "law: US controlled I > unknown (2026-11-24)");
    expect_change("CN not-listed;", "", "");
}

static void hurt_text_ends_where_it_is_hurt(void **state)
{
    (void)state;
    expect_change("CN controlled I;US", "CN ended;", "law: CN controlled I > ended (2026-11-24)");
    expect_change("CN;", "CN ended;", "law: CN  > ended (2026-11-24)");
}

static void standings_are_one_short_text(void **state)
{
    (void)state;
    struct dl_law law = {
        .n = 3,
        .row = {{.jurisdiction = "CN",
                 .standing = DL_STANDING_CONTROLLED,
                 .how = DL_HOW_CLASS_RULE,
                 .schedule = "non-pharmaceutical"},
                {.jurisdiction = "DE",
                 .standing = DL_STANDING_ENDED,
                 .how = DL_HOW_NAME,
                 .schedule = "Anlage I"},
                {.jurisdiction = "US", .standing = DL_STANDING_NOT_LISTED, .how = DL_HOW_NONE}}};
    dl_buf_reset(&out);
    dl_law_standings(&law, &out);
    assert_true(
        dl_view_is(dl_buf_view(&out),
                   "CN controlled non-pharmaceutical by class-rule;DE ended;US not-listed;"));
}

static void an_entry_without_a_substance_has_no_law(void **state)
{
    (void)state;
    static const struct dl_law none;
    dl_buf_reset(&out);
    dl_law_put_json(&none, &out);
    assert_true(dl_view_is(dl_buf_view(&out), "null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_says_where_from_what_to_what_and_when),
        cmocka_unit_test(what_stands_as_before_is_no_change),
        cmocka_unit_test(a_class_that_becomes_a_name_is_a_change),
        cmocka_unit_test(to_become_known_is_a_change_only_where_it_is_listed),
        cmocka_unit_test(hurt_text_ends_where_it_is_hurt),
        cmocka_unit_test(standings_are_one_short_text),
        cmocka_unit_test(an_entry_without_a_substance_has_no_law),
    };
    return cmocka_run_group_tests(tests, open_buffer, close_buffer);
}
