#include "protocol/head.h"

#include "protocol/checkpoint.h"

#include <stdlib.h>
#include <string.h>

struct dl_head_keys {
    struct dl_vkey journal, receipt;
    const struct dl_verifier *journal_verifier;
    struct dl_verifier *own, *receipt_verifier; /* own: the former, where nobody lent one */
};

static enum dl_err name_keys(const struct dl_head_names *names, struct dl_head_keys *keys)
{
    struct dl_buf receipt;
    dl_buf_init(&receipt, DL_KEY_NAME_MAX + 1);
    dl_buf_put_str(&receipt, "directline/");
    dl_buf_put_view(&receipt, names->receiver);
    dl_buf_put_str(&receipt, "/receipt");
    enum dl_err err =
        dl_vkey_make(names->origin, DL_KEY_ED25519, &names->journal_key, &keys->journal);
    if (err == DL_OK) {
        err = dl_vkey_make(dl_buf_view(&receipt), DL_KEY_COSIGNATURE, &names->receipt_key,
                           &keys->receipt);
    }
    dl_buf_fini(&receipt);
    return err == DL_OK ? DL_OK : DL_E_ORIGIN;
}

static enum dl_err make_keys(const struct dl_head_names *names, struct dl_head_keys *keys)
{
    DL_TRY(name_keys(names, keys));
    if (names->journal_verifier == NULL) {
        keys->own = dl_verifier_new(&names->journal_key);
    }
    keys->journal_verifier = keys->own != NULL ? keys->own : names->journal_verifier;
    keys->receipt_verifier = dl_verifier_new(&names->receipt_key);
    bool usable = keys->journal_verifier != NULL && keys->receipt_verifier != NULL;
    return usable ? DL_OK : DL_E_KEY;
}

enum dl_err dl_head_keys_new(const struct dl_head_names *names, struct dl_head_keys **out)
{
    struct dl_head_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        return DL_E_NOMEM;
    }
    enum dl_err err = make_keys(names, keys);
    if (err != DL_OK) {
        dl_head_keys_free(&keys);
        return err;
    }
    *out = keys;
    return DL_OK;
}

void dl_head_keys_free(struct dl_head_keys **keys)
{
    if (*keys != NULL) {
        dl_verifier_free(&(*keys)->own);
        dl_verifier_free(&(*keys)->receipt_verifier);
        free(*keys);
        *keys = NULL;
    }
}

/* The first line of a key; every line of it was verified, or none counts. */
static const struct dl_note_line *find_line(const struct dl_note *note, const struct dl_vkey *vkey)
{
    for (size_t i = 0; i < note->n; i++) {
        if (note->lines[i].id == vkey->id && dl_view_is(note->lines[i].name, vkey->name)) {
            return &note->lines[i];
        }
    }
    return NULL;
}

/* Origin, size, root and the author's signature, which is not verified here. */
static enum dl_err take_head(const struct dl_head_keys *keys, const struct dl_note *note,
                             struct dl_head *out)
{
    struct dl_checkpoint checkpoint;
    DL_TRY(dl_checkpoint_parse(note->text, &checkpoint));
    if (strcmp(checkpoint.origin, keys->journal.name) != 0) {
        return DL_E_ORIGIN;
    }
    if (checkpoint.extended || checkpoint.size == 0 || checkpoint.size > DL_LIMIT_LOG_SIZE) {
        return DL_E_CHECKPOINT;
    }
    const struct dl_note_line *line = find_line(note, &keys->journal);
    if (line == NULL || line->signature.n != sizeof out->signature.b) {
        return DL_E_SIGNATURE;
    }
    *out = (struct dl_head){.size = checkpoint.size, .root = checkpoint.root};
    memcpy(out->signature.b, line->signature.p, sizeof out->signature.b);
    return DL_OK;
}

