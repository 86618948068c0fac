#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct dl_sha256 {
    EVP_MD_CTX *context;
};
struct dl_signer {
    EVP_PKEY *key;
    EVP_MD_CTX *context;
    struct dl_public_key public_key;
};
struct dl_verifier {
    size_t shares; /* owners beyond the first */
    EVP_PKEY *key;
    EVP_MD_CTX *context;
    struct known *known;
};

/* What a verifier remembers: a table of digests, at most half full; zeros where there is none. */
enum { KNOWN_FIRST = 16, KNOWN_MOST = 16 };
struct known {
    size_t n, slots, most;
    struct dl_hash *at;
};

static struct dl_signature_counts counts;

bool dl_hash_equal(const struct dl_hash *a, const struct dl_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* Fetching the algorithm costs more than hashing a leaf, so it is done once. */
static const EVP_MD *sha256(void)
{
    static EVP_MD *md;
    if (md == NULL) {
        md = EVP_MD_fetch(NULL, "SHA256", NULL);
        DL_ASSERT(md != NULL, "the library has SHA-256");
    }
    return md;
}

struct dl_sha256 *dl_sha256_new(void)
{
    struct dl_sha256 *hash = calloc(1, sizeof *hash);
    DL_ASSERT(hash != NULL, "memory for a hash");
    hash->context = EVP_MD_CTX_new();
    DL_ASSERT(hash->context != NULL, "memory for a hash");
    int ok = EVP_DigestInit_ex2(hash->context, sha256(), NULL);
    DL_ASSERT(ok == 1, "SHA-256 starts");
    return hash;
}

void dl_sha256_update(struct dl_sha256 *hash, struct dl_view data)
{
    int ok = EVP_DigestUpdate(hash->context, data.p, data.n);
    DL_ASSERT(ok == 1, "SHA-256 takes octets");
}

struct dl_hash dl_sha256_final(struct dl_sha256 *hash)
{
    struct dl_hash out;
    unsigned n = 0;
    int ok = EVP_DigestFinal_ex(hash->context, out.b, &n);
    DL_ASSERT(ok == 1 && n == sizeof out.b, "SHA-256 gives 32 octets");
    ok = EVP_DigestInit_ex2(hash->context, NULL, NULL);
    DL_ASSERT(ok == 1, "SHA-256 starts");
    return out;
}

void dl_sha256_free(struct dl_sha256 **hash)
{
    if (*hash != NULL) {
        EVP_MD_CTX_free((*hash)->context);
        free(*hash);
        *hash = NULL;
    }
}

struct dl_hash dl_sha256_parts(const struct dl_view *parts, size_t n)
{
    static struct dl_sha256 *hash;
    if (hash == NULL) {
        hash = dl_sha256_new();
    }
    for (size_t i = 0; i < n; i++) {
        dl_sha256_update(hash, parts[i]);
    }
    return dl_sha256_final(hash);
}

struct dl_hash dl_sha256(struct dl_view data)
{
    return dl_sha256_parts(&data, 1);
}

struct dl_signer *dl_signer_new(const struct dl_secret_key *secret)
{
    struct dl_signer *signer = calloc(1, sizeof *signer);
    DL_ASSERT(signer != NULL, "memory for a key");
    signer->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret->b, sizeof secret->b);
    signer->context = EVP_MD_CTX_new();
    DL_ASSERT(signer->key != NULL && signer->context != NULL, "any 32 octets are an Ed25519 seed");
    size_t n = sizeof signer->public_key.b;
    int ok = EVP_PKEY_get_raw_public_key(signer->key, signer->public_key.b, &n);
    DL_ASSERT(ok == 1 && n == sizeof signer->public_key.b, "an Ed25519 key has 32 octets");
    return signer;
}

void dl_signer_free(struct dl_signer **signer)
{
    if (*signer != NULL) {
        EVP_PKEY_free((*signer)->key);
        EVP_MD_CTX_free((*signer)->context);
        free(*signer);
        *signer = NULL;
    }
}

struct dl_public_key dl_signer_public(const struct dl_signer *signer)
{
    return signer->public_key;
}

struct dl_signature dl_signer_sign(const struct dl_signer *signer, struct dl_view message)
{
    struct dl_signature out;
    size_t n = sizeof out.b;
    EVP_MD_CTX_reset(signer->context);
    int ok = EVP_DigestSignInit(signer->context, NULL, NULL, NULL, signer->key);
    DL_ASSERT(ok == 1, "Ed25519 signs");
    counts.made++;
    ok = EVP_DigestSign(signer->context, out.b, &n, message.p, message.n);
    DL_ASSERT(ok == 1 && n == sizeof out.b, "Ed25519 signs");
    return out;
}

