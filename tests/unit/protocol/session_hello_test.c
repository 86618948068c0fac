/* Sides that went back in time, and sides that lie. */
#include "tests/unit/protocol/session_pair.h"

/* cn has sent n entries, and they are receipted; then both nodes stop. */
static void history(unsigned n)
{
    connect_both();
    for (unsigned i = 0; i < n; i++) {
        submit(&world.cn, 1);
        pump();
    }
    restart(&world.cn);
    restart(&world.us);
    forget_log();
}

static void restore_line(struct side *side, uint64_t ours, uint64_t theirs)
{
    cut_log(&side->ours, ours);
    cut_log(&side->theirs, theirs);
    side->receipt[0] = 0;
    side->tail = 0;
}

static void restore_head(struct side *side)
{
    side->head[0] = 0;
    side->cosigned[0] = 0;
    if (side->ours.size > 0) {
        copy_note(side->head, note_view(side->ours.notes[side->ours.size]));
    }
    if (side->theirs.size > 0) {
        cosign_row(side, side->theirs.notes[side->theirs.size]);
    }
}

/* ---- the author went back ---- */

static void a_restored_line_db_is_rewound_and_heals(void **state)
{
    (void)state;
    history(4);
    restore_line(&world.cn, 1, 0);
    world.small = true;
    submit(&world.cn, 1); /* while it does not know */
    connect_both();
    assert_log("cn link up\n"
               "cn journal rewound\n"
               "cn wants back up to 3\n"
               "us link up\n"
               "us journal confirmed\n"
               "cn takes back 1 to 1\n"
               "cn takes back 2 to 2\n"
               "cn takes back 3 to 3\n"
               "cn journal confirmed\n"
               "cn receipt 4\n"
               "us stores 4 to 4\n"
               "cn receipt 5\n");
    assert_int_equal(world.cn.ours.size, 5);
}

static void with_head_db_restored_too_the_peers_note_tells(void **state)
{
    (void)state;
    history(3);
    restore_line(&world.cn, 1, 0);
    restore_head(&world.cn);
    submit(&world.cn, 1);
    connect_both();
    assert_int_equal(world.cn.state, DL_JOURNAL_CONFIRMED);
    assert_int_equal(world.cn.ours.size, 4);
    assert_int_equal(world.us.theirs.size, 4);
    assert_int_equal(world.us.alarm.kind, 0);
}

static void a_note_that_the_peer_stored_and_never_cosigned_counts_too(void **state)
{
    (void)state;
    history(2);
    /* the peer stored 1 more entry, but not yet the cosigned row, when it crashed */
    cut_log(&world.us.theirs, 2);
    cosign_row(&world.us, world.us.theirs.notes[1]);
    restore_line(&world.cn, 0, 0);
    restore_head(&world.cn);
    submit(&world.cn, 1);
    connect_both();
    assert_int_equal(world.cn.ours.size, 3);
    assert_int_equal(world.us.theirs.size, 3);
    assert_int_equal(world.us.alarm.kind, 0);
}

static void a_rewound_side_still_takes_the_others_entries(void **state)
{
    (void)state;
    history(3);
    restore_line(&world.cn, 1, 0);
    world.us.tail = 2;
    connect_both();
    assert_int_equal(world.cn.theirs.size, 2);
    assert_int_equal(world.cn.ours.size, 3);
}

static void what_comes_back_damaged_is_closed_and_tried_again(void **state)
{
    (void)state;
    history(2);
    restore_line(&world.cn, 1, 0);
    open_side(&world.cn);
    open_side(&world.us);
    deliver(&world.us); /* HELLO1 */
    deliver(&world.cn); /* HELLO1, HELLO2; PULL goes */
    deliver(&world.us);
    struct leaf_octets made;
    make_leaf(&made, "cn", 55);
    struct dl_msg_entry msg = {1, leaf_entry(&made)};
    dl_buf_reset(&world.cn.inbox);
    dl_msg_entry_encode(&world.cn.inbox, DL_FRAME_RETURN_ENTRY, &msg);
    dl_msg_note_encode(&world.cn.inbox, DL_FRAME_RETURN_CHECKPOINT,
                       note_view(world.us.theirs.notes[2]));
    free_leaf(&made);
    forget_log();
    pump();
    assert_log("cn closes E_BATCH_ROOT\n"
               "us was closed E_BATCH_ROOT\n");
    assert_int_equal(world.cn.ours.size, 1);
    connect_both();
    assert_int_equal(world.cn.ours.size, 2);
    assert_int_equal(world.cn.state, DL_JOURNAL_CONFIRMED);
}

