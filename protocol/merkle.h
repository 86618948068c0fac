/* The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): leaf hashes, frontiers, proofs.
 *
 * Sizes are 0 to 2^63-1 and are judged before any arithmetic. A root does not commit to its size:
 * always take both from one signed checkpoint.
 */
#ifndef DL_PROTOCOL_MERKLE_H
#define DL_PROTOCOL_MERKLE_H

#include "base/crypto.h"
#include "base/limits.h"

#define DL_TREE_SIZE_MAX ((uint64_t)INT64_MAX)

struct dl_hash dl_merkle_leaf(struct dl_view leaf);
struct dl_hash dl_merkle_node(const struct dl_hash *left, const struct dl_hash *right);
struct dl_hash dl_merkle_empty(void); /* SHA-256 of nothing: the root at size 0 */

/* The frontier: one hash for each set bit of the size, greatest subtree first. All that is needed
 * to append and to give the root. */
struct dl_frontier {
    uint64_t size;
    struct dl_hash hashes[63];
};

void dl_frontier_init(struct dl_frontier *frontier); /* of the empty tree */
/* How many of `hashes` count. */
size_t dl_frontier_count(const struct dl_frontier *frontier);
/* Asserts that the tree can grow. */
void dl_frontier_append(struct dl_frontier *frontier, const struct dl_hash *leaf);
struct dl_hash dl_frontier_root(const struct dl_frontier *frontier);

/* Reads the hash of a complete subtree: 2^level leaves from index * 2^level on. */
struct dl_tree_reader {
    void *self;
    enum dl_err (*read)(void *self, unsigned level, uint64_t index, struct dl_hash *out);
};

/* The frontier, and so the root, of the tree's first `size` leaves. Errors are the reader's. */
DL_MUST_USE enum dl_err dl_frontier_read(const struct dl_tree_reader *reader, uint64_t size,
                                         struct dl_frontier *out);

/* A proof: hashes from the leaf's side to the root's. */
struct dl_proof {
    size_t n;
    struct dl_hash hashes[DL_LIMIT_PROOF_HASHES];
};

/* The number of hashes that an inclusion proof of `index` in a tree of `size` has; index < size. */
size_t dl_inclusion_length(uint64_t index, uint64_t size);
/* DL_E_PROOF unless the leaf hash is at `index` in the tree of `size` with that root. */
DL_MUST_USE enum dl_err dl_inclusion_check(const struct dl_proof *proof, uint64_t index,
                                           uint64_t size, const struct dl_hash *leaf,
                                           const struct dl_hash *root);
DL_MUST_USE enum dl_err dl_inclusion_make(const struct dl_tree_reader *reader, uint64_t index,
                                          uint64_t size, struct dl_proof *out);

/* DL_E_PROOF unless the tree of `old_size` with `old_root` is the beginning of the one of `size`
 * with `root`. From size 0 the proof is empty and the old root that of the empty tree. */
DL_MUST_USE enum dl_err dl_consistency_check(const struct dl_proof *proof, uint64_t old_size,
                                             uint64_t size, const struct dl_hash *old_root,
                                             const struct dl_hash *root);
DL_MUST_USE enum dl_err dl_consistency_make(const struct dl_tree_reader *reader, uint64_t old_size,
                                            uint64_t size, struct dl_proof *out);

#endif
