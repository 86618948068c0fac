/* doctor: what is wrong, why, and what to do. Works with the node down. */
#include "base/encoding.h"
#include "base/json.h"
#include "certs/identity.h"
#include "node/agency_dir.h"
#include "node/telling.h"
#include "registry/registry.h"

#include <string.h>
#include <sys/statvfs.h>

enum { OUT = 1024 * 1024, DAY_MS = 86400000, DISK_LEAST = 64 * 1024 * 1024 };

/* A finding: which, how bad, what, what to do. */
struct finding {
    const char *subject; /* "node", "disk", "line us", ... */
    bool error;          /* else a warning */
    char what[DL_ERROR_MESSAGE_MAX];
    char todo[DL_ERROR_HINT_MAX];
};

struct doctor {
    struct dl_call *call;
    struct dl_buf out;
    size_t errors, warnings;
};

static void tell(struct doctor *d, const struct finding *f)
{
    d->errors += f->error;
    d->warnings += !f->error;
    if (d->call->json) {
        dl_buf_put_str(&d->out, "{\"subject\":");
        dl_json_put_str(&d->out, f->subject);
        dl_put_member(&d->out, "severity", f->error ? "error" : "warning");
        dl_put_member(&d->out, "what", f->what);
        dl_put_member(&d->out, "todo", f->todo[0] == '\0' ? NULL : f->todo);
        dl_buf_put_str(&d->out, "}\n");
        return;
    }
    dl_buf_printf(&d->out, "%s %s: ", f->error ? "!!" : " !", f->subject);
    dl_put_shown(&d->out, dl_view_str(f->what));
    dl_buf_put_str(&d->out, "\n");
    if (f->todo[0] != '\0') {
        dl_buf_printf(&d->out, "   -> %s\n", f->todo);
    }
}

#define TELL(d, subject_, error_, what_, todo_, ...)                                               \
    do {                                                                                           \
        struct finding f_ = {.subject = (subject_), .error = (error_)};                            \
        snprintf(f_.what, sizeof f_.what, what_, __VA_ARGS__);                                     \
        snprintf(f_.todo, sizeof f_.todo, "%s", (todo_));                                          \
        tell(d, &f_);                                                                              \
    } while (0)

static void look_at_node(struct doctor *d)
{
    struct dl_agency *agency = d->call->agency;
    struct statvfs disk;
    const char *dir = dl_agency_dir_of(agency);
    if (!dl_agency_is_running(agency)) {
        TELL(d, "node", true, "no node is running in %s", "start it: directline -C DIR node", dir);
    }
    if (dir != NULL && statvfs(dir, &disk) == 0 &&
        (uint64_t)disk.f_bavail * disk.f_frsize < DISK_LEAST) {
        TELL(d, "disk", true, "only %llu MiB are free under %s",
             "make room: with a full disk nothing is accepted and nothing is receipted",
             (unsigned long long)((uint64_t)disk.f_bavail * disk.f_frsize >> 20), dir);
    }
}

static void look_at_certificate(struct doctor *d)
{
    char until[DL_DATE_TEXT];
    int64_t end = dl_agency_certificate_until(d->call->agency);
    int64_t left = end - dl_call_now(d->call);
    dl_date_encode(end, until);
    if (end != 0 && left < 0) {
        TELL(d, "certificate", true, "our certificate ended on %s (clock?)",
             "check the clock; a running node renews it by itself, on the same key, if keys/ca.key "
             "is "
             "there",
             until);
    } else if (end != 0 && left < (int64_t)DL_EXPIRY_WARN_DAYS * DAY_MS) {
        TELL(d, "certificate", false, "our certificate ends on %s",
             "a running node renews it by itself, on the same key: is it running, and is "
             "keys/ca.key "
             "there?",
             until);
    }
}

static void look_at_registry(struct doctor *d)
{
    struct dl_registry *registry = NULL;
    struct dl_error error;
    if (dl_agency_registry(d->call->agency, &registry, &error) != DL_OK) {
        TELL(d, "registry", true, "%s",
             "copy registry.db from a backup or from the program's folder", error.message);
    }
}

/* What to do about the errors a link can have. */
static const char *todo_of(enum dl_err err)
{
    switch (err) {
    case DL_E_CONNECT:
        return "is the peer's node running, is the address right, does a firewall let it through?";
    case DL_E_CERT_EXPIRED:
    case DL_E_CERT_FUTURE:
        return "compare both clocks; if they are right, the side whose certificate it is must "
               "renew "
               "it";
    case DL_E_CERT_NAME:
        return "another agency answers at this address: correct it with `peer add ... --address`";
    case DL_E_CERT_KEY:
    case DL_E_CERT_CA:
        return "telephone the peer: if it lost its keys, add its new offer; if it did not, "
               "somebody stands "
               "between you";
    case DL_E_REMOVED:
        return "the peer removed us: telephone it";
    case DL_E_NOT_PAIRED:
        return "the peer has not added our offer, or removed us: telephone it";
    case DL_E_TLS_VERSION:
    case DL_E_TLS_ALPN:
        return "something else than a Directline node answers at this address";
    case DL_E_TIMEOUT:
        return "the connection hangs: look at the network between, and at the peer's node";
    default:
        return "see the node's log for the session's own words";
    }
}

