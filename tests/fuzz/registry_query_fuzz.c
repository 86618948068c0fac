/* Any octets as a query: reading stays inside them; a key can be made of what a name may hold, is
 * its own key, and gives up salt words until none fits. */
#include "registry/name.h"
#include "registry/query.h"
#include "registry/scope.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(struct dl_view text)
{
    struct dl_buf key;
    struct dl_buf again;
    dl_buf_init(&key, 1024 * 1024);
    dl_buf_init(&again, 1024 * 1024);
    if (dl_name_key(text, &key) == DL_OK) {
        /* a sign stands in brackets in a name and alone in a key */
        bool sign = key.n > 0 && memchr(key.p, '-', key.n) != NULL;
        if (!sign && dl_name_key(dl_buf_view(&key), &again) == DL_OK) {
            DL_ASSERT(dl_view_equal(dl_buf_view(&key), dl_buf_view(&again)),
                      "a key is its own key");
        }
        struct dl_name_salt salt = {.base = dl_buf_view(&key)};
        size_t left = salt.base.n;
        while (dl_name_unsalt(salt.base, &salt)) {
            DL_ASSERT(salt.base.n > 0 && salt.base.n < left, "it gets shorter and never empty");
            left = salt.base.n;
        }
    }
    dl_buf_fini(&key);
    dl_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_query query;
    char plain[DL_QUERY_PLAIN];
    struct dl_view text = dl_view_of(data, size);
    dl_query_read(text, &query, plain);
    DL_ASSERT(query.text.n <= size || query.kind == DL_QUERY_EMPTY, "no longer than what came");
    (void)dl_query_may_be_smiles(query.text);
    (void)dl_scope_flags(text);
    check_key(text);
    return 0;
}
