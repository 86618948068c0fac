#include "certs/channel.h"
#include "base/encoding.h"
#include "base/text.h"
#include "certs/identity.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char alpn[] = "\x0C"
                                    "directline/1";
enum { ALPN = sizeof alpn - 1, RECORD = 16 * 1024 };

struct dl_tls {
    SSL_CTX *context;
    struct dl_tls_config config;
};

struct dl_channel {
    struct dl_tls *tls;
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    bool dialled, finished;
    char expected[DL_LIMIT_AGENCY_ID + 1];
    char peer[DL_LIMIT_AGENCY_ID + 1];
    int64_t until_ms;
    struct dl_error error; /* what our own checks found */
};

/* ---- judging a certificate ---- */

static enum dl_err refuse(struct dl_channel *c, enum dl_err err, const char *message,
                          const char *hint)
{
    dl_error_set(&c->error, err, NULL, "%s", message);
    dl_error_hint(&c->error, "%s", hint);
    return err;
}

static enum dl_err judge_dates(struct dl_channel *c, const struct dl_certificate_facts *facts)
{
    int64_t now = c->tls->config.now_ms(c->tls->config.context);
    if (now >= facts->from_ms && now <= facts->until_ms) {
        return DL_OK;
    }
    char from[DL_TIME_TEXT];
    char until[DL_TIME_TEXT];
    char here[DL_TIME_TEXT];
    dl_time_encode(facts->from_ms, from);
    dl_time_encode(facts->until_ms, until);
    dl_time_encode(now, here);
    bool late = now > facts->until_ms;
    dl_error_set(&c->error, late ? DL_E_CERT_EXPIRED : DL_E_CERT_FUTURE, NULL,
                 "the peer's certificate is valid from %s until %s; our time is %s (clock?)", from,
                 until, here);
    dl_error_hint(&c->error, late ? "check this clock; else the peer must renew its certificate"
                                  : "check this clock and the peer's");
    return c->error.err;
}

static X509 *parse(struct dl_view der)
{
    const unsigned char *p = der.p;
    return der.n == 0 || der.n > LONG_MAX ? NULL : d2i_X509(NULL, &p, (long)der.n);
}

/* Only the peer's own authority is asked; dates are judged apart, by the agency's clock. */
static bool chains(X509 *cert, struct dl_view ca_der)
{
    X509 *ca = parse(ca_der);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool ok = ca != NULL && store != NULL && context != NULL &&
              X509_STORE_add_cert(store, ca) == 1 &&
              X509_STORE_CTX_init(context, store, cert, NULL) == 1;
    if (ok) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_X509_STRICT);
        X509_VERIFY_PARAM_set_depth(param, 1);
        X509_VERIFY_PARAM_set_auth_level(param, 2); // no SHA-1, no short keys
        ok = X509_verify_cert(context) == 1;
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(ca);
    ERR_clear_error();
    return ok;
}

static bool for_both_ends(X509 *cert)
{
    uint32_t use = X509_get_extended_key_usage(cert);
    return use != UINT32_MAX && (use & XKU_SSL_SERVER) != 0 && (use & XKU_SSL_CLIENT) != 0 &&
           X509_check_ca(cert) == 0;
}

static enum dl_err judge_peer(struct dl_channel *c, X509 *cert,
                              const struct dl_certificate_facts *facts,
                              const struct dl_trusted *trusted)
{
    if (trusted->removed) {
        return refuse(c, DL_E_REMOVED, "this peer was removed here",
                      "pair again with `peer add` if that is wanted");
    }
    if (!chains(cert, trusted->ca)) {
        return refuse(
            c, DL_E_CERT_CA, "the certificate is not from the authority in the peer's offer",
            "another authority than the one you paired with: ask the peer; re-pair if it lost "
            "its keys");
    }
    if (!dl_hash_equal(&facts->pin, &trusted->pin)) {
        return refuse(c, DL_E_CERT_KEY, "the certificate has another key than the pinned one",
                      "the peer changed its TLS key: ask it; re-pair if that is right");
    }
    if (!for_both_ends(cert)) {
        return refuse(c, DL_E_CERT_USE, "the certificate is not for both ends of a connection",
                      "the peer must make its certificate with directline");
    }
    return judge_dates(c, facts);
}