struct dl_signature_counts dl_signature_counts(void)
{
    return counts;
}

/* ---- what a verifier remembers ---- */

static struct dl_hash *slot_of(const struct known *known, const struct dl_hash *digest)
{
    static const struct dl_hash none;
    uint64_t at = 0;
    memcpy(&at, digest->b, sizeof at);
    at &= known->slots - 1;
    while (!dl_hash_equal(&known->at[at], digest) && !dl_hash_equal(&known->at[at], &none)) {
        at = (at + 1) & (known->slots - 1);
    }
    return &known->at[at];
}

static bool knows(const struct known *known, const struct dl_hash *digest)
{
    return known->n > 0 && dl_hash_equal(slot_of(known, digest), digest);
}

/* A larger table, or an empty one when it may not grow. */
static void make_room(struct known *known)
{
    struct known old = *known;
    bool forget = old.n == old.most;
    known->slots = forget || old.slots == 0 ? KNOWN_FIRST : old.slots * 2;
    known->at = calloc(known->slots, sizeof *known->at);
    DL_ASSERT(known->at != NULL, "memory for digests");
    known->n = forget ? 0 : old.n;
    for (size_t i = 0; !forget && i < old.slots; i++) {
        *slot_of(known, &old.at[i]) = old.at[i]; // an empty one stays empty wherever it goes
    }
    free(old.at);
}

static void remember(struct known *known, const struct dl_hash *digest)
{
    if (known->n == known->most || known->n * 2 >= known->slots) {
        make_room(known);
    }
    *slot_of(known, digest) = *digest;
    known->n++;
}

/* ---- verifying ---- */

struct dl_verifier *dl_verifier_new(const struct dl_public_key *key)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->b, sizeof key->b);
    if (pkey == NULL) {
        return NULL;
    }
    struct dl_verifier *verifier = calloc(1, sizeof *verifier);
    DL_ASSERT(verifier != NULL, "memory for a key");
    verifier->key = pkey;
    verifier->context = EVP_MD_CTX_new();
    verifier->known = calloc(1, sizeof *verifier->known);
    DL_ASSERT(verifier->context != NULL && verifier->known != NULL, "memory for a key");
    verifier->known->most = KNOWN_MOST;
    return verifier;
}

struct dl_verifier *dl_verifier_share(struct dl_verifier *verifier)
{
    verifier->shares++;
    return verifier;
}

void dl_verifier_free(struct dl_verifier **verifier)
{
    if (*verifier != NULL && (*verifier)->shares > 0) {
        (*verifier)->shares--;
        *verifier = NULL;
    } else if (*verifier != NULL) {
        EVP_PKEY_free((*verifier)->key);
        EVP_MD_CTX_free((*verifier)->context);
        free((*verifier)->known->at);
        free((*verifier)->known);
        free(*verifier);
        *verifier = NULL;
    }
}

void dl_verifier_remember(struct dl_verifier *verifier, size_t most)
{
    DL_ASSERT(most >= KNOWN_MOST && (most & (most - 1)) == 0, "a power of two");
    verifier->known->most = most;
}

static struct dl_hash digest_of(struct dl_view message, const struct dl_signature *sig)
{
    struct dl_view parts[2] = {dl_view_of(sig->b, sizeof sig->b), message};
    return dl_sha256_parts(parts, 2);
}

void dl_verifier_trust(const struct dl_verifier *verifier, struct dl_view message,
                       const struct dl_signature *sig)
{
    struct dl_hash digest = digest_of(message, sig);
    if (!knows(verifier->known, &digest)) {
        remember(verifier->known, &digest);
    }
}

enum dl_err dl_verifier_check(const struct dl_verifier *verifier, struct dl_view message,
                              const struct dl_signature *sig)
{
    struct dl_hash digest = digest_of(message, sig);
    if (knows(verifier->known, &digest)) {
        return DL_OK;
    }
    EVP_MD_CTX_reset(verifier->context);
    int ok = EVP_DigestVerifyInit(verifier->context, NULL, NULL, NULL, verifier->key);
    DL_ASSERT(ok == 1, "Ed25519 verifies");
    ok = EVP_DigestVerify(verifier->context, sig->b, sizeof sig->b, message.p, message.n);
    counts.verified++;
    if (ok != 1) {
        return DL_E_SIGNATURE;
    }
    remember(verifier->known, &digest);
    return DL_OK;
}

void dl_wipe(void *p, size_t n)
{
    OPENSSL_cleanse(p, n);
}

bool dl_equal_secret(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
