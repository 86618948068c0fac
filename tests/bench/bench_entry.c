/* What one entry costs: made by its author, checked by its receiver, and the parts of both. The
 * content is an alert of about 1 KiB, another one each time. usage: bench_entry [ROUNDS]
 */
#include "protocol/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONTENTS = 256 };

static const char form[] =
    "{\"headline\":\"Protonitazene in counterfeit tablets %016llx\",\"urgency\":\"immediate\","
    "\"substance\":{\"names\":[{\"lang\":\"en\",\"name\":\"Protonitazene\"},{\"lang\":\"zh\","
    "\"name\":\"丙托尼秦\"}],\"cas\":\"95958-84-2\",\"inchikey\":\"SJHUJFHOXYDSJY-UHFFFAOYSA-N\","
    "\"smiles\":\"CCCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN(CC)CC)cc1\",\"formula\":"
    "\"C23H30N4O3\"},\"basis\":\"seizure\",\"confidence\":\"confirmed\",\"methods\":[\"GC-MS\","
    "\"LC-QTOF-MS\"],\"sample\":{\"form\":\"tablet\",\"amount\":\"0.31 g\",\"place\":\"Guangzhou\","
    "\"collected\":\"2026-11-19\"},\"first_detected\":\"2026-11-23\",\"handling\":\"agencies\","
    "\"text\":{\"en\":\"%s\"},\"contact\":\"duty desk\"}";

struct load {
    unsigned rounds;
    char *text[CONTENTS];
    size_t text_size[CONTENTS];
    struct dl_buf leaf[CONTENTS], content[CONTENTS];
    json_t *parsed[CONTENTS];
    uint8_t salt[DL_LIMIT_SALT];
};

static uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252U;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static struct dl_entry_draft draft_of(const struct load *load, size_t i, char *id)
{
    uint8_t random[10];
    for (size_t k = 0; k < sizeof random; k++) {
        random[k] = (uint8_t)(next_random() >> 32);
    }
    dl_entry_id_make(1795511244123 + (int64_t)i, random, id);
    struct dl_entry_draft draft = {.kind = DL_KIND_ALERT,
                                   .marking = DL_MARKING_ACTUAL,
                                   .id = dl_view_str(id),
                                   .time_ms = 1795511244123,
                                   .content = load->parsed[i]};
    memcpy(draft.salt, load->salt, sizeof draft.salt);
    return draft;
}

static void must(enum dl_err err, const char *what)
{
    if (err != DL_OK) {
        fprintf(stderr, "%s: %s\n", what, dl_err_code(err));
        exit(1);
    }
}

static void prepare(struct load *load)
{
    for (size_t i = 0; i < CONTENTS; i++) {
        char filler[420];
        for (size_t k = 0; k + 1 < sizeof filler; k++) {
            filler[k] = "abcdefghijklmnopqrstuvwxyz012345"[next_random() >> 20 & 31];
        }
        filler[sizeof filler - 1] = '\0';
        int n = asprintf(&load->text[i], form, (unsigned long long)next_random(), filler);
        load->text_size[i] = n < 0 ? 0 : (size_t)n;
        dl_buf_init(&load->leaf[i], DL_LIMIT_LEAF);
        dl_buf_init(&load->content[i], DL_LIMIT_CONTENT);
        must(dl_json_parse(dl_view_of(load->text[i], load->text_size[i]), &load->parsed[i], NULL),
             "parse");
        char id[DL_ENTRY_ID_TEXT];
        struct dl_entry_draft draft = draft_of(load, i, id);
        must(dl_entry_make(&draft, &load->leaf[i], &load->content[i], NULL), "make");
    }
}

/* ---- what is measured: one step on one content ---- */

static void make(struct load *load, size_t i)
{
    char id[DL_ENTRY_ID_TEXT];
    json_t *json = NULL;
    must(dl_json_parse(dl_view_of(load->text[i], load->text_size[i]), &json, NULL), "parse");
    struct dl_entry_draft draft = draft_of(load, i, id);
    draft.content = json;
    dl_buf_reset(&load->leaf[i]);
    dl_buf_reset(&load->content[i]);
    must(dl_entry_make(&draft, &load->leaf[i], &load->content[i], NULL), "make");
    json_decref(json);
}

static void check(struct load *load, size_t i)
{
    struct dl_leaf leaf;
    struct dl_entry_octets entry = {dl_buf_view(&load->leaf[i]),
                                    dl_view_of(load->salt, sizeof load->salt),
                                    dl_buf_view(&load->content[i])};
    must(dl_entry_check(&entry, &leaf, NULL, NULL), "check");
}

static void decode_leaf(struct load *load, size_t i)
{
    struct dl_leaf leaf;
    must(dl_leaf_decode(dl_buf_view(&load->leaf[i]), &leaf), "leaf");
}

static void parse(struct load *load, size_t i)
{
    json_t *json = NULL;
    must(dl_json_parse(dl_buf_view(&load->content[i]), &json, NULL), "parse");
    json_decref(json);
}

static void write_canonical(struct load *load, size_t i)
{
    dl_buf_reset(&load->content[i]);
    must(dl_json_canonical(load->parsed[i], &load->content[i]), "canonical");
}

static void check_schema(struct load *load, size_t i)
{
    must(dl_kind_check(DL_KIND_ALERT, load->parsed[i], NULL), "schema");
}

static void commit_to(struct load *load, size_t i)
{
    (void)dl_entry_commitment(dl_view_of(load->salt, sizeof load->salt),
                              dl_buf_view(&load->content[i]));
}

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The best of five: what else runs here only adds. */
static double best_us(struct load *load, void (*step)(struct load *, size_t))
{
    double best = 1e9;
    for (int turn = 0; turn < 5; turn++) {
        double start = cpu_us();
        for (unsigned r = 0; r < load->rounds; r++) {
            for (size_t i = 0; i < CONTENTS; i++) {
                step(load, i);
            }
        }
        double us = (cpu_us() - start) / ((double)load->rounds * CONTENTS);
        best = us < best ? us : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    static struct load load = {.rounds = 40};
    static const struct {
        const char *figure;
        void (*step)(struct load *, size_t);
        double goal;
    } figures[] = {{"author: parse, check, make", make, 12},
                   {"receiver: check from octets", check, 12},
                   {"decode a leaf", decode_leaf, 0},
                   {"parse a content", parse, 0},
                   {"write a canonical content", write_canonical, 0},
                   {"check against the schema", check_schema, 3},
                   {"commitment", commit_to, 0}};
    if (argc > 1) {
        load.rounds = (unsigned)strtoul(argv[1], NULL, 10);
    }
    prepare(&load);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        double us = best_us(&load, figures[i].step);
        printf("%-30s %6.2f us", figures[i].figure, us);
        if (figures[i].goal > 0) {
            printf("   goal %2.0f us: %s", figures[i].goal,
                   us <= figures[i].goal ? "met" : "MISSED");
        }
        printf("\n");
    }
    printf("content %zu octets, leaf %zu octets\n", load.content[0].n, load.leaf[0].n);
    for (size_t i = 0; i < CONTENTS; i++) {
        json_decref(load.parsed[i]);
        dl_buf_fini(&load.leaf[i]);
        dl_buf_fini(&load.content[i]);
        free(load.text[i]);
    }
    return 0;
}
