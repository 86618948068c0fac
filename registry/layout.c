#include "registry/layout.h"
#include "base/text.h"

#include <string.h>

enum { SHOWN_MAX = 256 * 1024, WIDTH_MIN = 40, WIDTH_MAX = 200 };

void dl_layout_init(struct dl_layout *layout, struct dl_buf *out, bool color, int width)
{
    width = width < WIDTH_MIN ? WIDTH_MIN : width;
    *layout = (struct dl_layout){
        .out = out, .color = color, .width = width > WIDTH_MAX ? WIDTH_MAX : width};
}

static int character_width(int32_t c)
{
    if (c >= 0x300 && c <= 0x36F) {
        return 0;
    }
    bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                (c >= 0x20000 && c <= 0x3FFFD);
    return wide ? 2 : 1;
}

int dl_layout_width(struct dl_view text)
{
    int width = 0;
    for (size_t i = 0, n = 0; i < text.n; i += n) {
        width += character_width(dl_text_decode(dl_view_of(text.p + i, text.n - i), &n));
    }
    return width;
}

static void put_blanks(struct dl_layout *layout, int n)
{
    for (int i = 0; i < n; i++) {
        dl_buf_u8(layout->out, ' ');
    }
    layout->column += n > 0 ? n : 0;
}

void dl_layout_end(struct dl_layout *layout)
{
    dl_buf_u8(layout->out, '\n');
    layout->column = 0;
}

static void break_line(struct dl_layout *layout)
{
    while (layout->out->n > 0 && layout->out->p[layout->out->n - 1] == ' ') {
        layout->out->n--; /* the blank at which the line breaks */
    }
    dl_layout_end(layout);
    put_blanks(layout, layout->indent);
}

static bool is_one_of(int32_t c, const int32_t *marks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (marks[i] == c) {
            return true;
        }
    }
    return false;
}

/* Chinese marks that stay with what is before them: 、。〉》」』】〕！），．：；？ ” */
static bool closes(int32_t c)
{
    static const int32_t marks[] = {0x3001, 0x3002, 0x3009, 0x300B, 0x300D, 0x300F,
                                    0x3011, 0x3015, 0xFF01, 0xFF09, 0xFF0C, 0xFF0E,
                                    0xFF1A, 0xFF1B, 0xFF1F, 0x201D, ')'};
    return is_one_of(c, marks, sizeof marks / sizeof *marks);
}

/* And with what follows: 〈《「『【〔（ “ */
static bool opens(int32_t c)
{
    static const int32_t marks[] = {0x3008, 0x300A, 0x300C, 0x300E, 0x3010, 0x3014, 0xFF08, 0x201C};
    return is_one_of(c, marks, sizeof marks / sizeof *marks);
}

/* Octets up to the next place where a line may break, and their columns. */
static size_t next_piece(struct dl_view text, int *width)
{
    size_t i = 0;
    size_t n = 0;
    int32_t before = 0;
    *width = 0;
    while (i < text.n) {
        int32_t c = dl_text_decode(dl_view_of(text.p + i, text.n - i), &n);
        bool breaks =
            before == ' ' || c == ' ' || character_width(before) == 2 || character_width(c) == 2;
        if (i > 0 && breaks && !closes(c) && !opens(before)) {
            return i;
        }
        i += n;
        *width += character_width(c);
        before = c;
    }
    return i;
}

void dl_layout_put(struct dl_layout *layout, struct dl_view text)
{
    struct dl_buf shown;
    dl_buf_init(&shown, SHOWN_MAX);
    dl_text_show(&shown, text, true);
    struct dl_view rest = dl_buf_view(&shown);
    while (rest.n > 0) {
        int width = 0;
        size_t n = next_piece(rest, &width);
        bool blank = n == 1 && rest.p[0] == ' ';
        if (layout->column + width > layout->width && layout->column > layout->indent) {
            break_line(layout);
            if (blank) {
                rest = dl_view_of(rest.p + n, rest.n - n);
                continue;
            }
        }
        dl_buf_put(layout->out, rest.p, n);
        layout->column += width;
        rest = dl_view_of(rest.p + n, rest.n - n);
    }
    dl_buf_fini(&shown);
}

void dl_layout_str(struct dl_layout *layout, const char *text)
{
    dl_layout_put(layout, dl_view_str(text));
}

void dl_layout_word(struct dl_layout *layout, enum dl_color color, struct dl_view text, int columns)
{
    static const char *const codes[] = {"",         "\x1B[1m",  "\x1B[1;31m",
                                        "\x1B[32m", "\x1B[33m", "\x1B[2m"};
    bool colored = layout->color && color != DL_COLOR_NONE;
    int start = layout->column;
    if (colored) {
        dl_buf_put_str(layout->out, codes[color]);
    }
    dl_text_show(layout->out, text, true);
    layout->column += dl_layout_width(text);
    if (colored) {
        dl_buf_put_str(layout->out, "\x1B[0m");
    }
    put_blanks(layout, columns - (layout->column - start));
}

void dl_layout_label(struct dl_layout *layout, int indent, const char *label, int columns)
{
    if (layout->column > 0) {
        dl_layout_end(layout);
    }
    put_blanks(layout, indent);
    dl_layout_word(layout, DL_COLOR_DIM, dl_view_str(label), columns);
    layout->indent = indent + columns;
}
