/* registry import, imports, undo: announcements and the agency's own registry. */
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "base/limits.h"
#include "node/telling.h"
#include "registry/import.h"
#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 256 * 1024 * 1024, PLAIN_ROWS = 200 };

struct importing {
    struct dl_call *call;
    struct dl_buf out; /* the rows */
    size_t n_told;
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static void put_view(struct dl_buf *out, const char *key, struct dl_view value)
{
    dl_buf_printf(out, ",\"%s\":", key);
    if (value.n == 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_json_put_string(out, value);
    }
}

static void row_json(struct dl_buf *out, const struct dl_import_row *row, bool first)
{
    dl_buf_printf(out, "%s{\"line\":%zu,\"column\":", first ? "" : ",", row->row->line);
    if (row->row->column == 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_buf_printf(out, "%zu", row->row->column);
    }
    put_view(out, "action", row->row->field[DL_ROW_ACTION]); /* as it stands, known or not */
    put_view(out, "substance", row->substance.n > 0 ? row->substance : row->name);
    dl_put_member(out, "result", dl_import_result_name(row->result));
    dl_put_member(out, "reason", row->reason);
    dl_buf_put_str(out, "}");
}

static const char *result_word(const struct dl_call *call, enum dl_import_result result)
{
    static const char *const zh[] = {"新增", "变更", "不变", "终止", "冲突", "拒绝"};
    return call->zh ? zh[result] : dl_import_result_name(result);
}

static void row_text(struct importing *i, const struct dl_import_row *row)
{
    dl_buf_printf(&i->out, "  %-10s", result_word(i->call, row->result));
    dl_text_show(&i->out, row->name, true);
    if (row->row->field[DL_ROW_LIST].n > 0) {
        dl_buf_put_str(&i->out, "  ");
        dl_text_show(&i->out, row->row->field[DL_ROW_LIST], true);
    }
    if (row->reason != NULL) {
        dl_buf_printf(&i->out, DL_SAY(i->call, "  (line %zu: %s)", "  （第 %zu 行：%s）"),
                      row->row->line, row->reason);
    }
    dl_buf_put_str(&i->out, "\n");
}

static void take_row(void *context, const struct dl_import_row *row)
{
    struct importing *i = context;
    if (i->call->json) {
        row_json(&i->out, row, i->n_told == 0);
        i->n_told++;
    } else if (row->result != DL_IMPORT_UNCHANGED) {
        if (i->n_told < PLAIN_ROWS || row->reason != NULL) {
            row_text(i, row);
        }
        i->n_told++;
    }
}

static bool take_progress(void *context, size_t done, size_t total)
{
    const struct importing *i = context;
    if (i->call->progress && total > PLAIN_ROWS) {
        dl_call_warn(i->call, "\r%zu/%zu", done, total);
    }
    return true;
}

static void put_json(struct importing *i, const struct dl_import *import)
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
                  "\"refused\":%zu,\"rows\":[",
                  import->n[DL_IMPORT_NEW], import->n[DL_IMPORT_CHANGED],
                  import->n[DL_IMPORT_UNCHANGED], import->n[DL_IMPORT_ENDED],
                  import->n[DL_IMPORT_CONFLICT], import->n[DL_IMPORT_REFUSED]);
    dl_call_put_buf(i->call, &head);
    dl_buf_fini(&head);
    dl_buf_put_str(&i->out, "]}\n");
    dl_call_put_buf(i->call, &i->out);
}

