#include "protocol/entry.h"
#include "base/encoding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define KEY "SJHUJFHOXYDSJY-UHFFFAOYSA-N"
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define LEAF(refs, subject)                                                                        \
    "{\"attachments\":0,\"commitment\":\"" HEX "\",\"id\":\"a-1\",\"kind\":\"alert\",\"marking\":" \
    "\"actual\",\"refs\":[" refs "],\"size\":9,\"subject\":[" subject                              \
    "],\"time\":\"2026-11-24T09:07:24.123Z\",\"v\":1}"

static const char good[] = LEAF("\"cn/x\",\"us/y.2\"", "\"" KEY "\"");
static const char alert[] =
    "{\"headline\":\"h\",\"substance\":{\"cas\":\"95958-84-2\",\"inchikey\":\"" KEY "\"}}";

static enum dl_err decode(const char *text)
{
    struct dl_leaf leaf;
    return dl_leaf_decode(dl_view_str(text), &leaf);
}

/* `good` with the first `from` replaced. */
static void replaced(char *out, size_t size, const char *from, const char *to)
{
    const char *at = strstr(good, from);
    assert_non_null(at);
    snprintf(out, size, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
}

static void a_leaf_reads_as_it_was_written(void **state)
{
    (void)state;
    struct dl_leaf leaf;
    struct dl_buf again;
    dl_buf_init(&again, DL_LIMIT_LEAF);
    assert_int_equal(dl_leaf_decode(dl_view_str(good), &leaf), DL_OK);
    assert_true(dl_view_is(leaf.id, "a-1"));
    assert_int_equal(leaf.kind, DL_KIND_ALERT);
    assert_int_equal(leaf.marking, DL_MARKING_ACTUAL);
    assert_int_equal(leaf.n_refs, 2);
    assert_true(dl_view_is(leaf.refs[1], "us/y.2"));
    assert_int_equal(leaf.n_subject, 1);
    assert_int_equal(leaf.size, 9);
    assert_int_equal(leaf.time_ms, 1795511244123);
    dl_leaf_encode(&again, &leaf);
    assert_true(dl_view_is(dl_buf_view(&again), good));
    dl_buf_fini(&again);
}

static void a_leaf_cut_anywhere_or_with_more_behind_is_refused(void **state)
{
    (void)state;
    struct dl_leaf leaf;
    char longer[sizeof good + 1];
    for (size_t n = 0; n < strlen(good); n++) {
        char *copy = malloc(n + 1); // so that a sanitizer sees a read beyond
        memcpy(copy, good, n);
        assert_int_equal(dl_leaf_decode(dl_view_of(copy, n), &leaf), DL_E_FRAME);
        free(copy);
    }
    snprintf(longer, sizeof longer, "%s ", good);
    assert_int_equal(decode(longer), DL_E_FRAME);
}

static void what_is_changed_in_a_leaf_changes_its_octets_or_is_refused(void **state)
{
    (void)state;
    char text[sizeof good];
    struct dl_leaf leaf;
    struct dl_buf again;
    dl_buf_init(&again, DL_LIMIT_LEAF);
    for (size_t at = 0; at < strlen(good); at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(text, good, sizeof good);
            text[at] = (char)(text[at] ^ (1 << bit));
            struct dl_view octets = dl_view_of(text, strlen(good));
            if (dl_leaf_decode(octets, &leaf) == DL_OK) { // then there is one form only
                dl_buf_reset(&again);
                dl_leaf_encode(&again, &leaf);
                assert_true(dl_view_equal(dl_buf_view(&again), octets));
            }
        }
    }
    dl_buf_fini(&again);
}

