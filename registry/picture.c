#include "registry/picture.h"
#include "base/text.h"
#include "registry/layout.h"

#include <string.h>

/* In pixels, but for COLUMNS_: what a line of the legend holds. */
enum {
    WIDTH_ = 720,
    DRAWN_ = 460, /* height of the molecule (structure_worker_rdkit.cpp) */
    LINE_ = 20,
    LEFT_ = 28,
    TEXT_ = 56, /* left of the words, right of the swatches */
    COLUMNS_ = 88,
    WORDS_MAX_ = 64 * 1024
};

/* As structure_worker_rdkit.cpp draws them. */
static const char BLUE[] = "#bcd8f7";
static const char ORANGE[] = "#ffb366";
static const char YELLOW[] = "#fae666";

struct legend {
    struct dl_buf lines; /* SVG */
    int y;
};

int dl_picture_rule(const struct dl_status *status, const struct dl_rules *rules,
                    const struct dl_worker_answer *answer)
{
    int open = -1;
    for (size_t j = 0; j < status->n_asked; j++) {
        const char *code = status->reader->jurisdictions[status->asked[j]].code;
        for (size_t i = 0; i < answer->n_verdicts; i++) {
            const struct dl_worker_verdict *verdict = &answer->verdict[i];
            const struct dl_rule *rule = &rules->rule[verdict->rule];
            if (!dl_view_is(rule->jurisdiction, code) ||
                dl_rule_reach_on(rule, status->on) == DL_RULE_NO_LAW) {
                continue;
            }
            if (verdict->verdict == DL_RULE_INSIDE) {
                return verdict->rule;
            }
            open = open < 0 ? verdict->rule : open;
        }
    }
    return open;
}

static void put_line(struct legend *legend, struct dl_view line, int x, const char *style)
{
    dl_buf_printf(&legend->lines, "<text x=\"%d\" y=\"%d\"%s>", x, legend->y, style);
    dl_text_put_markup(&legend->lines, line);
    dl_buf_put_str(&legend->lines, "</text>\n");
    legend->y += LINE_;
}

/* Text wrapped at the width of the picture. */
static void put_text(struct legend *legend, struct dl_view text, int x, const char *style)
{
    struct dl_buf wrapped;
    struct dl_layout layout;
    dl_buf_init(&wrapped, WORDS_MAX_);
    dl_layout_init(&layout, &wrapped, false, COLUMNS_);
    dl_layout_put(&layout, text);
    dl_layout_end(&layout);
    struct dl_view left = dl_buf_view(&wrapped);
    while (left.n > 0) {
        const uint8_t *end = memchr(left.p, '\n', left.n);
        size_t n = end ? (size_t)(end - left.p) : left.n;
        put_line(legend, dl_view_of(left.p, n), x, style);
        left = dl_view_of(left.p + n + (end != NULL), left.n - n - (end != NULL));
    }
    dl_buf_fini(&wrapped);
}

static void put_swatch(struct legend *legend, const char *colour, int number)
{
    dl_buf_printf(&legend->lines,
                  "<rect x=\"%d\" y=\"%d\" width=\"20\" height=\"15\" rx=\"3\" fill=\"%s\"/>\n",
                  LEFT_, legend->y - 12, colour);
    if (number > 0) {
        dl_buf_printf(&legend->lines, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%d</text>\n",
                      LEFT_ + 10, legend->y, number);
    }
}

static struct dl_view in(enum dl_lang lang, struct dl_rule_text text)
{
    return lang == DL_LANG_ZH ? text.zh : text.en;
}

static void put_findings(struct legend *legend, const struct dl_picture *picture)
{
    const struct dl_rule *rule = &picture->rules->rule[picture->verdict->rule];
    const struct dl_rule_scaffold *scaffold = &rule->scaffold[picture->verdict->scaffold];
    struct dl_worker_verdict left = *picture->verdict;
    struct dl_worker_finding finding;
    struct dl_buf words;
    int number = 0;
    dl_buf_init(&words, WORDS_MAX_);
    while (dl_worker_finding_next(&left, &finding)) {
        if (finding.kind == DL_FOUND_ORIGINAL) {
            continue;
        }
        dl_buf_reset(&words);
        dl_rule_explain_finding(scaffold, &finding, picture->lang, &words);
        put_swatch(legend, finding.kind == DL_FOUND_CHANGED ? ORANGE : YELLOW, ++number);
        put_text(legend, dl_buf_view(&words), TEXT_, "");
    }
    dl_buf_fini(&words);
}

