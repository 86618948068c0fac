#include "node/importing.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "node/announcing.h"
#include "node/telling.h"
#include "node/triage.h"
#include "registry/registry.h"
#include "registry/worker.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROWS_MAX = 256 * 1024 * 1024,
    NOTICES_MAX = 1024 * 1024,
    PLAIN_ROWS = 200,
    SLICE = 256,    /* rows a turn: some 10 ms */
    STRUCTURES = 16 /* the same, to be read */
};

static void free_importing(void *state)
{
    struct dl_importing *importing = state;
    if (importing->call->agency != NULL) {
        dl_agency_forget(importing->call->agency, importing);
        dl_triage_forget(importing->call->agency, importing);
    }
    dl_import_drop(&importing->run);
    dl_worker_close(&importing->worker);
    free(importing->keys);
    dl_announcement_fini(&importing->announcement);
    dl_buf_fini(&importing->rows);
    dl_buf_fini(&importing->notices);
    free(importing);
}

struct dl_importing *dl_importing_new(struct dl_call *call)
{
    struct dl_importing *importing = calloc(1, sizeof *importing);
    DL_ASSERT(importing != NULL, "memory for a call");
    importing->call = call;
    dl_buf_init(&importing->rows, ROWS_MAX);
    dl_buf_init(&importing->notices, NOTICES_MAX);
    call->state = importing;
    call->state_free = free_importing;
    return importing;
}

static void row_json(struct dl_buf *out, const struct dl_import_row *row, bool first)
{
    dl_buf_printf(out, "%s{\"line\":%zu,\"column\":", first ? "" : ",", row->row->line);
    if (row->row->column == 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_buf_printf(out, "%zu", row->row->column);
    }
    dl_put_member_view(out, "action",
                       row->row->field[DL_ROW_ACTION]); /* as it stands, known or not */
    dl_put_member_view(out, "substance", row->substance.n > 0 ? row->substance : row->name);
    dl_put_member(out, "result", dl_import_result_name(row->result));
    dl_put_member(out, "reason", row->reason);
    dl_buf_put_str(out, "}");
}

static const char *result_word(const struct dl_call *call, enum dl_import_result result)
{
    static const char *const zh[] = {"新增", "变更", "不变", "终止", "冲突", "拒绝"};
    return call->zh ? zh[result] : dl_import_result_name(result);
}

static void row_text(struct dl_importing *i, const struct dl_import_row *row)
{
    dl_buf_printf(&i->rows, "  %-10s", result_word(i->call, row->result));
    dl_text_show(&i->rows, row->name, true);
    if (row->row->field[DL_ROW_LIST].n > 0) {
        dl_buf_put_str(&i->rows, "  ");
        dl_text_show(&i->rows, row->row->field[DL_ROW_LIST], true);
    }
    if (row->reason != NULL) {
        dl_buf_printf(&i->rows, DL_SAY(i->call, "  (line %zu: %s)", "  （第 %zu 行：%s）"),
                      row->row->line, row->reason);
    }
    dl_buf_put_str(&i->rows, "\n");
}

/* What is left out of the record is told to nobody: the row is marked as refused once it is looked
 * at. */
static void take_row(void *context, const struct dl_import_row *row)
{
    struct dl_importing *i = context;
    if (i->call->json) {
        row_json(&i->rows, row, i->n_told == 0);
        i->n_told++;
    } else if (!i->shown && row->result != DL_IMPORT_UNCHANGED) {
        if (i->n_told < PLAIN_ROWS || row->reason != NULL) {
            row_text(i, row);
        }
        i->n_told++;
    }
    if (i->import.apply &&
        (row->result == DL_IMPORT_CONFLICT || row->result == DL_IMPORT_UNCHANGED)) {
        i->announcement.rows[row->row - i->announcement.rows].refused = "left out";
    }
}

