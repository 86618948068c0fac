/* A schema, a NUL, and what it checks: whatever compiles can be used and freed, and a file that
 * refers to itself for ever does not. */
#include "protocol/schema.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dl_view self;

static struct dl_view file_of(const char *file)
{
    return strcmp(file, "self") == 0 ? self : dl_view_of(NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_schema *schema = NULL;
    struct dl_error error = {.err = DL_OK};
    json_t *value = NULL;
    const uint8_t *nul = size == 0 ? NULL : memchr(data, 0, size);
    size_t n = nul == NULL ? size : (size_t)(nul - data);
    self = dl_view_of(data, n);
    if (dl_schema_compile(self, file_of, &schema, &error) != DL_OK) {
        DL_ASSERT(schema == NULL && error.message[0] != '\0', "a refusal says why");
        return 0;
    }
    if (n < size && dl_json_parse(dl_view_of(data + n + 1, size - n - 1), &value, NULL) == DL_OK) {
        error = (struct dl_error){.err = DL_OK};
        enum dl_err err = dl_schema_check(schema, value, &error);
        DL_ASSERT(err == DL_OK || (error.err == err && error.message[0] != '\0'),
                  "a refusal says why");
        json_decref(value);
    }
    dl_schema_free(&schema);
    DL_ASSERT(schema == NULL, "freed");
    return 0;
}
