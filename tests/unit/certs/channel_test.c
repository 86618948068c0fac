#include "certs/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { CIPHER = 4 * 1024 * 1024 };

/* One agency at one end. */
struct end {
    struct pki_agency agency;
    struct dl_trusted knows; /* the other; agency NULL when not paired */
    int64_t now_ms;
    struct dl_tls *tls;
    struct dl_channel *channel;
    struct dl_buf plain, cipher;
    enum dl_err err;
    struct dl_error error;
};
static struct end cn, us; /* cn dials us */

static const struct dl_trusted *trust(void *context, const char *agency)
{
    struct end *end = context;
    bool known = end->knows.agency != NULL && strcmp(end->knows.agency, agency) == 0;
    return known ? &end->knows : NULL;
}

static int64_t now(void *context)
{
    return ((struct end *)context)->now_ms;
}

static void end_init(struct end *end, const char *id)
{
    *end = (struct end){.now_ms = PKI_NOW};
    pki_agency_init(&end->agency, id);
    dl_buf_init(&end->plain, CIPHER);
    dl_buf_init(&end->cipher, CIPHER);
}

static void end_open(struct end *end)
{
    struct dl_tls_config config = {.certificate = dl_buf_view(&end->agency.certificate),
                                   .key = &end->agency.key,
                                   .trust = trust,
                                   .now_ms = now,
                                   .context = end};
    assert_int_equal(dl_tls_new(&config, &end->tls), DL_OK);
}

static void end_fini(struct end *end)
{
    dl_channel_free(&end->channel);
    dl_tls_free(&end->tls);
    dl_buf_fini(&end->plain);
    dl_buf_fini(&end->cipher);
    pki_agency_fini(&end->agency);
}

static int set_up(void **state)
{
    (void)state;
    end_init(&cn, "cn");
    end_init(&us, "us");
    cn.knows = pki_trusted(&us.agency);
    us.knows = pki_trusted(&cn.agency);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    end_fini(&cn);
    end_fini(&us);
    return 0;
}

/* Give what `from` has to send to `to`, in pieces of at most `piece` octets. */
static bool carry(struct end *from, struct end *to, size_t piece)
{
    struct dl_buf octets = from->cipher;
    bool moved = octets.n > 0;
    dl_buf_init(&from->cipher, CIPHER);
    for (size_t at = 0; at < octets.n && to->err == DL_OK; at += piece) {
        size_t n = octets.n - at < piece ? octets.n - at : piece;
        to->err = dl_channel_recv(to->channel, dl_view_of(octets.p + at, n), &to->plain,
                                  &to->cipher, &to->error);
    }
    dl_buf_fini(&octets);
    return moved;
}

static void exchange(size_t piece)
{
    while (carry(&cn, &us, piece) || carry(&us, &cn, piece)) {
    }
}

static void dial(size_t piece)
{
    if (cn.tls == NULL) {
        end_open(&cn);
        end_open(&us);
    }
    dl_channel_free(&cn.channel);
    dl_channel_free(&us.channel);
    cn.err = us.err = DL_OK;
    cn.channel = dl_channel_dial(cn.tls, "us");
    us.channel = dl_channel_accept(us.tls);
    assert_int_equal(dl_channel_start(cn.channel, &cn.cipher, &cn.error), DL_OK);
    exchange(piece);
}

static void say(struct end *end, const void *p, size_t n)
{
    assert_int_equal(dl_channel_send(end->channel, dl_view_of(p, n), &end->cipher), DL_OK);
}

/* The answering side refuses with `here`; the dialling one learns `there`. */
static void refused_by_us(enum dl_err here, enum dl_err there)
{
    dial(CIPHER);
    assert_int_equal(us.err, here);
    assert_null(dl_channel_peer(us.channel));
    assert_int_equal(cn.err, there);
    assert_int_equal(us.plain.n, 0);
}

