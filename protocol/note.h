/* Signed notes and verifier keys (C2SP signed-note). Directline's policy on top: base64 in its
 * canonical form, at most 64 KiB and 64 signature lines.
 */
#ifndef DL_PROTOCOL_NOTE_H
#define DL_PROTOCOL_NOTE_H

#include "base/crypto.h"
#include "base/limits.h"

/* Signature types: the first octet of a key in its printed form. */
enum dl_key_type { DL_KEY_ED25519 = 0x01, DL_KEY_COSIGNATURE = 0x04 };

enum { DL_KEY_NAME_MAX = DL_LIMIT_ORIGIN, DL_VKEY_MAX = DL_KEY_NAME_MAX + 64 };

/* A key that notes are verified with. */
struct dl_vkey {
    char name[DL_KEY_NAME_MAX + 1];
    uint8_t type;
    uint32_t id;
    struct dl_public_key key;
};

/* Is this a key's name: not empty, valid UTF-8, no Unicode space, no '+', no control? */
bool dl_key_name_ok(struct dl_view name);
/* First 4 octets of SHA-256(name, LF, type, key). */
uint32_t dl_key_id(struct dl_view name, uint8_t type, const struct dl_public_key *key);
/* DL_E_KEY when the name cannot be a key's name or is too long. */
DL_MUST_USE enum dl_err dl_vkey_make(struct dl_view name, uint8_t type,
                                     const struct dl_public_key *key, struct dl_vkey *out);
/* name+id+base64(type, key). DL_E_KEY for another form, another type, or an id that does not fit.
 */
DL_MUST_USE enum dl_err dl_vkey_parse(struct dl_view text, struct dl_vkey *out);
void dl_vkey_format(const struct dl_vkey *vkey, struct dl_buf *out);

/* One signature line. */
struct dl_note_line {
    struct dl_view name;
    uint32_t id;
    struct dl_view
        signature; /* what follows the id: decoded octets, borrowed from the note struct */
};

/* A note taken apart; views borrow from the octets parsed, and from `decoded`. */
struct dl_note {
    struct dl_view text; /* with its final LF: what is signed */
    size_t n;
    struct dl_note_line lines[DL_LIMIT_NOTE_LINES];
    struct dl_buf decoded;
};

/* DL_E_NOTE when it is not well formed; *out then needs no fini. */
DL_MUST_USE enum dl_err dl_note_parse(struct dl_view octets, struct dl_note *out);
void dl_note_fini(struct dl_note *note);

/* Looks for lines of this key and verifies every one of them. For a cosignature key `time` (may be
 * NULL) is filled. DL_OK: at least one, and all of them hold. DL_E_NOTE: none. DL_E_SIGNATURE: one
 * does not hold. */
DL_MUST_USE enum dl_err dl_note_verify(const struct dl_note *note, const struct dl_vkey *vkey,
                                       const struct dl_verifier *verifier, uint64_t *time);

/* Append a note's parts: the text, the empty line, then any number of lines. */
void dl_note_put_text(struct dl_buf *out, struct dl_view text);
void dl_note_put_line(struct dl_buf *out, const struct dl_vkey *vkey, struct dl_view signature);

/* The octets that a cosignature/v1 of `time` signs: header and the whole text (C2SP
 * tlog-cosignature). */
void dl_cosignature_message(struct dl_buf *out, uint64_t time, struct dl_view text);
/* The payload behind the key id: time (u64) and signature. */
void dl_cosignature_payload(struct dl_buf *out, uint64_t time,
                            const struct dl_signature *signature);

#endif
