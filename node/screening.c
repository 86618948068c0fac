#include "base/json.h"
#include "base/text.h"
#include "node/asking.h"
#include "node/screen_answered.h"
#include "node/screening.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PROGRESS_MS = 200, /* between two pictures of the bar */
    BAR = 24,
    SLICE_MS = 4, /* of a step: in a node, deliveries wait for it */
    RESUME_CHUNK = 64 * 1024,
    AHEAD_ = DL_WORKER_IN_FLIGHT
};

struct state {
    struct dl_asking asking;
    struct dl_items items;
    int out;   /* descriptor of --out, -1: standard output */
    off_t cut; /* what is written goes here, and what stood behind is gone; -1: as it is */
    /* Items read ahead, whose structures the worker is at: answered in their order. */
    struct ahead {
        struct dl_buf octets; /* what the four views of the item point into */
        struct dl_item item;
        bool broken;     /* it could not be read */
        bool put;        /* its structure is with the worker ... */
        enum dl_err err; /* ... or why not */
    } ahead[AHEAD_];
    size_t first, n_ahead;
    size_t n_read;               /* items taken off the file */
    size_t skip;                 /* items that an interrupted run has answered ... */
    struct dl_answered answered; /* ... which are these */
    struct dl_buf stored;        /* instead of input: octets at hand, of which `fed` are fed */
    size_t fed;
    int64_t import; /* only verdicts that rest on it; 0: all */
    size_t n_items, n_controlled, n_open, n_unlisted, n_not_understood;
    uint64_t n_octets;       /* read */
    int64_t began, pictured; /* when, in ms */
    bool barred;             /* the bar stands on the terminal */
};

static void free_state(void *context)
{
    struct state *state = context;
    dl_asking_close(&state->asking);
    dl_items_fini(&state->items);
    dl_buf_fini(&state->stored);
    for (size_t i = 0; i < AHEAD_; i++) {
        dl_buf_fini(&state->ahead[i].octets);
    }
    if (state->out >= 0) {
        close(state->out);
    }
    dl_answered_close(&state->answered);
    free(state);
}

static enum dl_err write_out(int fd, struct dl_view octets)
{
    while (octets.n > 0) {
        ssize_t n = write(fd, octets.p, octets.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == ENOSPC ? DL_E_STORE_FULL : DL_E_STORE_IO;
        }
        octets = dl_view_of(octets.p + n, octets.n - (size_t)n);
    }
    return DL_OK;
}

static enum dl_err cut_off(struct state *state)
{
    if (state->cut >= 0 &&
        (ftruncate(state->out, state->cut) != 0 || lseek(state->out, state->cut, SEEK_SET) < 0)) {
        return DL_E_STORE_IO;
    }
    state->cut = -1;
    return DL_OK;
}

static enum dl_err fail_to_write(const struct dl_call *call, enum dl_err err,
                                 struct dl_error *error)
{
    dl_error_set(error, err, "--out", "%s cannot be written: %s", dl_call_option(call, "out"),
                 dl_err_text(err));
    return dl_error_hint(error, "what is in it stays: when it can be written, go on with --resume");
}

static enum dl_err flush(struct dl_call *call, struct dl_error *error)
{
    struct state *state = call->state;
    if (state->out < 0) {
        dl_asking_flush(call, &state->asking);
        return DL_OK;
    }
    enum dl_err err = state->asking.out.n > 0 ? cut_off(state) : DL_OK;
    err = err == DL_OK ? write_out(state->out, dl_buf_view(&state->asking.out)) : err;
    dl_buf_reset(&state->asking.out);
    return err == DL_OK ? DL_OK : fail_to_write(call, err, error);
}

/* Counts the items that an earlier run wrote whole; what comes behind is cut off later, once it is
 * known that they are of this input. */
