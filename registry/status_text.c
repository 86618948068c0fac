#include "base/text.h"
#include "registry/layout.h"
#include "registry/listing.h"
#include "registry/name.h"
#include "registry/status_gather.h"

#include <string.h>

enum { SENTENCE_MAX = 64 * 1024, MARK_COLUMNS = 7, LABEL_COLUMNS = 12 };

struct printer {
    struct dl_status *status;
    enum dl_lang lang;
    struct dl_layout layout;
    struct dl_buf scratch;
};

static const char *text_of(const struct printer *p, enum dl_words words)
{
    return dl_words_text(p->lang, words);
}

/* The substance and the salt have Chinese names for those who read Chinese. */
static struct dl_view in_language(const struct printer *p, struct dl_view text)
{
    const struct dl_status *s = p->status;
    if (p->lang != DL_LANG_ZH || text.n == 0) {
        return text;
    }
    if (s->substance_name_zh.n > 0 && dl_view_equal(text, s->substance_name)) {
        return s->substance_name_zh;
    }
    return dl_view_is(text, s->lookup.salt) ? dl_view_str(dl_name_salt_zh(s->lookup.salt)) : text;
}

static void put_said(struct printer *p, enum dl_words words, struct dl_view a, struct dl_view b)
{
    struct dl_view args[3] = {in_language(p, a), in_language(p, b)};
    dl_buf_reset(&p->scratch);
    dl_words_put(&p->scratch, p->lang, words, args);
    dl_layout_put(&p->layout, dl_buf_view(&p->scratch));
}

static void put_day_said(struct printer *p, enum dl_words words, dl_day day)
{
    char text[DL_DATE_TEXT];
    dl_day_text(day, text);
    put_said(p, words, dl_view_str(text), dl_view_of(NULL, 0));
}

/* A schedule in the language of the answer; views die with the scratch. */
static struct dl_view schedule_of(enum dl_lang lang, const char *schedule, struct dl_buf *scratch)
{
    static const enum dl_words named[] = {
        DL_WORDS_SCHEDULE_NARCOTIC, DL_WORDS_SCHEDULE_PSYCHOTROPIC_1,
        DL_WORDS_SCHEDULE_PSYCHOTROPIC_2, DL_WORDS_SCHEDULE_NON_PHARMACEUTICAL};
    struct dl_view args[3] = {dl_view_str(schedule)};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (strcmp(schedule, dl_words_text(DL_LANG_EN, named[i])) == 0) {
            return dl_view_str(dl_words_text(lang, named[i]));
        }
    }
    bool is_number = strspn(schedule, "IV") == strlen(schedule);
    if (!is_number && strlen(schedule) != 1) {
        return args[0];
    }
    dl_buf_reset(scratch);
    dl_words_put(scratch, lang, is_number ? DL_WORDS_SCHEDULE_NUMBER : DL_WORDS_SCHEDULE_CLASS,
                 args);
    return dl_buf_view(scratch);
}

static enum dl_words mark_words(enum dl_standing standing)
{
    static const enum dl_words words[] = {DL_WORDS_YES,  DL_WORDS_YES, DL_WORDS_OPEN,
                                          DL_WORDS_SOON, DL_WORDS_WAS, DL_WORDS_NO};
    return words[standing];
}

static enum dl_color mark_color(enum dl_standing standing)
{
    static const enum dl_color colors[] = {DL_COLOR_RED,    DL_COLOR_RED,    DL_COLOR_YELLOW,
                                           DL_COLOR_YELLOW, DL_COLOR_YELLOW, DL_COLOR_GREEN};
    return colors[standing];
}

static enum dl_words standing_words(enum dl_standing standing)
{
    static const enum dl_words words[] = {DL_WORDS_STATUS_CONTROLLED, DL_WORDS_STATUS_TEMPORARY,
                                          DL_WORDS_STATUS_REVIEW,     DL_WORDS_STATUS_ANNOUNCED,
                                          DL_WORDS_STATUS_ENDED,      DL_WORDS_STATUS_NOT_LISTED};
    return words[standing];
}

