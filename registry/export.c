#include "registry/export.h"

#include "registry/csv.h"

#include "base/json.h"

static const char *const names[] = {
#define DL_EXPORT(id, name, sql) name,
#include "registry/export.def"
#undef DL_EXPORT
};

/* The present version: rows of an import that is being recorded are not in it yet. */
#define PRESENT                                                                                    \
    "a.recorded_from <= (SELECT max(id) FROM import) AND (a.recorded_until IS NULL OR "            \
    "(SELECT max(id) FROM import) < a.recorded_until) "
#define DL_EXPORT(id, name, sql) sql ", "
#define ROWS                                                                                       \
    "a.id FROM listing a JOIN list l ON l.id = a.list JOIN jurisdiction j ON j.id = "              \
    "l.jurisdiction JOIN substance s ON s.id = a.subject LEFT JOIN instrument i ON i.id = "        \
    "a.instrument LEFT JOIN instrument e ON e.id = a.ended_by WHERE " PRESENT

static const char whole[] = "SELECT "
#include "registry/export.def"
    ROWS "AND a.id > ?1 ORDER BY a.id LIMIT ?2";

static const char of_period[] = "SELECT "
#include "registry/export.def"
    ROWS "AND a.in_force BETWEEN ?1 AND ?2 AND (?3 = '' OR j.code = ?3) AND a.kind <> 'exclusion' "
                                "ORDER BY j.code, a.in_force, i.key, l.code, a.id";
#undef DL_EXPORT

struct exporting {
    dl_export_fn fn;
    void *context;
};

static enum dl_err take_row(void *context, const struct dl_row *row)
{
    const struct exporting *exporting = context;
    struct dl_export_row out = {.id = dl_row_int(row, DL_EXPORT_COUNT)};
    for (int i = 0; i < DL_EXPORT_COUNT; i++) {
        out.field[i] = dl_row_text(row, i);
    }
    DL_ASSERT(out.id > 0, "a listing");
    return exporting->fn(exporting->context, &out);
}

enum dl_err dl_registry_export(struct dl_store *store, int64_t after, int64_t limit,
                               dl_export_fn fn, void *context)
{
    struct exporting exporting = {fn, context};
    return dl_store_run(store, whole, DL_SQL(DL_SQL_INT(after), DL_SQL_INT(limit)), take_row,
                        &exporting);
}

enum dl_err dl_registry_additions(struct dl_store *store, const struct dl_period *period,
                                  dl_export_fn fn, void *context)
{
    struct exporting exporting = {fn, context};
    return dl_store_run(store, of_period,
                        DL_SQL(DL_SQL_STR(period->from), DL_SQL_STR(period->until),
                               DL_SQL_STR(period->jurisdiction)),
                        take_row, &exporting);
}

void dl_export_put_header(struct dl_buf *out)
{
    for (int i = 0; i < DL_EXPORT_COUNT; i++) {
        dl_buf_put_str(out, i == 0 ? "" : ",");
        dl_buf_put_str(out, names[i]);
    }
    dl_buf_put_str(out, "\r\n");
}

void dl_export_put_csv(const struct dl_export_row *row, struct dl_buf *out)
{
    for (int i = 0; i < DL_EXPORT_COUNT; i++) {
        dl_buf_put_str(out, i == 0 ? "" : ",");
        dl_csv_put(out, row->field[i], true);
    }
    dl_buf_put_str(out, "\r\n");
}

void dl_export_put_json(const struct dl_export_row *row, struct dl_buf *out)
{
    for (int i = 0; i < DL_EXPORT_COUNT; i++) {
        dl_buf_printf(out, "%s\"%s\":", i == 0 ? "{" : ",", names[i]);
        if (row->field[i].n == 0) {
            dl_buf_put_str(out, "null");
        } else {
            dl_json_put_string(out, row->field[i]);
        }
    }
    dl_buf_put_str(out, "}\n");
}
