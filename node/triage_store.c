/* Findings in line.db, and how they are told. */
#include "node/agency_internal.h"
#include "node/telling.h"
#include "node/triage_internal.h"

#include "base/json.h"
#include "protocol/entry.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX_ = 64 * 1024, REF = DL_LIMIT_AGENCY_ID + DL_LIMIT_ENTRY_ID + 2, LOOKED_AT = 32 };

static struct dl_store *store_of(struct dl_agency *agency)
{
    return dl_line_db_store(dl_agency_line_db(agency));
}

void dl__triage_alert(const struct dl_entry_view *view, char *out, size_t n)
{
    if (view->leaf.kind == DL_KIND_UPDATE && view->leaf.n_refs > 0) {
        (void)snprintf(out, n, "%.*s", DL_VIEW_ARG(view->leaf.refs[0]));
    } else {
        (void)snprintf(out, n, "%s/%s", view->agency, view->id);
    }
}

/* ---- earlier alerts ---- */

struct earlier {
    struct dl_store *store;
    char alert[REF]; /* itself */
    int64_t cursor;
    const char *same; /* "substance" or "skeleton" */
    char seen[DL__TRIAGE_EARLIER][REF];
    size_t n;
    struct dl_buf *out;
};

static enum dl_err take_earlier(void *context, const struct dl_row *row)
{
    struct earlier *e = context;
    struct dl_view alert = dl_row_text(row, 0);
    bool known = dl_view_is(alert, e->alert);
    for (size_t i = 0; i < e->n; i++) {
        known = known || dl_view_is(alert, e->seen[i]);
    }
    if (known || e->n == DL__TRIAGE_EARLIER) {
        return DL_OK;
    }
    dl_buf_put_str(e->out, e->n == 0 ? "{\"alert\":" : ",{\"alert\":");
    dl_json_put_string(e->out, alert);
    dl_put_member_time(e->out, "time", dl_row_int(row, 1));
    dl_put_member(e->out, "same", e->same);
    dl_buf_put_str(e->out, "}");
    (void)snprintf(e->seen[e->n++], REF, "%.*s", DL_VIEW_ARG(alert));
    return DL_OK;
}

static enum dl_err find_of_key(struct earlier *e, const char *key)
{
    return dl_store_run(e->store,
                        "SELECT alert, time FROM triage WHERE key = ?1 AND cursor < ?2"
                        " ORDER BY cursor DESC LIMIT ?3",
                        DL_SQL(DL_SQL_STR(key), DL_SQL_INT(e->cursor), DL_SQL_INT(LOOKED_AT)),
                        take_earlier, e);
}

static enum dl_err take_key(void *context, const struct dl_row *row)
{
    (void)snprintf(context, DL_SUBSTANCE_KEY, "%.*s", DL_VIEW_ARG(dl_row_text(row, 0)));
    return DL_OK;
}

/* Of the same substance first, the newest first; then of other forms of its skeleton. */
static enum dl_err find_earlier(struct earlier *e, const char *key)
{
    char other[DL_SUBSTANCE_KEY];
    char end[DL_SUBSTANCE_KEY];
    e->same = "substance";
    DL_TRY(find_of_key(e, key));
    if (strlen(key) != 27 || key[14] != '-') {
        return DL_OK;
    }
    (void)snprintf(other, sizeof other, "%.14s-", key);
    (void)snprintf(end, sizeof end, "%.14s.", key);
    e->same = "skeleton";
    while (e->n < DL__TRIAGE_EARLIER) {
        char next[DL_SUBSTANCE_KEY] = "";
        DL_TRY(dl_store_run(e->store,
                            "SELECT key FROM triage WHERE key > ?1 AND key < ?2 ORDER BY key"
                            " LIMIT 1",
                            DL_SQL(DL_SQL_STR(other), DL_SQL_STR(end)), take_key, next));
        if (next[0] == '\0') {
            break;
        }
        memcpy(other, next, sizeof other);
        DL_TRY(strcmp(next, key) == 0 ? DL_OK : find_of_key(e, next));
    }
    return DL_OK;
}

/* ---- writing ---- */

