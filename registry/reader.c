#include "registry/reader.h"
#include "registry/listing.h"
#include "registry/scope.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHARED_SLOTS = 2048, /* a power of two */
    SHARED_TEXT_MAX = 64 * 1024,
    DAY_MS = 24 * 60 * 60 * 1000
};

enum shared_kind { SHARED_NONE, SHARED_TEXT, SHARED_INSTRUMENT };

/* One text or instrument. The octets of `all` are cut into parts. */
struct shared_slot {
    enum shared_kind kind;
    int64_t id;
    uint8_t *all;
    size_t part[3]; /* their lengths */
    bool flagged;
    unsigned flags; /* of a text that is scope words */
    size_t next;    /* slot that was used before it, from 1; 0 none: most are never touched */
};

struct dl_shared {
    struct shared_slot slot[SHARED_SLOTS];
    size_t first;
    struct dl_buf scratch;
};

dl_day dl_day_of(struct dl_view text)
{
    if (text.n != DL_DATE_TEXT - 1 || text.p[4] != '-' || text.p[7] != '-') {
        return 0;
    }
    dl_day day = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (i == 4 || i == 7) {
            continue;
        }
        if (text.p[i] < '0' || text.p[i] > '9') {
            return 0;
        }
        day = day * 10 + (text.p[i] - '0');
    }
    return day;
}

void dl_day_text(dl_day day, char out[DL_DATE_TEXT])
{
    out[0] = '\0';
    if (day > 0) {
        int parts[4] = {day / 1000000, day / 10000 % 100, day / 100 % 100, day % 100};
        static const int place[4] = {0, 2, 5, 8};
        for (int i = 0; i < 4; i++) {
            out[place[i]] = (char)('0' + parts[i] / 10);
            out[place[i] + 1] = (char)('0' + parts[i] % 10);
        }
        out[4] = out[7] = '-';
        out[DL_DATE_TEXT - 1] = '\0';
    }
}

static char *copy_text(struct dl_view view)
{
    char *copy = malloc(view.n + 1);
    DL_ASSERT(copy, "memory for a text");
    if (view.n > 0) {
        memcpy(copy, view.p, view.n);
    }
    copy[view.n] = '\0';
    return copy;
}

static void copy_code(char out[DL_CODE_MAX], struct dl_view code)
{
    snprintf(out, DL_CODE_MAX, "%.*s", DL_VIEW_ARG(code));
}

static enum dl_err on_jurisdiction(void *context, const struct dl_row *row)
{
    struct dl_reader *reader = context;
    if (reader->n_jurisdictions == DL_JURISDICTIONS_MAX) {
        return DL_E_LIMIT;
    }
    struct dl_jurisdiction *j = &reader->jurisdictions[reader->n_jurisdictions++];
    j->id = dl_row_int(row, 0);
    copy_code(j->code, dl_row_text(row, 1));
    j->name_en = copy_text(dl_row_text(row, 2));
    j->name_zh = copy_text(dl_row_text(row, 3));
    j->data_from = dl_day_of(dl_row_text(row, 4));
    j->data_until = dl_day_of(dl_row_text(row, 5));
    return DL_OK;
}

static int jurisdiction_by_id(const struct dl_reader *reader, int64_t id)
{
    for (size_t i = 0; i < reader->n_jurisdictions; i++) {
        if (reader->jurisdictions[i].id == id) {
            return (int)i;
        }
    }
    return -1;
}

static void *grown(void *array, size_t n, size_t size)
{
    if ((n & (n - 1)) != 0 && n != 0) {
        return array;
    }
    void *more = realloc(array, (n == 0 ? 1 : n * 2) * size);
    DL_ASSERT(more, "memory for a small table");
    return more;
}

static enum dl_err on_list(void *context, const struct dl_row *row)
{
    struct dl_reader *reader = context;
    reader->lists = grown(reader->lists, reader->n_lists, sizeof *reader->lists);
    struct dl_list *list = &reader->lists[reader->n_lists++];
    memset(list, 0, sizeof *list);
    list->id = dl_row_int(row, 0);
    copy_code(list->code, dl_row_text(row, 1));
    list->jurisdiction = jurisdiction_by_id(reader, dl_row_int(row, 2));
    list->title = copy_text(dl_row_text(row, 3));
    list->title_zh = copy_text(dl_row_text(row, 4));
    list->schedule = copy_text(dl_row_text(row, 5));
    /* Schedule V of Canada holds what a minister's order of limited life put there (CDSA s. 60.1)
     */
    list->temporary = strcmp(list->code, "CA-CDSA-V") == 0;
    return list->jurisdiction < 0 ? DL_E_REGISTRY_MISSING : DL_OK;
}

