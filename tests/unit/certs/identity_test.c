#include "certs/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki.h"

static struct pki_agency us;

static int set_up(void **state)
{
    (void)state;
    pki_agency_init(&us, "us");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pki_agency_fini(&us);
    return 0;
}

static struct dl_certificate_facts facts_of(struct dl_view der)
{
    struct dl_certificate_facts facts;
    assert_int_equal(dl_certificate_facts(der, &facts), DL_OK);
    return facts;
}

static void a_certificate_names_its_agency_key_and_days(void **state)
{
    (void)state;
    struct dl_certificate_facts facts = facts_of(dl_buf_view(&us.certificate));
    struct dl_hash pin = dl_key_pin(&us.key);
    assert_string_equal(facts.agency, "us");
    assert_true(dl_hash_equal(&facts.pin, &pin));
    assert_int_equal(facts.from_ms, PKI_NOW - INT64_C(3600000)); // for a clock that is late
    assert_int_equal(facts.until_ms, PKI_NOW + DL_CERTIFICATE_DAYS * PKI_DAY);
}

static void an_identity_is_a_function_of_what_is_handed_in(void **state)
{
    (void)state;
    struct pki_agency again;
    pki_agency_init(&again, "us");
    assert_true(dl_view_equal(dl_buf_view(&us.ca), dl_buf_view(&again.ca)));
    assert_true(dl_view_equal(dl_buf_view(&us.certificate), dl_buf_view(&again.certificate)));
    pki_agency_fini(&again);
}

static void renewing_keeps_the_pin_and_moves_the_days(void **state)
{
    (void)state;
    struct dl_certificate_facts first = facts_of(dl_buf_view(&us.certificate));
    pki_certify(&us, PKI_NOW + 300 * PKI_DAY, DL_CERTIFICATE_DAYS);
    struct dl_certificate_facts second = facts_of(dl_buf_view(&us.certificate));
    assert_true(dl_hash_equal(&first.pin, &second.pin));
    assert_int_equal(second.until_ms - first.until_ms, 300 * PKI_DAY);
}

static void other_keys_have_other_pins(void **state)
{
    (void)state;
    struct dl_hash one = dl_key_pin(&us.key);
    struct dl_hash two = dl_key_pin(&us.ca_key);
    assert_false(dl_hash_equal(&one, &two));
}

static void the_pin_is_what_openssl_says(void **state)
{
    (void)state;
    EVP_PKEY *key = pki_ed25519(&us.key);
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    struct dl_hash expected = dl_sha256(dl_view_of(der, (size_t)n));
    struct dl_hash pin = dl_key_pin(&us.key);
    assert_true(dl_hash_equal(&pin, &expected));
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

static void the_two_certificates_say_what_they_are_for(void **state)
{
    (void)state;
    X509 *ca = pki_parse(dl_buf_view(&us.ca));
    X509 *cert = pki_parse(dl_buf_view(&us.certificate));
    assert_int_equal(X509_check_ca(ca), 1);
    assert_int_equal(X509_get_pathlen(ca), 0);
    assert_int_equal(X509_get_key_usage(ca) & KU_KEY_CERT_SIGN, KU_KEY_CERT_SIGN);
    assert_int_equal(X509_check_ca(cert), 0);
    assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_SERVER | XKU_SSL_CLIENT);
    X509_free(ca);
    X509_free(cert);
}

static void a_serial_number_is_positive_whatever_the_randomness(void **state)
{
    (void)state;
    for (int first = 0; first < 256; first += 85) {
        struct dl_certificate_request request = {.agency = "us",
                                                 .ca_key = &us.ca_key,
                                                 .from_ms = PKI_NOW,
                                                 .days = 1,
                                                 .serial = {(uint8_t)first}};
        struct dl_buf der;
        dl_buf_init(&der, 8192);
        assert_int_equal(dl_certificate_make(&request, &der), DL_OK);
        X509 *cert = pki_parse(dl_buf_view(&der));
        BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
        assert_false(BN_is_negative(serial));
        assert_int_equal(BN_num_bytes(serial), 16);
        BN_free(serial);
        X509_free(cert);
        dl_buf_fini(&der);
    }
}

static void dates_beyond_2049_are_kept(void **state)
{
    (void)state;
    struct dl_certificate_facts facts = facts_of(dl_buf_view(&us.ca));
    assert_int_equal(facts.until_ms, PKI_NOW + DL_CA_DAYS * PKI_DAY);
}

static void what_is_no_certificate_has_no_facts(void **state)
{
    (void)state;
    struct dl_certificate_facts facts;
    struct dl_view der = dl_buf_view(&us.certificate);
    for (size_t n = 0; n < der.n; n++) {
        assert_int_equal(dl_certificate_facts(dl_view_of(der.p, n), &facts), DL_E_CERT_BAD);
    }
    dl_buf_u8(&us.certificate, 0);
    assert_int_equal(dl_certificate_facts(dl_buf_view(&us.certificate), &facts), DL_E_CERT_BAD);
}

static void no_certificate_is_made_under_what_is_no_authority(void **state)
{
    (void)state;
    struct dl_certificate_request request = {.agency = "us",
                                             .ca_key = &us.ca_key,
                                             .tls_key = &us.key,
                                             .ca = dl_view_str("not a certificate"),
                                             .from_ms = PKI_NOW,
                                             .days = 1};
    struct dl_buf der;
    dl_buf_init(&der, 8192);
    assert_int_equal(dl_certificate_make(&request, &der), DL_E_CERT_BAD);
    assert_int_equal(der.n, 0);
}

static void several_names_are_no_name(void **state)
{
    (void)state;
    X509 *cert = pki_parse(dl_buf_view(&us.certificate));
    struct dl_buf der;
    dl_buf_init(&der, 8192);
    int at = X509_get_ext_by_NID(cert, NID_subject_alt_name, -1);
    X509_EXTENSION_free(X509_delete_ext(cert, at));
    pki_extend(cert, cert, NID_subject_alt_name, "URI:directline:us,URI:directline:ru");
    EVP_PKEY *key = pki_ed25519(&us.ca_key);
    assert_true(X509_sign(cert, key, NULL) > 0);
    pki_der(cert, &der);
    assert_string_equal(facts_of(dl_buf_view(&der)).agency, "");
    EVP_PKEY_free(key);
    X509_free(cert);
    dl_buf_fini(&der);
}

#define TRY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(a_certificate_names_its_agency_key_and_days),
        TRY(an_identity_is_a_function_of_what_is_handed_in),
        TRY(renewing_keeps_the_pin_and_moves_the_days),
        TRY(other_keys_have_other_pins),
        TRY(the_pin_is_what_openssl_says),
        TRY(the_two_certificates_say_what_they_are_for),
        TRY(a_serial_number_is_positive_whatever_the_randomness),
        TRY(dates_beyond_2049_are_kept),
        TRY(what_is_no_certificate_has_no_facts),
        TRY(no_certificate_is_made_under_what_is_no_authority),
        TRY(several_names_are_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
