#include "protocol/facts.h"

#include "base/encoding.h"

#include <stdio.h>
#include <string.h>

const char *dl_journal_state_name(enum dl_journal_state state)
{
    static const char *const names[] = {
        [DL_JOURNAL_UNCONFIRMED] = "unconfirmed", [DL_JOURNAL_CONFIRMED] = "confirmed",
        [DL_JOURNAL_REWOUND] = "rewound",         [DL_JOURNAL_LOST] = "lost",
        [DL_JOURNAL_FORKED] = "forked",
    };
    DL_ASSERT((size_t)state < sizeof names / sizeof names[0], "a state of the table");
    return names[state];
}

enum dl_err dl_origin_of(struct dl_view base, unsigned generation, char out[DL_LIMIT_ORIGIN + 1])
{
    DL_ASSERT(generation >= 1, "generations count from 1");
    char text[DL_LIMIT_ORIGIN + 1];
    int n = generation == 1 ? snprintf(text, sizeof text, "%.*s", DL_VIEW_ARG(base))
                            : snprintf(text, sizeof text, "%.*s/%u", DL_VIEW_ARG(base), generation);
    if (base.n == 0 || n < 0 || (size_t)n >= sizeof text) {
        return DL_E_ORIGIN;
    }
    memcpy(out, text, (size_t)n + 1);
    return DL_OK;
}

unsigned dl_origin_generation(struct dl_view base, struct dl_view origin)
{
    if (dl_view_equal(base, origin)) {
        return 1;
    }
    if (origin.n <= base.n + 1 || memcmp(origin.p, base.p, base.n) != 0 ||
        origin.p[base.n] != '/') {
        return 0;
    }
    uint64_t generation = 0;
    struct dl_view digits = dl_view_of(origin.p + base.n + 1, origin.n - base.n - 1);
    if (dl_decimal_decode(digits, UINT32_MAX, &generation) != DL_OK || generation < 2) {
        return 0;
    }
    return (unsigned)generation;
}
