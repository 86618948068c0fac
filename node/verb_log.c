/* `log verify` and `log vectors`: what is checked with nothing but files. */
#include "base/encoding.h"
#include "base/text.h"
#include "node/bundle_verify.h"
#include "node/command.h"
#include "node/folder.h"
#include "node/vectors.h"

#include <string.h>

enum { SHOWN_MAX = 8 * DL_VKEY_MAX, OUT_MAX = 1024 * 1024 };

/* Names from a foreign folder, as they may be shown. */
static void print_name(struct dl_call *call, const char *before, const char *name,
                       const char *after)
{
    struct dl_buf shown;
    dl_buf_init(&shown, SHOWN_MAX);
    dl_text_show(&shown, dl_view_str(name), true);
    dl_call_print(call, "%s%.*s%s", before, DL_VIEW_ARG(dl_buf_view(&shown)), after);
    dl_buf_fini(&shown);
}

static void print_keys(struct dl_call *call, const struct dl_bundle *bundle)
{
    dl_call_print(call, "%s",
                  DL_SAY(call,
                         "keys      from this export: they show that it agrees with itself. "
                         "Compare with what you know:\n",
                         "密钥      取自本导出件，只能证明其自身一致。请与已知密钥核对：\n"));
    const struct dl_vkey *vkey = NULL;
    for (size_t i = 0; (vkey = dl_policy_key(bundle->policy, i)) != NULL; i++) {
        char hex[2 * sizeof(struct dl_hash) + 1];
        struct dl_hash fingerprint = dl_sha256(dl_view_of(vkey->key.b, sizeof vkey->key.b));
        struct dl_buf text;
        dl_buf_init(&text, DL_VKEY_MAX + 1);
        dl_vkey_format(vkey, &text);
        dl_buf_u8(&text, '\0');
        dl_hex_encode(dl_view_of(fingerprint.b, sizeof fingerprint.b), hex);
        print_name(call, "          ", (const char *)text.p, "\n");
        dl_call_print(call, "            SHA-256 %s\n", hex);
        dl_buf_fini(&text);
    }
}

static void print_receipt(struct dl_call *call, const struct dl_policy_finding *head)
{
    for (size_t i = 0; i < head->n_cosigned; i++) {
        char time[DL_TIME_TEXT];
        uint64_t latest = (uint64_t)INT64_MAX / 1000;
        uint64_t seconds = head->cosigned[i].time;
        dl_time_encode((int64_t)(seconds < latest ? seconds : latest) * 1000, time);
        print_name(call, DL_SAY(call, "receipt   by ", "回执      签署者 "),
                   head->cosigned[i].witness->name, "");
        dl_call_print(call, DL_SAY(call, ", %s, covers %llu entries\n", "，%s，覆盖 %llu 条\n"),
                      time, (unsigned long long)head->checkpoint.size);
    }
}

static void print_head(struct dl_call *call, const struct dl_bundle *bundle)
{
    char root[2 * sizeof(struct dl_hash) + 1];
    const struct dl_checkpoint *head = &bundle->head.checkpoint;
    dl_hex_encode(dl_view_of(head->root.b, sizeof head->root.b), root);
    print_name(call, DL_SAY(call, "journal   ", "日志      "), head->origin, "\n");
    dl_call_print(call,
                  DL_SAY(call, "signed    size %llu, root %s\n", "已签名    大小 %llu，根 %s\n"),
                  (unsigned long long)head->size, root);
    print_receipt(call, &bundle->head);
    dl_call_print(call,
                  DL_SAY(call, "checked   %llu entries, %llu contents\n",
                         "已核验    %llu 条，内容 %llu 份\n"),
                  (unsigned long long)bundle->entries, (unsigned long long)bundle->contents);
}

static void print_text(struct dl_call *call, const struct dl_bundle *bundle)
{
    if (bundle->has_head) {
        print_head(call, bundle);
    }
    if (bundle->from_export && bundle->policy != NULL) {
        print_keys(call, bundle);
    }
    for (size_t i = 0; i < json_array_size(bundle->problems); i++) {
        dl_call_print(call, DL_SAY(call, "problem   %s\n", "问题      %s\n"),
                      json_string_value(json_array_get(bundle->problems, i)));
    }
    if (bundle->n_problems > DL_BUNDLE_PROBLEMS) {
        dl_call_print(call, DL_SAY(call, "          and %zu more\n", "          另有 %zu 项\n"),
                      bundle->n_problems - DL_BUNDLE_PROBLEMS);
    }
    dl_call_print(call, "%s\n",
                  bundle->n_problems > 0 ? DL_SAY(call, "NOT VERIFIED", "核验未通过")
                                         : DL_SAY(call, "verified", "核验通过"));
}

