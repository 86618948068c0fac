#include "registry/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char CLASSES[] = "{\"classes\":{\"halogen\":{\"root\":\"[F,Cl]\",\"heavy\":[1,1]},"
                              "\"alkyl\":{\"en\":\"an alkyl group\",\"root\":[\"[CX4]\"],"
                              "\"only\":\"[CX4]\",\"bridged\":false},"
                              "\"either\":{\"any\":[\"halogen\",\"alkyl\"]}}}";

/* A rule with one hole: what stands at the end of its object. */
#define RULE(id, positions, rest)                                                                  \
    "{\"id\":\"" id "\",\"version\":\"2\",\"jurisdiction\":\"XX\",\"from\":\"2020-01-01\","        \
    "\"title\":{\"en\":\"Things\",\"zh\":\"东西\"},\"instrument\":\"An order\","                 \
    "\"listings\":[[\"XX-I\",\"1\"]],\"scaffolds\":[{\"name\":\"ring\",\"smarts\":\"[c:1]"         \
    "1ccccc1\","                                                                                   \
    "\"positions\":[" positions "]}]" rest "}"
#define POSITION(uses)                                                                             \
    "{\"name\":\"ring\",\"on\":[1],\"allow\":[{\"clause\":\"1\",\"classes\":[" uses "]}]}"

static struct dl_rules *rules;
static struct dl_error error;

static enum dl_err parse(const char *classes, const char *rule)
{
    struct dl_view texts[2] = {dl_view_str(classes), dl_view_str(rule ? rule : "")};
    rules = NULL;
    return dl_rules_parse(texts, rule ? 2 : 1, &rules, &error);
}

static void assert_wrong(const char *classes, const char *rule, const char *word)
{
    assert_int_equal(parse(classes, rule), DL_E_RULE);
    assert_null(rules);
    assert_non_null(strstr(error.message, word));
}

static void a_rule_is_read_with_its_words_and_dates(void **state)
{
    (void)state;
    assert_int_equal(parse(CLASSES, RULE("R", POSITION("\"halogen\",\"alkyl<=4\""), "")), DL_OK);
    assert_int_equal(rules->n_rules, 1);
    const struct dl_rule *rule = &rules->rule[0];
    assert_string_equal(rule->id, "R");
    assert_true(dl_view_is(rule->title.en, "Things"));
    assert_true(dl_view_is(rule->title.zh, "东西"));
    assert_true(dl_view_is(rule->instrument.zh, "An order"));
    assert_int_equal(rule->mass_max, -1);
    const struct dl_rule_choice *choice = &rule->scaffold[0].position[0].choice[0];
    assert_int_equal(choice->n_uses, 2);
    assert_int_equal(choice->use[0].carbons_max, -1);
    assert_int_equal(choice->use[1].carbons_max, 4);
    assert_int_equal(dl_rules_find(rules, dl_view_str("R")), 0);
    assert_int_equal(dl_rules_find(rules, dl_view_str("S")), -1);
    dl_rules_free(&rules);
}

static void a_class_keeps_its_conditions(void **state)
{
    (void)state;
    assert_int_equal(parse(CLASSES, NULL), DL_OK);
    assert_int_equal(rules->n_classes, 3);
    assert_int_equal(rules->class[0].heavy[1], 1);
    assert_int_equal(rules->class[0].bridged, -1);
    assert_int_equal(rules->class[1].bridged, 0);
    assert_int_equal(rules->class[1].carbons[1], -1);
    assert_true(dl_view_is(rules->class[1].words.zh, "an alkyl group"));
    assert_int_equal(rules->class[2].n_any, 2);
    dl_rules_free(&rules);
}

static void a_misspelt_field_is_refused(void **state)
{
    (void)state;
    assert_wrong("{\"classes\":{\"a\":{\"rooot\":\"C\"}}}", NULL, "rooot");
    assert_wrong(CLASSES, RULE("R", POSITION("\"alkyl\""), ",\"min_chnged\":1"), "min_chnged");
}

static void a_class_that_is_not_there_is_refused(void **state)
{
    (void)state;
    assert_wrong(CLASSES, RULE("R", POSITION("\"aryl\""), ""), "aryl");
    assert_wrong(CLASSES, RULE("R", POSITION(""), ""), "classes");
}

static void classes_cannot_stand_in_a_circle(void **state)
{
    (void)state;
    assert_wrong("{\"classes\":{\"a\":{\"any\":[\"b\"]},\"b\":{\"any\":[\"a\"]}}}", NULL, "\"b\"");
    assert_wrong("{\"classes\":{\"a\":{\"any\":[\"a\"]}}}", NULL, "\"a\"");
}

