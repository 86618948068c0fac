/* The law on an entry's substance: as this node knew it when the entry was sent or came in, and as
 * it is now. Nothing is stored for it: the registry keeps every version of itself, so what was
 * known at a time can be asked at any later time, and no alert waits for it.
 */
#ifndef DL_NODE_LAW_H
#define DL_NODE_LAW_H

#include "node/entry_view.h"
#include "registry/status.h"

enum { DL_LAW_WORD = 48 };

struct dl_law_row {
    char jurisdiction[DL_CODE_MAX];
    enum dl_standing standing; /* the strongest of the jurisdiction's rows */
    char schedule[DL_LAW_WORD];
    char list[DL_CODE_MAX];
};

struct dl_law {
    char on[DL_DATE_TEXT];
    char registry[DL_LAW_WORD];  /* version of the shipped data and number of the last import */
    char substance[DL_LAW_WORD]; /* its key; "" where the registry knows none of its names */
    size_t n;
    struct dl_law_row row[DL_JURISDICTIONS_MAX];
};

/* On the day of `at_ms`, as known at that moment. n is 0 for an entry without a substance. */
DL_MUST_USE enum dl_err dl_law_at(struct dl_agency *agency, const json_t *content, int64_t at_ms,
                                  struct dl_law *out);
/* When the entry was sent (ours) or came in (a peer's). */
DL_MUST_USE enum dl_err dl_law_of_entry(struct dl_agency *agency, const struct dl_entry_view *view,
                                        struct dl_law *out);
/* What differs now, in words: "law: CN not-listed > controlled"; empty where nothing does, where
 * the entry has no substance, and where there is no registry. */
void dl_law_change(struct dl_agency *agency, const struct dl_entry_view *view, char *out, size_t n);

/* "null", or {"on","registry","substance","answers":[{"jurisdiction","status","schedule","list"}]}.
 */
void dl_law_put_json(const struct dl_law *law, struct dl_buf *out);
/* One line for people, with its line end. */
void dl_law_put_text(const struct dl_law *law, bool zh, struct dl_buf *out);

/* What the agency keeps to ask with; freed with it. */
struct dl_law_asking;
void dl_law_asking_free(struct dl_law_asking **asking);

#endif
