#include "node/scenario_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dl__problem(struct dl_problems *problems, const struct dl_spot *spot, const char *hint,
                 const char *format, ...)
{
    if (problems->n == DL_SCENARIO_PROBLEMS) {
        return;
    }
    va_list args;
    va_start(args, format);
    snprintf(problems->at[problems->n].file, sizeof problems->at[0].file, "%s", spot->file);
    problems->at[problems->n].line = spot->line;
    problems->at[problems->n].column = spot->column;
    vsnprintf(problems->at[problems->n].message, DL_ERROR_MESSAGE_MAX, format, args);
    snprintf(problems->at[problems->n].hint, DL_ERROR_HINT_MAX, "%s", hint == NULL ? "" : hint);
    problems->n++;
    va_end(args);
}

char *dl__dup(const char *text)
{
    char *copy = strdup(text);
    DL_ASSERT(copy != NULL, "memory for a word");
    return copy;
}

static struct dl_spot spot_at(const struct dl__lexer *x, const char *at)
{
    return (struct dl_spot){
        .file = x->file, .line = x->line, .column = (unsigned)(at - x->line_start) + 1};
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static struct dl_setting *setting_of(const struct dl_scenario *scenario, const char *name, size_t n)
{
    for (size_t i = 0; i < scenario->n_settings; i++) {
        if (strlen(scenario->settings[i].name) == n &&
            strncmp(scenario->settings[i].name, name, n) == 0) {
            return &scenario->settings[i];
        }
    }
    return NULL;
}

static void unknown_parameter(struct dl__lexer *x, const char *at, size_t n)
{
    const char *names[DL__WORDS + 1];
    char said[48], hint[DL_ERROR_HINT_MAX];
    size_t k = 0;
    struct dl_spot spot = spot_at(x, at);
    for (; k < x->scenario->n_settings && k < DL__WORDS; k++) {
        names[k] = x->scenario->settings[k].name;
    }
    names[k] = NULL;
    snprintf(said, sizeof said, "%.*s", (int)(n > 40 ? 40 : n), at + 1);
    dl__suggest(said, names, hint);
    dl__problem(x->problems, &spot, k == 0 ? "a line `param NAME VALUE` must come before" : hint,
                "there is no parameter $%s", said);
}

/* "$name" gives its value; "$$" is a dollar, "$#" stays: the number of a repetition. */
static void put_parameter(struct dl__lexer *x, struct dl_buf *out)
{
    const char *name = x->at + 1;
    size_t n = 0;
    if (name < x->end && (*name == '$' || *name == '#')) {
        dl_buf_put(out, *name == '$' ? "$" : "$#", *name == '$' ? 1 : 2);
        x->at += 2;
        return;
    }
    while (name + n < x->end && is_name(name[n])) {
        n++;
    }
    struct dl_setting *setting = setting_of(x->scenario, name, n);
    if (setting == NULL) {
        unknown_parameter(x, x->at, n);
    } else {
        setting->used = true;
        dl_buf_put_str(out, setting->value);
    }
    x->at += 1 + n;
}

static void put_one(struct dl__lexer *x, struct dl_buf *out)
{
    if (*x->at == '$') {
        put_parameter(x, out);
        return;
    }
    dl_buf_put(out, x->at, 1);
    if (*x->at == '\n') {
        x->line++;
        x->line_start = x->at + 1;
    }
    x->at++;
}

static void lex_string(struct dl__lexer *x, struct dl_buf *out)
{
    struct dl_spot spot = spot_at(x, x->at++);
    while (x->at < x->end && *x->at != '"' && *x->at != '\n') {
        if (*x->at == '\\' && x->at + 1 < x->end && (x->at[1] == '"' || x->at[1] == '\\')) {
            dl_buf_put(out, x->at + 1, 1);
            x->at += 2;
        } else {
            put_one(x, out);
        }
    }
    if (x->at < x->end && *x->at == '"') {
        x->at++;
    } else {
        dl__problem(x->problems, &spot, "end it with \" on the same line", "this text has no end");
    }
}

/* An inline object, from its brace to the one that closes it. */
static void lex_object(struct dl__lexer *x, struct dl_buf *out)
{
    struct dl_spot spot = spot_at(x, x->at);
    unsigned depth = 0;
    bool quoted = false;
    while (x->at < x->end) {
        char c = *x->at;
        if (quoted && c == '\\' && x->at + 1 < x->end) {
            put_one(x, out);
        } else if (c == '"') {
            quoted = !quoted;
        }
        depth += !quoted && c == '{';
        depth -= !quoted && c == '}';
        put_one(x, out);
        if (depth == 0) {
            return;
        }
    }
    dl__problem(x->problems, &spot, "every { needs its }", "this object has no end");
}

static void skip_comment(struct dl__lexer *x)
{
    while (x->at < x->end && *x->at != '\n') {
        x->at++;
    }
}

/* Blanks and comments, within the line. */
static void skip_blanks(struct dl__lexer *x)
{
    while (x->at < x->end && (*x->at == ' ' || *x->at == '\t' || *x->at == '\r')) {
        x->at++;
    }
    if (x->at < x->end && *x->at == '#') {
        skip_comment(x);
    }
}

static void lex_word(struct dl__lexer *x, struct dl__word *word)
{
    struct dl_buf text;
    dl_buf_init(&text, (size_t)DL_LIMIT_CONTENT * 2);
    word->line = x->line;
    word->column = (unsigned)(x->at - x->line_start) + 1;
    struct dl_spot spot = spot_at(x, x->at);
    if (*x->at == '"') {
        word->kind = DL__STRING;
        lex_string(x, &text);
    } else if (*x->at == '{') {
        word->kind = DL__JSON;
        lex_object(x, &text);
    } else {
        word->kind = DL__WORD;
        while (x->at < x->end && strchr(" \t\r\n", *x->at) == NULL) {
            put_one(x, &text);
        }
    }
    if (dl_buf_err(&text) != DL_OK || (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)) {
        dl__problem(x->problems, &spot, NULL, "this word is too long, or holds an octet 0");
        dl_buf_reset(&text);
    }
    word->text = calloc(1, text.n + 1);
    DL_ASSERT(word->text != NULL, "memory for a word");
    if (text.n > 0) {
        memcpy(word->text, text.p, text.n);
    }
    dl_buf_fini(&text);
}

static void end_line(struct dl__lexer *x)
{
    if (x->at < x->end) {
        x->at++;
        x->line++;
        x->line_start = x->at;
    }
}

bool dl__lex(struct dl__lexer *x, struct dl__statement *out)
{
    memset(out, 0, sizeof *out);
    out->file = x->file;
    while (x->at < x->end && out->n == 0) {
        skip_blanks(x);
        while (x->at < x->end && *x->at != '\n' && out->n < DL__WORDS) {
            lex_word(x, &out->words[out->n++]);
            skip_blanks(x);
        }
        if (x->at < x->end && *x->at != '\n') {
            struct dl_spot spot = spot_at(x, x->at);
            dl__problem(x->problems, &spot, NULL, "a line has at most %d words", (int)DL__WORDS);
            skip_comment(x);
        }
        out->end_column = (unsigned)(x->at - x->line_start) + 1;
        end_line(x);
    }
    return out->n > 0;
}

void dl__statement_fini(struct dl__statement *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->words[i].text);
    }
    s->n = 0;
}

struct dl_spot dl__spot(const struct dl__statement *s)
{
    if (s->next < s->n) {
        return (struct dl_spot){
            .file = s->file, .line = s->words[s->next].line, .column = s->words[s->next].column};
    }
    return (struct dl_spot){
        .file = s->file, .line = s->words[s->n - 1].line, .column = s->end_column};
}
