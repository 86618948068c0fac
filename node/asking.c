#include "node/asking.h"
#include "registry/picture.h"
#include "registry/registry.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { OUT_MAX = 64 * 1024 * 1024, SVG_MAX = 2 * 1024 * 1024 };

static enum dl_err read_day(const struct dl_call *call, const char *option, dl_day *out,
                            struct dl_error *error)
{
    const char *text = dl_call_option(call, option);
    if (text == NULL) {
        return DL_OK;
    }
    if (dl_date_decode(dl_view_str(text), NULL) != DL_OK) {
        char field[32] = "--";
        strncat(field, option, sizeof field - 3);
        dl_error_set(error, DL_E_FIELD_VALUE, field, "\"%s\" is no day", text);
        return dl_error_hint(error, "a day is YYYY-MM-DD, as in 2024-07-01");
    }
    *out = dl_day_of(dl_view_str(text));
    return DL_OK;
}

static dl_day today(const struct dl_call *call)
{
    char text[DL_DATE_TEXT];
    dl_date_encode(dl_call_now(call), text);
    return dl_day_of(dl_view_str(text));
}

static enum dl_err refuse_jurisdiction(const struct dl_reader *reader, const char *code,
                                       struct dl_error *error)
{
    char known[256] = "";
    for (size_t i = 0; i < reader->n_jurisdictions; i++) {
        strncat(known, i > 0 ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, reader->jurisdictions[i].code, sizeof known - strlen(known) - 1);
    }
    dl_error_set(error, DL_E_FIELD_VALUE, "--jurisdiction",
                 "this registry has no jurisdiction \"%s\"", code);
    return dl_error_hint(error, "it has %s", known);
}

static enum dl_err read_jurisdictions(const struct dl_call *call, const struct dl_reader *reader,
                                      int *out, size_t *n, struct dl_error *error)
{
    const char *given = NULL;
    *n = 0;
    for (int i = 0; (given = dl_call_option_nth(call, "jurisdiction", i)) != NULL; i++) {
        char code[DL_CODE_MAX] = "";
        for (size_t k = 0; given[k] != '\0' && k + 1 < sizeof code; k++) {
            code[k] = (char)toupper((unsigned char)given[k]);
        }
        int j = dl_reader_jurisdiction(reader, dl_view_str(code));
        if (j < 0) {
            return refuse_jurisdiction(reader, given, error);
        }
        if (*n < DL_JURISDICTIONS_MAX) {
            out[(*n)++] = j;
        }
    }
    return DL_OK;
}

static enum dl_err set_options(struct dl_call *call, struct dl_asking *asking, bool batch,
                               struct dl_error *error)
{
    int jurisdictions[DL_JURISDICTIONS_MAX];
    struct dl_status_options options = {.on = today(call), .thorough = !batch};
    DL_TRY(read_day(call, "on", &options.on, error));
    DL_TRY(read_day(call, "known-on", &options.known_on, error));
    DL_TRY(
        read_jurisdictions(call, asking->reader, jurisdictions, &options.n_jurisdictions, error));
    options.jurisdictions = options.n_jurisdictions > 0 ? jurisdictions : NULL;
    DL_TRY(dl_status_set(asking->status, &options));
    asking->moment = asking->status->moment;
    return DL_OK;
}

enum dl_err dl_asking_open(struct dl_call *call, struct dl_asking *asking, bool batch,
                           struct dl_error *error)
{
    struct dl_registry *registry = NULL;
    *asking = (struct dl_asking){.style = {.lang = call->zh ? DL_LANG_ZH : DL_LANG_EN,
                                           .color = call->color,
                                           .width = call->width}};
    DL_TRY(dl_call_registry(call, &registry, error));
    DL_TRY(dl_reader_new(dl_registry_store(registry), &asking->reader, error));
    dl_status_new(asking->reader, &asking->status);
    dl_buf_init(&asking->out, OUT_MAX);
    dl_buf_init(&asking->svg, SVG_MAX);
    enum dl_err err = set_options(call, asking, batch, error);
    if (err != DL_OK) {
        dl_asking_close(asking);
    }
    return err;
}

void dl_asking_close(struct dl_asking *asking)
{
    dl_status_free(&asking->status);
    dl_reader_free(&asking->reader);
    dl_relations_free(&asking->relations);
    dl_likeness_free(&asking->likeness);
    dl_worker_close(&asking->worker);
    dl_buf_fini(&asking->out);
    dl_buf_fini(&asking->svg);
}

