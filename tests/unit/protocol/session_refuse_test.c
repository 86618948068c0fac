/* Everything that a session refuses, with the code and the words that the peer and the log get; and
 * the twin that it takes. The session is us's; cn is played by hand. */
#include "tests/unit/protocol/session_pair.h"

static struct dl_msg_hello1 a_hello(void)
{
    return (struct dl_msg_hello1){.from = dl_view_str("cn"),
                                  .to = dl_view_str("us"),
                                  .held_origin = dl_view_str("directline/us/cn"),
                                  .own_origin = dl_view_str("directline/cn/us")};
}

/* us waits for HELLO1. */
static void open_us(void)
{
    open_side(&world.us);
    dl_buf_reset(&world.cn.inbox);
}

static void say_hello2(const char *note)
{
    struct dl_msg_hello2 hello2 = {.note = note_view(note)};
    dl_msg_hello2_encode(&world.us.inbox, &hello2);
}

/* us is open, and cn's HELLO2 has come. */
static void open_whole(void)
{
    struct dl_msg_hello1 hello = a_hello();
    open_us();
    dl_msg_hello1_encode(&world.us.inbox, &hello);
    say_hello2(NULL);
    pump();
    assert_non_null(world.us.session);
}

static void assert_closed(enum dl_err code, const char *text)
{
    pump();
    assert_null(world.us.session);
    assert_string_equal(world.us.close_text, text);
    assert_string_equal(dl_err_code(world.us.closed), dl_err_code(code));
    assert_false(world.us.closed_by_peer);
}

static void assert_open(void)
{
    pump();
    if (world.us.session == NULL) {
        fail_msg("closed: %s", world.us.close_text);
    }
}

static void put_note_frame(enum dl_frame_type type, const char *note)
{
    dl_msg_note_encode(&world.us.inbox, type, dl_view_str(note));
}

static void put_entry_of(uint64_t index)
{
    struct dl_msg_entry msg = {index, entry_at(&world.cn.ours, index)};
    dl_msg_entry_encode(&world.us.inbox, DL_FRAME_ENTRY, &msg);
}

/* ---- before HELLO1 ---- */

static void an_entry_before_hello1(void **state)
{
    (void)state;
    append_quietly(&world.cn, 1);
    open_us();
    put_entry_of(0);
    assert_closed(DL_E_FRAME_STATE, "ENTRY is not allowed now");
}

static void a_frame_above_16_kib_before_hello1(void **state)
{
    (void)state;
    open_us();
    dl_buf_u32(&world.us.inbox, DL_LIMIT_FRAME_EARLY);
    dl_buf_u8(&world.us.inbox, DL_FRAME_ENTRY);
    assert_closed(DL_E_TOO_LARGE, "a frame with a header that cannot be");
}

static void an_unknown_frame(void **state)
{
    (void)state;
    open_us();
    dl_buf_u32(&world.us.inbox, 8);
    dl_buf_u8(&world.us.inbox, 99);
    assert_closed(DL_E_FRAME, "a frame with a header that cannot be");
}

static void a_hello1_from_another_agency(void **state)
{
    (void)state;
    struct dl_msg_hello1 hello = a_hello();
    hello.from = dl_view_str("gb");
    open_us();
    dl_msg_hello1_encode(&world.us.inbox, &hello);
    assert_closed(DL_E_PROTOCOL, "HELLO1 is from another agency or to another");
}

static void a_hello1_about_another_journal(void **state)
{
    (void)state;
    struct dl_msg_hello1 hello = a_hello();
    hello.held_origin = dl_view_str("directline/us/gb");
    open_us();
    dl_msg_hello1_encode(&world.us.inbox, &hello);
    assert_closed(DL_E_ORIGIN, "a note in HELLO1: the origin is not of this line");
}

static void a_hello1_of_another_journal(void **state)
{
    (void)state;
    struct dl_msg_hello1 hello = a_hello();
    hello.own_origin = dl_view_str("directline/cn/us/01");
    open_us();
    dl_msg_hello1_encode(&world.us.inbox, &hello);
    assert_closed(DL_E_ORIGIN, "a note in HELLO1: the origin is not of this line");
}

