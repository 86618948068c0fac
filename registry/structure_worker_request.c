#include "registry/structure_worker.h"

#include <stdlib.h>
#include <string.h>

enum { MARKS_MAX_ = 1024, ALCOHOLS_MAX_ = 12 };

/* One question at work. */
struct question {
    unsigned wants;
    uint16_t rule;
    struct chem_mol *mol, *parent, *plain; /* plain: the parent without isotope labels */
    bool was_salt, labelled;
    char block[15]; /* of the plain parent's InChIKey */
};

static void put_field(struct dl_buf *out, int tag, struct dl_view octets)
{
    dl_buf_u8(out, (uint8_t)tag);
    size_t block = dl_buf_block_open(out);
    dl_buf_put_view(out, octets);
    dl_buf_block_close(out, block);
}

static void put_owned(struct dl_buf *out, int tag, char *text)
{
    if (text != NULL) {
        put_field(out, tag, dl_view_str(text));
    }
    free(text);
}

static void refuse(struct dl_buf *out, const char *why)
{
    dl_buf_u8(out, DL_WIRE_REFUSED);
    size_t block = dl_buf_block_open(out);
    dl_buf_put_str(out, why);
    dl_buf_block_close(out, block);
}

static void put_number(struct dl_buf *out, int tag, uint64_t value, bool wide)
{
    dl_buf_u8(out, (uint8_t)tag);
    size_t block = dl_buf_block_open(out);
    if (wide) {
        dl_buf_u64(out, value);
    } else {
        dl_buf_u32(out, (uint32_t)value);
    }
    dl_buf_block_close(out, block);
}

/* InChI and key under two tags that follow each other; false when it has none. */
static bool put_identity(const struct chem_mol *mol, int tag, char key[28], struct dl_buf *out)
{
    char *inchi = NULL;
    if (!dl__inchi(mol, &inchi, key)) {
        return false;
    }
    put_owned(out, tag, inchi);
    put_field(out, tag + 1, dl_view_str(key));
    return true;
}

static void put_parent(struct question *q, struct dl_buf *out)
{
    char key[28] = "";
    put_identity(q->parent, DL_TAG_PARENT_INCHI, key, out);
    put_owned(out, DL_TAG_PARENT_FORMULA, chem_formula(q->parent));
    if (chem_mixture(q->mol)[0] != '\0') {
        put_field(out, DL_TAG_MIXTURE, dl_view_str(chem_mixture(q->mol)));
    }
    if (q->was_salt && (q->wants & DL_WANT_SMILES)) {
        put_owned(out, DL_TAG_PARENT_SMILES, chem_smiles(q->parent));
    }
    if (q->labelled) {
        char *inchi = NULL;
        if (dl__inchi(q->plain, &inchi, key)) {
            put_field(out, DL_TAG_PLAIN_INCHIKEY, dl_view_str(key));
        }
        free(inchi);
    }
    memcpy(q->block, key, 14);
}

static void put_whole(struct question *q, struct dl_buf *out)
{
    char key[28];
    if (q->wants & DL_WANT_SMILES) {
        put_owned(out, DL_TAG_SMILES, chem_smiles(q->mol));
    }
    if (q->was_salt) {
        put_owned(out, DL_TAG_FORMULA, chem_formula(q->mol));
        put_identity(q->mol, DL_TAG_INCHI, key, out);
    }
}

static void put_made_of(struct question *q, struct dl_buf *out)
{
    struct chem_mol *alcohols[ALCOHOLS_MAX_];
    bool ether[ALCOHOLS_MAX_];
    int n = chem_alcohols(q->plain, ALCOHOLS_MAX_, alcohols, ether);
    dl_buf_u8(out, DL_TAG_MADE_OF);
    size_t block = dl_buf_block_open(out);
    for (int i = 0; i < n; i++) {
        char key[28];
        char *inchi = NULL;
        if (dl__inchi(alcohols[i], &inchi, key)) {
            dl_buf_u8(out, ether[i] ? 'o' : 'e');
            dl_buf_put(out, key, 27);
            size_t text = dl_buf_block_open(out);
            dl_buf_put_str(out, inchi);
            dl_buf_block_close(out, text);
        }
        free(inchi);
        chem_free(alcohols[i]);
    }
    dl_buf_block_close(out, block);
}

static void put_picture(struct dl__desk *desk, struct question *q, struct dl_buf *out)
{
    struct chem_mark *marks = calloc(MARKS_MAX_, sizeof *marks);
    size_t n = 0;
    DL_ASSERT(marks, "memory for marks");
    if (desk->engine != NULL && q->rule < desk->rules->n_rules) {
        n = dl__engine_marks(desk->engine, q->plain, q->rule, marks, MARKS_MAX_);
    }
    put_owned(out, DL_TAG_SVG, chem_svg(q->plain, marks, n));
    free(marks);
}

