/* A registry small enough to read, made from text: one file may be replaced by a test's own. */
#ifndef DL_TESTS_UNIT_REGISTRY_SMALL_REGISTRY_H
#define DL_TESTS_UNIT_REGISTRY_SMALL_REGISTRY_H

#include "registry/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct small_file {
    const char *name;
    const char *text;
};

#define SMALL_KEY_A "PJMPHNIQZUBGLI-UHFFFAOYSA-N"
#define SMALL_KEY_B "UVXUYNKZVXZVLH-UHFFFAOYSA-N"

static const struct small_file small_files[] = {
    {"release.csv", "recorded,note\n2024-01-01,\n"},
    {"reach.csv", "jurisdiction,name_en,name_zh,data_from,data_until,note\n"
                  "CN,China,中国,2014-01-01,2024-12-31,\n"},
    {"cn/instruments.csv",
     "id,title,title_local,issuer,number,announced,in_force,until,replaces,action,substances,"
     "source,verification,note\n"
     "CN-A,First,,Ministry,1,2013-11-11,2014-01-01,,,,,gazette,official,\n"
     "CN-B,Second,,Ministry,2,2025-07-01,2025-07-21,,,,,gazette,official,\n"},
    {"cn/lists.csv", "list,title,words,schedule,in_force,until,ended_by,successors,source,"
                     "verification,note\n"
                     "CN-OLD,Old,旧,narcotic,2014-01-01,2025-07-21,CN-B,CN-NEW,instrument CN-A,"
                     "official,\n"
                     "CN-NEW,New,新,narcotic,2025-07-21,,,,instrument CN-B,official,\n"},
    {"substances/substances.csv",
     "key,kind,name,name_zh,formula,smiles,inchi,stereo,method,source,verification,"
     "note\n" SMALL_KEY_A
     ",chemical,Fentanyl,芬太尼,C22H28N2O,C,InChI=1S/a,none,opsin,x,two-sources,\n" SMALL_KEY_B
     ",chemical,Sufentanil,,C22H30N2O2S,C,InChI=1S/b,none,opsin,x,two-sources,\n"
     "plant:khat,plant,Khat,,,,,,,row CN-OLD/2,official,\n"},
    {"substances/names.csv",
     "substance,lang,kind,name,known_from,known_until,source,verification\n" SMALL_KEY_A
     ",en,main,Fentanyl,,,x,two-sources\n" SMALL_KEY_B ",en,main,Sufentanil,,,x,two-sources\n"
     "plant:khat,en,main,Khat,,,row CN-OLD/2,official\n" SMALL_KEY_A
     ",zh,synonym,芬太尼,,,x,two-sources\n"},
    {"substances/identifiers.csv", "kind,value,substance,role,source,verification\n"
                                   "cas,437-38-7," SMALL_KEY_A ",own,x,two-sources\n"
                                   "cas,56030-54-7," SMALL_KEY_B ",own,x,two-sources\n"},
    {"cn/listings.csv",
     "row,list,entry,kind,substance,name_en,name_local,chemical_name,cas,code,in_force,listed_by,"
     "until,gone_by,instrument,ended_by,words,parent,scope,exemption,source,verification,"
     "verification_dates,note\n"
     "CN-OLD/1,CN-OLD,1,named," SMALL_KEY_A ",Fentanyl,芬太尼,,437-38-7,,2014-01-01,2014-01-01,"
     "2025-07-21,,CN-A,CN-B,,,salts,,gazette,official,official,\n"
     "CN-OLD/2,CN-OLD,2,plant,plant:khat,Khat,,,,,2014-01-01,2014-01-01,2025-07-21,,CN-A,CN-B,,,,,"
     "gazette,official,official,\n"
     "CN-NEW/9,CN-NEW,9,named," SMALL_KEY_A ",Fentanyl,芬太尼,,,,2025-07-21,2025-07-21,,,CN-B,,,,"
     "salts,,gazette,two-sources,official,\n"},
};
enum { SMALL_FILES = sizeof small_files / sizeof *small_files };

struct small_registry {
    struct dl_store *store;
    char path[512];
    const struct small_file *own; /* the one file that differs; NULL for none */
};

static enum dl_err small_read(void *context, const char *name, struct dl_view *out)
{
    const struct small_registry *small = context;
    *out = dl_view_of(NULL, 0);
    for (size_t i = 0; i < SMALL_FILES; i++) {
        if (strcmp(small_files[i].name, name) == 0) {
            *out = dl_view_str(small_files[i].text);
        }
    }
    if (small->own != NULL && strcmp(small->own->name, name) == 0) {
        *out = dl_view_str(small->own->text);
    }
    return DL_OK;
}

static char *small_schema(void)
{
    FILE *file = fopen(DL_TESTS_DIR "/../registry/schema/registry.sql", "rb");
    char *text = calloc(1, 65536);
    if (file == NULL || text == NULL || fread(text, 1, 65535, file) == 0) {
        abort();
    }
    (void)fclose(file);
    return text;
}

static void small_close(struct small_registry *small)
{
    dl_store_close(&small->store);
    (void)unlink(small->path);
}

/* What the loader says; the store stays open only where it is DL_OK. */
static enum dl_err small_open(struct small_registry *small, const struct small_file *own,
                              struct dl_error *error)
{
    char *schema = small_schema();
    memset(small, 0, sizeof *small);
    small->own = own;
    (void)snprintf(small->path, sizeof small->path, "%s/small-%d.db", DL_BUILD_DIR, (int)getpid());
    (void)unlink(small->path);
    struct dl_store_config config = {
        .path = small->path, .schema = schema, .version = DL_REGISTRY_VERSION};
    enum dl_err err = dl_store_open(&config, &small->store, error);
    free(schema);
    if (err == DL_OK) {
        struct dl_load load = {.store = small->store, .read = small_read, .context = small};
        err = dl_registry_load(&load, error);
    }
    if (err != DL_OK) {
        small_close(small);
    }
    return err;
}

#endif
