/* Architectures without a trampoline: calls are made, nothing is watched. */
#include "worker/arch.h"

int32_t cake_call_checked(cake_run_function *run, void *ctx, const cake_tensor *const *inputs,
                          const cake_tensor *const *outputs, uint32_t *left)
{
    *left = 0;
    return run(ctx, inputs, outputs);
}

uint64_t cake_float_environment(void)
{
    return 0;
}

void cake_float_environment_reset(void)
{
}

void cake_flush_range(const void *at, uint64_t size_bytes)
{
    (void)at;
    (void)size_bytes;
}

void cake_spin_pause(void)
{
}

void cake_machine_state(const void *context, cake_fault *fault)
{
    (void)context;
    (void)fault;
}
