/* peer offer, add, list, show, remove: the pairing ceremony, from the operator's side. */
#include "base/encoding.h"
#include "base/json.h"
#include "node/telling.h"
#include "protocol/note.h"

#include <stdlib.h>
#include <string.h>

enum { OUT = 256 * 1024 };

void dl__verb_peer_offer(struct dl_call *call);
void dl__verb_peer_offer(struct dl_call *call)
{
    char hex[65];
    char grouped[DL_FINGERPRINT_TEXT];
    struct dl_buf offer;
    struct dl_buf out;
    dl_buf_init(&offer, DL_LIMIT_OFFER);
    dl_buf_init(&out, OUT);
    dl_agency_offer(call->agency, &offer);
    struct dl_hash fingerprint = dl_offer_fingerprint(dl_buf_view(&offer));
    dl_hex_encode(dl_view_of(fingerprint.b, sizeof fingerprint.b), hex);
    dl_fingerprint_group(&fingerprint, grouped);
    if (call->json) {
        dl_buf_put_str(&out, "{\"offer\":");
        dl_json_put_string(&out, dl_buf_view(&offer));
        dl_buf_printf(&out, ",\"fingerprint\":\"%s\"}\n", hex);
        dl_call_put_buf(call, &out);
    } else {
        dl_call_put(call, dl_buf_view(&offer));
        dl_call_warn(
            call, "%s\n%s\n",
            DL_SAY(call,
                   "Read this fingerprint to the peer by telephone, and type in the one it reads "
                   "to you:",
                   "请在电话中向对方宣读此指纹，并输入对方宣读的指纹："),
            grouped);
    }
    dl_buf_fini(&offer);
    dl_buf_fini(&out);
    dl_call_end(call, DL_EXIT_OK);
}

/* ---- add ---- */

static enum dl_err check_fingerprint(struct dl_call *call, struct dl_view offer,
                                     struct dl_error *error)
{
    const char *said = dl_call_option(call, "fingerprint");
    struct dl_hash expected;
    struct dl_hash is = dl_offer_fingerprint(offer);
    char grouped[DL_FINGERPRINT_TEXT];
    if (said == NULL) {
        dl_error_set(error, DL_E_USAGE, NULL, "peer add needs --fingerprint");
        return dl_error_hint(
            error, "ask the peer to read it to you; do not take it from where the file came");
    }
    if (dl_fingerprint_parse(said, &expected) != DL_OK) {
        dl_error_set(error, DL_E_INPUT, NULL, "--fingerprint is not 64 hex digits");
        return dl_error_hint(error, "blanks, colons and upper case are fine");
    }
    if (dl_hash_equal(&expected, &is)) {
        return DL_OK;
    }
    dl_fingerprint_group(&is, grouped);
    dl_error_set(error, DL_E_FINGERPRINT, NULL,
                 "the file's fingerprint is %s, not the one given; nothing was stored", grouped);
    return dl_error_hint(
        error, "the file was changed on its way, is another peer's, or was misread: get it "
               "again, exact to the octet");
}

static void say_added(struct dl_call *call, const struct dl_offer *offer, bool known,
                      const char *const *changed, size_t n)
{
    struct dl_buf list;
    dl_buf_init(&list, 256);
    for (size_t i = 0; i < n; i++) {
        dl_buf_printf(&list, call->json ? "%s\"%s\"" : "%s%s",
                      i == 0       ? ""
                      : call->json ? ","
                                   : ", ",
                      changed[i]);
    }
    if (call->json) {
        dl_call_print(call, "{\"peer\":\"%s\",\"added\":true,\"again\":%s,\"changed\":[%.*s]}\n",
                      offer->agency, known ? "true" : "false", DL_VIEW_ARG(dl_buf_view(&list)));
    } else if (!known) {
        dl_call_print(call,
                      DL_SAY(call, "Paired with %s (%s). It must add our offer too.\n",
                             "已与 %s（%s）配对。对方也须添加我方邀约。\n"),
                      offer->agency, offer->name);
    } else if (n == 0) {
        dl_call_print(call,
                      DL_SAY(call, "Paired again with %s (%s). Its keys are as they were.\n",
                             "已与 %s（%s）重新配对，其密钥未变。\n"),
                      offer->agency, offer->name);
    } else {
        dl_call_print(call,
                      DL_SAY(call,
                             "Paired again with %s (%s). Changed keys: %.*s. Its journals were "
                             "kept; what it signed before verifies with its earlier keys.\n",
                             "已与 %s（%s）重新配对。已更换的密钥：%.*s。"
                             "原有日志保留；此前签名的内容以旧密钥核验。\n"),
                      offer->agency, offer->name, DL_VIEW_ARG(dl_buf_view(&list)));
    }
    dl_buf_fini(&list);
}

