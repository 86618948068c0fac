/* registry export, additions: listings as a table. */
#include "base/encoding.h"
#include "base/text.h"
#include "node/telling.h"
#include "registry/export.h"
#include "registry/registry.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 64 * 1024 * 1024, STEP_ROWS = 256, DAYS_BACK = 365 };

struct table {
    struct dl_call *call;
    struct dl_store *store;
    struct dl_buf out;
    int64_t last; /* listing put so far */
    size_t n;
    char group[512]; /* what the present heading of additions is for */
};

static void free_table(void *state)
{
    struct table *table = state;
    dl_buf_fini(&table->out);
    free(table);
}

/* NULL when the call has ended. */
static struct table *table_new(struct dl_call *call)
{
    struct dl_error error = {0};
    struct dl_registry *registry = NULL;
    if (dl_call_registry(call, &registry, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return NULL;
    }
    struct table *table = calloc(1, sizeof *table);
    DL_ASSERT(table != NULL, "memory for a call");
    table->call = call;
    table->store = dl_registry_store(registry);
    dl_buf_init(&table->out, OUT_MAX);
    call->state = table;
    call->state_free = free_table;
    return table;
}

static enum dl_err export_row(void *context, const struct dl_export_row *row)
{
    struct table *table = context;
    table->last = row->id;
    table->n++;
    if (table->call->json) {
        dl_export_put_json(row, &table->out);
    } else {
        dl_export_put_csv(row, &table->out);
    }
    return dl_buf_err(&table->out);
}

static void export_step(struct dl_call *call)
{
    struct table *table = call->state;
    table->n = 0;
    enum dl_err err = dl_registry_export(table->store, table->last, STEP_ROWS, export_row, table);
    if (err != DL_OK) {
        dl_call_fail_with(call, err, "the registry could not be read");
        return;
    }
    bool done = table->n < STEP_ROWS;
    dl_call_put_buf(call, &table->out);
    if (done) {
        dl_call_end(call, DL_EXIT_OK);
    }
}

void dl__verb_registry_export(struct dl_call *call)
{
    struct table *table = table_new(call);
    if (table == NULL) {
        return;
    }
    if (!call->json) {
        dl_buf_put_str(&table->out, "\xEF\xBB\xBF"); /* or spreadsheets garble what is not ASCII */
        dl_export_put_header(&table->out);
    }
    dl_call_steps(call, export_step);
}

/* One heading an instrument and day, its rows below. */
static void put_heading(struct table *table, const struct dl_export_row *row)
{
    const struct dl_view *f = row->field;
    char group[sizeof table->group];
    (void)snprintf(group, sizeof group, "%.*s %.*s %.*s", DL_VIEW_ARG(f[DL_EXPORT_JURISDICTION]),
                   DL_VIEW_ARG(f[DL_EXPORT_IN_FORCE]), DL_VIEW_ARG(f[DL_EXPORT_INSTRUMENT]));
    if (strcmp(group, table->group) == 0) {
        return;
    }
    memcpy(table->group, group, sizeof group);
    dl_buf_printf(&table->out, "%s%.*s  %.*s  ", table->n == 0 ? "" : "\n",
                  DL_VIEW_ARG(f[DL_EXPORT_JURISDICTION]), DL_VIEW_ARG(f[DL_EXPORT_IN_FORCE]));
    bool local = f[DL_EXPORT_TITLE].n == 0 ||
                 (table->call->zh && dl_view_is(f[DL_EXPORT_JURISDICTION], "CN"));
    struct dl_view title =
        f[local && f[DL_EXPORT_TITLE_LOCAL].n > 0 ? DL_EXPORT_TITLE_LOCAL : DL_EXPORT_TITLE];
    if (title.n > 0) {
        dl_put_shown(&table->out, title);
    } else {
        dl_buf_put_str(&table->out, DL_SAY(table->call, "(the act is not known)", "（法令不详）"));
    }
    dl_buf_put_str(&table->out, "\n");
}

static enum dl_err addition_row(void *context, const struct dl_export_row *row)
{
    struct table *table = context;
    const struct dl_view *f = row->field;
    if (table->call->json) {
        dl_export_put_json(row, &table->out);
        table->n++;
        return dl_buf_err(&table->out);
    }
    put_heading(table, row);
    dl_buf_put_str(&table->out, "  ");
    dl_put_shown(&table->out, f[DL_EXPORT_LIST]);
    dl_buf_put_str(&table->out, " ");
    dl_put_shown(&table->out, f[DL_EXPORT_ENTRY]);
    dl_buf_put_str(&table->out, "  ");
    bool zh = table->call->zh && f[DL_EXPORT_NAME_ZH].n > 0;
    dl_put_shown(&table->out, f[zh ? DL_EXPORT_NAME_ZH : DL_EXPORT_NAME]);
    dl_buf_put_str(&table->out, "\n");
    table->n++;
    return dl_buf_err(&table->out);
}

/* The option's day, or `otherwise`; NULL when the call has ended. */
static const char *day_option(struct dl_call *call, const char *name, const char *otherwise)
{
    const char *day = dl_call_option(call, name);
    if (day == NULL || dl_date_decode(dl_view_str(day), NULL) == DL_OK) {
        return day == NULL ? otherwise : day;
    }
    struct dl_error error;
    dl_error_set(&error, DL_E_USAGE, name, "--%s \"%.20s\" is not a day (YYYY-MM-DD)", name, day);
    dl_call_fail(call, &error);
    return NULL;
}

/* A jurisdiction that the registry does not have, or days in the wrong order, are no empty answer.
 */
static bool check_period(struct dl_call *call, struct dl_store *store,
                         const struct dl_period *period)
{
    struct dl_error error;
    int64_t known = 0;
    enum dl_err err =
        period->jurisdiction[0] == '\0'
            ? DL_OK
            : dl_store_run(store, "SELECT count(*) FROM jurisdiction WHERE code=?1",
                           DL_SQL(DL_SQL_STR(period->jurisdiction)), dl_row_take_int, &known);
    if (err != DL_OK) {
        dl_error_set(&error, err, NULL, "the registry could not be read");
    } else if (period->jurisdiction[0] != '\0' && known == 0) {
        err = dl_error_set(&error, DL_E_FIELD_VALUE, "--jurisdiction",
                           "this registry has no jurisdiction \"%.40s\"", period->jurisdiction);
        dl_error_hint(&error, "`registry check` counts what it has");
    } else if (strcmp(period->from, period->until) > 0) {
        err = dl_error_set(&error, DL_E_FIELD_VALUE, "--until", "the period ends before it begins");
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
    }
    return err == DL_OK;
}

void dl__verb_registry_additions(struct dl_call *call)
{
    char back[DL_DATE_TEXT];
    dl_date_encode(dl_call_now(call) - (int64_t)DAYS_BACK * 24 * 3600 * 1000, back);
    char code[16] = "";
    const char *jurisdiction = dl_call_option(call, "jurisdiction");
    for (size_t i = 0; jurisdiction != NULL && jurisdiction[i] != '\0' && i + 1 < sizeof code;
         i++) {
        code[i] = (char)toupper((unsigned char)jurisdiction[i]);
    }
    struct dl_period period = {.jurisdiction = code};
    period.from = day_option(call, "from", back);
    if (period.from == NULL) {
        return;
    }
    period.until = day_option(call, "until", "9999-12-31");
    if (period.until == NULL) {
        return;
    }
    struct table *table = table_new(call);
    if (table == NULL || !check_period(call, table->store, &period)) {
        return;
    }
    enum dl_err err = dl_registry_additions(table->store, &period, addition_row, table);
    if (err != DL_OK) {
        dl_call_fail_with(call, err, "the registry could not be read");
        return;
    }
    dl_call_put_buf(call, &table->out);
    if (table->n == 0 && !call->json) {
        dl_call_warn(call, DL_SAY(call, "nothing came into force in that time\n",
                                  "该期间内没有生效的列管\n"));
    }
    dl_call_end(call, DL_EXIT_OK);
}