static enum dl_err resume(struct state *state, const char *path, bool json, struct dl_error *error)
{
    uint8_t chunk[RESUME_CHUNK];
    size_t per_item = state->asking.status->n_asked;
    size_t lines = 0;
    off_t at = 0;
    off_t whole = 0;
    for (ssize_t n = 0; (n = pread(state->out, chunk, sizeof chunk, at)) > 0; at += n) {
        for (ssize_t i = 0; i < n; i++) {
            lines += chunk[i] == '\n';
            if (chunk[i] == '\n' && lines % per_item == 0) {
                whole = at + i + 1;
            }
        }
    }
    state->skip = lines / per_item;
    state->cut = whole;
    enum dl_err err = dl_answered_open(&state->answered, path, json);
    return err == DL_OK
               ? DL_OK
               : dl_error_set(error, err, "--out", "%s cannot be read: %s", path, strerror(errno));
}

static enum dl_err open_out(struct dl_call *call, struct state *state, struct dl_error *error)
{
    const char *path = dl_call_option(call, "out");
    bool again = dl_call_flag(call, "resume");
    if (path == NULL) {
        return again ? dl_error_set(error, DL_E_USAGE, "--resume", "needs --out") : DL_OK;
    }
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | (again ? 0 : O_EXCL);
    state->out = open(path, flags, 0644);
    if (state->out < 0) {
        dl_error_set(error, DL_E_INPUT, "--out", "%s cannot be written: %s", path, strerror(errno));
        return dl_error_hint(error, "name a file that does not exist, or add --resume");
    }
    return again ? resume(state, path, call->json, error) : DL_OK;
}

static void put_text_member(struct dl_buf *out, const char *key, struct dl_view text)
{
    dl_buf_put_str(out, key);
    if (text.n == 0) {
        dl_buf_put_str(out, "null");
    } else {
        dl_json_put_string(out, text);
    }
}

/* What a line is about. */
struct line {
    const char *jurisdiction;
    const struct dl_status_row *row; /* NULL: not understood, or the worker failed */
    enum dl_err err;
};

static const char *not_understood(const struct dl_status *status, enum dl_err err)
{
    static const char *const reasons[] = {"", "ambiguous", "unknown", "malformed", "empty"};
    return err == DL_OK ? reasons[status->lookup.outcome] : dl_err_code(err);
}

static void put_json(struct state *state, const struct line *line)
{
    struct dl_buf *out = &state->asking.out;
    const struct dl_status *status = state->asking.status;
    const struct dl_status_row *row = line->row;
    dl_buf_printf(out, "{\"item\":%zu", state->n_items);
    dl_buf_put_str(out, ",\"query\":");
    dl_json_put_string(out, status->query);
    put_text_member(out, ",\"id\":", row ? status->substance_key : dl_view_of(NULL, 0));
    put_text_member(out, ",\"jurisdiction\":", dl_view_str(line->jurisdiction));
    put_text_member(out, ",\"verdict\":",
                    dl_view_str(row ? dl_standing_name(row->standing) : "not-understood"));
    const struct dl_list *list = row ? row->list : NULL;
    put_text_member(out, ",\"schedule\":", dl_view_str(list ? list->schedule : ""));
    put_text_member(out, ",\"list\":", dl_view_str(list ? list->code : ""));
    put_text_member(out, ",\"entry\":", row ? row->entry : dl_view_of(NULL, 0));
    char day[DL_DATE_TEXT];
    dl_day_text(row ? row->in_force : 0, day);
    put_text_member(out, ",\"in_force\":", dl_view_str(day));
    put_text_member(out, ",\"how\":", dl_view_str(row ? dl_how_name(row->how) : ""));
    put_text_member(out, ",\"reason\":", dl_view_str(row ? "" : not_understood(status, line->err)));
    dl_buf_put_str(out, "}\n");
}

static void put_line(struct state *state, const struct line *line)
{
    struct dl_buf *out = &state->asking.out;
    const struct dl_status *status = state->asking.status;
    const struct dl_status_row *row = line->row;
    dl_buf_printf(out, "%zu\t", state->n_items);
    dl_text_show(out, status->query, true);
    dl_buf_printf(out, "\t%s\t", line->jurisdiction);
    if (!row) {
        dl_buf_printf(out, "not-understood\t%s\n", not_understood(status, line->err));
        return;
    }
    dl_buf_put_str(out, dl_standing_name(row->standing));
    if (row->list) {
        dl_buf_printf(out, "\t%s\t%s\t", row->list->schedule, row->list->code);
        dl_text_show(out, row->entry, true);
    }
    dl_buf_u8(out, '\n');
}