static void only_the_closed_schema_is_a_leaf(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {{"\"v\":1", "\"v\":2"},
                 {"\"v\":1", "\"v\":1,\"w\":1"},
                 {"{\"att", "{ \"att"},
                 {"\"attachments\":0", "\"attachments\":00"},
                 {"\"attachments\":0", "\"attachments\":65"},
                 {"\"attachments\":0", "\"attachments\":-1"},
                 {"\"attachments\":0,", ""},
                 {"aabb", "AABB"},
                 {"aabb", "aab"},
                 {"\"a-1\"", "\"\""},
                 {"\"a-1\"", "\"a/1\""},
                 {"\"a-1\"", "\"a\\u002d1\""},
                 {"\"alert\"", "\"Alert\""},
                 {"\"alert\"", "\"\""},
                 {"\"size\":9", "\"size\":262145"},
                 {"\"size\":9", "\"size\":9.0"},
                 {"\"size\":9", "\"size\":\"9\""},
                 {"\"cn/x\"", "\"x\""},
                 {"\"cn/x\"", "\"/x\""},
                 {"\"cn/x\"", "\"CN/x\""},
                 {"\"cn/x\",", "\"cn/x\",,"},
                 {"\"us/y.2\"]", "\"us/y.2\",]"},
                 {"SJHUJ", "sJHUJ"},
                 {"YSA-N", "YSB-N"},
                 {"2026-11-24T", "2026-11-31T"},
                 {"24.123Z", "24Z"},
                 {"24.123Z", "24.123+00:00"},
                 {"24.123Z", "60.123Z"}};
    char text[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        replaced(text, sizeof text, cases[i].from, cases[i].to);
        if (decode(text) != DL_E_FRAME) {
            fail_msg("%s is taken", text);
        }
    }
}

static void a_missing_or_unknown_marking_is_refused(void **state)
{
    (void)state;
    char text[1024];
    replaced(text, sizeof text, "\"marking\":\"actual\"", "\"marking\":\"\"");
    assert_int_equal(decode(text), DL_E_MARKING);
    replaced(text, sizeof text, "\"marking\":\"actual\"", "\"marking\":\"drill\"");
    assert_int_equal(decode(text), DL_E_MARKING);
    replaced(text, sizeof text, "\"marking\":\"actual\",", "");
    assert_int_equal(decode(text), DL_E_FRAME);
    replaced(text, sizeof text, "\"actual\"", "\"exercise\"");
    assert_int_equal(decode(text), DL_OK);
}

static void a_kind_of_a_later_version_is_read_and_flagged(void **state)
{
    (void)state;
    char text[1024];
    struct dl_leaf leaf;
    replaced(text, sizeof text, "\"alert\"", "\"listing-notice-x\"");
    assert_int_equal(dl_leaf_decode(dl_view_str(text), &leaf), DL_OK);
    assert_int_equal(leaf.kind, DL_KIND_UNKNOWN);
    assert_true(dl_view_is(leaf.kind_name, "listing-notice-x"));
}

/* good with n refs and n subjects */
static enum dl_err decode_lists(size_t n_refs, size_t n_subjects)
{
    char *text = malloc(65536);
    int at = snprintf(text, 65536, "%.*s", (int)(strstr(good, "\"cn/x\"") - good), good);
    for (size_t i = 0; i < n_refs; i++) {
        at += snprintf(text + at, 65536 - (size_t)at, "%s\"cn/r\"", i > 0 ? "," : "");
    }
    at += snprintf(text + at, 65536 - (size_t)at, "],\"size\":9,\"subject\":[");
    for (size_t i = 0; i < n_subjects; i++) {
        at += snprintf(text + at, 65536 - (size_t)at, "%s\"" KEY "\"", i > 0 ? "," : "");
    }
    snprintf(text + at, 65536 - (size_t)at, "%s", strstr(good, "],\"time\""));
    enum dl_err err = decode(text);
    free(text);
    return err;
}

static void lists_of_a_leaf_have_at_most_64_members(void **state)
{
    (void)state;
    assert_int_equal(decode_lists(0, 0), DL_OK);
    assert_int_equal(decode_lists(64, 64), DL_OK);
    assert_int_equal(decode_lists(65, 0), DL_E_FRAME);
    assert_int_equal(decode_lists(0, 65), DL_E_FRAME);
}

static void more_than_12_kib_is_refused_unread(void **state)
{
    (void)state;
    struct dl_leaf leaf;
    static const char octets[DL_LIMIT_LEAF + 1];
    assert_int_equal(dl_leaf_decode(dl_view_of(octets, sizeof octets), &leaf), DL_E_TOO_LARGE);
    assert_int_equal(dl_leaf_decode(dl_view_of(octets, DL_LIMIT_LEAF), &leaf), DL_E_FRAME);
}