/* Clauses whose column says "only of these" or whose words make a condition are not for a program
 * to judge. */
static bool is_conditional(struct dl_view covers, struct dl_view words)
{
    return memmem(covers.p, covers.n, "only of", 7) != NULL ||
           memmem(words.p, words.n, "misused", 7) != NULL;
}

/* The part of a clause's words that takes substances out by name, in lower case. */
static char *excepting(const char *words)
{
    static const char *const marks[] = {"not being ", "excluding ", "Unless specifically excepted"};
    const char *at = strstr(words, "excepted") ? words : NULL;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *mark = strstr(words, marks[i]);
        at = mark ? mark : at;
    }
    if (!at) {
        return NULL;
    }
    char *copy = copy_text(dl_view_str(at));
    for (char *c = copy; *c; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return copy;
}

static enum dl_err on_clause(void *context, const struct dl_row *row)
{
    struct dl_reader *reader = context;
    struct dl_list *list = NULL;
    for (size_t i = 0; i < reader->n_lists; i++) {
        list = reader->lists[i].id == dl_row_int(row, 0) ? &reader->lists[i] : list;
    }
    if (!list) {
        return DL_E_REGISTRY_MISSING;
    }
    list->clauses = grown(list->clauses, list->n_clauses, sizeof *list->clauses);
    struct dl_clause *clause = &list->clauses[list->n_clauses++];
    clause->applies_to = copy_text(dl_row_text(row, 1));
    clause->words = copy_text(dl_row_text(row, 3));
    clause->flags = dl_scope_flags(dl_row_text(row, 2));
    clause->conditional = is_conditional(dl_row_text(row, 2), dl_row_text(row, 3));
    clause->wide = strstr(clause->words, "or another annex") != NULL;
    char *text =
        dl_row_text(row, 4).n > 0 ? copy_text(dl_row_text(row, 4)) : excepting(clause->words);
    if (text) {
        reader->exceptions =
            grown(reader->exceptions, reader->n_exceptions, sizeof *reader->exceptions);
        reader->exceptions[reader->n_exceptions++] =
            (struct dl_exception){.list = list->id,
                                  .text = text,
                                  .text_n = strlen(text),
                                  .applies_to = clause->applies_to};
    }
    return DL_OK;
}

static void rank_lists(struct dl_reader *reader)
{
    for (size_t i = 0; i < reader->n_lists; i++) {
        for (size_t k = 0; k < reader->n_lists; k++) {
            reader->lists[i].rank += strcmp(reader->lists[k].code, reader->lists[i].code) < 0;
        }
    }
}

static enum dl_err on_version(void *context, const struct dl_row *row)
{
    struct dl_reader *reader = context;
    if (dl_row_null(row, 0)) {
        return DL_E_REGISTRY_MISSING;
    }
    reader->version = dl_row_int(row, 0);
    char text[DL_DATE_TEXT];
    dl_date_encode(dl_row_int(row, 1), text);
    reader->first_day = dl_day_of(dl_view_str(text));
    return DL_OK;
}

static enum dl_err load(struct dl_reader *reader)
{
    struct dl_store *s = reader->store;
    DL_TRY(dl_store_run(s, "SELECT max(id), min(at_ms) FROM import", NULL, 0, on_version, reader));
    DL_TRY(dl_store_run(s,
                        "SELECT id, code, name_en, name_zh, data_from, data_until"
                        " FROM jurisdiction ORDER BY code",
                        NULL, 0, on_jurisdiction, reader));
    DL_TRY(dl_store_run(
        s, "SELECT id, code, jurisdiction, title, title_zh, schedule FROM list ORDER BY id", NULL,
        0, on_list, reader));
    rank_lists(reader);
    return DL_OK;
}

enum dl_err dl_reader_clauses(struct dl_reader *reader)
{
    if (reader->has_clauses) {
        return DL_OK;
    }
    reader->has_clauses = true;
    return dl_store_run(reader->store,
                        "SELECT list, applies_to, covers, words, exceptions FROM scope ORDER BY id",
                        NULL, 0, on_clause, reader);
}

/* ---- relations that were read ---- */