static enum dl_err judge(struct dl_channel *c, X509 *cert)
{
    struct dl_certificate_facts facts;
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);
    enum dl_err err =
        n <= 0 ? DL_E_CERT_BAD : dl_certificate_facts(dl_view_of(der, (size_t)n), &facts);
    OPENSSL_free(der);
    if (err != DL_OK) {
        return refuse(c, DL_E_CERT_BAD, "the peer's certificate cannot be read", "ask the peer");
    }
    if (!dl_text_is_agency(dl_view_str(facts.agency))) {
        return refuse(c, DL_E_CERT_NAME, "the certificate names no agency",
                      "not a directline node?");
    }
    if (c->dialled && strcmp(facts.agency, c->expected) != 0) {
        dl_error_set(&c->error, DL_E_CERT_NAME, NULL,
                     "the node at this address is \"%s\", not \"%s\" (name mismatch)", facts.agency,
                     c->expected);
        dl_error_hint(&c->error, "check the peer's address");
        return DL_E_CERT_NAME;
    }
    const struct dl_trusted *trusted = c->tls->config.trust(c->tls->config.context, facts.agency);
    if (trusted == NULL) {
        dl_error_set(&c->error, DL_E_NOT_PAIRED, NULL, "agency \"%s\" is not paired here",
                     facts.agency);
        dl_error_hint(&c->error, "`peer add` its offer if it should be");
        return DL_E_NOT_PAIRED;
    }
    err = judge_peer(c, cert, &facts, trusted);
    if (err == DL_OK) {
        snprintf(c->peer, sizeof c->peer, "%.32s", facts.agency); // its length was judged
        c->until_ms = facts.until_ms;
    }
    return err;
}

/* Which alert the peer sees for a failure of ours. A removed peer sees what a stranger sees. */
static int alert_of(enum dl_err err)
{
    switch (err) {
    case DL_E_CERT_EXPIRED:
        return X509_V_ERR_CERT_HAS_EXPIRED;
    case DL_E_CERT_KEY:
        return X509_V_ERR_CERT_REVOKED;
    case DL_E_CERT_USE:
        return X509_V_ERR_INVALID_PURPOSE;
    case DL_E_NOT_PAIRED:
    case DL_E_REMOVED:
    case DL_E_CERT_CA:
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT;
    default:
        return X509_V_ERR_CERT_REJECTED;
    }
}

static int verify(X509_STORE_CTX *context, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct dl_channel *c = SSL_get_app_data(ssl);
    enum dl_err err = judge(c, X509_STORE_CTX_get0_cert(context));
    X509_STORE_CTX_set_error(context, err == DL_OK ? X509_V_OK : alert_of(err));
    return err == DL_OK;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *in, unsigned in_n, void *unused)
{
    (void)unused;
    struct dl_channel *c = SSL_get_app_data(ssl);
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_n, alpn, ALPN, in, in_n) != OPENSSL_NPN_NEGOTIATED) {
        refuse(c, DL_E_TLS_ALPN, "the caller does not offer directline/1 (ALPN)",
               "not a directline node?");
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* ---- contexts ---- */

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

enum dl_err dl_tls_new(const struct dl_tls_config *config, struct dl_tls **out)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    DL_ASSERT(context != NULL, "memory for TLS");
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_options(context,
                        SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify, NULL);
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, NULL);
    int refused = SSL_CTX_set_alpn_protos(context, alpn, ALPN); // 0 is success here
    if (refused != 0 || !set_identity(context, config)) {
        SSL_CTX_free(context);
        ERR_clear_error();
        return DL_E_KEY;
    }
    struct dl_tls *tls = calloc(1, sizeof *tls);
    DL_ASSERT(tls != NULL, "memory for TLS");
    tls->context = context;
    tls->config = *config;
    *out = tls;
    return DL_OK;
}

void dl_tls_free(struct dl_tls **tls)
{
    if (*tls != NULL) {
        SSL_CTX_free((*tls)->context);
        free(*tls);
        *tls = NULL;
    }
}

