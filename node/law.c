#include "node/law.h"

#include "base/json.h"
#include "node/agency_internal.h"
#include "node/telling.h"
#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dl_law_asking {
    struct dl_reader *reader;
    struct dl_status *status;
    struct dl_likeness *likeness;
    struct dl_relations *relations; /* with `worker`; NULL until there is a structure */
    struct dl_worker *worker;
    char version[DL_LAW_WORD]; /* of the shipped data */
};

void dl_law_asking_free(struct dl_law_asking **asking)
{
    if (*asking != NULL) {
        dl_relations_free(&(*asking)->relations);
        dl_likeness_free(&(*asking)->likeness);
        dl_status_free(&(*asking)->status);
        dl_reader_free(&(*asking)->reader);
        free(*asking);
        *asking = NULL;
    }
}

static void copy(char *out, size_t n, struct dl_view text)
{
    size_t octets = text.n < n ? text.n : n - 1;
    if (octets > 0) {
        memcpy(out, text.p, octets);
    }
    out[octets] = '\0';
}

static enum dl_err take_word(void *context, const struct dl_row *row)
{
    copy(context, DL_LAW_WORD, dl_row_text(row, 0));
    return DL_OK;
}

static enum dl_err asking_new(struct dl_store *store, struct dl_law_asking **out)
{
    struct dl_law_asking *asking = calloc(1, sizeof *asking);
    DL_ASSERT(asking != NULL, "memory for the registry's reader");
    enum dl_err err = dl_store_run(store, "SELECT value FROM meta WHERE key = 'version'", NULL, 0,
                                   take_word, asking->version);
    if (err == DL_OK) {
        err = dl_reader_new(store, &asking->reader, NULL);
    }
    if (err == DL_OK) {
        dl_status_new(asking->reader, &asking->status);
        *out = asking;
    } else {
        dl_law_asking_free(&asking);
    }
    return err;
}

/* The agency's reader, made anew after every change of the registry. */
static enum dl_err ready(struct dl_agency *agency, struct dl_law_asking **out)
{
    struct dl_registry *registry = NULL;
    struct dl_error error;
    int64_t version = 0;
    DL_TRY(dl_agency_registry(agency, &registry, &error));
    struct dl_store *store = dl_registry_store(registry);
    DL_TRY(dl_store_run(store, "SELECT max(id) FROM import", NULL, 0, dl_row_take_int, &version));
    if (agency->law != NULL && agency->law->reader->version != version) {
        dl_law_asking_free(&agency->law);
    }
    if (agency->law == NULL) {
        DL_TRY(asking_new(store, &agency->law));
    }
    *out = agency->law;
    return DL_OK;
}

/* Asks what the alert says of its substance, the surest first, until something is understood. */
static enum dl_err ask(struct dl_status *status, const json_t *substance)
{
    static const char *const numbers[] = {"inchikey", "cas", "unii"};
    DL_TRY(dl_status_ask_name(status, dl_view_of("", 0))); // the answer before this one is gone
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct dl_view number = dl_json_text(substance, numbers[i]);
        if (number.n > 0) {
            DL_TRY(dl_status_ask(status, number));
            if (dl_status_understood(status)) {
                return DL_OK;
            }
        }
    }
    const json_t *names = json_object_get(substance, "names");
    for (size_t i = 0; i < json_array_size(names); i++) {
        struct dl_view name = dl_json_text(json_array_get(names, i), "name");
        if (name.n > 0) {
            DL_TRY(dl_status_ask_name(status, name));
            if (dl_status_understood(status)) {
                return DL_OK;
            }
        }
    }
    return DL_OK;
}

/* The day and the registry's version of a moment. */
static enum dl_err set_moment(struct dl_law_asking *asking, int64_t at_ms, char on[DL_DATE_TEXT])
{
    int64_t version = 1;
    dl_date_encode(at_ms, on);
    struct dl_status_options options = {.on = dl_day_of(dl_view_str(on))};
    DL_TRY(dl_status_set(asking->status, &options));
    DL_TRY(dl_store_run(asking->reader->store,
                        "SELECT coalesce(max(id), 1) FROM import WHERE at_ms <= ?1",
                        DL_SQL(DL_SQL_INT(at_ms)), dl_row_take_int, &version));
    asking->status->moment.version = version;
    return DL_OK;
}

