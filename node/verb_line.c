/* line, line suspend|resume|release|renew|test|evidence: the state of the lines. */
#include "base/encoding.h"
#include "base/json.h"
#include "node/agency_internal.h"
#include "node/file.h"
#include "node/telling.h"
#include "protocol/note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OUT = 16 * 1024 * 1024, TESTS_SHOWN = 20 };

/* ---- line ---- */

static enum dl_err put_test(void *context, const struct dl_row *row)
{
    struct dl_buf *out = context;
    dl_buf_put_str(out, out->p[out->n - 1] == '[' ? "{\"time\":" : ",{\"time\":");
    dl_put_time(out, dl_row_int(row, 0));
    dl_put_member(out, "direction", dl_row_int(row, 1) != 0 ? "in" : "out");
    dl_buf_put_str(out, ",\"address\":");
    if (dl_row_null(row, 2)) {
        dl_buf_put_str(out, "null");
    } else {
        dl_json_put_string(out, dl_row_text(row, 2));
    }
    dl_buf_printf(out, ",\"ok\":%s,\"ms\":", dl_row_int(row, 3) != 0 ? "true" : "false");
    if (dl_row_null(row, 4)) {
        dl_buf_put_str(out, "null}");
    } else {
        dl_buf_printf(out, "%lld}", (long long)dl_row_int(row, 4));
    }
    return DL_OK;
}

static enum dl_err put_tests(struct dl_agency *agency, const char *peer, struct dl_buf *out)
{
    dl_buf_put_str(out, ",\"tests\":[");
    DL_TRY(dl_store_run(dl_line_db_store(dl_agency_line_db(agency)),
                        "SELECT time, incoming, address, ok, ms FROM link_test WHERE peer=?1"
                        " ORDER BY time DESC LIMIT ?2",
                        DL_SQL(DL_SQL_STR(peer), DL_SQL_INT(TESTS_SHOWN)), put_test, out));
    dl_buf_put_str(out, "]");
    return DL_OK;
}

static uint64_t owed(const struct dl_peer *peer)
{
    struct dl_log *log = dl_journal_log(dl_peer_journal(peer));
    return dl_log_size(log) - dl_log_newest_receipt(log).size; // I3
}

static void put_error(const struct dl_peer_view *view, struct dl_buf *out)
{
    if (view->error == DL_OK) {
        dl_buf_put_str(out, ",\"error\":null");
        return;
    }
    dl_buf_printf(out, ",\"error\":{\"code\":\"%s\",\"message\":", dl_err_code(view->error));
    dl_json_put_str(out, view->error_message);
    dl_put_member_time(out, "since", view->error_since);
    dl_buf_put_str(out, "}");
}

static enum dl_err put_line_json(struct dl_agency *agency, const struct dl_peer *peer,
                                 struct dl_buf *out)
{
    struct dl_peer_view view;
    dl_peer_look(peer, &view);
    struct dl_log *ours = dl_journal_log(dl_peer_journal(peer));
    struct dl_log *theirs = dl_replica_log(dl_peer_replica(peer));
    struct dl_log_receipt receipt = dl_log_newest_receipt(ours);
    dl_buf_printf(out, "{\"peer\":\"%s\",\"state\":\"%s\"", view.agency, view.state);
    dl_put_member(out, "by", view.by);
    dl_put_member(out, "reason", view.reason);
    dl_put_member_time(out, "since", view.since);
    dl_put_member(out, "link", view.link);
    dl_put_member(out, "journal", dl_journal_state_name(dl_journal_state(dl_peer_journal(peer))));
    dl_put_member_int(out, "generation", dl_log_generation(ours));
    dl_put_member_int(out, "owed", (int64_t)owed(peer));
    dl_put_member_int(out, "tail", (int64_t)dl_journal_tail(dl_peer_journal(peer)));
    dl_buf_printf(out, ",\"ours\":{\"size\":%llu,\"receipted\":%llu},\"theirs\":{\"size\":%llu}",
                  (unsigned long long)dl_log_size(ours), (unsigned long long)receipt.size,
                  (unsigned long long)dl_log_size(theirs));
    dl_put_member_int(out, "their_generation", dl_log_generation(theirs));
    dl_put_member(out, "address", view.address);
    dl_put_member_time(out, "last_receipt", receipt.time_ms);
    DL_TRY(put_tests(agency, view.agency, out));
    dl_put_member_time(out, "certificate_until", view.certificate_until);
    dl_buf_printf(out, ",\"peer_lost_copy\":%s,\"peer_busy\":%s", view.lost_copy ? "true" : "false",
                  view.busy ? "true" : "false");
    put_error(&view, out);
    dl_buf_put_str(out, "}\n");
    return dl_buf_err(out);
}

