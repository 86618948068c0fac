/* Everything the registry holds of one substance: names, numbers, structure, every listing that
 * ever was (old lists and new), and what the sources disagree on.
 */
#ifndef DL_REGISTRY_SHOW_H
#define DL_REGISTRY_SHOW_H

#include "registry/layout.h"
#include "registry/lookup.h"

/* The substance with this id: its key, the key of a listing (then its first substance), or whatever
 * dl_lookup_find finds one of. 0 when there is none. */
DL_MUST_USE enum dl_err dl_show_find(struct dl_reader *reader, const struct dl_moment *moment,
                                     struct dl_view id, int64_t *substance);
/* One JSON object without the line end. */
DL_MUST_USE enum dl_err dl_show_json(struct dl_reader *reader, const struct dl_moment *moment,
                                     int64_t substance, struct dl_buf *out);
DL_MUST_USE enum dl_err dl_show_text(struct dl_reader *reader, const struct dl_moment *moment,
                                     int64_t substance, const struct dl_style *style,
                                     struct dl_buf *out);

#endif