/* The policy that the operator trusts; *out stays NULL when none was given. */
static enum dl_err given_policy(struct dl_call *call, struct dl_policy **out,
                                struct dl_error *error)
{
    const char *file = dl_call_option(call, "policy");
    const char *log = dl_call_option(call, "log");
    const char *witness = dl_call_option(call, "witness");
    if ((log == NULL) != (witness == NULL) || (file != NULL && log != NULL)) {
        dl_error_set(error, DL_E_USAGE, log == NULL ? "--witness" : "--log",
                     "keys are given by --policy, or by --log and --witness together");
        return dl_error_hint(error, "without any, the export's own keys are used and shown");
    }
    if (log != NULL) {
        return dl_bundle_policy(log, witness, out, error);
    }
    if (file == NULL) {
        return DL_OK;
    }
    struct dl_buf text;
    dl_buf_init(&text, DL_POLICY_MAX);
    enum dl_err err = dl_folder_read("", file, &text);
    if (err != DL_OK) {
        dl_error_set(error, DL_E_INPUT, "--policy", "%s cannot be read, or is no policy", file);
    } else {
        err = dl_policy_parse(dl_buf_view(&text), out, error);
    }
    dl_buf_fini(&text);
    return err == DL_OK ? DL_OK : error->err;
}

static void print_json(struct dl_call *call, const struct dl_bundle *bundle)
{
    struct dl_buf out;
    dl_buf_init(&out, OUT_MAX);
    dl_bundle_json(bundle, &out);
    dl_buf_u8(&out, '\n');
    DL_ASSERT(dl_buf_err(&out) == DL_OK, "a hundred problems fit");
    dl_call_put(call, dl_buf_view(&out));
    dl_buf_fini(&out);
}

void dl__verb_log_verify(struct dl_call *call)
{
    struct dl_error error;
    struct dl_policy *given = NULL;
    struct dl_bundle bundle;
    if (given_policy(call, &given, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    dl_bundle_init(&bundle);
    if (dl_bundle_verify(dl_call_operand(call, 0), given, &bundle, &error) != DL_OK) {
        dl_bundle_fini(&bundle);
        dl_call_fail(call, &error);
        return;
    }
    if (call->json) {
        print_json(call, &bundle);
    } else {
        print_text(call, &bundle);
    }
    int code = bundle.n_problems == 0 ? DL_EXIT_OK : DL_EXIT_NO;
    dl_bundle_fini(&bundle);
    dl_call_end(call, code);
}

static void print_difference(void *context, const char *file, const char *id, const char *what)
{
    struct dl_call *call = context;
    if (!call->json) {
        dl_call_print(call, "%s: %s: %s\n", file, id, what);
        return;
    }
    struct dl_buf out;
    dl_buf_init(&out, OUT_MAX);
    dl_buf_put_str(&out, "{\"file\":");
    dl_json_put_str(&out, file);
    dl_buf_put_str(&out, ",\"id\":");
    dl_json_put_str(&out, id);
    dl_buf_put_str(&out, ",\"difference\":");
    dl_json_put_str(&out, what);
    dl_buf_put_str(&out, "}\n");
    dl_call_put(call, dl_buf_view(&out));
    dl_buf_fini(&out);
}

void dl__verb_log_vectors(struct dl_call *call)
{
    struct dl_error error;
    struct dl_vectors_counts counts;
    const char *folder = dl_call_operand(call, 0);
    if (dl_vectors_run(folder, print_difference, call, &counts, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    dl_call_print(call,
                  call->json ? "{\"files\":%zu,\"cases\":%zu,\"differences\":%zu}\n"
                             : DL_SAY(call, "%zu files, %zu cases, %zu differences\n",
                                      "%zu 个文件，%zu 个用例，%zu 处差异\n"),
                  counts.files, counts.cases, counts.differences);
    dl_call_end(call, counts.differences == 0 ? DL_EXIT_OK : DL_EXIT_NO);
}