static enum dl_words verified_words(struct dl_view word)
{
    static const struct {
        const char *word;
        enum dl_words words;
    } known[] = {{"official", DL_WORDS_VERIFIED_OFFICIAL},
                 {"two-sources", DL_WORDS_VERIFIED_TWO},
                 {"secondary", DL_WORDS_VERIFIED_SECONDARY},
                 {"announcement", DL_WORDS_VERIFIED_ANNOUNCEMENT},
                 {"notice", DL_WORDS_VERIFIED_NOTICE}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (dl_view_is(word, known[i].word)) {
            return known[i].words;
        }
    }
    return DL_WORDS_VERIFIED_MEMORY;
}

static enum dl_err on_cas(void *context, const struct dl_row *row)
{
    struct printer *p = context;
    dl_layout_str(&p->layout, "  CAS ");
    dl_layout_put(&p->layout, dl_row_text(row, 0));
    return DL_OK;
}

/* The name of the substance in the language of the answer first. */
static enum dl_err put_heading(struct printer *p)
{
    struct dl_status *s = p->status;
    struct dl_view name = p->lang == DL_LANG_ZH && s->substance_name_zh.n > 0 ? s->substance_name_zh
                                                                              : s->substance_name;
    struct dl_view other = name.p == s->substance_name.p ? s->substance_name_zh : s->substance_name;
    dl_layout_word(&p->layout, DL_COLOR_BOLD, name.n > 0 ? name : s->query, 0);
    if (other.n > 0) {
        dl_layout_str(&p->layout, " · ");
        dl_layout_put(&p->layout, other);
    }
    if (s->lookup.salt[0] != '\0') {
        put_said(p, DL_WORDS_IN_BRACKETS, dl_view_str(s->lookup.salt), dl_view_of(NULL, 0));
    }
    DL_TRY(dl_store_run(s->reader->store,
                        "SELECT value FROM identifier WHERE substance = ?1 AND kind = 'cas' AND"
                        " role = 'own' AND recorded_until IS NULL",
                        DL_SQL(DL_SQL_INT(s->substance)), on_cas, p));
    if (s->inchikey.n > 0) {
        dl_layout_str(&p->layout, "  ");
        dl_layout_put(&p->layout, s->inchikey);
    }
    dl_layout_end(&p->layout);
    return DL_OK;
}

static void put_since(struct printer *p, const struct dl_status_row *row)
{
    if (row->list == NULL) {
        return;
    }
    dl_layout_str(&p->layout, text_of(p, DL_WORDS_COMMA));
    if (row->in_force == 0) {
        put_day_said(p, DL_WORDS_LABEL_BY, row->listed_by);
    } else {
        put_day_said(
            p, row->standing == DL_STANDING_ANNOUNCED ? DL_WORDS_LABEL_FROM : DL_WORDS_LABEL_SINCE,
            row->in_force);
    }
    if (row->until > 0) {
        dl_layout_str(&p->layout, text_of(p, DL_WORDS_COMMA));
        put_day_said(p, DL_WORDS_LABEL_UNTIL, row->until);
    }
}

static void put_code(struct printer *p, const struct dl_status_row *row)
{
    const struct dl_jurisdiction *j = &p->status->reader->jurisdictions[row->jurisdiction];
    dl_layout_word(&p->layout, DL_COLOR_BOLD, dl_view_str(j->code), 4);
}

/* One line a row: the glance. */
static void put_glance(struct printer *p, const struct dl_status_row *row)
{
    dl_layout_str(&p->layout, "  ");
    put_code(p, row);
    dl_layout_word(&p->layout, mark_color(row->standing),
                   dl_view_str(text_of(p, mark_words(row->standing))), MARK_COLUMNS);
    p->layout.indent = 2 + 4 + MARK_COLUMNS;
    if (row->list) {
        dl_layout_put(&p->layout, schedule_of(p->lang, row->list->schedule, &p->scratch));
        dl_layout_str(&p->layout, "  ");
        dl_layout_str(&p->layout, row->list->code);
        dl_layout_str(&p->layout, " ");
        dl_layout_put(&p->layout, row->entry);
        put_since(p, row);
    } else {
        dl_layout_str(&p->layout, text_of(p, standing_words(row->standing)));
    }
    if (row->list && row->standing > DL_STANDING_CONTROLLED) {
        put_said(p, DL_WORDS_IN_BRACKETS, dl_view_str(text_of(p, standing_words(row->standing))),
                 dl_view_of(NULL, 0));
    }
    dl_layout_end(&p->layout);
}

