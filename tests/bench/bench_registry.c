/* How fast the registry answers: `scripts/bench registry [--json]`. Measured through the program
 * itself, as its users run it; the load is written beside every figure. */
#include "registry/import.h"
#include "registry/load.h"
#include "registry/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    QUERIES = 100000,
    STARTS = 51,
    GROWN = 1000000,
    GROWN_QUERIES = 100000,
    IMPORT_ROWS = 100000,
    TEXTS_MAX = 20000,
    PATH_LENGTH = 1024
};

struct texts {
    char **item;
    size_t n;
};

struct bench {
    const char *build;
    bool json;
    char program[PATH_LENGTH], registry[PATH_LENGTH], grown[PATH_LENGTH], queries[PATH_LENGTH],
        grown_queries[PATH_LENGTH];
    uint64_t random;
};

static void die(const char *what)
{
    fprintf(stderr, "bench registry: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void check(enum dl_err err, const char *what)
{
    if (err != DL_OK) {
        fprintf(stderr, "bench registry: %s: %s\n", what, dl_err_text(err));
        exit(1);
    }
}

/* xorshift64: the same queries in every run. */
static uint64_t next(struct bench *bench)
{
    bench->random ^= bench->random << 13;
    bench->random ^= bench->random >> 7;
    bench->random ^= bench->random << 17;
    return bench->random;
}

static size_t below(struct bench *bench, size_t n)
{
    return (size_t)(next(bench) % n);
}

static enum dl_err on_text(void *context, const struct dl_row *row)
{
    struct texts *texts = context;
    struct dl_view text = dl_row_text(row, 0);
    if (texts->n < TEXTS_MAX) {
        texts->item[texts->n++] = strndup((const char *)text.p, text.n);
    }
    return DL_OK;
}

static struct texts read_texts(struct dl_store *store, const char *sql)
{
    struct texts texts = {.item = calloc(TEXTS_MAX, sizeof(char *))};
    if (texts.item == NULL) {
        die("memory");
    }
    check(dl_store_run(store, sql, NULL, 0, on_text, &texts), "reading the registry");
    return texts;
}

static void free_texts(struct texts *texts)
{
    for (size_t i = 0; i < texts->n; i++) {
        free(texts->item[i]);
    }
    free(texts->item);
}

/* Unknown things that look like the known ones. */
static void put_unknown(struct bench *bench, FILE *file, int kind, const struct texts *names)
{
    char letters[32] = "";
    if (kind == 0) {
        for (int i = 0; i < 6; i++) {
            letters[i] = (char)('a' + below(bench, 26));
        }
        fprintf(file, "%.8s%s\n", names->item[below(bench, names->n)], letters);
        return;
    }
    if (kind == 1) {
        char digits[10];
        int sum = 0;
        snprintf(digits, sizeof digits, "%08zu", 10000000 + below(bench, 89999999));
        for (int i = 0; i < 8; i++) {
            sum += (digits[7 - i] - '0') * (i + 1);
        }
        fprintf(file, "%.6s-%s-%d\n", digits, digits + 6, sum % 10);
        return;
    }
    for (int i = 0; i < 14; i++) {
        letters[i] = (char)('A' + below(bench, 26));
    }
    fprintf(file, "%s-UHFFFAOYSA-N\n", letters);
}

/* The same text written in other ways: case, blanks, labels. Few texts give many queries. */
static void put_known(struct bench *bench, FILE *file, int kind, const char *text)
{
    static const char *const labels[3][4] = {{"", " ", "", "  "},
                                             {"", "CAS ", "CAS: ", "cas-nr. "},
                                             {"", "InChIKey ", "InChIKey=", "inchikey: "}};
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", text);
    size_t changes = kind == 0 ? below(bench, 3) : 0;
    for (char *c = copy; *c && changes > 0; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        *c = letter ? (char)(changes == 1 ? *c | 0x20 : *c & ~0x20) : *c;
    }
    int blanks = (int)below(bench, 6);
    fprintf(file, "%s%s%*s\n", labels[kind][below(bench, 4)], copy, blanks, "");
}

/* Equal parts of names, CAS numbers and InChIKeys, one in ten unknown. */
static void write_queries(struct bench *bench, const char *registry, const char *path, size_t n)
{
    struct dl_store *store = NULL;
    struct dl_store_config config = {
        .path = registry, .read_only = true, .version = DL_REGISTRY_VERSION};
    check(dl_store_open(&config, &store, NULL), registry);
    struct texts known[3] = {
        read_texts(store, "SELECT DISTINCT name FROM name ORDER BY random() LIMIT 20000"),
        read_texts(store, "SELECT DISTINCT value FROM identifier WHERE kind = 'cas' AND role ="
                          " 'own' ORDER BY random() LIMIT 20000"),
        read_texts(store, "SELECT key FROM substance WHERE structured ORDER BY random() LIMIT"
                          " 20000")};
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        die(path);
    }
    for (size_t i = 0; i < n; i++) {
        int kind = (int)(i % 3);
        if (i % 10 == 9) {
            put_unknown(bench, file, kind, &known[0]);
        } else {
            put_known(bench, file, kind, known[kind].item[below(bench, known[kind].n)]);
        }
    }
    fclose(file);
    for (int i = 0; i < 3; i++) {
        free_texts(&known[i]);
    }
    dl_store_close(&store);
}

struct spent {
    double wall_s, cpu_s;
    long memory_kib;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_child(const char *input, const char *output, char *const *argv)
{
    int in = open(input, O_RDONLY);
    int out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (in >= 0 && out >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2) {
        execv(argv[0], argv);
    }
    _exit(127);
}

/* Runs the program; 0 and 1 are its honest answers. */
static struct spent run(const char *input, char *const *argv)
{
    struct rusage usage;
    int status = 0;
    malloc_trim(0); // what this process holds at the fork would count as the child's
    double start = now_s();
    pid_t pid = fork();
    if (pid == 0) {
        run_child(input, "/dev/null", argv);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
        die("running the program");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) {
        errno = 0;
        die("the program failed");
    }
    return (struct spent){.wall_s = now_s() - start,
                          .cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
                          .memory_kib = usage.ru_maxrss};
}

struct figure {
    const char *name, *unit;
    double value, goal;
    bool at_most;
    const char *compared_with, *load;
};

static void put_figure(const struct bench *bench, const struct figure *figure)
{
    bool met = figure->at_most ? figure->value <= figure->goal : figure->value >= figure->goal;
    bool has_goal = figure->goal > 0;
    if (bench->json) {
        printf("{\"bench\":\"registry\",\"figure\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",",
               figure->name, figure->value, figure->unit);
        if (has_goal) {
            printf("\"goal\":%.6g,\"met\":%s", figure->goal, met ? "true" : "false");
        } else {
            printf("\"goal\":null,\"met\":null");
        }
        printf(",\"compared_with\":%s%s%s,\"load\":\"%s\"}\n", figure->compared_with ? "\"" : "",
               figure->compared_with ? figure->compared_with : "null",
               figure->compared_with ? "\"" : "", figure->load);
    } else {
        printf("%-28s %12.4g %-12s %-10s %s\n", figure->name, figure->value, figure->unit,
               has_goal ? (met ? "met" : "MISSED") : "", figure->load);
    }
    fflush(stdout);
}

struct lookups {
    size_t found;
};

static enum dl_err on_lookup(void *context, const struct dl_row *row)
{
    (void)row;
    ((struct lookups *)context)->found++;
    return DL_OK;
}

/* One prepared statement by the index of names, on the same file and the same number of times. */
static double bare_lookups(const char *registry)
{
    struct dl_store *store = NULL;
    struct dl_store_config config = {.path = registry,
                                     .read_only = true,
                                     .version = DL_REGISTRY_VERSION,
                                     .cache_octets = 8 * 1024 * 1024};
    struct lookups lookups = {.found = 0};
    check(dl_store_open(&config, &store, NULL), registry);
    struct texts keys = read_texts(store, "SELECT key FROM name ORDER BY random() LIMIT 20000");
    double start = now_s();
    for (size_t i = 0; i < QUERIES; i++) {
        check(dl_store_run(store, "SELECT substance FROM name WHERE key = ?1",
                           DL_SQL(DL_SQL_STR(keys.item[i % keys.n])), on_lookup, &lookups),
              "a lookup");
    }
    double rate = QUERIES / (now_s() - start);
    free_texts(&keys);
    dl_store_close(&store);
    return rate;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_start_ms(const struct bench *bench)
{
    double ms[STARTS];
    char *argv[] = {(char *)bench->program, "status", "fentanyl", "--json", NULL};
    for (int i = 0; i < STARTS; i++) {
        ms[i] = run("/dev/null", argv).wall_s * 1000;
    }
    qsort(ms, STARTS, sizeof ms[0], compare_doubles);
    return ms[STARTS / 2];
}

static struct spent answer_all(const struct bench *bench, const char *registry, const char *queries)
{
    char *argv[] = {(char *)bench->program, "status", "-", "--json", NULL};
    if (setenv("DIRECTLINE_REGISTRY", registry, 1) != 0) {
        die("setenv");
    }
    return run(queries, argv);
}

static void copy_file(const char *from, const char *to)
{
    char piece[65536];
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");
    if (in == NULL || out == NULL) {
        die(to);
    }
    for (size_t n = 0; (n = fread(piece, 1, sizeof piece, in)) > 0;) {
        if (fwrite(piece, 1, n, out) != n) {
            die(to);
        }
    }
    fclose(in);
    if (fclose(out) != 0) {
        die(to);
    }
}

/* Ten million and more give seven letters and a check digit of their own. */
static void made_key(size_t i, char key[28])
{
    uint64_t mixed = (i + 1) * 0x9E3779B97F4A7C15U;
    for (int k = 0; k < 14; k++) {
        key[k] = (char)('A' + mixed % 26);
        mixed = mixed / 26 + (i << (k % 5));
    }
    memcpy(key + 14, "-UHFFFAOYSA-N", 14);
}

static void made_cas(size_t i, char cas[16])
{
    char digits[10];
    int sum = 0;
    snprintf(digits, sizeof digits, "%09zu", (i + 900000000U) % 1000000000U);
    for (int k = 0; k < 9; k++) {
        sum += (digits[8 - k] - '0') * (k + 1);
    }
    snprintf(cas, 16, "%.7s-%s-%d", digits, digits + 7, sum % 10);
}

/* A substance like the shipped ones: structure, names, number, and a listing on one of the lists.
 */
static void make_substance(struct dl_store *store, size_t i, int64_t first)
{
    char key[28];
    char cas[16];
    char name[48];
    int64_t id = first + (int64_t)i;
    made_key(i, key);
    made_cas(i, cas);
    check(dl_store_run(store,
                       "INSERT INTO substance (id, key, kind, name, structured, recorded_from)"
                       " VALUES (?1, ?2, 'chemical', ?2, 1, 1)",
                       DL_SQL(DL_SQL_INT(id), DL_SQL_STR(key)), NULL, NULL),
          "a substance");
    check(dl_store_run(store,
                       "INSERT INTO structure VALUES (?1, 'C22H28N2O', '',"
                       " 'InChI=1S/C22H28N2O/c1-2-22(25)24(20-11-7-4-8-12-20)21', 'none',"
                       " 'opsin', 1, 'opsin', '')",
                       DL_SQL(DL_SQL_INT(id)), NULL, NULL),
          "a structure");
    for (int n = 0; n < 2; n++) {
        snprintf(name, sizeof name, "%smade%zx%.5s", n == 0 ? "" : "di", i, key);
        check(dl_store_run(store,
                           "INSERT INTO name VALUES (?1, ?2, 'en', 'synonym', ?3, lower(?3), NULL,"
                           " NULL, 1, 'secondary', 1, NULL)",
                           DL_SQL(DL_SQL_INT(id), DL_SQL_INT(n), DL_SQL_STR(name)), NULL, NULL),
              "a name");
    }
    check(dl_store_run(store,
                       "INSERT INTO identifier VALUES (?1, 'cas', ?2, 'own', 1, 'secondary', 1,"
                       " NULL)",
                       DL_SQL(DL_SQL_STR(cas), DL_SQL_INT(id)), NULL, NULL),
          "a number");
    check(dl_store_run(store,
                       "INSERT INTO listing (id, key, list, entry, kind, subject, in_force,"
                       " listed_by, scope, source, verification, recorded_from) VALUES (?1, ?2,"
                       " 1 + ?1 % (SELECT count(*) FROM list), ?2, 'named', ?3, '2020-01-01',"
                       " '2020-01-01', 1, 1, 'secondary', 1)",
                       DL_SQL(DL_SQL_INT(id + 10000000), DL_SQL_STR(key), DL_SQL_INT(id)), NULL,
                       NULL),
          dl_store_message(store));
    check(dl_store_run(store, "INSERT INTO link VALUES (?1, ?2, 'is', 'name', 'certain', NULL)",
                       DL_SQL(DL_SQL_INT(id), DL_SQL_INT(id + 10000000)), NULL, NULL),
          "a link");
}

/* With what a run that was ended left beside it: an old WAL would be taken for this file's. */
static void remove_store(const char *path)
{
    char beside[4096];
    unlink(path);
    snprintf(beside, sizeof beside, "%s-wal", path);
    unlink(beside);
}

static void grow(const struct bench *bench)
{
    struct dl_store *store = NULL;
    struct dl_store_config config = {
        .path = bench->grown, .version = DL_REGISTRY_VERSION, .cache_octets = 256 * 1024 * 1024};
    int64_t first = 0;
    int64_t n = 0;
    remove_store(bench->grown);
    copy_file(bench->registry, bench->grown);
    check(dl_store_open(&config, &store, NULL), bench->grown);
    check(
        dl_store_run(store, "SELECT max(id) + 1 FROM substance", NULL, 0, dl_row_take_int, &first),
        "count");
    check(dl_store_run(store, "SELECT count(*) FROM substance", NULL, 0, dl_row_take_int, &n),
          "count");
    check(dl_store_begin(store), "begin");
    for (size_t i = 0; i < GROWN - (size_t)n; i++) {
        make_substance(store, i, first);
        if (i % 100000 == 99999) {
            check(dl_store_commit(store), "commit");
            check(dl_store_begin(store), "begin");
            fprintf(stderr, isatty(2) ? "\rgrowing: %zu" : "", i + 1);
        }
    }
    check(dl_store_commit(store), "commit");
    dl_store_close(&store);
    fprintf(stderr, isatty(2) ? "\r                    \r" : "");
}

static void write_announcement(struct dl_buf *file)
{
    dl_buf_put_str(file, "# jurisdiction: CN\n# list: CN-NONMED\n# instrument: CN-BENCH\n# title: "
                         "Bench\n# announced: 2026-11-01\n# in_force: 2026-12-01\n"
                         "action,entry,name_en,name_zh,cas\n");
    for (size_t i = 0; i < IMPORT_ROWS; i++) {
        char cas[16];
        made_cas(i, cas);
        dl_buf_printf(file, "add,%zu,Made substance %zu,制成物%zu,%s\n", 10000 + i, i, i, cas);
    }
}

static void ignore_row(void *context, const struct dl_import_row *row)
{
    (void)context;
    (void)row;
}

/* As the node does it, with progress. */
static enum dl_err import_in_slices(struct dl_import *import, struct dl_error *error)
{
    struct dl_import_run *run = NULL;
    bool done = false;
    DL_TRY(dl_import_begin(import, &run, error));
    for (size_t rows = 256; !done; rows += 256) {
        enum dl_err err = dl_import_rows(run, 256, &done, error);
        if (err != DL_OK) {
            dl_import_drop(&run);
            return err;
        }
        if (isatty(2)) {
            fprintf(stderr, "\rimporting: %zu of %zu", rows, import->announcement->n_rows);
        }
    }
    return dl_import_end(&run, error);
}

/* Reads the file, finds the difference, applies it in one durable transaction. */
static void measure_import(struct bench *bench)
{
    struct dl_store *store = NULL;
    struct dl_registry_config config = {.path = bench->grown};
    struct dl_registry *registry = NULL;
    struct dl_announcement announcement;
    struct dl_error error = {.err = DL_OK};
    struct dl_buf file;
    remove_store(bench->grown);
    copy_file(bench->registry, bench->grown);
    dl_buf_init(&file, 64 * 1024 * 1024);
    write_announcement(&file);
    check(dl_registry_open(&config, &registry, &error), error.message);
    store = dl_registry_store(registry);
    double start = now_s();
    check(dl_announcement_read(dl_buf_view(&file), &announcement, &error), error.message);
    struct dl_import import = {.store = store,
                               .announcement = &announcement,
                               .by = "bench",
                               .file = "bench.csv",
                               .sha256 = "00",
                               .now_ms = 1796000000000,
                               .apply = true,
                               .row = ignore_row};
    check(import_in_slices(&import, &error), error.message);
    double spent = now_s() - start;
    dl_announcement_fini(&announcement);
    dl_buf_fini(&file);
    dl_registry_close(&registry);
    remove_store(bench->grown);
    fprintf(stderr, isatty(2) ? "\r                              \r" : "");
    put_figure(bench, &(struct figure){"import of 100,000 rows", "s", spent, 5, true, NULL,
                                       import.n[DL_IMPORT_NEW] == IMPORT_ROWS
                                           ? "100,000 new substances, one transaction, durable"
                                           : "not all rows were new"});
}

/* In a process of its own: what it takes of memory would count as that of every later child. */
static void grow_apart(const struct bench *bench)
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        grow(bench);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        errno = 0;
        die("growing the registry failed");
    }
}

static void measure_shipped(struct bench *bench)
{
    static const char load[] =
        "100,000 queries: names, CAS numbers, InChIKeys in equal parts, one "
        "in ten unknown; all jurisdictions, JSON; one process; time of one core";
    write_queries(bench, bench->registry, bench->queries, QUERIES);
    struct spent best = answer_all(bench, bench->registry, bench->queries);
    for (int i = 0; i < 2; i++) {
        struct spent again = answer_all(bench, bench->registry, bench->queries);
        best = again.cpu_s < best.cpu_s ? again : best;
    }
    double bare = bare_lookups(bench->registry);
    char beside[96];
    snprintf(beside, sizeof beside, "%.0f bare prepared lookups/s on the same file", bare);
    put_figure(bench, &(struct figure){"answers", "answers/s", QUERIES / best.cpu_s, 40000, false,
                                       beside, load});
    put_figure(bench, &(struct figure){"bare prepared lookups", "lookups/s", bare, 0, false, NULL,
                                       "one name by its index, prepared once"});
    put_figure(bench, &(struct figure){"memory, shipped", "MiB", (double)best.memory_kib / 1024, 16,
                                       true, NULL, load});
    put_figure(bench, &(struct figure){"one status command", "ms", median_start_ms(bench), 10, true,
                                       NULL, "median of 51 runs, process start included, warm"});
}

static void measure_grown(struct bench *bench)
{
    static const char load[] = "the same mix on 1,000,000 substances; time of one core";
    grow_apart(bench);
    write_queries(bench, bench->grown, bench->grown_queries, GROWN_QUERIES);
    struct spent shipped = answer_all(bench, bench->registry, bench->queries);
    struct spent spent = answer_all(bench, bench->grown, bench->grown_queries);
    for (int i = 0; i < 3; i++) { /* in turn: what else the machine does is the same for both */
        struct spent again = answer_all(bench, bench->registry, bench->queries);
        shipped = again.cpu_s < shipped.cpu_s ? again : shipped;
        again = answer_all(bench, bench->grown, bench->grown_queries);
        spent = again.cpu_s < spent.cpu_s ? again : spent;
    }
    put_figure(bench,
               &(struct figure){"CPU per answer, grown", "times", spent.cpu_s / shipped.cpu_s, 3,
                                true, "the shipped registry", load});
    put_figure(bench, &(struct figure){"answers, grown", "answers/s", GROWN_QUERIES / spent.cpu_s,
                                       0, false, NULL, load});
    put_figure(bench, &(struct figure){"memory, grown", "MiB", (double)spent.memory_kib / 1024, 48,
                                       true, NULL, load});
    remove_store(bench->grown);
}

int main(int argc, char **argv)
{
    struct bench bench = {.random = 88172645463325252U};
    if (argc < 2) {
        fprintf(stderr, "usage: bench_registry BUILD [--json]\n");
        return 2;
    }
    bench.build = argv[1];
    for (int i = 2; i < argc; i++) {
        bench.json = bench.json || strcmp(argv[i], "--json") == 0;
    }
    snprintf(bench.program, sizeof bench.program, "%s/directline", bench.build);
    snprintf(bench.registry, sizeof bench.registry, "%s/registry.db", bench.build);
    snprintf(bench.queries, sizeof bench.queries, "%s/bench/queries.txt", bench.build);
    snprintf(bench.grown_queries, sizeof bench.grown_queries, "%s/bench/grown-queries.txt",
             bench.build);
    snprintf(bench.grown, sizeof bench.grown, "%s/bench/grown.db", bench.build);
    if (setenv("DIRECTLINE_REGISTRY", bench.registry, 1) != 0) {
        die("setenv");
    }
    measure_shipped(&bench);
    measure_import(&bench);
    measure_grown(&bench);
    return 0;
}
