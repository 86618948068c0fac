/* Log events: one JSON object a line, `{"time","event",...}`, the same text that an operator reads
 * and that tests compare. Values are escaped; secrets are never passed here.
 */
#ifndef DL_BASE_EVENT_H
#define DL_BASE_EVENT_H

#include "base/octets.h"

enum { DL_EVENT_MAX = 8192 };

/* An event under construction, on the caller's stack. A value that does not fit is left out and the
 * event carries "cut":true. */
struct dl_event {
    struct dl_buf line;
    bool cut;
};

/* `name` is dotted lower case ("session.refused"). */
void dl_event_begin(struct dl_event *event, int64_t now_ms, const char *name);
void dl_event_str(struct dl_event *event, const char *key, const char *value); /* NULL gives null */
void dl_event_view(struct dl_event *event, const char *key, struct dl_view value);
void dl_event_int(struct dl_event *event, const char *key, int64_t value);
void dl_event_bool(struct dl_event *event, const char *key, bool value);
/* `value` is JSON already. */
void dl_event_raw(struct dl_event *event, const char *key, struct dl_view value);
/* "error":CODE and "message" of an error. */
void dl_event_error(struct dl_event *event, enum dl_err err, const char *message);
/* The whole line with its LF; valid until dl_event_fini. */
struct dl_view dl_event_end(struct dl_event *event);
void dl_event_fini(struct dl_event *event);

#endif
