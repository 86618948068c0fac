/* Every message: what is encoded decodes to the same; cut at any octet, or with one more, or with
 * an inner length too large, it is refused; and no encoder writes what its decoder would refuse. */
#include "protocol/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef enum dl_err (*decode_fn)(struct dl_view body);

static struct dl_buf out;

static int setup(void **state)
{
    (void)state;
    dl_buf_init(&out, DL_LIMIT_FRAME);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dl_buf_fini(&out);
    return 0;
}

static struct dl_view body_of(enum dl_frame_type type)
{
    struct dl_frame frame;
    size_t used = 0;
    assert_int_equal(dl_buf_err(&out), DL_OK);
    assert_int_equal(dl_frame_read(dl_buf_view(&out), DL_LIMIT_FRAME, &frame, &used), DL_OK);
    assert_int_equal(used, out.n);
    assert_int_equal(frame.type, type);
    return frame.body;
}

/* The triple: truncated at every octet, trailing octet, and (by the caller) overlong. Copies are of
 * exact length, so that a sanitizer sees a read beyond. */
static void assert_exact(enum dl_frame_type type, decode_fn decode)
{
    struct dl_view body = body_of(type);
    assert_int_equal(decode(body), DL_OK);
    for (size_t n = 0; n <= body.n + 1; n++) {
        uint8_t *copy = calloc(1, n + 1);
        assert_non_null(copy);
        memcpy(copy, body.p, n < body.n ? n : body.n);
        enum dl_err err = decode(dl_view_of(copy, n));
        free(copy);
        assert_int_equal(err, n == body.n ? DL_OK : DL_E_FRAME);
    }
}

static enum dl_err decode_entry(struct dl_view body)
{
    struct dl_msg_entry msg;
    return dl_msg_entry_decode(body, &msg);
}
static enum dl_err decode_hello1(struct dl_view body)
{
    struct dl_msg_hello1 msg;
    return dl_msg_hello1_decode(body, &msg);
}
static enum dl_err decode_hello2(struct dl_view body)
{
    struct dl_msg_hello2 msg;
    return dl_msg_hello2_decode(body, &msg);
}
static enum dl_err decode_credit(struct dl_view body)
{
    struct dl_msg_credit msg;
    return dl_msg_credit_decode(body, &msg);
}
static enum dl_err decode_number(struct dl_view body)
{
    uint64_t number;
    return dl_msg_number_decode(body, &number);
}
static enum dl_err decode_pull(struct dl_view body)
{
    struct dl_msg_pull msg;
    return dl_msg_pull_decode(body, &msg);
}
static enum dl_err decode_range(struct dl_view body)
{
    struct dl_msg_range msg;
    return dl_msg_range_decode(body, &msg);
}
static enum dl_err decode_proof(struct dl_view body)
{
    struct dl_msg_proof msg;
    return dl_msg_proof_decode(body, &msg);
}
static enum dl_err decode_test(struct dl_view body)
{
    struct dl_msg_test msg;
    return dl_msg_test_decode(body, &msg);
}
static enum dl_err decode_close(struct dl_view body)
{
    struct dl_msg_close msg;
    return dl_msg_close_decode(body, &msg);
}

/* The body with octet `at` changed. */
static enum dl_err changed(enum dl_frame_type type, decode_fn decode, size_t at, uint8_t value)
{
    struct dl_view body = body_of(type);
    assert_true(at < body.n);
    uint8_t *copy = malloc(body.n);
    assert_non_null(copy);
    memcpy(copy, body.p, body.n);
    copy[at] = value;
    enum dl_err err = decode(dl_view_of(copy, body.n));
    free(copy);
    return err;
}

/* ---- entries ---- */

static uint8_t salt[32];

static struct dl_msg_entry an_entry(void)
{
    return (struct dl_msg_entry){
        7, {dl_view_str("{leaf}"), dl_view_of(salt, 32), dl_view_str("{content}")}};
}

