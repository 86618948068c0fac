/* Inside import*.c: an import that is running. */
#ifndef DL_REGISTRY_IMPORT_INTERNAL_H
#define DL_REGISTRY_IMPORT_INTERNAL_H

#include "registry/import.h"

#include "base/encoding.h"

/* A day as it stands in the registry; "" for NULL. */
struct dl__day {
    char text[DL_DATE_TEXT];
};

/* A text whose id was looked up last: neighbouring rows mostly share theirs. */
struct dl__last_text {
    struct dl_view value;
    int64_t id;
};

struct dl__importing {
    struct dl_import *import;
    struct dl_store *store;
    struct dl_error *error;
    int64_t version; /* the id of this import */
    int64_t jurisdiction;
    int64_t instrument;
    int64_t source;                       /* text */
    int64_t next_substance, next_listing; /* ids: given here, since asking for them costs */
    const char *verification;
    struct dl__last_text scope, note, list, from;
    struct dl_buf key;    /* of a name; of a listing */
    struct dl_buf reason; /* NUL-terminated when set */
};

/* A listing of the substance on a list, as the present row sees it. */
struct dl__listed {
    int64_t id;
    int64_t recorded_from;
    bool open;   /* holds on the row's day */
    bool starts; /* begins on it */
    bool ends;   /* ends on it */
    bool later;  /* begins after it */
    bool entry;  /* has the row's entry, or the row gives none */
    bool same;   /* and its scope words and end */
    struct dl__day since;
};

/* The substance a row means. */
struct dl__subject {
    int64_t id;   /* 0: not in the registry */
    bool adopted; /* it has no structure yet, and the row gives it one */
    const char *conflict;
};

/* The words and a day behind them, for the row being looked at. */
const char *dl__import_reason(struct dl__importing *m, const char *words,
                              const struct dl__day *day);
enum dl_err dl__import_take_id(void *context, const struct dl_row *row);

/* import_find.c */
DL_MUST_USE enum dl_err dl__import_subject(struct dl__importing *m,
                                           const struct dl_announcement_row *row, int64_t list,
                                           struct dl__subject *out);
/* The list's id in this jurisdiction; 0 when there is none. */
DL_MUST_USE enum dl_err dl__import_list(struct dl__importing *m, struct dl__last_text *last,
                                        struct dl_view code);
enum { DL__LISTED_MAX = 16 };
DL_MUST_USE enum dl_err dl__import_listed(struct dl__importing *m,
                                          const struct dl_announcement_row *row, int64_t substance,
                                          int64_t list, struct dl__listed out[DL__LISTED_MAX],
                                          size_t *n);

/* import_name.c: names and CAS number of a row that are not recorded yet. */
DL_MUST_USE enum dl_err dl__import_names(struct dl__importing *m,
                                         const struct dl_announcement_row *row, int64_t substance,
                                         bool is_new);

/* import_write.c */
DL_MUST_USE enum dl_err dl__import_text(struct dl__importing *m, struct dl__last_text *last,
                                        struct dl_view value);
DL_MUST_USE enum dl_err dl__import_new_substance(struct dl__importing *m,
                                                 const struct dl_announcement_row *row,
                                                 int64_t *id);
/* The structure that the row draws, of this substance; nothing where it draws none. */
DL_MUST_USE enum dl_err dl__import_structure(struct dl__importing *m,
                                             const struct dl_announcement_row *row,
                                             int64_t substance);
/* The listing as it is, recorded again by this version. */
DL_MUST_USE enum dl_err dl__import_again(struct dl__importing *m, int64_t listing, int64_t *again);
/* `like`: the listing it follows in a move, whose kind and links it takes; 0 for none. */
DL_MUST_USE enum dl_err dl__import_new_listing(struct dl__importing *m,
                                               const struct dl_announcement_row *row,
                                               int64_t substance, int64_t like);
/* The listing again, with what the row gives; its old row ends with this version. */
DL_MUST_USE enum dl_err dl__import_corrected(struct dl__importing *m,
                                             const struct dl_announcement_row *row,
                                             int64_t listing);
/* The listing again, ending on the row's day. */
DL_MUST_USE enum dl_err dl__import_ended(struct dl__importing *m,
                                         const struct dl_announcement_row *row, int64_t listing);
/* A listing like it from the row's day on, with what the row gives. */
DL_MUST_USE enum dl_err dl__import_continued(struct dl__importing *m,
                                             const struct dl_announcement_row *row,
                                             int64_t listing);
/* Links and printed texts of a listing, for its new row. */
DL_MUST_USE enum dl_err dl__import_copy_parts(struct dl_store *store, int64_t from, int64_t to);

/* import_adopt.c: the substance goes on under the row's InChIKey; *substance is its new id. */
DL_MUST_USE enum dl_err dl__import_adopt(struct dl__importing *m,
                                         const struct dl_announcement_row *row, int64_t *substance);

/* import_row.c: what becomes of the row, done in the store. */
struct dl__outcome {
    enum dl_import_result result;
    int64_t substance;
    const char *reason;
};
DL_MUST_USE enum dl_err dl__import_row(struct dl__importing *m,
                                       const struct dl_announcement_row *row,
                                       struct dl__outcome *out);

#endif