static void put_progress(struct dl_importing *i)
{
    size_t total = i->announcement.n_rows;
    i->n_done = i->n_done + SLICE < total ? i->n_done + SLICE : total;
    if (i->call->progress && total > PLAIN_ROWS) {
        dl_call_warn(i->call, "\r%zu/%zu", i->n_done, total);
    }
}

/* The last row is looked at: what the peers are owed is recorded with it. */
static enum dl_err finish(struct dl_importing *i, struct dl_error *error)
{
    if (dl_import_changes(i->run) && i->import.entry == NULL) {
        DL_TRY(dl_announcing_keep(i->call->agency, i->import.store, &i->announcement, error));
    }
    return dl_import_end(&i->run, error);
}

static void step(struct dl_call *call)
{
    struct dl_importing *i = call->state;
    struct dl_error error = {0};
    bool done = false;
    enum dl_err err = dl_import_rows(i->run, SLICE, &done, &error);
    put_progress(i);
    if (err == DL_OK && !done) {
        return;
    }
    dl_call_steps(call, NULL);
    if (err == DL_OK) {
        err = finish(i, &error);
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        i->then(i);
    }
}

static void compare(struct dl_importing *importing)
{
    struct dl_registry *registry = NULL;
    struct dl_error error = {0};
    struct dl_import *import = &importing->import;
    enum dl_err err = dl_call_registry(importing->call, &registry, &error);
    if (err == DL_OK) {
        import->store = dl_registry_store(registry);
        import->announcement = &importing->announcement;
        import->now_ms = dl_call_now(importing->call);
        import->row = take_row;
        import->context = importing;
        err = dl_import_begin(import, &importing->run, &error);
    }
    if (err != DL_OK) {
        dl_call_fail(importing->call, &error);
        return;
    }
    importing->n_done = 0;
    dl_call_steps(importing->call, step);
}

/* ---- structures ---- */

static void refuse_structure(struct dl_announcement_row *row, const char *why)
{
    row->refused = why;
    row->column = row->smiles_column;
}

/* Substances are told by their structure: what is drawn is what is meant. */
static enum dl_err read_structure(struct dl_importing *i, size_t at, struct dl_error *error)
{
    struct dl_announcement_row *row = &i->announcement.rows[at];
    struct dl_view *key = &row->field[DL_ROW_INCHIKEY];
    struct dl_worker_ask ask = {.text = row->field[DL_ROW_SMILES], .wants = 0, .rule = -1};
    struct dl_worker_answer answer;
    DL_TRY(dl_worker_ask(i->worker, &ask, &answer, error));
    struct dl_view found = answer.inchikey.n > 0 ? answer.inchikey : answer.parent_inchikey;
    if (!answer.understood || found.n + 1 != sizeof i->keys[at]) {
        refuse_structure(row, "the SMILES cannot be read as a structure");
    } else if (key->n > 0 && !dl_view_equal(*key, found)) {
        refuse_structure(row, "the SMILES and the InChIKey are of different structures");
    } else {
        memcpy(i->keys[at], found.p, found.n);
        *key = dl_view_of(i->keys[at], found.n);
    }
    return DL_OK;
}

static bool has_structure(const struct dl_announcement_row *row)
{
    return row->refused == NULL && row->field[DL_ROW_SMILES].n > 0;
}

static void read_step(struct dl_call *call)
{
    struct dl_importing *i = call->state;
    struct dl_error error = {0};
    enum dl_err err = DL_OK;
    size_t n = 0;
    for (; err == DL_OK && n < STRUCTURES && i->n_read < i->announcement.n_rows; i->n_read++) {
        if (has_structure(&i->announcement.rows[i->n_read])) {
            err = read_structure(i, i->n_read, &error);
            n++;
        }
    }
    if (err == DL_OK && i->n_read < i->announcement.n_rows) {
        return;
    }
    dl_call_steps(call, NULL);
    dl_worker_close(&i->worker);
    if (err != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        compare(i);
    }
}

