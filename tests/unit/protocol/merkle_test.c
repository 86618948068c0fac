/* The Merkle tree against the public vectors, and against its own definition. */
#include "protocol/merkle.h"
#include "tests/unit/protocol/vectors.h"

/* A tree in memory: all leaf hashes; subtrees are computed from the definition. */
struct tree {
    struct dl_hash leaves[1024];
    size_t n;
};

static struct dl_hash subtree(const struct tree *tree, uint64_t from, uint64_t to)
{
    if (to - from == 1) {
        return tree->leaves[from];
    }
    uint64_t k = 1;
    while (k * 2 < to - from) {
        k *= 2;
    }
    struct dl_hash left = subtree(tree, from, from + k);
    struct dl_hash right = subtree(tree, from + k, to);
    return dl_merkle_node(&left, &right);
}

static enum dl_err read_subtree(void *self, unsigned level, uint64_t index, struct dl_hash *out)
{
    const struct tree *tree = self;
    uint64_t from = index << level;
    if (from + ((uint64_t)1 << level) > tree->n) {
        return DL_E_BUG;
    }
    *out = subtree(tree, from, from + ((uint64_t)1 << level));
    return DL_OK;
}

static void load_tree(struct tree *tree)
{
    json_t *json = vectors_load("trees.json");
    const json_t *entries = json_object_get(json, "entries");
    tree->n = json_array_size(entries);
    assert_int_equal(tree->n, 1000);
    for (size_t i = 0; i < tree->n; i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *hex = vectors_text(entry, "data_hex");
        uint8_t data[4096];
        assert_true(strlen(hex) / 2 <= sizeof data);
        assert_int_equal(dl_hex_decode(dl_view_str(hex), data, strlen(hex) / 2), DL_OK);
        struct dl_hash leaf = dl_merkle_leaf(dl_view_of(data, strlen(hex) / 2));
        struct dl_hash want = vectors_hash(json_object_get(entry, "leaf_hash"));
        assert_true(dl_hash_equal(&leaf, &want));
        tree->leaves[i] = leaf;
    }
    json_decref(json);
}

static struct dl_proof proof_of(const json_t *list)
{
    struct dl_proof proof = {.n = json_array_size(list)};
    if (proof.n > DL_LIMIT_PROOF_HASHES) {
        proof.n = DL_LIMIT_PROOF_HASHES; // longer ones cannot be held; their length is wrong anyway
    }
    for (size_t i = 0; i < proof.n; i++) {
        proof.hashes[i] = vectors_hash(json_array_get(list, i));
    }
    return proof;
}

static bool wanted(const json_t *value, enum dl_err err)
{
    const char *expect = vectors_text(value, "expect");
    return strcmp(expect, "any") == 0 || (err == DL_OK) == (strcmp(expect, "accept") == 0);
}

static void every_inclusion_vector_comes_out(void **state)
{
    (void)state;
    json_t *json = vectors_load("inclusion.json");
    const json_t *cases = json_object_get(json, "cases");
    assert_true(json_array_size(cases) > 1000);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        struct dl_proof proof = proof_of(json_object_get(c, "proof"));
        struct dl_hash leaf = vectors_hash(json_object_get(c, "leaf_hash"));
        struct dl_hash root = vectors_hash(json_object_get(c, "root"));
        enum dl_err err =
            dl_inclusion_check(&proof, vectors_number(json_object_get(c, "index")),
                               vectors_number(json_object_get(c, "size")), &leaf, &root);
        if (!wanted(c, err)) {
            fail_msg("%s: %s", vectors_text(c, "id"), dl_err_code(err));
        }
    }
    json_decref(json);
}

