/* registry notices, notice show, accept, decline: what peers say of their law. */
#include "base/json.h"
#include "node/entry_view.h"
#include "node/importing.h"
#include "node/telling.h"
#include "registry/notice.h"
#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 16 * 1024 * 1024 };

/* A notice about another jurisdiction than its author's is shown and never accepted. */
static bool is_of_author(struct dl_call *call, const struct dl_entry_view *view)
{
    const struct dl_peer *peer = dl_agency_peer(call->agency, view->agency);
    struct dl_peer_view look;
    if (peer == NULL) {
        return false;
    }
    dl_peer_look(peer, &look);
    return look.offer != NULL &&
           dl_view_is(dl_json_text(view->content, "jurisdiction"), look.offer->jurisdiction);
}

static void entry_name(const struct dl_entry_view *view, char *out, size_t n)
{
    (void)snprintf(out, n, "%s/%s", view->agency, view->id);
}

/* ---- notices ---- */

struct notices {
    struct dl_call *call;
    struct dl_store *store;
    struct dl_entry_view view;
    struct dl_buf out;
    size_t n;
};

static void put_notice_json(struct notices *l, const char *state, const struct dl_notice *notice)
{
    const struct dl_entry_view *v = &l->view;
    struct dl_buf *out = &l->out;
    dl_buf_put_str(out, "{\"id\":");
    dl_json_put_str(out, v->id);
    dl_put_member(out, "agency", v->agency);
    dl_put_member_time(out, "time", v->leaf.time_ms);
    dl_put_member_time(out, "received", v->received_ms);
    static const char *const keys[] = {"jurisdiction", "instrument", "title", "announced",
                                       "in_force"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        dl_put_member(out, keys[i], json_string_value(json_object_get(v->content, keys[i])));
    }
    dl_put_member_int(out, "rows", (int64_t)json_array_size(json_object_get(v->content, "rows")));
    dl_put_member(out, "state", state);
    dl_put_member(out, "by", notice->by[0] == '\0' ? NULL : notice->by);
    if (notice->import == 0) {
        dl_put_member(out, "import", NULL);
    } else {
        dl_put_member_int(out, "import", notice->import);
    }
    dl_buf_put_str(out, "}\n");
}

static void put_notice_text(struct notices *l, const char *state)
{
    const struct dl_entry_view *v = &l->view;
    struct dl_view title = dl_json_text(v->content, "title");
    dl_buf_printf(&l->out, "%s/%s  %s  ", v->agency, v->id, state);
    dl_put_shown(&l->out, title.n > 0 ? title : dl_json_text(v->content, "instrument"));
    dl_buf_printf(&l->out, DL_SAY(l->call, "  (%zu rows)\n", "  （%zu 行）\n"),
                  json_array_size(json_object_get(v->content, "rows")));
}

static enum dl_err take_entry(void *context, const struct dl_stored *stored)
{
    struct notices *l = context;
    struct dl_leaf leaf;
    char name[160];
    struct dl_notice notice;
    if (stored->log % 2 == 0 || dl_leaf_decode(stored->entry.leaf, &leaf) != DL_OK ||
        leaf.kind != DL_KIND_LISTING_NOTICE) {
        return DL_OK;
    }
    DL_TRY(dl_entry_look(l->call->agency, stored, &l->view));
    entry_name(&l->view, name, sizeof name);
    DL_TRY(dl_notice_find(l->store, name, &notice));
    const char *state =
        is_of_author(l->call, &l->view) ? dl_notice_state_name(notice.state) : "refused";
    if (l->call->json) {
        put_notice_json(l, state, &notice);
    } else {
        put_notice_text(l, state);
    }
    l->n++;
    return dl_buf_err(&l->out);
}