/* Without the worker the rows go by the identifiers that they give, and that is said. */
static bool open_worker(struct dl_importing *i)
{
    struct dl_worker_config config = {.processes = 1};
    struct dl_error error = {0};
    size_t first = i->n_read;
    while (first < i->announcement.n_rows && !has_structure(&i->announcement.rows[first])) {
        first++;
    }
    if (first == i->announcement.n_rows) {
        return false;
    }
    if (dl_worker_open(&config, &i->worker, &error) != DL_OK) {
        dl_call_warn(i->call,
                     DL_SAY(i->call, "The structures of the rows are not read: %s\n",
                            "未读取各行的结构：%s\n"),
                     error.message);
        return false;
    }
    if (i->keys == NULL) {
        i->keys = calloc(i->announcement.n_rows, sizeof *i->keys);
        DL_ASSERT(i->keys != NULL, "memory for the keys of the rows");
    }
    return true;
}

void dl_importing_run(struct dl_importing *importing, dl_importing_fn then)
{
    importing->then = then;
    if (open_worker(importing)) {
        dl_call_steps(importing->call, read_step);
    } else {
        compare(importing);
    }
}

bool dl_importing_has_news(const struct dl_importing *importing)
{
    const size_t *n = importing->import.n;
    return n[DL_IMPORT_NEW] + n[DL_IMPORT_CHANGED] + n[DL_IMPORT_ENDED] > 0;
}

static void put_json(struct dl_importing *i, const struct dl_import *import)
{
    struct dl_buf head;
    dl_buf_init(&head, 4096);
    dl_buf_printf(&head, "{\"applied\":%s,\"import\":", import->id > 0 ? "true" : "false");
    if (import->id > 0) {
        dl_buf_printf(&head, "%lld", (long long)import->id);
    } else {
        dl_buf_put_str(&head, "null");
    }
    dl_buf_printf(&head,
                  ",\"new\":%zu,\"changed\":%zu,\"unchanged\":%zu,\"ended\":%zu,\"conflicts\":%zu,"
                  "\"refused\":%zu,\"flagged\":%zu,\"notices\":[",
                  import->n[DL_IMPORT_NEW], import->n[DL_IMPORT_CHANGED],
                  import->n[DL_IMPORT_UNCHANGED], import->n[DL_IMPORT_ENDED],
                  import->n[DL_IMPORT_CONFLICT], import->n[DL_IMPORT_REFUSED], i->flagged);
    dl_call_put_buf(i->call, &head);
    dl_buf_fini(&head);
    dl_call_put_buf(i->call, &i->notices);
    dl_call_print(i->call, "],\"rows\":[");
    dl_buf_put_str(&i->rows, "]}\n");
    dl_call_put_buf(i->call, &i->rows);
}

void dl_importing_say_flagged(struct dl_call *call, size_t flagged)
{
    if (flagged > 0) {
        dl_call_print(call,
                      DL_SAY(call,
                             "Past alerts whose substance stands otherwise now: %zu; alert list "
                             "flags them.\n",
                             "法律状态因此改变的以往警报：%zu 条，alert list 中有标注。\n"),
                      flagged);
    }
}

void dl_importing_show(struct dl_importing *i)
{
    struct dl_call *call = i->call;
    if (call->progress && i->announcement.n_rows > PLAIN_ROWS) {
        dl_call_warn(call, "\n");
    }
    if (i->shown) {
        return;
    }
    i->shown = true;
    if (i->n_told > PLAIN_ROWS) {
        dl_buf_printf(&i->rows,
                      DL_SAY(call, "  ... %zu rows in all (--json lists them)\n",
                             "  …… 共 %zu 行（用 --json 列出）\n"),
                      i->n_told);
    }
    dl_call_put_buf(call, &i->rows);
    for (int r = 0; r < DL_IMPORT_RESULTS; r++) {
        dl_call_print(call, "%s%s %zu", r == 0 ? "" : DL_SAY(call, ", ", "，"),
                      result_word(call, (enum dl_import_result)r), i->import.n[r]);
    }
    dl_call_print(call, "\n");
}

