/* head.db never goes back. */
#include "tests/unit/registry/line_rig.h"

static struct dl_virtual_disk *disk;
static struct dl_headdb *head;

static void open_head(void)
{
    struct dl_error error;
    assert_int_equal(dl_headdb_open("head.db", dl_virtual_disk_door(disk), &head, &error), DL_OK);
}

static int setup(void **state)
{
    (void)state;
    disk = dl_virtual_disk_new(3);
    open_head();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dl_headdb_close(&head);
    dl_virtual_disk_free(&disk);
    return 0;
}

static enum dl_err put(const char *origin, enum dl_headdb_which which, uint64_t size,
                       const char *note)
{
    enum dl_err err = dl_headdb_put(head, origin, which, size, dl_view_str(note));
    if (err != DL_OK) {
        dl_headdb_rollback(head);
        return err;
    }
    return dl_headdb_commit(head);
}

static void assert_holds(const char *origin, enum dl_headdb_which which, uint64_t size,
                         const char *note)
{
    uint64_t held = 99;
    struct dl_buf out;
    dl_buf_init(&out, DL_LIMIT_CHECKPOINT);
    assert_int_equal(dl_headdb_get(head, origin, which, &out, &held), DL_OK);
    assert_int_equal(held, size);
    assert_true(dl_view_is(dl_buf_view(&out), note));
    dl_buf_fini(&out);
}

static void signed_and_cosigned_heads_of_each_origin_stand_apart(void **state)
{
    (void)state;
    assert_int_equal(put("o", DL_HEADDB_SIGNED, 3, "three"), DL_OK);
    assert_int_equal(put("o", DL_HEADDB_COSIGNED, 2, "two"), DL_OK);
    assert_int_equal(put("p", DL_HEADDB_SIGNED, 9, "nine"), DL_OK);
    assert_holds("o", DL_HEADDB_SIGNED, 3, "three");
    assert_holds("o", DL_HEADDB_COSIGNED, 2, "two");
    assert_holds("p", DL_HEADDB_SIGNED, 9, "nine");
    assert_holds("p", DL_HEADDB_COSIGNED, 0, "");
}

static void a_head_goes_forward_and_survives_a_power_cut(void **state)
{
    (void)state;
    assert_int_equal(put("o", DL_HEADDB_SIGNED, 3, "three"), DL_OK);
    assert_int_equal(put("o", DL_HEADDB_SIGNED, 4, "four"), DL_OK);
    dl_virtual_disk_cut_power(disk);
    dl_headdb_close(&head);
    dl_virtual_disk_revive(disk);
    open_head();
    assert_holds("o", DL_HEADDB_SIGNED, 4, "four");
}

static void a_smaller_size_is_refused(void **state)
{
    (void)state;
    assert_int_equal(put("o", DL_HEADDB_SIGNED, 3, "three"), DL_OK);
    assert_int_equal(put("o", DL_HEADDB_SIGNED, 2, "two"), DL_E_FORK);
    assert_holds("o", DL_HEADDB_SIGNED, 3, "three");
}

static void another_note_of_the_same_size_is_refused_and_the_same_one_is_not(void **state)
{
    (void)state;
    assert_int_equal(put("o", DL_HEADDB_SIGNED, 3, "three"), DL_OK);
    assert_int_equal(put("o", DL_HEADDB_SIGNED, 3, "drei"), DL_E_FORK);
    assert_int_equal(put("o", DL_HEADDB_SIGNED, 3, "three"), DL_OK);
    assert_holds("o", DL_HEADDB_SIGNED, 3, "three");
}

#define IS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IS(signed_and_cosigned_heads_of_each_origin_stand_apart),
        IS(a_head_goes_forward_and_survives_a_power_cut),
        IS(a_smaller_size_is_refused),
        IS(another_note_of_the_same_size_is_refused_and_the_same_one_is_not),
    };
    return cmocka_run_group_tests_name("registry/headdb", tests, NULL, NULL);
}
