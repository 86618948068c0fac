/* Making a session from facts; everything that came from disk is verified on the way. */
#include "protocol/session_internal.h"

#include <stdlib.h>
#include <string.h>

static const struct dl_machine_state author_states[DL__AUTHOR_STATES] = {
    [DL__AUTHOR_WAITING] = {"waiting", DL_MOVE(DL__AUTHOR_PULLING) | DL_MOVE(DL__AUTHOR_SERVING) |
                                           DL_MOVE(DL__AUTHOR_MUTE)},
    [DL__AUTHOR_PULLING] = {"pulling", DL_MOVE(DL__AUTHOR_SERVING) | DL_MOVE(DL__AUTHOR_MUTE)},
    [DL__AUTHOR_SERVING] = {"serving", 0},
    [DL__AUTHOR_MUTE] = {"mute", 0},
};

static const struct dl_machine_state receiver_states[DL__RECEIVER_STATES] = {
    [DL__WAITING] = {"waiting", DL_MOVE(DL__RECEIVING) | DL_MOVE(DL__DOUBT)},
    [DL__RECEIVING] = {"receiving", DL_MOVE(DL__DOUBT)},
    [DL__DOUBT] = {"doubt", 0},
};

static enum dl_err copy_text(struct dl_view from, size_t max, char *to)
{
    if (from.n == 0 || from.n > max || memchr(from.p, 0, from.n) != NULL) {
        return DL_E_ORIGIN;
    }
    memcpy(to, from.p, from.n);
    to[from.n] = 0;
    return DL_OK;
}

static enum dl_err copy_names(struct dl_session *s, const struct dl_session_config *config)
{
    DL_TRY(copy_text(config->us, sizeof s->us - 1, s->us));
    DL_TRY(copy_text(config->peer, sizeof s->peer - 1, s->peer));
    DL_TRY(copy_text(config->origin_ours, sizeof s->base_ours - 1, s->base_ours));
    return copy_text(config->origin_theirs, sizeof s->base_theirs - 1, s->base_theirs);
}

enum dl_err dl__keys_of_theirs(const struct dl_session *s, unsigned generation,
                               struct dl_head_keys **out)
{
    char origin[DL_LIMIT_ORIGIN + 1];
    DL_TRY(dl_origin_of(dl_view_str(s->base_theirs), generation, origin));
    struct dl_head_names names = {
        .origin = dl_view_str(origin),
        .receiver = dl_view_str(s->us),
        .journal_key = s->peer_journal_key,
        .receipt_key = s->our_receipt_key,
        .journal_verifier = s->peer_journal_verifier,
    };
    return dl_head_keys_new(&names, out);
}

static enum dl_err keys_of_ours(const struct dl_session *s, const struct dl_session_config *config,
                                struct dl_head_keys **out)
{
    char origin[DL_LIMIT_ORIGIN + 1];
    DL_TRY(dl_origin_of(dl_view_str(s->base_ours), config->ours.generation, origin));
    struct dl_head_names names = {
        .origin = dl_view_str(origin),
        .receiver = dl_view_str(s->peer),
        .journal_key = config->our_journal_key,
        .receipt_key = config->peer_receipt_key,
        .journal_verifier = config->our_journal_verifier,
    };
    return dl_head_keys_new(&names, out);
}

/* A note from our own disk; an empty one is no head. */
static enum dl_err read_own(const struct dl_head_keys *keys, struct dl_view note, bool cosigned,
                            struct dl_head *out)
{
    if (note.n == 0) {
        *out = (struct dl_head){0};
        return DL_OK;
    }
    return dl_head_read(keys, note, cosigned, out) == DL_OK ? DL_OK : DL_E_STORE_CORRUPT;
}

static bool fits_frontier(const struct dl_head *head, uint64_t size,
                          const struct dl_frontier *frontier)
{
    if (frontier->size != size || head->size != size) {
        return false;
    }
    struct dl_hash root = dl_frontier_root(frontier);
    return size == 0 || dl_hash_equal(&root, &head->root);
}

static enum dl_err set_author(struct dl_session *s, const struct dl_facts_ours *facts)
{
    struct dl__author *a = &s->author;
    dl_machine_init(&a->machine, author_states, DL__AUTHOR_STATES, DL__AUTHOR_WAITING);
    a->journal = facts->state;
    a->generation = facts->generation;
    a->size = facts->size;
    a->frontier = *facts->frontier;
    a->allowed = (struct dl_msg_credit){DL_LIMIT_CREDIT_ENTRIES, DL_LIMIT_CREDIT_OCTETS};
    DL_TRY(read_own(a->keys, facts->note, false, &a->newest));
    DL_TRY(read_own(a->keys, facts->head, false, &a->note[DL_AUTHOR_HEAD]));
    DL_TRY(read_own(a->keys, facts->receipt, true, &a->note[DL_AUTHOR_RECEIPT]));
    if (!fits_frontier(&a->newest, a->size, &a->frontier) ||
        a->note[DL_AUTHOR_HEAD].size < a->size) {
        return DL_E_STORE_CORRUPT;
    }
    return DL_OK;
}

