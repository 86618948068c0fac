/* Reading the public vectors (tests/vectors/tlog) in unit tests. */
#ifndef DL_TESTS_VECTORS_H
#define DL_TESTS_VECTORS_H

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline json_t *vectors_load(const char *name)
{
    json_error_t detail;
    char path[512];
    snprintf(path, sizeof path, "%s/vectors/tlog/%s", DL_TESTS_DIR, name);
    json_t *json = json_load_file(path, 0, &detail);
    assert_non_null(json);
    return json;
}

static inline struct dl_hash vectors_hash(const json_t *value)
{
    struct dl_hash hash;
    const char *text = json_string_value(value);
    assert_non_null(text);
    assert_int_equal(dl_hex_decode(dl_view_str(text), hash.b, sizeof hash.b), DL_OK);
    return hash;
}

static inline uint64_t vectors_number(const json_t *value)
{
    const char *text = json_string_value(value);
    assert_non_null(text);
    return strtoull(text, NULL, 10);
}

static inline const char *vectors_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

#endif
