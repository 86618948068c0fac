/* backup, restore, journal check: keeping what was stored. */
#include "base/json.h"
#include "node/agency_dir.h"
#include "node/scrubbing.h"
#include "node/telling.h"
#include "registry/backup.h"
#include "registry/import.h"
#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

enum { SLICE = 2000, PROGRESS_FROM = 20000 };

void dl__verb_backup(struct dl_call *call);
void dl__verb_backup(struct dl_call *call)
{
    struct dl_error error;
    struct dl_registry *registry = NULL;
    const char *file = dl_call_operand(call, 0);
    enum dl_err err = dl_agency_turn(call->agency); // what the turn wrote belongs to the backup
    err = err == DL_OK ? dl_agency_registry(call->agency, &registry, &error)
                       : dl_error_set(&error, err, NULL, "the store failed");
    if (err == DL_OK) {
        err = dl_import_none_runs(dl_registry_store(registry), &error);
    }
    if (err == DL_OK) {
        struct dl_backup_source source = {.dir = dl_agency_dir_of(call->agency),
                                          .agency = dl_agency_id(call->agency),
                                          .line = dl_agency_line_db(call->agency),
                                          .registry = dl_registry_store(registry),
                                          .now_ms = dl_call_now(call)};
        err = dl_backup_write(&source, file, &error);
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    if (call->json) {
        dl_call_print(call, "{\"backup\":\"%s\",\"agency\":\"%s\"}\n", file,
                      dl_agency_id(call->agency));
    } else {
        dl_call_print(
            call,
            DL_SAY(call,
                   "Everything of %s is in %s, its keys included: keep the file as you keep keys.\n"
                   "What was signed last (head/) is left out on purpose; do not copy it beside.\n",
                   "%s 的全部内容（含密钥）已写入 %s，请按密钥保管。\n"
                   "最近签名记录（head/）按设计不在备份内，请勿另行复制。\n"),
            dl_agency_id(call->agency), file);
    }
    dl_call_end(call, DL_EXIT_OK);
}

void dl__verb_restore(struct dl_call *call);
void dl__verb_restore(struct dl_call *call)
{
    struct dl_error error;
    const char *dir = dl_call_operand(call, 1);
    if (dl_backup_restore(dl_call_operand(call, 0), dir, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    if (call->json) {
        dl_call_print(call, "{\"restored\":\"%s\"}\n", dir);
    } else {
        dl_call_print(
            call,
            DL_SAY(call,
                   "Restored into %s. Start the node: what was signed since the backup is fetched "
                   "back "
                   "from the peers before anything new is signed.\n",
                   "已恢复到 %s。启动节点后，备份之后签署的内容会先从对方取回，再签署新内容。\n"),
            dir);
    }
    dl_call_end(call, DL_EXIT_OK);
}

/* ---- journal check ---- */

struct checking {
    struct dl_call *call;
    struct dl_scrubbing *scrubbing;
    char peer[DL_LIMIT_AGENCY_ID + 1]; /* the present one */
    bool all, theirs;                  /* go on to the next peer; the present side */
    bool repair;
    struct dl_buf out;
    uint64_t entries, faults, mended;
};

static void free_checking(void *state)
{
    struct checking *c = state;
    struct dl_peer *peer = dl_agency_peer(c->call->agency, c->peer);
    if (peer != NULL) {
        dl_peer_forget_repair(peer, c);
    }
    dl_scrubbing_free(&c->scrubbing);
    dl_buf_fini(&c->out);
    free(c);
}

static void tell_fault(void *context, const struct dl_scrub_fault *fault)
{
    static const char *const names[] = {"entry", "tile", "checkpoint", "receipt", "id", "tail"};
    struct checking *c = context;
    c->faults++;
    c->mended += fault->mended;
    if (c->call->json) {
        dl_buf_printf(&c->out, "{\"peer\":\"%s\",\"journal\":\"%s\",\"what\":\"%s\",\"index\":%llu",
                      c->peer, c->theirs ? "theirs" : "ours", names[fault->what],
                      (unsigned long long)fault->index);
        dl_put_member(&c->out, "text", fault->text);
        dl_buf_printf(&c->out, ",\"mended\":%s}\n", fault->mended ? "true" : "false");
    } else {
        dl_buf_printf(&c->out, "%s, %s: %s %llu: %s%s\n", c->peer, c->theirs ? "theirs" : "ours",
                      names[fault->what], (unsigned long long)fault->index, fault->text,
                      fault->mended ? " (mended)" : "");
    }
    if (fault->what == DL_SCRUB_ENTRY && !fault->mended) {
        dl_scrubbing_want(c->scrubbing, fault->index);
    }
}

static void end_check(struct dl_call *call)
{
    struct checking *c = call->state;
    uint64_t left = c->faults - c->mended;
    if (call->json) {
        dl_buf_printf(&c->out, "{\"entries\":%llu,\"faults\":%llu,\"mended\":%llu}\n",
                      (unsigned long long)c->entries, (unsigned long long)c->faults,
                      (unsigned long long)c->mended);
    } else {
        dl_buf_printf(&c->out,
                      DL_SAY(call, "%llu entries reread; %llu faults, %llu mended.\n",
                             "已重读 %llu 条；%llu 处损坏，已修复 %llu 处。\n"),
                      (unsigned long long)c->entries, (unsigned long long)c->faults,
                      (unsigned long long)c->mended);
        if (left > 0) {
            dl_buf_put_str(
                &c->out,
                DL_SAY(call, "  -> journal check --repair fetches damaged entries from the peer\n",
                       "  -> journal check --repair 可从对方取回损坏的条目\n"));
        }
    }
    dl_call_put_buf(call, &c->out);
    dl_call_end(call, left == 0 ? DL_EXIT_OK : DL_EXIT_NO);
}

static void check_step(struct dl_call *call);

static void set_peer(struct checking *c, const struct dl_peer *peer)
{
    struct dl_peer_view view = {.agency = ""};
    if (peer != NULL) {
        dl_peer_look(peer, &view);
    }
    snprintf(c->peer, sizeof c->peer, "%s", view.agency);
}

static bool next_log(struct checking *c)
{
    if (!c->theirs) {
        c->theirs = true;
        return true;
    }
    c->theirs = false;
    set_peer(c, c->all ? dl_peer_next(dl_agency_peer(c->call->agency, c->peer)) : NULL);
    return c->peer[0] != '\0';
}

static void next(struct dl_call *call)
{
    struct checking *c = call->state;
    dl_scrubbing_free(&c->scrubbing);
    if (next_log(c)) {
        dl_call_steps(call, check_step);
    } else {
        end_check(call);
    }
}

/* A damaged entry was mended from the peer's copy, or not. */
static void repaired(void *context, const struct dl_update_batch *batch)
{
    struct checking *c = context;
    for (size_t i = 0; i < batch->n; i++) {
        c->mended += dl_scrubbing_mend(c->scrubbing, batch->first + i, &batch->entries[i]) == DL_OK;
    }
    dl_call_steps(c->call, check_step); // the next wanted entry
}

static void check_step(struct dl_call *call)
{
    struct checking *c = call->state;
    struct dl_error error;
    bool done = false;
    enum dl_err err = DL_OK;
    if (c->scrubbing == NULL) {
        c->scrubbing = dl_scrubbing_new(&(struct dl_scrubbing_config){.agency = call->agency,
                                                                      .peer = c->peer,
                                                                      .theirs = c->theirs,
                                                                      .mend = c->repair,
                                                                      .fault = tell_fault,
                                                                      .context = c});
    }
    if (!dl_scrubbing_done(c->scrubbing)) {
        err = dl_scrubbing_step(c->scrubbing, SLICE, &done);
        c->entries += dl_scrubbing_read(c->scrubbing);
    }
    if (err != DL_OK) {
        dl_error_set(&error, err, NULL, "the journal cannot be read");
        dl_call_fail(call, &error);
        return;
    }
    if (call->progress && c->entries >= PROGRESS_FROM) {
        dl_call_warn(call, "\r%llu", (unsigned long long)c->entries);
    }
    uint64_t index = 0;
    if (dl_scrubbing_done(c->scrubbing) && c->repair &&
        dl_scrubbing_next_wanted(c->scrubbing, &index)) {
        dl_call_steps(call, NULL);
        err = dl_peer_repair(dl_agency_peer(call->agency, c->peer),
                             c->theirs ? DL_SIDE_THEIRS : DL_SIDE_OURS, index, index + 1, repaired,
                             c);
        if (err != DL_OK) {
            dl_error_set(&error, err, NULL,
                         "the peer's copy cannot be asked for: the link is down");
            dl_error_hint(
                &error,
                "what was found is listed above; repair again when `line` says that it is up");
            dl_call_put_buf(call, &c->out);
            dl_call_fail(call, &error);
        }
    } else if (dl_scrubbing_done(c->scrubbing)) {
        next(call);
    }
}

void dl__verb_journal_check(struct dl_call *call);
void dl__verb_journal_check(struct dl_call *call)
{
    const char *only = dl_call_operand(call, 0);
    struct dl_peer *peer =
        only != NULL ? dl_call_peer(call, only) : dl_agency_first_peer(call->agency);
    if (only != NULL && peer == NULL) {
        return;
    }
    struct checking *c = calloc(1, sizeof *c);
    DL_ASSERT(c != NULL, "memory for a call");
    c->call = call;
    set_peer(c, peer);
    c->all = only == NULL;
    c->repair = dl_call_flag(call, "repair");
    dl_buf_init(&c->out, (size_t)16 * 1024 * 1024);
    call->state = c;
    call->state_free = free_checking;
    if (c->repair && !dl_agency_is_running(call->agency)) {
        struct dl_error error;
        dl_error_set(&error, DL_E_NODE_DOWN, NULL,
                     "--repair needs the running node: it asks the peer");
        dl_error_hint(&error, "start it: directline -C DIR node");
        dl_call_fail(call, &error);
    } else if (peer == NULL) {
        end_check(call);
    } else {
        dl_call_steps(call, check_step);
    }
}
