/* The pairing offer: the small public file by which one agency learns another's authority, keys and
 * addresses. Both sides read its fingerprint to each other by telephone; that is what makes it
 * trusted, so it carries no signature.
 *
 * Canonical JSON, no line end: {"addresses":[...],"agency","ca" (DER, base64),"journal_key"
 * (hex),"jurisdiction", "name","receipt_key" (hex),"tls_pin" (hex),"v":1}
 */
#ifndef DL_CERTS_OFFER_H
#define DL_CERTS_OFFER_H

#include "base/crypto.h"
#include "base/limits.h"

struct dl_offer {
    char agency[DL_LIMIT_AGENCY_ID + 1];
    char jurisdiction[3];
    char name[DL_LIMIT_STRING * 4 + 1];
    char addresses[DL_LIMIT_ADDRESSES][DL_LIMIT_ADDRESS + 1];
    size_t n_addresses;
    struct dl_public_key journal_key, receipt_key;
    struct dl_hash tls_pin; /* SHA-256 of the TLS key's SubjectPublicKeyInfo */
    uint8_t ca[4096];       /* DER */
    size_t ca_n;
};

void dl_offer_encode(const struct dl_offer *offer, struct dl_buf *out);
/* Strict: a closed schema in its canonical octets. DL_E_OFFER with the field otherwise. */
DL_MUST_USE enum dl_err dl_offer_decode(struct dl_view octets, struct dl_offer *out,
                                        struct dl_error *error);
struct dl_hash dl_offer_fingerprint(struct dl_view octets);

/* 64 hex digits; blanks, colons, hyphens and any case are fine. DL_E_INPUT otherwise. */
DL_MUST_USE enum dl_err dl_fingerprint_parse(const char *text, struct dl_hash *out);
enum { DL_FINGERPRINT_TEXT = 80 };
/* In groups of four, as it is read aloud: "3f2a 01bc ...". */
void dl_fingerprint_group(const struct dl_hash *fingerprint, char out[DL_FINGERPRINT_TEXT]);

#endif
