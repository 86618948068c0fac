#include "registry/import_internal.h"
#include "registry/name.h"

#include <string.h>

enum dl_err dl__import_take_id(void *context, const struct dl_row *row)
{
    *(int64_t *)context = dl_row_int(row, 0);
    return DL_OK;
}

const char *dl__import_reason(struct dl__importing *m, const char *words, const struct dl__day *day)
{
    dl_buf_reset(&m->reason);
    dl_buf_put_str(&m->reason, words);
    dl_buf_put(&m->reason, day->text, strlen(day->text) + 1);
    return dl_buf_err(&m->reason) == DL_OK ? (const char *)m->reason.p : words;
}

enum dl_err dl__import_list(struct dl__importing *m, struct dl__last_text *last,
                            struct dl_view code)
{
    if (last->id != 0 && dl_view_equal(last->value, code)) {
        return DL_OK;
    }
    last->value = code;
    last->id = 0;
    return dl_store_run(m->store, "SELECT id FROM list WHERE code = ?1 AND jurisdiction = ?2",
                        DL_SQL(DL_SQL_TEXT(code), DL_SQL_INT(m->jurisdiction)), dl__import_take_id,
                        &last->id);
}

/* Different substances that a question found: how many, and the first. */
struct meant {
    int64_t first;
    size_t n;
    int64_t sought; /* is it one of them? */
    bool found;
};

static enum dl_err count_meant(void *context, const struct dl_row *row)
{
    struct meant *meant = context;
    int64_t id = dl_row_int(row, 0);
    meant->found = meant->found || id == meant->sought;
    if (meant->n == 0) {
        meant->first = id;
    }
    meant->n++;
    return DL_OK;
}

static enum dl_err by_cas(struct dl__importing *m, struct dl_view cas, struct meant *out)
{
    return dl_store_run(m->store,
                        "SELECT DISTINCT substance FROM identifier WHERE value = ?1 AND kind = "
                        "'cas' AND role IN ('own', 'listed') AND recorded_until IS NULL",
                        DL_SQL(DL_SQL_TEXT(cas)), count_meant, out);
}

static enum dl_err by_name(struct dl__importing *m, const struct dl_announcement_row *row,
                           struct dl_view name, struct meant *out)
{
    if (name.n == 0) {
        return DL_OK;
    }
    dl_buf_reset(&m->key);
    if (dl_name_key(name, &m->key) != DL_OK || m->key.n == 0) {
        return DL_OK;
    }
    struct dl_view day = row->field[DL_ROW_IN_FORCE];
    return dl_store_run(m->store,
                        "SELECT DISTINCT substance FROM name WHERE key = ?1 AND recorded_until IS "
                        "NULL AND (?2 = '' OR ((known_from IS NULL OR known_from <= ?2) AND "
                        "(known_until IS NULL OR ?2 < known_until)))",
                        DL_SQL(DL_SQL_TEXT(dl_buf_view(&m->key)), DL_SQL_TEXT(day)), count_meant,
                        out);
}

/* Without a structure: the CAS number, and the names must not say otherwise. */
static enum dl_err by_number_or_name(struct dl__importing *m, const struct dl_announcement_row *row,
                                     struct dl__subject *out)
{
    struct meant cas = {0};
    struct meant zh = {0};
    struct meant en = {0};
    if (row->field[DL_ROW_CAS].n > 0) {
        DL_TRY(by_cas(m, row->field[DL_ROW_CAS], &cas));
    }
    zh.sought = cas.first;
    DL_TRY(by_name(m, row, row->field[DL_ROW_NAME_ZH], &zh));
    en.sought = cas.n > 0 ? cas.first : zh.first;
    DL_TRY(by_name(m, row, row->field[DL_ROW_NAME_EN], &en));
    if (cas.n > 1) {
        out->conflict = "the CAS number is that of several substances; give the InChIKey";
    } else if (cas.n == 1) {
        out->id = cas.first;
        if ((zh.n > 0 && !zh.found) || (en.n > 0 && !en.found)) {
            out->conflict = "the CAS number and the name mean different substances";
        }
    } else if (zh.n == 1 && (en.n == 0 || en.found)) {
        out->id = zh.first;
    } else if (zh.n == 0 && en.n == 1) {
        out->id = en.first;
    } else if (zh.n > 0 || en.n > 0) {
        out->conflict = "the names mean several substances; give the InChIKey";
    }
    return DL_OK;
}

/* The structure decides; a CAS number that is another's own is a contradiction. One that is not
 * known yet may be that of a substance recorded without any. */
