/* What a verified folder is told about: its problems, its keys, its JSON. */
#include "base/encoding.h"
#include "node/bundle_internal.h"
#include "base/text.h"
#include "node/folder.h"

#include <stdarg.h>
#include <stdlib.h>

void dl_bundle_init(struct dl_bundle *bundle)
{
    *bundle = (struct dl_bundle){.problems = json_array()};
    DL_ASSERT(bundle->problems != NULL, "memory for a list");
}

void dl_bundle_fini(struct dl_bundle *bundle)
{
    dl_policy_free(&bundle->policy);
    json_decref(bundle->problems);
    bundle->problems = NULL;
}

void dl__bundle_problem(struct dl_bundle *bundle, const char *format, ...)
{
    char text[DL_ERROR_MESSAGE_MAX];
    struct dl_buf shown;
    va_list arguments;
    bundle->n_problems++;
    if (bundle->n_problems > DL_BUNDLE_PROBLEMS) {
        return;
    }
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    DL_ASSERT(n > 0, "a format that can be written");
    dl_buf_init(&shown, sizeof text * 8);
    dl_text_show(&shown, dl_view_str(text), true); // names in a foreign folder may hold anything
    json_array_append_new(bundle->problems, json_stringn((const char *)shown.p, shown.n));
    dl_buf_fini(&shown);
}

enum dl_err dl_bundle_policy(const char *log, const char *witness, struct dl_policy **out,
                             struct dl_error *error)
{
    struct dl_buf text;
    dl_buf_init(&text, DL_POLICY_MAX);
    dl_buf_printf(&text, "log %s\nwitness receiver %s\nquorum receiver\n", log, witness);
    enum dl_err err = dl_buf_err(&text);
    if (err == DL_OK) {
        err = dl_policy_parse(dl_buf_view(&text), out, error);
    } else {
        dl_error_set(error, err, NULL, "a key is longer than any key");
    }
    dl_buf_fini(&text);
    return err;
}

bool dl__bundle_read_policy(struct dl_bundle *bundle, const char *folder, const char *name,
                            struct dl_policy **out)
{
    struct dl_error error;
    struct dl_buf text;
    dl_buf_init(&text, DL_POLICY_MAX);
    enum dl_err err = dl_folder_read(folder, name, &text);
    if (err != DL_OK) {
        dl__bundle_problem(bundle, "%s is missing, too large or cannot be read", name);
    } else {
        err = dl_policy_parse(dl_buf_view(&text), out, &error);
        if (err != DL_OK) {
            dl__bundle_problem(bundle, "%s", error.message);
        }
    }
    dl_buf_fini(&text);
    return err == DL_OK;
}

bool dl__bundle_read_note(struct dl_bundle *bundle, const char *folder, const char *name,
                          const struct dl_policy *policy, struct dl_policy_finding *out)
{
    struct dl_error error;
    struct dl_buf note;
    dl_buf_init(&note, DL_LIMIT_NOTE);
    enum dl_err err = dl_folder_read(folder, name, &note);
    if (err != DL_OK) {
        dl__bundle_problem(bundle, "%s is missing, too large or cannot be read", name);
    } else {
        err = dl_policy_judge(policy, dl_buf_view(&note), out, &error);
        if (err != DL_OK) {
            dl__bundle_problem(bundle, "%s: %s", name, error.message);
        }
    }
    dl_buf_fini(&note);
    return err == DL_OK;
}

static void put_receipt(const struct dl_policy_finding *head, struct dl_buf *out)
{
    char time[DL_TIME_TEXT];
    if (head->n_cosigned == 0) {
        dl_buf_put_str(out, "null");
        return;
    }
    uint64_t seconds = head->cosigned[0].time;
    uint64_t latest = (uint64_t)INT64_MAX / 1000;
    dl_time_encode((int64_t)(seconds < latest ? seconds : latest) * 1000, time);
    dl_buf_printf(out, "{\"size\":%llu,\"time\":\"%s\",\"by\":",
                  (unsigned long long)head->checkpoint.size, time);
    dl_json_put_str(out, head->cosigned[0].witness->name);
    dl_buf_u8(out, '}');
}

static void put_head(const struct dl_bundle *bundle, struct dl_buf *out)
{
    char root[2 * sizeof bundle->head.checkpoint.root.b + 1];
    if (!bundle->has_head) {
        dl_buf_put_str(out, "\"origin\":null,\"size\":null,\"root\":null,\"receipt\":null");
        return;
    }
    const struct dl_checkpoint *head = &bundle->head.checkpoint;
    dl_hex_encode(dl_view_of(head->root.b, sizeof head->root.b), root);
    dl_buf_put_str(out, "\"origin\":");
    dl_json_put_str(out, head->origin);
    dl_buf_printf(
        out, ",\"size\":%llu,\"root\":\"%s\",\"receipt\":", (unsigned long long)head->size, root);
    put_receipt(&bundle->head, out);
}

void dl_bundle_json(const struct dl_bundle *bundle, struct dl_buf *out)
{
    dl_buf_printf(out, "{\"verified\":%s,", bundle->n_problems == 0 ? "true" : "false");
    put_head(bundle, out);
    dl_buf_printf(out, ",\"entries\":%llu,\"contents\":%llu,\"keys\":\"%s\",\"problems\":[",
                  (unsigned long long)bundle->entries, (unsigned long long)bundle->contents,
                  bundle->from_export ? "from-export" : "given");
    for (size_t i = 0; i < json_array_size(bundle->problems); i++) {
        dl_buf_put_str(out, i == 0 ? "" : ",");
        dl_json_put_str(out, json_string_value(json_array_get(bundle->problems, i)));
    }
    if (bundle->n_problems > DL_BUNDLE_PROBLEMS) {
        dl_buf_printf(out, ",\"and %zu more\"", bundle->n_problems - DL_BUNDLE_PROBLEMS);
    }
    dl_buf_put_str(out, "]}");
}
