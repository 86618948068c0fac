#include "registry/formula.h"

#include <ctype.h>
#include <string.h>

enum { ELEMENTS = 26 * 27, COUNT_MAX = 100000 };

struct formula {
    int64_t n[ELEMENTS]; /* atoms, by the letters of the symbol */
};

static size_t element(char first, char second)
{
    return (size_t)(first - 'A') * 27 + (second == '\0' ? 0 : (size_t)(second - 'a' + 1));
}

/* A number in digits or in subscript digits (U+2080 to U+2089); 1 without. */
static int number(struct dl_view *rest)
{
    int value = 0;
    bool some = false;
    while (rest->n > 0 && value < COUNT_MAX) {
        size_t octets = 1;
        int digit = rest->p[0] - '0';
        if (rest->n >= 3 && rest->p[0] == 0xe2 && rest->p[1] == 0x82) {
            octets = 3;
            digit = rest->p[2] - 0x80;
        }
        if (digit < 0 || digit > 9) {
            break;
        }
        value = value * 10 + digit;
        some = true;
        *rest = dl_view_of(rest->p + octets, rest->n - octets);
    }
    return some ? value : 1;
}

/* Takes one separator of parts (".", "·", "*") with the number that multiplies what follows. */
static bool take_separator(struct dl_view *rest, int *times)
{
    size_t octets = 0;
    if (rest->p[0] == '.' || rest->p[0] == '*') {
        octets = 1;
    } else if (rest->n >= 2 && rest->p[0] == 0xc2 && rest->p[1] == 0xb7) {
        octets = 2;
    }
    if (octets > 0) {
        *rest = dl_view_of(rest->p + octets, rest->n - octets);
        *times = number(rest);
    }
    return octets > 0;
}

static bool read_formula(struct dl_view rest, struct formula *out)
{
    int times = number(&rest);
    memset(out, 0, sizeof *out);
    while (rest.n > 0) {
        if (rest.p[0] == ' ') {
            rest = dl_view_of(rest.p + 1, rest.n - 1);
            continue;
        }
        if (take_separator(&rest, &times)) {
            continue;
        }
        if (!isupper(rest.p[0])) {
            return false;
        }
        bool two = rest.n > 1 && islower(rest.p[1]);
        char second = '\0';
        if (two) {
            second = (char)rest.p[1];
        }
        size_t at = element((char)rest.p[0], second);
        rest = dl_view_of(rest.p + 1 + two, rest.n - 1 - two);
        out->n[at] += (int64_t)times * number(&rest);
    }
    out->n[element('H', '\0')] += out->n[element('D', '\0')]; /* a label, not another element */
    out->n[element('D', '\0')] = 0;
    return true;
}

bool dl_formula_equal(struct dl_view a, struct dl_view b)
{
    struct formula one;
    struct formula two;
    return !read_formula(a, &one) || !read_formula(b, &two) || memcmp(&one, &two, sizeof one) == 0;
}
