#include "registry/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* The table of the rules in registry/name.h: text and its key. */
static const struct {
    const char *text;
    const char *key;
} KEYS[] = {
    {"Fentanyl", "fentanyl"},
    {"  FENTANYL ", "fentanyl"},
    {"ＦＥＮＴＡＮＹＬ", "fentanyl"},
    {"芬太尼", "芬太尼"},
    {"嗎啡", "吗啡"},
    {"氫嗎啡酮", "氢吗啡酮"},
    {"麥角酸二乙醯胺", "麦角酸二乙酰胺"},
    {"麦角酸二乙酰胺", "麦角酸二乙酰胺"},
    {"4-甲基胺雷司", "4甲基胺雷司"},
    {"2C-B", "2cb"},
    {"2 C‑B", "2cb"},
    {"N,N-Dimethyltryptamine", "nndimethyltryptamine"},
    {"N，N－二甲基色胺", "nn二甲基色胺"},
    {"3,4-MDMA", "3,4mdma"},
    {"３，４－ＭＤＭＡ", "3,4mdma"},
    {"3、4-亚甲二氧基", "3,4亚甲二氧基"},
    {"JWH-018", "jwh018"},
    {"8-azaspiro[4.5]decane", "8azaspiro4,5decane"},
    {"1-(2-phenylethyl)-4", "1,2phenylethyl4"},
    {"α-PVP", "alphapvp"},
    {"Α-pvp", "alphapvp"},
    {"alpha-PVP", "alphapvp"},
    {"Δ⁹-THC", "delta9thc"},
    {"delta-9-THC", "delta9thc"},
    {"Ψ-DOM", "psidom"},
    {"ß-Hydroxyfentanyl", "betahydroxyfentanyl"},
    {"Süßholz", "suessholz"},
    {"Phenäthylamin", "phenaethylamin"},
    {"Phena\xCC\x88thylamin", "phenaethylamin"},
    {"Diéthylamide de l’acide lysergique", "diethylamidedel'acidelysergique"},
    {"4'-Methyl-α-PPP", "4'methylalphappp"},
    {"4′-methyl-alpha-PPP", "4'methylalphappp"},
    {"4’-methyl-alpha-PPP", "4'methylalphappp"},
    {"4´-methyl", "4'methyl"},
    {"4``-x", "4''x"},
    {"2″-oxo", "2''oxo"},
    {"2\"-oxo", "2''oxo"},
    {"\"heroin\"", "heroin"},
    {"“heroin”", "heroin"},
    {"'ecstasy", "ecstasy"},
    {"(+)-Lysergide", "+lysergide"},
    {"(-)-trans", "-trans"},
    {"(−)-trans", "-trans"},
    {"(–)-trans", "-trans"},
    {"(±)-cis", "±cis"},
    {"(+/-)-cis", "±cis"},
    {"(+-)-cis", "±cis"},
    {"Ritalin®", "ritalin"},
    {"Xyrem™", "xyrem"},
    {"nar\xC2\xAD"
     "cotic",
     "narcotic"},
    {"nar\xE2\x80\x8B"
     "cotic",
     "narcotic"},
    {"---", ""},
    {"", ""},
    {"（±）", "±"},
    {"µ-opioid", "muopioid"},
    {"25I-NBOMe", "25inbome"},
    {"12", "12"},
    {"1 2", "1,2"},
};

static void assert_key(const char *text, const char *key)
{
    struct dl_buf buf;
    dl_buf_init(&buf, 64 * 1024);
    assert_int_equal(dl_name_key(dl_view_str(text), &buf), DL_OK);
    dl_buf_u8(&buf, 0);
    assert_int_equal(dl_buf_err(&buf), DL_OK);
    assert_string_equal((const char *)buf.p, key);
    dl_buf_fini(&buf);
}

static void a_name_has_the_key_that_the_rules_give(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        assert_key(KEYS[i].text, KEYS[i].key);
    }
}

static void a_key_is_its_own_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        if (KEYS[i].key[0] != '-') { /* the sign stands in brackets in a name */
            assert_key(KEYS[i].key, KEYS[i].key);
        }
    }
}

static void what_tells_substances_apart_stays(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"1,2-x", "12-x"},     {"4'-methyl", "4-methyl"},
                                           {"(+)-x", "(-)-x"},    {"(+)-x", "x"},
                                           {"alpha-x", "beta-x"}, {"2-x", "3-x"},
                                           {"1,1'-x", "1,1-x"},   {"(±)-x", "(+)-x"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct dl_buf a;
        struct dl_buf b;
        dl_buf_init(&a, 1024);
        dl_buf_init(&b, 1024);
        assert_int_equal(dl_name_key(dl_view_str(pairs[i][0]), &a), DL_OK);
        assert_int_equal(dl_name_key(dl_view_str(pairs[i][1]), &b), DL_OK);
        assert_false(dl_view_equal(dl_buf_view(&a), dl_buf_view(&b)));
        dl_buf_fini(&a);
        dl_buf_fini(&b);
    }
}

static void text_that_may_not_stand_in_a_name_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"\xFF",      "fen\xC0\xAFtanyl",     "a\nb",
                                      "a\x1B[31m", "fentanyl\xE2\x80\xAE", "\xED\xA0\x80",
                                      "\xE4\xBA"};
    struct dl_buf buf;
    dl_buf_init(&buf, 1024);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dl_name_key(dl_view_str(bad[i]), &buf), DL_E_TEXT);
        assert_int_equal(buf.n, 0);
    }
    dl_buf_fini(&buf);
}