/* ---- the receiver went back ---- */

static void a_peer_that_lost_its_copy_is_served_again(void **state)
{
    (void)state;
    history(3);
    restore_line(&world.us, 0, 1);
    world.small = true;
    world.chunk = 64; /* so that what is below the floor is stored by a commit of its own */
    connect_both();
    assert_log("us link up\n"
               "us journal confirmed\n"
               "cn link up\n"
               "cn journal confirmed\n"
               "cn peer lost its copy\n"
               "us stores 1 to 1, below the floor\n"
               "us stores 2 to 2\n"
               "cn receipt 3\n");
}

static void a_receipt_that_the_receiver_forgot_becomes_its_floor(void **state)
{
    (void)state;
    history(3);
    restore_line(&world.us, 0, 1);
    restore_head(&world.us);
    world.small = true;
    connect_both();
    assert_log("cn link up\n"
               "cn journal confirmed\n"
               "cn peer lost its copy\n"
               "us link up\n"
               "us raises its floor\n"
               "us journal confirmed\n"
               "us stores 1 to 1, below the floor\n"
               "us stores 2 to 2\n"
               "cn receipt 3\n");
}

/* ---- both went back ---- */

static void what_the_peer_cannot_give_back_is_lost(void **state)
{
    (void)state;
    history(3);
    restore_line(&world.cn, 1, 0);
    restore_line(&world.us, 0, 2);
    restore_head(&world.us);
    connect_both();
    assert_log("cn link up\n"
               "cn journal lost\n"
               "us link up\n"
               "us journal confirmed\n"
               "us peer's journal closed\n");
    assert_int_equal(world.cn.journal.size, 3);
    submit(&world.cn, 1);
    assert_int_equal(world.cn.tail, 1); /* nothing is signed any more */
}

static void a_lost_journal_is_served_up_to_its_last_good_checkpoint(void **state)
{
    (void)state;
    history(3);
    restore_line(&world.cn, 2, 0);
    restore_line(&world.us, 0, 1);
    restore_head(&world.us);
    connect_both();
    assert_int_equal(world.cn.state, DL_JOURNAL_LOST);
    assert_int_equal(world.us.theirs.size, 2);
    assert_int_equal(world.us.alarm.kind, 0);
}

static void a_lost_journal_lives_with_receipts_for_what_it_lost(void **state)
{
    (void)state;
    history(3);
    /* cn lost all, and remembers from head.db that it signed 3; us holds 2 and cosigned 2 */
    restore_line(&world.cn, 0, 0);
    restore_line(&world.us, 0, 2);
    restore_head(&world.us);
    connect_both();
    assert_int_equal(world.cn.state, DL_JOURNAL_LOST);
    forget_log();
    pass(DL_TIME_HEARTBEAT_MS); /* us cosigns 2 again */
    assert_log("");
    assert_non_null(world.cn.session);
    assert_int_equal(world.cn.receipt[0], 0); /* no receipt for what is not there (I3) */
}

static void renew(struct side *side, const char *content)
{
    struct leaf_octets made;
    side->ours.generation++;
    cut_log(&side->ours, 0);
    side->head[0] = 0;
    side->receipt[0] = 0;
    make_entry(&made, "renewal-1", "line-state", content);
    struct dl_entry_octets entry = leaf_entry(&made);
    put_entry(&side->ours, 0, &entry);
    side->ours.size = 1;
    sign_journal(side);
    copy_note(side->head, note_view(side->ours.notes[1]));
    side->state = DL_JOURNAL_UNCONFIRMED;
    free_leaf(&made);
}

static const char renewal[] = "{\"previous\":null,\"reason\":\"restored\",\"to\":\"renewed\"}";

