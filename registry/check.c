#include "registry/check.h"

#include "registry/name.h"

#include "base/identifier.h"

#include <string.h>

/* A check in SQL: rows are (subject, detail). */
struct rule {
    const char *name;
    enum dl_check_level level;
    const char *sql;
};

#define NOW "recorded_until IS NULL"
#define END_A "coalesce(a.until, a.gone_by, '9999')"
#define END_B "coalesce(b.until, b.gone_by, '9999')"
#define OVERLAP "a.listed_by < " END_B " AND b.listed_by < " END_A
#define WORDS                                                                                      \
    "('official', 'two-sources', 'secondary', 'opsin', 'memory', 'announcement', 'notice')"
/* SQLite takes every month to have 31 days until it computes with one */
#define BAD_DAY(table, day)                                                                        \
    "SELECT key, '" day " is ' || " day " FROM " table " WHERE " day " IS NOT NULL AND date(" day  \
    ", '+0 days') IS NOT " day

static const struct rule rules[] = {
#define DL_RULE(name, level, sql) {name, level, sql},
#include "registry/check.def"
#undef DL_RULE
};

const char *dl_check_level_name(enum dl_check_level level)
{
    static const char *const names[] = {"note", "accepted", "error"};
    DL_ASSERT(level <= DL_CHECK_ERROR, "a level");
    return names[level];
}

struct running {
    struct dl_check *check;
    const char *name;
    enum dl_check_level level;
    struct dl_buf key;
};

static enum dl_err tell(struct running *r, const struct dl_finding *finding)
{
    r->check->n[finding->level]++;
    return r->check->found(r->check->context, finding);
}

struct acceptance {
    struct running *r;
    struct dl_finding finding;
    bool told;
};

static enum dl_err tell_accepted(void *context, const struct dl_row *row)
{
    struct acceptance *a = context;
    if (a->told) {
        return DL_OK;
    }
    a->told = true;
    a->finding.level = DL_CHECK_ACCEPTED;
    a->finding.reason = dl_row_text(row, 0);
    return tell(a->r, &a->finding);
}

/* A finding that would be an error is looked up: a fact of the sources, or a contradiction. */
static enum dl_err report(struct running *r, struct dl_view subject, struct dl_view detail)
{
    struct acceptance a = {
        .r = r,
        .finding = {.level = r->level, .name = r->name, .subject = subject, .detail = detail}};
    if (r->level == DL_CHECK_ERROR) {
        DL_TRY(dl_store_run(r->check->store,
                            "SELECT reason FROM accepted WHERE finding = ?1 AND subject = ?2",
                            DL_SQL(DL_SQL_STR(r->name), DL_SQL_TEXT(subject)), tell_accepted, &a));
    }
    if (!a.told && strcmp(r->name, "name-ambiguous") == 0) {
        DL_TRY(dl_store_run(r->check->store,
                            "SELECT explanation FROM conflict WHERE kind = 'name' AND name_key = "
                            "?1 ORDER BY id DESC",
                            DL_SQL(DL_SQL_TEXT(subject)), tell_accepted, &a));
    }
    return a.told ? DL_OK : tell(r, &a.finding);
}

static enum dl_err rule_row(void *context, const struct dl_row *row)
{
    return report(context, dl_row_text(row, 0), dl_row_text(row, 1));
}

/* Rows: value, role, key of the substance. A number printed wrong in a source is kept as such. */
static enum dl_err cas_row(void *context, const struct dl_row *row)
{
    struct running *r = context;
    bool wrong = dl_view_is(dl_row_text(row, 1), "wrong");
    if ((dl_cas_check(dl_row_text(row, 0)) == DL_OK) == !wrong) {
        r->level = DL_CHECK_NOTE;
        return wrong ? report(r, dl_row_text(row, 0), dl_row_text(row, 2)) : DL_OK;
    }
    r->level = DL_CHECK_ERROR;
    return report(r, dl_row_text(row, 0), dl_row_text(row, 2));
}

static enum dl_err inchikey_row(void *context, const struct dl_row *row)
{
    if (dl_inchikey_check(dl_row_text(row, 0)) == DL_OK) {
        return DL_OK;
    }
    return report(context, dl_row_text(row, 0), dl_view_str("not a standard InChIKey"));
}