static void a_malformed_hello1(void **state)
{
    (void)state;
    open_us();
    dl_buf_u32(&world.us.inbox, 40);
    dl_buf_u8(&world.us.inbox, DL_FRAME_HELLO1);
    for (int i = 0; i < 40; i++) {
        dl_buf_u8(&world.us.inbox, 0);
    }
    assert_closed(DL_E_FRAME, "a malformed HELLO1");
}

/* HELLO1 with notes about us's journal of two entries. */
static void hello_with(const char *held, uint64_t size, const char *cosigned)
{
    struct dl_msg_hello1 hello = a_hello();
    hello.held_note = note_view(held);
    hello.held_size = size;
    hello.held_cosigned = note_view(cosigned);
    dl_msg_hello1_encode(&world.us.inbox, &hello);
}

static void a_held_note_that_we_did_not_sign(void **state)
{
    (void)state;
    char note[NOTE_MAX];
    append_quietly(&world.us, 2);
    open_us();
    strcpy(note, world.us.ours.notes[2]);
    char *digit = strstr(note, "\n2\n");
    digit[1] = '9';
    hello_with(note, 9, NULL);
    assert_closed(DL_E_SIGNATURE, "a note in HELLO1: a signature does not verify");
}

static void a_held_note_of_another_size(void **state)
{
    (void)state;
    append_quietly(&world.us, 2);
    open_us();
    hello_with(world.us.ours.notes[2], 1, NULL);
    assert_closed(DL_E_PROTOCOL, "a note in HELLO1: the peer broke the protocol");
}

static void a_held_note_that_we_did_sign_is_taken(void **state)
{
    (void)state;
    append_quietly(&world.us, 2);
    open_us();
    hello_with(world.us.ours.notes[2], 2, NULL);
    assert_open();
}

static void a_cosigned_note_without_the_cosignature(void **state)
{
    (void)state;
    append_quietly(&world.us, 2);
    open_us();
    hello_with(world.us.ours.notes[2], 2, world.us.ours.notes[2]);
    assert_closed(DL_E_SIGNATURE, "a note in HELLO1: a signature does not verify");
}

static void a_cosignature_of_another_agency(void **state)
{
    (void)state;
    char note[NOTE_MAX];
    append_quietly(&world.us, 2);
    open_us();
    cosign_note(&world.us, &world.us, world.us.ours.notes[2], 1, note);
    hello_with(world.us.ours.notes[2], 2, note);
    assert_closed(DL_E_SIGNATURE, "a note in HELLO1: a signature does not verify");
}

static void a_receipt_that_we_did_not_give(void **state)
{
    (void)state;
    struct dl_msg_hello1 hello = a_hello();
    append_quietly(&world.cn, 1);
    open_us();
    hello.receipt = dl_view_str(world.cn.ours.notes[1]);
    dl_msg_hello1_encode(&world.us.inbox, &hello);
    assert_closed(DL_E_SIGNATURE, "a note in HELLO1: a signature does not verify");
}

/* ---- in a state that does not allow it ---- */

static void put_number(enum dl_frame_type type)
{
    dl_msg_number_encode(&world.us.inbox, type, 0);
}

static void a_second_hello1(void **state)
{
    (void)state;
    struct dl_msg_hello1 hello = a_hello();
    open_whole();
    dl_msg_hello1_encode(&world.us.inbox, &hello);
    assert_closed(DL_E_FRAME_STATE, "HELLO1 is not allowed now");
}

static void a_second_hello2(void **state)
{
    (void)state;
    open_whole();
    say_hello2(NULL);
    assert_closed(DL_E_FRAME_STATE, "HELLO2 is not allowed now");
}

static void an_entry_before_hello2(void **state)
{
    (void)state;
    struct dl_msg_hello1 hello = a_hello();
    append_quietly(&world.cn, 1);
    open_us();
    dl_msg_hello1_encode(&world.us.inbox, &hello);
    put_entry_of(0);
    assert_closed(DL_E_FRAME_STATE, "ENTRY is not allowed now");
}

