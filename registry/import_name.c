#include "registry/import_internal.h"
#include "registry/name.h"

#include "base/text.h"

#include <string.h>

struct new_name {
    int64_t substance;
    int64_t n;   /* its place among the substance's names */
    bool is_new; /* the substance: no name of it is recorded yet */
    const char *lang;
    const char *kind;
};

static enum dl_err has_name(struct dl__importing *m, int64_t substance, struct dl_view name,
                            bool *has)
{
    int64_t n = 0;
    DL_TRY(dl_store_run(m->store,
                        "SELECT count(*) FROM name WHERE substance = ?1 AND name = ?2 AND "
                        "recorded_until IS NULL",
                        DL_SQL(DL_SQL_INT(substance), DL_SQL_TEXT(name)), dl__import_take_id, &n));
    *has = n > 0;
    return DL_OK;
}

static enum dl_err put_name(struct dl__importing *m, struct new_name *as, struct dl_view name)
{
    bool has = false;
    dl_buf_reset(&m->key);
    if (name.n == 0 || dl_name_key(name, &m->key) != DL_OK || m->key.n == 0) {
        return DL_OK; /* nothing that could be looked up */
    }
    if (!as->is_new) {
        DL_TRY(has_name(m, as->substance, name, &has));
    }
    if (has) {
        return DL_OK;
    }
    int64_t n = as->n++;
    return dl_store_run(m->store,
                        "INSERT INTO name (substance, n, lang, kind, name, key, source, "
                        "verification, recorded_from) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                        DL_SQL(DL_SQL_INT(as->substance), DL_SQL_INT(n), DL_SQL_STR(as->lang),
                               DL_SQL_STR(as->kind), DL_SQL_TEXT(name),
                               DL_SQL_TEXT(dl_buf_view(&m->key)), DL_SQL_INT(m->source),
                               DL_SQL_STR(m->verification), DL_SQL_INT(m->version)),
                        NULL, NULL);
}

/* Whether a text has a CJK character: then it is Chinese here. */
static bool is_chinese(struct dl_view text)
{
    while (text.n > 0) {
        size_t n = 0;
        int32_t c = dl_text_decode(text, &n);
        if (c >= 0x3400 && c <= 0x9FFF) {
            return true;
        }
        text = dl_view_of(text.p + n, text.n - n);
    }
    return false;
}

static enum dl_err put_other_names(struct dl__importing *m, struct new_name *as,
                                   const struct dl_announcement_row *row)
{
    struct dl_view rest = row->field[DL_ROW_OTHER_NAMES];
    as->kind = "synonym";
    while (rest.n > 0) {
        const uint8_t *bar = memchr(rest.p, '|', rest.n);
        size_t n = bar == NULL ? rest.n : (size_t)(bar - rest.p);
        struct dl_view name = dl_view_of(rest.p, n);
        bool is_there = dl_view_equal(name, row->field[DL_ROW_NAME_EN]) ||
                        dl_view_equal(name, row->field[DL_ROW_NAME_ZH]);
        as->lang = is_chinese(name) ? "zh" : "en";
        if (!is_there && dl_text_check(name, DL_TEXT_NAME, NULL) == DL_OK) {
            DL_TRY(put_name(m, as, name));
        }
        size_t used = bar == NULL ? n : n + 1;
        rest = dl_view_of(rest.p + used, rest.n - used);
    }
    return DL_OK;
}

static enum dl_err put_cas(struct dl__importing *m, const struct new_name *as, struct dl_view cas)
{
    int64_t n = 0;
    if (cas.n > 0 && !as->is_new) {
        DL_TRY(dl_store_run(m->store,
                            "SELECT count(*) FROM identifier WHERE value = ?1 AND kind = 'cas' AND "
                            "substance = ?2 AND recorded_until IS NULL",
                            DL_SQL(DL_SQL_TEXT(cas), DL_SQL_INT(as->substance)), dl__import_take_id,
                            &n));
    }
    if (cas.n == 0 || n > 0) {
        return DL_OK;
    }
    return dl_store_run(m->store,
                        "INSERT INTO identifier (value, kind, substance, role, source, "
                        "verification, recorded_from) VALUES (?1, 'cas', ?2, ?3, ?4, ?5, ?6)",
                        DL_SQL(DL_SQL_TEXT(cas), DL_SQL_INT(as->substance),
                               DL_SQL_STR(as->is_new ? "own" : "listed"), DL_SQL_INT(m->source),
                               DL_SQL_STR(m->verification), DL_SQL_INT(m->version)),
                        NULL, NULL);
}

enum dl_err dl__import_names(struct dl__importing *m, const struct dl_announcement_row *row,
                             int64_t substance, bool is_new)
{
    struct new_name as = {
        .substance = substance, .is_new = is_new, .lang = "en", .kind = is_new ? "main" : "listed"};
    if (!is_new) {
        DL_TRY(dl_store_run(m->store,
                            "SELECT coalesce(max(n) + 1, 0) FROM name WHERE substance = ?1",
                            DL_SQL(DL_SQL_INT(substance)), dl__import_take_id, &as.n));
    }
    DL_TRY(put_name(m, &as, row->field[DL_ROW_NAME_EN]));
    as.lang = "zh";
    as.kind = is_new && row->field[DL_ROW_NAME_EN].n == 0 ? "main" : "listed";
    DL_TRY(put_name(m, &as, row->field[DL_ROW_NAME_ZH]));
    DL_TRY(put_other_names(m, &as, row));
    return put_cas(m, &as, row->field[DL_ROW_CAS]);
}
