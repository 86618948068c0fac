#include "certs/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki.h"

enum { PEERS = 3 };

/* Whom we know, and what is shown to us: a certificate under `us`'s authority, spoilt by `order`.
 */
struct world {
    struct pki_agency us, ru;
    struct dl_trusted trusted[PEERS];
    EVP_PKEY *key, *ca_key;
    X509 *ca;
    struct pki_order order;
    const char *expected;
    int64_t now_ms;
    struct dl_certificate_facts facts;
    struct dl_error error;
};

static const struct dl_trusted *find(void *context, const char *agency)
{
    struct world *world = context;
    for (size_t i = 0; i < PEERS; i++) {
        if (world->trusted[i].agency != NULL && strcmp(world->trusted[i].agency, agency) == 0) {
            return &world->trusted[i];
        }
    }
    return NULL;
}

static int set_up(void **state)
{
    static struct world world;
    world = (struct world){.now_ms = PKI_NOW};
    pki_agency_init(&world.us, "us");
    pki_agency_init(&world.ru, "ru");
    world.trusted[0] = pki_trusted(&world.us);
    world.trusted[1] = pki_trusted(&world.ru);
    world.key = pki_ed25519(&world.us.key);
    world.ca_key = pki_ed25519(&world.us.ca_key);
    world.ca = pki_parse(dl_buf_view(&world.us.ca));
    world.order = (struct pki_order){.uri = "directline:us",
                                     .use = "serverAuth,clientAuth",
                                     .key = world.key,
                                     .issuer_key = world.ca_key,
                                     .issuer = world.ca};
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    pki_agency_fini(&world->us);
    pki_agency_fini(&world->ru);
    EVP_PKEY_free(world->key);
    EVP_PKEY_free(world->ca_key);
    X509_free(world->ca);
    return 0;
}

static enum dl_err judge_der(struct world *world, struct dl_view der)
{
    struct dl_trust_question question = {
        .trust = find, .context = world, .expected = world->expected, .now_ms = world->now_ms};
    return dl_trust_judge(&question, der, &world->facts, &world->error);
}

static enum dl_err judge(struct world *world)
{
    struct dl_buf der;
    X509 *cert = pki_make(&world->order);
    dl_buf_init(&der, 8192);
    pki_der(cert, &der);
    enum dl_err err = judge_der(world, dl_buf_view(&der));
    X509_free(cert);
    dl_buf_fini(&der);
    return err;
}

/* Pin another key than the product's, and show a certificate of it. */
static void use_key(struct world *world, EVP_PKEY *key)
{
    EVP_PKEY_free(world->key);
    world->key = key;
    world->order.key = key;
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    assert_true(n > 0);
    world->trusted[0].pin = dl_sha256(dl_view_of(der, (size_t)n));
    OPENSSL_free(der);
}

/* Replace `us`'s authority by one with this key and digest. */
static void use_authority(struct world *world, EVP_PKEY *key, const EVP_MD *md)
{
    struct pki_order order = {.key = key, .md = md, .ca = true};
    EVP_PKEY_free(world->ca_key);
    X509_free(world->ca);
    world->ca_key = key;
    world->ca = pki_make(&order);
    pki_der(world->ca, &world->us.ca);
    world->trusted[0].ca = dl_buf_view(&world->us.ca);
    world->order.issuer = world->ca;
    world->order.issuer_key = key;
    world->order.md = md;
}

static void what_the_product_makes_is_believed(void **state)
{
    struct world *world = *state;
    assert_int_equal(judge_der(world, dl_buf_view(&world->us.certificate)), DL_OK);
    assert_string_equal(world->facts.agency, "us");
    world->expected = "us";
    assert_int_equal(judge_der(world, dl_buf_view(&world->us.certificate)), DL_OK);
}

static void the_unspoilt_order_is_believed(void **state)
{
    assert_int_equal(judge(*state), DL_OK);
}

static void a_key_of_a_security_module_is_believed(void **state)
{
    struct world *world = *state;
    use_key(world, EVP_EC_gen("P-256"));
    assert_int_equal(judge(world), DL_OK);
    use_key(world, EVP_RSA_gen(2048));
    assert_int_equal(judge(world), DL_OK);
    use_authority(world, EVP_EC_gen("P-256"), EVP_sha256());
    assert_int_equal(judge(world), DL_OK);
}

