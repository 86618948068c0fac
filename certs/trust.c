#include "certs/trust.h"
#include "base/encoding.h"
#include "base/text.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { AUTH_LEVEL = 2, SECURITY_BITS = 112 }; /* no SHA-1: SSL_CTX_set_security_level(3) */

static X509 *parse(struct dl_view der)
{
    const unsigned char *p = der.p;
    X509 *cert = der.n == 0 || der.n > LONG_MAX ? NULL : d2i_X509(NULL, &p, (long)der.n);
    ERR_clear_error();
    return cert;
}

static enum dl_err refuse(struct dl_error *error, enum dl_err err, const char *message,
                          const char *hint)
{
    dl_error_set(error, err, NULL, "%s", message);
    dl_error_hint(error, "%s", hint);
    return err;
}

static bool signed_by(X509 *cert, X509 *ca)
{
    EVP_PKEY *key = X509_get0_pubkey(ca);
    bool ok =
        key != NULL && X509_check_issued(ca, cert) == X509_V_OK && X509_verify(cert, key) == 1;
    ERR_clear_error();
    return ok;
}

/* All of RFC 5280 with one anchor; dates are judged apart, by the agency's clock. The text of what
 * is wrong, NULL when nothing is. */
static const char *fault_of(X509 *cert, X509 *anchor)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    DL_ASSERT(store != NULL && context != NULL, "memory for a verification");
    const char *fault = "it cannot be verified";
    if (X509_STORE_add_cert(store, anchor) == 1 &&
        X509_STORE_CTX_init(context, store, cert, NULL) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_X509_STRICT |
                                               X509_V_FLAG_CHECK_SS_SIGNATURE);
        X509_VERIFY_PARAM_set_depth(param, 1);
        X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
        bool ok = X509_verify_cert(context) == 1;
        fault = ok ? NULL : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return fault;
}

static bool for_both_ends(X509 *cert)
{
    uint32_t use = X509_get_extended_key_usage(cert);
    return use != UINT32_MAX && (use & XKU_SSL_SERVER) != 0 && (use & XKU_SSL_CLIENT) != 0 &&
           X509_check_ca(cert) == 0;
}

static enum dl_err judge_dates(const struct dl_certificate_facts *facts, const char *whose,
                               int64_t now_ms, struct dl_error *error)
{
    if (now_ms >= facts->from_ms && now_ms <= facts->until_ms) {
        return DL_OK;
    }
    char from[DL_TIME_TEXT];
    char until[DL_TIME_TEXT];
    char here[DL_TIME_TEXT];
    dl_time_encode(facts->from_ms, from);
    dl_time_encode(facts->until_ms, until);
    dl_time_encode(now_ms, here);
    bool late = now_ms > facts->until_ms;
    enum dl_err err = late ? DL_E_CERT_EXPIRED : DL_E_CERT_FUTURE;
    dl_error_set(error, err, NULL, "%s %s: valid from %s until %s; our time is %s (clock?)", whose,
                 late ? "has expired" : "is not yet valid", from, until, here);
    dl_error_hint(error, late ? "check this clock; else the peer must renew its certificate"
                              : "check this clock and the peer's");
    return err;
}

static enum dl_err judge_key(const struct dl_certificate_facts *facts,
                             const struct dl_trusted *trusted, struct dl_error *error)
{
    if (dl_hash_equal(&facts->pin, &trusted->pin)) {
        return DL_OK;
    }
    char shown[65];
    char pinned[65];
    dl_hex_encode(dl_view_of(facts->pin.b, sizeof facts->pin.b), shown);
    dl_hex_encode(dl_view_of(trusted->pin.b, sizeof trusted->pin.b), pinned);
    dl_error_set(error, DL_E_CERT_KEY, NULL,
                 "the certificate has another key (%s) than the pinned one (%s)", shown, pinned);
    dl_error_hint(error, "the peer changed its TLS key: ask it; re-pair if that is right");
    return DL_E_CERT_KEY;
}

static enum dl_err judge_authority_dates(struct dl_view der, int64_t now_ms, struct dl_error *error)
{
    struct dl_certificate_facts ca;
    DL_TRY(dl_certificate_facts(der, &ca));
    return judge_dates(&ca, "the peer's authority", now_ms, error);
}

