#include "protocol/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum dl_err read_header(uint32_t length, uint8_t type, size_t max, size_t *used)
{
    uint8_t octets[] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
                        (uint8_t)length, type};
    struct dl_frame frame;
    return dl_frame_read(dl_view_of(octets, sizeof octets), max, &frame, used);
}

static void a_frame_is_read_whole_and_says_how_long_it_was(void **state)
{
    (void)state;
    const uint8_t octets[] = {0, 0, 0, 8, DL_FRAME_PING, 1, 2, 3, 4, 5, 6, 7, 8, 99};
    struct dl_frame frame;
    size_t used = 0;
    assert_int_equal(
        dl_frame_read(dl_view_of(octets, sizeof octets), DL_LIMIT_FRAME, &frame, &used), DL_OK);
    assert_int_equal(used, 13);
    assert_int_equal(frame.type, DL_FRAME_PING);
    assert_int_equal(frame.body.n, 8);
    assert_ptr_equal(frame.body.p, octets + 5);
}

static void a_frame_cut_at_any_octet_waits_for_more(void **state)
{
    (void)state;
    const uint8_t octets[] = {0, 0, 0, 8, DL_FRAME_PING, 1, 2, 3, 4, 5, 6, 7, 8};
    for (size_t n = 0; n < sizeof octets; n++) {
        uint8_t *copy = malloc(n + 1);
        assert_non_null(copy);
        memcpy(copy, octets, n);
        struct dl_frame frame;
        size_t used = 1;
        assert_int_equal(dl_frame_read(dl_view_of(copy, n), DL_LIMIT_FRAME, &frame, &used), DL_OK);
        assert_int_equal(used, 0);
        free(copy);
    }
}

static void an_unknown_type_is_refused_from_its_header(void **state)
{
    (void)state;
    size_t used = 0;
    assert_int_equal(read_header(8, 0, DL_LIMIT_FRAME, &used), DL_E_FRAME);
    assert_int_equal(read_header(8, DL_FRAME_TYPES, DL_LIMIT_FRAME, &used), DL_E_FRAME);
    assert_int_equal(read_header(8, 255, DL_LIMIT_FRAME, &used), DL_E_FRAME);
}

static void a_length_that_its_type_cannot_have_is_refused_from_its_header(void **state)
{
    (void)state;
    size_t used = 0;
    assert_int_equal(read_header(7, DL_FRAME_PING, DL_LIMIT_FRAME, &used), DL_E_FRAME);
    assert_int_equal(read_header(9, DL_FRAME_PING, DL_LIMIT_FRAME, &used), DL_E_FRAME);
    assert_int_equal(read_header(0, DL_FRAME_CHECKPOINT, DL_LIMIT_FRAME, &used), DL_E_FRAME);
    assert_int_equal(
        read_header(DL_LIMIT_CHECKPOINT + 1, DL_FRAME_CHECKPOINT, DL_LIMIT_FRAME, &used),
        DL_E_FRAME);
    assert_int_equal(read_header(DL_FRAME_ENTRY_MAX, DL_FRAME_ENTRY, DL_LIMIT_FRAME, &used), DL_OK);
    assert_int_equal(read_header(DL_FRAME_ENTRY_MAX + 1, DL_FRAME_ENTRY, DL_LIMIT_FRAME, &used),
                     DL_E_FRAME);
}

static void an_absurd_length_is_refused_before_memory_is_taken(void **state)
{
    (void)state;
    size_t used = 0;
    assert_int_equal(read_header(UINT32_MAX, DL_FRAME_ENTRY, DL_LIMIT_FRAME, &used),
                     DL_E_TOO_LARGE);
    assert_int_equal(
        read_header(DL_LIMIT_FRAME - DL_FRAME_HEADER + 1, DL_FRAME_ENTRY, DL_LIMIT_FRAME, &used),
        DL_E_TOO_LARGE);
}

static void before_both_hellos_a_frame_is_at_most_16_kib(void **state)
{
    (void)state;
    size_t used = 1;
    uint32_t fits = DL_LIMIT_FRAME_EARLY - DL_FRAME_HEADER;
    assert_int_equal(read_header(fits, DL_FRAME_ENTRY, DL_LIMIT_FRAME_EARLY, &used), DL_OK);
    assert_int_equal(used, 0);
    assert_int_equal(read_header(fits + 1, DL_FRAME_ENTRY, DL_LIMIT_FRAME_EARLY, &used),
                     DL_E_TOO_LARGE);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    struct dl_buf out;
    dl_buf_init(&out, 1024);
    dl_buf_u8(&out, 42); /* frames follow what is there */
    size_t start = dl_frame_open(&out, DL_FRAME_READY);
    dl_buf_u64(&out, 5);
    dl_frame_close(&out, start);
    struct dl_frame frame;
    size_t used = 0;
    assert_int_equal(dl_frame_read(dl_view_of(out.p + 1, out.n - 1), DL_LIMIT_FRAME, &frame, &used),
                     DL_OK);
    assert_int_equal(frame.type, DL_FRAME_READY);
    assert_int_equal(used, 13);
    dl_buf_fini(&out);
}

static void every_type_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(dl_frame_name(DL_FRAME_HELLO1), "HELLO1");
    assert_string_equal(dl_frame_name(DL_FRAME_RESUME), "RESUME");
    assert_string_equal(dl_frame_name(0), "?");
    assert_string_equal(dl_frame_name(999), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_read_whole_and_says_how_long_it_was),
        cmocka_unit_test(a_frame_cut_at_any_octet_waits_for_more),
        cmocka_unit_test(an_unknown_type_is_refused_from_its_header),
        cmocka_unit_test(a_length_that_its_type_cannot_have_is_refused_from_its_header),
        cmocka_unit_test(an_absurd_length_is_refused_before_memory_is_taken),
        cmocka_unit_test(before_both_hellos_a_frame_is_at_most_16_kib),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(every_type_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
