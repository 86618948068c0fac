#include "registry/words.h"

#include <string.h>

static const char *const TEXTS[DL_WORDS_COUNT][2] = {
#define DL_WORDS(name, en, zh) {en, zh},
#include "registry/words.def"
#undef DL_WORDS
};

const char *dl_words_text(enum dl_lang lang, enum dl_words id)
{
    DL_ASSERT((unsigned)id < DL_WORDS_COUNT, "a text of the table");
    return TEXTS[id][lang == DL_LANG_ZH];
}

void dl_words_put(struct dl_buf *out, enum dl_lang lang, enum dl_words id,
                  const struct dl_view *args)
{
    const char *rest = dl_words_text(lang, id);
    for (const char *mark = strchr(rest, '%'); mark; mark = strchr(rest, '%')) {
        dl_buf_put(out, rest, (size_t)(mark - rest));
        DL_ASSERT(args && mark[1] >= '1' && mark[1] <= '3', "a text names its arguments");
        dl_buf_put_view(out, args[mark[1] - '1']);
        rest = mark + 2;
    }
    dl_buf_put_str(out, rest);
}
