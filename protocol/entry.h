/* Entries: the leaf (a small canonical envelope, for ever in the tree) and the content beside it
 * under a salted commitment, so that the content can be erased later while every proof still
 * verifies. PROTOCOL.md section 1.
 *
 * The leaf is canonical JSON (RFC 8785) of a closed schema, so there is exactly one octet string
 * for it:
 * {"attachments":N,"commitment":HEX,"id":ID,"kind":KIND,"marking":MARKING,
 *  "refs":["AGENCY/ID",...],"size":N,"subject":[INCHIKEY,...],"time":TIME,"v":1}
 */
#ifndef DL_PROTOCOL_ENTRY_H
#define DL_PROTOCOL_ENTRY_H

#include "base/crypto.h"
#include "base/limits.h"
#include "protocol/kind.h"
#include "protocol/message.h"

enum dl_marking { DL_MARKING_NONE = 0, DL_MARKING_ACTUAL, DL_MARKING_EXERCISE, DL_MARKING_TEST };

const char *dl_marking_name(enum dl_marking marking);
/* DL_MARKING_NONE for anything else: a missing or unknown marking is never defaulted (I8). */
enum dl_marking dl_marking_of(struct dl_view text);
/* May an entry of this marking stand in the journal of this origin? "directline/..." takes actual
 * and test, "directline-exercise/..." exercise only; no other origin takes anything (I8). */
bool dl_marking_fits(enum dl_marking marking, struct dl_view origin);

struct dl_leaf {
    struct dl_view id;
    struct dl_view kind_name;
    enum dl_kind kind;
    enum dl_marking marking;
    int64_t time_ms; /* the author's claim */
    size_t n_refs, n_subject;
    struct dl_view refs[DL_LIMIT_REFS];        /* "AGENCY/ID" */
    struct dl_view subject[DL_LIMIT_SUBJECTS]; /* InChIKeys */
    struct dl_hash commitment;
    uint64_t size; /* of the content, octets */
    uint64_t attachments;
};

/* Strict: only the canonical octets of a valid leaf. Views borrow from `octets`. DL_E_FRAME,
 * DL_E_TOO_LARGE, DL_E_MARKING; *out then holds nothing to rely on. */
DL_MUST_USE enum dl_err dl_leaf_decode(struct dl_view octets, struct dl_leaf *out);
/* Append the canonical octets. */
void dl_leaf_encode(struct dl_buf *out, const struct dl_leaf *leaf);

/* SHA-256("directline/content/1", 0x00, salt, content). */
struct dl_hash dl_entry_commitment(struct dl_view salt, struct dl_view content);

/* Check a whole entry: leaf, salt, content. The content must be the canonical octets of what its
 * kind allows, and must fit the leaf's commitment, size and subject. On success *content (may be
 * NULL) is a new reference. Errors as dl_leaf_decode, dl_json_parse, dl_kind_check; DL_E_PROOF: the
 * commitment does not fit. */
DL_MUST_USE enum dl_err dl_entry_check(const struct dl_entry_octets *entry, struct dl_leaf *leaf,
                                       json_t **content, struct dl_error *error);

/* What an author says of a new entry. */
struct dl_entry_draft {
    enum dl_kind kind;
    enum dl_marking marking;
    struct dl_view id;
    int64_t time_ms;
    const struct dl_view *refs;
    size_t n_refs;
    const json_t *content;
    uint8_t salt[DL_LIMIT_SALT]; /* random */
};

/* Make leaf and canonical content (appended to the builders, which on failure are as they were).
 * Errors as dl_kind_check, with the field; ID and reference faults are DL_E_FIELD_VALUE on "id" and
 * "refs"; DL_E_TOO_LARGE and DL_E_JSON for the content as a whole. */
DL_MUST_USE enum dl_err dl_entry_make(const struct dl_entry_draft *draft, struct dl_buf *leaf,
                                      struct dl_buf *content, struct dl_error *error);

enum { DL_ENTRY_ID_TEXT = 32 };
/* A new id, ordered by time: "20261124-090724123-k3f9x2m7q4". `random` has 10 octets. */
void dl_entry_id_make(int64_t now_ms, const uint8_t random[10], char out[DL_ENTRY_ID_TEXT]);

/* Split "AGENCY/ID" (or a bare "ID": agency is then empty). False when it is neither. */
bool dl_entry_ref_split(struct dl_view ref, struct dl_view *agency, struct dl_view *id);

#endif