static void a_ready_without_busy(void **state)
{
    (void)state;
    open_whole();
    put_number(DL_FRAME_READY);
    assert_closed(DL_E_FRAME_STATE, "READY is not allowed now");
}

static void a_second_busy(void **state)
{
    (void)state;
    open_whole();
    dl_msg_busy_encode(&world.us.inbox);
    dl_msg_busy_encode(&world.us.inbox);
    assert_closed(DL_E_FRAME_STATE, "BUSY is not allowed now");
}

static void a_resume_without_ready(void **state)
{
    (void)state;
    open_whole();
    put_number(DL_FRAME_RESUME);
    assert_closed(DL_E_FRAME_STATE, "RESUME is not allowed now");
}

static void entries_back_that_were_not_asked_for(void **state)
{
    (void)state;
    append_quietly(&world.cn, 1);
    struct dl_msg_entry msg = {0, entry_at(&world.cn.ours, 0)};
    open_whole();
    dl_msg_entry_encode(&world.us.inbox, DL_FRAME_RETURN_ENTRY, &msg);
    assert_closed(DL_E_FRAME_STATE, "RETURN_ENTRY is not allowed now");
}

static void a_repair_that_was_not_asked_for(void **state)
{
    (void)state;
    append_quietly(&world.cn, 1);
    struct dl_msg_entry msg = {0, entry_at(&world.cn.ours, 0)};
    open_whole();
    dl_msg_entry_encode(&world.us.inbox, DL_FRAME_REPAIR_ENTRY, &msg);
    assert_closed(DL_E_FRAME_STATE, "REPAIR_ENTRY is not allowed now");
}

static void an_end_of_a_pull_that_was_not_asked_for(void **state)
{
    (void)state;
    struct dl_msg_range range = {0, 0};
    open_whole();
    dl_msg_range_encode(&world.us.inbox, DL_FRAME_PULL_END, &range);
    assert_closed(DL_E_FRAME_STATE, "PULL_END is not allowed now");
}

static void a_proof_that_was_not_asked_for(void **state)
{
    (void)state;
    struct dl_msg_proof proof = {.from = 1, .to = 2};
    open_whole();
    dl_msg_proof_encode(&world.us.inbox, &proof);
    assert_closed(DL_E_FRAME_STATE, "PROOF is not allowed now");
}

static void a_test_reply_that_was_not_asked_for(void **state)
{
    (void)state;
    struct dl_msg_test test = {.text = dl_view_str("twenty-four octets text.")};
    open_whole();
    dl_msg_test_encode(&world.us.inbox, DL_FRAME_TEST_REPLY, &test);
    assert_closed(DL_E_FRAME_STATE, "TEST_REPLY is not allowed now");
}

static void a_pong_is_always_taken(void **state)
{
    (void)state;
    open_whole();
    put_number(DL_FRAME_PONG);
    put_number(DL_FRAME_PING);
    assert_open();
}

/* ---- entries ---- */

static void an_entry_out_of_order(void **state)
{
    (void)state;
    append_quietly(&world.cn, 2);
    open_whole();
    put_entry_of(1);
    assert_closed(DL_E_PROTOCOL, "entry 1 where 0 is next");
}

static void put_made(const char *kind, const char *content, size_t change, const char *marking)
{
    struct leaf_octets made;
    make_entry(&made, "x-1", kind, content);
    if (change > 0) {
        made.content.p[change] ^= 1;
    }
    if (marking != NULL) {
        uint8_t *at = memmem(made.leaf.p, made.leaf.n, "actual", 6);
        assert_non_null(at);
        struct dl_buf leaf;
        dl_buf_init(&leaf, DL_LIMIT_LEAF);
        dl_buf_put(&leaf, made.leaf.p, (size_t)(at - made.leaf.p));
        dl_buf_put_str(&leaf, marking);
        dl_buf_put(&leaf, at + 6, made.leaf.n - 6 - (size_t)(at - made.leaf.p));
        dl_buf_fini(&made.leaf);
        made.leaf = leaf;
    }
    struct dl_msg_entry msg = {0, leaf_entry(&made)};
    dl_msg_entry_encode(&world.us.inbox, DL_FRAME_ENTRY, &msg);
    free_leaf(&made);
}