static bool has_inventory(struct dl_store *store)
{
    bool has = false;
    return dl_store_run(store, "SELECT 1 FROM inventory", NULL, 0, dl_row_take_any, &has) ==
               DL_OK &&
           has;
}

static void put_text(struct dl_importing *i, const struct dl_import *import)
{
    struct dl_call *call = i->call;
    bool asked = i->shown;
    dl_importing_show(i);
    if (import->id > 0) {
        dl_call_print(call,
                      DL_SAY(call, "Recorded as import %lld. To take it back: registry undo %lld\n",
                             "已记录为导入 %lld。撤回：registry undo %lld\n"),
                      (long long)import->id, (long long)import->id);
        dl_importing_say_flagged(call, i->flagged);
        if (has_inventory(i->import.store)) {
            dl_call_print(call,
                          DL_SAY(call,
                                 "What it hits of the inventory: registry inventory screen "
                                 "--import %lld\n",
                                 "对库存清单的影响：registry inventory screen --import %lld\n"),
                          (long long)import->id);
        }
        if (i->n_notices > 0) {
            dl_call_print(call,
                          DL_SAY(call, "Listing-notices on their way to the peers: %zu\n",
                                 "已通知对方：%zu 份列管通报已提交发送。\n"),
                          i->n_notices);
        }
    } else if (!dl_importing_has_news(i)) {
        dl_call_print(call,
                      DL_SAY(call, "There is nothing to record.\n", "没有需要记录的内容。\n"));
    } else if (asked) {
        dl_call_print(call, DL_SAY(call, "Nothing was changed.\n", "未更改任何内容。\n"));
    } else if (import->entry != NULL) {
        dl_call_print(call,
                      DL_SAY(call,
                             "Nothing was changed. To record it: registry notice accept %s --by "
                             "NAME\n",
                             "尚未更改任何内容。确认：registry notice accept %s --by 姓名\n"),
                      import->entry);
    } else {
        dl_call_print(call, DL_SAY(call,
                                   "Nothing was changed. To record it: the same with --yes --by "
                                   "NAME\n",
                                   "尚未更改任何内容。确认请加 --yes --by 姓名\n"));
    }
}

static void tell_outcome(struct dl_importing *importing)
{
    struct dl_call *call = importing->call;
    const struct dl_import *import = &importing->import;
    if (dl_buf_err(&importing->rows) != DL_OK) {
        dl_call_warn(call,
                     DL_SAY(call, "the rows are too many to be shown\n", "行数过多，无法列出\n"));
        dl_buf_reset(&importing->rows);
    }
    if (call->json) {
        put_json(importing, import);
    } else {
        put_text(importing, import);
    }
    bool all = import->n[DL_IMPORT_CONFLICT] + import->n[DL_IMPORT_REFUSED] == 0;
    dl_call_end(call, all ? DL_EXIT_OK : DL_EXIT_NO);
}

static void screened(void *context, size_t flagged)
{
    struct dl_importing *importing = context;
    importing->flagged = flagged;
    tell_outcome(importing);
}

void dl_importing_end(struct dl_importing *importing)
{
    if (importing->import.id > 0) {
        dl_triage_screen(importing->call->agency, screened, importing);
    } else {
        tell_outcome(importing);
    }
}

bool dl_importing_is_name(struct dl_view name)
{
    return name.n > 0 && dl_text_check(name, DL_TEXT_NAME, NULL) == DL_OK &&
           dl_text_length(name) <= DL_LIMIT_STRING;
}

bool dl_importing_by(struct dl_call *call, const char **by)
{
    const char *said = dl_call_option(call, "by");
    if (said != NULL && dl_importing_is_name(dl_view_str(said))) {
        *by = said;
        return true;
    }
    struct dl_error error;
    dl_error_set(&error, DL_E_USAGE, "--by", "--by NAME says who confirms it");
    dl_call_fail(call, &error);
    return false;
}
