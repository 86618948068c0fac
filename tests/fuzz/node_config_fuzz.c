/* Any octets as directline.conf: what is taken is written and read back as the same settings, and a
 * refusal says which.
 */
#include "node/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_config config;
    struct dl_config again;
    struct dl_error error = {0};
    if (dl_config_parse(dl_view_of(data, size), &config, &error) != DL_OK) {
        if (error.message[0] == '\0' || strchr(error.message, 0x1B) != NULL) {
            abort();
        }
        return 0;
    }
    struct dl_buf text;
    struct dl_buf text_again;
    dl_buf_init(&text, 65536);
    dl_buf_init(&text_again, 65536);
    dl_config_format(&config, &text);
    if (dl_buf_err(&text) != DL_OK ||
        dl_config_parse(dl_buf_view(&text), &again, &error) != DL_OK) {
        abort();
    }
    dl_config_format(&again, &text_again);
    if (!dl_view_equal(dl_buf_view(&text), dl_buf_view(&text_again))) {
        abort();
    }
    dl_buf_fini(&text);
    dl_buf_fini(&text_again);
    return 0;
}