static void a_content_that_its_leaf_does_not_commit_to(void **state)
{
    (void)state;
    open_whole();
    put_made("message", "{\"text\":{\"en\":\"abcdef\"}}", 18, NULL);
    pump();
    assert_int_equal(world.us.closed, DL_E_PROOF);
    assert_int_equal(world.us.to_store, 0);
}

static void an_unknown_marking(void **state)
{
    (void)state;
    open_whole();
    put_made("message", "{\"text\":{\"en\":\"abcdef\"}}", 0, "Actual");
    pump();
    assert_int_equal(world.us.closed, DL_E_MARKING);
}

static void an_exercise_entry_on_a_real_line(void **state)
{
    (void)state;
    open_whole();
    put_made("message", "{\"text\":{\"en\":\"abcdef\"}}", 0, "exercise");
    pump();
    assert_int_equal(world.us.closed, DL_E_MARKING); /* I8 */
}

static void a_test_entry_on_a_real_line_is_taken(void **state)
{
    (void)state;
    open_whole();
    put_made("message", "{\"text\":{\"en\":\"abcdef\"}}", 0, "test");
    assert_open();
}

static void a_content_that_its_kind_does_not_allow(void **state)
{
    (void)state;
    open_whole();
    put_made("message", "{\"words\":{\"en\":\"abcdef\"}}", 0, NULL);
    pump();
    assert_int_equal(world.us.closed, DL_E_FIELD_UNKNOWN);
    assert_non_null(strstr(world.us.close_text, "entry 0, "));
}

static void a_kind_of_a_later_version_is_taken(void **state)
{
    (void)state;
    open_whole();
    put_made("spectrum", "{\"words\":{\"en\":\"abcdef\"}}", 0, NULL);
    assert_open();
}

static void a_batch_of_257_entries(void **state)
{
    (void)state;
    world.quiet = true;
    append_quietly(&world.cn, 257);
    open_whole();
    for (uint64_t i = 0; i < 257; i++) {
        put_entry_of(i);
    }
    assert_closed(DL_E_LIMIT, "a batch of more than 256 entries or 1048576 octets");
}

static void put_next_entry(void)
{
    struct leaf_octets made;
    uint64_t index = world.cn.ours.size;
    make_leaf(&made, "cn", (unsigned)index);
    struct dl_msg_entry msg = {index, leaf_entry(&made)};
    dl_msg_entry_encode(&world.us.inbox, DL_FRAME_ENTRY, &msg);
    put_entry(&world.cn.ours, index, &msg.entry);
    world.cn.ours.size++;
    free_leaf(&made);
}

static void more_than_the_credit(void **state)
{
    (void)state;
    world.quiet = true;
    open_whole();
    for (int batch = 0; batch < DL_LIMIT_CREDIT_ENTRIES / DL_LIMIT_BATCH_ENTRIES; batch++) {
        for (int i = 0; i < DL_LIMIT_BATCH_ENTRIES; i++) {
            put_next_entry();
        }
        sign_journal(&world.cn);
        put_note_frame(DL_FRAME_CHECKPOINT, world.cn.ours.notes[world.cn.ours.size]);
        while (deliver(&world.us)) { /* given to store, and never stored */
        }
    }
    assert_non_null(world.us.session);
    world.cn.ours.size--; /* the array is full; what comes now is not kept */
    put_next_entry();
    while (deliver(&world.us)) {
    }
    assert_closed(DL_E_LIMIT, "more entries than credit was given for");
}

