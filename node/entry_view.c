#include "node/entry_view.h"

#include "base/encoding.h"
#include "node/triage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dl_entry_view_init(struct dl_entry_view *view)
{
    memset(view, 0, sizeof *view);
    dl_buf_init(&view->octets, DL_LIMIT_LEAF + DL_LIMIT_CONTENT + DL_LIMIT_SALT);
}

void dl_entry_view_fini(struct dl_entry_view *view)
{
    json_decref(view->content);
    view->content = NULL;
    dl_buf_fini(&view->octets);
}

static void copy(char *out, size_t size, struct dl_view text)
{
    snprintf(out, size, "%.*s", DL_VIEW_ARG(text));
}

static void add_flag(struct dl_entry_view *view, struct dl_view text)
{
    for (size_t i = 0; i < view->n_flags; i++) {
        if (dl_view_equal(text, dl_view_str(view->flags[i]))) {
            return; // the same entry on several lines
        }
    }
    if (view->n_flags < DL_VIEW_FLAGS) {
        copy(view->flags[view->n_flags++], sizeof view->flags[0], text);
    }
}

/* ---- where it is ---- */

struct log_row {
    struct dl_entry_view *view;
    const char *us;
    uint64_t receipt_size;
};

static enum dl_err take_log(void *context, const struct dl_row *row)
{
    struct log_row *log = context;
    struct dl_entry_view *view = log->view;
    struct dl_view us = dl_view_str(log->us);
    struct dl_view peer = dl_row_text(row, 0);
    copy(view->from, sizeof view->from, view->incoming ? peer : us);
    copy(view->to, sizeof view->to, view->incoming ? us : peer);
    copy(view->agency, sizeof view->agency, view->incoming ? peer : us);
    view->generation = (unsigned)dl_row_int(row, 1);
    log->receipt_size = (uint64_t)dl_row_int(row, 2);
    return DL_OK;
}

static enum dl_err look_at_state(struct dl_agency *agency, const struct dl_stored *stored,
                                 struct dl_entry_view *view)
{
    struct dl_store *store = dl_line_db_store(dl_agency_line_db(agency));
    struct log_row log = {.view = view, .us = dl_agency_id(agency)};
    view->incoming = (stored->log & 1) != 0;
    DL_TRY(dl_store_run(store, "SELECT peer, generation, receipt_size FROM log WHERE id=?1",
                        DL_SQL(DL_SQL_INT(stored->log)), take_log, &log));
    view->received_ms = 0;
    if (view->incoming) {
        view->state = "received";
        view->received_ms = stored->time;
        return DL_OK;
    }
    if (stored->in_tail) {
        struct dl_peer_view peer = {.state = "active"};
        const struct dl_peer *found = dl_agency_peer(agency, view->to);
        if (found != NULL) {
            dl_peer_look(found, &peer);
        }
        view->state = strcmp(peer.state, "suspended") == 0 ? "held" : "queued";
        return DL_OK;
    }
    if (stored->index >= log.receipt_size) {
        view->state = "pending";
        return DL_OK;
    }
    view->state = "received";
    return dl_store_run(store,
                        "SELECT time FROM receipt WHERE log=?1 AND size>?2 ORDER BY size LIMIT 1",
                        DL_SQL(DL_SQL_INT(stored->log), DL_SQL_INT(stored->index)), dl_row_take_int,
                        &view->received_ms);
}

uint64_t dl_entry_receipt_size(struct dl_agency *agency, const struct dl_entry_view *view)
{
    struct dl_entry_view scratch = *view;
    struct log_row log = {.view = &scratch, .us = dl_agency_id(agency)};
    enum dl_err err =
        dl_store_run(dl_line_db_store(dl_agency_line_db(agency)),
                     "SELECT peer, generation, receipt_size FROM log WHERE peer=?1 AND "
                     "generation=?2 AND (id & 1)=0",
                     DL_SQL(DL_SQL_STR(view->to), DL_SQL_INT(view->generation)), take_log, &log);
    return err == DL_OK ? log.receipt_size : 0;
}