/* Rows: key, name. Keys of another version's rules would not be found. */
static enum dl_err name_row(void *context, const struct dl_row *row)
{
    struct running *r = context;
    dl_buf_reset(&r->key);
    enum dl_err err = dl_name_key(dl_row_text(row, 1), &r->key);
    if (err == DL_OK && dl_view_equal(dl_buf_view(&r->key), dl_row_text(row, 0))) {
        return DL_OK;
    }
    return report(r, dl_row_text(row, 1), dl_view_str("its key is not what the rules give now"));
}

static enum dl_err reference_row(void *context, const struct dl_row *row)
{
    return report(context, dl_row_text(row, 0), dl_row_text(row, 1));
}

static enum dl_err run_code(struct running *r)
{
    struct dl_store *store = r->check->store;
    r->level = DL_CHECK_ERROR;
    r->name = "cas-check-digit";
    DL_TRY(dl_store_run(store,
                        "SELECT i.value, i.role, s.key FROM identifier i JOIN substance s ON s.id "
                        "= i.substance WHERE i.kind = 'cas' AND i.recorded_until IS NULL",
                        NULL, 0, cas_row, r));
    r->level = DL_CHECK_ERROR;
    r->name = "inchikey";
    DL_TRY(dl_store_run(store,
                        "SELECT key FROM substance WHERE structured = 1 AND recorded_until IS NULL",
                        NULL, 0, inchikey_row, r));
    r->name = "name-key";
    DL_TRY(dl_store_run(store, "SELECT key, name FROM name WHERE recorded_until IS NULL", NULL, 0,
                        name_row, r));
    r->name = "reference";
    return dl_store_run(
        store,
        "SELECT \"table\", 'row ' || rowid || ' of ' || parent FROM pragma_foreign_key_check", NULL,
        0, reference_row, r);
}

enum dl_err dl_registry_check(struct dl_check *check, struct dl_error *error)
{
    struct running r = {.check = check};
    DL_ASSERT(check->store != NULL && check->found != NULL, "a store and somebody to tell");
    memset(check->n, 0, sizeof check->n);
    DL_TRY(dl_store_check(check->store, error));
    dl_buf_init(&r.key, 4 * (size_t)DL_NAME_OCTETS_MAX);
    enum dl_err err = DL_OK;
    for (size_t i = 0; err == DL_OK && i < sizeof rules / sizeof *rules; i++) {
        r.name = rules[i].name;
        r.level = rules[i].level;
        err = dl_store_run(check->store, rules[i].sql, NULL, 0, rule_row, &r);
    }
    if (err == DL_OK) {
        err = run_code(&r);
    }
    dl_buf_fini(&r.key);
    return err == DL_OK ? DL_OK
                        : dl_error_set(error, err, NULL, "the check stopped at %s: %s", r.name,
                                       dl_store_message(check->store));
}

struct summary {
    dl_check_list_fn fn;
    void *context;
};

static enum dl_err summary_row(void *context, const struct dl_row *row)
{
    struct summary *summary = context;
    struct dl_check_list list = {.list = dl_row_text(row, 0),
                                 .rows = dl_row_int(row, 1),
                                 .structured = dl_row_int(row, 2),
                                 .ingredient = dl_row_int(row, 3),
                                 .official = dl_row_int(row, 4),
                                 .two_sources = dl_row_int(row, 5),
                                 .secondary = dl_row_int(row, 6),
                                 .memory = dl_row_int(row, 7)};
    list.other = list.rows - list.official - list.two_sources - list.secondary - list.memory;
    return summary->fn(summary->context, &list);
}

#define HAS(relations)                                                                             \
    "EXISTS (SELECT 1 FROM link k JOIN substance s ON s.id = k.substance WHERE k.listing = a.id "  \
    "AND s.structured = 1 AND k.relation IN (" relations "))"

enum dl_err dl_registry_summary(struct dl_store *store, dl_check_list_fn fn, void *context)
{
    struct summary summary = {fn, context};
    return dl_store_run(
        store,
        "SELECT code, count(*), sum(structured), sum(ingredient AND NOT structured), "
        "sum(verification = 'official'), sum(verification = 'two-sources'), sum(verification = "
        "'secondary'), sum(verification = 'memory') FROM (SELECT l.code AS code, a.verification AS "
        "verification, " HAS("'is', 'salt-of'") " AS structured, " HAS(
            "'ingredient'") " AS ingredient FROM listing a JOIN list l ON l.id = a.list WHERE "
                            "a." NOW ") AS t GROUP BY code ORDER BY code",
        NULL, 0, summary_row, &summary);
}
