/* A host for kernels that run in this process. */
#ifndef LAYERCAKE_TESTS_HOST_H
#define LAYERCAKE_TESTS_HOST_H

#include "layercake/choice.h"
#include "layercake/plugin.h"

/* The one host of the process. Workspace comes from the heap, so that AddressSanitizer guards it. */
const cake_host *cake_test_host(void);

/* Let it tell other sizes of the caches, for what kernels do only beyond them. */
void cake_test_host_caches(int64_t l2_bytes, int64_t l3_bytes);

/* What the plugin explained since the last call of this; "" if nothing. Valid until then. */
const char *cake_test_host_reason(void);

/* Bytes of workspace that are allocated now; free them all. */
uint64_t cake_test_host_workspace(void);
void cake_test_host_release(void);

/* What the kernel recorded of its choice since the last cake_test_host_forget_choice; "" if nothing. */
const char *cake_test_host_choice(void);
void cake_test_host_forget_choice(void);
/* 1: kernels that choose are to measure. */
void cake_test_host_tune(int32_t measure);

/* CAKE_ISA_... of this CPU and system (one of cpu_*.c). */
uint64_t cake_test_cpu_isa(void);

#endif