/* An entry of a quarter of a batch's octets, less a little. */
static void put_large_entry(uint64_t index)
{
    static char content[DL_LIMIT_CONTENT];
    char id[32];
    struct leaf_octets made;
    size_t n = DL_LIMIT_BATCH_OCTETS / 4 - 1024;
    snprintf(id, sizeof id, "large-%llu", (unsigned long long)index);
    memset(content, 'x', n);
    memcpy(content, "{\"d\":\"", 6);
    memcpy(content + n - 2, "\"}", 3);
    make_entry(&made, id, "spectrum", content);
    struct dl_msg_entry msg = {index, leaf_entry(&made)};
    dl_msg_entry_encode(&world.us.inbox, DL_FRAME_ENTRY, &msg);
    put_entry(&world.cn.ours, index, &msg.entry);
    world.cn.ours.size = index + 1;
    free_leaf(&made);
}

static void a_batch_of_more_than_a_mebibyte(void **state)
{
    (void)state;
    open_whole();
    for (uint64_t i = 0; i < 4; i++) {
        put_large_entry(i);
    }
    while (deliver(&world.us)) {
    }
    assert_non_null(world.us.session);
    put_large_entry(4);
    assert_closed(DL_E_LIMIT, "a batch of more than 256 entries or 1048576 octets");
}

static void more_octets_than_the_credit(void **state)
{
    (void)state;
    open_whole();
    for (uint64_t i = 0; i < 16; i++) {
        put_large_entry(i);
        if (i % 4 == 3) {
            sign_journal(&world.cn);
            put_note_frame(DL_FRAME_CHECKPOINT, world.cn.ours.notes[i + 1]);
        }
        while (deliver(&world.us)) { /* given to store, and never stored */
        }
    }
    assert_non_null(world.us.session);
    put_large_entry(16);
    while (deliver(&world.us)) {
    }
    assert_closed(DL_E_LIMIT, "more entries than credit was given for");
}

/* ---- checkpoints ---- */

static void a_checkpoint_with_extension_lines(void **state)
{
    (void)state;
    struct dl_buf text;
    struct dl_buf note;
    struct dl_vkey vkey;
    struct dl_public_key key = dl_signer_public(world.cn.journal_signer);
    append_quietly(&world.cn, 1);
    struct dl_frontier frontier = frontier_at(&world.cn.ours, 1);
    struct dl_hash root = dl_frontier_root(&frontier);
    dl_buf_init(&text, NOTE_MAX);
    dl_buf_init(&note, NOTE_MAX);
    dl_checkpoint_put(&text, dl_view_str("directline/cn/us"), 1, &root);
    dl_buf_put_str(&text, "more\n");
    struct dl_signature signature = dl_signer_sign(world.cn.journal_signer, dl_buf_view(&text));
    assert_int_equal(dl_vkey_make(dl_view_str("directline/cn/us"), DL_KEY_ED25519, &key, &vkey),
                     DL_OK);
    dl_note_put_text(&note, dl_buf_view(&text));
    dl_note_put_line(&note, &vkey, dl_view_of(signature.b, sizeof signature.b));
    open_whole();
    put_entry_of(0);
    dl_msg_note_encode(&world.us.inbox, DL_FRAME_CHECKPOINT, dl_buf_view(&note));
    dl_buf_fini(&text);
    dl_buf_fini(&note);
    assert_closed(DL_E_CHECKPOINT, "a checkpoint: not a valid checkpoint");
}

static void a_checkpoint_of_another_origin(void **state)
{
    (void)state;
    append_quietly(&world.cn, 1);
    append_quietly(&world.us, 1);
    open_whole();
    put_entry_of(0);
    put_note_frame(DL_FRAME_CHECKPOINT, world.us.ours.notes[1]);
    assert_closed(DL_E_ORIGIN, "a checkpoint: the origin is not of this line");
}

static void a_checkpoint_with_a_broken_signature(void **state)
{
    (void)state;
    char note[NOTE_MAX];
    append_quietly(&world.cn, 1);
    open_whole();
    strcpy(note, world.cn.ours.notes[1]);
    note[strlen(note) - 8] ^= 1;
    put_entry_of(0);
    put_note_frame(DL_FRAME_CHECKPOINT, note);
    pump();
    assert_int_equal(dl_err_class(world.us.closed), DL_CLASS_TRUST);
}

