/* alert list, show, watch; message list, show: what this node knows. */
#include "base/encoding.h"
#include "base/json.h"
#include "node/law.h"
#include "node/telling.h"
#include "node/triage.h"
#include "protocol/alert_text.h"

#include <stdlib.h>
#include <string.h>

enum { OUT = 8 * 1024 * 1024, PIECE = 64 * 1024 };

/* ---- list ---- */

struct listing {
    struct dl_call *call;
    struct dl_kind_filter kinds;
    bool in, out, unacknowledged;
    int64_t after;
    size_t shown, damaged;
    struct dl_entry_view view;
    struct dl_buf text;
};

static void free_listing(void *state)
{
    struct listing *l = state;
    dl_entry_view_fini(&l->view);
    dl_buf_fini(&l->text);
    free(l);
}

static const char *urgency_text(const struct dl_call *call, const char *urgency)
{
    if (urgency == NULL) {
        return "";
    }
    if (strcmp(urgency, "immediate") == 0) {
        return DL_SAY(call, "IMMEDIATE", "特急");
    }
    return strcmp(urgency, "priority") == 0 ? DL_SAY(call, "priority", "加急")
                                            : DL_SAY(call, "routine", "平件");
}

static void put_acks_text(const struct dl_call *call, const struct dl_entry_view *view,
                          struct dl_buf *out)
{
    for (size_t i = 0; i < view->n_acks; i++) {
        dl_buf_printf(out, "%s%s (", i > 0 ? ", " : "", dl_call_word(call, view->acks[i].as));
        dl_put_shown(out, dl_view_str(view->acks[i].by));
        dl_buf_put_str(out, ")");
    }
}

static void put_row(struct listing *l, const struct dl_entry_view *v, struct dl_buf *out)
{
    const struct dl_call *call = l->call;
    char time[DL_TIME_TEXT];
    bool loud = call->color && v->urgency != NULL && strcmp(v->urgency, "immediate") == 0;
    dl_time_encode(v->leaf.time_ms, time);
    dl_buf_printf(out, "%.10s %.5s  %s -> %s  %s%s%s  %s/%s", time, time + 11, v->from, v->to,
                  loud ? "\033[1;31m" : "", urgency_text(call, v->urgency), loud ? "\033[0m" : "",
                  v->agency, v->id);
    if (v->leaf.kind != DL_KIND_ALERT) {
        dl_buf_printf(out, " [%.*s]", DL_VIEW_ARG(v->leaf.kind_name));
    }
    dl_buf_put_str(out, "\n    ");
    dl_put_shown(out, v->headline);
    dl_buf_printf(out, "\n    %s", dl_call_word(call, v->state));
    if (v->incoming && v->leaf.kind == DL_KIND_ALERT) {
        dl_buf_put_str(out, "; ");
        if (v->n_acks == 0) {
            dl_buf_put_str(out, DL_SAY(call, "UNACKNOWLEDGED for ", "未确认 "));
            dl_put_age(out, dl_call_now(call) - v->received_ms, call->zh);
        }
    } else if (v->n_acks > 0) {
        dl_buf_put_str(out, "; ");
    }
    put_acks_text(call, v, out);
    for (size_t i = 0; i < v->n_flags; i++) {
        dl_buf_put_str(out, "\n    ! ");
        dl_put_shown(out, dl_view_str(v->flags[i]));
    }
    dl_buf_put_str(out, "\n");
}

static bool takes(const struct listing *l, const struct dl_entry_view *v)
{
    if ((l->in && !v->incoming) || (l->out && v->incoming)) {
        return false;
    }
    return !l->unacknowledged || (v->incoming && v->n_acks == 0 && v->leaf.kind == DL_KIND_ALERT);
}

static void put(struct listing *l)
{
    l->shown++;
    if (l->call->json) {
        dl_entry_put_json(&l->view, &l->text);
    } else {
        put_row(l, &l->view, &l->text);
    }
}