/* The dialling side refuses with `here`; the answering one learns `there`. */
static void refused_by_cn(enum dl_err here, enum dl_err there)
{
    dial(CIPHER);
    assert_int_equal(cn.err, here);
    assert_null(dl_channel_peer(cn.channel));
    assert_int_equal(us.err, there);
    assert_null(dl_channel_peer(us.channel));
}

static void two_paired_agencies_know_each_other(void **state)
{
    (void)state;
    dial(CIPHER);
    assert_int_equal(cn.err, DL_OK);
    assert_int_equal(us.err, DL_OK);
    assert_string_equal(dl_channel_peer(cn.channel), "us");
    assert_string_equal(dl_channel_peer(us.channel), "cn");
    struct dl_certificate_facts facts;
    assert_int_equal(dl_certificate_facts(dl_buf_view(&us.agency.certificate), &facts), DL_OK);
    assert_int_equal(dl_channel_peer_until(cn.channel), facts.until_ms);
}

static void nobody_is_a_peer_before_the_handshake(void **state)
{
    (void)state;
    end_open(&cn);
    end_open(&us);
    cn.channel = dl_channel_dial(cn.tls, "us");
    us.channel = dl_channel_accept(us.tls);
    assert_int_equal(dl_channel_start(cn.channel, &cn.cipher, NULL), DL_OK);
    assert_null(dl_channel_peer(cn.channel));
    carry(&cn, &us, CIPHER); // the hello
    assert_null(dl_channel_peer(us.channel));
    assert_null(dl_channel_shown(us.channel));
    carry(&us, &cn, CIPHER); // the dialling side has all it needs, the answering side not
    assert_string_equal(dl_channel_peer(cn.channel), "us");
    assert_null(dl_channel_peer(us.channel));
    assert_int_equal(dl_channel_peer_until(us.channel), 0);
}

static void octets_arrive_as_they_were_sent_in_both_directions(void **state)
{
    (void)state;
    static uint8_t octets[100000];
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(i * 31 + i / 251);
    }
    dial(CIPHER);
    say(&cn, octets, sizeof octets);
    say(&us, octets, 7);
    exchange(CIPHER);
    assert_int_equal(us.plain.n, sizeof octets);
    assert_memory_equal(us.plain.p, octets, sizeof octets);
    assert_int_equal(cn.plain.n, 7);
}

static void one_octet_at_a_time_is_the_same(void **state)
{
    (void)state;
    dial(1);
    assert_string_equal(dl_channel_peer(us.channel), "cn");
    say(&cn, "hello", 5);
    exchange(1);
    assert_int_equal(us.plain.n, 5);
    assert_memory_equal(us.plain.p, "hello", 5);
}

static void long_octets_go_in_full_records(void **state)
{
    (void)state;
    static uint8_t octets[40 * 1024];
    dial(CIPHER);
    say(&cn, octets, sizeof octets);
    size_t records = 0;
    for (size_t at = 0; at < cn.cipher.n; records++) {
        assert_int_equal(cn.cipher.p[at], 23);
        size_t n = (size_t)cn.cipher.p[at + 3] << 8 | cn.cipher.p[at + 4];
        assert_true(records == 2 || n == 16 * 1024 + 17);
        at += 5 + n;
    }
    assert_int_equal(records, 3);
}

static void what_does_not_fit_is_not_sent_and_harms_nothing(void **state)
{
    (void)state;
    static uint8_t octets[40 * 1024];
    struct dl_buf small;
    dl_buf_init(&small, sizeof octets);
    dial(CIPHER);
    assert_int_equal(dl_channel_send(cn.channel, dl_view_of(octets, sizeof octets), &small),
                     DL_E_TOO_LARGE);
    assert_int_equal(small.n, 0);
    say(&cn, "after", 5);
    exchange(CIPHER);
    assert_int_equal(us.err, DL_OK);
    assert_memory_equal(us.plain.p, "after", 5);
    dl_buf_fini(&small);
}