enum dl_err dl_law_reader(struct dl_agency *agency, int64_t at_ms, struct dl_reader **reader,
                          struct dl_moment *moment)
{
    struct dl_law_asking *asking = NULL;
    char on[DL_DATE_TEXT];
    DL_TRY(ready(agency, &asking));
    DL_TRY(set_moment(asking, at_ms, on));
    *reader = asking->reader;
    *moment = asking->status->moment;
    return DL_OK;
}

static enum dl_err take_smiles(void *context, const struct dl_row *row)
{
    dl_buf_put_view(context, dl_row_text(row, 0));
    return DL_OK;
}

enum dl_err dl_law_smiles(struct dl_agency *agency, const json_t *substance, struct dl_buf *out)
{
    struct dl_law_asking *asking = NULL;
    char on[DL_DATE_TEXT];
    DL_TRY(ready(agency, &asking));
    DL_TRY(set_moment(asking, dl_agency_now(agency), on));
    DL_TRY(ask(asking->status, substance));
    if (!dl_status_understood(asking->status)) {
        return DL_OK;
    }
    return dl_store_run(asking->reader->store, "SELECT smiles FROM structure WHERE substance = ?1",
                        DL_SQL(DL_SQL_INT(asking->status->substance)), take_smiles, out);
}

/* ---- taking an answer ---- */

static void take_rows(const struct dl_status *status, struct dl_law *out)
{
    copy(out->substance, sizeof out->substance, status->substance_key);
    for (size_t i = 0; i < status->n_rows; i++) {
        const struct dl_status_row *row = &status->row[i];
        const char *code = status->reader->jurisdictions[row->jurisdiction].code;
        size_t k = 0;
        while (k < out->n && strcmp(out->row[k].jurisdiction, code) != 0) {
            k++;
        }
        if (row->apart || (k < out->n && out->row[k].standing <= row->standing)) {
            continue;
        }
        struct dl_law_row *law = &out->row[k];
        out->n = k == out->n ? k + 1 : out->n;
        law->standing = row->standing;
        law->how = row->how;
        copy(law->jurisdiction, sizeof law->jurisdiction, dl_view_str(code));
        copy(law->schedule, sizeof law->schedule,
             dl_view_str(row->list == NULL ? "" : row->list->schedule));
        copy(law->list, sizeof law->list, dl_view_str(row->list == NULL ? "" : row->list->code));
    }
}

static void take_rules(const struct dl_law_question *question, struct dl_law *out)
{
    const struct dl_worker_answer *answer = question->structure;
    const struct dl_rules *rules = dl_worker_rules(question->worker);
    for (size_t i = 0; i < answer->n_verdicts && out->n_rules < DL_LAW_RULES; i++) {
        const struct dl_rule *rule = &rules->rule[answer->verdict[i].rule];
        if (dl_rule_in_force(rule, out->on)) {
            struct dl_law_rule *law = &out->rule[out->n_rules++];
            copy(law->id, sizeof law->id, dl_view_str(rule->id));
            copy(law->version, sizeof law->version, rule->version);
            law->verdict = answer->verdict[i].verdict;
        }
    }
}

/* Before the relations are asked, which may take the answer's views. */
static enum dl_err take_likeness(struct dl_law_asking *asking, struct dl_view print,
                                 struct dl_view key, struct dl_law *out)
{
    struct dl_like like[DL_LIKE_MAX];
    if (print.n == 0 && key.n != 27) {
        return DL_OK; // nothing that could be like anything
    }
    if (asking->likeness == NULL) {
        DL_TRY(dl_likeness_new(asking->reader->store, &asking->likeness));
    }
    print = print.n > 0 ? print : dl_likeness_print(asking->likeness, key);
    out->n_like = dl_likeness_nearest(asking->likeness, print, key, like);
    for (size_t i = 0; i < out->n_like; i++) {
        copy(out->like[i].key, sizeof out->like[i].key, like[i].key);
        copy(out->like[i].name, sizeof out->like[i].name, like[i].name);
        out->like[i].thousandths = like[i].thousandths;
    }
    return DL_OK;
}

