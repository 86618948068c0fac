#include "certs/channel_internal.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const unsigned char dl__alpn[] = "\x0C"
                                 "directline/1";

/* Everything that the library's configuration file could change is said here. Ours are Ed25519; the
 * others are for a peer whose keys live in a security module. */
static const char suites[] =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
static const char signatures[] =
    "ed25519:ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:rsa_pss_rsae_sha256";
static const char groups[] = "X25519:P-256";
enum { SECURITY_LEVEL = 2 };

static void refuse(struct dl_channel *c, enum dl_err err, const char *message)
{
    dl_error_set(&c->error, err, NULL, "%s", message);
    dl_error_hint(&c->error, "not a directline node?");
}

/* Which alert the other side sees for a refusal of ours (channel.h has the table): the library
 * derives it from a verification result. A removed peer sees what a stranger sees. */
static int alert_of(enum dl_err err)
{
    switch (err) {
    case DL_E_NOT_PAIRED:
    case DL_E_REMOVED:
    case DL_E_CERT_CA:
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT; // unknown_ca
    case DL_E_CERT_KEY:
        return X509_V_ERR_CERT_REVOKED; // certificate_revoked
    case DL_E_CERT_EXPIRED:
        return X509_V_ERR_CERT_HAS_EXPIRED; // certificate_expired
    case DL_E_CERT_FUTURE:
        return X509_V_ERR_CERT_NOT_YET_VALID; // bad_certificate
    case DL_E_CERT_NAME:
        return X509_V_ERR_NO_EXPLICIT_POLICY; // not in the library's table: certificate_unknown
    default:
        return X509_V_ERR_INVALID_PURPOSE; // unsupported_certificate
    }
}

static enum dl_err judge(struct dl_channel *c, X509 *cert)
{
    const struct dl_tls_config *config = &c->tls->config;
    struct dl_trust_question question = {.trust = config->trust,
                                         .context = config->context,
                                         .expected = c->dialled ? c->expected : NULL,
                                         .now_ms = config->now_ms(config->context)};
    unsigned char *der = NULL;
    int n = cert == NULL ? 0 : i2d_X509(cert, &der);
    enum dl_err err =
        dl_trust_judge(&question, dl_view_of(der, n > 0 ? (size_t)n : 0), &c->shown, &c->error);
    c->shown_known = err != DL_E_CERT_BAD || c->shown.until_ms != 0;
    if (err == DL_OK) {
        DL_ASSERT(strlen(c->shown.agency) < sizeof c->peer, "I6: its form was judged");
        snprintf(c->peer, sizeof c->peer, "%.32s", c->shown.agency);
    }
    OPENSSL_free(der);
    return err;
}

static int verify(X509_STORE_CTX *context, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    enum dl_err err = judge(SSL_get_app_data(ssl), X509_STORE_CTX_get0_cert(context));
    X509_STORE_CTX_set_error(context, err == DL_OK ? X509_V_OK : alert_of(err));
    return err == DL_OK;
}

/* Before anything is negotiated: a caller that offers no ALPN at all, or wants early data. */
static int on_client_hello(SSL *ssl, int *alert, void *unused)
{
    (void)unused;
    const unsigned char *p = NULL;
    size_t n = 0;
    struct dl_channel *c = SSL_get_app_data(ssl);
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_early_data, &p, &n) == 1) {
        refuse(c, DL_E_TLS, "the caller wants to send early data, which is never taken");
        *alert = SSL_AD_ILLEGAL_PARAMETER;
        return SSL_CLIENT_HELLO_ERROR;
    }
    bool tls13 = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &p, &n) == 1;
    if (tls13 && SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation,
                                           &p, &n) != 1) {
        refuse(c, DL_E_TLS_ALPN, "the caller does not offer directline/1 (no ALPN)");
        *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *in, unsigned in_n, void *unused)
{
    (void)unused;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_n, dl__alpn, DL__ALPN, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED) {
        refuse(SSL_get_app_data(ssl), DL_E_TLS_ALPN,
               "the caller does not offer directline/1 (ALPN)");
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static X509 *parse(struct dl_view der)
{
    const unsigned char *p = der.p;
    return der.n == 0 || der.n > LONG_MAX ? NULL : d2i_X509(NULL, &p, (long)der.n);
}

static bool set_identity(SSL_CTX *context, const struct dl_tls_config *config)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, config->key->b, sizeof config->key->b);
    X509 *cert = parse(config->certificate);
    bool ok = key != NULL && cert != NULL && SSL_CTX_use_certificate(context, cert) == 1 &&
              SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    X509_free(cert);
    return ok;
}

static bool set_up(SSL_CTX *context)
{
    SSL_CTX_set_security_level(context, SECURITY_LEVEL);
    SSL_CTX_set_options(context,
                        SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_max_cert_list(context, DL_LIMIT_CERTIFICATE);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify, NULL);
    SSL_CTX_set_client_hello_cb(context, on_client_hello, NULL);
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(context, suites) == 1 &&
           SSL_CTX_set1_sigalgs_list(context, signatures) == 1 &&
           SSL_CTX_set1_client_sigalgs_list(context, signatures) == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 &&
           SSL_CTX_set_max_early_data(context, 0) == 1 &&
           SSL_CTX_set_alpn_protos(context, dl__alpn, DL__ALPN) == 0; // 0 is success here
}

enum dl_err dl_tls_new(const struct dl_tls_config *config, struct dl_tls **out)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    DL_ASSERT(context != NULL, "memory for TLS");
    bool ok = set_up(context);
    DL_ASSERT(ok, "the library has what TLS 1.3 needs");
    if (!set_identity(context, config)) {
        SSL_CTX_free(context);
        ERR_clear_error();
        return DL_E_KEY;
    }
    struct dl_tls *tls = calloc(1, sizeof *tls);
    DL_ASSERT(tls != NULL, "memory for TLS");
    tls->context = context;
    tls->config = *config;
    tls->config.certificate = dl_view_of(NULL, 0); // both are the context's now
    tls->config.key = NULL;
    *out = tls;
    return DL_OK;
}

enum dl_err dl_tls_renew(struct dl_tls *tls, struct dl_view certificate)
{
    X509 *cert = parse(certificate);
    EVP_PKEY *key = SSL_CTX_get0_privatekey(tls->context);
    DL_ASSERT(key != NULL, "an endpoint has a key");
    // asked before: the library would forget the key that does not fit
    bool ok = cert != NULL && X509_check_private_key(cert, key) == 1 &&
              SSL_CTX_use_certificate(tls->context, cert) == 1;
    X509_free(cert);
    ERR_clear_error();
    return ok ? DL_OK : DL_E_KEY;
}

void dl_tls_free(struct dl_tls **tls)
{
    if (*tls != NULL) {
        SSL_CTX_free((*tls)->context);
        free(*tls);
        *tls = NULL;
    }
}
