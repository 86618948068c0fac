#include "base/json.h"
#include "registry/listing.h"
#include "registry/status_gather.h"

#include <string.h>

/* What is being written, and a scratch for sentences before they are escaped. */
struct writer {
    struct dl_status *status;
    enum dl_lang lang;
    struct dl_buf *out;
    struct dl_buf *scratch;
    struct dl_buf *explanation; /* the one that all direct matches share, as JSON; before, a key */
    size_t n;                   /* items of the list being written */
};

static void put_comma(struct writer *w)
{
    if (w->n++ > 0) {
        dl_buf_u8(w->out, ',');
    }
}

/* Most of an answer is short pieces: where the builder has room they are copied in line. */
static inline void put_octets(struct dl_buf *out, const void *p, size_t n)
{
    if (out->err == DL_OK && out->cap - out->n >= n && n > 0) {
        memcpy(out->p + out->n, p, n);
        out->n += n;
    } else {
        dl_buf_put(out, p, n);
    }
}

static inline void put_literal(struct dl_buf *out, const char *text)
{
    put_octets(out, text, strlen(text));
}

static inline void put_text(struct dl_buf *out, const char *key, struct dl_view text)
{
    put_literal(out, key);
    if (text.n == 0) {
        put_literal(out, "null");
    } else {
        dl_json_put_string(out, text);
    }
}

static void put_day(struct dl_buf *out, const char *key, dl_day day)
{
    char text[DL_DATE_TEXT + 2] = "\"";
    put_literal(out, key);
    if (day == 0) {
        put_literal(out, "null");
        return;
    }
    dl_day_text(day, text + 1);
    text[DL_DATE_TEXT] = '"';
    dl_buf_put(out, text, DL_DATE_TEXT + 1);
}

static void put_said(struct writer *w, const struct dl_said *said)
{
    dl_buf_reset(w->scratch);
    dl_words_put(w->scratch, w->lang, said->words, said->arg);
    dl_json_put_string(w->out, dl_buf_view(w->scratch));
}

static enum dl_err on_name(void *context, const struct dl_row *row)
{
    struct writer *w = context;
    put_comma(w);
    put_literal(w->out, "{\"lang\":");
    dl_json_put_string(w->out, dl_row_text(row, 0));
    put_literal(w->out, ",\"name\":");
    dl_json_put_string(w->out, dl_row_text(row, 1));
    dl_buf_u8(w->out, '}');
    return DL_OK;
}

/* Own numbers go out at once; those that only a list prints wait in the scratch. */
static enum dl_err on_cas(void *context, const struct dl_row *row)
{
    struct writer *w = context;
    if (dl_view_is(dl_row_text(row, 1), "own")) {
        put_comma(w);
        dl_json_put_string(w->out, dl_row_text(row, 0));
    } else if (dl_view_is(dl_row_text(row, 1), "listed")) {
        dl_buf_put_str(w->scratch, w->scratch->n > 0 ? "," : "");
        dl_json_put_string(w->scratch, dl_row_text(row, 0));
    }
    return DL_OK;
}

static enum dl_err put_names(struct writer *w, int64_t substance)
{
    put_literal(w->out, ",\"names\":[");
    w->n = 0;
    if (substance != 0) {
        DL_TRY(dl_store_run(
            w->status->reader->store,
            "SELECT lang, name FROM name WHERE substance = ?1 AND kind <> 'disputed' AND"
            " recorded_from <= ?2 AND (recorded_until IS NULL OR ?2 < recorded_until)",
            DL_SQL(DL_SQL_INT(substance), DL_SQL_INT(w->status->moment.version)), on_name, w));
    }
    put_literal(w->out, "]");
    return DL_OK;
}

/* Never numbers of another substance. */
static enum dl_err put_cas(struct writer *w, int64_t substance)
{
    put_literal(w->out, ",\"cas\":[");
    w->n = 0;
    dl_buf_reset(w->scratch);
    if (substance != 0) {
        /* before the first import everything is known: the index alone answers */
        bool all_known = w->status->reader->version == 1;
        struct dl_store_value values[] = {DL_SQL_INT(substance),
                                          DL_SQL_INT(w->status->moment.version)};
        const char *sql =
            all_known
                ? "SELECT value, role FROM identifier WHERE substance = ?1 AND kind = 'cas'"
                : "SELECT value, role FROM identifier WHERE substance = ?1 AND kind = 'cas' AND"
                  " recorded_from <= ?2 AND (recorded_until IS NULL OR ?2 < recorded_until)";
        DL_TRY(dl_store_run(w->status->reader->store, sql, values, all_known ? 1 : 2, on_cas, w));
    }
    if (w->scratch->n > 0) {
        put_comma(w);
        dl_buf_put_view(w->out, dl_buf_view(w->scratch));
    }
    put_literal(w->out, "]");
    return DL_OK;
}

