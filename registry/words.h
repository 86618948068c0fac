/* What the registry says in words, in English and Chinese, as one table (registry/words.def).
 * A text may hold "%1" to "%3": what stands there is put in as it is.
 */
#ifndef DL_REGISTRY_WORDS_H
#define DL_REGISTRY_WORDS_H

#include "base/octets.h"

enum dl_lang { DL_LANG_EN, DL_LANG_ZH };

enum dl_words {
#define DL_WORDS(name, en, zh) DL_WORDS_##name,
#include "registry/words.def"
#undef DL_WORDS
    DL_WORDS_COUNT
};

/* The text itself. Never NULL. */
const char *dl_words_text(enum dl_lang lang, enum dl_words id);
/* Appends the text with `args` (as many as the text names; an empty view puts nothing in). */
void dl_words_put(struct dl_buf *out, enum dl_lang lang, enum dl_words id,
                  const struct dl_view *args);

#endif
