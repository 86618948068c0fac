#include "certs/offer.h"
#include "base/encoding.h"
#include "certs/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki.h"

static struct dl_offer offer;
static struct dl_buf octets;
static struct dl_error error;

static int set_up(void **state)
{
    (void)state;
    struct pki_agency agency;
    pki_agency_init(&agency, "us");
    offer = (struct dl_offer){.agency = "us",
                              .jurisdiction = "US",
                              .name = "Laboratory \"One\", 第一",
                              .addresses = {"line.example:7443", "[2001:db8::1]:7443"},
                              .n_addresses = 2,
                              .tls_pin = dl_key_pin(&agency.key),
                              .journal_key = {{1}},
                              .receipt_key = {{2}}};
    memcpy(offer.ca, agency.ca.p, agency.ca.n);
    offer.ca_n = agency.ca.n;
    dl_buf_init(&octets, 2 * DL_LIMIT_OFFER);
    dl_offer_encode(&offer, &octets);
    pki_agency_fini(&agency);
    error = (struct dl_error){.err = DL_OK};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dl_buf_fini(&octets);
    return 0;
}

static enum dl_err decode(struct dl_offer *out)
{
    return dl_offer_decode(dl_buf_view(&octets), out, &error);
}

/* Replace `from`, which stands once, by `to`. */
static void replace(const char *from, const char *to)
{
    uint8_t *at = memmem(octets.p, octets.n, from, strlen(from));
    assert_non_null(at);
    size_t head = (size_t)(at - octets.p);
    struct dl_buf fresh;
    dl_buf_init(&fresh, octets.max);
    dl_buf_put(&fresh, octets.p, head);
    dl_buf_put_str(&fresh, to);
    dl_buf_put(&fresh, at + strlen(from), octets.n - head - strlen(from));
    dl_buf_fini(&octets);
    octets = fresh;
}

static void refuses(const char *from, const char *to, const char *field)
{
    static struct dl_offer out, untouched;
    tear_down(NULL);
    set_up(NULL);
    replace(from, to);
    memset(&out, 0xA5, sizeof out);
    memset(&untouched, 0xA5, sizeof untouched);
    assert_int_equal(decode(&out), DL_E_OFFER);
    assert_memory_equal(&out, &untouched, sizeof out);
    assert_string_equal(error.field, field);
}

static void what_is_encoded_decodes_to_the_same(void **state)
{
    (void)state;
    static struct dl_offer out;
    assert_true(octets.n <= DL_LIMIT_OFFER);
    assert_int_equal(decode(&out), DL_OK);
    assert_memory_equal(&out, &offer, sizeof out);
}

static void the_authority_in_it_can_be_relied_on(void **state)
{
    (void)state;
    static struct dl_offer out;
    assert_int_equal(decode(&out), DL_OK);
    assert_int_equal(dl_trust_check_authority(dl_view_of(out.ca, out.ca_n), NULL), DL_OK);
}

static void an_offer_without_addresses_is_fine(void **state)
{
    (void)state;
    static struct dl_offer out;
    replace("\"line.example:7443\",\"[2001:db8::1]:7443\"", "");
    assert_int_equal(decode(&out), DL_OK);
    assert_int_equal(out.n_addresses, 0);
}

static void each_field_is_checked_by_name(void **state)
{
    (void)state;
    refuses("\"agency\":\"us\"", "\"agency\":\"US\"", "agency");
    refuses("\"agency\":\"us\"", "\"agency\":7", "agency");
    refuses("\"jurisdiction\":\"US\"", "\"jurisdiction\":\"us\"", "jurisdiction");
    refuses("\"jurisdiction\":\"US\"", "\"jurisdiction\":\"USA\"", "jurisdiction");
    refuses("第一", "\xE2\x80\xAE", "name"); // right-to-left override
    refuses("第一", "\\n", "name");
    refuses("\"v\":1", "\"v\":2", "v");
    refuses("\"v\":1", "\"v\":\"1\"", "v");
    refuses("\"ca\":\"", "\"ca\":\"!", "ca");
    refuses("\"journal_key\":\"01", "\"journal_key\":\"", "journal_key");
    refuses("\"receipt_key\":\"02", "\"receipt_key\":\"0g", "receipt_key");
    refuses("\"tls_pin\":\"", "\"tls_pin\":\"00", "tls_pin");
}

static void an_address_that_cannot_be_dialled_is_refused(void **state)
{
    (void)state;
    refuses("line.example:7443", "line.example", "addresses");
    refuses("line.example:7443", "line.example:", "addresses");
    refuses("line.example:7443", "line.example:0", "addresses");
    refuses("line.example:7443", "line.example:65536", "addresses");
    refuses("line.example:7443", ":7443", "addresses");
    refuses("line.example:7443", "line example:7443", "addresses");
    refuses("\"line.example:7443\"", "7443", "addresses");
    refuses("\"line.example:7443\"",
            "\"a:1\",\"a:1\",\"a:1\",\"a:1\",\"a:1\",\"a:1\",\"a:1\",\"a:1\"", "addresses");
}

