/* The transforms of Winograd's minimal filtering F(m x m, 3 x 3), m = 2 and 4, on vectors of channels.
 *
 * An output tile of m x m is AT [(G g GT) o (BT d B)] A, d the tile of (m + 2) x (m + 2) inputs, g the filter
 * (Winograd 1980; Lavin and Gray, CVPR 2016). Interpolation points 0 1 -1 inf, and 0 1 -1 2 -2 inf. */
#ifndef LAYERCAKE_PLUGINS_COMMON_WINOGRAD_TRANSFORM_INC_H
#define LAYERCAKE_PLUGINS_COMMON_WINOGRAD_TRANSFORM_INC_H

#include <stdint.h>

#include "common/vec/unroll.h"

enum { WINOGRAD_EDGE = 6, WINOGRAD_POINTS = WINOGRAD_EDGE * WINOGRAD_EDGE }; /* of the larger one */

/* r = BT d of one column or row. */
VEC_INLINE void winograd_data(int m, const vec *d, vec *r)
{
    if (m == 2) {
        r[0] = vec_sub(d[0], d[2]);
        r[1] = vec_add(d[1], d[2]);
        r[2] = vec_sub(d[2], d[1]);
        r[3] = vec_sub(d[1], d[3]);
    } else {
        vec four = vec_set1(4), two = vec_set1(2), five = vec_set1(5);
        vec a = vec_fnma(four, d[2], d[4]), b = vec_fnma(four, d[1], d[3]); /* d4 - 4 d2, d3 - 4 d1 */
        vec c = vec_sub(d[4], d[2]), e = vec_mul(two, vec_sub(d[3], d[1]));
        r[0] = vec_fma(four, d[0], vec_fnma(five, d[2], d[4]));
        r[1] = vec_add(a, b);
        r[2] = vec_sub(a, b);
        r[3] = vec_add(c, e);
        r[4] = vec_sub(c, e);
        r[5] = vec_fma(four, d[1], vec_fnma(five, d[3], d[5]));
    }
}

/* r = AT p of one column or row. */
VEC_INLINE void winograd_output(int m, const vec *p, vec *r)
{
    if (m == 2) {
        vec a = vec_add(p[1], p[2]), b = vec_sub(p[1], p[2]);
        r[0] = vec_add(p[0], a);
        r[1] = vec_sub(b, p[3]);
    } else {
        vec two = vec_set1(2), four = vec_set1(4), eight = vec_set1(8);
        vec a = vec_add(p[1], p[2]), b = vec_sub(p[1], p[2]), c = vec_add(p[3], p[4]), e = vec_sub(p[3], p[4]);
        r[0] = vec_add(vec_add(p[0], a), c);
        r[1] = vec_fma(two, e, b);
        r[2] = vec_fma(four, c, a);
        r[3] = vec_fma(eight, e, vec_add(b, p[5]));
    }
}

/* at + step. The compiler shall not make all points' addresses beforehand: there are more than registers. */
static inline int64_t winograd_next(int64_t at, int64_t step)
{
    at += step;
    __asm__("" : "+r"(at));
    return at;
}

/* Transform a tile of inputs, whose rows lie at line[0 .. m+1], pixels as vectors side by side; point i goes to
 * v + i * step. Fetches the pixels of the tile after the next one in the row. */
VEC_INLINE void winograd_tile_in(int m, const float *const *line, float *v, int64_t step)
{
    const int n = m + 2;
    int64_t at = 0;
    vec half[WINOGRAD_POINTS];

    VEC_UNROLL
    for (int j = 0; j < n; j++) { /* columns */
        vec column[WINOGRAD_EDGE], r[WINOGRAD_EDGE];
        VEC_UNROLL
        for (int i = 0; i < n; i++) {
            column[i] = vec_load(line[i] + j * VEC_LANES);
            if (j < m)
                __builtin_prefetch(line[i] + (j + 2 + 2 * m) * VEC_LANES);
        }
        winograd_data(m, column, r);
        VEC_UNROLL
        for (int i = 0; i < n; i++)
            half[i * n + j] = r[i];
    }
    VEC_UNROLL
    for (int i = 0; i < n; i++) {
        vec r[WINOGRAD_EDGE];
        winograd_data(m, half + i * n, r);
        VEC_UNROLL
        for (int j = 0; j < n; j++, at = winograd_next(at, step))
            vec_store(v + at, r[j]);
    }
}

/* Transform the products of a tile, point i at p + i * step, to its m x m outputs, and add the bias. */
VEC_INLINE void winograd_tile_out(int m, const float *p, int64_t step, vec bias, float *y, int64_t row)
{
    const int n = m + 2;
    int64_t at = 0;
    vec half[WINOGRAD_POINTS];

    VEC_UNROLL
    for (int i = 0; i < n; i++) { /* rows, as the points lie */
        vec r[WINOGRAD_EDGE];
        VEC_UNROLL
        for (int j = 0; j < n; j++, at = winograd_next(at, step))
            r[j] = vec_load(p + at);
        winograd_output(m, r, half + i * m);
    }
    VEC_UNROLL
    for (int j = 0; j < m; j++) {
        vec column[WINOGRAD_EDGE], r[WINOGRAD_EDGE];
        VEC_UNROLL
        for (int i = 0; i < n; i++)
            column[i] = half[i * m + j];
        winograd_output(m, column, r);
        VEC_UNROLL
        for (int i = 0; i < m; i++)
            vec_store(y + i * row + j * VEC_LANES, vec_add(r[i], bias));
    }
}

/* u = G g GT of one filter, in double: rounded once. */
static void winograd_filter(int m, const float *g, double *u)
{
    static const double g2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
    static const double g4[6][3] = {{1. / 4, 0, 0},
                                    {-1. / 6, -1. / 6, -1. / 6},
                                    {-1. / 6, 1. / 6, -1. / 6},
                                    {1. / 24, 1. / 12, 1. / 6},
                                    {1. / 24, -1. / 12, 1. / 6},
                                    {0, 0, 1}};
    const double(*t)[3] = m == 2 ? g2 : g4;
    int n = m + 2;
    double half[WINOGRAD_EDGE][3];

    for (int i = 0; i < n; i++)
        for (int s = 0; s < 3; s++)
            half[i][s] = t[i][0] * g[s] + t[i][1] * g[3 + s] + t[i][2] * g[6 + s];
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            u[i * n + j] = half[i][0] * t[j][0] + half[i][1] * t[j][1] + half[i][2] * t[j][2];
}

#endif