static void add(struct dl_call *call, struct dl_view offer)
{
    struct dl_error error;
    struct dl_offer decoded;
    const char *addresses[DL_LIMIT_ADDRESSES];
    size_t n = 0;
    enum dl_err err = check_fingerprint(call, offer, &error);
    for (const char *value = NULL; err == DL_OK; n++) {
        value = dl_call_option_nth(call, "address", (int)n);
        if (value == NULL) {
            break;
        }
        if (n == DL_LIMIT_ADDRESSES || !dl_config_is_address(dl_view_str(value))) {
            err = dl_error_set(&error, DL_E_USAGE, NULL, "\"%.80s\" is not HOST:PORT, or too many",
                               value);
        } else {
            addresses[n] = value;
        }
    }
    err = err == DL_OK ? dl_offer_decode(offer, &decoded, &error) : err;
    const char *changed[DL_OFFER_KEYS];
    size_t n_changed = 0;
    const struct dl_peer *before =
        err == DL_OK ? dl_agency_peer(call->agency, decoded.agency) : NULL;
    bool known = before != NULL;
    if (known) {
        struct dl_peer_view view;
        dl_peer_look(before, &view);
        n_changed = dl_offer_changes(view.offer, &decoded, changed);
    }
    err = err == DL_OK ? dl_agency_add_peer(call->agency, offer, addresses, n, &error) : err;
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    say_added(call, &decoded, known, changed, n_changed);
    dl_call_end(call, DL_EXIT_OK);
}

void dl__verb_peer_add(struct dl_call *call);
void dl__verb_peer_add(struct dl_call *call)
{
    dl_call_gather(call, DL_LIMIT_OFFER, add);
}

/* ---- list, show ---- */

static void put_vkey(struct dl_buf *out, const char *key, struct dl_view name,
                     enum dl_key_type type, const struct dl_public_key *public_key)
{
    struct dl_vkey vkey;
    dl_buf_printf(out, ",\"%s\":\"", key);
    if (dl_vkey_make(name, (uint8_t)type, public_key, &vkey) == DL_OK) {
        dl_vkey_format(&vkey, out);
    }
    dl_buf_u8(out, '"');
}

static void put_peer_json(struct dl_call *call, const struct dl_peer *peer, struct dl_buf *out)
{
    struct dl_peer_view view;
    char hex[65];
    char receipt[DL_LIMIT_AGENCY_ID + 32];
    dl_peer_look(peer, &view);
    struct dl_hash fingerprint = dl_offer_fingerprint(view.offer_octets);
    dl_hex_encode(dl_view_of(fingerprint.b, sizeof fingerprint.b), hex);
    dl_buf_printf(out, "{\"peer\":\"%s\",\"name\":", view.agency);
    dl_json_put_str(out, view.offer->name);
    dl_put_member(out, "jurisdiction", view.offer->jurisdiction);
    dl_put_member(out, "state", view.state);
    dl_put_member(out, "link", view.link);
    dl_put_member(out, "fingerprint", hex);
    const char *origin = dl_log_origin(dl_replica_log(dl_peer_replica(peer)));
    put_vkey(out, "journal_key", dl_view_str(origin), DL_KEY_ED25519, &view.offer->journal_key);
    snprintf(receipt, sizeof receipt, "directline/%s/receipt", view.agency);
    put_vkey(out, "receipt_key", dl_view_str(receipt), DL_KEY_COSIGNATURE,
             &view.offer->receipt_key);
    dl_hex_encode(dl_view_of(view.offer->tls_pin.b, sizeof view.offer->tls_pin.b), hex);
    dl_put_member(out, "tls_pin", hex);
    dl_buf_put_str(out, ",\"addresses\":[");
    for (size_t i = 0; i < view.n_addresses; i++) {
        dl_buf_put_str(out, i > 0 ? "," : "");
        dl_json_put_str(out, view.addresses[i]);
    }
    dl_buf_put_str(out, "]");
    dl_put_member_time(out, "added", view.added);
    dl_put_member_time(out, "repaired", view.repaired);
    dl_put_member_time(out, "certificate_until", view.certificate_until);
    dl_buf_put_str(out, "}\n");
    (void)call;
}