void dl__verb_registry_notices(struct dl_call *call)
{
    struct dl_registry *registry = NULL;
    struct dl_error error = {0};
    struct notices l = {.call = call};
    if (dl_call_registry(call, &registry, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    l.store = dl_registry_store(registry);
    dl_entry_view_init(&l.view);
    dl_buf_init(&l.out, OUT_MAX);
    enum dl_err err = dl_line_db_scan(dl_agency_line_db(call->agency), 0, take_entry, &l);
    if (err == DL_OK) {
        dl_call_put_buf(call, &l.out);
        if (l.n == 0 && !call->json) {
            dl_call_print(call, DL_SAY(call, "No notices.\n", "没有通报。\n"));
        }
    }
    dl_buf_fini(&l.out);
    dl_entry_view_fini(&l.view);
    if (err != DL_OK) {
        dl_call_fail_with(call, err, "the entries cannot be read further");
    } else {
        dl_call_end(call, DL_EXIT_OK);
    }
}

/* ---- one notice ---- */

static enum dl_err refuse(struct dl_error *error, enum dl_err err, const char *why)
{
    dl_error_set(error, err, "ID", "%s", why);
    (void)dl_error_hint(error, "nothing was changed; see registry notices");
    return err;
}

/* The notice that the operand names: a peer's, about the peer's own jurisdiction. */
static enum dl_err find_notice(struct dl_importing *i, bool may_be_foreign, struct dl_error *error)
{
    struct dl_entry_view view;
    dl_entry_view_init(&view);
    enum dl_err err = dl_entry_find(i->call->agency, dl_call_operand(i->call, 0), &view, error);
    if (err == DL_OK && (!view.incoming || view.leaf.kind != DL_KIND_LISTING_NOTICE)) {
        err = refuse(error, DL_E_ID_UNKNOWN, "this is no listing-notice of a peer");
    }
    if (err == DL_OK && !may_be_foreign && !is_of_author(i->call, &view)) {
        err = refuse(error, DL_E_FIELD_VALUE,
                     "its author is not the authority of the jurisdiction that it speaks of");
    }
    if (err == DL_OK) {
        entry_name(&view, i->entry, sizeof i->entry);
        (void)snprintf(i->sha256, sizeof i->sha256, "%s", "");
        err = dl_announcement_from_json(view.content, &i->announcement, error);
    }
    dl_entry_view_fini(&view);
    return err;
}

static void set_import(struct dl_importing *i, const char *by, bool apply)
{
    i->import.by = by;
    i->import.file = "";
    i->import.sha256 = i->sha256;
    i->import.entry = i->entry;
    i->import.apply = apply;
}

void dl__verb_registry_notice_show(struct dl_call *call)
{
    struct dl_error error = {0};
    struct dl_importing *i = dl_importing_new(call);
    if (find_notice(i, true, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    set_import(i, "", false);
    dl_importing_run(i, dl_importing_end);
}

static enum dl_err decide(struct dl_importing *i, bool accepted, struct dl_error *error)
{
    struct dl_decision decision = {.entry = i->entry,
                                   .by = i->import.by,
                                   .accepted = accepted,
                                   .at_ms = dl_call_now(i->call),
                                   .import = accepted ? i->import.id : 0};
    DL_TRY(dl_import_none_runs(i->import.store, error));
    enum dl_err err = dl_notice_decide(i->import.store, &decision);
    return err == DL_OK ? DL_OK
                        : dl_error_set(error, err, NULL, "the decision could not be recorded");
}

static enum dl_err check_open(struct dl_importing *i, struct dl_error *error)
{
    struct dl_registry *registry = NULL;
    struct dl_notice notice;
    DL_TRY(dl_call_registry(i->call, &registry, error));
    i->import.store = dl_registry_store(registry);
    enum dl_err err = dl_notice_find(i->import.store, i->entry, &notice);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, NULL);
    }
    if (notice.state == DL_NOTICE_ACCEPTED) {
        return refuse(error, DL_E_STATE, "it was accepted already; registry undo takes it back");
    }
    return DL_OK;
}

static void accepted(struct dl_importing *i)
{
    struct dl_error error = {0};
    if (decide(i, true, &error) != DL_OK) {
        dl_call_fail(i->call, &error);
    } else {
        dl_importing_end(i);
    }
}

static void decline(struct dl_importing *i)
{
    struct dl_call *call = i->call;
    struct dl_error error = {0};
    if (decide(i, false, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    if (call->json) {
        dl_call_print(call, "{\"entry\":\"%s\",\"state\":\"declined\"}\n", i->entry);
    } else {
        dl_call_print(call, DL_SAY(call, "Declined %s.\n", "已拒绝 %s。\n"), i->entry);
    }
    dl_call_end(call, DL_EXIT_OK);
}

static void accept_or_decline(struct dl_call *call, bool accept)
{
    struct dl_error error = {0};
    const char *by = NULL;
    if (!dl_importing_by(call, &by)) {
        return;
    }
    struct dl_importing *i = dl_importing_new(call);
    enum dl_err err = find_notice(i, !accept, &error);
    set_import(i, by, accept);
    if (err == DL_OK) {
        err = check_open(i, &error);
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
    } else if (accept) {
        dl_importing_run(i, accepted);
    } else {
        decline(i);
    }
}

void dl__verb_registry_notice_accept(struct dl_call *call)
{
    accept_or_decline(call, true);
}

void dl__verb_registry_notice_decline(struct dl_call *call)
{
    accept_or_decline(call, false);
}
