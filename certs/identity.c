#include "certs/identity.h"
#include "base/text.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static EVP_PKEY *key_of(const struct dl_secret_key *secret)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret->b, sizeof secret->b);
    DL_ASSERT(key != NULL, "any 32 octets are an Ed25519 seed");
    return key;
}

static struct dl_hash pin_of(X509_PUBKEY *key)
{
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(key, &der);
    DL_ASSERT(n > 0, "a public key has a DER form");
    struct dl_hash pin = dl_sha256(dl_view_of(der, (size_t)n));
    OPENSSL_free(der);
    return pin;
}

struct dl_hash dl_key_pin(const struct dl_secret_key *tls_key)
{
    EVP_PKEY *key = key_of(tls_key);
    X509_PUBKEY *public_key = NULL;
    int ok = X509_PUBKEY_set(&public_key, key);
    DL_ASSERT(ok == 1, "a key has a public half");
    struct dl_hash pin = pin_of(public_key);
    X509_PUBKEY_free(public_key);
    EVP_PKEY_free(key);
    return pin;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct dl_certificate_request *request)
{
    bool ca = request->tls_key == NULL;
    char uri[96];
    snprintf(uri, sizeof uri, "URI:directline:%s", request->agency);
    bool ok = add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
              add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always");
    if (ca) {
        return ok &&
               add_extension(cert, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
               add_extension(cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    return ok && add_extension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(cert, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(cert, issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
           add_extension(cert, issuer, NID_subject_alt_name, uri);
}

static bool set_name(X509 *cert, const struct dl_certificate_request *request)
{
    char text[96];
    bool ca = request->tls_key == NULL;
    snprintf(text, sizeof text, "directline %s%s", request->agency, ca ? " authority" : "");
    X509_NAME *name = X509_get_subject_name(cert);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1,
                                      -1, 0) == 1;
}

static bool set_times(X509 *cert, const struct dl_certificate_request *request)
{
    enum { HOUR = 3600, DAY = 86400 };
    time_t from = (time_t)(request->from_ms / 1000);
    return ASN1_TIME_adj(X509_getm_notBefore(cert), from, 0, -HOUR) != NULL &&
           ASN1_TIME_adj(X509_getm_notAfter(cert), from, request->days, 0) != NULL;
}

static bool set_serial(X509 *cert, const uint8_t serial[16])
{
    uint8_t positive[16];
    memcpy(positive, serial, sizeof positive);
    positive[0] = (uint8_t)((positive[0] & 0x3F) | 0x40); // positive, and of full length
    BIGNUM *number = BN_bin2bn(positive, sizeof positive, NULL);
    bool ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok;
}

static X509 *parse(struct dl_view der)
{
    const unsigned char *p = der.p;
    X509 *cert = der.n == 0 || der.n > LONG_MAX ? NULL : d2i_X509(NULL, &p, (long)der.n);
    if (cert != NULL && p != der.p + der.n) {
        X509_free(cert);
        cert = NULL;
    }
    ERR_clear_error();
    return cert;
}

static bool fill(X509 *cert, X509 *ca, const struct dl_certificate_request *request)
{
    X509 *issuer = ca == NULL ? cert : ca;
    EVP_PKEY *subject = key_of(request->tls_key == NULL ? request->ca_key : request->tls_key);
    EVP_PKEY *signer = key_of(request->ca_key);
    bool ok = X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert, request->serial) &&
              set_name(cert, request) &&
              X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
              set_times(cert, request) && X509_set_pubkey(cert, subject) == 1 &&
              add_extensions(cert, issuer, request) && X509_sign(cert, signer, NULL) > 0;
    EVP_PKEY_free(subject);
    EVP_PKEY_free(signer);
    return ok;
}

enum dl_err dl_certificate_make(const struct dl_certificate_request *request, struct dl_buf *out)
{
    X509 *ca = request->tls_key == NULL ? NULL : parse(request->ca);
    if (request->tls_key != NULL && ca == NULL) {
        return DL_E_CERT_BAD;
    }
    X509 *cert = X509_new();
    DL_ASSERT(cert != NULL, "memory for a certificate");
    unsigned char *der = NULL;
    enum dl_err err = DL_E_CERT_BAD;
    int n = fill(cert, ca, request) ? i2d_X509(cert, &der) : 0;
    if (n > 0) {
        dl_buf_put(out, der, (size_t)n);
        err = dl_buf_err(out);
    }
    OPENSSL_free(der);
    X509_free(cert);
    X509_free(ca);
    ERR_clear_error();
    return err;
}

/* The agency of the one URI name `directline:<agency>`; several are none, so that no two readers
 * can take different ones. */
static void agency_of(const X509 *cert, char out[64])
{
    static const char scheme[] = "directline:";
    enum { SKIP = sizeof scheme - 1, MAX = 63 };
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int found = 0;
    char agency[MAX + 1] = "";
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI) {
            continue;
        }
        const unsigned char *text = ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
        size_t n = (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier);
        if (n > SKIP && n - SKIP <= MAX && memcmp(text, scheme, SKIP) == 0 &&
            dl_text_is_agency(dl_view_of(text + SKIP, n - SKIP))) {
            memcpy(agency, text + SKIP, n - SKIP);
            agency[n - SKIP] = '\0';
            found++;
        }
    }
    GENERAL_NAMES_free(names);
    memcpy(out, found == 1 ? agency : "", found == 1 ? strlen(agency) + 1 : 1);
}

static int64_t ms_of(const ASN1_TIME *time)
{
    struct tm tm;
    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : 0;
}

enum dl_err dl_certificate_facts(struct dl_view der, struct dl_certificate_facts *out)
{
    X509 *cert = parse(der);
    if (cert == NULL) {
        return DL_E_CERT_BAD;
    }
    agency_of(cert, out->agency);
    out->from_ms = ms_of(X509_get0_notBefore(cert));
    out->until_ms = ms_of(X509_get0_notAfter(cert));
    out->pin = pin_of(X509_get_X509_PUBKEY(cert));
    X509_free(cert);
    ERR_clear_error();
    return DL_OK;
}
