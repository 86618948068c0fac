/* One file that holds several: POSIX ustar (IEEE 1003.1-2001), so that any tar can look into it.
 * Its last member, `sha256sums`, has a line for each of the others as sha256sum(1) writes them; a
 * file without it is not whole. Members are plain files with the names given; nothing else is
 * accepted when reading.
 */
#ifndef DL_REGISTRY_ARCHIVE_H
#define DL_REGISTRY_ARCHIVE_H

#include "base/octets.h"

enum { DL_ARCHIVE_NAME = 100, DL_ARCHIVE_BLOCK = 512, DL_ARCHIVE_MEMBERS = 80 };

struct dl_archive_member {
    char name[DL_ARCHIVE_NAME + 1];
    uint64_t size;
};
/* One header block. DL_E_STORE_CORRUPT for anything but a plain file's, with a right checksum and a
 * name of [A-Za-z0-9._/-] that neither begins with '/' nor has a ".." in it. */
DL_MUST_USE enum dl_err dl_archive_header_decode(const uint8_t block[DL_ARCHIVE_BLOCK],
                                                 struct dl_archive_member *out);

/* The folder that has this file: what was made or renamed in it is durable. */
DL_MUST_USE enum dl_err dl_archive_sync_folder_of(const char *path, struct dl_error *error);

/* ---- writing ---- */

struct dl_archive_writer;
/* At `path`, mode 0600, under a name of its own until it is finished. */
DL_MUST_USE enum dl_err dl_archive_create(const char *path, int64_t now_ms,
                                          struct dl_archive_writer **out, struct dl_error *error);
DL_MUST_USE enum dl_err dl_archive_add(struct dl_archive_writer *writer, const char *name,
                                       struct dl_view octets, struct dl_error *error);
DL_MUST_USE enum dl_err dl_archive_add_file(struct dl_archive_writer *writer, const char *name,
                                            const char *path, struct dl_error *error);
/* Sums, sync, and the name it shall have; an older file of that name is replaced at once. */
DL_MUST_USE enum dl_err dl_archive_finish(struct dl_archive_writer *writer, struct dl_error *error);
/* Without finish nothing is left. */
void dl_archive_writer_free(struct dl_archive_writer **writer);

/* ---- reading ---- */

struct dl_archive_reader;
/* DL_E_INPUT when there is no such file. */
DL_MUST_USE enum dl_err dl_archive_open(const char *path, struct dl_archive_reader **out,
                                        struct dl_error *error);
void dl_archive_close(struct dl_archive_reader **reader);
/* The next member; what is left of the one before is passed over. *more is false at the end, and
 * then every member was there, whole, with the sum that stands in the archive. */
DL_MUST_USE enum dl_err dl_archive_next(struct dl_archive_reader *reader,
                                        struct dl_archive_member *member, bool *more,
                                        struct dl_error *error);
/* The present member's octets, appended; TOO_LARGE when they do not fit. */
DL_MUST_USE enum dl_err dl_archive_read(struct dl_archive_reader *reader, struct dl_buf *out,
                                        struct dl_error *error);
/* Into a new file, synced. */
DL_MUST_USE enum dl_err dl_archive_extract(struct dl_archive_reader *reader, const char *path,
                                           unsigned mode, struct dl_error *error);

#endif
