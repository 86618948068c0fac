#include "registry/reading.h"
#include "base/crypto.h"
#include "registry/relation.h"

#include <string.h>

enum { MATCH_WORDS_MAX = 64 * 1024 };

struct putting {
    struct dl_worker *worker;
    struct dl_readings *readings;
    struct dl_error *error;
};

static enum dl_err put_one(void *context, const struct dl_row *row)
{
    const struct putting *putting = context;
    struct dl_worker_ask ask = {
        .text = dl_row_text(row, 1), .wants = DL_RELATIONS_WANTS | DL_WANT_PRINT, .rule = -1};
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

/* Many verdicts have the same words: they are kept once, under the beginning of their hash. */
static enum dl_err put_words(struct dl_store *store, const struct dl_rule *rule,
                             const struct dl_buf words[2], int64_t *id)
{
    struct dl_view parts[] = {rule->title.en, rule->title.zh, dl_buf_view(&words[DL_LANG_EN]),
                              dl_buf_view(&words[DL_LANG_ZH])};
    struct dl_hash hash = dl_sha256_parts(parts, 4);
    uint64_t beginning = 0;
    memcpy(&beginning, hash.b, sizeof beginning);
    *id = (int64_t)(beginning >> 1);
    return dl_store_run(store,
                        "INSERT INTO class_words (id, clause_en, clause_zh, words_en, words_zh)"
                        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO NOTHING",
                        DL_SQL(DL_SQL_INT(*id), DL_SQL_TEXT(parts[0]), DL_SQL_TEXT(parts[1]),
                               DL_SQL_TEXT(parts[2]), DL_SQL_TEXT(parts[3])),
                        NULL, NULL);
}

/* The rows of a verdict for some days: one for each listing that the rule tries, in both languages.
 * `before`: the days before the rule's wording, when what fits is open. */
static enum dl_err record_days(struct dl_store *store, int64_t substance,
                               const struct dl_rules *rules,
                               const struct dl_worker_verdict *verdict, bool before)
{
    const struct dl_rule *rule = &rules->rule[verdict->rule];
    struct dl_view from = before ? rule->before_from : rule->from;
    struct dl_view until = before ? rule->from : rule->until;
    struct dl_buf words[2];
    enum dl_err err = DL_OK;
    size_t index = 0;
    int64_t id = 0;
    json_t *pair = NULL;
    for (int lang = DL_LANG_EN; lang <= DL_LANG_ZH; lang++) {
        dl_buf_init(&words[lang], MATCH_WORDS_MAX);
        dl_rule_explain(rules, verdict, (enum dl_lang)lang, &words[lang]);
        if (before) {
            dl_rule_explain_before(rule, (enum dl_lang)lang, &words[lang]);
        }
    }
    err = put_words(store, rule, words, &id);
    json_array_foreach(rule->listings, index, pair)
    {
        if (err == DL_OK) {
            err = dl_store_run(
                store,
                "INSERT INTO class_match (substance, list, entry, in_force, until, open, words)"
                " SELECT ?1, id, ?3, ?4, ?5, ?6, ?7 FROM list WHERE code = ?2",
                DL_SQL(DL_SQL_INT(substance),
                       DL_SQL_STR(json_string_value(json_array_get(pair, 0))),
                       DL_SQL_STR(json_string_value(json_array_get(pair, 1))),
                       DL_SQL_TEXT(from.n > 0 ? from : dl_view_str("")),
                       DL_SQL_TEXT(until.n > 0 ? until : dl_view_str("")),
                       DL_SQL_INT(before || verdict->verdict == DL_RULE_REVIEW), DL_SQL_INT(id)),
                NULL, NULL);
        }
    }
    dl_buf_fini(&words[DL_LANG_EN]);
    dl_buf_fini(&words[DL_LANG_ZH]);
    return err;
}

static enum dl_err record_verdict(struct dl_store *store, int64_t substance,
                                  const struct dl_rules *rules,
                                  const struct dl_worker_verdict *verdict)
{
    DL_TRY(record_days(store, substance, rules, verdict, false));
    return rules->rule[verdict->rule].before.en.n > 0
               ? record_days(store, substance, rules, verdict, true)
               : DL_OK;
}

static enum dl_err record(struct dl_store *store, int64_t substance, const struct dl_rules *rules,
                          const struct dl_worker_answer *answer)
{
    DL_TRY(dl_store_run(
        store,
        "INSERT INTO reading (substance, isomer_key, form_key, print, made_of, skeleton)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        DL_SQL(DL_SQL_INT(substance), DL_SQL_INT(answer->isomer_key), DL_SQL_INT(answer->form_key),
               DL_SQL_BLOB(answer->print), DL_SQL_BLOB(answer->made_of),
               DL_SQL_TEXT(
                   dl_view_of(answer->parent_inchikey.p, answer->parent_inchikey.n < 14 ? 0 : 14))),
        NULL, NULL));
    for (size_t i = 0; rules != NULL && i < answer->n_verdicts; i++) {
        DL_TRY(record_verdict(store, substance, rules, &answer->verdict[i]));
    }
    return DL_OK;
}

static enum dl_err take_all(struct dl_store *store, struct dl_worker *worker,
                            const struct dl_readings *readings, struct dl_error *error)
{
    struct dl_worker_answer answer;
    for (size_t i = 0; i < readings->n; i++) {
        DL_TRY(dl_worker_take(worker, &answer, error));
        enum dl_err err = record(store, readings->substance[i], dl_worker_rules(worker), &answer);
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
