/* Any octets as text: what is checked is valid, what is shown is harmless whatever it was. */
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool harmless(struct dl_view text)
{
    size_t at = 0;
    while (at < text.n) {
        size_t n = 0;
        int32_t c = dl_text_decode(dl_view_of(text.p + at, text.n - at), &n);
        if (c < 0x20 || c == 0x7F || dl_text_is_bidi_control(c)) {
            return false;
        }
        at += n;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_view text = dl_view_of(data, size);
    struct dl_buf shown;
    size_t at = 0;
    bool name = dl_text_check(text, DL_TEXT_NAME, NULL) == DL_OK;
    bool line = dl_text_check(text, DL_TEXT_LINE, NULL) == DL_OK;
    bool lines = dl_text_check(text, DL_TEXT_LONG, &at) == DL_OK;
    DL_ASSERT((!name || line) && (!line || lines), "a name is a line, a line is a text");
    DL_ASSERT(lines || at < size, "the fault is within the text");
    DL_ASSERT(!(dl_text_is_agency(text) || dl_text_is_entry_id(text)) || name, "an id is a name");
    dl_buf_init(&shown, 8 * size + 64);
    dl_text_show(&shown, text, true);
    DL_ASSERT(dl_buf_err(&shown) == DL_OK && harmless(dl_buf_view(&shown)), "what is shown");
    DL_ASSERT(!name || dl_view_equal(dl_buf_view(&shown), text), "a name is shown as it is");
    DL_ASSERT(dl_text_length(text) <= size, "a character has an octet");
    dl_buf_fini(&shown);
    return 0;
}