/* A damaged entry is counted and left out: it is no reason to show none of the others. */
static enum dl_err list_one(void *context, const struct dl_stored *stored)
{
    struct listing *l = context;
    struct dl_leaf leaf;
    l->after = stored->cursor;
    enum dl_err err =
        dl_leaf_decode(stored->entry.leaf, &leaf) == DL_OK ? DL_OK : DL_E_STORE_CORRUPT;
    bool wanted = err == DL_OK && dl_kind_filter_takes(&l->kinds, leaf.kind);
    err = wanted ? dl_entry_look(l->call->agency, stored, &l->view) : err;
    if (err == DL_E_STORE_CORRUPT) {
        l->damaged++;
        return DL_OK;
    }
    if (err == DL_OK && wanted && takes(l, &l->view)) {
        put(l);
    }
    // a piece is full: the reader first
    return err == DL_OK && l->text.n >= PIECE ? DL_E_STATE : err;
}

static void end_list(struct dl_call *call)
{
    const struct listing *l = call->state;
    if (l->damaged == 0) {
        dl_call_end(call, DL_EXIT_OK);
        return;
    }
    struct dl_error error;
    dl_error_set(&error, DL_E_STORE_CORRUPT, NULL,
                 "%zu entries are damaged on this disk and left out", l->damaged);
    dl_error_hint(&error, "`journal check --repair` fetches them again from the peer");
    dl_call_fail(call, &error);
}

static void list_piece(struct dl_call *call)
{
    struct listing *l = call->state;
    enum dl_err err = dl_line_db_scan(dl_agency_line_db(call->agency), l->after, list_one, l);
    if (err == DL_E_STATE) {
        dl_call_put_buf(call, &l->text);
        return;
    }
    if (err != DL_OK) {
        dl_call_fail_with(call, err, "the entries cannot be read further");
        return;
    }
    if (l->shown == 0 && l->damaged == 0 && !call->json) {
        dl_buf_put_str(&l->text, DL_SAY(call, "Nothing.\n", "无。\n"));
    }
    dl_call_put_buf(call, &l->text);
    end_list(call);
}

