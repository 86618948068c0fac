/* Items of a file to be screened, cut out of a stream: records of a CSV file with the columns cas,
 * name or smiles, lines of a .smi file, records of an .sdf file. Memory is one item.
 *
 * A CSV file is separated by commas, semicolons or tabs, whichever its first line has most of; a
 * U+FEFF before it is passed over. A record that cannot be read is an item too, and says why; what
 * follows its first line is read on.
 */
#ifndef DL_NODE_SCREEN_ITEMS_H
#define DL_NODE_SCREEN_ITEMS_H

#include "registry/csv.h"

enum dl_items_format { DL_ITEMS_CSV, DL_ITEMS_SMI, DL_ITEMS_SDF };
enum { DL_ITEM_MAX = 1024 * 1024 };

struct dl_item {
    struct dl_view cas, name, smiles, mol; /* empty: not given; views until the next call */
    size_t line;                           /* where it begins, from 1 */
    const char *broken;                    /* why it cannot be read; NULL; until the next call */
};

struct dl_items {
    enum dl_items_format format;
    struct dl_buf pending;
    size_t taken;
    size_t line;   /* of what comes next */
    bool begun;    /* what stands before the first item is passed over */
    bool skipping; /* the rest of an item that was too large */
    bool end;
    struct dl_csv csv;
    bool headed;
    int cas, name, smiles; /* columns, -1 absent */
    char why[DL_ERROR_MESSAGE_MAX];
};

/* By the file's ending; CSV for every other. */
enum dl_items_format dl_items_format_of(const char *path);
void dl_items_init(struct dl_items *items, enum dl_items_format format);
void dl_items_fini(struct dl_items *items);
/* More of the file, after dl_items_next found nothing; `end`: it was the last. DL_E_TOO_LARGE for
 * more than 256 KiB at once. */
DL_MUST_USE enum dl_err dl_items_feed(struct dl_items *items, struct dl_view octets, bool end);
/* The next whole item: *got false when more octets are needed, or at the end. An error is of the
 * header of a CSV file: there is nothing to go on with. */
DL_MUST_USE enum dl_err dl_items_next(struct dl_items *items, struct dl_item *out, bool *got,
                                      struct dl_error *error);

#endif
