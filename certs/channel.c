#include "certs/channel_internal.h"

#include <limits.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD = 16 * 1024, RECORD_EXTRA = 64 /* header, tag and type: 22, and room to spare */ };

/* ---- octets in and out: no buffer of our own, so an idle channel holds none ---- */

static int bio_read(BIO *bio, char *p, int n)
{
    struct dl_channel *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (c->in.n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t taken = n < 0 ? 0 : (size_t)n < c->in.n ? (size_t)n : c->in.n;
    memcpy(p, c->in.p, taken);
    c->in = dl_view_of(c->in.p + taken, c->in.n - taken);
    return (int)taken;
}

static int bio_write(BIO *bio, const char *p, int n)
{
    struct dl_channel *c = BIO_get_data(bio);
    DL_ASSERT(c->out != NULL && n >= 0, "SSL writes only when we called it");
    BIO_clear_retry_flags(bio);
    dl_buf_put(c->out, p, (size_t)n);
    return dl_buf_err(c->out) == DL_OK ? n : -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *p)
{
    (void)bio;
    (void)number;
    (void)p;
    return command == BIO_CTRL_FLUSH;
}

/* One method for the process; it has no state. */
static const BIO_METHOD *method(void)
{
    static BIO_METHOD *made;
    if (made == NULL) {
        made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "directline octets");
        DL_ASSERT(made != NULL, "memory for a channel");
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_ctrl(made, bio_ctrl);
    }
    return made;
}

static struct dl_channel *channel_new(struct dl_tls *tls)
{
    struct dl_channel *c = calloc(1, sizeof *c);
    DL_ASSERT(c != NULL, "memory for a channel");
    c->tls = tls;
    c->ssl = SSL_new(tls->context);
    BIO *bio = BIO_new(method());
    DL_ASSERT(c->ssl != NULL && bio != NULL, "memory for a channel");
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(c->ssl, bio, bio); // one reference serves both ways
    SSL_set_app_data(c->ssl, c);
    return c;
}

struct dl_channel *dl_channel_dial(struct dl_tls *tls, const char *peer)
{
    DL_ASSERT(strlen(peer) <= DL_LIMIT_AGENCY_ID, "a peer's id");
    struct dl_channel *c = channel_new(tls);
    snprintf(c->expected, sizeof c->expected, "%s", peer);
    c->dialled = true;
    SSL_set_connect_state(c->ssl);
    return c;
}

struct dl_channel *dl_channel_accept(struct dl_tls *tls)
{
    struct dl_channel *c = channel_new(tls);
    SSL_set_accept_state(c->ssl);
    return c;
}

void dl_channel_free(struct dl_channel **channel)
{
    if (*channel != NULL) {
        SSL_free((*channel)->ssl);
        free(*channel);
        *channel = NULL;
    }
}

const char *dl_channel_peer(const struct dl_channel *channel)
{
    return channel->finished ? channel->peer : NULL;
}

int64_t dl_channel_peer_until(const struct dl_channel *channel)
{
    return channel->finished ? channel->shown.until_ms : 0;
}

const struct dl_certificate_facts *dl_channel_shown(const struct dl_channel *channel)
{
    return channel->shown_known ? &channel->shown : NULL;
}

/* ---- handshake, read, write ---- */

/* What stopped SSL_*: DL_OK when it only wants more octets. Every failure is kept. */
static enum dl_err result_of(struct dl_channel *c, int rc)
{
    int kind = SSL_get_error(c->ssl, rc);
    unsigned long code = ERR_peek_error();
    enum dl_err err = DL_OK;
    if (c->error.err != DL_OK) {
        err = c->error.err; // our own checks say it better
    } else if (c->out->err != DL_OK) {
        err = dl_error_set(&c->error, c->out->err, NULL, "no room for what TLS must send");
    } else if (kind == SSL_ERROR_ZERO_RETURN) {
        err = dl_error_set(&c->error, DL_E_CONNECT, NULL, "the other side closed the connection");
    } else if (kind != SSL_ERROR_WANT_READ) {
        err = dl__channel_describe(c, code);
    }
    ERR_clear_error();
    return err;
}

/* The other side said directline/1. When we answer, choose_alpn has seen to it. */
static bool alpn_agreed(struct dl_channel *c)
{
    const unsigned char *chosen = NULL;
    unsigned n = 0;
    SSL_get0_alpn_selected(c->ssl, &chosen, &n);
    return n == DL__ALPN - 1 && memcmp(chosen, dl__alpn + 1, n) == 0;
}