static void put_label(struct printer *p, enum dl_words label)
{
    dl_layout_label(&p->layout, 6, text_of(p, label), LABEL_COLUMNS);
}

static enum dl_err put_shared(struct printer *p, enum dl_words label, int64_t id)
{
    struct dl_shared_text text = {.plain = dl_view_of(NULL, 0)};
    DL_TRY(dl_reader_text(p->status->reader, id, &text));
    if (text.plain.n > 0) {
        put_label(p, label);
        dl_layout_put(&p->layout, text.plain);
    }
    return DL_OK;
}

static void put_match(struct printer *p, const struct dl_status_row *row)
{
    if (row->explained) {
        put_label(p, DL_WORDS_LABEL_MATCH);
        put_said(p, row->explanation.words, row->explanation.arg[0], row->explanation.arg[1]);
    } else if (row->how != DL_HOW_NONE) {
        put_label(p, DL_WORDS_LABEL_MATCH);
        put_said(p, p->status->lookup.said, p->status->matched,
                 dl_view_str(p->status->lookup.salt));
    }
    if (row->clause.n > 0) {
        put_label(p, DL_WORDS_LABEL_CLAUSE);
        dl_layout_put(&p->layout,
                      p->lang == DL_LANG_ZH && row->clause_zh.n > 0 ? row->clause_zh : row->clause);
    }
}

static enum dl_err put_instrument(struct printer *p, const struct dl_listing *listing)
{
    struct dl_shared_instrument instrument;
    DL_TRY(dl_reader_instrument(p->status->reader, listing->instrument, &instrument));
    struct dl_view title = p->lang == DL_LANG_ZH ? instrument.local : instrument.title;
    put_label(p, DL_WORDS_LABEL_INSTRUMENT);
    title = title.n > 0 ? title : instrument.title;
    dl_layout_put(&p->layout, title.n > 0 ? title : dl_view_str(text_of(p, DL_WORDS_NOT_KNOWN)));
    return DL_OK;
}

static void put_checked(struct printer *p, const struct dl_listing *listing)
{
    put_label(p, DL_WORDS_LABEL_CHECKED);
    dl_layout_str(&p->layout, text_of(p, verified_words(listing->verification)));
    if (listing->verification_dates.n > 0 &&
        !dl_view_equal(listing->verification_dates, listing->verification)) {
        dl_layout_str(&p->layout, text_of(p, DL_WORDS_SEMICOLON));
        dl_layout_str(&p->layout, text_of(p, DL_WORDS_LABEL_DATES));
        dl_layout_str(&p->layout, text_of(p, verified_words(listing->verification_dates)));
    }
}

/* What the listing says of itself. Each part is put before the next is read: reading may replace
 * what was read before. */
static enum dl_err put_listing(struct printer *p, int64_t id)
{
    const struct dl_listing *listing = NULL;
    DL_TRY(dl_reader_listing(p->status->reader, id, &listing));
    DL_TRY(put_shared(p, DL_WORDS_LABEL_SCOPE, listing->scope));
    DL_TRY(put_shared(p, DL_WORDS_LABEL_EXEMPTION, listing->exemption));
    DL_TRY(put_instrument(p, listing));
    DL_TRY(put_shared(p, DL_WORDS_LABEL_SOURCE, listing->source));
    put_checked(p, listing);
    return DL_OK;
}

