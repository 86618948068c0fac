/* Any octets as each encoded form: what decodes encodes to the same octets. */
#include "base/encoding.h"
#include "base/identifier.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void times(struct dl_view text)
{
    int64_t ms = 0;
    char time[DL_TIME_TEXT];
    if (dl_time_decode(text, &ms) == DL_OK) {
        dl_time_encode(ms, time);
        DL_ASSERT(dl_view_is(text, time), "one form of a time");
    }
    if (dl_date_decode(text, &ms) == DL_OK) {
        dl_date_encode(ms, time);
        DL_ASSERT(dl_view_is(text, time), "one form of a date");
    }
}

static void base64(struct dl_view text)
{
    struct dl_buf octets;
    struct dl_buf again;
    dl_buf_init(&octets, text.n);
    dl_buf_init(&again, 2 * text.n + 8);
    if (dl_base64_decode(&octets, text) == DL_OK) {
        dl_base64_encode(&again, dl_buf_view(&octets));
        DL_ASSERT(dl_view_equal(dl_buf_view(&again), text), "one form of base64");
    } else {
        DL_ASSERT(octets.n == 0, "nothing appended");
    }
    dl_buf_fini(&octets);
    dl_buf_fini(&again);
}

static void hex(struct dl_view text)
{
    uint8_t *octets = calloc(1, text.n / 2 + 1);
    char *again = calloc(1, text.n + 2);
    DL_ASSERT(octets != NULL && again != NULL, "memory");
    if (dl_hex_decode(text, octets, text.n / 2) == DL_OK) {
        dl_hex_encode(dl_view_of(octets, text.n / 2), again);
        DL_ASSERT(strncasecmp(again, (const char *)text.p, text.n) == 0, "one form of hex");
    }
    free(octets);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_view text = dl_view_of(data, size);
    uint64_t number = 0;
    struct dl_buf again;
    if (size == 0) {
        return 0;
    }
    times(text);
    base64(text);
    hex(text);
    if (dl_decimal_decode(text, UINT64_MAX, &number) == DL_OK) {
        dl_buf_init(&again, 32);
        dl_buf_printf(&again, "%llu", (unsigned long long)number);
        DL_ASSERT(dl_view_equal(dl_buf_view(&again), text), "one form of a number");
        dl_buf_fini(&again);
    }
    bool other = dl_cas_check(text) == DL_OK && dl_inchikey_check(text) == DL_OK;
    DL_ASSERT(!other, "nothing is both a CAS number and an InChIKey");
    return 0;
}
