/* Answering the coordinator's requests: all that a worker does. */
#ifndef LAYERCAKE_WORKER_SERVE_H
#define LAYERCAKE_WORKER_SERVE_H

#include <stdbool.h>

#include "worker/protocol.h"

/* Serve until the request to quit is answered. False: the coordinator went away or said something unheard of. One at
 * a time in a process. */
bool cake_serve(int socket, int plugin_file, cake_shared *shared);

#endif
