#include "node/bundle_export.h"
#include "node/agency_dir.h"
#include "node/agency_internal.h"
#include "protocol/head.h"
#include "protocol/tile.h"
#include "protocol/tlog_proof.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096, NEWEST = 1000, RECEIPTS = 100, OUT = 16 * 1024 * 1024 };

struct dl_export {
    struct dl_export_config config;
    char folder[PATH];
    struct dl_log *log;
    uint64_t size, next, from, to; /* [from, to) have proofs and contents */
    struct dl_buf checkpoint, policy, out;
    struct dl_buf bundle; /* of leaves, for one tile */
    struct dl_batch batch;
    FILE *entries;
};

/* ---- files ---- */

static enum dl_err path_of(const struct dl_export *e, const char *name, char out[PATH],
                           struct dl_error *error)
{
    int n = snprintf(out, PATH, "%s/%s", e->folder, name);
    return n > 0 && n < PATH ? DL_OK
                             : dl_error_set(error, DL_E_INPUT, NULL, "the path is too long");
}

/* Folders on the way are made: names are ours, with '/' between. */
static enum dl_err write_file(const struct dl_export *e, const char *name, struct dl_view octets,
                              struct dl_error *error)
{
    char path[PATH];
    DL_TRY(path_of(e, name, path, error));
    for (char *at = path + strlen(e->folder) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST) {
            return dl_error_set(error, DL_E_STORE_IO, NULL, "%s cannot be made: %s", path,
                                strerror(errno));
        }
        *at = '/';
    }
    FILE *file = fopen(path, "we");
    bool ok = file != NULL && fwrite(octets.p, 1, octets.n, file) == octets.n;
    ok = file != NULL && fclose(file) == 0 && ok;
    return ok ? DL_OK
              : dl_error_set(error, errno == ENOSPC ? DL_E_STORE_FULL : DL_E_STORE_IO, NULL,
                             "%s cannot be written: %s", path, strerror(errno));
}

static enum dl_err make_folder(const char *folder, struct dl_error *error)
{
    if (mkdir(folder, 0755) == 0) {
        return DL_OK;
    }
    DIR *listing = opendir(folder);
    size_t n = 0;
    while (listing != NULL && readdir(listing) != NULL) {
        n++;
    }
    if (listing != NULL) {
        closedir(listing);
    }
    if (n == 2) {
        return DL_OK; // "." and ".." only
    }
    dl_error_set(error, n == 0 ? DL_E_INPUT : DL_E_DIR_NOT_EMPTY, NULL,
                 "%s %s; nothing was written", folder, n == 0 ? "cannot be made" : "is not empty");
    return dl_error_hint(error, "name a folder that is empty or not there yet");
}

/* ---- what vouches for it ---- */

/* The peer as it is paired now; it may have been paired again since the export began. */
static struct dl_peer *peer_of(const struct dl_export *e)
{
    struct dl_peer *peer = dl_agency_peer(e->config.agency, e->config.peer);
    DL_ASSERT(peer != NULL, "a peer stays, also when it is removed");
    return peer;
}

/* The note at the top: of ours the newest receipt, of theirs the checkpoint that we cosigned. */
static struct dl_view top_note(const struct dl_export *e)
{
    const struct dl_replica *replica = peer_of(e)->replica;
    if (e->config.ours) {
        return dl_log_newest_receipt(e->log).note;
    }
    bool current = dl_log_generation(e->log) == dl_replica_generation(replica);
    return current ? dl_replica_cosigned(replica) : dl_log_note(e->log);
}

static enum dl_err names_of(const struct dl_export *e, struct dl_head_names *out)
{
    struct dl__signed what = {.ours = e->config.ours,
                              .cosigned = e->config.ours,
                              .origin = dl_log_origin(e->log),
                              .note = top_note(e)};
    return dl__peer_names_of(peer_of(e), &what, out);
}

