/* Scenarios: what is accepted, and what is named with line, column and the word that was meant. */
#include "node/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "exercise test \"Test\" \"测试\"\nlength 2h\nagency cn in CN\nagency us in US\n"
#define ALERT                                                                                      \
    "{\"headline\":\"EX-A\",\"substance\":{\"names\":[{\"lang\":\"en\",\"name\":\"EX-A\"}]}}"

static enum dl_err give(void *context, const char *from, const char *name, struct dl_buf *out)
{
    (void)from;
    const char *const *files = context; /* name, text, ..., NULL */
    for (size_t i = 0; files[i] != NULL; i += 2) {
        if (strcmp(files[i], name) == 0) {
            dl_buf_put_str(out, files[i + 1]);
            return dl_buf_err(out);
        }
    }
    return DL_E_INPUT;
}

static struct dl_problems problems;

static struct dl_scenario *read_with(const char *text, const char *setting, const char *more)
{
    const char *files[] = {"main", text, "more", more == NULL ? "" : more, NULL};
    const char *settings[] = {setting};
    struct dl_scenario_source source = {.read = give, .context = (void *)files};
    struct dl_scenario *out = NULL;
    enum dl_err err =
        dl_scenario_read(&source, "main", settings, setting == NULL ? 0 : 1, &out, &problems);
    assert_int_equal(err == DL_OK, problems.n == 0);
    assert_int_equal(err == DL_OK, out != NULL);
    return out;
}

static void accepts(const char *text)
{
    struct dl_scenario *x = read_with(text, NULL, NULL);
    if (x == NULL) {
        fail_msg("%u:%u %s", problems.at[0].line, problems.at[0].column, problems.at[0].message);
    }
    dl_scenario_free(&x);
}

static void refuses(const char *text, unsigned line, unsigned column, const char *hint)
{
    assert_null(read_with(text, NULL, NULL));
    assert_int_equal(problems.at[0].line, line);
    assert_int_equal(problems.at[0].column, column);
    if (strstr(problems.at[0].hint, hint) == NULL) {
        fail_msg("the hint is \"%s\", not \"%s\"", problems.at[0].hint, hint);
    }
}

static void a_whole_script_is_read(void **state)
{
    (void)state;
    struct dl_scenario *x = read_with(
        HEAD "person \"W\" at cn as duty sees after uniform 1m 10m on duty 08:00 to 20:00\n"
             "objective o \"O\"\n"
             "+1h30m cn alert send " ALERT " --id a\n"
             "must us seen a within 90s for 7 points\n",
        NULL, NULL);
    assert_non_null(x);
    assert_string_equal(x->id, "test");
    assert_string_equal(x->title.zh, "测试");
    assert_int_equal(x->length_ms, 7200000);
    assert_int_equal(x->injects[0].at_ms, 5400000);
    assert_non_null(x->injects[0].said.input);
    assert_int_equal(x->people[0].after[DL_FACT_SEEN].kind, DL_SPREAD_UNIFORM);
    assert_int_equal(x->people[0].off_ms, 20 * 3600000);
    assert_int_equal(x->expectations[0].points, 7);
    assert_int_equal(x->expectations[0].time_ms, 90000);
    assert_int_equal(x->expectations[0].objective, 0);
    assert_true(x->expectations[0].must);
    dl_scenario_free(&x);
}

static void the_meant_word_is_suggested(void **state)
{
    (void)state;
    refuses(HEAD "objektive o \"O\"\n", 5, 1, "did you mean objective?");
    refuses(HEAD "+5m link cutt cn us\n", 5, 10, "did you mean cut?");
    refuses(HEAD "+5m cn alrt send " ALERT "\n", 5, 8, "did you mean");
    refuses(HEAD "+5m cn alert send " ALERT " --idd a\n", 5, 8, "did you mean --id?");
    refuses(HEAD "+5m cn alert send " ALERT " --id night\nmust us seen nihgt within 1h\n", 6, 1,
            "did you mean night?");
    refuses(HEAD "param speed 5m\n+$sped link cut cn us\n", 6, 2, "did you mean speed?");
}

static void an_expectation_without_a_deadline_is_refused(void **state)
{
    (void)state;
    refuses(HEAD "+5m cn alert send " ALERT "\nmust us seen 1\n", 6, 15, "within");
    accepts(HEAD "+5m cn alert send " ALERT "\nmust us seen 1 within 1h\n");
}

static void an_alert_that_is_never_sent_is_refused(void **state)
{
    (void)state;
    refuses(HEAD "+5m cn alert send " ALERT "\nmust us seen 2 within 1h\n", 6, 1, "");
}

static void lengths_are_exact(void **state)
{
    (void)state;
    refuses(HEAD "+5x link cut cn us\n", 5, 1, "+05m");
    refuses(HEAD "+5m link cut cn us for 3\n", 5, 24, "write 90s");
    refuses(HEAD "+3h link cut cn us\n", 5, 1, "make `length` longer");
    accepts(HEAD "+2h link cut cn us for 1h30m\n");
}

