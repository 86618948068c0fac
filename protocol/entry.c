#include "protocol/entry.h"
#include "base/encoding.h"
#include "base/identifier.h"
#include "base/text.h"

#include <string.h>

static const char *const marking_names[] = {"", "actual", "exercise", "test"};

const char *dl_marking_name(enum dl_marking marking)
{
    DL_ASSERT(marking <= DL_MARKING_TEST, "a marking is of the enum");
    return marking_names[marking];
}

enum dl_marking dl_marking_of(struct dl_view text)
{
    for (int i = DL_MARKING_ACTUAL; i <= DL_MARKING_TEST; i++) {
        if (dl_view_is(text, marking_names[i])) {
            return (enum dl_marking)i;
        }
    }
    return DL_MARKING_NONE;
}

static bool begins(struct dl_view text, const char *with)
{
    size_t n = strlen(with);
    return text.n > n && memcmp(text.p, with, n) == 0;
}

bool dl_marking_fits(enum dl_marking marking, struct dl_view origin)
{
    if (begins(origin, "directline-exercise/")) {
        return marking == DL_MARKING_EXERCISE;
    }
    return begins(origin, "directline/") &&
           (marking == DL_MARKING_ACTUAL || marking == DL_MARKING_TEST);
}

bool dl_entry_ref_split(struct dl_view ref, struct dl_view *agency, struct dl_view *id)
{
    const uint8_t *slash = ref.n == 0 ? NULL : memchr(ref.p, '/', ref.n);
    size_t n = slash == NULL ? 0 : (size_t)(slash - ref.p);
    struct dl_view left = dl_view_of(ref.p, n);
    struct dl_view right = slash == NULL ? ref : dl_view_of(slash + 1, ref.n - n - 1);
    if ((slash != NULL && !dl_text_is_agency(left)) || !dl_text_is_entry_id(right)) {
        return false;
    }
    *agency = left;
    *id = right;
    return true;
}

/* ---- the leaf ---- */

/* There is one octet string for a leaf, so decoding is matching: fixed words, and values between
 * them. */
struct reader {
    struct dl_view rest;
    bool bad;
};

static void word(struct reader *r, const char *text)
{
    size_t n = strlen(text);
    if (r->bad || r->rest.n < n || memcmp(r->rest.p, text, n) != 0) {
        r->bad = true;
        return;
    }
    r->rest = dl_view_of(r->rest.p + n, r->rest.n - n);
}

/* Octets up to `end`, which is not consumed. */
static struct dl_view until(struct reader *r, char end)
{
    const uint8_t *at = r->bad || r->rest.n == 0 ? NULL : memchr(r->rest.p, end, r->rest.n);
    if (at == NULL) {
        r->bad = true;
        return dl_view_of(NULL, 0);
    }
    struct dl_view taken = dl_view_of(r->rest.p, (size_t)(at - r->rest.p));
    r->rest = dl_view_of(at, r->rest.n - taken.n);
    return taken;
}

static void number(struct reader *r, uint64_t max, uint64_t *out)
{
    size_t n = 0;
    while (n < r->rest.n && r->rest.p[n] >= '0' && r->rest.p[n] <= '9') {
        n++;
    }
    if (r->bad || dl_decimal_decode(dl_view_of(r->rest.p, n), max, out) != DL_OK) {
        r->bad = true;
        return;
    }
    r->rest = dl_view_of(r->rest.p + n, r->rest.n - n);
}

static bool ref_ok(struct dl_view text)
{
    struct dl_view agency;
    struct dl_view id;
    return dl_entry_ref_split(text, &agency, &id) && agency.n > 0;
}

static bool inchikey_ok(struct dl_view text)
{
    return dl_inchikey_check(text) == DL_OK;
}

struct list {
    struct dl_view *items;
    size_t max;
    bool (*ok)(struct dl_view text);
};

static size_t list(struct reader *r, const struct list *of)
{
    size_t n = 0;
    while (!r->bad && (r->rest.n == 0 || r->rest.p[0] != ']')) {
        word(r, n == 0 ? "\"" : ",\"");
        struct dl_view item = until(r, '"');
        word(r, "\"");
        if (r->bad || n == of->max || !of->ok(item)) {
            r->bad = true;
            return 0;
        }
        of->items[n++] = item;
    }
    return n;
}

