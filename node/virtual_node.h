/* A whole node in a virtual world: an agency with a disk of its own, keys made from the seed, and
 * everything that can happen to a machine. Tests of faults and exercises are made of these.
 */
#ifndef DL_NODE_VIRTUAL_NODE_H
#define DL_NODE_VIRTUAL_NODE_H

#include "node/agency.h"
#include "node/virtual_disk.h"
#include "node/virtual_world.h"

struct dl_virtual_node;

struct dl_virtual_node_config {
    struct dl_virtual *virtual;
    const char *agency;       /* also its host */
    const char *jurisdiction; /* two letters */
    const char *realm;        /* "directline", or "directline-exercise/<id>" */
    enum dl_marking marking;
    const char *registry_path; /* of the operating system, read-only; may be NULL */
    int64_t test_interval_s;
};

/* Makes the node; it does not run yet. Nothing here fails but for want of memory, which aborts. */
struct dl_virtual_node *dl_virtual_node_new(const struct dl_virtual_node_config *config);
void dl_virtual_node_free(struct dl_virtual_node **node);

/* Start (again): opens the agency on its disk. The error of dl_agency_open, when the disk does not
 * allow it. */
DL_MUST_USE enum dl_err dl_virtual_node_start(struct dl_virtual_node *node, struct dl_error *error);
/* Stop in order, or as kill -9 does, or as a power cut does. */
void dl_virtual_node_stop(struct dl_virtual_node *node);
void dl_virtual_node_kill(struct dl_virtual_node *node);
void dl_virtual_node_cut_power(struct dl_virtual_node *node);
bool dl_virtual_node_runs(const struct dl_virtual_node *node);
/* The store failed since the last start: the node ended by itself (I10). */
enum dl_err dl_virtual_node_failed(const struct dl_virtual_node *node);

struct dl_agency *
dl_virtual_node_agency(struct dl_virtual_node *node); /* NULL while it does not run */
struct dl_virtual_disk *dl_virtual_node_disk(struct dl_virtual_node *node);
struct dl_world *dl_virtual_node_world(struct dl_virtual_node *node);
const char *dl_virtual_node_name(const struct dl_virtual_node *node);

/* Pair two nodes that run, both ways. */
void dl_virtual_node_pair(struct dl_virtual_node *a, struct dl_virtual_node *b);

enum dl_virtual_part { DL_VIRTUAL_LINE = 1, DL_VIRTUAL_HEAD = 2 };
/* Keep a copy of databases (of a stopped or running node; the copy is consistent), and put it back
 * later, the node being stopped. Without an earlier copy it is the database as it was made. */
void dl_virtual_node_backup(struct dl_virtual_node *node);
void dl_virtual_node_restore(struct dl_virtual_node *node, unsigned parts);

#endif
