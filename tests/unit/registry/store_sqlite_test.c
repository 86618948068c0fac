/* The store: what is committed stays, what is not is gone, and nobody else gets in meanwhile. */
#include "registry/store.h"

#include <setjmp.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static int setup(void **state)
{
    (void)state;
    char folder[] = "/tmp/store-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.db", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    const char *suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(command, sizeof command, "%s%s", path, suffixes[i]);
        unlink(command);
    }
    *strrchr(path, '/') = '\0';
    rmdir(path);
    return 0;
}

static struct dl_store *open_store(bool read_only)
{
    struct dl_store_config config = {.path = path,
                                     .schema = "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);",
                                     .version = 3,
                                     .read_only = read_only};
    struct dl_store *store = NULL;
    struct dl_error error = {0};
    enum dl_err err = dl_store_open(&config, &store, &error);
    if (err != DL_OK) {
        print_message("%s\n", error.message);
    }
    assert_int_equal(err, DL_OK);
    return store;
}

static int64_t count(struct dl_store *store)
{
    int64_t n = -1;
    assert_int_equal(dl_store_run(store, "SELECT count(*) FROM t", NULL, 0, dl_row_take_int, &n),
                     DL_OK);
    return n;
}

static void insert(struct dl_store *store, int64_t a, const char *b)
{
    assert_int_equal(dl_store_run(store, "INSERT INTO t VALUES(?1, ?2)",
                                  DL_SQL(DL_SQL_INT(a), DL_SQL_STR(b)), NULL, NULL),
                     DL_OK);
}

static void what_is_committed_is_there_after_reopening(void **state)
{
    (void)state;
    struct dl_store *store = open_store(false);
    assert_int_equal(dl_store_begin(store), DL_OK);
    insert(store, 1, "x");
    assert_int_equal(dl_store_commit(store), DL_OK);
    dl_store_close(&store);
    store = open_store(true);
    assert_int_equal(count(store), 1);
    dl_store_close(&store);
}

static void what_is_rolled_back_is_gone(void **state)
{
    (void)state;
    struct dl_store *store = open_store(false);
    assert_int_equal(dl_store_begin(store), DL_OK);
    insert(store, 1, "x");
    dl_store_rollback(store);
    assert_int_equal(count(store), 0);
    dl_store_close(&store);
}

static void a_second_opener_is_kept_out(void **state)
{
    (void)state;
    struct dl_store *store = open_store(false);
    struct dl_store *second = NULL;
    struct dl_store_config config = {.path = path, .version = 3};
    struct dl_error error;
    assert_int_equal(dl_store_open(&config, &second, &error), DL_E_STORE_LOCKED);
    assert_null(second);
    dl_store_close(&store);
}

/* Is the octet at this place of the file in the system's page cache? */
static bool is_cached(off_t at)
{
    char octet;
    struct iovec to = {&octet, 1};
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    bool cached = preadv2(fd, &to, 1, at, RWF_NOWAIT) == 1;
    close(fd);
    return cached;
}

static void a_start_reads_past_the_page_cache(void **state)
{
    (void)state;
    enum { LARGE = 4 * 1024 * 1024 };
    char *text = calloc(1, LARGE + 1);
    assert_non_null(text);
    memset(text, 'x', LARGE);
    struct dl_store *store = open_store(false);
    insert(store, 1, text);
    free(text);
    dl_store_close(&store);
    int fd = open(path, O_RDONLY);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
    if (is_cached(LARGE / 2)) {
        skip(); // a file system without a disk
    }
    fd = open(path, O_RDONLY); // read it all, so that it is cached
    char chunk[4096];
    while (read(fd, chunk, sizeof chunk) > 0) {
    }
    close(fd);
    assert_true(is_cached(LARGE / 2));
    store = open_store(false);
    assert_false(is_cached(LARGE / 2));
    dl_store_close(&store);
}

