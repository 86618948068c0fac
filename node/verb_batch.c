/* alert send --batch: NDJSON in, NDJSON out, one answer a line and peer, in the order of the input.
 */
#include "base/json.h"
#include "node/entry_view.h"
#include "node/telling.h"

#include <stdlib.h>
#include <string.h>

void dl__send_batch(struct dl_call *call);

enum { LINE_MAX_ = 2 * DL_LIMIT_CONTENT + 4096, WAITING_MAX = 16 * 1024, OUT = 64 * 1024 * 1024 };

/* An answer that waits for the turn's commit, or for its receipt: an entry, or an error said
 * already. */
struct answer {
    char to[DL_LIMIT_AGENCY_ID + 1]; /* by name, as it may be paired again meanwhile; "": `text` */
    struct dl_place place;
    char *text;
    char id[DL_LIMIT_ENTRY_ID + 1];
};

struct batch {
    struct dl_call *call;
    struct dl_buf line;        /* of the input, not ended yet */
    struct dl_targets targets; /* of --to, when it is given or there is one peer */
    bool has_targets, asked, paused, ended;
    bool waits, over; /* --wait: an answer is held until its receipt is here, or the time is over */
    uint64_t wait_ms;
    struct dl_watcher watcher;
    struct dl_timer *timer;
    struct answer *answers;
    size_t n_answers, n_durable, cap;
    unsigned long long number; /* of the line */
    struct dl_buf out;
};

static void free_batch(void *state)
{
    struct batch *b = state;
    dl_agency_forget(b->call->agency, b);
    if (b->waits) {
        dl_agency_unwatch(b->call->agency, &b->watcher);
    }
    dl_agency_world(b->call->agency)->ops->timer_free(b->timer);
    for (size_t i = 0; i < b->n_answers; i++) {
        free(b->answers[i].text);
    }
    free(b->answers);
    dl_buf_fini(&b->line);
    dl_buf_fini(&b->out);
    free(b);
}

static struct answer *new_answer(struct batch *b)
{
    if (b->n_answers == b->cap) {
        b->cap = b->cap == 0 ? 256 : b->cap * 2;
        b->answers = realloc(b->answers, b->cap * sizeof *b->answers);
        DL_ASSERT(b->answers != NULL, "memory for answers");
    }
    b->answers[b->n_answers] = (struct answer){.to = ""};
    return &b->answers[b->n_answers++];
}

static char *error_text(const struct dl_error *error, uint64_t line)
{
    struct dl_buf text;
    dl_buf_init(&text, (size_t)16 * 1024);
    dl_error_put_json(&text, error, line);
    dl_buf_u8(&text, 0);
    char *copy = strdup(dl_buf_err(&text) == DL_OK ? (const char *)text.p : "{}\n");
    DL_ASSERT(copy != NULL, "memory for an answer");
    dl_buf_fini(&text);
    return copy;
}

static void refuse(struct batch *b, const struct dl_error *error)
{
    new_answer(b)->text = error_text(error, b->number);
    dl_call_note(b->call, dl_exit_of(error->err));
}

/* ---- answers, after the commit ---- */

static const char *tail_state(const struct dl_peer *peer)
{
    struct dl_peer_view view;
    dl_peer_look(peer, &view);
    return strcmp(view.state, "suspended") == 0 ? "held" : "queued";
}

static bool is_text(const struct answer *a)
{
    return a->to[0] == '\0';
}

static struct dl_peer *peer_of(const struct batch *b, const struct answer *a)
{
    struct dl_peer *peer = dl_agency_peer(b->call->agency, a->to);
    DL_ASSERT(peer != NULL, "a peer stays listed, also when it is removed");
    return peer;
}

static enum dl_err put_answer(struct batch *b, struct answer *a)
{
    struct dl_peer_view view;
    struct dl_peer *peer = peer_of(b, a);
    struct dl_log *log = dl_journal_log(dl_peer_journal(peer));
    struct dl_log_receipt receipt = dl_log_newest_receipt(log);
    struct dl_buf *out = &b->out;
    DL_TRY(dl_journal_find(dl_peer_journal(peer), a->place.cursor, &a->place));
    dl_peer_look(peer, &view);
    dl_buf_printf(out, "{\"id\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"kind\":\"alert\",\"entry\":",
                  a->id, dl_agency_id(b->call->agency), view.agency);
    if (a->place.in_tail) {
        dl_buf_printf(out, "null,\"state\":\"%s\",\"receipt\":null}\n", tail_state(peer));
        return DL_OK;
    }
    bool received = a->place.index < receipt.size;
    dl_buf_printf(out, "%llu,\"state\":\"%s\",\"receipt\":", (unsigned long long)a->place.index,
                  received ? "received" : "pending");
    if (received) {
        dl_buf_printf(out, "{\"size\":%llu", (unsigned long long)receipt.size);
        dl_put_member_time(out, "time", receipt.time_ms);
        dl_buf_put_str(out, "}}\n");
    } else {
        dl_buf_put_str(out, "null}\n");
    }
    return DL_OK;
}

