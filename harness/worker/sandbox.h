/* What a worker gives up before it loads a plugin. One function a layer; each can be missing in the kernel or
 * forbidden by the container that this runs in, and then says so. */
#ifndef LAYERCAKE_WORKER_SANDBOX_H
#define LAYERCAKE_WORKER_SANDBOX_H

#include <stdbool.h>

#include "worker/protocol.h"

/* Apply the wanted layers (CAKE_LAYER_...) that this system has; returns those in force. */
uint32_t cake_sandbox_enter(const cake_request_load *request);

/* May read and run the system's libraries and read what tells of the CPU; nothing else of the file system, no TCP, no
 * signals to others. `in_place`: a plugin's path whose folder may be read too, or NULL. */
bool cake_sandbox_landlock(const char *in_place);

/* May make the system calls of computing: memory, threads, reading. Others end the worker and are told by name, or
 * fail with an error where programs ask harmlessly. */
bool cake_sandbox_seccomp(void);

/* Program and libraries as loaded until now can no longer be remapped or made writable. */
bool cake_sandbox_seal(void);

#endif
