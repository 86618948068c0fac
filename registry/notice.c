#include "registry/notice.h"

#include <string.h>

const char *dl_notice_state_name(enum dl_notice_state state)
{
    static const char *const names[] = {"open", "accepted", "undone", "declined"};
    DL_ASSERT(state <= DL_NOTICE_DECLINED, "a state");
    return names[state];
}

/* Columns: accepted, by, at_ms, import, undone_by. */
static enum dl_err take_notice(void *context, const struct dl_row *row)
{
    struct dl_notice *notice = context;
    struct dl_view by = dl_row_text(row, 1);
    size_t n = by.n < sizeof notice->by ? by.n : sizeof notice->by - 1;
    memset(notice, 0, sizeof *notice);
    if (n > 0) {
        memcpy(notice->by, by.p, n);
    }
    notice->at_ms = dl_row_int(row, 2);
    notice->import = dl_row_int(row, 3);
    notice->state = dl_row_int(row, 0) == 0 ? DL_NOTICE_DECLINED
                    : dl_row_null(row, 4)   ? DL_NOTICE_ACCEPTED
                                            : DL_NOTICE_UNDONE;
    return DL_OK;
}

/* An import says by itself that its notice was accepted, so a crash between the import and the
 * decision loses nothing. */
enum dl_err dl_notice_find(struct dl_store *store, const char *entry, struct dl_notice *out)
{
    struct dl_notice notice = {.state = DL_NOTICE_OPEN};
    DL_TRY(dl_store_run(store,
                        "SELECT n.decision = 'accepted', n.by, n.at_ms, n.import, m.undone_by FROM "
                        "notice n LEFT JOIN import m ON m.id = n.import WHERE n.entry = ?1",
                        DL_SQL(DL_SQL_STR(entry)), take_notice, &notice));
    if (notice.state != DL_NOTICE_ACCEPTED) {
        DL_TRY(dl_store_run(store,
                            "SELECT 1, by, at_ms, id, undone_by FROM import WHERE entry = ?1 AND "
                            "kind = 'notice' AND undone_by IS NULL",
                            DL_SQL(DL_SQL_STR(entry)), take_notice, &notice));
    }
    *out = notice;
    return DL_OK;
}

enum dl_err dl_notice_decide(struct dl_store *store, const struct dl_decision *decision)
{
    DL_ASSERT(decision->accepted || decision->import == 0, "only what is accepted is imported");
    DL_TRY(dl_store_begin(store));
    enum dl_err err = dl_store_run(
        store,
        "INSERT INTO notice (entry, decision, by, at_ms, import) VALUES (?1, ?2, ?3, ?4, ?5) ON "
        "CONFLICT (entry) DO UPDATE SET decision = excluded.decision, by = excluded.by, at_ms = "
        "excluded.at_ms, import = excluded.import",
        DL_SQL(DL_SQL_STR(decision->entry),
               DL_SQL_STR(decision->accepted ? "accepted" : "declined"), DL_SQL_STR(decision->by),
               DL_SQL_INT(decision->at_ms),
               decision->import == 0 ? DL_SQL_NULL : DL_SQL_INT(decision->import)),
        NULL, NULL);
    if (err != DL_OK) {
        dl_store_rollback(store);
        return err;
    }
    return dl_store_commit(store);
}
