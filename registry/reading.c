#include "registry/reading.h"

struct putting {
    struct dl_worker *worker;
    struct dl_readings *readings;
    struct dl_error *error;
};

static enum dl_err put_one(void *context, const struct dl_row *row)
{
    const struct putting *putting = context;
    struct dl_worker_ask ask = {
        .text = dl_row_text(row, 1), .wants = DL_WANT_PLAIN | DL_WANT_PRINT, .rule = -1};
    DL_TRY(dl_worker_put(putting->worker, &ask, putting->error));
    putting->readings->substance[putting->readings->n++] = dl_row_int(row, 0);
    return DL_OK;
}

enum dl_err dl_readings_put(struct dl_store *store, struct dl_worker *worker,
                            struct dl_readings *out, struct dl_error *error)
{
    struct putting putting = {.worker = worker, .readings = out, .error = error};
    DL_ASSERT(dl_worker_waiting(worker) == 0, "no other question waits");
    out->n = 0;
    error->err = DL_OK;
    if (dl_store_in_transaction(store)) {
        return DL_OK;
    }
    enum dl_err err = dl_store_run(store,
                                   "SELECT t.substance, t.smiles FROM structure t LEFT JOIN reading"
                                   " r ON r.substance = t.substance WHERE r.substance IS NULL AND"
                                   " t.smiles <> '' ORDER BY t.substance LIMIT ?1",
                                   DL_SQL(DL_SQL_INT(DL_READINGS)), put_one, &putting);
    return err == DL_OK || error->err != DL_OK
               ? err
               : dl_error_set(error, err, NULL, "the structures cannot be read");
}

static enum dl_err take_all(struct dl_store *store, struct dl_worker *worker,
                            const struct dl_readings *readings, struct dl_error *error)
{
    struct dl_worker_answer answer;
    for (size_t i = 0; i < readings->n; i++) {
        DL_TRY(dl_worker_take(worker, &answer, error));
        enum dl_err err = dl_store_run(
            store,
            "INSERT INTO reading (substance, isomer_key, form_key, print) VALUES (?1, ?2, ?3, ?4)",
            DL_SQL(DL_SQL_INT(readings->substance[i]), DL_SQL_INT(answer.isomer_key),
                   DL_SQL_INT(answer.form_key), DL_SQL_BLOB(answer.print)),
            NULL, NULL);
        if (err != DL_OK) {
            return dl_error_set(error, err, NULL, "a reading cannot be recorded");
        }
    }
    return DL_OK;
}

enum dl_err dl_readings_take(struct dl_store *store, struct dl_worker *worker,
                             const struct dl_readings *readings, struct dl_error *error)
{
    if (dl_store_in_transaction(store)) {
        return take_all(store, worker, readings, error);
    }
    enum dl_err err = dl_store_begin(store);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "the registry cannot be written");
    }
    err = take_all(store, worker, readings, error);
    if (err != DL_OK) {
        dl_store_rollback(store);
        return err;
    }
    err = dl_store_commit(store);
    return err == DL_OK ? DL_OK : dl_error_set(error, err, NULL, "readings cannot be recorded");
}

enum dl_err dl_readings_wanted(struct dl_store *store, bool *wanted)
{
    *wanted = false;
    return dl_store_run(store,
                        "SELECT 1 FROM structure t LEFT JOIN reading r ON r.substance = t.substance"
                        " WHERE r.substance IS NULL AND t.smiles <> '' LIMIT 1",
                        NULL, 0, dl_row_take_any, wanted);
}