static enum dl_err put_details(struct printer *p, const struct dl_status_row *row)
{
    dl_layout_str(&p->layout, "  ");
    put_code(p, row);
    p->layout.indent = 6;
    if (row->list) {
        bool zh = p->lang == DL_LANG_ZH && row->list->title_zh[0] != '\0';
        const char *title = zh ? row->list->title_zh : row->list->title;
        dl_layout_str(&p->layout, title);
        dl_layout_str(&p->layout, " · ");
        dl_layout_put(&p->layout, row->entry);
        dl_layout_str(&p->layout, " · ");
    }
    dl_layout_str(&p->layout, text_of(p, standing_words(row->standing)));
    for (size_t i = 0; i < row->n_reasons; i++) {
        const struct dl_said *said = &row->reason[i];
        put_label(p, DL_WORDS_LABEL_REASON);
        put_said(p, said->words, said->arg[0], said->arg[1]);
    }
    put_match(p, row);
    if (row->listing != 0) {
        DL_TRY(put_listing(p, row->listing));
    }
    dl_layout_end(&p->layout);
    return DL_OK;
}

static enum dl_err on_candidate(void *context, const struct dl_row *row)
{
    struct printer *p = context;
    p->layout.indent = 4;
    dl_layout_str(&p->layout, "  ");
    dl_layout_word(&p->layout, DL_COLOR_BOLD, dl_row_text(row, 0), 0);
    if (dl_row_text(row, 1).n > 0) {
        dl_layout_str(&p->layout, " · ");
        dl_layout_put(&p->layout, dl_row_text(row, 1));
    }
    for (int i = 2; i <= 5; i++) {
        if (dl_row_text(row, i).n > 0) {
            dl_layout_str(&p->layout, i == 2 ? "  CAS " : "  ");
            dl_layout_put(&p->layout, dl_row_text(row, i));
        }
    }
    dl_layout_end(&p->layout);
    return DL_OK;
}

static enum dl_err put_candidates(struct printer *p)
{
    const struct dl_lookup *lookup = &p->status->lookup;
    for (size_t i = 0; lookup->outcome == DL_LOOKUP_AMBIGUOUS && i < lookup->n_candidates; i++) {
        DL_TRY(dl_store_run(
            p->status->reader->store,
            "SELECT s.name, s.name_zh, (SELECT min(value) FROM identifier WHERE substance = s.id"
            " AND kind = 'cas' AND role = 'own'), s.key, t.formula,"
            " (SELECT name FROM name WHERE substance = s.id AND kind = 'systematic' LIMIT 1)"
            " FROM substance s LEFT JOIN structure t ON t.substance = s.id WHERE s.id = ?1",
            DL_SQL(DL_SQL_INT(lookup->candidate[i].substance)), on_candidate, p));
    }
    return DL_OK;
}

static enum dl_err put_not_understood(struct printer *p)
{
    const struct dl_lookup *lookup = &p->status->lookup;
    bool ambiguous = lookup->outcome == DL_LOOKUP_AMBIGUOUS;
    dl_layout_word(&p->layout, DL_COLOR_YELLOW,
                   dl_view_str(text_of(p, ambiguous ? DL_WORDS_LABEL_IS_AMBIGUOUS
                                                    : DL_WORDS_LABEL_NOT_UNDERSTOOD)),
                   0);
    dl_layout_str(&p->layout, text_of(p, DL_WORDS_COLON));
    dl_layout_put(&p->layout, p->status->query);
    dl_layout_end(&p->layout);
    dl_layout_str(&p->layout, "  ");
    p->layout.indent = 2;
    put_said(p, lookup->said, p->status->matched, dl_view_of(NULL, 0));
    dl_layout_end(&p->layout);
    DL_TRY(put_candidates(p));
    const char *name = (const char *)lookup->nearest.p;
    for (size_t i = 0; i < lookup->n_nearest; i++) {
        dl_layout_str(&p->layout, i == 0 ? "  " : " · ");
        if (i == 0) {
            dl_layout_str(&p->layout, text_of(p, DL_WORDS_LABEL_NEAREST));
            dl_layout_str(&p->layout, text_of(p, DL_WORDS_COLON));
        }
        dl_layout_str(&p->layout, name);
        name += strlen(name) + 1;
    }
    if (lookup->n_nearest > 0) {
        dl_layout_end(&p->layout);
    }
    return DL_OK;
}