/* ---- what refers to it ---- */

struct referring {
    struct dl_agency *agency;
    struct dl_entry_view *view;
    int64_t after; /* only what this node came to know after this cursor */
};

struct withdrawal {
    bool by_peer, found;
};

/* Only who acknowledged withdraws it. */
static enum dl_err withdraw(void *context, const struct dl_stored *stored)
{
    struct withdrawal *w = context;
    struct dl_leaf leaf;
    if (((stored->log & 1) != 0) == w->by_peer &&
        dl_leaf_decode(stored->entry.leaf, &leaf) == DL_OK &&
        leaf.kind == DL_KIND_ACKNOWLEDGEMENT) {
        w->found = true;
    }
    return DL_OK;
}

static enum dl_err add_ack(struct referring *r, const struct dl_stored *stored,
                           const struct dl_leaf *leaf, const char *author)
{
    char target[DL_LIMIT_AGENCY_ID + DL_LIMIT_ENTRY_ID + 2];
    struct withdrawal withdrawal = {.by_peer = (stored->log & 1) != 0};
    json_t *content = NULL;
    int n = snprintf(target, sizeof target, "%s/%.*s", author, DL_VIEW_ARG(leaf->id));
    DL_TRY(dl_line_db_referring(dl_agency_line_db(r->agency), dl_view_of(target, (size_t)n),
                                withdraw, &withdrawal));
    if (withdrawal.found || r->view->n_acks == DL_VIEW_ACKS) {
        return DL_OK;
    }
    DL_TRY(dl_json_parse(stored->entry.content, &content, NULL));
    struct dl_view_ack *ack = &r->view->acks[r->view->n_acks++];
    snprintf(ack->agency, sizeof ack->agency, "%s", author);
    copy(ack->id, sizeof ack->id, leaf->id);
    copy(ack->as, sizeof ack->as, dl_json_text(content, "as"));
    copy(ack->by, sizeof ack->by, dl_json_text(content, "by"));
    ack->time_ms = leaf->time_ms;
    json_decref(content);
    return DL_OK;
}

static enum dl_err take_referring(void *context, const struct dl_stored *stored)
{
    struct referring *r = context;
    struct dl_leaf leaf;
    if (stored->cursor <= r->after || dl_leaf_decode(stored->entry.leaf, &leaf) != DL_OK) {
        return DL_OK;
    }
    const char *us = dl_agency_id(r->agency);
    const char *other = r->view->incoming ? r->view->from : r->view->to;
    const char *author = (stored->log & 1) == 0 ? us : other;
    if (leaf.kind == DL_KIND_ACKNOWLEDGEMENT) {
        return r->after > 0 ? DL_OK : add_ack(r, stored, &leaf, author);
    }
    if (strcmp(author, r->view->agency) != 0) {
        return DL_OK; // only the author updates and retracts
    }
    char flag[160];
    if (leaf.kind == DL_KIND_UPDATE) {
        snprintf(flag, sizeof flag, r->view->zh ? "已由 %.*s 更新" : "updated by %.*s",
                 DL_VIEW_ARG(leaf.id));
        add_flag(r->view, dl_view_str(flag));
    } else if (leaf.kind == DL_KIND_RETRACTION) {
        snprintf(flag, sizeof flag, r->view->zh ? "已由 %.*s 撤回" : "retracted by %.*s",
                 DL_VIEW_ARG(leaf.id));
        add_flag(r->view, dl_view_str(flag));
    }
    return DL_OK;
}

static enum dl_err take_remark(void *context, const struct dl_row *row)
{
    add_flag(context, dl_row_text(row, 0));
    return DL_OK;
}