static void a_name_beyond_the_maximum_is_refused(void **state)
{
    (void)state;
    static char text[DL_NAME_OCTETS_MAX + 2];
    memset(text, 'a', sizeof text);
    struct dl_buf buf;
    dl_buf_init(&buf, 64 * 1024);
    assert_int_equal(dl_name_key(dl_view_of(text, DL_NAME_OCTETS_MAX), &buf), DL_OK);
    assert_int_equal(buf.n, DL_NAME_OCTETS_MAX);
    assert_int_equal(dl_name_key(dl_view_of(text, DL_NAME_OCTETS_MAX + 1), &buf), DL_E_TOO_LARGE);
    dl_buf_fini(&buf);
}

static void characters_that_unfold_into_many_stay_within_the_maximum(void **state)
{
    (void)state;
    static char text[DL_NAME_OCTETS_MAX];
    for (size_t i = 0; i + 3 <= sizeof text; i += 3) {
        memcpy(text + i, "\xEF\xB7\xBA", 3); /* U+FDFA: 18 code points */
    }
    struct dl_buf buf;
    dl_buf_init(&buf, 1024 * 1024);
    assert_int_equal(dl_name_key(dl_view_of(text, sizeof text - 1), &buf), DL_E_TOO_LARGE);
    assert_int_equal(dl_name_key(dl_view_of(text, 300), &buf), DL_OK);
    dl_buf_fini(&buf);
}

static void a_salt_word_comes_off_in_every_language(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *base;
        const char *word;
        enum dl_salt_kind kind;
    } salts[] = {
        {"fentanyl citrate", "fentanyl", "citrate", DL_SALT_ACID},
        {"Fentanylcitrat", "fentanyl", "citrate", DL_SALT_ACID},
        {"枸橼酸芬太尼", "芬太尼", "citrate", DL_SALT_ACID},
        {"芬太尼枸橼酸盐", "芬太尼", "citrate", DL_SALT_ACID},
        {"ketamine HCl", "ketamine", "hydrochloride", DL_SALT_ACID},
        {"盐酸氯胺酮", "氯胺酮", "hydrochloride", DL_SALT_ACID},
        {"Ketaminhydrochlorid", "ketamin", "hydrochloride", DL_SALT_ACID},
        {"Morphine sulphate", "morphine", "sulfate", DL_SALT_ACID},
        {"硫酸吗啡", "吗啡", "sulfate", DL_SALT_ACID},
        {"hydrocodone bitartrate", "hydrocodone", "hydrogen tartrate", DL_SALT_ACID},
        {"重酒石酸氢可酮", "氢可酮", "hydrogen tartrate", DL_SALT_ACID},
        {"phenobarbital sodium", "phenobarbital", "sodium", DL_SALT_METAL},
        {"苯巴比妥钠", "苯巴比妥", "sodium", DL_SALT_METAL},
        {"codeine phosphate hemihydrate", "codeinephosphate", "hemihydrate", DL_SALT_HYDRATE},
        {"lisdexamfetamine dimesylate", "lisdexamfetamine", "dimesylate", DL_SALT_ACID},
    };
    for (size_t i = 0; i < sizeof salts / sizeof salts[0]; i++) {
        struct dl_buf key;
        dl_buf_init(&key, 1024);
        struct dl_name_salt salt = {.word = NULL};
        assert_int_equal(dl_name_key(dl_view_str(salts[i].name), &key), DL_OK);
        assert_true(dl_name_unsalt(dl_buf_view(&key), &salt));
        assert_true(dl_view_is(salt.base, salts[i].base));
        assert_string_equal(salt.word, salts[i].word);
        assert_int_equal(salt.kind, salts[i].kind);
        dl_buf_fini(&key);
    }
}

static void a_name_without_a_salt_word_stays_whole(void **state)
{
    (void)state;
    static const char *const whole[] = {"fentanyl", "盐酸", "hydrochloride", "sulfate", ""};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct dl_name_salt salt = {.word = "untouched"};
        assert_false(dl_name_unsalt(dl_view_str(whole[i]), &salt));
        assert_string_equal(salt.word, "untouched");
    }
}

static void every_salt_word_is_written_as_it_stands_in_keys(void **state)
{
    (void)state;
    static const char *const words[] = {
#define DL_SALT(word, side, kind, english) word,
#include "registry/salt.def"
#undef DL_SALT
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_key(words[i], words[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_the_key_that_the_rules_give),
        cmocka_unit_test(a_key_is_its_own_key),
        cmocka_unit_test(what_tells_substances_apart_stays),
        cmocka_unit_test(text_that_may_not_stand_in_a_name_is_refused),
        cmocka_unit_test(a_name_beyond_the_maximum_is_refused),
        cmocka_unit_test(characters_that_unfold_into_many_stay_within_the_maximum),
        cmocka_unit_test(a_salt_word_comes_off_in_every_language),
        cmocka_unit_test(a_name_without_a_salt_word_stays_whole),
        cmocka_unit_test(every_salt_word_is_written_as_it_stands_in_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
