/* Norms of rows.
 *
 * Floor: x read once and y written once, from the level that holds them. A row is read again (layer_norm twice: mean,
 * deviations, result; rms_norm once) while it is in L1. Rows that fit there three at a time go in stages: while one is
 * written the next one's squares and the sum of the one after are taken, so that reading overlaps writing and no sum
 * is waited for. Longer rows, and those that are written past the caches, go through moments.inc.h: one pass for the
 * moments, one for the result. Deviations are taken from the mean, never E[x^2] - E[x]^2.
 *
 * Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_NORM_ROWS_INC_H
#define LAYERCAKE_PLUGINS_COMMON_NORM_ROWS_INC_H

#include <math.h>

#include "common/kernels/moments.inc.h"
#include "common/vec/unroll.h"
#include "common/vec/vec_tail.h"

enum { ROW_NORM_STAGED = 2048 }; /* floats of a row at most */

typedef struct row_norm {
    int64_t rows, hidden;
    double eps;
    const float *scale, *shift; /* or NULL */
    int rms;
    int stream; /* y is not read again from a cache: write it past them */
} row_norm;

/* Which of the row's steps there are; constants where used, so that each combination is its own loop. */
enum { ROW_RMS = 1, ROW_AFFINE = 2 };

VEC_INLINE vec row_norm_one(int how, vec x, vec mean, vec rstd, vec scale, vec shift)
{
    x = vec_mul(how & ROW_RMS ? x : vec_sub(x, mean), rstd);
    if (how & ROW_AFFINE)
        x = how & ROW_RMS ? vec_mul(x, scale) : vec_fma(x, scale, shift);
    return x;
}

/* One vector of y. */
VEC_INLINE void row_norm_put(int how, const row_norm *n, const float *x, float *y, vec mean, vec rstd, int64_t i,
                             int64_t left)
{
    vec scale = how & ROW_AFFINE ? vec_load_left(n->scale + i, left) : vec_zero();
    vec shift = how & ROW_AFFINE && !(how & ROW_RMS) ? vec_load_left(n->shift + i, left) : vec_zero();
    vec v = row_norm_one(how, vec_load_left(x + i, left), mean, rstd, scale, shift);

    if (!n->stream) {
        vec_store_left(y + i, v, left);
        return;
    }
    __builtin_prefetch(x + i + n->hidden); /* the next row, from memory */
    vec_stream(y + i, v);
}

/* y of a row from its mean and reciprocal deviation. */
VEC_INLINE void row_norm_write(int how, const row_norm *n, const float *restrict x, float *restrict y, vec mean,
                               vec rstd)
{
    int64_t i = 0;

    for (; i + VEC_LANES <= n->hidden; i += VEC_LANES)
        row_norm_put(how, n, x, y, mean, rstd, i, VEC_LANES);
    if (i < n->hidden)
        row_norm_put(how, n, x, y, mean, rstd, i, n->hidden - i);
}

/* The sum of `count` floats (about == NULL), or of their (x - about)^2. As many floats of `soon`, if there is such, come
 * into L1 meanwhile. */
VEC_INLINE float row_norm_sum(const float *x, int64_t count, const vec *about, const float *soon)
{
    enum { SETS = 4 };
    vec sum[SETS] = {vec_zero(), vec_zero(), vec_zero(), vec_zero()};
    int64_t i = 0;

    for (; i + SETS * VEC_LANES <= count; i += SETS * VEC_LANES) {
        VEC_UNROLL
        for (int k = 0; k < SETS; k++) {
            vec v = vec_load(x + i + k * VEC_LANES), d = about ? vec_sub(v, *about) : v;
            sum[k] = about ? vec_fma(d, d, sum[k]) : vec_add(sum[k], v);
            if (soon)
                __builtin_prefetch(soon + i + k * VEC_LANES);
        }
    }
    for (; i < count; i += VEC_LANES) {
        vec v = vec_load_left(x + i, count - i), d = about ? vec_sub(v, *about) : v;
        d = vec_select(vec_mask_left(count - i), d, vec_zero());
        sum[0] = about ? vec_fma(d, d, sum[0]) : vec_add(sum[0], d);
    }
    return vec_sum(vec_add(vec_add(sum[0], sum[1]), vec_add(sum[2], sum[3])));
}

VEC_INLINE void row_norm_long(int how, const row_norm *n, const float *x, float *y)
{
    vec mean = vec_zero();
    double square;

    if (how & ROW_RMS) {
        double sum = 0;
        for (int64_t i = 0; i < n->hidden; i += MOMENTS_CHUNK) {
            int64_t left = n->hidden - i;
            sum += (double)row_norm_sum(x + i, left < MOMENTS_CHUNK ? left : MOMENTS_CHUNK, &mean,
                                        how & ROW_AFFINE ? n->scale + i : NULL);
        }
        square = sum / (double)n->hidden;
    } else {
        moments m = moments_of_run(x, n->hidden);
        mean = vec_set1((float)m.mean);
        square = m.m2 / m.count;
    }
    row_norm_write(how, n, x, y, mean, vec_set1((float)(1 / sqrt(square + n->eps))));
}

