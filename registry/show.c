#include "registry/show.h"
#include "base/json.h"

#include <string.h>

enum {
    COLUMNS_MAX = 24,
    INDENT = 2,
    DETAIL_INDENT = 6,
    LABEL_COLUMNS = 12,
    SCRATCH_MAX = 64 * 1024
};

enum dl_err dl_show_find(struct dl_reader *reader, const struct dl_moment *moment,
                         struct dl_view id, int64_t *substance)
{
    static const char *const by_key[] = {
        "SELECT id FROM substance WHERE key = ?1 AND recorded_from <= ?2 AND"
        " (recorded_until IS NULL OR ?2 < recorded_until)",
        "SELECT subject FROM listing WHERE key = ?1 AND recorded_from <= ?2 AND"
        " (recorded_until IS NULL OR ?2 < recorded_until)"};
    *substance = 0;
    for (size_t i = 0; i < 2 && *substance == 0; i++) {
        DL_TRY(dl_store_run(reader->store, by_key[i],
                            DL_SQL(DL_SQL_TEXT(id), DL_SQL_INT(moment->version)), dl_row_take_int,
                            substance));
    }
    if (*substance != 0) {
        return DL_OK;
    }
    struct dl_lookup lookup;
    struct dl_query query;
    char plain[DL_QUERY_PLAIN];
    dl_lookup_init(&lookup);
    dl_query_read(id, &query, plain);
    enum dl_err err = dl_lookup_find(reader, moment, &query, false, &lookup);
    if (err == DL_OK && lookup.outcome == DL_LOOKUP_FOUND && !lookup.other_form) {
        *substance = lookup.candidate[0].substance;
    }
    dl_lookup_fini(&lookup);
    return err;
}

/* A list of objects: a query and the names of its columns. */
struct section {
    const char *key;
    const char *sql;
    enum dl_words label;
    int n_text; /* of the columns, those that people are shown */
    int n_bare; /* and of those, the ones that need no name */
    const char *columns[COLUMNS_MAX];
};

#define RECORDED(t)                                                                                \
    t ".recorded_from <= ?2 AND (" t ".recorded_until IS NULL OR ?2 < " t ".recorded_until)"

static const struct section SECTIONS[] = {
    {"names",
     "SELECT m.name, m.lang, m.kind, m.known_from, m.known_until, x.value, m.verification"
     " FROM name m JOIN text x ON x.id = m.source WHERE m.substance = ?1 AND " RECORDED("m"),
     DL_WORDS_LABEL_NAMES,
     5,
     3,
     {"name", "lang", "kind", "known_from", "known_until", "source", "verification"}},
    {"identifiers",
     "SELECT i.kind, i.value, i.role, x.value, i.verification"
     " FROM identifier i JOIN text x ON x.id = i.source WHERE i.substance = ?1 AND " RECORDED(
         "i") " ORDER BY i.kind, i.role, i.value",
     DL_WORDS_LABEL_NUMBERS,
     3,
     3,
     {"kind", "value", "role", "source", "verification"}},
    {"structures",
     "SELECT t.formula, t.smiles, t.inchi, s.key, t.stereo, t.method, x.value, t.verification,"
     " t.note FROM structure t JOIN substance s ON s.id = t.substance"
     " JOIN text x ON x.id = t.source WHERE t.substance = ?1 AND s.structured AND ?2 > 0",
     DL_WORDS_LABEL_STRUCTURE,
     5,
     1,
     {"formula", "smiles", "inchi", "inchikey", "stereo", "method", "source", "verification",
      "note"}},
    {"listings",
     "SELECT d.code, d.schedule, l.entry, l.in_force, l.until, k.relation, l.kind, j.code, l.key,"
     " l.announced, l.listed_by, l.gone_by, b.key, e.key, w.value, c.value, p.value, x.value,"
     " l.verification, l.verification_dates, o.value"
     " FROM link k JOIN listing l ON l.id = k.listing JOIN list d ON d.id = l.list"
     " JOIN jurisdiction j ON j.id = d.jurisdiction JOIN text x ON x.id = l.source"
     " LEFT JOIN instrument b ON b.id = l.instrument LEFT JOIN instrument e ON e.id = l.ended_by"
     " LEFT JOIN text w ON w.id = l.words LEFT JOIN text c ON c.id = l.scope"
     " LEFT JOIN text p ON p.id = l.exemption LEFT JOIN text o ON o.id = l.note"
     " WHERE k.substance = ?1 AND " RECORDED(
         "l") " ORDER BY j.code, coalesce(l.in_force, l.listed_by), d.code, l.entry",
     DL_WORDS_LABEL_HISTORY,
     0, /* told in words, by put_listing */
     0,
     {"list",         "schedule",           "entry",   "in_force",  "until",     "relation",
      "kind",         "jurisdiction",       "listing", "announced", "listed_by", "gone_by",
      "instrument",   "ended_by",           "words",   "scope",     "exemption", "source",
      "verification", "verification_dates", "note"}},
    {"conflicts",
     "SELECT c.kind, c.key, c.explanation, c.detail, c.source FROM conflict_substance u"
     " JOIN conflict c ON c.id = u.conflict WHERE u.substance = ?1 AND ?2 > 0",
     DL_WORDS_LABEL_CONFLICTS,
     3,
     3,
     {"kind", "key", "explanation", "detail", "source"}}};

