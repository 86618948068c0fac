/* Tiles. The public vectors (tiles.json) are run by node/vectors_test. */
#include "protocol/tile.h"
#include "protocol/merkle.h"
#include "tests/unit/protocol/vectors.h"

static void a_path_is_read_back_as_its_tile(void **state)
{
    (void)state;
    static const struct {
        struct dl_tile tile;
        const char *path;
    } cases[] = {
        {{false, 0, 0, 256}, "tile/0/000"},
        {{false, 2, 999, 256}, "tile/2/999"},
        {{true, 0, 1000, 17}, "tile/entries/x001/000.p/17"},
        {{false, 63, 1234067, 1}, "tile/63/x001/x234/067.p/1"},
        {{false, 0, DL_TREE_SIZE_MAX, 255}, "tile/0/x009/x223/x372/x036/x854/x775/807.p/255"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[DL_TILE_PATH];
        struct dl_tile tile;
        dl_tile_path(&cases[i].tile, path);
        assert_string_equal(path, cases[i].path);
        assert_int_equal(dl_tile_parse(dl_view_str(path), &tile), DL_OK);
        assert_int_equal(tile.entries, cases[i].tile.entries);
        assert_int_equal(tile.level, cases[i].tile.level);
        assert_int_equal(tile.index, cases[i].tile.index);
        assert_int_equal(tile.width, cases[i].tile.width);
    }
}

static void another_form_of_a_path_is_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/000/",
        "/tile/0/00",
        "tile/0/x000",
        "tile//000",
        "tile/0/000.p",
        "tile/0/000.p/256",
        "tile/0/0a0",
        "tile/entries",
        "tile/0/x00/000",
        "tile/0/000.p/1x",
        "tile/64/000",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct dl_tile tile;
        if (dl_tile_parse(dl_view_str(paths[i]), &tile) != DL_E_INPUT) {
            fail_msg("%s is taken", paths[i]);
        }
    }
}

static void widths_follow_the_size_on_every_level(void **state)
{
    (void)state;
    assert_int_equal(dl_tile_width(0, 0, 0), 0);
    assert_int_equal(dl_tile_width(256, 0, 0), 256);
    assert_int_equal(dl_tile_width(256, 0, 1), 0);
    assert_int_equal(dl_tile_width(256, 1, 0), 1);
    assert_int_equal(dl_tile_width(70000, 0, 273), 112);
    assert_int_equal(dl_tile_width(70000, 1, 1), 17);
    assert_int_equal(dl_tile_width(70000, 2, 0), 1);
    assert_int_equal(dl_tile_width(70000, 3, 0), 0);
    assert_int_equal(dl_tile_width(DL_TREE_SIZE_MAX, 7, 0), 127);
    assert_int_equal(dl_tile_width(DL_TREE_SIZE_MAX, 8, 0), 0);
}

static void a_full_tile_has_the_root_of_its_hashes(void **state)
{
    (void)state;
    struct dl_hash hashes[DL_TILE_WIDTH];
    struct dl_frontier frontier;
    dl_frontier_init(&frontier);
    for (size_t i = 0; i < DL_TILE_WIDTH; i++) {
        hashes[i] = dl_merkle_leaf(dl_view_of(&i, sizeof i));
        dl_frontier_append(&frontier, &hashes[i]);
    }
    struct dl_hash root = dl_frontier_root(&frontier);
    struct dl_hash tile = dl_tile_hash(hashes);
    assert_true(dl_hash_equal(&root, &tile));
    hashes[255].b[0] ^= 1;
    tile = dl_tile_hash(hashes);
    assert_false(dl_hash_equal(&root, &tile));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_read_back_as_its_tile),
        cmocka_unit_test(another_form_of_a_path_is_refused),
        cmocka_unit_test(widths_follow_the_size_on_every_level),
        cmocka_unit_test(a_full_tile_has_the_root_of_its_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
