/* The plugins of a run: found, vetted, asked what they are. */
#ifndef LAYERCAKE_RUN_PLUGINS_H
#define LAYERCAKE_RUN_PLUGINS_H

#include "plan/plugin_info.h"
#include "run/process.h"

/* Files that a worker had mapped after it loaded a plugin: libraries. */
typedef struct cake_loaded_list {
    char **paths;
    size_t count;
} cake_loaded_list;

typedef struct cake_plugins {
    cake_plugin_info *infos;
    cake_loaded_list *loaded;       /* of the same index */
    cake_plugin_file_image *images; /* of the same index */
    size_t count;
    uint32_t layers; /* of the sandbox, in force in the workers that were asked; all of them if none was */
} cake_plugins;

/* Load the wanted plugins (names of the search path or paths; none: every one of the search path), each in a worker
 * of its own. One that cannot be used is in the list with its problem. CAKE_E_USAGE: a name that nothing has. */
cake_status cake_plugins_load(cake_plugins *plugins, const char *const *wanted, size_t n_wanted,
                              const cake_worker_settings *settings, const cake_placement *placement,
                              cake_error *error);
void cake_plugins_free(cake_plugins *plugins);

/* The image of an info of the list. */
const cake_plugin_file_image *cake_plugins_image(const cake_plugins *plugins, const cake_plugin_info *info);

#endif
