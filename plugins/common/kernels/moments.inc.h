/* Mean and sum of squared deviations of floats in one pass over memory: two passes over each chunk, which the
 * second one finds in L1, and the chunks' moments joined by the formula of Chan, Golub and LeVeque ("Updating
 * formulae and a pairwise algorithm for computing sample variances", 1979):
 *     d = mean2 - mean1,  mean = mean1 + d n2 / (n1 + n2),  m2 = m2_1 + m2_2 + d^2 n1 n2 / (n1 + n2)
 * No cancellation of large squares as in E[x^2] - E[x]^2.
 *
 * Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_MOMENTS_INC_H
#define LAYERCAKE_PLUGINS_COMMON_MOMENTS_INC_H

#include <stdint.h>

#include "common/vec/unroll.h"

enum { MOMENTS_CHUNK = 4096 }; /* floats: half of L1 */

typedef struct moments {
    double count, mean, m2; /* m2: sum of (x - mean)^2 */
} moments;

static inline moments moments_join(moments a, moments b)
{
    double count = a.count + b.count, d = b.mean - a.mean;

    if (a.count == 0 || b.count == 0)
        return a.count == 0 ? b : a;
    return (moments){count, a.mean + d * b.count / count, a.m2 + b.m2 + d * d * a.count * b.count / count};
}

/* Of `count` floats, 1 .. MOMENTS_CHUNK. */
static inline moments moments_of_chunk(const float *x, int64_t count)
{
    enum { SETS = 4 };
    vec sum[SETS] = {vec_zero(), vec_zero(), vec_zero(), vec_zero()}, d, mean;
    vmask tail = vec_mask((int)(count % VEC_LANES));
    int64_t whole = count - count % VEC_LANES, i;
    float mean1;

    for (i = 0; i + SETS * VEC_LANES <= whole; i += SETS * VEC_LANES) {
        VEC_UNROLL
        for (int k = 0; k < SETS; k++)
            sum[k] = vec_add(sum[k], vec_load(x + i + k * VEC_LANES));
    }
    for (; i < whole; i += VEC_LANES)
        sum[0] = vec_add(sum[0], vec_load(x + i));
    sum[1] = vec_add(sum[1], vec_load_mask(x + whole, tail));
    mean1 = vec_sum(vec_add(vec_add(sum[0], sum[1]), vec_add(sum[2], sum[3]))) / (float)count;
    mean = vec_set1(mean1);
    sum[0] = sum[1] = sum[2] = sum[3] = vec_zero();
    for (i = 0; i + SETS * VEC_LANES <= whole; i += SETS * VEC_LANES) {
        VEC_UNROLL
        for (int k = 0; k < SETS; k++) {
            d = vec_sub(vec_load(x + i + k * VEC_LANES), mean);
            sum[k] = vec_fma(d, d, sum[k]);
        }
    }
    for (; i < whole; i += VEC_LANES) {
        d = vec_sub(vec_load(x + i), mean);
        sum[0] = vec_fma(d, d, sum[0]);
    }
    d = vec_select(tail, vec_sub(vec_load_mask(x + whole, tail), mean), vec_zero());
    sum[1] = vec_fma(d, d, sum[1]);
    return (moments){(double)count, (double)mean1,
                     (double)vec_sum(vec_add(vec_add(sum[0], sum[1]), vec_add(sum[2], sum[3])))};
}

/* Of `count` floats. */
static inline moments moments_of_run(const float *x, int64_t count)
{
    moments all = {0, 0, 0};

    for (int64_t i = 0; i < count; i += MOMENTS_CHUNK)
        all = moments_join(all, moments_of_chunk(x + i, count - i < MOMENTS_CHUNK ? count - i : MOMENTS_CHUNK));
    return all;
}

/* The same for each lane of a vector: of blocked layouts, where a lane is a channel. */
typedef struct lane_moments {
    float count;
    float mean[VEC_LANES], m2[VEC_LANES];
} lane_moments;

static inline void lane_moments_join(lane_moments *a, float count, vec mean, vec m2)
{
    vec d = vec_sub(mean, vec_load(a->mean)), share = vec_set1(count / (a->count + count));

    vec_store(a->m2, vec_add(vec_add(vec_load(a->m2), m2),
                             vec_mul(vec_mul(d, d), vec_set1(a->count * count / (a->count + count)))));
    vec_store(a->mean, vec_fma(d, share, vec_load(a->mean)));
    a->count += count;
}

/* Join the moments of `count` vectors to `all`. */
static inline void lane_moments_add_run(lane_moments *all, const float *x, int64_t count)
{
    enum { SETS = 4, CHUNK = MOMENTS_CHUNK / VEC_LANES };

    while (count > 0) {
        int64_t n = count < CHUNK ? count : CHUNK, i;
        vec sum[SETS] = {vec_zero(), vec_zero(), vec_zero(), vec_zero()}, mean;
        for (i = 0; i + SETS <= n; i += SETS) {
            VEC_UNROLL
            for (int k = 0; k < SETS; k++)
                sum[k] = vec_add(sum[k], vec_load(x + (i + k) * VEC_LANES));
        }
        for (; i < n; i++)
            sum[0] = vec_add(sum[0], vec_load(x + i * VEC_LANES));
        mean = vec_mul(vec_add(vec_add(sum[0], sum[1]), vec_add(sum[2], sum[3])), vec_set1(1.0F / (float)n));
        sum[0] = sum[1] = sum[2] = sum[3] = vec_zero();
        for (i = 0; i + SETS <= n; i += SETS) {
            VEC_UNROLL
            for (int k = 0; k < SETS; k++) {
                vec d = vec_sub(vec_load(x + (i + k) * VEC_LANES), mean);
                sum[k] = vec_fma(d, d, sum[k]);
            }
        }
        for (; i < n; i++) {
            vec d = vec_sub(vec_load(x + i * VEC_LANES), mean);
            sum[0] = vec_fma(d, d, sum[0]);
        }
        lane_moments_join(all, (float)n, mean, vec_add(vec_add(sum[0], sum[1]), vec_add(sum[2], sum[3])));
        x += n * VEC_LANES;
        count -= n;
    }
}

#endif
