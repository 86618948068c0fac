#include "protocol/facts.h"

#include "base/encoding.h"

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
    struct dl_buf text;
    dl_buf_init(&text, DL_LIMIT_ORIGIN + 1);
    dl_buf_put_view(&text, base);
    if (generation > 1) {
        dl_buf_printf(&text, "/%u", generation);
    }
    bool fits = base.n > 0 && dl_buf_err(&text) == DL_OK && text.n <= DL_LIMIT_ORIGIN;
    if (fits) {
        memcpy(out, text.p, text.n);
        out[text.n] = 0;
    }
    dl_buf_fini(&text);
    return fits ? DL_OK : DL_E_ORIGIN;
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
