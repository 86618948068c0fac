/* Backup and restore: the same agency again, or nothing; never head.db. */
#include "registry/archive.h"
#include "registry/backup.h"
#include "tests/unit/registry/line_rig.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 300 };

static char home[64], dir[80], to[80], file[80];
static struct dl_error error;
static struct rig a;
static struct dl_store *registry;

static void path_of(char out[160], const char *folder, const char *name)
{
    snprintf(out, 160, "%s/%s", folder, name);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[160];
    path_of(path, folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static bool exists(const char *folder, const char *name)
{
    struct stat facts;
    char path[160];
    path_of(path, folder, name);
    return stat(path, &facts) == 0;
}

static void read_file(const char *path, struct dl_buf *out)
{
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    for (int c = fgetc(in); c != EOF; c = fgetc(in)) {
        dl_buf_u8(out, (uint8_t)c);
    }
    fclose(in);
}

/* The rig's databases as files of an agency's folder. */
static void open_at(struct rig *rig, const char *folder)
{
    char path[160];
    path_of(path, folder, "line.db");
    assert_int_equal(dl_line_db_open(path, NULL, &rig->db, &error), DL_OK);
    path_of(path, folder, "head/head.db");
    assert_int_equal(dl_headdb_open(path, NULL, &rig->head, &error), DL_OK);
    struct dl_journal_config config = {rig->db, rig->head, "us", ORIGIN, rig->signer};
    assert_int_equal(dl_journal_open(&config, &rig->journal, &error), DL_OK);
}

static int setup(void **state)
{
    (void)state;
    char path[160];
    strcpy(home, "/tmp/backup-XXXXXX");
    assert_non_null(mkdtemp(home));
    snprintf(dir, sizeof dir, "%s/cn", home);
    snprintf(to, sizeof to, "%s/again", home);
    snprintf(file, sizeof file, "%s/cn.backup", home);
    mkdir(dir, 0700);
    path_of(path, dir, "keys");
    mkdir(path, 0700);
    path_of(path, dir, "head");
    mkdir(path, 0700);
    write_file(dir, "directline.conf", "agency = cn\n");
    write_file(dir, "keys/journal.key", "secret journal");
    write_file(dir, "keys/tls.key", "secret tls");
    rig_init(&a, true);
    open_at(&a, dir);
    rig_confirm(&a);
    rig_grow(&a, 0, SIZE, 100);
    path_of(path, dir, "registry.db");
    struct dl_store_config config = {
        .path = path, .schema = "CREATE TABLE t(a INTEGER PRIMARY KEY)", .version = 1};
    assert_int_equal(dl_store_open(&config, &registry, &error), DL_OK);
    struct dl_backup_source source = {dir, "cn", a.db, registry, 1795510800000};
    return dl_backup_write(&source, file, &error) == DL_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    rig_fini(&a);
    dl_store_close(&registry);
    snprintf(command, sizeof command, "rm -r '%s'", home);
    return system(command);
}

static void a_restored_agency_is_the_same_one(void **state)
{
    (void)state;
    struct stat facts;
    char path[160];
    struct dl_buf key;
    struct dl_hash root = rig_root(&a);
    assert_int_equal(dl_backup_restore(file, to, &error), DL_OK);
    path_of(path, to, "keys/journal.key");
    dl_buf_init(&key, 100);
    read_file(path, &key);
    assert_true(dl_view_is(dl_buf_view(&key), "secret journal"));
    dl_buf_fini(&key);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    path_of(path, to, "keys");
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0700);
    assert_true(exists(to, "registry.db") && exists(to, "directline.conf"));
    rig_close(&a);
    open_at(&a, to);
    struct dl_hash again = rig_root(&a);
    assert_memory_equal(again.b, root.b, 32);
    assert_int_equal(dl_journal_sendable(a.journal), SIZE); // head.db was made from line.db
    assert_int_equal(dl_journal_state(a.journal), DL_JOURNAL_UNCONFIRMED);
}

static void a_backup_is_the_owners_alone_and_has_no_head(void **state)
{
    (void)state;
    struct stat facts;
    struct dl_archive_reader *archive = NULL;
    struct dl_archive_member member;
    char names[512] = "";
    assert_int_equal(stat(file, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(dl_archive_open(file, &archive, &error), DL_OK);
    for (bool more = true; more;) {
        assert_int_equal(dl_archive_next(archive, &member, &more, &error), DL_OK);
        if (more) {
            strcat(strcat(names, member.name), " ");
        }
    }
    dl_archive_close(&archive);
    assert_string_equal(names, "directline-backup directline.conf keys/journal.key keys/tls.key "
                               "registry.db line.db ");
    char command[160];
    snprintf(command, sizeof command, "tar tf '%s' > /dev/null", file);
    assert_int_equal(system(command), 0);
    assert_false(exists(home, "cn.backup.line.db"));
    assert_false(exists(home, "cn.backup.part"));
}

static void a_head_that_is_there_is_kept(void **state)
{
    (void)state;
    char command[320];
    rig_grow(&a, SIZE, SIZE + 5, 5); // after the backup
    rig_close(&a);
    snprintf(command, sizeof command, "mkdir -p '%s' && cp -r '%s/head' '%s/head'", to, dir, to);
    assert_int_equal(system(command), 0);
    assert_int_equal(dl_backup_restore(file, to, &error), DL_OK);
    open_at(&a, to);
    assert_int_equal(dl_log_size(rig_log(&a)), SIZE);
    assert_int_equal(dl_journal_sendable(a.journal), 0); // rewound: HELLO will say so
}

static void a_head_of_another_agency_is_refused(void **state)
{
    (void)state;
    char path[160];
    struct dl_headdb *head = NULL;
    mkdir(to, 0700);
    path_of(path, to, "head");
    mkdir(path, 0700);
    path_of(path, to, "head/head.db");
    assert_int_equal(dl_headdb_open(path, NULL, &head, &error), DL_OK);
    assert_int_equal(
        dl_headdb_put(head, "directline/gb/us", DL_HEADDB_SIGNED, 1, dl_view_str("note")), DL_OK);
    assert_int_equal(dl_headdb_commit(head), DL_OK);
    dl_headdb_close(&head);
    assert_int_equal(dl_backup_restore(file, to, &error), DL_E_INPUT);
    assert_non_null(strstr(error.message, "another agency"));
    assert_false(exists(to, "line.db") || exists(to, "line.db.restoring"));
}

static void a_folder_with_a_line_db_is_refused(void **state)
{
    (void)state;
    mkdir(to, 0700);
    write_file(to, "line.db", "precious");
    assert_int_equal(dl_backup_restore(file, to, &error), DL_E_DIR_NOT_EMPTY);
    assert_false(exists(to, "directline.conf"));
}

static void a_stale_wal_is_not_taken_for_the_restored_databases(void **state)
{
    (void)state;
    char command[320];
    struct dl_hash root = rig_root(&a);
    rig_grow(&a, SIZE, SIZE + 5, 5);
    snprintf(command, sizeof command, "mkdir -p '%s' && cp '%s/line.db-wal' '%s/'", to, dir, to);
    assert_int_equal(system(command), 0);
    assert_int_equal(dl_backup_restore(file, to, &error), DL_OK);
    rig_close(&a);
    open_at(&a, to);
    struct dl_hash again = rig_root(&a);
    assert_memory_equal(again.b, root.b, 32);
}

/* The backup, changed and written to another file. */
static enum dl_err restore_of(const struct dl_buf *octets, size_t n)
{
    char changed[160];
    path_of(changed, home, "changed");
    FILE *out = fopen(changed, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(octets->p, 1, n, out), n);
    fclose(out);
    return dl_backup_restore(changed, to, &error);
}

static void a_backup_that_is_cut_off_or_changed_restores_nothing(void **state)
{
    (void)state;
    struct dl_buf octets;
    dl_buf_init(&octets, 1 << 24);
    read_file(file, &octets);
    assert_true(octets.n > 100000);
    for (size_t i = 0; i < 20; i++) {
        size_t n = i * (octets.n - 1024) / 20;
        enum dl_err err = restore_of(&octets, n);
        assert_int_equal(err, DL_E_STORE_CORRUPT);
        assert_false(exists(to, "line.db"));
    }
    for (size_t i = 0; i < 40; i++) {
        size_t at = i * 7919 * 31 % (octets.n - 1024); // the last two blocks are not looked at
        uint8_t was = octets.p[at];
        octets.p[at] ^= 1;
        enum dl_err err = restore_of(&octets, octets.n);
        bool padding = err == DL_OK && was == 0; // between members; says nothing
        assert_true(padding || err == DL_E_STORE_CORRUPT || err == DL_E_INPUT);
        if (padding) {
            char path[160];
            path_of(path, to, "line.db");
            unlink(path);
        }
        octets.p[at] ^= 1;
    }
    assert_int_equal(restore_of(&octets, octets.n), DL_OK);
    dl_buf_fini(&octets);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"head/head.db", "keys/a/b", "other", "line.db.restoring"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct dl_archive_writer *archive = NULL;
        char path[160];
        path_of(path, home, "crafted");
        assert_int_equal(dl_archive_create(path, 0, &archive, &error), DL_OK);
        assert_int_equal(dl_archive_add(archive, "directline-backup",
                                        dl_view_str("format 1\nagency cn\n"), &error),
                         DL_OK);
        assert_int_equal(dl_archive_add(archive, names[i], dl_view_str("x"), &error), DL_OK);
        assert_int_equal(dl_archive_finish(archive, &error), DL_OK);
        dl_archive_writer_free(&archive);
        assert_int_equal(dl_backup_restore(path, to, &error), DL_E_INPUT);
        assert_false(exists(to, names[i]));
    }
}

static void a_file_that_is_not_there_or_no_backup_is_refused(void **state)
{
    (void)state;
    assert_int_equal(dl_backup_restore("/nonexistent", to, &error), DL_E_INPUT);
    write_file(home, "text", "not an archive at all");
    char path[160];
    path_of(path, home, "text");
    assert_int_equal(dl_backup_restore(path, to, &error), DL_E_STORE_CORRUPT);
    assert_false(exists(to, "line.db"));
}

static void a_backup_into_a_folder_that_is_not_there_is_refused(void **state)
{
    (void)state;
    struct dl_backup_source source = {dir, "cn", a.db, registry, 0};
    assert_int_equal(dl_backup_write(&source, "/nonexistent/cn.backup", &error), DL_E_INPUT);
    assert_int_equal(dl_backup_write(&source, file, &error), DL_OK); // replaces the older one
    assert_int_equal(dl_backup_restore(file, to, &error), DL_OK);
}

#define IS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IS(a_restored_agency_is_the_same_one),
        IS(a_backup_is_the_owners_alone_and_has_no_head),
        IS(a_head_that_is_there_is_kept),
        IS(a_head_of_another_agency_is_refused),
        IS(a_folder_with_a_line_db_is_refused),
        IS(a_stale_wal_is_not_taken_for_the_restored_databases),
        IS(a_backup_that_is_cut_off_or_changed_restores_nothing),
        IS(names_that_lead_elsewhere_are_refused),
        IS(a_file_that_is_not_there_or_no_backup_is_refused),
        IS(a_backup_into_a_folder_that_is_not_there_is_refused),
    };
    return cmocka_run_group_tests_name("registry/backup", tests, NULL, NULL);
}
