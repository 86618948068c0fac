/* What every entry must be before it is kept: of this line's marking (I8), and with the content
 * that its leaf commits to (I6). */
#include "protocol/session_internal.h"

#include "base/encoding.h"
#include "base/json.h"

#include <string.h>

static struct dl_hash commitment_of(const struct dl_entry_octets *entry)
{
    static const char purpose[] = "directline/content/1"; /* its NUL is part of it */
    struct dl_view parts[] = {dl_view_of(purpose, sizeof purpose), entry->salt, entry->content};
    return dl_sha256_parts(parts, 3);
}

static enum dl_err check_leaf(const struct dl_session *s, const json_t *leaf,
                              const struct dl_entry_octets *entry)
{
    struct dl_hash said;
    struct dl_hash is = commitment_of(entry);
    if (!dl_view_is(dl_json_text(leaf, "marking"), s->marking)) {
        return DL_E_MARKING;
    }
    if (dl_hex_decode(dl_json_text(leaf, "commitment"), said.b, sizeof said.b) != DL_OK ||
        !dl_hash_equal(&said, &is)) {
        return DL_E_COMMITMENT;
    }
    return DL_OK;
}

static bool is_renewal(const json_t *leaf, struct dl_view content)
{
    json_t *state = NULL;
    if (!dl_view_is(dl_json_text(leaf, "kind"), "line-state") ||
        dl_json_parse(content, &state, NULL) != DL_OK) {
        return false;
    }
    bool renewed = dl_view_is(dl_json_text(state, "to"), "renewed");
    json_decref(state);
    return renewed;
}

bool dl__entry_valid(struct dl_session *s, const struct dl_msg_entry *msg)
{
    json_t *leaf = NULL;
    struct dl_error error = {.err = DL_OK};
    enum dl_err err = dl_json_parse(msg->entry.leaf, &leaf, &error);
    if (err == DL_OK) {
        err = check_leaf(s, leaf, &msg->entry);
    }
    if (err == DL_OK && msg->index == 0) {
        s->batch->renewed = is_renewal(leaf, msg->entry.content);
    }
    json_decref(leaf);
    if (err != DL_OK) {
        dl__session_close(s, err, "entry %llu: %s", (unsigned long long)msg->index,
                          dl_err_text(err));
    }
    return err == DL_OK;
}
