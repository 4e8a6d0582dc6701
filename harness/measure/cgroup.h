/* What the control groups of this process allow. */
#ifndef LAYERCAKE_MEASURE_CGROUP_H
#define LAYERCAKE_MEASURE_CGROUP_H

#include <stdint.h>

typedef struct cake_cgroup {
    double cpus;          /* CPU quota, in CPUs: 1.5 = 150 ms in each 100 ms; 0 = none */
    int64_t memory_bytes; /* limit; 0 = none */
} cake_cgroup;

/* The tightest limits from this process's groups up to the root, versions 1 and 2. What cannot be read is no limit.
 * `proc` and `sys` are the roots of the file systems, "/proc" and "/sys" (others in tests). */
cake_cgroup cake_cgroup_read(const char *proc, const char *sys);

/* Seconds that this process's groups were stopped because their CPU quota was used up, since they began; NaN where
 * the system does not tell. */
double cake_cgroup_throttled(const char *proc, const char *sys);

#endif
