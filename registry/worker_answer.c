#include "registry/worker.h"

#include <string.h>

enum { FIELD_MAX_ = 2 * 1024 * 1024, ATOMS_MAX_ = 1024 };

/* A finding's fields must lie inside, and what they number must exist in the rules. */
static bool check_findings(struct dl_worker_verdict *v, const struct dl_rule *rule,
                           struct dl_cursor *cursor)
{
    const struct dl_rule_scaffold *scaffold = &rule->scaffold[v->scaffold];
    struct dl_view start = cursor->rest;
    for (uint16_t i = 0; i < v->n_findings; i++) {
        uint16_t position = dl_cursor_u16(cursor);
        uint8_t kind = dl_cursor_u8(cursor);
        uint16_t choice = dl_cursor_u16(cursor);
        uint16_t atoms = dl_cursor_u16(cursor);
        dl_cursor_take(cursor, (size_t)atoms * 2);
        bool choosing = kind == DL_FOUND_CHANGED || kind == DL_FOUND_OPEN;
        if (cursor->err != DL_OK || kind > DL_FOUND_CUT || atoms > ATOMS_MAX_ ||
            position > scaffold->n_positions ||
            (choosing && (position == scaffold->n_positions ||
                          choice >= scaffold->position[position].n_choices))) {
            return false;
        }
    }
    v->findings = dl_view_of(start.p, start.n - cursor->rest.n);
    return true;
}

static bool decode_verdict(struct dl_view block, const struct dl_rules *rules,
                           struct dl_worker_answer *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, block);
    struct dl_worker_verdict v = {.rule = dl_cursor_u16(&cursor)};
    uint8_t verdict = dl_cursor_u8(&cursor);
    v.scaffold = dl_cursor_u16(&cursor);
    v.n_findings = dl_cursor_u16(&cursor);
    if (rules == NULL || v.rule >= rules->n_rules || out->n_verdicts == DL_VERDICTS_MAX ||
        (verdict != DL_RULE_INSIDE && verdict != DL_RULE_REVIEW) ||
        v.scaffold >= rules->rule[v.rule].n_scaffolds ||
        !check_findings(&v, &rules->rule[v.rule], &cursor)) {
        return false;
    }
    dl_cursor_take(&cursor, (size_t)dl_cursor_u16(&cursor) * 2);
    v.verdict = (enum dl_rule_verdict)verdict;
    out->verdict[out->n_verdicts++] = v;
    return dl_cursor_done(&cursor) == DL_OK;
}

static uint64_t number_of(struct dl_view field)
{
    uint64_t value = 0;
    for (size_t i = 0; i < field.n && i < 8; i++) {
        value = value << 8 | field.p[i];
    }
    return value;
}

static bool is_key(struct dl_view field)
{
    bool ok = field.n == 27 && field.p[14] == '-' && field.p[25] == '-';
    for (size_t i = 0; ok && i < field.n; i++) {
        ok = i == 14 || i == 25 || (field.p[i] >= 'A' && field.p[i] <= 'Z');
    }
    return ok;
}

bool dl_made_of_next(struct dl_view *rest, struct dl_made_of *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, *rest);
    uint8_t kind = dl_cursor_u8(&cursor);
    struct dl_view key = dl_cursor_take(&cursor, 27);
    struct dl_view inchi = dl_cursor_block(&cursor, FIELD_MAX_);
    if (cursor.err != DL_OK || (kind != 'e' && kind != 'o') || !is_key(key)) {
        return false;
    }
    *rest = cursor.rest;
    *out = (struct dl_made_of){.ether = kind == 'o', .inchikey = key, .inchi = inchi};
    return true;
}

static bool are_made_of(struct dl_view field)
{
    struct dl_made_of one;
    while (dl_made_of_next(&field, &one)) {
    }
    return field.n == 0;
}

static bool decode_field(uint8_t tag, struct dl_view field, const struct dl_rules *rules,
                         struct dl_worker_answer *out)
{
    struct dl_view *const texts[] = {
        [DL_TAG_SMILES] = &out->smiles,
        [DL_TAG_FORMULA] = &out->formula,
        [DL_TAG_INCHI] = &out->inchi,
        [DL_TAG_INCHIKEY] = &out->inchikey,
        [DL_TAG_PARENT_SMILES] = &out->parent_smiles,
        [DL_TAG_PARENT_INCHI] = &out->parent_inchi,
        [DL_TAG_PARENT_INCHIKEY] = &out->parent_inchikey,
        [DL_TAG_PARENT_FORMULA] = &out->parent_formula,
        [DL_TAG_PLAIN_INCHIKEY] = &out->plain_inchikey,
        [DL_TAG_PRINT] = &out->print,
        [DL_TAG_SVG] = &out->svg,
        [DL_TAG_MADE_OF] = &out->made_of,
        [DL_TAG_MIXTURE] = &out->mixture,
    };
    bool key =
        tag == DL_TAG_INCHIKEY || tag == DL_TAG_PARENT_INCHIKEY || tag == DL_TAG_PLAIN_INCHIKEY;
    if (tag == DL_TAG_MASS && field.n == 4) {
        out->mass = (uint32_t)number_of(field);
        return true;
    }
    if (tag == DL_TAG_ISOMER_KEY && field.n == 8) {
        out->isomer_key = number_of(field);
        return true;
    }
    if (tag == DL_TAG_FORM_KEY && field.n == 8) {
        out->form_key = number_of(field);
        return true;
    }
    if (tag == DL_TAG_VERDICT) {
        return decode_verdict(field, rules, out);
    }
    if (tag == 0 || tag >= sizeof texts / sizeof texts[0] || texts[tag] == NULL ||
        (key && !is_key(field)) || (tag == DL_TAG_PRINT && field.n != 256) ||
        (tag == DL_TAG_MADE_OF && !are_made_of(field))) {
        return false;
    }
    *texts[tag] = field;
    return true;
}

enum dl_err dl_worker_decode(struct dl_view block, const struct dl_rules *rules,
                             struct dl_worker_answer *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, block);
    memset(out, 0, offsetof(struct dl_worker_answer, verdict));
    out->n_verdicts = 0;
    uint8_t outcome = dl_cursor_u8(&cursor);
    if (outcome == DL_WIRE_REFUSED) {
        out->refusal = dl_cursor_block(&cursor, FIELD_MAX_);
        return dl_cursor_done(&cursor) == DL_OK ? DL_OK : DL_E_WORKER;
    }
    if (outcome != DL_WIRE_OK) {
        return DL_E_WORKER;
    }
    while (cursor.rest.n > 0 && cursor.err == DL_OK) {
        uint8_t tag = dl_cursor_u8(&cursor);
        struct dl_view field = dl_cursor_block(&cursor, FIELD_MAX_);
        if (cursor.err != DL_OK || !decode_field(tag, field, rules, out)) {
            return DL_E_WORKER;
        }
    }
    out->understood = true;
    return DL_OK;
}

bool dl_worker_finding_next(struct dl_worker_verdict *verdict, struct dl_worker_finding *out)
{
    if (verdict->findings.n == 0) {
        return false;
    }
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, verdict->findings);
    out->position = dl_cursor_u16(&cursor);
    out->kind = dl_cursor_u8(&cursor);
    out->choice = dl_cursor_u16(&cursor);
    uint16_t n = dl_cursor_u16(&cursor);
    out->atoms = dl_cursor_take(&cursor, (size_t)n * 2);
    DL_ASSERT(cursor.err == DL_OK, "findings were checked when they were decoded");
    verdict->findings = cursor.rest;
    return true;
}
