#include "node/telling.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 60 * 1000 };

void dl_put_time(struct dl_buf *out, int64_t ms)
{
    char text[DL_TIME_TEXT];
    if (ms == 0) {
        dl_buf_put_str(out, "null");
        return;
    }
    dl_time_encode(ms, text);
    dl_buf_printf(out, "\"%s\"", text);
}

void dl_put_member(struct dl_buf *out, const char *key, const char *text)
{
    dl_buf_printf(out, ",\"%s\":", key);
    dl_json_put_str(out, text);
}

void dl_put_member_view(struct dl_buf *out, const char *key, struct dl_view text)
{
    dl_buf_printf(out, ",\"%s\":", key);
    if (text.n == 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_json_put_string(out, text);
    }
}

void dl_put_member_time(struct dl_buf *out, const char *key, int64_t ms)
{
    dl_buf_printf(out, ",\"%s\":", key);
    dl_put_time(out, ms);
}

void dl_put_member_int(struct dl_buf *out, const char *key, int64_t value)
{
    dl_buf_printf(out, ",\"%s\":%lld", key, (long long)value);
}

const char *dl_call_word(const struct dl_call *call, const char *word)
{
    static const struct {
        const char *word, *zh;
    } words[] = {{"received", "已收妥"},  {"pending", "待回执"},
                 {"held", "暂扣"},        {"queued", "排队"},
                 {"seen", "已阅"},        {"accepted", "已受理"},
                 {"acted", "已处置"},     {"active", "正常"},
                 {"suspended", "已中止"}, {"frozen", "已冻结"},
                 {"removed", "已解除"},   {"up", "通"},
                 {"down", "断"},          {"never", "从未连通"},
                 {"confirmed", "已确认"}, {"unconfirmed", "未确认"},
                 {"rewound", "已回退"},   {"lost", "已丢失"},
                 {"forked", "已分叉"}};
    for (size_t i = 0; call->zh && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i].word) == 0) {
            return words[i].zh;
        }
    }
    return word;
}

void dl_put_age(struct dl_buf *out, int64_t ms, bool zh)
{
    enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
    long long minutes = ms / MINUTE;
    if (ms < MINUTE) {
        dl_buf_printf(out, zh ? "%lld 秒" : "%lld s", (long long)(ms < 0 ? 0 : ms / SECOND));
    } else if (ms < HOUR) {
        dl_buf_printf(out, zh ? "%lld 分" : "%lld min", minutes);
    } else if (ms < 2 * (int64_t)DAY) {
        dl_buf_printf(out, zh ? "%lld 小时 %lld 分" : "%lld h %lld min", minutes / 60,
                      minutes % 60);
    } else {
        dl_buf_printf(out, zh ? "%lld 天" : "%lld d", (long long)(ms / DAY));
    }
}

void dl_put_shown(struct dl_buf *out, struct dl_view text)
{
    dl_text_show(out, text, true);
}

void dl_call_put_buf(struct dl_call *call, struct dl_buf *out)
{
    dl_call_put(call, dl_buf_view(out));
    dl_buf_reset(out);
}

static void list_peers(const struct dl_agency *agency, struct dl_buf *out)
{
    for (const struct dl_peer *peer = dl_agency_first_peer(agency); peer != NULL;
         peer = dl_peer_next(peer)) {
        struct dl_peer_view view;
        dl_peer_look(peer, &view);
        dl_buf_printf(out, "%s%s", out->n > 0 ? ", " : "", view.agency);
    }
    dl_buf_u8(out, 0);
}

static enum dl_err no_peer(const struct dl_agency *agency, enum dl_err err, const char *id,
                           struct dl_error *error)
{
    struct dl_buf peers;
    dl_buf_init(&peers, (size_t)16 * 1024);
    list_peers(agency, &peers);
    if (err == DL_E_PEER_NEEDED) {
        dl_error_set(error, err, NULL, "there are several peers; say which");
        dl_error_hint(error, "--to one of: %s; or --to all", (const char *)peers.p);
    } else {
        dl_error_set(error, err, NULL,
                     id == NULL ? "no peer is paired" : "there is no peer \"%.40s\"", id);
        dl_error_hint(error, "%s%s",
                      peers.p[0] == 0 ? "pair with one: directline peer add OFFER" : "peers: ",
                      (const char *)peers.p);
    }
    dl_buf_fini(&peers);
    return err;
}