static void a_full_builder_for_what_came_is_said(void **state)
{
    (void)state;
    static uint8_t octets[3000];
    dial(CIPHER);
    dl_buf_fini(&us.plain);
    dl_buf_init(&us.plain, 3000);
    say(&cn, octets, 2999);
    exchange(CIPHER);
    assert_int_equal(us.err, DL_OK);
    say(&cn, octets, 2);
    exchange(CIPHER);
    assert_int_equal(us.err, DL_E_TOO_LARGE);
    dl_buf_reset(&us.plain); // too late: something is missing now, and nothing may follow it
    assert_int_equal(dl_channel_recv(us.channel, dl_view_of(NULL, 0), &us.plain, &us.cipher, NULL),
                     DL_E_TOO_LARGE);
    assert_int_equal(us.plain.n, 0);
}

static void a_goodbye_is_told_from_a_failure(void **state)
{
    (void)state;
    dial(CIPHER);
    say(&cn, "last words", 10);
    dl_channel_close(cn.channel, &cn.cipher);
    exchange(CIPHER);
    assert_int_equal(us.err, DL_E_CONNECT);
    assert_int_equal(us.plain.n, 10);
}

/* ---- refused, each with its own reason ---- */

static void a_stranger_is_refused_and_learns_only_not_paired(void **state)
{
    (void)state;
    us.knows.agency = NULL;
    refused_by_us(DL_E_NOT_PAIRED, DL_E_NOT_PAIRED);
    assert_string_equal(dl_channel_shown(us.channel)->agency, "cn");
}

static void a_removed_peer_learns_what_a_stranger_learns(void **state)
{
    (void)state;
    us.knows.removed = true;
    refused_by_us(DL_E_REMOVED, DL_E_NOT_PAIRED);
}

static void another_authority_learns_what_a_stranger_learns(void **state)
{
    (void)state;
    us.knows.ca = dl_buf_view(&us.agency.ca);
    refused_by_us(DL_E_CERT_CA, DL_E_NOT_PAIRED);
}

static void another_key_of_the_dialling_side_is_refused(void **state)
{
    (void)state;
    us.knows.pin.b[0] ^= 1;
    refused_by_us(DL_E_CERT_KEY, DL_E_CERT_KEY);
}

static void another_key_of_the_answering_side_is_refused(void **state)
{
    (void)state;
    cn.knows.pin.b[31] ^= 1;
    refused_by_cn(DL_E_CERT_KEY, DL_E_CERT_KEY);
}

static void another_authority_of_the_answering_side_is_refused(void **state)
{
    (void)state;
    cn.knows.ca = dl_buf_view(&cn.agency.ca);
    refused_by_cn(DL_E_CERT_CA, DL_E_NOT_PAIRED);
}

static void an_expired_certificate_is_refused_by_either_side(void **state)
{
    (void)state;
    us.now_ms = PKI_NOW + 400 * PKI_DAY;
    refused_by_us(DL_E_CERT_EXPIRED, DL_E_CERT_EXPIRED);
    us.now_ms = PKI_NOW;
    cn.now_ms = PKI_NOW + 400 * PKI_DAY;
    refused_by_cn(DL_E_CERT_EXPIRED, DL_E_CERT_EXPIRED);
}

static void a_certificate_not_yet_valid_is_refused_by_either_side(void **state)
{
    (void)state;
    us.now_ms = PKI_NOW - 3650 * PKI_DAY;
    refused_by_us(DL_E_CERT_FUTURE, DL_E_CERT_FUTURE);
    us.now_ms = PKI_NOW;
    cn.now_ms = PKI_NOW - 3650 * PKI_DAY;
    refused_by_cn(DL_E_CERT_FUTURE, DL_E_CERT_FUTURE);
}

static void another_agency_at_the_address_is_refused(void **state)
{
    (void)state;
    us.agency.id = "fr"; // the right authority and key, another name
    pki_certify(&us.agency, PKI_NOW, DL_CERTIFICATE_DAYS);
    refused_by_cn(DL_E_CERT_NAME, DL_E_CERT_NAME);
    assert_non_null(strstr(cn.error.message, "\"fr\""));
}

