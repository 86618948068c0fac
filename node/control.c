#include "node/control.h"
#include "base/json.h"

#include <inttypes.h>

enum { WIDTH = 80, WIDTH_LEAST = 20, WIDTH_MOST = 1000, HEADER = 4 };

enum dl_err dl_control_next(struct dl_view octets, struct dl_control_piece *out, size_t *used)
{
    struct dl_cursor cursor;
    *used = 0;
    if (octets.n < HEADER) {
        return DL_OK;
    }
    dl_cursor_init(&cursor, octets);
    uint32_t n = dl_cursor_u32(&cursor);
    if (n < 1 || n > DL_CONTROL_FRAME_MAX) {
        return DL_E_FRAME;
    }
    if (cursor.rest.n < n) {
        return DL_OK;
    }
    out->type = dl_cursor_u8(&cursor);
    out->octets = dl_cursor_take(&cursor, n - 1);
    *used = HEADER + (size_t)n;
    return DL_OK;
}

void dl_control_put(struct dl_buf *out, enum dl_control_frame type, struct dl_view octets)
{
    DL_ASSERT(octets.n < DL_CONTROL_FRAME_MAX, "a frame holds it");
    dl_buf_u32(out, (uint32_t)(octets.n + 1));
    dl_buf_u8(out, (uint8_t)type);
    dl_buf_put_view(out, octets);
}

static enum dl_err parse_words(const json_t *request, struct dl_command *command,
                               struct dl_error *error)
{
    char *argv[DL_CONTROL_WORDS_MAX];
    const json_t *args = json_object_get(request, "argv");
    size_t n = json_array_size(args);
    if (n == 0 || n > DL_CONTROL_WORDS_MAX) {
        return dl_error_set(error, DL_E_USAGE, NULL, "a request has 1 to %d words",
                            DL_CONTROL_WORDS_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        const char *word = json_string_value(json_array_get(args, i));
        if (word == NULL) {
            return dl_error_set(error, DL_E_USAGE, NULL, "a request's words are strings");
        }
        argv[i] = (char *)word; // never written to
    }
    command->cwd = json_string_value(json_object_get(request, "cwd"));
    enum dl_err err = dl_command_parse((int)n, argv, command, error);
    command->cwd = NULL; // it dies with the request
    return err;
}

enum dl_err dl_control_request_read(struct dl_view octets, struct dl_command *command,
                                    struct dl_control_client *client, struct dl_error *error)
{
    json_t *request = NULL;
    enum dl_err err = dl_json_parse(octets, &request, error);
    err = err == DL_OK ? parse_words(request, command, error) : err;
    client->zh = json_is_true(json_object_get(request, "zh"));
    client->color = json_is_true(json_object_get(request, "color"));
    client->progress = json_is_true(json_object_get(request, "progress"));
    client->asks = json_is_true(json_object_get(request, "asks"));
    json_int_t width = json_integer_value(json_object_get(request, "width"));
    client->width = width >= WIDTH_LEAST && width <= WIDTH_MOST ? (int)width : WIDTH;
    json_int_t octets_known = json_integer_value(json_object_get(request, "input_octets"));
    client->input_octets = octets_known > 0 ? (uint64_t)octets_known : 0;
    json_decref(request);
    return err;
}

void dl_control_request_put(struct dl_buf *out, int argc, char *const *argv, const char *cwd,
                            const struct dl_control_client *client)
{
    struct dl_buf json;
    dl_buf_init(&json, DL_CONTROL_FRAME_MAX - 1);
    dl_buf_put_str(&json, "{\"argv\":[");
    for (int i = 0; i < argc; i++) {
        dl_buf_put_str(&json, i > 0 ? "," : "");
        dl_json_put_str(&json, argv[i]);
    }
    dl_buf_put_str(&json, "],\"cwd\":");
    dl_json_put_str(&json, cwd);
    dl_buf_printf(&json,
                  ",\"zh\":%s,\"color\":%s,\"progress\":%s,\"asks\":%s,\"width\":%d,"
                  "\"input_octets\":%" PRIu64 "}",
                  client->zh ? "true" : "false", client->color ? "true" : "false",
                  client->progress ? "true" : "false", client->asks ? "true" : "false",
                  client->width, client->input_octets);
    dl_control_put(out, DL_CONTROL_REQUEST, dl_buf_view(&json));
    dl_buf_fini(&json);
}
