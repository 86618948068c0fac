/* Reading folders that came from elsewhere. */
#include "node/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[256];

static int make(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/folder-XXXXXX", DL_BUILD_DIR);
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static void write_file(const char *name, size_t n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < n; i++) {
        assert_int_not_equal(fputc('x', file), EOF);
    }
    assert_int_equal(fclose(file), 0);
}

static void drop(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static void a_file_is_read_whole_up_to_the_maximum(void **state)
{
    (void)state;
    struct dl_buf out;
    write_file("a", 40000);
    dl_buf_init(&out, 40000);
    assert_int_equal(dl_folder_read(folder, "a", &out), DL_OK);
    assert_int_equal(out.n, 40000);
    dl_buf_fini(&out);
    dl_buf_init(&out, 39999);
    assert_int_equal(dl_folder_read(folder, "a", &out), DL_E_TOO_LARGE);
    dl_buf_fini(&out);
    drop("a");
    assert_int_equal(dl_folder_read(folder, "a", &out), DL_E_INPUT);
    assert_int_equal(dl_folder_read(folder, ".", &out), DL_E_INPUT);
    assert_int_equal(remove(folder), 0);
}

static void list(void *context, const char *path)
{
    struct dl_buf *names = context;
    dl_buf_printf(names, "%s;", path);
}

static void a_walk_finds_files_links_and_what_is_neither(void **state)
{
    (void)state;
    char path[512];
    struct dl_buf names;
    dl_buf_init(&names, 4096);
    snprintf(path, sizeof path, "%s/b", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file("b/c", 1);
    snprintf(path, sizeof path, "%s/loop", folder);
    assert_int_equal(symlink(folder, path), 0);
    assert_int_equal(dl_folder_walk(folder, list, &names), DL_OK);
    dl_buf_u8(&names, '\0');
    assert_non_null(strstr((const char *)names.p, "b/c;"));
    assert_non_null(strstr((const char *)names.p, "loop;"));
    assert_int_equal(strlen((const char *)names.p), strlen("b/c;loop;"));
    dl_buf_fini(&names);
    drop("loop");
    drop("b/c");
    drop("b");
    assert_int_equal(remove(folder), 0);
    assert_int_equal(dl_folder_walk(folder, list, NULL), DL_E_INPUT);
}

static void folders_without_end_are_refused(void **state)
{
    (void)state;
    char name[64] = "";
    struct dl_buf names;
    dl_buf_init(&names, 4096);
    for (unsigned depth = 0; depth < 20; depth++) {
        char path[512];
        strncat(name, depth == 0 ? "d" : "/d", sizeof name - strlen(name) - 1);
        snprintf(path, sizeof path, "%s/%s", folder, name);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    assert_int_equal(dl_folder_walk(folder, list, &names), DL_E_TOO_DEEP);
    for (size_t n = strlen(name); n > 0; n -= n > 1 ? 2 : 1) {
        name[n] = '\0';
        drop(name);
    }
    assert_int_equal(remove(folder), 0);
    dl_buf_fini(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_file_is_read_whole_up_to_the_maximum, make),
        cmocka_unit_test_setup(a_walk_finds_files_links_and_what_is_neither, make),
        cmocka_unit_test_setup(folders_without_end_are_refused, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