static void a_failure_is_said_again_and_nothing_else(void **state)
{
    (void)state;
    us.knows.agency = NULL;
    refused_by_us(DL_E_NOT_PAIRED, DL_E_NOT_PAIRED);
    struct dl_error again = {.err = DL_OK};
    assert_int_equal(
        dl_channel_recv(us.channel, dl_view_str("more"), &us.plain, &us.cipher, &again),
        DL_E_NOT_PAIRED);
    assert_int_equal(again.err, DL_E_NOT_PAIRED);
    assert_int_equal(us.cipher.n, 0);
}

static void one_refusal_does_not_harm_the_next_caller(void **state)
{
    (void)state;
    us.knows.agency = NULL;
    refused_by_us(DL_E_NOT_PAIRED, DL_E_NOT_PAIRED);
    us.knows.agency = "cn"; // paired now, without a restart
    dial(CIPHER);
    assert_string_equal(dl_channel_peer(us.channel), "cn");
}

static void errors_that_others_left_behind_are_not_ours(void **state)
{
    (void)state;
    ERR_raise(ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL);
    dial(CIPHER);
    assert_string_equal(dl_channel_peer(us.channel), "cn");
    ERR_raise(ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL);
    say(&cn, "x", 1);
    exchange(CIPHER);
    assert_int_equal(us.err, DL_OK);
    assert_int_equal(ERR_peek_error(), 0);
}

/* ---- octets changed on the way ---- */

static void a_flipped_bit_is_a_record_that_does_not_verify(void **state)
{
    (void)state;
    for (size_t at = 5; at < 5 + 20; at++) {
        dial(CIPHER);
        dl_buf_reset(&us.plain);
        say(&cn, "hello", 5);
        cn.cipher.p[at] ^= 4;
        exchange(CIPHER);
        assert_int_equal(us.err, DL_E_TLS_RECORD);
        assert_int_equal(us.plain.n, 0);
    }
}

static void a_record_sent_twice_does_not_verify(void **state)
{
    (void)state;
    dial(CIPHER);
    say(&cn, "hello", 5);
    size_t n = cn.cipher.n;
    uint8_t copy[64];
    assert_true(n <= sizeof copy);
    memcpy(copy, cn.cipher.p, n);
    dl_buf_put(&cn.cipher, copy, n);
    exchange(CIPHER);
    assert_int_equal(us.err, DL_E_TLS_RECORD);
    assert_int_equal(us.plain.n, 5);
}

static void a_record_cut_short_gives_nothing(void **state)
{
    (void)state;
    dial(CIPHER);
    say(&cn, "hello", 5);
    cn.cipher.n--;
    exchange(CIPHER);
    assert_int_equal(us.err, DL_OK);
    assert_int_equal(us.plain.n, 0);
}

static void octets_that_are_not_tls_are_refused(void **state)
{
    (void)state;
    static const char *const said[] = {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n",
                                       "\x16\x03\x01\x00\x05\xFF\xFF\xFF\xFF\xFF",
                                       "\x17\x03\x03\x00\x01!"};
    end_open(&us);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        us.channel = dl_channel_accept(us.tls);
        enum dl_err err = dl_channel_recv(us.channel,
                                          dl_view_of(said[i], i < 2    ? strlen(said[i])
                                                              : i == 2 ? 10
                                                                       : 6),
                                          &us.plain, &us.cipher, &us.error);
        assert_true(err == DL_E_TLS || err == DL_E_TLS_VERSION);
        assert_true(us.error.message[0] != '\0');
        dl_channel_free(&us.channel);
    }
}

static void an_endless_handshake_ends(void **state)
{
    (void)state;
    uint8_t hello[5 + 16384] = {22, 3, 1, 0x40, 0, 1, 1, 0xFF, 0xB8}; // a hello of 131,000
    end_open(&us);
    us.channel = dl_channel_accept(us.tls);
    size_t sent = 0;
    uint8_t more[5 + 16384] = {22, 3, 1, 0x40, 0};
    us.err =
        dl_channel_recv(us.channel, dl_view_of(hello, sizeof hello), &us.plain, &us.cipher, NULL);
    while (us.err == DL_OK && sent < 1024 * 1024) {
        us.err = dl_channel_recv(us.channel, dl_view_of(more, sizeof more), &us.plain, &us.cipher,
                                 &us.error);
        sent += sizeof more;
    }
    assert_int_equal(us.err, DL_E_TLS);
    assert_non_null(strstr(us.error.message, "65536"));
    assert_true(sent <= DL_LIMIT_HANDSHAKE_OCTETS);
}

