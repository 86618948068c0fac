/* One listing as answers read it: its columns, and the parts of its JSON that are the same in every
 * answer. Listings are shared by many answers and never change (a change is a new listing), so a
 * bounded number is kept; answers are not.
 */
#ifndef DL_REGISTRY_LISTING_H
#define DL_REGISTRY_LISTING_H

#include "registry/reader.h"

enum dl_listing_kind {
    DL_LISTING_NAMED,
    DL_LISTING_TEMPORARY,
    DL_LISTING_CLASS,
    DL_LISTING_PREPARATION,
    DL_LISTING_PLANT,
    DL_LISTING_EXCLUSION
};

struct dl_listing {
    int64_t id;
    const struct dl_list *list;
    enum dl_listing_kind kind;
    dl_day announced, in_force, listed_by, until, gone_by;
    int64_t instrument, scope, exemption, source; /* shared texts, an instrument; 0 none */
    int64_t recorded_from, recorded_until;        /* versions; INT64_MAX: still known */
    struct dl_view entry, parent, verification, verification_dates;
    /* members of an answer's row: schedule to until, scope to verification_dates, listing */
    struct dl_view law_json, source_json, key_json;
    int printed;  /* flags of its printed words (registry/scope.h); -1: not read */
    uint8_t *all; /* what the views point into */
    size_t room;  /* octets there */
    size_t next;  /* slot used before it, from 1 */
};

struct dl_listings;
void dl_listings_free(struct dl_listings **listings);

/* The listing with this id; valid until the next call for another. STORE_CORRUPT when it is not
 * there. */
DL_MUST_USE enum dl_err dl_reader_listing(struct dl_reader *reader, int64_t id,
                                          const struct dl_listing **out);
/* The flags of its printed words: some entries carry their scope in their own words ("Ketamine, its
 * salts, isomers, ..."). */
DL_MUST_USE enum dl_err dl_reader_printed(struct dl_reader *reader, int64_t id, unsigned *flags);
/* Whether it was known at a version. */
bool dl_listing_known(const struct dl_listing *listing, int64_t version);

#endif
