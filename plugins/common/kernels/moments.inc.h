/* Mean and sum of squared deviations of floats in one pass over them. Vectors are joined in pairs, pairs of them again, up
 * to MOMENTS_BLOCK vectors: with sums s1 and s2 of n floats each, lane by lane,
 *     s = s1 + s2,  m2 = m2_1 + m2_2 + (s1 - s2)^2 / (2 n)
 * The blocks' sums are kept, their mean taken, and what they deviate from it; and chunks of blocks are joined by the
 * formula of which this is the case of equal counts, of Chan, Golub and LeVeque ("Updating formulae and a pairwise
 * algorithm for computing sample variances", 1979):
 *     d = mean2 - mean1,  mean = mean1 + d n2 / (n1 + n2),  m2 = m2_1 + m2_2 + d^2 n1 n2 / (n1 + n2)
 * Sums are of differences from a float of the chunk itself, the pivot, so that a mean far from zero costs no digits; no
 * cancellation of large squares as in E[x^2] - E[x]^2.
 *
 * Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_MOMENTS_INC_H
#define LAYERCAKE_PLUGINS_COMMON_MOMENTS_INC_H

#include <math.h>
#include <stdint.h>

#include "common/vec/unroll.h"
#include "common/vec/vec_tail.h"

enum { MOMENTS_CHUNK = 4096 /* floats */, MOMENTS_BLOCK = 8 /* vectors */, MOMENTS_STEP = MOMENTS_BLOCK * VEC_LANES };

/* A float as large as this is no pivot: what is twice as large, or infinite, would spoil the sums. */
#define MOMENTS_MOST_PIVOT 1e30F

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

/* The squares of the differences of lanes' sums of 1, 2 and 4 vectors. */
typedef struct moments_squares {
    vec ones[2], twos, fours;
} moments_squares;

/* The sum of MOMENTS_BLOCK vectors less that of as many pivots, lane by lane, and the squares of their differences added to
 * `squares`. A pair's is a - 2 pivot + b: exact where a and b are near the pivot. */
VEC_INLINE vec moments_of_block(const float *x, vec pivots, moments_squares *squares)
{
    vec sum[4], d;

    VEC_UNROLL
    for (int k = 0; k < 4; k++) {
        vec a = vec_load(x + 2 * k * VEC_LANES), b = vec_keep(vec_load(x + (2 * k + 1) * VEC_LANES));
        sum[k] = vec_add(vec_sub(a, pivots), b);
        d = vec_sub(a, b);
        squares->ones[k % 2] = vec_fma(d, d, squares->ones[k % 2]);
    }
    VEC_UNROLL
    for (int k = 0; k < 4; k += 2) {
        d = vec_sub(sum[k], sum[k + 1]);
        sum[k] = vec_add(sum[k], sum[k + 1]);
        squares->twos = vec_fma(d, d, squares->twos);
    }
    d = vec_sub(sum[0], sum[2]);
    squares->fours = vec_fma(d, d, squares->fours);
    return vec_add(sum[0], sum[2]);
}

/* m2 of each block's lanes, added up. */
VEC_INLINE vec moments_within_blocks(const moments_squares *squares)
{
    vec half = vec_set1(0.5F), m2 = vec_fma(squares->fours, half, squares->twos);

    return vec_mul(half, vec_fma(m2, half, vec_add(squares->ones[0], squares->ones[1])));
}

/* What `left` floats, of a vector at most, are from pivot + about; 0 beyond. */
VEC_INLINE vec moments_left(const float *x, vec pivot, vec about, int64_t left)
{
    vec d = vec_sub(vec_sub(vec_load_left(x, left), pivot), about);

    return vec_select(vec_mask_left(left), d, vec_zero());
}

/* Of `count` floats, 1 .. MOMENTS_CHUNK. */
static inline moments moments_of_chunk(const float *x, int64_t count)
{
    moments_squares squares = {{vec_zero(), vec_zero()}, vec_zero(), vec_zero()};
    float sums[MOMENTS_CHUNK / MOMENTS_BLOCK], mean;
    const float first = fabsf(x[0]) < MOMENTS_MOST_PIVOT ? x[0] : 0;
    const vec pivot = vec_set1(first), pivots = vec_add(pivot, pivot);
    vec sum = vec_zero(), m2 = vec_zero(), about, d;
    int64_t whole = count - count % MOMENTS_STEP, i;

    for (i = 0; i < whole; i += MOMENTS_STEP) {
        vec s = moments_of_block(x + i, pivots, &squares);
        vec_store(sums + i / MOMENTS_BLOCK, s);
        sum = vec_add(sum, s);
    }
    for (; i < count; i += VEC_LANES)
        sum = vec_add(sum, moments_left(x + i, pivot, vec_zero(), count - i));
    mean = vec_sum(sum) / (float)count;
    about = vec_set1(mean * MOMENTS_BLOCK);
    for (i = 0; i < whole / MOMENTS_BLOCK; i += VEC_LANES) {
        d = vec_sub(vec_load(sums + i), about);
        m2 = vec_fma(d, d, m2);
    }
    m2 = vec_fma(m2, vec_set1(1.0F / MOMENTS_BLOCK), moments_within_blocks(&squares));
    about = vec_set1(mean);
    for (i = whole; i < count; i += VEC_LANES) {
        d = moments_left(x + i, pivot, about, count - i);
        m2 = vec_fma(d, d, m2);
    }
    return (moments){(double)count, (double)first + (double)mean, (double)vec_sum(m2)};
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
    enum { CHUNK = MOMENTS_CHUNK / VEC_LANES };
    const vec of_block = vec_set1(1.0F / MOMENTS_BLOCK);

    while (count > 0) {
        int64_t n = count < CHUNK ? count : CHUNK, whole = n - n % MOMENTS_BLOCK, i;
        moments_squares squares = {{vec_zero(), vec_zero()}, vec_zero(), vec_zero()};
        float sums[MOMENTS_CHUNK / MOMENTS_BLOCK];
        vec first = vec_load(x), most = vec_set1(MOMENTS_MOST_PIVOT);
        vec pivot = vec_select(vec_lt(vec_abs(first), most), first, vec_zero()), pivots = vec_add(pivot, pivot);
        vec sum = vec_zero(), m2 = vec_zero(), mean, d;
        for (i = 0; i < whole; i += MOMENTS_BLOCK) {
            vec s = moments_of_block(x + i * VEC_LANES, pivots, &squares);
            vec_store(sums + i / MOMENTS_BLOCK * VEC_LANES, s);
            sum = vec_add(sum, s);
        }
        for (; i < n; i++)
            sum = vec_add(sum, vec_sub(vec_load(x + i * VEC_LANES), pivot));
        mean = vec_mul(sum, vec_set1(1.0F / (float)n));
        for (i = 0; i < whole / MOMENTS_BLOCK; i++) {
            d = vec_fms(vec_load(sums + i * VEC_LANES), of_block, mean);
            m2 = vec_fma(d, d, m2);
        }
        m2 = vec_fma(m2, vec_set1(MOMENTS_BLOCK), moments_within_blocks(&squares));
        for (i = whole; i < n; i++) {
            d = vec_sub(vec_sub(vec_load(x + i * VEC_LANES), pivot), mean);
            m2 = vec_fma(d, d, m2);
        }
        lane_moments_join(all, (float)n, vec_add(pivot, mean), m2);
        x += n * VEC_LANES;
        count -= n;
    }
}

#endif