static void put_line_text(struct dl_call *call, const struct dl_peer *peer, struct dl_buf *out)
{
    struct dl_peer_view view;
    int64_t now = dl_call_now(call);
    dl_peer_look(peer, &view);
    struct dl_log *ours = dl_journal_log(dl_peer_journal(peer));
    struct dl_log_receipt receipt = dl_log_newest_receipt(ours);
    bool offline = !dl_agency_is_running(call->agency);
    dl_buf_printf(out, DL_SAY(call, "%s: %s, link %s%s\n", "%s：%s，链路 %s%s\n"), view.agency,
                  dl_call_word(call, view.state), dl_call_word(call, view.link),
                  offline ? DL_SAY(call, " (no node is running here)", "（本机节点未运行）") : "");
    if (view.reason != NULL && strcmp(view.state, "active") != 0) {
        dl_buf_printf(out, DL_SAY(call, "  by %s, ", "  由 %s，"), view.by);
        dl_put_age(out, now - view.since, call->zh);
        dl_buf_put_str(out, DL_SAY(call, " ago: ", "前："));
        dl_put_shown(out, dl_view_str(view.reason));
        dl_buf_put_str(out, "\n");
    }
    dl_buf_printf(
        out,
        DL_SAY(call,
               "  ours    %llu entries, %llu receipted, %llu owed, %llu in the tail; journal %s\n",
               "  我方    %llu 条，已回执 %llu，待送 %llu，暂存 %llu；日志 %s\n"),
        (unsigned long long)dl_log_size(ours), (unsigned long long)receipt.size,
        (unsigned long long)owed(peer), (unsigned long long)dl_journal_tail(dl_peer_journal(peer)),
        dl_call_word(call, dl_journal_state_name(dl_journal_state(dl_peer_journal(peer)))));
    dl_buf_printf(
        out, DL_SAY(call, "  theirs  %llu entries held here\n", "  对方    本地持有 %llu 条\n"),
        (unsigned long long)dl_log_size(dl_replica_log(dl_peer_replica(peer))));
    if (receipt.time_ms != 0) {
        dl_buf_put_str(out, DL_SAY(call, "  last new receipt ", "  最近回执 "));
        dl_put_age(out, now - receipt.time_ms, call->zh);
        dl_buf_put_str(out, DL_SAY(call, " ago\n", "前\n"));
    }
    if (view.error != DL_OK) {
        dl_buf_put_str(out, "  ! ");
        dl_put_shown(out, dl_view_str(view.error_message));
        dl_buf_printf(out, " [%s, ", dl_err_code(view.error));
        dl_put_age(out, now - view.error_since, call->zh);
        dl_buf_put_str(out, "]\n");
    }
    if (view.lost_copy) {
        dl_buf_put_str(out, DL_SAY(call, "  ! the peer lost its copy and is served again\n",
                                   "  ! 对方副本丢失，正在重新传送\n"));
    }
}

void dl__verb_line(struct dl_call *call);
void dl__verb_line(struct dl_call *call)
{
    struct dl_buf out;
    const char *only = dl_call_operand(call, 0);
    if (only != NULL && dl_call_peer(call, only) == NULL) {
        return;
    }
    dl_buf_init(&out, OUT);
    enum dl_err err = DL_OK;
    for (const struct dl_peer *peer = dl_agency_first_peer(call->agency);
         peer != NULL && err == DL_OK; peer = dl_peer_next(peer)) {
        struct dl_peer_view view;
        dl_peer_look(peer, &view);
        if (only != NULL && strcmp(only, view.agency) != 0) {
            continue;
        }
        if (call->json) {
            err = put_line_json(call->agency, peer, &out);
        } else {
            put_line_text(call, peer, &out);
        }
    }
    if (err != DL_OK) {
        dl_call_fail_with(call, err, "the lines cannot be read");
    } else {
        dl_call_put_buf(call, &out);
        dl_call_end(call, DL_EXIT_OK);
    }
    dl_buf_fini(&out);
}