static void put_contradictions(const struct dl_contradictions *c, struct dl_buf *out)
{
    struct dl_buf text;
    dl_buf_init(&text, TEXT_MAX_);
    dl_buf_put_str(out, "\"contradictions\":[");
    for (size_t i = 0; i < c->n; i++) {
        const struct dl_contradiction *item = &c->item[i];
        dl_buf_reset(&text);
        dl_contradiction_put(item, DL_LANG_EN, &text);
        dl_buf_put_str(out, i == 0 ? "{\"field\":" : ",{\"field\":");
        dl_json_put_str(out, item->field);
        dl_put_member(out, "clash", dl_clash_name(item->clash));
        dl_put_member(out, "value", item->value);
        dl_put_member(out, "means", item->means[0] == '\0' ? NULL : item->means);
        dl_put_member(out, "against", item->against[0] == '\0' ? NULL : item->against);
        dl_put_member(out, "anchor", item->anchor[0] == '\0' ? NULL : item->anchor);
        dl_put_member_view(out, "text", dl_buf_view(&text));
        dl_buf_put_str(out, "}");
    }
    dl_buf_put_str(out, "]");
    dl_buf_fini(&text);
}

static void put_finding(const struct dl__triage_row *row, struct dl_buf *out)
{
    struct dl_like like[DL_LIKE_MAX];
    const struct dl_law *law = &row->law;
    const char *key = row->contradictions.key;
    dl_buf_put_str(out, "\"substance\":");
    dl_json_put_str(out, key[0] == '\0' ? NULL : key);
    dl_buf_put_str(out, ",");
    put_contradictions(&row->contradictions, out);
    dl_buf_put_str(out, ",\"similar\":");
    for (size_t i = 0; i < law->n_like; i++) {
        like[i] = (struct dl_like){dl_view_str(law->like[i].key), dl_view_str(law->like[i].name),
                                   law->like[i].thousandths};
    }
    dl_likeness_put_json(like, law->n_like, out);
}

static void put_flags(const struct dl_contradictions *c, struct dl_buf *out)
{
    for (size_t i = 0; i < c->n; i++) {
        dl_contradiction_put(&c->item[i], DL_LANG_EN, out);
        dl_buf_put_str(out, "\n");
    }
}

enum { TEXTS = 4 };

struct texts {
    struct dl_buf pinned, found, flags, law;
};

static enum dl_err insert(struct dl_agency *agency, const struct dl__triage_row *row,
                          const struct texts *t, int64_t *finding)
{
    struct dl_store *store = store_of(agency);
    if (*finding == 0) {
        DL_TRY(dl_store_run(store, "SELECT coalesce(max(id), 0) + 1 FROM finding", NULL, 0,
                            dl_row_take_int, finding));
    }
    return dl_store_run(
        store,
        "INSERT INTO finding(id, asked, missing, read, pinned, found, flags, law) VALUES(?1, ?2,"
        " ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(id) DO UPDATE SET missing=?3, read=?4, pinned=?5,"
        " found=?6, flags=?7, law=?8",
        DL_SQL(DL_SQL_INT(*finding), DL_SQL_STR(row->asked), DL_SQL_STR(row->missing),
               DL_SQL_INT(row->law.structure), DL_SQL_TEXT(dl_buf_view(&t->pinned)),
               DL_SQL_TEXT(dl_buf_view(&t->found)), DL_SQL_TEXT(dl_buf_view(&t->flags)),
               DL_SQL_TEXT(dl_buf_view(&t->law))),
        NULL, NULL);
}

static enum dl_err put_found(struct dl_agency *agency, const struct dl__triage_row *row,
                             int64_t *finding)
{
    struct texts t;
    struct dl_buf *const all[TEXTS] = {&t.pinned, &t.found, &t.flags, &t.law};
    for (size_t i = 0; i < TEXTS; i++) {
        dl_buf_init(all[i], TEXT_MAX_);
    }
    dl_law_put_json(&row->law, &t.pinned);
    put_finding(row, &t.found);
    put_flags(&row->contradictions, &t.flags);
    dl_law_standings(&row->law, &t.law);
    enum dl_err err = DL_OK;
    for (size_t i = 0; i < TEXTS && err == DL_OK; i++) {
        err = dl_buf_err(all[i]);
    }
    if (err == DL_OK) {
        err = insert(agency, row, &t, finding);
    }
    for (size_t i = 0; i < TEXTS; i++) {
        dl_buf_fini(all[i]);
    }
    return err;
}

enum dl_err dl__triage_write(struct dl_agency *agency, const struct dl__triage_row *row,
                             int64_t *finding)
{
    bool waited = *finding != 0;
    DL_TRY(put_found(agency, row, finding));
    if (!waited) {
        return dl__triage_join(agency, row, *finding);
    }
    return dl_store_run(store_of(agency), "UPDATE triage SET key = ?2 WHERE finding = ?1",
                        DL_SQL(DL_SQL_INT(*finding), DL_SQL_STR(row->contradictions.key)), NULL,
                        NULL);
}

