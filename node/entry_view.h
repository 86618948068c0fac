/* One entry as people and programs see it: the object of `alert list`, gathered from the entry, its
 * log, its receipts and what refers to it.
 */
#ifndef DL_NODE_ENTRY_VIEW_H
#define DL_NODE_ENTRY_VIEW_H

#include "node/agency.h"

enum { DL_VIEW_ACKS = 32, DL_VIEW_FLAGS = 16, DL_VIEW_FLAG = 1024 };

struct dl_view_ack {
    char agency[DL_LIMIT_AGENCY_ID + 1];
    char as[16];
    char by[DL_LIMIT_STRING + 1];
    int64_t time_ms;
    char id[DL_LIMIT_ENTRY_ID + 1]; /* of the acknowledgement */
    bool withdrawn;
};

struct dl_entry_view {
    int64_t cursor;
    char agency[DL_LIMIT_AGENCY_ID + 1]; /* the author */
    char from[DL_LIMIT_AGENCY_ID + 1], to[DL_LIMIT_AGENCY_ID + 1];
    char id[DL_LIMIT_ENTRY_ID + 1];
    bool incoming, in_tail;
    unsigned generation;
    uint64_t index;
    struct dl_leaf leaf; /* views into `octets` */
    const char *state;   /* queued, held, pending, received */
    int64_t received_ms; /* 0: not yet */
    json_t *content;
    struct dl_view content_octets;
    struct dl_view headline; /* or a reason, or the beginning of a message; may be empty */
    const char *urgency;     /* NULL where the kind has none */
    size_t n_acks;
    struct dl_view_ack acks[DL_VIEW_ACKS]; /* those not withdrawn */
    bool zh; /* flags are told in Chinese; set after dl_entry_view_init */
    size_t n_flags;
    char flags[DL_VIEW_FLAGS][DL_VIEW_FLAG];
    struct dl_buf octets;
};

/* Views are reused: init once, look as often as needed, fini. */
void dl_entry_view_init(struct dl_entry_view *view);
void dl_entry_view_fini(struct dl_entry_view *view);
DL_MUST_USE enum dl_err dl_entry_look(struct dl_agency *agency, const struct dl_stored *stored,
                                      struct dl_entry_view *view);
/* The entry of a cursor. */
DL_MUST_USE enum dl_err dl_entry_look_at(struct dl_agency *agency, int64_t cursor,
                                         struct dl_entry_view *view);
/* The entry that a person means: AGENCY/ID, or a bare ID where it is unique. ID_UNKNOWN,
 * ID_AMBIGUOUS. */
DL_MUST_USE enum dl_err dl_entry_find(struct dl_agency *agency, const char *name,
                                      struct dl_entry_view *view, struct dl_error *error);

/* Append the JSON object, one line with its LF. */
void dl_entry_put_json(const struct dl_entry_view *view, struct dl_buf *out);
/* The answer object of `alert send`, one line with its LF. */
void dl_entry_put_answer(const struct dl_entry_view *view, int64_t receipt_size,
                         struct dl_buf *out);

/* Which kinds `--kind` means: NULL is alert, update, retraction; "all" is every kind.
 * DL_E_FIELD_VALUE. */
struct dl_kind_filter {
    bool all;
    enum dl_kind only; /* DL_KIND_UNKNOWN: the default three */
};
DL_MUST_USE enum dl_err dl_kind_filter_parse(const char *text, struct dl_kind_filter *out,
                                             struct dl_error *error);
bool dl_kind_filter_takes(const struct dl_kind_filter *filter, enum dl_kind kind);

/* The size of the newest receipt of the log that this entry is in, 0 without; of ours only. */
uint64_t dl_entry_receipt_size(struct dl_agency *agency, const struct dl_entry_view *view);

#endif
