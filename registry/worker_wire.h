/* Between the program and directline-structure: blocks (a u32 length, then octets) each way, over
 * pipes. Numbers are big-endian.
 *
 * Request  = u8 kind, then
 *   RULES    two blocks for each rule file and its classes file first: name, JSON text
 *   ASK      u8 wants, u16 rule to draw (DL_WIRE_NO_RULE: none), block text
 * Answer   = u8 outcome, then
 *   OK       fields: u8 tag, block
 *   REFUSED  block with the reason in English
 * Answers come in the order of the requests.
 */
#ifndef DL_REGISTRY_WORKER_WIRE_H
#define DL_REGISTRY_WORKER_WIRE_H

enum {
    DL_WIRE_RULES = 1,
    DL_WIRE_ASK = 2,
    DL_WIRE_OK = 1,
    DL_WIRE_REFUSED = 2,
    DL_WIRE_NO_RULE = 0xffff
};

enum dl_wire_want {
    DL_WANT_MOL = 1 << 0,   /* the text is a MOL record, not SMILES */
    DL_WANT_RULES = 1 << 1, /* verdicts of class rules */
    DL_WANT_PRINT = 1 << 2, /* the Morgan fingerprint */
    DL_WANT_SVG = 1 << 3,
    DL_WANT_PLAIN = 1 << 4,  /* the text is a parent of our own: its identity is left out */
    DL_WANT_ESTERS = 1 << 5, /* what it is an ester or ether of */
    DL_WANT_SMILES = 1 << 6  /* canonical SMILES, of what was given and of its parent */
};

enum dl_wire_tag {
    DL_TAG_SMILES = 1,      /* canonical, of what was given; on request */
    DL_TAG_FORMULA,         /* Hill, of what was given */
    DL_TAG_INCHI,           /* standard */
    DL_TAG_INCHIKEY,        /* 27 octets */
    DL_TAG_PARENT_SMILES,   /* of the parent, where it is another; on request */
    DL_TAG_PARENT_INCHI,    /* these two always: of the parent, else of what was given */
    DL_TAG_PARENT_INCHIKEY, /* */
    DL_TAG_PARENT_FORMULA,
    DL_TAG_PLAIN_INCHIKEY, /* of the parent without isotope labels; present only where it has any */
    DL_TAG_MASS,           /* u32: of the parent, thousandths of u */
    DL_TAG_ISOMER_KEY,     /* u64: structure_worker_input.c */
    DL_TAG_PRINT,          /* 256 octets */
    DL_TAG_SVG,
    DL_TAG_MADE_OF,  /* each: 'e' ester or 'o' ether, an InChIKey, a block with the InChI */
    DL_TAG_VERDICT,  /* u16 rule, u8 verdict, u16 scaffold, u16 findings, each: u16 position, u8
                        kind, u16 choice, u16 atoms, u16 each; then u16 scaffold atoms, u16 each. */
    DL_TAG_FORM_KEY, /* u64: structure_worker_input.c */
    DL_TAG_MIXTURE   /* text: several substances together, and which */
};

enum {
    DL_WORKER_SMILES_MAX = 4096,
    DL_WORKER_TEXT_MAX = 1024 * 1024,
    DL_WORKER_HEAVY_MAX = 300,
    DL_WORKER_NESTING_MAX = 64,
    DL_WORKER_CPU_MS = 500, /* of processor time for one request */
    DL_WORKER_WALL_MS = 2000,
    DL_WORKER_FRAME_MAX = 4 * 1024 * 1024
};

#endif
