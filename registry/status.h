/* Status: the legal answer for one substance, by jurisdiction and day (contracts section 6).
 *
 * A dl_status is made once and asked many times; it owns the last answer. What a question has in
 * common with the next (day, version, jurisdictions) is set once.
 *
 * Which listings count for a substance S on a day:
 *  1. Those that mean S (link `is`), and for the salt of S named in the query, or an ester, those
 *     of S as far as the words of the listing or of its list cover salts or esters.
 *  2. In a jurisdiction where none of these is in force: those of other stereochemical forms of the
 *     same skeleton, as far as the words cover isomers; what the words leave open is needs-review.
 *  3. Preparations that contain S, and salts of S listed as such, have rows too, but apart: never
 *     as a listing of S (controlled null, needs-review, the reason says so).
 *  4. Where nothing is left: `ended` if something was in force before, else `not-listed`, with its
 *     caution; before the first day of the data's reach needs-review.
 * An exclusion never lists. Matches by structure or class rule are added by dl_status_add, only
 * where 1 and 2 have nothing in force.
 */
#ifndef DL_REGISTRY_STATUS_H
#define DL_REGISTRY_STATUS_H

#include "registry/layout.h"
#include "registry/likeness.h"
#include "registry/lookup.h"

enum dl_standing {
    DL_STANDING_CONTROLLED,
    DL_STANDING_TEMPORARY,
    DL_STANDING_REVIEW,
    DL_STANDING_ANNOUNCED,
    DL_STANDING_ENDED,
    DL_STANDING_NOT_LISTED
};
/* "controlled", ... */
const char *dl_standing_name(enum dl_standing standing);

enum { DL_STATUS_ROWS_MAX = 256, DL_REASONS_MAX = 6 };

/* Texts of one answer, in memory that never moves while it stands. */
struct dl_arena {
    uint8_t *p;
    size_t n;
    enum dl_err err; /* LIMIT when something did not fit */
};

/* A sentence with its arguments, kept in the answer's arena. */
struct dl_said {
    enum dl_words words;
    struct dl_view arg[3];
};

struct dl_status_row {
    int jurisdiction; /* position in the reader's table */
    enum dl_standing standing;
    int64_t listing;            /* 0: none, the row says that there is none */
    const struct dl_list *list; /* NULL without a listing */
    struct dl_view entry;
    dl_day announced, in_force, listed_by, until;
    enum dl_how how;
    struct dl_said explanation;
    bool explained;        /* explanation is set */
    struct dl_view clause; /* the words of law that reach the substance; empty: the entry itself */
    struct dl_view clause_zh; /* in Chinese where there is such a text; empty: the same */
    struct dl_said reason[DL_REASONS_MAX];
    size_t n_reasons;
    bool apart; /* an ingredient's or a salt's row */
};

struct dl_status_options {
    dl_day on;
    dl_day known_on;          /* 0: as known now */
    const int *jurisdictions; /* positions, in the order of the question; NULL: all */
    size_t n_jurisdictions;
    bool thorough;
};

/* The listing of a class rule, looked up before: 0 where none stood on that day. */
struct dl_status_entry {
    int64_t list, listing;
    size_t n;
    char entry[88]; /* a longer one is looked up each time */
};
enum { DL_STATUS_ENTRIES = 96 };

struct dl_status {
    struct dl_reader *reader;
    struct dl_moment moment;
    char on[DL_DATE_TEXT];
    int asked[DL_JURISDICTIONS_MAX]; /* positions, in the order of the answer */
    size_t n_asked;
    bool thorough;
    bool before_first;                               /* known_on lies before the first data */
    struct dl_status_entry entry[DL_STATUS_ENTRIES]; /* of this moment */
    size_t n_entries;

    struct dl_view query; /* as asked; borrowed from the caller until the next question */
    struct dl_lookup lookup;
    struct dl_view matched; /* the name or number that was matched, without blanks around */
    int64_t substance;      /* 0 unless one was found */
    struct dl_view substance_key, substance_name, substance_name_zh;
    bool structured;
    struct dl_view inchikey; /* of the query or the substance; empty: none */
    struct dl_view inchi;    /* of the query, where a worker gave it */
    struct dl_status_row row[DL_STATUS_ROWS_MAX];
    size_t n_rows;
    struct dl_like similar[DL_LIKE_MAX]; /* to the structure asked about: set by who has read it */
    size_t n_similar;
    struct dl_arena arena;
    struct dl__standings *standings; /* what the rows so far say of each jurisdiction */
    char plain[DL_QUERY_PLAIN];
    struct dl_buf scratch, explanation; /* of the writers, kept for their memory */
};

