/* When a peer is dialled again, and what becomes of a line whose peer signed one id twice. */
#include "tests/unit/node/two_nodes.h"

enum { MINUTE = 60 * 1000 };

/* cn forgets, on its disk, that it has used an id: what a broken author would do. */
static void forget_id(struct two_nodes *t, const char *id)
{
    struct dl_agency *agency = dl_virtual_node_agency(t->node[CN]);
    assert_int_equal(dl_agency_write(agency), DL_OK);
    assert_int_equal(dl_store_run(dl_line_db_store(dl_agency_line_db(agency)),
                                  "DELETE FROM entry_id WHERE id=?1", DL_SQL(DL_SQL_STR(id)), NULL,
                                  NULL),
                     DL_OK);
}

static void an_id_signed_twice_is_shown_and_retried_slowly(void **state)
{
    (void)state;
    struct two_nodes t;
    begin(&t);
    assert_int_equal(submit(&t, CN, "same", "first"), DL_OK);
    run_ms(&t, 1000);
    assert_int_equal(held_at(&t, US), 1);
    forget_id(&t, "same");
    assert_int_equal(submit(&t, CN, "same", "second"), DL_OK);
    run_ms(&t, 1000);
    assert_int_equal(submit(&t, US, "back", "the other direction"), DL_OK);
    size_t before = count_events(&t, US, "session.opened");
    run_ms(&t, (uint64_t)30 * MINUTE);
    size_t times = count_events(&t, US, "session.opened") - before;
    assert_in_range(times, 10,
                    70); // at most once a minute from either side, when it is going badly
    for (int which = 0; which < 2; which++) {
        assert_int_equal(look(&t, which).error, DL_E_ID_REUSED);
        assert_non_null(strstr(look(&t, which).error_message, "stands twice"));
        assert_string_equal(look(&t, which).state, "active");
    }
    assert_int_equal(held_at(&t, US), 1); // what was good stays, and is receipted
    assert_int_equal(dl_log_newest_receipt(journal_at(&t, CN)).size, 1);
    assert_int_equal(dl_log_size(journal_at(&t, CN)), 2);
    assert_int_equal(held_at(&t, CN), 1); // and the other direction goes on
    assert_int_equal(dl_log_newest_receipt(journal_at(&t, US)).size, 1);
    end(&t);
}

static void the_same_entry_twice_is_one_entry(void **state)
{
    (void)state;
    struct two_nodes t;
    begin(&t);
    assert_int_equal(submit(&t, CN, "same", "first"), DL_OK);
    assert_int_equal(submit(&t, CN, "same", "first"), DL_OK);
    run_ms(&t, (uint64_t)30 * MINUTE);
    assert_int_equal(held_at(&t, US), 1);
    assert_int_equal(submit(&t, CN, "same", "second"), DL_E_ID_REUSED);
    assert_int_equal(count_events(&t, US, "session.opened"), 1);
    assert_int_equal(look(&t, US).error, DL_OK);
    end(&t);
}

static void a_link_that_breaks_is_dialled_again_at_once(void **state)
{
    (void)state;
    struct two_nodes t;
    begin(&t);
    for (int i = 0; i < 20; i++) {
        dl_virtual_set_way(t.virtual, "cn", "us", DL_VIRTUAL_CUT);
        dl_virtual_set_way(t.virtual, "cn", "us", DL_VIRTUAL_JOINED);
        assert_string_equal(look(&t, US).link, "up"); // nobody has noticed yet
        run_ms(&t, 1000);
        assert_string_equal(look(&t, US).link, "up");
    }
    assert_in_range(count_events(&t, US, "session.opened"), 21, 60);
    end(&t);
}

static void note_end(void *context, enum dl_err err)
{
    *(enum dl_err *)context = err;
}

/* cn's journal is lost; what was not delivered cannot be read, so the next generation cannot be
 * made. */
static void a_renewal_that_fails_undoes_its_turn_and_ends_the_node(void **state)
{
    (void)state;
    struct two_nodes t;
    struct dl_error error;
    enum dl_err said = DL_OK;
    begin(&t);
    dl_virtual_set_way(t.virtual, "cn", "us", DL_VIRTUAL_CUT);
    assert_int_equal(submit(&t, CN, "waits", "undelivered"), DL_OK);
    run_ms(&t, 1000);
    assert_int_equal(dl_log_size(journal_at(&t, CN)), 1);
    assert_int_equal(dl_log_set_closed(journal_at(&t, CN), "lost"), DL_OK);
    run_ms(&t, 1000);
    dl_virtual_node_stop(t.node[CN]);
    start_node(&t, CN);
    struct dl_agency *agency = dl_virtual_node_agency(t.node[CN]);
    struct dl_store *store = dl_line_db_store(dl_agency_line_db(agency));
    assert_int_equal(dl_agency_write(agency), DL_OK);
    assert_int_equal(dl_store_run(store, "UPDATE run SET leaves=x'00'", NULL, 0, NULL, NULL),
                     DL_OK);
    dl_agency_after(agency, note_end, &said);
    assert_int_not_equal(dl_peer_renew(peer_at(&t, CN), "restored", &error), DL_OK);
    run_ms(&t, 1000);
    assert_int_not_equal(said, DL_OK);
    assert_false(dl_virtual_node_runs(t.node[CN]));
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_signed_twice_is_shown_and_retried_slowly),
        cmocka_unit_test(the_same_entry_twice_is_one_entry),
        cmocka_unit_test(a_renewal_that_fails_undoes_its_turn_and_ends_the_node),
        cmocka_unit_test(a_link_that_breaks_is_dialled_again_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
