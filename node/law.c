#include "node/law.h"

#include "base/json.h"
#include "node/agency_internal.h"
#include "node/telling.h"
#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dl_law_asking {
    struct dl_reader *reader;
    struct dl_status *status;
    char version[DL_LAW_WORD]; /* of the shipped data */
};

void dl_law_asking_free(struct dl_law_asking **asking)
{
    if (*asking != NULL) {
        dl_status_free(&(*asking)->status);
        dl_reader_free(&(*asking)->reader);
        free(*asking);
        *asking = NULL;
    }
}

static void copy(char *out, size_t n, struct dl_view text)
{
    size_t octets = text.n < n ? text.n : n - 1;
    if (octets > 0) {
        memcpy(out, text.p, octets);
    }
    out[octets] = '\0';
}

static enum dl_err take_number(void *context, const struct dl_row *row)
{
    *(int64_t *)context = dl_row_int(row, 0);
    return DL_OK;
}

static enum dl_err take_word(void *context, const struct dl_row *row)
{
    copy(context, DL_LAW_WORD, dl_row_text(row, 0));
    return DL_OK;
}

static enum dl_err asking_new(struct dl_store *store, struct dl_law_asking **out)
{
    struct dl_law_asking *asking = calloc(1, sizeof *asking);
    DL_ASSERT(asking != NULL, "memory for the registry's reader");
    enum dl_err err = dl_store_run(store, "SELECT value FROM meta WHERE key = 'version'", NULL, 0,
                                   take_word, asking->version);
    if (err == DL_OK) {
        err = dl_reader_new(store, &asking->reader, NULL);
    }
    if (err == DL_OK) {
        dl_status_new(asking->reader, &asking->status);
        *out = asking;
    } else {
        dl_law_asking_free(&asking);
    }
    return err;
}

/* The agency's reader, made anew after every change of the registry. */
static enum dl_err ready(struct dl_agency *agency, struct dl_law_asking **out)
{
    struct dl_registry *registry = NULL;
    struct dl_error error;
    int64_t version = 0;
    DL_TRY(dl_agency_registry(agency, &registry, &error));
    struct dl_store *store = dl_registry_store(registry);
    DL_TRY(dl_store_run(store, "SELECT max(id) FROM import", NULL, 0, take_number, &version));
    if (agency->law != NULL && agency->law->reader->version != version) {
        dl_law_asking_free(&agency->law);
    }
    if (agency->law == NULL) {
        DL_TRY(asking_new(store, &agency->law));
    }
    *out = agency->law;
    return DL_OK;
}

/* Asks what the alert says of its substance, the surest first, until something is understood. */
static enum dl_err ask(struct dl_status *status, const json_t *substance)
{
    static const char *const numbers[] = {"inchikey", "cas", "unii"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct dl_view number = dl_json_text(substance, numbers[i]);
        if (number.n > 0) {
            DL_TRY(dl_status_ask(status, number));
            if (dl_status_understood(status)) {
                return DL_OK;
            }
        }
    }
    const json_t *names = json_object_get(substance, "names");
    for (size_t i = 0; i < json_array_size(names); i++) {
        struct dl_view name = dl_json_text(json_array_get(names, i), "name");
        if (name.n > 0) {
            DL_TRY(dl_status_ask_name(status, name));
            if (dl_status_understood(status)) {
                return DL_OK;
            }
        }
    }
    return DL_OK;
}

static void take_answer(const struct dl_status *status, struct dl_law *out)
{
    copy(out->substance, sizeof out->substance, status->substance_key);
    for (size_t i = 0; i < status->n_rows; i++) {
        const struct dl_status_row *row = &status->row[i];
        const char *code = status->reader->jurisdictions[row->jurisdiction].code;
        size_t k = 0;
        while (k < out->n && strcmp(out->row[k].jurisdiction, code) != 0) {
            k++;
        }
        if (row->apart || (k < out->n && out->row[k].standing <= row->standing)) {
            continue;
        }
        struct dl_law_row *law = &out->row[k];
        out->n = k == out->n ? k + 1 : out->n;
        law->standing = row->standing;
        copy(law->jurisdiction, sizeof law->jurisdiction, dl_view_str(code));
        copy(law->schedule, sizeof law->schedule,
             dl_view_str(row->list == NULL ? "" : row->list->schedule));
        copy(law->list, sizeof law->list, dl_view_str(row->list == NULL ? "" : row->list->code));
    }
}

enum dl_err dl_law_at(struct dl_agency *agency, const json_t *content, int64_t at_ms,
                      struct dl_law *out)
{
    struct dl_law_asking *asking = NULL;
    const json_t *substance = json_object_get(content, "substance");
    struct dl_law law = {.n = 0};
    int64_t version = 1;
    if (json_is_object(substance)) {
        DL_TRY(ready(agency, &asking));
        dl_date_encode(at_ms, law.on);
        struct dl_status_options options = {.on = dl_day_of(dl_view_str(law.on))};
        DL_TRY(dl_status_set(asking->status, &options));
        DL_TRY(dl_store_run(asking->reader->store,
                            "SELECT coalesce(max(id), 1) FROM import WHERE at_ms <= ?1",
                            DL_SQL(DL_SQL_INT(at_ms)), take_number, &version));
        asking->status->moment.version = version;
        (void)snprintf(law.registry, sizeof law.registry, "%.32s.%lld", asking->version,
                       (long long)version);
        DL_TRY(ask(asking->status, substance));
        if (dl_status_understood(asking->status)) {
            take_answer(asking->status, &law);
        }
    }
    *out = law;
    return DL_OK;
}

