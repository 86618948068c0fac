#include "node/agency_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "certs/identity.h"
#include "node/agency_keys.h"
#include "node/file.h"
#include "node/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* One agency in a fresh folder; each test leaves it as it found it. */
static char home[64], dir[80];
static const char *const files[] = {"ca.key",      "tls.key", "journal.key",
                                    "receipt.key", "ca.der",  "tls.der"};
enum { FILES = sizeof files / sizeof *files };

static void path_of(char out[160], const char *name)
{
    (void)snprintf(out, 160, "%s/keys/%s", dir, name);
}

static unsigned long listens_at;

static int set_up(void **state)
{
    (void)state;
    struct dl_config config = {.agency = "us",
                               .jurisdiction = "US",
                               .name = "A laboratory",
                               .listen = {"127.0.0.1:0"},
                               .n_listen = 1};
    struct dl_error error = {.err = DL_OK};
    (void)setenv("DIRECTLINE_REGISTRY", DL_BUILD_DIR "/registry.db", 1);
    (void)snprintf(home, sizeof home, "/tmp/directline-test-XXXXXX");
    assert_non_null(mkdtemp(home));
    (void)snprintf(dir, sizeof dir, "%s/us", home);
    enum dl_err err = dl_agency_dir_make(dir, &config, &error);
    if (err != DL_OK) {
        print_error("%s\n", error.message);
    }
    listens_at = strtoul(strchr(config.listen[0], ':') + 1, NULL, 10);
    return err == DL_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const rest[] = {
        "head/head.db", "line.db", "registry.db", "directline.conf", "head", "keys", ""};
    char path[160];
    for (size_t i = 0; i < FILES; i++) {
        path_of(path, files[i]);
        (void)unlink(path);
    }
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, rest[i]);
        (void)remove(path);
    }
    return rmdir(home);
}

static void a_port_is_chosen_that_no_connection_going_out_takes(void **state)
{
    (void)state;
    assert_in_range(listens_at, 20000, 32767);
}

static enum dl_err try_to_open(struct dl_error *error)
{
    struct dl_agency *agency = NULL;
    *error = (struct dl_error){.err = DL_OK};
    enum dl_err err = dl_agency_dir_open_offline(dir, &agency, error);
    if (err == DL_OK) {
        dl_agency_dir_close_offline(&agency);
    }
    return err;
}

static void what_was_made_opens_again(void **state)
{
    (void)state;
    struct dl_error error;
    assert_int_equal(try_to_open(&error), DL_OK);
}

static void keys_are_made_for_the_owner_only(void **state)
{
    (void)state;
    char path[160];
    struct stat st;
    for (size_t i = 0; i < FILES; i++) {
        path_of(path, files[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
    path_of(path, "");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void each_file_that_others_can_read_is_refused_with_what_to_do(void **state)
{
    (void)state;
    char path[160];
    struct dl_error error;
    for (size_t i = 0; i < FILES; i++) {
        path_of(path, files[i]);
        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(try_to_open(&error), DL_E_KEY_MODE);
        assert_non_null(strstr(error.message, files[i]));
        assert_non_null(strstr(error.hint, "chmod 0600"));
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(try_to_open(&error), DL_OK);
    }
}

static void a_folder_that_others_can_enter_is_refused(void **state)
{
    (void)state;
    char path[160];
    struct dl_error error;
    path_of(path, "");
    assert_int_equal(chmod(path, 0711), 0);
    assert_int_equal(try_to_open(&error), DL_E_KEY_MODE);
    assert_non_null(strstr(error.hint, "chmod 0700"));
    assert_int_equal(chmod(path, 0700), 0);
}

static void a_link_in_the_place_of_a_key_is_refused(void **state)
{
    (void)state;
    char path[160];
    char other[160];
    struct dl_error error;
    path_of(path, "tls.key");
    path_of(other, "tls.moved");
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(try_to_open(&error), DL_E_KEY_MODE);
    assert_int_equal(rename(other, path), 0);
    assert_int_equal(try_to_open(&error), DL_OK);
}

static void only_the_authoritys_key_may_be_elsewhere(void **state)
{
    (void)state;
    char path[160];
    char other[160];
    struct dl_error error;
    path_of(other, "moved");
    for (size_t i = 0; i < FILES; i++) {
        path_of(path, files[i]);
        assert_int_equal(rename(path, other), 0);
        assert_int_equal(try_to_open(&error), i == 0 ? DL_OK : DL_E_KEY);
        assert_int_equal(rename(other, path), 0);
    }
}

static void a_renewal_is_made_only_when_it_is_time(void **state)
{
    (void)state;
    bool renewed = true;
    char path[160];
    struct dl_error error = {.err = DL_OK};
    struct dl_buf der;
    struct dl_buf written;
    dl_buf_init(&der, DL_LIMIT_CERTIFICATE);
    dl_buf_init(&written, DL_LIMIT_CERTIFICATE);
    struct dl_renewal renewal = {.dir = dir, .days = 60, .now_ms = (int64_t)time(NULL) * 1000};
    assert_int_equal(dl_agency_keys_renew(&renewal, &renewed, &der, &error), DL_OK);
    assert_false(renewed);
    dl_buf_reset(&der);
    renewal.days = DL_CERTIFICATE_DAYS + 1;
    assert_int_equal(dl_agency_keys_renew(&renewal, &renewed, &der, &error), DL_OK);
    assert_true(renewed);
    path_of(path, "tls.der");
    assert_int_equal(dl_file_read(path, DL_LIMIT_CERTIFICATE, &written, &error), DL_OK);
    assert_true(dl_view_equal(dl_buf_view(&der), dl_buf_view(&written)));
    assert_int_equal(try_to_open(&error), DL_OK);
    dl_buf_fini(&der);
    dl_buf_fini(&written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_made_opens_again),
        cmocka_unit_test(keys_are_made_for_the_owner_only),
        cmocka_unit_test(each_file_that_others_can_read_is_refused_with_what_to_do),
        cmocka_unit_test(a_folder_that_others_can_enter_is_refused),
        cmocka_unit_test(a_link_in_the_place_of_a_key_is_refused),
        cmocka_unit_test(only_the_authoritys_key_may_be_elsewhere),
        cmocka_unit_test(a_port_is_chosen_that_no_connection_going_out_takes),
        cmocka_unit_test(a_renewal_is_made_only_when_it_is_time),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
