#include "node/config.h"
#include "base/encoding.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, UNSET = -1 };

bool dl_config_is_address(struct dl_view text)
{
    size_t colon = text.n;
    while (colon > 0 && text.p[colon - 1] != ':') {
        colon--;
    }
    uint64_t port = 0;
    if (colon < 2 || colon - 1 > 255 || text.n > DL_LIMIT_ADDRESS ||
        dl_text_check(text, DL_TEXT_NAME, NULL) != DL_OK) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == ' ') {
            return false;
        }
    }
    return dl_decimal_decode(dl_view_of(text.p + colon, text.n - colon), 65535, &port) == DL_OK;
}

static void copy(char *out, struct dl_view value)
{
    memcpy(out, value.p, value.n);
    out[value.n] = '\0';
}

static enum dl_err bad(struct dl_error *error, const char *key, struct dl_view value,
                       const char *want)
{
    struct dl_buf shown;
    dl_buf_init(&shown, 512);
    dl_text_show(&shown, value, true);
    dl_error_set(error, DL_E_CONFIG, key, "%s is %s, not \"%.*s\"", key, want,
                 DL_VIEW_ARG(dl_buf_view(&shown)));
    dl_buf_fini(&shown);
    return DL_E_CONFIG;
}

static enum dl_err set_address(char list[][DL_LIMIT_ADDRESS + 1], size_t *n, const char *key,
                               struct dl_view value, struct dl_error *error)
{
    if (!dl_config_is_address(value)) {
        return bad(error, key, value, "HOST:PORT");
    }
    if (*n == DL_LIMIT_ADDRESSES) {
        return dl_error_set(error, DL_E_CONFIG, key, "at most %d addresses", DL_LIMIT_ADDRESSES);
    }
    copy(list[(*n)++], value);
    return DL_OK;
}

static bool is_jurisdiction(struct dl_view v)
{
    return v.n == 2 && v.p[0] >= 'A' && v.p[0] <= 'Z' && v.p[1] >= 'A' && v.p[1] <= 'Z';
}

enum dl_err dl_config_set(struct dl_config *config, const char *key, struct dl_view value,
                          struct dl_error *error)
{
    if (strcmp(key, "agency") == 0) {
        if (!dl_text_is_agency(value)) {
            return bad(error, key, value, "2 to 32 characters: a letter a-z, then a-z, 0-9, '-'");
        }
        if (dl_view_is(value, "all")) {
            return bad(error, key, value, "a name of its own (--to all means every peer)");
        }
        copy(config->agency, value);
    } else if (strcmp(key, "jurisdiction") == 0) {
        if (!is_jurisdiction(value)) {
            return bad(error, key, value, "two capital letters, such as CN or US");
        }
        copy(config->jurisdiction, value);
    } else if (strcmp(key, "name") == 0) {
        if (value.n == 0 || dl_text_length(value) > DL_LIMIT_STRING ||
            value.n >= sizeof config->name || dl_text_check(value, DL_TEXT_NAME, NULL) != DL_OK) {
            return bad(error, key, value, "a text of 1 to 500 characters on one line");
        }
        copy(config->name, value);
    } else if (strcmp(key, "listen") == 0) {
        return set_address(config->listen, &config->n_listen, key, value, error);
    } else if (strcmp(key, "advertise") == 0) {
        return set_address(config->advertise, &config->n_advertise, key, value, error);
    } else if (strcmp(key, "test-interval") == 0) {
        uint64_t seconds = 0;
        if (dl_decimal_decode(value, (uint64_t)(uint64_t)366 * DAY_S, &seconds) != DL_OK) {
            return bad(error, key, value, "a number of seconds, 0 for never");
        }
        config->test_interval_s = (int64_t)seconds;
    } else {
        dl_error_set(error, DL_E_CONFIG, key, "there is no setting \"%.60s\"", key);
        return dl_error_hint(error, "settings: agency, jurisdiction, name, listen, advertise, "
                                    "test-interval");
    }
    return DL_OK;
}