enum dl_err dl__triage_join(struct dl_agency *agency, const struct dl__triage_row *row,
                            int64_t finding)
{
    char alert[REF];
    dl__triage_alert(row->view, alert, sizeof alert);
    return dl_store_run(
        store_of(agency),
        "INSERT OR REPLACE INTO triage(cursor, alert, time, key, finding) VALUES(?1, ?2, ?3, ?4,"
        " ?5)",
        DL_SQL(DL_SQL_INT(row->view->cursor), DL_SQL_STR(alert), DL_SQL_INT(row->time),
               DL_SQL_STR(row->contradictions.key), DL_SQL_INT(finding)),
        NULL, NULL);
}

/* ---- a later change of law ---- */

struct comparing {
    struct dl_agency *agency;
    struct dl__triage_change *change;
    struct dl_buf now, words;
};

static enum dl_err compare_one(void *context, const struct dl_row *row)
{
    struct comparing *c = context;
    struct dl_store *store = store_of(c->agency);
    int64_t finding = dl_row_int(row, 0);
    int64_t n = 0;
    dl_buf_reset(&c->words);
    dl_law_change(dl_row_text(row, 1), dl_buf_view(&c->now), c->change->law->on, &c->words);
    DL_TRY(dl_buf_err(&c->words));
    if (c->words.n > 0) {
        DL_TRY(dl_store_run(store, "SELECT count(*) FROM triage WHERE finding = ?1",
                            DL_SQL(DL_SQL_INT(finding)), dl_row_take_int, &n));
        c->change->flagged += (size_t)n;
        DL_TRY(dl_store_run(store,
                            "INSERT INTO finding_change(finding, time, text) VALUES(?1, ?2, ?3)",
                            DL_SQL(DL_SQL_INT(finding), DL_SQL_INT(dl_agency_now(c->agency)),
                                   DL_SQL_TEXT(dl_buf_view(&c->words))),
                            NULL, NULL));
    }
    return dl_store_run(store, "UPDATE finding SET law = ?2 WHERE id = ?1",
                        DL_SQL(DL_SQL_INT(finding), DL_SQL_TEXT(dl_buf_view(&c->now))), NULL, NULL);
}

enum dl_err dl__triage_compare(struct dl_agency *agency, struct dl__triage_change *change)
{
    struct comparing c = {.agency = agency, .change = change};
    struct dl_store *store = store_of(agency);
    dl_buf_init(&c.now, DL_LAW_STANDINGS);
    dl_buf_init(&c.words, TEXT_MAX_);
    dl_law_standings(change->law, &c.now);
    struct dl_view now = dl_buf_view(&c.now);
    enum dl_err err = dl_buf_err(&c.now);
    if (err == DL_OK) {
        err = dl_store_run(store,
                           "SELECT id, law FROM finding WHERE asked = ?1 AND law <> ?2 AND (?3 = 0"
                           " OR read = 0) AND (missing = '' OR ?4 = 0) ORDER BY id",
                           DL_SQL(DL_SQL_STR(change->asked), DL_SQL_TEXT(now),
                                  DL_SQL_INT(change->partial), DL_SQL_INT(change->law->structure)),
                           compare_one, &c);
    }
    if (err == DL_OK && change->partial) {
        err = dl_store_run(store, "SELECT 1 FROM finding WHERE asked = ?1 AND read = 1 LIMIT 1",
                           DL_SQL(DL_SQL_STR(change->asked)), dl_row_take_any, &change->skipped);
    }
    dl_buf_fini(&c.now);
    dl_buf_fini(&c.words);
    return err;
}

/* ---- reading ---- */

struct flagging {
    struct dl_store *store;
    bool zh;
    struct dl_buf *out;
};

static void copy(char *out, size_t n, const json_t *object, const char *key)
{
    (void)snprintf(out, n, "%.*s", DL_VIEW_ARG(dl_json_text(object, key)));
}

/* A contradiction in Chinese, from what is pinned of it. */
static void put_in_chinese(const json_t *pinned, struct dl_buf *out)
{
    struct dl_contradiction c = {.clash = DL_CLASH_OTHER};
    while (!dl_view_is(dl_json_text(pinned, "clash"), dl_clash_name(c.clash)) &&
           c.clash < DL_CLASH_REFUSED) {
        c.clash++;
    }
    copy(c.field, sizeof c.field, pinned, "field");
    copy(c.value, sizeof c.value, pinned, "value");
    copy(c.means, sizeof c.means, pinned, "means");
    copy(c.against, sizeof c.against, pinned, "against");
    copy(c.anchor, sizeof c.anchor, pinned, "anchor");
    dl_contradiction_put(&c, DL_LANG_ZH, out);
    dl_buf_put_str(out, "\n");
}