static enum dl_err judge_peer(const struct dl_trust_question *question,
                              const struct dl_trusted *trusted, X509 *cert,
                              const struct dl_certificate_facts *facts, struct dl_error *error)
{
    X509 *ca = parse(trusted->ca);
    const char *fault = NULL;
    enum dl_err err = DL_OK;
    if (ca == NULL || !signed_by(cert, ca)) {
        err = refuse(error, DL_E_CERT_CA,
                     "the certificate is not from the authority in the peer's offer",
                     "another authority than the one you paired with: ask the peer; re-pair if it "
                     "lost its keys");
    } else if ((err = judge_key(facts, trusted, error)) != DL_OK) {
        goto out;
    } else if ((fault = fault_of(cert, ca)) != NULL) {
        err =
            dl_error_set(error, DL_E_CERT_BAD, NULL, "the certificate does not verify: %s", fault);
        dl_error_hint(error, "the peer must make its certificate with directline");
    } else if (!for_both_ends(cert)) {
        err = refuse(error, DL_E_CERT_USE, "the certificate is not for both ends of a connection",
                     "the peer must make its certificate with directline");
    } else {
        err = judge_dates(facts, "the peer's certificate", question->now_ms, error);
        err = err == DL_OK ? judge_authority_dates(trusted->ca, question->now_ms, error) : err;
    }
out:
    X509_free(ca);
    return err;
}

/* Whom does it name, and is that somebody we expect? */
static enum dl_err judge_name(const struct dl_trust_question *question,
                              const struct dl_certificate_facts *facts, struct dl_error *error)
{
    if (!dl_text_is_agency(dl_view_str(facts->agency))) {
        return refuse(error, DL_E_CERT_NAME, "the certificate names no agency",
                      "not a directline node?");
    }
    if (question->expected != NULL && strcmp(facts->agency, question->expected) != 0) {
        dl_error_set(error, DL_E_CERT_NAME, NULL,
                     "the node at this address is \"%s\", not \"%s\" (name mismatch)",
                     facts->agency, question->expected);
        dl_error_hint(error, "check the peer's address");
        return DL_E_CERT_NAME;
    }
    return DL_OK;
}

enum dl_err dl_trust_judge(const struct dl_trust_question *question, struct dl_view der,
                           struct dl_certificate_facts *facts, struct dl_error *error)
{
    X509 *cert = parse(der);
    if (cert == NULL || dl_certificate_facts(der, facts) != DL_OK) {
        X509_free(cert);
        return refuse(error, DL_E_CERT_BAD, "the peer's certificate cannot be read",
                      "ask the peer");
    }
    enum dl_err err = judge_name(question, facts, error);
    const struct dl_trusted *trusted =
        err == DL_OK ? question->trust(question->context, facts->agency) : NULL;
    if (err == DL_OK && trusted == NULL) {
        err = dl_error_set(error, DL_E_NOT_PAIRED, NULL, "agency \"%s\" is not paired here",
                           facts->agency);
        dl_error_hint(error, "`peer add` its offer if it should be");
    } else if (err == DL_OK && trusted->removed) {
        err = refuse(error, DL_E_REMOVED, "this peer was removed here",
                     "pair again with `peer add` if that is wanted");
    } else if (err == DL_OK) {
        DL_ASSERT(strcmp(trusted->agency, facts->agency) == 0, "I6: the peer that was asked for");
        err = judge_peer(question, trusted, cert, facts, error);
    }
    X509_free(cert);
    ERR_clear_error();
    return err;
}

/* An anchor's own signature is not looked at by the library; a new one with SHA-1 is a bad sign. */
static bool strong_signature(X509 *cert)
{
    int bits = 0;
    return X509_get_signature_info(cert, NULL, NULL, &bits, NULL) == 1 && bits >= SECURITY_BITS;
}

enum dl_err dl_trust_check_authority(struct dl_view der, struct dl_error *error)
{
    struct dl_certificate_facts facts;
    X509 *ca = dl_certificate_facts(der, &facts) == DL_OK ? parse(der) : NULL;
    const char *fault = ca == NULL ? "it is not an X.509 certificate" : NULL;
    if (fault == NULL && X509_check_ca(ca) != 1) {
        fault = "it is not an authority's certificate";
    }
    if (fault == NULL && !signed_by(ca, ca)) {
        fault = "it is not signed by its own key";
    }
    if (fault == NULL && !strong_signature(ca)) {
        fault = "its signature is too weak (SHA-1?)";
    }
    fault = fault == NULL ? fault_of(ca, ca) : fault;
    X509_free(ca);
    if (fault == NULL) {
        return DL_OK;
    }
    dl_error_set(error, DL_E_OFFER, "ca", "the offer's authority cannot be relied on: %s", fault);
    dl_error_hint(error, "ask the peer for its offer again: directline -C DIR peer offer");
    return DL_E_OFFER;
}
