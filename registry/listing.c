#include "registry/listing.h"
#include "base/json.h"
#include "registry/scope.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096, LISTING_MAX = 512 * 1024, PARTS = 7 }; /* SLOTS is a power of two */

struct dl_listings {
    struct dl_listing slot[SLOTS];
    size_t first; /* slot used last, from 1 */
    struct dl_buf scratch;
};

enum column {
    LIST,
    KIND,
    ANNOUNCED,
    IN_FORCE,
    LISTED_BY,
    UNTIL,
    GONE_BY,
    INSTRUMENT,
    SCOPE,
    EXEMPTION,
    SOURCE,
    RECORDED_FROM,
    RECORDED_UNTIL,
    ENTRY,
    PARENT,
    VERIFICATION,
    VERIFICATION_DATES,
    KEY
};
#define LISTING_SQL                                                                                \
    "SELECT list, kind, announced, in_force, listed_by, until, gone_by, instrument, scope,"        \
    " exemption, source, recorded_from, recorded_until, entry, parent, verification,"              \
    " verification_dates, key FROM listing WHERE id = ?1"

/* A listing being read: its texts go into the scratch, part by part. */
struct reading {
    struct dl_reader *reader;
    struct dl_listing listing;
    struct dl_buf *out;
    size_t part[PARTS];
    bool found;
};

static enum dl_listing_kind kind_of(struct dl_view word)
{
    static const char *const words[] = {"named",       "temporary", "class",
                                        "preparation", "plant",     "exclusion"};
    for (int i = 0; i < 6; i++) {
        if (dl_view_is(word, words[i])) {
            return (enum dl_listing_kind)i;
        }
    }
    return DL_LISTING_NAMED;
}

static int64_t id_or_none(const struct dl_row *row, int column)
{
    return dl_row_null(row, (int)column) ? 0 : dl_row_int(row, (int)column);
}

static void read_numbers(struct reading *r, const struct dl_row *row)
{
    struct dl_listing *listing = &r->listing;
    listing->list = dl_reader_list(r->reader, dl_row_int(row, LIST));
    listing->kind = kind_of(dl_row_text(row, KIND));
    listing->announced = dl_day_of(dl_row_text(row, ANNOUNCED));
    listing->in_force = dl_day_of(dl_row_text(row, IN_FORCE));
    listing->listed_by = dl_day_of(dl_row_text(row, LISTED_BY));
    listing->until = dl_day_of(dl_row_text(row, UNTIL));
    listing->gone_by = dl_day_of(dl_row_text(row, GONE_BY));
    listing->instrument = id_or_none(row, INSTRUMENT);
    listing->scope = id_or_none(row, SCOPE);
    listing->exemption = id_or_none(row, EXEMPTION);
    listing->source = id_or_none(row, SOURCE);
    listing->recorded_from = dl_row_int(row, RECORDED_FROM);
    listing->recorded_until =
        dl_row_null(row, RECORDED_UNTIL) ? INT64_MAX : dl_row_int(row, RECORDED_UNTIL);
}

static void put_member(struct dl_buf *out, const char *key, struct dl_view text)
{
    dl_buf_put_str(out, key);
    if (text.n == 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_json_put_string(out, text);
    }
}

static void put_day(struct dl_buf *out, const char *key, dl_day day)
{
    char text[DL_DATE_TEXT];
    dl_day_text(day, text);
    put_member(out, key, dl_view_str(text));
}

static void end_part(struct reading *r, int i, size_t before)
{
    r->part[i] = r->out->n - before;
}

static void put_law(struct reading *r, const struct dl_row *row)
{
    const struct dl_listing *listing = &r->listing;
    size_t before = r->out->n;
    put_member(r->out, ",\"schedule\":", dl_view_str(listing->list->schedule));
    put_member(r->out, ",\"list\":", dl_view_str(listing->list->code));
    put_member(r->out, ",\"entry\":", dl_row_text(row, ENTRY));
    put_day(r->out, ",\"announced\":", listing->announced);
    put_day(r->out, ",\"in_force\":", listing->in_force);
    put_day(r->out, ",\"until\":", listing->until);
    end_part(r, 4, before);
}

static enum dl_err put_shared(struct reading *r, const char *key, int64_t id)
{
    struct dl_shared_text text;
    DL_TRY(dl_reader_text(r->reader, id, &text));
    put_member(r->out, key, text.plain);
    return DL_OK;
}

static enum dl_err put_source(struct reading *r, const struct dl_row *row)
{
    const struct dl_listing *listing = &r->listing;
    struct dl_shared_instrument instrument;
    size_t before = r->out->n;
    DL_TRY(put_shared(r, ",\"scope\":", listing->scope));
    DL_TRY(put_shared(r, ",\"exemption\":", listing->exemption));
    DL_TRY(dl_reader_instrument(r->reader, listing->instrument, &instrument));
    put_member(r->out, ",\"instrument\":", instrument.key);
    put_member(r->out, ",\"instrument_title\":", instrument.title);
    DL_TRY(put_shared(r, ",\"source\":", listing->source));
    put_member(r->out, ",\"verification\":", dl_row_text(row, VERIFICATION));
    put_member(r->out, ",\"verification_dates\":", dl_row_text(row, VERIFICATION_DATES));
    end_part(r, 5, before);
    return DL_OK;
}