static void put_text(struct importing *i, const struct dl_import *import)
{
    struct dl_call *call = i->call;
    if (call->progress) {
        dl_call_warn(call, "\r");
    }
    if (i->n_told > PLAIN_ROWS) {
        dl_buf_printf(&i->out,
                      DL_SAY(call, "  ... %zu rows in all (--json lists them)\n",
                             "  …… 共 %zu 行（用 --json 列出）\n"),
                      i->n_told);
    }
    dl_call_put_buf(call, &i->out);
    for (int r = 0; r < DL_IMPORT_RESULTS; r++) {
        dl_call_print(call, "%s%s %zu", r == 0 ? "" : ", ",
                      result_word(call, (enum dl_import_result)r), import->n[r]);
    }
    dl_call_print(call, "\n");
    size_t waiting =
        import->n[DL_IMPORT_NEW] + import->n[DL_IMPORT_CHANGED] + import->n[DL_IMPORT_ENDED];
    if (import->id > 0) {
        dl_call_print(call,
                      DL_SAY(call, "Recorded as import %lld. To take it back: registry undo %lld\n",
                             "已记录为导入 %lld。撤回：registry undo %lld\n"),
                      (long long)import->id, (long long)import->id);
    } else if (waiting == 0) {
        dl_call_print(call,
                      DL_SAY(call, "There is nothing to record.\n", "没有需要记录的内容。\n"));
    } else {
        dl_call_print(call, DL_SAY(call,
                                   "Nothing was changed. To record it: the same with --yes --by "
                                   "NAME\n",
                                   "尚未更改任何内容。确认请加 --yes --by 姓名\n"));
    }
}

