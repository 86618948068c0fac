/* Items of a file to be screened, cut out of a stream: records of a CSV file with the columns cas,
 * name or smiles, lines of a .smi file, records of an .sdf file. Memory is one item.
 */
#ifndef DL_NODE_SCREEN_ITEMS_H
#define DL_NODE_SCREEN_ITEMS_H

#include "registry/csv.h"

enum dl_items_format { DL_ITEMS_CSV, DL_ITEMS_SMI, DL_ITEMS_SDF };
enum { DL_ITEM_MAX = 1024 * 1024 };

struct dl_item {
    struct dl_view cas, name, smiles, mol; /* empty: not given; views until the next call */
};

struct dl_items {
    enum dl_items_format format;
    struct dl_buf pending;
    size_t taken;
    bool end;
    struct dl_csv csv;
    bool headed;
    int cas, name, smiles; /* columns, -1 absent */
};

/* By the file's ending; CSV for every other. */
enum dl_items_format dl_items_format_of(const char *path);
void dl_items_init(struct dl_items *items, enum dl_items_format format);
void dl_items_fini(struct dl_items *items);
/* More of the file; `end`: it was the last. DL_E_TOO_LARGE for an item beyond DL_ITEM_MAX. */
DL_MUST_USE enum dl_err dl_items_feed(struct dl_items *items, struct dl_view octets, bool end);
/* The next whole item: *got false when more octets are needed, or at the end. DL_E_INPUT with the
 * line in the message. */
DL_MUST_USE enum dl_err dl_items_next(struct dl_items *items, struct dl_item *out, bool *got,
                                      struct dl_error *error);

#endif
