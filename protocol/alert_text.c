#include "protocol/alert_text.h"
#include "base/encoding.h"
#include "base/text.h"

#include <string.h>

enum say {
    SAY_TEXT,  /* as it stands */
    SAY_WORD,  /* a word of the schema, which has a translation */
    SAY_SPELL, /* letter by letter */
    SAY_NOT    /* not read aloud: the check words cover it */
};

struct label {
    const char *key, *en, *zh;
    enum say say;
};

/* In the order in which people read them. A key means the same wherever it stands. */
static const struct label labels[] = {
    {"headline", "Headline", "标题", SAY_TEXT},
    {"urgency", "Urgency", "紧急程度", SAY_WORD},
    {"to", "The line is now", "线路状态", SAY_WORD},
    {"as", "Acknowledged as", "确认为", SAY_WORD},
    {"by", "By", "签收人", SAY_TEXT},
    {"note", "Note", "备注", SAY_TEXT},
    {"reason", "Reason", "理由", SAY_TEXT},
    {"sent_in_error", "Sent in error", "误发", SAY_TEXT},
    {"thread", "Belongs to", "所属条目", SAY_SPELL},
    {"substance", "Substance", "物质", SAY_TEXT},
    {"names", "Name", "名称", SAY_TEXT},
    {"cas", "CAS number", "CAS 号", SAY_SPELL},
    {"inchikey", "InChIKey", "InChIKey", SAY_SPELL},
    {"unii", "UNII", "UNII", SAY_SPELL},
    {"formula", "Formula", "分子式", SAY_SPELL},
    {"smiles", "SMILES", "SMILES", SAY_NOT},
    {"basis", "Found in", "来源", SAY_WORD},
    {"confidence", "Confidence", "确认程度", SAY_WORD},
    {"first_detected", "First detected", "首次检出", SAY_SPELL},
    {"methods", "Method", "检验方法", SAY_TEXT},
    {"sample", "Sample", "样品", SAY_TEXT},
    {"form", "Form", "形态", SAY_TEXT},
    {"amount", "Amount", "数量", SAY_TEXT},
    {"place", "Place", "地点", SAY_TEXT},
    {"collected", "Collected on", "采集日期", SAY_SPELL},
    {"handling", "Handling", "知悉范围", SAY_WORD},
    {"contact", "Contact", "联系人", SAY_TEXT},
    {"text", "Text", "正文", SAY_NOT},
    {"en", "English", "英文", SAY_NOT},
    {"zh", "Chinese", "中文", SAY_NOT},
    {"und", "Language not said", "语种未注明", SAY_NOT},
    {"previous", "The journal before", "前一代日志", SAY_NOT},
    {"checkpoint", "Its last checkpoint", "最后检查点", SAY_NOT},
    {"receipt", "Its last receipt", "最后回执", SAY_NOT},
};
enum { LABELS = sizeof labels / sizeof labels[0] };

static const struct {
    const char *word, *zh;
} words[] = {
    {"routine", "平件"},
    {"priority", "加急"},
    {"immediate", "特急"},
    {"seizure", "缴获物"},
    {"collected", "采集样品"},
    {"biological", "生物检材"},
    {"market", "市场监测"},
    {"other", "其他"},
    {"presumptive", "初步筛查"},
    {"confirmed", "已确证"},
    {"reference-standard", "已与标准物质比对"},
    {"restricted", "限收件机构"},
    {"agencies", "限各机构"},
    {"public", "可公开"},
    {"seen", "已阅"},
    {"accepted", "已受理"},
    {"acted", "已处置"},
    {"suspended", "已暂停"},
    {"active", "已恢复"},
    {"renewed", "已换代"},
    {"actual", "真实"},
    {"exercise", "演习"},
    {"test", "测试"},
};

static const char *const check_words[256] = {
#include "protocol/check_words.def"
};

static const char *const letters[26] = {
    "Alfa",    "Bravo", "Charlie", "Delta",  "Echo",     "Foxtrot", "Golf",   "Hotel",  "India",
    "Juliett", "Kilo",  "Lima",    "Mike",   "November", "Oscar",   "Papa",   "Quebec", "Romeo",
    "Sierra",  "Tango", "Uniform", "Victor", "Whiskey",  "X-ray",   "Yankee", "Zulu"};
static const char *const digits_en[10] = {"zero", "one", "two",   "three", "four",
                                          "five", "six", "seven", "eight", "nine"};
static const char *const digits_zh[10] = {"零", "幺", "二", "三", "四",
                                          "五", "六", "七", "八", "九"};

struct telling {
    struct dl_buf *out;
    bool zh, aloud;
    unsigned line; /* the last number said aloud */
};

/* ---- values ---- */