static struct listing *start_listing(struct dl_call *call, const char *kind)
{
    struct dl_error error;
    struct listing *l = calloc(1, sizeof *l);
    DL_ASSERT(l != NULL, "memory for a call");
    l->call = call;
    dl_entry_view_init(&l->view);
    l->view.zh = call->zh;
    dl_buf_init(&l->text, OUT);
    call->state = l;
    call->state_free = free_listing;
    l->in = dl_call_flag(call, "in");
    l->out = dl_call_flag(call, "out");
    l->unacknowledged = dl_call_flag(call, "unacknowledged");
    if (l->in && l->out) {
        dl_call_fail_with(call, DL_E_USAGE,
                          "--in and --out exclude each other; give neither for both");
        return NULL;
    }
    if (dl_kind_filter_parse(kind, &l->kinds, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return NULL;
    }
    return l;
}

void dl__verb_alert_list(struct dl_call *call);
void dl__verb_alert_list(struct dl_call *call)
{
    if (start_listing(call, dl_call_option(call, "kind")) != NULL) {
        dl_call_steps(call, list_piece);
    }
}

void dl__verb_message_list(struct dl_call *call);
void dl__verb_message_list(struct dl_call *call)
{
    if (start_listing(call, "message") != NULL) {
        dl_call_steps(call, list_piece);
    }
}

/* ---- show ---- */

/* What triage found; before it has looked, the law of the entry's day alone. */
static void put_found(struct dl_call *call, const struct dl_entry_view *view, struct dl_buf *out)
{
    struct dl_law law;
    struct dl_law_question question = {.substance = json_object_get(view->content, "substance"),
                                       .at_ms =
                                           view->incoming ? view->received_ms : view->leaf.time_ms};
    bool found = false;
    if (dl_triage_json(call->agency, view->cursor, out, &found) == DL_OK && found) {
        return;
    }
    if (dl_law_ask(call->agency, &question, &law) == DL_OK) {
        dl_buf_put_str(out, ",\"law\":");
        dl_law_put_json(&law, out);
    } else {
        dl_put_member(out, "law", NULL);
    }
    dl_put_member(out, "triage", NULL);
}

static void show_json(struct dl_call *call, const struct dl_entry_view *view, struct dl_buf *out)
{
    dl_entry_put_json(view, out);
    out->n -= 2; // "}\n": more joins the object
    put_found(call, view, out);
    dl_buf_put_str(out, ",\"content\":");
    dl_buf_put_view(out, view->content_octets);
    dl_buf_put_str(out, "}\n");
}

/* What is read over the telephone, for people and for programs that show it to them. */
static void read_aloud(struct dl_call *call, const struct dl_entry_view *view, struct dl_buf *out)
{
    struct dl_aloud what = {.agency = dl_view_str(view->agency),
                            .leaf = &view->leaf,
                            .content = view->content,
                            .octets = view->content_octets};
    if (!call->json) {
        dl_entry_read_aloud(out, &what, call->zh);
        return;
    }
    const char *words[DL_CHECK_WORDS];
    struct dl_buf text;
    dl_buf_init(&text, OUT);
    dl_check_words(view->content_octets, words);
    dl_entry_read_aloud(&text, &what, call->zh);
    dl_buf_printf(out, "{\"id\":\"%s\",\"agency\":\"%s\",\"check_words\":[", view->id,
                  view->agency);
    for (size_t i = 0; i < DL_CHECK_WORDS; i++) {
        dl_buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", words[i]);
    }
    dl_buf_put_str(out, "],\"text\":");
    dl_json_put_string(out, dl_buf_view(&text));
    dl_buf_put_str(out, "}\n");
    dl_buf_fini(&text);
}

static void show_text(struct dl_call *call, const struct dl_entry_view *view, struct dl_buf *out)
{
    struct listing l = {.call = call};
    put_row(&l, view, out);
    if (!view->in_tail) {
        dl_buf_printf(out,
                      DL_SAY(call, "    entry %llu of the journal %s -> %s, marking %s\n",
                             "    日志 %2$s -> %3$s 第 %1$llu 条，标识 %4$s\n"),
                      (unsigned long long)view->index, view->from, view->to,
                      dl_marking_name(view->leaf.marking));
    }
    struct dl_buf found;
    dl_buf_init(&found, PIECE);
    put_found(call, view, &found);
    dl_triage_put_text(dl_buf_view(&found), call->zh, call->width, out);
    dl_buf_fini(&found);
    dl_content_show(out, view->content, call->zh);
}

static void show(struct dl_call *call)
{
    struct dl_error error;
    struct dl_entry_view view;
    struct dl_buf out;
    dl_entry_view_init(&view);
    view.zh = call->zh;
    dl_buf_init(&out, OUT);
    enum dl_err err = dl_entry_find(call->agency, dl_call_operand(call, 0), &view, &error);
    if (err == DL_OK && dl_call_flag(call, "content") && dl_call_flag(call, "read-aloud")) {
        err = dl_error_set(&error, DL_E_USAGE, NULL,
                           "--content and --read-aloud exclude each other; give one");
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        if (dl_call_flag(call, "content")) {
            dl_buf_put_view(&out, view.content_octets);
        } else if (dl_call_flag(call, "read-aloud")) {
            read_aloud(call, &view, &out);
        } else if (call->json) {
            show_json(call, &view, &out);
        } else {
            show_text(call, &view, &out);
        }
        dl_call_put_buf(call, &out);
        dl_call_end(call, DL_EXIT_OK);
    }
    dl_buf_fini(&out);
    dl_entry_view_fini(&view);
}

void dl__verb_alert_show(struct dl_call *call);
void dl__verb_alert_show(struct dl_call *call)
{
    show(call);
}

void dl__verb_message_show(struct dl_call *call);
void dl__verb_message_show(struct dl_call *call)
{
    show(call);
}