void dl_asking_flush(struct dl_call *call, struct dl_asking *asking)
{
    dl_call_put(call, dl_buf_view(&asking->out));
    dl_buf_reset(&asking->out);
}

static enum dl_err start(struct dl_asking *asking, int processes, struct dl_error *error)
{
    struct dl_worker_config config = {.processes = processes};
    if (asking->worker != NULL) {
        return DL_OK;
    }
    DL_TRY(dl_worker_open(&config, &asking->worker, error));
    dl_relations_new(asking->reader, asking->worker, &asking->relations);
    return DL_OK;
}

enum dl_err dl_asking_start(struct dl_asking *asking, struct dl_error *error)
{
    return start(asking, 1, error);
}

static bool is_inchi(struct dl_view text)
{
    return text.n > 6 && memcmp(text.p, "InChI=", 6) == 0;
}

/* Beside the answer: likeness is no part of it. */
static enum dl_err add_similar(struct dl_asking *asking, struct dl_view print, struct dl_view key)
{
    struct dl_status *status = asking->status;
    if (asking->likeness == NULL) {
        DL_TRY(dl_likeness_new(asking->reader->store, &asking->likeness));
    }
    if (print.n == 0) {
        print = dl_likeness_print(asking->likeness, key);
    }
    status->n_similar = dl_likeness_nearest(asking->likeness, print, key, status->similar);
    return DL_OK;
}

/* An InChI is looked up as it stands; one that no listed structure has is not understood. */
static enum dl_err ask_inchi(struct dl_asking *asking, struct dl_view text, bool *understood)
{
    char key[28];
    DL_TRY(dl_relations_inchi(asking->relations, text, key));
    *understood = key[0] != '\0';
    if (!*understood) {
        return DL_OK;
    }
    DL_TRY(dl_status_ask_structure(asking->status, text, dl_view_str(key), text));
    return add_similar(asking, dl_view_of(NULL, 0), dl_view_str(key));
}

static bool is_understood(struct dl_asking *asking, const struct dl_worker_answer *answer)
{
    struct dl_view why = answer->understood ? dl_view_str("it has no InChIKey") : answer->refusal;
    snprintf(asking->refusal, sizeof asking->refusal, "%.*s", DL_VIEW_ARG(why));
    return answer->understood && answer->parent_inchikey.n == 27;
}

static int rule_to_draw(const struct dl_asking *asking, const struct dl_worker_answer *answer)
{
    const struct dl_rules *rules = dl_worker_rules(asking->worker);
    return rules != NULL ? dl_picture_rule(asking->status, rules, answer) : -1;
}

/* Asked a second time, as what to mark is known only from the first answer. */
static enum dl_err draw(struct dl_asking *asking, const struct dl_worker_ask *asked,
                        struct dl_error *error)
{
    const struct dl_status *status = asking->status;
    struct dl_worker_ask ask = *asked;
    struct dl_worker_answer answer;
    ask.wants = (ask.wants & DL_WANT_MOL) | DL_WANT_RULES | DL_WANT_SVG;
    DL_TRY(dl_worker_ask(asking->worker, &ask, &answer, error));
    struct dl_picture picture = {.molecule = answer.svg,
                                 .name = status->substance_name.n > 0 ? status->substance_name
                                                                      : status->query,
                                 .inchikey = status->inchikey,
                                 .on = status->on,
                                 .rules = dl_worker_rules(asking->worker),
                                 .lang = asking->style.lang};
    for (size_t i = 0; i < answer.n_verdicts; i++) {
        if (ask.rule >= 0 && answer.verdict[i].rule == ask.rule) {
            picture.verdict = &answer.verdict[i];
        }
    }
    dl_buf_reset(&asking->svg);
    enum dl_err err = dl_picture_put(&picture, &asking->svg);
    return err == DL_OK ? DL_OK
                        : dl_error_set(error, err, "--draw", "the structure could not be drawn");
}

static enum dl_err on_smiles(void *context, const struct dl_row *row)
{
    dl_buf_put_view(context, dl_row_text(row, 0));
    return DL_OK;
}

