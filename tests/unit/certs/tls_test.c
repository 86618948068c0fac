/* The answering and the dialling side against TLS that is not ours. */
#include "certs/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { OCTETS = 1024 * 1024 };

/* Ours is `us`, paired with `cn`. The other end is OpenSSL's own, set up by each test. */
static struct {
    struct pki_agency us, cn;
    struct dl_trusted cn_trusted;
    struct dl_tls *tls;
    struct dl_channel *channel;
    struct dl_buf plain, cipher;
    enum dl_err err;
    struct dl_error error;
    SSL_CTX *context;
    SSL *other;
    unsigned long other_reason;
} w;

static const unsigned char alpn[] = "\x0C"
                                    "directline/1";

static const struct dl_trusted *trust(void *context, const char *agency)
{
    (void)context;
    return strcmp(agency, "cn") == 0 ? &w.cn_trusted : NULL;
}

static int64_t now(void *context)
{
    (void)context;
    return PKI_NOW;
}

static int set_up(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    pki_agency_init(&w.us, "us");
    pki_agency_init(&w.cn, "cn");
    w.cn_trusted = pki_trusted(&w.cn);
    dl_buf_init(&w.plain, OCTETS);
    dl_buf_init(&w.cipher, OCTETS);
    struct dl_tls_config config = {.certificate = dl_buf_view(&w.us.certificate),
                                   .key = &w.us.key,
                                   .trust = trust,
                                   .now_ms = now};
    assert_int_equal(dl_tls_new(&config, &w.tls), DL_OK);
    w.context = SSL_CTX_new(TLS_method());
    SSL_CTX_set_security_level(w.context, 0);
    SSL_CTX_set_alpn_protos(w.context, alpn, sizeof alpn - 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    SSL_free(w.other);
    SSL_CTX_free(w.context);
    dl_channel_free(&w.channel);
    dl_tls_free(&w.tls);
    dl_buf_fini(&w.plain);
    dl_buf_fini(&w.cipher);
    pki_agency_fini(&w.us);
    pki_agency_fini(&w.cn);
    ERR_clear_error();
    return 0;
}

/* Give the other end cn's own certificate, or the one of `order`. */
static void other_shows(struct pki_order *order)
{
    EVP_PKEY *key = order == NULL ? pki_ed25519(&w.cn.key) : order->key;
    X509 *cert = order == NULL ? pki_parse(dl_buf_view(&w.cn.certificate)) : pki_make(order);
    assert_int_equal(SSL_CTX_use_certificate(w.context, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(w.context, key), 1);
    X509_free(cert);
    if (order == NULL) {
        EVP_PKEY_free(key);
    }
}

static void other_new(bool dials)
{
    w.other = SSL_new(w.context);
    SSL_set_bio(w.other, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (dials) {
        SSL_set_connect_state(w.other);
        w.channel = dl_channel_accept(w.tls);
    } else {
        SSL_set_accept_state(w.other);
        w.channel = dl_channel_dial(w.tls, "cn");
        assert_int_equal(dl_channel_start(w.channel, &w.cipher, &w.error), DL_OK);
    }
}

/* One step of the other end; its reason for failing is kept. */
static void other_step(void)
{
    char octets[256];
    ERR_clear_error();
    int rc = SSL_read(w.other, octets, sizeof octets);
    if (rc <= 0 && SSL_get_error(w.other, rc) == SSL_ERROR_SSL && w.other_reason == 0) {
        w.other_reason = (unsigned long)ERR_GET_REASON(ERR_peek_error());
    }
    ERR_clear_error();
}

static void exchange(void)
{
    for (int i = 0; i < 12; i++) {
        other_step();
        char *p = NULL;
        long n = BIO_get_mem_data(SSL_get_wbio(w.other), &p);
        if (n > 0 && w.err == DL_OK) {
            w.err =
                dl_channel_recv(w.channel, dl_view_of(p, (size_t)n), &w.plain, &w.cipher, &w.error);
        }
        (void)BIO_reset(SSL_get_wbio(w.other));
        if (w.cipher.n > 0) {
            BIO_write(SSL_get_rbio(w.other), w.cipher.p, (int)w.cipher.n);
            dl_buf_reset(&w.cipher);
        }
    }
}

static void call_us(enum dl_err expected)
{
    other_new(true);
    exchange();
    assert_int_equal(w.err, expected);
    assert_int_equal(w.error.err, expected);
    if (expected == DL_OK) {
        assert_string_equal(dl_channel_peer(w.channel), "cn");
    } else {
        assert_null(dl_channel_peer(w.channel));
        assert_true(w.error.message[0] != '\0');
        assert_int_equal(w.plain.n, 0);
    }
}

static void other_was_told(int alert)
{
    assert_int_equal(w.other_reason, SSL_AD_REASON_OFFSET + alert);
}

static void another_implementation_with_the_right_certificate_is_heard(void **state)
{
    (void)state;
    other_shows(NULL);
    call_us(DL_OK);
    assert_int_equal(SSL_write(w.other, "hello", 5), 5);
    exchange();
    assert_int_equal(w.err, DL_OK);
    assert_memory_equal(w.plain.p, "hello", 5);
    assert_false(SSL_session_reused(w.other));
}

static void tls_1_2_is_refused(void **state)
{
    (void)state;
    other_shows(NULL);
    SSL_CTX_set_max_proto_version(w.context, TLS1_2_VERSION);
    call_us(DL_E_TLS_VERSION);
    other_was_told(SSL_AD_PROTOCOL_VERSION);
}

static void no_certificate_is_refused(void **state)
{
    (void)state;
    call_us(DL_E_CERT_NONE);
    other_was_told(SSL_AD_CERTIFICATE_REQUIRED);
}

static void another_alpn_is_refused(void **state)
{
    (void)state;
    other_shows(NULL);
    SSL_CTX_set_alpn_protos(w.context,
                            (const unsigned char *)"\x0C"
                                                   "directline/2",
                            13);
    call_us(DL_E_TLS_ALPN);
    other_was_told(SSL_AD_NO_APPLICATION_PROTOCOL);
}

static void no_alpn_is_refused(void **state)
{
    (void)state;
    other_shows(NULL);
    SSL_CTX_set_alpn_protos(w.context, NULL, 0);
    call_us(DL_E_TLS_ALPN);
    other_was_told(SSL_AD_NO_APPLICATION_PROTOCOL);
}

static void one_alpn_of_several_is_enough(void **state)
{
    (void)state;
    other_shows(NULL);
    SSL_CTX_set_alpn_protos(w.context,
                            (const unsigned char *)"\x02h2\x0C"
                                                   "directline/1",
                            16);
    call_us(DL_OK);
}

static void a_weak_key_is_refused_with_its_reason(void **state)
{
    (void)state;
    EVP_PKEY *ca_key = pki_ed25519(&w.cn.ca_key);
    X509 *ca = pki_parse(dl_buf_view(&w.cn.ca));
    struct pki_order order = {.uri = "directline:cn",
                              .use = "serverAuth,clientAuth",
                              .key = EVP_RSA_gen(1024),
                              .issuer_key = ca_key,
                              .issuer = ca};
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(order.key, &der);
    w.cn_trusted.pin = dl_sha256(dl_view_of(der, (size_t)n)); // even pinned
    OPENSSL_free(der);
    other_shows(&order);
    call_us(DL_E_CERT_BAD);
    other_was_told(SSL_AD_UNSUPPORTED_CERTIFICATE);
    EVP_PKEY_free(order.key);
    EVP_PKEY_free(ca_key);
    X509_free(ca);
}

static void a_p_256_key_is_heard(void **state)
{
    (void)state;
    EVP_PKEY *ca_key = pki_ed25519(&w.cn.ca_key);
    X509 *ca = pki_parse(dl_buf_view(&w.cn.ca));
    struct pki_order order = {.uri = "directline:cn",
                              .use = "serverAuth,clientAuth",
                              .key = EVP_EC_gen("P-256"),
                              .issuer_key = ca_key,
                              .issuer = ca};
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(order.key, &der);
    w.cn_trusted.pin = dl_sha256(dl_view_of(der, (size_t)n));
    OPENSSL_free(der);
    other_shows(&order);
    call_us(DL_OK);
    EVP_PKEY_free(order.key);
    EVP_PKEY_free(ca_key);
    X509_free(ca);
}

static void a_certificate_without_its_key_is_refused(void **state)
{
    (void)state;
    struct dl_secret_key thief = pki_secret("thief", "tls");
    EVP_PKEY *key = pki_ed25519(&thief);
    EVP_PKEY *ca_key = pki_ed25519(&w.cn.ca_key);
    X509 *ca = pki_parse(dl_buf_view(&w.cn.ca));
    struct pki_order order = {.uri = "directline:cn",
                              .use = "serverAuth,clientAuth",
                              .key = key,
                              .issuer_key = ca_key, // even from the right authority
                              .issuer = ca};
    other_shows(&order);
    call_us(DL_E_CERT_KEY);
    other_was_told(SSL_AD_CERTIFICATE_REVOKED);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    X509_free(ca);
}

/* A session that allows early data, out of thin air. */
static int early_session(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_n,
                         SSL_SESSION **out)
{
    static const unsigned char name[] = "ticket";
    static const unsigned char secret[48] = {1};
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, (const unsigned char *)"\x13\x02");
    (void)md;
    *out = SSL_SESSION_new();
    SSL_SESSION_set1_master_key(*out, secret, sizeof secret);
    SSL_SESSION_set_cipher(*out, cipher);
    SSL_SESSION_set_protocol_version(*out, TLS1_3_VERSION);
    SSL_SESSION_set_max_early_data(*out, 1000);
    SSL_SESSION_set1_alpn_selected(*out, alpn + 1, sizeof alpn - 2);
    *id = name;
    *id_n = sizeof name;
    return 1;
}

static void early_data_are_refused(void **state)
{
    (void)state;
    other_shows(NULL);
    SSL_CTX_set_psk_use_session_callback(w.context, early_session);
    other_new(true);
    size_t written = 0;
    assert_int_equal(SSL_write_early_data(w.other, "early", 5, &written), 1);
    exchange();
    assert_int_equal(w.err, DL_E_TLS);
    assert_non_null(strstr(w.error.message, "early data"));
    assert_int_equal(w.plain.n, 0);
}

static void a_resumption_is_a_full_handshake(void **state)
{
    (void)state;
    other_shows(NULL);
    call_us(DL_OK);
    SSL_SESSION *session = SSL_get1_session(w.other);
    assert_false(SSL_SESSION_is_resumable(session)); // there was no ticket
    SSL_SESSION_free(session);
}

static void renegotiation_does_not_exist(void **state)
{
    (void)state;
    other_shows(NULL);
    call_us(DL_OK);
    assert_int_equal(SSL_renegotiate(w.other), 0);
    ERR_clear_error();
}

static void a_new_traffic_key_is_fine(void **state)
{
    (void)state;
    other_shows(NULL);
    call_us(DL_OK);
    assert_int_equal(SSL_key_update(w.other, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_write(w.other, "hello", 5), 5);
    exchange();
    assert_int_equal(w.err, DL_OK);
    assert_memory_equal(w.plain.p, "hello", 5);
    assert_int_equal(dl_channel_send(w.channel, dl_view_str("back"), &w.cipher), DL_OK);
    exchange();
    assert_int_equal(w.other_reason, 0);
}

/* ---- we dial ---- */

static int choose(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
                  unsigned in_n, void *unused)
{
    (void)ssl;
    (void)unused;
    return SSL_select_next_proto((unsigned char **)out, n, alpn, sizeof alpn - 1, in, in_n) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void a_server_that_speaks_directline_is_heard(void **state)
{
    (void)state;
    other_shows(NULL);
    SSL_CTX_set_alpn_select_cb(w.context, choose, NULL);
    other_new(false);
    exchange();
    assert_int_equal(w.err, DL_OK);
    assert_string_equal(dl_channel_peer(w.channel), "cn");
}

static void a_server_without_alpn_is_refused(void **state)
{
    (void)state;
    other_shows(NULL);
    other_new(false);
    exchange();
    assert_int_equal(w.err, DL_E_TLS_ALPN);
    assert_null(dl_channel_peer(w.channel));
}

static void a_server_of_tls_1_2_is_refused(void **state)
{
    (void)state;
    other_shows(NULL);
    SSL_CTX_set_max_proto_version(w.context, TLS1_2_VERSION);
    other_new(false);
    exchange();
    assert_int_equal(w.err, DL_E_TLS_VERSION);
}

static void a_server_that_is_another_agency_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *key = pki_ed25519(&w.us.key);
    X509 *cert = pki_parse(dl_buf_view(&w.us.certificate));
    assert_int_equal(SSL_CTX_use_certificate(w.context, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(w.context, key), 1);
    SSL_CTX_set_alpn_select_cb(w.context, choose, NULL);
    other_new(false);
    exchange();
    assert_int_equal(w.err, DL_E_CERT_NAME);
    other_was_told(SSL_AD_CERTIFICATE_UNKNOWN);
    EVP_PKEY_free(key);
    X509_free(cert);
}

#define TRY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(another_implementation_with_the_right_certificate_is_heard),
        TRY(tls_1_2_is_refused),
        TRY(no_certificate_is_refused),
        TRY(another_alpn_is_refused),
        TRY(no_alpn_is_refused),
        TRY(one_alpn_of_several_is_enough),
        TRY(a_weak_key_is_refused_with_its_reason),
        TRY(a_p_256_key_is_heard),
        TRY(a_certificate_without_its_key_is_refused),
        TRY(early_data_are_refused),
        TRY(a_resumption_is_a_full_handshake),
        TRY(renegotiation_does_not_exist),
        TRY(a_new_traffic_key_is_fine),
        TRY(a_server_that_speaks_directline_is_heard),
        TRY(a_server_without_alpn_is_refused),
        TRY(a_server_of_tls_1_2_is_refused),
        TRY(a_server_that_is_another_agency_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
