/* Verifying exported folders: the public one, one of our own with contents, and each with one
 * thing wrong, which must be named.
 */
#include "node/bundle_verify.h"
#include "base/encoding.h"
#include "protocol/entry.h"
#include "protocol/tlog_proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[256];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/bundle-XXXXXX", DL_BUILD_DIR);
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static void run_program(const char *program, const char *option, const char *from, const char *to)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        execlp(program, program, option, from, to, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int remove_folder(void **state)
{
    (void)state;
    run_program("rm", "-rf", folder, NULL);
    return 0;
}

static void copy_public(void)
{
    char to[320];
    run_program("cp", "-rT", DL_TESTS_DIR "/vectors/tlog/dir", folder);
    snprintf(to, sizeof to, "%s/tiles", folder);
    run_program("cp", "-rT", DL_TESTS_DIR "/vectors/tlog/tiles", to);
}

static FILE *open_file(const char *name, const char *mode)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    return file;
}

static void write_file(const char *name, struct dl_view octets)
{
    FILE *file = open_file(name, "wb");
    assert_int_equal(fwrite(octets.p, 1, octets.n, file), octets.n);
    assert_int_equal(fclose(file), 0);
}

static void flip(const char *name, long at)
{
    FILE *file = open_file(name, "r+b");
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    int octet = fgetc(file);
    assert_int_not_equal(octet, EOF);
    assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
    assert_int_not_equal(fputc(octet ^ 1, file), EOF);
    assert_int_equal(fclose(file), 0);
}

static void add(const char *name)
{
    FILE *file = open_file(name, "ab");
    assert_int_not_equal(fputc('x', file), EOF);
    assert_int_equal(fclose(file), 0);
}

static void cut(const char *name)
{
    char path[512];
    struct stat stat_;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(stat(path, &stat_), 0);
    assert_int_equal(truncate(path, stat_.st_size - 1), 0);
}

static void drop(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(unlink(path), 0);
}

static void swap(const char *a, const char *b)
{
    char path_a[512];
    char path_b[512];
    char aside[512];
    snprintf(path_a, sizeof path_a, "%s/%s", folder, a);
    snprintf(path_b, sizeof path_b, "%s/%s", folder, b);
    snprintf(aside, sizeof aside, "%s/aside", folder);
    assert_int_equal(rename(path_a, aside), 0);
    assert_int_equal(rename(path_b, path_a), 0);
    assert_int_equal(rename(aside, path_b), 0);
}

/* Verifies; with `says` the problem must be among those named, with NULL there must be none. */
static void expect(struct dl_policy *given, const char *says, const char *what)
{
    struct dl_bundle bundle;
    struct dl_error error;
    dl_bundle_init(&bundle);
    assert_int_equal(dl_bundle_verify(folder, given, &bundle, &error), DL_OK);
    bool named = false;
    for (size_t i = 0; i < json_array_size(bundle.problems); i++) {
        const char *problem = json_string_value(json_array_get(bundle.problems, i));
        named = named || (says != NULL && strstr(problem, says) != NULL);
        if (says == NULL || getenv("BUNDLE_PROBLEMS") != NULL) {
            print_message("%s: %s\n", what, problem);
        }
    }
    if (says == NULL ? bundle.n_problems != 0 : !named) {
        fail_msg("%s: %zu problems, expected: %s", what, bundle.n_problems,
                 says == NULL ? "none" : says);
    }
    dl_bundle_fini(&bundle);
}

static void the_public_folder_verifies_with_its_own_keys(void **state)
{
    (void)state;
    struct dl_bundle bundle;
    struct dl_error error;
    struct dl_buf out;
    copy_public();
    dl_bundle_init(&bundle);
    dl_buf_init(&out, 65536);
    assert_int_equal(dl_bundle_verify(folder, NULL, &bundle, &error), DL_OK);
    dl_bundle_json(&bundle, &out);
    dl_buf_u8(&out, '\0');
    assert_string_equal(
        (const char *)out.p,
        "{\"verified\":true,\"origin\":\"public.dl-a.example/log\",\"size\":1000,\"root\":"
        "\"598089b645fd6ff93c9410b443a4285b064a35b1841435d25e109547f9ebe76b\",\"receipt\":"
        "{\"size\":1000,\"time\":\"2024-07-26T13:20:00.000Z\",\"by\":"
        "\"public.dl-b.example/receipt\"},\"entries\":1000,\"contents\":0,"
        "\"keys\":\"from-export\",\"problems\":[]}");
    dl_buf_fini(&out);
    dl_bundle_fini(&bundle);
}