/* ---- what an interrupted run has answered ---- */

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/* As count() does. */
static void count_answered(struct dl_call *call, bool controlled, bool open, bool understood)
{
    struct state *state = call->state;
    state->n_controlled += controlled;
    state->n_open += !controlled && open;
    state->n_unlisted += understood && !controlled && !open;
    if (!understood) {
        state->n_not_understood++;
        dl_call_note(call, DL_EXIT_NO);
    }
}

/* Passes over an item that is answered, if it is this one. */
static enum dl_err pass_over(struct dl_call *call, const struct dl_item *item,
                             struct dl_error *error)
{
    struct state *state = call->state;
    const struct dl_status *status = state->asking.status;
    bool controlled = false;
    bool open = false;
    bool understood = true;
    for (size_t i = 0; i < status->n_asked; i++) {
        const char *code = status->reader->jurisdictions[status->asked[i]].code;
        const char *verdict = dl_answered_verdict(&state->answered, state->n_read, item, code);
        if (verdict == NULL) {
            dl_error_set(error, DL_E_INPUT, "--resume",
                         "%s answers another question: its item %zu for %s is not item %zu of this "
                         "input; it is unchanged",
                         dl_call_option(call, "out"), state->n_read, code, state->n_read);
            return dl_error_hint(error, "give the input and options that it was begun with, or "
                                        "another --out");
        }
        controlled = controlled || begins(verdict, "controlled") || begins(verdict, "temporary");
        open = open || begins(verdict, "needs-review");
        understood = understood && !begins(verdict, "not-understood");
    }
    count_answered(call, controlled, open, understood);
    state->n_items++;
    return DL_OK;
}

/* The input has ended before what is answered has. */
static enum dl_err check_all_passed(const struct dl_call *call, struct dl_error *error)
{
    const struct state *state = call->state;
    if (state->n_read >= state->skip) {
        return DL_OK;
    }
    dl_error_set(error, DL_E_INPUT, "--resume",
                 "%s has answers to %zu items, and this input has %zu; it is unchanged",
                 dl_call_option(call, "out"), state->skip, state->n_read);
    return dl_error_hint(error, "give the input that it was begun with, or another --out");
}

/* ---- the bar ---- */

static void wipe_bar(struct dl_call *call)
{
    struct state *state = call->state;
    if (state->barred) {
        dl_call_warn(call, "\r%*s\r", call->width - 1, "");
        state->barred = false;
    }
}

static void draw_bar(struct dl_call *call)
{
    struct state *state = call->state;
    int64_t now = dl_call_now(call);
    state->began = state->began == 0 ? now : state->began;
    state->pictured = state->pictured == 0 ? now : state->pictured;
    if (!call->progress || now - state->pictured < PROGRESS_MS) {
        return;
    }
    char bar[2 * BAR + 16] = "";
    size_t took = now > state->began ? (size_t)(now - state->began) : 1;
    size_t rate = (state->n_items - state->skip) * 1000 / took;
    if (call->input_octets > 0) {
        uint64_t read = state->n_octets - (state->items.pending.n - state->items.taken);
        uint64_t done = read < call->input_octets ? read : call->input_octets;
        int full = (int)(done * BAR / call->input_octets);
        (void)snprintf(bar, sizeof bar, "[%.*s%.*s] %3d %%  ", full, "########################",
                       BAR - full, "........................",
                       (int)(done * 100 / call->input_octets));
    }
    wipe_bar(call);
    dl_call_warn(call, DL_SAY(call, "%s%zu items, %zu/s", "%s%zu 项，每秒 %zu 项"), bar,
                 state->n_items, rate);
    state->pictured = now;
    state->barred = true;
}

