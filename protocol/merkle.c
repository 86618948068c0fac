#include "protocol/merkle.h"

#include <string.h>

struct dl_hash dl_merkle_leaf(struct dl_view leaf)
{
    static const uint8_t prefix = 0;
    struct dl_view parts[2] = {dl_view_of(&prefix, 1), leaf};
    return dl_sha256_parts(parts, 2);
}

struct dl_hash dl_merkle_node(const struct dl_hash *left, const struct dl_hash *right)
{
    uint8_t octets[1 + 2 * sizeof left->b] = {1};
    memcpy(octets + 1, left->b, sizeof left->b);
    memcpy(octets + 1 + sizeof left->b, right->b, sizeof right->b);
    return dl_sha256(dl_view_of(octets, sizeof octets));
}

struct dl_hash dl_merkle_empty(void)
{
    return dl_sha256(dl_view_of(NULL, 0));
}

void dl_frontier_init(struct dl_frontier *frontier)
{
    frontier->size = 0;
}

size_t dl_frontier_count(const struct dl_frontier *frontier)
{
    return (size_t)__builtin_popcountll(frontier->size);
}

void dl_frontier_append(struct dl_frontier *frontier, const struct dl_hash *leaf)
{
    DL_ASSERT(frontier->size < DL_TREE_SIZE_MAX, "a tree has at most 2^63-1 leaves");
    struct dl_hash hash = *leaf;
    size_t n = dl_frontier_count(frontier);
    for (uint64_t size = frontier->size; (size & 1) != 0; size >>= 1) {
        hash = dl_merkle_node(&frontier->hashes[--n], &hash);
    }
    frontier->hashes[n] = hash;
    frontier->size++;
    DL_ASSERT(n + 1 == dl_frontier_count(frontier), "one hash for each set bit");
}

struct dl_hash dl_frontier_root(const struct dl_frontier *frontier)
{
    size_t n = dl_frontier_count(frontier);
    if (n == 0) {
        return dl_merkle_empty();
    }
    struct dl_hash hash = frontier->hashes[n - 1];
    for (size_t i = n - 1; i > 0; i--) {
        hash = dl_merkle_node(&frontier->hashes[i - 1], &hash);
    }
    return hash;
}

enum dl_err dl_frontier_read(const struct dl_tree_reader *reader, uint64_t size,
                             struct dl_frontier *out)
{
    DL_ASSERT(size <= DL_TREE_SIZE_MAX, "a tree has at most 2^63-1 leaves");
    struct dl_frontier frontier = {.size = size};
    size_t n = 0;
    uint64_t at = 0;
    for (unsigned level = 63; level > 0; level--) {
        uint64_t width = (uint64_t)1 << (level - 1);
        if ((size & width) != 0) {
            DL_TRY(reader->read(reader->self, level - 1, at >> (level - 1), &frontier.hashes[n++]));
            at += width;
        }
    }
    *out = frontier;
    return DL_OK;
}

static unsigned bit_length(uint64_t x)
{
    return x == 0 ? 0 : 64U - (unsigned)__builtin_clzll(x);
}

/* The greatest power of two that is at most x, x > 0, as its exponent. */
static unsigned floor_log2(uint64_t x)
{
    return 63U - (unsigned)__builtin_clzll(x);
}

size_t dl_inclusion_length(uint64_t index, uint64_t size)
{
    DL_ASSERT(index < size && size <= DL_TREE_SIZE_MAX, "a leaf is in its tree");
    unsigned inner = bit_length(index ^ (size - 1));
    return inner + (size_t)(inner == 64 ? 0 : __builtin_popcountll(index >> inner));
}

