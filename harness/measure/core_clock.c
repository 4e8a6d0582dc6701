#include "measure/core_clock.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "measure/isa.h"
#include "measure/peaks_kernels.h"

enum { MOST_CPUS = 4, WINDOWS = 3, RANGE_WINDOWS = 16, TURNS = 256 };
static const double window_s = 60e-6, range_window_s = 1.5e-3, clean_share = 0.985;

static const cake_peak_kernel *find_kernel(void)
{
    static const cake_peak_kernel *found;
    static bool looked;
    uint64_t isa;

    if (looked)
        return found;
    looked = true;
    isa = cake_isa_detect();
    for (size_t t = 0; cake_peak_tables[t]; t++)
        for (const cake_peak_kernel *kernel = cake_peak_tables[t]; kernel->kind; kernel++)
            if (!strcmp(kernel->kind, "clock") && (kernel->needs & isa) == kernel->needs)
                found = kernel;
    return found;
}

static double read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* GHz of the CPU that this thread is on, over about so long. `clean`: the thread had the CPU all the time. */
static double measure_here(const cake_peak_kernel *kernel, double seconds, bool *clean)
{
    double cpu = read_clock(CLOCK_THREAD_CPUTIME_ID), begin = read_clock(CLOCK_MONOTONIC), now, cycles = 0;

    do {
        cycles += kernel->run(NULL, 0, TURNS);
        now = read_clock(CLOCK_MONOTONIC);
    } while (now - begin < seconds);
    *clean = read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu >= clean_share * (now - begin);
    return cycles / (now - begin) * 1e-9;
}

double cake_core_clock(const cake_placement *placement)
{
    const cake_peak_kernel *kernel = find_kernel();
    double sum = 0;
    int cpus = 0;
    cake_affinity own;
    bool clean;

    if (!kernel || !cake_affinity_read(&own))
        return NAN;
    for (int cpu = 0; cpu < CAKE_MAX_CPUS && cpus < MOST_CPUS; cpu++) {
        double best = 0;

        if (!(placement->cpu_mask[cpu / CAKE_MASK_BITS] >> cpu % CAKE_MASK_BITS & 1) || !cake_affinity_take(cpu))
            continue;
        for (int w = 0; w < WINDOWS; w++)
            best = fmax(best, measure_here(kernel, window_s, &clean));
        sum += best;
        cpus++;
    }
    cake_affinity_restore(&own);
    return cpus > 0 ? sum / cpus : NAN;
}

bool cake_core_clock_range(const cake_topology *topology, double *slowest, double *fastest)
{
    const cake_peak_kernel *kernel = find_kernel();
    cake_placement placement;
    cake_affinity own;

    *slowest = INFINITY, *fastest = 0;
    if (!kernel || cake_topology_place(topology, 1, &placement, NULL) != CAKE_OK || !cake_affinity_read(&own) ||
        cake_placement_bind(&placement, 0, NULL) != CAKE_OK)
        return false;
    for (int w = 0; w < RANGE_WINDOWS; w++) {
        bool clean;
        double ghz = measure_here(kernel, range_window_s, &clean);

        if (!clean)
            continue;
        *slowest = fmin(*slowest, ghz);
        *fastest = fmax(*fastest, ghz);
    }
    cake_affinity_restore(&own);
    return *fastest > 0;
}
