/* alert ack, update, retract: what refers to an entry. */
#include "node/entry_view.h"
#include "node/sending.h"

#include <string.h>

/* Find the entry that a verb is about. NULL: the call has ended. The view is freed by the caller.
 */
static bool find(struct dl_call *call, struct dl_entry_view *view)
{
    struct dl_error error;
    dl_entry_view_init(view);
    if (dl_entry_find(call->agency, dl_call_operand(call, 0), view, &error) == DL_OK) {
        return true;
    }
    dl_entry_view_fini(view);
    dl_call_fail(call, &error);
    return false;
}

/* An update of an update, or its retraction, is one of the alert: what is said of the alert is
 * found at one place. */
static enum dl_err find_alert(struct dl_call *call, struct dl_entry_view *view)
{
    char name[DL_LIMIT_AGENCY_ID + DL_LIMIT_ENTRY_ID + 2];
    struct dl_error error;
    if (view->leaf.kind != DL_KIND_UPDATE || view->leaf.n_refs != 1) {
        return DL_OK;
    }
    snprintf(name, sizeof name, "%.*s", DL_VIEW_ARG(view->leaf.refs[0]));
    enum dl_err err = dl_entry_find(call->agency, name, view, &error);
    return err == DL_E_ID_UNKNOWN ? DL_OK : err;
}

static bool is_removed(const struct dl_peer *peer)
{
    struct dl_peer_view view;
    dl_peer_look(peer, &view);
    return strcmp(view.state, "removed") == 0;
}

/* A removed peer is told nothing more, and that is no reason to tell the others nothing. */
static void drop_removed(struct dl_targets *targets)
{
    size_t n = 0;
    for (size_t i = 0; i < targets->n; i++) {
        if (!is_removed(targets->peers[i])) {
            targets->peers[n++] = targets->peers[i];
        }
    }
    targets->n = n > 0 ? n : targets->n;
}

/* Submit an entry about another one, to the line that the other one is on (every line it was sent
 * on, when it is ours). */
static void submit_about(struct dl_call *call, const struct dl_entry_view *view, enum dl_kind kind,
                         const json_t *content)
{
    char ref[DL_LIMIT_AGENCY_ID + DL_LIMIT_ENTRY_ID + 2];
    int64_t cursors[DL_LIMIT_PEERS];
    int64_t logs[DL_LIMIT_PEERS];
    size_t n = DL_LIMIT_PEERS;
    struct dl_targets targets = {.n = 0};
    struct dl_entry_view other;
    int length = snprintf(ref, sizeof ref, "%s/%s", view->agency, view->id);
    struct dl_view target = dl_view_of(ref, (size_t)length);
    struct dl_order order = {.kind = kind, .refs = &target, .n_refs = 1, .content = content};
    enum dl_err err =
        dl_line_db_find(dl_agency_line_db(call->agency), view->leaf.id, cursors, logs, &n);
    dl_entry_view_init(&other);
    for (size_t i = 0; i < n && err == DL_OK; i++) {
        err = dl_entry_look_at(call->agency, cursors[i], &other);
        const char *line = other.incoming ? other.from : other.to;
        struct dl_peer *peer = dl_agency_peer(call->agency, line);
        bool listed = false;
        for (size_t k = 0; k < targets.n; k++) {
            listed = listed || targets.peers[k] == peer;
        }
        if (err == DL_OK && strcmp(other.agency, view->agency) == 0 && peer != NULL && !listed) {
            targets.peers[targets.n++] = peer;
        }
    }
    dl_entry_view_fini(&other);
    if (err != DL_OK || targets.n == 0) {
        dl_call_fail_with(call, err == DL_OK ? DL_E_PEER_UNKNOWN : err,
                          "the entry's line cannot be found");
    } else {
        drop_removed(&targets);
        dl__sending_submit(call, &order, &targets);
    }
}

static void submit_about_alert(struct dl_call *call, struct dl_entry_view *view, enum dl_kind kind,
                               const json_t *content)
{
    enum dl_err err = find_alert(call, view);
    if (err != DL_OK) {
        dl_call_fail_with(call, err, "the alert cannot be read");
    } else {
        submit_about(call, view, kind, content);
    }
}

static bool must_be_ours(struct dl_call *call, const struct dl_entry_view *view, const char *verb)
{
    struct dl_error error;
    if (!view->incoming) {
        return true;
    }
    dl_error_set(&error, DL_E_INPUT, NULL, "%s/%s is an entry of %s; only its author can %s it",
                 view->agency, view->id, view->agency, verb);
    dl_error_hint(&error, "acknowledge it, or send a message");
    dl_call_fail(call, &error);
    return false;
}

static bool is_alert(const struct dl_entry_view *view)
{
    return view->leaf.kind == DL_KIND_ALERT || view->leaf.kind == DL_KIND_UPDATE;
}

static void fail_kind(struct dl_call *call, const struct dl_entry_view *view, const char *wanted)
{
    struct dl_error error;
    dl_error_set(&error, DL_E_INPUT, NULL, "%s/%s is of kind %.*s, not %s", view->agency, view->id,
                 DL_VIEW_ARG(view->leaf.kind_name), wanted);
    dl_call_fail(call, &error);
}