static void a_checkpoint_of_another_size_than_its_batch(void **state)
{
    (void)state;
    append_quietly(&world.cn, 1);
    append_quietly(&world.cn, 1);
    open_whole();
    put_entry_of(0);
    put_note_frame(DL_FRAME_CHECKPOINT, world.cn.ours.notes[2]);
    assert_closed(DL_E_PROTOCOL, "a checkpoint of size 2 after entry 1");
}

static void a_checkpoint_without_entries(void **state)
{
    (void)state;
    append_quietly(&world.cn, 1);
    open_whole();
    put_note_frame(DL_FRAME_CHECKPOINT, world.cn.ours.notes[1]);
    assert_closed(DL_E_PROTOCOL, "a checkpoint of size 1 after entry 0");
}

static void no_note_at_all(void **state)
{
    (void)state;
    append_quietly(&world.cn, 1);
    open_whole();
    put_entry_of(0);
    put_note_frame(DL_FRAME_CHECKPOINT, "not a note");
    assert_closed(DL_E_NOTE, "a checkpoint: not a valid signed note");
}

static void the_right_checkpoint_is_taken(void **state)
{
    (void)state;
    append_quietly(&world.cn, 1);
    open_whole();
    put_entry_of(0);
    put_note_frame(DL_FRAME_CHECKPOINT, world.cn.ours.notes[1]);
    assert_open();
    assert_int_equal(world.us.theirs.size, 1);
}

/* ---- receipts ---- */

static void a_receipt(uint64_t size, struct side *by, char note[NOTE_MAX])
{
    cosign_note(&world.us, by, world.us.ours.notes[size], 1764000000, note);
}

static void a_receipt_for_what_was_not_sent(void **state)
{
    (void)state;
    char note[NOTE_MAX];
    append_quietly(&world.us, 1);
    append_quietly(&world.us, 1);
    open_whole();
    a_receipt(1, &world.cn, note); /* sent was one batch, of both */
    put_note_frame(DL_FRAME_RECEIPT, note);
    assert_closed(DL_E_PROTOCOL, "a receipt for size 1, which was not sent");
}

static void a_receipt_that_nobody_cosigned(void **state)
{
    (void)state;
    append_quietly(&world.us, 1);
    open_whole();
    put_note_frame(DL_FRAME_RECEIPT, world.us.ours.notes[1]);
    assert_closed(DL_E_SIGNATURE, "a receipt: a signature does not verify");
}

static void a_receipt_cosigned_by_another(void **state)
{
    (void)state;
    char note[NOTE_MAX];
    append_quietly(&world.us, 1);
    open_whole();
    a_receipt(1, &world.us, note);
    put_note_frame(DL_FRAME_RECEIPT, note);
    assert_closed(DL_E_SIGNATURE, "a receipt: a signature does not verify");
}

static void a_receipt_below_an_earlier_one(void **state)
{
    (void)state;
    char first[NOTE_MAX];
    char second[NOTE_MAX];
    open_whole();
    submit(&world.us, 1);
    submit(&world.us, 1);
    a_receipt(1, &world.cn, first);
    a_receipt(2, &world.cn, second);
    put_note_frame(DL_FRAME_RECEIPT, second);
    assert_open();
    assert_int_equal(world.us.peer.receipted, 0); /* as of HELLO */
    put_note_frame(DL_FRAME_RECEIPT, first);
    assert_closed(DL_E_PROTOCOL, "a receipt for size 1, which was not sent");
}

static void a_receipt_for_what_was_held_below_a_later_one(void **state)
{
    (void)state;
    char first[NOTE_MAX];
    char second[NOTE_MAX];
    append_quietly(&world.us, 1);
    open_us();
    hello_with(world.us.ours.notes[1], 1, NULL);
    say_hello2(NULL);
    pump();
    submit(&world.us, 1);
    a_receipt(1, &world.cn, first);
    a_receipt(2, &world.cn, second);
    put_note_frame(DL_FRAME_RECEIPT, first);
    put_note_frame(DL_FRAME_RECEIPT, second);
    assert_open();
    put_note_frame(DL_FRAME_RECEIPT, first);
    assert_closed(DL_E_PROTOCOL, "a receipt for size 1, which was not sent");
}

