#include "protocol/note.h"
#include "base/encoding.h"
#include "base/text.h"

#include <string.h>

static const char dash[] = "\xE2\x80\x94 "; /* U+2014 and a blank begin a signature line */
enum { DASH = sizeof dash - 1, PAYLOAD_MIN = 5, PAYLOAD_MAX = 4096, COSIGNATURE = 8 + 64 };

/* What Go's unicode.IsSpace covers, which the other implementations of notes go by. */
static bool is_space(int32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

bool dl_key_name_ok(struct dl_view name)
{
    size_t i = 0;
    while (i < name.n) {
        size_t n = 0;
        int32_t c = dl_text_decode(dl_view_of(name.p + i, name.n - i), &n);
        if (c < 0x20 || c == '+' || is_space(c)) {
            return false;
        }
        i += n;
    }
    return name.n > 0;
}

uint32_t dl_key_id(struct dl_view name, uint8_t type, const struct dl_public_key *key)
{
    uint8_t middle[2] = {'\n', type};
    struct dl_view parts[3] = {name, dl_view_of(middle, 2), dl_view_of(key->b, sizeof key->b)};
    struct dl_hash hash = dl_sha256_parts(parts, 3);
    return (uint32_t)hash.b[0] << 24 | (uint32_t)hash.b[1] << 16 | (uint32_t)hash.b[2] << 8 |
           hash.b[3];
}

enum dl_err dl_vkey_make(struct dl_view name, uint8_t type, const struct dl_public_key *key,
                         struct dl_vkey *out)
{
    if (!dl_key_name_ok(name) || name.n > DL_KEY_NAME_MAX) {
        return DL_E_KEY;
    }
    struct dl_vkey vkey = {.type = type, .key = *key, .id = dl_key_id(name, type, key)};
    memcpy(vkey.name, name.p, name.n);
    *out = vkey;
    return DL_OK;
}

static enum dl_err take_key(struct dl_view text, struct dl_view name, const uint8_t id[4],
                            struct dl_vkey *out)
{
    struct dl_buf decoded;
    dl_buf_init(&decoded, 256);
    struct dl_public_key key;
    enum dl_err err = dl_base64_decode(&decoded, text);
    if (err != DL_OK || decoded.n != 1 + sizeof key.b ||
        (decoded.p[0] != DL_KEY_ED25519 && decoded.p[0] != DL_KEY_COSIGNATURE)) {
        dl_buf_fini(&decoded);
        return DL_E_KEY;
    }
    uint8_t type = decoded.p[0];
    memcpy(key.b, decoded.p + 1, sizeof key.b);
    dl_buf_fini(&decoded);
    struct dl_vkey vkey;
    DL_TRY(dl_vkey_make(name, type, &key, &vkey));
    uint32_t said = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
    if (said != vkey.id) {
        return DL_E_KEY;
    }
    *out = vkey;
    return DL_OK;
}

enum dl_err dl_vkey_parse(struct dl_view text, struct dl_vkey *out)
{
    if (text.n > DL_VKEY_MAX) {
        return DL_E_KEY;
    }
    const uint8_t *plus = text.n == 0 ? NULL : memchr(text.p, '+', text.n);
    size_t n = plus == NULL ? 0 : (size_t)(plus - text.p);
    uint8_t id[4];
    if (n == 0 || text.n < n + 10 || text.p[n + 9] != '+') {
        return DL_E_KEY;
    }
    for (size_t i = n + 1; i < n + 9; i++) {
        if (text.p[i] >= 'A' && text.p[i] <= 'F') {
            return DL_E_KEY; // the id is printed in lower case
        }
    }
    if (dl_hex_decode(dl_view_of(text.p + n + 1, 8), id, 4) != DL_OK) {
        return DL_E_KEY;
    }
    return take_key(dl_view_of(text.p + n + 10, text.n - n - 10), dl_view_of(text.p, n), id, out);
}

void dl_vkey_format(const struct dl_vkey *vkey, struct dl_buf *out)
{
    uint8_t octets[1 + sizeof vkey->key.b] = {vkey->type};
    memcpy(octets + 1, vkey->key.b, sizeof vkey->key.b);
    dl_buf_printf(out, "%s+%08x+", vkey->name, vkey->id);
    dl_base64_encode(out, dl_view_of(octets, sizeof octets));
}

static bool note_text_ok(struct dl_view octets)
{
    size_t i = 0;
    while (i < octets.n) {
        size_t n = 1;
        int32_t c = octets.p[i] < 0x80 ? octets.p[i]
                                       : dl_text_decode(dl_view_of(octets.p + i, octets.n - i), &n);
        if (c < 0 || (c < 0x20 && c != '\n')) {
            return false;
        }
        i += n;
    }
    return true;
}

/* One signature line, without its LF. */
static enum dl_err take_line(struct dl_note *note, struct dl_view line)
{
    if (line.n < DASH || memcmp(line.p, dash, DASH) != 0 || note->n == DL_LIMIT_NOTE_LINES) {
        return DL_E_NOTE;
    }
    line = dl_view_of(line.p + DASH, line.n - DASH);
    const uint8_t *blank = memchr(line.p, ' ', line.n);
    if (blank == NULL) {
        return DL_E_NOTE;
    }
    struct dl_view name = dl_view_of(line.p, (size_t)(blank - line.p));
    struct dl_view text = dl_view_of(blank + 1, line.n - name.n - 1);
    size_t start = note->decoded.n;
    if (!dl_key_name_ok(name) || dl_base64_decode(&note->decoded, text) != DL_OK ||
        note->decoded.n - start < PAYLOAD_MIN) {
        return DL_E_NOTE;
    }
    const uint8_t *p = note->decoded.p + start;
    note->lines[note->n++] = (struct dl_note_line){
        .name = name,
        .id = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3],
        .signature = dl_view_of(NULL, note->decoded.n - start - 4)};
    return DL_OK;
}

