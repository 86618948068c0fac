/* Any octets: the reader stays inside them, ends, and what it accepts it reads back as written. */
#include "registry/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl_csv csv;
    struct dl_error error;
    dl_csv_init(&csv, dl_view_of(data, size));
    for (;;) {
        enum dl_err err = dl_csv_next(&csv, &error);
        if (err == DL_OK && csv.n_fields == 0) {
            break;
        }
        if (err != DL_OK) {
            continue;
        }
        struct dl_buf out;
        struct dl_csv again;
        dl_buf_init(&out, 2 * size + 4 * DL_CSV_FIELDS);
        for (size_t i = 0; i < csv.n_fields; i++) {
            dl_buf_put_str(&out, i == 0 ? "" : ",");
            dl_csv_put(&out, csv.fields[i], false);
        }
        dl_csv_init(&again, dl_buf_view(&out));
        if (out.n > 0) {
            DL_ASSERT(dl_csv_next(&again, &error) == DL_OK, "what is written is read");
            DL_ASSERT(again.n_fields == csv.n_fields, "as many fields");
            for (size_t i = 0; i < csv.n_fields; i++) {
                DL_ASSERT(dl_view_equal(again.fields[i], csv.fields[i]), "the same fields");
            }
        }
        dl_csv_fini(&again);
        dl_buf_fini(&out);
    }
    dl_csv_fini(&csv);
    return 0;
}
