/* alert send, update, retract, ack, and message send: whatever makes an entry. */
#include "base/json.h"
#include "base/text.h"
#include "node/entry_view.h"
#include "node/telling.h"

#include <stdlib.h>
#include <string.h>

enum { OUT = 4 * 1024 * 1024 };

/* One verb that submits one entry to some peers, answers when it is durable, and may wait for the
 * receipts. */
struct sending {
    struct dl_call *call;
    struct dl_submitted submitted[DL_LIMIT_PEERS];
    size_t n;
    bool durable;
    struct dl_watcher watcher;
    bool watching;
    struct dl_timer *timer; /* of --wait */
    struct dl_entry_view view;
};

static void free_sending(void *state)
{
    struct sending *s = state;
    dl_agency_forget(s->call->agency, s);
    if (s->watching) {
        dl_agency_unwatch(s->call->agency, &s->watcher);
    }
    const struct dl_world *world = dl_agency_world(s->call->agency);
    world->ops->timer_free(s->timer);
    dl_entry_view_fini(&s->view);
    free(s);
}

static struct sending *sending_new(struct dl_call *call)
{
    struct sending *s = calloc(1, sizeof *s);
    DL_ASSERT(s != NULL, "memory for a call");
    s->call = call;
    dl_entry_view_init(&s->view);
    call->state = s;
    call->state_free = free_sending;
    return s;
}

/* ---- answering ---- */

static void put_text(struct sending *s, struct dl_buf *out)
{
    const struct dl_entry_view *v = &s->view;
    struct dl_call *call = s->call;
    dl_buf_printf(out, "%s/%s -> %s: ", v->agency, v->id, v->to);
    if (strcmp(v->state, "received") == 0) {
        dl_buf_printf(out,
                      DL_SAY(call, "received (entry %llu; the peer's receipt covers it)\n",
                             "对方已收妥（第 %llu 条，已有回执）\n"),
                      (unsigned long long)v->index);
    } else if (strcmp(v->state, "pending") == 0) {
        dl_buf_printf(out,
                      DL_SAY(call, "pending (entry %llu is durable here; no receipt yet)\n",
                             "待回执（第 %llu 条已在本地保存）\n"),
                      (unsigned long long)v->index);
    } else if (strcmp(v->state, "held") == 0) {
        dl_buf_put_str(out, DL_SAY(call, "held (durable here; the line is suspended)\n",
                                   "暂扣（已在本地保存；线路已中止）\n"));
    } else {
        dl_buf_put_str(out, DL_SAY(call,
                                   "queued (durable here; goes when the peer has answered HELLO)\n",
                                   "排队（已在本地保存；连线确认后发送）\n"));
    }
}

/* Look at every entry again; how many are not received yet. */
static size_t count_open(struct sending *s, enum dl_err *err)
{
    size_t open = 0;
    for (size_t i = 0; i < s->n && *err == DL_OK; i++) {
        *err = dl_entry_look_at(s->call->agency, s->submitted[i].place.cursor, &s->view);
        open += *err == DL_OK && strcmp(s->view.state, "received") != 0;
    }
    return open;
}

static void answer(struct sending *s, int code)
{
    struct dl_call *call = s->call;
    struct dl_buf out;
    enum dl_err err = DL_OK;
    dl_buf_init(&out, OUT);
    for (size_t i = 0; i < s->n && err == DL_OK; i++) {
        err = dl_entry_look_at(call->agency, s->submitted[i].place.cursor, &s->view);
        if (err == DL_OK && call->json) {
            dl_entry_put_answer(&s->view, (int64_t)dl_entry_receipt_size(call->agency, &s->view),
                                &out);
        } else if (err == DL_OK) {
            put_text(s, &out);
        }
    }
    dl_call_put_buf(call, &out);
    dl_buf_fini(&out);
    if (err != DL_OK) {
        dl_call_fail_with(call, err, "the entry is stored but cannot be read");
    } else {
        dl_call_end(call, code);
    }
}

static void look_again(void *context)
{
    struct sending *s = context;
    enum dl_err err = DL_OK;
    size_t open = s->durable ? count_open(s, &err) : 1;
    if (err != DL_OK || open == 0) {
        answer(s, DL_EXIT_OK);
    }
}

static void wait_over(void *context)
{
    answer(context, DL_EXIT_WAIT);
}

static void start_waiting(struct sending *s)
{
    struct dl_world *world = dl_agency_world(s->call->agency);
    uint64_t ms = 0;
    if (!dl_call_wait(s->call, &ms)) {
        return;
    }
    s->watcher = (struct dl_watcher){.fn = look_again, .context = s};
    s->watching = true;
    dl_agency_watch(s->call->agency, &s->watcher);
    s->timer = world->ops->timer_new(world, wait_over, s);
    world->ops->timer_set(s->timer, ms);
}

static void durable(void *context, enum dl_err err)
{
    struct sending *s = context;
    struct dl_call *call = s->call;
    if (err != DL_OK) {
        dl_call_fail_with(
            call, err,
            err == DL_E_STORE_FULL
                ? "the disk is full; nothing was stored, the node goes on when there is space"
                : "the store failed; nothing was stored");
        return;
    }
    s->durable = true;
    size_t open = count_open(s, &err);
    if (err == DL_OK && open > 0 && dl_call_flag(call, "wait")) {
        start_waiting(s);
    } else {
        answer(s, DL_EXIT_OK);
    }
}

/* Submit one order to each target, under one id. The first refusal ends the call; it says that
 * nothing was stored for that peer. */