static int by_substance(const void *a, const void *b)
{
    int64_t x = ((const struct dl_related *)a)->substance;
    int64_t y = ((const struct dl_related *)b)->substance;
    return (x > y) - (x < y);
}

static struct dl_related *related_to(const struct dl_reader *reader, int64_t substance)
{
    struct dl_related key = {.substance = substance};
    return reader->n_related == 0 ? NULL
                                  : bsearch(&key, reader->related, reader->n_related,
                                            sizeof *reader->related, by_substance);
}

/* Readings come by their key of isomers and their skeleton: others of the same key are isomers. */
struct group {
    struct dl_reader *reader;
    size_t first; /* of the key */
    char skeleton[15];
};

static enum dl_err on_reading(void *context, const struct dl_row *row)
{
    struct group *group = context;
    struct dl_reader *reader = group->reader;
    struct dl_view skeleton = dl_row_text(row, 2);
    size_t at = reader->n_related;
    reader->related = grown(reader->related, at, sizeof *reader->related);
    reader->related[at] =
        (struct dl_related){.substance = dl_row_int(row, 0), .isomer_key = dl_row_int(row, 1)};
    reader->n_related++;
    if (reader->related[group->first].isomer_key != dl_row_int(row, 1)) {
        group->first = at;
    } else if (at > group->first && !dl_view_is(skeleton, group->skeleton)) {
        for (size_t i = group->first; i <= at; i++) {
            reader->related[i].isomers = true;
        }
    } else if (at > group->first) {
        reader->related[at].isomers = reader->related[at - 1].isomers;
    }
    size_t n = skeleton.n < sizeof group->skeleton ? skeleton.n : 0;
    memcpy(group->skeleton, skeleton.p, n);
    group->skeleton[n] = '\0';
    return DL_OK;
}

static enum dl_err on_made(void *context, const struct dl_row *row)
{
    struct dl_related *related = related_to(context, dl_row_int(row, 0));
    if (related != NULL) {
        related->made = true;
    }
    return DL_OK;
}

static enum dl_err on_ruled(void *context, const struct dl_row *row)
{
    struct dl_reader *reader = context;
    struct dl_related *related = related_to(reader, dl_row_int(row, 0));
    const struct dl_list *list = dl_reader_list(reader, dl_row_int(row, 1));
    if (related != NULL && list != NULL) {
        related->ruled |= (uint64_t)1 << list->jurisdiction;
    }
    return DL_OK;
}

enum dl_err dl_reader_related(struct dl_reader *reader, int64_t substance,
                              const struct dl_related **out)
{
    if (!reader->has_related) {
        struct group group = {.reader = reader};
        reader->has_related = true;
        DL_TRY(
            dl_store_run(reader->store,
                         "SELECT substance, isomer_key, skeleton FROM reading ORDER BY isomer_key,"
                         " skeleton",
                         NULL, 0, on_reading, &group));
        if (reader->n_related > 0) {
            qsort(reader->related, reader->n_related, sizeof *reader->related, by_substance);
        }
        DL_TRY(dl_store_run(reader->store, "SELECT substance FROM reading WHERE made_of <> x''",
                            NULL, 0, on_made, reader));
        DL_TRY(dl_store_run(reader->store, "SELECT substance, list FROM class_match", NULL, 0,
                            on_ruled, reader));
    }
    *out = related_to(reader, substance);
    return DL_OK;
}

enum dl_err dl_reader_new(struct dl_store *store, struct dl_reader **out, struct dl_error *error)
{
    struct dl_reader *reader = calloc(1, sizeof *reader);
    DL_ASSERT(reader, "memory for a reader");
    reader->store = store;
    reader->jurisdictions = calloc(DL_JURISDICTIONS_MAX, sizeof *reader->jurisdictions);
    reader->shared = calloc(1, sizeof *reader->shared);
    DL_ASSERT(reader->jurisdictions && reader->shared, "memory for a reader");
    dl_buf_init(&reader->shared->scratch, (size_t)SHARED_TEXT_MAX * 8);
    enum dl_err err = load(reader);
    if (err != DL_OK) {
        dl_reader_free(&reader);
        return dl_error_set(error, DL_E_REGISTRY_MISSING, NULL, "the registry cannot be read: %s",
                            dl_store_message(store));
    }
    *out = reader;
    return DL_OK;
}

static void free_list(struct dl_list *list)
{
    for (size_t i = 0; i < list->n_clauses; i++) {
        free(list->clauses[i].applies_to);
        free(list->clauses[i].words);
    }
    free(list->clauses);
    free(list->title);
    free(list->title_zh);
    free(list->schedule);
}

