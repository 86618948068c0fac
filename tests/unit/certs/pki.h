/* Keys and certificates of any kind, good and bad, made at run time. */
#ifndef DL_TESTS_PKI_H
#define DL_TESTS_PKI_H

#include "base/crypto.h"
#include "certs/identity.h"
#include "certs/trust.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define PKI_NOW INT64_C(1795514400000) /* 2026-11-24T10:00:00Z */
#define PKI_DAY INT64_C(86400000)

/* An agency as the product makes it: both keys are functions of its name. */
struct pki_agency {
    const char *id;
    struct dl_secret_key ca_key, key;
    struct dl_buf ca, certificate; /* DER */
};

static inline struct dl_secret_key pki_secret(const char *id, const char *role)
{
    struct dl_view parts[2] = {dl_view_str(id), dl_view_str(role)};
    struct dl_hash hash = dl_sha256_parts(parts, 2);
    struct dl_secret_key key;
    memcpy(key.b, hash.b, sizeof key.b);
    return key;
}

static inline void pki_certify(struct pki_agency *agency, int64_t from_ms, int days)
{
    struct dl_certificate_request request = {.agency = agency->id,
                                             .ca_key = &agency->ca_key,
                                             .tls_key = &agency->key,
                                             .ca = dl_buf_view(&agency->ca),
                                             .from_ms = from_ms,
                                             .days = days,
                                             .serial = {2, (uint8_t)days}};
    dl_buf_reset(&agency->certificate);
    assert_int_equal(dl_certificate_make(&request, &agency->certificate), DL_OK);
}

static inline void pki_agency_init(struct pki_agency *agency, const char *id)
{
    *agency =
        (struct pki_agency){.id = id, .ca_key = pki_secret(id, "ca"), .key = pki_secret(id, "tls")};
    dl_buf_init(&agency->ca, 8192);
    dl_buf_init(&agency->certificate, 8192);
    struct dl_certificate_request request = {.agency = id,
                                             .ca_key = &agency->ca_key,
                                             .from_ms = PKI_NOW,
                                             .days = DL_CA_DAYS,
                                             .serial = {1}};
    assert_int_equal(dl_certificate_make(&request, &agency->ca), DL_OK);
    pki_certify(agency, PKI_NOW, DL_CERTIFICATE_DAYS);
}

static inline void pki_agency_fini(struct pki_agency *agency)
{
    dl_buf_fini(&agency->ca);
    dl_buf_fini(&agency->certificate);
}

static inline struct dl_trusted pki_trusted(const struct pki_agency *agency)
{
    return (struct dl_trusted){
        .agency = agency->id, .ca = dl_buf_view(&agency->ca), .pin = dl_key_pin(&agency->key)};
}

/* Any certificate. NULL or 0 leaves a part out; without an issuer it is signed by its own key. */
struct pki_order {
    const char *uri;   /* "directline:us" */
    const char *use;   /* extended key usage */
    const char *extra; /* a critical extension that nobody knows */
    EVP_PKEY *key, *issuer_key;
    X509 *issuer;
    const EVP_MD *md;
    int64_t from_ms, until_ms;
    bool ca;
};

static inline EVP_PKEY *pki_ed25519(const struct dl_secret_key *secret)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret->b, sizeof secret->b);
    assert_non_null(key);
    return key;
}

static inline X509 *pki_parse(struct dl_view der)
{
    const unsigned char *p = der.p;
    X509 *cert = d2i_X509(NULL, &p, (long)der.n);
    assert_non_null(cert);
    return cert;
}

static inline void pki_extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline void pki_extensions(X509 *cert, X509 *issuer, const struct pki_order *order)
{
    pki_extend(cert, issuer, NID_subject_key_identifier, "hash");
    pki_extend(cert, issuer, NID_authority_key_identifier, "keyid:always");
    pki_extend(cert, issuer, NID_basic_constraints,
               order->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    pki_extend(cert, issuer, NID_key_usage,
               order->ca ? "critical,keyCertSign" : "critical,digitalSignature");
    if (order->use != NULL) {
        pki_extend(cert, issuer, NID_ext_key_usage, order->use);
    }
    if (order->uri != NULL) {
        char value[128];
        (void)snprintf(value, sizeof value, "URI:%s", order->uri);
        pki_extend(cert, issuer, NID_subject_alt_name, value);
    }
    if (order->extra != NULL) {
        pki_extend(cert, issuer, NID_netscape_comment, order->extra);
    }
}

static inline X509 *pki_make(const struct pki_order *order)
{
    X509 *cert = X509_new();
    assert_non_null(cert);
    X509 *issuer = order->issuer == NULL ? cert : order->issuer;
    EVP_PKEY *signer = order->issuer_key == NULL ? order->key : order->issuer_key;
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 77);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                               (const unsigned char *)(order->ca ? "an authority" : "a node"), -1,
                               -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    ASN1_TIME_set(X509_getm_notBefore(cert),
                  (time_t)((order->from_ms == 0 ? PKI_NOW - PKI_DAY : order->from_ms) / 1000));
    ASN1_TIME_set(X509_getm_notAfter(cert),
                  (time_t)((order->until_ms == 0 ? PKI_NOW + PKI_DAY : order->until_ms) / 1000));
    X509_set_pubkey(cert, order->key);
    pki_extensions(cert, issuer, order);
    assert_true(X509_sign(cert, signer, order->md) > 0);
    return cert;
}

static inline void pki_der(X509 *cert, struct dl_buf *out)
{
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);
    assert_true(n > 0);
    dl_buf_reset(out);
    dl_buf_put(out, der, (size_t)n);
    assert_int_equal(dl_buf_err(out), DL_OK);
    OPENSSL_free(der);
}

#endif
