/* The public vectors through the runner, and copies of them with one thing changed. */
#include "node/vectors.h"
#include "node/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct told {
    size_t n;
    char file[64], id[64];
};

static void remember(void *context, const char *file, const char *id, const char *what)
{
    struct told *told = context;
    told->n++;
    snprintf(told->file, sizeof told->file, "%s", file);
    snprintf(told->id, sizeof told->id, "%s", id);
    print_message("%s: %s: %s\n", file, id, what);
}

static void every_public_vector_comes_out(void **state)
{
    (void)state;
    struct dl_vectors_counts counts;
    struct told told = {0};
    struct dl_error error = {0};
    assert_int_equal(dl_vectors_run(DL_TESTS_DIR "/vectors/tlog", remember, &told, &counts, &error),
                     DL_OK);
    assert_int_equal(told.n, 0);
    assert_int_equal(counts.differences, 0);
    assert_int_equal(counts.files, 11);
    assert_int_equal(counts.cases, 4683);
}

static char folder[256];

static void run_program(const char *program, const char *option, const char *from, const char *to)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        execlp(program, program, option, from, to, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int copy(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/vectors-XXXXXX", DL_BUILD_DIR);
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    run_program("cp", "-rT", DL_TESTS_DIR "/vectors/tlog", folder);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    run_program("rm", "-rf", folder, NULL);
    return 0;
}

/* Put `to` in the place of the first `from` in a file. */
static void change(const char *name, const char *from, const char *to)
{
    char path[512];
    struct dl_buf text;
    dl_buf_init(&text, 16 * 1024 * 1024);
    assert_int_equal(dl_folder_read(folder, name, &text), DL_OK);
    uint8_t *at = memmem(text.p, text.n, from, strlen(from));
    assert_non_null(at);
    uint8_t *after = at + strlen(from);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.p, 1, (size_t)(at - text.p), file), at - text.p);
    assert_true(fputs(to, file) >= 0);
    assert_int_equal(fwrite(after, 1, (size_t)(text.p + text.n - after), file),
                     text.p + text.n - after);
    assert_int_equal(fclose(file), 0);
    dl_buf_fini(&text);
}

static void restore(const char *name)
{
    char from[512];
    char to[512];
    snprintf(from, sizeof from, "%s/vectors/tlog/%s", DL_TESTS_DIR, name);
    snprintf(to, sizeof to, "%s/%s", folder, name);
    run_program("cp", "-T", from, to);
}

static void a_changed_vector_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *file, *from, *to;
    } cases[] = {
        {"keys.json", "accept", "reject"},
        {"keys.json", "d49b9ab65d790506", "d49b9ab65d790507"},
        {"notes.json", "accept", "reject"},
        {"checkpoints.json", "accept", "reject"},
        {"checkpoints.json", "\"1719792070\"", "\"1719792071\""},
        {"trees.json", "cb04a1491a9470b9", "cb04a1491a9470b8"},
        {"trees.json", "598089b645fd6ff9", "598089b645fd6ff8"},
        {"inclusion.json", "reject", "accept"},
        {"consistency.json", "accept", "reject"},
        {"consistency.json", "reject", "accept"},
        {"tlog-proof.json", "accept", "reject"},
        {"witness.json", "\"status\": 409", "\"status\": 422"},
        {"witness.json", "\"now\": \"1721000021\"", "\"now\": \"1721000022\""},
        {"tiles.json", "tile/0/x001/x234/067", "tile/0/x001/x234/068"},
        {"tiles.json", "\"tile/0/0\"", "\"tile/0/000\""},
        {"tiles.json", "6cb8a352a595b7b6", "6cb8a352a595b7b7"},
        {"tiles.json", "tile/1/001.p/17\"", "tile/1/001.p/18\""},
        {"dir/checkpoint", "1000", "1001"},
        {"tiles/checkpoint", "1000", "1001"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dl_vectors_counts counts = {0};
        struct told told = {0};
        struct dl_error error = {0};
        change(cases[i].file, cases[i].from, cases[i].to);
        assert_int_equal(dl_vectors_run(folder, remember, &told, &counts, &error), DL_OK);
        if (told.n == 0 || strncmp(told.file, cases[i].file, strlen(told.file)) != 0) {
            fail_msg("%s: %s for %s is not told", cases[i].file, cases[i].to, cases[i].from);
        }
        assert_int_equal(counts.differences, told.n);
        restore(cases[i].file);
    }
}

static void a_missing_or_empty_vector_file_is_an_error(void **state)
{
    (void)state;
    char path[512];
    struct dl_vectors_counts counts;
    struct told told = {0};
    struct dl_error error = {0};
    change("inclusion.json", "\"cases\"", "\"casez\"");
    assert_int_equal(dl_vectors_run(folder, remember, &told, &counts, &error), DL_E_INPUT);
    assert_non_null(strstr(error.message, "inclusion.json has no cases"));
    restore("inclusion.json");
    snprintf(path, sizeof path, "%s/witness.json", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(dl_vectors_run(folder, remember, &told, &counts, &error), DL_E_INPUT);
    assert_non_null(strstr(error.message, "witness.json is missing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_public_vector_comes_out),
        cmocka_unit_test_setup_teardown(a_changed_vector_is_told, copy, clean),
        cmocka_unit_test_setup_teardown(a_missing_or_empty_vector_file_is_an_error, copy, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
