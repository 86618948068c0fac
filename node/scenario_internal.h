/* What node/scenario*.c share: words with their places, and the reader's state. */
#ifndef DL_NODE_SCENARIO_INTERNAL_H
#define DL_NODE_SCENARIO_INTERNAL_H

#include "base/crypto.h"
#include "node/scenario.h"

enum { DL__WORDS = 256 };

enum dl__word_kind { DL__WORD, DL__STRING, DL__JSON };
struct dl__word {
    enum dl__word_kind kind;
    char *text; /* parameters put in; owned by the statement */
    unsigned line, column;
};

/* One statement: the words of a line (an inline JSON object may go over several). */
struct dl__statement {
    const char *file;
    struct dl__word words[DL__WORDS];
    size_t n;
    size_t next; /* the word that is read next */
    unsigned end_column;
};

struct dl__lexer {
    struct dl_scenario *scenario; /* for its parameters */
    struct dl_problems *problems;
    const char *file;
    const char *text, *at, *end, *line_start;
    unsigned line;
};

struct dl__reader {
    struct dl_scenario *scenario;
    struct dl_problems *problems;
    const struct dl_scenario_source *source;
    struct dl_sha256 *digest;
    const char *const *given; /* NAME=VALUE */
    size_t n_given;
    bool *given_used;
    const char *open[DL_SCENARIO_DEPTH]; /* the files being read, each in the one before */
    unsigned depth;
    size_t octets;
};

/* A problem at a place; the format is a literal. */
void dl__problem(struct dl_problems *problems, const struct dl_spot *spot, const char *hint,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The nearest of `words` (ends with NULL) to what was said, as a hint in `out`; empty when none is
 * near: then the words themselves. */
void dl__suggest(const char *said, const char *const *words, char out[DL_ERROR_HINT_MAX]);

/* scenario_lex.c: the next statement with at least one word; false at the end. */
bool dl__lex(struct dl__lexer *lexer, struct dl__statement *out);
void dl__statement_fini(struct dl__statement *statement);
struct dl_spot dl__spot(const struct dl__statement *statement);

/* scenario_words.c: taking words apart. Every function below reports what it misses and gives
 * false. */
const struct dl__word *dl__peek(const struct dl__statement *s);
bool dl__is(const struct dl__statement *s, const char *word);
bool dl__accept(struct dl__statement *s, const char *word);
bool dl__expect_word(struct dl__reader *r, struct dl__statement *s, const char *word);
const struct dl__word *dl__take(struct dl__reader *r, struct dl__statement *s, const char *what);
bool dl__take_end(struct dl__reader *r, struct dl__statement *s);
bool dl__take_length(struct dl__reader *r, struct dl__statement *s, uint64_t *out);
bool dl__take_offset(struct dl__reader *r, struct dl__statement *s, uint64_t *out); /* +05m */
bool dl__take_number(struct dl__reader *r, struct dl__statement *s, unsigned max, unsigned *out);
bool dl__take_spread(struct dl__reader *r, struct dl__statement *s, struct dl_spread *out);
bool dl__take_agency(struct dl__reader *r, struct dl__statement *s, int *out);
bool dl__take_title(struct dl__reader *r, struct dl__statement *s, struct dl_title *out);
/* One of `words`; its index. */
bool dl__take_one(struct dl__reader *r, struct dl__statement *s, const char *const *words,
                  size_t *out);
char *dl__dup(const char *text);
/* The rest of a statement as one text, contents left out. */
char *dl__statement_text(const struct dl__statement *s);
bool dl__length_parse(const char *text, uint64_t *out);

/* scenario_say.c: a verb said to an agency, to the end of the statement or the word `stop`. */
bool dl__take_said(struct dl__reader *r, struct dl__statement *s, const char *const *stops,
                   struct dl_said *out);
/* scenario_when.c */
bool dl__take_conditions(struct dl__reader *r, struct dl__statement *s, struct dl_conditions *out);
bool dl__parse_expectation(struct dl__reader *r, struct dl__statement *s, bool must);
bool dl__parse_abort(struct dl__reader *r, struct dl__statement *s);
/* scenario_inject.c */
bool dl__parse_inject(struct dl__reader *r, struct dl__statement *s);
void dl__conditions_fini(struct dl_conditions *conditions);
void dl__said_fini(struct dl_said *said);
/* Room for one more item of an array. */
void *dl__grow(struct dl__reader *r, void **array, size_t *n, size_t size);

#endif
