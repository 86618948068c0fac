/* registry import, imports, undo: announcements and the agency's own registry. */
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "base/limits.h"
#include "node/announcing.h"
#include "node/importing.h"
#include "node/telling.h"
#include "node/triage.h"
#include "registry/import.h"
#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 16 * 1024 * 1024 };

struct records {
    struct dl_call *call;
    struct dl_buf out;
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static void take_told(void *context, const char *peer, const char *id)
{
    struct dl_importing *i = context;
    dl_buf_printf(&i->notices, "%s{\"to\":", i->n_notices == 0 ? "" : ",");
    dl_json_put_str(&i->notices, peer);
    dl_put_member(&i->notices, "id", id);
    dl_buf_put_str(&i->notices, "}");
    i->n_notices++;
}

/* The import stands; what could not be staged is owed, and the next start stages it. */
static void warn_owed(struct dl_importing *i, const char *why)
{
    dl_call_warn(i->call,
                 DL_SAY(i->call,
                        "The import is recorded. Not every peer is told yet (%s); what is owed is "
                        "sent when the node starts again.\n",
                        "导入已记录，但尚未通知所有对方（%s）；节点下次启动时补发。\n"),
                 why);
}

static void durable(void *context, enum dl_err err)
{
    struct dl_importing *i = context;
    if (err != DL_OK) {
        warn_owed(i, dl_err_text(err));
    }
    dl_importing_end(i);
}

static void recorded(struct dl_importing *i)
{
    struct dl_error error = {0};
    if (i->import.id == 0) {
        dl_importing_end(i);
        return;
    }
    if (dl_announcing_tell(i->call->agency, take_told, i, &error) != DL_OK) {
        warn_owed(i, error.message);
    }
    dl_agency_after(i->call->agency, durable, i);
}

static bool is_yes(struct dl_view answer)
{
    static const char *const words[] = {"y", "Y", "yes", "Yes", "YES", "是"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        if (dl_view_is(answer, words[w])) {
            return true;
        }
    }
    return false;
}

/* Confirmed on the terminal: what was shown is recorded, if the registry is still what it was. */
static void confirm(struct dl_importing *i)
{
    i->import.apply = true;
    i->import.shown_at = i->import.based_on;
    dl_importing_run(i, recorded);
}

static void named(struct dl_call *call, struct dl_view answer)
{
    struct dl_importing *i = call->state;
    if (!dl_importing_is_name(answer)) {
        dl_importing_end(i);
        return;
    }
    memcpy(i->by, answer.p, answer.n);
    i->import.by = i->by;
    confirm(i);
}

static void answered(struct dl_call *call, struct dl_view answer)
{
    struct dl_importing *i = call->state;
    if (!is_yes(answer)) {
        dl_importing_end(i);
    } else if (i->import.by[0] == '\0') {
        dl_call_ask(call, DL_SAY(call, "Who confirms it? ", "确认人姓名："), named);
    } else {
        confirm(i);
    }
}

static void compared(struct dl_importing *i)
{
    bool may_ask = i->call->asks && !dl_call_flag(i->call, "dry-run") && !i->import.apply;
    if (!may_ask || !dl_importing_has_news(i)) {
        recorded(i);
        return;
    }
    dl_importing_show(i);
    dl_call_ask(i->call, DL_SAY(i->call, "Record this? [y/N] ", "是否记录？[y/N] "), answered);
}

static void gathered(struct dl_call *call, struct dl_view file)
{
    struct dl_error error = {0};
    struct dl_importing *i = dl_importing_new(call);
    struct dl_hash hash = dl_sha256(file);
    dl_hex_encode(dl_view_of(hash.b, sizeof hash.b), i->sha256);
    i->import.by = dl_call_option(call, "by");
    i->import.by = i->import.by == NULL ? "" : i->import.by;
    i->import.file = base_name(dl_call_operand(call, 0));
    i->import.sha256 = i->sha256;
    i->import.apply = dl_call_flag(call, "yes") && !dl_call_flag(call, "dry-run");
    if (dl_announcement_read(file, &i->announcement, &error) != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        dl_importing_run(i, compared);
    }
}

void dl__verb_registry_import(struct dl_call *call)
{
    const char *by = NULL;
    bool is_named = dl_call_flag(call, "yes") || dl_call_option(call, "by") != NULL;
    if (is_named && !dl_importing_by(call, &by)) {
        return;
    }
    dl_call_gather(call, DL_ANNOUNCEMENT_OCTETS, gathered);
}

struct undoing {
    struct dl_call *call;
    uint64_t number;
    int64_t id;
};

static void free_undoing(void *state)
{
    struct undoing *undoing = state;
    dl_triage_forget(undoing->call->agency, undoing);
    free(undoing);
}

static void undone(void *context, size_t flagged)
{
    const struct undoing *undoing = context;
    struct dl_call *call = undoing->call;
    if (call->json) {
        dl_call_print(call, "{\"import\":%lld,\"undoes\":%llu,\"flagged\":%zu}\n",
                      (long long)undoing->id, (unsigned long long)undoing->number, flagged);
    } else {
        dl_call_print(call,
                      DL_SAY(call, "Import %llu is taken back; recorded as import %lld.\n",
                             "导入 %llu 已撤回；记录为导入 %lld。\n"),
                      (unsigned long long)undoing->number, (long long)undoing->id);
        if (dl_agency_first_peer(call->agency) != NULL) {
            dl_call_print(call, DL_SAY(call,
                                       "Peers that were told of it are not told of this: message "
                                       "send does that.\n",
                                       "已获通报的对方不会自动得知撤回；请用 message send 告知。\n"));
        }
        dl_importing_say_flagged(call, flagged);
    }
    dl_call_end(call, DL_EXIT_OK);
}

void dl__verb_registry_undo(struct dl_call *call)
{
    struct dl_error error = {0};
    struct dl_registry *registry = NULL;
    uint64_t number = 0;
    int64_t id = 0;
    const char *by = NULL;
    if (!dl_importing_by(call, &by)) {
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
                               .by = by,
                               .now_ms = dl_call_now(call)};
        err = dl_registry_undo(&undo, &id, &error);
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    struct undoing *undoing = calloc(1, sizeof *undoing);
    DL_ASSERT(undoing != NULL, "memory for a call");
    *undoing = (struct undoing){.call = call, .number = number, .id = id};
    call->state = undoing;
    call->state_free = free_undoing;
    dl_triage_screen(call->agency, undone, undoing);
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
    dl_put_member_view(out, "kind", record->kind);
    dl_put_member_view(out, "by", record->by);
    dl_put_member_view(out, "file", record->file);
    dl_put_member_view(out, "sha256", record->sha256);
    dl_put_member_view(out, "instrument", record->instrument);
    dl_put_member_view(out, "entry", record->entry);
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
    struct records *i = context;
    if (i->call->json) {
        record_json(&i->out, record);
    } else {
        record_text(i->call, &i->out, record);
    }
    return dl_buf_err(&i->out);
}

void dl__verb_registry_imports(struct dl_call *call)
{
    struct records i = {.call = call};
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