static const struct dl_status_row *first_row(const struct dl_status *status, int jurisdiction)
{
    for (size_t i = 0; i < status->n_rows; i++) {
        if (status->row[i].jurisdiction == jurisdiction) {
            return &status->row[i];
        }
    }
    return NULL;
}

/* The first row that rests on what an import recorded; NULL where none does. */
static enum dl_err row_of_import(const struct state *state, int jurisdiction,
                                 const struct dl_status_row **out)
{
    const struct dl_status *status = state->asking.status;
    *out = NULL;
    for (size_t i = 0; i < status->n_rows && *out == NULL; i++) {
        const struct dl_status_row *row = &status->row[i];
        bool recorded = false;
        if (row->jurisdiction == jurisdiction && row->listing != 0) {
            DL_TRY(dl_store_run(status->reader->store,
                                "SELECT 1 FROM listing WHERE id = ?1 AND recorded_from = ?2",
                                DL_SQL(DL_SQL_INT(row->listing), DL_SQL_INT(state->import)),
                                dl_row_take_any, &recorded));
        }
        *out = recorded ? row : NULL;
    }
    return DL_OK;
}

static void count(struct dl_call *call, bool understood, enum dl_err err)
{
    struct state *state = call->state;
    if (!understood) {
        state->n_not_understood++;
        dl_call_note(call, err == DL_OK ? DL_EXIT_NO : dl_exit_of(err));
        return;
    }
    int code = dl_status_exit_code(state->asking.status);
    state->n_controlled += code == 0;
    state->n_unlisted += code == 10;
    state->n_open += code == 11;
}

static enum dl_err put_verdicts(struct dl_call *call, enum dl_err err)
{
    struct state *state = call->state;
    const struct dl_status *status = state->asking.status;
    bool understood = err == DL_OK && dl_status_understood(status);
    for (size_t i = 0; i < status->n_asked; i++) {
        struct line line = {.jurisdiction = status->reader->jurisdictions[status->asked[i]].code,
                            .row = understood ? first_row(status, status->asked[i]) : NULL,
                            .err = err};
        if (understood && state->import > 0) {
            DL_TRY(row_of_import(state, status->asked[i], &line.row));
            if (line.row == NULL) {
                continue;
            }
        }
        if (call->json) {
            put_json(state, &line);
        } else {
            put_line(state, &line);
        }
    }
    count(call, understood, err);
    return DL_OK;
}

static struct dl_view structure_of(const struct dl_item *item)
{
    return item->smiles.n > 0 ? item->smiles : item->mol;
}

/* What an item's structure comes to, the worker having been asked before. */
static enum dl_err ask_structure(struct state *state, const struct ahead *ahead)
{
    struct dl_status *status = state->asking.status;
    struct dl_view query = ahead->item.smiles.n > 0 ? ahead->item.smiles : ahead->item.name;
    struct dl_error error;
    bool understood = false;
    DL_TRY(ahead->err);
    DL_TRY(dl_asking_take(&state->asking, query, true, &understood, &error));
    if (!understood) {
        dl_status_ask_unreadable(status, query, dl_view_str(state->asking.refusal));
    }
    return DL_OK;
}

/* The most certain way first: a number, then a name, then the structure. Only the store's failure
 * is an error; what the worker cannot do is the item's. */
static enum dl_err ask_item(struct state *state, const struct ahead *ahead, enum dl_err *worker)
{
    struct dl_status *status = state->asking.status;
    const struct dl_item *item = &ahead->item;
    struct dl_error error;
    bool understood = false;
    *worker = DL_OK;
    if (item->cas.n > 0) {
        DL_TRY(dl_status_ask(status, item->cas));
    }
    if (item->name.n > 0 && (item->cas.n == 0 || !dl_status_understood(status))) {
        DL_TRY(dl_status_ask_name(status, item->name));
    }
    if (ahead->broken) {
        dl_status_ask_unreadable(status, dl_view_of("", 0), dl_view_str("the record is broken"));
        return DL_OK;
    }
    bool asked = item->cas.n > 0 || item->name.n > 0;
    bool wanted = structure_of(item).n > 0 && (!asked || !dl_status_understood(status));
    if (!asked && wanted) {
        dl_status_ask_unreadable(status, item->smiles,
                                 dl_view_of(NULL, 0)); /* stands unless the worker reads it */
    } else if (!asked) {
        DL_TRY(dl_status_ask_name(status, dl_view_of("", 0)));
    }
    if (wanted) {
        *worker = ask_structure(state, ahead);
    } else if (ahead->put) {
        *worker = dl_asking_take(&state->asking, item->smiles, false, &understood, &error);
    }
    return DL_OK;
}