static void finish_if_done(struct batch *b)
{
    if (b->ended && b->n_answers == 0) {
        dl_call_end_worst(b->call);
    } else if (b->paused && b->n_answers < WAITING_MAX / 2) {
        b->paused = false;
        dl_call_pause(b->call, false);
    }
}

static bool is_received(const struct batch *b, const struct answer *a, enum dl_err *err)
{
    struct dl_place place = a->place;
    struct dl_journal *journal = dl_peer_journal(peer_of(b, a));
    *err = dl_journal_find(journal, a->place.cursor, &place);
    return *err == DL_OK && !place.in_tail &&
           place.index < dl_log_newest_receipt(dl_journal_log(journal)).size;
}

/* May the answer be given? With --wait only when the receipt is here, or it is too late. */
static bool is_ready(struct batch *b, const struct answer *a)
{
    enum dl_err err = DL_OK;
    if (!b->waits || is_text(a) || is_received(b, a, &err) || err != DL_OK) {
        return true;
    }
    if (b->over) {
        dl_call_note(b->call, DL_EXIT_WAIT);
    }
    return b->over;
}

/* The turn was undone: what it had is not stored. */
static void take_back(struct batch *b, struct answer *a, enum dl_err err)
{
    struct dl_error error;
    dl_error_set(&error, err, NULL, "%s; nothing was stored", dl_err_text(err));
    dl_error_hint(&error, "send the line again with its id");
    a->text = error_text(&error, 0);
    a->to[0] = '\0';
    dl_call_note(b->call, dl_exit_of(err));
}

/* Give the answers that can be given, in the order of the input. */
static void give(struct batch *b)
{
    size_t n = 0;
    for (; n < b->n_durable && is_ready(b, &b->answers[n]); n++) {
        struct answer *a = &b->answers[n];
        enum dl_err err = is_text(a) ? DL_OK : put_answer(b, a);
        if (err != DL_OK) {
            take_back(b, a, err);
        }
        if (a->text != NULL) {
            dl_buf_put_str(&b->out, a->text);
            free(a->text);
        }
    }
    b->n_answers -= n;
    b->n_durable -= n;
    memmove(b->answers, b->answers + n, b->n_answers * sizeof *b->answers);
    dl_call_put_buf(b->call, &b->out);
    finish_if_done(b);
}

static void look_again(void *context)
{
    struct batch *b = context;
    give(b);
}

static void wait_over(void *context)
{
    struct batch *b = context;
    b->over = true;
    give(b);
}

/* The time runs from the last line's commit. */
static void start_the_clock(struct batch *b)
{
    struct dl_world *world = dl_agency_world(b->call->agency);
    if (b->waits && b->ended && b->timer == NULL && b->n_durable == b->n_answers) {
        b->timer = world->ops->timer_new(world, wait_over, b);
        world->ops->timer_set(b->timer, b->wait_ms);
    }
}

static void durable(void *context, enum dl_err err)
{
    struct batch *b = context;
    b->asked = false;
    for (size_t i = b->n_durable; i < b->n_answers && err != DL_OK; i++) {
        if (!is_text(&b->answers[i])) {
            take_back(b, &b->answers[i], err);
        }
    }
    b->n_durable = b->n_answers;
    start_the_clock(b);
    give(b);
}

/* ---- lines ---- */

static enum dl_err targets_of(struct batch *b, const json_t *line, struct dl_targets *out,
                              struct dl_error *error)
{
    const char *ids[DL_LIMIT_PEERS];
    const json_t *to = json_object_get(line, "to");
    size_t n = 0;
    if (to == NULL) {
        if (b->has_targets) {
            *out = b->targets;
            return DL_OK;
        }
        return dl_call_targets(b->call, out, error);
    }
    for (size_t i = 0; i < (json_is_array(to) ? json_array_size(to) : 1) && n < DL_LIMIT_PEERS;
         i++) {
        ids[n] = json_string_value(json_is_array(to) ? json_array_get(to, i) : to);
        if (ids[n++] == NULL) {
            return dl_error_set(error, DL_E_FIELD_TYPE, "to", "an agency's id, or a list of them");
        }
    }
    if (n == 0) {
        return dl_error_set(error, DL_E_FIELD_VALUE, "to", "an empty list: to whom?");
    }
    return dl_targets_find(b->call->agency, ids, n, out, error);
}

