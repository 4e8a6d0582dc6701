/* Norms of rows: a row at a time, or four side by side where four fit into L1 and all into L2 (from L3 one stream is
 * faster than four: 1,920 rows of 512 took 157 us one by one, 295 side by side).
 *
 * Floor: x read once and y written once, from the level that holds them. A row is read again (layer_norm twice: mean,
 * deviations, result; rms_norm once) while it is in L1; four rows side by side let the sums of one hide the latency
 * of the others', and load scale and shift once for all. Longer rows go through moments.inc.h: one pass for the
 * moments, one for the result. Deviations are taken from the mean, never E[x^2] - E[x]^2.
 *
 * Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_NORM_ROWS_INC_H
#define LAYERCAKE_PLUGINS_COMMON_NORM_ROWS_INC_H

#include <math.h>

#include "common/kernels/moments.inc.h"
#include "common/vec/unroll.h"

enum {
    ROW_NORM_ROWS = 4,   /* rows side by side */
    ROW_NORM_SHORT = 768 /* floats of a row at most, so that x and y of that many stay in L1 */
};

typedef struct row_norm {
    int64_t rows, hidden;
    double eps;
    const float *scale, *shift; /* or NULL */
    int rms;
    int side;   /* rows go side by side */
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

/* y of `rows` rows from their means and reciprocal deviations. */
VEC_INLINE void row_norm_write(int rows, int how, const row_norm *n, const float *restrict x, float *restrict y,
                               const vec *mean, const vec *rstd)
{
    int64_t whole = n->hidden - n->hidden % VEC_LANES;
    vec scale = vec_zero(), shift = vec_zero();
    vmask tail;

    for (int64_t i = 0; i < whole; i += VEC_LANES) {
        if (how & ROW_AFFINE) {
            scale = vec_load(n->scale + i);
            shift = how & ROW_RMS ? shift : vec_load(n->shift + i);
        }
        VEC_UNROLL
        for (int r = 0; r < rows; r++) {
            int64_t at = r * n->hidden + i;
            vec v = row_norm_one(how, vec_load(x + at), mean[r], rstd[r], scale, shift);
            if (n->stream)
                vec_stream(y + at, v);
            else
                vec_store(y + at, v);
        }
    }
    if (whole == n->hidden)
        return;
    tail = vec_mask((int)(n->hidden - whole));
    if (how & ROW_AFFINE) {
        scale = vec_load_mask(n->scale + whole, tail);
        shift = how & ROW_RMS ? shift : vec_load_mask(n->shift + whole, tail);
    }
    VEC_UNROLL
    for (int r = 0; r < rows; r++) {
        int64_t at = r * n->hidden + whole;
        vec_store_mask(y + at, row_norm_one(how, vec_load_mask(x + at, tail), mean[r], rstd[r], scale, shift), tail);
    }
}

/* Per row: the sum of x (about == NULL), or of (x - about)^2. */
VEC_INLINE void row_norm_sums(int rows, const row_norm *n, const float *x, const vec *about, float *sums)
{
    enum { SETS = 2 };
    int64_t whole = n->hidden - n->hidden % VEC_LANES, i = 0;
    vmask tail = vec_mask((int)(n->hidden - whole));
    vec sum[ROW_NORM_ROWS][SETS];

    VEC_UNROLL
    for (int r = 0; r < rows; r++)
        sum[r][0] = sum[r][1] = vec_zero();
    for (; i + SETS * VEC_LANES <= whole; i += SETS * VEC_LANES) {
        VEC_UNROLL
        for (int r = 0; r < rows; r++) {
            VEC_UNROLL
            for (int k = 0; k < SETS; k++) {
                vec v = vec_load(x + r * n->hidden + i + k * VEC_LANES);
                vec d = about ? vec_sub(v, about[r]) : v;
                sum[r][k] = about ? vec_fma(d, d, sum[r][k]) : vec_add(sum[r][k], v);
            }
        }
    }
    VEC_UNROLL
    for (int r = 0; r < rows; r++) {
        if (i < whole) {
            vec v = vec_load(x + r * n->hidden + i), d = about ? vec_sub(v, about[r]) : v;
            sum[r][0] = about ? vec_fma(d, d, sum[r][0]) : vec_add(sum[r][0], v);
        }
        if (whole < n->hidden) {
            vec v = vec_load_mask(x + r * n->hidden + whole, tail);
            vec d = about ? vec_select(tail, vec_sub(v, about[r]), vec_zero()) : v;
            sum[r][1] = about ? vec_fma(d, d, sum[r][1]) : vec_add(sum[r][1], v);
        }
        sums[r] = vec_sum(vec_add(sum[r][0], sum[r][1]));
    }
}

VEC_INLINE void row_norm_short(int rows, int how, const row_norm *n, const float *x, float *y)
{
    vec mean[ROW_NORM_ROWS], rstd[ROW_NORM_ROWS];
    float sums[ROW_NORM_ROWS];

    VEC_UNROLL
    for (int r = 0; r < rows; r++)
        mean[r] = vec_zero();
    if (!(how & ROW_RMS)) {
        row_norm_sums(rows, n, x, NULL, sums);
        VEC_UNROLL
        for (int r = 0; r < rows; r++)
            mean[r] = vec_set1(sums[r] / (float)n->hidden);
    }
    row_norm_sums(rows, n, x, mean, sums);
    VEC_UNROLL
    for (int r = 0; r < rows; r++)
        rstd[r] = vec_set1((float)(1 / sqrt((double)sums[r] / (double)n->hidden + n->eps)));
    row_norm_write(rows, how, n, x, y, mean, rstd);
}

VEC_INLINE void row_norm_long(int how, const row_norm *n, const float *x, float *y)
{
    vec mean = vec_zero(), rstd;
    double square;

    if (how & ROW_RMS) {
        double sum = 0;
        for (int64_t i = 0; i < n->hidden; i += MOMENTS_CHUNK) {
            int64_t left = n->hidden - i;
            row_norm part = {.hidden = left < MOMENTS_CHUNK ? left : MOMENTS_CHUNK};
            float chunk;
            row_norm_sums(1, &part, x + i, &mean, &chunk);
            sum += (double)chunk;
        }
        square = sum / (double)n->hidden;
    } else {
        moments m = moments_of_run(x, n->hidden);
        mean = vec_set1((float)m.mean);
        square = m.m2 / m.count;
    }
    rstd = vec_set1((float)(1 / sqrt(square + n->eps)));
    row_norm_write(1, how, n, x, y, &mean, &rstd);
}

VEC_INLINE void row_norm_rows(int how, const row_norm *n, const float *x, float *y, int64_t begin, int64_t end)
{
    for (; n->side && begin + ROW_NORM_ROWS <= end; begin += ROW_NORM_ROWS)
        row_norm_short(ROW_NORM_ROWS, how, n, x + begin * n->hidden, y + begin * n->hidden);
    for (; begin < end; begin++)
        row_norm_long(how, n, x + begin * n->hidden, y + begin * n->hidden);
    if (n->stream)
        vec_stream_fence();
}

/* Rows begin .. end-1 of x and y, which do not overlap. */
static void row_norm_run(const row_norm *n, const float *x, float *y, int64_t begin, int64_t end)
{
    switch ((n->rms ? ROW_RMS : 0) | (n->scale ? ROW_AFFINE : 0)) {
    case 0:
        row_norm_rows(0, n, x, y, begin, end);
        break;
    case ROW_RMS:
        row_norm_rows(ROW_RMS, n, x, y, begin, end);
        break;
    case ROW_AFFINE:
        row_norm_rows(ROW_AFFINE, n, x, y, begin, end);
        break;
    default:
        row_norm_rows(ROW_RMS | ROW_AFFINE, n, x, y, begin, end);
        break;
    }
}

#endif