enum dl_err dl_leaf_decode(struct dl_view octets, struct dl_leaf *out)
{
    if (octets.n > DL_LIMIT_LEAF) {
        return DL_E_TOO_LARGE;
    }
    struct reader r = {.rest = octets};
    word(&r, "{\"attachments\":");
    number(&r, DL_LIMIT_LIST, &out->attachments);
    word(&r, ",\"commitment\":\"");
    struct dl_view commitment = until(&r, '"');
    word(&r, "\",\"id\":\"");
    out->id = until(&r, '"');
    word(&r, "\",\"kind\":\"");
    out->kind_name = until(&r, '"');
    word(&r, "\",\"marking\":\"");
    struct dl_view marking = until(&r, '"');
    word(&r, "\",\"refs\":[");
    out->n_refs = list(&r, &(struct list){out->refs, DL_LIMIT_REFS, ref_ok});
    word(&r, "],\"size\":");
    number(&r, DL_LIMIT_CONTENT, &out->size);
    word(&r, ",\"subject\":[");
    out->n_subject = list(&r, &(struct list){out->subject, DL_LIMIT_SUBJECTS, inchikey_ok});
    word(&r, "],\"time\":\"");
    struct dl_view time = until(&r, '"');
    word(&r, "\",\"v\":1}");
    if (r.bad || r.rest.n != 0 || !dl_text_is_entry_id(out->id) ||
        !dl_kind_name_ok(out->kind_name) || dl_time_decode(time, &out->time_ms) != DL_OK ||
        dl_hex_decode(commitment, out->commitment.b, sizeof out->commitment.b) != DL_OK) {
        return DL_E_FRAME;
    }
    for (size_t i = 0; i < commitment.n; i++) {
        if (commitment.p[i] >= 'A' && commitment.p[i] <= 'F') {
            return DL_E_FRAME; // hashes are printed in lower case
        }
    }
    out->kind = dl_kind_of(out->kind_name);
    out->marking = dl_marking_of(marking);
    return out->marking == DL_MARKING_NONE ? DL_E_MARKING : DL_OK;
}

static void put_list(struct dl_buf *out, const struct dl_view *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        dl_buf_put(out, i > 0 ? ",\"" : "\"", i > 0 ? 2 : 1);
        dl_buf_put_view(out, items[i]);
        dl_buf_u8(out, '"');
    }
}

void dl_leaf_encode(struct dl_buf *out, const struct dl_leaf *leaf)
{
    char hex[65];
    char time[DL_TIME_TEXT];
    dl_hex_encode(dl_view_of(leaf->commitment.b, sizeof leaf->commitment.b), hex);
    dl_time_encode(leaf->time_ms, time);
    dl_buf_printf(out, "{\"attachments\":%llu,\"commitment\":\"%s\",\"id\":\"",
                  (unsigned long long)leaf->attachments, hex);
    dl_buf_put_view(out, leaf->id);
    dl_buf_put_str(out, "\",\"kind\":\"");
    dl_buf_put_view(out, leaf->kind_name);
    dl_buf_put_str(out, "\",\"marking\":\"");
    dl_buf_put_str(out, dl_marking_name(leaf->marking));
    dl_buf_put_str(out, "\",\"refs\":[");
    put_list(out, leaf->refs, leaf->n_refs);
    dl_buf_printf(out, "],\"size\":%llu,\"subject\":[", (unsigned long long)leaf->size);
    put_list(out, leaf->subject, leaf->n_subject);
    dl_buf_printf(out, "],\"time\":\"%s\",\"v\":1}", time);
}

/* ---- the whole entry ---- */

struct dl_hash dl_entry_commitment(struct dl_view salt, struct dl_view content)
{
    static const char tag[] = "directline/content/1"; /* its NUL is the 0x00 */
    DL_ASSERT(salt.n == DL_LIMIT_SALT, "a salt has 32 octets");
    struct dl_view parts[3] = {dl_view_of(tag, sizeof tag), salt, content};
    return dl_sha256_parts(parts, 3);
}

/* What the leaf's subject must be: the InChIKey that the content names. */
static struct dl_view subject_of(const json_t *content)
{
    return dl_json_text(json_object_get(content, "substance"), "inchikey");
}

static enum dl_err check_refs(enum dl_kind kind, size_t n_refs, struct dl_error *error)
{
    unsigned flags = dl_kind_flags(kind);
    bool ok = (flags & DL_REFS_ANY) != 0 || n_refs == ((flags & DL_REFS_ONE) != 0 ? 1U : 0U);
    return ok ? DL_OK
              : dl_error_set(error, DL_E_FIELD_VALUE, "refs",
                             "an entry of kind %s has %s reference", dl_kind_name(kind),
                             (flags & DL_REFS_ONE) != 0 ? "one" : "no");
}

static enum dl_err check_content(const struct dl_leaf *leaf, const json_t *content,
                                 struct dl_error *error)
{
    DL_TRY(dl_kind_check(leaf->kind, content, error));
    if (leaf->kind != DL_KIND_UNKNOWN && leaf->attachments != 0) {
        return dl_error_set(error, DL_E_FIELD_VALUE, "attachments",
                            "the leaf counts attachments, the content has none");
    }
    struct dl_view subject = subject_of(content);
    bool fits = leaf->kind == DL_KIND_UNKNOWN ||
                (leaf->n_subject == (subject.n > 0 ? 1U : 0U) &&
                 (subject.n == 0 || dl_view_equal(leaf->subject[0], subject)));
    return fits ? DL_OK
                : dl_error_set(error, DL_E_FIELD_VALUE, "subject",
                               "the leaf's subject is not the content's InChIKey");
}

