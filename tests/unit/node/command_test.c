/* The command line: which verb, which options, where, and what is wrong. */
#include "node/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS = 12 };

static struct dl_command command;
static struct dl_error error;

/* Parse "directline" and the words of a line; a word is what stands between single blanks. */
static enum dl_err parse(const char *line)
{
    static char text[512];
    char *argv[WORDS] = {"directline"};
    int argc = 1;
    dl_command_fini(&command);
    command.cwd = "/here";
    error = (struct dl_error){0};
    assert_true(strlen(line) < sizeof text);
    memcpy(text, line, strlen(line) + 1);
    for (char *rest = text; *line != '\0' && rest != NULL;) {
        assert_true(argc < WORDS);
        argv[argc++] = strsep(&rest, " ");
    }
    return dl_command_parse(argc, argv, &command, &error);
}

static void refused(const char *line, const char *message, const char *hint)
{
    assert_int_equal(parse(line), DL_E_USAGE);
    assert_int_equal(error.err, DL_E_USAGE);
    assert_null(command.verb);
    if (strstr(error.message, message) == NULL || strstr(error.hint, hint) == NULL) {
        fail_msg("%s: \"%s\", \"%s\"", line, error.message, error.hint);
    }
}

static const char *value_of(const char *name, int nth)
{
    for (int i = 0; i < command.n_options; i++) {
        if (strcmp(command.options[i].option->name, name) == 0 && nth-- == 0) {
            return command.options[i].value == NULL ? "(flag)" : command.options[i].value;
        }
    }
    return NULL;
}

static int clean(void **state)
{
    (void)state;
    static const char *const names[] = {"DIRECTLINE_HOME", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(unsetenv(names[i]), 0);
    }
    return 0;
}

static int leave(void **state)
{
    dl_command_fini(&command);
    return clean(state);
}

static void a_verb_has_as_many_words_as_fit(void **state)
{
    (void)state;
    assert_int_equal(parse("-C cn registry notice accept cn/7 --by J.Doe"), DL_OK);
    assert_string_equal(command.verb->name, "registry notice accept");
    assert_int_equal(command.n_operands, 1);
    assert_string_equal(command.operands[0], "cn/7");
    assert_int_equal(parse("-C cn line us"), DL_OK);
    assert_string_equal(command.verb->name, "line");
    assert_int_equal(parse("-C cn line test us"), DL_OK);
    assert_string_equal(command.verb->name, "line test");
}

static void every_verb_and_option_can_be_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < dl_n_verbs; i++) {
        char line[256];
        snprintf(line, sizeof line, "%s --help", dl_verbs[i].name);
        assert_int_equal(parse(line), DL_OK);
        assert_ptr_equal(command.verb, &dl_verbs[i]);
        assert_true(command.help);
        for (size_t k = 0; k < dl_n_options; k++) {
            if (dl_options[k].verb != dl_verbs[i].run) {
                continue;
            }
            bool flag = dl_options[k].value == NULL;
            snprintf(line, sizeof line, "%s --%s%s --help", dl_verbs[i].name, dl_options[k].name,
                     flag ? "" : "=V");
            assert_int_equal(parse(line), DL_OK);
            assert_non_null(value_of(dl_options[k].name, 0));
        }
    }
}

static void an_unknown_verb_suggests_the_nearest(void **state)
{
    (void)state;
    refused("statsu fentanyl", "there is no verb \"statsu fentanyl\"", "`directline status`");
    refused("statsu", "there is no verb \"statsu\"", "`directline status`");
    refused("alert sent x", "\"alert sent\"", "`directline alert send`");
    refused("alrt send x", "\"alrt send\"", "`directline alert send`");
    refused("xyzzyxyzzy", "\"xyzzyxyzzy\"", "--help` lists the verbs");
    refused("", "say a verb", "--help");
    refused("registry", "no verb \"registry\"", "");
}

static void an_unknown_option_suggests_the_nearest_of_its_verb(void **state)
{
    (void)state;
    refused("status x --jurisdicton CN", "status has no option --jurisdicton",
            "did you mean --jurisdiction?");
    refused("status x --wait", "status has no option --wait", "status --help");
    refused("--verbose status x", "directline has no option --verbose", "--help");
    refused("-x status", "there is no option -x", "");
}

