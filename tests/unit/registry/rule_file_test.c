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

/* A rule with two holes: its scaffold's positions, and what stands at the end of its object. */
#define HEAD(id)                                                                                   \
    "{\"id\":\"" id "\",\"version\":\"2\",\"jurisdiction\":\"XX\",\"from\":\"2020-01-01\","        \
    "\"title\":{\"en\":\"Things\",\"zh\":\"东西\"},\"instrument\":\"An order\","                 \
    "\"wording\":{\"en\":\"things\",\"level\":\"ours\"},\"listings\":[[\"XX-I\",\"1\"]],"
#define SCAFFOLD(positions)                                                                        \
    "\"scaffolds\":[{\"name\":\"ring\",\"smarts\":\"[c:1]1[c:2]cccc1\",\"positions\":[" positions  \
    "]}]"
#define RULE(id, positions, rest)                                                                  \
    HEAD(id) SCAFFOLD(positions) ",\"tests\":{\"inside\":[[\"a\",\"CF\"]]}" rest "}"
#define POSITION(uses)                                                                             \
    "{\"name\":\"ring\",\"on\":[1],\"allow\":[{\"clause\":\"1\",\"classes\":[" uses "]}]}"

static struct dl_rules *rules;
static struct dl_error error;

static enum dl_err parse(const char *classes, const char *rule)
{
    struct dl_rule_source sources[2] = {{dl_view_str("classes.json"), dl_view_str(classes)},
                                        {dl_view_str("r.json"), dl_view_str(rule ? rule : "")}};
    rules = NULL;
    return dl_rules_parse(sources, rule ? 2 : 1, &rules, &error);
}

static void assert_wrong(const char *classes, const char *rule, const char *word)
{
    assert_int_equal(parse(classes, rule), DL_E_RULE);
    assert_null(rules);
    char told[sizeof error.field + sizeof error.message + 1]; /* as a person reads it */
    snprintf(told, sizeof told, "%s%s%s", error.field, error.field[0] ? " " : "", error.message);
    if (strstr(told, word) == NULL) {
        print_error("%s\n", told);
    }
    assert_non_null(strstr(told, word));
    assert_non_null(strstr(error.hint, "RULES.md"));
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
    assert_wrong("{\"classes\":{\"a\":{\"any\":[\"b\"]},\"b\":{\"any\":[\"a\"]}}}", NULL,
                 "a.any[0].b is no class that stands before this one (classes.json)");
    assert_wrong("{\"classes\":{\"a\":{\"any\":[\"a\"]}}}", NULL, "a.any[0].a ");
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
    assert_wrong(CLASSES, RULE("R", "{\"name\":\"p\",\"allow\":[]}", ""), "positions[0].on ");
    assert_wrong(CLASSES,
                 RULE("R", "{\"name\":\"p\",\"on\":[1],\"from\":1,\"at\":2,\"allow\":[]}", ""),
                 "positions[0].on ");
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
    snprintf(rule, sizeof rule, "%s%s%s]}],\"tests\":{}}", HEAD("R"),
             "\"scaffolds\":[{\"name\":\"s\",\"smarts\":\"[C:1]\",\"positions\":[", positions);
    assert_wrong(CLASSES, rule, "positions");
}

static void what_a_rule_rests_on_must_be_there(void **state)
{
    (void)state;
    static const char *const needed[] = {"id",       "version",    "jurisdiction", "from",
                                         "title",    "instrument", "wording",      "tests",
                                         "listings", "scaffolds"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        char rule[2048] = RULE("R", POSITION("\"alkyl\""), "");
        char key[32];
        char words[64];
        snprintf(key, sizeof key, "\"%s\":", needed[i]);
        char *at = strstr(rule, key);
        assert_non_null(at);
        at[1] = 'X'; /* another key, one letter off */
        assert_wrong(CLASSES, rule, "is no field of this format");
        snprintf(words, sizeof words, "%s is missing", needed[i]);
        json_t *root = json_loads(RULE("R", POSITION("\"alkyl\""), ""), 0, NULL);
        json_object_del(root, needed[i]);
        char *without = json_dumps(root, 0);
        assert_wrong(CLASSES, without, words);
        assert_non_null(strstr(error.message, i == 0 ? "(r.json)" : "(r.json, rule R)"));
        free(without);
        json_decref(root);
    }
    assert_wrong("{}", NULL, "classes is missing (classes.json)");
}

