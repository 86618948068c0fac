/* Any octets as a note, its text as a checkpoint, and its first line as a key: what is taken apart
 * is put together to the same octets.
 */
#include "protocol/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_vkey(struct dl_view text)
{
    struct dl_vkey vkey;
    struct dl_buf again;
    if (dl_vkey_parse(text, &vkey) != DL_OK) {
        return;
    }
    dl_buf_init(&again, DL_VKEY_MAX);
    dl_vkey_format(&vkey, &again);
    DL_ASSERT(dl_view_equal(dl_buf_view(&again), text), "one form for one key");
    dl_buf_fini(&again);
}

static void try_checkpoint(struct dl_view text)
{
    struct dl_checkpoint checkpoint;
    struct dl_buf again;
    if (dl_checkpoint_parse(text, &checkpoint) != DL_OK) {
        return;
    }
    dl_buf_init(&again, DL_LIMIT_NOTE);
    dl_checkpoint_put(&again, dl_view_str(checkpoint.origin), checkpoint.size, &checkpoint.root);
    DL_ASSERT(again.n <= text.n && (checkpoint.extended || again.n == text.n), "three lines");
    DL_ASSERT(dl_view_equal(dl_buf_view(&again), dl_view_of(text.p, again.n)),
              "one form for one checkpoint");
    dl_buf_fini(&again);
}

static void try_note(struct dl_view octets)
{
    struct dl_note note;
    struct dl_buf again;
    if (dl_note_parse(octets, &note) != DL_OK) {
        return;
    }
    dl_buf_init(&again, DL_LIMIT_NOTE);
    dl_note_put_text(&again, note.text);
    for (size_t i = 0; i < note.n; i++) {
        struct dl_vkey vkey = {.id = note.lines[i].id};
        if (note.lines[i].name.n > DL_KEY_NAME_MAX || note.lines[i].signature.n > 4096) {
            dl_buf_reset(&again);
            break;
        }
        for (size_t at = 0; at < note.lines[i].name.n; at++) {
            vkey.name[at] = (char)note.lines[i].name.p[at];
        }
        dl_note_put_line(&again, &vkey, note.lines[i].signature);
    }
    DL_ASSERT(again.n == 0 || dl_view_equal(dl_buf_view(&again), octets), "one form for one note");
    try_checkpoint(note.text);
    dl_buf_fini(&again);
    dl_note_fini(&note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_view octets = dl_view_of(data, size);
    try_vkey(octets);
    try_checkpoint(octets);
    try_note(octets);
    return 0;
}