static void submit(struct dl_call *call, struct dl_order *order, const struct dl_targets *targets)
{
    struct dl_error error;
    struct sending *s = sending_new(call);
    for (size_t i = 0; i < targets->n; i++) {
        enum dl_err err =
            dl_agency_submit(call->agency, targets->peers[i], order, &s->submitted[s->n], &error);
        if (err != DL_OK) {
            dl_call_fail(call, &error);
            return;
        }
        order->id = s->submitted[0].id;
        s->n++;
    }
    dl_agency_after(call->agency, durable, s);
}

/* ---- alert send ---- */

static json_t *parse_content(struct dl_call *call, struct dl_view text)
{
    struct dl_error error;
    json_t *content = NULL;
    if (text.n > (size_t)DL_LIMIT_CONTENT * 2) {
        dl_call_fail_with(call, DL_E_TOO_LARGE, "a content has at most 262144 octets");
    } else if (dl_json_parse(text, &content, &error) != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        return content;
    }
    return NULL;
}

static void dry_run(struct dl_call *call, const json_t *content)
{
    struct dl_error error;
    struct dl_buf out;
    enum dl_err err = dl_kind_check(DL_KIND_ALERT, content, &error);
    dl_buf_init(&out, DL_LIMIT_CONTENT + 16);
    if (err == DL_OK) {
        err = dl_json_canonical(content, &out);
        err = err == DL_OK ? DL_OK : dl_error_set(&error, err, NULL, "numbers must be integers");
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        dl_buf_put_str(&out, "\n");
        dl_call_put_buf(call, &out);
        dl_call_end(call, DL_EXIT_OK);
    }
    dl_buf_fini(&out);
}

static void send_alert(struct dl_call *call, struct dl_view text)
{
    struct dl_error error;
    struct dl_targets targets;
    json_t *content = parse_content(call, text);
    if (content == NULL) {
        return;
    }
    struct dl_order order = {
        .kind = DL_KIND_ALERT, .id = dl_call_option(call, "id"), .content = content};
    if (dl_call_flag(call, "dry-run")) {
        dry_run(call, content);
    } else if (dl_call_targets(call, &targets, &error) != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        submit(call, &order, &targets);
    }
    json_decref(content);
}

void dl__send_batch(struct dl_call *call); /* node/verb_batch.c */

void dl__verb_alert_send(struct dl_call *call);
void dl__verb_alert_send(struct dl_call *call)
{
    uint64_t ms = 0;
    if (dl_call_flag(call, "batch")) {
        dl__send_batch(call);
    } else if (dl_call_operand(call, 0) == NULL) {
        dl_call_fail_with(call, DL_E_USAGE,
                          "alert send takes FILE, or - for standard input, or --batch FILE");
    } else if (dl_call_wait(call, &ms)) {
        dl_call_gather(call, 2 * DL_LIMIT_CONTENT + 1, send_alert);
    }
}

/* ---- what refers to an entry ---- */

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
        submit(call, &order, &targets);
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
    json_t *content = parse_content(call, text);
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
            submit_about(call, &view, DL_KIND_UPDATE, content);
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
        submit_about(call, &view, DL_KIND_RETRACTION, content);
        json_decref(content);
    }
    dl_entry_view_fini(&view);
}

/* ---- message send ---- */

static bool has_han(struct dl_view text)
{
    for (size_t i = 0; i < text.n;) {
        size_t n = 0;
        int32_t c = dl_text_decode(dl_view_of(text.p + i, text.n - i), &n);
        if (c >= 0x3400 && c <= 0x9FFF) {
            return true;
        }
        i += n;
    }
    return false;
}

enum { FULL_NAME = DL_LIMIT_AGENCY_ID + DL_LIMIT_ENTRY_ID + 2 };

/* AGENCY/ID of the entry that --thread means; empty without the option. */
static enum dl_err find_thread(struct dl_call *call, char name[FULL_NAME], struct dl_error *error)
{
    struct dl_entry_view view;
    const char *thread = dl_call_option(call, "thread");
    enum dl_err err = DL_OK;
    name[0] = '\0';
    if (thread != NULL) {
        dl_entry_view_init(&view);
        err = dl_entry_find(call->agency, thread, &view, error);
        if (err == DL_OK) {
            snprintf(name, FULL_NAME, "%s/%s", view.agency, view.id);
        }
        dl_entry_view_fini(&view);
    }
    return err;
}

static void send_message(struct dl_call *call, struct dl_view text)
{
    struct dl_error error;
    struct dl_targets targets;
    char thread[FULL_NAME];
    if (find_thread(call, thread, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    while (text.n > 0 && text.p[text.n - 1] == '\n') {
        text.n--;
    }
    json_t *content =
        json_pack("{s:{s:s%}}", "text", has_han(text) ? "zh" : "en", (const char *)text.p, text.n);
    if (content != NULL && thread[0] != '\0') {
        json_object_set_new(content, "thread", json_string(thread));
    }
    struct dl_view ref = dl_view_str(thread);
    struct dl_order order = {.kind = DL_KIND_MESSAGE,
                             .refs = &ref,
                             .n_refs = thread[0] == '\0' ? 0 : 1,
                             .content = content};
    if (content == NULL) {
        dl_call_fail_with(call, DL_E_TEXT, "the text is not valid UTF-8");
    } else if (dl_call_targets(call, &targets, &error) != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        submit(call, &order, &targets);
    }
    json_decref(content);
}

void dl__verb_message_send(struct dl_call *call);
void dl__verb_message_send(struct dl_call *call)
{
    const char *text = dl_call_option(call, "text");
    if (text == NULL || text[0] == '\0') {
        dl_call_fail_with(call, DL_E_USAGE,
                          "message send needs --text TEXT, or --text - for standard input");
    } else if (strcmp(text, "-") == 0) {
        dl_call_gather(call, DL_LIMIT_LONG_TEXT, send_message);
    } else {
        send_message(call, dl_view_str(text));
    }
}