static void use_worker(struct dl_law_asking *asking, struct dl_worker *worker)
{
    if (asking->worker != worker) {
        dl_relations_free(&asking->relations);
    }
    if (asking->relations == NULL) {
        dl_relations_new(asking->reader, worker, &asking->relations);
    }
    asking->worker = worker;
}

static enum dl_err ask_structure(struct dl_law_asking *asking,
                                 const struct dl_law_question *question, struct dl_law *out)
{
    const struct dl_worker_answer *answer = question->structure;
    struct dl_status *status = asking->status;
    struct dl_error error = {0};
    use_worker(asking, question->worker);
    take_rules(question, out);
    DL_TRY(take_likeness(asking, answer->print, answer->parent_inchikey, out));
    out->structure = true;
    if (question->own) {
        return dl_relations_answer(asking->relations, status,
                                   dl_json_text(question->substance, "smiles"), answer, DL_LANG_EN,
                                   &error);
    }
    DL_TRY(ask(status, question->substance));
    return dl_status_understood(status)
               ? dl_relations_add(asking->relations, status, answer, DL_LANG_EN, &error)
               : DL_OK;
}

enum dl_err dl_law_ask(struct dl_agency *agency, const struct dl_law_question *question,
                       struct dl_law *out)
{
    struct dl_law_asking *asking = NULL;
    const struct dl_worker_answer *structure = question->structure;
    memset(out, 0, sizeof *out);
    if (!json_is_object(question->substance)) {
        return DL_OK;
    }
    DL_TRY(ready(agency, &asking));
    DL_TRY(set_moment(asking, question->at_ms, out->on));
    struct dl_status *status = asking->status;
    (void)snprintf(out->registry, sizeof out->registry, "%.32s.%lld", asking->version,
                   (long long)status->moment.version);
    if (structure != NULL && structure->understood && structure->parent_inchikey.n == 27) {
        DL_TRY(ask_structure(asking, question, out));
    } else {
        DL_TRY(ask(status, question->substance));
        DL_TRY(take_likeness(asking, dl_view_of(NULL, 0), status->substance_key, out));
    }
    if (dl_status_understood(status)) {
        take_rows(status, out);
    }
    return DL_OK;
}

/* ---- changes ---- */

void dl_law_standings(const struct dl_law *law, struct dl_buf *out)
{
    for (size_t i = 0; i < law->n; i++) {
        const struct dl_law_row *row = &law->row[i];
        bool named = row->how < DL_HOW_STEREOISOMER || row->how == DL_HOW_NONE;
        dl_buf_printf(out, "%s %s", row->jurisdiction, dl_standing_name(row->standing));
        if (row->standing <= DL_STANDING_REVIEW && row->schedule[0] != '\0') {
            dl_buf_printf(out, " %s", row->schedule);
        }
        dl_buf_printf(out, "%s%s;", named ? "" : " by ", named ? "" : dl_how_name(row->how));
    }
}

/* Takes one "CN words;" off. */
static bool next_standing(struct dl_view *rest, struct dl_view *code, struct dl_view *words)
{
    const uint8_t *end = rest->n == 0 ? NULL : memchr(rest->p, ';', rest->n);
    if (end == NULL) {
        return false;
    }
    size_t n = (size_t)(end - rest->p);
    const uint8_t *blank = memchr(rest->p, ' ', n);
    size_t at = blank == NULL ? n : (size_t)(blank - rest->p);
    *code = dl_view_of(rest->p, at);
    *words = dl_view_of(rest->p + at + (at < n), n - at - (at < n));
    *rest = dl_view_of(end + 1, rest->n - n - 1);
    return true;
}

static struct dl_view standing_of(struct dl_view standings, struct dl_view jurisdiction)
{
    struct dl_view code;
    struct dl_view words;
    while (next_standing(&standings, &code, &words)) {
        if (dl_view_equal(code, jurisdiction)) {
            return words;
        }
    }
    return dl_view_str("unknown");
}