enum dl_err dl_law_of_entry(struct dl_agency *agency, const struct dl_entry_view *view,
                            struct dl_law *out)
{
    int64_t at_ms = view->incoming ? view->received_ms : view->leaf.time_ms;
    return dl_law_at(agency, view->content, at_ms, out);
}

static const struct dl_law_row *row_of(const struct dl_law *law, const char *jurisdiction)
{
    for (size_t i = 0; i < law->n; i++) {
        if (strcmp(law->row[i].jurisdiction, jurisdiction) == 0) {
            return &law->row[i];
        }
    }
    return NULL;
}

/* What a row says, in the words of a status answer; "unknown" without one. */
static void put_standing(char *out, size_t n, const struct dl_law_row *row)
{
    if (row == NULL) {
        (void)snprintf(out, n, "unknown");
    } else if (row->standing <= DL_STANDING_REVIEW && row->schedule[0] != '\0') {
        (void)snprintf(out, n, "%s %s", dl_standing_name(row->standing), row->schedule);
    } else {
        (void)snprintf(out, n, "%s", dl_standing_name(row->standing));
    }
}

/* The same day and the same registry give the same answer: most entries are looked at when they are
 * new, and many. */
static bool may_differ(struct dl_agency *agency, int64_t at_ms)
{
    struct dl_registry *registry = NULL;
    struct dl_error error;
    char then[DL_DATE_TEXT];
    char now[DL_DATE_TEXT];
    int64_t changed_ms = 0;
    if (dl_agency_registry(agency, &registry, &error) != DL_OK ||
        dl_store_run(dl_registry_store(registry), "SELECT max(at_ms) FROM import", NULL, 0,
                     take_number, &changed_ms) != DL_OK) {
        return false;
    }
    dl_date_encode(at_ms, then);
    dl_date_encode(dl_agency_now(agency), now);
    return changed_ms > at_ms || strcmp(then, now) != 0;
}

void dl_law_change(struct dl_agency *agency, const struct dl_entry_view *view, char *out, size_t n)
{
    struct dl_law then;
    struct dl_law now;
    size_t used = 0;
    out[0] = '\0';
    if ((view->leaf.kind != DL_KIND_ALERT && view->leaf.kind != DL_KIND_UPDATE) ||
        !may_differ(agency, view->incoming ? view->received_ms : view->leaf.time_ms) ||
        dl_law_of_entry(agency, view, &then) != DL_OK ||
        dl_law_at(agency, view->content, dl_agency_now(agency), &now) != DL_OK) {
        return;
    }
    for (size_t i = 0; i < now.n && used < n; i++) {
        char before[DL_LAW_WORD * 2];
        char after[DL_LAW_WORD * 2];
        const struct dl_law_row *old = row_of(&then, now.row[i].jurisdiction);
        if (old == NULL && now.row[i].standing == DL_STANDING_NOT_LISTED) {
            continue; /* the substance became known; that changes nothing there */
        }
        put_standing(before, sizeof before, old);
        put_standing(after, sizeof after, &now.row[i]);
        if (strcmp(before, after) == 0) {
            continue;
        }
        int more = snprintf(out + used, n - used, "%s%s %s > %s", used == 0 ? "law: " : "; ",
                            now.row[i].jurisdiction, before, after);
        used += more > 0 ? (size_t)more : 0;
    }
}

void dl_law_put_json(const struct dl_law *law, struct dl_buf *out)
{
    if (law->on[0] == '\0') {
        dl_buf_put_str(out, "null");
        return;
    }
    dl_buf_put_str(out, "{\"on\":");
    dl_json_put_str(out, law->on);
    dl_put_member(out, "registry", law->registry);
    dl_put_member(out, "substance", law->substance[0] == '\0' ? NULL : law->substance);
    dl_buf_put_str(out, ",\"answers\":[");
    for (size_t i = 0; i < law->n; i++) {
        const struct dl_law_row *row = &law->row[i];
        dl_buf_put_str(out, i == 0 ? "{\"jurisdiction\":" : ",{\"jurisdiction\":");
        dl_json_put_str(out, row->jurisdiction);
        dl_put_member(out, "status", dl_standing_name(row->standing));
        dl_put_member(out, "schedule", row->schedule[0] == '\0' ? NULL : row->schedule);
        dl_put_member(out, "list", row->list[0] == '\0' ? NULL : row->list);
        dl_buf_put_str(out, "}");
    }
    dl_buf_put_str(out, "]}");
}

void dl_law_put_text(const struct dl_law *law, bool zh, struct dl_buf *out)
{
    if (law->on[0] == '\0') {
        return;
    }
    dl_buf_printf(out, zh ? "    %s 的管制状态（登记库 %s）：" : "    law on %s (registry %s): ",
                  law->on, law->registry);
    if (law->n == 0) {
        dl_buf_put_str(out, zh ? "登记库中没有该物质" : "the registry does not know the substance");
    }
    for (size_t i = 0; i < law->n; i++) {
        char words[DL_LAW_WORD * 2];
        put_standing(words, sizeof words, &law->row[i]);
        dl_buf_printf(out, "%s%s %s", i == 0 ? "" : ", ", law->row[i].jurisdiction, words);
    }
    dl_buf_put_str(out, "\n");
}
