/* Entries for the tests of the session. */
#ifndef DL_TESTS_SESSION_LEAF_H
#define DL_TESTS_SESSION_LEAF_H

#include "base/encoding.h"
#include "protocol/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct leaf_octets {
    struct dl_buf leaf, content;
    uint8_t salt[32];
};

/* An entry whose leaf commits to its content. NULL for `content`: a message of that number. */
static inline void make_entry(struct leaf_octets *out, const char *id, const char *kind,
                              const char *content)
{
    static const char purpose[] = "directline/content/1";
    char hex[65];
    dl_buf_init(&out->leaf, DL_LIMIT_LEAF);
    dl_buf_init(&out->content, DL_LIMIT_CONTENT);
    memset(out->salt, id[strlen(id) - 1], sizeof out->salt);
    dl_buf_put_str(&out->content, content);
    struct dl_view parts[] = {dl_view_of(purpose, sizeof purpose), dl_view_of(out->salt, 32),
                              dl_buf_view(&out->content)};
    struct dl_hash commitment = dl_sha256_parts(parts, 3);
    dl_hex_encode(dl_view_of(commitment.b, 32), hex);
    dl_buf_printf(&out->leaf,
                  "{\"attachments\":0,\"commitment\":\"%s\",\"id\":\"%s\",\"kind\":\"%s\","
                  "\"marking\":\"actual\",\"refs\":[],\"size\":%zu,\"subject\":[],"
                  "\"time\":\"2026-11-24T09:00:00.000Z\",\"v\":1}",
                  hex, id, kind, out->content.n);
}

static inline void make_leaf(struct leaf_octets *out, const char *agency, unsigned number)
{
    char id[64];
    char content[128];
    snprintf(id, sizeof id, "%s-%u", agency, number);
    snprintf(content, sizeof content, "{\"text\":{\"en\":\"message %u\"}}", number);
    make_entry(out, id, "message", content);
}

static inline struct dl_entry_octets leaf_entry(const struct leaf_octets *made)
{
    return (struct dl_entry_octets){dl_buf_view(&made->leaf), dl_view_of(made->salt, 32),
                                    dl_buf_view(&made->content)};
}

static inline void free_leaf(struct leaf_octets *made)
{
    dl_buf_fini(&made->leaf);
    dl_buf_fini(&made->content);
}

#endif
