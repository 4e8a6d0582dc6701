/* Allocates 64 GB. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    char *much = malloc(UINT64_C(64) << 30);

    if (!much)
        return CAKE_NO_MEMORY;
    memset(much, 1, UINT64_C(64) << 30);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
