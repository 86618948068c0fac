/* log export: a journal or a replica as a folder that proves itself. */
#include "base/encoding.h"
#include "node/bundle_export.h"
#include "node/telling.h"

#include <stdlib.h>
#include <string.h>

struct exporting {
    struct dl_export *export;
    bool shown;
};

static void free_exporting(void *state)
{
    struct exporting *x = state;
    dl_export_free(&x->export);
    free(x);
}

static void export_step(struct dl_call *call)
{
    struct exporting *x = call->state;
    struct dl_error error = {.err = DL_OK};
    bool done = false;
    if (dl_export_step(x->export, &done, &error) != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    unsigned long long written = dl_export_written(x->export);
    unsigned long long size = dl_export_size(x->export);
    if (call->progress && size > 10000) {
        dl_call_warn(call, "\r%llu / %llu%s", written, size, done ? "\n" : "");
    }
    if (!done) {
        return;
    }
    if (call->json) {
        dl_call_print(call, "{\"out\":\"%s\",\"size\":%llu}\n", dl_call_operand(call, 2), size);
    } else {
        dl_call_print(
            call,
            DL_SAY(
                call,
                "%llu receipted entries are in %s. Anyone can check them offline:\n"
                "  directline log verify %s\n",
                "%llu 条有回执的条目已写入 %s，任何人都可离线核验：\n  directline log verify %s\n"),
            size, dl_call_operand(call, 2), dl_call_operand(call, 2));
    }
    dl_call_end(call, DL_EXIT_OK);
}

static enum dl_err number(struct dl_call *call, const char *option, uint64_t *out, bool *given,
                          struct dl_error *error)
{
    const char *text = dl_call_option(call, option);
    if (text == NULL) {
        return DL_OK;
    }
    *given = true;
    return dl_decimal_decode(dl_view_str(text), DL_LIMIT_LOG_SIZE, out) == DL_OK
               ? DL_OK
               : dl_error_set(error, DL_E_USAGE, NULL, "--%s takes a number, not \"%.40s\"", option,
                              text);
}

static enum dl_err read_options(struct dl_call *call, struct dl_export_config *config,
                                struct dl_error *error)
{
    bool entry = false;
    bool from = false;
    bool to = false;
    bool given = false;
    uint64_t generation = 0;
    const char *side = dl_call_operand(call, 1);
    if (strcmp(side, "ours") != 0 && strcmp(side, "theirs") != 0) {
        return dl_error_set(error, DL_E_USAGE, NULL, "whose journal: ours or theirs, not \"%.40s\"",
                            side);
    }
    config->ours = strcmp(side, "ours") == 0;
    config->no_content = dl_call_flag(call, "no-content");
    DL_TRY(number(call, "entry", &config->from, &entry, error));
    config->to = config->from;
    DL_TRY(number(call, "from", &config->from, &from, error));
    DL_TRY(number(call, "to", &config->to, &to, error));
    DL_TRY(number(call, "generation", &generation, &given, error));
    config->generation = (unsigned)generation;
    config->ranged = entry || from || to;
    config->open = from && !to; // up to the newest receipted
    if (entry && (from || to)) {
        return dl_error_set(error, DL_E_USAGE, NULL, "give --entry I, or --from I and --to I");
    }
    if (given && generation == 0) {
        return dl_error_set(error, DL_E_USAGE, NULL, "generations count from 1");
    }
    return DL_OK;
}

void dl__verb_log_export(struct dl_call *call);
void dl__verb_log_export(struct dl_call *call)
{
    struct dl_error error;
    const char *peer = dl_call_operand(call, 0);
    if (dl_call_peer(call, peer) == NULL) {
        return;
    }
    struct dl_export_config config = {
        .agency = call->agency, .peer = peer, .folder = dl_call_operand(call, 2)};
    struct exporting *x = calloc(1, sizeof *x);
    DL_ASSERT(x != NULL, "memory for a call");
    call->state = x;
    call->state_free = free_exporting;
    enum dl_err err = read_options(call, &config, &error);
    err = err == DL_OK ? dl_export_begin(&config, &x->export, &error) : err;
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    dl_call_steps(call, export_step);
}
