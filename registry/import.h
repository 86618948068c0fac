/* Announcements and the registry: the difference first, then one transaction, and the way back.
 *
 * A row finds its substance by InChIKey, else by CAS number, else by name, else (not for `add`) by
 * list and entry. A new InChIKey is that of a substance of this number or name which was recorded
 * without a structure: it goes on under its key. `add` begins a listing; `change` corrects one
 * (same day in force, or none given) or, from its day in force on, continues it with other words;
 * `move` ends the one on `from` and begins one on `list`; `end` ends it. A row that contradicts
 * what is recorded is a conflict and is left out. What is replaced stays recorded for earlier
 * versions (registry/SCHEMA.md).
 */
#ifndef DL_REGISTRY_IMPORT_H
#define DL_REGISTRY_IMPORT_H

#include "registry/announcement.h"
#include "registry/store.h"

enum dl_import_result {
    DL_IMPORT_NEW,
    DL_IMPORT_CHANGED, /* a move is a change */
    DL_IMPORT_UNCHANGED,
    DL_IMPORT_ENDED,
    DL_IMPORT_CONFLICT,
    DL_IMPORT_REFUSED,
    DL_IMPORT_RESULTS
};
/* "new", "changed", "unchanged", "ended", "conflict", "refused". */
const char *dl_import_result_name(enum dl_import_result result);

/* What becomes of a row; views die when the callback returns. */
struct dl_import_row {
    const struct dl_announcement_row *row;
    enum dl_import_result result;
    struct dl_view substance; /* its key; empty for one that could not be told */
    struct dl_view name;      /* as the row says it */
    const char *reason;       /* NULL where the result says all */
};

struct dl_import {
    struct dl_store *store; /* for writing */
    const struct dl_announcement *announcement;
    const char *by;     /* who says so */
    const char *file;   /* its name, "" for a notice */
    const char *sha256; /* of its octets, in hex */
    const char *entry;  /* AGENCY/ID of the notice, NULL for a file */
    int64_t now_ms;
    bool apply; /* false: nothing is changed */
    void (*row)(void *context, const struct dl_import_row *row);
    void *context;
    /* Where the difference was shown before: the version that it was shown against, 0 for any.
     * Another one is STATE: what was seen and confirmed would not be what is recorded. */
    int64_t shown_at;
    /* out */
    int64_t based_on; /* the version that the rows were compared with */
    int64_t id;       /* of the import; 0 where nothing changed */
    size_t n[DL_IMPORT_RESULTS];
};

/* One transaction, in slices for a process that has other work to do: begun, the rows a few at a
 * time, ended. Between slices the store may be read: what is being recorded has a version that
 * nobody asks for yet, since its row in `import` comes last. Other changes have to wait (STATE).
 * INPUT for an unknown jurisdiction; STORE errors leave everything as it was. */
struct dl_import_run;
DL_MUST_USE enum dl_err dl_import_begin(struct dl_import *import, struct dl_import_run **out,
                                        struct dl_error *error);
/* Takes the next rows, `most` or what is left; *done after the last. */
DL_MUST_USE enum dl_err dl_import_rows(struct dl_import_run *run, size_t most, bool *done,
                                       struct dl_error *error);
/* Whether the end will record something. */
bool dl_import_changes(const struct dl_import_run *run);
/* Records what the rows made, if the import is to be applied and there is anything. */
DL_MUST_USE enum dl_err dl_import_end(struct dl_import_run **run, struct dl_error *error);
/* Takes everything back; nothing where there is no run. */
void dl_import_drop(struct dl_import_run **run);
/* STATE while an import is under way in this store: for what changes it, and for what looks at rows
 * without asking for a version. */
DL_MUST_USE enum dl_err dl_import_none_runs(const struct dl_store *store, struct dl_error *error);
/* All of it at once. */
DL_MUST_USE enum dl_err dl_registry_import(struct dl_import *import, struct dl_error *error);

/* Take an import back by another one, *id: what it recorded ends, what it replaced is recorded
 * again. INPUT when there is no such import; STATE when it cannot be undone (shipped data, an undo,
 * undone already, or a later import built on it). */
struct dl_undo {
    struct dl_store *store;
    int64_t import;
    const char *by;
    int64_t now_ms;
};
DL_MUST_USE enum dl_err dl_registry_undo(const struct dl_undo *undo, int64_t *id,
                                         struct dl_error *error);

struct dl_import_record {
    int64_t id, at_ms, undoes, undone_by; /* 0: none */
    struct dl_view kind, by, file, sha256, instrument, entry;
    int64_t added, changed, ended;
};
typedef enum dl_err (*dl_import_record_fn)(void *context, const struct dl_import_record *record);
/* Every import, the oldest first. */
DL_MUST_USE enum dl_err dl_registry_imports(struct dl_store *store, dl_import_record_fn fn,
                                            void *context);

#endif