/* ---- suspend, resume, release, renew ---- */

static const char *id_of(const struct dl_peer *peer)
{
    struct dl_peer_view view;
    dl_peer_look(peer, &view);
    return view.agency;
}

/* What a change of state answers once it is durable. A call that waits keeps the peer's id: the
 * peer itself is another one once it was paired again. */
struct change {
    struct dl_call *call;
    char peer[DL_LIMIT_AGENCY_ID + 1];
};

static void changed(void *context, enum dl_err err)
{
    struct change *change = context;
    struct dl_call *call = change->call;
    const struct dl_peer *peer = dl_agency_peer(call->agency, change->peer);
    struct dl_buf out;
    if (err != DL_OK) {
        dl_call_fail_with(call, err, "the change could not be stored; nothing was changed");
        return;
    }
    dl_buf_init(&out, OUT);
    if (call->json) {
        err = put_line_json(call->agency, peer, &out);
    } else {
        put_line_text(call, peer, &out);
    }
    dl_call_put_buf(call, &out);
    dl_buf_fini(&out);
    dl_call_end(call, err == DL_OK ? DL_EXIT_OK : DL_EXIT_STORE);
}

static void free_change(void *state)
{
    struct change *change = state;
    dl_agency_forget(change->call->agency, change);
    free(change);
}

static void answer_when_durable(struct dl_call *call, struct dl_peer *peer)
{
    struct change *change = calloc(1, sizeof *change);
    DL_ASSERT(change != NULL, "memory for a call");
    change->call = call;
    snprintf(change->peer, sizeof change->peer, "%s", id_of(peer));
    call->state = change;
    call->state_free = free_change;
    dl_agency_after(call->agency, changed, change);
}

enum action { SUSPEND, RESUME, RELEASE, RENEW };

static enum dl_err act(enum action action, struct dl_peer *peer, const char *reason,
                       struct dl_error *error)
{
    switch (action) {
    case SUSPEND:
    case RESUME:
        return dl_peer_suspend(peer, action == SUSPEND, reason, error);
    case RELEASE:
        return dl_peer_release(peer, reason, error);
    default:
        return dl_peer_renew(peer, reason, error);
    }
}

static void change_state(struct dl_call *call, enum action action)
{
    struct dl_error error;
    const char *reason = NULL;
    struct dl_peer *peer = dl_call_peer(call, dl_call_operand(call, 0));
    if (peer == NULL) {
        return;
    }
    enum dl_err err = dl_call_reason(call, &reason, &error);
    err = err == DL_OK ? act(action, peer, reason, &error) : err;
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    answer_when_durable(call, peer);
}

void dl__verb_line_suspend(struct dl_call *call);
void dl__verb_line_suspend(struct dl_call *call)
{
    change_state(call, SUSPEND);
}

void dl__verb_line_resume(struct dl_call *call);
void dl__verb_line_resume(struct dl_call *call)
{
    change_state(call, RESUME);
}

void dl__verb_line_release(struct dl_call *call);
void dl__verb_line_release(struct dl_call *call)
{
    change_state(call, RELEASE);
}

void dl__verb_line_renew(struct dl_call *call);
void dl__verb_line_renew(struct dl_call *call)
{
    change_state(call, RENEW);
}

/* ---- test ---- */

struct testing {
    struct dl_call *call;
    char peer[DL_LIMIT_AGENCY_ID + 1];
};

