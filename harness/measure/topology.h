/* The machine as hwloc sees it, and where to put threads: one a core, SMT siblings idle, as close together as the
 * machine allows, within what this process may use. */
#ifndef LAYERCAKE_MEASURE_TOPOLOGY_H
#define LAYERCAKE_MEASURE_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/status.h"

enum { CAKE_MAX_CPUS = 8192, CAKE_MAX_NODES = 1024, CAKE_MASK_BITS = 64 };

typedef struct cake_topology cake_topology;

/* Sizes in bytes, 0 where unknown. Of caches: of the first core that may be used. */
typedef struct cake_machine {
    char cpu[128];   /* the CPU's name */
    char arch[32];   /* "x86_64" */
    char host[65];   /* the machine's name */
    char kernel[65]; /* the kernel's release */
    int packages, numa_nodes, cores, cpus;
    int cores_allowed, cpus_allowed;
    char cpus_allowed_list[256]; /* "0-1,4" */
    double cpu_quota;            /* of the control group, in CPUs; 0 = none */
    int64_t memory_bytes, memory_limit_bytes;
    int64_t l1d_bytes, l2_bytes, l3_bytes;
    int cores_per_l3; /* cores that share one last-level cache */
    uint64_t isa;     /* CAKE_ISA_... */
} cake_machine;

/* Look at this machine; free with cake_topology_free. `synthetic`: NULL, or an imagined machine in hwloc's notation
 * ("package:2 l3:1 core:4 pu:2"), all of which may be used. */
cake_status cake_topology_load(const char *synthetic, cake_topology **out, cake_error *error);
void cake_topology_free(cake_topology *topology);

/* Valid as long as the topology. */
const cake_machine *cake_topology_machine(const cake_topology *topology);

/* Facts and the tree of packages, caches and cores, for people. */
void cake_topology_print(const cake_topology *topology, FILE *file);

/* Where a case's threads run. A plain value, which needs nothing else afterwards. */
typedef struct cake_placement {
    int threads;
    char cpuset[256]; /* "0-1": as many CPUs as threads, each of another core */
    char nodes[64];   /* "0": their NUMA nodes */
    int64_t l1d_bytes, l2_bytes, l3_bytes;
    int nodes_of_machine;
    unsigned long cpu_mask[CAKE_MAX_CPUS / CAKE_MASK_BITS];
    unsigned long node_mask[CAKE_MAX_NODES / CAKE_MASK_BITS];
} cake_placement;

/* Choose CPUs for `threads` threads: of the fastest kind of core, under the smallest part of the machine (cache, NUMA
 * node, package) that has enough of them, the first ones in it. CAKE_E_USAGE where fewer cores, or less CPU time, are
 * allowed. */
cake_status cake_topology_place(const cake_topology *topology, int threads, cake_placement *placement,
                                cake_error *error);

/* Bind the process `pid` (0: this one), that is its thread that runs and those that it will start. These three call
 * the kernel and nothing else, so that they may be used between fork and exec; there with error NULL.
 * Threads are bound to the whole set; which one runs on which of its CPUs is left to the system and thread pools. */
cake_status cake_placement_bind(const cake_placement *placement, pid_t pid, cake_error *error);

/* Where the calling thread may run, kept to be restored; and move it to one CPU. False where the system refuses. */
typedef struct cake_affinity {
    unsigned long cpu_mask[CAKE_MAX_CPUS / CAKE_MASK_BITS];
} cake_affinity;
bool cake_affinity_read(cake_affinity *own);
bool cake_affinity_take(int cpu);
void cake_affinity_restore(const cake_affinity *own);

/* Take the calling thread off the placement's CPUs, so that it never runs where what it measures wants to. `own` gets the
 * CPUs that it had, for cake_affinity_restore. False, and nothing changed, where it would have none left. */
bool cake_placement_avoid(const cake_placement *placement, cake_affinity *own);

/* Have memory that this process touches first, also after exec, come from the placement's NUMA nodes. */
cake_status cake_placement_bind_memory(const cake_placement *placement, cake_error *error);

/* The same for the pages of one mapping, whoever touches them first; page-aligned. For shared memory. */
cake_status cake_placement_bind_area(const cake_placement *placement, void *area, size_t size_bytes,
                                     cake_error *error);

#endif
