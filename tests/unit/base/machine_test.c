#include "base/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IDLE, BUSY, DONE };
static const struct dl_machine_state states[] = {
    [IDLE] = {"idle", DL_MOVE(BUSY)},
    [BUSY] = {"busy", DL_MOVE(IDLE) | DL_MOVE(DONE)},
    [DONE] = {"done", 0},
};

static void a_machine_moves_as_its_table_says(void **state)
{
    (void)state;
    struct dl_machine machine;
    dl_machine_init(&machine, states, 3, IDLE);
    assert_string_equal(dl_machine_name(&machine), "idle");
    assert_true(dl_machine_can(&machine, BUSY));
    assert_false(dl_machine_can(&machine, IDLE));
    assert_false(dl_machine_can(&machine, DONE));
    dl_machine_move(&machine, BUSY);
    dl_machine_move(&machine, DONE);
    assert_string_equal(dl_machine_name(&machine), "done");
    assert_false(dl_machine_can(&machine, BUSY));
}

/* The signal that ends a child which makes this move. */
static int signal_of_move(unsigned from, unsigned to)
{
    pid_t child = fork();
    if (child == 0) {
        struct dl_machine machine;
        close(STDERR_FILENO);
        dl_machine_init(&machine, states, 3, from);
        dl_machine_move(&machine, to);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void a_move_that_is_not_in_the_table_aborts(void **state)
{
    (void)state;
    assert_int_equal(signal_of_move(IDLE, BUSY), 0);
    assert_int_equal(signal_of_move(IDLE, DONE), SIGABRT);
    assert_int_equal(signal_of_move(DONE, IDLE), SIGABRT);
    assert_int_equal(signal_of_move(IDLE, 3), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_moves_as_its_table_says),
        cmocka_unit_test(a_move_that_is_not_in_the_table_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
