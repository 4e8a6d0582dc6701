#include <math.h>
#include <string.h>

#include "layercake/plugin.h"
#include "measure/peaks.h"

static bool matches(const cake_peak *row, const char *kind, cake_level level)
{
    if (row->level != level)
        return false;
    return kind ? !strcmp(row->kind, kind) : !strcmp(row->unit, "GB/s");
}

double cake_peaks_find(const cake_peaks *peaks, const char *kind, cake_level level, int threads)
{
    double single = NAN, exact = NAN, above = NAN;
    int above_threads = 0;

    for (size_t i = 0; i < peaks->count; i++) {
        const cake_peak *row = &peaks->rows[i];

        if (!matches(row, kind, level))
            continue;
        if (row->threads == 1)
            single = fmax(single, row->value);
        if (row->threads == threads)
            exact = fmax(exact, row->value);
        if (row->threads > threads && (!above_threads || row->threads < above_threads)) {
            above = row->value;
            above_threads = row->threads;
        } else if (row->threads == above_threads) {
            above = fmax(above, row->value);
        }
    }
    return isnan(exact) ? fmin(above, threads * single) : exact;
}

/* Operations a second with numbers of that type; NaN where it is not known. Kernels may always compute in f32. */
static double compute_peak(const cake_peaks *peaks, int32_t dtype, int threads)
{
    double f32 = cake_peaks_find(peaks, "f32_fma", CAKE_LEVEL_CORE, threads);

    if (dtype == CAKE_F32)
        return f32 * 1e9;
    if (peaks->isa & CAKE_ISA_AMX) /* its tiles are faster than all that is measured here */
        return NAN;
    return 1e9 *
           fmax(f32, cake_peaks_find(peaks, dtype == CAKE_BF16 ? "bf16_dot" : "int8_dot", CAKE_LEVEL_CORE, threads));
}

/* Bytes that the caches nearer than `level` hold for that many threads. */
static double held_nearer(const cake_peaks *peaks, cake_level level, int threads)
{
    int sharing = peaks->cores_per_l3 > 0 ? peaks->cores_per_l3 : threads;
    int l3_caches = (threads + sharing - 1) / sharing;
    double bytes = 0;

    for (int nearer = CAKE_LEVEL_L1; nearer < (int)level; nearer++)
        bytes += (double)peaks->cache_bytes[nearer] * (nearer == CAKE_LEVEL_L3 ? l3_caches : threads);
    return bytes;
}

/* How much faster the cores were than when the peaks were measured; 1 where they were not, or nobody knows. */
static double faster_clock(const cake_peaks *peaks, const cake_work *work)
{
    double then = cake_peaks_find(peaks, "clock", CAKE_LEVEL_CORE, work->threads), faster = work->clock_ghz / then;

    return faster > 1 ? faster : 1;
}

cake_roofline cake_peaks_roofline(const cake_peaks *peaks, const cake_work *work)
{
    cake_roofline roofline = {NAN, NAN, NAN, CAKE_LEVEL_CORE};
    double faster = faster_clock(peaks, work);

    if (work->flops > 0)
        roofline.compute_ns = work->flops / (faster * compute_peak(peaks, work->dtype, work->threads)) * 1e9;
    roofline.bound_ns = roofline.compute_ns;
    for (int level = CAKE_LEVEL_L1; level <= CAKE_LEVEL_MEMORY; level++) {
        double held = work->cold ? 0 : held_nearer(peaks, (cake_level)level, work->threads);
        double rate = cake_peaks_find(peaks, NULL, (cake_level)level, work->threads);
        double ns = fmax(work->bytes - held, 0) / rate; /* bytes / (GB/s) = ns */

        if (isnan(ns))
            continue;
        if (level != CAKE_LEVEL_MEMORY)
            ns /= faster;
        roofline.memory_ns = fmax(roofline.memory_ns, ns);
        if (!(roofline.bound_ns >= ns)) {
            roofline.bound_ns = ns;
            roofline.level = (cake_level)level;
        }
    }
    return roofline;
}