/* What follows stands on lines of its own. */
static void drop_blank(struct dl_buf *out)
{
    if (out->err == DL_OK && out->n > 0 && out->p[out->n - 1] == ' ') {
        out->n--;
    }
}

static void put_text(struct telling *t, struct dl_view text, unsigned depth)
{
    const uint8_t *end = text.n == 0 ? NULL : memchr(text.p, '\n', text.n);
    if (end == NULL) {
        dl_text_show(t->out, text, true);
        return;
    }
    drop_blank(t->out);
    while (text.n > 0) {
        size_t n = end == NULL ? text.n : (size_t)(end - text.p);
        dl_buf_printf(t->out, "\n%*s| ", (int)(2 * depth + 4), "");
        dl_text_show(t->out, dl_view_of(text.p, n), true);
        n += end != NULL;
        text = dl_view_of(text.p + n, text.n - n);
        end = text.n == 0 ? NULL : memchr(text.p, '\n', text.n);
    }
}

static void put_word(struct telling *t, struct dl_view text)
{
    for (size_t i = 0; t->zh && i < sizeof words / sizeof words[0]; i++) {
        if (dl_view_is(text, words[i].word)) {
            dl_buf_put_str(t->out, words[i].zh);
            return;
        }
    }
    dl_text_show(t->out, text, true);
}

static void spell_one(struct telling *t, uint8_t c)
{
    if (c >= '0' && c <= '9') {
        dl_buf_put_str(t->out, t->zh ? digits_zh[c - '0'] : digits_en[c - '0']);
    } else if (c >= 'A' && c <= 'Z') {
        dl_buf_put_str(t->out, letters[c - 'A']);
    } else if (c >= 'a' && c <= 'z') {
        dl_buf_printf(t->out, "%s %s", t->zh ? "小写" : "small", letters[c - 'a']);
    } else if (c == '-') {
        dl_buf_put_str(t->out, t->zh ? "横线" : "dash");
    } else if (c == '.') {
        dl_buf_put_str(t->out, t->zh ? "点" : "point");
    } else if (c == '/') {
        dl_buf_put_str(t->out, t->zh ? "斜线" : "slash");
    } else if (c == '_') {
        dl_buf_put_str(t->out, t->zh ? "下划线" : "underline");
    } else {
        dl_text_show(t->out, dl_view_of(&c, 1), true);
    }
}

enum { BREATH = 4 }; /* symbols between two pauses */

static void put_spelled(struct telling *t, struct dl_view text)
{
    size_t i = 0;
    while (i < text.n) {
        size_t n = 0;
        dl_buf_put_str(t->out, i == 0 ? "" : i % BREATH == 0 ? ", " : " ");
        (void)dl_text_decode(dl_view_of(text.p + i, text.n - i), &n);
        if (n == 1) {
            spell_one(t, text.p[i]);
        } else { // a formula may hold a middle dot
            dl_text_show(t->out, dl_view_of(text.p + i, n), true);
        }
        i += n;
    }
    dl_buf_put_str(t->out, "  (");
    dl_text_show(t->out, text, true);
    dl_buf_put_str(t->out, ")");
}

static void put_scalar(struct telling *t, const struct label *label, const json_t *value,
                       unsigned depth)
{
    struct dl_view text = dl_view_of(json_string_value(value), json_string_length(value));
    switch (json_typeof(value)) {
    case JSON_STRING:
        if (label->say == SAY_WORD) {
            put_word(t, text);
        } else if (label->say == SAY_SPELL && t->aloud) {
            put_spelled(t, text);
        } else {
            put_text(t, text, depth);
        }
        break;
    case JSON_INTEGER:
        dl_buf_printf(t->out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_TRUE:
        dl_buf_put_str(t->out, t->zh ? "是" : "yes");
        break;
    case JSON_FALSE:
        dl_buf_put_str(t->out, t->zh ? "否" : "no");
        break;
    default:
        dl_buf_put_str(t->out, t->zh ? "无" : "none");
        break;
    }
}

/* ---- lines ---- */

static void open_line(struct telling *t, const struct label *label, unsigned depth)
{
    if (t->aloud) {
        dl_buf_printf(t->out, "%3u. ", ++t->line);
    } else {
        dl_buf_printf(t->out, "%*s", (int)(2 * depth + 2), "");
    }
    dl_text_show(t->out, dl_view_str(t->zh ? label->zh : label->en), true);
    dl_buf_put_str(t->out, t->zh ? "：" : ": ");
}

static void tell_object(struct telling *t, const json_t *object, unsigned depth);

static void tell(struct telling *t, const struct label *label, const json_t *value, unsigned depth)
{
    const json_t *name = json_object_get(value, "name");
    const json_t *lang = json_object_get(value, "lang");
    if (t->aloud && label->say == SAY_NOT) {
        return;
    }
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            tell(t, label, json_array_get(value, i), depth);
        }
    } else if (json_is_string(name) && json_is_string(lang)) {
        open_line(t, label, depth);
        put_scalar(t, label, name, depth);
        dl_buf_put_str(t->out, " (");
        put_scalar(t, label, lang, depth);
        dl_buf_put_str(t->out, ")\n");
    } else if (json_is_object(value)) {
        if (!t->aloud) {
            open_line(t, label, depth);
            drop_blank(t->out);
            dl_buf_put_str(t->out, "\n");
        }
        tell_object(t, value, depth + 1);
    } else {
        open_line(t, label, depth);
        put_scalar(t, label, value, depth);
        dl_buf_put_str(t->out, "\n");
    }
}