/* ---- renewing ---- */

static void a_certificate_renewed_on_the_same_key_needs_nothing_of_the_peer(void **state)
{
    (void)state;
    dial(CIPHER);
    int64_t first = dl_channel_peer_until(cn.channel);
    pki_certify(&us.agency, PKI_NOW + 300 * PKI_DAY, DL_CERTIFICATE_DAYS);
    assert_int_equal(dl_tls_renew(us.tls, dl_buf_view(&us.agency.certificate)), DL_OK);
    cn.now_ms = PKI_NOW + 400 * PKI_DAY; // the first one would have expired
    dial(CIPHER);
    assert_int_equal(cn.err, DL_OK);
    assert_int_equal(dl_channel_peer_until(cn.channel), first + 300 * PKI_DAY);
    assert_string_equal(dl_channel_peer(us.channel), "cn");
}

static void a_renewal_on_another_key_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    dial(CIPHER);
    assert_int_equal(dl_tls_renew(us.tls, dl_buf_view(&cn.agency.certificate)), DL_E_KEY);
    assert_int_equal(dl_tls_renew(us.tls, dl_view_str("none")), DL_E_KEY);
    dial(CIPHER);
    assert_string_equal(dl_channel_peer(cn.channel), "us");
}

static void a_key_and_a_certificate_that_do_not_belong_together_are_refused(void **state)
{
    (void)state;
    struct dl_tls_config config = {.certificate = dl_buf_view(&us.agency.certificate),
                                   .key = &cn.agency.key,
                                   .trust = trust,
                                   .now_ms = now,
                                   .context = &us};
    assert_int_equal(dl_tls_new(&config, &us.tls), DL_E_KEY);
    assert_null(us.tls);
}

#define TRY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(two_paired_agencies_know_each_other),
        TRY(nobody_is_a_peer_before_the_handshake),
        TRY(octets_arrive_as_they_were_sent_in_both_directions),
        TRY(one_octet_at_a_time_is_the_same),
        TRY(long_octets_go_in_full_records),
        TRY(what_does_not_fit_is_not_sent_and_harms_nothing),
        TRY(a_full_builder_for_what_came_is_said),
        TRY(a_goodbye_is_told_from_a_failure),
        TRY(a_stranger_is_refused_and_learns_only_not_paired),
        TRY(a_removed_peer_learns_what_a_stranger_learns),
        TRY(another_authority_learns_what_a_stranger_learns),
        TRY(another_key_of_the_dialling_side_is_refused),
        TRY(another_key_of_the_answering_side_is_refused),
        TRY(another_authority_of_the_answering_side_is_refused),
        TRY(an_expired_certificate_is_refused_by_either_side),
        TRY(a_certificate_not_yet_valid_is_refused_by_either_side),
        TRY(another_agency_at_the_address_is_refused),
        TRY(a_failure_is_said_again_and_nothing_else),
        TRY(one_refusal_does_not_harm_the_next_caller),
        TRY(errors_that_others_left_behind_are_not_ours),
        TRY(a_flipped_bit_is_a_record_that_does_not_verify),
        TRY(a_record_sent_twice_does_not_verify),
        TRY(a_record_cut_short_gives_nothing),
        TRY(octets_that_are_not_tls_are_refused),
        TRY(an_endless_handshake_ends),
        TRY(a_certificate_renewed_on_the_same_key_needs_nothing_of_the_peer),
        TRY(a_renewal_on_another_key_is_refused_and_changes_nothing),
        TRY(a_key_and_a_certificate_that_do_not_belong_together_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
