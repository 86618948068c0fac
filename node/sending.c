#include "node/sending.h"
#include "node/entry_view.h"

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
        dl_call_note(call, code);
        dl_call_end_worst(call);
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

/* One line's state is no reason why the others should not get it. */
static bool is_of_one_line(enum dl_err err)
{
    return err == DL_E_REMOVED || err == DL_E_FROZEN || err == DL_E_JOURNAL_CLOSED;
}

void dl__sending_submit(struct dl_call *call, struct dl_order *order,
                        const struct dl_targets *targets)
{
    struct dl_error error;
    struct sending *s = sending_new(call);
    for (size_t i = 0; i < targets->n; i++) {
        enum dl_err err =
            dl_agency_submit(call->agency, targets->peers[i], order, &s->submitted[s->n], &error);
        if (err != DL_OK && (targets->n == 1 || !is_of_one_line(err))) {
            dl_call_fail(call, &error);
            return;
        }
        if (err != DL_OK) {
            dl_call_report(call, &error, false);
            dl_call_note(call, dl_exit_of(err));
            continue;
        }
        s->n++;
        order->id = s->submitted[0].id;
    }
    if (s->n == 0) {
        dl_call_end_worst(call);
    } else {
        dl_agency_after(call->agency, durable, s);
    }
}

json_t *dl__sending_content(struct dl_call *call, struct dl_view text)
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
