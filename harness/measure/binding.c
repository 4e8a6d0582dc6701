/* The part of topology.h that runs between fork and exec: system calls only, no hwloc. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "measure/topology.h"

_Static_assert(sizeof(unsigned long) * 8 == CAKE_MASK_BITS, "masks are made of 64-bit words");

cake_status cake_placement_bind(const cake_placement *placement, pid_t pid, cake_error *error)
{
    if (syscall(SYS_sched_setaffinity, pid, sizeof placement->cpu_mask, placement->cpu_mask) == 0)
        return CAKE_OK;
    return error ? cake_fail(error, CAKE_E_IO, "cannot bind process %d to CPUs %s: %s", (int)pid, placement->cpuset,
                             strerror(errno))
                 : CAKE_E_IO;
}

bool cake_affinity_read(cake_affinity *own)
{
    memset(own, 0, sizeof *own);
    return syscall(SYS_sched_getaffinity, 0, sizeof own->cpu_mask, own->cpu_mask) >= 0;
}

bool cake_affinity_take(int cpu)
{
    cake_affinity only = {{0}};

    only.cpu_mask[cpu / CAKE_MASK_BITS] = 1UL << cpu % CAKE_MASK_BITS;
    return syscall(SYS_sched_setaffinity, 0, sizeof only.cpu_mask, only.cpu_mask) == 0;
}

void cake_affinity_restore(const cake_affinity *own)
{
    syscall(SYS_sched_setaffinity, 0, sizeof own->cpu_mask, own->cpu_mask);
}

bool cake_placement_avoid(const cake_placement *placement, cake_affinity *own)
{
    cake_affinity rest;
    bool any = false;

    if (!cake_affinity_read(own))
        return false;
    for (size_t i = 0; i < sizeof rest.cpu_mask / sizeof *rest.cpu_mask; i++) {
        rest.cpu_mask[i] = own->cpu_mask[i] & ~placement->cpu_mask[i];
        any |= rest.cpu_mask[i] != 0;
    }
    return any && syscall(SYS_sched_setaffinity, 0, sizeof rest.cpu_mask, rest.cpu_mask) == 0;
}

/* With one node there is nothing to choose, and containers often forbid these calls. */
cake_status cake_placement_bind_memory(const cake_placement *placement, cake_error *error)
{
    if (placement->nodes_of_machine < 2 ||
        syscall(SYS_set_mempolicy, MPOL_BIND, placement->node_mask, (unsigned long)CAKE_MAX_NODES) == 0)
        return CAKE_OK;
    return error ? cake_fail(error, CAKE_E_IO, "cannot bind memory to NUMA nodes %s: %s", placement->nodes,
                             strerror(errno))
                 : CAKE_E_IO;
}

cake_status cake_placement_bind_area(const cake_placement *placement, void *area, size_t size_bytes,
                                     cake_error *error)
{
    if (placement->nodes_of_machine < 2 || syscall(SYS_mbind, area, size_bytes, MPOL_BIND, placement->node_mask,
                                                   (unsigned long)CAKE_MAX_NODES, MPOL_MF_MOVE) == 0)
        return CAKE_OK;
    return error ? cake_fail(error, CAKE_E_IO, "cannot bind memory to NUMA nodes %s: %s", placement->nodes,
                             strerror(errno))
                 : CAKE_E_IO;
}