/* The builder may have moved while it grew, so the views are set at the end. */
static void set_views(struct dl_note *note)
{
    size_t at = 0;
    for (size_t i = 0; i < note->n; i++) {
        note->lines[i].signature.p = note->decoded.p + at + 4;
        at += 4 + note->lines[i].signature.n;
    }
}

static enum dl_err take_lines(struct dl_note *note, struct dl_view lines)
{
    while (lines.n > 0) {
        const uint8_t *end = memchr(lines.p, '\n', lines.n);
        if (end == NULL) {
            return DL_E_NOTE;
        }
        size_t n = (size_t)(end - lines.p);
        DL_TRY(take_line(note, dl_view_of(lines.p, n)));
        lines = dl_view_of(lines.p + n + 1, lines.n - n - 1);
    }
    set_views(note);
    return note->n > 0 ? DL_OK : DL_E_NOTE;
}

enum dl_err dl_note_parse(struct dl_view octets, struct dl_note *out)
{
    if (octets.n < 2 || octets.n > DL_LIMIT_NOTE || !note_text_ok(octets)) {
        return DL_E_NOTE;
    }
    size_t split = octets.n - 1;
    while (split > 0 && !(octets.p[split - 1] == '\n' && octets.p[split] == '\n')) {
        split--;
    }
    if (split == 0) {
        return DL_E_NOTE;
    }
    out->text = dl_view_of(octets.p, split);
    out->n = 0;
    dl_buf_init(&out->decoded, DL_LIMIT_NOTE);
    enum dl_err err = take_lines(out, dl_view_of(octets.p + split + 1, octets.n - split - 1));
    if (err != DL_OK) {
        dl_note_fini(out);
    }
    return err;
}

void dl_note_fini(struct dl_note *note)
{
    dl_buf_fini(&note->decoded);
    note->n = 0;
}

static enum dl_err check_line(const struct dl_note *note, const struct dl_note_line *line,
                              const struct dl_vkey *vkey, const struct dl_verifier *verifier,
                              uint64_t *time)
{
    struct dl_signature signature;
    if (vkey->type == DL_KEY_ED25519) {
        if (line->signature.n != sizeof signature.b) {
            return DL_E_SIGNATURE;
        }
        memcpy(signature.b, line->signature.p, sizeof signature.b);
        return dl_verifier_check(verifier, note->text, &signature);
    }
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, line->signature);
    uint64_t said = dl_cursor_u64(&cursor);
    if (line->signature.n != COSIGNATURE || said > (uint64_t)INT64_MAX) {
        return DL_E_SIGNATURE;
    }
    memcpy(signature.b, cursor.rest.p, sizeof signature.b);
    struct dl_buf message;
    dl_buf_init(&message, DL_LIMIT_NOTE + 64);
    dl_cosignature_message(&message, said, note->text);
    enum dl_err err = dl_verifier_check(verifier, dl_buf_view(&message), &signature);
    dl_buf_fini(&message);
    if (err == DL_OK && time != NULL) {
        *time = said;
    }
    return err;
}

enum dl_err dl_note_verify(const struct dl_note *note, const struct dl_vkey *vkey,
                           const struct dl_verifier *verifier, uint64_t *time)
{
    DL_ASSERT(vkey->type == DL_KEY_ED25519 || vkey->type == DL_KEY_COSIGNATURE,
              "a key has a known type");
    bool found = false;
    for (size_t i = 0; i < note->n; i++) {
        const struct dl_note_line *line = &note->lines[i];
        if (line->id == vkey->id && dl_view_is(line->name, vkey->name)) {
            DL_TRY(check_line(note, line, vkey, verifier, time));
            found = true;
        }
    }
    return found ? DL_OK : DL_E_NOTE;
}

void dl_note_put_text(struct dl_buf *out, struct dl_view text)
{
    DL_ASSERT(text.n > 0 && text.p[text.n - 1] == '\n', "a note's text ends with LF");
    dl_buf_put_view(out, text);
    dl_buf_u8(out, '\n');
}

void dl_note_put_line(struct dl_buf *out, const struct dl_vkey *vkey, struct dl_view signature)
{
    DL_ASSERT(signature.n <= PAYLOAD_MAX, "a signature is short");
    struct dl_buf payload;
    dl_buf_init(&payload, PAYLOAD_MAX + 4);
    dl_buf_u32(&payload, vkey->id);
    dl_buf_put_view(&payload, signature);
    dl_buf_put_str(out, dash);
    dl_buf_put_str(out, vkey->name);
    dl_buf_u8(out, ' ');
    dl_base64_encode(out, dl_buf_view(&payload));
    dl_buf_u8(out, '\n');
    dl_buf_fini(&payload);
}

void dl_cosignature_message(struct dl_buf *out, uint64_t time, struct dl_view text)
{
    dl_buf_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
    dl_buf_put_view(out, text);
}

void dl_cosignature_payload(struct dl_buf *out, uint64_t time, const struct dl_signature *signature)
{
    dl_buf_u64(out, time);
    dl_buf_put(out, signature->b, sizeof signature->b);
}
