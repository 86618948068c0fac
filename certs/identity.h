/* Who we are: the agency's own authority (CA), its TLS key and certificate, its journal and receipt
 * keys. One key per role, never shared. All keys are Ed25519: one algorithm in the whole product,
 * small, fast, and nothing to choose; RFC 8446 and OpenSSL 3 speak it in TLS 1.3.
 *
 * Certificates are X.509: the CA is self-signed for 30 years; the node's certificate is for one
 * year, names the agency as URI SAN `directline:<agency>`, and is for both ends of a connection.
 * Peers pin the key, so renewing on the same key needs nothing from them.
 */
#ifndef DL_CERTS_IDENTITY_H
#define DL_CERTS_IDENTITY_H

#include "base/crypto.h"

enum {
    DL_PEM_MAX = 8 * 1024,
    DL_CERTIFICATE_DAYS = 365,
    DL_CA_DAYS = 30 * 365,
    DL_EXPIRY_WARN_DAYS = 30
};

/* What makes a certificate. `serial` is random. Keys are wiped by the caller. */
struct dl_certificate_request {
    const char *agency;
    const struct dl_secret_key *ca_key;
    const struct dl_secret_key *tls_key; /* NULL makes the CA's own certificate */
    const struct dl_view ca;             /* the CA's certificate, DER; empty for the CA's own */
    int64_t from_ms; /* valid from here, less one hour for a clock that is late */
    int days;
    uint8_t serial[16];
};
/* Appends the certificate, DER. */
DL_MUST_USE enum dl_err dl_certificate_make(const struct dl_certificate_request *request,
                                            struct dl_buf *out);

/* What a certificate says. */
struct dl_certificate_facts {
    char agency[64]; /* of the one URI name, empty when there is none, several, or no agency's id */
    int64_t from_ms, until_ms;
    struct dl_hash pin; /* SHA-256 of its public key (SubjectPublicKeyInfo) */
};
/* DL_E_CERT_BAD when it cannot be read. */
DL_MUST_USE enum dl_err dl_certificate_facts(struct dl_view der, struct dl_certificate_facts *out);
/* The pin of a TLS key. */
struct dl_hash dl_key_pin(const struct dl_secret_key *tls_key);

#endif
