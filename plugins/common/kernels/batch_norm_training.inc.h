/* batch_norm, training: mean and variance are the batch's. A unit is what one vector of statistics covers: a channel
 * (nchw) or a block of VEC_LANES channels (blocked, where each lane has its own). With units for all threads, one
 * phase: an item is a unit, its moments over all images and then its result. Else each unit is cut into parts
 * of its images' planes: a phase of the parts' moments, and a phase in which each part joins them and writes.
 *
 * Floor: x read once and y written once while a unit of all images stays in L2, else x read twice. */
#include <math.h>

#include "common/kernels/kernels.h"
#include "common/kernels/moments.inc.h"
#include "common/kernels/scale_run.inc.h"
#include "common/kernels/workspace.h"

enum { BATCH_NORM_SLICE = MOMENTS_CHUNK }; /* floats of a plane that are not cut further */

typedef struct batch_norm_training {
    const cake_host *host;
    cake_batch_norm op;
    int64_t units, plane; /* of an image; floats of a unit's plane */
    int64_t slices;       /* of a plane */
    int64_t parts;        /* of a unit */
    int lanes;            /* channels of a unit: 1 or VEC_LANES */
    const float *scale, *shift;
    moments *partial; /* [units][parts][lanes], if parts > 1 */
} batch_norm_training;

static void batch_norm_training_close(void *ctx)
{
    batch_norm_training *n = ctx;

    workspace_free(n->host, n->partial);
    n->host->free(n->host, n);
}

static int32_t batch_norm_training_open(const cake_problem *problem, const cake_tensor *const *constants,
                                        const cake_host *host, void **ctx)
{
    const cake_batch_norm *p = problem->params;
    int64_t wanted = 4 * (int64_t)problem->threads;
    batch_norm_training *n = host->alloc(host, sizeof *n, 64);

    if (!n)
        return CAKE_NO_MEMORY;
    *n = (batch_norm_training){
        .host = host, .op = *p, .parts = 1, .scale = constants[0]->data, .shift = constants[1]->data};
    n->lanes = problem->layout == CAKE_NCHW ? 1 : VEC_LANES;
    n->units = (p->c + n->lanes - 1) / n->lanes;
    n->plane = p->h * p->w * n->lanes;
    n->slices = (n->plane + BATCH_NORM_SLICE - 1) / BATCH_NORM_SLICE;
    if (problem->threads > 1 && n->units < wanted) {
        n->parts = (wanted + n->units - 1) / n->units;
        n->parts = n->parts > p->n * n->slices ? p->n * n->slices : n->parts;
    }
    if (n->parts > 1) {
        n->partial = host->alloc(host, (uint64_t)(n->units * n->parts * n->lanes) * sizeof *n->partial, 64);
        if (!n->partial) {
            batch_norm_training_close(n);
            return CAKE_NO_MEMORY;
        }
    }
    *ctx = n;
    return CAKE_DONE;
}

static int64_t batch_norm_training_phases(const void *ctx)
{
    const batch_norm_training *n = ctx;

    return n->parts > 1 ? 2 : 1;
}

static int64_t batch_norm_training_items(const void *ctx, int64_t phase)
{
    const batch_norm_training *n = ctx;

    (void)phase;
    return n->units * n->parts;
}

/* Where slice `slice` of a unit (over all images) begins in x and y, and its floats. */
static int64_t batch_norm_slice(const batch_norm_training *n, int64_t unit, int64_t slice, int64_t *count)
{
    int64_t image = slice / n->slices, first = slice % n->slices * BATCH_NORM_SLICE;

    *count = n->plane - first < BATCH_NORM_SLICE ? n->plane - first : BATCH_NORM_SLICE;
    return (image * n->units + unit) * n->plane + first;
}

/* The moments of each lane over slices begin .. end-1 of a unit. */
static void batch_norm_moments(const batch_norm_training *n, const float *x, int64_t unit, int64_t begin, int64_t end,
                               moments *m)
{
    lane_moments lanes = {.count = 0};
    int64_t count, at;

    m[0] = (moments){0, 0, 0};
    for (int64_t slice = begin; slice < end; slice++) {
        at = batch_norm_slice(n, unit, slice, &count);
        if (n->lanes == 1)
            m[0] = moments_join(m[0], moments_of_chunk(x + at, count));
        else
            lane_moments_add_run(&lanes, x + at, count / VEC_LANES);
    }
    for (int i = 0; n->lanes > 1 && i < n->lanes; i++)
        m[i] = (moments){(double)lanes.count, (double)lanes.mean[i], (double)lanes.m2[i]};
}

/* The statistics that the op gives back. */
static void batch_norm_update(const batch_norm_training *n, const moments *m, int64_t unit,
                              const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    for (int i = 0; i < n->lanes && unit * n->lanes + i < n->op.c; i++) {
        int64_t c = unit * n->lanes + i;
        double mean = (double)((const float *)inputs[1]->data)[c], var = (double)((const float *)inputs[2]->data)[c];
        double keep = n->op.momentum;
        ((float *)outputs[1]->data)[c] = (float)(keep * mean + (1 - keep) * m[i].mean);
        ((float *)outputs[2]->data)[c] = (float)(keep * var + (1 - keep) * (m[i].m2 / m[i].count));
    }
}

static void batch_norm_write(const batch_norm_training *n, const moments *m, const float *x, float *y, int64_t unit,
                             int64_t begin, int64_t end)
{
    float scale[VEC_LANES] = {0}, shift[VEC_LANES] = {0};
    vec a, b;

    for (int i = 0; i < n->lanes && unit * n->lanes + i < n->op.c; i++) {
        int64_t c = unit * n->lanes + i;
        double s = (double)n->scale[c] / sqrt(m[i].m2 / m[i].count + n->op.eps);
        scale[i] = (float)s;
        shift[i] = (float)((double)n->shift[c] - m[i].mean * s);
    }
    a = n->lanes == 1 ? vec_set1(scale[0]) : vec_load(scale);
    b = n->lanes == 1 ? vec_set1(shift[0]) : vec_load(shift);
    /* The last slice first, which the moments have left nearest. */
    for (int64_t slice = end - 1; slice >= begin; slice--) {
        int64_t count, at = batch_norm_slice(n, unit, slice, &count);
        scale_run(0, x + at, y + at, a, b, count);
    }
}

static void batch_norm_training_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                                     int64_t phase, int64_t begin, int64_t end, int thread)
{
    const batch_norm_training *n = ctx;
    int64_t all = n->op.n * n->slices;

    (void)thread;
    for (int64_t item = begin; item < end; item++) {
        int64_t unit = item / n->parts, part = item % n->parts;
        int64_t first = part * all / n->parts, last = (part + 1) * all / n->parts;
        moments m[VEC_LANES] = {{0, 0, 0}};
        if (n->parts == 1) {
            batch_norm_moments(n, inputs[0]->data, unit, 0, all, m);
        } else if (phase == 0) {
            batch_norm_moments(n, inputs[0]->data, unit, first, last, n->partial + item * n->lanes);
            continue;
        } else {
            for (int64_t i = 0; i < n->parts; i++)
                for (int lane = 0; lane < n->lanes; lane++)
                    m[lane] = moments_join(m[lane], n->partial[(unit * n->parts + i) * n->lanes + lane]);
        }
        if (part == 0)
            batch_norm_update(n, m, unit, inputs, outputs);
        batch_norm_write(n, m, inputs[0]->data, outputs[0]->data, unit, first, last);
    }
}
