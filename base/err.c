#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *code;
    enum dl_err_class class;
    const char *text;
};

static const struct row rows[DL_E_COUNT] = {
    [DL_OK] = {"OK", DL_CLASS_NONE, "done"},
#define DL_ERR(name, class, text) [DL_E_##name] = {"E_" #name, DL_CLASS_##class, text},
#include "base/err.def"
#undef DL_ERR
};

static const char *const class_names[] = {
    [DL_CLASS_NONE] = "NONE",   [DL_CLASS_INPUT] = "INPUT", [DL_CLASS_IO] = "IO",
    [DL_CLASS_PEER] = "PEER",   [DL_CLASS_TRUST] = "TRUST", [DL_CLASS_STORE] = "STORE",
    [DL_CLASS_LIMIT] = "LIMIT", [DL_CLASS_BUG] = "BUG",
};

static const struct row *row_of(enum dl_err err)
{
    DL_ASSERT(err >= DL_OK && err < DL_E_COUNT, "an error value is one of err.def");
    return &rows[err];
}

const char *dl_err_code(enum dl_err err)
{
    return row_of(err)->code;
}

const char *dl_err_text(enum dl_err err)
{
    return row_of(err)->text;
}

enum dl_err_class dl_err_class(enum dl_err err)
{
    return row_of(err)->class;
}

const char *dl_err_class_name(enum dl_err_class class)
{
    DL_ASSERT((size_t) class < sizeof class_names / sizeof class_names[0],
              "a class is of the enum");
    return class_names[class];
}

enum dl_err dl_err_from_code(const char *code)
{
    for (int i = 1; i < DL_E_COUNT; i++) {
        if (strcmp(rows[i].code, code) == 0) {
            return (enum dl_err)i;
        }
    }
    return DL_OK;
}

/* Cut an incomplete UTF-8 sequence off the end of a string that snprintf may have shortened. */
static void trim_utf8(char *text)
{
    size_t n = strlen(text);
    size_t i = n;
    while (i > 0 && ((unsigned char)text[i - 1] & 0xC0) == 0x80) {
        i--;
    }
    if (i == 0) {
        return;
    }
    unsigned char lead = (unsigned char)text[i - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (i - 1) < want) {
        text[i - 1] = '\0';
    }
}

enum dl_err dl_error_set(struct dl_error *error, enum dl_err err, const char *field,
                         const char *format, ...)
{
    DL_ASSERT(err != DL_OK, "an error has a code");
    if (error == NULL) {
        return err;
    }
    error->err = err;
    error->hint[0] = '\0';
    snprintf(error->field, sizeof error->field, "%s", field == NULL ? "" : field);
    if (format == NULL) {
        snprintf(error->message, sizeof error->message, "%s", dl_err_text(err));
    } else {
        va_list args;
        va_start(args, format);
        vsnprintf(error->message, sizeof error->message, format, args);
        va_end(args);
    }
    trim_utf8(error->field);
    trim_utf8(error->message);
    return err;
}

enum dl_err dl_error_hint(struct dl_error *error, const char *format, ...)
{
    if (error == NULL) {
        return DL_OK;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(error->hint, sizeof error->hint, format, args);
    va_end(args);
    trim_utf8(error->hint);
    return error->err;
}

_Noreturn void dl_assert_fail(const char *condition, const char *cite, const char *file, int line)
{
    fprintf(stderr, "{\"event\":\"assert.failed\",\"cite\":\"%s\",\"at\":\"%s:%d\"}\n", cite, file,
            line);
    (void)condition;
    abort();
}