/* Answers the oldest item read ahead. */
static enum dl_err answer(struct dl_call *call)
{
    struct state *state = call->state;
    struct ahead *ahead = &state->ahead[state->first];
    enum dl_err worker = DL_OK;
    state->first = (state->first + 1) % AHEAD_;
    state->n_ahead--;
    state->n_items++;
    DL_TRY(ask_item(state, ahead, &worker));
    DL_TRY(put_verdicts(call, worker));
    return dl_buf_err(&state->asking.out);
}

/* Keeps an item and gives its structure to the worker. */
static void read_ahead(struct dl_call *call, const struct dl_item *item)
{
    struct state *state = call->state;
    struct ahead *ahead = &state->ahead[(state->first + state->n_ahead) % AHEAD_];
    const struct dl_view *from[] = {&item->cas, &item->name, &item->smiles, &item->mol};
    struct dl_view *to[] = {&ahead->item.cas, &ahead->item.name, &ahead->item.smiles,
                            &ahead->item.mol};
    size_t at = 0;
    struct dl_error error;
    ahead->broken = item->broken != NULL;
    if (ahead->broken) {
        wipe_bar(call);
        dl_call_warn(call, DL_SAY(call, "item %zu cannot be read: %s\n", "第 %zu 项无法读取：%s\n"),
                     state->n_read, item->broken);
    }
    dl_buf_reset(&ahead->octets);
    for (size_t i = 0; i < 4; i++) {
        dl_buf_put_view(&ahead->octets, *from[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        *to[i] = dl_view_of(ahead->octets.p + at, from[i]->n);
        at += from[i]->n;
    }
    struct dl_view structure = structure_of(&ahead->item);
    ahead->err = DL_OK;
    if (structure.n > 0) {
        ahead->err =
            dl_asking_put(&state->asking, structure,
                          ahead->item.smiles.n > 0 ? DL_ASKING_LINE : DL_ASKING_MOL, &error);
    }
    ahead->put = structure.n > 0 && ahead->err == DL_OK;
    state->n_ahead++;
}

static void fail(struct dl_call *call, struct dl_error *error)
{
    struct dl_error second; /* the first failure is the one to tell */
    enum dl_err err = flush(call, &second);
    (void)err;
    wipe_bar(call);
    dl_call_fail(call, error);
}

static void finish(struct dl_call *call)
{
    struct state *state = call->state;
    struct dl_error error;
    enum dl_err err = flush(call, &error);
    wipe_bar(call);
    if (err == DL_OK && state->out >= 0 && (cut_off(state) != DL_OK || fsync(state->out) != 0)) {
        err = fail_to_write(call, DL_E_STORE_IO, &error);
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    dl_call_warn(call,
                 DL_SAY(call,
                        "%zu items (%zu answered before): %zu controlled somewhere asked, %zu "
                        "need review, %zu not listed, %zu not understood\n",
                        "共 %zu 项（此前已答 %zu 项）：%zu 项至少一处管制，%zu 项需审查，%zu "
                        "项未列管，%zu 项未能识别\n"),
                 state->n_items, state->skip, state->n_controlled, state->n_open, state->n_unlisted,
                 state->n_not_understood);
    dl_call_end_worst(call);
}

static enum dl_err feed(struct state *state, struct dl_view octets, bool end,
                        struct dl_error *error)
{
    enum dl_err err = dl_items_feed(&state->items, octets, end);
    state->n_octets += octets.n;
    return err == DL_OK ? DL_OK : dl_error_set(error, err, NULL, "more was fed than is asked for");
}

static enum dl_err feed_stored(struct state *state, struct dl_error *error)
{
    size_t left = state->stored.n - state->fed;
    size_t n = left < RESUME_CHUNK ? left : RESUME_CHUNK;
    struct dl_view octets = dl_view_of(state->stored.p + state->fed, n);
    state->fed += n;
    return feed(state, octets, n == left, error);
}

/* Answers what is at hand until much is gathered, or a little time is over. */
static void step(struct dl_call *call)
{
    struct state *state = call->state;
    struct dl_error error = {.err = DL_OK};
    struct dl_item item;
    bool got = true;
    enum dl_err err = DL_OK;
    int64_t until = dl_call_now(call) + SLICE_MS;
    while (err == DL_OK && got && state->asking.out.n < DL_ASKING_PUT &&
           dl_call_now(call) < until) {
        err = dl_items_next(&state->items, &item, &got, &error);
        if (err == DL_OK && got && ++state->n_read <= state->skip) {
            err = pass_over(call, &item, &error);
        } else if (err == DL_OK && got) {
            read_ahead(call, &item);
        }
        bool full = state->n_ahead == AHEAD_;
        bool rest = !got && state->items.end;
        while (err == DL_OK && state->n_ahead > 0 && (full || rest)) {
            err = answer(call);
            full = false;
        }
    }
    draw_bar(call);
    bool done = !got && state->items.end;
    if (err == DL_OK && done) {
        err = check_all_passed(call, &error);
    }
    bool used_up = !got && !done;
    if (err == DL_OK && used_up && state->stored.n > 0) {
        used_up = false;
        err = feed_stored(state, &error);
    }
    if (err == DL_OK && (used_up || state->asking.out.n >= DL_ASKING_PUT)) {
        err = flush(call, &error);
    }
    if (err != DL_OK) {
        if (error.err == DL_OK) {
            dl_error_set(&error, err, NULL, NULL);
        }
        fail(call, &error);
        return;
    }
    if (done) {
        finish(call);
    } else if (used_up) {
        dl_call_steps(call, NULL);
        dl_call_pause(call, false);
    }
}

static void on_input(struct dl_call *call, struct dl_view octets, bool end)
{
    struct state *state = call->state;
    struct dl_error error;
    if (feed(state, octets, end, &error) != DL_OK) {
        fail(call, &error);
        return;
    }
    dl_call_pause(call, true);
    dl_call_steps(call, step);
}

/* NULL when the call has ended with an error. */
static struct state *start(struct dl_call *call, const char *name)
{
    struct dl_error error;
    struct state *state = calloc(1, sizeof *state);
    DL_ASSERT(state, "memory for a call");
    state->out = -1;
    state->cut = -1;
    dl_items_init(&state->items, dl_items_format_of(name));
    dl_buf_init(&state->stored, DL_STORED_MAX);
    enum dl_err err = dl_asking_open(call, &state->asking, true, &error);
    if (err == DL_OK) {
        err = open_out(call, state, &error);
    }
    if (err != DL_OK) {
        free_state(state);
        dl_call_fail(call, &error);
        return NULL;
    }
    for (size_t i = 0; i < AHEAD_; i++) {
        dl_buf_init(&state->ahead[i].octets, (size_t)4 * DL_ITEM_MAX);
    }
    call->state = state;
    call->state_free = free_state;
    return state;
}

void dl_screen_input(struct dl_call *call)
{
    if (start(call, dl_call_operand(call, 0)) != NULL) {
        dl_call_input(call, on_input);
    }
}

void dl_screen_stored(struct dl_call *call, const char *name, struct dl_view octets, int64_t import)
{
    struct state *state = start(call, name);
    if (state != NULL) {
        state->import = import;
        dl_buf_put_view(&state->stored, octets);
        dl_call_steps(call, step);
    }
}
