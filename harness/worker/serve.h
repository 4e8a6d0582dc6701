/* Answering the coordinator's requests: all that a worker does. */
#ifndef LAYERCAKE_WORKER_SERVE_H
#define LAYERCAKE_WORKER_SERVE_H

#include <stdbool.h>

#include "worker/protocol.h"

/* Serve until the request to quit is answered. False: the coordinator went away or said something unheard of. One at
 * a time in a process. */
bool cake_serve(int socket, int plugin_file, cake_shared *shared);

/* Calls the kernel that is open. Its name is what callgrind is told to count inside of; nothing else calls it. */
int32_t cake_counted_call(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs);

#endif