static void every_consistency_vector_comes_out(void **state)
{
    (void)state;
    json_t *json = vectors_load("consistency.json");
    const json_t *cases = json_object_get(json, "cases");
    assert_true(json_array_size(cases) > 1000);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        struct dl_proof proof = proof_of(json_object_get(c, "proof"));
        struct dl_hash old_root = vectors_hash(json_object_get(c, "old_root"));
        struct dl_hash root = vectors_hash(json_object_get(c, "root"));
        enum dl_err err =
            dl_consistency_check(&proof, vectors_number(json_object_get(c, "old_size")),
                                 vectors_number(json_object_get(c, "size")), &old_root, &root);
        if (!wanted(c, err)) {
            fail_msg("%s: %s", vectors_text(c, "id"), dl_err_code(err));
        }
    }
    json_decref(json);
}

static void a_frontier_gives_every_published_root(void **state)
{
    (void)state;
    static struct tree tree;
    load_tree(&tree);
    json_t *json = vectors_load("trees.json");
    const json_t *roots = json_object_get(json, "roots");
    struct dl_frontier frontier;
    dl_frontier_init(&frontier);
    size_t at = 0;
    for (size_t size = 0; size <= tree.n; size++) {
        const json_t *next = json_array_get(roots, at);
        if (next != NULL && vectors_number(json_object_get(next, "size")) == size) {
            struct dl_hash want = vectors_hash(json_object_get(next, "root"));
            struct dl_hash root = dl_frontier_root(&frontier);
            assert_true(dl_hash_equal(&root, &want));
            at++;
        }
        if (size < tree.n) {
            dl_frontier_append(&frontier, &tree.leaves[size]);
        }
    }
    assert_int_equal(at, json_array_size(roots));
    json_decref(json);
}

static void a_frontier_read_is_the_one_appended(void **state)
{
    (void)state;
    static struct tree tree;
    load_tree(&tree);
    struct dl_tree_reader reader = {.self = &tree, .read = read_subtree};
    struct dl_frontier appended;
    dl_frontier_init(&appended);
    for (size_t size = 0; size < 300; size++) {
        struct dl_frontier read;
        assert_int_equal(dl_frontier_read(&reader, size, &read), DL_OK);
        struct dl_hash a = dl_frontier_root(&appended);
        struct dl_hash b = dl_frontier_root(&read);
        assert_true(dl_hash_equal(&a, &b));
        assert_int_equal(dl_frontier_count(&read), dl_frontier_count(&appended));
        dl_frontier_append(&appended, &tree.leaves[size]);
    }
}

static struct dl_hash root_at(struct tree *tree, uint64_t size)
{
    return size == 0 ? dl_merkle_empty() : subtree(tree, 0, size);
}

static void every_proof_made_is_accepted_and_its_twin_is_not(void **state)
{
    (void)state;
    static struct tree tree;
    load_tree(&tree);
    struct dl_tree_reader reader = {.self = &tree, .read = read_subtree};
    for (uint64_t size = 1; size <= 70; size++) {
        struct dl_hash root = root_at(&tree, size);
        for (uint64_t index = 0; index < size; index++) {
            struct dl_proof proof;
            assert_int_equal(dl_inclusion_make(&reader, index, size, &proof), DL_OK);
            assert_int_equal(dl_inclusion_check(&proof, index, size, &tree.leaves[index], &root),
                             DL_OK);
            struct dl_hash other = tree.leaves[index];
            other.b[31] ^= 1;
            assert_int_equal(dl_inclusion_check(&proof, index, size, &other, &root), DL_E_PROOF);
        }
        for (uint64_t old_size = 0; old_size <= size; old_size++) {
            struct dl_proof proof;
            struct dl_hash old_root = root_at(&tree, old_size);
            assert_int_equal(dl_consistency_make(&reader, old_size, size, &proof), DL_OK);
            assert_int_equal(dl_consistency_check(&proof, old_size, size, &old_root, &root), DL_OK);
            old_root.b[0] ^= 1;
            assert_int_equal(dl_consistency_check(&proof, old_size, size, &old_root, &root),
                             DL_E_PROOF);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_inclusion_vector_comes_out),
        cmocka_unit_test(every_consistency_vector_comes_out),
        cmocka_unit_test(a_frontier_gives_every_published_root),
        cmocka_unit_test(a_frontier_read_is_the_one_appended),
        cmocka_unit_test(every_proof_made_is_accepted_and_its_twin_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
