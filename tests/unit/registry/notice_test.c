#include "registry/import.h"
#include "registry/notice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "small_registry.h"

static struct small_registry small;
static struct dl_error error;

static int open_small(void **state)
{
    (void)state;
    return small_open(&small, NULL, &error) == DL_OK ? 0 : -1;
}

static int close_small(void **state)
{
    (void)state;
    small_close(&small);
    return 0;
}

static enum dl_notice_state state_of(const char *entry)
{
    struct dl_notice notice;
    assert_int_equal(dl_notice_find(small.store, entry, &notice), DL_OK);
    return notice.state;
}

static int64_t import_notice(void)
{
    struct dl_announcement a;
    assert_int_equal(
        dl_announcement_read(dl_view_str("# jurisdiction: CN\n# instrument: CN-C\n# list: CN-NEW\n"
                                         "# in_force: 2026-02-01\naction,name_en\nadd,Brorphine\n"),
                             &a, &error),
        DL_OK);
    struct dl_import import = {.store = small.store,
                               .announcement = &a,
                               .by = "J. Doe",
                               .file = "",
                               .sha256 = "",
                               .entry = "cn/1",
                               .apply = true};
    assert_int_equal(dl_registry_import(&import, &error), DL_OK);
    dl_announcement_fini(&a);
    return import.id;
}

static void a_notice_is_open_until_somebody_decides(void **state)
{
    (void)state;
    struct dl_decision decline = {.entry = "cn/1", .by = "J. Doe", .at_ms = 5};
    struct dl_notice notice;
    assert_int_equal(state_of("cn/1"), DL_NOTICE_OPEN);
    assert_int_equal(dl_notice_decide(small.store, &decline), DL_OK);
    assert_int_equal(dl_notice_find(small.store, "cn/1", &notice), DL_OK);
    assert_int_equal(notice.state, DL_NOTICE_DECLINED);
    assert_string_equal(notice.by, "J. Doe");
    assert_int_equal(notice.at_ms, 5);
    assert_int_equal(state_of("cn/2"), DL_NOTICE_OPEN);
}

static void an_import_says_by_itself_that_its_notice_was_accepted(void **state)
{
    (void)state;
    struct dl_notice notice;
    int64_t id = import_notice();
    assert_int_equal(dl_notice_find(small.store, "cn/1", &notice), DL_OK);
    assert_int_equal(notice.state, DL_NOTICE_ACCEPTED);
    assert_int_equal(notice.import, id);
}

static void what_was_undone_can_be_accepted_again(void **state)
{
    (void)state;
    int64_t undo_id = 0;
    struct dl_decision accept = {.entry = "cn/1", .by = "J. Doe", .accepted = true};
    accept.import = import_notice();
    struct dl_undo undo = {.store = small.store, .import = accept.import, .by = "J. Doe"};
    assert_int_equal(dl_notice_decide(small.store, &accept), DL_OK);
    assert_int_equal(dl_registry_undo(&undo, &undo_id, &error), DL_OK);
    assert_int_equal(state_of("cn/1"), DL_NOTICE_UNDONE);
    accept.import = import_notice();
    assert_int_equal(state_of("cn/1"), DL_NOTICE_ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_notice_is_open_until_somebody_decides, open_small,
                                        close_small),
        cmocka_unit_test_setup_teardown(an_import_says_by_itself_that_its_notice_was_accepted,
                                        open_small, close_small),
        cmocka_unit_test_setup_teardown(what_was_undone_can_be_accepted_again, open_small,
                                        close_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
