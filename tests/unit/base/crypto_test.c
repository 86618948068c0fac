#include "base/crypto.h"
#include "base/encoding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_hash(struct dl_hash hash, const char *hex)
{
    char text[65];
    dl_hex_encode(dl_view_of(hash.b, sizeof hash.b), text);
    assert_string_equal(text, hex);
}

/* FIPS 180-4, examples of SHA-256 */
static void sha256_gives_the_digests_of_its_standard(void **state)
{
    (void)state;
    assert_hash(dl_sha256(dl_view_str("abc")),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_hash(dl_sha256(dl_view_of(NULL, 0)),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_hash(dl_sha256(dl_view_str("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void parts_are_hashed_as_one(void **state)
{
    (void)state;
    struct dl_view parts[4] = {dl_view_str("a"), dl_view_of(NULL, 0), dl_view_str("b"),
                               dl_view_str("c")};
    struct dl_hash whole = dl_sha256(dl_view_str("abc"));
    struct dl_hash split = dl_sha256_parts(parts, 4);
    assert_true(dl_hash_equal(&whole, &split));
    split.b[31] ^= 1;
    assert_false(dl_hash_equal(&whole, &split));
}

static void a_running_hash_starts_again_after_its_end(void **state)
{
    (void)state;
    struct dl_sha256 *hash = dl_sha256_new();
    for (int i = 0; i < 1000000; i += 1000) {
        char block[1000];
        memset(block, 'a', sizeof block);
        dl_sha256_update(hash, dl_view_of(block, sizeof block));
    }
    assert_hash(dl_sha256_final(hash), // FIPS 180-4: a million times "a"
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    dl_sha256_update(hash, dl_view_str("abc"));
    assert_hash(dl_sha256_final(hash),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    dl_sha256_free(&hash);
    assert_null(hash);
    dl_sha256_free(&hash);
}

/* RFC 8032, section 7.1 */
static const struct {
    const char *secret, *public_key, *message, *signature;
} vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

static struct dl_view unhex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    assert_int_equal(dl_hex_decode(dl_view_str(hex), out, n), DL_OK);
    return dl_view_of(out, n);
}

static void ed25519_signs_as_its_standard_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct dl_secret_key secret;
        struct dl_public_key expected;
        struct dl_signature signature;
        uint8_t message[8];
        unhex(vectors[i].secret, secret.b);
        unhex(vectors[i].public_key, expected.b);
        unhex(vectors[i].signature, signature.b);
        struct dl_view text = unhex(vectors[i].message, message);
        struct dl_signer *signer = dl_signer_new(&secret);
        struct dl_public_key got = dl_signer_public(signer);
        assert_memory_equal(got.b, expected.b, sizeof got.b);
        for (int again = 0; again < 2; again++) {
            struct dl_signature made = dl_signer_sign(signer, text);
            assert_memory_equal(made.b, signature.b, sizeof made.b);
        }
        dl_signer_free(&signer);
        assert_null(signer);
    }
}

static void a_signature_verifies_for_its_message_and_key_only(void **state)
{
    (void)state;
    struct dl_public_key key;
    struct dl_public_key other;
    struct dl_signature signature;
    unhex(vectors[1].public_key, key.b);
    unhex(vectors[2].public_key, other.b);
    unhex(vectors[1].signature, signature.b);
    struct dl_verifier *verifier = dl_verifier_new(&key);
    struct dl_verifier *stranger = dl_verifier_new(&other);
    struct dl_view message = dl_view_of("\x72", 1);
    assert_int_equal(dl_verifier_check(verifier, message, &signature), DL_OK);
    assert_int_equal(dl_verifier_check(stranger, message, &signature), DL_E_SIGNATURE);
    assert_int_equal(dl_verifier_check(verifier, dl_view_of("\x73", 1), &signature),
                     DL_E_SIGNATURE);
    assert_int_equal(dl_verifier_check(verifier, dl_view_of(NULL, 0), &signature), DL_E_SIGNATURE);
    for (size_t i = 0; i < 64; i++) {
        signature.b[i] ^= 1;
        assert_int_equal(dl_verifier_check(verifier, message, &signature), DL_E_SIGNATURE);
        signature.b[i] ^= 1;
    }
    assert_int_equal(dl_verifier_check(verifier, message, &signature), DL_OK);
    dl_verifier_free(&verifier);
    dl_verifier_free(&stranger);
    assert_null(verifier);
}

/* RFC 8032, 5.1.7: S at or above the order of the group is refused (malleability). */
static void a_signature_with_the_order_added_is_refused(void **state)
{
    (void)state;
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    struct dl_public_key key;
    struct dl_signature signature;
    unsigned carry = 0;
    unhex(vectors[1].public_key, key.b);
    unhex(vectors[1].signature, signature.b);
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature.b[32 + i] + order[i];
        signature.b[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    struct dl_verifier *verifier = dl_verifier_new(&key);
    assert_int_equal(dl_verifier_check(verifier, dl_view_of("\x72", 1), &signature),
                     DL_E_SIGNATURE);
    dl_verifier_free(&verifier);
}

static void what_is_wiped_is_zero(void **state)
{
    (void)state;
    uint8_t secret[32];
    static const uint8_t zero[32];
    memset(secret, 1, sizeof secret);
    assert_false(dl_equal_secret(secret, zero, sizeof zero));
    dl_wipe(secret, sizeof secret);
    assert_true(dl_equal_secret(secret, zero, sizeof zero));
}

/* I6: only the very octets that were verified under this key are taken as such. */
static void the_same_octets_are_verified_once_and_others_always(void **state)
{
    (void)state;
    enum { MANY = 300 };
    struct dl_secret_key secret = {{7}};
    struct dl_signer *signer = dl_signer_new(&secret);
    struct dl_public_key key = dl_signer_public(signer);
    struct dl_verifier *verifier = dl_verifier_new(&key);
    struct dl_signature signatures[MANY];
    dl_verifier_remember(verifier, 256); // 300 do not fit: it forgets, and verifies again
    for (uint32_t i = 0; i < MANY; i++) {
        struct dl_view message = dl_view_of(&i, sizeof i);
        signatures[i] = dl_signer_sign(signer, message);
        uint64_t before = dl_signature_counts().verified;
        assert_int_equal(dl_verifier_check(verifier, message, &signatures[i]), DL_OK);
        assert_int_equal(dl_signature_counts().verified, before + 1);
        assert_int_equal(dl_verifier_check(verifier, message, &signatures[i]), DL_OK);
        assert_int_equal(dl_signature_counts().verified, before + 1);
        uint32_t other = i ^ 1U << (i % 32);
        assert_int_equal(
            dl_verifier_check(verifier, dl_view_of(&other, sizeof other), &signatures[i]),
            DL_E_SIGNATURE);
        signatures[i].b[i % 64] ^= 1;
        assert_int_equal(dl_verifier_check(verifier, message, &signatures[i]), DL_E_SIGNATURE);
        signatures[i].b[i % 64] ^= 1;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(dl_verifier_check(verifier, dl_view_of(&i, sizeof i), &signatures[i]),
                         DL_OK);
    }
    dl_verifier_free(&verifier);
    dl_signer_free(&signer);
}

/* What we signed is known under our own key, and under no other. */
static void a_signature_made_here_can_be_trusted(void **state)
{
    (void)state;
    struct dl_secret_key secret = {{8}};
    struct dl_signer *signer = dl_signer_new(&secret);
    struct dl_public_key key = dl_signer_public(signer);
    struct dl_verifier *verifier = dl_verifier_new(&key);
    struct dl_view message = dl_view_str("ours");
    struct dl_signature signature = dl_signer_sign(signer, message);
    uint64_t before = dl_signature_counts().verified;
    dl_verifier_trust(verifier, message, &signature);
    assert_int_equal(dl_verifier_check(verifier, message, &signature), DL_OK);
    assert_int_equal(dl_signature_counts().verified, before);
    assert_int_equal(dl_verifier_check(verifier, dl_view_str("hers"), &signature), DL_E_SIGNATURE);
    dl_verifier_free(&verifier);
    dl_signer_free(&signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_digests_of_its_standard),
        cmocka_unit_test(parts_are_hashed_as_one),
        cmocka_unit_test(a_running_hash_starts_again_after_its_end),
        cmocka_unit_test(ed25519_signs_as_its_standard_does),
        cmocka_unit_test(a_signature_verifies_for_its_message_and_key_only),
        cmocka_unit_test(the_same_octets_are_verified_once_and_others_always),
        cmocka_unit_test(a_signature_made_here_can_be_trusted),
        cmocka_unit_test(a_signature_with_the_order_added_is_refused),
        cmocka_unit_test(what_is_wiped_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