static void octets_that_are_no_certificate_are_refused(void **state)
{
    struct world *world = *state;
    assert_int_equal(judge_der(world, dl_view_str("not a certificate")), DL_E_CERT_BAD);
    assert_int_equal(judge_der(world, dl_view_of(NULL, 0)), DL_E_CERT_BAD);
    struct dl_view cut = dl_buf_view(&world->us.certificate);
    cut.n--;
    assert_int_equal(judge_der(world, cut), DL_E_CERT_BAD);
}

static void a_certificate_without_an_agency_is_refused(void **state)
{
    struct world *world = *state;
    static const char *const uris[] = {NULL, "https://us", "directline:", "directline:US",
                                       "directline:us us"};
    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
        world->order.uri = uris[i];
        assert_int_equal(judge(world), DL_E_CERT_NAME);
    }
}

static void another_agency_than_the_one_dialled_is_refused_by_name(void **state)
{
    struct world *world = *state;
    world->expected = "ru";
    assert_int_equal(judge(world), DL_E_CERT_NAME);
    assert_non_null(strstr(world->error.message, "\"us\""));
    assert_non_null(strstr(world->error.message, "\"ru\""));
}

static void a_peers_authority_cannot_speak_for_another_peer(void **state)
{
    struct world *world = *state;
    world->order.uri = "directline:ru";
    assert_int_equal(judge(world), DL_E_CERT_CA);
    world->expected = "us";
    assert_int_equal(judge(world), DL_E_CERT_NAME);
}

static void a_stranger_is_not_paired(void **state)
{
    struct world *world = *state;
    world->order.uri = "directline:fr";
    assert_int_equal(judge(world), DL_E_NOT_PAIRED);
    assert_non_null(strstr(world->error.message, "\"fr\""));
}

static void a_removed_peer_is_told_apart_here(void **state)
{
    struct world *world = *state;
    world->trusted[0].removed = true;
    assert_int_equal(judge(world), DL_E_REMOVED);
}

static void another_authority_is_refused(void **state)
{
    struct world *world = *state;
    struct dl_secret_key other = pki_secret("us", "another ca");
    EVP_PKEY *key = pki_ed25519(&other);
    world->order.issuer_key = key; // the right names, another signature
    assert_int_equal(judge(world), DL_E_CERT_CA);
    world->order.issuer = NULL; // signed by itself
    world->order.issuer_key = NULL;
    assert_int_equal(judge(world), DL_E_CERT_CA);
    EVP_PKEY_free(key);
}

static void another_key_of_the_right_agency_is_refused(void **state)
{
    struct world *world = *state;
    struct dl_secret_key other = pki_secret("us", "another key");
    EVP_PKEY *key = pki_ed25519(&other);
    world->order.key = key;
    assert_int_equal(judge(world), DL_E_CERT_KEY);
    EVP_PKEY_free(key);
}

static void sha_1_is_refused(void **state)
{
    struct world *world = *state;
    use_authority(world, EVP_RSA_gen(2048), EVP_sha256());
    assert_int_equal(judge(world), DL_OK);
    world->order.md = EVP_sha1();
    assert_int_equal(judge(world), DL_E_CERT_BAD);
}

static void a_weak_key_is_refused(void **state)
{
    struct world *world = *state;
    use_key(world, EVP_RSA_gen(1024));
    assert_int_equal(judge(world), DL_E_CERT_BAD);
}

static void a_weak_authority_is_refused(void **state)
{
    struct world *world = *state;
    use_authority(world, EVP_RSA_gen(1024), EVP_sha256());
    assert_int_equal(judge(world), DL_E_CERT_BAD);
}

static void an_extension_that_must_be_understood_is_refused(void **state)
{
    struct world *world = *state;
    world->order.extra = "a comment";
    assert_int_equal(judge(world), DL_OK);
    world->order.extra = "critical,a comment";
    assert_int_equal(judge(world), DL_E_CERT_BAD);
}

static void a_certificate_for_one_end_only_is_refused(void **state)
{
    struct world *world = *state;
    static const char *const uses[] = {"serverAuth", "clientAuth", "emailProtection", NULL};
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        world->order.use = uses[i];
        assert_int_equal(judge(world), DL_E_CERT_USE);
    }
}

static void validity_holds_from_the_first_instant_to_the_last(void **state)
{
    struct world *world = *state;
    world->order.from_ms = PKI_NOW;
    world->order.until_ms = PKI_NOW + 10 * PKI_DAY;
    assert_int_equal(judge(world), DL_OK);
    world->now_ms = PKI_NOW + 10 * PKI_DAY;
    assert_int_equal(judge(world), DL_OK);
}