static void what_is_no_json_is_told_with_its_file_and_line(void **state)
{
    (void)state;
    assert_wrong(CLASSES, "{\"id\":\"R\",\n\"version\":}", "r.json: ");
    assert_non_null(strstr(error.message, "line 2"));
    assert_wrong("{", NULL, "classes.json: ");
    assert_wrong(CLASSES, "[]", "(r.json)");
}

static void an_error_names_the_path_of_its_field(void **state)
{
    (void)state;
    assert_wrong(CLASSES, RULE("R", POSITION("\"halogen\",\"alky\""), ""),
                 "scaffolds[0].positions[0].allow[0].classes[1] \"alky\" is no class");
    assert_string_equal(error.field, "scaffolds[0].positions[0].allow[0].classes[1]");
    assert_wrong(CLASSES, RULE("R", POSITION("\"alkyl<=x\""), ""), "classes[0] \"alkyl<=x\"");
    assert_wrong(CLASSES, RULE("R", POSITION("\"alkyl<=4 \""), ""), "classes[0] \"alkyl<=4 \"");
    assert_wrong(CLASSES, RULE("R", POSITION("7"), ""), "classes[0] \"\"");
    assert_wrong(CLASSES, RULE("R", "", ",\"interpretations\":[{\"id\":\"a\"}]"),
                 "interpretations[0].date is missing");
    assert_wrong(CLASSES, RULE("R", "", ",\"exclude\":{\"short\":\"name\"}"),
                 "exclude.short is not");
}

static void days_must_exist_and_be_in_order(void **state)
{
    (void)state;
    assert_wrong(CLASSES, RULE("R", "", ",\"until\":\"2021-02-30\""), "until is no day");
    assert_wrong(CLASSES, RULE("R", "", ",\"until\":\"2020-01-01\""), "until is not after");
    assert_wrong(CLASSES, RULE("R", "", ",\"until\":\"2019-01-01\""), "until is not after");
    assert_int_equal(parse(CLASSES, RULE("R", "", ",\"until\":\"2020-01-02\"")), DL_OK);
    dl_rules_free(&rules);
}

static void before_its_wording_a_rule_may_say_what_was_law(void **state)
{
    (void)state;
    assert_int_equal(
        parse(CLASSES, RULE("R", "", ",\"before\":{\"en\":\"older\",\"zh\":\"更早\"}")), DL_OK);
    assert_int_equal(dl_rule_reach_on(&rules->rule[0], "1900-01-01"), DL_RULE_BEFORE);
    assert_int_equal(dl_rule_reach_on(&rules->rule[0], "2020-01-01"), DL_RULE_LAW);
    assert_false(dl_rule_in_force(&rules->rule[0], "2019-12-31"));
    dl_rules_free(&rules);
    assert_int_equal(parse(CLASSES, RULE("R", "",
                                         ",\"until\":\"2021-01-01\",\"before\":{\"from\":"
                                         "\"2019-01-01\",\"en\":\"older\",\"zh\":\"更早\"}")),
                     DL_OK);
    assert_int_equal(dl_rule_reach_on(&rules->rule[0], "2018-12-31"), DL_RULE_NO_LAW);
    assert_int_equal(dl_rule_reach_on(&rules->rule[0], "2019-01-01"), DL_RULE_BEFORE);
    assert_int_equal(dl_rule_reach_on(&rules->rule[0], "2021-01-01"), DL_RULE_NO_LAW);
    dl_rules_free(&rules);
    assert_wrong(CLASSES, RULE("R", "", ",\"before\":{\"en\":\"older\"}"), "before.zh is missing");
    assert_wrong(
        CLASSES,
        RULE("R", "", ",\"before\":{\"from\":\"2020-01-01\",\"en\":\"older\",\"zh\":\"更早\"}"),
        "before.from is not before");
}

static void a_label_that_no_pattern_has_is_refused(void **state)
{
    (void)state;
    assert_wrong(CLASSES, RULE("R", "{\"name\":\"p\",\"on\":[1,3]}", ""), "positions[0].on names");
    assert_wrong(CLASSES, RULE("R", "{\"name\":\"p\",\"from\":1,\"at\":9}", ""),
                 "positions[0].at ");
    assert_wrong(CLASSES, RULE("R", "{\"name\":\"p\",\"from\":1,\"at\":2,\"own\":[4]}", ""),
                 "positions[0].own names");
}