static enum dl_err by_inchikey(struct dl__importing *m, const struct dl_announcement_row *row,
                               struct dl__subject *out)
{
    struct meant cas = {0};
    struct dl__subject named = {0};
    int64_t bare = 0;
    DL_TRY(dl_store_run(
        m->store, "SELECT id FROM substance WHERE key = ?1 AND recorded_until IS NULL",
        DL_SQL(DL_SQL_TEXT(row->field[DL_ROW_INCHIKEY])), dl__import_take_id, &out->id));
    if (out->id == 0) {
        DL_TRY(by_number_or_name(m, row, &named));
        DL_TRY(dl_store_run(
            m->store,
            "SELECT id FROM substance WHERE id = ?1 AND structured = 0 AND kind = 'chemical'",
            DL_SQL(DL_SQL_INT(named.conflict == NULL ? named.id : 0)), dl__import_take_id, &bare));
        out->id = bare;
        out->adopted = bare != 0;
    }
    cas.sought = out->id;
    if (row->field[DL_ROW_CAS].n > 0) {
        DL_TRY(by_cas(m, row->field[DL_ROW_CAS], &cas));
    }
    if (cas.n > 0 && !cas.found) {
        out->conflict = "the CAS number is that of a substance with another structure";
    }
    return DL_OK;
}

static enum dl_err by_entry(struct dl__importing *m, const struct dl_announcement_row *row,
                            int64_t list, struct dl__subject *out)
{
    struct meant meant = {0};
    DL_TRY(dl_store_run(m->store,
                        "SELECT DISTINCT subject FROM listing WHERE list = ?1 AND entry = ?2 AND "
                        "recorded_until IS NULL AND (?3 = '' OR until IS NULL OR until >= ?3)",
                        DL_SQL(DL_SQL_INT(list), DL_SQL_TEXT(row->field[DL_ROW_ENTRY]),
                               DL_SQL_TEXT(row->field[DL_ROW_IN_FORCE])),
                        count_meant, &meant));
    out->id = meant.first;
    if (meant.n != 1) {
        out->conflict = meant.n == 0 ? "no such entry on that list"
                                     : "several substances have this entry; name the one meant";
    }
    return DL_OK;
}

enum dl_err dl__import_subject(struct dl__importing *m, const struct dl_announcement_row *row,
                               int64_t list, struct dl__subject *out)
{
    const struct dl_view *f = row->field;
    *out = (struct dl__subject){.id = 0};
    if (f[DL_ROW_INCHIKEY].n > 0) {
        return by_inchikey(m, row, out);
    }
    if (f[DL_ROW_CAS].n + f[DL_ROW_NAME_EN].n + f[DL_ROW_NAME_ZH].n > 0) {
        return by_number_or_name(m, row, out);
    }
    DL_ASSERT(f[DL_ROW_ENTRY].n > 0, "a row says what it means");
    return by_entry(m, row, list, out);
}

struct gathering {
    const struct dl_announcement_row *row;
    struct dl__listed *out;
    size_t n;
};

static int compare(struct dl_view a, struct dl_view b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static bool agrees(struct dl_view given, struct dl_view recorded)
{
    return given.n == 0 || dl_view_equal(given, recorded);
}

/* Columns: id, recorded_from, in_force, listed_by, until, entry, scope. Without a day in the row
 * what holds today is meant, which is what has no end. */
static enum dl_err gather_listed(void *context, const struct dl_row *row)
{
    struct gathering *g = context;
    const struct dl_view *f = g->row->field;
    struct dl_view day = f[DL_ROW_IN_FORCE];
    struct dl_view since = dl_row_text(row, 3);
    struct dl_view until = dl_row_text(row, 4);
    if (g->n == DL__LISTED_MAX) {
        return DL_OK;
    }
    struct dl__listed *l = &g->out[g->n++];
    memset(l, 0, sizeof *l);
    l->id = dl_row_int(row, 0);
    l->recorded_from = dl_row_int(row, 1);
    l->starts = day.n > 0 && dl_view_equal(day, dl_row_text(row, 2));
    l->ends = day.n > 0 && dl_view_equal(day, until);
    l->later = day.n > 0 && compare(day, since) < 0;
    l->open = !l->later && (until.n == 0 || (day.n > 0 && compare(day, until) < 0));
    l->entry = agrees(f[DL_ROW_ENTRY], dl_row_text(row, 5));
    l->same =
        l->entry && agrees(f[DL_ROW_SCOPE], dl_row_text(row, 6)) && agrees(f[DL_ROW_UNTIL], until);
    memcpy(l->since.text, since.p, since.n < DL_DATE_TEXT ? since.n : DL_DATE_TEXT - 1);
    return DL_OK;
}

enum dl_err dl__import_listed(struct dl__importing *m, const struct dl_announcement_row *row,
                              int64_t substance, int64_t list,
                              struct dl__listed out[DL__LISTED_MAX], size_t *n)
{
    struct gathering g = {.row = row, .out = out};
    *n = 0;
    if (substance == 0) {
        return DL_OK;
    }
    DL_TRY(dl_store_run(m->store,
                        "SELECT a.id, a.recorded_from, a.in_force, a.listed_by, a.until, a.entry, "
                        "t.value FROM link k JOIN listing a ON a.id = k.listing LEFT JOIN text t "
                        "ON t.id = a.scope WHERE k.substance = ?1 AND k.relation = 'is' AND a.list "
                        "= ?2 AND a.recorded_until IS NULL AND a.kind <> 'exclusion' ORDER BY "
                        "a.listed_by DESC",
                        DL_SQL(DL_SQL_INT(substance), DL_SQL_INT(list)), gather_listed, &g));
    *n = g.n;
    return DL_OK;
}