/* What the node found out by itself. */
static enum dl_err look_at_triage(struct dl_agency *agency, struct dl_entry_view *view)
{
    struct dl_buf lines;
    dl_buf_init(&lines, (size_t)DL_VIEW_FLAGS * DL_VIEW_FLAG);
    enum dl_err err = dl_triage_flags(agency, view->cursor, view->zh, &lines);
    struct dl_view rest = dl_buf_view(&lines);
    while (err == DL_OK && rest.n > 0) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        size_t n = end == NULL ? rest.n : (size_t)(end - rest.p);
        add_flag(view, dl_view_of(rest.p, n));
        rest = dl_view_of(rest.p + n, rest.n - n);
        rest = rest.n > 0 ? dl_view_of(rest.p + 1, rest.n - 1) : rest;
    }
    dl_buf_fini(&lines);
    return err;
}

static enum dl_err look_at_others(struct dl_agency *agency, struct dl_entry_view *view)
{
    char target[DL_LIMIT_AGENCY_ID + DL_LIMIT_ENTRY_ID + 2];
    struct referring r = {.agency = agency, .view = view};
    int n = snprintf(target, sizeof target, "%s/%s", view->agency, view->id);
    DL_TRY(dl_line_db_referring(dl_agency_line_db(agency), dl_view_of(target, (size_t)n),
                                take_referring, &r));
    if (view->leaf.kind == DL_KIND_UPDATE && view->leaf.n_refs == 1) {
        // what came of the alert after this update is said of the update, too
        r.after = view->cursor;
        DL_TRY(dl_line_db_referring(dl_agency_line_db(agency), view->leaf.refs[0], take_referring,
                                    &r));
    }
    int64_t off = view->received_ms - view->leaf.time_ms;
    if (view->incoming && (off > DL_TIME_SKEW_MS || off < -DL_TIME_SKEW_MS)) {
        char flag[160];
        snprintf(flag, sizeof flag,
                 view->zh ? "发件方时间与我方相差 %lld 秒"
                          : "the author's time is %lld s from ours",
                 (long long)(-off / 1000));
        add_flag(view, dl_view_str(flag));
    }
    DL_TRY(look_at_triage(agency, view));
    return dl_store_run(dl_line_db_store(dl_agency_line_db(agency)),
                        "SELECT text FROM remark WHERE cursor=?1 AND kind='flag' ORDER BY time",
                        DL_SQL(DL_SQL_INT(view->cursor)), take_remark, view);
}

/* ---- the whole ---- */

static const char *urgency_of(const struct dl_entry_view *view)
{
    if (view->leaf.kind != DL_KIND_ALERT && view->leaf.kind != DL_KIND_UPDATE) {
        return NULL;
    }
    const char *said = json_string_value(json_object_get(view->content, "urgency"));
    return said == NULL ? "routine" : said;
}

static struct dl_view headline_of(const struct dl_entry_view *view)
{
    struct dl_view headline = dl_json_text(view->content, "headline");
    static const char *const languages[] = {"en", "zh", "und"};
    for (size_t i = 0; headline.n == 0 && view->leaf.kind == DL_KIND_MESSAGE && i < 3; i++) {
        headline = dl_json_text(json_object_get(view->content, "text"), languages[i]);
    }
    if (headline.n == 0) {
        headline = dl_json_text(view->content, "reason");
    }
    const uint8_t *end = headline.n == 0 ? NULL : memchr(headline.p, '\n', headline.n);
    return end == NULL ? headline : dl_view_of(headline.p, (size_t)(end - headline.p));
}

static bool is_committed(const struct dl_stored *stored, const struct dl_leaf *leaf)
{
    struct dl_hash is = dl_entry_commitment(stored->entry.salt, stored->entry.content);
    return dl_hash_equal(&is, &leaf->commitment);
}