static void a_second_opener_here_does_not_let_others_in(void **state)
{
    (void)state;
    struct dl_store *store = open_store(false);
    struct dl_store *second = NULL;
    struct dl_store_config config = {.path = path, .version = 3};
    struct dl_error error;
    assert_int_equal(dl_store_open(&config, &second, &error), DL_E_STORE_LOCKED);
    pid_t child = fork();
    if (child == 0) { // another process: it asks the system, not the engine's memory
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, O_RDWR);
        _exit(fd >= 0 && fcntl(fd, F_SETLK, &lock) != 0 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    dl_store_close(&store);
}

static void another_version_is_refused(void **state)
{
    (void)state;
    struct dl_store *store = open_store(false);
    dl_store_close(&store);
    struct dl_store_config config = {.path = path, .version = 4};
    struct dl_error error;
    assert_int_equal(dl_store_open(&config, &store, &error), DL_E_STORE_VERSION);
    assert_non_null(strstr(error.message, "version 3"));
}

static void a_constraint_is_an_input_error(void **state)
{
    (void)state;
    struct dl_store *store = open_store(false);
    insert(store, 1, "x");
    assert_int_equal(dl_store_run(store, "INSERT INTO t VALUES(?1, ?2)",
                                  DL_SQL(DL_SQL_INT(1), DL_SQL_STR("y")), NULL, NULL),
                     DL_E_INPUT);
    assert_int_equal(count(store), 1);
    dl_store_close(&store);
}

static enum dl_err nested(void *context, const struct dl_row *row)
{
    (void)row;
    struct dl_store *store = context;
    int64_t n = 0;
    DL_TRY(dl_store_run(store, "SELECT a FROM t", NULL, 0, dl_row_take_int, &n));
    return n > 0 ? DL_OK : DL_E_BUG;
}

static void a_statement_may_run_inside_itself(void **state)
{
    (void)state;
    struct dl_store *store = open_store(false);
    insert(store, 1, "x");
    insert(store, 2, "y");
    assert_int_equal(dl_store_run(store, "SELECT a FROM t", NULL, 0, nested, store), DL_OK);
    dl_store_close(&store);
}

static void a_read_only_store_refuses_to_write(void **state)
{
    (void)state;
    struct dl_store *store = open_store(false);
    dl_store_close(&store);
    store = open_store(true);
    assert_int_not_equal(dl_store_run(store, "DELETE FROM t", NULL, 0, NULL, NULL), DL_OK);
    dl_store_close(&store);
}

static void a_backup_is_a_store_of_its_own(void **state)
{
    (void)state;
    struct dl_store *store = open_store(false);
    insert(store, 1, "x");
    char copy[80];
    snprintf(copy, sizeof copy, "%s-copy", path);
    assert_int_equal(dl_store_backup(store, copy, NULL, NULL), DL_OK);
    insert(store, 2, "y");
    dl_store_close(&store);
    struct dl_store_config config = {.path = copy, .version = 3};
    struct dl_error error;
    assert_int_equal(dl_store_open(&config, &store, &error), DL_OK);
    assert_int_equal(count(store), 1);
    dl_store_close(&store);
    unlink(copy);
}

static void a_damaged_file_is_corrupt(void **state)
{
    (void)state;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 9000; i++) {
        fputc('x', file);
    }
    fclose(file);
    struct dl_store *store = NULL;
    struct dl_store_config config = {.path = path, .version = 3};
    struct dl_error error;
    assert_int_equal(dl_store_open(&config, &store, &error), DL_E_STORE_CORRUPT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_committed_is_there_after_reopening),
        T(what_is_rolled_back_is_gone),
        T(a_second_opener_is_kept_out),
        T(a_second_opener_here_does_not_let_others_in),
        T(a_start_reads_past_the_page_cache),
        T(another_version_is_refused),
        T(a_constraint_is_an_input_error),
        T(a_statement_may_run_inside_itself),
        T(a_read_only_store_refuses_to_write),
        T(a_backup_is_a_store_of_its_own),
        T(a_damaged_file_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
