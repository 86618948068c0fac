/* Errors: one enum, each value with a class, a code and a text.
 *
 * Every function that can fail returns enum dl_err and its result must be used. On failure outputs
 * are untouched. Where a person must be told which field or line is at fault, the function also
 * takes a `struct dl_error *` (may be NULL) and fills it; nothing is allocated.
 */
#ifndef DL_BASE_ERR_H
#define DL_BASE_ERR_H

#include <stddef.h>

#define DL_MUST_USE __attribute__((warn_unused_result))

enum dl_err {
    DL_OK = 0,
#define DL_ERR(name, class, text) DL_E_##name,
#include "base/err.def"
#undef DL_ERR
    DL_E_COUNT
};

enum dl_err_class {
    DL_CLASS_NONE = 0,
    DL_CLASS_INPUT, /* operator or file wrong: refuse and name the field */
    DL_CLASS_IO,    /* transient: retry with capped backoff */
    DL_CLASS_PEER,  /* broke the agreed protocol: coded close, reconnect slowly */
    DL_CLASS_TRUST, /* bad signature, wrong key, wrong origin: close, log, count */
    DL_CLASS_STORE, /* disk, constraint, corruption: fail closed */
    DL_CLASS_LIMIT, /* a named maximum or state: refuse and name it */
    DL_CLASS_BUG    /* an internal check failed: abort */
};

enum { DL_ERROR_FIELD_MAX = 160, DL_ERROR_MESSAGE_MAX = 640, DL_ERROR_HINT_MAX = 320 };

/* What to tell a person. Strings are NUL-terminated UTF-8, cut at a character when too long.
 * `field` is a dotted path ("substance.cas") or empty. */
struct dl_error {
    enum dl_err err;
    char field[DL_ERROR_FIELD_MAX];
    char message[DL_ERROR_MESSAGE_MAX];
    char hint[DL_ERROR_HINT_MAX];
};

/* The code that commands print ("E_CAS"), "OK" for DL_OK. Never NULL. */
const char *dl_err_code(enum dl_err err);
/* One English sentence without a full stop. Never NULL. */
const char *dl_err_text(enum dl_err err);
enum dl_err_class dl_err_class(enum dl_err err);
/* "INPUT", "IO", ... Never NULL. */
const char *dl_err_class_name(enum dl_err_class class);
/* The error whose code is `code` ("E_CAS"), DL_OK when there is none. */
enum dl_err dl_err_from_code(const char *code);

/* Fill `error` (unless NULL) and return `err`. `field` may be NULL. Without a format (NULL) the
 * message is the error's own text. */
enum dl_err dl_error_set(struct dl_error *error, enum dl_err err, const char *field,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Add what to do next; returns error->err, DL_OK for NULL. */
enum dl_err dl_error_hint(struct dl_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Return early. Only where nothing is owned; otherwise use one `out:` label. */
#define DL_TRY(expression)                                                                         \
    do {                                                                                           \
        enum dl_err dl_try_err_ = (expression);                                                    \
        if (dl_try_err_ != DL_OK) {                                                                \
            return dl_try_err_;                                                                    \
        }                                                                                          \
    } while (0)

/* An internal check; stays on in production. `cite` names the invariant it holds ("I2") or what
 * must be true. Never used on what a peer or an operator sent. */
#define DL_ASSERT(condition, cite)                                                                 \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            dl_assert_fail(#condition, (cite), __FILE__, __LINE__);                                \
        }                                                                                          \
    } while (0)
_Noreturn void dl_assert_fail(const char *condition, const char *cite, const char *file, int line);

#endif