enum dl_err dl_entry_look(struct dl_agency *agency, const struct dl_stored *stored,
                          struct dl_entry_view *view)
{
    json_decref(view->content);
    view->content = NULL;
    view->n_acks = 0;
    view->n_flags = 0;
    dl_buf_reset(&view->octets);
    dl_buf_put_view(&view->octets, stored->entry.leaf);
    dl_buf_put_view(&view->octets, stored->entry.content);
    DL_TRY(dl_buf_err(&view->octets));
    size_t n = stored->entry.leaf.n;
    if (dl_leaf_decode(dl_view_of(view->octets.p, n), &view->leaf) != DL_OK ||
        !is_committed(stored, &view->leaf) || // a flipped bit is not shown as their word (I6)
        dl_json_parse(stored->entry.content, &view->content, NULL) != DL_OK) {
        return DL_E_STORE_CORRUPT;
    }
    view->content_octets = dl_view_of(view->octets.p + n, view->octets.n - n);
    view->cursor = stored->cursor;
    view->in_tail = stored->in_tail;
    view->index = stored->index;
    copy(view->id, sizeof view->id, view->leaf.id);
    view->headline = headline_of(view);
    view->urgency = urgency_of(view);
    DL_TRY(look_at_state(agency, stored, view));
    return look_at_others(agency, view);
}

struct looking {
    struct dl_agency *agency;
    struct dl_entry_view *view;
};

static enum dl_err look(void *context, const struct dl_stored *stored)
{
    const struct looking *looking = context;
    return dl_entry_look(looking->agency, stored, looking->view);
}

enum dl_err dl_entry_look_at(struct dl_agency *agency, int64_t cursor, struct dl_entry_view *view)
{
    struct looking looking = {.agency = agency, .view = view};
    return dl_line_db_at(dl_agency_line_db(agency), cursor, look, &looking);
}

enum { FOUND_MAX = 2 * DL_LIMIT_PEERS };

static enum dl_err unknown(const char *name, struct dl_error *error)
{
    dl_error_set(error, DL_E_ID_UNKNOWN, NULL, "there is no entry \"%.100s\" here", name);
    return dl_error_hint(error, "`alert list --kind all` shows the ids");
}

enum dl_err dl_entry_find(struct dl_agency *agency, const char *name, struct dl_entry_view *view,
                          struct dl_error *error)
{
    struct dl_view author;
    struct dl_view id;
    int64_t cursors[FOUND_MAX];
    int64_t logs[FOUND_MAX];
    size_t n = FOUND_MAX;
    if (!dl_entry_ref_split(dl_view_str(name), &author, &id)) {
        return unknown(name, error);
    }
    enum dl_err err = dl_line_db_find(dl_agency_line_db(agency), id, cursors, logs, &n);
    char first[DL_LIMIT_AGENCY_ID + 1] = "";
    int64_t cursor = 0;
    for (size_t i = 0; i < n && err == DL_OK; i++) {
        err = dl_entry_look_at(agency, cursors[i], view);
        if (err != DL_OK || (author.n > 0 && !dl_view_is(author, view->agency))) {
            continue;
        }
        if (cursor != 0 && strcmp(first, view->agency) != 0) {
            dl_error_set(error, DL_E_ID_AMBIGUOUS, NULL, "both %s and %s have an entry %s", first,
                         view->agency, view->id);
            return dl_error_hint(error, "say %s/%s or %s/%s", first, view->id, view->agency,
                                 view->id);
        }
        snprintf(first, sizeof first, "%s", view->agency);
        cursor = cursors[i]; // the newest generation comes last
    }
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "the entry cannot be read");
    }
    return cursor == 0 ? unknown(name, error) : dl_entry_look_at(agency, cursor, view);
}

/* ---- JSON ---- */

static void put_time(struct dl_buf *out, int64_t ms)
{
    char text[DL_TIME_TEXT];
    if (ms == 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_time_encode(ms, text);
        dl_buf_printf(out, "\"%s\"", text);
    }
}

static void put_index(const struct dl_entry_view *view, struct dl_buf *out)
{
    if (view->in_tail) {
        dl_buf_put_str(out, "null");
    } else {
        dl_buf_printf(out, "%llu", (unsigned long long)view->index);
    }
}