static enum dl_err handshake(struct dl_channel *c)
{
    if (c->finished) {
        return DL_OK;
    }
    int rc = SSL_do_handshake(c->ssl);
    if (rc != 1) {
        enum dl_err err = result_of(c, rc);
        if (err == DL_OK && c->handshake_octets > DL_LIMIT_HANDSHAKE_OCTETS) {
            err = dl_error_set(&c->error, DL_E_TLS, NULL, "a handshake of more than %d octets",
                               DL_LIMIT_HANDSHAKE_OCTETS);
        }
        return err;
    }
    if (!alpn_agreed(c)) {
        dl_error_set(&c->error, DL_E_TLS_ALPN, NULL,
                     "the other side does not speak directline/1 (ALPN)");
        return dl_error_hint(&c->error, "not a directline node?");
    }
    DL_ASSERT(c->peer[0] != '\0', "I6: nobody is a peer before the certificate was judged");
    DL_ASSERT(SSL_version(c->ssl) == TLS1_3_VERSION, "nothing below TLS 1.3");
    c->finished = true;
    return DL_OK;
}

static enum dl_err read_all(struct dl_channel *c, struct dl_buf *plain)
{
    while (c->finished) {
        size_t room = plain->max - plain->n < RECORD ? plain->max - plain->n : RECORD;
        uint8_t *at = room == 0 ? NULL : dl_buf_room(plain, room);
        if (at == NULL) {
            return dl_error_set(&c->error, DL_E_TOO_LARGE, NULL, "no room for what the peer said");
        }
        int n = SSL_read(c->ssl, at, (int)room);
        plain->n -= room - (n > 0 ? (size_t)n : 0);
        if (n <= 0) {
            return result_of(c, n);
        }
    }
    return DL_OK;
}

static void lend(struct dl_channel *c, struct dl_view in, struct dl_buf *out)
{
    ERR_clear_error(); // what others left is not ours
    c->in = in;
    c->out = out;
}

static enum dl_err give_back(struct dl_channel *c, enum dl_err err, struct dl_error *error)
{
    DL_ASSERT(err != DL_OK || c->in.n == 0, "everything that came was read");
    lend(c, dl_view_of(NULL, 0), NULL);
    if (err != DL_OK && error != NULL) {
        *error = c->error;
    }
    return err;
}

enum dl_err dl_channel_start(struct dl_channel *channel, struct dl_buf *cipher,
                             struct dl_error *error)
{
    DL_ASSERT(channel->dialled, "the side that dialled speaks first");
    lend(channel, dl_view_of(NULL, 0), cipher);
    return give_back(channel, handshake(channel), error);
}

enum dl_err dl_channel_recv(struct dl_channel *channel, struct dl_view octets, struct dl_buf *plain,
                            struct dl_buf *cipher, struct dl_error *error)
{
    if (channel->error.err != DL_OK) {
        return give_back(channel, channel->error.err, error);
    }
    lend(channel, octets, cipher);
    channel->handshake_octets += channel->finished ? 0 : octets.n;
    enum dl_err err = handshake(channel);
    if (err == DL_OK) {
        err = read_all(channel, plain);
    }
    return give_back(channel, err, error);
}

enum dl_err dl_channel_send(struct dl_channel *channel, struct dl_view plain, struct dl_buf *cipher)
{
    DL_ASSERT(channel->finished, "I6: nothing is said before we know to whom");
    DL_ASSERT(plain.n <= INT_MAX, "octets go in pieces");
    if (channel->error.err != DL_OK || plain.n == 0) {
        return channel->error.err;
    }
    // the whole room at once: a record that was made cannot be taken back
    size_t room = plain.n + (plain.n / RECORD + 1) * RECORD_EXTRA;
    if (dl_buf_room(cipher, room) == NULL) {
        return dl_buf_err(cipher);
    }
    cipher->n -= room;
    lend(channel, dl_view_of(NULL, 0), cipher);
    int n = SSL_write(channel->ssl, plain.p, (int)plain.n);
    enum dl_err err = n > 0 ? DL_OK : result_of(channel, n);
    DL_ASSERT(n <= 0 || (size_t)n == plain.n, "a write is whole");
    return give_back(channel, err, NULL);
}

void dl_channel_close(struct dl_channel *channel, struct dl_buf *cipher)
{
    if (channel->finished && channel->error.err == DL_OK) {
        lend(channel, dl_view_of(NULL, 0), cipher);
        SSL_shutdown(channel->ssl);
        give_back(channel, DL_OK, NULL);
    }
}
