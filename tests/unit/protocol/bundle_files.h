/* The public example of an exported folder, for unit tests. */
#ifndef DL_TESTS_BUNDLE_FILES_H
#define DL_TESTS_BUNDLE_FILES_H

#include "tests/unit/protocol/vectors.h"

/* A file of tests/vectors/tlog/dir, whole. */
static inline struct dl_buf bundle_file(const char *name)
{
    char path[512];
    uint8_t piece[4096];
    struct dl_buf out;
    snprintf(path, sizeof path, "%s/vectors/tlog/dir/%s", DL_TESTS_DIR, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    dl_buf_init(&out, 1024 * 1024);
    for (size_t n = 0; (n = fread(piece, 1, sizeof piece, file)) > 0;) {
        dl_buf_put(&out, piece, n);
    }
    fclose(file);
    assert_int_equal(dl_buf_err(&out), DL_OK);
    return out;
}

/* Entry `index` of entries.u32, borrowed from it. */
static inline struct dl_view bundle_entry(const struct dl_buf *entries, uint64_t index)
{
    struct dl_cursor cursor;
    struct dl_view entry = {0};
    dl_cursor_init(&cursor, dl_buf_view(entries));
    for (uint64_t i = 0; i <= index; i++) {
        entry = dl_cursor_block(&cursor, entries->n);
    }
    assert_int_equal(cursor.err, DL_OK);
    return entry;
}

#endif
