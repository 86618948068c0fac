/* The public vectors through the runner, and copies of them with one thing changed. */
#include "node/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void print(void *context, const char *file, const char *id, const char *what)
{
    (void)context;
    print_message("%s: %s: %s\n", file, id, what);
}

static void every_public_vector_comes_out(void **state)
{
    (void)state;
    struct dl_vectors_counts counts;
    struct dl_error error = {0};
    assert_int_equal(dl_vectors_run(DL_TESTS_DIR "/vectors/tlog", print, NULL, &counts, &error),
                     DL_OK);
    assert_int_equal(counts.differences, 0);
    assert_int_equal(counts.files, 11);
    assert_int_equal(counts.cases, 4683);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_public_vector_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