static void an_entry_comes_back_as_it_was(void **state)
{
    (void)state;
    struct dl_msg_entry msg = an_entry();
    struct dl_msg_entry back;
    dl_msg_entry_encode(&out, DL_FRAME_ENTRY, &msg);
    assert_int_equal(dl_msg_entry_decode(body_of(DL_FRAME_ENTRY), &back), DL_OK);
    assert_int_equal(back.index, 7);
    assert_true(dl_view_equal(back.entry.leaf, msg.entry.leaf));
    assert_true(dl_view_equal(back.entry.content, msg.entry.content));
    assert_int_equal(dl_entry_octets_size(&back.entry), 6 + 32 + 9);
}

static void an_entry_is_exact(void **state)
{
    (void)state;
    struct dl_msg_entry msg = an_entry();
    dl_msg_entry_encode(&out, DL_FRAME_RETURN_ENTRY, &msg);
    assert_exact(DL_FRAME_RETURN_ENTRY, decode_entry);
}

static void an_entry_with_lengths_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct dl_msg_entry msg = an_entry();
    dl_msg_entry_encode(&out, DL_FRAME_ENTRY, &msg);
    assert_int_equal(changed(DL_FRAME_ENTRY, decode_entry, 9, 0), DL_E_FRAME);    /* no leaf */
    assert_int_equal(changed(DL_FRAME_ENTRY, decode_entry, 8, 0x31), DL_E_FRAME); /* a huge one */
    assert_int_equal(changed(DL_FRAME_ENTRY, decode_entry, 48, 0xff), DL_E_FRAME);
    assert_int_equal(changed(DL_FRAME_ENTRY, decode_entry, 0, 1), DL_E_FRAME); /* index 2^56 */
}

/* ---- HELLO ---- */

static struct dl_msg_hello1 a_hello1(void)
{
    return (struct dl_msg_hello1){.features = 0,
                                  .from = dl_view_str("cn"),
                                  .to = dl_view_str("us"),
                                  .held_origin = dl_view_str("directline/us/cn"),
                                  .held_size = 9,
                                  .held_note = dl_view_str("note"),
                                  .held_cosigned = dl_view_str("cosigned"),
                                  .own_origin = dl_view_str("directline/cn/us/2"),
                                  .receipt = dl_view_str("receipt"),
                                  .busy = true};
}

static void a_hello1_comes_back_as_it_was(void **state)
{
    (void)state;
    struct dl_msg_hello1 msg = a_hello1();
    struct dl_msg_hello1 back;
    dl_msg_hello1_encode(&out, &msg);
    assert_int_equal(dl_msg_hello1_decode(body_of(DL_FRAME_HELLO1), &back), DL_OK);
    assert_true(dl_view_is(back.from, "cn") && dl_view_is(back.to, "us") && back.busy);
    assert_true(dl_view_is(back.held_origin, "directline/us/cn"));
    assert_true(dl_view_is(back.own_origin, "directline/cn/us/2"));
    assert_true(dl_view_is(back.held_note, "note") && dl_view_is(back.held_cosigned, "cosigned"));
    assert_true(dl_view_is(back.receipt, "receipt"));
    assert_int_equal(back.held_size, 9);
}

static void a_hello1_is_exact(void **state)
{
    (void)state;
    struct dl_msg_hello1 msg = a_hello1();
    dl_msg_hello1_encode(&out, &msg);
    assert_exact(DL_FRAME_HELLO1, decode_hello1);
}

static void a_hello1_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    struct dl_msg_hello1 msg = a_hello1();
    dl_msg_hello1_encode(&out, &msg);
    size_t busy = 4 + 3 + 3;
    size_t size = busy + 1 + 1 + strlen("directline/us/cn");
    assert_int_equal(changed(DL_FRAME_HELLO1, decode_hello1, busy, 2), DL_E_FRAME);
    assert_int_equal(changed(DL_FRAME_HELLO1, decode_hello1, 4, 0), DL_E_FRAME);    /* no agency */
    assert_int_equal(changed(DL_FRAME_HELLO1, decode_hello1, 4, 33), DL_E_FRAME);   /* too long */
    assert_int_equal(changed(DL_FRAME_HELLO1, decode_hello1, size, 1), DL_E_FRAME); /* > 2^48 */
    assert_int_equal(changed(DL_FRAME_HELLO1, decode_hello1, size + 7, 0),
                     DL_E_FRAME); /* size 0 with a note */
    assert_int_equal(changed(DL_FRAME_HELLO1, decode_hello1, size + 8, 5), DL_E_FRAME);
}