static enum dl_err take_cosignature(const struct dl_head_keys *keys, const struct dl_note *note,
                                    struct dl_head *out)
{
    uint64_t time = 0;
    enum dl_err err = dl_note_verify(note, &keys->receipt, keys->receipt_verifier, &time);
    const struct dl_note_line *line = find_line(note, &keys->receipt);
    if (err != DL_OK || line == NULL) {
        return DL_E_SIGNATURE;
    }
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, line->signature);
    out->time = (int64_t)dl_cursor_u64(&cursor);
    if (out->time <= 0) {
        return DL_E_SIGNATURE;
    }
    DL_ASSERT(cursor.rest.n == sizeof out->cosignature.b, "verified, so of that length");
    memcpy(out->cosignature.b, cursor.rest.p, sizeof out->cosignature.b);
    return DL_OK;
}

static enum dl_err read_parts(const struct dl_head_keys *keys, const struct dl_note *note,
                              bool cosigned, struct dl_head *out)
{
    struct dl_head head;
    DL_TRY(take_head(keys, note, &head));
    if (dl_note_verify(note, &keys->journal, keys->journal_verifier, NULL) != DL_OK) {
        return DL_E_SIGNATURE;
    }
    if (cosigned) {
        DL_TRY(take_cosignature(keys, note, &head));
    }
    *out = head;
    return DL_OK;
}

enum dl_err dl_head_read(const struct dl_head_keys *keys, struct dl_view octets, bool cosigned,
                         struct dl_head *out)
{
    struct dl_note note;
    if (octets.n > DL_LIMIT_CHECKPOINT) {
        return DL_E_NOTE;
    }
    DL_TRY(dl_note_parse(octets, &note));
    enum dl_err err = read_parts(keys, &note, cosigned, out);
    dl_note_fini(&note);
    return err;
}

enum dl_err dl_head_parse(const struct dl_head_keys *keys, struct dl_view octets,
                          struct dl_head *out)
{
    struct dl_note note;
    if (octets.n > DL_LIMIT_CHECKPOINT) {
        return DL_E_NOTE;
    }
    DL_TRY(dl_note_parse(octets, &note));
    enum dl_err err = take_head(keys, &note, out);
    dl_note_fini(&note);
    return err;
}

static void put_text(const struct dl_head_keys *keys, const struct dl_head *head,
                     struct dl_buf *out)
{
    dl_checkpoint_put(out, dl_view_str(keys->journal.name), head->size, &head->root);
}

void dl_head_trust(const struct dl_head_keys *keys, const struct dl_head *head)
{
    struct dl_buf text;
    dl_buf_init(&text, DL_LIMIT_CHECKPOINT);
    put_text(keys, head, &text);
    dl_verifier_trust(keys->journal_verifier, dl_buf_view(&text), &head->signature);
    dl_buf_fini(&text);
}

void dl_head_write(const struct dl_head_keys *keys, const struct dl_head *head, struct dl_buf *out)
{
    DL_ASSERT(head->size > 0, "a head");
    struct dl_view author = dl_view_of(head->signature.b, sizeof head->signature.b);
    put_text(keys, head, out);
    dl_buf_u8(out, '\n'); /* the empty line between text and signatures */
    dl_note_put_line(out, &keys->journal, author);
    if (head->time > 0) {
        struct dl_buf payload;
        dl_buf_init(&payload, 128);
        dl_cosignature_payload(&payload, (uint64_t)head->time, &head->cosignature);
        dl_note_put_line(out, &keys->receipt, dl_buf_view(&payload));
        dl_buf_fini(&payload);
    }
}

void dl_head_cosign(const struct dl_head_keys *keys, const struct dl_signer *signer, int64_t unix_s,
                    struct dl_head *head)
{
    DL_ASSERT(unix_s > 0 && head->size > 0, "a time and a head");
    struct dl_buf text;
    struct dl_buf message;
    dl_buf_init(&text, DL_LIMIT_CHECKPOINT);
    dl_buf_init(&message, DL_LIMIT_CHECKPOINT + 64);
    put_text(keys, head, &text);
    dl_cosignature_message(&message, (uint64_t)unix_s, dl_buf_view(&text));
    DL_ASSERT(dl_buf_err(&message) == DL_OK, "a checkpoint is short");
    head->time = unix_s;
    head->cosignature = dl_signer_sign(signer, dl_buf_view(&message));
    dl_buf_fini(&message);
    dl_buf_fini(&text);
}