struct dl_peer *dl_call_peer(struct dl_call *call, const char *id)
{
    struct dl_peer *peer = dl_agency_peer(call->agency, id);
    if (peer == NULL) {
        struct dl_error error;
        no_peer(call->agency, DL_E_PEER_UNKNOWN, id, &error);
        dl_call_fail(call, &error);
    }
    return peer;
}

static bool is_removed(const struct dl_peer *peer)
{
    struct dl_peer_view view;
    dl_peer_look(peer, &view);
    return strcmp(view.state, "removed") == 0;
}

static void add(struct dl_targets *out, struct dl_peer *peer)
{
    for (size_t i = 0; i < out->n; i++) {
        if (out->peers[i] == peer) {
            return;
        }
    }
    if (out->n < DL_LIMIT_PEERS) {
        out->peers[out->n++] = peer;
    }
}

static void add_all(struct dl_agency *agency, struct dl_targets *out)
{
    for (struct dl_peer *peer = dl_agency_first_peer(agency); peer != NULL;
         peer = dl_peer_next(peer)) {
        if (!is_removed(peer)) {
            add(out, peer);
        }
    }
}

enum dl_err dl_targets_find(struct dl_agency *agency, const char *const *ids, size_t n,
                            struct dl_targets *out, struct dl_error *error)
{
    out->n = 0;
    if (n == 0) {
        add_all(agency, out);
        if (out->n == 1) {
            return DL_OK;
        }
        return no_peer(agency, out->n == 0 ? DL_E_PEER_UNKNOWN : DL_E_PEER_NEEDED, NULL, error);
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(ids[i], "all") == 0) {
            add_all(agency, out);
            continue;
        }
        struct dl_peer *peer = dl_agency_peer(agency, ids[i]);
        if (peer == NULL) {
            return no_peer(agency, DL_E_PEER_UNKNOWN, ids[i], error);
        }
        add(out, peer);
    }
    return out->n > 0 ? DL_OK : no_peer(agency, DL_E_PEER_UNKNOWN, NULL, error);
}

enum dl_err dl_call_targets(struct dl_call *call, struct dl_targets *out, struct dl_error *error)
{
    const char *ids[DL_LIMIT_PEERS];
    size_t n = 0;
    while (n < DL_LIMIT_PEERS && (ids[n] = dl_call_option_nth(call, "to", (int)n)) != NULL) {
        n++;
    }
    return dl_targets_find(call->agency, ids, n, out, error);
}

enum dl_err dl_call_reason(struct dl_call *call, const char **out, struct dl_error *error)
{
    const char *reason = dl_call_option(call, "reason");
    if (reason == NULL || reason[0] == '\0') {
        dl_error_set(error, DL_E_FIELD_MISSING, "reason", "a reason must be given");
        return dl_error_hint(error, "--reason TEXT; for example: %s", call->command->verb->example);
    }
    struct dl_view text = dl_view_str(reason);
    if (dl_text_length(text) > DL_LIMIT_REASON ||
        dl_text_check(text, DL_TEXT_LINE, NULL) != DL_OK) {
        return dl_error_set(error, DL_E_FIELD_LENGTH, "reason",
                            "a reason is one line of at most %d characters", DL_LIMIT_REASON);
    }
    *out = reason;
    return DL_OK;
}

bool dl_call_wait(struct dl_call *call, uint64_t *ms)
{
    const char *wait = dl_call_option(call, "wait");
    char *end = NULL;
    *ms = WAIT_MS;
    if (wait == NULL || wait[0] == '\0') {
        return true;
    }
    double seconds = strtod(wait, &end);
    if (*end != '\0' || !(seconds >= 0 && seconds <= 86400)) {
        dl_call_fail_with(call, DL_E_USAGE, "--wait=SECONDS takes a number from 0 to 86400");
        return false;
    }
    *ms = (uint64_t)(seconds * 1000);
    return true;
}
