/* The disk in memory does wrong exactly what it is asked to. */
#include "node/virtual_disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dl_virtual_disk *virtual;
static struct dl_disk *disk;
static struct dl_disk_file *file;

static int setup(void **state)
{
    (void)state;
    virtual = dl_virtual_disk_new(7);
    disk = dl_virtual_disk_door(virtual);
    return disk->open(disk->self, "f", true, &file) == DL_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    disk->close(disk->self, file);
    dl_virtual_disk_free(&virtual);
    return 0;
}

static void write_at(uint64_t at, char octet, size_t n)
{
    char octets[16384];
    memset(octets, octet, n);
    assert_int_equal(disk->write(disk->self, file, octets, n, at), DL_OK);
}

static void assert_holds(uint64_t at, char octet, size_t n)
{
    char octets[16384];
    size_t got = 0;
    assert_int_equal(disk->read(disk->self, file, octets, n, at, &got), DL_OK);
    assert_int_equal(got, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(octets[i], octet);
    }
}

static void what_is_written_is_read_back_across_blocks(void **state)
{
    (void)state;
    write_at(4000, 'a', 9000);
    assert_holds(0, 0, 4000);
    assert_holds(4000, 'a', 9000);
    char octets[8];
    size_t got = 9;
    assert_int_equal(disk->read(disk->self, file, octets, 8, 12996, &got), DL_OK);
    assert_int_equal(got, 4);
}

static void a_power_cut_keeps_what_was_synced(void **state)
{
    (void)state;
    write_at(0, 'a', 8192);
    assert_int_equal(disk->sync(disk->self, file), DL_OK);
    dl_virtual_disk_cut_power(virtual);
    dl_virtual_disk_revive(virtual);
    assert_holds(0, 'a', 8192);
}

static void a_power_cut_tears_what_was_not_synced(void **state)
{
    (void)state;
    char octets[8192];
    size_t got = 0;
    unsigned old = 0;
    write_at(0, 'a', 8192);
    assert_int_equal(disk->sync(disk->self, file), DL_OK);
    write_at(0, 'b', 8192);
    dl_virtual_disk_cut_power(virtual);
    dl_virtual_disk_revive(virtual);
    assert_int_equal(disk->read(disk->self, file, octets, 8192, 0, &got), DL_OK);
    for (size_t i = 0; i < 8192; i += 512) {
        assert_memory_equal(octets + i, octets + i + 1, 511); // a sector is old or new as a whole
        old += octets[i] == 'a';
    }
    assert_in_range(old, 1, 15);
}

static void a_power_cut_forgets_a_file_that_was_never_synced(void **state)
{
    (void)state;
    write_at(0, 'a', 10);
    assert_true(disk->exists(disk->self, "f"));
    dl_virtual_disk_cut_power(virtual);
    dl_virtual_disk_revive(virtual);
    assert_false(disk->exists(disk->self, "f"));
}

static void a_killed_process_changes_nothing_more_but_loses_nothing(void **state)
{
    (void)state;
    write_at(0, 'a', 10);
    dl_virtual_disk_kill(virtual);
    assert_int_equal(disk->write(disk->self, file, "bbb", 3, 0), DL_E_STORE_IO);
    assert_int_equal(disk->remove(disk->self, "f"), DL_E_STORE_IO);
    dl_virtual_disk_revive(virtual);
    assert_holds(0, 'a', 10);
}

static void calls_fail_from_the_asked_one_on_and_as_many_as_asked(void **state)
{
    (void)state;
    struct dl_virtual_disk_fault fault = {
        .ops = DL_DISK_SYNC, .after = 1, .n = 2, .err = DL_E_STORE_IO};
    dl_virtual_disk_set_fault(virtual, &fault);
    write_at(0, 'a', 10);
    assert_int_equal(disk->sync(disk->self, file), DL_OK);
    assert_int_equal(disk->sync(disk->self, file), DL_E_STORE_IO);
    assert_int_equal(disk->sync(disk->self, file), DL_E_STORE_IO);
    assert_int_equal(disk->sync(disk->self, file), DL_OK);
    assert_int_equal(dl_virtual_disk_failed(virtual), 2);
    assert_int_equal(dl_virtual_disk_calls(virtual, DL_DISK_SYNC), 4);
}

static void a_fault_can_be_of_one_file_only(void **state)
{
    (void)state;
    struct dl_virtual_disk_fault fault = {
        .ops = DL_DISK_ANY, .n = UINT64_MAX, .err = DL_E_STORE_FULL, .suffix = "-wal"};
    dl_virtual_disk_set_fault(virtual, &fault);
    write_at(0, 'a', 10);
    struct dl_disk_file *other = NULL;
    assert_int_equal(disk->open(disk->self, "f-wal", true, &other), DL_E_STORE_FULL);
}

static void a_full_disk_refuses_to_grow_and_takes_what_fits(void **state)
{
    (void)state;
    dl_virtual_disk_set_capacity(virtual, 100);
    write_at(0, 'a', 100);
    assert_int_equal(disk->write(disk->self, file, "b", 1, 100), DL_E_STORE_FULL);
    write_at(50, 'c', 50);
    assert_int_equal(disk->truncate(disk->self, file, 10), DL_OK);
    write_at(10, 'd', 90);
    assert_holds(0, 'a', 10);
}

static void what_was_cut_off_reads_as_zeros(void **state)
{
    (void)state;
    write_at(0, 'a', 5000);
    assert_int_equal(disk->truncate(disk->self, file, 10), DL_OK);
    write_at(6000, 'b', 1);
    assert_holds(0, 'a', 10);
    assert_holds(10, 0, 5990);
}

static void a_flipped_bit_is_one_bit(void **state)
{
    (void)state;
    write_at(0, 'a', 10);
    assert_true(dl_virtual_disk_flip(virtual, "f", 3, 1));
    assert_false(dl_virtual_disk_flip(virtual, "f", 10, 1));
    assert_holds(0, 'a', 3);
    assert_holds(3, 'a' ^ 2, 1);
    assert_holds(4, 'a', 6);
}

static void a_file_can_be_taken_out_and_put_back(void **state)
{
    (void)state;
    struct dl_buf copy;
    dl_buf_init(&copy, 100000);
    write_at(0, 'a', 5000);
    assert_true(dl_virtual_disk_get(virtual, "f", &copy));
    write_at(0, 'b', 5000);
    assert_int_equal(dl_virtual_disk_put(virtual, "f", 0, dl_buf_view(&copy)), DL_OK);
    assert_holds(0, 'a', 5000);
    assert_false(dl_virtual_disk_get(virtual, "g", &copy));
    dl_buf_fini(&copy);
}

#define IS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IS(what_is_written_is_read_back_across_blocks),
        IS(a_power_cut_keeps_what_was_synced),
        IS(a_power_cut_tears_what_was_not_synced),
        IS(a_power_cut_forgets_a_file_that_was_never_synced),
        IS(a_killed_process_changes_nothing_more_but_loses_nothing),
        IS(calls_fail_from_the_asked_one_on_and_as_many_as_asked),
        IS(a_fault_can_be_of_one_file_only),
        IS(a_full_disk_refuses_to_grow_and_takes_what_fits),
        IS(what_was_cut_off_reads_as_zeros),
        IS(a_flipped_bit_is_one_bit),
        IS(a_file_can_be_taken_out_and_put_back),
    };
    return cmocka_run_group_tests_name("node/virtual_disk", tests, NULL, NULL);
}