static void the_next_generation_is_taken_from_its_first_entry(void **state)
{
    (void)state;
    history(3);
    renew(&world.cn, renewal);
    world.cn.tail = 2;
    connect_both();
    assert_log("cn link up\n"
               "cn journal confirmed\n"
               "us link up\n"
               "us journal confirmed\n"
               "us accepts generation 2\n"
               "us stores 0 to 0\n"
               "us stores 1 to 2\n"
               "cn receipt 3\n");
    restart(&world.us);
    forget_log();
    connect_both();
    assert_log("cn link up\n"
               "us link up\n"
               "us journal confirmed\n");
}

static void a_new_generation_waits_for_room_on_the_disk(void **state)
{
    (void)state;
    history(3);
    renew(&world.cn, renewal);
    open_side(&world.cn);
    open_side(&world.us);
    world.us.full = true;
    pump();
    assert_int_equal(world.us.theirs.size, 3); /* the first generation is still what is there */
    world.us.full = false;
    struct dl_frontier frontier = frontier_at(&world.us.theirs, 3);
    struct dl_session_event ready = {.type = DL_ON_READY, .size = 3, .frontier = &frontier};
    step(&world.us, &ready);
    pump();
    assert_log("cn link up\n"
               "cn journal confirmed\n"
               "us link up\n"
               "us journal confirmed\n"
               "us stores 0 to 0\n"
               "us disk full\n"
               "cn peer busy\n"
               "cn peer ready\n"
               "us accepts generation 2\n"
               "us stores 0 to 0\n"
               "cn receipt 1\n");
}

static void a_generation_that_begins_with_anything_else_is_refused(void **state)
{
    (void)state;
    history(3);
    renew(&world.cn, "{\"previous\":null,\"reason\":\"no\",\"to\":\"active\"}");
    connect_both();
    assert_int_equal(world.us.closed, DL_E_PROTOCOL);
    assert_string_equal(world.us.close_text, "generation 2 does not begin with a renewal");
    assert_int_equal(world.us.theirs.size, 3);
}

static void a_side_restored_to_before_its_renewal_is_lost(void **state)
{
    (void)state;
    history(1);
    renew(&world.cn, renewal);
    connect_both();
    restart(&world.cn);
    forget_log();
    world.cn.ours.generation = 1;
    cut_log(&world.cn.ours, 0);
    world.cn.head[0] = 0;
    world.cn.receipt[0] = 0;
    submit(&world.cn, 1);
    connect_both();
    assert_log("cn link up\n"
               "cn journal lost\n"
               "us link up\n"
               "us peer's journal closed\n");
    assert_int_equal(world.cn.journal.held_generation, 2);
}

/* ---- contradictions ---- */

/* cn's disk gets another entry in place of one that it signed. */
static void change_entry(struct side *side, uint64_t index)
{
    struct leaf_octets made;
    make_leaf(&made, side->name, 900 + (unsigned)index);
    struct dl_entry_octets entry = leaf_entry(&made);
    put_entry(&side->ours, index, &entry);
    free_leaf(&made);
}

static void sign_all_again(struct side *side)
{
    uint64_t size = side->ours.size;
    for (uint64_t i = 1; i <= size; i++) {
        side->ours.size = i;
        sign_journal(side);
    }
}

static void a_disk_that_contradicts_a_signed_note_is_forked(void **state)
{
    (void)state;
    history(3);
    change_entry(&world.cn, 0);
    sign_all_again(&world.cn);
    copy_note(world.cn.head, note_view(world.cn.ours.notes[3]));
    world.cn.receipt[0] = 0;
    connect_both();
    assert_log("cn link up\n"
               "cn journal forked\n"
               "us link up\n"
               "us journal confirmed\n"
               "us peer's journal closed\n");
    assert_int_equal(world.us.alarm.kind, 0); /* nothing contradicting left cn */
}

