/* Says that it cannot. */
#include "fault.h"

static int32_t never(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    (void)kernel;
    (void)problem;
    host->explain(host, "not today");
    return CAKE_UNSUPPORTED;
}

FAULT_TABLES(fault_honest, never, fault_run, CAKE_ABI_MAJOR);
FAULT_ENTRY
