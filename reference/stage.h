/* Stages of composed ops: rows of values, each with the bound of the error that a correct kernel may have made so far
 * (carry.h). What each stage computes is said by the op of that name; its own rounding is derived in stage.c. */
#ifndef LAYERCAKE_REFERENCE_STAGE_H
#define LAYERCAKE_REFERENCE_STAGE_H

#include "reference/carry.h"

typedef struct cake_stage {
    int64_t rows, cols;
    double *value, *bound; /* [rows][cols], one piece of memory */
} cake_stage;

/* Zeros; a copy of exact values. cake_stage_end frees. */
cake_stage cake_stage_begin(int64_t rows, int64_t cols);
cake_stage cake_stage_of(const double *values, int64_t rows, int64_t cols);
void cake_stage_end(cake_stage *stage);

/* A part of another stage: its rows from `row` on. Not to be freed. */
cake_stage cake_stage_rows(const cake_stage *stage, int64_t row, int64_t rows);

/* x wT + b with w [out][x.cols], b [out] or NULL; into a new stage. */
cake_stage cake_stage_linear(const cake_stage *x, const double *w, const double *bias, int64_t out, double u);

/* Layer norm (shift and centring) or RMS norm, if shift is NULL; into a new stage. */
cake_stage cake_stage_norm(const cake_stage *x, const double *scale, const double *shift, double eps, double u);

/* x += y. */
void cake_stage_add(cake_stage *x, const cake_stage *y, double u);

/* Each element by an activation function. */
void cake_stage_activate(cake_stage *x, int32_t kind, double u);

/* silu(gate) up, where each row of x is gate and up, side by side; into a new stage. */
cake_stage cake_stage_swiglu(const cake_stage *x, double u);

/* Rotary embedding of `dim` elements of a row, from column `begin` on, at a position. */
void cake_stage_rotate(cake_stage *x, int64_t row, int64_t begin, int64_t dim, int32_t style, int64_t position,
                       double base, double u);

/* One query q [dim], with bounds eq, against keys k [n] rows `stride` apart with bounds ek: weights [n] and their
 * relative errors, ready for cake_carry_mean. */
void cake_stage_weigh(const double *q, const double *eq, const double *k, const double *ek, int64_t n, int64_t stride,
                      int64_t dim, double scale, double u, double *weight, double *relative);

#endif
