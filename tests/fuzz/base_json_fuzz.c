/* Any octets as JSON: what has a canonical form is read again from it, and gives it again; and what
 * is read as canonical is exactly what would be written. */
#include "base/json_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The value's canonical form in `out`, which is read back and written again. */
static bool canonical(const json_t *value, struct dl_buf *out)
{
    json_t *again = NULL;
    struct dl_buf two;
    dl_buf_init(&two, out->max);
    bool has = dl_json_canonical(value, out) == DL_OK;
    if (has) {
        enum dl_err err = dl_json_parse_canonical(dl_buf_view(out), &again);
        DL_ASSERT(err == DL_OK && json_equal(value, again), "the canonical form says the same");
        err = dl_json_canonical(again, &two);
        DL_ASSERT(err == DL_OK && dl_view_equal(dl_buf_view(out), dl_buf_view(&two)), "and is one");
    }
    json_decref(again);
    dl_buf_fini(&two);
    return has;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_view text = dl_view_of(data, size);
    json_t *value = NULL;
    json_t *fast = NULL;
    json_t *slow = NULL;
    struct dl_error error = {.err = DL_OK};
    struct dl_buf one;
    dl_buf_init(&one, 6 * size + 64);
    bool same = false;
    if (dl_json_parse(text, &value, &error) != DL_OK) {
        DL_ASSERT(value == NULL && error.message[0] != '\0', "a refusal says why");
    } else {
        same = canonical(value, &one) && dl_view_equal(dl_buf_view(&one), text);
    }
    enum dl_err err = dl__json_parse_library(text, &slow, NULL);
    DL_ASSERT((err == DL_OK) == (value != NULL) && (value == NULL || json_equal(value, slow)),
              "the reader and the library agree");
    err = dl_json_parse_canonical(text, &fast);
    DL_ASSERT(same == (err == DL_OK), "canonical is what would be written");
    DL_ASSERT(!same || json_equal(value, fast), "and says the same");
    json_decref(value);
    json_decref(fast);
    json_decref(slow);
    dl_buf_fini(&one);
    return 0;
}