static void numbers_out_of_their_range_are_refused(void **state)
{
    (void)state;
    assert_wrong(CLASSES, RULE("R", POSITION("\"alkyl\""), ",\"mass_max\":-5"), "mass_max");
    assert_wrong(CLASSES, RULE("R", POSITION("\"alkyl\""), ",\"mass_max\":\"5\""), "mass_max");
    assert_wrong("{\"classes\":{\"a\":{\"carbons\":[1]}}}", NULL, "carbons");
    assert_wrong(CLASSES, RULE("R", "{\"name\":\"p\",\"on\":[0],\"allow\":[]}", ""),
                 "no label of an atom");
}

static void a_position_must_say_where_it_is(void **state)
{
    (void)state;
    assert_wrong(CLASSES, RULE("R", "{\"name\":\"p\",\"allow\":[]}", ""), "\"on\"");
    assert_int_equal(parse(CLASSES, RULE("R", "{\"name\":\"p\",\"from\":1,\"at\":2}", "")), DL_OK);
    dl_rules_free(&rules);
}

static void more_positions_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    char positions[2048] = "";
    char rule[4096];
    for (int i = 0; i <= DL_RULE_POSITIONS; i++) {
        strcat(positions, i > 0 ? ",{\"name\":\"p\",\"on\":[1]}" : "{\"name\":\"p\",\"on\":[1]}");
    }
    snprintf(rule, sizeof rule,
             "{\"id\":\"R\",\"jurisdiction\":\"XX\",\"from\":\"2020-01-01\",\"title\":\"T\","
             "\"instrument\":\"I\",\"listings\":[[\"X\",\"1\"]],\"scaffolds\":[{\"name\":\"s\","
             "\"smarts\":\"C\",\"positions\":[%s]}]}",
             positions);
    assert_wrong(CLASSES, rule, "positions");
}

static void a_rule_needs_a_day_a_listing_and_a_scaffold(void **state)
{
    (void)state;
    assert_wrong(CLASSES, "{\"id\":\"R\",\"title\":\"T\",\"instrument\":\"I\"}", "R:");
    assert_wrong(CLASSES, "{\"title\":\"T\"}", "id");
    assert_wrong("{}", NULL, "classes");
}

static void a_rule_is_law_from_its_first_day_until_its_last(void **state)
{
    (void)state;
    assert_int_equal(parse(CLASSES, RULE("R", POSITION("\"alkyl\""), ",\"until\":\"2021-01-01\"")),
                     DL_OK);
    assert_false(dl_rule_in_force(&rules->rule[0], "2019-12-31"));
    assert_true(dl_rule_in_force(&rules->rule[0], "2020-01-01"));
    assert_true(dl_rule_in_force(&rules->rule[0], "2020-12-31"));
    assert_false(dl_rule_in_force(&rules->rule[0], "2021-01-01"));
    dl_rules_free(&rules);
}

static void tests_are_read_with_their_labels(void **state)
{
    (void)state;
    static const char tests[] =
        ",\"tests\":{\"inside\":[[\"a\",\"CF\"]],\"outside\":[[\"b\",\"C\"]],"
        "\"undecided\":[[\"c\",\"CC\"],[\"d\",\"CCC\"]]}";
    char rule[2048];
    snprintf(rule, sizeof rule, "%.*s%s}", (int)(strlen(RULE("R", "", "")) - 1), RULE("R", "", ""),
             tests);
    assert_int_equal(parse(CLASSES, rule), DL_OK);
    assert_int_equal(dl_rule_n_tests(&rules->rule[0]), 4);
    const int expected[] = {DL_RULE_OUTSIDE, DL_RULE_INSIDE, DL_RULE_REVIEW, DL_RULE_REVIEW};
    for (size_t i = 0; i < 4; i++) {
        struct dl_rule_test test = dl_rule_test_at(&rules->rule[0], i);
        assert_int_equal(test.expected, expected[i]);
        assert_int_equal(test.name.p[0], "bacd"[i]);
    }
    dl_rules_free(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_is_read_with_its_words_and_dates),
        cmocka_unit_test(a_class_keeps_its_conditions),
        cmocka_unit_test(a_misspelt_field_is_refused),
        cmocka_unit_test(a_class_that_is_not_there_is_refused),
        cmocka_unit_test(classes_cannot_stand_in_a_circle),
        cmocka_unit_test(numbers_out_of_their_range_are_refused),
        cmocka_unit_test(a_position_must_say_where_it_is),
        cmocka_unit_test(more_positions_than_there_is_room_for_are_refused),
        cmocka_unit_test(a_rule_needs_a_day_a_listing_and_a_scaffold),
        cmocka_unit_test(a_rule_is_law_from_its_first_day_until_its_last),
        cmocka_unit_test(tests_are_read_with_their_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