void dl_reader_free(struct dl_reader **reader)
{
    if (!*reader) {
        return;
    }
    struct dl_reader *r = *reader;
    for (size_t i = 0; i < r->n_lists; i++) {
        free_list(&r->lists[i]);
    }
    for (size_t i = 0; i < r->n_jurisdictions; i++) {
        free(r->jurisdictions[i].name_en);
        free(r->jurisdictions[i].name_zh);
    }
    for (size_t i = r->shared->first; i != 0; i = r->shared->slot[i - 1].next) {
        free(r->shared->slot[i - 1].all);
    }
    dl_buf_fini(&r->shared->scratch);
    dl_listings_free(&r->listings);
    for (size_t i = 0; i < r->n_exceptions; i++) {
        free(r->exceptions[i].text);
    }
    free(r->exceptions);
    free(r->related);
    free(r->shared);
    free(r->lists);
    free(r->jurisdictions);
    free(r);
    *reader = NULL;
}

enum dl_err dl_reader_version_on(struct dl_reader *reader, dl_day day, int64_t *out)
{
    char text[DL_DATE_TEXT];
    int64_t start_ms = 0;
    int64_t version = 0;
    dl_day_text(day, text);
    DL_TRY(dl_date_decode(dl_view_str(text), &start_ms));
    DL_TRY(dl_store_run(reader->store, "SELECT max(id) FROM import WHERE at_ms < ?1",
                        DL_SQL(DL_SQL_INT(start_ms + DAY_MS)), dl_row_take_int, &version));
    *out = version;
    return DL_OK;
}

enum dl_err dl_reader_may_differ(struct dl_reader *reader, dl_day from, dl_day to,
                                 enum dl_differs *out)
{
    char days[2][DL_DATE_TEXT];
    int64_t n = 0;
    dl_day_text(from, days[0]);
    dl_day_text(to, days[1]);
    DL_TRY(dl_store_run(
        reader->store,
        "SELECT CASE WHEN EXISTS(SELECT 1 FROM name WHERE known_from>?1 AND known_from<=?2"
        " OR known_until>?1 AND known_until<=?2) THEN 2"
        " WHEN EXISTS(SELECT 1 FROM listing WHERE announced>?1 AND announced<=?2"
        " OR in_force>?1 AND in_force<=?2 OR until>?1 AND until<=?2 OR gone_by>?1 AND gone_by<=?2"
        " OR listed_by>=?1 AND listed_by<=?2)" // on the day itself and after it
        " OR EXISTS(SELECT 1 FROM list WHERE in_force>?1 AND in_force<=?2"
        " OR until>?1 AND until<=?2)"
        " OR EXISTS(SELECT 1 FROM jurisdiction WHERE data_from>?1 AND data_from<=?2"
        " OR data_until>=?1 AND data_until<=?2) THEN 1 ELSE 0 END",
        DL_SQL(DL_SQL_STR(days[0]), DL_SQL_STR(days[1])), dl_row_take_int, &n));
    *out = (enum dl_differs)n;
    return DL_OK;
}

int dl_reader_jurisdiction(const struct dl_reader *reader, struct dl_view code)
{
    for (size_t i = 0; i < reader->n_jurisdictions; i++) {
        if (dl_view_is(code, reader->jurisdictions[i].code)) {
            return (int)i;
        }
    }
    return -1;
}