static void put_change(struct dl_view code, struct dl_view before, struct dl_view after,
                       struct dl_buf *out)
{
    bool known = dl_view_is(before, "unknown") || dl_view_is(after, "unknown");
    bool listed = !dl_view_is(before, "not-listed") && !dl_view_is(after, "not-listed");
    if (dl_view_equal(before, after) || (known && !listed)) {
        return;
    }
    dl_buf_printf(out, "%s%.*s %.*s > %.*s", out->n == 0 ? "law: " : "; ", DL_VIEW_ARG(code),
                  DL_VIEW_ARG(before), DL_VIEW_ARG(after));
}

void dl_law_change(struct dl_view then, struct dl_view now, const char *day, struct dl_buf *out)
{
    struct dl_view code;
    struct dl_view words;
    size_t start = out->n;
    for (struct dl_view rest = now; next_standing(&rest, &code, &words);) {
        put_change(code, standing_of(then, code), words, out);
    }
    for (struct dl_view rest = then; next_standing(&rest, &code, &words);) {
        if (dl_view_is(standing_of(now, code), "unknown")) {
            put_change(code, words, dl_view_str("unknown"), out);
        }
    }
    if (out->n > start) {
        dl_buf_printf(out, " (%s)", day);
    }
}

/* ---- JSON ---- */

void dl_law_put_json(const struct dl_law *law, struct dl_buf *out)
{
    if (law->on[0] == '\0') {
        dl_buf_put_str(out, "null");
        return;
    }
    dl_buf_put_str(out, "{\"on\":");
    dl_json_put_str(out, law->on);
    dl_put_member(out, "registry", law->registry);
    dl_put_member(out, "substance", law->substance[0] == '\0' ? NULL : law->substance);
    dl_buf_put_str(out, ",\"rules\":[");
    for (size_t i = 0; i < law->n_rules; i++) {
        dl_buf_put_str(out, i == 0 ? "{\"rule\":" : ",{\"rule\":");
        dl_json_put_str(out, law->rule[i].id);
        dl_put_member(out, "version", law->rule[i].version);
        dl_put_member(out, "verdict", dl_rule_verdict_name(law->rule[i].verdict));
        dl_buf_put_str(out, "}");
    }
    dl_buf_put_str(out, "],\"answers\":[");
    for (size_t i = 0; i < law->n; i++) {
        const struct dl_law_row *row = &law->row[i];
        dl_buf_put_str(out, i == 0 ? "{\"jurisdiction\":" : ",{\"jurisdiction\":");
        dl_json_put_str(out, row->jurisdiction);
        dl_put_member(out, "status", dl_standing_name(row->standing));
        dl_put_member(out, "schedule", row->schedule[0] == '\0' ? NULL : row->schedule);
        dl_put_member(out, "list", row->list[0] == '\0' ? NULL : row->list);
        dl_put_member(out, "how", dl_how_name(row->how));
        dl_buf_put_str(out, "}");
    }
    dl_buf_put_str(out, "]}");
}

struct dl_view dl_law_standing_in_chinese(struct dl_view standing)
{
    static const char *const words[][2] = {{"controlled", "管制"},     {"temporary", "临时管制"},
                                           {"needs-review", "需审查"}, {"announced", "已公布"},
                                           {"ended", "已终止"},        {"not-listed", "未列管"},
                                           {"unknown", "未知"},        {"inside", "属于"},
                                           {"class-rule", "类规则"},   {"by", "依"},
                                           {"law:", "法律变更："}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (dl_view_is(standing, words[i][0])) {
            return dl_view_str(words[i][1]);
        }
    }
    return standing;
}

void dl_law_change_in_chinese(struct dl_view words, struct dl_buf *out)
{
    size_t from = 0;
    for (size_t i = 0; i <= words.n; i++) {
        bool ends = i == words.n || words.p[i] == ' ' || words.p[i] == ';';
        if (!ends) {
            continue;
        }
        struct dl_view word = dl_view_of(words.p + from, i - from);
        dl_buf_put_view(out, dl_law_standing_in_chinese(word));
        if (i < words.n && !dl_view_is(word, "law:")) {
            dl_buf_u8(out, words.p[i]);
        }
        from = i + 1;
    }
}