static void put_said(struct legend *legend, const struct dl_picture *picture, enum dl_words words,
                     struct dl_view a, struct dl_view b)
{
    const struct dl_view args[] = {a, b};
    struct dl_buf said;
    dl_buf_init(&said, WORDS_MAX_);
    dl_words_put(&said, picture->lang, words, args);
    put_text(legend, dl_buf_view(&said), LEFT_, "");
    dl_buf_fini(&said);
}

static void put_rule(struct legend *legend, const struct dl_picture *picture)
{
    const struct dl_rule *rule = &picture->rules->rule[picture->verdict->rule];
    const struct dl_rule_scaffold *scaffold = &rule->scaffold[picture->verdict->scaffold];
    bool open = picture->verdict->verdict == DL_RULE_REVIEW;
    enum dl_lang lang = picture->lang;
    put_said(legend, picture, open ? DL_WORDS_PICTURE_OPEN : DL_WORDS_PICTURE_INSIDE,
             in(lang, rule->title), dl_view_str(rule->id));
    put_text(legend, in(lang, rule->instrument), LEFT_, " fill=\"#555\"");
    legend->y += LINE_ / 4;
    put_swatch(legend, BLUE, 0);
    put_text(legend, in(lang, scaffold->name), TEXT_, "");
    put_findings(legend, picture);
    if (scaffold->open) {
        put_text(legend, in(lang, scaffold->reason), TEXT_, "");
    }
    if (rule->evidence_needed) {
        put_text(legend, in(lang, rule->evidence), TEXT_, "");
    }
}

/* What stands between <svg ...> and </svg>. */
static struct dl_view inner(struct dl_view svg)
{
    const uint8_t *open = svg.n > 0 ? memmem(svg.p, svg.n, "<svg", 4) : NULL;
    const uint8_t *end = svg.p + svg.n;
    const uint8_t *from = open ? memchr(open, '>', (size_t)(end - open)) : NULL;
    const uint8_t *to = from ? memmem(from, (size_t)(end - from), "</svg>", 6) : NULL;
    return to ? dl_view_of(from + 1, (size_t)(to - from - 1)) : dl_view_of(NULL, 0);
}

enum dl_err dl_picture_put(const struct dl_picture *picture, struct dl_buf *out)
{
    struct legend legend = {.y = DRAWN_ + LINE_};
    struct dl_view molecule = inner(picture->molecule);
    if (molecule.n == 0) {
        return DL_E_WORKER;
    }
    dl_buf_init(&legend.lines, (size_t)4 * WORDS_MAX_);
    put_text(&legend, picture->name, LEFT_, " font-weight=\"bold\"");
    put_said(&legend, picture, DL_WORDS_PICTURE_DAY, picture->inchikey, dl_view_str(picture->on));
    legend.y += LINE_ / 4;
    if (picture->verdict != NULL) {
        put_rule(&legend, picture);
    } else {
        put_said(&legend, picture, DL_WORDS_PICTURE_NONE, dl_view_of(NULL, 0), dl_view_of(NULL, 0));
    }
    int height = legend.y;
    dl_buf_printf(out,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg version=\"1.1\""
                  " xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                  " viewBox=\"0 0 %d %d\">\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
                  WIDTH_, height, WIDTH_, height, WIDTH_, height);
    dl_buf_put_view(out, molecule);
    dl_buf_put_str(out, "<g font-family=\"'Noto Sans', 'Noto Sans CJK SC', 'DejaVu Sans',"
                        " sans-serif\" font-size=\"14\" fill=\"#111\">\n");
    dl_buf_put_view(out, dl_buf_view(&legend.lines));
    dl_buf_put_str(out, "</g>\n</svg>\n");
    enum dl_err err = dl_buf_err(&legend.lines);
    dl_buf_fini(&legend.lines);
    return err == DL_OK ? dl_buf_err(out) : err;
}