static void put_all_in_chinese(struct dl_view found, struct dl_buf *out)
{
    struct dl_buf object;
    json_t *members = NULL;
    size_t i = 0;
    const json_t *one = NULL;
    dl_buf_init(&object, found.n + 2);
    dl_buf_printf(&object, "{%.*s}", DL_VIEW_ARG(found));
    if (dl_json_parse(dl_buf_view(&object), &members, NULL) == DL_OK) {
        json_array_foreach(json_object_get(members, "contradictions"), i, one)
        {
            put_in_chinese(one, out);
        }
    }
    json_decref(members);
    dl_buf_fini(&object);
}

static enum dl_err take_change(void *context, const struct dl_row *row)
{
    const struct flagging *f = context;
    if (f->zh) {
        dl_law_change_in_chinese(dl_row_text(row, 0), f->out);
    } else {
        dl_buf_put_view(f->out, dl_row_text(row, 0));
    }
    dl_buf_put_str(f->out, "\n");
    return DL_OK;
}

static enum dl_err take_flags(void *context, const struct dl_row *row)
{
    struct flagging *f = context;
    if (f->zh) {
        put_all_in_chinese(dl_row_text(row, 3), f->out);
    } else {
        dl_buf_put_view(f->out, dl_row_text(row, 1));
    }
    if (dl_row_text(row, 2).n > 0) {
        dl_buf_put_str(f->out, f->zh ? "研判等待结构处理程序\n"
                                     : "triage waits for the structure worker\n");
    }
    DL_TRY(dl_store_run(f->store,
                        "SELECT text FROM finding_change WHERE finding = ?1 ORDER BY time",
                        DL_SQL(DL_SQL_INT(dl_row_int(row, 0))), take_change, f));
    return dl_buf_err(f->out);
}

enum dl_err dl_triage_flags(struct dl_agency *agency, int64_t cursor, bool zh, struct dl_buf *out)
{
    struct flagging f = {store_of(agency), zh, out};
    return dl_store_run(
        f.store,
        "SELECT f.id, f.flags, f.missing, f.found FROM triage t JOIN finding f ON f.id ="
        " t.finding WHERE t.cursor = ?1",
        DL_SQL(DL_SQL_INT(cursor)), take_flags, &f);
}

struct showing {
    struct earlier earlier;
    struct dl_buf *out;
    bool found;
};

static enum dl_err take_row(void *context, const struct dl_row *row)
{
    struct showing *s = context;
    char key[DL_SUBSTANCE_KEY];
    struct dl_view missing = dl_row_text(row, 1);
    s->found = true;
    dl_buf_printf(s->out, ",\"law\":%.*s,\"triage\":{\"state\":\"%s\"",
                  DL_VIEW_ARG(dl_row_text(row, 2)), missing.n == 0 ? "done" : "waiting");
    dl_put_member_view(s->out, "missing", missing);
    dl_put_member_time(s->out, "time", dl_row_int(row, 0));
    dl_buf_put_str(s->out, ",");
    dl_buf_put_view(s->out, dl_row_text(row, 3));
    dl_buf_put_str(s->out, ",\"earlier\":[");
    (void)snprintf(key, sizeof key, "%.*s", DL_VIEW_ARG(dl_row_text(row, 4)));
    (void)snprintf(s->earlier.alert, REF, "%.*s", DL_VIEW_ARG(dl_row_text(row, 5)));
    DL_TRY(key[0] == '\0' ? DL_OK : find_earlier(&s->earlier, key));
    dl_buf_put_str(s->out, "]}");
    return dl_buf_err(s->out);
}

/* Earlier alerts are not stored: what came before an entry never changes. */
enum dl_err dl_triage_json(struct dl_agency *agency, int64_t cursor, struct dl_buf *out,
                           bool *found)
{
    struct dl_store *store = store_of(agency);
    struct showing s = {.earlier = {.store = store, .cursor = cursor, .out = out}, .out = out};
    DL_TRY(dl_store_run(store,
                        "SELECT t.time, f.missing, f.pinned, f.found, t.key, t.alert FROM triage t"
                        " JOIN finding f ON f.id = t.finding WHERE t.cursor = ?1",
                        DL_SQL(DL_SQL_INT(cursor)), take_row, &s));
    *found = s.found;
    return DL_OK;
}