static enum dl_err put_substance(struct writer *w)
{
    struct dl_status *status = w->status;
    put_literal(w->out, ",\"substance\":");
    if (!dl_status_understood(status)) {
        put_literal(w->out, "null");
        return DL_OK;
    }
    put_text(w->out, "{\"id\":", status->substance_key);
    DL_TRY(put_names(w, status->substance));
    DL_TRY(put_cas(w, status->substance));
    put_text(w->out, ",\"inchikey\":", status->inchikey);
    put_text(w->out, ",\"salt\":", dl_view_str(status->lookup.salt));
    put_literal(w->out, "}");
    return DL_OK;
}

/* One candidate of an ambiguous query. */
struct candidate {
    struct writer *w;
    const struct dl_candidate *candidate;
};

static void put_part(struct dl_buf *out, struct dl_view text)
{
    if (text.n > 0) {
        dl_buf_put_str(out, out->n > 0 ? "; " : "");
        dl_buf_put_view(out, text);
    }
}

static void put_words_part(struct writer *w, enum dl_words words, struct dl_view arg)
{
    dl_buf_put_str(w->scratch, w->scratch->n > 0 ? "; " : "");
    dl_words_put(w->scratch, w->lang, words, &arg);
}

static enum dl_words kind_words(struct dl_view kind)
{
    if (dl_view_is(kind, "plant")) {
        return DL_WORDS_KIND_PLANT;
    }
    if (dl_view_is(kind, "preparation")) {
        return DL_WORDS_KIND_PREPARATION;
    }
    return dl_view_is(kind, "class") ? DL_WORDS_KIND_CLASS : DL_WORDS_KIND_CHEMICAL;
}

static enum dl_words stereo_words(struct dl_view stereo)
{
    if (dl_view_is(stereo, "defined")) {
        return DL_WORDS_STEREO_DEFINED;
    }
    if (dl_view_is(stereo, "partial")) {
        return DL_WORDS_STEREO_PARTIAL;
    }
    return dl_view_is(stereo, "undefined") ? DL_WORDS_STEREO_UNDEFINED : DL_WORDS_STEREO_NONE;
}

static void put_name_days(struct writer *w, const struct dl_candidate *candidate)
{
    char day[DL_DATE_TEXT];
    if (candidate->known_from > 0) {
        dl_day_text(candidate->known_from, day);
        put_words_part(w, DL_WORDS_DIFFERS_FROM, dl_view_str(day));
    }
    if (candidate->known_until > 0) {
        dl_day_text(candidate->known_until, day);
        put_words_part(w, DL_WORDS_DIFFERS_UNTIL, dl_view_str(day));
    }
}

/* Columns: key, name, kind, structured, CAS, formula, stereo, systematic name, conflict. */
static enum dl_err on_candidate(void *context, const struct dl_row *row)
{
    struct candidate *c = context;
    struct writer *w = c->w;
    bool chemical = dl_view_is(dl_row_text(row, 2), "chemical");
    put_text(w->out, "{\"id\":", dl_row_text(row, 0));
    put_text(w->out, ",\"name\":", dl_row_text(row, 1));
    put_text(w->out, ",\"cas\":", dl_row_text(row, 4));
    put_text(w->out,
             ",\"inchikey\":", dl_row_int(row, 3) ? dl_row_text(row, 0) : dl_view_of(NULL, 0));
    dl_buf_reset(w->scratch);
    if (!chemical) {
        put_words_part(w, kind_words(dl_row_text(row, 2)), dl_view_of(NULL, 0));
    }
    put_part(w->scratch, dl_row_text(row, 5));
    if (dl_row_text(row, 6).n > 0) {
        put_words_part(w, DL_WORDS_DIFFERS_STEREO,
                       dl_view_str(dl_words_text(w->lang, stereo_words(dl_row_text(row, 6)))));
    }
    put_part(w->scratch, dl_row_text(row, 7));
    put_name_days(w, c->candidate);
    put_part(w->scratch, dl_row_text(row, 8));
    put_text(w->out, ",\"differs\":", dl_buf_view(w->scratch));
    dl_buf_u8(w->out, '}');
    return DL_OK;
}