static enum dl_err put_policy(struct dl_export *e, const struct dl_head_names *names)
{
    struct dl_vkey log;
    struct dl_vkey witness;
    char name[DL_LIMIT_AGENCY_ID + 32];
    snprintf(name, sizeof name, "directline/%.*s/receipt", DL_VIEW_ARG(names->receiver));
    DL_TRY(dl_vkey_make(names->origin, DL_KEY_ED25519, &names->journal_key, &log));
    DL_TRY(dl_vkey_make(dl_view_str(name), DL_KEY_COSIGNATURE, &names->receipt_key, &witness));
    dl_buf_put_str(&e->policy, "log ");
    dl_vkey_format(&log, &e->policy);
    dl_buf_put_str(&e->policy, "\nwitness peer ");
    dl_vkey_format(&witness, &e->policy);
    dl_buf_put_str(&e->policy, "\nquorum peer\n");
    return dl_buf_err(&e->policy);
}

/* The newest receipted checkpoint: of ours the peer's receipt; of theirs the one that we cosigned,
 * with a cosignature of this moment (it may be given again at any time). */
static enum dl_err find_checkpoint(struct dl_export *e, const struct dl_head_names *names)
{
    struct dl_head_keys *keys = NULL;
    struct dl_head head;
    if (e->config.ours) {
        struct dl_log_receipt receipt = dl_log_newest_receipt(e->log);
        e->size = receipt.size;
        dl_buf_put_view(&e->checkpoint, receipt.note);
        return receipt.size > 0 ? DL_OK : DL_E_NO_RECEIPT;
    }
    struct dl_view note = top_note(e);
    if (note.n == 0) {
        return DL_E_NO_RECEIPT;
    }
    DL_TRY(dl_head_keys_new(names, &keys));
    enum dl_err err = dl_head_read(keys, note, false, &head);
    if (err == DL_OK && head.size > dl_log_size(e->log)) {
        err = DL_E_NO_RECEIPT; // our copy came back from the past and is being filled again
    }
    if (err == DL_OK) {
        dl_head_cosign(keys, e->config.agency->receipt_signer,
                       dl_agency_now(e->config.agency) / 1000, &head);
        dl_head_write(keys, &head, &e->checkpoint);
        e->size = head.size;
    }
    dl_head_keys_free(&keys);
    return err;
}

static enum dl_err open_log(struct dl_export *e, struct dl_error *error)
{
    const struct dl_export_config *config = &e->config;
    const struct dl_peer *peer = peer_of(e);
    struct dl_log *current =
        config->ours ? dl_journal_log(peer->journal) : dl_replica_log(peer->replica);
    if (config->generation == 0 || config->generation == dl_log_generation(current)) {
        e->log = dl_log_share(current);
        return DL_OK;
    }
    struct dl_log_name name = {
        .peer = peer->id, .ours = config->ours, .origin = dl_log_origin(current)};
    enum dl_err err =
        dl_log_open_generation(config->agency->db, &name, config->generation, &e->log);
    return err == DL_OK
               ? DL_OK
               : dl_error_set(error, DL_E_ORIGIN, NULL, "there is no generation %u of this journal",
                              config->generation);
}

static enum dl_err choose_range(struct dl_export *e, struct dl_error *error)
{
    e->to = e->size;
    e->from = e->size > NEWEST ? e->size - NEWEST : 0;
    if (!e->config.ranged) {
        return DL_OK;
    }
    if (e->config.open) {
        e->config.to = e->size - 1;
    }
    if (e->config.from > e->config.to || e->config.to >= e->size) {
        dl_error_set(error, DL_E_INPUT, NULL,
                     "entries %llu to %llu are not all receipted: the receipt covers %llu",
                     (unsigned long long)e->config.from, (unsigned long long)e->config.to,
                     (unsigned long long)e->size);
        return dl_error_hint(error, "entries count from 0; `line` shows how many are receipted");
    }
    e->from = e->config.from;
    e->to = e->config.to + 1;
    return DL_OK;
}

static enum dl_err begin(struct dl_export *e, struct dl_error *error)
{
    struct dl_head_names names;
    char path[PATH];
    DL_TRY(open_log(e, error));
    enum dl_err err = names_of(e, &names);
    err = err == DL_OK ? find_checkpoint(e, &names) : err;
    if (err == DL_E_NO_RECEIPT) {
        dl_error_set(error, err, NULL,
                     "no receipt covers anything of this journal yet; nothing was written");
        return dl_error_hint(error, "wait until the peer has received something: directline line");
    }
    err = err == DL_OK ? put_policy(e, &names) : err;
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "what is stored of this line does not verify");
    }
    DL_TRY(choose_range(e, error));
    DL_TRY(make_folder(e->folder, error));
    DL_TRY(path_of(e, "entries.u32", path, error));
    e->entries = fopen(path, "we");
    return e->entries != NULL
               ? DL_OK
               : dl_error_set(error, DL_E_STORE_IO, NULL, "%s cannot be written", path);
}

