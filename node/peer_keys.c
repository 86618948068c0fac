/* A peer's keys, before and after it was paired again. What was signed with a lost key stays
 * signed: earlier offers are kept, and a note is read with the keys that it verifies with. */
#include "node/agency_internal.h"

#include <string.h>

static struct dl_head_names names_with(const struct dl_peer *peer, bool ours, const char *origin,
                                       const struct dl_offer *offer)
{
    const struct dl_agency *agency = peer->agency;
    return (struct dl_head_names){
        .origin = dl_view_str(origin),
        .receiver = dl_view_str(ours ? peer->id : dl_agency_id(agency)),
        .journal_key = ours ? dl_signer_public(agency->journal_signer) : offer->journal_key,
        .receipt_key = ours ? offer->receipt_key : dl_signer_public(agency->receipt_signer)};
}

static bool verifies(const struct dl_head_names *names, struct dl_view note, bool cosigned)
{
    struct dl_head_keys *keys = NULL;
    struct dl_head head;
    bool good = dl_head_keys_new(names, &keys) == DL_OK &&
                dl_head_read(keys, note, cosigned, &head) == DL_OK;
    dl_head_keys_free(&keys);
    return good;
}

struct searching {
    const struct dl_peer *peer;
    bool ours, cosigned, found;
    const char *origin;
    struct dl_view note;
    struct dl_head_names *names;
};

static enum dl_err try_offer(void *context, const struct dl_row *row)
{
    struct searching *s = context;
    struct dl_offer offer;
    if (s->found || dl_offer_decode(dl_row_blob(row, 0), &offer, NULL) != DL_OK) {
        return DL_OK;
    }
    struct dl_head_names names = names_with(s->peer, s->ours, s->origin, &offer);
    s->found = verifies(&names, s->note, s->cosigned);
    *s->names = s->found ? names : *s->names;
    return DL_OK;
}

enum dl_err dl__peer_names_of(const struct dl_peer *peer, const struct dl__signed *what,
                              struct dl_head_names *out)
{
    struct searching s = {.peer = peer,
                          .ours = what->ours,
                          .cosigned = what->cosigned,
                          .origin = what->origin,
                          .note = what->note,
                          .names = out};
    *out = names_with(peer, what->ours, what->origin, &peer->offer);
    if (peer->repaired == 0 || what->note.n == 0 || verifies(out, what->note, what->cosigned)) {
        return DL_OK;
    }
    return dl_store_run(dl_line_db_store(peer->agency->db),
                        "SELECT offer FROM old_key WHERE agency=?1 ORDER BY until DESC",
                        DL_SQL(DL_SQL_STR(peer->id)), try_offer, &s);
}

struct dl_view dl__peer_receipt(const struct dl_peer *peer)
{
    struct dl_log *log = dl_journal_log(peer->journal);
    struct dl_view note = dl_log_newest_receipt(log).note;
    struct dl_head_names names = names_with(peer, true, dl_log_origin(log), &peer->offer);
    bool lost = peer->repaired != 0 && note.n > 0 && !verifies(&names, note, true);
    return lost ? dl_view_of(NULL, 0) : note;
}

size_t dl_offer_changes(const struct dl_offer *before, const struct dl_offer *now,
                        const char *names[DL_OFFER_KEYS])
{
    size_t n = 0;
    if (memcmp(&before->journal_key, &now->journal_key, sizeof now->journal_key) != 0) {
        names[n++] = "journal";
    }
    if (memcmp(&before->receipt_key, &now->receipt_key, sizeof now->receipt_key) != 0) {
        names[n++] = "receipt";
    }
    if (!dl_hash_equal(&before->tls_pin, &now->tls_pin)) {
        names[n++] = "tls";
    }
    if (!dl_view_equal(dl_view_of(before->ca, before->ca_n), dl_view_of(now->ca, now->ca_n))) {
        names[n++] = "ca";
    }
    return n;
}