static void a_hello2_comes_back_and_is_exact(void **state)
{
    (void)state;
    struct dl_msg_hello2 msg = {true, dl_view_str("note")};
    struct dl_msg_hello2 back;
    dl_msg_hello2_encode(&out, &msg);
    assert_int_equal(dl_msg_hello2_decode(body_of(DL_FRAME_HELLO2), &back), DL_OK);
    assert_true(back.closed && dl_view_is(back.note, "note"));
    assert_exact(DL_FRAME_HELLO2, decode_hello2);
    assert_int_equal(changed(DL_FRAME_HELLO2, decode_hello2, 0, 2), DL_E_FRAME);
    assert_int_equal(changed(DL_FRAME_HELLO2, decode_hello2, 1, 4), DL_E_FRAME);
}

/* ---- the small ones ---- */

static void a_credit_comes_back_and_is_exact(void **state)
{
    (void)state;
    struct dl_msg_credit msg = {1, 2};
    struct dl_msg_credit back;
    dl_msg_credit_encode(&out, &msg);
    assert_int_equal(dl_msg_credit_decode(body_of(DL_FRAME_CREDIT), &back), DL_OK);
    assert_int_equal(back.entries, 1);
    assert_int_equal(back.octets, 2);
    assert_exact(DL_FRAME_CREDIT, decode_credit);
}

static void a_number_comes_back_and_is_exact(void **state)
{
    (void)state;
    uint64_t back = 0;
    dl_msg_number_encode(&out, DL_FRAME_PING, 77);
    assert_int_equal(dl_msg_number_decode(body_of(DL_FRAME_PING), &back), DL_OK);
    assert_int_equal(back, 77);
    assert_exact(DL_FRAME_PING, decode_number);
}

static void a_pull_comes_back_and_is_exact(void **state)
{
    (void)state;
    struct dl_msg_pull msg = {true, true, 3, 259};
    struct dl_msg_pull back;
    dl_msg_pull_encode(&out, &msg);
    assert_int_equal(dl_msg_pull_decode(body_of(DL_FRAME_PULL), &back), DL_OK);
    assert_true(back.yours && back.repair && back.from == 3 && back.to == 259);
    assert_exact(DL_FRAME_PULL, decode_pull);
}

static void a_pull_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct dl_msg_pull msg = {true, true, 3, 259};
    dl_msg_pull_encode(&out, &msg);
    assert_int_equal(changed(DL_FRAME_PULL, decode_pull, 0, 2), DL_E_FRAME);
    assert_int_equal(changed(DL_FRAME_PULL, decode_pull, 1, 2), DL_E_FRAME);
    assert_int_equal(changed(DL_FRAME_PULL, decode_pull, 1, 0), DL_E_FRAME); /* pushed anyway */
    assert_int_equal(changed(DL_FRAME_PULL, decode_pull, 9, 2), DL_E_FRAME); /* 257 entries */
    assert_int_equal(changed(DL_FRAME_PULL, decode_pull, 8, 9), DL_E_FRAME); /* from > to */
    assert_int_equal(changed(DL_FRAME_PULL, decode_pull, 10, 9), DL_E_FRAME);
}

static void a_range_comes_back_and_is_exact(void **state)
{
    (void)state;
    struct dl_msg_range msg = {3, 300};
    struct dl_msg_range back;
    dl_msg_range_encode(&out, DL_FRAME_PROVE, &msg);
    assert_int_equal(dl_msg_range_decode(body_of(DL_FRAME_PROVE), &back), DL_OK);
    assert_true(back.from == 3 && back.to == 300);
    assert_exact(DL_FRAME_PROVE, decode_range);
    assert_int_equal(changed(DL_FRAME_PROVE, decode_range, 6, 9), DL_E_FRAME); /* backwards */
    assert_int_equal(changed(DL_FRAME_PROVE, decode_range, 8, 9), DL_E_FRAME); /* > 2^48 */
}