enum dl_err dl_export_begin(const struct dl_export_config *config, struct dl_export **out,
                            struct dl_error *error)
{
    struct dl_export *e = calloc(1, sizeof *e);
    DL_ASSERT(e != NULL, "memory for an export");
    e->config = *config;
    snprintf(e->folder, sizeof e->folder, "%s", config->folder);
    dl_buf_init(&e->checkpoint, (size_t)2 * DL_LIMIT_CHECKPOINT);
    dl_buf_init(&e->policy, 4096);
    dl_buf_init(&e->out, OUT);
    dl_buf_init(&e->bundle, OUT);
    dl_batch_init(&e->batch);
    enum dl_err err = begin(e, error);
    if (err != DL_OK) {
        dl_export_free(&e);
        return err;
    }
    *out = e;
    return DL_OK;
}

void dl_export_free(struct dl_export **export)
{
    struct dl_export *e = *export;
    if (e != NULL) {
        if (e->entries != NULL) {
            fclose(e->entries);
        }
        dl_log_close(&e->log);
        dl_buf_fini(&e->checkpoint);
        dl_buf_fini(&e->policy);
        dl_buf_fini(&e->out);
        dl_buf_fini(&e->bundle);
        dl_batch_fini(&e->batch);
        free(e);
        *export = NULL;
    }
}

uint64_t dl_export_written(const struct dl_export *export)
{
    return export->next;
}

uint64_t dl_export_size(const struct dl_export *export)
{
    return export->size;
}

/* ---- pieces ---- */

static enum dl_err write_tile(struct dl_export *e, unsigned level, uint64_t index,
                              struct dl_error *error)
{
    char path[DL_TILE_PATH];
    char name[DL_TILE_PATH + 16];
    struct dl_tile tile = {
        .level = level, .index = index, .width = dl_tile_width(e->size, level, index)};
    dl_buf_reset(&e->out);
    enum dl_err err = dl_log_tile(e->log, level, index, tile.width, &e->out);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL,
                            "tile %llu of level %u cannot be read; run `journal check`",
                            (unsigned long long)index, level);
    }
    dl_tile_path(&tile, path);
    snprintf(name, sizeof name, "tiles/%s", path);
    return write_file(e, name, dl_buf_view(&e->out), error);
}

static enum dl_err write_entry(struct dl_export *e, uint64_t index,
                               const struct dl_entry_octets *entry, struct dl_error *error)
{
    char name[64];
    struct dl_proof proof;
    struct dl_tree_reader reader = dl_log_reader(e->log);
    enum dl_err err = dl_inclusion_make(&reader, index, e->size, &proof);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL,
                            "the proof of entry %llu cannot be made; run `journal check`",
                            (unsigned long long)index);
    }
    snprintf(name, sizeof name, "entry-%llu.leaf", (unsigned long long)index);
    DL_TRY(write_file(e, name, entry->leaf, error));
    dl_buf_reset(&e->out);
    dl_tlog_proof_put(&e->out, index, &proof, dl_buf_view(&e->checkpoint));
    snprintf(name, sizeof name, "entry-%llu.tlog-proof", (unsigned long long)index);
    DL_TRY(write_file(e, name, dl_buf_view(&e->out), error));
    if (e->config.no_content) {
        return DL_OK;
    }
    snprintf(name, sizeof name, "content/%llu.json", (unsigned long long)index);
    DL_TRY(write_file(e, name, entry->content, error));
    snprintf(name, sizeof name, "content/%llu.salt", (unsigned long long)index);
    return write_file(e, name, entry->salt, error);
}

/* What the disk gives is judged before it leaves: a flipped bit must not be exported as our word.
 */