static void expired_shows_both_dates_and_our_time(void **state)
{
    struct world *world = *state;
    world->order.from_ms = PKI_NOW - 10 * PKI_DAY;
    world->order.until_ms = PKI_NOW;
    world->now_ms = PKI_NOW + 1000;
    assert_int_equal(judge(world), DL_E_CERT_EXPIRED);
    assert_non_null(strstr(world->error.message, "2026-11-14T10:00:00.000Z"));
    assert_non_null(strstr(world->error.message, "2026-11-24T10:00:00.000Z"));
    assert_non_null(strstr(world->error.message, "2026-11-24T10:00:01.000Z"));
    assert_non_null(strstr(world->error.message, "clock?"));
}

static void not_yet_valid_shows_both_dates_and_our_time(void **state)
{
    struct world *world = *state;
    world->order.from_ms = PKI_NOW;
    world->now_ms = PKI_NOW - 1000;
    assert_int_equal(judge(world), DL_E_CERT_FUTURE);
    assert_non_null(strstr(world->error.message, "2026-11-24T10:00:00.000Z"));
    assert_non_null(strstr(world->error.message, "2026-11-24T09:59:59.000Z"));
    assert_non_null(strstr(world->error.message, "clock?"));
}

static void an_expired_authority_is_named_as_such(void **state)
{
    struct world *world = *state;
    use_authority(world, EVP_EC_gen("P-256"), EVP_sha256()); // for two days
    world->order.until_ms = PKI_NOW + 10 * PKI_DAY;
    assert_int_equal(judge(world), DL_OK);
    world->now_ms = PKI_NOW + 5 * PKI_DAY;
    assert_int_equal(judge(world), DL_E_CERT_EXPIRED);
    assert_non_null(strstr(world->error.message, "authority"));
}

static void the_products_authority_can_be_relied_on(void **state)
{
    struct world *world = *state;
    assert_int_equal(dl_trust_check_authority(dl_buf_view(&world->us.ca), &world->error), DL_OK);
}

static void what_is_no_authority_is_refused_at_pairing(void **state)
{
    struct world *world = *state;
    struct dl_error *error = &world->error;
    assert_int_equal(dl_trust_check_authority(dl_view_str("no"), error), DL_E_OFFER);
    assert_string_equal(error->field, "ca");
    struct dl_view leaf = dl_buf_view(&world->us.certificate);
    assert_int_equal(dl_trust_check_authority(leaf, error), DL_E_OFFER);
    use_authority(world, EVP_RSA_gen(1024), EVP_sha256());
    assert_int_equal(dl_trust_check_authority(world->trusted[0].ca, error), DL_E_OFFER);
    use_authority(world, EVP_RSA_gen(2048), EVP_sha1());
    assert_int_equal(dl_trust_check_authority(world->trusted[0].ca, error), DL_E_OFFER);
    use_authority(world, EVP_RSA_gen(2048), EVP_sha256());
    assert_int_equal(dl_trust_check_authority(world->trusted[0].ca, error), DL_OK);
}

static void an_authority_whose_signature_is_broken_is_refused_at_pairing(void **state)
{
    struct world *world = *state;
    world->us.ca.p[world->us.ca.n - 1] ^= 1;
    assert_int_equal(dl_trust_check_authority(dl_buf_view(&world->us.ca), NULL), DL_E_OFFER);
}

#define TRY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(what_the_product_makes_is_believed),
        TRY(the_unspoilt_order_is_believed),
        TRY(a_key_of_a_security_module_is_believed),
        TRY(octets_that_are_no_certificate_are_refused),
        TRY(a_certificate_without_an_agency_is_refused),
        TRY(another_agency_than_the_one_dialled_is_refused_by_name),
        TRY(a_peers_authority_cannot_speak_for_another_peer),
        TRY(a_stranger_is_not_paired),
        TRY(a_removed_peer_is_told_apart_here),
        TRY(another_authority_is_refused),
        TRY(another_key_of_the_right_agency_is_refused),
        TRY(sha_1_is_refused),
        TRY(a_weak_key_is_refused),
        TRY(a_weak_authority_is_refused),
        TRY(an_extension_that_must_be_understood_is_refused),
        TRY(a_certificate_for_one_end_only_is_refused),
        TRY(validity_holds_from_the_first_instant_to_the_last),
        TRY(expired_shows_both_dates_and_our_time),
        TRY(not_yet_valid_shows_both_dates_and_our_time),
        TRY(an_expired_authority_is_named_as_such),
        TRY(the_products_authority_can_be_relied_on),
        TRY(what_is_no_authority_is_refused_at_pairing),
        TRY(an_authority_whose_signature_is_broken_is_refused_at_pairing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
