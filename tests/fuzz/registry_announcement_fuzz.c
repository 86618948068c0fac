/* Any octets as an announcement file: read inside them, and what is accepted survives the way
 * through a notice. */
#include "registry/announcement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_notice(const struct dl_announcement *file)
{
    struct dl_announcement notice;
    struct dl_error error;
    struct dl_buf content;
    json_t *json = NULL;
    size_t next = 0;
    dl_buf_init(&content, 64 * (size_t)1024 * 1024);
    DL_ASSERT(dl_announcement_to_json(file, 0, SIZE_MAX, &next, &content) == DL_OK, "written");
    DL_ASSERT(next == file->n_rows, "all of it");
    DL_ASSERT(dl_json_parse(dl_buf_view(&content), &json, &error) == DL_OK, "as JSON");
    DL_ASSERT(dl_announcement_from_json(json, &notice, &error) == DL_OK, "and read again");
    for (size_t i = 0; i < notice.n_rows; i++) {
        DL_ASSERT(notice.rows[i].refused == NULL, "with rows that can be taken");
    }
    json_decref(json);
    dl_announcement_fini(&notice);
    dl_buf_fini(&content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_announcement file;
    struct dl_error error;
    if (dl_announcement_read(dl_view_of(data, size), &file, &error) == DL_OK) {
        try_notice(&file);
        dl_announcement_fini(&file);
    }
    return 0;
}
