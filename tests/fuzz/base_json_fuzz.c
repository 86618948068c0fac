/* Any octets as JSON: what has a canonical form is read again from it, and gives it again. */
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *value = NULL;
    json_t *again = NULL;
    struct dl_error error = {.err = DL_OK};
    struct dl_buf one;
    struct dl_buf two;
    dl_buf_init(&one, 6 * size + 64);
    dl_buf_init(&two, 6 * size + 64);
    if (dl_json_parse(dl_view_of(data, size), &value, &error) != DL_OK) {
        DL_ASSERT(value == NULL && error.message[0] != '\0', "a refusal says why");
    } else if (dl_json_canonical(value, &one) == DL_OK) {
        enum dl_err err = dl_json_parse(dl_buf_view(&one), &again, NULL);
        DL_ASSERT(err == DL_OK && json_equal(value, again), "the canonical form says the same");
        err = dl_json_canonical(again, &two);
        DL_ASSERT(err == DL_OK && dl_view_equal(dl_buf_view(&one), dl_buf_view(&two)),
                  "and is one");
    }
    json_decref(value);
    json_decref(again);
    dl_buf_fini(&one);
    dl_buf_fini(&two);
    return 0;
}
