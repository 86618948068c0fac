/* init, node: an agency is made and run. */
#include "base/event.h"
#include "base/limits.h"
#include "node/agency_dir.h"
#include "node/command.h"
#include "node/renewing.h"
#include "node/uv_control.h"
#include "node/uv_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- init ---- */

static enum dl_err take_settings(struct dl_call *call, struct dl_config *config,
                                 struct dl_error *error)
{
    static const char *const needed[] = {"agency", "jurisdiction", "name"};
    static const char *const lists[] = {"listen", "advertise"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = dl_call_option(call, needed[i]);
        if (value == NULL) {
            dl_error_set(error, DL_E_USAGE, NULL, "init needs --%s", needed[i]);
            return dl_error_hint(error, "for example: %s", call->command->verb->example);
        }
        DL_TRY(dl_config_set(config, needed[i], dl_view_str(value), error));
    }
    for (size_t i = 0; i < 2; i++) {
        const char *value = NULL;
        for (int n = 0; (value = dl_call_option_nth(call, lists[i], n)) != NULL; n++) {
            DL_TRY(dl_config_set(config, lists[i], dl_view_str(value), error));
        }
    }
    return config->n_listen > 0
               ? DL_OK
               : dl_config_set(config, "listen", dl_view_str("127.0.0.1:0"), error);
}

void dl__verb_init(struct dl_call *call);
void dl__verb_init(struct dl_call *call)
{
    enum { DAY_S = 86400 };
    struct dl_error error;
    struct dl_config config = {.test_interval_s = DAY_S};
    const char *dir = dl_call_operand(call, 0);
    enum dl_err err = take_settings(call, &config, &error);
    err = err == DL_OK ? dl_agency_dir_make(dir, &config, &error) : err;
    if (err != DL_OK) {
        dl_call_fail(call, &error);
        return;
    }
    if (call->json) {
        dl_call_print(call, "{\"agency\":\"%s\",\"dir\":\"%s\",\"listen\":[", config.agency, dir);
        for (size_t i = 0; i < config.n_listen; i++) {
            dl_call_print(call, "%s\"%s\"", i > 0 ? "," : "", config.listen[i]);
        }
        dl_call_print(call, "]}\n");
    } else {
        dl_call_print(
            call,
            DL_SAY(call,
                   "Agency %s is made in %s; it will listen on %s.\n"
                   "Next: run its node (directline -C %s node), and give its offer to a peer\n"
                   "(directline -C %s peer offer). keys/ holds its secrets: keep a backup apart.\n",
                   "机构 %s 已建立于 %s，将监听 %s。\n"
                   "下一步：运行节点（directline -C %s node），并把邀约交给对方\n"
                   "（directline -C %s peer offer）。keys/ 内为密钥，请另行备份。\n"),
            config.agency, dir, config.listen[0], dir, dir);
    }
    dl_call_end(call, DL_EXIT_OK);
}

/* ---- node ---- */

struct running {
    struct dl_uv_world *uv;
    struct dl_agency *agency;
    struct dl_uv_control *control;
    struct dl_renewing *renewing;
};

static void stop(void *context, int signum)
{
    struct running *running = context;
    (void)signum;
    dl_uv_world_stop(running->uv);
}

/* The store cannot be trusted any more. Nothing is retried and nothing is tidied: what is durable
 * is on disk, and the next start rereads it (I10). */
static void fatal(void *context, enum dl_err err, const char *message)
{
    (void)context;
    (void)err;
    (void)message; // the event store.failed has said it
    _exit(DL_EXIT_STORE);
}

static void say_ready(struct running *running, const char *path)
{
    struct dl_event event;
    struct dl_buf list;
    dl_buf_init(&list, 4096);
    dl_buf_u8(&list, '[');
    for (size_t i = 0; i < dl_agency_n_listeners(running->agency); i++) {
        char address[DL_LIMIT_ADDRESS + 1];
        dl_uv_listener_address(dl_agency_listener(running->agency, i), address, sizeof address);
        dl_buf_printf(&list, "%s\"%s\"", i > 0 ? "," : "", address);
    }
    dl_buf_u8(&list, ']');
    dl_event_begin(&event, dl_agency_now(running->agency), "node.ready");
    dl_event_str(&event, "agency", dl_agency_id(running->agency));
    dl_event_int(&event, "pid", getpid());
    dl_event_raw(&event, "listen", dl_buf_view(&list));
    dl_event_str(&event, "control", path);
    struct dl_world *world = dl_uv_world_as_world(running->uv);
    world->ops->log(world, dl_event_end(&event));
    dl_event_fini(&event);
    dl_buf_fini(&list);
}

static void say_stopped(struct running *running)
{
    struct dl_event event;
    struct dl_world *world = dl_uv_world_as_world(running->uv);
    dl_event_begin(&event, world->ops->now_ms(world), "node.stopped");
    world->ops->log(world, dl_event_end(&event));
    dl_event_fini(&event);
}

static enum dl_err start(struct running *running, const char *dir, struct dl_error *error)
{
    char path[4096];
    struct dl_world *world = dl_uv_world_as_world(running->uv);
    snprintf(path, sizeof path, "%s/control.sock", dir);
    DL_TRY(dl_agency_dir_open(dir, world, fatal, running, &running->agency, error));
    running->renewing = dl_renewing_new(running->agency);
    DL_TRY(dl_uv_control_open(running->uv, running->agency, path, &running->control, error));
    DL_TRY(dl_agency_start(running->agency, error));
    say_ready(running, path);
    return DL_OK;
}

void dl__verb_node(struct dl_call *call);
void dl__verb_node(struct dl_call *call)
{
    struct dl_error error;
    struct running running = {.uv = dl_uv_world_new()};
    enum dl_err err = start(&running, call->command->dir, &error);
    if (err == DL_OK) {
        dl_uv_world_on_signal(running.uv, stop, &running);
        dl_uv_world_run(running.uv);
    }
    dl_renewing_free(&running.renewing);
    dl_uv_control_close(&running.control);
    dl_agency_dir_close(&running.agency);
    if (err == DL_OK) {
        say_stopped(&running);
    }
    dl_uv_world_free(&running.uv);
    if (err != DL_OK) {
        dl_call_fail(call, &error);
    } else {
        dl_call_end(call, DL_EXIT_OK);
    }
}
