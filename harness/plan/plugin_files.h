/* Plugin files by name or path. Nothing is opened here: vetting and loading are the runner's. */
#ifndef LAYERCAKE_PLAN_PLUGIN_FILES_H
#define LAYERCAKE_PLAN_PLUGIN_FILES_H

#include <stddef.h>

#include "base/status.h"

typedef struct cake_plugin_file {
    char *name; /* "avx2": the file's name without folder and ".so" */
    char *path;
    char *shadowed_by; /* the path of the one of the same name that was found first, or NULL: this is it */
} cake_plugin_file;

typedef struct cake_plugin_files {
    cake_plugin_file *files; /* in order of search, in a folder by name */
    size_t count;
} cake_plugin_files;

/* Every plugin of the search path, the shadowed ones too: the folders of LAYERCAKE_PLUGIN_PATH (colons between them),
 * plugins/ beside the program, ../lib*<...>/layercake/plugins from there. */
cake_status cake_plugin_files_find(cake_plugin_files *files, cake_error *error);

/* The path of each plugin asked for, by name from the search path or by path ("./x.so", "x.so": with a '/' or ".so"
 * at its end); none asked for: all that are not shadowed. The same file twice is one. CAKE_E_USAGE: no such plugin,
 * with the nearest name; none at all. */
cake_status cake_plugin_files_choose(const char *const *wanted, size_t n_wanted, cake_plugin_files *chosen,
                                     cake_error *error);

void cake_plugin_files_free(cake_plugin_files *files);

#endif