static void tested(void *context, const struct dl_test_result *result)
{
    struct testing *testing = context;
    struct dl_call *call = testing->call;
    if (call->json) {
        dl_call_print(call, "{\"peer\":\"%s\",\"ok\":%s,\"ms\":%lld,\"address\":\"%s\"}\n",
                      testing->peer, result->ok ? "true" : "false", (long long)result->ms,
                      result->address);
    } else if (result->ok) {
        dl_call_print(call,
                      DL_SAY(call, "The line to %s works: signed by both, %lld ms.\n",
                             "与 %s 的线路正常：双方已签名，%lld 毫秒。\n"),
                      testing->peer, (long long)result->ms);
    } else {
        dl_call_print(call, DL_SAY(call, "No answer from %s.\n", "%s 没有应答。\n"), testing->peer);
    }
    dl_call_end(call, result->ok ? DL_EXIT_OK : DL_EXIT_UNREACHABLE);
}

static void free_testing(void *state)
{
    struct testing *testing = state;
    struct dl_peer *peer = dl_agency_peer(testing->call->agency, testing->peer);
    if (peer != NULL) {
        dl_peer_forget_test(peer, testing);
    }
    free(testing);
}

void dl__verb_line_test(struct dl_call *call);
void dl__verb_line_test(struct dl_call *call)
{
    struct dl_peer *peer = dl_call_peer(call, dl_call_operand(call, 0));
    if (peer == NULL) {
        return;
    }
    struct dl_peer_view seen;
    dl_peer_look(peer, &seen);
    if (strcmp(seen.state, "removed") == 0) {
        struct dl_error removed;
        dl_error_set(&removed, DL_E_REMOVED, NULL, "the peer %s is removed", seen.agency);
        dl_call_fail(call, &removed);
        return;
    }
    struct testing *testing = calloc(1, sizeof *testing);
    DL_ASSERT(testing != NULL, "memory for a call");
    testing->call = call;
    snprintf(testing->peer, sizeof testing->peer, "%s", id_of(peer));
    call->state = testing;
    call->state_free = free_testing;
    enum dl_err err = dl_peer_test(peer, tested, testing);
    if (err != DL_OK) {
        struct dl_peer_view view;
        struct dl_error error;
        dl_peer_look(peer, &view);
        if (err == DL_E_STATE) {
            dl_error_set(&error, err, NULL, "a link test to %s is under way", view.agency);
        } else {
            dl_error_set(&error, err, NULL, "the link to %s is down: %s", view.agency,
                         view.error == DL_OK ? "not connected yet" : view.error_message);
            dl_error_hint(&error, "`doctor` says what to do");
        }
        dl_call_fail(call, &error);
    }
}

/* ---- evidence ---- */

struct evidence {
    const char *dir;
    size_t n;
    struct dl_error *error;
    const struct dl_peer *peer;
    const struct dl_peer_view *view;
    struct dl_buf policy; /* the keys that signed it */
};

static enum dl_err write_part(struct evidence *e, const char *name, struct dl_view octets)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%zu-%s", e->dir, e->n, name);
    if (n < 0 || (size_t)n >= sizeof path) {
        return dl_error_set(e->error, DL_E_INPUT, NULL, "the path %s is too long", e->dir);
    }
    return octets.n == 0 ? DL_OK : dl_file_write(path, 0644, octets, e->error);
}

/* The key that signed a note goes into the policy, once: that of the present pairing, or the one
 * that the peer had when the line froze. */
static enum dl_err note_key(struct evidence *e, struct dl_view note)
{
    char origin[DL_LIMIT_ORIGIN + 1];
    struct dl_head_names names;
    struct dl_vkey vkey;
    struct dl_buf line;
    const uint8_t *end = note.n == 0 ? NULL : memchr(note.p, '\n', note.n);
    if (end == NULL) {
        return DL_OK;
    }
    snprintf(origin, sizeof origin, "%.*s", (int)(end - note.p), (const char *)note.p);
    struct dl__signed what = {.origin = origin, .note = note};
    DL_TRY(dl__peer_names_of(e->peer, &what, &names));
    DL_TRY(dl_vkey_make(names.origin, DL_KEY_ED25519, &names.journal_key, &vkey));
    dl_buf_init(&line, 1024);
    dl_buf_put_str(&line, "log ");
    dl_vkey_format(&vkey, &line);
    dl_buf_u8(&line, '\n');
    if (e->policy.n == 0 || memmem(e->policy.p, e->policy.n, line.p, line.n) == NULL) {
        dl_buf_put_view(&e->policy, dl_buf_view(&line));
    }
    dl_buf_fini(&line);
    return dl_buf_err(&e->policy);
}