static void run_import(struct dl_call *call, const struct dl_announcement *announcement,
                       const char *sha256)
{
    struct importing i = {.call = call};
    struct dl_error error = {0};
    struct dl_registry *registry = NULL;
    const char *by = dl_call_option(call, "by");
    if (dl_call_registry(call, &registry, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    struct dl_import import = {.store = dl_registry_store(registry),
                               .announcement = announcement,
                               .by = by == NULL ? "" : by,
                               .file = base_name(dl_call_operand(call, 0)),
                               .sha256 = sha256,
                               .now_ms = dl_call_now(call),
                               .apply = dl_call_flag(call, "yes") && !dl_call_flag(call, "dry-run"),
                               .progress = take_progress,
                               .row = take_row,
                               .context = &i};
    dl_buf_init(&i.out, OUT_MAX);
    enum dl_err err = dl_registry_import(&import, &error);
    if (err == DL_OK && call->json) {
        put_json(&i, &import);
    } else if (err == DL_OK) {
        put_text(&i, &import);
    }
    dl_buf_fini(&i.out);
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    bool all = import.n[DL_IMPORT_CONFLICT] + import.n[DL_IMPORT_REFUSED] == 0;
    dl_call_end(call, all ? DL_EXIT_OK : DL_EXIT_NO);
}

static void gathered(struct dl_call *call, struct dl_view file)
{
    struct dl_announcement announcement;
    struct dl_error error = {0};
    struct dl_hash hash = dl_sha256(file);
    char hex[2 * sizeof hash.b + 1];
    dl_hex_encode(dl_view_of(hash.b, sizeof hash.b), hex);
    if (dl_announcement_read(file, &announcement, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    run_import(call, &announcement, hex);
    dl_announcement_fini(&announcement);
}

/* Who says so is on record for ever. */
static bool by_is_given(struct dl_call *call)
{
    const char *by = dl_call_option(call, "by");
    if (by != NULL && by[0] != '\0' &&
        dl_text_check(dl_view_str(by), DL_TEXT_NAME, NULL) == DL_OK &&
        dl_text_length(dl_view_str(by)) <= DL_LIMIT_STRING) {
        return true;
    }
    struct dl_error error;
    dl_error_set(&error, DL_E_USAGE, "--by", "--by NAME says who confirms it");
    dl_call_fail(call, &error);
    return false;
}

void dl__verb_registry_import(struct dl_call *call)
{
    if (dl_call_flag(call, "yes") && !by_is_given(call)) {
        return;
    }
    dl_call_gather(call, DL_ANNOUNCEMENT_OCTETS, gathered);
}

void dl__verb_registry_undo(struct dl_call *call)
{
    struct dl_error error = {0};
    struct dl_registry *registry = NULL;
    uint64_t number = 0;
    int64_t id = 0;
    if (!by_is_given(call)) {
        return;
    }
    if (dl_decimal_decode(dl_view_str(dl_call_operand(call, 0)), INT64_MAX, &number) != DL_OK) {
        dl_error_set(&error, DL_E_USAGE, "IMPORT", "\"%.40s\" is not the number of an import",
                     dl_call_operand(call, 0));
        dl_call_fail(call, &error);
        return;
    }
    enum dl_err err = dl_call_registry(call, &registry, &error);
    if (err == DL_OK) {
        struct dl_undo undo = {.store = dl_registry_store(registry),
                               .import = (int64_t)number,
                               .by = dl_call_option(call, "by"),
                               .now_ms = dl_call_now(call)};
        err = dl_registry_undo(&undo, &id, &error);
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    if (call->json) {
        dl_call_print(call, "{\"import\":%lld,\"undoes\":%llu}\n", (long long)id,
                      (unsigned long long)number);
    } else {
        dl_call_print(call,
                      DL_SAY(call, "Import %llu is taken back; recorded as import %lld.\n",
                             "导入 %llu 已撤回；记录为导入 %lld。\n"),
                      (unsigned long long)number, (long long)id);
    }
    dl_call_end(call, DL_EXIT_OK);
}

static void put_id(struct dl_buf *out, const char *key, int64_t id)
{
    if (id == 0) {
        dl_put_member(out, key, NULL);
    } else {
        dl_put_member_int(out, key, id);
    }
}

static void record_json(struct dl_buf *out, const struct dl_import_record *record)
{
    dl_buf_printf(out, "{\"import\":%lld,\"time\":", (long long)record->id);
    dl_put_time(out, record->at_ms);
    put_view(out, "kind", record->kind);
    put_view(out, "by", record->by);
    put_view(out, "file", record->file);
    put_view(out, "sha256", record->sha256);
    put_view(out, "instrument", record->instrument);
    put_view(out, "entry", record->entry);
    put_id(out, "undoes", record->undoes);
    put_id(out, "undone_by", record->undone_by);
    dl_buf_printf(out, ",\"new\":%lld,\"changed\":%lld,\"ended\":%lld}\n", (long long)record->added,
                  (long long)record->changed, (long long)record->ended);
}

static void record_text(const struct dl_call *call, struct dl_buf *out,
                        const struct dl_import_record *record)
{
    char day[DL_DATE_TEXT];
    dl_date_encode(record->at_ms, day);
    dl_buf_printf(out, "%4lld  %s  %-13.*s", (long long)record->id, day, DL_VIEW_ARG(record->kind));
    dl_put_shown(out, record->instrument.n > 0 ? record->instrument : record->file);
    dl_buf_printf(out,
                  DL_SAY(call, "  %lld new, %lld changed, %lld ended, by ",
                         "  新增 %lld，变更 %lld，终止 %lld，操作人："),
                  (long long)record->added, (long long)record->changed, (long long)record->ended);
    dl_put_shown(out, record->by);
    if (record->undone_by != 0) {
        dl_buf_printf(out, DL_SAY(call, "  (undone by %lld)", "  （已被 %lld 撤回）"),
                      (long long)record->undone_by);
    }
    if (record->undoes != 0) {
        dl_buf_printf(out, DL_SAY(call, "  (undoes %lld)", "  （撤回 %lld）"),
                      (long long)record->undoes);
    }
    dl_buf_put_str(out, "\n");
}

static enum dl_err take_record(void *context, const struct dl_import_record *record)
{
    struct importing *i = context;
    if (i->call->json) {
        record_json(&i->out, record);
    } else {
        record_text(i->call, &i->out, record);
    }
    return dl_buf_err(&i->out);
}

void dl__verb_registry_imports(struct dl_call *call)
{
    struct importing i = {.call = call};
    struct dl_error error = {0};
    struct dl_registry *registry = NULL;
    if (dl_call_registry(call, &registry, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    dl_buf_init(&i.out, OUT_MAX);
    enum dl_err err = dl_registry_imports(dl_registry_store(registry), take_record, &i);
    if (err == DL_OK) {
        dl_call_put_buf(call, &i.out);
    }
    dl_buf_fini(&i.out);
    if (err != DL_OK) {
        dl_call_fail_with(call, err, "the registry could not be read");
    } else {
        dl_call_end(call, DL_EXIT_OK);
    }
}