struct shower {
    const struct section *section;
    struct dl_buf *out;
    struct dl_layout layout;
    enum dl_lang lang;
    struct dl_buf scratch;
    size_t n;
};

static void put_value(struct dl_buf *out, const struct dl_row *row, int column)
{
    if (dl_row_null(row, column) || dl_row_text(row, column).n == 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_json_put_string(out, dl_row_text(row, column));
    }
}

static enum dl_err on_json_row(void *context, const struct dl_row *row)
{
    struct shower *shower = context;
    dl_buf_put_str(shower->out, shower->n++ > 0 ? ",{" : "{");
    for (int i = 0; i < COLUMNS_MAX && shower->section->columns[i]; i++) {
        dl_buf_put_str(shower->out, i > 0 ? ",\"" : "\"");
        dl_buf_put_str(shower->out, shower->section->columns[i]);
        dl_buf_put_str(shower->out, "\":");
        put_value(shower->out, row, i);
    }
    dl_buf_u8(shower->out, '}');
    return dl_buf_err(shower->out);
}

static enum dl_err on_substance(void *context, const struct dl_row *row)
{
    struct shower *shower = context;
    static const char *const keys[] = {"{\"id\":", ",\"kind\":", ",\"name\":", ",\"name_zh\":"};
    for (int i = 0; i < 4; i++) {
        dl_buf_put_str(shower->out, keys[i]);
        put_value(shower->out, row, i);
    }
    return dl_buf_err(shower->out);
}

#define SUBSTANCE_SQL "SELECT key, kind, name, name_zh FROM substance WHERE id = ?1"

enum dl_err dl_show_json(struct dl_reader *reader, const struct dl_moment *moment,
                         int64_t substance, struct dl_buf *out)
{
    struct shower shower = {.out = out};
    DL_TRY(dl_store_run(reader->store, SUBSTANCE_SQL, DL_SQL(DL_SQL_INT(substance)), on_substance,
                        &shower));
    for (size_t i = 0; i < sizeof SECTIONS / sizeof SECTIONS[0]; i++) {
        shower.section = &SECTIONS[i];
        shower.n = 0;
        dl_buf_printf(out, ",\"%s\":[", SECTIONS[i].key);
        DL_TRY(dl_store_run(reader->store, SECTIONS[i].sql,
                            DL_SQL(DL_SQL_INT(substance), DL_SQL_INT(moment->version)), on_json_row,
                            &shower));
        dl_buf_u8(out, ']');
    }
    dl_buf_u8(out, '}');
    return dl_buf_err(out);
}

static enum dl_err on_heading(void *context, const struct dl_row *row)
{
    struct shower *shower = context;
    dl_layout_word(&shower->layout, DL_COLOR_BOLD, dl_row_text(row, 2), 0);
    if (dl_row_text(row, 3).n > 0) {
        dl_layout_str(&shower->layout, " · ");
        dl_layout_put(&shower->layout, dl_row_text(row, 3));
    }
    dl_layout_str(&shower->layout, "  ");
    dl_layout_put(&shower->layout, dl_row_text(row, 0));
    dl_layout_end(&shower->layout);
    return DL_OK;
}

/* One paragraph a row: the first column, then the others that say something, each with its name. */
static enum dl_err on_text_row(void *context, const struct dl_row *row)
{
    struct shower *shower = context;
    struct dl_layout *layout = &shower->layout;
    dl_layout_label(layout, INDENT, "", 0);
    layout->indent = INDENT + 2;
    for (int i = 0; i < shower->section->n_text; i++) {
        struct dl_view text = dl_row_text(row, i);
        if (dl_row_null(row, i) || text.n == 0) {
            continue;
        }
        dl_layout_str(layout, i == 0 ? "" : "  ");
        if (i >= shower->section->n_bare) {
            dl_layout_word(layout, DL_COLOR_DIM, dl_view_str(shower->section->columns[i]), 0);
            dl_layout_str(layout, " ");
        }
        dl_layout_put(layout, text);
    }
    return dl_buf_err(layout->out);
}

/* Columns of the query for listings. */
enum {
    LISTED_LIST,
    LISTED_SCHEDULE,
    LISTED_ENTRY,
    LISTED_IN_FORCE,
    LISTED_UNTIL,
    LISTED_RELATION,
    LISTED_KIND,
    LISTED_JURISDICTION,
    LISTED_LISTED_BY = 10,
    LISTED_GONE_BY,
    LISTED_INSTRUMENT,
    LISTED_ENDED_BY,
    LISTED_SCOPE = 15,
    LISTED_EXEMPTION
};

