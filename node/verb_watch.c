/* alert watch: what this node comes to know, one object a line, until stopped; with --exec a
 * command for each. */
#include "node/entry_view.h"
#include "node/telling.h"
#include "node/uv_exec.h"

#include <stdlib.h>
#include <string.h>

enum { OUT = 1024 * 1024, PIECE = 32 * 1024 };

struct watching {
    struct dl_call *call;
    struct dl_kind_filter kinds;
    bool in, out, idle;
    int64_t after;
    struct dl_watcher watcher;
    struct dl_entry_view view;
    struct dl_buf text;
    const char *command;
    struct dl_exec *exec; /* the command for the present object */
};

static void free_watching(void *state)
{
    struct watching *w = state;
    dl_agency_unwatch(w->call->agency, &w->watcher);
    dl_exec_forget(&w->exec);
    dl_entry_view_fini(&w->view);
    dl_buf_fini(&w->text);
    free(w);
}

static enum dl_err watch_one(void *context, const struct dl_stored *stored)
{
    struct watching *w = context;
    struct dl_leaf leaf;
    w->after = stored->cursor;
    if (dl_leaf_decode(stored->entry.leaf, &leaf) != DL_OK ||
        !dl_kind_filter_takes(&w->kinds, leaf.kind)) {
        return DL_OK;
    }
    enum dl_err err = dl_entry_look(w->call->agency, stored, &w->view);
    if (err == DL_E_STORE_CORRUPT) {
        dl_call_warn(w->call,
                     "directline: the entry of cursor %lld is damaged on this disk and left out; "
                     "`journal check --repair` fetches it again\n",
                     (long long)stored->cursor);
        return DL_OK;
    }
    DL_TRY(err);
    if ((w->in && !w->view.incoming) || (w->out && w->view.incoming)) {
        return DL_OK;
    }
    dl_entry_put_json(&w->view, &w->text);
    // a command takes one object at a time; else a piece is full
    return w->command != NULL || w->text.n >= PIECE ? DL_E_STATE : DL_OK;
}

static void step(struct dl_call *call);

static void exec_ended(void *context, int status)
{
    struct watching *w = context;
    if (status != 0) {
        dl_call_warn(w->call, "directline: the command for cursor %lld ended with status %d\n",
                     (long long)w->after, status);
    }
    w->exec = NULL;
    dl_call_steps(w->call, step);
    dl_call_put(w->call, dl_buf_view(&w->text));
    dl_buf_reset(&w->text);
}

/* One piece, or one object when a command handles each. */
static void step(struct dl_call *call)
{
    struct watching *w = call->state;
    enum dl_err err = dl_line_db_scan(dl_agency_line_db(call->agency), w->after, watch_one, w);
    if (err != DL_OK && err != DL_E_STATE) {
        dl_call_fail_with(call, err, "the entries cannot be read further");
        return;
    }
    w->idle = err == DL_OK;
    if (w->command != NULL && w->text.n > 0) {
        dl_call_steps(call, NULL);
        err = dl_exec_start(dl_agency_world(call->agency), w->command, dl_buf_view(&w->text),
                            exec_ended, w, &w->exec);
        if (err != DL_OK) {
            dl_call_fail_with(call, DL_E_INPUT, "the command of --exec cannot be started");
        }
        return;
    }
    dl_call_put_buf(call, &w->text);
    if (w->idle) {
        dl_call_steps(call, NULL); // until the agency comes to know more
    }
}

static void changed(void *context)
{
    struct watching *w = context;
    if (w->exec == NULL && w->call->on_step == NULL) {
        dl_call_steps(w->call, step);
    }
}

void dl__verb_alert_watch(struct dl_call *call);
void dl__verb_alert_watch(struct dl_call *call)
{
    struct dl_error error;
    const char *after = dl_call_option(call, "after");
    char *end = NULL;
    int64_t last = dl_line_db_last_cursor(dl_agency_line_db(call->agency));
    struct watching *w = calloc(1, sizeof *w);
    DL_ASSERT(w != NULL, "memory for a call");
    w->call = call;
    w->command = dl_call_option(call, "exec");
    w->in = dl_call_flag(call, "in");
    w->out = dl_call_flag(call, "out");
    dl_entry_view_init(&w->view);
    w->view.zh = call->zh;
    dl_buf_init(&w->text, OUT);
    w->watcher = (struct dl_watcher){.fn = changed, .context = w};
    dl_agency_watch(call->agency, &w->watcher);
    call->state = w;
    call->state_free = free_watching;
    w->after = after == NULL ? last : strtoll(after, &end, 10);
    if (w->in && w->out) {
        dl_call_fail_with(call, DL_E_USAGE,
                          "--in and --out exclude each other; give neither for both");
    } else if (after != NULL && (*end != '\0' || end == after || w->after < 0)) {
        dl_error_set(&error, DL_E_USAGE, NULL,
                     "--after takes a cursor, as `alert list --json` prints it");
        dl_call_fail(call, &error);
    } else if (w->after > last) {
        dl_error_set(&error, DL_E_INPUT, "--after", "this node has given no cursor beyond %lld",
                     (long long)last);
        dl_error_hint(&error, "it is another node's, or from before a backup was restored: begin "
                              "anew with --after 0");
        dl_call_fail(call, &error);
    } else if (dl_kind_filter_parse(dl_call_option(call, "kind"), &w->kinds, &error) != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        dl_call_steps(call, step);
    }
}
