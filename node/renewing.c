#include "node/renewing.h"
#include "base/encoding.h"
#include "base/event.h"
#include "node/agency_dir.h"
#include "node/agency_keys.h"

#include <stdlib.h>

enum { EVERY_MS = 24 * 60 * 60 * 1000 };

struct dl_renewing {
    struct dl_agency *agency;
    struct dl_timer *timer;
};

static void say(struct dl_renewing *r, enum dl_err err, const struct dl_error *error)
{
    struct dl_world *world = dl_agency_world(r->agency);
    struct dl_event event;
    char until[DL_TIME_TEXT];
    dl_time_encode(dl_agency_certificate_until(r->agency), until);
    dl_event_begin(&event, dl_agency_now(r->agency),
                   err == DL_OK ? "certificate.renewed" : "certificate.not-renewed");
    dl_event_str(&event, "until", until);
    if (err != DL_OK) {
        dl_event_error(&event, err, error->err == DL_OK ? dl_err_text(err) : error->message);
    }
    world->ops->log(world, dl_event_end(&event));
    dl_event_fini(&event);
}

static void look(void *context)
{
    struct dl_renewing *r = context;
    struct dl_world *world = dl_agency_world(r->agency);
    struct dl_error error = {.err = DL_OK};
    struct dl_buf der;
    dl_buf_init(&der, DL_LIMIT_CERTIFICATE);
    struct dl_renewal renewal = {.dir = dl_agency_dir_of(r->agency),
                                 .days = DL_RENEW_DAYS,
                                 .now_ms = dl_agency_now(r->agency)};
    bool renewed = false;
    enum dl_err err = dl_agency_keys_renew(&renewal, &renewed, &der, &error);
    if (err == DL_OK && renewed) {
        err = dl_agency_renew_certificate(r->agency, dl_buf_view(&der));
    }
    if (err != DL_OK || renewed) {
        say(r, err, &error);
    }
    dl_buf_fini(&der);
    world->ops->timer_set(r->timer, EVERY_MS);
}

struct dl_renewing *dl_renewing_new(struct dl_agency *agency)
{
    struct dl_renewing *r = calloc(1, sizeof *r);
    DL_ASSERT(r != NULL, "memory for the renewals");
    struct dl_world *world = dl_agency_world(agency);
    r->agency = agency;
    r->timer = world->ops->timer_new(world, look, r);
    look(r);
    return r;
}

void dl_renewing_free(struct dl_renewing **renewing)
{
    if (*renewing != NULL) {
        dl_agency_world((*renewing)->agency)->ops->timer_free((*renewing)->timer);
        free(*renewing);
        *renewing = NULL;
    }
}
