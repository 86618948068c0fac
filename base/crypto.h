/* SHA-256, Ed25519, and octets that must be secret. The only door to OpenSSL's EVP (base/crypto.c).
 *
 * Sources: FIPS 180-4 (SHA-256), RFC 8032 (Ed25519). No function here can fail on what a peer sent
 * other than by saying that a signature does not verify; a failure inside the library is a BUG and
 * aborts.
 */
#ifndef DL_BASE_CRYPTO_H
#define DL_BASE_CRYPTO_H

#include "base/octets.h"

struct dl_hash {
    uint8_t b[32];
};
struct dl_public_key {
    uint8_t b[32];
};
struct dl_signature {
    uint8_t b[64];
};
/* An Ed25519 seed (RFC 8032, 5.1.5). Wipe it with dl_wipe when done. */
struct dl_secret_key {
    uint8_t b[32];
};

bool dl_hash_equal(const struct dl_hash *a, const struct dl_hash *b);
struct dl_hash dl_sha256(struct dl_view data);
/* SHA-256 of the parts, one after the other. */
struct dl_hash dl_sha256_parts(const struct dl_view *parts, size_t n);

/* A running SHA-256, for what does not fit in memory at once. */
struct dl_sha256;
struct dl_sha256 *dl_sha256_new(void);
void dl_sha256_update(struct dl_sha256 *hash, struct dl_view data);
struct dl_hash dl_sha256_final(struct dl_sha256 *hash); /* and start again */
void dl_sha256_free(struct dl_sha256 **hash);

/* A key ready to sign: parse the seed once, sign often. */
struct dl_signer;
struct dl_signer *dl_signer_new(const struct dl_secret_key *secret);
void dl_signer_free(struct dl_signer **signer);
struct dl_public_key dl_signer_public(const struct dl_signer *signer);
struct dl_signature dl_signer_sign(const struct dl_signer *signer, struct dl_view message);

/* A key ready to verify. NULL when the 32 octets cannot be used as a key.
 *
 * It remembers the SHA-256 of what it found to hold (signature and message together), so that the
 * same octets, which a heartbeat repeats for hours, are hashed and not verified again. Any other
 * octet is verified (I6). */
struct dl_verifier;
struct dl_verifier *dl_verifier_new(const struct dl_public_key *key);
void dl_verifier_free(struct dl_verifier **verifier);
/* The same verifier, for one more owner: it lives until the last of them frees it. */
struct dl_verifier *dl_verifier_share(struct dl_verifier *verifier);
/* How many it remembers before it forgets them all: 16 unless told, a power of two; 64 octets each.
 */
void dl_verifier_remember(struct dl_verifier *verifier, size_t most);
/* Remember a signature that was made here with this key. */
void dl_verifier_trust(const struct dl_verifier *verifier, struct dl_view message,
                       const struct dl_signature *sig);
DL_MUST_USE enum dl_err dl_verifier_check(const struct dl_verifier *verifier,
                                          struct dl_view message, const struct dl_signature *sig);

/* Signatures made and verified in this process since it began; those that were remembered are not
 * verified. For measuring. */
struct dl_signature_counts {
    uint64_t made, verified;
};
struct dl_signature_counts dl_signature_counts(void);

void dl_wipe(void *p, size_t n);
/* Compare without revealing where two secrets differ. */
bool dl_equal_secret(const void *a, const void *b, size_t n);

#endif
