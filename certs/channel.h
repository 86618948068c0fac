/* The channel: mutual TLS 1.3 as a transform of octets, no sockets. ALPN directline/1, no tickets,
 * no early data. The certificate shown must chain to the authority in the peer's offer, name the
 * agency, and have the pinned key (certs/trust.h); each failure has its own error and words.
 * Nothing of the system's OpenSSL configuration applies.
 *
 * Who is refused learns why from the TLS alert, as far as it may know:
 *   unknown_ca (48)                not paired, removed, or another authority: "not paired there"
 *   certificate_revoked (44)       another key than the pinned one
 *   certificate_expired (45)       expired           bad_certificate (42)  not yet valid
 *   certificate_unknown (46)       another agency    unsupported_certificate (43)  use or form
 *   certificate_required (116), no_application_protocol (120), protocol_version (70)
 */
#ifndef DL_CERTS_CHANNEL_H
#define DL_CERTS_CHANNEL_H

#include "certs/trust.h"

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
/* A renewed certificate (DER) on the same key, for the handshakes that begin from now on. DL_E_KEY,
 * and the old one stays, when it has another key. */
DL_MUST_USE enum dl_err dl_tls_renew(struct dl_tls *tls, struct dl_view certificate);

struct dl_channel;
/* `peer` is who must answer; it is copied. */
struct dl_channel *dl_channel_dial(struct dl_tls *tls, const char *peer);
struct dl_channel *dl_channel_accept(struct dl_tls *tls);
void dl_channel_free(struct dl_channel **channel);

/* Octets came from the link: appends what they say in plain (at most octets.n + 16 KiB; nothing
 * before dl_channel_peer) and what must be sent. After an error the channel gives only that error
 * again; `cipher` may then hold an alert to be sent. A clean close by the peer is DL_E_CONNECT. */
DL_MUST_USE enum dl_err dl_channel_recv(struct dl_channel *channel, struct dl_view octets,
                                        struct dl_buf *plain, struct dl_buf *cipher,
                                        struct dl_error *error);
/* Start the handshake (the side that dialled), or encrypt: full records of 16 KiB and a rest, so
 * coalesce before. dl_channel_send says TOO_LARGE when `cipher` cannot hold it all (n + n/256 +
 * 64); then nothing was sent and the channel is as before. */
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
/* What the other side's certificate says, NULL when none was read. Also after a refusal, for the
 * log. */
const struct dl_certificate_facts *dl_channel_shown(const struct dl_channel *channel);

#endif
