/* alert send, message send. */
#include "base/text.h"
#include "node/entry_view.h"
#include "node/sending.h"

#include <string.h>

/* ---- alert send ---- */

static void dry_run(struct dl_call *call, const json_t *content)
{
    struct dl_error error;
    struct dl_buf out;
    enum dl_err err = dl_kind_check(DL_KIND_ALERT, content, &error);
    dl_buf_init(&out, DL_LIMIT_CONTENT + 16);
    if (err == DL_OK) {
        err = dl_json_canonical(content, &out);
        err = err == DL_OK ? DL_OK : dl_error_set(&error, err, NULL, "numbers must be integers");
    }
    if (err != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        dl_buf_put_str(&out, "\n");
        dl_call_put_buf(call, &out);
        dl_call_end(call, DL_EXIT_OK);
    }
    dl_buf_fini(&out);
}

static void send_alert(struct dl_call *call, struct dl_view text)
{
    struct dl_error error;
    struct dl_targets targets;
    json_t *content = dl__sending_content(call, text);
    if (content == NULL) {
        return;
    }
    struct dl_order order = {
        .kind = DL_KIND_ALERT, .id = dl_call_option(call, "id"), .content = content};
    if (dl_call_flag(call, "dry-run")) {
        dry_run(call, content);
    } else if (dl_call_targets(call, &targets, &error) != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        dl__sending_submit(call, &order, &targets);
    }
    json_decref(content);
}

void dl__send_batch(struct dl_call *call); /* node/verb_batch.c */

void dl__verb_alert_send(struct dl_call *call);
void dl__verb_alert_send(struct dl_call *call)
{
    uint64_t ms = 0;
    if (dl_call_flag(call, "batch") &&
        (dl_call_operand(call, 0) != NULL || dl_call_flag(call, "id") ||
         dl_call_flag(call, "dry-run"))) {
        dl_call_fail_with(call, DL_E_USAGE,
                          "--batch takes each line's own id and content: it goes neither with FILE "
                          "nor with --id or --dry-run; nothing was sent");
    } else if (dl_call_flag(call, "batch")) {
        dl__send_batch(call);
    } else if (dl_call_operand(call, 0) == NULL) {
        dl_call_fail_with(call, DL_E_USAGE,
                          "alert send takes FILE, or - for standard input, or --batch FILE");
    } else if (dl_call_wait(call, &ms)) {
        dl_call_gather(call, 2 * DL_LIMIT_CONTENT + 1, send_alert);
    }
}

/* ---- message send ---- */

static bool has_han(struct dl_view text)
{
    for (size_t i = 0; i < text.n;) {
        size_t n = 0;
        int32_t c = dl_text_decode(dl_view_of(text.p + i, text.n - i), &n);
        if (c >= 0x3400 && c <= 0x9FFF) {
            return true;
        }
        i += n;
    }
    return false;
}

enum { FULL_NAME = DL_LIMIT_AGENCY_ID + DL_LIMIT_ENTRY_ID + 2 };

/* AGENCY/ID of the entry that --thread means; empty without the option. */
static enum dl_err find_thread(struct dl_call *call, char name[FULL_NAME], struct dl_error *error)
{
    struct dl_entry_view view;
    const char *thread = dl_call_option(call, "thread");
    enum dl_err err = DL_OK;
    name[0] = '\0';
    if (thread != NULL) {
        dl_entry_view_init(&view);
        err = dl_entry_find(call->agency, thread, &view, error);
        if (err == DL_OK) {
            snprintf(name, FULL_NAME, "%s/%s", view.agency, view.id);
        }
        dl_entry_view_fini(&view);
    }
    return err;
}

static void send_message(struct dl_call *call, struct dl_view text)
{
    struct dl_error error;
    struct dl_targets targets;
    char thread[FULL_NAME];
    if (find_thread(call, thread, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    while (text.n > 0 && text.p[text.n - 1] == '\n') {
        text.n--;
    }
    json_t *content = json_pack("{s:{s:s%}}", "text", has_han(text) ? "zh" : "en",
                                text.n == 0 ? "" : (const char *)text.p, text.n);
    if (content != NULL && thread[0] != '\0') {
        json_object_set_new(content, "thread", json_string(thread));
    }
    struct dl_view ref = dl_view_str(thread);
    struct dl_order order = {.kind = DL_KIND_MESSAGE,
                             .refs = &ref,
                             .n_refs = thread[0] == '\0' ? 0 : 1,
                             .content = content};
    if (content == NULL) {
        dl_call_fail_with(call, DL_E_TEXT, "the text is not valid UTF-8");
    } else if (dl_call_targets(call, &targets, &error) != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        dl__sending_submit(call, &order, &targets);
    }
    json_decref(content);
}

void dl__verb_message_send(struct dl_call *call);
void dl__verb_message_send(struct dl_call *call)
{
    const char *text = dl_call_option(call, "text");
    if (text == NULL || text[0] == '\0') {
        dl_call_fail_with(call, DL_E_USAGE,
                          "message send needs --text TEXT, or --text - for standard input");
    } else if (strcmp(text, "-") == 0) {
        dl_call_gather(call, DL_LIMIT_LONG_TEXT + 1, send_message); // and the line's end
    } else {
        send_message(call, dl_view_str(text));
    }
}