static void an_option_takes_its_value_either_way(void **state)
{
    (void)state;
    assert_int_equal(parse("status a --on 2024-01-01 --jurisdiction=CN --jurisdiction US"), DL_OK);
    assert_string_equal(value_of("on", 0), "2024-01-01");
    assert_string_equal(value_of("jurisdiction", 0), "CN");
    assert_string_equal(value_of("jurisdiction", 1), "US");
    assert_null(value_of("jurisdiction", 2));
    assert_int_equal(parse("-C cn alert send f --wait g"), DL_E_USAGE); // the value needs its "="
    assert_int_equal(parse("-C cn alert send f --wait=5"), DL_OK);
    assert_string_equal(value_of("wait", 0), "5");
    assert_int_equal(parse("-C cn alert send f --wait"), DL_OK);
    assert_string_equal(value_of("wait", 0), "(flag)");
}

static void a_value_too_many_or_too_few_is_refused(void **state)
{
    (void)state;
    refused("status a --on", "--on needs a value", "");
    refused("status a --on 2024-01-01 --on 2024-01-02", "--on is given twice", "");
    refused("status a --exit-code=1", "--exit-code takes no value", "");
}

static void operands_are_counted(void **state)
{
    (void)state;
    refused("-C cn peer show", "peer show takes PEER", "for example");
    refused("-C cn peer show us gb", "too much: gb", "for example");
    refused("registry check x", "takes no operand", "for example");
    assert_int_equal(parse("-C cn peer show us"), DL_OK);
    assert_int_equal(parse("status a b c d e f g h"), DL_OK);
    assert_int_equal(command.n_operands, 8);
}

static void after_two_hyphens_all_are_operands(void **state)
{
    (void)state;
    assert_int_equal(parse("status -- --json -C"), DL_OK);
    assert_false(command.json);
    assert_int_equal(command.n_operands, 2);
    assert_string_equal(command.operands[0], "--json");
    assert_int_equal(parse("status -"), DL_OK);
    assert_string_equal(command.operands[0], "-");
}

static void an_agency_is_named_by_option_or_environment(void **state)
{
    (void)state;
    refused("peer list", "peer list needs an agency", "DIRECTLINE_HOME");
    refused("node", "node needs an agency", "directline -C DIR node");
    refused("-C", "-C needs the agency's folder", "");
    assert_int_equal(parse("status x"), DL_OK);
    assert_null(command.dir);
    assert_int_equal(parse("-C cn peer list"), DL_OK);
    assert_string_equal(command.dir, "/here/cn");
    assert_int_equal(setenv("DIRECTLINE_HOME", "/srv/us", 1), 0);
    assert_int_equal(parse("peer list"), DL_OK);
    assert_string_equal(command.dir, "/srv/us");
    assert_int_equal(parse("-Ccn peer list"), DL_OK);
    assert_string_equal(command.dir, "/here/cn");
    assert_int_equal(setenv("DIRECTLINE_HOME", "", 1), 0);
    refused("peer list", "needs an agency", "");
}

static void paths_become_absolute_and_other_words_do_not(void **state)
{
    (void)state;
    assert_int_equal(parse("restore a.backup /b"), DL_OK);
    assert_string_equal(command.operands[0], "/here/a.backup");
    assert_string_equal(command.operands[1], "/b");
    assert_int_equal(parse("-C /d log export us ours out"), DL_OK);
    assert_string_equal(command.operands[0], "us");
    assert_string_equal(command.operands[1], "ours");
    assert_string_equal(command.operands[2], "/here/out");
    assert_int_equal(parse("-C /d alert send --batch -"), DL_OK);
    assert_string_equal(value_of("batch", 0), "-");
    assert_int_equal(parse("status x --mol y.mol"), DL_OK);
    assert_string_equal(value_of("mol", 0), "/here/y.mol");
}