/* A word that is not understood would be read as its default. */
static void words_of_the_format_are_the_known_ones(void **state)
{
    (void)state;
    char rule[2048] = HEAD("R") "\"tests\":{},\"scaffolds\":[{\"name\":\"s\",\"smarts\":\"C\","
                                "\"free\":\"opn\"}]}";
    assert_wrong(CLASSES, rule, "scaffolds[0].free is none of");
    memcpy(strstr(rule, "\"opn\""), "\"no\" ", 5);
    assert_int_equal(parse(CLASSES, rule), DL_OK);
    dl_rules_free(&rules);
    assert_wrong(CLASSES,
                 RULE("R",
                      "{\"name\":\"p\",\"on\":[1],\"allow\":[{\"clause\":\"1\",\"classes\":"
                      "[\"alkyl\"],\"counts\":\"no\"}]}",
                      ""),
                 "allow[0].counts is neither");
    assert_wrong(CLASSES, RULE("R", "{\"name\":\"p\",\"on\":1}", ""), "positions[0].on is no list");
    assert_wrong(CLASSES, RULE("R", "{\"name\":\"p\",\"on\":[1],\"allow\":{}}", ""), "allow is no");
    assert_wrong(CLASSES, RULE("R", "{\"name\":\"p\",\"on\":[1],\"else\":\"\"}", ""),
                 "else has no");
    assert_wrong("{\"classes\":{\"a\":{\"bridged\":1}}}", NULL, "a.bridged is");
    assert_wrong("{\"classes\":{\"a\":{\"only\":[\"C\",\"N\"]}}}", NULL, "a.only is not one");
}

static void two_rules_cannot_have_one_id(void **state)
{
    (void)state;
    struct dl_rule_source sources[3] = {
        {dl_view_str("classes.json"), dl_view_str(CLASSES)},
        {dl_view_str("a.json"), dl_view_str(RULE("R", POSITION("\"alkyl\""), ""))},
        {dl_view_str("b.json"), dl_view_str(RULE("R", POSITION("\"alkyl\""), ""))}};
    assert_int_equal(dl_rules_parse(sources, 3, &rules, &error), DL_E_RULE);
    assert_non_null(strstr(error.message, "is the id of another file's rule too (b.json, rule R)"));
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
    static const char rule[] =
        HEAD("R") SCAFFOLD("") ",\"tests\":{\"read\":{\"date\":\"2026-11-24\"},"
                               "\"inside\":[[\"a\",\"CF\"]],\"outside\":[[\"b\",\"C\"]],"
                               "\"undecided\":[[\"c\",\"CC\",\"why\"],[\"d\",\"CCC\"]]}}";
    assert_int_equal(parse(CLASSES, rule), DL_OK);
    assert_int_equal(dl_rule_n_tests(&rules->rule[0]), 4);
    const int expected[] = {DL_RULE_OUTSIDE, DL_RULE_INSIDE, DL_RULE_REVIEW, DL_RULE_REVIEW};
    for (size_t i = 0; i < 4; i++) {
        struct dl_rule_test test = dl_rule_test_at(&rules->rule[0], i);
        assert_int_equal(test.expected, expected[i]);
        assert_int_equal(test.name.p[0], "bacd"[i]);
        assert_int_equal(test.reason.n, i == 2 ? 3 : 0);
    }
    dl_rules_free(&rules);
    assert_wrong(CLASSES, HEAD("R") SCAFFOLD("") ",\"tests\":{\"inside\":[[\"a\"]]}}",
                 "tests.inside[0] is not [name, SMILES]");
    assert_wrong(CLASSES, HEAD("R") SCAFFOLD("") ",\"tests\":{\"outside\":[[\"a\",\"C\",7]]}}",
                 "tests.outside[0] is not");
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
        cmocka_unit_test(what_a_rule_rests_on_must_be_there),
        cmocka_unit_test(what_is_no_json_is_told_with_its_file_and_line),
        cmocka_unit_test(an_error_names_the_path_of_its_field),
        cmocka_unit_test(days_must_exist_and_be_in_order),
        cmocka_unit_test(before_its_wording_a_rule_may_say_what_was_law),
        cmocka_unit_test(a_label_that_no_pattern_has_is_refused),
        cmocka_unit_test(words_of_the_format_are_the_known_ones),
        cmocka_unit_test(two_rules_cannot_have_one_id),
        cmocka_unit_test(a_rule_is_law_from_its_first_day_until_its_last),
        cmocka_unit_test(tests_are_read_with_their_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
