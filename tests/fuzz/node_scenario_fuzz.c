/* Any octets as a script: it is read whole or refused with at least one place. */
#include "node/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum dl_err give(void *context, const char *from, const char *name, struct dl_buf *out)
{
    (void)name;
    if (from != NULL) {
        return DL_E_INPUT;
    }
    dl_buf_put_view(out, *(const struct dl_view *)context);
    return dl_buf_err(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_view text = dl_view_of(data, size);
    struct dl_scenario_source source = {.read = give, .context = &text};
    struct dl_scenario *scenario = NULL;
    static struct dl_problems problems;
    enum dl_err err = dl_scenario_read(&source, "script", NULL, 0, &scenario, &problems);
    DL_ASSERT((err == DL_OK) == (scenario != NULL), "a script is read or not");
    DL_ASSERT(err == DL_OK || (problems.n > 0 && problems.at[0].line > 0), "a place is named");
    dl_scenario_free(&scenario);
    return 0;
}
