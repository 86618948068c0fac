/* Plain text for people: lines that wrap at a width, with a hanging indent, colours where a
 * terminal takes them, and nothing that a terminal could take for a command.
 */
#ifndef DL_REGISTRY_LAYOUT_H
#define DL_REGISTRY_LAYOUT_H

#include "registry/words.h"

enum dl_color {
    DL_COLOR_NONE,
    DL_COLOR_BOLD,
    DL_COLOR_RED,
    DL_COLOR_GREEN,
    DL_COLOR_YELLOW,
    DL_COLOR_DIM
};

/* How a person reads it. */
struct dl_style {
    enum dl_lang lang;
    bool color;
    int width; /* columns */
};

struct dl_layout {
    struct dl_buf *out;
    bool color;
    int width;  /* columns */
    int indent; /* of lines that continue one */
    int column; /* where the next character goes */
};

void dl_layout_init(struct dl_layout *layout, struct dl_buf *out, bool color, int width);
/* Columns that the text takes: two for East Asian wide characters. */
int dl_layout_width(struct dl_view text);
/* Text of this line, wrapped at blanks and between wide characters. Controls and bidirectional
 * controls are shown, never sent. */
void dl_layout_put(struct dl_layout *layout, struct dl_view text);
void dl_layout_str(struct dl_layout *layout, const char *text);
/* A word in a colour, filled with blanks to `columns` (0: as it is). */
void dl_layout_word(struct dl_layout *layout, enum dl_color color, struct dl_view text,
                    int columns);
void dl_layout_end(struct dl_layout *layout);
/* A line begins: blanks, then a label; what follows hangs under its beginning. */
void dl_layout_label(struct dl_layout *layout, int indent, const char *label, int columns);

#endif