static void a_receipt_for_another_root_that_we_signed_forks_us(void **state)
{
    (void)state;
    char note[NOTE_MAX];
    struct dl_hash other = {{5}};
    open_whole();
    submit(&world.us, 1);
    sign_root(&world.us, 1, &other, note);
    cosign_note(&world.us, &world.cn, note, 1764000000, note);
    put_note_frame(DL_FRAME_RECEIPT, note);
    assert_closed(DL_E_FORK, "a note of mine of size 1 contradicts my journal");
    assert_int_equal(world.us.state, DL_JOURNAL_FORKED);
}

/* ---- the rest ---- */

static void a_credit_that_takes_back(void **state)
{
    (void)state;
    struct dl_msg_credit credit = {DL_LIMIT_CREDIT_ENTRIES - 1, DL_LIMIT_CREDIT_OCTETS};
    open_whole();
    dl_msg_credit_encode(&world.us.inbox, &credit);
    assert_closed(DL_E_PROTOCOL, "CREDIT takes back what was given");
}

static void a_ready_for_what_was_not_sent(void **state)
{
    (void)state;
    open_whole();
    dl_msg_busy_encode(&world.us.inbox);
    dl_msg_number_encode(&world.us.inbox, DL_FRAME_READY, 1);
    assert_closed(DL_E_PROTOCOL, "READY at a size that was not sent");
}

static void put_test(const char *text, const struct dl_signer *signer)
{
    struct dl_msg_test test = {.text = dl_view_str(text)};
    test.signature = dl_signer_sign(signer, test.text);
    dl_msg_test_encode(&world.us.inbox, DL_FRAME_TEST, &test);
}

static const char good_test[] = "directline/link-test/1\ncn\nus\n"
                                "00112233445566778899aabbccddeeff\n2026-11-24T09:00:00.000Z\n"
                                "Link test 线路测试\n";

static void a_link_test_under_another_key(void **state)
{
    (void)state;
    open_whole();
    put_test(good_test, world.cn.journal_signer);
    assert_closed(DL_E_SIGNATURE, "a link test: a signature does not verify");
}

static void a_link_test_of_other_words(void **state)
{
    (void)state;
    char text[300];
    open_whole();
    strcpy(text, good_test);
    text[strlen(text) - 2] = '!';
    put_test(text, world.cn.receipt_signer);
    assert_closed(DL_E_PROTOCOL, "a link test: the peer broke the protocol");
}

static void a_link_test_meant_for_another(void **state)
{
    (void)state;
    char text[300];
    open_whole();
    strcpy(text, good_test);
    memcpy(strstr(text, "\nus\n"), "\ngb\n", 4);
    put_test(text, world.cn.receipt_signer);
    assert_closed(DL_E_PROTOCOL, "a link test: the peer broke the protocol");
}

static void the_right_link_test_is_taken(void **state)
{
    (void)state;
    open_whole();
    put_test(good_test, world.cn.receipt_signer);
    assert_open();
    assert_true(world.us.test.ok && world.us.test.incoming);
}

static void a_close_of_a_later_version(void **state)
{
    (void)state;
    struct dl_msg_close close = {dl_view_str("E_LATER"), dl_view_str("bad\x1b[31m")};
    open_whole();
    dl_msg_close_encode(&world.us.inbox, &close);
    pump();
    assert_int_equal(world.us.closed, DL_E_PROTOCOL);
    assert_true(world.us.closed_by_peer);
    assert_string_equal(world.us.close_text, ""); /* never an escape in the log */
}

static void after_the_end_every_step_says_so_again(void **state)
{
    (void)state;
    open_whole();
    struct dl_session_event event = {
        .type = DL_ON_CLOSE, .now_ms = world.now, .code = DL_E_REMOVED};
    struct dl_session_update update;
    dl_session_step(world.us.session, &event, &update);
    assert_true(update.flags == DL_UPDATE_CLOSED && update.send.n > 0);
    event.type = DL_ON_TIME;
    dl_session_step(world.us.session, &event, &update);
    assert_true(update.flags == DL_UPDATE_CLOSED && update.send.n == 0);
    assert_int_equal(update.code, DL_E_REMOVED);
}