const struct dl_list *dl_reader_list(const struct dl_reader *reader, int64_t id)
{
    size_t low = 0;
    size_t high = reader->n_lists;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (reader->lists[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < reader->n_lists && reader->lists[low].id == id ? &reader->lists[low] : NULL;
}

/* What a row's callback fills: the slot to be. */
struct fill {
    struct dl_buf *scratch;
    size_t part[3];
    bool found;
};

static void put_part(struct fill *fill, int i, struct dl_view text)
{
    dl_buf_put_view(fill->scratch, text);
    fill->part[i] = text.n;
}

static enum dl_err on_text(void *context, const struct dl_row *row)
{
    struct fill *fill = context;
    put_part(fill, 0, dl_row_text(row, 0));
    fill->found = true;
    return dl_buf_err(fill->scratch);
}

static void put_title(struct dl_buf *title, struct dl_view text, struct dl_view number)
{
    dl_buf_put_view(title, text);
    if (number.n > 0) {
        dl_buf_put_str(title, " (");
        dl_buf_put_view(title, number);
        dl_buf_put_str(title, ")");
    }
}

static enum dl_err on_instrument(void *context, const struct dl_row *row)
{
    struct fill *fill = context;
    struct dl_buf title;
    struct dl_buf local;
    dl_buf_init(&title, SHARED_TEXT_MAX);
    dl_buf_init(&local, SHARED_TEXT_MAX);
    put_title(&title, dl_row_text(row, 1), dl_row_text(row, 2));
    put_title(&local, dl_row_text(row, 3), dl_row_text(row, 2));
    put_part(fill, 0, dl_row_text(row, 0));
    put_part(fill, 1, dl_buf_view(&title));
    put_part(fill, 2, dl_row_text(row, 3).n > 0 ? dl_buf_view(&local) : dl_buf_view(&title));
    fill->found = true;
    dl_buf_fini(&title);
    dl_buf_fini(&local);
    return dl_buf_err(fill->scratch);
}

static enum dl_err find_slot(struct dl_reader *reader, enum shared_kind kind, int64_t id,
                             struct shared_slot **out)
{
    size_t at = (size_t)(id * 2 + (kind == SHARED_INSTRUMENT)) & (SHARED_SLOTS - 1);
    struct shared_slot *slot = &reader->shared->slot[at];
    *out = slot;
    if (slot->kind == kind && slot->id == id) {
        return DL_OK;
    }
    struct fill fill = {.scratch = &reader->shared->scratch};
    dl_buf_reset(fill.scratch);
    if (kind == SHARED_TEXT) {
        DL_TRY(dl_store_run(reader->store, "SELECT value FROM text WHERE id = ?1",
                            DL_SQL(DL_SQL_INT(id)), on_text, &fill));
    } else {
        DL_TRY(dl_store_run(reader->store,
                            "SELECT key, title, number, title_local FROM instrument WHERE id = ?1",
                            DL_SQL(DL_SQL_INT(id)), on_instrument, &fill));
    }
    if (!fill.found) {
        return DL_E_STORE_CORRUPT;
    }
    uint8_t *all = malloc(fill.scratch->n + 1);
    DL_ASSERT(all, "memory for a shared text");
    memcpy(all, fill.scratch->p, fill.scratch->n);
    size_t next = slot->next;
    if (slot->kind == SHARED_NONE) {
        next = reader->shared->first;
        reader->shared->first = at + 1;
    }
    free(slot->all);
    *slot = (struct shared_slot){.kind = kind, .id = id, .all = all, .next = next};
    memcpy(slot->part, fill.part, sizeof slot->part);
    return DL_OK;
}

static struct dl_view part_of(const struct shared_slot *slot, int i)
{
    size_t start = 0;
    for (int k = 0; k < i; k++) {
        start += slot->part[k];
    }
    return dl_view_of(slot->all + start, slot->part[i]);
}

enum dl_err dl_reader_text(struct dl_reader *reader, int64_t id, struct dl_shared_text *out)
{
    struct shared_slot *slot = NULL;
    if (id == 0) {
        *out = (struct dl_shared_text){.plain = dl_view_of(NULL, 0)};
        return DL_OK;
    }
    DL_TRY(find_slot(reader, SHARED_TEXT, id, &slot));
    out->plain = part_of(slot, 0);
    return DL_OK;
}

enum dl_err dl_reader_scope(struct dl_reader *reader, int64_t id, unsigned *flags)
{
    struct shared_slot *slot = NULL;
    *flags = 0;
    if (id == 0) {
        return DL_OK;
    }
    DL_TRY(find_slot(reader, SHARED_TEXT, id, &slot));
    if (!slot->flagged) {
        slot->flags = dl_scope_flags(part_of(slot, 0));
        slot->flagged = true;
    }
    *flags = slot->flags;
    return DL_OK;
}

enum dl_err dl_reader_instrument(struct dl_reader *reader, int64_t id,
                                 struct dl_shared_instrument *out)
{
    struct shared_slot *slot = NULL;
    if (id == 0) {
        *out = (struct dl_shared_instrument){.title = dl_view_of(NULL, 0)};
        return DL_OK;
    }
    DL_TRY(find_slot(reader, SHARED_INSTRUMENT, id, &slot));
    out->key = part_of(slot, 0);
    out->title = part_of(slot, 1);
    out->local = part_of(slot, 2);
    return DL_OK;
}