static enum dl_err put_candidates(struct writer *w)
{
    const struct dl_lookup *lookup = &w->status->lookup;
    dl_buf_reset(w->explanation);
    if (lookup->outcome == DL_LOOKUP_AMBIGUOUS &&
        dl_name_key(w->status->matched, w->explanation) != DL_OK) {
        dl_buf_reset(w->explanation); /* a number: no conflict of names explains it */
    }
    put_literal(w->out, ",\"candidates\":[");
    for (size_t i = 0; lookup->outcome == DL_LOOKUP_AMBIGUOUS && i < lookup->n_candidates; i++) {
        struct candidate candidate = {w, &lookup->candidate[i]};
        put_literal(w->out, i > 0 ? "," : "");
        DL_TRY(dl_store_run(
            w->status->reader->store,
            "SELECT s.key, s.name, s.kind, s.structured,"
            " (SELECT min(value) FROM identifier WHERE substance = s.id AND kind = 'cas' AND"
            "  role = 'own'),"
            " t.formula, t.stereo,"
            " (SELECT name FROM name WHERE substance = s.id AND kind = 'systematic' LIMIT 1),"
            " (SELECT c.explanation FROM conflict_substance u JOIN conflict c ON c.id = u.conflict"
            "  WHERE u.substance = s.id AND c.kind = 'name' AND c.name_key = ?2 LIMIT 1)"
            " FROM substance s LEFT JOIN structure t ON t.substance = s.id WHERE s.id = ?1",
            DL_SQL(DL_SQL_INT(lookup->candidate[i].substance),
                   DL_SQL_TEXT(dl_buf_view(w->explanation))),
            on_candidate, &candidate));
    }
    put_literal(w->out, "]");
    return DL_OK;
}

static void put_nearest(struct writer *w)
{
    const struct dl_lookup *lookup = &w->status->lookup;
    const char *name = (const char *)lookup->nearest.p;
    put_literal(w->out, ",\"nearest\":[");
    for (size_t i = 0; i < lookup->n_nearest; i++) {
        put_literal(w->out, i > 0 ? "," : "");
        dl_json_put_str(w->out, name);
        name += strlen(name) + 1;
    }
    put_literal(w->out, "]");
}

static void put_match(struct writer *w, const struct dl_status_row *row)
{
    put_literal(w->out, ",\"match\":{\"how\":\"");
    put_literal(w->out, dl_how_name(row->how));
    put_text(w->out, "\",\"clause\":",
             w->lang == DL_LANG_ZH && row->clause_zh.n > 0 ? row->clause_zh : row->clause);
    put_literal(w->out, ",\"explanation\":");
    if (row->explained) {
        put_said(w, &row->explanation);
    } else if (row->how == DL_HOW_NONE) {
        put_literal(w->out, "null");
    } else {
        dl_buf_put_view(w->out, dl_buf_view(w->explanation));
    }
    put_literal(w->out, "}");
}

static void put_reason(struct writer *w, const struct dl_status_row *row)
{
    put_literal(w->out, ",\"reason\":");
    if (row->n_reasons == 0) {
        put_literal(w->out, "null");
        return;
    }
    dl_buf_reset(w->scratch);
    for (size_t i = 0; i < row->n_reasons; i++) {
        dl_buf_put_str(w->scratch, i > 0 && w->lang == DL_LANG_EN ? " " : "");
        dl_words_put(w->scratch, w->lang, row->reason[i].words, row->reason[i].arg);
    }
    dl_json_put_string(w->out, dl_buf_view(w->scratch));
}

static const char *controlled_text(enum dl_standing standing)
{
    if (standing == DL_STANDING_REVIEW) {
        return "null";
    }
    return standing <= DL_STANDING_TEMPORARY ? "true" : "false";
}

