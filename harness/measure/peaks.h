/* What this machine can do at best, measured and not read off a datasheet: multiply-add rate for each vector width,
 * read, write and copy bandwidth of each cache level and of memory, for 1 .. n threads, one a core. And from that the
 * least time that a case can take (Williams, Waterman, Patterson 2009, "Roofline: an insightful visual performance
 * model for multicore architectures"). 1 GB is 10^9 bytes, 1 GFLOP 10^9. */
#ifndef LAYERCAKE_MEASURE_PEAKS_H
#define LAYERCAKE_MEASURE_PEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"
#include "measure/topology.h"

enum { CAKE_PEAK_LEVELS = 4 };

/* The memory of a level that threads on that many cores have; the last one is memory itself. */
typedef enum cake_level {
    CAKE_LEVEL_L1,
    CAKE_LEVEL_L2,
    CAKE_LEVEL_L3,
    CAKE_LEVEL_MEMORY,
    CAKE_LEVEL_CORE
} cake_level;

/* "L1", "L2", "L3", "memory", "core" (arithmetic). */
const char *cake_level_name(cake_level level);

typedef struct cake_peak {
    char kind[16]; /* clock, f32_fma, bf16_dot, int8_dot, read, write, write_nt (past the caches), copy, copy_nt */
    char isa[16];  /* 128-bit, avx2, avx512, avx512_bf16, avx512_vnni */
    cake_level level;
    int threads;
    double value; /* of all threads together; of copy: bytes read and bytes written; the clock is an average */
    char unit[12];
} cake_peak;

/* A table of them. Zeroed it is empty. */
typedef struct cake_peaks {
    size_t count;
    cake_peak *rows;
    int64_t cache_bytes[CAKE_LEVEL_MEMORY]; /* L1d and L2 of a core, L3 of the cores that share it; 0 unknown */
    int cores_per_l3;
    uint64_t isa;
    size_t disturbed; /* rows that are too low, for other programs used the CPUs all the time */
    size_t raises;    /* how often cake_peaks_raise measured again */
} cake_peaks;

void cake_peaks_free(cake_peaks *peaks);

/* Measure for each number of threads (each as cake_topology_place takes it); about a second for each. The machine
 * should be idle otherwise. CAKE_E_USAGE, CAKE_E_MEMORY, CAKE_E_INTERNAL. */
cake_status cake_peaks_measure(const cake_topology *topology, const int *threads, size_t n_threads, cake_peaks *out,
                               cake_error *error);

/* Measure again for that many threads, and keep the higher of old and new: a virtual machine's clock is faster in one
 * minute than in the next. Takes about a second. Nothing else may run. */
cake_status cake_peaks_raise(const cake_topology *topology, int threads, cake_peaks *peaks, cake_error *error);

/* 1, 2, 4, ... and all cores that may be used. `threads` holds 32. Returns how many. */
size_t cake_peaks_threads(const cake_topology *topology, int *threads);

/* The table as CSV: kind,isa,level,threads,value,unit. */
void cake_peaks_write_csv(const cake_peaks *peaks, FILE *file);

/* The peaks of this machine as last measured, kept in a file under $XDG_CACHE_HOME or ~/.cache, in layercake/, whose
 * name tells CPU, caches and allowed CPUs apart. CAKE_NOT_FOUND: none are kept. */
cake_status cake_peaks_load(const cake_topology *topology, cake_peaks *out, cake_error *error);
cake_status cake_peaks_save(const cake_topology *topology, const cake_peaks *peaks, cake_error *error);

/* Load them, or measure them and save them if they were not disturbed. A file that cannot be written is no failure.
 * `measured` (may be NULL): whether they are new. */
cake_status cake_peaks_get(const cake_topology *topology, cake_peaks *out, bool *measured, cake_error *error);

/* The best value of that kind and level, whatever the ISA: of `threads` threads if they were measured; else of the
 * next larger number, but no more than `threads` single ones could; else of the single one times `threads`. NaN where
 * nothing is known. `kind` NULL: the best of all kinds of traffic. */
double cake_peaks_find(const cake_peaks *peaks, const char *kind, cake_level level, int threads);

/* --- Roofline ------------------------------------------------------------------------------------------------ */

typedef struct cake_work {
    double flops;  /* that the algorithm needs; 0 = not known */
    double bytes;  /* different bytes that it touches: the working set */
    int32_t dtype; /* CAKE_F32, ...: of the products */
    int threads;
    bool cold;        /* nothing is in a cache before the call */
    double clock_ghz; /* of its cores meanwhile; 0 or NaN = as when the peaks were measured */
} cake_work;

typedef struct cake_roofline {
    double bound_ns;   /* the larger of the two; NaN where nothing is known */
    double compute_ns; /* at the multiply-add peak */
    double memory_ns;
    cake_level level; /* what bounds: CAKE_LEVEL_CORE for arithmetic */
} cake_roofline;

/* The least time of one call.
 *
 * Memory: of the bytes that a call touches, each cache can hold at most its size from the call before; the rest comes
 * from further out, and crosses the caches in between. So W bytes take at least, for each level l,
 *     (W - size of all caches nearer than l) / bandwidth of l,
 * and since levels work at the same time, the largest of these. Exact sizes matter little: bandwidths differ more.
 *
 * A clock above the one at which the peaks were measured raises those of the cores and their caches with it: a virtual
 * machine's is faster in one minute than in the next. A slower one lowers none: it is the machine's loss. */
cake_roofline cake_peaks_roofline(const cake_peaks *peaks, const cake_work *work);

#endif