static void the_language_is_said_or_the_locale_s(void **state)
{
    (void)state;
    assert_int_equal(parse("status x"), DL_OK);
    assert_false(command.zh);
    assert_int_equal(parse("--lang zh status x"), DL_OK);
    assert_true(command.zh);
    refused("status x --lang fr", "--lang is en or zh, not \"fr\"", "");
    assert_int_equal(setenv("LANG", "zh_CN.UTF-8", 1), 0);
    assert_int_equal(parse("status x"), DL_OK);
    assert_true(command.zh);
    assert_int_equal(parse("status x --lang en"), DL_OK);
    assert_false(command.zh);
    assert_int_equal(setenv("LC_ALL", "C", 1), 0);
    assert_int_equal(parse("status x"), DL_OK);
    assert_false(command.zh);
}

static void a_refusal_is_in_json_wherever_json_was_asked(void **state)
{
    (void)state;
    refused("status x --json --bogus", "--bogus", "");
    assert_true(command.json);
    refused("status x --bogus --json", "--bogus", "");
    assert_true(command.json);
    refused("frobnicate --json", "frobnicate", "");
    assert_true(command.json);
    refused("status x --bogus -- --json", "--bogus", "");
    assert_false(command.json);
    refused("status x --bogus", "--bogus", "");
    assert_false(command.json);
}

static void help_needs_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(parse("--help"), DL_OK);
    assert_true(command.help);
    assert_null(command.verb);
    assert_int_equal(parse("peer show -h"), DL_OK);
    assert_true(command.help);
    struct dl_buf text;
    dl_buf_init(&text, 65536);
    for (size_t i = 0; i < dl_n_verbs; i++) {
        dl_buf_reset(&text);
        dl_command_help(&dl_verbs[i], &text);
        dl_buf_u8(&text, 0);
        assert_int_equal(dl_buf_err(&text), DL_OK);
        assert_non_null(strstr((const char *)text.p, dl_verbs[i].example));
        for (size_t k = 0; k < dl_n_options; k++) {
            bool taken = dl_options[k].verb == NULL || dl_options[k].verb == dl_verbs[i].run;
            assert_true(!taken || strstr((const char *)text.p, dl_options[k].help) != NULL);
        }
    }
    dl_buf_fini(&text);
}

static void every_error_has_its_exit_status(void **state)
{
    (void)state;
    static const struct {
        enum dl_err err;
        int code;
    } rows[] = {{DL_OK, 0},
                {DL_E_ID_UNKNOWN, 1},
                {DL_E_NO_RECEIPT, 1},
                {DL_E_USAGE, 2},
                {DL_E_CAS, 2},
                {DL_E_ID_REUSED, 2},
                {DL_E_TOO_LARGE, 2},
                {DL_E_TOO_DEEP, 2},
                {DL_E_FIELD_LENGTH, 2},
                {DL_E_NODE_DOWN, 3},
                {DL_E_PEER_DOWN, 3},
                {DL_E_PROTOCOL, 3},
                {DL_E_STORE_FULL, 4},
                {DL_E_REGISTRY_MISSING, 4},
                {DL_E_FINGERPRINT, 5},
                {DL_E_SIGNATURE, 5},
                {DL_E_WAIT_OVER, 6},
                {DL_E_FROZEN, 7},
                {DL_E_REMOVED, 7},
                {DL_E_WINDOW, 7},
                {DL_E_LIMIT, 7}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(dl_exit_of(rows[i].err), rows[i].code);
    }
    for (int err = DL_OK + 1; err < DL_E_COUNT; err++) {
        assert_in_range(dl_exit_of((enum dl_err)err), 1, 7);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clean, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_verb_has_as_many_words_as_fit),
        TEST(every_verb_and_option_can_be_said),
        TEST(an_unknown_verb_suggests_the_nearest),
        TEST(an_unknown_option_suggests_the_nearest_of_its_verb),
        TEST(an_option_takes_its_value_either_way),
        TEST(a_value_too_many_or_too_few_is_refused),
        TEST(operands_are_counted),
        TEST(after_two_hyphens_all_are_operands),
        TEST(an_agency_is_named_by_option_or_environment),
        TEST(paths_become_absolute_and_other_words_do_not),
        TEST(the_language_is_said_or_the_locale_s),
        TEST(a_refusal_is_in_json_wherever_json_was_asked),
        TEST(help_needs_nothing_else),
        TEST(every_error_has_its_exit_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