static void put_rest(struct dl__desk *desk, struct question *q, struct dl_buf *out)
{
    struct chem_graph graph = chem_graph_of(q->plain);
    uint8_t print[CHEM_PRINT];
    put_number(out, DL_TAG_MASS, (uint64_t)(chem_mass(q->parent) * 1000 + 0.5), false);
    put_number(out, DL_TAG_ISOMER_KEY, dl__isomer_key(&graph), true);
    put_number(out, DL_TAG_FORM_KEY, dl__form_key(&graph), true);
    if ((q->wants & DL_WANT_RULES) && desk->engine != NULL) {
        dl__engine_run(desk->engine, q->plain, q->block, out);
    }
    if ((q->wants & DL_WANT_PRINT) && chem_print(q->plain, print)) {
        put_field(out, DL_TAG_PRINT, dl_view_of(print, sizeof print));
    }
    if (q->wants & DL_WANT_ESTERS) {
        put_made_of(q, out);
    }
    if (q->wants & DL_WANT_SVG) {
        put_picture(desk, q, out);
    }
}

static void answer(struct dl__desk *desk, struct question *q, const char *text, size_t n,
                   struct dl_buf *out)
{
    q->mol = q->wants & DL_WANT_MOL ? chem_read_mol(text, n) : chem_read_smiles(text);
    q->parent = q->mol ? chem_parent(q->mol, &q->was_salt) : NULL;
    q->plain = q->parent ? chem_plain(q->parent, &q->labelled) : NULL;
    if (q->plain == NULL) {
        refuse(out, chem_why());
        return;
    }
    dl_buf_u8(out, DL_WIRE_OK);
    if (!(q->wants & DL_WANT_PLAIN)) {
        put_whole(q, out);
        put_parent(q, out);
    }
    put_rest(desk, q, out);
}

static void ask(struct dl__desk *desk, struct dl_cursor *cursor, struct dl_buf *out)
{
    struct question q = {.wants = dl_cursor_u8(cursor)};
    struct dl_error error;
    q.rule = dl_cursor_u16(cursor);
    struct dl_view text = dl_cursor_block(cursor, DL_WORKER_TEXT_MAX);
    if (dl_cursor_done(cursor) != DL_OK) {
        refuse(out, "the request is malformed");
        return;
    }
    if (dl__input_check(text, q.wants & DL_WANT_MOL, &error) != DL_OK) {
        refuse(out, error.message);
        return;
    }
    char *copy = malloc(text.n + 1);
    if (copy == NULL) {
        refuse(out, "there is no memory for it");
        return;
    }
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    answer(desk, &q, copy, text.n, out);
    free(copy);
    chem_free(q.mol);
    chem_free(q.parent);
    chem_free(q.plain);
}

static void load(struct dl__desk *desk, struct dl_cursor *cursor, struct dl_buf *out)
{
    struct dl_rule_source sources[DL_RULES_MAX + 1];
    struct dl_error error = {.err = DL_OK};
    size_t n = 0;
    while (cursor->rest.n > 0 && cursor->err == DL_OK && n <= DL_RULES_MAX) {
        sources[n].name = dl_cursor_block(cursor, DL_WORKER_FRAME_MAX);
        sources[n++].text = dl_cursor_block(cursor, DL_WORKER_FRAME_MAX);
    }
    if (n == 0 || dl_cursor_done(cursor) != DL_OK) {
        refuse(out, "the request is malformed");
        return;
    }
    dl__engine_free(&desk->engine);
    dl_rules_free(&desk->rules);
    enum dl_err err = dl_rules_parse(sources, n, &desk->rules, &error);
    if (err == DL_OK) {
        err = dl__engine_new(desk->rules, &desk->engine, &error);
    }
    if (err != DL_OK) {
        refuse(out, error.message);
        return;
    }
    dl_buf_u8(out, DL_WIRE_OK);
}

void dl__desk_answer(struct dl__desk *desk, struct dl_view request, struct dl_buf *out)
{
    struct dl_cursor cursor;
    dl_cursor_init(&cursor, request);
    uint8_t kind = dl_cursor_u8(&cursor);
    if (kind == DL_WIRE_ASK) {
        dl__fence_watch(true);
        ask(desk, &cursor, out);
        dl__fence_watch(false);
    } else if (kind == DL_WIRE_RULES) {
        load(desk, &cursor, out);
    } else {
        refuse(out, "the request is of no known kind");
    }
}
