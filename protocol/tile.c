#include "protocol/tile.h"
#include "base/encoding.h"
#include "protocol/merkle.h"

#include <string.h>

/* The index in groups of three digits, all but the last with an x in front. */
static void put_index(struct dl_buf *out, uint64_t index)
{
    uint64_t above = index / 1000;
    unsigned groups[7];
    size_t n = 0;
    for (; above > 0; above /= 1000) {
        groups[n++] = (unsigned)(above % 1000);
    }
    while (n > 0) {
        dl_buf_printf(out, "/x%03u", groups[--n]);
    }
    dl_buf_printf(out, "/%03u", (unsigned)(index % 1000));
}

void dl_tile_path(const struct dl_tile *tile, char out[DL_TILE_PATH])
{
    struct dl_buf path;
    DL_ASSERT(tile->width >= 1 && tile->width <= DL_TILE_WIDTH, "a tile is not empty");
    DL_ASSERT(tile->level <= DL_TILE_LEVEL_MAX, "levels end at 63");
    dl_buf_init(&path, DL_TILE_PATH);
    if (tile->entries) {
        dl_buf_put_str(&path, "tile/entries");
    } else {
        dl_buf_printf(&path, "tile/%u", tile->level);
    }
    put_index(&path, tile->index);
    if (tile->width < DL_TILE_WIDTH) {
        dl_buf_printf(&path, ".p/%u", tile->width);
    }
    dl_buf_u8(&path, '\0');
    DL_ASSERT(dl_buf_err(&path) == DL_OK, "a path is short");
    memcpy(out, path.p, path.n);
    dl_buf_fini(&path);
}

/* What stands before the next slash; the slash is consumed. */
static struct dl_view take_part(struct dl_view *rest)
{
    const uint8_t *slash = rest->n == 0 ? NULL : memchr(rest->p, '/', rest->n);
    size_t n = slash == NULL ? rest->n : (size_t)(slash - rest->p);
    struct dl_view part = dl_view_of(rest->p, n);
    *rest = dl_view_of(rest->p + n, rest->n - n);
    if (rest->n > 0) {
        *rest = dl_view_of(rest->p + 1, rest->n - 1);
    }
    return part;
}

static bool take_digits(struct dl_view part, uint64_t *index)
{
    if (part.n != 3) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        if (part.p[i] < '0' || part.p[i] > '9' ||
            *index > (DL_TREE_SIZE_MAX - (uint64_t)(part.p[i] - '0')) / 10) {
            return false;
        }
        *index = *index * 10 + (uint64_t)(part.p[i] - '0');
    }
    return true;
}

static bool take_index(struct dl_view *rest, uint64_t *index, bool *partial)
{
    for (;;) {
        struct dl_view part = take_part(rest);
        bool more = part.n > 0 && part.p[0] == 'x';
        *partial = !more && part.n == 5 && memcmp(part.p + 3, ".p", 2) == 0;
        if (more || *partial) {
            part = dl_view_of(part.p + (more ? 1 : 0), more ? part.n - 1 : 3);
        }
        if (!take_digits(part, index)) {
            return false;
        }
        if (!more) {
            return true;
        }
    }
}

enum dl_err dl_tile_parse(struct dl_view path, struct dl_tile *out)
{
    struct dl_tile tile = {.width = DL_TILE_WIDTH};
    struct dl_view rest = path;
    if (path.n >= DL_TILE_PATH || !dl_view_is(take_part(&rest), "tile")) {
        return DL_E_INPUT;
    }
    struct dl_view level = take_part(&rest);
    uint64_t number = 0;
    tile.entries = dl_view_is(level, "entries");
    if (!tile.entries && dl_decimal_decode(level, DL_TILE_LEVEL_MAX, &number) != DL_OK) {
        return DL_E_INPUT;
    }
    tile.level = (unsigned)number;
    bool partial = false;
    if (!take_index(&rest, &tile.index, &partial)) {
        return DL_E_INPUT;
    }
    if (partial) {
        struct dl_view width = take_part(&rest);
        if (dl_decimal_decode(width, DL_TILE_WIDTH - 1, &number) != DL_OK || number == 0) {
            return DL_E_INPUT;
        }
        tile.width = (unsigned)number;
    }
    char again[DL_TILE_PATH];
    dl_tile_path(&tile, again); // leading zero groups and slashes too many show here
    if (!dl_view_is(path, again)) {
        return DL_E_INPUT;
    }
    *out = tile;
    return DL_OK;
}

unsigned dl_tile_width(uint64_t size, unsigned level, uint64_t index)
{
    DL_ASSERT(size <= DL_TREE_SIZE_MAX, "a tree has at most 2^63-1 leaves");
    uint64_t hashes = level < DL_TILE_LEVELS ? size >> (8 * level) : 0;
    if (index < hashes / DL_TILE_WIDTH) {
        return DL_TILE_WIDTH;
    }
    return index == hashes / DL_TILE_WIDTH ? (unsigned)(hashes % DL_TILE_WIDTH) : 0;
}

struct dl_hash dl_tile_hash(const struct dl_hash hashes[DL_TILE_WIDTH])
{
    struct dl_hash scratch[DL_TILE_WIDTH];
    memcpy(scratch, hashes, sizeof scratch);
    for (size_t n = DL_TILE_WIDTH; n > 1; n /= 2) {
        for (size_t i = 0; i < n / 2; i++) {
            scratch[i] = dl_merkle_node(&scratch[2 * i], &scratch[2 * i + 1]);
        }
    }
    return scratch[0];
}
