/* Tiles (C2SP tlog-tiles): 256 hashes in a row, level by level, and bundles of 256 entries, under
 * paths of their own. Level 0 holds leaf hashes; hash i of tile n on level l is the root of the
 * entries from (256 n + i) * 256^l on. Levels above hold only what is full below.
 */
#ifndef DL_PROTOCOL_TILE_H
#define DL_PROTOCOL_TILE_H

#include "base/crypto.h"

enum {
    DL_TILE_WIDTH = 256,
    DL_TILE_LEVELS = 8, /* those that a tree of 2^63-1 leaves has */
    DL_TILE_LEVEL_MAX = 63,
    DL_TILE_PATH = 64 /* with the NUL */
};

struct dl_tile {
    bool entries;   /* a bundle of entries; level is then 0 */
    unsigned level; /* 0 to 63 in paths */
    uint64_t index;
    unsigned width; /* 1 to 256; below 256 the tile is partial */
};

/* "tile/0/x001/x234/067", "tile/entries/000.p/17". */
void dl_tile_path(const struct dl_tile *tile, char out[DL_TILE_PATH]);
/* Exactly that form. DL_E_INPUT otherwise. */
DL_MUST_USE enum dl_err dl_tile_parse(struct dl_view path, struct dl_tile *out);

/* How wide tile `index` of a level is in a tree of that size (at most 2^63-1): 256 full, less
 * partial, 0 when there is none. The full ones come first, so the tiles of a level are those from
 * 0 to the first of width 0. */
unsigned dl_tile_width(uint64_t size, unsigned level, uint64_t index);

/* The hash that a full tile has on the next level. */
struct dl_hash dl_tile_hash(const struct dl_hash hashes[DL_TILE_WIDTH]);

#endif
