/* The plugin: loaded, vetted, described. */
#ifndef LAYERCAKE_WORKER_LOAD_H
#define LAYERCAKE_WORKER_LOAD_H

#include "worker/protocol.h"

/* Load the plugin from the descriptor (or in place), call its entry, check its table, copy the table's contents to
 * shared->plugin. Sets *plugin. On another outcome than CAKE_OUTCOME_DONE `text` (CAKE_WIRE_TEXT) says why. */
cake_outcome cake_load(const cake_request_load *request, int plugin_file, const cake_host *host, cake_shared *shared,
                       const cake_plugin **plugin, char *text);

#endif