static void markings_stay_in_their_origins(void **state)
{
    (void)state;
    static const struct {
        const char *origin;
        bool actual, exercise, test;
    } cases[] = {{"directline/cn/us", true, false, true},
                 {"directline/cn/us/2", true, false, true},
                 {"directline-exercise/x1/cn/us", false, true, false},
                 {"directline-exercise/", false, false, false},
                 {"directline/", false, false, false},
                 {"directline", false, false, false},
                 {"", false, false, false},
                 {"Directline/cn/us", false, false, false},
                 {"other/cn/us", false, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dl_view origin = dl_view_str(cases[i].origin);
        assert_int_equal(dl_marking_fits(DL_MARKING_ACTUAL, origin), cases[i].actual);
        assert_int_equal(dl_marking_fits(DL_MARKING_EXERCISE, origin), cases[i].exercise);
        assert_int_equal(dl_marking_fits(DL_MARKING_TEST, origin), cases[i].test);
        assert_false(dl_marking_fits(DL_MARKING_NONE, origin));
    }
}

static void the_commitment_is_the_hash_of_tag_salt_and_content(void **state)
{
    (void)state;
    /* python3: hashlib.sha256(b"directline/content/1\0" + bytes(range(32)) + b"{}").hexdigest() */
    static const char expected[] =
        "612f6f8f65f45be0ee26ab79958f3a460dc511fc0b5a1c453c6ac1d44a95539d";
    uint8_t salt[32];
    char hex[65];
    for (size_t i = 0; i < sizeof salt; i++) {
        salt[i] = (uint8_t)i;
    }
    struct dl_hash got = dl_entry_commitment(dl_view_of(salt, sizeof salt), dl_view_str("{}"));
    dl_hex_encode(dl_view_of(got.b, sizeof got.b), hex);
    assert_string_equal(hex, expected);
}

/* ---- whole entries ---- */

struct made {
    struct dl_buf leaf, content;
    uint8_t salt[DL_LIMIT_SALT];
    struct dl_entry_draft draft;
    json_t *json;
    struct dl_view ref;
};

static void setup_draft(struct made *m, enum dl_kind kind, const char *content)
{
    memset(m, 0, sizeof *m);
    dl_buf_init(&m->leaf, DL_LIMIT_LEAF);
    dl_buf_init(&m->content, DL_LIMIT_CONTENT);
    memset(m->salt, 7, sizeof m->salt);
    m->ref = dl_view_str("cn/a-0");
    assert_int_equal(dl_json_parse(dl_view_str(content), &m->json, NULL), DL_OK);
    m->draft = (struct dl_entry_draft){.kind = kind,
                                       .marking = DL_MARKING_ACTUAL,
                                       .id = dl_view_str("a-1"),
                                       .time_ms = 1795511244123,
                                       .content = m->json};
    memcpy(m->draft.salt, m->salt, sizeof m->salt);
}

static void drop(struct made *m)
{
    json_decref(m->json);
    dl_buf_fini(&m->leaf);
    dl_buf_fini(&m->content);
}

static enum dl_err check(const struct made *m, struct dl_error *error)
{
    struct dl_leaf leaf;
    struct dl_entry_octets entry = {dl_buf_view(&m->leaf), dl_view_of(m->salt, sizeof m->salt),
                                    dl_buf_view(&m->content)};
    return dl_entry_check(&entry, &leaf, NULL, error);
}

static void make_alert(struct made *m)
{
    setup_draft(m, DL_KIND_ALERT, alert);
    assert_int_equal(dl_entry_make(&m->draft, &m->leaf, &m->content, NULL), DL_OK);
}

static void what_an_author_makes_a_receiver_takes(void **state)
{
    (void)state;
    struct made m;
    struct dl_leaf leaf;
    struct dl_error error;
    json_t *content = NULL;
    make_alert(&m);
    struct dl_entry_octets entry = {dl_buf_view(&m.leaf), dl_view_of(m.salt, sizeof m.salt),
                                    dl_buf_view(&m.content)};
    assert_int_equal(dl_entry_check(&entry, &leaf, &content, &error), DL_OK);
    assert_true(json_equal(content, m.json));
    assert_int_equal(leaf.n_subject, 1);
    assert_true(dl_view_is(leaf.subject[0], KEY));
    assert_int_equal(leaf.size, m.content.n);
    json_decref(content);
    drop(&m);
}

static void the_order_and_the_blanks_of_the_file_do_not_matter(void **state)
{
    (void)state;
    struct made one;
    struct made two;
    make_alert(&one);
    setup_draft(&two, DL_KIND_ALERT,
                " { \"substance\" : { \"inchikey\":\"" KEY
                "\",\n\"cas\":\"95958\\u002d84-2\" }, \"headline\":\"h\" } ");
    assert_int_equal(dl_entry_make(&two.draft, &two.leaf, &two.content, NULL), DL_OK);
    assert_true(dl_view_equal(dl_buf_view(&one.leaf), dl_buf_view(&two.leaf)));
    assert_true(dl_view_equal(dl_buf_view(&one.content), dl_buf_view(&two.content)));
    drop(&one);
    drop(&two);
}

static void an_alert_without_inchikey_has_no_subject(void **state)
{
    (void)state;
    struct made m;
    struct dl_error error;
    setup_draft(&m, DL_KIND_ALERT, "{\"headline\":\"h\",\"substance\":{\"cas\":\"95958-84-2\"}}");
    assert_int_equal(dl_entry_make(&m.draft, &m.leaf, &m.content, NULL), DL_OK);
    assert_non_null(memmem(m.leaf.p, m.leaf.n, "\"subject\":[]", 12));
    assert_int_equal(check(&m, &error), DL_OK);
    drop(&m);
}

/* Another content or salt than the leaf commits to. */
static void a_changed_content_or_salt_does_not_fit_its_commitment(void **state)
{
    (void)state;
    struct made m;
    struct dl_error error;
    make_alert(&m);
    uint8_t *h = memmem(m.content.p, m.content.n, "\"h\"", 3);
    h[1] = 'i';
    assert_int_equal(check(&m, &error), DL_E_PROOF);
    assert_string_equal(error.field, "commitment");
    h[1] = 'h';
    assert_int_equal(check(&m, &error), DL_OK);
    m.salt[31] ^= 1;
    assert_int_equal(check(&m, &error), DL_E_PROOF);
    drop(&m);
}

static void a_content_of_another_length_is_refused_before_it_is_hashed(void **state)
{
    (void)state;
    struct made m;
    struct dl_error error;
    make_alert(&m);
    m.content.n--;
    assert_int_equal(check(&m, &error), DL_E_PROOF);
    assert_string_equal(error.field, "size");
    drop(&m);
}

/* A receiver meets what no author of ours makes: a leaf for any octets. */
static enum dl_err check_made_up(struct made *m, const char *kind, const char *content,
                                 struct dl_leaf change, struct dl_error *error)
{
    dl_buf_reset(&m->leaf);
    dl_buf_reset(&m->content);
    dl_buf_put_str(&m->content, content);
    struct dl_leaf leaf = change;
    leaf.id = dl_view_str("a-1");
    leaf.kind_name = dl_view_str(kind);
    leaf.marking = DL_MARKING_ACTUAL;
    leaf.size = m->content.n;
    leaf.commitment =
        dl_entry_commitment(dl_view_of(m->salt, sizeof m->salt), dl_buf_view(&m->content));
    dl_leaf_encode(&m->leaf, &leaf);
    return check(m, error);
}

static void a_content_that_is_not_canonical_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"{\"headline\":\"h\", \"substance\":{\"smiles\":\"C\"}}",
                                      "{\"substance\":{\"smiles\":\"C\"},\"headline\":\"h\"}",
                                      "{\"headline\":\"\\u0068\",\"substance\":{\"smiles\":\"C\"}}",
                                      "{\"headline\":\"a\\/b\",\"substance\":{\"smiles\":\"C\"}}",
                                      "{\"headline\":\"h\",\"substance\":{\"smiles\":\"C\"}}\n"};
    struct made m;
    struct dl_error error;
    make_alert(&m);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(check_made_up(&m, "alert", bad[i], (struct dl_leaf){0}, &error),
                         DL_E_JSON);
    }
    assert_int_equal(check_made_up(&m, "alert",
                                   "{\"headline\":\"h\",\"substance\":{\"smiles\":\"C\"}}",
                                   (struct dl_leaf){0}, &error),
                     DL_OK);
    drop(&m);
}