static enum dl_err set_receiver(struct dl_session *s, const struct dl_session_config *config)
{
    const struct dl_facts_theirs *facts = &config->theirs;
    struct dl__receiver *r = &s->receiver;
    dl_machine_init(&r->machine, receiver_states, DL__RECEIVER_STATES, DL__WAITING);
    r->generation = facts->generation;
    r->size = facts->size;
    r->fresh = facts->generation > 1 && facts->size == 0; /* a stored one has its first entry */
    r->next = facts->size;
    r->frontier = *facts->frontier;
    r->busy = config->busy;
    r->off = -1;
    r->granted = (struct dl_msg_credit){DL_LIMIT_CREDIT_ENTRIES, DL_LIMIT_CREDIT_OCTETS};
    DL_TRY(read_own(r->keys, facts->note, false, &r->head));
    DL_TRY(read_own(r->keys, facts->cosigned, true, &r->cosigned));
    r->stored = r->head;
    if (!fits_frontier(&r->head, r->size, &r->frontier)) {
        return DL_E_STORE_CORRUPT;
    }
    return DL_OK;
}

static void init_buffers(struct dl_session *s)
{
    dl_buf_init(&s->in, DL__IN_MAX);
    dl_buf_init(&s->out, DL__OUT_MAX);
    dl_buf_init(&s->test.text, DL__TEST_TEXT_MAX);
    dl_buf_init(&s->test.reply, DL__TEST_TEXT_MAX);
    struct dl_buf *notes[] = {&s->scratch,  &s->note[0], &s->note[1], &s->alarm[0],
                              &s->alarm[1], &s->floor,   &s->receipt};
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        dl_buf_init(notes[i], DL_LIMIT_CHECKPOINT);
    }
}

static enum dl_err set_keys(struct dl_session *s, const struct dl_session_config *config)
{
    s->signer = config->receipt_signer;
    s->peer_journal_key = config->peer_journal_key;
    s->peer_journal_verifier = config->peer_journal_verifier;
    s->our_receipt_key = config->our_receipt_key;
    s->peer_receipt_verifier = dl_verifier_new(&config->peer_receipt_key);
    if (s->peer_receipt_verifier == NULL) {
        return DL_E_KEY;
    }
    DL_TRY(keys_of_ours(s, config, &s->author.keys));
    return dl__keys_of_theirs(s, config->theirs.generation, &s->receiver.keys);
}

enum dl_err dl_session_new(const struct dl_session_config *config, struct dl_session **out)
{
    DL_ASSERT(config->ours.generation >= 1 && config->theirs.generation >= 1, "from 1");
    DL_ASSERT(config->receipt_signer != NULL, "a session can give receipts");
    struct dl_session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return DL_E_NOMEM;
    }
    init_buffers(s);
    dl__phase_init(s);
    enum dl_err err = copy_names(s, config);
    if (err == DL_OK) {
        err = set_keys(s, config);
    }
    if (err == DL_OK) {
        err = set_author(s, &config->ours);
    }
    if (err == DL_OK) {
        err = set_receiver(s, config);
    }
    if (err != DL_OK) {
        dl_session_free(&s);
        return err;
    }
    *out = s;
    return DL_OK;
}

void dl_session_free(struct dl_session **session)
{
    struct dl_session *s = *session;
    if (s == NULL) {
        return;
    }
    dl_buf_fini(&s->in);
    dl_buf_fini(&s->out);
    dl_buf_fini(&s->test.text);
    dl_buf_fini(&s->test.reply);
    dl_buf_fini(&s->scratch);
    for (int i = 0; i < 2; i++) {
        dl_buf_fini(&s->note[i]);
        dl_buf_fini(&s->alarm[i]);
    }
    dl_buf_fini(&s->floor);
    dl_buf_fini(&s->receipt);
    dl_verifier_free(&s->peer_receipt_verifier);
    dl_head_keys_free(&s->author.keys);
    dl_head_keys_free(&s->receiver.keys);
    free(s->batch);
    free(s);
    *session = NULL;
}