static void what_comes_back_must_lie_on_every_note(void **state)
{
    (void)state;
    history(3);
    /* us holds a history of three; cn's own receipt is of another root at size 2 */
    struct dl_hash other = {{1}};
    char note[NOTE_MAX];
    sign_root(&world.cn, 2, &other, note);
    restore_line(&world.cn, 1, 0);
    cosign_note(&world.cn, &world.us, note, 1764000000, world.cn.receipt);
    cut_log(&world.us.theirs, 3);
    free(world.us.theirs.notes[2]); /* its batches went past size 2 */
    world.us.theirs.notes[2] = NULL;
    connect_both();
    assert_int_equal(world.cn.state, DL_JOURNAL_FORKED);
    assert_int_equal(world.cn.closed, DL_E_FORK);
}

static void put_frame(struct side *to, enum dl_frame_type type, const char *note)
{
    dl_msg_note_encode(&to->inbox, type, dl_view_str(note));
    pump();
}

static void two_roots_for_one_size_freeze_with_both_notes(void **state)
{
    (void)state;
    char note[NOTE_MAX];
    struct dl_hash other = {{7}};
    connect_both();
    submit(&world.cn, 2);
    pump();
    forget_log();
    sign_root(&world.cn, 2, &other, note);
    put_frame(&world.us, DL_FRAME_CHECKPOINT, note);
    assert_log("us FREEZES: two roots\n"
               "us closes E_FORK\n"
               "cn was closed E_FORK\n");
    assert_string_equal(world.us.alarm_note[0], world.cn.ours.notes[2]);
    assert_string_equal(world.us.alarm_note[1], note);
}

static void two_roots_found_in_hello2_freeze_too(void **state)
{
    (void)state;
    history(2);
    open_side(&world.us);
    dl_buf_reset(&world.cn.inbox);
    struct dl_msg_hello1 hello = {.from = dl_view_str("cn"),
                                  .to = dl_view_str("us"),
                                  .held_origin = dl_view_str("directline/us/cn"),
                                  .own_origin = dl_view_str("directline/cn/us")};
    char note[NOTE_MAX];
    struct dl_hash other = {{7}};
    sign_root(&world.cn, 2, &other, note);
    struct dl_msg_hello2 hello2 = {.note = dl_view_str(note)};
    dl_msg_hello1_encode(&world.us.inbox, &hello);
    dl_msg_hello2_encode(&world.us.inbox, &hello2);
    pump();
    assert_log("us link up\n"
               "us journal confirmed\n"
               "us FREEZES: two roots\n"
               "us closes E_FORK\n");
}

static void a_newest_checkpoint_that_shrank_is_closed_not_frozen(void **state)
{
    (void)state;
    history(2);
    open_side(&world.us);
    dl_buf_reset(&world.cn.inbox);
    struct dl_msg_hello1 hello = {.from = dl_view_str("cn"),
                                  .to = dl_view_str("us"),
                                  .held_origin = dl_view_str("directline/us/cn"),
                                  .own_origin = dl_view_str("directline/cn/us")};
    struct dl_msg_hello2 hello2 = {.note = dl_view_str(world.cn.ours.notes[1])};
    dl_msg_hello1_encode(&world.us.inbox, &hello);
    dl_msg_hello2_encode(&world.us.inbox, &hello2);
    pump();
    assert_log("us link up\n"
               "us journal confirmed\n"
               "us closes E_CHECKPOINT\n");
    assert_string_equal(world.us.close_text,
                        "your newest checkpoint is of size 1, but you signed one of 2");
}

/* A batch of cn's with a checkpoint that is signed, but of another root. */
static void submit_with_false_root(struct side *side)
{
    struct dl_hash other = {{9}};
    char note[NOTE_MAX];
    append_quietly(side, 1);
    sign_root(side, side->ours.size, &other, note);
    put_note(&side->ours, side->ours.size, dl_view_str(note));
    copy_note(side->head, dl_view_str(note));
    struct dl_session_event event = {
        .type = DL_ON_GREW, .size = side->ours.size, .note = dl_view_str(side->head)};
    step(side, &event);
    pump();
}

static void a_proof_that_fails_freezes(void **state)
{
    (void)state;
    connect_both();
    submit(&world.cn, 2);
    pump();
    forget_log();
    submit_with_false_root(&world.cn);
    assert_log("cn proves 2 to 3\n"
               "us FREEZES: proof failed\n"
               "us closes E_FORK\n"
               "cn was closed E_FORK\n");
    assert_int_equal(world.us.theirs.size, 2);
}

