/* Any octets as a tile's path: what is taken is written to the same octets. */
#include "protocol/tile.h"
#include "protocol/merkle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_tile tile;
    char path[DL_TILE_PATH];
    if (dl_tile_parse(dl_view_of(data, size), &tile) != DL_OK) {
        return 0;
    }
    DL_ASSERT(tile.width >= 1 && tile.width <= DL_TILE_WIDTH, "a tile is not empty");
    dl_tile_path(&tile, path);
    DL_ASSERT(dl_view_is(dl_view_of(data, size), path), "one form for one tile");
    DL_ASSERT(dl_tile_width(tile.index, tile.level, tile.index) <= DL_TILE_WIDTH, "a width");
    return 0;
}
