/* Any octets as a policy, and behind the first NUL as a note that it judges. */
#include "protocol/policy.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_policy *policy = NULL;
    struct dl_policy_finding finding;
    struct dl_error error;
    const uint8_t *nul = size == 0 ? NULL : memchr(data, 0, size);
    size_t n = nul == NULL ? size : (size_t)(nul - data);
    if (dl_policy_parse(dl_view_of(data, n), &policy, &error) != DL_OK) {
        DL_ASSERT(error.message[0] != '\0', "a refusal says why");
        return 0;
    }
    if (n < size && dl_policy_judge(policy, dl_view_of(data + n + 1, size - n - 1), &finding,
                                    &error) == DL_OK) {
        DL_ASSERT(strcmp(finding.log->name, finding.checkpoint.origin) == 0,
                  "the log that signed is the checkpoint's");
    }
    dl_policy_free(&policy);
    DL_ASSERT(policy == NULL, "freed");
    return 0;
}
