/* Search: substances whose names hold a text, in every language, by the keys of registry/name.h, so
 * spellings do not matter and two Chinese characters are enough. The beginning of a CAS number,
 * UNII, DEA number or InChIKey is found too.
 */
#ifndef DL_REGISTRY_SEARCH_H
#define DL_REGISTRY_SEARCH_H

#include "registry/lookup.h"

enum { DL_HITS_MAX = 50 };

enum dl_hit_rank { DL_HIT_WHOLE, DL_HIT_BEGINNING, DL_HIT_WITHIN };

struct dl_hit {
    int64_t substance;
    int64_t n; /* of the name, -1: an identifier */
    enum dl_hit_rank rank;
    size_t length; /* of the key: shorter names first */
};

struct dl_hits {
    struct dl_hit hit[DL_HITS_MAX]; /* whole names, then beginnings, then the rest */
    size_t n;
    bool more; /* than could be kept */
};

/* DL_E_INPUT for text without a letter or digit, DL_E_TEXT, DL_E_TOO_LARGE. */
DL_MUST_USE enum dl_err dl_search(struct dl_reader *reader, const struct dl_moment *moment,
                                  struct dl_view text, struct dl_hits *out);

/* One hit as a line of JSON, without the line end, or as a line of text. */
DL_MUST_USE enum dl_err dl_hit_json(struct dl_reader *reader, const struct dl_hit *hit,
                                    struct dl_buf *out);
DL_MUST_USE enum dl_err dl_hit_text(struct dl_reader *reader, const struct dl_hit *hit,
                                    enum dl_lang lang, struct dl_buf *out);

#endif