static struct dl_view trim(struct dl_view v)
{
    while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t')) {
        v.p++;
        v.n--;
    }
    while (v.n > 0 && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t' || v.p[v.n - 1] == '\r')) {
        v.n--;
    }
    return v;
}

/* Of two values nobody could say which is meant. */
static bool is_set(const struct dl_config *config, const char *key)
{
    return (strcmp(key, "agency") == 0 && config->agency[0] != '\0') ||
           (strcmp(key, "jurisdiction") == 0 && config->jurisdiction[0] != '\0') ||
           (strcmp(key, "name") == 0 && config->name[0] != '\0') ||
           (strcmp(key, "test-interval") == 0 && config->test_interval_s != UNSET);
}

static enum dl_err take_line(struct dl_config *config, struct dl_view line, unsigned number,
                             struct dl_error *error)
{
    line = trim(line);
    if (line.n == 0 || line.p[0] == '#') {
        return DL_OK;
    }
    const uint8_t *equals = memchr(line.p, '=', line.n);
    if (equals == NULL) {
        return dl_error_set(error, DL_E_CONFIG, NULL, "line %u is not `key = value`", number);
    }
    char key[32];
    struct dl_view name = trim(dl_view_of(line.p, (size_t)(equals - line.p)));
    struct dl_view value = trim(dl_view_of(equals + 1, line.n - (size_t)(equals + 1 - line.p)));
    if (name.n >= sizeof key || dl_text_check(name, DL_TEXT_NAME, NULL) != DL_OK) {
        return dl_error_set(error, DL_E_CONFIG, NULL, "line %u does not begin with a setting",
                            number);
    }
    copy(key, name);
    if (is_set(config, key)) {
        return dl_error_set(error, DL_E_CONFIG, key, "line %u: %s is set twice", number, key);
    }
    struct dl_error detail;
    enum dl_err err = dl_config_set(config, key, value, &detail);
    if (err != DL_OK) {
        dl_error_set(error, err, key, "line %u: %s", number, detail.message);
        return dl_error_hint(error, "%s", detail.hint);
    }
    return DL_OK;
}

enum dl_err dl_config_parse(struct dl_view text, struct dl_config *config, struct dl_error *error)
{
    struct dl_config fresh = {.test_interval_s = UNSET};
    size_t from = 0;
    for (unsigned number = 1; from < text.n; number++) {
        const uint8_t *end = memchr(text.p + from, '\n', text.n - from);
        size_t n = end == NULL ? text.n - from : (size_t)(end - (text.p + from));
        DL_TRY(take_line(&fresh, dl_view_of(text.p + from, n), number, error));
        from += n + 1;
    }
    if (fresh.agency[0] == '\0' || fresh.jurisdiction[0] == '\0' || fresh.name[0] == '\0' ||
        fresh.n_listen == 0) {
        return dl_error_set(error, DL_E_CONFIG, NULL,
                            "agency, jurisdiction, name and at least one listen must be set");
    }
    if (fresh.test_interval_s == UNSET) {
        fresh.test_interval_s = DAY_S;
    }
    *config = fresh;
    return DL_OK;
}

void dl_config_format(const struct dl_config *config, struct dl_buf *out)
{
    dl_buf_printf(out,
                  "# Directline. The node reads this at its start and never writes it.\n"
                  "agency = %s\njurisdiction = %s\nname = %s\n",
                  config->agency, config->jurisdiction, config->name);
    for (size_t i = 0; i < config->n_listen; i++) {
        dl_buf_printf(out, "listen = %s\n", config->listen[i]);
    }
    dl_buf_put_str(out, "# What the offer tells peers to dial; `listen` when there is none.\n");
    for (size_t i = 0; i < config->n_advertise; i++) {
        dl_buf_printf(out, "advertise = %s\n", config->advertise[i]);
    }
    dl_buf_printf(out,
                  "# Seconds between scheduled link tests, 0 for never.\ntest-interval = %lld\n",
                  (long long)config->test_interval_s);
}