static void a_proof_comes_back_and_is_exact(void **state)
{
    (void)state;
    struct dl_msg_proof msg = {.from = 3, .to = 7, .proof = {.n = 2}};
    struct dl_msg_proof back;
    msg.proof.hashes[1].b[31] = 5;
    dl_msg_proof_encode(&out, &msg);
    assert_int_equal(dl_msg_proof_decode(body_of(DL_FRAME_PROOF), &back), DL_OK);
    assert_true(back.from == 3 && back.to == 7 && !back.refused && back.proof.n == 2);
    assert_int_equal(back.proof.hashes[1].b[31], 5);
    assert_exact(DL_FRAME_PROOF, decode_proof);
    assert_int_equal(changed(DL_FRAME_PROOF, decode_proof, 16, 1), DL_E_FRAME); /* and refused */
    assert_int_equal(changed(DL_FRAME_PROOF, decode_proof, 16, 2), DL_E_FRAME);
    assert_int_equal(changed(DL_FRAME_PROOF, decode_proof, 17, 64), DL_E_FRAME);
}

static void a_refused_proof_comes_back(void **state)
{
    (void)state;
    struct dl_msg_proof msg = {.from = 3, .to = 7, .refused = true};
    struct dl_msg_proof back;
    dl_msg_proof_encode(&out, &msg);
    assert_int_equal(dl_msg_proof_decode(body_of(DL_FRAME_PROOF), &back), DL_OK);
    assert_true(back.refused && back.proof.n == 0);
}

static void a_link_test_comes_back_and_is_exact(void **state)
{
    (void)state;
    struct dl_msg_test msg = {.text = dl_view_str("twenty-four octets text.")};
    struct dl_msg_test back;
    msg.signature.b[63] = 9;
    dl_msg_test_encode(&out, DL_FRAME_TEST, &msg);
    assert_int_equal(dl_msg_test_decode(body_of(DL_FRAME_TEST), &back), DL_OK);
    assert_true(dl_view_equal(back.text, msg.text));
    assert_int_equal(back.signature.b[63], 9);
    assert_exact(DL_FRAME_TEST, decode_test);
}

static void a_close_comes_back_and_is_exact(void **state)
{
    (void)state;
    struct dl_msg_close msg = {dl_view_str("E_FRAME"), dl_view_str("why")};
    struct dl_msg_close back;
    dl_msg_close_encode(&out, &msg);
    assert_int_equal(dl_msg_close_decode(body_of(DL_FRAME_CLOSE), &back), DL_OK);
    assert_true(dl_view_is(back.code, "E_FRAME") && dl_view_is(back.text, "why"));
    assert_exact(DL_FRAME_CLOSE, decode_close);
    assert_int_equal(changed(DL_FRAME_CLOSE, decode_close, 0, 0), DL_E_FRAME);
    assert_int_equal(changed(DL_FRAME_CLOSE, decode_close, 0, 41), DL_E_FRAME);
    assert_int_equal(changed(DL_FRAME_CLOSE, decode_close, 8, 9), DL_E_FRAME);
}

static void outputs_are_untouched_on_failure(void **state)
{
    (void)state;
    struct dl_msg_range range = {5, 6};
    struct dl_msg_credit credit = {5, 6};
    uint64_t number = 5;
    struct dl_view none = {0};
    assert_int_equal(dl_msg_range_decode(none, &range), DL_E_FRAME);
    assert_int_equal(dl_msg_credit_decode(none, &credit), DL_E_FRAME);
    assert_int_equal(dl_msg_number_decode(none, &number), DL_E_FRAME);
    assert_true(range.from == 5 && range.to == 6 && credit.entries == 5 && number == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(an_entry_comes_back_as_it_was),
        T(an_entry_is_exact),
        T(an_entry_with_lengths_that_cannot_be_is_refused),
        T(a_hello1_comes_back_as_it_was),
        T(a_hello1_is_exact),
        T(a_hello1_that_contradicts_itself_is_refused),
        T(a_hello2_comes_back_and_is_exact),
        T(a_credit_comes_back_and_is_exact),
        T(a_number_comes_back_and_is_exact),
        T(a_pull_comes_back_and_is_exact),
        T(a_pull_that_cannot_be_is_refused),
        T(a_range_comes_back_and_is_exact),
        T(a_proof_comes_back_and_is_exact),
        T(a_refused_proof_comes_back),
        T(a_link_test_comes_back_and_is_exact),
        T(a_close_comes_back_and_is_exact),
        T(outputs_are_untouched_on_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
