/* softmax along an axis: y = exp(x - m) / sum, or x - m - log(sum), m the largest. One phase. With inner = 1 an item
 * is a block of rows: maximum, exp and sum, scaling, each over the row that the first of them brought into L1. Else
 * lanes are along inner, an item is a block of (outer, vector of inner), and the axis is walked three times.
 *
 * Floor: x read once and y written once while a row stays in L2; exp is about 12 instructions a vector. */
#include <math.h>

#include "common/kernels/kernels.h"
#include "common/kernels/rows.h"
#include "common/vec/unroll.h"
#include "common/vec/vec_math.h"
#include "common/vec/vec_tail.h"

enum { SOFTMAX_ITEM = 16384 }; /* floats of an item, about */

typedef struct softmax {
    const cake_host *host;
    cake_softmax op;
    int64_t rows, block; /* rows, or vectors of inner of all outer; of an item */
    int64_t vectors;     /* of inner */
} softmax;

static int32_t softmax_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                            void **ctx)
{
    const cake_softmax *p = problem->params;
    softmax *s = host->alloc(host, sizeof *s, 64);

    (void)constants;
    if (!s)
        return CAKE_NO_MEMORY;
    *s = (softmax){.host = host, .op = *p, .vectors = (p->inner + VEC_LANES - 1) / VEC_LANES};
    s->rows = p->inner == 1 ? p->outer : p->outer * s->vectors;
    s->block =
        rows_of_item(s->rows, p->inner == 1 ? p->axis : p->axis * VEC_LANES, SOFTMAX_ITEM, 1, problem->threads);
    *ctx = s;
    return CAKE_DONE;
}

static int64_t softmax_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t softmax_items(const void *ctx, int64_t phase)
{
    const softmax *s = ctx;

    (void)phase;
    return rows_items(s->rows, s->block);
}

static void softmax_close(void *ctx)
{
    softmax *s = ctx;

    s->host->free(s->host, s);
}

static float softmax_largest(const float *x, int64_t count)
{
    vec low = vec_set1(-INFINITY), top[4] = {low, low, low, low};
    int64_t i = 0;

    for (; i + 4 * VEC_LANES <= count; i += 4 * VEC_LANES) {
        VEC_UNROLL
        for (int k = 0; k < 4; k++)
            top[k] = vec_max(top[k], vec_load(x + i + k * VEC_LANES));
    }
    for (; i < count; i += VEC_LANES) {
        vmask m = vec_mask(count - i < VEC_LANES ? (int)(count - i) : VEC_LANES);
        top[0] = vec_max(top[0], vec_select(m, vec_load_mask(x + i, m), low));
    }
    return vec_hmax(vec_max(vec_max(top[0], top[1]), vec_max(top[2], top[3])));
}

/* Sum of exp(x - largest); the terms into y unless it is NULL. */
static float softmax_terms(const float *x, float largest, int64_t count, float *y)
{
    vec m = vec_set1(largest), sum[2] = {vec_zero(), vec_zero()};
    int64_t i = 0;

    for (; i + 2 * VEC_LANES <= count; i += 2 * VEC_LANES) {
        VEC_UNROLL
        for (int k = 0; k < 2; k++) {
            vec e = vec_exp_neg(vec_sub(vec_load(x + i + k * VEC_LANES), m));
            sum[k] = vec_add(sum[k], e);
            if (y)
                vec_store(y + i + k * VEC_LANES, e);
        }
    }
    for (; i < count; i += VEC_LANES) {
        vmask part = vec_mask(count - i < VEC_LANES ? (int)(count - i) : VEC_LANES);
        vec e = vec_select(part, vec_exp_neg(vec_sub(vec_load_mask(x + i, part), m)), vec_zero());
        sum[0] = vec_add(sum[0], e);
        if (y)
            vec_store_mask(y + i, e, part);
    }
    return vec_sum(vec_add(sum[0], sum[1]));
}

static void softmax_scale(float *y, float factor, int64_t count)
{
    vec f = vec_set1(factor);

    for (int64_t i = 0; i < count; i += VEC_LANES)
        vec_store_left(y + i, vec_mul(vec_load_left(y + i, count - i), f), count - i);
}

static void softmax_row(const softmax *s, const float *x, float *y)
{
    float largest = softmax_largest(x, s->op.axis);

    if (s->op.log) {
        float sum = softmax_terms(x, largest, s->op.axis, NULL);
        double log_sum = log((double)sum);
        vec a = vec_set1(largest), b = vec_set1((float)log_sum);
        for (int64_t i = 0; i < s->op.axis; i += VEC_LANES) {
            int64_t left = s->op.axis - i;
            vec_store_left(y + i, vec_sub(vec_sub(vec_load_left(x + i, left), a), b), left);
        }
    } else {
        float sum = softmax_terms(x, largest, s->op.axis, y);
        softmax_scale(y, 1 / sum, s->op.axis);
    }
}

/* One vector of inner: x and y at its first lane, `stride` floats along the axis. */
static void softmax_lanes(const softmax *s, const float *x, float *y, int64_t left)
{
    int64_t stride = s->op.inner, end = s->op.axis * stride;
    vec largest = vec_set1(-INFINITY), sum = vec_zero();

    for (int64_t i = 0; i < end; i += stride)
        largest = vec_max(largest, vec_load_left(x + i, left));
    for (int64_t i = 0; i < end; i += stride) {
        vec e = vec_exp_neg(vec_sub(vec_load_left(x + i, left), largest));
        sum = vec_add(sum, e);
        if (!s->op.log)
            vec_store_left(y + i, e, left);
    }
    if (s->op.log) {
        float sums[VEC_LANES];
        vec_store(sums, sum);
        for (int lane = 0; lane < VEC_LANES; lane++)
            sums[lane] = (float)log((double)sums[lane]);
        sum = vec_load(sums);
        for (int64_t i = 0; i < end; i += stride)
            vec_store_left(y + i, vec_sub(vec_sub(vec_load_left(x + i, left), largest), sum), left);
    } else {
        vec factor = vec_div(vec_set1(1.0F), sum);
        for (int64_t i = 0; i < end; i += stride)
            vec_store_left(y + i, vec_mul(vec_load_left(y + i, left), factor), left);
    }
}

static void softmax_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                         int64_t phase, int64_t begin, int64_t end, int thread)
{
    const softmax *s = ctx;
    const float *x = inputs[0]->data;
    float *y = outputs[0]->data;

    (void)phase;
    (void)thread;
    begin *= s->block;
    end = end * s->block < s->rows ? end * s->block : s->rows;
    for (int64_t row = begin; row < end; row++) {
        if (s->op.inner == 1) {
            softmax_row(s, x + row * s->op.axis, y + row * s->op.axis);
        } else {
            int64_t lane = row % s->vectors * VEC_LANES, left = s->op.inner - lane;
            int64_t at = row / s->vectors * s->op.axis * s->op.inner + lane;
            softmax_lanes(s, x + at, y + at, left);
        }
    }
}
