#include "protocol/checkpoint.h"
#include "base/encoding.h"
#include "protocol/merkle.h"

#include <string.h>

/* The next line, which must not be empty; its LF is consumed. */
static bool take_line(struct dl_view *rest, struct dl_view *line)
{
    const uint8_t *end = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
    if (end == NULL || end == rest->p) {
        return false;
    }
    *line = dl_view_of(rest->p, (size_t)(end - rest->p));
    *rest = dl_view_of(end + 1, rest->n - line->n - 1);
    return true;
}

static bool take_root(struct dl_view text, struct dl_hash *out)
{
    struct dl_buf decoded;
    dl_buf_init(&decoded, 64);
    bool ok = dl_base64_decode(&decoded, text) == DL_OK && decoded.n == sizeof out->b;
    if (ok) {
        memcpy(out->b, decoded.p, sizeof out->b);
    }
    dl_buf_fini(&decoded);
    return ok;
}

enum dl_err dl_checkpoint_parse_form(struct dl_view text, struct dl_checkpoint *out)
{
    struct dl_checkpoint found = {.size = 0};
    struct dl_view rest = text;
    struct dl_view origin;
    struct dl_view size;
    struct dl_view root;
    if (!take_line(&rest, &origin) || !take_line(&rest, &size) || !take_line(&rest, &root) ||
        origin.n > DL_LIMIT_ORIGIN || memchr(origin.p, '\0', origin.n) != NULL ||
        dl_decimal_decode(size, (uint64_t)INT64_MAX, &found.size) != DL_OK ||
        !take_root(root, &found.root)) {
        return DL_E_CHECKPOINT;
    }
    memcpy(found.origin, origin.p, origin.n);
    struct dl_view extension;
    while (rest.n > 0) {
        if (!take_line(&rest, &extension)) {
            return DL_E_CHECKPOINT;
        }
        found.extended = true;
    }
    *out = found;
    return DL_OK;
}

enum dl_err dl_checkpoint_parse(struct dl_view text, struct dl_checkpoint *out)
{
    struct dl_checkpoint found;
    DL_TRY(dl_checkpoint_parse_form(text, &found));
    if (found.size == 0) { // an empty tree has one root
        struct dl_hash empty = dl_merkle_empty();
        DL_TRY(dl_hash_equal(&found.root, &empty) ? DL_OK : DL_E_CHECKPOINT);
    }
    *out = found;
    return DL_OK;
}

void dl_checkpoint_put(struct dl_buf *out, struct dl_view origin, uint64_t size,
                       const struct dl_hash *root)
{
    DL_ASSERT(origin.n > 0 && size <= (uint64_t)INT64_MAX, "a checkpoint has an origin and a size");
    dl_buf_put_view(out, origin);
    dl_buf_printf(out, "\n%llu\n", (unsigned long long)size);
    dl_base64_encode(out, dl_view_of(root->b, sizeof root->b));
    dl_buf_u8(out, '\n');
}