static void conditions_are_all_or_one_of(void **state)
{
    (void)state;
    accepts(HEAD "must line cn us active and link cn us up and link us cn up by +1h\n");
    refuses(HEAD "must line cn us active and link cn us up or link us cn up by +1h\n", 5, 42,
            "two lines");
}

static void a_content_must_be_valid_and_invented(void **state)
{
    (void)state;
    refuses(HEAD "+5m cn alert send {\"headlin\":\"x\"}\n", 5, 19, "");
    refuses(HEAD "+5m cn alert send "
                 "{\"headline\":\"x\",\"substance\":{\"names\":[{\"lang\":\"en\",\"name\":"
                 "\"Fentanyl\"}]}}\n",
            5, 19, "I8");
    refuses(HEAD "+5m cn alert send {\"headline\":\"x\",\"substance\":{\"cas\":\"437-38-7\"}}\n", 5,
            19, "I8");
    refuses(HEAD
            "+5m cn alert send "
            "{\"headline\":\"x\",\"substance\":{\"inchikey\":\"PJMPHNIQZUBGLI-UHFFFAOYSA-N\"}}\n",
            5, 19, "I8");
    accepts(HEAD
            "+5m cn alert send "
            "{\"headline\":\"x\",\"substance\":{\"inchikey\":\"EXMPHNIQZUBGLI-UHFFFAOYSA-N\"}}\n");
}

static void verbs_that_leave_the_exercise_are_refused(void **state)
{
    (void)state;
    refuses(HEAD "+5m cn log export us ours out\n", 5, 8, "touches no file");
    refuses(HEAD "+5m cn alert watch --exec true\n", 5, 8, "touches no file");
    refuses(HEAD "+5m cn init x --agency x --jurisdiction CN --name x\n", 5, 8, "touches no file");
    accepts(HEAD "+5m cn alert list --out\n");
}

static void parameters_are_put_in_and_overridden(void **state)
{
    (void)state;
    struct dl_scenario *x = read_with(HEAD "param when 5m\n+$when link cut cn us\n", NULL, NULL);
    assert_int_equal(x->injects[0].at_ms, 300000);
    dl_scenario_free(&x);
    x = read_with(HEAD "param when 5m\n+$when link cut cn us\n", "when=10m", NULL);
    assert_int_equal(x->injects[0].at_ms, 600000);
    dl_scenario_free(&x);
    assert_null(read_with(HEAD "param when 5m\n+$when link cut cn us\n", "wen=10m", NULL));
    assert_non_null(strstr(problems.at[0].hint, "when"));
}

static void files_are_included_but_not_without_end(void **state)
{
    (void)state;
    struct dl_scenario *x = read_with("exercise test \"T\"\ninclude more\n", NULL,
                                      "agency cn in CN\nagency us in US\n");
    assert_non_null(x);
    assert_int_equal(x->n_agencies, 2);
    dl_scenario_free(&x);
    assert_null(read_with("exercise test \"T\"\ninclude more\n", NULL, "include more\n"));
    assert_null(read_with("exercise test \"T\"\ninclude none\n", NULL, ""));
    assert_int_equal(problems.at[0].line, 2);
    assert_int_equal(problems.at[0].column, 9);
}

static void spreads_have_the_shape_they_say(void **state)
{
    (void)state;
    struct dl_spread spread = {.kind = DL_SPREAD_UNIFORM, .a = 100, .b = 200};
    assert_int_equal(dl_spread_draw(&spread, 0.5, 0.1), 150);
    spread = (struct dl_spread){.kind = DL_SPREAD_EXPONENTIAL, .a = 1000};
    assert_int_equal(dl_spread_draw(&spread, 0.36787944117144233, 0), 1000); /* 1/e */
    spread = (struct dl_spread){.kind = DL_SPREAD_LOGNORMAL, .a = 1000, .b = 2};
    assert_int_equal(dl_spread_draw(&spread, 0.6065306597126334, 0), 2000); /* one sigma up */
    assert_int_equal(dl_spread_draw(&spread, 0.6065306597126334, 0.5), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_script_is_read),
        cmocka_unit_test(the_meant_word_is_suggested),
        cmocka_unit_test(an_expectation_without_a_deadline_is_refused),
        cmocka_unit_test(an_alert_that_is_never_sent_is_refused),
        cmocka_unit_test(lengths_are_exact),
        cmocka_unit_test(conditions_are_all_or_one_of),
        cmocka_unit_test(a_content_must_be_valid_and_invented),
        cmocka_unit_test(verbs_that_leave_the_exercise_are_refused),
        cmocka_unit_test(parameters_are_put_in_and_overridden),
        cmocka_unit_test(files_are_included_but_not_without_end),
        cmocka_unit_test(spreads_have_the_shape_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