static struct dl_channel *channel_new(struct dl_tls *tls)
{
    struct dl_channel *c = calloc(1, sizeof *c);
    DL_ASSERT(c != NULL, "memory for a channel");
    c->tls = tls;
    c->ssl = SSL_new(tls->context);
    c->in = BIO_new(BIO_s_mem());
    c->out = BIO_new(BIO_s_mem());
    DL_ASSERT(c->ssl != NULL && c->in != NULL && c->out != NULL, "memory for a channel");
    SSL_set_bio(c->ssl, c->in, c->out);
    SSL_set_app_data(c->ssl, c);
    return c;
}

struct dl_channel *dl_channel_dial(struct dl_tls *tls, const char *peer)
{
    struct dl_channel *c = channel_new(tls);
    snprintf(c->expected, sizeof c->expected, "%s", peer);
    c->dialled = true;
    SSL_set_connect_state(c->ssl);
    return c;
}

struct dl_channel *dl_channel_accept(struct dl_tls *tls)
{
    struct dl_channel *c = channel_new(tls);
    SSL_set_accept_state(c->ssl);
    return c;
}

void dl_channel_free(struct dl_channel **channel)
{
    if (*channel != NULL) {
        SSL_free((*channel)->ssl);
        free(*channel);
        *channel = NULL;
    }
}

const char *dl_channel_peer(const struct dl_channel *channel)
{
    return channel->finished ? channel->peer : NULL;
}

int64_t dl_channel_peer_until(const struct dl_channel *channel)
{
    return channel->finished ? channel->until_ms : 0;
}

/* ---- the pump: handshake, read, write, flush ---- */

static void flush(struct dl_channel *c, struct dl_buf *cipher)
{
    char *p = NULL;
    long n = BIO_get_mem_data(c->out, &p);
    if (n > 0) {
        dl_buf_put(cipher, p, (size_t)n);
        int ok = BIO_reset(c->out);
        DL_ASSERT(ok == 1, "a memory BIO can be emptied");
    }
}

/* What the other side's alert means to the one who reads our log. */
static enum dl_err describe_alert(struct dl_error *error, int alert)
{
    switch (alert) {
    case SSL_AD_UNKNOWN_CA:
        dl_error_set(error, DL_E_NOT_PAIRED, NULL,
                     "the other side does not know us: not paired there");
        return dl_error_hint(error,
                             "the peer must add (or add again) our offer: directline peer offer");
    case SSL_AD_CERTIFICATE_EXPIRED:
        dl_error_set(error, DL_E_CERT_EXPIRED, NULL,
                     "the other side says that our certificate has expired (clock?)");
        return dl_error_hint(error,
                             "`doctor` shows our certificate's dates; else its clock is wrong");
    case SSL_AD_CERTIFICATE_REVOKED:
        dl_error_set(error, DL_E_CERT_KEY, NULL, "the other side has another key of ours pinned");
        return dl_error_hint(error, "the peer must add our offer again");
    case SSL_AD_BAD_CERTIFICATE:
        dl_error_set(
            error, DL_E_CERT_BAD, NULL,
            "the other side refuses our certificate (its name, or not yet valid there: clock?)");
        return dl_error_hint(error,
                             "compare the clocks, then the address; its log has the exact reason");
    case SSL_AD_PROTOCOL_VERSION:
        return dl_error_set(error, DL_E_TLS_VERSION, NULL, "the other side does not speak TLS 1.3");
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        return dl_error_set(error, DL_E_TLS_ALPN, NULL,
                            "the other side does not speak directline/1");
    case SSL_AD_CERTIFICATE_REQUIRED:
        return dl_error_set(error, DL_E_CERT_NONE, NULL, "the other side wants a certificate");
    default:
        return dl_error_set(error, DL_E_TLS, NULL, "the other side ended the handshake: %s",
                            SSL_alert_desc_string_long(alert));
    }
}

static enum dl_err describe_reason(const struct dl_channel *c, unsigned long code,
                                   struct dl_error *error)
{
    int reason = ERR_GET_REASON(code);
    if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
        return describe_alert(error, reason - SSL_AD_REASON_OFFSET);
    }
    switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return dl_error_set(error, DL_E_CERT_NONE, NULL, "the caller showed no certificate");
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_UNKNOWN_PROTOCOL:
        return dl_error_set(error, DL_E_TLS_VERSION, NULL, "the other side does not offer TLS 1.3");
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_BAD_LENGTH:
        return dl_error_set(error, c->finished ? DL_E_TLS_RECORD : DL_E_TLS, NULL,
                            "a TLS record does not verify: changed or injected on the way");
    default: {
        const char *text = ERR_reason_error_string(code);
        return dl_error_set(error, c->finished ? DL_E_TLS_RECORD : DL_E_TLS, NULL, "TLS: %s",
                            text == NULL ? "not a TLS handshake" : text);
    }
    }
}