static void a_proof_that_is_refused_freezes(void **state)
{
    (void)state;
    connect_both();
    submit(&world.cn, 2);
    pump();
    forget_log();
    world.cn.refuse_proof = true;
    submit_with_false_root(&world.cn);
    assert_log("cn proves 2 to 3\n"
               "us FREEZES: proof refused\n"
               "us closes E_FORK\n"
               "cn was closed E_FORK\n");
}

static void a_proof_that_never_comes_only_closes(void **state)
{
    (void)state;
    connect_both();
    submit(&world.cn, 2);
    pump();
    forget_log();
    append_quietly(&world.cn, 1);
    struct dl_hash other = {{9}};
    char note[NOTE_MAX];
    struct dl_entry_octets entry = entry_at(&world.cn.ours, 2);
    struct dl_msg_entry msg = {2, entry};
    sign_root(&world.cn, 3, &other, note);
    dl_msg_entry_encode(&world.us.inbox, DL_FRAME_ENTRY, &msg);
    dl_msg_note_encode(&world.us.inbox, DL_FRAME_CHECKPOINT, dl_view_str(note));
    deliver(&world.us);
    dl_session_free(&world.cn.session); /* it answers pings, by hand, and nothing else */
    for (int i = 0; i < 30; i++) {
        dl_msg_number_encode(&world.us.inbox, DL_FRAME_PING, 1);
        pass(1000);
    }
    assert_log("us closes E_TIMEOUT\n");
    assert_string_equal(world.us.close_text, "no proof within 30 s");
}

static void damage_on_the_way_is_closed_and_tried_again(void **state)
{
    (void)state;
    connect_both();
    submit(&world.cn, 2);
    pump();
    forget_log();
    append_quietly(&world.cn, 1);
    struct stored_entry *entry = &world.cn.ours.entries[2];
    struct leaf_octets other;
    make_leaf(&other, "cn", 77);
    struct dl_entry_octets sent = leaf_entry(&other);
    struct dl_msg_entry msg = {2, sent};
    struct dl_session_event event = {
        .type = DL_ON_GREW, .size = 3, .note = dl_view_str(world.cn.head)};
    world.cut = true;
    step(&world.cn, &event);
    dl_buf_reset(&world.us.inbox);
    dl_msg_entry_encode(&world.us.inbox, DL_FRAME_ENTRY, &msg);
    dl_msg_note_encode(&world.us.inbox, DL_FRAME_CHECKPOINT, dl_view_str(world.cn.head));
    free_leaf(&other);
    world.cut = false;
    assert_non_null(entry->octets);
    pump();
    assert_log("cn proves 2 to 3\n"
               "us closes E_BATCH_ROOT\n"
               "cn was closed E_BATCH_ROOT\n");
    connect_both();
    assert_log("cn link up\n"
               "us link up\n"
               "us stores 2 to 2\n"
               "cn receipt 3\n");
}

static void a_first_batch_without_its_root_is_closed(void **state)
{
    (void)state;
    connect_both();
    forget_log();
    submit_with_false_root(&world.cn);
    assert_log("us closes E_BATCH_ROOT\n"
               "cn was closed E_BATCH_ROOT\n");
}

/* us holds 1 of cn's entries, and cosigned another history of 3. cn is played by hand: it says
 * nothing of what it holds, and sends all that it has. */
static void send_past_the_floor(uint64_t to)
{
    struct dl_hash other = {{8}};
    char note[NOTE_MAX];
    history(4);
    restore_line(&world.us, 0, 1);
    sign_root(&world.cn, 3, &other, note);
    cosign_row(&world.us, note);
    open_side(&world.us);
    dl_buf_reset(&world.cn.inbox);
    struct dl_msg_hello1 hello = {.from = dl_view_str("cn"),
                                  .to = dl_view_str("us"),
                                  .held_origin = dl_view_str("directline/us/cn"),
                                  .own_origin = dl_view_str("directline/cn/us")};
    struct dl_msg_hello2 hello2 = {.note = dl_view_str(world.cn.ours.notes[4])};
    dl_msg_hello1_encode(&world.us.inbox, &hello);
    dl_msg_hello2_encode(&world.us.inbox, &hello2);
    for (uint64_t i = 1; i < to; i++) {
        struct dl_msg_entry msg = {i, entry_at(&world.cn.ours, i)};
        dl_msg_entry_encode(&world.us.inbox, DL_FRAME_ENTRY, &msg);
    }
    dl_msg_note_encode(&world.us.inbox, DL_FRAME_CHECKPOINT, dl_view_str(world.cn.ours.notes[to]));
    forget_log();
    pump();
}