static void one_thing_wrong_in_the_public_folder_is_named(void **state)
{
    (void)state;
    static const struct {
        void (*change)(const char *name);
        const char *name, *says;
    } cases[] = {
        {drop, "policy", "policy is missing"},
        {add, "policy", "the last line has no end"},
        {drop, "checkpoint", "checkpoint is missing"},
        {cut, "checkpoint", "checkpoint: not a valid signed note"},
        {drop, "entries.u32", "entries.u32 is missing"},
        {cut, "entries.u32", "entries.u32 breaks off in entry 999"},
        {add, "entries.u32", "entries.u32 breaks off in entry 1000"},
        {cut, "checkpoint.70", "checkpoint.70: not a valid signed note"},
        {drop, "checkpoint.70", "1 of 1 files consistency.N cannot be read or stand alone"},
        {cut, "consistency.70", "consistency.70 does not prove"},
        {add, "consistency.70", "consistency.70 does not prove"},
        {cut, "entry-777.tlog-proof", "entry-777.tlog-proof: not a valid signed note"},
        {drop, "tiles/policy", "policy is missing"},
        {drop, "tiles/checkpoint", "checkpoint is missing"},
        {drop, "tiles/tile/0/001", "tiles/tile/0/001 is missing"},
        {add, "tiles/tile/0/001", "tiles/tile/0/001 is not what its entries give"},
        {drop, "tiles/tile/1/000.p/3", "tiles/tile/1/000.p/3 is missing"},
        {drop, "tiles/tile/entries/002", "tiles/tile/entries/002 is missing"},
        {add, "tiles/tile/entries/002", "tiles/tile/entries/002 does not hold 256 entries"},
        {cut, "tiles/tile/entries/003.p/232", "003.p/232 does not hold 232 entries"},
        {add, "tiles/tile/1/000.p/2", "tiles/tile/1/000.p/2 is no part of a tree of this size"},
        {add, "notes.txt", "notes.txt: nothing in this export vouches for it"},
        {add, "entry-01.leaf", "entry-01.leaf: nothing in this export vouches for it"},
        {add, "entry-1000.leaf", "entry-1000.leaf: nothing in this export vouches for it"},
        {add, "entry-0.leaf", "entry-0.leaf is not the entry"},
        {add, "checkpoint.1001", "checkpoint.1001: nothing in this export vouches for it"},
        {add, "consistency.71", "1 of 2 files consistency.N cannot be read or stand alone"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        copy_public();
        cases[i].change(cases[i].name);
        expect(NULL, cases[i].says, cases[i].name);
        run_program("rm", "-rf", folder, NULL);
        assert_int_equal(mkdir(folder, 0700), 0);
    }
}

static void one_octet_changed_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        long at;
        const char *says;
    } cases[] = {
        {"entries.u32", 7, "the entries do not give the checkpoint's root"},
        {"entries.u32", -1, "the entries do not give the checkpoint's root"},
        {"entries.u32", 0, "entries.u32 breaks off in entry 0"},
        {"checkpoint", 30, "the signature by public.dl-a.example/log does not verify"},
        {"checkpoint", -5, "the signature by public.dl-b.example/receipt does not verify"},
        {"checkpoint.70", 30, "checkpoint.70: the signature by"},
        {"consistency.70", 3, "consistency.70 does not prove"},
        {"entry-0.tlog-proof", 40, "entry-0.tlog-proof does not prove its entry"},
        {"entry-0.tlog-proof", 29, "entry-0.tlog-proof is no proof of this entry"},
        {"entry-0.tlog-proof", -5, "entry-0.tlog-proof: the signature by"},
        {"tiles/tile/0/002", 77, "tiles/tile/0/002 is not what its entries give"},
        {"tiles/tile/1/000.p/3", 77, "tiles/tile/1/000.p/3 is not what its entries give"},
        {"tiles/tile/entries/002", 77, "the entries in tiles/ do not give its checkpoint's root"},
        {"tiles/checkpoint", 30, "checkpoint: the signature by"},
    };
    copy_public();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flip(cases[i].name, cases[i].at);
        expect(NULL, cases[i].says, cases[i].name);
        flip(cases[i].name, cases[i].at);
    }
    expect(NULL, NULL, "restored");
}

