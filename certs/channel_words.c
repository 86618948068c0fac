/* What a failure of TLS means to the one who reads our log. */
#include "certs/channel_internal.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

struct words {
    int reason; /* an alert, or a reason of the library */
    enum dl_err err;
    const char *message, *hint;
};

/* Alerts that the other side sent. */
static const struct words alerts[] = {
    {SSL_AD_UNKNOWN_CA, DL_E_NOT_PAIRED, "the other side does not know us: not paired there",
     "the peer must add (or add again) our offer: directline -C DIR peer offer"},
    {SSL_AD_CERTIFICATE_REVOKED, DL_E_CERT_KEY, "the other side has another key of ours pinned",
     "the peer must add our offer again: directline -C DIR peer offer"},
    {SSL_AD_CERTIFICATE_EXPIRED, DL_E_CERT_EXPIRED,
     "the other side says that our certificate has expired (clock?)",
     "`doctor` shows our certificate's dates; else its clock is wrong"},
    {SSL_AD_BAD_CERTIFICATE, DL_E_CERT_FUTURE,
     "the other side says that our certificate is not yet valid (clock?)",
     "compare both clocks; its log has the dates"},
    {SSL_AD_CERTIFICATE_UNKNOWN, DL_E_CERT_NAME,
     "the other side expected another agency here (name mismatch)",
     "its address for that agency leads to us"},
    {SSL_AD_UNSUPPORTED_CERTIFICATE, DL_E_CERT_USE,
     "the other side refuses the form or use of our certificate",
     "its log has the exact reason; a certificate made by directline fits"},
    {SSL_AD_CERTIFICATE_REQUIRED, DL_E_CERT_NONE, "the other side wants a certificate", ""},
    {SSL_AD_PROTOCOL_VERSION, DL_E_TLS_VERSION, "the other side does not speak TLS 1.3",
     "not a directline node?"},
    {SSL_AD_NO_APPLICATION_PROTOCOL, DL_E_TLS_ALPN, "the other side does not speak directline/1",
     "not a directline node, or another version of it"},
    {SSL_AD_BAD_RECORD_MAC, DL_E_TLS_RECORD,
     "the other side found a TLS record of ours changed on the way", ""},
};

/* What the library found itself. */
static const struct words reasons[] = {
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, DL_E_CERT_NONE, "the caller showed no certificate",
     "not a directline node?"},
    {SSL_R_UNSUPPORTED_PROTOCOL, DL_E_TLS_VERSION, "the other side does not offer TLS 1.3",
     "not a directline node?"},
    {SSL_R_VERSION_TOO_LOW, DL_E_TLS_VERSION, "the other side does not offer TLS 1.3",
     "not a directline node?"},
    {SSL_R_WRONG_SSL_VERSION, DL_E_TLS_VERSION, "the other side does not offer TLS 1.3",
     "not a directline node?"},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, DL_E_TLS, "a handshake message is longer than the maximum", ""},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, DL_E_TLS_RECORD,
     "a TLS record does not verify: changed or injected on the way",
     "something between the two nodes changes octets; the connection is made anew"},
};

static const struct words *find(const struct words *table, size_t n, int reason)
{
    for (size_t i = 0; i < n; i++) {
        if (table[i].reason == reason) {
            return &table[i];
        }
    }
    return NULL;
}

enum dl_err dl__channel_describe(struct dl_channel *channel, unsigned long code)
{
    int reason = ERR_GET_REASON(code);
    bool alert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET &&
                 reason < SSL_AD_REASON_OFFSET + 256;
    const struct words *words =
        alert ? find(alerts, sizeof alerts / sizeof *alerts, reason - SSL_AD_REASON_OFFSET)
              : find(reasons, sizeof reasons / sizeof *reasons, reason);
    DL_ASSERT(channel->error.err == DL_OK, "a channel fails once");
    if (words != NULL) {
        dl_error_set(&channel->error, words->err, NULL, "%s", words->message);
        return dl_error_hint(&channel->error, "%s", words->hint);
    }
    const char *text = ERR_reason_error_string(code);
    if (alert) {
        return dl_error_set(&channel->error, DL_E_TLS, NULL, "the other side ended TLS: %s",
                            SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
    }
    return dl_error_set(&channel->error, channel->finished ? DL_E_TLS_RECORD : DL_E_TLS, NULL,
                        channel->finished ? "a TLS record is not valid: %s"
                                          : "the TLS handshake failed: %s",
                        text == NULL ? "these octets are not TLS" : text);
}
