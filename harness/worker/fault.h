/* The record of a worker's first fault. */
#ifndef LAYERCAKE_WORKER_FAULT_H
#define LAYERCAKE_WORKER_FAULT_H

#include <stdbool.h>

#include "worker/protocol.h"

/* Exit codes of a worker: it wrote a record; the coordinator went away or said something unheard of. */
enum { CAKE_EXIT_FAULT = 77, CAKE_EXIT_PROTOCOL = 78 };

/* Handle the deadly signals on a stack of their own: write the first fault into `fault`, then end the process. */
bool cake_fault_watch(cake_fault *fault);

/* Where the plugin is mapped, for the coordinator to tell its functions. */
void cake_fault_plugin(cake_fault *fault, const void *symbol);

#endif