static void put_words(struct shower *shower, enum dl_words words, struct dl_view a)
{
    struct dl_view args[3] = {a};
    dl_buf_reset(&shower->scratch);
    dl_words_put(&shower->scratch, shower->lang, words, args);
    dl_layout_put(&shower->layout, dl_buf_view(&shower->scratch));
}

static void put_detail(struct shower *shower, enum dl_words label, struct dl_view text)
{
    if (text.n > 0) {
        dl_layout_label(&shower->layout, DETAIL_INDENT, dl_words_text(shower->lang, label),
                        LABEL_COLUMNS);
        dl_layout_put(&shower->layout, text);
    }
}

static void put_interval(struct shower *shower, const struct dl_row *row)
{
    bool known = !dl_row_null(row, LISTED_IN_FORCE);
    put_words(shower, known ? DL_WORDS_LABEL_SINCE : DL_WORDS_LABEL_BY,
              dl_row_text(row, known ? LISTED_IN_FORCE : LISTED_LISTED_BY));
    struct dl_view end = dl_row_text(row, LISTED_UNTIL);
    struct dl_view gone = dl_row_text(row, LISTED_GONE_BY);
    if (end.n + gone.n > 0) {
        dl_layout_str(&shower->layout, dl_words_text(shower->lang, DL_WORDS_COMMA));
        put_words(shower, end.n > 0 ? DL_WORDS_LABEL_UNTIL : DL_WORDS_LABEL_GONE_BY,
                  end.n > 0 ? end : gone);
    }
}

/* One list it stood or stands on, and when. */
static enum dl_err put_listing(void *context, const struct dl_row *row)
{
    struct shower *shower = context;
    struct dl_layout *layout = &shower->layout;
    dl_layout_label(layout, INDENT, "", 0);
    layout->indent = DETAIL_INDENT;
    dl_layout_word(layout, DL_COLOR_BOLD, dl_row_text(row, LISTED_JURISDICTION),
                   DETAIL_INDENT - INDENT);
    dl_layout_put(layout, dl_row_text(row, LISTED_LIST));
    dl_layout_str(layout, " ");
    dl_layout_put(layout, dl_row_text(row, LISTED_ENTRY));
    dl_layout_str(layout, "  ");
    dl_layout_put(layout, dl_row_text(row, LISTED_SCHEDULE));
    dl_layout_str(layout, "  ");
    put_interval(shower, row);
    if (!dl_view_is(dl_row_text(row, LISTED_KIND), "named")) {
        put_words(shower, DL_WORDS_IN_BRACKETS, dl_row_text(row, LISTED_KIND));
    }
    if (!dl_view_is(dl_row_text(row, LISTED_RELATION), "is")) {
        put_words(shower, DL_WORDS_IN_BRACKETS, dl_row_text(row, LISTED_RELATION));
    }
    put_detail(shower, DL_WORDS_LABEL_INSTRUMENT, dl_row_text(row, LISTED_INSTRUMENT));
    put_detail(shower, DL_WORDS_LABEL_ENDED_BY, dl_row_text(row, LISTED_ENDED_BY));
    put_detail(shower, DL_WORDS_LABEL_SCOPE, dl_row_text(row, LISTED_SCOPE));
    put_detail(shower, DL_WORDS_LABEL_EXEMPTION, dl_row_text(row, LISTED_EXEMPTION));
    return dl_buf_err(layout->out);
}

enum dl_err dl_show_text(struct dl_reader *reader, const struct dl_moment *moment,
                         int64_t substance, const struct dl_style *style, struct dl_buf *out)
{
    struct shower shower = {.out = out, .lang = style->lang};
    dl_buf_init(&shower.scratch, SCRATCH_MAX);
    dl_layout_init(&shower.layout, out, style->color, style->width);
    enum dl_err err = dl_store_run(reader->store, SUBSTANCE_SQL, DL_SQL(DL_SQL_INT(substance)),
                                   on_heading, &shower);
    for (size_t i = 0; err == DL_OK && i < sizeof SECTIONS / sizeof SECTIONS[0]; i++) {
        bool listings = SECTIONS[i].label == DL_WORDS_LABEL_HISTORY;
        shower.section = &SECTIONS[i];
        dl_layout_word(&shower.layout, DL_COLOR_BOLD,
                       dl_view_str(dl_words_text(style->lang, SECTIONS[i].label)), 0);
        err = dl_store_run(reader->store, SECTIONS[i].sql,
                           DL_SQL(DL_SQL_INT(substance), DL_SQL_INT(moment->version)),
                           listings ? put_listing : on_text_row, &shower);
        dl_layout_end(&shower.layout);
    }
    dl_buf_fini(&shower.scratch);
    return err == DL_OK ? dl_buf_err(out) : err;
}
