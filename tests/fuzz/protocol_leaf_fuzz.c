/* Any octets as a leaf: what is taken has exactly this form, and holds to its limits. */
#include "protocol/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_leaf leaf;
    struct dl_buf again;
    if (dl_leaf_decode(dl_view_of(data, size), &leaf) != DL_OK) {
        return 0;
    }
    DL_ASSERT(leaf.marking != DL_MARKING_NONE, "I8");
    DL_ASSERT(leaf.n_refs <= DL_LIMIT_REFS && leaf.n_subject <= DL_LIMIT_SUBJECTS, "I9");
    dl_buf_init(&again, DL_LIMIT_LEAF);
    dl_leaf_encode(&again, &leaf);
    DL_ASSERT(dl_view_equal(dl_buf_view(&again), dl_view_of(data, size)), "one form only");
    dl_buf_fini(&again);
    return 0;
}
