/* Whom we believe: judging a certificate that someone shows in a handshake. Nothing but what
 * pairing gave counts: no system store, no revocation service, no name of the network (design
 * section 4, "Autonomy"). The clock judges validity and nothing else.
 */
#ifndef DL_CERTS_TRUST_H
#define DL_CERTS_TRUST_H

#include "base/crypto.h"
#include "base/limits.h"
#include "certs/identity.h"

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

struct dl_trust_question {
    dl_trust_fn trust;
    void *context;
    const char *expected; /* whom we dialled; NULL: any peer */
    int64_t now_ms;
};

/* Is this (DER) the certificate of a peer, now? `facts` is filled whenever it can be read. The
 * first of these that holds is the answer, with words and what to do in `error`:
 *   CERT_BAD     cannot be read
 *   CERT_NAME    names no agency, or not the one dialled
 *   NOT_PAIRED   names nobody we know          REMOVED   names a peer that was removed
 *   CERT_CA      not signed by the authority of that agency's offer
 *   CERT_KEY     not the pinned key
 *   CERT_BAD     SHA-1, fewer than 112 bits, or anything else that RFC 5280 refuses
 *   CERT_USE     not for both ends of a connection
 *   CERT_EXPIRED, CERT_FUTURE    it or its authority; both dates and our time are in the words */
DL_MUST_USE enum dl_err dl_trust_judge(const struct dl_trust_question *question, struct dl_view der,
                                       struct dl_certificate_facts *facts, struct dl_error *error);

/* Can this (DER) be a peer's authority: a CA that may sign certificates, signed by itself, strong
 * enough? For pairing, so that a broken offer is refused there. DL_E_OFFER with the field "ca"
 * otherwise. */
DL_MUST_USE enum dl_err dl_trust_check_authority(struct dl_view der, struct dl_error *error);

#endif
