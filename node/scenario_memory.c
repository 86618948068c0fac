/* Scenarios from files, and their end. */
#include "node/folder.h"
#include "node/scenario_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names count from the folder of the script that was opened; nothing above it is read. */
static enum dl_err read_beside(void *context, const char *from, const char *name,
                               struct dl_buf *out)
{
    const char *folder = context;
    if (from != NULL && (name[0] == '/' || strstr(name, "..") != NULL)) {
        return DL_E_INPUT;
    }
    return dl_folder_read(folder, name, out);
}

enum dl_err dl_scenario_open(const char *path, const char *const *settings, size_t n_settings,
                             struct dl_scenario **out, struct dl_problems *problems)
{
    char folder[DL_FOLDER_PATH];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 1 : (int)(slash - path);
    snprintf(folder, sizeof folder, "%.*s", n == 0 ? 1 : n, slash == NULL ? "." : path);
    struct dl_scenario_source source = {.read = read_beside, .context = folder};
    return dl_scenario_read(&source, slash == NULL ? path : slash + 1, settings, n_settings, out,
                            problems);
}

static void title_fini(struct dl_title *title)
{
    free(title->en);
    free(title->zh);
}

static void free_injects(struct dl_scenario *x)
{
    for (size_t i = 0; i < x->n_injects; i++) {
        dl__conditions_fini(&x->injects[i].when);
        dl__said_fini(&x->injects[i].said);
        free(x->injects[i].text);
        title_fini(&x->injects[i].title);
    }
    free(x->injects);
}

static void free_expectations(struct dl_scenario *x)
{
    for (size_t i = 0; i < x->n_expectations; i++) {
        dl__conditions_fini(&x->expectations[i].of);
        free(x->expectations[i].text);
    }
    for (size_t i = 0; i < x->n_objectives; i++) {
        free(x->objectives[i].id);
        title_fini(&x->objectives[i].title);
    }
    for (size_t i = 0; i < x->n_aborts; i++) {
        dl__conditions_fini(&x->aborts[i].when);
        free(x->aborts[i].text);
    }
    free(x->expectations);
    free(x->objectives);
    free(x->aborts);
}

static void free_names(struct dl_scenario *x)
{
    for (size_t i = 0; i < x->n_agencies; i++) {
        title_fini(&x->agencies[i].name);
    }
    for (size_t i = 0; i < x->n_people; i++) {
        free(x->people[i].name);
        free(x->people[i].role);
    }
    for (size_t i = 0; i < x->n_settings; i++) {
        free(x->settings[i].name);
        free(x->settings[i].value);
    }
    for (size_t i = 0; i < x->n_files; i++) {
        free(x->files[i]);
    }
    free(x->people);
    free(x->settings);
    free(x->files);
}

void dl_scenario_free(struct dl_scenario **scenario)
{
    struct dl_scenario *x = *scenario;
    if (x == NULL) {
        return;
    }
    free_injects(x);
    free_expectations(x);
    free_names(x);
    title_fini(&x->title);
    free(x->id);
    free(x->class_name);
    free(x);
    *scenario = NULL;
}