static enum dl_err on_listing(void *context, const struct dl_row *row)
{
    struct reading *r = context;
    static const int texts[] = {ENTRY, PARENT, VERIFICATION, VERIFICATION_DATES};
    read_numbers(r, row);
    if (!r->listing.list) {
        return DL_E_STORE_CORRUPT;
    }
    for (int i = 0; i < 4; i++) {
        size_t before = r->out->n;
        dl_buf_put_view(r->out, dl_row_text(row, (int)texts[i]));
        end_part(r, i, before);
    }
    put_law(r, row);
    DL_TRY(put_source(r, row));
    size_t before = r->out->n;
    put_member(r->out, ",\"listing\":", dl_row_text(row, KEY));
    put_day(r->out, ",\"listed_by\":", r->listing.listed_by);
    end_part(r, 6, before);
    r->found = true;
    return dl_buf_err(r->out);
}

static struct dl_listings *make_listings(void)
{
    struct dl_listings *listings = calloc(1, sizeof *listings);
    DL_ASSERT(listings, "memory for listings");
    dl_buf_init(&listings->scratch, LISTING_MAX);
    return listings;
}

void dl_listings_free(struct dl_listings **listings)
{
    if (!*listings) {
        return;
    }
    for (size_t i = (*listings)->first; i != 0; i = (*listings)->slot[i - 1].next) {
        free((*listings)->slot[i - 1].all);
    }
    dl_buf_fini(&(*listings)->scratch);
    free(*listings);
    *listings = NULL;
}

static void keep(struct dl_listings *listings, size_t at, struct reading *r)
{
    struct dl_listing *slot = &listings->slot[at];
    struct dl_view *const views[PARTS] = {&r->listing.entry,        &r->listing.parent,
                                          &r->listing.verification, &r->listing.verification_dates,
                                          &r->listing.law_json,     &r->listing.source_json,
                                          &r->listing.key_json};
    bool fits = slot->id != 0 && slot->room >= r->out->n;
    r->listing.all = fits ? slot->all : malloc(r->out->n + 1);
    r->listing.room = fits ? slot->room : r->out->n;
    DL_ASSERT(r->listing.all, "memory for a listing");
    memcpy(r->listing.all, r->out->p, r->out->n);
    const uint8_t *part = r->listing.all;
    for (int i = 0; i < PARTS; i++) {
        *views[i] = dl_view_of(part, r->part[i]);
        part += r->part[i];
    }
    if (slot->id == 0) {
        r->listing.next = listings->first;
        listings->first = at + 1;
    } else {
        r->listing.next = slot->next;
        if (!fits) {
            free(slot->all);
        }
    }
    *slot = r->listing;
}

enum dl_err dl_reader_listing(struct dl_reader *reader, int64_t id, const struct dl_listing **out)
{
    if (!reader->listings) {
        reader->listings = make_listings();
    }
    struct dl_listings *listings = reader->listings;
    size_t at = (size_t)id & (SLOTS - 1);
    if (listings->slot[at].id != id) {
        struct reading r = {
            .reader = reader, .listing = {.id = id, .printed = -1}, .out = &listings->scratch};
        dl_buf_reset(r.out);
        DL_TRY(dl_store_run(reader->store, LISTING_SQL, DL_SQL(DL_SQL_INT(id)), on_listing, &r));
        if (!r.found) {
            return DL_E_STORE_CORRUPT;
        }
        keep(listings, at, &r);
    }
    *out = &listings->slot[at];
    return DL_OK;
}

static enum dl_err on_printed(void *context, const struct dl_row *row)
{
    unsigned *flags = context;
    for (int i = 0; i < 4; i++) {
        *flags |= dl_scope_flags(dl_row_text(row, i));
    }
    return DL_OK;
}

enum dl_err dl_reader_printed(struct dl_reader *reader, int64_t id, unsigned *flags)
{
    const struct dl_listing *listing = NULL;
    DL_TRY(dl_reader_listing(reader, id, &listing));
    struct dl_listing *slot = &reader->listings->slot[listing - reader->listings->slot];
    if (slot->printed < 0) {
        unsigned found = 0;
        DL_TRY(dl_store_run(reader->store,
                            "SELECT name_en, text_en, name_local, text_local FROM listing_text"
                            " WHERE listing = ?1",
                            DL_SQL(DL_SQL_INT(id)), on_printed, &found));
        slot->printed = (int)found;
    }
    *flags = (unsigned)slot->printed;
    return DL_OK;
}

bool dl_listing_known(const struct dl_listing *listing, int64_t version)
{
    return listing->recorded_from <= version && version < listing->recorded_until;
}