static void a_content_that_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"a\":1,\"a\":1}",
                                      "{\"a\":\"\xFF\"}",
                                      "{\"a\":\"\\ud800\"}",
                                      "{\"a\":\"\\u0000\"}",
                                      "{\"a\":1e999}",
                                      "\xEF\xBB\xBF{}"};
    struct made m;
    struct dl_error error;
    make_alert(&m);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(check_made_up(&m, "alert", bad[i], (struct dl_leaf){0}, &error),
                         DL_E_JSON);
    }
    drop(&m);
}

static void the_schema_of_the_kind_is_enforced_on_what_comes(void **state)
{
    (void)state;
    struct made m;
    struct dl_error error;
    make_alert(&m);
    assert_int_equal(
        check_made_up(&m, "alert", "{\"headline\":\"h\"}", (struct dl_leaf){0}, &error),
        DL_E_FIELD_MISSING);
    assert_string_equal(error.field, "substance");
    assert_int_equal(
        check_made_up(&m, "later-kind", "{\"headline\":1}", (struct dl_leaf){0}, &error), DL_OK);
    drop(&m);
}

static void the_subject_must_be_the_inchikey_of_the_content(void **state)
{
    (void)state;
    struct made m;
    struct dl_error error;
    struct dl_leaf other = {.n_subject = 1};
    other.subject[0] = dl_view_str("HNGZTLMRQTVPBH-UHFFFAOYSA-N");
    make_alert(&m);
    const char *canonical = "{\"headline\":\"h\",\"substance\":{\"inchikey\":\"" KEY "\"}}";
    assert_int_equal(check_made_up(&m, "alert", canonical, other, &error), DL_E_FIELD_VALUE);
    assert_string_equal(error.field, "subject");
    assert_int_equal(check_made_up(&m, "alert", canonical, (struct dl_leaf){0}, &error),
                     DL_E_FIELD_VALUE);
    other.subject[0] = dl_view_str(KEY);
    assert_int_equal(check_made_up(&m, "alert", canonical, other, &error), DL_OK);
    drop(&m);
}

