/* The first octet chooses a kind, the rest is a content. What an author's side takes, the
 * receiver's side takes too; what is taken can be shown; what is refused says why. */
#include "protocol/alert_text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dl_view refs[1] = {{(const uint8_t *)"cn/a-0", 6}};

static void both_sides(enum dl_kind kind, const json_t *content)
{
    struct dl_buf leaf;
    struct dl_buf octets;
    struct dl_buf shown;
    struct dl_leaf decoded;
    struct dl_error error = {.err = DL_OK};
    struct dl_entry_draft draft = {.kind = kind,
                                   .marking = DL_MARKING_ACTUAL,
                                   .id = dl_view_str("a-1"),
                                   .refs = refs,
                                   .n_refs = (dl_kind_flags(kind) & DL_REFS_ONE) != 0,
                                   .content = content};
    dl_buf_init(&leaf, DL_LIMIT_LEAF);
    dl_buf_init(&octets, DL_LIMIT_CONTENT);
    dl_buf_init(&shown, 64 * 1024 * 1024);
    if (dl_entry_make(&draft, &leaf, &octets, &error) == DL_OK) {
        struct dl_entry_octets entry = {
            dl_buf_view(&leaf), dl_view_of(draft.salt, sizeof draft.salt), dl_buf_view(&octets)};
        enum dl_err err = dl_entry_check(&entry, &decoded, NULL, &error);
        DL_ASSERT(err == DL_OK, "what an author makes, a receiver takes");
        struct dl_aloud what = {dl_view_str("cn"), &decoded, content, dl_buf_view(&octets)};
        dl_content_show(&shown, content, false);
        dl_entry_read_aloud(&shown, &what, true);
        DL_ASSERT(dl_buf_err(&shown) == DL_OK && memchr(shown.p, 27, shown.n) == NULL,
                  "no control reaches a terminal");
    } else {
        DL_ASSERT(error.message[0] != '\0', "a refusal says why");
    }
    dl_buf_fini(&leaf);
    dl_buf_fini(&octets);
    dl_buf_fini(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *content = NULL;
    if (size == 0 || dl_json_parse(dl_view_of(data + 1, size - 1), &content, NULL) != DL_OK) {
        return 0;
    }
    enum dl_kind kind = (enum dl_kind)(data[0] % DL_KIND_COUNT);
    if (kind == DL_KIND_UNKNOWN) {
        struct dl_buf shown;
        dl_buf_init(&shown, 64 * 1024 * 1024);
        enum dl_err err = dl_kind_check(kind, content, NULL);
        if (err == DL_OK) {
            dl_content_show(&shown, content, true);
            DL_ASSERT(dl_buf_err(&shown) == DL_OK, "what is taken can be shown");
        }
        dl_buf_fini(&shown);
    } else {
        both_sides(kind, content);
    }
    json_decref(content);
    return 0;
}
