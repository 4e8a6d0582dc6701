/* Whether the kernel lets this process count, and why not. */
#ifndef LAYERCAKE_MEASURE_PMU_H
#define LAYERCAKE_MEASURE_PMU_H

#include <stdbool.h>

#include "base/status.h"

/* True in a virtual machine, as far as it shows. */
bool cake_is_virtual_machine(void);

/* kernel.perf_event_paranoid; -100 where the kernel has no such thing. */
int cake_perf_paranoid(void);

/* Does the machine count instructions? CAKE_NOT_SUPPORTED with the reason and what mends it. */
cake_status cake_pmu_check(cake_error *why);

/* What errno means that perf_event_open returned: "kernel.perf_event_paranoid is 3 ...". */
cake_status cake_perf_explain(int error_number, bool hardware, cake_error *why);

#endif