static void a_leaf_counts_no_attachments_that_the_content_has_not(void **state)
{
    (void)state;
    struct made m;
    struct dl_error error;
    make_alert(&m);
    assert_int_equal(check_made_up(&m, "alert",
                                   "{\"headline\":\"h\",\"substance\":{\"smiles\":\"C\"}}",
                                   (struct dl_leaf){.attachments = 1}, &error),
                     DL_E_FIELD_VALUE);
    assert_string_equal(error.field, "attachments");
    assert_int_equal(check_made_up(&m, "later", "{}", (struct dl_leaf){.attachments = 1}, &error),
                     DL_OK);
    drop(&m);
}

static void each_kind_has_the_references_that_it_needs(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *content;
        bool none, one, two;
    } cases[] = {
        {"alert", "{\"headline\":\"h\",\"substance\":{\"smiles\":\"C\"}}", true, false, false},
        {"update", "{\"headline\":\"h\",\"reason\":\"r\",\"substance\":{\"smiles\":\"C\"}}", false,
         true, false},
        {"retraction", "{\"reason\":\"r\",\"sent_in_error\":false}", false, true, false},
        {"acknowledgement", "{\"as\":\"seen\",\"by\":\"b\"}", false, true, false},
        {"message", "{\"text\":{\"en\":\"t\"}}", true, true, true},
        {"line-state", "{\"previous\":null,\"reason\":\"r\",\"to\":\"active\"}", true, false,
         false},
        {"later", "{}", true, true, true}};
    struct made m;
    struct dl_error error;
    make_alert(&m);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bool expected[3] = {cases[i].none, cases[i].one, cases[i].two};
        for (size_t n = 0; n < 3; n++) {
            struct dl_leaf leaf = {.n_refs = n, .refs = {m.ref, m.ref}};
            enum dl_err err = check_made_up(&m, cases[i].kind, cases[i].content, leaf, &error);
            assert_int_equal(err, expected[n] ? DL_OK : DL_E_FIELD_VALUE);
        }
    }
    drop(&m);
}