static enum dl_err write_evidence(void *context, const struct dl_row *row)
{
    struct evidence *e = context;
    struct dl_buf about;
    char time[DL_TIME_TEXT];
    dl_time_encode(dl_row_int(row, 0), time);
    dl_buf_init(&about, 4096);
    dl_buf_printf(&about,
                  "{\"peer\":\"%s\",\"time\":\"%s\",\"kind\":\"%.*s\",\"notes\":[\"%zu-a.note\",\"%"
                  "zu-b.note\"]}\n",
                  e->view->agency, time, DL_VIEW_ARG(dl_row_text(row, 1)), e->n, e->n);
    enum dl_err err = write_part(e, "a.note", dl_row_blob(row, 2));
    err = err == DL_OK ? write_part(e, "b.note", dl_row_blob(row, 3)) : err;
    err = err == DL_OK ? write_part(e, "proof", dl_row_blob(row, 4)) : err;
    err = err == DL_OK ? write_part(e, "about.json", dl_buf_view(&about)) : err;
    err = err == DL_OK ? note_key(e, dl_row_blob(row, 2)) : err;
    dl_buf_fini(&about);
    e->n++;
    return err;
}

static enum dl_err write_policy(struct evidence *e)
{
    char path[4096];
    dl_buf_put_str(&e->policy, "quorum none\n");
    snprintf(path, sizeof path, "%s/policy", e->dir);
    return dl_file_write(path, 0644, dl_buf_view(&e->policy), e->error);
}

void dl__verb_line_evidence(struct dl_call *call);
void dl__verb_line_evidence(struct dl_call *call)
{
    struct dl_error error = {.err = DL_OK};
    struct dl_peer_view view;
    const char *dir = dl_call_operand(call, 1);
    struct dl_peer *peer = dl_call_peer(call, dl_call_operand(call, 0));
    if (peer == NULL) {
        return;
    }
    dl_peer_look(peer, &view);
    struct evidence e = {.dir = dir, .error = &error, .peer = peer, .view = &view};
    dl_buf_init(&e.policy, 8192);
    enum dl_err err = DL_OK;
    if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
        err = dl_error_set(&error, DL_E_INPUT, NULL, "%s cannot be made: %s", dir, strerror(errno));
    }
    err = err == DL_OK
              ? dl_store_run(
                    dl_line_db_store(dl_agency_line_db(call->agency)),
                    "SELECT time, kind, a, b, proof FROM evidence WHERE peer=?1 ORDER BY time",
                    DL_SQL(DL_SQL_STR(view.agency)), write_evidence, &e)
              : err;
    err = err == DL_OK && e.n > 0 ? write_policy(&e) : err;
    dl_buf_fini(&e.policy);
    if (err != DL_OK) {
        if (error.err == DL_OK) {
            dl_error_set(&error, err, NULL, "the evidence cannot be read");
        }
        dl_call_fail(call, &error);
        return;
    }
    if (call->json) {
        dl_call_print(call, "{\"peer\":\"%s\",\"evidence\":%zu}\n", view.agency, e.n);
    } else if (e.n == 0) {
        dl_call_print(call,
                      DL_SAY(call, "There is no evidence against %s.\n", "没有针对 %s 的证据。\n"),
                      view.agency);
    } else {
        dl_call_print(
            call,
            DL_SAY(call,
                   "%zu contradictions of %s: both notes are signed by the key in `policy`; any\n"
                   "tool that reads C2SP signed notes can check them.\n",
                   "%zu 处矛盾（%s）：两份检查点均由 policy 中的密钥签名，\n任何支持 C2SP "
                   "签名笔记的工具均可核验。\n"),
            e.n, view.agency);
    }
    dl_call_end(call, e.n == 0 ? DL_EXIT_NO : DL_EXIT_OK);
}
