/* Any numbers and hashes as proofs: they end, stay inside, and prove nothing that they should not.
 * Input: size, index or old size (u64 each), two hashes, then the proof's hashes.
 */
#include "protocol/merkle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dl_hash take_hash(struct dl_cursor *cursor)
{
    struct dl_hash hash = {{0}};
    struct dl_view octets = dl_cursor_take(cursor, sizeof hash.b);
    for (size_t i = 0; i < octets.n; i++) {
        hash.b[i] = octets.p[i];
    }
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_cursor cursor;
    struct dl_proof proof = {0};
    dl_cursor_init(&cursor, dl_view_of(data, size));
    uint64_t tree_size = dl_cursor_u64(&cursor);
    uint64_t number = dl_cursor_u64(&cursor);
    struct dl_hash first = take_hash(&cursor);
    struct dl_hash root = take_hash(&cursor);
    while (cursor.rest.n >= sizeof root.b && proof.n < DL_LIMIT_PROOF_HASHES) {
        proof.hashes[proof.n++] = take_hash(&cursor);
    }
    if (dl_inclusion_check(&proof, number, tree_size, &first, &root) == DL_OK) {
        DL_ASSERT(number < tree_size && proof.n == dl_inclusion_length(number, tree_size),
                  "RFC 9162 2.1.3.2");
        first.b[0] ^= 1;
        DL_ASSERT(dl_inclusion_check(&proof, number, tree_size, &first, &root) != DL_OK,
                  "another leaf is not there");
        first.b[0] ^= 1;
    }
    if (dl_consistency_check(&proof, number, tree_size, &first, &root) == DL_OK) {
        DL_ASSERT(number <= tree_size && tree_size <= DL_TREE_SIZE_MAX, "an old tree is smaller");
        first.b[0] ^= 1;
        DL_ASSERT(dl_consistency_check(&proof, number, tree_size, &first, &root) != DL_OK,
                  "another old tree does not grow into this one");
    }
    return 0;
}