/* What stands in a row that says that there is no listing. */
static struct dl_listing no_listing(void)
{
    static const char law[] = ",\"schedule\":null,\"list\":null,\"entry\":null,"
                              "\"announced\":null,\"in_force\":null,\"until\":null";
    static const char source[] = ",\"scope\":null,\"exemption\":null,\"instrument\":null,"
                                 "\"instrument_title\":null,\"source\":null,"
                                 "\"verification\":null,\"verification_dates\":null";
    static const char key[] = ",\"listing\":null,\"listed_by\":null";
    return (struct dl_listing){.law_json = dl_view_of(law, sizeof law - 1),
                               .source_json = dl_view_of(source, sizeof source - 1),
                               .key_json = dl_view_of(key, sizeof key - 1)};
}

static enum dl_err put_row(struct writer *w, const struct dl_status_row *row)
{
    struct dl_buf *out = w->out;
    const struct dl_jurisdiction *j = &w->status->reader->jurisdictions[row->jurisdiction];
    const struct dl_listing none = no_listing();
    const struct dl_listing *listing = &none;
    if (row->listing != 0) {
        DL_TRY(dl_reader_listing(w->status->reader, row->listing, &listing));
    }
    put_text(out, "{\"jurisdiction\":", dl_view_str(j->code));
    put_literal(out, ",\"controlled\":");
    put_literal(out, controlled_text(row->standing));
    put_literal(out, ",\"status\":\"");
    put_literal(out, dl_standing_name(row->standing));
    put_literal(out, "\"");
    put_octets(out, listing->law_json.p, listing->law_json.n);
    put_match(w, row);
    put_octets(out, listing->source_json.p, listing->source_json.n);
    put_reason(w, row);
    put_day(out, ",\"data_until\":", j->data_until);
    put_octets(out, listing->key_json.p, listing->key_json.n);
    put_literal(out, row->apart ? ",\"apart\":true}" : ",\"apart\":false}");
    return DL_OK;
}

static struct dl_said lookup_said(const struct dl_status *status)
{
    return dl__said(status->lookup.said, status->matched, dl_view_str(status->lookup.salt));
}

static enum dl_err put_answers(struct writer *w)
{
    struct dl_status *status = w->status;
    put_literal(w->out, ",\"answers\":[");
    if (dl_status_understood(status)) {
        struct dl_said said = lookup_said(status);
        dl_buf_reset(w->scratch);
        dl_buf_reset(w->explanation);
        dl_words_put(w->scratch, w->lang, said.words, said.arg);
        dl_json_put_string(w->explanation, dl_buf_view(w->scratch));
        for (size_t i = 0; i < status->n_rows; i++) {
            put_literal(w->out, i > 0 ? "," : "");
            DL_TRY(put_row(w, &status->row[i]));
        }
    }
    put_literal(w->out, "]}");
    return DL_OK;
}

static enum dl_err put_all(struct writer *w)
{
    static const char *const reasons[] = {"null", "\"ambiguous\"", "\"unknown\"", "\"malformed\"",
                                          "\"empty\""};
    struct dl_status *status = w->status;
    bool understood = dl_status_understood(status);
    put_literal(w->out, "{\"query\":");
    dl_json_put_string(w->out, status->query);
    put_text(w->out, ",\"on\":", dl_view_str(status->on));
    put_literal(w->out, understood ? ",\"understood\":true" : ",\"understood\":false");
    put_literal(w->out, ",\"reason\":");
    put_literal(w->out, reasons[status->lookup.outcome]);
    put_literal(w->out, ",\"detail\":");
    if (understood) {
        put_literal(w->out, "null");
    } else {
        struct dl_said said = lookup_said(status);
        put_said(w, &said);
    }
    DL_TRY(put_substance(w));
    DL_TRY(put_candidates(w));
    put_nearest(w);
    put_literal(w->out, ",\"similar\":");
    dl_likeness_put_json(status->similar, status->n_similar, w->out);
    DL_TRY(put_answers(w));
    return dl_buf_err(w->out);
}

enum dl_err dl_status_json(struct dl_status *status, enum dl_lang lang, struct dl_buf *out)
{
    struct writer w = {.status = status,
                       .lang = lang,
                       .out = out,
                       .scratch = &status->scratch,
                       .explanation = &status->explanation};
    size_t before = out->n;
    enum dl_err err = put_all(&w);
    if (err != DL_OK) {
        out->n = before;
    }
    return err;
}
