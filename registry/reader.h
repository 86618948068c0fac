/* What answers are read from: an open registry with the small tables that every answer needs
 * (jurisdictions, lists, scope clauses) in memory, and a bounded cache of the texts and instruments
 * that many listings share. Reads only; answers themselves are never cached.
 *
 * Days are numbers here: 20240701, 0 where there is none.
 */
#ifndef DL_REGISTRY_READER_H
#define DL_REGISTRY_READER_H

#include "base/encoding.h"
#include "registry/store.h"

typedef int32_t dl_day;

/* The day of 'YYYY-MM-DD', 0 for anything else. */
dl_day dl_day_of(struct dl_view text);
void dl_day_text(dl_day day, char out[DL_DATE_TEXT]); /* "" for 0 */

enum { DL_CODE_MAX = 24, DL_JURISDICTIONS_MAX = 64 };

struct dl_jurisdiction {
    int64_t id;
    char code[DL_CODE_MAX];
    char *name_en, *name_zh;
    dl_day data_from, data_until;
};

/* A clause of a list that extends its entries, read as flags (registry/scope.h). */
struct dl_clause {
    char *applies_to;
    char *words; /* English */
    unsigned flags;
    bool conditional; /* holds on a condition that the registry cannot judge */
    bool wide;        /* speaks of the entries of the jurisdiction's other lists too */
};

/* A clause that takes substances out by name. */
struct dl_exception {
    int64_t list;
    char *text; /* lower case: where the names may stand */
    size_t text_n;
    const char *applies_to;
};

struct dl_list {
    int64_t id;
    char code[DL_CODE_MAX];
    int jurisdiction; /* position in jurisdictions */
    int rank;         /* position in the order of the codes */
    char *title, *title_zh, *schedule;
    bool temporary;            /* what stands on it does so under a temporary order */
    struct dl_clause *clauses; /* read by dl_reader_clauses */
    size_t n_clauses;
};

/* Which relations of a listed substance were read from its structure (registry/reading.h). */
struct dl_related {
    int64_t substance;
    int64_t isomer_key;
    uint64_t ruled; /* bit of a jurisdiction: a class rule of it, on some day */
    bool made;      /* it is an ester or ether of something */
    bool isomers;   /* others are isomers of it */
};

struct dl_reader {
    struct dl_store *store;
    struct dl_jurisdiction *jurisdictions; /* ordered by code */
    size_t n_jurisdictions;
    struct dl_list *lists; /* ordered by id */
    size_t n_lists;
    int64_t version;  /* the present one: the greatest import */
    dl_day first_day; /* on which the first import was recorded */
    struct dl_shared *shared;
    struct dl_listings *listings; /* registry/listing.h */
    bool has_clauses, has_related;
    struct dl_related *related; /* ordered by substance */
    size_t n_related;
    struct dl_exception *exceptions; /* clauses that take substances out by name */
    size_t n_exceptions;
};

/* The store is borrowed and must outlive the reader. */
DL_MUST_USE enum dl_err dl_reader_new(struct dl_store *store, struct dl_reader **out,
                                      struct dl_error *error);
void dl_reader_free(struct dl_reader **reader);

/* The version known at the end of a day, 0 when the registry did not exist yet. */
DL_MUST_USE enum dl_err dl_reader_version_on(struct dl_reader *reader, dl_day day, int64_t *out);

/* May an answer of this version be another on `to` than on `from` (an earlier day)? Nothing differs
 * where no date of the registry lies between them. A class rule has the dates of its listings. */
enum dl_differs {
    DL_DIFFERS_NOTHING,
    DL_DIFFERS_LAW,  /* of what is understood */
    DL_DIFFERS_NAMES /* and a name may be understood that was not, or the reverse */
};
DL_MUST_USE enum dl_err dl_reader_may_differ(struct dl_reader *reader, dl_day from, dl_day to,
                                             enum dl_differs *out);

/* Reads the clauses of all lists, unless they were: answers by name alone need none. */
DL_MUST_USE enum dl_err dl_reader_clauses(struct dl_reader *reader);

/* NULL where nothing was read of it. Reads them all at the first call. */
DL_MUST_USE enum dl_err dl_reader_related(struct dl_reader *reader, int64_t substance,
                                          const struct dl_related **out);

/* -1 when there is none. */
int dl_reader_jurisdiction(const struct dl_reader *reader, struct dl_view code);
/* NULL when there is none. */
const struct dl_list *dl_reader_list(const struct dl_reader *reader, int64_t id);

/* A shared text. The view dies at the next call; id 0 gives an empty one. */
struct dl_shared_text {
    struct dl_view plain;
};
DL_MUST_USE enum dl_err dl_reader_text(struct dl_reader *reader, int64_t id,
                                       struct dl_shared_text *out);
/* The flags of a shared text that is scope words (registry/scope.h); 0 for id 0. */
DL_MUST_USE enum dl_err dl_reader_scope(struct dl_reader *reader, int64_t id, unsigned *flags);
/* An instrument: its key, and its title with its number, in English and in the law's language. The
 * same rules. */
struct dl_shared_instrument {
    struct dl_view key, title, local;
};
DL_MUST_USE enum dl_err dl_reader_instrument(struct dl_reader *reader, int64_t id,
                                             struct dl_shared_instrument *out);

#endif
