#include "node/asking.h"
#include "registry/search.h"
#include "registry/show.h"

#include <stdlib.h>

static void give_up(struct dl_call *call, struct dl_asking *asking, enum dl_err err)
{
    struct dl_error error;
    if (dl_err_class(err) == DL_CLASS_STORE) {
        dl_error_set(&error, err, NULL, "the registry could not be read: %s",
                     dl_store_message(asking->reader->store));
    } else {
        dl_error_set(&error, err, "TEXT",
                     err == DL_E_INPUT ? "there is no letter or digit in it" : NULL);
    }
    dl_asking_close(asking);
    dl_call_fail(call, &error);
}

/* The operands are one text: `registry search acetyl fentanyl`. */
static void join_operands(const struct dl_call *call, struct dl_buf *out)
{
    for (int i = 0; dl_call_operand(call, i) != NULL; i++) {
        dl_buf_put_str(out, i > 0 ? " " : "");
        dl_buf_put_str(out, dl_call_operand(call, i));
    }
}

static enum dl_err put_hits(struct dl_call *call, struct dl_asking *asking,
                            const struct dl_hits *hits)
{
    struct dl_buf *out = &asking->out;
    for (size_t i = 0; i < hits->n; i++) {
        DL_TRY(call->json ? dl_hit_json(asking->reader, &hits->hit[i], out)
                          : dl_hit_text(asking->reader, &hits->hit[i], asking->style.lang, out));
        dl_buf_u8(out, '\n');
    }
    if (!call->json && hits->n == 0) {
        dl_buf_put_str(out, dl_words_text(asking->style.lang, DL_WORDS_LABEL_NOTHING_FOUND));
        dl_buf_u8(out, '\n');
    }
    return dl_buf_err(out);
}

void dl__verb_registry_search(struct dl_call *call)
{
    struct dl_error error;
    struct dl_asking asking;
    struct dl_hits hits;
    struct dl_buf text;
    if (dl_asking_open(call, &asking, false, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    dl_buf_init(&text, (size_t)DL_NAME_OCTETS_MAX * 2);
    join_operands(call, &text);
    enum dl_err err = dl_buf_err(&text);
    if (err == DL_OK) {
        err = dl_search(asking.reader, &asking.moment, dl_buf_view(&text), &hits);
    }
    if (err == DL_OK) {
        err = put_hits(call, &asking, &hits);
    }
    dl_buf_fini(&text);
    if (err != DL_OK) {
        give_up(call, &asking, err);
        return;
    }
    dl_asking_flush(call, &asking);
    if (hits.more) {
        dl_call_warn(call,
                     DL_SAY(call, "only the first %d are shown; search for more letters\n",
                            "仅显示前 %d 条；请输入更多字符\n"),
                     (int)DL_HITS_MAX);
    }
    dl_asking_close(&asking);
    dl_call_end(call, hits.n > 0 ? DL_EXIT_OK : DL_EXIT_NO);
}

static void not_found(struct dl_call *call, struct dl_asking *asking)
{
    if (call->json) {
        dl_call_print(call, "null\n");
    } else {
        dl_call_warn(call,
                     DL_SAY(call,
                            "nothing in the registry has the id \"%s\", and it names no "
                            "single substance; try registry search\n",
                            "登记库中没有编号“%s”，它也不对应单一物质；请试用 registry "
                            "search\n"),
                     dl_call_operand(call, 0));
    }
    dl_asking_close(asking);
    dl_call_end(call, DL_EXIT_NO);
}

void dl__verb_registry_show(struct dl_call *call)
{
    struct dl_error error;
    struct dl_asking asking;
    int64_t substance = 0;
    if (dl_asking_open(call, &asking, false, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    enum dl_err err = dl_show_find(asking.reader, &asking.moment,
                                   dl_view_str(dl_call_operand(call, 0)), &substance);
    if (err == DL_OK && substance == 0) {
        not_found(call, &asking);
        return;
    }
    if (err == DL_OK && call->json) {
        err = dl_show_json(asking.reader, &asking.moment, substance, &asking.out);
        dl_buf_u8(&asking.out, '\n');
    } else if (err == DL_OK) {
        err = dl_show_text(asking.reader, &asking.moment, substance, &asking.style, &asking.out);
    }
    if (err != DL_OK) {
        give_up(call, &asking, err);
        return;
    }
    dl_asking_flush(call, &asking);
    dl_asking_close(&asking);
    dl_call_end(call, DL_EXIT_OK);
}