enum dl_err dl_asking_draw_listed(struct dl_asking *asking, struct dl_error *error)
{
    struct dl_buf smiles;
    struct dl_worker_answer answer;
    struct dl_worker_ask ask = {.wants = DL_WANT_RULES, .rule = -1};
    dl_buf_init(&smiles, DL_WORKER_SMILES_MAX);
    enum dl_err err = dl_store_run(
        asking->reader->store, "SELECT smiles FROM structure WHERE substance = ?1 LIMIT 1",
        DL_SQL(DL_SQL_INT(asking->status->substance)), on_smiles, &smiles);
    ask.text = dl_buf_view(&smiles);
    if (err == DL_OK && ask.text.n > 0) {
        err = dl_asking_start(asking, error);
        err = err == DL_OK ? dl_worker_ask(asking->worker, &ask, &answer, error) : err;
        if (err == DL_OK && answer.understood) {
            ask.rule = rule_to_draw(asking, &answer);
            err = draw(asking, &ask, error);
        }
    }
    dl_buf_fini(&smiles);
    return err;
}

enum dl_err dl_asking_structure(struct dl_asking *asking, struct dl_view text,
                                enum dl_asking_form form, bool *understood, struct dl_error *error)
{
    struct dl_worker_answer answer;
    struct dl_worker_ask ask = {
        .text = text, .wants = DL_RELATIONS_WANTS | DL_WANT_PRINT, .rule = -1};
    *understood = false;
    ask.wants |= form == DL_ASKING_MOL ? DL_WANT_MOL : 0;
    DL_TRY(dl_asking_start(asking, error));
    if (is_inchi(text)) {
        return ask_inchi(asking, text, understood);
    }
    DL_TRY(dl_worker_ask(asking->worker, &ask, &answer, error));
    *understood = is_understood(asking, &answer);
    if (!*understood) {
        return DL_OK;
    }
    if (asking->draw) {
        ask.rule = rule_to_draw(asking, &answer);
    }
    /* kept: a question that the relations ask takes the answer's views */
    uint8_t print[DL_PRINT_OCTETS];
    char key[28] = "";
    char formula[64];
    snprintf(formula, sizeof formula, "%.*s", DL_VIEW_ARG(answer.parent_formula));
    size_t n = answer.print.n == sizeof print ? sizeof print : 0;
    memcpy(print, answer.print.p, n);
    memcpy(key, answer.parent_inchikey.p, 27);
    DL_TRY(dl_relations_answer(asking->relations, asking->status, text, &answer, asking->style.lang,
                               error));
    if (form == DL_ASKING_LINE && dl_query_is_letters(text)) {
        DL_TRY(dl_status_note(asking->status, DL_WORDS_READ_AS_SMILES, text, dl_view_str(formula)));
    }
    DL_TRY(add_similar(asking, dl_view_of(print, n), dl_view_str(key)));
    return asking->draw ? draw(asking, &ask, error) : DL_OK;
}

enum dl_err dl_asking_put(struct dl_asking *asking, struct dl_view text, enum dl_asking_form form,
                          struct dl_error *error)
{
    struct dl_worker_ask ask = {.text = text, .wants = DL_WANT_RULES | DL_WANT_ESTERS, .rule = -1};
    ask.wants |= form == DL_ASKING_MOL ? DL_WANT_MOL : 0;
    if (asking->worker ==
        NULL) { /* every listed structure is read before questions are in flight */
        DL_TRY(start(asking, 2, error));
        DL_TRY(dl_relations_load(asking->relations, error));
    }
    return dl_worker_put(asking->worker, &ask, error);
}

/* A drawing that cannot be read is malformed, and says why; what may be a name stays unknown. */
void dl_asking_refuse(struct dl_asking *asking, struct dl_view query)
{
    if (dl_query_is_drawn(query)) {
        dl_status_ask_unreadable(asking->status, query, dl_view_str(asking->refusal));
    }
}

enum dl_err dl_asking_take(struct dl_asking *asking, struct dl_view query, bool use,
                           bool *understood, struct dl_error *error)
{
    struct dl_worker_answer answer;
    DL_TRY(dl_worker_take(asking->worker, &answer, error));
    *understood = is_understood(asking, &answer);
    if (!*understood || !use) {
        return DL_OK;
    }
    return dl_relations_answer(asking->relations, asking->status, query, &answer,
                               asking->style.lang, error);
}

bool dl_asking_may_be_structure(const struct dl_asking *asking)
{
    struct dl_query query;
    char plain[DL_QUERY_PLAIN];
    if (asking->status->lookup.outcome != DL_LOOKUP_UNKNOWN) {
        return false;
    }
    dl_query_read(asking->status->query, &query, plain);
    return query.kind == DL_QUERY_INCHI ||
           (query.kind == DL_QUERY_NAME && dl_query_may_be_smiles(query.text));
}
