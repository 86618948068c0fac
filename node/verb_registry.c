#include "node/command.h"
#include "registry/check.h"
#include "registry/import.h"
#include "registry/registry.h"

#include "base/json.h"
#include "base/text.h"

/* A check says little, but of a broken registry it may say much. */
enum { OUT_MAX = 64 * 1024 * 1024 };

struct checking {
    struct dl_call *call;
    struct dl_buf out;
};

static void put_member(struct dl_buf *out, const char *name, struct dl_view value)
{
    dl_buf_printf(out, "\"%s\":", name);
    dl_json_put_string(out, value);
}

static enum dl_err finding_json(struct dl_buf *out, const struct dl_finding *finding)
{
    dl_buf_put_str(out, "{");
    put_member(out, "level", dl_view_str(dl_check_level_name(finding->level)));
    dl_buf_put_str(out, ",");
    put_member(out, "finding", dl_view_str(finding->name));
    dl_buf_put_str(out, ",");
    put_member(out, "subject", finding->subject);
    dl_buf_put_str(out, ",");
    put_member(out, "detail", finding->detail);
    dl_buf_put_str(out, ",\"reason\":");
    if (finding->reason.n == 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_json_put_string(out, finding->reason);
    }
    dl_buf_put_str(out, "}\n");
    return dl_buf_err(out);
}

/* Notes are gaps of the sources, by the hundred: counted for people, told whole as JSON. */
static enum dl_err put_finding(void *context, const struct dl_finding *finding)
{
    struct checking *c = context;
    if (c->call->json) {
        return finding_json(&c->out, finding);
    }
    if (finding->level == DL_CHECK_NOTE) {
        return DL_OK;
    }
    const char *level = finding->level == DL_CHECK_ERROR ? DL_SAY(c->call, "error", "错误")
                                                         : DL_SAY(c->call, "accepted", "已知");
    dl_buf_printf(&c->out, "%s  %s  ", level, finding->name);
    dl_text_show(&c->out, finding->subject, true);
    dl_buf_put_str(&c->out, ": ");
    dl_text_show(&c->out, finding->reason.n > 0 ? finding->reason : finding->detail, true);
    dl_buf_put_str(&c->out, "\n");
    return dl_buf_err(&c->out);
}

static enum dl_err put_list(void *context, const struct dl_check_list *list)
{
    struct checking *c = context;
    if (!c->call->json) {
        dl_buf_printf(&c->out, "%-16.*s %6lld %10lld %10lld %9lld %11lld %10lld %7lld %6lld\n",
                      DL_VIEW_ARG(list->list), (long long)list->rows, (long long)list->structured,
                      (long long)list->ingredient, (long long)list->official,
                      (long long)list->two_sources, (long long)list->secondary,
                      (long long)list->memory, (long long)list->other);
        return dl_buf_err(&c->out);
    }
    dl_buf_put_str(&c->out, "{");
    put_member(&c->out, "list", list->list);
    dl_buf_printf(
        &c->out,
        ",\"rows\":%lld,\"with_structure\":%lld,\"ingredient_only\":%lld,\"official\":%lld,"
        "\"two_sources\":%lld,\"secondary\":%lld,\"memory\":%lld,\"other\":%lld}\n",
        (long long)list->rows, (long long)list->structured, (long long)list->ingredient,
        (long long)list->official, (long long)list->two_sources, (long long)list->secondary,
        (long long)list->memory, (long long)list->other);
    return dl_buf_err(&c->out);
}

static void put_end(struct checking *c, const struct dl_check *check)
{
    if (c->call->json) {
        dl_buf_printf(&c->out, "{\"errors\":%zu,\"accepted\":%zu,\"notes\":%zu}\n",
                      check->n[DL_CHECK_ERROR], check->n[DL_CHECK_ACCEPTED],
                      check->n[DL_CHECK_NOTE]);
        return;
    }
    dl_buf_printf(
        &c->out,
        DL_SAY(c->call,
               "%zu errors, %zu accepted oddities, %zu notes (gaps of the sources; "
               "--json lists them)\n",
               "%zu 个错误，%zu 个已知的异常，%zu 条注记（来源的缺漏；用 --json 列出）\n"),
        check->n[DL_CHECK_ERROR], check->n[DL_CHECK_ACCEPTED], check->n[DL_CHECK_NOTE]);
}

static enum dl_err run_check(struct checking *c, struct dl_check *check, struct dl_error *error)
{
    DL_TRY(dl_registry_check(check, error));
    if (!c->call->json) {
        dl_buf_printf(&c->out, "\n%-16s %6s %10s %10s %9s %11s %10s %7s %6s\n", "list", "rows",
                      "structure", "ingredient", "official", "two-sources", "secondary", "memory",
                      "other");
    }
    enum dl_err err = dl_registry_summary(check->store, put_list, c);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, NULL);
    }
    if (!c->call->json) {
        dl_buf_put_str(&c->out, "\n");
    }
    put_end(c, check);
    err = dl_buf_err(&c->out);
    return err == DL_OK ? DL_OK : dl_error_set(error, err, NULL, NULL);
}

void dl__verb_registry_check(struct dl_call *call)
{
    struct dl_registry *registry = NULL;
    struct dl_error error = {0};
    if (dl_call_registry(call, &registry, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    if (dl_import_none_runs(dl_registry_store(registry), &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    struct checking c = {.call = call};
    struct dl_check check = {
        .store = dl_registry_store(registry), .found = put_finding, .context = &c};
    dl_buf_init(&c.out, OUT_MAX);
    enum dl_err err = run_check(&c, &check, &error);
    if (err == DL_OK) {
        dl_call_put(call, dl_buf_view(&c.out));
    }
    dl_buf_fini(&c.out);
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    dl_call_end(call, check.n[DL_CHECK_ERROR] > 0 ? DL_EXIT_NO : DL_EXIT_OK);
}
