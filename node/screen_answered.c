#include "node/screen_answered.h"

#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum dl_err dl_answered_open(struct dl_answered *a, const char *path, bool json)
{
    a->json = json;
    a->file = fopen(path, "re");
    return a->file != NULL ? DL_OK : DL_E_STORE_IO;
}

void dl_answered_close(struct dl_answered *a)
{
    if (a->file != NULL) {
        (void)fclose(a->file);
    }
    free(a->line);
    *a = (struct dl_answered){.file = NULL};
}

/* The verdict of a line of it, where that is about this query and jurisdiction; else NULL. */
static const char *verdict_on(const struct dl_answered *a, size_t number, struct dl_view query,
                              const char *code)
{
    struct dl_buf words;
    const char *verdict = NULL;
    dl_buf_init(&words, (size_t)8 * DL_ITEM_MAX);
    if (a->json) {
        dl_buf_printf(&words, "{\"item\":%zu,\"query\":", number);
        dl_json_put_string(&words, query);
        dl_buf_put_str(&words, ",\"id\":");
    } else {
        dl_buf_printf(&words, "%zu\t", number);
        dl_text_show(&words, query, true);
        dl_buf_u8(&words, '\t');
    }
    if (strncmp(a->line, (const char *)words.p, words.n) == 0) {
        const char *after = a->line + words.n;
        dl_buf_reset(&words);
        dl_buf_printf(&words, a->json ? ",\"jurisdiction\":\"%s\",\"verdict\":\"" : "%s\t", code);
        dl_buf_u8(&words, '\0');
        const char *at = strstr(after, (const char *)words.p);
        verdict = at != NULL && (a->json || at == after) ? at + words.n - 1 : NULL;
    }
    dl_buf_fini(&words);
    return verdict;
}

/* An answer is told under the identifier that was understood. */
static const char *verdict_of(const struct dl_answered *a, size_t number,
                              const struct dl_item *item, const char *code)
{
    const struct dl_view said[] = {item->cas, item->name, item->smiles};
    const char *verdict = NULL;
    bool some = false;
    for (size_t i = 0; i < sizeof said / sizeof *said && verdict == NULL; i++) {
        some = some || said[i].n > 0;
        verdict = said[i].n > 0 ? verdict_on(a, number, said[i], code) : NULL;
    }
    return some ? verdict : verdict_on(a, number, dl_view_of("", 0), code);
}

const char *dl_answered_verdict(struct dl_answered *a, size_t number, const struct dl_item *item,
                                const char *jurisdiction)
{
    return getline(&a->line, &a->size, a->file) < 0 ? NULL
                                                    : verdict_of(a, number, item, jurisdiction);
}