static enum dl_err check_line(const json_t *line, const char **id, struct dl_error *error)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (!json_is_object(line)) {
        return dl_error_set(error, DL_E_FIELD_TYPE, NULL,
                            "a line is {\"id\"?,\"to\"?,\"content\":{...}}");
    }
    json_object_foreach((json_t *)line, key, value)
    { // the macro wants a non-const object
        if (strcmp(key, "id") != 0 && strcmp(key, "to") != 0 && strcmp(key, "content") != 0) {
            char field[64];
            snprintf(field, sizeof field, "%.60s", key);
            dl_error_set(error, DL_E_FIELD_UNKNOWN, field, "there is no such field");
            return dl_error_hint(error, "a line has id, to and content");
        }
    }
    const json_t *said = json_object_get(line, "id");
    *id = json_string_value(said);
    if (said != NULL && *id == NULL) {
        return dl_error_set(error, DL_E_FIELD_TYPE, "id", "must be a string");
    }
    return json_object_get(line, "content") != NULL
               ? DL_OK
               : dl_error_set(error, DL_E_FIELD_MISSING, "content", "this field is mandatory");
}

static void submit(struct batch *b, const json_t *line, const char *id)
{
    struct dl_error error;
    struct dl_targets targets = {.n = 0};
    struct dl_submitted submitted;
    char shared_id[DL_LIMIT_ENTRY_ID + 1];
    struct dl_order order = {
        .kind = DL_KIND_ALERT, .id = id, .content = json_object_get(line, "content")};
    if (targets_of(b, line, &targets, &error) != DL_OK) {
        refuse(b, &error);
        return;
    }
    for (size_t i = 0; i < targets.n; i++) {
        if (dl_agency_submit(b->call->agency, targets.peers[i], &order, &submitted, &error) !=
            DL_OK) {
            refuse(b, &error);
            continue;
        }
        struct answer *answer = new_answer(b);
        struct dl_peer_view view;
        dl_peer_look(targets.peers[i], &view);
        memcpy(answer->to, view.agency, strlen(view.agency) + 1);
        answer->place = submitted.place;
        memcpy(answer->id, submitted.id, sizeof answer->id);
        memcpy(shared_id, submitted.id, sizeof shared_id);
        order.id = shared_id; // the same alert to the next peer
    }
}

static void take_line(struct batch *b, struct dl_view text)
{
    struct dl_error error;
    const char *id = NULL;
    json_t *line = NULL;
    b->number++;
    if (text.n > 0 && text.p[text.n - 1] == '\r') {
        text.n--;
    }
    enum dl_err err = dl_json_parse(text, &line, &error);
    err = err == DL_OK ? check_line(line, &id, &error) : err;
    if (err != DL_OK) {
        refuse(b, &error);
    } else {
        submit(b, line, id);
    }
    json_decref(line);
}

static void end_line(struct batch *b, struct dl_view text)
{
    struct dl_error error;
    if (b->line.err == DL_OK) {
        take_line(b, b->line.n > 0 ? dl_buf_view(&b->line) : text);
    } else {
        b->number++;
        dl_error_set(&error, DL_E_TOO_LARGE, NULL, "the line has more than %d octets", LINE_MAX_);
        refuse(b, &error);
    }
    dl_buf_reset(&b->line);
}

static void take(struct batch *b, struct dl_view octets, bool end)
{
    while (octets.n > 0) {
        const uint8_t *lf = memchr(octets.p, '\n', octets.n);
        size_t n = lf == NULL ? octets.n : (size_t)(lf - octets.p);
        if (b->line.n > 0 || lf == NULL) {
            dl_buf_put(&b->line, octets.p, n);
        }
        if (lf == NULL) {
            break;
        }
        end_line(b, dl_view_of(octets.p, n));
        octets = dl_view_of(octets.p + n + 1, octets.n - n - 1);
    }
    if (end && (b->line.n > 0 || b->line.err != DL_OK)) {
        end_line(b, dl_view_of(NULL, 0));
    }
}

static void on_input(struct dl_call *call, struct dl_view octets, bool end)
{
    struct batch *b = call->state;
    take(b, octets, end);
    b->ended = end;
    if (b->n_answers > b->n_durable && !b->asked) {
        b->asked = true;
        dl_agency_after(call->agency, durable, b);
    }
    if (b->n_answers >= WAITING_MAX && !end && !b->paused) {
        b->paused = true;
        dl_call_pause(call, true);
    }
    start_the_clock(b);
    finish_if_done(b);
}

void dl__send_batch(struct dl_call *call)
{
    struct dl_error error;
    struct batch *b = calloc(1, sizeof *b);
    DL_ASSERT(b != NULL, "memory for a call");
    b->call = call;
    dl_buf_init(&b->line, LINE_MAX_);
    dl_buf_init(&b->out, OUT);
    call->json = true; // a batch speaks NDJSON both ways
    call->state = b;
    call->state_free = free_batch;
    b->has_targets = dl_call_targets(call, &b->targets, &error) == DL_OK;
    if (!dl_call_wait(call, &b->wait_ms)) {
        return;
    }
    b->waits = dl_call_flag(call, "wait");
    if (b->waits) {
        b->watcher = (struct dl_watcher){.fn = look_again, .context = b};
        dl_agency_watch(call->agency, &b->watcher);
    }
    dl_call_input(call, on_input);
}
