/* What a compiled schema consists of: made in schema_compile.c, read in schema.c. */
#ifndef DL_PROTOCOL_SCHEMA_INTERNAL_H
#define DL_PROTOCOL_SCHEMA_INTERNAL_H

#include "protocol/schema.h"

enum { DL__SCHEMA_CHOICES = 16 };

enum type_bit {
    TYPE_OBJECT = 1 << JSON_OBJECT,
    TYPE_ARRAY = 1 << JSON_ARRAY,
    TYPE_STRING = 1 << JSON_STRING,
    TYPE_INTEGER = 1 << JSON_INTEGER,
    TYPE_BOOLEAN = 1 << JSON_TRUE | 1 << JSON_FALSE,
    TYPE_NULL = 1 << JSON_NULL
};

enum format {
    FORMAT_NONE,
    FORMAT_CAS,
    FORMAT_INCHIKEY,
    FORMAT_UNII,
    FORMAT_LANGUAGE,
    FORMAT_PARTIAL_DATE,
    FORMAT_DATE,
    FORMAT_ENTRY_REF,
    FORMAT_NAME,
    FORMAT_LINE,
    FORMAT_AMOUNT,
    FORMAT_LONG_TEXT,
    FORMATS
};

struct member {
    char *name;
    struct dl_schema *schema;
    bool required;
};

struct dl_schema {
    unsigned types;
    enum format format;
    size_t min_length, max_length; /* characters */
    size_t min_items, max_items, min_members;
    char *choices[DL__SCHEMA_CHOICES]; /* enum */
    size_t n_choices;
    struct dl_schema *items;
    struct member *members;
    size_t n_members;
    char *any_of[DL__SCHEMA_CHOICES]; /* one of these members is required */
    size_t n_any_of;
};

#endif
