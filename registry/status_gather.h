/* Inside registry/: how listings become rows of a status answer. */
#ifndef DL_REGISTRY_STATUS_GATHER_H
#define DL_REGISTRY_STATUS_GATHER_H

#include "registry/scope.h"
#include "registry/status.h"

enum { DL__ARENA = 192 * 1024 };

/* How the substance asked about stands to the one whose listings are read. */
struct dl__reach {
    bool salt, ester;      /* the query names a salt or ester of it */
    bool other;            /* it is another form of the skeleton asked about ... */
    enum dl_stereo stereo; /* ... and so the two stand to each other */
    bool isotope;          /* ... in isotopes */
    bool isomer;           /* or: another arrangement of the same groups */
    bool made;             /* or: an ester or ether of it, found by structure ... */
    bool ether;            /* ... an ether */
    bool form;             /* ... of another form of it: `stereo` says how they stand */
    uint64_t exceptions;   /* ... and these of the reader's exceptions name that form */
    struct dl_view name;   /* of the substance whose listings are read */
};

/* What the rows so far say of each jurisdiction. */
struct dl__standings {
    bool wanted[DL_JURISDICTIONS_MAX];
    bool in_force[DL_JURISDICTIONS_MAX];
    bool has_row[DL_JURISDICTIONS_MAX];
    dl_day ended_on[DL_JURISDICTIONS_MAX];
    struct dl_view excluded_from[DL_JURISDICTIONS_MAX]; /* the parent entry; empty: none */
    const struct dl_list *excluded_list[DL_JURISDICTIONS_MAX];
    bool excepted_known, excluded; /* some list has an exclusion for the substance */
    uint64_t exceptions;           /* bit i: the reader's exception i names the substance */
    struct dl_status_row ended[DL_JURISDICTIONS_MAX]; /* listing 0: none; last: see clear() */
};

/* Adds the rows of `substance`'s listings. With reach->other only where nothing is in force yet. */
DL_MUST_USE enum dl_err dl__status_gather(struct dl_status *status, struct dl__standings *standings,
                                          int64_t substance, const struct dl__reach *reach);

/* Whether the substance asked about is expressly taken out of what the entry is part of. */
bool dl__status_is_excluded(const struct dl__standings *standings, const struct dl_list *list,
                            struct dl_view entry);
/* Which of the reader's exceptions name a substance (bit i: exception i); 0 for no substance. */
DL_MUST_USE enum dl_err dl__status_exceptions(struct dl_status *status, int64_t substance,
                                              uint64_t *out);

/* The verdict of the words of a listing on a salt, ester or other form of what it names. */
enum dl__verdict { DL__COVERED, DL__OPEN, DL__OUT };
struct dl__judged {
    enum dl__verdict verdict;
    struct dl_view clause;
    bool explained;
    struct dl_said explanation; /* when covered */
    struct dl_said reason;      /* when open */
    enum dl_how how;
    bool doubt; /* covered by the words, but another law takes the substance out by name */
};
DL_MUST_USE enum dl_err dl__status_judge(struct dl_status *status, struct dl__standings *standings,
                                         const struct dl_status_row *row,
                                         const struct dl__reach *reach, struct dl__judged *out);

/* Adds what was read of the structure of the substance found: esters and ethers, class rules,
 * isomers, where nothing is in force yet (registry/reading.h). */
DL_MUST_USE enum dl_err dl__status_add_known(struct dl_status *status);

/* A copy that lives as long as the answer; an empty view when the arena is full (then its error is
 * set, and the question fails with it). */
struct dl_view dl__status_keep(struct dl_status *status, struct dl_view text);
void dl__status_reason(struct dl_status_row *row, struct dl_said said);
struct dl_said dl__said(enum dl_words words, struct dl_view a, struct dl_view b);
struct dl_view dl__status_day(struct dl_status *status, dl_day day);

#endif
