/* What the parts of the vector runner share. */
#ifndef DL_NODE_VECTORS_INTERNAL_H
#define DL_NODE_VECTORS_INTERNAL_H

#include "base/crypto.h"
#include "base/json.h"
#include "node/vectors.h"
#include "protocol/policy.h"

struct dl__vectors {
    const char *folder;
    const char *file; /* the one that is run */
    dl_vectors_sink sink;
    void *context;
    struct dl_vectors_counts counts;
};

/* Count a case; with `what` not NULL it came out differently. */
void dl__vectors_count(struct dl__vectors *run, const char *id, const char *what);
/* Count a case by its "expect": accept, reject, or any. */
void dl__vectors_judge(struct dl__vectors *run, const json_t *value, bool accepted);
/* The id of a case, "?" without. */
const char *dl__vectors_id(const json_t *value);

/* Members of a case; false when they are absent or of another form. */
bool dl__vectors_number(const json_t *value, const char *key, uint64_t *out);
bool dl__vectors_hash(const json_t *value, const char *key, struct dl_hash *out);
bool dl__vectors_hex(const json_t *value, const char *key, struct dl_buf *out);
bool dl__vectors_base64(const json_t *value, const char *key, struct dl_buf *out);
/* The member "policy" {origin, logs, cosigners, need} as a policy; NULL when it is none. */
struct dl_policy *dl__vectors_policy(const json_t *value);

/* A vector file; NULL when it cannot be read. The caller releases it. */
json_t *dl__vectors_load(const struct dl__vectors *run, const char *file);

/* One function a file. */
void dl__vectors_keys(struct dl__vectors *run, const json_t *root);
void dl__vectors_notes(struct dl__vectors *run, const json_t *root);
void dl__vectors_checkpoints(struct dl__vectors *run, const json_t *root);
void dl__vectors_proofs(struct dl__vectors *run, const json_t *root);
void dl__vectors_witness(struct dl__vectors *run, const json_t *root);
void dl__vectors_trees(struct dl__vectors *run, const json_t *root);
void dl__vectors_inclusion(struct dl__vectors *run, const json_t *root);
void dl__vectors_consistency(struct dl__vectors *run, const json_t *root);
void dl__vectors_tiles(struct dl__vectors *run, const json_t *root);

#endif
