/* Heads: a signed tree head of one journal in its shortest form, and the keys that go with it. On
 * the line and on disk a head is a signed note (C2SP signed-note, tlog-checkpoint); in memory it is
 * this. Writing a head gives the same octets again: one author's signature (Ed25519 is
 * deterministic), one cosignature or none, no extension lines, nothing that we did not verify.
 */
#ifndef DL_PROTOCOL_HEAD_H
#define DL_PROTOCOL_HEAD_H

#include "base/crypto.h"

struct dl_head {
    uint64_t size; /* 0: no head */
    struct dl_hash root;
    struct dl_signature signature; /* the author's */
    int64_t time;                  /* of the cosignature, seconds; 0: none */
    struct dl_signature cosignature;
};

/* The origin of one journal (of one generation), its author's key and its receiver's. */
struct dl_head_keys;
struct dl_head_names {
    struct dl_view origin;   /* also the name of the journal key */
    struct dl_view receiver; /* agency id: its key is named "directline/<receiver>/receipt" */
    struct dl_public_key journal_key;
    struct dl_public_key receipt_key;
    const struct dl_verifier *journal_verifier; /* of that key, outlives these; NULL: make one */
};
/* DL_E_KEY when a key cannot be used, DL_E_ORIGIN for an origin that cannot be a key's name. */
DL_MUST_USE enum dl_err dl_head_keys_new(const struct dl_head_names *names,
                                         struct dl_head_keys **out);
void dl_head_keys_free(struct dl_head_keys **keys);

/* Read and verify a note. DL_E_NOTE, DL_E_CHECKPOINT: not well formed, of size 0 or beyond
 * DL_LIMIT_LOG_SIZE, or with extension lines; DL_E_ORIGIN: of another journal; DL_E_SIGNATURE: the
 * author's signature is missing or does not verify; with `cosigned`, the receiver's likewise. */
DL_MUST_USE enum dl_err dl_head_read(const struct dl_head_keys *keys, struct dl_view note,
                                     bool cosigned, struct dl_head *out);
/* The same for a note of our own: the form and the origin, no signature. */
DL_MUST_USE enum dl_err dl_head_parse(const struct dl_head_keys *keys, struct dl_view note,
                                      struct dl_head *out);
/* We signed this head a moment ago: when it comes back in a receipt, or is read again, the same
 * octets need not be verified. */
void dl_head_trust(const struct dl_head_keys *keys, const struct dl_head *head);
/* Append the note; with the cosignature when head->time is not 0. */
void dl_head_write(const struct dl_head_keys *keys, const struct dl_head *head, struct dl_buf *out);
/* Put a cosignature of `unix_s` (at least 1) on a head; the signer is the receiver's receipt key.
 */
void dl_head_cosign(const struct dl_head_keys *keys, const struct dl_signer *signer, int64_t unix_s,
                    struct dl_head *head);

#endif