/* ---- ack ---- */

static bool check_name(struct dl_call *call, const char *by)
{
    struct dl_error error;
    if (by != NULL && by[0] != '\0') {
        return true;
    }
    dl_error_set(&error, DL_E_FIELD_MISSING, "by",
                 "an acknowledgement is a person's: give the name");
    dl_error_hint(&error, "--by NAME");
    dl_call_fail(call, &error);
    return false;
}

/* The acknowledgement of ours that is to be withdrawn. */
static const struct dl_view_ack *own_ack(const struct dl_call *call,
                                         const struct dl_entry_view *view, const char *as)
{
    for (size_t i = view->n_acks; i > 0; i--) {
        const struct dl_view_ack *ack = &view->acks[i - 1];
        if (strcmp(ack->agency, dl_agency_id(call->agency)) == 0 && strcmp(ack->as, as) == 0) {
            return ack;
        }
    }
    return NULL;
}

static void submit_ack(struct dl_call *call, struct dl_entry_view *view, const json_t *content,
                       const char *as)
{
    if (!dl_call_flag(call, "withdraw")) {
        submit_about(call, view, DL_KIND_ACKNOWLEDGEMENT, content);
        return;
    }
    const struct dl_view_ack *ack = own_ack(call, view, as);
    if (ack == NULL) {
        struct dl_error error;
        dl_error_set(&error, DL_E_ID_UNKNOWN, NULL,
                     "there is no acknowledgement of ours as \"%s\" to withdraw", as);
        dl_call_fail(call, &error);
        return;
    }
    char name[DL_LIMIT_AGENCY_ID + DL_LIMIT_ENTRY_ID + 2];
    struct dl_error error;
    struct dl_entry_view about;
    snprintf(name, sizeof name, "%s/%s", ack->agency, ack->id);
    dl_entry_view_init(&about);
    if (dl_entry_find(call->agency, name, &about, &error) == DL_OK) {
        submit_about(call, &about, DL_KIND_ACKNOWLEDGEMENT, content);
    } else {
        dl_call_fail(call, &error);
    }
    dl_entry_view_fini(&about);
}

void dl__verb_alert_ack(struct dl_call *call);
void dl__verb_alert_ack(struct dl_call *call)
{
    struct dl_entry_view view;
    const char *as = dl_call_option(call, "as") == NULL ? "seen" : dl_call_option(call, "as");
    const char *by = dl_call_option(call, "by");
    const char *note = dl_call_option(call, "note");
    if (!check_name(call, by) || !find(call, &view)) {
        return;
    }
    json_t *content = json_pack("{s:s, s:s}", "as", as, "by", by);
    if (content != NULL && note != NULL) {
        json_object_set_new(content, "note", json_string(note));
    }
    if (content == NULL) {
        dl_call_fail_with(call, DL_E_TEXT, "the name is not valid UTF-8");
    } else if (!is_alert(&view)) {
        fail_kind(call, &view, "an alert");
    } else if (!view.incoming) {
        dl_call_fail_with(call, DL_E_INPUT, "this is our own alert; the receiver acknowledges it");
    } else {
        submit_ack(call, &view, content, as);
    }
    json_decref(content);
    dl_entry_view_fini(&view);
}

/* ---- update, retract ---- */

static void update(struct dl_call *call, struct dl_view text)
{
    struct dl_error error;
    const char *reason = NULL;
    struct dl_entry_view view;
    json_t *content = dl__sending_content(call, text);
    if (content == NULL) {
        return;
    }
    if (dl_call_reason(call, &reason, &error) != DL_OK) {
        dl_call_fail(call, &error);
    } else if (find(call, &view)) {
        if (!json_is_object(content)) {
            dl_call_fail_with(call, DL_E_FIELD_TYPE, "a content is a JSON object");
        } else if (!is_alert(&view)) {
            fail_kind(call, &view, "an alert");
        } else if (must_be_ours(call, &view, "update")) {
            json_object_set_new(content, "reason", json_string(reason));
            submit_about_alert(call, &view, DL_KIND_UPDATE, content);
        }
        dl_entry_view_fini(&view);
    }
    json_decref(content);
}

void dl__verb_alert_update(struct dl_call *call);
void dl__verb_alert_update(struct dl_call *call)
{
    dl_call_gather(call, 2 * DL_LIMIT_CONTENT + 1, update);
}

void dl__verb_alert_retract(struct dl_call *call);
void dl__verb_alert_retract(struct dl_call *call)
{
    struct dl_error error;
    const char *reason = NULL;
    struct dl_entry_view view;
    if (dl_call_reason(call, &reason, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    if (!find(call, &view)) {
        return;
    }
    if (!is_alert(&view)) {
        fail_kind(call, &view, "an alert");
    } else if (must_be_ours(call, &view, "retract")) {
        json_t *content = json_pack("{s:s, s:b}", "reason", reason, "sent_in_error",
                                    dl_call_flag(call, "sent-in-error"));
        submit_about_alert(call, &view, DL_KIND_RETRACTION, content);
        json_decref(content);
    }
    dl_entry_view_fini(&view);
}
