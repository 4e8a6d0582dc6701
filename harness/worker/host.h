/* The host table that a worker offers its plugin. */
#ifndef LAYERCAKE_WORKER_HOST_H
#define LAYERCAKE_WORKER_HOST_H

#include "worker/protocol.h"

/* Fill the process's one host table from the request. */
const cake_host *cake_host_make(const cake_request_load *request);

/* What the plugin explained since the last call, and forget it; never NULL. */
const char *cake_host_explanation(void);
void cake_host_forget(void);

/* What the plugin recorded of its choice since the host was made; never NULL. */
const char *cake_host_choice(void);

/* Most workspace in use at one time since the last cake_host_free_all, in bytes. */
uint64_t cake_host_workspace_bytes(void);

/* Call `visit` for each block of workspace. */
void cake_host_each(void (*visit)(void *memory, uint64_t size_bytes));

/* Free what the plugin left. */
void cake_host_free_all(void);

#endif