static void look_at_link(struct doctor *d, const struct dl_peer_view *view, const char *subject)
{
    char until[DL_DATE_TEXT];
    int64_t left = view->certificate_until - dl_call_now(d->call);
    if (dl_agency_is_running(d->call->agency) && strcmp(view->link, "up") != 0 &&
        strcmp(view->state, "removed") != 0) {
        TELL(d, subject, true, "the link %s: %s", todo_of(view->error),
             strcmp(view->link, "never") == 0 ? "was never up" : "is down",
             view->error == DL_OK ? "not connected yet" : view->error_message);
    }
    dl_date_encode(view->certificate_until, until);
    if (view->certificate_until != 0 && left < (int64_t)DL_EXPIRY_WARN_DAYS * DAY_MS) {
        TELL(d, subject, false, "the peer's certificate ends on %s",
             "tell the peer: its node has not renewed it", until);
    }
}

static void look_at_journal(struct doctor *d, struct dl_peer *peer, const struct dl_peer_view *view,
                            const char *subject)
{
    enum dl_journal_state state = dl_journal_state(dl_peer_journal(peer));
    if (state == DL_JOURNAL_LOST || state == DL_JOURNAL_FORKED) {
        char todo[DL_ERROR_HINT_MAX];
        snprintf(todo, sizeof todo,
                 "open its next generation: directline -C DIR line renew %s --reason TEXT",
                 view->agency);
        TELL(d, subject, true, "our journal is %s: %s", todo, dl_journal_state_name(state),
             state == DL_JOURNAL_LOST ? "neither we nor the peer have all that we once signed"
                                      : "our disk contradicts what we signed");
    } else if (state == DL_JOURNAL_REWOUND) {
        TELL(d, subject, false, "our journal is %s: entries are coming back from the peer",
             "nothing to do; it goes on by itself", "rewound");
    }
    if (view->lost_copy) {
        TELL(d, subject, false, "%s lost its copy of our journal and is served again",
             "nothing to do here; the peer restored an old backup", view->agency);
    }
    if (view->closed) {
        TELL(d, subject, true, "the journal of %s is closed there",
             "its operator must run `line renew`; telephone", view->agency);
    }
    if (view->busy) {
        TELL(d, subject, false, "%s cannot store at the moment (disk full there)",
             "telephone its operator", view->agency);
    }
}

static void look_at_line(struct doctor *d, struct dl_peer *peer)
{
    struct dl_peer_view view;
    char subject[DL_LIMIT_AGENCY_ID + 8];
    dl_peer_look(peer, &view);
    snprintf(subject, sizeof subject, "line %s", view.agency);
    if (strcmp(view.state, "frozen") == 0) {
        char todo[DL_ERROR_HINT_MAX];
        snprintf(todo, sizeof todo,
                 "keep the proof (line evidence %s OUT), telephone; when the peer has a new origin "
                 "or keys, "
                 "`peer add` its offer and `line release %s`",
                 view.agency, view.agency);
        TELL(d, subject, true, "the line is frozen: %s", todo, view.reason);
        return;
    }
    if (strcmp(view.state, "suspended") == 0) {
        TELL(d, subject, false, "the line is suspended by %s: %s",
             "entries are held at their author until each side has lifted its own suspension",
             view.by, view.reason);
    }
    look_at_link(d, &view, subject);
    look_at_journal(d, peer, &view, subject);
}

struct kept_out {
    struct doctor *d;
};

static enum dl_err tell_kept_out(void *context, const struct dl_row *row)
{
    struct kept_out *k = context;
    TELL(k->d, "journal", true,
         "the entry %.*s stayed out of the journal: its id had been used with other "
         "content (E_ID_REUSED)",
         "send it again under another id; its content is in line.db, table kept_out",
         DL_VIEW_ARG(dl_row_text(row, 0)));
    return DL_OK;
}

static void finish(struct doctor *d)
{
    struct dl_call *call = d->call;
    if (d->errors + d->warnings == 0 && !call->json) {
        dl_buf_put_str(&d->out, DL_SAY(call, "All is well.\n", "一切正常。\n"));
    }
    dl_call_put_buf(call, &d->out);
    dl_buf_fini(&d->out);
    dl_call_end(call, d->errors > 0 ? DL_EXIT_NO : DL_EXIT_OK);
}

/* The agency cannot even be opened. */
static void tell_trouble(struct doctor *d)
{
    const struct dl_error *error = d->call->trouble;
    const char *subject = error->err == DL_E_CONFIG                    ? "configuration"
                          : dl_err_class(error->err) == DL_CLASS_TRUST ? "keys"
                                                                       : "store";
    TELL(d, subject, true, "%s",
         error->hint[0] != '\0' ? error->hint : "mend it, or restore a backup", error->message);
    finish(d);
}

void dl__verb_doctor(struct dl_call *call);
void dl__verb_doctor(struct dl_call *call)
{
    struct doctor d = {.call = call};
    struct kept_out kept_out = {.d = &d};
    dl_buf_init(&d.out, OUT);
    if (call->trouble != NULL) {
        tell_trouble(&d);
        return;
    }
    look_at_node(&d);
    look_at_certificate(&d);
    look_at_registry(&d);
    if (dl_agency_first_peer(call->agency) == NULL) {
        TELL(&d, "peers", false, "%s", "exchange offers: directline -C DIR peer offer, peer add",
             "no peer is paired yet");
    }
    for (struct dl_peer *peer = dl_agency_first_peer(call->agency); peer != NULL;
         peer = dl_peer_next(peer)) {
        look_at_line(&d, peer);
    }
    enum dl_err err =
        dl_store_run(dl_line_db_store(dl_agency_line_db(call->agency)),
                     "SELECT id FROM kept_out ORDER BY time", NULL, 0, tell_kept_out, &kept_out);
    if (err != DL_OK) {
        TELL(&d, "line.db", true, "%s",
             "run `journal check`; restore a backup when it cannot be mended", dl_err_text(err));
    }
    finish(&d);
}