/* The reader is borrowed. Without options the day is 0 and nothing can be asked. */
void dl_status_new(struct dl_reader *reader, struct dl_status **out);
void dl_status_free(struct dl_status **status);
/* A known_on before the first data were recorded is answered from those, and every row says so. */
DL_MUST_USE enum dl_err dl_status_set(struct dl_status *status,
                                      const struct dl_status_options *options);

/* Asks. What was not understood is an answer, not an error; errors are those of the store. */
DL_MUST_USE enum dl_err dl_status_ask(struct dl_status *status, struct dl_view query);
/* The same for a query known to be a name (a column of a file): no other form is tried. */
DL_MUST_USE enum dl_err dl_status_ask_name(struct dl_status *status, struct dl_view name);
/* The same for a structure that the worker has read: its standard InChIKey, and its InChI, by which
 * other forms of its skeleton are compared with it (may be empty: then they are left open). */
DL_MUST_USE enum dl_err dl_status_ask_structure(struct dl_status *status, struct dl_view query,
                                                struct dl_view inchikey, struct dl_view inchi);

/* A salt of the substance with this InChIKey, read from a structure; the rest as above. */
DL_MUST_USE enum dl_err dl_status_ask_salt(struct dl_status *status, struct dl_view query,
                                           struct dl_view inchikey, struct dl_view inchi);

/* For a structure that could not be read: not understood, malformed; `why` in English. */
void dl_status_ask_unreadable(struct dl_status *status, struct dl_view query, struct dl_view why);

/* A listed substance that the structure asked about is an isomer, an ester or an ether of. */
struct dl_status_kin {
    int64_t substance;
    struct dl_view name;
    bool isomer, ether; /* neither: an ester */
    /* Of an ester or ether: what it is made of, where that is another form of the listed skeleton
     * (its InChI; empty: the listed substance itself), and the registry's substance of that form
     * (0: none), which a law may except by name. */
    struct dl_view form;
    int64_t form_substance;
};
enum { DL_KIN_MAX = 24 };
/* Adds the listings of kin whose words reach the structure just asked about, in jurisdictions where
 * nothing is in force yet. */
DL_MUST_USE enum dl_err dl_status_add_kin(struct dl_status *status, const struct dl_status_kin *kin,
                                          size_t n);

/* The same for what the structure is an ester or ether of (dl_worker_answer.made_of). */
DL_MUST_USE enum dl_err dl_status_add_made_of(struct dl_status *status, struct dl_view made_of);

/* A match by structure or class rule, found outside: `list` and `entry` name the listing. */
struct dl_status_match {
    struct dl_view list, entry;
    enum dl_how how;
    bool open; /* the words leave it open: needs-review */
    struct dl_view clause, explanation;
    struct dl_view clause_zh, explanation_zh; /* empty: the same */
};
/* Adds matches to the answer just given, in jurisdictions where nothing else is in force. */
DL_MUST_USE enum dl_err dl_status_add(struct dl_status *status,
                                      const struct dl_status_match *matches, size_t n_matches);

/* Adds a sentence to every row: how the question was understood. */
DL_MUST_USE enum dl_err dl_status_note(struct dl_status *status, enum dl_words words,
                                       struct dl_view a, struct dl_view b);
/* The structure asked about is another mobile-hydrogen form of the substance found: its rows by
 * structure say so. */
void dl_status_as_tautomer(struct dl_status *status);

/* The exit status of --exit-code: 0, 10, 11 or 12. */
int dl_status_exit_code(const struct dl_status *status);
bool dl_status_understood(const struct dl_status *status);

/* One line of JSON without the line end; reasons and explanations in `lang`. */
DL_MUST_USE enum dl_err dl_status_json(struct dl_status *status, enum dl_lang lang,
                                       struct dl_buf *out);
/* For people: yes or no for each jurisdiction at a glance, then the reasons. */
DL_MUST_USE enum dl_err dl_status_text(struct dl_status *status, const struct dl_style *style,
                                       struct dl_buf *out);
/* The same in one line, with its line end: for many questions. */
DL_MUST_USE enum dl_err dl_status_line(struct dl_status *status, const struct dl_style *style,
                                       struct dl_buf *out);

#endif