/* A section of its own, after all that is law. */
static void put_similar(struct printer *p)
{
    const struct dl_status *status = p->status;
    p->layout.indent = 0;
    if (status->n_similar > 0) {
        dl_layout_end(&p->layout);
        dl_layout_str(&p->layout, text_of(p, DL_WORDS_LABEL_SIMILAR));
        dl_layout_end(&p->layout);
    }
    for (size_t i = 0; i < status->n_similar; i++) {
        int hundredths = status->similar[i].thousandths / 10;
        dl_buf_reset(&p->scratch);
        dl_buf_printf(&p->scratch, "  %d.%02d  ", hundredths / 100, hundredths % 100);
        p->layout.indent = 8;
        dl_layout_put(&p->layout, dl_buf_view(&p->scratch));
        dl_layout_put(&p->layout, status->similar[i].name);
        dl_layout_str(&p->layout, "  ");
        dl_layout_put(&p->layout, status->similar[i].key);
        dl_layout_end(&p->layout);
    }
}

static enum dl_err put_all(struct printer *p)
{
    struct dl_status *status = p->status;
    if (!dl_status_understood(status)) {
        return put_not_understood(p);
    }
    DL_TRY(put_heading(p));
    put_said(p, DL_WORDS_LABEL_ON, dl_view_str(status->on), dl_view_of(NULL, 0));
    dl_layout_end(&p->layout);
    dl_layout_end(&p->layout);
    for (size_t i = 0; i < status->n_rows; i++) {
        put_glance(p, &status->row[i]);
    }
    dl_layout_end(&p->layout);
    for (size_t i = 0; i < status->n_rows; i++) {
        DL_TRY(put_details(p, &status->row[i]));
    }
    put_similar(p);
    return dl_buf_err(p->layout.out);
}

enum dl_err dl_status_text(struct dl_status *status, const struct dl_style *style,
                           struct dl_buf *out)
{
    struct printer p = {.status = status, .lang = style->lang};
    dl_layout_init(&p.layout, out, style->color, style->width);
    dl_buf_init(&p.scratch, SENTENCE_MAX);
    enum dl_err err = put_all(&p);
    dl_buf_fini(&p.scratch);
    return err;
}

static void put_short(struct dl_buf *out, const struct dl_status *status, size_t i,
                      enum dl_lang lang)
{
    const struct dl_status_row *row = &status->row[i];
    bool same = i > 0 && status->row[i - 1].jurisdiction == row->jurisdiction;
    dl_buf_put_str(out, i == 0 ? "  " : same ? ", " : "; ");
    if (!same) {
        dl_buf_put_str(out, status->reader->jurisdictions[row->jurisdiction].code);
        dl_buf_u8(out, ' ');
    }
    dl_buf_put_str(out, dl_words_text(lang, mark_words(row->standing)));
    if (row->list) {
        struct dl_buf scratch;
        dl_buf_init(&scratch, SENTENCE_MAX);
        dl_buf_u8(out, ' ');
        dl_buf_put_view(out, schedule_of(lang, row->list->schedule, &scratch));
        dl_buf_fini(&scratch);
    }
}

enum dl_err dl_status_line(struct dl_status *status, const struct dl_style *style,
                           struct dl_buf *out)
{
    const struct dl_lookup *lookup = &status->lookup;
    dl_text_show(out, status->query, true);
    dl_buf_u8(out, '\t');
    if (dl_status_understood(status)) {
        dl_text_show(out, status->substance_name, true);
        for (size_t i = 0; i < status->n_rows; i++) {
            put_short(out, status, i, style->lang);
        }
    } else {
        dl_words_put(out, style->lang, lookup->said, NULL);
        const char *name = (const char *)lookup->nearest.p;
        for (size_t i = 0; i < lookup->n_nearest; i++, name += strlen(name) + 1) {
            dl_buf_put_str(out, i == 0 ? "  " : " · ");
            dl_text_show(out, dl_view_str(name), true);
        }
    }
    dl_buf_u8(out, '\n');
    return dl_buf_err(out);
}
