/* Any octets as the certificate that somebody shows: nobody is believed but the one with the pinned
 * key under the right authority. */
#include "certs/trust.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DER = 4096 };
static const int64_t now = INT64_C(1795514400000);
static struct dl_buf ca, certificate;
static struct dl_trusted us = {.agency = "us"};

static const struct dl_trusted *trust(void *context, const char *agency)
{
    (void)context;
    return strcmp(agency, "us") == 0 ? &us : NULL;
}

static void set_up(void)
{
    static const struct dl_secret_key ca_key = {{1}};
    static const struct dl_secret_key key = {{2}};
    struct dl_certificate_request request = {
        .agency = "us", .ca_key = &ca_key, .from_ms = now, .days = DL_CA_DAYS};
    dl_buf_init(&ca, DER);
    dl_buf_init(&certificate, DER);
    enum dl_err err = dl_certificate_make(&request, &ca);
    struct dl_certificate_request leaf = {.agency = "us",
                                          .ca_key = &ca_key,
                                          .tls_key = &key,
                                          .ca = dl_buf_view(&ca),
                                          .from_ms = now,
                                          .days = DL_CERTIFICATE_DAYS};
    err = err == DL_OK ? dl_certificate_make(&leaf, &certificate) : err;
    DL_ASSERT(err == DL_OK, "an identity is made");
    us.ca = dl_buf_view(&ca);
    us.pin = dl_key_pin(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (ca.n == 0) {
        set_up();
    }
    struct dl_view octets = dl_view_of(data, size);
    struct dl_trust_question question = {.trust = trust, .now_ms = now};
    struct dl_certificate_facts facts;
    struct dl_error error = {.err = DL_OK};
    enum dl_err err = dl_trust_judge(&question, octets, &facts, &error);
    DL_ASSERT(err == DL_OK || error.message[0] != '\0', "a refusal has words");
    DL_ASSERT(err == DL_OK || !dl_view_equal(octets, dl_buf_view(&certificate)), "ours is right");
    DL_ASSERT(err != DL_OK || (dl_hash_equal(&facts.pin, &us.pin) && facts.agency[0] == 'u'),
              "only the pinned key is believed"); // the outer octets may have another form
    err = dl_trust_check_authority(octets, &error);
    DL_ASSERT(err == DL_OK || err == DL_E_OFFER, "an authority or not");
    return 0;
}
