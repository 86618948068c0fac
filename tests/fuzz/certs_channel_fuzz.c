/* Any octets from a stranger, in any pieces, to either end: nobody becomes a peer, nothing is
 * handed out, and what is sent back is small. */
#include "certs/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DER = 4096, OUT = 64 * 1024 };
static const int64_t now = INT64_C(1795514400000);
static struct dl_buf ca, certificate;
static struct dl_tls *tls;
static struct dl_trusted us = {.agency = "us"};

static const struct dl_trusted *trust(void *context, const char *agency)
{
    (void)context;
    (void)agency;
    return &us;
}

static int64_t the_time(void *context)
{
    (void)context;
    return now;
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
    us.ca = dl_buf_view(&ca);
    us.pin = dl_key_pin(&key);
    struct dl_tls_config config = {
        .certificate = dl_buf_view(&certificate), .key = &key, .trust = trust, .now_ms = the_time};
    err = err == DL_OK ? dl_tls_new(&config, &tls) : err;
    DL_ASSERT(err == DL_OK, "an end is made");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (tls == NULL) {
        set_up();
    }
    struct dl_cursor cursor;
    struct dl_buf plain;
    struct dl_buf cipher;
    struct dl_error error = {.err = DL_OK};
    dl_cursor_init(&cursor, dl_view_of(data, size));
    dl_buf_init(&plain, OUT);
    dl_buf_init(&cipher, OUT);
    uint8_t how = dl_cursor_u8(&cursor);
    bool dials = (how & 1) != 0;
    size_t piece = 1 + (size_t)(how >> 1) * 64;
    struct dl_channel *channel = dials ? dl_channel_dial(tls, "us") : dl_channel_accept(tls);
    enum dl_err err = dials ? dl_channel_start(channel, &cipher, &error) : DL_OK;
    while (err == DL_OK && cursor.rest.n > 0) {
        size_t n = cursor.rest.n < piece ? cursor.rest.n : piece;
        err = dl_channel_recv(channel, dl_cursor_take(&cursor, n), &plain, &cipher, &error);
    }
    DL_ASSERT(err == DL_OK || (err == error.err && error.message[0] != '\0'), "it has words");
    DL_ASSERT(dl_channel_peer(channel) == NULL && plain.n == 0, "I6");
    DL_ASSERT(cipher.n < 8192, "a stranger gets little for its octets");
    dl_channel_free(&channel);
    dl_buf_fini(&plain);
    dl_buf_fini(&cipher);
    return 0;
}
