/* What a worker gives up before it loads a plugin. */
#ifndef LAYERCAKE_WORKER_SANDBOX_H
#define LAYERCAKE_WORKER_SANDBOX_H

#include "worker/protocol.h"

/* Apply the wanted layers (CAKE_LAYER_...) that this system has; returns those in force. A layer that should work and
 * fails is named in `text`. */
uint32_t cake_sandbox_enter(const cake_request_load *request, char *text);

#endif