/* What stopped SSL_*: DL_OK when it only wants more octets. */
static enum dl_err result_of(struct dl_channel *c, int rc, struct dl_error *error)
{
    int kind = SSL_get_error(c->ssl, rc);
    unsigned long code = ERR_peek_error();
    enum dl_err err = DL_OK;
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
        err = DL_OK;
    } else if (kind == SSL_ERROR_ZERO_RETURN) {
        err = dl_error_set(error, DL_E_CONNECT, NULL, "the other side closed the connection");
    } else if (c->error.err != DL_OK) {
        err = c->error.err; // our own checks say it better
        if (error != NULL) {
            *error = c->error;
        }
    } else {
        err = describe_reason(c, code, error);
    }
    ERR_clear_error();
    return err;
}

static enum dl_err handshake(struct dl_channel *c, struct dl_error *error)
{
    if (c->finished) {
        return DL_OK;
    }
    int rc = SSL_do_handshake(c->ssl);
    if (rc != 1) {
        return result_of(c, rc, error);
    }
    const unsigned char *chosen = NULL;
    unsigned n = 0;
    SSL_get0_alpn_selected(c->ssl, &chosen, &n);
    if (n != ALPN - 1 || memcmp(chosen, alpn + 1, n) != 0) {
        refuse(c, DL_E_TLS_ALPN, "the other side does not speak directline/1 (ALPN)",
               "not a directline node?");
        if (error != NULL) {
            *error = c->error;
        }
        return DL_E_TLS_ALPN;
    }
    DL_ASSERT(c->peer[0] != '\0', "I6: nobody is a peer before the certificate was judged");
    c->finished = true;
    return DL_OK;
}

static enum dl_err read_all(struct dl_channel *c, struct dl_buf *plain, struct dl_error *error)
{
    while (c->finished) {
        uint8_t *room = dl_buf_room(plain, RECORD);
        if (room == NULL) {
            return dl_buf_err(plain);
        }
        int n = SSL_read(c->ssl, room, RECORD);
        plain->n -= RECORD - (n > 0 ? (size_t)n : 0);
        if (n <= 0) {
            return result_of(c, n, error);
        }
    }
    return DL_OK;
}

enum dl_err dl_channel_start(struct dl_channel *channel, struct dl_buf *cipher,
                             struct dl_error *error)
{
    DL_ASSERT(channel->dialled, "the side that dialled speaks first");
    enum dl_err err = handshake(channel, error);
    flush(channel, cipher);
    return err;
}

enum dl_err dl_channel_recv(struct dl_channel *channel, struct dl_view octets, struct dl_buf *plain,
                            struct dl_buf *cipher, struct dl_error *error)
{
    DL_ASSERT(octets.n <= INT_MAX, "octets come in pieces");
    if (octets.n > 0 && BIO_write(channel->in, octets.p, (int)octets.n) != (int)octets.n) {
        return DL_E_NOMEM;
    }
    enum dl_err err = handshake(channel, error);
    if (err == DL_OK) {
        err = read_all(channel, plain, error);
    }
    flush(channel, cipher);
    return err;
}

enum dl_err dl_channel_send(struct dl_channel *channel, struct dl_view plain, struct dl_buf *cipher)
{
    DL_ASSERT(channel->finished, "I6: nothing is said before we know to whom");
    DL_ASSERT(plain.n <= INT_MAX, "octets go in pieces");
    if (plain.n > 0 && SSL_write(channel->ssl, plain.p, (int)plain.n) != (int)plain.n) {
        ERR_clear_error();
        return DL_E_TLS;
    }
    flush(channel, cipher);
    return dl_buf_err(cipher);
}

void dl_channel_close(struct dl_channel *channel, struct dl_buf *cipher)
{
    if (channel->finished) {
        SSL_shutdown(channel->ssl);
        ERR_clear_error();
        flush(channel, cipher);
    }
}