static enum dl_err judge(struct dl_export *e, uint64_t index, const struct dl_entry_octets *entry,
                         const uint8_t *hashes, struct dl_error *error)
{
    struct dl_hash is = dl_merkle_leaf(entry->leaf);
    struct dl_leaf leaf;
    struct dl_hash commitment = dl_entry_commitment(entry->salt, entry->content);
    bool good = memcmp(is.b, hashes + (index % DL_TILE_WIDTH) * sizeof is.b, sizeof is.b) == 0 &&
                dl_leaf_decode(entry->leaf, &leaf) == DL_OK &&
                dl_hash_equal(&commitment, &leaf.commitment);
    if (good) {
        return DL_OK;
    }
    dl_error_set(error, DL_E_STORE_CORRUPT, NULL, "entry %llu of %s is damaged on this disk",
                 (unsigned long long)index, dl_log_origin(e->log));
    return dl_error_hint(error, "`journal check --repair` fetches it again from the peer");
}

static enum dl_err write_one(struct dl_export *e, uint64_t index,
                             const struct dl_entry_octets *entry, const uint8_t *hashes,
                             struct dl_error *error)
{
    struct dl_buf length;
    DL_TRY(judge(e, index, entry, hashes, error));
    dl_buf_init(&length, 4);
    dl_buf_u32(&length, (uint32_t)entry->leaf.n);
    bool ok = fwrite(length.p, 1, length.n, e->entries) == length.n &&
              fwrite(entry->leaf.p, 1, entry->leaf.n, e->entries) == entry->leaf.n;
    dl_buf_fini(&length);
    dl_buf_u16(&e->bundle, (uint16_t)entry->leaf.n);
    dl_buf_put_view(&e->bundle, entry->leaf);
    if (!ok) {
        return dl_error_set(error, DL_E_STORE_IO, NULL, "entries.u32 cannot be written: %s",
                            strerror(errno));
    }
    return index >= e->from && index < e->to ? write_entry(e, index, entry, error) : DL_OK;
}

/* The entries of one tile, read in batches: contents may be large. */
static enum dl_err write_entries(struct dl_export *e, uint64_t end, const uint8_t *hashes,
                                 struct dl_error *error)
{
    while (e->next < end) {
        struct dl_log_range range = {.from = e->next,
                                     .to = end,
                                     .n_max = DL_LIMIT_BATCH_ENTRIES,
                                     .octets_max = DL_LIMIT_BATCH_OCTETS,
                                     .single = true};
        enum dl_err err = dl_log_read(e->log, &range, &e->batch);
        if (err != DL_OK || e->batch.n == 0) {
            return dl_error_set(error, err == DL_OK ? DL_E_STORE_CORRUPT : err, NULL,
                                "entries from %llu on cannot be read; run `journal check`",
                                (unsigned long long)e->next);
        }
        for (size_t i = 0; i < e->batch.n; i++) {
            DL_TRY(write_one(e, e->next + i, &e->batch.entries[i], hashes, error));
        }
        e->next += e->batch.n;
    }
    return DL_OK;
}

static enum dl_err write_chunk(struct dl_export *e, struct dl_error *error)
{
    char path[DL_TILE_PATH];
    char name[DL_TILE_PATH + 16];
    struct dl_buf hashes;
    struct dl_tile tile = {.entries = true, .index = e->next / DL_TILE_WIDTH};
    tile.width = dl_tile_width(e->size, 0, tile.index);
    dl_buf_init(&hashes, DL_TILE_WIDTH * sizeof(struct dl_hash));
    dl_buf_reset(&e->bundle);
    enum dl_err err = dl_log_tile(e->log, 0, tile.index, tile.width, &hashes);
    if (err != DL_OK) {
        dl_error_set(error, err, NULL, "tile %llu cannot be read; run `journal check`",
                     (unsigned long long)tile.index);
    } else {
        err = write_entries(e, e->next + tile.width, hashes.p, error);
    }
    dl_buf_fini(&hashes);
    dl_tile_path(&tile, path);
    snprintf(name, sizeof name, "tiles/%s", path);
    err = err == DL_OK ? write_file(e, name, dl_buf_view(&e->bundle), error) : err;
    return err == DL_OK ? write_tile(e, 0, tile.index, error) : err;
}