enum dl_err dl_inclusion_check(const struct dl_proof *proof, uint64_t index, uint64_t size,
                               const struct dl_hash *leaf, const struct dl_hash *root)
{
    if (size > DL_TREE_SIZE_MAX || index >= size || proof->n != dl_inclusion_length(index, size)) {
        return DL_E_PROOF;
    }
    uint64_t fn = index;
    uint64_t sn = size - 1;
    struct dl_hash hash = *leaf;
    for (size_t i = 0; i < proof->n; i++) {
        if ((fn & 1) != 0 || fn == sn) {
            hash = dl_merkle_node(&proof->hashes[i], &hash);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            hash = dl_merkle_node(&hash, &proof->hashes[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && dl_hash_equal(&hash, root) ? DL_OK : DL_E_PROOF;
}

enum dl_err dl_consistency_check(const struct dl_proof *proof, uint64_t old_size, uint64_t size,
                                 const struct dl_hash *old_root, const struct dl_hash *root)
{
    if (size > DL_TREE_SIZE_MAX || old_size > size) {
        return DL_E_PROOF;
    }
    if (old_size == 0 || old_size == size) {
        struct dl_hash empty = dl_merkle_empty();
        const struct dl_hash *want = old_size == 0 ? &empty : root;
        bool fits = proof->n == 0 && dl_hash_equal(old_root, want);
        return fits && (size != 0 || dl_hash_equal(root, &empty)) ? DL_OK : DL_E_PROOF;
    }
    uint64_t fn = old_size - 1;
    uint64_t sn = size - 1;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    size_t i = 0;
    if (fn != 0 && proof->n == 0) {
        return DL_E_PROOF;
    }
    struct dl_hash old_hash = fn == 0 ? *old_root : proof->hashes[i++];
    struct dl_hash hash = old_hash;
    for (; i < proof->n; i++) {
        if (sn == 0) {
            return DL_E_PROOF;
        }
        if ((fn & 1) != 0 || fn == sn) {
            old_hash = dl_merkle_node(&proof->hashes[i], &old_hash);
            hash = dl_merkle_node(&proof->hashes[i], &hash);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            hash = dl_merkle_node(&hash, &proof->hashes[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    bool holds = sn == 0 && dl_hash_equal(&old_hash, old_root) && dl_hash_equal(&hash, root);
    return holds ? DL_OK : DL_E_PROOF;
}

/* The hash of leaves [from, to), where `from` is a multiple of the least power of two that holds
 * them all. */
static enum dl_err range_hash(const struct dl_tree_reader *reader, uint64_t from, uint64_t to,
                              struct dl_hash *out)
{
    struct dl_hash parts[63];
    size_t n = 0;
    uint64_t at = from;
    while (at < to) {
        unsigned level = floor_log2(to - at);
        DL_TRY(reader->read(reader->self, level, at >> level, &parts[n++]));
        at += (uint64_t)1 << level;
    }
    struct dl_hash hash = parts[n - 1];
    for (size_t i = n - 1; i > 0; i--) {
        hash = dl_merkle_node(&parts[i - 1], &hash);
    }
    *out = hash;
    return DL_OK;
}

/* The greatest power of two below n, n > 1: where RFC 6962 splits. */
static uint64_t split(uint64_t n)
{
    return (uint64_t)1 << floor_log2(n - 1);
}

/* From the root down the hashes come in the reverse of a proof's order. */
static void reverse(struct dl_proof *proof)
{
    for (size_t i = 0; i < proof->n / 2; i++) {
        struct dl_hash kept = proof->hashes[i];
        proof->hashes[i] = proof->hashes[proof->n - 1 - i];
        proof->hashes[proof->n - 1 - i] = kept;
    }
}

enum dl_err dl_inclusion_make(const struct dl_tree_reader *reader, uint64_t index, uint64_t size,
                              struct dl_proof *out)
{
    DL_ASSERT(index < size && size <= DL_TREE_SIZE_MAX, "a leaf is in its tree");
    struct dl_proof proof = {0};
    uint64_t from = 0;
    uint64_t to = size;
    while (to - from > 1) {
        uint64_t middle = from + split(to - from);
        bool left = index < middle;
        DL_TRY(
            range_hash(reader, left ? middle : from, left ? to : middle, &proof.hashes[proof.n++]));
        from = left ? from : middle;
        to = left ? middle : to;
    }
    reverse(&proof);
    DL_ASSERT(proof.n == dl_inclusion_length(index, size), "RFC 9162 2.1.3.1");
    *out = proof;
    return DL_OK;
}

enum dl_err dl_consistency_make(const struct dl_tree_reader *reader, uint64_t old_size,
                                uint64_t size, struct dl_proof *out)
{
    DL_ASSERT(old_size <= size && size <= DL_TREE_SIZE_MAX, "an old tree is the smaller one");
    struct dl_proof proof = {0};
    uint64_t from = 0;
    uint64_t to = size;
    bool whole = true; /* the old root itself is still the subtree looked at */
    while (old_size > 0 && old_size < to) {
        uint64_t middle = from + split(to - from);
        bool left = old_size <= middle;
        DL_TRY(
            range_hash(reader, left ? middle : from, left ? to : middle, &proof.hashes[proof.n++]));
        whole = whole && left;
        from = left ? from : middle;
        to = left ? middle : to;
    }
    if (old_size > 0 && !whole) {
        DL_TRY(range_hash(reader, from, to, &proof.hashes[proof.n++]));
    }
    reverse(&proof);
    *out = proof;
    return DL_OK;
}
