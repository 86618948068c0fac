/* From a query to a substance, to candidates, or to nothing: the three are told apart (I7). */
#ifndef DL_REGISTRY_LOOKUP_H
#define DL_REGISTRY_LOOKUP_H

#include "registry/name.h"
#include "registry/query.h"
#include "registry/reader.h"
#include "registry/words.h"

/* How an answer was matched (contracts section 6, match.how). */
enum dl_how {
    DL_HOW_NAME,
    DL_HOW_CAS,
    DL_HOW_UNII,
    DL_HOW_CODE,
    DL_HOW_INCHIKEY,
    DL_HOW_INCHIKEY_BLOCK,
    DL_HOW_STRUCTURE,
    DL_HOW_PARENT_OF_SALT,
    DL_HOW_STEREOISOMER,
    DL_HOW_ISOMER,
    DL_HOW_ESTER_ETHER,
    DL_HOW_TAUTOMER,
    DL_HOW_ISOTOPOLOGUE,
    DL_HOW_CLASS_RULE,
    DL_HOW_NONE
};
const char *dl_how_name(enum dl_how how);

enum dl_lookup_outcome {
    DL_LOOKUP_FOUND,     /* one substance */
    DL_LOOKUP_AMBIGUOUS, /* several */
    DL_LOOKUP_UNKNOWN,
    DL_LOOKUP_MALFORMED,
    DL_LOOKUP_EMPTY
};

enum { DL_CANDIDATES_MAX = 64, DL_NEAREST_MAX = 8, DL_SALT_WORDS_MAX = 80 };

/* When the question is asked: the day of law, and the version of the registry. */
struct dl_moment {
    dl_day on;
    int64_t version;
};

struct dl_candidate {
    int64_t substance;
    int rank; /* of the name: 0 the substance's main name or one in a list, 1 a synonym, 2 disputed
               */
    dl_day known_from, known_until; /* of the name, where it meant something else at other times */
};

struct dl_lookup {
    enum dl_lookup_outcome outcome;
    enum dl_how how;
    enum dl_words said; /* how it was matched, or why it was not */
    /* FOUND: the first is the substance; others are meant by the same name: forms of its skeleton,
     * or classes that laws name alike. Names that sources give to several substances, and names of
     * different skeletons, are AMBIGUOUS. */
    struct dl_candidate candidate[DL_CANDIDATES_MAX];
    size_t n_candidates;
    char salt[DL_SALT_WORDS_MAX]; /* the salt named in the query, '' none */
    bool ester; /* what the query names is an ester: by its word, or because the substance has no
                   nitrogen and so no salts with acids */
    bool other_form; /* an InChIKey whose skeleton alone is known: FOUND, and the candidates (one or
                        more) are other forms of it, not the substance itself */
    struct dl_buf nearest; /* names, each with a NUL */
    size_t n_nearest;
    struct dl_buf key; /* of the name looked for */
};

void dl_lookup_init(struct dl_lookup *lookup);
void dl_lookup_fini(struct dl_lookup *lookup);

/* Answers `query`. Names are tried last, so "2201" may be a DEA number and, failing that, a name.
 * With `thorough` an unknown name is compared with more names: for a person who waits, not for a
 * batch. Errors are those of the store. */
DL_MUST_USE enum dl_err dl_lookup_find(struct dl_reader *reader, const struct dl_moment *moment,
                                       const struct dl_query *query, bool thorough,
                                       struct dl_lookup *out);

/* The substance with this InChIKey, else others of its first block (out->other_form): for a
 * structure that a worker has read. */
DL_MUST_USE enum dl_err dl_lookup_inchikey(struct dl_reader *reader, const struct dl_moment *moment,
                                           struct dl_view inchikey, struct dl_lookup *out);

#endif
