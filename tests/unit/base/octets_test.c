#include "base/octets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void a_view_equals_what_has_the_same_octets(void **state)
{
    (void)state;
    assert_true(dl_view_equal(dl_view_of(NULL, 0), dl_view_str("")));
    assert_true(dl_view_is(dl_view_of("ab\0c", 2), "ab"));
    assert_false(dl_view_is(dl_view_str("ab"), "abc"));
    assert_false(dl_view_equal(dl_view_of("ab\0c", 4), dl_view_of("ab\0d", 4)));
}

static void a_builder_grows_to_its_maximum_and_not_beyond(void **state)
{
    (void)state;
    struct dl_buf buf;
    dl_buf_init(&buf, 100);
    for (int i = 0; i < 100; i++) {
        dl_buf_u8(&buf, (uint8_t)i);
    }
    assert_int_equal(dl_buf_err(&buf), DL_OK);
    assert_true(buf.cap <= 100);
    dl_buf_u8(&buf, 1);
    assert_int_equal(dl_buf_err(&buf), DL_E_TOO_LARGE);
    assert_int_equal(buf.n, 100);
    assert_int_equal(buf.p[99], 99);
    dl_buf_fini(&buf);
}

static void a_failed_append_stops_all_later_ones(void **state)
{
    (void)state;
    struct dl_buf buf;
    dl_buf_init(&buf, 4);
    dl_buf_put(&buf, "12345", 5);
    dl_buf_put(&buf, "1", 1);
    assert_int_equal(buf.n, 0);
    assert_int_equal(dl_buf_err(&buf), DL_E_TOO_LARGE);
    dl_buf_reset(&buf);
    dl_buf_put(&buf, "1234", 4);
    assert_int_equal(dl_buf_err(&buf), DL_OK);
    dl_buf_fini(&buf);
}

static void a_builder_with_less_room_than_it_holds_takes_nothing(void **state)
{
    (void)state;
    struct dl_buf buf;
    dl_buf_init(&buf, 10);
    dl_buf_put(&buf, "12345", 5);
    buf.max = 3;
    dl_buf_u8(&buf, 0);
    assert_int_equal(dl_buf_err(&buf), DL_E_TOO_LARGE);
    assert_int_equal(buf.n, 5);
    dl_buf_fini(&buf);
}

static void printing_fills_a_builder_to_the_last_octet(void **state)
{
    (void)state;
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    for (size_t n = 0; n <= 1000; n += 125) {
        struct dl_buf buf;
        dl_buf_init(&buf, n);
        dl_buf_printf(&buf, "%s", text + 1000 - n);
        assert_int_equal(dl_buf_err(&buf), DL_OK);
        assert_int_equal(buf.n, n);
        assert_true(n == 0 || memcmp(buf.p, text, n) == 0);
        dl_buf_printf(&buf, "%d", 7);
        assert_int_equal(dl_buf_err(&buf), DL_E_TOO_LARGE);
        dl_buf_reset(&buf);
        dl_buf_printf(&buf, "%s1", text + 1000 - n); // one too many
        assert_int_equal(dl_buf_err(&buf), DL_E_TOO_LARGE);
        assert_int_equal(buf.n, 0);
        dl_buf_fini(&buf);
    }
}

static void what_is_consumed_is_gone_from_the_front(void **state)
{
    (void)state;
    struct dl_buf buf;
    dl_buf_init(&buf, 10);
    dl_buf_put_str(&buf, "abcdef");
    dl_buf_consume(&buf, 0);
    dl_buf_consume(&buf, 2);
    assert_true(dl_view_is(dl_buf_view(&buf), "cdef"));
    dl_buf_consume(&buf, 4);
    assert_int_equal(buf.n, 0);
    dl_buf_fini(&buf);
}

