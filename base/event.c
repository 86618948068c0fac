#include "base/event.h"
#include "base/encoding.h"
#include "base/json.h"

#include <stdio.h>

void dl_event_begin(struct dl_event *event, int64_t now_ms, const char *name)
{
    char time[DL_TIME_TEXT];
    dl_time_encode(now_ms, time);
    dl_buf_init(&event->line, DL_EVENT_MAX);
    event->cut = false;
    dl_buf_printf(&event->line, "{\"time\":\"%s\",\"event\":\"%s\"", time, name);
}

/* Room for what dl_event_end adds is always left. */
enum { TAIL = sizeof ",\"cut\":true}\n" };

static size_t open_value(struct dl_event *event, const char *key)
{
    size_t start = event->line.n;
    event->line.max = DL_EVENT_MAX - TAIL;
    dl_buf_printf(&event->line, ",\"%s\":", key);
    return start;
}

/* A value that did not fit is left out whole; those after it may fit. */
static void close_value(struct dl_event *event, size_t start)
{
    if (event->line.err != DL_OK) {
        event->line.n = start;
        event->line.err = DL_OK;
        event->cut = true;
    }
}

void dl_event_raw(struct dl_event *event, const char *key, struct dl_view value)
{
    size_t start = open_value(event, key);
    dl_buf_put_view(&event->line, value);
    close_value(event, start);
}

void dl_event_view(struct dl_event *event, const char *key, struct dl_view value)
{
    size_t start = open_value(event, key);
    dl_json_put_string(&event->line, value);
    close_value(event, start);
}

void dl_event_str(struct dl_event *event, const char *key, const char *value)
{
    if (value == NULL) {
        dl_event_raw(event, key, dl_view_str("null"));
    } else {
        dl_event_view(event, key, dl_view_str(value));
    }
}

void dl_event_int(struct dl_event *event, const char *key, int64_t value)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)value);
    DL_ASSERT(n > 0, "a number prints");
    dl_event_raw(event, key, dl_view_of(text, (size_t)n));
}

void dl_event_bool(struct dl_event *event, const char *key, bool value)
{
    dl_event_raw(event, key, dl_view_str(value ? "true" : "false"));
}

void dl_event_error(struct dl_event *event, enum dl_err err, const char *message)
{
    dl_event_str(event, "error", dl_err_code(err));
    dl_event_str(event, "message", message == NULL ? dl_err_text(err) : message);
}

struct dl_view dl_event_end(struct dl_event *event)
{
    event->line.max = DL_EVENT_MAX;
    dl_buf_put_str(&event->line, event->cut ? ",\"cut\":true}\n" : "}\n");
    return dl_buf_view(&event->line);
}

void dl_event_fini(struct dl_event *event)
{
    dl_buf_fini(&event->line);
}
