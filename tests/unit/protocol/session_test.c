#include "tests/unit/protocol/session_pair.h"

static void two_empty_journals_are_confirmed(void **state)
{
    (void)state;
    connect_both();
    printf("%s", world.log);
    submit(&world.cn, 1);
    pump();
    submit(&world.us, 3);
    pump();
    printf("--\n%s", world.log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_empty_journals_are_confirmed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
