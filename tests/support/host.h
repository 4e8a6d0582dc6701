/* A host for kernels that run in this process. */
#ifndef LAYERCAKE_TESTS_HOST_H
#define LAYERCAKE_TESTS_HOST_H

#include "layercake/plugin.h"

/* The one host of the process. Workspace comes from the heap, so that AddressSanitizer guards it. */
const cake_host *cake_test_host(void);

/* What the plugin explained since the last call of this; "" if nothing. Valid until then. */
const char *cake_test_host_reason(void);

/* Bytes of workspace that are allocated now; free them all. */
uint64_t cake_test_host_workspace(void);
void cake_test_host_release(void);

/* CAKE_ISA_... of this CPU and system (one of cpu_*.c). */
uint64_t cake_test_cpu_isa(void);

#endif