static void a_flood_of_octets_is_bounded(void **state)
{
    (void)state;
    static uint8_t octets[256 * 1024];
    struct dl_session_update update = {0};
    /* a batch that never ends: its frames must stay, up to the batch's limits */
    world.quiet = true;
    append_quietly(&world.cn, 1);
    open_whole();
    memset(octets, 0, sizeof octets);
    struct dl_session_event event = {.type = DL_ON_BYTES,
                                     .now_ms = world.now,
                                     .unix_ms = 1764000000000,
                                     .octets = dl_view_of(octets, sizeof octets)};
    /* ENTRY of the greatest length, whose octets do not end */
    struct dl_buf head;
    dl_buf_init(&head, 16);
    dl_buf_u32(&head, DL_FRAME_ENTRY_MAX);
    dl_buf_u8(&head, DL_FRAME_ENTRY);
    memcpy(octets, head.p, head.n);
    dl_buf_fini(&head);
    unsigned steps = 0;
    while ((update.flags & DL_UPDATE_CLOSED) == 0 && steps < 16) {
        dl_session_step(world.us.session, &event, &update);
        steps++;
    }
    assert_true(steps < 16);
    assert_int_equal(dl_err_class(update.code), DL_CLASS_PEER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(an_entry_before_hello1),
        T(a_frame_above_16_kib_before_hello1),
        T(an_unknown_frame),
        T(a_hello1_from_another_agency),
        T(a_hello1_about_another_journal),
        T(a_hello1_of_another_journal),
        T(a_malformed_hello1),
        T(a_held_note_that_we_did_not_sign),
        T(a_held_note_of_another_size),
        T(a_held_note_that_we_did_sign_is_taken),
        T(a_cosigned_note_without_the_cosignature),
        T(a_cosignature_of_another_agency),
        T(a_receipt_that_we_did_not_give),
        T(a_second_hello1),
        T(a_second_hello2),
        T(an_entry_before_hello2),
        T(a_ready_without_busy),
        T(a_second_busy),
        T(a_resume_without_ready),
        T(entries_back_that_were_not_asked_for),
        T(a_repair_that_was_not_asked_for),
        T(an_end_of_a_pull_that_was_not_asked_for),
        T(a_proof_that_was_not_asked_for),
        T(a_test_reply_that_was_not_asked_for),
        T(a_pong_is_always_taken),
        T(an_entry_out_of_order),
        T(a_content_that_its_leaf_does_not_commit_to),
        T(an_unknown_marking),
        T(an_exercise_entry_on_a_real_line),
        T(a_test_entry_on_a_real_line_is_taken),
        T(a_content_that_its_kind_does_not_allow),
        T(a_kind_of_a_later_version_is_taken),
        T(a_batch_of_257_entries),
        T(more_than_the_credit),
        T(a_batch_of_more_than_a_mebibyte),
        T(more_octets_than_the_credit),
        T(a_checkpoint_with_extension_lines),
        T(a_receipt_for_what_was_held_below_a_later_one),
        T(a_checkpoint_of_another_origin),
        T(a_checkpoint_with_a_broken_signature),
        T(a_checkpoint_of_another_size_than_its_batch),
        T(a_checkpoint_without_entries),
        T(no_note_at_all),
        T(the_right_checkpoint_is_taken),
        T(a_receipt_for_what_was_not_sent),
        T(a_receipt_that_nobody_cosigned),
        T(a_receipt_cosigned_by_another),
        T(a_receipt_below_an_earlier_one),
        T(a_receipt_for_another_root_that_we_signed_forks_us),
        T(a_credit_that_takes_back),
        T(a_ready_for_what_was_not_sent),
        T(a_link_test_under_another_key),
        T(a_link_test_of_other_words),
        T(a_link_test_meant_for_another),
        T(the_right_link_test_is_taken),
        T(a_close_of_a_later_version),
        T(after_the_end_every_step_says_so_again),
        T(a_flood_of_octets_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