static void one_key_for_two_roles_is_refused(void **state)
{
    (void)state;
    refuses("\"receipt_key\":\"02", "\"receipt_key\":\"01", "receipt_key");
}

static void what_is_missing_twice_or_unknown_is_refused(void **state)
{
    (void)state;
    refuses(",\"v\":1", "", "v");
    refuses("\"agency\":\"us\",", "", "agency");
    refuses("\"v\":1", "\"v\":1,\"w\":1", "");
    refuses("\"v\":1", "\"v\":1,\"v\":1", "");
}

static void another_form_of_the_same_content_is_refused(void **state)
{
    (void)state;
    refuses(",\"v\":1", ", \"v\":1", "");
    refuses("}", "}\n", "");
    refuses("第", "\\u7b2c", "");
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    static struct dl_offer out;
    for (size_t n = 0; n < octets.n; n++) {
        assert_int_equal(dl_offer_decode(dl_view_of(octets.p, n), &out, NULL), DL_E_OFFER);
    }
}

static void too_much_is_refused_before_it_is_read(void **state)
{
    (void)state;
    static struct dl_offer out;
    static uint8_t blanks[DL_LIMIT_OFFER + 1];
    memset(blanks, ' ', sizeof blanks);
    assert_int_equal(dl_offer_decode(dl_view_of(blanks, sizeof blanks), &out, &error), DL_E_OFFER);
    assert_non_null(strstr(error.message, "16384"));
}

static void the_fingerprint_is_sha_256_of_the_exact_octets(void **state)
{
    (void)state;
    char hex[65];
    struct dl_hash known = dl_offer_fingerprint(dl_view_str("abc")); // FIPS 180-2, B.1
    dl_hex_encode(dl_view_of(known.b, sizeof known.b), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct dl_hash one = dl_offer_fingerprint(dl_buf_view(&octets));
    octets.p[3] ^= 1;
    struct dl_hash other = dl_offer_fingerprint(dl_buf_view(&octets));
    assert_false(dl_hash_equal(&one, &other));
}

static void a_fingerprint_is_read_in_any_grouping_and_case(void **state)
{
    (void)state;
    struct dl_hash is = dl_offer_fingerprint(dl_buf_view(&octets));
    struct dl_hash out = {{0}};
    char text[DL_FINGERPRINT_TEXT];
    dl_fingerprint_group(&is, text);
    assert_int_equal(strlen(text), 79);
    assert_int_equal(dl_fingerprint_parse(text, &out), DL_OK);
    assert_true(dl_hash_equal(&is, &out));
    for (char *c = text; *c != '\0'; c++) {
        *c = (char)(*c == ' ' ? ':' : *c >= 'a' ? *c - 32 : *c);
    }
    out = (struct dl_hash){{0}};
    assert_int_equal(dl_fingerprint_parse(text, &out), DL_OK);
    assert_true(dl_hash_equal(&is, &out));
}

static void what_is_no_fingerprint_is_refused(void **state)
{
    (void)state;
    struct dl_hash out;
    char text[DL_FINGERPRINT_TEXT];
    struct dl_hash is = dl_offer_fingerprint(dl_buf_view(&octets));
    dl_fingerprint_group(&is, text);
    text[78] = '\0'; // a digit short
    assert_int_equal(dl_fingerprint_parse(text, &out), DL_E_INPUT);
    assert_int_equal(dl_fingerprint_parse("", &out), DL_E_INPUT);
    dl_fingerprint_group(&is, text);
    text[0] = 'g';
    assert_int_equal(dl_fingerprint_parse(text, &out), DL_E_INPUT);
    char longer[DL_FINGERPRINT_TEXT + 1];
    dl_fingerprint_group(&is, text);
    (void)snprintf(longer, sizeof longer, "%s0", text);
    assert_int_equal(dl_fingerprint_parse(longer, &out), DL_E_INPUT);
}

#define TRY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(what_is_encoded_decodes_to_the_same),
        TRY(the_authority_in_it_can_be_relied_on),
        TRY(an_offer_without_addresses_is_fine),
        TRY(each_field_is_checked_by_name),
        TRY(an_address_that_cannot_be_dialled_is_refused),
        TRY(one_key_for_two_roles_is_refused),
        TRY(what_is_missing_twice_or_unknown_is_refused),
        TRY(another_form_of_the_same_content_is_refused),
        TRY(every_cut_is_refused),
        TRY(too_much_is_refused_before_it_is_read),
        TRY(the_fingerprint_is_sha_256_of_the_exact_octets),
        TRY(a_fingerprint_is_read_in_any_grouping_and_case),
        TRY(what_is_no_fingerprint_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