/* One vector of three neighbouring rows, each a stage further: the sum of the last, the squares of the deviations of
 * the one before, the result of the first. Of rms_norm two: the squares of the last, the result of the first. */
typedef struct row_norm_stages {
    const float *sum, *square, *x;
    float *y;
    vec about, mean, rstd; /* of square; of x */
} row_norm_stages;

VEC_INLINE void row_norm_stage(int how, const row_norm *n, const row_norm_stages *s, int64_t i, int64_t left,
                               vec *sum, vec *square)
{
    vec a = vec_load_left(s->sum + i, left);

    if (how & ROW_RMS) {
        *sum = vec_fma(a, a, *sum);
    } else {
        vec d = vec_sub(vec_load_left(s->square + i, left), s->about);
        d = left < VEC_LANES ? vec_select(vec_mask((int)left), d, vec_zero()) : d;
        *sum = vec_add(*sum, a);
        *square = vec_fma(d, d, *square);
    }
    row_norm_put(how, n, s->x, s->y, s->mean, s->rstd, i, left);
}

VEC_INLINE void row_norm_row(int how, const row_norm *n, const row_norm_stages *s, float *sum, float *square)
{
    int64_t i = 0;
    vec sums[2] = {vec_zero(), vec_zero()}, squares[2] = {vec_zero(), vec_zero()};

    for (; i + 2 * VEC_LANES <= n->hidden; i += 2 * VEC_LANES) {
        row_norm_stage(how, n, s, i, VEC_LANES, &sums[0], &squares[0]);
        row_norm_stage(how, n, s, i + VEC_LANES, VEC_LANES, &sums[1], &squares[1]);
    }
    for (; i < n->hidden; i += VEC_LANES)
        row_norm_stage(how, n, s, i, n->hidden - i, &sums[0], &squares[0]);
    *sum = vec_sum(vec_add(sums[0], sums[1]));
    *square = vec_sum(vec_add(squares[0], squares[1]));
}

VEC_INLINE vec row_norm_rstd(const row_norm *n, float square)
{
    return vec_set1((float)(1 / sqrt((double)square / (double)n->hidden + n->eps)));
}

/* Rows in stages: the reading of one overlaps the writing of another, and no sum is waited for at once. */
VEC_INLINE void row_norm_staged(int how, const row_norm *n, const float *x, float *y, int64_t begin, int64_t end)
{
    int64_t hidden = n->hidden, second = begin + 1 < end ? begin + 1 : begin;
    row_norm_stages s = {.mean = vec_zero(), .about = vec_zero()};
    float sum, square;

    if (!(how & ROW_RMS)) {
        s.mean = vec_set1(row_norm_sum(x + begin * hidden, hidden, NULL, NULL) / (float)hidden);
        s.about = vec_set1(row_norm_sum(x + second * hidden, hidden, NULL, NULL) / (float)hidden);
    }
    square = row_norm_sum(x + begin * hidden, hidden, &s.mean, NULL);
    s.rstd = row_norm_rstd(n, square);
    for (int64_t r = begin; r < end; r++) {
        int64_t next = r + 1 < end ? r + 1 : r, last = r + 2 < end ? r + 2 : end - 1;
        s.x = x + r * hidden;
        s.y = y + r * hidden;
        s.square = x + next * hidden;
        s.sum = how & ROW_RMS ? s.square : x + last * hidden;
        row_norm_row(how, n, &s, &sum, &square);
        s.rstd = row_norm_rstd(n, how & ROW_RMS ? sum : square);
        s.mean = s.about;
        s.about = how & ROW_RMS ? s.about : vec_set1(sum / (float)hidden);
    }
}

VEC_INLINE void row_norm_rows(int how, const row_norm *n, const float *x, float *y, int64_t begin, int64_t end)
{
    if (n->hidden <= ROW_NORM_STAGED && !n->stream && end - begin > 1) {
        row_norm_staged(how, n, x, y, begin, end);
        return;
    }
    for (; begin < end; begin++)
        row_norm_long(how, n, x + begin * n->hidden, y + begin * n->hidden);
    if (n->stream)
        vec_stream_fence();
}

/* Rows begin .. end-1 of x and y, which do not overlap. */
static void row_norm_run(const row_norm *n, const float *x, float *y, int64_t begin, int64_t end)
{
    const row_norm own = *n; /* whose members no store to y can change */

    switch ((n->rms ? ROW_RMS : 0) | (n->scale ? ROW_AFFINE : 0)) {
    case 0:
        row_norm_rows(0, &own, x, y, begin, end);
        break;
    case ROW_RMS:
        row_norm_rows(ROW_RMS, &own, x, y, begin, end);
        break;
    case ROW_AFFINE:
        row_norm_rows(ROW_AFFINE, &own, x, y, begin, end);
        break;
    default:
        row_norm_rows(ROW_RMS | ROW_AFFINE, &own, x, y, begin, end);
        break;
    }
}

#endif