/* An earlier receipt, and the proof that it is of the same history. */
static enum dl_err write_receipt(struct dl_export *e, uint64_t size, struct dl_view note,
                                 struct dl_error *error)
{
    char name[64];
    struct dl_proof proof;
    struct dl_tree_reader reader = dl_log_reader(e->log);
    if (size >= e->size) {
        return DL_OK;
    }
    enum dl_err err = dl_consistency_make(&reader, size, e->size, &proof);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "a proof cannot be made; run `journal check`");
    }
    snprintf(name, sizeof name, "checkpoint.%llu", (unsigned long long)size);
    DL_TRY(write_file(e, name, note, error));
    dl_buf_reset(&e->out);
    dl_proof_put_lines(&e->out, &proof);
    snprintf(name, sizeof name, "consistency.%llu", (unsigned long long)size);
    return write_file(e, name, dl_buf_view(&e->out), error);
}

struct receipts {
    struct dl_export *export;
    struct dl_error *error;
    struct dl_head_keys *keys; /* of the policy; NULL where there were never others */
};

static enum dl_err each_receipt(void *context, const struct dl_log_receipt *receipt)
{
    const struct receipts *r = context;
    struct dl_head head;
    if (r->keys != NULL && dl_head_read(r->keys, receipt->note, true, &head) != DL_OK) {
        return DL_OK; // given with a key from before the peer was paired again: not in this policy
    }
    return write_receipt(r->export, receipt->size, receipt->note, r->error);
}

/* Of theirs each size that we stored: our receipt of it, given again. */
static enum dl_err each_stored(void *context, const struct dl_log_receipt *stored)
{
    const struct receipts *r = context;
    struct dl_export *e = r->export;
    struct dl_head head;
    struct dl_buf note;
    if (stored->size >= e->size || dl_head_read(r->keys, stored->note, false, &head) != DL_OK) {
        return DL_OK;
    }
    dl_buf_init(&note, (size_t)2 * DL_LIMIT_CHECKPOINT);
    dl_head_cosign(r->keys, e->config.agency->receipt_signer,
                   dl_agency_now(e->config.agency) / 1000, &head);
    dl_head_write(r->keys, &head, &note);
    enum dl_err err = write_receipt(e, stored->size, dl_buf_view(&note), r->error);
    dl_buf_fini(&note);
    return err;
}

static enum dl_err finish(struct dl_export *e, struct dl_error *error)
{
    struct receipts receipts = {.export = e, .error = error};
    for (unsigned level = 1; level < DL_TILE_LEVELS; level++) {
        for (uint64_t i = 0; dl_tile_width(e->size, level, i) > 0; i++) {
            DL_TRY(write_tile(e, level, i, error));
        }
    }
    if (fflush(e->entries) != 0) {
        return dl_error_set(error, DL_E_STORE_IO, NULL, "entries.u32 cannot be written: %s",
                            strerror(errno));
    }
    error->err = DL_OK;
    struct dl_head_names names;
    enum dl_err err = names_of(e, &names);
    if (err == DL_OK && (!e->config.ours || peer_of(e)->repaired != 0)) {
        err = dl_head_keys_new(&names, &receipts.keys);
    }
    if (err == DL_OK && e->config.ours) {
        err = dl_log_receipts(e->log, RECEIPTS, each_receipt, &receipts);
    } else if (err == DL_OK) {
        err = dl_log_checkpoints(e->log, RECEIPTS + 1, each_stored, &receipts);
    }
    dl_head_keys_free(&receipts.keys);
    if (err != DL_OK) {
        return error->err != DL_OK ? err
                                   : dl_error_set(error, err, NULL, "the receipts cannot be read");
    }
    static const char *const files[] = {"policy", "tiles/policy", "tiles/checkpoint", "checkpoint"};
    for (size_t i = 0; i < 4;
         i++) { // the checkpoint last: its presence says that the rest is there
        DL_TRY(write_file(e, files[i],
                          i < 2 ? dl_buf_view(&e->policy) : dl_buf_view(&e->checkpoint), error));
    }
    return DL_OK;
}

enum dl_err dl_export_step(struct dl_export *export, bool *done, struct dl_error *error)
{
    *done = export->next >= export->size;
    return *done ? finish(export, error) : write_chunk(export, error);
}
