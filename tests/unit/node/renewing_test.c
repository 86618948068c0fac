/* The certificate over the years: an agency of a real folder in a virtual world, whose clock runs
 * as fast as its days are looked at. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "certs/identity.h"
#include "node/agency_dir.h"
#include "node/file.h"
#include "node/renewing.h"
#include "node/virtual_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DAY_S = 86400 };
static const uint64_t day_ms = 86400000;

struct rig {
    char dir[64];
    struct dl_virtual *virtual;
    struct dl_world *world;
    struct dl_agency *agency;
    struct dl_renewing *renewing;
    unsigned renewed, not_renewed;
};

static void hear(void *context, struct dl_view line)
{
    struct rig *rig = context;
    static const char good[] = "\"event\":\"certificate.renewed\"";
    static const char bad[] = "\"event\":\"certificate.not-renewed\"";
    rig->renewed += memmem(line.p, line.n, good, sizeof good - 1) != NULL;
    rig->not_renewed += memmem(line.p, line.n, bad, sizeof bad - 1) != NULL;
}

static void no_fault(void *context, enum dl_err err, const char *message)
{
    (void)context;
    fail_msg("%d: %s", err, message);
}

static void begin(struct rig *rig)
{
    struct dl_error error;
    struct dl_config config = {.agency = "us",
                               .jurisdiction = "US",
                               .name = "A laboratory",
                               .listen = {"127.0.0.1:0"},
                               .n_listen = 1,
                               .test_interval_s = DAY_S};
    *rig = (struct rig){.dir = "/tmp/directline-renewing-XXXXXX"};
    (void)setenv("DIRECTLINE_REGISTRY", DL_BUILD_DIR "/registry.db", 1);
    assert_non_null(mkdtemp(rig->dir));
    assert_int_equal(dl_agency_dir_make(rig->dir, &config, &error), DL_OK);
    rig->virtual = dl_virtual_new(1, (int64_t)time(NULL) * 1000);
    rig->world = dl_virtual_add(rig->virtual, "us");
    rig->world->vouches = false; // the links carry TLS here
    dl_virtual_set_log(rig->world, hear, rig);
    assert_int_equal(dl_agency_dir_open(rig->dir, rig->world, no_fault, NULL, &rig->agency, &error),
                     DL_OK);
}

static void end(struct rig *rig)
{
    static const char *const made[] = {"keys/ca.key",
                                       "keys/tls.key",
                                       "keys/journal.key",
                                       "keys/receipt.key",
                                       "keys/ca.der",
                                       "keys/tls.der",
                                       "keys",
                                       "head/head.db",
                                       "head",
                                       "line.db",
                                       "registry.db",
                                       "directline.conf"};
    char path[128];
    dl_renewing_free(&rig->renewing);
    dl_agency_dir_close(&rig->agency);
    dl_virtual_free(&rig->virtual);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", rig->dir, made[i]);
        assert_int_equal(remove(path), 0);
    }
    assert_int_equal(rmdir(rig->dir), 0);
}

static void read_facts(const struct rig *rig, struct dl_certificate_facts *out)
{
    char path[128];
    struct dl_buf der;
    struct dl_error error;
    dl_buf_init(&der, DL_LIMIT_CERTIFICATE);
    snprintf(path, sizeof path, "%s/keys/tls.der", rig->dir);
    assert_int_equal(dl_file_read(path, DL_LIMIT_CERTIFICATE, &der, &error), DL_OK);
    assert_int_equal(dl_certificate_facts(dl_buf_view(&der), out), DL_OK);
    dl_buf_fini(&der);
}

static void run_days(struct rig *rig, uint64_t days)
{
    dl_virtual_run_until(rig->virtual, dl_virtual_elapsed(rig->virtual) + days * day_ms);
}

static void it_is_renewed_in_time_on_the_same_key_year_after_year(void **state)
{
    (void)state;
    struct rig rig;
    struct dl_certificate_facts first;
    struct dl_certificate_facts now;
    begin(&rig);
    read_facts(&rig, &first);
    rig.renewing = dl_renewing_new(rig.agency);
    run_days(&rig, DL_CERTIFICATE_DAYS - DL_RENEW_DAYS - 1);
    assert_int_equal(rig.renewed, 0); // not before it is time
    run_days(&rig, 2);
    assert_int_equal(rig.renewed, 1);
    for (unsigned year = 0; year < 3; year++) {
        for (unsigned day = 0; day < DL_CERTIFICATE_DAYS; day++) {
            run_days(&rig, 1);
            assert_true(dl_agency_certificate_until(rig.agency) - dl_virtual_now(rig.virtual) >
                        (int64_t)(DL_RENEW_DAYS - 2) * (int64_t)day_ms);
        }
    }
    read_facts(&rig, &now);
    assert_in_range(rig.renewed, 4, 5);
    assert_int_equal(rig.not_renewed, 0);
    assert_true(dl_hash_equal(&first.pin, &now.pin)); // nothing for a peer to do
    assert_string_equal(now.agency, "us");
    assert_int_equal(now.until_ms, dl_agency_certificate_until(rig.agency));
    end(&rig);
}

static void without_the_authoritys_key_it_is_said_every_day(void **state)
{
    (void)state;
    struct rig rig;
    char key[128];
    char away[128];
    begin(&rig);
    int64_t until = dl_agency_certificate_until(rig.agency);
    snprintf(key, sizeof key, "%s/keys/ca.key", rig.dir);
    snprintf(away, sizeof away, "%s/ca.key", rig.dir);
    assert_int_equal(rename(key, away), 0);
    rig.renewing = dl_renewing_new(rig.agency);
    run_days(&rig, DL_CERTIFICATE_DAYS - DL_RENEW_DAYS + 10);
    assert_in_range(rig.not_renewed, 9, 11);
    assert_int_equal(rig.renewed, 0);
    assert_int_equal(dl_agency_certificate_until(rig.agency), until);
    assert_int_equal(rename(away, key), 0);
    run_days(&rig, 1);
    assert_int_equal(rig.renewed, 1);
    end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_renewed_in_time_on_the_same_key_year_after_year),
        cmocka_unit_test(without_the_authoritys_key_it_is_said_every_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
