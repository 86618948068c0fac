#include "node/scrubbing.h"
#include "node/agency_internal.h"
#include "protocol/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WANTED_MAX = 256, SLICE = 2000, SLICE_PAUSE_MS = 50, FIRST_MS = 60 * 60 * 1000 };
static const uint64_t week_ms = (uint64_t)7 * 86400 * 1000;

struct dl_scrubbing {
    struct dl_scrubbing_config config;
    char peer[DL_LIMIT_AGENCY_ID + 1];
    struct dl_log *log;           /* shared with the line, as the next is */
    struct dl_verifier *verifier; /* of its author's key */
    struct dl_scrub *scrub;       /* NULL until it begins */
    bool done;
    uint64_t read, before;
    uint64_t wanted[WANTED_MAX]; /* more are found by the next check */
    size_t n_wanted;
};

static enum dl_err author_key(const struct dl_peer *peer, bool theirs, const struct dl_log *log,
                              struct dl_vkey *out)
{
    struct dl_public_key key =
        theirs ? peer->offer.journal_key : dl_signer_public(peer->agency->journal_signer);
    return dl_vkey_make(dl_view_str(dl_log_origin(log)), DL_KEY_ED25519, &key, out);
}

struct dl_scrubbing *dl_scrubbing_new(const struct dl_scrubbing_config *config)
{
    struct dl_scrubbing *s = calloc(1, sizeof *s);
    DL_ASSERT(s != NULL, "memory for a reading");
    s->config = *config;
    snprintf(s->peer, sizeof s->peer, "%s", config->peer);
    return s;
}

static enum dl_err begin(struct dl_scrubbing *s)
{
    struct dl_vkey vkey;
    struct dl_peer *peer = dl_agency_peer(s->config.agency, s->peer);
    DL_ASSERT(peer != NULL, "a peer stays, also when it is removed");
    struct dl_log *log =
        s->config.theirs ? dl_replica_log(peer->replica) : dl_journal_log(peer->journal);
    DL_TRY(author_key(peer, s->config.theirs, log, &vkey));
    s->log = dl_log_share(log);
    s->verifier = dl_verifier_share(peer->verifiers[s->config.theirs]);
    struct dl_scrub_config config = {.log = s->log,
                                     .vkey = &vkey,
                                     .verifier = s->verifier,
                                     .mend = s->config.mend,
                                     .fault = s->config.fault,
                                     .context = s->config.context};
    s->scrub = dl_scrub_new(&config);
    return DL_OK;
}

void dl_scrubbing_free(struct dl_scrubbing **scrubbing)
{
    if (*scrubbing != NULL) {
        dl_scrub_free(&(*scrubbing)->scrub);
        dl_log_close(&(*scrubbing)->log);
        dl_verifier_free(&(*scrubbing)->verifier);
        free(*scrubbing);
        *scrubbing = NULL;
    }
}

enum dl_err dl_scrubbing_step(struct dl_scrubbing *s, uint64_t n, bool *done)
{
    uint64_t total = 0;
    if (s->scrub == NULL) {
        if (dl_store_in_transaction(dl_line_db_store(s->config.agency->db))) {
            return DL_OK;
        }
        DL_TRY(begin(s));
    }
    DL_TRY(dl_scrub_step(s->scrub, n, &s->done));
    uint64_t at = dl_scrub_at(s->scrub, &total);
    s->read = at - s->before;
    s->before = at;
    *done = s->done;
    return DL_OK;
}

bool dl_scrubbing_done(const struct dl_scrubbing *scrubbing)
{
    return scrubbing->done;
}

uint64_t dl_scrubbing_read(const struct dl_scrubbing *scrubbing)
{
    return scrubbing->read;
}

void dl_scrubbing_want(struct dl_scrubbing *s, uint64_t index)
{
    if (s->n_wanted < WANTED_MAX) {
        s->wanted[s->n_wanted++] = index;
    }
}

bool dl_scrubbing_next_wanted(struct dl_scrubbing *s, uint64_t *index)
{
    if (s->n_wanted == 0) {
        return false;
    }
    *index = s->wanted[--s->n_wanted];
    return true;
}

enum dl_err dl_scrubbing_mend(struct dl_scrubbing *s, uint64_t index,
                              const struct dl_entry_octets *entry)
{
    DL_TRY(dl_agency_write(s->config.agency));
    return dl_log_mend(s->log, index, entry);
}

/* ---- the weekly reading ---- */

struct dl__reading {
    struct dl_timer *timer;
    struct dl_scrubbing *scrubbing;
    char peer[DL_LIMIT_AGENCY_ID + 1]; /* empty: begin with the first */
    bool theirs;
};

static void damaged(void *context, const struct dl_scrub_fault *fault)
{
    struct dl_agency *agency = context;
    struct dl_event event;
    dl_event_begin(&event, dl_agency_now(agency), "journal.damaged");
    dl_event_str(&event, "peer", agency->reading->peer);
    dl_event_str(&event, "journal", agency->reading->theirs ? "theirs" : "ours");
    dl_event_int(&event, "index", (int64_t)fault->index);
    dl_event_str(&event, "what", fault->text);
    dl_event_bool(&event, "mended", fault->mended);
    dl__agency_log(agency, &event);
}

/* The next log to read: the other side of this peer, then the next peer. NULL after the last. */
static struct dl_peer *advance(struct dl_agency *agency, struct dl__reading *reading)
{
    struct dl_peer *peer = dl_agency_peer(agency, reading->peer);
    if (peer != NULL && !reading->theirs) {
        reading->theirs = true;
        return peer;
    }
    reading->theirs = false;
    peer = peer == NULL ? agency->peers : peer->next;
    snprintf(reading->peer, sizeof reading->peer, "%s", peer == NULL ? "" : peer->id);
    return peer;
}

static void read_slice(void *context)
{
    struct dl_agency *agency = context;
    struct dl__reading *reading = agency->reading;
    bool done = false;
    uint64_t wait = SLICE_PAUSE_MS;
    enum dl_err err = DL_OK;
    if (reading->scrubbing == NULL) {
        struct dl_peer *peer = advance(agency, reading);
        wait = peer == NULL ? week_ms : wait;
        reading->scrubbing =
            peer == NULL ? NULL
                         : dl_scrubbing_new(&(struct dl_scrubbing_config){.agency = agency,
                                                                          .peer = reading->peer,
                                                                          .theirs = reading->theirs,
                                                                          .fault = damaged,
                                                                          .context = agency});
    }
    if (reading->scrubbing != NULL) {
        err = dl_scrubbing_step(reading->scrubbing, SLICE, &done);
    }
    if (done || err != DL_OK) {
        dl_scrubbing_free(&reading->scrubbing);
    }
    if (dl_err_class(err) == DL_CLASS_STORE) {
        dl__agency_fatal(agency, err, "a stored journal cannot be read");
        return;
    }
    agency->world->ops->timer_set(reading->timer, wait);
}

void dl__agency_read_weekly(struct dl_agency *agency)
{
    agency->reading = calloc(1, sizeof *agency->reading);
    DL_ASSERT(agency->reading != NULL, "memory for a reading");
    agency->reading->timer = agency->world->ops->timer_new(agency->world, read_slice, agency);
    agency->world->ops->timer_set(agency->reading->timer, FIRST_MS);
}

void dl__agency_stop_reading(struct dl_agency *agency)
{
    if (agency->reading != NULL) {
        agency->world->ops->timer_free(agency->reading->timer);
        dl_scrubbing_free(&agency->reading->scrubbing);
        free(agency->reading);
        agency->reading = NULL;
    }
}