static void numbers_are_read_as_they_were_written_big_end_first(void **state)
{
    (void)state;
    static const uint8_t octets[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct dl_buf buf;
    struct dl_cursor cursor;
    dl_buf_init(&buf, 64);
    dl_buf_u8(&buf, 0x01);
    dl_buf_u16(&buf, 0x0203);
    dl_buf_u32(&buf, 0x04050607);
    dl_buf_u64(&buf, 0x08090a0b0c0d0e0f);
    assert_int_equal(buf.n, sizeof octets);
    assert_memory_equal(buf.p, octets, sizeof octets);
    dl_cursor_init(&cursor, dl_buf_view(&buf));
    assert_int_equal(dl_cursor_u8(&cursor), 0x01);
    assert_int_equal(dl_cursor_u16(&cursor), 0x0203);
    assert_int_equal(dl_cursor_u32(&cursor), 0x04050607);
    assert_true(dl_cursor_u64(&cursor) == 0x08090a0b0c0d0e0f);
    assert_int_equal(dl_cursor_done(&cursor), DL_OK);
    dl_buf_fini(&buf);
}

static void a_cursor_past_the_end_gives_zeros_and_remembers(void **state)
{
    (void)state;
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, dl_view_of("\1\2\3", 3));
    assert_int_equal(dl_cursor_u32(&cursor), 0);
    assert_int_equal(dl_cursor_u8(&cursor), 0); // also what would still be there
    assert_int_equal(dl_cursor_take(&cursor, 0).n, 0);
    assert_int_equal(dl_cursor_done(&cursor), DL_E_FRAME);
}

static void octets_left_over_are_a_fault(void **state)
{
    (void)state;
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, dl_view_of("\1\2", 2));
    assert_int_equal(dl_cursor_u8(&cursor), 1);
    assert_int_equal(dl_cursor_done(&cursor), DL_E_FRAME);
    assert_int_equal(dl_cursor_u8(&cursor), 2);
    assert_int_equal(dl_cursor_done(&cursor), DL_OK);
}

static void a_block_is_read_whole_within_its_maximum(void **state)
{
    (void)state;
    struct dl_buf buf;
    struct dl_cursor cursor;
    dl_buf_init(&buf, 64);
    size_t start = dl_buf_block_open(&buf);
    dl_buf_put_str(&buf, "abc");
    dl_buf_block_close(&buf, start);
    assert_memory_equal(buf.p, "\0\0\0\3abc", 7);
    dl_cursor_init(&cursor, dl_buf_view(&buf));
    assert_true(dl_view_is(dl_cursor_block(&cursor, 3), "abc"));
    assert_int_equal(dl_cursor_done(&cursor), DL_OK);
    dl_cursor_init(&cursor, dl_buf_view(&buf));
    assert_int_equal(dl_cursor_block(&cursor, 2).n, 0);
    assert_int_equal(dl_cursor_done(&cursor), DL_E_FRAME);
    dl_cursor_init(&cursor, dl_view_of("\xFF\xFF\xFF\xFF"
                                       "abc",
                                       7));
    assert_int_equal(dl_cursor_block(&cursor, SIZE_MAX).n, 0);
    assert_int_equal(dl_cursor_done(&cursor), DL_E_FRAME);
    dl_buf_fini(&buf);
}

static void room_for_none_is_no_failure(void **state)
{
    (void)state;
    struct dl_buf buf;
    dl_buf_init(&buf, 4);
    assert_non_null(dl_buf_room(&buf, 0));
    assert_int_equal(dl_buf_err(&buf), DL_OK);
    assert_int_equal(buf.n, 0);
    dl_buf_put(&buf, "abcd", 4);
    assert_non_null(dl_buf_room(&buf, 0));
    assert_null(dl_buf_room(&buf, 1));
    assert_null(dl_buf_room(&buf, 0));
    dl_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_equals_what_has_the_same_octets),
        cmocka_unit_test(a_builder_grows_to_its_maximum_and_not_beyond),
        cmocka_unit_test(a_failed_append_stops_all_later_ones),
        cmocka_unit_test(a_builder_with_less_room_than_it_holds_takes_nothing),
        cmocka_unit_test(room_for_none_is_no_failure),
        cmocka_unit_test(printing_fills_a_builder_to_the_last_octet),
        cmocka_unit_test(what_is_consumed_is_gone_from_the_front),
        cmocka_unit_test(numbers_are_read_as_they_were_written_big_end_first),
        cmocka_unit_test(a_cursor_past_the_end_gives_zeros_and_remembers),
        cmocka_unit_test(octets_left_over_are_a_fault),
        cmocka_unit_test(a_block_is_read_whole_within_its_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
