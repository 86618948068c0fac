/* What triage found, for people: from the members that are pinned. */
#include "node/triage_internal.h"

#include "base/json.h"
#include "base/text.h"
#include "registry/layout.h"

#include <stdlib.h>
#include <string.h>

struct telling {
    struct dl_layout layout;
    bool zh;
};

static const char *say(const struct telling *t, const char *en, const char *zh)
{
    return t->zh ? zh : en;
}

/* A line with a label; what follows hangs under its beginning. */
static void label(struct telling *t, const char *words)
{
    t->layout.indent = 0;
    dl_layout_str(&t->layout, "    ");
    t->layout.indent = 8;
    dl_layout_str(&t->layout, words);
    dl_layout_str(&t->layout, ": ");
}

static void put(struct telling *t, const json_t *object, const char *key)
{
    dl_layout_put(&t->layout, dl_json_text(object, key));
}

/* Words of status answers and of rules as people read them. */
static void put_standing(struct telling *t, struct dl_view name)
{
    dl_layout_put(&t->layout, t->zh ? dl_law_standing_in_chinese(name) : name);
}

static void put_answers(struct telling *t, const json_t *answers)
{
    size_t i = 0;
    const json_t *answer = NULL;
    json_array_foreach(answers, i, answer)
    {
        const char *status = json_string_value(json_object_get(answer, "status"));
        dl_layout_str(&t->layout, i == 0 ? "" : ", ");
        put(t, answer, "jurisdiction");
        dl_layout_str(&t->layout, " ");
        put_standing(t, dl_view_str(status == NULL ? "" : status));
        if (status != NULL && strcmp(status, "not-listed") != 0 && strcmp(status, "ended") != 0 &&
            dl_json_text(answer, "schedule").n > 0) {
            dl_layout_str(&t->layout, " ");
            put(t, answer, "schedule");
        }
    }
    if (i == 0) {
        dl_layout_str(&t->layout,
                      say(t, "the registry does not know the substance", "登记库中没有该物质"));
    }
}

/* Before each item of a list that has its label before the first, and is ended by end_items. */
static void item(struct telling *t, size_t i, const char *en, const char *zh)
{
    if (i == 0) {
        label(t, say(t, en, zh));
    } else {
        dl_layout_str(&t->layout, ", ");
    }
}

static void end_items(struct telling *t, size_t n)
{
    if (n > 0) {
        dl_layout_end(&t->layout);
    }
}

static void put_law(struct telling *t, const json_t *law)
{
    struct dl_view on = dl_json_text(law, "on");
    size_t i = 0;
    const json_t *rule = NULL;
    if (on.n == 0) {
        return;
    }
    label(t, say(t, "law", "管制状态"));
    dl_layout_put(&t->layout, on);
    dl_layout_str(&t->layout, say(t, ", registry ", "，登记库 "));
    put(t, law, "registry");
    dl_layout_str(&t->layout, ": ");
    put_answers(t, json_object_get(law, "answers"));
    dl_layout_end(&t->layout);
    json_array_foreach(json_object_get(law, "rules"), i, rule)
    {
        item(t, i, "class rules that reach it", "适用的类规则");
        put(t, rule, "rule");
        dl_layout_str(&t->layout, say(t, " version ", " 版本 "));
        put(t, rule, "version");
        dl_layout_str(&t->layout, " ");
        put_standing(t, dl_json_text(rule, "verdict"));
    }
    end_items(t, i);
}

static void put_similar(struct telling *t, const json_t *similar)
{
    size_t i = 0;
    const json_t *like = NULL;
    json_array_foreach(similar, i, like)
    {
        char number[32];
        double similarity = json_number_value(json_object_get(like, "similarity"));
        int hundredths = (int)(similarity * 1000 + 0.5) / 10; // cut, as `status` does
        item(t, i, "similar listed substances (likeness, no legal status)",
             "结构相似的列管物质（仅为相似度，不是法律状态）");
        (void)snprintf(number, sizeof number, "%d.%02d ", hundredths / 100 % 10, hundredths % 100);
        dl_layout_str(&t->layout, number);
        put(t, like, "name");
    }
    end_items(t, i);
}

static void put_earlier(struct telling *t, const json_t *earlier)
{
    size_t i = 0;
    const json_t *alert = NULL;
    json_array_foreach(earlier, i, alert)
    {
        bool same = dl_view_is(dl_json_text(alert, "same"), "substance");
        struct dl_view time = dl_json_text(alert, "time");
        item(t, i, "earlier alerts", "此前的警报");
        put(t, alert, "alert");
        dl_layout_str(&t->layout, same ? say(t, " (same substance, ", "（同一物质，")
                                       : say(t, " (same skeleton, ", "（同一骨架，"));
        dl_layout_put(&t->layout, dl_view_of(time.p, time.n < 10 ? time.n : 10));
        dl_layout_str(&t->layout, say(t, ")", "）"));
    }
    end_items(t, i);
}

static void put_triage(struct telling *t, const json_t *triage)
{
    if (dl_json_text(triage, "missing").n > 0) {
        label(t, say(t, "triage waits", "研判等待中"));
        put(t, triage, "missing");
        dl_layout_end(&t->layout);
    }
    put_similar(t, json_object_get(triage, "similar"));
    put_earlier(t, json_object_get(triage, "earlier"));
}

void dl_triage_put_text(struct dl_view members, bool zh, int width, struct dl_buf *out)
{
    struct telling t = {.zh = zh};
    struct dl_buf object;
    json_t *found = NULL;
    dl_buf_init(&object, members.n + 2);
    dl_buf_u8(&object, '{');
    dl_buf_put_view(&object, dl_view_of(members.p + 1, members.n - 1)); // without its comma
    dl_buf_u8(&object, '}');
    dl_layout_init(&t.layout, out, false, width);
    if (dl_json_parse(dl_buf_view(&object), &found, NULL) == DL_OK) {
        put_law(&t, json_object_get(found, "law"));
        put_triage(&t, json_object_get(found, "triage"));
    }
    json_decref(found);
    dl_buf_fini(&object);
}