static void files_in_each_others_place_are_named(void **state)
{
    (void)state;
    copy_public();
    swap("entry-0.tlog-proof", "entry-12.tlog-proof");
    expect(NULL, "entry-0.tlog-proof is no proof of this entry", "swapped proofs");
    swap("entry-0.tlog-proof", "entry-12.tlog-proof");
    swap("checkpoint", "checkpoint.70");
    expect(NULL, "entries.u32 goes on beyond the checkpoint", "swapped checkpoints");
    swap("checkpoint", "checkpoint.70");
    swap("tiles/tile/0/000", "tiles/tile/0/001");
    expect(NULL, "tiles/tile/0/000 is not what its entries give", "swapped tiles");
}

static void given_keys_count_instead_of_the_folders(void **state)
{
    (void)state;
    struct dl_policy *policy = NULL;
    struct dl_error error;
    static const char *const log =
        "public.dl-a.example/log+159c7342+AWwUjUAYns/AtfFIDyTzuNuThCn1aFm7Cr++3tsyKGg8";
    static const char *const other_log =
        "public.dl-a.example/log+77891871+ASoCeQEreWYczVQtU2/vN9qf6eAP+I3CuuqHLmjY2MqZ";
    static const char *const peer =
        "public.dl-b.example/receipt+51eef7f4+BBiePTdA8RkH+4sY18NRhZ+kPBLHR2WJLNRbfJt9tdvi";
    copy_public();
    assert_int_equal(dl_bundle_policy(log, peer, &policy, &error), DL_OK);
    expect(policy, NULL, "the right keys");
    assert_int_equal(dl_bundle_policy(other_log, peer, &policy, &error), DL_OK);
    expect(policy, "the log public.dl-a.example/log did not sign", "another log's key");
    assert_int_equal(dl_bundle_policy(log, log, &policy, &error), DL_E_INPUT);
    assert_int_equal(dl_bundle_policy("x\nquorum none", peer, &policy, &error), DL_E_INPUT);
}

