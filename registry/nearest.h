/* The names nearest to one that is not known: what the asker may have meant. Work is bounded: the
 * neighbours of the key, and of the ways to write its beginning, in the order of keys; with
 * `thorough` also DL_NEAREST_SCAN_MAX further keys.
 */
#ifndef DL_REGISTRY_NEAREST_H
#define DL_REGISTRY_NEAREST_H

#include "registry/lookup.h"

enum { DL_NEAREST_SCAN_MAX = 60000 };

/* Puts up to DL_NEAREST_MAX names into out->nearest, the nearest first, one for each substance. */
DL_MUST_USE enum dl_err dl_nearest_find(struct dl_reader *reader, const struct dl_moment *moment,
                                        struct dl_view key, bool thorough, struct dl_lookup *out);

/* Edits (insert, delete, replace, swap of neighbours) that make b from a, counted in characters;
 * anything beyond `max` is max + 1. At most 64 characters are compared. */
int dl_nearest_distance(struct dl_view a, struct dl_view b, int max);

#endif