void dl__verb_peer_list(struct dl_call *call);
void dl__verb_peer_list(struct dl_call *call)
{
    struct dl_buf out;
    dl_buf_init(&out, (size_t)64 * OUT);
    const struct dl_peer *peer = dl_agency_first_peer(call->agency);
    if (peer == NULL && !call->json) {
        dl_buf_put_str(
            &out,
            DL_SAY(call,
                   "No peer yet. Add one: directline -C DIR peer add OFFER --fingerprint HEX\n",
                   "尚无对方。添加：directline -C DIR peer add 邀约 --fingerprint HEX\n"));
    }
    for (; peer != NULL; peer = dl_peer_next(peer)) {
        struct dl_peer_view view;
        dl_peer_look(peer, &view);
        if (call->json) {
            put_peer_json(call, peer, &out);
            continue;
        }
        dl_buf_printf(&out, "%-12s %-3s %-10s %-6s ", view.agency, view.offer->jurisdiction,
                      view.state, view.link);
        dl_put_shown(&out, dl_view_str(view.offer->name));
        dl_buf_put_str(&out, "\n");
    }
    dl_call_put_buf(call, &out);
    dl_buf_fini(&out);
    dl_call_end(call, DL_EXIT_OK);
}

void dl__verb_peer_show(struct dl_call *call);
void dl__verb_peer_show(struct dl_call *call)
{
    struct dl_buf out;
    struct dl_peer *peer = dl_call_peer(call, dl_call_operand(call, 0));
    if (peer == NULL) {
        return;
    }
    dl_buf_init(&out, OUT);
    put_peer_json(call, peer, &out);
    if (!call->json) { // the same facts, one a line
        json_t *facts = NULL;
        if (dl_json_parse(dl_buf_view(&out), &facts, NULL) == DL_OK) {
            const char *key = NULL;
            json_t *value = NULL;
            dl_buf_reset(&out);
            json_object_foreach(facts, key, value)
            {
                dl_buf_printf(&out, "%-18s ", key);
                for (size_t i = 0; i < json_array_size(value); i++) {
                    dl_buf_printf(&out, "%s%s", i > 0 ? ", " : "",
                                  json_string_value(json_array_get(value, i)));
                }
                if (json_is_string(value)) {
                    dl_put_shown(&out, dl_view_str(json_string_value(value)));
                }
                dl_buf_put_str(&out, json_is_null(value) ? "-\n" : "\n");
            }
            json_decref(facts);
        }
    }
    dl_call_put_buf(call, &out);
    dl_buf_fini(&out);
    dl_call_end(call, DL_EXIT_OK);
}

void dl__verb_peer_remove(struct dl_call *call);
void dl__verb_peer_remove(struct dl_call *call)
{
    struct dl_error error;
    const char *reason = NULL;
    struct dl_peer *peer = dl_call_peer(call, dl_call_operand(call, 0));
    if (peer == NULL) {
        return;
    }
    enum dl_err err = dl_call_reason(call, &reason, &error);
    if (err == DL_OK) {
        struct dl_peer_view view;
        dl_peer_look(peer, &view);
        if (strcmp(view.state, "removed") == 0) {
            err = dl_error_set(&error, DL_E_REMOVED, NULL, "the peer %s is removed already",
                               view.agency);
        } else {
            err = dl_peer_remove(peer, reason);
            err = err == DL_OK ? DL_OK
                               : dl_error_set(&error, err, NULL, "the removal could not be stored");
        }
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    if (call->json) {
        dl_call_print(call, "{\"peer\":\"%s\",\"removed\":true}\n", dl_call_operand(call, 0));
    } else {
        dl_call_print(call,
                      DL_SAY(call, "The pairing with %s is ended; what was shared stays listed.\n",
                             "与 %s 的配对已终止；已共享的内容仍然列出。\n"),
                      dl_call_operand(call, 0));
    }
    dl_call_end(call, DL_EXIT_OK);
}
