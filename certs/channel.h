/* The channel: mutual TLS 1.3 as a transform of octets, no sockets. ALPN directline/1, no tickets,
 * no early data. The certificate shown must chain to the authority in the peer's offer, name the
 * agency, and have the pinned key; each failure has its own error and words.
 */
#ifndef DL_CERTS_CHANNEL_H
#define DL_CERTS_CHANNEL_H

#include "base/crypto.h"
#include "base/limits.h"

/* What is trusted of a peer. */
struct dl_trusted {
    const char *agency;
    struct dl_view ca; /* DER */
    struct dl_hash pin;
    bool removed; /* told apart in our log; the peer learns "not paired there" only */
};
/* Gives the peer of this id, or NULL. Asked during handshakes; what it gives lives until the next
 * call. */
typedef const struct dl_trusted *(*dl_trust_fn)(void *context, const char *agency);

/* One agency's side of all its channels. */
struct dl_tls;
struct dl_tls_config {
    struct dl_view certificate; /* ours, DER */
    const struct dl_secret_key *key;
    dl_trust_fn trust;
    int64_t (*now_ms)(void *context); /* the wall clock: the only thing that judges validity */
    void *context;
};
DL_MUST_USE enum dl_err dl_tls_new(const struct dl_tls_config *config, struct dl_tls **out);
void dl_tls_free(struct dl_tls **tls);

struct dl_channel;
/* `peer` is who must answer; it is copied. */
struct dl_channel *dl_channel_dial(struct dl_tls *tls, const char *peer);
struct dl_channel *dl_channel_accept(struct dl_tls *tls);
void dl_channel_free(struct dl_channel **channel);

/* Octets came from the link: appends what they say in plain and what must be sent. After an error
 * the channel is of no more use; `cipher` may then hold an alert to be sent. A clean close by the
 * peer is DL_E_CONNECT. */
DL_MUST_USE enum dl_err dl_channel_recv(struct dl_channel *channel, struct dl_view octets,
                                        struct dl_buf *plain, struct dl_buf *cipher,
                                        struct dl_error *error);
/* Start the handshake (the side that dialled), or encrypt; full records for long octets. */
DL_MUST_USE enum dl_err dl_channel_start(struct dl_channel *channel, struct dl_buf *cipher,
                                         struct dl_error *error);
DL_MUST_USE enum dl_err dl_channel_send(struct dl_channel *channel, struct dl_view plain,
                                        struct dl_buf *cipher);
/* Say goodbye (close_notify). */
void dl_channel_close(struct dl_channel *channel, struct dl_buf *cipher);

/* The peer's agency id, NULL until the handshake ended and everything about its certificate is
 * right. */
const char *dl_channel_peer(const struct dl_channel *channel);
/* The day until which the peer's certificate is valid, ms; 0 before. */
int64_t dl_channel_peer_until(const struct dl_channel *channel);

#endif