static void put_acks(const struct dl_entry_view *view, struct dl_buf *out)
{
    dl_buf_put_str(out, ",\"acks\":[");
    for (size_t i = 0; i < view->n_acks; i++) {
        const struct dl_view_ack *ack = &view->acks[i];
        dl_buf_printf(out, "%s{\"as\":\"%s\",\"by\":", i > 0 ? "," : "", ack->as);
        dl_json_put_str(out, ack->by);
        dl_buf_put_str(out, ",\"time\":");
        put_time(out, ack->time_ms);
        dl_buf_printf(out, ",\"agency\":\"%s\",\"id\":\"%s\"}", ack->agency, ack->id);
    }
    dl_buf_put_str(out, "],\"flags\":[");
    for (size_t i = 0; i < view->n_flags; i++) {
        dl_buf_put_str(out, i > 0 ? "," : "");
        dl_json_put_str(out, view->flags[i]);
    }
    dl_buf_put_str(out, "]");
}

void dl_entry_put_json(const struct dl_entry_view *view, struct dl_buf *out)
{
    struct dl_hash hash = dl_sha256(view->content_octets);
    char hex[65];
    dl_hex_encode(dl_view_of(hash.b, sizeof hash.b), hex);
    dl_buf_printf(out, "{\"id\":\"%s\",\"agency\":\"%s\",\"entry\":", view->id, view->agency);
    put_index(view, out);
    dl_buf_printf(out,
                  ",\"kind\":\"%.*s\",\"marking\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"time\":",
                  DL_VIEW_ARG(view->leaf.kind_name), dl_marking_name(view->leaf.marking),
                  view->from, view->to);
    put_time(out, view->leaf.time_ms);
    dl_buf_put_str(out, ",\"received\":");
    put_time(out, view->received_ms);
    dl_buf_printf(out, ",\"state\":\"%s\",\"subject\":[", view->state);
    for (size_t i = 0; i < view->leaf.n_subject; i++) {
        dl_buf_printf(out, "%s\"%.*s\"", i > 0 ? "," : "", DL_VIEW_ARG(view->leaf.subject[i]));
    }
    dl_buf_put_str(out, "],\"headline\":");
    if (view->headline.n > 0) {
        dl_json_put_string(out, view->headline);
    } else {
        dl_buf_put_str(out, "null");
    }
    dl_buf_put_str(out, ",\"urgency\":");
    dl_json_put_str(out, view->urgency);
    put_acks(view, out);
    dl_buf_printf(out, ",\"cursor\":\"%lld\",\"content_sha256\":\"%s\"}\n", (long long)view->cursor,
                  hex);
}

void dl_entry_put_answer(const struct dl_entry_view *view, int64_t receipt_size, struct dl_buf *out)
{
    dl_buf_printf(out, "{\"id\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"kind\":\"%.*s\",\"entry\":",
                  view->id, view->from, view->to, DL_VIEW_ARG(view->leaf.kind_name));
    put_index(view, out);
    dl_buf_printf(out, ",\"state\":\"%s\",\"receipt\":", view->state);
    if (strcmp(view->state, "received") == 0) {
        dl_buf_printf(out, "{\"size\":%lld,\"time\":", (long long)receipt_size);
        put_time(out, view->received_ms);
        dl_buf_put_str(out, "}}\n");
    } else {
        dl_buf_put_str(out, "null}\n");
    }
}

/* ---- kinds asked for ---- */

enum dl_err dl_kind_filter_parse(const char *text, struct dl_kind_filter *out,
                                 struct dl_error *error)
{
    *out = (struct dl_kind_filter){.all = text != NULL && strcmp(text, "all") == 0};
    if (text == NULL || out->all) {
        return DL_OK;
    }
    out->only = dl_kind_of(dl_view_str(text));
    if (out->only == DL_KIND_UNKNOWN) {
        dl_error_set(error, DL_E_FIELD_VALUE, "kind", "there is no kind \"%.40s\"", text);
        return dl_error_hint(
            error, "all, alert, update, retraction, acknowledgement, message, line-state, "
                   "listing-notice");
    }
    return DL_OK;
}

bool dl_kind_filter_takes(const struct dl_kind_filter *filter, enum dl_kind kind)
{
    if (filter->all) {
        return true;
    }
    if (filter->only != DL_KIND_UNKNOWN) {
        return kind == filter->only;
    }
    return kind == DL_KIND_ALERT || kind == DL_KIND_UPDATE || kind == DL_KIND_RETRACTION;
}
