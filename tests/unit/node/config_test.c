/* directline.conf: what is taken, and what is refused with line and key. */
#include "node/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WHOLE "agency = cn\njurisdiction = CN\nname = Lab\nlisten = 127.0.0.1:7001\n"

static struct dl_error error;

static enum dl_err parse(const char *text, struct dl_config *config)
{
    error = (struct dl_error){0};
    return dl_config_parse(dl_view_str(text), config, &error);
}

static void refused(const char *text, const char *key, const char *words)
{
    struct dl_config config = {.agency = "before"};
    assert_int_equal(parse(text, &config), DL_E_CONFIG);
    assert_string_equal(error.field, key);
    if (strstr(error.message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    }
    assert_string_equal(config.agency, "before");
}

static void a_whole_configuration_is_taken(void **state)
{
    (void)state;
    struct dl_config config;
    assert_int_equal(
        parse("# comment\r\n\r\n  agency=us-2 \r\n\tjurisdiction =\tUS\nname = 国家 = lab\n"
              "listen = [::1]:0\nlisten=a.example:65535\nadvertise = b:1\n"
              "test-interval = 0",
              &config),
        DL_OK);
    assert_string_equal(config.agency, "us-2");
    assert_string_equal(config.jurisdiction, "US");
    assert_string_equal(config.name, "国家 = lab");
    assert_int_equal(config.n_listen, 2);
    assert_string_equal(config.listen[0], "[::1]:0");
    assert_string_equal(config.listen[1], "a.example:65535");
    assert_int_equal(config.n_advertise, 1);
    assert_string_equal(config.advertise[0], "b:1");
    assert_int_equal(config.test_interval_s, 0);
}

static void link_tests_are_daily_unless_told(void **state)
{
    (void)state;
    struct dl_config config;
    assert_int_equal(parse(WHOLE, &config), DL_OK);
    assert_int_equal(config.test_interval_s, 86400);
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    struct dl_config config;
    struct dl_config again;
    assert_int_equal(
        parse(WHOLE "listen = h:2\nadvertise = x:9\ntest-interval = 31622400\n", &config), DL_OK);
    struct dl_buf text;
    dl_buf_init(&text, 65536);
    dl_config_format(&config, &text);
    assert_int_equal(dl_config_parse(dl_buf_view(&text), &again, &error), DL_OK);
    assert_memory_equal(&again, &config, sizeof config);
    dl_buf_fini(&text);
}

static void every_mandatory_setting_is_missed(void **state)
{
    (void)state;
    refused("", "", "must be set");
    refused("jurisdiction = CN\nname = Lab\nlisten = h:1\n", "", "must be set");
    refused("agency = cn\nname = Lab\nlisten = h:1\n", "", "must be set");
    refused("agency = cn\njurisdiction = CN\nlisten = h:1\n", "", "must be set");
    refused("agency = cn\njurisdiction = CN\nname = Lab\nadvertise = h:1\n", "", "must be set");
}

static void a_fault_names_its_line_and_key(void **state)
{
    (void)state;
    refused("\n# x\nagency = CN\n", "agency", "line 3");
    refused("agency = c\n", "agency", "line 1");
    refused("agency =\n", "agency", "line 1");
    refused("jurisdiction = cn\n", "jurisdiction", "two capital letters");
    refused("jurisdiction = CHN\n", "jurisdiction", "two capital letters");
    refused("name =\n", "name", "1 to 500 characters");
    refused("name = a\xE2\x80\xAE"
            "b\n",
            "name", "<U+202E>");
    refused("name = a\xFF\n", "name", "<0xFF>");
    refused("listen = 7001\n", "listen", "HOST:PORT");
    refused("\nadvertise = h:\n", "advertise", "line 2");
    refused("test-interval = -1\n", "test-interval", "seconds");
    refused("test-interval = 31622401\n", "test-interval", "seconds");
    refused("agency cn\n", "", "line 1 is not");
}

static void an_unknown_setting_is_named_with_those_that_are(void **state)
{
    (void)state;
    refused(WHOLE "port = 7001\n", "port", "line 5: there is no setting \"port\"");
    assert_non_null(strstr(error.hint, "test-interval"));
    refused("Agency = cn\n", "Agency", "no setting");
    refused("= cn\n", "", "no setting");
}

static void a_key_with_odd_octets_is_no_setting(void **state)
{
    (void)state;
    static const char nul[] = "agency\0x = cn\n";
    struct dl_config config;
    error = (struct dl_error){0};
    assert_int_equal(dl_config_parse(dl_view_of(nul, sizeof nul - 1), &config, &error),
                     DL_E_CONFIG);
    assert_null(memchr(error.message, 0x1B, strlen(error.message)));
    refused("a\x1B[2Jb = cn\n", "", "line 1");
    assert_null(strchr(error.message, 0x1B));
    refused("agency-and-thirty-more-characters-so = cn\n", "", "line 1");
}

static void a_setting_with_one_value_is_set_once(void **state)
{
    (void)state;
    refused(WHOLE "agency = us\n", "agency", "line 5");
    refused(WHOLE "jurisdiction = US\n", "jurisdiction", "line 5");
    refused(WHOLE "name = Lab\n", "name", "line 5");
    refused(WHOLE "test-interval = 0\ntest-interval = 86400\n", "test-interval", "line 6");
}

static void addresses_are_counted(void **state)
{
    (void)state;
    struct dl_config config;
    static const char more[] = WHOLE "listen = h:1\nlisten = h:2\nlisten = h:3\nlisten = h:4\n"
                                     "listen = h:5\nlisten = h:6\nlisten = h:7\n";
    assert_int_equal(parse(more, &config), DL_OK);
    assert_int_equal(config.n_listen, DL_LIMIT_ADDRESSES);
    char text[1024];
    snprintf(text, sizeof text, "%slisten = h:8\n", more);
    refused(text, "listen", "at most 8");
}

static void an_address_is_a_host_and_a_port(void **state)
{
    (void)state;
    static const char *const good[] = {"h:0", "h:65535", "127.0.0.1:1", "[::1]:7001", "::1:7001"};
    static const char *const bad[] = {"",
                                      "h",
                                      ":1",
                                      "h:",
                                      "h:65536",
                                      "h:01",
                                      "h:+1",
                                      "h: 1",
                                      "h :1",
                                      "h:1 ",
                                      "h:1x",
                                      "h\n:1",
                                      "h:999999999999999999999",
                                      "\xC2\x80:1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(dl_config_is_address(dl_view_str(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(dl_config_is_address(dl_view_str(bad[i])));
    }
    char host[300];
    memset(host, 'h', sizeof host);
    memcpy(host + 255, ":1", 3);
    assert_true(dl_config_is_address(dl_view_str(host)));
    memcpy(host + 255, "h:1", 4);
    assert_false(dl_config_is_address(dl_view_str(host)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_configuration_is_taken),
        cmocka_unit_test(link_tests_are_daily_unless_told),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(every_mandatory_setting_is_missed),
        cmocka_unit_test(a_fault_names_its_line_and_key),
        cmocka_unit_test(an_unknown_setting_is_named_with_those_that_are),
        cmocka_unit_test(a_key_with_odd_octets_is_no_setting),
        cmocka_unit_test(a_setting_with_one_value_is_set_once),
        cmocka_unit_test(addresses_are_counted),
        cmocka_unit_test(an_address_is_a_host_and_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