static void a_draft_that_cannot_be_an_entry_leaves_the_builders_alone(void **state)
{
    (void)state;
    struct made m;
    struct dl_error error;
    setup_draft(&m, DL_KIND_ALERT, alert);
    dl_buf_put_str(&m.content, "before");
    m.draft.id = dl_view_str("a b");
    assert_int_equal(dl_entry_make(&m.draft, &m.leaf, &m.content, &error), DL_E_FIELD_VALUE);
    assert_string_equal(error.field, "id");
    m.draft.id = dl_view_str("a-1");
    m.draft.refs = &m.ref;
    m.draft.n_refs = 1;
    assert_int_equal(dl_entry_make(&m.draft, &m.leaf, &m.content, &error), DL_E_FIELD_VALUE);
    assert_string_equal(error.field, "refs");
    m.draft.n_refs = 0;
    m.content.max = 20; // the content does not fit
    assert_int_equal(dl_entry_make(&m.draft, &m.leaf, &m.content, &error), DL_E_TOO_LARGE);
    m.content.max = DL_LIMIT_CONTENT;
    m.leaf.max = 50; // the leaf does not fit
    assert_int_equal(dl_entry_make(&m.draft, &m.leaf, &m.content, &error), DL_E_TOO_LARGE);
    m.leaf.max = DL_LIMIT_LEAF;
    assert_true(dl_view_is(dl_buf_view(&m.content), "before"));
    assert_int_equal(m.leaf.n, 0);
    assert_int_equal(dl_entry_make(&m.draft, &m.leaf, &m.content, &error), DL_OK);
    drop(&m);
}

static void a_reference_is_an_agency_and_an_id(void **state)
{
    (void)state;
    struct dl_view agency;
    struct dl_view id;
    assert_true(dl_entry_ref_split(dl_view_str("cn/A.b_c-1"), &agency, &id));
    assert_true(dl_view_is(agency, "cn") && dl_view_is(id, "A.b_c-1"));
    assert_true(dl_entry_ref_split(dl_view_str("A.b"), &agency, &id));
    assert_true(agency.n == 0 && dl_view_is(id, "A.b"));
    static const char *const bad[] = {"", "/", "cn/", "/a", "c/a", "cn/a/b", "cn/a b", "CN/a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(dl_entry_ref_split(dl_view_str(bad[i]), &agency, &id));
    }
}

static void ids_sort_by_time_and_are_ids(void **state)
{
    (void)state;
    static const int64_t times[] = {0, 999, 1000, 1795511244123, 1795511244124, 4102444800000};
    char before[DL_ENTRY_ID_TEXT] = "";
    char id[DL_ENTRY_ID_TEXT];
    uint8_t random[10];
    memset(random, 255, sizeof random);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        dl_entry_id_make(times[i], random, id);
        struct dl_view agency;
        struct dl_view same;
        assert_true(dl_entry_ref_split(dl_view_str(id), &agency, &same));
        assert_true(strcmp(before, id) < 0);
        memcpy(before, id, sizeof before);
        memset(random, 0, sizeof random); // the random part does not outweigh the time
    }
    random[9] = 1;
    dl_entry_id_make(times[5], random, id);
    assert_string_not_equal(before, id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_reads_as_it_was_written),
        cmocka_unit_test(a_leaf_cut_anywhere_or_with_more_behind_is_refused),
        cmocka_unit_test(what_is_changed_in_a_leaf_changes_its_octets_or_is_refused),
        cmocka_unit_test(only_the_closed_schema_is_a_leaf),
        cmocka_unit_test(a_missing_or_unknown_marking_is_refused),
        cmocka_unit_test(a_kind_of_a_later_version_is_read_and_flagged),
        cmocka_unit_test(lists_of_a_leaf_have_at_most_64_members),
        cmocka_unit_test(more_than_12_kib_is_refused_unread),
        cmocka_unit_test(markings_stay_in_their_origins),
        cmocka_unit_test(the_commitment_is_the_hash_of_tag_salt_and_content),
        cmocka_unit_test(what_an_author_makes_a_receiver_takes),
        cmocka_unit_test(the_order_and_the_blanks_of_the_file_do_not_matter),
        cmocka_unit_test(an_alert_without_inchikey_has_no_subject),
        cmocka_unit_test(a_changed_content_or_salt_does_not_fit_its_commitment),
        cmocka_unit_test(a_content_of_another_length_is_refused_before_it_is_hashed),
        cmocka_unit_test(a_content_that_is_not_canonical_is_refused),
        cmocka_unit_test(a_content_that_is_no_json_is_refused),
        cmocka_unit_test(the_schema_of_the_kind_is_enforced_on_what_comes),
        cmocka_unit_test(the_subject_must_be_the_inchikey_of_the_content),
        cmocka_unit_test(a_leaf_counts_no_attachments_that_the_content_has_not),
        cmocka_unit_test(each_kind_has_the_references_that_it_needs),
        cmocka_unit_test(a_draft_that_cannot_be_an_entry_leaves_the_builders_alone),
        cmocka_unit_test(a_reference_is_an_agency_and_an_id),
        cmocka_unit_test(ids_sort_by_time_and_are_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
