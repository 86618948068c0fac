/* The clock: what must happen by when. A deadline of 0 is not running. */
#include "protocol/session_internal.h"

#include <stdlib.h>

void dl__clock_start(struct dl_session *s)
{
    s->clock.heard = s->now;
    s->clock.hello = s->now + DL_TIME_HANDSHAKE_MS;
    s->clock.heartbeat = s->now + DL_TIME_HEARTBEAT_MS;
}

void dl__clock_heard(struct dl_session *s)
{
    s->clock.heard = s->now;
    s->clock.ping = s->now + DL_TIME_PING_MS;
    s->clock.probe = 0;
}

void dl__probe(struct dl_session *s)
{
    if (dl__is_open(s)) {
        dl_msg_number_encode(&s->out, DL_FRAME_PING, (uint64_t)s->now);
    }
    if (s->clock.probe == 0) {
        s->clock.probe = s->now + DL_TIME_YIELD_MS;
    }
}

static int64_t frame_deadline(const struct dl_session *s)
{
    return s->clock.frame == 0 ? 0 : s->clock.frame + DL_TIME_FRAME_MS;
}

static int64_t pull_deadline(const struct dl_session *s)
{
    bool pulling = s->author.machine.state == DL__AUTHOR_PULLING || s->pull.repairing;
    return pulling ? s->pull.deadline : 0;
}

static int64_t doubt_deadline(const struct dl_session *s)
{
    return s->receiver.machine.state == DL__DOUBT ? s->receiver.doubt_until : 0;
}

static int64_t test_deadline(const struct dl_session *s)
{
    return s->test.running ? s->test.began + DL_TIME_HANDSHAKE_MS : 0;
}

static bool passed(const struct dl_session *s, int64_t deadline)
{
    return deadline != 0 && s->now >= deadline;
}

/* What ends the session when it passes, and why. */
static const char *lateness(const struct dl_session *s)
{
    if (s->phase.state == DL__HELLO) {
        return passed(s, s->clock.hello) ? "no HELLO1 within 10 s" : NULL;
    }
    return passed(s, frame_deadline(s))                  ? "a frame took more than 30 s"
           : passed(s, s->clock.heard + DL_TIME_DOWN_MS) ? "nothing was heard for 30 s"
           : passed(s, s->clock.probe)                   ? "a newer connection took this place"
           : passed(s, pull_deadline(s))                 ? "no entries came back for 30 s"
           : passed(s, doubt_deadline(s))                ? "no proof within 30 s"
                                                         : NULL;
}

/* An idle session keeps little memory. */
static void shrink(struct dl_session *s)
{
    if (s->in.n == 0 && s->in.cap > DL__KEEP) {
        dl_buf_fini(&s->in);
    }
    if (s->out.n == 0 && s->out.cap > DL__KEEP) {
        dl_buf_fini(&s->out);
    }
    if (s->in.n == 0 && dl__batch_is(s, DL_FRAME_NONE)) {
        free(s->batch);
        s->batch = NULL;
    }
}

void dl__clock_check(struct dl_session *s)
{
    const char *late = lateness(s);
    if (late != NULL) {
        dl__session_close(s, DL_E_TIMEOUT, "%s", late);
        return;
    }
    shrink(s);
    if (!dl__is_open(s)) {
        return;
    }
    if (passed(s, s->clock.ping)) {
        dl_msg_number_encode(&s->out, DL_FRAME_PING, (uint64_t)s->now);
        s->clock.ping = s->now + DL_TIME_PING_MS;
    }
    if (passed(s, test_deadline(s))) {
        dl__test_late(s);
    }
    if (passed(s, s->clock.heartbeat)) {
        dl__heartbeat(s);
    }
}

int64_t dl__clock_next(const struct dl_session *s)
{
    if (s->phase.state == DL__CLOSED) {
        return 0;
    }
    if (s->phase.state == DL__HELLO) {
        return s->clock.hello;
    }
    const int64_t deadlines[] = {frame_deadline(s), s->clock.heard + DL_TIME_DOWN_MS,
                                 s->clock.ping,     s->clock.probe,
                                 pull_deadline(s),  doubt_deadline(s),
                                 test_deadline(s),  s->clock.heartbeat};
    int64_t next = 0;
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        if (deadlines[i] != 0 && (next == 0 || deadlines[i] < next)) {
            next = deadlines[i];
        }
    }
    DL_ASSERT(next > 0, "an open session always waits for something");
    return next;
}
