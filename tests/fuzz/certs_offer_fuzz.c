/* Any octets: refused, or an offer that has one form only and can be used. */
#include "base/text.h"
#include "certs/offer.h"
#include "certs/trust.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dl_offer offer;
    struct dl_error error = {.err = DL_OK};
    struct dl_view octets = dl_view_of(data, size);
    enum dl_err err = dl_offer_decode(octets, &offer, &error);
    if (err != DL_OK) {
        DL_ASSERT(err == DL_E_OFFER && error.message[0] != '\0', "a refusal has words");
        return 0;
    }
    struct dl_buf again;
    dl_buf_init(&again, 2 * DL_LIMIT_OFFER);
    dl_offer_encode(&offer, &again);
    DL_ASSERT(dl_view_equal(dl_buf_view(&again), octets), "what decodes re-encodes the same");
    DL_ASSERT(dl_text_is_agency(dl_view_str(offer.agency)), "an agency's id");
    DL_ASSERT(offer.n_addresses <= DL_LIMIT_ADDRESSES && offer.ca_n > 0, "I9");
    DL_ASSERT(memcmp(&offer.journal_key, &offer.receipt_key, 32) != 0, "one key a role");
    enum dl_err ca = dl_trust_check_authority(dl_view_of(offer.ca, offer.ca_n), &error);
    DL_ASSERT(ca == DL_OK || ca == DL_E_OFFER, "an authority or not");
    dl_buf_fini(&again);
    return 0;
}
