/* What depends on the architecture: a call into the plugin that is watched, caches, machine state. One arch_*.c is
 * compiled. */
#ifndef LAYERCAKE_WORKER_ARCH_H
#define LAYERCAKE_WORKER_ARCH_H

#include "worker/protocol.h"

typedef int32_t cake_run_function(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs);

/* Call run(ctx, inputs, outputs) and set *left to the CAKE_LEFT_... it is guilty of; what it changed is put
 * right again. */
int32_t cake_call_checked(cake_run_function *run, void *ctx, const cake_tensor *const *inputs,
                          const cake_tensor *const *outputs, uint32_t *left);

/* The floating-point control word that a batch must leave as it found it: mxcsr and the x87 control word, or 0. */
uint64_t cake_float_environment(void);
void cake_float_environment_reset(void);

/* Write the line that holds `at` back to memory and out of all caches; nothing where that cannot be done. */
void cake_flush_range(const void *at, uint64_t size_bytes);

/* Tell the core that this is a spin loop. */
void cake_spin_pause(void);

/* Fill the record's instruction, stack and error_code from a signal handler's context, where they are known. */
void cake_machine_state(const void *context, cake_fault *fault);

#endif
