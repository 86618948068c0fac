/* What the files of the channel share. */
#ifndef DL_CERTS_CHANNEL_INTERNAL_H
#define DL_CERTS_CHANNEL_INTERNAL_H

#include "certs/channel.h"

#include <openssl/ssl.h>

struct dl_tls {
    SSL_CTX *context;
    struct dl_tls_config config;
};

struct dl_channel {
    struct dl_tls *tls;
    SSL *ssl;
    struct dl_view in;  /* what SSL may read now; lent for one call */
    struct dl_buf *out; /* where SSL writes now; lent for one call */
    size_t handshake_octets;
    bool dialled, finished;
    char expected[DL_LIMIT_AGENCY_ID + 1];
    char peer[DL_LIMIT_AGENCY_ID + 1];
    bool shown_known;
    struct dl_certificate_facts shown;
    struct dl_error error; /* why it failed; err is DL_OK while it did not */
};

/* "directline/1" as ALPN writes it, its length octet first. */
extern const unsigned char dl__alpn[];
enum { DL__ALPN = 13 };

/* Fill the channel's error from the first error in OpenSSL's queue, alerts of the other side
 * included. */
enum dl_err dl__channel_describe(struct dl_channel *channel, unsigned long code);
#endif
