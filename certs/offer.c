#include "certs/offer.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static void put_hex(struct dl_buf *out, const char *key, const void *p, size_t n)
{
    char hex[2 * 64 + 1];
    DL_ASSERT(n <= 64, "a key is short");
    dl_hex_encode(dl_view_of(p, n), hex);
    dl_buf_printf(out, ",\"%s\":\"%s\"", key, hex);
}

void dl_offer_encode(const struct dl_offer *offer, struct dl_buf *out)
{
    dl_buf_put_str(out, "{\"addresses\":[");
    for (size_t i = 0; i < offer->n_addresses; i++) {
        dl_buf_put_str(out, i > 0 ? "," : "");
        dl_json_put_str(out, offer->addresses[i]);
    }
    dl_buf_printf(out, "],\"agency\":\"%s\",\"ca\":\"", offer->agency);
    dl_base64_encode(out, dl_view_of(offer->ca, offer->ca_n));
    dl_buf_put_str(out, "\"");
    put_hex(out, "journal_key", offer->journal_key.b, sizeof offer->journal_key.b);
    dl_buf_printf(out, ",\"jurisdiction\":\"%s\",\"name\":", offer->jurisdiction);
    dl_json_put_str(out, offer->name);
    put_hex(out, "receipt_key", offer->receipt_key.b, sizeof offer->receipt_key.b);
    put_hex(out, "tls_pin", offer->tls_pin.b, sizeof offer->tls_pin.b);
    dl_buf_put_str(out, ",\"v\":1}");
}

static enum dl_err bad(struct dl_error *error, const char *field)
{
    dl_error_set(error, DL_E_OFFER, field, "the offer's %s is missing or not valid", field);
    dl_error_hint(error, "ask the peer for its offer again: directline -C DIR peer offer");
    return DL_E_OFFER;
}

static bool take_key(const json_t *json, const char *key, uint8_t *out)
{
    return dl_hex_decode(dl_json_text(json, key), out, 32) == DL_OK;
}

static bool take_text(const json_t *json, const char *key, char *out, size_t size)
{
    struct dl_view text = dl_json_text(json, key);
    if (text.n == 0 || text.n >= size || dl_text_check(text, DL_TEXT_NAME, NULL) != DL_OK) {
        return false;
    }
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return true;
}

/* HOST:PORT, to be dialled: no blanks, a port of 1 to 65535. */
static bool is_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    uint64_t port = 0;
    return strlen(text) <= DL_LIMIT_ADDRESS && colon != NULL && colon > text &&
           strchr(text, ' ') == NULL &&
           dl_text_check(dl_view_str(text), DL_TEXT_NAME, NULL) == DL_OK &&
           dl_decimal_decode(dl_view_str(colon + 1), UINT16_MAX, &port) == DL_OK && port > 0;
}

static bool is_jurisdiction(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2 && text[2] == '\0';
}

static bool take_addresses(const json_t *list, struct dl_offer *out)
{
    if (!json_is_array(list) || json_array_size(list) > DL_LIMIT_ADDRESSES) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL || !is_address(text)) {
            return false;
        }
        snprintf(out->addresses[out->n_addresses++], sizeof out->addresses[0], "%s", text);
    }
    return true;
}

static bool take_ca(const json_t *json, struct dl_offer *out)
{
    struct dl_buf der;
    dl_buf_init(&der, sizeof out->ca);
    bool ok = dl_base64_decode(&der, dl_json_text(json, "ca")) == DL_OK && der.n > 0;
    if (ok) {
        memcpy(out->ca, der.p, der.n);
        out->ca_n = der.n;
    }
    dl_buf_fini(&der);
    return ok;
}

static enum dl_err take_fields(const json_t *json, struct dl_offer *out, struct dl_error *error)
{
    json_t *version = json_object_get(json, "v");
    if (!json_is_integer(version) || json_integer_value(version) != 1) {
        return bad(error, "v");
    }
    if (!take_text(json, "agency", out->agency, sizeof out->agency) ||
        !dl_text_is_agency(dl_view_str(out->agency))) {
        return bad(error, "agency");
    }
    if (!take_text(json, "jurisdiction", out->jurisdiction, sizeof out->jurisdiction) ||
        !is_jurisdiction(out->jurisdiction)) {
        return bad(error, "jurisdiction");
    }
    if (!take_text(json, "name", out->name, sizeof out->name) ||
        dl_text_length(dl_view_str(out->name)) > DL_LIMIT_STRING) {
        return bad(error, "name");
    }
    if (!take_key(json, "journal_key", out->journal_key.b)) {
        return bad(error, "journal_key");
    }
    if (!take_key(json, "receipt_key", out->receipt_key.b) ||
        memcmp(&out->receipt_key, &out->journal_key, sizeof out->receipt_key) == 0) {
        return bad(error, "receipt_key"); // one key a role
    }
    if (!take_key(json, "tls_pin", out->tls_pin.b)) {
        return bad(error, "tls_pin");
    }
    if (!take_ca(json, out)) {
        return bad(error, "ca");
    }
    return take_addresses(json_object_get(json, "addresses"), out) ? DL_OK
                                                                   : bad(error, "addresses");
}

enum dl_err dl_offer_decode(struct dl_view octets, struct dl_offer *out, struct dl_error *error)
{
    struct dl_offer offer = {.n_addresses = 0};
    json_t *json = NULL;
    struct dl_buf again;
    if (octets.n > DL_LIMIT_OFFER) {
        return dl_error_set(error, DL_E_OFFER, NULL, "an offer has at most %d octets",
                            DL_LIMIT_OFFER);
    }
    if (dl_json_parse(octets, &json, error) != DL_OK) {
        return dl_error_set(error, DL_E_OFFER, NULL, "this is not an offer: it is not JSON");
    }
    dl_buf_init(&again, 2 * (size_t)DL_LIMIT_OFFER);
    enum dl_err err = take_fields(json, &offer, error);
    if (err == DL_OK) {
        dl_offer_encode(&offer, &again);
        if (!dl_view_equal(dl_buf_view(&again), octets)) {
            err = dl_error_set(error, DL_E_OFFER, NULL,
                               "the offer is not in its exact form; it was changed on its way");
        }
    }
    if (err == DL_OK) {
        *out = offer;
    }
    json_decref(json);
    dl_buf_fini(&again);
    return err;
}

struct dl_hash dl_offer_fingerprint(struct dl_view octets)
{
    return dl_sha256(octets);
}

enum dl_err dl_fingerprint_parse(const char *text, struct dl_hash *out)
{
    char digits[65];
    size_t n = 0;
    for (; *text != '\0'; text++) {
        if (strchr(" :-\t\n", *text) != NULL) {
            continue;
        }
        if (n == 64) {
            return DL_E_INPUT;
        }
        digits[n++] = *text;
    }
    return dl_hex_decode(dl_view_of(digits, n), out->b, sizeof out->b);
}

void dl_fingerprint_group(const struct dl_hash *fingerprint, char out[DL_FINGERPRINT_TEXT])
{
    char hex[65];
    dl_hex_encode(dl_view_of(fingerprint->b, sizeof fingerprint->b), hex);
    size_t n = 0;
    for (size_t i = 0; i < 64; i++) {
        if (i > 0 && i % 4 == 0) {
            out[n++] = ' ';
        }
        out[n++] = hex[i];
    }
    out[n] = '\0';
}
