/* Class rules: what a law controls by describing structures, as data that a lawyer can audit.
 *
 * A rule is one file of registry/data/rules; registry/RULES.md is the manual of the format. It
 * names scaffolds (SMARTS whose labelled atoms have positions), and for each position what may hang
 * there: the reference substance's own group, or one of the classes that a clause of the law names.
 * The classes themselves are in classes.json. The structure worker holds a molecule against the
 * rules; this side reads the files, checks them, and puts verdicts into words.
 *
 * Texts are borrowed from the parsed files, which the rules own.
 */
#ifndef DL_REGISTRY_RULE_H
#define DL_REGISTRY_RULE_H

#include "base/json.h"

enum { DL_RULE_LABELS = 24, DL_RULES_MAX = 128, DL_RULE_PATTERNS = 24, DL_RULE_WHERE = 224 };

/* What to do about a rule file that cannot be read. */
#define DL_RULES_HINT                                                                              \
    "mend the file, or put its last good copy back; RULES.md describes every field. No structure " \
    "is answered with rules that cannot be read"

struct dl_rule_text {
    struct dl_view en, zh; /* zh falls back to en */
};

/* A SMARTS, once however many classes and scaffolds use it; they name it by its index. */
struct dl_rule_pattern {
    const char *smarts;
    char where[DL_RULE_WHERE]; /* it stands first: file, rule, path of the field */
};

/* What a substituent must be: every condition that is given must hold. Ranges are inclusive; max
 * -1: not given. */
struct dl_rule_class {
    const char *name;
    struct dl_rule_text words;
    int root[DL_RULE_PATTERNS]; /* one of these patterns begins at the atom of attachment */
    size_t n_root;
    int has[DL_RULE_PATTERNS]; /* each occurs inside */
    size_t n_has;
    int lacks[DL_RULE_PATTERNS]; /* none occurs inside */
    size_t n_lacks;
    int only;                  /* every atom is one of these; -1 not given */
    int any[DL_RULE_PATTERNS]; /* or: it belongs to one of these classes */
    size_t n_any;
    int carbons[2], hetero[2], heavy[2];
    int chain[2]; /* the longest path, ring atoms not counted */
    int mass_max; /* u */
    int bridged;  /* bound to the scaffold by more than one bond: 1 must, 0 must not, -1 either */
};

/* A class as a clause uses it: "alkyl" or "alkyl<=6" (at most 6 carbon atoms). */
struct dl_rule_use {
    int class;
    int carbons_max; /* -1: as the class says */
};

enum { DL_RULE_USES = 32 };

struct dl_rule_choice {
    struct dl_rule_text clause; /* its number and words, in English and Chinese */
    struct dl_view local;       /* in the law's language */
    struct dl_rule_use use[DL_RULE_USES];
    size_t n_uses;
    bool uncounted; /* allowed beside a modification, but none by itself; open or not */
    bool open;      /* whether the clause reaches these is open: `reason` */
    struct dl_rule_text reason;
};

enum { DL_RULE_CHOICES = 12, DL_RULE_POSITIONS = 16 };

struct dl_rule_position {
    struct dl_rule_text name;
    int on[DL_RULE_LABELS]; /* what hangs on these atoms */
    size_t n_on;
    int from, at;            /* or the group that begins at atom `at`, bound to `from`; 0 none */
    int own[DL_RULE_LABELS]; /* further atoms of the pattern that belong to that group */
    size_t n_own;
    bool required; /* something hangs there */
    int max;       /* substituents, -1 any number */
    struct dl_rule_use original[DL_RULE_USES];
    size_t n_original;
    struct dl_rule_choice *choice; /* up to DL_RULE_CHOICES */
    size_t n_choices;
    bool open; /* anything else is needs-review: `reason` */
    struct dl_rule_text reason;
};

enum dl_rule_free { DL_RULE_FREE_NO, DL_RULE_FREE_YES, DL_RULE_FREE_OPEN };

struct dl_rule_scaffold {
    struct dl_rule_text name;
    int smarts[DL_RULE_PATTERNS]; /* patterns, any of which is the scaffold */
    size_t n_smarts;
    int lacks[DL_RULE_PATTERNS]; /* patterns that the molecule must not have */
    size_t n_lacks;
    struct dl_rule_position *position; /* up to DL_RULE_POSITIONS */
    size_t n_positions;
    enum dl_rule_free free; /* what hangs on atoms of the pattern that no position names */
    int changed;            /* modifications that the scaffold is by itself */
    bool open;              /* what matches is needs-review: `reason` */
    struct dl_rule_text reason;
};

struct dl_rule_test {
    struct dl_view name, smiles, reason; /* reason: may be empty */
    int expected;                        /* enum dl_rule_verdict */
};

enum dl_rule_verdict { DL_RULE_OUTSIDE, DL_RULE_INSIDE, DL_RULE_REVIEW };
/* "outside", "inside", "needs-review" */
const char *dl_rule_verdict_name(enum dl_rule_verdict verdict);

struct dl_rule {
    const char *id;
    struct dl_view jurisdiction, version, from, until; /* until empty: in force */
    /* What is known of the days before `from`, when something was law that is not held: since
     * `before_from`, empty: not known since when. Without words: nothing was. */
    struct dl_rule_text before;
    struct dl_view before_from;
    struct dl_rule_text title, instrument;
    json_t *listings; /* [[list, entry], ...] of the registry, in the order to be tried */
    json_t *tests;
    json_t *exclude; /* {InChIKey block: name} taken out by name */
    int min_changed;
    int mass_max; /* u, -1 none */
    bool evidence_needed;
    struct dl_rule_text evidence;
    struct dl_rule_scaffold *scaffold;
    size_t n_scaffolds;
};

struct dl_rules_file {
    json_t *json;
};

struct dl_rules {
    struct dl_rules_file *file;
    size_t n_files;
    struct dl_rule_pattern *pattern;
    size_t n_patterns;
    struct dl_rule_class *class;
    size_t n_classes;
    struct dl_rule *rule;
    size_t n_rules;
};

struct dl_rule_source {
    struct dl_view name, text; /* of a file */
};

/* Reads the classes file and then the rule files. DL_E_RULE names the file, the rule and the path
 * of the field, and what is wrong there. */
DL_MUST_USE enum dl_err dl_rules_parse(const struct dl_rule_source *sources, size_t n,
                                       struct dl_rules **out, struct dl_error *error);
void dl_rules_free(struct dl_rules **rules);
/* Gives back the test substances: afterwards no rule has any. */
void dl_rules_drop_tests(struct dl_rules *rules);
/* -1 when there is none. */
int dl_rules_find(const struct dl_rules *rules, struct dl_view id);
size_t dl_rule_n_tests(const struct dl_rule *rule);
struct dl_rule_test dl_rule_test_at(const struct dl_rule *rule, size_t i);
/* What the rule is on a day 'YYYY-MM-DD'. */
enum dl_rule_reach {
    DL_RULE_NO_LAW,
    DL_RULE_BEFORE, /* another wording, or an unknown beginning: what fits is needs-review */
    DL_RULE_LAW
};
enum dl_rule_reach dl_rule_reach_on(const struct dl_rule *rule, const char *day);
bool dl_rule_in_force(const struct dl_rule *rule, const char *day);

#endif