static void a_pipe_in_the_place_of_a_file_holds_nobody_up(void **state)
{
    (void)state;
    char path[320];
    copy_public();
    drop("entries.u32");
    snprintf(path, sizeof path, "%s/entries.u32", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect(NULL, "entries.u32 is missing or cannot be read", "a pipe");
}

static void no_folder_is_an_input_error(void **state)
{
    (void)state;
    struct dl_bundle bundle;
    struct dl_error error;
    dl_bundle_init(&bundle);
    assert_int_equal(dl_bundle_verify("/nowhere/at/all", NULL, &bundle, &error), DL_E_INPUT);
    dl_bundle_fini(&bundle);
}

/* A folder of our own with three messages, contents beside. */
struct maker {
    struct dl_buf policy, entries;
    struct dl_frontier frontier;
    struct dl_signer *signer;
};

static void put_entry(struct maker *maker, unsigned i)
{
    json_error_t detail;
    struct dl_error error;
    struct dl_buf leaf;
    struct dl_buf content;
    char id[16];
    char name[64];
    snprintf(id, sizeof id, "a-%u", i);
    struct dl_entry_draft draft = {.kind = DL_KIND_MESSAGE,
                                   .marking = DL_MARKING_ACTUAL,
                                   .id = dl_view_str(id),
                                   .time_ms = 1700000000000,
                                   .salt = {(uint8_t)i, 7}};
    json_t *value = json_pack_ex(&detail, 0, "{s:{s:s}}", "text", "en", id);
    assert_non_null(value);
    draft.content = value;
    dl_buf_init(&leaf, DL_LIMIT_LEAF);
    dl_buf_init(&content, DL_LIMIT_CONTENT);
    if (dl_entry_make(&draft, &leaf, &content, &error) != DL_OK) {
        fail_msg("%s: %s", error.field, error.message);
    }
    struct dl_hash hash = dl_merkle_leaf(dl_buf_view(&leaf));
    dl_frontier_append(&maker->frontier, &hash);
    size_t start = dl_buf_block_open(&maker->entries);
    dl_buf_put_view(&maker->entries, dl_buf_view(&leaf));
    dl_buf_block_close(&maker->entries, start);
    snprintf(name, sizeof name, "entry-%u.leaf", i);
    write_file(name, dl_buf_view(&leaf));
    snprintf(name, sizeof name, "content/%u.json", i);
    write_file(name, dl_buf_view(&content));
    snprintf(name, sizeof name, "content/%u.salt", i);
    write_file(name, dl_view_of(draft.salt, sizeof draft.salt));
    json_decref(value);
    dl_buf_fini(&leaf);
    dl_buf_fini(&content);
}

/* A checkpoint of that size and root, signed by the folder's own key. */
static void write_signed(const char *name, struct dl_signer *signer, uint64_t size,
                         const struct dl_hash *root)
{
    struct dl_vkey log;
    struct dl_buf text;
    struct dl_buf note;
    struct dl_public_key key = dl_signer_public(signer);
    assert_int_equal(dl_vkey_make(dl_view_str("directline/cn/us"), DL_KEY_ED25519, &key, &log),
                     DL_OK);
    dl_buf_init(&text, 4096);
    dl_buf_init(&note, 4096);
    dl_checkpoint_put(&text, dl_view_str(log.name), size, root);
    struct dl_signature signature = dl_signer_sign(signer, dl_buf_view(&text));
    dl_note_put_text(&note, dl_buf_view(&text));
    dl_note_put_line(&note, &log, dl_view_of(signature.b, sizeof signature.b));
    write_file(name, dl_buf_view(&note));
    dl_buf_fini(&text);
    dl_buf_fini(&note);
}

static void sign(struct maker *maker)
{
    struct dl_vkey log;
    struct dl_public_key key = dl_signer_public(maker->signer);
    struct dl_hash root = dl_frontier_root(&maker->frontier);
    assert_int_equal(dl_vkey_make(dl_view_str("directline/cn/us"), DL_KEY_ED25519, &key, &log),
                     DL_OK);
    dl_buf_put_str(&maker->policy, "log ");
    dl_vkey_format(&log, &maker->policy);
    dl_buf_put_str(&maker->policy, "\nquorum none\n");
    write_signed("checkpoint", maker->signer, maker->frontier.size, &root);
    write_file("policy", dl_buf_view(&maker->policy));
    write_file("entries.u32", dl_buf_view(&maker->entries));
}

static const struct dl_secret_key own_secret = {{9}};

static void make_own(void)
{
    struct maker maker = {.signer = dl_signer_new(&own_secret)};
    char path[320];
    snprintf(path, sizeof path, "%s/content", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    dl_buf_init(&maker.policy, DL_POLICY_MAX);
    dl_buf_init(&maker.entries, 65536);
    dl_frontier_init(&maker.frontier);
    for (unsigned i = 0; i < 3; i++) {
        put_entry(&maker, i);
    }
    sign(&maker);
    dl_buf_fini(&maker.policy);
    dl_buf_fini(&maker.entries);
    dl_signer_free(&maker.signer);
}

static void contents_are_judged_by_their_entries_commitment(void **state)
{
    (void)state;
    struct dl_bundle bundle;
    struct dl_error error;
    make_own();
    dl_bundle_init(&bundle);
    assert_int_equal(dl_bundle_verify(folder, NULL, &bundle, &error), DL_OK);
    assert_int_equal(bundle.n_problems, 0);
    assert_int_equal(bundle.entries, 3);
    assert_int_equal(bundle.contents, 3);
    assert_int_equal(bundle.head.n_cosigned, 0);
    dl_bundle_fini(&bundle);

    flip("content/1.json", 5);
    expect(NULL, "content/1 is not what its entry commits to", "content changed");
    flip("content/1.json", 5);
    flip("content/1.salt", 5);
    expect(NULL, "content/1 is not what its entry commits to", "salt changed");
    flip("content/1.salt", 5);
    swap("content/0.json", "content/2.json");
    expect(NULL, "content/2 is not what its entry commits to", "contents swapped");
    swap("content/0.json", "content/2.json");
    flip("entry-2.leaf", 5);
    expect(NULL, "entry-2.leaf is not the entry in entries.u32", "leaf changed");
    flip("entry-2.leaf", 5);
    drop("content/0.json");
    expect(NULL, "content/0 is not what its entry commits to", "a salt alone");
    drop("content/0.salt"); // erased on both sides: every proof still verifies
    expect(NULL, NULL, "an erased content");
}

static void a_signed_fork_of_an_earlier_size_is_named(void **state)
{
    (void)state;
    struct dl_signer *signer = dl_signer_new(&own_secret);
    struct dl_hash other = dl_sha256(dl_view_str("another history"));
    make_own();
    write_signed("checkpoint.2", signer, 2, &other);
    expect(NULL, "a checkpoint of size 2 has a root that the entries do not give", "a fork");
    write_signed("checkpoint.2", signer, 1, &other);
    expect(NULL, "checkpoint.2 is of another size or log", "another size");
    drop("checkpoint.2");
    expect(NULL, NULL, "restored");
    dl_signer_free(&signer);
}

static void a_proof_that_leads_to_a_signed_fork_is_named(void **state)
{
    (void)state;
    struct dl_signer *signer = dl_signer_new(&own_secret);
    struct dl_hash other = dl_merkle_leaf(dl_view_str("another leaf"));
    struct dl_proof proof = {.n = 1, .hashes = {other}};
    struct dl_buf note;
    struct dl_buf text;
    struct dl_cursor cursor;
    make_own();
    dl_buf_init(&note, 65536);
    dl_buf_init(&text, 65536);
    FILE *file = open_file("entries.u32", "rb");
    uint8_t *room = dl_buf_room(&note, 32768);
    size_t n = fread(room, 1, 32768, file);
    fclose(file);
    dl_cursor_init(&cursor, dl_view_of(room, n));
    struct dl_hash leaf = dl_merkle_leaf(dl_cursor_block(&cursor, n));
    struct dl_hash root = dl_merkle_node(&leaf, &other); // entry 0 is in it, entry 1 is another
    write_signed("entry-0.tlog-proof", signer, 2, &root);
    file = open_file("entry-0.tlog-proof", "rb");
    n = fread(room, 1, 32768, file);
    fclose(file);
    dl_tlog_proof_put(&text, 0, &proof, dl_view_of(room, n));
    write_file("entry-0.tlog-proof", dl_buf_view(&text));
    expect(NULL, "a checkpoint of size 2 has a root that the entries do not give", "a fork");
    dl_buf_fini(&note);
    dl_buf_fini(&text);
    dl_signer_free(&signer);
}

static void too_many_problems_are_counted(void **state)
{
    (void)state;
    struct dl_bundle bundle;
    struct dl_error error;
    struct dl_buf out;
    copy_public();
    for (unsigned i = 0; i < DL_BUNDLE_PROBLEMS + 7; i++) {
        char name[32];
        snprintf(name, sizeof name, "stray-%u", i);
        add(name);
    }
    dl_bundle_init(&bundle);
    dl_buf_init(&out, 65536);
    assert_int_equal(dl_bundle_verify(folder, NULL, &bundle, &error), DL_OK);
    assert_int_equal(bundle.n_problems, DL_BUNDLE_PROBLEMS + 7);
    dl_bundle_json(&bundle, &out);
    dl_buf_u8(&out, '\0');
    assert_non_null(strstr((const char *)out.p, ",\"and 7 more\"]}"));
    assert_non_null(strstr((const char *)out.p, "{\"verified\":false,"));
    dl_buf_fini(&out);
    dl_bundle_fini(&bundle);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(the_public_folder_verifies_with_its_own_keys),
        WITH_FOLDER(one_thing_wrong_in_the_public_folder_is_named),
        WITH_FOLDER(one_octet_changed_is_named),
        WITH_FOLDER(files_in_each_others_place_are_named),
        WITH_FOLDER(given_keys_count_instead_of_the_folders),
        WITH_FOLDER(a_pipe_in_the_place_of_a_file_holds_nobody_up),
        cmocka_unit_test(no_folder_is_an_input_error),
        WITH_FOLDER(contents_are_judged_by_their_entries_commitment),
        WITH_FOLDER(a_signed_fork_of_an_earlier_size_is_named),
        WITH_FOLDER(a_proof_that_leads_to_a_signed_fork_is_named),
        WITH_FOLDER(too_many_problems_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
