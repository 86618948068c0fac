/* Reading the fields of a rule file, with the place where the reader stands: whatever is wrong is
 * told with the file, the rule and the path of the field, once, and reading goes on to its end
 * without harm. For registry/rule_file.c.
 */
#ifndef DL_REGISTRY_RULE_FIELD_H
#define DL_REGISTRY_RULE_FIELD_H

#include "registry/rule.h"

struct dl__rule_reading {
    struct dl_rules *rules;
    struct dl_error *error;
    struct dl_view file;
    const char *id; /* the rule's, "" while it has none */
    char place[DL_ERROR_FIELD_MAX];
    enum dl_err err;
};

/* Steps into a member, or an item of a list (-1: the member itself); what it returns is where to
 * step back to. */
size_t dl__field_enter(struct dl__rule_reading *r, const char *key, int index);
void dl__field_leave(struct dl__rule_reading *r, size_t back);

/* The first thing that is wrong is the error. `words` go on after the place: "is missing". */
void dl__field_wrong(struct dl__rule_reading *r, const char *key, const char *words);
/* Every key of an object must be one of these: a misspelt condition would silently not count. */
void dl__field_keys(struct dl__rule_reading *r, json_t *object, const char *const *keys);

/* All of these return what is not there as empty, 0 or `otherwise`. */
struct dl_rule_text dl__field_text(struct dl__rule_reading *r, json_t *object, const char *key);
struct dl_rule_text dl__field_need_text(struct dl__rule_reading *r, json_t *object,
                                        const char *key);
struct dl_view dl__field_need_view(struct dl__rule_reading *r, json_t *object, const char *key);
/* A day, YYYY-MM-DD. */
struct dl_view dl__field_need_day(struct dl__rule_reading *r, json_t *object, const char *key);
int dl__field_int(struct dl__rule_reading *r, json_t *object, const char *key, int otherwise);
/* -1 when it is not there. */
int dl__field_bool(struct dl__rule_reading *r, json_t *object, const char *key);
void dl__field_range(struct dl__rule_reading *r, json_t *object, const char *key, int out[2]);
/* A list that is absent, or has at most `max` items; NULL otherwise. */
json_t *dl__field_list(struct dl__rule_reading *r, json_t *object, const char *key, size_t max);
/* One text or a list of them, at most DL_RULE_PATTERNS. */
size_t dl__field_strings(struct dl__rule_reading *r, json_t *object, const char *key,
                         const char **out);

#endif