static void another_root_at_the_floor_freezes(void **state)
{
    (void)state;
    send_past_the_floor(3);
    assert_log("us link up\n"
               "us journal confirmed\n"
               "us FREEZES: two roots\n"
               "us closes E_FORK\n");
    assert_int_equal(world.us.theirs.size, 1);
}

static void a_tree_that_passes_the_floor_with_another_root_must_be_proved(void **state)
{
    (void)state;
    send_past_the_floor(4);
    assert_log("us link up\n"
               "us journal confirmed\n");
    assert_int_equal(world.us.theirs.size, 1);
    struct dl_msg_proof refusal = {.from = 3, .to = 4, .refused = true};
    dl_msg_proof_encode(&world.us.inbox, &refusal);
    pump();
    assert_log("us FREEZES: proof refused\n"
               "us closes E_FORK\n");
}

static void a_session_is_not_made_with_a_head_db_that_is_behind(void **state)
{
    (void)state;
    history(2);
    assert_int_equal(make_session(&world.cn), DL_OK);
    dl_session_free(&world.cn.session);
    copy_note(world.cn.head, note_view(world.cn.ours.notes[1]));
    assert_int_equal(make_session(&world.cn), DL_E_STORE_CORRUPT);
}

static void a_session_is_not_made_over_a_damaged_disk(void **state)
{
    (void)state;
    history(2);
    change_entry(&world.cn, 1); /* and the checkpoint is the old one */
    assert_int_equal(make_session(&world.cn), DL_E_STORE_CORRUPT);
    assert_null(world.cn.session);
    world.us.theirs.entries[0].octets[5] ^= 1;
    assert_int_equal(make_session(&world.us), DL_E_STORE_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_restored_line_db_is_rewound_and_heals),
        T(with_head_db_restored_too_the_peers_note_tells),
        T(a_note_that_the_peer_stored_and_never_cosigned_counts_too),
        T(a_rewound_side_still_takes_the_others_entries),
        T(what_comes_back_damaged_is_closed_and_tried_again),
        T(a_peer_that_lost_its_copy_is_served_again),
        T(a_receipt_that_the_receiver_forgot_becomes_its_floor),
        T(what_the_peer_cannot_give_back_is_lost),
        T(a_lost_journal_is_served_up_to_its_last_good_checkpoint),
        T(a_lost_journal_lives_with_receipts_for_what_it_lost),
        T(the_next_generation_is_taken_from_its_first_entry),
        T(a_new_generation_waits_for_room_on_the_disk),
        T(a_generation_that_begins_with_anything_else_is_refused),
        T(a_side_restored_to_before_its_renewal_is_lost),
        T(a_disk_that_contradicts_a_signed_note_is_forked),
        T(what_comes_back_must_lie_on_every_note),
        T(two_roots_for_one_size_freeze_with_both_notes),
        T(two_roots_found_in_hello2_freeze_too),
        T(a_newest_checkpoint_that_shrank_is_closed_not_frozen),
        T(a_proof_that_fails_freezes),
        T(a_proof_that_is_refused_freezes),
        T(a_proof_that_never_comes_only_closes),
        T(damage_on_the_way_is_closed_and_tried_again),
        T(a_first_batch_without_its_root_is_closed),
        T(another_root_at_the_floor_freezes),
        T(a_tree_that_passes_the_floor_with_another_root_must_be_proved),
        T(a_session_is_not_made_with_a_head_db_that_is_behind),
        T(a_session_is_not_made_over_a_damaged_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