static const struct label *label_of(const char *key)
{
    for (size_t i = 0; i < LABELS; i++) {
        if (strcmp(labels[i].key, key) == 0) {
            return &labels[i];
        }
    }
    return NULL;
}

static void tell_object(struct telling *t, const json_t *object, unsigned depth)
{
    for (size_t i = 0; i < LABELS; i++) {
        const json_t *member = json_object_get(object, labels[i].key);
        if (member != NULL) {
            tell(t, &labels[i], member, depth);
        }
    }
    const char *key = NULL;
    json_t *member = NULL;
    json_object_foreach((json_t *)object, key, member)
    { // the macro wants a non-const object
        if (label_of(key) == NULL) {
            tell(t, &(struct label){key, key, key, SAY_TEXT}, member, depth);
        }
    }
}

void dl_content_show(struct dl_buf *out, const json_t *content, bool zh)
{
    struct telling t = {.out = out, .zh = zh};
    tell_object(&t, content, 0);
}

/* ---- aloud ---- */

void dl_check_words(struct dl_view octets, const char *out[DL_CHECK_WORDS])
{
    struct dl_hash hash = dl_sha256(octets);
    for (size_t i = 0; i < DL_CHECK_WORDS; i++) {
        out[i] = check_words[hash.b[i]];
        DL_ASSERT(out[i] != NULL, "every octet has a check word");
    }
}

static void say_line(struct telling *t, const char *en, const char *zh)
{
    open_line(t, &(struct label){NULL, en, zh, SAY_TEXT}, 0);
}

static void say_marking(struct telling *t, enum dl_marking marking)
{
    const char *name = dl_marking_name(marking);
    say_line(t, "Marking", "标识");
    for (int i = 0; i < (marking == DL_MARKING_ACTUAL ? 1 : 3); i++) {
        dl_buf_put_str(t->out, i > 0 ? ", " : "");
        put_word(t, dl_view_str(name));
    }
    dl_buf_put_str(t->out, "\n");
}

void dl_entry_read_aloud(struct dl_buf *out, const struct dl_aloud *what, bool zh)
{
    struct telling t = {.out = out, .zh = zh, .aloud = true};
    const char *said[DL_CHECK_WORDS];
    char time[DL_TIME_TEXT];
    DL_ASSERT(what->leaf->marking != DL_MARKING_NONE, "I8");
    dl_buf_put_str(out, zh ? "电话宣读稿。逐行宣读，对方逐行记录并复诵。\n"
                           : "To be read aloud. Say one line at a time; the other side writes it "
                             "down and says it back.\n");
    say_marking(&t, what->leaf->marking);
    say_line(&t, "From agency", "发送机构");
    put_spelled(&t, what->agency);
    dl_buf_put_str(out, "\n");
    say_line(&t, "Entry", "条目");
    put_spelled(&t, what->leaf->id);
    dl_buf_printf(out, "\n%3u. %s%.*s\n", ++t.line,
                  zh ? "类别：" : "Kind: ", DL_VIEW_ARG(what->leaf->kind_name));
    dl_time_encode(what->leaf->time_ms, time);
    dl_buf_printf(out, "%3u. %s%.10s %.5s UTC\n", ++t.line, zh ? "时间：" : "Time: ", time,
                  time + 11);
    tell_object(&t, what->content, 0);
    dl_check_words(what->octets, said);
    say_line(&t, "Check words", "校验词");
    for (size_t i = 0; i < DL_CHECK_WORDS; i++) {
        dl_buf_printf(out, "%s%s", i == 0 ? "" : i % BREATH == 0 ? ", " : " ", said[i]);
    }
    dl_buf_put_str(
        out, zh ? "\n校验词由内容算出。以后收到该条目的一方运行同一命令，应得到相同的校验词。\n"
                : "\nThe check words come from the content. Whoever holds the entry later "
                  "runs this command and must see the same words in the same order.\n");
}