enum dl_err dl_entry_check(const struct dl_entry_octets *entry, struct dl_leaf *leaf,
                           json_t **content, struct dl_error *error)
{
    enum dl_err err = dl_leaf_decode(entry->leaf, leaf);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "the leaf is not a canonical leaf of this version");
    }
    DL_TRY(check_refs(leaf->kind, leaf->n_refs, error));
    if (entry->salt.n != DL_LIMIT_SALT || entry->content.n != leaf->size) {
        return dl_error_set(error, DL_E_PROOF, "size",
                            "the content has %zu octets, the leaf says %llu", entry->content.n,
                            (unsigned long long)leaf->size);
    }
    struct dl_hash commitment = dl_entry_commitment(entry->salt, entry->content);
    if (!dl_hash_equal(&commitment, &leaf->commitment)) {
        return dl_error_set(error, DL_E_PROOF, "commitment",
                            "the content does not fit its commitment");
    }
    json_t *json = NULL;
    if (dl_json_parse_canonical(entry->content, &json) != DL_OK) {
        return dl_error_set(error, DL_E_JSON, NULL, "the content is not in its canonical form");
    }
    err = check_content(leaf, json, error);
    if (err == DL_OK && content != NULL) {
        *content = json_incref(json);
    }
    json_decref(json);
    return err;
}

static enum dl_err check_draft(const struct dl_entry_draft *draft, struct dl_error *error)
{
    DL_ASSERT(draft->kind != DL_KIND_UNKNOWN && draft->marking != DL_MARKING_NONE, "I8");
    if (!dl_text_is_entry_id(draft->id)) {
        return dl_error_set(error, DL_E_FIELD_VALUE, "id",
                            "an id has 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");
    }
    for (size_t i = 0; i < draft->n_refs; i++) {
        if (i == DL_LIMIT_REFS || !ref_ok(draft->refs[i])) {
            return dl_error_set(error, DL_E_FIELD_VALUE, "refs", "a reference is AGENCY/ID");
        }
    }
    DL_TRY(check_refs(draft->kind, draft->n_refs, error));
    return dl_kind_check(draft->kind, draft->content, error);
}

/* A builder as it was before we appended. */
static void cut_back(struct dl_buf *buf, size_t start)
{
    DL_ASSERT(start <= buf->n, "a builder is cut back, not filled up");
    buf->n = start;
    buf->err = DL_OK;
}

enum dl_err dl_entry_make(const struct dl_entry_draft *draft, struct dl_buf *leaf,
                          struct dl_buf *content, struct dl_error *error)
{
    DL_TRY(check_draft(draft, error));
    size_t start = content->n;
    enum dl_err err = dl_json_canonical(draft->content, content);
    if (err != DL_OK || content->n - start > DL_LIMIT_CONTENT) {
        cut_back(content, start);
        err = err == DL_OK ? DL_E_TOO_LARGE : err;
        return dl_error_set(error, err, NULL, "%s",
                            err == DL_E_JSON ? "the content holds a number that is not an integer"
                                             : "the content has more than 262144 octets");
    }
    struct dl_view octets = dl_view_of(content->p + start, content->n - start);
    struct dl_leaf made = {
        .id = draft->id,
        .kind_name = dl_view_str(dl_kind_name(draft->kind)),
        .kind = draft->kind,
        .marking = draft->marking,
        .time_ms = draft->time_ms,
        .n_refs = draft->n_refs,
        .commitment = dl_entry_commitment(dl_view_of(draft->salt, sizeof draft->salt), octets),
        .size = octets.n,
    };
    for (size_t i = 0; i < draft->n_refs; i++) {
        made.refs[i] = draft->refs[i];
    }
    struct dl_view subject = subject_of(draft->content);
    if (subject.n > 0) {
        made.subject[made.n_subject++] = subject;
    }
    size_t leaf_start = leaf->n;
    dl_leaf_encode(leaf, &made);
    err = dl_buf_err(leaf);
    if (err != DL_OK) {
        cut_back(leaf, leaf_start);
        cut_back(content, start);
        return dl_error_set(error, err, NULL, "there is no room for the leaf");
    }
    return DL_OK;
}

void dl_entry_id_make(int64_t now_ms, const uint8_t random[10], char out[DL_ENTRY_ID_TEXT])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32, none that look alike */
    char time[DL_TIME_TEXT];
    dl_time_encode(now_ms, time);
    size_t n = 0;
    for (const char *c = time; *c != '\0'; c++) {
        if (*c >= '0' && *c <= '9') {
            out[n++] = *c;
        } else if (*c == 'T') {
            out[n++] = '-';
        }
    }
    out[n++] = '-';
    for (size_t i = 0; i < 10; i++) {
        out[n++] = letters[random[i] & 31];
    }
    out[n] = '\0';
    DL_ASSERT(n < DL_ENTRY_ID_TEXT, "an id fits");
}
